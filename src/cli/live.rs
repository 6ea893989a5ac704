//! Commands that go on (`--follow`, and what arrives at `listen`, `proxy` and `pull`) as lines: what is new is printed as it
//! comes, the closing line when the user ends them.
//!
//! An interrupt is how they end, so their exit code is that of a command that is done. This file says what is read; `serve`
//! waits for whatever comes first, `printer` knows what was printed already, `words` what was said on standard error. To add
//! something that is printed, add a variant of [`Printed`].

mod bar;
mod lines;
mod printer;
mod serve;
mod signals;
mod words;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::args::Look;
use super::inputs::{self, Inputs};
use super::service::Services;
use super::store_path::store_path;
use super::{Exit, Stop, checkpoint, packs, read};
use crate::live::{self, FromStore, Plan};
use crate::model::Severity;
use crate::output::text::Page;
use crate::store::Store;
use printer::Printer;
use signals::Signals;

/// What of the session is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// Findings: `errors`, `listen`, `pull` once.
    Findings,
    /// Findings of events that are listed first, and fetched with request and answer then: `pull --follow`.
    Fetched,
    /// Requests with their answers, and findings: `proxy`.
    Traffic,
    /// A line for each call, again when something of it changed: `calls`.
    Calls,
    /// Requests and findings of one call, by one of its ids: `show`.
    Story(String),
}

/// Prints what inputs hold and what comes, until they end or the user does. The exit, and whether an error was printed.
pub(super) fn follow(
    look: &Look,
    inputs: Inputs,
    printed: Printed,
    level: Option<Severity>,
    out: &mut impl Write,
) -> anyhow::Result<(Exit, bool)> {
    let page = inputs::page(look, &inputs);
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
    stored(look, from_now_on()?, printed, out, start)
}

/// The same, with what files hold and what is added to them.
pub(super) fn beside<W: Write>(
    look: &Look,
    names: Vec<PathBuf>,
    out: &mut W,
    start: impl FnOnce(&mut Services, &mut W) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let store = from_now_on()?;
    let inputs = Inputs {
        names: names.clone(),
        store: Some(store.path.clone()),
    };
    let page = inputs::page(look, &inputs);
    let plan = Plan {
        checkpoint: checkpoint::of(&names, look.resume)?.filter(|_| look.follow),
        names,
        store: Some(store),
        follow: look.follow,
        ..Plan::default()
    };
    let level = Some(Severity::Warning);
    run(look, plan, page, Printed::Findings, level, out, start).map(|(exit, _)| exit)
}

/// What comes into the store after what it has.
fn from_now_on() -> Result<FromStore, Stop> {
    let path = store_path()?;
    let after = match Store::open_existing(&path).map_err(|e| Stop::usage(e.to_string()))? {
        Some(store) => store.last_id().map_err(|e| Stop::usage(e.to_string()))?,
        None => 0,
    };
    Ok(FromStore {
        path,
        after,
        follow: true,
    })
}

/// Prints what a store got lately.
pub(super) fn fetched(look: &Look, from: FromStore, out: &mut impl Write) -> anyhow::Result<Exit> {
    stored(look, from, Printed::Findings, out, |_, _| Ok(()))
}

fn stored<W: Write>(
    look: &Look,
    from: FromStore,
    printed: Printed,
    out: &mut W,
    start: impl FnOnce(&mut Services, &mut W) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let inputs = Inputs {
        names: Vec::new(),
        store: Some(from.path.clone()),
    };
    let page = inputs::page(look, &inputs);
    let plan = Plan {
        store: Some(from),
        ..Plan::default()
    };
    let level = Some(Severity::Warning);
    run(look, plan, page, printed, level, out, start).map(|(exit, _)| exit)
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
    let engine = Arc::new(packs::engine(&look.filters)?);
    let reading = read::reading(look, &query, matches!(printed, Printed::Calls | Printed::Story(_)));
    let plan = Plan { reading, ..plan };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut services = Services::default();
    // Before anything is served: a signal that comes early ends it in order too.
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    start(&mut services, out)?;
    let store = plan.store.clone();
    let (intake, mut news) = live::start(plan, &engine)?;
    let mut lines = Printer::new(look, &engine, page, printed, query, intake, begun);
    let served = runtime.block_on(async {
        let served = lines.serve(&mut news, &mut services, &mut signals, out).await;
        let quiet = served.is_err();
        lines.stop(services, &mut news, store, &mut signals, quiet).await;
        served
    });
    // A service that does not end is not waited for.
    runtime.shutdown_background();
    served?;
    let exit = lines.close(news, out)?;
    Ok((exit, lines.errors))
}
