//! After every message: what is in sight and not yet known is asked for, once; texts are wrapped to where they stand.

use super::super::data::AttemptState;
use super::super::layout::{self, Pane};
use super::super::model::{Model, Overlay, Row, Shown, Tab};
use super::super::msg::{Ask, Effect, ListQuery};
use super::ask;
use crate::output::rich::{self, Line};
use crate::output::style::Role;

/// How many texts of lines are kept; the rest is read again.
const TEXTS: usize = 50_000;

/// Settles the model and asks for what is missing.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    list(model, effects);
    story(model, effects);
    detail(model, effects);
    replays(model);
    reader(model);
    cursors(model);
    progress(model);
}

/// The list, whenever what it should show is not what was asked for.
fn list(model: &mut Model, effects: &mut Vec<Effect>) {
    let bins = usize::from(model.width(Pane::Calls)).saturating_sub(4).clamp(10, 500);
    let wanted = ListQuery {
        number: 0,
        problems_only: model.calls.problems_only,
        worst_first: model.calls.worst_first,
        grouped: model.calls.grouped,
        cause: model.calls.cause.as_ref().map(|c| c.id),
        filter: model.filter.active().map(str::to_owned),
        bins,
    };
    if model.calls.query.as_ref() != Some(&wanted) {
        model.calls.query = Some(wanted.clone());
        model.calls.asked += 1;
        ask(
            effects,
            Ask::List(ListQuery {
                number: model.calls.asked,
                ..wanted
            }),
        );
    }
}

/// Hidden lines of the story once someone looks at it, and the texts of those in sight.
fn story(model: &mut Model, effects: &mut Vec<Effect>) {
    let height = model.height(Pane::Story);
    let looked_at = model.focus != Pane::Calls || model.story.all;
    let story = &mut model.story;
    if let Some(call) = story.call
        && story.data.call == call
        && !story.rows.is_empty()
        && !story.data.complete
        && !story.lines_asked
        && looked_at
    {
        story.lines_asked = true;
        ask(
            effects,
            Ask::Story {
                call,
                whole: story.whole,
                lines: true,
            },
        );
    }
    if story.texts.len() > TEXTS {
        story.texts.clear();
    }
    let top = story.cursor.top.saturating_sub(height);
    let end = (story.cursor.top + 2 * height).min(story.rows.len());
    let missing: Vec<_> = story
        .rows
        .get(top.min(end)..end)
        .unwrap_or_default()
        .iter()
        .filter(|r| matches!(r, Row::Line(..)))
        .filter_map(|r| story.line(*r))
        .filter(|p| !story.texts.contains_key(p) && !story.asked.contains(p))
        .collect();
    if !missing.is_empty() {
        story.asked.extend(missing.iter().copied());
        ask(effects, Ask::Texts(missing));
    }
}

/// The sheet of the selected thing, and its tab wrapped to the pane.
fn detail(model: &mut Model, effects: &mut Vec<Effect>) {
    let subject = model.story.subject();
    if subject != model.detail.subject {
        super::moves::leave_tab(model);
        let d = &mut model.detail;
        d.subject = subject;
        d.width = 0;
        d.sheet = d
            .before
            .iter()
            .find(|(s, _)| Some(*s) == subject)
            .map(|(_, s)| s.clone());
        if let (Some(s), None) = (subject, &d.sheet) {
            ask(effects, Ask::Sheet(s));
        }
    }
    let Some(width) = text_width(model, Pane::Detail).filter(|w| *w != model.detail.width) else {
        return;
    };
    // Only the width has changed: about the same part stays in sight.
    let before = (model.detail.width > 0).then_some((model.detail.cursor.top, model.detail.rows.len()));
    let height = model.height(Pane::Detail);
    let rows = tab(model, width);
    let d = &mut model.detail;
    d.rows = rows;
    d.width = width;
    let top = match before {
        Some((top, len)) if len > 0 => top * d.rows.len() / len,
        _ => d.subject.and_then(|s| d.left_at.get(&(s, d.tab)).copied()).unwrap_or(0),
    };
    d.cursor.top = top.min(d.rows.len().saturating_sub(height));
    d.cursor.at = d.cursor.top;
}

/// Columns for a text in a pane: a gutter and a blank at the end stay free. None while the pane is not in sight; its text waits as
/// it was left.
fn text_width(model: &Model, pane: Pane) -> Option<u16> {
    let area = model.areas()?.of(pane)?;
    Some(area.width.saturating_sub(2).max(8))
}

fn tab(model: &Model, width: u16) -> Vec<Line> {
    let Some(sheet) = &model.detail.sheet else {
        return Vec::new();
    };
    if model.detail.tab == Tab::Replays {
        return attempts(model, sheet.exchange, width);
    }
    let lines = match model.detail.tab {
        Tab::Why => &sheet.why,
        Tab::Request => &sheet.request,
        Tab::Response => &sheet.response,
        Tab::Headers => &sheet.headers,
        Tab::Raw | Tab::Replays => &sheet.raw,
    };
    if lines.is_empty() {
        return rich::wrap(
            &[Line::of(
                Role::Faint,
                "this is about no request; Raw has the lines of the source",
            )],
            usize::from(width),
        );
    }
    rich::wrap(lines, usize::from(width))
}

/// Attempts with the request of the detail, each with its answer.
fn attempts(model: &Model, exchange: Option<u32>, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    for a in exchange.into_iter().flat_map(|n| model.replays.of(n).rev()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::of(Role::Heading, &super::super::view::attempt_line(model, a)));
        if let Some(done) = a.answered() {
            lines.extend(done.lines.iter().cloned());
        }
    }
    if lines.is_empty() {
        let key = model.keys.name_of(super::super::keys::Action::Replay);
        lines.push(Line::of(Role::Faint, &format!("not sent again yet; {key} sends it")));
    }
    rich::wrap(&lines, usize::from(width))
}

/// The answer or the comparison, wrapped to the pane.
fn replays(model: &mut Model) {
    let Some(width) = text_width(model, Pane::Replays).filter(|w| *w != model.replays.width) else {
        return;
    };
    let pane = model.width(Pane::Replays);
    let lines = match &model.replays.shown {
        Shown::Diff(_, None) => vec![Line::of(Role::Faint, "comparing…")],
        Shown::Diff(_, Some(d)) if d.is_same() => {
            vec![Line::of(Role::Good, "no difference: the two answers say the same")]
        }
        Shown::Diff(_, Some(d)) if pane >= SIDE_BY_SIDE => super::super::view::beside(d, usize::from(width)),
        Shown::Diff(_, Some(d)) => rich::wrap(&d.unified(super::super::view::CONTEXT), usize::from(width)),
        Shown::Answer => match model.replays.selected() {
            None => Vec::new(),
            Some(a) => rich::wrap(&answer(a), usize::from(width)),
        },
    };
    let r = &mut model.replays;
    r.rows = lines;
    r.width = width;
}

/// The text over the panes, wrapped to the screen.
fn reader(model: &mut Model) {
    let width = layout::reader(model.size).width.saturating_sub(1);
    if let Some(Overlay::Text(t)) = &mut model.overlay
        && t.width != width
    {
        t.rows = rich::wrap(&t.lines, usize::from(width.max(1)));
        t.width = width;
    }
}

/// From so many columns on answers are compared side by side.
const SIDE_BY_SIDE: u16 = 90;

fn answer(a: &super::super::data::Attempt) -> Vec<Line> {
    match &a.state {
        AttemptState::Done(done) => done.lines.clone(),
        AttemptState::Queued => vec![Line::of(Role::Faint, "waits for the one before it")],
        AttemptState::InFlight => vec![Line::of(Role::Faint, "no answer yet; esc cancels")],
        AttemptState::Cancelled => vec![Line::of(Role::Faint, "cancelled before it was answered")],
        AttemptState::Refused(why) => vec![Line::of(Role::Error, why)],
    }
}

/// Cursors stay inside of what there is, whatever the size of the screen.
fn cursors(model: &mut Model) {
    let height = |m: &Model, p| m.height(p);
    let rows = height(model, Pane::Calls);
    model.calls.cursor.show(model.calls.list.rows.len(), rows);
    let rows = height(model, Pane::Story);
    model.story.cursor.show(model.story.rows.len(), rows);
    let rows = height(model, Pane::Sources);
    model.sources.cursor.show(model.sources.len(), rows);
    let seen = |m: &Model, p| m.areas().is_some_and(|a| a.of(p).is_some());
    if seen(model, Pane::Detail) {
        let rows = height(model, Pane::Detail);
        model.detail.cursor.keep(model.detail.rows.len(), rows);
    }
    if seen(model, Pane::Replays) {
        let rows = height(model, Pane::Replays);
        model.replays.text.keep(model.replays.rows.len(), rows);
    }
    if let Some(Overlay::Text(t)) = &mut model.overlay {
        let rows = usize::from(layout::reader(model.size).height);
        t.cursor.keep(t.rows.len(), rows);
    }
}

/// How far the user of the demo is.
fn progress(model: &mut Model) {
    let Some(demo) = &mut model.demo else { return };
    let p = &mut demo.progress;
    p.opened |= model.focus != Pane::Calls;
    p.read |= model.focus == Pane::Detail;
    p.sent |= model.replays.attempts.iter().any(|a| a.answered().is_some());
    p.green |= p.fixed
        && model
            .replays
            .attempts
            .iter()
            .any(|a| a.answered().is_some_and(|d| d.pass));
}
