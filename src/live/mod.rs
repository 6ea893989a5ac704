//! Inputs that grow while somebody looks: files that are followed, pipes, the store.
//!
//! [`start`] opens what a [`Plan`] names and reads each on a thread that suits it: plain files one after the other, what may go on
//! for ever on a thread of its own, followed files together. All tell their [`News`] through one short queue, so that reading
//! never runs far ahead of folding; whoever looks takes them into an [`Intake`], which holds the session. Nothing here draws,
//! prints or sends. To add a kind of source, give it a thread that tells its news.

mod absent;
mod follow;
mod intake;
mod rows;
mod threads;
mod word;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::mpsc;

pub use intake::{Intake, Pulse};
pub use rows::Rows;
pub use word::{Beside, Said, Word};

use crate::filter::Engine;
use crate::input::follow::Waker;
use crate::input::{self, Failure, Source};
use crate::scan::Scanned;
use crate::session::{Live, Reading};

/// Blocks that wait to be folded.
const AHEAD: usize = 2;

/// An input's name in the news: those known from the start are counted from 0, in their order; others as they appear.
pub type Key = u32;

/// What is to be read, and how.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Files, folders; `-` for standard input.
    pub names: Vec<PathBuf>,
    /// Pipes that were opened before: they cannot be opened again.
    pub pipes: Vec<Source>,
    /// The store's file, when its events are wanted.
    pub store: Option<FromStore>,
    /// Go on with files at their ends.
    pub follow: bool,
    /// Where the last run stopped, and where this one notes how far it is.
    pub checkpoint: Option<Checkpointing>,
    /// Shapes, threads, block size.
    pub reading: Reading,
    /// The screen's keys come first: reading stands back behind other threads.
    pub behind: bool,
    /// Whoever reads will look at many places: what is coded is kept decoded.
    pub kept: bool,
}

/// Which events of the store are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromStore {
    /// Its file, which need not be there yet.
    pub path: PathBuf,
    /// Only events with a larger id; 0 for all.
    pub after: i64,
    /// Go on with those that will come.
    pub follow: bool,
}

impl Plan {
    /// Something of it has no end.
    pub fn goes_on(&self) -> bool {
        self.follow || self.store.as_ref().is_some_and(|s| s.follow)
    }
}

/// How far followed files were read, across runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpointing {
    /// The file that says it.
    pub path: PathBuf,
    /// Go on there; else only note it.
    pub resume: bool,
}

/// What a reading thread tells.
#[derive(Debug)]
pub enum News {
    /// An input that was known from the start begins.
    Begin(Key),
    /// An input has appeared, and begins: its first line has the number `line`; `after` is the one that it goes on from.
    Appear {
        /// Its name from now on.
        key: Key,
        /// Where it is read.
        source: Source,
        /// Number of the first line that comes, from 1.
        line: u64,
        /// Offset of the first byte that comes.
        at: u64,
        /// The input whose place it takes.
        after: Option<Key>,
    },
    /// The next block of an input.
    Block(Key, Box<Scanned>),
    /// What its end would be if nothing more came; none when it is not unfinished any more.
    Unfinished(Key, Option<Box<Scanned>>),
    /// Nothing more comes of an input; why, when it is not its end.
    End(Key, Option<io::Error>),
    /// Something to be read cannot be opened.
    Failed(Failure),
    /// Something about a path that people should know; reading goes on.
    Said(PathBuf, String),
    /// A path that is followed has nothing to read yet.
    Waits {
        /// As given.
        path: PathBuf,
        /// What is to be said about it; none when that is over.
        text: Option<String>,
        /// Nothing is wrong with it.
        well: bool,
    },
    /// Everything that was there at the start has been told.
    CaughtUp,
}

/// The reading threads' end of the queue.
#[derive(Clone, Debug)]
struct Teller {
    news: mpsc::Sender<News>,
    keys: Arc<AtomicU32>,
    progress: Progress,
    /// Of how many readers what was there at the start is still being told.
    parts: Arc<AtomicUsize>,
}

impl Teller {
    /// Waits for room; false when nobody listens any more.
    fn tell(&self, news: News) -> bool {
        self.news.blocking_send(news).is_ok()
    }

    /// One reader more has told what was there at the start.
    fn caught_up(&self) {
        if self.parts.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.tell(News::CaughtUp);
        }
    }

    fn is_over(&self) -> bool {
        self.news.is_closed() || self.progress.stop.load(Ordering::Relaxed)
    }

    fn key(&self) -> Key {
        self.keys.fetch_add(1, Ordering::Relaxed)
    }
}

/// What whoever looks tells the reading threads.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    stop: Arc<AtomicBool>,
    /// Of each input, what was noted last: nobody may ever ask for it.
    done: Arc<Mutex<BTreeMap<Key, (u64, u64)>>>,
    waker: Arc<OnceLock<Waker>>,
}

impl Progress {
    /// Nobody wants more.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }

    /// What ends the wait of the thread that follows.
    fn wake_with(&self, waker: Waker) {
        // There is one such thread.
        let _ = self.waker.set(waker);
    }

    /// So far (bytes, lines) an input was taken in for good, and what it tells was shown: a next run goes on there.
    fn note(&self, done: impl IntoIterator<Item = (Key, u64, u64)>) {
        let mut all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(done.into_iter().map(|(key, bytes, lines)| (key, (bytes, lines))));
    }

    fn noted(&self) -> Vec<(Key, u64, u64)> {
        let all = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter()
            .map(|(key, (bytes, lines))| (key, bytes, lines))
            .collect()
    }
}

/// Opens what is planned and begins to read. The queue closes when everything is at its end, which what is followed never
/// is. Dropping the queue ends the threads.
///
/// # Errors
///
/// The system gives no thread.
pub fn start(plan: Plan, engine: &Arc<Engine>) -> io::Result<(Intake<'_>, mpsc::Receiver<News>)> {
    let Plan {
        names,
        pipes,
        store,
        follow,
        checkpoint,
        reading,
        behind,
        kept,
    } = plan;
    let is_pipe = |n: &PathBuf| n.as_os_str() == "-";
    let (piped, paths): (Vec<PathBuf>, Vec<PathBuf>) = names.into_iter().partition(is_pipe);
    let (mut sources, failures) = if follow {
        input::find(&piped)
    } else {
        input::find(&piped.into_iter().chain(paths.iter().cloned()).collect::<Vec<_>>())
    };
    if kept {
        sources = sources.into_iter().map(Source::kept).collect();
    }
    sources.extend(pipes);
    let (news, queue) = mpsc::channel(AHEAD);
    let progress = Progress::default();
    let follow = follow.then_some((paths, checkpoint));
    let files = sources.iter().any(|s| !s.is_pipe());
    let goes_on = store.as_ref().is_some_and(|s| s.follow);
    let teller = Teller {
        news,
        keys: Arc::new(AtomicU32::new((sources.len() + usize::from(store.is_some())) as Key)),
        progress: progress.clone(),
        parts: Arc::new(AtomicUsize::new(
            usize::from(files) + usize::from(follow.as_ref().is_some_and(|f| !f.0.is_empty())) + usize::from(goes_on),
        )),
    };
    sources.extend(store.map(|s| {
        let told = teller.clone();
        let rows = Rows::new(s.path, s.follow, s.after);
        let rows = if s.follow {
            rows.caught_up(move || told.caught_up())
        } else {
            rows
        };
        rows.into_source()
    }));
    let live = Live::with(sources.clone(), failures, engine);
    let with = threads::With {
        engine: Arc::clone(engine),
        reading,
        behind,
        teller,
    };
    let following = threads::spawn(sources, with, follow)?;
    Ok((Intake::new(live, progress, following), queue))
}
