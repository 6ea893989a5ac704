//! `listen`, `proxy` and `pull` as lines: what arrives is printed, what was there before is not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use rustix::process::Signal;
use tempfile::TempDir;

use super::inputs::{debugger, keep, message};
use super::{LIMIT, Run, start};
use crate::support::{Redial, redial, sample, text};
use crate::twilio_mock::{ACCOUNT, Mock, TOKEN};

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn command(&self, line: &str) -> Redial {
        let command = redial(line.split_whitespace());
        command.env("REDIAL_STORE", self.store().to_str().unwrap())
    }

    /// A program that listens, and where.
    fn serving(&self, line: &str) -> (Run, String) {
        let mut run = start(self.command(line));
        let listening = run.next("listening");
        assert_eq!(run.seen.len(), 1);
        let url = text(&listening, "url").to_owned();
        // The bare address stands first on standard error.
        assert_eq!(run.err.recv_timeout(LIMIT).unwrap(), url);
        (
            run,
            url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned(),
        )
    }
}

/// One request on a connection of its own; the answer's status.
fn post(address: &str, target: &str, kind: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_listener_prints_what_arrives() {
    let place = Place::new();
    keep(&place.store(), 1);
    let (mut run, address) = place.serving("listen --port 0 --json");
    assert_eq!(post(&address, "/", FORM, &debugger(2)) / 100, 2);
    assert_eq!(run.next("finding")["call"], message(2));
    // Twice the same event is one.
    assert_eq!(post(&address, "/", FORM, &debugger(2)) / 100, 2);
    let batch = String::from_utf8(sample("twilio/event-stream.json")).unwrap();
    assert_eq!(post(&address, "/", "application/json", &batch) / 100, 2);
    let found = run.next("finding");
    assert_ne!(found["call"], message(2));
    // Answered, so printed before the summary.
    for n in 3..40 {
        assert_eq!(post(&address, "/", FORM, &debugger(n)) / 100, 2);
    }
    let ended = run.stop();
    let calls: Vec<&str> = ended.of("finding").iter().map(|f| text(f, "call")).collect();
    for n in 2..40 {
        assert_eq!(calls.iter().filter(|c| **c == message(n)).count(), 1, "{n}");
    }
    assert!(!calls.contains(&message(1).as_str()));
    assert!(ended.of("finding").iter().all(|f| f["severity"] != "info"));
    assert!(ended.err.contains("kept"), "{}", ended.err);
}

#[test]
fn a_listener_prints_info_when_it_is_wanted() {
    let batch = String::from_utf8(sample("twilio/event-stream.json")).unwrap();
    let of = |line: &str| {
        let place = Place::new();
        let (mut run, address) = place.serving(line);
        post(&address, "/", "application/json", &batch);
        post(&address, "/", FORM, &debugger(2));
        run.until("the last finding", |o| o["call"] == message(2));
        let ended = run.stop();
        ended.of("finding").iter().filter(|f| f["severity"] == "info").count()
    };
    assert_eq!(of("listen --port 0 --json"), 0);
    let shown = redial([
        "errors",
        "--json",
        "--level",
        "info",
        "samples/twilio/event-stream.json",
    ])
    .run();
    let all = shown.of("finding").iter().filter(|f| f["severity"] == "info").count();
    assert_eq!(of("listen --port 0 --json --level info"), all);
}

/// An app that answers each request with this.
fn app(status: &'static str, body: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                head.push(byte[0]);
            }
            let length = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1);
            let length: usize = length.map_or(0, |l| l.split("\r\n").next().unwrap().parse().unwrap());
            stream.read_exact(&mut vec![0; length]).unwrap();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

const CALL: &str = "CA00000000000000000000000000000009";

fn webhook(address: &str) -> u16 {
    let body = format!(
        "CallSid={CALL}&AccountSid=AC00000000000000000000000000000001&From=%2B15005550006&To=%2B15005550010&CallStatus=ringing&Direction=inbound&ApiVersion=2010-04-01"
    );
    post(address, "/voice", FORM, &body)
}

#[test]
fn a_proxy_prints_requests_with_answers_and_what_is_wrong() {
    let place = Place::new();
    let port = app("500 Internal Server Error", "oops");
    let (mut run, address) = place.serving(&format!("proxy --port 0 --json --to {port}"));
    assert_eq!(webhook(&address), 500);
    let request = run.next("request");
    assert_eq!((&request["call"], &request["method"]), (&CALL.into(), &"POST".into()));
    assert_eq!(request["outcome"], "http-error");
    assert_eq!(
        (&request["response"]["status"], &request["response"]["body"]),
        (&500.into(), &"oops".into())
    );
    let found = run.next("finding");
    assert_eq!((&found["call"], &found["request"]), (&CALL.into(), &request["id"]));
    webhook(&address);
    let ended = run.stop();
    // The same cause on the same call is one finding.
    assert_eq!((ended.of("request").len(), ended.of("finding").len()), (2, 1));
    assert_eq!(ended.summary()["requests"], 2);
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let place = Place::new();
    // An app that takes a request and never answers.
    let app = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = app.local_addr().unwrap().port();
    let (run, address) = place.serving(&format!("proxy --port 0 --json --to {port}"));
    let mut client = TcpStream::connect(&address).unwrap();
    write!(client, "POST /voice HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").unwrap();
    let taken = app.accept().unwrap();
    run.signal(Signal::INT);
    // The port is closed before what is under way is waited for.
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    let begun = std::time::Instant::now();
    run.signal(Signal::INT);
    run.ends(0);
    assert!(begun.elapsed() < LIMIT / 10);
    drop((taken, client));
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn pull(mock: &Mock, place: &Place, line: &str) -> Redial {
    place
        .command(line)
        .env("REDIAL_API_BASE", &mock.url)
        .env("TWILIO_ACCOUNT_SID", ACCOUNT)
        .env("TWILIO_AUTH_TOKEN", TOKEN)
}

fn publish(mock: &Mock) -> String {
    let mut state = mock.state();
    state.now = now();
    let now = state.now;
    let sid = state.publish(now - 1000, now);
    let alert = state.alerts.last_mut().unwrap();
    // Each on a call of its own.
    alert.call = sid.replace("NO", "CA");
    sid
}

#[test]
fn a_pull_prints_what_was_not_there_before() {
    let (mock, place) = (Mock::start(now()), Place::new());
    publish(&mock);
    publish(&mock);
    let once = || start(pull(&mock, &place, "pull --since 1h --json")).ends(0);
    let first = once();
    assert_eq!(first.of("finding").len(), 2, "{first:#?}");
    assert_eq!(first.of("pull")[0]["new"], 2);
    let second = once();
    assert_eq!(
        (second.of("finding").len(), &second.of("pull")[0]["new"]),
        (0, &0.into())
    );
    publish(&mock);
    assert_eq!(once().of("finding").len(), 1);
}

#[test]
fn a_pull_that_follows_prints_what_twilio_gets() {
    let (mock, place) = (Mock::start(now()), Place::new());
    publish(&mock);
    let mut run = start(pull(&mock, &place, "pull --follow --interval 1s --since 1h --json"));
    run.next("finding");
    for _ in 0..2 {
        let sid = publish(&mock);
        let found = run.next("finding");
        assert_eq!(found["call"], sid.replace("NO", "CA"));
    }
    // Each is listed first and then fetched whole, which is what is printed: one line, not two.
    let ended = run.stop();
    let lines: Vec<u64> = ended
        .of("finding")
        .iter()
        .map(|f| f["source"]["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 4, 6]);
    assert_eq!(ended.summary()["calls"], 3);
}

#[test]
fn a_pull_that_cannot_go_on_says_why() {
    let (mock, place) = (Mock::start(now()), Place::new());
    let command = pull(&mock, &place, "pull --follow --json").env("TWILIO_AUTH_TOKEN", "wrong");
    let ended = start(command).rest();
    assert_eq!(ended.code, 2, "{ended:#?}");
    assert!(ended.err.contains("20003"), "{}", ended.err);
    assert_eq!(ended.summary()["type"], "summary");
}
