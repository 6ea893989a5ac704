//! The looking end: news taken into the session, and what people want to know about each input.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::{Key, News, Progress};
use crate::model::{InputId, Time};
use crate::session::{Live, Session};

/// So long (milliseconds) lines are counted for the rate.
const WINDOW: i64 = 5_000;

/// How lively an input is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// When its last block came, by this machine's clock.
    pub last: Option<Time>,
    /// It is read now, or goes on.
    pub open: bool,
    /// Blocks of the last seconds: when, how many lines.
    recent: Vec<(Time, u64)>,
}

impl Pulse {
    fn beat(&mut self, now: Time, lines: u64) {
        self.last = Some(now);
        self.recent.retain(|(t, _)| now.0 - t.0 < WINDOW);
        match self.recent.last_mut().filter(|(t, _)| now.0 - t.0 < 200) {
            Some((_, n)) => *n += lines,
            None => self.recent.push((now, lines)),
        }
    }

    /// Lines a second, lately.
    pub fn rate(&self, now: Time) -> f64 {
        let lines: u64 = self
            .recent
            .iter()
            .filter(|(t, _)| now.0 - t.0 < WINDOW)
            .map(|r| r.1)
            .sum();
        lines as f64 * 1000.0 / WINDOW as f64
    }
}

/// A session that news are taken into.
pub struct Intake<'e> {
    live: Live<'e>,
    inputs: HashMap<Key, InputId>,
    /// Per input.
    pulses: Vec<Pulse>,
    /// Bytes and lines that were taken in of each input, to be noted once they were shown.
    taken: BTreeMap<Key, (u64, u64)>,
    /// Those of them that grew since something was shown.
    grown: BTreeSet<Key>,
    /// Lines taken in, all inputs.
    lines: u64,
    /// What is to be said about paths that are followed.
    said: BTreeMap<PathBuf, String>,
    /// Paths that have nothing to read yet.
    waits: BTreeMap<PathBuf, String>,
    progress: Progress,
    caught_up: bool,
    /// The thread that follows files, which notes how far it is at its end.
    following: Option<JoinHandle<()>>,
}

impl<'e> Intake<'e> {
    pub(super) fn new(mut live: Live<'e>, progress: Progress, following: Option<JoinHandle<()>>) -> Self {
        let known = live.look(|s| s.inputs.len());
        Self {
            live,
            inputs: (0..known as u32).map(|n| (n, n)).collect(),
            pulses: vec![Pulse::default(); known],
            taken: BTreeMap::new(),
            grown: BTreeSet::new(),
            lines: 0,
            said: BTreeMap::new(),
            waits: BTreeMap::new(),
            progress,
            caught_up: false,
            following,
        }
    }

    /// Takes news in. `now` is this machine's clock, from which on what waits for too long is shown; for inputs that have an end,
    /// which tells that by itself, give none.
    pub fn take(&mut self, news: News, now: Time, live: bool) {
        if live && self.caught_up {
            self.live.at(now);
        }
        match news {
            News::Begin(key) => {
                let input = self.inputs.get(&key).copied().unwrap_or(key);
                self.live.begin_input(input);
                self.taken.insert(key, (0, 0));
                self.pulse(key).open = true;
            }
            News::Appear {
                key,
                source,
                line,
                at,
                after,
            } => {
                let after = after.and_then(|k| self.inputs.get(&k).copied());
                self.goes_well(&source.name);
                let input = self.live.open(source, line, after);
                self.inputs.insert(key, input);
                self.pulses.resize_with(input as usize + 1, Pulse::default);
                self.taken.insert(key, (at, line.saturating_sub(1)));
                self.pulse(key).open = true;
            }
            News::Block(key, block) => {
                self.turn_to(key);
                if !self.said.is_empty()
                    && let Some(name) = self.live.current_name().map(str::to_owned)
                {
                    self.goes_well(&name);
                }
                let taken = self.taken.entry(key).or_default();
                *taken = (taken.0 + block.bytes, taken.1 + block.lines);
                self.grown.insert(key);
                self.lines += block.lines;
                self.pulse(key).beat(now, block.lines);
                self.live.take(*block);
            }
            News::Unfinished(key, end) => {
                self.turn_to(key);
                self.live.unfinished(end.map(|b| *b));
            }
            News::End(key, fault) => {
                self.turn_to(key);
                self.pulse(key).open = false;
                self.grown.insert(key);
                self.live.end_of_input(fault);
            }
            News::Failed(failure) => self.live.fail(failure),
            News::Said(path, text) => {
                self.said.insert(path, text);
            }
            News::Waits { path, text, .. } => {
                match text {
                    Some(text) => self.waits.insert(path, text),
                    None => self.waits.remove(&path),
                };
            }
            News::CaughtUp => self.caught_up = true,
        }
    }

    /// It is this time: what has waited for too long by now is shown with the next look.
    pub fn tick(&mut self, now: Time) {
        if self.caught_up {
            self.live.at(now);
        }
    }

    /// Something came of this path: what was said about it is over.
    fn goes_well(&mut self, name: &str) {
        self.said.retain(|path, _| path.display().to_string() != name);
    }

    fn turn_to(&mut self, key: Key) {
        if let Some(&input) = self.inputs.get(&key) {
            self.live.turn_to(input);
        }
    }

    fn pulse(&mut self, key: Key) -> &mut Pulse {
        let n = self.inputs.get(&key).copied().unwrap_or(key) as usize;
        if self.pulses.len() <= n {
            self.pulses.resize_with(n + 1, Pulse::default);
        }
        &mut self.pulses[n]
    }

    /// How lively each input is, by its number.
    pub fn pulses(&self) -> &[Pulse] {
        &self.pulses
    }

    /// What is to be said about paths that are followed: not there yet, cannot be opened.
    pub fn said(&self) -> impl Iterator<Item = (&Path, &str)> {
        let all = self.said.iter().chain(&self.waits);
        all.map(|(p, t)| (p.as_path(), t.as_str()))
    }

    /// What was there at the start has been taken in.
    pub fn caught_up(&self) -> bool {
        self.caught_up
    }

    /// Everything taken in so far was shown: a next run need not read it again.
    pub fn shown(&mut self) {
        if self.grown.is_empty() {
            return;
        }
        let grown = std::mem::take(&mut self.grown);
        let done = grown.into_iter().filter_map(|k| {
            let &(bytes, lines) = self.taken.get(&k)?;
            Some((k, bytes, lines))
        });
        self.progress.note(done);
    }

    /// Nothing more is wanted: the reading threads end, and how far followed files were shown has been noted when this
    /// returns. The queue is closed first, so that nobody waits for room in it.
    pub fn end(&mut self, news: mpsc::Receiver<News>) {
        drop(news);
        self.progress.stop();
        if let Some(following) = self.following.take() {
            // One that broke has noted nothing more.
            let _ = following.join();
        }
    }

    /// Lines taken in, all inputs.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The session as if all inputs ended here: what the closing line counts.
    pub fn settle(&mut self) -> Session {
        self.live.settle()
    }

    /// See [`Live::look`].
    pub fn look<R>(&mut self, look: impl FnOnce(&mut Session) -> R) -> R {
        self.live.look(look)
    }

    /// The name of the input that news came of last.
    pub fn current_name(&self) -> Option<&str> {
        self.live.current_name()
    }

    /// Bytes taken in.
    pub fn bytes(&self) -> u64 {
        self.live.bytes()
    }

    /// The session, all inputs at their ends.
    pub fn finish(self) -> Session {
        self.live.finish()
    }
}
