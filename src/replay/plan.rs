//! What will be sent, decided without sending: the recorded request, moved to the target, edited and signed.
//!
//! Only scheme, host and port are replaced; path and query stay as recorded, character for character. Every departure
//! from the recorded request that the user did not ask for is said in [`Plan::notes`]. [`Plan::wire`] gives the exact
//! bytes, [`super::send()`] sends the same ones.

use std::time::Duration;

use thiserror::Error;

use super::address::{MAX_TARGET, Public, recorded_path, writable};
use super::edit::{self, Edits};
use super::headers::{self, Head};
use super::json_path::PathError;
use super::target::Target;
use crate::config::Secret;
use crate::model::{Payload, Provider, Request, RequestKind, WhyNot};
use crate::signature::{self, Algorithm};

/// Twilio's own limit for a call request (spec/twilio.md section 3).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

/// The header that says which recorded request is sent again.
pub const MARK: &str = "X-Redial-Replay";

/// `--sign`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignMode {
    /// Sign anew; needs the auth token.
    Resign,
    /// Send the recorded signature, if there is one.
    Keep,
    /// Send none.
    Strip,
}

/// What became of the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureUse {
    /// Made anew for what is sent.
    Resigned,
    /// The recorded one, or one given with `--header`.
    Kept,
    /// Taken away.
    Stripped,
    /// There is none: Tropo does not sign, and most Twilio sources do not keep it.
    #[default]
    None,
}

impl SignatureUse {
    /// The word of the contract's `signature`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resigned => "resigned",
            Self::Kept => "kept",
            Self::Stripped => "stripped",
            Self::None => "none",
        }
    }
}

/// How a request is to be sent again.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--set`, `--unset`, `--header`.
    pub edits: Edits,
    /// `--sign`; none: resign when the auth token is known, else send no signature.
    pub sign: Option<SignMode>,
    /// The key of signatures.
    pub auth_token: Option<Secret>,
    /// `--public-url`: the URL that the app believes to be called at.
    pub public_url: Option<String>,
    /// From the first connect to the last byte of the answer.
    pub timeout: Duration,
    /// The request itself is not the recorded one any more (an edited draft of it); counts as an edit like `edits`.
    pub edited: bool,
    /// `--replay-header`: what [`MARK`] says; no edit, since only the tool itself is told by it.
    pub mark: Option<String>,
}

impl Options {
    /// True where what is sent was changed by the user's own hand.
    pub fn is_edited(&self) -> bool {
        self.edited || !self.edits.is_empty()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            edits: Edits::default(),
            sign: None,
            auth_token: None,
            public_url: None,
            timeout: DEFAULT_TIMEOUT,
            edited: false,
            mark: None,
        }
    }
}

/// Everything that will be sent, and what was decided on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// `POST`, `GET`, ….
    pub method: String,
    /// Where to: scheme, host and port of the target, path and query of the request.
    pub url: String,
    /// Path and query as in the request line.
    pub path: String,
    /// The value of `Host`: the target's, or the public URL's.
    pub host_header: String,
    /// All headers in the order of sending, `Host` and `Content-Length` included.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// What became of the signature.
    pub signature: SignatureUse,
    /// The URL that the new signature was made for.
    pub signed_url: Option<String>,
    /// True where `--set`, `--unset` or `--header` was given, or the request itself was edited.
    pub edited: bool,
    /// From the first connect to the last byte of the answer.
    pub timeout: Duration,
    /// What differs from the recorded request beyond target, signature and edits; whole sentences.
    pub notes: Vec<String>,
}

/// Why a request cannot be sent as wished.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The recorded request is not one that can be sent.
    #[error("cannot send it again: {0}")]
    NotReplayable(WhyNot),
    /// The recorded URL is not absolute.
    #[error("the recorded URL `{0}` is not an absolute http URL")]
    BadUrl(String),
    /// The method is not HTTP's.
    #[error("the method `{0}` is not an HTTP method: GET, POST, PUT, DELETE, HEAD, PATCH or OPTIONS")]
    BadMethod(String),
    /// Path and query are too long.
    #[error("path and query are {0} bytes long, at most {MAX_TARGET} can be sent")]
    UrlTooLong(usize),
    /// `--sign resign` without a key.
    #[error("cannot sign without the auth token: set TWILIO_AUTH_TOKEN (an API key cannot sign webhooks)")]
    NoToken,
    /// `--public-url` is no URL.
    #[error("cannot read public URL `{text}`: {why}; give a URL such as https://example.ngrok.app")]
    BadPublicUrl {
        /// Without credentials.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// A header that cannot be sent.
    #[error("header `{name}`: {why}")]
    BadHeader {
        /// As given.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A header that the transport sets itself.
    #[error("header `{0}` cannot be set: it belongs to the connection and follows from what is sent")]
    ReservedHeader(String),
    /// `--set`/`--unset` on a JSON body.
    #[error(transparent)]
    Path(#[from] PathError),
    /// `--set` on a request without body and parameters.
    #[error("there is nothing to set or unset: the request has no body")]
    NothingToEdit,
    /// The HTTP library refused the request.
    #[error("cannot be written as HTTP: {0}")]
    Unwritable(String),
}

/// Decides what will be sent to `target` for a recorded request.
///
/// # Errors
/// [`PlanError`], with what to do next.
pub fn plan(
    provider: Provider,
    kind: RequestKind,
    request: &Request,
    target: &Target,
    options: &Options,
) -> Result<Plan, PlanError> {
    match kind {
        RequestKind::Sip => return Err(PlanError::NotReplayable(WhyNot::NotHttp)),
        RequestKind::Api => return Err(PlanError::NotReplayable(WhyNot::Api)),
        _ => {}
    }
    let method = method(request.method.as_deref())?;
    let mut notes = Vec::new();
    let mut path = recorded_path(request, &mut notes)?;
    let mut payload = request.payload.clone();
    let in_query = edit::carries_no_body(&method);
    change(provider, options, &mut payload, &mut path, in_query, &mut notes)?;
    let (body, params) = body(payload, in_query, &mut path);
    let signature = decide(provider, request, options)?;
    if signature == SignatureUse::None && options.sign == Some(SignMode::Keep) && provider == Provider::Twilio {
        notes.push("no signature was recorded, so there is none to keep".to_owned());
    }
    if options.public_url.is_some() && signature != SignatureUse::Resigned && provider == Provider::Twilio {
        notes.push("not signed for the public URL: set TWILIO_AUTH_TOKEN to the account's auth token".to_owned());
    }
    if let (SignatureUse::Resigned, Body::Json(json)) = (signature, &body) {
        path = signature::with_body_sha256(&path, json);
    }
    let path = writable(&path, &mut notes)?;
    let public = options
        .public_url
        .as_deref()
        .map(|url| Public::parse(url, &path))
        .transpose()?;
    let draft = Draft {
        provider,
        request,
        target,
        options,
        method,
        path,
        body,
        params,
        signature,
        public,
    };
    draft.finish(notes)
}

/// A body and how it says what it is.
pub(super) enum Body {
    /// No body at all (GET, HEAD).
    None,
    /// A form, URL-encoded.
    Form(Vec<u8>),
    /// A JSON document.
    Json(Vec<u8>),
}

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Form(b) | Self::Json(b) => b,
        }
    }
}

/// A plan whose headers and signature are still missing.
struct Draft<'a> {
    provider: Provider,
    request: &'a Request,
    target: &'a Target,
    options: &'a Options,
    method: String,
    path: String,
    body: Body,
    /// What a form signature covers.
    params: Vec<(String, String)>,
    signature: SignatureUse,
    public: Option<Public>,
}

impl Draft<'_> {
    fn finish(mut self, mut notes: Vec<String>) -> Result<Plan, PlanError> {
        let mut head = Head {
            provider: self.provider,
            recorded: &self.request.headers,
            edits: &self.options.edits.headers,
            body: &self.body,
            public: self.public.as_ref(),
            host: self.target.authority(),
            signature: self.signature,
        };
        let host_header = head.host()?;
        head.host.clone_from(&host_header);
        let mut signed_url = None;
        let mut new_signature = None;
        if self.signature == SignatureUse::Resigned {
            let url = self.signed_url(&host_header);
            // Only the auth token is known here, and it signs with HMAC-SHA1; `headers` drops a SharedKey's settings.
            let key = self.options.auth_token.as_ref().ok_or(PlanError::NoToken)?;
            new_signature = Some(signature::sign(&url, &self.params, key, Algorithm::HmacSha1));
            signed_url = Some(url);
        }
        let (mut headers, signature) = head.list(new_signature, &mut notes)?;
        if let Some(mark) = &self.options.mark {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case(MARK));
            headers.push((MARK.to_owned(), mark.clone()));
        }
        if signature != SignatureUse::Resigned {
            signed_url = None;
        }
        // One that was given with `--header` is the user's own: he knows what it was made for.
        let given = self
            .options
            .edits
            .headers
            .iter()
            .any(|(name, _)| headers::is_signature(name));
        if signature == SignatureUse::Kept && !given && self.options.is_edited() {
            notes.push("the kept signature was made for the request before it was edited".to_owned());
        }
        self.signature = signature;
        Ok(Plan {
            url: format!("{}{}", self.target, self.path),
            method: self.method,
            path: self.path,
            host_header,
            headers,
            body: self.body.bytes().to_vec(),
            signature,
            signed_url,
            edited: self.options.is_edited(),
            timeout: self.options.timeout,
            notes,
        })
    }

    /// The URL that the app will rebuild: the public one where given, else the one it is called at.
    fn signed_url(&self, host: &str) -> String {
        let Some(public) = &self.public else {
            return format!("{}://{host}{}", self.target.scheme().as_str(), self.path);
        };
        match &self.body {
            Body::Json(json) => signature::with_body_sha256(&public.signed, json),
            _ => public.signed.clone(),
        }
    }
}

/// The method in capitals; a source that names none means a POST.
pub(super) fn method(recorded: Option<&str>) -> Result<String, PlanError> {
    let method = recorded.unwrap_or("POST").trim().to_ascii_uppercase();
    match method.as_str() {
        "" => Ok("POST".to_owned()),
        "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "PATCH" | "OPTIONS" => Ok(method),
        "INVITE" => Err(PlanError::NotReplayable(WhyNot::NotHttp)),
        _ => Err(PlanError::BadMethod(method.escape_debug().to_string())),
    }
}

fn change(
    provider: Provider,
    options: &Options,
    payload: &mut Payload,
    path: &mut String,
    in_query: bool,
    notes: &mut Vec<String>,
) -> Result<(), PlanError> {
    let edits = &options.edits;
    let nothing_to_edit = provider == Provider::Tropo && *payload == Payload::Empty;
    if nothing_to_edit && !(edits.set.is_empty() && edits.unset.is_empty()) {
        return Err(PlanError::NothingToEdit);
    }
    edit::apply(edits, payload, path, in_query, notes)
}

/// The body, and the parameters that a signature covers besides the URL.
fn body(payload: Payload, in_query: bool, path: &mut String) -> (Body, Vec<(String, String)>) {
    match payload {
        Payload::Json(json) => (Body::Json(json), Vec::new()),
        Payload::Empty if in_query => (Body::None, Vec::new()),
        Payload::Empty => (Body::Form(Vec::new()), Vec::new()),
        Payload::Form(params) if in_query => {
            edit::merge_query(path, &params);
            (Body::None, Vec::new())
        }
        Payload::Form(params) => {
            let pairs: Vec<String> = params.iter().map(|(n, v)| edit::encode(n, v)).collect();
            (Body::Form(pairs.join("&").into_bytes()), params)
        }
    }
}

fn decide(provider: Provider, request: &Request, options: &Options) -> Result<SignatureUse, PlanError> {
    if provider == Provider::Tropo {
        return Ok(SignatureUse::None);
    }
    let recorded = request.headers.iter().any(|(name, _)| headers::is_signature(name));
    match (options.sign, &options.auth_token) {
        (Some(SignMode::Resign), None) => Err(PlanError::NoToken),
        (Some(SignMode::Resign) | None, Some(_)) => Ok(SignatureUse::Resigned),
        (Some(SignMode::Keep), _) if recorded => Ok(SignatureUse::Kept),
        (Some(SignMode::Strip), _) => Ok(SignatureUse::Stripped),
        (None, None) if recorded => Ok(SignatureUse::Stripped),
        (Some(SignMode::Keep) | None, _) => Ok(SignatureUse::None),
    }
}
