//! Drafts: what an editor shows, and what comes back from it.

use proptest::prelude::*;

use super::*;

/// The draft without its comment lines.
fn shown(request: &Request) -> String {
    let text = to_http(request);
    let lines = text.split_inclusive('\n');
    let own: String = lines.skip_while(|l| l.starts_with('#') || *l == "\n").collect();
    assert!(text.starts_with("# ") && own.len() < text.len());
    own
}

fn read(text: &str, original: &Request) -> (Request, Vec<(String, String)>) {
    from_http(text, original).unwrap()
}

fn unchanged(text: &str, original: &Request) {
    assert_eq!(read(text, original), (original.clone(), vec![]), "{text}");
}

fn voice() -> Request {
    let params = [
        ("CallSid", "CA1"),
        ("Digits", "1"),
        ("Digits", "a=b\\c\nd"),
        ("Speech", "é ✓ 1+1&= "),
    ];
    form("https://u:p@app.example.com/voice?x='%7e#ct=1", &params)
}

#[test]
fn a_form_is_shown_decoded() {
    assert_eq!(
        shown(&voice()),
        "POST /voice?x='%7e\nContent-Type: application/x-www-form-urlencoded\n\n\
         CallSid=CA1\nDigits=1\nDigits=a=b\\\\c\\nd\nSpeech=é ✓ 1+1&=\\u{20}\n"
    );
    unchanged(&to_http(&voice()), &voice());
}

#[test]
fn a_form_is_changed_line_by_line() {
    let text = to_http(&voice()).replace("Digits=1\n", "Digits=2\n\nNew\\=name=a\\tb\\u{1F600}=\\=\n");
    let (request, headers) = read(&text, &voice());
    assert_eq!(headers, []);
    assert_eq!(request.url, voice().url);
    let want = [
        ("CallSid", "CA1"),
        ("Digits", "2"),
        ("New=name", "a\tb😀=="),
        ("Digits", "a=b\\c\nd"),
    ];
    assert_eq!(request.params()[..4], pairs(&want));
}

#[test]
fn json_stays_byte_for_byte() {
    for body in [
        "{\"a\": 1.0,\n\t\"b\":\"é\"}",
        "{\"a\":1}\n",
        "{\r\n\"a\":1}",
        "",
        "\n\n{}\n\n",
        "not json",
    ] {
        let recorded = request("POST", "http://a/e", Payload::Json(body.as_bytes().to_vec()));
        let text = to_http(&recorded);
        assert!(
            text.ends_with(&format!("\nContent-Type: application/json\n\n{body}")),
            "{text}"
        );
        unchanged(&text, &recorded);
        unchanged(&text.replace("\r\n", "\n").replace('\n', "\r\n"), &recorded);
        if !body.ends_with('\n') {
            unchanged(&format!("{text}\n"), &recorded);
            unchanged(&format!("{text}\r\n"), &recorded);
        }
    }
    let recorded = request("POST", "http://a/e", Payload::Json(b"{\"a\":\"\xff\"}".to_vec()));
    unchanged(&to_http(&recorded), &recorded);
}

#[test]
fn a_changed_json_body_is_what_was_written() {
    let recorded = request("POST", "http://a/e", Payload::Json(b"{\n\"a\": 1}".to_vec()));
    let text = to_http(&recorded).replace("1}", "2}");
    for text in [
        text.clone(),
        format!("{text}\n"),
        format!("{text}\n").replace('\n', "\r\n"),
    ] {
        let (request, headers) = read(&text, &recorded);
        assert_eq!(request.payload, Payload::Json(b"{\n\"a\": 2}".to_vec()), "{text:?}");
        assert_eq!(headers, []);
    }
    let text = format!("{}\n\n", to_http(&recorded).replace("1}", "2}"));
    assert_eq!(
        read(&text, &recorded).0.payload,
        Payload::Json(b"{\n\"a\": 2}\n".to_vec())
    );
}

#[test]
fn request_lines() {
    let recorded = form("https://app.example.com:8443/voice?x=1", &[("A", "1")]);
    for (line, method, url) in [
        ("POST /voice?x=1", "POST", "https://app.example.com:8443/voice?x=1"),
        (
            "  post   /voice?x=1  HTTP/1.1",
            "POST",
            "https://app.example.com:8443/voice?x=1",
        ),
        ("PUT /", "PUT", "https://app.example.com:8443/"),
        ("GET /b c", "GET", "https://app.example.com:8443/b c"),
        ("POST https://other/v", "POST", "https://other/v"),
        ("POST HTTP://other/v HTTP/2", "POST", "HTTP://other/v"),
    ] {
        let text = to_http(&recorded).replace("POST /voice?x=1", line);
        let (request, headers) = read(&text, &recorded);
        assert_eq!(
            (request.method.as_deref(), request.url.as_deref()),
            (Some(method), Some(url)),
            "{line}"
        );
        assert_eq!((request.payload, headers), (recorded.payload.clone(), vec![]));
    }
    let nowhere = Request::default();
    unchanged(&to_http(&nowhere), &nowhere);
    let (request, _) = read(&to_http(&nowhere).replace("POST /", "POST /voice"), &nowhere);
    assert_eq!(request.url.as_deref(), Some("http://localhost/voice"));
    assert_eq!(request.method, None);
}

#[test]
fn a_get_shows_each_parameter_once() {
    let recorded = request(
        "get",
        "https://a/v?A=1&raw='",
        Payload::Form(pairs(&[("A", "1"), ("B", "2")])),
    );
    assert_eq!(shown(&recorded), "GET /v?A=1&raw='\n\nB=2\n");
    unchanged(&to_http(&recorded), &recorded);
    let sent = |from: &str, to: &str| {
        let (request, _) = read(&to_http(&recorded).replace(from, to), &recorded);
        twilio(&request, &Options::default()).path
    };
    assert_eq!(sent("B=2", "B=3"), "/v?A=1&raw='&B=3");
    assert_eq!(sent("?A=1", "?A=7"), "/v?A=7&raw='&B=2");
    assert_eq!(sent("B=2\n", ""), "/v?A=1&raw='");
    let (request, _) = read(&to_http(&recorded).replace("GET", "POST"), &recorded);
    assert_eq!(twilio(&request, &Options::default()).body, b"B=2");
}

fn with_headers() -> Request {
    let mut recorded = form("https://a/v", &[("A", "1")]);
    recorded.headers = pairs(&[
        ("Host", "a"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Content-Length", "3"),
        ("X-Twilio-Signature", "old="),
        ("X-One", " 1 "),
        ("X-Empty", ""),
        ("X-Two", "1"),
        ("x-two", "2"),
        ("X-Bad", "a\r\nInjected: 1"),
        ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
    ]);
    recorded
}

#[test]
fn headers_that_differ_are_edits() {
    let recorded = with_headers();
    assert_eq!(
        shown(&recorded),
        "POST /v\nX-One: 1\nX-Empty: \nX-Two: 1\nx-two: 2\n\
         Content-Type: application/x-www-form-urlencoded; charset=UTF-8\n\nA=1\n"
    );
    unchanged(&to_http(&recorded), &recorded);
    for (from, to, want) in [
        ("X-One: 1\n", "x-one:1\n", &[][..]),
        ("X-One: 1\n", "", &[("X-One", "")]),
        ("X-One: 1\n", "X-One:\n", &[("X-One", "")]),
        ("X-One: 1\n", "X-One: a: b \n", &[("X-One", "a: b")]),
        ("X-One: 1\n", "X-One: 1\nHost: app.test\n", &[("Host", "app.test")]),
        ("x-two: 2\n", "", &[("X-Two", "1")]),
        ("X-Two: 1\nx-two: 2\n", "", &[("X-Two", "")]),
        ("X-Empty: \n", "X-Empty:\n", &[]),
        ("X-Empty: \n", "", &[("X-Empty", "")]),
    ] {
        let text = to_http(&recorded);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let (request, headers) = read(&text.replace(from, to), &recorded);
        assert_eq!(headers, pairs(want), "{from} -> {to}");
        assert_eq!(request, recorded);
    }
}

#[test]
fn what_the_content_type_says_is_how_the_body_is_read() {
    let recorded = form("https://a/v", &[("A", "1")]);
    let changed = |kind: &str, body: &str| {
        let text = to_http(&recorded).replace("application/x-www-form-urlencoded", kind);
        from_http(&text.replace("A=1\n", body), &recorded)
    };
    for (kind, body, sent) in [
        ("application/json", "{\"a\":1}\n", "{\"a\":1}"),
        ("application/cloudevents+json; charset=utf-8", "[]", "[]"),
        ("text/plain", "A=1\n", "A=1"),
    ] {
        let (request, headers) = changed(kind, body).unwrap();
        assert_eq!(request.payload, Payload::Json(sent.as_bytes().to_vec()));
        let edits = Edits {
            headers,
            ..Edits::default()
        };
        let plan = twilio(
            &request,
            &Options {
                edits,
                ..Options::default()
            },
        );
        assert_eq!(
            (plan.body.as_slice(), header(&plan, "content-type")),
            (sent.as_bytes(), Some(kind))
        );
    }
    assert!(changed("application/json", "A=1\n").is_err());
    let recorded = request("POST", "https://a/v", Payload::Empty);
    unchanged(&to_http(&recorded), &recorded);
    let (request, _) = read(&format!("{}A=1", to_http(&recorded)), &recorded);
    assert_eq!(request.payload, Payload::Form(pairs(&[("A", "1")])));
}

#[test]
fn errors_name_the_line() {
    let json = request("POST", "https://a/v", Payload::Json(b"{\n\"a\":1}".to_vec()));
    for (recorded, from, to, line, says) in [
        (&voice(), "POST /", "FETCH /", 6, "`FETCH` is not an HTTP method"),
        (&voice(), "POST /", "/", 6, "not an HTTP method"),
        (&voice(), "POST /voice?x='%7e", "POST", 6, "the URL is missing"),
        (&voice(), "POST /", "POST ftp:/", 6, "must begin with /"),
        (&voice(), "Content-Type:", "Content Type:", 7, "not a header name"),
        (&voice(), "\n\nCallSid", "\nCallSid", 8, "an empty line stands between"),
        (
            &voice(),
            "Content-Type",
            "Content-Length: 3\nContent-Type",
            7,
            "cannot be set",
        ),
        (&voice(), "Digits=1", "Digits", 10, "no `=`"),
        (&voice(), "Digits=1", "Digits=C:\\x", 10, "`\\x` stands for nothing"),
        (&voice(), "Digits=1", "Digits=\\u{d800}", 10, "`\\u` stands for nothing"),
        (&voice(), "Digits=1", "Digits=\\", 10, "stands for nothing"),
        (&with_headers(), "x-two: 2", "x-two: 3", 10, "more than once"),
        (&json, "1}", "1,}", 10, "not JSON"),
    ] {
        let text = to_http(recorded);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        for end in ["\n", "\r\n"] {
            let e = from_http(&text.replace(from, to).replace('\n', end), recorded).unwrap_err();
            assert_eq!(e.line, line, "{to}: {e}");
            assert!(e.to_string().contains(says), "{e}");
        }
    }
    assert!(from_http("# only\n\n", &voice()).is_err() && from_http("", &voice()).is_err());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "[\r\n\t\0:=&?#/@%. a-c\\\\]{0,12}",
        "[\u{1f468}\u{200d}\u{1f469}\u{feff}\u{202e}\u{85}\u{2028}\u{a0} {}u]{0,6}"
    ]
}

fn some_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![Just("Digits".to_owned()), "[A-Za-z#-]{1,3}", text()];
    prop::collection::vec((name, text()), 0..6)
}

fn any_request() -> impl Strategy<Value = Request> {
    let method = prop::option::of("( ?(GET|POST|put|Head|PATCH)| ?)");
    let url = prop::option::of(prop_oneof![
        text(),
        text().prop_map(|t| format!("https://u@h:1/{t}")),
        text().prop_map(|t| format!("http://h?Digits=1&{t}")),
    ]);
    let payload = prop_oneof![
        Just(Payload::Empty),
        some_pairs().prop_map(Payload::Form),
        text().prop_map(|t| Payload::Json(t.into_bytes())),
        "[\\[\\]{}\",:\r\n 0-9]{0,20}".prop_map(|t| Payload::Json(t.into_bytes())),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Payload::Json),
    ];
    let content_type = prop::option::of(prop_oneof![
        Just("application/json"),
        Just("application/x-www-form-urlencoded;charset=x"),
        Just("text/plain")
    ]);
    (method, url, some_pairs(), payload, content_type).prop_map(|(method, url, mut headers, payload, kind)| {
        headers.extend(kind.map(|k| ("content-type".to_owned(), k.to_owned())));
        Request {
            method,
            url,
            headers,
            payload,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_untouched_draft_is_the_request(recorded in any_request()) {
        let text = to_http(&recorded);
        prop_assert_eq!(from_http(&text, &recorded), Ok((recorded.clone(), vec![])), "{}", text);
        let windows = text.replace("\r\n", "\n").replace('\n', "\r\n");
        prop_assert_eq!(from_http(&windows, &recorded), Ok((recorded.clone(), vec![])), "{}", text);
        if !text.ends_with('\n') {
            prop_assert_eq!(from_http(&format!("{text}\n"), &recorded), Ok((recorded, vec![])));
        }
    }

    #[test]
    fn whatever_is_written_can_be_planned_or_is_refused(recorded in any_request(), draft in text(), at in 0_usize..600) {
        let mut changed = to_http(&recorded);
        let at = (0..=at.min(changed.len())).rev().find(|at| changed.is_char_boundary(*at)).unwrap();
        changed.insert_str(at, &draft);
        for text in [changed, draft] {
            if let Ok((request, headers)) = from_http(&text, &recorded) {
                let edits = Edits { headers, ..Edits::default() };
                let options = Options { edits, ..signing() };
                if let Ok(plan) = plan(Provider::Twilio, RequestKind::Voice, &request, &local(), &options) {
                    prop_assert!(plan.wire().is_ok());
                }
            }
        }
    }
}
