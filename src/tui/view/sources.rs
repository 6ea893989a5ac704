//! The inputs: how far each is read, what could not be read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{SourceRow, SourceState};
use super::super::keys::Action;
use super::super::layout;
use super::super::model::Model;
use super::pen::{Pen, paint};
use crate::output::fit;
use crate::output::style::Role;

/// Columns of the table; zero for one that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    name: usize,
    lines: usize,
    read: usize,
    unread: usize,
}

/// Columns of a state: a percentage or a word.
const STATE: usize = 7;
/// Columns that a name keeps; before it has less, other columns go.
const NAME: usize = 20;

impl Columns {
    fn of(rows: &[SourceRow], width: usize) -> Self {
        let most = |head: &str, of: &dyn Fn(&SourceRow) -> String| {
            let cells = rows.iter().map(|s| fit::width(&of(s)));
            cells.max().unwrap_or(0).max(head.len())
        };
        let mut c = Self {
            name: 0,
            lines: most("lines", &|s| fit::thousands(s.lines as usize)),
            read: most("read", &|s| size(s.bytes)),
            unread: most("unread", &|s| fit::thousands(s.unparsed as usize)),
        };
        let gap = |n: usize| if n > 0 { n + 2 } else { 0 };
        let left = |c: &Self| width.saturating_sub(2 + gap(c.lines) + gap(c.read) + gap(c.unread) + STATE);
        for drop in [|c: &mut Self| c.lines = 0, |c: &mut Self| c.read = 0] {
            if left(&c) < NAME + 2 {
                drop(&mut c);
            }
        }
        let longest = most("input", &|s| crate::output::safe::printable(&s.name).into_owned());
        c.name = longest.min(left(&c).saturating_sub(2)).max(1);
        c
    }
}

/// Draws the pane.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect) {
    let theme = model.look.theme;
    let (head, rows, about) = layout::sources(pane);
    let all = &model.sources.rows;
    let columns = Columns::of(all, usize::from(rows.width));
    let mut pen = Pen::new(buffer, theme, head, 0);
    pen.skip(2).cell(Role::Faint, "input", columns.name).skip(2);
    for (text, width) in [
        ("lines", columns.lines),
        ("read", columns.read),
        ("unread", columns.unread),
    ] {
        number(&mut pen, Role::Faint, text, width);
    }
    pen.text(Role::Faint, "state");
    // The selected one stays in sight, whatever the height of the list.
    let height = usize::from(rows.height);
    let mut cursor = model.sources.cursor;
    cursor.show(all.len(), height);
    for (n, at) in cursor.window(all.len(), height).enumerate() {
        let here = at == cursor.at;
        row(model, buffer, (rows, n as u16), &all[at], (columns, here));
        if here {
            let focused = model.focus == super::Pane::Sources;
            paint(buffer, rows, n as u16, theme.selected(focused));
        }
    }
    if let Some(s) = all.get(cursor.at) {
        tell(model, buffer, about, s);
    }
}

/// A number at the right of its column.
fn number(pen: &mut Pen<'_>, role: Role, text: &str, width: usize) {
    if width > 0 {
        pen.skip(width.saturating_sub(fit::width(text)))
            .text(role, text)
            .skip(2);
    }
}

fn row(model: &Model, buffer: &mut Buffer, (area, n): (Rect, u16), s: &SourceRow, (columns, here): (Columns, bool)) {
    let mut pen = Pen::new(buffer, model.look.theme, area, n);
    pen.cell(Role::Command, if here { model.look.signs().here } else { " " }, 2);
    pen.cell(Role::Plain, &end_of(&s.name, columns.name), columns.name)
        .skip(2);
    number(&mut pen, Role::Plain, &fit::thousands(s.lines as usize), columns.lines);
    number(&mut pen, Role::Plain, &size(s.bytes), columns.read);
    let unread = if s.unparsed > 0 { Role::Warning } else { Role::Faint };
    number(&mut pen, unread, &fit::thousands(s.unparsed as usize), columns.unread);
    let (role, text) = state(s);
    pen.text(role, &text);
}

fn state(s: &SourceRow) -> (Role, String) {
    match &s.state {
        SourceState::Waiting => (Role::Faint, "waits".to_owned()),
        SourceState::Reading => (
            Role::Info,
            match s.size.filter(|&n| n > 0) {
                Some(all) => format!("{} %", (s.bytes * 100 / all).min(100)),
                None => "reading".to_owned(),
            },
        ),
        SourceState::Live => (Role::Good, "live".to_owned()),
        SourceState::Done => (Role::Good, "read".to_owned()),
        SourceState::Failed(_) => (Role::Error, "failed".to_owned()),
    }
}

/// The selected input in words: why it failed, else its whole name and its counts.
fn tell(model: &Model, buffer: &mut Buffer, area: Rect, s: &SourceRow) {
    let (role, text) = match &s.state {
        SourceState::Failed(why) if why.contains(&s.name) => (Role::Error, why.clone()),
        SourceState::Failed(why) => (Role::Error, format!("{}: {why}", s.name)),
        _ => {
            let lines = fit::count(s.lines as usize, "line");
            let mut text = format!("{}: {lines}, {}", s.name, size(s.bytes));
            if s.unparsed > 0 {
                let key = model.keys.name_of(Action::Open);
                let count = fit::thousands(s.unparsed as usize);
                text = format!("{text}; {key} shows {count} that could not be read");
            }
            (Role::Faint, text)
        }
    };
    let width = usize::from(area.width.saturating_sub(3)).max(1);
    let wrapped = fit::wrap(&text, width);
    let height = usize::from(area.height);
    for (n, line) in wrapped.iter().enumerate().take(height) {
        let mut pen = Pen::new(buffer, model.look.theme, area, n as u16);
        pen.skip(2);
        if n + 1 == height && wrapped.len() > height {
            // More than fits: the sign of a cut takes the room of the next word.
            pen.cell(role, &format!("{line} {}", wrapped[n + 1]), width);
        } else {
            pen.text(role, line);
        }
    }
}

/// The end of a path: its beginning is the same for all.
fn end_of(path: &str, width: usize) -> String {
    let shown = crate::output::safe::printable(path);
    if fit::width(&shown) <= width {
        return shown.into_owned();
    }
    let chars: Vec<char> = shown.chars().collect();
    let mut from = chars.len().saturating_sub(width.saturating_sub(1));
    loop {
        let end: String = chars[from..].iter().collect();
        if fit::width(&end) < width || from == chars.len() {
            return format!("…{end}");
        }
        from += 1;
    }
}

/// `512 B`, `1.4 kB`, `1.0 GB`.
pub(super) fn size(bytes: u64) -> String {
    let b = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", b / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", b / 1e6),
        _ => format!("{:.1} GB", b / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::msg::Msg;

    #[test]
    fn names_and_reasons_can_be_read_where_the_pane_normally_is() {
        use crate::tui::view::tests::{rows, screen, take};
        for (size, name) in [
            ((120, 40), "chive-2013-02-19.log"),
            ((80, 24), "chive-2013-02-19.log"),
            ((40, 10), "chive-2013-02-19.log"),
        ] {
            let mut model = screen(size, crate::tui::model::Look::default());
            take(&mut model, Msg::Do(Action::Sources));
            let picture = rows(&model);
            let all = picture.join("\n");
            let (head, row) = (
                picture.iter().find(|r| r.contains("input")).unwrap(),
                picture
                    .iter()
                    .find(|r| r.contains(name))
                    .unwrap_or_else(|| panic!("{all}")),
            );
            assert!(head.contains("unread") && row.contains("12  read"), "{all}");
            take(&mut model, Msg::Do(Action::Bottom));
            let all = rows(&model).join("\n");
            assert!(all.contains("failed") && all.contains("no such file"), "{all}");
        }
    }

    #[test]
    fn sizes_and_ends() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_400), "1.4 kB");
        assert_eq!(size(1_000_000_000), "1.0 GB");
        assert_eq!(end_of("samples/tropo/a.log", 8), "…o/a.log");
        assert_eq!(end_of("a.log", 8), "a.log");
    }
}
