//! Tables: a document, and what is said where. `E`, `W`, `N` for the severity, then the code, line and column.

use super::*;
use crate::model::Severity;

fn brief(problems: &[Problem]) -> Vec<String> {
    let one = |p: &Problem| {
        let level = match p.severity {
            Severity::Error => "E",
            Severity::Warning => "W",
            Severity::Info => "N",
        };
        let code = p.code.as_deref().unwrap_or("-");
        format!("{level} {code} {}:{}", p.line.unwrap_or(0), p.column.unwrap_or(0))
    };
    problems.iter().map(one).collect()
}

/// The problems of a document of one verb.
fn verb(json: &str) -> Vec<Problem> {
    document(format!("{{\"tropo\":[\n{json}\n]}}").as_bytes())
}

#[test]
fn a_good_document_has_no_problems() {
    let good = r#"{"tropo":[
        {"answer":{"headers":{"a":"b"}}},
        {"say":[{"value":"Hello, ünïcode &amp; all"},{"value":"<speak>Hi <break/></speak>"},{"value":"http://a.example/x.mp3"}]},
        {"ask":{"name":"menu","attempts":3,"bargein":true,"choices":{"value":"[1 DIGIT]","mode":"dtmf"},
                "say":[{"value":"Hm?","event":"nomatch:1 nomatch:2"},{"value":"?","event":"timeout"},{"value":"Press 1."}]}},
        {"transfer":{"to":["+14155550100","sip:a@b.example"],"on":{"event":"ring","say":{"value":"la la"}}}},
        {"on":{"event":"continue","next":"/menu"}},{"on":{"event":"incomplete","next":"http://a.example/x"}},
        {"on":{"event":"error","next":"e"}},{"on":{"event":"hangup","next":null}},
        {"wait":{"milliseconds":100,"allowSignals":["done"]}},{"on":{"event":"done","next":"/done"}},
        {"hangup":null},{"hangup":{}}]}"#;
    assert_eq!(document(good.as_bytes()), []);
}

/// Each verb has one problem, apart from what happens between verbs.
#[track_caller]
fn told(cases: &[(&str, &str, &str)]) {
    for (json, want, says) in cases {
        let problems: Vec<Problem> = verb(json)
            .into_iter()
            .filter(|p| p.code.as_deref() != Some(FLOW))
            .collect();
        assert_eq!(brief(&problems), [*want], "{json}: {problems:?}");
        assert!(problems[0].message.contains(says), "{json}: {problems:?}");
    }
}

#[test]
fn shapes_and_names() {
    told(&[
        (r#"{"sya":{"value":"x"}}"#, "E webhook-reply 2:2", "is `say` meant"),
        (r#"{"Say":{"value":"x"}}"#, "E webhook-reply 2:2", "is `say` meant"),
        (r#"{"dance":{}}"#, "E webhook-reply 2:2", "no verb of Tropo's"),
        (
            r#"{"say":{"value":"x"},"hangup":null}"#,
            "E webhook-reply 2:22",
            "2 verbs",
        ),
        (r#""say""#, "E webhook-reply 2:1", "not an object with a verb"),
        (r#"{"say":"Hello"}"#, "E webhook-reply 2:8", "must be an object"),
        (r#"{"say":{}}"#, "E webhook-reply 2:2", "no `value`"),
        (r#"{"say":{"value":null}}"#, "E webhook-reply 2:2", "no `value`"),
        (
            r#"{"say":{"value":"x","vioce":"ava"}}"#,
            "W webhook-reply 2:21",
            "is `voice` meant",
        ),
        (
            r#"{"say":{"value":"x","loudness":3}}"#,
            "W webhook-reply 2:21",
            "not known to this tool",
        ),
        (
            r#"{"say":{"value":"x","value":"y"}}"#,
            "W webhook-reply 2:21",
            "stands twice",
        ),
        (r#"{"say":{"value":5}}"#, "N - 2:17", "taken as text"),
        (r#"{"say":{"value":{"a":1}}}"#, "E webhook-reply 2:17", "must be text"),
        (
            r#"{"say":{"value":"5","as":"DIGIT"}}"#,
            "W webhook-reply 2:26",
            "is `DIGITS` meant",
        ),
        (
            r#"{"say":{"value":"x","voice":"alison"}}"#,
            "N - 2:29",
            "is `allison` meant",
        ),
        (
            r#"{"say":{"value":"x","required":"yes"}}"#,
            "E webhook-reply 2:32",
            "true or false",
        ),
        (r#"{"say":{"value":"x","required":"true"}}"#, "N - 2:32", "truth value"),
        (r#"{"wait":{"milliseconds":"10"}}"#, "N - 2:25", "taken as a number"),
        (r#"{"wait":{"milliseconds":-1}}"#, "W webhook-reply 2:25", "below 0"),
        (
            r#"{"choices":{"value":"a"}}"#,
            "W webhook-reply 2:2",
            "belongs into ask",
        ),
        (
            r#"{"conference":{"id":["a","b"]}}"#,
            "E webhook-reply 2:21",
            "must be one value",
        ),
        (r#"{"generalLogSecurity":"suppress"}"#, "N log-gap 2:23", "suppresses"),
        (
            r#"{"say":{"value":"x","promptLogSecurity":"suppress"}}"#,
            "N log-gap 2:41",
            "suppresses",
        ),
    ]);
}

#[test]
fn numbers_and_urls() {
    told(&[
        (
            r#"{"message":{"say":{"value":"x"},"to":"4155550100"}}"#,
            "W number-format 2:38",
            "without +",
        ),
        (r#"{"call":{"to":14155550100}}"#, "W number-format 2:15", "without +"),
        (
            r#"{"transfer":{"to":["+14155550100","tel:8135550100"]}}"#,
            "W number-format 2:35",
            "without +",
        ),
        (
            r#"{"call":{"to":"+1 (415) 555-0100"}}"#,
            "W number-format 2:15",
            "digits only",
        ),
        (r#"{"call":{"to":""}}"#, "E number-format 2:15", "whom to call"),
        (
            r#"{"startRecording":{"url":"rec.mp3"}}"#,
            "W webhook-reply 2:26",
            "must be absolute",
        ),
        (
            r#"{"on":{"event":"hangup","next":"/a b"}}"#,
            "W webhook-reply 2:32",
            "%20",
        ),
        (
            r#"{"on":{"event":"hangup","next":"ftp://a.example/"}}"#,
            "W webhook-reply 2:32",
            "cannot be asked",
        ),
        (
            r#"{"on":{"event":"hangup","next":""}}"#,
            "W webhook-reply 2:32",
            "is empty",
        ),
    ]);
}

#[test]
fn speech_that_breaks() {
    for (json, want, says) in [
        (r#"{"say":{"value":"AT&T"}}"#, "W media-error 2:20", "&amp;"),
        (r#"{"say":{"value":"\u00fc \"a\" < b"}}"#, "W media-error 2:31", "&lt;"),
        (
            r#"{"say":{"value":"http://a.example/x?a=1&b=2"}}"#,
            "W media-error 2:40",
            "&amp;",
        ),
        (r#"{"say":{"value":" "}}"#, "W media-error 2:17", "empty"),
        (r#"{"say":{"value":"<b>x</b>"}}"#, "W media-error 2:17", "not wrapped"),
        (
            r#"{"say":{"value":"<speak><s>x</speak>"}}"#,
            "E media-error 2:29",
            "close every tag",
        ),
        (
            r#"{"say":{"value":"<speak>a & b</speak>"}}"#,
            "E media-error 2:27",
            "&amp;",
        ),
    ] {
        let problems = verb(json);
        assert_eq!(brief(&problems), [want], "{json}: {problems:?}");
        assert!(problems[0].message.contains(says), "{json}: {problems:?}");
    }
}

#[test]
fn events() {
    let asked = r#"{"ask":{"choices":{"value":"1"},"say":SAY}},{"on":{"event":"continue","next":"/c"}},{"on":{"event":"error","next":"/c"}},{"on":{"event":"incomplete","next":"/c"}}"#;
    for (say, want, says) in [
        (
            r#"[{"value":"a"},{"value":"b","event":"timeout"}]"#,
            "W flow-event 2:54",
            "put it before",
        ),
        (
            r#"[{"value":"b","event":"timeout"}]"#,
            "W flow-event 2:33",
            "says nothing at first",
        ),
        (
            r#"[{"value":"b","event":"timeuot"},{"value":"a"}]"#,
            "W flow-event 2:61",
            "`timeout` meant",
        ),
        (
            r#"[{"value":"b","event":"nomatch:x"},{"value":"a"}]"#,
            "W flow-event 2:61",
            "second attempt",
        ),
    ] {
        let problems = verb(&asked.replace("SAY", say));
        assert_eq!(brief(&problems), [want], "{say}: {problems:?}");
        assert!(problems[0].message.contains(says), "{say}: {problems:?}");
    }
    for (json, want, says) in [
        (r#"{"on":{"event":"continue"}}"#, "W flow-event 2:8", "hangs up"),
        (r#"{"on":{"event":"error"}}"#, "N flow-event 2:8", "leads nowhere"),
        (
            r#"{"on":{"event":"contineu","next":"/x"}}"#,
            "W flow-event 2:16",
            "`continue` meant",
        ),
        (
            r#"{"wait":{"milliseconds":1,"allowSignals":"a"}},{"on":{"event":"b","next":"/x"}}"#,
            "N flow-event 2:63",
            "lets it in",
        ),
        (
            r#"{"transfer":{"to":"sip:a@b","on":{"event":"rang"}}},{"on":{"event":"continue","next":"/x"}},{"on":{"event":"error","next":"/c"}},{"on":{"event":"incomplete","next":"/c"}}"#,
            "W flow-event 2:43",
            "`ring` meant",
        ),
        (
            r#"{"ask":{"choices":{"value":"1"},"say":{"value":"?"}}}"#,
            "N flow-event 2:2",
            "session ends here",
        ),
        (
            r#"{"record":{"url":"http://a.example/r"}},{"on":{"event":"continue","next":"/x"}}"#,
            "N flow-event 2:2",
            "incomplete and error",
        ),
    ] {
        let problems = verb(json);
        assert_eq!(brief(&problems), [want], "{json}: {problems:?}");
        assert!(problems[0].message.contains(says), "{json}: {problems:?}");
    }
}

#[test]
fn many_problems_and_long_documents_are_bounded() {
    let many = format!("{{\"tropo\":[{}]}}", vec!["{\"x\":1}"; 5_000].join(","));
    let problems = document(many.as_bytes());
    assert_eq!(problems.len(), MOST + 1);
    assert!(problems[MOST].message.contains("4900 more"));
    assert_eq!(problems[MOST].severity, Severity::Info);
    // An error behind a hundred warnings fails as the only one does.
    let warnings = vec!["{\"say\":{\"value\":\"a\",\"zebra\":1}}"; MOST].join(",");
    let problems = document(format!("{{\"tropo\":[{warnings},{{\"say\":{{}}}}]}}").as_bytes());
    assert_eq!(
        problems.last().map(|p| p.severity),
        Some(Severity::Error),
        "{problems:?}"
    );
    let long = format!("{{\"tropo\":[{}]}}", vec!["{\"x\":1}"; 200_000].join(","));
    let problems = document(long.as_bytes());
    assert_eq!((problems.len(), problems[0].severity), (1, Severity::Error));
    let spikes = format!(
        "{{\"tropo\":[{{\"say\":{{\"value\":\"{}\"}}}}]}}",
        "<a>".repeat(100_000)
    );
    document(spikes.as_bytes());
}

proptest::proptest! {
    /// Whatever is JSON, the tree finds each of its parts where `serde_json` does.
    #[test]
    fn the_tree_is_that_of_serde(json in "[\\[\\]{}:,\" 0-9a-z\\\\éu.+-]{0,40}") {
        if let Ok(value) = serde_json::from_str::<Value>(&json) {
            let node = tree::read(&json).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Value>(node.raw).unwrap(), value);
        }
    }
}

/// What is not shown must not let a document pass.
#[test]
fn many_problems_are_counted() {
    for (last, severity) in [("{\"hangup\":null}", Severity::Info), ("[]", Severity::Error)] {
        let problems = verb(&("{\"say\":{\"value\":\"a\",\"x\":1}},".repeat(150) + last));
        assert_eq!(problems.len(), MOST + 1);
        assert_eq!(problems[MOST].severity, severity, "{problems:?}");
    }
    let twice = document(format!("{{\"tropo\":[],{}\"a\":1}}", "\"a\":1,".repeat(300)).as_bytes());
    assert!(twice[MOST].message.starts_with("200 more"), "{twice:?}");
}

#[test]
fn what_does_nothing_or_is_unknown_is_told() {
    for (json, want) in [
        ("{\"say\":[]}", "W webhook-reply 2:8"),
        ("{\"generalLogSecurity\":\"x\"}", "W webhook-reply 2:23"),
        ("{\"generalLogSecurity\":\"suppress\"}", "N log-gap 2:23"),
    ] {
        let problems = verb(json);
        assert_eq!(brief(&problems), [want], "{json}: {problems:?}");
        assert!(
            problems[0].severity == Severity::Info || !problems[0].certain,
            "{problems:?}"
        );
    }
    assert!(verb("{\"generalLogSecurity\":\"none\"}").is_empty());
}

/// Of a document that is too long for its verbs to be looked at nobody knows that it passes.
#[test]
fn a_long_document_is_no_pass() {
    let long = "x".repeat(1_100_000);
    for (json, says) in [
        (
            format!("{{\"tropo\":[{{\"say\":{{\"value\":\"{long}\"}}}}]}}"),
            "too long to judge",
        ),
        (format!("{{\"tropoo\":[\"{long}\"]}}"), "no `tropo`"),
        (format!("{{\"tropo\":\"{long}\"}}"), "no object with a list"),
        (format!("[[\"{long}\"]]"), "no object with a list"),
        (format!("{{\"tropo\":[\"{long}\"]"), "not JSON"),
    ] {
        let problems = document(json.as_bytes());
        let found: Vec<_> = problems
            .iter()
            .map(|p| (p.severity, p.message.contains(says)))
            .collect();
        assert_eq!(found, [(Severity::Error, true)], "{says}");
    }
}
