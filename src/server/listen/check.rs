//! Did Twilio sign this request? The signature is made over the URL as Twilio holds it, which a tunnel hides from us: every URL that it may
//! have been is tried.

use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};

use crate::config::Secret;
use crate::signature::{Algorithm, canonical_url, verify};

const SIGNATURE: &str = "x-twilio-signature";
/// Says that another key than the auth token was used (spec/twilio.md 3).
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// What a signature says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// It fits this URL.
    Valid { url: String },
    /// There is no auth token to check it with.
    Unchecked,
    /// It does not fit, or there is none: the request is refused, with this reason.
    No(String),
}

impl Signed {
    /// What is kept beside the event.
    pub(super) fn note(&self) -> Value {
        let signature = match self {
            Self::Valid { url } => json!({"state": "valid", "url": url}),
            Self::Unchecked => json!({"state": "unchecked", "why": "no auth token is known"}),
            Self::No(why) => json!({"state": "invalid", "why": why}),
        };
        json!({ "signature": signature })
    }
}

/// What is signed, beside the URL.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    /// A form body; what is signed are its decoded parameters.
    Form(&'a [u8]),
    /// A JSON body, covered by `bodySHA256` in the URL.
    Json(&'a [u8]),
}

/// Who checks.
#[derive(Clone, Debug)]
pub(in crate::server) struct Checker {
    pub(in crate::server) token: Option<Secret>,
    /// Scheme, host, port and the beginning of the path that Twilio uses instead of ours.
    pub(in crate::server) public_url: Option<String>,
}

impl Checker {
    /// Judges a request.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap, content: Content<'_>) -> Signed {
        let Some(token) = &self.token else {
            return Signed::Unchecked;
        };
        let Some(signature) = text(headers, SIGNATURE) else {
            return Signed::No("there is no X-Twilio-Signature header".to_owned());
        };
        let algorithm = match shared_key(headers) {
            Ok(algorithm) => algorithm,
            Err(why) => return Signed::No(why),
        };
        let urls = self.candidates(uri, headers);
        let (params, body) = match content {
            Content::Form(body) => (form_urlencoded::parse(body).into_owned().collect(), None),
            Content::Json(body) => (Vec::new(), Some(body)),
        };
        let fits = |url: &String| verify(signature, url, &params, body, token, algorithm);
        match urls.iter().find(|url| fits(url)) {
            Some(url) => Signed::Valid { url: url.clone() },
            None => Signed::No(self.why_not(uri, content, &urls)),
        }
    }

    fn why_not(&self, uri: &Uri, content: Content<'_>, urls: &[String]) -> String {
        let has_hash = uri.query().is_some_and(|q| q.contains("bodySHA256="));
        if matches!(content, Content::Json(_)) && !has_hash {
            return "X-Twilio-Signature cannot cover a JSON body: there is no bodySHA256 in the query".to_owned();
        }
        let first = urls.first().map_or("", String::as_str);
        let hint = if self.public_url.is_some() {
            "is the auth token that of the account, and --public-url what Twilio calls?"
        } else {
            "is the auth token that of the account? Behind a tunnel, name its address with --public-url"
        };
        format!("X-Twilio-Signature does not fit {first}; {hint}")
    }

    /// The URLs that Twilio may have signed, the likeliest first. Trying many is safe: only who has the token can make a signature
    /// that fits one.
    pub(in crate::server) fn candidates(&self, uri: &Uri, headers: &HeaderMap) -> Vec<String> {
        let target = uri.path_and_query().map_or("/", |t| t.as_str());
        let mut all = Vec::new();
        match &self.public_url {
            Some(public) => of_public(public, target, &mut all),
            None => of_headers(uri, headers, target, &mut all),
        }
        // An address without a path is asked for with one: which of both was signed cannot be seen.
        if let Some(rest) = target.strip_prefix('/').filter(|r| r.is_empty() || r.starts_with('?')) {
            for n in 0..all.len() {
                if let Some(bare) = all[n].strip_suffix(target) {
                    all.push(format!("{bare}{rest}"));
                }
            }
        }
        all
    }
}

/// The algorithm of the signature, as far as we hold its key.
fn shared_key(headers: &HeaderMap) -> Result<Algorithm, String> {
    let Some(settings) = text(headers, SETTINGS) else {
        return Ok(Algorithm::HmacSha1);
    };
    match Algorithm::from_settings(settings) {
        // Twilio says so too where it used the auth token.
        Some(Algorithm::HmacSha1) => Ok(Algorithm::HmacSha1),
        Some(Algorithm::HmacSha256) => Err(
            "it is signed with a shared key (HMAC_SHA256), which only the account and Twilio know: it cannot be checked with the auth token"
                .to_owned(),
        ),
        None => Err(format!("it is signed in a way that is not known here: {settings}")),
    }
}

/// With the path as it came, below the public URL's; where a proxy did not cut that off, with it once.
fn of_public(public: &str, target: &str, all: &mut Vec<String>) {
    let public = public.trim_end_matches('/');
    all.push(format!("{public}{target}"));
    // Twilio sends `user:pass@` as a header, and was seen to sign with it and without.
    let plain = canonical_url(public);
    if plain != public {
        all.push(format!("{plain}{target}"));
    }
    let path_at = public.find("://").map_or(0, |at| at + 3);
    if let Some(path) = public[path_at..].find('/').map(|at| path_at + at)
        && target.starts_with(&public[path..])
    {
        all.push(format!("{}{target}", &public[..path]));
    }
}

/// By what a tunnel says, and by the host that was asked for.
fn of_headers(uri: &Uri, headers: &HeaderMap, target: &str, all: &mut Vec<String>) {
    let first = |name: &str| text(headers, name).and_then(|v| v.split(',').next()).map(str::trim);
    let forwarded = |key: &str| {
        let pairs = text(headers, "forwarded")?.split(',').next()?.split(';');
        let value = pairs
            .filter_map(|p| p.split_once('='))
            .find(|(k, _)| k.trim().eq_ignore_ascii_case(key))?
            .1;
        Some(value.trim().trim_matches('"'))
    };
    let hosts = [
        first("x-forwarded-host"),
        forwarded("host"),
        first("x-original-host"),
        first("host"),
        uri.authority().map(axum::http::uri::Authority::as_str),
    ];
    let schemes = [
        first("x-forwarded-proto"),
        forwarded("proto"),
        Some("https"),
        Some("http"),
    ];
    let prefixes = [Some(""), first("x-forwarded-prefix")];
    for host in hosts.into_iter().flatten() {
        for scheme in schemes.into_iter().flatten() {
            for prefix in prefixes.into_iter().flatten() {
                let url = format!("{scheme}://{host}{}{target}", prefix.trim_end_matches('/'));
                if !all.contains(&url) {
                    all.push(url);
                }
            }
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim)
}
