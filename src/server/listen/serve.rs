//! Connections: how many at once, how long they may take, and their end when the listener stops.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::receive::Shared;

/// Said to a request whose head does not end; then the connection is closed.
const LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 35\r\nconnection: close\r\n\r\nthe request's head did not arrive.\n";

/// What hyper reads at least before it can tell that a head is too large.
const LEAST_HEAD: usize = 8192;

/// Serves until `stop` says so, then finishes what is worked on.
pub(super) async fn serve(listener: TcpListener, router: Router, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let limits = shared.limits;
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        // Those for whom there is no place wait in the system's queue.
        let next = tokio::select! {
            () = stopped(&mut stop) => break,
            next = next(&listener, &places) => next,
        };
        while connections.try_join_next().is_some() {}
        match next {
            Ok((stream, place)) => {
                let (router, shared, stop) = (router.clone(), shared.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, router, &shared, stop).await;
                    drop(place);
                });
            }
            // No handle left, or the one who called has gone: the next may do better.
            Err(e) => {
                shared.refused(503, format!("cannot take a connection: {e}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits.drain, all).await;
}

/// Ready when the listener is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(mut stream: TcpStream, router: Router, shared: &Shared, mut stop: watch::Receiver<bool>) {
    let limits = shared.limits;
    let _ = stream.set_nodelay(true);
    let arrived = AtomicU64::new(0);
    let done = AtomicU64::new(0);
    let service = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answer = service.call(request);
        let (arrived, done) = (&arrived, &done);
        async move {
            let answer = answer.await;
            done.store(arrived.load(Ordering::Relaxed), Ordering::Relaxed);
            Ok::<_, Infallible>(match answer {
                Ok(response) => response,
            })
        }
    });
    let ended = {
        let wire = TokioIo::new(Wire {
            stream: &mut stream,
            arrived: &arrived,
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head.max(LEAST_HEAD))
            .max_header_size(limits.head)
            .max_headers(limits.headers);
        let mut serving = pin!(builder.serve_connection(wire, service));
        tokio::select! {
            ended = serving.as_mut() => ended,
            () = stopped(&mut stop) => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        }
    };
    let Err(e) = ended else { return };
    if e.is_parse_too_large() {
        shared.refused(431, "the request's head is too large".to_owned());
    } else if e.is_parse() {
        shared.refused(400, format!("no HTTP request: {e}"));
    } else if e.is_timeout() && arrived.load(Ordering::Relaxed) > done.load(Ordering::Relaxed) {
        shared.refused(408, "the request's head did not arrive in time".to_owned());
        let _ = stream.write_all(LATE).await;
        let _ = stream.shutdown().await;
    }
}

/// A connection that counts what arrives: one that is only idle is closed without a word.
struct Wire<'a> {
    stream: &'a mut TcpStream,
    arrived: &'a AtomicU64,
}

impl AsyncRead for Wire<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut *self.stream).poll_read(cx, buf))?;
        let bytes = (buf.filled().len() - before) as u64;
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
