//! What the demo's app answers: a fish and chips shop that takes orders by telephone, with four faults.
//!
//! Pure: path, parameters and "is it fixed?" in, an answer out. The faults are those that people meet: an exception for a
//! caller without a number, a bare `&` in TwiML, a slow neighbour, an exception behind Tropo. Signatures are not checked.

use std::time::Duration;

use axum::http::StatusCode;

/// How long the slow route takes before it gives up.
pub const SLOW: Duration = Duration::from_secs(6);

/// An answer, and whether it comes late.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub status: StatusCode,
    /// `Content-Type`; none without a body.
    pub kind: Option<&'static str>,
    pub body: String,
    /// True where the app waits for its kitchen first.
    pub late: bool,
}

const VOICE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Gather action="/menu" numDigits="1" timeout="5">
    <Say>This is the Chippy. To order press one.</Say>
  </Gather>
</Response>
"#;

const MENU: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Gather action="/order" numDigits="1" timeout="5">
    <Say>Fish &amp; Chips: small press one, large press two.</Say>
  </Gather>
</Response>
"#;

const ORDER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>Thank you. Ready in ten minutes.</Say>
  <Hangup/>
</Response>
"#;

const TROPO_START: &str = concat!(
    r#"{"tropo":[{"ask":{"name":"size","attempts":2,"timeout":8,"say":[{"value":"Small or large?"}],"#,
    r#""choices":{"value":"small,large"}}},{"on":{"event":"continue","next":"/tropo/order.json"}}]}"#
);

const TROPO_ORDER: &str = r#"{"tropo":[{"say":{"value":"Thank you. Ready in ten minutes."}},{"hangup":{}}]}"#;

const ABOUT: &str = "\
This is the app of `redial demo`: a fish and chips shop that takes orders by telephone.
It lives inside the program and ends with it. There is nothing at this path.

  POST /voice             fails for callers without a number, until fixed
  POST /menu              answers malformed TwiML, until fixed
  POST /order             is slow and then fails, until fixed
  POST /status            takes status callbacks
  POST /tropo/start.json  answers a Tropo document
  POST /tropo/order.json  fails, until fixed
";

/// The answer to a request. `params` are those of the query, then those of the body, as sent.
pub(super) fn reply(path: &str, params: &[&[u8]], fixed: bool) -> Reply {
    match path {
        "/voice" if fixed || has_number(params) => twiml(VOICE),
        "/voice" => threw("KeyError: no customer has the number \"anonymous\""),
        "/menu" if fixed => twiml(MENU),
        // The menu was once written by hand, without a library that escapes.
        "/menu" => twiml(&MENU.replace("&amp;", "&")),
        "/order" if fixed => twiml(ORDER),
        "/order" => Reply {
            late: true,
            ..text(
                StatusCode::SERVICE_UNAVAILABLE,
                "The kitchen's printer does not answer.\n",
            )
        },
        "/status" => Reply {
            status: StatusCode::NO_CONTENT,
            kind: None,
            body: String::new(),
            late: false,
        },
        "/tropo/start.json" => json(TROPO_START),
        "/tropo/order.json" if fixed => json(TROPO_ORDER),
        "/tropo/order.json" => threw("TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'"),
        _ => text(StatusCode::NOT_FOUND, ABOUT),
    }
}

/// True where `From` is a telephone number; a withheld one is the word `anonymous`.
fn has_number(params: &[&[u8]]) -> bool {
    params
        .iter()
        .flat_map(|p| form_urlencoded::parse(p))
        .any(|(name, value)| name == "From" && value.starts_with('+'))
}

fn twiml(body: &str) -> Reply {
    answer(StatusCode::OK, "text/xml; charset=utf-8", body.to_owned())
}

fn json(body: &str) -> Reply {
    answer(StatusCode::OK, "application/json; charset=utf-8", body.to_owned())
}

fn text(status: StatusCode, body: &str) -> Reply {
    answer(status, "text/plain; charset=utf-8", body.to_owned())
}

/// The page of a framework whose handler threw.
fn threw(exception: &str) -> Reply {
    let body = format!(
        "<html><head><title>500 Internal Server Error</title></head>\
         <body><h1>Internal Server Error</h1><p>{exception}</p></body></html>\n"
    );
    answer(StatusCode::INTERNAL_SERVER_ERROR, "text/html; charset=utf-8", body)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Reply {
    Reply {
        status,
        kind: Some(kind),
        body,
        late: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_before_and_after_the_fix() {
        for (path, before, after) in [
            ("/voice", 500, 200),
            ("/menu", 200, 200),
            ("/order", 503, 200),
            ("/status", 204, 204),
            ("/tropo/start.json", 200, 200),
            ("/tropo/order.json", 500, 200),
            ("/", 404, 404),
            ("/voice/", 404, 404),
        ] {
            for (fixed, want) in [(false, before), (true, after)] {
                assert_eq!(reply(path, &[], fixed).status.as_u16(), want, "{path} {fixed}");
            }
        }
    }

    #[test]
    fn only_the_broken_order_is_late() {
        assert!(reply("/order", &[], false).late);
        for path in ["/order", "/voice", "/menu", "/nowhere"] {
            assert!(!reply(path, &[], true).late, "{path}");
        }
    }

    #[test]
    fn a_caller_with_a_number_is_served_even_before_the_fix() {
        let status = |query: &str, body: &str| reply("/voice", &[query.as_bytes(), body.as_bytes()], false).status;
        assert_eq!(status("", "CallSid=CA1&From=%2B12025550141"), StatusCode::OK);
        assert_eq!(status("From=%2B12025550141", ""), StatusCode::OK);
        assert_eq!(status("", "From=anonymous"), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(status("", "To=%2B12025550100&From="), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn the_menu_differs_by_one_escape() {
        let (bad, good) = (reply("/menu", &[], false).body, reply("/menu", &[], true).body);
        assert!(bad.contains("Fish & Chips"));
        assert_eq!(bad.replace(" & ", " &amp; "), good);
    }

    #[test]
    fn whoever_asks_for_another_path_is_told_what_this_is() {
        let lost = reply("/favicon.ico", &[], false);
        assert!(lost.body.contains("redial demo"));
        for path in [
            "/voice",
            "/menu",
            "/order",
            "/status",
            "/tropo/start.json",
            "/tropo/order.json",
        ] {
            assert!(lost.body.contains(&format!("POST {path} ")), "{path}");
            assert_ne!(reply(path, &[], false), lost);
        }
    }
}
