//! Tables: an answer, and the code and place that the platform would name.

use super::*;
use crate::model::Severity;

fn headers(content_type: &str) -> Vec<(String, String)> {
    match content_type {
        "" => vec![],
        t => vec![("content-type".to_owned(), t.to_owned())],
    }
}

fn answered(provider: Provider, kind: RequestKind, status: u16, content_type: &str, body: &[u8]) -> Verdict {
    let headers = headers(content_type);
    let answer = Answer {
        url: "http://localhost:3000/voice",
        status: Some(status),
        headers: &headers,
        body,
        total_len: body.len() as u64,
        ms: Some(12),
        ..Answer::default()
    };
    judge(provider, kind, &answer)
}

fn voice(status: u16, content_type: &str, body: &str) -> Verdict {
    answered(
        Provider::Twilio,
        RequestKind::Voice,
        status,
        content_type,
        body.as_bytes(),
    )
}

/// The code of the first problem that is no note (`~` before a warning's), or `ok`.
fn first(verdict: &Verdict) -> String {
    verdict
        .problems
        .iter()
        .find(|p| p.severity > Severity::Info)
        .map_or("ok".to_owned(), |p| {
            let mark = if p.severity == Severity::Error { "" } else { "~" };
            format!("{mark}{}", p.code.as_deref().unwrap_or_default())
        })
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say>Hi</Say></Response>";

#[test]
fn voice_answers() {
    let big = format!("<Response><Say>{}</Say></Response>", "x".repeat(70_000));
    for (status, content_type, body, want) in [
        (200, "text/xml", XML, "ok"),
        (201, "application/xml; charset=utf-8", XML, "ok"),
        (200, "Text/HTML", "<Response/>", "ok"),
        (200, "text/xml", "\n<Response/>", "ok"),
        (200, "text/xml", "<!-- x --><Response/>", "ok"),
        (200, "audio/mpeg", "ID3", "ok"),
        (200, "", XML, "11200"),
        (200, "application/json", "{}", "12300"),
        (200, "text/plain", "Hello", "~"),
        (200, "text/plain", XML, "~"),
        (200, "text/xml", "", "11770"),
        (204, "", "", "11770"),
        (500, "text/html", "<h1>oops", "11200"),
        (404, "", "", "11200"),
        (403, "text/plain", "", "11200"),
        (308, "", "", "11216"),
        (302, "", "", "11216"),
        (200, "text/xml", "\u{feff}<Response/>", "12100"),
        (200, "text/xml", " <?xml version=\"1.0\"?><Response/>", "12100"),
        (200, "text/xml", "<?xml version=\"1.1\"?><Response/>", "12101"),
        (200, "text/xml", "<Response><Say>a & b</Say></Response>", "12100"),
        (200, "text/xml", "<Response><Say>a</Response>", "12100"),
        (200, "text/xml", "<Response>", "12100"),
        (200, "text/xml", "OK", "12100"),
        (200, "text/html", "<!DOCTYPE html><html></html>", "12100"),
        (
            200,
            "text/xml",
            "<!DOCTYPE r [<!ENTITY a \"b\">]><Response>&a;</Response>",
            "12100",
        ),
        (200, "text/xml", "<response/>", "12102"),
        (200, "text/xml", "<Say>x</Say>", "12102"),
        (200, "text/xml", &big, "11750"),
    ] {
        let verdict = voice(status, content_type, body);
        let shown = &body[..body.len().min(60)];
        assert_eq!(first(&verdict), want, "{status} {content_type} {shown}: {verdict:?}");
        assert_eq!(verdict.pass(), want == "ok" || want.starts_with('~'), "{shown}");
    }
}

#[test]
fn places_and_causes() {
    for (body, place, says) in [
        ("<Response>\n <Say>Tom & Ann</Say>\n</Response>", (2, 11), "&amp;"),
        ("<Response>\n<Say>ü ä</Sai></Response>", (2, 9), "closed"),
        ("<br />\n<b>Notice</b>: x<Response/>", (1, 1), "PHP"),
        ("<!doctype html><p>", (1, 1), "HTML page"),
        ("\n\n<?xml version='1.0'?><Response/>", (1, 1), "very first"),
        ("<!--é--> <Reply/>", (1, 10), "<Reply>"),
    ] {
        let problem = voice(200, "text/xml", body).problems.remove(0);
        assert!(problem.message.contains(says), "{problem:?}");
        assert_eq!(
            (problem.line, problem.column),
            (Some(place.0), Some(place.1)),
            "{problem:?}"
        );
    }
    let latin1 = answered(
        Provider::Twilio,
        RequestKind::Voice,
        200,
        "text/xml",
        b"<Response>\n\xe9</Response>",
    );
    assert_eq!((latin1.problems[0].line, latin1.problems[0].column), (Some(2), Some(1)));
}

#[test]
fn messages_and_callbacks() {
    use RequestKind::{Message, MessageStatus, RecordingStatus, StatusCallback};
    for (kind, status, content_type, body, want) in [
        (Message, 200, "text/xml", "<Response/>", "ok"),
        (Message, 200, "text/html", "OK", "12200"),
        (Message, 204, "", "", "ok"),
        (Message, 200, "text/xml", "", "~11770"),
        (Message, 200, "text/plain", "Thanks", "~"),
        (Message, 200, "audio/mpeg", "x", "12300"),
        (StatusCallback, 204, "", "", "ok"),
        (StatusCallback, 200, "text/plain", "", "ok"),
        (StatusCallback, 200, "text/xml", "<Response/>", "ok"),
        (StatusCallback, 200, "application/json", "{}", "~15003"),
        (StatusCallback, 200, "text/xml", "<Response><Hangup/></Response>", "~"),
        (StatusCallback, 500, "", "", "15003"),
        (RecordingStatus, 200, "application/json", "{}", "ok"),
        (RecordingStatus, 200, "text/xml", "<Response><Hangup/></Response>", "~"),
        (RequestKind::Media, 200, "audio/mpeg", "x", "ok"),
        (RequestKind::Media, 200, "text/html; charset=utf-8", "<html>", "12300"),
        (MessageStatus, 500, "", "", "11200"),
    ] {
        let verdict = answered(Provider::Twilio, kind, status, content_type, body.as_bytes());
        assert_eq!(first(&verdict), want, "{kind:?} {status} {body}: {verdict:?}");
    }
}

/// The cause is told, and where it stands.
#[test]
fn what_is_wrong_with_the_answer_to_a_status_callback() {
    for (content_type, body, place, says) in [
        ("", &b"<Response/>"[..], None, Some("no Content-Type")),
        (
            "text/xml",
            b"<Response><Say>a</Say>\n<Say>b&c</Say></Response>",
            Some((2, 7)),
            Some("a bare `&`"),
        ),
        ("application/json", b"{}", None, Some("`application/json`")),
        (
            "text/xml; charset=iso-8859-1",
            b"<Response><!-- \xe9 --></Response>",
            None,
            None,
        ),
        (
            "text/xml",
            b"<Response><!-- \xe9 --></Response>",
            Some((1, 16)),
            Some("not UTF-8"),
        ),
    ] {
        let verdict = answered(Provider::Twilio, RequestKind::StatusCallback, 200, content_type, body);
        let Some(says) = says else {
            assert_eq!(verdict.problems, [], "{content_type}");
            continue;
        };
        let found = &verdict.problems[0];
        assert_eq!(verdict.code(), Some("15003"), "{found:?}");
        assert!(
            found.message.contains(says) && found.message.contains("204"),
            "{found:?}"
        );
        assert_eq!(found.line.zip(found.column), place, "{found:?}");
    }
    for (kind, status, noted) in [
        (RequestKind::StatusCallback, 200, true),
        (RequestKind::StatusCallback, 202, true),
        (RequestKind::StatusCallback, 204, false),
        (RequestKind::RecordingStatus, 200, false),
    ] {
        let verdict = answered(Provider::Twilio, kind, status, "", b"");
        let found: Vec<_> = verdict.problems.iter().map(|p| (p.severity, p.certain)).collect();
        assert_eq!(
            found,
            if noted { vec![(Severity::Info, false)] } else { vec![] },
            "{kind:?} {status}"
        );
    }
}

#[test]
fn redirects_are_judged_by_host() {
    for (status, location, want, says) in [
        (302, "https://www.example.com/login", "", "another host"),
        (301, "/voice/", "~", "without its parameters"),
        (307, "http://localhost:3000/b", "~", "method and body stay"),
        (301, "https://localhost:3000/voice", "", "--public-url"),
        (302, "http://localhost:3001/voice", "", "another port"),
        (302, "//evil.test/", "", "another host"),
        (301, "https://app.example.com/voice", "", "--public-url"),
        (302, "http://[", "11216", "not a URL"),
        (302, "ht tp://[", "11216", "not a URL: it has blanks"),
        (302, "/a<b", "11216", "percent-encode"),
        (302, "127.0.0.1:3000/x", "11216", "no scheme"),
        (302, "/a:b?c=d:e", "~", "without its parameters"),
        (302, "?x[]=1", "~", "without its parameters"),
    ] {
        let headers = [("Location".to_owned(), location.to_owned())];
        let answer = Answer {
            url: "http://localhost:3000/voice",
            status: Some(status),
            headers: &headers,
            stays: true,
            ..Answer::default()
        };
        let verdict = judge(Provider::Twilio, RequestKind::Voice, &answer);
        assert_eq!(first(&verdict), want, "{location}");
        assert!(verdict.problems[0].message.contains(says), "{verdict:?}");
        // What answers elsewhere is not known, and so is no code; it is no pass either.
        assert_eq!(verdict.pass(), want == "~", "{location}");
        assert_eq!(
            verdict.problems[0].certain,
            want == "~" || location == "http://[",
            "{location}"
        );
    }
}

#[test]
fn a_redirect_to_the_app_by_its_other_name_is_followed() {
    let headers = [("Location".to_owned(), "https://app.example.com/menu".to_owned())];
    let answer = Answer {
        url: "http://localhost:3000/voice",
        status: Some(307),
        headers: &headers,
        stays: true,
        mapped: true,
        ..Answer::default()
    };
    let verdict = judge(Provider::Twilio, RequestKind::Voice, &answer);
    assert!(verdict.pass() && verdict.problems[0].message.contains("followed at the target"));
}

#[test]
fn a_recorded_redirect_was_followed_by_the_platform() {
    for location in [
        "https://localhost/voice",
        "http://localhost:3001/voice",
        "https://www.example.com/login",
    ] {
        let headers = [("Location".to_owned(), location.to_owned())];
        let answer = Answer {
            url: "http://localhost:3000/voice",
            status: Some(302),
            headers: &headers,
            ..Answer::default()
        };
        assert!(
            judge(Provider::Twilio, RequestKind::Voice, &answer).pass(),
            "{location}"
        );
    }
}

#[test]
fn a_redirect_names_what_it_loses() {
    let all = ["AccountSid", "CallSid", "To", "From", "Digits", "ApiVersion"].map(str::to_owned);
    for (method, status, params, says) in [
        (
            "POST",
            302,
            &all[..],
            "so Digits, CallSid, From, To and 2 more are lost: answer with TwiML at the first",
        ),
        (
            "POST",
            307,
            &all[..],
            "method and body stay, but Digits of a Gather action is not sent again",
        ),
        ("POST", 307, &all[..4], "method and body stay; "),
        ("GET", 307, &all[..1], "only its own query, so AccountSid are lost"),
        ("GET", 302, &[], "loses nothing"),
        ("GET", 302, &["n".to_owned()][..], "all parameters stand in the new URL"),
        ("GET", 302, &["n".to_owned(), "To".to_owned()][..], "so To are lost"),
        ("", 301, &[], "without its parameters"),
    ] {
        let headers = [("Location".to_owned(), "/b?n=1".to_owned())];
        let answer = Answer {
            url: "http://localhost:3000/voice",
            status: Some(status),
            headers: &headers,
            asked: Asked { method, params },
            ..Answer::default()
        };
        let verdict = judge(Provider::Twilio, RequestKind::Gather, &answer);
        assert!(verdict.problems[0].message.contains(says), "{verdict:?}");
        assert!(verdict.pass());
    }
    let conference = ["ConferenceSid".to_owned()];
    let answer = Answer {
        status: Some(500),
        asked: Asked {
            method: "POST",
            params: &conference,
        },
        ..Answer::default()
    };
    let verdict = judge(Provider::Twilio, RequestKind::StatusCallback, &answer);
    assert_eq!(verdict.code(), Some("16011"));
}

#[test]
fn encodings_and_character_sets() {
    let said = |header: (&str, &str), body: &[u8]| {
        let headers = [("Content-Type", "text/xml"), header].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let headers = if header.0 == "Content-Type" {
            &headers[1..]
        } else {
            &headers[..]
        };
        let answer = Answer {
            status: Some(200),
            headers,
            body,
            total_len: body.len() as u64,
            ..Answer::default()
        };
        first(&judge(Provider::Twilio, RequestKind::Voice, &answer))
    };
    let utf8 = "<Response><Say>\u{fc}</Say></Response>".as_bytes();
    let latin1 = b"<Response><Say>\xfc</Say></Response>";
    assert_eq!(said(("Content-Encoding", "br"), utf8), "12100");
    assert_eq!(said(("Content-Encoding", "GZIP"), utf8), "ok");
    assert_eq!(said(("Transfer-Encoding", "chunked"), b""), "11770");
    assert_eq!(said(("Content-Type", "text/xml; charset=ISO-8859-1"), latin1), "ok");
    assert_eq!(said(("Content-Type", "text/xml; charset=\"latin1\""), utf8), "~");
    assert_eq!(said(("Content-Type", "text/xml; charset=utf-16"), utf8), "12100");
    assert_eq!(
        said(("Content-Type", "text/xml; charset=utf-16"), b"<Response/>"),
        "12100"
    );
    assert_eq!(said(("Content-Type", "text/xml; charset=foo"), b"<Response/>"), "~");
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let marked = wide("\u{feff}<?xml version='1.0' encoding='UTF-16'?><Response/>");
    assert_eq!(said(("Content-Type", "text/xml; charset=utf-16"), &marked), "~");
    assert_eq!(said(("Content-Type", "text/xml"), &marked), "~");
    assert_eq!(said(("Content-Type", "text/xml; charset=utf-8"), &marked), "12100");
    assert_eq!(
        said(("Content-Type", "text/xml; charset=UTF-16LE"), &wide("<Response/>")),
        "~"
    );
    let broken = wide("\u{feff}<Response>\n<Say>a & b</Say></Response>");
    assert_eq!(said(("Content-Type", "text/xml; charset=utf-16"), &broken), "12100");
    assert_eq!(detect(&wide("\u{feff} {\"tropo\":[]}")).0, Provider::Tropo);
    let message = wide("\u{feff}<Response><Message>a</Message></Response>");
    assert_eq!(detect(&message), (Provider::Twilio, RequestKind::Message));
    assert_eq!(said(("Content-Type", "text/xml; charset=utf-8"), latin1), "12100");
    assert_eq!(said(("Content-Type", "text/xml"), b"\xff\xfe<\0R\0"), "12100");
    assert_eq!(said(("Content-Type", "text/xml"), b"<Response>\0</Response>"), "12100");
}

#[test]
fn half_of_the_time_is_a_note_and_a_slow_connect_an_error_of_its_own() {
    for (ms, connect_ms, want) in [
        (7_500, Some(10), None),
        (7_501, Some(10), Some("more than half")),
        (12_000, Some(10_001), Some("found, but not connecting")),
        (15_001, None, Some("gives up")),
    ] {
        let answer = Answer {
            status: Some(204),
            ms: Some(ms),
            connect_ms,
            ..Answer::default()
        };
        let problems = judge(Provider::Twilio, RequestKind::StatusCallback, &answer).problems;
        match want {
            None => assert_eq!(problems, []),
            Some(says) => assert!(problems[0].message.contains(says), "{problems:?}"),
        }
    }
}

#[test]
fn transport_errors_and_time() {
    for (class, twilio) in [
        (FaultClass::NoAddress, "11210"),
        (FaultClass::Refused, "11202"),
        (FaultClass::ConnectTimeout, "11201"),
        (FaultClass::CertificateName, "11235"),
        (FaultClass::Closed, "11205"),
        (FaultClass::Protocol, "11206"),
        (FaultClass::Timeout, "11205"),
    ] {
        let fault = Fault {
            class,
            message: "words".to_owned(),
        };
        let answer = Answer {
            error: Some(fault),
            status: Some(200),
            ..Answer::default()
        };
        let verdict = judge(Provider::Twilio, RequestKind::Voice, &answer);
        assert_eq!((verdict.code(), verdict.problems.len()), (Some(twilio), 1));
        let verdict = judge(Provider::Tropo, RequestKind::Session, &answer);
        assert_eq!(verdict.code(), Some("webhook-no-reply"));
    }
    let headers = headers("text/xml");
    let slow = Answer {
        status: Some(200),
        headers: &headers,
        body: XML.as_bytes(),
        ms: Some(15_001),
        ..Answer::default()
    };
    assert_eq!(judge(Provider::Twilio, RequestKind::Voice, &slow).code(), Some("11205"));
    let slow = Answer {
        body: b"{\"tropo\":[]}",
        ..slow
    };
    assert!(judge(Provider::Tropo, RequestKind::Result, &slow).pass());
}

#[test]
fn tropo_answers() {
    for (status, content_type, body, want) in [
        (
            200,
            "application/json",
            r#"{"tropo":[{"say":{"value":"hi"}},{"hangup":null}]}"#,
            "ok",
        ),
        (200, "application/json;charset=utf-8", r#"{"tropo":[]}"#, "ok"),
        (200, "", r#"{"tropo":[]}"#, "ok"),
        (200, "text/html", r#"{"tropo":[]}"#, "~"),
        (500, "text/html", "<html>", "webhook-http"),
        (302, "", "", "webhook-http"),
        (200, "application/json", "", "webhook-reply"),
        (200, "application/json", "{}", "webhook-reply"),
        (200, "application/json", "[]", "webhook-reply"),
        (200, "application/json", r#"{"tropo":{}}"#, "webhook-reply"),
        (200, "application/json", r#"{"tropo":["say"]}"#, "webhook-reply"),
        (
            200,
            "application/json",
            r#"{"tropo":[{"say":{"value":"a"}},{}]}"#,
            "webhook-reply",
        ),
        (200, "application/json", "\u{feff}{\"tropo\":[]}", "webhook-reply"),
        (200, "application/json", "{\"tropo\":[]} x", "webhook-reply"),
    ] {
        let verdict = answered(
            Provider::Tropo,
            RequestKind::Session,
            status,
            content_type,
            body.as_bytes(),
        );
        assert_eq!(first(&verdict), want, "{body}: {verdict:?}");
    }
    let cut = &reply(
        Provider::Tropo,
        RequestKind::Session,
        "{\"tropo\":[\n{\"é\":1,]}".as_bytes(),
    )[0];
    assert_eq!((cut.line, cut.column), (Some(2), Some(8)), "{cut:?}");
    let php = &reply(Provider::Tropo, RequestKind::Session, b"<br />\n<b>Warning</b>: x")[0];
    assert!(php.message.contains("PHP"), "{php:?}");
    let deep = format!("{{\"tropo\":{}", "[".repeat(100_000));
    assert_eq!(reply(Provider::Tropo, RequestKind::Session, deep.as_bytes()).len(), 1);
}

#[test]
fn replies_without_status() {
    assert!(reply(Provider::Twilio, RequestKind::Voice, XML.as_bytes()).is_empty());
    assert_eq!(reply(Provider::Twilio, RequestKind::Voice, b"oops").len(), 1);
    assert!(reply(Provider::Twilio, RequestKind::StatusCallback, b"oops").is_empty());
}

proptest::proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200), text in "[<>/!?a&;'\"\\[\\]{}:,é \n-]{0,80}") {
        for body in [&body[..], text.as_bytes()] {
            for kind in [RequestKind::Voice, RequestKind::Message, RequestKind::StatusCallback] {
                answered(Provider::Twilio, kind, 200, "text/xml", body);
                answered(Provider::Tropo, kind, 200, "", body);
            }
        }
    }
}

/// Parsed, a document takes many times its length; of one that is refused for its length only the begin is looked at.
#[test]
fn a_long_document_is_known_by_its_begin() {
    let long = "x".repeat(70_000);
    for (document, kind) in [
        (
            format!("<?xml version=\"1.0\"?>\n<!-- a -->\n<Response><Message>{long}"),
            RequestKind::Message,
        ),
        (
            format!("\u{feff}<Response>\n<Message to='x'>{long}"),
            RequestKind::Message,
        ),
        (format!("<Response><Say>{long}"), RequestKind::Voice),
        (format!("<Response><Messages>{long}"), RequestKind::Voice),
        (format!("{long}<Response><Message>"), RequestKind::Voice),
        (long.clone(), RequestKind::Voice),
    ] {
        assert_eq!(detect(document.as_bytes()), (Provider::Twilio, kind), "{document:.60}");
    }
    assert_eq!(detect(format!("{{{long}").as_bytes()).0, Provider::Tropo);
}

#[test]
fn nobody_speaks_of_signatures_to_an_app_of_tropo() {
    let answer = Answer {
        status: Some(403),
        ..Answer::default()
    };
    let said = |provider, kind| judge(provider, kind, &answer).problems[0].message.clone();
    assert!(said(Provider::Twilio, RequestKind::Voice).contains("signature"));
    assert!(!said(Provider::Tropo, RequestKind::Result).contains("signature"));
}
