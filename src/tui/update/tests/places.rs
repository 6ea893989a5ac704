//! The cursor stays on what it was on: lines folded and unfolded, lists that come anew, screens left and come back to.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::super::data::{CallList, StoryData, StoryItem, What};
use super::super::super::keys::Action;
use super::super::super::layout::Pane;
use super::super::super::model::{Anchor, Row, Tab};
use super::super::super::msg::{Effect, Level, Mouse, Msg};
use super::stage::{NOW, Stage, list, place, row, story};
use crate::model::{Severity, Time};

/// A story of hidden runs, states and log lines, its lines numbered from 1.
fn stories() -> impl Strategy<Value = StoryData> {
    let item = prop_oneof![(1u64..6).prop_map(|n| (n, true)), Just((1u64, false)),];
    proptest::collection::vec(item, 1..12).prop_map(|parts| {
        let mut data = story(1, false, true);
        data.items.clear();
        let mut n = 1;
        for (many, hidden) in parts {
            let what = if hidden {
                What::Hidden((n..n + many).map(|n| place(1, n)).collect())
            } else {
                What::State("state".into())
            };
            data.items.push(StoryItem {
                call: 1,
                at: crate::call::When::Never,
                place: place(1, n),
                what,
            });
            n += many;
        }
        data
    })
}

fn here(stage: &Stage) -> Anchor {
    let s = &stage.model.story;
    s.anchor(s.rows[s.cursor.at]).unwrap()
}

/// The record itself, or the fold that hides it.
fn still_on(stage: &Stage, was: Anchor) -> bool {
    let now = here(stage);
    let fold = stage.model.story.selected().is_some_and(|i| match &i.what {
        What::Hidden(lines) => lines.contains(&was.place),
        _ => false,
    });
    now == was || fold
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_keeps_the_record(
        data in stories(),
        steps in proptest::collection::vec((0usize..30, 0u8..3), 1..12),
        height in 8u16..40,
    ) {
        let mut stage = Stage::sized(80, height);
        stage.press("2");
        stage.deaf = true;
        stage.take(Msg::Story(Arc::new(data)));
        for (at, kind) in steps {
            stage.press("g");
            for _ in 0..at {
                stage.press("j");
            }
            let was = here(&stage);
            let hidden = stage.model.story.selected().is_some_and(|i| matches!(i.what, What::Hidden(_)));
            match kind {
                0 => stage.press("a"),
                1 if hidden => stage.press("enter"),
                _ => stage.press("a a"),
            };
            prop_assert!(still_on(&stage, was), "{:?} was {:?}", here(&stage), was);
            // A record that is folded away is come back to, however often the lines are folded.
            stage.press("a a");
            if !stage.model.story.all {
                stage.press("a");
            }
            if stage.model.story.all {
                prop_assert_eq!(here(&stage), was);
            }
            if kind == 2 || (kind == 1 && !hidden) {
                let s = &stage.model.story;
                prop_assert!(s.rows.len() >= s.data.items.len());
            }
            let (s, height) = (&stage.model.story, stage.model.height(Pane::Story));
            prop_assert!(s.cursor.window(s.rows.len(), height).contains(&s.cursor.at));
        }
    }
}

#[test]
fn unfolded_lines_are_folded_again_from_any_of_them() {
    let mut stage = Stage::new();
    let rows = stage.press("2 k k").model.story.rows.len();
    stage.press("enter j j");
    assert_eq!(here(&stage).place, place(1, 5));
    stage.press("enter");
    assert_eq!(stage.model.story.rows.len(), rows);
    assert_eq!(here(&stage).place, place(1, 3), "on the fold");
    // With all lines open, the key folds those here only.
    stage.press("a enter");
    assert_eq!(stage.model.story.rows.len(), rows + 1);
    assert!(!stage.model.story.all);
}

#[test]
fn texts_of_unfolded_lines_are_asked_for() {
    let mut stage = Stage::new();
    stage.press("2 a");
    let s = &stage.model.story;
    let lines = s.rows.iter().filter_map(|r| s.line(*r));
    assert!(lines.clone().count() == 5 && lines.clone().all(|p| s.texts.contains_key(&p)));
    assert!(s.asked.is_empty());
}

#[test]
fn a_new_list_keeps_the_selected_call() {
    let mut stage = Stage::new();
    let number = stage.press("j j").model.calls.asked;
    assert_eq!(stage.call(), 2);
    let mut grown = list(stage.model.calls.query.as_ref().unwrap());
    for n in 10..30 {
        grown.rows.insert(0, row(n, Severity::Error, &[]));
    }
    stage.take(Msg::List(number, Arc::new(grown)));
    assert_eq!((stage.call(), stage.at(Pane::Calls)), (2, 22));
    // An answer to an older question is none.
    stage.take(Msg::List(number - 1, Arc::new(CallList::default())));
    assert_eq!(stage.call(), 2);
    // Its call is gone: near to where it was.
    stage.take(Msg::List(
        number,
        Arc::new(list(&super::super::super::msg::ListQuery::default())),
    ));
    assert!(stage.call() > 0);
}

#[test]
fn before_the_first_key_the_worst_call_is_shown() {
    let mut stage = Stage::new();
    let number = stage.model.calls.asked;
    let mut grown = list(stage.model.calls.query.as_ref().unwrap());
    grown.rows.insert(0, row(10, Severity::Error, &[]));
    stage.take(Msg::List(number, Arc::new(grown)));
    assert_eq!((stage.call(), stage.model.story.call), (10, Some(10)));
}

#[test]
fn following_stays_at_the_newest() {
    let mut stage = Stage::new();
    stage.press("F");
    let number = stage.model.calls.asked;
    let mut grown = list(stage.model.calls.query.as_ref().unwrap());
    grown.rows.push(row(10, Severity::Error, &[]));
    stage.take(Msg::List(number, Arc::new(grown)));
    assert_eq!((stage.call(), stage.model.story.call), (10, Some(10)));
    assert!(!stage.press("k").model.calls.follow);
    assert!(stage.press("F").model.calls.follow);
    assert!(stage.press("G").model.calls.follow, "still at the end");
}

#[test]
fn a_story_is_come_back_to_where_it_was_left() {
    let mut stage = Stage::new();
    stage.press("2 g j");
    let was = here(&stage);
    stage.press("} {");
    assert_eq!(stage.call(), 1);
    assert_eq!(here(&stage), was);
    // A story that grows keeps the record too.
    let mut grown = story(1, false, true);
    let first = StoryItem {
        place: place(1, 0),
        ..grown.items[0].clone()
    };
    grown.items.insert(0, first);
    stage.take(Msg::Story(Arc::new(grown)));
    assert_eq!(here(&stage), was);
}

#[test]
fn texts_are_come_back_to_where_they_were_left() {
    // What was only passed by out of sight begins at its top.
    let mut stage = Stage::sized(80, 24);
    stage.press("3 j j j 1 2 1 j j 3");
    assert_eq!(stage.at(Pane::Detail), 0);
    for size in [(120, 40), (80, 24), (40, 10)] {
        let mut stage = Stage::sized(size.0, size.1);
        stage.press("3 j j j l j j");
        stage.press("1 3");
        assert_eq!(
            (stage.model.detail.tab, stage.at(Pane::Detail)),
            (Tab::Request, 2),
            "{size:?}"
        );
        stage.press("4 3");
        assert_eq!(stage.at(Pane::Detail), 2, "{size:?}");
        stage.press("2 j k 3");
        assert_eq!(stage.at(Pane::Detail), 2, "{size:?}");
        stage.press("z z");
        assert_eq!(stage.at(Pane::Detail), 2, "{size:?}");
        stage.press("h");
        assert_eq!(
            (stage.model.detail.tab, stage.at(Pane::Detail)),
            (Tab::Why, 3),
            "{size:?}"
        );
    }
}

#[test]
fn back_goes_up_one_step_at_a_time() {
    let mut stage = Stage::new();
    stage.press("enter enter z");
    let mut seen = Vec::new();
    while !stage.does(&Effect::Quit) {
        seen.push((stage.model.focus, stage.model.zoom));
        stage.press("q");
    }
    assert_eq!(
        seen,
        [
            (Pane::Detail, true),
            (Pane::Detail, false),
            (Pane::Story, false),
            (Pane::Calls, false)
        ]
    );
    for (from, to) in [(Pane::Replays, Pane::Story), (Pane::Sources, Pane::Calls)] {
        let mut stage = Stage::new();
        stage.press(&from.number().to_string()).press("q");
        assert_eq!(stage.model.focus, to);
    }
}

/// One thing for each press, from the nearest to the farthest; it never quits.
#[test]
fn escape_closes_from_the_nearest_on() {
    let mut stage = Stage::new();
    stage.press("space 2 / 'post enter r 3");
    stage.take(Msg::Notice(Level::Error, "wrong".to_owned()));
    stage.press("4 m");
    assert!(stage.reader().is_some());
    assert!(stage.press("esc").reader().is_none());
    assert!(!stage.does(&Effect::Cancel));
    stage.press("esc");
    assert!(
        stage.does(&Effect::Cancel),
        "what is on its way, whatever the notice says: {:?}",
        stage.said
    );
    stage.press("!fail");
    assert!(stage.notice().contains("FAIL"));
    assert_eq!(stage.press("esc").notice(), "");
    assert!(stage.model.search.is_some());
    assert!(stage.press("esc").model.search.is_none());
    assert_eq!(stage.model.focus, Pane::Replays);
    assert_eq!(stage.press("esc").model.focus, Pane::Story);
    assert_eq!(stage.press("esc").model.focus, Pane::Calls);
    stage.press("space");
    assert!(!stage.model.calls.marks.is_empty());
    assert!(stage.press("esc").model.calls.marks.is_empty());
    stage.press("esc esc esc");
    assert!(!stage.does(&Effect::Quit));
}

#[test]
fn notices_go_away() {
    let at = |stage: &mut Stage, ms: i64| {
        stage.take(Msg::Now(Time(NOW.0 + ms)));
        stage.notice().to_owned()
    };
    let mut stage = Stage::new();
    stage.take(Msg::Notice(Level::Good, "done".to_owned()));
    assert_eq!(at(&mut stage, 5_999), "done");
    assert_eq!(at(&mut stage, 6_000), "");
    stage.take(Msg::Notice(Level::Info, "by the way".to_owned()));
    assert_eq!(stage.press("j").notice(), "", "a key takes it away");
    stage.take(Msg::Notice(Level::Error, "wrong".to_owned()));
    assert_eq!(at(&mut stage, 7_000), "wrong");
    assert_eq!(stage.press("j").notice(), "wrong", "nobody has read it yet");
    assert_eq!(stage.press("esc").notice(), "");
    let lines = stage.press("m").reader().unwrap().lines.len();
    assert_eq!(lines, 3, "all of them are kept");
}

#[test]
fn clicks_and_the_wheel() {
    let mut stage = Stage::new();
    let areas = stage.model.areas().unwrap();
    let rows = crate::tui::layout::calls(areas.of(Pane::Calls).unwrap()).rows;
    let click = |x, y| Msg::Mouse(Mouse::Click(x, y));
    stage.take(click(rows.x + 5, rows.y + 1));
    assert_eq!((stage.model.focus, stage.call()), (Pane::Calls, 4));
    stage.take(click(rows.x + 5, rows.y + 1));
    assert_eq!(stage.model.focus, Pane::Story, "the second click opens");
    let story = crate::tui::layout::story(areas.of(Pane::Story).unwrap()).rows;
    stage.take(click(story.x + 1, story.y));
    assert_eq!(stage.at(Pane::Story), 0);
    stage.take(Msg::Mouse(Mouse::WheelDown(story.x, story.y)));
    assert_eq!(stage.at(Pane::Story), 3);
    stage.take(Msg::Mouse(Mouse::WheelUp(story.x, story.y)));
    assert_eq!(stage.at(Pane::Story), 0);
    // Over another pane the wheel moves that one; the keys stay.
    let detail = areas.of(Pane::Detail).unwrap();
    stage.take(Msg::Mouse(Mouse::WheelDown(detail.x + 1, detail.y + 4)));
    assert_eq!((stage.at(Pane::Detail), stage.model.focus), (3, Pane::Story));
    // Beyond the last row and outside of everything nothing happens.
    let was = stage.at(Pane::Calls);
    stage.take(click(rows.x, rows.bottom() - 1));
    stage.take(click(500, 500));
    assert_eq!(stage.at(Pane::Calls), was);
    // What lies over the panes takes the wheel, and keeps clicks away.
    stage.press("5 j enter");
    stage.take(Msg::Mouse(Mouse::WheelDown(rows.x, rows.y)));
    assert_eq!(stage.reader().unwrap().cursor.top, 3);
    stage.take(click(rows.x, rows.y));
    assert!(stage.reader().is_some());
}

#[test]
fn zoom_shows_the_pane_that_has_the_keys() {
    let mut stage = Stage::new();
    stage.press("z");
    for key in ["2", "3", "4", "5", "1"] {
        stage.press(key);
        let areas = stage.model.areas().unwrap();
        assert_eq!(areas.panes.len(), 1);
        assert_eq!(areas.panes[0].0, stage.model.focus);
    }
    stage.take(Msg::Do(Action::Zoom));
    assert_eq!(stage.model.areas().unwrap().panes.len(), 3);
}

#[test]
fn unfolded_lines_are_come_back_to() {
    let mut stage = Stage::new();
    stage.press("2");
    let fold = |s: &Stage| {
        let hidden = |r: &Row| {
            s.model
                .story
                .item(*r)
                .is_some_and(|i| matches!(i.what, What::Hidden(_)))
        };
        s.model.story.rows.iter().position(hidden).unwrap()
    };
    stage.press("g");
    for _ in 0..fold(&stage) {
        stage.press("j");
    }
    stage.press("enter j");
    let (was, rows) = (here(&stage), stage.model.story.rows.len());
    assert_eq!(was.rank, 0);
    stage.press("1 j");
    assert_ne!(stage.model.story.data.call, stage.model.calls.list.rows[0].call);
    stage.press("k 2");
    assert_eq!((here(&stage), stage.model.story.rows.len()), (was, rows));
}

#[test]
fn what_stands_beside_a_story_is_about_it() {
    let mut stage = Stage::new();
    stage.press("2 r !fail");
    assert_eq!(stage.model.slot, Pane::Replays);
    stage.press("1 j");
    assert_eq!(stage.model.slot, Pane::Detail);
}

#[test]
fn esc_closes_a_message_before_it_clears_marks_and_marks_before_the_filter() {
    let mut stage = Stage::new();
    stage.press("space");
    stage.take(Msg::Notice(Level::Info, "said".to_owned()));
    stage.press("esc");
    assert_eq!(stage.model.calls.marks.len(), 1);
    stage.model.filter.text = "severity = error".to_owned();
    stage.press("esc");
    assert!(stage.model.calls.marks.is_empty() && !stage.model.filter.off);
    stage.press("esc");
    assert!(stage.model.filter.off && stage.notice().contains("filter off"));
}

#[test]
fn an_error_makes_room_for_the_status_once_it_was_seen() {
    let mut stage = Stage::new();
    stage.take(Msg::Notice(Level::Error, "refused".to_owned()));
    assert_eq!(stage.press("j").notice(), "refused");
    stage.take(Msg::Now(Time(NOW.0 + 4_000)));
    stage.press("j");
    assert!(stage.model.notices.current(stage.model.now).is_none());
}
