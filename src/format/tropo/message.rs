//! The message column: category, body, context tail; and what may follow it on further lines.

use std::borrow::Cow;

use memchr::{memmem, memrchr};

use super::{Form, Split};

/// A message taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `TROPO`, `SIP`, …; empty when it has none.
    pub category: &'a [u8],
    /// Marked `@T`: the body is a Java stack trace.
    pub trace: bool,
    /// The text without category and context tail.
    pub body: Cow<'a, [u8]>,
    /// Offset of the body in the line.
    pub at: usize,
    /// The bracket groups of the tail, without its ` #`; empty when there is none.
    pub tail: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes the message of a line apart; the line's end is trimmed by the caller.
    pub fn of(line: &'a [u8], split: &Split) -> Self {
        let at = (split.message as usize).min(line.len());
        let (category, trace, skip) = category(&line[at..]).unwrap_or((b"", false, 0));
        let at = at + skip;
        let (body, tail) = cut_tail(&line[at..]);
        // The layout that separates its columns by slashes writes a slash of the message as `\s`.
        let slashed = split.form == Form::Node && line.get(split.key.1 as usize - 1) == Some(&b'/');
        let body = if slashed && memmem::find(body, b"\\s").is_some() {
            Cow::Owned(unslash(body))
        } else {
            Cow::Borrowed(body)
        };
        Self {
            category,
            trace,
            body,
            at,
            tail,
        }
    }
}

/// Form M: the message column alone, with its category.
pub(super) fn split(line: &[u8]) -> Option<Split> {
    category(line)?;
    Some(Split {
        form: Form::Message,
        start: 0,
        key: (0, 0),
        message: 0,
        level: None,
    })
}

/// Where the text of a message begins, behind its category.
pub fn text_of<'a>(line: &'a [u8], split: &Split) -> &'a [u8] {
    let message = line.get(split.message as usize..).unwrap_or_default();
    // The two of most lines.
    for usual in [b"#TROPO#: ".as_slice(), b"#SIP#: "] {
        if let Some(text) = message.strip_prefix(usual) {
            return text;
        }
    }
    category(message).map_or(message, |(_, _, skip)| &message[skip..])
}

/// `#CAT#: ` or `#CAT#@T: `: the category, whether it is a trace, and the length of it all.
fn category(text: &[u8]) -> Option<(&[u8], bool, usize)> {
    let rest = text.strip_prefix(b"#")?;
    let n = rest
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_')
        .count();
    if n == 0 || !rest[0].is_ascii_uppercase() {
        return None;
    }
    let after = &rest[n..];
    let (trace, len) = if after.starts_with(b"#@T:") {
        (true, 4)
    } else if after.starts_with(b"#:") {
        (false, 2)
    } else {
        return None;
    };
    let blank = usize::from(after.get(len) == Some(&b' '));
    Some((&rest[..n], trace, 1 + n + len + blank))
}

/// Cuts the context tail: ` #` and bracket groups up to the end.
fn cut_tail(body: &[u8]) -> (&[u8], &[u8]) {
    if body.last() != Some(&b']') {
        return (body, b"");
    }
    let Some(at) = memrchr(b'#', body).filter(|&n| n > 0 && body[n - 1] == b' ' && body[n + 1] == b'[') else {
        return (body, b"");
    };
    let (at, tail) = (at - 1, &body[at + 1..]);
    let mut open = false;
    for &b in tail {
        match b {
            b'[' if open => return (body, b""),
            b'[' => open = true,
            b']' => open = false,
            _ if !open => return (body, b""),
            _ => {}
        }
    }
    (&body[..at], tail)
}

fn unslash(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memmem::find(rest, b"\\s") {
        out.extend_from_slice(&rest[..at]);
        out.push(b'/');
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    out
}

/// Whether a record goes on over the next lines: a SIP message that was opened and not closed.
pub fn opens_more(line: &[u8]) -> bool {
    let last_open = [b"(i)[".as_slice(), b"(o)["]
        .iter()
        .filter_map(|m| memmem::rfind(line, m))
        .max();
    last_open.is_some_and(|at| !line.ends_with(b"]") && memmem::find(&line[at..], b"\\r\\").is_none())
}

/// Whether a line without columns looks like a part of the record above it: a frame of a stack trace, a SIP or SDP line,
/// an indented line.
pub fn continues(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b' ' | b'\t' | b']' | b')') => true,
        _ => {
            let line = line.strip_prefix(b"sipmethod.log:").unwrap_or(line);
            line.starts_with(b"at ")
                || line.starts_with(b"Caused by: ")
                || (line.len() > 1 && line[1] == b'=' && b"vosctmabikuepzr".contains(&line[0]))
                || is_sip_header(line)
                || is_sip_start(line)
        }
    }
}

/// Headers that Tropo's SIP messages carry; any other word with a colon is prose.
fn is_sip_header(line: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"Via",
        b"From",
        b"To",
        b"Call-ID",
        b"CSeq",
        b"Contact",
        b"Max-Forwards",
        b"Content-Length",
        b"Content-Type",
        b"User-Agent",
        b"Server",
        b"Allow",
        b"Supported",
        b"Require",
        b"Record-Route",
        b"Route",
        b"Expires",
        b"Accept",
        b"Authorization",
        b"Proxy-Authorization",
        b"Proxy-Authenticate",
        b"WWW-Authenticate",
        b"Session-Expires",
        b"Min-SE",
        b"Reason",
        b"Warning",
        b"Date",
        b"Event",
        b"Refer-To",
        b"Referred-By",
        b"P-Asserted-Identity",
        b"Remote-Party-ID",
        b"Privacy",
        b"Diversion",
        b"Allow-Events",
        b"Retry-After",
        b"RSeq",
        b"RAck",
        b"Subject",
    ];
    let Some(colon) = line.iter().take(40).position(|&b| b == b':') else {
        return false;
    };
    let name = &line[..colon];
    // Tropo's own headers begin with x-; a blank before the colon is prose.
    (name.len() > 2 && name[..2].eq_ignore_ascii_case(b"x-") && !name.contains(&b' '))
        || NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

fn is_sip_start(line: &[u8]) -> bool {
    line.starts_with(b"SIP/2.0 ")
        || line.ends_with(b" SIP/2.0")
        || line.starts_with(b"MRCP/1.0 ")
        || line.starts_with(b"RTSP/1.0 ")
}

/// A stack trace folded to its exception and first frame: everything before the second ` at `, in one line.
pub fn fold_trace(text: &str) -> String {
    if !text.contains("at ") {
        return text.to_owned();
    }
    let cleaned = text
        .replace("\\r\\n", " ")
        .replace("\\n", " ")
        .replace(['\r', '\n'], " ");
    let frames: Vec<usize> = cleaned
        .match_indices(" at ")
        .filter(|(i, _)| is_frame(&cleaned[i + 4..]))
        .map(|(i, _)| i)
        .collect();
    let cut = match frames.as_slice() {
        [] => return text.to_owned(),
        [_] => cleaned.len(),
        [_, second, ..] => *second,
    };
    let more = if frames.len() > 1 {
        format!(" (+{} frames)", frames.len() - 1)
    } else {
        String::new()
    };
    let folded: Vec<&str> = cleaned[..cut].split_whitespace().collect();
    format!("{}{more}", folded.join(" "))
}

/// `com.voxeo.tropo.core.SimpleCall.hangup(SimpleCall.java:477)`.
fn is_frame(text: &str) -> bool {
    let name = text.split(['(', ' ']).next().unwrap_or_default();
    name.contains('.') && text[name.len()..].starts_with('(')
}

/// The JSON behind a mark in the message of a webhook line: what Tropo sent or received, byte for byte.
pub fn body_of(line: &[u8], mark: &[u8]) -> Option<Vec<u8>> {
    let line = super::trim_end(line);
    let whole = Split::bare();
    let split = super::split(line).unwrap_or(whole);
    let message = Message::of(line, &split);
    let at = memmem::find(&message.body, mark)? + mark.len();
    Some(message.body[at..].to_vec())
}

/// The number of a script echo: the line ends in `// line N` or `# line N`.
pub fn echo_number(line: &[u8]) -> Option<u32> {
    let line = super::trim_end(line);
    if !line.last()?.is_ascii_digit() {
        return None;
    }
    let digits = line.iter().rev().take(6).take_while(|b| b.is_ascii_digit()).count();
    let head = &line[..line.len() - digits];
    if digits > 5 || !(head.ends_with(b"// line ") || head.ends_with(b"# line ")) {
        return None;
    }
    std::str::from_utf8(&line[head.len()..]).ok()?.parse().ok()
}

/// The echoed lines of a script in a stretch of log: their numbers and sources.
pub fn echoed(text: &[u8]) -> Vec<(u32, String)> {
    let lines = text.split(|&b| b == b'\n').map(super::trim_end);
    lines
        .filter_map(|line| {
            let number = echo_number(line)?;
            let split = super::split(line).unwrap_or(Split::bare());
            let message = Message::of(line, &split);
            let body = String::from_utf8_lossy(&message.body).into_owned();
            let end = body.rfind("// line ").or_else(|| body.rfind("# line "))?;
            Some((number, body[..end].trim_end().to_owned()))
        })
        .collect()
}
