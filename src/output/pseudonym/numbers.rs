//! Telephone numbers: how one is written at home and abroad, where learnt ones stand, and where one ends that is told by its looks.
//!
//! A learnt number is found by its digits, whatever stands between them; so are digits that a caller entered, which have one spelling. Its spellings are derived from the number itself: with and without
//! the country, with `00` or `011` in front, at home with a `0`. A country that writes its numbers otherwise at home gets a further line in
//! [`Number::spellings`]; its stand-in is spelled by the same lines.

use std::collections::HashMap;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::Kind;
use super::known::Spelling;
use super::looks::Span;

/// Country calling codes of one and two digits; all others have three (ITU-T E.164).
const SHORT_CODES: [&str; 46] = [
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
    "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Fewer digits stand anywhere by chance.
const LEAST: usize = 5;
/// From here on a number is looked for with blanks and hyphens between its digits too; a date is shorter.
const LEAST_APART: usize = 7;
/// So many digits an international number has at most.
const MOST: usize = 15;
/// Such as `) ` and ` (`, one after the other.
const MOST_BETWEEN: usize = 3;

/// A number that was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Its digits as they are compared; within North America without the country.
    pub(super) key: String,
    /// So many of them are the country's.
    country: usize,
    /// A telephone number, or digits of another kind.
    kind: Kind,
}

impl Number {
    /// What a value is whose key this is.
    pub(super) fn of(value: &str, key: &str) -> Self {
        let digits = places(value).len();
        let plus = value.starts_with('+') || value.get(..3).is_some_and(|v| v.eq_ignore_ascii_case("%2b"));
        let international = digits == key.len() && plus || key.len() > 10 || digits == key.len() + 2;
        let country = if !international || key.starts_with('0') {
            0
        } else {
            SHORT_CODES.iter().find(|c| key.starts_with(**c)).map_or(3, |c| c.len())
        };
        Self {
            key: key.to_owned(),
            country: if key.len() < country + 4 { 0 } else { country },
            kind: Kind::Number,
        }
    }

    /// Digits that are no telephone number.
    pub(super) fn entered(kind: Kind, digits: &str) -> Self {
        Self {
            key: digits.to_owned(),
            country: 0,
            kind,
        }
    }

    /// The number of stories (555-01…) of this country and length.
    pub(super) fn stand_in(&self, number: usize) -> Self {
        let mut key = self.key[..self.country].to_owned();
        let (own, number) = (self.key.len() - self.country, number - 1);
        let _ = match own {
            10.. => write!(key, "555{:0width$}", 100_000 + number, width = own - 3),
            7..10 => write!(key, "555{number:0width$}", width = own - 3),
            _ => write!(key, "{number:0own$}"),
        };
        Self {
            key,
            country: self.country,
            kind: self.kind,
        }
    }

    /// Its stand-in of this number, spelled as it is there.
    pub(super) fn spelled_like(&self, there: &str, number: usize) -> String {
        let digits = digits(there);
        let nth = self.spellings().iter().position(|s| *s == digits).unwrap_or(0);
        let fresh = self.stand_in(number).spellings();
        written(there, fresh.get(nth).map_or("", String::as_str))
    }

    /// All ways to write it, as digits; the number itself is the first.
    pub(super) fn spellings(&self) -> Vec<String> {
        let key = &self.key;
        let mut all = vec![key.clone()];
        if self.kind != Kind::Number {
            return all;
        }
        if self.country > 0 {
            let (country, own) = key.split_at(self.country);
            all.extend([
                format!("00{key}"),
                format!("011{key}"),
                format!("{country}0{own}"),
                format!("00{country}0{own}"),
                format!("0{own}"),
                own.to_owned(),
            ]);
        } else if key.len() == 10 && !key.starts_with('0') {
            all.extend(["1", "001", "0111"].map(|front| format!("{front}{key}")));
        }
        all
    }
}

/// All numbers that were learnt.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    all: Vec<Number>,
    /// Every spelling that is looked for: its digits, whose it is, and which of its spellings.
    spelled: Vec<(String, usize, usize)>,
    /// By digits, the same of all, the short ones too; what is a number itself before what another is spelled like.
    index: HashMap<String, (usize, usize)>,
}

impl Numbers {
    /// A number to be found in texts.
    pub(super) fn add(&mut self, number: Number) {
        for (n, digits) in number.spellings().into_iter().enumerate() {
            // Only the number itself may be short: a part of it stands in other numbers.
            if n > 0 && digits.len() < LEAST_APART {
                continue;
            }
            if number.kind == Kind::Number {
                let there = self.index.entry(digits.clone()).or_insert((self.all.len(), n));
                if n < there.1 {
                    *there = (self.all.len(), n);
                }
            }
            if digits.len() >= LEAST && digits.bytes().all(|b| b.is_ascii_digit()) {
                self.spelled.push((digits, self.all.len(), n));
            }
        }
        self.all.push(number);
    }

    /// The number that is written with these digits.
    pub(super) fn get(&self, digits: &str) -> Option<&Number> {
        self.index.get(digits).and_then(|(number, _)| self.all.get(*number))
    }

    /// None was learnt.
    pub(super) fn is_empty(&self) -> bool {
        self.spelled.is_empty()
    }

    /// What finds them.
    pub(super) fn finder(&self) -> Option<AhoCorasick> {
        let digits = self.spelled.iter().map(|(digits, ..)| digits);
        AhoCorasickBuilder::new().build(digits).ok()
    }

    /// Where they stand in a text, the longest where they overlap.
    pub(super) fn spans(&self, finder: &AhoCorasick, text: &str) -> Vec<Span> {
        let mut found = self.found(finder, &Row::new(text, true));
        if text.contains(['%', '\\']) {
            found.extend(self.found(finder, &Row::new(text, false)));
        }
        super::looks::apart(found)
    }

    fn found(&self, finder: &AhoCorasick, row: &Row) -> Vec<Span> {
        let all = finder.find_overlapping_iter(&row.digits);
        let wanted = all.filter(|m| row.stands_at(m.start(), m.end()));
        let spans = wanted.filter_map(|m| {
            let (_, number, n) = self.spelled.get(m.pattern().as_usize())?;
            Some(Span {
                start: row.places[m.start()],
                end: row.places[m.end() - 1] + 1,
                kind: self.all.get(*number)?.kind,
                known: Some(self.all.get(*number)?.key.clone()),
                spelling: Spelling::Plain,
                exact: *n == 0,
            })
        });
        spans.collect()
    }
}

/// The digits of a text in a row, those of one number side by side, a bar between others.
struct Row {
    digits: Vec<u8>,
    places: Vec<usize>,
}

impl Row {
    /// With `escapes`, digits of a URL's or JSON's escapes are none.
    fn new(text: &str, escapes: bool) -> Self {
        let bytes = text.as_bytes();
        let (mut digits, mut places): (Vec<u8>, Vec<usize>) = (Vec::new(), Vec::new());
        let (mut at, mut between) = (0, 0);
        while at < bytes.len() {
            let (len, c) = if escapes { unit(&bytes[at..]) } else { (1, bytes[at]) };
            if len == 1 && c.is_ascii_digit() {
                if between > MOST_BETWEEN {
                    digits.push(b'|');
                    places.push(at);
                }
                digits.push(c);
                places.push(at);
                between = 0;
            } else if b" ().-/+".contains(&c) {
                between += 1;
            } else {
                between = MOST_BETWEEN + 1;
            }
            at += len;
        }
        Self { digits, places }
    }

    /// No digit touches it, and a short one is in one piece.
    fn stands_at(&self, start: usize, end: usize) -> bool {
        let touches = |n: usize| {
            let next = self.places.get(n + 1).copied();
            self.digits[n] != b'|'
                && self.digits.get(n + 1).is_some_and(u8::is_ascii_digit)
                && next == Some(self.places[n] + 1)
        };
        let whole = end - start >= LEAST_APART || self.places[end - 1] - self.places[start] == end - 1 - start;
        whole && !touches(end - 1) && !start.checked_sub(1).is_some_and(touches)
    }
}

/// How long the character is that a text begins with, and what it is; an escape is one.
fn unit(bytes: &[u8]) -> (usize, u8) {
    let hex = |all: &[u8]| {
        std::str::from_utf8(all)
            .ok()
            .and_then(|t| u8::from_str_radix(t, 16).ok())
    };
    match bytes {
        [b'%', a, b, ..] => hex(&[*a, *b]).map_or((1, b'%'), |c| (3, c)),
        [b'\\', b'u', b'0', b'0', a, b, ..] => hex(&[*a, *b]).map_or((1, b'\\'), |c| (6, c)),
        [c, ..] => (1, *c),
        [] => (1, 0),
    }
}

/// Where the digits of a number stand that is written like this.
pub(super) fn places(written: &str) -> Vec<usize> {
    let row = Row::new(written, true);
    let digits = row.digits.iter().zip(row.places);
    digits.filter(|(d, _)| d.is_ascii_digit()).map(|(_, at)| at).collect()
}

/// The digits of a number that is written like this.
pub(super) fn digits(written: &str) -> String {
    Row::new(written, true)
        .digits
        .iter()
        .filter(|d| d.is_ascii_digit())
        .map(|d| *d as char)
        .collect()
}

/// Other digits in place of those of a number; what stands between them stays.
pub(super) fn written(as_in: &str, digits: &str) -> String {
    let places = places(as_in);
    if places.len() != digits.len() {
        let front = &as_in[..places.first().copied().unwrap_or(0)];
        return format!("{front}{digits}");
    }
    let mut out = as_in.as_bytes().to_vec();
    for (at, digit) in places.into_iter().zip(digits.bytes()) {
        out[at] = digit;
    }
    String::from_utf8(out).unwrap_or_else(|_| digits.to_owned())
}

/// Where the number ends whose digits with a country begin here; none when they are too few.
pub(super) fn end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let most = if bytes.get(start) == Some(&b'1') { 11 } else { MOST };
    let run = |at: usize| bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let first = run(start);
    let (mut count, mut end) = (first, start + first);
    // What begins in one piece is in one piece.
    if first >= 8 {
        return (count >= LEAST_APART).then_some(end);
    }
    loop {
        let between = bytes[end..].iter().take_while(|b| b" ().-".contains(b)).count();
        let (from, opens) = (end + between, text[end..].starts_with(" ("));
        let more = bytes.get(from..).map_or(0, |_| run(from));
        let complete = count >= LEAST_APART && (opens || count + more > most);
        if between > MOST_BETWEEN || more == 0 || complete {
            break;
        }
        (count, end) = (count + more, from + more);
    }
    (count >= LEAST_APART).then_some(end)
}
