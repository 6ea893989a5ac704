//! Everything that was read, folded together: the one thing that the commands and the terminal UI ask.
//!
//! A session keeps facts and places; bodies are read again from their input when someone looks ([`Session::details`]). It
//! can be asked while it is read ([`Live`]); the commands read it to its end first ([`Session::open`]).

mod around;
mod detail;
pub mod groups;
mod lines;
mod live;
pub mod story;

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::call::{Call, Calls, Exchange};
use crate::filter::{Engine, Note};
use crate::format::tropo;
use crate::input::{self, Failure, Options, Sink, Source};
use crate::model::{Place, Provider, RequestKind, Severity, Time};
use crate::scan::{Pass, Scanned, Shapes};

pub use detail::Detail;
pub use lines::{Lines, LinesRead};
pub use live::Live;

/// What one input gave.
#[derive(Debug)]
pub struct Input {
    /// Where it came from, to read places again.
    pub source: Source,
    /// Lines read so far.
    pub lines: u64,
    /// Bytes read so far, of the text that it decodes to.
    pub bytes: u64,
    /// Read to its end, or to its fault.
    pub done: bool,
    /// Why it could not be read to its end.
    pub fault: Option<io::Error>,
}

impl Input {
    /// Nothing of it is read yet.
    fn of(source: Source) -> Self {
        Self {
            source,
            lines: 0,
            bytes: 0,
            done: false,
            fault: None,
        }
    }
}

/// All inputs of a run.
#[derive(Debug)]
pub struct Session {
    /// In the order given.
    pub inputs: Vec<Input>,
    /// What could not be opened.
    pub failures: Vec<Failure>,
    /// Calls, requests, findings.
    pub calls: Calls,
}

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Shapes to look for.
    pub shapes: Shapes,
    /// Threads and block size.
    pub options: Options,
    /// Learn every id that any line ties to a session: to list ids, and to find a call by any of them.
    pub ids: bool,
    /// Findings of log lines less severe than this are not wanted.
    pub least: Option<Severity>,
}

impl Reading {
    /// The pass over every block.
    pub fn pass(self, engine: &Engine) -> Pass<'_> {
        Pass {
            engine,
            shapes: self.shapes,
            every: false,
            ids: self.ids,
            least: self.least.unwrap_or(Severity::Info),
        }
    }
}

impl Session {
    /// Finds and reads everything. `progress` is told bytes done and, when all sizes are known, bytes in all.
    pub fn open(
        names: &[PathBuf],
        engine: &Engine,
        reading: Reading,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Self {
        let (sources, failures) = input::find(names);
        Self::read(sources, failures, engine, reading, progress)
    }

    /// Reads these sources; `failures` is what could not be opened.
    pub fn read(
        sources: Vec<Source>,
        failures: Vec<Failure>,
        engine: &Engine,
        reading: Reading,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Self {
        let live = Live::with(sources.clone(), failures, engine);
        let total: Option<u64> = sources.iter().map(Source::size).sum();
        let mut told = Told { live, progress, total };
        for source in sources {
            let fault = input::read(&source, reading.pass(engine), &mut told, reading.options).err();
            told.live.end_of_input(fault);
        }
        told.live.finish()
    }

    /// The bytes of places, in the order given.
    pub fn again(&self, places: &[Place]) -> Vec<Vec<u8>> {
        let mut out = vec![Vec::new(); places.len()];
        for (n, input) in self.inputs.iter().enumerate() {
            let here: Vec<usize> = (0..places.len()).filter(|&i| places[i].input as usize == n).collect();
            let wanted: Vec<(u64, u32)> = here.iter().map(|&i| (places[i].byte, places[i].len)).collect();
            for (i, bytes) in here.into_iter().zip(input.source.again(&wanted)) {
                out[i] = bytes;
            }
        }
        out
    }

    /// Caller, called and direction of Tropo calls, which stand in the session document of their first request.
    fn meet_people(&mut self, which: impl Fn(&Call) -> bool) {
        let wanted: Vec<u32> = self
            .calls
            .calls
            .iter()
            .filter(|c| c.provider == Provider::Tropo && c.from.is_none() && c.to.is_none() && which(c))
            .filter(|c| !c.known().people)
            .filter_map(|c| {
                let exchanges = || c.exchanges.iter().map(|&n| &self.calls.exchanges[n as usize]);
                exchanges().find(|e| e.kind == RequestKind::Session).map(|e| e.index)
            })
            .collect();
        let exchanges: Vec<&Exchange> = wanted.iter().map(|&n| &self.calls.exchanges[n as usize]).collect();
        let people: Vec<_> = exchanges
            .iter()
            .zip(self.details(&exchanges))
            .map(|(e, d)| (e.call, detail::people(&d)))
            .collect();
        for (call, (from, to, direction)) in people {
            let c = &mut self.calls.calls[call as usize];
            c.know_people(from.as_deref(), to.as_deref(), direction.as_deref());
        }
    }

    /// Reads what was only noted of calls: their last state, and the application when no request names it. What was looked
    /// up stays until the call changes.
    pub fn look_into(&mut self, engine: &Engine, which: impl Fn(&Call) -> bool) {
        let mut wanted: Vec<(u32, Note, Place)> = Vec::new();
        for c in self.calls.calls.iter().filter(|c| which(c)) {
            wanted.extend(
                c.state_at
                    .filter(|_| c.state.is_none() && !c.known().state)
                    .map(|p| (c.index, Note::State, p)),
            );
            wanted.extend(
                c.app_at
                    .filter(|_| c.app.is_none() && !c.known().app)
                    .map(|p| (c.index, Note::App, p)),
            );
        }
        let places: Vec<Place> = wanted.iter().map(|w| w.2).collect();
        let texts = self.again(&places);
        for ((call, note, _), line) in wanted.into_iter().zip(texts) {
            let line = tropo::trim_end(&line);
            let split = tropo::split(line).unwrap_or(tropo::Split::bare());
            let message = tropo::Message::of(line, &split);
            let c = &mut self.calls.calls[call as usize];
            match note {
                Note::State => c.know_state(engine.note_text(note, "state", &message.body).as_deref()),
                Note::App => c.know_app(engine.note_text(note, "app", &message.body).as_deref()),
                Note::Settles => {}
            }
        }
        self.meet_people(which);
    }

    /// Name of an input.
    pub fn name_of(&self, place: Place) -> &str {
        self.inputs.get(place.input as usize).map_or("", |i| &i.source.name)
    }

    /// The id in the store of the event that a place stands in; none where it is of another input.
    pub fn event_of(&self, place: Place) -> Option<i64> {
        self.inputs.get(place.input as usize)?.source.id_of(place.line)
    }

    /// The first and last moment that is known.
    pub fn span(&self) -> Option<(Time, Time)> {
        let first = self.calls.iter().filter_map(|c| c.started.time()).min()?;
        let last = self.calls.iter().filter_map(|c| c.ended.time()).max()?;
        Some((first, last))
    }
}

/// A session that is read on this thread, with someone who is told how far it is.
struct Told<'e, 'p> {
    live: Live<'e>,
    progress: &'p mut dyn FnMut(u64, Option<u64>),
    total: Option<u64>,
}

impl Sink for Told<'_, '_> {
    fn begin(&mut self) {
        self.live.begin();
    }

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        self.live.take(block);
        (self.progress)(self.live.bytes(), self.total);
        ControlFlow::Continue(())
    }
}
