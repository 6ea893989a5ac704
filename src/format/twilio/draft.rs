//! From the parts of a document to a finished [`Record`]: what every kind of document has in common.

use crate::format::{Fields, Record, RecordKind};
use crate::model::{Id, Outcome, Payload, Provider, Request, RequestKind, Response, Severity, WhyNot};

use super::detail::{Detail, leading_digits};
use super::value::Value;
use super::{asked, form, purpose, verdict};

/// A record that tells nothing yet.
pub(super) fn blank(kind: RecordKind, provider: Provider) -> Record {
    Record {
        kind,
        provider,
        event_id: None,
        call: None,
        parent: None,
        also: Vec::new(),
        account: None,
        at: None,
        level: None,
        code: None,
        fields: Fields::with_capacity(20),
        request: None,
        request_kind: RequestKind::Unknown,
        response: None,
        outcome: Outcome::Unknown,
        why_not: None,
        asked: None,
    }
}

/// Settles everything that follows from the parts: ids, kind, fields, outcome, what was asked, and whether it can be
/// sent again. A `request_kind` that is set already stays.
pub(super) fn finish(mut record: Record, mut detail: Detail<'_>) -> Record {
    if record.code.is_none() {
        record.code = detail.error_code.take().as_deref().and_then(code);
    }
    if record.level.is_none() {
        record.level = detail.level.take().as_deref().and_then(Severity::parse);
    }
    let reported = detail.status();
    take_params(&mut record);
    if let Some(request) = record
        .request
        .as_ref()
        .filter(|_| record.request_kind == RequestKind::Unknown)
    {
        record.request_kind = purpose::of(request, record.code.as_deref());
    }
    name_fields(&mut record, detail.url.take().as_deref());
    detail.fill(&mut record.fields);
    verdict::settle(&mut record, reported);
    let url = record.request.as_ref().and_then(|r| r.url.as_deref());
    record.asked = record
        .response
        .as_ref()
        .and_then(|r| asked::read(r.body.as_deref()?, url));
    record.why_not = why_not(&record);
    record
}

/// A code's digits; none for `0`, which says that nothing is wrong.
pub(super) fn code(text: &str) -> Option<String> {
    let digits = leading_digits(text);
    (!digits.trim_start_matches('0').is_empty()).then(|| digits.to_owned())
}

/// An id; none for empty text.
pub(super) fn id(value: &Value<'_>) -> Option<Id> {
    match value {
        Value::Text(t) => id_of(t),
        _ => None,
    }
}

/// An id; none for empty text.
pub(super) fn id_of(text: &str) -> Option<Id> {
    let text = text.trim();
    (!text.is_empty()).then(|| Id::from(text))
}

/// Owned text; none for null and blanks.
pub(super) fn text(value: &Value<'_>) -> Option<String> {
    value.text().map(std::borrow::Cow::into_owned)
}

/// The members of an object, or the pairs of a form-encoded text, as parameters or headers.
pub(super) fn pairs(value: &Value<'_>) -> Vec<(String, String)> {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(n, v)| (n.clone().into_owned(), v.param()))
            .collect(),
        Value::Text(t) => form::owned(t),
        _ => Vec::new(),
    }
}

/// A request, when any part of it is there.
pub(super) fn request(
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    params: Vec<(String, String)>,
) -> Option<Request> {
    if url.is_none() && params.is_empty() {
        return None;
    }
    let payload = if params.is_empty() {
        Payload::Empty
    } else {
        Payload::Form(params)
    };
    Some(Request {
        method,
        url,
        headers,
        payload,
    })
}

/// A response, when any part of it is there.
pub(super) fn response(status: Option<u16>, headers: Vec<(String, String)>, body: Option<String>) -> Option<Response> {
    let known = status.is_some() || !headers.is_empty() || body.is_some();
    known.then_some(Response {
        status,
        headers,
        body,
        ms: None,
    })
}

/// `call`, `message` or `other`, by the letters an id begins with.
fn resource(id: &Id) -> &'static str {
    let prefix = id.sid_prefix().unwrap_or_else(|| {
        let text = id.to_string();
        text.as_bytes().first_chunk::<2>().copied().unwrap_or_default()
    });
    match &prefix {
        b"CA" => "call",
        b"SM" | b"MM" => "message",
        _ => "other",
    }
}

/// Ids and fields that only the request's parameters hold.
fn take_params(record: &mut Record) {
    let Record {
        request,
        fields,
        call,
        parent,
        also,
        account,
        ..
    } = record;
    let (mut own, mut sms) = (None, None);
    let given = request.as_ref().map(Request::given).unwrap_or_default();
    for (name, value) in given.iter() {
        match name.as_str() {
            "CallSid" => own = id_of(value),
            "MessageSid" if own.is_none() => own = id_of(value),
            "SmsSid" => sms = id_of(value),
            "ParentCallSid" => *parent = id_of(value),
            "AccountSid" if account.is_none() => *account = id_of(value),
            "DialCallSid" => fields.set("dial_call", value.as_str()),
            "To" => fields.set("to", value.as_str()),
            "From" => fields.set("from", value.as_str()),
            "Direction" => fields.set("direction", value.as_str()),
            "CallStatus" => fields.set("call_status", value.as_str()),
            "MessageStatus" | "SmsStatus" => fields.set("message_status", value.as_str()),
            _ => {}
        }
    }
    let own = own.or_else(|| sms.clone());
    // A conference or a recording is no call: the parameters know which call it belongs to.
    let better = own.filter(|_| call.as_ref().is_none_or(|c| resource(c) == "other"));
    if let Some(better) = better {
        also.extend(call.replace(better));
    }
    also.extend(sms);
    also.retain(|a| Some(a) != call.as_ref());
}

/// The fields about the record itself and its request.
fn name_fields(record: &mut Record, named_url: Option<&str>) {
    let Record {
        kind,
        request,
        fields,
        code,
        level,
        call,
        request_kind,
        ..
    } = record;
    if let Some(code) = code {
        fields.set("code", code.as_str());
    }
    if let Some(level) = level {
        fields.set("level", level.as_str());
    }
    if let Some(call) = call {
        fields.set("resource", resource(call));
    }
    let url = request.as_ref().and_then(|r| r.url.as_deref()).or(named_url);
    if let Some(url) = url {
        let (host, path) = parts(url);
        fields.set("url", url);
        // A recorded request did come in: what a host may mean for one that did not is no matter.
        if *kind != RecordKind::Exchange {
            fields.set("host", host);
        }
        fields.set("path", path);
    }
    if let Some(request) = request {
        fields.set("method", request.method.as_deref().unwrap_or(""));
        fields.set("kind", request_kind.as_str());
    }
}

/// Host without user and port, and the path without the query, of a URL as written.
pub(super) fn parts(url: &str) -> (&str, &str) {
    let Some((scheme, rest)) = url.split_once(':') else {
        return ("", url);
    };
    let Some(rest) = rest.strip_prefix("//") else {
        let host = rest.rsplit_once('@').map_or(rest, |(_, h)| h);
        return if scheme.starts_with("sip") {
            (host.split([';', '?', ':']).next().unwrap_or(""), "")
        } else {
            ("", "")
        };
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    (host, target.split(['?', '#']).next().unwrap_or(""))
}

/// Why a request cannot be sent again, the most telling reason first.
fn why_not(record: &Record) -> Option<WhyNot> {
    let Some(request) = &record.request else {
        return Some(WhyNot::NoRequest);
    };
    if record.request_kind == RequestKind::Api {
        return Some(WhyNot::Api);
    }
    if record.request_kind == RequestKind::Sip {
        return Some(WhyNot::NotHttp);
    }
    if is_internal(request) {
        return Some(WhyNot::Internal);
    }
    match record.kind {
        RecordKind::AlertListed | RecordKind::NotificationListed | RecordKind::Cli => Some(WhyNot::ListOnly),
        _ if request.url.is_none() => Some(WhyNot::NoUrl),
        _ => None,
    }
}

/// True for a record of Twilio's own in the place of parameters (63052): names in lower camel case, and none of those
/// that every webhook carries.
fn is_internal(request: &Request) -> bool {
    let has = |names: &[&str]| request.params().iter().any(|(n, _)| names.contains(&n.as_str()));
    !has(&["AccountSid", "CallSid", "MessageSid", "SmsSid"])
        && has(&[
            "accountSid",
            "messageSid",
            "callSid",
            "errorMessage",
            "channelToAddress",
        ])
}
