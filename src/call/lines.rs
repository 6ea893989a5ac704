//! Facts of log lines: requests meet their answers, steps their events.
//!
//! Each fact that `scan` tells of a line changes the line's call: a request opens an exchange, a reply or refusal closes the latest that
//! waits, a logged event says how the step before the next request ended. What goes wrong on the way becomes a finding in `findings`.

use std::sync::Arc;

use super::Exchange;
use super::clock::When;
use super::findings::Words;
use super::fold::Fold;
use crate::filter::OverCall;
use crate::format::tropo::{Payload, Reply};
use crate::model::{Outcome, Place, RequestKind, Step, StepEvent};
use crate::scan::Fact;

impl Fold<'_> {
    /// Takes the facts of one line.
    pub(super) fn line(&mut self, call: u32, place: Place, when: When, facts: Vec<(u16, Fact)>) {
        let mut own_taken = false;
        for (rule, fact) in facts {
            match fact {
                Fact::Request { url, payload } => self.request(call, place, when, &url, *payload),
                Fact::Reply(reply) => self.reply(call, place, when, rule, reply),
                Fact::Refusal { url, status, evidence } => {
                    self.refusal(call, place, when, rule, &url, status, evidence);
                }
                Fact::Step(events) => self.step(call, place, when, rule, &events),
                Fact::Found(found) if found.extra || !own_taken => {
                    own_taken |= self.found(call, place, when, rule, found);
                }
                Fact::Found(_) => {}
                Fact::Unclassified { severity, text } => self.unclassified(call, place, when, severity, &text),
            }
        }
    }

    fn request(&mut self, call: u32, place: Place, when: When, url: &str, payload: Payload) {
        if let Some(full) = payload.at {
            self.clock().learn(when, full);
        }
        if let Some(id) = &payload.call {
            self.also(call, id.clone());
        }
        let step = self.step_before(call, &payload);
        let n = self.exchanges.len() as u32;
        let (method, shared) = (self.text("POST"), self.text(url));
        let precise = payload.at.filter(|_| when == When::Never);
        self.exchanges.push(Exchange {
            index: n,
            id: 0,
            call,
            at: precise.map_or(when, When::At),
            kind: payload.kind,
            method: Some(method),
            url: Some(Arc::clone(&shared)),
            outcome: Outcome::Unknown,
            status: None,
            ms: None,
            why_not: payload.why_not,
            step,
            place,
            answer: None,
            document: None,
            logged: step,
            late: false,
            waiting: true,
            explained: false,
            cut: false,
        });
        let c = &mut self.calls[call as usize];
        c.exchanges.push(n);
        c.live.open = Some(n);
        c.app.get_or_insert(shared);
        if let Some(reason) = payload.error {
            let fields = vec![("reason", reason), ("raw", payload.error_raw.unwrap_or_default())];
            let found = self.over(call, place, when, OverCall::ResultError, n, fields);
            self.give(found);
        }
        self.waits(call);
    }

    /// How the step before a request ended: as Tropo logged it, made more exact by the result's dispositions.
    fn step_before(&mut self, call: u32, payload: &Payload) -> Option<Step> {
        let logged = self.calls[call as usize].live.step.take();
        let said = payload.step;
        let event = match (logged.as_deref().map(named), said) {
            (Some(StepEvent::Continue), Some(StepEvent::Choice)) => StepEvent::Choice,
            (Some(StepEvent::Incomplete), Some(e @ (StepEvent::Timeout | StepEvent::Nomatch | StepEvent::Noinput))) => {
                e
            }
            (Some(logged), _) => logged,
            (None, said) => said.or((payload.kind == RequestKind::Session).then_some(StepEvent::Start))?,
        };
        Some(Step { event, certain: true })
    }

    /// The exchange that an answer belongs to: the latest that waits, and where the answer names a URL, the latest with
    /// that URL.
    fn answered(&mut self, call: u32, url: Option<&str>) -> Option<u32> {
        let waits = |n: &u32| self.exchanges[*n as usize].waiting;
        let same = |n: &u32| url.is_none_or(|u| self.exchanges[*n as usize].url.as_deref() == Some(u));
        let n = self.calls[call as usize]
            .exchanges
            .iter()
            .rev()
            .take(64)
            .copied()
            .find(|n| waits(n) && same(n))?;
        self.exchanges[n as usize].waiting = false;
        if self.calls[call as usize].live.open == Some(n) {
            self.calls[call as usize].live.open = None;
        }
        Some(n)
    }

    /// Notes when and where the answer to a request was logged; milliseconds only where both times have them.
    fn note_answer(&mut self, n: u32, place: Place, when: When) {
        let e = &mut self.exchanges[n as usize];
        e.answer = Some(place);
        if let (When::At(a), When::At(b)) = (e.at, when)
            && !e.late
            && (a.0 % 1000 != 0 || b.0 % 1000 != 0)
        {
            e.ms = u32::try_from(b.0 - a.0).ok();
        }
    }

    pub(super) fn reply(&mut self, call: u32, place: Place, when: When, rule: u16, reply: Reply) {
        let open = self.answered(call, None);
        if let Some(n) = open {
            self.note_answer(n, place, when);
            self.exchanges[n as usize].outcome = if reply == Reply::Document {
                Outcome::Ok
            } else {
                Outcome::BadReply
            };
        }
        let Reply::Fault { why, text, cut } = reply else { return };
        if let Some(n) = open {
            self.exchanges[n as usize].cut = cut;
        }
        let mut words = Words {
            evidence: text,
            exchange: open,
            ..Words::default()
        };
        words.fields.push(("reason", why));
        self.by_rule(call, place, when, self.engine.line_rule(rule), words);
    }

    #[allow(clippy::too_many_arguments)]
    fn refusal(&mut self, call: u32, place: Place, when: When, rule: u16, url: &str, status: u16, evidence: String) {
        let open = self.answered(call, Some(url));
        if let Some(n) = open {
            self.note_answer(n, place, when);
            let e = &mut self.exchanges[n as usize];
            e.outcome = Outcome::HttpError;
            e.status = Some(status);
        }
        let fields = vec![("status", status.to_string()), ("url", url.to_owned())];
        let words = Words {
            fields,
            evidence,
            exchange: open,
        };
        self.by_rule(call, place, when, self.engine.line_rule(rule), words);
    }

    fn step(&mut self, call: u32, place: Place, when: When, rule: u16, events: &str) {
        self.calls[call as usize].live.step = Some(self.texts.text(events));
        let event = named(events);
        if event == StepEvent::Signal {
            self.settle(call, "signal");
        }
        if matches!(event, StepEvent::Error | StepEvent::Incomplete) {
            let fields = vec![("event", event.as_str().to_owned())];
            let words = Words {
                fields,
                evidence: format!("Processing events: {events}"),
                exchange: None,
            };
            self.by_rule(call, place, when, self.engine.line_rule(rule), words);
        }
    }
}

/// The event that a list of logged events stands for: what is not `continue` is what happened.
fn named(events: &str) -> StepEvent {
    let mut found = StepEvent::Continue;
    for name in events.split([',', ' ']).map(str::trim).filter(|n| !n.is_empty()) {
        let event = match name.to_ascii_lowercase().as_str() {
            "continue" => continue,
            "error" => StepEvent::Error,
            "incomplete" => StepEvent::Incomplete,
            "hangup" => StepEvent::Hangup,
            "timeout" => StepEvent::Timeout,
            "nomatch" => StepEvent::Nomatch,
            "noinput" => StepEvent::Noinput,
            "choice" => StepEvent::Choice,
            _ => StepEvent::Signal,
        };
        if found == StepEvent::Continue || event == StepEvent::Error {
            found = event;
        }
    }
    found
}
