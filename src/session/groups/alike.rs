//! Texts without what differs from call to call, so that those of one cause are equal.

use std::sync::LazyLock;

use regex::Regex;

/// Bytes of an answer that are compared: an error says what it is at its beginning.
const MOST: usize = 8192;
/// Characters of a line for people.
const LINE: usize = 160;

/// Ids, times, addresses and numbers. Words that happen to look like them make two texts alike that are not: with the code and the
/// endpoint beside them, that does no harm.
static DIFFERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?-u:\b)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
        | (?-u:\b)[A-Z]{2}[0-9a-f]{32}
        | [A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+
        | (?:(?-u:\b)(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\x20+)?
          (?:[0-9]{1,2}[\x20-])?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*[\x20-][0-9]{1,4}
          (?:,?\x20[0-9]{4})?(?:\x20[0-9]{1,2}(?::[0-9]{2})+)?(?:\x20(?:GMT|UTC|[+-][0-9]{4}))?
        | [0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T\x20][0-9]{1,2}(?::[0-9]{2})+(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?
        | (?-u:\b)(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{0,4}
        | (?-u:\b)0x[0-9a-fA-F]+
        | (?-u:\b)[0-9a-fA-F]{6,}(?-u:\b)
        | [+-]?[0-9]+(?:[.,:][0-9]+)*",
    )
    .ok()
});

/// A text with what differs replaced, and blanks made one.
pub(super) fn text(text: &str) -> String {
    let mut end = text.len().min(MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let beginning = &text[..end];
    let same = match &*DIFFERS {
        Some(differs) => differs.replace_all(beginning, "#"),
        None => beginning.into(),
    };
    let words: Vec<&str> = same.split_whitespace().collect();
    words.join(" ")
}

/// The line of an answer that says most: of a web page its `<pre>`, title or heading, else the first that is not blank.
pub(super) fn first_line(text: &str) -> String {
    let page = text.trim_start();
    // A declaration says nothing.
    let page = match page.strip_prefix("<?xml").and_then(|p| p.split_once("?>")) {
        Some((_, rest)) if !rest.trim().is_empty() => rest.trim_start(),
        _ => page,
    };
    let is_page = page
        .get(..5)
        .is_some_and(|t| t.eq_ignore_ascii_case("<!doc") || t.eq_ignore_ascii_case("<html"));
    let said = ["pre", "title", "h1"]
        .iter()
        .filter(|_| is_page)
        .find_map(|tag| inner(page, tag))
        .unwrap_or(page);
    let line = said.split(['\n', '\r']).map(str::trim).find(|l| !l.is_empty());
    let line = line.unwrap_or_default();
    let line = line.split("<br").next().unwrap_or(line);
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The text of the first element of a name that has any.
fn inner<'a>(page: &'a str, tag: &str) -> Option<&'a str> {
    let mut end = page.len().min(MOST);
    while !page.is_char_boundary(end) {
        end -= 1;
    }
    let page = &page[..end];
    let start = page.find(&format!("<{tag}"))?;
    let rest = &page[start..];
    let rest = &rest[rest.find('>')? + 1..];
    let text = &rest[..rest.find("</").unwrap_or(rest.len())];
    (!text.trim().is_empty()).then_some(text)
}

/// Host and port of a URL.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or_default()
}

/// A URL without its scheme, its ids and the values of its query: `/calls/{id}/gather?step=…`.
pub(super) fn endpoint(url: &str, with_host: bool) -> String {
    let clean = url.split('#').next().unwrap_or_default();
    let start = clean.find("://").map_or(0, |at| at + 3);
    let at = clean[start..].find(['/', '?']).map_or(clean.len(), |n| start + n);
    let (path, query) = clean[at..].split_once('?').unwrap_or((&clean[at..], ""));
    let path: Vec<String> = path.split('/').map(segment).collect();
    let path = path.join("/");
    let mut names: Vec<String> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .filter(|name| !name.is_empty() && *name != "bodySHA256")
        .map(|name| format!("{name}=…"))
        .collect();
    names.sort_unstable();
    names.dedup();
    let host = if with_host { host(clean) } else { "" };
    let path = if path.is_empty() { "/" } else { &path };
    let query = if names.is_empty() { "" } else { "?" };
    format!("{host}{path}{query}{}", names.join("&"))
}

/// A part of a path: an id, a number, or itself.
fn segment(part: &str) -> String {
    let bytes = part.as_bytes();
    let hex = bytes.len() >= 8 && bytes.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    let sid = bytes.len() == 34
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..].iter().all(u8::is_ascii_hexdigit);
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if sid || hex && digits > 0 {
        return "{id}".to_owned();
    }
    let number = part.trim_start_matches(['+', '-']);
    if digits > 0 && number.bytes().all(|b| b.is_ascii_digit()) {
        return "{n}".to_owned();
    }
    // A long number inside of a word is no part of a name.
    let mut out = String::new();
    for run in part
        .as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
    {
        match std::str::from_utf8(run) {
            Ok(_) if run.len() >= 4 && run[0].is_ascii_digit() => out.push_str("{n}"),
            Ok(text) => out.push_str(text),
            // Digits are bytes of their own in UTF-8, so that this does not happen.
            Err(_) => return part.to_owned(),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        for (url, expected) in [
            ("https://a.example/voice", "/voice"),
            ("https://a.example", "/"),
            ("https://a.example?x=1", "/?x=…"),
            (
                "http://u:p@a.example:81/calls/42/menu2?b=1&a=2&a=3#rc=1",
                "/calls/{n}/menu2?a=…&b=…",
            ),
            ("/c/CA0123456789abcdef0123456789abcdef/x", "/c/{id}/x"),
            ("/c/8f14e45f-ceea-467f-9c31-0123456789ab", "/c/{id}"),
            ("/c/deadbeef", "/c/deadbeef"),
            ("/u/%2B15551234567/call-20260101", "/u/%2B{n}/call-{n}"),
            ("/e?bodySHA256=00", "/e"),
            ("/é/7", "/é/{n}"),
        ] {
            assert_eq!(endpoint(url, false), expected, "{url}");
        }
        assert_eq!(endpoint("https://u@a.example:81/x", true), "a.example:81/x");
    }

    #[test]
    fn what_differs_from_call_to_call() {
        for (a, b) in [
            ("user 42 not found", "user  1,007 not found"),
            (
                "at 2026-01-02T03:04:05.678Z: CA0123456789abcdef0123456789abcdef",
                "at 2025-11-12 13:14:15: CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            ("0x7ffe12 10.0.0.1:3000", "0x1 192.168.1.17:80"),
            ("Tue, 06 Jan 2026 10:00:00 GMT x", "Wed, 17 Feb 2027 1:02:03 GMT x"),
            (
                "request 8f14e45f-ceea-467f-9c31-0123456789ab",
                "request aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            ),
            ("from joe@a.example", "from ann.b+c@mail.b.example"),
            ("[fe80:1:2:3:4]\n\tx", "[2001:db8:0:0:1] x"),
        ] {
            assert_eq!(text(a), text(b));
        }
        assert_ne!(text("no such user"), text("no such file"));
        assert!(text(&"é1".repeat(9000)).len() < 3 * MOST);
    }

    #[test]
    fn the_line_that_says_most() {
        for (body, expected) in [
            ("\n\n  TypeError: x\n at y", "TypeError: x"),
            (
                "<!DOCTYPE html><title>Error</title><pre>TypeError: x<br> at y</pre>",
                "TypeError: x",
            ),
            ("<html><title>502 Bad Gateway</title><h1>x</h1>", "502 Bad Gateway"),
            ("<html><p>x", "<html><p>x"),
            ("<Response/>", "<Response/>"),
            ("<?xml version=\"1.0\"?>\n<Response/>", "<Response/>"),
            ("<?xml version=\"1.0\"?>", "<?xml version=\"1.0\"?>"),
            ("", ""),
        ] {
            assert_eq!(first_line(body), expected);
        }
        assert_eq!(first_line(&"é".repeat(500)).chars().count(), LINE + 1);
    }
}
