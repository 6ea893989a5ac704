//! One cause, many calls: `errors --group`, `replay --one-per-group`.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Redial, redial, text};

/// An event of the debugger: which call, where, what was answered.
pub fn event(n: usize, url: &str, status: u16, body: &str) -> String {
    let call = format!("CA{n:032x}");
    let payload = json!({
        "resource_sid": call, "service_sid": null, "error_code": "11200",
        "more_info": {"Msg": "x", "httpResponse": status.to_string()},
        "webhook": {"type": "application/json",
            "request": {"url": url, "method": "POST", "headers": {}, "parameters": {"CallSid": call, "From": "+15551234567"}},
            "response": {"status_code": status, "headers": {}, "body": body}}
    });
    let event = json!({
        "Sid": format!("NO{n:032x}"), "AccountSid": format!("AC{:032x}", 1), "Level": "ERROR",
        "Timestamp": format!("2026-03-06T18:{:02}:00Z", n % 60), "PayloadType": "application/json",
        "Payload": payload.to_string()
    });
    event.to_string() + "\n"
}

/// Events in a file of their own.
pub fn input(events: &[String]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.jsonl");
    std::fs::write(&path, events.concat()).unwrap();
    (folder, path)
}

fn three_causes() -> (TempDir, PathBuf) {
    let mut events = Vec::new();
    for n in 0..4 {
        let url = format!("https://app.example.com/calls/{n}/menu?step={n}");
        events.push(event(n, &url, 500, &format!("TypeError: no user {n}\n  at line {n}")));
    }
    events.push(event(
        4,
        "https://app.example.com/calls/4/menu?step=4",
        404,
        "no such page",
    ));
    events.push(event(5, "https://app.example.com/status", 404, "no such page"));
    input(&events)
}

fn on(args: &str, path: &std::path::Path) -> Redial {
    redial(args.split_whitespace()).arg(path)
}

#[test]
fn findings_of_one_cause_are_one_line() {
    let (_folder, path) = three_causes();
    let ran = on("errors --group --json", &path).run().exits(0);
    let groups = ran.of("group");
    let told: Vec<(&str, &Value, &Value)> = groups
        .iter()
        .map(|g| (text(g, "endpoint"), &g["count"], &g["calls"]))
        .collect();
    let (four, one) = (json!(4), json!(1));
    assert_eq!(
        told,
        [
            ("/calls/{n}/menu?step=…", &four, &four),
            ("/calls/{n}/menu?step=…", &one, &one),
            ("/status", &one, &one)
        ]
    );
    let first = &groups[0];
    assert_eq!(text(first, "answer"), "500 TypeError: no user 0");
    assert_eq!(text(first, "first"), "2026-03-06T18:00:00.000Z");
    assert_eq!(text(first, "last"), "2026-03-06T18:03:00.000Z");
    assert_eq!(text(&first["example"], "call"), format!("CA{:032x}", 3));
    assert!(text(&first["example"], "request").starts_with('r'));
    assert_eq!(ran.summary()["errors"], 6);
    // The same input in two runs has the same ids.
    assert_eq!(on("errors --group --json", &path).run().of("group"), groups);
}

#[test]
fn groups_for_people() {
    let (_folder, path) = three_causes();
    let out = on("errors --group", &path).run().exits(0).out;
    for part in [
        "4 × ",
        "POST /calls/{n}/menu?step=…",
        "│ 500 TypeError: no user 0",
        "4 calls · 4 requests · 2026-03-06 18:00:00 to 2026-03-06 18:03:00",
        "example: call CA00000000000000000000000000000003",
        "--one-per-group --to http://localhost:3000",
        "3 causes",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    on("errors --group --fail", &path).run().exits(1);
    on("errors --group --fail --where status=302", &path).run().exits(0);
    let one = on("errors --group --json --call CA00000000000000000000000000000005", &path)
        .run()
        .exits(0);
    assert_eq!(one.of("group").len(), 1);
    on("errors --group --follow", &path).run().exits(2);
}

#[test]
fn one_request_of_each_cause_is_chosen() {
    let (_folder, path) = three_causes();
    let ran = on("replay --one-per-group --list --json", &path).run().exits(0);
    let urls: Vec<String> = ran.of("request").iter().map(|r| text(r, "url").to_owned()).collect();
    assert_eq!(
        urls,
        [
            "https://app.example.com/calls/3/menu?step=3",
            "https://app.example.com/calls/4/menu?step=4",
            "https://app.example.com/status"
        ]
    );
    // Answers that went well are no causes, however they differ.
    let well = "replay samples/twilio/call-events.json --all --one-per-group --list --json";
    let well = crate::support::run(well).exits(0);
    let menus = well.of("request").into_iter();
    let menus = menus.filter(|r| r["outcome"] == "ok" && text(r, "url").ends_with("/menu"));
    assert_eq!(menus.count(), 1, "{}", well.out);
    let last = on("replay --one-per-group --last --list --json", &path).run().exits(0);
    assert_eq!(last.of("request").len(), 1);
}
