//! What only time tells while an input goes on: a request that nobody answers, a finding that nothing settles.
//!
//! The end of an input settles both ([`Fold::finish`]); a live input has none. So once the log has gone on for
//! [`WAITED`] by its own times, or nothing came for so long by the clock of this machine, a look shows them; an answer that
//! comes later still takes them back.

use super::clock::When;
use super::fold::Fold;
use super::unanswered::WAITED;
use crate::filter::OverCall;
use crate::model::{InputId, Outcome, Time};

impl Fold<'_> {
    /// What comes now is live, and this is the time: without it, only the end tells what is overdue.
    pub fn at(&mut self, now: Time) {
        if self.now.replace(now).is_some() {
            return;
        }
        // What was read before and is still open waits from now on.
        for n in 0..self.calls.len() {
            let call = &self.calls[n];
            let waiting = call.exchanges.iter().any(|&e| self.exchanges[e as usize].waiting);
            if call.live.merged.is_none() && (waiting || !call.live.pending.is_empty()) {
                self.waits(n as u32);
            }
        }
    }

    /// A call waits for something from now on.
    pub(super) fn waits(&mut self, call: u32) {
        let Some(now) = self.now else { return };
        let live = &mut self.calls[call as usize].live;
        live.since = Some(now);
        if !std::mem::replace(&mut live.listed, true) {
            self.open.push(call);
        }
    }

    /// Calls that have waited long enough by now count as changed, so that the look settles them anew.
    pub(super) fn find_overdue(&mut self) {
        if self.now.is_none() {
            return;
        }
        for call in std::mem::take(&mut self.open) {
            let c = &self.calls[call as usize];
            let waiting = c
                .exchanges
                .iter()
                .rev()
                .take(64)
                .any(|&n| self.exchanges[n as usize].waiting);
            if c.live.merged.is_some() || !waiting && c.live.pending.is_empty() {
                self.calls[call as usize].live.listed = false;
                continue;
            }
            self.open.push(call);
            let (requests, findings) = self.overdue_of(call);
            let told = c.live.told;
            let all = requests.len() + findings.len();
            if all != told {
                self.touch(call);
            }
        }
    }

    /// Requests of a call that wait for too long, and findings that nothing settled for too long.
    fn overdue_of(&self, call: u32) -> (Vec<u32>, Vec<u32>) {
        let c = &self.calls[call as usize];
        let waiting = c.exchanges.iter().rev().take(64).copied();
        let requests = waiting.filter(|&n| {
            let e = &self.exchanges[n as usize];
            e.waiting && self.late(call, e.place.input, e.at)
        });
        let findings = c.live.pending.iter().map(|p| p.1).filter(|&n| {
            let f = &self.findings[n as usize];
            self.late(call, f.place.input, f.at)
        });
        (requests.collect(), findings.collect())
    }

    fn late(&self, call: u32, input: InputId, at: When) -> bool {
        let latest = self.inputs.get(input as usize).and_then(|i| i.latest);
        let at = self.inputs.get(input as usize).map_or(at, |i| i.clock.settle(at));
        let by_log = matches!((latest, at.time()), (Some(l), Some(a)) if l.0 - a.0 >= WAITED);
        let since = self.calls[call as usize].live.since;
        by_log || matches!((self.now, since), (Some(now), Some(s)) if now.0 - s.0 >= WAITED)
    }

    /// Shows what is overdue on a call that a look settles.
    pub(super) fn show_overdue(&mut self, call: u32) {
        if self.now.is_none() || !self.calls[call as usize].live.listed {
            return;
        }
        let (requests, findings) = self.overdue_of(call);
        self.calls[call as usize].live.told = requests.len() + findings.len();
        for n in requests {
            self.exchanges[n as usize].outcome = Outcome::NoReply;
            if self.exchanges[n as usize].explained {
                continue;
            }
            let known = self.calls[call as usize]
                .live
                .overdue
                .iter()
                .find(|o| o.0 == n)
                .map(|o| o.1);
            if let Some(f) = known.or_else(|| self.tell_overdue(call, n)) {
                self.calls[call as usize].findings.push(f);
            }
        }
        for n in findings {
            self.findings[n as usize].hidden = false;
            self.findings[n as usize].call = call;
            self.calls[call as usize].findings.push(n);
        }
    }

    fn tell_overdue(&mut self, call: u32, exchange: u32) -> Option<u32> {
        let (place, at) = (
            self.exchanges[exchange as usize].place,
            self.exchanges[exchange as usize].at,
        );
        let (mut finding, _) = self.over(call, place, at, OverCall::NoReply, exchange, Vec::new())?;
        let n = self.findings.len() as u32;
        finding.index = n;
        self.findings.push(finding);
        self.calls[call as usize].live.overdue.push((exchange, n));
        Some(n)
    }

    /// Takes back what a look showed as overdue; the call's own lists are put back with the rest that a look settles.
    pub(super) fn hide_overdue(&mut self, call: u32) {
        let live = &mut self.calls[call as usize].live;
        if std::mem::take(&mut live.told) == 0 {
            return;
        }
        for (_, n) in &live.pending {
            self.findings[*n as usize].hidden = true;
        }
        for &n in &self.calls[call as usize].exchanges {
            let e = &mut self.exchanges[n as usize];
            if e.waiting && e.outcome == Outcome::NoReply {
                e.outcome = Outcome::Unknown;
            }
        }
    }
}
