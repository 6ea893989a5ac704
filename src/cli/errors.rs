//! `redial errors`: what went wrong, per call.

use std::collections::HashSet;
use std::io::Write;

use super::args::Errors;
use super::live::{self, Printed};
use super::{Exit, Stop, grouped, inputs, read};
use crate::call::{Call, Finding};
use crate::model::{Severity, Time};
use crate::output::json;

/// Runs the command.
pub(super) fn run(args: &Errors, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.group && args.read.look.follow {
        let why = "--group puts together what is there: leave --follow out; in the screen (`redial -f INPUT`) a key groups what comes";
        return Err(Stop::usage(why).into());
    }
    if args.read.look.follow {
        let inputs = inputs::of(&args.read)?;
        let level = Some(Severity::Warning);
        let (exit, errors) = live::follow(&args.read.look, inputs, Printed::Findings, level, out)?;
        return Ok(if args.fail && errors && exit == Exit::Done {
            Exit::No
        } else {
            exit
        });
    }
    let mut view = read::open(&args.read, Some(Severity::Warning), false)?;
    if args.group {
        return grouped::run(&view, args.fail, out);
    }
    let with: HashSet<u32> = {
        let (session, query) = (&view.session, &view.query);
        let failing = session
            .calls
            .calls
            .iter()
            .filter(|c| query.findings(session, c).next().is_some());
        failing.map(|c| c.index).collect()
    };
    if !view.json {
        view.session.look_into(&view.engine, |c| with.contains(&c.index));
    }
    let session = &view.session;
    let mut calls: Vec<&Call> = with.iter().map(|&n| &session.calls.calls[n as usize]).collect();
    calls.sort_by_key(|c| order(session, c));
    let found: Vec<(&Call, Vec<&Finding>)> = calls
        .into_iter()
        .map(|c| (c, view.query.findings(session, c).collect()))
        .collect();
    let shown: Vec<&Finding> = found.iter().flat_map(|(_, f)| f.iter().copied()).collect();
    for (call, findings) in &found {
        if !view.json {
            view.page.heading(out, session, call)?;
        }
        for f in findings {
            if view.json {
                json::line(out, &json::finding(session, f, &session.script(f)))?;
            } else {
                view.page.finding(out, session, f, &session.script(f))?;
            }
        }
        if !view.json {
            writeln!(out)?;
        }
    }
    view.list_unparsed(out)?;
    let summary = view.summary(&shown);
    if view.json {
        json::line(out, &summary)?;
    } else {
        let calls_with = found.iter().filter(|(c, _)| c.real).count();
        view.page.summary(out, &summary, shown.len(), calls_with)?;
    }
    if args.fail && shown.iter().any(|f| f.severity == Severity::Error) && view.exit() == Exit::Done {
        return Ok(Exit::No);
    }
    Ok(view.exit())
}

/// Calls by time; those without one where they stand in the input; lines of no call last.
pub(super) fn order(session: &crate::session::Session, call: &Call) -> (bool, Option<Time>, u32, u64) {
    let first = call.ranges.first().map_or((0, 0), |r| (r.input, r.from));
    let _ = session;
    (!call.real, call.started.time(), first.0, first.1)
}
