//! Whatever an app answers and a user types, a rehearsal ends and nothing panics.

use proptest::prelude::*;

use super::*;

fn twiml() -> impl Strategy<Value = String> {
    let url = prop_oneof![
        Just(String::new()),
        Just("/voice".to_owned()),
        Just("/a?b=1".to_owned()),
        Just("../x".to_owned()),
        Just("https://other.test/".to_owned()),
        Just("http://[".to_owned()),
        "[ -~]{0,8}".prop_map(|s| s.replace(['<', '&', '\'', '"'], "")),
    ];
    let verb = prop_oneof![
        (url.clone(), "[0-9]{0,2}").prop_map(|(u, n)| format!("<Gather action='{u}' numDigits='{n}'/>")),
        url.clone()
            .prop_map(|u| format!("<Gather action='{u}' input='speech dtmf' actionOnEmptyResult='true'/>")),
        url.clone().prop_map(|u| format!("<Redirect>{u}</Redirect>")),
        (url.clone(), url.clone()).prop_map(|(u, c)| {
            format!("<Record action='{u}' method='GET' recordingStatusCallback='{c}' transcribe='true' transcribeCallback='{c}'/>")
        }),
        (url.clone(), url.clone()).prop_map(|(u, c)| {
            format!("<Dial action='{u}'><Number statusCallback='{c}'>1</Number><Conference statusCallback='{c}' statusCallbackEvent='join end'/></Dial>")
        }),
        (url.clone(), url.clone()).prop_map(|(u, w)| format!("<Enqueue action='{u}' waitUrl='{w}'/>")),
        url.clone().prop_map(|u| format!("<Pay action='{u}'/>")),
        url.clone().prop_map(|u| format!("<Refer action='{u}'><Sip>sip:a</Sip></Refer>")),
        (url.clone(), "ConversationRelay|VirtualAgent|Stream").prop_map(|(u, n)| format!("<Connect action='{u}'><{n}/></Connect>")),
        url.prop_map(|u| format!("<Dial><Queue url='{u}'>q</Queue></Dial>")),
        Just("<Leave/>".to_owned()),
        Just("<Say>é</Say>".to_owned()),
        Just("<Pay/>".to_owned()),
        Just("<Hangup/>".to_owned()),
    ];
    let document = prop::collection::vec(verb, 0..4).prop_map(|v| format!("<Response>{}</Response>", v.concat()));
    prop_oneof![8 => document, 1 => any::<String>()]
}

fn tropo() -> impl Strategy<Value = String> {
    let verb = prop_oneof![
        Just(r#"{"ask":{"name":"a","choices":"1,[2-3 DIGITS]"}}"#),
        Just(r#"{"ask":[{"name":7,"choices":[]}]}"#),
        Just(r#"{"record":{}}"#),
        Just(r#"{"transfer":{"name":"dial"}}"#),
        Just(r#"{"say":[]}"#),
        Just(r#"{"hangup":null}"#),
        Just(r#"{"on":{"event":"continue","next":"/voice"}}"#),
        Just(r#"{"on":[{"event":"incomplete","next":"x"},{"event":"hangup","next":"http://["}]}"#),
        Just(r#"{"on":{"event":"s"}}"#),
    ];
    let document = prop::collection::vec(verb, 0..5).prop_map(|v| format!(r#"{{"tropo":[{}]}}"#, v.join(",")));
    prop_oneof![8 => document, 1 => any::<String>()]
}

fn wish() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("voice=1".to_owned()),
        Just("2=#".to_owned()),
        Just("a=é,22".to_owned()),
        Just("dial=busy".to_owned()),
        Just("queue=leave,bridged".to_owned()),
        Just("connect=x,completed".to_owned()),
        Just("signal=s".to_owned()),
        Just("record=hangup".to_owned()),
        "[a-z0-9]{1,3}=[!-+--~é]{1,6}",
    ]
}

fn recording(provider: Provider) -> impl Strategy<Value = Vec<Recorded>> {
    let kinds = match provider {
        Provider::Twilio => vec![
            RequestKind::Voice,
            RequestKind::Gather,
            RequestKind::StatusCallback,
            RequestKind::Fallback,
        ],
        Provider::Tropo => vec![RequestKind::Session, RequestKind::Result],
    };
    let path = prop::sample::select(vec!["/voice", "/a?b=1", "/x", "/1"]);
    let payload = prop_oneof![
        Just(Payload::Empty),
        Just(Payload::Form(pairs(&[
            ("Digits", "1"),
            ("CallStatus", "completed"),
            ("DialCallStatus", "busy")
        ]))),
        Just(Payload::Json(
            br#"{"result":{"actions":[{"name":"a","value":1}],"sequence":1}}"#.to_vec()
        )),
        Just(Payload::Json(b"{".to_vec())),
    ];
    let one = (prop::sample::select(kinds), path, payload, any::<bool>()).prop_map(|(kind, path, payload, failed)| {
        Recorded {
            kind,
            request: Request {
                url: Some(format!("https://app.test{path}")),
                payload,
                ..Request::default()
            },
            response: None,
            failed,
        }
    });
    prop::collection::vec(one, 1..5)
}

fn ends(provider: Provider, documents: &[String], wishes: Vec<String>, recorded: Vec<Recorded>) {
    let mut play = Play::of(provider, recorded);
    play.answers = wishes;
    play.noinput = vec![String::new()];
    play.fallback = Some(Fallback::At("/f".to_owned()));
    let mut documents = documents.iter().cycle();
    let played = play.against(|_| documents.next().cloned());
    assert!(played.steps.len() <= 21, "{:?}", played.lines());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_twilio_call_ends(
        documents in prop::collection::vec(twiml(), 1..5),
        wishes in prop::collection::vec(wish(), 0..4),
        recorded in recording(Provider::Twilio),
    ) {
        ends(Provider::Twilio, &documents, wishes, recorded);
    }

    #[test]
    fn a_tropo_session_ends(
        documents in prop::collection::vec(tropo(), 1..5),
        wishes in prop::collection::vec(wish(), 0..4),
        recorded in recording(Provider::Tropo),
    ) {
        ends(Provider::Tropo, &documents, wishes, recorded);
    }
}
