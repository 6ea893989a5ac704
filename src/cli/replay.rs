//! `redial replay`: choose recorded requests, send them again, judge the answers.

use std::io::{IsTerminal, Write};

use super::args::Replay;
use super::{Exit, Stop, config, read, say};
use crate::call::{Call, Exchange, in_order_of_time};
use crate::config::{Given, Origin, Settings};
use crate::model::Time;
use crate::output::json;
use crate::output::kept::Attempted;
use crate::output::safe::printable_lines;
use crate::output::style::Role;
use crate::replay::{Edits, Followed, Options, Pinned, Plan, Target, TargetError, plan, send_following};
use crate::session::Detail;
use crate::store::Replays;

/// A request that was chosen.
struct Chosen<'a> {
    call: &'a Call,
    exchange: &'a Exchange,
    detail: Detail,
}

/// Runs the command.
pub(super) fn run(args: &Replay, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        let why = "replay sends what is there and ends: leave --follow out; the screen (`redial -f INPUT`) sends again what comes";
        return Err(Stop::usage(why).into());
    }
    let mut read = args.read.clone();
    // The calls are looked up here, so that findings of others stay out of the totals too.
    read.look.level = None;
    let view = read::open(&read, None, false)?;
    // What was typed is looked at before what was read: a typing mistake must not depend on the input.
    let settings = config::settings(given(args)?);
    let options = options(args, &settings)?;
    // A listing needs no target: one that was set long ago must not stop it.
    let now = !args.list || args.to.is_some();
    let target = now
        .then(|| target(&settings))
        .filter(|_| settings.target.value.is_some())
        .transpose()?;
    let chosen = choose(args, &view)?;
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
    if args.dry_run {
        return dry_run(&ready, &target, &options, out);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send_all(&view, &ready, &target, &options, out))
}

/// The requests that the options name, in the order of time.
fn choose<'a>(args: &Replay, view: &'a read::View) -> anyhow::Result<Vec<Chosen<'a>>> {
    let session = &view.session;
    let mut all: Vec<(&Call, &Exchange)> = session
        .calls
        .calls
        .iter()
        .flat_map(|c| view.query.exchanges(session, c).map(move |e| (c, e)))
        .collect();
    all.sort_by_key(|(_, e)| (e.place.input, e.place.line));
    all = in_order_of_time(all, |(_, e)| (e.place.input, e.at.time(), 0));
    let mut chosen = if args.request.is_empty() {
        all.retain(|(_, e)| args.all || e.outcome.failed());
        all
    } else {
        by_name(&args.request, &all)?
    };
    if args.last && chosen.len() > 1 {
        let last = chosen
            .iter()
            .rposition(|(_, e)| args.list || e.replayable())
            .unwrap_or(chosen.len() - 1);
        chosen = vec![chosen[last]];
    }
    let exchanges: Vec<&Exchange> = chosen.iter().map(|(_, e)| *e).collect();
    let details = session.details(&exchanges);
    Ok(chosen
        .into_iter()
        .zip(details)
        .map(|((call, exchange), detail)| Chosen { call, exchange, detail })
        .collect())
}

/// Requests by id or by an unambiguous beginning of it, in the order given.
fn by_name<'a>(names: &[String], all: &[(&'a Call, &'a Exchange)]) -> Result<Vec<(&'a Call, &'a Exchange)>, Stop> {
    names
        .iter()
        .map(|name| {
            let exact = all.iter().find(|(_, e)| e.name() == *name);
            let mut parts = all
                .iter()
                .filter(|(_, e)| name.len() >= 4 && e.name().starts_with(name.as_str()));
            match (exact, parts.next(), parts.next()) {
                (Some(found), ..) | (None, Some(found), None) => Ok(*found),
                (None, Some(_), Some(_)) => Err(Stop::usage(format!(
                    "several requests begin with `{name}`; give more of the id"
                ))),
                (None, None, _) => {
                    let hint = "`redial replay --list --all` shows them";
                    Err(Stop::new(
                        Exit::Nothing,
                        format!("no request is called `{name}`; {hint}"),
                    ))
                }
            }
        })
        .collect()
}

fn list(view: &read::View, chosen: &[Chosen<'_>], out: &mut impl Write) -> anyhow::Result<Exit> {
    for c in chosen {
        if view.json {
            json::line(out, &json::request(&view.session, c.exchange, &c.detail))?;
        } else {
            let mark = if c.exchange.replayable() { " " } else { "✗" };
            let name = view.page.paint.role(Role::Command, c.exchange.name());
            writeln!(
                out,
                "{mark} {name}  call {}",
                crate::output::safe::printable(&c.call.id.to_string())
            )?;
            view.page.exchange(out, c.exchange, &c.detail)?;
            if !c.exchange.replayable() {
                view.page.again(out, c.exchange)?;
            }
        }
    }
    if view.json {
        json::line(out, &view.summary(&[]))?;
    } else {
        let ready = chosen.iter().filter(|c| c.exchange.replayable()).count();
        let requests = crate::output::text::count(chosen.len(), "request");
        writeln!(
            out,
            "{}",
            view.page
                .paint
                .role(Role::Faint, format!("{requests}, {ready} can be sent again"))
        )?;
    }
    Ok(if chosen.is_empty() { Exit::Nothing } else { view.exit() })
}

/// What the command line says of the settings.
fn given(args: &Replay) -> Result<Given, Stop> {
    let bad = |t: f64| Stop::usage(format!("--timeout {t}: give seconds, such as 15"));
    Ok(Given {
        target: args.to.clone(),
        allow_hosts: args.allow_host.clone(),
        public_url: args.public_url.clone(),
        sign: args.sign,
        timeout: args
            .timeout
            .map(|t| Settings::timeout_of(t).ok_or_else(|| bad(t)))
            .transpose()?,
        ..Given::default()
    })
}

fn target(settings: &Settings) -> Result<Target, Stop> {
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

fn refused(e: &TargetError) -> Stop {
    Stop::new(if e.refused() { Exit::Refused } else { Exit::Failed }, e.to_string())
}

fn options(args: &Replay, settings: &Settings) -> Result<Options, Stop> {
    let pair = |text: &String| {
        let (n, v) = text
            .split_once('=')
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

fn planned(c: &Chosen<'_>, target: &Target, options: &Options) -> Result<Plan, Stop> {
    plan(c.call.provider, c.exchange.kind, &c.detail.request, target, options)
        .map_err(|e| Stop::usage(format!("{}: {e}", c.exchange.name())))
}

/// The bytes themselves; on a terminal made printable.
fn dry_run(ready: &[Chosen<'_>], target: &Target, options: &Options, out: &mut impl Write) -> anyhow::Result<Exit> {
    let terminal = std::io::stdout().is_terminal();
    for (n, c) in ready.iter().enumerate() {
        let plan = planned(c, target, options)?;
        for note in &plan.notes {
            say(&format!("{}: {note}", c.exchange.name()));
        }
        let wire = plan.wire()?;
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

/// Sends one after the other; every answer is printed when it is there.
async fn send_all(
    view: &read::View,
    ready: &[Chosen<'_>],
    target: &Target,
    options: &Options,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let pinned: Pinned = target.resolve().await.map_err(|e| refused(&e))?;
    let mut passed = 0;
    let mut replays = view.store.clone().map(Replays::new);
    for c in ready {
        let at = read::now();
        let first = planned(c, target, options)?;
        let (provider, request) = (c.call.provider, &c.detail.request);
        let followed = send_following(provider, c.exchange.kind, request, first, target, options, &pinned).await;
        // What is shown was kept before.
        if let Some(replays) = &mut replays {
            keep(view, c, at, &followed, options, replays);
        }
        let Followed { plan, sent, verdict } = followed;
        passed += usize::from(verdict.pass());
        if view.json {
            json::line(out, &json::replay(c.exchange, c.call, &plan, &sent, &verdict))?;
        } else {
            view.page.replay(out, c.exchange, &plan, &sent, &verdict)?;
            for note in &plan.notes {
                view.page.wrapped(out, 6, Role::Faint, &format!("note: {note}"))?;
            }
        }
        out.flush()?;
    }
    if view.json {
        json::line(out, &view.summary(&[]))?;
    } else {
        closing(view, passed, ready.len(), out)?;
    }
    Ok(if passed == ready.len() { Exit::Done } else { Exit::No })
}

/// Keeps what became of a request of the store's.
fn keep(view: &read::View, c: &Chosen<'_>, at: Time, done: &Followed, options: &Options, replays: &mut Replays) {
    let Some(event) = view.session.event_of(c.exchange.place) else {
        return;
    };
    let (request, call) = (c.exchange.name(), c.call.id.to_string());
    let attempted = Attempted {
        event,
        request: &request,
        call: c.call.real.then_some(call.as_str()),
        at,
        plan: &done.plan,
        sent: &done.sent,
        verdict: &done.verdict,
        changed: None,
        edits: &options.edits,
        token: options.auth_token.as_ref(),
    };
    replays.keep_or_tell(&attempted.to_keep(), |text| say(&text));
}

fn closing(view: &read::View, passed: usize, all: usize, out: &mut impl Write) -> std::io::Result<()> {
    let role = if passed == all { Role::Good } else { Role::Error };
    let requests = crate::output::text::count(all, "request");
    let text = format!("{requests} sent: {passed} passed, {} failed", all - passed);
    writeln!(out, "{}", view.page.paint.role(role, text))
}
