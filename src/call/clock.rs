//! Dates for lines that lack them: a debugger row has a time of day, a node's line no year. One full date anywhere in
//! the input dates them all; a clock that jumps back by more than half its round has passed midnight or New Year.

use chrono::{Datelike, NaiveDate};

use crate::model::{Stamp, Time};

/// When something happened, as far as it is known so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Not known.
    #[default]
    Never,
    /// A moment.
    At(Time),
    /// Days since the input's first row, milliseconds of the day.
    Day(u32, u32),
    /// Years since the input's first line, month, day, milliseconds of the day.
    Year(u16, u8, u8, u32),
}

impl When {
    /// The moment, when it is known.
    pub fn time(self) -> Option<Time> {
        match self {
            Self::At(t) => Some(t),
            _ => None,
        }
    }

    /// The time of day, for a row whose date is not known: `23:22:41`.
    pub fn clock(self) -> Option<String> {
        let ms = match self {
            Self::At(t) => t.0.rem_euclid(86_400_000) as u32,
            Self::Day(_, ms) | Self::Year(_, _, _, ms) => ms,
            Self::Never => return None,
        };
        let s = ms / 1000;
        Some(format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60))
    }
}

/// The clock of one input.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    days: u32,
    last_of_day: Option<u32>,
    years: u16,
    last_month: Option<u8>,
    /// Days since 1970 of the first row.
    first_day: Option<i64>,
    first_year: Option<i32>,
    /// How many of the two a look has seen.
    told: u8,
}

impl Clock {
    /// Reads a stamp in the order of the input.
    pub(super) fn read(&mut self, stamp: Stamp) -> When {
        match stamp {
            Stamp::None => When::Never,
            Stamp::At(t) => When::At(t),
            Stamp::OfDay(ms) => {
                if self.last_of_day.is_some_and(|l| l > ms + 43_200_000) {
                    self.days += 1;
                }
                self.last_of_day = Some(ms);
                When::Day(self.days, ms)
            }
            Stamp::NoYear(month, day, ms) => {
                if self.last_month.is_some_and(|l| l > month + 6) {
                    self.years += 1;
                }
                self.last_month = Some(month);
                When::Year(self.years, month, day, ms)
            }
        }
    }

    /// Learns the date of a row. The first full date wins; a row just past midnight may carry yesterday's.
    pub(super) fn learn(&mut self, when: When, full: Time) {
        match when {
            When::Day(days, ms) if self.first_day.is_none() => {
                // The nearest day on which the row's time of day is closest to the full date.
                let day = (full.0 - i64::from(ms) + 43_200_000).div_euclid(86_400_000);
                self.first_day = Some(day - i64::from(days));
            }
            When::Year(years, month, ..) if self.first_year.is_none() => {
                let Some(date) = chrono::DateTime::from_timestamp_millis(full.0) else {
                    return;
                };
                // The year in which the line's month is nearest.
                let ahead = i32::from(month) - date.month() as i32;
                let shift = i32::from(ahead < -6) - i32::from(ahead > 6);
                self.first_year = Some(date.year() + shift - i32::from(years));
            }
            _ => {}
        }
    }

    /// True once after it learnt a date: what was read before can be dated now.
    pub(super) fn newly_dated(&mut self) -> bool {
        let known = u8::from(self.first_day.is_some()) + u8::from(self.first_year.is_some());
        std::mem::replace(&mut self.told, known) != known
    }

    /// The moment of something read before, now that the whole input is known.
    pub(super) fn settle(&self, when: When) -> When {
        match when {
            When::Day(days, ms) => self.first_day.map_or(when, |first| {
                When::At(Time((first + i64::from(days)) * 86_400_000 + i64::from(ms)))
            }),
            When::Year(years, month, day, ms) => self
                .first_year
                .and_then(|y| NaiveDate::from_ymd_opt(y + i32::from(years), month.into(), day.into()))
                .and_then(|d| d.and_hms_opt(0, 0, 0))
                .map_or(when, |d| When::At(Time(d.and_utc().timestamp_millis() + i64::from(ms)))),
            _ => when,
        }
    }
}

/// Dates lines of one call, read in their order, by the time of its first line.
#[derive(Debug, Default)]
pub struct Times(Clock);

impl Times {
    /// From the time of the first line, as far as it is known.
    pub fn from(started: When) -> Self {
        let mut clock = Clock::default();
        match started {
            When::Never => {}
            When::Day(days, ms) => (clock.days, clock.last_of_day) = (days, Some(ms)),
            When::Year(years, month, ..) => (clock.years, clock.last_month) = (years, Some(month)),
            When::At(t) => {
                let ms = t.0.rem_euclid(86_400_000) as u32;
                let row = clock.read(Stamp::OfDay(ms));
                clock.learn(row, t);
                if let Some(date) = chrono::DateTime::from_timestamp_millis(t.0) {
                    let line = clock.read(Stamp::NoYear(date.month() as u8, date.day() as u8, ms));
                    clock.learn(line, t);
                }
            }
        }
        Self(clock)
    }

    /// The time of the next line.
    pub fn read(&mut self, stamp: Stamp) -> When {
        let when = self.0.read(stamp);
        self.0.settle(when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_dated_by_the_first_of_their_call() {
        let start = Time::parse("2011-12-31T23:59:58Z").unwrap();
        let at = |t: &str| When::At(Time::parse(t).unwrap());
        let mut rows = Times::from(When::At(start));
        assert_eq!(rows.read(Stamp::OfDay(86_399_000)), at("2011-12-31T23:59:59Z"));
        assert_eq!(rows.read(Stamp::OfDay(1_000)), at("2012-01-01T00:00:01Z"));
        assert_eq!(rows.read(Stamp::NoYear(1, 1, 2_000)), at("2012-01-01T00:00:02Z"));
        assert_eq!(Times::from(When::Day(3, 9)).read(Stamp::OfDay(10)), When::Day(3, 10));
        assert_eq!(Times::from(When::Never).read(Stamp::OfDay(10)), When::Day(0, 10));
    }

    #[test]
    fn rows_over_midnight() {
        let mut c = Clock::default();
        let late = c.read(Stamp::OfDay(86_399_000));
        let early = c.read(Stamp::OfDay(1_000));
        c.learn(late, Time::parse("2011-12-09T23:59:59.612Z").unwrap());
        assert_eq!(c.settle(late).time(), Time::parse("2011-12-09T23:59:59Z"));
        assert_eq!(c.settle(early).time(), Time::parse("2011-12-10T00:00:01Z"));
        assert_eq!(early.clock().unwrap(), "00:00:01");
    }

    #[test]
    fn lines_over_new_year() {
        let mut c = Clock::default();
        let old = c.read(Stamp::NoYear(12, 31, 86_399_000));
        let new = c.read(Stamp::NoYear(1, 1, 0));
        c.learn(new, Time::parse("2013-01-01T00:00:00Z").unwrap());
        assert_eq!(c.settle(old).time(), Time::parse("2012-12-31T23:59:59Z"));
        assert_eq!(c.settle(new).time(), Time::parse("2013-01-01T00:00:00Z"));
    }

    #[test]
    fn without_any_date_the_time_of_day_is_left() {
        let mut c = Clock::default();
        let w = c.read(Stamp::OfDay(3_600_000));
        assert_eq!(c.settle(w).time(), None);
        assert_eq!(c.settle(w).clock().unwrap(), "01:00:00");
    }
}
