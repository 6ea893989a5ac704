//! A rehearsal on the wire: each step planned, signed, sent and judged as any other replay, one after the other.
//!
//! Nothing is decided here but what a request carries of the user's options: cookies of this call, the public host, and of
//! `--set` what belongs to every request.

use std::collections::HashMap;

use thiserror::Error;
use url::Url;

use super::cookies::Cookies;
use super::course::Rehearsal;
use super::request::moved;
use super::{End, Ended, Next, Step, params};
use crate::model::{Provider, Request, RequestKind};
use crate::replay::follow::{Luggage, Way, follow};
use crate::replay::headers::platform;
use crate::replay::{Followed, Options, Pinned, Plan, PlanError, Sent, Target, plan};

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
    // Another leg is another call, and has its own.
    let mut jars: HashMap<String, Cookies> = HashMap::new();
    let cookies = jars.entry(call_of(&step)).or_default();
    let recorded = step
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    recorded.for_each(|(_, value)| cookies.seed(value));
    loop {
        let cookies = jars.entry(call_of(&step)).or_default();
        let (request, options) = dressed(&step, sending, cookies);
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
        let way = Way {
            provider: sending.provider,
            kind: step.kind,
            target: sending.target,
            pinned: sending.pinned,
        };
        let mut carried = Carried {
            cookies,
            own: own_url(&step.request),
            provider: sending.provider,
            first: path.clone(),
        };
        let done = follow(way, &request, first, &options, &mut carried).await;
        let at = answered_at(&step.request, &path, &done.plan);
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

/// The call's cookies, from answer to answer of one step. Twilio knows the app by its own host, whatever the target is called.
struct Carried<'a> {
    cookies: &'a mut Cookies,
    own: Option<Url>,
    provider: Provider,
    /// The path that was asked first: that of the step, which may be another one on the target.
    first: String,
}

impl Luggage for Carried<'_> {
    fn answered(&mut self, plan: &Plan, sent: &Sent) {
        let Some(own) = &self.own else { return };
        let at = match own.join(&plan.path) {
            Ok(at) if plan.path != self.first => at,
            _ => own.clone(),
        };
        let now = chrono::Utc::now().timestamp();
        for (name, value) in &sent.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                self.cookies.set(value, &at, now);
            }
        }
    }

    fn asks(&mut self, request: &mut Request) {
        let there = own_url(request);
        let at = self.own.as_ref().zip(there).map(|(own, there)| moved(own, &there));
        carry(request, at.as_ref(), self.cookies, self.provider);
    }
}

/// The call that a step belongs to.
fn call_of(step: &Step) -> String {
    let pairs = params::all(&step.request);
    params::value(&pairs, "CallSid").unwrap_or_default().to_owned()
}

fn own_url(request: &Request) -> Option<Url> {
    Url::parse(request.url.as_deref()?.trim()).ok()
}

/// Gives a request the cookies that belong to the URL `at`, and no others.
fn carry(request: &mut Request, at: Option<&Url>, cookies: &Cookies, provider: Provider) {
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
    let Some(header) = at.and_then(|url| cookies.header(url)) else {
        return;
    };
    if request.headers.is_empty() {
        request.headers = platform(provider);
    }
    request.headers.push(("Cookie".to_owned(), header));
}

/// A step's request with the call's cookies, and the options as they are for it.
fn dressed(step: &Step, sending: Sending<'_>, cookies: &Cookies) -> (Request, Options) {
    let (mut request, mut options) = (step.request.clone(), sending.options.clone());
    let url = own_url(&request);
    carry(&mut request, url.as_ref(), cookies, sending.provider);
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
