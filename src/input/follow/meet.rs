//! A file at a followed path: one that is known, or one that appears.

use std::fs::File;
use std::sync::Arc;

use super::generation::{Generation, State};
use super::grown::open_plain;
use super::kin::{Kin, kin};
use super::mark::{MARK, Mark};
use super::round::Found;
use super::world::{Look, Seen};
use super::{FileId, Follow, Happened};
use crate::input::positional::{fill_at, read_at_most};
use crate::input::source::code;

/// What a file is taken for.
#[derive(Debug)]
pub(super) enum Thing {
    /// Its bytes are told.
    Generation(FileId),
    /// Nothing of it is told: it is no text, or a copy of a content. Without a look, it changed so lately that it must be looked
    /// at again.
    Passed(Option<Seen>, Option<FileId>),
    /// A coded file, not told yet: its length and stamp, and since when it has been so.
    Settling(super::coded::Settling),
    /// A coded file that is compared with what was read.
    Working,
    /// A coded file that was told: what it begins with.
    Whole(Mark, Option<Seen>),
}

impl Thing {
    pub(super) fn is(&self, generation: FileId) -> bool {
        matches!(self, Self::Generation(id) if *id == generation)
    }

    /// Whether time alone brings it on.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self, Self::Settling(_))
    }
}

/// What is known of a file that appears.
pub(super) struct Newcomer<'a> {
    pub(super) found: &'a Found,
    pub(super) file: Arc<File>,
    pub(super) look: Look,
    pub(super) head: Vec<u8>,
}

impl Newcomer<'_> {
    pub(super) fn mark(&self) -> Mark {
        Mark::new(0, &self.head[..self.head.len().min(MARK)])
    }
}

impl Follow {
    /// Looks at one file.
    pub(super) fn meet(&mut self, found: &Found, tell: &mut dyn FnMut(Happened<'_>)) {
        let identity = found.look.identity;
        let spot = self.spots.entry(found.path.clone()).or_default();
        spot.identity = Some(identity);
        spot.in_folder = found.in_folder;
        let known = match self.things.get(&identity) {
            Some(&Thing::Generation(id)) => self.is_same(id, found, tell),
            Some(Thing::Passed(seen, _)) => seen.is_some_and(|s| s.still(&found.look)),
            Some(Thing::Working) => true,
            Some(Thing::Whole(_, seen)) if seen.is_some_and(|s| s.still(&found.look)) => true,
            Some(Thing::Whole(mark, _)) => open_plain(&found.path).is_ok_and(|f| mark.fits(&f)),
            Some(Thing::Settling(_)) | None => false,
        };
        if !known {
            self.newcomer(found, tell);
        }
    }

    /// Whether a generation's file is still the one of that number; then it is at this path now.
    fn is_same(&mut self, id: FileId, found: &Found, tell: &mut dyn FnMut(Happened<'_>)) -> bool {
        let Some(g) = self.generations.get_mut(&id) else {
            return false;
        };
        if g.is_deleted(&*self.world) {
            self.leave(id, tell);
            return false;
        }
        g.moved(&found.path);
        if g.file.is_none() {
            // Closed meanwhile: the content says whether the number was given to another file.
            self.pull(id, tell);
        }
        let Some(g) = self.generations.get_mut(&id).filter(|g| g.state != State::Over) else {
            return false;
        };
        g.state = State::Live;
        if let Some(spot) = self.spots.get_mut(&found.path) {
            spot.last = Some(id);
        }
        true
    }

    fn newcomer(&mut self, found: &Found, tell: &mut dyn FnMut(Happened<'_>)) {
        // Where one has to wait, a copy of it must not come first.
        if self.again && found.in_folder {
            return;
        }
        let last = self.spots.get(&found.path).and_then(|s| s.last);
        // The old one is read to its end before the new one is opened.
        if last.is_some_and(|l| !self.pull(l, tell)) {
            self.again = true;
            return;
        }
        let opened = open_plain(&found.path).and_then(|file| {
            let look = Look::file(&*self.world, &file)?;
            let head = read_at_most(&file, 0, 8192)?;
            Ok((file, look, head))
        });
        let (file, look, head) = match opened {
            Ok(o) => o,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return,
            Err(e) if found.in_folder => return self.trouble(&found.path, format!("cannot open: {e}"), tell),
            Err(e) => return self.waiting(&found.path, Some(e.to_string()), tell),
        };
        // Another one since it was found: the next look finds that.
        if look.identity != found.look.identity {
            return;
        }
        let file = Arc::new(file);
        let new = Newcomer {
            found,
            file,
            look,
            head,
        };
        if !says_how_it_is_coded(&new.head) {
            if !found.in_folder {
                self.waiting(&found.path, Some(super::EMPTY.to_owned()), tell);
            }
        } else if code(&new.head).is_some() {
            self.coded(&new, tell);
        } else if found.in_folder && last.is_none() && new.head.contains(&0) {
            self.things
                .insert(look.identity, Thing::Passed(Seen::of(&look, &*self.world), None));
        } else {
            self.plain(&new, last, tell);
        }
    }

    /// A plain file that appears: one that was read before, a copy of one, or a new one.
    fn plain(&mut self, new: &Newcomer<'_>, last: Option<FileId>, tell: &mut dyn FnMut(Happened<'_>)) {
        let identity = new.look.identity;
        let before = |g: &&Generation| g.may_go_on() && g.identity == identity && g.fits(&new.file, new.look.len);
        let before = self.generations.values().rev().find(before).map(|g| g.id);
        if before.is_none() && new.found.in_folder && self.is_kin(new, last, tell) {
            return;
        }
        if !self.earlier(new, before, tell) {
            return;
        }
        match before {
            Some(old) => {
                self.go_on(old, new, tell);
            }
            None => {
                let last = self.spots.get(&new.found.path).and_then(|s| s.last);
                self.begin(new, last, tell);
            }
        }
    }

    /// Whether a file in a folder is a copy of what was read, with or without something that nothing else has.
    fn is_kin(&mut self, new: &Newcomer<'_>, last: Option<FileId>, tell: &mut dyn FnMut(Happened<'_>)) -> bool {
        let was = match self.things.get(&new.look.identity) {
            Some(Thing::Passed(_, of)) => *of,
            _ => None,
        };
        let others = self.generations.values().rev().filter(|g| Some(g.id) != last);
        let kin = others
            .map(|g| (g.id, kin(&*self.world, g, &new.file, new.look.len, was == Some(g.id))))
            .find(|k| k.1 != Kin::None);
        let Some((of, kin)) = kin else { return false };
        let Some(known) = self.generations.get_mut(&of) else {
            return false;
        };
        if kin == Kin::Copy {
            known.copied(&new.file, new.look.len);
            let seen = Seen::of(&new.look, &*self.world);
            self.things.insert(new.look.identity, Thing::Passed(seen, Some(of)));
        } else if known.state == State::Over {
            self.go_on(of, new, tell);
        } else {
            // Emptied since it was read last: it ends first.
            self.changed(of, tell);
            self.again = true;
        }
        true
    }

    /// A new content from its beginning.
    fn begin(&mut self, new: &Newcomer<'_>, after: Option<FileId>, tell: &mut dyn FnMut(Happened<'_>)) {
        let id = self.new_id();
        let mut g = Generation::new(
            id,
            new.look.identity,
            &new.found.path,
            Some(Arc::clone(&new.file)),
            new.mark(),
            new.look.len,
        );
        if after.is_some() && new.head.first() == Some(&0) {
            g.go_to(end_of_hole(&new.file));
        }
        self.tell_begin(g, after, new, tell);
    }

    /// A content that was read before, in this run or an earlier one, goes on where that stopped.
    pub(super) fn go_on(
        &mut self,
        old: FileId,
        new: &Newcomer<'_>,
        tell: &mut dyn FnMut(Happened<'_>),
    ) -> Option<FileId> {
        let old = self.generations.remove(&old)?;
        let id = self.new_id();
        let (at, line) = (old.at, old.taken.map_or(0, |t| t.1));
        let file = Some(Arc::clone(&new.file));
        let mut g = Generation::new(id, new.look.identity, &new.found.path, file, new.mark(), new.look.len);
        g.go_to(at);
        g.taken = Some((at, line));
        self.tell_begin(g, old.remembered.is_none().then_some(old.id), new, tell);
        Some(id)
    }

    fn tell_begin(
        &mut self,
        mut g: Generation,
        after: Option<FileId>,
        new: &Newcomer<'_>,
        tell: &mut dyn FnMut(Happened<'_>),
    ) {
        let (id, path) = (g.id, &new.found.path);
        g.active = self.world.now();
        self.said.remove(path);
        self.hot.insert(id);
        self.things.insert(g.identity, Thing::Generation(id));
        if let Some(spot) = self.spots.get_mut(path) {
            spot.last = Some(id);
        }
        tell(Happened::Begin {
            file: id,
            source: g.source(),
            after,
            at: g.at,
            line: g.taken.map_or(0, |t| t.1),
            size: new.look.len,
        });
        self.generations.insert(id, g);
    }
}

/// Whether the first bytes are enough to tell plain text from a coded file.
fn says_how_it_is_coded(head: &[u8]) -> bool {
    const CODES: [&[u8]; 4] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd], &[0xff, 0xfe], &[0xfe, 0xff]];
    !CODES.iter().any(|c| head.len() < c.len() && c.starts_with(head))
}

/// Where the first byte that is not zero stands. A writer that does not append goes on at its old offset when its file was
/// emptied, and leaves a hole before that.
fn end_of_hole(file: &File) -> u64 {
    let mut at = 0;
    let mut piece = vec![0; 1 << 20];
    loop {
        match fill_at(file, &mut piece, at) {
            Ok(0) | Err(_) => return at,
            Ok(n) => match piece[..n].iter().position(|&b| b != 0) {
                Some(first) => return at + first as u64,
                None => at += n as u64,
            },
        }
    }
}
