//! Status callbacks and their like: the call goes on whatever they are answered, but Twilio notes what it did not expect.

use super::http::{XML_TYPES, media_type};
use super::{Answer, Asked, MAX_DOCUMENT, charset, twiml};
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
    let status_callback = kind == RequestKind::StatusCallback;
    if answer.body.trim_ascii().is_empty() {
        let status = answer.status.filter(|status| status_callback && *status != 204)?;
        let message =
            format!("the answer to a status callback is empty with status {status}: 204 is what Twilio documents");
        return Some(Problem::note("", message).likely());
    }
    let found = media_type(answer);
    let xml = found.as_deref().is_some_and(|t| XML_TYPES.contains(&t));
    // Of a document that was cut nobody knows whether it is whole, and none is parsed that is longer than any is read.
    let cut = answer.truncated || answer.body.len() as u64 > MAX_DOCUMENT;
    let (body, _) = charset::read(answer.header("content-type"), answer.body);
    let malformed = (xml && !cut).then(|| twiml::malformed(&body)).flatten();
    if xml && !cut && malformed.is_none() && twiml::has_elements(&body) {
        let message =
            "the verbs in the answer to a callback are not run: send 204 without a body, or an empty <Response/>";
        return Some(Problem::warning("", message));
    }
    if !status_callback || xml && malformed.is_none() {
        return None;
    }
    let cause = match (&malformed, found) {
        (Some(problem), _) => problem.message.clone(),
        (None, Some(found)) => {
            format!("the answer to a status callback arrives as `{found}`, it is neither empty nor XML")
        }
        (None, None) => "the answer to a status callback has no Content-Type, as text/xml".to_owned(),
    };
    let message = format!("{cause}; send 204 without a body, or an empty <Response/> as text/xml");
    let problem = Problem::warning(code(kind, answer.asked), message);
    Some(match malformed.and_then(|p| p.line.zip(p.column)) {
        Some(place) => problem.at(place),
        None => problem,
    })
}
