//! The proxy between real sockets: what reaches the app and the client byte for byte, how either may end it, and what is recorded.
//!
//! App and client are made by hand (threads and plain sockets, no HTTP library), so that every byte is seen. What must happen before
//! something else is told through channels.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redial::config::Secret;
use redial::server::proxy::{self, Counts, Notice, ProxyError, ProxyOptions, Running};
use redial::signature::{Algorithm, sign};
use redial::store::{EventKind, Origin, Row, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{redial, text, told};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const TWIML: &str = "<Response><Say>Hello.</Say></Response>";
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const LIMIT: Duration = Duration::from_secs(30);

/// An app: each connection is served by `serve` on a thread of its own. Its port.
fn app(serve: impl Fn(Peer) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(Peer::new(stream.unwrap())));
        }
    });
    port
}

/// An app that answers every request with the same bytes, and tells what it got.
fn answering(answer: impl Into<Vec<u8>>) -> (u16, Receiver<Message>) {
    let (tell, got) = mpsc::channel();
    let (answer, tell) = (answer.into(), Mutex::new(tell));
    let port = app(move |mut peer| {
        while let Some(message) = peer.message() {
            let _ = tell.lock().unwrap().send(message);
            peer.send(&answer);
        }
    });
    (port, got)
}

fn ok(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One end of a connection.
struct Peer {
    reader: BufReader<TcpStream>,
}

/// A message as it came over the wire.
#[derive(Debug)]
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.head.lines().skip(1).filter_map(|l| l.split_once(": "));
        all.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    fn status(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream);
        Self { reader }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // Who went away does not hear it.
        let _ = self.reader.get_mut().write_all(bytes.as_ref());
    }

    /// Everything up to the empty line; none at the end of the connection.
    fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let before = head.len();
            if self.reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
            if head[before..].trim_end().is_empty() {
                return Some(head);
            }
        }
    }

    /// A whole message, its body by length or in chunks.
    fn message(&mut self) -> Option<Message> {
        let head = self.head()?;
        let mut message = Message { head, body: Vec::new() };
        if let Some(length) = message.header("content-length") {
            message.body = vec![0; length.parse().unwrap()];
            self.reader.read_exact(&mut message.body).ok()?;
        } else if message.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                message.body.extend(chunk);
            }
            assert_eq!(self.line(), "\r\n");
        }
        Some(message)
    }

    /// The next chunk; none at the last or at the end of the connection.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        // Behind the last one stand trailers and an empty line.
        if length == 0 {
            return None;
        }
        let mut chunk = vec![0; length + 2];
        self.reader.read_exact(&mut chunk).ok()?;
        chunk.truncate(length);
        Some(chunk)
    }

    /// A line of a protocol that is not HTTP.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    /// Whether the other end has closed; waits for it.
    fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        !matches!(self.reader.read_to_end(&mut rest), Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
    }
}

/// A proxy in front of an app, with a store of its own.
struct Proxy {
    running: Running,
    notices: Receiver<Notice>,
    store: PathBuf,
    _folder: TempDir,
}

fn proxy(port: u16) -> Proxy {
    proxy_with(port, |_| {})
}

fn proxy_with(port: u16, change: impl FnOnce(&mut ProxyOptions)) -> Proxy {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("data").join("store.db");
    let mut options = ProxyOptions::new(format!("http://127.0.0.1:{port}"), &store);
    change(&mut options);
    let (tell, notices) = mpsc::channel();
    let running = proxy::start(options, move |n| drop(tell.send(n))).unwrap();
    Proxy {
        running,
        notices,
        store,
        _folder: folder,
    }
}

impl Proxy {
    fn client(&self) -> Peer {
        Peer::new(TcpStream::connect(self.running.address()).unwrap())
    }

    /// Sends a request on a connection of its own and reads the answer.
    fn ask(&self, request: impl AsRef<[u8]>) -> Message {
        let mut client = self.client();
        client.send(request);
        client.message().unwrap()
    }

    /// Stops, and gives what was recorded.
    fn recorded(self) -> Vec<(Row, Value)> {
        let Self {
            running,
            store,
            _folder,
            ..
        } = self;
        let counts = running.stop();
        assert_eq!((counts.recorded, counts.lost), (counts.passed, 0));
        rows(&store)
    }
}

fn rows(store: &Path) -> Vec<(Row, Value)> {
    let rows = Store::open_existing(store).unwrap().unwrap().after(0, 1000).unwrap();
    rows.into_iter()
        .map(|r| {
            assert_eq!((r.kind, r.source), (EventKind::Exchange, Origin::Proxy));
            let entry = serde_json::from_str(&r.line()).unwrap();
            (r, entry)
        })
        .collect()
}

fn only(proxy: Proxy) -> (Row, Value) {
    let mut rows = proxy.recorded();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: pizza.example.com\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn voice(call: &str) -> String {
    format!(
        "AccountSid=AC00000000000000000000000000000001&CallSid={call}&CallStatus=ringing&From=%2B12025550141&To=%2B12025550100"
    )
}

fn webhook(call: &str, headers: &str) -> String {
    post(
        "/voice?a=%27b&c",
        &format!("Content-Type: {FORM}\r\n{headers}"),
        &voice(call),
    )
}

fn headers_of(message: &Value, name: &str) -> Vec<String> {
    let all = message["headers"].as_array().unwrap().iter();
    all.filter(|h| text(h, "name") == name)
        .map(|h| text(h, "value").to_owned())
        .collect()
}

#[test]
fn both_sides_go_through_unchanged_and_are_recorded() {
    let body = voice("CA00000000000000000000000000000001");
    let (port, got) = answering(format!(
        "HTTP/1.1 200 Quite fine\r\nContent-Type: text/xml\r\nSet-Cookie: a=1\r\nX-Own: 1\r\nSet-Cookie: b=2\r\nX-CamelCase: yes\r\n\
         Content-Length: {}\r\nKeep-Alive: timeout=5\r\n\r\n{TWIML}",
        TWIML.len()
    ));
    let proxy = proxy(port);
    let answer = proxy.ask(webhook(
        "CA00000000000000000000000000000001",
        "User-Agent: TwilioProxy/1.1\r\nX-Twice: a\r\nX-CamelCase: 1\r\nX-Twice: b\r\nX-Forwarded-For: 203.0.113.7\r\n\
         X-Forwarded-Proto: https\r\nAuthorization: Basic c2VjcmV0\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\n",
    ));
    let request = got.recv_timeout(LIMIT).unwrap();
    assert_eq!(
        request.head,
        format!(
            "POST /voice?a=%27b&c HTTP/1.1\r\nHost: pizza.example.com\r\nContent-Type: {FORM}\r\nUser-Agent: TwilioProxy/1.1\r\n\
             X-Twice: a\r\nX-Twice: b\r\nX-CamelCase: 1\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\
             Authorization: Basic c2VjcmV0\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
    );
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(
        answer.head,
        format!(
            "HTTP/1.1 200 Quite fine\r\nContent-Type: text/xml\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Own: 1\r\n\
             X-CamelCase: yes\r\nContent-Length: {}\r\n\r\n",
            TWIML.len()
        )
    );
    assert_eq!(answer.body, TWIML.as_bytes());

    let (row, entry) = only(proxy);
    assert_eq!(row.call.as_deref(), Some("CA00000000000000000000000000000001"));
    assert_eq!((row.code, row.level), (None, None));
    let (request, response) = (&entry["request"], &entry["response"]);
    assert_eq!(
        (text(request, "method"), text(request, "url")),
        ("POST", "https://pizza.example.com/voice?a=%27b&c")
    );
    assert_eq!(text(&request["postData"], "text"), body);
    assert_eq!(request["bodySize"], body.len());
    assert_eq!(headers_of(request, "x-twice"), ["a", "b"]);
    // As the client sent them, also those that were for the proxy only.
    assert_eq!(headers_of(request, "connection"), ["X-Hop, keep-alive"]);
    assert_eq!(
        (response["status"].as_u64(), text(response, "statusText")),
        (Some(200), "Quite fine")
    );
    assert_eq!(text(&response["content"], "text"), TWIML);
    // No secret is kept.
    assert_eq!(headers_of(request, "authorization"), [Secret::DOTS]);
    assert_eq!(headers_of(response, "set-cookie"), [Secret::DOTS, Secret::DOTS]);
    assert!(entry["time"].as_f64().unwrap() > 0.0);
    assert_eq!(entry["_redial"]["error"], Value::Null);
}

#[test]
fn an_answer_streams_before_it_ends() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let port = app(move |mut peer| {
        peer.message().unwrap();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        // The rest only after the client has the first part.
        gone.lock().unwrap().recv_timeout(LIMIT).unwrap();
        peer.send("3\r\ntwo\r\n0\r\n\r\n");
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    let head = client.head().unwrap();
    assert!(
        head.contains("transfer-encoding: chunked") || head.contains("Transfer-Encoding: chunked"),
        "{head}"
    );
    assert_eq!(client.chunk().unwrap(), b"one");
    go.send(()).unwrap();
    assert_eq!((client.chunk().unwrap(), client.chunk()), (b"two".to_vec(), None));
    let (_, entry) = only(proxy);
    assert_eq!(text(&entry["response"]["content"], "text"), "onetwo");
}

#[test]
fn a_request_streams_before_it_ends() {
    let (tell, got) = mpsc::channel();
    let tell = Mutex::new(tell);
    let port = app(move |mut peer| {
        let head = peer.head().unwrap();
        assert!(
            head.to_ascii_lowercase().contains("transfer-encoding: chunked"),
            "{head}"
        );
        while let Some(chunk) = peer.chunk() {
            tell.lock().unwrap().send(chunk).unwrap();
        }
        peer.send(ok("text/xml", TWIML));
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send("POST /voice HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    assert_eq!(got.recv_timeout(LIMIT).unwrap(), b"one");
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    assert_eq!(got.recv_timeout(LIMIT).unwrap(), b"two");
    assert_eq!(client.message().unwrap().body, TWIML.as_bytes());
    let (_, entry) = only(proxy);
    assert_eq!(text(&entry["request"]["postData"], "text"), "onetwo");
}

#[test]
fn a_client_that_leaves_ends_the_request_at_the_app() {
    let (tell, closed) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let both = Mutex::new((begun, tell));
    let port = app(move |mut peer| {
        peer.message().unwrap();
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.send(peer.is_closed()).unwrap();
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    begins.recv_timeout(LIMIT).unwrap();
    drop(client);
    assert!(closed.recv_timeout(LIMIT).unwrap());
    let (row, entry) = only(proxy);
    assert_eq!(
        (entry["_redial"]["aborted"].as_str(), &entry["response"]["status"]),
        (Some("client"), &0.into())
    );
    assert_eq!(row.code.as_deref(), Some("11205"));
}

#[test]
fn a_client_that_leaves_in_the_middle_ends_the_answer_at_the_app() {
    let (tell, closed) = mpsc::channel();
    let tell = Mutex::new(tell);
    let port = app(move |mut peer| {
        peer.message().unwrap();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        tell.lock().unwrap().send(peer.is_closed()).unwrap();
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    client.head().unwrap();
    assert_eq!(client.chunk().unwrap(), b"one");
    drop(client);
    assert!(closed.recv_timeout(LIMIT).unwrap());
    let (_, entry) = only(proxy);
    assert_eq!(text(&entry["_redial"], "aborted"), "client");
    assert_eq!(text(&entry["response"]["content"], "text"), "one");
}

#[test]
fn an_app_that_leaves_ends_the_answer_at_the_client() {
    let port = app(|mut peer| {
        peer.message().unwrap();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<Respon");
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    assert!(client.head().unwrap().contains("Content-Length: 100"));
    let mut rest = Vec::new();
    let _ = client.reader.read_to_end(&mut rest);
    assert_eq!(rest, b"<Respon");
    let (row, entry) = only(proxy);
    assert_eq!(
        (entry["_redial"]["aborted"].as_str(), row.code.as_deref()),
        (Some("app"), Some("11205"))
    );
    assert_eq!(text(&entry["response"]["content"], "text"), "<Respon");
}

#[test]
fn an_app_that_says_nothing_is_a_502() {
    let port = app(|mut peer| drop(peer.message()));
    let proxy = proxy(port);
    let answer = proxy.ask(webhook("CA1", ""));
    assert_eq!(answer.status(), "HTTP/1.1 502 Bad Gateway");
    let (row, entry) = only(proxy);
    assert_eq!(entry["_redial"]["error"], "closed");
    assert_eq!(
        (row.code.as_deref(), row.level.as_deref()),
        (Some("11205"), Some("error"))
    );
}

/// An app whose connections answer once and then do with the next request as `then` says; what it got, with the connection's number.
fn answering_once(then: impl Fn(Peer) + Send + Sync + 'static) -> (u16, Receiver<(usize, Message)>) {
    let (tell, got) = mpsc::channel();
    let (tell, count) = (Mutex::new(tell), AtomicUsize::new(0));
    let port = app(move |mut peer| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let say = |message| drop(tell.lock().unwrap().send((number, message)));
        let Some(message) = peer.message() else { return };
        say(message);
        peer.send(ok("text/xml", TWIML));
        if let Some(message) = peer.message() {
            say(message);
            then(peer);
        }
    });
    (port, got)
}

#[test]
fn a_request_into_a_connection_that_is_being_closed_goes_out_again() {
    let (port, got) = answering_once(drop);
    let proxy = proxy(port);
    for call in ["CA1", "CA2"] {
        let answer = proxy.ask(webhook(call, "X-CamelCase: 1\r\n"));
        assert_eq!(
            (answer.status(), &answer.body[..]),
            ("HTTP/1.1 200 OK", TWIML.as_bytes())
        );
        // Until the connection is back, the next request takes another.
        std::thread::sleep(Duration::from_millis(50));
    }
    let got: Vec<_> = (0..3).map(|_| got.recv_timeout(LIMIT).unwrap()).collect();
    assert_eq!(got.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!((&got[1].1.head, &got[1].1.body), (&got[2].1.head, &got[2].1.body));
    assert_eq!(got[2].1.body, voice("CA2").as_bytes());
    let rows = proxy.recorded();
    let again: Vec<_> = rows.iter().map(|(_, e)| e["_redial"]["sent_again"].as_bool()).collect();
    assert_eq!(again, [None, Some(true)]);
    // Noted once.
    assert_eq!(text(&rows[1].1["request"]["postData"], "text"), voice("CA2"));
    assert_eq!(
        (rows[1].0.code.as_deref(), &rows[1].1["_redial"]["aborted"]),
        (None, &Value::Null)
    );
}

#[test]
fn what_the_app_may_have_worked_on_is_not_sent_again() {
    let half: fn(Peer) = |mut peer| peer.send("HTTP/1.1 2");
    let late: fn(Peer) = |_peer| std::thread::sleep(Duration::from_millis(1500));
    for (then, length) in [(half, 10), (late, 10), (drop as fn(Peer), 100_000)] {
        let (port, got) = answering_once(then);
        let proxy = proxy(port);
        let long = post("/voice", &format!("Content-Type: {FORM}\r\n"), &"x".repeat(length));
        proxy.ask(&long);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(proxy.ask(&long).status(), "HTTP/1.1 502 Bad Gateway");
        assert_eq!(
            [got.recv_timeout(LIMIT).unwrap().0, got.recv_timeout(LIMIT).unwrap().0],
            [0, 0]
        );
        proxy.recorded();
        assert!(got.try_recv().is_err());
    }
}

#[test]
fn an_app_that_closes_soon_after_every_answer_gets_every_request() {
    let port = app(|mut peer| {
        if peer.message().is_some() {
            peer.send(ok("text/xml", TWIML));
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    for n in 0..60 {
        client.send(webhook("CA1", ""));
        assert_eq!(client.message().unwrap().status(), "HTTP/1.1 200 OK", "request {n}");
        // About when the app closes: before, with it, after it.
        std::thread::sleep(Duration::from_micros(1800 + 10 * n));
    }
    assert_eq!(proxy.recorded().len(), 60);
}

#[test]
fn an_app_that_is_not_there_is_a_502_that_says_so() {
    // A port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    let answer = client.message().unwrap();
    assert_eq!(answer.status(), "HTTP/1.1 502 Bad Gateway");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let said = String::from_utf8(answer.body).unwrap();
    assert!(said.contains(&format!("nothing listens on 127.0.0.1:{port}")), "{said}");
    // The connection goes on.
    client.send(webhook("CA1", ""));
    assert_eq!(client.message().unwrap().status(), "HTTP/1.1 502 Bad Gateway");
    let rows = proxy.recorded();
    assert_eq!(rows.len(), 2);
    let (row, entry) = &rows[0];
    assert_eq!(
        (text(&entry["_redial"], "error"), text(&entry["_redial"], "fault")),
        ("unreachable", "refused")
    );
    assert_eq!(
        (row.code.as_deref(), entry["response"]["status"].as_u64()),
        (Some("11202"), Some(0))
    );
    // Read again, it is a finding with its cause.
    let t = told(row.line());
    assert_eq!(
        (text(&t.findings[0], "code"), text(&t.requests[0], "outcome")),
        ("11202", "unreachable")
    );
    assert!(
        text(&t.findings[0], "evidence").contains("nothing listens on"),
        "{}",
        t.findings[0]
    );
}

#[test]
fn a_websocket_passes_through() {
    let port = app(|mut peer| {
        let head = peer.head().unwrap();
        assert!(
            head.contains("Connection: Upgrade") && head.contains("Upgrade: websocket"),
            "{head}"
        );
        assert!(head.contains("Sec-WebSocket-Key: k"), "{head}");
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
        loop {
            let line = peer.line();
            if line.is_empty() {
                return;
            }
            peer.send(format!("echo {line}"));
        }
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send("GET /stream HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nX-Twilio-Signature: x\r\n\r\n");
    let head = client.head().unwrap();
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n") && head.contains("Sec-WebSocket-Accept: x"),
        "{head}"
    );
    for n in 0..3 {
        client.send(format!("frame {n}\n"));
        assert_eq!(client.line(), format!("echo frame {n}\n"));
    }
    drop(client);
    let (row, entry) = only(proxy);
    assert_eq!((entry["response"]["status"].as_u64(), row.code), (Some(101), None));
    assert_eq!(entry["_redial"]["aborted"], Value::Null);
}

#[test]
fn connections_are_kept_on_both_sides() {
    let (tell, connections) = mpsc::channel();
    let tell = Mutex::new(tell);
    let port = app(move |mut peer| {
        tell.lock().unwrap().send(()).unwrap();
        while let Some(m) = peer.message() {
            let n = m.header("x-n").unwrap().to_owned();
            peer.send(ok("text/plain", &n));
        }
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    for n in 0..20 {
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX-N: {n}\r\n\r\n"));
        assert_eq!(client.message().unwrap().body, n.to_string().as_bytes());
    }
    assert_eq!(proxy.recorded().len(), 20);
    // Hardly more than one: a connection is free a moment after its answer was read.
    assert!(connections.try_iter().count() < 10);
}

#[test]
fn a_kept_connection_that_closed_costs_nothing() {
    let (tell, closed) = mpsc::channel();
    let tell = Mutex::new(tell);
    let port = app(move |mut peer| {
        peer.message().unwrap();
        peer.send(ok("text/plain", "once"));
        drop(peer);
        tell.lock().unwrap().send(()).unwrap();
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    for _ in 0..10 {
        client.send(webhook("CA1", ""));
        assert_eq!(client.message().unwrap().body, b"once");
        // The app has closed the connection that the proxy keeps.
        closed.recv_timeout(LIMIT).unwrap();
    }
    assert_eq!(proxy.recorded().len(), 10);
}

#[test]
fn answers_without_a_body() {
    let port = app(|mut peer| {
        while let Some(m) = peer.message() {
            let status = m.header("x-want").unwrap().to_owned();
            peer.send(match status.as_str() {
                "head" => "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n".to_owned(),
                "204" => "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n".to_owned(),
                _ => "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n".to_owned(),
            });
        }
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    for (method, want, first, header) in [
        ("HEAD", "head", "HTTP/1.1 200 OK", "Content-Length: 500"),
        ("POST", "204", "HTTP/1.1 204 No Content", "X-A: 1"),
        ("GET", "304", "HTTP/1.1 304 Not Modified", "ETag: \"x\""),
        ("HEAD", "head", "HTTP/1.1 200 OK", "Content-Length: 500"),
    ] {
        client.send(format!(
            "{method} /x HTTP/1.1\r\nHost: a\r\nX-Want: {want}\r\nContent-Length: 0\r\n\r\n"
        ));
        let head = client.head().unwrap();
        assert!(head.starts_with(first) && head.contains(header), "{head}");
    }
    let rows = proxy.recorded();
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .all(|(_, e)| e["_redial"]["aborted"].is_null() && e["response"]["content"]["size"] == 0)
    );
}

#[test]
fn interim_answers_and_expectations() {
    let port = app(|mut peer| {
        let message = peer.message().unwrap();
        assert_eq!(message.body, b"hello");
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        peer.send(ok("text/plain", "done"));
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 100 "));
    client.send("hello");
    assert_eq!(client.message().unwrap().body, b"done");
    assert_eq!(proxy.recorded().len(), 1);
}

#[test]
fn trailers_and_answers_that_end_with_their_connection() {
    let port = app(|mut peer| {
        let head = peer.head().unwrap();
        if head.contains("/trailers") {
            assert!(head.contains("TE: trailers"), "{head}");
            peer.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Sum: 7\r\n\r\n");
        } else {
            peer.send("HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\none");
        }
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send("GET /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
    assert!(client.head().unwrap().contains("Trailer: X-Sum"));
    assert_eq!((client.chunk().unwrap(), client.chunk()), (b"one".to_vec(), None));
    assert_eq!(client.line().to_ascii_lowercase(), "x-sum: 7\r\n");
    assert_eq!(proxy.ask("GET /old HTTP/1.1\r\nHost: a\r\n\r\n").body, b"one");
    let rows = proxy.recorded();
    assert!(
        rows.iter()
            .all(|(_, e)| text(&e["response"]["content"], "text") == "one" && e["_redial"]["aborted"].is_null())
    );
}

#[test]
fn a_client_that_wants_to_close_is_closed() {
    let (port, _got) = answering(ok("text/plain", "x"));
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.message().unwrap().body, b"x");
    assert!(client.is_closed());
    let mut old = proxy.client();
    old.send("GET / HTTP/1.0\r\n\r\n");
    assert!(old.head().unwrap().starts_with("HTTP/1.0 200 OK") || old.is_closed());
    assert_eq!(proxy.recorded().len(), 2);
}

#[test]
fn a_large_body_goes_through_and_its_beginning_is_kept() {
    const SIZE: usize = 24 * 1024 * 1024;
    let port = app(|mut peer| {
        let message = peer.message().unwrap();
        assert_eq!(message.body.len(), SIZE);
        assert!(
            message
                .body
                .iter()
                .enumerate()
                .all(|(i, b)| *b == b'a' + (i % 23) as u8)
        );
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {SIZE}\r\n\r\n"
        ));
        peer.send(&message.body);
    });
    let proxy = proxy_with(port, |o| o.keep_body = 1000);
    let body: Vec<u8> = (0..SIZE).map(|i| b'a' + (i % 23) as u8).collect();
    let mut client = proxy.client();
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n"));
    client.send(&body);
    assert!(client.message().unwrap().body == body);
    let (row, entry) = only(proxy);
    let (request, response) = (&entry["request"], &entry["response"]);
    assert_eq!(
        (request["bodySize"].as_u64(), response["bodySize"].as_u64()),
        (Some(SIZE as u64), Some(SIZE as u64))
    );
    assert_eq!(
        (&entry["_redial"]["request_kept"], &entry["_redial"]["response_kept"]),
        (&1000.into(), &1000.into())
    );
    assert_eq!(text(&response["content"], "text").as_bytes(), &body[..1000]);
    assert!(row.document.len() < 4000);
}

#[test]
fn an_answer_in_gzip_is_kept_as_text() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(TWIML.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    answer.extend(&packed);
    let (port, _got) = answering(answer);
    let proxy = proxy(port);
    assert_eq!(proxy.ask(webhook("CA1", "Accept-Encoding: gzip\r\n")).body, packed);
    let (row, entry) = only(proxy);
    let content = &entry["response"]["content"];
    assert_eq!(
        (text(content, "text"), content["size"].as_u64()),
        (TWIML, Some(TWIML.len() as u64))
    );
    assert_eq!(headers_of(&entry["response"], "content-encoding"), ["gzip"]);
    assert_eq!(
        (entry["response"]["bodySize"].as_u64(), row.code),
        (Some(packed.len() as u64), None)
    );
}

#[test]
fn a_body_that_is_no_text_comes_back_byte_for_byte() {
    let (port, _got) = answering(ok("application/json", r#"{"tropo":[]}"#));
    let proxy = proxy(port);
    let body = b"{\"session\":{\"id\":\"0123456789abcdef0123456789abcdef\",\"x\":\"\xe9\"}}";
    let mut request = format!(
        "POST /t HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend(body);
    proxy.ask(&request);
    let (row, entry) = only(proxy);
    assert_eq!(text(&entry["request"]["postData"], "encoding"), "base64");
    assert_eq!(row.call.as_deref(), Some("0123456789abcdef0123456789abcdef"));
    let (_, record) = redial::format::twilio::read(row.line().as_bytes()).records.remove(0);
    assert_eq!(
        record.request.unwrap().payload,
        redial::model::Payload::Json(body.to_vec())
    );
}

#[test]
fn webhooks_group_by_call_and_session() {
    let (port, _got) = answering(ok("application/json", r#"{"tropo":[]}"#));
    let proxy = proxy(port);
    let session = "0123456789abcdef0123456789abcdef";
    let tropo = |body: &str| post("/tropo.json", "Content-Type: application/json\r\n", body);
    proxy.ask(tropo(&format!(r#"{{"session":{{"id":"{session}","callId":"c1"}}}}"#)));
    proxy.ask(webhook("CA00000000000000000000000000000001", ""));
    proxy.ask(tropo(&format!(
        r#"{{"result":{{"sessionId":"{session}","state":"ANSWERED"}}}}"#
    )));
    proxy.ask(webhook("CA00000000000000000000000000000002", ""));
    proxy.ask(webhook("CA00000000000000000000000000000001", ""));
    proxy.ask("GET /favicon.ico HTTP/1.1\r\nHost: a\r\n\r\n");
    let rows = proxy.recorded();
    let calls: Vec<_> = rows.iter().map(|(r, _)| r.call.as_deref().unwrap_or("-")).collect();
    let (one, two) = (
        "CA00000000000000000000000000000001",
        "CA00000000000000000000000000000002",
    );
    assert_eq!(calls, [session, one, session, two, one, "-"]);
    let lines: Vec<_> = rows.iter().map(|(r, _)| r.line()).collect();
    let t = told(lines.join("\n"));
    let mut told: Vec<_> = t
        .calls
        .iter()
        .map(|c| (text(c, "call"), c["requests"].as_u64().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(session, 2), (one, 2), (two, 1)]);
    // Twilio takes no JSON.
    let refused = t.findings.iter().filter(|f| f["code"] == "12300");
    assert_eq!(refused.map(|f| f["count"].as_u64().unwrap()).sum::<u64>(), 3);
    assert!(t.unparsed.is_empty());
}

#[test]
fn signatures_and_what_is_said_of_them() {
    let (port, _got) = answering(ok("text/xml", TWIML));
    let call = "CA00000000000000000000000000000001";
    let params: Vec<(String, String)> = form_urlencoded::parse(voice(call).as_bytes()).into_owned().collect();
    let signed = |url: &str| {
        let signature = sign(url, &params, &Secret::new(TOKEN), Algorithm::HmacSha1);
        format!("X-Twilio-Signature: {signature}\r\n")
    };
    let tunnel = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: t.example\r\n";
    let state = |headers: &str, token: bool, public: Option<&str>| {
        let proxy = proxy_with(port, |o| {
            o.auth_token = token.then(|| Secret::new(TOKEN));
            o.public_url = public.map(str::to_owned);
        });
        proxy.ask(webhook(call, headers));
        let (row, entry) = only(proxy);
        let s = &entry["_redial"]["signature"];
        let url = text(&entry["request"], "url").to_owned();
        let findings = told(row.line()).findings.len();
        (
            s["state"].as_str().unwrap_or("-").to_owned(),
            s["why"].as_str().unwrap_or_default().to_owned(),
            url,
            findings,
        )
    };
    let path = "/voice?a=%27b&c";
    let (s, why, url, n) = state(&(signed(&format!("https://t.example{path}")) + tunnel), true, None);
    assert_eq!(
        (s.as_str(), why, url, n),
        (
            "valid",
            format!("it fits https://t.example{path}"),
            format!("https://t.example{path}"),
            0
        )
    );
    // A tunnel that says nothing of itself: the Host with https.
    let (s, _, url, _) = state(&signed(&format!("https://pizza.example.com{path}")), true, None);
    assert_eq!((s.as_str(), url), ("valid", format!("https://pizza.example.com{path}")));
    let (s, _, url, _) = state(
        &signed(&format!("https://public.example/base{path}")),
        true,
        Some("https://public.example/base/"),
    );
    assert_eq!(
        (s.as_str(), url),
        ("valid", format!("https://public.example/base{path}"))
    );
    let (s, why, _, n) = state(&(signed("https://other.example/voice") + tunnel), true, None);
    assert_eq!((s.as_str(), n), ("invalid", 1));
    assert!(
        why.contains("https://t.example/voice") && why.contains("http://pizza.example.com/voice"),
        "{why}"
    );
    // What it was made for is said, but it is no good.
    for other in ["http://public.example", "http://pizza.example.com"] {
        let headers = signed(&format!("{other}{path}"));
        let (s, why, _, n) = state(&headers, true, Some("https://public.example"));
        assert_eq!(
            (s.as_str(), why, n),
            (
                "invalid",
                format!("it was made for {other}{path}, not for https://public.example{path}"),
                1
            )
        );
    }
    let (s, why, ..) = state(&signed("https://t.example/voice"), false, None);
    assert!(s == "unchecked" && why.contains("TWILIO_AUTH_TOKEN"), "{s} {why}");
    let (s, _, _, n) = state("", true, None);
    assert_eq!((s.as_str(), n), ("missing", 1));
    assert_eq!(state("", false, None).0, "-");
    let shared = "X-Twilio-Webhooks-Signature-Settings: key=k,algorithm=HMAC_SHA256\r\nX-Twilio-Signature: eA==\r\n";
    assert_eq!(state(shared, true, None).0, "unchecked");
}

#[test]
fn a_call_alone_is_a_webhook() {
    let (port, _got) = answering("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    let proxy = proxy_with(port, |o| o.auth_token = Some(Secret::new(TOKEN)));
    let (call, message) = (
        "CA00000000000000000000000000000001",
        "MM0000000000000000000000000000000a",
    );
    let form = format!("Content-Type: {FORM}\r\n");
    proxy.ask(post("/voice", &form, &format!("CallSid={call}")));
    proxy.ask(post("/sms", &form, &format!("MessageSid={message}")));
    proxy.ask(format!("GET /voice?CallSid={call} HTTP/1.1\r\nHost: a\r\n\r\n"));
    proxy.ask(post("/voice", &form, "CallSid=CA1&Message=CA"));
    let rows = proxy.recorded();
    let calls: Vec<_> = rows.iter().map(|(r, _)| r.call.as_deref()).collect();
    assert_eq!(calls, [Some(call), Some(message), Some(call), None]);
    let states: Vec<_> = rows
        .iter()
        .map(|(_, e)| e["_redial"]["signature"]["state"].as_str())
        .collect();
    assert_eq!(states, [Some("missing"), Some("missing"), Some("missing"), None]);
}

#[test]
fn what_failed_outside_of_calls_is_seen() {
    let port = app(|mut peer| {
        while let Some(message) = peer.message() {
            let fails = message.head.starts_with("GET /broken");
            let status = if fails { "500 Oh" } else { "404 Not Found" };
            peer.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let here = proxy(port);
    here.ask("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
    here.ask("GET /missing HTTP/1.1\r\nHost: a\r\n\r\n");
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = proxy(dead);
    gone.ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
    let rows = here.recorded().into_iter().chain(gone.recorded());
    let lines: Vec<_> = rows.map(|(r, _)| r.line()).collect();
    let t = told(lines.join("\n"));
    let mut found: Vec<_> = t
        .findings
        .iter()
        .map(|f| (text(f, "code"), text(f, "call"), text(f, "severity"), text(f, "title")))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("app-http", "-", "warning", "Your server answered 500 to GET /broken"),
            (
                "app-no-reply",
                "-",
                "warning",
                "No answer from your server to GET /plain"
            ),
        ]
    );
    assert!(t.calls.is_empty());
}

#[test]
fn the_token_is_in_no_record() {
    let (port, got) = answering(ok("text/plain", &format!("TWILIO_AUTH_TOKEN={TOKEN}")));
    let proxy = proxy_with(port, |o| o.auth_token = Some(Secret::new(TOKEN)));
    let body = format!("{}&token={TOKEN}", voice("CA00000000000000000000000000000001"));
    let headers = format!("Content-Type: {FORM}\r\nX-Own: {TOKEN}\r\n");
    let answer = proxy.ask(post(&format!("/voice?t={TOKEN}"), &headers, &body));
    // All of it went through.
    assert_eq!(answer.body, format!("TWILIO_AUTH_TOKEN={TOKEN}").as_bytes());
    assert_eq!(got.recv_timeout(LIMIT).unwrap().body, body.as_bytes());
    let (row, entry) = only(proxy);
    assert!(!row.line().contains(TOKEN), "{}", row.line());
    assert_eq!(
        text(&entry["response"]["content"], "text"),
        format!("TWILIO_AUTH_TOKEN={}", Secret::DOTS)
    );
    assert_eq!(row.call.as_deref(), Some("CA00000000000000000000000000000001"));
}

#[test]
fn nobody_is_connected_elsewhere() {
    let (port, got) = answering(ok("text/plain", "x"));
    let proxy = proxy(port);
    let answer = proxy.ask("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
    assert_eq!(answer.status(), "HTTP/1.1 405 Method Not Allowed");
    assert!(String::from_utf8(answer.body).unwrap().contains("CONNECT"));
    let (row, entry) = only(proxy);
    assert!(got.try_recv().is_err());
    assert_eq!(
        (text(&entry["request"], "method"), &entry["response"]["status"]),
        ("CONNECT", &405.into())
    );
    let redial = &entry["_redial"];
    assert_eq!(
        (text(redial, "error"), &redial["aborted"], row.code),
        ("not-passed-on", &Value::Null, None)
    );
}

#[test]
fn a_store_that_fails_holds_nothing_up() {
    let (port, _got) = answering(ok("text/xml", TWIML));
    let proxy = proxy(port);
    let passes = || assert_eq!(proxy.ask(webhook("CA1", "")).body, TWIML.as_bytes());
    passes();
    wait(&proxy.running, |c| c.recorded == 1);
    // The store goes, and something else lies in its place.
    let folder = proxy.store.parent().unwrap();
    let away = folder.with_file_name("away");
    std::fs::rename(folder, &away).unwrap();
    std::fs::write(folder, "no folder").unwrap();
    passes();
    let notice = proxy.notices.recv_timeout(LIMIT).unwrap();
    assert!(
        matches!(&notice, Notice::Lost { total: 1, why } if !why.is_empty()),
        "{notice:?}"
    );
    passes();
    wait(&proxy.running, |c| c.lost == 2);
    std::fs::remove_file(folder).unwrap();
    std::fs::rename(&away, folder).unwrap();
    passes();
    let notices: Vec<_> = std::iter::from_fn(|| proxy.notices.recv_timeout(LIMIT).ok())
        .take_while(|n| *n != Notice::Again)
        .collect();
    assert!(notices.len() <= 1, "{notices:?}");
    let counts = proxy.running.stop();
    assert_eq!((counts.passed, counts.recorded, counts.lost), (4, 2, 2));
    assert_eq!(rows(&proxy.store).len(), 2);
}

/// Waits until the counts are as wished.
fn wait(running: &Running, wish: impl Fn(Counts) -> bool) {
    let until = std::time::Instant::now() + LIMIT;
    while !wish(running.counts()) {
        assert!(std::time::Instant::now() < until, "{:?}", running.counts());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_under_way_finishes_when_it_stops() {
    let (begun, begins) = mpsc::channel();
    let (go, goes): (Sender<()>, _) = mpsc::channel();
    let both = Mutex::new((begun, goes));
    let port = app(move |mut peer| {
        peer.message().unwrap();
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.recv_timeout(LIMIT).unwrap();
        peer.send(ok("text/xml", TWIML));
    });
    let proxy = proxy(port);
    let mut client = proxy.client();
    client.send(webhook("CA1", ""));
    begins.recv_timeout(LIMIT).unwrap();
    let address = proxy.running.address();
    let stopping = std::thread::spawn(move || only(proxy));
    // Nobody new gets in.
    while TcpStream::connect(address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    go.send(()).unwrap();
    assert_eq!(client.message().unwrap().body, TWIML.as_bytes());
    let (_, entry) = stopping.join().unwrap();
    assert_eq!(entry["response"]["status"], 200);
}

#[test]
fn headers_have_a_limit() {
    let (port, got) = answering(ok("text/plain", "x"));
    let proxy = proxy(port);
    let answer = proxy.ask(format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n",
        "x".repeat(200_000)
    ));
    assert!(answer.status().starts_with("HTTP/1.1 431"), "{}", answer.status());
    assert!(got.try_recv().is_err());
}

#[test]
fn where_it_may_not_lead() {
    let store = TempDir::new().unwrap();
    let start = |change: &dyn Fn(&mut ProxyOptions)| {
        let mut options = ProxyOptions::new("http://127.0.0.1:1", store.path().join("s.db"));
        change(&mut options);
        proxy::start(options, |_| {}).map(Running::stop).unwrap_err()
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (to, bind) in [("127.0.0.1", "127.0.0.1"), ("localhost", "0.0.0.0")] {
        let e = start(&|o| {
            (o.port, o.to) = (port, format!("http://{to}:{port}"));
            o.bind = bind.parse().unwrap();
        });
        assert!(matches!(e, ProxyError::Itself(_)), "{e}");
    }
    // The policy of replays: this machine, unless allowed.
    let e = start(&|o| o.to = "http://192.0.2.1".to_owned());
    assert!(matches!(&e, ProxyError::Target(t) if t.refused()), "{e}");
    let e = start(&|o| o.to = "http://localhost:3000/path".to_owned());
    assert!(matches!(e, ProxyError::Target(_)), "{e}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let e = start(&|o| o.port = taken.local_addr().unwrap().port());
    assert!(
        matches!(&e, ProxyError::Bind(_)) && e.to_string().contains("--port"),
        "{e}"
    );
}

/// The program itself: a body of any size takes little memory, and a signal ends it in order.
#[test]
#[cfg(target_os = "linux")]
fn the_command_streams_in_little_memory_and_ends_in_order() {
    const PART: usize = 1024 * 1024;
    const PARTS: usize = 192;
    let port = app(|mut peer| {
        let head = peer.head().unwrap();
        let mut piece = vec![0; PART];
        for _ in 0..PARTS {
            peer.reader.read_exact(&mut piece).unwrap();
        }
        assert!(head.contains("Host: a"));
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            PART * PARTS
        ));
        for _ in 0..PARTS {
            peer.send(&piece);
        }
    });
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let command = redial(["proxy", "--json", "--port", "0", "--to", &port.to_string()]);
    let command = command.env("REDIAL_STORE", store.to_str().unwrap());
    let (mut child, _config) = command.spawn(std::process::Stdio::piped());
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut url = String::new();
    err.read_line(&mut url).unwrap();
    let address = url.trim_end().strip_prefix("http://").unwrap().to_owned();
    let mut client = Peer::new(TcpStream::connect(&address).unwrap());
    let piece = vec![b'x'; PART];
    client.send(format!(
        "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        PART * PARTS
    ));
    for _ in 0..PARTS {
        client.send(&piece);
    }
    client.head().unwrap();
    let mut piece = vec![0; PART];
    for _ in 0..PARTS {
        client.reader.read_exact(&mut piece).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let most = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let most: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(most < 100 * 1024, "{most} KiB for bodies of {PARTS} MiB");
    let ended = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let lines: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(
        (text(&lines[0], "type"), text(&lines[0], "url")),
        ("listening", url.trim_end())
    );
    assert_eq!(lines.last().map(|l| text(l, "type")), Some("summary"));
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert!(said.contains("1 passed through, 1 recorded, 0 not recorded"), "{said}");
    let (_, entry) = &rows(&store)[0];
    assert_eq!(entry["response"]["bodySize"].as_u64(), Some((PART * PARTS) as u64));
}

#[test]
fn the_command_refuses_what_it_may_not_do() {
    let elsewhere = redial(["proxy", "--to", "http://192.0.2.1"]).run().exits(3);
    assert!(elsewhere.err.contains("--allow-host"), "{}", elsewhere.err);
    let nowhere = redial(["proxy"]).run().exits(2);
    assert!(nowhere.err.contains("--to"), "{}", nowhere.err);
    let size = redial(["proxy", "--to", "3000", "--keep-body", "much"]).run().exits(2);
    assert!(size.err.contains("--keep-body much"), "{}", size.err);
}
