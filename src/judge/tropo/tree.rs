//! JSON with the place of every key and value.
//!
//! Only reads what `serde_json` has already accepted, so that there is one authority on what is JSON; it gives none for anything else.

use std::borrow::Cow;

/// A value, and where it stands.
pub(super) struct Node<'a> {
    /// Byte offset in the document.
    pub(super) at: usize,
    /// As written.
    pub(super) raw: &'a str,
    pub(super) kind: Kind<'a>,
}

/// What a value is.
pub(super) enum Kind<'a> {
    Null,
    Bool,
    Number,
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<Entry<'a>>),
}

/// A key and its value.
pub(super) struct Entry<'a> {
    /// Where the key stands.
    pub(super) at: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) value: Node<'a>,
}

impl<'a> Node<'a> {
    /// The text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key that counts: the last of its name.
    pub(super) fn get(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries().iter().rev().find(|e| e.key == key)
    }

    /// The entries of a map, none of anything else.
    pub(super) fn entries(&self) -> &[Entry<'a>] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list, or the value itself where it is none.
    pub(super) fn each(&self) -> &[Node<'a>] {
        match &self.kind {
            Kind::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The word for what it is.
    pub(super) fn is(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool => "a truth value",
            Kind::Number => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
        }
    }
}

/// Reads a document; none where it is not JSON, or nested deeper than `serde_json` reads.
pub(super) fn read(text: &str) -> Option<Node<'_>> {
    Reader { text, at: 0 }.value(DEPTH)
}

const DEPTH: usize = 128;

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a byte that must be there.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Node<'a>> {
        let depth = depth.checked_sub(1)?;
        let first = self.peek()?;
        let at = self.at;
        let kind = match first {
            b'{' => Kind::Map(self.sequence(b'}', |r| r.entry(depth))?),
            b'[' => Kind::List(self.sequence(b']', |r| r.value(depth))?),
            b'"' => Kind::Text(self.string()?),
            _ => self.word()?,
        };
        let raw = &self.text[at..self.at];
        Some(Node { at, raw, kind })
    }

    /// What stands between brackets, separated by commas.
    fn sequence<T>(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek()? == end {
            self.at += 1;
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                _ if next == end => return Some(items),
                _ => return None,
            }
        }
    }

    fn entry(&mut self, depth: usize) -> Option<Entry<'a>> {
        self.peek().filter(|b| *b == b'"')?;
        let at = self.at;
        let key = self.string()?;
        self.take(b':')?;
        let value = self.value(depth)?;
        Some(Entry { at, key, value })
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let (mut at, mut escapes) = (start + 1, false);
        while *bytes.get(at)? != b'"' {
            let escape = bytes[at] == b'\\';
            escapes |= escape;
            at += if escape { 2 } else { 1 };
        }
        self.at = at + 1;
        if escapes {
            serde_json::from_str(self.text.get(start..self.at)?)
                .ok()
                .map(Cow::Owned)
        } else {
            self.text.get(start + 1..at).map(Cow::Borrowed)
        }
    }

    fn word(&mut self) -> Option<Kind<'a>> {
        let rest = &self.text.as_bytes()[self.at..];
        let len = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
            .count();
        self.at += len;
        match &rest[..len] {
            b"" => None,
            b"null" => Some(Kind::Null),
            b"true" | b"false" => Some(Kind::Bool),
            _ => Some(Kind::Number),
        }
    }
}
