//! XML and HTML as lines: cut into tags and text, checked without recursion, laid out or shown as it stands.
//!
//! An element with other elements alone is laid out element by element. One that holds text, alone or mixed with
//! elements, stays exactly as written: blanks count there. Whether the whole is well-formed is asked of the same parser
//! that judges answers, once tags are known not to be nested too deep for it.

use std::ops::Range;

use roxmltree::{Document, ParsingOptions};

use super::sheet::Sheet;
use super::{Broken, Extent};
use crate::output::style::Role;

/// Deeper levels are indented no further, or deep nesting would grow with its square.
const MOST_INDENT: usize = 40;

/// Deeper documents are checked by their tags alone.
const MOST_DEPTH: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Cdata,
    /// A comment, an instruction, a document type.
    Aside,
    Open,
    Close,
    Empty,
    /// A `<` that begins nothing, or something that does not end.
    Stray,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    at: Range<usize>,
}

impl Token {
    fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.at.clone()]
    }
}

/// What is in brackets and is no tag: how it begins and ends.
const BRACKETS: [(&str, &str, Kind); 3] = [
    ("<!--", "-->", Kind::Aside),
    ("<![CDATA[", "]]>", Kind::Cdata),
    ("<?", "?>", Kind::Aside),
];

/// The token that begins at a byte of the text; none at its end.
fn token(text: &str, start: usize) -> Option<Token> {
    let rest = &text[start..];
    if rest.is_empty() {
        return None;
    }
    let (kind, len) = if !rest.starts_with('<') {
        (Kind::Text, memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len()))
    } else if let Some((begin, end, kind)) = BRACKETS.iter().find(|(begin, ..)| rest.starts_with(begin)) {
        match memchr::memmem::find(&rest.as_bytes()[begin.len()..], end.as_bytes()) {
            Some(found) => (*kind, begin.len() + found + end.len()),
            None => (Kind::Stray, rest.len()),
        }
    } else {
        tag(rest)
    };
    Some(Token {
        kind,
        at: start..start + len,
    })
}

/// A tag or a document type. One that is not closed ends before the next `<`, which no tag may hold.
fn tag(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let aside = bytes.get(1) == Some(&b'!');
    let named = bytes
        .get(1)
        .is_some_and(|b| *b == b'/' || *b == b'_' || *b == b':' || b.is_ascii_alphabetic() || *b >= 0x80);
    if !aside && !named {
        return (Kind::Stray, 1);
    }
    let (mut quote, mut subset) = (None, 0usize);
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match (quote, *byte) {
            (None, b'>') if subset == 0 => {
                let kind = match bytes[1] {
                    b'!' => Kind::Aside,
                    b'/' => Kind::Close,
                    _ if bytes[at - 1] == b'/' => Kind::Empty,
                    _ => Kind::Open,
                };
                return (kind, at + 1);
            }
            (None, b'[') if aside => subset += 1,
            (None, b']') if aside => subset = subset.saturating_sub(1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (_, b'<') if subset == 0 => return (Kind::Stray, at),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    (Kind::Stray, bytes.len())
}

fn tokens(text: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(token) = token(text, at) {
        at = token.at.end;
        all.push(token);
    }
    all
}

/// The name in a tag.
fn name(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['<', '/']);
    let end = tag
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '>' | '<'))
        .unwrap_or(tag.len());
    &tag[..end]
}

/// Finds the first thing that is not well-formed. A text that is only the beginning of a document may stop anywhere.
pub(super) fn check(text: &str, extent: Extent) -> Result<(), Broken> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    let (mut at, mut deepest, mut elements) = (0, 0, 0usize);
    while let Some(token) = token(text, at) {
        at = token.at.end;
        let (shown, start) = (token.of(text), token.at.start);
        let unfinished = extent == Extent::Beginning && at == text.len();
        match token.kind {
            Kind::Stray if unfinished => {}
            Kind::Stray => return Err(stray(shown, start)),
            Kind::Text if open.is_empty() && !shown.trim_ascii().is_empty() => return Err(outside(shown, start)),
            Kind::Close => match open.pop() {
                Some((expected, _)) if expected == name(shown) => {}
                Some((expected, _)) => {
                    let message = format!("`</{}>` stands where `</{expected}>` should", name(shown));
                    return Err(Broken::at(start, message));
                }
                None => return Err(Broken::at(start, format!("`</{}>` closes nothing", name(shown)))),
            },
            Kind::Open => {
                open.push((name(shown), start));
                deepest = deepest.max(open.len());
                elements += 1;
            }
            Kind::Empty => elements += 1,
            Kind::Text | Kind::Cdata | Kind::Aside => {}
        }
    }
    if extent == Extent::Beginning {
        return Ok(());
    }
    if let Some((name, start)) = open.last() {
        return Err(Broken::at(*start, format!("`<{name}>` is not closed")));
    }
    if elements == 0 {
        return Err(Broken::at(0, "there is no element"));
    }
    if deepest > MOST_DEPTH { Ok(()) } else { parse(text) }
}

/// A longer tag may have so many attributes that comparing each with each takes long.
const MOST_TAG: usize = 8192;

/// Whether a parser would take too long: tags nested too deep, or too long.
pub(super) fn is_heavy(text: &str) -> bool {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(token) = token(text, at) {
        at = token.at.end;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        let tag = matches!(token.kind, Kind::Open | Kind::Empty) && token.at.len() > MOST_TAG;
        if tag || depth > MOST_DEPTH {
            return true;
        }
    }
    false
}

fn stray(shown: &str, start: usize) -> Broken {
    let message = match shown {
        "<" => "this `<` begins no tag; in text write &lt;",
        s if s.starts_with("<!--") => "this comment is not closed with `-->`",
        s if s.starts_with("<![CDATA[") => "this CDATA is not closed with `]]>`",
        s if s.starts_with("<?") => "this is not closed with `?>`",
        s if s.matches('"').count() % 2 == 1 => "a quote in this tag is not closed, or holds a `<` that should be &lt;",
        _ => "this tag is not closed with `>`",
    };
    Broken::at(start, message)
}

fn outside(shown: &str, start: usize) -> Broken {
    if shown.starts_with('\u{feff}') {
        return Broken::at(start, "a byte order mark stands before the document");
    }
    let blank = shown.len() - shown.trim_ascii_start().len();
    Broken::at(start + blank, "text stands outside of the root element")
}

/// What tags alone do not tell: references, attributes, names.
fn parse(text: &str) -> Result<(), Broken> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let Err(e) = Document::parse_with_options(text, options) else {
        return Ok(());
    };
    let (pos, said) = (e.pos(), e.to_string());
    let place = format!(" at {pos}");
    Err(Broken::placed(
        pos.row,
        pos.col,
        said.strip_suffix(&place).unwrap_or(&said),
    ))
}

/// What an element holds.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    text: bool,
    elements: bool,
    /// The token that closes it.
    close: usize,
}

impl Content {
    /// Laid out element by element; anything else stays as written.
    fn is_block(self) -> bool {
        self.elements && !self.text
    }
}

/// What each element holds, by the token that opens it.
fn contents(text: &str, tokens: &[Token]) -> Vec<Content> {
    let mut all = vec![Content::default(); tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (n, token) in tokens.iter().enumerate() {
        let parent = open.last().map(|&p| &mut all[p]);
        match (token.kind, parent) {
            (Kind::Text, Some(parent)) => parent.text |= !token.of(text).trim_ascii().is_empty(),
            (Kind::Cdata | Kind::Stray, Some(parent)) => parent.text = true,
            (Kind::Open | Kind::Empty | Kind::Aside, Some(parent)) => parent.elements = true,
            _ => {}
        }
        match token.kind {
            Kind::Open => {
                all[n].close = tokens.len();
                open.push(n);
            }
            Kind::Close => {
                if let Some(opened) = open.pop() {
                    all[opened].close = n;
                }
            }
            _ => {}
        }
    }
    all
}

/// Well-formed XML, an element a line, two blanks a level.
pub(super) fn lay_out(text: &str, sheet: &mut Sheet) {
    let tokens = tokens(text);
    let contents = contents(text, &tokens);
    let (mut depth, mut verbatim, mut first) = (0usize, None, true);
    for (n, token) in tokens.iter().enumerate() {
        if sheet.is_full() {
            return sheet.leave_out(text.len() - token.at.start);
        }
        if token.kind == Kind::Close {
            depth = depth.saturating_sub(1);
        }
        let blank = token.kind == Kind::Text && token.of(text).trim_ascii().is_empty();
        if verbatim.is_none() {
            if blank {
                continue;
            }
            if !std::mem::take(&mut first) {
                sheet.break_line(2 * depth.min(MOST_INDENT));
            }
        }
        paint(text, token, verbatim.is_none(), sheet);
        if token.kind == Kind::Open {
            depth += 1;
            if verbatim.is_none() && !contents[n].is_block() {
                verbatim = Some(contents[n].close);
            }
        }
        if verbatim == Some(n) {
            verbatim = None;
        }
    }
}

/// Any text, coloured as far as it is XML.
pub(super) fn as_it_stands(text: &str, sheet: &mut Sheet) {
    let mut at = 0;
    while let Some(token) = token(text, at) {
        if sheet.is_full() {
            return sheet.leave_out(text.len() - at);
        }
        at = token.at.end;
        paint(text, &token, false, sheet);
    }
}

/// Puts a token; `flat` writes a tag on one line.
fn paint(text: &str, token: &Token, flat: bool, sheet: &mut Sheet) {
    let shown = token.of(text);
    match token.kind {
        Kind::Text | Kind::Stray => sheet.put(Role::Plain, shown),
        Kind::Aside => sheet.put(Role::Comment, shown),
        Kind::Cdata => {
            let inner = &shown["<![CDATA[".len()..shown.len() - "]]>".len()];
            sheet.put(Role::Punct, "<![CDATA[");
            sheet.put(Role::Plain, inner);
            sheet.put(Role::Punct, "]]>");
        }
        Kind::Open | Kind::Close | Kind::Empty => paint_tag(shown, flat, sheet),
    }
}

fn paint_tag(tag: &str, flat: bool, sheet: &mut Sheet) {
    let mut rest = tag;
    while let Some(c) = rest.chars().next() {
        let (role, len) = match c {
            '"' | '\'' => (Role::Text, rest[1..].find(c).map_or(rest.len(), |end| end + 2)),
            '<' | '>' | '/' | '=' => (Role::Punct, 1),
            c if c.is_whitespace() => (
                Role::Plain,
                rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()),
            ),
            _ => {
                let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '/' | '=' | '"' | '\'');
                (Role::Name, rest.find(ends).unwrap_or(rest.len()))
            }
        };
        let (piece, after) = rest.split_at(len);
        match role {
            Role::Plain if flat && after.starts_with(['>', '/']) => {}
            Role::Plain if flat => sheet.put(role, " "),
            _ => sheet.put(role, piece),
        }
        rest = after;
    }
}
