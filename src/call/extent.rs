//! How far calls reach: the lines that they have in an input and the range they stand in, and the lines that nobody has.
//!
//! A block gives first, last and count of each owner's lines; a record may go on in the next block, whose first lines then
//! are its own. What cannot be read is kept in runs, so that a binary file costs one entry.

use super::fold::Fold;
use super::owners::NOBODY;
use super::{Range, Unparsed};
use crate::model::Place;
use crate::scan::{Key, Loose};

impl Fold<'_> {
    /// Counts, ranges and ids of a block's owner.
    pub(super) fn key(&mut self, call: u32, key: &Key) {
        self.touch(call);
        if key.lines > 0 {
            self.reach(call, key);
        }
        if call != NOBODY {
            self.ids_of(call, key);
        }
    }

    /// Lines, range and echoed script of a block's owner.
    fn reach(&mut self, call: u32, key: &Key) {
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
        let Some(e) = key.echo else { return };
        match &mut c.echo {
            Some((i, smallest, _, to)) if *i == input => {
                *smallest = e.smallest.min(*smallest);
                *to = e.to;
            }
            echo => *echo = Some((input, e.smallest, e.from, e.to)),
        }
    }

    /// Loose lines at the beginning of a block: parts of the record before it, or nothing that can be read.
    pub(super) fn leading(&mut self, loose: Vec<Loose>) {
        for l in loose {
            match self.input_mut().last {
                Some((call, open)) if open || l.continues => {
                    let place = self.place(l.line, l.byte, l.len);
                    self.watch_line(call, place);
                    self.goes_on(call, place);
                }
                _ => self.not_read(&l),
            }
        }
    }

    /// A line that goes on with a call's record.
    fn goes_on(&mut self, call: u32, place: Place) {
        let call = self.root(call);
        self.touch(call);
        let c = &mut self.calls[call as usize];
        c.lines += 1;
        c.live.last_line = place.line;
        let range = Range {
            input: place.input,
            lead: 0,
            line: place.line,
            from: place.byte,
            to: place.byte + u64::from(place.len),
        };
        widen(&mut c.ranges, range);
    }

    pub(super) fn not_read(&mut self, l: &Loose) {
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
}

pub(super) fn widen(ranges: &mut Vec<Range>, range: Range) {
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
