//! Signatures made for one URL, explained against another.

use super::doctor::{Case, Cause, Change, Found, MOST, Search, examine, rebuilt};
use super::{Algorithm, sign, with_body_sha256};
use crate::config::Secret;

fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn token() -> (String, Secret) {
    ("TWILIO_AUTH_TOKEN".to_owned(), Secret::new("12345"))
}

/// Signed for one URL and searched from another.
fn explained(signed: &str, given: &str, also: &[&str]) -> Search {
    let params = pairs(&[("CallSid", "CA1"), ("Digits", "1"), ("From", "+15551234567")]);
    let tokens = [token()];
    let also: Vec<String> = also.iter().map(|&a| a.to_owned()).collect();
    examine(
        &Case {
            signature: &sign(signed, &params, &tokens[0].1, Algorithm::HmacSha1),
            url: given,
            params: &params,
            also: &also,
            tokens: &tokens,
            ..Case::default()
        },
        MOST,
    )
}

#[test]
fn which_url_was_signed() {
    use Change as C;
    for (signed, given, changes) in [
        ("https://a.example/v", "https://a.example/v", &[][..]),
        ("https://a.example/v", "http://a.example/v", &[C::Scheme]),
        ("http://a.example/v", "https://a.example/v", &[C::Scheme]),
        ("https://a.example/v", "http://a.example:3000/v", &[C::Scheme, C::Port]),
        ("https://a.example:443/v", "https://a.example/v", &[C::Port]),
        ("https://a.example/v", "https://A.Example/v", &[C::HostCase]),
        ("https://a.example/v", "https://www.a.example/v", &[C::Host]),
        ("https://a.example/v/", "https://a.example/v", &[C::Slash]),
        ("https://a.example/v", "http://a.example/v/", &[C::Scheme, C::Slash]),
        ("https://a.example", "https://a.example/", &[C::Slash]),
        (
            "https://a.example/caf%C3%A9",
            "https://a.example/café",
            &[C::PathEncoding],
        ),
        ("https://a.example/v", "https://a.example/v?x=1", &[C::QueryDropped]),
        (
            "https://a.example/v?a=1&b=2",
            "https://a.example/v?b=2&a=1",
            &[C::QueryOrder],
        ),
        (
            "https://a.example/v?a=1+2",
            "https://a.example/v?a=1%202",
            &[C::QueryEncoding],
        ),
        (
            "https://a.example/v?u=%2fx",
            "https://a.example/v?u=%2Fx",
            &[C::QueryEncoding],
        ),
        (
            "https://a.example/v?u=https%3A%2F%2Fb",
            "https://a.example/v?u=https://b",
            &[C::QueryEncoding],
        ),
        ("https://a.example/v?", "https://a.example/v", &[C::QuestionMark]),
        ("https://a.example/v", "https://a.example/v?", &[C::QuestionMark]),
        ("https://a.example/v#rc=1", "https://a.example/v#rc=1", &[C::Fragment]),
        ("https://a.example/v", "https://u:p@a.example/v#rc=1", &[]),
        ("http://[::1]:80/v", "http://[::1]/v", &[C::Port]),
        ("wss://a.example/s/", "ws://a.example/s", &[C::Scheme, C::Slash]),
    ] {
        let found = explained(signed, given, &[])
            .found
            .unwrap_or_else(|| panic!("{signed} {given}"));
        assert_eq!(found.url, signed);
        assert_eq!(found.changes, changes, "{signed} {given}");
        assert_eq!(found.is_as_given(), changes.is_empty());
        let said = found.diagnosis(given);
        assert_eq!(said.is_empty(), changes.is_empty(), "{said:?}");
    }
}

#[test]
fn other_hosts_are_tried_where_they_are_named() {
    let (signed, given) = ("https://x.ngrok.app/v?a=1", "http://localhost:3000/v?a=1");
    assert_eq!(explained(signed, given, &[]).found, None);
    for also in ["https://x.ngrok.app", "x.ngrok.app", "https://u@x.ngrok.app/other"] {
        let found = explained(signed, given, &[also]).found.unwrap();
        assert_eq!(found.url, signed);
        assert_eq!(found.causes(), [Cause::Proxy]);
    }
}

/// Signed over these parameters, searched with others.
fn with_params(signed: &[(&str, &str)], given: &[(&str, &str)]) -> Option<Found> {
    let url = "https://a.example/v";
    let (signed, given, tokens) = (pairs(signed), pairs(given), [token()]);
    let signature = sign(url, &signed, &tokens[0].1, Algorithm::HmacSha1);
    let case = Case {
        signature: &signature,
        url,
        params: &given,
        tokens: &tokens,
        ..Case::default()
    };
    examine(&case, MOST).found
}

#[test]
fn which_parameters_were_signed() {
    for (signed, given, how) in [
        (
            &[("A", "1"), ("A", "2")][..],
            &[("A", "2"), ("A", "1"), ("A", "1")][..],
            None,
        ),
        (&[], &[("A", "1")], Some("without the parameters")),
        (&[("From", "+1555")], &[("From", " 1555")], Some("`+`")),
        (&[("A", "x")], &[("A", " x ")], Some("blanks")),
        (&[("A", "1")], &[("A", "1"), ("B", "")], Some("without empty")),
        (&[("A", "2")], &[("A", "1"), ("A", "2")], Some("last value")),
        (&[("A", "1")], &[("A", "1"), ("A", "2")], Some("first value")),
        (
            &[("FromCity", "SF"), ("From", "client:joe")],
            &[("From", "client:joe"), ("FromCity", "SF")],
            None,
        ),
    ] {
        let found = with_params(signed, given).unwrap_or_else(|| panic!("{signed:?} {given:?}"));
        assert_eq!(found.params.is_some(), how.is_some(), "{found:?}");
        assert!(how.is_none_or(|h| found.params.unwrap().contains(h)), "{found:?}");
    }
    assert_eq!(with_params(&[("A", "1")], &[("A", "3")]), None);
}

#[test]
fn which_token_hash_and_body() {
    let (url, body) = ("https://a.example/e", b"{\"a\":1}");
    let tokens = [token(), ("OTHER".to_owned(), Secret::new("67890"))];
    let signed = with_body_sha256(url, body);
    let found = |signature: &str, url: &str, body: Option<&[u8]>| {
        let case = Case {
            signature,
            url,
            body,
            tokens: &tokens,
            ..Case::default()
        };
        examine(&case, MOST).found
    };
    let other = sign(&signed, &[], &tokens[1].1, Algorithm::HmacSha1);
    let one = found(&other, &signed, Some(body)).unwrap();
    assert_eq!((one.token.as_deref(), one.changes.len()), (Some("OTHER"), 0));
    let sha256 = sign(&signed, &[], &tokens[0].1, Algorithm::HmacSha256);
    assert_eq!(
        found(&sha256, &signed, Some(body)).unwrap().algorithm,
        Some(Algorithm::HmacSha256)
    );
    let sha1 = sign(&signed, &[], &tokens[0].1, Algorithm::HmacSha1);
    let bare = found(&sha1, url, Some(body)).unwrap();
    assert_eq!(
        (bare.changes.as_slice(), bare.other_body),
        (&[Change::BodyHash][..], false)
    );
    assert!(found(&sha1, &signed, Some(b"{ }")).unwrap().other_body);
    for bad in ["", "x", "AAAA", "%%%"] {
        assert_eq!(found(bad, url, None), None);
    }
    // No token shows up in what is said.
    assert!(!format!("{one:?} {:?}", one.diagnosis(url)).contains("67890"));
}

/// What the platform's own libraries accept for a URL is found, whatever they do to it.
#[test]
fn every_published_signature_is_explained() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/data/signature-vectors.json")).unwrap();
    let mut seen = 0;
    for v in vectors["valid"].as_array().unwrap() {
        let text = |name: &str| v[name].as_str().unwrap_or_default();
        let params: Vec<(String, String)> = serde_json::from_value(v["params"].clone()).unwrap_or_default();
        let tokens = [("T".to_owned(), Secret::new(text("auth_token")))];
        let case = Case {
            signature: text("signature"),
            url: text("request_url"),
            params: &params,
            body: v["body"].as_str().filter(|_| params.is_empty()).map(str::as_bytes),
            tokens: &tokens,
            ..Case::default()
        };
        let found = examine(&case, MOST).found;
        assert!(found.is_some_and(|f| f.url == text("signed_url")), "{}", text("id"));
        seen += 1;
    }
    assert_eq!(seen, 23);
}

#[test]
fn the_search_is_bounded() {
    let tokens: Vec<(String, Secret)> = (0..6).map(|n| (format!("T{n}"), Secret::new(format!("{n}")))).collect();
    let params = pairs(&[("A", " 1"), ("A", ""), ("B", "x ")]);
    let also: Vec<String> = (0..50).map(|n| format!("h{n}.example")).collect();
    let signature = sign("https://nowhere.example/", &[], &Secret::new("x"), Algorithm::HmacSha1);
    let query = (0..200).map(|n| format!("&p{n}=%2f+{n}")).collect::<Vec<_>>().concat();
    let url = format!("https://www.A.example:81/é/%41?bodySHA256=0{query}#f");
    let case = Case {
        signature: &signature,
        url: &url,
        params: &params,
        also: &also,
        tokens: &tokens,
        ..Case::default()
    };
    let search = examine(&case, 500);
    assert_eq!((search.found, search.tried), (None, 500));
    assert!(search.of > 10_000, "{}", search.of);
}

#[test]
fn large_parameters_are_not_hashed_without_end() {
    let tokens = [token()];
    let params = vec![("Body".to_owned(), "x".repeat(4 << 20))];
    let signature = sign("https://nowhere.example/", &[], &Secret::new("x"), Algorithm::HmacSha1);
    let case = Case {
        signature: &signature,
        url: "http://a.example/v?x=1",
        params: &params,
        tokens: &tokens,
        ..Case::default()
    };
    let search = examine(&case, MOST);
    assert!(search.tried < search.of && search.found.is_none());
}

#[test]
fn what_an_app_may_rebuild() {
    let urls = |url| rebuilt(url).into_iter().map(|(u, _)| u).collect::<Vec<_>>();
    assert_eq!(urls("https://a.example/v?x=1"), [""; 0]);
    assert_eq!(urls("https://a.example/v?x=%2F"), ["https://a.example/v?x=/"]);
    assert_eq!(
        urls("https://a.example/%41?x=%2F#f"),
        ["https://a.example/A?x=/", "https://a.example/A?x=%2F"]
    );
    assert_eq!(urls("https://a.example/v?"), ["https://a.example/v"]);
}
