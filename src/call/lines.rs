//! Facts of log lines: requests meet their answers, steps their events, findings their calls.

use std::sync::Arc;

use super::clock::When;
use super::fold::Fold;
use super::owners::NOBODY;
use super::{Exchange, Finding};
use crate::filter::{Case, Needs, OverCall, Rule};
use crate::format::tropo::{Payload, Reply};
use crate::model::{Outcome, Place, RequestKind, Severity, Step, StepEvent};
use crate::scan::{Fact, Found};

/// A log that goes on so long after a request (milliseconds) holds no answer to it. Tropo's own limit is not known;
/// this is what most platforms allow.
pub(super) const WAITED: i64 = 15_000;

/// Words of a finding, before they are shared.
#[derive(Default)]
pub(super) struct Words<'a> {
    pub(super) fields: Vec<(&'a str, String)>,
    pub(super) evidence: String,
    pub(super) exchange: Option<u32>,
}

impl Words<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }
}

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

    fn no_reply(&mut self, n: u32, state: OverCall) {
        let e = &mut self.exchanges[n as usize];
        if state == OverCall::NoReply {
            e.outcome = Outcome::NoReply;
        }
        let (call, place, at) = (e.call, e.place, e.at);
        if !e.explained {
            let found = self.over(call, place, at, state, n, Vec::new());
            self.give(found);
        }
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

    fn reply(&mut self, call: u32, place: Place, when: When, rule: u16, reply: Reply) {
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

    /// A finding of a line rule; true when it was the line's own or stands for it.
    fn found(&mut self, call: u32, place: Place, when: When, rule: u16, found: Found) -> bool {
        let rule = self.engine.line_rule(rule);
        let open = self.calls[call as usize].live.open;
        if rule.needs == Some(Needs::OpenRequest) && open.is_none() {
            return false;
        }
        let exchange = if rule.explains || rule.needs.is_some() {
            open
        } else {
            None
        };
        if let Some(n) = exchange.filter(|_| rule.explains) {
            self.exchanges[n as usize].explained = true;
        }
        let fields = found.fields.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        self.by_rule(
            call,
            place,
            when,
            rule,
            Words {
                fields,
                evidence: found.evidence,
                exchange,
            },
        );
        !rule.also
    }

    fn unclassified(&mut self, call: u32, place: Place, when: When, severity: Severity, text: &str) {
        let class = self.text("unclassified");
        let finding = Finding {
            index: 0,
            call,
            rule: Arc::clone(&class),
            code: Arc::clone(&class),
            class,
            severity,
            title: self.text(&format!("Unknown {severity}: {}", first_words(text))),
            advice: self.text(
                "No rule knows this line. Read it; when it is noise, hide it with a rule of your own (`redial filters list`).",
            ),
            evidence: self.text(text),
            at: when,
            place,
            exchange: None,
            count: 1,
            hidden: false,
            noise: false,
            script_line: None,
            timeline: false,
        };
        self.push(finding);
    }

    /// A finding of a rule over the whole call, about a request.
    pub(super) fn over(
        &mut self,
        call: u32,
        place: Place,
        when: When,
        state: OverCall,
        n: u32,
        fields: Vec<(&str, String)>,
    ) -> Option<(Finding, Option<String>)> {
        let rule = self.engine.over(state)?;
        let url = self.exchanges[n as usize].url.clone().unwrap_or_default();
        let evidence = match state {
            OverCall::ResultError => {
                let raw = fields.iter().find(|(n, _)| *n == "raw").map(|(_, v)| v.as_str());
                format!("\"error\":{}", raw.unwrap_or_default())
            }
            _ => format!("POST {url}"),
        };
        let words = Words {
            fields,
            evidence,
            exchange: Some(n),
        };
        self.worded(call, place, when, rule, words)
    }

    /// Adds a rule's finding.
    pub(super) fn by_rule(&mut self, call: u32, place: Place, when: When, rule: &Rule, words: Words<'_>) {
        let found = self.worded(call, place, when, rule, words);
        self.give(found);
    }

    fn give(&mut self, found: Option<(Finding, Option<String>)>) {
        match found {
            Some((finding, Some(name))) => self.pend(finding.call, &name, finding),
            Some((finding, None)) => {
                self.push(finding);
            }
            None => {}
        }
    }

    /// A rule's words put together, and what it waits for to be settled by; none where the rule hides it.
    fn worded(
        &mut self,
        call: u32,
        place: Place,
        when: When,
        rule: &Rule,
        mut words: Words<'_>,
    ) -> Option<(Finding, Option<String>)> {
        if words.field("url").is_none()
            && let Some(url) = self.url_about(call, words.exchange)
        {
            words.fields.push(("url", url));
        }
        if let Some((host, path)) = words.field("url").map(host_and_path) {
            words.fields.push(("host", host));
            words.fields.push(("path", path));
        }
        if let Some(e) = words.field("reason").and_then(exception_message) {
            words.fields.push(("cause", e));
        }
        if let Some(own) = self.own_line(call, words.field("line")) {
            words.fields.push(("own_line", own));
        }
        let case: Option<&Case> = rule.case(|n| words.field(n));
        if rule.hide || case.is_some_and(|c| c.hide) {
            return None;
        }
        let field = |n: &str| words.field(n);
        let title = case
            .and_then(|c| c.title.as_ref())
            .or(rule.title.as_ref())
            .map(|t| t.fill(field));
        let advice = case
            .and_then(|c| c.advice.as_ref())
            .or(rule.advice.as_ref())
            .map(|t| t.fill(field));
        let evidence = rule
            .evidence
            .as_ref()
            .map_or_else(|| words.evidence.clone(), |t| t.fill(field));
        let class = case
            .and_then(|c| c.class.as_deref())
            .or(rule.class.as_deref())
            .unwrap_or("other");
        let class = self.text(class);
        let pending = case.and_then(|c| c.pending.clone()).or_else(|| rule.pending.clone());
        let finding = Finding {
            index: 0,
            call,
            rule: self.text(&rule.id),
            code: Arc::clone(&class),
            class,
            severity: case
                .and_then(|c| c.severity)
                .or(rule.severity)
                .unwrap_or(Severity::Info),
            title: self.text(title.as_deref().unwrap_or(&rule.id)),
            advice: self.text(advice.as_deref().unwrap_or_default()),
            evidence: self.text(&evidence),
            at: when,
            place,
            exchange: words.exchange,
            count: 1,
            hidden: false,
            noise: false,
            script_line: words.field("line").and_then(|l| l.parse().ok()),
            timeline: false,
        };
        Some((finding, pending))
    }

    /// A line of the engine's numbering in the developer's own: counted from the first line of her script that was echoed.
    fn own_line(&self, call: u32, line: Option<&str>) -> Option<String> {
        let (_, smallest, ..) = self.calls[call as usize].echo?;
        let own = line?.parse::<u32>().ok()?.checked_sub(smallest)? + 1;
        Some(own.to_string())
    }

    /// The URL that a finding is about: its exchange's, else the request that waits.
    fn url_about(&self, call: u32, exchange: Option<u32>) -> Option<String> {
        let n = exchange.or(self.calls[call as usize].live.open)?;
        self.exchanges[n as usize].url.as_deref().map(str::to_owned)
    }

    /// Adds a finding to its call and numbers it; the same cause on the same call counts up.
    pub(super) fn push(&mut self, finding: Finding) -> u32 {
        let call = finding.call as usize;
        let url = |f: &Finding, all: &[Exchange]| f.exchange.and_then(|n| all[n as usize].url.clone());
        let same = self.calls[call].findings.iter().rev().take(64).copied().find(|&n| {
            let f = &self.findings[n as usize];
            f.rule == finding.rule
                && f.title == finding.title
                && f.severity == finding.severity
                && url(f, &self.exchanges) == url(&finding, &self.exchanges)
        });
        if let Some(n) = same {
            self.findings[n as usize].count += 1;
            return n;
        }
        let n = self.findings.len() as u32;
        self.findings.push(Finding { index: n, ..finding });
        self.calls[call].findings.push(n);
        n
    }

    /// A finding that stands only when nothing settles it.
    fn pend(&mut self, call: u32, name: &str, mut finding: Finding) {
        finding.hidden = true;
        let name = self.text(name);
        let n = self.findings.len() as u32;
        finding.index = n;
        self.findings.push(finding);
        self.calls[call as usize].live.pending.push((name, n));
        self.waits(call);
    }

    /// Something at a line settles what is pending from lines before it.
    pub(super) fn settled_at(&mut self, call: u32, line: u64) {
        let findings = &self.findings;
        self.calls[call as usize]
            .live
            .pending
            .retain(|(name, n)| &**name == "signal" || findings[*n as usize].place.line > line);
    }

    fn settle(&mut self, call: u32, name: &str) {
        self.calls[call as usize].live.pending.retain(|(n, _)| &**n != name);
    }

    /// What is still open when the input is at its end.
    pub(super) fn unanswered(&mut self) {
        let last_time = self.last_times();
        for c in 0..self.calls.len() {
            for (_, n) in std::mem::take(&mut self.calls[c].live.pending) {
                self.findings[n as usize].hidden = false;
                self.findings[n as usize].call = c as u32;
                self.calls[c].findings.push(n);
            }
            let waiting: Vec<u32> = self.calls[c]
                .exchanges
                .iter()
                .copied()
                .filter(|&n| self.exchanges[n as usize].waiting)
                .collect();
            for n in waiting {
                let state = self.silence(c as u32, n, &last_time);
                self.no_reply(n, state);
            }
        }
        self.spare_cut_replies();
    }

    /// Whether the log went on so long after a request that no answer came, or just ends.
    fn silence(&self, call: u32, n: u32, last_time: &[Option<i64>]) -> OverCall {
        let e = &self.exchanges[n as usize];
        let c = &self.calls[call as usize];
        let went_on = call != NOBODY && c.live.last_line > e.place.line;
        let waited = match (e.at.time(), last_time.get(e.place.input as usize).copied().flatten()) {
            (Some(sent), Some(last)) => last - sent.0 >= WAITED,
            _ => false,
        };
        if went_on || waited {
            OverCall::NoReply
        } else {
            OverCall::LogEnds
        }
    }

    /// The last moment of each input.
    fn last_times(&self) -> Vec<Option<i64>> {
        let mut out = vec![None; self.inputs.len().max(1)];
        for c in &self.calls {
            for r in &c.ranges {
                if let Some(t) = c.ended.time() {
                    let last = &mut out[r.input as usize];
                    *last = Some(last.map_or(t.0, |l: i64| l.max(t.0)));
                }
            }
        }
        out
    }

    /// A reply whose JSON just ends on the very last line of the input was cut by whoever copied the log.
    fn spare_cut_replies(&mut self) {
        let (input, lines) = (self.input_id(), self.so_far().0);
        let Some(e) = self.exchanges.iter_mut().rev().take(64).find(|e| e.cut) else {
            return;
        };
        if e.answer.is_some_and(|a| a.input == input && a.line == lines) {
            e.outcome = Outcome::Unknown;
            let n = e.index;
            for f in &mut self.findings {
                f.hidden |= f.exchange == Some(n) && &*f.class == "webhook-reply";
            }
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

/// Host and path of a URL, for titles and advice.
pub fn host_and_path(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let path = rest[end..].split(['?', '#']).next().unwrap_or_default();
    (
        rest[..end].to_owned(),
        if path.is_empty() {
            "/".to_owned()
        } else {
            path.to_owned()
        },
    )
}

/// `com.voxeo.tropo.ErrorException: Outbound call has timed out. at …` → `Outbound call has timed out.`
fn exception_message(reason: &str) -> Option<String> {
    let (class, rest) = reason.split_once(": ")?;
    let is_class = class.contains('.') && !class.contains(' ');
    let text = rest.split(" at ").next().unwrap_or(rest).trim().trim_end_matches('.');
    (is_class && !text.is_empty()).then(|| text.to_owned())
}

fn first_words(text: &str) -> String {
    let mut out: String = text.chars().take(80).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
