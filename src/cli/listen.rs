//! `redial listen`: starts the listener, says where it is, tells what happens until a signal ends it.

use std::io::Write;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::args::ListenArgs;
use super::{Exit, Stop, config, say, store};
use crate::config::{Credentials, Given};
use crate::output::json;
use crate::server::listen::{self, Counts, Limits, ListenOptions, Running, Told};

#[derive(Serialize)]
struct Listening<'a> {
    r#type: &'static str,
    url: &'a str,
    store: String,
    signatures: &'static str,
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    events: u64,
    known: u64,
    refused: u64,
    failed: u64,
}

/// Runs the command.
pub(super) fn run(args: &ListenArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let settings = config::settings(Given {
        public_url: args.public_url.clone(),
        ..Given::default()
    });
    let token = Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token;
    let options = ListenOptions {
        bind: args.bind,
        port: args.port,
        public_url: settings.public_url.value.clone(),
        auth_token: token,
        insecure: args.insecure,
        limits: Limits::default(),
        store: store::place()?,
    };
    let place = options.store.display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (tell, told) = mpsc::unbounded_channel();
    let counts = runtime.block_on(async {
        // Before anything is served: a signal that comes early ends it in order too.
        let signals = Signals::new()?;
        let running = listen::start(options, move |t| {
            // Nobody listens any more only when the program ends.
            let _ = tell.send(t);
        })
        .map_err(|e| Stop::usage(e.to_string()))?;
        begin(args, &running, place, out)?;
        anyhow::Ok(until_signal(running, told, signals).await)
    })?;
    end(args, counts, out)?;
    Ok(Exit::Done)
}

fn begin(args: &ListenArgs, running: &Running, store: String, out: &mut impl Write) -> anyhow::Result<()> {
    // The contract: the first line on standard error, bare, for whoever reads it from there.
    writeln!(std::io::stderr().lock(), "{}", running.url())?;
    let checked = running.checks_signatures();
    if args.json {
        let line = Listening {
            r#type: "listening",
            url: running.url(),
            store,
            signatures: if checked { "checked" } else { "unchecked" },
        };
        json::line(out, &line)?;
        out.flush()?;
    }
    if !checked {
        say("no auth token (TWILIO_AUTH_TOKEN): signatures are not checked, whatever is sent here is kept");
    }
    Ok(())
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Tells what is refused and what is wrong with the store, until a signal comes; a line that comes again is not said twice in a row.
async fn until_signal(running: Running, mut told: mpsc::UnboundedReceiver<Told>, mut signals: Signals) -> Counts {
    let mut last = None;
    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(what) = told.recv() => {
                if let Some(line) = line(&what)
                    && last.as_ref() != Some(&what)
                {
                    say(&line);
                    last = Some(what);
                }
            }
        }
    }
    running.shutdown();
    let ended = tokio::task::spawn_blocking(move || running.join());
    tokio::select! {
        counts = ended => counts.unwrap_or_default(),
        // A second one does not want to wait for what is worked on.
        () = signals.next() => Counts::default(),
    }
}

fn line(told: &Told) -> Option<String> {
    match told {
        Told::Accepted { .. } => None,
        Told::Refused { status, why } => Some(format!("refused ({status}): {why}")),
        Told::StoreTrouble(why) => Some(format!("nothing can be kept, senders are told to try again: {why}")),
        Told::StoreWell => Some("the store takes events again".to_owned()),
    }
}

fn end(args: &ListenArgs, counts: Counts, out: &mut impl Write) -> anyhow::Result<()> {
    if args.json {
        let line = Summary {
            r#type: "summary",
            events: counts.new,
            known: counts.known,
            refused: counts.refused,
            failed: counts.failed,
        };
        json::line(out, &line)?;
        return Ok(());
    }
    let Counts {
        new,
        known,
        refused,
        failed,
    } = counts;
    say(&format!(
        "{new} events kept, {known} known already, {refused} requests refused, {failed} not kept"
    ));
    Ok(())
}
