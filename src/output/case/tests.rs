use super::*;
use crate::model::{Problem, Verdict};
use proptest::prelude::*;

fn case(payload: Payload) -> Case {
    Case {
        id: "r0123456789".to_owned(),
        call: "CA0".to_owned(),
        provider: Provider::Twilio,
        kind: RequestKind::Gather,
        was: "http-error 500 11200".to_owned(),
        expect: Expect::default(),
        request: Request {
            method: Some("POST".to_owned()),
            url: Some("https://app.example.com/menu?x=%20".to_owned()),
            headers: Vec::new(),
            payload,
        },
    }
}

fn form(pairs: &[(&str, &str)]) -> Payload {
    Payload::Form(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn a_file_as_people_read_it() {
    let case = case(form(&[("Digits", "2"), ("From", "+15550100000")]));
    assert_eq!(
        case.text("500 on /menu", &[]),
        "## 500 on /menu\n##\n# id: r0123456789\n# call: CA0\n# provider: twilio\n# kind: gather\n# was: http-error 500 11200\n# body: form\n\
         # expect: pass\n\nPOST https://app.example.com/menu?x=%20\n\nDigits=2\nFrom=+15550100000\n"
    );
}

#[test]
fn every_directive_is_read() {
    let text = "# expect: fail 12100\n# status: 200\n# content-type: text/xml\n# contains: <Gather\n# contains: two\n# a note: of no matter\n# https://example.com/x: y\n## todo: z\n# \n\
                # provider: tropo\n# kind: result\nPOST /r\nX-One: 1\n\n{\"result\":{}}\n";
    let case = Case::read(text).unwrap();
    assert_eq!(case.expect.words(), "fail 12100");
    assert_eq!((case.expect.status, case.expect.contains.len()), (Some(200), 2));
    assert_eq!((case.provider, case.kind), (Provider::Tropo, RequestKind::Result));
    assert_eq!(case.request.url.as_deref(), Some("http://localhost/r"));
    assert_eq!(case.request.payload, Payload::Json(b"{\"result\":{}}".to_vec()));
    assert_eq!(case.request.headers, [("X-One".to_owned(), "1".to_owned())]);
    assert_eq!(Case::read(&text.replace('\n', "\r\n")).unwrap(), case);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, part) in [
        ("", 1, "no request"),
        ("# only a comment\n", 1, "no request"),
        ("#\n# expect: maybe\nGET /\n", 2, "no expectation"),
        ("# status: ok\nGET /\n", 1, "no HTTP status"),
        (
            "# expcet: fail 11200\nGET /\n",
            1,
            "`expcet:` is no directive, did you mean `expect`;",
        ),
        ("\n#Expect: fail\nGET /\n", 2, "did you mean `expect`"),
        ("# content_type: a/b\nGET /\n", 1, "did you mean `content-type`"),
        ("# todo: more\nGET /\n", 1, "known are id, call"),
        ("# provider: acme\nGET /\n", 1, "neither"),
        ("# kind: wedding\nGET /\n", 1, "none of"),
        ("# body: xml\nGET /\n", 1, "neither"),
        ("FETCH /\n", 1, "no HTTP method"),
        ("POST\n", 1, "URL is missing"),
        ("POST voice\n", 1, "must begin with"),
        ("POST /voice\nno header\n", 2, "colon"),
        ("POST /voice\n\na=1\nb\n", 4, "no `=`"),
        (
            "# body: json\nPOST /r\n\n{\n\"a\":1,,\n}\n",
            5,
            "not JSON: key must be a string (column 7)",
        ),
    ] {
        let error = Case::read(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.message.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn what_is_missed_is_told() {
    let failing = Verdict {
        problems: vec![Problem::error("11200", "it answers 500")],
    };
    let passing = Verdict::default();
    let missed = |text: &str, verdict: &Verdict| {
        let expect = Case::read(&format!("{text}\nPOST /\n")).unwrap().expect;
        let headers = [("content-type".to_owned(), "text/xml; charset=utf-8".to_owned())];
        expect.missed(verdict, Some(500), &headers, b"<Response/>")
    };
    assert!(missed("# expect: pass", &passing).is_empty());
    assert!(missed("# expect: fail", &failing).is_empty());
    assert!(missed("# expect: fail 11200", &failing).is_empty());
    assert_eq!(
        missed("# expect: pass", &failing),
        ["expected pass, and it fails with 11200"]
    );
    assert_eq!(
        missed("# expect: fail 12100", &failing),
        ["expected fail 12100, and it fails with 11200"]
    );
    assert_eq!(missed("# expect: fail", &passing), ["expected fail, and it passes"]);
    assert!(
        missed(
            "# status: 500\n# content-type: TEXT/XML\n# contains: Response",
            &passing
        )
        .is_empty()
    );
    assert_eq!(
        missed("# status: 200\n# content-type: text/html\n# contains: Gather", &passing).len(),
        3
    );
}

proptest! {
    #[test]
    fn every_form_comes_back(pairs in prop::collection::vec((any::<String>(), any::<String>()), 1..6)) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let case = case(form(&pairs));
        prop_assert_eq!(Case::read(&case.text("a title", &[])).unwrap(), case);
    }

    #[test]
    fn every_json_text_comes_back(texts in prop::collection::vec("[ -~\n]{0,20}", 1..5), broken in "\\{[ -~\n]{1,80}", title: String) {
        for body in [serde_json::to_string_pretty(&texts).unwrap(), broken] {
            let case = case(Payload::Json(body.into_bytes()));
            prop_assert_eq!(Case::read(&case.text(&format!("a title {title}"), &[])).unwrap(), case);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let _ = Case::read(&text);
    }
}
