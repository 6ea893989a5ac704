//! Event Streams: `CloudEvents` whose data is an error, a voice request, or the state of a call or message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::format::{Record, RecordKind};
use crate::model::{Provider, RequestKind, Severity, Time};

use super::detail::Detail;
use super::value::{Object, Value, member};
use super::{call_events, debugger, draft, unwrap};

/// Reads one event; the text tells what of it could not be read.
pub(super) fn read(envelope: &Object<'_>) -> (Record, Option<String>) {
    let kind = member(envelope, "type").text().unwrap_or_default();
    match member(envelope, "data") {
        // Old quickstarts send the data as a JSON string.
        Value::Text(text) => {
            unwrap::with_value(text, &mut |data| by_type(envelope, &kind, data)).unwrap_or_else(|| {
                (
                    other(envelope, &kind, &Value::Null),
                    Some("event data is not JSON".to_owned()),
                )
            })
        }
        data => by_type(envelope, &kind, data),
    }
}

fn by_type(envelope: &Object<'_>, kind: &str, data: &Value<'_>) -> (Record, Option<String>) {
    let schema = member(envelope, "dataschema").text().unwrap_or_default();
    if kind.starts_with("com.twilio.error-logs.") || schema.contains("/ErrorLogs.Error/") {
        error(envelope, kind, data)
    } else if data.get("request").object().is_some() {
        (voice(envelope, kind, data), None)
    } else {
        (other(envelope, kind, data), None)
    }
}

/// What every event has: its type, its own id, and its time.
fn begin(envelope: &Object<'_>, record_kind: RecordKind, kind: &str, time: &Value<'_>) -> Record {
    let mut record = draft::blank(record_kind, Provider::Twilio);
    record.event_id = draft::id(member(envelope, "id"));
    let parse = |v: &Value<'_>| Time::parse(&v.text()?);
    record.at = parse(time).or_else(|| parse(member(envelope, "time")));
    record.fields.set("type", kind);
    record
}

/// An error of the debugger; `payload` is what its webhook would have carried, and may be missing.
fn error(envelope: &Object<'_>, kind: &str, data: &Value<'_>) -> (Record, Option<String>) {
    let mut record = begin(envelope, RecordKind::ErrorLogged, kind, data.get("date_created"));
    record.event_id = draft::id(data.get("sid")).or(record.event_id);
    record.call = draft::id(data.get("correlation_sid"));
    record.account = draft::id(data.get("account_sid"));
    record.level = data.get("level").text().as_deref().and_then(Severity::parse);
    record.code = data.get("error_code").text().as_deref().and_then(draft::code);
    record
        .fields
        .set("product", data.get("product_name").text().unwrap_or_default());
    match data.get("payload") {
        Value::Text(text) if !text.trim().is_empty() => debugger::read_payload_text(record, text),
        payload @ Value::Object(_) => (debugger::read_payload(record, payload), None),
        _ => (draft::finish(record, Detail::default()), None),
    }
}

/// A request of a call with the app's answer.
fn voice(envelope: &Object<'_>, kind: &str, data: &Value<'_>) -> Record {
    let mut record = begin(envelope, RecordKind::VoiceWebhook, kind, data.get("timestamp"));
    record.event_id = draft::id(data.get("eventSid")).or(record.event_id);
    record.call = draft::id(data.get("sid"));
    record.account = draft::id(data.get("accountSid"));
    let (request, response) = (data.get("request"), data.get("response"));
    record.request = draft::request(
        draft::text(request.get("method")),
        draft::text(request.get("url")),
        draft::pairs(request.get("headers")),
        draft::pairs(request.get("parameters")),
    );
    if record.at.is_none() {
        record.at = data.get("requestDateCreated").text().as_deref().and_then(Time::parse);
    }
    let content_type = draft::text(response.get("contentType"));
    let headers = content_type
        .map(|k| ("Content-Type".to_owned(), k))
        .into_iter()
        .collect();
    record.response = draft::response(
        call_events::code(response.get("responseCode")),
        headers,
        body(response.get("responseBody")),
    );
    if let Some(r) = &mut record.response {
        r.ms = response.get("requestDuration").number();
    }
    if let Some(known) = request_kind(kind) {
        record.request_kind = known;
    }
    fail(&mut record, kind, data);
    draft::finish(record, Detail::default())
}

/// The error of a request that failed: its own code, else 11200.
fn fail(record: &mut Record, kind: &str, data: &Value<'_>) {
    record.code = own_code(data);
    call_events::blame(record);
    if kind.ends_with(".request.failed") {
        record.code.get_or_insert_with(|| "11200".to_owned());
        record.level.get_or_insert(Severity::Error);
    }
}

fn own_code(data: &Value<'_>) -> Option<String> {
    ["errorCode", "error_code"]
        .iter()
        .find_map(|n| draft::code(&data.get(n).text()?))
}

/// The body is base64; text that is none stands as it is.
fn body(value: &Value<'_>) -> Option<String> {
    let text = draft::text(value)?;
    match STANDARD.decode(text.trim()) {
        Ok(bytes) => {
            Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
        }
        Err(_) => Some(text),
    }
}

/// The kind that the event's type gives; a failed request may be of any kind.
fn request_kind(kind: &str) -> Option<RequestKind> {
    let name = kind.strip_prefix("com.twilio.voice.")?;
    Some(match name {
        "media.fetched" => RequestKind::Media,
        "status-callback.gather.partial.captured" => RequestKind::GatherPartial,
        "twiml.gather.finished" => RequestKind::Gather,
        "twiml.dial.finished" => RequestKind::Dial,
        "twiml.record.finished" => RequestKind::Record,
        "twiml.requested" | "twiml.call.redirected" | "twiml.call.transferred" | "twiml.enqueue.finished" => {
            RequestKind::Voice
        }
        _ if name.starts_with("status-callback.recording.") => RequestKind::RecordingStatus,
        _ if name.starts_with("status-callback.") => RequestKind::StatusCallback,
        _ if name.starts_with("api-request.") => RequestKind::Api,
        _ => return None,
    })
}

/// The state of a message or call, and every other type: an error only when the data says so.
fn other(envelope: &Object<'_>, kind: &str, data: &Value<'_>) -> Record {
    let time = if data.get("timestamp").text().is_some() {
        data.get("timestamp")
    } else {
        member(envelope, "time")
    };
    let mut record = begin(envelope, RecordKind::StreamEvent, kind, time);
    let first = |names: &[&str]| names.iter().map(|n| data.get(n)).find_map(draft::id);
    record.call = first(&["callSid", "call_sid", "messageSid", "message_sid", "sid"]);
    record.parent = first(&["parentCallSid", "parent_call_sid"]);
    let source = member(envelope, "source").text().unwrap_or_default();
    let account = source.split('/').find(|p| p.starts_with("AC")).and_then(draft::id_of);
    record.account = first(&["accountSid", "account_sid"]).or(account);
    for (field, names) in [
        ("to", ["to", "To"]),
        ("from", ["from", "From"]),
        ("direction", ["direction", "Direction"]),
        ("call_status", ["callStatus", "call_status"]),
        ("message_status", ["messageStatus", "message_status"]),
        ("msg", ["errorMessage", "error_message"]),
    ] {
        let value = names.iter().find_map(|n| data.get(n).text());
        record.fields.set(field, value.unwrap_or_default());
    }
    record.code = own_code(data);
    let status = record.fields.get("message_status").unwrap_or("");
    if ["undelivered", "failed"].iter().any(|s| status.eq_ignore_ascii_case(s)) {
        record.level = Some(Severity::Error);
    }
    draft::finish(record, Detail::default())
}
