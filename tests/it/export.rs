//! Requests taken along: what the formats hold, that they are read back, and what must not be in them.

use std::path::Path;

use redial::model::Time;
use redial::store::{EventKind, NewEvent, Origin, Store};
use regex::Regex;
use serde_json::{Value, json};

use crate::replay::{Server, answer, twiml_ok};
use crate::support::{redial, run, sample, text};

const PIZZA: &str = "samples/tropo/pizza-archive.log";
const ALERTS: &str = "samples/twilio/alerts.jsonl";
const PROXY: &str = "samples/twilio/proxy.har";

/// The requests of an input as `replay --list` has them.
fn listed(input: &str) -> Vec<Value> {
    redial(["replay", "--list", "--all", "--json", input])
        .run()
        .of("request")
}

#[test]
fn commands_for_a_shell() {
    let ran = run(&format!("export {ALERTS} --as curl")).exits(0);
    let failed = listed(ALERTS)
        .iter()
        .filter(|r| r["outcome"] != "ok" && r["replayable"] == true)
        .count();
    assert!(failed > 0);
    assert_eq!(ran.out.matches("curl -q ").count(), failed, "{}", ran.out);
    assert_eq!(ran.out.matches("# to the recorded URL").count(), failed);
    assert!(!ran.out.contains("X-Twilio-Signature"), "{}", ran.out);
    let ran = run(&format!("export {ALERTS} --as curl --to http://localhost:3000 --last")).exits(0);
    assert_eq!(ran.out.matches(" http://localhost:3000/").count(), 1, "{}", ran.out);
    assert!(ran.out.contains("# to http://localhost:3000, not to the recorded URL"));
}

#[test]
fn a_signature_only_where_it_is_asked_for_and_never_a_token() {
    let token = "0123456789abcdef0123456789abcdef";
    for format in ["curl", "http", "har", "junit", "html"] {
        let plain = redial(["export", PROXY, "--all", "--as", format])
            .env("TWILIO_AUTH_TOKEN", token)
            .run()
            .exits(0);
        assert!(!plain.out.contains(token), "{format}");
        if format != "junit" && format != "html" {
            assert!(!plain.out.contains("X-Twilio-Signature"), "{format}: {}", plain.out);
        }
    }
    let args = [
        "export",
        ALERTS,
        "--as",
        "http",
        "--to",
        "http://localhost:3000",
        "--sign",
        "resign",
    ];
    let signed = redial(args).env("TWILIO_AUTH_TOKEN", token).run().exits(0);
    assert!(signed.out.contains("X-Twilio-Signature: ") && !signed.out.contains(token));
    let ran = redial(args).run().exits(2);
    assert!(ran.err.contains("auth token"), "{}", ran.err);
}

#[test]
fn a_file_for_rest_clients() {
    let ran = run(&format!("export {ALERTS} {PIZZA} --as http --to http://localhost:3000")).exits(0);
    let blocks: Vec<&str> = ran.out.split("### ").skip(1).collect();
    assert!(blocks.len() > 2);
    let request = Regex::new(r"(?m)^(GET|POST) http://localhost:3000/\S* HTTP/1\.1$").unwrap();
    for block in blocks {
        assert_eq!(request.find_iter(block).count(), 1, "{block}");
        assert!(!block.contains("Content-Length"), "{block}");
    }
}

/// What was exported as HAR is read by us as what it was made of.
#[test]
fn a_log_of_har_comes_back() {
    for input in [PROXY, ALERTS, PIZZA, "samples/twilio/debugger.jsonl"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.har");
        redial(["export", input, "--all", "--as", "har", "--output"])
            .arg(&path)
            .run()
            .exits(0);
        let har: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(har["log"]["version"], "1.2");
        let keys = |r: &Value| {
            let mut params: Vec<String> = r["params"].as_array().unwrap().iter().map(Value::to_string).collect();
            params.sort();
            let url = text(r, "url").split('?').next().unwrap().to_owned();
            let body = r["body"].as_str().filter(|b| b.starts_with('{')).map(str::to_owned);
            (r["method"].as_str().unwrap_or("POST").to_owned(), url, params, body)
        };
        let with_url = |r: &&Value| r["replayable"] == true;
        let mut before: Vec<_> = listed(input).iter().filter(with_url).map(keys).collect();
        let mut after: Vec<_> = listed(path.to_str().unwrap())
            .iter()
            .filter(with_url)
            .map(keys)
            .collect();
        before.sort();
        after.sort();
        assert!(!before.is_empty(), "{input}");
        assert_eq!(after, before, "{input}");
    }
}

/// What nobody logged is not made up: no status where no answer came, no time where none is known, also when it is read again.
#[test]
fn what_nobody_logged_is_not_in_a_log_of_har() {
    let folder = tempfile::tempdir().unwrap();
    let (alert, har) = (folder.path().join("alert.jsonl"), folder.path().join("out.har"));
    let text = r#"{"resource_sid":"CA1234567890abcdef1234567890abcdef","error_code":"11200","more_info":{"Msg":"Total timeout is triggered","httpResponse":"502"},"webhook":{"request":{"url":"https://pizza.example.com/menu","method":"POST","parameters":{"CallSid":"CA1234567890abcdef1234567890abcdef","From":"+12025550143","To":"+12025550100","CallStatus":"in-progress"}},"response":{"status_code":null,"headers":{"X-Twilio-WebhookError":"11203 HTTP communication total time out triggered"},"body":"Twilio was unable to fetch content from: https://pizza.example.com/menu\nError: Total timeout is triggered. Configured tt is 15000ms and we attempted 1 time(s)\n"}}}"#;
    std::fs::write(&alert, text).unwrap();
    redial(["export", alert.to_str().unwrap(), "--as", "har", "--output"])
        .arg(&har)
        .run()
        .exits(0);
    let log: Value = serde_json::from_slice(&std::fs::read(&har).unwrap()).unwrap();
    let entry = &log["log"]["entries"][0];
    assert_eq!(
        (&entry["response"]["status"], &entry["time"]),
        (&0.into(), &(-1.0).into())
    );
    assert_eq!(entry["_redial"]["unlogged"], serde_json::json!(["startedDateTime"]));
    for input in [&alert, &har] {
        let again = listed(input.to_str().unwrap());
        assert_eq!(again.len(), 1);
        assert_eq!(
            (&again[0]["outcome"], &again[0]["at"]),
            (&"timeout".into(), &Value::Null)
        );
    }
    // Tropo logs no status of an answer that it took.
    redial(["export", PIZZA, "--all", "--as", "har", "--output"])
        .arg(&har)
        .run()
        .exits(0);
    let status =
        |input: &str| -> Vec<Value> { listed(input).iter().map(|r| r["response"]["status"].clone()).collect() };
    assert_eq!(status(har.to_str().unwrap()), status(PIZZA));
}

/// A test that passes is a request that went well: not one that somebody complained of, or whose answer nobody knows.
#[test]
fn tests_of_junit_pass_only_for_what_went_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.http");
    let sid = "SM6139a8d4aed25793685798b37957842e";
    let request = format!(
        "POST /sms HTTP/1.1\nHost: p.example.com\nContent-Type: application/x-www-form-urlencoded\n\n\
        MessageSid={sid}&AccountSid=AC00000000000000000000000000000001&From=%2B12025550141&To=%2B12025550100&Body=hi&SmsStatus=received"
    );
    std::fs::write(&path, request).unwrap();
    let ran = redial(["export", path.to_str().unwrap(), "--all", "--as", "junit"])
        .run()
        .exits(0);
    assert!(
        ran.out.contains("skipped=\"1\"") && ran.out.contains("<skipped message="),
        "{}",
        ran.out
    );
    let ran = run("export samples/twilio/debugger.jsonl --all --as junit").exits(0);
    let invite = ran.out.split("<testcase ").find(|t| t.contains("INVITE")).unwrap();
    assert!(invite.contains("<failure") && invite.contains("32009"), "{invite}");
}

#[test]
fn tests_of_junit_are_counted_and_grouped() {
    let ran = run(&format!("export {ALERTS} {PIZZA} --as junit --all")).exits(0);
    let document = roxmltree::Document::parse(&ran.out).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name("testsuites"));
    let number = |n: roxmltree::Node, name: &str| n.attribute(name).unwrap().parse::<usize>().unwrap();
    let of = |n: roxmltree::Node, name: &str| n.descendants().filter(|d| d.has_tag_name(name)).count();
    let suites: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
    assert!(suites.len() > 1);
    for suite in suites.iter().copied().chain([root]) {
        for (attribute, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            assert_eq!(number(suite, attribute), of(suite, element), "{attribute}");
        }
    }
    assert_eq!(number(root, "tests"), listed(ALERTS).len() + listed(PIZZA).len());
    assert!(number(root, "failures") > 0);
    for case in root.descendants().filter(|n| n.has_tag_name("testcase")) {
        assert!(case.attribute("name").is_some() && case.attribute("classname").is_some());
        assert!(case.attribute("time").unwrap().parse::<f64>().is_ok());
    }
    let failure = root.descendants().find(|n| n.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("type").is_some_and(|t| !t.is_empty()) && failure.attribute("message").is_some());
}

/// The pages of the samples; a change is looked at in the diff of the snapshot.
#[test]
fn pages_of_samples() {
    for (name, args) in [
        ("pizza", format!("export {PIZZA} --as html")),
        ("alerts", format!("export {ALERTS} --as html --last")),
        ("forum", "export samples/tropo/forum-paste.txt --as html".to_owned()),
    ] {
        let ran = run(&args).exits(0);
        let body = ran.out.split_once("</head>").unwrap().1;
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("pages");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, body));
    }
}

#[test]
fn nothing_personal_is_on_a_page_unless_it_is_asked_for() {
    let personal = Regex::new(r"(?:AC|CA|SM|MM|NO|RE)[0-9a-f]{32}|\b[0-9a-f]{32}\b|\+1[2-9]\d{9}").unwrap();
    for input in [
        PIZZA,
        ALERTS,
        PROXY,
        "samples/twilio/debugger.jsonl",
        "samples/twilio/sms-incoming.http",
    ] {
        let page = run(&format!("export {input} --as html --all")).exits(0).out;
        let raw = String::from_utf8(sample(input.trim_start_matches("samples/"))).unwrap();
        let values: Vec<&str> = personal.find_iter(&raw).map(|m| m.as_str()).collect();
        assert!(!values.is_empty(), "{input}");
        for value in values {
            assert!(
                !page.contains(value) && !page.contains(value.trim_start_matches('+')),
                "{value} of {input}"
            );
        }
        assert_eq!(
            run(&format!("export {input} --as html --all")).out,
            page,
            "{input}: the same again"
        );
        let open = run(&format!("export {input} --as html --all --no-redact")).exits(0).out;
        assert!(personal.is_match(&open), "{input}");
    }
}

#[test]
fn what_a_log_holds_is_no_markup_and_no_escape() {
    let nasty = "</style><script>alert(1)</script>\\u001b[31m\\u0000";
    let line = format!(
        r#"{{"Sid":"NO00000000000000000000000000000001","PayloadType":"application/json","Level":"ERROR","AccountSid":"AC00000000000000000000000000000001","Timestamp":"2026-01-02T03:04:05Z","Payload":{{"resource_sid":"CA00000000000000000000000000000001","service_sid":null,"error_code":"11200","more_info":{{"Msg":"{nasty}"}},"webhook":{{"type":"application/json","request":{{"url":"https://a.example.org/{nasty}","method":"POST","headers":{{}},"parameters":{{"CallSid":"CA00000000000000000000000000000001","X":"{nasty}"}}}},"response":{{"status_code":500,"headers":{{"X-A":"{nasty}"}},"body":"<p>{nasty}"}}}}}}}}"#
    );
    for format in ["html", "junit", "curl", "har", "http"] {
        let ran = redial(["export", "-", "--as", format]).stdin(&line).run();
        assert!(
            !ran.out.contains('\u{1b}') && !ran.out.contains('\0'),
            "{format}: {}",
            ran.out
        );
        if matches!(format, "html" | "junit") {
            let ran = ran.exits(0);
            assert!(!ran.out.contains("<script"), "{format}");
            assert!(ran.out.contains("&lt;script&gt;"), "{format}: {}", ran.out);
        }
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    for (line, code, part) in [
        (format!("export {ALERTS}"), 2, "--as"),
        (format!("export {ALERTS} --as html --to http://localhost:1"), 2, "--to"),
        (format!("export {ALERTS} --as har --json"), 2, "JSON lines"),
        (format!("export {ALERTS} --as har --follow"), 2, "--follow"),
        (format!("export {ALERTS} --as curl --call nobody"), 4, "no call"),
        (format!("export {ALERTS} --as curl --request r0"), 4, "no request"),
        (
            "export samples/twilio/sms-incoming.http --as curl".to_owned(),
            4,
            "no failed request",
        ),
        (
            "export samples/twilio/sms-incoming.http --as html".to_owned(),
            4,
            "no call with a problem",
        ),
        (
            format!("export {ALERTS} --as html --redact --no-redact"),
            2,
            "cannot be used with",
        ),
        (
            format!("export {ALERTS} --as html --output /nowhere/x.html"),
            2,
            "/nowhere/x.html",
        ),
    ] {
        let ran = run(&line).exits(code);
        assert!(ran.err.contains(part), "{line}: {}", ran.err);
    }
}

#[test]
fn a_file_instead_of_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    let ran = redial(["export", PIZZA, "--as", "html", "-o"])
        .arg(&path)
        .run()
        .exits(0);
    assert!(ran.out.is_empty() && ran.err.contains("page.html"), "{}", ran.err);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(Path::new(&path).exists());
}

/// How it went when it was sent again is part of the story, when the store knows it.
#[test]
fn kept_replays_are_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    let call = format!("CA{:032x}", 7);
    let form = format!(
        "AccountSid=AC{:032x}&CallSid={call}&CallStatus=ringing&From=%2B12025550142&To=%2B12025550100&ApiVersion=2010-04-01",
        1
    );
    let entry = json!({
        "startedDateTime": "2026-03-02T12:00:00.000Z", "time": 12.5,
        "request": {
            "method": "POST", "url": "https://app.example.com/voice", "httpVersion": "HTTP/1.1",
            "headers": [{"name": "authorization", "value": "Basic c2VjcmV0"}],
            "postData": {"mimeType": "application/x-www-form-urlencoded", "text": form},
        },
        "response": {
            "status": 500, "headers": [{"name": "content-type", "value": "text/plain"}],
            "content": {"size": 4, "mimeType": "text/plain", "text": "oops"},
        },
        "_redial": {"id": "e7"},
    });
    let event = NewEvent {
        key: "e7".to_owned(),
        kind: EventKind::Exchange,
        source: Origin::Proxy,
        received: Time(1_772_452_800_000),
        at: None,
        call: Some(call.clone()),
        level: None,
        code: None,
        note: None,
        document: entry.to_string(),
    };
    Store::open(&store).unwrap().append(&[event]).unwrap();
    let with = |args: &[&str]| redial(args).env("REDIAL_STORE", store.to_str().unwrap()).run();
    for reply in [answer("500 Oops", "text/html", "<h1>Oops</h1>"), twiml_ok()] {
        let server = Server::new(vec![reply]);
        let ran = with(&["replay", "store", "--all", "--to", &server.url()]);
        server.received(&ran);
    }
    let page = with(&["export", "store", "--as", "html"]).exits(0).out;
    let again = page.split("<h5>Sent again</h5>").nth(1).unwrap();
    let sent: Vec<&str> = again.lines().filter(|l| l.contains("<li")).collect();
    assert!(
        sent[0].contains(">fail<") && sent[0].contains("500 in ") && sent[0].contains("11200"),
        "{sent:?}"
    );
    assert!(sent[1].contains(">pass<") && sent[1].contains("200 in "), "{sent:?}");
    assert!(!page.contains("c2VjcmV0") && !page.contains(&call) && !page.contains("2025550142"));
}
