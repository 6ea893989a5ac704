//! Form N, a node's log file: `May 11 11:10:12 DEBUG TROPO account/guid/session/1/[call] message`, and the two later
//! layouts (`…/applicationId/…`, milliseconds, host, `[thread]`, `/call/` instead of `[call]`). No year.

use super::cursor::Cursor;
use super::{Form, Split};
use crate::model::{Severity, Stamp};

const LEVELS: [&[u8]; 6] = [b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"];

/// Finds the columns; none for any other form.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    let mut c = Cursor::new(line);
    date(&mut c)?;
    c.text(b" ")?;
    let level = level(&mut c);
    product(&mut c)?;
    let key = c.at;
    mdc(&mut c)?;
    let bracketed = c.rest().first() == Some(&b'[');
    if bracketed {
        c.at += 1;
        let _ = c.until(b']');
        if line.get(c.at - 1) != Some(&b']') {
            return None;
        }
    } else {
        let rest = c.rest();
        c.at += rest.iter().position(|&b| b == b'/')? + 1;
    }
    let mut end = c.at;
    if c.rest().first() == Some(&b' ') {
        c.at += 1;
    }
    if c.rest().first() == Some(&b'[')
        && let Some(close) = memchr::memmem::find(c.rest(), b"] ")
    {
        c.at += close + 2;
        end = c.at;
    }
    Some(Split {
        form: Form::Node,
        start: 0,
        key: (key as u32, end as u32),
        message: c.at as u32,
        level,
    })
}

/// Month, day, time of day.
fn date(c: &mut Cursor<'_>) -> Option<(u8, u32, u32)> {
    let month = c.month()?;
    c.skip_some(b" ")?;
    let day = c.digits(1, 2)?;
    c.text(b" ")?;
    let mut of_day = c.clock()?;
    if c.text(b".").is_some() {
        of_day += c.digits(3, 3)?;
    }
    Some((month, day, of_day))
}

/// The level column when there is one; only WARN and above are told.
pub(super) fn level(c: &mut Cursor<'_>) -> Option<Severity> {
    let found = LEVELS.iter().find(|l| {
        let rest = c.rest();
        rest.starts_with(l) && rest.get(l.len()) == Some(&b' ')
    })?;
    c.at += found.len();
    let _ = c.skip_some(b" ");
    match *found {
        b"WARN" => Some(Severity::Warning),
        b"ERROR" | b"FATAL" => Some(Severity::Error),
        _ => None,
    }
}

/// `[host ]TROPO ` or `[host ]PRISM `.
fn product(c: &mut Cursor<'_>) -> Option<()> {
    for _ in 0..2 {
        let word = c.until(b' ')?;
        if word == b"TROPO" || word == b"PRISM" {
            let _ = c.skip_some(b" ");
            return Some(());
        }
    }
    None
}

/// `account/guid/session/1/` or `account/applicationId/guid/session/1/`: leaves the cursor behind the last slash.
fn mdc(c: &mut Cursor<'_>) -> Option<()> {
    let rest = c.rest();
    let (mut from, mut fields) = (0, 0);
    for end in memchr::memchr_iter(b'/', rest) {
        let field = &rest[from..end];
        if field.iter().any(|b| matches!(b, b' ' | b'[')) {
            return None;
        }
        fields += 1;
        from = end + 1;
        let number = !field.is_empty() && field.len() <= 4 && field.iter().all(u8::is_ascii_digit);
        // Three parts stand before the constant number, or four; a short numeric guid (`0`) is not it.
        if fields >= 4 && number && (fields == 5 || followed_by_call(&rest[from..])) {
            c.at += from;
            return Some(());
        }
        if fields >= 5 {
            return None;
        }
    }
    None
}

/// Behind four parts: a bracket, or one more part and a slash before any further number.
fn followed_by_call(rest: &[u8]) -> bool {
    if rest.first() == Some(&b'[') {
        return true;
    }
    // Five parts when `…/1/` still follows: `account/app/0/0/1/call/`.
    let mut parts = rest.splitn(3, |&b| b == b'/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let number = first.len() <= 4 && first.iter().all(u8::is_ascii_digit);
    !(number && second.is_some_and(|s| s.starts_with(b"[") || !s.contains(&b' ')))
}

pub(super) fn stamp(line: &[u8]) -> Option<Stamp> {
    let (month, day, of_day) = date(&mut Cursor::new(line))?;
    Some(Stamp::NoYear(month, day as u8, of_day))
}
