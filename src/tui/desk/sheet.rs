//! Everything about one thing: why, request, response, headers, raw lines, texts for the clipboard.

use crate::call::{Exchange, Finding};
use crate::filter::catalogue;
use crate::model::{Payload, Place, Provider, RequestKind, Response};
use crate::output::copy::pasteable;
use crate::output::fit;
use crate::output::pretty::{self, Limits};
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::session::{Detail, Session};

use super::super::answer::{faults, header, problem};
use super::super::data::{CopyTexts, Recorded, Sheet, Subject};
use crate::judge::reply;

/// Source lines around the one that is meant.
const AROUND: u64 = 3;
/// Bytes of a source line that are shown.
const LONGEST: u32 = 256 * 1024;

/// Everything about a subject.
pub(super) fn sheet(session: &Session, subject: Subject) -> Sheet {
    match subject {
        Subject::Request(n) => match session.calls.exchanges.get(n as usize) {
            Some(e) => request(session, e, None),
            None => Sheet::default(),
        },
        Subject::Finding(n) => match session.calls.findings.get(n as usize) {
            Some(f) => finding(session, f),
            None => Sheet::default(),
        },
        Subject::Line(place) => line(session, place),
    }
}

/// A line of the input by itself.
fn line(session: &Session, place: Place) -> Sheet {
    let text = session.again(&[place]).pop().unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut why = vec![Line::of(
        Role::Faint,
        &format!("{}:{}", session.name_of(place), place.line),
    )];
    why.extend(text.lines().map(|l| Line::of(Role::Plain, l)));
    Sheet {
        title: format!("line {}", fit::thousands(place.line as usize)),
        why,
        raw: raw(session, place),
        copy: CopyTexts {
            body: Some(pasteable(text.trim_end())),
            ..CopyTexts::default()
        },
        ..Sheet::default()
    }
}

fn finding(session: &Session, f: &Finding) -> Sheet {
    let about = f.exchange.and_then(|n| session.calls.exchanges.get(n as usize));
    let mut sheet = match about {
        Some(e) => request(session, e, Some(f)),
        None => Sheet {
            why: why(session, f),
            raw: raw(session, f.place),
            ..Sheet::default()
        },
    };
    if f.exchange.is_some() && about.is_some_and(|e| e.place != f.place) {
        sheet.raw.push(Line::default());
        sheet.raw.extend(raw(session, f.place));
    }
    sheet.title = f.title.to_string();
    sheet.copy.advice = Some(pasteable(&f.advice)).filter(|a| !a.is_empty());
    sheet.copy.id = Some(session.calls.calls[f.call as usize].id.to_string());
    sheet
}

/// Title, evidence, advice, link of a finding, the script around it.
fn why(session: &Session, f: &Finding) -> Vec<Line> {
    let mut out = Vec::new();
    let mut title = Line::of(f.severity.into(), &f.severity.as_str().to_uppercase());
    title.push(Role::Plain, " ");
    title.push(Role::Heading, &f.title);
    if f.count > 1 {
        title.push(Role::Plain, &format!(" (×{})", f.count));
    }
    out.push(title);
    let code = if f.code == f.class {
        f.class.to_string()
    } else {
        format!("{} {}", f.code, f.class)
    };
    out.push(Line::of(Role::Faint, &code));
    if !f.evidence.is_empty() && !f.title.contains(&*f.evidence) {
        out.push(Line::default());
        out.extend(f.evidence.lines().map(|l| quoted(Role::Plain, l)));
    }
    let script = session.script(f);
    if !script.is_empty() {
        out.push(Line::default());
        out.extend(script.iter().map(|l| {
            let role = if l.starts_with('>') { Role::Fault } else { Role::Text };
            quoted(role, l)
        }));
    }
    if !f.advice.is_empty() {
        out.push(Line::default());
        out.push(Line::of(Role::Good, &format!("→ {}", f.advice)));
    }
    let calls = &session.calls.calls;
    if calls[f.call as usize].provider == Provider::Twilio && catalogue::look_up(&f.code).is_some() {
        out.push(Line::of(Role::Command, &catalogue::link(&f.code)));
    }
    out.push(Line::default());
    out.push(Line::of(
        Role::Faint,
        &format!("{}:{} · rule {}", session.name_of(f.place), f.place.line, f.rule),
    ));
    out
}

fn quoted(role: Role, text: &str) -> Line {
    let mut line = Line::of(Role::Faint, "│ ");
    line.push(role, text);
    line
}

fn request(session: &Session, e: &Exchange, about: Option<&Finding>) -> Sheet {
    let detail = session.details(&[e]).pop().unwrap_or_default();
    let call = &session.calls.calls[e.call as usize];
    let findings: Vec<&Finding> = match about {
        Some(f) => vec![f],
        None => session
            .calls
            .findings_of(call)
            .filter(|f| f.exchange == Some(e.index) && !f.hidden && !f.noise)
            .collect(),
    };
    let mut why = Vec::new();
    for f in &findings {
        if !why.is_empty() {
            why.push(Line::default());
        }
        why.extend(self::why(session, f));
    }
    if !why.is_empty() {
        why.push(Line::default());
    }
    why.extend(became(e));
    let url = detail
        .request
        .url
        .clone()
        .or_else(|| e.url.as_deref().map(str::to_owned));
    Sheet {
        exchange: Some(e.index),
        title: format!(
            "{} {}",
            e.method.as_deref().unwrap_or("?"),
            e.url
                .as_deref()
                .map(|u| crate::call::host_and_path(u).1)
                .unwrap_or_default()
        ),
        why,
        request: sent(e, &detail),
        response: answered(call.provider, e.kind, e, detail.response.as_ref()),
        headers: headers(&detail),
        raw: raw_of(session, e),
        copy: CopyTexts {
            body: body(&detail).map(|b| pasteable(&b)),
            url: url.map(|u| pasteable(&u)),
            id: Some(call.id.to_string()),
            advice: findings.first().map(|f| pasteable(&f.advice)).filter(|a| !a.is_empty()),
        },
        recorded: Some(Box::new(Recorded {
            exchange: e.index,
            name: e.name(),
            call: e.call,
            provider: call.provider,
            kind: e.kind,
            outcome: e.outcome,
            request: detail.request,
            response: detail.response,
        })),
    }
}

/// What a request is as a whole, for those who want to send it.
pub(super) fn recorded(session: &Session, n: u32) -> Option<Recorded> {
    let e = session.calls.exchanges.get(n as usize)?;
    let detail = session.details(&[e]).pop()?;
    Some(Recorded {
        exchange: e.index,
        name: e.name(),
        call: e.call,
        provider: session.calls.calls[e.call as usize].provider,
        kind: e.kind,
        outcome: e.outcome,
        request: detail.request,
        response: detail.response,
    })
}

/// What became of a request, in a few lines.
fn became(e: &Exchange) -> Vec<Line> {
    let mut out = Vec::new();
    let role = if e.outcome.failed() { Role::Error } else { Role::Good };
    let mut line = Line::of(Role::Faint, "outcome ");
    line.push(role, e.outcome.as_str());
    if let Some(s) = e.status {
        line.push(Role::Plain, &format!(", status {s}"));
    }
    if let Some(ms) = e.ms {
        line.push(Role::Plain, &format!(", {} ms", fit::thousands(ms as usize)));
    }
    out.push(line);
    if e.waiting() {
        out.push(Line::of(Role::Faint, "no answer was logged yet"));
    }
    if let Some(s) = e.step {
        let certain = if s.certain { "" } else { " (inferred)" };
        let mut line = Line::of(Role::Faint, "the step before it ended with ");
        line.push(Role::Name, s.event.as_str());
        line.push(Role::Faint, certain);
        out.push(line);
    }
    let mut line = Line::of(Role::Faint, "request ");
    line.push(Role::Command, &e.name());
    if e.kind != RequestKind::Unknown {
        line.push(Role::Faint, &format!(", {}", e.kind.as_str()));
    }
    out.push(line);
    if let Some(why) = e.why_not {
        out.push(Line::of(Role::Warning, &format!("cannot be sent again: {why}")));
    }
    out
}

fn sent(e: &Exchange, d: &Detail) -> Vec<Line> {
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

fn answered(provider: Provider, kind: RequestKind, e: &Exchange, r: Option<&Response>) -> Vec<Line> {
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
    let problems = if runs && !body.is_empty() {
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

fn headers(d: &Detail) -> Vec<Line> {
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

fn body(d: &Detail) -> Option<String> {
    crate::output::json::body_text(d)
}

fn raw_of(session: &Session, e: &Exchange) -> Vec<Line> {
    let mut out = raw(session, e.place);
    if let Some(answer) = e
        .answer
        .filter(|a| a.line > e.place.line + AROUND || a.input != e.place.input)
    {
        out.push(Line::default());
        out.extend(raw(session, answer));
    }
    out
}

/// The lines of a place with their numbers, and a few around a single line.
fn raw(session: &Session, place: Place) -> Vec<Line> {
    let mut out = vec![Line::of(Role::Faint, session.name_of(place))];
    for (n, text) in session.around(place, AROUND, LONGEST) {
        let within = n == place.line || (n > place.line && n < place.line + lines_in(session, place));
        let mark = if within { ">" } else { " " };
        let mut line = Line::of(
            if within { Role::Command } else { Role::Faint },
            &format!("{mark}{n:>7} "),
        );
        let text = String::from_utf8_lossy(&text);
        line.push(
            if within { Role::Plain } else { Role::Faint },
            text.trim_end_matches(['\r', '\n']),
        );
        out.push(line);
    }
    out
}

/// How many lines a place has.
fn lines_in(session: &Session, place: Place) -> u64 {
    let text = session.again(&[place]).pop().unwrap_or_default();
    memchr::memchr_iter(b'\n', &text).count() as u64 + 1
}
