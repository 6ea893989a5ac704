//! The place of every line of some calls, for whoever shows them whole.
//!
//! The calls are named before the pass, but whose a line is may turn out later: so lines of owners that may still be merged into a
//! watched call are kept too, and dropped at the end.

use std::collections::HashSet;

use super::fold::Fold;
use super::owners::{NOBODY, stands_alone};
use crate::model::{Id, Place};

/// Primary ids of calls, and the owners and places of lines that are theirs or may become theirs.
pub(super) type Watch = (HashSet<Id>, Vec<(u32, Place)>);

impl Fold<'_> {
    /// Keeps the place of every line of the calls with these primary ids, of passes that give every line
    /// ([`crate::scan::Pass::every`]).
    pub fn watch(&mut self, ids: HashSet<Id>) {
        self.watch = Some((ids, Vec::new()));
    }

    /// The watched calls' lines with the primary id of their call, in order.
    pub fn watched(&mut self) -> Vec<(Id, Place)> {
        let Some((ids, lines)) = self.watch.take() else {
            return Vec::new();
        };
        let lines = lines
            .into_iter()
            .map(|(n, p)| (&self.calls[self.root(n) as usize].id, p));
        lines
            .filter(|(id, _)| ids.contains(id))
            .map(|(id, p)| (id.clone(), p))
            .collect()
    }

    /// Keeps the lines of a block that are watched: owner in the block, line, byte, length of each.
    pub(super) fn watch_lines(&mut self, every: &[(u32, u64, u64, u32)], owners: &[u32]) {
        let Some((ids, mut lines)) = self.watch.take() else {
            return;
        };
        let wanted: Vec<bool> = owners.iter().map(|&n| self.may_be_watched(n, &ids)).collect();
        for &(n, line, byte, len) in every.iter().filter(|e| wanted[e.0 as usize]) {
            lines.push((owners[n as usize], self.place(line, byte, len)));
        }
        self.watch = Some((ids, lines));
    }

    /// Keeps one line that goes on with the record of the block before.
    pub(super) fn watch_line(&mut self, call: u32, place: Place) {
        let Some((ids, mut lines)) = self.watch.take() else {
            return;
        };
        if self.may_be_watched(call, &ids) {
            lines.push((call, place));
        }
        self.watch = Some((ids, lines));
    }

    /// Whether a line of this owner is watched, or may turn out to be.
    fn may_be_watched(&self, call: u32, ids: &HashSet<Id>) -> bool {
        let call = self.root(call);
        let c = &self.calls[call as usize];
        let settled = call == NOBODY || c.live.own && !stands_alone(&c.id);
        !settled || ids.contains(&c.id)
    }
}
