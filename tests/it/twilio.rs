//! Twilio's documents through a session: each kind, the made-up 502, repeats, merging, legs, and how steps ended.
//!
//! The documents are built here from a few parts; what each field may look like is held by the unit tests beside the
//! parsers (`src/format/twilio/tests.rs`).

use serde_json::{Value, json};

use crate::support::{Told, text, told, told_in};

const AC: &str = "AC00000000000000000000000000000001";
const CA: &str = "CA00000000000000000000000000000001";
const URL: &str = "https://a.example/voice";

fn no(n: u32) -> String {
    format!("NO{n:032x}")
}

fn params(extra: &[(&str, &str)]) -> Value {
    let mut p = json!({"AccountSid": AC, "CallSid": CA, "CallStatus": "in-progress", "From": "+12025550141", "To": "+12025550100", "Direction": "inbound"});
    for (n, v) in extra {
        p[*n] = (*v).into();
    }
    p
}

fn encoded(pairs: &Value) -> String {
    let pairs = pairs.as_object().unwrap().iter();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.map(|(n, v)| (n, v.as_str().unwrap())))
        .finish()
}

fn payload(code: &str, status: &str) -> Value {
    json!({
        "resource_sid": CA, "service_sid": null, "error_code": code,
        "more_info": {"Msg": "", "ErrorCode": code, "LogLevel": "ERROR", "httpResponse": status, "url": URL},
        "webhook": {"type": "application/json",
            "request": {"url": URL, "method": "POST", "headers": {}, "parameters": params(&[])},
            "response": {"status_code": status.parse::<u16>().ok(), "headers": {"content-type": "text/html"}, "body": "<h1>oops</h1>"}}
    })
}

fn debugger(n: u32, level: &str, payload: &Value) -> Value {
    json!({"Sid": no(n), "AccountSid": AC, "ParentAccountSid": "", "Timestamp": "2026-03-02T09:15:46.100Z", "Level": level, "PayloadType": "application/json", "Payload": payload.to_string()})
}

fn alert(n: u32, at: &str, instance: bool) -> Value {
    let mut a = json!({
        "sid": no(n), "account_sid": AC, "url": "https://monitor.twilio.com/v1/Alerts/x", "api_version": "2010-04-01",
        "date_created": at, "date_generated": at, "date_updated": at, "error_code": "11200", "log_level": "error",
        "alert_text": format!("Msg&sourceComponent=12000&ErrorCode=11200&httpResponse=500&url={}&LogLevel=ERROR", "https%3A%2F%2Fa.example%2Fvoice"),
        "more_info": "https://www.twilio.com/docs/errors/11200", "request_method": "POST", "request_url": URL,
        "resource_sid": CA, "service_sid": null
    });
    if instance {
        a["request_variables"] = encoded(&params(&[])).into();
        a["request_headers"] = Value::Null;
        a["response_headers"] = "Content-Type=text%2Fhtml".into();
        a["response_body"] = "<h1>oops</h1>".into();
    }
    a
}

fn list(alerts: &[Value]) -> Value {
    json!({"alerts": alerts, "meta": {"key": "alerts", "page": 0, "page_size": 50, "next_page_url": null, "url": "u", "first_page_url": "u", "previous_page_url": null}})
}

/// A request of Call Events: URL, extra parameters in `snake_case`, status, answer, second.
fn event(url: &str, extra: &[(&str, &str)], status: u16, body: &str, second: u32) -> Value {
    let mut p = json!({"account_sid": AC, "call_sid": CA, "call_status": "in-progress", "from": "+12025550141", "to": "+12025550100", "direction": "inbound"});
    for (n, v) in extra {
        p[*n] = (*v).into();
    }
    json!({"request": {"method": "POST", "url": url, "parameters": p},
        "response": {"response_code": status, "request_duration": 84, "content_type": "text/xml", "response_body": body,
            "date_created": format!("Mon, 02 Mar 2026 09:{:02}:{:02} +0000", 15 + second / 60, second % 60)}})
}

fn events(all: &[Value]) -> String {
    json!({"events": all, "uri": format!("/2010-04-01/Accounts/{AC}/Calls/{CA}/Events.json"), "page": 0, "page_size": 50}).to_string()
}

#[test]
fn each_kind_of_document_tells_of_one_failed_request() {
    let notification = json!({
        "sid": no(1), "account_sid": AC, "call_sid": CA, "log": "0", "error_code": "11200", "more_info": "x",
        "message_text": "Msg&ErrorCode=11200&httpResponse=500&url=https%3A%2F%2Fa.example%2Fvoice&LogLevel=ERROR",
        "message_date": "Mon, 02 Mar 2026 09:15:46 +0000", "date_created": "Mon, 02 Mar 2026 09:15:46 +0000", "date_updated": "Mon, 02 Mar 2026 09:15:46 +0000",
        "request_method": "POST", "request_url": URL, "request_variables": encoded(&params(&[])), "response_headers": "Content-Type=text%2Fhtml",
        "response_body": "<h1>oops</h1>", "api_version": "2010-04-01", "uri": "/2010-04-01/Accounts/AC/Notifications/NO.json"
    });
    let logged = json!({
        "specversion": "1.0", "type": "com.twilio.error-logs.error.logged", "source": "AB", "id": no(1), "time": "2026-03-02T09:15:46.000Z",
        "dataschema": "https://events-schemas.twilio.com/ErrorLogs.Error/2", "datacontenttype": "application/json",
        "data": {"sid": no(1), "account_sid": AC, "service_sid": null, "correlation_sid": CA, "product_name": "Programmable Voice",
            "error_code": "11200", "level": "ERROR", "date_created": "2026-03-02T09:15:46.000Z", "payload": payload("11200", "500").to_string()}
    });
    let mut quoted = logged.clone();
    quoted["data"] = logged["data"].to_string().into();
    let form = encoded(&debugger(1, "ERROR", &payload("11200", "500")));
    let pretty = serde_json::to_string_pretty(&alert(1, "2026-03-02T09:15:46Z", true)).unwrap();
    let table = [
        ("debugger form", form),
        (
            "debugger JSON",
            debugger(1, "ERROR", &payload("11200", "500")).to_string(),
        ),
        ("payload alone", payload("11200", "500").to_string()),
        ("alert", alert(1, "2026-03-02T09:15:46Z", true).to_string()),
        ("alert, pretty", pretty),
        ("notification", notification.to_string()),
        ("error logged", json!([logged]).to_string()),
        ("error logged, single", logged.to_string()),
        ("error logged, data as text", quoted.to_string()),
        ("call events", events(&[event(URL, &[], 500, "<h1>oops</h1>", 46)])),
    ];
    for (name, document) in table {
        let t = told(document + "\n");
        assert_eq!(t.unparsed, [], "{name}");
        assert_eq!(t.call()["call"], CA, "{name}");
        let f = t.finding();
        assert_eq!(
            [&f["code"], &f["class"], &f["severity"], &f["provider"]],
            ["11200", "http", "error", "twilio"],
            "{name}"
        );
        assert!(text(f, "title").contains("500"), "{name}: {f}");
        let r = t.request();
        assert_eq!(
            [&r["method"], &r["url"], &r["outcome"]],
            ["POST", URL, "http-error"],
            "{name}"
        );
        assert_eq!((&r["replayable"], &r["id"]), (&true.into(), &f["request"]), "{name}");
        let sent = r["params"].as_array().unwrap();
        assert!(
            sent.contains(&json!(["CallSid", CA])) && sent.contains(&json!(["From", "+12025550141"])),
            "{name}: {r}"
        );
        if name != "payload alone" {
            assert_eq!(&text(f, "at")[..19], "2026-03-02T09:15:46", "{name}");
        }
    }
}

#[test]
fn lists_and_the_cli_have_no_parameters() {
    let cli = json!([{"sid": no(1), "accountSid": AC, "alertText": "Bad Gateway", "dateCreated": "2026-03-02T09:15:46.000Z", "dateGenerated": "2026-03-02T09:15:46.000Z", "dateUpdated": "2026-03-02T09:15:46.000Z",
        "errorCode": "11200", "logLevel": "error", "moreInfo": "x", "requestMethod": "POST", "requestUrl": URL, "resourceSid": CA, "serviceSid": null, "apiVersion": "2010-04-01", "url": "x"}]);
    for document in [list(&[alert(1, "2026-03-02T09:15:46Z", false)]), cli] {
        let t = told(document.to_string());
        assert_eq!(t.classes(), [("http", "error")]);
        assert_eq!(t.request()["replayable"], false);
        assert!(!text(t.request(), "why_not").is_empty());
    }
}

#[test]
fn the_made_up_502_is_unmasked() {
    for (header, error, class) in [
        (
            Some("11203 HTTP communication total time out triggered"),
            "Total timeout is triggered. Configured tt is 15000ms and we attempted 1 time(s)",
            "network",
        ),
        (Some("11201 TCP connection timed out"), "Connect timeout", "network"),
        (
            None,
            "Error reading response: Response does not contain content type",
            "content-type",
        ),
    ] {
        let mut p = payload("11200", "502");
        p["webhook"]["response"] = json!({
            "status_code": null,
            "headers": header.map_or(json!({"content-type": "text/html"}), |h| json!({"X-Twilio-WebhookError": h, "content-type": "text/html"})),
            "body": format!("Twilio was unable to fetch content from: {URL}\nError: {error}\nAccount SID: {AC}\nSID: {CA}\nRequest ID: x\nRemote Host: a.example\nRequest Method: POST\nRequest URI: /voice\nURL Fragment: true")
        });
        let t = told(debugger(1, "ERROR", &p).to_string());
        let f = t.finding();
        assert_eq!(f["class"], class, "{error}");
        assert!(
            text(f, "evidence").contains(error) || text(f, "title").contains(error),
            "{f}"
        );
        assert!(!text(f, "title").contains("502"), "{f}");
        // No answer of the app: no status of it either.
        let r = t.request();
        assert_ne!(r["outcome"], "http-error", "{r}");
        assert_eq!(r["response"]["status"], Value::Null, "{r}");
        assert_eq!(r["replayable"], true);
    }
}

#[test]
fn info_is_hidden_and_levels_of_events_win() {
    for (level, severity) in [
        ("ERROR", Some("error")),
        ("WARNING", Some("warning")),
        ("Warning", Some("warning")),
        ("INFO", None),
        ("DEBUG", None),
    ] {
        let mut p = payload("11200", "500");
        p["more_info"]["LogLevel"] = level.into();
        let t = told(debugger(1, level, &p).to_string());
        assert_eq!(
            t.classes(),
            severity.map(|s| ("http", s)).into_iter().collect::<Vec<_>>(),
            "{level}"
        );
    }
}

#[test]
fn an_unknown_code_is_shown() {
    let t = told(debugger(1, "ERROR", &payload("99123", "500")).to_string());
    assert_eq!(
        (&t.finding()["code"], &t.finding()["severity"]),
        (&"99123".into(), &"error".into())
    );
    assert!(!text(t.finding(), "title").is_empty());
}

#[test]
fn repeats_fold_into_one_finding() {
    let text: String = (1..=4)
        .map(|n| alert(n, &format!("2026-03-02T09:1{n}:46Z"), true).to_string() + "\n")
        .collect();
    let t = told(text);
    assert_eq!(t.finding()["count"], 4);
    assert_eq!(t.requests.len(), 4);
}

#[test]
fn the_same_event_is_read_once() {
    let at = "2026-03-02T09:15:46Z";
    let (listed, instance) = (list(&[alert(1, at, false)]).to_string(), alert(1, at, true).to_string());
    for texts in [[&listed, &instance], [&instance, &listed], [&instance, &instance]] {
        // In one input, and over two.
        let one = told(format!("{}\n{}\n", texts[0], texts[1]));
        let two = told_in(&[texts[0].as_bytes(), texts[1].as_bytes()], 1, 1 << 20);
        for t in [one, two] {
            assert_eq!(t.finding()["count"], 1);
            let r = t.request();
            assert_eq!(
                (&r["replayable"], &r["response"]["body"]),
                (&true.into(), &"<h1>oops</h1>".into()),
                "{r}"
            );
        }
    }
}

#[test]
fn an_alert_and_the_timeline_tell_of_one_request() {
    let timeline = events(&[event(URL, &[], 500, "<h1>oops</h1>", 48)]);
    let alert = alert(1, "2026-03-02T09:15:46Z", true).to_string();
    for log in [format!("{timeline}\n{alert}\n"), format!("{alert}\n{timeline}\n")] {
        let t = told(log);
        assert_eq!(t.finding()["count"], 1);
        let r = t.request();
        // Its duration is the timeline's, its parameters keep their own names.
        assert_eq!(
            (&r["response"]["ms"], &r["response"]["status"]),
            (&84.into(), &500.into()),
            "{r}"
        );
        assert!(r["params"].as_array().unwrap().contains(&json!(["CallSid", CA])));
    }
    // Too far apart in time: two requests.
    let later = events(&[event(URL, &[], 500, "<h1>oops</h1>", 300)]);
    assert_eq!(told(format!("{alert}\n{later}\n")).requests.len(), 2);
}

#[test]
fn legs_name_their_parent() {
    let child = "CA00000000000000000000000000000002";
    let webhook = |extra: &[(&str, &str)]| params(extra).to_string() + "\n";
    let t = told(webhook(&[]) + &webhook(&[("CallSid", child), ("ParentCallSid", CA)]));
    assert_eq!(
        t.calls
            .iter()
            .map(|c| (text(c, "call"), c["parent"].as_str()))
            .collect::<Vec<_>>(),
        [(CA, None), (child, Some(CA))]
    );
    // Known by its parent's Dial alone.
    let t = told(events(&[event(
        "https://a.example/dialed",
        &[("dial_call_sid", child), ("dial_call_status", "completed")],
        200,
        "<Response/>",
        1,
    )]));
    assert!(
        t.calls.iter().any(|c| c["call"] == child && c["parent"] == CA),
        "{:#?}",
        t.calls
    );
}

#[test]
fn a_message_is_a_call_of_its_own() {
    let sm = "SM00000000000000000000000000000001";
    let mut p = payload("14101", "200");
    p["resource_sid"] = sm.into();
    p["service_sid"] = sm.into();
    p["webhook"]["request"]["parameters"] = json!({"MessageSid": sm, "SmsSid": sm, "From": "+1", "To": "+2", "Body": "hello", "SmsStatus": "received", "AccountSid": AC});
    let t = told(debugger(1, "ERROR", &p).to_string());
    assert_eq!((&t.call()["call"], &t.call()["ids"]), (&sm.into(), &json!([sm])));
    assert_eq!(t.request()["kind"], "message");
}

#[test]
fn what_must_not_be_sent_again() {
    // An internal record leaking through.
    let mut internal = payload("63052", "");
    internal["webhook"]["request"] = json!({"parameters": {"accountSid": AC, "messageSid": "SM1", "error": "63052", "provider": "Some(wa-cloudapi)"}});
    // SIP is no HTTP.
    let mut sip = payload("32009", "");
    sip["webhook"]["request"] =
        json!({"url": "sip:user@a.example", "method": "INVITE", "headers": {}, "parameters": {}});
    for p in [internal, sip] {
        let t = told(debugger(1, "ERROR", &p).to_string());
        assert_eq!(t.findings.len(), 1);
        assert!(t.requests.iter().all(|r| r["replayable"] == false), "{:#?}", t.requests);
    }
    let mut none = payload("11200", "500");
    none.as_object_mut().unwrap().remove("webhook");
    let t = told(debugger(1, "ERROR", &none).to_string());
    assert!(t.requests.iter().all(|r| r["replayable"] == false));
}

const MENU: &str = r#"<Response><Gather action="/menu" numDigits="1" timeout="5"><Say>One or two.</Say></Gather><Redirect>/voice?Digits=TIMEOUT</Redirect></Response>"#;
const DONE: &str = "<Response><Say>Thank you.</Say><Hangup/></Response>";
const MENU_URL: &str = "https://a.example/menu";

/// Event and certainty of every request.
fn steps(t: &Told) -> Vec<(Option<&str>, Option<bool>)> {
    t.requests
        .iter()
        .map(|r| (r["event"].as_str(), r["event_certain"].as_bool()))
        .collect()
}

/// The step of the second request, after an answer to the first.
fn second(answer: &str, url: &str, extra: &[(&str, &str)], reply: &str, at: u32) -> (String, Option<bool>) {
    let t = told(events(&[
        event(URL, &[], 200, answer, 1),
        event(url, extra, 200, reply, at),
    ]));
    let s = steps(&t);
    assert_eq!(s[0], (Some("start"), Some(true)));
    (s[1].0.unwrap_or("-").to_owned(), s[1].1)
}

#[test]
fn how_steps_ended() {
    let yes = |event: &str| (event.to_owned(), Some(true));
    let gathered = |d| [("digits", d), ("msg", "Gather End")];
    assert_eq!(second(MENU, MENU_URL, &gathered("1"), DONE, 9), yes("choice"));
    assert_eq!(
        second(
            MENU,
            MENU_URL,
            &[("speech_result", "one please"), ("confidence", "0.9")],
            DONE,
            9
        ),
        yes("choice")
    );
    // Asked for an action even without input.
    let empty = MENU.replace("timeout=", r#"actionOnEmptyResult="true" timeout="#);
    assert_eq!(
        second(&empty, MENU_URL, &[("digits", ""), ("msg", "Gather End")], DONE, 9),
        yes("noinput")
    );
    // The idiom: a Redirect behind the Gather.
    assert_eq!(
        second(MENU, "https://a.example/voice?Digits=TIMEOUT", &[], MENU, 9),
        yes("noinput")
    );
    let hangup = second(
        "<Response><Record action=\"/rec\"/></Response>",
        "https://a.example/rec",
        &[
            ("digits", "hangup"),
            ("recording_url", "u"),
            ("recording_sid", "RE1"),
            ("recording_duration", "3"),
        ],
        DONE,
        9,
    );
    assert_eq!(hangup, yes("hangup"));
    let dial = second(
        "<Response><Dial action=\"/d\">+1</Dial></Response>",
        "https://a.example/d",
        &[("dial_call_status", "busy"), ("dial_call_sid", "CA2")],
        DONE,
        9,
    );
    assert_eq!(dial.0, "continue");
}

#[test]
fn off_the_menu_is_told_by_the_app_asking_again() {
    let t = told(events(&[
        event(URL, &[], 200, MENU, 1),
        event(MENU_URL, &[("digits", "9"), ("msg", "Gather End")], 200, MENU, 9),
        event(MENU_URL, &[("digits", "1"), ("msg", "Gather End")], 200, DONE, 15),
    ]));
    // One was taken where nine was not: so nine is not on the menu.
    assert_eq!(
        steps(&t),
        [
            (Some("start"), Some(true)),
            (Some("nomatch"), Some(true)),
            (Some("choice"), Some(true))
        ]
    );
    // Another call that got on with another digit makes it certain.
    let nine = events(&[
        event(URL, &[], 200, MENU, 1),
        event(MENU_URL, &[("digits", "9")], 200, MENU, 9),
    ]);
    let one = events(&[
        event(URL, &[], 200, MENU, 1),
        event(MENU_URL, &[("digits", "1")], 200, DONE, 9),
    ]);
    let t = told(format!(
        "{nine}\n{}\n",
        one.replace(CA, "CA00000000000000000000000000000002")
    ));
    assert_eq!(steps(&t)[1], (Some("nomatch"), Some(true)));
    assert_eq!(steps(&t)[3], (Some("choice"), Some(true)));
}

#[test]
fn the_end_of_a_call_is_only_likely() {
    let end = |answer: &str, at: u32| {
        let done = [
            ("call_status", "completed"),
            ("call_duration", "40"),
            ("callback_source", "call-progress-events"),
            ("sequence_number", "3"),
            ("timestamp", "x"),
        ];
        second(answer, "https://a.example/status", &done, "", at)
    };
    let silent = r#"<Response><Gather action="/menu" timeout="5"><Say>One or two.</Say></Gather></Response>"#;
    // Long after prompt and timeout: nobody said anything; at once: the caller hung up.
    assert_eq!(end(silent, 31), ("timeout".to_owned(), Some(false)));
    assert_eq!(end(silent, 3), ("hangup".to_owned(), Some(false)));
}

#[test]
fn both_platforms_in_one_run() {
    let tropo = "2026-03-02 09:15:47.000 INFO [x] #TROPO#: Can not answer within 1ms.\n";
    let t = told_in(
        &[
            tropo.as_bytes(),
            alert(1, "2026-03-02T09:15:46Z", true).to_string().as_bytes(),
        ],
        1,
        1 << 20,
    );
    let mut providers: Vec<&str> = t.findings.iter().map(|f| text(f, "provider")).collect();
    providers.sort_unstable();
    assert_eq!(providers, ["tropo", "twilio"]);
}

/// An entry of a HAR file, as `redial proxy` records it.
fn exchange(id: &str, at: &str, status: u16, answer: &str, signature: &str) -> Value {
    json!({"startedDateTime": at, "time": 40,
        "request": {"method": "POST", "url": URL, "headers": [{"name": "X-Own", "value": "1"}],
            "postData": {"mimeType": "application/x-www-form-urlencoded", "text": encoded(&params(&[]))}},
        "response": {"status": status, "headers": [{"name": "content-type", "value": "text/xml"}],
            "content": {"size": answer.len(), "text": answer}},
        "_redial": {"id": id, "signature": {"state": signature, "why": "it fits none of the URLs tried"}}})
}

#[test]
fn recorded_exchanges_line_by_line_and_again() {
    let good = exchange("a", "2026-03-02T09:15:40.000Z", 200, "<Response/>", "valid");
    let bad = exchange("b", "2026-03-02T09:15:46.000Z", 500, "oops", "invalid");
    let t = told(format!("{good}\n{bad}\nplain text\n{good}\n"));
    assert_eq!((t.calls.len(), t.requests.len(), t.unparsed.len()), (1, 2, 1));
    assert_eq!(text(&t.calls[0], "call"), CA);
    assert_eq!(t.requests[1]["headers"], json!([["X-Own", "1"]]));
    assert_eq!(t.requests[1]["response"]["status"], 500);
    let told: Vec<_> = t
        .findings
        .iter()
        .map(|f| (text(f, "code"), text(f, "severity")))
        .collect();
    assert_eq!(told, [("11200", "error"), ("signature", "warning")]);
    assert_eq!(text(&t.findings[1], "evidence"), "it fits none of the URLs tried");
    assert_eq!(t.findings[0]["request"], t.findings[1]["request"]);
    let signature_only =
        self::told(exchange("c", "2026-03-02T09:15:40.000Z", 200, "<Response/>", "invalid").to_string());
    let codes: Vec<_> = signature_only.findings.iter().map(|f| text(f, "rule")).collect();
    assert_eq!(codes, ["exchange-signature"]);
}

#[test]
fn a_webhook_by_get_tells_as_much_as_one_by_post() {
    let get = |url: &str, at: &str, status: u16, answer: &str, extra: &[(&str, &str)]| {
        let mut entry = exchange(at, at, status, answer, "valid");
        entry["request"]["method"] = "GET".into();
        entry["request"]["url"] = format!("{url}?{}", encoded(&params(extra))).into();
        entry["request"].as_object_mut().unwrap().remove("postData");
        entry
    };
    let gather = "<Response><Gather method=\"GET\" action=\"/menu\"/></Response>";
    let first = get(URL, "2026-03-02T09:15:40.000Z", 200, gather, &[]);
    let second = get(MENU_URL, "2026-03-02T09:15:46.000Z", 500, "oops", &[("Digits", "9")]);
    let t = told(format!("{first}\n{second}\n"));
    assert_eq!(t.calls.len(), 1);
    let call = &t.calls[0];
    let ends = [text(call, "from"), text(call, "to"), text(call, "direction")];
    assert_eq!(ends, ["+12025550141", "+12025550100", "inbound"]);
    assert_eq!(steps(&t)[1], (Some("choice"), Some(true)));
    assert_eq!(text(&t.requests[1], "kind"), "gather");
}

#[test]
fn reports_about_a_call_are_no_requests_for_a_document() {
    let entry = |second: u32, extra: &[(&str, &str)]| {
        let mut entry = exchange(
            &second.to_string(),
            &format!("2026-03-02T09:15:{second}.000Z"),
            204,
            "",
            "valid",
        );
        let mut form = json!({"AccountSid": AC, "CallSid": CA});
        for (name, value) in extra {
            form[*name] = (*value).into();
        }
        entry["request"]["postData"]["text"] = encoded(&form).into();
        entry
    };
    let all = [
        entry(
            40,
            &[
                ("ConferenceSid", "CF1"),
                ("StatusCallbackEvent", "participant-join"),
                ("SequenceNumber", "2"),
            ],
        ),
        entry(41, &[("AnsweredBy", "human"), ("MachineDetectionDuration", "3000")]),
        entry(42, &[("StreamSid", "MZ1"), ("StreamEvent", "stream-started")]),
        entry(
            43,
            &[
                ("TranscriptionSid", "TR1"),
                ("TranscriptionStatus", "completed"),
                ("CallStatus", "completed"),
            ],
        ),
    ];
    let t = told(all.map(|e| e.to_string()).join("\n"));
    let kinds: Vec<_> = t.requests.iter().map(|r| text(r, "kind")).collect();
    assert_eq!(kinds, ["status-callback"; 4]);
    assert_eq!(steps(&t), [(None, None); 4]);
    assert_eq!(t.findings.len(), 0, "{:?}", t.findings);
}

#[test]
fn an_exchange_of_no_call_is_no_call_and_its_failure_is_told() {
    let mut event = exchange("a", "2026-03-02T09:15:40.000Z", 503, "down", "valid");
    event["request"]["headers"] = json!([{"name": "User-Agent", "value": "TwilioProxy/1.1"}]);
    event["request"]["postData"] = json!({"mimeType": "application/json", "text": "[{\"specversion\":\"1.0\"}]"});
    let mut browser = event.clone();
    browser["request"]["headers"] = json!([]);
    // Not what our own proxy saw: there every failure counts.
    browser.as_object_mut().unwrap().remove("_redial");
    let t = told(format!("{event}\n{browser}\n"));
    assert_eq!((t.calls.len(), t.unparsed.len(), t.findings.len()), (0, 0, 1));
    assert_eq!(
        (text(&t.findings[0], "call"), text(&t.findings[0], "code")),
        ("-", "11200")
    );
    // It can be asked for by its name all the same.
    assert!(t.findings[0]["request"].is_string());
}

#[test]
fn an_exchange_and_what_twilio_says_of_it_are_one_request() {
    let bad = exchange("b", "2026-03-02T09:15:46.000Z", 500, "oops", "invalid").to_string();
    let event = debugger(7, "ERROR", &payload("11200", "500")).to_string();
    let listed = json!({"events": [event_at_once()]}).to_string();
    for order in [
        [&bad, &event, &listed],
        [&event, &listed, &bad],
        [&listed, &bad, &event],
    ] {
        let t = told(order.map(String::as_str).join("\n"));
        assert_eq!(t.requests.len(), 1, "{order:?}");
        // What went over the wire is what a replay wants.
        assert_eq!(t.requests[0]["headers"], json!([["X-Own", "1"]]), "{order:?}");
        let mut codes: Vec<_> = t.findings.iter().map(|f| text(f, "code")).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["11200", "signature"], "{order:?}");
    }
}

/// The same request in Call Events.
fn event_at_once() -> Value {
    let mut e = event(URL, &[], 500, "oops", 0);
    e["response"]["date_created"] = json!("Mon, 02 Mar 2026 09:15:46 +0000");
    e
}
