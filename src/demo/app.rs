//! The demo's app as a server: a thread with its own runtime on a free loopback port, and the folder that it owns.
//!
//! Whether the app is fixed is a file: a key makes it ([`App::fix`]), a person may `touch` it, and each request looks for
//! it anew. Dropping the [`App`] ends requests that are still worked on, frees the port and removes the folder.

use std::future::IntoFuture;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, Uri};
use axum::response::Response;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::routes::{Reply, SLOW, reply};
use super::samples::write_samples;

/// The app while it runs.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    shared: Arc<Shared>,
    inputs: Vec<PathBuf>,
    /// Dropped to end the server.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Removed last.
    _folder: TempDir,
}

/// A request that the app got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// `POST`, `GET`, …, as sent.
    pub method: String,
    /// The path without its query, as sent.
    pub path: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far the app is with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It came in and has no answer yet.
    Working,
    /// Answered with this status.
    Answered(u16),
    /// Whoever asked left before the answer.
    Left,
}

impl App {
    /// Writes the samples and serves the app, broken.
    ///
    /// # Errors
    /// No temporary folder, no loopback port, no thread: says which.
    pub fn start() -> io::Result<Self> {
        Self::with_delay(SLOW)
    }

    /// The same with another delay of the slow route.
    ///
    /// # Errors
    /// As [`App::start`].
    pub fn with_delay(slow: Duration) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("redial-demo-")
            .tempdir()
            .map_err(|e| said("make a temporary folder for the demo", &e))?;
        let inputs = write_samples(folder.path())?;
        let shared = Arc::new(Shared {
            fix_file: folder.path().join("fixed"),
            slow,
            served: Mutex::default(),
            changed: Condvar::new(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| said("listen on 127.0.0.1", &e))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = serve(listener, shared.clone(), stopped)?;
        Ok(Self {
            address,
            shared,
            inputs,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        })
    }

    /// Where it listens, for [`crate::replay::Target`]: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The samples, written for a session to open.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    /// The file that fixes the app while it exists.
    pub fn fix_file(&self) -> &Path {
        &self.shared.fix_file
    }

    /// True while the app is fixed, whoever did it.
    pub fn fixed(&self) -> bool {
        self.shared.fixed()
    }

    /// Fixes the app; nothing new when it is fixed.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn fix(&self) -> io::Result<()> {
        let file = self.fix_file();
        std::fs::File::create(file).map_err(|e| said(&format!("create {}", file.display()), &e))?;
        Ok(())
    }

    /// Breaks the app again, for another round; nothing new when it is broken.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn unfix(&self) -> io::Result<()> {
        let file = self.fix_file();
        match std::fs::remove_file(file) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(said(&format!("remove {}", file.display()), &e)),
            _ => Ok(()),
        }
    }

    /// The requests that it got, in the order of their coming.
    pub fn served(&self) -> Vec<Served> {
        self.shared.served().clone()
    }

    /// Waits until its requests are as wished, at most for `limit`; what they are then.
    ///
    /// # Errors
    /// What they are instead, when the time is over.
    pub fn wait_until(&self, limit: Duration, wish: impl Fn(&[Served]) -> bool) -> Result<Vec<Served>, Vec<Served>> {
        let served = self.shared.served();
        let waited = self.shared.changed.wait_timeout_while(served, limit, |s| !wish(s));
        let (served, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if wish(&served) {
            Ok(served.clone())
        } else {
            Err(served.clone())
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The thread ends at once: its runtime drops every request that is worked on. Then the port is free.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the server and its owner both see.
#[derive(Debug)]
struct Shared {
    fix_file: PathBuf,
    slow: Duration,
    served: Mutex<Vec<Served>>,
    /// Told whenever `served` changes.
    changed: Condvar,
}

impl Shared {
    fn fixed(&self) -> bool {
        self.fix_file.exists()
    }

    fn served(&self) -> MutexGuard<'_, Vec<Served>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is worked on; dropped before its answer, the one who asked has left.
struct Visit {
    shared: Arc<Shared>,
    number: usize,
    stage: Stage,
}

impl Visit {
    fn begin(shared: Arc<Shared>, method: &Method, path: &str) -> Self {
        let mut served = shared.served();
        let number = served.len();
        served.push(Served {
            method: method.to_string(),
            path: path.to_owned(),
            stage: Stage::Working,
        });
        drop(served);
        shared.changed.notify_all();
        Self {
            shared,
            number,
            stage: Stage::Left,
        }
    }

    fn answered(mut self, status: u16) {
        self.stage = Stage::Answered(status);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(served) = self.shared.served().get_mut(self.number) {
            served.stage = self.stage;
        }
        self.shared.changed.notify_all();
    }
}

/// Serves on a thread of its own until `stopped`.
fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) -> io::Result<JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let router = Router::new().fallback(answer).with_state(shared);
    std::thread::Builder::new().name("demo-app".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                // Not graceful: a slow answer must not hold up the end of the program.
                _ = stopped => {}
                _ = axum::serve(listener, router).into_future() => {}
            }
        });
    })
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let visit = Visit::begin(shared.clone(), &method, uri.path());
    let query = uri.query().unwrap_or_default().as_bytes();
    let reply = reply(uri.path(), &[query, &body], shared.fixed());
    if reply.late {
        tokio::time::sleep(shared.slow).await;
    }
    visit.answered(reply.status.as_u16());
    response(reply)
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    if let Some(kind) = reply.kind {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

fn said(what: &str, e: &io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("cannot {what}: {e}"))
}
