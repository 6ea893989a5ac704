//! An answer as it is shown: status line, verdict, headers, body with its faults marked.

use super::data::Answered;
use crate::model::{Problem, Severity};
use crate::output::fit;
use crate::output::pretty::{self, Fault, Limits};
use crate::output::rich::{Line, Mark};
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
    out.extend(told_once(problems));
    out.push(Line::default());
    for (name, value) in &sent.headers {
        let mut line = Line::of(Role::Name, name);
        line.push(Role::Punct, ": ");
        line.push(Role::Plain, value);
        out.push(line);
    }
    if !sent.body.is_empty() || sent.truncated {
        out.push(Line::default());
    }
    // What stands behind the end of a body that was not kept whole, or that never came whole, is not its fault.
    let cut = sent.truncated || sent.error.is_some();
    if sent.truncated {
        let text = format!(
            "only the first {} of {} bytes were kept",
            fit::thousands(sent.body.len()),
            fit::thousands(usize::try_from(sent.total_len).unwrap_or(usize::MAX))
        );
        out.push(Line::of(Role::Warning, &text).marked(Mark::Note));
    }
    if !sent.body.is_empty() {
        let kind = header(&sent.headers, "content-type");
        let show = if cut { pretty::cut_body } else { pretty::body };
        out.extend(show(kind, &sent.body, &faults(problems), Limits::default()));
    }
    out
}

/// Each problem in one line, equal ones once: a redirect that goes round says the same at every turn.
fn told_once(problems: &[Problem]) -> Vec<Line> {
    let mut counted: Vec<(&Problem, usize)> = Vec::new();
    for p in problems {
        match counted.iter_mut().find(|(known, _)| *known == p) {
            Some((_, times)) => *times += 1,
            None => counted.push((p, 1)),
        }
    }
    let told = counted.into_iter().map(|(p, times)| {
        let mut line = problem(p);
        if times > 1 {
            line.push(Role::Faint, &format!(" (×{times})"));
        }
        line
    });
    told.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn a_body_that_was_cut_has_no_fault_at_its_end() {
        for (kind, body) in [
            ("text/xml", &b"<Response><Say>one</Say><Say>tw"[..]),
            ("text/xml", b"<Response><Say>one</Say><Say voice=\"al"),
            ("text/xml", b"<Response><!-- com"),
            ("text/xml", b"<Response><Say>\xe6\xbc\xa2\xe5\xad"),
            ("application/json", b"{\"tropo\":[{\"say\":\"he"),
            ("application/json", b"{\"tropo\":[{\"say\":tr"),
            ("application/json", b"{\"tropo\":[{\"say\""),
        ] {
            let mut sent = Sent {
                status: Some(200),
                headers: vec![("content-type".to_owned(), kind.to_owned())],
                body: body.to_vec(),
                total_len: 50_000_000,
                truncated: true,
                ..Sent::default()
            };
            let shown = lines(&sent, &[], false);
            assert!(
                shown.iter().all(|l| !matches!(l.mark, Some(Mark::Caret(_)))),
                "{shown:?}"
            );
            assert!(!text(&shown).concat().contains("UTF-8"), "{shown:?}");
            let note = text(&shown)
                .iter()
                .position(|l| l.contains("of 50,000,000 bytes were kept"));
            assert_eq!(note, Some(4), "the note stands above the body: {shown:?}");
            sent.truncated = false;
            assert!(
                lines(&sent, &[], false)
                    .iter()
                    .any(|l| matches!(l.mark, Some(Mark::Caret(_)))),
                "a whole body is not closed"
            );
        }
    }

    #[test]
    fn what_is_wrong_before_the_cut_is_still_marked() {
        let sent = Sent {
            body: b"<Response></Say><Play>".to_vec(),
            truncated: true,
            ..Sent::default()
        };
        assert!(
            text(&lines(&sent, &[], false))
                .concat()
                .contains("`</Say>` stands where")
        );
    }

    #[test]
    fn equal_problems_are_told_once() {
        let problem = |message: &str| Problem::warning("", message);
        let all = [
            problem("there"),
            problem("and back"),
            problem("there"),
            problem("there"),
        ];
        assert_eq!(text(&told_once(&all)), ["warning there (×3)", "warning and back"]);
    }
}
