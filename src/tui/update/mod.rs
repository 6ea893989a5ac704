//! What happens changes the model, and says what the outside is to do: `update(&mut Model, Msg) -> Vec<Effect>`, pure.
//!
//! Messages end in a file of their topic: `actions` (commands of the panes), `anew` (inputs read once more), `moves` (cursors), `prompts` (lines that are
//! typed; their kinds are `filtering`, `commands`, `target`, `search`), `copying`, `form` (a request being edited), `replays` (what is to be sent),
//! `attempts` (what was), `comparing`, `services`, `stories`, `watch`. At the end `wants` compares what is in sight with what is known and asks for the rest.

mod actions;
mod anew;
mod attempts;
mod commands;
mod comparing;
mod copying;
mod filtering;
mod form;
mod moves;
mod prompts;
mod replays;
mod search;
mod services;
mod stories;
mod target;
mod wants;
mod watch;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::data::{CallList, Sheet, Subject};
use super::keys::{Action, Layer};
use super::layout::Pane;
use super::model::{Model, Notice, Overlay, Reader};
use super::msg::{Ask, Effect, Level, Mouse, Msg};
use crate::config::keys::Key;
use crate::output::rich::Line;
use crate::replay::watch::Event;

pub use replays::summary;
pub use search::{Finder, hits};

/// An error that stood there so long, in milliseconds, was seen: the next key makes room for the status again.
const SEEN: i64 = 3_000;
/// How many sheets are kept for coming back.
const SHEETS: usize = 24;

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let arrived = matches!(
        msg,
        Msg::List(..)
            | Msg::Sources(_)
            | Msg::Story(_)
            | Msg::Texts(_)
            | Msg::Sheet(..)
            | Msg::Attempt(..)
            | Msg::Diffed(..)
    );
    match msg {
        Msg::Key(key) => self::key(model, key, &mut effects),
        Msg::Paste(text) => prompts::paste(model, &text, &mut effects),
        Msg::Mouse(m) => mouse(model, m, &mut effects),
        Msg::Resize(w, h) => model.size = (w, h),
        Msg::Now(t) => {
            model.now = t;
            watch::go_on(model, Event::Tick, &mut effects);
        }
        Msg::Changed(path) => watch::changed(model, &path, &mut effects),
        Msg::Probed(open) => watch::go_on(model, Event::Probed { open }, &mut effects),
        Msg::Unwatchable(why) => watch::failed(model, why, &mut effects),
        Msg::Do(action) => actions::run(model, action, &mut effects),
        Msg::List(number, list) => self::list(model, number, list, &mut effects),
        Msg::Sources(rows) => model.sources.rows = rows,
        Msg::ReadAll => (model.sources.done, model.sources.caught_up) = (true, true),
        Msg::CaughtUp => model.sources.caught_up = true,
        Msg::Anew(moved) => anew::moved(model, &moved),
        Msg::Word(word) => services::word(model, word),
        Msg::Listed(sids) => services::listed(model, sids, &mut effects),
        Msg::Story(data) => stories::arrived(model, data, &mut effects),
        Msg::Texts(texts) => {
            for (place, text) in texts {
                model.story.asked.remove(&place);
                model.story.texts.insert(place, text);
            }
            search::go_on(model, &mut effects);
        }
        Msg::Sheet(subject, sheet) => self::sheet(model, subject, sheet),
        Msg::Unparsed(lines) => unparsed(model, lines),
        Msg::Values(field, values) => {
            model.filter.values.insert(field, values);
            prompts::typed(model, &mut effects);
        }
        Msg::Planned(purpose, plans) => replays::planned(model, purpose, plans, &mut effects),
        Msg::Attempt(number, state) => attempts::went_on(model, number, state, &mut effects),
        Msg::Diffed(sides, diff) => comparing::diffed(model, sides, diff),
        Msg::Edited(result) => {
            let failed = result.is_err();
            form::edited(model, result, &mut effects);
            if let Some(Overlay::Form(form)) = &mut model.overlay
                && std::mem::take(&mut form.passing)
                && failed
            {
                model.overlay = None;
            }
        }
        Msg::Notice(level, text) => model.notices.say(model.now, level, text),
        Msg::Mended(mended) => actions::mended(model, mended),
    }
    wants::settle(model, &mut effects);
    search::count(model, arrived);
    effects
}

fn key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    model.notices.since_key = 0;
    let seen = |n: &Notice| n.level < Level::Error || model.now.0 - n.at.0 >= SEEN;
    let said = model.notices.current(model.now).is_some_and(seen);
    if said {
        model.notices.shown = false;
    }
    match layer(model) {
        Layer::Prompt => prompts::key(model, key, effects),
        Layer::Form => form::key(model, key, effects),
        Layer::Panes => {
            let action = model.keys.action(Layer::Panes, key);
            // At the top, Esc on a message closes the message and nothing else.
            let only_message = said && action == Some(Action::Close) && model.overlay.is_none();
            let at_top = model.focus == Pane::Calls && model.calls.cause.is_none();
            if let Some(action) = action.filter(|_| !(only_message && at_top)) {
                actions::run(model, action, effects);
            }
        }
    }
}

/// Whose keys are meant.
fn layer(model: &Model) -> Layer {
    match &model.overlay {
        Some(Overlay::Prompt(_) | Overlay::Copy(_) | Overlay::Confirm(..)) => Layer::Prompt,
        Some(Overlay::Form(_)) => Layer::Form,
        Some(Overlay::Text(_)) | None => Layer::Panes,
    }
}

/// A new list: the cursor stays on its call.
fn list(model: &mut Model, number: u64, list: Arc<CallList>, effects: &mut Vec<Effect>) {
    if number != model.calls.asked {
        return;
    }
    let height = model.height(Pane::Calls);
    let live = model.is_live() && model.sources.caught_up;
    let calls = &mut model.calls;
    let was = calls.selected().map(|r| (r.key(), r.call));
    let elsewhere = matches!(model.focus, Pane::Story | Pane::Detail | Pane::Replays) || model.overlay.is_some();
    let moved = calls.touched || model.story.lines_asked;
    calls.list = list;
    calls.filled = true;
    let len = calls.list.rows.len();
    let rows = &calls.list.rows;
    let left = calls
        .left
        .take()
        .and_then(|key| rows.iter().position(|r| r.key() == key));
    // From calls to causes and back, the call is what stays.
    let there = left.or_else(|| {
        let (key, call) = was?;
        let same = rows.iter().position(|r| r.key() == key);
        same.or_else(|| rows.iter().position(|r| r.call == call))
    });
    let at = match there {
        // Whoever reads a story goes on reading it.
        _ if calls.follow && !(elsewhere && was.is_some()) => len.saturating_sub(1),
        // What comes live does not move anybody away.
        Some(at) if moved || live => at,
        _ if moved => calls.cursor.at,
        _ => 0,
    };
    calls.cursor.select(at, len, height);
    if calls.selected().map(|r| r.call) != model.story.call || model.story.call.is_none() {
        stories::follow_selection(model, effects);
    }
    services::errors(model, effects);
}

fn sheet(model: &mut Model, subject: Subject, sheet: Arc<Sheet>) {
    let detail = &mut model.detail;
    detail.before.retain(|(s, _)| *s != subject);
    detail.before.push_back((subject, Arc::clone(&sheet)));
    if detail.before.len() > SHEETS {
        detail.before.pop_front();
    }
    if detail.subject == Some(subject) && detail.sheet.as_ref() != Some(&sheet) {
        if detail.sheet.is_some() && detail.width > 0 {
            // The same thing, with more known of it: it stays scrolled.
            detail.left_at.insert((subject, detail.tab), detail.cursor.top);
        }
        detail.sheet = Some(sheet);
        detail.width = 0;
    }
}

fn unparsed(model: &mut Model, lines: Vec<Line>) {
    model.overlay = Some(Overlay::Text(Reader {
        title: "Lines that could not be read".to_owned(),
        lines,
        ..Reader::default()
    }));
}

fn mouse(model: &mut Model, mouse: Mouse, effects: &mut Vec<Effect>) {
    let (column, row) = match mouse {
        Mouse::Click(c, r) | Mouse::WheelUp(c, r) | Mouse::WheelDown(c, r) => (c, r),
    };
    match mouse {
        Mouse::WheelUp(..) | Mouse::WheelDown(..) => {
            let by = if matches!(mouse, Mouse::WheelUp(..)) { -3 } else { 3 };
            moves::wheel(model, column, row, by, effects);
        }
        Mouse::Click(..) if model.overlay.is_none() => moves::click(model, column, row, effects),
        Mouse::Click(..) => {}
    }
}

/// Closes a prompt; what waited behind it comes back.
fn close(model: &mut Model) {
    model.overlay = match model.overlay.take() {
        Some(Overlay::Prompt(p)) => p.behind.map(Overlay::Form),
        Some(Overlay::Text(reader)) => reader.behind.map(Overlay::Form),
        _ => None,
    };
}

/// A question.
fn ask(effects: &mut Vec<Effect>, question: Ask) {
    effects.push(Effect::Ask(question));
}
