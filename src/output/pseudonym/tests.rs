use super::*;
use proptest::prelude::*;

fn one(text: &str) -> String {
    Pseudonyms::new().text(text)
}

#[test]
fn what_is_told_by_its_looks() {
    for (text, shown) in [
        ("call +12025550141 now", "call +15550100000 now"),
        ("From=%2B12025550141&x=1", "From=%2B15550100000&x=1"),
        ("(202) 555-0141, 202.555.0141", "(555) 010-0000, 555.010.0000"),
        ("+44 20 7183 8750", "+44 55 5010 0000"),
        ("ring 020 7946 0958", "ring 555 0010 0000"),
        (
            "CA6d27370cbbfb605521fe8800bb73f2d2",
            "CAfacade00000000000000000000000001",
        ),
        (
            "a%3DCA6d27370cbbfb605521fe8800bb73f2d2",
            "a%3DCAfacade00000000000000000000000001",
        ),
        (
            "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "CAfacade00000000000000000000000001",
        ),
        ("276e6921215ea722f4e548f3b3da028b", "facade00000000000000000000000001"),
        (
            "x=%3d276e6921215ea722f4e548f3b3da028b",
            "x=%3dfacade00000000000000000000000001",
        ),
        (
            "79973372-368a-4597-8e52-b2bdf630ae69",
            "facade00-0000-0000-0000-000000000001",
        ),
        ("<sip:4075551212@10.6.69.201>", "<sip:5550100000@192.0.2.1>"),
        ("sip%3Aalice%40pbx.acme.com", "sip%3Auser-1%40host-1.example"),
        ("mail jo.doe@acme.com", "mail user-1@host-1.example"),
        ("https://me:pw@h/x", "https://token-1@h/x"),
        ("client:alice", "client:user-1"),
        (
            "<Sip username=\"bob\" password=\"pw12345\">",
            "<Sip username=\"user-1\" password=\"token-1\">",
        ),
        (
            "<Dial><Client>bunsen</Client><Client>bunsen</Client></Dial>",
            "<Dial><Client>user-1</Client><Client>user-1</Client></Dial>",
        ),
        ("https://a1b2.ngrok.io/x", "https://tunnel-1.example/x"),
        ("from 203.0.113.9 and fe80::1:2", "from 192.0.2.1 and 2001:db8::2"),
        ("AUTH_TOKEN=abcdefghijkl&x", "AUTH_TOKEN=token-1&x"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer token-1"),
    ] {
        assert_eq!(one(text), shown, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "",
        "plain text: it is 12:03:04.123 of 2026-11-22T10:20:30.000Z",
        "HTTP/1.1 500 in 1234 ms, 1700000000 and 1700000000000",
        "http://127.0.0.1:3000/voice and localhost:8040 and 0.0.0.0",
        "error 11200, line 12, column 40",
        "Tue, 18 Aug 2015 08:46:56 +0000",
        "std::io::Error and a::b",
        "ngrok.io is a tunnel",
    ] {
        assert_eq!(one(text), text);
    }
}

fn params(pairs: &[(&str, &str)]) -> Payload {
    Payload::Form(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn one_value_is_the_same_everywhere() {
    let mut names = Pseudonyms::new();
    let request = Request {
        method: Some("POST".to_owned()),
        url: Some("https://a.example.org/x?CallerName=Jo%20Doe&n=%2B12025550141&keep=%7e".to_owned()),
        headers: vec![
            ("X-Twilio-Signature".to_owned(), "abc+/=".to_owned()),
            ("Accept".to_owned(), "*/*".to_owned()),
        ],
        payload: params(&[
            ("From", "+12025550141"),
            ("To", "client:bob"),
            ("CallerName", "Jo Doe"),
            ("FromCity", "SPRINGFIELD"),
            ("FromState", "DC"),
            ("Body", "It's \"me\" & you"),
            ("Digits", "2"),
            ("FromCountry", "US"),
        ]),
    };
    let first = names.request(&request);
    assert_eq!(names.request(&request), first);
    assert_eq!(
        first.url.as_deref(),
        Some("https://a.example.org/x?CallerName=name-1&n=%2B15550100000&keep=%7e")
    );
    assert_eq!(
        first.payload,
        params(&[
            ("From", "+15550100000"),
            ("To", "client:user-1"),
            ("CallerName", "name-1"),
            ("FromCity", "city-1"),
            ("FromState", "state-1"),
            ("Body", "[text 1, 15 characters]"),
            ("Digits", "2"),
            ("FromCountry", "US"),
        ])
    );
    assert_eq!(first.headers[0].1, "token-1");
    assert_eq!(first.headers[1].1, "*/*");
    for (text, shown) in [
        (
            "JO DOE of 12025550141 and 2025550141",
            "name-1 of 15550100000 and 5550100000",
        ),
        ("a=Jo+Doe&b=Jo%20Doe&c=bob.", "a=name-1&b=name-1&c=user-1."),
        ("Body=It%27s+%22me%22+%26+you", "Body=%5Btext+1%2C+15+characters%5D"),
        (
            "<Say>It's &quot;me&quot; &amp; you</Say>",
            "<Say>[text 1, 15 characters]</Say>",
        ),
        (
            "{\\\"b\\\": \\\"It's \\\"me\\\" & you",
            "{\\\"b\\\": \\\"[text 1, 15 characters]",
        ),
        ("Springfield, bobsled", "city-1, bobsled"),
    ] {
        assert_eq!(names.text(text), shown, "{text}");
    }
}

/// Who called, and the text with stand-ins.
fn called(from: &str, text: &str) -> String {
    let mut names = Pseudonyms::new();
    names.learn_party(from);
    names.text(text)
}

/// A request with these parameters, and its answer's body with stand-ins.
fn told(names: &mut Pseudonyms, pairs: &[(&str, &str)], answer: &str) -> (Vec<String>, String) {
    let request = Request {
        payload: params(pairs),
        ..Request::default()
    };
    names.learn(&request, None);
    let shown = names
        .request(&request)
        .params()
        .iter()
        .map(|(_, v)| v.clone())
        .collect();
    (shown, names.body(answer))
}

#[test]
fn a_name_is_found_in_any_order_and_by_each_word() {
    let answer = "<Say>no customer Jane Doe; Doe, Jane: hello Jane. Janet is in.</Say><mark jane=\"Jane\"/> jane";
    let (shown, answer) = told(
        &mut Pseudonyms::new(),
        &[
            ("CallerName", "DOE JANE"),
            ("first_name", "Janet"),
            ("Caller", "anonymous"),
        ],
        answer,
    );
    assert_eq!(shown, ["name-1", "name-2", "anonymous"]);
    assert_eq!(
        answer,
        "<Say>no customer name-1; name-1: hello name-1. name-2 is in.</Say><mark jane=\"Jane\"/> jane"
    );
    // What half of all names have in common is nobody's, and no name is a part of the protocol.
    let mut names = Pseudonyms::new();
    let (_, answer) = told(
        &mut names,
        &[("CallerName", "WIRELESS CALLER"), ("ToName", "Digits Gather")],
        "<Gather action=\"/Gather/Digits\">Caller. Wireless</Gather>",
    );
    assert_eq!(answer, "<Gather action=\"/Gather/Digits\">Caller. Wireless</Gather>");
    assert_eq!(
        names.url("https://a.example/Gather?Digits=1"),
        "https://a.example/Gather?Digits=1"
    );
    let (shown, answer) = told(&mut Pseudonyms::new(), &[("SpeechResult", "Jane")], "Hello Jane!");
    assert_eq!(
        (shown[0].as_str(), answer.as_str()),
        ("[text 1, 4 characters]", "Hello [text 1, 4 characters]!")
    );
}

#[test]
fn names_are_told_by_the_names_of_their_fields() {
    for name in [
        "name",
        "first_name",
        "lastName",
        "customer[name]",
        "surname",
        "X-Caller-Name",
        "company_name",
    ] {
        assert_eq!(Pseudonyms::new().field("", name, "Jane"), "name-1", "{name}");
    }
    for (parent, name, value) in [
        ("actions", "name", "size"),
        ("ask", "name", "size"),
        ("", "name", "menu_1"),
        ("", "file_name", "a"),
        ("", "EventName", "start"),
        ("", "name", "2"),
    ] {
        assert_eq!(Pseudonyms::new().field(parent, name, value), value, "{parent} {name}");
    }
    assert_eq!(Pseudonyms::new().field("", "username", "jane"), "user-1");
}

#[test]
fn account_numbers_are_told_by_their_check_digits() {
    for (text, shown) in [
        ("card 4111 1111 1111 1111.", "card 0000 0000 0000 0001."),
        ("card=4111-1111-1111-1111&x", "card=0000-0000-0000-0001&x"),
        ("c%3D4111%201111%201111%201111", "c%3D0000%200000%200000%200001"),
        ("amex 378282246310005 12", "amex 000000000000001 12"),
        ("IBAN DE89 3704 0044 0532 0130 00, OK", "IBAN account-1, OK"),
        ("GB82WEST12345698765432", "account-1"),
        ("ssn 123-45-6789", "ssn 000-00-0001"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        (
            "1700000000006 and 1700000000000000",
            "1700000000006 and 1700000000000000",
        ),
        ("DE88370400440532013000", "DE88370400440532013000"),
        ("x4111111111111111", "x4111111111111111"),
        ("000-12-3456, 2026-11-22", "000-12-3456, 2026-11-22"),
    ] {
        assert_eq!(one(text), shown, "{text}");
    }
    let mut names = Pseudonyms::new();
    let pairs = [("Digits", "4111111111111111"), ("FinishedDigits", "20261234")];
    let (shown, answer) = told(&mut names, &pairs, "4111 1111 1111 1111 and 2026-1234, not 120261234");
    assert_eq!(shown, ["0000000000000001", "00000001"]);
    assert_eq!(answer, "0000 0000 0000 0001 and 0000-0001, not 120261234");
}

#[test]
fn a_token_may_be_a_segment_of_a_path() {
    for (text, shown) in [
        (
            "https://a.example/hook/s3cr3tToken9f8e7d/voice",
            "https://a.example/hook/token-1/voice",
        ),
        ("see /h/AbCdEfGhIjKlMnOpQr now", "see /h/token-1 now"),
        (
            "https://a.example/?code=4x0AX4XfWh&b",
            "https://a.example/?code=token-1&b",
        ),
        ("https://a.example/?pw=hunter2", "https://a.example/?pw=token-1"),
    ] {
        assert_eq!(one(text), shown, "{text}");
    }
    for text in [
        "/2010-04-01/Accounts/handleIncomingCallFromCustomer/order-12-item-34-size-5",
        "application/x-www-form-urlencoded; /a?code=11200&code=US&code=ERR_TIMEOUT",
    ] {
        assert_eq!(one(text), text);
    }
}

#[test]
fn what_was_entered_stays_where_an_app_is_to_fail_on_it() {
    let pairs = [
        ("From", "+12025550141"),
        ("Digits", "123456"),
        ("FinishedDigits", "2025550141"),
        ("SpeechResult", "large pizza for Jo Doe"),
        ("Body", "STOP 2025550141"),
        ("CallerName", "Jo Doe"),
        ("Digits", "4111111111111111"),
        ("SecurityCode", "123"),
        ("pw", "hunter2"),
        ("Digits", "4111111111111111#"),
        ("value", "*5500005555555559*"),
    ];
    let (shown, _) = told(&mut Pseudonyms::keeping_input(), &pairs, "");
    assert_eq!(
        shown,
        [
            "+15550100000",
            "123456",
            "5550100000",
            "large pizza for name-1",
            "STOP 5550100000",
            "name-1",
            "0000000000000001",
            "token-1",
            "token-2",
            "0000000000000001#",
            "*0000000000000002*",
        ]
    );
    let mut secrets = Pseudonyms::of_secrets();
    let (shown, answer) = told(&mut secrets, &pairs, "Jo Doe, hunter2 at jo@acme.com");
    let kept: Vec<&str> = pairs[..6].iter().map(|(_, v)| *v).collect();
    assert_eq!(shown[..6], kept);
    let replaced = [
        "0000000000000001",
        "token-1",
        "token-2",
        "0000000000000001#",
        "*0000000000000002*",
    ];
    assert_eq!(shown[6..], replaced);
    assert_eq!(answer, "Jo Doe, token-2 at jo@acme.com");
    assert_eq!(
        secrets.url("https://bob:p4ss@a.example.org/CA6d27370cbbfb605521fe8800bb73f2d2?access_token=tok_AAAA&a=b%20c"),
        "https://token-3@a.example.org/CA6d27370cbbfb605521fe8800bb73f2d2?access_token=token-4&a=b%20c"
    );
    let headers = [("X-Api-Key".to_owned(), "DDDD".to_owned())];
    assert_eq!(secrets.headers(&headers)[0].1, "token-5");
}

#[test]
fn a_number_ends_where_the_next_begins() {
    for (text, shown) in [
        ("call +12025550141 (2025550141)", "call +15550100000 (5550100000)"),
        ("+12025550141 (12025550141", "+15550100000 (15550100000"),
        ("+12025550141 12025550100", "+15550100000 15550100001"),
        ("+12025550100 12025550141", "+15550100001 15550100000"),
        ("+12025550141 35 s", "+15550100000 35 s"),
        ("+12025550141+12025550100", "+15550100000+15550100001"),
        ("+49 151 12345678 12025550141", "+49 555 00100001 15550100000"),
        ("+44 (0) 20 7183 8750 (35)", "+44 (5) 55 0010 0001 (35)"),
        (
            "n=%2B12025550141%20%282025550141%29",
            "n=%2B15550100000%20%285550100000%29",
        ),
        ("0120255501410 and 120255501419", "0120255501410 and 120255501419"),
    ] {
        assert_eq!(called("+12025550141", text), shown, "{text}");
    }
    assert_eq!(one("+12025550141 (2025550141)"), "+15550100000 (5550100000)");
    assert_eq!(one("+4915112345678 (35)"), "+4955500100000 (35)");
}

#[test]
fn a_number_is_found_as_it_is_written_at_home_and_abroad() {
    for text in [
        "+4915112345678",
        "0151 12345678",
        "015112345678",
        "0151/12345678",
        "0151-123-45-678",
        "004915112345678",
        "0049 (0)151 12345678",
        "+49 (0)151 12345678",
        "01149 151 12345678",
        "151 12345678",
        "4915112345678",
        "a=0151+12345678&b",
        "a=0151%2012345678&b",
        "\\u002b4915112345678",
    ] {
        let shown = called("+4915112345678", text);
        let digits: String = numbers::digits(&shown);
        assert!(digits.contains("55500100000"), "{text}: {shown}");
        assert_eq!(numbers::digits(text).len(), digits.len(), "{text}: {shown}");
    }
    for (from, text, shown) in [
        (
            "+12025550141",
            "0012025550141, 011 1 202-555-0141",
            "0015550100000, 011 1 555-010-0000",
        ),
        (
            "0012025550141",
            "+12025550141 and (202) 555.0141",
            "+15550100000 and (555) 010.0000",
        ),
        ("004915112345678", "+4915112345678", "+4955500100000"),
        (
            "+35312345678",
            "01 234 5678 of 00353 1 234 5678",
            "05 550 0000 of 00353 5 550 0000",
        ),
    ] {
        assert_eq!(called(from, text), shown, "{text}");
    }
}

#[test]
fn json_stays_as_it_was_between_the_values() {
    let mut names = Pseudonyms::new();
    let text = r#"{ "session" : {"id":"276e6921215ea722f4e548f3b3da028b", "from":{"id":"4075551212","name":"Jo \"J\" Doe","channel":"VOICE"},
      "to":{"id":"9991234567","name":"unknown"}, "headers":{"Call-ID":"x@10.6.69.201"}, "n": 12025550141, "initialText":null,
      "parameters":{"token":"abcdef"}, "timestamp":"2013-02-19T15:07:40.000Z"}}"#;
    let shown = names.body(text);
    assert_eq!(
        shown,
        r#"{ "session" : {"id":"facade00000000000000000000000001", "from":{"id":"5550100000","name":"name-1","channel":"VOICE"},
      "to":{"id":"5550100001","name":"unknown"}, "headers":{"Call-ID":"user-1@192.0.2.1"}, "n": 15550100002, "initialText":null,
      "parameters":{"token":"token-1"}, "timestamp":"2013-02-19T15:07:40.000Z"}}"#
    );
    let numbers = r#"{"pin": 4930, "card": [4111111111111111, 1], "a": 1.5e3, "lat": 0.5, "latitude": -12.25}"#;
    assert_eq!(
        names.body(numbers),
        r#"{"pin": "token-2", "card": [9000000000000001, 1], "a": 1.5e3, "lat": 0.5, "latitude": -90.01}"#
    );
    assert_eq!(
        names.body("{\"a\": [\"4075551212\", {\"b\""),
        "{\"a\": [\"5550100000\", {\"b\""
    );
}

#[test]
fn secrets_are_told_by_their_names() {
    for name in [
        "auth",
        "key",
        "api_key",
        "apikey",
        "token",
        "sig",
        "signature",
        "secret",
        "password",
        "passwd",
        "pwd",
        "pin",
        "otp",
        "ssn",
        "session",
        "X-Shared-Key",
        "X-Auth-User",
        "X-Api-Key",
        "verification_code",
        "VerificationCode",
        "authToken",
        "pw",
        "userPin",
        "csrf-token",
        "pass",
    ] {
        let value = if name.to_lowercase().ends_with("code") {
            "493021"
        } else {
            "s3cr3t-value"
        };
        let secret = |shown: &str| !shown.contains(value) && shown.contains("token-1");
        let url = Pseudonyms::new().url(&format!("https://a.example/x?{name}={value}"));
        let json = Pseudonyms::new().body(&format!("{{\"{name}\": \"{value}\"}}"));
        let form = Pseudonyms::new().field("", name, value);
        assert!(secret(&url) && secret(&json) && secret(&form), "{url} {json} {form}");
        let header = Pseudonyms::new().headers(&[(name.to_owned(), value.to_owned())]);
        assert!(name.contains("ode") || secret(&header[0].1), "{header:?}");
        assert_eq!(Pseudonyms::new().field("", name, "12"), "12", "{name}");
    }
    for text in [
        "charge sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "slack xoxb-123456-abcdefghij",
        "aws AKIAIOSFODNN7EXAMPLE",
        "new Twilio(sid, { authToken: 'abcdefghij' })",
        "'password' => 'hunter22'",
        "pin='4930'",
    ] {
        assert!(one(text).contains("token-1"), "{}", one(text));
    }
    for (name, value) in [
        ("ErrorCode", "11200"),
        ("monkey", "bananas"),
        ("finishOnKey", "#"),
        ("StatusCode", "5000"),
    ] {
        assert_eq!(Pseudonyms::new().field("", name, value), value);
    }
    assert_eq!(one("unexpected token: something"), "unexpected token: something");
}

#[test]
fn json_in_a_parameter_is_json() {
    let mut names = Pseudonyms::new();
    for (name, value, shown) in [
        (
            "AddOns",
            r#"{"results":{"twilio_caller_name":{"result":{"caller_name":{"caller_name":"WALDORF STATLER"}}}}}"#,
            r#"{"results":{"twilio_caller_name":{"result":{"caller_name":{"caller_name":"name-1"}}}}}"#,
        ),
        (
            "ChannelMetadata",
            r#" [{"context":{"ProfileName":"Gonzo Great"}}]"#,
            r#" [{"context":{"ProfileName":"name-2"}}]"#,
        ),
        ("national_format", "(202) 555-0141", "(555) 010-0000"),
        ("Address", "375 Beale St", "[text 1, 12 characters]"),
        ("ButtonText", "Yes please", "[text 2, 10 characters]"),
        ("mobile", "2025550141", "5550100000"),
    ] {
        assert_eq!(names.field("", name, value), shown, "{name}");
    }
    assert!(!names.field("", "Latitude", "37.78779").contains("37.7"));
}

#[test]
fn a_value_taught_later_is_found_in_what_is_written_first() {
    let mut names = Pseudonyms::new();
    let request = Request {
        payload: params(&[("CallerName", "Jo Doe")]),
        ..Request::default()
    };
    names.learn(&request, None);
    assert_eq!(names.text("hello Jo Doe"), "hello name-1");
}

proptest! {
    #[test]
    fn nothing_personal_survives(
        numbers in prop::collection::vec("\\+(1[2-9][0-9]{2}[2-4][0-9]{6}|4[49][1-9][0-9]{8,9})", 1..4),
        sids in prop::collection::vec("(CA|SM|AC)[1-9][0-9a-f]{31}", 1..4),
        token in "[a-z0-9]{20,31}q", name in "[A-Z][a-z]{3,8} [A-Z][a-z]{3,8}", glue in "[ ,;/=&<>\"'%]{1,3}",
    ) {
        let mut all: Vec<String> = numbers.iter().chain(&sids).cloned().collect();
        let request = Request {
            url: Some(format!("https://h.example.org/x?t={}", sids[0])),
            headers: vec![("Authorization".to_owned(), token.clone())],
            payload: params(&[("From", &numbers[0]), ("CallerName", &name), ("Body", &format!("I am {name}, {}", numbers[0]))]),
            ..Request::default()
        };
        let mut names = Pseudonyms::new();
        names.learn(&request, None);
        all.extend([token, name]);
        let plain = all.join(&glue);
        let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(all.iter().map(|v| ("x", v))).finish();
        let json = serde_json::to_string(&all).unwrap();
        for text in [&plain, &form, &json] {
            let shown = names.text(text);
            let shown_body = names.body(text);
            for value in &all {
                let digits = value.trim_start_matches('+');
                let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                for written in [value.as_str(), digits, &encoded] {
                    prop_assert!(!shown.contains(written), "{written} in {shown}");
                    prop_assert!(!shown_body.contains(written), "{written} in {shown_body}");
                }
            }
            prop_assert_eq!(names.text(text), shown);
        }
        let shown = format!("{:?}", names.request(&request));
        for value in &all {
            prop_assert!(!shown.contains(value.trim_start_matches('+')), "{value} in {shown}");
        }
    }

    #[test]
    fn no_learnt_number_survives_in_any_spelling(
        home in "[2-9][0-9]{2}[2-9][0-9]{6}", abroad in "(49|353|33)[1-9][0-9]{8,9}", others in prop::collection::vec("\\+?[0-9]{1,12}", 2),
        glue in "[ ,;/=&<>\"'(]{1,3}", order in prop::collection::vec(0..9_usize, 1..6),
    ) {
        let mut names = Pseudonyms::new();
        names.learn_party(&format!("+1{home}"));
        names.learn_party(&format!("+{abroad}"));
        let (country, own) = abroad.split_at(if abroad.starts_with("353") { 3 } else { 2 });
        let spellings = [
            format!("+1{home}"), home.clone(), format!("1{home}"), format!("({}) {}-{}", &home[..3], &home[3..6], &home[6..]),
            format!("+{abroad}"), format!("00{abroad}"), format!("0{own}"), format!("+{country} (0){own}"), format!("0{}/{}", &own[..3], &own[3..]),
        ];
        for n in order {
            let text = [&others[0], &spellings[n], &others[1]].map(String::as_str).join(&glue);
            let shown = names.text(&text);
            let digits = numbers::digits(&shown);
            prop_assert!(!digits.contains(&home) && !digits.contains(own), "{text}: {shown}");
        }
    }

    #[test]
    fn different_values_have_different_stand_ins(numbers in prop::collection::hash_set("\\+1[2-9][0-9]{2}[2-4][0-9]{6}", 2..12)) {
        let mut names = Pseudonyms::new();
        let shown: std::collections::HashSet<String> = numbers.iter().map(|n| names.text(n)).collect();
        prop_assert_eq!(shown.len(), numbers.len());
        for s in shown {
            prop_assert!(s.starts_with("+1555010") && s.len() == 12, "{s}");
        }
    }

    #[test]
    fn any_text_is_taken(text: String, body in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,60}") {
        let mut names = Pseudonyms::new();
        let _ = names.text(&text);
        let _ = names.url(&text);
        let _ = names.body(&body);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_err() || serde_json::from_str::<serde_json::Value>(&names.body(&body)).is_ok());
    }
}
