//! Attempts against servers made by hand on the loopback interface.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::judge::{FaultClass, judge};

/// A server for one connection: `talk` gets it after the request was read whole.
struct Server {
    target: Target,
    requests: mpsc::Receiver<Vec<u8>>,
}

impl Server {
    fn new(talk: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, requests) = mpsc::channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            seen.send(read_request(&mut stream)).unwrap();
            talk(stream);
            // A second connection would be a retry or a followed redirect.
            listener.set_nonblocking(true).unwrap();
            thread::sleep(Duration::from_millis(20));
            if listener.accept().is_ok() {
                seen.send(b"again".to_vec()).unwrap();
            }
        });
        let target = Target::parse(&format!("127.0.0.1:{port}"), &[]).unwrap();
        Self { target, requests }
    }

    fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |mut stream| {
            let _ = stream.write_all(&bytes);
        })
    }

    fn send(&self, request: &Request, options: &Options) -> (Plan, Sent) {
        let plan = plan(Provider::Twilio, RequestKind::Voice, request, &self.target, options).unwrap();
        let sent = attempt(&plan, &self.target);
        (plan, sent)
    }

    fn voice(&self, options: &Options) -> Sent {
        self.send(&form("https://a.example/voice", &[("CallSid", "CA1")]), options)
            .1
    }

    /// The one request; panics when there was another.
    fn only_request(self) -> Vec<u8> {
        let all: Vec<Vec<u8>> = self.requests.iter().collect();
        assert_eq!(all.len(), 1);
        all.into_iter().next().unwrap()
    }
}

pub(super) fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 65536];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return bytes;
            }
        }
        match stream.read(&mut chunk).unwrap() {
            0 => return bytes,
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    }
}

fn attempt(plan: &Plan, target: &Target) -> Sent {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pinned = target.resolve().await.unwrap();
        send(plan, &pinned).await
    })
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 11\r\n\r\n<Response/>";

#[test]
fn the_server_receives_exactly_what_a_dry_run_shows() {
    let big: String = "x".repeat(300_000);
    for recorded in [
        form(
            "https://a.example/voice?x='%7e#ct=1",
            &[("A", "1"), ("A", "é ✓"), ("Empty", "")],
        ),
        form("https://a.example/big", &[("B", &big)]),
        request("GET", "https://a.example/voice?k", Payload::Form(pairs(&[("A", "1")]))),
        request("POST", "https://a.example/e", Payload::Json(b"{\"a\": 1}".to_vec())),
        request("POST", "https://a.example/e", Payload::Empty),
        request("DELETE", "https://a.example/e", Payload::Empty),
    ] {
        let server = Server::answering(OK);
        let (plan, sent) = server.send(&recorded, &signing());
        assert_eq!((sent.status, &sent.error), (Some(200), &None));
        assert_eq!(sent.body, b"<Response/>");
        assert!(sent.connect_ms.is_some() && sent.peer.is_some());
        assert!(judge(Provider::Twilio, RequestKind::Voice, &sent.answer()).pass());
        let received = server.only_request();
        assert!(
            received == plan.wire().unwrap(),
            "{}",
            String::from_utf8_lossy(&received)
        );
    }
}

#[test]
fn redirects_are_not_followed() {
    let server = Server::answering("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    let sent = server.voice(&signing());
    assert_eq!(sent.status, Some(302));
    assert_eq!(sent.headers[0], ("location".to_owned(), "/other".to_owned()));
    server.only_request();
}

/// This process's environment cannot be changed safely, so another one of it runs with proxies that do not exist.
#[test]
fn proxies_of_the_environment_are_ignored() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "replay::tests::attempts::redirects_are_not_followed"]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        again.env(name, "http://127.0.0.1:9");
    }
    again.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_silent_server_times_out() {
    let (hold, released) = mpsc::channel::<()>();
    let server = Server::new(move |stream| {
        let _ = released.recv();
        drop(stream);
    });
    let sent = server.voice(&Options {
        timeout: Duration::from_millis(60),
        ..signing()
    });
    assert_eq!(
        sent.error.as_ref().map(TransportError::class),
        Some(FaultClass::Timeout)
    );
    assert!(sent.ms >= 60 && sent.status.is_none());
    assert_eq!(
        judge(Provider::Twilio, RequestKind::Voice, &sent.answer()).code(),
        Some("11205")
    );
    drop(hold);
    server.only_request();
}

#[test]
fn a_dripping_body_times_out_and_keeps_what_came() {
    let (hold, released) = mpsc::channel::<()>();
    let server = Server::new(move |mut stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<Resp")
            .unwrap();
        let _ = released.recv();
    });
    let sent = server.voice(&Options {
        timeout: Duration::from_millis(200),
        ..signing()
    });
    assert_eq!((sent.status, &sent.body[..]), (Some(200), &b"<Resp"[..]));
    assert_eq!(sent.error, Some(TransportError::Timeout { ms: 200, begun: true }));
    drop(hold);
}

#[test]
fn refused_closed_and_malformed() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let target = Target::parse(&free.to_string(), &[]).unwrap();
    let plan = plan(
        Provider::Twilio,
        RequestKind::Voice,
        &form("https://a/v", &[]),
        &target,
        &signing(),
    )
    .unwrap();
    let sent = attempt(&plan, &target);
    assert_eq!(
        sent.error.as_ref().map(TransportError::class),
        Some(FaultClass::Refused)
    );
    assert!(sent.error.unwrap().to_string().contains("nothing listens on"));

    for (answer, class) in [
        ("", FaultClass::Closed),
        ("HTTP/1.1 200 OK\r\nContent-", FaultClass::Closed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<Resp", FaultClass::Closed),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            FaultClass::Closed,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
            FaultClass::Protocol,
        ),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n\r\n", FaultClass::Protocol),
        ("HTTP/1.1 abc OK\r\n\r\n", FaultClass::Protocol),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            FaultClass::Protocol,
        ),
    ] {
        let server = Server::answering(answer);
        let sent = server.voice(&signing());
        let got = sent.error.as_ref().map(TransportError::class);
        assert_eq!(got, Some(class), "{answer:?}: {:?}", sent.error);
        server.only_request();
    }
}

#[test]
fn tls_to_a_plain_port_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let target = Target::parse(&format!("https://127.0.0.1:{port}"), &[]).unwrap();
    let plan = plan(
        Provider::Twilio,
        RequestKind::Voice,
        &form("https://a/v", &[]),
        &target,
        &signing(),
    )
    .unwrap();
    let sent = attempt(&plan, &target);
    assert_eq!(
        sent.error.as_ref().map(TransportError::class),
        Some(FaultClass::Tls),
        "{:?}",
        sent.error
    );
    assert!(sent.error.unwrap().to_string().contains("use http://"));
}

#[test]
fn a_huge_body_is_counted_but_not_kept() {
    let server = Server::new(|mut stream| {
        let chunk = vec![b'x'; 1 << 20];
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n");
        // Far more than is counted: ends when the client hangs up.
        while stream.write_all(&chunk).is_ok() {}
    });
    let sent = server.voice(&Options {
        timeout: Duration::from_secs(60),
        ..signing()
    });
    assert_eq!((sent.body.len(), sent.truncated, &sent.error), (KEEP, true, &None));
    assert!(sent.total_len >= COUNT);
    assert_eq!(
        judge(Provider::Twilio, RequestKind::Voice, &sent.answer()).code(),
        Some("11750")
    );
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn encoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn encoded_bodies_are_decoded_and_bombs_bounded() {
    let plain = b"<Response/>";
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(plain).unwrap();
    let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    bare.write_all(plain).unwrap();
    for (coding, body) in [
        ("gzip", gzip(plain)),
        ("X-GZIP", gzip(plain)),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", bare.finish().unwrap()),
        ("br", plain.to_vec()),
    ] {
        let sent = Server::answering(encoded(coding, &body)).voice(&signing());
        assert_eq!(
            (&sent.body[..], sent.total_len, &sent.error),
            (&plain[..], 11, &None),
            "{coding}"
        );
    }
    let bomb = gzip(&vec![0; 3 << 20]);
    let sent = Server::answering(encoded("gzip", &bomb)).voice(&signing());
    assert_eq!((sent.body.len(), sent.truncated), (KEEP, true));
    let sent = Server::answering(encoded("gzip", b"not gzip")).voice(&signing());
    assert_eq!(sent.error, Some(TransportError::Encoding("gzip".to_owned())));
    assert_eq!(sent.body, b"not gzip");
}
