//! A recorded request as text for an editor, and what was made of it there.
//!
//! The text shows what the user decides about: method, path and query, the headers of the message, the body. What
//! follows from that (`Host`, `Content-Length`, the signature) is not in it, but may be written into it. Whatever is not
//! touched comes back as recorded, byte for byte, also through an editor that changes line ends or adds a last one.

mod body;
pub mod form;

use thiserror::Error;

use self::body::{Body, Format};
use super::address::{encoded, recorded_path};
use super::edit::{Edits, carries_no_body, check_header, not_in_query};
use super::headers::{FORM, JSON, is_media_type, of_message, of_signature};
use super::plan::method;
use crate::model::{Payload, Request};
use crate::signature;

/// What is wrong with a draft, and in which line of it (from 1).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct DraftError {
    /// 1-based, the comment lines counted.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

type Headers = Vec<(String, String)>;
/// A header of a draft and the number of its line.
type Given = (usize, (String, String));

/// The request as text: comment lines that say how it works, the request line, headers, an empty line, the body.
///
/// A JSON body stands as it was recorded, a form as `name=value` lines, decoded; of a GET those parameters that its
/// query has not.
pub fn to_http(request: &Request) -> String {
    let shown = Shown::of(request);
    let body = match &request.payload {
        Payload::Json(_) => "# Body: JSON, sent as it stands.",
        _ if carries_no_body(&shown.method) => {
            "# Below the headers: parameters to add to the query, one name=value per line."
        }
        _ => "# Body: one parameter per line, name=value, not URL-encoded. \\n is a line end, \\\\ a backslash.",
    };
    let mut text = format!(
        "# Change what will be sent; save and close the editor to go on. Nothing is sent yet.\n\
         # Scheme, host and port are replaced by the target. Lines above the request that begin with # are ignored.\n\
         # Headers: one that is taken away is not sent. Host, Content-Length and signature are made for what is sent.\n\
         {body}\n\n{} {}\n",
        shown.method, shown.url
    );
    for (name, value) in &shown.headers {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&shown.body);
    text
}

/// What was made of [`to_http`]'s text: the request to plan, and the headers that differ, as [`Edits::headers`] (an empty
/// value takes a header away). An untouched text gives `original` and no headers; where the request differs, say so in
/// [`super::Options::edited`].
///
/// # Errors
/// [`DraftError`], for the first line that cannot be understood.
pub fn from_http(text: &str, original: &Request) -> Result<(Request, Headers), DraftError> {
    let shown = Shown::of(original);
    let mut lines = Lines::new(text);
    let (request_line, windows) = lines.request_line()?;
    let (new_method, target) = read_request_line(request_line).map_err(|m| lines.error(&m))?;
    let url = read_url(target, &shown.url, original).map_err(|m| lines.error(&m))?;
    let headers = changed(&shown.headers, &lines.headers()?)?;
    let method = if new_method == shown.method {
        original.method.clone()
    } else {
        Some(new_method)
    };
    let moved = url != original.url || method != original.method;
    let body = Body {
        text: lines.rest,
        first: lines.line + 1,
        windows,
        format: Format::of(&headers, &original.payload),
    };
    let request = Request {
        payload: body.read(original, &shown, moved)?,
        method,
        url,
        headers: original.headers.clone(),
    };
    Ok((request, headers))
}

/// What a draft shows of a request.
struct Shown {
    method: String,
    url: String,
    headers: Headers,
    body: String,
}

impl Shown {
    fn of(request: &Request) -> Self {
        let recorded = request.method.as_deref();
        let method = method(recorded).unwrap_or_else(|_| {
            let name = recorded.unwrap_or_default().chars();
            name.filter(char::is_ascii_alphanumeric).collect()
        });
        let path = recorded_path(request, &mut Vec::new());
        let url = match &path {
            Ok(path) => encoded(path).0,
            Err(_) => {
                encoded(&signature::canonical_url(
                    request.url.as_deref().unwrap_or_default().trim(),
                ))
                .0
            }
        };
        let body = match &request.payload {
            Payload::Empty => String::new(),
            Payload::Json(body) => String::from_utf8_lossy(body).into_owned(),
            Payload::Form(params) if carries_no_body(&method) => {
                form::write(&not_in_query(&path.unwrap_or_default(), params))
            }
            Payload::Form(params) => form::write(params),
        };
        Self {
            headers: shown_headers(request, &method),
            url: if url.is_empty() { "/".to_owned() } else { url },
            method: if method.is_empty() { "POST".to_owned() } else { method },
            body,
        }
    }
}

/// The recorded headers that are the user's to change, and the `Content-Type` that says how the body is read.
fn shown_headers(request: &Request, method: &str) -> Headers {
    let wanted = match request.payload {
        Payload::Json(_) => Some(JSON),
        _ if carries_no_body(method) => None,
        _ => Some(FORM),
    };
    let own = of_message(&request.headers).filter(|(n, v)| !of_signature(n) && check_header(n, v).is_ok());
    let mut list: Headers = own.map(|(n, v)| (n.clone(), v.trim().to_owned())).collect();
    if let Some(wanted) = wanted {
        let given = list.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-type"));
        if !given.is_some_and(|(_, v)| is_media_type(v, wanted)) {
            list.retain(|(n, _)| !n.eq_ignore_ascii_case("content-type"));
            list.push(("Content-Type".to_owned(), wanted.to_owned()));
        }
    }
    list
}

/// The lines of a draft's head; what is left is the body.
struct Lines<'t> {
    rest: &'t str,
    /// The number of the last line given.
    line: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest, line: 0 }
    }

    /// The next line without its end, and whether that was CR LF.
    fn next(&mut self) -> Option<(&'t str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        Some(line.strip_suffix('\r').map_or((line, false), |line| (line, true)))
    }

    /// The first line that is neither empty nor a comment, and whether it ends with CR LF.
    fn request_line(&mut self) -> Result<(&'t str, bool), DraftError> {
        while let Some((line, windows)) = self.next() {
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                return Ok((line, windows));
            }
        }
        Err(self.error("there is no request: write a line such as `POST /voice`"))
    }

    /// The headers up to the empty line, each with the number of its line.
    fn headers(&mut self) -> Result<Vec<Given>, DraftError> {
        let mut headers = Vec::new();
        while let Some((line, _)) = self.next().filter(|(line, _)| !line.trim().is_empty()) {
            let header = Edits::parse_header(line).map_err(|e| {
                let hint = "; an empty line stands between headers and body";
                self.error(&format!("{e}{}", if line.contains(':') { "" } else { hint }))
            })?;
            headers.push((self.line, header));
        }
        Ok(headers)
    }

    fn error(&self, message: &str) -> DraftError {
        DraftError {
            line: self.line.max(1),
            message: message.to_owned(),
        }
    }
}

/// Method and URL of `POST /voice`; a version at the end, as it stands in HTTP itself, is left out.
fn read_request_line(line: &str) -> Result<(String, &str), String> {
    let (name, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let name = method(Some(name)).map_err(|e| e.to_string())?;
    let rest = rest.trim();
    let url = match rest.rsplit_once(char::is_whitespace) {
        Some((url, version)) if version.starts_with("HTTP/") => url.trim_end(),
        _ => rest,
    };
    if url.is_empty() {
        return Err(format!("the URL is missing: write a line such as `{name} /voice`"));
    }
    Ok((name, url))
}

/// The absolute URL that `text` stands for; the recorded one, character for character, where it is as shown.
fn read_url(text: &str, shown: &str, original: &Request) -> Result<Option<String>, String> {
    if text == shown {
        return Ok(original.url.clone());
    }
    let http = |url: &str| {
        ["http://", "https://"]
            .iter()
            .any(|s| url.get(..s.len()).is_some_and(|u| u.eq_ignore_ascii_case(s)))
    };
    if http(text) {
        return Ok(Some(text.to_owned()));
    }
    if !text.starts_with('/') {
        return Err(format!("the URL `{text}` must begin with / or with http://"));
    }
    let recorded = signature::canonical_url(original.url.as_deref().unwrap_or_default().trim());
    let end = recorded.find("://").map_or(0, |at| at + 3);
    let end = recorded[end..].find(['/', '?']).map_or(recorded.len(), |at| end + at);
    let origin = Some(&recorded[..end]).filter(|origin| http(origin));
    // Any host does: the target's takes its place.
    Ok(Some(format!("{}{text}", origin.unwrap_or("http://localhost"))))
}

/// The headers that are not as shown, by name.
fn changed(shown: &[(String, String)], given: &[Given]) -> Result<Headers, DraftError> {
    let mut names: Vec<&str> = Vec::new();
    for name in given.iter().map(|(_, (n, _))| n).chain(shown.iter().map(|(n, _)| n)) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    let mut changed = Vec::new();
    for name in names {
        let before = shown
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v);
        let now: Vec<_> = given
            .iter()
            .filter(|(_, (n, _))| n.eq_ignore_ascii_case(name))
            .collect();
        if before.eq(now.iter().map(|(_, (_, v))| v)) {
            continue;
        }
        match now[..] {
            [] => changed.push((name.to_owned(), String::new())),
            [(_, (name, value))] => changed.push((name.clone(), value.clone())),
            [_, (line, _), ..] => {
                let message =
                    format!("`{name}` is there more than once: where it is changed, it can be sent once only");
                return Err(DraftError { line: *line, message });
            }
        }
    }
    Ok(changed)
}
