//! The verbs of a call that somebody else ends: a recording, a dialed party, and those of which nothing more is known than their action.

use super::callbacks::{SPOKEN, TALKED};
use super::twiml::Action;
use super::voice::{GIVEN, RECORDED, Walk, draft, hung_up, stop, stop_at};
use super::wishes::Wish;
use super::{Carries, Ended, Move, Recorded, params};
use crate::model::{RequestKind, StepEvent};

/// The words of `DialCallStatus`.
const DIALED: [&str; 5] = ["completed", "busy", "no-answer", "failed", "canceled"];

impl Walk<'_, '_> {
    /// None where nothing was recorded and the next verb runs.
    pub(super) fn record(&mut self, action: &Action, finish: &str) -> Option<Move> {
        let spot = self.spot(&action.to, &["record"]);
        let recorded = self.recorded_or_renamed(action, |r| has(r, "RecordingUrl"));
        let (said, key) = match self.course.wishes.take(&spot) {
            Some(Wish::Silence) => {
                self.silent = Some(GIVEN);
                return None;
            }
            Some(Wish::HangUp) => (GIVEN, "hangup".to_owned()),
            Some(Wish::Value(key)) if key == "hangup" || is_key(&key) => (GIVEN, key),
            Some(Wish::Value(other)) => {
                return Some(stop(format!(
                    "--answer record={other}: write the key that ends the recording, or hangup"
                )));
            }
            None if recorded.is_some() => return self.recording_as_recorded(action, recorded),
            None => ("made up", if finish.contains('#') { "#" } else { "" }.to_owned()),
        };
        let gone = key == "hangup";
        let asked_by = match key.as_str() {
            "" => format!("Record action, {said}"),
            key => format!("Record action with Digits {key}, {said}"),
        };
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let mut asked = draft(RequestKind::Record, action, asked_by, event);
        asked.gone = gone;
        let mut pairs = self.made_up_recording();
        pairs.extend(params::pairs(&[("Digits", &key)]));
        asked.carries = Carries::Params(pairs);
        Some(Move::To(asked))
    }

    /// A recording that nobody made.
    fn made_up_recording(&mut self) -> params::Pairs {
        let sid = self.course.made_up("RE");
        let url = self.course.recording_url(&sid);
        params::pairs(&[
            ("RecordingUrl", &url),
            ("RecordingSid", &sid),
            ("RecordingDuration", SPOKEN),
        ])
    }

    fn recording_as_recorded(&mut self, action: &Action, recorded: Option<usize>) -> Option<Move> {
        let pairs = params::all(&self.course.recording.get(recorded?).request);
        let gone = params::value(&pairs, "Digits") == Some("hangup");
        self.course.heard();
        let asked_by = if gone {
            "Record action with Digits hangup"
        } else {
            "Record action"
        };
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!("{asked_by}, {}", self.as_recorded_for(recorded?, action));
        let mut asked = draft(RequestKind::Record, action, asked_by, event);
        (asked.recorded, asked.carries, asked.gone) = (recorded, Carries::Recorded, gone);
        Some(Move::To(asked))
    }

    pub(super) fn dial(&mut self, action: &Action, records: bool) -> Move {
        let spot = self.spot(&action.to, &["dial"]);
        let (recorded, status) = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => return hung_up("the caller hung up during the Dial, as given"),
            Some(Wish::Silence) => (None, "no-answer".to_owned()),
            Some(Wish::Value(status)) if DIALED.contains(&status.as_str()) => (None, status),
            Some(Wish::Value(other)) => {
                let words = DIALED.join(", ");
                return stop(format!("--answer dial={other}: DialCallStatus is one of {words}"));
            }
            None => {
                let Some(n) = self.recorded_or_renamed(action, |r| has(r, "DialCallStatus")) else {
                    let number = self.step.number;
                    return stop(format!(
                        "the Dial of step {number} has an action, and the recording does not say how it ended: \
                         --answer 'dial=busy' (or {}) says it",
                        DIALED.join(", ")
                    ));
                };
                self.course.heard();
                let pairs = params::all(&self.course.recording.get(n).request);
                (
                    Some(n),
                    params::value(&pairs, "DialCallStatus").unwrap_or_default().to_owned(),
                )
            }
        };
        let said = recorded.map_or_else(|| GIVEN.to_owned(), |n| self.as_recorded_for(n, action));
        let asked_by = format!("Dial action with DialCallStatus {status}, {said}");
        let mut asked = draft(RequestKind::Dial, action, asked_by, StepEvent::Continue);
        let same = |r: &Recorded| params::value(&params::all(&r.request), "DialCallStatus") == Some(&status);
        asked.recorded = recorded.or_else(|| self.recorded(action, same));
        asked.carries = match asked.recorded {
            Some(_) => Carries::Recorded,
            None => Carries::Params(self.dialed(&status, records)),
        };
        Move::To(asked)
    }

    /// What a Dial action has besides, when nothing was recorded of it.
    pub(super) fn dialed(&mut self, status: &str, records: bool) -> params::Pairs {
        let sid = self.course.made_up("CA");
        let answered = status == "completed";
        let mut pairs = params::pairs(&[("DialCallStatus", status), ("DialCallSid", &sid)]);
        pairs.extend(if answered {
            params::pairs(&[("DialCallDuration", TALKED), ("DialBridged", "true")])
        } else {
            params::pairs(&[("DialBridged", "false")])
        });
        if answered && records {
            pairs.extend(self.made_up_recording());
        }
        pairs
    }

    /// The recorded action of a verb, which tells in `word` how it ended.
    pub(super) fn ended_as_recorded(&mut self, verb: &str, action: &Action, n: usize, word: &str) -> Move {
        self.course.heard();
        let pairs = params::all(&self.course.recording.get(n).request);
        let status = params::value(&pairs, word).unwrap_or_default();
        let gone = matches!(status, "hangup" | "caller-hung-up" | "canceled");
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!(
            "{verb} action with {word} {status}, {}",
            self.as_recorded_for(n, action)
        );
        let mut asked = draft(self.course.recording.get(n).kind, action, asked_by, event);
        (asked.recorded, asked.carries, asked.gone) = (Some(n), Carries::Recorded, gone);
        Move::To(asked)
    }

    /// Nobody said how it ends.
    pub(super) fn unsaid(&self, what: &str, name: &str, words: &[&str]) -> Move {
        let number = self.step.number;
        let (first, others) = words
            .split_first()
            .map_or(("", &[][..]), |(first, others)| (*first, others));
        stop(format!(
            "{what} of step {number} has an action, and the recording does not say how it ended: --answer '{name}={first}' (or {}) says it",
            others.join(", ")
        ))
    }

    /// A verb whose outcome nobody can tell from outside: as recorded, or not at all.
    pub(super) fn unrehearsed(&mut self, name: &str, action: Option<&Action>) -> Option<Move> {
        let number = self.step.number;
        let Some(action) = action else {
            self.notes.push(format!(
                "<{name}> of step {number} is not rehearsed: the next verb runs as if it were over"
            ));
            return None;
        };
        let Some(n) = self.recorded(action, |r| params::input(&r.request).is_none()) else {
            let why =
                format!("<{name}> of step {number} is not rehearsed, and the recording has no request to its action");
            return Some(stop_at(Ended::NotRehearsed, why));
        };
        self.course.heard();
        let asked_by = format!("{name} action, {RECORDED}");
        let mut asked = draft(self.course.recording.get(n).kind, action, asked_by, StepEvent::Continue);
        (asked.recorded, asked.carries) = (Some(n), Carries::Recorded);
        Some(Move::To(asked))
    }
}

pub(super) fn has(recorded: &Recorded, name: &str) -> bool {
    params::value(&params::all(&recorded.request), name).is_some()
}

fn is_key(text: &str) -> bool {
    text.len() == 1 && text.chars().all(|c| c.is_ascii_digit() || "*#".contains(c))
}
