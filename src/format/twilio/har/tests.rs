//! Entries as the proxy and others write them: whose they are, what became of them, what can be sent again.

use serde_json::{Value, json};

use crate::format::{Record, RecordKind, twilio};
use crate::model::{Id, Outcome, Payload, Provider, RequestKind, Severity, WhyNot};

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const VOICE: &str = "AccountSid=AC1&CallSid=CA1&CallStatus=ringing&From=%2B1&Body=a+%26+b";
const TWIML: &str = "<Response><Gather action=\"/menu\"/></Response>";

fn entry(body: &str, status: u16, kind: &str, answer: &str) -> Value {
    json!({
        "startedDateTime": "2026-03-02T12:00:02.104Z", "time": 84,
        "request": {"method": "POST", "url": "https://a.example/voice", "headers": [
            {"name": "Content-Type", "value": FORM}, {"name": "X-Twilio-Signature", "value": "abc="}, {"name": "X-A", "value": "1"},
            {"name": "X-A", "value": "2"}, {"name": "X-Empty", "value": ""}],
            "postData": {"mimeType": FORM, "text": body}, "bodySize": body.len()},
        "response": {"status": status, "headers": [{"name": "content-type", "value": kind}],
            "content": {"size": answer.len(), "mimeType": kind, "text": answer}},
        "_redial": {"id": "e1"}
    })
}

fn voice(status: u16, kind: &str, answer: &str) -> Value {
    entry(VOICE, status, kind, answer)
}

fn records(document: &Value) -> Vec<Record> {
    let reading = twilio::read(document.to_string().as_bytes());
    assert_eq!(reading.trouble, None, "{document}");
    reading.records.into_iter().map(|(_, r)| r).collect()
}

fn one(document: &Value) -> Record {
    let mut all = records(document);
    assert_eq!(all.len(), 1, "{document}");
    all.remove(0)
}

fn code(document: &Value) -> (Option<String>, Outcome) {
    let r = one(document);
    (r.code, r.outcome)
}

fn with(mut entry: Value, place: &str, value: Value) -> Value {
    *entry.pointer_mut(place).unwrap() = value;
    entry
}

#[test]
fn a_webhook_is_complete() {
    let r = one(&voice(200, "text/xml", TWIML));
    assert_eq!((r.kind, r.provider), (RecordKind::Exchange, Provider::Twilio));
    assert_eq!((r.call, r.account), (Some(Id::from("CA1")), Some(Id::from("AC1"))));
    assert_eq!(r.event_id, Some(Id::from("e1")));
    assert_eq!(r.at.unwrap().to_string(), "2026-03-02T12:00:02.104Z");
    assert_eq!((r.request_kind, r.outcome), (RequestKind::Voice, Outcome::Ok));
    assert_eq!((r.code, r.why_not), (None, None));
    let request = r.request.unwrap();
    assert_eq!(request.headers.len(), 5);
    assert_eq!(request.headers[3], ("X-A".to_owned(), "2".to_owned()));
    assert_eq!(request.param("Body"), Some("a & b"));
    let answer = r.response.unwrap();
    assert_eq!(
        (answer.status, answer.ms, answer.body.as_deref()),
        (Some(200), Some(84), Some(TWIML))
    );
    assert_eq!(
        r.asked.unwrap().gathers[0].action.as_deref(),
        Some("https://a.example/menu")
    );
}

#[test]
fn the_code_is_the_one_that_twilio_would_raise() {
    let some = |c: &str, o| (Some(c.to_owned()), o);
    assert_eq!(
        code(&voice(500, "text/html", "oops")),
        some("11200", Outcome::HttpError)
    );
    assert_eq!(
        code(&voice(200, "application/json", "{}")),
        some("12300", Outcome::BadReply)
    );
    assert_eq!(
        code(&voice(200, "text/xml", "<Response>")),
        some("12100", Outcome::BadReply)
    );
    assert_eq!(
        code(&voice(200, "text/xml", "<Foo/>")),
        some("12102", Outcome::BadReply)
    );
    assert_eq!(code(&voice(200, "text/xml", "")), some("11770", Outcome::BadReply));
    assert_eq!(code(&voice(204, "", "")), some("11770", Outcome::BadReply));
    let slow = with(voice(200, "text/xml", TWIML), "/time", json!(15_200.7));
    assert_eq!(code(&slow), some("11205", Outcome::Timeout));
    assert_eq!(one(&slow).response.unwrap().status, Some(200));
    let status = "AccountSid=AC1&CallSid=CA1&CallStatus=completed&CallDuration=3&CallbackSource=call-progress-events";
    assert_eq!(
        code(&entry(status, 404, "text/html", "no")),
        some("15003", Outcome::HttpError)
    );
    assert_eq!(code(&entry(status, 204, "", "")), (None, Outcome::Ok));
    let room = "AccountSid=AC1&ConferenceSid=CF1&FriendlyName=room&StatusCallbackEvent=conference-end";
    assert_eq!(code(&entry(room, 204, "", "")), (None, Outcome::Ok));
    assert_eq!(
        code(&entry(room, 404, "text/html", "no")),
        some("16011", Outcome::HttpError)
    );
    let r = one(&voice(200, "text/xml", "<Response>\n<Say>a & b</Say></Response>"));
    assert_eq!((r.fields.get("line"), r.level), (Some("2"), Some(Severity::Error)));
}

#[test]
fn what_never_became_an_answer() {
    let lost = |redial: Value| with(voice(0, "", ""), "/_redial", redial);
    let some = |c: &str, o| (Some(c.to_owned()), o);
    let refused = lost(json!({"error": "unreachable", "fault": "refused", "why": "nothing listens on 127.0.0.1:1"}));
    assert_eq!(code(&refused), some("11202", Outcome::Unreachable));
    assert_eq!(one(&refused).fields.get("msg"), Some("nothing listens on 127.0.0.1:1"));
    assert_eq!(
        code(&lost(json!({"error": "unreachable"}))),
        some("11205", Outcome::Unreachable)
    );
    assert_eq!(
        code(&lost(json!({"error": "closed", "aborted": "app"}))),
        some("11205", Outcome::NoReply)
    );
    assert_eq!(
        code(&lost(json!({"aborted": "client"}))),
        some("11205", Outcome::Timeout)
    );
    // Nothing is known of an answer that is not there.
    assert_eq!(code(&lost(json!({}))), (None, Outcome::Unknown));
}

#[test]
fn tropo_by_its_session() {
    let session =
        r#"{"session":{"id":"0123456789abcdef0123456789abcdef","callId":"c2","timestamp":"2026-03-02T12:00:00.000Z"}}"#;
    let r = one(&entry(session, 200, "application/json", r#"{"tropo":[]}"#));
    assert_eq!((r.kind, r.provider), (RecordKind::Exchange, Provider::Tropo));
    assert_eq!(r.call, Some(Id::from("0123456789abcdef0123456789abcdef")));
    assert_eq!(
        (r.request_kind, r.outcome, r.code),
        (RequestKind::Session, Outcome::Ok, None)
    );
    let request = r.request.unwrap();
    assert_eq!(request.payload, Payload::Json(session.as_bytes().to_vec()));
    assert_eq!(
        (request.url.as_deref(), request.headers.len()),
        (Some("https://a.example/voice"), 5)
    );
    // The entry's own time, not that of the session's begin.
    assert_eq!(r.at.unwrap().to_string(), "2026-03-02T12:00:02.104Z");
    let result = r#"{"result":{"sessionId":"s1","error":"no voice"}}"#;
    let of = |status, answer: &str| code(&entry(result, status, "application/json", answer));
    assert_eq!(
        of(200, r#"{"tropo":[]}"#),
        (Some("result-error".to_owned()), Outcome::Ok)
    );
    assert_eq!(of(500, ""), (Some("webhook-http".to_owned()), Outcome::HttpError));
    assert_eq!(of(200, "<html>"), (Some("webhook-reply".to_owned()), Outcome::BadReply));
    // JSON-RPC is not Tropo's.
    let mut other = entry(r#"{"result":{"x":1}}"#, 500, "application/json", "");
    other["request"]["headers"] = json!([]);
    // Through our own proxy its failure counts, of no call.
    assert_eq!(one(&other).call, None);
    other.as_object_mut().unwrap().remove("_redial");
    assert!(records(&other).is_empty());
}

#[test]
fn only_what_the_platforms_send_counts() {
    let browser = json!({"startedDateTime": "2026-03-02T12:00:02Z", "time": 3,
        "request": {"method": "GET", "url": "https://a.example/app.css", "headers": [{"name": ":path", "value": "/app.css"}]},
        "response": {"status": 404, "headers": [], "content": {"size": 9}}});
    let mut stream = browser.clone();
    stream["request"]["headers"] =
        json!([{"name": "X-Twilio-Signature", "value": "a"}, {"name": "Upgrade", "value": "websocket"}]);
    let opened = with(stream.clone(), "/response/status", json!(101));
    let har = json!({"log": {"version": "1.2", "pages": [{"title": "x"}], "entries": [browser, stream, voice(500, "", ""), opened]}});
    let all = records(&har);
    let codes: Vec<_> = all.iter().map(|r| (r.code.as_deref(), r.outcome)).collect();
    assert_eq!(
        codes,
        [
            (Some("31920"), Outcome::HttpError),
            (Some("11200"), Outcome::HttpError),
            (None, Outcome::Ok)
        ]
    );
    assert_eq!((&all[0].call, all[0].why_not), (&None, Some(WhyNot::WebSocket)));
    // Where each stands, so that it is read again from there; also in a file that was cut.
    let text = serde_json::to_string_pretty(&har).unwrap();
    for text in [&text[..], &text[..text.rfind("startedDateTime").unwrap()]] {
        let reading = twilio::read(text.as_bytes());
        assert_eq!(reading.records.len(), if reading.incomplete { 2 } else { 3 });
        for (range, record) in reading.records {
            assert_eq!(twilio::read(&text.as_bytes()[range]).records[0].1, record);
        }
    }
}

#[test]
fn a_get_has_its_parameters_in_the_query() {
    let mut get = voice(200, "text/xml", TWIML);
    get["request"]["method"] = json!("GET");
    get["request"]["url"] = json!(format!("https://a.example/voice?{VOICE}#rt=1"));
    get["request"]["postData"] = Value::Null;
    let r = one(&get);
    assert_eq!((r.call, r.request_kind), (Some(Id::from("CA1")), RequestKind::Voice));
    assert_eq!((r.request.unwrap().payload, r.why_not), (Payload::Empty, None));
}

/// HAR has a form as text or as pairs, never both.
#[test]
fn a_form_may_be_kept_as_pairs() {
    let mut document = voice(500, "text/plain", "boom");
    document["request"]["postData"] = json!({"mimeType": FORM, "params": [
        {"name": "CallSid", "value": "CA1"}, {"name": "AccountSid", "value": "AC1"}, {"name": "From", "value": "+1"},
        {"name": "To", "value": "+2"}, {"name": "CallStatus", "value": "in-progress"}, {"name": "Digits", "value": "1"}]});
    for text in [None, Some("")] {
        if let Some(text) = text {
            document["request"]["postData"]["text"] = text.into();
        }
        let record = one(&document);
        assert_eq!(record.request_kind, RequestKind::Gather);
        let request = record.request.unwrap();
        assert_eq!(request.params().len(), 6);
        assert!(request.params().contains(&("From".to_owned(), "+1".to_owned())));
    }
}

#[test]
fn bodies_that_are_not_whole_are_not_judged() {
    let mut cut = voice(200, "text/xml", "<Respon");
    cut["_redial"]["response_kept"] = json!(7);
    cut["response"]["content"]["size"] = json!(4000);
    assert_eq!(code(&cut), (None, Outcome::Ok));
    // Too long is too long, whatever was kept.
    cut["response"]["content"]["size"] = json!(70_000);
    assert_eq!(code(&cut), (Some("11750".to_owned()), Outcome::BadReply));
    let mut request = voice(200, "text/xml", TWIML);
    request["_redial"]["request_kept"] = json!(5);
    assert_eq!(one(&request).why_not, Some(WhyNot::CutBody));
    // Not saved at all, or in an encoding that nobody undid.
    let mut unsaved = voice(200, "text/xml", TWIML);
    unsaved["response"]["content"].as_object_mut().unwrap().remove("text");
    assert_eq!(code(&unsaved), (None, Outcome::Ok));
    let mut brotli = voice(200, "text/xml", "ix8A/w==");
    brotli["response"]["content"]["encoding"] = json!("base64");
    brotli["response"]["headers"] = json!([{"name": "Content-Encoding", "value": "br"}]);
    assert_eq!(code(&brotli), (None, Outcome::Ok));
}

#[test]
fn bytes_that_are_no_text() {
    let mut e = entry(
        "eyJzZXNzaW9uIjp7ImlkIjoiczEiLCJ4Ijoi6SJ9fQ==",
        200,
        "application/json",
        "eyJ0cm9wbyI6W119",
    );
    e["request"]["postData"]["encoding"] = json!("base64");
    e["response"]["content"]["encoding"] = json!("base64");
    let r = one(&e);
    let body = b"{\"session\":{\"id\":\"s1\",\"x\":\"\xe9\"}}".to_vec();
    assert_eq!(
        (r.request.unwrap().payload, r.outcome),
        (Payload::Json(body), Outcome::Ok)
    );
    let mut other = voice(200, "text/xml", TWIML);
    other["request"]["postData"]["text"] = json!("<a/>");
    other["request"]["headers"][0]["value"] = json!("text/xml");
    assert_eq!(one(&other).why_not, Some(WhyNot::OtherBody));
}

#[test]
fn a_notification_keeps_its_log() {
    let notification = json!({"sid": "NO1", "log": "0", "error_code": "11200", "message_date": "Mon, 02 Mar 2026 12:00:02 +0000",
        "message_text": "Msg=x&ErrorCode=11200", "call_sid": "CA1", "request_variables": ""});
    let r = one(&notification);
    assert_eq!((r.kind, r.level), (RecordKind::Notification, Some(Severity::Error)));
}
