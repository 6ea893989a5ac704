//! Form-encoded text: webhook bodies, `alert_text`, `request_variables`, `response_headers`.
//!
//! Order and repeated names are kept, a name without `=` has an empty value, and what does not decode stays as it is.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// The decoded pairs of a form-encoded text in order.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| match memchr(b'=', pair.as_bytes()) {
            Some(i) => (decode(&pair[..i]), decode(&pair[i + 1..])),
            None => (decode(pair), Cow::Borrowed("")),
        })
}

/// The decoded pairs, owned.
pub(super) fn owned(text: &str) -> Vec<(String, String)> {
    let mut list = Vec::with_capacity(memchr::memchr_iter(b'&', text.as_bytes()).count() + 1);
    list.extend(pairs(text).map(|(n, v)| (n.into_owned(), v.into_owned())));
    list
}

/// One name or value decoded: `+` is a blank, `%XX` a byte; bytes that are no UTF-8 become U+FFFD.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr2(b'%', b'+', bytes) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut i = first;
    while i < bytes.len() {
        match bytes[i] {
            b'+' => out.push(b' '),
            b'%' => {
                let byte = hex(bytes.get(i + 1)).zip(hex(bytes.get(i + 2)));
                out.push(byte.map_or(b'%', |(h, l)| h << 4 | l));
                i += if byte.is_some() { 2 } else { 0 };
            }
            b => out.push(b),
        }
        i += 1;
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn hex(b: Option<&u8>) -> Option<u8> {
    char::from(*b?).to_digit(16).map(|d| d as u8)
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
