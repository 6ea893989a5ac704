//! A rehearsal on the wire: each step planned, signed, sent and judged as any other replay, one after the other.
//!
//! Nothing is decided here but what a request carries of the user's options: cookies of this call, the public host, and of
//! `--set` what belongs to every request.

use thiserror::Error;
use url::Url;

use super::cookies::Cookies;
use super::course::Rehearsal;
use super::{End, Ended, Next, Step, params};
use crate::model::{Provider, Request, RequestKind};
use crate::replay::headers::platform;
use crate::replay::{Followed, Options, Pinned, Plan, PlanError, Target, plan, send_following};

/// How and where requests are sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// The platform.
    pub provider: Provider,
    /// Where to.
    pub target: &'a Target,
    /// Signature, edits, timeout.
    pub options: &'a Options,
    /// The target's addresses.
    pub pinned: &'a Pinned,
}

/// Why a rehearsal could not go on.
#[derive(Debug, Error)]
pub enum Aborted<E> {
    /// The first request cannot be sent as wished.
    #[error(transparent)]
    Plan(PlanError),
    /// Whoever was told of a step has failed.
    #[error("{0}")]
    Told(E),
}

/// Sends the first request and then what each answer asks for; every step is told when it is judged.
///
/// # Errors
/// [`Aborted`]; what goes wrong later is the [`End`].
pub async fn rehearse<E>(
    rehearsal: &mut Rehearsal<'_>,
    sending: Sending<'_>,
    mut tell: impl FnMut(&Step, &Followed) -> Result<(), E>,
) -> Result<End, Aborted<E>> {
    let mut step = rehearsal.first();
    let mut cookies = Cookies::default();
    let recorded = step
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    recorded.for_each(|(_, value)| cookies.seed(value));
    loop {
        let (request, options) = dressed(&step, sending, &cookies);
        let first = match sending.plan(step.kind, &request, &options) {
            Ok(plan) => plan,
            Err(e) if step.number == 1 => return Err(Aborted::Plan(e)),
            Err(e) => {
                return Ok(End::new(
                    Ended::Failed,
                    format!("step {} cannot be sent: {e}", step.number),
                ));
            }
        };
        let path = first.path.clone();
        let Sending {
            provider,
            target,
            pinned,
            ..
        } = sending;
        let done = send_following(provider, step.kind, &request, first, target, &options, pinned).await;
        let at = answered_at(&step.request, &path, &done.plan);
        if let Ok(url) = Url::parse(&at) {
            let now = chrono::Utc::now().timestamp();
            let set = done
                .sent
                .headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
            set.for_each(|(_, value)| cookies.set(value, &url, now));
        }
        tell(&step, &done).map_err(Aborted::Told)?;
        match rehearsal.then(&step, &at, &done.sent.answer(), &done.verdict) {
            Next::Step(next) => step = *next,
            Next::End(end) => return Ok(end),
        }
    }
}

impl Sending<'_> {
    fn plan(&self, kind: RequestKind, request: &Request, options: &Options) -> Result<Plan, PlanError> {
        plan(self.provider, kind, request, self.target, options)
    }
}

/// A step's request with the call's cookies, and the options as they are for it.
fn dressed(step: &Step, sending: Sending<'_>, cookies: &Cookies) -> (Request, Options) {
    let (mut request, mut options) = (step.request.clone(), sending.options.clone());
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
    let url = Url::parse(request.url.as_deref().unwrap_or_default().trim()).ok();
    if let Some(header) = url.and_then(|url| cookies.header(&url)) {
        if request.headers.is_empty() {
            request.headers = platform(sending.provider);
        }
        request.headers.push(("Cookie".to_owned(), header));
    }
    if step.number > 1 {
        options.public_url = options.public_url.as_deref().map(on_host);
        let edits = &mut options.edits;
        options.edited |= !edits.is_empty();
        // What answers one question must not answer all of them; a path in one JSON document is none in the next.
        let all = sending.provider == Provider::Twilio;
        edits.set.retain(|(name, _)| all && !params::is_of_a_step(name));
        edits.unset.retain(|name| all && !params::is_of_a_step(name));
    }
    (request, options)
}

/// A public URL without its own path: that was the first request's.
pub fn on_host(public: &str) -> String {
    let host = public.find("://").map_or(0, |at| at + 3);
    let end = public[host..]
        .find(['/', '?', '#'])
        .map_or(public.len(), |at| host + at);
    public[..end].to_owned()
}

/// The URL that gave the answer, on the app's own host: the step's, or where the target redirected it to.
fn answered_at(request: &Request, asked: &str, last: &Plan) -> String {
    let own = request.url.clone().unwrap_or_default();
    if last.path == asked {
        return own;
    }
    let Ok(url) = Url::parse(own.trim()) else { return own };
    url.join(&last.path).map_or(own, String::from)
}
