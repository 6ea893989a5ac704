//! Inputs that are read a second time, to go on at their ends: what the numbers of the first reading are in the second.
//!
//! The same file gives the same calls, but several files that are followed come by turns, so that calls, requests and findings
//! can be counted in another order. Places are compared: input by name, offset by offset.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::super::msg::{Level, Msg};
use super::{Clerk, Known, list, story};
use crate::call::{Call, Exchange, Finding};
use crate::live::{self, News};
use crate::model::{Id, Place};
use crate::session::{Input, Session};

/// Numbers of one reading in another; none where the other has nothing like it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    inputs: Vec<Option<u32>>,
    calls: Vec<Option<u32>>,
    exchanges: Vec<Option<u32>>,
    findings: Vec<Option<u32>>,
}

impl Moved {
    /// From the first reading to the second.
    pub(super) fn between(old: &Session, new: &Session) -> Self {
        let inputs = by_turns(
            old.inputs.iter().map(|i| &i.source.name),
            new.inputs.iter().map(|i| &i.source.name),
        );
        let there = |p: Place| Some((inputs.get(p.input as usize).copied().flatten()?, p.byte));
        let here = |p: Place| Some((p.input, p.byte));
        let call = |c: &Call| -> Option<Id> { c.real.then(|| c.id.clone()) };
        let calls = by_turns(old.calls.calls.iter().map(call), new.calls.calls.iter().map(call));
        let of = |e: &Exchange, place: Option<(u32, u64)>| place.map(|p| (p, e.kind));
        let exchanges = by_turns(
            old.calls.exchanges.iter().map(|e| of(e, there(e.place))),
            new.calls.exchanges.iter().map(|e| of(e, here(e.place))),
        );
        let of = |f: &Finding, place: Option<(u32, u64)>| place.map(|p| (p, f.rule.clone()));
        let findings = by_turns(
            old.calls.findings.iter().map(|f| of(f, there(f.place))),
            new.calls.findings.iter().map(|f| of(f, here(f.place))),
        );
        Self {
            inputs,
            calls,
            exchanges,
            findings,
        }
    }

    /// Everything but the inputs has a number that is so much higher.
    #[cfg(test)]
    pub fn higher(by: u32, most: u32) -> Self {
        let all: Vec<Option<u32>> = (0..most).map(|n| Some(n + by)).collect();
        Self {
            inputs: vec![Some(0)],
            calls: all.clone(),
            exchanges: all.clone(),
            findings: all,
        }
    }

    /// Everything has the number that it had.
    pub fn is_same(&self) -> bool {
        let same = |all: &[Option<u32>]| all.iter().enumerate().all(|(n, to)| *to == Some(n as u32));
        [&self.inputs, &self.calls, &self.exchanges, &self.findings]
            .iter()
            .all(|a| same(a))
    }

    /// A call.
    pub fn call(&self, n: u32) -> Option<u32> {
        self.calls.get(n as usize).copied().flatten()
    }

    /// A request.
    pub fn exchange(&self, n: u32) -> Option<u32> {
        self.exchanges.get(n as usize).copied().flatten()
    }

    /// A finding.
    pub fn finding(&self, n: u32) -> Option<u32> {
        self.findings.get(n as usize).copied().flatten()
    }

    /// A place.
    pub fn place(&self, p: Place) -> Option<Place> {
        let input = self.inputs.get(p.input as usize).copied().flatten()?;
        Some(Place { input, ..p })
    }
}

/// Standard input, or a pipe with a name: it is opened once.
fn read_once(name: &Path) -> bool {
    name.as_os_str() == "-" || std::fs::metadata(name).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

impl<'s, 'e: 's> Clerk<'s, 'e, '_> {
    /// Begins to read the named files once more, to go on at their ends; none when nothing is to be begun, or not yet. A session whose
    /// inputs ended is settled for good; it is shown until the new one has caught up with it.
    pub(super) fn follow(&mut self) -> Option<mpsc::Receiver<News>> {
        let (once, files): (Vec<PathBuf>, Vec<PathBuf>) = self.plan.names.iter().cloned().partition(|n| read_once(n));
        if self.plan.follow || files.is_empty() {
            self.wants_follow = false;
            return None;
        }
        let whole = matches!(self.known, Known::Whole(_));
        let caught_up = self.caught_up;
        let pipes = self.look(|s| {
            let is_one =
                |i: &&Input| i.source.is_pipe() && once.iter().any(|n| n.as_os_str() == i.source.name.as_str());
            let mut pipes = s.inputs.iter().filter(is_one);
            // What is still being read cannot be read by somebody else.
            (whole || caught_up && pipes.clone().all(|i| i.done))
                .then(|| pipes.by_ref().map(|i| i.source.clone()).collect::<Vec<_>>())
        })??;
        self.wants_follow = false;
        let mut plan = self.plan.clone();
        plan.pipes.extend(pipes);
        plan.names = files;
        plan.follow = true;
        match live::start(plan.clone(), self.engine) {
            Ok((intake, news)) => {
                self.plan = plan;
                self.coming = Some(Box::new(intake));
                Some(news)
            }
            Err(e) => {
                self.out.say(Msg::Notice(Level::Error, format!("cannot follow: {e}")));
                None
            }
        }
    }

    /// What was read once more has caught up: it is shown from now on.
    pub(super) fn turn_over(&mut self) {
        let Some(mut coming) = self.coming.take() else { return };
        let moved = self.look(|old| coming.look(|new| Moved::between(old, new)));
        self.known = Known::Live(coming);
        self.caught_up = true;
        let moved = moved.unwrap_or_default();
        self.turn.fetch_add(1, Ordering::Relaxed);
        let lines = self.story_lines.take().is_some();
        self.story = self.story.and_then(|w| {
            let call = moved.call(w.call)?;
            Some(story::Wanted { call, ..w })
        });
        self.sent = None;
        self.out.say(Msg::Anew(Arc::new(moved)));
        self.told = None;
        self.refresh();
        if self.held {
            // Its numbers are new ones.
            self.send_list(list::LOOKED_INTO);
        }
        self.tell();
        if lines {
            self.read_lines();
        }
        self.out.say(Msg::CaughtUp);
    }
}

/// Where each of the old ones is among the new ones: of several that are alike, the first is the first.
fn by_turns<K: std::hash::Hash + Eq>(old: impl Iterator<Item = K>, new: impl Iterator<Item = K>) -> Vec<Option<u32>> {
    let mut places: HashMap<K, std::collections::VecDeque<u32>> = HashMap::new();
    for (n, key) in new.enumerate() {
        places.entry(key).or_default().push_back(n as u32);
    }
    old.map(|key| places.get_mut(&key)?.pop_front()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_ones_keep_their_order_and_what_is_gone_is_nowhere() {
        let moved = by_turns("abca".chars(), "caab".chars());
        assert_eq!(moved, [Some(1), Some(3), Some(0), Some(2)]);
        assert_eq!(by_turns("ab".chars(), "b".chars()), [None, Some(0)]);
    }

    #[test]
    fn the_same_numbers_are_the_same() {
        let same = |n: u32| (0..n).map(Some).collect::<Vec<_>>();
        let mut moved = Moved {
            inputs: same(2),
            calls: same(3),
            exchanges: same(1),
            findings: same(0),
        };
        assert!(moved.is_same());
        assert_eq!((moved.call(2), moved.call(3)), (Some(2), None));
        moved.calls.swap(0, 1);
        assert!(!moved.is_same());
    }
}
