//! Standard input and the store with `-f`, how a run ends, and what only time tells.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use redial::live::{self, News, Plan};
use redial::model::{Outcome, Time};
use redial::store::{EventKind, NewEvent, Origin, Store};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{ANSWER, REQUEST, append, error, start};
use crate::support::{redial, sample};

#[test]
fn standard_input_ends_the_run_with_it() {
    let mut run = start(redial(["errors", "-f", "--json"]));
    run.write(&error(1));
    run.finding(1);
    run.write(error(2).trim_end());
    run.finding(2);
    run.write("\n");
    drop(run.stdin.take());
    let ended = run.ends(0);
    ended.finds(&[1, 2]);
    assert_eq!(ended.summary()["lines"], 2);
}

#[test]
fn standard_input_beside_a_file() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &error(1));
    let mut run = start(redial(["errors", "-f", "--json", "-"]).arg(&log));
    run.finding(1);
    run.write(&error(2));
    run.finding(2);
    append(&log, &error(3));
    run.finding(3);
    drop(run.stdin.take());
    // The file goes on.
    append(&log, &error(4));
    run.finding(4);
    let ended = run.stop();
    ended.finds(&[1, 2, 3, 4]);
    assert_eq!(
        (&ended.summary()["inputs"], &ended.summary()["lines"]),
        (&2.into(), &4.into())
    );
}

/// A debugger event as Twilio sent it, of a message of its own.
pub(super) fn debugger(n: u32) -> String {
    let form = sample("tests/data/shapes/twilio/debugger-11200-sms-total-timeout.form");
    let form = String::from_utf8(form).unwrap();
    let sid = regex::Regex::new("NO[0-9a-f]{32}").unwrap();
    let form = sid.replace_all(form.trim_end(), format!("NO{n:032x}"));
    form.replace("SMf14f53d739369e083ca0527f2cab37f4", &message(n))
}

pub(super) fn message(n: u32) -> String {
    format!("SM{n:032x}")
}

pub(super) fn keep(path: &Path, n: u32) {
    let event = NewEvent {
        key: format!("NO{n:032x}"),
        kind: EventKind::Debugger,
        source: Origin::Listen,
        received: Time(1_772_452_800_000),
        at: None,
        call: Some(message(n)),
        level: Some("error".to_owned()),
        code: Some("11200".to_owned()),
        note: None,
        document: debugger(n),
    };
    Store::open(path).unwrap().append(&[event]).unwrap();
}

#[test]
fn the_store_while_another_process_fills_it() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let command = redial(["errors", "-f", "--json", "store"]);
    // It need not be there yet.
    let mut run = start(command.env("REDIAL_STORE", store.to_str().unwrap()));
    for n in 1..4 {
        keep(&store, n);
        let found = run.next("finding");
        assert_eq!((&found["call"], &found["code"]), (&message(n).into(), &"11200".into()));
        assert_eq!(found["source"]["line"], n);
    }
    let ended = run.stop();
    assert_eq!((ended.of("finding").len(), &ended.summary()["lines"]), (3, &3.into()));
}

#[test]
fn any_signal_that_ends_a_program_ends_it_in_order() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &error(1));
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut run = start(redial(["errors", "-f", "--json"]).arg(&log));
        run.finding(1);
        run.signal(signal);
        run.ends(0).finds(&[1]);
    }
}

#[test]
fn a_reader_that_is_gone_ends_it_though_nothing_is_printed() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &error(1));
    for json in [true, false] {
        let command = redial(["errors", "-f"]).arg(&log);
        let command = if json { command.arg("--json") } else { command };
        let (mut child, _config) = command.spawn(Stdio::piped());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
    }
}

#[test]
fn text_for_people() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    append(&log, &error(1));
    let (mut child, _config) = redial(["errors", "-f"]).arg(&log).spawn(Stdio::piped());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("500") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "{text}");
    }
    append(&log, &error(2));
    while !text.contains(&super::call(2)[20..]) {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "{text}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    out.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let last = text.trim_end().lines().last().unwrap();
    assert!(last.starts_with("2 lines"), "{text}");
}

/// Takes what is told until something is so.
fn take(
    intake: &mut live::Intake<'_>,
    news: &mut tokio::sync::mpsc::Receiver<News>,
    now: Time,
    so: impl Fn(&mut live::Intake<'_>) -> bool,
) {
    while !so(intake) {
        intake.take(news.blocking_recv().unwrap(), now, true);
    }
}

#[test]
fn a_request_that_nobody_answers_is_told_by_time_alone() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    fs::write(&log, error(1)).unwrap();
    let plan = Plan {
        names: vec![log.clone()],
        follow: true,
        ..Plan::default()
    };
    let engine = std::sync::Arc::new(redial::filter::Engine::new(redial::filter::builtin::packs()));
    let (mut intake, mut news) = live::start(plan, &engine).unwrap();
    let begun = 1_000_000;
    take(&mut intake, &mut news, Time(begun), |i| i.caught_up());
    append(&log, REQUEST);
    take(&mut intake, &mut news, Time(begun), |i| i.lines() == 2);
    let outcome = |i: &mut live::Intake<'_>| i.look(|s| (s.calls.exchanges[0].outcome, s.calls.touched.len()));
    intake.tick(Time(begun + 14_999));
    assert_eq!(outcome(&mut intake).0, Outcome::Unknown);
    intake.tick(Time(begun + 15_000));
    assert_eq!(outcome(&mut intake), (Outcome::NoReply, 1));
    // Nothing has changed since.
    intake.tick(Time(begun + 16_000));
    assert_eq!(outcome(&mut intake), (Outcome::NoReply, 0));
    append(&log, ANSWER);
    take(&mut intake, &mut news, Time(begun + 17_000), |i| i.lines() == 3);
    assert_eq!(outcome(&mut intake), (Outcome::Ok, 1));
    intake.end(news);
}

#[test]
fn a_request_that_was_there_before_waits_from_the_beginning_of_the_run() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    fs::write(&log, REQUEST).unwrap();
    let plan = Plan {
        names: vec![log],
        follow: true,
        ..Plan::default()
    };
    let engine = std::sync::Arc::new(redial::filter::Engine::new(redial::filter::builtin::packs()));
    let (mut intake, mut news) = live::start(plan, &engine).unwrap();
    take(&mut intake, &mut news, Time(1_000_000), |i| i.caught_up());
    let outcome = |i: &mut live::Intake<'_>| i.look(|s| s.calls.exchanges[0].outcome);
    intake.tick(Time(1_000_000));
    assert_eq!(outcome(&mut intake), Outcome::Unknown);
    intake.tick(Time(1_015_000));
    assert_eq!(outcome(&mut intake), Outcome::NoReply);
    intake.end(news);
}
