//! `redial listen` over loopback: what is kept, what is refused, and that nothing answered 2xx is ever lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use redial::config::Secret;
use redial::server::listen::{self, Limits, ListenError, ListenOptions, Running, Told};
use redial::store::{Row, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{self, redial};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const JSON: &str = "application/json";
/// Long enough for any machine; only what is broken waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listener of the library, with a store of its own.
struct Listener {
    running: Running,
    told: Receiver<Told>,
    store: PathBuf,
    _folder: TempDir,
}

fn options(folder: &TempDir) -> ListenOptions {
    ListenOptions {
        bind: IpAddr::from([127, 0, 0, 1]),
        port: 0,
        public_url: None,
        auth_token: None,
        insecure: false,
        limits: Limits::default(),
        store: folder.path().join("data/store.db"),
    }
}

fn listener(change: impl FnOnce(&mut ListenOptions)) -> Listener {
    let folder = TempDir::new().unwrap();
    let mut options = options(&folder);
    change(&mut options);
    let store = options.store.clone();
    let (tell, told) = channel();
    // A test that is over does not hear any more.
    let running = listen::start(options, move |t| drop(tell.send(t))).unwrap();
    Listener {
        running,
        told,
        store,
        _folder: folder,
    }
}

impl Listener {
    fn connect(&self) -> Connection {
        Connection::to(self.running.address())
    }

    fn post(&self, kind: &str, body: &str) -> Answer {
        self.connect().post("/", kind, body)
    }

    fn rows(&self) -> Vec<Row> {
        rows(&self.store)
    }

    fn told(&self) -> Told {
        self.told.recv_timeout(PATIENCE).unwrap()
    }

    /// The status and the reason of the next refusal.
    fn refusal(&self) -> (u16, String) {
        match self.told() {
            Told::Refused { status, why } => (status, why),
            other => panic!("{other:?}"),
        }
    }
}

fn rows(store: &Path) -> Vec<Row> {
    Store::open_existing(store)
        .unwrap()
        .unwrap()
        .after(0, 1_000_000)
        .unwrap()
}

/// One connection that stays open.
struct Connection(BufReader<TcpStream>);

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Connection {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    fn post(mut self, target: &str, kind: &str, body: &str) -> Answer {
        self.ask(&request(target, &[("Content-Type", kind)], body))
    }

    fn ask(&mut self, request: &str) -> Answer {
        // A server that refuses early may close before all was sent; its answer is there all the same.
        let _ = self.send(request);
        self.answer().unwrap()
    }

    /// The next answer; none where the connection ends instead.
    fn answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some(Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// Everything until the other side closes.
    fn rest(&mut self) -> String {
        let mut all = Vec::new();
        // Reset after the last byte is an end too.
        let _ = self.0.read_to_end(&mut all);
        String::from_utf8(all).unwrap()
    }
}

/// The bytes of a POST.
fn request(target: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut all = format!("POST {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("host")) {
        all += "Host: 127.0.0.1\r\n";
    }
    for (name, value) in headers {
        all += &format!("{name}: {value}\r\n");
    }
    all += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    all
}

fn debugger(sid: &str) -> String {
    format!("Sid={sid}&Level=ERROR&Payload=%7B%22error_code%22%3A%2211200%22%7D")
}

/// A store that takes no events, as if its disk were broken.
fn break_store(path: &Path) {
    sql(
        path,
        "create trigger broken before insert on event begin select raise(abort, 'broken'); end",
    );
    sql(
        path,
        "create trigger broken_too before insert on cursor begin select raise(abort, 'broken'); end",
    );
}

fn mend_store(path: &Path) {
    sql(path, "drop trigger broken; drop trigger broken_too");
}

fn sql(path: &Path, text: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(text).unwrap();
}

#[test]
fn only_what_twilio_signed_is_kept() {
    let vectors: Value = serde_json::from_slice(&support::sample("tests/data/signature-vectors.json")).unwrap();
    let mut answers = BTreeMap::new();
    for (set, valid) in [("valid", true), ("invalid", false)] {
        for v in vectors[set].as_array().unwrap() {
            let text = |name: &str| v[name].as_str().unwrap_or_default().to_owned();
            let params: Vec<(String, String)> = serde_json::from_value(v["params"].clone()).unwrap();
            let url = text("request_url");
            let (scheme, rest) = url.split_once("://").unwrap();
            let (authority, path) = rest.split_once('/').unwrap();
            let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            let of_json = v["body"].is_string() && params.is_empty();
            let (kind, body) = if of_json {
                (JSON, text("body"))
            } else {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(&params);
                (FORM, form.finish())
            };
            let listener = listener(|o| {
                o.auth_token = Some(Secret::new(text("auth_token")));
                o.public_url = (host != authority).then(|| format!("{scheme}://{authority}"));
            });
            let (signature, sha256) = (text("signature"), text("algorithm") == "HMAC_SHA256");
            let mut headers = vec![("Host", host), ("Content-Type", kind)];
            if !signature.is_empty() {
                headers.push(("X-Twilio-Signature", &signature));
            }
            if sha256 {
                headers.push(("X-Twilio-Webhooks-Signature-Settings", "key=k,algorithm=HMAC_SHA256"));
            }
            let answer = listener.connect().ask(&request(&format!("/{path}"), &headers, &body));
            // Twilio signs GETs as well, but events do not come with one: as a POST it is a form without a field.
            let want = match (valid && !sha256, body.is_empty()) {
                (true, false) => 204,
                (true, true) => 400,
                (false, _) => 403,
            };
            assert_eq!(answer.status, want, "{}: {answer:?}", text("id"));
            let rows = listener.rows();
            assert_eq!(rows.is_empty(), want != 204 || body == "[]", "{}", text("id"));
            for row in rows {
                assert_eq!(row.note.unwrap()["signature"]["state"], "valid");
                assert_eq!(row.source.as_str(), "listen");
            }
            if want == 403 {
                assert_eq!(listener.refusal(), (403, answer.body.trim().to_owned()));
            }
            *answers.entry(want).or_insert(0) += 1;
        }
    }
    assert_eq!(answers, BTreeMap::from([(204, 21), (400, 1), (403, 4)]));
}

#[test]
fn without_a_token_everything_is_kept_and_that_is_said() {
    let listener = listener(|_| {});
    assert!(!listener.running.checks_signatures());
    assert_eq!(listener.post(FORM, &debugger("NO1")).status, 204);
    let note = listener.rows()[0].note.clone().unwrap();
    assert_eq!(note["signature"]["state"], "unchecked");
    assert_eq!(listener.told(), Told::Accepted { new: 1, known: 0 });
}

#[test]
fn nobody_may_fill_the_store_from_outside() {
    let folder = TempDir::new().unwrap();
    let open = |bind: &str, change: &dyn Fn(&mut ListenOptions)| {
        let mut options = options(&folder);
        options.bind = bind.parse().unwrap();
        change(&mut options);
        listen::start(options, |_| {})
    };
    for bind in ["0.0.0.0", "192.0.2.1", "::"] {
        let e = open(bind, &|_| {}).unwrap_err();
        assert!(matches!(e, ListenError::Unprotected(_)), "{e:?}");
        assert!(e.to_string().contains("--insecure"), "{e}");
    }
    assert!(!folder.path().join("data").exists());
    open("0.0.0.0", &|o| o.insecure = true).unwrap();
    open("0.0.0.0", &|o| o.auth_token = Some(Secret::new("12345"))).unwrap();
    let e = open("127.0.0.1", &|o| o.public_url = Some("example".to_owned())).unwrap_err();
    assert!(matches!(e, ListenError::PublicUrl(_)), "{e:?}");
}

#[test]
fn an_event_that_comes_again_is_kept_once_and_answered_the_same() {
    let listener = listener(|_| {});
    std::thread::scope(|s| {
        for t in 0..8 {
            let address = listener.running.address();
            s.spawn(move || {
                let mut connection = Connection::to(address);
                for n in 0..20 {
                    let same = debugger(&format!("NO{n}"));
                    let own = format!(r#"[{{"specversion":"1.0","id":"EZ{t}-{n}","type":"x"}}]"#);
                    for (kind, body) in [(FORM, &same), (JSON, &own)] {
                        let answer = connection.ask(&request("/any/path", &[("Content-Type", kind)], body));
                        assert_eq!(answer.status, 204, "{answer:?}");
                    }
                }
            });
        }
    });
    let rows = listener.rows();
    let kinds = |kind: &str| rows.iter().filter(|r| r.kind.as_str() == kind).count();
    assert_eq!((kinds("debugger"), kinds("stream")), (20, 160));
    listener.running.shutdown();
    let counts = listener.running.join();
    assert_eq!((counts.new, counts.known, counts.refused), (180, 140, 0));
}

#[test]
fn a_batch_is_kept_row_by_row() {
    let listener = listener(|_| {});
    let body = json!([
        {"specversion": "1.0", "id": "EZ1", "type": "com.twilio.messaging.message.sent", "time": "2026-01-02T03:04:05Z",
            "data": {"messageSid": "SM0123456789abcdef0123456789abcdef"}},
        {"specversion": "1.0", "id": "EZ2", "type": "x"},
        {"specversion": "1.0", "id": "EZ1", "type": "again"},
    ]);
    assert_eq!(listener.post(JSON, &body.to_string()).status, 204);
    assert_eq!(listener.told(), Told::Accepted { new: 2, known: 1 });
    let rows = listener.rows();
    assert_eq!(rows[0].line(), body[0].to_string());
    assert_eq!(rows[0].call.as_deref(), Some("SM0123456789abcdef0123456789abcdef"));
    assert_eq!(rows[0].at.unwrap().to_string(), "2026-01-02T03:04:05.000Z");
    assert_eq!(rows[1].key, "EZ2");
    assert_eq!(listener.post(JSON, "[]").status, 204);
}

#[test]
fn what_is_refused_is_refused_clearly() {
    let listener = listener(|o| {
        o.limits.body = 1_000;
        o.limits.head = 2_000;
        o.limits.headers = 20;
    });
    let kind = [("Content-Type", FORM)];
    let large = "a=".to_owned() + &"x".repeat(2_000);
    let chunked = |body: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    let many: Vec<(String, &str)> = (0..30).map(|n| (format!("X-{n}"), "1")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    let long = "x".repeat(3_000);
    for (status, request, why) in [
        (413, request("/", &kind, &large), "larger than 1000 bytes"),
        (413, chunked(&large), "larger than 1000 bytes"),
        (431, request("/", &[kind[0], ("X-Long", &long)], "a=b"), "too large"),
        (431, request("/", &many, "a=b"), "too large"),
        (
            415,
            request("/", &[("Content-Type", "text/plain")], "a=b"),
            "Content-Type must be",
        ),
        (415, request("/", &[], "a=b"), "Content-Type must be"),
        (
            415,
            request("/", &[kind[0], ("Content-Encoding", "gzip")], "a=b"),
            "compressed",
        ),
        (400, request("/", &kind, "hello"), "no form"),
        (400, request("/", &[("Content-Type", JSON)], "{\"a\":"), "no JSON"),
        (400, request("/", &[("Content-Type", JSON)], "7"), "neither"),
        (405, "GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), "POST"),
        (
            405,
            "OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n\r\n".to_owned(),
            "POST",
        ),
        (400, "hello\r\n\r\n".to_owned(), "no HTTP request"),
        (
            403,
            request("/", &[kind[0], ("Origin", "https://evil")], &debugger("NO1")),
            "web page",
        ),
        (
            403,
            request("/", &[kind[0], ("Sec-Fetch-Site", "none")], &debugger("NO1")),
            "web page",
        ),
    ] {
        let answer = listener.connect().ask(&request);
        assert_eq!(answer.status, status, "{request:.80}: {answer:?}");
        let told = listener.refusal();
        assert_eq!(told.0, status);
        assert!(told.1.contains(why), "{told:?}");
        // No page of a browser may read what is answered.
        assert!(
            !answer.headers.keys().any(|h| h.starts_with("access-control")),
            "{answer:?}"
        );
        assert_eq!(
            answer.headers.get("allow").map(String::as_str),
            (status == 405).then_some("POST")
        );
    }
    assert_eq!(listener.rows(), []);
    // At the limits, and a body in pieces.
    let fits = "a=".to_owned() + &"x".repeat(998);
    assert_eq!(listener.post(FORM, &fits).status, 204);
    assert_eq!(listener.connect().ask(&chunked("a=b")).status, 204);
    assert_eq!(listener.running.counts().refused, 15);
}

#[test]
fn who_is_too_slow_is_told_so() {
    let listener = listener(|o| {
        o.limits.head_time = Duration::from_millis(100);
        o.limits.body_time = Duration::from_millis(100);
    });
    let mut head = listener.connect();
    head.send("POST / HTTP/1.1\r\nHost:").unwrap();
    assert!(head.rest().starts_with("HTTP/1.1 408 "));
    assert_eq!(listener.refusal().0, 408);
    let mut body = listener.connect();
    let whole = request("/", &[("Content-Type", FORM)], &debugger("NO1"));
    body.send(&whole[..whole.len() - 5]).unwrap();
    let answer = body.answer().unwrap();
    assert_eq!((answer.status, answer.headers["connection"].as_str()), (408, "close"));
    assert_eq!(body.rest(), "");
    assert_eq!(listener.refusal().0, 408);
    // One that says nothing, or nothing more, is closed without a word.
    assert_eq!(listener.connect().rest(), "");
    let mut kept = listener.connect();
    assert_eq!(kept.ask(&whole).status, 204);
    assert_eq!(kept.rest(), "");
    assert_eq!(listener.told(), Told::Accepted { new: 1, known: 0 });
    assert!(listener.told.try_recv().is_err());
    assert_eq!(listener.rows().len(), 1);
}

#[test]
fn connections_beyond_the_limit_wait() {
    let listener = listener(|o| {
        o.limits.connections = 2;
        o.limits.head_time = PATIENCE;
    });
    let whole = request("/", &[("Content-Type", FORM)], &debugger("NO1"));
    let mut both: Vec<Connection> = (0..2).map(|_| listener.connect()).collect();
    for c in &mut both {
        assert_eq!(c.ask(&whole).status, 204);
    }
    let mut third = listener.connect();
    third.send(&whole).unwrap();
    let quick = Duration::from_millis(100);
    third.0.get_ref().set_read_timeout(Some(quick)).unwrap();
    let mut byte = [0];
    let waited = third.0.get_ref().peek(&mut byte).unwrap_err();
    assert!(matches!(
        waited.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    ));
    both.pop();
    third.0.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(third.answer().unwrap().status, 204);
}

#[test]
fn health_is_whether_events_are_taken() {
    let listener = listener(|_| {});
    let ask = |method: &str| {
        let mut connection = listener.connect();
        connection
            .send(format!(
                "{method} /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            ))
            .unwrap();
        connection.rest()
    };
    assert!(ask("GET").starts_with("HTTP/1.1 200 ") && ask("GET").ends_with("\r\n\r\nok\n"));
    assert!(ask("HEAD").starts_with("HTTP/1.1 200 ") && ask("HEAD").ends_with("\r\n\r\n"));
    break_store(&listener.store);
    // Only a failed write is news: a good one of a moment ago still counts.
    assert_eq!(listener.post(FORM, &debugger("NO1")).status, 503);
    let sick = ask("GET");
    assert!(
        sick.starts_with("HTTP/1.1 503 ") && sick.contains("the store cannot be used"),
        "{sick}"
    );
    // Where the store lies is not said.
    assert!(!sick.contains("store.db"), "{sick}");
    mend_store(&listener.store);
    assert!(ask("GET").starts_with("HTTP/1.1 200 "));
    assert!(matches!(listener.told(), Told::StoreTrouble(_)));
    assert_eq!(listener.told(), Told::StoreWell);
    // Any path takes events.
    let answer = listener.connect().post("/healthz", FORM, &debugger("NO1"));
    assert_eq!(answer.status, 204);
    assert_eq!(listener.rows().len(), 1);
}

#[test]
fn what_cannot_be_kept_is_asked_for_again() {
    let listener = listener(|_| {});
    break_store(&listener.store);
    for _ in 0..3 {
        let answer = listener.post(FORM, &debugger("NO1"));
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["retry-after"], "5");
    }
    mend_store(&listener.store);
    assert_eq!(listener.post(FORM, &debugger("NO1")).status, 204);
    let Told::StoreTrouble(why) = listener.told() else {
        panic!("not told")
    };
    assert!(why.contains("store.db") && why.contains("broken"), "{why}");
    // Once, however often it fails.
    assert_eq!(listener.told(), Told::StoreWell);
    assert_eq!(listener.told(), Told::Accepted { new: 1, known: 0 });
    assert_eq!(listener.running.counts().failed, 3);
    assert_eq!(listener.rows().len(), 1);
}

#[test]
fn a_shutdown_answers_what_is_worked_on() {
    let listener = listener(|_| {});
    let address = listener.running.address();
    let mut connection = listener.connect();
    let body = debugger("NO1");
    let head = request("/", &[("Content-Type", FORM), ("Expect", "100-continue")], &body);
    let head = head.strip_suffix(&body).unwrap();
    connection.send(head).unwrap();
    // Now it is worked on: the body is asked for.
    assert_eq!(connection.answer().unwrap().status, 100);
    let idle = listener.connect();
    listener.running.shutdown();
    // The port is free as soon as the listener has heard of it.
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    connection.send(&body).unwrap();
    assert_eq!(connection.answer().unwrap().status, 204);
    assert_eq!(connection.rest(), "");
    drop(idle);
    assert_eq!(listener.running.join().new, 1);
    assert_eq!(rows(&listener.store).len(), 1);
}

#[test]
fn a_shutdown_does_not_wait_long_for_half_a_request() {
    let listener = listener(|o| o.limits.body_time = Duration::from_secs(3600));
    let head = request(
        "/",
        &[("Content-Type", FORM), ("Expect", "100-continue")],
        "Sid=NO1&Payload=x",
    );
    let mut connection = listener.connect();
    connection
        .send(head.strip_suffix("Sid=NO1&Payload=x").unwrap())
        .unwrap();
    assert_eq!(connection.answer().unwrap().status, 100);
    let begun = std::time::Instant::now();
    listener.running.shutdown();
    assert_eq!(listener.running.join().new, 0);
    // Three seconds, and room for a busy machine; the body itself would be waited for much longer.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(connection.rest(), "");
}

/// The program itself, on a store.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    address: SocketAddr,
    _config: TempDir,
}

fn program(store: &Path) -> Program {
    let run = redial(["listen", "--port", "0", "--json"]).env("REDIAL_STORE", store.to_str().unwrap());
    let (mut child, config) = run.spawn(Stdio::piped());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let first: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    assert_eq!(first["type"], "listening");
    let address = first["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    Program {
        child,
        out,
        address: address.parse().unwrap(),
        _config: config,
    }
}

#[cfg(unix)]
#[test]
fn the_command_says_where_it_is_and_ends_in_order() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut program = program(&store);
        let answer = Connection::to(program.address).post("/", FORM, &debugger("NO1"));
        assert_eq!(answer.status, 204);
        let refused = Connection::to(program.address).post("/", "text/plain", "");
        assert_eq!(refused.status, 415);
        let pid = rustix::process::Pid::from_child(&program.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let mut out = String::new();
        program.out.read_to_string(&mut out).unwrap();
        let summary: Value = serde_json::from_str(out.lines().next_back().unwrap()).unwrap();
        assert_eq!(summary["type"], "summary");
        // What was known before is not printed again.
        let new = u64::from(signal == rustix::process::Signal::INT);
        assert_eq!(summary["lines"], new, "{out}");
        let mut err = String::new();
        program.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert!(program.child.wait().unwrap().success(), "{err}");
        let mut lines = err.lines();
        assert_eq!(lines.next(), Some(format!("http://{}", program.address).as_str()));
        assert!(lines.next().unwrap().contains("signatures are not checked"), "{err}");
        let closing = format!("{new} event");
        assert!(lines.any(|l| l.contains(&closing) && l.contains("1 refused")), "{err}");
    }
    assert_eq!(rows(&store).len(), 1);
}

#[test]
fn a_listener_that_runs_for_long_removes_what_is_old() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = listener(|o| o.store = path.clone());
    assert_eq!(store.post(FORM, &debugger("NO1")).status, 204);
    drop(store);
    let run = redial(["listen", "--port", "0", "--keep", "0s"]).env("REDIAL_STORE", path.to_str().unwrap());
    let (mut child, _config) = run.spawn(Stdio::null());
    let mut err = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(err.next().unwrap().starts_with("http://127.0.0.1:"));
    let removed = err.find(|l| l.contains("removed from the store")).unwrap();
    assert!(removed.contains("1 events") && removed.contains("by age"), "{removed}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rows(&path), []);
}

#[test]
fn the_command_says_why_it_does_not_start() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let run = |args: &str| {
        redial(args.split(' '))
            .env("REDIAL_STORE", store.to_str().unwrap())
            .run()
            .exits(2)
            .err
    };
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let err = run(&format!("listen --port {port}"));
    assert!(err.contains("in use") && err.contains("--port 0"), "{err}");
    let err = run("listen --port 0 --bind 0.0.0.0");
    assert!(err.contains("--insecure"), "{err}");
    assert!(run("listen --port 0 --public-url example").contains("--public-url"));
    assert!(run("listen --port 0 --keep soon").contains("30d"));
    std::fs::write(&store, "no database".repeat(1_000)).unwrap();
    let err = run("listen --port 0");
    assert!(err.contains("damaged") && err.contains(".recover"), "{err}");
}

/// A disk on which a file can grow no further: what was answered 2xx stays, the rest is told to come again.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_keeps_what_it_has() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    drop(Store::open(&store).unwrap());
    // The program is told by the failed write, not killed by the signal.
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" listen --port 0";
    let mut child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_redial")])
        .env("REDIAL_STORE", &store)
        .env_remove("TWILIO_AUTH_TOKEN")
        .env("XDG_CONFIG_HOME", folder.path())
        .env("HOME", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut url = String::new();
    err.read_line(&mut url).unwrap();
    let address: SocketAddr = url.trim().strip_prefix("http://").unwrap().parse().unwrap();
    let mut connection = Connection::to(address);
    let filler = "x".repeat(20_000);
    let mut kept = Vec::new();
    let mut answer = None;
    for n in 0..200 {
        let sid = format!("NO{n}");
        let body = format!("{}&Filler={filler}", debugger(&sid));
        let reply = connection.ask(&request("/", &[("Content-Type", FORM)], &body));
        if reply.status != 204 {
            answer = Some(reply);
            break;
        }
        kept.push(sid);
    }
    let answer = answer.expect("the disk is never full");
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "5"));
    assert!(!kept.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let store = Store::open(&store).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let there: Vec<String> = store.after(0, 1_000).unwrap().into_iter().map(|r| r.key).collect();
    assert_eq!(there, kept);
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// Posts events one after the other until the connection breaks; what was answered 2xx, and what was asked last.
fn post_until_dead(address: SocketAddr, sids: &[String], answered: &AtomicUsize) -> (Vec<String>, Option<String>) {
    let mut connection = Connection::to(address);
    let mut kept = Vec::new();
    for sid in sids {
        let sent = connection.send(request("/", &[("Content-Type", FORM)], &debugger(sid)));
        match sent.ok().and_then(|()| connection.answer()) {
            Some(answer) => {
                assert_eq!(answer.status, 204, "{answer:?}");
                kept.push(sid.clone());
                answered.fetch_add(1, Ordering::SeqCst);
            }
            None => return (kept, Some(sid.clone())),
        }
    }
    (kept, None)
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_answered() {
    const ROUNDS: usize = 12;
    const CLIENTS: usize = 6;
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let mut dice = Dice(20_261_122);
    let (mut kept, mut open) = (BTreeSet::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut program = program(&store);
        let answered = AtomicUsize::new(0);
        let told = Mutex::new(Vec::new());
        let goal = 1 + dice.roll(120);
        let spins = dice.roll(20_000);
        std::thread::scope(|s| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|c| {
                    // What was not answered comes again first, as Twilio does it, from all at once.
                    let fresh = (0..2_000).map(|n| format!("NO{round:02}{c}{n:05}"));
                    let sids: Vec<String> = open.iter().cloned().chain(fresh).collect();
                    let (answered, told, address) = (&answered, &told, program.address);
                    s.spawn(move || {
                        let end = post_until_dead(address, &sids, answered);
                        told.lock().unwrap().push(end);
                    })
                })
                .collect();
            while answered.load(Ordering::SeqCst) < goal
                && !clients.iter().all(std::thread::ScopedJoinHandle::is_finished)
            {
                std::thread::yield_now();
            }
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            program.child.kill().unwrap();
        });
        program.child.wait().unwrap();
        open.clear();
        for (sids, last) in told.into_inner().unwrap() {
            kept.extend(sids);
            open.extend(last);
        }
        assert!(answered.into_inner() >= goal, "round {round}");
    }
    let store = Store::open(&store).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let mut there = BTreeMap::new();
    for row in store.after(0, 1_000_000).unwrap() {
        *there.entry(row.key).or_insert(0) += 1;
    }
    let missing: Vec<&String> = kept.iter().filter(|sid| !there.contains_key(*sid)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(there.values().all(|n| *n == 1));
    assert!(kept.len() > ROUNDS, "{}", kept.len());
}
