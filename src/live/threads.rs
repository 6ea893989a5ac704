//! The threads that read.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::{Checkpointing, Key, News, Teller, follow};
use crate::filter::Engine;
use crate::input::{self, Sink, Source};
use crate::scan::Scanned;
use crate::session::Reading;

/// How far reading stands back behind the keys.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// What every thread needs.
#[derive(Clone)]
pub(super) struct With {
    pub(super) engine: Arc<Engine>,
    pub(super) reading: Reading,
    pub(super) behind: bool,
    pub(super) teller: Teller,
}

impl With {
    fn step_back(&self) {
        // On Linux this is the niceness of this thread and of the scanning ones that it starts.
        #[cfg(target_os = "linux")]
        if self.behind {
            let _ = rustix::process::nice(BEHIND);
        }
    }
}

/// Tells the blocks of one input.
pub(super) struct Queue<'t> {
    pub(super) teller: &'t Teller,
    pub(super) key: Key,
    /// The input is known from the start.
    pub(super) known: bool,
    /// Bytes told.
    pub(super) told: u64,
}

impl Queue<'_> {
    fn tell(&self, news: News) -> ControlFlow<()> {
        if self.teller.tell(news) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

impl Sink for Queue<'_> {
    fn begin(&mut self) {
        if self.known {
            let _ = self.tell(News::Begin(self.key));
        }
    }

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        self.told += block.bytes;
        self.tell(News::Block(self.key, Box::new(block)))
    }

    fn unfinished(&mut self, end: Option<Scanned>) {
        let _ = self.tell(News::Unfinished(self.key, end.map(Box::new)));
    }

    fn wait(&mut self) -> ControlFlow<()> {
        if self.teller.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Starts the threads; the one that follows is given back.
pub(super) fn spawn(
    sources: Vec<Source>,
    with: With,
    follow: Option<(Vec<PathBuf>, Option<Checkpointing>)>,
) -> io::Result<Option<JoinHandle<()>>> {
    let keyed = sources.into_iter().zip(0..).map(|(s, n)| (n, s));
    let (pipes, files): (Vec<(Key, Source)>, Vec<_>) = keyed.partition(|(_, s)| s.is_pipe());
    let follow = follow.filter(|(paths, _)| !paths.is_empty());
    for (key, source) in pipes {
        let with = with.clone();
        thread("reading", move || {
            with.step_back();
            let _ = one(&with, key, &source);
        })?;
    }
    if !files.is_empty() {
        let with = with.clone();
        thread("reading", move || {
            with.step_back();
            let _ = files.iter().try_for_each(|(key, source)| one(&with, *key, source));
            with.teller.caught_up();
        })?;
    }
    let following = follow.map(|(paths, checkpoint)| {
        thread("following", move || {
            with.step_back();
            follow::follow(&with, &paths, checkpoint.as_ref());
        })
    });
    following.transpose()
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Reads one input to its end.
fn one(with: &With, key: Key, source: &Source) -> ControlFlow<()> {
    let mut queue = Queue {
        teller: &with.teller,
        key,
        known: true,
        told: 0,
    };
    let pass = with.reading.pass(&with.engine);
    let fault = input::read(source, pass, &mut queue, with.reading.options).err();
    queue.tell(News::End(key, fault))
}
