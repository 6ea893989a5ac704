//! The copy menu: what the selected thing has to copy, as a command, a text, an id.

use super::super::data::CopyTexts;
use super::super::keys::Action;
use super::super::model::{Menu, MenuLine, Model, Overlay};
use super::super::msg::{Effect, Level};
use super::target::USUAL_TARGET;
use crate::config::keys::Key;
use crate::output::curl::curl;
use crate::replay::Target;

/// What can be copied of the selected thing.
pub(super) fn open(model: &mut Model) {
    let texts = model.detail.sheet.as_ref().map(|s| s.copy.clone()).unwrap_or_default();
    let attempt = match model.focus {
        super::super::layout::Pane::Replays => model.replays.selected(),
        _ => model
            .detail
            .sheet
            .as_ref()
            .and_then(|s| s.exchange)
            .and_then(|n| model.replays.of(n).next_back()),
    };
    let command = attempt
        .and_then(|a| curl(&a.plan).ok())
        .or_else(|| recorded_curl(model));
    let CopyTexts { body, url, id, advice } = texts;
    let lines: Vec<MenuLine> = [
        ('c', "curl command", command),
        ('b', "body", body),
        ('u', "URL", url),
        ('i', "id of the call", id),
        ('a', "advice", advice),
    ]
    .into_iter()
    .filter_map(|(key, what, text)| text.map(|text| MenuLine { key, what, text }))
    .collect();
    if lines.is_empty() {
        return model.notices.say(
            model.now,
            Level::Info,
            "nothing to copy here: choose a request or a problem",
        );
    }
    model.overlay = Some(Overlay::Copy(Menu { lines, at: 0 }));
}

/// A key in the menu.
pub(super) fn key(model: &mut Model, action: Option<Action>, key: Key, effects: &mut Vec<Effect>) {
    let Some(Overlay::Copy(menu)) = &mut model.overlay else {
        return;
    };
    let chosen = match (action, key.typed()) {
        (Some(Action::Next), _) => {
            menu.at = (menu.at + 1) % menu.lines.len();
            return;
        }
        (Some(Action::Previous), _) => {
            menu.at = (menu.at + menu.lines.len() - 1) % menu.lines.len();
            return;
        }
        (Some(Action::Accept), _) => menu.lines.get(menu.at),
        (_, Some('q')) => {
            model.overlay = None;
            return;
        }
        (_, Some(c)) => menu.lines.iter().find(|l| l.key == c),
        _ => None,
    };
    if let Some(line) = chosen {
        effects.push(Effect::Copy(line.text.clone(), line.what));
        model.overlay = None;
    }
}

/// The command that would send the recorded request to the target.
fn recorded_curl(model: &Model) -> Option<String> {
    let r = model.detail.sheet.as_ref()?.recorded.as_ref()?;
    let target = match &model.target.target {
        Some(t) => t.clone(),
        None => Target::parse(USUAL_TARGET, &[]).ok()?,
    };
    // Not signed: a signature is made when it is sent, and the token stays where it is.
    let options = crate::replay::Options {
        sign: Some(crate::replay::SignMode::Strip),
        ..crate::replay::Options::default()
    };
    let plan = crate::replay::plan(r.provider, r.kind, &r.request, &target, &options).ok()?;
    curl(&plan).ok()
}
