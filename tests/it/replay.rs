//! Sending again: what reaches a server byte for byte, what is said of its answer, and what must never be sent.
//!
//! The server is made by hand (a listener on a free loopback port, a thread, no HTTP library), answers so many requests
//! and closes; a test that expects it to be called fails when it was not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;

use redial::config::Secret;
use redial::signature::{Algorithm, verify};
use serde_json::Value;

use crate::support::{Ran, Redial, redial, sample, text};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PIZZA: &str = "samples/tropo/pizza-archive.log";
const ALERTS: &str = "samples/twilio/alerts.jsonl";

const TROPO_OK: &str = r#"{"tropo":[{"say":{"value":"Hello."}}]}"#;
const TWIML_OK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>Hello.</Say></Response>";

pub struct Server {
    port: u16,
    thread: JoinHandle<Vec<Vec<u8>>>,
    done: Receiver<()>,
}

/// An answer with its length.
pub fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

impl Server {
    /// Gives these answers, one a request, and closes.
    pub fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, done) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut got = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                got.push(request(&mut stream));
                let _ = stream.write_all(answer.as_bytes());
            }
            let _ = tell.send(());
            got
        });
        Self { port, thread, done }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was sent. A server that still waits was not called: it is called here, to end it, and the test fails.
    #[track_caller]
    pub fn received(self, ran: &Ran) -> Vec<Vec<u8>> {
        // The program has ended: a server that was called as often as expected is done, or about to be.
        let done = self.done.recv_timeout(Duration::from_secs(60)).is_ok();
        if !done {
            for _ in 0..16 {
                drop(TcpStream::connect(("127.0.0.1", self.port)));
            }
            panic!(
                "the server was not called as often as expected; stdout:\n{}\nstderr:\n{}",
                ran.out, ran.err
            );
        }
        self.thread.join().unwrap()
    }
}

/// One request as it came: head, and as much body as it says.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap_or(0);
        all.extend_from_slice(&piece[..n]);
        let head = all.windows(4).position(|w| w == b"\r\n\r\n").map(|n| n + 4);
        let whole = head.is_some_and(|h| {
            let length = header(&all, "content-length").map_or(0, |l| l.parse().unwrap());
            all.len() >= h + length
        });
        if n == 0 || whole {
            return all;
        }
    }
}

fn split(raw: &[u8]) -> (String, &[u8]) {
    let at = raw
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a request with a head");
    (String::from_utf8(raw[..at].to_vec()).unwrap(), &raw[at + 4..])
}

fn header(raw: &[u8], name: &str) -> Option<String> {
    let (head, _) = split(raw);
    head.lines()
        .skip(1)
        .filter_map(|l| l.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.to_owned())
}

fn params(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn get<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Replays with a server that gives these answers.
fn replay(args: &[&str], answers: Vec<String>, with: impl FnOnce(Redial) -> Redial) -> (Ran, Vec<Vec<u8>>) {
    let server = Server::new(answers);
    let url = server.url();
    let ran = with(redial(["replay", "--json", "--to", &url]).arg_all(args)).run();
    let got = server.received(&ran);
    (ran, got)
}

trait ArgAll {
    fn arg_all(self, args: &[&str]) -> Self;
}

impl ArgAll for Redial {
    fn arg_all(self, args: &[&str]) -> Self {
        args.iter().fold(self, Redial::arg)
    }
}

fn tropo_ok() -> String {
    answer("200 OK", "application/json", TROPO_OK)
}

pub fn twiml_ok() -> String {
    answer("200 OK", "text/xml", TWIML_OK)
}

#[test]
fn tropo_byte_for_byte() {
    let (ran, got) = replay(&[PIZZA, "--call", "767c76fb"], vec![tropo_ok()], |r| r);
    let ran = ran.exits(0);
    let (head, body) = split(&got[0]);
    assert_eq!(head.lines().next(), Some("POST /order/size.json HTTP/1.1"));
    assert_eq!(
        header(&got[0], "content-type").as_deref().map(|t| &t[..16]),
        Some("application/json")
    );
    assert!(header(&got[0], "x-twilio-signature").is_none());
    // The JSON of the log line, nothing more and nothing less.
    let log = String::from_utf8(sample("tropo/pizza-archive.log")).unwrap();
    let line = log
        .lines()
        .find(|l| l.contains("767c76fb") && l.contains("Sending") && l.contains("size.json"))
        .unwrap();
    let logged = line.split_once("size.json]: ").unwrap().1;
    assert_eq!(String::from_utf8_lossy(body), logged);
    let r = &ran.of("replay")[0];
    assert_eq!(
        (&r["status"], &r["verdict"]["pass"], &r["was"], &r["signature"]),
        (&200.into(), &true.into(), &"http-error".into(), &"none".into())
    );
    assert_eq!(r["body"], TROPO_OK);
    assert!(
        crate::contract::faults(r).is_empty(),
        "{:?}",
        crate::contract::faults(r)
    );
}

#[test]
fn twilio_signed_for_the_local_url() {
    let (ran, got) = replay(&[ALERTS, "--call", "CAaef7"], vec![twiml_ok(), twiml_ok()], |r| {
        r.env("TWILIO_AUTH_TOKEN", TOKEN)
    });
    let ran = ran.exits(0);
    assert_eq!(got.len(), 2);
    let paths = ["/menu?lang=en", "/menu/size"];
    for (raw, path) in got.iter().zip(paths) {
        let (head, body) = split(raw);
        assert_eq!(head.lines().next().unwrap(), format!("POST {path} HTTP/1.1"));
        let sent = params(body);
        assert_eq!(get(&sent, "CallSid"), Some("CAaef7ac86d66c7a644fb12853ef86dcfa"));
        assert_eq!(get(&sent, "From"), Some("+12025550141"));
        // Empty parameters are sent too.
        assert_eq!(get(&sent, "CallerCity"), Some(""));
        let signature = header(raw, "x-twilio-signature").unwrap();
        let url = format!("http://{}{path}", header(raw, "host").unwrap());
        assert!(
            verify(&signature, &url, &sent, None, &Secret::new(TOKEN), Algorithm::HmacSha1),
            "{head}"
        );
    }
    assert!(ran.of("replay").iter().all(|r| r["signature"] == "resigned"));
    no_token(&ran);
}

#[test]
fn signed_for_the_public_url() {
    let (ran, got) = replay(
        &[ALERTS, "--call", "CAea21", "--public-url", "https://pizza.example.com"],
        vec![twiml_ok()],
        |r| r.env("TWILIO_AUTH_TOKEN", TOKEN),
    );
    ran.exits(0);
    assert_eq!(header(&got[0], "host").as_deref(), Some("pizza.example.com"));
    assert_eq!(header(&got[0], "x-forwarded-proto").as_deref(), Some("https"));
    assert_eq!(
        header(&got[0], "x-forwarded-host").as_deref(),
        Some("pizza.example.com")
    );
    let signature = header(&got[0], "x-twilio-signature").unwrap();
    let sent = params(split(&got[0]).1);
    assert!(verify(
        &signature,
        "https://pizza.example.com/voice",
        &sent,
        None,
        &Secret::new(TOKEN),
        Algorithm::HmacSha1
    ));
}

#[test]
fn without_a_token_there_is_no_signature() {
    for args in [
        &[ALERTS, "--call", "CAea21"][..],
        &[ALERTS, "--call", "CAea21", "--sign", "strip"],
    ] {
        let (ran, got) = replay(args, vec![twiml_ok()], |r| r);
        ran.exits(0);
        assert_eq!(header(&got[0], "x-twilio-signature"), None);
    }
    // The recorded one can be kept.
    let (ran, got) = replay(
        &["samples/twilio/sms-incoming.http", "--all", "--sign", "keep"],
        vec![answer("200 OK", "text/xml", "<Response/>")],
        |r| r.env("TWILIO_AUTH_TOKEN", TOKEN),
    );
    assert_eq!(
        header(&got[0], "x-twilio-signature").as_deref(),
        Some("YYEt859tjN2NxgtozBJVcTWfYhY=")
    );
    assert_eq!(ran.exits(0).of("replay")[0]["signature"], "kept");
}

#[test]
fn parameters_of_a_get_stand_in_the_query() {
    let alert = r#"{"sid":"NO00000000000000000000000000000001","account_sid":"AC1","alert_text":"Msg=x&ErrorCode=11200&httpResponse=500","date_generated":"2026-03-02T09:15:20Z","error_code":"11200","log_level":"error","request_method":"GET","request_url":"https://a.example/v?x=1","resource_sid":"CA00000000000000000000000000000001","request_variables":"CallSid=CA1&From=%2B1202&Body=a+b","response_body":""}"#;
    let server = Server::new(vec![twiml_ok()]);
    let ran = redial(["replay", "-", "--json", "--to", &server.url()])
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .stdin(alert)
        .run();
    let got = server.received(&ran);
    ran.exits(0);
    let (head, body) = split(&got[0]);
    let target = head.lines().next().unwrap().split(' ').nth(1).unwrap().to_owned();
    assert!(head.starts_with("GET /v?x=1&"), "{head}");
    assert!(body.is_empty());
    let query = params(target.split_once('?').unwrap().1.as_bytes());
    assert_eq!(
        [get(&query, "CallSid"), get(&query, "From"), get(&query, "Body")],
        [Some("CA1"), Some("+1202"), Some("a b")]
    );
    let url = format!("http://{}{target}", header(&got[0], "host").unwrap());
    let signature = header(&got[0], "x-twilio-signature").unwrap();
    assert!(
        verify(&signature, &url, &[], None, &Secret::new(TOKEN), Algorithm::HmacSha1),
        "{url}"
    );
}

#[test]
fn a_dry_run_prints_the_bytes_that_are_sent() {
    for args in [
        &[PIZZA, "--call", "767c76fb"][..],
        &[ALERTS, "--call", "CAea21"],
        &[
            ALERTS,
            "--call",
            "CAea21",
            "--set",
            "Digits=4 2",
            "--header",
            "X-Own: yes",
        ],
    ] {
        let server = Server::new(vec![tropo_ok()]);
        let url = server.url();
        let dry = redial(["replay", "--dry-run", "--to", &url])
            .arg_all(args)
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .run()
            .exits(0);
        let real = redial(["replay", "--to", &url])
            .arg_all(args)
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .run();
        let got = server.received(&real);
        assert_eq!(dry.out, String::from_utf8_lossy(&got[0]), "{args:?}");
        assert_eq!(dry.bytes, got[0], "{args:?}");
        no_token(&dry);
    }
}

#[test]
fn edits() {
    let args = [
        ALERTS,
        "--call",
        "CAea21",
        "--set",
        "Digits=7",
        "--set",
        "From=+19999",
        "--unset",
        "CallerCity",
        "--header",
        "X-Own: a: b",
        "--header",
        "User-Agent: mine",
    ];
    let (ran, got) = replay(&args, vec![twiml_ok()], |r| r.env("TWILIO_AUTH_TOKEN", TOKEN));
    assert_eq!(ran.exits(0).of("replay")[0]["edited"], true);
    let sent = params(split(&got[0]).1);
    assert_eq!(
        [get(&sent, "Digits"), get(&sent, "From"), get(&sent, "CallerCity")],
        [Some("7"), Some("+19999"), None]
    );
    assert_eq!(header(&got[0], "x-own").as_deref(), Some("a: b"));
    assert_eq!(header(&got[0], "user-agent").as_deref(), Some("mine"));
    // Signed as edited.
    let url = format!("http://{}/voice", header(&got[0], "host").unwrap());
    let signature = header(&got[0], "x-twilio-signature").unwrap();
    assert!(verify(
        &signature,
        &url,
        &sent,
        None,
        &Secret::new(TOKEN),
        Algorithm::HmacSha1
    ));

    let args = [
        PIZZA,
        "--call",
        "767c76fb",
        "--set",
        "result.state=FAILED",
        "--unset",
        "result.sequence",
    ];
    let (ran, got) = replay(&args, vec![tropo_ok()], |r| r);
    ran.exits(0);
    let body: Value = serde_json::from_slice(split(&got[0]).1).unwrap();
    assert_eq!(
        (&body["result"]["state"], body["result"].get("sequence")),
        (&"FAILED".into(), None)
    );
    for bad in [["--set", "novalue"], ["--set", "=x"], ["--header", "no colon"]] {
        redial(["replay", PIZZA, "--to", "http://127.0.0.1:9"])
            .arg_all(&bad)
            .run()
            .exits(2);
    }
}

#[test]
fn verdicts() {
    let table: &[(&str, String, bool)] = &[
        (PIZZA, tropo_ok(), true),
        (PIZZA, answer("200 OK", "text/html", "<html>oops</html>"), false),
        (PIZZA, answer("500 Internal Server Error", "text/html", "oops"), false),
        (PIZZA, answer("200 OK", "application/json", "{}"), false),
        (PIZZA, "this is no HTTP\r\n\r\n".to_owned(), false),
        (ALERTS, twiml_ok(), true),
        (ALERTS, answer("200 OK", "text/xml", "<Response><Say>open"), false),
        (ALERTS, answer("200 OK", "application/json", "{\"ok\":true}"), false),
        (ALERTS, answer("404 Not Found", "text/html", "no"), false),
        (
            ALERTS,
            answer("302 Found\r\nLocation: http://198.51.100.1/", "text/html", ""),
            false,
        ),
    ];
    for (input, given, pass) in table {
        let call = if *input == PIZZA { "767c76fb" } else { "CAea21" };
        let (ran, _) = replay(&[input, "--call", call], vec![given.clone()], |r| r);
        let ran = ran.exits(i32::from(!pass));
        let v = &ran.of("replay")[0]["verdict"];
        assert_eq!(v["pass"], *pass, "{given}: {v}");
        let problems = v["problems"].as_array().unwrap();
        assert_eq!(problems.iter().any(|p| p["severity"] == "error"), !pass, "{given}: {v}");
        assert!(problems.iter().all(|p| !text(p, "message").is_empty()));
    }
    // One bad answer among good ones is a no; all are sent.
    let (ran, got) = replay(
        &[ALERTS],
        vec![twiml_ok(), answer("500 X", "text/html", "x"), twiml_ok()],
        |r| r,
    );
    assert_eq!((ran.exits(1).of("replay").len(), got.len()), (3, 3));
}

#[test]
fn nobody_listens() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = redial([
        "replay",
        "--json",
        PIZZA,
        "--last",
        "--to",
        &format!("http://127.0.0.1:{port}"),
    ])
    .run()
    .exits(1);
    let r = &ran.of("replay")[0];
    assert_eq!(
        (&r["status"], &r["body"], &r["verdict"]["pass"]),
        (&Value::Null, &Value::Null, &false.into())
    );
    assert!(text(r, "error").contains("nothing listens"), "{r}");
    assert!(!r["verdict"]["problems"].as_array().unwrap().is_empty());
}

#[test]
fn an_answer_that_does_not_come() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ran = redial(["replay", "--json", PIZZA, "--last", "--timeout", "0.3", "--to", &url])
        .run()
        .exits(1);
    let r = &ran.of("replay")[0];
    assert!(r["status"].is_null() && !text(r, "error").is_empty(), "{r}");
}

#[test]
fn refused_targets_are_never_called() {
    // This server must not be reached by any of its names that are not this machine's by themselves.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for target in [
        "http://198.51.100.1".to_owned(),
        "http://10.0.0.1:3000".to_owned(),
        "http://192.168.1.1".to_owned(),
        "http://[2001:db8::1]/".to_owned(),
        "http://[::ffff:198.51.100.1]/".to_owned(),
        "http://3325256705/".to_owned(),
        "http://0xc6336401/".to_owned(),
        "http://169.254.169.254/".to_owned(),
        format!("http://user:secret@127.0.0.1:{port}"),
    ] {
        let ran = redial(["replay", PIZZA, "--to", &target]).run().exits(3);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{target}: {}", ran.out);
        assert!(!ran.err.contains("secret"), "{}", ran.err);
    }
    assert!(listener.accept().is_err(), "something was sent");
    for usage in ["ftp://127.0.0.1/", "not a url at all:::"] {
        let code = redial(["replay", PIZZA, "--to", usage]).run().code;
        assert!(matches!(code, 2 | 3), "{usage}: {code}");
    }
    // No target at all.
    redial(["replay", PIZZA]).run().exits(2);
}

#[test]
fn every_spelling_of_this_machine_is_allowed() {
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
    ] {
        let server = Server::new(vec![tropo_ok()]);
        let ran = redial([
            "replay",
            "--json",
            PIZZA,
            "--last",
            "--to",
            &format!("http://{host}:{}", server.port),
        ])
        .run();
        let got = server.received(&ran);
        ran.exits(0);
        assert_eq!(got.len(), 1, "{host}");
    }
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let (ran, got) = replay(&[PIZZA, "--last"], vec![tropo_ok()], |r| {
        r.env("http_proxy", "http://127.0.0.1:9")
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .env("ALL_PROXY", "http://127.0.0.1:9")
    });
    ran.exits(0);
    assert_eq!(got.len(), 1);
}

#[test]
fn the_target_of_the_environment() {
    let server = Server::new(vec![tropo_ok()]);
    let ran = redial(["replay", PIZZA, "--last"])
        .env("REDIAL_TARGET", &server.url())
        .run();
    assert_eq!(server.received(&ran).len(), 1);
    ran.exits(0);
    let shown = redial(["errors", PIZZA])
        .env("REDIAL_TARGET", "http://localhost:8080")
        .run();
    // What the environment says need not be typed.
    assert!(shown.out.contains("--request") && !shown.out.contains("--to"));
}

/// The token in no output.
#[track_caller]
fn no_token(ran: &Ran) {
    assert!(
        !ran.out.contains(TOKEN) && !ran.err.contains(TOKEN),
        "the token was printed:\n{}\n{}",
        ran.out,
        ran.err
    );
}

#[test]
fn the_bytes_of_a_dry_run_are_no_json_lines() {
    let args = ["replay", ALERTS, "--dry-run", "--json", "--to", "http://127.0.0.1:1"];
    let ran = redial(args).run().exits(2);
    assert!(
        ran.err.contains("--list --json") && ran.err.contains("--as har"),
        "{}",
        ran.err
    );
}

#[test]
fn the_token_is_never_printed() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let to = format!("http://127.0.0.1:{port}");
    for args in [
        &["replay", ALERTS, "--to", &to][..],
        &["replay", ALERTS, "--json", "--to", &to],
        &["replay", ALERTS, "--dry-run", "--to", &to],
        &["replay", ALERTS, "--list"],
        &["replay", ALERTS, "--to", "http://198.51.100.1"],
        &["replay", ALERTS, "--to", &to, "--public-url", "nonsense"],
        &["errors", ALERTS],
        &["replay", "--help"],
    ] {
        no_token(
            &redial(args)
                .env("TWILIO_AUTH_TOKEN", TOKEN)
                .env("TWILIO_API_SECRET", TOKEN)
                .run(),
        );
    }
}

fn listed(args: &[&str]) -> Vec<Value> {
    redial(["replay", "--list", "--json"]).arg_all(args).run().of("request")
}

#[test]
fn which_requests() {
    let ids = |args: &[&str]| {
        listed(args)
            .iter()
            .map(|r| text(r, "id").to_owned())
            .collect::<Vec<_>>()
    };
    let failed = ids(&[PIZZA]);
    assert_eq!(failed.len(), 3);
    assert!(listed(&[PIZZA]).iter().all(|r| r["outcome"] != "ok"));
    let all = ids(&[PIZZA, "--all"]);
    assert_eq!(all.len(), 6);
    assert!(failed.iter().all(|f| all.contains(f)));
    // In the order of time.
    let times: Vec<String> = listed(&[PIZZA, "--all"])
        .iter()
        .map(|r| text(r, "at").to_owned())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(ids(&[PIZZA, "--last"]), failed[2..]);
    assert_eq!(ids(&[PIZZA, "--call", "36b3216f", "--all"]).len(), 2);
    // By id or its beginning, whatever became of it, in the order given.
    let ok = all.iter().find(|a| !failed.contains(a)).unwrap().as_str();
    assert_eq!(ids(&[PIZZA, "--request", ok]), [ok]);
    assert_eq!(ids(&[PIZZA, "--request", &ok[..6]]), [ok]);
    assert_eq!(
        ids(&[PIZZA, "--request", &failed[1], "--request", &failed[0]]),
        [failed[1].clone(), failed[0].clone()]
    );
    // Ids are stable.
    assert_eq!(ids(&[PIZZA, "--all", "--block", "100"]), all);
    assert_eq!(ids(&[PIZZA, ALERTS]).len(), 6);
}

#[test]
fn nothing_to_send() {
    for args in [
        &[PIZZA, "--call", "36b3216f"][..],
        &[PIZZA, "--request", "rffffffffff"],
        // A list of alerts has no parameters.
        &["samples/twilio/alerts.json"],
        &["tests/data/shapes/tropo/archive-02.log"],
    ] {
        let ran = redial(["replay", "--to", "http://127.0.0.1:9"])
            .arg_all(args)
            .run()
            .exits(4);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }
    redial(["replay", "--list", PIZZA, "--call", "36b3216f"]).run().exits(4);
}

#[test]
fn what_cannot_be_sent_is_said_and_the_rest_is_sent() {
    let (ran, got) = replay(
        &["samples/tropo/forum-paste.txt", "--all"],
        vec![tropo_ok(), tropo_ok()],
        |r| r,
    );
    assert_eq!(got.len(), 2);
    assert!(ran.err.contains("left out"), "{}", ran.err);
    ran.exits(0);
}
