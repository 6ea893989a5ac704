//! The headers of a replay: those recorded, or those that the platform is known to send, with what must differ.
//!
//! Recorded headers win where the source kept any (a proxy of ours does, Twilio's own sources keep none). Left out are
//! those of the connection they came over, a signature that no longer counts, and forwarding headers that would make
//! the app rebuild another URL than the one that was signed.

use super::address::Public;
use super::edit;
use super::plan::{Body, PlanError, SignatureUse};
use crate::config::Secret;
use crate::model::Provider;

const SIGNATURE: &str = "X-Twilio-Signature";
/// Names the SharedKey and the hash of a signature; without it a signature counts as HMAC-SHA1 with the auth token.
const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";

/// Headers by which an app behind a proxy rebuilds its public URL.
const FORWARDING: [&str; 7] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-original-url",
];

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

pub(super) fn is_signature(name: &str) -> bool {
    name.eq_ignore_ascii_case(SIGNATURE)
}

/// True for the signature and what says how it was made: they follow from `--sign`.
pub(super) fn of_signature(name: &str) -> bool {
    is_signature(name) || name.eq_ignore_ascii_case(SETTINGS)
}

/// What the headers follow from.
pub(super) struct Head<'a> {
    pub(super) provider: Provider,
    pub(super) recorded: &'a [(String, String)],
    pub(super) edits: &'a [(String, String)],
    pub(super) body: &'a Body,
    pub(super) public: Option<&'a Public>,
    /// The target's `host[:port]`, then what [`Head::host`] says.
    pub(super) host: String,
    pub(super) signature: SignatureUse,
}

type Headers = Vec<(String, String)>;

impl Head<'_> {
    /// The value of `Host`: from `--header`, else of the public URL, else the target's.
    pub(super) fn host(&self) -> Result<String, PlanError> {
        let edited = self
            .edits
            .iter()
            .rev()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        match (edited, self.public) {
            (Some((name, value)), _) => {
                edit::check_header(name, value)?;
                if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
                    return Err(PlanError::BadHeader {
                        name: name.clone(),
                        why: "it must be a host; HTTP/1.1 needs one",
                    });
                }
                Ok(value.clone())
            }
            (None, Some(public)) => Ok(public.authority.clone()),
            (None, None) => Ok(self.host.clone()),
        }
    }

    /// All headers in the order of sending, and what finally became of the signature.
    pub(super) fn list(
        &self,
        signature: Option<String>,
        notes: &mut Vec<String>,
    ) -> Result<(Headers, SignatureUse), PlanError> {
        let mut list = vec![("Host".to_owned(), self.host.clone())];
        if self.recorded.is_empty() {
            list.extend(platform(self.provider));
        } else {
            self.copy_recorded(&mut list, notes);
        }
        self.describe_body(&mut list);
        if let Some(public) = self.public {
            set(&mut list, "X-Forwarded-Host", &public.authority);
            set(&mut list, "X-Forwarded-Proto", &public.scheme);
        }
        if let Some(signature) = signature {
            set(&mut list, SIGNATURE, &signature);
        }
        let mut signature = self.signature;
        for (name, value) in self.edits {
            edit::check_header(name, value)?;
            if is_signature(name) && self.provider == Provider::Twilio {
                signature = if value.is_empty() {
                    SignatureUse::Stripped
                } else {
                    SignatureUse::Kept
                };
            }
            if value.is_empty() {
                list.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            } else {
                set(&mut list, name, value);
            }
        }
        Ok((list, signature))
    }

    fn copy_recorded(&self, list: &mut Headers, notes: &mut Vec<String>) {
        for (name, value) in of_message(self.recorded) {
            if self.outdated(name, notes) {
                continue;
            }
            if value == Secret::DOTS {
                notes.push(format!(
                    "{name} was left out: its value is a secret and was not recorded; give it with --header"
                ));
                continue;
            }
            if edit::check_header(name, value).is_err() {
                notes.push(format!(
                    "the recorded header `{}` cannot be sent and was left out",
                    name.escape_debug()
                ));
            } else if name.eq_ignore_ascii_case("accept-encoding") && !decodable(value) {
                list.push((name.clone(), "gzip".to_owned()));
            } else {
                list.push((name.clone(), value.clone()));
            }
        }
    }

    /// True for recorded headers that belong to the old signature or the old address.
    fn outdated(&self, name: &str, notes: &mut Vec<String>) -> bool {
        let kept = self.signature == SignatureUse::Kept;
        if is_signature(name) {
            return !kept;
        }
        if name.eq_ignore_ascii_case(SETTINGS) && !kept {
            if self.signature == SignatureUse::Resigned {
                notes.push(format!(
                    "{SETTINGS} was left out: the new signature is HMAC-SHA1 with the auth token"
                ));
            }
            return true;
        }
        let forwarding = FORWARDING.iter().any(|f| name.eq_ignore_ascii_case(f));
        if forwarding && self.public.is_none() && self.signature == SignatureUse::Resigned {
            notes.push(format!(
                "{name} was left out: the signature is for the local URL (use --public-url to change that)"
            ));
            return true;
        }
        forwarding && self.public.is_some()
    }

    fn describe_body(&self, list: &mut Headers) {
        let (wanted, whole) = match (self.body, self.provider) {
            (Body::None, _) => return,
            (Body::Form(_), _) => (FORM, "application/x-www-form-urlencoded; charset=UTF-8"),
            (Body::Json(_), Provider::Twilio) => (JSON, "application/json; charset=utf-8"),
            (Body::Json(_), Provider::Tropo) => (JSON, JSON),
        };
        let given = list.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !given.is_some_and(|(_, value)| is_media_type(value, wanted)) {
            set(list, "Content-Type", whole);
        }
        list.push(("Content-Length".to_owned(), self.body.bytes().len().to_string()));
    }
}

/// What the platform sends besides (spec/twilio.md section 3; for Tropo nothing more is certain, spec 2.1).
pub(super) fn platform(provider: Provider) -> Headers {
    let pairs: &[(&str, &str)] = match provider {
        Provider::Twilio => &[("User-Agent", "TwilioProxy/1.1"), ("Accept", "*/*")],
        Provider::Tropo => &[("Accept", "*/*")],
    };
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// The recorded headers that are the message's own: not those of the connection it came over, and not `Host`.
pub(super) fn of_message(recorded: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    let listed = recorded
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    let hop: Vec<&str> = listed.flat_map(|(_, value)| value.split(',').map(str::trim)).collect();
    recorded.iter().filter(move |(name, _)| {
        let of_connection = edit::is_reserved(name) || hop.iter().any(|h| name.eq_ignore_ascii_case(h));
        !of_connection && !name.eq_ignore_ascii_case("host")
    })
}

/// True where `Content-Type` names `wanted`, parameters aside.
pub(super) fn is_media_type(content_type: &str, wanted: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(wanted)
}

/// True where every encoding that the header asks for is one that an answer is decoded from.
fn decodable(accept_encoding: &str) -> bool {
    accept_encoding.split(',').all(|part| {
        let coding = part.split(';').next().unwrap_or_default().trim();
        ["gzip", "x-gzip", "deflate", "identity"]
            .iter()
            .any(|c| coding.eq_ignore_ascii_case(c))
    })
}

/// Replaces the first header of that name and drops the others, or adds one.
fn set(list: &mut Headers, name: &str, value: &str) {
    let Some(at) = list.iter().position(|(n, _)| n.eq_ignore_ascii_case(name)) else {
        list.push((name.to_owned(), value.to_owned()));
        return;
    };
    list[at] = (name.to_owned(), value.to_owned());
    let mut index = 0;
    list.retain(|(n, _)| {
        index += 1;
        index == at + 1 || !n.eq_ignore_ascii_case(name)
    });
}
