//! The list of causes: in place of the calls, one row for each code, endpoint and answer.

use ratatui::buffer::Buffer;

use super::super::data::{CallRow, GroupRow};
use super::super::layout::CallsAreas;
use super::super::model::Model;
use super::pen::Pen;
use super::rows;
use crate::output::fit;
use crate::output::rich::Needle;
use crate::output::style::Role;

/// From so many columns on where it happened stands in a column of its own.
const WITH_ENDPOINT: usize = 56;
/// From so many columns on calls are counted too.
const WITH_CALLS: usize = 90;

/// Columns of the table; zero for one that has no room.
#[derive(Clone, Copy, Debug)]
struct Columns {
    count: usize,
    code: usize,
    calls: usize,
    endpoint: usize,
    what: usize,
}

impl Columns {
    fn of(rows: &[CallRow], width: usize) -> Self {
        let widest = |of: &dyn Fn(&GroupRow) -> usize| {
            rows.iter()
                .filter_map(|r| r.group.as_deref())
                .map(of)
                .max()
                .unwrap_or(0)
        };
        let count = widest(&|g| fit::thousands(g.count as usize).len()).max(3) + 2;
        let code = widest(&|g| fit::width(&g.code)).clamp(4, if width < WITH_ENDPOINT { 8 } else { 14 });
        let calls = if width >= WITH_CALLS { 7 } else { 0 };
        let endpoint = if width >= WITH_ENDPOINT {
            widest(&|g| fit::width(&crate::output::safe::printable(&g.endpoint))).clamp(8, width / 3)
        } else {
            0
        };
        let gap = |n: usize| if n > 0 { n + 2 } else { 0 };
        let fixed = 3 + gap(count) + gap(code) + gap(calls) + gap(endpoint);
        Self {
            count,
            code,
            calls,
            endpoint,
            what: width.saturating_sub(fixed),
        }
    }
}

/// Draws the rows and their head.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, areas: &CallsAreas, needle: Option<&Needle>) {
    let columns = Columns::of(&model.calls.list.rows, usize::from(areas.rows.width));
    if let Some(area) = areas.head {
        let cells = [
            ("times", columns.count),
            ("code", columns.code),
            ("calls", columns.calls),
            ("endpoint", columns.endpoint),
            ("what went wrong", columns.what),
        ];
        rows::head(&mut Pen::new(buffer, model.look.theme, area, 0), cells);
    }
    rows::draw(model, buffer, areas.rows, |pen, r, selected| {
        rows::begin(model, pen, r, selected);
        row(model, pen, r, columns, needle);
    });
}

fn row(model: &Model, pen: &mut Pen, r: &CallRow, columns: Columns, needle: Option<&Needle>) {
    let Some(g) = r.group.as_deref() else { return };
    let signs = model.look.signs();
    pen.skip(1);
    let count = format!("{:>1$} x", fit::thousands(g.count as usize), columns.count - 2);
    pen.cell(Role::Heading, &count, columns.count).skip(2);
    pen.found(Role::Name, &fit::fit(&g.code, columns.code), needle).skip(2);
    if columns.calls > 0 {
        let calls = format!("{:>1$}", fit::thousands(g.calls), columns.calls);
        pen.cell(Role::Faint, &calls, columns.calls).skip(2);
    }
    if columns.endpoint > 0 {
        pen.found(Role::Plain, &fit::fit(&g.endpoint, columns.endpoint), needle)
            .skip(2);
    }
    rows::replay_sign(model, pen, rows::replayed(model, r));
    let what = r.what.as_deref().unwrap_or_default();
    let room = pen.left();
    if fit::width(&crate::output::safe::printable(what)) > room {
        pen.found(Role::Plain, &fit::fit(what, room), needle);
        return;
    }
    pen.found(Role::Plain, what, needle);
    let room = pen.left();
    if room > 8 && !g.answer.is_empty() {
        let answer = fit::fit(&g.answer, room - 3);
        pen.text(Role::Faint, &format!(" {} ", signs.dot))
            .found(Role::Faint, answer.trim_end(), needle);
    }
}
