//! Where in a body something stands, and what a body that is no document looks like.

use crate::model::Problem;

/// Line and column (from 1, column in characters) of a byte offset.
pub(super) fn position(body: &[u8], offset: usize) -> (u32, u32) {
    let before = &body[..offset.min(body.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
    (line as u32, column as u32)
}

/// The lines of a text, for finding many places in it.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self {
            text,
            starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
        }
    }

    /// Line and column (from 1, column in characters) of a byte offset.
    pub(super) fn place(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
        (line as u32, 1 + before.chars().count() as u32)
    }
}

/// A body as text; where it is not UTF-8, the place of the first bad byte.
pub(super) fn utf8<'a>(code: &str, body: &'a [u8]) -> Result<&'a str, Problem> {
    let marked = has_wide_mark(body);
    if let Some(at) = memchr::memchr(0, body).or(marked.then_some(0)) {
        let what = if marked || wide_mark(body).is_some() {
            "the document is UTF-16: save or send it as UTF-8"
        } else {
            "the document holds a NUL byte, it is no text: is this the right file?"
        };
        let place = if marked { (1, 1) } else { position(body, at) };
        return Err(Problem::error(code, what).at(place));
    }
    std::str::from_utf8(body).map_err(|e| {
        let problem = Problem::error(code, "the document is not UTF-8 from here on: save or send it as UTF-8");
        problem.at(position(body, e.valid_up_to()))
    })
}

/// The marks before UTF-16: least byte first, and last.
const WIDE_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// True for UTF-16 that says so.
pub(super) fn has_wide_mark(body: &[u8]) -> bool {
    WIDE_MARKS.iter().any(|mark| body.starts_with(mark))
}

/// The mark that Latin text in UTF-16 lacks: every other byte of it is NUL.
pub(super) fn wide_mark(body: &[u8]) -> Option<[u8; 2]> {
    let odd = memchr::memchr_iter(0, body).filter(|at| at % 2 == 1).count();
    let even = memchr::memchr_iter(0, body).count() - odd;
    let wide = odd.min(even) == 0 && odd.max(even) * 3 > body.len();
    wide.then(|| WIDE_MARKS[usize::from(even > 0)])
}

/// UTF-16 with its mark as text without it; none of what has no mark, or is broken.
pub(super) fn wide(body: &[u8]) -> Option<String> {
    let unit = if body.starts_with(&WIDE_MARKS[0]) {
        u16::from_le_bytes
    } else if body.starts_with(&WIDE_MARKS[1]) {
        u16::from_be_bytes
    } else {
        return None;
    };
    let (units, rest) = body[2..].as_chunks::<2>();
    let units = units.iter().map(|pair| unit(*pair));
    rest.is_empty()
        .then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok())?
}

/// What stands at the begin of a body instead of a document, in words; none where nothing typical does.
pub(super) fn impostor(body: &str) -> Option<&'static str> {
    let mut end = body.len().min(2048);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let head = body[..end]
        .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
        .to_ascii_lowercase();
    let php = ["notice", "warning", "deprecated", "fatal error", "parse error"];
    let stripped = head.trim_start_matches("<br />").trim_start().trim_start_matches("<b>");
    if php.iter().any(|word| stripped.starts_with(word)) {
        Some("a PHP message stands before the document: turn display_errors off, and fix what it says")
    } else if head.starts_with("<!doctype html") || head.starts_with("<html") {
        Some("this is an HTML page, often an error or login page of the framework")
    } else if head.starts_with("<?php") {
        Some("this is PHP source: the server does not run it")
    } else if head.starts_with("traceback (most recent call last)") {
        Some("this is a Python traceback")
    } else {
        None
    }
}
