//! `X-Twilio-Signature`: made as Twilio makes it, checked as its libraries check it.
//!
//! The text that is hashed is the URL exactly as Twilio holds it, then every decoded form parameter, name and value
//! without separators (spec/twilio.md section 3). No URL is parsed and written again here, because one changed
//! character changes the signature. Making the request that carries it belongs to `replay`. [`doctor`] says what a signature was made
//! for when it does not fit, [`settings`] which setting of the app's framework mends that.

mod candidates;
pub mod doctor;
#[cfg(test)]
mod doctor_tests;
pub mod settings;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::config::Secret;

/// The query parameter that covers a JSON body.
const BODY_SHA256: &str = "bodySHA256";

/// The hash of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// With the auth token: what Twilio does unless told otherwise.
    #[default]
    HmacSha1,
    /// With a SharedKey: `X-Twilio-Webhooks-Signature-Settings: key=…,algorithm=HMAC_SHA256`.
    HmacSha256,
}

impl Algorithm {
    /// Reads the `algorithm` of an `X-Twilio-Webhooks-Signature-Settings` header; without one it is HMAC-SHA1.
    pub fn from_settings(header: &str) -> Option<Self> {
        let name = header
            .split(',')
            .find_map(|part| part.trim().strip_prefix("algorithm="));
        match name.map(str::trim) {
            None | Some("HMAC_SHA1") => Some(Self::HmacSha1),
            Some("HMAC_SHA256") => Some(Self::HmacSha256),
            Some(_) => None,
        }
    }
}

/// The signature of a request: base64 of the HMAC over `url` as given and `params` (decoded; empty for a GET and for a
/// JSON body).
pub fn sign(url: &str, params: &[(String, String)], key: &Secret, alg: Algorithm) -> String {
    match alg {
        Algorithm::HmacSha1 => encode(mac::<Hmac<Sha1>>(url, params, key)),
        Algorithm::HmacSha256 => encode(mac::<Hmac<Sha256>>(url, params, key)),
    }
}

/// True when `signature` fits the request as any of Twilio's libraries would judge it.
///
/// Tried are the URL as given, without its port, and with one (`:443`/`:80` where it has none): Twilio is not
/// consistent about ports. With a `body` (JSON) the URL must hold its `bodySHA256`, and `params` are not part of the
/// signed text. Compared in constant time.
pub fn verify(
    signature: &str,
    url: &str,
    params: &[(String, String)],
    body: Option<&[u8]>,
    key: &Secret,
    alg: Algorithm,
) -> bool {
    let Ok(given) = STANDARD.decode(signature) else {
        return false;
    };
    if let Some(body) = body
        && query_value(url, BODY_SHA256) != Some(body_sha256(body).as_str())
    {
        return false;
    }
    let params = if body.is_some() { &[] } else { params };
    port_spellings(url).iter().any(|url| match alg {
        Algorithm::HmacSha1 => fits(mac::<Hmac<Sha1>>(url, params, key), &given),
        Algorithm::HmacSha256 => fits(mac::<Hmac<Sha256>>(url, params, key), &given),
    })
}

/// The URL that Twilio signs and sends: without fragment (connection overrides) and without `user:pass@`; every other
/// character stays as it is.
pub fn canonical_url(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (scheme, authority, rest) = split(url);
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{host}{rest}")
}

/// Lower-case hex SHA-256 of a raw body, the value of `bodySHA256`.
pub fn body_sha256(body: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(body) {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// `url` with `bodySHA256` of `body` in its query: in place where there is one already, else at the end.
pub fn with_body_sha256(url: &str, body: &[u8]) -> String {
    with_body_hash(url, &body_sha256(body))
}

fn with_body_hash(url: &str, hash: &str) -> String {
    let (url, fragment) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let pair = format!("{BODY_SHA256}={hash}");
    let Some((base, query)) = url.split_once('?') else {
        return format!("{url}?{pair}{fragment}");
    };
    let mut parts: Vec<&str> = query.split('&').collect();
    // An empty last part is what follows a bare `?` or a trailing `&`.
    let at = parts.iter().position(|part| name_of(part) == BODY_SHA256);
    match at.or_else(|| {
        parts
            .iter()
            .rposition(|part| part.is_empty())
            .filter(|at| at + 1 == parts.len())
    }) {
        Some(at) => parts[at] = &pair,
        None => parts.push(&pair),
    }
    format!("{base}?{}{fragment}", parts.join("&"))
}

/// The keyed hash, fed with the signed text: names in byte order, of one name the distinct values in byte order.
fn mac<M: Mac + KeyInit>(url: &str, params: &[(String, String)], key: &Secret) -> Option<M> {
    // HMAC takes a key of any length, so this is never none.
    let mut mac = <M as KeyInit>::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(url.as_bytes());
    let pairs: BTreeSet<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(mac)
}

fn encode<M: Mac>(mac: Option<M>) -> String {
    mac.map(|m| STANDARD.encode(m.finalize().into_bytes()))
        .unwrap_or_default()
}

fn fits<M: Mac>(mac: Option<M>, given: &[u8]) -> bool {
    mac.is_some_and(|m| m.verify_slice(given).is_ok())
}

/// Scheme with `://`, authority, and the rest of a URL, as text.
fn split(url: &str) -> (&str, &str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    (scheme, authority, rest)
}

/// The URL as given, without a port, and with one.
fn port_spellings(url: &str) -> Vec<String> {
    let (scheme, authority, rest) = split(url);
    // A colon inside `[::1]` or in `user:pass@` is not a port's.
    let host_start = authority.rfind([']', '@']).map_or(0, |at| at + 1);
    let port = authority[host_start..].rfind(':').map(|at| host_start + at);
    let mut all = vec![url.to_owned()];
    if let Some(colon) = port {
        all.push(format!("{scheme}{}{rest}", &authority[..colon]));
    } else {
        let default = if scheme.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("https")) {
            443
        } else {
            80
        };
        all.push(format!("{scheme}{authority}:{default}{rest}"));
    }
    all
}

/// The first raw value of a query parameter.
fn query_value<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let url = url.split('#').next()?;
    let (_, query) = url.split_once('?')?;
    query
        .split('&')
        .find(|part| name_of(part) == name)
        .map(|part| part.split_once('=').map_or("", |(_, value)| value))
}

fn name_of(part: &str) -> &str {
    part.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/data/signature-vectors.json")).unwrap()
    }

    fn text<'a>(v: &'a Value, name: &str) -> &'a str {
        v[name].as_str().unwrap_or_default()
    }

    fn params(v: &Value) -> Vec<(String, String)> {
        let pair = |p: &Value| (p[0].as_str().unwrap().to_owned(), p[1].as_str().unwrap().to_owned());
        v["params"].as_array().unwrap().iter().map(pair).collect()
    }

    fn algorithm(v: &Value) -> Algorithm {
        Algorithm::from_settings(&format!(
            "key=k,algorithm={}",
            v["algorithm"].as_str().unwrap_or("HMAC_SHA1")
        ))
        .unwrap()
    }

    /// A JSON body is covered by `bodySHA256` in the URL; the historic scheme put it among the parameters.
    fn body(v: &Value) -> Option<&[u8]> {
        v["body"].as_str().filter(|_| params(v).is_empty()).map(str::as_bytes)
    }

    #[test]
    fn every_valid_vector() {
        let vectors = vectors();
        let valid = vectors["valid"].as_array().unwrap();
        assert_eq!(valid.len(), 23);
        for v in valid {
            let (key, id) = (Secret::new(text(v, "auth_token")), text(v, "id"));
            let (signature, alg) = (text(v, "signature"), algorithm(v));
            assert_eq!(sign(text(v, "signed_url"), &params(v), &key, alg), signature, "{id}");
            assert!(
                verify(signature, text(v, "request_url"), &params(v), body(v), &key, alg),
                "{id}"
            );
            assert!(
                !verify(
                    signature,
                    text(v, "request_url"),
                    &params(v),
                    body(v),
                    &Secret::new("x"),
                    alg
                ),
                "{id}"
            );
            if let Some(body) = v["body"].as_str() {
                assert_eq!(body_sha256(body.as_bytes()), text(v, "body_sha256"), "{id}");
            }
        }
    }

    #[test]
    fn every_invalid_vector() {
        let vectors = vectors();
        let invalid = vectors["invalid"].as_array().unwrap();
        assert_eq!(invalid.len(), 3);
        for v in invalid {
            let key = Secret::new(text(v, "auth_token"));
            let fits = verify(
                text(v, "signature"),
                text(v, "request_url"),
                &params(v),
                body(v),
                &key,
                algorithm(v),
            );
            assert!(!fits, "{}", text(v, "id"));
        }
    }

    #[test]
    fn fragment_and_credentials_go_and_nothing_else_changes() {
        for (url, want) in [
            ("https://u:p@h/a?b='%7e#ct=2000&rc=3", "https://h/a?b='%7e"),
            ("https://h", "https://h"),
            ("https://u@h?x=a@b", "https://h?x=a@b"),
            ("https://h/a@b", "https://h/a@b"),
            ("http://a:b@c@[::1]:80/", "http://[::1]:80/"),
            ("HTTPS://H.Example:443/É /#", "HTTPS://H.Example:443/É /"),
        ] {
            assert_eq!(canonical_url(url), want);
        }
    }

    #[test]
    fn body_hash_is_put_in_place_or_at_the_end() {
        let h = body_sha256(b"{}");
        for (url, want) in [
            ("https://h/e", format!("https://h/e?bodySHA256={h}")),
            ("https://h/e?a=1", format!("https://h/e?a=1&bodySHA256={h}")),
            ("https://h/e?a=1&", format!("https://h/e?a=1&bodySHA256={h}")),
            ("https://h/e?", format!("https://h/e?bodySHA256={h}")),
            (
                "https://h/e?bodySHA256=00&a=1",
                format!("https://h/e?bodySHA256={h}&a=1"),
            ),
            ("https://h/e#f", format!("https://h/e?bodySHA256={h}#f")),
        ] {
            assert_eq!(with_body_sha256(url, b"{}"), want);
        }
    }

    #[test]
    fn a_body_that_changed_does_not_fit() {
        let key = Secret::new("12345");
        let url = with_body_sha256("https://example.com/e", b"{}");
        let s = sign(&url, &[], &key, Algorithm::HmacSha1);
        assert!(verify(&s, &url, &[], Some(b"{}"), &key, Algorithm::HmacSha1));
        assert!(!verify(&s, &url, &[], Some(b"{ }"), &key, Algorithm::HmacSha1));
    }

    #[test]
    fn ports_of_ipv6_hosts() {
        assert_eq!(
            port_spellings("http://[::1]/a"),
            ["http://[::1]/a", "http://[::1]:80/a"]
        );
        assert_eq!(
            port_spellings("http://[::1]:81/a"),
            ["http://[::1]:81/a", "http://[::1]/a"]
        );
    }
}
