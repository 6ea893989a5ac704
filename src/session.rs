//! Everything that was read, folded together: the one thing that the commands and the terminal UI ask.
//!
//! A session keeps facts and places; bodies are read again from their input when someone looks ([`Session::details`]).

use std::io;
use std::path::PathBuf;

use crate::call::{Call, Calls, Exchange, Fold};
use crate::filter::{Engine, Note};
use crate::format::tropo;
use crate::input::{self, Failure, Options, Source};
use crate::model::{Payload, Place, Provider, Request, RequestKind, Response, Severity, Time};
use crate::scan::{self, Pass, Shapes};

/// What one input gave.
#[derive(Debug)]
pub struct Input {
    /// Where it came from, to read places again.
    pub source: Source,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Why it could not be read to its end.
    pub fault: Option<io::Error>,
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

/// A request and its answer, complete, read again from the input.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The request.
    pub request: Request,
    /// The answer, when there was one.
    pub response: Option<Response>,
    /// The account that owns it (Twilio).
    pub account: Option<String>,
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

impl Session {
    /// Reads everything. `progress` is told bytes done and, when all sizes are known, bytes in all.
    pub fn open(
        names: &[PathBuf],
        engine: &Engine,
        reading: Reading,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Self {
        let (sources, failures) = input::find(names);
        let total: Option<u64> = sources.iter().map(Source::size).sum();
        let pass = Pass {
            engine,
            shapes: reading.shapes,
            every: false,
            ids: reading.ids,
            least: reading.least.unwrap_or(Severity::Info),
        };
        let mut fold = Fold::new(engine);
        let mut done = 0;
        let mut inputs = Vec::new();
        for mut source in sources {
            let fault = input::read(&mut source, pass, &mut fold, reading.options, &mut |n| {
                progress(done + n, total);
            })
            .err();
            let (lines, bytes) = fold.so_far();
            done += bytes;
            inputs.push(Input {
                source,
                lines,
                bytes,
                fault,
            });
        }
        Self {
            inputs,
            failures,
            calls: fold.finish(),
        }
    }

    /// The place of every line of a call, hidden ones too, in order: a second pass over its inputs.
    pub fn lines_of(&mut self, calls: &[u32], engine: &Engine, reading: Reading) -> Vec<Place> {
        let pass = Pass {
            engine,
            shapes: reading.shapes,
            every: true,
            ids: reading.ids,
            least: reading.least.unwrap_or(Severity::Info),
        };
        let mut fold = Fold::new(engine);
        fold.watch(self.calls.merged_into(calls));
        for input in &mut self.inputs {
            if input::read_again(&mut input.source, pass, &mut fold, reading.options).is_err() {
                break;
            }
        }
        fold.watched()
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

    /// Requests with their answers, complete, in the order given.
    pub fn details(&self, exchanges: &[&Exchange]) -> Vec<Detail> {
        let mut places: Vec<Place> = exchanges.iter().map(|e| e.place).collect();
        places.extend(exchanges.iter().map(|e| e.answer.unwrap_or_default()));
        let texts = self.again(&places);
        let (requests, answers) = texts.split_at(exchanges.len());
        exchanges
            .iter()
            .zip(requests.iter().zip(answers))
            .map(|(e, (request, answer))| {
                if e.from_document() {
                    document(e, request)
                } else {
                    log_line(e, request, answer)
                }
            })
            .collect()
    }

    /// Caller, called and direction of Tropo calls, which stand in the session document of their first request.
    fn meet_people(&mut self, which: impl Fn(&Call) -> bool) {
        let wanted: Vec<u32> = self
            .calls
            .calls
            .iter()
            .filter(|c| c.provider == Provider::Tropo && c.from.is_none() && c.to.is_none() && which(c))
            .filter_map(|c| {
                let exchanges = || c.exchanges.iter().map(|&n| &self.calls.exchanges[n as usize]);
                exchanges().find(|e| e.kind == RequestKind::Session).map(|e| e.index)
            })
            .collect();
        let exchanges: Vec<&Exchange> = wanted.iter().map(|&n| &self.calls.exchanges[n as usize]).collect();
        let people: Vec<_> = exchanges
            .iter()
            .zip(self.details(&exchanges))
            .map(|(e, d)| (e.call, people(&d)))
            .collect();
        for (call, (from, to, direction)) in people {
            let c = &mut self.calls.calls[call as usize];
            c.from = from.map(Into::into);
            c.to = to.map(Into::into);
            c.direction = direction.map(Into::into);
        }
    }

    /// Reads what was only noted of calls: their last state, and the application when no request names it.
    pub fn look_into(&mut self, engine: &Engine, which: impl Fn(&Call) -> bool) {
        let mut wanted: Vec<(u32, Note, Place)> = Vec::new();
        for c in self.calls.calls.iter().filter(|c| which(c)) {
            wanted.extend(
                c.state_at
                    .filter(|_| c.state.is_none())
                    .map(|p| (c.index, Note::State, p)),
            );
            wanted.extend(c.app_at.filter(|_| c.app.is_none()).map(|p| (c.index, Note::App, p)));
        }
        let places: Vec<Place> = wanted.iter().map(|w| w.2).collect();
        let texts = self.again(&places);
        for ((call, note, _), line) in wanted.into_iter().zip(texts) {
            let line = tropo::trim_end(&line);
            let split = tropo::split(line).unwrap_or(tropo::Split::bare());
            let message = tropo::Message::of(line, &split);
            let c = &mut self.calls.calls[call as usize];
            match note {
                Note::State => c.state = engine.note_text(note, "state", &message.body).map(Into::into),
                Note::App => c.app = engine.note_text(note, "app", &message.body).map(Into::into),
                Note::Settles => {}
            }
        }
        self.meet_people(which);
    }

    /// Name of an input.
    pub fn name_of(&self, place: Place) -> &str {
        self.inputs.get(place.input as usize).map_or("", |i| &i.source.name)
    }

    /// The first and last moment that is known.
    pub fn span(&self) -> Option<(Time, Time)> {
        let first = self.calls.iter().filter_map(|c| c.started.time()).min()?;
        let last = self.calls.iter().filter_map(|c| c.ended.time()).max()?;
        Some((first, last))
    }
}

fn document(e: &Exchange, text: &[u8]) -> Detail {
    let Some(record) = scan::fact_of(text, e.event_id()) else {
        return known(e);
    };
    let mut request = record.request.unwrap_or_default();
    if request.url.is_none() {
        request.url = e.url.as_deref().map(str::to_owned);
    }
    Detail {
        request,
        response: record.response,
        account: record.account.map(|a| a.to_string()),
    }
}

/// What the fold knows, when the input is not there any more.
fn known(e: &Exchange) -> Detail {
    let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
    Detail {
        request: Request {
            method: text(&e.method),
            url: text(&e.url),
            ..Request::default()
        },
        response: None,
        account: None,
    }
}

/// A webhook in Tropo's log: the body is what follows the URL, byte for byte.
fn log_line(e: &Exchange, line: &[u8], answer: &[u8]) -> Detail {
    let mut detail = known(e);
    if let Some(body) = tropo::body_of(line, b"]: ").or_else(|| tropo::body_of(line, b"]:")) {
        detail.request.payload = Payload::Json(body);
    }
    if e.answer.is_some() || e.status.is_some() {
        let body = match e.status {
            Some(_) => None,
            None => tropo::body_of(answer, b": ").map(|b| String::from_utf8_lossy(&b).into_owned()),
        };
        detail.response = Some(Response {
            status: e.status,
            headers: Vec::new(),
            body,
            ms: e.ms.map(u64::from),
        });
    }
    detail
}

type People = (Option<String>, Option<String>, Option<String>);

/// `session.from.id`, `session.to.id`; a token launch is outbound.
fn people(detail: &Detail) -> People {
    let Payload::Json(body) = &detail.request.payload else {
        return (None, None, None);
    };
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return (None, None, None);
    };
    let session = &json["session"];
    let text = |v: &serde_json::Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let direction = match session["userType"].as_str() {
        Some("NONE") => Some("outbound".to_owned()),
        Some(_) => Some("inbound".to_owned()),
        None => None,
    };
    (text(&session["from"]["id"]), text(&session["to"]["id"]), direction)
}
