//! What the end of the input tells: requests that nobody answered, findings that nothing settled, a reply that was cut.
//!
//! A log that went on long enough after a request holds no answer to it; one that just ends leaves the question open. While
//! an input goes on, the same is told by `overdue`.

use super::fold::Fold;
use super::owners::NOBODY;
use crate::filter::OverCall;
use crate::model::Outcome;

/// A log that goes on so long after a request (milliseconds) holds no answer to it. Tropo's own limit is not known;
/// this is what most platforms allow.
pub(super) const WAITED: i64 = 15_000;

impl Fold<'_> {
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
