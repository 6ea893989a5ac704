//! Watching on the screen: what begins it, what each round sends, what ends it.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::super::data::{Answered, AttemptState};
use super::super::super::model::Overlay;
use super::super::super::msg::{Effect, Msg};
use super::stage::{Stage, done, states};
use crate::model::Time;
use crate::replay::{Sent, TransportError};

/// Time goes on, by milliseconds.
fn later(stage: &mut Stage, ms: i64) {
    let now = Time(stage.model.now.0 + ms);
    stage.take(Msg::Now(now));
}

fn changed(stage: &mut Stage) {
    stage.take(Msg::Changed(PathBuf::from("src/app.js")));
}

fn refused() -> AttemptState {
    AttemptState::Done(Arc::new(Answered {
        sent: Sent {
            error: Some(TransportError::Refused("127.0.0.1:3000".to_owned())),
            ..Sent::default()
        },
        problems: Vec::new(),
        pass: false,
        lines: Vec::new(),
        text: String::new(),
    }))
}

#[test]
fn red_a_change_green() {
    let mut stage = Stage::new();
    stage.press("2 W");
    assert!(stage.does(&Effect::Watch(vec![PathBuf::from(".")])) && stage.does(&Effect::Send(vec![1])));
    stage.answered(false);
    assert_eq!(stage.model.watching.as_ref().unwrap().red(), 1);
    stage.forget();
    later(&mut stage, 60_000);
    let looks = |e: &Effect| matches!(e, Effect::Probe(_));
    assert!(
        stage.said.iter().all(looks) && stage.said.len() == 1,
        "{:?}",
        stage.said
    );
    stage.forget();
    changed(&mut stage);
    later(&mut stage, 100);
    assert!(stage.said.is_empty(), "the quiet comes first");
    later(&mut stage, 100);
    assert!(stage.does(&Effect::Send(vec![2])));
    stage.answered(true);
    assert!(stage.model.watching.is_none() && stage.does(&Effect::Unwatch));
    assert_eq!(states(&stage.model.replays.attempts), "FP");
    let said = |text: &str| stage.model.notices.all.iter().any(|n| n.text.contains(text));
    assert!(
        said("all green: 1 request after 2 rounds"),
        "{:?}",
        stage.model.notices.all
    );
}

#[test]
fn more_than_one_is_asked_about_and_then_watched() {
    let mut stage = Stage::new();
    stage.press("W");
    assert!(matches!(&stage.model.overlay, Some(Overlay::Confirm(_, p)) if p.len() == 2));
    assert!(stage.model.watching.is_none());
    stage.press("enter");
    assert!(stage.does(&Effect::Send(vec![1, 2])));
    // The second was red, so it is not for last; both are sent again.
    stage.take(Msg::Attempt(1, done(1, true)));
    stage.take(Msg::Attempt(2, done(2, false)));
    assert_eq!(stage.model.watching.as_ref().unwrap().red(), 1);
    stage.forget();
    changed(&mut stage);
    later(&mut stage, 1000);
    assert!(stage.does(&Effect::Send(vec![3, 4])));
}

#[test]
fn a_change_gives_up_what_is_on_its_way() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.take(Msg::Attempt(1, AttemptState::InFlight));
    stage.forget();
    changed(&mut stage);
    assert!(stage.does(&Effect::Cancel));
    stage.take(Msg::Attempt(1, AttemptState::Cancelled));
    assert!(stage.model.watching.is_some(), "its own doing");
    later(&mut stage, 1000);
    assert!(stage.does(&Effect::Send(vec![2])));
}

#[test]
fn the_user_ends_it() {
    // Esc closes the message, then goes back, and only then ends it.
    for keys in ["W", "esc esc esc"] {
        let mut stage = Stage::new();
        stage.press("2 W");
        stage.answered(false);
        stage.forget();
        stage.press(keys);
        assert!(stage.model.watching.is_none() && stage.does(&Effect::Unwatch), "{keys}");
        assert_eq!(stage.notice(), "watching ended: 1 of 1 request still red");
        stage.forget();
        changed(&mut stage);
        later(&mut stage, 5000);
        assert!(stage.said.is_empty(), "{keys}");
    }
}

#[test]
fn what_is_closed_does_not_end_it() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.answered(false);
    stage.press("r");
    stage.answered(false);
    stage.press("esc");
    assert!(stage.model.watching.is_some(), "the message was closed");
    stage.press("3 z esc esc");
    assert!(stage.model.watching.is_some(), "it only went back");
    // What is on its way is given up, and watching goes on.
    changed(&mut stage);
    later(&mut stage, 1000);
    stage.press("esc");
    assert!(stage.does(&Effect::Cancel) && stage.model.watching.is_some());
}

#[test]
fn each_red_round_says_what_is_red() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.answered(false);
    let first = stage.notice().to_owned();
    assert!(first.contains(" POST /") && first.contains("W ends it"), "{first}");
    changed(&mut stage);
    later(&mut stage, 1000);
    stage.answered(false);
    let second = stage.notice();
    assert!(
        !second.is_empty() && first.starts_with(second) && first != second,
        "{first} {second}"
    );
}

#[test]
fn an_app_that_restarts_is_waited_for() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.answered(false);
    changed(&mut stage);
    later(&mut stage, 1000);
    stage.forget();
    stage.take(Msg::Attempt(2, refused()));
    assert_eq!(stage.notice(), "the app restarts: waiting for its port");
    later(&mut stage, 100);
    let probes = |stage: &Stage| stage.said.iter().filter(|e| matches!(e, Effect::Probe(_))).count();
    assert_eq!(probes(&stage), 1);
    stage.take(Msg::Probed(false));
    later(&mut stage, 100);
    assert_eq!(probes(&stage), 2);
    stage.take(Msg::Probed(true));
    later(&mut stage, 1000);
    assert!(stage.does(&Effect::Send(vec![3])));
}

#[test]
fn an_app_that_was_mended_without_a_change_is_found() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.answered(false);
    for open in [true, true, false, false, true] {
        later(&mut stage, 600);
        stage.take(Msg::Probed(open));
    }
    stage.forget();
    later(&mut stage, 600);
    assert!(stage.does(&Effect::Send(vec![2])));
}

#[test]
fn what_cannot_be_watched_says_so() {
    let mut stage = Stage::new();
    stage.press("2 W");
    stage.take(Msg::Unwatchable("cannot watch src: it is not there".to_owned()));
    assert!(stage.model.watching.is_none());
    assert_eq!(stage.notice(), "cannot watch src: it is not there");
}
