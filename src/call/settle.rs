//! Looks in between, and the end: times with the clocks known, orders, names, parents, steps.
//!
//! [`Fold::pause`] settles the calls touched since the last look and hands everything out; what it settles over is kept in
//! [`Raw`], and the fold's `touch` takes it back before a call changes, so that the outcome is the same with and
//! without looks. [`Fold::finish`] settles every call, and what only the whole input can tell.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::clock::When;
use super::fold::{Fold, Input};
use super::owners::NOBODY;
use super::{Call, Calls, Exchange, Finding, Raw, in_order_of_time, steps};
use crate::model::{Id, InputId};

impl Fold<'_> {
    /// Hands out the calls as far as they are known, until [`Fold::resume`]; between the two, nothing may be taken. Takes
    /// time for the calls touched since the last look, not for all.
    #[must_use = "the fold has no calls until they are handed back"]
    pub fn pause(&mut self) -> Calls {
        self.date_anew();
        self.find_overdue();
        let touched = std::mem::take(&mut self.touched);
        for &n in &touched {
            self.settle_call(n as usize);
        }
        for &n in &touched {
            steps::branches(&self.calls[n as usize], &self.exchanges, &mut self.branches);
        }
        for &n in &touched {
            steps::infer_of(&self.calls[n as usize], &mut self.exchanges, &self.branches);
        }
        Calls {
            calls: std::mem::take(&mut self.calls),
            exchanges: std::mem::take(&mut self.exchanges),
            findings: std::mem::take(&mut self.findings),
            unparsed: std::mem::take(&mut self.unparsed),
            touched,
        }
    }

    /// Goes on with what [`Fold::pause`] handed out.
    pub fn resume(&mut self, calls: Calls) {
        self.calls = calls.calls;
        self.exchanges = calls.exchanges;
        self.findings = calls.findings;
        self.unparsed = calls.unparsed;
    }

    /// Settles what only the whole input can tell.
    pub fn finish(mut self) -> Calls {
        for n in 0..self.calls.len() {
            self.unsettle(n as u32);
        }
        self.settle_times();
        self.unanswered();
        for n in 0..self.calls.len() {
            self.parent(n);
            self.calls[n].settle_real();
        }
        for call in &mut self.calls {
            settle_order(call, &mut self.exchanges, &self.findings);
            call.also.sort_unstable();
        }
        steps::infer(&self.calls, &mut self.exchanges);
        Calls {
            calls: self.calls,
            exchanges: self.exchanges,
            findings: self.findings,
            unparsed: self.unparsed,
            touched: Vec::new(),
        }
    }

    /// Takes back what the last look settled of a call.
    pub(super) fn unsettle(&mut self, call: u32) {
        self.calls[call as usize].unsettle();
        self.hide_overdue(call);
    }

    /// When an input's date is learnt, its calls so far can be dated.
    fn date_anew(&mut self) {
        let dated: Vec<bool> = self.inputs.iter_mut().map(|i| i.clock.newly_dated()).collect();
        if !dated.contains(&true) {
            return;
        }
        let of_them = |c: &&Call| c.ranges.iter().any(|r| dated.get(r.input as usize) == Some(&true));
        let calls: Vec<u32> = self.calls.iter().filter(of_them).map(|c| c.index).collect();
        for n in calls {
            self.touch(n);
        }
    }

    /// Settles one call as far as it is known, and keeps what that changes.
    fn settle_call(&mut self, n: usize) {
        let raw = self.calls[n].raw();
        self.show_overdue(n as u32);
        let call = &self.calls[n];
        for &e in &call.exchanges {
            settle_exchange(&self.inputs, &mut self.exchanges[e as usize]);
        }
        for &f in &call.findings {
            settle_finding(&self.inputs, &mut self.findings[f as usize]);
        }
        self.parent(n);
        let call = &mut self.calls[n];
        settle_span(&self.inputs, call);
        call.settle_real();
        settle_order(call, &mut self.exchanges, &self.findings);
        call.also.sort_unstable();
        call.live.touched = false;
        call.live.raw = (call.raw() != raw).then(|| Box::new(raw));
    }

    fn settle_times(&mut self) {
        for e in &mut self.exchanges {
            settle_exchange(&self.inputs, e);
        }
        for f in &mut self.findings {
            settle_finding(&self.inputs, f);
        }
        for c in &mut self.calls {
            settle_span(&self.inputs, c);
        }
    }

    /// A GUID that is itself a session names the parent.
    fn parent(&mut self, n: usize) {
        let Some(guid) = self.calls[n].guid.clone() else {
            return;
        };
        if let Some(p) = self.ids.get(&guid) {
            let p = self.root(p);
            if p as usize != n && self.calls[p as usize].id == guid {
                self.calls[n].parent = Some(guid);
            }
        }
    }
}

impl Call {
    fn raw(&self) -> Raw {
        Raw {
            started: self.started,
            ended: self.ended,
            parent: self.parent.clone(),
            exchanges: self.exchanges.clone(),
            findings: self.findings.clone(),
        }
    }

    /// Takes back what the last look settled, and what was looked up.
    fn unsettle(&mut self) {
        if let Some(raw) = self.live.raw.take() {
            (self.started, self.ended, self.parent) = (raw.started, raw.ended, raw.parent);
            (self.exchanges, self.findings) = (raw.exchanges, raw.findings);
        }
        let known = std::mem::take(&mut self.live.known);
        if known.state {
            self.state = None;
        }
        if known.app {
            self.app = None;
        }
        if known.people {
            (self.from, self.to, self.direction) = (None, None, None);
        }
    }

    /// A call is listed when it stands for itself, or has something to show.
    fn settle_real(&mut self) {
        self.real = self.index != NOBODY
            && self.live.merged.is_none()
            && (self.live.own || !(self.findings.is_empty() && self.exchanges.is_empty()));
    }
}

fn settle(inputs: &[Input], input: InputId, when: When) -> When {
    inputs.get(input as usize).map_or(when, |i| i.clock.settle(when))
}

fn settle_exchange(inputs: &[Input], e: &mut Exchange) {
    let at = settle(inputs, e.place.input, e.at);
    e.late |= at != e.at;
    e.at = at;
}

fn settle_finding(inputs: &[Input], f: &mut Finding) {
    f.at = settle(inputs, f.place.input, f.at);
}

fn settle_span(inputs: &[Input], c: &mut Call) {
    let first = c.ranges.first().map_or(0, |r| r.input);
    let last = c.ranges.last().map_or(0, |r| r.input);
    c.started = settle(inputs, first, c.started);
    c.ended = settle(inputs, last, c.ended);
}

/// Requests and findings of a call in the order of time, and the requests' names.
fn settle_order(call: &mut Call, exchanges: &mut [Exchange], findings: &[Finding]) {
    call.exchanges = in_order_of_time(std::mem::take(&mut call.exchanges), |&n| {
        let e = &exchanges[n as usize];
        (e.place.input, e.at.time(), 0)
    });
    call.findings = in_order_of_time(std::mem::take(&mut call.findings), |&n| {
        let f = &findings[n as usize];
        (f.place.input, f.at.time(), 0)
    });
    let mut nth: HashMap<u64, u64, RandomState> = HashMap::default();
    for &n in &call.exchanges {
        let e = &mut exchanges[n as usize];
        let base = name_of(&call.id, e);
        let nth = nth.entry(base).or_insert(0);
        e.id = mix(base, *nth);
        *nth += 1;
    }
}

/// What a request's name is made of: its event, else its call, method and URL; repeats are told apart by their order.
fn name_of(call: &Id, e: &Exchange) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325u64;
    let mut eat = |text: &str| {
        for b in text.bytes().chain(std::iter::once(0)) {
            h = (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
        }
    };
    eat(&call.to_string());
    match e.event_id() {
        Some(id) => eat(&id.to_string()),
        None => {
            eat(e.method.as_deref().unwrap_or_default());
            eat(e.url.as_deref().unwrap_or_default());
        }
    }
    h
}

fn mix(base: u64, nth: u64) -> u64 {
    let x = (base ^ nth).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 29)
}
