//! Sending again: which requests are meant, what would be sent, what came back, what is compared.

use std::sync::Arc;

use super::super::data::{Attempt, AttemptState, Draft, Planned, Recorded, What};
use super::super::form::{self, Form};
use super::super::keys::Action;
use super::super::layout::Pane;
use super::super::list::Cursor;
use super::super::model::{Model, Overlay, Reader, Shown, Tab};
use super::super::msg::{Ask, Effect, Level, Purpose, Sides, Wanted};
use super::{ask, target, watch};
use crate::output::diff::Diff;
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
            keep_draft(model);
            model.overlay = None;
            send(model, plans, effects);
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
        Pane::Calls => {
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
            Ok(list(chosen))
        }
        Pane::Story if !model.story.marks.is_empty() => {
            let marks = &model.story.marks;
            // In the order of the story, then those of other stories.
            let here = model.story.data.items.iter().filter_map(|i| match &i.what {
                What::Request(r) if marks.contains(&r.exchange) => Some(r.exchange),
                _ => None,
            });
            let mut requests: Vec<u32> = here.collect();
            let others: Vec<u32> = marks.iter().copied().filter(|n| !requests.contains(n)).collect();
            requests.extend(others);
            Ok(list(requests))
        }
        Pane::Replays => match model.replays.selected() {
            Some(a) => Ok(vec![match &a.draft {
                Some(d) => Wanted::Draft(Arc::clone(d)),
                None => Wanted::Exchange(a.recorded.exchange),
            }]),
            None => Err("nothing was sent yet: choose a request in the story".to_owned()),
        },
        Pane::Story | Pane::Detail => {
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
                None => Ok(list(vec![n])),
            }
        }
        Pane::Sources => Err("choose a call or a request first".to_owned()),
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
        keep_draft(model);
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
        Purpose::Send | Purpose::Preview => send(model, plans, effects),
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

/// On their way.
pub(super) fn send(model: &mut Model, plans: Vec<Planned>, effects: &mut Vec<Effect>) {
    let numbers = queue(model, plans, true);
    if !numbers.is_empty() {
        effects.push(Effect::Send(numbers));
    }
}

/// Attempts that are about to be sent, by their numbers; `seen`: the user is shown them.
pub(super) fn queue(model: &mut Model, plans: Vec<Planned>, seen: bool) -> Vec<u32> {
    let mut numbers = Vec::new();
    for p in plans {
        let Ok(plan) = p.plan else { continue };
        let number = model.replays.attempts.len() as u32 + 1;
        for note in &plan.notes {
            model.notices.say(model.now, Level::Info, note.clone());
        }
        model.replays.attempts.push(Attempt {
            number,
            recorded: p.recorded,
            at: model.now,
            draft: p.draft,
            target: p.target,
            plan,
            state: AttemptState::Queued,
        });
        numbers.push(number);
    }
    if numbers.is_empty() {
        return numbers;
    }
    let len = model.replays.attempts.len();
    if !seen {
        // Whoever reads an answer goes on reading it.
        if model.focus != Pane::Replays {
            model.replays.cursor.select(len - numbers.len(), len, len);
        }
        anew(model);
        return numbers;
    }
    model.replays.cursor.select(len - numbers.len(), len, len);
    model.replays.shown = Shown::Answer;
    anew(model);
    model.slot = Pane::Replays;
    if matches!(model.focus, Pane::Detail | Pane::Sources) {
        model.focus = Pane::Replays;
    }
    model.calls.marks.clear();
    model.story.marks.clear();
    // What was said of earlier ones is over.
    if model
        .notices
        .current(model.now)
        .is_some_and(|n| n.level == Level::Error)
    {
        model.notices.shown = false;
    }
    numbers
}

/// What tells of attempts is put together anew.
fn anew(model: &mut Model) {
    model.replays.width = 0;
    if model.detail.tab == Tab::Replays {
        super::moves::leave_tab(model);
        model.detail.width = 0;
    }
}

/// A replay has gone on.
pub(super) fn went_on(model: &mut Model, number: u32, state: AttemptState, effects: &mut Vec<Effect>) {
    let Some(attempt) = model.replays.attempts.iter_mut().find(|a| a.number == number) else {
        return;
    };
    attempt.state = state;
    let restarts = watch::went_on(model, number, effects);
    let Some(attempt) = model.replays.attempts.iter().find(|a| a.number == number) else {
        return;
    };
    let name = format!("{} {}", attempt.plan.method, path_of(&attempt.plan.path));
    let said = match &attempt.state {
        AttemptState::Queued | AttemptState::InFlight => None,
        AttemptState::Cancelled => Some((Level::Info, format!("cancelled: {name}"))),
        AttemptState::Refused(why) => Some((Level::Error, why.clone())),
        AttemptState::Done(_) if restarts => Some((Level::Info, "the app restarts: waiting for its port".to_owned())),
        AttemptState::Done(a) => {
            let what = match (a.sent.status, &a.sent.error) {
                (Some(s), None) => format!("{s} in {} ms", a.sent.ms),
                (_, Some(e)) => e.to_string(),
                (None, None) => "no answer".to_owned(),
            };
            let (level, word) = if a.pass {
                (Level::Good, "PASS")
            } else {
                (Level::Error, "FAIL")
            };
            Some((level, format!("{word} {name}: {what}")))
        }
    };
    anew(model);
    if let Some((level, text)) = said {
        model.notices.say(model.now, level, text);
        if model.bell && model.replays.open() == 0 {
            effects.push(Effect::Bell);
        }
    }
    watch::end_of_round(model, effects);
}

pub(super) fn path_of(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// Compares answers: recorded and last, then the two last, then none.
pub(super) fn diff(model: &mut Model, effects: &mut Vec<Effect>) {
    let attempt = match model.focus {
        Pane::Replays => model.replays.selected(),
        _ => exchange_here(model).and_then(|n| model.last_answer(n)),
    };
    let Some((attempt, answer)) = attempt.and_then(|a| Some((a, a.answered()?))) else {
        let text = format!(
            "nothing to compare yet: {} sends the request again",
            model.keys.name_of(Action::Replay)
        );
        return model.notices.say(model.now, Level::Info, text);
    };
    let recorded = attempt.recorded.response.as_ref().and_then(|r| r.body.clone());
    let before = model
        .replays
        .of(attempt.recorded.exchange)
        .rev()
        .filter(|a| a.number < attempt.number)
        .find_map(|a| Some((a.number, a.answered()?)));
    let number = attempt.number;
    let mut ways: Vec<(Sides, Arc<str>)> = Vec::new();
    ways.extend(recorded.map(|r| (Sides::Recorded(number), r.into())));
    ways.extend(before.map(|(n, a)| (Sides::Attempts(n, number), a.text.as_str().into())));
    if ways.is_empty() {
        let text =
            "the recording holds no text of the answer and this is the first replay: send it once more to compare";
        return model.notices.say(model.now, Level::Info, text);
    }
    let now = match &model.replays.shown {
        Shown::Diff(sides, _) => ways.iter().position(|w| w.0 == *sides).map_or(0, |n| n + 1),
        Shown::Answer => 0,
    };
    let newer: Arc<str> = answer.text.as_str().into();
    let at = model.replays.attempts.iter().position(|a| a.number == number);
    if let Some(at) = at {
        model.replays.cursor.at = at;
    }
    super::actions::focus(model, Pane::Replays);
    model.replays.width = 0;
    model.replays.text = Cursor::default();
    match ways.into_iter().nth(now) {
        Some((sides, older)) => {
            model.replays.shown = Shown::Diff(sides, None);
            ask(effects, Ask::Diff(sides, older, newer));
        }
        None => model.replays.shown = Shown::Answer,
    }
}

/// A comparison has arrived.
pub(super) fn diffed(model: &mut Model, sides: Sides, diff: Arc<Diff>) {
    if let Shown::Diff(wanted, shown) = &mut model.replays.shown
        && *wanted == sides
    {
        *shown = Some(diff);
        model.replays.width = 0;
    }
}

/// Remembers what the form holds, or that it holds nothing new.
pub(super) fn keep_draft(model: &mut Model) {
    let Some(Overlay::Form(form)) = &model.overlay else {
        return;
    };
    let exchange = form.recorded.exchange;
    if form.changed() {
        model.replays.drafts.insert(exchange, Arc::new(form.draft()));
        let text = format!("edits kept; {} opens them again", model.keys.name_of(Action::Edit));
        model.notices.say(model.now, Level::Info, text);
    } else {
        model.replays.drafts.remove(&exchange);
    }
}

/// The request that an editor is for.
fn to_edit(model: &Model) -> Result<(Arc<Recorded>, Option<Arc<Draft>>), String> {
    if model.focus == Pane::Replays {
        let a = model.replays.selected().ok_or("nothing was sent yet")?;
        return Ok((Arc::clone(&a.recorded), a.draft.clone()));
    }
    let sheet = model.detail.sheet.as_ref().ok_or("choose a request first")?;
    match &sheet.recorded {
        Some(r) => Ok((Arc::new((**r).clone()), model.replays.drafts.get(&r.exchange).cloned())),
        None => Err(format!(
            "there is no request here; {} goes to the next problem",
            model.keys.name_of(Action::NextProblem)
        )),
    }
}

/// Opens the form.
pub(super) fn edit(model: &mut Model) {
    match to_edit(model) {
        Ok((recorded, draft)) => model.overlay = Some(Overlay::Form(Box::new(Form::new(recorded, draft.as_deref())))),
        Err(why) => model.notices.say(model.now, Level::Info, why),
    }
}

/// Opens the request in the editor, from a pane or from the form.
pub(super) fn edit_outside(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Form(form)) = &model.overlay {
        return effects.push(Effect::EditOutside(form.http()));
    }
    match to_edit(model) {
        Ok((recorded, draft)) => {
            let mut form = Form::new(recorded, draft.as_deref());
            form.passing = true;
            effects.push(Effect::EditOutside(form.http()));
            model.overlay = Some(Overlay::Form(Box::new(form)));
        }
        Err(why) => model.notices.say(model.now, Level::Info, why),
    }
}

/// The editor is closed: what it wrote goes into the form.
pub(super) fn edited(model: &mut Model, result: Result<String, String>, effects: &mut Vec<Effect>) {
    let text = match result {
        Ok(text) => text,
        Err(why) => return model.notices.say(model.now, Level::Error, why),
    };
    let Some(Overlay::Form(form)) = &mut model.overlay else {
        return;
    };
    match form.read_http(&text) {
        Ok(form::Change::Some) => {
            let wanted = vec![Wanted::Draft(Arc::new(form.draft()))];
            plan(model, Purpose::Preview, wanted, effects);
        }
        Ok(form::Change::None) => model.notices.say(model.now, Level::Info, "nothing was changed"),
        Err(why) => {
            let text = format!(
                "{why}; {} opens the editor again",
                model.keys.name_of(Action::EditOutside)
            );
            model.notices.say(model.now, Level::Error, text);
        }
    }
}

/// The form is done.
pub(super) fn send_form(model: &mut Model, purpose: Purpose, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &model.overlay else {
        return;
    };
    let wanted = if form.changed() {
        Wanted::Draft(Arc::new(form.draft()))
    } else {
        Wanted::Exchange(form.recorded.exchange)
    };
    plan(model, purpose, vec![wanted], effects);
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
