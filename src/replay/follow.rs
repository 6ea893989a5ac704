//! Sending as Twilio does: redirects of the target itself are followed, then the last answer is judged.
//!
//! The first plan is taken as it is, so that exactly what was shown is sent. A redirect to the host that the request was
//! recorded with, or to that of the public URL, is one to the target. Any other to another scheme, host or port is judged
//! as it stands and never followed. Tropo's redirects are not followed at all.

use url::Url;

use super::edit::carries_no_body;
use super::overrides;
use super::plan::{Options, Plan, plan};
use super::refused;
use super::rehearsal::on_host;
use super::send::{Sent, send};
use super::target::{Pinned, Target};
use crate::judge::{Answer, Asked, GATHERED, judge};
use crate::model::{Payload, Problem, Provider, Request, RequestKind, Verdict};

/// Twilio follows so many redirects (11215 beyond, spec/twilio.md 3).
const REDIRECTS: usize = 10;

/// The last exchange of a chain of redirects, and what the platform would say to the chain.
#[derive(Debug)]
pub struct Followed {
    /// What was sent last; its notes are those of all requests.
    pub plan: Plan,
    /// What came back last.
    pub sent: Sent,
    /// The problems of all answers, in the order of sending; equal ones once.
    pub verdict: Verdict,
}

/// Sends `first`, the plan of `request`, follows redirects of the target itself as Twilio does (a 307 keeps method and
/// body, without what a Gather gathered; any other makes a GET without parameters of it), and judges the last answer.
///
/// Each request has the plan's timeout for itself. A redirect that cannot be planned is a problem of the verdict. Needs
/// a tokio runtime with time and I/O; to cancel, drop the future.
pub async fn send_following(
    provider: Provider,
    kind: RequestKind,
    request: &Request,
    first: Plan,
    target: &Target,
    options: &Options,
    pinned: &Pinned,
) -> Followed {
    let way = Way {
        provider,
        kind,
        target,
        pinned,
    };
    follow(way, request, first, options, &mut Nothing).await
}

/// Where a chain of redirects goes, and what for.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) provider: Provider,
    pub(super) kind: RequestKind,
    pub(super) target: &'a Target,
    pub(super) pinned: &'a Pinned,
}

/// What goes along from answer to answer, such as the cookies of a call.
pub(super) trait Luggage {
    /// An answer came.
    fn answered(&mut self, plan: &Plan, sent: &Sent);
    /// A redirect's request is about to be planned.
    fn asks(&mut self, request: &mut Request);
}

/// A single request has no luggage.
struct Nothing;

impl Luggage for Nothing {
    fn answered(&mut self, _: &Plan, _: &Sent) {}
    fn asks(&mut self, _: &mut Request) {}
}

/// [`send_following`], with luggage.
pub(super) async fn follow(
    way: Way<'_>,
    request: &Request,
    first: Plan,
    options: &Options,
    luggage: &mut impl Luggage,
) -> Followed {
    let Way {
        provider,
        kind,
        target,
        pinned,
    } = way;
    let (mut plan, mut request, mut options) = (first, request.clone(), options.clone());
    let own = own(&request, &options);
    let recorded = request.clone();
    let mut problems = Vec::new();
    let (mut hops, mut took) = (0, 0);
    loop {
        let sent = send(&plan, pinned).await;
        luggage.answered(&plan, &sent);
        took += sent.ms;
        let params = params(&request, &options, &plan);
        let asked = Asked {
            method: &plan.method,
            params: &params,
        };
        let next = redirected(provider, &plan, &sent, &own);
        let answer = Answer {
            asked,
            mapped: next.is_some(),
            ..sent.answer()
        };
        let mut verdict = judge(provider, kind, &answer);
        let next = next.filter(|_| verdict.pass());
        problems.append(&mut verdict.problems);
        let next = match next {
            Some(_) if hops == REDIRECTS => Err(too_many()),
            Some(redirect) => {
                move_on(redirect, kind, &plan, &mut request, &mut options);
                luggage.asks(&mut request);
                self::plan(provider, kind, &request, target, &options).map_err(|e| unfollowable(&e))
            }
            None => {
                if refused::wants_login(provider, &request, &plan, &sent) {
                    refused::without_login(&mut problems);
                } else {
                    problems.extend(refused::notes(provider, &request, &plan, &sent, &options));
                }
                if provider == Provider::Twilio {
                    let (first, last) = parted(overrides::problems(&recorded, took, &sent));
                    problems.splice(0..0, first);
                    problems.extend(last);
                }
                let verdict = Verdict {
                    problems: folded(problems),
                };
                return Followed { plan, sent, verdict };
            }
        };
        match next {
            Ok(mut next) => {
                next.notes.retain(|note| !plan.notes.contains(note));
                next.notes.splice(0..0, std::mem::take(&mut plan.notes));
                plan = next;
                hops += 1;
            }
            Err(problem) => {
                problems.insert(0, problem);
                let verdict = Verdict {
                    problems: folded(problems),
                };
                return Followed { plan, sent, verdict };
            }
        }
    }
}

/// The same problem of several answers, as a circle of redirects has it, once with their number.
fn folded(problems: Vec<Problem>) -> Vec<Problem> {
    let mut seen: Vec<(Problem, usize)> = Vec::new();
    for problem in problems {
        match seen.iter_mut().find(|(known, _)| *known == problem) {
            Some((_, times)) => *times += 1,
            None => seen.push((problem, 1)),
        }
    }
    let told = seen.into_iter().map(|(mut problem, times)| {
        if times > 1 {
            problem.message = format!("{} ({times} times)", problem.message);
        }
        problem
    });
    told.collect()
}

/// Errors, and what is only to be known.
fn parted(problems: Vec<Problem>) -> (Vec<Problem>, Vec<Problem>) {
    problems.into_iter().partition(Problem::fails)
}

/// The URLs whose host is the app's: as recorded, and as the public one.
fn own(request: &Request, options: &Options) -> Vec<Url> {
    let whole = |text: &String| {
        let text = text.trim();
        let scheme = if text.contains("://") { "" } else { "https://" };
        Url::parse(&format!("{scheme}{text}")).ok()
    };
    let all = [request.url.as_ref(), options.public_url.as_ref()];
    all.into_iter().flatten().filter_map(whole).collect()
}

/// The names of the parameters that are sent, edits included.
fn params(request: &Request, options: &Options, plan: &Plan) -> Vec<String> {
    if carries_no_body(&plan.method) {
        let query = plan.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = form_urlencoded::parse(query.as_bytes());
        return pairs.map(|(name, _)| name.into_owned()).collect();
    }
    let gone = |name: &String| options.edits.unset.contains(name);
    let recorded = request.params().iter().map(|(name, _)| name);
    let set = options.edits.set.iter().map(|(name, _)| name);
    let added = set.filter(|name| request.param(name).is_none());
    recorded.filter(|name| !gone(name)).chain(added).cloned().collect()
}

/// Turns a request and what is asked for into those of its redirect.
fn move_on((status, url): (u16, String), kind: RequestKind, plan: &Plan, request: &mut Request, options: &mut Options) {
    if status != 307 {
        request.method = Some("GET".to_owned());
    }
    // The query of a GET is the redirect's own business; its parameters are not added to the new URL.
    if status != 307 || carries_no_body(&plan.method) {
        options.edited |= !options.edits.is_empty();
        options.edits.set.clear();
        options.edits.unset.clear();
        request.payload = Payload::Empty;
    } else if kind == RequestKind::Gather {
        leave_input(request, options);
    }
    request.url = Some(url);
    // A public URL with a path of its own is the first request's; the redirect has another path on the same host.
    if let Some(public) = &mut options.public_url {
        *public = on_host(public);
    }
}

/// Takes out what the caller entered, recorded or set: a redirect of a Gather action does not bring it along.
fn leave_input(request: &mut Request, options: &mut Options) {
    let entered = |name: &String| GATHERED.contains(&name.as_str());
    options.edited |= !options.edits.is_empty();
    options.edits.set.retain(|(name, _)| !entered(name));
    options.edits.unset.retain(|name| !entered(name));
    if let Payload::Form(params) = &mut request.payload {
        params.retain(|(name, _)| !entered(name));
    }
}

fn too_many() -> Problem {
    Problem::error(
        "11215",
        format!("the answer still redirects after {REDIRECTS} redirects: look for a circle, and answer with TwiML"),
    )
}

fn unfollowable(e: &super::PlanError) -> Problem {
    Problem::error("", format!("the redirect cannot be followed: {e}"))
}

/// Where an answer of Twilio's kind redirects to, when that is the target: by its own scheme, host and port, or by those that
/// it stands for.
fn redirected(provider: Provider, plan: &Plan, sent: &Sent, own: &[Url]) -> Option<(u16, String)> {
    let status = sent
        .status
        .filter(|s| matches!(s, 301 | 302 | 303 | 307) && provider == Provider::Twilio)?;
    let location = sent
        .headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case("location"))
        .map(|(_, v)| v)?;
    let from = Url::parse(&plan.url).ok()?;
    let to = from.join(location.trim()).ok()?;
    // The app that wants https at the same place would say so again, as often as it is asked without.
    let circle =
        from.scheme() == "http" && to.scheme() == "https" && (from.path(), from.query()) == (to.path(), to.query());
    let names = |url: &Url| url.host() == to.host() && url.port() == to.port();
    let is_own = matches!(to.scheme(), "http" | "https") && !circle && own.iter().any(names);
    (from.origin() == to.origin() || is_own).then(|| (status, to.to_string()))
}
