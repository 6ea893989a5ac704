//! The two URLs of a replay as text: path and query of the recorded one, and the public one that the app believes in.
//!
//! Nothing here parses a URL and writes it again: an app sees, and a signature covers, every character.

use super::plan::PlanError;
use crate::model::{Request, WhyNot};
use crate::signature;

/// The longest request target that the HTTP library takes.
pub(super) const MAX_TARGET: usize = u16::MAX as usize - 1;

/// Path and query of the recorded URL as text, without the fragment; `/` where it has no path.
pub(super) fn recorded_path(request: &Request, notes: &mut Vec<String>) -> Result<String, PlanError> {
    let url = request.url.as_deref().unwrap_or_default().trim();
    if url.is_empty() {
        return Err(PlanError::NotReplayable(WhyNot::NoUrl));
    }
    if url.contains("[click on link") {
        return Err(PlanError::NotReplayable(WhyNot::ElidedUrl));
    }
    let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if matches!(scheme.as_str(), "sip" | "sips" | "ws" | "wss") {
        return Err(PlanError::NotReplayable(WhyNot::NotHttp));
    }
    let clean = signature::canonical_url(url);
    let rest = clean.get(scheme.len()..).and_then(|rest| rest.strip_prefix("://"));
    let Some(rest) = rest.filter(|_| matches!(scheme.as_str(), "http" | "https")) else {
        return Err(PlanError::BadUrl(clean.escape_debug().to_string()));
    };
    if clean.len() < url.split('#').next().unwrap_or_default().len() {
        notes.push("the URL has credentials; they are not sent: use --header 'Authorization: …'".to_owned());
    }
    let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(format!("{slash}{path}"))
}

/// Percent-encodes what cannot stand in a request line, and says so; a recorded URL has such characters only where the
/// source decoded it.
pub(super) fn writable(path: &str, notes: &mut Vec<String>) -> Result<String, PlanError> {
    let (out, encoded) = encoded(path);
    if encoded > 0 {
        notes.push(format!(
            "{encoded} bytes of path and query cannot stand in an HTTP request line and were percent-encoded"
        ));
    }
    if out.len() > MAX_TARGET {
        return Err(PlanError::UrlTooLong(out.len()));
    }
    Ok(out)
}

/// With blanks, control characters, non-ASCII, `<>` and the like percent-encoded, and how many bytes those were.
pub(super) fn encoded(path: &str) -> (String, usize) {
    let mut out = String::with_capacity(path.len());
    let (mut in_query, mut encoded) = (false, 0);
    for byte in path.bytes() {
        let fine = match byte {
            b'"' | b'`' => (byte == b'`') == in_query,
            b'<' | b'>' | b'#' => false,
            _ => byte.is_ascii_graphic(),
        };
        in_query |= byte == b'?';
        if fine {
            out.push(char::from(byte));
        } else {
            out.push_str(percent_encoding::percent_encode_byte(byte));
            encoded += 1;
        }
    }
    (out, encoded)
}

/// The URL that the app believes to be called at.
pub(super) struct Public {
    /// `http` or `https`.
    pub(super) scheme: String,
    /// `host[:port]` as given; a name outside ASCII in its ASCII form.
    pub(super) authority: String,
    /// The text that is signed.
    pub(super) signed: String,
}

impl Public {
    pub(super) fn parse(text: &str, path: &str) -> Result<Self, PlanError> {
        let full = if text.contains("://") {
            text.trim().to_owned()
        } else {
            format!("https://{}", text.trim())
        };
        let full = signature::canonical_url(&full);
        let bad = |why: &str| PlanError::BadPublicUrl {
            text: full.escape_debug().to_string(),
            why: why.to_owned(),
        };
        if full.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("it has blanks or control characters"));
        }
        let url = url::Url::parse(&full).map_err(|e| bad(&e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("its scheme is not http or https"));
        }
        let (scheme, rest) = full.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('\\') {
            return Err(bad("it has no host"));
        }
        if !text.contains("://") && !authority.contains(['.', ':']) {
            return Err(bad("write it whole, such as https://app.example.com"));
        }
        let authority = if authority.is_ascii() {
            authority.to_owned()
        } else {
            url.authority().to_owned()
        };
        let query = path.find('?').map_or("", |at| &path[at..]);
        let rest = match rest {
            "" | "/" => path.to_owned(),
            own if own.contains('?') => own.to_owned(),
            own => format!("{own}{query}"),
        };
        Ok(Self {
            signed: format!("{scheme}://{authority}{rest}"),
            scheme: url.scheme().to_owned(),
            authority,
        })
    }
}
