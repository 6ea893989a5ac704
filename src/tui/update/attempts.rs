//! Attempts: queued and shown, on their way, at their end with a word of what came back.
//!
//! An attempt has the number that the sending thread knows it by; its verdict comes with the answer. Which requests are sent is
//! decided in `replays`, and sending until all pass is `watch`'s.

use super::super::data::{Attempt, AttemptState, Planned};
use super::super::layout::Pane;
use super::super::model::{Model, Shown, Tab};
use super::super::msg::{Effect, Level};
use super::watch;

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
    show(model, len - numbers.len());
    numbers
}

/// Shows new attempts, from the first of them on: what was marked for them or said of earlier ones is over.
fn show(model: &mut Model, first: usize) {
    let len = model.replays.attempts.len();
    model.replays.cursor.select(first, len, len);
    model.replays.shown = Shown::Answer;
    anew(model);
    model.slot = Pane::Replays;
    if matches!(model.focus, Pane::Detail | Pane::Sources) {
        model.focus = Pane::Replays;
    }
    model.calls.marks.clear();
    model.story.marks.clear();
    if model
        .notices
        .current(model.now)
        .is_some_and(|n| n.level == Level::Error)
    {
        model.notices.shown = false;
    }
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
    let said = said(attempt, restarts);
    anew(model);
    if let Some((level, text)) = said {
        model.notices.say(model.now, level, text);
        if model.bell && model.replays.open() == 0 {
            effects.push(Effect::Bell);
        }
    }
    watch::end_of_round(model, effects);
}

/// What is said of an attempt that has gone on.
fn said(attempt: &Attempt, restarts: bool) -> Option<(Level, String)> {
    let name = format!("{} {}", attempt.plan.method, path_of(&attempt.plan.path));
    match &attempt.state {
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
    }
}

/// A path without its parameters.
pub(super) fn path_of(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
