//! The debugger webhook: its form fields, the same as a JSON object, and its payload alone (spec/twilio.md 1).

use std::borrow::Cow;

use crate::format::{Record, RecordKind};
use crate::model::{Provider, Response, Severity, Time};

use super::detail::Detail;
use super::value::{Object, Value, member};
use super::{draft, unwrap};

/// Reads the webhook's form fields, decoded once; the text tells what of the payload could not be read.
pub(super) fn read_form(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> (Record, Option<String>) {
    let field = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_ref());
    let time = field("Timestamp").or_else(|| field("TimeStamp"));
    let outer = outer(field("Sid"), field("AccountSid"), field("Level"), time);
    read_payload_text(outer, field("Payload").unwrap_or(""))
}

/// Reads the webhook's fields as a framework hands them over: `{"Sid":…,"Payload":{…} or "text"}`.
pub(super) fn read_fields(members: &Object<'_>) -> (Record, Option<String>) {
    let field = |name: &str| match member(members, name) {
        Value::Text(t) => Some(t.as_ref()),
        _ => None,
    };
    let time = field("Timestamp").or_else(|| field("TimeStamp"));
    let outer = outer(field("Sid"), field("AccountSid"), field("Level"), time);
    match member(members, "Payload") {
        Value::Text(t) => read_payload_text(outer, t),
        object @ Value::Object(_) => (read_payload(outer, object), None),
        _ => read_payload_text(outer, ""),
    }
}

/// A payload that no webhook is around: it knows neither its event's id nor its time.
pub(super) fn read_alone(payload: &Object<'_>) -> Record {
    read_members(draft::blank(RecordKind::Debugger, Provider::Twilio), payload)
}

/// The record so far, from the fields around the payload.
fn outer(sid: Option<&str>, account: Option<&str>, level: Option<&str>, time: Option<&str>) -> Record {
    let mut record = draft::blank(RecordKind::Debugger, Provider::Twilio);
    record.event_id = sid.and_then(draft::id_of);
    record.account = account.and_then(draft::id_of);
    record.level = level.and_then(Severity::parse);
    record.at = time.and_then(Time::parse);
    record
}

/// Reads a payload given as text, in any of the wrappings that it was seen in.
pub(super) fn read_payload_text(outer: Record, text: &str) -> (Record, Option<String>) {
    let mut outer = Some(outer);
    let read = unwrap::with_value(text, &mut |payload| {
        let members = payload.object()?;
        outer.take().map(|o| read_members(o, members))
    });
    match (read.flatten(), outer) {
        (Some(record), _) => (record, None),
        (None, outer) => {
            let record = outer.unwrap_or_else(|| draft::blank(RecordKind::Debugger, Provider::Twilio));
            let trouble = if text.trim().is_empty() {
                "debugger event without Payload"
            } else {
                "Payload is not JSON"
            };
            (draft::finish(record, Detail::default()), Some(trouble.to_owned()))
        }
    }
}

/// Fills a record from a payload.
pub(super) fn read_payload(record: Record, payload: &Value<'_>) -> Record {
    match payload.object() {
        Some(members) => read_members(record, members),
        None => draft::finish(record, Detail::default()),
    }
}

/// Fills a record from a payload's members.
fn read_members(mut record: Record, payload: &Object<'_>) -> Record {
    let webhook = member(payload, "webhook");
    record.call = draft::id(member(payload, "resource_sid")).or(record.call);
    record.code = member(payload, "error_code")
        .text()
        .as_deref()
        .and_then(draft::code)
        .or(record.code);
    let request = webhook.get("request");
    record.request = draft::request(
        draft::text(request.get("method")),
        draft::text(request.get("url")),
        draft::pairs(request.get("headers")),
        draft::pairs(request.get("parameters")),
    );
    record.response = response(webhook.get("response"));
    let detail = Detail::of_value(member(payload, "more_info"));
    if record.account.is_none() && record.request.as_ref().is_some_and(|r| r.url.is_none()) {
        record.account = draft::id(request.get("parameters").get("accountSid"));
    }
    draft::finish(record, detail)
}

fn response(value: &Value<'_>) -> Option<Response> {
    let status = value.get("status_code").number().and_then(|n| u16::try_from(n).ok());
    draft::response(
        status,
        draft::pairs(value.get("headers")),
        draft::text(value.get("body")),
    )
}
