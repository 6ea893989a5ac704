//! A small web server for `benches/proxy.sh`: answers every request with one TwiML document, as fast as it can.
//!
//! `cargo run --release --example upstream -- [PORT]`; the first line on standard output is its URL.

// A program of a few lines for measuring: it ends with what went wrong.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const TWIML: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>Hello.</Say></Response>";

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(Bytes::from_static(TWIML)));
    let kind = hyper::header::HeaderValue::from_static("text/xml; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).map_or(0, |p| p.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
                // A client that leaves ends its connection, nothing else.
                drop(served.await);
            });
        }
    })
}
