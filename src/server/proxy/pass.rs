//! One request: to the app, and its answer back, as they are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;

use super::hop;
use super::record::Queue;
use super::tee::Tee;
use super::upload::Upload;
use super::upstream::{Lease, Upstream};
use super::visit::{Failure, Head, Side, Visit};
use crate::replay::TransportError;

/// A body that nobody waits for must arrive within this time.
const TAKE_IN: Duration = Duration::from_secs(2);

/// What a request passes through.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) upstream: Arc<Upstream>,
    pub(super) queue: Arc<Queue>,
    /// So much of each body is kept.
    pub(super) keep: usize,
    /// The app's `host[:port]`, for a client that names none.
    pub(super) authority: String,
    /// The app as the user gave it.
    pub(super) target: String,
}

/// The client broke its request off: there is nobody to answer.
#[derive(Debug, thiserror::Error)]
#[error("the client left")]
pub(super) struct Left;

type Reply = Response<Either<Tee, Full<Bytes>>>;

impl Way {
    /// Passes a request on and its answer back; what went through is recorded once both are through.
    pub(super) async fn pass(&self, remote: SocketAddr, mut request: Request<Incoming>) -> Result<Reply, Left> {
        let protocol = hop::upgrade(request.headers());
        let client = protocol.is_some().then(|| hyper::upgrade::on(&mut request));
        let (mut head, body) = request.into_parts();
        let visit = Visit::begin(&self.queue, remote, &head, self.keep);
        if head.method == Method::CONNECT {
            return Ok(not_passed_on(&visit));
        }
        self.aim(&mut head);
        hop::strip(&mut head.headers, protocol);
        let request = Request::from_parts(head, Upload::new(body, visit.clone()));
        match self.upstream.fetch(request).await {
            Ok((response, lease)) => Ok(answer(response, lease, visit, client)),
            Err(failed) => {
                if let Some(body) = failed.unsent {
                    self.take_in(*body).await;
                }
                if visit.is_request_broken() {
                    return Err(Left);
                }
                visit.failed(Failure::of(&failed.error));
                Ok(self.unreachable(&failed.error))
            }
        }
    }

    /// The request line as an app expects it: no host in it, but always a `Host`.
    fn aim(&self, head: &mut Parts) {
        let host = match head.uri.authority() {
            Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
            None if head.headers.contains_key(HOST) => None,
            None => HeaderValue::from_str(&self.authority).ok(),
        };
        if let Some(host) = host {
            head.headers.insert(HOST, host);
        }
        let target = head.uri.path_and_query().cloned();
        head.uri = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
        head.version = Version::HTTP_11;
    }

    /// Reads a body that cannot go on, for it says whose the request is; not more of it than is kept.
    async fn take_in(&self, mut body: Upload) {
        let all = async {
            let mut taken = 0;
            while let Some(Ok(frame)) = body.frame().await
                && taken < self.keep
            {
                taken += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        let _ = tokio::time::timeout(TAKE_IN, all).await;
    }

    /// What the client hears when the app is not there.
    fn unreachable(&self, e: &TransportError) -> Reply {
        let text = format!("redial proxy: no answer from {}: {e}\n", self.target);
        let mut reply = Response::new(Either::Right(Full::from(text)));
        *reply.status_mut() = StatusCode::BAD_GATEWAY;
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        reply.headers_mut().insert(CONTENT_TYPE, plain);
        reply
    }
}

/// What the client hears that wants to be connected elsewhere: this leads to the app only.
fn not_passed_on(visit: &Visit) -> Reply {
    const WHY: &str = "CONNECT is not passed on";
    let text = Bytes::from(format!("redial proxy: {WHY}: this leads to one app only\n"));
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, plain)]);
    visit.ended(Side::Request);
    visit.answered(Head {
        status,
        reason: status.canonical_reason().unwrap_or_default().to_owned(),
        version: Version::HTTP_11,
        headers: headers.clone(),
    });
    visit.passed(Side::Response, &text);
    visit.ended(Side::Response);
    visit.failed(Failure {
        error: "not-passed-on",
        fault: "",
        why: WHY.to_owned(),
    });
    let mut reply = Response::new(Either::Right(Full::from(text)));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// The app's own answer, unchanged but for the headers of its connection.
fn answer(mut response: Response<Incoming>, lease: Lease, visit: Arc<Visit>, client: Option<OnUpgrade>) -> Reply {
    visit.answered(head_of(&response));
    let protocol = hop::upgrade(response.headers());
    if let (StatusCode::SWITCHING_PROTOCOLS, Some(client)) = (response.status(), client) {
        tokio::spawn(tunnel(client, hyper::upgrade::on(&mut response)));
        // What follows is no HTTP, and not recorded.
        visit.ended(Side::Response);
        let (mut head, _) = response.into_parts();
        hop::strip(&mut head.headers, protocol);
        return Response::from_parts(head, Either::Right(Full::default()));
    }
    let (mut head, body) = response.into_parts();
    hop::strip(&mut head.headers, None);
    // What the client's connection speaks is its own matter.
    head.version = Version::HTTP_11;
    Response::from_parts(head, Either::Left(Tee::response(body, visit, lease)))
}

fn head_of(response: &Response<Incoming>) -> Head {
    let own = response.extensions().get::<ReasonPhrase>();
    let own = own.map(|r| String::from_utf8_lossy(r.as_bytes()).into_owned());
    let known = || response.status().canonical_reason().unwrap_or_default().to_owned();
    Head {
        status: response.status(),
        reason: own.unwrap_or_else(known),
        version: response.version(),
        headers: response.headers().clone(),
    }
}

/// Both ways, until both ends are through.
async fn tunnel(client: OnUpgrade, app: OnUpgrade) {
    if let Ok((client, app)) = tokio::try_join!(client, app) {
        let (mut client, mut app) = (TokioIo::new(client), TokioIo::new(app));
        // An end that closes hard is how such a connection ends.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut app).await;
    }
}
