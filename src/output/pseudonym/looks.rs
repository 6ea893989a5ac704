//! What can be told by its looks, wherever it stands: numbers, SIDs and ids, addresses, tunnels, tokens.
//!
//! Rather too much than too little. An escape of a URL may stand right in front (`%3DCA…`): it is part of a match, so that its hex digits
//! are not taken for the value's.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Kind;
use super::known::{Spelling, follows_escape};

/// A part of a text that something stands in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// The value as it was learnt; none: it is what stands there.
    pub(super) known: Option<String>,
    pub(super) spelling: Spelling,
    /// As it was learnt also in capitals and small letters.
    pub(super) exact: bool,
}

const PATTERN: &str = r#"(?x)
    ://(?P<login>[^/@\s"'<>?\#]+)@
  | (?:/|%2[Ff])(?P<segment>[A-Za-z0-9_-]{16,})
  | [?&;](?i:code)=(?P<code>[^\s"'&<>,;]{4,})
  | (?P<jwt>eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)
  | (?P<marked>\b(?:(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|xox[a-z]-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA)[0-9A-Z]{12,}|gh[a-z]_[A-Za-z0-9]{20,}))
  | (?:(?i:token|secret|password|passwd|pwd|(?:api|shared)[_-]?key|signature)
        (?:=|%3[Dd]|["']?\s*(?:=>|:|=)\s*["'])|(?i:bearer|basic)\x20+)(?P<secret>[^\s"'&<>,;]{6,})
  | \b(?i:auth|key|sig|pass|passphrase|pw|pin|otp|ssn|jwt|session)(?:=|%3[Dd]|["']?\s*(?:=>|:|=)\s*["'])(?P<short>[^\s"'&<>,;]{4,})
  | \b(?:username|identity)\s*=\s*["'](?P<named>[^\s"'&<>]+)
  | <(?:Client|Identity)>\s*(?P<noun>[^\s"'&<>]+)
  | (?P<user>(?:%[0-9A-Fa-f]{2})?(?:[A-Za-z0-9._+~-]|%2[Bb])+(?:@|%40)(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]))
  | (?i:client)(?::|%3[Aa])(?P<client>[A-Za-z0-9_.~-]+)
  | (?P<sid>(?:%[0-9A-Fa-f]{2})?[A-Z]{2}[0-9A-Fa-f]{32})
  | (?P<guid>(?:%[0-9A-Fa-f]{2})?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})
  | (?P<hex>(?:%[0-9A-Fa-f]{2})?[0-9A-Fa-f]{32,})
  | (?P<tunnel>(?:%[0-9A-Fa-f]{2})?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?i:
        ngrok\.io|ngrok-free\.app|ngrok-free\.dev|ngrok\.app|ngrok\.dev|ngrok\.pizza|loca\.lt|localtunnel\.me|trycloudflare\.com|serveo\.net|
        localhost\.run|lhr\.life|lhr\.rocks|devtunnels\.ms|ts\.net|pagekite\.me|telebit\.io|tunnelmole\.net|bore\.pub|zrok\.io|pinggy\.link|pinggy\.io))
  | (?P<v4>(?:%[0-9A-Fa-f]{2})?[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})
  | (?P<plus>(?:\+|%2[Bb])[1-9](?:[\ ().-]{0,3}[0-9]){6})
  | (?P<local>(?:%[0-9A-Fa-f]{2})?(?:1[\ .-]?)?(?:\([2-9][0-9]{2}\)|[2-9][0-9]{2})[\ .-]{0,2}[2-9][0-9]{2}[\ .-]?[0-9]{4})
  | \b(?P<home>0[1-9][0-9]{1,3}[\ /-][0-9]{3,4}[\ -]?[0-9]{3,5})\b
  | (?P<v6>[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]+:[0-9A-Fa-f:]*)
"#;

static LOOKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PATTERN).ok());

/// All that can be told by its looks, in order and apart. A number begins and ends where one of `numbers` does, those that are known.
pub(super) fn spans(text: &str, numbers: &[Span]) -> Vec<Span> {
    // Nothing that is told by its looks is shorter, or has none of these; an id of letters alone is long.
    if text.len() < 4
        || !text
            .bytes()
            .any(|b| b.is_ascii_digit() || b":@.=_-".contains(&b) || b == b' ')
            && text.len() < 32
    {
        return Vec::new();
    }
    let Some(looks) = LOOKS.as_ref() else { return Vec::new() };
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(found) = looks.captures_at(text, at) {
        let whole = found.get(0).map_or(at..at + 1, |m| m.range());
        let mut span = span(text, &found);
        let number = span.as_ref().filter(|s| s.kind == Kind::Number);
        if let Some(known) = number.and_then(|s| numbers.iter().find(|k| k.start < s.end && s.start < k.end)) {
            span = before(text, span, known);
            if span.is_none() {
                at = known.end;
                continue;
            }
        }
        let end = span.as_ref().map_or(whole.end, |s| s.end);
        // What turned out to be nothing may hold something behind its beginning; a part of an address is none.
        at = match &span {
            Some(_) => end.max(whole.start + 1),
            None if found.name("v4").is_some() => whole.end,
            None => whole.start + text[whole.start..].chars().next().map_or(1, char::len_utf8),
        };
        out.extend(span);
        if at > text.len() {
            break;
        }
    }
    out
}

/// A number as far as a known one does not begin within it.
fn before(text: &str, span: Option<Span>, known: &Span) -> Option<Span> {
    let span = span?;
    let front = text.get(span.start..known.start)?;
    let digits = super::numbers::places(front);
    let end = match digits.last() {
        Some(last) if digits.len() >= 7 => span.start + last + 1,
        // Perhaps another number that ends with the same digits.
        Some(_) if span.end >= known.end => span.end,
        _ => return None,
    };
    Some(Span { end, ..span })
}

fn span(text: &str, found: &Captures<'_>) -> Option<Span> {
    let kinds = [
        ("login", Kind::Token),
        ("segment", Kind::Token),
        ("code", Kind::Token),
        ("jwt", Kind::Token),
        ("marked", Kind::Token),
        ("secret", Kind::Token),
        ("short", Kind::Token),
        ("named", Kind::User),
        ("noun", Kind::User),
        ("user", Kind::User),
        ("client", Kind::User),
        ("sid", Kind::Id),
        ("guid", Kind::Id),
        ("hex", Kind::Id),
        ("tunnel", Kind::Tunnel),
        ("v4", Kind::Address),
        ("plus", Kind::Number),
        ("local", Kind::Number),
        ("home", Kind::Number),
        ("v6", Kind::Address),
    ];
    let (name, kind, at) = kinds
        .iter()
        .find_map(|(name, kind)| Some((*name, *kind, found.name(name)?)))?;
    let (start, mut end) = (at.start(), at.end());
    let (bytes, value) = (text.as_bytes(), after_escape(at.as_str()).1);
    let mut kind = kind;
    match name {
        "segment" if is_id(value) || !is_random(value) => return None,
        "code" if !super::named::is_code(value) => return None,
        // An id is told as one.
        "short"
            if matches!(value.len(), 32 | 34 | 36)
                && value.bytes().all(|b| b.is_ascii_hexdigit() || b"-ACS".contains(&b)) =>
        {
            return None;
        }
        "sid" | "hex" => {
            end += bytes[end..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
            if end > at.end() || name == "hex" && value.len() != 32 {
                kind = Kind::Token;
            }
        }
        "plus" => {
            let sign = if at.as_str().starts_with('+') { 1 } else { 3 };
            end = super::numbers::end(text, start + sign).unwrap_or(end);
        }
        "v4" => {
            of_host(value).filter(|k| *k == Kind::Address)?;
        }
        "v6" => {
            let colons = value.matches(':').count();
            let wide = value.split(':').any(|part| part.len() >= 3);
            let real = value
                .parse::<Ipv6Addr>()
                .ok()
                .filter(|a| !a.is_loopback() && !a.is_unspecified());
            real.filter(|_| colons >= 3 || wide)?;
        }
        "local" => {
            let letter = |b: &u8| b.is_ascii_alphanumeric();
            let before = start
                .checked_sub(1)
                .and_then(|n| bytes.get(n))
                .is_some_and(|b| letter(b) || *b == b'.' || *b == b'-');
            let escaped = start != at.end() - value.len() || follows_escape(&bytes[..start]);
            let after = bytes.get(end).is_some_and(letter)
                || bytes
                    .get(end..end + 2)
                    .is_some_and(|b| b[0] == b'.' && b[1].is_ascii_digit());
            if after || before && !escaped {
                return None;
            }
        }
        _ => {}
    }
    Some(Span {
        start,
        end,
        kind,
        known: None,
        spelling: Spelling::Plain,
        exact: true,
    })
}

/// 32 hex digits, with the prefix of a SID or the hyphens of a GUID.
fn is_id(value: &str) -> bool {
    let own = if value.len() == 34 {
        value.get(2..).unwrap_or("")
    } else {
        value
    };
    let hex = own.bytes().filter(u8::is_ascii_hexdigit).count();
    let hyphens = own.bytes().filter(|b| *b == b'-').count();
    hex == 32 && (hyphens == 0 || hyphens == 4) && own.len() == hex + hyphens
}

/// What nobody would write down as a word: letters and digits, or capitals and small letters, that take turns.
fn is_random(value: &str) -> bool {
    let (mut digits, mut cases) = (0, 0);
    for pair in value.as_bytes().windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() {
            digits += usize::from(a.is_ascii_digit() != b.is_ascii_digit());
            let letters = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
            cases += usize::from(letters && a.is_ascii_uppercase() != b.is_ascii_uppercase());
        }
    }
    digits >= 3 || cases * 3 >= value.len()
}

/// The longest of what overlaps, in the order of the text.
pub(super) fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|s| (std::cmp::Reverse(s.end - s.start), !s.exact, s.start));
    let mut taken: std::collections::BTreeMap<usize, Span> = std::collections::BTreeMap::new();
    for span in spans {
        let before = taken.range(..span.end).next_back();
        if before.is_none_or(|(_, b)| b.end <= span.start) {
            taken.insert(span.start, span);
        }
    }
    taken.into_values().collect()
}

/// The escape of a URL that a match begins with, and the value behind it; the escape of a plus belongs to the value.
pub(super) fn after_escape(text: &str) -> (&str, &str) {
    match text.as_bytes() {
        [b'%', b'2', b'b' | b'B', ..] => ("", text),
        [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => text.split_at(3),
        _ => ("", text),
    }
}

/// What the user of an address is.
pub(super) fn of_user(user: &str) -> Option<Kind> {
    let own = user.trim_start_matches('+');
    let own = own.strip_prefix("%2B").or(own.strip_prefix("%2b")).unwrap_or(own);
    let digits = own.bytes().all(|b| b.is_ascii_digit());
    match own.len() {
        0 => None,
        3..=18 if digits => Some(Kind::Number),
        32 if own.bytes().all(|b| b.is_ascii_hexdigit()) => Some(Kind::Id),
        _ if ["anonymous", "unknown", "unavailable"].contains(&own.to_ascii_lowercase().as_str()) => None,
        _ if user.contains('%') => Some(Kind::Token),
        _ => Some(Kind::User),
    }
}

/// What the host of an address is; this machine is nobody's.
pub(super) fn of_host(host: &str) -> Option<Kind> {
    if host.starts_with('[') {
        return Some(Kind::Host);
    }
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        let here = v4.is_loopback() || v4.is_unspecified();
        return (!here).then_some(Kind::Address);
    }
    if host.split('.').count() == 4 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        // Zeros in front, or an escape's digits: more than an address has, but there is one in it.
        let fits = host
            .split('.')
            .all(|n| n.trim_start_matches('0').parse::<u8>().is_ok() || n.bytes().all(|b| b == b'0'));
        return fits.then_some(Kind::Address);
    }
    let here = host.eq_ignore_ascii_case("localhost");
    let ours = host.to_ascii_lowercase().ends_with(".example")
        && host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.matches('.').count() == 1;
    (!here && !ours).then_some(Kind::Host)
}
