//! What a TwiML answer asks for: its verbs in order, until one makes a request or ends the call (spec/twilio.md 3 to 6).
//!
//! A verb that waits for the caller asks the user's wishes, then the recording; where neither knows, the walk ends and says
//! what to give. What cannot be known from outside (a queue, a payment) is never made up.

use url::Url;

use super::asides::{Aside, News};
use super::course::Rehearsal;
use super::params::Pairs;
use super::queue::{self, Waited, Waiting};
use super::recording::is_document;
use super::twiml::{self, Action, Element, Gather, Verb};
use super::wishes::{Spot, Wish};
use super::{Carries, Draft, End, Ended, Move, Recorded, Step, params};
use crate::judge::Answer;
use crate::model::{RequestKind, StepEvent, Verdict};

/// Walks the answer to a step.
pub(super) fn walk(
    course: &mut Rehearsal<'_>,
    step: &Step,
    url: &Url,
    answer: &Answer<'_>,
    notes: &mut Vec<String>,
) -> Move {
    let kind = media_type(answer);
    let hung_up = |why: &str| Move::End(End::new(Ended::HungUp, why));
    if course.is_message() && (answer.body.trim_ascii().is_empty() || answer.status == Some(204)) {
        return hung_up("the message was taken without a reply");
    }
    if kind.starts_with("audio/") {
        return hung_up("the answer is audio: it is played, then the call is hung up");
    }
    let Some(verbs) = twiml::read(answer.body) else {
        return match kind.as_str() {
            "text/plain" if course.is_message() => hung_up("the text was sent as the reply"),
            "text/plain" => hung_up("the text was read aloud, then the call is hung up"),
            _ => Move::End(End::new(
                Ended::NotRehearsed,
                format!("the answer to step {} is no TwiML", step.number),
            )),
        };
    };
    Walk {
        next: step.number + 1,
        course,
        step,
        url,
        notes,
        silent: None,
        waited: None,
    }
    .all(&verbs)
}

/// Goes on at the queue in which the call waits, when what is heard there was answered to the step `last`.
pub(super) fn resume(
    course: &mut Rehearsal<'_>,
    last: &Step,
    waiting: Waiting,
    answer: &Answer<'_>,
    verdict: &Verdict,
    notes: &mut Vec<String>,
) -> Move {
    let end = if verdict.pass() {
        queue::end_of(answer.body, last.number, notes)
    } else {
        Some("error")
    };
    Walk {
        next: last.number + 1,
        course,
        step: &waiting.step,
        url: &waiting.url,
        notes,
        silent: waiting.silent,
        waited: Some(Waited {
            queue: waiting.queue,
            end,
        }),
    }
    .all(&waiting.verbs)
}

fn media_type(answer: &Answer<'_>) -> String {
    let found = answer
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let value = found.map_or("", |(_, value)| value.as_str());
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Where who said what the caller does.
pub(super) const GIVEN: &str = "as given";
pub(super) const RECORDED: &str = "as recorded";

pub(super) struct Walk<'w, 'a> {
    pub(super) course: &'w mut Rehearsal<'a>,
    pub(super) step: &'w Step,
    pub(super) url: &'w Url,
    pub(super) notes: &'w mut Vec<String>,
    /// The number of the request that it leads to.
    next: usize,
    /// The caller said nothing at a Gather before.
    pub(super) silent: Option<&'static str>,
    /// What is heard in the queue was asked for.
    pub(super) waited: Option<Waited>,
}

impl Walk<'_, '_> {
    fn all(&mut self, verbs: &[Element]) -> Move {
        let message = self.course.is_message();
        for (n, element) in verbs.iter().enumerate() {
            let moved = match &element.verb {
                Verb::Redirect(to) => Some(self.redirect(to)),
                _ if message => None,
                Verb::Gather(gather) => self.gather(gather, &verbs[n + 1..]),
                Verb::Record { action, finish } => self.record(action, finish),
                Verb::Dial {
                    action: Some(action),
                    records,
                } => Some(self.dial(action, *records)),
                Verb::Dial { action: None, .. } => {
                    let number = self.step.number;
                    self.notes.push(format!(
                        "the <Dial> of step {number} has no action: the next verb runs as if it were over"
                    ));
                    None
                }
                Verb::Enqueue(to) => self.enqueue(to, &verbs[n..]),
                Verb::Connect { noun, action } => self.connect(noun, action.as_ref()),
                Verb::Pay(pay) => Some(self.pay(pay)),
                Verb::Refer(action) => self.refer(action.as_ref()),
                Verb::Leave => {
                    let number = self.step.number;
                    let why = format!("<Leave> of step {number} leaves a queue, and this call waits in none");
                    Some(stop_at(Ended::NotRehearsed, why))
                }
                Verb::Unrehearsed { name, action } => self.unrehearsed(name, action.as_ref()),
                Verb::Astray(name) => {
                    let number = self.step.number;
                    self.notes.push(format!(
                        "<{name}> of step {number} is no verb by itself: the next one runs"
                    ));
                    None
                }
                Verb::Hangup => Some(hung_up("the app hung up")),
                Verb::Reject => Some(hung_up("the app rejected the call")),
                Verb::Echo => Some(hung_up("the caller heard their echo until they hung up")),
                Verb::Passes | Verb::Unknown => None,
            };
            let outcome = self.outcome(&element.verb, moved.as_ref());
            self.beside(&element.asides, &outcome);
            if let Some(moved) = moved {
                return moved;
            }
        }
        match (message, self.silent) {
            (true, _) => hung_up("the reply ends here"),
            (_, Some(said)) => hung_up(&format!(
                "the caller said nothing, {said}, and the document ends: Twilio hangs up"
            )),
            _ => hung_up("the document ends: Twilio hangs up"),
        }
    }

    /// What the action of a verb is told of how that ended; nothing where it is not asked.
    fn outcome(&mut self, verb: &Verb, moved: Option<&Move>) -> Pairs {
        match (verb, moved) {
            (_, Some(Move::To(Draft { recorded: Some(n), .. }))) => params::all(&self.course.recording.get(*n).request),
            (
                _,
                Some(Move::To(Draft {
                    carries: Carries::Params(pairs),
                    ..
                })),
            ) => pairs.clone(),
            // Nobody is told, and the next verb runs as if it had been answered.
            (Verb::Dial { action: None, records }, None) => self.dialed("completed", *records),
            _ => Pairs::new(),
        }
    }

    /// What a verb asks for beside the call's way: told later, as recorded where the recording has it. What cannot be is noted.
    fn beside(&mut self, asides: &[Aside], outcome: &Pairs) {
        for aside in asides {
            let what = format!("{} of step {}", aside.what, self.step.number);
            let to = self.course.resolve(self.url, &aside.to.to);
            let found = match &to {
                Ok(url) if aside.news != News::Document => {
                    let sid = params::value(outcome, "RecordingSid");
                    self.course.recording.callbacks(url, sid)
                }
                _ => Vec::new(),
            };
            for &n in &found {
                self.course.tell_later(n, what.clone());
            }
            if !found.is_empty() {
                continue;
            }
            let note = match (to, &aside.news) {
                (_, News::Nothing(why)) => format!("{what}: Twilio sends nothing to {}, because {why}", aside.to.to),
                (Err((_, why)), _) => format!("{what}: {why}"),
                (Ok(to), news) => match self.course.told(news, outcome) {
                    Some(all) => {
                        for told in all {
                            self.course.tell_made_up(&to, aside.to.method(), what.clone(), told);
                        }
                        continue;
                    }
                    None => format!("{what} is not rehearsed: nothing was sent to {}", aside.to.to),
                },
            };
            self.notes.push(note);
        }
    }

    pub(super) fn spot(&self, to: &str, names: &[&str]) -> Spot {
        Spot {
            number: self.next,
            ..Rehearsal::spot(self.step, self.url, to, names)
        }
    }

    /// A recorded request to `action` that has not been served.
    pub(super) fn recorded(&self, action: &Action, wanted: impl Fn(&Recorded) -> bool) -> Option<usize> {
        let url = self.url.join(&action.to).ok()?;
        self.course.recording.find(&url, |r| is_document(r.kind) && wanted(r))
    }

    /// As [`Walk::recorded`]; where the action was renamed since, the only one of its kind that is left.
    pub(super) fn recorded_or_renamed(&self, action: &Action, wanted: impl Fn(&Recorded) -> bool) -> Option<usize> {
        let url = self.url.join(&action.to).ok()?;
        let recording = &self.course.recording;
        self.recorded(action, &wanted)
            .or_else(|| recording.only_free(&url, wanted))
    }

    /// Where a recorded request is from: `as recorded`, or `as recorded for /menu`.
    pub(super) fn as_recorded_for(&self, n: usize, action: &Action) -> String {
        let url = self.url.join(&action.to).ok();
        match url.and_then(|url| self.course.recording.renamed(n, &url)) {
            Some(path) => format!("{RECORDED} for {path}"),
            None => RECORDED.to_owned(),
        }
    }

    fn redirect(&self, to: &Action) -> Move {
        let recorded = self.recorded(to, |r| params::input(&r.request).is_none());
        let (asked_by, event) = match self.silent {
            Some(said) => (format!("Redirect, after no input {said}"), StepEvent::Noinput),
            None => ("Redirect".to_owned(), StepEvent::Continue),
        };
        let kind = if self.course.is_message() {
            RequestKind::Message
        } else {
            RequestKind::Voice
        };
        let mut asked = draft(kind, to, asked_by, event);
        if recorded.is_some() {
            (asked.recorded, asked.carries) = (recorded, Carries::Recorded);
        }
        Move::To(asked)
    }

    /// None where the caller says nothing and the next verb runs.
    fn gather(&mut self, gather: &Gather, behind: &[Element]) -> Option<Move> {
        let spot = self.spot(&gather.action.to, &[]);
        match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => Some(hung_up("the caller hung up at the Gather, as given")),
            Some(Wish::Silence) => self.silence(gather, GIVEN),
            Some(Wish::Value(value)) => self.entered(gather, &value),
            None => self.as_recorded(gather, behind, &spot),
        }
    }

    fn silence(&mut self, gather: &Gather, said: &'static str) -> Option<Move> {
        self.silent = Some(said);
        if !gather.on_empty {
            return None;
        }
        let asked_by = format!("Gather action without input, {said}");
        let mut asked = draft(RequestKind::Gather, &gather.action, asked_by, StepEvent::Noinput);
        asked.recorded = self.recorded(&gather.action, |r| params::input(&r.request).is_none());
        asked.carries = match asked.recorded {
            Some(_) => Carries::Recorded,
            None => params_of(&[("msg", "Gather End")]),
        };
        Some(Move::To(asked))
    }

    /// What the caller enters, as the Gather takes it.
    fn entered(&mut self, gather: &Gather, value: &str) -> Option<Move> {
        let keys = value.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
        if !(keys && gather.takes_digits) {
            return Some(if gather.takes_speech {
                self.input(gather, "SpeechResult", value, &[("Confidence", "0.9")])
            } else {
                let number = self.step.number;
                stop(format!(
                    "the Gather of step {number} takes digits only: `{value}` cannot be entered"
                ))
            });
        }
        let end = value.find(|c| gather.finish.contains(c));
        let mut digits = &value[..end.unwrap_or(value.len())];
        let mut finish = end.and_then(|at| value.get(at..=at)).unwrap_or_default();
        if let Some(most) = gather.most.filter(|&most| most > 0 && digits.len() > most) {
            (digits, finish) = (&digits[..most], "");
            self.notes
                .push(format!("of `{value}` the Gather took {digits}: numDigits is {most}"));
        }
        if digits.is_empty() {
            return self.silence(gather, GIVEN);
        }
        let more = [("FinishedOnKey", finish), ("msg", "Gather End")];
        Some(self.input(gather, "Digits", digits, &more))
    }

    fn input(&self, gather: &Gather, name: &str, value: &str, more: &[(&str, &str)]) -> Move {
        let asked_by = format!("Gather action with {name} {value}, {GIVEN}");
        let mut asked = draft(RequestKind::Gather, &gather.action, asked_by, StepEvent::Choice);
        let same = |r: &Recorded| params::input(&r.request).is_some_and(|(n, v)| n == name && v == value);
        asked.recorded = self.recorded(&gather.action, same);
        asked.carries = match asked.recorded {
            Some(_) => Carries::Recorded,
            None => params_of(&[&[(name, value)], more].concat()),
        };
        Move::To(asked)
    }

    /// What the caller did in the recording; where it does not say, the rehearsal stops.
    fn as_recorded(&mut self, gather: &Gather, behind: &[Element], spot: &Spot) -> Option<Move> {
        let action = self.url.join(&gather.action.to).ok();
        let recording = &self.course.recording;
        let at = |n: usize, url: &Option<Url>| url.as_ref().is_some_and(|url| recording.is_at(n, url).is_some());
        let with_input = |n: usize| params::input(&recording.get(n).request).is_some();
        let ahead = recording.ahead();
        let here = ahead.filter(|&n| at(n, &action));
        let redirected = ahead.is_some_and(|n| !with_input(n) && self.redirects(behind).any(|url| at(n, &Some(url))));
        let asked = |n: usize| self.course.recording.get(n).response.as_ref();
        let had_gather = |n: usize| {
            asked(n)
                .and_then(|r| r.body.as_deref())
                .is_some_and(|b| b.contains("<Gather"))
        };
        let silent = here.is_some_and(|n| !with_input(n)) && gather.on_empty || redirected;
        let found = here
            .filter(|&n| with_input(n))
            .or_else(|| self.recorded_or_renamed(&gather.action, |r| params::input(&r.request).is_some()));
        if silent {
            self.course.heard();
            return self.silence(gather, RECORDED);
        }
        if here.is_none() && recording.ended_after(self.step.recorded) && self.step.recorded.is_some_and(had_gather) {
            return Some(hung_up("the caller said nothing more, as recorded"));
        }
        let Some(n) = found else {
            return Some(self.unanswered(spot, gather));
        };
        let (name, value) = params::input(&self.course.recording.get(n).request)?;
        self.course.heard();
        let said = self.as_recorded_for(n, &gather.action);
        let asked_by = format!("Gather action with {name} {value}, {said}");
        let mut asked = draft(RequestKind::Gather, &gather.action, asked_by, StepEvent::Choice);
        (asked.recorded, asked.carries) = (Some(n), Carries::Recorded);
        Some(Move::To(asked))
    }

    /// Where the document would go on after no input.
    fn redirects(&self, behind: &[Element]) -> impl Iterator<Item = Url> {
        let first = behind.iter().find_map(|element| match &element.verb {
            Verb::Redirect(to) => self.url.join(&to.to).ok(),
            _ => None,
        });
        first.into_iter()
    }

    fn unanswered(&self, spot: &Spot, gather: &Gather) -> Move {
        let (name, number) = (spot.short(), self.step.number);
        let what = match (gather.takes_digits, gather.takes_speech) {
            (true, true) => "digits or words",
            (false, _) => "words",
            _ => "digits",
        };
        stop(format!(
            "the Gather of step {number} waits for {what}, and the recording has none left for {}: say what the caller does with \
             --answer '{name}=…', --noinput {name} or --hangup {name}",
            spot.path
        ))
    }
}

/// A request to an action, with nothing but the parameters of the call yet.
pub(super) fn draft(kind: RequestKind, action: &Action, asked_by: String, event: StepEvent) -> Draft {
    Draft {
        kind,
        method: Some(action.method()),
        to: action.to.clone(),
        carries: Carries::Params(Vec::new()),
        asked_by,
        event,
        recorded: None,
        gone: false,
    }
}

pub(super) fn params_of(pairs: &[(&str, &str)]) -> Carries {
    Carries::Params(params::pairs(pairs))
}

pub(super) fn hung_up(why: &str) -> Move {
    stop_at(Ended::HungUp, why.to_owned())
}

pub(super) fn stop(why: String) -> Move {
    stop_at(Ended::Unanswered, why)
}

pub(super) fn stop_at(how: Ended, why: String) -> Move {
    Move::End(End::new(how, why))
}
