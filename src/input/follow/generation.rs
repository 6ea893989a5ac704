//! One content of a followed file, from its first byte that is told to its end: reading what was added, and noticing that
//! it is another content by now.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::grown::{Grown, open_plain};
use super::mark::{MARK, Mark};
use super::world::{Identity, Look, Seen, World};
use super::{Ended, FileId, Happened};
use crate::input::positional::{fill_at, read_at_most};
use crate::input::source::{Kind, Source};

/// A content that is followed, or was.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) id: FileId,
    pub(super) identity: Identity,
    pub(super) path: PathBuf,
    /// The path at which it was found.
    pub(super) origin: PathBuf,
    pub(super) grown: Arc<Grown>,
    pub(super) file: Option<Arc<File>>,
    /// Everything before was told.
    pub(super) at: u64,
    pub(super) head: Mark,
    pub(super) tail: Mark,
    /// What stands at the end of copies of it that were made before more was added.
    pub(super) copies: Vec<Mark>,
    /// What the consumer has for good: bytes and lines.
    pub(super) taken: Option<(u64, u64)>,
    pub(super) state: State,
    /// When something was read last.
    pub(super) active: Duration,
    /// Known from a checkpoint only: the consumer never heard of it.
    pub(super) remembered: Option<Progress>,
    ended: Option<Ended>,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A followed name stands for it.
    Live,
    /// No followed name does; what a writer that still has it adds is read until it has been silent for a while.
    Draining,
    /// Nothing more of it is told.
    Over,
}

/// How far an earlier run was with a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More of it was expected.
    Open,
    /// It had ended.
    Done,
}

/// What reading a generation on came to.
#[derive(Debug)]
pub(super) enum Pulled {
    /// Everything up to now is told.
    All,
    /// Some is told, there is more.
    More,
    /// The file holds another content now.
    Changed,
}

/// How much is read at once and in one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) piece: usize,
    pub(super) step: usize,
}

impl Generation {
    pub(super) fn new(
        id: FileId,
        identity: Identity,
        path: &Path,
        file: Option<Arc<File>>,
        head: Mark,
        len: u64,
    ) -> Self {
        let tail = Mark::new(0, b"");
        Self {
            id,
            identity,
            path: path.to_owned(),
            origin: path.to_owned(),
            grown: Arc::new(Grown::new(file.clone(), path, head.clone(), tail.clone(), len)),
            file,
            at: 0,
            head,
            tail,
            copies: Vec::new(),
            taken: None,
            state: State::Live,
            active: Duration::ZERO,
            remembered: None,
            ended: None,
            seen: None,
        }
    }

    pub(super) fn source(&self) -> Source {
        Source {
            name: self.path.display().to_string(),
            kind: Kind::Grown(Arc::clone(&self.grown)),
        }
    }

    /// Whether a file holds this content, as far as it was told.
    pub(super) fn fits(&self, file: &File, len: u64) -> bool {
        len >= self.tail.end() && self.head.fits(file) && self.tail.fits(file)
    }

    /// The open file, while it holds this content.
    pub(super) fn intact(&self, world: &dyn World) -> Option<(Arc<File>, u64)> {
        let file = match &self.file {
            Some(f) => Arc::clone(f),
            None => Arc::new(open_plain(&self.path).ok()?),
        };
        let look = Look::file(world, &file).ok()?;
        (look.identity == self.identity && self.fits(&file, look.len)).then_some((file, look.len))
    }

    /// Tells what was added since.
    pub(super) fn pull(
        &mut self,
        world: &dyn World,
        bounds: Bounds,
        tell: &mut dyn FnMut(Happened<'_>),
    ) -> io::Result<Pulled> {
        let Some(file) = self.open(world)? else {
            return Ok(Pulled::All);
        };
        let look = Look::file(world, &file)?;
        if look.len < self.at {
            return Ok(Pulled::Changed);
        }
        if look.len == self.at && self.seen.is_some_and(|s| s.still(&look)) {
            return Ok(Pulled::All);
        }
        self.tell_from(world, &file, bounds, tell)
    }

    fn tell_from(
        &mut self,
        world: &dyn World,
        file: &File,
        bounds: Bounds,
        tell: &mut dyn FnMut(Happened<'_>),
    ) -> io::Result<Pulled> {
        let mut told = 0;
        loop {
            let Some(read) = self.next(world, file, bounds.piece)? else {
                return Ok(Pulled::Changed);
            };
            let bytes = &read[self.tail.len()..];
            if bytes.is_empty() {
                return Ok(Pulled::All);
            }
            self.active = world.now();
            let at = self.at;
            self.advance(&read);
            tell(Happened::Bytes {
                file: self.id,
                at,
                bytes,
            });
            told += bytes.len();
            if told >= bounds.step {
                return Ok(Pulled::More);
            }
        }
    }

    /// Tells what a copy has more of it, and reads it again from there.
    pub(super) fn rescue(&mut self, world: &dyn World, copy: File, piece: usize, tell: &mut dyn FnMut(Happened<'_>)) {
        let bounds = Bounds {
            piece,
            step: usize::MAX,
        };
        // Whatever cannot be read of it is lost with the file itself.
        let _ = self.tell_from(world, &copy, bounds, tell);
        self.grown.reopened(&Arc::new(copy));
    }

    /// The next piece, behind the mark before it; none when the file does not hold this content any more. The mark is read with
    /// the piece, and the head after it, so that no byte of another content is ever taken for one of this.
    fn next(&mut self, world: &dyn World, file: &File, piece: usize) -> io::Result<Option<Vec<u8>>> {
        let back = self.tail.len();
        let size = Look::file(world, file)?.len.saturating_sub(self.at).min(piece as u64) as usize;
        let mut buf = vec![0; back + size];
        let n = fill_at(file, &mut buf, self.at - back as u64)?;
        if n < back || !self.tail.is(&buf[..back]) {
            return Ok(None);
        }
        buf.truncate(n);
        let after = Look::file(world, file)?;
        if after.len < self.at + (n - back) as u64 || !self.head.fits(file) {
            return Ok(None);
        }
        if n == back {
            self.seen = Seen::of(&after, world).filter(|_| after.len == self.at);
        }
        Ok(Some(buf))
    }

    /// Takes up a piece, read with the mark before it.
    fn advance(&mut self, read: &[u8]) {
        let start = self.tail.start();
        self.head.lengthen(start, read);
        self.at = start + read.len() as u64;
        let last = read.len().min(MARK);
        self.tail = Mark::new(self.at - last as u64, &read[read.len() - last..]);
        self.seen = None;
        self.grown.grew(&self.head, &self.tail, self.at);
    }

    /// Goes on from another offset. What stands before it in the file becomes the mark.
    pub(super) fn go_to(&mut self, at: u64) {
        let Some(file) = self.file.clone() else { return };
        if let Some(tail) = Mark::before(at, &file) {
            self.at = at;
            self.tail = tail;
            if let Ok(head) = read_at_most(&file, 0, MARK.min(at as usize)) {
                self.head.lengthen(0, &head);
            }
            self.seen = None;
            self.grown.grew(&self.head, &self.tail, self.at);
        }
    }

    /// The open file. One that was closed, because many are open, is opened again if it is still there and the same.
    fn open(&mut self, world: &dyn World) -> io::Result<Option<Arc<File>>> {
        if let Some(file) = &self.file {
            return Ok(Some(Arc::clone(file)));
        }
        let Ok(look) = Look::path(world, &self.path) else {
            return Ok(None);
        };
        if look.identity != self.identity || self.seen.is_some_and(|s| s.still(&look)) {
            return Ok(None);
        }
        let file = Arc::new(open_plain(&self.path)?);
        if Look::file(world, &file)?.identity != self.identity {
            return Ok(None);
        }
        self.grown.reopened(&file);
        self.file = Some(Arc::clone(&file));
        Ok(Some(file))
    }

    pub(super) fn close(&mut self) {
        self.file = None;
        self.grown.close();
    }

    /// Whether the open file has no name any more. Its number may then be another file's.
    pub(super) fn is_deleted(&self, world: &dyn World) -> bool {
        let look = self.file.as_ref().and_then(|f| Look::file(world, f).ok());
        look.is_some_and(|l| l.links == 0)
    }

    pub(super) fn end(&mut self, why: Ended, tell: &mut dyn FnMut(Happened<'_>)) {
        self.state = State::Over;
        self.ended = Some(why);
        self.file = None;
        self.grown.ends_at(self.at);
        tell(Happened::End { file: self.id, why });
    }

    pub(super) fn moved(&mut self, path: &Path) {
        if self.path != path {
            path.clone_into(&mut self.path);
            self.grown.moved(path);
        }
    }

    /// A copy was seen: of a compressed one, only its end can be compared later.
    pub(super) fn copied(&mut self, copy: &File, len: u64) {
        const MOST: usize = 16;
        if self.copies.iter().any(|m| m.end() == len) {
            return;
        }
        if let Some(mark) = Mark::before(len, copy) {
            // A copy under way is seen several times.
            let more = (self.copies.len() + 1).saturating_sub(MOST);
            self.copies.drain(..more);
            self.copies.push(mark);
        }
    }

    /// Whether a file that holds it would go on with it: not so when its own file was seen to hold another content.
    pub(super) fn may_go_on(&self) -> bool {
        self.state == State::Over && self.at > 0 && self.ended != Some(Ended::Truncated)
    }

    /// As an earlier run left it.
    pub(super) fn remembered_at(&mut self, tail: Mark, taken: (u64, u64), progress: Progress) {
        self.state = State::Over;
        self.at = taken.0;
        self.tail = tail;
        self.taken = Some(taken);
        self.remembered = Some(progress);
    }

    /// What stands before the offset that was taken, as far as it can still be known.
    pub(super) fn tail_of_taken(&self, world: &dyn World) -> Option<Mark> {
        let taken = self.taken?.0;
        if taken == self.at {
            return Some(self.tail.clone());
        }
        let (file, _) = self.intact(world)?;
        Mark::before(taken, &file)
    }

    /// The head, no longer than what was taken: a later run compares no more than that.
    pub(super) fn head_of(&self, taken: u64) -> Mark {
        self.head.shortened(taken)
    }
}
