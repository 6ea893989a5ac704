//! How long to wait before a request is made again: what the server asks for, else longer each time.

use std::time::Duration;

use crate::model::Time;

/// The longest wait before another attempt of one request. Whoever is asked to wait longer gives the walk up, and says so.
pub const LONGEST: Duration = Duration::from_secs(300);

const FIRST: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_secs(60);

/// `Retry-After`: seconds, or a date to be compared with the server's own clock.
pub fn retry_after(header: &str, server: Time) -> Option<Duration> {
    let text = header.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(86_400)));
    }
    let wait = Time::parse(text)?.0.saturating_sub(server.0);
    Some(Duration::from_millis(wait.max(0).unsigned_abs()))
}

/// Before attempt `made + 1`: 1 s, doubled each time up to a minute; of that, half is certain and half is chance, so that
/// many clients do not come back together.
pub fn backoff(made: u32, chance: u64) -> Duration {
    spread(grown(FIRST, made.saturating_sub(1)).min(CAP), chance)
}

/// Before a walk that failed `failures` times in a row is begun again: the interval, doubled each time up to five minutes.
pub fn after_failure(interval: Duration, failures: u32, chance: u64) -> Duration {
    let longest = LONGEST.max(interval);
    spread(grown(interval, failures.saturating_sub(1)).min(longest), chance)
}

fn grown(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times))
}

fn spread(whole: Duration, chance: u64) -> Duration {
    let half = whole / 2;
    let most = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half + Duration::from_millis(if most == 0 { 0 } else { chance % (most + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after() {
        let now = Time::parse("2026-03-02T12:00:00Z").unwrap();
        let seconds = |t| retry_after(t, now).map(|d| d.as_secs());
        assert_eq!(seconds(" 7 "), Some(7));
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("999999999999"), Some(86_400));
        assert_eq!(seconds("Mon, 02 Mar 2026 12:01:30 GMT"), Some(90));
        assert_eq!(seconds("Mon, 02 Mar 2026 11:00:00 GMT"), Some(0));
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn longer_each_time_up_to_a_cap() {
        for (made, low, high) in [(1, 500, 1000), (2, 1000, 2000), (5, 8000, 16_000), (40, 30_000, 60_000)] {
            for chance in [0, 1, 12_345, u64::MAX] {
                let ms = backoff(made, chance).as_millis();
                assert!((low..=high).contains(&ms), "{made}: {ms}");
            }
        }
        let ten = Duration::from_secs(10);
        assert_eq!(after_failure(ten, 1, 0), Duration::from_secs(5));
        assert_eq!(after_failure(ten, 30, 0), LONGEST / 2);
        let hour = Duration::from_secs(3600);
        assert_eq!(after_failure(hour, 30, 0), hour / 2);
    }
}
