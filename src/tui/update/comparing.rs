//! Answers compared: the recorded one with the last, then the last two, then none; the comparison itself is the desk's work.

use std::sync::Arc;

use super::super::data::Attempt;
use super::super::keys::Action;
use super::super::layout::Pane;
use super::super::list::Cursor;
use super::super::model::{Model, Shown};
use super::super::msg::{Ask, Effect, Level, Sides};
use super::ask;
use super::replays::exchange_here;
use crate::output::diff::Diff;

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
    let (number, ways) = (attempt.number, ways(model, attempt));
    let newer: Arc<str> = answer.text.as_str().into();
    if ways.is_empty() {
        let text =
            "the recording holds no text of the answer and this is the first replay: send it once more to compare";
        return model.notices.say(model.now, Level::Info, text);
    }
    let now = match &model.replays.shown {
        Shown::Diff(sides, _) => ways.iter().position(|w| w.0 == *sides).map_or(0, |n| n + 1),
        Shown::Answer => 0,
    };
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

/// What an answer can be compared with: the recorded one, and that of the attempt before.
fn ways(model: &Model, attempt: &Attempt) -> Vec<(Sides, Arc<str>)> {
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
    ways
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
