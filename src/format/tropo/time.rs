//! From the columns of a line to a moment.

use chrono::NaiveDate;

use crate::model::{Stamp, Time};

/// A date and a time of day (milliseconds, in a zone `offset_min` minutes ahead of UTC) as a moment.
pub(super) fn at(year: i32, month: u32, day: u32, of_day: u32, offset_min: i64) -> Option<Stamp> {
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let ms = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    Some(Stamp::At(Time(ms + i64::from(of_day) - offset_min * 60_000)))
}

/// Minutes ahead of UTC of the zone names that log4j prints; an unknown zone counts as UTC.
pub(super) fn zone(name: &[u8]) -> i64 {
    60 * match name {
        b"BST" | b"CET" | b"WEST" => 1,
        b"CEST" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => 0,
    }
}
