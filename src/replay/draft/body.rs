//! The body of a draft: what it is by its `Content-Type`, and what it was, byte for byte, where it is untouched.

use serde::de::IgnoredAny;

use super::{DraftError, Shown, form};
use crate::model::{Payload, Request};
use crate::replay::edit::carries_no_body;
use crate::replay::headers::{FORM, is_media_type};

/// How a body is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Form,
    Json,
    /// Sent as it stands, whatever it is.
    Raw,
}

impl Format {
    pub(super) fn of(changed: &[(String, String)], payload: &Payload) -> Self {
        let given = changed.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-type"));
        match given.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty()) {
            Some(v) if is_media_type(v, FORM) => Self::Form,
            Some(v) if v.split(';').next().is_some_and(|v| v.trim().ends_with("json")) => Self::Json,
            Some(_) => Self::Raw,
            None => Self::recorded(payload),
        }
    }

    fn recorded(payload: &Payload) -> Self {
        match payload {
            Payload::Json(_) => Self::Json,
            Payload::Empty | Payload::Form(_) => Self::Form,
        }
    }
}

pub(super) struct Body<'t> {
    pub(super) text: &'t str,
    /// The line that it begins on.
    pub(super) first: usize,
    /// The editor made all line ends CR LF.
    pub(super) windows: bool,
    pub(super) format: Format,
}

impl Body<'_> {
    /// `moved`: method or URL are not the recorded ones.
    pub(super) fn read(&self, original: &Request, shown: &Shown, moved: bool) -> Result<Payload, DraftError> {
        // Of a GET the draft shows only what its own query has not.
        let partial = matches!(original.payload, Payload::Form(_)) && carries_no_body(&shown.method);
        let untouched = self.is(&shown.body) && self.format == Format::recorded(&original.payload);
        if untouched && !(partial && moved) {
            return Ok(original.payload.clone());
        }
        if self.format == Format::Form {
            let params = form::read(self.text, self.first)?;
            let nothing = params.is_empty() && original.payload == Payload::Empty;
            return Ok(if nothing { Payload::Empty } else { Payload::Form(params) });
        }
        let before = match &original.payload {
            Payload::Json(_) => shown.body.as_str(),
            _ => "",
        };
        let text = self.without_the_editors_marks(before);
        if text.is_empty() && original.payload == Payload::Empty {
            return Ok(Payload::Empty);
        }
        // What a source keeps is not always JSON to the letter; then it need not be now.
        let strict = before.is_empty() || json(before).is_ok();
        if let (Format::Json, true, Err(e)) = (self.format, strict && !text.is_empty(), json(&text)) {
            return Err(self.not_json(&e));
        }
        Ok(Payload::Json(text.into_bytes()))
    }

    /// True where it is `shown` but for line ends and one more at the end.
    fn is(&self, shown: &str) -> bool {
        let same = |now: &str, before: &str| {
            now == before || !before.ends_with('\n') && now.strip_suffix('\n') == Some(before)
        };
        same(self.text, shown) || same(&self.text.replace("\r\n", "\n"), &shown.replace("\r\n", "\n"))
    }

    fn without_the_editors_marks(&self, before: &str) -> String {
        let mut text = self.text;
        if !before.ends_with('\n') {
            text = text
                .strip_suffix('\n')
                .map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
        }
        if self.windows && !before.contains("\r\n") {
            return text.replace("\r\n", "\n");
        }
        text.to_owned()
    }

    fn not_json(&self, e: &serde_json::Error) -> DraftError {
        let why = e.to_string();
        let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
        DraftError {
            line: self.first + e.line().saturating_sub(1),
            message: format!("the body is not JSON: {why} (column {})", e.column()),
        }
    }
}

fn json(text: &str) -> Result<IgnoredAny, serde_json::Error> {
    serde_json::from_str(text)
}
