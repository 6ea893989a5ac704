//! The platform's clock: moments in UTC, and what a line says of them before the date is known.

use std::fmt;

use chrono::{DateTime, SecondsFormat};

/// A moment in UTC, milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Time {
    /// Reads RFC 3339 (`2023-06-12T18:44:24.368Z`) or RFC 2822 (`Tue, 18 Aug 2015 08:46:56 +0000`), the two spellings
    /// that Twilio and Tropo use in documents.
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim();
        DateTime::parse_from_rfc3339(t)
            .or_else(|_| DateTime::parse_from_rfc2822(t))
            .ok()
            .map(|d| Self(d.timestamp_millis()))
    }
}

/// RFC 3339 in UTC with milliseconds, the contract's spelling; a moment outside chrono's range prints as the epoch's end.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
        f.write_str(&t.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// What a line says of its time, before its input's date is known (spec: forms D and N lack the date or the year).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// Nothing (message-only lines).
    #[default]
    None,
    /// A full date and time.
    At(Time),
    /// Month (1-12), day (1-31) and milliseconds of the day, UTC; the year is not written.
    NoYear(u8, u8, u32),
    /// Milliseconds of the day, UTC; the date is not written.
    OfDay(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        let t = Time::parse("2011-12-09T23:22:41.612Z").unwrap();
        assert_eq!(t.to_string(), "2011-12-09T23:22:41.612Z");
        assert_eq!(
            Time::parse("Tue, 18 Aug 2015 08:46:56 +0000").unwrap().to_string(),
            "2015-08-18T08:46:56.000Z"
        );
        assert_eq!(Time::parse("yesterday"), None);
    }
}
