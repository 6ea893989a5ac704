//! Connections to the app: a few kept open between requests, new ones to the pinned addresses when none is free.
//!
//! A request goes out once, with two exceptions, both for a kept connection that the app was about to close. When nothing of it was
//! written, it comes back from the HTTP library whole and goes out on another connection. When it was written and the app closed
//! without one byte of an answer, it goes out once more on a new connection, a POST too: apps close idle connections without a word,
//! and what was sent into one that is being closed was never read. (RFC 9110, 9.2.2 lets a client do so for what it knows to be safe;
//! browsers and reverse proxies do it for every method.) An app that took longer than [`SOON`] to close may have been at work, and what is
//! sent over a new connection was read for sure: neither is sent again.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::ClientConfig;

use super::heard::{Counting, Heard};
use super::upload::{Spare, Upload};
use crate::replay::{Pinned, Scheme, TransportError, dial};

/// Apps close idle connections after five seconds or more (Node's default); ours are given up well before.
const IDLE: Duration = Duration::from_secs(3);
/// More are never kept.
const KEPT: usize = 64;
/// The end of a connection that was being closed already is seen within this time.
const SOON: Duration = Duration::from_secs(1);

/// The app.
#[derive(Debug)]
pub(super) struct Upstream {
    pinned: Pinned,
    tls: OnceLock<Arc<ClientConfig>>,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    line: Line,
    since: Instant,
}

/// An open connection.
#[derive(Debug)]
struct Line {
    sender: SendRequest<Upload>,
    heard: Heard,
}

/// A request as it can be sent again.
struct Second {
    head: Parts,
    body: Spare,
    /// What had been read when it was sent.
    heard: u64,
    sent: Instant,
}

impl Second {
    fn of(head: &Parts, body: &Upload, line: &Line) -> Self {
        Self {
            head: head.clone(),
            body: body.spare(),
            heard: line.heard.bytes(),
            sent: Instant::now(),
        }
    }

    /// The request, where it is safe to send it again.
    fn request(self, line: &Line) -> Option<Request<Upload>> {
        let is_unseen = line.heard.bytes() == self.heard && self.sent.elapsed() < SOON;
        let body = is_unseen.then(|| self.body.again()).flatten()?;
        Some(Request::from_parts(self.head, body))
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: TransportError,
    /// The body of a request of which nothing was sent.
    pub(super) unsent: Option<Box<Upload>>,
}

impl Failed {
    fn before(error: TransportError, request: Request<Upload>) -> Self {
        let unsent = Some(Box::new(request.into_body()));
        Self { error, unsent }
    }
}

/// A connection that is in use; given back, it serves the next request, dropped, it closes.
#[derive(Debug)]
pub(super) struct Lease {
    upstream: Arc<Upstream>,
    line: Line,
}

impl Lease {
    /// Keeps the connection for the next request, as soon as it has written and read all of this one.
    pub(super) fn give_back(self) {
        let Self { upstream, mut line } = self;
        // A body may also end because the runtime does.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            if line.sender.ready().await.is_ok() {
                upstream.keep(line);
            }
        });
    }
}

impl Upstream {
    pub(super) fn new(pinned: Pinned) -> Self {
        Self {
            pinned,
            tls: OnceLock::new(),
            idle: Mutex::default(),
        }
    }

    /// Sends a request and waits for the head of the answer, for as long as that takes.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        mut request: Request<Upload>,
    ) -> Result<(Response<Incoming>, Lease), Failed> {
        let mut kept = self.take().await;
        loop {
            let is_kept = kept.is_some();
            let mut line = match kept.take() {
                Some(line) => line,
                None => match self.open().await {
                    Ok(line) => line,
                    Err(error) => return Err(Failed::before(error, request)),
                },
            };
            let (head, body) = request.into_parts();
            let second = Second::of(&head, &body, &line);
            if !is_kept {
                second.body.forget();
            }
            let mut e = match line.sender.try_send_request(Request::from_parts(head, body)).await {
                Ok(response) => {
                    second.body.forget();
                    let upstream = self.clone();
                    return Ok((response, Lease { upstream, line }));
                }
                Err(e) => e,
            };
            if let Some(unsent) = e.take_message() {
                if !is_kept {
                    return Err(Failed::before(TransportError::http(&e.into_error(), false), unsent));
                }
                request = unsent;
                kept = self.take().await;
            } else if let Some(again) = second.request(&line) {
                // Over a new connection, so not for a third time.
                request = again;
            } else {
                let error = TransportError::http(&e.into_error(), false);
                return Err(Failed { error, unsent: None });
            }
        }
    }

    /// The connection used last that is still open.
    async fn take(&self) -> Option<Line> {
        if self.idle().is_empty() {
            return None;
        }
        // Lets the runtime look at the sockets once: what was closed meanwhile is told to its connection.
        tokio::task::yield_now().await;
        let mut idle = self.idle();
        idle.retain(|i| i.since.elapsed() < IDLE && i.line.sender.is_ready());
        idle.pop().map(|i| i.line)
    }

    fn keep(&self, line: Line) {
        let mut idle = self.idle();
        if idle.len() < KEPT {
            let since = Instant::now();
            idle.push(Idle { line, since });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Line, TransportError> {
        let (tcp, _) = dial::connect(&self.pinned).await?;
        match self.pinned.target().scheme() {
            Scheme::Http => greet(tcp).await,
            Scheme::Https => {
                let config = match self.tls.get() {
                    Some(config) => config.clone(),
                    None => {
                        let config = dial::tls()?;
                        self.tls.get_or_init(|| config).clone()
                    }
                };
                let stream = dial::handshake(&self.pinned, config, tcp).await?;
                greet(stream).await
            }
        }
    }
}

/// Sets HTTP up on a connection, which is driven until it closes.
async fn greet<T>(io: T) -> Result<Line, TransportError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let heard = Heard::default();
    let mut builder = http1::Builder::new();
    builder.preserve_header_case(true);
    let (sender, connection) = builder
        .handshake(TokioIo::new(Counting::new(io, heard.clone())))
        .await
        .map_err(|e| TransportError::http(&e, false))?;
    // Its end is told to whoever waits for an answer on it.
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    Ok(Line { sender, heard })
}
