//! A look at what may still change: the last line of an input that has no line end yet is taken in for one look, and taken
//! back. So a line that somebody is slow to finish can be seen, and is judged whole once it is.
//!
//! While a trial is on, whatever changes a call goes through the fold's `touch`, which keeps the call as it was; what is
//! new stands behind what there was.

use super::fold::{Fold, Input};
use super::steps::Branches;
use super::{Call, Exchange, Finding, Unparsed};
use crate::model::{Id, InputId};
use crate::scan::Scanned;

/// What it takes to take a trial back.
pub(super) struct Trial {
    calls: usize,
    exchanges: usize,
    findings: usize,
    unparsed: usize,
    last_unparsed: Option<Unparsed>,
    inputs: Vec<Input>,
    current: InputId,
    branches: Branches,
    open: Vec<u32>,
    /// Calls that changed, with all that is theirs, as they were.
    kept: Vec<(Call, Vec<Exchange>, Vec<Finding>)>,
    /// Ids that were given to calls, and whose they were.
    pub(super) ids: Vec<(u64, Option<u32>)>,
    pub(super) seen: Vec<Id>,
}

impl Fold<'_> {
    /// Takes blocks in that are to be taken back with [`Fold::take_back`], after a look.
    pub fn try_out(&mut self, blocks: impl IntoIterator<Item = (InputId, Scanned)>) {
        let trial = Trial {
            calls: self.calls.len(),
            exchanges: self.exchanges.len(),
            findings: self.findings.len(),
            unparsed: self.unparsed.len(),
            last_unparsed: self.unparsed.last().cloned(),
            inputs: self.inputs.clone(),
            current: self.input_id(),
            branches: self.branches.clone(),
            open: self.open.clone(),
            kept: Vec::new(),
            ids: Vec::new(),
            seen: Vec::new(),
        };
        self.trial = Some(Box::new(trial));
        // The look may find that they have waited too long, and say so in new findings.
        for call in self.open.clone() {
            self.keep(call);
        }
        for (input, block) in blocks {
            self.turn_to(input);
            self.take(block);
        }
    }

    /// Everything is as it was before the trial, but that its calls count as changed.
    pub fn take_back(&mut self) {
        let Some(trial) = self.trial.take() else { return };
        let trial = *trial;
        self.calls.truncate(trial.calls);
        self.exchanges.truncate(trial.exchanges);
        self.findings.truncate(trial.findings);
        self.unparsed.truncate(trial.unparsed);
        if let (Some(now), Some(was)) = (self.unparsed.last_mut(), trial.last_unparsed) {
            *now = was;
        }
        self.inputs = trial.inputs;
        self.turn_to(trial.current);
        self.branches = trial.branches;
        self.open = trial.open;
        for (id, was) in trial.ids.into_iter().rev() {
            self.ids.put_back(id, was);
        }
        for id in &trial.seen {
            self.seen.remove(id);
        }
        let limit = trial.calls as u32;
        self.touched.retain(|&n| n < limit);
        for (call, exchanges, findings) in trial.kept {
            for e in exchanges {
                let n = e.index as usize;
                self.exchanges[n] = e;
            }
            for f in findings {
                let n = f.index as usize;
                self.findings[n] = f;
            }
            let n = call.index;
            let counted = call.live.touched;
            self.calls[n as usize] = call;
            if counted {
                self.touched.push(n);
            } else {
                self.touch(n);
            }
        }
        self.touched.sort_unstable();
        self.touched.dedup();
    }

    /// Keeps a call as it is, before a trial changes it.
    pub(super) fn keep(&mut self, n: u32) {
        let Some(trial) = &mut self.trial else { return };
        if n as usize >= trial.calls || trial.kept.iter().any(|k| k.0.index == n) {
            return;
        }
        let call = self.calls[n as usize].clone();
        let of = |all: &[u32]| all.to_vec();
        let exchanges = of(&call.exchanges);
        let mut findings = of(&call.findings);
        findings.extend(call.live.pending.iter().map(|(_, f)| *f));
        findings.extend(call.live.overdue.iter().map(|(_, f)| *f));
        findings.sort_unstable();
        findings.dedup();
        let exchanges = exchanges.iter().map(|&e| self.exchanges[e as usize].clone());
        let findings = findings.iter().map(|&f| self.findings[f as usize].clone());
        trial.kept.push((call, exchanges.collect(), findings.collect()));
    }
}
