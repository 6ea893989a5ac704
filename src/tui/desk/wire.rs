//! The tabs that show what went over the wire: the request as it was sent, the answer with what the platform would say to it, headers.

use super::super::answer::{faults, header, problem};
use crate::call::Exchange;
use crate::judge::reply;
use crate::model::{Payload, Provider, RequestKind, Response};
use crate::output::fit;
use crate::output::pretty::{self, Limits};
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::session::Detail;

/// The request: method, URL, body or parameters.
pub(super) fn sent(e: &Exchange, d: &Detail) -> Vec<Line> {
    let mut line = Line::of(
        Role::Heading,
        d.request.method.as_deref().or(e.method.as_deref()).unwrap_or("?"),
    );
    line.push(Role::Plain, " ");
    line.push(
        Role::Name,
        d.request.url.as_deref().or(e.url.as_deref()).unwrap_or("(no URL)"),
    );
    let mut out = vec![line, Line::default()];
    match &d.request.payload {
        Payload::Form(params) => out.extend(pretty::form(params)),
        Payload::Json(body) => out.extend(pretty::body(Some("application/json"), body, &[], Limits::default())),
        Payload::Empty => out.push(Line::of(Role::Faint, "(no body, no parameters)")),
    }
    out
}

/// The answer: status, time, and its body with the faults that the platform would find.
pub(super) fn answered(provider: Provider, kind: RequestKind, e: &Exchange, r: Option<&Response>) -> Vec<Line> {
    let Some(r) = r else {
        let text = if e.waiting() {
            "no answer was logged yet"
        } else {
            "the source holds no answer"
        };
        return vec![Line::of(Role::Faint, text)];
    };
    let mut out = Vec::new();
    let mut line = match r.status {
        Some(s) => Line::of(
            if e.outcome.failed() { Role::Error } else { Role::Good },
            &s.to_string(),
        ),
        None => Line::of(Role::Faint, "status not logged"),
    };
    if let Some(ms) = r.ms {
        line.push(Role::Plain, &format!(" in {} ms", fit::thousands(ms as usize)));
    }
    out.push(line);
    let Some(body) = r.body.as_deref() else {
        out.push(Line::of(Role::Faint, "the source holds no body"));
        return out;
    };
    // What the platform would say to the document; of an error page it looks at the status only.
    let runs = r.status.is_none_or(|s| (200..300).contains(&s)) && !kind.is_callback();
    let problems = if runs && !body.is_empty() && !r.is_made_up() {
        reply(provider, kind, body.as_bytes())
    } else {
        Vec::new()
    };
    out.extend(problems.iter().filter(|p| p.line.is_none()).map(problem));
    out.push(Line::default());
    out.extend(pretty::body(
        header(&r.headers, "content-type"),
        body.as_bytes(),
        &faults(&problems),
        Limits::default(),
    ));
    out
}

/// Headers of request and answer.
pub(super) fn headers(d: &Detail) -> Vec<Line> {
    let mut out = Vec::new();
    let mut list = |title: &str, headers: &[(String, String)]| {
        if !out.is_empty() {
            out.push(Line::default());
        }
        out.push(Line::of(Role::Heading, title));
        if headers.is_empty() {
            out.push(Line::of(Role::Faint, "the source keeps none"));
        }
        for (name, value) in headers {
            let mut line = Line::of(Role::Name, name);
            line.push(Role::Punct, ": ");
            line.push(Role::Plain, value);
            out.push(line);
        }
    };
    list("Request", &d.request.headers);
    if let Some(r) = &d.response {
        list("Response", &r.headers);
    }
    out
}
