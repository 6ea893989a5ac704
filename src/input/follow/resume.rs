//! Going on where an earlier run stopped: its contents are remembered like contents that ended in this one, and what became of
//! them meanwhile is looked for beside the files.

use std::path::Path;
use std::sync::Arc;

use super::checkpoint::{Checkpoint, Entry};
use super::coded::{Asked, Whole};
use super::generation::{Generation, Progress, State};
use super::grown::{open_plain, siblings};
use super::mark::{MARK, Mark};
use super::meet::{Newcomer, Thing};
use super::round::Found;
use super::world::Look;
use super::{FileId, Follow, Happened};
use crate::input::positional::read_at_most;

impl Follow {
    /// What a later run needs to go on from what was [taken](Self::taken).
    pub fn checkpoint(&self) -> Checkpoint {
        let contents = self.generations.values().filter_map(|g| {
            let taken = g.taken.unwrap_or_default();
            let tail = g.tail_of_taken(&*self.world);
            (taken.0 > 0).then(|| Entry {
                path: g.origin.to_string_lossy().into_owned(),
                identity: g.identity,
                head: g.head_of(taken.0).kept(),
                tail: tail.map(|t| t.kept()),
                copies: g.copies.iter().map(Mark::kept).collect(),
                bytes: taken.0,
                lines: taken.1,
                whole: false,
                over: g.state == State::Over && g.remembered != Some(Progress::Open),
            })
        });
        let wholes = self.wholes.values().filter(|w| w.taken).map(|w| Entry {
            path: w.path.to_string_lossy().into_owned(),
            identity: w.identity,
            head: w.mark.kept(),
            tail: None,
            copies: Vec::new(),
            bytes: w.end,
            lines: 0,
            whole: true,
            over: true,
        });
        Checkpoint::new(contents.chain(wholes).collect())
    }

    /// Takes over what an earlier run knew.
    pub(super) fn remember(&mut self, checkpoint: &Checkpoint) {
        for entry in &checkpoint.files {
            let Some(mark) = Mark::of(&entry.head) else { continue };
            let (id, path) = (self.new_id(), Path::new(&entry.path));
            if entry.whole {
                let whole = Whole {
                    path: path.to_owned(),
                    identity: entry.identity,
                    mark,
                    end: entry.bytes,
                    taken: true,
                    rest_of: None,
                };
                self.wholes.insert(id, whole);
                continue;
            }
            let tail = entry.tail.as_ref().and_then(Mark::of);
            let tail = tail.unwrap_or_else(|| Mark::new(entry.bytes, b""));
            let progress = if entry.over { Progress::Done } else { Progress::Open };
            let mut g = Generation::new(id, entry.identity, path, None, mark, entry.bytes);
            g.copies = entry.copies.iter().filter_map(Mark::of).collect();
            g.remembered_at(tail, (entry.bytes, entry.lines), progress);
            self.generations.insert(id, g);
        }
    }

    /// Whether a new content may begin at a path: what an earlier run left unread of the one before comes first.
    pub(super) fn earlier(
        &mut self,
        new: &Newcomer<'_>,
        but: Option<FileId>,
        tell: &mut dyn FnMut(Happened<'_>),
    ) -> bool {
        let name = new.found.path.to_string_lossy();
        let here = |g: &&Generation| {
            g.remembered == Some(Progress::Open) && Some(g.id) != but && *g.path.to_string_lossy() == *name
        };
        let Some(of) = self.generations.values().rev().find(here).map(|g| g.id) else {
            return true;
        };
        if self.jobs.iter().any(|j| j.asked == Some(of)) {
            return false;
        }
        let beside = siblings(&new.found.path);
        for path in &beside {
            if let Some(id) = self.renamed(of, path, new.found.in_folder, tell) {
                if let Some(spot) = self.spots.get_mut(&new.found.path) {
                    spot.last = Some(id);
                }
                self.again = true;
                return false;
            }
        }
        for path in beside {
            match self.ask_for_rest(of, path, new.found.in_folder) {
                Asked::Nothing => {}
                Asked::Wait => return false,
                Asked::Later => {
                    self.is_found(of);
                    return true;
                }
            }
        }
        if but.is_some() {
            // Of a content before the one that goes on nothing is left to read.
            self.is_found(of);
        } else {
            self.begin_anew(of, tell);
        }
        true
    }

    /// Goes on with a content under the name that it has now.
    fn renamed(
        &mut self,
        of: FileId,
        path: &Path,
        in_folder: bool,
        tell: &mut dyn FnMut(Happened<'_>),
    ) -> Option<FileId> {
        let file = open_plain(path).ok()?;
        let look = Look::file(&*self.world, &file).ok()?;
        let known = self.generations.get(&of)?;
        if !known.fits(&file, look.len) || matches!(self.things.get(&look.identity), Some(Thing::Generation(_))) {
            return None;
        }
        let head = read_at_most(&file, 0, MARK).ok()?;
        let found = Found {
            path: path.to_owned(),
            look,
            in_folder,
        };
        let new = Newcomer {
            found: &found,
            file: Arc::new(file),
            look,
            head,
        };
        self.go_on(of, &new, tell)
    }

    /// Nothing more is looked for of a content of an earlier run.
    pub(super) fn is_found(&mut self, of: FileId) {
        if let Some(g) = self.generations.get_mut(&of) {
            g.remembered = Some(Progress::Done);
        }
    }

    /// Nothing fits what an earlier run read.
    pub(super) fn begin_anew(&mut self, of: FileId, tell: &mut dyn FnMut(Happened<'_>)) {
        self.is_found(of);
        let path = self.generations.get(&of).map(|g| g.path.clone());
        let what = "does not hold what was read last time, nor does a file beside it: begins from the beginning";
        if let Some(path) = path {
            self.trouble(&path, what.to_owned(), tell);
        }
    }
}
