//! Form-encoded text: webhook bodies, `alert_text`, `request_variables`, `response_headers`.
//!
//! Order and repeated names are kept, a name without `=` has an empty value, and what does not decode stays as it is.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// The decoded pairs of a form-encoded text in order.
///
/// Names and values are a few bytes long: one plain loop is faster than a search for each.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('&');
        if rest.is_empty() {
            return None;
        }
        let (mut equals, mut end, mut plain) = (None, rest.len(), true);
        for (i, b) in rest.bytes().enumerate() {
            match b {
                b'&' => {
                    end = i;
                    break;
                }
                b'=' if equals.is_none() => equals = Some(i),
                b'%' | b'+' => plain = false,
                _ => {}
            }
        }
        let (name, value) = (&rest[..equals.unwrap_or(end)], equals.map_or("", |e| &rest[e + 1..end]));
        rest = &rest[end..];
        Some(if plain {
            (Cow::Borrowed(name), Cow::Borrowed(value))
        } else {
            (decode(name), decode(value))
        })
    })
}

/// The decoded pairs, owned.
pub(super) fn owned(text: &str) -> Vec<(String, String)> {
    let mut list = Vec::with_capacity(memchr::memchr_iter(b'&', text.as_bytes()).count() + 1);
    for (name, value) in pairs(text) {
        list.push((name.into_owned(), value.into_owned()));
    }
    list
}

/// The decoded pairs without the parameters that only tell where the callers' numbers are registered: two thirds of a
/// voice request, which no rule asks for.
pub(super) fn telling(text: &str) -> Vec<(String, String)> {
    let place = |name: &str| {
        ["City", "State", "Zip", "Country"]
            .iter()
            .any(|what| matches!(name.strip_suffix(what), Some("From" | "To" | "Caller" | "Called")))
    };
    let kept = text
        .split('&')
        .filter(|pair| !place(pair.split('=').next().unwrap_or_default()));
    kept.flat_map(pairs)
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect()
}

/// One name or value decoded: `+` is a blank, `%XX` a byte; bytes that are no UTF-8 become U+FFFD.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.iter().position(|b| matches!(b, b'%' | b'+')) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut i = first;
    while i < bytes.len() {
        let mut byte = bytes[i];
        if byte == b'+' {
            byte = b' ';
        } else if byte == b'%'
            && let Some((high, low)) = hex(bytes.get(i + 1)).zip(hex(bytes.get(i + 2)))
        {
            byte = high << 4 | low;
            i += 2;
        }
        out.push(byte);
        i += 1;
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn hex(b: Option<&u8>) -> Option<u8> {
    match *b? {
        b @ b'0'..=b'9' => Some(b - b'0'),
        b @ b'A'..=b'F' => Some(b - b'A' + 10),
        b @ b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    }
}

/// True when a line can be a form body: `name=value&…` without blanks, a plain name first.
pub(super) fn is_form(line: &[u8]) -> bool {
    let Some(end) = memchr(b'=', &line[..line.len().min(64)]) else {
        return false;
    };
    end > 0
        && line[..end]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && memchr2(b' ', b'\t', line).is_none()
}

/// True when one of the parameters is there that only Twilio's requests have.
pub(super) fn is_ours(line: &[u8]) -> bool {
    line.split(|b| *b == b'&').any(|pair| {
        let name = &pair[..memchr(b'=', pair).unwrap_or(pair.len())];
        matches!(
            name,
            b"CallSid" | b"MessageSid" | b"SmsSid" | b"RecordingSid" | b"Payload" | b"AccountSid"
        )
    })
}
