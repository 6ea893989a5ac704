//! A whole call rehearsed over loopback: what reaches the app step by step, and what is told of it.
//!
//! The app is [`Server`]: answers in order, one a request; a rehearsal that asks more or less often than expected fails.

use redial::config::Secret;
use redial::signature::{Algorithm, verify};

use crate::replay::{Server, answer};
use crate::support::{Ran, Redial, redial, text};

const IVR: &str = "tests/data/rehearsal/ivr-events.json";
const PIZZA: &str = "samples/tropo/pizza-archive.log";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn twiml(verbs: &str) -> String {
    answer("200 OK", "text/xml", &format!("<Response>{verbs}</Response>"))
}

fn tropo(verbs: &str) -> String {
    answer("200 OK", "application/json", &format!("{{\"tropo\":[{verbs}]}}"))
}

fn menu() -> String {
    twiml("<Gather action='/menu' numDigits='1'><Say>Press one.</Say></Gather><Redirect>/voice?again=1</Redirect>")
}

fn dial() -> String {
    twiml("<Dial action='/after-dial'>+12025550199</Dial>")
}

fn bye() -> String {
    twiml("<Say>Bye.</Say><Hangup/>")
}

fn no_content() -> String {
    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned()
}

/// One request as the app sees it.
struct Got {
    line: String,
    headers: Vec<(String, String)>,
    params: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn of(raw: &[u8]) -> Self {
        let raw = String::from_utf8(raw.to_vec()).unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let headers = lines.filter_map(|l| l.split_once(": "));
        Self {
            line,
            headers: headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect(),
            params: form_urlencoded::parse(body.as_bytes()).into_owned().collect(),
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Rehearses against an app that gives these answers.
fn rehearse(args: &[&str], answers: Vec<String>) -> (Ran, Vec<Got>) {
    rehearse_with(args, answers, |r| r)
}

fn rehearse_with(args: &[&str], answers: Vec<String>, with: impl FnOnce(Redial) -> Redial) -> (Ran, Vec<Got>) {
    let server = Server::new(answers);
    let run = redial(["replay", "--to", &server.url()].iter().chain(args));
    let ran = with(run).run();
    let got = server.received(&ran);
    (ran, got.iter().map(|raw| Got::of(raw)).collect())
}

fn lines(got: &[Got]) -> Vec<&str> {
    got.iter().map(|g| g.line.as_str()).collect()
}

#[test]
fn a_call_is_rehearsed_from_end_to_end() {
    let (ran, got) = rehearse_with(
        &[IVR, "--json", "--call", "CA0c1d", "--follow-answers"],
        vec![menu(), dial(), bye(), no_content()],
        |r| r.env("TWILIO_AUTH_TOKEN", TOKEN),
    );
    let ran = ran.exits(0);
    assert_eq!(
        lines(&got),
        ["POST /voice", "POST /menu", "POST /after-dial", "POST /status"]
    );
    let told: Vec<_> = got
        .iter()
        .map(|g| (g.param("CallStatus").unwrap(), g.param("From").unwrap()))
        .collect();
    let from = "+12025550141";
    let progress = ("in-progress", from);
    assert_eq!(told, [("ringing", from), progress, progress, ("completed", from)]);
    assert_eq!(
        (got[1].param("Digits"), got[2].param("DialCallStatus")),
        (Some("2"), Some("busy"))
    );
    assert_eq!(got[2].param("Digits"), None);
    // Each step is signed for its own URL.
    for g in &got {
        let url = format!(
            "http://{}{}",
            g.header("host").unwrap(),
            g.line.trim_start_matches("POST ")
        );
        let signature = g.header("x-twilio-signature").unwrap();
        let token = Secret::new(TOKEN);
        assert!(
            verify(signature, &url, &g.params, None, &token, Algorithm::HmacSha1),
            "{}",
            g.line
        );
    }
    let replays = ran.of("replay");
    let fields = |name: &str| replays.iter().map(|r| r[name].clone()).collect::<Vec<_>>();
    assert_eq!(fields("step"), [1, 2, 3, 4]);
    assert_eq!(fields("event"), ["start", "choice", "continue", "hangup"]);
    assert_eq!(fields("recorded"), [true, true, true, true]);
    assert_eq!(fields("was"), ["ok", "ok", "http-error", "ok"]);
    assert_eq!(
        text(&replays[1], "asked_by"),
        "Gather action with Digits 2, as recorded"
    );
    for r in &replays {
        assert!(
            crate::contract::faults(r).is_empty(),
            "{:?}",
            crate::contract::faults(r)
        );
    }
    let end = &ran.of("rehearsal")[0];
    assert_eq!((&end["ended"], &end["proper"]), (&"hung-up".into(), &true.into()));
    assert_eq!(ran.summary()["type"], "summary");
}

#[test]
fn the_ladder_has_the_recording_beside_it() {
    let (ran, _) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![menu(), dial(), bye(), no_content()],
    );
    let ran = ran.exits(0);
    for line in [
        "  1 PASS  POST /voice → 200 in ",
        "          first webhook, as recorded",
        "          Gather action with Digits 2, as recorded",
        " ms · recorded: 500 11200",
        "          Dial action with DialCallStatus busy, as recorded",
        "    END   the app hung up",
        "4 requests sent: 4 passed, 0 failed",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    assert_eq!(ran.out.matches(" ms · as recorded").count(), 3, "{}", ran.out);
}

/// An app that lost its menu passes step by step: what the recording asked for besides is said, a failed request above all.
#[test]
fn what_no_answer_asks_for_any_more_is_told() {
    let (ran, _) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![bye(), no_content()],
    );
    let ran = ran.exits(0);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "as recorded, with another answer",
        "recorded, but asked for by no answer now: POST /menu (recorded: 200), POST /after-dial (recorded: 500)",
        "nothing is known of it: --request r",
    ] {
        assert!(words.contains(told), "{told}\n{}", ran.out);
    }
    let (ran, _) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers", "--json"],
        vec![bye(), no_content()],
    );
    let (steps, ends) = (ran.of("replay"), ran.of("rehearsal"));
    assert_eq!(steps[0]["differs"], true);
    assert_eq!(ends[0]["unreached"].as_array().unwrap().len(), 2, "{}", ran.out);
    // Whoever takes another path knows that.
    let (ran, _) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers", "--hangup", "/menu"],
        vec![menu(), no_content()],
    );
    assert!(!ran.out.contains("asked for by no answer"), "{}", ran.out);
}

#[test]
fn another_path_is_taken_by_answers() {
    let hours = twiml("<Redirect method='GET'>hours?day=1</Redirect>");
    let (ran, got) = rehearse(
        &[
            IVR,
            "--call",
            "CA0c1d",
            "--follow-answers",
            "--answer",
            "menu=1",
            "--answer",
            "nowhere=2",
        ],
        vec![menu(), hours, bye(), no_content()],
    );
    // The path that was asked for is not the one that was gone.
    let ran = ran.exits(1);
    assert_eq!(got[1].param("Digits"), Some("1"));
    assert!(
        got[2].line.starts_with("GET /hours?day=1&AccountSid=AC"),
        "{}",
        got[2].line
    );
    assert!(got[2].line.contains("CallStatus=in-progress") && got[2].body.is_empty());
    assert!(
        ran.out.contains("not in the recording") && ran.out.contains("Digits 1, as given"),
        "{}",
        ran.out
    );
    assert!(
        ran.err
            .contains("--answer nowhere=2: no such step was met; steps that listened: 2 /menu"),
        "{}",
        ran.err
    );
}

#[test]
fn silence_and_hanging_up() {
    let (ran, got) = rehearse(
        &[
            IVR,
            "--call",
            "CA0c1d",
            "--follow-answers",
            "--hangup",
            "3",
            "--noinput",
        ],
        vec![menu(), menu(), no_content()],
    );
    ran.exits(0);
    assert_eq!(lines(&got), ["POST /voice", "POST /voice?again=1", "POST /status"]);
    let (ran, got) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers", "--noinput", "menu"],
        vec![menu(), menu(), twiml(""), no_content()],
    );
    ran.exits(0);
    assert_eq!(got[2].param("Digits"), Some("2"));
}

#[test]
fn cookies_go_back_to_the_app() {
    let with_cookie = menu().replace(
        "\r\nConnection",
        "\r\nSet-Cookie: s=abc; HttpOnly\r\nSet-Cookie: deep=1; Path=/menu\r\nSet-Cookie: alien=1; Domain=other.test\r\nConnection",
    );
    let forgets = dial().replace("\r\nConnection", "\r\nSet-Cookie: s=; Max-Age=0\r\nConnection");
    let (ran, got) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![with_cookie, forgets, bye(), no_content()],
    );
    ran.exits(0);
    let cookies: Vec<_> = got.iter().map(|g| g.header("cookie")).collect();
    assert_eq!(cookies, [None, Some("deep=1; s=abc"), None, None]);
    assert_eq!(got[1].header("user-agent"), Some("TwilioProxy/1.1"));
}

#[test]
fn cookies_of_a_redirect_are_kept() {
    let redirect = "HTTP/1.1 303 See Other\r\nLocation: /welcome?a=1\r\nSet-Cookie: s=abc; Path=/\r\nSet-Cookie: safe=1; Path=/; Secure\r\n\
        Set-Cookie: deep=1; Path=/menu\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (ran, got) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![redirect.to_owned(), menu(), dial(), bye(), no_content()],
    );
    ran.exits(0);
    assert_eq!(lines(&got)[..3], ["POST /voice", "GET /welcome?a=1", "POST /menu"]);
    let cookies: Vec<_> = got.iter().map(|g| g.header("cookie")).collect();
    // The app is known as https, which is what `Secure` asks for.
    let all = Some("s=abc; safe=1");
    assert_eq!(cookies, [None, all, Some("deep=1; s=abc; safe=1"), all, all]);
}

#[test]
fn callbacks_that_were_not_recorded_are_made_up() {
    let dials = twiml(
        "<Dial action='/after-dial' record='record-from-answer' recordingStatusCallback='/recording'>\
         <Number statusCallback='/leg?n=1' statusCallbackMethod='GET' statusCallbackEvent='answered completed'>+12025550199</Number></Dial>",
    );
    let kept = menu().replace("\r\nConnection", "\r\nSet-Cookie: s=1\r\nConnection");
    let ok = answer("200 OK", "text/plain", "OK");
    let (ran, got) = rehearse_with(
        &[
            IVR,
            "--json",
            "--call",
            "CA0c1d",
            "--follow-answers",
            "--answer",
            "dial=completed",
        ],
        vec![kept, dials, bye(), no_content(), no_content(), no_content(), ok],
        |r| r.env("TWILIO_AUTH_TOKEN", TOKEN),
    );
    // The last answer is none that a callback wants.
    let ran = ran.exits(1);
    assert_eq!(ran.of("rehearsal")[0]["ended"], "hung-up");
    let paths: Vec<&str> = lines(&got).iter().map(|l| l.split('&').next().unwrap()).collect();
    assert_eq!(
        paths[3..],
        ["POST /status", "POST /recording", "GET /leg?n=1", "GET /leg?n=1"]
    );
    assert_eq!(got[4].param("RecordingSid"), got[2].param("RecordingSid"));
    assert_eq!(
        (got[4].param("RecordingSource"), got[4].param("From")),
        (Some("DialVerb"), None)
    );
    let child = got[2].param("DialCallSid").unwrap();
    assert!(
        got[6].line.contains(&format!("&CallSid={child}&ParentCallSid=CA0c1d")),
        "{}",
        got[6].line
    );
    assert!(
        got[6].line.contains("&CallStatus=completed&Direction=outbound-dial&"),
        "{}",
        got[6].line
    );
    assert!(got.iter().all(|g| g.header("x-twilio-signature").is_some()));
    // A leg is another call.
    let cookies: Vec<_> = got.iter().map(|g| g.header("cookie")).collect();
    let s = Some("s=1");
    assert_eq!(cookies, [None, s, s, s, s, None, None]);
    let replays = ran.of("replay");
    assert_eq!(
        text(&replays[5], "asked_by"),
        "<Dial><Number statusCallback> of step 2, `answered`, made up; sent at the end"
    );
    assert_eq!(
        (&replays[5]["kind"], &replays[5]["recorded"]),
        (&"status-callback".into(), &false.into())
    );
    assert_eq!(replays[6]["verdict"]["problems"][0]["code"], "15003");
}

#[test]
fn a_failing_answer_ends_the_call() {
    let broken = answer("500 Internal Server Error", "text/html", "<html/>");
    let args = [IVR, "--json", "--call", "CA0c1d", "--follow-answers"];
    let (ran, _) = rehearse(&args, vec![menu(), broken.clone()]);
    let ran = ran.exits(1);
    assert_eq!(ran.of("rehearsal")[0]["ended"], "failed");
    // With a fallback, the call goes on there; it was red all the same.
    let (ran, got) = rehearse(
        &[&args[..], &["--fallback", "/sorry"]].concat(),
        vec![menu(), broken, bye(), no_content()],
    );
    let ran = ran.exits(1);
    assert_eq!(lines(&got)[2], "POST /sorry");
    assert_eq!(
        (got[2].param("ErrorCode"), got[2].param("Digits")),
        (Some("11200"), Some("2"))
    );
    assert_eq!(got[2].param("ErrorUrl"), Some("https://ivr.example.com/menu"));
    assert_eq!(ran.of("rehearsal")[0]["ended"], "hung-up");
    assert_eq!(ran.of("replay")[2]["kind"], "fallback");
}

/// With a warning the answer does not pass, but the call goes on as it does at the platform.
#[test]
fn a_warning_does_not_end_the_call() {
    let (ran, got) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![twiml("<Say></Say><Redirect>/next</Redirect>"), bye(), no_content()],
    );
    let ran = ran.exits(1);
    assert_eq!(
        lines(&got),
        ["POST /voice", "POST /next", "POST /status"],
        "{}",
        ran.out
    );
    assert!(ran.out.contains("3 requests sent: 2 passed, 1 failed"), "{}", ran.out);
}

#[test]
fn nothing_goes_to_another_host() {
    let (ran, got) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers"],
        vec![twiml("<Redirect>https://elsewhere.test/voice</Redirect>")],
    );
    let ran = ran.exits(1);
    assert_eq!(got.len(), 1);
    assert!(
        ran.out.contains("https://elsewhere.test/voice is on another host"),
        "{}",
        ran.out
    );
}

#[test]
fn an_app_may_name_itself_as_it_is_called() {
    let (ran, got) = rehearse(
        &[
            IVR,
            "--call",
            "CA0c1d",
            "--follow-answers",
            "--public-url",
            "https://tunnel.test/voice",
        ],
        vec![
            twiml("<Redirect>https://tunnel.test/next</Redirect>"),
            bye(),
            no_content(),
        ],
    );
    ran.exits(0);
    assert_eq!(lines(&got), ["POST /voice", "POST /next", "POST /status"]);
    assert!(got.iter().all(|g| g.header("host") == Some("tunnel.test")));
}

#[test]
fn a_loop_is_told() {
    let again = twiml("<Redirect>/voice</Redirect>");
    let (ran, _) = rehearse(
        &[IVR, "--json", "--call", "CA0c1d", "--follow-answers"],
        vec![again.clone(), again.clone(), again.clone()],
    );
    assert_eq!(ran.exits(1).of("rehearsal")[0]["ended"], "loop");
    let (ran, _) = rehearse(
        &[
            IVR,
            "--json",
            "--call",
            "CA0c1d",
            "--follow-answers",
            "--max-steps",
            "2",
        ],
        vec![again.clone(), again],
    );
    assert_eq!(ran.exits(1).of("rehearsal")[0]["ended"], "too-long");
}

#[test]
fn a_tropo_session_is_rehearsed() {
    let ask = || {
        tropo(
            r#"{"ask":{"name":"size","say":[{"value":"Small or large?"}],"choices":{"value":"small,large"}}},{"on":{"event":"continue","next":"/order/size.json"}}"#,
        )
    };
    let done = || tropo(r#"{"say":{"value":"On its way."}},{"hangup":{}}"#);
    let args = [PIZZA, "--call", "36b3216f", "--follow-answers"];
    let (ran, got) = rehearse(&args, vec![ask(), done()]);
    let ran = ran.exits(0);
    assert_eq!(lines(&got), ["POST /order.json", "POST /order/size.json"]);
    let log = std::fs::read_to_string(PIZZA).unwrap();
    let line = log
        .lines()
        .find(|l| l.contains("36b3216f") && l.contains("Sending") && l.contains("size.json"));
    assert_eq!(got[1].body, line.unwrap().split_once("size.json]: ").unwrap().1);
    assert!(ran.out.contains("`continue`: size=large, as recorded"), "{}", ran.out);
    // Another answer makes another result.
    let (ran, got) = rehearse(&[&args[..], &["--answer", "size=small"]].concat(), vec![ask(), done()]);
    ran.exits(0);
    let body: serde_json::Value = serde_json::from_str(&got[1].body).unwrap();
    assert_eq!(body["result"]["actions"]["value"], "small");
    assert_eq!(body["result"]["sessionId"], "36b3216fdaeeb975729fae923d5a4fd1");
}

#[test]
fn a_dry_run_shows_the_first_request_only() {
    let ran = redial([
        "replay",
        IVR,
        "--call",
        "CA0c1d",
        "--follow-answers",
        "--dry-run",
        "--to",
        "http://localhost:1",
    ])
    .run();
    let ran = ran.exits(0);
    assert!(ran.out.starts_with("POST /voice HTTP/1.1\r\n"), "{}", ran.out);
    assert!(ran.err.contains("only the first request is shown"), "{}", ran.err);
}

#[test]
fn what_cannot_be_rehearsed_is_said_before_anything_is_sent() {
    for (args, code, words) in [
        (
            &["--follow-answers", "--call", "CA0c1d", "--answer", "menu"][..],
            2,
            "write STEP=VALUE",
        ),
        (&["--answer", "menu=2"], 2, "--follow-answers"),
        (&["--follow-answers", "--diff"], 2, "cannot be used with"),
        (&["--fallback", "/sorry", "--watch", "src"], 2, "needs --follow-answers"),
        (
            &["--follow-answers", "--call", "CA0c1d", "--fallback"],
            2,
            "no fallback request",
        ),
        (
            &["--follow-answers", "--request", "rffffffffff"],
            4,
            "no request is called",
        ),
    ] {
        let ran = redial(["replay", IVR, "--to", "http://127.0.0.1:9"].iter().chain(args))
            .run()
            .exits(code);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    let ran = redial(["replay", "samples", "--to", "http://127.0.0.1:9", "--follow-answers"])
        .run()
        .exits(2);
    assert!(ran.err.contains("a rehearsal takes one: --call ID"), "{}", ran.err);
}

#[test]
fn a_failure_is_rehearsed_for_one_request() {
    let broken = answer("500 Internal Server Error", "text/html", "<html/>");
    let args = [IVR, "--json", "--fallback", "/sorry"];
    let (ran, got) = rehearse(&args, vec![broken, bye()]);
    let ran = ran.exits(1);
    assert_eq!(lines(&got), ["POST /after-dial", "POST /sorry"]);
    assert_eq!(
        (got[1].param("ErrorCode"), got[1].param("DialCallStatus")),
        (Some("11200"), Some("busy"))
    );
    assert_eq!(ran.of("rehearsal")[0]["why"], "the answer of the fallback URL passes");
    // An app that answers needs none.
    let (ran, got) = rehearse(&args, vec![bye()]);
    assert_eq!(got.len(), 1);
    let why = ran.exits(0).of("rehearsal")[0]["why"].clone();
    assert_eq!(why, "the answer passes: no fallback is needed");
    let ran = redial(["replay", PIZZA, "--fallback", "/sorry", "--to", "http://127.0.0.1:9"])
        .run()
        .exits(4);
    assert!(ran.err.contains("Tropo has no fallback URL"), "{}", ran.err);
}

#[test]
fn a_path_that_was_not_gone_is_no_success() {
    for args in [["--noinput", "bogus"], ["--hangup", "9"], ["--answer", "menu=2,9"]] {
        let (ran, _) = rehearse(
            &[&[IVR, "--call", "CA0c1d", "--follow-answers"], &args[..]].concat(),
            vec![menu(), bye(), no_content()],
        );
        let ran = ran.exits(1);
        assert!(ran.err.contains(args[0]), "{}", ran.err);
    }
}

#[test]
fn an_option_does_not_swallow_the_input() {
    for option in ["--noinput", "--hangup", "--fallback"] {
        let ran = redial(["replay", "--to", "http://127.0.0.1:9", "--follow-answers", option, IVR])
            .run()
            .exits(2);
        assert!(ran.err.contains(&format!("{option} took {IVR}")), "{}", ran.err);
        assert!(ran.err.contains("put INPUT first"), "{}", ran.err);
    }
    let (ran, _) = rehearse(
        &[IVR, "--call", "CA0c1d", "--follow-answers", "--noinput=menu"],
        vec![menu(), menu(), twiml(""), no_content()],
    );
    ran.exits(0);
    let ran = redial(["replay", IVR, "--to", ":9", "--follow-answers", "--max-steps", "0"]).run();
    ran.exits(2);
}

#[test]
#[cfg(unix)]
fn a_signal_ends_it_with_a_count() {
    use std::io::{Read, Write};
    let signals = [rustix::process::Signal::INT, rustix::process::Signal::TERM];
    for (signal, code) in signals.into_iter().zip([130, 143]) {
        let app = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = format!("http://{}", app.local_addr().unwrap());
        let args = ["replay", IVR, "--call", "CA0c1d", "--follow-answers", "--to", &to];
        let (child, _config) = redial(args).spawn(std::process::Stdio::piped());
        let (mut first, _) = app.accept().unwrap();
        assert!(first.read(&mut [0; 8192]).unwrap() > 0);
        first.write_all(menu().as_bytes()).unwrap();
        drop(first);
        // The second is never answered.
        let (mut second, _) = app.accept().unwrap();
        assert!(second.read(&mut [0; 8192]).unwrap() > 0);
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let ended = child.wait_with_output().unwrap();
        let out = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{out}");
        assert!(out.contains("stopped the rehearsal"), "{out}");
        assert!(out.contains("1 request sent: 1 passed, 0 failed"), "{out}");
    }
}
