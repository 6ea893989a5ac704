//! JSON in the wrappings that it was seen in: encoded twice, with HTML entities, base64, as a JSON string, as a paste.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::value::Value;
use super::{form, relaxed};

/// Hands the value that the text holds to `f`, trying the cheapest reading first; none when it holds none.
pub(super) fn with_value<R>(text: &str, f: &mut dyn FnMut(&Value<'_>) -> R) -> Option<R> {
    match serde_json::from_str::<Value<'_>>(text) {
        Ok(Value::Text(inner)) => return of_object(&inner, f),
        Ok(value) => return Some(f(&value)),
        Err(_) => {}
    }
    for candidate in [percent(text), entities(text), base64_text(text.as_bytes())]
        .into_iter()
        .flatten()
    {
        if let Some(read) = of_object(&candidate, f) {
            return Some(read);
        }
    }
    of_object(text, f)
}

/// An object, strict or as a paste.
fn of_object<R>(text: &str, f: &mut dyn FnMut(&Value<'_>) -> R) -> Option<R> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    if let Ok(value) = serde_json::from_str::<Value<'_>>(text) {
        return Some(f(&value));
    }
    let (strict, _) = relaxed::strict(text);
    let value = serde_json::from_str::<Value<'_>>(&strict).ok()?;
    Some(f(&value))
}

/// The text percent-decoded once more, when it begins like encoded JSON.
pub(super) fn percent(text: &str) -> Option<String> {
    let begin = text.trim_start().as_bytes();
    let encoded = begin
        .first_chunk::<3>()
        .is_some_and(|b| b.eq_ignore_ascii_case(b"%7B") || b.eq_ignore_ascii_case(b"%5B"));
    encoded.then(|| form::decode(text.trim()).into_owned())
}

/// The text with HTML entities for quotes decoded, when it has any.
pub(super) fn entities(text: &str) -> Option<String> {
    if !["&quot;", "&#34;", "&#034;", "&#x22;"].iter().any(|e| text.contains(e)) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(i) = rest.find('&') {
        out.push_str(&rest[..i]);
        rest = &rest[i..];
        let end = rest.bytes().take(10).position(|b| b == b';');
        let found = end.and_then(|e| entity(rest.get(1..e)?).map(|c| (c, e + 1)));
        let (c, used) = found.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[used..];
    }
    out.push_str(rest);
    Some(out)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "quot" => Some('"'),
        "apos" => Some('\''),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// The text that base64 stands for; none when it is none, or not of text.
pub(super) fn base64_text(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii();
    if text.len() < 8 {
        return None;
    }
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    String::from_utf8(bytes).ok()
}

/// True when a line begins as base64 of a form body or of JSON does: cheap, for every line.
pub(super) fn may_be_base64(line: &[u8]) -> bool {
    let Some(head) = line.get(..32).filter(|_| line.len() >= 64) else {
        return false;
    };
    let Ok(bytes) = STANDARD.decode(head) else {
        return false;
    };
    let json = bytes.first().is_some_and(|b| matches!(b, b'{' | b'['));
    json && bytes.is_ascii() || form::is_form(&bytes)
}
