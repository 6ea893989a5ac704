//! The one attempt: connect to a pinned address, send the plan, take the answer.
//!
//! No retry, no proxy, no redirect, no cookie. Connecting tries the pinned addresses in order (the request itself is
//! written once). What the server sends is bounded: a header block as the HTTP library bounds it, 1 MiB of body kept,
//! 64 MiB counted. Dropping the future ends the attempt and its connection.

use std::net::SocketAddr;
use std::pin::{Pin, pin};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};

use super::plan::Plan;
use super::target::{Pinned, Scheme};
use super::transport::TransportError;
use super::wire;
use super::{decode, dial};
use crate::judge::Answer;

/// How much of a body is kept.
pub const KEEP: usize = 1024 * 1024;
/// How much of a body is read before the connection is given up.
pub const COUNT: u64 = 64 * 1024 * 1024;

/// What became of one attempt. With an `error`, whatever had arrived before it is still here.
#[derive(Debug, Default)]
pub struct Sent {
    /// The URL that was asked.
    pub sent_to: String,
    /// The address that was connected to.
    pub peer: Option<SocketAddr>,
    /// The answer's status; none where no answer began.
    pub status: Option<u16>,
    /// In the order received, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from gzip or deflate; at most [`KEEP`] bytes.
    pub body: Vec<u8>,
    /// Its whole length as far as known: decoded, or on the wire where it is not encoded.
    pub total_len: u64,
    /// True where it may be longer than `total_len`.
    pub at_least: bool,
    /// True where `body` is not all of it.
    pub truncated: bool,
    /// From the first connect to the last byte.
    pub ms: u64,
    /// From the first connect to the end of the handshakes.
    pub connect_ms: Option<u64>,
    /// Why there is no complete answer.
    pub error: Option<TransportError>,
}

impl Sent {
    /// For [`crate::judge::judge`].
    pub fn answer(&self) -> Answer<'_> {
        Answer {
            url: &self.sent_to,
            status: self.status,
            headers: &self.headers,
            body: &self.body,
            total_len: self.total_len,
            at_least: self.at_least,
            truncated: self.truncated,
            ms: Some(self.ms),
            connect_ms: self.connect_ms,
            error: self.error.as_ref().map(TransportError::fault),
            stays: true,
            ..Answer::default()
        }
    }
}

/// Sends `plan` to `pinned`, once, within the plan's timeout.
///
/// Needs a tokio runtime with time and I/O. To cancel, drop the future.
pub async fn send(plan: &Plan, pinned: &Pinned) -> Sent {
    let start = Instant::now();
    let mut sent = Sent {
        sent_to: plan.url.clone(),
        ..Sent::default()
    };
    let outcome = timeout(plan.timeout, attempt(plan, pinned, start, &mut sent)).await;
    sent.ms = millis(start);
    sent.error = match outcome {
        Ok(done) => done.err(),
        Err(_) if sent.peer.is_none() => Some(TransportError::ConnectTimeout(dial::names(pinned))),
        Err(_) if sent.connect_ms.is_none() => Some(TransportError::HandshakeTimeout(plan.timeout.as_millis())),
        Err(_) => Some(TransportError::Timeout {
            ms: plan.timeout.as_millis(),
            begun: sent.status.is_some(),
        }),
    };
    if let Err(e) = decode_body(&mut sent) {
        sent.error.get_or_insert(e);
    }
    sent
}

async fn attempt(plan: &Plan, pinned: &Pinned, start: Instant, sent: &mut Sent) -> Result<(), TransportError> {
    let (tcp, peer) = dial::connect(pinned).await?;
    sent.peer = Some(peer);
    match pinned.target().scheme() {
        Scheme::Http => {
            sent.connect_ms = Some(millis(start));
            exchange(plan, TokioIo::new(tcp), sent).await
        }
        Scheme::Https => {
            let stream = dial::handshake(pinned, dial::tls()?, tcp).await?;
            sent.connect_ms = Some(millis(start));
            exchange(plan, TokioIo::new(stream), sent).await
        }
    }
}

/// Writes the request and reads the answer.
async fn exchange<T>(plan: &Plan, io: T, sent: &mut Sent) -> Result<(), TransportError>
where
    T: Read + Write + Unpin,
{
    let request = wire::request(plan).map_err(|e| TransportError::Unsendable(e.to_string()))?;
    let (mut sender, connection) = wire::client()
        .handshake(io)
        .await
        .map_err(|e| TransportError::http(&e, false))?;
    let mut connection = Driver(Some(Box::pin(connection)));
    let answer = connection.drive(sender.send_request(request)).await;
    let answer = answer.map_err(|e| TransportError::http(&e, false))?;
    sent.status = Some(answer.status().as_u16());
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = answer.headers().iter();
    sent.headers = headers
        .map(|(n, v)| (n.as_str().to_owned(), text(v.as_bytes())))
        .collect();
    connection.drive(read_body(answer.into_body(), sent)).await
}

async fn read_body(mut body: Incoming, sent: &mut Sent) -> Result<(), TransportError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| TransportError::http(&e, true))?;
        let Ok(data): Result<Bytes, _> = frame.into_data() else {
            continue;
        };
        let room = KEEP - sent.body.len().min(KEEP);
        sent.body.extend_from_slice(&data[..room.min(data.len())]);
        sent.total_len += data.len() as u64;
        sent.truncated |= data.len() > room;
        if sent.total_len >= COUNT {
            sent.truncated = true;
            sent.at_least = true;
            break;
        }
    }
    Ok(())
}

/// Replaces an encoded body by what it decodes to.
fn decode_body(sent: &mut Sent) -> Result<(), TransportError> {
    let encoding = sent.headers.iter().find(|(name, _)| name == "content-encoding");
    let Some((_, coding)) = encoding else {
        return Ok(());
    };
    // What stops before its end cannot be decoded whole; the wire length then says how long it is at least.
    let partial = sent.truncated || sent.error.is_some();
    let Some(decoded) = decode::decode(coding, &sent.body, KEEP) else {
        return Ok(());
    };
    let broken = decoded.broken && !partial;
    if broken && decoded.body.is_empty() {
        return Err(TransportError::Encoding(coding.clone()));
    }
    sent.truncated |= decoded.more;
    sent.at_least |= decoded.more || partial;
    let least = if decoded.more {
        KEEP as u64 + 1
    } else {
        decoded.body.len() as u64
    };
    sent.total_len = if partial { sent.total_len.max(least) } else { least };
    sent.body = decoded.body;
    if broken {
        return Err(TransportError::Encoding(coding.clone()));
    }
    Ok(())
}

/// A connection that makes progress only while something waits for it; dropped, it closes.
struct Driver<C>(Option<Pin<Box<C>>>);

impl<C: Future> Driver<C> {
    /// Waits for `work`, moving the connection on. Its own end is no error here: `work` hears of it.
    async fn drive<W: Future>(&mut self, work: W) -> W::Output {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            if let Some(connection) = &mut self.0
                && connection.as_mut().poll(cx).is_ready()
            {
                self.0 = None;
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

fn millis(start: Instant) -> u64 {
    start.elapsed().as_millis() as u64
}
