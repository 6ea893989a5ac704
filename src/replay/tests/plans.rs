//! Plans: what is recorded stays, what is asked for changes.

use super::*;
use crate::signature::{Algorithm, verify};

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

#[test]
fn a_changed_request_is_edited_where_its_owner_says_so() {
    let mut changed = form("https://a/other?k=v", &[("A", "2")]);
    changed.method = Some("put".to_owned());
    changed.headers = pairs(&[("X-Twilio-Signature", "old=")]);
    assert!(!twilio(&changed, &signing()).edited);
    let options = Options {
        edited: true,
        sign: Some(SignMode::Keep),
        ..signing()
    };
    let plan = twilio(&changed, &options);
    assert!(plan.edited && plan.signature == SignatureUse::Kept);
    assert_eq!((plan.method.as_str(), plan.path.as_str()), ("PUT", "/other?k=v"));
    assert_eq!(
        plan.notes,
        ["the kept signature was made for the request before it was edited"]
    );
    let mut given = options.clone();
    given.edits.headers = pairs(&[("X-Twilio-Signature", "own=")]);
    let plan = twilio(&changed, &given);
    assert!(
        plan.signature == SignatureUse::Kept && plan.notes.is_empty(),
        "{:?}",
        plan.notes
    );
}

/// An exchange of `redial proxy`, read from its entry and sent again.
#[test]
fn a_recorded_exchange_goes_out_with_its_own_headers() {
    let har = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/proxy.har"));
    let (_, record) = crate::format::twilio::read(har).records.swap_remove(1);
    let mut recorded = record.request.unwrap();
    let at = recorded.headers.len() - 1;
    recorded.headers.splice(
        at..at,
        pairs(&[
            ("authorization", Secret::DOTS),
            ("X-Twice", "a"),
            ("connection", "X-Hop"),
            ("X-Hop", "1"),
            ("transfer-encoding", "chunked"),
            ("X-Twice", "b"),
        ]),
    );
    let public = Options {
        public_url: Some("https://pizza.example.com".to_owned()),
        ..signing()
    };
    let gather = |options: &Options| plan(Provider::Twilio, record.request_kind, &recorded, &local(), options).unwrap();
    let plan = gather(&public);
    for (name, value) in recorded
        .headers
        .iter()
        .filter(|(n, _)| n.starts_with("i-") || n == "x-home-region")
    {
        assert_eq!(header(&plan, name), Some(value.as_str()), "{name}");
    }
    assert_eq!(header(&plan, "user-agent"), Some("TwilioProxy/1.1"));
    assert_eq!(header(&plan, "x-forwarded-for"), Some("203.0.113.7"));
    assert_eq!(plan.headers.iter().filter(|(n, _)| n == "X-Twice").count(), 2);
    for gone in ["authorization", "connection", "x-hop", "transfer-encoding"] {
        assert_eq!(header(&plan, gone), None, "{gone}");
    }
    assert!(
        plan.notes.iter().any(|n| n.starts_with("authorization was left out")),
        "{:?}",
        plan.notes
    );
    // Signed anew, for the public URL that it was recorded with.
    let signature = header(&plan, "x-twilio-signature").unwrap();
    let url = "https://pizza.example.com/menu";
    assert!(verify(
        signature,
        url,
        recorded.params(),
        None,
        &token(),
        Algorithm::HmacSha1
    ));
    assert_eq!(
        (header(&plan, "host"), header(&plan, "x-forwarded-proto")),
        (Some("pizza.example.com"), Some("https"))
    );
    // As it was recorded, where that is asked for.
    let kept = gather(&Options {
        sign: Some(SignMode::Keep),
        ..public
    });
    let old = recorded.headers.iter().find(|(n, _)| n == "x-twilio-signature");
    assert_eq!(header(&kept, "x-twilio-signature"), old.map(|(_, v)| v.as_str()));
    // The body is the same parameters in the same order.
    let body = String::from_utf8(plan.body).unwrap();
    assert!(form_urlencoded::parse(body.as_bytes()).eq(recorded.params().iter().map(|(n, v)| (n.into(), v.into()))));
}
