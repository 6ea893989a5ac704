//! Failing requests as files, and their runs against a server by hand.

use std::path::Path;

use tempfile::TempDir;

use crate::replay::{Server, answer};
use crate::support::{Ran, redial, text};

const PIZZA: &str = "samples/tropo/pizza-archive.log";
const ALERTS: &str = "samples/twilio/alerts.jsonl";
const TWIML_OK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>Hello.</Say></Response>";

fn save(folder: &Path, args: &[&str]) -> Ran {
    redial(["case", "save"].iter().chain(args))
        .arg("--dir")
        .arg(folder)
        .run()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// One case of a voice request.
fn one(folder: &TempDir, directives: &str) -> String {
    let path = folder.path().join("one.http");
    let text = format!(
        "# provider: twilio\n# kind: voice\n{directives}POST https://app.example.org/voice\n\nCallSid=CA1\nBody=a b\n"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn run(path: &str, server: &Server, args: &[&str]) -> Ran {
    redial(["case", "run", path, "--to", &server.url()].iter().chain(args)).run()
}

/// What is saved unredacted is sent as `replay` would send it.
#[test]
fn a_case_sends_the_bytes_of_a_replay() {
    for input in [
        ALERTS,
        PIZZA,
        "samples/twilio/debugger.jsonl",
        "samples/twilio/proxy.har",
    ] {
        let folder = TempDir::new().unwrap();
        save(folder.path(), &[input, "--no-redact"]).exits(0);
        let count = names(folder.path()).len();
        assert!(count > 0);
        let server = Server::new(vec![answer("200 OK", "text/xml", TWIML_OK); count]);
        let dry = redial(["replay", input, "--dry-run", "--to", &server.url()])
            .run()
            .exits(0);
        let ran = redial(["case", "run", "--json", "--to", &server.url()])
            .arg(folder.path())
            .run();
        let got: Vec<String> = server
            .received(&ran)
            .iter()
            .map(|r| String::from_utf8_lossy(r).into_owned())
            .collect();
        assert_eq!(got.len(), count);
        for request in got {
            assert!(
                dry.out.contains(&request),
                "{input}:\n{request}\nis not in\n{}",
                dry.out
            );
        }
    }
}

#[test]
fn a_saved_case_holds_nothing_secret_and_nothing_personal() {
    let folder = TempDir::new().unwrap();
    save(folder.path(), &["samples/twilio/proxy.har", ALERTS, "--all"]).exits(0);
    let sid = regex::Regex::new(r"(?:AC|CA|SM)([0-9a-f]{32})").unwrap();
    for name in names(folder.path()) {
        let text = std::fs::read_to_string(folder.path().join(&name)).unwrap();
        assert!(
            !text.contains("X-Twilio-Signature") && !text.to_lowercase().contains("authorization:"),
            "{text}"
        );
        assert!(text.contains("# expect: pass\n"), "{text}");
        for found in sid.captures_iter(&text) {
            assert!(found[1].starts_with("facade"), "{name}: {}", &found[0]);
        }
    }
}

/// A debugger event whose webhook has this URL and these parameters, as a file in the folder.
fn event(folder: &TempDir, url: &str, headers: &serde_json::Value, parameters: &serde_json::Value) -> String {
    let file = folder.path().join("event.json");
    let event = serde_json::json!({
        "resource_sid": "CA1234567890abcdef1234567890abcdef",
        "error_code": "11200",
        "webhook": {
            "request": {"url": url, "method": "POST", "headers": headers, "parameters": parameters},
            "response": {"status_code": 500, "headers": {}, "body": "boom"},
        },
    });
    std::fs::write(&file, event.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

/// An app that fails on what was said fails on the case too, and what has stand-ins is said.
#[test]
fn a_case_keeps_what_makes_it_fail() {
    let folder = TempDir::new().unwrap();
    let parameters = serde_json::json!({
        "CallSid": "CA1234567890abcdef1234567890abcdef", "From": "+12025550143", "To": "+12025550100",
        "SpeechResult": "large pizza", "Digits": "123456", "pw": "hunter2",
    });
    let input = event(
        &folder,
        "https://pizza.example.com/menu",
        &serde_json::json!({}),
        &parameters,
    );
    let cases = folder.path().join("cases");
    let saved = save(&cases, &[&input]).exits(0);
    let text = std::fs::read_to_string(cases.join(&names(&cases)[0])).unwrap();
    assert!(
        text.contains("SpeechResult=large pizza\n") && text.contains("Digits=123456\n"),
        "{text}"
    );
    assert!(!text.contains("+1202") && !text.contains("hunter2"), "{text}");
    for told in [&saved.err, &text] {
        let told = told.replace("\n## ", " ");
        assert!(
            told.contains("personal: CallSid, From, To; --no-redact keeps"),
            "{told}"
        );
        assert!(told.contains("never written: pw;"), "{told}");
    }
    let server = Server::new(vec![answer("500 Internal Server Error", "text/html", "boom")]);
    let ran = run(cases.to_str().unwrap(), &server, &[]);
    let got = String::from_utf8(server.received(&ran).remove(0)).unwrap();
    assert!(got.contains("SpeechResult=large+pizza"), "{got}");
    ran.exits(1);
}

#[test]
fn secrets_are_never_written() {
    let folder = TempDir::new().unwrap();
    let url = "https://bob:p4ss@pizza.example.com/hook/s3cr3tToken9f8e7d/menu?access_token=tok_AAAA";
    let parameters = serde_json::json!({
        "CallSid": "CA1234567890abcdef1234567890abcdef", "From": "+12025550143", "To": "+12025550100", "CallerName": "Jo Doe",
        "password": "EEEE-1", "client_secret": "FFFF-1",
    });
    let input = event(&folder, url, &serde_json::json!({"X-Api-Key": "DDDD-1"}), &parameters);
    let cases = folder.path().join("cases");
    save(&cases, &[&input, "--no-redact"]).exits(0);
    assert!(names(&cases)[0].starts_with("hook-token-"), "{:?}", names(&cases));
    let text = std::fs::read_to_string(cases.join(&names(&cases)[0])).unwrap();
    let page = redial(["export", &input, "--as", "html", "--no-redact"])
        .run()
        .exits(0)
        .out;
    for told in [&text, &page] {
        for secret in ["p4ss", "tok_AAAA", "DDDD-1", "EEEE-1", "FFFF-1", "s3cr3tToken"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        assert!(told.contains("Jo Doe") && told.contains("12025550143"), "{told}");
    }
}

#[test]
fn the_files_as_lines() {
    let folder = TempDir::new().unwrap();
    let cases = folder.path().join("cases");
    let ran = save(&cases, &[ALERTS, "--json"]).exits(0);
    let lines = ran.json();
    let (summary, files) = lines.split_last().unwrap();
    assert_eq!(text(summary, "type"), "summary");
    let all: Vec<String> = files
        .iter()
        .map(|l| {
            assert_eq!((text(l, "type"), text(l, "state")), ("case", "written"));
            assert!(l["personal"].is_array() && l["secrets"].is_array(), "{l}");
            let file = Path::new(text(l, "file"));
            file.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    let mut sorted = all;
    sorted.sort();
    assert_eq!(sorted, names(&cases));
    let again = redial(["export", ALERTS, "--as", "case", "--json", "--output"])
        .arg(&cases)
        .run()
        .exits(0);
    assert!(again.of("case").iter().all(|l| l["state"] == "same"));
    let other = redial(["export", ALERTS, "--as", "curl", "--json"]).run().exits(2);
    assert!(other.err.contains("replay --list --json"), "{}", other.err);
}

/// Nothing that listens is not the known fault, unless the case says that it is.
#[test]
fn an_app_that_does_not_run_meets_no_expectation() {
    let folder = TempDir::new().unwrap();
    for (directive, code, word) in [
        ("# expect: fail\n", 2, "`expect: fail 11202` expects just that"),
        ("# expect: fail 12100\n", 2, "ERROR"),
        ("# expect: fail 11202\n", 0, "fail 11202 expected"),
        ("", 1, "expected pass, and it fails with 11202"),
    ] {
        let path = one(&folder, directive);
        let ran = redial(["case", "run", &path, "--to", "http://127.0.0.1:9"])
            .run()
            .exits(code);
        assert!(ran.out.contains(word), "{directive}: {}", ran.out);
    }
}

#[test]
fn a_body_that_is_no_json_is_not_sent() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("broken.http");
    std::fs::write(&path, "# provider: tropo\n# body: json\n\nPOST /r\n\n{\"a\":1,,}\n").unwrap();
    let server = Server::new(Vec::new());
    let ran = run(path.to_str().unwrap(), &server, &[]).exits(2);
    assert!(ran.out.contains("broken.http:6: the body is not JSON: "), "{}", ran.out);
}

#[test]
fn nothing_is_written_over_unasked() {
    let folder = TempDir::new().unwrap();
    let first = save(folder.path(), &[ALERTS]).exits(0);
    let before = names(folder.path());
    assert_eq!(first.out.lines().count(), before.len());
    let again = save(folder.path(), &[ALERTS]).exits(0);
    assert!(
        again.out.lines().all(|l| l.ends_with("(is there already)")),
        "{}",
        again.out
    );
    let path = folder.path().join(&before[0]);
    let changed = std::fs::read_to_string(&path)
        .unwrap()
        .replace("expect: pass", "expect: fail");
    std::fs::write(&path, &changed).unwrap();
    let kept = save(folder.path(), &[ALERTS]).exits(2);
    assert!(kept.err.contains("--force"), "{}", kept.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);
    assert_eq!(names(folder.path()), before);
    save(folder.path(), &[ALERTS, "--force"]).exits(0);
    assert_ne!(std::fs::read_to_string(&path).unwrap(), changed);
    save(folder.path(), &[ALERTS, "--last", "--name", "mine"]).exits(0);
    assert!(names(folder.path()).contains(&"mine.http".to_owned()));
    assert!(
        save(folder.path(), &[ALERTS, "--name", "../x"])
            .exits(2)
            .err
            .contains("--dir")
    );
}

/// Twilio notes what a callback was answered with 15003, whatever its status.
#[test]
fn a_callback_that_was_answered_with_words_is_a_failed_request() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("event.json");
    let event = serde_json::json!({
        "resource_sid": "CA00000000000000000000000000000001",
        "error_code": "15003",
        "more_info": {"Msg": "Got an unexpected answer", "ErrorCode": "15003", "LogLevel": "WARN"},
        "webhook": {
            "type": "application/json",
            "request": {
                "url": "https://app.example.org/status",
                "method": "POST",
                "headers": {},
                "parameters": {"CallSid": "CA00000000000000000000000000000001", "CallStatus": "completed"},
            },
            "response": {"status_code": 200, "headers": {"Content-Type": "text/html"}, "body": "hello world"},
        },
    });
    std::fs::write(&file, event.to_string()).unwrap();
    let ran = save(&folder.path().join("cases"), &[file.to_str().unwrap()]).exits(0);
    assert_eq!(
        names(&folder.path().join("cases")),
        ["status-15003.http"],
        "{}",
        ran.err
    );
}

#[test]
fn export_as_case_is_the_same() {
    let (a, b) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    save(a.path(), &[ALERTS]).exits(0);
    redial(["export", ALERTS, "--as", "case", "--output"])
        .arg(b.path())
        .run()
        .exits(0);
    assert_eq!(names(a.path()), names(b.path()));
    for name in names(a.path()) {
        let read = |f: &TempDir| std::fs::read_to_string(f.path().join(&name)).unwrap();
        assert_eq!(read(&a), read(&b));
    }
}

#[test]
fn as_expected_and_not() {
    let ok = || answer("200 OK", "text/xml", TWIML_OK);
    let bad = || answer("500 Internal Server Error", "text/html", "<p>no");
    for (directives, reply, code, word) in [
        ("", ok(), 0, "PASS"),
        ("", bad(), 1, "expected pass, and it fails with 11200"),
        ("# expect: fail 11200\n", bad(), 0, "fail 11200 expected"),
        (
            "# expect: fail 12100\n",
            bad(),
            1,
            "expected fail 12100, and it fails with 11200",
        ),
        ("# expect: fail\n", ok(), 1, "expected fail, and it passes"),
        (
            "# status: 200\n# content-type: text/xml\n# contains: <Say>Hello\n",
            ok(),
            0,
            "PASS",
        ),
        ("# contains: <Gather\n", ok(), 1, "expected `<Gather` in the body"),
        ("# status: 201\n", ok(), 1, "expected status 201, and it is 200"),
    ] {
        let folder = TempDir::new().unwrap();
        let path = one(&folder, directives);
        let server = Server::new(vec![reply]);
        let ran = run(&path, &server, &[]);
        let got = server.received(&ran);
        assert!(
            String::from_utf8_lossy(&got[0]).ends_with("\r\n\r\nCallSid=CA1&Body=a+b"),
            "{got:?}"
        );
        let ran = ran.exits(code);
        assert!(ran.out.contains(word), "{directives}: {}", ran.out);
    }
}

#[test]
fn a_broken_file_is_named_and_the_others_run() {
    let folder = TempDir::new().unwrap();
    one(&folder, "");
    std::fs::write(folder.path().join("broken.http"), "# expect: perhaps\nPOST /voice\n").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a case").unwrap();
    let junit = folder.path().join("out.xml");
    let server = Server::new(vec![answer("200 OK", "text/xml", TWIML_OK)]);
    let ran = redial(["case", "run", "--json", "--to", &server.url()])
        .arg(folder.path())
        .arg("--junit")
        .arg(&junit)
        .run();
    assert_eq!(server.received(&ran).len(), 1);
    let ran = ran.exits(2);
    assert!(ran.err.contains("broken.http:1: "), "{}", ran.err);
    let lines = ran.json();
    let kinds: Vec<&str> = lines.iter().map(|l| text(l, "type")).collect();
    assert_eq!(kinds, ["broken", "replay", "summary"]);
    assert_eq!(
        (lines[0]["line"].as_u64(), lines[2]["broken"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(
        (&lines[1]["met"], &lines[1]["expected"]),
        (&true.into(), &"pass".into())
    );
    for field in [
        "request",
        "call",
        "sent_to",
        "method",
        "signature",
        "status",
        "ms",
        "headers",
        "body",
        "error",
        "verdict",
        "was",
        "case",
    ] {
        assert!(lines[1].get(field).is_some(), "{field}");
    }
    let xml = std::fs::read_to_string(&junit).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(
        (
            root.attribute("tests"),
            root.attribute("errors"),
            root.attribute("failures")
        ),
        (Some("2"), Some("1"), Some("0"))
    );
    let error = document.descendants().find(|n| n.has_tag_name("error")).unwrap();
    assert!(error.attribute("message").unwrap().contains("broken.http:1"));
}

#[test]
fn a_signature_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let path = one(&folder, "");
    let server = Server::new(vec![answer("200 OK", "text/xml", TWIML_OK)]);
    let ran = redial(["case", "run", &path, "--json", "--to", &server.url()])
        .env("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef")
        .run();
    let got = String::from_utf8(server.received(&ran).remove(0)).unwrap();
    assert!(got.contains("X-Twilio-Signature: "), "{got}");
    assert_eq!(ran.exits(0).of("replay")[0]["signature"], "resigned");
}

#[test]
fn the_ends_of_the_contract() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().to_str().unwrap().to_owned();
    let path = || one(&folder, "");
    for (args, code, part) in [
        (vec!["case", "run", &empty, "--to", "http://localhost:1"], 4, "no case"),
        (
            vec!["case", "run", "/nowhere/x", "--to", "http://localhost:1"],
            2,
            "/nowhere/x",
        ),
        (vec!["case", "run", &empty], 2, "--to"),
        (
            vec!["case", "save", "samples/twilio/sms-incoming.http"],
            4,
            "no failed request",
        ),
    ] {
        let ran = redial(args).run().exits(code);
        assert!(ran.err.contains(part), "{}", ran.err);
    }
    let slip = one(&folder, "# expcet: fail 11200\n");
    let server = Server::new(Vec::new());
    let ran = run(&slip, &server, &[]).exits(2);
    assert!(
        ran.out
            .contains("one.http:3: `expcet:` is no directive, did you mean `expect`"),
        "{}",
        ran.out
    );
    let path = path();
    let ran = redial(["case", "run", &path, "--to", "http://192.0.2.1:3000"])
        .run()
        .exits(3);
    assert!(ran.err.contains("--allow-host"), "{}", ran.err);
}
