//! The inputs: how far each is read, what could not be read, when something came last; behind them the services that fill the store.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{ServiceRow, SourceRow, SourceState};
use super::super::keys::Action;
use super::super::layout;
use super::super::model::Model;
use super::pen::{Pen, paint};
use crate::call::When;
use crate::model::Time;
use crate::output::fit;
use crate::output::style::Role;

/// Columns of the table; zero for one that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    name: usize,
    lines: usize,
    read: usize,
    unread: usize,
    rate: usize,
    last: usize,
    state: usize,
}

/// Columns of a rate: `12,345/s`.
const RATE: usize = 8;
/// Columns of an age: `59m ago`.
const AGE: usize = 7;
/// Columns that a name keeps; before it has less, other columns go.
const NAME: usize = 20;

impl Columns {
    fn of(model: &Model, width: usize) -> Self {
        let rows: &[SourceRow] = &model.sources.rows;
        let services = &model.sources.services;
        let lively = model.is_live() && (rows.iter().any(|s| s.last.is_some()) || !services.is_empty());
        let most = |head: &str, of: &dyn Fn(&SourceRow) -> String| {
            let cells = rows.iter().map(|s| fit::width(&of(s)));
            cells.max().unwrap_or(0).max(head.len())
        };
        let states = rows.iter().map(|s| fit::width(&state(s).1));
        let states = states.chain(services.iter().map(|s| fit::width(&service_state(s).1)));
        let mut c = Self {
            name: 0,
            lines: most("lines", &|s| fit::thousands(s.lines as usize)),
            read: most("read", &|s| size(s.bytes)),
            unread: most("unread", &|s| fit::thousands(s.unparsed as usize)),
            rate: if lively { RATE } else { 0 },
            last: if lively { AGE } else { 0 },
            state: states.max().unwrap_or(0).max("state".len()),
        };
        let events = services.iter().map(|s| fit::thousands(s.events as usize).len());
        c.lines = events.fold(c.lines, usize::max);
        let gap = |n: usize| if n > 0 { n + 2 } else { 0 };
        let left = |c: &Self| {
            let numbers = [c.lines, c.read, c.unread, c.rate, c.last];
            width.saturating_sub(2 + numbers.map(gap).iter().sum::<usize>() + c.state)
        };
        let longest = most("input", &|s| crate::output::safe::printable(&s.name).into_owned());
        let longest = services.iter().map(|s| fit::width(s.name)).fold(longest, usize::max);
        // What matters least goes first.
        for drop in [
            |c: &mut Self| c.read = 0,
            |c: &mut Self| c.lines = 0,
            |c: &mut Self| c.rate = 0,
            |c: &mut Self| c.last = 0,
            |c: &mut Self| c.unread = 0,
        ] {
            if left(&c) < longest.min(NAME) + 2 {
                drop(&mut c);
            }
        }
        c.name = longest.min(left(&c).saturating_sub(2)).max(1);
        c
    }
}

/// Draws the pane.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect) {
    let theme = model.look.theme;
    let (head, rows, about) = layout::sources(pane);
    let all = &model.sources.rows;
    let columns = Columns::of(model, usize::from(rows.width));
    let mut pen = Pen::new(buffer, theme, head, 0);
    pen.skip(2).cell(Role::Faint, "input", columns.name).skip(2);
    for (text, width) in [
        ("lines", columns.lines),
        ("read", columns.read),
        ("unread", columns.unread),
        ("rate", columns.rate),
        ("last", columns.last),
    ] {
        number(&mut pen, Role::Faint, text, width);
    }
    pen.text(Role::Faint, "state");
    // The selected one stays in sight, whatever the height of the list.
    let height = usize::from(rows.height);
    let mut cursor = model.sources.cursor;
    let len = model.sources.len();
    cursor.show(len, height);
    for (n, at) in cursor.window(len, height).enumerate() {
        let here = at == cursor.at;
        let place = (rows, n as u16);
        match all.get(at) {
            Some(s) => row(model, buffer, place, s, (columns, here)),
            None => service(
                model,
                buffer,
                place,
                &model.sources.services[at - all.len()],
                (columns, here),
            ),
        }
        if here {
            let focused = model.focus == super::Pane::Sources;
            paint(buffer, rows, n as u16, theme.selected(focused));
        }
    }
    let told = match all.get(cursor.at) {
        Some(s) => Some(about_input(model, s)),
        None => model
            .sources
            .services
            .get(cursor.at.saturating_sub(all.len()))
            .map(|s| about_service(model, s)),
    };
    if let Some((role, text)) = told {
        tell(model, buffer, about, role, &text);
    }
}

/// How long ago something came: `now`, `5s ago`, `3m ago`, `2h ago`, `4d ago`.
fn age(model: &Model, last: Option<Time>) -> String {
    let Some(last) = last else { return String::new() };
    let seconds = (model.now.0 - last.0).max(0) / 1000;
    match seconds {
        0..=1 => "now".to_owned(),
        2..=59 => format!("{seconds}s ago"),
        60..=3_599 => format!("{}m ago", seconds / 60),
        3_600..=86_399 => format!("{}h ago", seconds / 3_600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// How long until [`age`] and the calls' ages of this moment are others, milliseconds; none where that takes hours.
pub(super) fn until_older(last: Time, now: Time) -> Option<i64> {
    let old = now.0 - last.0;
    let step = match old {
        ..60_000 => 1_000,
        60_000..3_600_000 => 60_000,
        _ => return None,
    };
    Some(step - old.rem_euclid(step))
}

/// How long until an age in sight is another one, milliseconds.
pub(super) fn ages(model: &Model) -> Option<i64> {
    model.areas()?.of(super::Pane::Sources)?;
    if !model.is_live() {
        return None;
    }
    let inputs = model.sources.rows.iter().map(|s| s.last);
    let services = model.sources.services.iter().map(|s| s.last);
    let last = inputs.chain(services).flatten();
    last.filter_map(|t| until_older(t, model.now)).min()
}

fn service(
    model: &Model,
    buffer: &mut Buffer,
    (area, n): (Rect, u16),
    s: &ServiceRow,
    (columns, here): (Columns, bool),
) {
    let mut pen = Pen::new(buffer, model.look.theme, area, n);
    pen.cell(Role::Command, if here { model.look.signs().here } else { " " }, 2);
    pen.cell(Role::Plain, s.name, columns.name).skip(2);
    number(&mut pen, Role::Plain, &fit::thousands(s.events as usize), columns.lines);
    number(&mut pen, Role::Faint, "", columns.read);
    number(&mut pen, Role::Faint, "", columns.unread);
    number(&mut pen, Role::Faint, "", columns.rate);
    number(&mut pen, Role::Faint, &age(model, s.last), columns.last);
    let (role, text) = service_state(s);
    pen.text(role, &text);
}

fn service_state(s: &ServiceRow) -> (Role, String) {
    match s.up_to {
        _ if s.bad.is_some() => (Role::Error, "trouble".to_owned()),
        _ if s.ended => (Role::Faint, "ended".to_owned()),
        Some(time) => (Role::Good, format!("up to {}", clock(time))),
        None => (Role::Good, "up".to_owned()),
    }
}

/// A service in words: what is wrong, else where it is, what came, up to where all is there.
fn about_service(model: &Model, s: &ServiceRow) -> (Role, String) {
    if let Some(bad) = &s.bad {
        return (Role::Error, format!("{}: {bad}", s.name));
    }
    let mut text = format!("{} {}: {}", s.name, s.at, fit::count(s.events as usize, "event"));
    if s.last.is_some() {
        text = format!("{text}, the last {}", age(model, s.last));
    }
    if let Some(time) = s.up_to {
        text = format!("{text}; complete up to {}", clock(time));
    }
    if let Some(but) = &s.but {
        return (Role::Warning, format!("{text}; {but}"));
    }
    (Role::Faint, text)
}

/// The time of day in UTC, as the calls have it.
pub(super) fn clock(time: Time) -> String {
    When::At(time).clock().unwrap_or_default()
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
    let rate = if s.rate > 0 {
        format!("{}/s", fit::thousands(s.rate as usize))
    } else {
        String::new()
    };
    number(&mut pen, Role::Plain, &rate, columns.rate);
    number(&mut pen, Role::Faint, &age(model, s.last), columns.last);
    let (role, text) = state(s);
    pen.text(role, &text);
}

fn state(s: &SourceRow) -> (Role, String) {
    match &s.state {
        SourceState::Waiting => (Role::Faint, "waits".to_owned()),
        SourceState::Waits(_) => (Role::Warning, "waits".to_owned()),
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
fn about_input(model: &Model, s: &SourceRow) -> (Role, String) {
    match &s.state {
        SourceState::Failed(why) if why.contains(&s.name) => (Role::Error, why.clone()),
        SourceState::Failed(why) => (Role::Error, format!("{}: {why}", s.name)),
        SourceState::Waits(why) => (Role::Warning, format!("{} {why}", s.name)),
        _ => {
            let lines = fit::count(s.lines as usize, "line");
            let mut text = format!("{}: {lines}, {}", s.name, size(s.bytes));
            if s.unparsed > 0 {
                let key = model.keys.name_of(Action::Open);
                let count = fit::thousands(s.unparsed as usize);
                text = format!("{text}; {key} shows {count} that could not be read");
            }
            if model.is_live() && s.rate > 0 {
                text = format!("{text}; {} a second", fit::count(s.rate as usize, "line"));
            }
            if model.is_live() && s.last.is_some() {
                text = format!("{text}; the last {}", age(model, s.last));
            }
            (Role::Faint, text)
        }
    }
}

fn tell(model: &Model, buffer: &mut Buffer, area: Rect, role: Role, text: &str) {
    let width = usize::from(area.width.saturating_sub(3)).max(1);
    let wrapped = fit::wrap(text, width);
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
