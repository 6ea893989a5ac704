//! Plans and attempts against servers made by hand on the loopback interface.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::config::Secret;
use crate::judge::{FaultClass, judge};
use crate::model::{Payload, Provider, Request, RequestKind};
use crate::signature::{Algorithm, verify};

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn request(method: &str, url: &str, payload: Payload) -> Request {
    Request {
        method: Some(method.to_owned()),
        url: Some(url.to_owned()),
        headers: vec![],
        payload,
    }
}

fn form(url: &str, params: &[(&str, &str)]) -> Request {
    request("POST", url, Payload::Form(pairs(params)))
}

fn token() -> Secret {
    Secret::new("12345")
}

fn signing() -> Options {
    Options {
        auth_token: Some(token()),
        ..Options::default()
    }
}

fn local() -> Target {
    Target::parse("localhost:3000", &[]).unwrap()
}

fn twilio(request: &Request, options: &Options) -> Plan {
    plan(Provider::Twilio, RequestKind::Voice, request, &local(), options).unwrap()
}

fn header<'a>(plan: &'a Plan, name: &str) -> Option<&'a str> {
    let mut all = plan.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let found = all.next().map(|(_, v)| v.as_str());
    assert!(all.next().is_none(), "{name} twice");
    found
}

fn wire(plan: &Plan) -> String {
    String::from_utf8(plan.wire().unwrap()).unwrap()
}

// ---- plans

#[test]
fn a_form_post_is_what_twilio_sends() {
    let recorded = form(
        "https://app.example.com/voice?x='%7e#ct=2000",
        &[
            ("CallSid", "CA1"),
            ("Digits", "1"),
            ("Digits", "2"),
            ("Body", "Héllo ✓ 1+1&="),
        ],
    );
    let plan = twilio(&recorded, &signing());
    let signature = header(&plan, "x-twilio-signature").unwrap();
    assert_eq!(
        wire(&plan),
        format!(
            "POST /voice?x='%7e HTTP/1.1\r\nHost: localhost:3000\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\
             Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: 78\r\n\
             X-Twilio-Signature: {signature}\r\n\r\n\
             CallSid=CA1&Digits=1&Digits=2&Body=H%C3%A9llo+%E2%9C%93+1%2B1%26%3D"
        )
        .replace("Content-Length: 78", &format!("Content-Length: {}", plan.body.len()))
    );
    assert_eq!(plan.url, "http://localhost:3000/voice?x='%7e");
    assert_eq!(plan.signature, SignatureUse::Resigned);
    assert!(plan.notes.is_empty() && !plan.edited);
    assert!(verify(
        signature,
        &plan.url,
        recorded.params(),
        None,
        &token(),
        Algorithm::HmacSha1
    ));
}

#[test]
fn a_get_carries_its_parameters_in_the_query() {
    let recorded = request(
        "GET",
        "https://app.example.com?a=1",
        Payload::Form(pairs(&[("a", "1"), ("From", "+1 2")])),
    );
    let plan = twilio(&recorded, &signing());
    assert_eq!(plan.path, "/?a=1&From=%2B1+2");
    assert!(plan.body.is_empty() && header(&plan, "content-length").is_none());
    let signature = header(&plan, "x-twilio-signature").unwrap();
    assert!(verify(signature, &plan.url, &[], None, &token(), Algorithm::HmacSha1));
    assert!(wire(&plan).starts_with("GET /?a=1&From=%2B1+2 HTTP/1.1\r\nHost: localhost:3000\r\n"));
}

#[test]
fn a_json_body_is_covered_by_its_hash() {
    let body = b"[ {\"specversion\":\"1.0\"}]".to_vec();
    let recorded = request(
        "POST",
        "https://a.example/e?bodySHA256=00&k=v",
        Payload::Json(body.clone()),
    );
    let plan = twilio(&recorded, &signing());
    assert_eq!(plan.body, body);
    assert!(plan.path.ends_with("&k=v") && !plan.path.contains("=00"));
    assert_eq!(header(&plan, "content-type"), Some("application/json; charset=utf-8"));
    let signature = header(&plan, "x-twilio-signature").unwrap();
    assert!(verify(
        signature,
        &plan.url,
        &[],
        Some(&body),
        &token(),
        Algorithm::HmacSha1
    ));
    assert_eq!(twilio(&recorded, &Options::default()).path, "/e?bodySHA256=00&k=v");
}

#[test]
fn tropo_goes_byte_for_byte_and_unsigned() {
    let body = "{\"session\" : {\"id\":\"1\",\"b\":1.0, \"a\":\"é\u{1}\"}}\n"
        .as_bytes()
        .to_vec();
    let recorded = request(
        "POST",
        "http://app.example/index.php?tropo-engine=json",
        Payload::Json(body.clone()),
    );
    for sign in [None, Some(SignMode::Resign), Some(SignMode::Keep)] {
        let options = Options { sign, ..signing() };
        let plan = plan(Provider::Tropo, RequestKind::Session, &recorded, &local(), &options).unwrap();
        assert_eq!(plan.body, body);
        assert_eq!(plan.signature, SignatureUse::None);
        assert_eq!(header(&plan, "content-type"), Some("application/json"));
        assert_eq!(header(&plan, "x-twilio-signature"), None);
        assert!(plan.wire().unwrap().ends_with(&body));
    }
}

#[test]
fn signatures_by_mode() {
    use SignatureUse::{Kept, None as Nothing, Resigned, Stripped};
    let mut kept = form("https://a/v", &[("A", "1")]);
    kept.headers = pairs(&[("x-twilio-signature", "old="), ("X-Other", "1")]);
    let bare = form("https://a/v", &[]);
    for (recorded, sign, auth, want) in [
        (&kept, None, true, Resigned),
        (&kept, None, false, Stripped),
        (&kept, Some(SignMode::Keep), true, Kept),
        (&kept, Some(SignMode::Keep), false, Kept),
        (&kept, Some(SignMode::Strip), true, Stripped),
        (&bare, None, true, Resigned),
        (&bare, None, false, Nothing),
        (&bare, Some(SignMode::Keep), true, Nothing),
        (&bare, Some(SignMode::Strip), false, Stripped),
    ] {
        let options = Options {
            sign,
            auth_token: auth.then(token),
            ..Options::default()
        };
        let plan = twilio(recorded, &options);
        assert_eq!(plan.signature, want, "{sign:?} {auth}");
        let sent = header(&plan, "X-Twilio-Signature");
        assert_eq!(sent.is_some(), matches!(want, Resigned | Kept));
        assert_eq!(sent == Some("old="), want == Kept);
    }
    let e = plan(
        Provider::Twilio,
        RequestKind::Voice,
        &bare,
        &local(),
        &Options {
            sign: Some(SignMode::Resign),
            ..Options::default()
        },
    );
    assert!(e.unwrap_err().to_string().contains("TWILIO_AUTH_TOKEN"));
}

#[test]
fn public_urls() {
    for (public, signed, host, proto) in [
        (
            "https://x.ngrok.app",
            "https://x.ngrok.app/v?a=1",
            "x.ngrok.app",
            "https",
        ),
        (
            "https://x.ngrok.app/",
            "https://x.ngrok.app/v?a=1",
            "x.ngrok.app",
            "https",
        ),
        ("http://x.test:8080", "http://x.test:8080/v?a=1", "x.test:8080", "http"),
        ("https://x.test/pre/v", "https://x.test/pre/v?a=1", "x.test", "https"),
        ("https://x.test/pre?b=2", "https://x.test/pre?b=2", "x.test", "https"),
        ("x.ngrok.app", "https://x.ngrok.app/v?a=1", "x.ngrok.app", "https"),
        ("https://u:p@x.test/#f", "https://x.test/v?a=1", "x.test", "https"),
    ] {
        let mut recorded = form("https://old/v?a=1", &[("A", "1")]);
        recorded.headers = pairs(&[
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "old"),
            ("Forwarded", "x"),
        ]);
        let plan = twilio(
            &recorded,
            &Options {
                public_url: Some(public.to_owned()),
                ..signing()
            },
        );
        assert_eq!(plan.signed_url.as_deref(), Some(signed), "{public}");
        assert_eq!(plan.url, "http://localhost:3000/v?a=1");
        assert_eq!(plan.host_header, host);
        assert_eq!(header(&plan, "host"), Some(host));
        assert_eq!(header(&plan, "x-forwarded-host"), Some(host));
        assert_eq!(header(&plan, "x-forwarded-proto"), Some(proto));
        assert_eq!(header(&plan, "forwarded"), None);
        let signature = header(&plan, "x-twilio-signature").unwrap();
        assert!(verify(
            signature,
            signed,
            recorded.params(),
            None,
            &token(),
            Algorithm::HmacSha1
        ));
    }
    for bad in ["ftp://x", "https://", "https://x\r\nY: z", "https://x y"] {
        let options = Options {
            public_url: Some(bad.to_owned()),
            ..signing()
        };
        let got = plan(
            Provider::Twilio,
            RequestKind::Voice,
            &form("https://a/v", &[]),
            &local(),
            &options,
        );
        assert!(matches!(got, Err(PlanError::BadPublicUrl { .. })), "{bad:?}");
    }
}

#[test]
fn recorded_headers_win_but_not_those_of_the_connection() {
    let mut recorded = form("https://a/v", &[("A", "1")]);
    recorded.headers = pairs(&[
        ("host", "a"),
        ("user-agent", "TwilioProxy/1.2"),
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("content-length", "999"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("i-twilio-idempotency-token", "7d7bd"),
        ("accept-encoding", "gzip, br"),
        ("x-forwarded-proto", "https"),
        ("x-twilio-webhooks-signature-settings", "key=k,algorithm=HMAC_SHA256"),
        ("x-two", "1"),
        ("x-two", "2"),
        ("x-bad", "a\r\nInjected: 1"),
    ]);
    let plan = twilio(&recorded, &signing());
    let wire = wire(&plan);
    let head = wire.split("\r\n\r\n").next().unwrap();
    let signature = header(&plan, "x-twilio-signature").unwrap();
    assert_eq!(
        head,
        format!(
            "POST /v HTTP/1.1\r\nHost: localhost:3000\r\nUser-Agent: TwilioProxy/1.2\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nI-Twilio-Idempotency-Token: 7d7bd\r\n\
             Accept-Encoding: gzip\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 3\r\nX-Twilio-Signature: {signature}"
        )
    );
    assert_eq!(plan.notes.len(), 3, "{:?}", plan.notes);
}

#[test]
fn edits_change_what_is_signed_and_sent() {
    let edits = Edits {
        set: pairs(&[("Digits", "2")]),
        unset: vec!["Old".to_owned()],
        headers: pairs(&[("X-Me", "1"), ("accept", ""), ("Host", "app.test")]),
    };
    let recorded = form("https://a/v", &[("Digits", "1"), ("Old", "x")]);
    let plan = twilio(&recorded, &Options { edits, ..signing() });
    assert!(plan.edited);
    assert_eq!(plan.body, b"Digits=2");
    assert_eq!((header(&plan, "x-me"), header(&plan, "accept")), (Some("1"), None));
    assert_eq!(plan.signed_url.as_deref(), Some("http://app.test/v"));
    let signature = header(&plan, "x-twilio-signature").unwrap();
    assert!(verify(
        signature,
        "http://app.test/v",
        &pairs(&[("Digits", "2")]),
        None,
        &token(),
        Algorithm::HmacSha1
    ));
    assert_eq!(recorded.param("Digits"), Some("1"));

    let edits = Edits {
        set: pairs(&[("result.actions.value", "1")]),
        ..Edits::default()
    };
    let body = br#"{"result":{"z":1.0,"actions":{"value":"9"}}}"#.to_vec();
    let recorded = request("POST", "http://a/", Payload::Json(body));
    let options = Options {
        edits,
        ..Options::default()
    };
    let plan = super::plan(Provider::Tropo, RequestKind::Result, &recorded, &local(), &options).unwrap();
    assert_eq!(plan.body, br#"{"result":{"z":1.0,"actions":{"value":"1"}}}"#);
    assert!(plan.edited);
}

#[test]
fn what_cannot_stand_in_a_request_line_is_encoded_and_said() {
    let plan = twilio(&form("https://a/caf\u{e9} \"b`?q=\"<\r\nX: y>`{}|#f", &[]), &signing());
    assert_eq!(plan.path, "/caf%C3%A9%20\"b%60?q=%22%3C%0D%0AX:%20y%3E`{}|");
    assert_eq!(plan.notes.len(), 1);
    assert!(plan.wire().is_ok());
}

#[test]
fn what_cannot_be_sent_says_why() {
    let long = format!("https://a/{}", "x".repeat(70_000));
    for (url, says) in [
        ("", "no URL"),
        ("sip:a@b", "SIP"),
        ("/voice", "absolute"),
        ("ftp://a/b", "absolute"),
        ("http://a/[click on link for full URL]", "cut"),
        (&long, "long"),
    ] {
        let e = plan(
            Provider::Twilio,
            RequestKind::Voice,
            &form(url, &[]),
            &local(),
            &signing(),
        )
        .unwrap_err();
        assert!(e.to_string().contains(says), "{url}: {e}");
    }
    let mut invite = form("https://a", &[]);
    invite.method = Some("INVITE".to_owned());
    assert!(plan(Provider::Twilio, RequestKind::Voice, &invite, &local(), &signing()).is_err());
    assert!(
        plan(
            Provider::Twilio,
            RequestKind::Api,
            &form("https://a", &[]),
            &local(),
            &signing()
        )
        .is_err()
    );
}

#[test]
fn no_secret_in_debug_output() {
    let options = Options {
        auth_token: Some(Secret::new("hunter2")),
        ..Options::default()
    };
    let plan = twilio(&form("https://u:hunter2@a/v", &[]), &options);
    assert!(!format!("{options:?} {plan:?}").contains("hunter2"));
}

// ---- sending

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

fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65536];
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

#[test]
fn a_silent_server_times_out() {
    let (hold, held) = mpsc::channel::<()>();
    let server = Server::new(move |stream| {
        let _ = held.recv();
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
        Some("11203")
    );
    drop(hold);
    server.only_request();
}

#[test]
fn a_dripping_body_times_out_and_keeps_what_came() {
    let (hold, held) = mpsc::channel::<()>();
    let server = Server::new(move |mut stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<Resp")
            .unwrap();
        let _ = held.recv();
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
    assert!(sent.error.unwrap().to_string().contains(&format!("nothing listens on")));

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
    let bomb = gzip(&vec![0; 50 << 20]);
    let sent = Server::answering(encoded("gzip", &bomb)).voice(&signing());
    assert_eq!((sent.body.len(), sent.truncated), (KEEP, true));
    let sent = Server::answering(encoded("gzip", b"not gzip")).voice(&signing());
    assert_eq!(sent.error, Some(TransportError::Encoding("gzip".to_owned())));
    assert_eq!(sent.body, b"not gzip");
}

// ---- anything at all

mod any {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ -~]{0,20}", "\\PC{0,8}", "[\r\n\t\0:=&?#/@%. a-c]{0,16}"]
    }

    fn some_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec((text(), text()), 0..5)
    }

    fn url() -> impl Strategy<Value = String> {
        prop_oneof![
            text(),
            text().prop_map(|t| format!("https://h/{t}")),
            text().prop_map(|t| format!("http://{t}"))
        ]
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_framing(
            url in url(),
            method in prop_oneof![Just("POST".to_owned()), Just("GET".to_owned()), text()],
            params in some_pairs(),
            headers in some_pairs(),
            set in some_pairs(),
            added in some_pairs(),
            public in prop::option::of(url()),
            json in prop::option::of(text()),
            tropo: bool,
        ) {
            let payload = json.map_or(Payload::Form(params), |j| Payload::Json(j.into_bytes()));
            let recorded = Request { method: Some(method), url: Some(url), headers, payload };
            let edits = Edits { set, unset: vec!["a".to_owned()], headers: added };
            let options = Options { edits, public_url: public, ..signing() };
            let provider = if tropo { Provider::Tropo } else { Provider::Twilio };
            if let Ok(plan) = plan(provider, RequestKind::Voice, &recorded, &local(), &options) {
                let bytes = plan.wire().unwrap();
                let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                let head = String::from_utf8_lossy(&bytes[..end]);
                // Every line of the head is the request line or one planned header.
                prop_assert_eq!(head.split(['\r', '\n']).filter(|l| !l.is_empty()).count(), 1 + plan.headers.len());
                prop_assert_eq!(head.lines().next().unwrap().split(' ').count(), 3);
                prop_assert_eq!(&bytes[end + 4..], &plan.body[..]);
            }
        }

        #[test]
        fn targets_never_panic(to in text(), allow in text()) {
            let _ = Target::parse(&to, &[allow]);
        }
    }
}
