//! `redial replay`: choose recorded requests, send them again, judge the answers.
//!
//! `choose` finds the requests, `edit` lets the user change them, `ready` plans them, `batch` sends each once and `watch` again and
//! again, both in rounds (`round`); `tell` prints; `call` rehearses a whole call (`story`) with a caller
//! who does what `caller` says, and the fallback request; `again` watches that. What a request becomes on the wire is [`crate::replay`]'s. A way of sending that
//! is none of these is a file beside them and one early `if` in [`run`].

mod again;
mod batch;
mod call;
mod caller;
pub(super) mod choose;
mod diagnosing;
mod edit;
mod ready;
mod round;
mod story;
mod tell;
mod watch;

use std::io::{IsTerminal, Write};

use super::args::{Bench, Replay};
use super::{Exit, Stop, config, read, say};
use crate::config::{Origin, Settings};
use crate::output::safe::printable_lines;
use crate::replay::{Edits, Options, Target, TargetError};
use batch::{agreed, send_all};
pub(super) use caller::Rehearse;
use choose::{choose, list};
use ready::Ready;
use round::Sending;

/// Runs the command.
pub(super) fn run(args: &Replay, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        let why = "replay sends what is there: leave --follow out. --watch PATH sends it again when your app's files change, \
            the screen (`redial -f INPUT`) what comes";
        return Err(Stop::usage(why).into());
    }
    if args.dry_run && args.read.look.json && !args.list {
        let why = "--dry-run prints the bytes of requests, not JSON lines: `redial replay --list --json` lists the requests, \
            `redial export --as har --to URL` writes as JSON what would be sent";
        return Err(Stop::usage(why).into());
    }
    args.rehearse.leaves_input(&args.read.inputs)?;
    let mut read = args.read.clone();
    // The calls are looked up here, so that findings of others stay out of the totals too.
    read.look.level = None;
    let view = read::open(&read, None, false)?;
    // What was typed is looked at before what was read: a typing mistake must not depend on the input.
    let settings = config::settings(args.sending.given()?);
    let options = options(args, &settings)?;
    // A listing needs no target: one that was set long ago must not stop it.
    let now = !args.list || args.sending.replays.to.is_some();
    let target = now
        .then(|| target(&settings))
        .filter(|_| settings.target.value.is_some())
        .transpose()?;
    if args.rehearse.follow_answers && !args.list {
        let target = target.map_or_else(|| self::target(&settings), Ok)?;
        return call::follow_answers(args, &view, &target, &options, out);
    }
    let chosen = choose(&args.choice, &args.cause, args.list, &view)?;
    if args.list {
        return list(&view, &chosen, out);
    }
    let (ready, stuck): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|c| c.exchange.replayable());
    for c in &stuck {
        if let Some(why) = c.exchange.why_not {
            say(&format!(
                "{} of call {} is left out: {why}",
                c.exchange.name(),
                c.call.id
            ));
        }
    }
    if ready.is_empty() {
        let why = match stuck.len() {
            0 => "no failed request in the input; --all chooses those that went well too".to_owned(),
            n => format!("none of {n} chosen requests can be sent again"),
        };
        return Err(Stop::new(Exit::Nothing, format!("{why}; `redial replay --list --all` shows them")).into());
    }
    let target = match target {
        Some(t) => t,
        None => self::target(&settings)?,
    };
    let drafts = if args.bench.edit {
        edit::edited(ready)?
    } else {
        ready.into_iter().map(|c| (c, None)).collect()
    };
    let mark = args.bench.replay_header;
    let ready: Vec<Ready<'_>> = drafts
        .into_iter()
        .map(|(chosen, draft)| Ready::new(chosen, draft, &target, &options, mark))
        .collect::<Result<_, _>>()?;
    if args.dry_run {
        return dry_run(&ready, out);
    }
    if args.cause.diagnose {
        agreed(&ready, &target, args.bench.yes)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(diagnosing::diagnose(&view, &ready, &target, out));
    }
    if args.rehearse.fallback.is_some() {
        return call::with_fallback(args, &view, &ready, &target, &options, out);
    }
    send(&args.bench, &view, &ready, &target, out)
}

/// Sends, once or until all is well.
fn send(
    bench: &Bench,
    view: &read::View,
    ready: &[Ready<'_>],
    target: &Target,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What cannot be done is said before anybody is asked.
    let pinned = runtime.block_on(target.resolve()).map_err(|e| refused(&e))?;
    let watched = match bench.watch.as_slice() {
        [] => None,
        paths => Some(watch::Changes::of(paths, view)?),
    };
    agreed(ready, target, bench.yes)?;
    let sending = Sending {
        view,
        ready,
        target,
        pinned: &pinned,
        limits: bench.limits(),
    };
    runtime.block_on(async {
        match watched {
            None => send_all(&sending, bench.diff, out).await,
            Some(changes) => watch::until_green(&sending, changes, bench.diff, out).await,
        }
    })
}

pub(super) fn target(settings: &Settings) -> Result<Target, Stop> {
    let Some(to) = &settings.target.value else {
        return Err(Stop::usage(
            "where to? --to http://localhost:3000, or set REDIAL_TARGET",
        ));
    };
    Target::parse(to, &settings.allow_hosts.value).map_err(|e| {
        let mut stop = refused(&e);
        if let Origin::File { .. } = &settings.target.origin {
            stop.message = format!("{}: target: {}", settings.target.origin, stop.message);
        }
        stop
    })
}

pub(super) fn refused(e: &TargetError) -> Stop {
    Stop::new(if e.refused() { Exit::Refused } else { Exit::Failed }, e.to_string())
}

fn options(args: &Replay, settings: &Settings) -> Result<Options, Stop> {
    let pair = |text: &String| {
        let (n, v) = text
            .split_once('=')
            .filter(|(n, _)| !n.is_empty())
            .ok_or_else(|| Stop::usage(format!("--set {text}: write NAME=VALUE")))?;
        Ok((n.to_owned(), v.to_owned()))
    };
    let header = |text: &String| Edits::parse_header(text).map_err(|e| Stop::usage(format!("--header {text}: {e}")));
    Ok(Options {
        edits: Edits {
            set: args.set.iter().map(pair).collect::<Result<_, Stop>>()?,
            unset: args.unset.clone(),
            headers: args.header.iter().map(header).collect::<Result<_, Stop>>()?,
        },
        ..config::sending(settings)
    })
}

/// The bytes themselves; on a terminal made printable.
fn dry_run(ready: &[Ready<'_>], out: &mut impl Write) -> anyhow::Result<Exit> {
    let terminal = std::io::stdout().is_terminal();
    for (n, ready) in ready.iter().enumerate() {
        ready.say_notes();
        let wire = ready.plan.wire()?;
        if n > 0 {
            out.write_all(b"\n\n")?;
        }
        if terminal {
            for line in printable_lines(&String::from_utf8_lossy(&wire)) {
                writeln!(out, "{line}")?;
            }
        } else {
            out.write_all(&wire)?;
        }
    }
    Ok(Exit::Done)
}
