//! The JSON of a webhook: what Tropo sent, and whether the answer is a Tropo document.
//!
//! Only the few facts that a call's story needs are read while scanning; the document itself stays in the log.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::model::{Id, RequestKind, StepEvent, Time, WhyNot};

/// What a sent `session` or `result` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// Session or result; unknown when neither.
    pub kind: RequestKind,
    /// Why it cannot be sent again: cut, or masked.
    pub why_not: Option<WhyNot>,
    /// `result.error`, when the step before failed.
    pub error: Option<String>,
    /// The same as found.
    pub error_raw: Option<String>,
    /// How the step before ended, by the dispositions of its actions.
    pub step: Option<StepEvent>,
    /// `session.timestamp`.
    pub at: Option<Time>,
    /// Tropo call id.
    pub call: Option<Id>,
    /// Tropo session id.
    pub session: Option<Id>,
    /// True when an action succeeded with a value: the caller chose.
    pub chose: bool,
}

#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    session: Option<Session<'a>>,
    #[serde(borrow)]
    result: Option<Outcome<'a>>,
}

#[derive(Deserialize)]
struct Session<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "callId")]
    call: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow, rename = "sessionId")]
    session: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "callId")]
    call: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    actions: Option<&'a RawValue>,
    #[serde(alias = "callState", borrow)]
    state: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow)]
    disposition: Option<Cow<'a, str>>,
    #[serde(borrow)]
    interpretation: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// Reads what a webhook request says.
pub fn request(body: &[u8]) -> Payload {
    let masked = is_masked(body).then_some(WhyNot::Masked);
    match serde_json::from_slice::<Sent<'_>>(body) {
        Ok(Sent { session: Some(s), .. }) => Payload {
            kind: RequestKind::Session,
            why_not: masked,
            step: Some(StepEvent::Start),
            at: s.timestamp.and_then(|t| Time::parse(&t)),
            call: s.call.filter(|c| !c.is_empty()).map(|c| Id::from(&*c)),
            session: s.id.filter(|c| !c.is_empty()).map(|c| Id::from(&*c)),
            ..Payload::default()
        },
        Ok(Sent { result: Some(r), .. }) => result(&r, masked),
        Ok(_) => Payload {
            why_not: masked,
            ..Payload::default()
        },
        Err(_) => {
            let valid = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            Payload {
                kind: guess_kind(body),
                why_not: if valid { masked } else { Some(WhyNot::CutJson) },
                ..Payload::default()
            }
        }
    }
}

fn guess_kind(body: &[u8]) -> RequestKind {
    let head = body.trim_ascii_start();
    if head.starts_with(b"{\"session\"") {
        RequestKind::Session
    } else if head.starts_with(b"{\"result\"") {
        RequestKind::Result
    } else {
        RequestKind::Unknown
    }
}

fn result(r: &Outcome<'_>, masked: Option<WhyNot>) -> Payload {
    let actions: Vec<Action<'_>> = match r.actions.map(RawValue::get) {
        Some(a) if a.starts_with('[') => serde_json::from_str(a).unwrap_or_default(),
        Some(a) => serde_json::from_str(a).map(|one| vec![one]).unwrap_or_default(),
        None => Vec::new(),
    };
    let has_value = |v: Option<&RawValue>| v.is_some_and(|v| !matches!(v.get(), "null" | "\"\""));
    let chose = actions.iter().any(|a| {
        a.disposition
            .as_deref()
            .is_some_and(|d| d.eq_ignore_ascii_case("SUCCESS"))
            && (has_value(a.interpretation) || has_value(a.value))
    });
    let hung_up = r
        .state
        .as_deref()
        .is_some_and(|s| s.eq_ignore_ascii_case("DISCONNECTED"));
    let step = if chose {
        Some(StepEvent::Choice)
    } else {
        let said = actions
            .last()
            .and_then(|a| a.disposition.as_deref())
            .and_then(disposition);
        said.or(hung_up.then_some(StepEvent::Hangup))
    };
    Payload {
        kind: RequestKind::Result,
        why_not: masked,
        error: r.error.and_then(error_text),
        error_raw: r.error.map(|e| e.get().to_owned()),
        step,
        at: None,
        call: r.call.as_deref().filter(|c| !c.is_empty()).map(Id::from),
        session: r.session.as_deref().filter(|c| !c.is_empty()).map(Id::from),
        chose,
    }
}

/// `result.error` as text; null and empty are none.
fn error_text(raw: &RawValue) -> Option<String> {
    match raw.get() {
        "null" | "\"\"" | "false" => None,
        text => Some(serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())),
    }
}

/// Tropo's dispositions (documented `SUCCESS FAILED EXTERNAL_EVENT TIMEOUT BUSY REJECTED`; the 2.0 guide adds nomatch).
fn disposition(text: &str) -> Option<StepEvent> {
    Some(match text.to_ascii_uppercase().as_str() {
        "SUCCESS" => StepEvent::Continue,
        "TIMEOUT" => StepEvent::Timeout,
        "NOMATCH" => StepEvent::Nomatch,
        "NOINPUT" => StepEvent::Noinput,
        "FAILED" => StepEvent::Error,
        "BUSY" | "REJECTED" => StepEvent::Incomplete,
        "EXTERNAL_EVENT" => StepEvent::Signal,
        "HANGUP" => StepEvent::Hangup,
        _ => return None,
    })
}

/// Log security replaces values by a mask: a whole JSON string of three or more asterisks or X.
fn is_masked(body: &[u8]) -> bool {
    static MARKS: LazyLock<[Finder<'_>; 2]> = LazyLock::new(|| [Finder::new(b"***"), Finder::new(b"XXXX")]);
    MARKS.iter().any(|finder| {
        let mark = finder.needle();
        finder.find_iter(body).any(|at| {
            let m = mark[0];
            let before = body[..at].iter().rev().find(|&&b| b != m);
            let after = body[at..].iter().find(|&&b| b != m);
            before == Some(&b'"') && after == Some(&b'"')
        })
    })
}

/// Whether a reply is a Tropo document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `{"tropo":[…]}`.
    Document,
    /// It is not; why, in a few words.
    Fault {
        /// Such as `an HTML page`.
        why: String,
        /// What the reply begins with.
        text: String,
        /// The JSON just ends: the log line may be cut rather than the answer.
        cut: bool,
    },
}

#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    tropo: Option<&'a RawValue>,
}

/// Judges a reply as Tropo does: JSON with a `tropo` array.
pub fn reply(body: &[u8]) -> Reply {
    let (why, cut) = match serde_json::from_slice::<Answered<'_>>(body) {
        Ok(Answered { tropo: Some(t) }) if t.get().starts_with('[') => return Reply::Document,
        Ok(Answered { tropo: Some(_) }) => ("its `tropo` is no array".to_owned(), false),
        Ok(_) => ("JSON without a `tropo` array".to_owned(), false),
        Err(e) => no_document(body, &e),
    };
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
    Reply::Fault { why, text, cut }
}

/// What a reply is when it is no JSON object, and whether its JSON just ends.
fn no_document(body: &[u8], e: &serde_json::Error) -> (String, bool) {
    let head = body.trim_ascii_start();
    let php: [&[u8]; 4] = [b"Notice</b>", b"Warning</b>", b"Fatal error</b>", b"Parse error</b>"];
    let is_php = || php.iter().any(|p| memchr::memmem::find(head, p).is_some());
    let why = match head.first() {
        None => "it is empty",
        Some(_) if head.starts_with(b"\xef\xbb\xbf") => "a byte order mark stands before the JSON",
        Some(b'<') if is_php() => "a PHP message stands before the JSON",
        Some(b'<') => "an HTML page, not JSON",
        Some(b'{') => return (format!("broken JSON at column {}", e.column()), e.is_eof()),
        Some(_) if serde_json::from_slice::<IgnoredAny>(body).is_ok() => "JSON, but no object with a `tropo` array",
        Some(_) => "text, not JSON",
    };
    (why.to_owned(), false)
}
