//! Cursors: in whichever pane has the keys.

use super::super::data::What;
use super::super::layout::{self, Pane};
use super::super::list::{Cursor, Step};
use super::super::model::{Model, Overlay, Row};
use super::super::msg::Effect;
use super::{search, stories};
use crate::model::Severity;

/// Moves in the focused pane, or in the text that lies over it.
pub(super) fn step(model: &mut Model, step: Step, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Text(reader)) = &mut model.overlay {
        let height = usize::from(layout::reader(model.size).height);
        reader.cursor.scroll(step, reader.rows.len(), height);
        return;
    }
    step_in(model, model.focus, step, effects);
}

/// Moves in a pane.
fn step_in(model: &mut Model, pane: Pane, step: Step, effects: &mut Vec<Effect>) {
    let height = model.height(pane);
    match pane {
        Pane::Calls => {
            let calls = &mut model.calls;
            calls.touched = true;
            calls.follow &= matches!(step, Step::Bottom);
            let was = calls.cursor.at;
            calls.cursor.step(step, calls.list.rows.len(), height);
            if calls.cursor.at != was {
                stories::follow_selection(model, effects);
            }
        }
        Pane::Story => {
            let was = model.story.cursor.at;
            model.story.wanted = None;
            model.story.cursor.step(step, model.story.rows.len(), height);
            if model.story.cursor.at != was && model.slot == Pane::Replays {
                model.slot = Pane::Detail;
            }
        }
        Pane::Detail => model.detail.cursor.scroll(step, model.detail.rows.len(), height),
        Pane::Replays => {
            let r = &mut model.replays;
            r.text.scroll(step, r.rows.len(), height);
        }
        Pane::Sources => {
            let len = model.sources.len();
            model.sources.cursor.step(step, len, height);
        }
    }
}

/// To the left and right: tabs of the detail, attempts, the columns of long log lines.
pub(super) fn sideways(model: &mut Model, by: isize) {
    const COLUMNS: isize = 20;
    match model.focus {
        Pane::Detail => tab(model, by),
        Pane::Replays => {
            let r = &mut model.replays;
            let len = r.attempts.len();
            r.cursor.step(Step::By(by), len, len);
            r.shown = super::super::model::Shown::Answer;
            r.text = Cursor::default();
            r.width = 0;
        }
        Pane::Story => model.story.left = model.story.left.saturating_add_signed(by * COLUMNS).min(100_000),
        Pane::Calls | Pane::Sources => {}
    }
}

fn tab(model: &mut Model, by: isize) {
    let tabs = super::super::model::Tab::ALL;
    let at = tabs.iter().position(|t| *t == model.detail.tab).unwrap_or(0);
    let to = at.saturating_add_signed(by).min(tabs.len() - 1);
    leave_tab(model);
    model.detail.tab = tabs[to];
    model.detail.width = 0;
}

/// Remembers how far the text was scrolled.
pub(super) fn leave_tab(model: &mut Model) {
    let d = &mut model.detail;
    // Not of a text that was never laid out.
    if let (Some(s), true) = (d.subject, d.width > 0) {
        d.left_at.insert((s, d.tab), d.cursor.top);
    }
}

/// The next or previous problem: a row of the story, a call in the list.
pub(super) fn problem(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    if model.focus == Pane::Calls {
        return call_with_problem(model, forward, effects);
    }
    let story = &model.story;
    let problem = |row: &Row| match story.item(*row).map(|i| &i.what) {
        Some(What::Finding(f)) => f.severity >= Severity::Warning,
        Some(What::Request(r)) => r.outcome.failed(),
        _ => false,
    };
    let at = story.cursor.at;
    let next = if forward {
        (at + 1..story.rows.len()).find(|&n| problem(&story.rows[n]))
    } else {
        (0..at).rev().find(|&n| problem(&story.rows[n]))
    };
    match next {
        Some(n) => {
            let (len, height) = (story.rows.len(), model.height(Pane::Story));
            model.story.wanted = None;
            model.story.cursor.select(n, len, height);
            if model.slot == Pane::Replays && model.focus != Pane::Replays {
                model.slot = Pane::Detail;
            }
        }
        None => {
            let (which, key) = if forward {
                ("further", super::super::keys::Action::NextCall)
            } else {
                ("earlier", super::super::keys::Action::PreviousCall)
            };
            let text = format!(
                "no {which} problem in this call; {} goes to another call",
                model.keys.name_of(key)
            );
            model.notices.say(model.now, super::super::msg::Level::Info, text);
        }
    }
}

/// The next or previous call that has a problem.
pub(super) fn call_with_problem(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let rows = &model.calls.list.rows;
    let at = model.calls.cursor.at;
    let problem = |n: &usize| rows[*n].severity >= Some(Severity::Warning);
    let next = if forward {
        (at + 1..rows.len()).find(problem)
    } else {
        (0..at.min(rows.len())).rev().find(problem)
    };
    let Some(n) = next else {
        let which = if forward { "further" } else { "earlier" };
        let text = format!("no {which} call with a problem in the list");
        return model.notices.say(model.now, super::super::msg::Level::Info, text);
    };
    let (len, height) = (rows.len(), model.height(Pane::Calls));
    model.calls.touched = true;
    model.calls.follow = false;
    model.calls.cursor.select(n, len, height);
    stories::follow_selection(model, effects);
}

/// The wheel moves what is under it.
pub(super) fn wheel(model: &mut Model, column: u16, row: u16, by: isize, effects: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        return step(model, Step::By(by), effects);
    }
    let Some((pane, _)) = under(model, column, row) else {
        return;
    };
    step_in(model, pane, Step::By(by), effects);
}

/// A click selects; on the selected row it opens.
pub(super) fn click(model: &mut Model, column: u16, row: u16, effects: &mut Vec<Effect>) {
    let Some((pane, at)) = under(model, column, row) else {
        return;
    };
    let again = model.focus == pane;
    super::actions::focus(model, pane);
    let Some(at) = at else { return };
    let (cursor, len) = match pane {
        Pane::Calls => (model.calls.cursor, model.calls.list.rows.len()),
        Pane::Story => (model.story.cursor, model.story.rows.len()),
        Pane::Sources => (model.sources.cursor, model.sources.len()),
        _ => return,
    };
    let n = cursor.top + at;
    if n >= len {
        return;
    }
    if again && n == cursor.at {
        return super::actions::run(model, super::super::keys::Action::Open, effects);
    }
    search::select(model, pane, n, effects);
}

/// The pane under a place of the screen, and the row of its list.
fn under(model: &Model, column: u16, row: u16) -> Option<(Pane, Option<usize>)> {
    let place = ratatui::layout::Position::new(column, row);
    let areas = model.areas()?;
    let (pane, area) = areas.panes.into_iter().find(|(_, r)| r.contains(place))?;
    let rows = match pane {
        Pane::Calls => layout::calls(area).rows,
        Pane::Story => layout::story(area).rows,
        Pane::Sources => layout::sources(area).1,
        Pane::Detail => layout::detail(area).1,
        Pane::Replays => layout::replays(area, model.replays.attempts.len()).1,
    };
    let at = rows.contains(place).then(|| usize::from(row - rows.y));
    Some((pane, at))
}
