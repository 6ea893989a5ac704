//! `<Enqueue>`: what is heard in the queue is asked for first, then the call goes on as it left (docs: voice/twiml/enqueue).
//!
//! The answer of `waitUrl` is judged, but of its verbs only those are run that say how the wait ends (`<Leave>`, `<Hangup>`); Twilio
//! would ask again and again. Who takes the call is nobody's to tell: the recording says it, or the user.

use super::callbacks::WAITED;
use super::params;
use super::twiml::{self, Action, Element, Enqueue, Verb};
use super::verbs::has;
use super::voice::{GIVEN, RECORDED, Walk, draft, hung_up, stop};
use super::wishes::Wish;
use super::{Carries, Move, Step};
use crate::model::{RequestKind, StepEvent};
use url::Url;

/// The words of `QueueResult`.
const QUEUED: [&str; 9] = [
    "bridged",
    "leave",
    "hangup",
    "redirected",
    "redirected-from-bridged",
    "bridging-in-process",
    "queue-full",
    "error",
    "system-error",
];

/// A call in a queue, while what is heard there is asked for.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Whose answer has the Enqueue.
    pub(super) step: Step,
    pub(super) url: Url,
    /// The Enqueue, and what stands behind it.
    pub(super) verbs: Vec<Element>,
    pub(super) silent: Option<&'static str>,
    pub(super) queue: String,
}

/// What became of that.
#[derive(Clone, Debug)]
pub(super) struct Waited {
    pub(super) queue: String,
    /// The `QueueResult` that the answer itself leads to.
    pub(super) end: Option<&'static str>,
}

/// How the document of a `waitUrl` ends the wait, as far as it can be told without running it.
pub(super) fn end_of(body: &[u8], number: usize, notes: &mut Vec<String>) -> Option<&'static str> {
    // Music has no verbs.
    for element in twiml::read(body).unwrap_or_default() {
        match element.verb {
            Verb::Leave => return Some("leave"),
            Verb::Hangup => return Some("hangup"),
            Verb::Gather(_) | Verb::Redirect(_) => {
                notes.push(format!(
                    "the <Gather> or <Redirect> of step {number} is not run: nobody waits long enough in a rehearsal"
                ));
                return None;
            }
            _ => {}
        }
    }
    None
}

impl Walk<'_, '_> {
    /// None where it has no action and the next verb runs.
    pub(super) fn enqueue(&mut self, to: &Enqueue, rest: &[Element]) -> Option<Move> {
        if let (None, Some(wait)) = (&self.waited, &to.wait)
            && let Some(asked) = self.wait(wait, &to.most, rest)
        {
            return Some(asked);
        }
        let waited = self.waited.take();
        let Some(action) = &to.action else {
            return self.unasked(waited.as_ref());
        };
        let spot = self.spot(&action.to, &["enqueue", "queue"]);
        let (result, said) = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => ("hangup".to_owned(), GIVEN.to_owned()),
            Some(Wish::Value(result)) if QUEUED.contains(&result.as_str()) => (result, GIVEN.to_owned()),
            Some(Wish::Value(_) | Wish::Silence) => {
                let number = self.step.number;
                return Some(stop(format!(
                    "the Enqueue of step {number} ends with --answer 'queue=…': QueueResult is one of {}",
                    QUEUED.join(", ")
                )));
            }
            None => match (
                self.recorded_or_renamed(action, |r| has(r, "QueueResult")),
                waited.as_ref().and_then(|w| w.end),
            ) {
                (Some(n), _) => return Some(self.ended_as_recorded("Enqueue", action, n, "QueueResult")),
                (None, Some(end)) => (end.to_owned(), "as the answer to waitUrl has it".to_owned()),
                (None, None) => return Some(self.unsaid("<Enqueue>", "queue", &QUEUED)),
            },
        };
        let asked_by = format!("Enqueue action with QueueResult {result}, {said}");
        let gone = result == "hangup";
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let mut asked = draft(RequestKind::Voice, action, asked_by, event);
        let mut pairs = params::pairs(&[("QueueResult", &result)]);
        // Who never was in the queue has neither.
        if !matches!(result.as_str(), "queue-full" | "system-error") {
            let queue = waited.map_or_else(|| self.course.made_up("QU"), |w| w.queue);
            pairs.extend(params::pairs(&[("QueueSid", &queue), ("QueueTime", WAITED)]));
        }
        (asked.carries, asked.gone) = (Carries::Params(pairs), gone);
        Some(Move::To(asked))
    }

    /// Without an action nobody is told how it ended.
    fn unasked(&mut self, waited: Option<&Waited>) -> Option<Move> {
        let spot = super::wishes::Spot {
            path: String::new(),
            ..self.spot("", &["enqueue", "queue"])
        };
        let given = self.course.wishes.take(&spot);
        let hangs_up = match &given {
            Some(Wish::HangUp) => true,
            Some(Wish::Value(result)) => result == "hangup",
            Some(Wish::Silence) => false,
            None => waited.is_some_and(|w| w.end == Some("hangup")),
        };
        if hangs_up {
            return Some(hung_up("the call was hung up in the queue"));
        }
        if given.is_none() {
            let number = self.step.number;
            self.notes.push(format!(
                "the <Enqueue> of step {number} has no action: the next verb runs as if it were over"
            ));
        }
        None
    }

    /// What is heard in the queue; none where that is not the app's.
    fn wait(&mut self, wait: &Action, most: &str, rest: &[Element]) -> Option<Move> {
        if wait.to.is_empty() {
            return None;
        }
        if let Err((_, why)) = self.course.resolve(self.url, &wait.to) {
            let number = self.step.number;
            self.notes.push(format!("<Enqueue waitUrl> of step {number}: {why}"));
            return None;
        }
        let recorded = self.recorded(wait, |r| has(r, "QueuePosition"));
        let said = if recorded.is_some() { RECORDED } else { "made up" };
        let mut asked = draft(
            RequestKind::Voice,
            wait,
            format!("waitUrl of Enqueue, {said}"),
            StepEvent::Continue,
        );
        let mut queue = None;
        if let Some(n) = recorded {
            let request = &self.course.recording.get(n).request;
            queue = params::value(&params::all(request), "QueueSid").map(str::to_owned);
            (asked.recorded, asked.carries) = (recorded, Carries::Recorded);
        }
        let queue = queue.unwrap_or_else(|| self.course.made_up("QU"));
        if recorded.is_none() {
            asked.carries = Carries::Params(params::pairs(&[
                ("QueueSid", &queue),
                ("QueuePosition", "1"),
                ("QueueTime", "0"),
                ("AvgQueueTime", "0"),
                ("CurrentQueueSize", "1"),
                ("MaxQueueSize", most),
            ]));
        }
        // The music was asked for again and again; once is enough.
        while let Some(n) = self.recorded(wait, |r| has(r, "QueuePosition")) {
            self.course.recording.set_aside(n);
        }
        self.course.wait(Waiting {
            step: self.step.clone(),
            url: self.url.clone(),
            verbs: rest.to_vec(),
            silent: self.silent,
            queue,
        });
        Some(Move::To(asked))
    }
}
