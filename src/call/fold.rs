//! Owners and places: which call a scanned line belongs to, across blocks and inputs.
//!
//! What reads or changes a call goes through `touch` first: it takes back what a look in between settled, and notes
//! the call for the next look.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};

use super::clock::{Clock, When};
use super::intern::Interner;
use super::steps::Branches;
use super::trial::Trial;
use super::{Call, Exchange, Finding, Live, Range, Unparsed};
use crate::filter::{Engine, Note};
use crate::format::tropo::Alias;
use crate::model::{Id, InputId, Place, Provider, Stamp, Time};
use crate::scan::{Event, Key, Loose, Scanned, What, Who};

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
    watch: Option<Watch>,
}

/// Primary ids of calls, and the owners and places of lines that are theirs or may become theirs.
type Watch = (HashSet<Id>, Vec<(u32, Place)>);

/// Where the fold stands in one input.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) clock: Clock,
    /// The latest moment that its lines tell.
    pub(super) latest: Option<Time>,
    guid4: HashMap<[u8; 4], u32>,
    threads: HashMap<Box<[u8]>, u32>,
    /// The last record's call, and whether it goes on over further lines.
    last: Option<(u32, bool)>,
}

/// The place of lines that belong to no call.
pub(super) const NOBODY: u32 = 0;

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

    /// Keeps the place of every line of the calls with these primary ids, of passes that give every line
    /// ([`crate::scan::Pass::every`]).
    pub fn watch(&mut self, ids: HashSet<Id>) {
        self.watch = Some((ids, Vec::new()));
    }

    /// The watched calls' lines with the primary id of their call, in order.
    pub fn watched(&mut self) -> Vec<(Id, Place)> {
        let Some((ids, lines)) = self.watch.take() else {
            return Vec::new();
        };
        let lines = lines
            .into_iter()
            .map(|(n, p)| (&self.calls[self.root(n) as usize].id, p));
        lines
            .filter(|(id, _)| ids.contains(id))
            .map(|(id, p)| (id.clone(), p))
            .collect()
    }

    /// Whether a line of this owner is watched, or may turn out to be.
    fn may_be_watched(&self, call: u32, ids: &HashSet<Id>) -> bool {
        let call = self.root(call);
        let c = &self.calls[call as usize];
        let settled = call == NOBODY || c.live.own && !stands_alone(&c.id);
        !settled || ids.contains(&c.id)
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
        let mut marks: Vec<(u64, bool, u32, Stamp)> = Vec::new();
        for (n, key) in block.keys.iter().enumerate().filter(|(_, k)| k.lines > 0) {
            marks.push((key.first.place.0, false, n as u32, key.first.stamp));
            marks.push((key.last.place.0, true, n as u32, key.last.stamp));
        }
        // In the order of lines, so that a clock without dates passes midnight where the input does.
        if marks.iter().any(|m| !matches!(m.3, Stamp::At(_) | Stamp::None)) {
            marks.sort_by_key(|m| m.0);
        }
        for (n, key) in block.keys.iter().enumerate() {
            self.key(owners[n], key);
        }
        self.in_order(&marks, block.events, &owners, block.anchor);
        if let Some((_, last)) = block.stamps {
            self.clock().read(last);
        }
        for (n, key) in block.keys.iter().enumerate() {
            self.notes(owners[n], key);
            self.now(key);
        }
        if let Some((ids, mut lines)) = self.watch.take() {
            let wanted: Vec<bool> = owners.iter().map(|&n| self.may_be_watched(n, &ids)).collect();
            for &(n, line, byte, len) in block.every.iter().filter(|e| wanted[e.0 as usize]) {
                lines.push((owners[n as usize], self.place(line, byte, len)));
            }
            self.watch = Some((ids, lines));
        }
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
    fn in_order(
        &mut self,
        marks: &[(u64, bool, u32, Stamp)],
        events: Vec<Event>,
        owners: &[u32],
        mut anchor: Option<(u64, Stamp, Time)>,
    ) {
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

    /// The call behind an owner of this block.
    fn owner(&mut self, who: &Who) -> u32 {
        match who {
            Who::Nobody => NOBODY,
            Who::Call(id) => {
                let provider = match id.sid_prefix() {
                    Some(_) => Provider::Twilio,
                    None => Provider::Tropo,
                };
                self.call_of(id, provider)
            }
            Who::Loose(id) => match self.ids.get(id) {
                Some(n) => self.root(n),
                None => {
                    // A SIP Call-ID alone is not yet a call; an application session is.
                    let real = id.to_string().starts_with("sas_");
                    let n = self.new_call(id.clone(), Provider::Tropo, real);
                    self.name(id, n);
                    n
                }
            },
            Who::Alias(Alias::Thread(t)) => {
                let known = self.input_mut().threads.get(t).copied();
                known.map_or(NOBODY, |n| self.root(n))
            }
            Who::Alias(Alias::Guid4(g)) => match self.input_mut().guid4.get(g).copied() {
                Some(n) => self.root(n),
                None => {
                    let n = self.new_call(Id::new(g), Provider::Tropo, true);
                    self.input_mut().guid4.insert(*g, n);
                    n
                }
            },
        }
    }

    /// The call of an id, made when it is new.
    pub(super) fn call_of(&mut self, id: &Id, provider: Provider) -> u32 {
        match self.ids.get(id) {
            Some(n) => {
                let n = self.root(n);
                self.touch(n);
                let c = &mut self.calls[n as usize];
                if c.id == *id || c.live.own {
                    c.live.own = true;
                    return n;
                }
                // Known only as a part of something that was no call of its own: this is the call.
                let fresh = self.new_call(id.clone(), provider, true);
                self.merge(n, fresh);
                self.name(id, fresh);
                fresh
            }
            None => {
                let n = self.new_call(id.clone(), provider, true);
                self.name(id, n);
                n
            }
        }
    }

    fn new_call(&mut self, id: Id, provider: Provider, own: bool) -> u32 {
        let index = self.calls.len() as u32;
        self.touched.push(index);
        self.calls.push(Call {
            index,
            id,
            real: false,
            provider,
            also: Vec::new(),
            guid: None,
            parent: None,
            app: None,
            from: None,
            to: None,
            direction: None,
            started: When::Never,
            ended: When::Never,
            lines: 0,
            ranges: Vec::new(),
            state: None,
            state_at: None,
            app_at: None,
            echo: None,
            exchanges: Vec::new(),
            findings: Vec::new(),
            live: Live {
                own,
                touched: true,
                ..Live::default()
            },
        });
        index
    }

    /// A call is about to change.
    pub(super) fn touch(&mut self, call: u32) {
        self.keep(call);
        if !self.calls[call as usize].live.touched {
            self.unsettle(call);
            self.calls[call as usize].live.touched = true;
            self.touched.push(call);
        }
    }

    /// A call is known by this id from now on.
    fn name(&mut self, id: &Id, call: u32) {
        let (key, was) = self.ids.insert(id, call);
        if let Some(trial) = &mut self.trial {
            trial.ids.push((key, was));
        }
    }

    /// Another id of a call. An id that stood alone until now brings its lines along.
    pub(super) fn also(&mut self, call: u32, id: Id) {
        let call = self.root(call);
        if call == NOBODY || self.calls[call as usize].id == id {
            return;
        }
        match self.ids.get(&id) {
            None => {
                self.name(&id, call);
            }
            Some(other) => {
                let other = self.root(other);
                if other != call && self.calls[other as usize].id == id && stands_alone(&id) {
                    self.merge(other, call);
                }
            }
        }
        self.touch(call);
        add(&mut self.calls[call as usize].also, id);
    }

    /// The call that a call was merged into.
    pub(super) fn root(&self, mut call: u32) -> u32 {
        while let Some(into) = self.calls[call as usize].live.merged {
            call = into;
        }
        call
    }

    /// Everything of `from` becomes `into`'s.
    fn merge(&mut self, from: u32, into: u32) {
        if from == into || from == NOBODY {
            return;
        }
        self.touch(from);
        self.touch(into);
        let f = &mut self.calls[from as usize];
        f.live.own = false;
        f.live.merged = Some(into);
        let (also, ranges) = (std::mem::take(&mut f.also), std::mem::take(&mut f.ranges));
        let (exchanges, findings) = (std::mem::take(&mut f.exchanges), std::mem::take(&mut f.findings));
        let (started, ended, lines, id) = (f.started, f.ended, f.lines, f.id.clone());
        let (state, app, echo) = (f.state.take(), f.app.take(), f.echo.take());
        let (state_at, app_at) = (f.state_at, f.app_at);
        for &n in &exchanges {
            self.exchanges[n as usize].call = into;
        }
        for &n in &findings {
            self.findings[n as usize].call = into;
        }
        if self.calls[from as usize].live.listed {
            self.waits(into);
        }
        let c = &mut self.calls[into as usize];
        c.lines += lines;
        c.exchanges.splice(0..0, exchanges);
        c.findings.splice(0..0, findings);
        if started != When::Never {
            c.started = started;
        }
        if c.ended == When::Never {
            c.ended = ended;
        }
        c.state = c.state.take().or(state);
        c.app = c.app.take().or(app);
        c.echo = c.echo.take().or(echo);
        c.state_at = c.state_at.or(state_at);
        c.app_at = c.app_at.or(app_at);
        for range in ranges {
            widen(&mut c.ranges, range);
        }
        for id in also.into_iter().chain(std::iter::once(id)) {
            if c.id != id {
                add(&mut c.also, id);
            }
        }
    }

    /// Counts, ranges and ids of a block's owner.
    fn key(&mut self, call: u32, key: &Key) {
        self.touch(call);
        if key.lines > 0 {
            let (input, base) = (self.input_id(), self.input_mut().lines);
            let c = &mut self.calls[call as usize];
            c.lines += key.lines;
            c.live.last_line = base + key.last.place.0 + 1;
            let (line, byte) = key.begins;
            let range = Range {
                input,
                lead: u32::try_from(key.first.place.1 - byte).unwrap_or(u32::MAX),
                line: base + line + 1,
                from: key.first.place.1,
                to: key.last.place.1 + u64::from(key.last.place.2),
            };
            widen(&mut c.ranges, range);
            if let Some(e) = key.echo {
                match &mut c.echo {
                    Some((i, smallest, _, to)) if *i == input => {
                        *smallest = e.smallest.min(*smallest);
                        *to = e.to;
                    }
                    echo => *echo = Some((input, e.smallest, e.from, e.to)),
                }
            }
        }
        if call == NOBODY {
            return;
        }
        if let Some(guid) = &key.guid
            && *guid != self.calls[call as usize].id
        {
            let c = &mut self.calls[call as usize];
            add(&mut c.also, guid.clone());
            c.guid = Some(guid.clone());
        }
        for id in &key.also {
            self.also(call, id.clone());
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

    /// What an alias stands for from now on.
    fn now(&mut self, key: &Key) {
        let (Who::Alias(alias), Some(now)) = (&key.who, &key.now) else {
            return;
        };
        let target = self.owner(now);
        match alias {
            Alias::Thread(t) => {
                self.input_mut().threads.insert(t.clone(), target);
            }
            Alias::Guid4(g) => {
                // Rows before the session was named: they are its own.
                if let Some(n) = self.input_mut().guid4.get(g).copied() {
                    let n = self.root(n);
                    if self.calls[n as usize].id == Id::new(g) {
                        self.merge(n, target);
                    }
                }
                self.input_mut().guid4.insert(*g, target);
            }
        }
    }

    /// Loose lines at the beginning of a block: parts of the record before it, or nothing that can be read.
    fn leading(&mut self, loose: Vec<Loose>) {
        for l in loose {
            match self.input_mut().last {
                Some((call, open)) if open || l.continues => {
                    let place = self.place(l.line, l.byte, l.len);
                    if let Some((ids, mut lines)) = self.watch.take() {
                        if self.may_be_watched(call, &ids) {
                            lines.push((call, place));
                        }
                        self.watch = Some((ids, lines));
                    }
                    let call = self.root(call);
                    self.touch(call);
                    let c = &mut self.calls[call as usize];
                    c.lines += 1;
                    c.live.last_line = place.line;
                    let range = Range {
                        input: place.input,
                        lead: 0,
                        line: place.line,
                        from: l.byte,
                        to: l.byte + u64::from(l.len),
                    };
                    widen(&mut c.ranges, range);
                }
                _ => self.not_read(&l),
            }
        }
    }

    /// A place in the current block, by its line's number there.
    fn place(&self, line: u64, byte: u64, len: u32) -> Place {
        let before = self.inputs.get(self.current).map_or(0, |i| i.lines);
        Place {
            input: self.input_id(),
            line: before + line + 1,
            byte,
            len,
        }
    }

    fn not_read(&mut self, l: &Loose) {
        let place = self.place(l.line, l.byte, l.len);
        if let Some(last) = self.unparsed.last_mut() {
            let end = last.place.byte + u64::from(last.place.len);
            let next = last.place.input == place.input && last.place.line + last.lines == place.line;
            let len = (place.byte + u64::from(place.len)).saturating_sub(last.place.byte);
            if next && end < place.byte && len < u64::from(u32::MAX) && l.why.is_empty() && last.why.is_empty() {
                last.place.len = len as u32;
                last.lines += 1;
                return;
            }
        }
        let why = self.texts.text(&l.why);
        self.unparsed.push(Unparsed {
            place,
            lines: l.lines,
            why,
        });
    }

    /// A shared text.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.text(text)
    }
}

/// Ids of calls, and ids that belong to one: by a hash of 64 bits, because a log may have a great many. Two ids of one run
/// with the same hash are not to be expected (one in 10^8 for a million ids).
#[derive(Debug, Default)]
pub(super) struct Ids {
    calls: HashMap<u64, u32, RandomState>,
    state: FixedState,
}

impl Ids {
    pub(super) fn get(&self, id: &Id) -> Option<u32> {
        self.calls.get(&self.state.hash_one(id)).copied()
    }

    /// Gives an id to a call; tells its hash, and whose it was.
    fn insert(&mut self, id: &Id, call: u32) -> (u64, Option<u32>) {
        let key = self.state.hash_one(id);
        (key, self.calls.insert(key, call))
    }

    pub(super) fn put_back(&mut self, key: u64, was: Option<u32>) {
        match was {
            Some(call) => self.calls.insert(key, call),
            None => self.calls.remove(&key),
        };
    }
}

/// Ids that may have stood alone before their session was named; a session is never swallowed by another.
fn stands_alone(id: &Id) -> bool {
    let text = id.to_string();
    text.starts_with("sas_") || text.len() != 32
}

/// Adds an id to the few that a call has.
fn add(also: &mut Vec<Id>, id: Id) {
    if !also.contains(&id) {
        also.push(id);
    }
}

fn widen(ranges: &mut Vec<Range>, range: Range) {
    match ranges.iter_mut().find(|r| r.input == range.input) {
        Some(r) => {
            let to = r.to.max(range.to);
            if range.from < r.from {
                *r = range;
            }
            r.to = to;
        }
        None => {
            ranges.push(range);
            ranges.sort_unstable();
        }
    }
}
