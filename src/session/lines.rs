//! The lines of calls, hidden ones too, and what they say: read again from the stretches that they stand in.
//!
//! [`Lines`] holds all that the reading needs by value, so that it can go on in a thread of its own while the session is
//! read further. A stretch is folded anew, and the lines are picked by the ids of their calls: what belongs to a call is
//! told by its own lines, which are all in its stretch.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::story::{Item, What};
use super::{Reading, Session};
use crate::call::{Fold, Range, Times, When};
use crate::filter::{Engine, Note, Rule};
use crate::format::tropo;
use crate::input::{self, Sink, Source};
use crate::model::{Id, InputId, Place, Severity, Stamp};
use crate::scan::{Fact, Found, Pass, Scanned, What as Told};

/// The class of what an app logged itself.
const APP_LOG: &str = "app-log";

/// Calls whose lines are wanted, with the inputs that they stand in.
#[derive(Clone, Debug)]
pub struct Lines {
    calls: Vec<Wanted>,
    /// Stretches to read, in the order of the input.
    stretches: Vec<Stretch>,
}

#[derive(Clone, Debug)]
struct Wanted {
    index: u32,
    id: Id,
    ranges: Vec<Range>,
    started: When,
}

/// Neighbouring ranges as one.
#[derive(Clone, Debug)]
struct Stretch {
    source: Source,
    /// Its first byte and line are the first of the ranges.
    range: Range,
}

/// What the lines of calls gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinesRead {
    /// The number of the call and the place of each line, in the order of the input; of a document, the place of each record.
    pub lines: Vec<(u32, Place)>,
    /// States, and what the app logged itself, in the same order.
    pub said: Vec<Item>,
}

impl Session {
    /// What it takes to read the lines of calls.
    pub fn lines_of(&self, calls: impl IntoIterator<Item = u32>) -> Lines {
        let calls: Vec<_> = calls
            .into_iter()
            .filter_map(|n| self.calls.calls.get(n as usize))
            .map(|c| Wanted {
                index: c.index,
                id: c.id.clone(),
                ranges: c.ranges.clone(),
                started: c.started,
            })
            .collect();
        let mut ranges: Vec<Range> = calls.iter().flat_map(|c| c.ranges.iter().copied()).collect();
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
                });
            }
        }
        Lines { calls, stretches }
    }
}

impl Lines {
    /// Reads them, with the rules and the reading of their session; none when `go_on` said no on the way.
    pub fn read(&self, engine: &Engine, reading: Reading, go_on: &dyn Fn() -> bool) -> Option<LinesRead> {
        let pass = Pass {
            every: true,
            least: Severity::Info,
            ..reading.pass(engine)
        };
        let mut fold = Fold::new(engine);
        fold.watch(self.calls.iter().map(|c| c.id.clone()).collect::<HashSet<Id>>());
        let mut sink = Stoppable {
            engine,
            fold,
            input: 0,
            said: Vec::new(),
            go_on,
        };
        for s in &self.stretches {
            sink.input = s.range.input;
            sink.fold.begin_at(s.range.input, s.range.line);
            // What cannot be read any more is left out.
            let _ = input::read_part(
                &s.source,
                s.range.begins()..s.range.to,
                pass,
                &mut sink,
                reading.options,
            );
            if !go_on() {
                return None;
            }
        }
        let lines = sink.fold.watched().into_iter();
        let lines: Vec<_> = lines
            .filter_map(|(id, place)| Some((self.call_at(&id, place)?, place)))
            .collect();
        let said = self.said(engine, &lines, sink.said);
        Some(LinesRead { lines, said })
    }

    /// Which of the calls a line is of: ids of rows that lack a session may stand for another call in another input.
    fn call_at(&self, id: &Id, place: Place) -> Option<u32> {
        let of = |c: &&Wanted| c.id == *id && c.ranges.iter().any(|r| r.holds(place));
        self.calls.iter().find(of).map(|c| c.index)
    }

    /// What was said on lines of these calls, with its times.
    fn said(&self, engine: &Engine, lines: &[(u32, Place)], said: Vec<Said>) -> Vec<Item> {
        let owners: HashMap<Place, u32> = lines.iter().map(|&(call, place)| (place, call)).collect();
        let said: Vec<(u32, Said)> = said
            .into_iter()
            .filter_map(|s| Some((*owners.get(&s.place)?, s)))
            .collect();
        let states = self.texts(
            said.iter()
                .map(|(_, s)| s)
                .filter(|s| s.logged.is_none())
                .map(|s| s.place),
        );
        let mut times: HashMap<u32, Times> = self.calls.iter().map(|c| (c.index, Times::from(c.started))).collect();
        let mut items = Vec::new();
        for (call, said) in said {
            let (stamp, what) = match said.logged {
                Some((stamp, text)) => (stamp, Some(What::AppLog(text))),
                None => state(engine, states.get(&said.place).map_or(b"", Vec::as_slice)),
            };
            let at = times.get_mut(&call).map_or(When::Never, |t| t.read(stamp));
            items.extend(what.map(|what| Item {
                call,
                place: said.place,
                at,
                what,
            }));
        }
        items
    }

    fn texts(&self, places: impl Iterator<Item = Place>) -> HashMap<Place, Vec<u8>> {
        let places: Vec<Place> = places.collect();
        let mut out = HashMap::new();
        let mut inputs: Vec<(InputId, &Source)> = self.stretches.iter().map(|s| (s.range.input, &s.source)).collect();
        inputs.dedup_by_key(|i| i.0);
        for (input, source) in inputs {
            let here: Vec<Place> = places.iter().copied().filter(|p| p.input == input).collect();
            let wanted: Vec<(u64, u32)> = here.iter().map(|p| (p.byte, p.len)).collect();
            out.extend(here.into_iter().zip(source.again(&wanted)));
        }
        out
    }
}

/// The state that a line tells.
fn state(engine: &Engine, line: &[u8]) -> (Stamp, Option<What>) {
    let line = tropo::trim_end(line);
    let split = tropo::split(line).unwrap_or(tropo::Split::bare());
    let message = tropo::Message::of(line, &split);
    let state = engine.note_text(Note::State, "state", &message.body);
    (tropo::stamp(line, &split), state.map(What::State))
}

/// A line that says something, whose owner is not known yet: an app's own text, else a state that is to be read.
struct Said {
    place: Place,
    logged: Option<(Stamp, String)>,
}

struct Stoppable<'e, 'g> {
    engine: &'e Engine,
    fold: Fold<'e>,
    input: InputId,
    said: Vec<Said>,
    go_on: &'g dyn Fn() -> bool,
}

impl Stoppable<'_, '_> {
    /// States and the app's own texts of a block, in its order.
    fn listen(&mut self, block: &Scanned) {
        let base = self.fold.so_far().0;
        let place = |(line, byte, len): (u64, u64, u32)| Place {
            input: self.input,
            line: base + line + 1,
            byte,
            len,
        };
        let first = self.said.len();
        for event in &block.events {
            let Told::Line(facts) = &event.what else { continue };
            let logged = facts.iter().find_map(|(rule, fact)| match fact {
                Fact::Found(found) => app_log(self.engine.line_rule(*rule), found),
                _ => None,
            });
            if let Some(text) = logged {
                self.said.push(Said {
                    place: place((event.line, event.byte, event.len)),
                    logged: Some((event.stamp, text)),
                });
            }
        }
        self.said.extend(block.states.iter().map(|&at| Said {
            place: place(at),
            logged: None,
        }));
        self.said[first..].sort_by_key(|s| s.place);
    }
}

/// What the app logged itself, when a finding is that.
fn app_log(rule: &Rule, found: &Found) -> Option<String> {
    if rule.class.as_deref() != Some(APP_LOG) {
        return None;
    }
    let field = |name: &str| found.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let case = rule.case(field);
    if case.is_some_and(|c| c.hide || c.class.as_deref().is_some_and(|c| c != APP_LOG)) {
        return None;
    }
    let title = case.and_then(|c| c.title.as_ref()).or(rule.title.as_ref());
    Some(title.map_or_else(|| found.evidence.clone(), |t| t.fill(field)))
}

impl Sink for Stoppable<'_, '_> {
    /// Each stretch begins by itself.
    fn begin(&mut self) {}

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        self.listen(&block);
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
            let numbers: Vec<u64> = lines.lines.iter().map(|(_, p)| p.line).collect();
            assert_eq!(numbers, (31..=60).collect::<Vec<_>>(), "{name}");
            assert!(lines.lines.iter().all(|(n, _)| *n == call.index));
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
