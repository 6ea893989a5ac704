//! The fold itself: blocks of scanned lines taken one after the other, each input where it stands.
//!
//! One block's lines and events are taken in the order of the input, as a clock without dates wants them. Which call a line
//! belongs to is the matter of `owners`, how far a call reaches that of `extent`; what the lines tell is taken in by `lines` and
//! `documents`.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::clock::{Clock, When};
use super::intern::Interner;
use super::owners::{Ids, NOBODY};
use super::steps::Branches;
use super::trial::Trial;
use super::watch::Watch;
use super::{Call, Exchange, Finding, Unparsed};
use crate::filter::{Engine, Note};
use crate::model::{Id, InputId, Place, Provider, Stamp, Time};
use crate::scan::{Event, Key, Scanned, What};

/// The calls so far.
pub struct Fold<'e> {
    pub(super) engine: &'e Engine,
    pub(super) calls: Vec<Call>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) findings: Vec<Finding>,
    pub(super) texts: Interner,
    pub(super) ids: Ids,
    /// Events of documents already taken: finding and exchange.
    pub(super) seen: HashMap<Id, (Option<u32>, Option<u32>), RandomState>,
    pub(super) unparsed: Vec<Unparsed>,
    /// By their numbers; one that has not begun is blank.
    pub(super) inputs: Vec<Input>,
    /// The input whose block is taken.
    current: usize,
    /// Calls touched since the last look.
    pub(super) touched: Vec<u32>,
    /// How a Gather's action was answered so far, for looks.
    pub(super) branches: Branches,
    /// What is under way that will be taken back.
    pub(super) trial: Option<Box<Trial>>,
    /// This machine's clock, where the input is live.
    pub(super) now: Option<Time>,
    /// Calls that wait for something.
    pub(super) open: Vec<u32>,
    /// Ids of calls whose lines are wanted, and the lines found so far.
    pub(super) watch: Option<Watch>,
}

/// Where the fold stands in one input.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) clock: Clock,
    /// The latest moment that its lines tell.
    pub(super) latest: Option<Time>,
    pub(super) guid4: HashMap<[u8; 4], u32>,
    pub(super) threads: HashMap<Box<[u8]>, u32>,
    /// The last record's call, and whether it goes on over further lines.
    pub(super) last: Option<(u32, bool)>,
}

/// The first or last line of a call in a block: its number there, whether it is the last, whose it is, its time.
type Mark = (u64, bool, u32, Stamp);

/// Room for calls from the start. Memory that nothing was written to costs nothing, and a system's allocator moves what
/// is large by remapping it: a list that begins small may be copied as it grows, and leaves its old places behind.
const ROOM: usize = 1 << 14;

impl<'e> Fold<'e> {
    /// An empty fold.
    pub fn new(engine: &'e Engine) -> Self {
        let mut fold = Self {
            engine,
            calls: Vec::with_capacity(ROOM),
            exchanges: Vec::with_capacity(2 * ROOM),
            findings: Vec::with_capacity(ROOM),
            texts: Interner::default(),
            ids: Ids::default(),
            seen: HashMap::default(),
            unparsed: Vec::new(),
            inputs: Vec::new(),
            current: 0,
            touched: Vec::new(),
            branches: Branches::default(),
            trial: None,
            now: None,
            open: Vec::new(),
            watch: None,
        };
        fold.new_call(Id::from("-"), Provider::Tropo, false);
        fold
    }

    /// Begins the next input.
    pub fn begin(&mut self) {
        self.begin_at(self.inputs.len() as InputId, 1);
    }

    /// Begins in the middle of an input, with a line of this number; inputs may be left out.
    pub fn begin_at(&mut self, input: InputId, line: u64) {
        self.turn_to(input);
        self.inputs[self.current] = Input {
            lines: line.saturating_sub(1),
            ..Input::default()
        };
    }

    /// Begins an input that goes on where another one ended: what its lines call by an alias, and the date of its clock,
    /// are known from there.
    pub fn begin_after(&mut self, input: InputId, line: u64, before: InputId) {
        let before = self.inputs.get(before as usize).cloned().unwrap_or_default();
        self.turn_to(input);
        self.inputs[self.current] = Input {
            lines: line.saturating_sub(1),
            bytes: 0,
            ..before
        };
    }

    /// The next blocks are of this input: several may be read by turns.
    pub fn turn_to(&mut self, input: InputId) {
        self.current = input as usize;
        if self.inputs.len() <= self.current {
            self.inputs.resize_with(self.current + 1, Input::default);
        }
    }

    /// Lines and bytes of the current input so far.
    pub fn so_far(&self) -> (u64, u64) {
        self.inputs.get(self.current).map_or((0, 0), |i| (i.lines, i.bytes))
    }

    /// Lines that could not be read so far, all inputs.
    pub fn unparsed(&self) -> u64 {
        self.unparsed.iter().map(|u| u.lines).sum()
    }

    /// Takes the next block of the current input.
    pub fn take(&mut self, block: Scanned) {
        for (alias, session) in block.links {
            let call = self.call_of(&session, Provider::Tropo);
            self.also(call, alias);
        }
        self.leading(block.leading);
        if let Some((first, _)) = block.stamps {
            self.clock().read(first);
        }
        let mut owners: Vec<u32> = Vec::with_capacity(block.keys.len());
        for key in &block.keys {
            owners.push(self.owner(&key.who));
        }
        for (n, key) in block.keys.iter().enumerate() {
            self.key(owners[n], key);
        }
        self.in_order(&marks(&block.keys), block.events, &owners, block.anchor);
        if let Some((_, last)) = block.stamps {
            self.clock().read(last);
        }
        for (n, key) in block.keys.iter().enumerate() {
            self.notes(owners[n], key);
            self.now(key);
        }
        self.watch_lines(&block.every, &owners);
        for loose in block.unparsed {
            self.not_read(&loose);
        }
        if let Some(open) = block.open {
            let last = block.last_key.map_or(NOBODY, |n| owners[n as usize]);
            self.input_mut().last = Some((last, open));
        }
        self.input_mut().lines += block.lines;
        self.input_mut().bytes += block.bytes;
    }

    /// First and last lines of calls, events and the line that tells the date, in the order of the block: a clock without
    /// dates must not be read out of order.
    fn in_order(&mut self, marks: &[Mark], events: Vec<Event>, owners: &[u32], mut anchor: Option<(u64, Stamp, Time)>) {
        let mut marks = marks.iter().peekable();
        for event in events {
            while let Some(m) = marks.next_if(|m| m.0 <= event.line) {
                self.learn(&mut anchor, m.0);
                self.mark(owners[m.2 as usize], m.1, m.3);
            }
            self.learn(&mut anchor, event.line);
            self.event(owners[event.key as usize], event);
        }
        for m in marks {
            self.learn(&mut anchor, m.0);
            self.mark(owners[m.2 as usize], m.1, m.3);
        }
        self.learn(&mut anchor, u64::MAX);
    }

    /// Takes the date in once its line is reached.
    fn learn(&mut self, anchor: &mut Option<(u64, Stamp, Time)>, line: u64) {
        if let Some((_, stamp, full)) = anchor.take_if(|a| a.0 <= line) {
            let when = self.clock().read(stamp);
            self.clock().learn(when, full);
        }
    }

    fn mark(&mut self, call: u32, last: bool, stamp: Stamp) {
        let when = self.clock().read(stamp);
        if when == When::Never {
            return;
        }
        if let Some(t) = when.time() {
            let latest = &mut self.input_mut().latest;
            *latest = (*latest).max(Some(t));
        }
        let call = self.root(call);
        self.touch(call);
        let c = &mut self.calls[call as usize];
        // Documents come in any order; lines do not.
        let earlier = |a: When, b: When| matches!((a.time(), b.time()), (Some(a), Some(b)) if a < b);
        if c.started == When::Never || earlier(when, c.started) {
            c.started = when;
        }
        if (last || c.ended == When::Never) && !earlier(when, c.ended) {
            c.ended = when;
        }
    }

    pub(super) fn clock(&mut self) -> &mut Clock {
        &mut self.input_mut().clock
    }

    /// The input whose block is taken.
    pub(super) fn input_mut(&mut self) -> &mut Input {
        if self.inputs.len() <= self.current {
            self.turn_to(self.current as InputId);
        }
        &mut self.inputs[self.current]
    }

    /// Number of the input whose block is taken.
    pub(super) fn input_id(&self) -> InputId {
        self.current as InputId
    }

    fn event(&mut self, call: u32, event: Event) {
        let call = self.root(call);
        self.touch(call);
        let place = self.place(event.line, event.byte, event.len);
        let when = self.clock().read(event.stamp);
        match event.what {
            What::Line(facts) => self.line(call, place, when, facts),
            What::Document(fact) => self.document(call, place, when, *fact),
        }
    }

    /// Lines that are only noted.
    fn notes(&mut self, call: u32, key: &Key) {
        if key.notes.iter().all(Option::is_none) {
            return;
        }
        let place = |note: Note| key.notes[note as usize].map(|(line, byte, len)| self.place(line, byte, len));
        let (settles, state, app) = (place(Note::Settles), place(Note::State), place(Note::App));
        let call = self.root(call);
        self.touch(call);
        if let Some(p) = settles {
            self.settled_at(call, p.line);
        }
        let c = &mut self.calls[call as usize];
        c.state_at = state.or(c.state_at);
        c.app_at = c.app_at.or(app);
    }

    /// A place in the current block, by its line's number there.
    pub(super) fn place(&self, line: u64, byte: u64, len: u32) -> Place {
        let before = self.inputs.get(self.current).map_or(0, |i| i.lines);
        Place {
            input: self.input_id(),
            line: before + line + 1,
            byte,
            len,
        }
    }

    /// A shared text.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.text(text)
    }
}

/// The first and last lines of a block's calls.
fn marks(keys: &[Key]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (n, key) in keys.iter().enumerate().filter(|(_, k)| k.lines > 0) {
        marks.push((key.first.place.0, false, n as u32, key.first.stamp));
        marks.push((key.last.place.0, true, n as u32, key.last.stamp));
    }
    // In the order of lines, so that a clock without dates passes midnight where the input does.
    if marks.iter().any(|m| !matches!(m.3, Stamp::At(_) | Stamp::None)) {
        marks.sort_by_key(|m| m.0);
    }
    marks
}
