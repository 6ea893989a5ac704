//! Every way in which an answer can go wrong on the wire, and the code that the platform would raise for it.
//!
//! The server writes bytes made by hand; the real program sends and judges. Times are not waited for: where the program has to give up,
//! it is told to after 0.3 s, and the server holds the connection until it does.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Redial, redial};

const OK: &str = "<Response><Say>Hello.</Say></Response>";

/// What is asked, as the parameters of a platform's request.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Voice,
    Gather,
    Message,
    Status,
    Recording,
}

impl Ask {
    fn form(self) -> &'static str {
        match self {
            Self::Voice => "CallSid=CA00000000000000000000000000000001&From=%2B12025550141&CallStatus=ringing",
            Self::Gather => {
                "CallSid=CA00000000000000000000000000000001&From=%2B12025550141&CallStatus=in-progress&Digits=1"
            }
            Self::Message => {
                "MessageSid=SM00000000000000000000000000000001&SmsStatus=received&From=%2B12025550141&Body=Hi"
            }
            Self::Status => {
                "CallSid=CA00000000000000000000000000000001&CallStatus=completed&CallbackSource=call-progress-events&SequenceNumber=0"
            }
            Self::Recording => {
                "CallSid=CA00000000000000000000000000000001&RecordingStatus=completed&RecordingUrl=http%3A%2F%2Fa"
            }
        }
    }
}

/// What the server does once its bytes are written.
#[derive(Clone, Copy, Debug)]
enum Then {
    Close,
    /// Waits until the other side has had enough.
    Hold,
}

struct Case {
    fault: &'static str,
    ask: Ask,
    answers: Vec<Vec<u8>>,
    then: Then,
    /// The code of the verdict; empty where it passes, `null` where it does not and the platform's code is not known.
    code: &'static str,
    /// In the message of a problem.
    says: &'static str,
}

fn case(fault: &'static str, ask: Ask, answer: impl Into<Vec<u8>>, code: &'static str, says: &'static str) -> Case {
    Case {
        fault,
        ask,
        answers: vec![answer.into()],
        then: Then::Close,
        code,
        says,
    }
}

fn http(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{body}",
        head.replace('|', "\r\n"),
        body.len()
    )
}

fn xml(body: &str) -> String {
    http("200 OK|Content-Type: text/xml", body)
}

/// Few bytes that unpack to more than is kept.
fn bomb() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&vec![b'x'; 3 << 20]).unwrap();
    let packed = gzip.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    [head.into_bytes(), packed].concat()
}

fn statuses() -> Vec<Case> {
    use Ask::{Gather, Message, Recording, Status, Voice};
    vec![
        case("none", Voice, xml(OK), "", ""),
        case(
            "status 500",
            Voice,
            http("500 Oops|Content-Type: text/html", "<h1>Oops"),
            "11200",
            "exception in the app",
        ),
        case("status 404", Message, http("404 Not Found", ""), "11200", "no route"),
        case("status 403", Gather, http("403 Forbidden", ""), "11200", "signature"),
        case(
            "status 500 to a status callback",
            Status,
            http("500 Oops", ""),
            "15003",
            "exception",
        ),
        case(
            "status 500 to a recording callback",
            Recording,
            http("500 Oops", ""),
            "11200",
            "exception",
        ),
        case(
            "JSON to a status callback",
            Status,
            http("200 OK|Content-Type: application/json", "{}"),
            "15003",
            "send 204",
        ),
        case("verbs to a status callback", Status, xml(OK), "", "not run"),
        case(
            "204 to a status callback",
            Status,
            "HTTP/1.1 204 No Content\r\n\r\n",
            "",
            "",
        ),
        case(
            "204 to a call",
            Voice,
            "HTTP/1.1 204 No Content\r\n\r\n",
            "11770",
            "nothing to run",
        ),
        case("204 to a message", Message, "HTTP/1.1 204 No Content\r\n\r\n", "", ""),
    ]
}

fn contents() -> Vec<Case> {
    use Ask::{Message, Voice};
    let big = format!("<Response><!--{}--></Response>", "x".repeat(70_000));
    let html = "<!DOCTYPE html><html><title>Login</title></html>";
    vec![
        case("empty", Voice, xml(""), "11770", "nothing to run"),
        case(
            "chunked and empty",
            Voice,
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "11770",
            "chunked and empty",
        ),
        case("no content type", Voice, http("200 OK", OK), "11200", "no Content-Type"),
        case(
            "JSON",
            Voice,
            http("200 OK|Content-Type: application/json", "{}"),
            "12300",
            "application/json",
        ),
        case(
            "words",
            Voice,
            http("200 OK|Content-Type: text/plain", "Hello"),
            "",
            "read aloud",
        ),
        case(
            "words to a message",
            Message,
            http("200 OK|Content-Type: text/plain", "Hello"),
            "",
            "sent as the reply",
        ),
        case(
            "TwiML as words",
            Voice,
            http("200 OK|Content-Type: text/plain", OK),
            "",
            "send it as text/xml",
        ),
        case(
            "sound",
            Voice,
            http("200 OK|Content-Type: audio/mpeg", "ID3"),
            "",
            "played to the caller",
        ),
        case(
            "sound to a message",
            Message,
            http("200 OK|Content-Type: audio/mpeg", "ID3"),
            "12300",
            "audio/mpeg",
        ),
        case(
            "an HTML page",
            Voice,
            http("200 OK|Content-Type: text/html", html),
            "12100",
            "HTML page",
        ),
        case("too long", Voice, xml(&big), "11750", "65536"),
        case(
            "too long to be unpacked",
            Voice,
            bomb(),
            "11750",
            "is more than 1 MiB long",
        ),
        case(
            "a character set that the bytes deny",
            Voice,
            http(
                "200 OK|Content-Type: text/xml; charset=iso-8859-1",
                "<Response><Say>ü</Say></Response>",
            ),
            "",
            "charset=utf-8",
        ),
        case(
            "not well-formed",
            Voice,
            xml("<Response><Say>a & b</Say></Response>"),
            "12100",
            "&amp;",
        ),
    ]
}

fn wire() -> Vec<Case> {
    use Ask::Voice;
    let encoded = |coding: &str| {
        http(
            &format!("200 OK|Content-Type: text/xml|Content-Encoding: {coding}"),
            "not packed",
        )
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n";
    vec![
        case("an unknown encoding", Voice, encoded("br"), "12100", "`br`"),
        case("a broken encoding", Voice, encoded("gzip"), "11206", "not valid gzip"),
        case("closed without an answer", Voice, "", "11205", "without an answer"),
        case(
            "closed in the head",
            Voice,
            "HTTP/1.1 200 OK\r\nContent-",
            "11205",
            "closed",
        ),
        case(
            "shorter than its length",
            Voice,
            format!("{head}Content-Length: 999\r\n\r\n{OK}"),
            "11205",
            "in the middle",
        ),
        case(
            "longer than its length",
            Voice,
            format!("{head}Content-Length: 12\r\n\r\n{OK}"),
            "12100",
            "",
        ),
        case(
            "no last chunk",
            Voice,
            format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n<Resp\r\n"),
            "11205",
            "in the middle",
        ),
        case(
            "no number of a chunk",
            Voice,
            format!("{head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            "11206",
            "not HTTP/1",
        ),
        case(
            "no HTTP at all",
            Voice,
            "SSH-2.0-OpenSSH_9.9\r\n",
            "11206",
            "not HTTP/1",
        ),
        case(
            "a head without sense",
            Voice,
            "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            "11206",
            "not HTTP/1",
        ),
        Case {
            then: Then::Hold,
            ..case("no answer in time", Voice, "", "11205", "no answer within 300 ms")
        },
        Case {
            then: Then::Hold,
            ..case(
                "no end in time",
                Voice,
                format!("{head}Content-Length: 99\r\n\r\n<Resp"),
                "11205",
                "no end of the answer",
            )
        },
    ]
}

fn redirects() -> Vec<Case> {
    use Ask::{Gather, Status, Voice};
    let to =
        |status: u16, location: &str| http(&format!("{status} Redirect|Location: {location}|Connection: close"), "");
    let chain = |fault, status, says| Case {
        answers: vec![to(status, "/next").into(), xml(OK).into()],
        ..case(fault, Gather, "", "", says)
    };
    vec![
        chain("301", 301, "so Digits, CallSid, CallStatus, From and 2 more are lost"),
        chain("302", 302, "so Digits, CallSid, CallStatus, From and 2 more are lost"),
        chain("303", 303, "signed for the new URL"),
        chain("307", 307, "but Digits of a Gather action is not sent again"),
        case("308", Voice, to(308, "/next"), "11216", "does not follow"),
        case(
            "304",
            Voice,
            "HTTP/1.1 304 Not Modified\r\n\r\n",
            "11216",
            "does not follow",
        ),
        case(
            "no location",
            Voice,
            http("302 Found", ""),
            "11216",
            "without a Location",
        ),
        case("a bad location", Voice, to(302, "http://["), "11216", "not a URL"),
        case(
            "a location with a blank",
            Voice,
            to(302, "ht tp://["),
            "11216",
            "blanks",
        ),
        case(
            "a location without its scheme",
            Voice,
            to(302, "127.0.0.1:3000/x"),
            "11216",
            "begin with a slash",
        ),
        case(
            "a location that is no web server",
            Voice,
            to(302, "tel:+12025550141"),
            "11216",
            "not a URL",
        ),
        case(
            "another host",
            Gather,
            to(302, "http://198.51.100.7/login"),
            "null",
            "another host",
        ),
        case(
            "another scheme",
            Voice,
            to(302, "https://127.0.0.1/x"),
            "null",
            "force-https",
        ),
        case(
            "another port",
            Voice,
            to(307, "http://127.0.0.1:1/x"),
            "null",
            "another port",
        ),
        case(
            "another host of a status callback",
            Status,
            to(302, "http://198.51.100.7/"),
            "null",
            "another host",
        ),
        // The request was recorded at a.example, for which the target stands.
        Case {
            answers: vec![to(307, "https://a.example/next").into(), xml(OK).into()],
            ..case("the recorded host", Voice, "", "", "followed at the target")
        },
        case(
            "the recorded host, once more with https",
            Voice,
            to(301, "https://a.example/voice"),
            "null",
            "force-https",
        ),
        Case {
            answers: (0..11).map(|_| to(302, "/voice").into()).collect(),
            ..case("a circle", Voice, "", "11215", "after 10 redirects")
        },
        Case {
            answers: vec![to(302, "/next").into(), http("500 Oops", "").into()],
            ..case("an error behind a redirect", Voice, "", "11200", "exception")
        },
    ]
}

/// One verdict of the program for one recorded request.
fn verdict(ask: Ask, url: &str, with: impl FnOnce(Redial) -> Redial) -> Value {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("request.http");
    let form = format!(
        "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&{}",
        ask.form()
    );
    let head = format!(
        "POST /voice HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}",
        form.len()
    );
    fs::write(&file, format!("{head}\r\n\r\n{form}")).unwrap();
    let run = redial(["replay", "--json", "--all", "--to", url, "--timeout"]);
    let ran = with(run).arg(&file).run();
    let mut replays = ran.of("replay");
    assert_eq!(replays.len(), 1, "{}{}", ran.out, ran.err);
    let verdict = replays.remove(0)["verdict"].take();
    assert_eq!(ran.code, i32::from(verdict["pass"] == false), "{verdict}");
    verdict
}

/// Reads the head and body of a request; true where one came.
fn take_request(stream: &mut impl Read) -> bool {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap_or(0);
        all.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&all);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: "));
            body.len() >= length.map_or(0, |l| l.parse().unwrap())
        });
        if whole || n == 0 {
            return whole;
        }
    }
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    // Only so that a test which goes wrong ends at all.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn judged(case: &Case) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answers, then) = (case.answers.clone(), case.then);
    let server = thread::spawn(move || {
        for answer in answers {
            let mut stream = accept(&listener);
            assert!(take_request(&mut stream));
            // The other side may have left: the verdict tells.
            let _ = stream.write_all(&answer);
            if matches!(then, Then::Hold) {
                let _ = stream.read(&mut [0]);
            }
        }
    });
    let patience = if matches!(case.then, Then::Hold) { "0.3" } else { "30" };
    let verdict = verdict(case.ask, &url, |r| r.arg(patience));
    server.join().unwrap();
    verdict
}

/// What of the verdict is not as expected.
fn wrong(fault: &str, verdict: &Value, code: &str, says: &str) -> Option<String> {
    let problems = verdict["problems"].as_array().unwrap();
    let said = says.is_empty() || problems.iter().any(|p| p["message"].as_str().unwrap().contains(says));
    // Warnings of the document itself are another matter, but what is fine must not be called wrong.
    let clean = !(code.is_empty() && says.is_empty()) || problems.is_empty();
    let unknown = if verdict["pass"] == true { "" } else { "null" };
    let fits = verdict["code"].as_str().unwrap_or(unknown) == code && verdict["pass"] == code.is_empty();
    (!(said && fits && clean)).then(|| format!("{fault}: wanted {code} `{says}`, got {verdict}"))
}

#[track_caller]
fn all_as_expected(cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| wrong(case.fault, &judged(case), case.code, case.says))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn statuses_and_callbacks() {
    all_as_expected(&statuses());
}

#[test]
fn types_and_lengths() {
    all_as_expected(&contents());
}

#[test]
fn broken_on_the_wire() {
    all_as_expected(&wire());
}

#[test]
fn redirects_as_twilio_follows_them() {
    all_as_expected(&redirects());
}

#[test]
fn nobody_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let verdict = verdict(Ask::Voice, &format!("http://{closed}"), |r| r.arg("30"));
    assert_eq!(wrong("refused", &verdict, "11202", "start your server"), None);
}

/// A certificate, and the key to it.
struct Identity {
    pem: String,
    config: Arc<ServerConfig>,
}

/// A certificate for a name, changed as the fault wants it, signed by `root` or by itself.
fn identity(
    name: &str,
    root: Option<&rcgen::Issuer<'_, rcgen::KeyPair>>,
    change: impl FnOnce(&mut rcgen::CertificateParams),
) -> Identity {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = match root {
        Some(root) => params.signed_by(&key, root),
        None => params.self_signed(&key),
    };
    let certificate = certificate.unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    Identity {
        pem: certificate.pem(),
        config: Arc::new(config),
    }
}

/// The verdict on a server that shows this certificate, with `trusted` as the only root of the system.
fn over_tls(identity: Option<&Identity>, trusted: &str, then: Then) -> Value {
    let folder = TempDir::new().unwrap();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, trusted).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let config = identity.map(|i| Arc::clone(&i.config));
    let server = thread::spawn(move || {
        let mut tcp = accept(&listener);
        match (config, then) {
            (Some(config), _) => {
                let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
                if take_request(&mut stream) {
                    stream.write_all(xml(OK).as_bytes()).unwrap();
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                }
            }
            (None, Then::Close) => drop(tcp.write_all(http("400 Bad Request", "").as_bytes())),
            (None, Then::Hold) => while tcp.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {},
        }
    });
    let patience = if matches!(then, Then::Hold) { "0.3" } else { "30" };
    let roots = roots.to_str().unwrap().to_owned();
    let verdict = verdict(Ask::Voice, &url, |r| {
        r.arg(patience).env("SSL_CERT_FILE", &roots).env("SSL_CERT_DIR", "")
    });
    server.join().unwrap();
    verdict
}

#[cfg(target_os = "linux")]
#[test]
fn certificates() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let root_pem = params.self_signed(&key).unwrap().pem();
    let root = rcgen::Issuer::new(params, key);
    let past = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let future = |params: &mut rcgen::CertificateParams| params.not_before = rcgen::date_time_ymd(2900, 1, 1);
    let good = identity("localhost", Some(&root), |_| {});
    let own = identity("localhost", None, |_| {});
    let wrongs: Vec<String> = [
        ("good", &good, "", ""),
        ("expired", &identity("localhost", Some(&root), past), "11236", "renew"),
        (
            "not valid yet",
            &identity("localhost", Some(&root), future),
            "11236",
            "certificate",
        ),
        (
            "another name",
            &identity("other.example", Some(&root), |_| {}),
            "11235",
            "use the name",
        ),
        ("self-signed", &own, "11237", "self-signed"),
    ]
    .into_iter()
    .filter_map(|(fault, identity, code, says)| {
        assert!(identity.pem.starts_with("-----BEGIN"));
        wrong(fault, &over_tls(Some(identity), &root_pem, Then::Close), code, says)
    })
    .collect();
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));

    let plain = over_tls(None, &root_pem, Then::Close);
    assert_eq!(wrong("plain http", &plain, "11220", "TLS"), None);
    let silent = over_tls(None, &root_pem, Then::Hold);
    assert_eq!(
        wrong(
            "no handshake",
            &silent,
            "11220",
            "no end of the handshake within 300 ms"
        ),
        None
    );
}
