//! Answers to the screen's small questions, from the session.

use std::sync::Arc;

use super::super::data::Planned;
use super::super::msg::{Ask, Wanted};
use super::sheet;
use crate::filter::expr::Field;
use crate::format::tropo;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{Options, Target, plan};
use crate::session::Session;

/// Values of a field that are offered for completion.
const VALUES: usize = 200;

/// A log line without the columns in front of its message: in a story, time and call are known.
pub(super) fn message(line: &[u8]) -> String {
    let line = line.trim_ascii_end();
    let from = tropo::split(line).map_or(0, |s| s.message as usize);
    String::from_utf8_lossy(line.get(from..).unwrap_or(line)).into_owned()
}

/// Of questions of one kind only the last; the others in their order.
pub(super) fn latest(mut questions: Vec<Ask>) -> Vec<Ask> {
    let kind = |q: &Ask| match q {
        Ask::List(_) => 1,
        Ask::Story { .. } => 2,
        Ask::Sheet(_) => 3,
        _ => 0,
    };
    let mut seen = [false; 4];
    let mut keep: Vec<bool> = questions
        .iter()
        .rev()
        .map(|q| {
            let k = kind(q);
            k == 0 || !std::mem::replace(&mut seen[k], true)
        })
        .collect();
    keep.reverse();
    let mut keep = keep.into_iter();
    questions.retain(|_| keep.next().unwrap_or(true));
    questions
}

/// What would be sent for a request, recorded or changed; none when the session has no such request.
pub(super) fn planned(session: &Session, wanted: &Wanted, target: &Target, options: &Options) -> Option<Planned> {
    let (number, draft) = match wanted {
        Wanted::Exchange(n) => (*n, None),
        Wanted::Draft(d) => (d.recorded.exchange, Some(Arc::clone(d))),
    };
    let recorded = sheet::recorded(session, number)?;
    let changed = draft.as_ref().map_or(&recorded.request, |d| &d.recorded.request);
    let options = Options {
        edits: draft.as_ref().map(|d| d.edits.clone()).unwrap_or_default(),
        edited: draft.is_some(),
        ..options.clone()
    };
    let e = session.calls.exchanges.get(number as usize)?;
    let plan = match e.why_not {
        Some(why) if draft.is_none() => Err(format!("cannot be sent again: {why}")),
        _ => plan(recorded.provider, recorded.kind, changed, target, &options)
            .map(Arc::new)
            .map_err(|e| e.to_string()),
    };
    Some(Planned {
        recorded: Arc::new(recorded),
        draft,
        target: target.clone(),
        plan,
    })
}

/// What could not be read of an input, with line numbers.
pub(super) fn unparsed(session: &Session, input: usize) -> Vec<Line> {
    const MOST: usize = 2_000;
    let runs: Vec<_> = session
        .calls
        .unparsed
        .iter()
        .filter(|u| u.place.input as usize == input)
        .take(MOST)
        .collect();
    let places: Vec<_> = runs.iter().map(|u| u.place).collect();
    let mut out = Vec::new();
    for (u, text) in runs.iter().zip(session.again(&places)) {
        if !u.why.is_empty() {
            out.push(Line::of(Role::Warning, &format!("{}: {}", u.place.line, u.why)));
        }
        let text = String::from_utf8_lossy(&text);
        for (n, l) in text.lines().enumerate().take(MOST) {
            let mut line = Line::of(Role::Faint, &format!("{:>7} ", u.place.line + n as u64));
            line.push(Role::Plain, l);
            out.push(line);
        }
        if out.len() > MOST {
            out.push(Line::of(
                Role::Comment,
                "… and more: `redial errors --unparsed` lists all",
            ));
            break;
        }
    }
    out
}

/// Values of a field that occur in the session, the most frequent first.
pub(super) fn values(session: &Session, field: Field) -> Vec<String> {
    let mut counts: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for value in crate::query::values(session, field) {
        *counts.entry(value).or_default() += 1;
    }
    let mut all: Vec<(String, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(VALUES);
    all.into_iter().map(|v| v.0).collect()
}
