//! Records of documents: the same event from two sources is one, a request and its alert meet, legs find their parent.

use std::sync::Arc;

use super::clock::When;
use super::fold::Fold;
use super::owners::NOBODY;
use super::{DocumentPart, Exchange, Finding};
use crate::format::{Record, RecordKind};
use crate::model::{Id, Outcome, Place, Provider, Request, RequestKind, Severity};
use crate::scan::{DocumentFact, Judged, is_listing};

/// Two sources date the same request alike within so many milliseconds (an alert is dated up to seconds earlier than its
/// call event, spec/twilio.md 2).
const SAME: i64 = 5_000;

impl Fold<'_> {
    /// Takes one record.
    pub(super) fn document(&mut self, call: u32, place: Place, when: When, fact: DocumentFact) {
        let DocumentFact {
            record,
            finding,
            signature,
        } = fact;
        self.about_call(call, place, when, &record);
        if let Some(id) = &record.event_id
            && let Some(&known) = self.seen.get(id)
        {
            self.again(known, place, &record, finding);
            return;
        }
        let exchange = self.exchange(call, place, when, &record);
        let mut finding_of = |f: &Judged, code: &str| Finding {
            index: 0,
            call,
            rule: self.text(&f.rule),
            class: self.text(&f.class),
            code: self.text(if code.is_empty() { &f.class } else { code }),
            severity: f.severity.unwrap_or(Severity::Error),
            title: self.text(&f.title),
            advice: self.text(&f.advice),
            evidence: self.text(&f.evidence),
            at: when,
            place,
            exchange,
            count: 1,
            hidden: false,
            noise: f.hide,
            script_line: None,
            timeline: is_timeline(record.kind),
        };
        let code = record.code.as_deref().unwrap_or_default();
        let finding = finding.map(|f| finding_of(&f, code));
        let signature = signature.map(|f| finding_of(&f, ""));
        let found = finding.map(|f| self.tell(f));
        if let Some(signature) = signature {
            self.push(signature);
        }
        if let Some(id) = record.event_id {
            if let Some(trial) = &mut self.trial {
                trial.seen.push(id.clone());
            }
            self.seen.insert(id, (found, exchange));
        }
    }

    /// Adds a finding, unless a timeline only repeats what an alert says of the same request; an alert replaces it.
    fn tell(&mut self, finding: Finding) -> u32 {
        if let Some(e) = finding.exchange {
            let calls = &self.calls[finding.call as usize].findings;
            let other = calls.iter().copied().find(|&n| {
                let f = &self.findings[n as usize];
                let same = f.timeline != finding.timeline || f.timeline && f.code == finding.code;
                f.exchange == Some(e) && same && !of_signature(f) && !of_signature(&finding)
            });
            if let Some(n) = other {
                if !finding.timeline {
                    let Finding { count, index, .. } = self.findings[n as usize];
                    self.findings[n as usize] = Finding {
                        index,
                        count,
                        ..finding
                    };
                }
                return n;
            }
        }
        self.push(finding)
    }

    /// What a record tells of its call. Inputs that grow by turns tell it in another order than one after the other: the first by time says
    /// what serves the call, the last how it is.
    fn about_call(&mut self, call: u32, place: Place, when: When, record: &Record) {
        if call == NOBODY {
            return;
        }
        for id in &record.also {
            self.also(call, id.clone());
        }
        self.calls[call as usize].provider = record.provider;
        if let Some(parent) = record.parent.clone().filter(|p| *p != self.calls[call as usize].id) {
            self.calls[call as usize].parent = Some(parent);
        }
        let Some(request) = &record.request else { return };
        let given = request.given();
        let param = |n: &str| value(&given, n);
        let child = param("DialCallSid").map(Id::from);
        let state = param("CallStatus").or(param("MessageStatus")).or(param("SmsStatus"));
        let is_api = record.request_kind == RequestKind::Api;
        let set = |texts: &mut super::intern::Interner, slot: &mut Option<Arc<str>>, value: Option<&str>| {
            if slot.is_none() {
                *slot = value.map(|v| texts.text(v));
            }
        };
        let c = &mut self.calls[call as usize];
        let texts = &mut self.texts;
        set(texts, &mut c.from, param("From"));
        set(texts, &mut c.to, param("To"));
        set(texts, &mut c.direction, param("Direction"));
        if !is_api && record.request_kind != RequestKind::Media && !record.request_kind.is_callback() {
            let moment = (when.time().is_none(), when.time(), place.input, place.line);
            let url = request.url.as_deref().filter(|u| !u.is_empty());
            if let Some(url) = url.filter(|_| c.app.is_none() || c.live.app_told.is_some_and(|first| moment < first)) {
                c.app = Some(texts.text(url));
                c.live.app_told = Some(moment);
            }
        }
        if let Some(s) = state {
            let moment = (is_final(s), when.time(), place.input, place.line);
            if c.live.state_told.is_none_or(|last| last <= moment) {
                c.state = Some(texts.text(s));
                c.live.state_told = Some(moment);
            }
        }
        if let Some(child) = child {
            let parent = self.calls[call as usize].id.clone();
            let child = self.call_of(&child, Provider::Twilio);
            self.touch(child);
            self.calls[child as usize].parent.get_or_insert(parent);
        }
    }

    /// An event that was read before: the richer copy gives the request, and the words about it.
    fn again(&mut self, known: (Option<u32>, Option<u32>), place: Place, record: &Record, finding: Option<Judged>) {
        if is_listing(record.kind) || record.request.is_none() {
            return;
        }
        let Some(n) = known.1 else { return };
        let owner = self.root(self.exchanges[n as usize].call);
        self.touch(owner);
        let e = &mut self.exchanges[n as usize];
        if !e.document.as_ref().is_some_and(|d| d.listing) {
            return;
        }
        e.place = place;
        e.why_not = record.why_not;
        e.kind = record.request_kind;
        e.outcome = record.outcome;
        e.status = record.response.as_ref().and_then(|r| r.status);
        e.document = Some(Box::new(part(record)));
        if let (Some(f), Some(judged)) = (known.0, finding) {
            let (rule, class) = (self.text(&judged.rule), self.text(&judged.class));
            let (title, advice) = (self.text(&judged.title), self.text(&judged.advice));
            let evidence = self.text(&judged.evidence);
            let f = &mut self.findings[f as usize];
            (f.rule, f.class, f.title, f.advice, f.evidence) = (rule, class, title, advice, evidence);
            (f.place, f.noise) = (place, judged.hide);
            f.severity = judged.severity.unwrap_or(f.severity);
        }
    }

    /// The exchange of a record: a new one, or the one that another source told already.
    fn exchange(&mut self, call: u32, place: Place, when: When, record: &Record) -> Option<u32> {
        let request = record.request.as_ref()?;
        let (method, url) = (
            request.method.as_deref(),
            request.url.as_deref().filter(|u| !u.is_empty()),
        );
        if method.is_none() && url.is_none() && request.params().is_empty() && record.kind != RecordKind::TropoPayload {
            return None;
        }
        let timeline = is_timeline(record.kind);
        if let Some(n) = self.same_request(call, when, method, url, record.kind) {
            self.meet(n, place, record, timeline);
            return Some(n);
        }
        let n = self.exchanges.len() as u32;
        let (method, url) = (method.map(|m| self.text(m)), url.map(|u| self.text(u)));
        self.exchanges.push(Exchange {
            index: n,
            id: 0,
            call,
            at: when,
            kind: record.request_kind,
            method,
            url,
            outcome: record.outcome,
            status: record.response.as_ref().and_then(|r| r.status),
            ms: record
                .response
                .as_ref()
                .and_then(|r| r.ms)
                .and_then(|ms| u32::try_from(ms).ok()),
            why_not: record.why_not,
            step: None,
            place,
            answer: None,
            document: Some(Box::new(part(record))),
            logged: None,
            late: false,
            waiting: false,
            explained: false,
            cut: false,
        });
        self.calls[call as usize].exchanges.push(n);
        Some(n)
    }

    /// The same request told by an alert and by a timeline: same method and URL, about the same time.
    fn same_request(
        &self,
        call: u32,
        when: When,
        method: Option<&str>,
        url: Option<&str>,
        kind: RecordKind,
    ) -> Option<u32> {
        let at = when.time()?;
        let url = url?;
        let (timeline, recorded) = (is_timeline(kind), kind == RecordKind::Exchange);
        self.calls[call as usize].exchanges.iter().rev().copied().find(|&n| {
            let e = &self.exchanges[n as usize];
            let other = |d: &DocumentPart| d.timeline != timeline || d.recorded != recorded;
            let other = e.document.as_deref().is_some_and(other);
            let near = e.at.time().is_some_and(|t| (t.0 - at.0).abs() <= SAME);
            other && near && e.url.as_deref() == Some(url) && e.method.as_deref() == method
        })
    }

    /// Adds what a second source tells of a request.
    fn meet(&mut self, n: u32, place: Place, record: &Record, timeline: bool) {
        let e = &mut self.exchanges[n as usize];
        let status = record.response.as_ref().and_then(|r| r.status);
        if timeline {
            e.status = status.or(e.status);
            e.ms = record
                .response
                .as_ref()
                .and_then(|r| r.ms)
                .and_then(|ms| u32::try_from(ms).ok())
                .or(e.ms);
        } else if record.outcome != Outcome::Unknown {
            e.outcome = record.outcome;
        }
        let asked = record
            .asked
            .clone()
            .or_else(|| e.document.as_mut().and_then(|d| d.asked.take()));
        // Parameters with their own names beat those that were renamed to snake_case, and what went over the wire, with its
        // headers, beats all.
        let recorded = record.kind == RecordKind::Exchange;
        let known = e.document.as_ref().is_some_and(|d| d.recorded) && e.why_not.is_none();
        if record.why_not.is_none() && !known && (recorded || !timeline || e.why_not.is_some()) {
            e.place = place;
            e.why_not = None;
            e.kind = record.request_kind;
            e.document = Some(Box::new(part(record)));
        }
        if let Some(d) = &mut e.document {
            d.asked = asked;
        }
    }
}

fn part(record: &Record) -> DocumentPart {
    let given = record.request.as_ref().map(Request::given).unwrap_or_default();
    let param = |n: &str| value(&given, n);
    DocumentPart {
        event_id: record.event_id.clone(),
        listing: is_listing(record.kind),
        timeline: is_timeline(record.kind),
        recorded: record.kind == RecordKind::Exchange,
        asked: record.asked.clone(),
        // A caller who hung up in a queue is told as a recording that ended so.
        digits: param("Digits")
            .or(param("SpeechResult"))
            .or(param("QueueResult").filter(|r| *r == "hangup"))
            .map(Into::into),
        gather_end: param("msg").is_some_and(|m| m == "Gather End"),
        ringing: param("CallStatus").is_some_and(|s| matches!(s, "ringing" | "queued")),
        // What was said in a recording is often written down when the call is over; that is not how it ended.
        final_status: param("CallStatus")
            .filter(|s| is_final(s) && param("TranscriptionSid").is_none())
            .map(Into::into),
    }
}

/// The first value of a parameter; none where it is empty.
fn value<'p>(given: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let found = given.iter().find(|(n, _)| n == name);
    found.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
}

/// True for sources that tell of every request, failed or not.
fn is_timeline(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::CallEvent | RecordKind::VoiceWebhook | RecordKind::Exchange
    )
}

/// True for a finding about a signature: no other source tells of that.
fn of_signature(finding: &Finding) -> bool {
    &*finding.code == "signature"
}

/// Twilio's final words for a call or message.
pub(super) fn is_final(status: &str) -> bool {
    matches!(
        status,
        "completed" | "busy" | "failed" | "no-answer" | "canceled" | "delivered" | "undelivered" | "received"
    )
}
