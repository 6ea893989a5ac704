//! `--resume`: where the last run stopped, whatever ended it.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use tempfile::TempDir;

use super::{Run, append, error, start};
use crate::support::{Redial, redial, text};

/// A log, and a state folder that outlives a run.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn add(&self, text: &str) {
        append(&self.log(), text);
    }

    fn run(&self, options: &[&str]) -> Run {
        let command = redial(["errors", "-f", "--json"]).arg(self.log());
        let command = options.iter().fold(command, Redial::arg);
        start(command.env("XDG_STATE_HOME", self.folder.path().join("state").to_str().unwrap()))
    }

    /// The one checkpoint that was written.
    fn checkpoint(&self) -> PathBuf {
        let folder = self.folder.path().join("state/redial/follow");
        let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

#[test]
fn only_what_is_new() {
    let place = Place::new();
    place.add(&error(1));
    // The first run may ask too: there is nothing to go on from.
    let mut run = place.run(&["--resume"]);
    run.finding(1);
    place.add(&error(2));
    run.finding(2);
    // Shown, but not whole: the next run reads it again.
    place.add(error(3).trim_end());
    run.finding(3);
    run.stop().finds(&[1, 2, 3]);
    place.add(&("\n".to_owned() + &error(4)));
    let mut run = place.run(&["--resume"]);
    let found = run.finding(4);
    assert_eq!(found["source"]["line"], 4);
    let ended = run.stop();
    ended.finds(&[3, 4]);
    assert_eq!(ended.summary()["lines"], 2);
    // Nothing more is there.
    fs::rename(place.log(), place.folder.path().join("app.log.1")).unwrap();
    append(&place.folder.path().join("app.log.1"), &error(5));
    place.add(&error(6));
    let mut run = place.run(&["--resume"]);
    run.finding(6);
    run.stop().finds(&[5, 6]);
    // Without being asked, everything.
    let mut run = place.run(&[]);
    run.finding(6);
    run.stop().finds(&[6]);
}

#[test]
fn a_kill_loses_nothing() {
    let place = Place::new();
    let mut last = 0;
    let mut first = true;
    for _ in 0..6 {
        let mut run = place.run(&["--resume"]);
        for _ in 0..3 {
            last += 1;
            place.add(&error(last));
            run.finding(last);
        }
        run.signal(Signal::KILL);
        let ended = run.rest();
        let found: Vec<u32> = ended
            .of("finding")
            .iter()
            .map(|f| u32::from_str_radix(text(f, "call"), 16).unwrap())
            .collect();
        // Some may come again, in order; none is left out.
        let from = found[0];
        assert!(from <= last - 2 && (!first || from == 1), "{found:?}");
        assert_eq!(found, (from..=last).collect::<Vec<u32>>());
        first = false;
    }
}

#[test]
fn a_damaged_checkpoint_is_told() {
    let place = Place::new();
    place.add(&error(1));
    let mut run = place.run(&[]);
    run.finding(1);
    run.stop();
    fs::write(place.checkpoint(), "{\"version\": 1, \"files\": [").unwrap();
    let mut run = place.run(&["--resume"]);
    run.says("the checkpoint is damaged");
    run.finding(1);
    run.stop().finds(&[1]);
    // It has been written anew.
    let mut run = place.run(&["--resume"]);
    place.add(&error(2));
    run.finding(2);
    run.stop().finds(&[2]);
}

#[test]
fn files_that_are_gone_or_others_now() {
    let place = Place::new();
    place.add(&error(1));
    let mut run = place.run(&[]);
    run.finding(1);
    run.stop();
    fs::remove_file(place.log()).unwrap();
    let mut run = place.run(&["--resume"]);
    run.says("app.log: is not there yet; waiting for it");
    place.add(&error(2));
    run.finding(2);
    let ended = run.stop();
    ended.finds(&[2]);
    assert!(ended.err.contains("begins from the beginning"), "{}", ended.err);
    // Gone and never back.
    fs::remove_file(place.log()).unwrap();
    let mut run = place.run(&["--resume"]);
    run.says("waiting for it");
    run.stop().finds(&[]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_once() {
    let place = Place::new();
    place.add(&error(1));
    // A file stands where the folder should.
    fs::write(place.folder.path().join("state"), "").unwrap();
    let mut run = place.run(&[]);
    run.finding(1);
    run.says("will not know where this run stopped");
    place.add(&error(2));
    run.finding(2);
    let ended = run.stop();
    ended.finds(&[1, 2]);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
}

#[test]
fn there_must_be_something_to_go_on_in() {
    let ran = redial(["errors", "-f", "--resume", "-"]).run().exits(2);
    assert!(ran.err.contains("--resume"), "{}", ran.err);
}
