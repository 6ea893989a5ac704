//! Documents among lines: where one may begin, and where it ends.

use super::scan::{Scan, Step};
use super::{form, http, unwrap};

/// How a line that no log form claims may begin a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It does not.
    No,
    /// The line is a candidate by itself: JSON that looks closed, or a form body. Only reading it tells: when the reading
    /// is `incomplete`, the document may go on over the next lines.
    Whole,
    /// A document opens here and goes on over the next lines.
    Partial,
}

/// What a line is to the document that is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// The document goes on.
    More,
    /// It is complete with this line.
    Done,
    /// It is complete before this byte of the line: what stands there may be another document. 0: the line before was
    /// its last.
    DoneAfter(usize),
    /// This line proves that it was no document, or that the rest of it is missing; the line belongs to what comes next.
    Abandon,
}

/// Tells how a line may begin a document. Cheap: called for every line that is no log line.
pub fn opening(line: &[u8]) -> Opening {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    let (Some(&first), Some(&last)) = (line.first(), line.last()) else {
        return Opening::No;
    };
    match first {
        b'{' if !may_follow_brace(&line[1..]) => Opening::No,
        b'[' if !may_follow_bracket(&line[1..]) => Opening::No,
        b'{' if last == b'}' => Opening::Whole,
        b'[' if last == b']' => Opening::Whole,
        b'{' | b'[' => open_or_whole(line),
        b'"' if line.starts_with(b"\"{\\\"") => Opening::Whole,
        b'%' if line.len() > 6 && matches!(line.get(1..3), Some(b"7B" | b"7b" | b"5B" | b"5b")) => Opening::Whole,
        b'A'..=b'Z' if http::is_request_line(line) => Opening::Partial,
        _ if form::is_form(line) && form::is_ours(line) => Opening::Whole,
        _ if unwrap::may_be_base64(line) => Opening::Whole,
        _ => Opening::No,
    }
}

/// For a line that does not end with its own bracket: whether the document is over nevertheless.
fn open_or_whole(line: &[u8]) -> Opening {
    if follow(&mut Scan::default(), line) {
        Opening::Whole
    } else {
        Opening::Partial
    }
}

/// Follows the documents of a first line; true when the last of them closed.
fn follow(scan: &mut Scan, mut line: &[u8]) -> bool {
    loop {
        match scan.feed(line) {
            Step::Open => return !scan.is_open(),
            Step::Wrong => return true,
            Step::Closed(n) => {
                *scan = Scan::default();
                line = &line[n..];
                match memchr::memchr2(b'{', b'[', line) {
                    Some(i) => line = &line[i..],
                    None => return true,
                }
            }
        }
    }
}

/// What may stand behind `{`: a quoted name, the end, a bare name with its colon, or an entity for a quote.
fn may_follow_brace(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    match rest.first() {
        None | Some(b'"' | b'\'' | b'}') => true,
        Some(b'&') => rest.starts_with(b"&quot;") || rest.starts_with(b"&#"),
        Some(b'u') if rest.starts_with(b"u'") => true,
        Some(b) if b.is_ascii_alphabetic() || matches!(b, b'_' | b'$') => {
            let name = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))
                .count();
            rest[name..].trim_ascii_start().first() == Some(&b':')
        }
        Some(_) => false,
    }
}

/// What may stand behind `[`: an object, another list, the end; log lines often begin with a bracket and a word.
fn may_follow_bracket(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    match rest.first() {
        None | Some(b']') => true,
        Some(b'{') => may_follow_brace(&rest[1..]),
        Some(_) => false,
    }
}

/// Follows a document over lines until its end. It keeps a few words of state and no text.
#[derive(Clone, Debug)]
pub struct Assembler(State);

#[derive(Clone, Debug)]
enum State {
    Json(Scan),
    /// In the headers of a capture.
    Headers(Headers),
    /// In its body, with what is known of the body's length.
    Body(Headers),
    Over,
}

#[derive(Clone, Copy, Debug, Default)]
struct Headers {
    /// `Content-Length`, less what was read.
    left: Option<usize>,
    /// A GET and its like have no body unless a length says so.
    bodiless: bool,
    /// The body is JSON over several lines.
    json: Option<Scan>,
}

impl Assembler {
    /// Begins with the line that [`opening`] called partial (or whole, and its reading was incomplete).
    pub fn new(first_line: &[u8]) -> Self {
        let line = first_line
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(first_line)
            .trim_ascii();
        if http::is_request_line(line) {
            let bodiless = !line.starts_with(b"P");
            return Self(State::Headers(Headers {
                bodiless,
                ..Headers::default()
            }));
        }
        let mut scan = Scan::default();
        Self(if follow(&mut scan, line) {
            State::Over
        } else {
            State::Json(scan)
        })
    }

    /// Feeds the next line, without its line end.
    pub fn push(&mut self, line: &[u8]) -> Push {
        let (state, push) = match std::mem::replace(&mut self.0, State::Over) {
            State::Over => (State::Over, Push::DoneAfter(0)),
            State::Json(mut scan) => {
                let push = push_json(&mut scan, line);
                (State::Json(scan), push)
            }
            State::Headers(headers) => push_header(headers, line),
            State::Body(mut headers) => {
                let push = push_body(&mut headers, line);
                (State::Body(headers), push)
            }
        };
        self.0 = if push == Push::More { state } else { State::Over };
        push
    }
}

/// One line of a JSON document.
fn push_json(scan: &mut Scan, line: &[u8]) -> Push {
    let opens = matches!(line.first(), Some(b'{' | b'['));
    let impossible = if scan.in_string() {
        opens && opening(line) != Opening::No
    } else {
        opens && !scan.may_open()
    };
    if impossible || is_dated(line) {
        return Push::Abandon;
    }
    match scan.feed(line) {
        // A line end is one byte of an open string: a backslash before it must not reach the next line.
        Step::Open => {
            if scan.in_string() {
                scan.feed(b"\n");
            }
            Push::More
        }
        Step::Wrong => Push::Abandon,
        Step::Closed(n)
            if line[n..]
                .iter()
                .all(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';')) =>
        {
            Push::Done
        }
        Step::Closed(n) => Push::DoneAfter(n),
    }
}

/// True for a line that begins with a date or a time of day, as log lines do and lines of a document never.
fn is_dated(line: &[u8]) -> bool {
    let shape = |pattern: &[u8]| {
        line.len() > pattern.len()
            && pattern
                .iter()
                .zip(line)
                .all(|(p, b)| if *p == b'0' { b.is_ascii_digit() } else { p == b })
    };
    if line.first().is_some_and(u8::is_ascii_digit) {
        return shape(b"0000-00-00 ") || shape(b"0000-00-00T") || shape(b"00:00:00") || is_debugger_row(line);
    }
    let month = line.get(..3).is_some_and(|m| {
        [
            b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
        ]
        .iter()
        .any(|n| m == &n[..])
    });
    let rest = line.get(3..).unwrap_or_default();
    let day = rest.trim_ascii_start();
    let digits = day.iter().take_while(|b| b.is_ascii_digit()).count();
    month && rest.first() == Some(&b' ') && (1..3).contains(&digits) && day.get(digits) == Some(&b' ')
}

/// `00012 3719 4:13:58 PM …`, a row of Tropo's debugger window.
fn is_debugger_row(line: &[u8]) -> bool {
    let mut words = line.split(|b| matches!(b, b' ' | b'\t')).filter(|w| !w.is_empty());
    let number = words
        .next()
        .is_some_and(|w| w.len() <= 7 && w.iter().all(u8::is_ascii_digit));
    let guid = words.next().is_some_and(|w| w.len() == 4);
    let time = words
        .next()
        .is_some_and(|w| w.len() >= 7 && w.iter().all(|b| b.is_ascii_digit() || *b == b':'));
    number && guid && time
}

/// One line of a capture's headers.
fn push_header(mut headers: Headers, line: &[u8]) -> (State, Push) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    if text.is_empty() {
        let over = headers.left == Some(0) || headers.bodiless && headers.left.is_none();
        return if over {
            (State::Over, Push::Done)
        } else {
            (State::Body(headers), Push::More)
        };
    }
    if http::is_request_line(line) {
        return (State::Over, Push::DoneAfter(0));
    }
    match http::header(text) {
        Some((name, value)) => {
            if name.eq_ignore_ascii_case("Content-Length") {
                headers.left = value.parse().ok();
            }
            (State::Headers(headers), Push::More)
        }
        None => (State::Over, Push::Abandon),
    }
}

/// One line of a capture's body. A form is one line and JSON ends with its brackets, whatever the length says: pasted
/// captures were often shortened or anonymised. Other text goes by its length.
fn push_body(headers: &mut Headers, line: &[u8]) -> Push {
    if let Some(scan) = &mut headers.json {
        return push_json(scan, line);
    }
    let text = line.trim_ascii();
    if text.is_empty() {
        return Push::Done;
    }
    if http::is_request_line(text) {
        return Push::DoneAfter(0);
    }
    if matches!(text.first(), Some(b'{' | b'[')) {
        let mut scan = Scan::default();
        let push = push_json(&mut scan, line);
        headers.json = Some(scan);
        return push;
    }
    let left = headers.left.map_or(0, |n| n.saturating_sub(line.len() + 1));
    headers.left = Some(left);
    if left == 0 || form::is_form(text) {
        Push::Done
    } else {
        Push::More
    }
}
