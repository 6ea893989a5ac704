//! What services say, and what is new: notices, the bell, events to be asked for.

use super::super::data::ServiceRow;
use super::super::model::Model;
use super::super::msg::{Effect, Level};
use crate::live::{Said, Word};
use crate::model::Severity;

/// The user is not told of new errors more often than this (milliseconds).
const PACE: i64 = 5_000;

/// A service says something.
pub(super) fn word(model: &mut Model, word: Word) {
    let now = model.now;
    let all = &mut model.sources.services;
    let n = all.iter().position(|s| s.name == word.service).unwrap_or_else(|| {
        all.push(ServiceRow {
            name: word.service,
            ..ServiceRow::default()
        });
        all.len() - 1
    });
    let row = &mut all[n];
    let (level, text) = match word.said {
        Said::Up { at, but } => {
            row.at = at;
            row.but.clone_from(&but);
            match but {
                Some(text) => (Level::Info, text),
                None => return,
            }
        }
        Said::Came(0) => return,
        Said::Came(events) => {
            row.events += events;
            row.last = Some(now);
            return;
        }
        Said::UpTo(time) => {
            row.up_to = Some(time);
            return;
        }
        Said::Bad(text) => {
            if row.bad.replace(text.clone()).is_some() {
                return;
            }
            (Level::Error, text)
        }
        Said::Well(text) => {
            row.bad = None;
            (Level::Good, text)
        }
        Said::Note(text) => (Level::Info, text),
        Said::Ended(why) => {
            row.ended = true;
            let Some(why) = why else { return };
            row.bad = Some(why.clone());
            (Level::Error, why)
        }
    };
    let text = format!("{}: {text}", word.service);
    if model.notices.all.back().is_none_or(|n| n.text != text) {
        model.notices.say(now, level, text);
    }
}

/// Events of which only a list's entry is known: each is asked for once.
pub(super) fn listed(model: &mut Model, sids: Vec<String>, effects: &mut Vec<Effect>) {
    if !model.sources.services.iter().any(|s| s.name == "pull" && !s.ended) {
        return;
    }
    let new: Vec<String> = sids
        .into_iter()
        .filter(|s| model.sources.fetched.insert(s.clone()))
        .collect();
    if !new.is_empty() {
        effects.push(Effect::Fetch(new));
    }
}

/// The list has come anew: somebody who looks elsewhere is told when there are more errors than before.
pub(super) fn errors(model: &mut Model, effects: &mut Vec<Effect>) {
    let failing = |s: Option<Severity>| s == Some(Severity::Error);
    let rows = &model.calls.list.rows;
    let errors: usize = rows
        .iter()
        .filter(|r| failing(r.severity))
        .map(|r| r.problems as usize)
        .sum();
    // With another filter there are others in view, and nothing is new.
    let asked = model.calls.asked;
    let before = model.sources.errors.replace((asked, errors));
    let new = before.is_some_and(|(a, b)| a == asked && errors > b) && model.sources.caught_up;
    let paced = model.sources.told.is_some_and(|t| model.now.0 - t.0 < PACE);
    if !new || paced || !(model.bell || model.notify) {
        return;
    }
    model.sources.told = Some(model.now);
    if model.bell {
        effects.push(Effect::Bell);
    }
    if model.notify {
        let newest = rows
            .iter()
            .filter(|r| failing(r.severity))
            .max_by_key(|r| r.started.time());
        let what = newest.and_then(|r| r.what.as_deref()).unwrap_or("something failed");
        effects.push(Effect::Notify(format!("redial: {what}")));
    }
}
