//! A webhook as the app received it: its bare parameters, or the whole HTTP request; and Tropo's own JSON documents,
//! which an app receives the same way.

use std::borrow::Cow;

use crate::format::{Record, RecordKind};
use crate::model::{Outcome, Payload, Provider, Request, RequestKind, Severity, Time};

use super::detail::Detail;
use super::value::{Object, Value, member};
use super::{draft, purpose};

/// True when these are the parameters of a webhook.
pub(super) fn is_webhook<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let (mut account, mut resource) = (false, false);
    for name in names {
        account |= name == "AccountSid";
        resource |= matches!(
            name,
            "CallSid" | "MessageSid" | "SmsSid" | "RecordingSid" | "ConferenceSid"
        );
    }
    account && resource
}

/// A webhook by its parameters; method, URL and headers are added by whoever knows them.
pub(super) fn read(params: Vec<(String, String)>) -> Record {
    let request = Request {
        payload: Payload::Form(params),
        ..Request::default()
    };
    read_request(request, None)
}

/// A webhook by its request. `query` are the parameters of a GET, which stay in its URL.
pub(super) fn read_request(request: Request, query: Option<&[(String, String)]>) -> Record {
    let record = begin(RecordKind::Webhook, request, query);
    let mut record = draft::finish(record, Detail::default());
    // Nothing is known of the answer, whatever the code in the parameters says of something else.
    record.outcome = Outcome::Unknown;
    record
}

/// What the parameters of a webhook tell, not yet finished.
pub(super) fn begin(kind: RecordKind, request: Request, query: Option<&[(String, String)]>) -> Record {
    let mut record = draft::blank(kind, Provider::Twilio);
    let params = query.unwrap_or_else(|| request.params());
    let value = |name: &str| params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    record.call = ["CallSid", "MessageSid", "SmsSid", "RecordingSid", "ConferenceSid"]
        .iter()
        .find_map(|n| draft::id_of(value(n)?));
    record.account = value("AccountSid").and_then(draft::id_of);
    record.parent = value("ParentCallSid").and_then(draft::id_of);
    record.code = value("ErrorCode").and_then(draft::code);
    let status = value("MessageStatus").unwrap_or("");
    if ["undelivered", "failed"].iter().any(|s| status.eq_ignore_ascii_case(s)) {
        record.level = Some(Severity::Error);
    }
    record.at = value("Timestamp").and_then(Time::parse);
    record.request_kind = match query {
        Some(q) => purpose::of_params(q.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
        None => RequestKind::Unknown,
    };
    record.request = Some(request);
    record
}

/// The members of a flat object as parameters in their order.
pub(super) fn params(members: &Object<'_>) -> Vec<(String, String)> {
    members
        .iter()
        .map(|(n, v)| (n.clone().into_owned(), v.param()))
        .collect()
}

/// Reads a Tropo `session` or `result`; `text` is the whole document, kept byte for byte.
pub(super) fn read_tropo(members: &Object<'_>, text: &str) -> Record {
    let record = begin_tropo(RecordKind::TropoPayload, members, text.as_bytes());
    draft::finish(record, Detail::default())
}

/// What a Tropo `session` or `result` tells, not yet finished.
pub(super) fn begin_tropo(kind: RecordKind, members: &Object<'_>, text: &[u8]) -> Record {
    let mut record = draft::blank(kind, Provider::Tropo);
    let (session, result) = (member(members, "session"), member(members, "result"));
    let (inner, id, kind) = match session {
        Value::Object(_) => (session, "id", RequestKind::Session),
        _ => (result, "sessionId", RequestKind::Result),
    };
    record.call = draft::id(inner.get(id));
    record
        .also
        .extend(draft::id(inner.get("callId")).filter(|a| Some(a) != record.call.as_ref()));
    record.account = draft::id(inner.get("accountId"));
    record.at = inner.get("timestamp").text().as_deref().and_then(Time::parse);
    record.request_kind = kind;
    record.request = Some(Request {
        payload: Payload::Json(text.to_vec()),
        ..Request::default()
    });
    let set = |record: &mut Record, name: &'static str, value: Option<Cow<'_, str>>| {
        record.fields.set(name, value.unwrap_or_default());
    };
    let end = |n: &str| ["e164Id", "id"].iter().find_map(|k| inner.get(n).get(k).text());
    set(&mut record, "to", end("to").or_else(|| inner.get("calledid").text()));
    set(&mut record, "from", end("from"));
    set(
        &mut record,
        "call_status",
        inner.get("state").text().or_else(|| inner.get("callState").text()),
    );
    set(&mut record, "msg", inner.get("error").text());
    record
}

/// A Tropo reply standing alone: it tells of no request.
pub(super) fn read_tropo_reply() -> Record {
    draft::finish(draft::blank(RecordKind::TropoReply, Provider::Tropo), Detail::default())
}
