//! What must not be kept of a recorded request: the values of headers that let somebody in.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::{Map, Value};

/// Headers whose values are secrets. `X-Twilio-Signature` is none: it fits one request only, and a replay wants to see it.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
const DOTS: &str = "••••••";

/// The value of a header as it may be kept: dots for `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie`.
pub fn mask<'v>(name: &str, value: &'v str) -> &'v str {
    if SECRET.iter().any(|s| name.trim().eq_ignore_ascii_case(s)) {
        DOTS
    } else {
        value
    }
}

/// A HAR entry as it may be kept. A text that is no JSON object is left alone: there are no headers to find in it.
pub(super) fn entry(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    // Both words end the names above; nearly no entry has one.
    if !["authorization", "cookie"]
        .iter()
        .any(|word| memmem::find(lower.as_bytes(), word.as_bytes()).is_some())
    {
        return Cow::Borrowed(text);
    }
    let Ok(mut entry) = serde_json::from_str::<Map<String, Value>>(text) else {
        return Cow::Borrowed(text);
    };
    let mut changed = false;
    for side in ["request", "response"] {
        if let Some(Value::Object(side)) = entry.get_mut(side) {
            changed |= headers(side.get_mut("headers"));
            changed |= cookies(side.get_mut("cookies"));
        }
    }
    if changed {
        Cow::Owned(Value::Object(entry).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

fn headers(list: Option<&mut Value>) -> bool {
    each(list, |name, value| mask(name, value) != value)
}

fn cookies(list: Option<&mut Value>) -> bool {
    each(list, |_, value| value != DOTS)
}

/// Hides the values of those `{name, value}` that are secret.
fn each(list: Option<&mut Value>, secret: impl Fn(&str, &str) -> bool) -> bool {
    let mut changed = false;
    for pair in list.and_then(Value::as_array_mut).into_iter().flatten() {
        let name = pair["name"].as_str().unwrap_or_default().to_owned();
        if let Some(value) = pair.get_mut("value")
            && value.as_str().is_some_and(|v| secret(&name, v))
        {
            *value = DOTS.into();
            changed = true;
        }
    }
    changed
}
