//! Anything in any order, on a screen of any size: nothing panics, cursors stay inside of their lists, every picture can be drawn.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::super::data::{AttemptState, CallList, StoryData, What};
use super::super::super::keys::COMMANDS;
use super::super::super::layout::Pane;
use super::super::super::model::{Model, Overlay};
use super::super::super::msg::{Effect, Level, Mouse, Msg};
use super::super::super::view;
use super::stage::{NOW, Stage, done, list, place, row, source, story};
use crate::model::{Severity, Time};
use crate::output::rich::Line;
use crate::output::style::Role;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happens {
    Key(&'static str),
    Typed(char),
    Size(u16, u16),
    Calls(Vec<u32>),
    /// Items of hidden lines, so many each.
    Story(Vec<u64>),
    Attempt(u32, u8),
    Answered(bool),
    Sources(u64),
    Notice(u8, String),
    Paste(String),
    Mouse(u8, u16, u16),
    Later(i64),
    Mended(bool),
    Unparsed(usize),
    Edited(Option<String>),
    Deaf(bool),
}

fn keys() -> Vec<&'static str> {
    let mut keys: Vec<_> = COMMANDS.iter().flat_map(|c| c.keys.split(' ')).collect();
    // These end the run.
    keys.retain(|k| *k != "ctrl-c");
    keys
}

const STRANGE: &str = "aq \u{1b}\u{202e}\u{200d}\u{200b}\u{0301}漢👩\u{fe0f}é\"'\\=<>~()\u{0}\u{7f}";

fn strange() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(STRANGE.chars().collect::<Vec<_>>()), 0..24).prop_map(String::from_iter)
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        24 => select(keys()).prop_map(Happens::Key),
        5 => select(STRANGE.chars().collect::<Vec<_>>()).prop_map(Happens::Typed),
        3 => (0u16..=200, 0u16..=60).prop_map(|(w, h)| Happens::Size(w, h)),
        2 => select(vec![(120, 40), (80, 24), (40, 10), (30, 6)]).prop_map(|(w, h)| Happens::Size(w, h)),
        1 => proptest::collection::vec(1u32..6, 0..40).prop_map(Happens::Calls),
        2 => proptest::collection::vec(0u64..5, 0..12).prop_map(Happens::Story),
        1 => (0u32..6, 0u8..5).prop_map(|(n, s)| Happens::Attempt(n, s)),
        1 => any::<bool>().prop_map(Happens::Answered),
        1 => (0u64..40).prop_map(Happens::Sources),
        1 => (0u8..3, strange()).prop_map(|(l, t)| Happens::Notice(l, t)),
        1 => strange().prop_map(Happens::Paste),
        3 => (0u8..3, 0u16..200, 0u16..60).prop_map(|(k, x, y)| Happens::Mouse(k, x, y)),
        1 => (0i64..20_000).prop_map(Happens::Later),
        1 => any::<bool>().prop_map(Happens::Mended),
        1 => (0usize..50).prop_map(Happens::Unparsed),
        1 => proptest::option::of(strange()).prop_map(Happens::Edited),
        1 => any::<bool>().prop_map(Happens::Deaf),
    ]
}

fn happen(stage: &mut Stage, what: Happens) {
    let msg = match what {
        Happens::Key(k) => Msg::Key(k.parse().unwrap()),
        Happens::Typed(c) => Msg::Key(crate::config::keys::Key::plain(crate::config::keys::Code::Char(c))),
        Happens::Size(w, h) => Msg::Resize(w, h),
        Happens::Calls(calls) => Msg::List(stage.model.calls.asked, Arc::new(calls_of(stage, &calls))),
        Happens::Story(items) => Msg::Story(Arc::new(story_of(stage.model.story.call.unwrap_or(1), &items))),
        Happens::Attempt(n, kind) => Msg::Attempt(n, state_of(n, kind)),
        Happens::Answered(pass) => return stage.answered(pass),
        Happens::Sources(n) => Msg::Sources(Arc::new((0..n).map(|n| source("x.log", n % 3)).collect())),
        Happens::Notice(l, text) => Msg::Notice([Level::Info, Level::Good, Level::Error][usize::from(l)], text),
        Happens::Paste(text) => Msg::Paste(text),
        Happens::Mouse(0, x, y) => Msg::Mouse(Mouse::Click(x, y)),
        Happens::Mouse(1, x, y) => Msg::Mouse(Mouse::WheelUp(x, y)),
        Happens::Mouse(_, x, y) => Msg::Mouse(Mouse::WheelDown(x, y)),
        Happens::Later(ms) => Msg::Now(Time(NOW.0 + ms)),
        Happens::Mended(m) => Msg::Mended(m),
        Happens::Unparsed(n) => Msg::Unparsed(vec![Line::of(Role::Plain, STRANGE); n]),
        Happens::Edited(text) => Msg::Edited(text.ok_or_else(|| "no editor".to_owned())),
        Happens::Deaf(deaf) => {
            stage.deaf = deaf;
            return;
        }
    };
    stage.take(msg);
}

fn calls_of(stage: &Stage, calls: &[u32]) -> CallList {
    let mut out = list(stage.model.calls.query.as_ref().unwrap());
    out.rows = calls
        .iter()
        .enumerate()
        .map(|(n, c)| {
            let mut row = row(c * 100 + n as u32, [Severity::Error, Severity::Info][n % 2], &[*c]);
            row.what = Some(STRANGE.into());
            row.from = Some(STRANGE.into());
            row
        })
        .collect();
    out
}

fn story_of(call: u32, items: &[u64]) -> StoryData {
    let mut data = story(call, false, true);
    let kinds = std::mem::take(&mut data.items);
    let mut line = 1;
    for (n, &many) in items.iter().enumerate() {
        let mut item = kinds[n % kinds.len()].clone();
        item.place = place(call, line);
        if many > 0 {
            item.what = What::Hidden((line..line + many).map(|l| place(call, l)).collect());
        }
        line += many.max(1);
        data.items.push(item);
    }
    data
}

fn state_of(n: u32, state: u8) -> AttemptState {
    match state {
        0 => AttemptState::Queued,
        1 => AttemptState::InFlight,
        2 => AttemptState::Cancelled,
        3 => AttemptState::Refused(STRANGE.to_owned()),
        _ => done(n, true),
    }
}

/// Every cursor is on something, or there is nothing.
fn inside(model: &Model) -> Result<(), String> {
    let lists = [
        ("calls", model.calls.cursor.at, model.calls.list.rows.len()),
        ("story", model.story.cursor.at, model.story.rows.len()),
        ("detail", model.detail.cursor.top, model.detail.rows.len()),
        ("attempts", model.replays.cursor.at, model.replays.attempts.len()),
        ("answer", model.replays.text.top, model.replays.rows.len()),
        ("sources", model.sources.cursor.at, model.sources.rows.len()),
    ];
    for (name, at, len) in lists {
        // A text may be scrolled to its very end where no row of it is in sight.
        let last = if matches!(name, "detail" | "answer") {
            len
        } else {
            len.saturating_sub(1)
        };
        if at > last {
            return Err(format!("{name}: {at} of {len}"));
        }
    }
    for (pane, cursor, len) in [
        (Pane::Calls, model.calls.cursor, model.calls.list.rows.len()),
        (Pane::Story, model.story.cursor, model.story.rows.len()),
        (Pane::Sources, model.sources.cursor, model.sources.rows.len()),
    ] {
        let height = model.height(pane);
        if len > 0 && height > 0 && !cursor.window(len, height).contains(&cursor.at) {
            return Err(format!(
                "{pane:?}: {cursor:?} is out of sight, {len} rows, {height} high"
            ));
        }
    }
    match &model.overlay {
        Some(Overlay::Prompt(p)) => {
            if p.chosen.is_some_and(|n| n >= p.choices.len()) {
                return Err(format!("choice {:?} of {}", p.chosen, p.choices.len()));
            }
            if let Some(f) = &p.behind
                && f.cursor.at >= f.fields.len()
            {
                return Err("field".to_owned());
            }
        }
        Some(Overlay::Copy(m)) if m.at >= m.lines.len() => return Err("menu".to_owned()),
        Some(Overlay::Form(f)) if f.cursor.at >= f.fields.len() => return Err("form".to_owned()),
        Some(Overlay::Text(t)) if t.cursor.top > t.rows.len() => return Err("text".to_owned()),
        _ => {}
    }
    Ok(())
}

/// Nothing of a text from outside reaches the terminal raw, and a wide sign has its two cells.
fn clean(terminal: &Terminal<TestBackend>) -> Result<(), String> {
    for cell in terminal.backend().buffer().content() {
        let symbol = cell.symbol();
        let bad = |c: char| {
            c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
        };
        if symbol.contains(bad) {
            return Err(format!("{symbol:?} on the screen"));
        }
    }
    Ok(())
}

fn draw(terminal: &mut Terminal<TestBackend>, model: &Model) {
    let (w, h) = model.size;
    terminal.backend_mut().resize(w, h);
    terminal.autoresize().unwrap();
    terminal.draw(|frame| view::draw(model, frame)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_in_any_order(
        size in (0u16..=200, 0u16..=60), ascii: bool,
        all in proptest::collection::vec(happens(), 1..60),
    ) {
        let mut stage = Stage::sized(size.0, size.1);
        stage.model.look.ascii = ascii;
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        draw(&mut terminal, &stage.model);
        for what in all {
            stage.forget();
            happen(&mut stage, what.clone());
            if let Err(why) = inside(&stage.model) {
                prop_assert!(false, "{what:?}: {why}");
            }
            draw(&mut terminal, &stage.model);
            if let Err(why) = clean(&terminal) {
                prop_assert!(false, "{what:?}: {why}");
            }
            // Nothing but the keys for it ends the run.
            let ends = stage.said.contains(&Effect::Quit);
            prop_assert!(!ends || matches!(what, Happens::Key("q" | "enter" | "r") | Happens::Typed('q')), "{what:?}");
        }
    }
}
