//! The results that Tropo sends during a session: made of the session's ids, and recorded ones understood (spec/tropo.md 2.1).

use serde_json::{Value, json};
use url::Url;

use super::Recorded;
use super::document::Document;
use super::place::alike;
use crate::model::{Payload, Request, StepEvent};

/// What results tell of the session: ids, and how far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    id: Value,
    call: Value,
    called: Value,
    pub(super) sequence: u64,
}

impl Session {
    /// As the request that the rehearsal begins with tells it.
    pub(super) fn new(recorded: &[Recorded], start: usize) -> Self {
        let Some(body) = recorded.get(start).and_then(|r| body(&r.request)) else {
            return Self::default();
        };
        let (session, result) = (&body["session"], &body["result"]);
        if session.is_object() {
            return Self {
                id: session["id"].clone(),
                call: session["callId"].clone(),
                called: session["to"]["id"].clone(),
                sequence: 0,
            };
        }
        Self {
            id: result["sessionId"].clone(),
            call: result["callId"].clone(),
            called: result["calledid"].clone(),
            sequence: result["sequence"].as_u64().unwrap_or_default(),
        }
    }

    /// A result of this session; `actions` are left out where there are none.
    pub(super) fn result(&mut self, event: &str, actions: &[Value]) -> Vec<u8> {
        self.sequence += 1;
        let state = if event == "hangup" { "DISCONNECTED" } else { "ANSWERED" };
        let mut result = json!({
            "sessionId": self.id,
            "callId": self.call,
            "state": state,
            "sessionDuration": self.sequence * 5,
            "sequence": self.sequence,
            "complete": event == "continue",
            "error": null,
            "calledid": self.called,
        });
        match actions {
            [] => {}
            [one] => result["actions"] = one.clone(),
            all => result["actions"] = all.into(),
        }
        json!({ "result": result }).to_string().into_bytes()
    }
}

/// Which event a recorded result tells, as far as its document's handlers part them.
pub(super) fn told(request: &Request, document: &Document, url: &Url) -> (String, StepEvent, String) {
    let all = actions(request);
    let result = body(request).map(|b| b["result"].clone()).unwrap_or_default();
    let success = |a: &Value| {
        a["disposition"]
            .as_str()
            .is_none_or(|d| d.eq_ignore_ascii_case("success"))
    };
    let likely = if result["error"].as_str().is_some_and(|e| !e.is_empty()) {
        "error"
    } else if is_over(request) {
        "hangup"
    } else if !document.names().is_empty() && !all.iter().any(success) {
        "incomplete"
    } else {
        "continue"
    };
    let asked = request.url.as_deref().unwrap_or_default();
    let here: Vec<&str> = document
        .on
        .iter()
        .filter(|on| {
            let next = on.next.as_deref().and_then(|next| url.join(next.trim()).ok());
            next.is_some_and(|next| alike(asked, &next, false).is_some())
        })
        .map(|on| on.event.as_str())
        .collect();
    // Where no handler leads to where it went, `next` was renamed.
    let moved = here.is_empty() && document.on(likely).is_some();
    let event = here
        .iter()
        .find(|e| **e == likely)
        .or(here.first())
        .copied()
        .unwrap_or(if moved { likely } else { "continue" });
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let valued = all.iter().filter(|a| !a["value"].is_null());
    let how: Vec<String> = valued
        .map(|a| format!("{}={}", text(&a["name"]), text(&a["value"])))
        .collect();
    let step = match event {
        "hangup" => StepEvent::Hangup,
        "error" => StepEvent::Error,
        "incomplete" => StepEvent::Incomplete,
        // An event without a handler of its own went on as `continue`.
        "continue" if likely == "incomplete" => StepEvent::Incomplete,
        "continue" if how.is_empty() => StepEvent::Continue,
        "continue" => StepEvent::Choice,
        _ => StepEvent::Signal,
    };
    (event.to_owned(), step, how.join(", "))
}

fn body(request: &Request) -> Option<Value> {
    match &request.payload {
        Payload::Json(body) => serde_json::from_slice(body).ok(),
        _ => None,
    }
}

/// The actions of a recorded result: one object, several in a list, or none.
pub(super) fn actions(request: &Request) -> Vec<Value> {
    match body(request).map(|b| b["result"]["actions"].clone()) {
        Some(Value::Array(all)) => all,
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

/// The caller is gone.
pub(super) fn is_over(request: &Request) -> bool {
    let state = body(request).map(|b| b["result"]["state"].clone());
    state.is_some_and(|s| matches!(s.as_str(), Some("DISCONNECTED" | "FAILED" | "REJECTED")))
}
