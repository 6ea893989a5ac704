//! Form D, copied from the web debugger: `00023⇥0000⇥11:22:41 PM⇥message`. Tabs or blanks between the columns, leading
//! digits may be lost, the hour may be padded. UTC, time of day only.

use super::cursor::Cursor;
use super::{Form, Split};
use crate::model::Stamp;

/// Finds the columns; none for any other form.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    let mut c = Cursor::new(line);
    c.digits(1, 7)?;
    c.skip_some(b"\t ")?;
    let key = c.at;
    let guid4 = c.rest().get(..4)?;
    let hex = guid4.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hex && guid4 != b"00-1" {
        return None;
    }
    c.at += 4;
    c.skip_some(b"\t ")?;
    clock(&mut c)?;
    // A row may be cut right behind its time.
    if !c.rest().is_empty() {
        c.skip_some(b"\t ")?;
    }
    Some(Split {
        form: Form::Debugger,
        start: 0,
        key: (key as u32, key as u32 + 4),
        message: c.at as u32,
        level: None,
    })
}

/// `4:13:58 PM` as milliseconds of the day.
fn clock(c: &mut Cursor<'_>) -> Option<u32> {
    let of_day = c.clock()?;
    c.text(b" ")?;
    let pm = match c.rest().get(..2)? {
        b"AM" => false,
        b"PM" => true,
        _ => return None,
    };
    c.at += 2;
    let (hour, rest) = (of_day / 3_600_000, of_day % 3_600_000);
    let hour = hour % 12 + if pm { 12 } else { 0 };
    Some(hour * 3_600_000 + rest)
}

pub(super) fn stamp(line: &[u8]) -> Option<Stamp> {
    let mut c = Cursor::new(line);
    c.digits(1, 7)?;
    c.skip_some(b"\t ")?;
    c.at += 4;
    c.skip_some(b"\t ")?;
    clock(&mut c).map(Stamp::OfDay)
}
