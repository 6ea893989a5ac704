//! Chains of redirects against a server made by hand on the loopback interface.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::attempts::read_request;
use super::*;

/// Sends `recorded` to a server that gives one answer per connection; what came back and the requests as text.
fn chain(recorded: &Request, options: &Options, answers: Vec<String>) -> (Followed, Vec<String>) {
    chain_of(RequestKind::Voice, recorded, options, answers)
}

fn chain_of(kind: RequestKind, recorded: &Request, options: &Options, answers: Vec<String>) -> (Followed, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::parse(&listener.local_addr().unwrap().to_string(), &[]).unwrap();
    let (seen, requests) = mpsc::channel();
    thread::spawn(move || {
        // When the answers are used up, the listener closes and a further request is refused.
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&mut stream);
            seen.send(String::from_utf8(request).unwrap()).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let first = plan(Provider::Twilio, kind, recorded, &target, options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let followed = runtime.block_on(async {
        let pinned = target.resolve().await.unwrap();
        send_following(Provider::Twilio, kind, recorded, first, &target, options, &pinned).await
    });
    (followed, requests.try_iter().collect())
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn ok() -> String {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 11";
    format!("{head}\r\nConnection: close\r\n\r\n<Response/>")
}

fn line(request: &str) -> &str {
    request.lines().next().unwrap()
}

#[test]
fn a_302_makes_a_get_without_parameters_and_without_edits_of_them() {
    let recorded = form("https://a.example/voice?x=1", &[("Digits", "1")]);
    let edits = Edits {
        set: pairs(&[("Digits", "2")]),
        unset: vec!["Gone".to_owned()],
        headers: pairs(&[("X-Me", "1")]),
    };
    let options = Options { edits, ..signing() };
    let (followed, requests) = chain(&recorded, &options, vec![redirect(302, "/other?y=2"), ok()]);
    assert_eq!(line(&requests[0]), "POST /voice?x=1 HTTP/1.1");
    assert!(requests[0].ends_with("\r\n\r\nDigits=2"), "{}", requests[0]);
    assert_eq!(line(&requests[1]), "GET /other?y=2 HTTP/1.1");
    assert!(requests[1].contains("X-Me: 1\r\n"), "{}", requests[1]);
    assert!(followed.verdict.pass() && followed.plan.edited);
    assert_eq!(
        (followed.plan.path.as_str(), followed.sent.status),
        ("/other?y=2", Some(200))
    );
    assert_eq!(followed.plan.notes, ["--unset Gone: there is no such parameter"]);
}

#[test]
fn a_307_keeps_method_and_body() {
    let recorded = form("https://a.example/voice", &[("Digits", "1")]);
    let (followed, requests) = chain(&recorded, &signing(), vec![redirect(307, "next"), ok()]);
    assert_eq!(line(&requests[1]), "POST /next HTTP/1.1");
    assert!(requests[1].ends_with("\r\n\r\nDigits=1"));
    assert!(followed.verdict.pass() && !followed.plan.edited);

    // What a GET carries stands in its URL, and the redirect names another.
    let recorded = request(
        "GET",
        "https://a.example/voice",
        Payload::Form(pairs(&[("Digits", "1")])),
    );
    let (_, requests) = chain(&recorded, &signing(), vec![redirect(307, "/next?a=b"), ok()]);
    assert_eq!(line(&requests[0]), "GET /voice?Digits=1 HTTP/1.1");
    assert_eq!(line(&requests[1]), "GET /next?a=b HTTP/1.1");
}

#[test]
fn a_307_of_a_gather_action_leaves_its_input_behind() {
    let recorded = form(
        "https://a.example/menu",
        &[
            ("CallSid", "CA1"),
            ("Digits", "1"),
            ("FinishedOnKey", "#"),
            ("From", "x"),
        ],
    );
    let edits = Edits {
        set: pairs(&[("Digits", "2"), ("From", "y")]),
        unset: vec!["Confidence".to_owned()],
        ..Edits::default()
    };
    let options = Options { edits, ..signing() };
    let answers = || vec![redirect(307, "/next"), ok()];
    let (followed, requests) = chain_of(RequestKind::Gather, &recorded, &options, answers());
    assert!(requests[0].ends_with("\r\n\r\nCallSid=CA1&Digits=2&FinishedOnKey=%23&From=y"));
    assert_eq!(line(&requests[1]), "POST /next HTTP/1.1");
    assert!(requests[1].ends_with("\r\n\r\nCallSid=CA1&From=y"), "{}", requests[1]);
    assert!(followed.verdict.pass() && followed.plan.edited);
    let told = &followed.verdict.problems[0].message;
    assert!(
        told.contains("Digits, FinishedOnKey of a Gather action are not sent again"),
        "{told}"
    );
    // Digits of any other request, such as the key that ended a recording, stay.
    let (_, requests) = chain_of(RequestKind::Record, &recorded, &signing(), answers());
    assert!(requests[1].contains("Digits=1"), "{}", requests[1]);
}

#[test]
fn the_public_url_of_a_redirect_has_the_redirects_path() {
    let recorded = form("https://a.example/voice", &[]);
    let options = Options {
        public_url: Some("https://x.test/pre/voice".to_owned()),
        ..signing()
    };
    let (followed, _) = chain(&recorded, &options, vec![redirect(302, "/next"), ok()]);
    assert_eq!(followed.plan.signed_url.as_deref(), Some("https://x.test/next"));
}

#[test]
fn a_circle_ends_after_ten_redirects() {
    let (followed, requests) = chain(
        &form("https://a.example/voice", &[]),
        &signing(),
        (0..20).map(|_| redirect(302, "/voice")).collect(),
    );
    assert_eq!(requests.len(), 11);
    assert_eq!(followed.verdict.code(), Some("11215"));
    // The circle itself, then the POST that becomes a GET, then the GETs.
    let told: Vec<&str> = followed.verdict.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[2].ends_with("(10 times)") && !told[1].contains("times"),
        "{told:?}"
    );
}

#[test]
fn a_redirect_that_cannot_be_sent_is_a_problem() {
    let long = format!("/{}", "x".repeat(70_000));
    let (followed, requests) = chain(
        &form("https://a.example/voice", &[]),
        &signing(),
        vec![redirect(302, &long)],
    );
    assert_eq!((requests.len(), followed.sent.status), (1, Some(302)));
    assert!(!followed.verdict.pass());
    let first = &followed.verdict.problems[0].message;
    assert!(
        first.contains("cannot be followed") && first.contains("bytes long"),
        "{first}"
    );
}

#[test]
fn a_redirect_elsewhere_is_judged_as_it_stands() {
    for (location, says) in [
        ("http://198.51.100.1/voice", "another host"),
        ("http://127.0.0.1:1/voice", "another port"),
        ("https://127.0.0.1/voice", "force-https"),
    ] {
        let recorded = form("https://a.example/voice", &[]);
        let (followed, requests) = chain(&recorded, &signing(), vec![redirect(302, location)]);
        assert_eq!((requests.len(), followed.sent.status), (1, Some(302)));
        assert!(
            !followed.verdict.pass() && followed.verdict.code().is_none(),
            "{location}"
        );
        let problem = &followed.verdict.problems[0];
        assert!(problem.message.contains(says) && !problem.certain, "{problem:?}");
    }
}

#[test]
fn a_redirect_to_the_recorded_or_public_host_goes_to_the_target() {
    let recorded = form("https://a.example/voice", &[("Digits", "1")]);
    let public = Options {
        public_url: Some("app.test".to_owned()),
        ..signing()
    };
    for (options, location) in [
        (signing(), "https://a.example/menu/"),
        (signing(), "http://a.example/menu/"),
        (public, "https://app.test/menu/"),
    ] {
        let (followed, requests) = chain(&recorded, &options, vec![redirect(307, location), ok()]);
        assert_eq!(line(&requests[1]), "POST /menu/ HTTP/1.1", "{location}");
        assert!(requests[1].ends_with("\r\n\r\nDigits=1"));
        assert!(followed.verdict.pass(), "{:?}", followed.verdict);
        let told = &followed.verdict.problems[0].message;
        assert!(
            told.contains("followed at the target") && told.contains("method and body stay"),
            "{told}"
        );
    }
    for location in [
        "https://a.example:8443/menu",
        "https://a.example.evil.test/menu",
        // Asked without https, the app would say so again and again.
        "https://a.example/voice",
    ] {
        let (followed, requests) = chain(&recorded, &signing(), vec![redirect(301, location)]);
        assert_eq!(requests.len(), 1, "{location}");
        assert!(!followed.verdict.pass() && followed.verdict.code().is_none());
    }
}

#[test]
fn a_bad_location_is_not_followed() {
    for location in ["ht tp://[", "1.2.3.4:80/voice"] {
        let recorded = form("https://a.example/voice", &[]);
        let (followed, requests) = chain(&recorded, &signing(), vec![redirect(302, location)]);
        assert_eq!(requests.len(), 1);
        assert_eq!(followed.verdict.code(), Some("11216"), "{location}");
    }
}

#[test]
fn what_stands_in_the_query_of_a_get_is_lost_with_it() {
    let recorded = request("GET", "https://a.example/menu?CallSid=CA1&Digits=3&n=1", Payload::Empty);
    let (followed, requests) = chain(&recorded, &signing(), vec![redirect(302, "/next?n=1"), ok()]);
    assert_eq!(line(&requests[1]), "GET /next?n=1 HTTP/1.1");
    let told = &followed.verdict.problems[0].message;
    assert!(told.contains("so Digits, CallSid are lost"), "{told}");
}

#[test]
fn what_is_wrong_in_the_fragment_of_the_recorded_url_is_a_note() {
    // The app cannot mend it.
    let recorded = form("https://a.example/voice#rp=foo", &[]);
    let (followed, _) = chain(&recorded, &signing(), vec![ok()]);
    assert!(followed.verdict.pass());
    assert_eq!(followed.verdict.problems[0].code.as_deref(), Some("11243"));
}

#[test]
fn a_login_that_the_recorded_url_has_is_not_the_apps_fault() {
    let refuses =
        |asks: &str| format!("HTTP/1.1 401 Unauthorized\r\n{asks}Content-Length: 0\r\nConnection: close\r\n\r\n");
    let asks = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    let recorded = form("https://user:pw@a.example/voice", &[]);
    let (followed, _) = chain(&recorded, &signing(), vec![refuses(asks)]);
    let verdict = &followed.verdict;
    assert_eq!(
        (verdict.pass(), verdict.code(), verdict.problems.len()),
        (false, None, 1)
    );
    let problem = &verdict.problems[0];
    assert!(
        !problem.certain && problem.message.contains("--header 'Authorization: Basic"),
        "{problem:?}"
    );
    assert!(!problem.message.contains("pw@") && !problem.message.contains("TWILIO_AUTH_TOKEN"));

    let edits = Edits {
        headers: pairs(&[("Authorization", "Basic eDp5")]),
        ..Edits::default()
    };
    let given = Options { edits, ..signing() };
    let plain = form("https://a.example/voice", &[]);
    for (recorded, options, asks) in [
        (&recorded, given, asks),
        (&plain, signing(), asks),
        (&recorded, signing(), ""),
    ] {
        let (followed, _) = chain(recorded, &options, vec![refuses(asks)]);
        assert_eq!(followed.verdict.code(), Some("11200"));
    }
}
