//! Requests that came from the store: every kind of event read again from there, what is kept of their replays, and what `show` tells
//! of them.
//!
//! The store is made through the library, the commands are run as programs, the server is that of [`super::replay`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use redial::model::Time;
use redial::store::{EventKind, NewEvent, Origin, Replay, Retention, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::replay::{Server, answer, twiml_ok};
use crate::support::{Ran, redial, sample, text};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FORM: &str = "application/x-www-form-urlencoded";
/// 2020-01-01.
const OLD: Time = Time(1_577_836_800_000);

struct Place {
    store: PathBuf,
    folder: TempDir,
}

/// A store with these events.
fn place(events: &[NewEvent]) -> Place {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("data/store.db");
    Store::open(&store).unwrap().append(events).unwrap();
    Place { store, folder }
}

impl Place {
    fn run(&self, args: &[&str]) -> Ran {
        self.with(args, &[])
    }

    fn with(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let run = redial(args).env("REDIAL_STORE", self.store.to_str().unwrap());
        env.iter().fold(run, |r, (n, v)| r.env(n, v)).run()
    }

    /// Replays with a server that gives these answers.
    fn replay(&self, args: &[&str], answers: Vec<String>) -> Ran {
        let server = Server::new(answers);
        let url = server.url();
        let ran = self.run(&[&["replay", "store", "--json", "--to", &url], args].concat());
        server.received(&ran);
        ran
    }

    fn kept(&self) -> Vec<Replay> {
        Store::open(&self.store).unwrap().replays_after(0, 1000).unwrap()
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(i64::try_from(since.unwrap().as_millis()).unwrap())
}

fn event(kind: EventKind, key: &str, document: String) -> NewEvent {
    NewEvent {
        key: key.to_owned(),
        kind,
        source: Origin::Listen,
        received: now(),
        at: None,
        call: None,
        level: None,
        code: None,
        note: None,
        document,
    }
}

fn call(n: u32) -> String {
    format!("CA{n:032x}")
}

fn params(n: u32) -> Vec<(String, String)> {
    let account = "AC00000000000000000000000000000001";
    [
        ("AccountSid", account),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", &call(n)),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("From", "+12025550142"),
        ("To", "+12025550100"),
    ]
    .map(|(n, v)| (n.to_owned(), v.to_owned()))
    .to_vec()
}

/// What the debugger webhook says of a call whose webhook at `/n` answered 500.
fn debugger(n: u32) -> NewEvent {
    let parameters: serde_json::Map<String, Value> = params(n).into_iter().map(|(n, v)| (n, v.into())).collect();
    let url = format!("https://app.example.com/{n}");
    let payload = json!({
        "resource_sid": call(n), "error_code": "11200",
        "more_info": {"ErrorCode": "11200", "LogLevel": "ERROR", "httpResponse": "500", "url": url},
        "webhook": {"type": "application/json", "request": {"url": url, "method": "POST", "headers": {}, "parameters": parameters}},
    });
    let sid = format!("NO{n:032x}");
    let document = form_urlencoded::Serializer::new(String::new())
        .append_pair("AccountSid", "AC00000000000000000000000000000001")
        .append_pair("Sid", &sid)
        .append_pair("Level", "ERROR")
        .append_pair("Timestamp", "2026-03-02T12:00:00Z")
        .append_pair("PayloadType", "application/json")
        .append_pair("Payload", &payload.to_string())
        .finish();
    NewEvent {
        call: Some(call(n)),
        ..event(EventKind::Debugger, &sid, document)
    }
}

/// A webhook at `/n` that the proxy saw answered 500.
fn exchange(n: u32) -> NewEvent {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params(n))
        .finish();
    let id = format!("{n:032x}");
    let entry = json!({
        "startedDateTime": "2026-03-02T12:00:00.000Z", "time": 12.5,
        "request": {
            "method": "POST", "url": format!("https://app.example.com/{n}?x=1"), "httpVersion": "HTTP/1.1",
            "headers": [{"name": "content-type", "value": FORM}, {"name": "x-twilio-signature", "value": "c2ln"}],
            "postData": {"mimeType": FORM, "text": body},
        },
        "response": {
            "status": 500, "headers": [{"name": "content-type", "value": "text/plain"}],
            "content": {"size": 4, "mimeType": "text/plain", "text": "oops"},
        },
        "_redial": {"id": id},
    });
    NewEvent {
        source: Origin::Proxy,
        call: Some(call(n)),
        ..event(EventKind::Exchange, &id, entry.to_string())
    }
}

fn broken() -> String {
    answer("500 Oops", "text/html", "<h1>Oops</h1>")
}

#[test]
fn a_replay_is_kept_once_beside_what_it_replays() {
    let old = NewEvent {
        received: OLD,
        ..debugger(1)
    };
    let place = place(&[old, exchange(2), debugger(3), exchange(4)]);
    let gone = Store::open(&place.store).unwrap().prune(Retention {
        keep: Some(Duration::from_secs(86_400)),
        max_size: None,
    });
    assert_eq!(gone.unwrap().rows, 1);
    let ran = place.replay(&[], vec![twiml_ok(), broken(), twiml_ok()]).exits(1);
    let told = ran.of("replay");
    let kept = place.kept();
    assert_eq!((told.len(), kept.len()), (3, 3));
    for (told, kept) in told.iter().zip(&kept) {
        let r = &kept.replay;
        let n = r.event.unwrap();
        assert_eq!(r.call.as_deref(), Some(call(u32::try_from(n).unwrap()).as_str()));
        assert_eq!(text(told, "call"), r.call.as_deref().unwrap());
        assert_eq!(text(told, "request"), r.request);
        assert_eq!(told["verdict"], r.verdict);
        assert_eq!(told["verdict"]["pass"], json!(r.pass));
        assert_eq!(r.sent, None);
        let entry: Value = serde_json::from_str(&r.entry).unwrap();
        let url = text(&entry["request"], "url");
        assert!(
            url.starts_with("http://127.0.0.1:") && url.contains(&format!("/{n}")),
            "{url}"
        );
        let body = text(&entry["request"]["postData"], "text");
        assert!(body.contains(&call(u32::try_from(n).unwrap())), "{body}");
        assert_eq!(entry["response"]["status"], told["status"]);
    }
    // A kept entry is one that others read too.
    let har = place.folder.path().join("kept.har");
    let entries: Vec<&str> = kept.iter().map(|k| k.replay.entry.as_str()).collect();
    std::fs::write(&har, entries.join("\n")).unwrap();
    let calls = place.run(&["calls", "--json", har.to_str().unwrap()]).exits(0);
    assert_eq!(calls.of("call").len(), 3, "{}", calls.out);
}

#[cfg(unix)]
#[test]
fn an_edited_one_is_kept_with_its_difference() {
    let place = place(&[debugger(1)]);
    let editor = crate::batch::editor(&place.folder, r#"sed -i 's/^CallStatus=.*/CallStatus=completed/' "$1""#);
    let server = Server::new(vec![twiml_ok()]);
    let args = ["replay", "store", "--json", "--edit", "--to", &server.url()];
    let ran = place.with(&args, &[("EDITOR", &editor)]).exits(0);
    let got = server.received(&ran);
    assert!(String::from_utf8_lossy(&got[0]).contains("CallStatus=completed"));
    assert_eq!(ran.of("replay")[0]["edited"], true);
    let kept = place.kept().remove(0).replay;
    assert_eq!(kept.sent.unwrap()["set"], json!([["CallStatus", "completed"]]));
    let edits = ran.of("replay")[0]["edits"].clone();
    assert_eq!(
        (&edits[0]["what"], &edits[0]["name"]),
        (&json!("set"), &json!("CallStatus"))
    );
    assert_eq!(edits[0]["to"], "completed");
    let shown = place.run(&["show", &call(1), "store", "--json"]).exits(0);
    assert_eq!(shown.of("replay")[0]["edits"], edits);
    let shown = place.run(&["show", &call(1), "store"]).exits(0);
    assert!(shown.out.contains("edited: CallStatus "), "{}", shown.out);
}

#[test]
fn what_was_kept_is_shown_again() {
    let place = place(&[exchange(1), debugger(2)]);
    let first = place
        .replay(&["--set", "Digits=7"], vec![broken(), twiml_ok()])
        .exits(1);
    let second = place.replay(&["--call", &call(1)], vec![twiml_ok()]).exits(0);
    let before = now();
    let shown = place.run(&["show", &call(1), "store", "--json"]).exits(0);
    let of_call = |ran: &Ran| {
        let mut all = ran.of("replay");
        all.retain(|r| r["call"] == call(1).as_str());
        all
    };
    let mut expected = of_call(&first);
    expected.extend(of_call(&second));
    let told = shown.of("replay");
    assert_eq!(told.len(), 2);
    for (told, expected) in told.iter().zip(&expected) {
        let mut told = told.clone();
        let at = told.as_object_mut().unwrap().remove("at").unwrap();
        assert!(Time::parse(at.as_str().unwrap()).unwrap() <= before);
        assert_eq!(told, *expected);
    }
    assert_eq!((&told[0]["edited"], &told[1]["edited"]), (&json!(true), &json!(false)));
    assert_eq!(
        place.kept()[0].replay.sent.as_ref().unwrap()["set"],
        json!([["Digits", "7"]])
    );
    let kinds: Vec<Value> = shown.json().iter().map(|o| o["type"].clone()).collect();
    let at = kinds.iter().position(|k| k == "request").unwrap();
    assert_eq!((&kinds[at + 1], &kinds[at + 2]), (&json!("replay"), &json!("replay")));

    let lines = place.run(&["show", &call(1), "store"]).exits(0).out;
    let lines: Vec<&str> = lines
        .lines()
        .map(str::trim)
        .filter(|l| l.starts_with("replayed"))
        .collect();
    let [failed, passed] = lines[..] else {
        panic!("{lines:?}");
    };
    let date = &before.to_string()[..4];
    assert!(failed.starts_with(&format!("replayed {date}-")), "{failed}");
    assert!(
        failed.contains(" → 500 in ") && failed.contains("(edited) FAIL 11200"),
        "{failed}"
    );
    assert!(passed.contains(" → 200 in ") && passed.ends_with(" PASS"), "{passed}");
}

#[test]
fn an_answer_that_never_came_is_shown_too() {
    let place = place(&[debugger(1)]);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let to = format!("http://127.0.0.1:{port}");
    let told = place
        .run(&["replay", "store", "--json", "--to", &to])
        .exits(1)
        .of("replay")
        .remove(0);
    let mut shown = place
        .run(&["show", &call(1), "store", "--json"])
        .exits(0)
        .of("replay")
        .remove(0);
    shown.as_object_mut().unwrap().remove("at");
    assert_eq!(told, shown);
    assert_eq!(told["status"], Value::Null);
    let out = place.run(&["show", &call(1), "store"]).out;
    assert!(out.contains("→ no answer FAIL 11202"), "{out}");
}

#[test]
fn what_is_not_sent_and_what_came_from_a_log_is_not_kept() {
    let place = place(&[exchange(1)]);
    let to = "http://127.0.0.1:9";
    place.run(&["replay", "store", "--list"]).exits(0);
    place.run(&["replay", "store", "--dry-run", "--to", to]).exits(0);
    assert_eq!(place.kept(), []);
    let log = "samples/twilio/alerts.jsonl";
    let server = Server::new(vec![twiml_ok(), twiml_ok()]);
    let url = server.url();
    let request = |args: &[&str]| {
        let all = place
            .run(&[&["replay", "--list", "--json"], args].concat())
            .of("request");
        text(all.last().unwrap(), "id").to_owned()
    };
    let (ours, theirs) = (request(&["store"]), request(&[log]));
    let ran = place.run(&[
        "replay",
        log,
        "store",
        "--to",
        &url,
        "--request",
        &ours,
        "--request",
        &theirs,
    ]);
    server.received(&ran);
    let kept = place.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].replay.event, &kept[0].replay.request), (Some(1), &ours));
}

#[test]
fn the_usual_store_is_meant_where_nothing_is_named() {
    let place = place(&[exchange(1)]);
    let server = Server::new(vec![twiml_ok()]);
    // Standard input is no terminal here, so `store` has to be said; the place is the usual one.
    let data = place.folder.path().join("share");
    std::fs::create_dir_all(data.join("redial")).unwrap();
    std::fs::rename(place.store.parent().unwrap(), data.join("redial")).unwrap();
    let ran = redial(["replay", "store", "--to", &server.url()])
        .env("XDG_DATA_HOME", data.to_str().unwrap())
        .run()
        .exits(0);
    server.received(&ran);
    let store = Store::open(&data.join("redial/store.db")).unwrap();
    assert_eq!(store.replays_after(0, 10).unwrap().len(), 1);
}

#[test]
fn no_secret_is_kept() {
    let place = place(&[exchange(1), debugger(2)]);
    let page = format!("<pre>TWILIO_AUTH_TOKEN={TOKEN}</pre>");
    let answer = answer("500 Oops\r\nSet-Cookie: id=hush-cookie", "text/html", &page);
    let server = Server::new(vec![answer.clone(), answer]);
    let ran = place.with(
        &[
            "replay",
            "store",
            "--to",
            &server.url(),
            "--header",
            "Authorization: Bearer hush-bearer",
        ],
        &[("TWILIO_AUTH_TOKEN", TOKEN)],
    );
    let got = server.received(&ran.exits(1));
    let head = String::from_utf8_lossy(&got[0]).into_owned();
    assert!(
        head.contains("hush-bearer") && head.contains("X-Twilio-Signature"),
        "{head}"
    );
    assert_eq!(place.kept().len(), 2);
    let entry = &place.kept()[0].replay.entry;
    assert!(
        entry.contains("TWILIO_AUTH_TOKEN=") && entry.contains("X-Twilio-Signature"),
        "{entry}"
    );
    let mut read = 0;
    for file in std::fs::read_dir(place.store.parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        read += bytes.len();
        for secret in [TOKEN, "hush-cookie", "hush-bearer"] {
            assert_eq!(memchr::memmem::find(&bytes, secret.as_bytes()), None, "{secret}");
        }
    }
    assert!(read > 0);
}

#[test]
fn what_cannot_be_kept_is_said_once_and_sent_all_the_same() {
    let place = place(&[exchange(1), exchange(2)]);
    let sql = "create trigger broken before insert on replay begin select raise(abort, 'broken'); end";
    rusqlite::Connection::open(&place.store)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
    let ran = place.replay(&[], vec![twiml_ok(), twiml_ok()]).exits(0);
    assert_eq!(ran.of("replay").len(), 2);
    assert_eq!(ran.err.matches("the replay is not kept").count(), 1, "{}", ran.err);
    assert_eq!(place.kept(), []);
}

/// Every kind of event as `listen`, `pull` and `proxy` keep it, each of a call of its own but for the listed alert.
fn every_kind() -> Vec<NewEvent> {
    let alerts = String::from_utf8(sample("twilio/alerts.jsonl")).unwrap();
    let alert: Value = serde_json::from_str(alerts.lines().nth(1).unwrap()).unwrap();
    let mut listed = alert.clone();
    for name in [
        "request_headers",
        "request_variables",
        "response_headers",
        "response_body",
    ] {
        listed.as_object_mut().unwrap().remove(name);
    }
    let sid = text(&alert, "sid").to_owned();
    let mut notification = json!({
        "sid": "NO00000000000000000000000000000077", "account_sid": "AC00000000000000000000000000000001",
        "call_sid": call(7), "api_version": "2010-04-01", "log": "0", "error_code": "11200",
        "message_date": "Mon, 02 Mar 2026 12:00:00 +0000", "message_text": "Msg&ErrorCode=11200&httpResponse=500&LogLevel=ERROR",
        "more_info": "https://www.twilio.com/docs/errors/11200", "request_method": "POST",
        "request_url": "https://app.example.com/7",
        "uri": format!("/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/{}/Notifications/NO00000000000000000000000000000077.json", call(7)),
    });
    let notification_listed = notification.to_string();
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params(7))
        .finish();
    notification["request_variables"] = body.into();
    notification["response_headers"] = "Content-Type=text%2Fhtml".into();
    notification["response_body"] = "<h1>Oops</h1>".into();
    let parameters: serde_json::Map<String, Value> = params(8).into_iter().map(|(n, v)| (n, v.into())).collect();
    let call_event = json!({
        "events": [{
            "request": {"method": "POST", "url": "https://app.example.com/8", "parameters": parameters},
            "response": {"response_code": 500, "request_duration": 84, "date_created": "Mon, 02 Mar 2026 12:00:42 +0000"},
        }],
        "uri": format!("/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/{}/Events.json", call(8)),
    });
    let stream: Vec<Value> = serde_json::from_slice(&sample("twilio/event-stream.json")).unwrap();
    let mut all = vec![
        debugger(1),
        event(EventKind::AlertListed, &sid, listed.to_string()),
        event(EventKind::Alert, &sid, alert.to_string()),
        event(EventKind::NotificationListed, "NO77", notification_listed),
        event(EventKind::Notification, "NO77", notification.to_string()),
        event(EventKind::CallEvent, "e8", call_event.to_string()),
        exchange(2),
    ];
    let streamed = stream.iter().enumerate();
    all.extend(streamed.map(|(n, e)| event(EventKind::Stream, &n.to_string(), e.to_string())));
    all
}

#[test]
fn every_kind_of_event_is_read_from_the_store() {
    let events = every_kind();
    let place = place(&events);
    let errors = place.run(&["errors", "store", "--json"]).exits(0);
    assert_eq!(errors.summary()["unparsed"], 0, "{}", errors.out);
    assert_eq!(errors.summary()["lines"], events.len());
    let of = |line: usize| -> Vec<Value> {
        let here = |o: &Value| o["source"]["line"] == line;
        errors.of("finding").into_iter().filter(here).collect()
    };
    // The same alert, listed and whole, is one finding, told by the whole one.
    for (line, found) in [(1, 1), (2, 0), (3, 1), (4, 0), (5, 1), (6, 1), (7, 1)] {
        assert_eq!(of(line).len(), found, "line {line}: {}", errors.out);
    }
    let requests = place
        .run(&["replay", "store", "--list", "--all", "--json"])
        .exits(0)
        .of("request");
    for (line, event) in events.iter().enumerate() {
        let line = line + 1;
        let here: Vec<&Value> = requests.iter().filter(|r| r["source"]["line"] == line).collect();
        let listed = matches!(event.kind, EventKind::AlertListed | EventKind::NotificationListed);
        if event.kind != EventKind::Stream {
            assert_eq!(here.len(), usize::from(!listed), "{:?} in line {line}", event.kind);
            assert!(here.iter().all(|r| r["replayable"] == true), "{here:?}");
        }
        assert!(here.len() <= 1, "{here:?}");
    }
    let streamed = requests.iter().filter(|r| r["source"]["line"].as_u64() > Some(7));
    assert!(streamed.clone().count() > 0);
    let calls = place.run(&["calls", "store", "--json"]).exits(0).of("call");
    for request in &requests {
        let id = text(request, "call");
        assert!(calls.iter().any(|c| c["call"] == id), "{id}");
        let story = place.run(&["show", id, "store", "--json"]).exits(0);
        assert!(
            story.of("request").iter().any(|r| r["id"] == request["id"]),
            "{}",
            story.out
        );
    }
    let ready = requests.iter().filter(|r| r["replayable"] == true).count();
    let ran = place.replay(&["--all"], vec![twiml_ok(); ready]);
    assert_eq!(ran.of("replay").len(), ready);
    let mut tied: Vec<(String, i64)> = place
        .kept()
        .into_iter()
        .map(|k| (k.replay.request, k.replay.event.unwrap()))
        .collect();
    let mut expected: Vec<(String, i64)> = requests
        .iter()
        .filter(|r| r["replayable"] == true)
        .map(|r| (text(r, "id").to_owned(), r["source"]["line"].as_i64().unwrap()))
        .collect();
    tied.sort();
    expected.sort();
    assert_eq!(tied, expected);
}

/// A document that breaks off must not take its neighbours with it; whoever reaches the listener may send any form.
#[test]
fn an_event_that_is_broken_holds_no_other_up() {
    for document in [
        "{\"sid\":\"NO1\",",
        "[",
        "{",
        "",
        "{\"log\":{\"entries\":[",
        "no document",
        "{\"=",
        "{\"a=\":[}",
        "GET /?a=b HTTP/1.1",
        "%7B%22a=",
        "%7B%22sid%22%3A%22NO1%22%2C=",
        "eyJzaWQiOiJOTzEiLCJhbGVydF90ZXh0IjoiTXNnPXgiLA==",
        "\"{\\\"a=",
    ] {
        let broken = event(EventKind::Debugger, "broken", document.to_owned());
        let place = place(&[broken, exchange(1), debugger(2)]);
        let ran = place.run(&["errors", "store", "--json"]).exits(0);
        let lines: Vec<u64> = ran
            .of("finding")
            .iter()
            .filter_map(|f| f["source"]["line"].as_u64())
            .collect();
        assert_eq!(lines, [2, 3], "{document}: {}", ran.out);
        assert_eq!(ran.summary()["lines"], 3, "{document}: {}", ran.out);
    }
}

#[test]
fn a_store_that_is_not_there_is_no_place_to_keep_anything() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.db");
    let mut replays = redial::store::Replays::new(path.clone());
    assert_eq!(replays.last(1, 10).unwrap(), (Vec::new(), 0));
    let place = place(&[exchange(1)]);
    place.replay(&[], vec![twiml_ok()]).exits(0);
    let replay = place.kept().remove(0).replay;
    assert!(replays.keep(&replay).unwrap_err().to_string().contains("keep a replay"));
    let mut told = Vec::new();
    for _ in 0..2 {
        replays.keep_or_tell(&replay, |text| told.push(text));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!Path::exists(&path));
    // Retention may have been there in between.
    let mut replays = redial::store::Replays::new(place.store.clone());
    for _ in 0..24 {
        replays.keep(&replay).unwrap();
    }
    let (last, before) = replays.last(1, 20).unwrap();
    assert_eq!((last.len(), before), (20, 5));
    assert!(last.windows(2).all(|w| w[0].id < w[1].id));
    assert_eq!(last.last().unwrap().id, 25);
    Store::open(&place.store)
        .unwrap()
        .prune(Retention {
            keep: None,
            max_size: Some(0),
        })
        .unwrap();
    replays.keep(&replay).unwrap();
    assert_eq!(place.kept().last().unwrap().replay.event, None);
}
