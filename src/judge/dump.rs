//! A whole HTTP answer as text: what `curl -i` prints, or what a socket held.
//!
//! Line ends may be LF or CRLF. Answers before the last one (100 Continue, redirects that curl followed) are passed over. Contents are
//! not decoded here.

/// So many headers are kept; no real answer has more.
const MOST_HEADERS: usize = 1000;

/// An answer that was written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// Of the last answer.
    pub status: u16,
    /// In the order written.
    pub headers: Vec<(String, String)>,
    /// Where the body begins in the text.
    pub body: usize,
}

impl Dump {
    /// The first value of a header, name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a status line and headers; none where the text does not begin as an answer.
pub fn read(text: &[u8]) -> Option<Dump> {
    let mut found = head(text, 0)?;
    while found.body < text.len()
        && let Some(next) = head(text, found.body)
    {
        found = next;
    }
    Some(found)
}

fn head(text: &[u8], from: usize) -> Option<Dump> {
    let (first, mut at) = line(text, from);
    if !first.starts_with(b"HTTP/") {
        return None;
    }
    let mut words = first.split(|b| *b == b' ').filter(|w| !w.is_empty());
    let version = words.next()?.strip_prefix(b"HTTP/")?;
    if version.is_empty() || !version.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return None;
    }
    let status = std::str::from_utf8(words.next()?).ok()?;
    let status = status.parse().ok().filter(|s| (100..1000).contains(s))?;
    let mut headers = Vec::new();
    while at < text.len() {
        let (header, next) = line(text, at);
        at = next;
        if header.is_empty() {
            break;
        }
        let header = String::from_utf8_lossy(header);
        // A line that is no header is skipped: what a terminal printed among them is not the app's.
        if let Some((name, value)) = header.split_once(':').filter(|_| headers.len() < MOST_HEADERS) {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Some(Dump {
        status,
        headers,
        body: at,
    })
}

/// A line without its end, and where the next begins.
fn line(text: &[u8], from: usize) -> (&[u8], usize) {
    let rest = &text[from..];
    let (line, next) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], from + end + 1),
        None => (rest, text.len()),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), next)
}

/// A body without the frame of chunks; none where it is not framed (curl takes it off).
pub fn unchunked(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let (size, data) = line(body, at);
        let size = size.split(|b| *b == b';').next()?.trim_ascii();
        if size.is_empty() || size.len() > 8 {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let end = data.checked_add(size)?;
        out.extend_from_slice(body.get(data..end)?);
        let (after, next) = line(body, end);
        if !after.is_empty() {
            return None;
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_curl_prints_them() {
        for ends in ["\n", "\r\n"] {
            let text = "HTTP/1.1 100 Continue||HTTP/2 404 |content-type: text/xml; charset=utf-8|X-A:b:c||<Response/>|"
                .replace('|', ends);
            let dump = read(text.as_bytes()).unwrap();
            assert_eq!((dump.status, &text[dump.body..]), (404, &*format!("<Response/>{ends}")));
            assert_eq!(dump.header("Content-Type"), Some("text/xml; charset=utf-8"));
            assert_eq!(dump.header("x-a"), Some("b:c"));
        }
        assert_eq!(read(b"HTTP/1.1 204").map(|d| (d.status, d.body)), Some((204, 12)));
        for none in [
            "",
            "HTTP/1.1",
            "HTTP/x 200",
            "<Response/>",
            "HTTP/1.1 99 x",
            " HTTP/1.1 200",
        ] {
            assert_eq!(read(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn chunks() {
        let framed = b"4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\n\r\n";
        assert_eq!(unchunked(framed).as_deref(), Some(&b"Wikipedia "[..]));
        assert_eq!(unchunked(b"0\r\n\r\n").as_deref(), Some(&b""[..]));
        for none in [
            "",
            "<Response/>",
            "4\r\nWi",
            "4\r\nWikipedia\r\n0\r\n\r\n",
            "ffffffffffffffffff\r\n",
            "ffffffff\r\nx",
        ] {
            assert_eq!(unchunked(none.as_bytes()), None, "{none}");
        }
    }
}
