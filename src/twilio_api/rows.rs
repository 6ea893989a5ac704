//! What Twilio lists, as events of the store: the text as it came, and the columns that it fills.
//!
//! What a document means is read by `format`, so that the columns say the same as every screen. Odd data is kept: only what is no
//! JSON object is no event.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::format::twilio;
use crate::model::Time;
use crate::store::{EventKind, NewEvent, Origin, mask};

/// One alert or notification, listed or whole, with its own SID where it has one.
pub(super) fn event(kind: EventKind, item: &str, received: Time) -> Option<NewEvent> {
    let value: Value = serde_json::from_str(item).ok()?;
    value.as_object()?;
    let key = text(&value, "sid").unwrap_or_else(|| NewEvent::key_of(item.as_bytes()));
    let document = without_secrets(item, &value).unwrap_or_else(|| item.to_owned());
    Some(told(kind, key, document, level(&value), received))
}

/// One request of a call. Twilio gives it no id: it is known by all that it says, and by its number among equal ones of
/// a page, so that fetching it again doubles nothing and two equal ones stay two.
pub(super) fn call_event(account: &str, call: &str, item: &str, equal: usize, received: Time) -> Option<NewEvent> {
    let value: Value = serde_json::from_str(item).ok()?;
    value.as_object()?;
    let key = NewEvent::key_of(format!("{call}\n{value}\n{equal}").as_bytes());
    // As a page of one: its address is what says which call it is about.
    let uri = Value::from(format!("/2010-04-01/Accounts/{account}/Calls/{call}/Events.json"));
    let document = format!("{{\"events\":[{item}],\"uri\":{uri}}}");
    let mut event = told(EventKind::CallEvent, key, document, None, received);
    event.call = Some(call.to_owned());
    Some(event)
}

/// The requests of one page of a call's events.
pub(super) fn call_events(account: &str, call: &str, items: &[&str], received: Time) -> Vec<NewEvent> {
    let mut equal: HashMap<&str, usize> = HashMap::new();
    items
        .iter()
        .filter_map(|item| {
            let n = equal.entry(item).and_modify(|n| *n += 1).or_default();
            call_event(account, call, item, *n, received)
        })
        .collect()
}

/// True for a text that can stand in an address where a SID belongs.
pub(super) fn is_sid(text: &str) -> bool {
    (3..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn told(kind: EventKind, key: String, document: String, level: Option<String>, received: Time) -> NewEvent {
    let record = twilio::read(document.as_bytes())
        .records
        .into_iter()
        .next()
        .map(|(_, r)| r);
    NewEvent {
        key,
        kind,
        source: Origin::Pull,
        received,
        at: record.as_ref().and_then(|r| r.at),
        call: record.as_ref().and_then(|r| r.call.as_ref()).map(ToString::to_string),
        level,
        code: record.and_then(|r| r.code),
        note: None,
        document,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// As given, lower case; a notification's number by its meaning.
fn level(value: &Value) -> Option<String> {
    let level = text(value, "log_level").map(|l| l.to_ascii_lowercase());
    level.or_else(|| match text(value, "log")?.as_str() {
        "0" => Some("error".to_owned()),
        "1" => Some("warning".to_owned()),
        other => Some(other.to_owned()),
    })
}

/// Header lists of an alert, form-encoded by Twilio.
const HEADERS: [&str; 2] = ["request_headers", "response_headers"];
/// What such a list leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The document again with the values of headers that let somebody in as dots; none where there is none of them.
fn without_secrets(item: &str, value: &Value) -> Option<String> {
    let mut masked = value.clone();
    let mut changed = false;
    for name in HEADERS {
        let Some(Value::String(list)) = masked.get_mut(name) else {
            continue;
        };
        let pairs = list.split('&').map(|pair| {
            let (name, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
            let shown = mask(&name, &value);
            (shown != value).then(|| format!("{}={}", encoded(&name), encoded(shown)))
        });
        let hidden: Vec<Option<String>> = pairs.collect();
        if hidden.iter().any(Option::is_some) {
            let parts = list.split('&').zip(hidden);
            *list = parts
                .map(|(old, new)| new.unwrap_or_else(|| old.to_owned()))
                .collect::<Vec<_>>()
                .join("&");
            changed = true;
        }
    }
    // The text as it came, where nothing has to be hidden.
    changed.then(|| serde_json::to_string(&masked).unwrap_or_else(|_| item.to_owned()))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AC: &str = "AC00000000000000000000000000000001";
    const CA: &str = "CA164c8170fbe7d5d5a484814506442b83";

    #[test]
    fn an_alert_fills_its_columns() {
        let item = format!(
            r#"{{"sid":"NO1", "log_level":"Notice","error_code":"11200","resource_sid":"{CA}","alert_text":"Msg=x",
            "date_generated":"2026-03-02T12:00:00Z"}}"#
        );
        let e = event(EventKind::AlertListed, &item, Time(5)).unwrap();
        assert_eq!((e.key.as_str(), e.document.as_str()), ("NO1", item.as_str()));
        assert_eq!((e.level.as_deref(), e.code.as_deref()), (Some("notice"), Some("11200")));
        assert_eq!(e.call.as_deref(), Some(CA));
        assert_eq!(e.at, Time::parse("2026-03-02T12:00:00Z"));
    }

    #[test]
    fn odd_data_is_kept() {
        for item in [
            "{}",
            r#"{"sid":null,"log_level":5,"alert_text":[]}"#,
            r#"{"sid":"","x":{}}"#,
        ] {
            let e = event(EventKind::AlertListed, item, Time(5)).unwrap();
            assert!(e.key.starts_with("sha256:"), "{}", e.key);
            assert_eq!(e.document, item);
        }
        for item in ["5", "null", "[]", "\"x\""] {
            assert_eq!(event(EventKind::AlertListed, item, Time(5)), None);
        }
        let notification = event(EventKind::NotificationListed, r#"{"sid":"NO1","log":"0"}"#, Time(5)).unwrap();
        assert_eq!(notification.level.as_deref(), Some("error"));
    }

    #[test]
    fn a_cookie_is_not_kept() {
        let item =
            r#"{"sid":"NO1","alert_text":"","response_headers":"Content-Type=text%2Fxml&Set-Cookie=id%3Dhush&X=a+b"}"#;
        let e = event(EventKind::Alert, item, Time(5)).unwrap();
        assert!(!e.document.contains("hush"), "{}", e.document);
        assert!(
            e.document.contains("Content-Type=text%2Fxml&Set-Cookie=%E2%80%A2"),
            "{}",
            e.document
        );
        assert!(e.document.contains("&X=a+b\""), "{}", e.document);
    }

    #[test]
    fn a_call_event_is_read_with_its_call_and_known_again() {
        let item = r#"{"request":{"method":"POST","url":"https://a/voice","parameters":{}},
            "response":{"response_code":500,"date_created":"Mon, 02 Mar 2026 12:00:42 +0000"}}"#;
        let [a, b, c] = &call_events(AC, CA, &[item, "5", item, r#"{"request":{}}"#], Time(5))[..] else {
            panic!("one of four is no event");
        };
        assert_ne!(a.key, b.key);
        assert_ne!(a.key, c.key);
        let again = call_event(AC, CA, &item.replace('\n', ""), 0, Time(6)).unwrap();
        assert_eq!(again.key, a.key);
        let reading = twilio::read(a.document.as_bytes());
        assert_eq!(reading.trouble, None);
        let (_, record) = &reading.records[0];
        assert_eq!(record.call.as_ref().map(ToString::to_string).as_deref(), Some(CA));
        assert_eq!(a.code.as_deref(), Some("11200"));
        assert_eq!(a.at, Time::parse("2026-03-02T12:00:42Z"));
    }
}
