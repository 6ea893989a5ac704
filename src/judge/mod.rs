//! Would the platform accept this answer?
//!
//! Pure: an answer comes in, a [`Verdict`] goes out, bad input included. Transport, status, time, headers and size are judged in
//! `http` (with `redirect`, `callback` and `charset`), the document in `twiml` and `tropo`; [`dump`] reads an answer that was written down
//! as text. Codes are Twilio's own numbers (filters/twilio-codes.tsv) and for Tropo the class names of spec/tropo.md 3.1. To add a rule of
//! Tropo's verbs, edit filters/tropo-verbs.toml.

mod callback;
mod charset;
pub mod dump;
mod http;
mod redirect;
mod slip;
mod text;
mod tropo;
mod twiml;

pub use self::redirect::GATHERED;
use crate::model::{Problem, Provider, RequestKind, Verdict};

/// Twilio's limit for a document, spec/twilio.md section 5 (64 kB).
const MAX_DOCUMENT: u64 = 64 * 1024;
/// So much of a longer document is looked at to learn what it is.
const MAX_HEAD: usize = 4096;

/// What never became a complete answer, by where it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// The host has no address.
    NoAddress,
    /// Nothing listens.
    Refused,
    /// No way to the host.
    Unreachable,
    /// Nobody answered the connect.
    ConnectTimeout,
    /// The TLS handshake failed.
    Tls,
    /// The certificate is for another name.
    CertificateName,
    /// The certificate is past its date, or not valid yet.
    CertificateDate,
    /// The certificate does not lead to a trusted root.
    CertificateChain,
    /// The connection ended before the answer did.
    Closed,
    /// The answer is not HTTP.
    Protocol,
    /// Connected, but no complete answer in time.
    Timeout,
}

/// A transport error: its class, and words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it ended.
    pub class: FaultClass,
    /// What happened and what to do next.
    pub message: String,
}

/// What was asked, as far as a redirect can lose it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// `POST`, `GET`; empty where it is not known.
    pub method: &'a str,
    /// The names of its parameters.
    pub params: &'a [String],
}

/// An answer as it came in.
#[derive(Clone, Debug, Default)]
pub struct Answer<'a> {
    /// Where the request went; relative redirects are resolved against it. May be empty.
    pub url: &'a str,
    /// None where there was no answer, or the source does not tell.
    pub status: Option<u16>,
    /// In the order received.
    pub headers: &'a [(String, String)],
    /// The body, decoded from its content encoding.
    pub body: &'a [u8],
    /// Its whole length, also where `body` holds only its begin.
    pub total_len: u64,
    /// True where it may be longer than `total_len`, which is as far as was counted.
    pub at_least: bool,
    /// True where `body` is not all of it.
    pub truncated: bool,
    /// From the first connect to the last byte.
    pub ms: Option<u64>,
    /// From the first connect to the end of the handshakes.
    pub connect_ms: Option<u64>,
    /// What was asked; nothing where the source does not tell.
    pub asked: Asked<'a>,
    /// True where nobody follows a redirect to another scheme, host or port: what answers there stays unknown, and is no
    /// pass. False for what was recorded, where the platform followed.
    pub stays: bool,
    /// True where such a redirect names the app itself, as it was recorded or by its public URL, and is followed at the target.
    pub mapped: bool,
    /// What went wrong on the way.
    pub error: Option<Fault>,
}

impl Answer<'_> {
    /// The first value of a header, name compared without case.
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Its length in words.
    fn length(&self) -> String {
        match self.total_len >> 20 {
            _ if !self.at_least => format!("{} bytes", self.total_len),
            0 => format!("at least {} bytes", self.total_len),
            mib => format!("more than {mib} MiB"),
        }
    }
}

/// What the platform would say to the answer: transport, status, time, headers, then the document.
///
/// Problems that keep the platform from looking further end the list: after a 500 nobody parses the body.
pub fn judge(provider: Provider, kind: RequestKind, answer: &Answer<'_>) -> Verdict {
    let problems = match provider {
        Provider::Twilio => http::twilio(kind, answer),
        Provider::Tropo => http::tropo(kind, answer),
    };
    Verdict { problems }
}

/// The document alone, for replies that were recorded without status and headers.
pub fn reply(provider: Provider, kind: RequestKind, body: &[u8]) -> Vec<Problem> {
    match provider {
        Provider::Tropo => tropo::document(body),
        Provider::Twilio if kind.is_callback() => Vec::new(),
        Provider::Twilio => twiml::document(kind, body, body.len() as u64),
    }
}

/// What is wrong with the connection overrides after the `#` of a recorded URL; a note.
pub fn overrides(url: &str) -> Option<Problem> {
    twiml::overrides(url)
}

/// UTF-16 with its mark as text, for showing places in it.
pub fn wide(body: &[u8]) -> Option<String> {
    text::wide(body)
}

/// What a document is likely for: JSON is Tropo's, all other is to be `TwiML`, for a call unless its verbs are those of messages.
pub fn detect(body: &[u8]) -> (Provider, RequestKind) {
    if text::has_wide_mark(body) {
        // JSON in UTF-16 is not read as such, and is JSON all the same.
        let first = body[2..].iter().find(|b| **b != 0 && !b.is_ascii_whitespace());
        return match first {
            Some(b'{' | b'[') => (Provider::Tropo, RequestKind::Result),
            _ => (
                Provider::Twilio,
                twiml::kind_of(&body[..body.len().min(2 * MAX_DOCUMENT as usize)]),
            ),
        };
    }
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => (Provider::Tropo, RequestKind::Result),
        // One that is too long for Twilio is not parsed to learn what it is: its begin tells.
        _ if body.len() as u64 > MAX_DOCUMENT => (Provider::Twilio, begins_as(&text[..text.len().min(MAX_HEAD)])),
        _ => (Provider::Twilio, twiml::kind_of(body)),
    }
}

/// A message where the first element within the root is one of those.
fn begins_as(head: &[u8]) -> RequestKind {
    let head = String::from_utf8_lossy(head);
    let tags = head.split('<').skip(1);
    let mut elements = tags.filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()));
    let name = |tag: &str| {
        tag.split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .map(str::to_owned)
    };
    match (elements.next(), elements.next().and_then(name).as_deref()) {
        (Some(_), Some("Message")) => RequestKind::Message,
        _ => RequestKind::Voice,
    }
}

#[cfg(test)]
mod tests;
