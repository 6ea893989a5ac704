//! Sending again: which requests are meant, what would be sent, and the user's word for it.
//!
//! `replay`, `preview` and `watch` go one way: the requests in sight or marked, a target, plans, a question where there is more than
//! one. What becomes of them then is told by `attempts`; `comparing` sets answers side by side, `form` has requests that are edited.

use std::sync::Arc;

use super::super::data::{Planned, What};
use super::super::keys::Action;
use super::super::layout::Pane;
use super::super::model::{Model, Overlay, Reader};
use super::super::msg::{Ask, Effect, Level, Purpose, Wanted};
use super::{ask, attempts, form, target, watch};
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::output::text::count;

/// The request that the cursor of the story is about.
pub(super) fn exchange_here(model: &Model) -> Option<u32> {
    match &model.story.selected()?.what {
        What::Request(r) => Some(r.exchange),
        What::Finding(f) => f.exchange,
        _ => None,
    }
}

/// `replay` and `preview`: the marked requests, else the one in sight.
pub(super) fn wish(model: &mut Model, purpose: Purpose, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Text(reader)) = &mut model.overlay {
        // What was shown is sent, exactly.
        let plans = std::mem::take(&mut reader.send);
        if !plans.is_empty() {
            super::close(model);
            form::keep_draft(model);
            model.overlay = None;
            attempts::send(model, plans, effects);
        }
        return;
    }
    match wanted(model) {
        Ok(wanted) => {
            let marks = &model.calls.marks;
            let empty = marks.values().filter(|f| f.is_empty()).count();
            if model.focus == Pane::Calls && empty > 0 {
                let text = format!("{empty} of {} marked calls have nothing that can be sent", marks.len());
                model.notices.say(model.now, Level::Info, text);
            }
            plan(model, purpose, wanted, effects);
        }
        Err(why) => model.notices.say(model.now, Level::Info, why),
    }
}

fn wanted(model: &Model) -> Result<Vec<Wanted>, String> {
    let list = |numbers: Vec<u32>| numbers.into_iter().map(Wanted::Exchange).collect::<Vec<_>>();
    match model.focus {
        Pane::Calls => of_calls(model).map(list),
        Pane::Story if !model.story.marks.is_empty() => Ok(list(of_story(model))),
        Pane::Replays => match model.replays.selected() {
            Some(a) => Ok(vec![match &a.draft {
                Some(d) => Wanted::Draft(Arc::clone(d)),
                None => Wanted::Exchange(a.recorded.exchange),
            }]),
            None => Err("nothing was sent yet: choose a request in the story".to_owned()),
        },
        Pane::Story | Pane::Detail => Ok(list(vec![in_sight(model)?])),
        Pane::Sources => Err("choose a call or a request first".to_owned()),
    }
}

/// Failed requests of the marked calls, else of the selected one.
fn of_calls(model: &Model) -> Result<Vec<u32>, String> {
    let chosen: Vec<u32> = if model.calls.marks.is_empty() {
        model.calls.selected().map(|r| r.failed.clone()).unwrap_or_default()
    } else {
        // In the order of the list, then those that it does not show.
        let marks = &model.calls.marks;
        let rows = &model.calls.list.rows;
        let shown = rows.iter().filter_map(|r| marks.get(&r.key()));
        let hidden = marks.iter().filter(|(key, _)| rows.iter().all(|r| r.key() != **key));
        shown.chain(hidden.map(|h| h.1)).flatten().copied().collect()
    };
    if chosen.is_empty() {
        return Err(format!(
            "no failed request here that can be sent again; {} opens the call",
            model.keys.name_of(Action::Open)
        ));
    }
    Ok(chosen)
}

/// The marked requests, in the order of the story, then those of other stories.
fn of_story(model: &Model) -> Vec<u32> {
    let marks = &model.story.marks;
    let here = model.story.data.items.iter().filter_map(|i| match &i.what {
        What::Request(r) if marks.contains(&r.exchange) => Some(r.exchange),
        _ => None,
    });
    let mut requests: Vec<u32> = here.collect();
    let others: Vec<u32> = marks.iter().copied().filter(|n| !requests.contains(n)).collect();
    requests.extend(others);
    requests
}

/// The request that the cursor is about, where it can be sent again.
fn in_sight(model: &Model) -> Result<u32, String> {
    let n = exchange_here(model).ok_or_else(|| {
        format!(
            "there is no request here; {} goes to the next problem",
            model.keys.name_of(Action::NextProblem)
        )
    })?;
    let why_not = model.story.data.items.iter().find_map(|i| match &i.what {
        What::Request(r) if r.exchange == n => r.why_not.clone(),
        _ => None,
    });
    match why_not {
        Some(why) => Err(format!("cannot be sent again: {why}")),
        None => Ok(n),
    }
}

/// Asks what would be sent; for the target first when there is none.
pub(super) fn plan(model: &mut Model, purpose: Purpose, wanted: Vec<Wanted>, effects: &mut Vec<Effect>) {
    match model.target.target.clone() {
        Some(target) => ask(
            effects,
            Ask::Plan {
                purpose,
                wanted,
                target,
            },
        ),
        None => target::open(model, Some((purpose, wanted))),
    }
}

/// What would be sent is known: show it, ask when it is more than one, or send it.
pub(super) fn planned(model: &mut Model, purpose: Purpose, plans: Vec<Planned>, effects: &mut Vec<Effect>) {
    for p in &plans {
        if let Err(why) = &p.plan {
            let text = format!("{}: {why}", p.recorded.name);
            model.notices.say(model.now, Level::Error, text);
        }
    }
    let ready: Vec<Planned> = plans.into_iter().filter(|p| p.plan.is_ok()).collect();
    if ready.is_empty() {
        return;
    }
    if purpose != Purpose::Preview && matches!(model.overlay, Some(Overlay::Form(_))) {
        form::keep_draft(model);
        model.overlay = None;
    }
    match purpose {
        Purpose::Preview => preview(model, ready),
        _ if ready.len() > 1 => model.overlay = Some(Overlay::Confirm(purpose, ready)),
        _ => agreed(model, purpose, ready, effects),
    }
}

/// The user wants it.
pub(super) fn agreed(model: &mut Model, purpose: Purpose, plans: Vec<Planned>, effects: &mut Vec<Effect>) {
    match purpose {
        Purpose::Watch => watch::begin(model, plans, effects),
        Purpose::Send | Purpose::Preview => attempts::send(model, plans, effects),
    }
}

/// The exact bytes of the first request, and how many more there are.
fn preview(model: &mut Model, plans: Vec<Planned>) {
    let mut lines = Vec::new();
    for (n, p) in plans.iter().enumerate() {
        let Ok(plan) = &p.plan else { continue };
        if n > 0 {
            lines.push(Line::default());
        }
        for note in &plan.notes {
            lines.push(Line::of(Role::Comment, &format!("note: {note}")));
        }
        if let Some(url) = &plan.signed_url {
            lines.push(Line::of(Role::Comment, &format!("signed for {url}")));
        }
        match plan.wire() {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                lines.extend(text.lines().map(|l| Line::of(Role::Plain, l.trim_end_matches('\r'))));
            }
            Err(e) => lines.push(Line::of(Role::Error, &e.to_string())),
        }
    }
    let title = format!("What {} sends", model.keys.name_of(Action::Replay));
    let behind = match model.overlay.take() {
        Some(Overlay::Form(form)) => Some(form),
        _ => None,
    };
    model.overlay = Some(Overlay::Text(Reader {
        title,
        lines,
        send: plans,
        behind,
        ..Reader::default()
    }));
}

/// How many requests, where to, how: for the question before more than one.
pub fn summary(plans: &[Planned]) -> Vec<String> {
    let ready = || plans.iter().filter_map(|p| p.plan.as_ref().ok());
    let mut hosts: Vec<String> = ready()
        .map(|p| p.url.strip_suffix(p.path.as_str()).unwrap_or(&p.url).to_owned())
        .collect();
    hosts.sort();
    hosts.dedup();
    let mut methods: Vec<(String, usize)> = Vec::new();
    for p in ready() {
        match methods.iter_mut().find(|(m, _)| *m == p.method) {
            Some((_, n)) => *n += 1,
            None => methods.push((p.method.clone(), 1)),
        }
    }
    let methods: Vec<String> = methods.iter().map(|(m, n)| format!("{n} × {m}")).collect();
    vec![
        format!("Send {} to {}?", count(plans.len(), "request"), hosts.join(", ")),
        methods.join(", "),
    ]
}
