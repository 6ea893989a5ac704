//! One pass over a block of whole lines: which lines matter, which call they belong to, everything else only counted.
//!
//! A block is judged without its neighbours, so blocks run in parallel; what depends on lines before it (which session
//! a debugger row's four characters mean, whether a loose line continues a record) is left open in [`Scanned`] and
//! settled by [`crate::call`], which takes the blocks in order. The result is the same for any cut into blocks.

mod document;
mod events;
mod keys;

pub use document::{DocumentFact, Judged, fact_of, is_listing};
pub use events::{Event, Fact, Found, What};
pub use keys::{Echo, Key, LinePlace, Mark, Who};

use std::borrow::Cow;

use memchr::memchr;

use crate::filter::{Engine, Hit, Note, Scratch};
use crate::format::{tropo, twilio};
use crate::model::{Id, Severity, Stamp, Time};
use keys::Keys;

/// Which shapes of input are read; `--format` narrows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    forms: u8,
    documents: bool,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            forms: 0xff,
            documents: true,
        }
    }
}

impl Shapes {
    /// Names that `--format` takes.
    pub const NAMES: [&'static str; 9] = [
        "auto",
        "tropo",
        "tropo-prism",
        "tropo-archive",
        "tropo-node",
        "tropo-debugger",
        "tropo-message",
        "twilio",
        "json",
    ];

    /// Reads a name of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::default(),
            "tropo" => Self {
                forms: 0xff,
                documents: false,
            },
            "twilio" | "json" => Self {
                forms: 0,
                documents: true,
            },
            _ => {
                let n = tropo::Form::ALL.iter().position(|f| f.as_str() == name)?;
                Self {
                    forms: 1 << n,
                    documents: false,
                }
            }
        })
    }

    fn takes(self, form: tropo::Form) -> bool {
        self.forms == 0xff
            || tropo::Form::ALL
                .iter()
                .position(|&f| f == form)
                .is_some_and(|n| self.forms & 1 << n != 0)
    }
}

/// A line that no form claims, or a part of a document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    /// Line number in the block, from 0.
    pub line: u64,
    /// Offset of its first byte in the input.
    pub byte: u64,
    /// Its length without the line end.
    pub len: u32,
    /// How many lines: one, or all of a document.
    pub lines: u64,
    /// It looks like a part of the record above it.
    pub continues: bool,
    /// Why it could not be read; empty for plain text that is no log line.
    pub why: Cow<'static, str>,
}

/// What one block holds.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// Bytes judged: all, or up to the line that opens a document over several lines.
    pub bytes: u64,
    /// Lines judged.
    pub lines: u64,
    /// A document over several lines begins right behind the judged lines.
    pub opens: bool,
    /// Whom the lines belong to, with counts.
    pub keys: Vec<Key>,
    /// Ids that were seen to belong to a session: alias, session.
    pub links: Vec<(Id, Id)>,
    /// What the lines tell, in order.
    pub events: Vec<Event>,
    /// Lines that no form claims before the first record, to be judged with what stands before the block.
    pub leading: Vec<Loose>,
    /// Lines that no form claims and that continue nothing.
    pub unparsed: Vec<Loose>,
    /// Whether lines after the last record continue it; none when the block has no record.
    pub open: Option<bool>,
    /// The key of the last record.
    pub last_key: Option<u32>,
    /// Times of the first and last record that has one.
    pub stamps: Option<(Stamp, Stamp)>,
    /// A full date learnt from an id or a document inside a line whose own stamp lacks it: the line's number in the block,
    /// its stamp, the date.
    pub anchor: Option<(u64, Stamp, Time)>,
    /// When asked for: every line's key and place (line, byte, length).
    pub every: Vec<(u32, u64, u64, u32)>,
    /// When asked for: the place of every line that tells a call's state.
    pub states: Vec<LinePlace>,
}

/// What to do in a pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'e> {
    /// The rules.
    pub engine: &'e Engine,
    /// Shapes to look for.
    pub shapes: Shapes,
    /// Keep the place of every line ([`Scanned::every`], [`Scanned::states`]).
    pub every: bool,
    /// Learn every id that any line ties to a session ([`Scanned::links`]): dearer, and only needed to list or find ids.
    pub ids: bool,
    /// Findings of log lines less severe than this are not wanted: a log may hold a great many of the developer's own lines.
    pub least: Severity,
}

impl Pass<'_> {
    /// Judges a block of whole lines (the last may lack its line end) that begins at `at` in its input.
    pub fn scan(&self, block: &[u8], at: u64, scratch: &mut Scratch) -> Scanned {
        let mut run = Run::new(*self, block, at, scratch);
        run.lines();
        run.finish()
    }

    /// True when a line is a log line of a form that this pass takes.
    pub fn is_log_line(&self, line: &[u8]) -> bool {
        tropo::split(line).is_some_and(|s| self.shapes.takes(s.form))
    }
}

/// One block under way.
struct Run<'a, 'e> {
    pass: Pass<'e>,
    block: &'a [u8],
    at: u64,
    out: Scanned,
    keys: Keys<'a>,
    scratch: &'a mut Scratch,
    next_hit: Option<Hit>,
    /// Rules whose needles stand in the line.
    candidates: Vec<u16>,
    /// The note that the line makes.
    note: Option<Note>,
    /// The date columns of the last archive line.
    date: &'a [u8],
    /// The last record's line, to see whether it goes on.
    last_record: Option<(usize, usize)>,
    needs_anchor: bool,
}

impl<'a, 'e> Run<'a, 'e> {
    fn new(pass: Pass<'e>, block: &'a [u8], at: u64, scratch: &'a mut Scratch) -> Self {
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

    fn lines(&mut self) {
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
    fn take_hits(&mut self, from: usize, end: usize, message: &[u8]) -> bool {
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

    /// A line that no log form claims: a document, a part of the record above, or nothing that can be read.
    fn loose(&mut self, from: usize, end: usize) -> bool {
        let line = tropo::trim_end(&self.block[from..end]);
        let place = (self.out.lines, self.at + from as u64, (end - from) as u32);
        if self.pass.shapes.documents {
            match twilio::opening(line) {
                twilio::Opening::Whole => {
                    let reading = twilio::read_facts(line);
                    if reading.incomplete && reading.records.is_empty() {
                        return false;
                    }
                    let hit = self.take_hits(from, end, line);
                    let message = reading.records.is_empty() && hit && self.pass.shapes.takes(tropo::Form::Message);
                    if message && self.bare_message(line, place, hit) {
                        return true;
                    }
                    self.document(line, reading, place);
                    return true;
                }
                twilio::Opening::Partial => return false,
                twilio::Opening::No => {}
            }
        }
        let hit = self.take_hits(from, end, line);
        if !line.is_empty() && self.pass.shapes.takes(tropo::Form::Message) && self.bare_message(line, place, hit) {
            return true;
        }
        // A blank line is nobody's and no loss.
        if line.is_empty() {
            return true;
        }
        let loose = Loose {
            line: place.0,
            byte: place.1,
            len: place.2,
            lines: 1,
            continues: tropo::continues(line),
            why: Cow::Borrowed(""),
        };
        if self.last_record.is_none() {
            self.out.leading.push(loose);
        } else {
            self.after_record(loose);
        }
        true
    }

    /// A loose line behind a record of this block.
    fn after_record(&mut self, loose: Loose) {
        let goes_on = self
            .last_record
            .is_some_and(|(f, e)| tropo::opens_more(tropo::trim_end(&self.block[f..e])));
        if goes_on || loose.continues {
            if let Some(key) = self.out.last_key {
                self.keys.extend(key, (loose.line, loose.byte, loose.len));
                if self.pass.every {
                    self.out.every.push((key, loose.line, loose.byte, loose.len));
                }
            }
        } else {
            self.out.unparsed.push(loose);
        }
    }

    /// The message column without anything around it: taken when a rule that begins at the start of a message meets it.
    fn bare_message(&mut self, line: &'a [u8], place: (u64, u64, u32), hit: bool) -> bool {
        let met = if hit {
            self.pass.engine.ask(b"", line, &mut self.candidates, self.scratch)
        } else {
            self.pass.engine.ask_all(b"", line, self.scratch)
        };
        let anchored = met.iter().any(|m| {
            m.rule.alone
                || m.span().0 == 0
                    && matches!(&m.rule.test, crate::filter::Test::Line { pattern, .. } if pattern.starts_with('^'))
        });
        if !anchored {
            return false;
        }
        let split = tropo::Split::bare();
        let who = self.keys.of(line, &split, &mut self.out.links);
        self.keys.touch(who, place, line, &split);
        if self.pass.every {
            self.out.every.push((who, place.0, place.1, place.2));
        }
        let from = (place.1 - self.at) as usize;
        self.last_record = Some((from, from + place.2 as usize));
        self.out.last_key = Some(who);
        let message = tropo::Message::of(line, &split);
        let facts = events::facts(&met, &message, self.pass.least);
        if !facts.is_empty() {
            self.out.events.push(Event {
                key: who,
                line: place.0,
                byte: place.1,
                len: place.2,
                stamp: Stamp::None,
                what: What::Line(facts),
            });
        }
        true
    }

    /// A document on one line.
    fn document(&mut self, line: &[u8], reading: twilio::Reading, place: (u64, u64, u32)) {
        document::take(&mut self.out, &mut self.keys, self.pass, line, reading, place);
        self.last_record = Some(((place.1 - self.at) as usize, (place.1 - self.at) as usize));
    }

    fn finish(mut self) -> Scanned {
        self.out.open = self
            .last_record
            .map(|(f, e)| tropo::opens_more(tropo::trim_end(&self.block[f..e])));
        let (keys, stamps) = self.keys.finish();
        self.out.keys = keys;
        self.out.stamps = stamps;
        self.out
    }
}

/// Judges a document over several lines, put together by the reader; `lines` is how many it has.
pub fn scan_document(pass: Pass<'_>, text: &[u8], at: u64, lines: u64) -> Scanned {
    let mut out = Scanned {
        bytes: text.len() as u64,
        lines,
        open: Some(false),
        ..Scanned::default()
    };
    let mut keys = Keys::default();
    let reading = twilio::read_facts(text);
    document::take(&mut out, &mut keys, pass, text, reading, (0, at, text.len() as u32));
    let (keys, stamps) = keys.finish();
    out.keys = keys;
    out.stamps = stamps;
    out
}

/// The rule that a single line meets, for `redial filters test`: of a log line its message's, of a document its first
/// record's.
pub fn rule_of<'e>(engine: &'e Engine, line: &[u8]) -> Option<&'e crate::filter::Rule> {
    let line = tropo::trim_end(line);
    let mut scratch = Scratch::default();
    if let Some(split) = tropo::split(line) {
        let message = tropo::Message::of(line, &split);
        let met = engine.ask_all(message.category, &message.body, &mut scratch);
        return met.iter().find(|m| !m.rule.also).or(met.first()).map(|m| m.rule);
    }
    if matches!(twilio::opening(line), twilio::Opening::Whole) {
        let (_, mut record) = twilio::read(line).records.into_iter().next()?;
        return document::rule_for(engine, &mut record);
    }
    engine.ask_all(b"", line, &mut scratch).first().map(|m| m.rule)
}
