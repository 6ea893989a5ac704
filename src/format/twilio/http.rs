//! An HTTP request as captured: request line, headers, blank line, body.

use crate::model::{Payload, Request};

use super::form;

/// A request taken apart.
pub(super) struct Capture<'a> {
    pub(super) request: Request,
    pub(super) body: &'a str,
    /// The decoded parameters of the query.
    pub(super) query: Vec<(String, String)>,
}

/// True for `METHOD target HTTP/1.1`.
pub(super) fn is_request_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let Some(space) = line.iter().take(8).position(|b| *b == b' ') else {
        return false;
    };
    matches!(
        &line[..space],
        b"POST" | b"GET" | b"PUT" | b"DELETE" | b"HEAD" | b"PATCH" | b"OPTIONS"
    ) && line
        .iter()
        .rposition(|b| *b == b' ')
        .is_some_and(|end| end > space && line[end + 1..].starts_with(b"HTTP/"))
}

/// `Name: value` of a header line.
pub(super) fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    (!name.is_empty() && name.bytes().all(is_token)).then(|| (name, value.trim()))
}

/// Takes a capture apart; the body is not yet read, and the payload is empty.
pub(super) fn parse(text: &str) -> Option<Capture<'_>> {
    let (first, mut rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = first.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        match header(line.trim_end()) {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let url = url(target, &headers);
    let query = target
        .split_once('?')
        .map(|(_, q)| form::owned(q.split('#').next().unwrap_or("")));
    let request = Request {
        method: Some(method.to_owned()),
        url,
        headers,
        payload: Payload::Empty,
    };
    Some(Capture {
        request,
        body: rest.trim(),
        query: query.unwrap_or_default(),
    })
}

/// The URL that was asked for: https when the proxy in front says so.
fn url(target: &str, headers: &[(String, String)]) -> Option<String> {
    if target.contains("://") {
        return Some(target.to_owned());
    }
    let value = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    };
    let host = value("Host").filter(|h| !h.is_empty())?;
    let proto = value("X-Forwarded-Proto")
        .and_then(|p| p.split(',').next())
        .map(str::trim);
    let scheme = if proto.is_some_and(|p| p.eq_ignore_ascii_case("https")) {
        "https"
    } else {
        "http"
    };
    let slash = if target.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{host}{slash}{target}"))
}
