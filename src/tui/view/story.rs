//! The story of a call as a ladder: caller, platform, your app; one row for each thing that happened.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{AttemptState, FindingItem, RequestItem, StoryItem, What};
use super::super::layout;
use super::super::model::{Model, Row};
use super::pen::{Pen, paint};
use crate::model::Severity;
use crate::output::fit;
use crate::output::rich::{Line, Needle};
use crate::output::style::Role;

/// Columns from the left of the pane; without lanes where it is narrow.
#[derive(Clone, Copy, Debug)]
struct Lanes {
    /// Columns of the time, the leg's letter included.
    time: usize,
    /// From the caller's lane to the platform's; 0 without lanes.
    caller: usize,
    /// From the platform's lane to the app's.
    app: usize,
    /// Behind the app's lane: status, time, bar.
    result: usize,
    /// Columns of the bar.
    bar: usize,
}

impl Lanes {
    fn of(width: usize, legs: bool) -> Self {
        let time = 9 + usize::from(legs) * 2;
        if width < 60 {
            let result = 14.min(width / 3);
            return Self {
                time,
                caller: 0,
                app: width.saturating_sub(2 + time + result),
                result,
                bar: 0,
            };
        }
        let bar = if width >= 90 { 10 } else { 6 };
        let result = 14 + bar;
        let rest = width.saturating_sub(2 + time + result);
        let caller = (rest / 3).clamp(12, 18);
        Self {
            time,
            caller,
            app: rest.saturating_sub(caller),
            result,
            bar,
        }
    }
}

/// Whose story, what is unfolded.
pub(super) fn facts(model: &Model) -> String {
    let story = &model.story;
    let mut facts = Vec::new();
    if story.data.heads.len() > 1 {
        facts.push(fit::count(story.data.heads.len() - 1, "leg"));
    }
    if story.whole {
        facts.push("whole family".to_owned());
    }
    if story.all {
        facts.push("all lines".to_owned());
    }
    if !story.rows.is_empty() && !story.data.complete && story.data.hidden > 0 {
        let what = if story.lines_asked { "being read" } else { "hidden" };
        facts.push(format!("{} {what}", fit::count(story.data.hidden as usize, "line")));
    }
    facts.join(", ")
}

/// Draws the pane.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect, needle: Option<&Needle>) {
    let story = &model.story;
    let theme = model.look.theme;
    let areas = layout::story(pane);
    if story.rows.is_empty() {
        let text = if story.call.is_some() && story.data.heads.is_empty() {
            "reading…"
        } else if story.call.is_some() {
            "nothing but hidden lines so far"
        } else {
            "choose a call above"
        };
        Pen::new(buffer, theme, areas.rows, 0).skip(2).text(Role::Faint, text);
    }
    if let (Some(area), Some(head)) = (areas.head, story.data.heads.first()) {
        Pen::new(buffer, theme, area, 0)
            .skip(2)
            .text(Role::Heading, &head.title);
        Pen::new(buffer, theme, area, 1).skip(2).text(Role::Faint, &head.facts);
    }
    let lanes = Lanes::of(usize::from(areas.rows.width), story.data.heads.len() > 1);
    if let Some(area) = areas.lanes {
        head(model, buffer, area, lanes);
    }
    let height = usize::from(areas.rows.height);
    for (n, at) in story.cursor.window(story.rows.len(), height).enumerate() {
        let selected = at == story.cursor.at;
        row(
            model,
            buffer,
            areas.rows,
            n as u16,
            story.rows[at],
            (lanes, selected),
            needle,
        );
        if selected {
            let focused = model.focus == super::Pane::Story;
            paint(buffer, areas.rows, n as u16, theme.selected(focused));
        }
    }
}

fn head(model: &Model, buffer: &mut Buffer, area: Rect, lanes: Lanes) {
    let mut pen = Pen::new(buffer, model.look.theme, area, 0);
    pen.skip(2).cell(Role::Faint, "time", lanes.time);
    if lanes.caller == 0 {
        pen.text(Role::Faint, "platform to your app");
        return;
    }
    pen.cell(Role::Faint, "caller", lanes.caller.saturating_sub(4))
        .cell(Role::Faint, "platform", lanes.app.saturating_sub(0))
        .text(Role::Faint, "your app");
}

fn row(
    model: &Model,
    buffer: &mut Buffer,
    area: Rect,
    n: u16,
    row: Row,
    (lanes, selected): (Lanes, bool),
    needle: Option<&Needle>,
) {
    let story = &model.story;
    let signs = model.look.signs();
    let Some(item) = story.item(row) else { return };
    let mut pen = Pen::new(buffer, model.look.theme, area, n);
    let marked = matches!(&item.what, What::Request(r) if story.marks.contains(&r.exchange));
    let mark = match (marked, selected) {
        (true, _) => signs.mark,
        (_, true) => signs.here,
        _ => " ",
    };
    pen.cell(Role::Command, mark, 2);
    if let Some(place) = story.line(row) {
        let number = format!("{:>7} ", place.line);
        let text = story.texts.get(&place).map_or("…", |t| &**t);
        let line = Line::of(Role::Plain, text);
        let room = pen.left().saturating_sub(fit::width(&number));
        pen.text(Role::Faint, &number)
            .line(&line.window(story.left, room), needle);
        return;
    }
    pen.cell(Role::Faint, &item.at.clock().unwrap_or_default(), 9);
    if story.data.heads.len() > 1 {
        pen.cell(Role::Name, &leg(model, item), 2);
    }
    match &item.what {
        What::Request(r) => request(model, &mut pen, lanes, r, needle),
        What::Finding(f) => finding(model, &mut pen, lanes, f, needle),
        What::State(state) => self::state(model, &mut pen, lanes, state, needle),
        What::AppLog(text) => {
            between(model, &mut pen, lanes);
            pen.text(Role::Faint, "log ").found(Role::Text, text, needle);
        }
        What::Hidden(places) => {
            between(model, &mut pen, lanes);
            let dot = signs.dot;
            pen.text(
                Role::Faint,
                &format!("{dot} {} hidden {dot}", fit::count(places.len(), "line")),
            );
        }
    }
}

/// The letter of an item's call among the legs.
fn leg(model: &Model, item: &StoryItem) -> String {
    let n = model.story.data.heads.iter().position(|h| h.call == item.call);
    match n {
        Some(n @ 0..26) => char::from(b'A' + n as u8).to_string(),
        _ => "+".to_owned(),
    }
}

/// A call state stands between the caller and the platform.
fn state(model: &Model, pen: &mut Pen<'_>, lanes: Lanes, state: &str, needle: Option<&Needle>) {
    if lanes.caller == 0 {
        pen.found(Role::Info, state, needle);
        return;
    }
    let wall = model.look.signs().wall;
    let room = lanes.caller - 3;
    pen.text(Role::Faint, wall).skip(1);
    if fit::width(&crate::output::safe::printable(state)) > room {
        // Too long for its lane: over the platform's.
        pen.found(Role::Info, state, needle);
    } else {
        pen.found(Role::Info, &fit::fit(state, room), needle)
            .text(Role::Faint, wall);
    }
}

/// To the platform's lane: what stands between platform and app.
fn between(model: &Model, pen: &mut Pen<'_>, lanes: Lanes) {
    let signs = model.look.signs();
    if lanes.caller > 0 {
        pen.text(Role::Faint, signs.wall)
            .skip(lanes.caller - 2)
            .text(Role::Faint, signs.wall)
            .skip(1);
    }
}

/// A request from the platform to the app, how the step before it ended to the left of it, the answer to the right.
fn request(model: &Model, pen: &mut Pen<'_>, lanes: Lanes, r: &RequestItem, needle: Option<&Needle>) {
    let signs = model.look.signs();
    let step = r.step.map(|s| {
        let word = s.event.as_str();
        if s.certain { word.to_owned() } else { format!("{word}?") }
    });
    let mut label = format!("{} {}", r.method, r.path);
    if lanes.caller > 0 {
        pen.text(Role::Faint, signs.wall);
        match step {
            Some(step) => {
                let label = format!("{} {step} ", signs.rung);
                let room = lanes.caller.saturating_sub(3);
                let rest = room.saturating_sub(fit::width(&label));
                pen.cell(Role::Name, &label, fit::width(&label).min(room))
                    .text(Role::Faint, &signs.rung.repeat(rest))
                    .text(Role::Faint, signs.right);
            }
            None => {
                pen.skip(lanes.caller - 2);
            }
        }
        pen.text(Role::Faint, signs.wall);
    } else if let Some(step) = step {
        label = format!("{step} {} {label}", signs.arrow);
    }
    // The path's end tells more than its beginning.
    let room = lanes.app.saturating_sub(if lanes.caller > 0 { 5 } else { 2 });
    let long = fit::width(&crate::output::safe::printable(&label));
    let label = if long > room { fit::fit(&label, room) } else { label };
    let pad = room.saturating_sub(long);
    if lanes.caller > 0 {
        pen.text(Role::Faint, signs.rung).skip(1);
    }
    pen.found(
        if r.outcome.failed() { Role::Heading } else { Role::Plain },
        &label,
        needle,
    )
    .skip(1);
    if lanes.caller > 0 {
        pen.text(Role::Faint, &signs.rung.repeat(pad))
            .text(Role::Faint, signs.right)
            .text(Role::Faint, signs.wall);
    } else {
        pen.skip(pad);
    }
    answer(model, pen, lanes, r);
}

/// Status, time and bar; beside it how the last replay went.
fn answer(model: &Model, pen: &mut Pen<'_>, lanes: Lanes, r: &RequestItem) {
    let signs = model.look.signs();
    let role = if r.outcome.failed() {
        Role::Error
    } else if r.waiting {
        Role::Faint
    } else {
        Role::Good
    };
    let word = match r.status {
        Some(s) => s.to_string(),
        None if r.waiting => "waits".to_owned(),
        None => short(r.outcome).to_owned(),
    };
    pen.text(role, &word);
    let time = r.ms.map(|ms| format!(" {}", millis(ms))).unwrap_or_default();
    pen.text(Role::Faint, &time);
    let used = fit::width(&word) + fit::width(&time);
    let open = model.replays.of(r.exchange).rfind(|a| a.open());
    let replay = open.or_else(|| model.last_answer(r.exchange));
    if let Some(a) = replay {
        let (text, role) = match &a.state {
            AttemptState::Done(d) => {
                let sign = if d.pass { signs.pass } else { signs.fail };
                let role = if d.pass { Role::Good } else { Role::Error };
                let now = d.sent.status.map_or("x".to_owned(), |s| s.to_string());
                (format!(" {} {now} {sign}", signs.arrow), role)
            }
            AttemptState::Queued | AttemptState::InFlight => (format!(" {} {}", signs.arrow, signs.wait), Role::Faint),
            AttemptState::Cancelled | AttemptState::Refused(_) => (String::new(), Role::Faint),
        };
        pen.text(role, &text);
        return;
    }
    if let (Some(ms), true) = (r.ms, lanes.bar > 0) {
        pen.skip((lanes.result - lanes.bar).saturating_sub(used));
        pen.text(role, &bar(ms, model.story.data.slowest, lanes.bar, model.look.ascii));
    }
}

/// What became of it, in a word that fits.
fn short(outcome: crate::model::Outcome) -> &'static str {
    use crate::model::Outcome as O;
    match outcome {
        O::Ok => "ok",
        O::HttpError => "error",
        O::BadReply => "bad reply",
        O::NoReply => "no reply",
        O::Unreachable => "unreachable",
        O::Timeout => "timeout",
        O::Unknown => "?",
    }
}

fn finding(model: &Model, pen: &mut Pen<'_>, lanes: Lanes, f: &FindingItem, needle: Option<&Needle>) {
    between(model, pen, lanes);
    let signs = model.look.signs();
    let (letter, sign) = match f.severity {
        Severity::Error => ("E", signs.fail),
        Severity::Warning => ("W", "!"),
        Severity::Info => ("i", signs.dot),
    };
    pen.text(f.severity.into(), &format!("{letter} {sign} "));
    let times = if f.count > 1 {
        format!(" (×{})", f.count)
    } else {
        String::new()
    };
    pen.found(f.severity.into(), &format!("{}{times}", f.title), needle);
}

/// `830 ms`, `1.2 s`, `15 s`.
fn millis(ms: u32) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{:.1} s", f64::from(ms) / 1000.0),
        _ => format!("{} s", ms / 1000),
    }
}

/// A bar on the scale of the call's slowest answer, at least a sliver.
fn bar(ms: u32, slowest: u32, width: usize, ascii: bool) -> String {
    const EIGHTHS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
    if slowest == 0 {
        return String::new();
    }
    let eighths = (u64::from(ms) * width as u64 * 8).div_ceil(u64::from(slowest)).max(1) as usize;
    if ascii {
        return "=".repeat(eighths.div_ceil(8).min(width));
    }
    let (full, part) = (eighths / 8, eighths % 8);
    let mut out = "█".repeat(full.min(width));
    if part > 0 && full < width {
        out.push_str(EIGHTHS[part - 1]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_a_scale() {
        assert_eq!(bar(1000, 1000, 6, false), "██████");
        assert_eq!(bar(500, 1000, 6, false), "███");
        assert_eq!(bar(1, 1000, 6, false), "▏");
        assert_eq!(bar(1, 1000, 6, true), "=");
        assert_eq!(bar(5, 0, 6, false), "");
    }

    #[test]
    fn times() {
        assert_eq!(millis(830), "830 ms");
        assert_eq!(millis(1_234), "1.2 s");
        assert_eq!(millis(15_003), "15 s");
    }
}
