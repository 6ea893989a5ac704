//! What became of a request, with the answers that Twilio's proxy makes up unmasked (spec/twilio.md 1).
//!
//! A failed fetch is reported as a 502 whose body begins `Twilio was unable to fetch content from`: the app never
//! answered, so the record gets no status, and the cause goes into the fields.

use crate::format::{Fields, Record, RecordKind};
use crate::model::{Outcome, Response};

use super::detail::leading_digits;

/// Settles status, outcome and the fields about the answer. `reported` is the status that the platform names.
pub(super) fn settle(record: &mut Record, reported: Option<u16>) {
    let own = record.response.as_ref().and_then(|r| r.status);
    // A status that is null although Twilio tells of a 502: its proxy made that up, whatever the cause.
    let silent = own.is_none() && reported == Some(502) && nobody_answered(record);
    let (status, outcome) = match record.response.as_mut().filter(|r| r.is_made_up()) {
        Some(response) => (None, unmask(response, record.code.as_deref(), &mut record.fields)),
        // The code tells what happened, if anything does.
        None if silent => (
            None,
            record.code.as_deref().and_then(by_code).unwrap_or(Outcome::Unreachable),
        ),
        None => plain(record, own.or(reported)),
    };
    if silent {
        record.fields.set(
            "error_line",
            "Twilio's proxy answered 502 in the app's place and names no cause",
        );
    }
    if let Some(response) = &mut record.response {
        response.status = status;
        describe(response, &mut record.fields);
    }
    if let Some(status) = status {
        record.fields.set("status", status.to_string());
    }
    record.outcome = outcome;
}

/// True for a debugger event with an answer that has no status and no body: every one seen was Twilio's own.
fn nobody_answered(record: &Record) -> bool {
    let debugger = matches!(record.kind, RecordKind::Debugger | RecordKind::ErrorLogged);
    let body = record.response.as_ref().and_then(|r| r.body.as_deref());
    debugger && body.is_none_or(|b| b.trim().is_empty())
}

/// Reads the marks of a made-up answer.
fn unmask(response: &Response, code: Option<&str>, fields: &mut Fields) -> Outcome {
    let error = response.header("X-Twilio-WebhookError").unwrap_or("");
    let inner = leading_digits(error);
    let reason = response.header("X-Twilio-Reason").unwrap_or("");
    let body = response.body.as_deref().unwrap_or("");
    let line = body
        .lines()
        .find_map(|l| l.trim_start().strip_prefix("Error:"))
        .unwrap_or("")
        .trim();
    fields.set("error_line", line);
    fields.set("inner_code", inner);
    fields.set("inner_title", error.trim_start().trim_start_matches(inner).trim());
    fields.set("reason", reason);
    fields.set("attempts", response.header("X-Twilio-WebhookAttempt").unwrap_or(""));
    // The line is the most exact: behind one code it names a missing content type as well as a slow app.
    by_text(line)
        .or_else(|| by_code(inner))
        .or_else(|| by_text(error))
        .or_else(|| by_text(reason))
        .or_else(|| by_code(code?))
        .unwrap_or(Outcome::Unreachable)
}

/// The outcome that a cause in words means.
fn by_text(text: &str) -> Option<Outcome> {
    let text = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&["does not contain content type", "content-type", "content type"]) {
        Some(Outcome::BadReply)
    } else if has(&[
        "failed to connect",
        "connection failure",
        "blacklisted",
        "refused",
        "no route",
        "host name",
        "unknown host",
    ]) || has(&[
        "dns",
        "resolve",
        "tls",
        "ssl",
        "certificate",
        "handshake",
        "tcp connection",
    ]) {
        // "Connection failure - Read timed out" is the app being slow, all others never reached it.
        Some(if text.contains("read timed out") {
            Outcome::Timeout
        } else {
            Outcome::Unreachable
        })
    } else if has(&[
        "total timeout",
        "total time out",
        "read timed out",
        "read timeout",
        "timed out",
    ]) {
        Some(Outcome::Timeout)
    } else if text.contains("error reading response") {
        Some(Outcome::BadReply)
    } else {
        None
    }
}

/// The outcome that a code of the network means.
fn by_code(code: &str) -> Option<Outcome> {
    match code.parse::<u32>().ok()? {
        11201 | 11202 | 11206 | 11210 | 11220 | 11221..=11239 | 11251 => Some(Outcome::Unreachable),
        11203 | 11205 => Some(Outcome::Timeout),
        _ => None,
    }
}

/// Codes of an answer that came and could not be used (the classes `twiml-*`, `speech`, `tts`, `body`, `content-type`,
/// `media`, `message-param` and `callback` of the dictionary).
fn is_bad_reply(code: &str) -> bool {
    let Ok(code) = code.parse::<u32>() else {
        return false;
    };
    match code {
        // Numbers, permissions, SIP and limits: the document was fine.
        13214 | 13223..=13227 | 13241..=13244 | 13246..=13255 | 13801 | 13802 | 13805 | 13807 => false,
        // The last two: a callback whose answer was not the expected one; one with a bad status is told by the status.
        12100..=12102 | 12200 | 12300 | 12301 | 11700..=11799 | 13000..=13999 | 15003 | 16011 => true,
        _ => matches!(code, 14103..=14106 | 14109 | 14110 | 14300),
    }
}

/// The outcome where the answer is the app's own; the status only when the app can have given it.
fn plain(record: &Record, status: Option<u16>) -> (Option<u16>, Outcome) {
    let code = record.code.as_deref().unwrap_or("");
    if let Some(outcome) = by_code(code) {
        return (None, outcome);
    }
    match status {
        Some(s) if !(200..300).contains(&s) => return (status, Outcome::HttpError),
        None if code == "11200" => {
            let told = record.fields.get("msg").or(record.fields.get("text")).and_then(by_text);
            return (None, told.unwrap_or(Outcome::Unknown));
        }
        _ => {}
    }
    let has_request = record.request.as_ref().is_some_and(|r| r.url.is_some());
    let outcome = if has_request && is_bad_reply(code) {
        Outcome::BadReply
    } else if status.is_some() && code.is_empty() {
        Outcome::Ok
    } else {
        Outcome::Unknown
    };
    (status, outcome)
}

/// The fields that quote the answer.
fn describe(response: &Response, fields: &mut Fields) {
    if let Some(kind) = response.header("Content-Type") {
        fields.set("content_type", kind);
    }
    if let Some(ms) = response.ms {
        fields.set("ms", ms.to_string());
    }
    if let Some(body) = response.body.as_deref().filter(|b| !b.is_empty()) {
        fields.set("body", opening(body));
        fields.set("body_bytes", body.len().to_string());
    }
}

/// The first 200 characters on one line, each run of blanks as one.
fn opening(body: &str) -> String {
    let end = match body.as_bytes().get(..200) {
        Some(head) if head.is_ascii() => 200,
        Some(_) => body.char_indices().nth(200).map_or(body.len(), |(i, _)| i),
        None => body.len(),
    };
    let mut line = String::with_capacity(end);
    for word in body[..end].split_ascii_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
