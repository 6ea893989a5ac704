//! `redial listen`: Twilio's debugger webhook and Event Streams, kept before they are answered.
//!
//! A request is answered 2xx only after its events were committed; where the store cannot take them, 503, which Twilio tries again.
//! An event that comes again is known by its id and answered 2xx too. With an auth token, only what Twilio signed is kept. Nothing
//! here shows events: the store is where they are read.
//!
//! `check` judges signatures, `events` reads bodies, `receive` answers, `serve` holds connections. Another kind of event
//! needs only its reading in `format`; another content type its line in `receive`.

pub(super) mod check;
mod events;
mod receive;
mod serve;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::bind::{self, BindError};
use crate::config::Secret;
use crate::store::{StoreError, Writer};
use check::Checker;
use receive::{Shared, Tally};

/// How a listener is to run.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The address; loopback unless Twilio is to reach it without a tunnel.
    pub bind: IpAddr,
    /// The port; 0 for any free one.
    pub port: u16,
    /// What Twilio calls instead of our address, behind a tunnel or proxy: scheme, host, and the beginning of the path.
    pub public_url: Option<String>,
    /// The key of signatures; none: nothing is checked.
    pub auth_token: Option<Secret>,
    /// Listen beyond loopback without checking anything.
    pub insecure: bool,
    /// What is taken at most.
    pub limits: Limits,
    /// The store's file.
    pub store: PathBuf,
}

/// What is taken at most; beyond it there is a clear 4xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body (413).
    pub body: usize,
    /// Bytes of a request's head (431).
    pub head: usize,
    /// Headers of a request (431).
    pub headers: usize,
    /// Until a head is complete (408).
    pub head_time: Duration,
    /// Until a body is complete (408).
    pub body_time: Duration,
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// For what is worked on when the listener stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            head: 16 << 10,
            headers: 100,
            head_time: Duration::from_secs(5),
            body_time: Duration::from_secs(10),
            connections: 512,
            drain: Duration::from_secs(3),
        }
    }
}

/// What happened, for the status of who started the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A request was kept and answered.
    Accepted {
        /// Events that were not there.
        new: usize,
        /// Events that were there already.
        known: usize,
    },
    /// A request was refused; nothing of it was kept.
    Refused {
        /// The answer.
        status: u16,
        /// What was wrong; may hold text from outside.
        why: String,
    },
    /// The store takes nothing: requests are answered 503. Told once, until it is well again.
    StoreTrouble(String),
    /// It takes events again.
    StoreWell,
}

/// Why a listener could not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The port could not be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Anybody could fill the store.
    #[error(
        "{0} can be reached by others, and without an auth token nobody can tell Twilio's requests from theirs: set TWILIO_AUTH_TOKEN, or take everything with --insecure"
    )]
    Unprotected(IpAddr),
    /// `--public-url` is no URL.
    #[error("--public-url must be a URL such as https://example.ngrok.app, not `{0}`")]
    PublicUrl(String),
    /// No thread, no runtime.
    #[error("cannot start the listener: {0}")]
    Start(#[source] io::Error),
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events kept.
    pub new: u64,
    /// Events that were there already.
    pub known: u64,
    /// Requests refused.
    pub refused: u64,
    /// Events answered 503 because the store could not take them.
    pub failed: u64,
}

/// A listener while it runs; dropping it stops it as [`Running::shutdown`] and waits.
#[derive(Debug)]
pub struct Running {
    url: String,
    address: SocketAddr,
    checks: bool,
    stop: watch::Sender<bool>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Who is told what happened; called on the listener's thread, and must be quick.
pub(super) struct Tell(Mutex<Box<dyn Fn(Told) + Send>>);

impl Tell {
    fn tell(&self, what: Told) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(what);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}

/// Opens the store, takes the port and serves on a thread of its own.
///
/// # Errors
/// See [`ListenError`]: nothing was started.
pub fn start(options: ListenOptions, tell: impl Fn(Told) + Send + 'static) -> Result<Running, ListenError> {
    if !options.bind.is_loopback() && options.auth_token.is_none() && !options.insecure {
        return Err(ListenError::Unprotected(options.bind));
    }
    let public_url = options.public_url.as_deref().map(public).transpose()?;
    let listener = bind::bind(options.bind, options.port)?;
    let address = listener.local_addr().map_err(ListenError::Start)?;
    let writer = Writer::start(&options.store)?;
    let checks = options.auth_token.is_some();
    let shared = Arc::new(Shared {
        writer: writer.handle(),
        checker: Checker {
            token: options.auth_token,
            public_url,
        },
        limits: options.limits,
        tell: Tell(Mutex::new(Box::new(tell))),
        tally: Tally::default(),
        troubled: AtomicBool::new(false),
        no_room: AtomicU64::new(0),
        no_room_at: AtomicU64::new(0),
        committed: AtomicU64::new(0),
        begun: Instant::now(),
    });
    let (stop, stopped) = watch::channel(false);
    let thread = run(listener, shared.clone(), writer, stopped).map_err(ListenError::Start)?;
    Ok(Running {
        url: bind::url(address),
        address,
        checks,
        stop,
        shared,
        thread: Some(thread),
    })
}

fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    writer: Writer,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    std::thread::Builder::new().name("listen".to_owned()).spawn(move || {
        let router = receive::router(shared.clone());
        runtime.block_on(serve::serve(listener, router, shared, stopped));
        drop(runtime);
        // Last: what was handed in is written before the thread ends.
        drop(writer);
    })
}

/// A public URL as signatures are made with: without query and fragment.
fn public(given: &str) -> Result<String, ListenError> {
    let given = given.trim();
    let parsed = url::Url::parse(given)
        .ok()
        .filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
    if parsed.is_none() || given.contains(char::is_whitespace) {
        return Err(ListenError::PublicUrl(given.to_owned()));
    }
    let end = given.find(['?', '#']).unwrap_or(given.len());
    Ok(given[..end].to_owned())
}

impl Running {
    /// Where it can be reached from this machine: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it has taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// False when there is no auth token: everything is kept, whoever sent it.
    pub fn checks_signatures(&self) -> bool {
        self.checks
    }

    /// What happened until now.
    pub fn counts(&self) -> Counts {
        self.shared.tally.counts()
    }

    /// Takes no more connections; what is worked on is finished. Does not wait for that.
    pub fn shutdown(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until it has ended; what happened meanwhile.
    pub fn join(mut self) -> Counts {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.counts()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
