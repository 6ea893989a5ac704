//! The way through a call: from an answer to the next request, and when it ends.
//!
//! Here is what both platforms share: failing answers, loops, the app's own hosts, the limit of steps, and the request itself. What
//! a document asks for is said by `voice` and `session`.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Utc};
use url::Url;

use super::callbacks::Told;
use super::place::Own;
use super::queue::Waiting;
use super::recording::Recording;
use super::request::moved;
use super::result::Session;
use super::setting::{Fallback, Setting};
use super::wishes::{Spot, Wishes};
use super::{Draft, End, Ended, Move, Next, Recorded, Step, params, place, session, voice};
use crate::judge::Answer;
use crate::model::{Provider, Request, RequestKind, Severity, StepEvent, Verdict};

/// So many rounds that differ in digits alone are a loop.
const ROUNDS: usize = 5;

/// A request and its answer, without what counts up.
#[derive(Debug, PartialEq, Eq)]
struct Round {
    method: Option<String>,
    path: String,
    /// Without its digits.
    answer: Vec<u8>,
    /// How much of the caller's input was used.
    used: usize,
}

/// A callback that is kept for the end of the call.
#[derive(Debug)]
struct Later {
    /// `<Record recordingStatusCallback> of step 1`.
    what: String,
    /// `as recorded`, or what it tells: `` `completed`, made up ``.
    how: String,
    kind: RequestKind,
    request: Request,
    recorded: Option<usize>,
}

/// A call that is being rehearsed.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    pub(super) provider: Provider,
    pub(super) recording: Recording<'a>,
    pub(super) wishes: Wishes,
    pub(super) session: Session,
    pub(super) first: Step,
    recorded: &'a [Recorded],
    pub(super) carried: params::Pairs,
    own: Own,
    fallback: Option<Fallback>,
    max_steps: usize,
    whole: bool,
    /// What was asked and answered, and how much of the caller's input was used then.
    seen: HashSet<(String, Vec<u8>, usize)>,
    /// The last request with its answer, and how often it came in a row.
    round: (Option<Round>, usize),
    /// How often the recording said what the caller does.
    inputs: usize,
    /// Callbacks to send when the call is over.
    later: VecDeque<Later>,
    /// What to say when the last callback is answered.
    closing: Option<End>,
    /// The queue whose music was asked for.
    waiting: Option<Waiting>,
    /// How many SIDs were made up.
    pub(super) made_up: usize,
    pub(super) began: DateTime<Utc>,
}

impl<'a> Rehearsal<'a> {
    /// Begins at the recorded request `start`; none where there is no such.
    pub fn new(provider: Provider, recorded: &'a [Recorded], start: usize, setting: Setting) -> Option<Self> {
        let begin = recorded.get(start)?;
        let url = Url::parse(begin.request.url.as_deref().unwrap_or_default().trim()).ok();
        let first = recorded[..start].iter().all(|r| !super::recording::is_document(r.kind));
        Some(Self {
            provider,
            recording: Recording::new(recorded, start),
            wishes: setting.wishes,
            session: Session::new(recorded, start),
            first: Step {
                number: 1,
                kind: begin.kind,
                request: begin.request.clone(),
                asked_by: if first {
                    "first webhook"
                } else {
                    "where the rehearsal begins"
                }
                .to_owned()
                    + ", as recorded",
                event: StepEvent::Start,
                recorded: Some(start),
                notes: Vec::new(),
                gone: false,
            },
            recorded,
            carried: params::carried(&begin.request),
            own: Own::new(url.as_ref(), &setting.also_own),
            fallback: setting.fallback,
            max_steps: setting.max_steps.max(1),
            whole: setting.whole,
            seen: HashSet::new(),
            round: (None, 0),
            inputs: 0,
            later: VecDeque::new(),
            closing: None,
            waiting: None,
            made_up: 0,
            began: setting.began,
        })
    }

    /// The request that it begins with.
    pub fn first(&self) -> Step {
        self.first.clone()
    }

    /// What of the user's wishes was not met; whole sentences.
    pub fn unmet(&self) -> Vec<String> {
        self.wishes.unmet()
    }

    /// True where everything that the user wished was done.
    pub fn all_met(&self) -> bool {
        self.wishes.all_met()
    }

    /// The recorded requests that nothing asked for, by their places; none where the user's wishes led another way, or where it was not the whole
    /// call.
    pub fn unreached(&self) -> Vec<usize> {
        if self.whole && self.wishes.is_empty() {
            self.recording.unreached()
        } else {
            Vec::new()
        }
    }

    /// What comes after the answer to a step. `at` is the URL that was answered in the end, on the app's own host.
    pub fn then(&mut self, step: &Step, at: &str, answer: &Answer<'_>, verdict: &Verdict) -> Next {
        match self.after(step, at, answer, verdict) {
            Next::End(end) => self.told_later(step, end),
            next @ Next::Step(_) => next,
        }
    }

    /// Keeps a recorded callback for the end of the call.
    pub(super) fn tell_later(&mut self, n: usize, what: String) {
        self.recording.set_aside(n);
        let recorded = self.recording.get(n);
        self.later.push_back(Later {
            what,
            how: "as recorded".to_owned(),
            kind: recorded.kind,
            request: recorded.request.clone(),
            recorded: Some(n),
        });
    }

    /// Keeps a callback that was not recorded for the end of the call; `to` is on a host of the app.
    pub(super) fn tell_made_up(&mut self, to: &Url, method: &'static str, what: String, told: Told) {
        let Told { event, kind, carries } = told;
        let draft = Draft {
            kind,
            method: Some(method),
            to: to.to_string(),
            carries,
            asked_by: String::new(),
            event: StepEvent::Continue,
            recorded: None,
            gone: true,
        };
        self.later.push_back(Later {
            what,
            how: format!("`{event}`, made up"),
            kind,
            request: self.request(&draft, to.to_string()),
            recorded: None,
        });
    }

    /// The next callback that was kept for the end, or the end itself.
    fn told_later(&mut self, before: &Step, mut end: End) -> Next {
        while let Some(later) = self.later.pop_front() {
            let url = Url::parse(later.request.url.as_deref().unwrap_or_default().trim());
            let why = match url {
                _ if !end.how.proper() => "the call did not come to its end",
                Ok(url) if self.own.has(&url) => {
                    if before.number >= self.max_steps {
                        self.later.push_front(later);
                        return self.callbacks_left(end);
                    }
                    self.closing = Some(end);
                    return Next::Step(Box::new(Step {
                        number: before.number + 1,
                        kind: later.kind,
                        request: later.request,
                        asked_by: format!("{}, {}; sent at the end", later.what, later.how),
                        event: StepEvent::Continue,
                        recorded: later.recorded,
                        notes: Vec::new(),
                        gone: true,
                    }));
                }
                _ => "it went to another host",
            };
            let note = format!("{} was not sent: {why}", later.what);
            if !end.notes.contains(&note) {
                end.notes.push(note);
            }
        }
        Next::End(end)
    }

    fn callbacks_left(&self, end: End) -> Next {
        let left = self.later.len();
        let what = if left == 1 { "callback is" } else { "callbacks are" };
        let why = format!("{}, but {left} {what} left; --max-steps allows more", end.why);
        Next::End(End {
            how: Ended::TooLong,
            why,
            ..end
        })
    }

    fn after(&mut self, step: &Step, at: &str, answer: &Answer<'_>, verdict: &Verdict) -> Next {
        if let Some(end) = self.closing.take() {
            return Next::End(end);
        }
        if let Some(waiting) = self.waiting.take() {
            let mut notes = Vec::new();
            let url = waiting.url.clone();
            let moved = voice::resume(self, step, waiting, answer, verdict, &mut notes);
            return self.go_on(step, &url, moved, notes);
        }
        // With a warning the platform goes on, although the answer does not pass.
        if verdict.problems.iter().any(|p| p.severity == Severity::Error) {
            return self.failed(step, verdict);
        }
        if !self.whole {
            let why = match step.kind {
                RequestKind::Fallback => "the answer of the fallback URL passes",
                _ => "the answer passes: no fallback is needed",
            };
            return Next::End(End::new(Ended::Answered, why));
        }
        if step.gone {
            return self.hang_up(step, "the caller has hung up".to_owned(), Vec::new());
        }
        if !self.is_new(step, answer) {
            let why = format!(
                "step {} is a loop: the same request got the same answer before; a caller would hear it for ever",
                step.number
            );
            return Next::End(End::new(Ended::Loop, why));
        }
        if self.goes_round(step, answer) {
            let why = format!(
                "this looks like a loop: {ROUNDS} times in a row one path got answers that differ in digits alone, without any input of \
                 the caller"
            );
            return Next::End(End::new(Ended::Loop, why));
        }
        let Ok(url) = Url::parse(at.trim()) else {
            return Next::End(End::new(Ended::Failed, format!("`{at}` is not an absolute URL")));
        };
        let mut notes = Vec::new();
        let moved = match self.provider {
            Provider::Twilio => voice::walk(self, step, &url, answer, &mut notes),
            Provider::Tropo => session::walk(self, step, &url, answer, &mut notes),
        };
        self.go_on(step, &url, moved, notes)
    }

    /// Keeps a queue until what is heard in it was asked for.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        self.waiting = Some(waiting);
    }

    /// Goes where a document at `url` leads.
    fn go_on(&mut self, step: &Step, url: &Url, moved: Move, notes: Vec<String>) -> Next {
        match moved {
            Move::To(draft) => self.step(step, url, draft, notes),
            Move::End(end) if end.how == Ended::HungUp => self.hang_up(step, end.why, notes),
            Move::End(end) => Next::End(End { notes, ..end }),
        }
    }

    /// The place where an answer would go on to `to`.
    pub(super) fn spot(step: &Step, url: &Url, to: &str, names: &[&str]) -> Spot {
        Spot {
            number: step.number + 1,
            path: place::path_of(url, to),
            names: names
                .iter()
                .filter(|n| !n.is_empty())
                .map(|n| (*n).to_owned())
                .collect(),
        }
    }

    /// Notes that the recording said what the caller does.
    pub(super) fn heard(&mut self) {
        self.inputs += 1;
    }

    /// A parameter of the call.
    pub(super) fn carried(&self, name: &str) -> Option<&str> {
        params::value(&self.carried, name)
    }

    /// True the first time that a request gets an answer with this much of the caller's input used.
    fn is_new(&mut self, step: &Step, answer: &Answer<'_>) -> bool {
        let used = self.wishes.taken() + self.inputs;
        let request = &step.request;
        let asked = match (self.provider, &request.payload) {
            // Number and length of a session differ each time; what the caller did is counted.
            (Provider::Tropo, _) => String::new(),
            (_, payload) => format!("{payload:?}"),
        };
        let (method, url) = (request.method.as_deref(), request.url.as_deref());
        let asked = format!("{} {} {asked}", method.unwrap_or("POST"), url.unwrap_or_default());
        self.seen.insert((asked, answer.body.to_vec(), used))
    }

    /// True when one path was asked so often in a row with the same answer, digits aside, while the caller did nothing.
    fn goes_round(&mut self, step: &Step, answer: &Answer<'_>) -> bool {
        let url = step.request.url.as_deref().unwrap_or_default();
        let round = Round {
            method: step.request.method.clone(),
            path: url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            answer: answer.body.iter().copied().filter(|b| !b.is_ascii_digit()).collect(),
            used: self.wishes.taken() + self.inputs,
        };
        match &mut self.round {
            (Some(before), times) if *before == round => *times += 1,
            other => *other = (Some(round), 1),
        }
        self.round.1 >= ROUNDS
    }

    fn failed(&mut self, step: &Step, verdict: &Verdict) -> Next {
        // Of what cannot be known here, such as a redirect to another host, there is no code.
        let what = match verdict.code() {
            Some(code) => format!("step {} failed ({code})", step.number),
            None => format!("step {} failed", step.number),
        };
        if self.provider == Provider::Tropo {
            let why = format!("{what}, and Tropo ends the call: it has no fallback");
            return Next::End(End::new(Ended::Failed, why));
        }
        let Some(fallback) = self.fallback.as_ref().filter(|_| step.kind != RequestKind::Fallback) else {
            let why = match (step.kind, &self.fallback) {
                (RequestKind::Fallback, _) => "and nothing comes after the fallback: Twilio ends the call",
                (RequestKind::Message, _) => "and no reply is sent",
                _ => "and Twilio takes the fallback URL or ends the call; --fallback rehearses that",
            };
            return Next::End(End::new(Ended::Failed, format!("{what}, {why}")));
        };
        let Some(code) = verdict.code() else {
            let why = format!(
                "{what}, and nothing is known of the answer that Twilio would get, nor of what it would do then"
            );
            return Next::End(End::new(Ended::Failed, why));
        };
        let Some(to) = fallback.url(self.recorded, &step.request) else {
            let why = format!("{what}, and the recording has no fallback request: give --fallback URL");
            return Next::End(End::new(Ended::Failed, why));
        };
        let Some(url) = Url::parse(&to).ok().filter(|url| self.own.has(url)) else {
            let why = format!("the fallback URL {to} is on another host than the app; nothing was sent there");
            return Next::End(End::new(Ended::Elsewhere, why));
        };
        let recorded = self.recording.find_fallback(&url);
        if let Some(n) = recorded {
            self.recording.take(n);
        }
        let next = Step {
            number: step.number + 1,
            kind: RequestKind::Fallback,
            request: params::fallback(&step.request, code, &to),
            asked_by: format!("fallback URL, because step {} failed with {code}", step.number),
            event: StepEvent::Error,
            recorded,
            notes: Vec::new(),
            gone: false,
        };
        self.within_limit(next)
    }

    /// Ends the call, and has its end told to the app where the recording has a callback that did.
    fn hang_up(&mut self, before: &Step, why: String, notes: Vec<String>) -> Next {
        let end = End {
            how: if self.is_message() {
                Ended::Answered
            } else {
                Ended::HungUp
            },
            why,
            notes: Vec::new(),
        };
        let closing = self
            .recording
            .closing()
            .filter(|_| self.provider == Provider::Twilio && !self.is_message());
        let Some((n, status)) = closing else {
            return Next::End(End { notes, ..end });
        };
        let request = self.recording.get(n).request.clone();
        let own = Url::parse(request.url.as_deref().unwrap_or_default().trim()).is_ok_and(|url| self.own.has(&url));
        if !own {
            let mut notes = notes;
            notes.push("the recorded status callback went to another host and was not sent".to_owned());
            return Next::End(End { notes, ..end });
        }
        self.recording.take(n);
        let step = Step {
            number: before.number + 1,
            kind: RequestKind::StatusCallback,
            request,
            asked_by: format!("status callback `{status}`, as recorded: {}", end.why),
            event: StepEvent::Hangup,
            recorded: Some(n),
            notes,
            gone: true,
        };
        self.closing = Some(end);
        Next::Step(Box::new(step))
    }

    pub(super) fn is_message(&self) -> bool {
        self.first.kind == RequestKind::Message
    }

    /// The request that a draft asks for, unless it goes elsewhere.
    fn step(&mut self, before: &Step, url: &Url, draft: Draft, notes: Vec<String>) -> Next {
        let to = match self.resolve(url, &draft.to) {
            Ok(to) => to,
            Err((how, why)) => {
                let end = End::new(how, format!("{}: {why}", draft.asked_by));
                return Next::End(End { notes, ..end });
            }
        };
        if let Some(n) = draft.recorded {
            self.recording.take(n);
        }
        let step = Step {
            number: before.number + 1,
            kind: draft.kind,
            request: self.request(&draft, to.into()),
            asked_by: draft.asked_by,
            event: draft.event,
            recorded: draft.recorded,
            notes,
            gone: draft.gone,
        };
        self.within_limit(step)
    }

    /// A URL that a document at `base` names, on the host by which that knows the app; else why nothing is sent there.
    pub(super) fn resolve(&self, base: &Url, to: &str) -> Result<Url, (Ended, String)> {
        let Ok(url) = base.join(to.trim()) else {
            return Err((Ended::Failed, format!("`{to}` is not a URL")));
        };
        if !self.own.has(&url) {
            let why = format!("{url} is on another host than the app; nothing was sent there");
            return Err((Ended::Elsewhere, why));
        }
        // The app may name itself by the address that it is called at: recorded requests and signatures know one host.
        Ok(if url.host_str() == base.host_str() {
            url
        } else {
            moved(base, &url)
        })
    }

    fn within_limit(&self, step: Step) -> Next {
        if step.number > self.max_steps {
            let sent = match self.max_steps {
                1 => "1 request was".to_owned(),
                n => format!("{n} requests were"),
            };
            let why = format!("{sent} sent and the call goes on; --max-steps allows more");
            return Next::End(End::new(Ended::TooLong, why));
        }
        Next::Step(Box::new(step))
    }
}
