//! Followed files: their bytes through feeds, one for each content, all on one thread.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
                teller.tell(News::Said(c.path.clone(), Some(text)));
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
    };
    let (mut caught_up, mut noted) = (false, Instant::now());
    while !teller.is_over() {
        let again = run.step();
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
            Happened::Whole { file, source } => wholes.push((file, source)),
            Happened::Waiting { path, why } => {
                let text = why.unwrap_or_else(|| "is not there yet; waiting for it".to_owned());
                with.teller.tell(News::Said(path, Some(text)));
            }
            Happened::Trouble { path, what } => {
                with.teller.tell(News::Said(path, Some(what)));
            }
        });
        self.read_large();
        self.read_whole();
        again
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
            if let Some(&file) = self.ids.get(&key) {
                self.follow.taken(file, bytes, lines);
            }
        }
        if let Err(e) = self.follow.checkpoint().save(&checkpoint.path) {
            let text = format!("{e}; `--resume` will not know where this run stopped");
            self.with.teller.tell(News::Said(checkpoint.path.clone(), Some(text)));
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

fn queue(teller: &Teller, key: Key) -> Queue<'_> {
    Queue {
        teller,
        key,
        known: false,
    }
}
