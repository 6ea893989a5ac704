//! The lines of calls, hidden ones too: read again from the stretches that they stand in.
//!
//! [`Lines`] holds all that the reading needs by value, so that it can go on in a thread of its own while the session is
//! read further. A stretch is folded anew, and the lines are picked by the ids of their calls: what belongs to a call is
//! told by its own lines, which are all in its stretch.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{Reading, Session};
use crate::call::{Fold, Range};
use crate::filter::Engine;
use crate::input::{self, Sink, Source};
use crate::model::{Id, Place};
use crate::scan::{Pass, Scanned};

/// Calls whose lines are wanted, with the inputs that they stand in.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Number, primary id, ranges.
    calls: Vec<(u32, Id, Vec<Range>)>,
    /// Stretches to read, in the order of the input.
    stretches: Vec<Stretch>,
}

/// Neighbouring ranges as one.
#[derive(Clone, Debug)]
struct Stretch {
    source: Source,
    /// Its first byte and line are the first of the ranges.
    range: Range,
    begins: u64,
}

impl Session {
    /// What it takes to read the lines of calls.
    pub fn lines_of(&self, calls: impl IntoIterator<Item = u32>) -> Lines {
        let calls: Vec<_> = calls
            .into_iter()
            .filter_map(|n| self.calls.calls.get(n as usize))
            .map(|c| (c.index, c.id.clone(), c.ranges.clone()))
            .collect();
        let mut ranges: Vec<Range> = calls.iter().flat_map(|c| c.2.iter().copied()).collect();
        ranges.sort_by_key(|r| (r.input, r.begins()));
        let mut stretches: Vec<Stretch> = Vec::new();
        for range in ranges {
            let last = stretches.last_mut().map(|s| &mut s.range);
            if let Some(last) = last.filter(|l| l.input == range.input && range.begins() <= l.to) {
                last.to = last.to.max(range.to);
            } else if let Some(input) = self.inputs.get(range.input as usize) {
                stretches.push(Stretch {
                    source: input.source.clone(),
                    range,
                    begins: range.begins(),
                });
            }
        }
        Lines { calls, stretches }
    }
}

impl Lines {
    /// Reads them: the number of the call and the place of each line, in the order of the input; of a document, the place of
    /// each record. Reads as the session was read; none when `go_on` said no on the way.
    pub fn read(&self, engine: &Engine, reading: Reading, go_on: &dyn Fn() -> bool) -> Option<Vec<(u32, Place)>> {
        let pass = Pass {
            every: true,
            ..reading.pass(engine)
        };
        let mut fold = Fold::new(engine);
        fold.watch(self.calls.iter().map(|c| c.1.clone()).collect::<HashSet<Id>>());
        let mut sink = Stoppable { fold, go_on };
        for s in &self.stretches {
            sink.fold.begin_at(s.range.input, s.range.line);
            // What cannot be read any more is left out.
            let _ = input::read_part(&s.source, s.begins..s.range.to, pass, &mut sink, reading.options);
            if !go_on() {
                return None;
            }
        }
        let lines = sink.fold.watched().into_iter();
        Some(
            lines
                .filter_map(|(id, place)| Some((self.call_at(&id, place)?, place)))
                .collect(),
        )
    }

    /// Which of the calls a line is of: ids of rows that lack a session may stand for another call in another input.
    fn call_at(&self, id: &Id, place: Place) -> Option<u32> {
        let of = |(_, i, ranges): &&(u32, Id, Vec<Range>)| i == id && ranges.iter().any(|r| r.holds(place));
        self.calls.iter().find(of).map(|c| c.0)
    }
}

struct Stoppable<'e, 'g> {
    fold: Fold<'e>,
    go_on: &'g dyn Fn() -> bool,
}

impl Sink for Stoppable<'_, '_> {
    /// Each stretch begins by itself.
    fn begin(&mut self) {}

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        self.fold.take(block);
        self.wait()
    }

    fn wait(&mut self) -> ControlFlow<()> {
        if (self.go_on)() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt::Write as _;
    use std::io::Write as _;

    use super::*;
    use crate::filter::builtin;

    /// Two calls, one behind the other, in blocks of their own.
    fn log() -> String {
        let mut out = String::new();
        for n in 0..60 {
            let id = if n < 30 { 1 } else { 2 };
            let _ = writeln!(
                out,
                "2013-02-19 15:07:40.{n:03} DEBUG [Tropo-Thread-{id:032x}] #TROPO#: step {n}"
            );
        }
        out
    }

    #[test]
    fn a_coded_input_gives_the_same_lines_and_can_be_left() {
        let engine = Engine::new(builtin::packs());
        let folder = tempfile::tempdir().unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(log().as_bytes()).unwrap();
        let mut reading = Reading::default();
        reading.options.block = 200;
        for (name, bytes) in [("a.log", log().into_bytes()), ("a.log.gz", gz.finish().unwrap())] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let session = Session::open(&[path], &engine, reading, &mut |_, _| {});
            let call = session
                .calls
                .iter()
                .find(|c| c.id == Id::from(&*format!("{:032x}", 2)))
                .unwrap();
            let wanted = session.lines_of([call.index]);
            let lines = wanted.read(&engine, reading, &|| true).unwrap();
            let numbers: Vec<u64> = lines.iter().map(|(_, p)| p.line).collect();
            assert_eq!(numbers, (31..=60).collect::<Vec<_>>(), "{name}");
            assert!(lines.iter().all(|(n, _)| *n == call.index));
            let asked = Cell::new(0);
            let go_on = || {
                asked.set(asked.get() + 1);
                asked.get() < 3
            };
            assert_eq!(wanted.read(&engine, reading, &go_on), None, "{name}");
            assert!(asked.get() < 8, "{name}: went on for {} blocks", asked.get());
        }
    }
}
