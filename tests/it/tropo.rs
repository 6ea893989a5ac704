//! Tropo's logs through a session: every line form, every rule of spec 3.1, ids and dates, requests and their answers.
//!
//! Each test is a small log written here; helpers put the columns around a message. What a rule says in full stands in
//! its pack with its own examples: here it is class, severity, and the words that a developer looks for.

use serde_json::Value;

use crate::support::{Told, redial, text, told};

const S: &str = "36b3216fdaeeb975729fae923d5a4fd1";
const GUID: &str = "a4c123b1612dd272d1371c17149d4395";
const CALL: &str = "2aabfe228f219e9cb0eb53f16947ccf2";
const URL: &str = "http://a.example/x.json";

/// A line of form A at 15:07:`second`.
fn a(second: u32, message: &str) -> String {
    let (m, s) = (7 + second / 60, second % 60);
    format!("Feb 19 15:{m:02}:{s:02} GMT 2013 t1.example TROPO 58560 {GUID} {S} 1 {CALL} {message}\n")
}

fn sending(body: &str) -> String {
    format!("#TROPO#: Sending TropoML Payload on Tropo-Thread-{S} [url={URL}]: {body}")
}

fn session() -> String {
    sending(&format!(
        r#"{{"session":{{"id":"{S}","timestamp":"2013-02-19T15:07:31.244Z","userType":"HUMAN","callId":"{CALL}","from":{{"id":"12025550141"}},"to":{{"id":"12025550100"}}}}}}"#
    ))
}

fn result(rest: &str) -> String {
    sending(&format!(
        r#"{{"result":{{"sessionId":"{S}","callId":"{CALL}","state":"ANSWERED","sequence":1,"complete":true,"error":null{rest}}}}}"#
    ))
}

fn received(document: &str) -> String {
    format!("#TROPO#: Received new TropoML document on Tropo-Thread-{S}: {document}")
}

fn refused(code: u16) -> String {
    format!("#TROPO#: Received non-2XX status code on Tropo-Thread-{S} [url={URL}, code={code}]")
}

const OK: &str = r#"{"tropo":[{"say":{"value":"Hello."}}]}"#;

/// What every form tells of one refused request.
#[test]
fn each_form() {
    let body = format!(r#"{{"session":{{"id":"{S}","timestamp":"2013-02-19T23:07:31.244Z","userType":"NONE"}}}}"#);
    let send = format!("Sending TropoML Payload on Tropo-Thread-{S} [url={URL}]: {body}");
    let bad = format!("Received non-2XX status code on Tropo-Thread-{S} [url={URL}, code=500]");
    let node = format!("58560/{GUID}/{S}/1/[{CALL}]");
    let five = format!("58560/77/{GUID}/{S}/1/[{CALL}]");
    let slashed = |m: &str| m.replace('/', "\\s");
    let logs = [
        (
            "A",
            "Feb 19 23:07:31 GMT 2013 t1.example TROPO 58560 G S 1 C #TROPO#: ",
            false,
        ),
        (
            "A, one digit",
            "Feb  9 23:07:31 GMT 2013 t1.example PRISM -1 G S 1 C #TROPO#: ",
            false,
        ),
        (
            "A, no category",
            "Feb 19 23:07:31 GMT 2013 t1.example TROPO 58560 G S 1 C ",
            false,
        ),
        ("N", "Feb 19 23:07:31 INFO TROPO NODE #TROPO#: ", false),
        (
            "N, five parts",
            "Feb 19 23:07:31.244 DEBUG t1 PRISM FIVE [Tropo-Thread-S] #TROPO#: ",
            false,
        ),
        (
            "N, grep",
            "sipmethod.log:Feb 19 23:07:31 INFO TROPO NODE #TROPO#: ",
            false,
        ),
        (
            "N, slashes",
            "Feb 19 23:07:31 t1 TROPO 58560/77/G/S/1/C/#TROPO#: ",
            true,
        ),
        ("P", "2013-02-19 23:07:31.244 INFO [Tropo-Thread-S] #TROPO#: ", false),
        (
            "P, ISO",
            "2013-02-19T23:07:31.244Z INFO [Tropo-Thread-S] #TROPO#: ",
            false,
        ),
        (
            "P, other thread",
            "2013-02-19 23:07:31.244 INFO [pool-1] #TROPO#: ",
            false,
        ),
        ("D", "00023\t4395\t11:07:31 PM   \t", false),
        ("D, blanks", "23 4395 11:07:31 PM ", false),
        ("D, no guid", "00023\t0000\t11:07:31 PM   \t", false),
        ("M", "#TROPO#: ", false),
        ("M, grep", "a/b.log:#TROPO#: ", false),
    ];
    for (name, prefix, slashes) in logs {
        let prefix = prefix
            .replace("NODE", &node)
            .replace("FIVE", &five)
            .replace(" G S 1 C ", &format!(" {GUID} {S} 1 {CALL} "))
            .replace("/G/S/1/C/", &format!("/{GUID}/{S}/1/{CALL}/"))
            .replace("Thread-S", &format!("Thread-{S}"));
        let line = |m: &str| format!("{prefix}{}\n", if slashes { slashed(m) } else { m.to_owned() });
        let t = told(line(&send) + &line(&bad));
        assert_eq!(t.unparsed, [], "{name}");
        assert_eq!(t.call()["call"], S, "{name}");
        let f = t.finding();
        assert_eq!((&f["rule"], &f["severity"]), (&"W1".into(), &"error".into()), "{name}");
        let r = t.request();
        assert_eq!((&r["url"], &r["body"]), (&URL.into(), &body.clone().into()), "{name}");
        assert_eq!(f["request"], r["id"], "{name}");
        assert_eq!(
            (&r["outcome"], &r["event"]),
            (&"http-error".into(), &"start".into()),
            "{name}"
        );
        let at = f["at"].as_str().map(|t| &t[10..19]);
        assert_eq!(
            at,
            if name.starts_with('M') { None } else { Some("T23:07:31") },
            "{name}"
        );
    }
}

/// Spec 3.1, line by line: message, class, severity, a part of the title.
#[allow(clippy::too_many_lines)] // One table.
#[test]
fn each_rule() {
    let table: &[(&str, &str, &str, &str)] = &[
        (&refused(404), "webhook-http", "error", "404"),
        (
            "#TROPO#: Call disconnected while processing action",
            "caller-gone",
            "warning",
            "hung up",
        ),
        ("#TROPO#: Processing events: error", "flow-event", "warning", "`error`"),
        (
            "#TROPO#: Processing events: incomplete",
            "flow-event",
            "warning",
            "`incomplete`",
        ),
        (
            "#TROPO#: App[x] has compilation errors: unexpected end at line #931 and column #4",
            "script-error",
            "error",
            "unexpected end",
        ),
        (
            "#TROPO#: App[x] has runtime errors: foo is not defined at line #925 with cause: E",
            "script-error",
            "error",
            "foo is not defined",
        ),
        (
            "#TROPO#: App[x] has unknown errors: java.lang.StackOverflowError",
            "script-crash",
            "error",
            "StackOverflowError",
        ),
        (
            "#TROPO#: App[x] violates the sandbox: java.io.FilePermission",
            "script-sandbox",
            "error",
            "FilePermission",
        ),
        (
            "#TROPO#: can not find the script: http://a.example/x.rb",
            "script-missing",
            "error",
            "x.rb",
        ),
        (
            "#TROPO#: can not read the script: x.rb",
            "script-missing",
            "error",
            "x.rb",
        ),
        (
            "#TROPO#: ---- Callback Error : undefined method",
            "script-callback",
            "error",
            "undefined method",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2] : ====> my own words <====",
            "app-log",
            "info",
            "my own words",
        ),
        ("Call[1->2] : ordering now", "app-log", "info", "ordering now"),
        (
            "#TROPO#: com.voxeo.tropo.ErrorException: Outbound call is timeout.",
            "call-timeout",
            "warning",
            "in time",
        ),
        (
            "#TROPO#: com.voxeo.tropo.ErrorException: Outbound call has timed out.",
            "call-timeout",
            "warning",
            "in time",
        ),
        (
            "#TROPO#: com.voxeo.tropo.ErrorException: Outbound call can not complete.",
            "call-failed",
            "error",
            "complete",
        ),
        (
            "#TROPO#: Your call can not be completed at this time.",
            "call-failed",
            "error",
            "complete",
        ),
        (
            "#TROPO#: com.voxeo.tropo.ErrorException: Outbound call cancelled.",
            "call-cancelled",
            "info",
            "cancel key",
        ),
        (
            "#TROPO#: Call from 12025550111 to +12025550123 failed. com.voxeo.tropo.ErrorException: No route. at a.b.C.d(E.java:1)",
            "call-failed",
            "error",
            "+12025550123",
        ),
        (
            "#TROPO#: Error creating outgoing call to tel:5550101234",
            "call-failed",
            "error",
            "tel:5550101234",
        ),
        (
            "#TROPO#: Can not answer within 30000ms.",
            "answer-timeout",
            "error",
            "30000",
        ),
        (
            "#TROPO#: cannot say when state is DISCONNECTED",
            "verb-in-wrong-state",
            "error",
            "DISCONNECTED",
        ),
        (
            "#TROPO#: Call can not be rejected in ANSWERED state",
            "verb-in-wrong-state",
            "error",
            "ANSWERED",
        ),
        (
            "#TROPO#: Call cannot be redirected in FAILED state",
            "verb-in-wrong-state",
            "error",
            "FAILED",
        ),
        (
            "#TROPO#: Expected Ringing or Answering state",
            "verb-in-wrong-state",
            "error",
            "wrong call state",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->say() got system error: com.mot.mrcp.MrcpException",
            "media-error",
            "error",
            "say",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->transfer([8135550137]) [from:null]",
            "number-format",
            "warning",
            "8135550137",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->transfer([tel:8135550137]) [from:null]",
            "number-format",
            "warning",
            "8135550137",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->ask() got error: NO_MATCH",
            "caller-input",
            "info",
            "menu",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->ask() got error: NO_SPEECH",
            "caller-input",
            "info",
            "nothing",
        ),
        (
            "#TROPO#: SimpleIncomingCall[1/1->2/2]->ask() got error: OTHER",
            "caller-input",
            "warning",
            "OTHER",
        ),
        (
            r"#MRCP#: (i)RTSP/1.0 200 OK\\r\\nCompletion-Cause: 004 grammar-load-failure\\r\\n",
            "asr",
            "error",
            "004",
        ),
        (
            r"#MRCP#: (i)RTSP/1.0 200 OK\\r\\nCompletion-Cause: 002 no-input-timeout\\r\\n",
            "asr",
            "info",
            "002",
        ),
        (
            r"#MRCP#: (i)RTSP/1.0 200 OK\\r\\n\\r\\nMRCP/1.0 141650001 407 COMPLETE\\r\\n",
            "media-error",
            "error",
            "407",
        ),
        (
            r"#MRCP#: (i)RTSP/1.0 404 Not Found\\r\\n",
            "media-error",
            "error",
            "404",
        ),
        (
            "#TROPO#: <session><success>false</success><token></token><reason>FAILED TO ROUTE TOKEN</reason></session>",
            "launch-failed",
            "error",
            "FAILED TO ROUTE TOKEN",
        ),
        ("#TROPO#: {\"success\":false}", "launch-failed", "error", "not launched"),
        (
            "#TROPO#: <signal><status>NOTFOUND</status></signal>",
            "signal-failed",
            "warning",
            "NOTFOUND",
        ),
        (
            &received(r#"{"tropo":[{"generalLogSecurity":"suppress"}]}"#),
            "log-gap",
            "info",
            "generalLogSecurity",
        ),
    ];
    let mut wrong = Vec::new();
    for &(message, class, severity, part) in table {
        let t = told(a(31, message));
        let found: Vec<_> = t.findings.iter().filter(|f| f["class"] == class).collect();
        let fits = matches!(found.as_slice(), [f] if f["severity"] == severity && text(f, "title").contains(part));
        if !fits || t.findings.len() != 1 {
            wrong.push(format!(
                "{message}\n  want {class} {severity} {part:?}, got {:#?}",
                t.findings
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sip_answers() {
    let table: &[(u16, Option<&str>)] = &[
        (180, None),
        (200, None),
        (302, Some("info")),
        (403, Some("error")),
        (404, Some("error")),
        (408, Some("warning")),
        (410, Some("error")),
        (480, Some("warning")),
        (484, Some("error")),
        (486, Some("warning")),
        (487, Some("warning")),
        (488, Some("error")),
        (500, Some("error")),
        (503, Some("error")),
        (600, Some("warning")),
        (603, Some("warning")),
        (606, Some("error")),
    ];
    for &(status, severity) in table {
        // Both ways of escaping line ends, and raw.
        for end in [r"\r\n", r"\\r\\n", "\r\n"] {
            let t = told(a(
                31,
                &format!("#SIP#: (i)[SIP/2.0 {status} Reason{end}To: x{end}] #[a][b][c][d][e][f]"),
            ));
            assert_eq!(
                t.classes(),
                severity.map(|s| ("sip-failure", s)).into_iter().collect::<Vec<_>>(),
                "{status}"
            );
            // What Tropo itself answers is no failure of the other side.
            let t = told(a(
                31,
                &format!("#SIP#: (o)[SIP/2.0 {status} Reason{end}To: x{end}] #[a][b][c][d][e][f]"),
            ));
            assert_eq!(t.classes(), [], "{status}");
        }
    }
}

#[test]
fn a_challenge_that_is_met_is_no_failure() {
    let sip = |second, what: &str| {
        a(
            second,
            &format!(r"#SIP#: (i)[SIP/2.0 {what}\\r\\nTo: x\\r\\n] #[a][b][c][d][e][f]"),
        )
    };
    for challenge in ["401 Unauthorized", "407 Proxy Authentication Required"] {
        let answered = told(sip(31, challenge) + &sip(32, "200 OK"));
        assert_eq!(answered.classes(), [], "{challenge}");
    }
}

#[test]
fn a_signal_that_nobody_takes() {
    let queued = a(31, "#TROPO#: <signal><status>QUEUED</status></signal>");
    assert_eq!(told(&queued).classes(), [("signal-lost", "warning")]);
    let taken = queued + &a(32, "#TROPO#: Processing events: signal");
    assert_eq!(told(taken).classes(), []);
}

#[test]
fn the_caller_is_gone_while_the_app_works() {
    let gone = a(
        33,
        r"#SIP#: (i)[SIP/2.0 487 Request Terminated\\r\\nTo: x\\r\\n] #[a][b][c][d][e][f]",
    );
    let waiting = told(a(31, &session()) + &gone);
    let f = waiting.findings.iter().find(|f| f["class"] == "caller-gone").unwrap();
    assert_eq!(
        (&f["severity"], &f["request"]),
        (&"warning".into(), &waiting.requests[0]["id"])
    );
    assert!(!waiting.classes().contains(&("sip-failure", "warning")));
    // Answered already: an ordinary cancel.
    let answered = told(a(31, &session()) + &a(32, &received(OK)) + &gone);
    assert_eq!(answered.classes(), [("sip-failure", "warning")]);
}

#[test]
fn outcomes_of_a_request() {
    let table = [
        (a(32, &received(OK)), "ok", vec![]),
        (a(32, &refused(500)), "http-error", vec![("webhook-http", "error")]),
        (
            a(32, &received("<html>")),
            "bad-reply",
            vec![("webhook-reply", "error")],
        ),
        // Another request on the same session, and none between.
        (
            a(40, &result("")) + &a(41, &received(OK)),
            "no-reply",
            vec![("webhook-no-reply", "error")],
        ),
        // The session goes on.
        (
            a(32, "#TROPO#: Thread x returned engine y"),
            "no-reply",
            vec![("webhook-no-reply", "error")],
        ),
        // The log ends here: nobody knows.
        (String::new(), "unknown", vec![("webhook-no-reply", "info")]),
    ];
    for (after, outcome, classes) in table {
        let t = told(a(31, &session()) + &after);
        assert_eq!(t.requests[0]["outcome"], outcome, "{after}");
        assert_eq!(t.classes(), classes, "{after}");
    }
}

#[test]
fn a_log_that_goes_on_for_long_holds_no_answer() {
    let other = |time: &str| {
        format!("Feb 19 {time} GMT 2013 t1.example TROPO 58560 {CALL} {GUID} 1 0 #TROPO#: Thread x returned engine y\n")
    };
    let soon = told(a(31, &session()) + &other("15:07:40"));
    assert_eq!(soon.requests("outcome"), ["unknown"]);
    let late = told(a(31, &session()) + &other("15:08:40"));
    assert_eq!(late.requests("outcome"), ["no-reply"]);
}

#[test]
fn replies_that_are_no_document() {
    for (reply, part) in [
        ("<!DOCTYPE html><html>", "HTML"),
        ("<?xml version=\"1.0\"?><Response/>", ""),
        ("\u{feff}{\"tropo\":[]}", "byte order mark"),
        ("<b>Notice</b>: Undefined index: x {\"tropo\":[]}", ""),
        ("Notice: Undefined index {\"tropo\":[]}", ""),
        ("", "empty"),
        ("[]", ""),
        ("{}", "tropo"),
        ("{\"tropo\":{}}", "tropo"),
        ("null", ""),
        ("OK", ""),
        ("{\"tropo\":[{]}", ""),
    ] {
        let log = a(31, &session()) + &a(32, &received(reply)) + &a(33, "#TROPO#: Thread x returned engine y");
        let t = told(log);
        assert_eq!(t.classes(), [("webhook-reply", "error")], "{reply}");
        let title = text(t.finding(), "title");
        assert!(title.contains(part), "{reply}: {title}");
        assert_eq!(t.request()["outcome"], "bad-reply", "{reply}");
    }
    for reply in [
        "{\"tropo\":[]}",
        " {\"tropo\": [] } ",
        "{\"tropo\":[{\"hangup\":null}]}",
    ] {
        let t = told(a(31, &session()) + &a(32, &received(reply)));
        assert_eq!(
            (t.classes(), t.requests("outcome")),
            (vec![], vec!["ok".to_owned()]),
            "{reply}"
        );
    }
}

#[test]
fn a_reply_cut_by_the_end_of_the_log_is_not_blamed() {
    let log = a(31, &session()) + a(32, &received(r#"{"tropo":[{"say":{"val"#)).trim_end();
    assert_eq!(told(&log).classes(), []);
    // Cut in the middle of the log, it is the app's.
    assert_eq!(
        told(log + "\n" + &a(33, "#TROPO#: Thread x returned engine y")).classes(),
        [("webhook-reply", "error")]
    );
}

#[test]
fn the_app_was_told_of_an_error() {
    let t = told(
        a(31, &session())
            + &a(32, &received(OK))
            + &a(
                33,
                &sending(&format!(
                    r#"{{"result":{{"sessionId":"{S}","error":"No such voice","complete":true}}}}"#
                )),
            )
            + &a(34, &received(OK)),
    );
    assert_eq!(t.classes(), [("result-error", "error")]);
    assert!(text(t.finding(), "title").contains("No such voice"));
}

#[test]
fn events_of_requests() {
    let action = |rest: &str| format!(r#","actions":{rest}"#);
    for (events, actions, event) in [
        (Some("continue"), String::new(), "continue"),
        (
            Some("continue"),
            action(r#"{"name":"a","disposition":"SUCCESS","interpretation":"1","value":"1"}"#),
            "choice",
        ),
        (
            Some("continue"),
            action(r#"[{"disposition":"SUCCESS","value":"1"}]"#),
            "choice",
        ),
        (Some("incomplete"), String::new(), "incomplete"),
        (Some("incomplete"), action(r#"{"disposition":"TIMEOUT"}"#), "timeout"),
        (Some("incomplete"), action(r#"{"disposition":"nomatch"}"#), "nomatch"),
        (Some("error"), String::new(), "error"),
        (Some("hangup"), String::new(), "hangup"),
        (Some("signal"), String::new(), "signal"),
        (None, action(r#"{"disposition":"SUCCESS","value":"1"}"#), "choice"),
        (None, action(r#"{"disposition":"TIMEOUT"}"#), "timeout"),
    ] {
        let step = events
            .map(|e| a(33, &format!("#TROPO#: Processing events: {e}")))
            .unwrap_or_default();
        let log = a(31, &session()) + &a(32, &received(OK)) + &step + &a(34, &result(&actions)) + &a(35, &received(OK));
        let t = told(log);
        assert_eq!(t.requests("event"), ["start", event], "{events:?} {actions}");
        assert_eq!(t.requests("kind"), ["session", "result"]);
        assert!(t.requests.iter().all(|r| r["event_certain"] == true));
    }
}

#[test]
fn a_body_may_follow_without_a_blank() {
    let body = r#"{"session":{"id":"1"}}"#;
    let t = told(a(
        31,
        &format!("#TROPO#: Sending TropoML Payload on Tropo-Thread-{S} [url={URL}]:{body}"),
    ));
    assert_eq!(t.request()["body"], body);
}

#[test]
fn what_cannot_be_sent_again_says_why() {
    for (url, body, part) in [
        (URL, r#"{"session":{"id":"36b3216f","#, "cut"),
        (URL, r#"{"session":{"id":"1","parameters":{(contents omitted)}}}"#, ""),
        (
            "http://a.example/x [click on link for full URL]",
            r#"{"session":{"id":"1"}}"#,
            "URL",
        ),
    ] {
        let t = told(a(
            31,
            &format!("#TROPO#: Sending TropoML Payload on Tropo-Thread-{S} [url={url}]: {body}"),
        ));
        let r = t.request();
        assert_eq!(r["replayable"], false, "{body}");
        assert!(text(r, "why_not").contains(part), "{r}");
    }
    let whole = told(a(31, &session()));
    assert_eq!(
        (&whole.request()["replayable"], &whole.request()["why_not"]),
        (&true.into(), &Value::Null)
    );
}

#[test]
fn every_id_of_a_call_finds_it() {
    let sip = "1361286451204-5ec84d8dbc74-254770f5-8904dba4@10.62.13.189";
    let app = "sas_2-15-sm1ecccc3fc1626etropo";
    let leg = "0e222f828767efc2f91624a8940f1f83";
    let others = "11111111111111111111111111111111";
    // Form A names them in its columns, from line to line others.
    let archive = a(31, "Call[1->2] : hello").replace(CALL, sip)
        + &a(31, &session())
        + &a(32, &refused(500)).replace(CALL, leg)
        + &a(33, &refused(500))
            .replace(S, others)
            .replace(GUID, "0")
            .replace(CALL, "0");
    // Form D in messages.
    let row = |m: &str| format!("00001\t4395\t3:07:31 PM   \t{m}\n");
    let debugger = row(&format!(
        "Set logging context for udp/0.0.0.0/5060-t-4 to accountID=58560 host=null sessionGUID={GUID} sessionNumber={S} callID={sip}"
    )) + &row(&format!(
        "ApplicationInstance[{URL} , {app}] starts execution on Thread Tropo-Thread-{S}"
    )) + &row(session().trim_start_matches("#TROPO#: "))
        + &row(refused(500).trim_start_matches("#TROPO#: "))
        + &row(refused(500).trim_start_matches("#TROPO#: "))
            .replace(S, others)
            .replace("4395", "1111");
    for (log, ids) in [
        (archive, vec![S, GUID, CALL, sip, leg, &S[..8], &sip[14..27]]),
        (debugger, vec![S, GUID, CALL, sip, app, &S[..8], &app[8..20]]),
    ] {
        assert_eq!(told(&log).calls.len(), 2);
        for id in ids {
            let ran = redial(["errors", "--json", "-", &format!("--call={id}")])
                .stdin(&log)
                .run()
                .exits(0);
            let found = ran.of("finding");
            assert_eq!(found.len(), 1, "{id}: {found:#?}");
            assert_eq!(found[0]["call"], S, "{id}");
        }
    }
}

#[test]
fn a_pool_thread_works_for_the_session_of_its_context() {
    let context = |s: &str| {
        format!(
            "2012-11-01 20:59:31.004 DEBUG [pool-1] #TROPO#: Set logging context for pool-1 to accountID=1 host=null sessionGUID=0 sessionNumber={s} callID=0\n"
        )
    };
    let other = "0e222f828767efc2f91624a8940f1f83";
    let bad = "2012-11-01 20:59:32.004 DEBUG [pool-1] #TROPO#: Can not answer within 30000ms.\n";
    let t = told(context(S) + bad + &context(other) + bad);
    let owners: Vec<&str> = t.findings.iter().map(|f| text(f, "call")).collect();
    assert_eq!(owners, [S, other]);
    // Context taken away: nobody's.
    let t = told(context(S) + &context("0") + bad);
    assert_eq!(text(t.finding(), "call"), "-");
}

#[test]
fn debugger_rows_belong_to_the_session_last_seen_with_their_four_characters() {
    let row = |n: u32, message: &str| format!("{n:05}\t4395\t4:13:58 PM   \t{message}\n");
    let log = row(1, "Call[1->2] : before its session is named")
        + &row(
            2,
            &format!("Thread Tropo-Thread-{S} acquired engine x of type tropo-web, activeEngines = 1"),
        )
        + &row(3, "Call[1->2] : after it");
    let t = told(log);
    let owners: Vec<&str> = t.findings.iter().map(|f| text(f, "call")).collect();
    assert_eq!(owners, [S, S]);
    assert_eq!(t.call()["lines"], 3);
    // `0000` and `00-1` are shared by all.
    for shared in ["0000", "00-1"] {
        let log = format!(
            "1 {shared} 4:13:58 PM Thread Tropo-Thread-{S} acquired engine x\n2 {shared} 4:13:58 PM Can not answer within 1ms.\n"
        );
        assert_eq!(text(told(log).finding(), "call"), "-", "{shared}");
    }
}

/// Times of findings, as far as they are known.
fn times(t: &Told) -> Vec<&str> {
    t.findings.iter().map(|f| f["at"].as_str().unwrap_or("-")).collect()
}

#[test]
fn rows_are_dated_by_one_full_date_anywhere() {
    let row = |time: &str, message: &str| format!("00001\t4395\t{time}\t{message}\n");
    let session = format!(
        r#"Sending TropoML Payload on Tropo-Thread-{S} [url={URL}]: {{"session":{{"id":"{S}","timestamp":"2011-12-10T00:00:05.100Z"}}}}"#
    );
    let log = row("11:59:58 PM", "Call[1->2] : late")
        + &row("12:00:01 AM", "Call[1->2] : early")
        + &row("12:00:05 AM", &session)
        + &row(
            "12:00:06 AM",
            &format!("Received new TropoML document on Tropo-Thread-{S}: {OK}"),
        )
        + &row("12:00:06 PM", "Call[1->2] : noon")
        + &row("11:00:00 PM", "Call[1->2] : night")
        + &row("1:00:00 AM", "Call[1->2] : next day");
    assert_eq!(
        times(&told(&log)),
        [
            "2011-12-09T23:59:58.000Z",
            "2011-12-10T00:00:01.000Z",
            "2011-12-10T12:00:06.000Z",
            "2011-12-10T23:00:00.000Z",
            "2011-12-11T01:00:00.000Z"
        ]
    );
    // A SIP Call-ID made by the SBC begins with epoch milliseconds.
    let context = "Set logging context for u to accountID=1 host=null sessionGUID=0 sessionNumber=36b3216fdaeeb975729fae923d5a4fd1 callID=1336411517790-2aab540e3ca0-bb7ea610-000457ce@10.62.13.185";
    let log = row("5:25:17 PM", context) + &row("5:25:18 PM", "Call[1->2] : hello");
    assert_eq!(times(&told(log)), ["2012-05-07T17:25:18.000Z"]);
    assert_eq!(times(&told(row("5:25:18 PM", "Call[1->2] : hello"))), ["-"]);
}

#[test]
fn node_lines_are_dated_by_one_full_date_anywhere() {
    let line = |date: &str, message: &str| format!("{date} INFO TROPO 58560/{GUID}/{S}/1/[{CALL}] {message}\n");
    let log = line("Dec 31 23:59:58", "Call[1->2] : old")
        + &line(
            "Jan  1 00:00:02",
            &session().replace("2013-02-19T15:07:31", "2013-01-01T00:00:02"),
        )
        + &line("Jan  1 00:00:03", &received(OK))
        + &line("Jan  1 00:00:03", "Call[1->2] : new");
    assert_eq!(
        times(&told(log)),
        ["2012-12-31T23:59:58.000Z", "2013-01-01T00:00:03.000Z"]
    );
    // Without a year no date is made up.
    assert_eq!(times(&told(line("Jan  1 00:00:03", "Call[1->2] : new"))), ["-"]);
}

#[test]
fn zones_of_archive_lines() {
    for (zone, hour) in [
        ("GMT", "15"),
        ("UTC", "15"),
        ("EST", "20"),
        ("EDT", "19"),
        ("CET", "14"),
        ("PST", "23"),
    ] {
        let t = told(a(31, "Call[1->2] : hello").replace("GMT", zone));
        assert_eq!(times(&t), [format!("2013-02-19T{hour}:07:31.000Z")], "{zone}");
    }
}

#[test]
fn a_script_error_shows_the_developers_own_lines() {
    let log: String = (922..930)
        .map(|n| a(31, &format!("#TROPO#: say {}    # line {n}", n * 2)))
        .chain([a(
            32,
            "#TROPO#: App[x.rb] has runtime errors: boom at line #925 with cause: E",
        )])
        .collect();
    let ran = redial(["errors", "-"]).stdin(&log).run().exits(0);
    assert!(
        ran.out.contains("line 4 of your script (#925 in the log)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(">    4  say 1850"), "{}", ran.out);
    // Its neighbours too, and no more.
    assert!(ran.out.contains("2  say 1846") && ran.out.contains("6  say 1854"));
    assert!(!ran.out.contains("say 1844") && !ran.out.contains("say 1856"));
    // `//` in the other languages, numbered from 1.
    let log: String = (1..4)
        .map(|n| a(31, &format!("#TROPO#: say({n});    // line {n}")))
        .chain([a(32, "#TROPO#: App[x.js] has runtime errors: boom at line #2")])
        .collect();
    let ran = redial(["errors", "-"]).stdin(&log).run();
    assert!(
        ran.out.contains("line 2 of your script") && ran.out.contains(">    2  say(2);"),
        "{}",
        ran.out
    );
}

#[test]
fn raw_sip_belongs_to_its_line() {
    let log = a(31, "#SIP#: (i)[SIP/2.0 486 Busy Here").trim_end().to_owned()
        + "\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nFrom: <sip:a@b>\r\nX-Own: yes\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n] #[a][b][c][d][e][f]\r\n"
        + &a(32, "#TROPO#: Thread x returned engine y")
        + "Hello, this is prose.\n";
    let t = told(&log);
    assert_eq!(t.classes(), [("sip-failure", "warning")]);
    // Blank lines are nobody's.
    assert_eq!(t.call()["lines"], 8);
    assert_eq!(t.unparsed.iter().map(|u| u.1).sum::<u64>(), 1);
}

#[test]
fn stack_traces_are_folded() {
    let t = told(a(
        31,
        "#TROPO#: Call from 1 to 2 failed. a.b.Ex: why at a.b.C.d(E.java:1) at f.g.H.i(J.java:2) at k.l.M.n(O.java:3)",
    ));
    let evidence = text(t.finding(), "evidence");
    assert!(
        evidence.contains("a.b.C.d") && !evidence.contains("f.g.H"),
        "{evidence}"
    );
}

#[test]
fn levels_that_no_rule_knows_are_shown() {
    for (level, severity) in [
        ("WARN", Some("warning")),
        ("ERROR", Some("error")),
        ("FATAL", Some("error")),
        ("INFO", None),
        ("DEBUG", None),
    ] {
        let prism = told(format!(
            "2012-11-01 20:59:34.107 {level} [x-1] #BILLING#: Something is odd\n"
        ));
        let node = told(format!(
            "May 11 11:10:12 {level} TROPO 1/{GUID}/{S}/1/[{CALL}] #BILLING#: Something is odd\n"
        ));
        for t in [prism, node] {
            assert_eq!(
                t.classes(),
                severity.map(|s| ("unclassified", s)).into_iter().collect::<Vec<_>>(),
                "{level}"
            );
        }
    }
    // A rule that hides what is said calmly does not hide a warning; a rule that hides a message hides it at any level.
    let kernel = told("2012-11-01 20:59:34.107 WARN [x-1] #KERNEL#: Timer wheel is late\n");
    assert_eq!(kernel.classes(), [("unclassified", "warning")]);
    let noise = told("2012-11-01 20:59:34.107 WARN [x-1] #TROPO#: Invalid API Type [type=null, falling back\n");
    assert_eq!(noise.classes(), []);
}

#[test]
fn the_same_cause_again_counts_up() {
    let t = told(
        (0..5)
            .map(|n| a(31 + n, "#TROPO#: Can not answer within 30000ms."))
            .collect::<String>(),
    );
    assert_eq!(t.finding()["count"], 5);
    assert_eq!(t.finding()["source"]["line"], 1);
    // On another call it is another finding.
    let t = told(a(31, "Can not answer within 1ms.") + &a(32, "Can not answer within 1ms.").replace(S, GUID));
    assert_eq!(t.findings.len(), 2);
}

#[test]
fn people_direction_and_outcome() {
    let t = told(
        a(31, &session())
            + &a(32, &received(OK))
            + &a(
                33,
                "#TROPO#: SimpleIncomingCall[1/1->2/2] state is changed: RINGING->ANSWERED",
            )
            + &a(
                35,
                "#TROPO#: SimpleIncomingCall[1/1->2/2] state is changed: ANSWERED->DISCONNECTED",
            ),
    );
    let c = t.call();
    assert_eq!(
        [
            &c["from"],
            &c["to"],
            &c["direction"],
            &c["app"],
            &c["outcome"],
            &c["provider"]
        ],
        ["12025550141", "12025550100", "inbound", URL, "DISCONNECTED", "tropo"]
    );
    assert_eq!(
        (&c["started"], &c["ended"]),
        (&"2013-02-19T15:07:31.000Z".into(), &"2013-02-19T15:07:35.000Z".into())
    );
}

#[test]
fn a_session_whose_guid_is_another_session_is_its_leg() {
    let leg = "0e222f828767efc2f91624a8940f1f83";
    let line = |guid: &str, s: &str| {
        format!(
            "Feb 19 15:07:31 GMT 2013 t1.example TROPO 58560 {guid} {s} 1 0 #TROPO#: Thread Tropo-Thread-{s} acquired engine x\n"
        )
    };
    let t = told(line("0", S) + &line(S, leg));
    let parents: Vec<_> = t
        .calls
        .iter()
        .map(|c| (text(c, "call"), c["parent"].as_str()))
        .collect();
    assert_eq!(parents, [(S, None), (leg, Some(S))]);
    // A token launch has its own session as GUID.
    let t = told(line(leg, leg));
    assert_eq!(t.call()["parent"], Value::Null);
}
