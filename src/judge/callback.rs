//! Status callbacks and their like: the call goes on whatever they are answered, but Twilio notes what it did not expect.

use roxmltree::Document;

use super::http::{XML_TYPES, media_type};
use super::{Answer, Asked, MAX_DOCUMENT, twiml};
use crate::model::{Problem, RequestKind};

/// The code for a callback that was answered with a bad status, or with what is no answer to it.
pub(super) fn code(kind: RequestKind, asked: Asked<'_>) -> &'static str {
    let has = |name: &str| asked.params.iter().any(|n| n == name);
    match kind {
        RequestKind::StatusCallback if has("ConferenceSid") => "16011",
        RequestKind::StatusCallback => "15003",
        _ => "11200",
    }
}

/// Twilio wants 204, or 200 with an empty `<Response/>`; else it notes 15003 (spec/twilio.md section 5).
pub(super) fn problem(kind: RequestKind, answer: &Answer<'_>) -> Option<Problem> {
    if answer.body.trim_ascii().is_empty() {
        return None;
    }
    let xml = media_type(answer).is_some_and(|t| XML_TYPES.contains(&t.as_str()));
    // Of a document that was cut nobody knows whether it is whole, and none is parsed that is longer than any is read.
    let cut = answer.truncated || answer.body.len() as u64 > MAX_DOCUMENT;
    let whole = xml && !cut && twiml::is_well_formed(answer.body);
    if whole && has_verbs(answer.body) {
        let message =
            "the verbs in the answer to a callback are not run: send 204 without a body, or an empty <Response/>";
        return Some(Problem::warning("", message));
    }
    if kind != RequestKind::StatusCallback || whole || xml && cut {
        return None;
    }
    let message =
        "the answer to a status callback is neither empty nor XML: send 204 without a body, or an empty <Response/>";
    Some(Problem::warning(code(kind, answer.asked), message))
}

fn has_verbs(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    Document::parse(text).is_ok_and(|d| d.root_element().children().any(|c| c.is_element()))
}
