//! The inputs: how far each is read, what could not be read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{SourceRow, SourceState};
use super::super::layout;
use super::super::model::Model;
use super::pen::{Pen, paint};
use crate::output::fit;
use crate::output::style::Role;

/// Draws the pane.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect) {
    let theme = model.look.theme;
    let (head, rows) = layout::sources(pane);
    let name = usize::from(rows.width).saturating_sub(46).clamp(10, 60);
    let mut pen = Pen::new(buffer, theme, head, 0);
    pen.skip(2);
    for (text, width) in [
        ("input", name),
        ("lines", 12),
        ("read", 9),
        ("unread lines", 12),
        ("state", 8),
    ] {
        pen.cell(Role::Faint, text, width).skip(1);
    }
    let all = &model.sources.rows;
    for (n, at) in model
        .sources
        .cursor
        .window(all.len(), usize::from(rows.height))
        .enumerate()
    {
        row(
            model,
            buffer,
            rows,
            n as u16,
            &all[at],
            (name, at == model.sources.cursor.at),
        );
        if at == model.sources.cursor.at {
            paint(
                buffer,
                rows,
                n as u16,
                theme.selected(model.focus == super::Pane::Sources),
            );
        }
    }
}

fn row(model: &Model, buffer: &mut Buffer, area: Rect, n: u16, s: &SourceRow, (name, here): (usize, bool)) {
    let mut pen = Pen::new(buffer, model.look.theme, area, n);
    pen.cell(Role::Command, if here { model.look.signs().here } else { " " }, 2);
    pen.cell(Role::Plain, &end_of(&s.name, name), name).skip(1);
    pen.cell(Role::Plain, &fit::thousands(s.lines as usize), 12).skip(1);
    pen.cell(Role::Plain, &size(s.bytes), 9).skip(1);
    let unread = if s.unparsed > 0 { Role::Warning } else { Role::Faint };
    pen.cell(unread, &fit::thousands(s.unparsed as usize), 12).skip(1);
    let (role, text) = match &s.state {
        SourceState::Waiting => (Role::Faint, "waits".to_owned()),
        SourceState::Reading => (
            Role::Info,
            match s.size.filter(|&n| n > 0) {
                Some(all) => format!("{} %", (s.bytes * 100 / all).min(100)),
                None => "reading".to_owned(),
            },
        ),
        SourceState::Done => (Role::Good, "read".to_owned()),
        SourceState::Failed(why) => (Role::Error, why.clone()),
    };
    pen.text(role, &text);
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

    #[test]
    fn sizes_and_ends() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_400), "1.4 kB");
        assert_eq!(size(1_000_000_000), "1.0 GB");
        assert_eq!(end_of("samples/tropo/a.log", 8), "…o/a.log");
        assert_eq!(end_of("a.log", 8), "a.log");
    }
}
