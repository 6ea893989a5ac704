//! The contract's objects, one a line, each with its `type`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::changes::Change;
use super::kept::Kept;
use crate::call::{Call, Exchange, Finding, Unparsed};
use crate::model::{Payload, Place, Problem, Severity, Time, Verdict};
use crate::replay::Plan;
use crate::session::{Detail, Session};

/// Writes one object and its line end.
///
/// # Errors
///
/// What the writer says.
pub fn line(out: &mut impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// A moment in the contract's spelling.
struct At(Time);

impl Serialize for At {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

fn at(t: Option<Time>) -> Option<At> {
    t.map(At)
}

#[derive(Serialize)]
struct Source<'a> {
    path: &'a str,
    line: u64,
    byte: u64,
}

fn source(session: &Session, p: Place) -> Source<'_> {
    Source {
        path: session.name_of(p),
        line: p.line,
        byte: p.byte,
    }
}

#[derive(Serialize)]
struct FindingLine<'a> {
    r#type: &'static str,
    call: String,
    provider: &'static str,
    at: Option<At>,
    severity: &'static str,
    code: &'a str,
    class: &'a str,
    rule: &'a str,
    title: &'a str,
    advice: &'a str,
    evidence: &'a str,
    source: Source<'a>,
    request: Option<String>,
    count: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    script: &'a [String],
}

/// A `finding`; `script` is the source around the line that it names.
pub fn finding<'a>(session: &'a Session, f: &'a Finding, script: &'a [String]) -> impl Serialize + 'a {
    let call = &session.calls.calls[f.call as usize];
    FindingLine {
        r#type: "finding",
        call: call.id.to_string(),
        provider: call.provider.as_str(),
        at: at(f.at.time()),
        severity: f.severity.as_str(),
        code: &f.code,
        class: &f.class,
        rule: &f.rule,
        title: &f.title,
        advice: &f.advice,
        evidence: &f.evidence,
        source: source(session, f.place),
        request: f.exchange.map(|n| session.calls.exchanges[n as usize].name()),
        count: f.count,
        script,
    }
}

#[derive(Serialize)]
struct CallLine<'a> {
    r#type: &'static str,
    call: String,
    provider: &'static str,
    ids: Vec<String>,
    parent: Option<String>,
    app: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    direction: Option<&'a str>,
    started: Option<At>,
    ended: Option<At>,
    lines: u64,
    requests: usize,
    errors: usize,
    warnings: usize,
    outcome: Option<&'a str>,
}

/// A `call`.
pub fn call<'a>(session: &'a Session, c: &'a Call) -> impl Serialize + 'a {
    let count = |s: Severity| {
        session
            .calls
            .findings_of(c)
            .filter(|f| !f.hidden && !f.noise && f.severity == s)
            .count()
    };
    CallLine {
        r#type: "call",
        call: c.id.to_string(),
        provider: c.provider.as_str(),
        ids: c.ids().map(ToString::to_string).collect(),
        parent: c.parent.as_ref().map(ToString::to_string),
        app: c.app.as_deref(),
        from: c.from.as_deref(),
        to: c.to.as_deref(),
        direction: c.direction.as_deref(),
        started: at(c.started.time()),
        ended: at(c.ended.time()),
        lines: c.lines,
        requests: c.exchanges.len(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        outcome: c.state.as_deref(),
    }
}

#[derive(Serialize)]
struct RequestLine<'a> {
    r#type: &'static str,
    id: String,
    call: String,
    at: Option<At>,
    kind: &'static str,
    method: Option<&'a str>,
    url: Option<&'a str>,
    headers: &'a [(String, String)],
    body: Option<String>,
    params: Vec<(String, String)>,
    response: Option<ResponseLine<'a>>,
    outcome: &'static str,
    replayable: bool,
    why_not: Option<String>,
    event: Option<&'static str>,
    event_certain: Option<bool>,
    source: Source<'a>,
}

#[derive(Serialize)]
struct ResponseLine<'a> {
    status: Option<u16>,
    headers: &'a [(String, String)],
    body: Option<&'a str>,
    ms: Option<u64>,
}

/// A `request`.
pub fn request<'a>(session: &'a Session, e: &'a Exchange, d: &'a Detail) -> impl Serialize + 'a {
    let text = |t: &'a Option<std::sync::Arc<str>>| t.as_deref();
    RequestLine {
        r#type: "request",
        id: e.name(),
        call: session.calls.calls[e.call as usize].id.to_string(),
        at: at(e.at.time()),
        kind: e.kind.as_str(),
        method: d.request.method.as_deref().or(text(&e.method)),
        url: d.request.url.as_deref().or(text(&e.url)),
        headers: &d.request.headers,
        body: body_text(d),
        params: params(d),
        response: d.response.as_ref().map(|r| ResponseLine {
            status: r.status.or(e.status),
            headers: &r.headers,
            body: r.body.as_deref(),
            ms: r.ms.or(e.ms.map(u64::from)),
        }),
        outcome: e.outcome.as_str(),
        replayable: e.replayable(),
        why_not: e.why_not.map(|w| w.to_string()),
        event: e.step.map(|s| s.event.as_str()),
        event_certain: e.step.map(|s| s.certain),
        source: source(session, e.place),
    }
}

/// The body as it was sent: form parameters encoded again, JSON as found; a GET has none.
pub fn body_text(d: &Detail) -> Option<String> {
    match &d.request.payload {
        Payload::Empty => None,
        Payload::Form(_) if d.request.is_get() => None,
        Payload::Form(p) => Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(p).finish()),
        Payload::Json(b) => Some(String::from_utf8_lossy(b).into_owned()),
    }
}

/// Decoded parameters in order; those of a GET's own query when it has no others.
fn params(d: &Detail) -> Vec<(String, String)> {
    if !d.request.params().is_empty() || !d.request.is_get() {
        return d.request.params().to_vec();
    }
    let query = d
        .request
        .url
        .as_deref()
        .and_then(|u| u.split_once('?'))
        .map_or("", |(_, q)| q);
    let query = query.split('#').next().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect()
}

#[derive(Serialize)]
struct LineLine<'a> {
    r#type: &'static str,
    source: Source<'a>,
    text: String,
}

/// A `line` of a log (`show --all`).
pub fn log_line<'a>(session: &'a Session, p: Place, text: &[u8]) -> impl Serialize + 'a {
    LineLine {
        r#type: "line",
        source: source(session, p),
        text: String::from_utf8_lossy(text).into_owned(),
    }
}

#[derive(Serialize)]
struct UnparsedLine<'a> {
    r#type: &'static str,
    source: Source<'a>,
    lines: u64,
    why: &'a str,
    text: String,
}

/// An `unparsed` run of lines (`--unparsed`).
pub fn unparsed<'a>(session: &'a Session, u: &'a Unparsed, text: &[u8]) -> impl Serialize + 'a {
    UnparsedLine {
        r#type: "unparsed",
        source: source(session, u.place),
        lines: u.lines,
        why: if u.why.is_empty() {
            "no log line and no document of a known form"
        } else {
            &u.why
        },
        text: String::from_utf8_lossy(text).into_owned(),
    }
}

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

#[derive(Serialize)]
struct VerdictLine<'a> {
    pass: bool,
    code: Option<&'a str>,
    problems: Vec<ProblemLine<'a>>,
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

/// Totals of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Always `summary`.
    pub r#type: &'static str,
    /// Inputs read.
    pub inputs: usize,
    /// Their bytes of text.
    pub bytes: u64,
    /// Their lines.
    pub lines: u64,
    /// Lines that could not be read.
    pub unparsed: u64,
    /// Lines that stand behind nothing shown.
    pub hidden: u64,
    /// Calls in view.
    pub calls: usize,
    /// Their requests.
    pub requests: usize,
    /// Their errors.
    pub errors: usize,
    /// Their warnings.
    pub warnings: usize,
    /// Milliseconds from start to here.
    pub ms: u64,
}
