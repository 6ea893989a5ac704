//! Why a request to Twilio's API came to nothing: what kind of trouble, whether to try again, and words with the next step.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use rustls::CertificateError;
use serde::Deserialize;

/// The kinds of trouble, by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 401: the credentials were not taken.
    Login,
    /// 403: they are, but not for this.
    Forbidden,
    /// 404: no such thing.
    Missing,
    /// Another 4xx: what was asked makes no sense to the server.
    Asked,
    /// 429.
    TooMany,
    /// 5xx.
    Server,
    /// No answer in time.
    Slow,
    /// The host's name has no address, or nothing listens there.
    Unreachable,
    /// TLS failed.
    Tls,
    /// The answer ended too early.
    Cut,
    /// The answer is no JSON of the shape that was asked for.
    Broken,
    /// A redirect, which is not followed.
    Redirect,
    /// Our own store.
    Store,
    /// Our own set-up: threads, TLS without certificates.
    Own,
}

/// Why there is no answer, in words with the next step. The text may quote the server: make it printable before it is shown.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct Fault {
    /// What kind of trouble.
    pub kind: FaultKind,
    /// In words.
    pub text: String,
    /// When the server wants to be asked again.
    pub wait: Option<Duration>,
}

/// Attempts of one request where another may help.
const ATTEMPTS: u32 = 6;

impl Fault {
    /// A fault without a wish of the server.
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            wait: None,
        }
    }

    /// How often one request is made, the first time included: only where the next answer may be another.
    pub(super) fn attempts(&self) -> u32 {
        match self.kind {
            FaultKind::TooMany | FaultKind::Server => ATTEMPTS,
            FaultKind::Slow | FaultKind::Cut | FaultKind::Broken => 3,
            FaultKind::Login
            | FaultKind::Forbidden
            | FaultKind::Missing
            | FaultKind::Asked
            | FaultKind::Unreachable
            | FaultKind::Tls
            | FaultKind::Redirect
            | FaultKind::Store
            | FaultKind::Own => 1,
        }
    }

    /// True where a follower that never got anything has nothing to wait for.
    pub fn is_final(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Login | FaultKind::Forbidden | FaultKind::Missing | FaultKind::Asked | FaultKind::Own
        )
    }
}

/// What Twilio says in the body of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    code: Option<serde_json::Value>,
    message: Option<String>,
    // Other servers in Twilio's place.
    title: Option<String>,
    detail: Option<String>,
}

/// An answer that is not 200. `named`: the credentials by their names; `what`: what was asked for, by a person's words.
pub(super) fn status(status: StatusCode, body: &str, named: &str, what: &str, host: &str) -> Fault {
    let said = said(body);
    let number = status.as_u16();
    let (kind, text) = match number {
        401 => (
            FaultKind::Login,
            format!(
                "{host} does not take the credentials (401{said}): {named} were used; check that they are whole, belong to TWILIO_ACCOUNT_SID and its region, and were not revoked"
            ),
        ),
        403 => (
            FaultKind::Forbidden,
            format!(
                "{named} may not read {what} (403{said}): use a standard or main API key of the account, or its auth token"
            ),
        ),
        404 => (
            FaultKind::Missing,
            format!(
                "{host} has no {what} (404{said}): check the SID, the account and the region; Twilio keeps 30 days"
            ),
        ),
        429 => (
            FaultKind::TooMany,
            format!("{host} has too many requests of this account (429{said}): another program may be asking too"),
        ),
        300..=399 => (
            FaultKind::Redirect,
            format!(
                "{host} answers with a redirect ({number}), which is not followed: the credentials stay here; check REDIAL_API_BASE or the proxy on the way"
            ),
        ),
        500..=599 => (
            FaultKind::Server,
            format!("{host} failed to give {what} ({number}{said}): see https://status.twilio.com"),
        ),
        _ => (
            FaultKind::Asked,
            format!("{host} does not understand the request for {what} ({number}{said})"),
        ),
    };
    Fault::new(kind, text)
}

/// The server's own words, cut short, behind a comma.
fn said(body: &str) -> String {
    let said: Said = serde_json::from_str(body).unwrap_or_default();
    let mut out = String::new();
    if let Some(code) = said.code.filter(|c| c.is_number() || c.is_string()) {
        let _ = write!(out, ", error {}", short(code.to_string().trim_matches('"'), 12));
    }
    if let Some(text) = said.message.or(said.detail).or(said.title) {
        let _ = write!(out, ", “{}”", short(text.trim(), 160));
    }
    out
}

/// At most that many characters.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A body that is not what was asked for.
pub(super) fn body(host: &str, content_type: &str, text: &str, why: &str) -> Fault {
    let html = content_type.contains("html") || text.trim_start().starts_with('<');
    let said = if html {
        let title = title(text);
        format!(
            "{host} answers with a page of HTML{title} instead of JSON: a proxy or a login page of the network stands between; open https://{host} in a browser"
        )
    } else {
        let start = short(text.trim(), 60);
        format!("{host} answers with JSON that cannot be read: {why}; it begins `{start}`")
    };
    Fault::new(FaultKind::Broken, said)
}

fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let inside = lower.find("<title>").map(|at| at + 7).and_then(|from| {
        let to = lower[from..].find("</title>")? + from;
        html.get(from..to)
    });
    inside.map_or_else(String::new, |t| format!(" (“{}”)", short(t.trim(), 80)))
}

/// No answer within the time for a whole request.
pub(super) fn slow(host: &str, limit: Duration) -> Fault {
    let seconds = limit.as_secs();
    Fault::new(
        FaultKind::Slow,
        format!("no answer from {host} within {seconds} s: is the network up?"),
    )
}

/// What the HTTP client says.
pub(super) fn transport(e: reqwest::Error, host: &str) -> Fault {
    let e = e.without_url();
    let fault = |kind, text: String| Fault::new(kind, text);
    let found = Chain::of(&e);
    if let Some(tls) = found.tls {
        let advice = match tls {
            rustls::Error::InvalidCertificate(c) => certificate(c),
            rustls::Error::InvalidMessage(_) => "the port speaks plain http",
            _ => "a proxy on the way may break TLS open",
        };
        return fault(FaultKind::Tls, format!("TLS with {host}: {tls}; {advice}"));
    }
    if e.is_timeout() {
        let text = format!("no connection to {host} in time: a firewall, or the network is down");
        return fault(FaultKind::Slow, text);
    }
    if e.is_connect() {
        let text = match (found.io, found.lookup) {
            (_, true) => {
                format!("the name {host} has no address: is the network up, are TWILIO_EDGE and TWILIO_REGION right?")
            }
            (Some(io::ErrorKind::ConnectionRefused), _) => {
                format!("nothing listens on {host}: check REDIAL_API_BASE, or the proxy of the environment")
            }
            _ => format!("cannot connect to {host}: {}", found.last),
        };
        return fault(FaultKind::Unreachable, text);
    }
    let text = format!(
        "{host} closed the connection before its answer was whole: {}",
        found.last
    );
    fault(FaultKind::Cut, text)
}

fn certificate(e: &CertificateError) -> &'static str {
    match e {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "is this machine's clock right?",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "check REDIAL_API_BASE; something else may answer for that name"
        }
        _ => "this system does not trust it: a company proxy's certificate must be added to the system's",
    }
}

/// What the causes of an error tell.
struct Chain<'e> {
    tls: Option<&'e rustls::Error>,
    io: Option<io::ErrorKind>,
    lookup: bool,
    last: String,
}

impl<'e> Chain<'e> {
    fn of(e: &'e reqwest::Error) -> Self {
        let mut chain = Self {
            tls: None,
            io: None,
            lookup: false,
            last: e.to_string(),
        };
        let mut next = e.source();
        while let Some(cause) = next {
            chain.last = cause.to_string();
            // The name is all that the HTTP client's resolver gives its errors.
            chain.lookup |= chain.last.starts_with("dns error");
            chain.tls = chain.tls.or_else(|| cause.downcast_ref());
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                chain.io = Some(io.kind());
                chain.tls = chain.tls.or_else(|| inside(io));
            }
            next = cause.source();
        }
        chain
    }
}

/// The TLS error in an I/O error, which shows the cause of what it wraps and not that itself; wrapped more than once.
fn inside(e: &io::Error) -> Option<&rustls::Error> {
    let inner = e.get_ref()?;
    inner.downcast_ref().or_else(|| inside(inner.downcast_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_are_quoted_short() {
        let named = "TWILIO_API_KEY and TWILIO_API_SECRET of the environment";
        let body = r#"{"code":20003,"message":"Authenticate","more_info":"https://x","status":401}"#;
        let fault = status(StatusCode::UNAUTHORIZED, body, named, "alerts", "monitor.twilio.com");
        assert_eq!(fault.kind, FaultKind::Login);
        assert!(
            fault
                .text
                .contains("(401, error 20003, “Authenticate”): TWILIO_API_KEY"),
            "{fault}"
        );
        let long = format!("{{\"message\":\"{}\"}}", "x".repeat(900));
        for number in [302, 400, 403, 404, 422, 429, 500, 503] {
            let fault = status(StatusCode::from_u16(number).unwrap(), &long, named, "alerts", "h");
            assert!(fault.text.chars().count() < 450, "{fault}");
            assert_eq!(fault.attempts() > 1, number == 429 || number >= 500, "{number}");
        }
    }

    #[test]
    fn a_page_of_html_is_told_from_broken_json() {
        let page = "<!DOCTYPE html><html><head><TITLE> Wi-Fi login </TITLE>";
        assert!(
            body("h", "text/html", page, "")
                .text
                .contains("HTML (“Wi-Fi login”) instead of JSON")
        );
        assert!(body("h", "", "  <html>", "").text.contains("a page of HTML instead"));
        let cut = body("h", "application/json", "{\"alerts\":[", "EOF");
        assert!(
            cut.text.contains("cannot be read: EOF; it begins `{\"alerts\":[`"),
            "{cut}"
        );
    }
}
