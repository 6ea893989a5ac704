//! Values that a field taught, found again in any text: plain, percent-encoded, in JSON or in XML.

use std::borrow::Cow;
use std::cell::OnceCell;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::Kind;
use super::looks::Span;
use super::numbers::{Number, Numbers};

/// How a value is written in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    #[default]
    Plain,
    /// Percent-encoded, a blank as `+`.
    Form,
    /// Percent-encoded, a blank as `%20`.
    Percent,
    /// Within a JSON string.
    Json,
    /// Within XML.
    Xml,
}

impl Spelling {
    /// A text in this spelling.
    pub(super) fn write(self, text: &str) -> Cow<'_, str> {
        let form = || form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        match self {
            Self::Plain => text.into(),
            Self::Form => form().into(),
            Self::Percent => form().replace('+', "%20").into(),
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned().into()
            }
            Self::Xml => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .into(),
        }
    }
}

/// A value to look for.
#[derive(Clone, Debug)]
struct Literal {
    kind: Kind,
    /// As it was learnt.
    value: String,
    /// As it is looked for.
    text: String,
    spelling: Spelling,
    /// One word: only in prose, for it may be a tag, a path or a word of a program as well.
    word: bool,
    /// Only with a capital, as names are written.
    capital: bool,
}

/// All that was learnt.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    literals: Vec<Literal>,
    /// Made when it is first asked for after something was learnt.
    finder: OnceCell<Option<AhoCorasick>>,
    numbers: Numbers,
    number_finder: OnceCell<Option<AhoCorasick>>,
}

impl Known {
    /// A value to be found in texts, unless it is so short that it stands anywhere by chance.
    pub(super) fn add(&mut self, kind: Kind, value: &str) {
        let least = match kind {
            Kind::Name | Kind::User => 3,
            Kind::City => 4,
            Kind::Text | Kind::Token | Kind::Digits | Kind::Card => 6,
            Kind::Account => 15,
            // Numbers have spellings of their own ([`Known::add_number`]); else their looks say what they are wherever they stand, or they are too short to look for.
            Kind::Id | Kind::Address | Kind::Tunnel | Kind::Host | Kind::Zip | Kind::State | Kind::Number => return,
        };
        let length = value.trim().chars().count();
        let word =
            matches!(kind, Kind::Name | Kind::Text) && value.chars().all(|c| c.is_alphabetic() || "'-.".contains(c));
        let capital = word && kind == Kind::Text && length < least;
        if length < if word { least.min(4) } else { least } {
            return;
        }
        let spellings = [
            Spelling::Plain,
            Spelling::Form,
            Spelling::Percent,
            Spelling::Json,
            Spelling::Xml,
        ];
        let mut texts: Vec<String> = Vec::new();
        for spelling in spellings {
            let text = spelling.write(value).into_owned();
            if !texts.contains(&text) {
                texts.push(text.clone());
                self.literals.push(Literal {
                    kind,
                    value: value.to_owned(),
                    text,
                    spelling,
                    word,
                    capital,
                });
            }
        }
        self.finder = OnceCell::new();
    }

    /// A word of a name, to be found where it is written as one.
    pub(super) fn add_word(&mut self, word: &str) {
        self.literals.push(Literal {
            kind: Kind::Name,
            value: word.to_owned(),
            text: word.to_owned(),
            spelling: Spelling::Plain,
            word: true,
            capital: true,
        });
        self.finder = OnceCell::new();
    }

    /// A telephone number to be found in texts.
    pub(super) fn add_number(&mut self, number: Number) {
        self.numbers.add(number);
        self.number_finder = OnceCell::new();
    }

    /// The number that is written with these digits.
    pub(super) fn number(&self, digits: &str) -> Option<&Number> {
        self.numbers.get(digits)
    }

    /// Where numbers stand in a text, in order and apart.
    pub(super) fn number_spans(&self, text: &str) -> Vec<Span> {
        if self.numbers.is_empty() {
            return Vec::new();
        }
        match self.number_finder.get_or_init(|| self.numbers.finder()) {
            Some(finder) => self.numbers.spans(finder, text),
            None => Vec::new(),
        }
    }

    /// Where all but numbers stand in a text; with `words`, single words of prose too.
    pub(super) fn spans(&self, text: &str, words: bool) -> Vec<Span> {
        let make = || {
            let texts = self.literals.iter().map(|l| &l.text);
            AhoCorasickBuilder::new().ascii_case_insensitive(true).build(texts).ok()
        };
        let finder = self.finder.get_or_init(make);
        let Some(finder) = finder.as_ref().filter(|_| !self.literals.is_empty()) else {
            return Vec::new();
        };
        let found = finder.find_overlapping_iter(text);
        found
            .filter_map(|m| {
                let literal = self.literals.get(m.pattern().as_usize())?;
                let there = &text[m.range()];
                let wanted = !literal.word || words && literal.is_prose(text, m.start(), m.end());
                (wanted && literal.stands_at(text, m.start(), m.end())).then(|| Span {
                    start: m.start(),
                    end: m.end(),
                    kind: literal.kind,
                    known: Some(literal.value.clone()),
                    spelling: literal.spelling,
                    exact: there == literal.text,
                })
            })
            .collect()
    }
}

impl Literal {
    /// A word among words, or a value of its own: no tag, no attribute, no part of a path.
    fn is_prose(&self, text: &str, start: usize, end: usize) -> bool {
        let (front, behind) = (&text[..start], &text[end..]);
        let mut before = front.chars().rev();
        let opened = match before.next() {
            None => true,
            Some('"' | '\'') => !before.next().is_some_and(|c| "=:".contains(c)),
            Some(c) => c.is_whitespace() || ">(,;=".contains(c),
        };
        let mut after = behind.chars();
        let closed = match after.next() {
            None => true,
            Some('.' | ':') => after.next().is_none_or(|c| c.is_whitespace() || c == '<'),
            Some(c) => c.is_whitespace() || "<),;!?&\"'".contains(c),
        };
        let capital = text[start..].starts_with(char::is_uppercase);
        opened && closed && (capital || !self.capital)
    }

    /// Not as a part of a longer word or number.
    fn stands_at(&self, text: &str, start: usize, end: usize) -> bool {
        let part = |b: &u8| match self.kind {
            Kind::Digits => b.is_ascii_digit(),
            _ => self.text.len() < 8 && b.is_ascii_alphanumeric(),
        };
        let bytes = text.as_bytes();
        let joined_after = bytes.get(end).is_some_and(part) && bytes.get(end - 1).is_some_and(part);
        let before = start.checked_sub(1).and_then(|n| bytes.get(n));
        let joined_before = before.is_some_and(part) && bytes.get(start).is_some_and(part);
        !joined_after && (!joined_before || follows_escape(&bytes[..start]))
    }
}

/// The text ends with an escape of a URL or of JSON, whose last letter belongs to it.
pub(super) fn follows_escape(before: &[u8]) -> bool {
    let hex = |all: &[u8]| all.iter().all(u8::is_ascii_hexdigit);
    match before {
        [.., b'%', a, b] if hex(&[*a, *b]) => true,
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f'] => true,
        [.., b'\\', b'u', a, b, c, d] => hex(&[*a, *b, *c, *d]),
        _ => false,
    }
}
