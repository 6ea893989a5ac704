//! Which kind of thing one JSON object is, told by the names of its members.
//!
//! Another kind needs a field of [`Names`], the names that give it away, and a function that makes its record.

use crate::format::{Record, RecordKind};
use crate::model::Id;

use super::value::{Object, Value, member};
use super::{alert, call_events, debugger, har, received, stream};

/// What one JSON value turned out to be.
pub(super) enum Found {
    /// A record, with what of it could not be read.
    Record(Box<Record>, Option<String>),
    /// A known shape that tells of nothing.
    Nothing,
    /// No known shape.
    Unknown,
}

/// Tells the kind of one object by the names of its members. `text` is the object's own text; `facts` when parameters that
/// say nothing about the call may be left out.
pub(super) fn known(members: &Object<'_>, text: &str, page_call: Option<&Id>, facts: bool) -> Found {
    // By far the most frequent kind, and no other has this name: files of alerts run to hundreds of megabytes.
    if members.iter().any(|(n, _)| n == "alert_text") {
        return Found::Record(
            Box::new(alert::read(members, RecordKind::Alert, RecordKind::AlertListed, facts)),
            None,
        );
    }
    let names = Names::of(members);
    let one = |record| Found::Record(Box::new(record), None);
    let pair = |(record, trouble)| Found::Record(Box::new(record), trouble);
    if names.stream {
        pair(stream::read(members))
    } else if names.notification {
        one(alert::read(
            members,
            RecordKind::Notification,
            RecordKind::NotificationListed,
            facts,
        ))
    } else if names.alert {
        one(alert::read(members, RecordKind::Alert, RecordKind::AlertListed, facts))
    } else if names.cli {
        one(alert::read(members, RecordKind::Cli, RecordKind::Cli, facts))
    } else if names.fields {
        pair(debugger::read_fields(members))
    } else if names.payload {
        one(debugger::read_alone(members))
    } else if names.exchange {
        har::read(members).map_or(Found::Nothing, one)
    } else if names.call_event {
        one(call_events::read(members, page_call))
    } else if received::is_webhook(members.iter().map(|(n, _)| n.as_ref())) {
        one(received::read(received::params(members)))
    } else if names.tropo {
        one(received::read_tropo(members, text))
    } else if names.tropo_reply {
        one(received::read_tropo_reply())
    } else if names.insight {
        one(call_events::read_insight(members, page_call))
    } else if names.page {
        Found::Nothing
    } else {
        Found::Unknown
    }
}

/// What the names of an object's members say.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is one name or set of names, and several may be there
struct Names {
    stream: bool,
    alert: bool,
    notification: bool,
    cli: bool,
    fields: bool,
    payload: bool,
    exchange: bool,
    call_event: bool,
    tropo: bool,
    tropo_reply: bool,
    insight: bool,
    page: bool,
}

impl Names {
    fn of(members: &Object<'_>) -> Self {
        let has = |name: &str| members.iter().any(|(n, _)| n == name);
        let object = |name: &str| member(members, name).object().is_some();
        let mut names = Self::default();
        for (name, value) in members {
            match name.as_ref() {
                "specversion" | "dataschema" => names.stream |= has("data") || has("type"),
                "data" => names.stream |= has("type") && has("id"),
                "log_level" => names.alert |= has("error_code"),
                "message_text" => names.notification = true,
                "log" => names.notification |= has("error_code") && has("message_date"),
                "alertText" => names.cli = true,
                "logLevel" => names.cli |= has("errorCode"),
                "Payload" => names.fields = true,
                "error_code" => names.payload |= has("resource_sid") || has("webhook") || has("more_info"),
                "webhook" => names.payload |= has("resource_sid") || object("webhook"),
                "startedDateTime" => names.exchange |= object("request"),
                "request" => names.call_event |= has("response") && value.object().is_some(),
                "session" | "result" => names.tropo |= value.object().is_some(),
                "tropo" => names.tropo_reply |= matches!(value, Value::List(_)),
                "name" => names.insight |= has("call_sid") && (has("group") || has("edge")),
                "meta" | "first_page_uri" | "next_page_uri" | "first_page_url" => names.page = true,
                _ => {}
            }
        }
        names
    }
}
