//! `redial listen` and `redial proxy`: a service that fills the store, and what arrives at it, on the screen or as lines.

use std::io::Write;

use serde::Serialize;

use super::args::{Arriving, Level, ListenArgs, ProxyArgs, Read, Ui, Where};
use super::live::{self, Printed};
use super::service::Services;
use super::store_path::store_path;
use super::{Exit, Stop, ui};
use crate::output::json;

/// The contract's first line with `--json`.
#[derive(Serialize)]
struct Listening<'a> {
    r#type: &'static str,
    url: &'a str,
    store: String,
}

/// Runs `redial listen`.
pub(super) fn run(args: &ListenArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    arriving(
        &args.shown,
        args.level,
        args.replays.clone(),
        Printed::Findings,
        out,
        |s| s.listen(args),
    )
}

/// Runs `redial proxy`: what is replayed goes where requests go anyway.
pub(super) fn proxy(args: &ProxyArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let replays = Where {
        to: args.to.clone(),
        allow_host: args.allow_host.clone(),
    };
    arriving(&args.shown, args.level, replays, Printed::Traffic, out, |s| {
        s.proxy(args)
    })
}

fn arriving(
    shown: &Arriving,
    level: Option<Level>,
    replays: Where,
    printed: Printed,
    out: &mut impl Write,
    start: impl FnOnce(&mut Services) -> Result<(), Stop>,
) -> anyhow::Result<Exit> {
    let look = shown.look(level);
    let start = |services: &mut Services| {
        start(services)?;
        services.keep(&shown.retention)
    };
    if ui::has_terminal(&look) {
        let screen = shown.screen;
        let ui = Ui {
            replays,
            screen,
            ..Ui::default()
        };
        return ui::arriving(&look, &ui, start);
    }
    live::arriving(&look, printed, out, |services, out| {
        start(services)?;
        begun(services, shown.json, out)
    })
}

/// Runs `redial [INPUT]... --listen PORT --pull` where there is no terminal.
pub(super) fn beside(read: &Read, ui: &Ui, out: &mut impl Write) -> anyhow::Result<Exit> {
    let names = read
        .inputs
        .iter()
        .filter(|n| n.as_os_str() != "store")
        .cloned()
        .collect();
    live::beside(&read.look, names, out, |services, out| {
        services.named(ui)?;
        begun(services, read.look.json, out)
    })
}

/// The contract: the first line on standard error is the bare address, and with `--json` the first line on standard
/// output names it.
pub(super) fn begun(services: &Services, as_json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    for url in &services.urls {
        writeln!(std::io::stderr().lock(), "{url}")?;
        if as_json {
            let line = Listening {
                r#type: "listening",
                url,
                store: store_path()?.display().to_string(),
            };
            json::line(out, &line)?;
            out.flush()?;
        }
    }
    Ok(())
}
