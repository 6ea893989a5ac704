//! Form P, a stand-alone Prism server: `2011-08-23 23:51:42.496 DEBUG [thread] message`. Server time, read as UTC; later
//! exports write the time as `2017-06-08T03:40:19.283Z`.

use super::cursor::Cursor;
use super::{Form, Split, node, time};
use crate::model::Stamp;

/// Finds the columns; none for any other form.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    let mut c = Cursor::new(line);
    date(&mut c)?;
    c.skip_some(b" ")?;
    let before = c.at;
    let level = node::level(&mut c);
    if c.at == before {
        return None;
    }
    c.text(b"[")?;
    let key = c.at;
    let thread = c.until(b']')?;
    c.text(b" ")?;
    Some(Split {
        form: Form::Prism,
        start: 0,
        key: (key as u32, (key + thread.len()) as u32),
        message: c.at as u32,
        level,
    })
}

fn date(c: &mut Cursor<'_>) -> Option<(u32, u32, u32, u32)> {
    let year = c.digits(4, 4)?;
    c.text(b"-")?;
    let month = c.digits(2, 2)?;
    c.text(b"-")?;
    let day = c.digits(2, 2)?;
    c.text(b" ").or_else(|| c.text(b"T"))?;
    let mut of_day = c.clock()?;
    c.text(b".").or_else(|| c.text(b","))?;
    of_day += c.digits(3, 3)?;
    let _ = c.text(b"Z");
    Some((year, month, day, of_day))
}

pub(super) fn stamp(line: &[u8]) -> Option<Stamp> {
    let (year, month, day, of_day) = date(&mut Cursor::new(line))?;
    time::at(year as i32, month, day, of_day, 0)
}
