//! What every reading command does: rules, inputs, progress, the query, the closing line.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Level, Look, Read};
use super::store_path::store_path;
use super::{Exit, Stop, say};
use crate::call::{Call, Finding};
use crate::config::Given;
use crate::filter::expr::Field;
use crate::filter::{Engine, builtin, expr, read_pack};
use crate::input;
use crate::live::{FromStore, Rows};
use crate::model::{Severity, Time};
use crate::output::json::{self, Summary};
use crate::output::style::Paint;
use crate::output::text::Page;
use crate::query::{CallError, Query, calls_by_id};
use crate::scan::Shapes;
use crate::session::{Reading, Session};
use crate::store::{EventKind, Store};

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
    begun: Instant,
}

/// The user's rule packs: those of `folders` first, so that they can override.
pub(super) fn packs(folders: &[PathBuf]) -> Result<Vec<crate::filter::Pack>, Stop> {
    packs_telling(folders, &mut |text| say(&text))
}

/// As [`packs`]; what is wrong with the packs and the settings is told instead of printed.
pub(super) fn packs_telling(
    folders: &[PathBuf],
    tell: &mut dyn FnMut(String),
) -> Result<Vec<crate::filter::Pack>, Stop> {
    let mut packs = Vec::new();
    for folder in folders {
        if !folder.is_dir() {
            return Err(Stop::usage(format!("--filters {}: no such folder", folder.display())));
        }
        packs.extend(user_packs(folder, tell));
    }
    for folder in super::config::rule_folders(tell) {
        packs.extend(user_packs(&folder, tell));
    }
    if let Some(own) = config_folder() {
        packs.extend(user_packs(&own.join("filters"), tell));
    }
    Ok(packs)
}

/// All packs, the built-in ones last.
pub(super) fn engine(folders: &[PathBuf]) -> Result<Engine, Stop> {
    let engine = builtin::engine(packs(folders)?);
    for broken in engine.broken() {
        say(&broken.to_string());
    }
    Ok(engine)
}

/// `redial` in the user's configuration folder (XDG).
pub(super) fn config_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .ok()
        .map(|s| s.config_dir().join("redial"))
}

fn user_packs(folder: &Path, tell: &mut dyn FnMut(String)) -> Vec<crate::filter::Pack> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths
        .iter()
        .filter_map(|p| {
            let name = p.display().to_string();
            match std::fs::read(p) {
                Ok(text) => Some(read_pack(&String::from_utf8_lossy(&text), &name, &name)),
                Err(e) => {
                    tell(format!("{name}: cannot read the rule pack: {e}; it is left out"));
                    None
                }
            }
        })
        .collect()
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
    let inputs = inputs(read)?;
    let (mut sources, failures) = input::find(&inputs.names);
    if let Some(path) = &inputs.store {
        // What is wrong with it is better said before anything is read.
        if Store::open_existing(path)
            .map_err(|e| Stop::usage(e.to_string()))?
            .is_none()
        {
            return Err(no_store(path).into());
        }
        sources.push(Rows::new(path.clone(), false, 0).into_source());
    }
    let mut session = with_progress(begun, |progress| {
        Session::read(sources, failures, &engine, reading, progress)
    });
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
    let page = page(look, &inputs);
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
    let (mut wanted, mut last, mut line) = (Vec::new(), from.after, 0);
    loop {
        let rows = store.after(last, 256).map_err(told)?;
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

/// What a command reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    /// Files, folders, `-`.
    pub(super) names: Vec<PathBuf>,
    /// The store's file, when its events are wanted.
    pub(super) store: Option<PathBuf>,
}

impl Inputs {
    /// As they are typed again.
    pub(super) fn typed(&self) -> String {
        let names = self.names.iter().map(|p| typed(&p.display().to_string()));
        let store = self.store.iter().map(|_| "store".to_owned());
        names.chain(store).map(|n| n + " ").collect()
    }
}

/// What to read: the inputs named, else standard input when something is piped in, else the store.
pub(super) fn inputs(read: &Read) -> Result<Inputs, Stop> {
    let is_store = |n: &PathBuf| n.as_os_str() == "store";
    let (stores, names): (Vec<PathBuf>, Vec<PathBuf>) = read.inputs.iter().cloned().partition(is_store);
    if !names.is_empty() || !stores.is_empty() {
        let store = (!stores.is_empty()).then(store_path).transpose()?;
        return Ok(Inputs { names, store });
    }
    if !io::stdin().is_terminal() {
        return Ok(Inputs {
            names: vec![PathBuf::from("-")],
            store: None,
        });
    }
    Ok(Inputs {
        names: Vec::new(),
        store: Some(store_path()?),
    })
}

/// The store is to be read, and there is none.
pub(super) fn no_store(path: &Path) -> Stop {
    Stop::usage(format!(
        "there is no store yet ({}): `redial listen`, `redial proxy` and `redial pull` fill it; to read a log, name it: redial errors app.log",
        path.display()
    ))
}

pub(super) fn page(look: &Look, inputs: &Inputs) -> Page {
    let env = |name: &str| std::env::var(name).ok();
    let settings = super::config::settings(Given::default());
    let width = terminal_size::terminal_size_of(io::stdout()).map_or(80, |(w, _)| usize::from(w.0));
    let mut typed = inputs.typed();
    for folder in &look.filters {
        typed.extend(["--filters ", &quoted(&folder.display().to_string()), " "]);
    }
    Page {
        paint: Paint::for_stdout(look.color, env),
        width: width.clamp(40, 120),
        inputs: typed,
        target: settings
            .target
            .value
            .is_none()
            .then(|| "http://localhost:3000".to_owned()),
    }
}

/// An input as it is typed again: standard input must be saved to a file first, a name with a dash in front needs a path.
fn typed(name: &str) -> String {
    match name {
        "-" => "FILE".to_owned(),
        n if n.starts_with('-') => quoted(&format!("./{n}")),
        n => quoted(n),
    }
}

/// A word for a shell, quoted when it must be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs with a progress bar on standard error, shown on a terminal for what takes over half a second.
fn with_progress<T>(begun: Instant, work: impl FnOnce(&mut dyn FnMut(u64, Option<u64>)) -> T) -> T {
    if !io::stderr().is_terminal() {
        return work(&mut |_, _| {});
    }
    let mut bar: Option<ProgressBar> = None;
    let result = work(&mut |done, total| {
        if bar.is_none() && begun.elapsed().as_millis() >= 500 {
            let style = "reading {bytes} of {total_bytes} {wide_bar} {bytes_per_sec}";
            let b = match total {
                Some(t) => ProgressBar::new(t)
                    .with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar())),
                None => ProgressBar::new_spinner(),
            };
            bar = Some(b);
        }
        if let Some(b) = &bar {
            b.set_position(done);
        }
    });
    if let Some(b) = bar {
        b.finish_and_clear();
    }
    result
}

/// The totals of a session, with the places (input, line) of the findings that are shown.
pub(super) fn summary(s: &Session, query: &Query, shown: &HashSet<(u32, u64)>, begun: Instant) -> Summary {
    let lines: u64 = s.inputs.iter().map(|i| i.lines).sum();
    let calls: Vec<&Call> = query.calls(s).collect();
    let all = Query {
        level: None,
        ..query.clone()
    };
    let count = |severity: Severity| {
        let rest = s.calls.calls.iter().filter(|c| !c.real);
        let calls = calls.iter().copied().chain(rest);
        calls
            .flat_map(|c| all.findings(s, c))
            .filter(|f| f.severity == severity)
            .count()
    };
    Summary {
        r#type: "summary",
        inputs: s.inputs.len(),
        bytes: s.inputs.iter().map(|i| i.bytes).sum(),
        lines,
        unparsed: s.calls.unparsed.iter().map(|u| u.lines).sum(),
        hidden: lines - (shown.len() as u64).min(lines),
        requests: calls.iter().map(|c| c.exchanges.len()).sum(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        calls: calls.len(),
        ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
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

/// Writes what of a session could not be read.
pub(super) fn list_unparsed(session: &Session, as_json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    const AT_ONCE: usize = 1000;
    for some in session.calls.unparsed.chunks(AT_ONCE) {
        let places: Vec<_> = some.iter().map(|u| u.place).collect();
        for (u, text) in some.iter().zip(session.again(&places)) {
            if as_json {
                json::line(out, &json::unparsed(session, u, &text))?;
            } else {
                unparsed_text(session, out, u, &text)?;
            }
        }
    }
    Ok(())
}

fn unparsed_text(session: &Session, out: &mut impl Write, u: &crate::call::Unparsed, text: &[u8]) -> io::Result<()> {
    let name = session.name_of(u.place);
    let text = String::from_utf8_lossy(text);
    if u.why.is_empty() {
        for (n, line) in text.lines().enumerate() {
            let place = format!("{name}:{}: ", u.place.line + n as u64);
            writeln!(
                out,
                "{}{}",
                crate::output::safe::printable(&place),
                crate::output::safe::printable(line)
            )?;
        }
        return Ok(());
    }
    let why = format!(
        "{name}:{}: {} ({})",
        u.place.line,
        u.why,
        crate::output::text::count(u.lines as usize, "line")
    );
    writeln!(out, "{}", crate::output::safe::printable(&why))
}
