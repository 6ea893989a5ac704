//! What every reading command does: rules, inputs and the query put together, everything read, the calls in view.
//!
//! [`open`] is the way of a command from options to a [`View`]. Its parts have files of their own: `packs` (rules), `inputs` (what is read,
//! and the page), `progress`, `closing` (totals, unread lines).

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use super::args::{Level, Look, Read};
use super::packs::engine;
use super::{Exit, Stop, inputs, say};
use crate::call::Finding;
use crate::filter::expr::Field;
use crate::filter::{Engine, expr};
use crate::input;
use crate::live::{FromStore, Rows};
use crate::model::{Severity, Time};
use crate::output::json::Summary;
use crate::output::text::Page;
use crate::query::{CallError, Query, calls_by_id};
use crate::scan::Shapes;
use crate::session::{Reading, Session};
use crate::store::{EventKind, Store};

use super::closing::{list_unparsed, summary};
use super::progress::with_progress;

/// Inputs read and what to see of them.
pub(super) struct View {
    pub(super) session: Session,
    pub(super) engine: Engine,
    pub(super) reading: Reading,
    pub(super) query: Query,
    pub(super) page: Page,
    pub(super) json: bool,
    pub(super) unparsed: bool,
    /// The store's file, when its events are among the inputs.
    pub(super) store: Option<PathBuf>,
    pub(super) begun: Instant,
}

/// The clock of this machine.
pub(super) fn now() -> Time {
    Time(chrono::Utc::now().timestamp_millis())
}

/// `--since` and `--until`: RFC 3339 or an age.
fn moment(option: &str, text: Option<&str>, now: Time) -> Result<Option<(Time, Time)>, Stop> {
    let Some(text) = text else { return Ok(None) };
    match expr::moment(text, now) {
        Some(t) => Ok(Some(t)),
        None => Err(Stop::usage(format!(
            "{option} {text}: not a time; write 2013-02-19T15:07:40Z, 2013-02-19, or an age such as 10m, 2h, 3d"
        ))),
    }
}

/// What the options narrow the view to; calls are looked up later, by [`find_call`].
pub(super) fn query(look: &Look, default_level: Option<Severity>) -> Result<Query, Stop> {
    let now = now();
    Ok(Query {
        since: moment("--since", look.since.as_deref(), now)?.map(|(first, _)| first),
        until: moment("--until", look.until.as_deref(), now)?.map(|(_, last)| last),
        calls: None,
        level: look.level.map(severity).or(default_level),
        filter: look
            .filter
            .as_deref()
            .map(|f| expr::parse(f, now).map_err(|e| Stop::usage(format!("--where:\n{e}"))))
            .transpose()?,
    })
}

/// How to read for a query; `ids` when every id of a call is wanted.
pub(super) fn reading(look: &Look, query: &Query, ids: bool) -> Reading {
    let shapes = look.format.as_deref().and_then(Shapes::parse).unwrap_or_default();
    let mut options = input::Options::default();
    options.threads = look.threads.unwrap_or(options.threads).clamp(1, 64);
    options.block = look.block.unwrap_or(options.block).clamp(1, 64 << 20);
    let ids = ids || look.call.is_some() || query.filter.as_ref().is_some_and(|f| f.fields().contains(&Field::Call));
    Reading {
        shapes,
        options,
        ids,
        // What this command neither shows nor counts need not be kept: the closing line counts warnings at any level.
        least: if ids {
            None
        } else {
            query.level.map(|l| l.min(Severity::Warning))
        },
    }
}

/// Reads all inputs; `ids` when the command lists every id of a call.
pub(super) fn open(read: &Read, default_level: Option<Severity>, ids: bool) -> anyhow::Result<View> {
    let begun = Instant::now();
    let look = &read.look;
    let mut query = query(look, default_level)?;
    let engine = engine(&look.filters)?;
    let reading = reading(look, &query, ids);
    let inputs = inputs::of(read)?;
    let (mut sources, failures) = input::find(&inputs.names);
    if let Some(path) = &inputs.store {
        // What is wrong with it is better said before anything is read.
        if Store::open_existing(path)
            .map_err(|e| Stop::usage(e.to_string()))?
            .is_none()
        {
            return Err(inputs::no_store(path).into());
        }
        sources.push(Rows::new(path.clone(), false, 0).into_source());
    }
    let mut session = with_progress(begun, |progress| {
        Session::read(sources, failures, &engine, reading, progress)
    });
    tell_faults(&session);
    if let Some(hint) = nothing_in_time(&session, &query) {
        say(&hint);
    }
    if session.inputs.is_empty() {
        return Err(Stop::usage("no input could be read").into());
    }
    if let Some(id) = &look.call {
        query.calls = Some(find_call(&session, id)?);
    }
    if query.asks_for_people() {
        session.look_into(&engine, |_| true);
    }
    let page = inputs::page(look, &inputs);
    Ok(View {
        session,
        engine,
        reading,
        query,
        page,
        json: look.json,
        unparsed: look.unparsed,
        store: inputs.store,
        begun,
    })
}

/// Says which inputs could not be read, or not to their ends.
fn tell_faults(session: &Session) {
    for f in &session.failures {
        say(&f.to_string());
    }
    for input in &session.inputs {
        if let Some(e) = &input.fault {
            let lines = crate::output::text::count(input.lines as usize, "line");
            say(&format!(
                "{}: it cannot be read to its end ({e}); the {lines} before that are used",
                input.source.name
            ));
        }
    }
}

/// Events of the store in view of which only a list's entry is known: their request and answer have to be asked for.
pub(super) fn listed_only(look: &Look, from: &FromStore) -> anyhow::Result<Vec<String>> {
    let told = |e: crate::store::StoreError| Stop::usage(e.to_string());
    let Some(store) = Store::open_existing(&from.path).map_err(told)? else {
        return Ok(Vec::new());
    };
    let query = query(look, Some(Severity::Warning))?;
    let engine = engine(&look.filters)?;
    let rows = Rows::new(from.path.clone(), false, from.after);
    let sources = vec![rows.into_source()];
    let reading = reading(look, &query, false);
    let session = Session::read(sources, Vec::new(), &engine, reading, &mut |_, _| {});
    let of = |c| query.findings(&session, c);
    let lines: HashSet<u64> = session.calls.calls.iter().flat_map(of).map(|f| f.place.line).collect();
    listed_at(&store, from.after, &lines)
}

/// Keys of the listed alerts behind a row whose lines of the text are among these.
fn listed_at(store: &Store, after: i64, lines: &HashSet<u64>) -> anyhow::Result<Vec<String>> {
    let (mut wanted, mut last, mut line) = (Vec::new(), after, 0);
    loop {
        let rows = store.after(last, 256).map_err(|e| Stop::usage(e.to_string()))?;
        for row in &rows {
            // Each is a line of the text.
            line += 1;
            last = row.id;
            if row.kind == EventKind::AlertListed && lines.contains(&line) {
                wanted.push(row.key.clone());
            }
        }
        if rows.is_empty() {
            return Ok(wanted);
        }
    }
}

/// When a time was asked for in which nothing happened, where the input's own times are.
fn nothing_in_time(session: &Session, query: &Query) -> Option<String> {
    let (first, last) = session
        .span()
        .filter(|_| query.since.is_some() || query.until.is_some())?;
    let after = query.since.is_some_and(|s| s > last);
    let before = query.until.is_some_and(|u| u < first);
    (after || before).then(|| format!("nothing at that time: the input goes from {first} to {last}"))
}

/// The calls of an id, or the end of the command.
pub(super) fn find_call(session: &Session, id: &str) -> Result<HashSet<u32>, Stop> {
    calls_by_id(session, id).map_err(|e| {
        let exit = if matches!(e, CallError::Ambiguous { .. }) {
            Exit::Failed
        } else {
            Exit::Nothing
        };
        Stop::new(exit, format!("{e}; `redial calls` lists them"))
    })
}

pub(super) fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Info => Severity::Info,
    }
}

impl View {
    /// The totals, with the findings that are shown.
    pub(super) fn summary(&self, shown: &[&Finding]) -> Summary {
        let places = shown.iter().map(|f| (f.place.input, f.place.line)).collect();
        summary(&self.session, &self.query, &places, self.begun)
    }

    /// Writes what could not be read, when asked for.
    pub(super) fn list_unparsed(&self, out: &mut impl Write) -> anyhow::Result<()> {
        if self.unparsed {
            list_unparsed(&self.session, self.json, out)?;
        }
        Ok(())
    }

    /// Exit code of a command that read its inputs.
    pub(super) fn exit(&self) -> Exit {
        let faults = self.session.inputs.iter().any(|i| i.fault.is_some());
        if self.session.failures.is_empty() && !faults {
            Exit::Done
        } else {
            Exit::Failed
        }
    }
}
