//! Numbers of accounts that prove themselves, wherever they stand: of cards by their check digit and issuer (ISO/IEC 7812), of banks by
//! theirs (IBAN, ISO 13616), of social security by their groups. Blanks and hyphens may stand between.
//!
//! To add a kind of number, add the function that proves it and its spans.

use super::Kind;
use super::known::{Spelling, follows_escape};
use super::looks::Span;

/// The lengths of card numbers.
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
/// The lengths of IBANs in the registry; a SID, which may look like one, is longer.
const IBAN: std::ops::RangeInclusive<usize> = 15..=33;

/// All of them, apart within a kind.
pub(super) fn spans(text: &str) -> Vec<Span> {
    if text.bytes().filter(u8::is_ascii_digit).count() < 9 {
        return Vec::new();
    }
    let digits = pieces(text, |b| b.is_ascii_digit());
    let mut all = runs(text, &digits, Kind::Card, |d, _| is_card(d));
    all.extend(runs(text, &digits, Kind::Digits, |d, lens| {
        lens == [3, 2, 4] && is_ssn(d)
    }));
    let capitals = pieces(text, |b| b.is_ascii_digit() || b.is_ascii_uppercase());
    all.extend(runs(text, &capitals, Kind::Account, |t, _| is_iban(t)));
    all
}

/// Letters or digits side by side.
struct Piece {
    start: usize,
    end: usize,
    /// One blank, hyphen or plus stands between it and the piece before it.
    joined: Option<u8>,
    /// Nothing of the same word touches it.
    free: (bool, bool),
}

/// The pieces of a text that are made of such bytes; the escape of a URL is one character.
fn pieces(text: &str, of: impl Fn(u8) -> bool) -> Vec<Piece> {
    let bytes = text.as_bytes();
    let mut all: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escape = follows_escape(&bytes[..(at + 3).min(bytes.len())]) && bytes[at] == b'%';
        if escape || !of(bytes[at]) {
            at += if escape { 3 } else { 1 };
            continue;
        }
        let start = at;
        while at < bytes.len() && of(bytes[at]) {
            at += 1;
        }
        let between = all.last().map(|p: &Piece| &text[p.end..start]);
        let joined = match between {
            Some(" " | "+" | "%20") => Some(b' '),
            Some("-") => Some(b'-'),
            _ => None,
        };
        let letter = |b: &u8| b.is_ascii_alphanumeric();
        let before = start.checked_sub(1).and_then(|n| bytes.get(n)).is_some_and(letter);
        let free = (
            !before || follows_escape(&bytes[..start]),
            !bytes.get(at).is_some_and(letter),
        );
        all.push(Piece {
            start,
            end: at,
            joined,
            free,
        });
    }
    all
}

/// The longest rows of pieces that are proved, given what they hold and how long each is.
fn runs(text: &str, pieces: &[Piece], kind: Kind, proves: impl Fn(&str, &[usize]) -> bool) -> Vec<Span> {
    let (mut out, mut from) = (Vec::new(), 0);
    while from < pieces.len() {
        let (mut held, mut lens, mut found) = (String::new(), Vec::new(), None);
        let mut by = None;
        for (n, piece) in pieces.iter().enumerate().skip(from) {
            // All that stands between is the same.
            if n > from && (piece.joined.is_none() || by.is_some() && by != piece.joined) {
                break;
            }
            if n > from {
                by = piece.joined;
            }
            held.push_str(&text[piece.start..piece.end]);
            lens.push(piece.end - piece.start);
            if held.len() > *IBAN.end() {
                break;
            }
            if pieces[from].free.0 && piece.free.1 && proves(&held, &lens) {
                found = Some(n);
            }
        }
        if let Some(last) = found {
            out.push(Span {
                start: pieces[from].start,
                end: pieces[last].end,
                kind,
                known: None,
                spelling: Spelling::Plain,
                exact: true,
            });
        }
        from = found.unwrap_or(from) + 1;
    }
    out
}

/// The last digit proves the others (Luhn), and there are as many as a card has.
pub(super) fn has_check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, b)| match (n % 2, u32::from(b.wrapping_sub(b'0'))) {
            (1, d) if d > 4 => 2 * d - 9,
            (1, d) => 2 * d,
            (_, d) => d,
        })
        .sum();
    let varied = digits.bytes().any(|b| Some(b) != digits.bytes().next());
    CARD.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && varied && sum.is_multiple_of(10)
}

/// The number of a card of an issuer that there is; a time in milliseconds is none.
fn is_card(digits: &str) -> bool {
    let front = |n: usize| digits.get(..n).and_then(|f| f.parse::<u32>().ok()).unwrap_or(0);
    let of_issuer = match (front(2), digits.len()) {
        (22..=27, 16) => (2221..=2720).contains(&front(4)),
        (issuer, length) => matches!(
            (issuer, length),
            (40..=49, 13 | 16 | 19)
                | (51..=55, 16)
                | (34 | 37, 15)
                | (30 | 36 | 38 | 39, 14..=19)
                | (35, 16..=19)
                | (50 | 56..=69, _)
        ),
    };
    of_issuer && has_check_digit(digits)
}

/// A number of the United States' social security.
fn is_ssn(digits: &str) -> bool {
    let (area, group, serial) = (digits.get(..3), digits.get(3..5), digits.get(5..));
    digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('9')
        && !matches!(area, None | Some("000" | "666"))
        && group.is_some_and(|g| g != "00")
        && serial.is_some_and(|s| s != "0000")
}

/// Two letters, two digits, and the remainder that those two are made for.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = matches!(bytes, [a, b, c, d, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
    if !IBAN.contains(&bytes.len()) || !begins {
        return false;
    }
    let turned = bytes[4..].iter().chain(&bytes[..4]);
    let rest = turned.fold(0_u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}
