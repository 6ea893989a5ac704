//! Files that grow: what is added to followed files and folders, as bytes in order, whatever happens to the files.
//!
//! [`Follow`] owns which contents there are and how far each was told; lines, documents and calls are the consumer's matter, and
//! so is the loop: [`Follow::step`] never waits, [`Follow::wait`] does. A **generation** is one content of a file. It ends by rename, by
//! being emptied or deleted, and the next one of the same path begins. Which content a file holds is said by its number **and** by hashes
//! of its head and of the bytes before the offset that was read up to: numbers are used again, and an emptied file can have
//! outgrown the old offset. What is told was compared before and after it was read, so no byte is ever told under the wrong generation.
//!
//! In a followed folder a renamed file is the same generation, a copy of what was read (copytruncate, gzip after rotation) is not read
//! again, and another compressed file is given whole, once it has been silent for two seconds.
//!
//! What cannot be promised:
//!
//! - What is written between copytruncate's copy and its truncation is gone, unless a step fell between. What was written before the copy is
//!   taken from the copy, when that lies beside the file (or in the followed folder) and is not compressed yet.
//! - Of a file followed by name, a content that came and went (two rotations) between two steps is not seen; a followed folder shows it
//!   as long as it lies there.
//! - A file that is emptied and written anew with the same head and the same bytes before the offset cannot be told from one that grew.
//! - File systems without notices (network mounts) are looked at each second.
//! - A deleted file stays on the disk while it may be read again: for the last 256 files that were read.
//!
//! To add a happening: a variant of [`Happened`], told in `round.rs` (names), `meet.rs` (files that appear), `coded.rs` (compressed
//! ones) or `generation.rs` (what is added); and an operation of the model in `tests/it/follow.rs`.

mod checkpoint;
mod coded;
mod generation;
mod grown;
mod kin;
mod mark;
mod meet;
mod resume;
mod round;
mod watch;
mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use checkpoint::{Checkpoint, CheckpointError};
pub(super) use grown::Grown;
pub use watch::Waker;
pub use world::{Identity, System, World};

use super::source::Source;
use coded::{Job, Whole};
use generation::{Bounds, Generation, Pulled, State};
use meet::Thing;
use round::Spot;
use watch::{Signal, Watch};

/// Why a followed name has nothing to tell that is there and has no bytes yet.
pub const EMPTY: &str = "is empty";

/// How many contents that ended are remembered, to know a copy of them.
const REMEMBERED: usize = 1024;

/// How soon is looked again while something is under way that nobody gives notice of.
const SOON: Duration = Duration::from_millis(250);

/// A generation, or a whole coded file, in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u64);

/// Why nothing more comes of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its file has another name now.
    Rotated,
    /// Its file was emptied or written anew.
    Truncated,
    /// Its file has no name any more.
    Deleted,
}

/// What [`Follow::step`] tells.
#[derive(Debug)]
pub enum Happened<'a> {
    /// A generation begins. Its bytes come with later steps, so that [`Follow::skip_to`] can come between.
    Begin {
        /// The generation.
        file: FileId,
        /// Its bytes, again, as long as anything has them.
        source: Source,
        /// The generation that it comes after under the same path.
        after: Option<FileId>,
        /// Offset of the first byte that comes: not 0 when it goes on where it was read up to before, or begins with a hole.
        at: u64,
        /// Lines before that.
        line: u64,
        /// How long the file is now.
        size: u64,
    },
    /// The next bytes of a generation: one piece, cut anywhere.
    Bytes {
        /// The generation.
        file: FileId,
        /// Offset of the first of them.
        at: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Nothing more comes of it.
    End {
        /// The generation.
        file: FileId,
        /// Why.
        why: Ended,
    },
    /// A coded file (compressed, UTF-16) to be read once as a whole.
    Whole {
        /// What [`Follow::taken`] is told once it is read.
        file: FileId,
        /// To be read with [`super::read`].
        source: Source,
    },
    /// A followed name has no content to tell yet.
    Waiting {
        /// As given.
        path: PathBuf,
        /// Why; none when it just is not there.
        why: Option<String>,
    },
    /// Something about a path that people should know; following goes on.
    Trouble {
        /// The path.
        path: PathBuf,
        /// What.
        what: String,
    },
}

/// How to follow.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// Where an earlier run stopped.
    pub resume: Option<Checkpoint>,
    /// Whether to ask the system for notices. Without them each step looks at everything.
    pub watch: bool,
    /// How often everything is looked at, notices or not.
    pub poll: Duration,
    /// For how long a content without a followed name must be silent until it ends.
    pub drain: Duration,
    /// How many files are held open; the ones read last stay.
    pub handles: usize,
    /// The most bytes told at once.
    pub piece: usize,
    /// Clock and file numbers.
    pub world: Arc<dyn World>,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self {
            resume: None,
            watch: true,
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(10),
            handles: 256,
            piece: 1 << 20,
            world: Arc::new(System::default()),
        }
    }
}

/// Followed files and folders.
#[derive(Debug)]
pub struct Follow {
    world: Arc<dyn World>,
    options: FollowOptions,
    roots: Vec<PathBuf>,
    spots: BTreeMap<PathBuf, Spot>,
    things: HashMap<Identity, Thing>,
    generations: BTreeMap<FileId, Generation>,
    wholes: BTreeMap<FileId, Whole>,
    jobs: Vec<Job>,
    /// Generations with bytes that no notice will come for.
    hot: BTreeSet<FileId>,
    /// What people were told about a path last.
    said: BTreeMap<PathBuf, Option<String>>,
    next: u64,
    /// A file waits for what comes before it: everything is to be looked at once more.
    again: bool,
    round_due: Duration,
    signal: Arc<Signal>,
    watch: Option<Watch>,
    unwatched: Option<String>,
    woke: Option<Instant>,
}

impl Follow {
    /// Begins to follow. Nothing is opened before the first step.
    pub fn new(paths: &[PathBuf], options: FollowOptions) -> Self {
        let signal = Arc::new(Signal::default());
        let (watch, unwatched) = match options.watch.then(|| Watch::new(&signal)) {
            Some(Ok(w)) => (Some(w), None),
            Some(Err(e)) => (None, Some(e.to_string())),
            None => (None, None),
        };
        let mut new = Self {
            world: Arc::clone(&options.world),
            roots: paths.to_vec(),
            spots: BTreeMap::new(),
            things: HashMap::new(),
            generations: BTreeMap::new(),
            wholes: BTreeMap::new(),
            jobs: Vec::new(),
            hot: BTreeSet::new(),
            said: BTreeMap::new(),
            next: 0,
            again: false,
            round_due: Duration::ZERO,
            signal,
            watch,
            unwatched,
            woke: None,
            options,
        };
        if let Some(checkpoint) = new.options.resume.take() {
            new.remember(&checkpoint);
        }
        new
    }

    /// Tells what happened up to now, without waiting; says whether to come again at once. Of a large backlog a few MiB are told
    /// in a step.
    pub fn step(&mut self, tell: &mut dyn FnMut(Happened<'_>)) -> bool {
        let mut told = false;
        let tell: &mut dyn FnMut(Happened<'_>) = &mut |happened| {
            told = true;
            tell(happened);
        };
        if let Some(why) = self.unwatched.take() {
            let what = format!("changes are looked for a few times each second: {why}");
            let path = self.roots.first().cloned().unwrap_or_default();
            tell(Happened::Trouble { path, what });
        }
        let noticed = self.signal.take();
        let again = std::mem::take(&mut self.again);
        let mut all = again || self.watch.is_none() || noticed.all || self.world.now() >= self.round_due;
        let old: Vec<FileId> = self
            .generations
            .values()
            .filter(|g| match g.state {
                State::Live => all || self.hot.contains(&g.id) || noticed.paths.contains(&g.path),
                State::Draining => true,
                State::Over => false,
            })
            .map(|g| g.id)
            .collect();
        for id in old {
            self.pull(id, tell);
            all |= self.generations.get(&id).is_none_or(|g| g.state == State::Over);
        }
        if all || !self.meet_noticed(&noticed.paths, tell) {
            self.round(tell);
        }
        self.work(tell);
        self.expire(tell);
        self.bound();
        told || self.is_busy()
    }

    /// Waits until something may have happened, or somebody wakes it, but no longer than that.
    pub fn wait(&mut self, most: Duration) {
        if self.is_busy() {
            return;
        }
        let soon = self.watch.as_ref().is_none_or(Watch::is_partial)
            || self.things.values().any(Thing::is_under_way)
            || self.generations.values().any(|g| g.state == State::Draining);
        let due = self.round_due.saturating_sub(self.world.now());
        let due = if soon { due.min(SOON) } else { due };
        let signal = Arc::clone(&self.signal);
        signal.wait(most.min(due), &mut self.woke);
        if soon {
            self.round_due = self.round_due.min(self.world.now());
        }
    }

    /// Ends a wait from another thread.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.signal))
    }

    /// The consumer has read a generation by itself up to this offset: its bytes go on from there.
    pub fn skip_to(&mut self, file: FileId, at: u64) {
        if let Some(g) = self.generations.get_mut(&file) {
            g.go_to(at);
        }
    }

    /// All bytes before this offset, so many lines, were taken in for good: the next run goes on from there. Of a whole
    /// file any offset says that it was read.
    pub fn taken(&mut self, file: FileId, at: u64, lines: u64) {
        if let Some(g) = self.generations.get_mut(&file) {
            g.taken = Some((at, lines));
        } else if let Some(w) = self.wholes.get_mut(&file)
            && at >= w.end
        {
            w.taken = true;
            if let Some(rest_of) = w.rest_of {
                self.generations.remove(&rest_of);
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.again || !self.hot.is_empty() || !self.jobs.is_empty()
    }

    fn new_id(&mut self) -> FileId {
        self.next += 1;
        FileId(self.next)
    }

    /// Tells what was added to a generation; says whether that is all there is.
    fn pull(&mut self, id: FileId, tell: &mut dyn FnMut(Happened<'_>)) -> bool {
        let bounds = Bounds {
            piece: self.options.piece.max(1),
            step: self.options.piece.max(1) * 4,
        };
        let Some(g) = self.generations.get_mut(&id).filter(|g| g.state != State::Over) else {
            self.hot.remove(&id);
            return true;
        };
        match g.pull(&*self.world, bounds, tell) {
            Ok(Pulled::All) => {}
            Ok(Pulled::More) => {
                self.hot.insert(id);
                return false;
            }
            Ok(Pulled::Changed) => self.changed(id, tell),
            Err(why) => {
                let path = g.path.clone();
                self.trouble(&path, format!("cannot read: {why}"), tell);
            }
        }
        self.hot.remove(&id);
        true
    }

    /// Tells trouble with a path, once.
    fn trouble(&mut self, path: &std::path::Path, what: String, tell: &mut dyn FnMut(Happened<'_>)) {
        let said = self.said.insert(path.to_owned(), Some(what.clone()));
        if said != Some(Some(what.clone())) {
            tell(Happened::Trouble {
                path: path.to_owned(),
                what,
            });
        }
    }

    /// Tells that a followed name has nothing yet, once.
    fn waiting(&mut self, path: &std::path::Path, why: Option<String>, tell: &mut dyn FnMut(Happened<'_>)) {
        let said = self.said.insert(path.to_owned(), why.clone());
        if said != Some(why.clone()) {
            tell(Happened::Waiting {
                path: path.to_owned(),
                why,
            });
        }
    }

    /// Ends what has been silent for long enough without a followed name.
    fn expire(&mut self, tell: &mut dyn FnMut(Happened<'_>)) {
        let now = self.world.now();
        let drain = self.options.drain;
        for g in self.generations.values_mut() {
            if g.state == State::Draining && !self.hot.contains(&g.id) && now >= g.active + drain {
                let deleted = g.file.is_none() || g.is_deleted(&*self.world);
                if self.things.get(&g.identity).is_some_and(|t| t.is(g.id)) {
                    self.things.remove(&g.identity);
                }
                g.end(if deleted { Ended::Deleted } else { Ended::Rotated }, tell);
            }
        }
    }

    /// Closes files and forgets contents when there are too many.
    fn bound(&mut self) {
        let open = |g: &&mut Generation| g.file.is_some() || g.grown.holds_open();
        let mut held: Vec<&mut Generation> = self.generations.values_mut().filter(open).collect();
        if let Some(many) = held.len().checked_sub(self.options.handles.max(1)) {
            held.sort_by_key(|g| g.active);
            held.into_iter()
                .filter(|g| !self.hot.contains(&g.id))
                .take(many)
                .for_each(Generation::close);
        }
        let over = |g: &&Generation| g.state == State::Over;
        let many = self
            .generations
            .values()
            .filter(over)
            .count()
            .saturating_sub(REMEMBERED);
        let gone: Vec<FileId> = self
            .generations
            .values()
            .filter(over)
            .map(|g| g.id)
            .take(many)
            .collect();
        for id in gone {
            if let Some(g) = self.generations.remove(&id) {
                g.grown.close();
            }
        }
        self.spots
            .retain(|_, s| s.identity.is_some() || s.last.is_some_and(|l| self.generations.contains_key(&l)));
    }
}
