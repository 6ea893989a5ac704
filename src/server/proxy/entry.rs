//! An exchange as it is kept: one HAR 1.2 entry, with `_redial` for what HAR has no word for.
//!
//! Header values that let somebody in are dots, and so is the auth token wherever it stands ([`Hidden`]). An answer in gzip or deflate is kept as the text that it
//! stands for, under the headers that it was sent with. A body that is no text is base64 (`encoding`). Of a body that was cut,
//! `request_kept` or `response_kept` says how many bytes are there.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use hyper::Version;
use hyper::header::HeaderMap;
use serde::Serialize;

use super::signed::{Checker, Signature};
use super::visit::{Kept, Noted};
use crate::format::har::{Content, Entry, Nothing, Pair, Request, Response, Text, Timings, millis};
use crate::format::twilio;
use crate::model::Time;
use crate::output::har::Hidden;
use crate::replay::decode::decode;
use crate::store::{EventKind, NewEvent, Origin};

/// What a compressed answer may grow to.
const DECODED: usize = 8 * 1024 * 1024;

/// `_redial`.
#[derive(Serialize)]
struct Own<'a> {
    id: &'a str,
    remote: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aborted: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// The app closed a kept connection as the request was sent, so it was sent over a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_again: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_kept: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_kept: Option<usize>,
}

/// The event for the store; call, code and level are those that a reader of the entry will find.
pub(super) fn event(noted: &Noted, checker: &Checker) -> NewEvent {
    let id = new_id();
    let document = document(noted, checker, &id);
    let record = twilio::read_facts(document.as_bytes()).records.pop().map(|(_, r)| r);
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    NewEvent {
        kind: EventKind::Exchange,
        source: Origin::Proxy,
        received: Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        at: Some(noted.at),
        call: record.as_ref().and_then(|r| r.call.as_ref()).map(ToString::to_string),
        level: record.as_ref().and_then(|r| r.level).map(|l| l.as_str().to_owned()),
        code: record.and_then(|r| r.code),
        note: None,
        key: id,
        document,
    }
}

fn document(noted: &Noted, checker: &Checker, id: &str) -> String {
    let hidden = Hidden::new(checker.0.token.as_ref());
    let (url, mut signature) = checker.check(noted);
    let url = hidden.text(&url);
    if let Some(s) = &mut signature {
        s.why = hidden.text(&s.why).into_owned();
    }
    let failure = noted.failure.as_ref();
    let wait = noted.waited.unwrap_or(noted.took);
    let entry = Entry {
        started_date_time: noted.at.to_string(),
        time: millis(noted.took),
        request: request(noted, &url, hidden),
        response: response(noted, hidden),
        cache: Nothing {},
        server: None,
        timings: Timings {
            connect: None,
            send: 0.0,
            wait: millis(wait),
            receive: millis(noted.took.saturating_sub(wait)),
        },
        own: Own {
            id,
            remote: noted.remote.to_string(),
            signature,
            aborted: noted.aborted(),
            error: failure.map(|f| f.error),
            fault: failure.map(|f| f.fault),
            why: failure.map(|f| f.why.as_str()),
            sent_again: noted.again.then_some(true),
            request_kept: (noted.request.is_cut() || !noted.request.whole).then_some(noted.request.bytes.len()),
            response_kept: noted.response.is_cut().then_some(noted.response.bytes.len()),
        },
    };
    // Only maps with keys that are no text could fail.
    serde_json::to_string(&entry).unwrap_or_default()
}

fn request<'a>(noted: &'a Noted, url: &'a str, hidden: Hidden<'_>) -> Request<'a> {
    let body = &noted.request;
    let size = if body.whole {
        body.size
    } else {
        // It was to be so long.
        let said = value(&noted.headers, "content-length").parse().unwrap_or(0);
        body.size.max(said)
    };
    let request = Request::new(
        noted.method.as_str(),
        url,
        version(noted.version),
        headers(&noted.headers, hidden),
        size,
    );
    if body.size == 0 {
        return request;
    }
    let text = Text::of(hidden.bytes(&body.bytes), body.is_cut());
    request.with_body(value(&noted.headers, "content-type"), text)
}

fn response<'a>(noted: &'a Noted, hidden: Hidden<'_>) -> Response<'a> {
    let Some(head) = &noted.answer else {
        return Response::none();
    };
    let body = &noted.response;
    let (bytes, size) = decoded(body, &value(&head.headers, "content-encoding"));
    Response {
        status: head.status.as_u16(),
        status_text: &head.reason,
        http_version: version(head.version),
        cookies: [],
        headers: headers(&head.headers, hidden),
        content: Content {
            size,
            mime_type: value(&head.headers, "content-type"),
            text: Text::of(hidden.bytes(&bytes).into_owned().into(), body.is_cut() || !body.whole),
        },
        redirect_url: hidden.text(&value(&head.headers, "location")).into_owned().into(),
        headers_size: -1,
        body_size: i64::try_from(body.size).unwrap_or(i64::MAX),
    }
}

/// What an encoded answer stands for, and its length as far as known.
fn decoded<'a>(body: &'a Kept, encoding: &str) -> (Cow<'a, [u8]>, u64) {
    match decode(encoding, &body.bytes, DECODED) {
        Some(plain) if !plain.body.is_empty() => {
            let len = plain.body.len() as u64;
            let size = if body.is_cut() { len.max(body.size) } else { len };
            (Cow::Owned(plain.body), size)
        }
        _ => (Cow::Borrowed(&body.bytes), body.size),
    }
}

fn headers<'a>(map: &'a HeaderMap, hidden: Hidden<'_>) -> Vec<Pair<'a>> {
    let pair = |(name, value): (&'a hyper::header::HeaderName, &'a hyper::header::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        Pair {
            value: hidden.header(name.as_str(), &text).into_owned().into(),
            name: name.as_str().to_owned().into(),
        }
    };
    map.iter().map(pair).collect()
}

fn value<'a>(map: &'a HeaderMap, name: &str) -> Cow<'a, str> {
    map.get(name)
        .map_or(Cow::Borrowed(""), |v| String::from_utf8_lossy(v.as_bytes()))
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// An id that no other exchange has, of this run or another.
fn new_id() -> String {
    static RUN: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let run = RUN.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:016x}", since.as_micros() as u64, run.wrapping_add(count))
}
