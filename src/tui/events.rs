//! The terminal's events, read on a thread of their own.
//!
//! Reading a terminal that is gone never comes back (crossterm 0.29 goes round in its reader), and would take the loop along;
//! this way the loop hears of the hang-up by its signal and ends. While the editor or the shell has the terminal, nothing is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

/// How long the reader is waited for when it is told to stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// Keys, mouse, sizes.
#[derive(Debug)]
pub(super) struct Events {
    queue: mpsc::UnboundedReceiver<io::Result<Event>>,
    stop: Option<oneshot::Sender<()>>,
    /// The thread drops its end when it is done.
    done: std::sync::mpsc::Receiver<()>,
}

impl Events {
    /// Begins to read.
    pub(super) fn start() -> Self {
        let (out, queue) = mpsc::unbounded_channel();
        let failed = out.clone();
        let (stop, stopped) = oneshot::channel();
        let (working, done) = std::sync::mpsc::channel();
        let started = std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let _working = working;
            let runtime = match tokio::runtime::Builder::new_current_thread().build() {
                Ok(r) => r,
                Err(e) => {
                    let _ = out.send(Err(e));
                    return;
                }
            };
            runtime.block_on(read(stopped, out));
        });
        if let Err(e) = started {
            let _ = failed.send(Err(e));
        }
        Self {
            queue,
            stop: Some(stop),
            done,
        }
    }

    /// Stops to read; nothing of what is typed from now on is taken.
    pub(super) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // A reader whose terminal is gone is not waited for.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}

async fn read(mut stopped: oneshot::Receiver<()>, out: mpsc::UnboundedSender<io::Result<Event>>) {
    let mut stream = EventStream::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            event = stream.next() => match event {
                Some(e) => {
                    let last = e.is_err();
                    if out.send(e).is_err() || last {
                        return;
                    }
                }
                None => return,
            }
        }
    }
}

impl Stream for Events {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll_recv(cx)
    }
}
