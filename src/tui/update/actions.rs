//! Commands: what each does, whichever pane has the keys.

use super::super::keys::Action;
use super::super::layout::Pane;
use super::super::list::Step;
use super::super::model::{Model, Overlay, Reader, Shown};
use super::super::msg::{Ask, Effect, Level, Purpose};
use super::{
    ask, close, commands, comparing, copying, filtering, form, moves, prompts, replays, search, stories, target, watch,
};
use crate::output::rich::Line;
use crate::output::style::Role;

/// Runs a command of the panes.
pub(super) fn run(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Text(_)) = &model.overlay
        && !over_text(action)
    {
        return;
    }
    match action {
        Action::Down => moves::step(model, Step::By(1), effects),
        Action::Up => moves::step(model, Step::By(-1), effects),
        Action::PageDown => moves::step(model, Step::Pages(1), effects),
        Action::PageUp => moves::step(model, Step::Pages(-1), effects),
        Action::HalfDown => moves::step(model, Step::Halves(1), effects),
        Action::HalfUp => moves::step(model, Step::Halves(-1), effects),
        Action::Top => moves::step(model, Step::Top, effects),
        Action::Bottom => moves::step(model, Step::Bottom, effects),
        Action::Left => moves::sideways(model, -1),
        Action::Right => moves::sideways(model, 1),
        Action::NextProblem => moves::problem(model, true, effects),
        Action::PreviousProblem => moves::problem(model, false, effects),
        Action::NextCall => moves::call_with_problem(model, true, effects),
        Action::PreviousCall => moves::call_with_problem(model, false, effects),
        Action::NextPane => next_pane(model, 1),
        Action::PreviousPane => next_pane(model, -1),
        Action::Calls => focus(model, Pane::Calls),
        Action::Story => focus(model, Pane::Story),
        Action::Detail => focus(model, Pane::Detail),
        Action::Replays => focus(model, Pane::Replays),
        Action::Sources => focus(model, Pane::Sources),
        Action::Zoom => model.zoom = !model.zoom,
        Action::Open => open(model, effects),
        Action::Close => escape(model, effects),
        Action::Back => {
            if !back(model) {
                effects.push(Effect::Quit);
            }
        }
        Action::Quit => effects.push(Effect::Quit),
        Action::Search => prompts::search(model),
        Action::NextHit => search::go(model, true, effects),
        Action::PreviousHit => search::go(model, false, effects),
        Action::Filter => filtering::open(model, effects),
        Action::ToggleFilter => toggle_filter(model),
        Action::ErrorsOnly => model.calls.problems_only = !model.calls.problems_only,
        Action::Order => order(model),
        Action::Group => group(model),
        Action::AllLines => stories::toggle_all(model),
        Action::Family => stories::toggle_family(model, effects),
        Action::Follow => follow(model, effects),
        Action::Pause => {
            model.calls.paused = !model.calls.paused;
            ask(effects, Ask::Hold(model.calls.paused));
        }
        Action::Mark => mark(model, effects),
        Action::Replay => replays::wish(model, Purpose::Send, effects),
        Action::Preview => replays::wish(model, Purpose::Preview, effects),
        Action::Watch => watch::toggle(model, effects),
        Action::Edit => form::edit(model),
        Action::EditOutside => form::edit_outside(model, effects),
        Action::Target => target::open(model, None),
        Action::Diff => comparing::diff(model, effects),
        Action::Copy => copying::open(model),
        Action::Palette => commands::palette(model),
        Action::Help => commands::help(model),
        Action::Messages => messages(model),
        Action::Theme => {
            model.look.theme = model.look.theme.next();
            let text = format!("theme {}", model.look.theme.name());
            model.notices.say(model.now, Level::Info, text);
        }
        Action::Mouse => {
            model.look.mouse = !model.look.mouse;
            effects.push(Effect::Mouse(model.look.mouse));
            let text = if model.look.mouse { "mouse on" } else { "mouse off" };
            model.notices.say(model.now, Level::Info, text);
        }
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Mend => {
            if model.demo.is_some() {
                effects.push(Effect::Mend);
            } else {
                let text = "only `redial demo` has an app to mend; mend yours and replay";
                model.notices.say(model.now, Level::Info, text);
            }
        }
        // These belong to prompts, menus and forms.
        Action::Accept
        | Action::Cancel
        | Action::Complete
        | Action::Next
        | Action::Previous
        | Action::Send
        | Action::Add
        | Action::Remove
        | Action::Reset => {}
    }
}

/// Commands that a text over the panes takes.
fn over_text(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Down
            | A::Up
            | A::PageDown
            | A::PageUp
            | A::HalfDown
            | A::HalfUp
            | A::Top
            | A::Bottom
            | A::Close
            | A::Back
            | A::Quit
            | A::Replay
            | A::Theme
            | A::Redraw
            | A::Suspend
            | A::Target
    )
}

/// Gives the keys to a pane.
pub(super) fn focus(model: &mut Model, pane: Pane) {
    model.focus = pane;
    if pane >= Pane::Detail {
        model.slot = pane;
    } else if pane == Pane::Calls && model.slot == Pane::Sources {
        model.slot = Pane::Detail;
    }
}

/// Calls, story, what is beside it, and round.
fn next_pane(model: &mut Model, by: isize) {
    let ring = [Pane::Calls, Pane::Story, model.slot];
    let at = ring.iter().position(|p| *p == model.focus).unwrap_or(0);
    focus(model, ring[(at as isize + by).rem_euclid(3) as usize]);
}

fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.focus {
        Pane::Calls => match model.calls.selected() {
            // Of one call alone there is no list worth a key.
            Some(r) if r.group.as_ref().is_some_and(|g| g.calls > 1) => unfold(model),
            Some(_) => focus(model, Pane::Story),
            None => {}
        },
        Pane::Story => {
            if !stories::toggle_here(model) && model.story.selected().is_some() {
                focus(model, Pane::Detail);
            }
        }
        Pane::Sources => {
            if let Some(s) = model.sources.rows.get(model.sources.cursor.at) {
                if s.unparsed > 0 {
                    ask(effects, Ask::Unparsed(model.sources.cursor.at));
                } else {
                    let text = "every line of it could be read so far";
                    model.notices.say(model.now, Level::Info, text);
                }
            }
        }
        Pane::Detail | Pane::Replays => model.zoom = !model.zoom,
    }
}

/// One step back; false at the top.
fn back(model: &mut Model) -> bool {
    if model.overlay.is_some() {
        close(model);
        return true;
    }
    if model.zoom {
        model.zoom = false;
        return true;
    }
    let to = match model.focus {
        Pane::Calls => match model.calls.cause.take() {
            Some(cause) => {
                model.calls.left = Some(cause.key());
                Pane::Calls
            }
            None => return false,
        },
        Pane::Story | Pane::Sources => Pane::Calls,
        Pane::Detail | Pane::Replays => Pane::Story,
    };
    focus(model, to);
    true
}

/// Closes what is open, cancels what is on its way, clears what is marked; never quits.
fn escape(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        close(model);
    } else if model.replays.open() > 0 {
        // Whatever is said of an earlier one.
        effects.push(Effect::Cancel);
    } else if model
        .notices
        .current(model.now)
        .is_some_and(|n| n.level == Level::Error)
    {
        model.notices.shown = false;
    } else if model.search.is_some() {
        model.search = None;
    } else if model.focus == Pane::Replays && matches!(model.replays.shown, Shown::Diff(..)) {
        model.replays.shown = Shown::Answer;
        model.replays.width = 0;
    } else if !back(model) {
        // Nothing is left to close.
        if model.watching.is_some() {
            watch::stop(model, effects);
        } else {
            top(model);
        }
    }
}

/// Nowhere to go back to: marks are cleared, then causes are calls again, then the filter is switched off.
fn top(model: &mut Model) {
    if !(model.calls.marks.is_empty() && model.story.marks.is_empty()) {
        model.calls.marks.clear();
        model.story.marks.clear();
    } else if model.calls.grouped {
        group(model);
    } else if model.filter.active().is_some() {
        model.filter.off = true;
        let text = format!(
            "filter off; {} puts it on again",
            model.keys.name_of(Action::ToggleFilter)
        );
        model.notices.say(model.now, Level::Info, text);
    }
}

fn toggle_filter(model: &mut Model) {
    if model.filter.text.trim().is_empty() {
        let text = format!("no filter yet; {} sets one", model.keys.name_of(Action::Filter));
        return model.notices.say(model.now, Level::Info, text);
    }
    model.filter.off = !model.filter.off;
}

fn order(model: &mut Model) {
    model.calls.worst_first = !model.calls.worst_first;
    model.calls.follow = false;
    model.calls.touched = true;
    let text = if model.calls.worst_first {
        "worst calls first"
    } else {
        "calls by time"
    };
    model.notices.say(model.now, Level::Info, text);
}

/// One cause, many calls; and back.
fn group(model: &mut Model) {
    let calls = &mut model.calls;
    calls.grouped = !calls.grouped;
    calls.cause = None;
    calls.touched = true;
    calls.follow = false;
    let (grouped, len) = (calls.grouped, calls.list.rows.len());
    if grouped {
        let height = model.height(Pane::Calls);
        model.calls.cursor.select(0, len, height);
    }
    focus(model, Pane::Calls);
    let text = if grouped {
        format!(
            "one row a cause: {} sends one request of it, {} lists its calls",
            model.keys.name_of(Action::Replay),
            model.keys.name_of(Action::Open)
        )
    } else {
        "one row a call".to_owned()
    };
    model.notices.say(model.now, Level::Info, text);
}

/// The calls of the selected cause in place of the causes, until one goes back.
fn unfold(model: &mut Model) {
    let calls = &mut model.calls;
    calls.cause = calls.selected().and_then(|r| r.group.clone());
    calls.touched = true;
    calls.follow = false;
    let text = format!(
        "the calls of one cause; {} goes back",
        model.keys.name_of(Action::Close)
    );
    model.notices.say(model.now, Level::Info, text);
}

fn follow(model: &mut Model, effects: &mut Vec<Effect>) {
    model.calls.follow = !model.calls.follow;
    if model.calls.follow {
        // Files that were read to their ends are read on.
        effects.push(Effect::Ask(Ask::Follow));
        model.calls.worst_first = false;
        model.calls.touched = true;
    }
    // Whoever reads a story goes on reading it.
    let reads = !matches!(model.focus, Pane::Calls | Pane::Sources);
    if model.calls.follow && !reads {
        let (len, height) = (model.calls.list.rows.len(), model.height(Pane::Calls));
        model.calls.cursor.select(len.saturating_sub(1), len, height);
        stories::follow_selection(model, effects);
    }
    let text = match (model.calls.follow, reads) {
        (true, false) => "following: the newest call stays selected",
        (true, true) => "following: in the list the newest call will be selected",
        (false, _) => "not following",
    };
    model.notices.say(model.now, Level::Info, text);
}

fn mark(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.focus {
        Pane::Calls => {
            if let Some((key, failed)) = model.calls.selected().map(|r| (r.key(), r.failed.clone())) {
                if model.calls.marks.remove(&key).is_none() {
                    model.calls.marks.insert(key, failed);
                }
                moves::step(model, Step::By(1), effects);
            }
        }
        Pane::Story => match replays::exchange_here(model) {
            Some(n) => {
                if !model.story.marks.remove(&n) {
                    model.story.marks.insert(n);
                }
                moves::step(model, Step::By(1), effects);
            }
            None => model
                .notices
                .say(model.now, Level::Info, "only requests can be marked here"),
        },
        _ => model
            .notices
            .say(model.now, Level::Info, "calls and requests can be marked"),
    }
}

fn messages(model: &mut Model) {
    let lines: Vec<Line> = model
        .notices
        .all
        .iter()
        .map(|n| {
            let role = match n.level {
                Level::Error => Role::Error,
                Level::Good => Role::Good,
                Level::Info => Role::Plain,
            };
            let mut line = Line::of(Role::Faint, &format!("{} ", &n.at.to_string()[11..19]));
            line.push(role, &n.text);
            line
        })
        .collect();
    model.overlay = Some(Overlay::Text(Reader {
        title: "Messages (UTC)".to_owned(),
        lines: if lines.is_empty() {
            vec![Line::of(Role::Faint, "none so far")]
        } else {
            lines
        },
        ..Reader::default()
    }));
}

/// The demo's app was mended or broken.
pub(super) fn mended(model: &mut Model, mended: bool) {
    if let Some(d) = &mut model.demo {
        d.progress.fixed = mended;
    }
    let text = if mended {
        format!(
            "the demo's app is mended; {} sends the request again",
            model.keys.name_of(Action::Replay)
        )
    } else {
        "the demo's app is broken again".to_owned()
    };
    model.notices.say(model.now, Level::Good, text);
}
