//! `-f FILES`: every way in which a file may change, told once.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{ANSWER, CALL, REQUEST, Run, append, error, start};
use crate::support::{Redial, redial, text};

/// A folder of logs, and the program that follows something in it.
struct Logs {
    folder: TempDir,
}

impl Logs {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn add(&self, name: &str, text: &str) {
        append(&self.at(name), text);
    }

    fn errors(&self, names: &[&str]) -> Run {
        let command = redial(["errors", "-f", "--json"]);
        start(names.iter().fold(command, |c, n| c.arg(self.at(n))))
    }
}

#[test]
fn what_was_there_and_then_what_is_added() {
    let logs = Logs::new();
    logs.add("app.log", &error(1));
    let mut run = logs.errors(&["app.log"]);
    run.finding(1);
    logs.add("app.log", &error(2));
    let found = run.finding(2);
    assert_eq!(
        (&found["source"]["line"], &found["source"]["byte"]),
        (&2.into(), &error(1).len().into())
    );
    logs.add("app.log", &(error(3) + &error(4)));
    run.finding(4);
    let ended = run.stop();
    ended.finds(&[1, 2, 3, 4]);
    let summary = ended.summary();
    assert_eq!((&summary["lines"], &summary["errors"]), (&4.into(), &4.into()));
    assert_eq!((&summary["inputs"], &summary["calls"]), (&1.into(), &4.into()));
    assert_eq!(ended.err, "");
}

#[test]
fn through_a_rename_a_copy_and_a_new_file() {
    let logs = Logs::new();
    let path = logs.at("app.log");
    logs.add("app.log", &error(1));
    let mut run = logs.errors(&["app.log"]);
    run.finding(1);
    // Whoever writes has the old file open for a while.
    fs::rename(&path, logs.at("app.log.1")).unwrap();
    logs.add("app.log.1", &error(2));
    run.finding(2);
    logs.add("app.log", "");
    logs.add("app.log", &error(3));
    run.finding(3);
    fs::copy(&path, logs.at("app.log.2")).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    logs.add("app.log", &error(4));
    run.finding(4);
    fs::remove_file(&path).unwrap();
    logs.add("app.log", &error(5));
    run.finding(5);
    let ended = run.stop();
    ended.finds(&[1, 2, 3, 4, 5]);
    assert_eq!(ended.summary()["lines"], 5);
    // A rotation is no news.
    assert_eq!(ended.err, "");
}

#[test]
fn a_file_that_is_not_there_yet() {
    let logs = Logs::new();
    let mut run = logs.errors(&["app.log"]);
    run.says("app.log: is not there yet; waiting for it");
    logs.add("app.log", &error(1));
    run.finding(1);
    fs::remove_file(logs.at("app.log")).unwrap();
    logs.add("app.log", &error(2));
    run.finding(2);
    let ended = run.stop();
    ended.finds(&[1, 2]);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
}

#[test]
fn files_that_appear_in_a_folder_and_several_at_once() {
    let logs = Logs::new();
    fs::create_dir(logs.at("logs")).unwrap();
    logs.add("logs/a.log", &error(1));
    logs.add("b.log", &error(2));
    let mut run = logs.errors(&["logs", "b.log"]);
    let first = run.next("finding");
    let second = run.next("finding");
    assert_ne!(first["call"], second["call"]);
    logs.add("logs/c.log", &error(3));
    run.finding(3);
    fs::create_dir(logs.at("logs/deep")).unwrap();
    logs.add("logs/deep/d.log", &error(4));
    run.finding(4);
    logs.add("b.log", &error(5));
    let found = run.finding(5);
    assert!(text(&found["source"], "path").ends_with("/b.log"), "{found}");
    logs.add("logs/a.log", &error(6));
    run.finding(6);
    let ended = run.stop();
    assert_eq!(ended.of("finding").len(), 6);
    assert_eq!(
        (&ended.summary()["inputs"], &ended.summary()["lines"]),
        (&4.into(), &6.into())
    );
}

#[test]
fn a_line_without_its_end_is_shown_after_a_while_and_once() {
    let logs = Logs::new();
    let line = error(1);
    logs.add("app.log", line.trim_end());
    let mut run = logs.errors(&["app.log"]);
    run.finding(1);
    logs.add("app.log", &("\n".to_owned() + &error(2)));
    run.finding(2);
    logs.add("app.log", error(3).trim_end());
    run.finding(3);
    let ended = run.stop();
    ended.finds(&[1, 2, 3]);
    // The last one too, though its end never came.
    assert_eq!(ended.summary()["lines"], 3);
    assert_eq!(ended.summary()["errors"], 3);
}

#[test]
fn a_request_that_is_answered_after_the_rotation() {
    let logs = Logs::new();
    logs.add("app.log", REQUEST);
    let mut run = start(redial(["show", CALL, "-f", "--json"]).arg(logs.at("app.log")));
    let call = run.next("call");
    assert_eq!((&call["requests"], &call["call"]), (&1.into(), &CALL.into()));
    fs::rename(logs.at("app.log"), logs.at("app.log.1")).unwrap();
    logs.add("app.log", ANSWER);
    let request = run.next("request");
    assert_eq!(
        (&request["outcome"], &request["response"]["ms"]),
        (&"ok".into(), &200.into())
    );
    let ended = run.stop();
    assert_eq!(
        (ended.of("request").len(), ended.summary()["requests"].as_u64()),
        (1, Some(1))
    );
}

#[test]
fn a_call_that_comes_later() {
    let logs = Logs::new();
    logs.add("app.log", &error(1));
    let mut run = start(redial(["show", CALL, "-f", "--json"]).arg(logs.at("app.log")));
    run.says("waiting for it");
    logs.add("app.log", &(error(2) + REQUEST + ANSWER));
    assert_eq!(run.next("request")["call"], CALL);
    let ended = run.stop();
    // Nothing of the others.
    ended.finds(&[]);
    assert_eq!(
        (&ended.summary()["calls"], &ended.summary()["lines"]),
        (&1.into(), &4.into())
    );
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
}

#[test]
fn a_line_of_a_call_comes_again_when_it_says_something_else() {
    let logs = Logs::new();
    logs.add("app.log", REQUEST);
    let mut run = start(redial(["calls", "-f", "--json"]).arg(logs.at("app.log")));
    let first = run.next("call");
    assert_eq!((&first["requests"], &first["errors"]), (&1.into(), &0.into()));
    let broken = error(1).replace(&super::call(1), CALL);
    logs.add("app.log", &broken);
    let again = run.next("call");
    assert_eq!((&again["call"], &again["errors"]), (&first["call"], &1.into()));
    logs.add("app.log", &error(2));
    assert_eq!(run.next("call")["call"], super::call(2));
    let ended = run.stop();
    // At the end the first call says too that nobody answered its request.
    assert_eq!((ended.of("call").len(), &ended.summary()["calls"]), (4, &2.into()));
    assert_eq!(ended.of("call")[3]["errors"], 2);
}

/// Runs with options on three errors, of which the last two are added live.
fn narrowed(options: &[&str], code: i32) -> super::Ended {
    let logs = Logs::new();
    logs.add("app.log", &error(1));
    let run = redial(["errors", "-f", "--json"]);
    let run = options.iter().fold(run, Redial::arg);
    let mut run = start(run.arg(logs.at("app.log")));
    logs.add("app.log", &(error(2) + &error(3)));
    run.finding(3);
    run.signal(rustix::process::Signal::INT);
    run.ends(code)
}

#[test]
fn what_narrows_the_view() {
    let third = super::call(3);
    narrowed(&["--since", "2013-02-19T15:07:03Z"], 0).finds(&[3]);
    narrowed(&["--call", &third], 0).finds(&[3]);
    narrowed(&["--where", &format!("call = {third} and class = webhook-http")], 0).finds(&[3]);
    narrowed(&["--level", "error"], 0).finds(&[1, 2, 3]);
    narrowed(&["--fail"], 1).finds(&[1, 2, 3]);
}

#[test]
fn info_only_when_it_is_wanted() {
    let sample = crate::support::sample("tropo/outbound-debugger.log");
    let sample = String::from_utf8(sample).unwrap();
    let of = |options: &[&str]| {
        let logs = Logs::new();
        let run = options.iter().fold(redial(["errors", "-f", "--json"]), Redial::arg);
        let mut run = start(run.arg(logs.at("app.log")));
        logs.add("app.log", &sample);
        run.next("finding");
        run.stop()
            .of("finding")
            .iter()
            .filter(|f| f["severity"] == "info")
            .count()
    };
    assert_eq!(of(&[]), 0);
    assert!(of(&["--level", "info"]) > 0);
}

#[test]
fn nothing_that_fails_is_no_failure() {
    let logs = Logs::new();
    logs.add("app.log", &(REQUEST.to_owned() + ANSWER));
    let mut run = start(redial(["calls", "-f", "--json"]).arg(logs.at("app.log")));
    run.next("call");
    run.stop();
    let run = start(redial(["errors", "-f", "--json", "--fail"]).arg(logs.at("none.log")));
    let mut run = run;
    run.says("none.log");
    run.stop();
}

#[test]
fn what_cannot_be_read_is_told() {
    let logs = Logs::new();
    fs::create_dir(logs.at("pipe")).unwrap();
    let fifo = logs.at("pipe/fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        Path::new(&fifo),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    let mut run = logs.errors(&["pipe/fifo", "app.log"]);
    run.says("is not a regular file");
    run.says("app.log: is not there yet");
    logs.add("app.log", &error(1));
    run.finding(1);
    run.stop().finds(&[1]);
}

#[test]
fn what_could_not_be_understood_is_listed_at_the_end() {
    let logs = Logs::new();
    logs.add("app.log", &(error(1) + "this is no line of any log\n"));
    let command = redial(["errors", "-f", "--json", "--unparsed"]);
    let mut run = start(command.arg(logs.at("app.log")));
    run.finding(1);
    logs.add("app.log", &error(2));
    run.finding(2);
    let ended = run.stop();
    ended.finds(&[1, 2]);
    assert_eq!(
        ended.of("unparsed").len() as u64,
        ended.summary()["unparsed"].as_u64().unwrap()
    );
    assert_eq!(ended.of("unparsed")[0]["source"]["line"], 2);
}
