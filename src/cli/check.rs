//! `redial check`: would the platform accept this reply? A document, or a whole HTTP answer as `curl -i` prints it.

use std::borrow::Cow;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use super::args::{Check, Reply};
use super::{Exit, say};
use crate::judge::{self, Answer, dump};
use crate::model::{Problem, Provider, RequestKind, Severity, Verdict};
use crate::output::caret;
use crate::output::fit::{count, wrap};
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::{Paint, When};
use crate::replay::TransportError;
use crate::replay::decode::decode;

/// Longer than any platform takes; what is longer is not read to its end.
const LONGEST: usize = 16 << 20;

/// How wide a line of a document is shown.
const WIDTH: usize = 80;

/// Columns before the further lines of a message that was broken.
const INDENT: usize = 4;

/// Runs the command.
pub(super) fn run(args: &Check, out: &mut impl Write) -> anyhow::Result<Exit> {
    let (mut unread, mut failed) = (false, false);
    let sheet = Sheet::of_stdout(args.color);
    for file in &args.files {
        let name = file.display().to_string();
        match read(file) {
            Ok(text) => {
                let judged = judged(&text, args.kind);
                failed |= !judged.verdict.pass();
                if args.json {
                    for p in &judged.verdict.problems {
                        json::line(out, &json::problem_line(p, Some(&name)))?;
                    }
                } else {
                    sheet.print(out, &name, &judged)?;
                }
            }
            Err(e) => {
                unread = true;
                say(&format!("{name}: cannot read the document: {e}"));
            }
        }
    }
    Ok(match (unread, failed) {
        (true, _) => Exit::Failed,
        (_, true) => Exit::No,
        _ => Exit::Done,
    })
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let most = LONGEST as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().take(most).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(most).read_to_end(&mut text)?;
    }
    Ok(text)
}

/// What was said of an input.
struct Judged<'a> {
    /// What it was taken for.
    what: String,
    verdict: Verdict,
    /// The text that the places are in.
    text: Cow<'a, [u8]>,
    /// Named where that is not the input itself.
    part: &'static str,
}

fn judged(input: &[u8], kind: Option<Reply>) -> Judged<'_> {
    let dump = dump::read(input);
    let body = dump.as_ref().map_or(input, |d| &input[d.body..]);
    if input.len() > LONGEST {
        let (provider, kind) = kind.map_or_else(|| judge::detect(body), asked);
        return Judged {
            what: what(provider, kind, None),
            verdict: Verdict {
                problems: vec![too_long(provider)],
            },
            text: Cow::Borrowed(&[]),
            part: "",
        };
    }
    match dump {
        Some(dump) => answer(input, &dump, kind),
        None => document(input, kind),
    }
}

fn too_long(provider: Provider) -> Problem {
    let code = if provider == Provider::Tropo {
        "webhook-reply"
    } else {
        "11750"
    };
    Problem::error(
        code,
        format!(
            "the document is more than {} MiB long: no platform takes that",
            LONGEST >> 20
        ),
    )
}

/// A document without status and headers.
fn document(body: &[u8], kind: Option<Reply>) -> Judged<'_> {
    let (provider, kind) = kind.map_or_else(|| judge::detect(body), asked);
    let problems = if kind.is_callback() || body.trim_ascii().is_empty() {
        // The type that an answer to a callback would have to be sent with; of what was not sent no header is judged.
        let headers = [("content-type".to_owned(), "text/xml".to_owned())];
        let answer = Answer {
            headers: if kind.is_callback() { &headers } else { &[] },
            body,
            total_len: body.len() as u64,
            ..Answer::default()
        };
        judge::judge(provider, kind, &answer).problems
    } else {
        judge::reply(provider, kind, body)
    };
    Judged {
        what: what(provider, kind, None),
        verdict: Verdict { problems },
        text: judge::wide(body).map_or(Cow::Borrowed(body), |text| Cow::Owned(text.into_bytes())),
        part: "",
    }
}

/// A whole HTTP answer.
fn answer<'a>(input: &'a [u8], dump: &dump::Dump, kind: Option<Reply>) -> Judged<'a> {
    let written = &input[dump.body..];
    let Contents { body, cut, error } = contents(dump, written);
    let (provider, kind) = kind.map_or_else(|| judge::detect(&body), asked);
    let answer = Answer {
        status: Some(dump.status),
        headers: &dump.headers,
        body: &body,
        total_len: body.len() as u64,
        at_least: cut,
        truncated: cut,
        error: error.map(|e| e.fault()),
        stays: true,
        ..Answer::default()
    };
    let mut verdict = judge::judge(provider, kind, &answer);
    if (300..400).contains(&dump.status) && verdict.pass() {
        unjudged(&mut verdict);
    }
    let what = what(provider, kind, Some(dump.status));
    if let Cow::Owned(body) = body {
        return Judged {
            what,
            verdict,
            text: Cow::Owned(body),
            part: " (decoded)",
        };
    }
    let above = memchr::memchr_iter(b'\n', &input[..dump.body]).count() as u32;
    for line in verdict.problems.iter_mut().filter_map(|p| p.line.as_mut()) {
        *line += above;
    }
    Judged {
        what,
        verdict,
        text: Cow::Borrowed(input),
        part: "",
    }
}

/// A redirect that the platform would follow is no pass: of the answer behind it nothing is known, and nothing is sent from here.
fn unjudged(verdict: &mut Verdict) {
    if let Some(redirect) = verdict.problems.iter_mut().find(|p| p.severity == Severity::Warning) {
        redirect.severity = Severity::Error;
        redirect.certain = false;
    }
}

/// A body as it was sent off.
struct Contents<'a> {
    body: Cow<'a, [u8]>,
    /// True where it is longer than is unpacked.
    cut: bool,
    error: Option<TransportError>,
}

/// The body without chunks and encoding. Programs that print an answer may have taken off both and left the headers.
fn contents<'a>(dump: &dump::Dump, written: &'a [u8]) -> Contents<'a> {
    let mut body = Cow::Borrowed(written);
    let chunked = dump.header("transfer-encoding");
    if chunked.is_some_and(|v| v.to_ascii_lowercase().contains("chunked"))
        && let Some(whole) = dump::unchunked(written)
    {
        body = Cow::Owned(whole);
    }
    let coding = dump.header("content-encoding").unwrap_or_default();
    let Some(decoded) = decode(coding, &body, LONGEST) else {
        return Contents {
            body,
            cut: false,
            error: None,
        };
    };
    if !decoded.broken {
        return Contents {
            body: Cow::Owned(decoded.body),
            cut: decoded.more,
            error: None,
        };
    }
    let plain = std::str::from_utf8(&body).is_ok();
    let error = (!plain).then(|| TransportError::Encoding(coding.to_owned()));
    Contents {
        body,
        cut: false,
        error,
    }
}

fn asked(kind: Reply) -> (Provider, RequestKind) {
    match kind {
        Reply::Voice => (Provider::Twilio, RequestKind::Voice),
        Reply::Message => (Provider::Twilio, RequestKind::Message),
        Reply::StatusCallback => (Provider::Twilio, RequestKind::StatusCallback),
        Reply::Tropo => (Provider::Tropo, RequestKind::Result),
    }
}

fn what(provider: Provider, kind: RequestKind, status: Option<u16>) -> String {
    let what = match (provider, kind) {
        (Provider::Tropo, _) => "Tropo JSON",
        (_, RequestKind::Message) => "TwiML (messaging)",
        (_, RequestKind::StatusCallback) => "answer to a status callback",
        _ => "TwiML (voice)",
    };
    status.map_or_else(|| what.to_owned(), |status| format!("HTTP {status}, {what}"))
}

/// Where problems are written for people.
struct Sheet {
    paint: Paint,
    /// Columns of a terminal; none where programs read, whose lines are not broken.
    width: Option<usize>,
}

impl Sheet {
    fn of_stdout(color: When) -> Self {
        Self {
            paint: Paint::for_stdout(color, |name| std::env::var(name).ok()),
            width: std::io::stdout().is_terminal().then(|| {
                let size = terminal_size::terminal_size_of(std::io::stdout());
                size.map_or(WIDTH, |(w, _)| usize::from(w.0)).clamp(40, 120)
            }),
        }
    }

    /// The problems with their lines, then what it was and how many there are.
    fn print(&self, out: &mut impl Write, name: &str, judged: &Judged<'_>) -> std::io::Result<()> {
        let text = String::from_utf8_lossy(&judged.text);
        let name = format!("{name}{}", judged.part);
        for p in &judged.verdict.problems {
            self.problem(out, &name, p)?;
            let (Some(line), Some(column)) = (p.line, p.column) else {
                continue;
            };
            let lead = format!("{line:>5} | ");
            let room = self.width.unwrap_or(WIDTH) - lead.len();
            if let Some(shown) = caret::show(&text, line, column, room) {
                let caret = self.paint.role(p.severity.into(), "^");
                writeln!(out, "{lead}{}", shown.line)?;
                writeln!(out, "{:>5} | {}{caret}", "", " ".repeat(shown.caret))?;
            }
        }
        let said = found(&judged.verdict.problems);
        writeln!(out, "{}", printable(&format!("{name}: {}, {said}", judged.what)))
    }

    /// Place, severity, code and message.
    fn problem(&self, out: &mut impl Write, name: &str, p: &Problem) -> std::io::Result<()> {
        let place = match (p.line, p.column) {
            (Some(l), Some(c)) => format!("{l}:{c}:"),
            (Some(l), None) => format!("{l}:"),
            _ => String::new(),
        };
        let code = p.code.as_deref().map(|c| format!(" {c}")).unwrap_or_default();
        let kind = printable(&format!("{}{code}", p.severity)).into_owned();
        let line = format!("{name}:{place} {kind}: {}", p.message);
        let lines = match self.width {
            Some(width) => wrap(&line, width - INDENT),
            None => vec![printable(&line).into_owned()],
        };
        for (n, line) in lines.iter().enumerate() {
            match line.split_once(&kind).filter(|_| n == 0) {
                Some((before, after)) => writeln!(out, "{before}{}{after}", self.paint.role(p.severity.into(), &kind))?,
                None if n == 0 => writeln!(out, "{line}")?,
                None => writeln!(out, "{:INDENT$}{line}", "")?,
            }
        }
        Ok(())
    }
}

/// How many problems there are of each severity, in words.
fn found(problems: &[Problem]) -> String {
    let of = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let counts = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Info, "note"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(severity, word)| (of(severity), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| count(n, word))
        .collect();
    if of(Severity::Error) + of(Severity::Warning) == 0 {
        let notes = counts.iter().map(|c| format!(", {c}"));
        format!("nothing wrong found{}", notes.collect::<String>())
    } else {
        counts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(width: Option<usize>, color: When) -> String {
        let sheet = Sheet {
            paint: Paint::for_stdout(color, |_| None),
            width,
        };
        let body = b"<Response>\n<Says>Hello</Says></Response>";
        let mut out = Vec::new();
        sheet.print(&mut out, "voice.xml", &document(body, None)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_gets_lines_of_its_width_and_programs_whole_ones() {
        let whole = printed(None, When::Never);
        assert_eq!(whole.lines().count(), 4, "{whole}");
        assert!(whole.lines().next().is_some_and(|l| l.len() > 120), "{whole}");
        let broken = printed(Some(60), When::Never);
        assert!(broken.lines().all(|l| l.chars().count() <= 60), "{broken}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&broken), words(&whole));
    }

    #[test]
    fn colour_changes_no_word() {
        let plain = printed(Some(80), When::Never);
        let painted = printed(Some(80), When::Always);
        assert!(
            painted.contains("\u{1b}[") && painted.contains("error 12200"),
            "{painted:?}"
        );
        let mut words = painted.split("\u{1b}[");
        let first = words.next().unwrap_or_default().to_owned();
        let unpainted = words.fold(first, |all, part| {
            all + part.split_once('m').map_or("", |(_, rest)| rest)
        });
        assert_eq!(unpainted, plain);
    }
}
