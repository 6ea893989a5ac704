//! The body of a request on its way to the app: every part goes on at once, is noted, and is kept for a while, so that it can be sent
//! again when the connection it went over had been closed.
//!
//! All that is to be sent again comes from one [`Source`]: the parts that went through, then what is still to come from the client.
//! Only one [`Upload`] may take from it, the last one made; an earlier one that a dying connection still asks gets an error.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::visit::{Side, Visit};

/// Longer bodies are not kept to be sent again: webhooks are far shorter.
const KEPT: usize = 64 * 1024;

/// A body as a connection takes it.
#[derive(Debug)]
pub(super) struct Upload {
    source: Arc<Mutex<Source>>,
    /// Which of the uploads of this body it is.
    turn: u32,
    /// The parts that went out.
    parts: usize,
    /// The bytes that went out.
    bytes: u64,
}

/// What is needed to send a body again.
#[derive(Debug)]
pub(super) struct Spare(Arc<Mutex<Source>>);

#[derive(Debug)]
struct Source {
    inner: Incoming,
    visit: Arc<Visit>,
    /// Nothing more comes from the client.
    over: bool,
    /// The length as the client said it.
    length: Option<u64>,
    turn: u32,
    /// What went through, as long as it may be wanted again.
    kept: Vec<Bytes>,
    size: usize,
    is_kept: bool,
}

impl Upload {
    pub(super) fn new(inner: Incoming, visit: Arc<Visit>) -> Self {
        let source = Source {
            length: inner.size_hint().exact(),
            inner,
            visit,
            over: false,
            turn: 0,
            kept: Vec::new(),
            size: 0,
            is_kept: true,
        };
        Self::of(Arc::new(Mutex::new(source)), 0)
    }

    fn of(source: Arc<Mutex<Source>>, turn: u32) -> Self {
        Self {
            source,
            turn,
            parts: 0,
            bytes: 0,
        }
    }

    pub(super) fn spare(&self) -> Spare {
        Spare(self.source.clone())
    }
}

impl Spare {
    /// The whole body once more; none where not all of it is there any more.
    pub(super) fn again(&self) -> Option<Upload> {
        let mut source = lock(&self.0);
        if !source.is_kept {
            return None;
        }
        source.turn += 1;
        source.visit.sent_again();
        Some(Upload::of(self.0.clone(), source.turn))
    }

    /// It will not be wanted again.
    pub(super) fn forget(&self) {
        lock(&self.0).forget();
    }
}

impl Source {
    fn keep(&mut self, data: &Bytes) {
        self.size += data.len();
        if self.size > KEPT {
            self.forget();
        } else if self.is_kept {
            self.kept.push(data.clone());
        }
    }

    fn forget(&mut self) {
        self.is_kept = false;
        // What is sent for the second time may still be on its way.
        if self.turn == 0 {
            self.kept = Vec::new();
        }
    }

    fn end_when_over(&mut self) {
        if !self.over && self.inner.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.visit.ended(Side::Request);
    }

    /// The next part from the client.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.visit.passed(Side::Request, data);
                    self.keep(data);
                    self.end_when_over();
                } else {
                    // Nothing comes behind trailers, and nobody asks.
                    self.forget();
                    self.end();
                }
            }
            Some(Err(_)) => {
                self.over = true;
                self.forget();
                self.visit.broke(Side::Request);
            }
            None => self.end(),
        }
        Poll::Ready(frame.map(|f| f.map_err(io::Error::other)))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // Nobody asks an empty body whether it is over.
        self.end_when_over();
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let shared = self.source.clone();
        let mut source = lock(&shared);
        if source.turn != self.turn {
            return Poll::Ready(Some(Err(io::Error::other("it is being sent over another connection"))));
        }
        let frame = match source.kept.get(self.parts) {
            Some(part) => Some(Ok(Frame::data(part.clone()))),
            None => ready!(source.poll(cx)),
        };
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.parts += 1;
            self.bytes += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let source = lock(&self.source);
        let is_last = source.turn == self.turn && self.parts >= source.kept.len();
        is_last && (source.over || source.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let length = lock(&self.source).length;
        length.map_or_else(SizeHint::default, |l| {
            SizeHint::with_exact(l.saturating_sub(self.bytes))
        })
    }
}

fn lock(source: &Mutex<Source>) -> MutexGuard<'_, Source> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}
