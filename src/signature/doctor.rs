//! Which URL was a signature made for? Spellings of a URL, ways of handing on parameters, tokens and hashes are tried, the likeliest first.
//!
//! What is tried is bounded in number and in bytes, whatever is given; the hash of a body is made once. [`Found::diagnosis`] says what
//! differs and whose doing that usually is; the setting that mends it is in [`super::settings`].

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

pub use super::candidates::Change;
use super::candidates::{Covered, covered, decoded, spellings};
use super::{Algorithm, STANDARD, body_sha256, canonical_url};
use crate::config::Secret;
use base64::Engine as _;

/// So many signatures are made at most.
pub const MOST: usize = 40_000;
/// So many bytes are hashed at most.
const MOST_BYTES: usize = 64 << 20;

/// What is known of a request that carries a signature.
#[derive(Clone, Debug, Default)]
pub struct Case<'a> {
    /// The signature.
    pub signature: &'a str,
    /// The URL that it should fit.
    pub url: &'a str,
    /// Decoded form parameters.
    pub params: &'a [(String, String)],
    /// A JSON body.
    pub body: Option<&'a [u8]>,
    /// Other URLs or hosts that the app may be called at.
    pub also: &'a [String],
    /// Tokens with names for them, the one in use first.
    pub tokens: &'a [(String, Secret)],
    /// The hash that is expected.
    pub algorithm: Algorithm,
}

/// What a signature was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The URL.
    pub url: String,
    /// How it differs from the one given.
    pub changes: Vec<Change>,
    /// How the parameters differ from those given.
    pub params: Option<&'static str>,
    /// The name of the token, where it is not the first.
    pub token: Option<String>,
    /// The hash, where it is not the expected one.
    pub algorithm: Option<Algorithm>,
    /// The body is not the one whose hash was signed.
    pub other_body: bool,
}

/// What came of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The likeliest fit.
    pub found: Option<Found>,
    /// Signatures that were made.
    pub tried: usize,
    /// All that could have been tried.
    pub of: usize,
}

/// Looks for what a signature was made for, trying at most `most` signatures.
pub fn examine(case: &Case, most: usize) -> Search {
    let nothing = |tried, of| Search { found: None, tried, of };
    let Ok(given) = STANDARD.decode(case.signature.trim()) else {
        return nothing(0, 0);
    };
    let hash = case.body.map(body_sha256);
    let urls = spellings(case.url, case.also, hash.as_deref());
    let covered = if case.body.is_some() {
        covered(&[])
    } else {
        covered(case.params)
    };
    let other = match case.algorithm {
        Algorithm::HmacSha1 => Algorithm::HmacSha256,
        Algorithm::HmacSha256 => Algorithm::HmacSha1,
    };
    let of = urls.len() * covered.len() * case.tokens.len();
    // The length of a signature says which hash made it.
    let algorithm = [case.algorithm, other].into_iter().find(|a| given.len() == length(*a));
    let Some(algorithm) = algorithm else {
        return nothing(0, of);
    };
    let (mut tried, mut bytes) = (0, 0);
    // What differs in few things is likelier than what differs in many: URL, parameters and token count together.
    let most_changes = urls.last().map_or(0, |s| s.cost);
    for distance in 0..=most_changes + 2 {
        for (way, covered) in covered.iter().enumerate() {
            for (nth, (name, key)) in case.tokens.iter().enumerate() {
                let cost = usize::from(way > 0) + usize::from(nth > 0);
                let Some(changes) = distance.checked_sub(cost) else {
                    continue;
                };
                let Some(keyed) = Keyed::new(key, algorithm) else {
                    continue;
                };
                for spelling in urls.iter().filter(|s| s.cost == changes) {
                    if tried == most || bytes > MOST_BYTES {
                        return nothing(tried, of);
                    }
                    tried += 1;
                    bytes += spelling.url.len() + covered.bytes.len();
                    if !keyed.fits(&spelling.url, covered, &given) {
                        continue;
                    }
                    let found = Found {
                        url: spelling.url.clone(),
                        changes: spelling.changes.clone(),
                        params: covered.how,
                        token: (nth > 0).then(|| name.clone()),
                        algorithm: (algorithm != case.algorithm).then_some(algorithm),
                        other_body: hash.as_deref().is_some_and(|h| other_body(&spelling.url, h)),
                    };
                    return Search {
                        found: Some(found),
                        tried,
                        of,
                    };
                }
            }
        }
    }
    nothing(tried, of)
}

/// True for what has the length of a signature.
pub fn is_signature(text: &str) -> bool {
    STANDARD.decode(text.trim()).is_ok_and(|bytes| {
        [Algorithm::HmacSha1, Algorithm::HmacSha256]
            .into_iter()
            .any(|a| length(a) == bytes.len())
    })
}

/// The URL names the hash of another body.
fn other_body(url: &str, hash: &str) -> bool {
    super::query_value(url, super::BODY_SHA256).is_some_and(|h| h != hash)
}

fn length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HmacSha1 => 20,
        Algorithm::HmacSha256 => 32,
    }
}

/// A hash that has taken its key in.
enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl Keyed {
    fn new(key: &Secret, algorithm: Algorithm) -> Option<Self> {
        let bytes = key.expose().as_bytes();
        Some(match algorithm {
            Algorithm::HmacSha1 => Self::Sha1(<Hmac<Sha1> as KeyInit>::new_from_slice(bytes).ok()?),
            Algorithm::HmacSha256 => Self::Sha256(<Hmac<Sha256> as KeyInit>::new_from_slice(bytes).ok()?),
        })
    }

    fn fits(&self, url: &str, covered: &Covered, given: &[u8]) -> bool {
        match self {
            Self::Sha1(mac) => mac_fits(mac.clone(), url, covered, given),
            Self::Sha256(mac) => mac_fits(mac.clone(), url, covered, given),
        }
    }
}

fn mac_fits<M: Mac>(mut mac: M, url: &str, covered: &Covered, given: &[u8]) -> bool {
    mac.update(url.as_bytes());
    mac.update(&covered.bytes);
    mac.verify_slice(given).is_ok()
}

/// What the cause of a difference is, for the table of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Scheme, host or port: the app does not know the public URL.
    Proxy,
    /// The URL arrives decoded.
    Encoding,
    /// A slash at the end.
    Slash,
    /// Parameters are not those that were sent.
    Params,
    /// The body was changed before it was checked.
    Body,
    /// Another token.
    Token,
}

impl Found {
    /// True where nothing differs.
    pub fn is_as_given(&self) -> bool {
        self.changes.is_empty()
            && self.params.is_none()
            && self.token.is_none()
            && self.algorithm.is_none()
            && !self.other_body
    }

    /// Whose doing the differences are.
    pub fn causes(&self) -> Vec<Cause> {
        let mut causes: Vec<Cause> = self.changes.iter().filter_map(|c| cause(*c)).collect();
        causes.extend(self.params.map(|_| Cause::Params));
        causes.extend(self.other_body.then_some(Cause::Body));
        causes.extend(self.token.as_ref().map(|_| Cause::Token));
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    /// What differs and who probably did that, a sentence each.
    pub fn diagnosis(&self, given: &str) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        let (signed_scheme, ours) = (scheme(&self.url), scheme(given));
        for change in &self.changes {
            said.push(match change {
                Change::Scheme => format!(
                    "{signed_scheme} was signed, {ours} was rebuilt: {}",
                    if ours == "http" || ours == "ws" {
                        "a proxy or tunnel in front ends TLS, and the app does not trust its X-Forwarded-Proto"
                    } else {
                        "the platform calls the app without TLS, and the app or a setting of it says otherwise"
                    }
                ),
                Change::Host => {
                    "another host was signed: the app rebuilds its URL from a Host header that a proxy has changed, or has a fixed URL of another day"
                        .to_owned()
                }
                Change::HostCase => {
                    "the host was signed in other letters: something in front of the app makes it lower case".to_owned()
                }
                Change::Port => {
                    "another port was signed: the app adds the port that it listens at, or a proxy has taken it away".to_owned()
                }
                Change::Slash => "the slash at the end differs: a router or proxy redirects or rewrites the path".to_owned(),
                Change::PathEncoding | Change::QueryEncoding => encoding(given, &self.url),
                Change::QueryDropped => {
                    "the query was not signed: it was added on the way, or the URL given has one that the platform does not hold".to_owned()
                }
                Change::QueryOrder => "the query was signed in another order: something parses and writes it anew".to_owned(),
                Change::QuestionMark => {
                    "a `?` with nothing behind it differs: frameworks such as Flask drop it".to_owned()
                }
                Change::BodyHash => {
                    "bodySHA256 differs: for JSON the platform adds it to the query, and it has to stay there".to_owned()
                }
                Change::UserInfo => {
                    "user and password were signed with the URL, which the platform never does: take them out of the URL that is checked".to_owned()
                }
                Change::Fragment => "the fragment was signed, which the platform never does: something else made this signature".to_owned(),
            });
        }
        if let Some(how) = self.params {
            said.push(format!(
                "it was made {how}: the parameters given are not those that were sent"
            ));
        }
        if self.other_body {
            said.push(
                "the body is not the one that was sent: something parses and writes it anew before the check"
                    .to_owned(),
            );
        }
        if let Some(token) = &self.token {
            said.push(format!(
                "it was made with {token}, not with the token that the app uses: of another account, a subaccount, or the other of two"
            ));
        }
        match self.algorithm {
            Some(Algorithm::HmacSha256) => said.push(
                "it was made with HMAC-SHA256, as accounts with a SharedKey sign: Twilio's Node library knows only HMAC-SHA1".to_owned(),
            ),
            Some(Algorithm::HmacSha1) => said.push("it was made with HMAC-SHA1, not HMAC-SHA256".to_owned()),
            None => {}
        }
        said.dedup();
        said
    }
}

fn encoding(given: &str, signed: &str) -> String {
    if decoded(signed) == decoded(given) && signed.matches('%').count() > given.matches('%').count() {
        return "the URL was signed percent-encoded and rebuilt decoded: Flask and FastAPI do that with request.url"
            .to_owned();
    }
    "the URL was signed in another percent-encoding: something in front of the check parses and writes it anew"
        .to_owned()
}

fn scheme(url: &str) -> String {
    url.split("://").next().unwrap_or_default().to_ascii_lowercase()
}

fn cause(change: Change) -> Option<Cause> {
    Some(match change {
        Change::Scheme | Change::Host | Change::HostCase | Change::Port | Change::UserInfo => Cause::Proxy,
        Change::PathEncoding | Change::QueryEncoding | Change::QuestionMark | Change::QueryOrder => Cause::Encoding,
        Change::Slash => Cause::Slash,
        Change::BodyHash => Cause::Body,
        Change::QueryDropped | Change::Fragment => return None,
    })
}

/// URLs that an app may rebuild of one that it is called at, for a request that is really sent: the decoded ones too.
pub fn rebuilt(url: &str) -> Vec<(String, &'static str)> {
    let clean = canonical_url(url);
    let at = clean.find('?').unwrap_or(clean.len());
    let whole = decoded(&clean);
    let path = format!("{}{}", decoded(&clean[..at]), &clean[at..]);
    let mark = clean.strip_suffix('?').map(str::to_owned);
    let mut out: Vec<(String, &'static str)> = Vec::new();
    let ways = [
        (Some(whole), "the decoded URL"),
        (Some(path), "the URL with its path decoded"),
        (mark, "the URL without the `?` at its end"),
    ];
    for (text, what) in ways {
        if let Some(text) = text.filter(|t| *t != clean)
            && out.iter().all(|(t, _)| *t != text)
        {
            out.push((text, what));
        }
    }
    out
}

/// A URL that an app may rebuild, for a request that is really sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likely {
    /// The URL.
    pub url: String,
    /// How it differs, in words.
    pub what: String,
    /// Whose doing that is.
    pub cause: Option<Cause>,
    /// The less the likelier.
    pub rank: (usize, usize),
}

/// URLs that an app may rebuild of one that it is called at, the likeliest first; `also` as in [`Case`].
pub fn likely(url: &str, also: &[String]) -> Vec<Likely> {
    let all = spellings(url, also, None).into_iter();
    all.map(|s| Likely {
        what: s.changes.iter().map(|c| word(*c)).collect::<Vec<_>>().join(", "),
        cause: s.changes.iter().find_map(|c| cause(*c)),
        rank: (s.cost, s.behind),
        url: s.url,
    })
    .collect()
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Scheme => "the other scheme",
        Change::Host => "another host",
        Change::HostCase => "other letters in the host",
        Change::Port => "another port",
        Change::Slash => "the slash at the end",
        Change::PathEncoding => "another encoding of the path",
        Change::QueryDropped => "no query",
        Change::QueryOrder => "another order of the query",
        Change::QueryEncoding => "another encoding of the query",
        Change::QuestionMark => "the `?` at the end",
        Change::BodyHash => "without bodySHA256",
        Change::Fragment => "with its fragment",
        Change::UserInfo => "with user and password",
    }
}
