//! The picture of a model: reads only. One file for each screen; `pen` is where text meets the terminal.
//!
//! To add a screen: a variant of `Pane`, its areas in `layout`, a file here that draws into them.

mod bars;
mod calls;
mod detail;
mod empty;
mod groups;
mod overlays;
mod pen;
mod rows;
mod sources;
mod story;
#[cfg(test)]
mod tests;

pub use detail::{CONTEXT, attempt_line, beside};

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::{self, Pane, Room};
use super::model::Model;
use super::update::Finder;
use crate::output::style::Role;
use pen::Pen;

/// How long until the picture is another one because time goes by, milliseconds: ages are in sight. None where that takes hours.
pub fn ages(model: &Model) -> Option<i64> {
    calls::ages(model).into_iter().chain(sources::ages(model)).min()
}

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    picture(model, frame);
    if model.look.ascii {
        pen::keyboard_signs(frame.buffer_mut());
    }
}

fn picture(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    // The screen may have been resized since the model heard of it.
    if (area.width, area.height) != model.size || area.is_empty() {
        return;
    }
    let Some(areas) = model.areas() else {
        return too_small(model, buffer, area);
    };
    let finder = model.search.as_ref().and_then(|s| Finder::new(&s.text));
    let walls = areas.panes.len() == 3;
    for &(pane, area) in &areas.panes {
        title(model, buffer, pane, area);
        let hits = finder
            .as_ref()
            .filter(|_| model.search.as_ref().is_some_and(|s| s.pane == pane));
        let needle = hits.map(Finder::needle);
        match pane {
            Pane::Calls => calls::draw(model, buffer, area, needle),
            Pane::Story => story::draw(model, buffer, area, needle),
            Pane::Detail => detail::draw(model, buffer, area, needle),
            Pane::Replays => detail::draw_replays(model, buffer, area, needle),
            Pane::Sources => sources::draw(model, buffer, area),
        }
        if walls && pane == Pane::Story {
            for y in area.y..area.bottom() {
                let wall = Rect::new(area.right(), y, 1, 1);
                Pen::new(buffer, model.look.theme, wall, 0).text(Role::Faint, model.look.signs().wall);
            }
        }
    }
    bars::draw(model, buffer, &areas);
    if let Some(overlay) = &model.overlay {
        let cursor = overlays::draw(model, overlay, buffer, &areas);
        if let Some(place) = cursor {
            frame.set_cursor_position(place);
        }
    }
}

fn too_small(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (w, h) = layout::SMALLEST;
    let text = format!("redial needs {w}x{h}, this is {}x{}", model.size.0, model.size.1);
    let lines = crate::output::fit::wrap(&text, usize::from(area.width).max(1));
    for (n, line) in lines.iter().enumerate().take(usize::from(area.height)) {
        Pen::new(buffer, model.look.theme, area, n as u16).text(Role::Plain, line);
    }
}

/// The title row of a pane: its number, its name, what is worth knowing of it, a rule.
fn title(model: &Model, buffer: &mut Buffer, pane: Pane, area: Rect) {
    let focused = model.focus == pane && model.overlay.is_none();
    let style = model.look.theme.title(focused);
    let signs = model.look.signs();
    let mut pen = Pen::new(buffer, model.look.theme, area, 0);
    let lead = if focused { signs.here } else { signs.rule };
    pen.styled(style, lead)
        .styled(style, &format!("{} {}", pane.number(), pane.title()));
    let facts = match pane {
        Pane::Calls => calls::facts(model),
        Pane::Story => story::facts(model),
        Pane::Detail => detail::facts(model),
        Pane::Replays => detail::replay_facts(model),
        Pane::Sources => String::new(),
    };
    if !facts.is_empty() {
        pen.text(Role::Faint, &format!(" {} {facts}", signs.dot));
    }
    if layout::room(model.size) != Room::Small || model.zoom {
        pen.skip(1);
        let rest = pen.left();
        pen.styled(model.look.theme.of(Role::Faint), &signs.rule.repeat(rest));
    }
}
