//! The body of an answer on its way through: every part goes on at once, and is noted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::upstream::Lease;
use super::visit::{Side, Visit};

/// An answer's body that is noted as it goes through.
#[derive(Debug)]
pub(super) struct Tee {
    inner: Incoming,
    visit: Arc<Visit>,
    over: bool,
    /// The connection that an answer comes over.
    lease: Option<Lease>,
}

impl Tee {
    pub(super) fn response(inner: Incoming, visit: Arc<Visit>, lease: Lease) -> Self {
        let mut body = Self {
            inner,
            visit,
            over: false,
            lease: Some(lease),
        };
        // Nobody asks an empty body whether it is over.
        body.end_when_over();
        body
    }

    fn end_when_over(&mut self) {
        if !self.over && self.inner.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.visit.ended(Side::Response);
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.visit.passed(Side::Response, data);
                    self.end_when_over();
                } else if !self.over {
                    // Nothing comes behind trailers, and nobody asks.
                    self.end();
                }
            }
            Some(Err(_)) => {
                self.over = true;
                self.visit.broke(Side::Response);
                self.lease = None;
            }
            None if !self.over => self.end(),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.end_when_over();
    }
}
