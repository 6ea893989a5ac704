//! The proxy between the tunnel and the app: every request goes on at once, streamed both ways, and the app's own answer comes
//! back; both sides are recorded in the store.
//!
//! The files: `serve` (connections of clients), `pass` (one request), `upstream` (connections to the app), `hop` (headers of one
//! connection only), `upload` and `tee` (bodies on their way), `heard` (whether anything was answered), `visit` (what is noted of a request), `record` (the thread that records), `entry` (the
//! HAR entry), `signed` (signatures). Nothing is added to a request and nothing is changed in it; it is not repeated, but for one
//! that met a kept connection while the app closed it (`upstream` says when). **Recording never fails or slows a request.**

mod entry;
mod heard;
mod hop;
mod pass;
mod record;
mod serve;
mod signed;
mod tee;
mod upload;
mod upstream;
mod visit;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

pub use record::{Counts, Notice};

use self::pass::Way;
use self::record::Recorder;
use self::signed::Checker;
use self::upstream::Upstream;
use super::bind::{self, BindError};
use super::listen;
use crate::config::Secret;
use crate::replay::{Pinned, Target, TargetError};
use crate::signature::canonical_url;
use crate::store::{StoreError, Writer};

/// So much of each body is kept unless told otherwise.
pub const KEEP_BODY: usize = 1024 * 1024;

/// What a proxy is started with.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0: any free one.
    pub port: u16,
    /// The app, as [`Target::parse`] reads it.
    pub to: String,
    /// Hosts besides this machine that may be the app.
    pub allow_hosts: Vec<String>,
    /// The URL under which the platform calls, for signatures and for what is recorded.
    pub public_url: Option<String>,
    /// The account's auth token, for signatures.
    pub auth_token: Option<Secret>,
    /// How much of each body is kept; all of it goes through.
    pub keep_body: usize,
    /// Where the store lies.
    pub store: PathBuf,
}

impl ProxyOptions {
    /// Any free port of this machine, in front of `to`, recording to `store`.
    pub fn new(to: impl Into<String>, store: impl Into<PathBuf>) -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            to: to.into(),
            allow_hosts: Vec::new(),
            public_url: None,
            auth_token: None,
            keep_body: KEEP_BODY,
            store: store.into(),
        }
    }
}

/// Why the proxy could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The app's address is no use, or not permitted.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The app's address is the proxy's own.
    #[error("{0} is the address of the proxy itself: give the one of your app with --to")]
    Itself(String),
    /// No port.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread or runtime.
    #[error("cannot start the proxy: {0}")]
    Start(#[from] io::Error),
}

/// The proxy while it runs; dropped, it stops as [`Running::stop`] does.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    target: Target,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    recorder: Option<Recorder>,
    counts: Arc<record::Queue>,
}

/// Starts a proxy on a thread of its own. `tell` hears what a status line should say; it is called on another thread, and must not
/// wait.
///
/// # Errors
/// See [`ProxyError`]. A runtime must not be under way on this thread.
pub fn start(options: ProxyOptions, tell: impl Fn(Notice) + Send + 'static) -> Result<Running, ProxyError> {
    let target = Target::parse(&options.to, &options.allow_hosts)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pinned = runtime.block_on(target.resolve())?;
    let listener = bind::bind(options.bind, options.port)?;
    let address = listener.local_addr()?;
    if is_itself(&pinned, address) {
        return Err(ProxyError::Itself(target.to_string()));
    }
    let checker = Checker(listen::check::Checker {
        token: options.auth_token,
        public_url: options.public_url.as_deref().map(whole),
    });
    let recorder = Recorder::start(Writer::start(&options.store)?, checker, Box::new(tell))?;
    let way = Arc::new(Way {
        upstream: Arc::new(Upstream::new(pinned)),
        queue: recorder.queue().clone(),
        keep: options.keep_body,
        authority: target.authority(),
        target: target.to_string(),
    });
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let (stop, stopped) = watch::channel(false);
    let server = std::thread::Builder::new().name("proxy".to_owned()).spawn(move || {
        runtime.block_on(serve::serve(listener, way, stopped));
        // What did not end in time ends here, and is noted as broken off.
        runtime.shutdown_timeout(Duration::from_millis(100));
    })?;
    Ok(Running {
        address,
        target,
        stop,
        server: Some(server),
        counts: recorder.queue().clone(),
        recorder: Some(recorder),
    })
}

/// A URL with its scheme: nobody is called on a tunnel's address in the clear.
fn whole(url: &str) -> String {
    let url = url.trim();
    let whole = if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    };
    canonical_url(&whole)
}

/// True where what goes to the app would come back.
fn is_itself(pinned: &Pinned, own: SocketAddr) -> bool {
    let here = |ip: IpAddr| ip == own.ip() || own.ip().is_unspecified() && (ip.is_loopback() || ip.is_unspecified());
    pinned.addrs().iter().any(|a| a.port() == own.port() && here(a.ip()))
}

impl Running {
    /// Where it listens, for the tunnel: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        bind::url(self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The app.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        self.counts.counts()
    }

    /// Takes no more requests, lets those under way finish for some seconds, and records them.
    pub fn stop(mut self) -> Counts {
        self.end();
        self.counts()
    }

    fn end(&mut self) {
        let _ = self.stop.send(true);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
        // After the last request: what waits is written.
        self.recorder = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
