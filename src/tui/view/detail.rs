//! The selected thing with its tabs, and the attempts with their answers and comparisons.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{Attempt, AttemptState};
use super::super::keys::Action;
use super::super::layout;
use super::super::list::Cursor;
use super::super::model::{Model, Shown, Tab};
use super::super::msg::Sides;
use super::pen::{Pen, paint};
use crate::output::diff::Diff;
use crate::output::fit;
use crate::output::rich::{Line, Needle};
use crate::output::style::Role;

/// What is looked at.
pub(super) fn facts(model: &Model) -> String {
    model.detail.sheet.as_ref().map(|s| s.title.clone()).unwrap_or_default()
}

/// Draws the detail.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect, needle: Option<&Needle>) {
    let (bar, text) = layout::detail(pane);
    let theme = model.look.theme;
    let sheet = model.detail.sheet.as_ref();
    tabs(model, buffer, bar);
    if sheet.is_none() {
        let text_row = if model.detail.subject.is_some() {
            "reading…"
        } else {
            "nothing selected"
        };
        Pen::new(buffer, theme, text, 0).skip(1).text(Role::Faint, text_row);
        return;
    }
    lines(
        model,
        buffer,
        (text, pane),
        &model.detail.rows,
        model.detail.cursor,
        needle,
    );
}

/// The names of the tabs. On a narrow screen the first ones make room for the chosen one.
fn tabs(model: &Model, buffer: &mut Buffer, bar: Rect) {
    let more = model.look.signs().more;
    let exchange = model.detail.sheet.as_ref().and_then(|s| s.exchange);
    let count = exchange.map_or(0, |n| model.replays.of(n).count());
    let names = Tab::ALL.map(|tab| {
        let name = match tab {
            Tab::Replays if count > 0 => format!("{} {count}", tab.title()),
            _ => tab.title().to_owned(),
        };
        if tab == model.detail.tab {
            format!("[{name}]")
        } else {
            format!(" {name} ")
        }
    });
    let chosen = Tab::ALL.iter().position(|t| *t == model.detail.tab).unwrap_or(0);
    let mut pen = Pen::new(buffer, model.look.theme, bar, 0);
    pen.skip(1);
    let room = pen.left();
    let wide = |from: usize, to: usize| names[from..to].iter().map(|n| fit::width(n)).sum::<usize>();
    // A sign stands for the names on a side that have no room.
    let fits = |from: usize| {
        let signs = usize::from(from > 0) + usize::from(chosen + 1 < names.len());
        wide(from, chosen + 1) + signs <= room
    };
    let from = (0..chosen).find(|n| fits(*n)).unwrap_or(chosen);
    if from > 0 {
        pen.text(Role::Faint, more);
    }
    for (n, name) in names.iter().enumerate().skip(from) {
        let last = n + 1 == names.len();
        if n > chosen && fit::width(name) + usize::from(!last) > pen.left() {
            pen.text(Role::Faint, more);
            break;
        }
        pen.text(if n == chosen { Role::Command } else { Role::Faint }, name);
    }
}

/// A scrolled text; how much more there is below stands at the end of a row that has no text of it, such as a title.
pub(super) fn lines(
    model: &Model,
    buffer: &mut Buffer,
    (area, title): (Rect, Rect),
    rows: &[Line],
    cursor: Cursor,
    needle: Option<&Needle>,
) {
    let window = cursor.window(rows.len(), usize::from(area.height));
    let more = rows.len() - window.end;
    for (n, at) in window.enumerate() {
        Pen::new(buffer, model.look.theme, area, n as u16)
            .skip(1)
            .line(&rows[at], needle);
    }
    if more > 0 && area.height > 0 {
        let text = format!(" {} {} more ", model.look.signs().more, fit::thousands(more));
        let width = (fit::width(&text) as u16).min(title.width / 2);
        let end = Rect {
            x: title.right() - width,
            width,
            ..title
        };
        Pen::new(buffer, model.look.theme, end, 0).text(Role::Faint, &text);
    }
}

/// What is compared.
pub(super) fn replay_facts(model: &Model) -> String {
    match &model.replays.shown {
        Shown::Diff(Sides::Recorded(n), _) => format!("recorded answer against replay {n}"),
        Shown::Diff(Sides::Attempts(a, b), _) => format!("replay {a} against replay {b}"),
        Shown::Answer if model.replays.attempts.is_empty() => String::new(),
        Shown::Answer => fit::count(model.replays.attempts.len(), "replay"),
    }
}

/// Draws the attempts.
pub(super) fn draw_replays(model: &Model, buffer: &mut Buffer, pane: Rect, needle: Option<&Needle>) {
    let r = &model.replays;
    let theme = model.look.theme;
    let (list, text) = layout::replays(pane, r.attempts.len());
    if r.attempts.is_empty() {
        let key = model.keys.name_of(Action::Replay);
        let said = format!("nothing was sent again yet: choose a request, {key} sends it");
        Pen::new(buffer, theme, list, 0).skip(1).text(Role::Faint, &said);
        return;
    }
    // The selected one stays in sight, whatever the height of the list.
    let height = usize::from(list.height);
    let mut cursor = Cursor { top: 0, ..r.cursor };
    cursor.show(r.attempts.len(), height);
    for (n, at) in cursor.window(r.attempts.len(), height).enumerate() {
        let a = &r.attempts[at];
        let mut pen = Pen::new(buffer, theme, list, n as u16);
        let here = if at == r.cursor.at {
            model.look.signs().here
        } else {
            " "
        };
        pen.cell(Role::Command, here, 1);
        pen.text(role(a), &attempt_line(model, a));
        if at == r.cursor.at {
            paint(
                buffer,
                list,
                n as u16,
                theme.selected(model.focus == super::Pane::Replays),
            );
        }
    }
    lines(model, buffer, (text, pane), &r.rows, r.text, needle);
}

fn role(a: &Attempt) -> Role {
    match &a.state {
        AttemptState::Done(d) if d.pass => Role::Good,
        AttemptState::Done(_) | AttemptState::Refused(_) => Role::Error,
        AttemptState::Queued | AttemptState::InFlight => Role::Plain,
        AttemptState::Cancelled => Role::Faint,
    }
}

/// An attempt in one line: number, time, what became of it, what was sent.
pub fn attempt_line(model: &Model, a: &Attempt) -> String {
    let signs = model.look.signs();
    let what = match &a.state {
        AttemptState::Queued => "queued".to_owned(),
        AttemptState::InFlight => {
            let s = (model.now.0 - a.at.0).max(0) as f64 / 1000.0;
            format!("sending {s:.1} s, esc cancels")
        }
        AttemptState::Cancelled => "cancelled".to_owned(),
        AttemptState::Refused(_) => "refused".to_owned(),
        AttemptState::Done(d) => {
            let (sign, word) = if d.pass {
                (signs.pass, "PASS")
            } else {
                (signs.fail, "FAIL")
            };
            let status = d.sent.status.map_or("no answer".to_owned(), |s| s.to_string());
            format!("{sign} {word} {status} in {} ms", d.sent.ms)
        }
    };
    let edited = if a.draft.is_some() { " (edited)" } else { "" };
    let path = a.plan.path.split('?').next().unwrap_or_default();
    format!(
        "{:>2} {} {what} {} {} {path}{edited}",
        a.number,
        &a.at.to_string()[11..19],
        signs.dot,
        a.plan.method
    )
}

/// Equal lines around a change.
pub const CONTEXT: usize = 3;

/// A comparison side by side in a width.
pub fn beside(diff: &Diff, width: usize) -> Vec<Line> {
    diff.side_by_side(width, CONTEXT)
        .into_iter()
        .map(|(mut line, right)| {
            line.push(Role::Faint, "|");
            line.spans.extend(right.spans);
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::Look;
    use crate::tui::msg::Msg;
    use crate::tui::view::tests::{rows, screen, take};

    /// The detail of the first call's first request.
    fn detail(size: (u16, u16)) -> Model {
        let mut model = screen(size, Look::default());
        for action in [Action::Open, Action::Detail] {
            take(&mut model, Msg::Do(action));
        }
        model
    }

    #[test]
    fn the_chosen_tab_is_always_in_sight() {
        for size in [(120, 40), (80, 24), (40, 10), (30, 8)] {
            let mut model = detail(size);
            for tab in Tab::ALL {
                assert_eq!(model.detail.tab, tab);
                let picture = rows(&model).join("\n");
                assert!(picture.contains(&format!("[{}]", tab.title())), "{size:?} {picture}");
                take(&mut model, Msg::Do(Action::Right));
            }
        }
    }

    #[test]
    fn what_is_left_below_is_told_outside_of_the_text() {
        for size in [(120, 40), (80, 24), (40, 10)] {
            let picture = rows(&detail(size));
            let told: Vec<&String> = picture.iter().filter(|r| r.contains(" more ")).collect();
            assert_eq!(told.len(), 1, "{picture:#?}");
            assert!(told[0].contains("3 Detail"), "{told:?}");
        }
    }
}
