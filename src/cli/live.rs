//! Commands that go on (`--follow`, and what arrives at `listen`, `proxy` and `pull`) as lines: what is new is printed as it
//! comes, the closing line when the user ends them.
//!
//! An interrupt is how they end, so their exit code is that of a command that is done.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::args::Look;
use super::read::{self, Inputs};
use super::service::Services;
use super::store_path::store_path;
use super::{Exit, Stop, checkpoint, say};
use crate::call::{Call, Exchange, Finding};
use crate::filter::Engine;
use crate::live::{self, FromStore, Intake, News, Plan, Said, Word};
use crate::model::{Place, Severity};
use crate::output::json;
use crate::output::style::Role;
use crate::output::text::{Columns, Page};
use crate::query::{CallError, Query, calls_by_id};
use crate::session::Session;
use crate::session::story::family;
use crate::store::Store;

/// What is new is printed not more often than this.
const PACE: Duration = Duration::from_millis(20);
/// How often it is looked for what time alone tells.
const TICK: Duration = Duration::from_secs(1);
/// How long the end waits for what services have kept last.
const PATIENCE: Duration = Duration::from_secs(2);

/// What of the session is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// Findings: `errors`, `listen`, `pull`.
    Findings,
    /// Requests with their answers, and findings: `proxy`.
    Traffic,
    /// A line for each call, again when something of it changed: `calls`.
    Calls,
    /// Requests and findings of one call, by one of its ids: `show`.
    Story(String),
}

/// Prints what inputs hold and what comes, until they end or the user does.
pub(super) fn follow(
    look: &Look,
    inputs: Inputs,
    printed: Printed,
    level: Option<Severity>,
    out: &mut impl Write,
) -> anyhow::Result<(Exit, bool)> {
    let page = read::page(look, &inputs);
    let plan = Plan {
        checkpoint: checkpoint::of(&inputs.names, look.resume)?,
        names: inputs.names,
        store: inputs.store.map(|path| FromStore {
            path,
            after: 0,
            follow: true,
        }),
        follow: true,
        ..Plan::default()
    };
    run(look, plan, page, printed, level, out, |_, _| Ok(()))
}

/// Starts services and prints what they put into the store from now on, until the user ends it.
pub(super) fn arriving<W: Write>(
    look: &Look,
    printed: Printed,
    out: &mut W,
    start: impl FnOnce(&mut Services, &mut W) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let path = store_path()?;
    let after = match Store::open_existing(&path).map_err(|e| Stop::usage(e.to_string()))? {
        Some(store) => store.last_id().map_err(|e| Stop::usage(e.to_string()))?,
        None => 0,
    };
    let inputs = Inputs {
        names: Vec::new(),
        store: Some(path.clone()),
    };
    let page = read::page(look, &inputs);
    let plan = Plan {
        store: Some(FromStore {
            path,
            after,
            follow: true,
        }),
        ..Plan::default()
    };
    let level = Some(Severity::Warning);
    run(look, plan, page, printed, level, out, start).map(|(exit, _)| exit)
}

/// Prints what a store got lately.
pub(super) fn fetched(look: &Look, from: FromStore, out: &mut impl Write) -> anyhow::Result<Exit> {
    let inputs = Inputs {
        names: Vec::new(),
        store: Some(from.path.clone()),
    };
    let page = read::page(look, &inputs);
    let plan = Plan {
        store: Some(from),
        ..Plan::default()
    };
    let level = Some(Severity::Warning);
    run(look, plan, page, Printed::Findings, level, out, |_, _| Ok(())).map(|(exit, _)| exit)
}

/// The exit, and whether an error was printed.
fn run<W: Write>(
    look: &Look,
    plan: Plan,
    page: Page,
    printed: Printed,
    level: Option<Severity>,
    out: &mut W,
    start: impl FnOnce(&mut Services, &mut W) -> anyhow::Result<()>,
) -> anyhow::Result<(Exit, bool)> {
    let begun = Instant::now();
    let query = read::query(look, level)?;
    let engine = Arc::new(read::engine(&look.filters)?);
    let reading = read::reading(look, &query, matches!(printed, Printed::Calls | Printed::Story(_)));
    let plan = Plan { reading, ..plan };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut services = Services::default();
    // Before anything is served: a signal that comes early ends it in order too.
    let signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    start(&mut services, out)?;
    let store = plan.store.clone();
    let (intake, news) = live::start(plan, &engine)?;
    let mut printer = Printer {
        look,
        engine: &engine,
        page,
        printed,
        query,
        intake: Some(intake),
        begun,
        told: HashSet::new(),
        requests: HashSet::new(),
        calls: HashMap::new(),
        places: HashSet::new(),
        heading: None,
        columns: None,
        errors: false,
        failed: false,
        missing: false,
        failures: 0,
        words: HashMap::new(),
    };
    runtime.block_on(async {
        let mut news = news;
        printer.serve(&mut news, &mut services, signals, out).await?;
        printer.stop(services, &mut news, store).await
    })?;
    let exit = printer.close(out)?;
    Ok((exit, printer.errors))
}

/// What was printed already, and how.
struct Printer<'l, 'e> {
    look: &'l Look,
    engine: &'e Engine,
    page: Page,
    printed: Printed,
    query: Query,
    intake: Option<Intake<'e>>,
    begun: Instant,
    /// Findings, by their place and rule: a line that was unfinished is told again whole.
    told: HashSet<(Place, Arc<str>)>,
    /// Requests, by their place.
    requests: HashSet<Place>,
    /// Calls, with what was printed of them.
    calls: HashMap<u32, CallShown>,
    /// Where the printed findings stand.
    places: HashSet<(u32, u64)>,
    /// The call whose heading was printed last.
    heading: Option<u32>,
    columns: Option<Columns>,
    errors: bool,
    failed: bool,
    /// It was said that the wanted call is not there.
    missing: bool,
    failures: usize,
    /// What services said last: nothing is said twice in a row.
    words: HashMap<&'static str, (bool, String)>,
}

/// What a line of a call says that may change.
#[derive(PartialEq)]
struct CallShown {
    state: Option<Arc<str>>,
    worst: Option<Severity>,
    problems: usize,
    requests: usize,
}

impl Printer<'_, '_> {
    async fn serve(
        &mut self,
        news: &mut mpsc::Receiver<News>,
        services: &mut Services,
        mut ended: Signals,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(TICK);
        let mut last = Instant::now().checked_sub(PACE).unwrap_or_else(Instant::now);
        let mut fresh = false;
        loop {
            let due = PACE.saturating_sub(last.elapsed());
            tokio::select! {
                biased;
                () = ended.recv() => break,
                Some(word) = services.words.recv() => {
                    if self.word(&word) {
                        break;
                    }
                    continue;
                }
                piece = news.recv() => match piece {
                    Some(piece) => {
                        self.take(piece);
                        fresh = true;
                        if last.elapsed() < PACE {
                            continue;
                        }
                    }
                    None => {
                        // Everything is at its end, which settles what waited.
                        if let Some(intake) = self.intake.take() {
                            let mut session = intake.finish();
                            self.print(&mut session, out)?;
                            self.summary(&session, out)?;
                        }
                        return Ok(());
                    }
                },
                () = tokio::time::sleep(due), if fresh => {}
                _ = tick.tick() => {
                    if reader_is_gone() {
                        return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
                    }
                    if let Some(intake) = &mut self.intake {
                        intake.tick(read::now());
                    }
                }
            }
            fresh = false;
            last = Instant::now();
            self.show(out)?;
        }
        Ok(())
    }

    /// Ends the services, and takes in what they have kept until then.
    async fn stop(
        &mut self,
        mut services: Services,
        news: &mut mpsc::Receiver<News>,
        store: Option<FromStore>,
    ) -> anyhow::Result<()> {
        if services.running.is_empty() {
            return Ok(());
        }
        let ended = tokio::task::spawn_blocking(move || services.stop());
        let mut signals = Signals::new()?;
        tokio::select! {
            said = ended => for text in said.unwrap_or_default() {
                say(&text);
            },
            // A second one does not want to wait for what is under way.
            () = signals.recv() => return Ok(()),
        }
        let Some(store) = store else { return Ok(()) };
        let kept = Store::open_existing(&store.path).ok().flatten();
        let wanted = kept.and_then(|s| s.count_after(store.after).ok()).unwrap_or(0);
        while self.rows() < wanted {
            // A store that cannot be read any more does not hold the end up.
            match tokio::time::timeout(PATIENCE, news.recv()).await {
                Ok(Some(piece)) => self.take(piece),
                _ => break,
            }
        }
        Ok(())
    }

    /// Rows of the store that were taken in: one line each.
    fn rows(&mut self) -> u64 {
        let Some(intake) = &mut self.intake else {
            return u64::MAX;
        };
        intake.look(|s| s.inputs.iter().map(|i| i.lines).sum())
    }

    /// What a service says, on standard error; true when it has ended.
    fn word(&mut self, word: &Word) -> bool {
        let text = match &word.said {
            Said::Came(_) | Said::UpTo(_) | Said::Up { but: None, .. } => return false,
            Said::Up { but: Some(text), .. } | Said::Bad(text) | Said::Well(text) | Said::Note(text) => text,
            Said::Ended(why) => {
                if let Some(why) = why {
                    self.failed = true;
                    say(why);
                }
                return true;
            }
        };
        // What stays bad is said once, whatever its numbers are by now.
        let bad = matches!(word.said, Said::Bad(_));
        let before = self.words.insert(word.service, (bad, text.clone()));
        if before.is_none_or(|(was_bad, said)| said != *text && !(bad && was_bad)) {
            say(text);
        }
        false
    }

    fn take(&mut self, piece: News) {
        let Some(intake) = &mut self.intake else { return };
        let fault = match &piece {
            News::End(_, Some(fault)) => Some(fault.to_string()),
            News::Said(path, Some(text)) => {
                say(&format!("{}: {text}", path.display()));
                None
            }
            _ => None,
        };
        intake.take(piece, read::now(), true);
        if let Some(fault) = fault {
            self.failed = true;
            let name = intake.current_name().unwrap_or("an input");
            say(&format!(
                "{name}: it cannot be read further ({fault}); what was read before is used"
            ));
        }
    }

    /// Prints what is new.
    fn show(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        let Some(mut intake) = self.intake.take() else {
            return Ok(());
        };
        let result = intake.look(|session| self.print(session, out));
        intake.shown();
        self.intake = Some(intake);
        result?;
        out.flush()?;
        Ok(())
    }

    fn print(&mut self, session: &mut Session, out: &mut impl Write) -> anyhow::Result<()> {
        for f in session.failures.iter().skip(self.failures) {
            self.failed = true;
            say(&f.to_string());
        }
        self.failures = session.failures.len();
        if let Some(id) = self.look.call.clone() {
            self.query.calls = Some(self.named(session, &id).unwrap_or_default());
        }
        match &self.printed {
            Printed::Findings => self.findings(session, out),
            Printed::Traffic => self.traffic(session, out),
            Printed::Calls => self.call_lines(session, out),
            Printed::Story(id) => {
                let id = id.clone();
                match self.named(session, &id) {
                    Some(named) => {
                        self.query.calls = Some(family(&session.calls, named, false));
                        self.traffic(session, out)
                    }
                    None => Ok(()),
                }
            }
        }
    }

    /// The calls of an id; it may come yet.
    fn named(&mut self, session: &Session, id: &str) -> Option<HashSet<u32>> {
        match calls_by_id(session, id) {
            Ok(calls) => Some(calls),
            Err(e) => {
                if !std::mem::replace(&mut self.missing, true) {
                    let wait = if matches!(e, CallError::NotFound(_)) {
                        "; waiting for it"
                    } else {
                        ""
                    };
                    say(&format!("{e}{wait}"));
                }
                None
            }
        }
    }

    /// Calls that changed; at the end, all.
    fn changed(session: &Session) -> Vec<u32> {
        let touched = &session.calls.touched;
        let mut calls: Vec<u32> = if touched.is_empty() {
            session.calls.calls.iter().map(|c| c.index).collect()
        } else {
            touched.clone()
        };
        calls.retain(|&n| (n as usize) < session.calls.calls.len());
        calls.sort_by_key(|&n| super::errors::order(session, &session.calls.calls[n as usize]));
        calls
    }

    fn findings(&mut self, session: &mut Session, out: &mut impl Write) -> anyhow::Result<()> {
        for n in Self::changed(session) {
            let new: Vec<u32> = {
                let call = &session.calls.calls[n as usize];
                let found = self.query.findings(session, call).filter(|f| !self.is_told(f));
                found.map(|f| f.index).collect()
            };
            for f in new {
                self.finding(session, n, f, out)?;
            }
        }
        Ok(())
    }

    fn is_told(&self, f: &Finding) -> bool {
        self.told.contains(&(at(f.place), Arc::clone(&f.rule)))
    }

    fn finding(&mut self, session: &mut Session, call: u32, f: u32, out: &mut impl Write) -> anyhow::Result<()> {
        self.heading(session, call, out)?;
        let f = &session.calls.findings[f as usize];
        self.told.insert((at(f.place), Arc::clone(&f.rule)));
        self.places.insert((f.place.input, f.place.line));
        self.errors |= f.severity == Severity::Error;
        let script = session.script(f);
        if self.look.json {
            json::line(out, &json::finding(session, f, &script))?;
        } else {
            self.page.finding(out, session, f, &script)?;
        }
        Ok(())
    }

    /// The heading of a call, when lines of another one stand before.
    fn heading(&mut self, session: &mut Session, call: u32, out: &mut impl Write) -> anyhow::Result<()> {
        if self.look.json || self.heading.replace(call) == Some(call) {
            return Ok(());
        }
        if !(self.places.is_empty() && self.requests.is_empty()) {
            writeln!(out)?;
        }
        session.look_into(self.engine, |c| c.index == call);
        Ok(self.page.heading(out, session, &session.calls.calls[call as usize])?)
    }

    fn traffic(&mut self, session: &mut Session, out: &mut impl Write) -> anyhow::Result<()> {
        for n in Self::changed(session) {
            let new: Vec<u32> = {
                let call = &session.calls.calls[n as usize];
                let exchanges = self.query.exchanges(session, call);
                let new = exchanges.filter(|e| !e.waiting() && !self.requests.contains(&at(e.place)));
                new.map(|e| e.index).collect()
            };
            for e in new {
                self.heading(session, n, out)?;
                let e: &Exchange = &session.calls.exchanges[e as usize];
                self.requests.insert(at(e.place));
                let detail = session.details(&[e]).remove(0);
                if self.look.json {
                    json::line(out, &json::request(session, e, &detail))?;
                } else {
                    self.page.exchange(out, e, &detail)?;
                }
                let about = e.index;
                let findings: Vec<u32> = {
                    let call = &session.calls.calls[n as usize];
                    let of = self.query.findings(session, call);
                    let of = of.filter(|f| f.exchange == Some(about) && !self.is_told(f));
                    of.map(|f| f.index).collect()
                };
                for f in findings {
                    self.finding(session, n, f, out)?;
                }
            }
        }
        self.findings(session, out)
    }

    fn call_lines(&mut self, session: &mut Session, out: &mut impl Write) -> anyhow::Result<()> {
        let level = self.query.level;
        let mut new: Vec<u32> = Vec::new();
        let changed: HashSet<u32> = Self::changed(session).into_iter().collect();
        // Reading on in the lines is what tells state and callers.
        session.look_into(self.engine, |c| changed.contains(&c.index));
        for n in Self::changed(session) {
            let call = &session.calls.calls[n as usize];
            let in_view = call.real && self.query.calls.as_ref().is_none_or(|c| c.contains(&n));
            if !in_view {
                continue;
            }
            let shown = shown(session, call);
            if level.is_none_or(|l| shown.worst.is_some_and(|w| w >= l)) && self.calls.get(&n) != Some(&shown) {
                new.push(n);
            }
        }
        let in_view: HashSet<u32> = self.query.calls(session).map(|c| c.index).collect();
        new.retain(|n| in_view.contains(n));
        for &n in &new {
            let shown = shown(session, &session.calls.calls[n as usize]);
            self.calls.insert(n, shown);
        }
        let calls: Vec<&Call> = new.iter().map(|&n| &session.calls.calls[n as usize]).collect();
        if !self.look.json && !calls.is_empty() && self.columns.is_none() {
            let columns = Columns::of(calls.iter().copied(), self.page.width);
            writeln!(out, "{}", self.page.paint.role(Role::Faint, columns.head()))?;
            self.columns = Some(columns);
        }
        for call in calls {
            match &self.columns {
                Some(columns) => self.page.call(out, session, call, columns)?,
                None => json::line(out, &json::call(session, call))?,
            }
        }
        Ok(())
    }

    /// The closing line, as far as is known now.
    fn close(&mut self, out: &mut impl Write) -> anyhow::Result<Exit> {
        if let Some(mut intake) = self.intake.take() {
            intake.stop();
            let result = intake.look(|session| {
                self.print(session, out)?;
                self.summary(session, out)
            });
            intake.shown();
            result?;
        }
        out.flush()?;
        Ok(if self.failed { Exit::Failed } else { Exit::Done })
    }

    fn summary(&mut self, session: &Session, out: &mut impl Write) -> anyhow::Result<()> {
        let summary = read::summary(session, &self.query, &self.places, self.begun);
        if self.look.json {
            return Ok(json::line(out, &summary)?);
        }
        let calls: HashSet<u32> = session
            .calls
            .findings
            .iter()
            .filter(|f| self.is_told(f) && session.calls.calls[f.call as usize].real)
            .map(|f| f.call)
            .collect();
        if !(self.places.is_empty() && self.requests.is_empty()) {
            writeln!(out)?;
        }
        Ok(self.page.summary(out, &summary, self.told.len(), calls.len())?)
    }
}

/// A place without its length, which grows with an unfinished line.
fn at(place: Place) -> Place {
    Place { len: 0, ..place }
}

fn shown(session: &Session, call: &Call) -> CallShown {
    let findings = || session.calls.findings_of(call).filter(|f| !f.hidden && !f.noise);
    CallShown {
        state: call.state.clone(),
        worst: findings().map(|f| f.severity).max(),
        problems: findings().count(),
        requests: call.exchanges.len(),
    }
}

/// The user's end of it: an interrupt, a supervisor's request, a terminal that closed.
struct Signals {
    #[cfg(unix)]
    all: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    fn new() -> Result<Self, Stop> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let of = |kind| signal(kind).map_err(|e| Stop::usage(format!("cannot wait for signals: {e}")));
            Ok(Self {
                all: [
                    of(SignalKind::interrupt())?,
                    of(SignalKind::terminate())?,
                    of(SignalKind::hangup())?,
                ],
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn recv(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate, hangup] = &mut self.all;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Nobody reads standard output any more: without anything to print that would never be noticed.
fn reader_is_gone() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, poll};
        let stdout = std::io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok_and(|n| n > 0) && fds[0].revents().contains(PollFlags::ERR)
    }
    #[cfg(not(unix))]
    false
}
