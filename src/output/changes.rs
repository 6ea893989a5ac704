//! What the user changed of a request before it was sent: one [`Change`] for each name, for JSON, for people, and for the store.
//!
//! Only what differs in the end: a parameter that is set to what it was is none. Values that let somebody in are dots. What a change
//! does to the request is [`crate::replay`]'s.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fit;
use super::har::Hidden;
use super::safe::printable;
use crate::config::Secret;
use crate::model::{Payload, Request};
use crate::replay::{Edits, leaves};

/// Columns of a value in a line for people.
const VALUE: usize = 40;

/// One changed thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `set`, `unset`, `header`, `body`, `method` or `url`.
    pub what: Cow<'static, str>,
    /// Of the parameter or header, or the path in the document; none for the rest.
    pub name: Option<String>,
    /// Before; none where there was nothing, or where it is too much to tell.
    pub from: Option<String>,
    /// After; none where it was taken away, or where it is too much to tell.
    pub to: Option<String>,
}

type Pairs = Vec<(String, String)>;

/// What differs between a recorded request and what was made of it: by hand (`after`), then by name (`edits`).
pub fn changes(before: &Request, after: &Request, edits: &Edits, hidden: Hidden<'_>) -> Vec<Change> {
    let mut out = Vec::new();
    let mut tell = |what, name: Option<&str>, from: Option<&str>, to: Option<&str>| {
        if from != to || what == "body" {
            let text = |t: &str| hidden.text(t).into_owned();
            out.push(Change {
                what: Cow::Borrowed(what),
                name: name.map(str::to_owned),
                from: from.map(text),
                to: to.map(text),
            });
        }
    };
    tell("method", None, before.method.as_deref(), after.method.as_deref());
    tell("url", None, before.url.as_deref(), after.url.as_deref());
    match values(before, &Edits::default()).zip(values(after, edits)) {
        Some((old, new)) => parameters(&old, &new, &mut tell),
        None => tell("body", None, None, None),
    }
    for (name, value) in &edits.headers {
        let shown = |v: &str| {
            if is_secret(name) {
                Secret::DOTS.to_owned()
            } else {
                hidden.header(name, v).into_owned()
            }
        };
        let mut recorded = before.headers.iter();
        let was = recorded.find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.as_str());
        let is = Some(value.as_str()).filter(|v| !v.is_empty());
        if was != is {
            // Two secrets look the same, and are not.
            tell(
                "header",
                Some(name),
                was.map(shown).as_deref().filter(|_| !is_secret(name)),
                is.map(shown).as_deref(),
            );
        }
    }
    out
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["signature", "authorization", "cookie"]
        .iter()
        .any(|s| name.contains(s))
}

/// Each name whose values differ, those that went away last.
fn parameters(old: &Pairs, new: &Pairs, tell: &mut impl FnMut(&'static str, Option<&str>, Option<&str>, Option<&str>)) {
    let of = |all: &Pairs, name: &str| -> Option<String> {
        let values: Vec<&str> = all.iter().filter(|p| p.0 == name).map(|p| p.1.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let mut seen = BTreeSet::new();
    for (name, _) in new.iter().filter(|p| seen.insert(p.0.clone())) {
        tell("set", Some(name), of(old, name).as_deref(), of(new, name).as_deref());
    }
    for (name, _) in old.iter().filter(|p| seen.insert(p.0.clone())) {
        tell("unset", Some(name), of(old, name).as_deref(), None);
    }
}

/// Parameters, or values of the document by path, as they are sent; none where they cannot be told apart.
fn values(request: &Request, edits: &Edits) -> Option<Pairs> {
    if let Payload::Json(body) = &request.payload {
        let text = edits.json(&String::from_utf8_lossy(body)).ok()?;
        return leaves(&text).ok();
    }
    let mut all = request.params().to_vec();
    if request.is_get() {
        let query = request
            .url
            .as_deref()
            .and_then(|u| u.split_once('?'))
            .map_or("", |(_, q)| q);
        let query = form_urlencoded::parse(query.split('#').next().unwrap_or_default().as_bytes()).into_owned();
        // Some recordings have them in both places.
        let there = all.clone();
        all.extend(query.filter(|p| !there.contains(p)));
    }
    for (name, value) in &edits.set {
        all.retain(|p| p.0 != *name);
        all.push((name.clone(), value.clone()));
    }
    all.retain(|p| !edits.unset.contains(&p.0));
    Some(all)
}

/// What a store kept; of older ones only the new values are known.
pub fn kept(sent: &Value) -> Vec<Change> {
    if let Ok(all) = serde_json::from_value(sent["edits"].clone()) {
        return all;
    }
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let change = |what, name: &Value, to: &Value| Change {
        what: Cow::Borrowed(what),
        name: text(name),
        from: None,
        to: text(to),
    };
    let all = |name: &str| sent[name].as_array().cloned().unwrap_or_default();
    let mut out: Vec<Change> = ["method", "url"]
        .into_iter()
        .filter(|n| sent[*n].is_string())
        .map(|n| change(n, &Value::Null, &sent[n]))
        .collect();
    out.extend(all("set").iter().map(|p| change("set", &p[0], &p[1])));
    out.extend(all("unset").iter().map(|n| change("unset", n, &Value::Null)));
    out.extend(all("headers").iter().map(|p| change("header", &p[0], &p[1])));
    out.extend(
        sent["body"]
            .as_str()
            .map(|_| change("body", &Value::Null, &Value::Null)),
    );
    out
}

/// `edited: Digits 1 → 9, −msg, +X-A: b`; none where nothing differs.
pub fn line(changes: &[Change]) -> Option<String> {
    let all: Vec<String> = changes.iter().map(part).collect();
    (!all.is_empty()).then(|| format!("edited: {}", all.join(", ")))
}

fn part(change: &Change) -> String {
    let short = |text: &str| {
        let text = printable(text);
        let text = if text.is_empty() { "(empty)".into() } else { text };
        match fit::cut(&text, VALUE) {
            whole if whole.len() == text.len() => whole.to_owned(),
            cut => format!("{cut}…"),
        }
    };
    let is_header = change.what == "header";
    let name = change.name.as_deref().unwrap_or(&change.what);
    let name = printable(name);
    let colon = if is_header { ":" } else { "" };
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{name}{colon} {} → {}", short(from), short(to)),
        (None, Some(to)) if is_header => format!("+{name}: {}", short(to)),
        (None, Some(to)) => format!("+{name} {}", short(to)),
        (_, None) if change.what == "body" => "body".to_owned(),
        (_, None) => format!("−{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(payload: Payload) -> Request {
        Request {
            method: Some("POST".to_owned()),
            url: Some("https://app.example.com/menu".to_owned()),
            headers: vec![
                ("Accept".to_owned(), "a".to_owned()),
                ("Cookie".to_owned(), "id=1".to_owned()),
            ],
            payload,
        }
    }

    fn pairs(all: &[(&str, &str)]) -> Pairs {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn what_is_told_of_a_form() {
        let before = request(Payload::Form(pairs(&[("Digits", "1"), ("msg", "x"), ("same", "s")])));
        let edits = Edits {
            set: pairs(&[("Digits", "9"), ("same", "s"), ("new", &"n".repeat(90))]),
            unset: vec!["msg".to_owned(), "not there".to_owned()],
            headers: pairs(&[
                ("X-A", "b"),
                ("accept", ""),
                ("Cookie", "id=2"),
                ("X-Twilio-Signature", "abc"),
            ]),
        };
        let all = changes(&before, &before, &edits, Hidden::default());
        let cut = "n".repeat(40);
        let said = format!(
            "edited: Digits 1 → 9, +new {cut}…, −msg, +X-A: b, −accept, +Cookie: ••••••, +X-Twilio-Signature: ••••••"
        );
        assert_eq!(line(&all).unwrap(), said);
        assert_eq!(kept(&serde_json::json!({ "edits": all })), all);
        assert_eq!(
            line(&changes(&before, &before, &Edits::default(), Hidden::default())),
            None
        );
    }

    #[test]
    fn what_is_told_of_a_document_and_of_a_draft() {
        let before = request(Payload::Json(br#"{"result":{"value":"1","gone":2}}"#.to_vec()));
        let mut after = request(Payload::Json(br#"{"result":{"value":"1"}}"#.to_vec()));
        after.url = Some("https://app.example.com/other".to_owned());
        let edits = Edits {
            set: pairs(&[("result.value", "7")]),
            ..Edits::default()
        };
        let all = changes(&before, &after, &edits, Hidden::default());
        let said = "edited: url https://app.example.com/menu → https://app.example.com/other, result.value 1 → 7, −result.gone";
        assert_eq!(line(&all).unwrap(), said);
        let broken = request(Payload::Json(b"{".to_vec()));
        assert_eq!(
            line(&changes(&before, &broken, &edits, Hidden::default())).unwrap(),
            "edited: body"
        );
    }

    #[test]
    fn what_older_stores_kept() {
        let old = serde_json::json!({"set": [["Digits", "7"]], "unset": ["msg"]});
        assert_eq!(line(&kept(&old)).unwrap(), "edited: +Digits 7, −msg");
        assert_eq!(line(&kept(&Value::Null)), None);
    }
}
