//! A body as events: what identifies each, and the facts that the store keeps beside it.
//!
//! What is JSON or a form is kept, known or not: Event Streams drops for good what is answered 400, so that is only said to what cannot
//! be an event.

use serde_json::value::RawValue;

use crate::format::{RecordKind, twilio};
use crate::model::{Severity, Time};
use crate::store::{EventKind, NewEvent, Origin};

/// Events of one request; Twilio sends one, batches hold some hundred.
const MOST: usize = 10_000;
/// An id of a platform is shorter.
const LONGEST_KEY: usize = 200;

/// Why a body is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoEvent {
    /// Not what it says it is.
    Unreadable(String),
    /// More events than are taken at once.
    TooMany,
}

/// The debugger webhook's form, or any other.
pub(super) fn of_form(body: &str) -> Result<Vec<NewEvent>, NoEvent> {
    let body = body.trim();
    if !body.contains('=') || body.contains('\0') {
        return Err(NoEvent::Unreadable(
            "the body is no form: it has no name=value".to_owned(),
        ));
    }
    Ok(vec![event(body, EventKind::Debugger)])
}

/// Event Streams: an array of events, or one.
pub(super) fn of_json(body: &[u8]) -> Result<Vec<NewEvent>, NoEvent> {
    let unreadable = |e: serde_json::Error| NoEvent::Unreadable(format!("the body is no JSON: {e}"));
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match body.trim_ascii_start().first() {
        Some(b'[') => {
            let all: Vec<&RawValue> = serde_json::from_slice(body).map_err(unreadable)?;
            if all.len() > MOST {
                return Err(NoEvent::TooMany);
            }
            Ok(all.iter().map(|one| event(one.get(), EventKind::Stream)).collect())
        }
        _ => {
            let one: &RawValue = serde_json::from_slice(body).map_err(unreadable)?;
            if !one.get().starts_with('{') {
                return Err(NoEvent::Unreadable(
                    "the body is neither a JSON object nor an array of them".to_owned(),
                ));
            }
            Ok(vec![event(one.get(), EventKind::Stream)])
        }
    }
}

/// One document as it is kept; when it was received is written beside it where it is committed.
fn event(document: &str, unknown: EventKind) -> NewEvent {
    let mut reading = twilio::read_facts(document.as_bytes());
    let record = (!reading.records.is_empty()).then(|| reading.records.swap_remove(0).1);
    let id = record
        .as_ref()
        .and_then(|r| r.event_id.as_ref())
        .map(ToString::to_string);
    let key = id
        .filter(|id| !id.is_empty() && id.len() <= LONGEST_KEY)
        .unwrap_or_else(|| NewEvent::key_of(document.as_bytes()));
    NewEvent {
        key,
        kind: match record.as_ref().map(|r| r.kind) {
            Some(RecordKind::Debugger) => EventKind::Debugger,
            _ => unknown,
        },
        source: Origin::Listen,
        received: Time(0),
        at: record.as_ref().and_then(|r| r.at),
        call: record.as_ref().and_then(|r| r.call.as_ref()).map(ToString::to_string),
        level: record
            .as_ref()
            .and_then(|r| r.level)
            .map(Severity::as_str)
            .map(str::to_owned),
        code: record.and_then(|r| r.code),
        note: None,
        document: document.to_owned(),
    }
}
