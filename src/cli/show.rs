//! `redial show CALL`: the story of one call: requests, answers, findings, in order.

use std::io::Write;

use super::args::Show;
use super::live::{self, Printed};
use super::{Exit, inputs, read, say};
use crate::call::{Call, Exchange, Finding};
use crate::config::Credentials;
use crate::model::Place;
use crate::output::json;
use crate::output::kept::Kept;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::replay::{is_refused, recorded_text};
use crate::session::Detail;
use crate::session::story::{Story, What, family};
use crate::store::Replays;

/// One thing of the story, with what stands behind it.
enum Item<'a> {
    Request(&'a Exchange, Detail),
    Finding(&'a Finding),
    Line(Place, Vec<u8>),
}

/// Runs the command.
pub(super) fn run(args: &Show, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        let inputs = inputs::of(&args.read)?;
        let story = Printed::Story(args.id.clone());
        return live::follow(&args.read.look, inputs, story, None, out).map(|(exit, _)| exit);
    }
    let mut view = read::open(&args.read, None, true)?;
    let named = read::find_call(&view.session, &args.id)?;
    view.query.calls = Some(family(&view.session.calls, named, false));
    let wanted = view.query.calls.clone().unwrap_or_default();
    view.session.look_into(&view.engine, |c| wanted.contains(&c.index));
    let lines = if args.all {
        let lines = view.session.lines_of(wanted.iter().copied());
        let read = lines.read(&view.engine, view.reading, &|| true);
        read.unwrap_or_default().lines
    } else {
        Vec::new()
    };
    let session = &view.session;
    let mut calls: Vec<&Call> = wanted.iter().map(|&n| &session.calls.calls[n as usize]).collect();
    calls.sort_by_key(|c| (c.parent.is_some(), super::errors::order(session, c)));
    if view.json {
        for call in &calls {
            json::line(out, &json::call(session, call))?;
        }
    }
    let mut shown = Vec::new();
    let items = story(&view, &calls, &lines);
    if !view.json {
        for call in &calls {
            view.page.heading(out, session, call)?;
        }
        writeln!(out)?;
    }
    let mut replays = view.store.clone().map(Replays::new);
    for item in &items {
        print(&view, out, item)?;
        if let (Item::Request(e, _), Some(kept)) = (item, &mut replays) {
            replayed(&view, out, e, kept)?;
        }
        if let Item::Finding(f) = item {
            shown.push(*f);
        }
    }
    view.list_unparsed(out)?;
    let mut summary = view.summary(&shown);
    if args.all {
        summary.hidden = summary.lines - (lines.len() as u64).min(summary.lines);
    }
    if view.json {
        json::line(out, &summary)?;
    } else {
        if !args.all {
            let hidden = calls
                .iter()
                .map(|c| c.lines)
                .sum::<u64>()
                .saturating_sub(items.len() as u64);
            let note = format!("· {} hidden; --all shows them ·", count(hidden as usize, "line"));
            writeln!(out, "\n{}", view.page.paint.role(Role::Faint, note))?;
        }
        view.page.summary(out, &summary, shown.len(), calls.len())?;
    }
    Ok(view.exit())
}

/// Everything of the calls in order, with lines when all are shown.
fn story<'a>(view: &'a read::View, calls: &[&'a Call], lines: &[(u32, Place)]) -> Vec<Item<'a>> {
    let session = &view.session;
    let exchanges: Vec<&Exchange> = calls.iter().flat_map(|c| view.query.exchanges(session, c)).collect();
    let findings = calls.iter().flat_map(|c| view.query.findings(session, c));
    let family: Vec<u32> = calls.iter().map(|c| c.index).collect();
    let story = Story::of(&session.calls, &family, exchanges, findings, lines);
    let (mut requests, mut places) = (Vec::new(), Vec::new());
    for item in &story.items {
        match item.what {
            What::Request(n) => requests.push(&session.calls.exchanges[n as usize]),
            What::Line => places.push(item.place),
            _ => {}
        }
    }
    let mut details = requests.iter().copied().zip(session.details(&requests));
    let mut texts = places.iter().copied().zip(session.again(&places));
    let shown = story.items.iter().filter_map(|item| match item.what {
        What::Request(_) => details.next().map(|(e, d)| Item::Request(e, d)),
        What::Finding(n) => Some(Item::Finding(&session.calls.findings[n as usize])),
        What::Line => texts.next().map(|(p, text)| Item::Line(p, text)),
        What::State(_) | What::AppLog(_) | What::Hidden(_) => None,
    });
    shown.collect()
}

/// What the signature of a refused request was made for, where it was recorded and the token is known.
fn signature(view: &read::View, out: &mut impl Write, e: &Exchange, d: &Detail) -> anyhow::Result<()> {
    if !is_refused(e.status) {
        return Ok(());
    }
    let token = Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token;
    if let Some(text) = token.and_then(|t| recorded_text(&d.request, d.response.as_ref(), &t)) {
        view.page.wrapped(out, 11, Role::Good, &format!("→ {text}"))?;
    }
    Ok(())
}

fn print(view: &read::View, out: &mut impl Write, item: &Item<'_>) -> anyhow::Result<()> {
    let session = &view.session;
    match item {
        Item::Request(e, d) if view.json => json::line(out, &json::request(session, e, d))?,
        Item::Finding(f) if view.json => json::line(out, &json::finding(session, f, &session.script(f)))?,
        Item::Line(p, text) if view.json => json::line(out, &json::log_line(session, *p, text))?,
        Item::Request(e, d) => {
            view.page.exchange(out, e, d)?;
            signature(view, out, e, d)?;
            // Where a finding is about it, the finding has the command.
            let found = session
                .calls
                .findings
                .iter()
                .any(|f| f.exchange == Some(e.index) && !f.hidden && !f.noise);
            if !found && (e.outcome.failed() || !e.replayable()) {
                view.page.again(out, e)?;
            }
        }
        Item::Finding(f) => view.page.finding(out, session, f, &session.script(f))?,
        Item::Line(p, text) => {
            let text = String::from_utf8_lossy(text);
            let number = format!("{:>7} ", p.line);
            writeln!(
                out,
                "{}{}",
                view.page.paint.role(Role::Faint, number),
                printable(text.trim_end())
            )?;
        }
    }
    Ok(())
}

/// What was kept of replays of a request.
fn replayed(view: &read::View, out: &mut impl Write, e: &Exchange, replays: &mut Replays) -> anyhow::Result<()> {
    let Some(event) = view.session.event_of(e.place) else {
        return Ok(());
    };
    let kept = match replays.last(event, usize::MAX) {
        Ok((all, _)) => all,
        Err(error) => {
            say(&format!("replays of {} cannot be shown: {error}", e.name()));
            return Ok(());
        }
    };
    let call = &view.session.calls.calls[e.call as usize];
    for replay in kept.iter().map(Kept::from) {
        if view.json {
            json::line(out, &json::kept(e, call, &replay))?;
        } else {
            view.page.replayed(out, &replay)?;
        }
    }
    Ok(())
}
