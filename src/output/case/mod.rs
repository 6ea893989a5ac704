//! A failing request as a file of the user's repository: readable, diffable, sent again by her CI.
//!
//! [`Case`] is what such a file says; [`Case::text`] writes it, [`Case::read`] reads it, whoever wrote it last. Comment lines of the
//! form `# name: value` above the request are directives, and an unknown name is an error, for a slip in `expect` would turn a case round;
//! those with two hashes, or without a name of one word, are for people. A form stands as `name=value` lines, decoded; JSON as it was sent. Nothing here
//! keeps secrets out: what is given must be without them ([`crate::output::export::without_secrets`]). Files are not touched here. To add a
//! directive, add a field, its line in `text`, and its arm in `read`.

mod differ;
mod expect;
mod name;
mod read;

use std::fmt::Write as _;

use serde::de::IgnoredAny;
use thiserror::Error;

pub use self::differ::differing;
pub use self::expect::Expect;
pub use self::name::stem;
use super::copy::one_line;
use super::export::Asked;
use super::fit;
use crate::model::{Payload, Provider, Request, RequestKind};
use crate::replay::form_lines;

/// What is wrong with a case file, and in which line (from 1).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct CaseError {
    /// 1-based.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A request and what is expected of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The id of the recorded request; may be empty.
    pub id: String,
    /// Its call; may be empty.
    pub call: String,
    /// Whose webhook.
    pub provider: Provider,
    /// What for.
    pub kind: RequestKind,
    /// What became of it when it was recorded: outcome, status, code.
    pub was: String,
    /// What must become of it.
    pub expect: Expect,
    /// What is sent.
    pub request: Request,
}

/// Headers that follow from where and how a request is sent.
const FOLLOW: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "keep-alive",
    "te",
];

impl Case {
    /// The case of a recorded request: to pass from now on.
    pub fn of(asked: &Asked) -> Self {
        let status = asked.status.map(|s| format!(" {s}")).unwrap_or_default();
        let code = Some(asked.code()).filter(|c| *c != asked.outcome.as_str());
        let code = code.map(|c| format!(" {c}")).unwrap_or_default();
        let request = &asked.request;
        let headers = request
            .headers
            .iter()
            .filter(|(n, _)| !FOLLOW.contains(&n.to_ascii_lowercase().as_str()));
        let headers = headers.map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()));
        Self {
            id: asked.id.clone(),
            call: asked.call.clone(),
            provider: asked.provider,
            kind: asked.kind,
            was: format!("{}{status}{code}", asked.outcome.as_str()),
            expect: Expect::default(),
            request: Request {
                method: Some(request.method.as_deref().unwrap_or("POST").trim().to_ascii_uppercase()),
                url: request.url.as_deref().map(|u| u.trim().to_owned()),
                headers: headers.filter(|(n, _)| !n.is_empty()).collect(),
                payload: match &request.payload {
                    Payload::Form(params) if params.is_empty() => Payload::Empty,
                    payload => payload.clone(),
                },
            },
        }
    }

    /// The file. `title` and `notes` are for people.
    pub fn text(&self, title: &str, notes: &[String]) -> String {
        let mut out = String::new();
        for line in [title.to_owned()].iter().chain(notes) {
            for part in fit::wrap(&one_line(line), 98) {
                let _ = writeln!(out, "## {part}");
            }
        }
        out.push_str("##\n");
        let body = match &self.request.payload {
            Payload::Empty => None,
            Payload::Form(_) => Some("form"),
            // What an app was sent broken is sent broken again.
            Payload::Json(body) => serde_json::from_slice::<IgnoredAny>(body).is_ok().then_some("json"),
        };
        let rows = [
            ("id", Some(self.id.as_str())),
            ("call", Some(self.call.as_str())),
            ("provider", Some(self.provider.as_str())),
            ("kind", Some(self.kind.as_str())),
            ("was", Some(self.was.as_str())),
            ("body", body),
        ];
        for (name, value) in rows {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                let _ = writeln!(out, "# {name}: {}", one_line(value));
            }
        }
        self.expect.write(&mut out);
        let method = self.request.method.as_deref().unwrap_or("POST");
        let _ = writeln!(out, "\n{method} {}", self.request.url.as_deref().unwrap_or("/"));
        for (name, value) in &self.request.headers {
            let _ = writeln!(out, "{name}: {value}");
        }
        match &self.request.payload {
            Payload::Empty => {}
            Payload::Form(params) => {
                let _ = write!(out, "\n{}", form_lines::write(params));
            }
            Payload::Json(body) => {
                let _ = writeln!(out, "\n{}", String::from_utf8_lossy(body));
            }
        }
        out
    }

    /// The file, where it reads back as what it is; else why not.
    ///
    /// # Errors
    /// In words: what of the request cannot stand in a text file.
    pub fn exact_text(&self, title: &str, notes: &[String]) -> Result<String, String> {
        let text = self.text(title, notes);
        match Self::read(&text) {
            Ok(again) if again == *self => Ok(text),
            Ok(_) => Err("it would not come back from a text file as it was recorded".to_owned()),
            Err(e) => Err(format!("it cannot stand in a text file: {}", e.message)),
        }
    }
}

#[cfg(test)]
mod tests;
