//! Pictures of every screen at three sizes: what is drawn is the expectation. `INSTA_UPDATE=always cargo test --lib pictures` renews
//! them; look at what changed.
//!
//! To add a screen: a line in [`SCREENS`].

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::super::model::Model;
use super::super::super::msg::{Level, Msg};
use super::super::super::view;
use super::stage::Stage;
use crate::live::{Said, Word};
use crate::model::Time;
use crate::output::pretty::{self, Fault, Limits};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

/// Name, and the keys that lead there.
const SCREENS: &[(&str, &str)] = &[
    ("groups", "o"),
    ("groups_marked", "o space"),
    ("calls", ""),
    ("calls_all_by_time", "E s"),
    ("calls_marked", "space space"),
    ("story", "2"),
    ("story_all_lines", "2 a"),
    ("story_family", "2 x"),
    ("story_searched", "2 / 'menu enter"),
    ("detail_why", "3"),
    ("detail_request", "3 l"),
    ("detail_response", "3 l l"),
    ("detail_headers", "3 l l l"),
    ("detail_raw", "3 l l l l"),
    ("detail_replays", "2 r !fail 3 l l l l l"),
    ("replays_none", "4"),
    ("replays_on_the_way", "2 r"),
    ("replays_failed", "2 r !fail 4"),
    ("replays_passed", "2 r !fail r !pass 4"),
    ("replays_compared", "2 r !fail r !pass D"),
    ("replays_compared_zoomed", "2 r !fail r !pass D z"),
    ("sources", "5"),
    ("filter_completed", "f 'sev"),
    ("filter_wrong", "f 'status_>="),
    ("target", "t"),
    ("palette", ": 'rep"),
    ("help", "?"),
    ("copy", "3 y"),
    ("confirm", "space space r"),
    ("form", "3 e j j enter '9 enter"),
    ("form_field", "3 e j j enter"),
    ("preview", "3 R"),
    ("messages", "!said m"),
    ("notice", "!said"),
    ("nothing_fits", "!empty"),
];

/// Screens with services that fill the store.
const LIVE_SCREENS: &[(&str, &str)] = &[
    ("live_empty", "!nothing"),
    ("live_calls", ""),
    ("live_sources", "5"),
    ("live_sources_service", "5 G"),
    ("live_trouble", "!nothing !trouble"),
    ("live_sources_trouble", "!trouble 5 j j"),
];

/// The cells as text, a line for each row, blanks at the end left out.
fn picture(model: &Model) -> String {
    let (w, h) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
    terminal.draw(|frame| view::draw(model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..h {
        let row: String = (0..w).map(|x| buffer[(x, y)].symbol()).collect();
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

fn led_to(keys: &str, (w, h): (u16, u16)) -> Stage {
    let mut stage = Stage::sized(w, h);
    lead(&mut stage, keys);
    stage
}

fn lead(stage: &mut Stage, keys: &str) {
    for key in keys.split_whitespace() {
        match key {
            "!said" => {
                let text = "cannot open gone.log: No such file or directory";
                stage.take(Msg::Notice(Level::Error, text.to_owned()));
            }
            "!empty" => {
                let list = super::super::super::data::CallList {
                    total: 34,
                    ..Default::default()
                };
                stage.take(Msg::List(stage.model.calls.asked, Arc::new(list)));
            }
            "!nothing" => stage.take(Msg::List(stage.model.calls.asked, Arc::default())),
            "!trouble" => {
                let words = [
                    ("listen", Said::Bad("nothing can be kept: the disk is full".to_owned())),
                    ("pull", Said::UpTo(Time(super::stage::NOW.0 - 60_000))),
                    ("proxy", Said::Ended(None)),
                ];
                for (service, said) in words {
                    stage.take(Msg::Word(Word { service, said }));
                }
                stage.press("esc");
            }
            key => {
                stage.press(key);
            }
        }
    }
}

#[test]
fn every_screen_at_three_sizes() {
    let (still, live) = (
        SCREENS.iter().map(|s| (s, false)),
        LIVE_SCREENS.iter().map(|s| (s, true)),
    );
    for ((name, keys), live) in still.chain(live) {
        let mut page = String::new();
        for (w, h) in SIZES {
            let size = (w, h);
            let mut stage = if live { Stage::live(w, h) } else { Stage::sized(w, h) };
            lead(&mut stage, keys);
            let _ = writeln!(page, "== {}x{}\n{}", size.0, size.1, picture(&stage.model));
        }
        insta::with_settings!({ description => format!("keys: {keys}"), omit_expression => true }, {
            insta::assert_snapshot!(format!("pictures__{name}"), page);
        });
    }
}

#[test]
fn a_fault_is_marked_where_it_stands() {
    let xml = b"<?xml version=\"1.0\"?>\n<Response>\n  <Say>Fish & Chips</Say>\n</Response>";
    let json = b"{\"tropo\":[\n  {\"say\": {\"value\": \"hi\"},}\n]}";
    let fault = |line, column, message: &str| Fault {
        line: Some(line),
        column: Some(column),
        message: message.to_owned(),
    };
    let bodies: [(&str, &[u8], Fault); 2] = [
        ("xml", xml, fault(3, 13, "12100: a bare `&`: write `&amp;`")),
        ("json", json, fault(2, 27, "a name is missing after the comma")),
    ];
    for (name, body, fault) in bodies {
        let mut page = String::new();
        for size in SIZES {
            let mut stage = led_to("3 l l", size);
            let mut sheet = (**stage.model.detail.sheet.as_ref().unwrap()).clone();
            sheet.response = pretty::body(None, body, std::slice::from_ref(&fault), Limits::default());
            let subject = stage.model.detail.subject.unwrap();
            stage.take(Msg::Sheet(subject, Arc::new(sheet)));
            let _ = writeln!(page, "== {}x{}\n{}", size.0, size.1, picture(&stage.model));
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(format!("pictures__fault_in_{name}"), page);
        });
    }
}

#[test]
fn too_small_asks_for_room() {
    for size in [(29, 10), (40, 5), (10, 2), (1, 1), (0, 0)] {
        let text = picture(&led_to("2", size).model);
        assert!(size.0 < 12 || text.contains("redial needs"), "{size:?}: {text}");
    }
}

/// Nothing is told by colour alone: without colours every state of a row still has its own sign.
#[test]
fn signs_tell_what_colours_tell() {
    let stage = led_to("2 r !fail r !pass", (120, 40));
    let text = picture(&stage.model);
    for sign in ["E ", "▌", "✔ PASS", "✘ FAIL", "E ✘ ", "→ 200 ✔"] {
        assert!(text.contains(sign), "{sign}:\n{text}");
    }
    let marked = picture(&led_to("space", (120, 40)).model);
    assert!(marked.contains('●') && marked.contains("1 marked"));
    let now = Time(super::stage::NOW.0);
    assert_eq!(stage.model.now, now, "the pictures have one clock");
}
