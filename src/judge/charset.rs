//! The character set that the Content-Type names, against the bytes that came.

use std::borrow::Cow;

use super::{text, twiml};
use crate::model::Problem;

/// Sets whose bytes are the first 256 characters, near enough for finding places.
const LATIN: [&str; 6] = [
    "iso-8859-1",
    "iso8859-1",
    "latin1",
    "iso-8859-15",
    "windows-1252",
    "cp1252",
];

/// The body in UTF-8, as the platform would read it, and what is wrong with what the header says.
pub(super) fn read<'a>(content_type: Option<&str>, body: &'a [u8]) -> (Cow<'a, [u8]>, Option<Problem>) {
    let Some(charset) = content_type.and_then(charset) else {
        return (Cow::Borrowed(body), None);
    };
    let utf8 = std::str::from_utf8(body).is_ok();
    let latin = LATIN.contains(&charset.as_str());
    match charset.as_str() {
        "utf-8" | "utf8" if text::has_wide_mark(body) => {
            let message = "the Content-Type says charset=utf-8, but the bytes are UTF-16: send them as UTF-8";
            (Cow::Borrowed(body), Some(Problem::error("12100", message).likely()))
        }
        "utf-8" | "utf8" => (Cow::Borrowed(body), None),
        _ if charset.starts_with("utf-16") => wide(&charset, body),
        _ if !twiml::knows_encoding(&charset) => {
            let message = format!("the Content-Type says charset={charset}, which no parser knows: send charset=utf-8");
            (Cow::Borrowed(body), Some(Problem::warning("", message).likely()))
        }
        _ if body.is_ascii() => (Cow::Borrowed(body), None),
        _ if latin && !utf8 => {
            let text: String = body.iter().map(|b| char::from(*b)).collect();
            (Cow::Owned(text.into_bytes()), None)
        }
        _ => {
            let but = if utf8 {
                "the bytes are UTF-8"
            } else {
                "the bytes are something else"
            };
            let message = format!(
                "the Content-Type says charset={charset}, but {but}: send charset=utf-8, else letters such as ü arrive garbled"
            );
            (Cow::Borrowed(body), Some(Problem::warning("", message).likely()))
        }
    }
}

/// A body that is said to be UTF-16; its mark is put before it where it has none.
fn wide<'a>(charset: &str, body: &'a [u8]) -> (Cow<'a, [u8]>, Option<Problem>) {
    if text::has_wide_mark(body) {
        return (Cow::Borrowed(body), None);
    }
    if let Some(mark) = text::wide_mark(body) {
        return (Cow::Owned([&mark[..], body].concat()), None);
    }
    let message = format!(
        "the Content-Type says charset={charset}, but the bytes are no UTF-16: who believes it reads no document; send charset=utf-8"
    );
    (Cow::Borrowed(body), Some(Problem::error("12100", message).likely()))
}

/// The value of `charset` in lower case.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}
