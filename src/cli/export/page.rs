//! The page of calls: which ones, and what it tells of them.

use std::io::Write;

use super::super::{Exit, Stop, config, errors, read, say};
use super::{Export, chosen, give, open};
use crate::call::{Call, Exchange};
use crate::model::Severity;
use crate::output::export::{Kept, Told, tell};
use crate::output::har::Hidden;
use crate::output::html;
use crate::output::text::count;
use crate::session::story::family;
use crate::store::Replays;

/// The page of the calls with problems, or of those that were named.
pub(super) fn page(args: &Export, out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut view = open(&args.read)?;
    let level = args.read.look.level.map_or(Severity::Warning, read::severity);
    view.query.level = Some(level);
    if let Some(id) = &args.read.look.call {
        // With the legs of the call, as `show` has them.
        let named = read::find_call(&view.session, id)?;
        view.query.calls = Some(family(&view.session.calls, named, false));
    }
    let mut wanted = wanted(args, &view)?;
    view.session.look_into(&view.engine, |c| wanted.contains(&c.index));
    let calls = &view.session.calls.calls;
    wanted.sort_by_key(|&n| errors::order(&view.session, &calls[n as usize]));
    let mut replays = view.store.clone().map(Replays::new);
    let mut kept = |e: &Exchange| kept(&view, e, replays.as_mut());
    let mut told: Vec<Told> = wanted
        .iter()
        .map(|&n| tell(&view.session, &view.query, &calls[n as usize], &mut kept))
        .collect();
    if told.is_empty() {
        let why = "no call with a problem in the input; --all takes those that went well too";
        return Err(Stop::new(Exit::Nothing, why).into());
    }
    let token = config::credentials().0.auth_token;
    for t in &mut told {
        t.hide(Hidden::new(token.as_ref()), false);
    }
    if let Some(mut names) = args.names() {
        for t in &told {
            t.teach(&mut names);
        }
        for t in &mut told {
            t.redact(&mut names);
        }
    }
    let about = html::About {
        redacted: args.redacts(),
    };
    give(args, &html::page(&told, &about), &count(told.len(), "call"), out)?;
    Ok(view.exit())
}

/// Numbers of the calls for the page.
fn wanted(args: &Export, view: &read::View) -> anyhow::Result<Vec<u32>> {
    if !args.choice.request.is_empty() || args.choice.last {
        let mut calls: Vec<u32> = chosen(&args.choice, view)?.iter().map(|c| c.call.index).collect();
        calls.dedup();
        return Ok(calls);
    }
    let named = args.read.look.call.is_some() || args.choice.all;
    let in_view = |c: &&Call| {
        let mut exchanges = view.query.exchanges(&view.session, c).peekable();
        let mut findings = view.query.findings(&view.session, c).peekable();
        if named {
            exchanges.peek().is_some() || findings.peek().is_some()
        } else {
            exchanges.any(|e| e.outcome.failed()) || findings.peek().is_some()
        }
    };
    Ok(view
        .session
        .calls
        .calls
        .iter()
        .filter(in_view)
        .map(|c| c.index)
        .collect())
}

/// What was kept of sending a request again, the first first.
fn kept(view: &read::View, e: &Exchange, replays: Option<&mut Replays>) -> Vec<Kept> {
    let Some((event, replays)) = view.session.event_of(e.place).zip(replays) else {
        return Vec::new();
    };
    match replays.last(event, usize::MAX) {
        Ok((all, _)) => all.iter().map(Kept::from).collect(),
        Err(error) => {
            say(&format!("replays of {} cannot be shown: {error}", e.name()));
            Vec::new()
        }
    }
}
