//! What a Tropo answer asks for: its verbs in order, then the event that ends the document (spec/tropo.md 2.1, 2.2).
//!
//! The result that is sent is the recorded one where the recording has that step, else it is made of the session's ids and of what the
//! user lets the caller say. `continue` without `next` hangs up; an event without a handler falls through to `continue`.

use serde_json::{Value, json};
use url::Url;

use super::course::Rehearsal;
use super::document::{self, Document, Verb};
use super::result::{actions, is_over, told};
use super::wishes::{Spot, Wish};
use super::{Carries, Draft, End, Ended, Move, Recorded, Step};
use crate::judge::Answer;
use crate::model::{RequestKind, StepEvent};

/// How a document ended.
struct Fired {
    event: String,
    step: StepEvent,
    /// `size=large, as given`.
    how: String,
    actions: Vec<Value>,
}

/// Walks the answer to a step.
pub(super) fn walk(
    course: &mut Rehearsal<'_>,
    step: &Step,
    url: &Url,
    answer: &Answer<'_>,
    notes: &mut Vec<String>,
) -> Move {
    let Some(document) = document::read(answer.body) else {
        let why = format!("the answer to step {} is no Tropo document", step.number);
        return Move::End(End::new(Ended::NotRehearsed, why));
    };
    let recorded = recorded(course, &document, url);
    Walk {
        course,
        step,
        url,
        notes,
        document: &document,
        recorded,
    }
    .all()
}

struct Walk<'w, 'a> {
    course: &'w mut Rehearsal<'a>,
    step: &'w Step,
    url: &'w Url,
    notes: &'w mut Vec<String>,
    document: &'w Document,
    /// The recorded result that this document may lead to.
    recorded: Option<usize>,
}

/// What came of one verb.
enum Heard {
    Nothing,
    /// With who said so.
    Action(Value, &'static str),
    Fired(&'static str, StepEvent, String),
    /// As the recording says, with all that it says of the document.
    Recorded(usize),
    Stop(Move),
}

impl Walk<'_, '_> {
    fn all(mut self) -> Move {
        if let Some(moved) = self.signal() {
            return moved;
        }
        let (mut actions, mut said) = (Vec::new(), Vec::new());
        let document = self.document;
        for verb in &document.verbs {
            let heard = match verb {
                Verb::Ask { name, .. } => self.listen(verb, &[name.as_str()], actions.is_empty()),
                Verb::Record { name } => self.listen(verb, &[name.as_str(), "record"], actions.is_empty()),
                Verb::Connects { verb: word, name } => {
                    self.listen(verb, &[name.as_str(), word, "dial"], actions.is_empty())
                }
                Verb::Hangup => Heard::Stop(end("the app hung up")),
                Verb::Leaves(verb) => Heard::Stop(end(&format!("`{verb}` sends the caller away from the app"))),
                Verb::Unrehearsed(verb) => {
                    let number = self.step.number;
                    self.notes.push(format!(
                        "`{verb}` of step {number} is not rehearsed: the document goes on as if it were over"
                    ));
                    Heard::Nothing
                }
                Verb::Passes => Heard::Nothing,
            };
            match heard {
                Heard::Nothing => {}
                Heard::Action(action, who) => {
                    let text = |key: &str| action[key].as_str().map(str::to_owned);
                    let words = [text("name").filter(|name| !name.is_empty()), text("value")];
                    said.push((words.into_iter().flatten().collect::<Vec<_>>().join("="), who));
                    actions.push(action);
                }
                Heard::Fired(event, step, how) => {
                    let event = event.to_owned();
                    return self.fire(&Fired {
                        event,
                        step,
                        how,
                        actions: Vec::new(),
                    });
                }
                Heard::Recorded(n) => return self.as_recorded(n),
                Heard::Stop(moved) => return moved,
            }
        }
        if let (true, Some(n)) = (actions.is_empty(), self.recorded) {
            return self.as_recorded(n);
        }
        let step = if actions.is_empty() {
            StepEvent::Continue
        } else {
            StepEvent::Choice
        };
        let how = who_said(&said);
        let event = "continue".to_owned();
        self.fire(&Fired {
            event,
            step,
            how,
            actions,
        })
    }

    /// `--answer signal=NAME`, where the document has a handler for it.
    fn signal(&mut self) -> Option<Move> {
        let spot = Spot {
            number: 0,
            names: vec!["signal".to_owned()],
            ..Spot::default()
        };
        let name = self.course.wishes.peek(&spot)?.to_owned();
        self.document.on(&name)?;
        let _ = self.course.wishes.take(&spot);
        Some(self.fire(&Fired {
            event: name.clone(),
            step: StepEvent::Signal,
            how: format!("signal {name}, as given"),
            actions: Vec::new(),
        }))
    }

    /// What the caller does at a verb; `alone` where nothing was heard in this document yet.
    fn listen(&mut self, verb: &Verb, names: &[&str], alone: bool) -> Heard {
        let next = self.document.on("continue").and_then(|on| on.next.as_deref());
        let mut spot = Rehearsal::spot(self.step, self.url, next.unwrap_or_default(), names);
        if next.is_none() {
            spot.path.clear();
        }
        let hung_up = || Heard::Fired("hangup", StepEvent::Hangup, "the caller hung up, as given".to_owned());
        match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => hung_up(),
            Some(Wish::Value(value)) if value == "hangup" => hung_up(),
            Some(Wish::Silence) => match verb {
                Verb::Ask { optional: true, .. } => Heard::Nothing,
                _ => Heard::Fired("incomplete", StepEvent::Noinput, "no input, as given".to_owned()),
            },
            Some(Wish::Value(value)) => said(verb, &value),
            None => self.recorded_of(verb, &spot, alone),
        }
    }

    fn recorded_of(&mut self, verb: &Verb, spot: &Spot, alone: bool) -> Heard {
        if let (true, Some(n)) = (alone, self.recorded) {
            return Heard::Recorded(n);
        }
        let own = spot.names.first().map(String::as_str).unwrap_or_default();
        let actions = self
            .recorded
            .map(|n| actions(&self.course.recording.get(n).request))
            .unwrap_or_default();
        if let Some(action) = actions.into_iter().find(|a| a["name"] == own && !own.is_empty()) {
            self.course.heard();
            return Heard::Action(action, "as recorded");
        }
        if let Verb::Record { name } = verb {
            let action = json!({
                "name": name, "attempts": 1, "disposition": "SUCCESS", "duration": 5, "url": "made-up-by-redial",
            });
            return Heard::Action(action, "made up");
        }
        let (number, name) = (self.step.number, spot.short());
        let what = match verb {
            Verb::Connects { verb, .. } => format!("the `{verb}` of step {number} waits for the other side"),
            _ => format!("the `ask` of step {number} waits for the caller"),
        };
        let how = if matches!(verb, Verb::Connects { .. }) {
            "completed"
        } else {
            "…"
        };
        let why = format!(
            "{what}, and the recording has nothing left for it: say it with --answer '{name}={how}', --noinput {name} or --hangup {name}"
        );
        Heard::Stop(Move::End(End::new(Ended::Unanswered, why)))
    }

    /// Sends the result of an event to its handler.
    fn fire(&mut self, fired: &Fired) -> Move {
        let handler = self.document.on(&fired.event);
        if fired.event == "hangup" && handler.is_none() {
            return end("the caller hung up, and the document has no `on` for hangup");
        }
        let (on, fell) = match handler {
            Some(on) => (Some(on), false),
            None => (self.document.on("continue"), fired.event != "continue"),
        };
        let Some(next) = on.and_then(|on| on.next.clone()) else {
            let how = if fired.how.is_empty() {
                String::new()
            } else {
                format!(" ({})", fired.how)
            };
            return end(&format!("`{}`{how} has no `next`: Tropo hangs up", fired.event));
        };
        let recorded = self.same(&next, fired);
        let carries = match recorded {
            Some(_) => Carries::Recorded,
            None => Carries::Json(self.course.session.result(&fired.event, &fired.actions)),
        };
        let through = if fell { " without a handler, so `continue`" } else { "" };
        let how = if fired.how.is_empty() {
            String::new()
        } else {
            format!(": {}", fired.how)
        };
        Move::To(Draft {
            kind: RequestKind::Result,
            method: None,
            to: next,
            carries,
            asked_by: format!("`{}`{through}{how}", fired.event),
            event: fired.step,
            recorded,
            gone: fired.event == "hangup",
        })
    }

    /// A recorded result with the same values, at the same place.
    fn same(&self, next: &str, fired: &Fired) -> Option<usize> {
        let url = self.url.join(next.trim()).ok()?;
        let told = |all: &[Value]| -> Vec<(Value, Value)> {
            all.iter().map(|a| (a["name"].clone(), a["value"].clone())).collect()
        };
        let plain = fired.event == "continue";
        self.course.recording.find(&url, |r| {
            let theirs = actions(&r.request);
            r.kind == RequestKind::Result && plain && told(&theirs) == told(&fired.actions) && !is_over(&r.request)
        })
    }

    fn as_recorded(&mut self, n: usize) -> Move {
        let request = &self.course.recording.get(n).request;
        let (event, step, how) = told(request, self.document, self.url);
        let over = is_over(request);
        let Some(next) = self.document.on(&event).and_then(|on| on.next.clone()) else {
            return end(&format!("`{event}` has no `next`: Tropo hangs up"));
        };
        self.course.heard();
        self.course.session.sequence += 1;
        let from = self
            .url
            .join(next.trim())
            .ok()
            .and_then(|url| self.course.recording.renamed(n, &url));
        let from = from.map(|path| format!(" for {path}")).unwrap_or_default();
        let how = if how.is_empty() {
            format!(", as recorded{from}")
        } else {
            format!(": {how}, as recorded{from}")
        };
        Move::To(Draft {
            kind: RequestKind::Result,
            method: None,
            to: next,
            carries: Carries::Recorded,
            asked_by: format!("`{event}`{how}"),
            event: step,
            recorded: Some(n),
            gone: over,
        })
    }
}

/// The recorded result that a document may lead to: one that went where a handler of it leads, with the answers that it asks for.
fn recorded(course: &Rehearsal<'_>, document: &Document, url: &Url) -> Option<usize> {
    let names = document.names();
    let fits = |r: &Recorded| {
        let theirs = actions(&r.request);
        r.kind == RequestKind::Result
            && theirs
                .iter()
                .all(|a| a["name"].as_str().is_some_and(|n| names.contains(&n)))
    };
    let places = document
        .on
        .iter()
        .filter_map(|on| url.join(on.next.as_deref()?.trim()).ok());
    let places: Vec<Url> = places.collect();
    let recording = &course.recording;
    let ahead = recording.ahead().filter(|&n| fits(recording.get(n)));
    ahead
        .filter(|&n| places.iter().any(|url| recording.is_at(n, url).is_some()))
        .or_else(|| places.iter().find_map(|url| recording.find(url, fits)))
        // Where `next` was renamed, the answer to the very question is still known by its name.
        .or_else(|| recording.first_free(|r| fits(r) && actions(&r.request).iter().any(|a| a["name"] != "")))
}

fn given(action: Value) -> Heard {
    Heard::Action(action, "as given")
}

/// What was heard, with who said so: once where that is one.
fn who_said(said: &[(String, &str)]) -> String {
    let with = |what: &str, who: &str| {
        if what.is_empty() {
            who.to_owned()
        } else {
            format!("{what}, {who}")
        }
    };
    match said {
        [] => String::new(),
        [(_, who), more @ ..] if more.iter().all(|(_, w)| w == who) => {
            let what: Vec<&str> = said.iter().map(|(what, _)| what.as_str()).collect();
            with(&what.join(", "), who)
        }
        all => all
            .iter()
            .map(|(what, who)| with(what, who))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// What comes of words or keys at a verb.
fn said(verb: &Verb, value: &str) -> Heard {
    match verb {
        Verb::Ask { name, choices, .. } => match choices.hear(value) {
            Some(meant) => given(json!({
                "name": name, "attempts": 1, "disposition": "SUCCESS", "confidence": 100,
                "interpretation": meant, "utterance": value, "value": meant,
            })),
            None => Heard::Fired(
                "incomplete",
                StepEvent::Nomatch,
                format!("{name}={value} is not among the choices, as given"),
            ),
        },
        Verb::Connects { verb, name } => match value {
            "completed" => given(json!({
                "name": name, "attempts": 1, "disposition": "SUCCESS", "connectedDuration": 10, "duration": 10, "value": "completed",
            })),
            "busy" | "no-answer" | "timeout" | "failed" | "rejected" | "canceled" => {
                Heard::Fired("incomplete", StepEvent::Incomplete, format!("{verb}={value}, as given"))
            }
            "error" => Heard::Fired("error", StepEvent::Error, format!("{verb}={value}, as given")),
            _ => Heard::Stop(Move::End(End::new(
                Ended::Unanswered,
                format!("--answer {verb}={value}: write completed, busy, no-answer, failed, error or hangup"),
            ))),
        },
        Verb::Record { name } => given(json!({
            "name": name, "attempts": 1, "disposition": "SUCCESS", "duration": 5, "url": "made-up-by-redial", "value": value,
        })),
        Verb::Hangup | Verb::Leaves(_) | Verb::Unrehearsed(_) | Verb::Passes => Heard::Nothing,
    }
}

fn end(why: &str) -> Move {
    Move::End(End::new(Ended::HungUp, why))
}
