//! Properties: whatever was recorded and asked for, one request is one request.

use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,20}", "\\PC{0,8}", "[\r\n\t\0:=&?#/@%. a-c]{0,16}"]
}

fn some_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((text(), text()), 0..5)
}

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        text().prop_map(|t| format!("https://h/{t}")),
        text().prop_map(|t| format!("http://{t}"))
    ]
}

proptest! {
    #[test]
    fn nothing_breaks_the_framing(
        url in url(),
        method in prop_oneof![Just("POST".to_owned()), Just("GET".to_owned()), text()],
        params in some_pairs(),
        headers in some_pairs(),
        set in some_pairs(),
        added in some_pairs(),
        public in prop::option::of(url()),
        json in prop::option::of(text()),
        tropo: bool,
    ) {
        let payload = json.map_or(Payload::Form(params), |j| Payload::Json(j.into_bytes()));
        let recorded = Request { method: Some(method), url: Some(url), headers, payload };
        let edits = Edits { set, unset: vec!["a".to_owned()], headers: added };
        let options = Options { edits, public_url: public, ..signing() };
        let provider = if tropo { Provider::Tropo } else { Provider::Twilio };
        if let Ok(plan) = plan(provider, RequestKind::Voice, &recorded, &local(), &options) {
            let bytes = plan.wire().unwrap();
            let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
            let head = String::from_utf8_lossy(&bytes[..end]);
            // Every line of the head is the request line or one planned header.
            prop_assert_eq!(head.split(['\r', '\n']).filter(|l| !l.is_empty()).count(), 1 + plan.headers.len());
            prop_assert_eq!(head.lines().next().unwrap().split(' ').count(), 3);
            prop_assert_eq!(&bytes[end + 4..], &plan.body[..]);
        }
    }

    #[test]
    fn targets_never_panic(to in text(), allow in text()) {
        let _ = Target::parse(&to, &[allow]);
    }
}
