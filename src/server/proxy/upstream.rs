//! Connections to the app: a few kept open between requests, new ones to the pinned addresses when none is free.
//!
//! A request goes out once. Only when a kept connection turned out to be closed before anything of it was written, it goes out on
//! another: then it comes back from the HTTP library whole.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio_rustls::rustls::ClientConfig;

use super::tee::Tee;
use crate::replay::{Pinned, Scheme, TransportError, dial};

/// Apps close idle connections after five seconds or more (Node's default); ours are given up well before.
const IDLE: Duration = Duration::from_secs(3);
/// More are never kept.
const KEPT: usize = 64;

/// The app.
#[derive(Debug)]
pub(super) struct Upstream {
    pinned: Pinned,
    tls: OnceLock<Arc<ClientConfig>>,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Tee>,
    since: Instant,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: TransportError,
    /// The body of a request of which nothing was sent.
    pub(super) unsent: Option<Box<Tee>>,
}

impl Failed {
    fn before(error: TransportError, request: Request<Tee>) -> Self {
        let unsent = Some(Box::new(request.into_body()));
        Self { error, unsent }
    }
}

/// A connection that is in use; given back, it serves the next request, dropped, it closes.
#[derive(Debug)]
pub(super) struct Lease {
    upstream: Arc<Upstream>,
    sender: SendRequest<Tee>,
}

impl Lease {
    /// Keeps the connection for the next request, as soon as it has written and read all of this one.
    pub(super) fn give_back(self) {
        let Self { upstream, mut sender } = self;
        // A body may also end because the runtime does.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            if sender.ready().await.is_ok() {
                upstream.keep(sender);
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
        mut request: Request<Tee>,
    ) -> Result<(Response<Incoming>, Lease), Failed> {
        let mut kept = self.take();
        loop {
            let (mut sender, is_kept) = match kept.take() {
                Some(sender) => (sender, true),
                None => match self.open().await {
                    Ok(sender) => (sender, false),
                    Err(error) => return Err(Failed::before(error, request)),
                },
            };
            let mut e = match sender.try_send_request(request).await {
                Ok(response) => {
                    let upstream = self.clone();
                    return Ok((response, Lease { upstream, sender }));
                }
                Err(e) => e,
            };
            let Some(unsent) = e.take_message() else {
                let error = TransportError::http(&e.into_error(), false);
                return Err(Failed { error, unsent: None });
            };
            if !is_kept {
                return Err(Failed::before(TransportError::http(&e.into_error(), false), unsent));
            }
            request = unsent;
            kept = self.take();
        }
    }

    /// The connection used last that is still open.
    fn take(&self) -> Option<SendRequest<Tee>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|i| i.since.elapsed() < IDLE && i.sender.is_ready());
        idle.pop().map(|i| i.sender)
    }

    fn keep(&self, sender: SendRequest<Tee>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            let since = Instant::now();
            idle.push(Idle { sender, since });
        }
    }

    async fn open(&self) -> Result<SendRequest<Tee>, TransportError> {
        let (tcp, _) = dial::connect(&self.pinned).await?;
        match self.pinned.target().scheme() {
            Scheme::Http => greet(TokioIo::new(tcp)).await,
            Scheme::Https => {
                let config = match self.tls.get() {
                    Some(config) => config.clone(),
                    None => {
                        let config = dial::tls()?;
                        self.tls.get_or_init(|| config).clone()
                    }
                };
                let stream = dial::handshake(&self.pinned, config, tcp).await?;
                greet(TokioIo::new(stream)).await
            }
        }
    }
}

/// Sets HTTP up on a connection, which is driven until it closes.
async fn greet<T>(io: T) -> Result<SendRequest<Tee>, TransportError>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.preserve_header_case(true);
    let (sender, connection) = builder
        .handshake(io)
        .await
        .map_err(|e| TransportError::http(&e, false))?;
    // Its end is told to whoever waits for an answer on it.
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    Ok(sender)
}
