//! One request: checked, read, kept, answered. 2xx is said only to what was committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use http_body_util::{BodyExt as _, Limited};

use super::check::{Checker, Content, Signed};
use super::events::{self, NoEvent};
use super::{Counts, Limits, Tell, Told};
use crate::store::{Appended, NewEvent, StoreError, WriterHandle};

/// Seconds until Event Streams may try again when the store cannot be written.
const RETRY: HeaderValue = HeaderValue::from_static("5");
/// A commit as young as this shows that the store takes events.
const FRESH: Duration = Duration::from_secs(5);

/// What is written to find out whether events are taken: as much as a large event.
const PROBE: u64 = 64 << 10;

/// What all requests share.
pub(super) struct Shared {
    pub(super) writer: WriterHandle,
    pub(super) checker: Checker,
    pub(super) limits: Limits,
    pub(super) tell: Tell,
    pub(super) tally: Tally,
    /// True while the last write failed.
    pub(super) troubled: AtomicBool,
    /// Bytes of the largest events that a full disk had no room for; 0 when it has room.
    pub(super) no_room: AtomicU64,
    /// Milliseconds after `begun` at which there was no room the last time.
    pub(super) no_room_at: AtomicU64,
    /// Milliseconds after `begun` of the last commit; 0: none yet.
    pub(super) committed: AtomicU64,
    pub(super) begun: Instant,
}

/// Counted since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) new: AtomicU64,
    pub(super) known: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            new: self.new.load(Ordering::Relaxed),
            known: self.known.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

/// A request that gets no 2xx.
struct No {
    status: StatusCode,
    why: String,
}

fn no(status: StatusCode, why: impl Into<String>) -> No {
    No {
        status,
        why: why.into(),
    }
}

/// Everything that is answered.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(health).fallback(receive))
        .fallback(receive)
        .with_state(shared)
}

/// Whether events are taken now: by the last commit, or else by a write of our own.
async fn health(State(shared): State<Arc<Shared>>) -> Response {
    if shared.lately() {
        return text(StatusCode::OK, "ok");
    }
    let bytes = shared.no_room.load(Ordering::Relaxed).max(PROBE);
    match shared.writer.probe(usize::try_from(bytes).unwrap_or(usize::MAX)).await {
        Ok(()) => {
            shared.wrote(bytes);
            text(StatusCode::OK, "ok")
        }
        Err(e) => {
            shared.failed(&e, 0);
            unavailable(&e)
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let events = match read(&shared, request).await {
        Ok(events) => events,
        Err(no) => return shared.refuse(&no),
    };
    let bytes = events.iter().map(|e| e.document.len() as u64).sum();
    let count = events.len() as u64;
    match shared.writer.append(events).await {
        Ok(all) => {
            shared.accepted(&all, bytes);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(e) => {
            shared.tally.failed.fetch_add(count, Ordering::Relaxed);
            shared.failed(&e, bytes);
            unavailable(&e)
        }
    }
}

/// A request as events, or why not.
async fn read(shared: &Shared, request: Request) -> Result<Vec<NewEvent>, No> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(no(
            StatusCode::METHOD_NOT_ALLOWED,
            "Twilio's events are sent with POST; GET /healthz says whether they are taken",
        ));
    }
    // Without a token nothing else tells Twilio from a page in a browser of this machine, which may post forms anywhere.
    if shared.checker.token.is_none() && from_a_page(&head.headers) {
        return Err(no(
            StatusCode::FORBIDDEN,
            "sent by a web page, not by Twilio, and there is no auth token to check it with",
        ));
    }
    let form = is_form(&head.headers)?;
    let body = collect(&head.headers, body, shared.limits).await?;
    let (events, signed) = if form {
        let signed = shared.checker.check(&head.uri, &head.headers, Content::Form(&body));
        permitted(&signed)?;
        (events::of_form(&String::from_utf8_lossy(&body)), signed)
    } else {
        let signed = shared.checker.check(&head.uri, &head.headers, Content::Json(&body));
        permitted(&signed)?;
        (events::of_json(&body), signed)
    };
    let mut events = events.map_err(|e| match e {
        NoEvent::Unreadable(why) => no(StatusCode::BAD_REQUEST, why),
        NoEvent::TooMany => no(StatusCode::PAYLOAD_TOO_LARGE, "too many events in one request"),
    })?;
    for e in &mut events {
        e.note = Some(signed.note());
    }
    Ok(events)
}

fn permitted(signed: &Signed) -> Result<(), No> {
    match signed {
        Signed::No(why) => Err(no(StatusCode::FORBIDDEN, why.clone())),
        Signed::Valid { .. } | Signed::Unchecked => Ok(()),
    }
}

/// Browsers say so with every POST of a page; nobody else does.
fn from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// True for a form, false for JSON.
fn is_form(headers: &HeaderMap) -> Result<bool, No> {
    let coded = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if coded.is_some_and(|c| !c.eq_ignore_ascii_case(b"identity")) {
        return Err(no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a compressed body is not taken"));
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok(true),
        "application/json" => Ok(false),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(false),
        _ => Err(no(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/x-www-form-urlencoded (debugger webhook) or application/json (Event Streams)",
        )),
    }
}

async fn collect(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Bytes, No> {
    let too_large = || {
        no(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {} bytes", limits.body),
        )
    };
    let announced: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    if announced.is_some_and(|n| n > limits.body as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(limits.body_time, Limited::new(body, limits.body).collect()).await {
        Err(_) => Err(no(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} s", limits.body_time.as_secs_f32()),
        )),
        Ok(Ok(all)) => Ok(all.to_bytes()),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(e)) => Err(no(StatusCode::BAD_REQUEST, format!("the body could not be read: {e}"))),
    }
}

impl Shared {
    fn accepted(&self, all: &[Appended], bytes: u64) {
        let new = all.iter().filter(|a| matches!(a, Appended::New(_))).count();
        let known = all.len() - new;
        self.tally.new.fetch_add(new as u64, Ordering::Relaxed);
        self.tally.known.fetch_add(known as u64, Ordering::Relaxed);
        if new > 0 {
            self.wrote(bytes);
        }
        self.tell.tell(Told::Accepted { new, known });
    }

    fn since(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    /// So many bytes were kept. A small event that finds room says nothing of those that found none just now.
    pub(super) fn wrote(&self, bytes: u64) {
        let until = Duration::from_millis(self.no_room_at.load(Ordering::Relaxed)) + FRESH;
        if bytes < self.no_room.load(Ordering::Relaxed) && self.begun.elapsed() < until {
            return;
        }
        self.no_room.store(0, Ordering::Relaxed);
        self.committed.store(self.since(), Ordering::Relaxed);
        if self.troubled.swap(false, Ordering::Relaxed) {
            self.tell.tell(Told::StoreWell);
        }
    }

    /// So many bytes could not be kept.
    pub(super) fn failed(&self, e: &StoreError, bytes: u64) {
        if matches!(e, StoreError::Full { .. }) {
            self.no_room.fetch_max(bytes.max(PROBE), Ordering::Relaxed);
            self.no_room_at.store(self.since(), Ordering::Relaxed);
        }
        self.committed.store(0, Ordering::Relaxed);
        if !self.troubled.swap(true, Ordering::Relaxed) {
            self.tell.tell(Told::StoreTrouble(e.to_string()));
        }
    }

    /// True when something was committed just now.
    pub(super) fn lately(&self) -> bool {
        let last = self.committed.load(Ordering::Relaxed);
        last > 0 && self.begun.elapsed() < Duration::from_millis(last) + FRESH
    }

    fn refuse(&self, no: &No) -> Response {
        self.refused(no.status.as_u16(), no.why.clone());
        let mut response = text(no.status, &no.why);
        let headers = response.headers_mut();
        if no.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if matches!(no.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            // What is left of the body is not waited for.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Counts and tells a request that was refused.
    pub(super) fn refused(&self, status: u16, why: String) {
        self.tally.refused.fetch_add(1, Ordering::Relaxed);
        self.tell.tell(Told::Refused { status, why });
    }
}

/// The store cannot: try again. Where it lies is nobody's business out there.
fn unavailable(e: &StoreError) -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, e.reason());
    response.headers_mut().insert(RETRY_AFTER, RETRY);
    response
}

fn text(status: StatusCode, what: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{what}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
