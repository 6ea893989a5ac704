//! The lines around the panes: the demo's hint, the breadcrumb, the status, the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{ServiceRow, SourceState};
use super::super::keys::{Action, COMMANDS, Layer};
use super::super::layout::{Areas, Pane};
use super::super::model::{Model, Overlay};
use super::super::msg::Level;
use super::super::update::hits;
use super::pen::Pen;
use super::sources::size;
use crate::demo;
use crate::output::fit;
use crate::output::safe::printable;
use crate::output::style::Role;

/// From this width on there is room for how a thing is ended.
const WIDE: u16 = 100;

/// Draws all of them.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    if let Some(area) = areas.hint {
        hint(model, buffer, area);
    }
    if let Some(area) = areas.breadcrumb {
        breadcrumb(model, buffer, area);
    }
    status(model, buffer, areas.status);
    if let Some(area) = areas.footer {
        footer(model, buffer, area);
    }
}

/// What the demo's user does next.
fn hint(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(d) = &model.demo else { return };
    let step = demo::next_step(d.progress);
    let text = step.say(|name| {
        let action = match name {
            "open" => Action::Open,
            "replay" => Action::Replay,
            "fix" => Action::Mend,
            _ => return None,
        };
        Some(model.keys.name_of(action))
    });
    let mut pen = Pen::new(buffer, model.look.theme, area, 0);
    pen.text(Role::Good, &format!(" {}/{} ", step.number(), demo::STEPS.len()));
    let text = if fit::width(&text) > pen.left() {
        what_to_do(&text)
    } else {
        text
    };
    pen.text(Role::Heading, &text);
}

/// The sentence with what to do before the rest of it, which may then be cut.
fn what_to_do(text: &str) -> String {
    match text.rsplit_once(": press ") {
        Some((why, what)) => format!("Press {what} {why}."),
        None => text.to_owned(),
    }
}

/// Where one stands.
fn breadcrumb(model: &Model, buffer: &mut Buffer, area: Rect) {
    let crumb = model.look.signs().crumb;
    let mut steps = vec!["Calls".to_owned()];
    if model.focus == Pane::Sources {
        steps = vec!["Sources".to_owned()];
    } else if model.focus != Pane::Calls {
        let call = model
            .calls
            .list
            .rows
            .iter()
            .find(|r| Some(r.call) == model.story.call)
            .and_then(|r| r.id.as_ref());
        steps.push(call.map_or_else(|| "Story".to_owned(), |i| fit::short(&i.to_string())));
        match model.focus {
            Pane::Detail => steps.push(model.detail.tab.title().to_owned()),
            Pane::Replays => steps.push("Replays".to_owned()),
            _ => {}
        }
    }
    Pen::new(buffer, model.look.theme, area, 0).text(Role::Command, &steps.join(&format!(" {crumb} ")));
}

/// A notice, or counts, filter, target and progress; what matters most stands first.
fn status(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.look.theme;
    let mut pen = Pen::new(buffer, theme, area, 0);
    let dot = format!(" {} ", model.look.signs().dot);
    // What each answer says stands beside it, not in its place.
    if let Some(watching) = &model.watching {
        let (role, text) = match watching.red() {
            0 => (Role::Info, "watching".to_owned()),
            red => (Role::Error, format!("watching, {red} red")),
        };
        pen.skip(1).text(role, &text);
        if area.width >= WIDE {
            let key = model.keys.name_of(Action::Watch);
            pen.text(Role::Faint, &format!(", {key} ends it"));
        }
        pen.text(Role::Faint, dot.trim_end());
    }
    if notice(model, &mut pen) {
        return;
    }
    counts(model, &mut pen);
    let open = model.replays.open();
    if open > 0 {
        pen.text(Role::Faint, &dot)
            .text(Role::Info, &format!("{open} sending, esc cancels"));
    }
    for s in &model.sources.services {
        let (role, text) = service(s, area.width);
        pen.text(Role::Faint, &dot).text(role, &text);
    }
    if model.sources.caught_up && !model.sources.done {
        pen.text(Role::Faint, &dot).text(Role::Good, "live");
    } else if !model.sources.done {
        let (done, all) = model.sources.progress();
        let text = match all.filter(|&a| a > 0) {
            Some(all) => format!(
                "reading {} of {} ({} %)",
                size(done),
                size(all),
                (done * 100 / all).min(100)
            ),
            None => format!("reading {}", size(done)),
        };
        pen.text(Role::Faint, &dot).text(Role::Info, &text);
    }
    if model.calls.paused {
        pen.text(Role::Faint, &dot).text(Role::Warning, "held still");
    }
    if let Some(narrowed) = &model.narrowed {
        pen.text(Role::Faint, &dot).text(Role::Name, narrowed);
    }
    if !model.filter.text.trim().is_empty() {
        let off = if model.filter.off { "filter off: " } else { "filter: " };
        pen.text(Role::Faint, &dot)
            .text(Role::Faint, off)
            .text(Role::Name, model.filter.text.trim());
    }
    if let Some(s) = &model.search {
        pen.text(Role::Faint, &dot)
            .text(Role::Faint, "/")
            .text(Role::Name, &s.text);
        if let Some(hits) = hits(model) {
            pen.text(Role::Faint, &format!(" ({hits})"));
        }
    }
    let marks = model.calls.marks.len() + model.story.marks.len();
    if marks > 0 {
        pen.text(Role::Faint, &dot)
            .text(Role::Command, &format!("{marks} marked"));
    }
    match &model.target.target {
        Some(t) => pen
            .text(Role::Faint, &dot)
            .text(Role::Faint, "to ")
            .text(Role::Name, &t.to_string()),
        None => pen.text(Role::Faint, &dot).text(Role::Faint, "no target yet"),
    };
    let states = || model.sources.rows.iter().map(|s| &s.state);
    let failed = states().filter(|s| matches!(s, SourceState::Failed(_))).count();
    let waits = states().filter(|s| matches!(s, SourceState::Waits(_))).count();
    let key = model.keys.name_of(Action::Sources);
    for (many, what, role) in [(failed, "not read", Role::Error), (waits, "waited for", Role::Warning)] {
        if many > 0 {
            let text = format!("{} {what}: {key}", fit::count(many, "input"));
            pen.text(Role::Faint, &dot).text(role, &text);
        }
    }
}

/// What was said last, in place of everything else; false where nothing was.
fn notice(model: &Model, pen: &mut Pen<'_>) -> bool {
    let Some(n) = model.notices.current(model.now) else {
        return false;
    };
    let role = match n.level {
        Level::Error => Role::Error,
        Level::Good => Role::Good,
        Level::Info => Role::Info,
    };
    pen.skip(1);
    // What is behind it stays in sight, however long it is.
    let more = match model.notices.behind() {
        0 => String::new(),
        n => format!(" (+{n}, {})", model.keys.name_of(Action::Messages)),
    };
    let room = pen.left().saturating_sub(fit::width(&more));
    pen.cell(role, &n.text, room.min(fit::width(&printable(&n.text))))
        .text(Role::Faint, &more);
    true
}

/// How many calls, or causes, are in sight.
fn counts(model: &Model, pen: &mut Pen<'_>) {
    pen.skip(1);
    let list = &model.calls.list;
    let shown = list.rows.iter().filter(|r| r.id.is_some()).count();
    let causes = list.rows.first().is_some_and(|r| r.group.is_some());
    let total = fit::count(list.total, "call");
    let text = if causes {
        format!("{} in {total}", fit::count(list.rows.len(), "cause"))
    } else {
        format!("{} of {total}", fit::thousands(shown))
    };
    pen.text(Role::Plain, &text);
}

/// How a service is, and where it is reached; on a narrow screen at which port.
fn service(s: &ServiceRow, width: u16) -> (Role, String) {
    if s.bad.is_some() {
        return (Role::Error, format!("{}: trouble", s.name));
    }
    if s.ended {
        return (Role::Faint, format!("{} ended", s.name));
    }
    let at = match (s.up_to, s.url()) {
        (Some(time), _) => format!("up to {}", super::sources::clock(time)),
        (None, Some(url)) if width < 80 => url.trim_start_matches("http://127.0.0.1").to_owned(),
        (None, _) => s.at.clone(),
    };
    (Role::Good, format!("{} {at}", s.name))
}

/// The keys that matter here, as many as fit.
fn footer(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buffer, model.look.theme, area, 0);
    pen.skip(1);
    for (key, brief) in offers(model) {
        if fit::width(&key) + fit::width(&brief) + 3 > pen.left() {
            break;
        }
        pen.text(Role::Command, &key).skip(1).text(Role::Faint, &brief).skip(2);
    }
}

/// Keys and words for what has the keys now.
fn offers(model: &Model) -> Vec<(String, String)> {
    let own = |list: &[(&str, &str)]| list.iter().map(|(k, t)| ((*k).to_owned(), (*t).to_owned())).collect();
    match &model.overlay {
        Some(Overlay::Prompt(p)) => {
            use super::super::model::PromptKind as K;
            match p.kind {
                K::Search(_) => own(&[("enter", "keep"), ("esc", "back")]),
                K::Filter => own(&[
                    ("enter", "filter"),
                    ("tab", "complete"),
                    ("up down", "choose"),
                    ("esc", "leave"),
                ]),
                K::Palette => own(&[("enter", "run"), ("up down", "choose"), ("esc", "leave")]),
                K::Help => own(&[("type", "to find"), ("up down", "scroll"), ("esc", "close")]),
                K::Target(_) | K::Field => own(&[("enter", "take it"), ("esc", "leave")]),
            }
        }
        Some(Overlay::Copy(_)) => own(&[("enter", "copy"), ("esc", "leave")]),
        Some(Overlay::Confirm(..)) => own(&[("enter", "send"), ("esc", "leave")]),
        Some(Overlay::Text(t)) if !t.send.is_empty() => {
            let key = model.keys.name_of(Action::Replay);
            let mut all = vec![(key, "send it".to_owned())];
            all.extend(own(&[("esc", "close")]));
            all
        }
        Some(Overlay::Text(_)) => own(&[("esc", "close")]),
        Some(Overlay::Form(_)) => COMMANDS
            .iter()
            .enumerate()
            .filter(|(_, c)| c.layer == Layer::Form)
            .filter_map(|(n, c)| {
                let brief = match c.action {
                    Action::Accept => "edit",
                    Action::Send => "send",
                    Action::Preview => "what is sent",
                    Action::Add => "add",
                    Action::Remove => "remove",
                    Action::Reset => "as recorded",
                    Action::EditOutside => "editor",
                    Action::Cancel => "leave",
                    _ => return None,
                };
                Some((model.keys.keys_of(n).first()?.to_string(), brief.to_owned()))
            })
            .collect(),
        None => pane_offers(model),
    }
}

/// False for what would only say that there is nothing to do it with.
fn works(model: &Model, action: Action) -> bool {
    let attempts = &model.replays.attempts;
    match (model.focus, action) {
        (Pane::Calls, Action::Replay) => {
            !model.calls.marks.is_empty() || model.calls.selected().is_some_and(|r| !r.failed.is_empty())
        }
        (Pane::Calls, Action::Open | Action::Mark) => model.calls.selected().is_some(),
        (Pane::Replays, Action::Replay | Action::Watch | Action::Preview | Action::Zoom) => !attempts.is_empty(),
        (Pane::Replays, Action::Diff) => attempts.iter().any(|a| a.answered().is_some()),
        (Pane::Sources, Action::Open) => {
            let selected = model.sources.rows.get(model.sources.cursor.at);
            selected.is_some_and(|s| s.unparsed > 0)
        }
        _ => true,
    }
}

fn pane_offers(model: &Model) -> Vec<(String, String)> {
    let number = model.focus.number();
    let mut all: Vec<(String, String)> = COMMANDS
        .iter()
        .enumerate()
        .filter(|(_, c)| c.layer == Layer::Panes && c.offer.contains(&number))
        .filter(|(_, c)| c.action != Action::Help && works(model, c.action))
        .filter_map(|(n, c)| {
            let brief = match c.action {
                Action::ErrorsOnly if !model.calls.problems_only => "problems only",
                Action::AllLines if model.story.all => "fold lines",
                Action::Watch if model.watching.is_some() => "ends it",
                _ => c.brief,
            };
            Some((model.keys.keys_of(n).first()?.to_string(), brief.to_owned()))
        })
        .collect();
    if model.demo.is_some() {
        all.insert(
            2.min(all.len()),
            (model.keys.name_of(Action::Mend), "mend app".to_owned()),
        );
    }
    let back = if model.focus == Pane::Calls { Some("quit") } else { None };
    all.extend(back.map(|b| (model.keys.name_of(Action::Back), b.to_owned())));
    // Help comes where it is always seen.
    all.insert(2.min(all.len()), (model.keys.name_of(Action::Help), "help".to_owned()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::Look;
    use crate::tui::msg::Msg;
    use crate::tui::view::tests::{rows, screen, take};

    #[test]
    fn the_hint_begins_with_what_to_do_where_it_is_cut() {
        for (size, begin) in [
            ((120, 40), " 1/6 Each row is a call that went wrong: press enter"),
            ((40, 10), " 1/6 Press enter to open one. Each row"),
            ((30, 6), " 1/6 Press enter to open one."),
        ] {
            let mut model = screen(size, Look::default());
            model.demo = Some(crate::tui::model::Demo::default());
            assert!(rows(&model)[0].starts_with(begin), "{:#?}", rows(&model));
        }
    }

    #[test]
    fn only_what_works_is_offered() {
        let mut model = screen((120, 40), Look::default());
        let foot = |m: &Model| rows(m).last().cloned().unwrap_or_default();
        assert!(foot(&model).contains("r replay"), "{}", foot(&model));
        take(&mut model, Msg::Do(Action::Replays));
        assert!(
            !foot(&model).contains("diff") && !foot(&model).contains("replay"),
            "{}",
            foot(&model)
        );
        take(&mut model, Msg::Do(Action::Sources));
        assert!(foot(&model).contains("enter open"), "{}", foot(&model));
    }
}
