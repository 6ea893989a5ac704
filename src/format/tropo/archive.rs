//! Form A, the dated archive: `Feb 19 15:07:40 GMT 2013 host TROPO account guid session 1 call message`.

use memchr::memchr_iter;

use super::cursor::Cursor;
use super::{Form, Split, time};
use crate::model::Stamp;

/// Finds the columns; none for any other form.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    let mut c = Cursor::new(line);
    date(&mut c)?;
    // Behind the year: host product account guid session cmd call.
    let rest = c.rest();
    let mut ends = [0usize; 7];
    let mut n = 0;
    let mut from = 0;
    for end in memchr_iter(b' ', rest) {
        if end == from {
            return None;
        }
        ends[n] = end;
        from = end + 1;
        n += 1;
        if n == ends.len() {
            break;
        }
    }
    if n < ends.len() {
        return None;
    }
    let product = &rest[ends[0] + 1..ends[1]];
    let account = &rest[ends[1] + 1..ends[2]];
    let cmd = &rest[ends[4] + 1..ends[5]];
    let account = account.strip_prefix(b"-").unwrap_or(account);
    let fits = product.iter().all(u8::is_ascii_uppercase)
        && account.iter().all(u8::is_ascii_digit)
        && cmd.iter().all(u8::is_ascii_digit);
    fits.then(|| Split {
        form: Form::Archive,
        start: 0,
        key: ((c.at + ends[2] + 1) as u32, (c.at + ends[6]) as u32),
        message: (c.at + ends[6] + 1) as u32,
        level: None,
    })
}

/// The date with zone and year, up to the host.
fn date(c: &mut Cursor<'_>) -> Option<(u8, u32, u32, i64, u32)> {
    let month = c.month()?;
    c.skip_some(b" ")?;
    let day = c.digits(1, 2)?;
    c.text(b" ")?;
    let of_day = c.clock()?;
    c.text(b" ")?;
    let zone = c.until(b' ')?;
    if !(3..=4).contains(&zone.len()) || !zone.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let year = c.digits(4, 4)?;
    c.text(b" ")?;
    Some((month, day, of_day, time::zone(zone), year))
}

pub(super) fn stamp(line: &[u8]) -> Option<Stamp> {
    let (month, day, of_day, zone, year) = date(&mut Cursor::new(line))?;
    time::at(year as i32, u32::from(month), day, of_day, zone)
}
