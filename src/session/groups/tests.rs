//! Findings put together, on documents of the debugger.

use super::*;
use crate::filter::builtin;
use crate::input::{Options, Source};
use crate::session::Reading;

/// An event of the debugger: call, path, status, answer.
fn event(n: usize, url: &str, code: &str, status: u16, body: &str) -> String {
    let payload = serde_json::json!({
        "resource_sid": format!("CA{n:032x}"), "service_sid": null, "error_code": code,
        "more_info": {"Msg": "x", "httpResponse": status.to_string()},
        "webhook": {"type": "application/json",
            "request": {"url": url, "method": "POST", "headers": {}, "parameters": {"CallSid": format!("CA{n:032x}")}},
            "response": {"status_code": status, "headers": {}, "body": body}}
    });
    serde_json::json!({
        "Sid": format!("NO{n:032x}"), "AccountSid": "AC00000000000000000000000000000001", "Level": "ERROR",
        "Timestamp": format!("2026-03-06T18:{:02}:00Z", n % 60), "PayloadType": "application/json", "Payload": payload.to_string()
    })
    .to_string()
        + "\n"
}

fn session(text: &str) -> (tempfile::TempDir, Session) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    std::fs::write(&path, text).unwrap();
    let engine = builtin::engine(Vec::new());
    let (sources, failures): (Vec<Source>, _) = crate::input::find(&[path]);
    let reading = Reading {
        options: Options::default(),
        ..Reading::default()
    };
    let session = Session::read(sources, failures, &engine, reading, &mut |_, _| {});
    (folder, session)
}

fn grouped(session: &Session) -> Vec<Group> {
    let findings: Vec<&Finding> = session.calls.findings.iter().filter(|f| !f.hidden).collect();
    groups(session, &findings, &mut Answers::default(), Some(&mut |_, _| {}))
}

#[test]
fn one_cause_is_one_group() {
    let mut text = String::new();
    for n in 0..5 {
        let url = format!("https://a.example/calls/{n}/voice?n=…={n}");
        let body = format!("<h1>TypeError</h1> user {n} at 2026-03-06T18:0{n}:00Z");
        text += &event(n, &url, "11200", 500, &body);
    }
    text += &event(5, "https://a.example/calls/5/voice?n=…=5", "11200", 404, "no");
    text += &event(6, "https://a.example/sms", "11200", 404, "no");
    let (_folder, session) = session(&text);
    let found = grouped(&session);
    let told: Vec<_> = found
        .iter()
        .map(|g| (g.count, g.calls.len(), g.endpoint.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            (5, 5, "/calls/{n}/voice?n=…"),
            (1, 1, "/calls/{n}/voice?n=…"),
            (1, 1, "/sms")
        ]
    );
    assert!(
        found[0].answer.starts_with("500 <h1>TypeError</h1> user 0"),
        "{:?}",
        found[0]
    );
    let last = found[0].request.map(|n| &session.calls.exchanges[n as usize]);
    assert_eq!(
        last.and_then(|e| e.url.as_deref()),
        Some("https://a.example/calls/4/voice?n=…=4")
    );
    assert_eq!(
        found[0].first.map(|t| t.to_string()).as_deref(),
        Some("2026-03-06T18:00:00.000Z")
    );
    assert_eq!(
        found[0].last.map(|t| t.to_string()).as_deref(),
        Some("2026-03-06T18:04:00.000Z")
    );
    assert_ne!(found[1].id, found[2].id);
}

#[test]
fn hosts_are_told_apart_where_there_are_several() {
    let text = event(1, "https://a.example/v", "11200", 500, "x") + &event(2, "https://b.example/v", "11200", 500, "x");
    let (_folder, session) = session(&text);
    let found = grouped(&session);
    let endpoints: Vec<_> = found.iter().filter_map(|g| g.endpoint.as_deref()).collect();
    assert_eq!(endpoints, ["a.example/v", "b.example/v"]);
}

#[test]
fn the_latest_of_each_cause_is_sent() {
    let mut text = String::new();
    for n in 0..4 {
        text += &event(n, "https://a.example/v", "11200", 500, &format!("request {n}"));
    }
    text += &event(4, "https://a.example/w", "11200", 500, "x");
    let (_folder, session) = session(&text);
    let all: Vec<&Exchange> = session.calls.exchanges.iter().collect();
    let mut answers = Answers::default();
    let mut told = Vec::new();
    let kept = one_each(&session, &all, &mut answers, &mut |done, of| told.push((done, of)));
    let urls: Vec<_> = kept
        .iter()
        .map(|&n| &session.calls.exchanges[n as usize])
        .map(|e| (e.url.as_deref().unwrap(), e.at.time().unwrap().to_string()))
        .collect();
    assert_eq!(
        urls,
        [
            ("https://a.example/v", "2026-03-06T18:03:00.000Z".to_owned()),
            ("https://a.example/w", "2026-03-06T18:04:00.000Z".to_owned())
        ]
    );
    assert_eq!(told, [(5, 5)]);
    // What was looked up once is known.
    one_each(&session, &all, &mut answers, &mut |_, _| panic!("read again"));
}

#[test]
fn the_order_of_the_input_changes_nothing() {
    let events: Vec<String> = (0..12)
        .map(|n| {
            event(
                n,
                &format!("https://a.example/{}", ["a", "b", "c"][n % 3]),
                "11200",
                500,
                "x",
            )
        })
        .collect();
    let (_one, forward) = session(&events.concat());
    let reversed: Vec<String> = events.into_iter().rev().collect();
    let (_other, backward) = session(&reversed.concat());
    let told = |s: &Session| grouped(s).iter().map(|g| (g.id, g.count, g.first)).collect::<Vec<_>>();
    assert_eq!(told(&forward), told(&backward));
}
