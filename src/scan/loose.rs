//! Lines that no log form claims: documents, parts of the record above, a message column by itself, or nothing that can be read.

use std::borrow::Cow;

use super::events::{self, Event, What};
use super::run::Run;
use super::{Loose, document};
use crate::format::{tropo, twilio};
use crate::model::Stamp;

impl<'a> Run<'a, '_> {
    /// A line that no log form claims: a document, a part of the record above, or nothing that can be read.
    pub(super) fn loose(&mut self, from: usize, end: usize) -> bool {
        let line = tropo::trim_end(&self.block[from..end]);
        let place = (self.out.lines, self.at + from as u64, (end - from) as u32);
        if self.pass.shapes.documents {
            match twilio::opening(line) {
                twilio::Opening::Whole => return self.whole(line, (from, end), place),
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

    /// A line that looks like a whole document; false when it turns out to be the beginning of one.
    fn whole(&mut self, line: &'a [u8], (from, end): (usize, usize), place: (u64, u64, u32)) -> bool {
        let reading = twilio::read_facts(line);
        if reading.incomplete && reading.records.is_empty() {
            return false;
        }
        let hit = self.take_hits(from, end, line);
        let message = reading.records.is_empty() && hit && self.pass.shapes.takes(tropo::Form::Message);
        if !(message && self.bare_message(line, place, hit)) {
            self.document(line, reading, place);
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
}
