//! `redial errors --group`: one cause, many calls.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::Exit;
use super::read::View;
use crate::call::Finding;
use crate::model::Severity;
use crate::output::fit::count;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::{groups as shown, json};
use crate::session::groups::{Answers, groups};

/// Writes the groups of the findings in view and the closing line.
pub(super) fn run(view: &View, fail: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let session = &view.session;
    let of = |c| view.query.findings(session, c);
    let findings: Vec<&Finding> = session.calls.calls.iter().flat_map(of).collect();
    let groups = with_progress(|progress| groups(session, &findings, &mut Answers::default(), Some(progress)));
    for g in &groups {
        if view.json {
            json::line(out, &shown::group(session, g))?;
        } else {
            view.page.group(out, session, g)?;
        }
    }
    view.list_unparsed(out)?;
    let summary = view.summary(&findings);
    if view.json {
        json::line(out, &summary)?;
    } else {
        if groups.iter().any(|g| g.request.is_some()) {
            let to = view
                .page
                .target
                .as_ref()
                .map(|t| format!(" --to {t}"))
                .unwrap_or_default();
            let command = format!("redial replay {}--one-per-group{to}", view.page.inputs);
            let text = format!("one request of each: {command}");
            writeln!(out, "{}", view.page.paint.role(Role::Command, printable(&text)))?;
        }
        let calls = session.calls.iter().filter(|c| of(c).next().is_some()).count();
        let causes = count(groups.len(), "cause");
        writeln!(out, "{}", view.page.paint.role(Role::Faint, causes))?;
        view.page.summary(out, &summary, findings.len(), calls)?;
    }
    let errors = findings.iter().any(|f| f.severity == Severity::Error);
    if fail && errors && view.exit() == Exit::Done {
        return Ok(Exit::No);
    }
    Ok(view.exit())
}

/// Runs with a count on standard error, shown on a terminal for what takes over half a second.
pub(super) fn with_progress<T>(work: impl FnOnce(&mut dyn FnMut(usize, usize)) -> T) -> T {
    let begun = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let mut bar: Option<ProgressBar> = None;
    let result = work(&mut |done, all| {
        if !terminal || begun.elapsed().as_millis() < 500 {
            return;
        }
        let style = ProgressStyle::with_template("reading answers {pos} of {len} {wide_bar}");
        let bar = bar.get_or_insert_with(|| {
            ProgressBar::new(all as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(done as u64);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}
