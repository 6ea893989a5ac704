use super::*;
use crate::call::When;
use crate::model::{Outcome, Payload, Problem, Provider, Request, RequestKind, Response, Severity, Time};
use crate::output::export::{Asked, Item};

const NASTY: &str = "</style><script>alert(1)</script>\u{1b}[31m\u{202e}\"'&\0";

fn hostile() -> Told {
    let nasty = || Some(NASTY.to_owned());
    let body = format!("<Response>{NASTY}{}", "x".repeat(300_000));
    let asked = Asked {
        id: NASTY.to_owned(),
        call: NASTY.to_owned(),
        provider: Provider::Twilio,
        kind: RequestKind::Voice,
        at: When::At(Time(0)),
        step: None,
        outcome: Outcome::BadReply,
        status: Some(200),
        ms: Some(5),
        why_not: None,
        request: Request {
            method: nasty(),
            url: nasty(),
            headers: vec![(NASTY.to_owned(), NASTY.to_owned())],
            payload: Payload::Form(vec![(NASTY.to_owned(), NASTY.to_owned())]),
        },
        response: Some(Response {
            status: Some(200),
            headers: vec![(NASTY.to_owned(), NASTY.to_owned())],
            body: Some(body),
            ms: None,
        }),
        problems: vec![Problem::error("12100", NASTY).at((1, 3))],
        severity: Some(Severity::Error),
        found: Some((NASTY.to_owned(), NASTY.to_owned())),
        replays: Vec::new(),
        place: NASTY.to_owned(),
    };
    let found = Found {
        severity: Severity::Error,
        code: NASTY.to_owned(),
        class: NASTY.to_owned(),
        title: NASTY.to_owned(),
        advice: NASTY.to_owned(),
        evidence: format!("{NASTY}!"),
        script: vec![NASTY.to_owned()],
        at: When::Never,
        rule: NASTY.to_owned(),
        count: 2,
        request: None,
        place: NASTY.to_owned(),
    };
    Told {
        id: NASTY.to_owned(),
        also: vec![NASTY.to_owned()],
        provider: Provider::Twilio,
        parent: nasty(),
        from: nasty(),
        to: nasty(),
        direction: nasty(),
        app: nasty(),
        state: nasty(),
        started: When::At(Time(0)),
        ended: When::At(Time(1500)),
        items: vec![Item::Request(Box::new(asked)), Item::Finding(Box::new(found))],
    }
}

#[test]
fn nothing_from_outside_is_html() {
    let page = page(&[hostile(), hostile()], &About::default());
    assert!(!page.contains("<script") && !page.contains("alert(1)</"), "a script");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(
        !page.chars().any(|c| c.is_control() && c != '\n'),
        "a control character"
    );
    assert!(!page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;") && page.contains("␛[31m"));
    assert!(page.len() < 3_000_000, "{}", page.len());
}

/// The markup is that of XML but for the elements that have no end.
#[test]
fn every_element_is_closed() {
    let page = page(&[hostile()], &About { redacted: true });
    let body = page.split_once("<body>").unwrap().1;
    let body = format!("<body>{}", body.replace("</html>", "")).replace(" open>", ">");
    let body = body.split_once("</body>").unwrap().0.to_owned() + "</body>";
    let document = roxmltree::Document::parse(&body).unwrap();
    let count = |name: &str| document.descendants().filter(|n| n.has_tag_name(name)).count();
    assert_eq!(
        (count("h1"), count("main"), count("header"), count("footer")),
        (1, 1, 1, 1)
    );
    let texts = document.descendants().filter(|n| n.has_tag_name("th"));
    assert!(texts.count() > 2);
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = page(&[hostile()], &About::default());
    for word in [
        "src=",
        "href=\"http",
        "@import",
        "url(",
        "<link",
        "<script",
        "onclick",
        "style=\"",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
}
