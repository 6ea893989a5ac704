//! The list of calls with the histogram above it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{CallRow, Histogram};
use super::super::layout;
use super::super::model::Model;
use super::pen::Pen;
use super::rows;
use crate::call::When;
use crate::model::{Severity, Time};
use crate::output::fit;
use crate::output::rich::Needle;
use crate::output::safe::printable;
use crate::output::style::Role;

/// Columns of the table; zero for one that has no room.
#[derive(Clone, Copy, Debug)]
struct Columns {
    time: usize,
    id: usize,
    people: usize,
    app: usize,
    age: usize,
    what: usize,
}

/// Columns that the words about what went wrong keep before the app is shown, on a screen that is not very wide.
const WORDS: usize = 40;
/// From so many columns on the age of a call is shown.
const WITH_AGE: usize = 60;
/// Columns of an app.
const APP: usize = 20;

impl Columns {
    fn of(rows: &[CallRow], width: usize) -> Self {
        let mut c = Self {
            time: match width {
                ..90 => 8,
                _ if several_years(rows) => 16,
                _ => 14,
            },
            id: if width >= 56 { 12 } else { 8 },
            people: 0,
            app: 0,
            age: if width >= WITH_AGE { 5 } else { 0 },
            what: 0,
        };
        let gap = |n: usize| if n > 0 { n + 2 } else { 0 };
        let fixed = |c: &Self| 3 + gap(c.time) + gap(c.id) + gap(c.people) + gap(c.app) + gap(c.age);
        if width >= 76 {
            c.people = widest(rows, width / 5);
        }
        let words = width.saturating_sub(fixed(&c));
        if width >= 130 || words >= WORDS + gap(APP) {
            c.app = if rows.iter().any(|r| r.app.is_some()) { APP } else { 0 };
        }
        c.what = width.saturating_sub(fixed(&c));
        c
    }
}

/// Columns for who called whom: as many as needed, at most so many; none where nobody is known. There may be a hundred thousand
/// rows, and this is asked for every picture.
fn widest(rows: &[CallRow], most: usize) -> usize {
    let columns = |name: Option<&str>| name.map_or(1, |n| fit::width(&printable(n)));
    let mut need = 0;
    for r in rows.iter().filter(|r| r.from.is_some() || r.to.is_some()) {
        need = need.max(columns(r.from.as_deref()) + 3 + columns(r.to.as_deref()));
        if need >= most {
            break;
        }
    }
    if need == 0 { 0 } else { need.clamp(9, most.max(9)) }
}

/// True when the day and the month do not tell the rows' times apart.
fn several_years(rows: &[CallRow]) -> bool {
    let times = || rows.iter().filter_map(|r| r.started.time());
    let year = |t: Time| t.to_string()[..4].to_owned();
    match (times().min_by_key(|t| t.0), times().max_by_key(|t| t.0)) {
        (Some(first), Some(last)) => year(first) != year(last),
        _ => false,
    }
}

/// How many, how sorted.
pub(super) fn facts(model: &Model) -> String {
    let calls = &model.calls;
    let order = if calls.worst_first { "worst first" } else { "by time" };
    let which = if calls.problems_only { "with problems" } else { "all" };
    let mut facts = vec![which, order];
    let of_cause;
    if let Some(cause) = &calls.cause {
        of_cause = printable(format!("{} {}", cause.code, cause.endpoint).trim()).into_owned();
        facts = vec!["of one cause", &of_cause];
    } else if calls.grouped {
        facts = vec!["causes, most frequent first"];
    }
    if calls.follow {
        facts.push("following");
    }
    if calls.paused {
        facts.push("held");
    }
    facts.join(", ")
}

/// Draws the pane.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect, needle: Option<&Needle>) {
    let areas = layout::calls(pane);
    if let Some(area) = areas.histogram {
        histogram(model, buffer, area, &model.calls.list.histogram);
    }
    let list = &model.calls.list.rows;
    // The list that is here, not the one that was asked for.
    if list.first().is_some_and(|r| r.group.is_some()) {
        return super::groups::draw(model, buffer, &areas, needle);
    }
    let columns = Columns::of(list, usize::from(areas.rows.width));
    if let Some(area) = areas.head {
        let cells = [
            ("time", columns.time),
            ("call", columns.id),
            ("from, to", columns.people),
            ("app", columns.app),
            ("what went wrong", columns.what),
            ("age", columns.age),
        ];
        rows::head(&mut Pen::new(buffer, model.look.theme, area, 0), cells);
    }
    if list.is_empty() {
        return super::empty::draw(model, buffer, areas.rows);
    }
    rows::draw(model, buffer, areas.rows, |pen, r, selected| {
        rows::begin(model, pen, r, selected);
        row(model, pen, r, columns, needle);
    });
}

fn row(model: &Model, pen: &mut Pen, r: &CallRow, columns: Columns, needle: Option<&Needle>) {
    pen.text(Role::Plain, if r.leg { "+" } else { " " });
    pen.cell(Role::Faint, &time(r.started, columns.time), columns.time)
        .skip(2);
    let id =
        r.id.as_ref()
            .map_or_else(|| "(no call)".to_owned(), |i| fit::short(&i.to_string()));
    pen.found(Role::Heading, &fit::fit(&id, columns.id), needle).skip(2);
    if columns.people > 0 {
        let who = fit::fit(&people(r).unwrap_or_default(), columns.people);
        pen.found(Role::Plain, &who, needle).skip(2);
    }
    if columns.app > 0 {
        let app = r.app.as_deref().map(app).unwrap_or_default();
        pen.found(Role::Faint, &fit::fit(&app, columns.app), needle).skip(2);
    }
    let what = r.what.as_deref().unwrap_or_default();
    let more = match r.problems {
        0 | 1 => String::new(),
        n => format!(" ({n})"),
    };
    let replayed = rows::replayed(model, r);
    let room = columns
        .what
        .saturating_sub(fit::width(&more) + replayed.map_or(0, |_| 2));
    let text = if fit::width(&printable(what)) > room {
        fit::fit(what, room)
    } else {
        what.to_owned()
    };
    let before = pen.left();
    rows::replay_sign(model, pen, replayed);
    pen.found(
        if r.severity >= Some(Severity::Warning) {
            Role::Plain
        } else {
            Role::Faint
        },
        &text,
        needle,
    )
    .text(Role::Faint, &more);
    let used = before - pen.left();
    if columns.age > 0 {
        pen.skip(columns.what.saturating_sub(used) + 2);
        pen.cell(Role::Faint, &age(r.started, model.now), columns.age);
    }
}

fn people(r: &CallRow) -> Option<String> {
    match (r.from.as_deref(), r.to.as_deref()) {
        (None, None) => None,
        (from, to) => Some(format!("{} → {}", from.unwrap_or("?"), to.unwrap_or("?"))),
    }
}

/// Host and path of an application, or its script's name.
fn app(text: &str) -> String {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text)
        .to_owned()
}

fn time(when: When, width: usize) -> String {
    let time = match width {
        ..14 => when.clock(),
        14 => fit::brief(when),
        // A time of day that has no date is shorter than this.
        _ => fit::moment(when).map(|m| m[..m.len().min(width)].to_owned()),
    };
    time.unwrap_or_default()
}

/// How long until an age in sight is another one, milliseconds; none where that takes hours.
pub(super) fn ages(model: &Model) -> Option<i64> {
    let area = model.areas()?.of(super::Pane::Calls)?;
    let areas = layout::calls(area);
    let rows = &model.calls.list.rows;
    let width = usize::from(areas.rows.width);
    if width < WITH_AGE {
        return None;
    }
    let height = usize::from(areas.rows.height);
    let times = rows.get(model.calls.cursor.window(rows.len(), height))?.iter();
    times
        .filter_map(|r| super::sources::until_older(r.started.time()?, model.now))
        .min()
}

/// How long ago: `12s`, `5m`, `3h`, `2d`, `13y`.
fn age(when: When, now: Time) -> String {
    let Some(t) = when.time() else { return String::new() };
    let s = (now.0 - t.0) / 1000;
    match s {
        ..0 => "now".to_owned(),
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m", s / 60),
        3_600..86_400 => format!("{}h", s / 3_600),
        86_400..31_536_000 => format!("{}d", s / 86_400),
        _ => format!("{}y", s / 31_536_000),
    }
}

/// Bars of errors over time, with the time of both ends below.
fn histogram(model: &Model, buffer: &mut Buffer, area: Rect, h: &Histogram) {
    let theme = model.look.theme;
    let bars = area.height - 1;
    let most = h.bins.iter().map(|(e, w)| e + w).max().unwrap_or(0);
    let Some((from, to)) = h.span.filter(|_| most > 0) else {
        let text = if model.calls.filled { "no errors over time" } else { "" };
        Pen::new(buffer, theme, area, bars).skip(3).text(Role::Faint, text);
        return;
    };
    let signs = model.look.signs();
    let steps = u32::from(bars) * 8;
    let width = usize::from(area.width.saturating_sub(4));
    for (n, &(errors, warnings)) in h.bins.iter().enumerate().take(width) {
        let sum = errors + warnings;
        if sum == 0 {
            continue;
        }
        // At least one step: a single error among thousands is what one looks for.
        let height = (u64::from(sum) * u64::from(steps)).div_ceil(u64::from(most)) as u32;
        let role = if errors > 0 { Role::Error } else { Role::Warning };
        for row in 0..bars {
            let below = u32::from(bars - 1 - row) * 8;
            let fill = height.saturating_sub(below).min(8);
            if fill > 0 {
                Pen::new(buffer, theme, area, row)
                    .skip(3 + n)
                    .text(role, signs.bars[fill as usize - 1]);
            }
        }
    }
    let (from, to) = ends(from, to);
    let mut pen = Pen::new(buffer, theme, area, bars);
    pen.skip(3).text(Role::Faint, &from);
    let middle = format!("{} {most} in the highest", signs.dot);
    pen.skip(1).text(Role::Faint, &middle);
    let last = area.right().saturating_sub(fit::width(&to) as u16 + 1);
    pen.to(last).text(Role::Faint, &to);
}

/// Both ends as short as they can be told apart.
fn ends(from: Time, to: Time) -> (String, String) {
    let (a, b) = (from.to_string(), to.to_string());
    let day = a[..10] == b[..10];
    let short = |t: &str| {
        if day {
            t[11..19].to_owned()
        } else {
            format!("{} {}", &t[..10], &t[11..16])
        }
    };
    if day {
        (format!("{} {}", &a[..10], short(&a)), short(&b))
    } else {
        (short(&a), short(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now = Time(1_000_000_000_000);
        let at = |s: i64| age(When::At(Time(now.0 - s * 1000)), now);
        assert_eq!(at(-5), "now");
        assert_eq!(at(59), "59s");
        assert_eq!(at(120), "2m");
        assert_eq!(at(7_200), "2h");
        assert_eq!(at(200_000), "2d");
        assert_eq!(at(400 * 86_400), "1y");
    }

    #[test]
    fn what_went_wrong_has_the_room() {
        let rows = |span: i64| {
            let mut rows = crate::tui::view::tests::list(0).rows;
            for (n, r) in rows.iter_mut().enumerate() {
                r.started = When::At(Time(1_360_000_000_000 + n as i64 * span));
                r.to = Some("+15552223333".into());
            }
            rows
        };
        let c = Columns::of(&rows(1), 120);
        assert_eq!((c.time, c.people, c.app), (14, 24, 0), "{c:?}");
        assert!(c.what >= WORDS, "{c:?}");
        let wide = Columns::of(&rows(1), 140);
        assert_eq!((wide.people, wide.app), (27, APP), "{wide:?}");
        let mut nobody = rows(400 * 86_400_000);
        for r in &mut nobody {
            (r.from, r.to) = (None, None);
        }
        let c = Columns::of(&nobody, 120);
        assert_eq!((c.time, c.people, c.app), (16, 0, APP), "{c:?}");
        assert!(c.what >= WORDS, "{c:?}");
        assert_eq!(time(nobody[0].started, c.time), "2013-02-04 17:46");
        assert_eq!(time(nobody[0].started, 14), "02-04 17:46:40");
    }

    #[test]
    fn ends_of_one_day_and_of_several() {
        let t = |s| Time::parse(s).unwrap();
        assert_eq!(
            ends(t("2026-03-06T18:01:00Z"), t("2026-03-06T19:00:00Z")),
            ("2026-03-06 18:01:00".to_owned(), "19:00:00".to_owned())
        );
        assert_eq!(
            ends(t("2026-03-06T18:01:00Z"), t("2026-03-07T19:00:00Z")),
            ("2026-03-06 18:01".to_owned(), "2026-03-07 19:00".to_owned())
        );
    }
}
