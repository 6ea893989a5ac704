//! One block under way, line by line: log lines are counted for their calls, and the rules are asked about those that may matter.
//!
//! Most lines end after their form and their owner are found: only lines with a needle, an opening or a level are read further. What no
//! log form claims is `loose`'s.

use memchr::memchr;

use super::events::{self, Event, Fact, What};
use super::keys::{self, Keys};
use super::{Pass, Scanned};
use crate::filter::{Hit, Note, Scratch};
use crate::format::tropo;
use crate::model::{Severity, Stamp};

/// One block under way.
pub(super) struct Run<'a, 'e> {
    pub(super) pass: Pass<'e>,
    pub(super) block: &'a [u8],
    pub(super) at: u64,
    pub(super) out: Scanned,
    pub(super) keys: Keys<'a>,
    pub(super) scratch: &'a mut Scratch,
    next_hit: Option<Hit>,
    /// Rules whose needles stand in the line.
    pub(super) candidates: Vec<u16>,
    /// The note that the line makes.
    note: Option<Note>,
    /// The date columns of the last archive line.
    date: &'a [u8],
    /// The last record's line, to see whether it goes on.
    pub(super) last_record: Option<(usize, usize)>,
    needs_anchor: bool,
}

impl<'a, 'e> Run<'a, 'e> {
    pub(super) fn new(pass: Pass<'e>, block: &'a [u8], at: u64, scratch: &'a mut Scratch) -> Self {
        let next_hit = pass.engine.find(block, 0);
        Self {
            pass,
            block,
            at,
            out: Scanned::default(),
            keys: Keys::default(),
            scratch,
            next_hit,
            candidates: Vec::new(),
            note: None,
            date: b"",
            last_record: None,
            needs_anchor: true,
        }
    }

    pub(super) fn lines(&mut self) {
        let mut from = 0;
        while from < self.block.len() {
            let len = memchr(b'\n', &self.block[from..]);
            let end = len.map_or(self.block.len(), |n| from + n);
            if !self.line(from, end) {
                self.out.opens = true;
                break;
            }
            self.out.lines += 1;
            from = len.map_or(end, |_| end + 1);
        }
        self.out.bytes = from as u64;
    }

    /// Judges one line; false when it opens a document over several lines.
    fn line(&mut self, mut from: usize, end: usize) -> bool {
        // A byte order mark at the very beginning is no part of the first line.
        if self.at == 0 && from == 0 && self.block.starts_with(b"\xef\xbb\xbf") {
            from = 3.min(end);
        }
        let line = &self.block[from..end];
        match self.split(line) {
            Some(split) if self.pass.shapes.takes(split.form) => {
                self.record(from, end, &split);
                true
            }
            _ => self.loose(from, end),
        }
    }

    /// Finds a line's form; the date of an archive's line is read only when it is not the one of the line before.
    fn split(&mut self, line: &'a [u8]) -> Option<tropo::Split> {
        if !self.date.is_empty() && line.starts_with(self.date) {
            return tropo::behind_date(line, self.date.len()).or_else(|| tropo::split(line));
        }
        let split = tropo::split(line)?;
        if split.form == tropo::Form::Archive && split.start == 0 {
            self.date = tropo::date_len(line).map_or(b"", |n| &line[..n]);
        }
        Some(split)
    }

    /// A log line.
    fn record(&mut self, from: usize, end: usize, split: &tropo::Split) {
        let line = &self.block[from..end];
        let who = self.keys.of(line, split, &mut self.out.links);
        let place = (self.out.lines, self.at + from as u64, (end - from) as u32);
        self.keys.touch(who, place, line, split);
        if self.pass.every {
            self.out.every.push((who, place.0, place.1, place.2));
        }
        self.last_record = Some((from, end));
        self.out.last_key = Some(who);
        if self.needs_anchor && matches!(split.form, tropo::Form::Debugger | tropo::Form::Node) {
            self.look_for_date(line, split);
        }
        if self.pass.ids {
            self.keys.learn(who, line, split, &mut self.out.links);
        }
        if let Some(echo) = tropo::echo_number(line) {
            self.keys.echo(who, echo, place);
        }
        let hit = self.take_hits(from, end, tropo::text_of(line, split));
        if let Some(note) = self.note {
            self.keys.note(who, note, place);
            if self.pass.every && note == Note::State {
                self.out.states.push(place);
            }
        }
        if hit || self.pass.engine.asks_every_line() || split.level.is_some() {
            self.ask(line, split, who, place, hit);
        }
    }

    /// Collects the rules whose needles stand in a line, or whose messages begin like its own; true when there is one.
    pub(super) fn take_hits(&mut self, from: usize, end: usize, message: &[u8]) -> bool {
        self.candidates.clear();
        self.note = None;
        while let Some(hit) = self.next_hit {
            if hit.at >= end {
                break;
            }
            let engine = self.pass.engine;
            let note = engine.candidates(hit, self.block, (from, end), self.scratch, &mut self.candidates);
            self.note = note.or(self.note);
            self.next_hit = engine.find(self.block, hit.at + 1);
        }
        self.pass.engine.opened(message, &mut self.candidates);
        !self.candidates.is_empty()
    }

    /// Asks the rules about a line.
    fn ask(&mut self, line: &[u8], split: &tropo::Split, who: u32, place: (u64, u64, u32), hit: bool) {
        let line = tropo::trim_end(line);
        let message = tropo::Message::of(line, split);
        let met = if hit || self.pass.engine.asks_every_line() {
            self.pass
                .engine
                .ask(message.category, &message.body, &mut self.candidates, self.scratch)
        } else {
            Vec::new()
        };
        let mut facts = events::facts(&met, &message, self.pass.least);
        if met.is_empty() && split.level.is_some_and(|l| l >= Severity::Warning) {
            facts.extend(self.unclassified(split.level, &message));
        }
        if facts.is_empty() {
            return;
        }
        let stamp = tropo::stamp(line, split);
        if self.needs_anchor
            && !matches!(stamp, Stamp::At(_) | Stamp::None)
            && let Some(t) = facts.iter().find_map(|(_, f)| f.time())
        {
            self.out.anchor = Some((self.out.lines, stamp, t));
            self.needs_anchor = false;
        }
        self.out.events.push(Event {
            key: who,
            line: place.0,
            byte: place.1,
            len: place.2,
            stamp,
            what: What::Line(facts),
        });
    }

    /// A line at WARN or above that no rule shows is a finding of its own, unless a rule hides it.
    fn unclassified(&mut self, level: Option<Severity>, message: &tropo::Message<'_>) -> Option<(u16, Fact)> {
        let known = self.pass.engine.ask_all(message.category, &message.body, self.scratch);
        let severity = level?;
        // Some rules hide only what is said calmly.
        known.iter().all(|m| m.rule.hide && m.rule.calm).then(|| {
            let text = String::from_utf8_lossy(&message.body);
            (
                u16::MAX,
                Fact::Unclassified {
                    severity,
                    text: events::shorten(&tropo::fold_trace(&text)),
                },
            )
        })
    }

    /// SIP Call-IDs and MRCP sessions of Tropo begin with epoch milliseconds: a date for forms that lack one.
    fn look_for_date(&mut self, line: &[u8], split: &tropo::Split) {
        let Some(t) = keys::epoch_in(line) else { return };
        let stamp = tropo::stamp(line, split);
        if !matches!(stamp, Stamp::At(_) | Stamp::None) {
            self.out.anchor = Some((self.out.lines, stamp, t));
            self.needs_anchor = false;
        }
    }

    pub(super) fn finish(mut self) -> Scanned {
        self.out.open = self
            .last_record
            .map(|(f, e)| tropo::opens_more(tropo::trim_end(&self.block[f..e])));
        let (keys, stamps) = self.keys.finish();
        self.out.keys = keys;
        self.out.stamps = stamps;
        self.out
    }
}
