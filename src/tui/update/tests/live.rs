//! What arrives by itself: words of services, new calls and errors, events to be fetched, inputs that are read once more.

use std::sync::Arc;

use super::super::super::data::{Subject, What};
use super::super::super::layout::Pane;
use super::super::super::model::Model;
use super::super::super::msg::{Ask, Effect, Level, Msg};
use super::stage::{NOW, Stage, list, row, story};
use crate::live::{Said, Word};
use crate::model::{Severity, Time};

fn word(stage: &mut Stage, service: &'static str, said: Said) {
    stage.take(Msg::Word(Word { service, said }));
}

/// The list as it is, with calls of these numbers behind it.
fn comes(stage: &mut Stage, calls: &[u32]) {
    let mut grown = list(stage.model.calls.query.as_ref().unwrap());
    let failing = calls.iter().map(|&n| row(n, Severity::Error, &[n * 10]));
    grown.rows.extend(failing);
    stage.take(Msg::List(stage.model.calls.asked, Arc::new(grown)));
}

fn service<'m>(model: &'m Model, name: &str) -> &'m super::super::super::data::ServiceRow {
    model.sources.services.iter().find(|s| s.name == name).unwrap()
}

#[test]
fn a_service_in_trouble_is_said_once_and_is_well_again() {
    let mut stage = Stage::live(120, 40);
    word(&mut stage, "listen", Said::Bad("the disk is full".to_owned()));
    assert_eq!(stage.notice(), "listen: the disk is full");
    assert_eq!(service(&stage.model, "listen").bad.as_deref(), Some("the disk is full"));
    let said = stage.model.notices.all.len();
    word(&mut stage, "listen", Said::Bad("the disk is still full".to_owned()));
    assert_eq!(stage.model.notices.all.len(), said, "one notice for one trouble");
    let now = service(&stage.model, "listen").bad.as_deref();
    assert_eq!(now, Some("the disk is still full"), "the pane has the newest");
    word(
        &mut stage,
        "listen",
        Said::Well("the store takes events again".to_owned()),
    );
    assert!(service(&stage.model, "listen").bad.is_none());
    assert!(stage.notice().contains("again"));
    stage.take(Msg::Now(Time(NOW.0 + 60_000)));
    assert_eq!(stage.notice(), "", "it goes away by itself");
}

#[test]
fn a_service_that_ends_says_why_and_one_that_is_ended_says_nothing() {
    let mut stage = Stage::live(120, 40);
    let said = stage.model.notices.all.len();
    word(&mut stage, "proxy", Said::Ended(None));
    assert!(service(&stage.model, "proxy").ended && stage.model.notices.all.len() == said);
    word(&mut stage, "pull", Said::Ended(Some("401".to_owned())));
    assert_eq!(stage.notice(), "pull: 401");
    assert_eq!(stage.model.notices.all.back().unwrap().level, Level::Error);
}

#[test]
fn what_services_count_and_how_far_they_are() {
    let mut stage = Stage::live(120, 40);
    word(&mut stage, "pull", Said::Came(0));
    assert_eq!(service(&stage.model, "pull").last, None, "nothing came");
    word(&mut stage, "pull", Said::Came(2));
    word(&mut stage, "pull", Said::Came(3));
    word(&mut stage, "pull", Said::UpTo(Time(NOW.0 - 5_000)));
    let pull = service(&stage.model, "pull");
    assert_eq!(
        (pull.events, pull.last, pull.up_to),
        (5, Some(NOW), Some(Time(NOW.0 - 5_000)))
    );
}

#[test]
fn the_cursor_stays_on_its_call_while_others_come() {
    let mut stage = Stage::live(120, 40);
    let was = stage.call();
    let mut grown = list(stage.model.calls.query.as_ref().unwrap());
    grown.rows.insert(0, row(10, Severity::Error, &[]));
    stage.take(Msg::List(stage.model.calls.asked, Arc::new(grown)));
    assert_eq!(
        (stage.call(), stage.model.story.call),
        (was, Some(was)),
        "nobody has moved it"
    );
}

#[test]
fn whoever_reads_a_story_is_not_led_to_the_newest_call() {
    let mut stage = Stage::live(120, 40);
    stage.press("F 2");
    let was = stage.call();
    comes(&mut stage, &[10]);
    assert_eq!((stage.call(), stage.model.story.call), (was, Some(was)));
    stage.press("1");
    comes(&mut stage, &[10, 11]);
    assert_eq!(stage.call(), 11, "back in the list, the newest is followed again");
    stage.press("?");
    comes(&mut stage, &[10, 11, 12]);
    assert_eq!(stage.call(), 11, "nothing moves behind a help text");
}

#[test]
fn each_listed_event_is_fetched_once() {
    let fetched = |stage: &Stage| {
        let all = stage.said.iter().filter_map(|e| match e {
            Effect::Fetch(sids) => Some(sids.clone()),
            _ => None,
        });
        all.flatten().collect::<Vec<_>>()
    };
    let sids = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut stage = Stage::live(120, 40);
    stage.take(Msg::Listed(sids(&["NO1", "NO2"])));
    stage.take(Msg::Listed(sids(&["NO2", "NO3"])));
    stage.take(Msg::Listed(sids(&["NO1"])));
    assert_eq!(fetched(&stage), ["NO1", "NO2", "NO3"]);
    stage.forget();
    word(&mut stage, "pull", Said::Ended(None));
    stage.take(Msg::Listed(sids(&["NO4"])));
    assert!(fetched(&stage).is_empty(), "nobody is there to fetch it");
}

#[test]
fn what_is_in_sight_is_asked_for_again_when_its_story_goes_on() {
    let mut stage = Stage::live(120, 40);
    stage.press("3 j j j");
    let (subject, top) = (stage.model.detail.subject, stage.at(Pane::Detail));
    assert!(top > 0);
    let call = stage.model.story.call.unwrap();
    let asks = |s: &Stage| s.asked(|a| matches!(a, Ask::Sheet(x) if Some(*x) == subject));
    let same = Arc::clone(&stage.model.story.data);
    stage.forget();
    stage.take(Msg::Story(same));
    assert!(!asks(&stage), "nothing has changed");
    let mut more = story(call, false, stage.model.story.data.complete);
    more.items.pop();
    stage.take(Msg::Story(Arc::new(more)));
    assert!(asks(&stage));
    assert_eq!((stage.model.detail.subject, stage.at(Pane::Detail)), (subject, top));
    // With more in it than before, it stays scrolled.
    let mut sheet = super::stage::sheet(subject.unwrap());
    sheet.title.push('!');
    stage.take(Msg::Sheet(subject.unwrap(), Arc::new(sheet)));
    assert_eq!(stage.at(Pane::Detail), top);
    assert!(stage.model.detail.sheet.as_ref().unwrap().title.ends_with('!'));
}

/// Which of bell and notification a new error makes.
fn told(bell: bool, notify: bool) -> Stage {
    let mut stage = Stage::live(120, 40);
    (stage.model.bell, stage.model.notify) = (bell, notify);
    comes(&mut stage, &[]);
    stage.forget();
    comes(&mut stage, &[10]);
    stage
}

#[test]
fn a_new_error_rings_and_notifies_where_that_is_wanted() {
    let notified = |s: &Stage| {
        s.said
            .iter()
            .any(|e| matches!(e, Effect::Notify(t) if t == "redial: what went wrong with 10"))
    };
    for (bell, notify) in [(false, false), (true, false), (false, true), (true, true)] {
        let stage = told(bell, notify);
        assert_eq!((stage.does(&Effect::Bell), notified(&stage)), (bell, notify));
    }
}

#[test]
fn a_flood_of_errors_rings_now_and_then_and_what_was_there_before_never() {
    let mut stage = told(true, false);
    stage.forget();
    comes(&mut stage, &[10, 11]);
    assert!(!stage.does(&Effect::Bell), "it has just rung");
    stage.take(Msg::Now(Time(NOW.0 + 10_000)));
    comes(&mut stage, &[10, 11]);
    assert!(!stage.does(&Effect::Bell), "nothing new");
    comes(&mut stage, &[10, 11, 12]);
    assert!(stage.does(&Effect::Bell));
    let mut stage = Stage::live(120, 40);
    stage.model.bell = true;
    stage.model.sources.caught_up = false;
    comes(&mut stage, &[]);
    stage.forget();
    comes(&mut stage, &[10, 11]);
    assert!(!stage.does(&Effect::Bell), "what was there at the start is not news");
}

#[test]
fn a_narrower_list_is_no_news() {
    let mut stage = Stage::live(120, 40);
    stage.model.bell = true;
    comes(&mut stage, &[10]);
    stage.take(Msg::Now(Time(NOW.0 + 10_000)));
    stage.press("f 'severity=warning enter");
    stage.forget();
    stage.take(Msg::Now(Time(NOW.0 + 20_000)));
    assert_eq!(stage.model.calls.list.rows.len(), 1);
    stage.deaf = true;
    stage.take(Msg::Do(super::super::super::keys::Action::ToggleFilter));
    comes(&mut stage, &[10]);
    assert!(!stage.does(&Effect::Bell), "the filter went off, nothing failed");
}

#[test]
fn read_once_more_with_other_numbers_everything_is_as_it_was() {
    let mut stage = Stage::new();
    stage.press("2 r !fail 1 space 2 space 3");
    let model = &stage.model;
    let marks = (model.calls.marks.clone(), model.story.marks.clone());
    assert!(!marks.0.is_empty() && !marks.1.is_empty());
    let before = (stage.call(), stage.at(Pane::Story), stage.model.detail.subject);
    let anchors = stage.model.story.rows.len();
    // All numbers are 100 higher.
    let moved = super::super::super::desk::Moved::higher(100, 1_000);
    stage.deaf = true;
    stage.take(Msg::Anew(Arc::new(moved)));
    let model = &stage.model;
    assert!(!model.sources.done && model.sources.caught_up && model.is_live());
    assert_eq!(stage.call(), before.0 + 100);
    assert_eq!((stage.at(Pane::Story), model.story.rows.len()), (before.1, anchors));
    assert_eq!(model.story.call, Some(before.0 + 100));
    let exchange = match before.2.unwrap() {
        Subject::Request(n) => Subject::Request(n + 100),
        Subject::Finding(n) => Subject::Finding(n + 100),
        Subject::Line(p) => Subject::Line(p),
    };
    assert_eq!(model.detail.subject, Some(exchange));
    let higher = |n: &u32| n + 100;
    let calls: Vec<u32> = marks.0.keys().map(higher).collect();
    assert_eq!(model.calls.marks.keys().copied().collect::<Vec<_>>(), calls);
    assert_eq!(model.story.marks, marks.1.iter().map(higher).collect());
    let item = model.story.data.items.iter().find_map(|i| match &i.what {
        What::Request(r) => Some(r.exchange),
        _ => None,
    });
    assert!(item.unwrap() > 100);
    let attempt = &model.replays.attempts[0];
    assert!(attempt.recorded.exchange > 100 && attempt.recorded.call > 100);
    assert!(model.last_answer(attempt.recorded.exchange).is_some());
}
