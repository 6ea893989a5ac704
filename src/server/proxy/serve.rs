//! Connections of clients: taken, limited, and let finish when the proxy stops.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::pass::Way;

/// More connections wait in the system's queue.
const CONNECTIONS: usize = 1_000;
/// A client must have sent its headers, or its next request, within this time.
const HEADERS: Duration = Duration::from_secs(60);
/// What the headers of one request may take up, all together.
const HEADER_BYTES: usize = 64 * 1024;
const HEADER_COUNT: usize = 200;
/// What is under way may take so long when the proxy stops: a bit less than a person waits.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop` says so, then lets finish what is under way.
pub(super) async fn serve(listener: TcpListener, way: Arc<Way>, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|s| *s) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, remote, place)) = accepted else {
            continue;
        };
        let (way, stop) = (way.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, remote, way, stop).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finished).await;
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection once there is room for it; none when the system could not give one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<Accepted> {
    let place = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, remote)) => Some((stream, remote, place)),
        Err(_) => {
            // Out of files, mostly: some will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, remote: SocketAddr, way: Arc<Way>, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let way = way.clone();
        async move { way.pass(remote, request).await }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(HEADER_COUNT)
        .max_header_size(HEADER_BYTES)
        .preserve_header_case(true)
        // The app's headers are the answer's headers.
        .auto_date_header(false);
    let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut served = pin!(served);
    tokio::select! {
        _ = served.as_mut() => return,
        _ = stop.wait_for(|s| *s) => served.as_mut().graceful_shutdown(),
    }
    // However it ends: what went through is noted.
    let _ = served.await;
}
