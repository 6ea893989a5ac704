//! A replay as an entry of a HAR 1.2 file: what was sent, and what became of it.
//!
//! Header values that let somebody in are dots, and so is the auth token wherever it stands ([`Hidden`]): an app's error page may
//! show its environment. An answer is kept as it was decoded. `_redial` says what [`crate::format::twilio`] reads there (`error`,
//! `fault`, `why`, `aborted`, `response_kept`), and under `replay` how it was signed, whether it was edited, and notes.

use std::borrow::Cow;
use std::time::Duration;

use memchr::memmem;
use serde::Serialize;
use serde_json::Value;

use crate::config::Secret;
use crate::format::har::{Content, Entry, Nothing, Pair, Request, Response, Text, Timings, millis};
use crate::model::Time;
use crate::replay::{Plan, Sent, TransportError};
use crate::store::mask;

/// A shorter token is none that a platform gave, and may stand anywhere by chance.
const SHORTEST: usize = 8;

/// What must not be seen in what is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hidden<'s> {
    token: Option<&'s Secret>,
}

impl<'s> Hidden<'s> {
    /// Values of secret headers, and this token.
    pub fn new(token: Option<&'s Secret>) -> Self {
        Self {
            token: token.filter(|t| t.expose().len() >= SHORTEST),
        }
    }

    /// A text without the token.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        match self.token {
            Some(t) if text.contains(t.expose()) => text.replace(t.expose(), Secret::DOTS).into(),
            _ => text.into(),
        }
    }

    /// A body without the token.
    pub fn bytes(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let Some(token) = self.token.map(|t| t.expose().as_bytes()) else {
            return bytes.into();
        };
        let (mut out, mut from) = (Vec::new(), 0);
        for at in memmem::find_iter(bytes, token) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(Secret::DOTS.as_bytes());
            from = at + token.len();
        }
        if from == 0 {
            return bytes.into();
        }
        out.extend_from_slice(&bytes[from..]);
        out.into()
    }

    /// A header's value as it may be kept.
    pub fn header<'t>(self, name: &str, value: &'t str) -> Cow<'t, str> {
        self.text(mask(name, value))
    }

    /// Every text in a JSON value without the token.
    #[must_use]
    pub fn value(self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into_owned().into(),
            Value::Array(all) => all.into_iter().map(|v| self.value(v)).collect(),
            Value::Object(all) => all.into_iter().map(|(n, v)| (n, self.value(v))).collect(),
            other => other,
        }
    }

    fn headers<'t>(self, headers: &'t [(String, String)]) -> Vec<Pair<'t>> {
        let pair = |(name, value): &'t (String, String)| Pair {
            name: name.into(),
            value: self.header(name, value),
        };
        headers.iter().map(pair).collect()
    }
}

/// `_redial`.
#[derive(Serialize)]
struct Own<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aborted: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_kept: Option<usize>,
    replay: Replay<'a>,
}

/// `_redial.replay`.
#[derive(Serialize)]
struct Replay<'a> {
    signature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_url: Option<Cow<'a, str>>,
    edited: bool,
    notes: Vec<Cow<'a, str>>,
}

/// One attempt that began at a time.
pub fn entry(at: Time, plan: &Plan, sent: &Sent, hidden: Hidden<'_>) -> String {
    let connect = sent.connect_ms.map(Duration::from_millis);
    let all = Duration::from_millis(sent.ms);
    let entry = Entry {
        started_date_time: at.to_string(),
        time: millis(all),
        request: request(plan, hidden),
        response: response(sent, hidden),
        cache: Nothing {},
        timings: Timings {
            connect: connect.map(millis),
            send: 0.0,
            wait: millis(all.saturating_sub(connect.unwrap_or_default())),
            receive: 0.0,
        },
        server: sent.peer.map(|p| p.ip().to_string()),
        own: own(plan, sent, hidden),
    };
    // Only maps with keys that are no text could fail.
    serde_json::to_string(&entry).unwrap_or_default()
}

fn request<'a>(plan: &'a Plan, hidden: Hidden<'_>) -> Request<'a> {
    let headers = hidden.headers(&plan.headers);
    let size = plan.body.len() as u64;
    let request = Request::new(plan.method.as_str(), hidden.text(&plan.url), "HTTP/1.1", headers, size);
    if plan.body.is_empty() {
        return request;
    }
    let kind = value(&plan.headers, "content-type");
    request.with_body(kind, Text::of(hidden.bytes(&plan.body), false))
}

fn response<'a>(sent: &'a Sent, hidden: Hidden<'_>) -> Response<'a> {
    let Some(status) = sent.status else {
        return Response::none();
    };
    Response {
        status,
        status_text: "",
        http_version: "HTTP/1.1",
        cookies: [],
        headers: hidden.headers(&sent.headers),
        content: Content {
            size: sent.total_len,
            mime_type: value(&sent.headers, "content-type").into(),
            text: Text::of(hidden.bytes(&sent.body), sent.truncated || sent.error.is_some()),
        },
        redirect_url: hidden.text(value(&sent.headers, "location")),
        headers_size: -1,
        // Of an answer in gzip only the length that it decodes to is known.
        body_size: -1,
    }
}

fn own<'a>(plan: &'a Plan, sent: &Sent, hidden: Hidden<'_>) -> Own<'a> {
    let late = matches!(sent.error, Some(TransportError::Timeout { .. }));
    let words = sent.error.as_ref().filter(|_| !late).map(TransportError::words);
    Own {
        error: words.map(|w| w.0),
        fault: words.map(|w| w.1),
        why: sent
            .error
            .as_ref()
            .map(|e| hidden.text(&e.to_string()).into_owned().into()),
        // As a platform whose time is over.
        aborted: late.then_some("client"),
        response_kept: sent.truncated.then_some(sent.body.len()),
        replay: Replay {
            signature: plan.signature.as_str(),
            signed_url: plan.signed_url.as_deref().map(|u| hidden.text(u)),
            edited: plan.edited,
            notes: plan.notes.iter().map(|n| hidden.text(n)).collect(),
        },
    }
}

/// The first value of a header.
fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map_or("", |(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::twilio;
    use crate::model::Outcome;
    use crate::replay::SignatureUse;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn plan() -> Plan {
        let header = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        Plan {
            method: "POST".to_owned(),
            url: "http://127.0.0.1:3000/voice?a=1&b=%20".to_owned(),
            path: "/voice?a=1&b=%20".to_owned(),
            host_header: "127.0.0.1:3000".to_owned(),
            headers: vec![
                header("Host", "127.0.0.1:3000"),
                header("Content-Type", "application/x-www-form-urlencoded"),
                header("Authorization", "Basic c2VjcmV0"),
                header("X-Twilio-Signature", "c2lnbmF0dXJl"),
            ],
            body: b"CallSid=CA00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000001".to_vec(),
            signature: SignatureUse::Resigned,
            signed_url: None,
            edited: false,
            timeout: Duration::from_secs(15),
            notes: Vec::new(),
        }
    }

    fn sent() -> Sent {
        Sent {
            status: Some(500),
            headers: vec![("set-cookie".to_owned(), "session=1".to_owned())],
            body: format!("<pre>TWILIO_AUTH_TOKEN={TOKEN}</pre>").into_bytes(),
            total_len: 60,
            ms: 12,
            ..Sent::default()
        }
    }

    fn entry_of(sent: &Sent) -> (String, Value) {
        let token = Secret::new(TOKEN);
        let text = entry(Time(0), &plan(), sent, Hidden::new(Some(&token)));
        let value = serde_json::from_str(&text).unwrap();
        (text, value)
    }

    #[test]
    fn what_lets_somebody_in_is_dots() {
        let (text, entry) = entry_of(&sent());
        for secret in [TOKEN, "c2VjcmV0", "session=1"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(
            entry["response"]["content"]["text"],
            "<pre>TWILIO_AUTH_TOKEN=••••••</pre>"
        );
        assert_eq!(entry["request"]["headers"][3]["value"], "c2lnbmF0dXJl");
        let binary = Sent {
            body: [b"\xff".as_slice(), TOKEN.as_bytes()].concat(),
            ..sent()
        };
        let body = entry_of(&binary).1["response"]["content"]["text"].clone();
        assert_eq!(body, "/+KAouKAouKAouKAouKAouKAog==");
        let short = Secret::new("CA");
        assert!(entry_with(&short).contains("CallSid"));
    }

    fn entry_with(token: &Secret) -> String {
        entry(Time(0), &plan(), &sent(), Hidden::new(Some(token)))
    }

    /// What is kept can be read like anything else that was recorded.
    #[test]
    fn an_entry_is_read_again() {
        let timeout = TransportError::Timeout {
            ms: 15_000,
            begun: false,
        };
        for (error, status, outcome) in [
            (None, Some(500), Outcome::HttpError),
            (Some(timeout), None, Outcome::Timeout),
            (
                Some(TransportError::Refused("x".to_owned())),
                None,
                Outcome::Unreachable,
            ),
            (Some(TransportError::Closed("early")), None, Outcome::NoReply),
        ] {
            let sent = Sent {
                status,
                error,
                ..sent()
            };
            let reading = twilio::read_facts(entry_of(&sent).0.as_bytes());
            let record = &reading.records[0].1;
            assert_eq!(record.outcome, outcome, "{record:?}");
            assert_eq!(record.at, Some(Time(0)));
        }
    }

    #[test]
    fn the_query_is_told_decoded() {
        let entry = entry_of(&sent()).1;
        let query = serde_json::json!([{"name": "a", "value": "1"}, {"name": "b", "value": " "}]);
        assert_eq!(entry["request"]["queryString"], query);
        assert_eq!(
            (&entry["response"]["status"], &entry["time"]),
            (&500.into(), &12.0.into())
        );
    }
}
