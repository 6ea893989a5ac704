//! Documents for people: JSON, XML, HTML and forms laid out and coloured, broken ones as they stand with the fault marked.
//!
//! [`body`] takes any bytes that a request or an answer may hold. A sound document is laid out anew; where something is
//! wrong, the source is shown line by line, so that line numbers fit, and a caret line below the place says what
//! is wrong. Everything is bounded by [`Limits`], linear in the size, and free of recursion. A further kind of document
//! is a variant of [`Kind`], with a check and the two ways to show it.

mod binary;
mod fault;
mod form;
mod json;
mod kind;
mod sheet;
mod xml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use fault::Fault;
pub use form::form;
pub use kind::Kind;

use super::rich::{Line, Mark};
use super::style::Role;
use fault::Broken;
use sheet::Sheet;

/// How much of a document is looked at and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body; what is behind them is counted.
    pub bytes: usize,
    /// Lines that are made of them.
    pub lines: usize,
}

impl Default for Limits {
    /// As much as is kept of an answer, and more lines than anybody scrolls through.
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            lines: 20_000,
        }
    }
}

/// Whether a text is all of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    Beginning,
}

/// JSON, laid out where it is sound.
pub fn json(text: &str) -> Vec<Line> {
    document(Kind::Json, text, Extent::Whole, &[], Limits::default())
}

/// XML, laid out where it is well-formed.
pub fn xml(text: &str) -> Vec<Line> {
    document(Kind::Xml, text, Extent::Whole, &[], Limits::default())
}

/// HTML, laid out where it is well-formed as XML; it need not be, so nothing is marked where it is not.
pub fn html(text: &str) -> Vec<Line> {
    document(Kind::Html, text, Extent::Whole, &[], Limits::default())
}

/// A body by its content type, or by its looks where that is missing or plainly wrong. `faults` are what is known to be
/// wrong with it; a fault of ours is marked only where none of them has a place.
pub fn body(content_type: Option<&str>, bytes: &[u8], faults: &[Fault], limits: Limits) -> Vec<Line> {
    of_extent(content_type, bytes, Extent::Whole, faults, limits)
}

/// As [`body`], of a body whose end was not kept: that it stops somewhere is no fault of it.
pub fn cut_body(content_type: Option<&str>, bytes: &[u8], faults: &[Fault], limits: Limits) -> Vec<Line> {
    of_extent(content_type, bytes, Extent::Beginning, faults, limits)
}

fn of_extent(content_type: Option<&str>, bytes: &[u8], extent: Extent, faults: &[Fault], limits: Limits) -> Vec<Line> {
    let mut lines = Vec::new();
    if bytes.is_empty() {
        lines.extend(faults.iter().map(Fault::line));
        lines.push(note("(empty)"));
        return lines;
    }
    if binary::is_binary(bytes) {
        lines.extend(faults.iter().map(Fault::line));
        lines.extend(binary::summary(content_type, bytes));
        return lines;
    }
    let shown = &bytes[..limits.bytes.min(bytes.len())];
    let left_out = bytes.len() - shown.len();
    let extent = if left_out > 0 { Extent::Beginning } else { extent };
    let kept = match extent {
        Extent::Beginning => whole_characters(shown),
        Extent::Whole => shown,
    };
    let (text, bad) = read(kept);
    let kind = kind::of(content_type, &text);
    let own = bad.filter(|_| faults.iter().all(|f| f.line.is_none()));
    let own = own.map(|at| Broken::at(at, "this is not UTF-8 from here on").fault(&text));
    let faults: Cow<'_, [Fault]> = match own {
        Some(own) => faults.iter().cloned().chain([own]).collect(),
        None => faults.into(),
    };
    lines.extend(document(kind, &text, extent, &faults, limits));
    if left_out > 0 {
        lines.push(sheet::rest(bytes.len() - kept.len()));
    }
    lines
}

/// The text of a sound JSON or XML document and which it is; none for anything else, and for XML that is nested too deep or has too long tags.
pub fn sound<'a>(content_type: Option<&str>, bytes: &'a [u8], limits: Limits) -> Option<(Kind, &'a str)> {
    if bytes.len() > limits.bytes || binary::is_binary(bytes) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let kind = kind::of(content_type, text);
    let fits = match kind {
        Kind::Json => true,
        Kind::Xml | Kind::Html => !xml::is_heavy(text),
        Kind::Form | Kind::Plain => false,
    };
    (fits && check(kind, text, Extent::Whole).is_ok()).then_some((kind, text))
}

/// The lines of a sound JSON or XML document laid out; none for anything else.
pub fn laid_out(content_type: Option<&str>, bytes: &[u8], limits: Limits) -> Option<Vec<Line>> {
    if bytes.len() > limits.bytes || binary::is_binary(bytes) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let kind = kind::of(content_type, text);
    let lays_out = matches!(kind, Kind::Json | Kind::Xml | Kind::Html);
    (lays_out && check(kind, text, Extent::Whole).is_ok()).then(|| lay_out(kind, text, limits))
}

/// The lines of any body without colours, numbered and unchanged; a body that is no text by its first bytes.
pub fn as_it_stands(content_type: Option<&str>, bytes: &[u8], limits: Limits) -> Vec<Line> {
    if binary::is_binary(bytes) {
        return binary::summary(content_type, bytes);
    }
    let kept = beginning(bytes, limits.bytes);
    let mut lines = source(Kind::Plain, &read(kept).0, &[], limits);
    if kept.len() < bytes.len() {
        lines.push(sheet::rest(bytes.len() - kept.len()));
    }
    lines
}

/// The beginning of a body. A character that the limit cuts is no fault of the body, and left out whole.
fn beginning(bytes: &[u8], most: usize) -> &[u8] {
    let kept = &bytes[..most.min(bytes.len())];
    if kept.len() == bytes.len() {
        return kept;
    }
    whole_characters(kept)
}

/// Without the part of a character that a cut left at the end.
fn whole_characters(kept: &[u8]) -> &[u8] {
    match kept.iter().rev().take(4).position(|b| *b >= 0xc0) {
        Some(back) if std::str::from_utf8(&kept[kept.len() - back - 1..]).is_err() => &kept[..kept.len() - back - 1],
        _ => kept,
    }
}

/// A body as text, and where it is not UTF-8.
fn read(bytes: &[u8]) -> (Cow<'_, str>, Option<usize>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), None),
        Err(e) => (String::from_utf8_lossy(bytes), Some(e.valid_up_to())),
    }
}

fn check(kind: Kind, text: &str, extent: Extent) -> Result<(), Broken> {
    match kind {
        Kind::Json => json::check(text, extent),
        Kind::Xml | Kind::Html => xml::check(text, extent),
        Kind::Form | Kind::Plain => Ok(()),
    }
}

fn document(kind: Kind, text: &str, extent: Extent, faults: &[Fault], limits: Limits) -> Vec<Line> {
    if faults.iter().any(|f| f.line.is_some()) {
        return source(kind, text, faults, limits);
    }
    match check(kind, text, extent) {
        Ok(()) => faults
            .iter()
            .map(Fault::line)
            .chain(lay_out(kind, text, limits))
            .collect(),
        Err(_) if kind == Kind::Html => source(kind, text, faults, limits),
        Err(broken) => {
            let faults: Vec<Fault> = faults.iter().cloned().chain([broken.fault(text)]).collect();
            source(kind, text, &faults, limits)
        }
    }
}

/// A sound document.
fn lay_out(kind: Kind, text: &str, limits: Limits) -> Vec<Line> {
    let mut sheet = Sheet::laid_out(limits.lines);
    match kind {
        Kind::Json => json::lay_out(text, &mut sheet),
        Kind::Xml | Kind::Html => xml::lay_out(text, &mut sheet),
        Kind::Plain => return source(kind, text, &[], limits),
        Kind::Form => {
            let params = form_urlencoded::parse(text.trim().as_bytes());
            let params: Vec<(String, String)> = params.take(limits.lines).map(|(n, v)| (n.into(), v.into())).collect();
            return form(&params);
        }
    }
    with_rest(sheet)
}

/// A document as it stands, with what is wrong.
fn source(kind: Kind, text: &str, faults: &[Fault], limits: Limits) -> Vec<Line> {
    let mut sheet = Sheet::numbered(limits.lines);
    match kind {
        Kind::Json => json::as_it_stands(text, &mut sheet),
        Kind::Xml | Kind::Html => xml::as_it_stands(text, &mut sheet),
        Kind::Form | Kind::Plain => sheet.put(Role::Plain, text),
    }
    fault::mark(with_rest(sheet), text, faults)
}

fn with_rest(sheet: Sheet) -> Vec<Line> {
    let (mut lines, left_out) = sheet.finish();
    if left_out > 0 {
        lines.push(sheet::rest(left_out));
    }
    lines
}

fn note(text: &str) -> Line {
    Line::of(Role::Faint, text).marked(Mark::Note)
}
