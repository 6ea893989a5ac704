//! Search in a pane: which rows have the text, and the next of them.

use super::super::data::{CallRow, What};
use super::super::keys::Action;
use super::super::layout::Pane;
use super::super::model::{Counted, Hits, Model, Row};
use super::super::msg::{Ask, Effect, Level};
use super::stories;
use crate::output::fit;
use crate::output::rich::{Line, Needle};

/// Hits are counted, and texts fetched, in so many rows.
const COUNTED: usize = 50_000;

/// Finds a text in the rows of a pane, as they are shown.
#[derive(Debug)]
pub struct Finder {
    needle: Needle,
}

impl Finder {
    /// For a text; smart case.
    pub fn new(text: &str) -> Option<Self> {
        Needle::new(text).map(|needle| Self { needle })
    }

    /// The needle, to mark hits with.
    pub fn needle(&self) -> &Needle {
        &self.needle
    }

    /// Whether the n-th row of a pane has it.
    pub fn hits(&self, model: &Model, pane: Pane, n: usize) -> bool {
        let has = |text: &str| self.needle.is_in(text);
        let line = |l: Option<&Line>| l.is_some_and(|l| has(&l.text()));
        match pane {
            Pane::Calls => model.calls.list.rows.get(n).is_some_and(|r| has(&of_call(r))),
            Pane::Story => model.story.rows.get(n).is_some_and(|r| has(&of_row(model, *r))),
            Pane::Detail => line(model.detail.rows.get(n)),
            Pane::Replays => line(model.replays.rows.get(n)),
            Pane::Sources => model.sources.rows.get(n).is_some_and(|s| has(&s.name)),
        }
    }
}

/// The texts of a call's row.
fn of_call(r: &CallRow) -> String {
    let id = r.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let texts = [&r.from, &r.to, &r.app, &r.what];
    let texts = texts.into_iter().filter_map(|t| t.as_deref());
    let group = r.group.as_deref();
    let group = group
        .into_iter()
        .flat_map(|g| [&*g.code, g.endpoint.as_str(), g.answer.as_str()]);
    std::iter::once(id.as_str())
        .chain(texts)
        .chain(group)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The texts of a story's row.
fn of_row(model: &Model, row: Row) -> String {
    if let Some(place) = model.story.line(row) {
        return model
            .story
            .texts
            .get(&place)
            .map(ToString::to_string)
            .unwrap_or_default();
    }
    match model.story.item(row).map(|i| &i.what) {
        Some(What::Request(r)) => {
            let status = r.status.map(|s| s.to_string()).unwrap_or_default();
            format!(
                "{} {} {} {} {status} {}",
                r.method,
                r.host,
                r.path,
                r.kind.as_str(),
                r.outcome.as_str()
            )
        }
        Some(What::Finding(f)) => format!("{} {}", f.title, f.code),
        Some(What::State(t) | What::AppLog(t)) => t.to_string(),
        Some(What::Hidden(lines)) => fit::count(lines.len(), "line"),
        None => String::new(),
    }
}

/// How many rows a pane has.
fn len(model: &Model, pane: Pane) -> usize {
    match pane {
        Pane::Calls => model.calls.list.rows.len(),
        Pane::Story => model.story.rows.len(),
        Pane::Detail => model.detail.rows.len(),
        Pane::Replays => model.replays.rows.len(),
        Pane::Sources => model.sources.len(),
    }
}

fn at(model: &Model, pane: Pane) -> usize {
    match pane {
        Pane::Calls => model.calls.cursor.at,
        Pane::Story => model.story.cursor.at,
        Pane::Detail => model.detail.cursor.at,
        Pane::Replays => model.replays.text.at,
        Pane::Sources => model.sources.cursor.at,
    }
}

/// Puts the cursor of a pane on a row.
pub(super) fn select(model: &mut Model, pane: Pane, n: usize, effects: &mut Vec<Effect>) {
    let (len, height) = (len(model, pane), model.height(pane));
    match pane {
        Pane::Calls => {
            model.calls.touched = true;
            model.calls.cursor.select(n, len, height);
            stories::follow_selection(model, effects);
        }
        Pane::Story => {
            model.story.wanted = None;
            model.story.cursor.select(n, len, height);
        }
        Pane::Detail => model.detail.cursor.select(n, len, height),
        Pane::Replays => model.replays.text.select(n, len, height),
        Pane::Sources => model.sources.cursor.select(n, len, height),
    }
}

/// The next or previous hit, round the end.
pub(super) fn go(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let Some(search) = &mut model.search else {
        let text = "nothing to search for yet; / asks";
        return model.notices.say(model.now, Level::Info, text);
    };
    search.pane = model.focus;
    search.waits = None;
    let pane = model.focus;
    let from = at(model, pane);
    look(model, pane, from, forward, false, effects);
}

/// Looks for a hit from a row on; the row itself counts when `here`.
pub(super) fn look(model: &mut Model, pane: Pane, from: usize, forward: bool, here: bool, effects: &mut Vec<Effect>) {
    let Some(finder) = model.search.as_ref().and_then(|s| Finder::new(&s.text)) else {
        return;
    };
    let len = len(model, pane);
    if len == 0 {
        return;
    }
    let skip = usize::from(!here);
    let found = (skip..len + skip)
        .map(|d| {
            if forward {
                (from + d) % len
            } else {
                (from + len - d % len) % len
            }
        })
        .find(|&n| finder.hits(model, pane, n));
    let waits = pane == Pane::Story && fetch(model, effects);
    if let Some(s) = &mut model.search {
        s.waits = (waits && found.is_none()).then_some(from);
    }
    match found {
        Some(n) => select(model, pane, n, effects),
        None if waits => {}
        None => nowhere(model, pane),
    }
}

/// Asks for the texts of lines that were not looked at yet; false when there are none.
fn fetch(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    let story = &mut model.story;
    let missing: Vec<_> = story
        .rows
        .iter()
        .take(COUNTED)
        .filter_map(|r| story.line(*r))
        .filter(|p| !story.texts.contains_key(p))
        .collect();
    let wanted: Vec<_> = missing.iter().copied().filter(|p| !story.asked.contains(p)).collect();
    if !wanted.is_empty() {
        story.asked.extend(wanted.iter().copied());
        super::ask(effects, Ask::Texts(wanted));
    }
    !missing.is_empty()
}

/// Texts of lines have arrived: a search that waited for them goes on.
pub(super) fn go_on(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((pane, from)) = model.search.as_ref().and_then(|s| Some((s.pane, s.waits?))) else {
        return;
    };
    // She has gone elsewhere meanwhile.
    if pane != model.focus {
        return;
    }
    look(model, pane, from, true, true, effects);
}

/// Says that a text is nowhere, and where it could still be.
fn nowhere(model: &mut Model, pane: Pane) {
    let folded = pane == Pane::Story
        && model.story.rows.iter().any(|r| {
            matches!(r, Row::Item(_)) && matches!(model.story.item(*r).map(|i| &i.what), Some(What::Hidden(_)))
        });
    let text = model.search.as_ref().map_or("", |s| &s.text);
    let text = if folded {
        let key = model.keys.name_of(Action::AllLines);
        format!("not in the rows in sight: {text}; {key} shows all lines")
    } else {
        format!("not in this pane: {text}")
    };
    model.notices.say(model.now, Level::Info, text);
}

/// Counts the hits; anew when rows have `arrived` or others are shown.
pub(super) fn count(model: &mut Model, arrived: bool) {
    let Some(search) = &model.search else { return };
    let pane = search.pane;
    let (d, r) = (&model.detail, &model.replays);
    let of = Some(Counted {
        pane,
        len: len(model, pane),
        detail: (d.subject, d.tab, d.width),
        attempt: (r.cursor.at, r.width),
    });
    if !arrived && search.hits.of == of {
        return;
    }
    let Some(finder) = Finder::new(&search.text) else {
        return;
    };
    let len = len(model, pane);
    let rows = (0..len.min(COUNTED)).filter(|&n| finder.hits(model, pane, n)).collect();
    if let Some(search) = &mut model.search {
        search.hits = Hits {
            rows: Some(rows),
            cut: len > COUNTED,
            of,
        };
    }
}

/// What the search bar says of its hits.
pub fn hits(model: &Model) -> Option<String> {
    let search = model.search.as_ref()?;
    search.hits.said(at(model, search.pane))
}
