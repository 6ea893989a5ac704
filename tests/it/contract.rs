//! The contract: fields, types and values of every JSON line of every command on every sample, and the exit codes.
//!
//! The tables are those of `CONTRACT.md` ("JSON lines"); fields may be added beside them.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use regex::Regex;
use serde_json::Value;

use crate::support::{Ran, redial, run, sample, samples, text};

/// Types that a field may have: `s`tring, `n`ull, `i`nteger, `b`ool, `l`ist, `o`bject, `t`ime, or one of these words.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "finding",
        &[
            ("call", "s"),
            ("provider", "tropo|twilio"),
            ("at", "tn"),
            ("severity", "error|warning|info"),
            ("code", "s"),
            ("class", "s"),
            ("rule", "s"),
            ("title", "s"),
            ("advice", "s"),
            ("evidence", "s"),
            ("source", "o"),
            ("request", "sn"),
        ],
    ),
    (
        "call",
        &[
            ("call", "s"),
            ("provider", "tropo|twilio"),
            ("ids", "l"),
            ("parent", "sn"),
            ("app", "sn"),
            ("from", "sn"),
            ("to", "sn"),
            ("direction", "sn"),
            ("started", "tn"),
            ("ended", "tn"),
            ("lines", "i"),
            ("requests", "i"),
            ("errors", "i"),
            ("warnings", "i"),
            ("outcome", "sn"),
        ],
    ),
    (
        "request",
        &[
            ("id", "s"),
            ("call", "s"),
            ("at", "tn"),
            ("kind", "s"),
            ("method", "sn"),
            ("url", "sn"),
            ("headers", "l"),
            ("body", "sn"),
            ("params", "l"),
            ("response", "on"),
            (
                "outcome",
                "ok|http-error|bad-reply|no-reply|unreachable|timeout|unknown",
            ),
            ("replayable", "b"),
            ("why_not", "sn"),
            (
                "event",
                "start|choice|noinput|nomatch|timeout|hangup|error|continue|incomplete|signal|null",
            ),
            ("event_certain", "bn"),
        ],
    ),
    (
        "replay",
        &[
            ("request", "s"),
            ("call", "s"),
            ("sent_to", "s"),
            ("method", "s"),
            ("signature", "resigned|kept|stripped|none"),
            ("status", "in"),
            ("ms", "in"),
            ("headers", "l"),
            ("body", "sn"),
            ("error", "sn"),
            ("verdict", "o"),
            ("was", "ok|http-error|bad-reply|no-reply|unreachable|timeout|unknown"),
        ],
    ),
    (
        "summary",
        &[
            ("inputs", "i"),
            ("bytes", "i"),
            ("lines", "i"),
            ("unparsed", "i"),
            ("hidden", "i"),
            ("calls", "i"),
            ("requests", "i"),
            ("errors", "i"),
            ("warnings", "i"),
            ("ms", "i"),
        ],
    ),
    ("line", &[("source", "o"), ("text", "s")]),
    (
        "unparsed",
        &[("source", "o"), ("lines", "i"), ("why", "s"), ("text", "s")],
    ),
];

/// What does not fit of one object.
pub fn faults(o: &Value) -> Vec<String> {
    let kind = o["type"].as_str().unwrap_or("?");
    let Some((_, fields)) = FIELDS.iter().find(|(k, _)| *k == kind) else {
        return vec![format!("unknown type {kind}")];
    };
    let mut out: Vec<String> = fields
        .iter()
        .filter(|(name, types)| o.get(name).is_none_or(|v| !fits(v, types)))
        .map(|(name, types)| format!("{kind}.{name} is {:?}, not {types}", o.get(name)))
        .collect();
    if let Some(s) = o.get("source") {
        let whole = s["path"].is_string() && s["line"].as_u64().is_some_and(|l| l > 0) && s["byte"].is_u64();
        if !whole {
            out.push(format!("{kind}.source is {s}"));
        }
    }
    if kind == "request" {
        let certain = o["event"].is_null() == o["event_certain"].is_null();
        let why = o["replayable"].as_bool() == Some(o["why_not"].is_null());
        let pairs = ["params", "headers"].iter().all(|n| {
            let list = o[*n].as_array();
            list.is_some_and(|l| {
                l.iter()
                    .all(|p| p.as_array().is_some_and(|p| p.len() == 2 && p[0].is_string()))
            })
        });
        if !(certain && why && pairs) {
            out.push(format!("request does not agree with itself: {o}"));
        }
    }
    if kind == "call" && o["ids"].as_array().is_none_or(|l| !l.contains(&o["call"])) {
        out.push("call.ids lacks the call's own".to_owned());
    }
    out
}

fn fits(v: &Value, types: &str) -> bool {
    if types.contains('|') {
        return types
            .split('|')
            .any(|t| v.as_str() == Some(t) || (t == "null" && v.is_null()));
    }
    types.chars().any(|t| match t {
        's' => v.is_string(),
        'n' => v.is_null(),
        'i' => v.is_u64(),
        'b' => v.is_boolean(),
        'l' => v.is_array(),
        'o' => v.is_object(),
        't' => v.as_str().is_some_and(is_time),
        _ => false,
    })
}

fn is_time(t: &str) -> bool {
    Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        .unwrap()
        .is_match(t)
}

/// Holds every line of a run against the tables; the last must be the summary.
fn hold(ran: &Ran, where_: &str, wrong: &mut Vec<String>) {
    assert!(
        matches!(ran.code, 0 | 1 | 4),
        "{where_}: exit {}: {}",
        ran.code,
        ran.err
    );
    let lines = ran.json();
    for o in &lines {
        wrong.extend(faults(o).into_iter().map(|f| format!("{where_}: {f}")));
    }
    let summaries = lines.iter().filter(|o| o["type"] == "summary").count();
    if summaries != 1 || lines.last().is_none_or(|l| l["type"] != "summary") {
        wrong.push(format!("{where_}: {summaries} summaries, or not the last line"));
    }
}

#[test]
fn every_line_of_every_command_on_every_sample() {
    let mut wrong = Vec::new();
    let mut see = |line: String| {
        let ran = run(&line);
        hold(&ran, &line, &mut wrong);
        ran
    };
    for folder in [
        "samples/tropo",
        "samples/twilio",
        "tests/data/shapes/tropo",
        "tests/data/shapes/twilio",
    ] {
        see(format!("errors --json --level info --unparsed {folder}"));
        let calls = see(format!("calls --json {folder}"));
        assert_eq!(calls.summary()["calls"], calls.of("call").len(), "{folder}");
        for call in calls.of("call").iter().take(8) {
            let id = text(call, "call");
            let shown = see(format!("show {id} --json --all {folder}"));
            assert!(shown.of("call").iter().any(|c| c == call), "{folder}: {id}");
            let requests = shown.of("request").iter().filter(|r| r["call"] == id).count();
            assert_eq!(call["requests"], requests, "{folder}: {id}");
        }
        let listed = see(format!("replay --list --all --json {folder}"));
        assert_eq!(listed.summary()["requests"], listed.of("request").len(), "{folder}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn totals_agree_with_the_lines() {
    for folder in ["samples/tropo", "samples/twilio", "tests/data/shapes"] {
        let ran = run(&format!("errors --json --level info --unparsed {folder}"));
        let summary = ran.summary();
        let of = |s: &str| ran.of("finding").iter().filter(|f| f["severity"] == s).count();
        assert_eq!(summary["errors"], of("error"), "{folder}");
        assert_eq!(summary["warnings"], of("warning"), "{folder}");
        let unparsed: u64 = ran.of("unparsed").iter().map(|u| u["lines"].as_u64().unwrap()).sum();
        assert_eq!(summary["unparsed"], unparsed, "{folder}");
        let (mut bytes, mut lines, mut inputs) = (0, 0, 0);
        for name in samples() {
            if !name.starts_with(folder) {
                continue;
            }
            let text = sample(&name);
            inputs += 1;
            bytes += text.len();
            lines += text.split(|&b| b == b'\n').count() - usize::from(text.is_empty() || text.ends_with(b"\n"));
        }
        assert_eq!(
            (&summary["inputs"], &summary["bytes"]),
            (&inputs.into(), &bytes.into()),
            "{folder}"
        );
        assert_eq!(summary["lines"], lines, "{folder}");
        assert!(
            summary["hidden"].as_u64() <= summary["lines"].as_u64(),
            "{folder}: {summary}"
        );
    }
}

#[test]
fn totals_do_not_depend_on_the_level() {
    // Its only warning is of a line rule.
    let log = "samples/tropo/outbound-debugger.log";
    let of = |level: &str| run(&format!("errors --json --level {level} {log}")).summary()["warnings"].clone();
    assert_eq!(of("warning"), 1);
    assert_eq!(of("error"), of("warning"));
    let log = "tests/data/shapes/tropo/debugger-09.log";
    let of = |level: &str| run(&format!("errors --json --level {level} {log}")).summary()["warnings"].clone();
    assert_eq!(of("error"), of("warning"));
}

const PIZZA: &str = "samples/tropo/pizza-archive.log";

#[test]
fn exit_codes() {
    // Findings are no failure, unless asked.
    run(&format!("errors {PIZZA}")).exits(0);
    run(PIZZA).exits(0);
    run(&format!("errors --fail {PIZZA}")).exits(1);
    run("errors --fail tests/data/shapes/tropo/result-php-test-1.json").exits(0);
    // `--fail` asks for errors, not for warnings, and for those in view.
    run(&format!("errors --fail --call 36b3216f {PIZZA}")).exits(0);
    run("errors --help").exits(0);
    run("--version").exits(0);
    for usage in [
        "errors --nonsense",
        "errors --level loud samples",
        "errors --since yesterday samples",
        "errors --format tea samples",
        "errors --filters no/such/folder samples",
        "show",
        "replay samples/tropo/pizza-archive.log --to http://localhost:1 --timeout 0",
    ] {
        let ran = run(usage).exits(2);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{usage}: {}", ran.err);
    }
}

#[test]
fn a_missing_file_is_told_and_the_rest_is_read() {
    let ran = run(&format!("errors --json no/such.log {PIZZA}")).exits(2);
    assert!(ran.err.contains("no/such.log"), "{}", ran.err);
    assert_eq!(ran.of("finding").len(), 3);
    assert_eq!(ran.summary()["inputs"], 1);
    let ran = run("errors no/such.log").exits(2);
    assert!(ran.out.is_empty());
}

#[test]
fn calls_that_are_not_there_or_too_many() {
    let ran = run(&format!("show ffffffff {PIZZA}")).exits(4);
    assert!(ran.out.is_empty() && ran.err.contains("ffffffff"), "{}", ran.err);
    run(&format!("errors --call ffffffff {PIZZA}")).exits(4);
    run(&format!("calls --call ffffffff {PIZZA}")).exits(4);
    // A part must have four characters.
    let short = run(&format!("show 36b {PIZZA}")).exits(4);
    assert!(short.err.contains("4 characters"), "{}", short.err);
    run(&format!("show 36b3 {PIZZA}")).exits(0);
    // All Call-IDs of the sample end alike.
    let many = run(&format!("show 10.62.13.189 {PIZZA}")).exits(2);
    assert!(many.err.contains("part of the ids of"), "{}", many.err);
}

#[test]
fn where_points_at_its_fault() {
    let bad = redial(["errors", PIZZA, "--where", "severty = error"]).run().exits(2);
    assert!(bad.err.contains("severity"), "{}", bad.err);
    assert!(bad.err.lines().any(|l| l.contains('^')), "{}", bad.err);
    let one = redial(["errors", "--json", PIZZA, "--where", "class = webhook-http"]).run();
    assert_eq!(one.exits(0).of("finding").len(), 1);
}

#[test]
fn levels() {
    let info = run("errors --json --level info samples/tropo/outbound-debugger.log");
    assert!(info.of("finding").iter().any(|f| f["severity"] == "info"));
    let default = run("errors --json samples/tropo/outbound-debugger.log");
    assert!(default.of("finding").iter().all(|f| f["severity"] != "info"));
    let errors = run("errors --json --level error samples/tropo/outbound-debugger.log");
    assert!(errors.of("finding").iter().all(|f| f["severity"] == "error"));
    assert!(!errors.of("finding").is_empty());
}

#[test]
fn since_and_until() {
    let since = run(&format!("errors --json --since 2013-02-19T15:07:43Z {PIZZA}"));
    let rules: Vec<String> = since.of("finding").iter().map(|f| text(f, "rule").to_owned()).collect();
    assert_eq!(rules, ["W1", "W4"]);
    let until = run(&format!("errors --json --until 2013-02-19T15:07:42Z {PIZZA}"));
    assert_eq!(until.of("finding").len(), 1);
}

#[test]
fn colour_only_when_wanted() {
    let plain = run(&format!("errors {PIZZA}"));
    assert!(!plain.out.contains('\u{1b}'));
    let coloured = run(&format!("errors --color always {PIZZA}"));
    assert!(coloured.out.contains('\u{1b}'));
    let bare = without_colour(&coloured.out);
    assert_eq!(timeless(&bare), timeless(&plain.out));
    let refused = redial(["errors", PIZZA]).env("NO_COLOR", "1").run();
    assert!(!refused.out.contains('\u{1b}'));
}

fn without_colour(text: &str) -> String {
    Regex::new("\u{1b}\\[[0-9;]*m")
        .unwrap()
        .replace_all(text, "")
        .into_owned()
}

fn timeless(text: &str) -> String {
    Regex::new(r"(?m) ·\s[\d.]+\sm?s$")
        .unwrap()
        .replace_all(text, "")
        .into_owned()
}

#[test]
fn a_closed_pipe_ends_quietly() {
    // Enough output that the program must meet the closed pipe.
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("many.log");
    let mut log = String::new();
    for n in 0..20_000 {
        log += &format!(
            "Feb 19 15:07:44 GMT 2013 h.example TROPO 58560 {n:032x} {n:032x} 1 {n:032x} #TROPO#: Received non-2XX status code on Tropo-Thread-{n:032x} [url=http://a.example/x, code=500]\n"
        );
    }
    std::fs::write(&file, log).unwrap();
    for command in [&["errors", "--json"][..], &["errors"], &["calls", "--json"], &["calls"]] {
        let (mut child, _config) = redial(command).arg(&file).spawn(Stdio::piped());
        let mut first = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(!first.is_empty());
        // The reader is gone here.
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), err.as_str()),
            (Some(0), ""),
            "{command:?}"
        );
    }
}

#[test]
fn completions_and_manual() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(&format!("completions {shell}")).exits(0).out.contains("redial"),
            "{shell}"
        );
    }
    assert!(run("man").exits(0).out.contains(".TH"));
    let page = run("man store prune").exits(0).out;
    assert!(
        page.contains(".TH redial-store-prune") && page.contains("max\\-size"),
        "{page}"
    );
    assert!(
        run("man nonsense")
            .exits(2)
            .err
            .contains("`redial` has no command `nonsense`")
    );
}
