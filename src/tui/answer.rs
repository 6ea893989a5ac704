//! An answer as it is shown: status line, verdict, headers, body with its faults marked.

use super::data::Answered;
use crate::model::{Problem, Severity};
use crate::output::pretty::{self, Fault, Limits};
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{Followed, Sent};

/// What became of a replay, ready to be shown.
pub(super) fn answered(followed: Followed) -> Answered {
    let Followed { sent, verdict, .. } = followed;
    let pass = verdict.pass();
    let problems = verdict.problems;
    Answered {
        lines: lines(&sent, &problems, pass),
        text: String::from_utf8_lossy(&sent.body).into_owned(),
        pass,
        problems,
        sent,
    }
}

/// The whole answer as a text.
fn lines(sent: &Sent, problems: &[Problem], pass: bool) -> Vec<Line> {
    let mut out = Vec::new();
    let (word, role) = if pass {
        ("PASS", Role::Good)
    } else {
        ("FAIL", Role::Error)
    };
    let mut first = Line::of(role, word);
    match (sent.status, &sent.error) {
        (Some(status), None) => first.push(Role::Plain, &format!(" {status} in {} ms", sent.ms)),
        (status, Some(e)) => {
            if let Some(s) = status {
                first.push(Role::Plain, &format!(" {s}"));
            }
            first.push(Role::Plain, &format!(" after {} ms: {e}", sent.ms));
        }
        (None, None) => first.push(Role::Plain, " no answer"),
    }
    out.push(first);
    for p in problems {
        out.push(problem(p));
    }
    out.push(Line::default());
    for (name, value) in &sent.headers {
        let mut line = Line::of(Role::Name, name);
        line.push(Role::Punct, ": ");
        line.push(Role::Plain, value);
        out.push(line);
    }
    if !sent.body.is_empty() {
        out.push(Line::default());
        out.extend(pretty::body(
            header(&sent.headers, "content-type"),
            &sent.body,
            &faults(problems),
            Limits::default(),
        ));
    }
    if sent.truncated {
        let text = format!("… the first MiB of {} bytes", sent.total_len);
        out.push(Line::of(Role::Comment, &text));
    }
    out
}

/// A problem in one line.
pub(super) fn problem(p: &Problem) -> Line {
    let mut line = Line::of(p.severity.into(), p.severity.as_str());
    line.push(Role::Plain, " ");
    if let Some(c) = &p.code {
        line.push(Role::Heading, &format!("{c} "));
    }
    match (p.line, p.column) {
        (Some(l), Some(c)) => line.push(Role::Faint, &format!("line {l}, column {c}: ")),
        (Some(l), None) => line.push(Role::Faint, &format!("line {l}: ")),
        _ => {}
    }
    line.push(Role::Plain, &p.message);
    line
}

/// The problems that have a place in the body.
pub(super) fn faults(problems: &[Problem]) -> Vec<Fault> {
    problems
        .iter()
        .filter(|p| p.line.is_some() && p.severity >= Severity::Warning)
        .map(Fault::from)
        .collect()
}

/// The first value of a header.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}
