//! Whose line is it? The ids of every line, looked up by the text of its columns, parsed once for each distinct text.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use memchr::memmem;

use crate::filter::Note;
use crate::format::tropo::{self, Alias, Form, Ids, Split};
use crate::model::{Id, Stamp, Time};

/// Whom lines belong to, as far as the block itself tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A session, or a call or message of Twilio's.
    Call(Id),
    /// Whatever the alias stands for at the beginning of the block.
    Alias(Alias),
    /// Lines that name only an id which may belong to a session (SIP Call-ID, `sas_…`).
    Loose(Id),
    /// Nobody: the server itself.
    Nobody,
}

/// A line's place: number in the block, offset in the input, length.
pub type LinePlace = (u64, u64, u32);

/// Lines of one owner in a block.
#[derive(Clone, Debug)]
pub struct Key {
    /// The owner.
    pub who: Who,
    /// Other ids that its columns named (call ids, GUID).
    pub also: Vec<Id>,
    /// Its parent session, when the GUID names another one.
    pub guid: Option<Id>,
    /// How many lines.
    pub lines: u64,
    /// The first.
    pub first: Mark,
    /// Where the line or document that holds the first begins: its line's number in the block, its offset in the input.
    pub begins: (u64, u64),
    /// The last.
    pub last: Mark,
    /// The script echoed among them.
    pub echo: Option<Echo>,
    /// Lines that are only noted: by [`Note`], the first for the app, the last for others.
    pub notes: [Option<LinePlace>; Note::COUNT],
    /// The owner of later lines of this alias, when the block showed it.
    pub now: Option<Who>,
}

/// A line and its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub place: LinePlace,
    /// When.
    pub stamp: Stamp,
}

/// A script echoed into the log, line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Smallest number echoed: the developer's own line 1.
    pub smallest: u32,
    /// Offset of the first echoed line in the input.
    pub from: u64,
    /// Offset behind the last.
    pub to: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    /// Index of the entry that the alias stands for now.
    now: Option<u32>,
}

/// Owners that a block has at most as a rule: a list that grows entry by entry would be moved again and again, among
/// what the fold keeps, and leave the memory full of holes.
const ROOM: usize = 512;

/// The owners of a block's lines.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    by_text: HashMap<(u8, &'a [u8]), u32, RandomState>,
    by_who: HashMap<Who, u32, RandomState>,
    entries: Vec<Entry>,
    previous: Option<(&'a [u8], u8, u32)>,
    /// Ids told already.
    learnt: HashSet<(u32, Id), RandomState>,
    /// The time columns read last.
    time: Option<(&'a [u8], Form, Stamp)>,
    /// Times of the first and last record that has one.
    stamps: Option<(Stamp, Stamp)>,
}

impl Default for Keys<'_> {
    fn default() -> Self {
        Self {
            by_text: HashMap::default(),
            by_who: HashMap::default(),
            entries: Vec::with_capacity(ROOM),
            previous: None,
            learnt: HashSet::default(),
            time: None,
            stamps: None,
        }
    }
}

impl<'a> Keys<'a> {
    /// The owner of a log line.
    pub(super) fn of(&mut self, line: &'a [u8], split: &Split, links: &mut Vec<(Id, Id)>) -> u32 {
        let text = &line[split.key.0 as usize..split.key.1 as usize];
        let form = split.form as u8;
        let column = match self.previous {
            Some((t, f, n)) if f == form && t == text => n,
            _ => {
                let n = match self.by_text.get(&(form, text)) {
                    Some(&n) => n,
                    None => self.enter(line, split, (form, text)),
                };
                self.previous = Some((text, form, n));
                n
            }
        };
        if matches!(self.entries[column as usize].key.who, Who::Call(_)) {
            return column;
        }
        self.by_message(line.get(split.message as usize..).unwrap_or_default(), column, links)
    }

    /// A new text of columns.
    fn enter(&mut self, line: &'a [u8], split: &Split, text: (u8, &'a [u8])) -> u32 {
        let ids = Ids::of(line, split);
        let who = match (ids.session, ids.alias, &ids.call) {
            (Some(s), _, _) => Who::Call(s),
            (None, Some(a), _) => Who::Alias(a),
            (None, None, Some(c)) => Who::Loose(c.clone()),
            (None, None, None) => Who::Nobody,
        };
        let n = self.entry(&who);
        let key = &mut self.entries[n as usize].key;
        if let Some(call) = ids.call
            && !key.also.contains(&call)
        {
            key.also.push(call);
        }
        if ids.guid.is_some() {
            key.guid = ids.guid;
        }
        self.by_text.insert(text, n);
        n
    }

    /// The entry of an owner.
    pub(super) fn entry(&mut self, who: &Who) -> u32 {
        if let Some(&n) = self.by_who.get(who) {
            return n;
        }
        let n = self.entries.len() as u32;
        let key = Key {
            who: who.clone(),
            also: Vec::new(),
            guid: None,
            lines: 0,
            first: Mark::default(),
            begins: (0, 0),
            last: Mark::default(),
            echo: None,
            notes: [None; Note::COUNT],
            now: None,
        };
        self.entries.push(Entry { key, now: None });
        self.by_who.insert(who.clone(), n);
        n
    }

    /// The columns name no session: the message may.
    fn by_message(&mut self, message: &[u8], column: u32, links: &mut Vec<(Id, Id)>) -> u32 {
        if message.starts_with(b"Set logging context for ") || message.starts_with(b"#TROPO#: Set logging context for ")
        {
            return self.context(message, column, links);
        }
        let alias = tropo::application_session_in(message).map(Id::new);
        if let Some(session) = tropo::session_in(message) {
            let session = Id::new(session);
            if let Some(alias) = alias {
                links.push((alias, session.clone()));
            }
            let n = self.entry(&Who::Call(session));
            if matches!(self.entries[column as usize].key.who, Who::Alias(Alias::Guid4(_))) {
                self.entries[column as usize].now = Some(n);
            }
            return n;
        }
        if let Some(n) = self.entries[column as usize].now {
            return n;
        }
        match (&self.entries[column as usize].key.who, alias) {
            (Who::Nobody, Some(alias)) => self.entry(&Who::Loose(alias)),
            _ => column,
        }
    }

    /// `Set logging context for T to accountID=… host=… sessionGUID=… sessionNumber=… callID=…`: from here on thread T
    /// works for that session.
    fn context(&mut self, message: &[u8], column: u32, links: &mut Vec<(Id, Id)>) -> u32 {
        let field = |name: &[u8]| {
            let at = memmem::find(message, name)?;
            let rest = &message[at + name.len()..];
            let value = rest.split(u8::is_ascii_whitespace).next()?;
            (!matches!(value, b"" | b"0" | b"-1" | b"null")).then_some(value)
        };
        // A line that ends the work for a session is the last of it.
        let before = self.entries[column as usize].now;
        let thread = field(b"context for ");
        let session = field(b" sessionNumber=").map(Id::new);
        let target = session.as_ref().map_or(Who::Nobody, |s| Who::Call(s.clone()));
        let n = self.entry(&target);
        if let Some(session) = &session {
            if let Some(call) = field(b" callID=") {
                links.push((Id::new(call), session.clone()));
            }
            let key = &mut self.entries[n as usize].key;
            if let Some(guid) = field(b" sessionGUID=") {
                key.guid = Some(Id::new(guid));
            }
        }
        if let Some(t) = thread {
            let thread = self.entry(&Who::Alias(Alias::Thread(t.into())));
            self.entries[thread as usize].now = Some(n);
        }
        if matches!(self.entries[column as usize].key.who, Who::Alias(Alias::Guid4(_))) && session.is_some() {
            self.entries[column as usize].now = Some(n);
        }
        if session.is_some() { n } else { before.unwrap_or(column) }
    }

    /// Learns the ids that a line of a session names beside its columns.
    pub(super) fn learn(&mut self, n: u32, line: &[u8], split: &Split, links: &mut Vec<(Id, Id)>) {
        let key = &mut self.entries[n as usize].key;
        if !matches!(key.who, Who::Call(_) | Who::Alias(_)) {
            return;
        }
        for id in tropo::ids_in(tropo::trim_end(line), split) {
            if !self.learnt.insert((n, id.clone())) {
                continue;
            }
            match &key.who {
                Who::Call(session) => links.push((id, session.clone())),
                // Whose they are is known to the fold.
                _ if key.also.contains(&id) => {}
                _ => key.also.push(id),
            }
        }
    }

    /// Counts a line for its owner.
    pub(super) fn touch(&mut self, n: u32, place: LinePlace, line: &'a [u8], split: &Split) {
        let stamp = self.stamp(line, split);
        let key = &mut self.entries[n as usize].key;
        key.last = Mark { place, stamp };
        if key.lines == 0 {
            key.first = key.last;
            key.begins = (place.0, place.1);
        }
        key.lines += 1;
    }

    /// The time of a line; neighbouring lines often have the same.
    fn stamp(&mut self, line: &'a [u8], split: &Split) -> Stamp {
        let head = match split.form {
            Form::Archive | Form::Node | Form::Prism => line.get(split.start as usize..).and_then(|l| l.get(..24)),
            Form::Debugger | Form::Message => None,
        };
        if let (Some(h), Some((known, form, stamp))) = (head, self.time)
            && form == split.form
            && known == h
        {
            return stamp;
        }
        let stamp = tropo::stamp(line, split);
        if let Some(h) = head {
            self.time = Some((h, split.form, stamp));
        }
        if stamp != Stamp::None {
            self.stamps = Some((self.stamps.map_or(stamp, |s| s.0), stamp));
        }
        stamp
    }

    /// Notes a line for its owner.
    pub(super) fn note(&mut self, n: u32, note: Note, place: LinePlace) {
        let slot = &mut self.entries[n as usize].key.notes[note as usize];
        if note != Note::App || slot.is_none() {
            *slot = Some(place);
        }
    }

    /// Counts a record of a document, whose time is already known, for its owner; `lines` is how many lines it takes.
    pub(super) fn touch_document(&mut self, n: u32, place: LinePlace, document: LinePlace, lines: u64, stamp: Stamp) {
        let key = &mut self.entries[n as usize].key;
        let mark = Mark { place, stamp };
        if key.lines == 0 {
            (key.first, key.last) = (mark, mark);
            key.begins = (document.0, document.1);
        }
        // Documents come in any order of time.
        key.last.place = place;
        if let Stamp::At(t) = stamp {
            if !matches!(key.first.stamp, Stamp::At(first) if first <= t) {
                key.first.stamp = stamp;
            }
            if !matches!(key.last.stamp, Stamp::At(last) if last >= t) {
                key.last.stamp = stamp;
            }
        }
        key.lines += lines;
    }

    /// A further line of the owner's last record.
    pub(super) fn extend(&mut self, n: u32, place: LinePlace) {
        let key = &mut self.entries[n as usize].key;
        key.lines += 1;
        key.last.place = place;
    }

    /// A line of the developer's script.
    pub(super) fn echo(&mut self, n: u32, number: u32, place: LinePlace) {
        let end = place.1 + u64::from(place.2);
        let key = &mut self.entries[n as usize].key;
        match &mut key.echo {
            Some(e) => {
                e.smallest = e.smallest.min(number);
                e.to = end;
            }
            None => {
                key.echo = Some(Echo {
                    smallest: number,
                    from: place.1,
                    to: end,
                });
            }
        }
    }

    /// The keys, and the times of the block's first and last record that has one.
    pub(super) fn finish(self) -> (Vec<Key>, Option<(Stamp, Stamp)>) {
        let now: Vec<Option<Who>> = self
            .entries
            .iter()
            .map(|e| e.now.map(|n| self.entries[n as usize].key.who.clone()))
            .collect();
        let keys = self
            .entries
            .into_iter()
            .zip(now)
            .map(|(e, now)| Key { now, ..e.key })
            .collect();
        (keys, self.stamps)
    }
}

/// A moment at the beginning of a SIP Call-ID or MRCP session id: 13 digits of epoch milliseconds and a dash.
pub(super) fn epoch_in(line: &[u8]) -> Option<Time> {
    for mark in [b"callID=1".as_slice(), b"Call-ID: 1", b"Session: 1", b"#[1", b"[1"] {
        if let Some(at) = memmem::find(line, mark) {
            let digits = &line[at + mark.len() - 1..];
            if digits.len() > 13 && digits[..13].iter().all(u8::is_ascii_digit) && digits[13] == b'-' {
                let text = std::str::from_utf8(&digits[..13]).ok()?;
                return text.parse().ok().map(Time);
            }
        }
    }
    None
}
