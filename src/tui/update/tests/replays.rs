//! Sending again: from every pane, marked ones, edited ones, what comes back, what is compared.

use std::sync::Arc;

use super::super::super::data::AttemptState;
use super::super::super::layout::Pane;
use super::super::super::model::{Overlay, Shown, Tab};
use super::super::super::msg::{Ask, Effect, Level, Msg, Sides};
use super::stage::{Stage, done, states, story};
use crate::model::Payload;

#[test]
fn from_every_pane() {
    for (keys, requests, focus) in [
        ("j r", vec![40], Pane::Calls),
        ("2 r", vec![10], Pane::Story),
        ("2 g j r", vec![12], Pane::Story),
        ("3 r", vec![10], Pane::Replays),
        ("2 r !fail 4 r", vec![10, 10], Pane::Replays),
        ("5 r", vec![], Pane::Sources),
    ] {
        let mut stage = Stage::new();
        stage.press(keys);
        assert_eq!(stage.planned(), requests, "{keys}");
        assert_eq!(stage.model.focus, focus, "{keys}");
        assert_eq!(stage.model.replays.attempts.len(), requests.len(), "{keys}");
    }
}

#[test]
fn more_than_one_is_asked_about() {
    for (answer, sent) in [("enter", 2), ("y", 2), ("r", 2), ("esc", 0), ("n", 0), ("q", 0)] {
        let mut stage = Stage::new();
        stage.press("r");
        assert!(matches!(&stage.model.overlay, Some(Overlay::Confirm(_, p)) if p.len() == 2));
        assert!(stage.model.replays.attempts.is_empty());
        stage.press(answer);
        assert_eq!(stage.model.replays.attempts.len(), sent, "{answer}");
        assert!(stage.model.overlay.is_none());
        assert!(!stage.does(&Effect::Quit));
    }
}

#[test]
fn marked_calls_and_requests_are_sent_together() {
    let mut stage = Stage::new();
    stage.press("j space space r enter");
    assert_eq!(stage.planned(), [40, 20]);
    assert!(stage.model.calls.marks.is_empty(), "done with them");
    let mut stage = Stage::new();
    stage.press("2 space G k k space r enter");
    assert_eq!(stage.planned(), [10, 11], "in the order of the story");
    assert!(stage.model.story.marks.is_empty());
}

/// Marks are counted in the status, so they are sent wherever one has gone since.
#[test]
fn marks_of_other_stories_are_sent_too() {
    let mut stage = Stage::new();
    stage.press("2 space } space r");
    assert!(
        matches!(&stage.model.overlay, Some(Overlay::Confirm(_, p)) if p.len() == 2),
        "{:?}",
        stage.planned()
    );
    let mut sent = stage.press("enter").planned();
    sent.sort_unstable();
    assert_eq!(sent, [10, 40]);
    let mut stage = Stage::new();
    stage.press("2 space } r");
    assert_eq!(stage.planned(), [10]);
}

#[test]
fn what_cannot_be_sent_says_why() {
    let mut stage = Stage::new();
    stage.press("2");
    let mut data = story(1, false, true);
    for item in &mut data.items {
        if let crate::tui::data::What::Request(r) = &mut item.what {
            r.why_not = Some("the body is cut".to_owned());
        }
    }
    stage.take(Msg::Story(Arc::new(data)));
    stage.forget();
    stage.press("r");
    assert!(stage.said.is_empty());
    assert_eq!(stage.notice(), "cannot be sent again: the body is cut");
    // Some can, some cannot: those that can are sent, the others named.
    let mut stage = Stage::new();
    stage.press("2 r");
    let mut plans = Vec::new();
    if let Some(Effect::Ask(Ask::Plan { wanted, target, .. })) =
        stage.said.iter().find(|e| matches!(e, Effect::Ask(Ask::Plan { .. })))
    {
        plans.extend(wanted.iter().map(|w| super::stage::planned(w, target)));
    }
    plans.push(plans[0].clone());
    plans[0].plan = Err("no token".to_owned());
    stage.take(Msg::Planned(super::super::super::msg::Purpose::Send, plans));
    assert!(stage.does(&Effect::Send(vec![2])));
    assert!(
        stage
            .model
            .notices
            .all
            .iter()
            .any(|n| n.level == Level::Error && n.text == "r10: no token")
    );
}

#[test]
fn red_then_green() {
    let mut stage = Stage::new();
    stage.model.bell = true;
    stage.press("2 r");
    assert_eq!(states(&stage.model.replays.attempts), "q");
    stage.take(Msg::Attempt(1, AttemptState::InFlight));
    assert_eq!(states(&stage.model.replays.attempts), "f");
    assert!(!stage.does(&Effect::Bell));
    stage.take(Msg::Attempt(1, done(1, false)));
    assert_eq!(stage.notice(), "FAIL POST /menu: 500 in 12 ms");
    assert!(stage.does(&Effect::Bell));
    stage.press("r !pass");
    assert_eq!(stage.notice(), "PASS POST /menu: 200 in 12 ms");
    assert_eq!(states(&stage.model.replays.attempts), "FP");
    // An attempt that nobody knows changes nothing.
    stage.take(Msg::Attempt(99, done(99, true)));
    assert_eq!(states(&stage.model.replays.attempts), "FP");
}

#[test]
fn cancelled_and_refused() {
    let mut stage = Stage::new();
    stage.press("2 r esc");
    assert!(stage.does(&Effect::Cancel));
    stage.take(Msg::Attempt(1, AttemptState::Cancelled));
    assert_eq!(stage.notice(), "cancelled: POST /menu");
    stage.press("r");
    stage.take(Msg::Attempt(2, AttemptState::Refused("not this machine".to_owned())));
    assert_eq!(
        (stage.notice(), states(&stage.model.replays.attempts)),
        ("not this machine", "cr".to_owned())
    );
    // Nothing is open any more: Esc is for other things.
    stage.forget();
    stage.press("esc esc");
    assert!(!stage.does(&Effect::Cancel));
}

/// The tab of the detail shows each attempt as it is now, wherever it was looked at before.
#[test]
fn the_tab_of_attempts_is_fresh() {
    for size in [(120, 40), (80, 24), (40, 10)] {
        let mut stage = Stage::sized(size.0, size.1);
        stage.press("3 l l l l l");
        let text = |s: &Stage| s.model.detail.rows.iter().map(|l| l.text() + "\n").collect::<String>();
        assert!(text(&stage).contains("not sent again yet"));
        stage.press("r 3");
        assert!(text(&stage).contains("queued"), "{size:?} {}", text(&stage));
        stage.press("!fail");
        assert_eq!(stage.model.detail.tab, Tab::Replays);
        assert!(text(&stage).contains("FAIL 500"), "{size:?} {}", text(&stage));
    }
}

#[test]
fn compared_in_turn() {
    let mut stage = Stage::new();
    stage.press("2 r !fail r !pass D");
    let shown = |s: &Stage| match &s.model.replays.shown {
        Shown::Diff(sides, d) => Some((*sides, d.is_some())),
        Shown::Answer => None,
    };
    assert_eq!(shown(&stage), Some((Sides::Recorded(2), true)));
    assert_eq!(shown(stage.press("D")), Some((Sides::Attempts(1, 2), true)));
    assert_eq!(shown(stage.press("D")), None);
    assert_eq!(shown(stage.press("D")), Some((Sides::Recorded(2), true)));
    // A comparison that nobody waits for any more is left.
    stage.take(Msg::Diffed(
        Sides::Attempts(7, 8),
        Arc::new(crate::output::diff::diff(&[], &[], None)),
    ));
    assert_eq!(shown(&stage), Some((Sides::Recorded(2), true)));
    assert_eq!(shown(stage.press("esc")), None);
    assert_eq!(stage.model.focus, Pane::Replays);
}

#[test]
fn without_a_recorded_answer_the_second_replay_is_compared() {
    let mut stage = Stage::new();
    stage.press("2 r");
    let a = Arc::make_mut(&mut stage.model.replays.attempts[0].recorded);
    a.response = None;
    stage.press("!fail D");
    assert!(stage.notice().contains("send it once more"));
}

#[test]
fn a_form_makes_a_draft() {
    let mut stage = Stage::new();
    // Another digit, no caller, one more parameter, one more header.
    stage.press("2 e j j enter backspace '9 enter j d a 'Extra=1 enter G j j a 'X-Two:_2 enter r");
    let a = &stage.model.replays.attempts[0];
    let draft = a.draft.as_ref().unwrap();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        draft.recorded.request.payload,
        Payload::Form(vec![pair("Digits", "9"), pair("Extra", "1")])
    );
    assert_eq!(draft.edits.headers, [pair("X-Two", "2")]);
    // The same again from the attempts, and its form with it.
    stage.press("!fail 4 r");
    assert!(stage.model.replays.attempts[1].draft.is_some());
    stage.press("!fail e");
    assert!(stage.form().unwrap().changed());
    // The edits stay with the request until they are taken back; the recording itself is as it was.
    stage.press("esc 2 e");
    assert!(stage.form().unwrap().changed());
    stage.press("u");
    assert!(!stage.form().unwrap().changed());
    stage.press("esc e");
    assert!(!stage.form().unwrap().changed());
}

#[test]
fn a_look_at_what_is_sent_leaves_the_form() {
    let mut stage = Stage::new();
    stage.press("2 e j j enter backspace '9 enter R");
    assert!(stage.reader().is_some());
    stage.press("esc");
    assert!(
        stage.form().is_some_and(super::super::super::form::Form::changed),
        "still being edited"
    );
    stage.press("R q");
    assert!(stage.form().is_some());
    stage.press("R r");
    assert!(stage.model.overlay.is_none() && stage.model.replays.attempts[0].draft.is_some());
}

#[test]
fn a_question_for_the_target_leaves_the_form() {
    let mut stage = Stage::new();
    stage.press("!aimless 2 e j j enter backspace '9 enter R");
    assert_eq!(stage.typed(), "http://localhost:3000");
    stage.press("enter");
    assert!(stage.reader().is_some());
}

#[test]
fn the_editor_and_back() {
    let mut stage = Stage::new();
    stage.press("2 ctrl-e");
    let text = stage.said.iter().find_map(|e| match e {
        Effect::EditOutside(t) => Some(t.clone()),
        _ => None,
    });
    let text = text.unwrap();
    stage.forget();
    stage.take(Msg::Edited(Ok(text.clone())));
    assert!(stage.said.is_empty() && stage.notice() == "nothing was changed" && stage.form().is_some());
    stage.take(Msg::Edited(Ok("what is this".to_owned())));
    assert!(stage.notice().contains("ctrl-e opens the editor again") && stage.form().is_some());
    stage.take(Msg::Edited(Err("no such editor".to_owned())));
    assert_eq!(stage.notice(), "no such editor");
    stage.take(Msg::Edited(Ok(text.replace("Digits=2", "Digits=7"))));
    assert!(stage.reader().is_some(), "what will be sent is shown first");
    stage.press("r");
    let wire = stage.model.replays.attempts[0].plan.wire().unwrap();
    assert!(String::from_utf8_lossy(&wire).contains("Digits=7"));
}
