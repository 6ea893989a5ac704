//! What the lists of calls and of causes have in common: the head, the window of rows, and how a row begins.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::CallRow;
use super::super::model::Model;
use super::pen::{Pen, paint};
use crate::model::Severity;
use crate::output::style::Role;

/// The names of the columns that have room.
pub(super) fn head<const N: usize>(pen: &mut Pen, cells: [(&str, usize); N]) {
    pen.skip(3);
    for (name, width) in cells.into_iter().filter(|c| c.1 > 0) {
        pen.cell(Role::Faint, name, width).skip(2);
    }
}

/// Draws those rows that are in the window with `row`, which is told whether the row is the selected one.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, mut row: impl FnMut(&mut Pen, &CallRow, bool)) {
    let rows = &model.calls.list.rows;
    let window = model.calls.cursor.window(rows.len(), usize::from(area.height));
    for (n, at) in window.enumerate() {
        let selected = at == model.calls.cursor.at;
        row(
            &mut Pen::new(buffer, model.look.theme, area, n as u16),
            &rows[at],
            selected,
        );
        if selected {
            let focused = model.focus == super::Pane::Calls;
            paint(buffer, area, n as u16, model.look.theme.selected(focused));
        }
    }
}

/// The mark, and how bad it is: two columns.
pub(super) fn begin(model: &Model, pen: &mut Pen, r: &CallRow, selected: bool) {
    let signs = model.look.signs();
    let mark = if model.calls.marks.contains_key(&r.key()) {
        signs.mark
    } else if selected {
        signs.here
    } else {
        " "
    };
    let (letter, role) = letter(r.severity);
    pen.cell(Role::Command, mark, 1).text(role, letter);
}

fn letter(severity: Option<Severity>) -> (&'static str, Role) {
    match severity {
        Some(Severity::Error) => ("E", Role::Error),
        Some(Severity::Warning) => ("W", Role::Warning),
        _ => ("-", Role::Faint),
    }
}

/// Whether the last replay of each of the call's failed requests passed; none when one was not sent again.
pub(super) fn replayed(model: &Model, r: &CallRow) -> Option<bool> {
    if model.replays.attempts.is_empty() || r.failed.is_empty() {
        return None;
    }
    let mut all = true;
    for &n in &r.failed {
        all &= model.last_answer(n)?.answered()?.pass;
    }
    Some(all)
}

/// The sign of what [`replayed`] says: two columns, or none.
pub(super) fn replay_sign(model: &Model, pen: &mut Pen, replayed: Option<bool>) {
    let signs = model.look.signs();
    let (sign, role) = match replayed {
        Some(true) => (signs.pass, Role::Good),
        Some(false) => (signs.fail, Role::Error),
        None => return,
    };
    pen.text(role, sign).skip(1);
}
