use super::*;

const HOST: &str = "http://app.test";

fn session() -> Recorded {
    let body = r#"{"session":{"id":"s1","callId":"c1","userType":"HUMAN","to":{"id":"100"},"from":{"id":"200"}}}"#;
    posted(RequestKind::Session, "/start.json", body)
}

fn posted(kind: RequestKind, path: &str, body: &str) -> Recorded {
    Recorded {
        kind,
        request: Request {
            url: Some(format!("{HOST}{path}")),
            payload: Payload::Json(body.as_bytes().to_vec()),
            ..Request::default()
        },
        ..Recorded::default()
    }
}

fn result(path: &str, fields: &str) -> Recorded {
    let body = format!(r#"{{"result":{{"sessionId":"s1","callId":"c1","sequence":1,{fields}}}}}"#);
    posted(RequestKind::Result, path, &body)
}

fn play(recorded: Vec<Recorded>) -> Play {
    Play::of(Provider::Tropo, recorded)
}

const ASK: &str = r#"{"tropo":[{"ask":{"name":"size","say":[{"value":"Small or large?"}],"choices":{"value":"small(1), large"}}},
    {"on":{"event":"continue","next":"/order.json"}},{"on":{"event":"incomplete","next":"again.json"}},
    {"on":{"event":"hangup","next":"/gone.json"}},{"on":{"event":"exit","next":"/exit.json"}}]}"#;
const BYE: &str = r#"{"tropo":[{"say":{"value":"Bye."}},{"hangup":null}]}"#;
const APP: [(&str, &str); 5] = [
    ("/start.json", ASK),
    ("/order.json", BYE),
    ("/again.json", BYE),
    ("/gone.json", BYE),
    ("/exit.json", BYE),
];

#[test]
fn the_recorded_result_is_sent_word_for_word() {
    let actions =
        r#""state":"ANSWERED","actions":{"name":"size","disposition":"SUCCESS","value":"large"},"novelty":[1]"#;
    let story = vec![session(), result("/order.json", actions)];
    let sent = story[1].request.payload.clone();
    let played = play(story).with(&APP);
    assert_eq!(played.end.how, Ended::HungUp, "{}", played.end.why);
    assert_eq!(played.steps[1].request.payload, sent);
    assert_eq!(played.steps[1].recorded, Some(1));
    assert_eq!(played.asked[1].1, "`continue`: size=large, as recorded");
}

#[test]
fn each_event_leads_to_its_handler() {
    for (wish, path, asked_by, event, disposition) in [
        (
            "size=large",
            "/order.json",
            "`continue`: size=large, as given",
            StepEvent::Choice,
            Some("SUCCESS"),
        ),
        (
            "size=1",
            "/order.json",
            "`continue`: size=small, as given",
            StepEvent::Choice,
            Some("SUCCESS"),
        ),
        (
            "order.json=large",
            "/order.json",
            "`continue`: size=large, as given",
            StepEvent::Choice,
            Some("SUCCESS"),
        ),
        (
            "size=huge",
            "/again.json",
            "`incomplete`: size=huge is not among the choices, as given",
            StepEvent::Nomatch,
            None,
        ),
        (
            "noinput",
            "/again.json",
            "`incomplete`: no input, as given",
            StepEvent::Noinput,
            None,
        ),
        (
            "hangup",
            "/gone.json",
            "`hangup`: the caller hung up, as given",
            StepEvent::Hangup,
            None,
        ),
        (
            "signal=exit",
            "/exit.json",
            "`exit`: signal exit, as given",
            StepEvent::Signal,
            None,
        ),
    ] {
        let mut play = play(vec![session()]);
        play = match wish {
            "noinput" => play.noinput("size"),
            "hangup" => play.hangup(""),
            wish => play.answer(wish),
        };
        let played = play.with(&APP);
        assert_eq!(played.asked.len(), 2, "{wish}: {}", played.end.why);
        assert!(
            played.lines()[1].starts_with(&format!("POST {path} ")),
            "{wish}: {}",
            played.lines()[1]
        );
        assert_eq!(
            (played.asked[1].1.as_str(), played.steps[1].event),
            (asked_by, event),
            "{wish}"
        );
        let Payload::Json(body) = &played.steps[1].request.payload else {
            panic!()
        };
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let result = &body["result"];
        assert_eq!(result["sessionId"], "s1");
        assert_eq!(result["callId"], "c1");
        assert_eq!(result["calledid"], "100");
        assert_eq!(result["actions"]["disposition"].as_str(), disposition, "{wish}");
        assert_eq!(played.end.how, Ended::HungUp);
        assert!(played.unmet.is_empty(), "{wish}");
    }
}

#[test]
fn several_answers_are_a_list_and_none_is_absent() {
    let two = r#"{"tropo":[{"ask":{"name":"a","choices":"[1 DIGIT]"}},{"ask":{"name":"b","choices":"[1 DIGIT]"}},{"on":{"event":"continue","next":"/order.json"}}]}"#;
    let none = r#"{"tropo":[{"say":{"value":"a"}},{"on":{"event":"continue","next":"/order.json"}}]}"#;
    let actions = |played: &Played| {
        let Payload::Json(body) = &played.steps[1].request.payload else {
            panic!()
        };
        serde_json::from_slice::<serde_json::Value>(body).unwrap()["result"]["actions"].clone()
    };
    let played = play(vec![session()])
        .answer("a=1")
        .answer("b=2")
        .with(&[("/start.json", two), ("/order.json", BYE)]);
    assert_eq!(actions(&played).as_array().map(Vec::len), Some(2));
    let played = play(vec![session()]).with(&[("/start.json", none), ("/order.json", BYE)]);
    assert!(actions(&played).is_null());
    assert_eq!(played.steps[1].event, StepEvent::Continue);
}

#[test]
fn documents_that_lead_nowhere_hang_up() {
    for (document, wish, how) in [
        (r#"{"tropo":[{"say":{"value":"a"}}]}"#, "", Ended::HungUp),
        (r#"{"tropo":[]}"#, "", Ended::HungUp),
        (
            r#"{"tropo":[{"hangup":{}},{"on":{"event":"continue","next":"/n"}}]}"#,
            "",
            Ended::HungUp,
        ),
        (
            r#"{"tropo":[{"reject":{}},{"on":{"event":"continue","next":"/n"}}]}"#,
            "",
            Ended::HungUp,
        ),
        (
            r#"{"tropo":[{"ask":{"name":"a","choices":"x"}}]}"#,
            "",
            Ended::Unanswered,
        ),
        (
            r#"{"tropo":[{"ask":{"name":"a","choices":"x"}}]}"#,
            "a=x",
            Ended::HungUp,
        ),
        (
            r#"{"tropo":[{"ask":{"name":"a","choices":"x"}}]}"#,
            "a=y",
            Ended::HungUp,
        ),
        (
            r#"{"tropo":[{"transfer":{"to":"+1","name":"t"}}]}"#,
            "",
            Ended::Unanswered,
        ),
        (
            r#"{"tropo":[{"transfer":{"to":"+1","name":"t"}}]}"#,
            "t=busy",
            Ended::HungUp,
        ),
        (
            r#"{"tropo":[{"transfer":{"to":"+1","name":"t"}}]}"#,
            "dial=nonsense",
            Ended::Unanswered,
        ),
        (
            r#"{"tropo":[{"record":{"name":"r","url":"ftp://x"}}]}"#,
            "",
            Ended::HungUp,
        ),
        (r#"{"tropo":[{"conference":{"id":"1"}}]}"#, "", Ended::HungUp),
        (
            r#"{"tropo":[{"say":{"value":"a"}},{"on":{"event":"continue","next":"http://other.test/"}}]}"#,
            "",
            Ended::Elsewhere,
        ),
    ] {
        let mut play = play(vec![session()]);
        if !wish.is_empty() {
            play = play.answer(wish);
        }
        let played = play.with(&[("/start.json", document)]);
        assert_eq!(played.end.how, how, "{document} {wish}: {}", played.end.why);
        assert_eq!(played.lines().len(), 1, "{document}");
    }
}

#[test]
fn recorded_events_are_told_by_where_they_went() {
    for (path, fields, event, asked_by) in [
        (
            "/again.json",
            r#""state":"ANSWERED""#,
            StepEvent::Incomplete,
            "`incomplete`, as recorded",
        ),
        (
            "/gone.json",
            r#""state":"DISCONNECTED""#,
            StepEvent::Hangup,
            "`hangup`, as recorded",
        ),
        (
            "/exit.json",
            r#""state":"ANSWERED""#,
            StepEvent::Signal,
            "`exit`, as recorded",
        ),
    ] {
        let played = play(vec![session(), result(path, fields)]).with(&APP);
        assert_eq!(played.asked.len(), 2, "{path}: {}", played.end.why);
        assert_eq!(
            (played.steps[1].recorded, played.asked[1].1.as_str()),
            (Some(1), asked_by)
        );
        assert_eq!(played.steps[1].event, event, "{path}");
        assert_eq!(played.end.how, Ended::HungUp);
    }
}

#[test]
fn an_answer_to_another_question_is_not_used() {
    let story = vec![
        session(),
        result("/order.json", r#""actions":{"name":"colour","value":"red"}"#),
    ];
    let played = play(story).with(&APP);
    assert_eq!((played.lines().len(), played.end.how), (1, Ended::Unanswered));
    assert!(played.end.why.contains("--answer 'size=…'"), "{}", played.end.why);
}

#[test]
fn a_failing_answer_ends_the_call() {
    let played = play(vec![session()])
        .fallback("/sorry")
        .answer("size=large")
        .with(&[("/start.json", ASK)]);
    assert_eq!((played.lines().len(), played.end.how), (2, Ended::Failed));
    assert!(played.end.why.contains("no fallback"), "{}", played.end.why);
}

#[test]
fn loops_are_seen() {
    let again = r#"{"tropo":[{"say":{"value":"a"}},{"on":{"event":"continue","next":"/start.json"}}]}"#;
    let played = play(vec![session()]).with(&[("/start.json", again)]);
    assert_eq!((played.lines().len(), played.end.how), (2, Ended::Loop));
}

#[test]
fn a_recorded_answer_is_known_by_its_name_where_next_was_renamed() {
    let success = r#""state":"ANSWERED","actions":{"name":"size","disposition":"SUCCESS","value":"large"}"#;
    let timeout = r#""state":"ANSWERED","actions":{"name":"size","disposition":"TIMEOUT"}"#;
    let other = success.replace("size", "dish");
    for (fields, path, asked_by) in [
        (
            success,
            "/order.json",
            "`continue`: size=large, as recorded for /old.json",
        ),
        (timeout, "/again.json", "`incomplete`, as recorded for /old.json"),
    ] {
        let story = vec![session(), result("/other.json", &other), result("/old.json", fields)];
        let played = play(story).with(&APP);
        assert_eq!(played.asked.len(), 2, "{}", played.end.why);
        assert!(
            played.lines()[1].starts_with(&format!("POST {path}")),
            "{}",
            played.lines()[1]
        );
        assert_eq!(
            (played.asked[1].1.as_str(), played.steps[1].recorded),
            (asked_by, Some(2))
        );
    }
}

#[test]
fn what_was_made_up_is_not_told_as_given() {
    let record = r#"{"record":{"name":"note","say":{"value":"Speak."}}}"#;
    let on = r#"{"on":{"event":"continue","next":"/order.json"}}"#;
    let alone = format!(r#"{{"tropo":[{record},{on}]}}"#);
    let played = play(vec![session()]).with(&[("/start.json", &alone), ("/order.json", BYE)]);
    assert_eq!(played.asked[1].1, "`continue`: note, made up");
    let ask = r#"{"ask":{"name":"size","choices":{"value":"large"}}}"#;
    let both = format!(r#"{{"tropo":[{ask},{record},{on}]}}"#);
    let played = play(vec![session()])
        .answer("size=large")
        .with(&[("/start.json", &both), ("/order.json", BYE)]);
    assert_eq!(played.asked[1].1, "`continue`: size=large, as given; note, made up");
}
