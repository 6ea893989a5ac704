//! `redial calls`: one line per call.

use std::io::Write;

use super::args::Calls;
use super::live::{self, Printed};
use super::{Exit, inputs, read};
use crate::call::{Call, Finding};
use crate::model::Severity;
use crate::output::json;
use crate::output::style::Role;
use crate::output::text::Columns;

/// Runs the command.
pub(super) fn run(args: &Calls, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        let inputs = inputs::of(&args.read)?;
        return live::follow(&args.read.look, inputs, Printed::Calls, None, out).map(|(exit, _)| exit);
    }
    let mut view = read::open(&args.read, None, true)?;
    view.session.look_into(&view.engine, |_| true);
    let session = &view.session;
    let level = view.query.level;
    let worst = |c: &Call| {
        session
            .calls
            .findings_of(c)
            .filter(|f| !f.hidden && !f.noise)
            .map(|f| f.severity)
            .max()
    };
    let mut calls: Vec<&Call> = view
        .query
        .calls(session)
        .filter(|c| level.is_none_or(|l| worst(c).is_some_and(|w| w >= l)))
        .collect();
    calls.sort_by_key(|c| super::errors::order(session, c));
    let columns = Columns::of(calls.iter().copied(), view.page.width);
    if !view.json && !calls.is_empty() {
        writeln!(out, "{}", view.page.paint.role(Role::Faint, columns.head()))?;
    }
    for call in &calls {
        if view.json {
            json::line(out, &json::call(session, call))?;
        } else {
            view.page.call(out, session, call, &columns)?;
        }
    }
    view.list_unparsed(out)?;
    let errors = crate::query::Query {
        level: Some(level.unwrap_or(Severity::Warning)),
        ..view.query.clone()
    };
    let shown: Vec<&Finding> = calls.iter().flat_map(|c| errors.findings(session, c)).collect();
    let summary = view.summary(&shown);
    if view.json {
        json::line(out, &summary)?;
    } else {
        let with = calls
            .iter()
            .filter(|c| errors.findings(session, c).next().is_some())
            .count();
        view.page.summary(out, &summary, shown.len(), with)?;
    }
    Ok(view.exit())
}
