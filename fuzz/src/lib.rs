//! What is fuzzed: one function a target, each the way from bytes of outside into the library.
//!
//! `fuzz_targets/` gives them to libFuzzer; `tests/it/fuzzed.rs` runs the same functions as property tests over samples that were changed.
//! A function panics where the library does, or where what it promises does not hold. To add one: a function here, a line in
//! [`TARGETS`], a file in `fuzz_targets/` and its name in Cargo.toml.

use std::sync::OnceLock;

use redial::filter::{Engine, Scratch, builtin, expr, read_pack};
use redial::format::twilio;
use redial::judge::{self, Answer, Asked, dump};
use redial::model::{Payload, Problem, Provider, Request, RequestKind, Severity, Time};
use redial::replay::{Edits, from_http, leaves, to_http};
use redial::scan::{Pass, Shapes};
use redial::signature;

/// Takes bytes from outside.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("judge_twiml", judge_twiml),
    ("judge_tropo", judge_tropo),
    ("judge_http", judge_http),
    ("parse_log", parse_log),
    ("parse_document", parse_document),
    ("filter_expr", filter_expr),
    ("draft_http", draft_http),
    ("json_path", json_path),
    ("canonical_url", canonical_url),
    ("rule_pack", rule_pack),
];

/// Places lie in the document or right behind it, and messages are not empty.
fn places(body: &[u8], problems: &[Problem]) {
    let lines = body.split(|b| *b == b'\n').count() as u32;
    for p in problems {
        assert!(!p.message.is_empty());
        assert!(
            p.line.is_none_or(|l| (1..=lines).contains(&l)),
            "{p:?} of {lines} lines"
        );
        assert!(p.column.is_none_or(|c| c >= 1 && c as usize <= body.len() + 1), "{p:?}");
    }
}

pub fn judge_twiml(data: &[u8]) {
    for kind in [RequestKind::Voice, RequestKind::Message, RequestKind::StatusCallback] {
        places(data, &judge::reply(Provider::Twilio, kind, data));
    }
}

pub fn judge_tropo(data: &[u8]) {
    places(data, &judge::reply(Provider::Tropo, RequestKind::Result, data));
}

/// The data as a whole answer: status line, headers, body.
pub fn judge_http(data: &[u8]) {
    let Some(dump) = dump::read(data) else { return };
    let written = &data[dump.body..];
    let unchunked = dump::unchunked(written);
    let body = unchunked.as_deref().unwrap_or(written);
    let params = ["Digits".to_owned(), "CallSid".to_owned()];
    for (n, kind) in [
        RequestKind::Gather,
        RequestKind::Message,
        RequestKind::StatusCallback,
        RequestKind::Media,
    ]
    .into_iter()
    .enumerate()
    {
        let answer = Answer {
            url: "https://a.example/voice?x=1",
            status: Some(dump.status),
            headers: &dump.headers,
            body,
            total_len: body.len() as u64,
            ms: Some(u64::from(dump.status) * 40),
            asked: Asked {
                method: if n == 0 { "POST" } else { "GET" },
                params: &params[..n.min(2)],
            },
            ..Answer::default()
        };
        let verdict = judge::judge(Provider::Twilio, kind, &answer);
        assert_eq!(verdict.pass(), !verdict.problems.iter().any(Problem::fails));
        assert!(verdict.pass() || verdict.worst().is_some());
        judge::judge(Provider::Tropo, kind, &answer);
    }
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(builtin::packs()))
}

/// Lines of a log, with the built-in rules.
pub fn parse_log(data: &[u8]) {
    let pass = Pass {
        engine: engine(),
        shapes: Shapes::default(),
        every: true,
        ids: true,
        least: Severity::Info,
    };
    pass.scan(data, 0, &mut Scratch::default());
}

/// Documents, form bodies, captures of requests.
pub fn parse_document(data: &[u8]) {
    for (range, _) in twilio::read(data).records {
        assert!(range.start <= range.end && range.end <= data.len());
    }
    twilio::read_facts(data);
}

/// An expression that is read is written as one that is read as the same.
pub fn filter_expr(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(read) = expr::parse(&text, Time(0))
        && let Ok(again) = expr::parse(&read.to_string(), Time(0))
    {
        assert_eq!(read, again, "{text}");
    }
}

/// A request as a person edits it; what is read is written as what is read as the same.
pub fn draft_http(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let recorded = Request {
        method: Some("POST".to_owned()),
        url: Some("https://a.example/voice".to_owned()),
        headers: Vec::new(),
        payload: Payload::Form(vec![("Digits".to_owned(), "1".to_owned())]),
    };
    if let Ok((request, _)) = from_http(&text, &recorded) {
        let _ = from_http(&to_http(&request), &recorded);
    }
}

/// A path, a line end, and JSON to set it in.
pub fn json_path(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (path, json) = text.split_once('\n').unwrap_or(("a.b[0]", &text));
    let edits = Edits {
        set: vec![(path.to_owned(), "7".to_owned())],
        unset: vec![path.to_owned()],
        headers: Vec::new(),
    };
    let _ = edits.json(json);
    let _ = leaves(json);
}

/// Making a URL canonical twice is making it so once.
pub fn canonical_url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let once = signature::canonical_url(&text);
    assert_eq!(signature::canonical_url(&once), once);
    signature::with_body_sha256(&text, data);
}

/// A user's rule pack.
pub fn rule_pack(data: &[u8]) {
    read_pack(&String::from_utf8_lossy(data), "fuzzed.toml", "fuzzed");
}
