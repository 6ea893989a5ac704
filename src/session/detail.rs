//! A request and its answer, complete: read again from the input, because the fold keeps places only.

use super::Session;
use crate::call::Exchange;
use crate::format::tropo;
use crate::model::{Payload, Place, Request, Response};
use crate::scan;

/// A request and its answer, complete, read again from the input.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The request.
    pub request: Request,
    /// The answer, when there was one.
    pub response: Option<Response>,
    /// The account that owns it (Twilio).
    pub account: Option<String>,
}

impl Session {
    /// Requests with their answers, complete, in the order given.
    pub fn details(&self, exchanges: &[&Exchange]) -> Vec<Detail> {
        let mut places: Vec<Place> = exchanges.iter().map(|e| e.place).collect();
        places.extend(exchanges.iter().map(|e| e.answer.unwrap_or_default()));
        let texts = self.again(&places);
        let (requests, answers) = texts.split_at(exchanges.len());
        exchanges
            .iter()
            .zip(requests.iter().zip(answers))
            .map(|(e, (request, answer))| {
                if e.from_document() {
                    document(e, request)
                } else {
                    log_line(e, request, answer)
                }
            })
            .collect()
    }
}

fn document(e: &Exchange, text: &[u8]) -> Detail {
    let Some(record) = scan::fact_of(text, e.event_id()) else {
        return known(e);
    };
    let mut request = record.request.unwrap_or_default();
    if request.url.is_none() {
        request.url = e.url.as_deref().map(str::to_owned);
    }
    Detail {
        request,
        response: record.response,
        account: record.account.map(|a| a.to_string()),
    }
}

/// What the fold knows, when the input is not there any more.
fn known(e: &Exchange) -> Detail {
    let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
    Detail {
        request: Request {
            method: text(&e.method),
            url: text(&e.url),
            ..Request::default()
        },
        response: None,
        account: None,
    }
}

/// A webhook in Tropo's log: the body is what follows the URL, byte for byte.
fn log_line(e: &Exchange, line: &[u8], answer: &[u8]) -> Detail {
    let mut detail = known(e);
    if let Some(body) = tropo::body_of(line, b"]: ").or_else(|| tropo::body_of(line, b"]:")) {
        detail.request.payload = Payload::Json(body);
    }
    if e.answer.is_some() || e.status.is_some() {
        let body = match e.status {
            Some(_) => None,
            None => tropo::body_of(answer, b": ").map(|b| String::from_utf8_lossy(&b).into_owned()),
        };
        detail.response = Some(Response {
            status: e.status,
            headers: Vec::new(),
            body,
            ms: e.ms.map(u64::from),
        });
    }
    detail
}

pub(super) type People = (Option<String>, Option<String>, Option<String>);

/// `session.from.id`, `session.to.id`; a token launch is outbound.
pub(super) fn people(detail: &Detail) -> People {
    let Payload::Json(body) = &detail.request.payload else {
        return (None, None, None);
    };
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return (None, None, None);
    };
    let session = &json["session"];
    let text = |v: &serde_json::Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let direction = match session["userType"].as_str() {
        Some("NONE") => Some("outbound".to_owned()),
        Some(_) => Some("inbound".to_owned()),
        None => None,
    };
    (text(&session["from"]["id"]), text(&session["to"]["id"]), direction)
}
