//! Retention while something runs: a thread that prunes now and again, and tells what went.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Gone, Retention, Store, StoreError, now};

/// The thread; it ends when this is dropped, between two small transactions.
#[derive(Debug)]
pub struct Keeper {
    /// Dropped to end it.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Between two prunings of a program that runs for long.
    pub const EVERY: Duration = Duration::from_secs(15 * 60);

    /// Prunes now and then every so often. Told is what went, when anything did, and what is wrong.
    ///
    /// # Errors
    /// No thread.
    pub fn start(
        path: &Path,
        retention: Retention,
        every: Duration,
        tell: impl Fn(Result<Gone, StoreError>) + Send + 'static,
    ) -> io::Result<Self> {
        let path = path.to_owned();
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("store-keeper".to_owned())
            .spawn(move || {
                loop {
                    match prune(&path, retention, &stopped) {
                        Ok(gone) if gone.rows + gone.replays == 0 => {}
                        told => tell(told),
                    }
                    if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// Opened anew each time: the file may have been moved away since.
fn prune(path: &Path, retention: Retention, stopped: &Receiver<()>) -> Result<Gone, StoreError> {
    match Store::open_existing(path)? {
        Some(mut store) => store.prune_while(retention, now(), &|| stopped.try_recv() == Err(TryRecvError::Empty)),
        None => Ok(Gone::default()),
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
