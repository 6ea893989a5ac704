//! JSON as lines: cut into tokens, checked without recursion, laid out or shown as it stands.
//!
//! Numbers, escapes, the order of keys and keys that occur twice stay as written: nothing is read into values.

use std::ops::Range;

use super::sheet::Sheet;
use super::{Broken, Extent};
use crate::output::style::Role;

/// Deeper levels are indented no further, or deep nesting would grow with its square.
const MOST_INDENT: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    Open,
    Close,
    Colon,
    Comma,
    Text,
    Number,
    Word,
    Stray,
}

struct Token {
    kind: Kind,
    at: Range<usize>,
}

/// The token that begins at a byte of the text; none at its end.
fn token(text: &str, start: usize) -> Option<Token> {
    let bytes = &text.as_bytes()[start..];
    let run = |of: fn(&u8) -> bool| bytes.iter().take_while(|b| of(b)).count();
    let (kind, len) = match *bytes.first()? {
        b'{' | b'[' => (Kind::Open, 1),
        b'}' | b']' => (Kind::Close, 1),
        b':' => (Kind::Colon, 1),
        b',' => (Kind::Comma, 1),
        b'"' => (Kind::Text, text_len(bytes)),
        b' ' | b'\t' | b'\r' | b'\n' => (Kind::Blank, run(|b| b" \t\r\n".contains(b))),
        b'-' | b'+' | b'.' | b'0'..=b'9' => (Kind::Number, run(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))),
        b if b.is_ascii_alphabetic() || b == b'_' => (Kind::Word, run(|b| b.is_ascii_alphanumeric() || *b == b'_')),
        _ => (Kind::Stray, text[start..].chars().next().map_or(1, char::len_utf8)),
    };
    Some(Token {
        kind,
        at: start..start + len,
    })
}

/// The length of a text in quotes; one that is not closed ends with its line.
fn text_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) {
        match bytes[at + found] {
            b'"' => return at + found + 1,
            b'\\' if bytes.get(at + found + 1).is_some_and(|b| *b != b'\n') => at += found + 2,
            b'\\' => at += found + 1,
            _ => return at + found - usize::from(at + found > 1 && bytes[at + found - 1] == b'\r'),
        }
    }
    bytes.len()
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    End,
}

/// Finds the first thing that is no JSON. A text that is only the beginning of a document may stop anywhere.
pub(super) fn check(text: &str, extent: Extent) -> Result<(), Broken> {
    let mut nested: Vec<u8> = Vec::new();
    let mut next = Next::Value;
    let mut at = 0;
    while let Some(token) = token(text, at) {
        at = token.at.end;
        if token.kind == Kind::Blank {
            continue;
        }
        let last = extent == Extent::Beginning && at == text.len();
        let byte = text.as_bytes()[token.at.start];
        next = follow(next, token.kind, byte, &mut nested)
            .ok_or_else(|| Broken::at(token.at.start, missing(next, &nested)))?;
        if !last {
            sound(text, &token)?;
        }
    }
    if next == Next::End || extent == Extent::Beginning {
        return Ok(());
    }
    let end = text.trim_end().len();
    Err(Broken::at(
        end,
        format!("the document ends here; {}", missing(next, &nested)),
    ))
}

/// What may come after a token; none where the token itself may not.
fn follow(next: Next, kind: Kind, byte: u8, nested: &mut Vec<u8>) -> Option<Next> {
    let value = matches!(next, Next::Value | Next::ValueOrClose);
    let after = |nested: &[u8]| {
        if nested.is_empty() {
            Next::End
        } else {
            Next::CommaOrClose
        }
    };
    match kind {
        Kind::Text if matches!(next, Next::Key | Next::KeyOrClose) => Some(Next::Colon),
        Kind::Text | Kind::Number | Kind::Word if value => Some(after(nested)),
        Kind::Open if value => {
            nested.push(byte);
            Some(if byte == b'{' {
                Next::KeyOrClose
            } else {
                Next::ValueOrClose
            })
        }
        Kind::Close => {
            let open = if byte == b'}' { b'{' } else { b'[' };
            let may = matches!(next, Next::CommaOrClose | Next::KeyOrClose | Next::ValueOrClose);
            (may && nested.pop_if(|last| *last == open).is_some()).then(|| after(nested))
        }
        Kind::Colon if next == Next::Colon => Some(Next::Value),
        Kind::Comma if next == Next::CommaOrClose => Some(match nested.last() {
            Some(b'{') => Next::Key,
            _ => Next::Value,
        }),
        _ => None,
    }
}

/// What should stand where something else does.
fn missing(next: Next, nested: &[u8]) -> &'static str {
    let object = nested.last() == Some(&b'{');
    match next {
        Next::Value => "a value should stand here",
        Next::ValueOrClose => "a value or `]` should stand here",
        Next::Key => "a key in double quotes should stand here",
        Next::KeyOrClose => "a key in double quotes or `}` should stand here",
        Next::Colon => "`:` should stand here",
        Next::CommaOrClose if object => "`,` or `}` should stand here",
        Next::CommaOrClose => "`,` or `]` should stand here",
        Next::End => "nothing more may stand here: the document is complete",
    }
}

/// A token that is one by its looks, looked at closely.
fn sound(text: &str, token: &Token) -> Result<(), Broken> {
    let shown = &text[token.at.clone()];
    let bad = |message: &str| Err(Broken::at(token.at.start, message));
    match token.kind {
        Kind::Text => sound_text(shown).map_err(|(offset, why)| Broken::at(token.at.start + offset, why)),
        Kind::Number if !is_number(shown.as_bytes()) => bad("this is no number of JSON"),
        Kind::Word if !matches!(shown, "true" | "false" | "null") => {
            bad("words stand in double quotes, except true, false and null")
        }
        Kind::Stray => bad("this character has no meaning in JSON"),
        _ => Ok(()),
    }
}

fn sound_text(shown: &str) -> Result<(), (usize, &'static str)> {
    let bytes = shown.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at) {
            None => return Err((0, "this text is not closed with a double quote on its line")),
            Some(b'"') => return Ok(()),
            Some(b'\\') => {
                let len = match bytes.get(at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                    Some(b'u') if hex(bytes, at + 2) => 6,
                    _ => {
                        return Err((
                            at,
                            "after `\\` stands one of \" \\ / b f n r t, or u and four hex digits",
                        ));
                    }
                };
                at += len;
            }
            Some(0..=0x1f) => return Err((at, "control characters in a text are written as escapes such as \\t")),
            Some(_) => at += 1,
        }
    }
}

fn hex(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at..at + 4)
        .is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
}

fn is_number(shown: &[u8]) -> bool {
    let digits = |from: usize| shown[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(shown.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || whole > 1 && shown[at] == b'0' {
        return false;
    }
    at += whole;
    if shown.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    }
    if matches!(shown.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(shown.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == shown.len()
}

fn role(text: &str, token: &Token) -> Role {
    match token.kind {
        Kind::Text
            if text[token.at.end..]
                .trim_start_matches([' ', '\t', '\r', '\n'])
                .starts_with(':') =>
        {
            Role::Name
        }
        Kind::Text => Role::Text,
        Kind::Number => Role::Number,
        Kind::Word if matches!(&text[token.at.clone()], "true" | "false" | "null") => Role::Number,
        Kind::Open | Kind::Close | Kind::Colon | Kind::Comma => Role::Punct,
        Kind::Blank | Kind::Word | Kind::Stray => Role::Plain,
    }
}

/// Sound JSON, one value a line, two blanks a level.
pub(super) fn lay_out(text: &str, sheet: &mut Sheet) {
    let (mut at, mut depth, mut after_open) = (0, 0usize, false);
    while let Some(token) = token(text, at) {
        if sheet.is_full() {
            return sheet.leave_out(text.len() - at);
        }
        at = token.at.end;
        let shown = &text[token.at.clone()];
        let opened = after_open;
        if token.kind == Kind::Blank {
            continue;
        }
        after_open = token.kind == Kind::Open;
        if token.kind == Kind::Close {
            depth = depth.saturating_sub(1);
        }
        if opened != (token.kind == Kind::Close) && (opened || token.kind == Kind::Close) {
            sheet.break_line(2 * depth.min(MOST_INDENT));
        }
        sheet.put(role(text, &token), shown);
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Comma => sheet.break_line(2 * depth.min(MOST_INDENT)),
            Kind::Colon => sheet.put(Role::Punct, " "),
            _ => {}
        }
    }
}

/// Any text, coloured as far as it is JSON.
pub(super) fn as_it_stands(text: &str, sheet: &mut Sheet) {
    let mut at = 0;
    while let Some(token) = token(text, at) {
        if sheet.is_full() {
            return sheet.leave_out(text.len() - at);
        }
        at = token.at.end;
        sheet.put(role(text, &token), &text[token.at.clone()]);
    }
}
