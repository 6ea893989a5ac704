//! Stretches of time: what is asked for, what has been asked for whole, and how a stretch with too many alerts is cut.
//!
//! Twilio's parameters know seconds and both ends are inclusive, so a start is rounded down, an end up, and two halves
//! share the second between them: what is fetched twice is stored once.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::Time;

/// How far back Twilio answers.
pub const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How far a walk of a follower reaches back behind what is complete: events may turn up later than they happened.
pub const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// How many alerts one walk gives at most.
pub const CAP: usize = 10_000;

const SECOND: i64 = 1000;

/// A stretch of time; without an end it goes up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Time,
    /// The last one.
    pub to: Option<Time>,
}

impl Window {
    /// Two halves, the older one first; none where a second is all there is. `now` closes an open end for this purpose only:
    /// the later half stays open.
    pub fn halves(self, now: Time) -> Option<(Self, Self)> {
        let (from, to) = (floor(self.from), ceil(self.to.unwrap_or(now)));
        if to.0 - from.0 <= SECOND {
            return None;
        }
        let middle = floor(Time(from.0 + (to.0 - from.0) / 2));
        let older = Self { from, to: Some(middle) };
        Some((older, Self { from: middle, ..self }))
    }

    /// Up to where it is complete when it was walked from `begun` on.
    pub fn closed(self, begun: Time) -> Time {
        self.to.map_or(begun, |to| to.min(begun))
    }

    /// `StartDate` and `EndDate` as Twilio wants them.
    pub fn dates(self) -> (String, Option<String>) {
        (seconds(floor(self.from)), self.to.map(|t| seconds(ceil(t))))
    }
}

fn floor(t: Time) -> Time {
    Time(t.0.div_euclid(SECOND) * SECOND)
}

fn ceil(t: Time) -> Time {
    Time((t.0 + SECOND - 1).div_euclid(SECOND) * SECOND)
}

/// `YYYY-MM-DDThh:mm:ssZ`.
fn seconds(t: Time) -> String {
    let t = DateTime::from_timestamp_millis(t.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    t.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// That much earlier.
pub fn before(t: Time, d: Duration) -> Time {
    Time(t.0.saturating_sub(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}

/// What a follower has fetched without a gap; a cursor of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// From here
    pub from: Time,
    /// to here, as far as Twilio had published it.
    pub to: Time,
}

/// How it is written: RFC 3339, for people with sqlite3.
#[derive(Deserialize, Serialize)]
struct Written {
    from: String,
    complete_up_to: String,
}

impl Covered {
    /// From a cursor's value; none where somebody else wrote it.
    pub fn read(value: &serde_json::Value) -> Option<Self> {
        let w = Written::deserialize(value).ok()?;
        let (from, to) = (Time::parse(&w.from)?, Time::parse(&w.complete_up_to)?);
        (from <= to).then_some(Self { from, to })
    }

    /// As a cursor's value.
    pub fn value(&self) -> serde_json::Value {
        serde_json::json!({"from": self.from.to_string(), "complete_up_to": self.to.to_string()})
    }

    /// With one more window, walked whole up to `to`. A window that leaves a gap counts alone.
    pub fn with(before: Option<Self>, from: Time, to: Time) -> Self {
        match before {
            Some(b) if from <= b.to && to >= b.from => Self {
                from: b.from.min(from),
                to: b.to.max(to),
            },
            _ => Self { from, to },
        }
    }
}

/// Where a follower's next walk begins: at `since` when that was never covered, else behind what is complete, so that
/// nothing is missed however long nobody followed.
pub fn start(covered: Option<Covered>, since: Time) -> Time {
    match covered {
        Some(c) if c.from <= since => before(c.to, OVERLAP),
        _ => since,
    }
}

/// Cut to what Twilio still answers; true where something was cut off. A minute is left for the request to travel.
pub fn kept(from: Time, now: Time) -> (Time, bool) {
    let first = Time(before(now, KEPT).0 + 60 * SECOND);
    (from.max(first), from < before(now, KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn dates_take_in_the_whole_second() {
        let w = Window {
            from: t("2026-03-02T12:00:00.700Z"),
            to: Some(t("2026-03-02T12:00:01.001Z")),
        };
        let want = (
            "2026-03-02T12:00:00Z".to_owned(),
            Some("2026-03-02T12:00:02Z".to_owned()),
        );
        assert_eq!(w.dates(), want);
    }

    #[test]
    fn a_follower_goes_on_where_it_stopped() {
        let covered = Covered {
            from: t("2026-03-02T10:00:00Z"),
            to: t("2026-03-02T12:00:00Z"),
        };
        let hour_ago = t("2026-03-02T14:00:00Z");
        assert_eq!(start(None, hour_ago), hour_ago);
        assert_eq!(start(Some(covered), hour_ago), t("2026-03-02T11:55:00Z"));
        let earlier = t("2026-03-02T09:00:00Z");
        assert_eq!(start(Some(covered), earlier), earlier);
        assert_eq!(Covered::read(&covered.value()), Some(covered));
        for bad in [
            "{}",
            "5",
            r#"{"from":"2026-03-02T12:00:00Z","complete_up_to":"2026-03-02T10:00:00Z"}"#,
        ] {
            assert_eq!(Covered::read(&serde_json::from_str(bad).unwrap()), None, "{bad}");
        }
    }

    #[test]
    fn cover_grows_only_without_a_gap() {
        let one = Covered {
            from: Time(100),
            to: Time(200),
        };
        assert_eq!(
            Covered::with(Some(one), Time(150), Time(300)),
            Covered {
                from: Time(100),
                to: Time(300)
            }
        );
        assert_eq!(
            Covered::with(Some(one), Time(50), Time(120)),
            Covered {
                from: Time(50),
                to: Time(200)
            }
        );
        assert_eq!(
            Covered::with(Some(one), Time(201), Time(300)),
            Covered {
                from: Time(201),
                to: Time(300)
            }
        );
        assert_eq!(
            Covered::with(None, Time(1), Time(2)),
            Covered {
                from: Time(1),
                to: Time(2)
            }
        );
    }

    #[test]
    fn thirty_days() {
        let now = t("2026-03-31T12:00:00Z");
        assert_eq!(kept(t("2026-03-30T12:00:00Z"), now), (t("2026-03-30T12:00:00Z"), false));
        assert_eq!(kept(t("2026-03-01T12:00:00Z"), now), (t("2026-03-01T12:01:00Z"), false));
        assert_eq!(kept(t("2025-03-01T12:00:00Z"), now), (t("2026-03-01T12:01:00Z"), true));
    }

    proptest! {
        #[test]
        fn halves_meet_and_end(from in 0_i64..10_000_000, long in 0_i64..10_000_000, open in any::<bool>()) {
            let now = Time(from + long);
            let whole = Window { from: Time(from), to: (!open).then_some(now) };
            let mut todo = vec![(whole, 0)];
            while let Some((w, depth)) = todo.pop() {
                prop_assert!(depth < 40);
                if let Some((a, b)) = w.halves(now) {
                    prop_assert!(a.from <= w.from && a.to == Some(b.from) && b.to == w.to && a.from < b.from);
                    prop_assert!(ceil(b.to.unwrap_or(now)) > b.from);
                    // One side is enough: both are shorter.
                    todo.push((if depth % 2 == 0 { a } else { b }, depth + 1));
                } else {
                    prop_assert!(ceil(w.to.unwrap_or(now)).0 - floor(w.from).0 <= SECOND);
                }
            }
        }
    }
}
