//! Form A, the dated archive: `Feb 19 15:07:40 GMT 2013 host TROPO account guid session 1 call message`.

use super::cursor::Cursor;
use super::{Form, Split, time};
use crate::model::Stamp;

/// Finds the columns; none for any other form.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    behind_date(line, date_len(line)?)
}

/// Length of the date with its blank; none when the line does not begin with one.
pub fn date_len(line: &[u8]) -> Option<usize> {
    let mut c = Cursor::new(line);
    date(&mut c)?;
    Some(c.at)
}

/// Finds the columns behind a date `at` bytes long: host product account guid session cmd call. Most lines have the date
/// of the line before, so this is where most of the time goes: every column is looked at once.
pub fn behind_date(line: &[u8], at: usize) -> Option<Split> {
    let host = blank(line, at)?;
    let product = match line.get(host + 1..host + 7) {
        Some(b"TROPO ") => host + 6,
        _ => column(line, host + 1, u8::is_ascii_uppercase)?,
    };
    let minus = usize::from(line.get(product + 1) == Some(&b'-'));
    let account = column(line, product + 1 + minus, u8::is_ascii_digit)?;
    let guid = id_end(line, account + 1)?;
    let session = id_end(line, guid + 1)?;
    let cmd = column(line, session + 1, u8::is_ascii_digit)?;
    let call = id_end(line, cmd + 1)?;
    Some(Split {
        form: Form::Archive,
        start: 0,
        key: (account as u32 + 1, call as u32),
        message: (call as u32 + 1).min(line.len() as u32),
        level: None,
    })
}

/// Where a column of such bytes ends: at a blank, and it is not empty.
fn column(line: &[u8], from: usize, of: impl Fn(&u8) -> bool) -> Option<usize> {
    let n = line.get(from..)?.iter().position(|b| !of(b))?;
    (n > 0 && line[from + n] == b' ').then_some(from + n)
}

/// Where a column of any bytes ends; none when it is empty.
fn blank(line: &[u8], from: usize) -> Option<usize> {
    let (eights, rest) = line.get(from..)?.as_chunks::<8>();
    let mut n = 0;
    for e in eights {
        let found = blanks(*e);
        if found != 0 {
            n += found.trailing_zeros() as usize / 8;
            return (n > 0).then_some(from + n);
        }
        n += 8;
    }
    n += rest.iter().position(|&b| b == b' ')?;
    (n > 0).then_some(from + n)
}

/// Where an id ends: mostly behind 32 bytes.
fn id_end(line: &[u8], from: usize) -> Option<usize> {
    let rest = line.get(from..)?;
    if let (Some(id), Some(b' ')) = (rest.first_chunk::<32>(), rest.get(32))
        && !has_blank(id)
    {
        return Some(from + 32);
    }
    blank(line, from)
}

/// Whether one of 32 bytes is a blank.
fn has_blank(id: &[u8; 32]) -> bool {
    let (eights, _) = id.as_chunks::<8>();
    eights.iter().fold(0, |found, e| found | blanks(*e)) != 0
}

/// Which of eight bytes are blanks: the lowest bit set is the high bit of the first.
fn blanks(eight: [u8; 8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let x = u64::from_le_bytes(eight) ^ (0x20 * ONES);
    x.wrapping_sub(ONES) & !x & (0x80 * ONES)
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
