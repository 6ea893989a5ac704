//! `replay` with its `verdict`, just sent or kept in the store, and `problem`.

use std::borrow::Cow;

use serde::Serialize;

use super::super::changes::Change;
use super::super::kept::Kept;
use super::At;
use crate::call::{Call, Exchange};
use crate::model::{Problem, Verdict};
use crate::replay::Plan;

#[derive(Serialize)]
struct ReplayLine<'a, V> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<At>,
    request: String,
    call: String,
    sent_to: &'a str,
    method: &'a str,
    signature: &'static str,
    status: Option<u16>,
    ms: Option<u64>,
    headers: &'a [(String, String)],
    body: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    verdict: V,
    was: &'static str,
    edited: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    edits: &'a [Change],
    notes: &'a [String],
}

/// A `replay`; `edits` is what was changed before.
pub fn replay<'a>(
    request: &Exchange,
    call: &Call,
    plan: &'a Plan,
    sent: &'a crate::replay::Sent,
    verdict: &'a Verdict,
    edits: &'a [Change],
) -> impl Serialize + 'a {
    ReplayLine {
        r#type: "replay",
        at: None,
        request: request.name(),
        call: call.id.to_string(),
        sent_to: &sent.sent_to,
        method: &plan.method,
        signature: plan.signature.as_str(),
        status: sent.status,
        ms: Some(sent.ms),
        headers: &sent.headers,
        body: sent.status.map(|_| String::from_utf8_lossy(&sent.body)),
        error: sent.error.as_ref().map(|e| e.to_string().into()),
        verdict: verdict_line(verdict),
        was: request.outcome.as_str(),
        edited: plan.edited,
        edits,
        notes: &plan.notes,
    }
}

/// A `replay` that was kept in the store, with the time at which it was sent.
pub fn kept<'a>(request: &Exchange, call: &Call, kept: &'a Kept) -> impl Serialize + 'a {
    ReplayLine {
        r#type: "replay",
        at: Some(At(kept.at)),
        request: request.name(),
        call: call.id.to_string(),
        sent_to: &kept.sent_to,
        method: &kept.method,
        signature: kept.signature,
        status: kept.status,
        ms: kept.ms,
        headers: &kept.headers,
        body: kept.body.as_deref().map(Into::into),
        error: kept.error.as_deref().map(Into::into),
        verdict: &kept.verdict,
        was: request.outcome.as_str(),
        edited: kept.edited,
        edits: &kept.edits,
        notes: &kept.notes,
    }
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    pass: bool,
    code: Option<&'a str>,
    problems: Vec<ProblemLine<'a>>,
}

fn verdict_line(verdict: &Verdict) -> VerdictLine<'_> {
    VerdictLine {
        pass: verdict.pass(),
        code: verdict.code(),
        problems: verdict.problems.iter().map(problem).collect(),
    }
}

/// The `verdict` of a `replay`.
pub fn verdict(verdict: &Verdict) -> serde_json::Value {
    // Only maps with keys that are no text could fail.
    serde_json::to_value(verdict_line(verdict)).unwrap_or_default()
}

#[derive(Serialize)]
struct ProblemLine<'a> {
    code: Option<&'a str>,
    severity: &'static str,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
    certain: bool,
}

fn problem(p: &Problem) -> ProblemLine<'_> {
    ProblemLine {
        code: p.code.as_deref(),
        severity: p.severity.as_str(),
        line: p.line,
        column: p.column,
        message: &p.message,
        certain: p.certain,
    }
}

#[derive(Serialize)]
struct ProblemObject<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(flatten)]
    problem: ProblemLine<'a>,
}

/// A `problem` (`check`), with the file that it is in.
pub fn problem_line<'a>(p: &'a Problem, path: Option<&'a str>) -> impl Serialize + 'a {
    ProblemObject {
        r#type: "problem",
        path,
        problem: problem(p),
    }
}
