//! `redial pull` against a Twilio with a memory of its own: nothing missed, nothing doubled, every fault told in words.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use redial::model::Time;
use redial::store::{EventKind, Row, Store};
use redial::twilio_api::pull::{self, Moment, PullOptions, Tally, Told};
use redial::twilio_api::{Base, CAP, Fault as Ended, FaultKind, OVERLAP};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::support::{Redial, redial};
use crate::twilio_mock::{ACCOUNT, CALL, Fault, Mock, NOON, TOKEN, login};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A store that is removed last.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("data/store.db")
    }

    fn options(&self, mock: &Mock) -> PullOptions {
        PullOptions {
            world: mock.world(),
            ..PullOptions::new(self.store(), mock.base(), login(&[]))
        }
    }

    fn rows(&self, kind: EventKind) -> Vec<Row> {
        rows(&self.store(), kind)
    }

    fn keys(&self, kind: EventKind) -> BTreeSet<String> {
        let rows = self.rows(kind);
        let keys: BTreeSet<String> = rows.iter().map(|r| r.key.clone()).collect();
        assert_eq!(keys.len(), rows.len(), "an event is there twice");
        keys
    }
}

fn rows(path: &Path, kind: EventKind) -> Vec<Row> {
    let Some(store) = Store::open_existing(path).unwrap() else {
        return Vec::new();
    };
    let all = store.after(0, 1_000_000).unwrap();
    all.into_iter().filter(|r| r.kind == kind).collect()
}

/// One walk, and what was told of it.
fn once(options: &PullOptions) -> (Result<Tally, Ended>, Vec<Told>) {
    let told = RefCell::new(Vec::new());
    let ended = pull::once(options, |t| told.borrow_mut().push(t));
    (ended, told.into_inner())
}

/// Follows until the mock kills the client; what it told, or why it gave up.
fn follow(mock: &Mock, options: &PullOptions, hear: impl Fn(&Told)) -> Result<Vec<Told>, Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = RefCell::new(Vec::new());
    let tell = |t: Told| {
        hear(&t);
        told.borrow_mut().push(t);
    };
    let ended = runtime.block_on(async {
        let (_ask, asked) = mpsc::unbounded_channel();
        tokio::select! {
            ended = pull::run(options, asked, &tell) => Err(ended.unwrap_err()),
            () = mock.killed.notified() => Ok(()),
        }
    });
    ended.map(|()| told.into_inner())
}

fn troubles(told: &[Told]) -> Vec<String> {
    let text = |t: &Told| match t {
        Told::Trouble { text, .. } => Some(text.clone()),
        _ => None,
    };
    told.iter().filter_map(text).collect()
}

fn limits(told: &[Told]) -> Vec<&String> {
    told.iter()
        .filter_map(|t| match t {
            Told::Limit(text) => Some(text),
            _ => None,
        })
        .collect()
}

fn published(mock: &Mock, many: i64) -> BTreeSet<String> {
    let mut state = mock.state();
    let now = state.now;
    (1..=many).map(|n| state.publish(now - n * 7000, now)).collect()
}

#[test]
fn every_page_is_walked_and_known_again() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let all = published(&mock, 40);
    mock.state().page = 7;
    let (ended, told) = once(&place.options(&mock));
    let tally = ended.unwrap();
    assert_eq!((tally.new, tally.known, tally.details), (40, 0, 0));
    assert_eq!(tally.complete_up_to, Some(Time(NOON)));
    assert_eq!(told.iter().filter(|t| matches!(t, Told::Page { .. })).count(), 6);
    assert_eq!(told.last(), Some(&Told::Done { new: 40, known: 0 }));
    assert_eq!(place.keys(EventKind::AlertListed), all);
    let asked = mock.state().asked.clone();
    assert_eq!(asked.len(), 6);
    assert_eq!(asked[0], "/v1/Alerts?StartDate=2026-03-02T11%3A00%3A00Z&PageSize=1000");
    // The links name Twilio's own host; they were followed on the base in use.
    assert!(asked[1].contains("PageToken=PANO7"), "{}", asked[1]);
    let row = &place.rows(EventKind::AlertListed)[0];
    assert_eq!((row.call.as_deref(), row.code.as_deref()), (Some(CALL), Some("11200")));
    assert_eq!((row.level.as_deref(), row.at.is_some()), (Some("error"), true));

    let (again, _) = once(&place.options(&mock));
    assert_eq!(again.map(|t| (t.new, t.known)).unwrap(), (0, 40));
    assert_eq!(place.keys(EventKind::AlertListed), all);
}

#[test]
fn pages_that_shift_while_they_are_walked_lose_nothing() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let all = published(&mock, 100);
    {
        let mut state = mock.state();
        state.page = 7;
        state.meanwhile = Some(Box::new(|state| {
            // Each pushes older entries over the border of a page.
            let happened = state.now + 10;
            state.now += 1500;
            let many = state.random(6);
            for n in 0..many {
                state.publish(happened + i64::try_from(n).unwrap(), happened);
            }
        }));
    }
    let (ended, _) = once(&place.options(&mock));
    assert!(ended.unwrap().known > 0, "nothing shifted");
    assert!(place.keys(EventKind::AlertListed).is_superset(&all));
}

/// Two hours of alerts that turn up late, a follower that is killed again and again, a server that fails now and then.
fn two_hours(seed: u64) {
    let (mock, place) = (Mock::start(NOON), Place::new());
    mock.seed(seed);
    let all: BTreeSet<String> = {
        let mut state = mock.state();
        state.page = 5 + state.random(15) as usize;
        let many = 60 + state.random(120);
        let burst = NOON + state.random(HOUR as u64) as i64;
        let late = OVERLAP.as_millis() as u64 - 30_000;
        (0..many)
            .map(|n| {
                let at = match n % 3 {
                    0 => burst + state.random(3000) as i64,
                    _ => NOON + state.random(2 * HOUR as u64) as i64,
                };
                let published = at + state.random(late) as i64;
                state.publish(at, published)
            })
            .collect()
    };
    mock.state().meanwhile = Some(Box::new(|state| {
        state.now += state.random(3000) as i64;
        let fault = match state.random(60) {
            0 => Fault::Answer(500, String::new(), "{}".to_owned()),
            1 => Fault::Answer(429, "Retry-After: 4\r\n".to_owned(), String::new()),
            2 => Fault::Cut,
            3 => Fault::Hang,
            4 => Fault::Answer(200, String::new(), "{\"alerts\":[".to_owned()),
            _ => return,
        };
        state.faults.push_back(Some(fault));
    }));
    let mut options = place.options(&mock);
    options.follow = Some(Duration::from_secs(60));
    options.details = seed.is_multiple_of(3);
    let end = NOON + 2 * HOUR + OVERLAP.as_millis() as i64;
    let mut kills = 0;
    let checked = RefCell::new(BTreeSet::new());
    while mock.state().now < end + MINUTE {
        {
            let mut state = mock.state();
            let (after, answered) = (1 + state.random(60) as usize, state.random(2) == 0);
            state.kill_at = Some((state.asked.len() + after, answered));
            state.until = end + 2 * MINUTE;
        }
        let hear = |told: &Told| {
            let Told::CompleteUpTo(to) = told else { return };
            let state = mock.state();
            let due = state.alerts.iter().filter(|a| a.at <= to.0 && a.published <= to.0);
            let mut checked = checked.borrow_mut();
            let new: Vec<String> = due
                .map(|a| a.sid.clone())
                .filter(|sid| !checked.contains(sid))
                .collect();
            let store = Store::open_existing(&place.store()).unwrap().unwrap();
            let there = store.known(EventKind::AlertListed, &new).unwrap();
            assert_eq!(
                there.len(),
                new.len(),
                "seed {seed}: of {new:?} only {there:?} are there at {to}"
            );
            checked.extend(new);
        };
        follow(&mock, &options, hear).unwrap_or_else(|f| panic!("seed {seed}: {f}"));
        kills += 1;
        // Nobody follows for a while, longer than the overlap now and then.
        let mut state = mock.state();
        let down = state.random(12 * MINUTE as u64) as i64;
        state.now += if state.random(2) == 0 { down } else { 0 };
    }
    assert!(kills > 2, "seed {seed}: hardly ever killed");
    // And left alone, until a walk went through; the last kill may still be on its way.
    mock.state().kill_at = None;
    let whole = (0..3).any(|_| {
        let until = mock.state().now + 20 * MINUTE;
        mock.state().until = until;
        let told = follow(&mock, &options, |_| {}).unwrap();
        told.iter().any(|t| matches!(t, Told::Done { .. }))
    });
    assert!(whole, "seed {seed}: no walk to the end");
    let same = |kind| {
        let there = place.keys(kind);
        let missing: Vec<_> = all.difference(&there).collect();
        assert!(missing.is_empty(), "seed {seed}: {kind:?} misses {missing:?}");
        assert_eq!(there.len(), all.len(), "seed {seed}: {kind:?}");
    };
    same(EventKind::AlertListed);
    if options.details {
        same(EventKind::Alert);
    }
}

#[test]
fn nothing_is_missed_or_doubled_however_often_the_follower_is_killed() {
    for seed in 0..5 {
        two_hours(seed);
    }
}

#[test]
fn a_follower_goes_on_where_it_stopped_however_long_ago() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let mut options = place.options(&mock);
    options.follow = Some(Duration::from_secs(10));
    let run = |until: i64, at: i64| {
        {
            let mut state = mock.state();
            state.publish(at, at);
            state.until = until;
        }
        follow(&mock, &options, |_| {}).unwrap()
    };
    let told = run(NOON + MINUTE, NOON + 30_000);
    assert!(told.contains(&Told::CompleteUpTo(Time(NOON + 50_000))), "{told:?}");
    // Three days later, with the same `--since 1h`.
    mock.state().now = NOON + 72 * HOUR;
    run(NOON + 72 * HOUR + MINUTE, NOON + HOUR);
    assert_eq!(place.keys(EventKind::AlertListed).len(), 2);
    // After forty days a part of it is gone, which is said.
    mock.state().now = NOON + 42 * 24 * HOUR;
    let told = run(NOON + 42 * 24 * HOUR + MINUTE, NOON + 41 * 24 * HOUR);
    assert_eq!(limits(&told).len(), 1, "{told:?}");
    assert!(limits(&told)[0].contains("Twilio keeps alerts for 30 days"), "{told:?}");
    assert_eq!(place.keys(EventKind::AlertListed).len(), 3);
}

#[test]
fn a_walk_ends_at_the_cap_and_is_cut_in_halves() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let all: BTreeSet<String> = {
        let mut state = mock.state();
        (0..12_345).map(|n| state.publish(NOON - n * 200, NOON)).collect()
    };
    let (ended, told) = once(&place.options(&mock));
    assert_eq!(ended.unwrap().new, 12_345);
    assert!(limits(&told).is_empty(), "{told:?}");
    assert_eq!(place.keys(EventKind::AlertListed), all);
}

#[test]
fn a_second_with_too_many_alerts_is_said() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    {
        let mut state = mock.state();
        for n in 0..10_050 {
            state.publish(NOON - 2999 + n % 900, NOON);
        }
        state.page = 990;
        state.until = NOON + 30_000;
        // A server that refuses what is behind the cap.
        state.meanwhile = Some(Box::new(|state| {
            let full = state.asked.last().is_some_and(|a| a.ends_with("PANO8910"));
            let refused = Fault::Answer(400, String::new(), String::new());
            state.faults.push_back(full.then_some(refused));
        }));
    }
    let mut options = place.options(&mock);
    options.since = Moment::Ago(Duration::from_secs(3));
    options.follow = Some(Duration::from_secs(60));
    let told = follow(&mock, &options, |_| {}).unwrap();
    let said = limits(&told);
    assert_eq!(said.len(), 1, "{told:?}");
    assert!(
        said[0].contains("more than 10000 alerts within the second of 2026-03-02T11:59:57Z"),
        "{said:?}"
    );
    assert!(place.keys(EventKind::AlertListed).len() >= CAP - 1000);
    // The walk goes on behind it, and the next one does not begin before it.
    assert!(told.contains(&Told::CompleteUpTo(Time(NOON))), "{told:?}");
    mock.state().alerts.clear();
    mock.state().until = NOON + 90_000;
    follow(&mock, &options, |_| {}).unwrap();
    let asked = mock.state().asked.last().cloned().unwrap();
    assert!(asked.contains("StartDate=2026-03-02T11%3A55%3A00Z"), "{asked}");
}

#[test]
fn a_month_is_all_there_is() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let mut options = place.options(&mock);
    options.since = Moment::Ago(Duration::from_secs(90 * 86_400));
    let (ended, told) = once(&options);
    ended.unwrap();
    assert!(
        limits(&told)[0].contains("30 days: asked from 2025-12-02T12:00:00.000Z"),
        "{told:?}"
    );
    assert!(mock.state().asked[0].contains("StartDate=2026-01-31T12%3A01%3A00Z"));
}

#[test]
fn the_servers_clock_counts() {
    for ahead in [-3 * HOUR, 3 * HOUR] {
        let (mock, place) = (Mock::start(NOON), Place::new());
        mock.state().client_ahead = ahead;
        let all = published(&mock, 10);
        let (ended, told) = once(&place.options(&mock));
        assert_eq!(ended.unwrap().complete_up_to, Some(Time(NOON)));
        let notes: Vec<_> = told.iter().filter(|t| matches!(t, Told::Note(_))).collect();
        assert!(format!("{notes:?}").contains("clock is 10800 s"), "{told:?}");
        assert_eq!(notes.len(), 1);
        assert_eq!(place.keys(EventKind::AlertListed), all);
        assert!(
            mock.state()
                .asked
                .last()
                .unwrap()
                .contains("StartDate=2026-03-02T11%3A00%3A00Z")
        );
    }
}

#[test]
fn instances_are_fetched_once_a_few_at_a_time_and_without_secrets() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let mut all = published(&mock, 30);
    let gone = all.pop_first().unwrap();
    mock.state().gone.push(gone);
    let mut options = place.options(&mock);
    options.details = true;
    let (ended, told) = once(&options);
    assert_eq!(ended.unwrap().details, 29);
    assert!(told.contains(&Told::Details { done: 30, of: 30 }));
    assert_eq!(place.keys(EventKind::Alert), all);
    assert!(mock.state().at_once.1 <= 4);
    let row = &place.rows(EventKind::Alert)[0];
    assert!(
        row.document.contains("Digits=1") && !row.document.contains("secret-cookie"),
        "{}",
        row.document
    );

    mock.state().asked.clear();
    once(&options).0.unwrap();
    let asked = mock.state().asked.clone();
    assert_eq!(asked.len(), 2, "the list, and the one that is gone: {asked:?}");

    // For whoever looks at one.
    let place = Place::new();
    let sids = vec![all.first().unwrap().clone(), "../../secret".to_owned()];
    assert_eq!(pull::details(&place.options(&mock), sids.clone(), |_| {}).unwrap(), 1);
    assert_eq!(pull::details(&place.options(&mock), sids, |_| {}).unwrap(), 0);
}

#[test]
fn an_instance_that_twilio_cannot_give_keeps_no_other_away() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let mut all = published(&mock, 20);
    mock.state().page = 6;
    let broken = all.pop_first().unwrap();
    mock.state().broken.push(broken.clone());
    let mut options = place.options(&mock);
    options.details = true;
    options.follow = Some(Duration::from_secs(10));
    mock.state().until = NOON + 2 * MINUTE;
    let told = follow(&mock, &options, |_| {}).unwrap();
    assert!(
        !told.iter().any(|t| matches!(t, Told::CompleteUpTo(_))),
        "it is not complete: {told:?}"
    );
    assert!(format!("{told:?}").contains("failed to give entry NO"), "{told:?}");
    assert_eq!(place.keys(EventKind::Alert), all);
    assert_eq!(place.keys(EventKind::AlertListed).len(), 20);
    // It comes as soon as Twilio can.
    mock.state().broken.clear();
    mock.state().until += 5 * MINUTE;
    follow(&mock, &options, |_| {}).unwrap();
    all.insert(broken);
    assert_eq!(place.keys(EventKind::Alert), all);
}

#[test]
fn a_running_follower_fetches_what_is_asked_for_and_stops() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let sid = published(&mock, 3).pop_first().unwrap();
    mock.state().until = NOON + 5000;
    let mut options = place.options(&mock);
    options.follow = Some(Duration::from_secs(10));
    let (tell, told) = std::sync::mpsc::channel();
    let running = pull::start(options, move |t| tell.send(t).unwrap()).unwrap();
    assert!(told.iter().any(|t| t == Told::Done { new: 3, known: 0 }));
    running.fetch_details(vec![sid.clone()]);
    assert!(told.iter().any(|t| t == Told::Details { done: 1, of: 1 }));
    assert!(!running.is_finished());
    running.stop().unwrap();
    assert_eq!(place.keys(EventKind::Alert), BTreeSet::from([sid]));
}

fn notification(n: u32) -> serde_json::Value {
    json!({"sid": format!("NO{n:032x}"), "account_sid": ACCOUNT, "call_sid": CALL, "log": "0", "error_code": "11200",
        "message_text": "Msg=x", "message_date": "Mon, 02 Mar 2026 11:00:00 +0000", "request_url": "https://a/voice"})
}

fn event(n: u32) -> serde_json::Value {
    json!({"request": {"method": "POST", "url": "https://a/voice", "parameters": {}},
        "response": {"response_code": 500, "request_duration": n, "date_created": "Mon, 02 Mar 2026 11:00:00 +0000"}})
}

#[test]
fn a_call_is_fetched_whole_and_known_again() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    {
        let mut state = mock.state();
        state.notifications = (1..=5).map(notification).collect();
        // Two of them are equal in all that Twilio says.
        state.events = [1, 2, 2, 3, 4].map(event).to_vec();
        state.page = 3;
    }
    let mut options = place.options(&mock);
    options.call = Some(CALL.to_owned());
    let (ended, _) = once(&options);
    assert_eq!(ended.map(|t| (t.new, t.details)).unwrap(), (10, 5));
    assert_eq!(place.rows(EventKind::NotificationListed).len(), 5);
    assert_eq!(place.rows(EventKind::Notification).len(), 5);
    let events = place.rows(EventKind::CallEvent);
    assert_eq!(events.len(), 5);
    assert!(
        events
            .iter()
            .all(|e| e.call.as_deref() == Some(CALL) && e.code.as_deref() == Some("11200"))
    );
    // One more came, and the list is turned round.
    mock.state().events.push(event(5));
    mock.state().events.reverse();
    let (again, _) = once(&options);
    assert_eq!(again.map(|t| (t.new, t.details)).unwrap(), (1, 0));

    mock.state().events.clear();
    let (_, told) = once(&options);
    assert!(
        format!("{told:?}").contains("15 minutes after the call has ended"),
        "{told:?}"
    );
    options.call = Some(CALL.replace("CA1", "CA2"));
    let fault = once(&options).0.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Missing);
    assert!(fault.text.contains("no notifications of call CA2"), "{fault}");
}

/// What is tried again, and how long was waited for it.
#[test]
fn faults_that_pass_are_waited_for() {
    let page = "<!DOCTYPE html><title>502 Bad Gateway</title>";
    let answer = |status, head: &str, body: &str| Fault::Answer(status, head.to_owned(), body.to_owned());
    let cases = [
        (answer(429, "Retry-After: 7\r\n", ""), 7000..=7000, "too many requests"),
        (
            answer(429, "Retry-After: Mon, 02 Mar 2026 12:00:20 GMT\r\n", ""),
            20_000..=20_000,
            "too many requests",
        ),
        (answer(429, "", "{\"code\":20429}"), 500..=1000, "error 20429"),
        (answer(500, "", "{\"message\":\"oh\"}"), 500..=1000, "“oh”"),
        (
            answer(503, "Retry-After: 3\r\n", page),
            3000..=3000,
            "status.twilio.com",
        ),
        (
            answer(200, "Content-Type: text/html\r\n", page),
            500..=1000,
            "HTML (“502 Bad Gateway”)",
        ),
        (answer(200, "", "{\"alerts\":[{]}"), 500..=1000, "cannot be read"),
        (answer(200, "", "{\"calls\":[]}"), 500..=1000, "it has no `alerts`"),
        (Fault::Cut, 500..=1000, "before its answer was whole"),
        (Fault::Closed, 500..=1000, "before its answer was whole"),
        (Fault::Hang, 500..=1000, "within 30 s"),
    ];
    for (fault, wait, words) in cases {
        let (mock, place) = (Mock::start(NOON), Place::new());
        let all = published(&mock, 10);
        mock.state().page = 4;
        // In the middle of the walk.
        mock.state().faults.extend([None, Some(fault.clone())]);
        let (ended, told) = once(&place.options(&mock));
        ended.unwrap_or_else(|f| panic!("{fault:?}: {f}"));
        let text = troubles(&told).join("\n");
        assert!(text.contains(words), "{fault:?}: {text}");
        assert!(told.contains(&Told::Well), "{fault:?}: {told:?}");
        let slept: Vec<u128> = mock.state().slept.iter().map(Duration::as_millis).collect();
        assert!(slept.len() == 1 && wait.contains(&slept[0]), "{fault:?}: {slept:?}");
        assert_eq!(place.keys(EventKind::AlertListed), all, "{fault:?}");
    }
}

#[test]
fn a_fault_that_stays_ends_the_walk_and_is_said() {
    let answer = |status, head: &str, body: &str| Fault::Answer(status, head.to_owned(), body.to_owned());
    let cases = [
        (
            answer(401, "", "{\"code\":20003,\"message\":\"Authenticate\"}"),
            1,
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN of",
        ),
        (answer(403, "", ""), 1, "may not read alerts"),
        (answer(404, "", ""), 1, "has no alerts (404)"),
        (answer(400, "", "{\"message\":\"bad date\"}"), 1, "does not understand"),
        (
            answer(302, "Location: https://evil.example/v1/Alerts\r\n", ""),
            1,
            "not followed",
        ),
        (answer(429, "Retry-After: 3600\r\n", ""), 1, "asked again in 3600 s"),
        (answer(429, "", ""), 6, "too many requests"),
        (answer(500, "", ""), 6, "failed to give alerts"),
        (answer(200, "", "<html>"), 3, "instead of JSON"),
        (Fault::Hang, 3, "no answer"),
    ];
    for (fault, attempts, words) in cases {
        let (mock, place) = (Mock::start(NOON), Place::new());
        mock.state().faults.extend(vec![Some(fault.clone()); 20]);
        let (ended, told) = once(&place.options(&mock));
        let text = ended.unwrap_err().to_string();
        assert!(text.contains(words), "{fault:?}: {text}");
        assert_eq!(mock.state().asked.len(), attempts, "{fault:?}");
        assert_eq!(troubles(&told).len(), attempts - 1, "{fault:?}: {told:?}");
        let slept = mock.state().slept.clone();
        assert!(slept.is_sorted_by(|a, b| *a <= *b * 2), "{fault:?}: {slept:?}");
        assert!(!format!("{told:?} {text}").contains(TOKEN), "{fault:?}");
    }
}

#[test]
fn a_follower_outlives_what_passes_and_gives_up_what_does_not() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let mut options = place.options(&mock);
    options.follow = Some(Duration::from_secs(10));
    let wrong = Fault::Answer(401, String::new(), String::new());
    mock.state().faults.push_back(Some(wrong.clone()));
    let fault = follow(&mock, &options, |_| {}).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Login);
    // Once it has worked, it may work again.
    {
        let mut state = mock.state();
        state.until = state.now + HOUR;
        state.faults.push_back(None);
        let down = Fault::Answer(500, String::new(), String::new());
        state.faults.extend(vec![Some(wrong); 3]);
        state.faults.extend(vec![Some(down); 20]);
        let now = state.now;
        state.publish(now + MINUTE, now + MINUTE);
    }
    let told = follow(&mock, &options, |_| {}).unwrap();
    assert!(troubles(&told).len() >= 20, "{told:?}");
    let last_trouble = told.iter().rposition(|t| matches!(t, Told::Trouble { .. })).unwrap();
    assert_eq!(told[last_trouble + 1], Told::Well);
    assert_eq!(place.keys(EventKind::AlertListed).len(), 1);
    let waits = mock.state().slept.iter().max().copied().unwrap();
    assert!(waits <= Duration::from_secs(300), "{waits:?}");
}

#[test]
fn links_lead_nowhere_else() {
    let cases = [
        ("https://evil.example", None),
        ("//evil.example", None),
        ("https://monitor.twilio.com/v2", Some("leads out of the list")),
    ];
    for (host, fails) in cases {
        let (mock, place) = (Mock::start(NOON), Place::new());
        published(&mock, 10);
        mock.state().page = 4;
        mock.state().link_host = host.to_owned();
        let (ended, _) = once(&place.options(&mock));
        match fails {
            None => assert_eq!(ended.unwrap().new, 10, "{host}"),
            Some(words) => {
                let text = ended.unwrap_err().to_string();
                assert!(text.contains(words), "{host}: {text}");
            }
        }
    }
    // A list whose second page is its first.
    let (mock, place) = (Mock::start(NOON), Place::new());
    let page = |next: &str| {
        let body = json!({"alerts": [], "meta": {"next_page_url": next}}).to_string();
        Some(Fault::Answer(200, String::new(), body))
    };
    let next = "/v1/Alerts?Page=1";
    mock.state().faults.extend([page(next), page(next)]);
    let text = once(&place.options(&mock)).0.unwrap_err().to_string();
    assert!(text.contains("back to a page that was read"), "{text}");
}

#[test]
fn nobody_there_and_no_tls() {
    let mock = Mock::start(NOON);
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (format!("http://{free}"), FaultKind::Unreachable, "nothing listens on"),
        (mock.url.replace("http", "https"), FaultKind::Tls, "speaks plain http"),
    ];
    for (base, kind, words) in cases {
        let mut options = place.options(&mock);
        options.base = Base::fixed(&base).unwrap();
        let fault = once(&options).0.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.text.contains(words), "{fault}");
    }
    assert!(mock.state().asked.is_empty());
}

#[test]
fn odd_entries_are_kept_and_do_not_stop_the_walk() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    let odd = json!({"alerts": [5, null, {}, {"sid": 7}, {"sid": "a/b", "alert_text": null, "log_level": "log_level"},
        {"sid": "NO1", "date_generated": "yesterday", "error_code": {}, "resource_sid": "\u{1b}[31m"}], "meta": {}});
    mock.state()
        .faults
        .push_back(Some(Fault::Answer(200, String::new(), odd.to_string())));
    let mut options = place.options(&mock);
    options.details = true;
    let tally = once(&options).0.unwrap();
    assert_eq!((tally.new, tally.details), (4, 0));
}

// The program itself, on the real clock.

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn program(mock: &Mock, place: &Place, args: &str) -> Redial {
    redial(args.split_whitespace())
        .env("REDIAL_API_BASE", &mock.url)
        .env("REDIAL_STORE", place.store().to_str().unwrap())
        .env("TWILIO_ACCOUNT_SID", ACCOUNT)
        .env("TWILIO_AUTH_TOKEN", TOKEN)
}

#[test]
fn the_program_says_what_it_fetched() {
    let (mock, place) = (Mock::start(now()), Place::new());
    let all = published(&mock, 12);
    mock.state().page = 5;
    let ran = program(&mock, &place, "pull --since 1h").run().exits(0);
    assert!(ran.err.contains("12 new events fetched into"), "{}", ran.err);
    assert!(ran.err.contains("; complete up to 2"), "{}", ran.err);
    assert!(
        !(ran.err + &ran.out).contains(TOKEN) && !ran.out.is_empty(),
        "{}",
        ran.out
    );
    assert_eq!(place.keys(EventKind::AlertListed), all);
    let ran = program(&mock, &place, "pull --details --json").run().exits(0);
    let line = &ran.of("pull")[0];
    assert_eq!(
        (&line["new"], &line["known"], &line["details"]),
        // What is told alike is one finding, for which one request was fetched the first time.
        (&json!(0), &json!(12), &json!(11))
    );
    assert_eq!(ran.of("summary").len(), 1);
}

#[test]
fn a_long_walk_says_how_far_it_is() {
    let (mock, place) = (Mock::start(NOON), Place::new());
    published(&mock, 205);
    mock.state().page = 1;
    let (ended, told) = once(&place.options(&mock));
    assert_eq!(ended.unwrap().new, 205);
    let notes: Vec<_> = told
        .iter()
        .filter_map(|t| match t {
            Told::Note(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        notes,
        [
            "100 pages fetched, 100 events so far; it goes on",
            "200 pages fetched, 200 events so far; it goes on"
        ]
    );
}

#[test]
fn a_follower_that_may_not_says_so_once() {
    let (mock, place) = (Mock::start(now()), Place::new());
    let ran = program(&mock, &place, "pull --follow --json")
        .env("TWILIO_AUTH_TOKEN", "wrong")
        .run()
        .exits(2);
    assert_eq!(ran.err.matches("error 20003").count(), 1, "{}", ran.err);
}

#[test]
fn the_program_says_what_is_wrong() {
    let (mock, place) = (Mock::start(now()), Place::new());
    let whole = |args: &str| program(&mock, &place, args);
    let unknown = format!("pull --call {}", CALL.replace("CA1", "CA2"));
    let cases = [
        (redial(["pull"]), 2, "set TWILIO_ACCOUNT_SID and TWILIO_API_KEY"),
        (
            whole("pull").env("TWILIO_AUTH_TOKEN", "wrong"),
            2,
            "error 20003, “Authenticate”",
        ),
        (whole(&unknown), 4, "no notifications of call CA2"),
        (whole("pull --call CA12"), 2, "CA and 32 hex digits"),
        (whole("pull --since soon"), 2, "--since soon: not a time"),
        (whole("pull --since 1h --until 2h"), 2, "nothing lies between"),
        (
            whole("pull --since 2026-03-02 --until 2026-03-01"),
            2,
            "nothing lies between --since 2026-03-02",
        ),
        (whole("pull --follow --interval 0s"), 2, "between 1s and 1d"),
        (whole("pull --follow --until 1h"), 2, "cannot be used with"),
        (whole("pull").env("REDIAL_API_BASE", "http://10.1.2.3"), 2, "use https"),
        (
            whole("pull")
                .env("REDIAL_API_BASE", "")
                .env("TWILIO_EDGE", "evil.example/"),
            2,
            "TWILIO_EDGE is",
        ),
        (
            whole("pull").env("REDIAL_STORE", "/proc/nowhere/store.db"),
            2,
            "/proc/nowhere",
        ),
    ];
    for (run, code, words) in cases {
        let ran = run.run().exits(code);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.contains(TOKEN), "{}", ran.err);
    }
}

/// Lines of standard error until one has these words.
#[cfg(unix)]
fn until(lines: &mut impl Iterator<Item = std::io::Result<String>>, words: &str) -> String {
    let mut all = String::new();
    for line in lines {
        let line = line.unwrap();
        all += &line;
        all.push('\n');
        if line.contains(words) {
            return all;
        }
    }
    panic!("no `{words}` in {all}");
}

#[cfg(unix)]
#[test]
fn a_follower_that_was_killed_has_lost_nothing_and_one_that_is_told_to_ends_well() {
    use rustix::process::{Pid, Signal, kill_process};
    let (mock, place) = (Mock::start(now()), Place::new());
    let all = published(&mock, 60);
    mock.state().page = 7;
    for kill_at in [1, 4, 8] {
        mock.state().asked.clear();
        mock.state().kill_at = Some((kill_at, kill_at % 2 == 0));
        let (mut child, _config) = program(&mock, &place, "pull --follow").spawn(Stdio::null());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(mock.killed.notified());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    mock.state().kill_at = None;
    let (mut child, _config) = program(&mock, &place, "pull --follow").spawn(Stdio::null());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    until(&mut lines, "complete up to");
    assert_eq!(place.keys(EventKind::AlertListed), all);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
