//! A rehearsed call as a ladder: each request with what asked for it, what came back, and what the recording had there.

#![allow(clippy::missing_errors_doc, reason = "every error here is the writer's")]

use std::io::{self, Write};

use serde::Serialize;

use super::fit::{count, wrap};
use super::style::Role;
use super::text::Page;
use crate::call::Exchange;
use crate::model::{Problem, Severity, Verdict};
use crate::replay::rehearsal::{End, Step};
use crate::replay::{Followed, Plan, Sent};

/// Where the second line of a step begins.
const INDENT: usize = 10;
/// More problems of one answer than this hide the next step.
const PROBLEMS: usize = 3;

/// What the recording had at a step.
#[derive(Clone, Debug)]
pub struct Met<'a> {
    /// The request.
    pub exchange: &'a Exchange,
    /// The codes that the platform raised for it.
    pub codes: Vec<&'a str>,
    /// The answer says something else than the recorded one; none where that is not known.
    pub differs: Option<bool>,
}

impl Met<'_> {
    /// `as recorded`, or what was recorded instead: `recorded: 500 11200`.
    fn beside(&self, sent: &Sent, verdict: &Verdict) -> String {
        let e = self.exchange;
        let same_status = e.status.is_none() || e.status == sent.status;
        if same_status && e.outcome.failed() != verdict.pass() {
            return match self.differs {
                Some(true) => "as recorded, with another answer",
                _ => "as recorded",
            }
            .to_owned();
        }
        let status = e
            .status
            .map_or_else(|| e.outcome.as_str().to_owned(), |s| s.to_string());
        let mut words = vec![status];
        words.extend(self.codes.iter().map(|c| (*c).to_owned()));
        format!("recorded: {}", words.join(" "))
    }
}

/// Recorded requests that no answer asked for.
#[derive(Clone, Debug, Default)]
pub struct Unreached {
    /// Method, path and what became of them.
    pub requests: Vec<String>,
    /// The id of the first that failed: nobody knows whether it still does.
    pub failed: Option<String>,
}

/// One step for people, with what is to be noted beside it.
pub fn step(
    page: &Page,
    out: &mut impl Write,
    step: &Step,
    done: (&Plan, &Sent, &Verdict),
    met: Option<&Met<'_>>,
    notes: &[String],
) -> io::Result<()> {
    let (plan, sent, verdict) = done;
    let (word, role) = if verdict.pass() {
        ("PASS", Role::Good)
    } else {
        ("FAIL", Role::Error)
    };
    let answer = match (sent.status, &sent.error) {
        (Some(status), None) => format!("{status} in {} ms", sent.ms),
        _ => "no answer".to_owned(),
    };
    let beside = met.map_or_else(|| "not in the recording".to_owned(), |m| m.beside(sent, verdict));
    let line = format!("{} {} → {answer} · {beside}", plan.method, plan.path);
    for (n, part) in wrap(&line, page.width.saturating_sub(INDENT).max(10))
        .into_iter()
        .enumerate()
    {
        match n {
            0 => writeln!(out, "{:>3} {}  {part}", step.number, page.paint.role(role, word))?,
            _ => writeln!(out, "{:INDENT$}{part}", "")?,
        }
    }
    page.wrapped(out, INDENT, Role::Faint, &step.asked_by)?;
    for note in notes {
        page.wrapped(out, INDENT, Role::Faint, &format!("note: {note}"))?;
    }
    problems(page, out, verdict)
}

fn problems(page: &Page, out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    for p in verdict.problems.iter().take(PROBLEMS) {
        page.wrapped(out, INDENT, p.severity.into(), &told(p))?;
    }
    let more = verdict.problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        let worst = verdict.problems[PROBLEMS..].iter().map(|p| p.severity).max();
        let role = worst.unwrap_or(Severity::Info).into();
        page.wrapped(out, INDENT, role, &format!("and {more} more"))?;
    }
    Ok(())
}

fn told(p: &Problem) -> String {
    let place = match (p.line, p.column) {
        (Some(l), Some(c)) => format!("line {l}, column {c}: "),
        (Some(l), None) => format!("line {l}: "),
        _ => String::new(),
    };
    let code = p.code.as_deref().map(|c| format!("{c} ")).unwrap_or_default();
    format!("{}: {code}{place}{}", p.severity, p.message)
}

/// How the rehearsal ended, for people.
pub fn end(
    page: &Page,
    out: &mut impl Write,
    end: &End,
    left: &Unreached,
    (sent, passed): (usize, usize),
) -> io::Result<()> {
    for note in &end.notes {
        page.wrapped(out, INDENT, Role::Faint, &format!("note: {note}"))?;
    }
    let (word, role) = if end.how.proper() {
        ("END ", Role::Good)
    } else {
        ("STOP", Role::Error)
    };
    let lead = format!("    {}  ", page.paint.role(role, word));
    for (n, part) in wrap(&end.why, page.width.saturating_sub(INDENT).max(10))
        .into_iter()
        .enumerate()
    {
        let lead = if n == 0 { lead.clone() } else { " ".repeat(INDENT) };
        writeln!(out, "{lead}{part}")?;
    }
    if !left.requests.is_empty() {
        page.wrapped(
            out,
            INDENT,
            role,
            &format!("recorded, but asked for by no answer now: {}", left.requests.join(", ")),
        )?;
    }
    if let Some(id) = &left.failed {
        page.wrapped(
            out,
            INDENT,
            Role::Faint,
            &format!("what failed there was not sent, so nothing is known of it: --request {id} sends it"),
        )?;
    }
    let requests = count(sent, "request");
    let role = if end.how.proper() && passed == sent {
        Role::Good
    } else {
        Role::Error
    };
    let text = format!("{requests} sent: {passed} passed, {} failed", sent - passed);
    writeln!(out, "{}", page.paint.role(role, text))
}

#[derive(Serialize)]
struct StepLine<'a, R> {
    #[serde(flatten)]
    replay: R,
    step: usize,
    asked_by: &'a str,
    event: &'static str,
    kind: &'static str,
    recorded: bool,
    /// The answer says something else than the recorded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
}

/// A step for programs: the contract's `replay` with what a rehearsal adds, and the round where there are several.
pub fn step_line<'a>(
    step: &'a Step,
    replay: impl Serialize + 'a,
    differs: Option<bool>,
    round: Option<u32>,
) -> impl Serialize + 'a {
    StepLine {
        replay,
        round,
        step: step.number,
        asked_by: &step.asked_by,
        event: step.event.as_str(),
        kind: step.kind.as_str(),
        recorded: step.recorded.is_some(),
        differs,
    }
}

#[derive(Serialize)]
struct EndLine<'a> {
    r#type: &'static str,
    call: &'a str,
    ended: &'static str,
    proper: bool,
    why: &'a str,
    notes: &'a [String],
    unmet: &'a [String],
    unreached: &'a [String],
    steps: usize,
    passed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
}

/// How the rehearsal ended, for programs: a `rehearsal`.
pub fn end_line<'a>(
    call: &'a str,
    end: &'a End,
    (unmet, left): (&'a [String], &'a Unreached),
    (steps, passed): (usize, usize),
    round: Option<u32>,
) -> impl Serialize + 'a {
    EndLine {
        round,
        r#type: "rehearsal",
        call,
        ended: end.how.as_str(),
        proper: end.how.proper(),
        why: &end.why,
        notes: &end.notes,
        unmet,
        unreached: &left.requests,
        steps,
        passed,
    }
}

/// What was sent and judged, as the ladder wants it.
pub fn parts(done: &Followed) -> (&Plan, &Sent, &Verdict) {
    (&done.plan, &done.sent, &done.verdict)
}
