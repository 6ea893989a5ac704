//! Which recorded requests are meant, and the list of them.

use std::io::Write;

use super::super::args::Choice;
use super::super::diagnose::Cause;
use super::super::{Exit, Stop, read};
use crate::call::{Call, Exchange, in_order_of_time};
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::session::Detail;

/// A request that was chosen.
pub(in crate::cli) struct Chosen<'a> {
    pub(in crate::cli) call: &'a Call,
    pub(in crate::cli) exchange: &'a Exchange,
    pub(in crate::cli) detail: Detail,
}

/// The requests that the options name, in the order of time. The last of them is one that can be sent, unless they are only listed.
pub(in crate::cli) fn choose<'a>(
    choice: &Choice,
    cause: &Cause,
    listed: bool,
    view: &'a read::View,
) -> anyhow::Result<Vec<Chosen<'a>>> {
    let session = &view.session;
    let mut all: Vec<(&Call, &Exchange)> = session
        .calls
        .calls
        .iter()
        .flat_map(|c| view.query.exchanges(session, c).map(move |e| (c, e)))
        .collect();
    all.sort_by_key(|(_, e)| (e.place.input, e.place.line));
    all = in_order_of_time(all, |(_, e)| (e.place.input, e.at.time(), 0));
    let mut chosen = if choice.request.is_empty() {
        all.retain(|(_, e)| choice.all || e.outcome.failed());
        all
    } else {
        by_name(&choice.request, &all)?
    };
    chosen = cause.narrow(session, chosen, !choice.request.is_empty());
    if choice.last && chosen.len() > 1 {
        let last = chosen
            .iter()
            .rposition(|(_, e)| listed || e.replayable())
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

pub(super) fn list(view: &read::View, chosen: &[Chosen<'_>], out: &mut impl Write) -> anyhow::Result<Exit> {
    for c in chosen {
        if view.json {
            json::line(out, &json::request(&view.session, c.exchange, &c.detail))?;
        } else {
            let mark = if c.exchange.replayable() { " " } else { "✗" };
            let name = view.page.paint.role(Role::Command, c.exchange.name());
            writeln!(out, "{mark} {name}  call {}", printable(&c.call.id.to_string()))?;
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
        let requests = count(chosen.len(), "request");
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
