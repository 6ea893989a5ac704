//! One pass over a block of whole lines: which lines matter, which call they belong to, everything else only counted.
//!
//! A block is judged without its neighbours, so blocks run in parallel; what depends on lines before it (which session
//! a debugger row's four characters mean, whether a loose line continues a record) is left open in [`Scanned`] and
//! settled by [`crate::call`], which takes the blocks in order. The result is the same for any cut into blocks.
//!
//! `run` goes through a block line by line, `loose` through what is no log line; `keys` knows whose a line is, `events` and `document`
//! what it tells, [`Shapes`] what is looked for.

mod document;
mod events;
mod keys;
mod loose;
mod run;
mod shapes;

pub use document::{DocumentFact, Judged, fact_of, is_listing};
pub use events::{Event, Fact, Found, What};
pub use keys::{Echo, Key, LinePlace, Mark, Who};
pub use shapes::Shapes;

use std::borrow::Cow;

use crate::filter::{Engine, Scratch};
use crate::format::{tropo, twilio};
use crate::model::{Id, Severity, Stamp, Time};
use keys::Keys;
use run::Run;

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
