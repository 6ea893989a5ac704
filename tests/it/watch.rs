//! `--watch` with the real program: red, a change, green; a port that comes back; an end by the user.
//!
//! Files are changed until the program has ended: when it sees the first change is the system's matter.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::batch::{App, LIMIT, Mood, interrupt, terminate};
use crate::support::redial;

const PIZZA: &str = "samples/tropo/pizza-archive.log";
const IVR: &str = "tests/data/rehearsal/ivr-events.json";

/// The program while it watches.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    folder: TempDir,
    _config: TempDir,
}

fn watch(url: &str, args: &[&str]) -> Watching {
    watch_input(PIZZA, url, args)
}

/// The whole call of a recording.
fn watch_call(url: &str, args: &[&str]) -> Watching {
    let call = ["--call", "CA0c1d", "--follow-answers"];
    watch_input(IVR, url, &[&call, args].concat())
}

fn watch_input(input: &str, url: &str, args: &[&str]) -> Watching {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("app.js"), "// broken").unwrap();
    let run = redial(
        ["replay", input, "--to", url, "--watch", folder.path().to_str().unwrap()]
            .iter()
            .chain(args),
    );
    let (mut child, config) = run.spawn(Stdio::piped());
    let out = BufReader::new(child.stdout.take().unwrap());
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    Watching {
        child,
        lines,
        seen: Vec::new(),
        folder,
        _config: config,
    }
}

impl Watching {
    /// Until a line holds this.
    #[track_caller]
    fn sees(&mut self, what: &str) {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => {
                    let found = line.contains(what);
                    self.seen.push(line);
                    if found {
                        return;
                    }
                }
                Err(e) => panic!("no `{what}` ({e}) in {:#?}", self.seen),
            }
        }
    }

    /// Waits for the end, and changes a file meanwhile; code, lines, standard error.
    #[track_caller]
    fn ends(mut self, touch: bool) -> (Option<i32>, Vec<String>, String) {
        let until = Instant::now() + LIMIT;
        let mut n = 0;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > until {
                let _ = self.child.kill();
                panic!("it does not end: {:#?}", self.seen);
            }
            if touch {
                touched(self.folder.path(), n);
                n += 1;
            }
            // Longer than the quiet that a round waits for.
            std::thread::sleep(Duration::from_millis(if touch { 700 } else { 10 }));
        };
        self.seen.extend(self.lines.iter());
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (status.code(), self.seen, err)
    }
}

fn touched(folder: &Path, n: usize) {
    std::fs::write(folder.join("app.js"), format!("// mended {n}")).unwrap();
}

#[test]
fn red_edit_green() {
    let app = App::new(Mood::Broken);
    let mut watching = watch(&app.url(), &[]);
    watching.sees("round 1: 3 of 3 requests red");
    app.turns(Mood::Well);
    let (code, lines, err) = watching.ends(true);
    assert_eq!(code, Some(0), "{lines:#?} {err}");
    assert_eq!(
        lines.iter().filter(|l| l.contains("red → green")).count(),
        3,
        "{lines:#?}"
    );
    assert!(
        lines.last().unwrap().starts_with("3 requests green after "),
        "{lines:#?}"
    );
    assert!(err.contains("watching ") && err.contains("3 requests of"), "{err}");
}

#[test]
fn green_at_once_is_the_end() {
    let app = App::new(Mood::Well);
    let (code, lines, err) = watch(&app.url(), &[]).ends(false);
    assert!(code == Some(0) && app.got().len() == 3, "{lines:#?} {err}");
}

#[test]
fn the_port_comes_back() {
    let port = {
        let app = App::new(Mood::Well);
        app.port
    };
    let mut watching = watch(&format!("http://127.0.0.1:{port}"), &[]);
    watching.sees("round 1: 3 of 3 requests red");
    let app = App::on(port, Mood::Well);
    let (code, lines, err) = watching.ends(false);
    assert!(code == Some(0) && app.got().len() == 3, "{lines:#?} {err}");
}

#[test]
fn a_mended_app_in_place_of_the_broken_one() {
    let broken = App::new(Mood::Broken);
    let port = broken.port;
    let mut watching = watch(&broken.url(), &[]);
    watching.sees("round 1: 3 of 3 requests red");
    drop(broken);
    // Longer than the program needs to see that nobody listens.
    std::thread::sleep(Duration::from_millis(1500));
    let app = App::on(port, Mood::Well);
    let (code, lines, err) = watching.ends(false);
    assert!(code == Some(0) && app.got().len() == 3, "{lines:#?} {err}");
}

#[test]
fn an_interrupt_says_what_is_still_red() {
    let app = App::new(Mood::Broken);
    let mut watching = watch(&app.url(), &[]);
    watching.sees("round 1: 3 of 3 requests red");
    interrupt(&watching.child);
    let (code, lines, _) = watching.ends(false);
    assert_eq!(code, Some(130), "{lines:#?}");
    let at = lines.iter().position(|l| l == "still red: 3 of 3 requests").unwrap();
    assert_eq!(lines.len(), at + 4, "{lines:#?}");
}

#[test]
fn who_ends_it_from_outside_is_told_the_same() {
    let app = App::new(Mood::Broken);
    let mut watching = watch(&app.url(), &[]);
    watching.sees("round 1: 3 of 3 requests red");
    terminate(&watching.child);
    let (code, lines, _) = watching.ends(false);
    assert_eq!(code, Some(143), "{lines:#?}");
    assert!(lines.iter().any(|l| l == "still red: 3 of 3 requests"), "{lines:#?}");

    let mut watching = watch(&app.url(), &["--json"]);
    for _ in 0..3 {
        watching.sees("\"replay\"");
    }
    terminate(&watching.child);
    let (code, lines, err) = watching.ends(false);
    assert_eq!(code, Some(143), "{lines:#?}");
    assert!(lines.last().unwrap().contains("\"summary\""), "{lines:#?}");
    assert!(err.contains("still red: 3 of 3 requests"), "{err}");
}

#[test]
fn a_file_that_every_request_changes_is_put_aside() {
    let app = App::new(Mood::Broken);
    let mut watching = watch(&app.url(), &[]);
    let calls = watching.folder.path().join("calls");
    app.writes(&calls);
    // Whatever was cut short, in the end there is a whole round, and then another one for an edit.
    touched(watching.folder.path(), 0);
    watching.sees(" 3 of 3 requests red");
    app.turns(Mood::Well);
    let (code, lines, err) = watching.ends(true);
    assert_eq!(code, Some(0), "{lines:#?} {err}");
}

#[test]
fn a_change_gives_up_what_is_in_flight() {
    let app = App::new(Mood::Silent);
    let watching = watch(&app.url(), &["--json"]);
    app.until_it_got(1);
    app.turns(Mood::Well);
    let (code, lines, err) = watching.ends(true);
    assert_eq!(code, Some(0), "{lines:#?} {err}");
    let all: Vec<Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    // Nobody waited for the silent one's timeout: each answer is one of the mended app.
    let replays: Vec<&Value> = all.iter().filter(|o| o["type"] == "replay").collect();
    assert_eq!(replays.len(), 3, "{lines:#?}");
    assert!(
        replays
            .iter()
            .all(|r| r["round"].as_u64() > Some(1) && r["status"] == 200),
        "{lines:#?}"
    );
    assert_eq!(all.last().unwrap()["type"], "summary");
}

#[test]
fn a_path_that_is_not_there_sends_nothing() {
    let app = App::new(Mood::Well);
    let ran = redial(["replay", PIZZA, "--to", &app.url(), "--watch", "no/such/folder"])
        .run()
        .exits(2);
    assert!(ran.err.contains("no/such/folder: it is not there; give"), "{}", ran.err);
    assert!(app.got().is_empty());
    let ran = redial(["replay", "-f", PIZZA]).run().exits(2);
    assert!(ran.err.contains("--watch PATH"), "{}", ran.err);
}

#[test]
fn a_whole_call_is_watched_until_it_is_green() {
    let app = App::new(Mood::Half);
    let mut watching = watch_call(&app.url(), &[]);
    watching.sees("round 1");
    watching.sees("step 2 failed (11200)");
    watching.sees("2 requests sent: 1 passed, 1 failed");
    watching.sees("round 1: red");
    app.turns(Mood::Well);
    let (code, lines, err) = watching.ends(true);
    assert_eq!(code, Some(0), "{lines:#?} {err}");
    assert!(
        lines.last().unwrap().starts_with("the call is green after "),
        "{lines:#?}"
    );
    assert!(
        lines.iter().any(|l| l == "3 requests sent: 3 passed, 0 failed"),
        "{lines:#?}"
    );
    assert!(err.contains("until the whole call passes"), "{err}");
    assert!(lines.iter().any(|l| l.ends_with(": red → green")), "{lines:#?}");
    // Every round begins at the beginning.
    let got = app.got();
    let last: Vec<&str> = got[got.len() - 3..]
        .iter()
        .map(|r| r.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(last, ["/voice", "/menu", "/status"]);
}

#[test]
fn a_change_gives_a_rehearsal_up() {
    let app = App::new(Mood::Silent);
    let watching = watch_call(&app.url(), &["--json"]);
    app.until_it_got(1);
    app.turns(Mood::Well);
    let (code, lines, err) = watching.ends(true);
    assert_eq!(code, Some(0), "{lines:#?} {err}");
    let all: Vec<Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |kind: &str| all.iter().filter(|o| o["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("replay").len(), 3, "{lines:#?}");
    assert_eq!(of("rehearsal").len(), 1, "{lines:#?}");
    assert!(of("rehearsal")[0]["round"].as_u64() > Some(1), "{lines:#?}");
    assert_eq!(all.last().unwrap()["type"], "summary");
}

#[test]
fn a_call_is_rehearsed_again_when_the_port_comes_back() {
    let port = {
        let app = App::new(Mood::Well);
        app.port
    };
    let mut watching = watch_call(&format!("http://127.0.0.1:{port}"), &[]);
    watching.sees("1 request sent: 0 passed, 1 failed");
    let app = App::on(port, Mood::Well);
    let (code, lines, err) = watching.ends(false);
    assert!(code == Some(0) && app.got().len() == 3, "{lines:#?} {err}");
}

#[test]
fn who_ends_a_watched_call_is_told_what_is_red() {
    let app = App::new(Mood::Half);
    let mut watching = watch_call(&app.url(), &[]);
    watching.sees("2 requests sent: 1 passed, 1 failed");
    interrupt(&watching.child);
    let (code, lines, _) = watching.ends(false);
    assert_eq!(code, Some(130), "{lines:#?}");
    assert!(
        lines.last().unwrap().starts_with("still red: step 2 failed (11200)"),
        "{lines:#?}"
    );
}
