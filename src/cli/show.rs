//! `redial show CALL`: the story of one call: requests, answers, findings, in order.

use std::io::Write;

use super::args::Show;
use super::{Exit, read};
use crate::call::{Call, Exchange, Finding, in_order_of_time};
use crate::format::tropo;
use crate::model::{Place, Time};
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::session::{Detail, Session};

/// One thing of the story.
enum Item<'a> {
    Request(&'a Exchange, Detail),
    Finding(&'a Finding),
    Line(Place, Vec<u8>),
}

impl Item<'_> {
    fn place(&self) -> Place {
        match self {
            Self::Request(e, _) => e.place,
            Self::Finding(f) => f.place,
            Self::Line(p, _) => *p,
        }
    }

    /// Requests before the findings of their line, the line itself first.
    fn rank(&self) -> u8 {
        match self {
            Self::Line(..) => 0,
            Self::Request(..) => 1,
            Self::Finding(_) => 2,
        }
    }

    fn time(&self) -> Option<Time> {
        match self {
            Self::Request(e, _) => e.at.time(),
            Self::Finding(f) => f.at.time(),
            Self::Line(..) => None,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Show, out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut view = read::open(&args.read, None, true)?;
    let named = read::find_call(&view.session, &args.id)?;
    view.query.calls = Some(family(&view.session, &named));
    let wanted = view.query.calls.clone().unwrap_or_default();
    view.session.look_into(&view.engine, |c| wanted.contains(&c.index));
    let lines = if args.all {
        let lines = view.session.lines_of(wanted.iter().copied());
        let lines = lines.read(&view.engine, view.reading, &|| true).unwrap_or_default();
        lines.into_iter().map(|(_, place)| place).collect()
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
    for item in &items {
        print(&view, out, item)?;
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

/// The calls and their legs.
fn family(session: &Session, named: &std::collections::HashSet<u32>) -> std::collections::HashSet<u32> {
    let ids: Vec<_> = named
        .iter()
        .map(|&n| session.calls.calls[n as usize].id.clone())
        .collect();
    let legs = session
        .calls
        .iter()
        .filter(|c| c.parent.as_ref().is_some_and(|p| ids.contains(p)))
        .map(|c| c.index);
    named.iter().copied().chain(legs).collect()
}

/// Everything of the calls in order: by time where there is one, else as the input has it.
fn story<'a>(view: &'a read::View, calls: &[&'a Call], lines: &[Place]) -> Vec<Item<'a>> {
    let session = &view.session;
    let exchanges: Vec<&Exchange> = calls.iter().flat_map(|c| view.query.exchanges(session, c)).collect();
    let details = session.details(&exchanges);
    let mut items: Vec<Item<'_>> = exchanges
        .into_iter()
        .zip(details)
        .map(|(e, d)| Item::Request(e, d))
        .collect();
    items.extend(
        calls
            .iter()
            .flat_map(|c| view.query.findings(session, c))
            .map(Item::Finding),
    );
    items.extend(
        lines
            .iter()
            .copied()
            .zip(session.again(lines))
            .map(|(p, t)| Item::Line(p, t)),
    );
    let from_lines = calls
        .iter()
        .all(|c| session.calls.exchanges_of(c).all(|e| !e.from_document()));
    items.sort_by_key(|i| (i.place().input, i.place().line, i.rank()));
    if from_lines {
        return items;
    }
    in_order_of_time(items, |i| (i.place().input, i.time(), i.rank()))
}

fn print(view: &read::View, out: &mut impl Write, item: &Item<'_>) -> anyhow::Result<()> {
    let session = &view.session;
    match item {
        Item::Request(e, d) if view.json => json::line(out, &json::request(session, e, d))?,
        Item::Finding(f) if view.json => json::line(out, &json::finding(session, f, &script(session, f)))?,
        Item::Line(p, text) if view.json => json::line(out, &json::log_line(session, *p, text))?,
        Item::Request(e, d) => {
            view.page.exchange(out, e, d)?;
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
        Item::Finding(f) => view.page.finding(out, session, f, &script(session, f))?,
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

/// The echoed script around the line that a script error names, in the developer's own numbering.
pub(super) fn script(session: &Session, f: &Finding) -> Vec<String> {
    let Some(line) = f.script_line else { return Vec::new() };
    let call = &session.calls.calls[f.call as usize];
    let Some((input, smallest, from, to)) = call.echo else {
        return Vec::new();
    };
    let Some(own) = line.checked_sub(smallest).map(|n| n + 1) else {
        return Vec::new();
    };
    let len = u32::try_from(to - from).unwrap_or(u32::MAX).min(4 << 20);
    let text = session
        .again(&[Place {
            input,
            line: 0,
            byte: from,
            len,
        }])
        .pop()
        .unwrap_or_default();
    let mut out = vec![format!("line {own} of your script (#{line} in the log):")];
    out.extend(
        tropo::echoed(&text)
            .into_iter()
            .filter(|(n, _)| n.abs_diff(line) <= 2)
            .map(|(n, source)| {
                let mark = if n == line { ">" } else { " " };
                format!("{mark}{:>5}  {source}", n + 1 - smallest)
            }),
    );
    out
}
