use super::*;

const HOST: &str = "https://app.test";

/// A recorded request of a call; parameters beside those that all have.
fn recorded(kind: RequestKind, path: &str, more: &[(&str, &str)], answer: &str) -> Recorded {
    let mut params = pairs(&[
        ("CallSid", "CA1"),
        ("AccountSid", "AC1"),
        ("From", "+15550001"),
        ("CallStatus", if path == "/voice" { "ringing" } else { "in-progress" }),
        ("Novelty", "kept"),
    ]);
    params.extend(pairs(more));
    Recorded {
        kind,
        request: Request {
            method: Some("POST".to_owned()),
            url: Some(format!("{HOST}{path}")),
            payload: Payload::Form(params),
            ..Request::default()
        },
        response: Some(Response {
            status: Some(200),
            body: Some(answer.to_owned()),
            ..Response::default()
        }),
        failed: answer.is_empty(),
    }
}

fn voice(answer: &str) -> Recorded {
    recorded(RequestKind::Voice, "/voice", &[], answer)
}

fn gather(path: &str, digits: &str, answer: &str) -> Recorded {
    recorded(
        RequestKind::Gather,
        path,
        &[("Digits", digits), ("msg", "Gather End")],
        answer,
    )
}

fn completed() -> Recorded {
    let mut callback = recorded(RequestKind::StatusCallback, "/status", &[("CallDuration", "9")], "-");
    if let Payload::Form(params) = &mut callback.request.payload {
        params.retain(|(n, _)| n != "CallStatus");
        params.push(("CallStatus".to_owned(), "completed".to_owned()));
    }
    callback
}

fn play(recorded: Vec<Recorded>) -> Play {
    Play::of(Provider::Twilio, recorded)
}

const MENU: &str = "<Response><Gather action='/menu' numDigits='1'><Say>Press one.</Say></Gather><Redirect>/voice?again=1</Redirect></Response>";
const SIZE: &str = "<Response><Gather action='size'><Say>Small or large?</Say></Gather></Response>";
const BYE: &str = "<Response><Say>Bye.</Say><Hangup/></Response>";
const EMPTY: &str = "<Response/>";

#[test]
fn a_call_goes_as_it_went() {
    let story = vec![
        voice(MENU),
        gather("/menu", "2", SIZE),
        gather("/size", "1", BYE),
        completed(),
    ];
    let app = [("/voice", MENU), ("/menu", SIZE), ("/size", BYE), ("/status", EMPTY)];
    let played = play(story).with(&app);
    assert_eq!(
        played.lines(),
        [
            "POST /voice CallStatus=ringing",
            "POST /menu CallStatus=in-progress Digits=2",
            "POST /size CallStatus=in-progress Digits=1",
            "POST /status CallStatus=completed"
        ]
    );
    assert_eq!(played.end.how, Ended::HungUp);
    assert_eq!(played.asked[0].1, "first webhook, as recorded");
    assert_eq!(played.asked[1].1, "Gather action with Digits 2, as recorded");
    assert!(
        played.asked[3]
            .1
            .starts_with("status callback `completed`, as recorded: the app hung up")
    );
    let recorded: Vec<_> = played.steps.iter().map(|s| s.recorded).collect();
    assert_eq!(recorded, [Some(0), Some(1), Some(2), Some(3)]);
    let events: Vec<_> = played.steps.iter().map(|s| s.event.as_str()).collect();
    assert_eq!(events, ["start", "choice", "choice", "hangup"]);
}

/// What stands in the first answer, what the user wishes, the second request, the end.
#[rustfmt::skip] // one line a case: it is read as a table
const VERBS: &[(&str, &str, &str, Ended)] = &[
        ("<Say>a</Say><Play>/a.mp3</Play><Pause/>", "", "", Ended::HungUp),
        ("<Hangup/><Redirect>/next</Redirect>", "", "", Ended::HungUp),
        ("<Reject/><Redirect>/next</Redirect>", "", "", Ended::HungUp),
        ("<Echo/><Redirect>/next</Redirect>", "", "", Ended::HungUp),
        (
            "<Redirect>/next?a=1&amp;b=2</Redirect>",
            "",
            "POST /next?a=1&b=2 CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Redirect method='GET'>next</Redirect>",
            "",
            "GET /next CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Redirect>http://localhost:3000/next?x=1</Redirect>",
            "",
            "POST /next?x=1 CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Redirect>https://app.test/next</Redirect>",
            "",
            "POST /next CallStatus=in-progress",
            Ended::HungUp,
        ),
        ("<Redirect>https://other.test/next</Redirect>", "", "", Ended::Elsewhere),
        ("<Redirect>https://app.test:bad/</Redirect>", "", "", Ended::Failed),
        ("<Gather action='/next'/>", "", "", Ended::Unanswered),
        (
            "<Gather action='/next'/>",
            "next=7",
            "POST /next CallStatus=in-progress Digits=7",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next'/>",
            "2=7",
            "POST /next CallStatus=in-progress Digits=7",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next'/>",
            "/next=7#8",
            "POST /next CallStatus=in-progress Digits=7",
            Ended::HungUp,
        ),
        ("<Gather action='/next'/>", "next=#", "", Ended::HungUp),
        (
            "<Gather action='/next' finishOnKey='*'/>",
            "next=7#*",
            "POST /next CallStatus=in-progress Digits=7#",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next' numDigits='2'/>",
            "next=1234",
            "POST /next CallStatus=in-progress Digits=12",
            Ended::HungUp,
        ),
        ("<Gather action='/next'/>", "next=sales", "", Ended::Unanswered),
        (
            "<Gather action='/next' input='speech'/>",
            "next=1",
            "POST /next CallStatus=in-progress SpeechResult=1",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next' input='dtmf speech'/>",
            "next=a b",
            "POST /next CallStatus=in-progress SpeechResult=a b",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next' method='GET'/>",
            "next=7",
            "GET /next CallStatus=in-progress Digits=7",
            Ended::HungUp,
        ),
        ("<Gather action='/next'/>", "noinput", "", Ended::HungUp),
        (
            "<Gather action='/next'/><Redirect>/r</Redirect>",
            "noinput",
            "POST /r CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next' actionOnEmptyResult='true'/>",
            "noinput",
            "POST /next CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Gather action='/next'/><Redirect>/r</Redirect>",
            "hangup",
            "",
            Ended::HungUp,
        ),
        (
            "<Record action='/next'/>",
            "",
            "POST /next CallStatus=in-progress Digits=#",
            Ended::HungUp,
        ),
        (
            "<Record action='/next' finishOnKey='1'/>",
            "",
            "POST /next CallStatus=in-progress Digits=",
            Ended::HungUp,
        ),
        (
            "<Record action='/next'/>",
            "record=1",
            "POST /next CallStatus=in-progress Digits=1",
            Ended::HungUp,
        ),
        ("<Record action='/next'/>", "record=no", "", Ended::Unanswered),
        (
            "<Record action='/next'/>",
            "hangup",
            "POST /next CallStatus=in-progress Digits=hangup",
            Ended::HungUp,
        ),
        (
            "<Record action='/next'/><Redirect>/r</Redirect>",
            "noinput",
            "POST /r CallStatus=in-progress",
            Ended::HungUp,
        ),
        (
            "<Dial>+1</Dial><Redirect>/r</Redirect>",
            "",
            "POST /r CallStatus=in-progress",
            Ended::HungUp,
        ),
        ("<Dial action='/next'>+1</Dial>", "", "", Ended::Unanswered),
        (
            "<Dial action='/next'>+1</Dial>",
            "dial=busy",
            "POST /next CallStatus=in-progress DialCallStatus=busy",
            Ended::HungUp,
        ),
        (
            "<Dial action='/next'>+1</Dial>",
            "next=completed",
            "POST /next CallStatus=in-progress DialCallStatus=completed",
            Ended::HungUp,
        ),
        ("<Dial action='/next'>+1</Dial>", "dial=engaged", "", Ended::Unanswered),
        (
            "<Dial action='/next'>+1</Dial>",
            "noinput",
            "POST /next CallStatus=in-progress DialCallStatus=no-answer",
            Ended::HungUp,
        ),
        ("<Dial action='/next'>+1</Dial>", "hangup", "", Ended::HungUp),
        (
            "<Enqueue>a</Enqueue><Redirect>/r</Redirect>",
            "",
            "POST /r CallStatus=in-progress",
            Ended::HungUp,
        ),
        ("<Enqueue action='/next'>a</Enqueue><Redirect>/r</Redirect>", "", "", Ended::Unanswered),
        ("<Enqueue action='/next'>a</Enqueue>", "queue=bridged", "POST /next CallStatus=in-progress QueueResult=bridged", Ended::HungUp),
        ("<Enqueue action='/next'>a</Enqueue>", "enqueue=queue-full", "POST /next CallStatus=in-progress QueueResult=queue-full", Ended::HungUp),
        ("<Enqueue action='/next'>a</Enqueue>", "hangup", "POST /next CallStatus=in-progress QueueResult=hangup", Ended::HungUp),
        ("<Enqueue action='/next'>a</Enqueue>", "queue=answered", "", Ended::Unanswered),
        ("<Enqueue>a</Enqueue><Redirect>/r</Redirect>", "hangup", "", Ended::HungUp),
        ("<Enqueue waitUrl=''>a</Enqueue><Redirect>/r</Redirect>", "", "POST /r CallStatus=in-progress", Ended::HungUp),
        ("<Enqueue waitUrl='https://twimlets.test/m'>a</Enqueue><Redirect>/r</Redirect>", "", "POST /r CallStatus=in-progress", Ended::HungUp),
        ("<Connect><Stream url='wss://s'/></Connect><Redirect>/r</Redirect>", "", "POST /r CallStatus=in-progress", Ended::HungUp),
        ("<Connect action='/next'><Stream url='wss://s'/></Connect>", "", "POST /next CallStatus=in-progress", Ended::HungUp),
        ("<Connect action='/next'><Stream url='wss://s'/></Connect>", "connect=ended", "POST /next CallStatus=in-progress", Ended::HungUp),
        ("<Connect action='/next'><Stream url='wss://s'/></Connect>", "connect=7", "", Ended::Unanswered),
        ("<Connect action='/next'><Stream url='wss://s'/></Connect>", "hangup", "", Ended::HungUp),
        ("<Connect action='/next'><ConversationRelay url='wss://s'/></Connect>", "", "", Ended::Unanswered),
        ("<Connect action='/next' method='GET'><ConversationRelay url='wss://s'/></Connect>", "connect=failed", "GET /next CallStatus=in-progress SessionStatus=failed", Ended::HungUp),
        ("<Connect action='/next'><ConversationRelay url='wss://s'/></Connect>", "connect={\"to\":7}", "POST /next CallStatus=in-progress SessionStatus=ended HandoffData={\"to\":7}", Ended::HungUp),
        ("<Connect action='/next'><VirtualAgent connectorName='c'/></Connect>", "connect=live-agent-handoff", "POST /next CallStatus=in-progress VirtualAgentStatus=live-agent-handoff", Ended::HungUp),
        ("<Pay action='/next' method='GET'/>", "pay=success", "POST /next CallStatus=in-progress Result=success", Ended::HungUp),
        ("<Pay action='/next'/>", "noinput", "POST /next CallStatus=in-progress Result=too-many-failed-attempts", Ended::HungUp),
        ("<Pay action='/next'/>", "hangup", "POST /next CallStatus=in-progress Result=caller-hung-up", Ended::HungUp),
        ("<Pay action='/next'/>", "pay=yes", "", Ended::Unanswered),
        ("<Pay action='/next'/>", "", "", Ended::Unanswered),
        ("<Refer><Sip>sip:a@b.test</Sip></Refer><Redirect>/r</Redirect>", "", "POST /r CallStatus=in-progress", Ended::HungUp),
        ("<Refer action='/next'><Sip>sip:a@b.test</Sip></Refer>", "refer=busy", "POST /next CallStatus=in-progress ReferCallStatus=busy", Ended::HungUp),
        ("<Refer action='/next'><Sip>sip:a@b.test</Sip></Refer>", "hangup", "POST /next CallStatus=in-progress ReferCallStatus=canceled", Ended::HungUp),
        ("<Refer action='/next'><Sip>sip:a@b.test</Sip></Refer>", "", "", Ended::Unanswered),
        ("<Prompt><Say>a</Say></Prompt><Redirect>/r</Redirect>", "", "POST /r CallStatus=in-progress", Ended::HungUp),
        ("<Sms action='/next'>a</Sms>", "", "", Ended::NotRehearsed),
        ("<Leave/><Redirect>/r</Redirect>", "", "", Ended::NotRehearsed),
];

#[test]
fn each_verb_asks_for_what_it_asks() {
    for &(verbs, wish, second, end) in VERBS {
        let mut play = play(vec![voice("")]);
        play = match wish {
            "" => play,
            "noinput" => play.noinput(""),
            "hangup" => play.hangup(""),
            wish => play.answer(wish),
        };
        let document = format!("<Response>{verbs}</Response>");
        let app = [("/voice", document.as_str()), ("/next", EMPTY), ("/r", EMPTY)];
        let played = play.with(&app);
        assert_eq!(
            played.end.how,
            end,
            "{verbs} {wish}: {:?} {}",
            played.lines(),
            played.end.why
        );
        assert_eq!(
            played.lines().get(1).copied().unwrap_or_default(),
            second,
            "{verbs} {wish}"
        );
        assert!(played.unmet.is_empty(), "{verbs} {wish}: {:?}", played.unmet);
    }
}

#[test]
fn the_parameters_of_the_call_go_along() {
    let app = [("/voice", MENU), ("/menu", EMPTY)];
    let played = play(vec![voice("")]).answer("menu=3").with(&app);
    assert_eq!(
        played.steps[1].request.params(),
        pairs(&[
            ("CallSid", "CA1"),
            ("AccountSid", "AC1"),
            ("From", "+15550001"),
            ("CallStatus", "in-progress"),
            ("Novelty", "kept"),
            ("Digits", "3"),
            ("FinishedOnKey", ""),
            ("msg", "Gather End"),
        ])
    );
    assert_eq!(played.steps[1].recorded, None);
}

#[test]
fn a_gather_without_action_asks_its_own_url() {
    let own = "<Response><Gather numDigits='1'/></Response>";
    let played = play(vec![recorded(RequestKind::Voice, "/v?a=1", &[], "")])
        .answer("v=1")
        .with(&[("/v", own)]);
    assert_eq!(
        played.lines(),
        [
            "POST /v?a=1 CallStatus=in-progress",
            "POST /v?a=1 CallStatus=in-progress Digits=1"
        ]
    );
    assert_eq!(played.end.how, Ended::Unanswered, "{}", played.end.why);
    assert!(played.end.why.contains("--answer 'v=…'"), "{}", played.end.why);
}

#[test]
fn a_menu_that_was_asked_twice_gets_its_two_answers() {
    let story = || {
        vec![
            voice(MENU),
            gather("/menu", "9", MENU),
            recorded(RequestKind::Voice, "/voice?again=1", &[], MENU),
            gather("/menu", "1", ""),
        ]
    };
    let again = |step: &Step| {
        let digits = step.request.param("Digits");
        Some(if digits == Some("1") { BYE } else { MENU }.to_owned())
    };
    let played = play(story()).against(again);
    assert_eq!(
        played.lines(),
        [
            "POST /voice CallStatus=ringing",
            "POST /menu CallStatus=in-progress Digits=9",
            "POST /voice?again=1 CallStatus=in-progress",
            "POST /menu CallStatus=in-progress Digits=1"
        ]
    );
    assert_eq!(played.asked[2].1, "Redirect, after no input as recorded");
    assert_eq!(played.steps[2].event, StepEvent::Noinput);
    assert_eq!(played.end.how, Ended::HungUp);
    // The user's answers come before the recorded ones, and leave those that they are not about.
    let played = play(story()).answer("menu=1").against(again);
    assert_eq!(played.steps[1].recorded, Some(3));
    assert_eq!(played.asked[1].1, "Gather action with Digits 1, as given");
}

#[test]
fn a_caller_who_hung_up_hangs_up_again() {
    let played = play(vec![voice(MENU), completed()]).with(&[("/voice", MENU), ("/status", EMPTY)]);
    assert_eq!(
        played.lines(),
        ["POST /voice CallStatus=ringing", "POST /status CallStatus=completed"]
    );
    assert!(played.asked[1].1.ends_with("the caller said nothing more, as recorded"));
    assert_eq!(played.end.how, Ended::HungUp);
    // What was a failure then says nothing of the caller.
    let played = play(vec![voice(""), completed()]).with(&[("/voice", MENU), ("/status", EMPTY)]);
    assert_eq!(played.end.how, Ended::Unanswered);
}

#[test]
fn what_was_recorded_of_verbs_is_sent_again() {
    for (verbs, kind, more, asked_by) in [
        (
            "<Record action='/next'/>",
            RequestKind::Record,
            ("RecordingUrl", "https://r"),
            "Record action, as recorded",
        ),
        (
            "<Dial action='/next'>1</Dial>",
            RequestKind::Dial,
            ("DialCallStatus", "failed"),
            "Dial action with DialCallStatus failed, as recorded",
        ),
        (
            "<Enqueue action='/next'>q</Enqueue>",
            RequestKind::Voice,
            ("QueueResult", "leave"),
            "Enqueue action with QueueResult leave, as recorded",
        ),
        (
            "<Pay action='/next'/>",
            RequestKind::Voice,
            ("Result", "success"),
            "Pay action with Result success, as recorded",
        ),
        (
            "<Gather action='/next' actionOnEmptyResult='true'/>",
            RequestKind::Gather,
            ("msg", "Gather End"),
            "Gather action without input, as recorded",
        ),
    ] {
        let document = format!("<Response>{verbs}</Response>");
        let story = vec![voice(&document), recorded(kind, "/next", &[more], BYE)];
        let played = play(story).with(&[("/voice", &document), ("/next", BYE)]);
        assert_eq!(played.asked.len(), 2, "{verbs}: {}", played.end.why);
        assert_eq!(played.asked[1].1, asked_by);
        assert_eq!(played.steps[1].request.param(more.0), Some(more.1), "{verbs}");
        assert_eq!(played.steps[1].request.param("Novelty"), Some("kept"), "{verbs}");
    }
}

#[test]
fn after_a_recording_ended_by_hanging_up_nothing_is_run() {
    let record = "<Response><Record action='/next'/></Response>";
    let app = [
        ("/voice", record),
        ("/next", "<Response><Redirect>/voice</Redirect></Response>"),
    ];
    let story = vec![
        voice(record),
        recorded(
            RequestKind::Record,
            "/next",
            &[("RecordingUrl", "u"), ("Digits", "hangup")],
            BYE,
        ),
    ];
    for play in [play(story), play(vec![voice("")]).hangup("record")] {
        let played = play.with(&app);
        assert_eq!(played.lines().len(), 2);
        assert_eq!(
            (played.end.how, played.steps[1].event),
            (Ended::HungUp, StepEvent::Hangup)
        );
    }
}

#[test]
fn a_failing_answer_ends_the_call_or_leads_to_the_fallback() {
    let app = [("/voice", MENU), ("/sorry", BYE)];
    let story = || vec![voice(MENU), gather("/menu", "2", "")];
    let played = play(story()).with(&app);
    assert_eq!(played.end.how, Ended::Failed);
    assert!(
        played.end.why.contains("step 2 failed (11200)") && played.end.why.contains("--fallback"),
        "{}",
        played.end.why
    );
    let played = play(story()).fallback("/sorry").with(&app);
    assert_eq!(
        played.lines()[2],
        "POST /sorry CallStatus=in-progress Digits=2 ErrorCode=11200"
    );
    assert_eq!(played.steps[2].request.param("ErrorUrl"), Some("https://app.test/menu"));
    assert_eq!(
        (played.steps[2].kind, played.steps[2].event),
        (RequestKind::Fallback, StepEvent::Error)
    );
    assert_eq!(played.end.how, Ended::HungUp);
    // A fallback that fails too has no fallback.
    let played = play(story()).fallback("/gone").with(&app);
    assert_eq!((played.lines().len(), played.end.how), (3, Ended::Failed));
    let played = play(story()).fallback("https://twimlets.test/").with(&app);
    assert_eq!((played.lines().len(), played.end.how), (2, Ended::Elsewhere));
    // The recorded one.
    let mut story = story();
    story.push(recorded(
        RequestKind::Fallback,
        "/sorry",
        &[("ErrorCode", "11200")],
        BYE,
    ));
    let mut with_recorded = play(story);
    with_recorded.fallback = Some(Fallback::Recorded);
    let played = with_recorded.with(&app);
    assert_eq!(played.steps[2].recorded, Some(2));
}

#[test]
fn loops_are_seen() {
    let a = "<Response><Redirect>/b</Redirect></Response>";
    let b = "<Response><Redirect>/voice</Redirect></Response>";
    let played = play(vec![recorded(RequestKind::Voice, "/voice", &[], "")]).with(&[("/voice", a), ("/b", b)]);
    assert_eq!(played.end.how, Ended::Loop);
    // The first request rings, the later ones are in progress: the second round is told from the first, the third is not.
    assert_eq!(played.lines().len(), 4);
    // What differs each time by more than digits is no loop, but it ends.
    let mut n = 0;
    let played = play(vec![voice("")]).against(|_| {
        n += 1;
        Some(format!("<Response><Redirect>/{}</Redirect></Response>", "v".repeat(n)))
    });
    assert_eq!((played.end.how, played.lines().len()), (Ended::TooLong, 20));
    // A caller who errs twice in the same way is no loop.
    let played = play(vec![voice("")])
        .answer("menu=9,9,9")
        .with(&[("/voice", MENU), ("/menu", MENU)]);
    assert_eq!(
        (played.end.how, played.lines().len()),
        (Ended::Unanswered, 4),
        "{}",
        played.end.why
    );
}

#[test]
fn a_message_is_only_redirected() {
    let sms = |answer: &str| {
        let mut message = recorded(
            RequestKind::Message,
            "/sms",
            &[("Body", "Hi"), ("MessageSid", "SM1")],
            "",
        );
        message.response = None;
        (message, answer.to_owned())
    };
    for (answer, lines) in [
        ("<Response><Message>Ho</Message></Response>", 1),
        (
            "<Response><Message>Ho</Message><Redirect>/more</Redirect></Response>",
            2,
        ),
        ("<Response/>", 1),
    ] {
        let (message, answer) = sms(answer);
        let played = play(vec![message, completed()]).with(&[("/sms", &answer), ("/more", EMPTY)]);
        assert_eq!(played.lines().len(), lines, "{answer}");
        assert_eq!(played.end.how, Ended::Answered, "{answer}");
        if lines == 2 {
            assert_eq!(played.steps[1].request.param("Body"), Some("Hi"));
            assert_eq!(played.steps[1].kind, RequestKind::Message);
        }
    }
}

#[test]
fn wishes_that_were_not_met_are_told() {
    let app = [("/voice", MENU), ("/menu", BYE)];
    let played = play(vec![voice("")])
        .answer("menu=1")
        .answer("size=2")
        .noinput("nowhere")
        .with(&app);
    assert_eq!(played.end.how, Ended::HungUp);
    assert_eq!(
        played.unmet,
        [
            "--noinput nowhere: no such step was met; steps that listened: 2 /menu",
            "--answer size=2: no such step was met; steps that listened: 2 /menu"
        ]
    );
}

#[test]
fn a_get_carries_the_call_in_its_query() {
    let mut get = voice("");
    get.request.method = Some("GET".to_owned());
    get.request.url = Some(format!("{HOST}/voice?lang=en&CallSid=CA1&CallStatus=ringing"));
    get.request.payload = Payload::Empty;
    let played = play(vec![get])
        .answer("menu=1")
        .with(&[("/voice", MENU), ("/menu", BYE)]);
    assert_eq!(
        played.steps[1].request.params(),
        pairs(&[
            ("CallSid", "CA1"),
            ("CallStatus", "in-progress"),
            ("Digits", "1"),
            ("FinishedOnKey", ""),
            ("msg", "Gather End")
        ])
    );
}

#[test]
fn callbacks_of_verbs_are_sent_as_recorded_or_noted() {
    let first =
        "<Response><Record action='/menu' recordingStatusCallback='/rec' transcribeCallback='/text'/></Response>";
    let dial = "<Response><Dial><Number url='/whisper' statusCallback='/num'>+1</Number></Dial><Hangup/></Response>";
    let done = recorded(
        RequestKind::RecordingStatus,
        "/rec",
        &[("RecordingStatus", "completed")],
        "-",
    );
    let story = vec![
        voice(first),
        recorded(
            RequestKind::Record,
            "/menu",
            &[("RecordingUrl", "https://x.test/RE1")],
            dial,
        ),
        completed(),
        done,
    ];
    let app = [("/voice", first), ("/menu", dial), ("/status", EMPTY), ("/rec", EMPTY)];
    let played = play(story).with(&app);
    let paths: Vec<&str> = played.lines().iter().map(|l| l.split(' ').nth(1).unwrap()).collect();
    assert_eq!(paths, ["/voice", "/menu", "/status", "/rec", "/whisper", "/num"]);
    assert_eq!(
        played.asked[4].1,
        "<Dial><Number url> of step 2, `answered`, made up; sent at the end"
    );
    assert_eq!(
        played.steps[4].request.param("CallSid"),
        played.steps[5].request.param("CallSid")
    );
    assert_eq!(
        played.asked[5].1,
        "<Dial><Number statusCallback> of step 2, `completed`, made up; sent at the end"
    );
    assert_eq!(
        played.asked[3].1,
        "<Record recordingStatusCallback> of step 1, as recorded; sent at the end"
    );
    assert_eq!((played.steps[3].recorded, played.end.how), (Some(3), Ended::HungUp));
    let notes: Vec<String> = played
        .steps
        .iter()
        .flat_map(|s| s.notes.clone())
        .chain(played.end.notes)
        .collect();
    assert_eq!(
        notes,
        [
            "<Record transcribeCallback> of step 1: Twilio sends nothing to /text, because transcribe is not `true`",
            "the <Dial> of step 2 has no action: the next verb runs as if it were over",
        ]
    );
}

#[test]
fn recorded_input_serves_an_action_that_was_renamed() {
    let menu = MENU.replace("/menu", "/ivr/menu");
    for (story, first, asked_by) in [
        (
            gather("/menu", "2", BYE),
            menu.as_str(),
            "Gather action with Digits 2, as recorded for /menu",
        ),
        (
            recorded(
                RequestKind::Record,
                "/rec",
                &[("RecordingUrl", "https://x.test/RE1")],
                BYE,
            ),
            "<Response><Record action='/ivr/rec'/></Response>",
            "Record action, as recorded for /rec",
        ),
        (
            recorded(RequestKind::Dial, "/dialed", &[("DialCallStatus", "busy")], BYE),
            "<Response><Dial action='/ivr/dialed'>+1</Dial></Response>",
            "Dial action with DialCallStatus busy, as recorded for /dialed",
        ),
    ] {
        let app = [
            ("/voice", first),
            ("/ivr/menu", BYE),
            ("/ivr/rec", BYE),
            ("/ivr/dialed", BYE),
        ];
        let played = play(vec![voice(first), story]).with(&app);
        assert_eq!(played.asked.len(), 2, "{}", played.end.why);
        assert_eq!(played.asked[1].1, asked_by);
        assert!(played.lines()[1].starts_with("POST /ivr/"), "{}", played.lines()[1]);
    }
    // Which of two it was nobody can tell.
    let two = vec![voice(MENU), gather("/menu", "2", SIZE), gather("/size", "1", BYE)];
    let played = play(two).with(&[("/voice", &menu)]);
    assert_eq!(played.end.how, Ended::Unanswered);
}

#[test]
fn a_loop_that_counts_is_seen() {
    let played = play(vec![voice(MENU)]).against(|step| {
        let n = step.number;
        Some(format!(
            "<Response><Say>{n} of 99</Say><Redirect>/counter?n={n}</Redirect></Response>"
        ))
    });
    // The first webhook has another path.
    assert_eq!((played.asked.len(), played.end.how), (6, Ended::Loop));
    assert!(played.end.why.contains("looks like a loop"), "{}", played.end.why);
    // A caller who goes on is no loop.
    let mut all = play(vec![voice(MENU)]).answer("voice=1,2,3,4,5,6,7,8,9");
    all.max_steps = 8;
    let menu = "<Response><Gather action='/voice' numDigits='1'/></Response>";
    let played = all.with(&[("/voice", menu)]);
    assert_eq!((played.asked.len(), played.end.how), (8, Ended::TooLong));
    let mut one = play(vec![voice(MENU)]);
    one.max_steps = 1;
    let played = one.with(&[("/voice", "<Response><Redirect>/x</Redirect></Response>")]);
    assert!(played.end.why.starts_with("1 request was sent"), "{}", played.end.why);
}

/// The callbacks of a first answer that has these verbs, each as its path and the parameters of these names.
fn told_of(verbs: &str, wish: &str, names: &[&str]) -> Vec<String> {
    let first = format!("<Response>{verbs}</Response>");
    let mut play = play(vec![voice(&first)]);
    match wish {
        "" => {}
        "noinput" => play = play.noinput(""),
        wish => play = play.answer(wish),
    }
    // What a callback is answered changes nothing, not even an error.
    let played = play.with(&[("/voice", &first), ("/next", BYE), ("/c", MENU)]);
    assert_eq!(played.end.how, Ended::HungUp, "{verbs}: {}", played.end.why);
    let callbacks = played
        .steps
        .iter()
        .filter(|s| s.asked_by.contains("made up; sent at the end"));
    let line = |step: &Step| {
        let values = names.iter().map(|n| step.request.param(n).unwrap_or("-"));
        let method = step.request.method.as_deref().unwrap();
        let path = step.request.url.as_deref().unwrap().trim_start_matches(HOST);
        [method, path].into_iter().chain(values).collect::<Vec<_>>().join(" ")
    };
    callbacks.map(line).collect()
}

#[test]
fn a_recording_that_was_not_recorded_is_told() {
    let names = [
        "RecordingStatus",
        "RecordingSource",
        "RecordingChannels",
        "RecordingDuration",
        "CallSid",
        "From",
    ];
    let all = "recordingStatusCallback='/c' recordingStatusCallbackEvent='in-progress completed absent'";
    let started = "POST /c in-progress RecordVerb 1 0 CA1 -";
    let record = format!("<Record action='/next' {all}/>");
    assert_eq!(
        told_of(&record, "", &names),
        [started, "POST /c completed RecordVerb 1 5 CA1 -"]
    );
    assert_eq!(
        told_of(&record, "noinput", &names),
        [started, "POST /c absent RecordVerb 1 0 CA1 -"]
    );
    let get = "<Record action='/next' recordingStatusCallback='/c?a=1' recordingStatusCallbackMethod='GET'/>";
    assert_eq!(told_of(get, "", &names), ["GET /c?a=1 completed RecordVerb 1 5 CA1 -"]);
    let dial = "<Dial action='/next' record='record-from-answer-dual' recordingStatusCallback='/c'>+1</Dial>";
    assert_eq!(
        told_of(dial, "dial=completed", &names),
        ["POST /c completed DialVerb 2 5 CA1 -"]
    );
    assert!(told_of(dial, "dial=busy", &names).is_empty());
    let start = "<Start><Recording recordingStatusCallback='/c'/></Start>";
    assert_eq!(
        told_of(start, "", &names),
        ["POST /c completed StartCallRecordingTwiML 2 5 CA1 -"]
    );
    let conference = "<Dial><Conference record='record-from-start' recordingStatusCallback='/c'>a</Conference></Dial>";
    let names = [&names[..5], &["ConferenceSid"]].concat();
    assert_eq!(
        told_of(conference, "", &names),
        ["POST /c completed Conference 1 5 - CF00000000000000000000000000000000"]
    );
}

#[test]
fn callbacks_tell_what_the_action_was_told() {
    let both = "<Response><Record action='/next' recordingStatusCallback='/c' transcribe='true' transcribeCallback='/t'/></Response>";
    let app = [("/voice", both), ("/next", BYE), ("/c", ""), ("/t", "")];
    let played = play(vec![voice("")]).with(&app);
    let of = |n: usize, name: &str| played.steps[n].request.param(name).unwrap_or_default().to_owned();
    let sid = format!("RE{}", "0".repeat(32));
    for n in [1, 2, 3] {
        assert_eq!(of(n, "RecordingSid"), sid, "{n}");
        assert_eq!(of(n, "RecordingUrl"), of(1, "RecordingUrl"), "{n}");
    }
    assert_eq!(of(2, "RecordingStartTime"), "Thu, 01 Jan 1970 00:00:00 +0000");
    assert_eq!(
        (of(3, "From"), of(3, "TranscriptionStatus")),
        ("+15550001".to_owned(), "completed".to_owned())
    );
    assert_eq!(played.steps[3].kind, RequestKind::RecordingStatus);
    // What was recorded of the action is told on.
    let recorded = recorded(
        RequestKind::Record,
        "/next",
        &[("RecordingUrl", "https://x.test/RE7"), ("RecordingDuration", "3")],
        BYE,
    );
    let played = play(vec![voice(both), recorded]).with(&app);
    let of = |name: &str| played.steps[2].request.param(name).unwrap_or_default().to_owned();
    assert_eq!(
        (of("RecordingSid"), of("RecordingUrl"), of("RecordingDuration")),
        ("RE7".to_owned(), "https://x.test/RE7".to_owned(), "3".to_owned())
    );
}

#[test]
fn each_recording_gets_its_own_recorded_callbacks() {
    let first = "<Response><Record action='/a' recordingStatusCallback='/c'/></Response>";
    let second = "<Response><Record action='/b' recordingStatusCallback='/c'/></Response>";
    let action = |path: &str, sid: &str, answer: &str| {
        let url = format!("https://x.test/{sid}");
        recorded(
            RequestKind::Record,
            path,
            &[("RecordingUrl", &url), ("RecordingSid", sid)],
            answer,
        )
    };
    let status = |sid: &str| recorded(RequestKind::RecordingStatus, "/c", &[("RecordingSid", sid)], "-");
    let story = vec![
        voice(first),
        action("/a", "RE1", second),
        action("/b", "RE2", BYE),
        status("RE2"),
        status("RE1"),
    ];
    let played = play(story).with(&[("/voice", first), ("/a", second), ("/b", BYE), ("/c", EMPTY)]);
    let told: Vec<_> = played.asked[3..]
        .iter()
        .map(|(_, asked_by)| asked_by.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "<Record recordingStatusCallback> of step 1, as recorded; sent at the end",
            "<Record recordingStatusCallback> of step 2, as recorded; sent at the end",
        ]
    );
    let recorded: Vec<_> = played.steps[3..].iter().map(|s| s.recorded).collect();
    assert_eq!(recorded, [Some(4), Some(3)]);
}

#[test]
fn the_legs_of_a_dial_are_told() {
    let names = [
        "CallStatus",
        "SequenceNumber",
        "CallSid",
        "ParentCallSid",
        "From",
        "To",
        "CallDuration",
    ];
    let all = "statusCallback='/c' statusCallbackEvent='initiated ringing answered completed'";
    let one = format!("<Dial action='/next'><Number {all}>+2</Number></Dial>");
    let sid = |n: u32| format!("CA{n:032}");
    let leg = |status: &str, n: usize, more: &str| format!("POST /c {status} {n} {} CA1 +15550001 +2 {more}", sid(0));
    assert_eq!(
        told_of(&one, "dial=completed", &names),
        [
            leg("initiated", 0, "-"),
            leg("ringing", 1, "-"),
            leg("in-progress", 2, "-"),
            leg("completed", 3, "10")
        ]
    );
    assert_eq!(
        told_of(&one, "dial=no-answer", &names),
        [
            leg("initiated", 0, "-"),
            leg("ringing", 1, "-"),
            leg("no-answer", 2, "0")
        ]
    );
    assert_eq!(
        told_of(&one, "dial=busy", &names),
        [leg("initiated", 0, "-"), leg("busy", 1, "0")]
    );
    let two = "<Dial action='/next' callerId='+5'><Sip statusCallback='/c'>sip:a@b.test</Sip>\
        <Client statusCallback='/c' statusCallbackMethod='get'>joe</Client></Dial>";
    assert_eq!(
        told_of(two, "dial=completed", &names),
        [
            format!("POST /c completed 0 {} CA1 +5 sip:a@b.test 10", sid(0)),
            format!("GET /c canceled 0 {} CA1 +5 client:joe 0", sid(1)),
        ]
    );
}

#[test]
fn a_conference_is_told() {
    let names = [
        "StatusCallbackEvent",
        "SequenceNumber",
        "FriendlyName",
        "CallSid",
        "ParticipantLabel",
        "ReasonConferenceEnded",
    ];
    let conference = "<Dial><Conference statusCallback='/c' statusCallbackEvent='start end join leave mute' endConferenceOnExit='true' \
        participantLabel='me'>Room 1</Conference></Dial>";
    assert_eq!(
        told_of(conference, "", &names),
        [
            "POST /c participant-join 1 Room 1 CA1 me -",
            "POST /c conference-start 2 Room 1 - - -",
            "POST /c participant-leave 3 Room 1 CA1 me -",
            "POST /c conference-end 4 Room 1 - - participant-with-end-conference-on-exit-left",
        ]
    );
    assert!(
        told_of(
            "<Dial><Conference statusCallback='/c' statusCallbackEvent='mute'>a</Conference></Dial>",
            "",
            &names
        )
        .is_empty()
    );
}

#[test]
fn made_up_callbacks_have_limits() {
    let first = "<Response><Start><Recording recordingStatusCallback='https://other.test/c'/></Start>\
        <Start><Recording recordingStatusCallback='/c' recordingStatusCallbackEvent='in-progress completed'/></Start>\
        <Gather action='/next'/></Response>";
    let app = [("/voice", first), ("/next", BYE), ("/c", EMPTY)];
    let mut limited = play(vec![voice("")]).answer("next=1");
    limited.max_steps = 3;
    let played = limited.with(&app);
    assert_eq!((played.asked.len(), played.end.how), (3, Ended::TooLong));
    assert_eq!(
        played.end.why,
        "the app hung up, but 1 callback is left; --max-steps allows more"
    );
    let notes = &played.steps[1].notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("https://other.test/c is on another host"),
        "{notes:?}"
    );
    // A call that did not come to its end has no later.
    let played = play(vec![voice("")]).with(&app);
    assert_eq!((played.asked.len(), played.end.how), (1, Ended::Unanswered));
    assert_eq!(
        played.end.notes.last().unwrap(),
        "<Start><Recording recordingStatusCallback> of step 1 was not sent: the call did not come to its end"
    );
}

#[test]
fn what_is_heard_in_a_queue_is_asked_for_first() {
    let first = "<Response><Enqueue action='/left' waitUrl='/wait' waitUrlMethod='GET'>q</Enqueue></Response>";
    let leave = "<Response><Say>Sorry.</Say><Leave/></Response>";
    let app = |wait: &'static str| [("/voice", first), ("/wait", wait), ("/left", BYE)];
    let played = play(vec![voice("")]).with(&app(leave));
    assert_eq!(
        played.lines(),
        [
            "POST /voice CallStatus=ringing",
            "GET /wait CallStatus=in-progress",
            "POST /left CallStatus=in-progress QueueResult=leave"
        ]
    );
    assert_eq!(played.asked[1].1, "waitUrl of Enqueue, made up");
    assert_eq!(
        played.asked[2].1,
        "Enqueue action with QueueResult leave, as the answer to waitUrl has it"
    );
    let of = |n: usize, name: &str| played.steps[n].request.param(name).unwrap_or_default().to_owned();
    assert_eq!(
        (of(1, "QueuePosition"), of(1, "MaxQueueSize")),
        ("1".to_owned(), "100".to_owned())
    );
    assert_eq!(
        (of(1, "QueueSid"), of(2, "QueuePosition")),
        (of(2, "QueueSid"), String::new())
    );
    assert_eq!(played.end.how, Ended::HungUp);
    // Who takes the call is nobody's to tell, and a step is counted as it is printed.
    let music = "<Response><Play>/a.mp3</Play></Response>";
    assert_eq!(play(vec![voice("")]).with(&app(music)).end.how, Ended::Unanswered);
    let played = play(vec![voice("")]).answer("3=bridged").with(&app(music));
    assert_eq!(
        played.lines()[2],
        "POST /left CallStatus=in-progress QueueResult=bridged"
    );
    // A broken document ends the wait; the fallback URL has no part in it.
    let played = play(vec![voice("")])
        .fallback("/sorry")
        .with(&[("/voice", first), ("/left", BYE)]);
    assert_eq!(played.lines()[2], "POST /left CallStatus=in-progress QueueResult=error");
    let played = play(vec![voice("")]).answer("queue=leave").with(&app(MENU));
    assert!(
        played.steps[2].notes[0].contains("of step 2 is not run"),
        "{:?}",
        played.steps[2].notes
    );
}

#[test]
fn music_that_was_asked_for_again_and_again_is_asked_for_once() {
    let first = "<Response><Enqueue action='/left' waitUrl='/wait'>q</Enqueue></Response>";
    let wait = |position: &str| {
        recorded(
            RequestKind::Voice,
            "/wait",
            &[("QueuePosition", position), ("QueueSid", "QU7")],
            EMPTY,
        )
    };
    let left = recorded(
        RequestKind::Voice,
        "/left",
        &[("QueueResult", "bridged"), ("QueueSid", "QU7")],
        BYE,
    );
    let story = vec![voice(first), wait("3"), wait("2"), wait("1"), left, completed()];
    let played = play(story).with(&[("/voice", first), ("/wait", EMPTY), ("/left", BYE), ("/status", EMPTY)]);
    let recorded: Vec<_> = played.steps.iter().map(|s| s.recorded).collect();
    assert_eq!(recorded, [Some(0), Some(1), Some(4), Some(5)]);
    assert_eq!(played.asked[1].1, "waitUrl of Enqueue, as recorded");
    assert_eq!(
        played.asked[2].1,
        "Enqueue action with QueueResult bridged, as recorded"
    );
    assert_eq!(played.end.how, Ended::HungUp);
}

#[test]
fn who_is_taken_from_a_queue_hears_something() {
    let names = [
        "CallStatus",
        "CallSid",
        "DequeingCallSid",
        "QueueTime",
        "DialCallStatus",
    ];
    let dial = "<Dial action='/next'><Queue url='/c'>q</Queue></Dial>";
    let other = format!("POST /c in-progress CA{} CA1 10 -", "0".repeat(32));
    assert_eq!(told_of(dial, "dial=completed", &names), [other]);
    assert!(told_of(dial, "dial=no-answer", &names).is_empty());
    assert!(
        told_of(
            "<Dial action='/next'><Number url='/c'>+1</Number></Dial>",
            "dial=busy",
            &names
        )
        .is_empty()
    );
}

#[test]
fn only_what_is_known_of_a_payment_is_sent() {
    let sent = |verb: &str, result: &str| {
        let first = format!("<Response>{verb}</Response>");
        let played = play(vec![voice("")])
            .answer(&format!("pay={result}"))
            .with(&[("/voice", &first), ("/next", BYE)]);
        let params = played.steps[1].request.params()[4..].iter();
        let names: Vec<String> = params.map(|(n, _)| n.clone()).filter(|n| n != "Novelty").collect();
        (names.join(" "), played.steps[1].notes.len())
    };
    let card = "PaymentCardNumber PaymentCardType ExpirationDate SecurityCode PaymentCardPostalCode";
    assert_eq!(
        sent("<Pay action='/next' chargeAmount='0.50'/>", "success"),
        (format!("Result PaymentMethod {card} PaymentConfirmationCode"), 0)
    );
    assert_eq!(
        sent("<Pay action='/next' paymentMethod='ach-debit'/>", "success").0,
        "Result PaymentMethod BankAccountNumber BankRoutingNumber BankAccountType PaymentToken ProfileId"
    );
    assert_eq!(
        sent("<Pay action='/next'/>", "payment-connector-error"),
        ("Result PaymentMethod".to_owned(), 1)
    );
}
