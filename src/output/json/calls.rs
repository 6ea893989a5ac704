//! `call` and `finding`: what went on, and what went wrong in it.

use serde::Serialize;

use super::{At, Source, at, source};
use crate::call::{Call, Finding};
use crate::model::Severity;
use crate::session::Session;

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
