//! `redial check`: would the platform accept this reply document?

use std::io::{Read, Write};

use super::args::Check;
use super::{Exit, Stop};
use crate::judge;
use crate::model::{Provider, RequestKind, Severity, Verdict};
use crate::output::json;
use crate::output::safe::printable;

/// Longer than any platform takes; the rest would not be judged anyway.
const LONGEST: u64 = 16 << 20;

/// Runs the command.
pub(super) fn run(args: &Check, out: &mut impl Write) -> anyhow::Result<Exit> {
    let name = args.file.display().to_string();
    let body = read(args).map_err(|e| Stop::usage(format!("{name}: cannot read the document: {e}")))?;
    let (provider, kind) = detect(&body);
    let verdict = Verdict {
        problems: judge::reply(provider, kind, &body),
    };
    for p in &verdict.problems {
        if args.json {
            json::line(out, &json::problem_line(p))?;
            continue;
        }
        let place = match (p.line, p.column) {
            (Some(l), Some(c)) => format!("{l}:{c}:"),
            (Some(l), None) => format!("{l}:"),
            _ => String::new(),
        };
        let code = p.code.as_deref().map(|c| format!(" {c}")).unwrap_or_default();
        writeln!(
            out,
            "{}",
            printable(&format!("{name}:{place} {}{code}: {}", p.severity, p.message))
        )?;
    }
    if !args.json && verdict.problems.iter().all(|p| p.severity < Severity::Warning) {
        let what = if provider == Provider::Tropo {
            "Tropo JSON"
        } else {
            "TwiML"
        };
        writeln!(out, "{}", printable(&format!("{name}: {what}, nothing wrong found")))?;
    }
    Ok(if verdict.pass() { Exit::Done } else { Exit::No })
}

fn read(args: &Check) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if args.file.as_os_str() == "-" {
        std::io::stdin().take(LONGEST).read_to_end(&mut body)?;
    } else {
        std::fs::File::open(&args.file)?.take(LONGEST).read_to_end(&mut body)?;
    }
    Ok(body)
}

/// JSON is Tropo's, everything else is to be `TwiML`.
fn detect(body: &[u8]) -> (Provider, RequestKind) {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => (Provider::Tropo, RequestKind::Result),
        _ => (Provider::Twilio, RequestKind::Voice),
    }
}
