//! The story of the selected call: which one, its rows, and the cursor that stays on its record whatever is unfolded.

use std::sync::Arc;

use super::super::data::{StoryData, What};
use super::super::layout::Pane;
use super::super::list::Cursor;
use super::super::model::{Anchor, Left, Model, Row};
use super::super::msg::{Ask, Effect, Level};
use super::ask;
use crate::model::Severity;

/// The story follows the selected call.
pub(super) fn follow_selection(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(call) = model.calls.selected().map(|r| r.call) else {
        return;
    };
    if model.story.call == Some(call) {
        return;
    }
    remember(model);
    let story = &mut model.story;
    let left = story.left_at.get(&call).cloned().unwrap_or_default();
    story.call = Some(call);
    story.lines_asked = false;
    story.texts.clear();
    story.asked.clear();
    story.left = 0;
    story.whole = left.whole;
    story.unfolded = left.unfolded;
    story.wanted = left.anchor;
    // What stands beside the story is about the story.
    if model.slot == Pane::Replays && model.focus != Pane::Replays {
        model.slot = Pane::Detail;
    }
    ask(
        effects,
        Ask::Story {
            call,
            whole: left.whole,
            lines: false,
        },
    );
}

/// Remembers how the story is left.
fn remember(model: &mut Model) {
    let anchor = here(model);
    let story = &mut model.story;
    if story.call != Some(story.data.call) {
        return;
    }
    let left = Left {
        anchor,
        unfolded: story.unfolded.clone(),
        whole: story.whole,
    };
    story.left_at.insert(story.data.call, left);
}

/// A story has arrived: the cursor goes where it was, or to the first problem.
pub(super) fn arrived(model: &mut Model, data: Arc<StoryData>, effects: &mut Vec<Effect>) {
    if model.story.call != Some(data.call) {
        return;
    }
    let same = model.story.data.call == data.call && !model.story.rows.is_empty();
    let anchor = if same { here(model) } else { model.story.wanted };
    let story = &mut model.story;
    if !same {
        story.cursor = Cursor::default();
    }
    let changed = same && story.data != data;
    let alone = story.whole && data.heads.len() == 1 && data.complete && !story.data.complete;
    story.data = data;
    unfold(model);
    match anchor {
        Some(a) => go_to(model, a),
        None => first_problem(model),
    }
    if changed {
        refresh_sheet(model, effects);
    }
    if alone {
        let text = "this call has no parent and no legs";
        model.notices.say(model.now, Level::Info, text);
    }
}

/// The story has gone on: the answer to the request in sight may be there by now.
fn refresh_sheet(model: &mut Model, effects: &mut Vec<Effect>) {
    model.detail.before.clear();
    let subject = model.detail.subject;
    if let (Some(s), true) = (subject, subject == model.story.subject()) {
        ask(effects, Ask::Sheet(s));
    }
}

/// Lists the rows anew.
fn unfold(model: &mut Model) {
    let story = &mut model.story;
    story.rows.clear();
    for (n, item) in story.data.items.iter().enumerate() {
        match &item.what {
            What::Hidden(lines) if story.all || story.unfolded.contains(&item.place) => {
                story.rows.extend((0..lines.len()).map(|k| Row::Line(n, k)));
            }
            _ => story.rows.push(Row::Item(n)),
        }
    }
    let (len, height) = (story.rows.len(), model.height(Pane::Story));
    model.story.cursor.show(len, height);
}

fn first_problem(model: &mut Model) {
    let story = &model.story;
    let at = story.rows.iter().position(|r| match story.item(*r).map(|i| &i.what) {
        Some(What::Finding(f)) => f.severity >= Severity::Warning,
        _ => false,
    });
    let (len, height) = (story.rows.len(), model.height(Pane::Story));
    model.story.cursor.select(at.unwrap_or(0), len, height);
}

/// Puts the cursor on a record, or on the fold that hides it, or on the nearest before it.
fn go_to(model: &mut Model, anchor: Anchor) {
    let story = &model.story;
    let exact = story.rows.iter().position(|r| story.anchor(*r) == Some(anchor));
    let fold = || {
        story.rows.iter().position(|r| match story.item(*r).map(|i| &i.what) {
            Some(What::Hidden(lines)) => lines.binary_search(&anchor.place).is_ok(),
            _ => false,
        })
    };
    let near = || {
        let before = |r: &Row| story.anchor(*r).is_some_and(|a| a <= anchor);
        story.rows.iter().rposition(before)
    };
    // Folded away, or not here yet: it is remembered until the cursor is moved.
    let hidden = exact.is_none();
    let at = exact.or_else(fold).or_else(near).unwrap_or(0);
    let (len, height) = (story.rows.len(), model.height(Pane::Story));
    model.story.cursor.select(at, len, height);
    model.story.wanted = hidden.then_some(anchor);
}

/// The record that the cursor belongs on.
fn here(model: &Model) -> Option<Anchor> {
    let story = &model.story;
    let row = *story.rows.get(story.cursor.at)?;
    story.wanted.or_else(|| story.anchor(row))
}

/// All lines, or hidden ones folded; the cursor stays on its record.
pub(super) fn toggle_all(model: &mut Model) {
    let story = &model.story;
    let none = story.data.complete && !story.data.items.iter().any(|i| matches!(i.what, What::Hidden(_)));
    if none && !story.all {
        let text = "this call has no hidden lines";
        return model.notices.say(model.now, Level::Info, text);
    }
    let anchor = here(model);
    model.story.all = !model.story.all;
    model.story.unfolded.clear();
    unfold(model);
    if let Some(a) = anchor {
        go_to(model, a);
    }
}

/// Unfolds the hidden lines under the cursor, or folds them again; false when there are none.
pub(super) fn toggle_here(model: &mut Model) -> bool {
    let Some(item) = model.story.selected() else {
        return false;
    };
    if !matches!(item.what, What::Hidden(_)) {
        return false;
    }
    let first = item.place;
    let anchor = here(model);
    let story = &mut model.story;
    if story.all {
        // All but these.
        story.all = false;
        let hidden = story.data.items.iter().filter(|i| matches!(i.what, What::Hidden(_)));
        story.unfolded = hidden.map(|i| i.place).filter(|p| *p != first).collect();
    } else if !story.unfolded.remove(&first) {
        story.unfolded.insert(first);
    }
    unfold(model);
    if let Some(a) = anchor {
        go_to(model, a);
    }
    true
}

/// The call's own legs, or its whole family.
pub(super) fn toggle_family(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(call) = model.story.call else { return };
    model.story.whole = !model.story.whole;
    model.story.lines_asked = true;
    ask(
        effects,
        Ask::Story {
            call,
            whole: model.story.whole,
            lines: true,
        },
    );
}
