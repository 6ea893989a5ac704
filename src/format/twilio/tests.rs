//! Shapes that were seen, and every oddity that spec/twilio.md names; texts of real documents are in `tests/data/shapes`.

use std::fmt::Write as _;

use base64::Engine as _;
use proptest::prelude::*;

use super::*;
use crate::format::RecordKind as Kind;
use crate::model::{Id, Outcome, Provider, RequestKind, Severity, WhyNot};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shapes/", $name))
    };
}

const SAMPLES: &[&str] = &[
    sample!("twilio/alert-instance-11200-http405-voice.json"),
    sample!("twilio/alert-instance-4107-no-request.json"),
    sample!("twilio/alert-list-page.json"),
    sample!("twilio/alert-list-empty.json"),
    sample!("twilio/call-events-list.json"),
    sample!("twilio/call-notifications-list.json"),
    sample!("twilio/call-notification-instance-15003.json"),
    sample!("twilio/debugger-11200-sms-total-timeout.form"),
    sample!("twilio/debugger-11200-voice-private-ip.payload.json"),
    sample!("twilio/debugger-63052-whatsapp.payload.json"),
    sample!("twilio/event-stream-error-logged-v2.partial.json"),
    sample!("twilio/event-stream-voice-webhook-event-v2.json"),
    sample!("twilio/insights-call-events.json"),
    sample!("twilio/webhook-recording-status.http"),
    sample!("twilio/webhook-sms-incoming.http"),
    sample!("twilio/webhook-voice-gather-digits.json"),
    sample!("twilio/webhook-voice-status-completed.qs"),
    sample!("tropo/session-docs-inbound-voice-2010.json"),
    sample!("tropo/result-php-test-2.json"),
    sample!("tropo/tropo-response-docs-ask-2010.json"),
];

fn clean(text: &str) -> Vec<Record> {
    let reading = read(text.as_bytes());
    assert_eq!(reading.trouble, None, "{text}");
    assert!(!reading.incomplete);
    reading.records.into_iter().map(|(_, r)| r).collect()
}

fn one(text: &str) -> Record {
    let mut all = clean(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn payload_of(more_info: &str, webhook: &str) -> String {
    format!(r#"{{"resource_sid":"CAxx","service_sid":null,"error_code":"11200","more_info":{more_info}{webhook}}}"#)
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn webhook_form(payload: &str) -> String {
    format!(
        "AccountSid=AC1&Level=Error&ParentAccountSid=&Payload={payload}&PayloadType=application%2Fjson&Sid=NO1&TimeStamp=2020-01-01T23%3A28%3A54Z"
    )
}

fn field<'r>(record: &'r Record, name: &str) -> &'r str {
    record.fields.get(name).unwrap_or("")
}

#[test]
fn debugger_form_with_a_total_timeout_behind_a_502() {
    let r = one(sample!("twilio/debugger-11200-sms-total-timeout.form"));
    assert_eq!((r.kind, r.provider), (Kind::Debugger, Provider::Twilio));
    assert_eq!(r.call, Some(Id::from("SMf14f53d739369e083ca0527f2cab37f4")));
    assert_eq!(r.also, []);
    assert_eq!(r.event_id, Some(Id::from("NO42c4762959e63d990f1ec746b8d6a67e")));
    assert_eq!(r.at.unwrap().to_string(), "2023-06-12T18:44:24.368Z");
    assert_eq!(r.level, Some(Severity::Error));
    assert_eq!(r.outcome, Outcome::Timeout);
    assert_eq!(r.response.as_ref().unwrap().status, None);
    assert_eq!(r.request_kind, RequestKind::Message);
    assert_eq!(r.request.as_ref().unwrap().param("Body"), Some("Stop"));
    assert_eq!(r.why_not, None);
    for (name, value) in [
        ("code", "11200"),
        ("level", "error"),
        ("msg", "Bad Gateway"),
        ("component", "messaging"),
        ("status", ""),
        ("inner_code", "11203"),
        ("inner_title", "HTTP communication total time out triggered"),
        ("attempts", "1"),
        (
            "error_line",
            "Total timeout is triggered. Configured tt is 15000ms and we attempted 1 time(s)",
        ),
        ("url", "https://sms.example.com/sms"),
        ("host", "sms.example.com"),
        ("path", "/sms"),
        ("method", "POST"),
        ("kind", "message"),
        ("resource", "message"),
        ("content_type", "text/html"),
        ("to", "+15005550010"),
    ] {
        assert_eq!(field(&r, name), value, "{name}");
    }
}

#[test]
fn debugger_webhook_missing_request_empty_and_timestamp_spelling() {
    let r = one(sample!("twilio/debugger-docs-example.form"));
    assert_eq!((r.request.clone(), r.why_not), (None, Some(WhyNot::NoRequest)));
    assert_eq!(field(&r, "url"), "https://yyy.zzz");
    assert_eq!((field(&r, "status"), r.outcome), ("404", Outcome::HttpError));
    let r = one(&webhook_form(&encode(&payload_of("null", ""))));
    assert_eq!(
        (r.at.is_some(), r.level, r.code.as_deref()),
        (true, Some(Severity::Error), Some("11200"))
    );
    assert_eq!(r.account, Some(Id::from("AC1")));
    let r = one(&payload_of(r#""a plain string""#, ""));
    assert_eq!(field(&r, "text"), "a plain string");
}

#[test]
fn debugger_private_ip_is_unreachable() {
    let r = one(sample!("twilio/debugger-11200-voice-private-ip.payload.json"));
    assert_eq!(
        (r.outcome, field(&r, "reason"), field(&r, "status")),
        (Outcome::Unreachable, "Blacklisted IP", "")
    );
    assert_eq!(
        (r.request_kind, field(&r, "host")),
        (RequestKind::Voice, "10.209.67.130")
    );
}

#[test]
fn a_callback_that_was_answered_badly_failed() {
    for (status, outcome) in [("200", Outcome::BadReply), ("404", Outcome::HttpError)] {
        let r = one(&payload_of(
            "null",
            &format!(
                r#","webhook":{{"request":{{"url":"https://a.example/status","method":"POST"}},"response":{{"status_code":{status},"headers":{{"Content-Type":"text/html"}},"body":"hello world"}}}}"#
            ),
        ).replace("11200", "15003"));
        assert_eq!((r.code.as_deref(), r.outcome), (Some("15003"), outcome), "{status}");
    }
}

#[test]
fn made_up_bodies_by_their_error_line() {
    let expected = [
        Outcome::Timeout,
        Outcome::Unreachable,
        Outcome::Unreachable,
        Outcome::Unreachable,
        Outcome::BadReply,
    ];
    for (line, outcome) in sample!("twilio/fetch-failure-bodies.jsonl").lines().zip(expected) {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let body = format!(
            "Twilio was unable to fetch content from: https://a.example\nError: {}\nSID: CA1",
            v["error_line"].as_str().unwrap()
        );
        let response = serde_json::json!({"status_code": 502, "headers": v["response_headers"], "body": body});
        let r = one(&payload_of(
            "null",
            &format!(r#","webhook":{{"request":{{"url":"https://a.example"}},"response":{response}}}"#),
        ));
        assert_eq!(
            (r.outcome, field(&r, "error_line")),
            (outcome, v["error_line"].as_str().unwrap())
        );
        assert_eq!(r.response.unwrap().status, None);
    }
}

#[test]
fn more_info_in_the_wild() {
    for line in sample!("twilio/more-info-samples.jsonl").lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let r = one(&payload_of(&v["more_info"].to_string(), ""));
        assert!(
            ["msg", "status_callback"].iter().any(|n| r.fields.get(n).is_some()),
            "{line}"
        );
    }
}

#[test]
fn debugger_invite_is_no_http_and_error_code_holds_a_message() {
    let r = one(sample!("twilio/debugger-32009-sip-invite.payload.json"));
    assert_eq!((r.why_not, r.request_kind), (Some(WhyNot::NotHttp), RequestKind::Sip));
    assert_eq!((r.code.as_deref(), r.response.is_none()), (Some("32009"), true));
    let r = one(r#"{"resource_sid":"CA1","more_info":{"ErrorCode":"32009,Your TwiML tried"}, "webhook":{}}"#);
    assert_eq!(r.code.as_deref(), Some("32009"));
}

#[test]
fn debugger_internal_record_is_not_for_replay() {
    let r = one(sample!("twilio/debugger-63052-whatsapp.payload.json"));
    assert_eq!(r.why_not, Some(WhyNot::Internal));
    assert_eq!(r.account, Some(Id::from("AC00000000000000000000000000000001")));
}

#[test]
fn debugger_payload_in_every_wrapping() {
    let json = sample!("twilio/debugger-docs-example.payload.json");
    let twice = webhook_form(&encode(&encode(json)));
    let entities = json.replace('"', "&quot;");
    let body = webhook_form(&encode(json));
    for text in [
        twice,
        webhook_form(&encode(&entities)),
        entities,
        base64::engine::general_purpose::STANDARD.encode(body),
        format!(r#"{{"Sid":"NO1","Level":"ERROR","Payload":{json}}}"#),
        format!(
            r#"{{"Sid":"NO1","Level":"ERROR","Payload":{}}}"#,
            serde_json::to_string(json).unwrap()
        ),
        encode(json),
        serde_json::to_string(json).unwrap(),
    ] {
        let r = one(&text);
        assert_eq!(
            (r.kind, r.code.as_deref(), field(&r, "status")),
            (Kind::Debugger, Some("11200"), "404"),
            "{text}"
        );
    }
    let reading = read(webhook_form("%7Bnonsense").as_bytes());
    assert_eq!(
        (reading.records.len(), reading.trouble.as_deref()),
        (1, Some("Payload is not JSON"))
    );
}

#[test]
fn alert_instance_with_a_bare_msg_and_media_post() {
    let r = one(sample!("twilio/alert-instance-11200-http405-voice.json"));
    assert_eq!(
        (r.kind, r.outcome, r.request_kind),
        (Kind::Alert, Outcome::HttpError, RequestKind::Media)
    );
    assert_eq!(r.response.as_ref().unwrap().status, Some(405));
    assert_eq!(
        r.request.as_ref().unwrap().params()[0],
        ("Called".into(), "+15550100105".into())
    );
    assert_eq!(r.request.as_ref().unwrap().params().len(), 25);
    assert_eq!(r.response.as_ref().unwrap().header("content-type"), Some("text/html"));
    assert_eq!(
        field(&r, "body"),
        r#"<html> <head><title>405 Not Allowed</title></head> <body bgcolor="white"> <center><h1>405 Not Allowed</h1></center> <hr><center>nginx</center> </body> </html>"#
    );
    assert_eq!((r.why_not, field(&r, "component")), (None, "voice"));
}

#[test]
fn alert_nulls_and_unknown_code() {
    let r = one(sample!("twilio/alert-instance-4107-no-request.json"));
    assert_eq!(
        (r.kind, r.code.as_deref(), r.why_not),
        (Kind::Alert, Some("4107"), Some(WhyNot::NoRequest))
    );
    assert_eq!((field(&r, "to"), r.response.is_none()), ("+15550100164", true));
    let r = one(sample!("twilio/alert-instance-14101-sms.json"));
    assert_eq!(
        (r.request_kind, r.at.unwrap().to_string().as_str()),
        (RequestKind::Message, "2016-10-26T01:11:12.000Z")
    );
    let r = one(sample!("twilio/alert-instance-13225-warning.json"));
    assert_eq!(
        (r.level, field(&r, "phone_number"), field(&r, "msg")),
        (Some(Severity::Warning), "+886200000050", "forbidden phone number")
    );
}

#[test]
fn alert_list_entries_have_no_parameters() {
    let text = sample!("twilio/alert-list-page.json");
    let reading = read(text.as_bytes());
    assert_eq!(reading.records.len(), 2);
    for (range, r) in &reading.records {
        assert_eq!((r.kind, r.why_not), (Kind::AlertListed, Some(WhyNot::ListOnly)));
        assert!(text[range.clone()].starts_with('{') && text[range.clone()].ends_with('}'));
        assert!(text[range.clone()].contains(&r.event_id.as_ref().unwrap().to_string()));
    }
    assert_eq!(clean(sample!("twilio/alert-list-empty.json")).len(), 0);
    assert_eq!(clean("[]").len(), 0);
    assert_eq!(clean(r#"{"meta":{"page":0}}"#).len(), 0);
}

fn alert(code: &str, text: &str) -> Record {
    let text = serde_json::to_string(text).unwrap();
    one(&format!(
        r#"{{"sid":"NO1","error_code":{code},"log_level":"error","alert_text":{text},"request_url":"https://a.example/x","request_method":"POST"}}"#
    ))
}

#[test]
fn alert_texts() {
    for line in sample!("twilio/alert-texts.jsonl").lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let r = alert("null", v["text"].as_str().unwrap());
        let known = v["code"]
            .as_str()
            .filter(|_| !v["note"].as_str().unwrap().starts_with("plain"));
        assert_eq!(r.code.as_deref(), known, "{line}");
    }
    let r = alert(
        "\"11210\"",
        "httpResponse=502&ErrorCode=11210&LogLevel=ERROR&Msg=HTTP+bad+host+name",
    );
    assert_eq!((r.outcome, field(&r, "status")), (Outcome::Unreachable, ""));
    let r = alert(
        "\"12100\"",
        "Msg=&parserMessage=Error+on+line+11+of+document++%3A+XML+document&ErrorCode=12100&LogLevel=ERROR",
    );
    assert_eq!((field(&r, "line"), r.outcome), ("11", Outcome::BadReply));
    let r = alert(
        "\"12200\"",
        "Msg=x&line=2&cols=416&parserMessage=One+of+'{Play&ErrorCode=12200&LogLevel=WARN",
    );
    assert_eq!(
        (field(&r, "line"), field(&r, "column"), r.outcome),
        ("2", "416", Outcome::BadReply)
    );
    let r = alert("\"11111\"", "My name is \"Sue\"!");
    assert_eq!(field(&r, "text"), "My name is \"Sue\"!");
    let r = alert("\"11200\"", "Msg=x&httpResponse=999&ErrorCode=11200");
    assert_eq!((field(&r, "status"), r.outcome), ("", Outcome::Unknown));
    let r = alert(
        "\"11205\"",
        "Msg=HTTP+Connection+Failure+-+Read+timed+out&ErrorCode=11205",
    );
    assert_eq!(r.outcome, Outcome::Timeout);
    let r = alert("\"11200\"", "Msg=Bad+Gateway&httpResponse=502&ErrorCode=11200");
    assert_eq!((r.outcome, field(&r, "status")), (Outcome::HttpError, "502"));
    let r = alert("\"11200\"", "");
    assert_eq!(r.outcome, Outcome::Unknown);
    let r = alert("\"10004\"", "");
    assert_eq!(r.code.as_deref(), Some("10004"));
}

#[test]
fn notifications() {
    let r = one(sample!("twilio/call-notification-instance-15003.json"));
    assert_eq!(
        (r.kind, r.level, r.why_not),
        (Kind::Notification, Some(Severity::Warning), Some(WhyNot::NoRequest))
    );
    assert_eq!(
        (field(&r, "status_callback"), field(&r, "status")),
        ("http://example.com/foo.xml", "404")
    );
    assert_eq!(r.at.unwrap().to_string(), "2015-08-18T08:46:56.000Z");
    let r = one(sample!("twilio/call-notifications-list.json"));
    assert_eq!(
        (r.kind, r.call.unwrap().to_string().as_str()),
        (Kind::NotificationListed, "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    );
    let r = one(sample!("twilio/notifications-list-21609.json"));
    assert_eq!(r.code.as_deref(), Some("21609"));
    let r = one(sample!("twilio/notification-instance-11200.json"));
    assert_eq!(
        (r.outcome, field(&r, "status"), r.level),
        (Outcome::HttpError, "500", Some(Severity::Error))
    );
    assert_eq!(field(&r, "url"), "https://forms.example.com/twiml/9436/question/0");
    let r = one(r#"{"sid":"NO1","error_code":"10004","log":"0","message_text":null,"message_date":null}"#);
    assert_eq!(r.code.as_deref(), Some("10004"));
}

#[test]
fn call_events_names_are_turned_back() {
    let r = one(sample!("twilio/call-events-list.json"));
    assert_eq!(
        (r.kind, r.request_kind, r.why_not),
        (Kind::CallEvent, RequestKind::Api, Some(WhyNot::Api))
    );
    assert_eq!(r.call.unwrap().to_string(), "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_eq!((r.response.unwrap().ms, r.outcome), (Some(50), Outcome::Ok));
    let event = |code: u16| {
        format!(
            r#"{{"request":{{"method":"POST","url":"https://a.example/m","parameters":{{"call_sid":"CA7","msg":"Gather End","add_ons":"{{}}","digits":""}}}},"response":{{"response_code":{code},"request_duration":12,"response_body":"<Response><Gather action=\"/next\" actionOnEmptyResult=\"true\" timeout=\"3\"/><Redirect>/m?Digits=TIMEOUT</Redirect></Response>"}}}}"#
        )
    };
    let all = clean(&format!(r#"{{"events":[{},{}],"uri":"/x"}}"#, event(200), event(500)));
    let names: Vec<_> = all[0]
        .request
        .as_ref()
        .unwrap()
        .params()
        .iter()
        .map(|p| p.0.as_str())
        .collect();
    assert_eq!(names, ["CallSid", "msg", "AddOns", "Digits"]);
    assert_eq!(
        (all[0].request_kind, all[0].outcome, all[0].code.clone()),
        (RequestKind::Gather, Outcome::Ok, None)
    );
    let asked = all[0].asked.as_ref().unwrap();
    assert_eq!(asked.gathers[0].action.as_deref(), Some("https://a.example/next"));
    assert_eq!(
        (
            asked.gathers[0].on_empty,
            asked.gathers[0].timeout_s,
            asked.ends_after_gather
        ),
        (true, 3, false)
    );
    assert_eq!(asked.redirect.as_deref(), Some("https://a.example/m?Digits=TIMEOUT"));
    assert_eq!(
        (all[1].outcome, all[1].code.as_deref(), all[1].level),
        (Outcome::HttpError, Some("11200"), Some(Severity::Error))
    );
    assert_eq!(all[1].call, Some(Id::from("CA7")));
}

#[test]
fn event_streams() {
    let r = one(sample!("twilio/event-stream-error-logged-v2.partial.json"));
    assert_eq!(
        (r.kind, r.level, r.code.as_deref()),
        (Kind::ErrorLogged, Some(Severity::Info), Some("93101"))
    );
    assert_eq!(
        (
            r.call.unwrap().to_string().as_str(),
            field(
                &one(sample!("twilio/event-stream-error-logged-v2.partial.json")),
                "product"
            )
        ),
        ("ZE0000000000000000000000000000001", "Event Streams")
    );
    let payload = serde_json::to_string(sample!("twilio/debugger-11200-voice-private-ip.payload.json")).unwrap();
    let event = format!(
        r#"{{"specversion":"1.0","type":"com.twilio.error-logs.error.logged","id":"NO2","time":"2026-03-29T04:00:56.753Z","data":{{"sid":"NO1","level":"ERROR","correlation_sid":"CA9","error_code":"11200","payload":{payload}}}}}"#
    );
    let r = one(&format!("[{event}]"));
    assert_eq!(
        (r.outcome, r.event_id, r.at.is_some()),
        (Outcome::Unreachable, Some(Id::from("NO1")), true)
    );
    let r = one(sample!("twilio/event-stream-voice-webhook-event-v2.json"));
    assert_eq!(
        (r.kind, r.request_kind, r.outcome),
        (Kind::VoiceWebhook, RequestKind::Media, Outcome::Ok)
    );
    assert!(r.response.unwrap().body.unwrap().starts_with("<?xml version"));
    let r = one(sample!("twilio/event-stream-message-sent-v7.json"));
    assert_eq!(
        (r.kind, r.code.clone(), field(&r, "message_status")),
        (Kind::StreamEvent, None, "SENT")
    );
    let r = one(
        r#"[{"specversion":"1.0","type":"com.twilio.messaging.message.undelivered","id":"EZ1","data":"{\"messageSid\":\"SM1\",\"messageStatus\":\"UNDELIVERED\",\"errorCode\":30003}"}]"#,
    );
    assert_eq!(
        (r.code.as_deref(), r.level, r.call),
        (Some("30003"), Some(Severity::Error), Some(Id::from("SM1")))
    );
}

#[test]
fn voice_events_by_type() {
    for (kind, expected) in [
        ("twiml.gather.finished", RequestKind::Gather),
        ("twiml.dial.finished", RequestKind::Dial),
        ("twiml.record.finished", RequestKind::Record),
        ("twiml.call.redirected", RequestKind::Voice),
        ("status-callback.call.completed", RequestKind::StatusCallback),
        ("status-callback.gather.partial.captured", RequestKind::GatherPartial),
        ("api-request.call.created", RequestKind::Api),
        ("twiml.request.failed", RequestKind::Voice),
    ] {
        let r = one(&format!(
            r#"{{"specversion":"1.0","type":"com.twilio.voice.{kind}","data":{{"sid":"CA1","request":{{"method":"POST","url":"https://a.example/","parameters":{{"CallSid":"CA1"}}}},"response":{{"responseCode":503}}}}}}"#
        ));
        assert_eq!(
            (r.request_kind, r.outcome, r.code.as_deref()),
            (expected, Outcome::HttpError, Some("11200")),
            "{kind}"
        );
        assert_eq!(r.why_not, (expected == RequestKind::Api).then_some(WhyNot::Api));
    }
}

#[test]
fn twilio_cli_arrays_behind_one_another() {
    let entry = r#"{"accountSid":"AC1","alertText":"HTTP bad host name","dateCreated":"2016-10-27T02:34:21.000Z","errorCode":"11210","logLevel":"error","requestUrl":"https://a.example","sid":"NO1"}"#;
    let all = clean(&format!("[{entry}]\n[][{entry},{entry}]"));
    assert_eq!(all.len(), 3);
    assert_eq!(
        (all[0].kind, all[0].why_not, field(&all[0], "msg")),
        (Kind::Cli, Some(WhyNot::ListOnly), "HTTP bad host name")
    );
    assert_eq!(all[0].outcome, Outcome::Unreachable);
}

#[test]
fn insights_code_only_when_something_went_wrong() {
    let all = clean(sample!("twilio/insights-call-events.json"));
    assert_eq!(
        all.iter().map(|r| r.code.as_deref()).collect::<Vec<_>>(),
        [Some("31600"), None, None, None]
    );
    assert_eq!(
        (all[0].kind, field(&all[2], "type")),
        (Kind::Insights, "conversation_relay.call_wrap_up")
    );
    let quiet = sample!("twilio/insights-call-events.json").replace("\"ERROR\"", "\"INFO\"");
    assert_eq!(clean(&quiet)[0].code, None);
}

#[test]
fn webhooks_as_received() {
    let r = one(sample!("twilio/webhook-recording-status.http"));
    assert_eq!(
        (r.kind, r.request_kind, r.why_not, r.code.clone()),
        (Kind::Webhook, RequestKind::RecordingStatus, None, None)
    );
    assert_eq!(
        r.request.as_ref().unwrap().url.as_deref(),
        Some("https://recorder1.example.com/rec")
    );
    assert_eq!(
        (r.request.as_ref().unwrap().headers.len(), r.outcome),
        (12, Outcome::Unknown)
    );
    let r = one(sample!("twilio/webhook-sms-incoming.http"));
    assert_eq!(
        (r.request_kind, field(&r, "path")),
        (RequestKind::Message, "/Prod/receiveMessage")
    );
    let r = one(sample!("twilio/webhook-voice-gather-digits.json"));
    assert_eq!((r.request_kind, r.why_not), (RequestKind::Gather, Some(WhyNot::NoUrl)));
    let r = one(sample!("twilio/webhook-voice-status-completed.qs"));
    assert_eq!(
        (r.request_kind, field(&r, "call_status")),
        (RequestKind::StatusCallback, "completed")
    );
    assert_eq!(r.request.unwrap().param("ToCity"), Some("São Paulo"));
    let r = one("GET /v?lang=en&CallSid=CA1&AccountSid=AC1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert_eq!(
        (r.request_kind, field(&r, "url")),
        (
            RequestKind::Voice,
            "http://a.example/v?lang=en&CallSid=CA1&AccountSid=AC1"
        )
    );
    let r = one("CallSid=CA1&AccountSid=AC1&x=1&x=2&CallStatus=ringing");
    assert_eq!(r.request.unwrap().params().iter().filter(|p| p.0 == "x").count(), 2);
}

#[test]
fn captures_that_carry_documents() {
    let capture = |body: &str| format!("POST /d HTTP/1.1\r\nHost: a.example\r\n\r\n{body}");
    let r = one(&capture(sample!("twilio/debugger-docs-example.form")));
    assert_eq!((r.kind, r.why_not), (Kind::Debugger, Some(WhyNot::NoRequest)));
    let r = one(&capture(sample!("tropo/session-java-test-token.json").trim()));
    assert_eq!(
        (r.kind, r.why_not, field(&r, "url")),
        (Kind::TropoPayload, None, "http://a.example/d")
    );
}

#[test]
fn tropo_documents() {
    let text = sample!("tropo/session-docs-inbound-voice-2010.json");
    let r = one(text);
    assert_eq!(
        (r.kind, r.provider, r.request_kind),
        (Kind::TropoPayload, Provider::Tropo, RequestKind::Session)
    );
    assert_eq!(r.call, Some(Id::from("da28d9c3e72ceb2f523c98349fe86d06")));
    assert_eq!(r.also, [Id::from("6df860d119858281103207b4e8aed4fc")]);
    assert_eq!(
        r.request.unwrap().payload,
        Payload::Json(text.trim().as_bytes().to_vec())
    );
    assert_eq!((r.why_not, r.at.is_some()), (Some(WhyNot::NoUrl), true));
    let r = one(sample!("tropo/result-php-test-2.json"));
    assert_eq!(
        (r.request_kind, r.call),
        (RequestKind::Result, Some(Id::from("971f0d9db9fcc4346ed95d7176fbbc7c")))
    );
    let latin = b"{\"session\":{\"id\":\"x\",\"initialText\":\"caf\xE9\"}}\n";
    let reading = read(latin);
    assert_eq!(
        reading.records[0].1.request.as_ref().unwrap().payload,
        Payload::Json(latin.trim_ascii().to_vec())
    );
    let r = one(sample!("tropo/tropo-response-docs-ask-2010.json"));
    assert_eq!((r.kind, r.request), (Kind::TropoReply, None));
}

#[test]
fn console_pastes() {
    let node = "{\n  resource_sid: 'CA1',\n  service_sid: undefined,\n  error_code: '11200',\n  more_info: { Msg: 'it\\'s \"down\"' +\n    ' again', LogLevel: 'ERROR', },\n  webhook: { request: { url: 'https://a.example/x', parameters: [Object] } },\n}";
    let r = one(node);
    assert_eq!(
        (field(&r, "msg"), field(&r, "url")),
        ("it's \"down\" again", "https://a.example/x")
    );
    let python = "[{'sid': u'NO1', 'alert_text': 'Msg=x&ErrorCode=11200', 'log_level': 'error', 'error_code': None, 'ok': True}, ]";
    let reading = read(python.as_bytes());
    assert_eq!(reading.records[0].1.code.as_deref(), Some("11200"));
    assert_eq!(&python[reading.records[0].0.clone()], &python[1..python.len() - 3]);
}

#[test]
fn cut_pages_give_their_whole_items() {
    let text = sample!("twilio/alert-list-page.json");
    let second = text.rfind("\"sid\"").unwrap();
    let reading = read(&text.as_bytes()[..second]);
    assert_eq!((reading.records.len(), reading.incomplete), (1, true));
    assert!(reading.trouble.unwrap().starts_with("cut JSON at byte"));
    assert_eq!(reading.records[0].1.kind, Kind::AlertListed);
    assert!(text[reading.records[0].0.clone()].ends_with('}'));
}

#[test]
fn several_documents_on_one_line() {
    let one_line: String = sample!("twilio/webhook-voice-gather-digits.json").lines().collect();
    let text = format!("{one_line}{one_line} , {one_line}");
    assert_eq!(clean(&text).len(), 3);
    assert_eq!(opening(text.as_bytes()), Opening::Whole);
    let reading = read(format!("{one_line}{{\"x\":").as_bytes());
    assert_eq!((reading.records.len(), reading.incomplete), (1, true));
}

#[test]
fn hostile_texts() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(deep.as_bytes()).trouble.is_some() || read(deep.as_bytes()).records.is_empty());
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert!(read(deep.as_bytes()).trouble.is_some());
    let r = one(r#"{"sid":"NO1","sid":"NO2","error_code":"1e999","alert_text":"\ud800 x","log_level":1e999}"#);
    assert_eq!(
        (r.event_id.clone(), field(&r, "text")),
        (Some(Id::from("NO2")), "\u{FFFD} x")
    );
    let mut bytes = b"{\"sid\":\"NO1\",\"alert_text\":\"".to_vec();
    bytes.extend_from_slice(b"\xFF\xFE prose\",\"error_code\":\"1\"}");
    let reading = read(&bytes);
    assert_eq!(reading.records[0].0, 0..bytes.len());
    for text in [
        "{",
        "[",
        "{\"",
        "'",
        "{'",
        "\\",
        "{\\",
        "POST / HTTP/1.1",
        "=",
        "a=",
        "Payload=&CallSid=",
        "{\"Payload\":null}",
        "%7B",
        "{&quot;",
        "&;",
    ] {
        read(text.as_bytes());
    }
    assert_eq!(
        read(br#"{"a":1}"#).trouble.as_deref(),
        Some("JSON document of no known kind")
    );
}

#[test]
fn openings() {
    for (line, expected) in [
        ("", Opening::No),
        ("{", Opening::Partial),
        ("[", Opening::Partial),
        ("  {\"a\": 1,", Opening::Partial),
        ("{\"a\":1}", Opening::Whole),
        ("{\"a\":1},", Opening::Whole),
        ("{\"a\":1} trailing", Opening::Whole),
        ("[INFO] starting", Opening::No),
        ("[2020-01-01 10:00:00] x", Opening::No),
        ("{foo} bar", Opening::No),
        ("{ resource_sid: 'CA1',", Opening::Partial),
        ("POST /voice HTTP/1.1", Opening::Partial),
        ("POST /voice", Opening::No),
        ("GET me a coffee", Opening::No),
        ("CallSid=CA1&AccountSid=AC1", Opening::Whole),
        ("a=1&b=2", Opening::No),
        ("name = value", Opening::No),
        ("at com.example.Main(Main.java:1)", Opening::No),
    ] {
        assert_eq!(opening(line.as_bytes()), expected, "{line}");
    }
}

/// Feeds lines; the number of lines used and what the last one was.
fn assemble(text: &str) -> (usize, Push) {
    let mut lines = text.lines();
    let mut assembler = Assembler::new(lines.next().unwrap_or("").as_bytes());
    let mut used = 1;
    for line in lines {
        used += 1;
        let push = assembler.push(line.as_bytes());
        if push != Push::More {
            return (used, push);
        }
    }
    (used, Push::More)
}

#[test]
fn assembler_ends_where_the_document_ends() {
    for text in SAMPLES.iter().filter(|t| t.trim().lines().count() > 1) {
        let text = text.trim();
        assert_eq!(
            opening(text.lines().next().unwrap().as_bytes()),
            Opening::Partial,
            "{text}"
        );
        let lines = text.lines().count();
        assert_eq!(
            assemble(&format!("{text}\n{{\"next\":1}}\n")),
            (lines, Push::Done),
            "{text}"
        );
        assert_eq!(
            assemble(&format!("{text}{{\"next\":\n1}}")),
            (
                lines,
                if text.starts_with('P') {
                    Push::Done
                } else {
                    Push::DoneAfter(text.lines().last().unwrap().len())
                }
            )
        );
    }
}

#[test]
fn assembler_knows_what_is_no_document() {
    assert_eq!(assemble("{\"a\":1,\n{\"b\":2}"), (2, Push::Abandon));
    assert_eq!(assemble("{\"a\":\"cut he\n{\"b\":2}"), (2, Push::Abandon));
    assert_eq!(assemble("{\"a\":[\n{\"b\":2}\n]}"), (3, Push::Done));
    assert_eq!(assemble("{\n2015-03-09 18:02:13.123 INFO [x] y"), (2, Push::Abandon));
    assert_eq!(assemble("{\nMar 09 18:02:13 UTC 2015 host TROPO"), (2, Push::Abandon));
    assert_eq!(assemble("{\n00012\t3719\t4:13:58 PM\tx"), (2, Push::Abandon));
    assert_eq!(assemble("{\n]"), (2, Push::Abandon));
    assert_eq!(assemble("{ a: '}',\n b: \"{\\\"\" }"), (2, Push::Done));
    assert_eq!(assemble("GET /x HTTP/1.1\nHost: a\n\nrest"), (3, Push::Done));
    assert_eq!(assemble("POST /x HTTP/1.1\nHost: a\n\n\n"), (4, Push::Done));
    assert_eq!(assemble("POST /x HTTP/1.1\nHost: a\n\n{\n}\n"), (5, Push::Done));
    assert_eq!(assemble("POST /x HTTP/1.1\nno header here"), (2, Push::Abandon));
    assert_eq!(assemble("POST /x HTTP/1.1\nContent-Length: 0\n\n"), (3, Push::Done));
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    (
        0..SAMPLES.len(),
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 0..6),
    )
        .prop_map(|(n, edits)| {
            let mut text = SAMPLES[n].as_bytes().to_vec();
            for (at, byte, what) in edits {
                let i = at.index(text.len().max(1)).min(text.len().saturating_sub(1));
                match what {
                    0 if !text.is_empty() => text[i] = byte,
                    1 => text.insert(i, byte),
                    2 => text.truncate(i),
                    _ => text.insert(i, b"{}[]\"'\\:,"[usize::from(byte) % 9]),
                }
            }
            text
        })
}

fn check(text: &[u8]) {
    let reading = read(text);
    for (range, _) in &reading.records {
        assert!(range.start <= range.end && range.end <= text.len());
    }
    let mut lines = text.split(|b| *b == b'\n');
    let first = lines.next().unwrap_or_default();
    let _ = opening(first);
    let mut assembler = Assembler::new(first);
    for line in lines {
        let _ = opening(line);
        if let Push::DoneAfter(n) = assembler.push(line) {
            assert!(n <= line.len());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&text);
    }

    #[test]
    fn any_brackets(text in "[\\{\\}\\[\\]\"':,a0 \\\\\n&;%=]{0,80}") {
        check(text.as_bytes());
    }

    #[test]
    fn mutated_samples(text in mutated()) {
        check(&text);
    }

    #[test]
    fn pretty_or_compact_is_the_same(n in 0..SAMPLES.len()) {
        if let Ok(v) = serde_json::from_str::<serde_json::Value>(SAMPLES[n]) {
            let (a, b) = (clean(&serde_json::to_string(&v).unwrap()), clean(&serde_json::to_string_pretty(&v).unwrap()));
            let plain = |all: Vec<Record>| all.into_iter().map(|mut r| { if r.kind == Kind::TropoPayload { r.request = None; } r }).collect::<Vec<_>>();
            prop_assert_eq!(plain(a), plain(b));
        }
    }
}

#[test]
fn a_page_of_many_items_is_linear() {
    let mut text = "[".to_owned();
    for i in 0..2000 {
        write!(text, "{{\"alert_text\":\"x{i}\",\"error_code\":\"1\"}},").unwrap();
    }
    assert_eq!(read(text.as_bytes()).records.len(), 2000);
}
