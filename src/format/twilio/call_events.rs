//! Call Events and Voice Insights: what happened to one call, item by item (spec/twilio.md 2).
//!
//! Both come as `{"events":[…]}`. Call Events hold every request with the app's answer, parameters in snake case, and
//! no id of the event; Insights hold no requests.

use std::borrow::Cow;

use memchr::memmem;

use crate::format::{Record, RecordKind};
use crate::model::{Id, Provider, Severity, Time};

use super::detail::Detail;
use super::draft;
use super::value::{Object, Value, member};

/// Reads one request of a call. `page_call` is the call that the page is about.
pub(super) fn read(members: &Object<'_>, page_call: Option<&Id>) -> Record {
    let (request, response) = (member(members, "request"), member(members, "response"));
    let mut record = draft::blank(RecordKind::CallEvent, Provider::Twilio);
    let params = match request.get("parameters") {
        Value::Object(p) => p.iter().map(|(n, v)| (original(n), v.param())).collect(),
        other => draft::pairs(other),
    };
    record.request = draft::request(
        draft::text(request.get("method")),
        draft::text(request.get("url")),
        Vec::new(),
        params,
    );
    let (status, kind) = (response.get("response_code"), response.get("content_type"));
    let headers = draft::text(kind)
        .map(|k| ("Content-Type".to_owned(), k))
        .into_iter()
        .collect();
    record.response = draft::response(code(status), headers, draft::text(response.get("response_body")));
    if let Some(r) = &mut record.response {
        r.ms = response.get("request_duration").number();
    }
    record.at = response.get("date_created").text().as_deref().and_then(Time::parse);
    record.call = call_of(&record)
        .or_else(|| page_call.cloned())
        .or_else(|| created(response.get("response_body")));
    blame(&mut record);
    draft::finish(record, Detail::default())
}

/// A status; none for 0, which stands for no answer.
pub(super) fn code(value: &Value<'_>) -> Option<u16> {
    value
        .number()
        .and_then(|n| u16::try_from(n).ok())
        .filter(|s| (100..600).contains(s))
}

/// An answer that Twilio raises 11200 for, where the source has no error of its own.
pub(super) fn blame(record: &mut Record) {
    if record
        .response
        .as_ref()
        .and_then(|r| r.status)
        .is_some_and(|s| s >= 400)
    {
        record.code.get_or_insert_with(|| "11200".to_owned());
        record.level.get_or_insert(Severity::Error);
    }
}

/// The call that the parameters name.
fn call_of(record: &Record) -> Option<Id> {
    let request = record.request.as_ref()?;
    request
        .param("CallSid")
        .or_else(|| request.param("MessageSid"))
        .and_then(draft::id_of)
}

/// The call that an API request made: the `sid` of the answer.
fn created(body: &Value<'_>) -> Option<Id> {
    let Value::Text(body) = body else {
        return None;
    };
    let answer: Value<'_> = serde_json::from_str(body).ok()?;
    draft::id(answer.get("sid"))
}

/// The id in a page's own address (`/Calls/CA…/Events.json`, `/Voice/CA…/Events`).
pub(super) fn call_in(address: &str) -> Option<Id> {
    let bytes = address.as_bytes();
    let at = ["/Calls/", "/Voice/"]
        .iter()
        .find_map(|p| memmem::find(bytes, p.as_bytes()).map(|i| i + p.len()))?;
    let end = bytes[at..]
        .iter()
        .position(|b| !b.is_ascii_alphanumeric())
        .map_or(bytes.len(), |n| at + n);
    address
        .get(at..end)
        .filter(|id| id.starts_with("CA"))
        .and_then(draft::id_of)
}

/// A parameter's own name again: `call_sid` was `CallSid`; `msg` never had capitals (spec/twilio.md 2).
fn original<'n>(name: &'n str) -> String {
    if name == "msg" || name.bytes().any(|b| b.is_ascii_uppercase()) {
        return name.to_owned();
    }
    let part = |p: &'n str| -> Cow<'n, str> {
        match p.chars().next() {
            Some(c) if c.is_ascii_lowercase() => format!("{}{}", c.to_ascii_uppercase(), &p[1..]).into(),
            _ => p.into(),
        }
    };
    name.split('_').map(part).collect()
}

/// Reads one Insights event. Only a warning or an error has a code: others carry codes that mean nothing went wrong.
pub(super) fn read_insight(members: &Object<'_>, page_call: Option<&Id>) -> Record {
    let mut record = draft::blank(RecordKind::Insights, Provider::Twilio);
    record.call = draft::id(member(members, "call_sid")).or_else(|| page_call.cloned());
    record.account = draft::id(member(members, "account_sid"));
    record.at = member(members, "timestamp").text().as_deref().and_then(Time::parse);
    record.level = member(members, "level").text().as_deref().and_then(Severity::parse);
    let name = |n| member(members, n).text().unwrap_or_default();
    let (group, event) = (name("group"), name("name"));
    let dot = if group.is_empty() { "" } else { "." };
    record.fields.set("type", format!("{group}{dot}{event}"));
    record.fields.set("product", name("edge"));
    let edges = ["sdk_edge", "client_edge", "carrier_edge", "sip_edge"];
    let error = edges
        .iter()
        .map(|e| member(members, e).get("error"))
        .find(|e| e.is_filled());
    if let Some(error) = error.filter(|_| record.level >= Some(Severity::Warning)) {
        record.code = error.get("code").text().as_deref().and_then(draft::code);
        record
            .fields
            .set("msg", error.get("message").text().unwrap_or_default());
    }
    draft::finish(record, Detail::default())
}
