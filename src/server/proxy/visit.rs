//! One request on its way through, as far as it has come: what will be recorded of it.
//!
//! Everybody who has a part in it holds the [`Visit`]: both bodies and the request itself. When the last of them lets go, the answer has
//! been written, or given up, and what was noted is handed to the recorder. So nothing waits for recording, and nothing is left out,
//! however it ends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, StatusCode, Version};

use super::record::Queue;
use crate::model::Time;
use crate::replay::TransportError;

/// A request that is being passed through.
#[derive(Debug)]
pub(super) struct Visit {
    /// Handed on at the end.
    noted: Mutex<Option<Box<Noted>>>,
    queue: Arc<Queue>,
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) at: Time,
    begun: Instant,
    pub(super) remote: SocketAddr,
    pub(super) method: Method,
    /// Path and query as they came.
    pub(super) target: String,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) request: Kept,
    pub(super) answer: Option<Head>,
    pub(super) response: Kept,
    /// How long it took until the head of the answer was there.
    pub(super) waited: Option<Duration>,
    /// How long it took altogether.
    pub(super) took: Duration,
    pub(super) failure: Option<Failure>,
    /// It went to the app once more, over a new connection.
    pub(super) again: bool,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) reason: String,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
}

/// What was kept of a body.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    /// All bytes that went through.
    pub(super) size: u64,
    most: usize,
    /// It went through to its end.
    pub(super) whole: bool,
    /// Whoever sends it broke it off.
    pub(super) broken: bool,
}

/// Why there is no whole answer of the app.
#[derive(Debug)]
pub(super) struct Failure {
    /// `unreachable`, `closed` or `protocol`.
    pub(super) error: &'static str,
    /// What it was exactly.
    pub(super) fault: &'static str,
    pub(super) why: String,
}

/// Which body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

impl Kept {
    fn of(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    fn take(&mut self, data: &Bytes) {
        let room = self.most - self.bytes.len().min(self.most);
        self.bytes.extend_from_slice(&data[..room.min(data.len())]);
        self.size += data.len() as u64;
    }

    /// True where `bytes` is not all that went through.
    pub(super) fn is_cut(&self) -> bool {
        (self.bytes.len() as u64) < self.size
    }
}

impl Failure {
    pub(super) fn of(e: &TransportError) -> Self {
        let (error, fault) = e.words();
        Self {
            error,
            fault,
            why: e.to_string(),
        }
    }
}

impl Visit {
    pub(super) fn begin(
        queue: &Arc<Queue>,
        remote: SocketAddr,
        head: &hyper::http::request::Parts,
        keep: usize,
    ) -> Arc<Self> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let target = head.uri.path_and_query().map_or("/", |t| t.as_str());
        let noted = Noted {
            at: Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            begun: Instant::now(),
            remote,
            method: head.method.clone(),
            target: target.to_owned(),
            version: head.version,
            headers: head.headers.clone(),
            request: Kept::of(keep),
            answer: None,
            response: Kept::of(keep),
            waited: None,
            took: Duration::ZERO,
            failure: None,
            again: false,
        };
        Arc::new(Self {
            noted: Mutex::new(Some(Box::new(noted))),
            queue: queue.clone(),
        })
    }

    /// The head of the answer is there.
    pub(super) fn answered(&self, head: Head) {
        self.note(|n| {
            n.waited = Some(n.begun.elapsed());
            n.answer = Some(head);
        });
    }

    /// There will be none.
    pub(super) fn failed(&self, failure: Failure) {
        self.note(|n| n.failure = Some(failure));
    }

    /// It goes to the app once more.
    pub(super) fn sent_again(&self) {
        self.note(|n| n.again = true);
    }

    /// A part of a body went through.
    pub(super) fn passed(&self, side: Side, data: &Bytes) {
        self.note(|n| n.side(side).take(data));
    }

    /// A body went through to its end.
    pub(super) fn ended(&self, side: Side) {
        self.note(|n| {
            n.side(side).whole = true;
            if side == Side::Response {
                n.took = n.begun.elapsed();
            }
        });
    }

    /// Whoever sends a body broke it off.
    pub(super) fn broke(&self, side: Side) {
        self.note(|n| n.side(side).broken = true);
    }

    /// True where the client broke its own request off.
    pub(super) fn is_request_broken(&self) -> bool {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.as_ref().is_some_and(|n| n.request.broken)
    }

    fn note(&self, change: impl FnOnce(&mut Noted)) {
        if let Some(noted) = &mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner) {
            change(noted);
        }
    }
}

impl Noted {
    fn side(&mut self, side: Side) -> &mut Kept {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }

    /// Who broke it off before the answer was whole: `client` or `app`.
    pub(super) fn aborted(&self) -> Option<&'static str> {
        if self.response.broken || self.failure.as_ref().is_some_and(|f| f.error == "closed") {
            Some("app")
        } else if self.response.whole || self.failure.is_some() {
            None
        } else {
            Some("client")
        }
    }

    /// What it weighs in memory, about.
    pub(super) fn weight(&self) -> usize {
        4096 + self.request.bytes.len() + self.response.bytes.len()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let noted = self.noted.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut noted) = noted.take() {
            if noted.took.is_zero() {
                noted.took = noted.begun.elapsed();
            }
            self.queue.hand_in(noted);
        }
    }
}
