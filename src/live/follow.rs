//! Followed files: their bytes through feeds, one for each content, all on one thread.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::absent::Absent;
use super::threads::{Queue, With};
use super::{Checkpointing, Key, News, Teller};
use crate::input::follow::{Checkpoint, FileId, Follow, FollowOptions, Happened};
use crate::input::{self, Feed, Judge, Sink, Source};

/// What was there at the start and is larger than this is read in blocks, on several threads.
const LARGE: u64 = 4 << 20;
/// An unfinished line is shown when nothing came behind it for so long.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether anybody still listens.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is noted how far reading is.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// One content that is read.
struct File {
    key: Key,
    feed: Feed,
    /// When bytes came last.
    touched: Instant,
    /// Its unfinished end was shown.
    shown: bool,
}

/// Follows until nobody listens any more.
pub(super) fn follow(with: &With, paths: &[PathBuf], checkpoint: Option<&Checkpointing>) {
    let teller = &with.teller;
    let resume = checkpoint
        .filter(|c| c.resume)
        .and_then(|c| match Checkpoint::load(&c.path) {
            Ok(found) => found,
            Err(e) => {
                let text = format!("{e}; everything is read from the beginning");
                teller.tell(News::Said(c.path.clone(), text));
                None
            }
        });
    let options = FollowOptions {
        resume,
        ..FollowOptions::default()
    };
    let mut run = Run {
        with,
        judge: Judge::new(with.reading.pass(&with.engine)),
        follow: Follow::new(paths, options),
        files: HashMap::new(),
        ids: HashMap::new(),
        begun: Vec::new(),
        wholes: Vec::new(),
        read: HashMap::new(),
        absent: Absent::default(),
        unsaved: false,
    };
    teller.progress.wake_with(run.follow.waker());
    let (mut caught_up, mut noted) = (false, Instant::now());
    while !teller.is_over() {
        let again = run.step();
        if !again {
            run.tell_absent();
        }
        if !again && !std::mem::replace(&mut caught_up, true) {
            teller.caught_up();
        }
        if !again {
            let due = run.show_unfinished();
            run.follow.wait(due.map_or(PATIENCE, |d| d.min(PATIENCE)));
        }
        if let Some(c) = checkpoint
            && noted.elapsed() >= NOTED_EVERY
        {
            noted = Instant::now();
            run.note(c);
        }
    }
    if let Some(c) = checkpoint {
        run.note(c);
    }
}

struct Run<'w> {
    with: &'w With,
    judge: Judge<'w>,
    follow: Follow,
    files: HashMap<FileId, File>,
    ids: HashMap<Key, FileId>,
    /// Contents that have begun in this step and are large: where, and from which byte on.
    begun: Vec<(FileId, Source, u64, u64)>,
    wholes: Vec<(FileId, Source)>,
    /// Files that were read as a whole, and how much text they gave.
    read: HashMap<Key, u64>,
    absent: Absent,
    /// The checkpoint could not be written the last time.
    unsaved: bool,
}

impl Run<'_> {
    /// Tells what happened; whether to come again at once.
    fn step(&mut self) -> bool {
        let Self {
            with,
            judge,
            follow,
            files,
            ids,
            begun,
            wholes,
            absent,
            ..
        } = self;
        let again = follow.step(&mut |happened| match happened {
            Happened::Begin {
                file,
                source,
                after,
                at,
                line,
                size,
            } => {
                present(absent, with, &source);
                let key = with.teller.key();
                let after = after.and_then(|id| files.get(&id)).map(|f| f.key);
                if size.saturating_sub(at) > LARGE {
                    begun.push((file, source.clone(), at, size));
                }
                with.teller.tell(News::Appear {
                    key,
                    source,
                    line: line + 1,
                    at,
                    after,
                });
                ids.insert(key, file);
                let feed = Feed::new(at..u64::MAX);
                files.insert(file, File::new(key, feed));
            }
            Happened::Bytes { file, bytes, .. } => {
                if let Some(f) = files.get_mut(&file) {
                    f.touched = Instant::now();
                    f.shown = false;
                    let _ = f.feed.push(bytes, judge, &mut queue(&with.teller, f.key));
                    f.feed.rest();
                }
            }
            Happened::End { file, .. } => {
                // It stays known: the content that takes its place goes on from it.
                if let Some(f) = files.get_mut(&file) {
                    let _ = f.feed.end(judge, &mut queue(&with.teller, f.key));
                    f.feed.rest();
                    with.teller.tell(News::End(f.key, None));
                }
            }
            Happened::Whole { file, source } => {
                present(absent, with, &source);
                wholes.push((file, source));
            }
            Happened::Waiting { path, why } => absent.misses(path, why, Instant::now()),
            Happened::Trouble { path, what } => {
                with.teller.tell(News::Said(path, what));
            }
        });
        self.read_large();
        self.read_whole();
        again
    }

    /// Names that have nothing to read, now that all others are read.
    fn tell_absent(&mut self) {
        for word in self.absent.due(Instant::now()) {
            let (path, text, well) = (word.path, Some(word.text), word.well);
            self.with.teller.tell(News::Waits { path, text, well });
        }
    }

    /// What was there already is read in blocks, up to its last whole line.
    fn read_large(&mut self) {
        let (pass, options) = (self.judge.pass, self.with.reading.options);
        for (file, source, at, size) in std::mem::take(&mut self.begun) {
            let Some(f) = self.files.get_mut(&file) else { continue };
            let mut queue = queue(&self.with.teller, f.key);
            let to = input::read_lines(&source, at..size, pass, &mut queue, options);
            self.follow.skip_to(file, to);
            f.feed = Feed::new(to..u64::MAX);
        }
    }

    fn read_whole(&mut self) {
        let (pass, options) = (self.judge.pass, self.with.reading.options);
        for (file, source) in std::mem::take(&mut self.wholes) {
            let key = self.with.teller.key();
            self.ids.insert(key, file);
            self.with.teller.tell(News::Appear {
                key,
                source: source.clone(),
                line: 1,
                at: 0,
                after: None,
            });
            let mut queue = queue(&self.with.teller, key);
            let fault = input::read(&source, pass, &mut queue, options).err();
            self.read.insert(key, queue.told);
            self.with.teller.tell(News::End(key, fault));
        }
    }

    /// Shows ends that nobody finished for a while; how long until the next one is due.
    fn show_unfinished(&mut self) -> Option<Duration> {
        let mut due: Option<Duration> = None;
        for f in self.files.values_mut().filter(|f| !f.shown && !f.feed.is_empty()) {
            let left = SHOWN_AFTER.saturating_sub(f.touched.elapsed());
            if left.is_zero() {
                f.shown = true;
                let end = f.feed.pending(&mut self.judge);
                queue(&self.with.teller, f.key).unfinished(end);
            } else {
                due = Some(due.map_or(left, |d| d.min(left)));
            }
        }
        due
    }

    /// Notes how far everything was read and shown.
    fn note(&mut self, checkpoint: &Checkpointing) {
        let noted = self.with.teller.progress.noted();
        if noted.is_empty() {
            return;
        }
        for (key, bytes, lines) in noted {
            let Some(&file) = self.ids.get(&key) else { continue };
            match self.read.get(&key) {
                Some(&all) if bytes < all => {}
                // Its text is not as long as the file itself.
                Some(_) => self.follow.taken(file, u64::MAX, lines),
                None => self.follow.taken(file, bytes, lines),
            }
        }
        let saved = self.follow.checkpoint().save(&checkpoint.path);
        let before = std::mem::replace(&mut self.unsaved, saved.is_err());
        if let Err(e) = saved
            && !before
        {
            let text = format!("{e}; `--resume` will not know where this run stopped");
            self.with.teller.tell(News::Said(checkpoint.path.clone(), text));
        }
    }
}

impl File {
    fn new(key: Key, feed: Feed) -> Self {
        Self {
            key,
            feed,
            touched: Instant::now(),
            shown: false,
        }
    }
}

/// A name has something to read: what was said of it is over.
fn present(absent: &mut Absent, with: &With, source: &Source) {
    for path in absent.has(Path::new(&source.name)) {
        let (text, well) = (None, true);
        with.teller.tell(News::Waits { path, text, well });
    }
}

fn queue(teller: &Teller, key: Key) -> Queue<'_> {
    Queue {
        teller,
        key,
        known: false,
        told: 0,
    }
}
