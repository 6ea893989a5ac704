//! What is decided without a connection: signatures behind tunnels, and bodies as events.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::Value;

use super::check::{Checker, Content, Signed};
use super::events::{NoEvent, of_form, of_json};
use super::receive::{Shared, Tally};
use super::{Limits, Tell, Told, public};
use crate::config::Secret;
use crate::signature::{Algorithm, sign, with_body_sha256};
use crate::store::{EventKind, NewEvent, StoreError, Writer};

const TOKEN: &str = "12345";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let one = |(n, v): &(&str, &str)| (n.parse::<HeaderName>().unwrap(), HeaderValue::from_str(v).unwrap());
    pairs.iter().map(one).collect()
}

fn checker(public_url: Option<&str>) -> Checker {
    Checker {
        token: Some(Secret::new(TOKEN)),
        public_url: public_url.map(|u| public(u).unwrap()),
    }
}

/// Signs a JSON body for a URL; what Twilio asks for then, and the header.
fn signed(url: &str, body: &[u8]) -> (String, String) {
    let url = with_body_sha256(url, body);
    let signature = sign(&url, &[], &Secret::new(TOKEN), Algorithm::HmacSha1);
    let target = url.splitn(4, '/').nth(3).map_or_else(
        || format!("/{}", &url[url.find('?').unwrap()..]),
        |rest| format!("/{rest}"),
    );
    (target, signature)
}

fn judge(checker: &Checker, target: &str, pairs: &[(&str, &str)]) -> Signed {
    checker.check(&target.parse().unwrap(), &headers(pairs), Content::Json(b"{}"))
}

#[test]
fn every_vector_of_twilios_libraries() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/data/signature-vectors.json")).unwrap();
    let mut with_shared_key = 0;
    for (set, valid) in [("valid", true), ("invalid", false)] {
        for v in vectors[set].as_array().unwrap() {
            let text = |name: &str| v[name].as_str().unwrap_or_default();
            let params: Vec<(String, String)> = serde_json::from_value(v["params"].clone()).unwrap();
            let mut form = form_urlencoded::Serializer::new(String::new());
            let form = form.extend_pairs(&params).finish();
            let content = match v["body"].as_str() {
                Some(body) if params.is_empty() => Content::Json(body.as_bytes()),
                _ => Content::Form(form.as_bytes()),
            };
            let url = text("request_url");
            let path = url.find("://").unwrap() + 3;
            let path = path + url[path..].find('/').unwrap();
            let (host, target) = (&url[..path], url[path..].parse::<Uri>().unwrap());
            let sha256 = text("algorithm") == "HMAC_SHA256";
            let mut pairs = vec![("host", host.split("://").nth(1).unwrap())];
            if !text("signature").is_empty() {
                pairs.push(("x-twilio-signature", text("signature")));
            }
            if sha256 {
                with_shared_key += 1;
                pairs.push(("x-twilio-webhooks-signature-settings", "key=k,algorithm=HMAC_SHA256"));
            }
            for public_url in [Some(host), None] {
                let checker = Checker {
                    token: Some(Secret::new(text("auth_token"))),
                    public_url: public_url.map(str::to_owned),
                };
                let told = checker.check(&target, &headers(&pairs), content);
                let fits = matches!(told, Signed::Valid { .. });
                assert_eq!(fits, valid && !sha256, "{}: {told:?}", text("id"));
                if sha256 {
                    assert!(
                        matches!(&told, Signed::No(why) if why.contains("shared key")),
                        "{told:?}"
                    );
                }
            }
        }
    }
    assert_eq!(with_shared_key, 1);
}

#[test]
fn the_url_behind_a_tunnel_is_found() {
    let at = |url: &str, pairs: &[(&str, &str)]| {
        let (target, signature) = signed(url, b"{}");
        let all = [&[("x-twilio-signature", signature.as_str())], pairs].concat();
        matches!(judge(&checker(None), &target, &all), Signed::Valid { .. })
    };
    let host = "a.ngrok.app";
    // ngrok passes the public host on; others put their own there and say it beside.
    assert!(at("https://a.ngrok.app/e", &[("host", host)]));
    assert!(at(
        "https://a.ngrok.app/e",
        &[("host", "127.0.0.1:4040"), ("x-forwarded-host", host)]
    ));
    assert!(at(
        "https://a.ngrok.app/e",
        &[
            ("host", "localhost"),
            ("x-forwarded-host", "a.ngrok.app, inner"),
            ("x-forwarded-proto", "https, http")
        ]
    ));
    assert!(at(
        "https://a.ngrok.app/e",
        &[
            ("host", "localhost"),
            ("forwarded", "for=1.2.3.4;host=\"a.ngrok.app\";proto=https, for=x")
        ]
    ));
    assert!(at("http://192.0.2.7:4040/", &[("host", "192.0.2.7:4040")]));
    assert!(!at("https://a.ngrok.app/e", &[("host", "b.ngrok.app")]));
    assert!(!at("https://a.ngrok.app/e", &[]));
}

#[test]
fn a_public_url_stands_for_ours() {
    let at = |url: &str, public_url: &str, target: Option<&str>| {
        let (own, signature) = signed(url, b"{}");
        let query = &own[own.find('?').unwrap()..];
        let target = target.map_or(own.clone(), |t| format!("{t}{query}"));
        let pairs = [("x-twilio-signature", signature.as_str()), ("host", "127.0.0.1:4040")];
        matches!(judge(&checker(Some(public_url)), &target, &pairs), Signed::Valid { .. })
    };
    assert!(at("https://x.example/e", "https://x.example", None));
    assert!(at("https://x.example/e", "https://x.example/", None));
    assert!(at("https://x.example:8443/e", "https://x.example:8443", None));
    // Below a path, which the proxy cut off or did not.
    assert!(at("https://x.example/hooks/e", "https://x.example/hooks", Some("/e")));
    assert!(at("https://x.example/hooks/e", "https://x.example/hooks/", None));
    assert!(at("https://x.example/hooks", "https://x.example/hooks", Some("/")));
    // Without any path.
    assert!(at("https://x.example", "https://x.example", None));
    assert!(!at("https://x.example/e", "https://y.example", None));
    assert!(!at("https://x.example/e", "https://x.example", Some("/f")));
    for wrong in ["", "x.example", "ftp://x.example", "https://", "https://x example"] {
        assert!(public(wrong).is_err(), "{wrong}");
    }
    assert_eq!(public(" https://x.example/a?b#c").unwrap(), "https://x.example/a");
}

#[test]
fn why_a_signature_does_not_fit() {
    let why = |checker: &Checker, target: &str, pairs: &[(&str, &str)]| match judge(checker, target, pairs) {
        Signed::No(why) => why,
        other => panic!("{other:?}"),
    };
    let host = ("host", "127.0.0.1");
    assert!(why(&checker(None), "/", &[host]).contains("no X-Twilio-Signature"));
    assert!(why(&checker(None), "/", &[host, ("x-twilio-signature", "AAAA")]).contains("no bodySHA256"));
    let (target, signature) = signed("https://x.example/e", b"{}");
    let fitting = ("x-twilio-signature", signature.as_str());
    let text = why(&checker(None), &target, &[host, fitting]);
    assert!(
        text.contains("--public-url") && text.contains("//127.0.0.1/e"),
        "{text}"
    );
    let text = why(&checker(Some("https://y.example")), &target, &[host, fitting]);
    assert!(text.contains("https://y.example/e"), "{text}");
    let settings = ("x-twilio-webhooks-signature-settings", "key=k,algorithm=ED25519");
    assert!(why(&checker(None), &target, &[fitting, settings]).contains("ED25519"));
    // The signature covers the body that came.
    let other =
        checker(Some("https://x.example")).check(&target.parse().unwrap(), &headers(&[fitting]), Content::Json(b"{ }"));
    assert!(matches!(other, Signed::No(_)), "{other:?}");
    let unchecked = Checker {
        token: None,
        public_url: None,
    };
    assert_eq!(judge(&unchecked, "/", &[]), Signed::Unchecked);
}

fn one(all: Result<Vec<NewEvent>, NoEvent>) -> NewEvent {
    let mut all = all.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn a_debugger_event_and_its_facts() {
    let form = include_str!("../../../tests/data/shapes/twilio/debugger-11200-sms-total-timeout.form");
    let e = one(of_form(form));
    assert_eq!(e.key, "NO42c4762959e63d990f1ec746b8d6a67e");
    assert_eq!(e.kind, EventKind::Debugger);
    assert_eq!(e.call.as_deref(), Some("SMf14f53d739369e083ca0527f2cab37f4"));
    assert_eq!((e.level.as_deref(), e.code.as_deref()), (Some("error"), Some("11200")));
    assert_eq!(e.at.map(|t| t.to_string()).as_deref(), Some("2023-06-12T18:44:24.368Z"));
    assert_eq!(e.document, form.trim());
    // The same event as JSON, as frameworks pass it on, is the same event.
    let json =
        r#"{"Sid":"NO42c4762959e63d990f1ec746b8d6a67e","Level":"WARNING","Payload":"{\"error_code\":\"11200\"}"}"#;
    let again = one(of_json(json.as_bytes()));
    assert_eq!((again.key, again.kind), (e.key, EventKind::Debugger));
    // One without an id is known by its text.
    let bare = one(of_form("Level=ERROR&Payload=%7B%7D"));
    assert_eq!(bare.key, NewEvent::key_of(b"Level=ERROR&Payload=%7B%7D"));
}

#[test]
fn event_streams_in_all_their_forms() {
    let event = |id: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"com.twilio.messaging.message.sent","source":"/x","id":"{id}","time":"2026-01-02T03:04:05Z","data":{{"messageSid":"SM0123456789abcdef0123456789abcdef"}}}}"#
        )
    };
    let single = one(of_json(event("EZ1").as_bytes()));
    assert_eq!((single.key.as_str(), single.kind), ("EZ1", EventKind::Stream));
    assert_eq!(single.document, event("EZ1"));
    let array = format!(
        "\u{FEFF} [{}, {},\n{{\"unknown\": 1.50}}, \"text\"]",
        event("EZ1"),
        event("EZ2")
    );
    let all = of_json(array.as_bytes()).unwrap();
    let keys: Vec<&str> = all.iter().map(|e| e.key.as_str()).collect();
    assert_eq!(keys[..2], ["EZ1", "EZ2"]);
    // What is not known is kept as it came.
    assert_eq!(all[2].document, "{\"unknown\": 1.50}");
    assert_eq!(keys[2], NewEvent::key_of(b"{\"unknown\": 1.50}"));
    assert_eq!(all[3].document, "\"text\"");
    assert!(all.iter().all(|e| e.kind == EventKind::Stream));
    assert_eq!(of_json(b"[]").unwrap(), []);
}

#[test]
fn what_cannot_be_an_event() {
    for body in ["", "  ", "hello", "\0=\0"] {
        assert!(matches!(of_form(body), Err(NoEvent::Unreadable(_))), "{body:?}");
    }
    for body in ["", "{", "[{]", "5", "\"text\"", "null", "{} {}", "Sid=NO1"] {
        assert!(
            matches!(of_json(body.as_bytes()), Err(NoEvent::Unreadable(_))),
            "{body:?}"
        );
    }
    assert!(matches!(of_json(b"{\"a\":\"\xff\"}"), Err(NoEvent::Unreadable(_))));
    let many = format!("[{}1]", "1,".repeat(10_000));
    assert_eq!(of_json(many.as_bytes()), Err(NoEvent::TooMany));
    // A form that is not the debugger's may still tell something.
    let other = one(of_form(
        "CallSid=CA0123456789abcdef0123456789abcdef&AccountSid=AC0123456789abcdef0123456789abcdef",
    ));
    assert_eq!(other.call.as_deref(), Some("CA0123456789abcdef0123456789abcdef"));
    assert!(other.key.starts_with("sha256:"));
    // An id that is none.
    let long = format!("Sid={}&Payload=%7B%7D", "N".repeat(5_000));
    assert!(one(of_form(&long)).key.starts_with("sha256:"));
}

#[test]
fn a_small_event_does_not_show_that_a_full_disk_has_room() {
    let folder = tempfile::TempDir::new().unwrap();
    let writer = Writer::start(&folder.path().join("store.db")).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let shared = Shared {
        writer: writer.handle(),
        checker: checker(None),
        limits: Limits::default(),
        tell: Tell(Mutex::new(Box::new(move |t| drop(tell.send(t))))),
        tally: Tally::default(),
        troubled: AtomicBool::new(false),
        no_room: AtomicU64::new(0),
        no_room_at: AtomicU64::new(0),
        committed: AtomicU64::new(0),
        begun: Instant::now(),
    };
    let full = || StoreError::Full {
        path: "store.db".into(),
    };
    shared.wrote(100);
    assert!(shared.lately());
    shared.failed(&full(), 200_000);
    assert!(matches!(told.try_recv(), Ok(Told::StoreTrouble(_))));
    for bytes in [100, 70_000] {
        shared.wrote(bytes);
        assert!(!shared.lately(), "{bytes}");
    }
    assert!(told.try_recv().is_err());
    shared.wrote(200_000);
    assert!(shared.lately());
    assert_eq!(told.try_recv(), Ok(Told::StoreWell));
    // Another fault is over with the next event.
    shared.failed(&StoreError::Closed, 200_000);
    shared.wrote(100);
    assert!(shared.lately());
}
