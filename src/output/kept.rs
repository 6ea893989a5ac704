//! A replay on its way into the store, and out of it again.
//!
//! [`Attempted`] becomes what the store keeps, without secrets; [`Kept`] is what a kept one tells: the contract's `replay` for
//! [`super::json`], one line for people. Nothing here opens a store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::changes::{self, Change};
use super::har::{self, Hidden};
use super::json::verdict;
use super::style::Role;
use crate::config::Secret;
use crate::model::{Request, Time, Verdict};
use crate::replay::{Edits, Plan, Sent};
use crate::store::{NewReplay, Replay};

/// One attempt at a request that came from the store.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    /// The request's event.
    pub event: i64,
    /// Its id in the contract.
    pub request: &'a str,
    /// Its call; none: that of the event.
    pub call: Option<&'a str>,
    /// When it was sent.
    pub at: Time,
    /// What was sent last.
    pub plan: &'a Plan,
    /// What came back.
    pub sent: &'a Sent,
    /// What the platform would say.
    pub verdict: &'a Verdict,
    /// The request as recorded.
    pub recorded: &'a Request,
    /// The request as recorded, and as it was changed by hand, where it was.
    pub changed: Option<(&'a Request, &'a Request)>,
    /// What was changed by name.
    pub edits: &'a Edits,
    /// Must not be kept.
    pub token: Option<&'a Secret>,
}

impl Attempted<'_> {
    /// As the store keeps it.
    pub fn to_keep(&self) -> NewReplay {
        let hidden = Hidden::new(self.token);
        NewReplay {
            event: Some(self.event),
            request: self.request.to_owned(),
            call: self.call.map(str::to_owned),
            at: self.at,
            pass: Some(self.verdict.pass()),
            entry: har::entry(self.at, self.plan, self.sent, hidden),
            verdict: hidden.value(verdict(self.verdict)),
            sent: self.edited(hidden),
        }
    }

    /// What the user's hand changed; none where it changed nothing.
    fn edited(&self, hidden: Hidden<'_>) -> Option<Value> {
        let mut out = Map::new();
        let mut set = self.edits.set.clone();
        let mut unset = self.edits.unset.clone();
        if let Some((before, after)) = self.changed {
            let told = [
                ("method", &before.method, &after.method),
                ("url", &before.url, &after.url),
            ];
            for (name, _, now) in told.iter().filter(|(_, was, now)| was != now) {
                out.insert((*name).to_owned(), json!(now));
            }
            let (old, new) = (before.params(), after.params());
            set.extend(new.iter().filter(|p| !old.contains(p)).cloned());
            unset.extend(
                old.iter()
                    .map(|p| &p.0)
                    .filter(|n| new.iter().all(|p| p.0 != **n))
                    .cloned(),
            );
            if before.payload != after.payload && old.is_empty() && new.is_empty() {
                out.insert("body".to_owned(), "changed".into());
            }
        }
        let headers = self.edits.headers.iter();
        let headers: Vec<_> = headers.map(|(n, v)| (n, hidden.header(n, v))).collect();
        for (name, value) in [
            ("set", json!(set)),
            ("unset", json!(unset)),
            ("headers", json!(headers)),
        ] {
            if value.as_array().is_some_and(|all| !all.is_empty()) {
                out.insert(name.to_owned(), value);
            }
        }
        let after = self.changed.map_or(self.recorded, |(_, after)| after);
        let edits = changes::changes(self.recorded, after, self.edits, hidden);
        if !edits.is_empty() {
            out.insert("edits".to_owned(), json!(edits));
        }
        (!out.is_empty()).then(|| hidden.value(Value::Object(out)))
    }
}

/// What a kept replay tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// When it was sent.
    pub at: Time,
    /// The platform would take the answer.
    pub pass: bool,
    /// Where to.
    pub sent_to: String,
    /// How.
    pub method: String,
    /// The contract's word.
    pub signature: &'static str,
    /// The answer's, when there was one.
    pub status: Option<u16>,
    /// Milliseconds.
    pub ms: Option<u64>,
    /// Of the answer, secret ones as dots.
    pub headers: Vec<(String, String)>,
    /// Of the answer.
    pub body: Option<String>,
    /// Why there is no whole answer.
    pub error: Option<String>,
    /// As in the contract.
    pub verdict: Value,
    /// It was changed by hand before.
    pub edited: bool,
    /// How.
    pub edits: Vec<Change>,
    /// Whole sentences.
    pub notes: Vec<String>,
}

impl From<&Replay> for Kept {
    /// What somebody made unreadable in the store is left out.
    fn from(kept: &Replay) -> Self {
        let r = &kept.replay;
        let entry: Value = serde_json::from_str(&r.entry).unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let (answer, own) = (&entry["response"], &entry["_redial"]);
        let status = answer["status"].as_u64().and_then(|s| u16::try_from(s).ok());
        let status = status.filter(|s| *s > 0);
        let pairs = answer["headers"].as_array().into_iter().flatten();
        let notes = own["replay"]["notes"].as_array().into_iter().flatten();
        let pass = r.pass.unwrap_or_default();
        Self {
            at: r.at,
            pass,
            sent_to: text(&entry["request"]["url"]),
            method: text(&entry["request"]["method"]),
            signature: signature(own["replay"]["signature"].as_str()),
            status,
            ms: entry["time"].as_f64().map(|ms| ms as u64),
            headers: pairs.map(|p| (text(&p["name"]), text(&p["value"]))).collect(),
            body: status.map(|_| body(&answer["content"])),
            error: own["why"].as_str().map(str::to_owned),
            verdict: match &r.verdict {
                v @ Value::Object(_) => v.clone(),
                _ => json!({"pass": pass, "code": null, "problems": []}),
            },
            edited: own["replay"]["edited"].as_bool().unwrap_or(r.sent.is_some()),
            edits: r.sent.as_ref().map(changes::kept).unwrap_or_default(),
            notes: notes.map(text).collect(),
        }
    }
}

/// The contract's words.
fn signature(word: Option<&str>) -> &'static str {
    let words = ["resigned", "kept", "stripped"];
    words.into_iter().find(|w| Some(*w) == word).unwrap_or("none")
}

fn body(content: &Value) -> String {
    let text = content["text"].as_str().unwrap_or_default();
    if content["encoding"] != "base64" {
        return text.to_owned();
    }
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Kept {
    /// When and what came back: `2026-11-22 12:03:04 → 200 in 35 ms`.
    pub fn became(&self) -> String {
        let answer = match (self.status, self.ms, &self.error) {
            (Some(status), Some(ms), None) => format!("{status} in {ms} ms"),
            (Some(status), None, None) => status.to_string(),
            _ => "no answer".to_owned(),
        };
        let edited = if self.edited { " (edited)" } else { "" };
        let at = self.at.to_string().replace('T', " ");
        format!("{} → {answer}{edited}", at.get(..19).unwrap_or(&at))
    }

    /// `PASS` or `FAIL`.
    pub fn word(&self) -> (&'static str, Role) {
        if self.pass {
            ("PASS", Role::Good)
        } else {
            ("FAIL", Role::Error)
        }
    }

    /// The first error of the verdict, else its first problem.
    pub fn problem(&self) -> Option<String> {
        let all = self.verdict["problems"].as_array()?;
        let p = all.iter().find(|p| p["severity"] == "error").or(all.first())?;
        let message = p["message"].as_str()?;
        Some(match p["code"].as_str() {
            Some(code) => format!("{code} {message}"),
            None => message.to_owned(),
        })
    }
}
