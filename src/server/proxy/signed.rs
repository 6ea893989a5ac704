//! Does the signature of a request fit? Twilio signed a URL that the proxy sees only in parts, so the likely ones are tried.

use crate::config::Secret;
use crate::format::twilio::is_webhook;
use crate::server::listen;
use crate::signature::{Algorithm, verify};

use super::visit::Noted;

/// What a check found, as `_redial.signature` says it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Signature {
    /// `valid`, `invalid`, `missing` or `unchecked`.
    pub(super) state: &'static str,
    /// The reason, with what was tried.
    pub(super) why: String,
}

/// What signatures are checked with: the listener's token and likely URLs.
#[derive(Clone, Debug)]
pub(super) struct Checker(pub(super) listen::check::Checker);

impl Checker {
    /// The absolute URL of a request as Twilio most likely holds it, and what is to be said of its signature; nothing of a request
    /// that is not Twilio's.
    pub(super) fn check(&self, noted: &Noted) -> (String, Option<Signature>) {
        let first = self.likeliest(noted);
        let Some(given) = header(noted, "x-twilio-signature") else {
            return (first, self.missing(noted));
        };
        let said = |state, why: &str| {
            Some(Signature {
                state,
                why: why.to_owned(),
            })
        };
        let Some(token) = &self.0.token else {
            return (
                first,
                said(
                    "unchecked",
                    "no auth token is known: set TWILIO_AUTH_TOKEN to have signatures checked",
                ),
            );
        };
        let settings = header(noted, "x-twilio-webhooks-signature-settings").unwrap_or_default();
        if Algorithm::from_settings(&settings) != Some(Algorithm::HmacSha1) {
            return (
                first,
                said("unchecked", "it was made with a SharedKey, which is not the auth token"),
            );
        }
        if noted.request.is_cut() || !noted.request.whole {
            return (
                first,
                said("unchecked", "the body was not kept whole, and the signature covers it"),
            );
        }
        let urls = self.urls(noted);
        match fitting(noted, &urls, &given, token) {
            Some(url) => {
                let why = format!("it fits {url}");
                (url, said("valid", &why))
            }
            None => {
                let why = match fitting(noted, &near(noted, &urls), &given, token) {
                    Some(other) => format!("it was made for {other}, not for {first}"),
                    None => format!("it fits none of the URLs tried: {}", urls.join(", ")),
                };
                (first, said("invalid", &why))
            }
        }
    }

    /// A request of Twilio's without a signature, when one is expected.
    fn missing(&self, noted: &Noted) -> Option<Signature> {
        self.0.token.as_ref()?;
        let query = noted.target.split_once('?').map_or("", |(_, q)| q);
        let is_webhook = is_form(noted) && is_webhook_form(&noted.request.bytes) || is_webhook_form(query.as_bytes());
        is_webhook.then(|| Signature {
            state: "missing",
            why: "it has no X-Twilio-Signature: Twilio signs every request".to_owned(),
        })
    }

    /// The URL that is recorded where no signature proves another: the public one, what the tunnel says, or as it came here.
    fn likeliest(&self, noted: &Noted) -> String {
        let first = |name: &str| header(noted, name)?.split(',').next().map(|v| v.trim().to_owned());
        let filled = |text: &String| !text.is_empty();
        let base = self.0.public_url.as_ref().map(|p| p.trim_end_matches('/').to_owned());
        let base = base.unwrap_or_else(|| {
            let host = first("x-forwarded-host").filter(filled).or_else(|| first("host"));
            let scheme = first("x-forwarded-proto").filter(filled);
            format!("{}://{}", scheme.as_deref().unwrap_or("http"), host.unwrap_or_default())
        });
        format!("{base}{}", noted.target)
    }

    /// All likely URLs; a WebSocket's also under its own scheme.
    fn urls(&self, noted: &Noted) -> Vec<String> {
        let Ok(uri) = noted.target.parse() else {
            return vec![self.likeliest(noted)];
        };
        let mut urls = self.0.candidates(&uri, &noted.headers);
        if header(noted, "upgrade").is_some() {
            let sockets = urls.iter().filter_map(|u| u.strip_prefix("http"));
            let sockets: Vec<_> = sockets.map(|rest| format!("ws{rest}")).collect();
            urls.extend(sockets);
        }
        urls
    }
}

/// The URL that the signature was made for; also one with the slash at its end added or taken away.
fn fitting(noted: &Noted, urls: &[String], given: &str, token: &Secret) -> Option<String> {
    let body = &noted.request.bytes;
    let params: Vec<_> = if is_form(noted) {
        form_urlencoded::parse(body).into_owned().collect()
    } else {
        Vec::new()
    };
    let hashed = noted.target.contains("bodySHA256=").then_some(&body[..]);
    let slashed = urls.iter().map(|u| toggled(u));
    let mut all = urls.iter().cloned().chain(slashed);
    all.find(|url| verify(given, url, &params, hashed, token, Algorithm::HmacSha1))
}

fn is_form(noted: &Noted) -> bool {
    header(noted, "content-type").is_some_and(|t| t.to_ascii_lowercase().contains("form-urlencoded"))
}

fn header(noted: &Noted, name: &str) -> Option<String> {
    let value = noted.headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

/// What differs from the likely URLs as apps and tunnels make them differ: in host, scheme or port. A signature that fits one of these
/// is still no good, but it can be said why.
fn near(noted: &Noted, urls: &[String]) -> Vec<String> {
    let hosts = ["x-forwarded-host", "x-original-host", "host"];
    let hosts = hosts.iter().filter_map(|n| header(noted, n));
    let hosts = hosts.map(|h| format!("https://{h}{}", noted.target));
    let mut all = Vec::new();
    for url in urls.iter().cloned().chain(hosts) {
        for other in [vec![url.clone()], variants(&url)].concat() {
            if !all.contains(&other) {
                all.push(other);
            }
        }
    }
    all
}

/// A URL under either scheme, without a port, with its own, and with the one that is usual there.
fn variants(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("://") else {
        return Vec::new();
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    };
    let mut all = Vec::new();
    for (scheme, usual) in [("https", "443"), ("http", "80")] {
        all.push(format!("{scheme}://{host}{target}"));
        for port in port.into_iter().chain([usual]) {
            all.push(format!("{scheme}://{host}:{port}{target}"));
        }
    }
    all
}

fn is_webhook_form(form: &[u8]) -> bool {
    let params: Vec<_> = form_urlencoded::parse(form).into_owned().collect();
    is_webhook(&params)
}

/// A URL whose path has its trailing slash added or taken away.
fn toggled(url: &str) -> String {
    let (path, query) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    match path.strip_suffix('/') {
        Some(path) => format!("{path}{query}"),
        None => format!("{path}/{query}"),
    }
}
