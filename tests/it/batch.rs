//! Many requests at once, and edited ones: what is said before, in which order they come, and where it ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use tempfile::TempDir;

use crate::replay::answer;
use crate::support::{Ran, redial, text};

const PIZZA: &str = "samples/tropo/pizza-archive.log";
/// Nothing takes so long; who waits longer fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What an app does with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    Broken,
    /// A call begins well, and then nothing does.
    Half,
    /// Takes it, and says nothing.
    Silent,
}

/// An app on a port of the system's, or of the test's.
pub struct App {
    pub port: u16,
    mood: Arc<Mutex<Mood>>,
    got: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    /// Appended to with each request.
    written: Arc<Mutex<Option<PathBuf>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl App {
    pub fn new(mood: Mood) -> Self {
        Self::on(0, mood)
    }

    pub fn on(port: u16, mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let mut app = Self {
            port: listener.local_addr().unwrap().port(),
            mood: Arc::new(Mutex::new(mood)),
            got: Arc::default(),
            stop: Arc::default(),
            written: Arc::default(),
            thread: None,
        };
        let (mood, got, stop) = (app.mood.clone(), app.got.clone(), app.stop.clone());
        let written = app.written.clone();
        app.thread = Some(std::thread::spawn(move || {
            // Dropped with this thread, so that who waits for a silent app hears of its end.
            let mut held = Vec::new();
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.unwrap();
                let Some(request) = request(&mut stream) else { continue };
                let mood = *mood.lock().unwrap();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                got.lock().unwrap().push(request);
                if let Some(path) = &*written.lock().unwrap() {
                    let file = std::fs::File::options().append(true).create(true).open(path);
                    file.unwrap().write_all(b"a call\n").unwrap();
                }
                let twiml = |verbs: &str| answer("200 OK", "text/xml", &format!("<Response>{verbs}</Response>"));
                let reply = match mood {
                    Mood::Well | Mood::Half if path == "/voice" => twiml("<Gather action='/menu' numDigits='1'/>"),
                    Mood::Well if path == "/menu" => twiml("<Hangup/>"),
                    Mood::Well if path == "/status" => twiml(""),
                    Mood::Well => answer("200 OK", "application/json", r#"{"tropo":[{"say":{"value":"Hi."}}]}"#),
                    Mood::Broken | Mood::Half => answer("500 Internal Server Error", "text/plain", "broken"),
                    Mood::Silent => {
                        held.push(stream);
                        continue;
                    }
                };
                let _ = stream.write_all(reply.as_bytes());
            }
        }));
        app
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on with each request it writes there.
    pub fn writes(&self, path: &Path) {
        *self.written.lock().unwrap() = Some(path.to_owned());
    }

    pub fn turns(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn until_it_got(&self, n: usize) {
        let until = Instant::now() + LIMIT;
        while self.got().len() < n {
            assert!(Instant::now() < until, "{} of {n} requests came", self.got().len());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A whole request; none where somebody only connects.
fn request(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap_or(0);
        if n == 0 {
            return None;
        }
        all.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, v)| v.parse().unwrap());
        if body.len() >= length {
            return Some(text);
        }
    }
}

fn replay(app: &App, args: &[&str]) -> Ran {
    redial(["replay", PIZZA, "--to", &app.url()].iter().chain(args)).run()
}

#[test]
fn what_will_be_sent_is_said_before() {
    let app = App::new(Mood::Well);
    let ran = replay(&app, &["--json"]).exits(0);
    let calls = ran
        .of("replay")
        .iter()
        .map(|r| text(r, "call").to_owned())
        .collect::<std::collections::BTreeSet<_>>();
    let calls = match calls.len() {
        1 => "1 call".to_owned(),
        n => format!("{n} calls"),
    };
    let said = format!("redial: 3 requests of {calls} to {}: 3 POST\n", app.url());
    assert_eq!(ran.err, said);
    assert!(replay(&app, &["--last"]).exits(0).err.is_empty());
}

#[test]
fn calls_beside_each_other_and_each_in_order() {
    let app = App::new(Mood::Well);
    let one = replay(&app, &["--all", "--json"]).exits(0);
    let many = replay(&app, &["--all", "--json", "--jobs", "8", "--rate", "200"]).exits(0);
    let of = |ran: &Ran| -> Vec<(String, String)> {
        let all = ran.of("replay");
        all.iter()
            .map(|r| (text(r, "call").to_owned(), text(r, "request").to_owned()))
            .collect()
    };
    let (mut one, mut many) = (of(&one), of(&many));
    // Sorted by call alone, the order of each stays.
    one.sort_by(|a, b| a.0.cmp(&b.0));
    many.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(one, many);
    assert_eq!(one.len(), 6);
}

#[test]
fn nothing_new_after_a_failure() {
    let app = App::new(Mood::Broken);
    let ran = replay(&app, &["--stop-on-fail"]).exits(1);
    assert!(
        ran.out.ends_with("1 of 3 requests sent: 0 passed, 1 failed\n"),
        "{}",
        ran.out
    );
    assert_eq!(app.got().len(), 1);
    let ran = replay(&app, &[]).exits(1);
    assert!(
        ran.out.ends_with("3 requests sent: 0 passed, 3 failed\n"),
        "{}",
        ran.out
    );
}

#[test]
fn options_that_cannot_be_meant() {
    for args in [
        &["--rate", "0"][..],
        &["--rate", "5/h"],
        &["--jobs", "0"],
        &["--watch", ".", "--list"],
    ] {
        let ran = redial(["replay", PIZZA, "--to", "http://127.0.0.1:9"].iter().chain(args)).run();
        assert!(ran.exits(2).out.is_empty());
    }
}

#[test]
fn the_header_that_names_the_request() {
    let list = redial(["replay", PIZZA, "--list", "--json", "--last"])
        .run()
        .of("request");
    let id = text(&list[0], "id").to_owned();
    let app = App::new(Mood::Well);
    let header = format!("X-Redial-Replay: {id}\r\n");
    let dry = replay(&app, &["--last", "--dry-run", "--replay-header"]).exits(0);
    assert!(dry.out.contains(&header), "{}", dry.out);
    let ran = replay(&app, &["--last", "--json", "--replay-header"]).exits(0);
    assert_eq!(ran.of("replay")[0]["edited"], false);
    assert!(app.got()[0].contains(&header), "{:?}", app.got());
    replay(&app, &["--last"]).exits(0);
    assert!(!app.got()[1].contains("X-Redial-Replay"));
}

#[test]
fn how_the_answer_differs() {
    let app = App::new(Mood::Broken);
    let ran = replay(&app, &["--diff", "--json", "--all"]).exits(1);
    let differ = |r: &serde_json::Value| r["diff"].as_array().is_some_and(|d| d.iter().any(|l| l == "+ broken"));
    assert!(ran.of("replay").iter().any(differ), "{}", ran.out);
    let ran = replay(&app, &["--diff", "--all"]).exits(1);
    assert!(
        ran.out.contains("+ broken") || ran.out.contains("no recorded answer"),
        "{}",
        ran.out
    );
}

/// What stands before the body is part of the answer: an app that was mended often changes only that.
#[test]
fn how_status_and_content_type_differ() {
    let app = App::new(Mood::Well);
    let ran = replay(&app, &["--diff", "--json", "--all"]);
    let of_status = |r: &&serde_json::Value| r["was"] == "http-error";
    let replays = ran.of("replay");
    let failed = replays.iter().find(of_status).unwrap();
    let diff: Vec<&str> = failed["diff"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap())
        .collect();
    assert_eq!(diff[..2], ["- status: 500", "+ status: 200"], "{}", ran.out);
    let ran = replay(&app, &["--diff", "--all"]);
    assert!(ran.out.contains("+ status: 200"), "{}", ran.out);
}

#[test]
fn an_interrupt_counts_what_was_sent() {
    let app = App::new(Mood::Silent);
    let (mut child, _config) = redial(["replay", PIZZA, "--to", &app.url()]).spawn(Stdio::piped());
    app.until_it_got(1);
    interrupt(&child);
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(out, "1 of 3 requests sent: 0 passed, 0 failed, 1 given up\n");
}

pub fn interrupt(child: &std::process::Child) {
    kill(child, rustix::process::Signal::INT);
}

pub fn terminate(child: &std::process::Child) {
    kill(child, rustix::process::Signal::TERM);
}

fn kill(child: &std::process::Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// An editor that is this shell script; `$1` is the file.
pub fn editor(folder: &TempDir, script: &str) -> String {
    let path = folder.path().join("editor");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_editor_without_its_file_names_the_request() {
    let folder = TempDir::new().unwrap();
    let app = App::new(Mood::Well);
    let ran = redial(["replay", PIZZA, "--last", "--edit", "--to", &app.url()])
        .env("EDITOR", &editor(&folder, r#"rm "$1""#))
        .run()
        .exits(2);
    assert!(
        ran.err.starts_with("redial: r") && ran.err.contains("took its file away"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("save the file empty") && app.got().is_empty(),
        "{}",
        ran.err
    );
}

#[test]
fn what_was_changed_is_told() {
    let app = App::new(Mood::Well);
    let args = ["--last", "--header", "X-A: b", "--header", "Authorization: Bearer x"];
    let ran = replay(&app, &args).exits(0);
    assert!(
        ran.out.contains("edited: +X-A: b, +Authorization: ••••••"),
        "{}",
        ran.out
    );
    let ran = replay(&app, &[&args[..], &["--json"]].concat()).exits(0);
    let edits = &ran.of("replay")[0]["edits"];
    let expected = serde_json::json!({"what": "header", "name": "X-A", "from": null, "to": "b"});
    assert_eq!(edits[0], expected, "{}", ran.out);
    assert!(
        replay(&app, &["--last", "--json"]).exits(0).of("replay")[0]
            .get("edits")
            .is_none()
    );
}

#[test]
fn edited_before_it_is_sent() {
    let folder = TempDir::new().unwrap();
    let edit = |app: &App, script: &str, args: &[&str]| {
        let all = ["replay", PIZZA, "--to", &app.url(), "--json", "--edit"].map(str::to_owned);
        let args = args.iter().map(|a| (*a).to_owned());
        redial(all.into_iter().chain(args))
            .env("EDITOR", &editor(&folder, script))
            .run()
    };
    let app = App::new(Mood::Well);
    let ran = edit(
        &app,
        r#"sed -i 's/^POST [^ ]*/&?edited=1/' "$1""#,
        &["--set", "session.id=abc", "--last"],
    )
    .exits(0);
    assert_eq!(ran.of("replay")[0]["edited"], true, "{}", ran.out);
    assert!(
        app.got()[0].lines().next().unwrap().contains("?edited=1"),
        "{:?}",
        app.got()
    );

    // Looked at only.
    let ran = edit(&app, "true", &["--last"]).exits(0);
    assert_eq!(ran.of("replay")[0]["edited"], false);

    // The first is emptied, the rest sent.
    let once = format!("[ -e {0}/once ] || : > \"$1\"; : > {0}/once", folder.path().display());
    let ran = edit(&app, &once, &[]).exits(0);
    assert!(
        ran.of("replay").len() == 2 && ran.err.contains("is left out"),
        "{}",
        ran.err
    );

    let sent = app.got().len();
    let ran = edit(&app, r#": > "$1""#, &[]).exits(4);
    assert!(ran.err.contains("nothing was sent"), "{}", ran.err);
    let ran = edit(&app, r#"printf '\n\nFETCH /x\n' > "$1""#, &[]).exits(2);
    assert!(
        ran.err.contains("line 3: ") && ran.err.contains("nothing was sent"),
        "{}",
        ran.err
    );
    edit(&app, "exit 3", &[]).exits(2);
    assert_eq!(app.got().len(), sent);
}

/// The program in a terminal, where it asks.
fn asked(app: &App, args: &[&str], question: &str, typed: &str) -> (u32, String) {
    let pair = native_pty_system()
        .openpty(PtySize {
            rows: 40,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        })
        .unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_redial"));
    command.args(["replay", PIZZA, "--to", &app.url()]);
    command.args(args);
    command.cwd(Path::new(env!("CARGO_MANIFEST_DIR")));
    let folder = TempDir::new().unwrap();
    command.env("HOME", folder.path());
    command.env("XDG_CONFIG_HOME", folder.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = [0; 1024];
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            if tell.send(String::from_utf8_lossy(&piece[..n]).into_owned()).is_err() {
                break;
            }
        }
    });
    let mut seen = String::new();
    while !question.is_empty() && !seen.contains(question) {
        match told.recv_timeout(LIMIT) {
            Ok(more) => seen += &more,
            Err(e) => panic!("{e}; so far: {seen}"),
        }
    }
    writer.write_all(typed.as_bytes()).unwrap();
    let code = child.wait().unwrap().exit_code();
    drop((writer, pair.master));
    seen.extend(told.iter());
    (code, seen)
}

#[test]
fn on_a_terminal_it_asks() {
    let app = App::new(Mood::Well);
    let (code, seen) = asked(&app, &[], "send them? [y/N]", "\n");
    assert!(
        code == 1 && seen.contains("3 requests of") && seen.contains("nothing was sent"),
        "{code} {seen}"
    );
    assert!(app.got().is_empty());
    let (code, seen) = asked(&app, &[], "send them? [y/N]", "y\n");
    assert!(code == 0 && app.got().len() == 3, "{code} {seen}");
    let (code, seen) = asked(&app, &["--yes"], "", "");
    assert!(
        code == 0 && app.got().len() == 6 && !seen.contains("[y/N]"),
        "{code} {seen}"
    );
}
