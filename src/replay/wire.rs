//! A plan as bytes: the very HTTP client that sends it, writing into memory.
//!
//! Header names are written in title case (`X-Twilio-Signature`), however they were recorded; a header that occurs
//! more than once is written where its name first occurred.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::http::uri::PathAndQuery;
use hyper::http::{HeaderName, HeaderValue, Method, Request, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::plan::{Plan, PlanError};

/// The client's settings, the same for sending and for showing.
pub(super) fn client() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.title_case_headers(true);
    builder
}

/// The plan as the HTTP library takes it: origin form, headers exactly those of the plan.
pub(super) fn request(plan: &Plan) -> Result<Request<Full<Bytes>>, PlanError> {
    fn bad(e: impl std::fmt::Display) -> PlanError {
        PlanError::Unwritable(e.to_string())
    }
    let path = PathAndQuery::from_maybe_shared(Bytes::from(plan.path.clone())).map_err(bad)?;
    let mut request = Request::new(Full::new(Bytes::from(plan.body.clone())));
    *request.method_mut() = Method::from_bytes(plan.method.as_bytes()).map_err(bad)?;
    *request.uri_mut() = Uri::from(path);
    for (name, value) in &plan.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(bad)?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(bad)?);
    }
    Ok(request)
}

impl Plan {
    /// Exactly the bytes that [`super::send()`] writes to its connection (inside TLS for an https target).
    ///
    /// # Errors
    /// [`PlanError::Unwritable`], for a plan that was changed by hand; [`super::plan()`] makes none such.
    pub fn wire(&self) -> Result<Vec<u8>, PlanError> {
        let request = request(self)?;
        let written = Rc::new(RefCell::new(Vec::new()));
        let failed = |e: hyper::Error| PlanError::Unwritable(e.to_string());
        let mut conversation = pin!(async {
            let (mut sender, connection) = client().handshake(Memory(Rc::clone(&written))).await.map_err(failed)?;
            let mut connection = pin!(connection);
            let mut answer = pin!(sender.send_request(request));
            std::future::poll_fn(|cx| {
                // The connection first: it is what writes. No answer ever comes, so this ends by having nothing to do.
                if let Poll::Ready(Err(e)) = connection.as_mut().poll(cx) {
                    return Poll::Ready(Err(failed(e)));
                }
                answer.as_mut().poll(cx).map_ok(|_| ()).map_err(failed)
            })
            .await
        });
        let progress = Arc::new(Progress(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&progress));
        let mut seen = 0;
        loop {
            let polled = conversation.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(Err(e)) = polled {
                return Err(e);
            }
            let now = written.borrow().len();
            if !progress.0.swap(false, Ordering::Relaxed) && now == seen || polled.is_ready() {
                break;
            }
            seen = now;
        }
        Ok(written.take())
    }
}

/// Set where a part of the conversation asks to be polled again.
struct Progress(AtomicBool);

impl Wake for Progress {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection that takes everything and never answers.
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Read for Memory {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl Write for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
