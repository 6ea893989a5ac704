//! What lies over the panes: the line being typed with its choices, menus, questions, texts, the form.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use super::super::data::Planned;
use super::super::form::{Form, Section};
use super::super::layout::{self, Areas};
use super::super::model::{Menu, Model, Overlay, Prompt, PromptKind, Reader};
use super::super::update::{hits, summary};
use super::detail::lines;
use super::pen::{Pen, paint};
use crate::output::fit;
use crate::output::safe::printable;
use crate::output::style::Role;

/// Draws what lies over the panes; says where the cursor of a typed line is.
pub(super) fn draw(model: &Model, overlay: &Overlay, buffer: &mut Buffer, areas: &Areas) -> Option<Position> {
    match overlay {
        Overlay::Prompt(p) => match &p.kind {
            PromptKind::Palette => Some(listing(model, p, buffer, "Commands")),
            PromptKind::Help => Some(listing(model, p, buffer, "Keys")),
            PromptKind::Field => {
                let form = p.behind.as_ref()?;
                self::form(model, form, buffer);
                field(model, p, form, buffer)
            }
            _ => {
                if let Some(form) = &p.behind {
                    self::form(model, form, buffer);
                }
                prompt(model, p, buffer, areas)
            }
        },
        Overlay::Copy(menu) => {
            copy(model, menu, buffer);
            None
        }
        Overlay::Confirm(_, plans) => {
            confirm(model, plans, buffer);
            None
        }
        Overlay::Text(reader) => {
            text(model, reader, buffer);
            None
        }
        Overlay::Form(form) => {
            self::form(model, form, buffer);
            None
        }
    }
}

/// An empty box with a frame and a title; gives its inside.
fn frame(model: &Model, buffer: &mut Buffer, area: Rect, title: &str) -> Rect {
    Clear.render(area, buffer);
    let theme = model.look.theme;
    let ascii = model.look.ascii;
    let (corners, rule, wall) = if ascii {
        (["+", "+", "+", "+"], "-", "|")
    } else {
        (["┌", "┐", "└", "┘"], "─", "│")
    };
    let width = usize::from(area.width);
    for row in 0..area.height {
        let mut pen = Pen::new(buffer, theme, area, row);
        if row == 0 || row + 1 == area.height {
            let (l, r) = if row == 0 {
                (corners[0], corners[1])
            } else {
                (corners[2], corners[3])
            };
            pen.text(Role::Faint, l)
                .text(Role::Faint, &rule.repeat(width.saturating_sub(2)))
                .text(Role::Faint, r);
        } else {
            pen.text(Role::Faint, wall)
                .skip(width.saturating_sub(2))
                .text(Role::Faint, wall);
        }
    }
    let title_area = Rect {
        x: area.x + 2.min(area.width),
        width: area.width.saturating_sub(4),
        ..area
    };
    Pen::new(buffer, theme, title_area, 0).text(Role::Command, &format!(" {title} "));
    Rect::new(
        area.x + 1.min(area.width),
        area.y + 1.min(area.height),
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

/// The typed line behind a lead, scrolled so that its cursor is in sight.
fn input(model: &Model, p: &Prompt, buffer: &mut Buffer, area: Rect, row: u16, lead: &str) -> Position {
    let mut pen = Pen::new(buffer, model.look.theme, area, row);
    pen.text(Role::Command, lead);
    let room = pen.left().saturating_sub(1).max(1);
    let before: String = p.input.value().chars().take(p.input.cursor()).collect();
    let wide = fit::width(&printable(&before));
    let skip = wide.saturating_sub(room);
    let role = if p.untouched { Role::Faint } else { Role::Plain };
    let line = crate::output::rich::Line::of(role, p.input.value());
    pen.line(&line.window(skip, room + 1), None);
    Position::new(
        area.x + (fit::width(lead) + wide - skip).min(usize::from(area.width.saturating_sub(1))) as u16,
        area.y + row,
    )
}

/// A prompt in the line above the status, its choices above it.
fn prompt(model: &Model, p: &Prompt, buffer: &mut Buffer, areas: &Areas) -> Option<Position> {
    let area = areas.prompt?;
    Clear.render(area, buffer);
    let lead = match p.kind {
        PromptKind::Search(_) => "/",
        PromptKind::Filter => "filter: ",
        PromptKind::Target(_) => "replay to: ",
        _ => "",
    };
    let place = input(model, p, buffer, area, 0, lead);
    if let (PromptKind::Search(_), Some(hits)) = (&p.kind, hits(model)) {
        let column = area.right().saturating_sub(fit::width(&hits) as u16 + 1);
        // Not over what is typed.
        if column > place.x + 1 {
            Pen::new(buffer, model.look.theme, area, 0)
                .to(column)
                .text(Role::Faint, &hits);
        }
    }
    let mut above: Vec<(Role, String, bool)> = Vec::new();
    if let PromptKind::Filter = p.kind {
        let most = usize::from(area.y.saturating_sub(2)).min(8);
        let wide = p.choices.iter().map(|c| fit::width(&c.text)).max().unwrap_or(0).min(24);
        let top = p.top.min(p.choices.len());
        for (n, c) in p.choices.iter().enumerate().skip(top).take(most) {
            let text = format!("{}  {}", fit::fit(&c.text, wide), c.help);
            above.push((Role::Plain, text, p.chosen == Some(n)));
        }
    }
    if let PromptKind::Target(_) = p.kind {
        above.push((
            Role::Faint,
            "scheme, host and port of your server; path and query stay as recorded".to_owned(),
            false,
        ));
    }
    if let Some((column, why)) = &p.fault {
        let width = usize::from(area.width);
        // The sign stands above the place in the line, where both are in sight.
        if let PromptKind::Filter = p.kind {
            above.push((
                Role::Fault,
                pointed(p.input.value(), *column, why, (fit::width(lead), width)),
                false,
            ));
        } else {
            above.extend(fit::wrap(why, width).into_iter().map(|l| (Role::Error, l, false)));
        }
    }
    let rows = (above.len() as u16).min(area.y);
    let list = Rect {
        y: area.y - rows,
        height: rows,
        ..area
    };
    Clear.render(list, buffer);
    for (n, (role, text, chosen)) in above.iter().enumerate() {
        Pen::new(buffer, model.look.theme, list, n as u16).text(*role, text);
        if *chosen {
            paint(buffer, list, n as u16, model.look.theme.selected(true));
        }
    }
    Some(place)
}

/// What is wrong with a line, with a sign in its column: before or behind the words, where they fit. Where the line is longer than
/// the screen, the column is said.
fn pointed(line: &str, column: usize, why: &str, (lead, width): (usize, usize)) -> String {
    let columns = |chars: usize| {
        lead + line
            .chars()
            .take(chars)
            .map(|c| fit::width(&printable(&c.to_string())))
            .sum::<usize>()
    };
    let (at, long) = (columns(column), fit::width(why));
    if columns(usize::MAX) < width && at < width {
        if at + 2 + long <= width || at < width / 2 {
            return format!("{}v {why}", " ".repeat(at));
        }
        if long < at {
            return format!("{}{why} v", " ".repeat(at - long - 1));
        }
    }
    format!("column {}: {why}", column + 1)
}

/// The palette or the help: a line to type in, what fits below it.
fn listing(model: &Model, p: &Prompt, buffer: &mut Buffer, title: &str) -> Position {
    let rows = layout::choices(model.size);
    let area = layout::middle(model.size, (92, rows as u16 + 3));
    let inside = frame(model, buffer, area, title);
    let place = input(model, p, buffer, inside, 0, "> ");
    let wide = p.choices.iter().map(|c| fit::width(&c.text)).max().unwrap_or(0).min(24);
    let list = Rect {
        y: inside.y + 1,
        height: inside.height.saturating_sub(1),
        ..inside
    };
    if p.choices.is_empty() {
        Pen::new(buffer, model.look.theme, list, 0)
            .skip(2)
            .text(Role::Faint, "nothing fits");
    }
    for (n, c) in p.choices.iter().skip(p.top).take(usize::from(list.height)).enumerate() {
        let row = n as u16;
        Pen::new(buffer, model.look.theme, list, row)
            .skip(2)
            .cell(Role::Command, &c.text, wide)
            .skip(2)
            .text(Role::Plain, &c.help);
        if p.chosen == Some(p.top + n) {
            paint(buffer, list, row, model.look.theme.selected(true));
        }
    }
    place
}

fn copy(model: &Model, menu: &Menu, buffer: &mut Buffer) {
    let area = layout::middle(model.size, (76, menu.lines.len() as u16 + 2));
    let inside = frame(model, buffer, area, "Copy");
    for (n, line) in menu.lines.iter().enumerate() {
        let one = line.text.replace('\n', " ");
        Pen::new(buffer, model.look.theme, inside, n as u16)
            .skip(1)
            .text(Role::Command, &line.key.to_string())
            .skip(2)
            .cell(Role::Plain, line.what, 15)
            .skip(1)
            .text(Role::Faint, &one);
        if n == menu.at {
            paint(buffer, inside, n as u16, model.look.theme.selected(true));
        }
    }
}

fn confirm(model: &Model, plans: &[Planned], buffer: &mut Buffer) {
    let mut said = summary(plans);
    let some = plans.iter().take(6).filter_map(|p| p.plan.as_ref().ok());
    said.extend(some.map(|p| format!("  {} {}", p.method, p.path)));
    if plans.len() > 6 {
        said.push(format!("  and {} more", plans.len() - 6));
    }
    let area = layout::middle(model.size, (76, said.len() as u16 + 3));
    let inside = frame(model, buffer, area, "Send again");
    for (n, text) in said.iter().enumerate() {
        let role = if n == 0 { Role::Heading } else { Role::Plain };
        Pen::new(buffer, model.look.theme, inside, n as u16)
            .skip(1)
            .text(role, text);
    }
    Pen::new(buffer, model.look.theme, inside, inside.height.saturating_sub(1))
        .skip(1)
        .text(Role::Command, "enter or y: send    esc: leave");
}

fn text(model: &Model, reader: &Reader, buffer: &mut Buffer) {
    let area = layout::over(model.size, u16::MAX);
    let inside = frame(model, buffer, area, &reader.title);
    let bottom = Rect {
        x: inside.x,
        y: inside.bottom(),
        width: inside.width,
        height: 1,
    };
    lines(model, buffer, (inside, bottom), &reader.rows, reader.cursor, None);
}

/// The form of a request.
fn form(model: &Model, form: &Form, buffer: &mut Buffer) {
    let area = layout::over(model.size, 110);
    let title = format!("Edit {}", form.recorded.name);
    let inside = frame(model, buffer, area, &title);
    let theme = model.look.theme;
    let wide = form
        .fields
        .iter()
        .map(|f| fit::width(&label(f.section, &f.name)))
        .max()
        .unwrap_or(0)
        .min(usize::from(inside.width) * 2 / 5);
    let height = usize::from(inside.height);
    for (n, at) in form.cursor.window(form.fields.len(), height).enumerate() {
        let f = &form.fields[at];
        let mut pen = Pen::new(buffer, theme, inside, n as u16);
        let sign = match (&f.value, &f.was) {
            (Some(_), None) => "+",
            (None, _) => "-",
            (a, b) if a != b => "~",
            _ => " ",
        };
        pen.cell(Role::Warning, sign, 2)
            .cell(Role::Name, &label(f.section, &f.name), wide)
            .skip(2);
        match (&f.value, &f.was) {
            (Some(v), was) if was.as_ref() != Some(v) => {
                pen.text(Role::Added, v);
                if let Some(w) = was {
                    pen.text(Role::Faint, &format!("  (was {w})"));
                }
            }
            (Some(v), _) => {
                pen.text(Role::Plain, v);
            }
            (None, w) => {
                pen.text(
                    Role::Removed,
                    &format!("removed (was {})", w.as_deref().unwrap_or_default()),
                );
            }
        }
        if at == form.cursor.at {
            paint(buffer, inside, n as u16, theme.selected(true));
        }
    }
}

fn label(section: Section, name: &str) -> String {
    match section {
        Section::Method => "method".to_owned(),
        Section::Url => "URL".to_owned(),
        Section::Param | Section::Json => name.to_owned(),
        Section::Header => format!("{name}:"),
    }
}

/// The line in which a field of the form is typed.
fn field(model: &Model, p: &Prompt, form: &Form, buffer: &mut Buffer) -> Option<Position> {
    let f = form.selected()?;
    let area = layout::middle(model.size, (model.size.0.saturating_sub(8).min(100), 3));
    let name = label(f.section, &f.name);
    let title = match f.section {
        Section::Param | Section::Json if f.name.is_empty() => "name=value, or Header: value",
        _ => &name,
    };
    let inside = frame(model, buffer, area, title);
    Some(input(model, p, buffer, inside, 0, ""))
}
