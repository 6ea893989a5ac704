//! `request`: what the platform sent and what came back, as the source has it.

use serde::Serialize;

use super::{At, Source, at, source};
use crate::call::Exchange;
use crate::model::Payload;
use crate::session::{Detail, Session};

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
