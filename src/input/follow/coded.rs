//! Coded files (compressed, UTF-16) that appear: a rotated file that was read under its old name is known by its text, all
//! others are given whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::grown::open_plain;
use super::kin::Compared;
use super::mark::{MARK, Mark};
use super::meet::{Newcomer, Thing};
use super::world::{Identity, Look, Seen};
use super::{Ended, FileId, Follow, Happened};
use crate::input::positional::{Stretch, read_at_most};
use crate::input::read::decode;
use crate::input::source::{Code, Kind, Source, code, read_some};

/// A compressor writes for a while: what was not written to for so long is complete.
const QUIET: Duration = Duration::from_secs(2);

/// How much is decoded in a step.
const STEP: usize = 8 << 20;

/// A coded file as it was when it was seen first, and when that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settling {
    len: u64,
    modified: Option<SystemTime>,
    since: Duration,
}

/// A coded file that was told.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    pub(super) mark: Mark,
    /// Taken in once the consumer took this offset.
    pub(super) end: u64,
    pub(super) taken: bool,
    /// The remembered content whose rest it was.
    pub(super) rest_of: Option<FileId>,
}

/// A coded file.
struct Coded {
    path: PathBuf,
    identity: Identity,
    file: Arc<File>,
    code: Code,
    mark: Mark,
}

impl Coded {
    fn of(new: &Newcomer<'_>, code: Code) -> Self {
        Self {
            path: new.found.path.clone(),
            identity: new.look.identity,
            file: Arc::clone(&new.file),
            code,
            mark: new.mark(),
        }
    }

    fn source(&self) -> Source {
        Source {
            name: self.path.display().to_string(),
            kind: Kind::Coded(Arc::clone(&self.file), self.code),
        }
    }

    fn text(&self) -> io::Result<Box<dyn Read + Send>> {
        decode(Stretch::whole(&self.file), self.code)
    }

    /// The first bytes of the text.
    fn first(&self) -> io::Result<Vec<u8>> {
        let mut first = vec![0; MARK];
        let n = read_some(&mut self.text()?, &mut first)?;
        first.truncate(n);
        Ok(first)
    }
}

/// Decoding that goes on over several steps.
pub(super) struct Job {
    coded: Coded,
    text: Box<dyn Read + Send>,
    at: u64,
    doing: Doing,
    /// The content of an earlier run that it is asked for; none for a file that appeared in a folder.
    pub(super) asked: Option<FileId>,
}

/// Whether a coded file may hold the rest of a content.
pub(super) enum Asked {
    /// No.
    Nothing,
    /// It may, and what comes after it has to wait.
    Wait,
    /// It may, and is found in its followed folder anyway.
    Later,
}

enum Doing {
    /// Is it the text of one of these? With the end of the text so far.
    Comparing(Vec<Compared>, Vec<u8>),
    /// What stands behind this offset is told.
    Telling { file: FileId, from: u64 },
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("path", &self.coded.path)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Follow {
    /// A coded file that appears.
    pub(super) fn coded(&mut self, new: &Newcomer<'_>, tell: &mut dyn FnMut(Happened<'_>)) {
        if !self.is_complete(new) {
            return;
        }
        let Some(code) = code(&new.head) else { return };
        let (identity, mark) = (new.look.identity, new.mark());
        let known = |w: &Whole| w.identity == identity && w.mark.fits(&new.file);
        if self.wholes.values().any(known) {
            let seen = Seen::of(&new.look, &*self.world);
            self.things.insert(identity, Thing::Whole(mark, seen));
            return;
        }
        let coded = Coded::of(new, code);
        let first = coded.first().ok().filter(|_| new.found.in_folder);
        let mut compared = Vec::new();
        for g in self.generations.values().rev() {
            let Some(first) = &first else { break };
            // What is read just now may turn out to be all of it.
            if self.hot.contains(&g.id) && g.head.begins(first) == Some(true) {
                self.again = true;
                return;
            }
            compared.extend(Compared::with(g, first));
        }
        match coded.text() {
            Ok(text) if !compared.is_empty() => self.begin_job(coded, text, compared, None),
            _ => self.give_whole(coded, tell),
        }
    }

    fn begin_job(&mut self, coded: Coded, text: Box<dyn Read + Send>, compared: Vec<Compared>, asked: Option<FileId>) {
        self.things.insert(coded.identity, Thing::Working);
        self.jobs.push(Job {
            coded,
            text,
            at: 0,
            doing: Doing::Comparing(compared, Vec::new()),
            asked,
        });
    }

    /// Whether nobody wrote to it for a while.
    fn is_complete(&mut self, new: &Newcomer<'_>) -> bool {
        let now = self.world.now();
        let age = |m: SystemTime| self.world.wall().duration_since(m).unwrap_or_default();
        if new.look.modified.is_some_and(|m| age(m) >= QUIET) {
            return true;
        }
        let is = Settling {
            len: new.look.len,
            modified: new.look.modified,
            since: now,
        };
        let was = match self.things.get(&new.look.identity) {
            Some(Thing::Settling(s)) if (s.len, s.modified) == (is.len, is.modified) => *s,
            _ => is,
        };
        self.things.insert(new.look.identity, Thing::Settling(was));
        now >= was.since + QUIET
    }

    /// Looks into a file beside a content of an earlier run for the rest of it.
    pub(super) fn ask_for_rest(&mut self, of: FileId, path: PathBuf, in_folder: bool) -> Asked {
        let (Some(known), Ok(file)) = (self.generations.get(&of), open_plain(&path)) else {
            return Asked::Nothing;
        };
        let (Ok(look), Ok(head)) = (Look::file(&*self.world, &file), read_at_most(&file, 0, MARK)) else {
            return Asked::Nothing;
        };
        let Some(code) = code(&head) else { return Asked::Nothing };
        let coded = Coded {
            path,
            identity: look.identity,
            file: Arc::new(file),
            code,
            mark: Mark::new(0, &head),
        };
        let compared = coded.first().ok().and_then(|f| Compared::with(known, &f));
        let (Some(compared), Ok(text)) = (compared, coded.text()) else {
            return Asked::Nothing;
        };
        if in_folder {
            return Asked::Later;
        }
        let age = |m: SystemTime| self.world.wall().duration_since(m);
        let is_young = look.modified.is_some_and(|m| age(m).is_ok_and(|a| a < QUIET));
        if !is_young {
            self.begin_job(coded, text, vec![compared], Some(of));
        }
        Asked::Wait
    }

    /// Decodes some more of what is under way.
    pub(super) fn work(&mut self, tell: &mut dyn FnMut(Happened<'_>)) {
        for mut job in std::mem::take(&mut self.jobs) {
            match job.decode(tell) {
                Ok(false) => self.jobs.push(job),
                Ok(true) => self.done(job, tell),
                Err(why) => self.damaged(job, &why, tell),
            }
        }
    }

    /// The text of a job has ended.
    fn done(&mut self, job: Job, tell: &mut dyn FnMut(Happened<'_>)) {
        let (compared, last) = match &job.doing {
            Doing::Telling { file, .. } => {
                let why = Ended::Rotated;
                tell(Happened::End { file: *file, why });
                self.finish(job);
                return;
            }
            Doing::Comparing(compared, last) => (compared, last),
        };
        for c in compared {
            if !self.pull(c.known, tell) {
                // What is still to be read of it may be all.
                self.jobs.push(job);
                return;
            }
        }
        let mut rest = None;
        let mut is_known = false;
        for c in compared {
            let Some(g) = self.generations.get(&c.known) else {
                continue;
            };
            if c.holds(job.at) {
                is_known = true;
                rest = (job.at > g.at).then_some(c.known);
                break;
            }
            // Kept at an earlier moment.
            let own = g.file.clone().or_else(|| g.grown.held());
            let from = job.at.saturating_sub(last.len() as u64);
            let same = |f: Arc<File>| read_at_most(&f, from, last.len()).is_ok_and(|b| b == *last);
            if job.at < g.at && (c.is_beginning(job.at) || own.is_some_and(same)) {
                is_known = true;
                break;
            }
        }
        match rest {
            Some(of) => self.tell_rest(job, of, tell),
            None if is_known => self.finish(job),
            None if job.asked.is_some() => self.not_found(&job, tell),
            None => self.give_whole(job.coded, tell),
        }
    }

    /// Tells what a compressed file has behind the end of a content that was read.
    fn tell_rest(&mut self, mut job: Job, of: FileId, tell: &mut dyn FnMut(Happened<'_>)) {
        let Some(known) = self.generations.get(&of) else { return };
        let (at, line) = (known.at, known.taken.map_or(0, |t| t.1));
        let after = known.remembered.is_none().then_some(of);
        let Ok(text) = job.coded.text() else {
            return;
        };
        let (file, size) = (self.new_id(), job.at);
        self.wholes.insert(
            file,
            Whole {
                path: job.coded.path.clone(),
                identity: job.coded.identity,
                mark: job.coded.mark.clone(),
                end: size,
                taken: false,
                rest_of: Some(of),
            },
        );
        let was = known_path(self, of);
        if let Some(spot) = was.and_then(|p| self.spots.get_mut(&p)) {
            spot.last = Some(file);
        }
        let source = job.coded.source();
        tell(Happened::Begin {
            file,
            source,
            after,
            at,
            line,
            size,
        });
        (job.text, job.at) = (text, 0);
        job.doing = Doing::Telling { file, from: at };
        self.jobs.push(job);
    }

    fn give_whole(&mut self, coded: Coded, tell: &mut dyn FnMut(Happened<'_>)) {
        let (file, source) = (self.new_id(), coded.source());
        self.wholes.insert(
            file,
            Whole {
                path: coded.path.clone(),
                identity: coded.identity,
                mark: coded.mark.clone(),
                end: 0,
                taken: false,
                rest_of: None,
            },
        );
        self.said.remove(&coded.path);
        self.is_told(coded);
        tell(Happened::Whole { file, source });
    }

    fn is_told(&mut self, coded: Coded) {
        let look = Look::file(&*self.world, &coded.file).ok();
        let seen = look.and_then(|l| Seen::of(&l, &*self.world));
        self.things.insert(coded.identity, Thing::Whole(coded.mark, seen));
    }

    /// Nothing of a coded file is told any more.
    fn finish(&mut self, job: Job) {
        if let Some(of) = job.asked {
            self.is_found(of);
            self.again = true;
        }
        self.is_told(job.coded);
    }

    fn not_found(&mut self, job: &Job, tell: &mut dyn FnMut(Happened<'_>)) {
        self.things.remove(&job.coded.identity);
        if let Some(of) = job.asked {
            self.begin_anew(of, tell);
            self.again = true;
        }
    }

    fn damaged(&mut self, job: Job, why: &io::Error, tell: &mut dyn FnMut(Happened<'_>)) {
        let what = format!("is passed over: it begins like what was read before, but cannot be decoded: {why}");
        self.trouble(&job.coded.path, what, tell);
        if let Doing::Telling { file, .. } = job.doing {
            let why = Ended::Rotated;
            tell(Happened::End { file, why });
        }
        match job.asked {
            Some(_) => self.not_found(&job, tell),
            None => self.finish(job),
        }
    }
}

impl Job {
    /// Decodes up to a bound; true at the end of the text.
    fn decode(&mut self, tell: &mut dyn FnMut(Happened<'_>)) -> io::Result<bool> {
        let mut piece = vec![0; 256 << 10];
        let mut left = STEP;
        while left > 0 {
            let n = read_some(&mut self.text, &mut piece)?;
            if n == 0 {
                return Ok(true);
            }
            let bytes = &piece[..n];
            match &mut self.doing {
                Doing::Comparing(compared, last) => {
                    for c in compared {
                        c.push(self.at, bytes);
                    }
                    last.extend_from_slice(bytes);
                    let more = last.len().saturating_sub(MARK);
                    last.drain(..more);
                }
                Doing::Telling { file, from } => {
                    let skip = from.saturating_sub(self.at).min(n as u64) as usize;
                    if skip < n {
                        tell(Happened::Bytes {
                            file: *file,
                            at: self.at + skip as u64,
                            bytes: &bytes[skip..],
                        });
                    }
                }
            }
            self.at += n as u64;
            left = left.saturating_sub(n);
        }
        Ok(false)
    }
}

fn known_path(follow: &Follow, of: FileId) -> Option<PathBuf> {
    follow.generations.get(&of).map(|g| g.path.clone())
}
