//! The signature doctor: `sign --explain`, what is said of a refused replay, and `replay --diagnose` against apps that check signatures.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use redial::config::Secret;
use redial::signature::{Algorithm, sign};
use serde_json::Value;

use crate::groups::{event, input};
use crate::replay::{Server, answer};
use crate::support::{Ran, redial, text};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const TWIML: &str = "<Response><Say>Hello.</Say></Response>";

fn signed(url: &str, token: &str) -> String {
    let params = [("CallSid".to_owned(), "CA1".to_owned())];
    sign(url, &params, &Secret::new(token), Algorithm::HmacSha1)
}

fn explain(signature: &str, url: &str, more: &[&str]) -> Ran {
    let args = ["sign", "--explain", signature, "--url", url, "--param", "CallSid=CA1"];
    redial(args.iter().chain(more))
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .env("OLD_TOKEN", "an old token")
        .run()
}

#[test]
fn what_was_signed_and_what_mends_it() {
    let signature = signed("https://app.example.com/voice", TOKEN);
    let ran = explain(&signature, "http://app.example.com/voice", &[]).exits(0);
    for part in [
        "made for https://app.example.com/voice (not the URL as given",
        "https was signed, http was rebuilt",
        "app.set('trust proxy', true)",
        "ProxyFix",
        "--proxy-headers",
        "SECURE_PROXY_SSL_HEADER",
        "config.assume_ssl",
        "trustProxies",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let ran = explain(&signature, "http://app.example.com/voice", &["--json"]).exits(0);
    let told = &ran.of("signature")[0];
    assert_eq!(
        (text(told, "url"), &told["fits"]),
        ("https://app.example.com/voice", &Value::Bool(true))
    );
    assert!(text(told, "diagnosis").contains("X-Forwarded-Proto"));
    assert!(told["settings"].as_array().unwrap().len() >= 6);
    assert!(told["tried"].as_u64().unwrap() > 1);
    let same = explain(&signature, "https://app.example.com/voice", &["--json"]).exits(0);
    let told = &same.of("signature")[0];
    assert_eq!(
        (&told["diagnosis"], told["settings"].as_array().unwrap().len()),
        (&Value::Null, 0)
    );
}

#[test]
fn other_tokens_and_hosts_are_tried_by_name() {
    let url = "https://app.example.com/voice";
    let old = signed(url, "an old token");
    let no = explain(&old, url, &["--json"]).exits(1);
    assert_eq!(no.of("signature")[0]["fits"], Value::Bool(false));
    let ran = explain(&old, url, &["--token-env", "OLD_TOKEN"]).exits(0);
    assert!(ran.out.contains("it was made with OLD_TOKEN"), "{}", ran.out);
    assert!(
        !ran.out.contains("an old token") && !ran.out.contains(TOKEN),
        "{}",
        ran.out
    );
    let missing = explain(&old, url, &["--token-env", "NO_SUCH"]).exits(2);
    assert!(missing.err.contains("NO_SUCH"));
    let signature = signed(url, TOKEN);
    explain(&signature, "http://localhost:3000/voice", &[]).exits(1);
    let ran = explain(
        &signature,
        "http://localhost:3000/voice",
        &["--also", "app.example.com"],
    )
    .exits(0);
    assert!(ran.out.contains("another host was signed"), "{}", ran.out);
}

/// Sends the recorded request of a URL to a server that refuses it.
fn refused(token: bool, more: &[&str], reply: String) -> Ran {
    let (_folder, path) = input(&[event(1, "https://app.example.com/voice", 403, "no")]);
    let server = Server::new(vec![reply]);
    let url = server.url();
    let mut run = redial(["replay", "--json", "--to", &url].iter().chain(more)).arg(&path);
    if token {
        run = run.env("TWILIO_AUTH_TOKEN", TOKEN);
    }
    let ran = run.run();
    server.received(&ran);
    ran
}

fn notes(ran: &Ran) -> String {
    let replay = &ran.of("replay")[0];
    let problems = replay["verdict"]["problems"].as_array().unwrap();
    let infos = problems.iter().filter(|p| p["severity"] == "info");
    infos.map(|p| text(p, "message").to_owned() + "\n").collect()
}

#[test]
fn a_refused_replay_says_why_and_what_next() {
    let express = "HTTP/1.1 403 Forbidden\r\nX-Powered-By: Express\r\nContent-Length: 33\r\nConnection: close\r\n\r\nTwilio Request Validation Failed.";
    let said = notes(&refused(true, &[], express.to_owned()).exits(1));
    for part in [
        "it was signed for http://127.0.0.1:",
        "--public-url https://app.example.com",
        "Express",
        "trust proxy",
        "--diagnose",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = notes(&refused(false, &[], express.to_owned()).exits(1));
    assert!(
        said.contains("without a signature") && said.contains("set TWILIO_AUTH_TOKEN"),
        "{said}"
    );
    let public = ["--public-url", "https://app.example.com"];
    let said = notes(&refused(true, &public, express.to_owned()).exits(1));
    assert!(said.contains("X-Forwarded-*"), "{said}");
    let unset =
        "[Twilio] - Webhook Error - we attempted to validate this request without first configuring our auth token.";
    let said = notes(&refused(true, &[], answer("500 Internal Server Error", "text/plain", unset)).exits(1));
    assert!(said.contains("the app's validator has no auth token"), "{said}");
    let said = notes(&refused(true, &[], answer("500 Internal Server Error", "text/plain", "boom")).exits(1));
    assert_eq!(said, "");
}

/// An app that accepts what is signed for one URL, made of what it was sent; it ends with the first request that it accepts, or after so many.
fn guarded(server: &'static str, most: usize, rebuilt: fn(&str, &str, u16) -> String) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        for n in 1..=most {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            let mut piece = [0; 4096];
            let (head, body) = loop {
                let got = stream.read(&mut piece).unwrap();
                all.extend_from_slice(&piece[..got]);
                let text = String::from_utf8_lossy(&all).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = header(head, "content-length").parse::<usize>().unwrap();
                if body.len() >= length {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let target = head.split(' ').nth(1).unwrap();
            let params: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let url = rebuilt(&header(&head, "host"), target, port);
            let algorithm = if server == "sha256" {
                Algorithm::HmacSha256
            } else {
                Algorithm::HmacSha1
            };
            let expected = sign(&url, &params, &Secret::new(TOKEN), algorithm);
            let fits = header(&head, "x-twilio-signature") == expected;
            let (status, text) = if fits {
                ("200 OK", TWIML)
            } else {
                ("403 Forbidden", "no")
            };
            let length = text.len();
            let reply = format!(
                "HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            );
            stream.write_all(reply.as_bytes()).unwrap();
            if fits {
                return n;
            }
        }
        most
    });
    (format!("http://127.0.0.1:{port}"), thread)
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|l| {
        let (n, v) = l.split_once(':')?;
        n.eq_ignore_ascii_case(name).then(|| v.trim().to_owned())
    });
    line.unwrap_or_default()
}

fn diagnosed(url: &str, to: &str) -> Ran {
    let (_folder, path) = input(&[event(1, url, 403, "no")]);
    redial(["replay", "--diagnose", "--json", "--to", to])
        .arg(&path)
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .run()
}

#[test]
fn what_an_app_accepts_is_found_by_sending() {
    // It has a fixed public URL.
    let (to, app) = guarded("x", 20, |_, target, _| format!("https://app.example.com{target}"));
    let ran = diagnosed("https://app.example.com/voice?a=1", &to).exits(0);
    assert_eq!(app.join().unwrap(), 2);
    let told = &ran.of("diagnosis")[0];
    assert_eq!(text(told, "accepted"), "https://app.example.com/voice?a=1");
    assert_eq!(text(told, "public_url"), "https://app.example.com");
    assert_eq!(told["tried"].as_array().unwrap().len(), 2);
    assert_eq!(told["tried"][0]["status"], 403);

    // It takes Host, and believes to be called by http.
    let (to, app) = guarded("Werkzeug/3.0", 20, |host, target, _| format!("http://{host}{target}"));
    let ran = diagnosed("https://app.example.com/voice", &to).exits(0);
    assert_eq!(app.join().unwrap(), 1);
    assert!(text(&ran.of("diagnosis")[0], "diagnosis").contains("accepted as it is sent"));

    // It knows only its public host, and not that TLS ends before it.
    let (to, app) = guarded("Werkzeug/3.0", 20, |_, target, _| {
        format!("http://app.example.com{target}")
    });
    let ran = diagnosed("https://app.example.com/voice", &to).exits(0);
    assert_eq!(app.join().unwrap(), 3);
    let told = &ran.of("diagnosis")[0];
    assert_eq!(text(told, "framework"), "Flask");
    assert!(text(&told["settings"][0], "setting").contains("ProxyFix"), "{told}");
}

#[test]
fn an_app_that_decodes_its_url_is_found() {
    let (to, app) = guarded("uvicorn", 20, |host, target, _| {
        let target = target.replace("%3A", ":").replace("%2F", "/");
        format!("http://{host}{target}")
    });
    let ran = diagnosed("https://app.example.com/voice?u=https%3A%2F%2Fb", &to).exits(0);
    assert!(app.join().unwrap() > 3);
    let told = &ran.of("diagnosis")[0];
    assert!(text(told, "accepted").ends_with("/voice?u=https://b"), "{told}");
    assert!(
        text(told, "diagnosis").contains("refuses genuine requests whose URL is percent-encoded"),
        "{told}"
    );
    assert_eq!(text(&told["settings"][0], "framework"), "FastAPI");
}

/// What a guard rebuilds of Host, target and its port.
type Rebuilt = fn(&str, &str, u16) -> String;

#[test]
fn each_way_of_rebuilding_a_url_is_tried() {
    let cases: [(&str, &str, Rebuilt); 10] = [
        ("the slash", "127.0.0.1", |_, _, _| {
            "https://app.example.com/voice/?b=1&a=x%20y".to_owned()
        }),
        ("the local port", "127.0.0.1", |_, t, port| {
            format!("https://app.example.com:{port}{t}")
        }),
        ("no port", "127.0.0.1", |_, t, _| format!("http://localhost{t}")),
        ("an address", "localhost", |_, t, port| {
            format!("http://127.0.0.1:{port}{t}")
        }),
        ("another scheme", "127.0.0.1", |host, t, _| format!("https://{host}{t}")),
        ("a name with TLS", "127.0.0.1", |_, t, port| {
            format!("https://localhost:{port}{t}")
        }),
        ("an order", "127.0.0.1", |host, _, _| {
            format!("http://{host}/voice?a=x%20y&b=1")
        }),
        ("an encoding", "127.0.0.1", |host, _, _| {
            format!("http://{host}/voice?b=1&a=x+y")
        }),
        ("no query", "127.0.0.1", |host, _, _| format!("http://{host}/voice")),
        ("sha256", "127.0.0.1", |host, t, _| format!("http://{host}{t}")),
    ];
    for (name, host, rebuilt) in cases {
        let server = if name == "sha256" { name } else { "x" };
        let (to, app) = guarded(server, 64, rebuilt);
        let ran = diagnosed(
            "https://app.example.com/voice?b=1&a=x%20y",
            &to.replace("127.0.0.1", host),
        );
        let told = &ran.of("diagnosis")[0];
        assert!(told["accepted"].is_string(), "{name}: {told}");
        let n = app.join().unwrap();
        assert!((2..=64).contains(&n), "{name}: {n}");
        ran.exits(0);
    }
}

#[test]
fn an_app_that_accepts_nothing_is_said_to() {
    let (to, app) = guarded("x", 64, |_, _, _| "no such URL".to_owned());
    let ran = diagnosed("https://app.example.com/voice?b=1&a=x%20y", &to).exits(1);
    assert_eq!(app.join().unwrap(), 64);
    let told = &ran.of("diagnosis")[0];
    assert_eq!(told["accepted"], Value::Null);
    assert_eq!(told["tried"].as_array().unwrap().len(), 64);
    for part in ["all 64 ways", "another auth token", "--public-url with the whole path"] {
        assert!(text(told, "diagnosis").contains(part), "{part}: {told}");
    }
    // Without a token nothing can be signed.
    let (_folder, path) = input(&[event(1, "https://app.example.com/voice", 403, "no")]);
    let none = redial(["replay", "--diagnose", "--to", "http://127.0.0.1:9"])
        .arg(&path)
        .run()
        .exits(2);
    assert!(none.err.contains("TWILIO_AUTH_TOKEN"), "{}", none.err);
}

#[test]
fn of_what_was_refused_for_one_cause_one_request_is_diagnosed() {
    let voice = |n, status| event(n, "https://app.example.com/voice", status, "no");
    let (_folder, path) = input(&[voice(1, 403), voice(2, 403), voice(3, 500), voice(4, 403)]);
    let (to, app) = guarded("x", 20, |_, target, _| format!("https://app.example.com{target}"));
    let run = |more: &[&str]| {
        redial(["replay", "--diagnose", "--json", "--to", &to].iter().chain(more))
            .arg(&path)
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .run()
    };
    let ran = run(&[]).exits(0);
    assert_eq!(app.join().unwrap(), 2);
    let told = ran.of("diagnosis");
    assert_eq!(told.len(), 1);
    assert_eq!(text(&told[0], "call"), format!("CA{:032x}", 4));
    // Nobody is there any more.
    let gone = run(&[]).exits(1);
    let told = &gone.of("diagnosis")[0];
    assert!(text(told, "diagnosis").contains("did not answer"), "{told}");
    assert_eq!(told["tried"].as_array().unwrap().len(), 1);
}

#[test]
fn an_order_of_the_query_a_port_and_letters_are_found() {
    for (made_for, url) in [
        (
            "https://app.example.com/v?c=3&a=1&d=4&b=2",
            "https://app.example.com/v?a=1&b=2&c=3&d=4",
        ),
        ("https://app.example.com:3000/v", "http://localhost:3000/v"),
        ("https://App.Example.com/v", "https://app.example.com/v"),
    ] {
        let ran = explain(&signed(made_for, TOKEN), url, &["--also", "APP.example.com"]).exits(0);
        assert!(ran.out.contains(&format!("made for {made_for} ")), "{}", ran.out);
    }
}

#[test]
fn what_is_no_signature_is_not_searched_for() {
    for no in ["nonsense", "", "bm9uc2Vuc2U="] {
        let ran = explain(no, "https://app.example.com/v", &[]).exits(2);
        assert!(
            ran.err.contains("28 characters of base64 for SHA-1, 44 for SHA-256"),
            "{}",
            ran.err
        );
    }
    let other = signed("https://other.example.com/v", TOKEN);
    let ran = explain(&other, "https://app.example.com/v", &[]).exits(1);
    assert!(
        ran.out.contains("fits none of") && !ran.out.contains("in all"),
        "{}",
        ran.out
    );
}

#[test]
fn a_run_without_signatures_is_not_diagnosed() {
    let sample = "samples/tropo/pizza-archive.log";
    let ran = redial(["replay", sample, "--all", "--diagnose", "--to", "http://127.0.0.1:9"])
        .run()
        .exits(4);
    assert!(ran.err.contains("Tropo does not sign"), "{}", ran.err);
}
