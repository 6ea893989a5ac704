//! A case file, read.

use serde::de::IgnoredAny;

use super::{Case, CaseError, Expect};
use crate::model::{Payload, Provider, Request, RequestKind};
use crate::replay::{Edits, form_lines};

/// Every kind that a directive may name.
const KINDS: [RequestKind; 16] = [
    RequestKind::Session,
    RequestKind::Result,
    RequestKind::Voice,
    RequestKind::Gather,
    RequestKind::GatherPartial,
    RequestKind::Record,
    RequestKind::Dial,
    RequestKind::StatusCallback,
    RequestKind::RecordingStatus,
    RequestKind::Fallback,
    RequestKind::Message,
    RequestKind::MessageStatus,
    RequestKind::Media,
    RequestKind::Api,
    RequestKind::Sip,
    RequestKind::Unknown,
];

/// Every directive.
const DIRECTIVES: [&str; 10] = [
    "id",
    "call",
    "was",
    "expect",
    "contains",
    "content-type",
    "status",
    "provider",
    "kind",
    "body",
];

/// The name and value of a comment that is to be a directive: one word, a colon. A URL is none.
fn as_directive(comment: &str) -> Option<(&str, &str)> {
    let (name, value) = comment.split_once(':')?;
    let name = name.trim();
    let word = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (word && !value.starts_with("//")).then(|| (name, value.trim()))
}

/// What to say to a name that is no directive.
fn unknown(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let near = DIRECTIVES
        .into_iter()
        .map(|known| (strsim::osa_distance(&lower, known), known))
        .filter(|(far, known)| *far <= (known.len() / 3).min(2))
        .min();
    let hint = near.map_or_else(
        || format!("known are {}", DIRECTIVES.join(", ")),
        |(_, known)| format!("did you mean `{known}`"),
    );
    format!("`{name}:` is no directive, {hint}; comments for people begin with ##")
}

/// A body that says it is JSON is: else the answer would be one to a slip.
fn is_json(text: &str, first: usize) -> Result<(), CaseError> {
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|e| {
        let why = e.to_string();
        let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
        CaseError {
            line: first + e.line().saturating_sub(1),
            message: format!(
                "the body is not JSON: {why} (column {}); without `# body: json` it is sent as it stands",
                e.column()
            ),
        }
    })
}

/// How the body is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Form,
    Json,
}

struct Reader<'t> {
    rest: &'t str,
    /// The number of the last line taken.
    line: usize,
    case: Case,
    body: Option<Body>,
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// [`CaseError`], for the first line that cannot be understood.
    pub fn read(text: &str) -> Result<Self, CaseError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A checkout may have made all line ends CR LF; what is recorded never has them in a request line.
        let windows = text
            .lines()
            .next()
            .is_some_and(|_| text.split('\n').next().is_some_and(|l| l.ends_with('\r')));
        let unix = windows.then(|| text.replace("\r\n", "\n"));
        let mut reader = Reader {
            rest: unix.as_deref().unwrap_or(text),
            line: 0,
            case: Self {
                id: String::new(),
                call: String::new(),
                provider: Provider::Twilio,
                kind: RequestKind::Unknown,
                was: String::new(),
                expect: Expect::default(),
                request: Request::default(),
            },
            body: None,
        };
        let request_line = reader.directives()?;
        reader.request_line(request_line)?;
        reader.headers()?;
        reader.payload()?;
        Ok(reader.case)
    }
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        Some(line)
    }

    fn error(&self, message: impl Into<String>) -> CaseError {
        CaseError {
            line: self.line.max(1),
            message: message.into(),
        }
    }

    /// Takes the comments up to the request line.
    fn directives(&mut self) -> Result<&'t str, CaseError> {
        while let Some(line) = self.next() {
            match line.strip_prefix('#') {
                // Lines with two are for people.
                Some(comment) => {
                    if let Some((name, value)) = as_directive(comment).filter(|_| !comment.starts_with('#')) {
                        self.directive(name, value).map_err(|m| self.error(m))?;
                    }
                }
                None if line.trim().is_empty() => {}
                None => return Ok(line),
            }
        }
        Err(self.error("there is no request: write a line such as `POST https://app.example.com/voice`"))
    }

    fn directive(&mut self, name: &str, value: &str) -> Result<(), String> {
        let case = &mut self.case;
        match name {
            "id" => value.clone_into(&mut case.id),
            "call" => value.clone_into(&mut case.call),
            "was" => value.clone_into(&mut case.was),
            "expect" => case.expect.verdict(value)?,
            "contains" if value.is_empty() => return Err("contains: the text is missing".to_owned()),
            "contains" => case.expect.contains.push(value.to_owned()),
            "content-type" => case.expect.content_type = Some(value.to_owned()),
            "status" => {
                let status = value.parse().ok().filter(|s| (100..1000).contains(s));
                case.expect.status =
                    Some(status.ok_or_else(|| format!("status: `{value}` is no HTTP status, such as 200"))?);
            }
            "provider" => {
                let known = [Provider::Tropo, Provider::Twilio]
                    .into_iter()
                    .find(|p| p.as_str() == value);
                case.provider = known.ok_or_else(|| format!("provider: `{value}` is neither `twilio` nor `tropo`"))?;
            }
            "kind" => {
                let known = KINDS.into_iter().find(|k| k.as_str() == value);
                let all = || KINDS.map(RequestKind::as_str).join(", ");
                case.kind = known.ok_or_else(|| format!("kind: `{value}` is none of {}", all()))?;
            }
            "body" => {
                self.body = Some(match value {
                    "form" => Body::Form,
                    "json" => Body::Json,
                    _ => return Err(format!("body: `{value}` is neither `form` nor `json`")),
                });
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    fn request_line(&mut self, line: &str) -> Result<(), CaseError> {
        let (method, url) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
        let upper = method.to_ascii_uppercase();
        if !known.contains(&upper.as_str()) {
            let hint = "write a line such as `POST https://app.example.com/voice`";
            return Err(self.error(format!("`{method}` is no HTTP method: {hint}")));
        }
        let url = url.trim();
        let url = url.strip_suffix(" HTTP/1.1").map_or(url, str::trim_end);
        if url.is_empty() {
            return Err(self.error(format!("the URL is missing: write a line such as `{upper} /voice`")));
        }
        let absolute = url
            .split_once("://")
            .is_some_and(|(s, _)| matches!(s.to_ascii_lowercase().as_str(), "http" | "https"));
        if !absolute && !url.starts_with('/') {
            return Err(self.error(format!("the URL `{url}` must begin with / or with http://")));
        }
        self.case.request.method = Some(upper);
        // Scheme, host and port are those of the target in any case.
        self.case.request.url = Some(if absolute {
            url.to_owned()
        } else {
            format!("http://localhost{url}")
        });
        Ok(())
    }

    fn headers(&mut self) -> Result<(), CaseError> {
        while let Some(line) = self.next().filter(|l| !l.trim().is_empty()) {
            let header = Edits::parse_header(line)
                .map_err(|e| self.error(format!("{e}; an empty line stands between headers and body")))?;
            self.case.request.headers.push(header);
        }
        Ok(())
    }

    fn payload(&mut self) -> Result<(), CaseError> {
        let text = self.rest;
        let header = self
            .case
            .request
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case("content-type"));
        let typed = header.map(|(_, v)| {
            if v.to_ascii_lowercase().contains("json") {
                Body::Json
            } else {
                Body::Form
            }
        });
        let looks = if text.trim_start().starts_with('{') {
            Body::Json
        } else {
            Body::Form
        };
        let first = self.line + 1;
        self.case.request.payload = match self.body.or(typed).unwrap_or(looks) {
            _ if text.is_empty() => Payload::Empty,
            Body::Json => {
                let text = text.strip_suffix('\n').unwrap_or(text);
                if self.body == Some(Body::Json) {
                    is_json(text, first)?;
                }
                Payload::Json(text.as_bytes().to_vec())
            }
            Body::Form => {
                let params = form_lines::read(text, first).map_err(|e| CaseError {
                    line: e.line,
                    message: e.message,
                })?;
                if params.is_empty() {
                    Payload::Empty
                } else {
                    Payload::Form(params)
                }
            }
        };
        Ok(())
    }
}
