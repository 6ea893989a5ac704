//! Watching: the chosen requests again and again until all pass. When that is, [`crate::replay::watch`] says; here it becomes
//! attempts, effects and words.

use std::path::Path;
use std::time::Duration;

use super::super::data::{AttemptState, Planned};
use super::super::keys::Action;
use super::super::model::{Model, Watching};
use super::super::msg::{Effect, Level, Purpose};
use super::{attempts, replays};
use crate::model::{Severity, Time};
use crate::output::text::count;
use crate::replay::TransportError;
use crate::replay::watch::{Event, Heard, Step, Watch, order};

/// The machine's clock for the one of this machine.
fn clock(now: Time) -> Duration {
    Duration::from_millis(now.0.max(0) as u64)
}

/// `watch`: begins with the marked requests, else the one in sight; ends it where it goes on.
pub(super) fn toggle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.watching.is_some() {
        stop(model, effects);
    } else {
        replays::wish(model, Purpose::Watch, effects);
    }
}

/// What is to pass is known.
pub(super) fn begin(model: &mut Model, plans: Vec<Planned>, effects: &mut Vec<Effect>) {
    effects.push(Effect::Watch(model.watch_paths.clone()));
    model.watching = Some(Box::new(Watching {
        watch: Watch::new(clock(model.now)),
        green: vec![None; plans.len()],
        plans,
        sent: Vec::new(),
    }));
    go_on(model, Event::Tick, effects);
}

/// Ends it, with what is on its way.
pub(super) fn stop(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(watching) = model.watching.take() else { return };
    effects.push(Effect::Unwatch);
    if model.replays.open() > 0 {
        effects.push(Effect::Cancel);
    }
    let text = match watching.red() {
        0 => "watching ended".to_owned(),
        red => format!(
            "watching ended: {red} of {} still red",
            count(watching.plans.len(), "request")
        ),
    };
    model.notices.say(model.now, Level::Info, text);
}

/// Files cannot be watched.
pub(super) fn failed(model: &mut Model, why: String, effects: &mut Vec<Effect>) {
    if model.watching.is_some() {
        stop(model, effects);
    }
    model.notices.say(model.now, Level::Error, why);
}

/// A file changed.
pub(super) fn changed(model: &mut Model, path: &Path, effects: &mut Vec<Effect>) {
    let now = clock(model.now);
    let Some(watching) = &mut model.watching else { return };
    let heard = watching.watch.heard(now, path);
    if heard == Heard::PutAside {
        let text = format!(
            "{} changes whenever requests are sent: it is put aside; name it in .gitignore if your app writes it",
            path.display()
        );
        model.notices.say(model.now, Level::Info, text);
    }
    let Some(event) = heard.event() else { return };
    go_on(model, event, effects);
    if model.watching.as_mut().is_some_and(|w| w.watch.is_noisy()) {
        let text = format!(
            "files such as {} change while requests are sent: they are sent less often now; name them in .gitignore if your app writes them",
            path.display()
        );
        model.notices.say(model.now, Level::Info, text);
    }
}

/// Tells the machine, and does what it says.
pub(super) fn go_on(model: &mut Model, event: Event, effects: &mut Vec<Effect>) {
    let now = clock(model.now);
    let Some(watching) = &mut model.watching else { return };
    match watching.watch.on(now, event) {
        Some(Step::Start(_)) => start(model, effects),
        Some(Step::Cancel) => {
            watching.sent.clear();
            effects.push(Effect::Cancel);
        }
        Some(Step::Probe) => {
            let target = watching.plans.first().map(|p| p.target.clone());
            effects.extend(target.map(Effect::Probe));
        }
        Some(Step::Green) => green(model, effects),
        None => {}
    }
}

/// A round: those with something red first.
fn start(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(watching) = &mut model.watching else { return };
    let calls: Vec<u32> = watching.plans.iter().map(|p| p.recorded.call).collect();
    let all = order(&calls, |n| watching.green[n] == Some(false));
    let plans: Vec<Planned> = all.iter().map(|n| watching.plans[*n].clone()).collect();
    let first = watching.watch.round() == 1;
    let numbers = attempts::queue(model, plans, first);
    if let Some(watching) = &mut model.watching {
        watching.sent = numbers.iter().copied().zip(all).collect();
    }
    effects.push(Effect::Send(numbers));
}

fn green(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(watching) = model.watching.take() else { return };
    effects.push(Effect::Unwatch);
    let requests = count(watching.plans.len(), "request");
    let rounds = count(watching.watch.round() as usize, "round");
    let text = format!("all green: {requests} after {rounds}; watching ended");
    model.notices.say(model.now, Level::Good, text);
    if model.notify {
        effects.push(Effect::Notify(format!("all green: {requests}")));
    }
}

/// An attempt has gone on. True where nobody listened since the app restarts: that is no answer.
pub(super) fn went_on(model: &mut Model, number: u32, effects: &mut Vec<Effect>) -> bool {
    let Some(watching) = &mut model.watching else {
        return false;
    };
    let Some(at) = watching.sent.iter().find(|s| s.0 == number).map(|s| s.1) else {
        return false;
    };
    let Some(attempt) = model.replays.attempts.iter().find(|a| a.number == number) else {
        return false;
    };
    let pass = match &attempt.state {
        AttemptState::Queued | AttemptState::InFlight => return false,
        // Cancelled by the user, who may still watch: the machine's own are forgotten before.
        AttemptState::Cancelled | AttemptState::Refused(_) => false,
        AttemptState::Done(a) => {
            let refused = matches!(a.sent.error, Some(TransportError::Refused(_)));
            if refused && watching.watch.on(clock(model.now), Event::Refused).is_some() {
                watching.sent.clear();
                effects.push(Effect::Cancel);
                return true;
            }
            a.pass
        }
    };
    watching.green[at] = Some(pass);
    watching.watch.answered(clock(model.now));
    false
}

/// Looks whether the last of a round has ended.
pub(super) fn end_of_round(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(watching) = model.watching.as_ref().filter(|w| w.watch.is_running()) else {
        return;
    };
    let attempts = &model.replays.attempts;
    let mut all = watching
        .sent
        .iter()
        .filter_map(|(n, _)| attempts.iter().find(|a| a.number == *n));
    if all.clone().any(super::super::data::Attempt::open) {
        return;
    }
    let unreachable = all.any(|a| match &a.state {
        AttemptState::Done(a) => a.sent.peer.is_none() && a.sent.error.is_some(),
        _ => false,
    });
    let green = watching.red() == 0;
    go_on(model, Event::Ended { green, unreachable }, effects);
    if !green {
        say_red(model);
    }
}

/// Says the first red answer of a round: `500 · 11200 POST /menu`.
fn say_red(model: &mut Model) {
    let Some(watching) = &model.watching else { return };
    let attempt = |number: u32| model.replays.attempts.iter().find(|a| a.number == number);
    let red = watching.sent.iter().filter(|(_, at)| watching.green[*at] != Some(true));
    let Some((attempt, _)) = red.filter_map(|(n, at)| Some((attempt(*n)?, *at))).min_by_key(|r| r.1) else {
        return;
    };
    let answer = match &attempt.state {
        AttemptState::Done(a) => {
            let status = a.sent.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
            let error = a.problems.iter().find(|p| p.severity == Severity::Error);
            let code = error.or(a.problems.first()).and_then(|p| p.code.as_deref());
            code.map_or_else(
                || status.clone(),
                |code| format!("{status} {} {code}", model.look.signs().dot),
            )
        }
        AttemptState::Cancelled => "cancelled:".to_owned(),
        _ => "not sent:".to_owned(),
    };
    let plan = &attempt.plan;
    let mut text = format!("{answer} {} {}", plan.method, attempts::path_of(&plan.path));
    if watching.watch.round() == 1 {
        let key = model.keys.name_of(Action::Watch);
        text = format!("{text}; sent again when files change, {key} ends it");
    }
    model.notices.say(model.now, Level::Error, text);
}
