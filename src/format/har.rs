//! An entry of a HAR 1.2 file as it is written: what the proxy records, and what is kept of a replay.
//!
//! It owns the shape and the spelling of bodies (text, else base64). What is secret, what a body stands for, and what stands under
//! `_redial` is the writer's matter; [`super::twilio`] reads entries, ours and others'. To add a member, add a field.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// One request and what became of it; `O` is what HAR has no word for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a, O> {
    /// RFC 3339.
    pub started_date_time: String,
    /// Milliseconds, all in all.
    pub time: f64,
    /// What was asked.
    pub request: Request<'a>,
    /// What was answered.
    pub response: Response<'a>,
    /// HAR wants it.
    pub cache: Nothing,
    /// Where the time went.
    pub timings: Timings,
    /// The address that was asked.
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What HAR has no word for.
    #[serde(rename = "_redial")]
    pub own: O,
}

/// An object without members.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Nothing {}

/// What was asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    method: Cow<'a, str>,
    url: Cow<'a, str>,
    http_version: &'static str,
    cookies: [Nothing; 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i8,
    body_size: u64,
}

/// A name and a value.
#[derive(Debug, Serialize)]
pub struct Pair<'a> {
    /// As it was written.
    pub name: Cow<'a, str>,
    /// As it may be kept.
    pub value: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: Cow<'a, str>,
    params: [Nothing; 0],
    #[serde(flatten)]
    text: Text<'a>,
}

/// A body as text, or as base64.
#[derive(Debug, Serialize)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

/// What was answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// 0: no answer.
    pub status: u16,
    /// The words behind it.
    pub status_text: &'a str,
    /// Such as `HTTP/1.1`.
    pub http_version: &'static str,
    /// HAR wants it.
    pub cookies: [Nothing; 0],
    /// In the order of sending.
    pub headers: Vec<Pair<'a>>,
    /// The body.
    pub content: Content<'a>,
    /// `Location`.
    #[serde(rename = "redirectURL")]
    pub redirect_url: Cow<'a, str>,
    /// -1: not known.
    pub headers_size: i8,
    /// On the wire; -1: not known.
    pub body_size: i64,
}

/// The body of an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content<'a> {
    /// Its whole length, decoded, as far as known.
    pub size: u64,
    /// `Content-Type`.
    pub mime_type: Cow<'a, str>,
    /// What was kept of it.
    #[serde(flatten)]
    pub text: Text<'a>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timings {
    /// Until the connection was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// Writing the request.
    pub send: f64,
    /// Until the answer began.
    pub wait: f64,
    /// Reading the answer.
    pub receive: f64,
}

impl<'a> Request<'a> {
    /// A request with its absolute URL; `body_size` is the body's whole length.
    pub fn new(
        method: impl Into<Cow<'a, str>>,
        url: impl Into<Cow<'a, str>>,
        http_version: &'static str,
        headers: Vec<Pair<'a>>,
        body_size: u64,
    ) -> Self {
        let url = url.into();
        Self {
            method: method.into(),
            query_string: query(&url),
            url,
            http_version,
            cookies: [],
            headers,
            post_data: None,
            headers_size: -1,
            body_size,
        }
    }

    /// With a body, of this content type.
    #[must_use]
    pub fn with_body(self, mime_type: impl Into<Cow<'a, str>>, text: Text<'a>) -> Self {
        Self {
            post_data: Some(PostData {
                mime_type: mime_type.into(),
                params: [],
                text,
            }),
            ..self
        }
    }
}

/// The decoded parameters of a URL's query.
fn query<'a>(url: &str) -> Vec<Pair<'a>> {
    let query = url.split_once('?').map_or("", |(_, q)| q);
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs
        .map(|(name, value)| Pair {
            name: name.into(),
            value: value.into(),
        })
        .collect()
}

impl Response<'_> {
    /// There was none.
    pub fn none() -> Self {
        Self {
            status: 0,
            status_text: "",
            http_version: "",
            cookies: [],
            headers: Vec::new(),
            content: Content {
                size: 0,
                mime_type: Cow::Borrowed(""),
                text: Text::of(Cow::Borrowed(&[]), false),
            },
            redirect_url: Cow::Borrowed(""),
            headers_size: -1,
            body_size: -1,
        }
    }
}

impl<'a> Text<'a> {
    /// Text where it is text; of a body that was cut, a character that is not whole is left out.
    pub fn of(bytes: Cow<'a, [u8]>, cut: bool) -> Self {
        let until = match std::str::from_utf8(&bytes) {
            Ok(_) => Some(bytes.len()),
            Err(e) if cut && e.error_len().is_none() => Some(e.valid_up_to()),
            Err(_) => None,
        };
        let Some(until) = until else {
            return Self {
                text: STANDARD.encode(&bytes).into(),
                encoding: Some("base64"),
            };
        };
        let text = match bytes {
            Cow::Borrowed(b) => String::from_utf8_lossy(&b[..until]),
            Cow::Owned(b) => String::from_utf8_lossy(&b[..until]).into_owned().into(),
        };
        Self { text, encoding: None }
    }
}

/// Milliseconds with three digits.
pub fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
