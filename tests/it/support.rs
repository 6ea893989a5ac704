//! What the topics share: running the program, reading a text through the library, the list of samples.
//!
//! A run knows nothing of the developer's environment: no Twilio or redial variable, no colour setting, and a
//! configuration folder of its own. What a session holds is given as the contract's JSON objects.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use redial::call::Fold;
use redial::filter::{Engine, builtin};
use redial::input::{self, Feed, Judge, Options, Sink};
use redial::model::{Place, Time};
use redial::output::json;
use redial::query::Query;
use redial::scan::{Pass, Scanned, Shapes};
use redial::session::{Live, Reading, Session};
use serde_json::Value;
use tempfile::TempDir;

/// A run of the program that is about to begin.
pub struct Redial {
    command: Command,
    stdin: Option<Vec<u8>>,
    /// Kept until the run is over.
    config: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub bytes: Vec<u8>,
    pub err: String,
}

/// The program with these arguments, standard input closed.
pub fn redial<A: AsRef<str>>(args: impl IntoIterator<Item = A>) -> Redial {
    let config = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_redial"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        let of_ours = ["TWILIO_", "REDIAL_", "XDG_"].iter().any(|p| text.starts_with(p));
        if of_ours || text.ends_with("_PROXY") || text == "NO_COLOR" || text.starts_with("CLICOLOR") {
            command.env_remove(name);
        }
    }
    command
        .env("XDG_CONFIG_HOME", config.path())
        .env("HOME", config.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for a in args {
        command.arg(a.as_ref());
    }
    Redial {
        command,
        stdin: None,
        config,
    }
}

/// Runs the program with arguments written as one line; none of them may hold a blank.
pub fn run(line: &str) -> Ran {
    redial(line.split_whitespace()).run()
}

impl Redial {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// What the program reads from a pipe.
    pub fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(text.as_ref().to_vec());
        self
    }

    /// The command itself, for those who want to hold its ends.
    pub fn spawn(self, stdout: Stdio) -> (std::process::Child, TempDir) {
        self.spawn_with(Stdio::null(), stdout)
    }

    /// As [`Redial::spawn`], with another standard input.
    pub fn spawn_with(mut self, stdin: Stdio, stdout: Stdio) -> (std::process::Child, TempDir) {
        let child = self
            .command
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        (child, self.config)
    }

    pub fn run(mut self) -> Ran {
        let stdin = if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let writer = self.stdin.take().map(|text| {
            let mut pipe = child.stdin.take().unwrap();
            // A program that stops early closes the pipe: its matter.
            std::thread::spawn(move || drop(pipe.write_all(&text)))
        });
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        if let Some(w) = writer {
            w.join().unwrap();
        }
        Ran {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            bytes: stdout,
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Holds the exit code; the message shows both streams.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The JSON lines on standard output.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e} in {l}\nstderr: {}", self.err)))
            .collect()
    }

    /// Those of one type.
    #[track_caller]
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.json().into_iter().filter(|o| o["type"] == kind).collect()
    }

    #[track_caller]
    pub fn summary(&self) -> Value {
        self.json().pop().unwrap_or_default()
    }
}

/// Text of a field, for comparing.
#[track_caller]
pub fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field]
        .as_str()
        .unwrap_or_else(|| panic!("`{field}` is no text in {object}"))
}

/// Every sample, by path from the top of the project, sorted; its README and hidden files left out.
pub fn samples() -> Vec<String> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
            if hidden {
                continue;
            }
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_none_or(|e| e != "md") {
                out.push(path);
            }
        }
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    walk(&top.join("samples"), &mut out);
    walk(&top.join("tests/data/shapes"), &mut out);
    let mut names: Vec<String> = out
        .iter()
        .map(|p| p.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    names.sort();
    names
}

/// The bytes of a sample, by its name from [`samples`] or from the folder `samples`.
pub fn sample(name: &str) -> Vec<u8> {
    let folder = if name.starts_with("tests/") || name.starts_with("samples/") {
        ""
    } else {
        "samples"
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The built-in rules, put together once.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(builtin::packs()))
}

/// What a session holds, as the contract's objects.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    pub calls: Vec<Value>,
    pub requests: Vec<Value>,
    /// Hidden ones are left out.
    pub findings: Vec<Value>,
    /// First line, how many, why.
    pub unparsed: Vec<(u64, u64, String)>,
    pub lines: u64,
    pub bytes: u64,
}

/// Reads a text through the library, on one thread.
pub fn told(text: impl AsRef<[u8]>) -> Told {
    told_in(&[text.as_ref()], 1, 1 << 20)
}

/// Reads texts, one input each, cut into blocks.
pub fn told_in(texts: &[&[u8]], threads: usize, block: usize) -> Told {
    let folder = TempDir::new().unwrap();
    let names = written(texts, &folder);
    let mut session = Session::open(&names, engine(), reading(threads, block), &mut |_, _| {});
    tell_all(&mut session, &folder)
}

/// Reads texts as [`told_in`], and looks at the session before the blocks for which `looks` says so, again and again: what
/// it showed last, with everything read, and what it is in the end.
pub fn told_with_looks(texts: &[&[u8]], block: usize, looks: &[bool]) -> (Told, Told) {
    let folder = TempDir::new().unwrap();
    let names = written(texts, &folder);
    let reading = reading(1, block);
    let (live, sources) = Live::start(&names, engine());
    let looks = looks.iter().copied().cycle();
    let mut sink = Looking {
        live,
        looks: Box::new(looks),
    };
    for source in &sources {
        let fault = input::read(source, reading.pass(engine()), &mut sink, reading.options).err();
        sink.live.end_of_input(fault);
    }
    let mut live = sink.live;
    let shown = live.look(|session| tell_all(session, &folder));
    (shown, tell_all(&mut live.finish(), &folder))
}

/// The lines of every call, read from its own stretches and picked from all lines: both as call, input, line, offset, length.
pub fn lines_both_ways(texts: &[&[u8]], block: usize) -> [Vec<(String, Place)>; 2] {
    let folder = TempDir::new().unwrap();
    let names = written(texts, &folder);
    let reading = reading(2, block);
    let session = Session::open(&names, engine(), reading, &mut |_, _| {});
    let mut parts = Vec::new();
    for call in session.calls.iter() {
        let lines = session
            .lines_of([call.index])
            .read(engine(), reading, &|| true)
            .unwrap();
        parts.extend(lines.lines.into_iter().map(|(_, p)| (call.id.to_string(), p)));
    }
    let mut fold = Fold::new(engine());
    fold.watch(session.calls.iter().map(|c| c.id.clone()).collect());
    let pass = Pass {
        every: true,
        ..reading.pass(engine())
    };
    for input in &session.inputs {
        input::read(&input.source, pass, &mut fold, reading.options).unwrap();
    }
    let all = fold.watched().into_iter().map(|(id, p)| (id.to_string(), p));
    let mut both = [parts, all.collect()];
    for lines in &mut both {
        lines.sort();
    }
    both
}

/// Reads texts as they grow, in pieces of these sizes, by turns: after each piece somebody looks, at the unfinished last line
/// too, at a time when all that can be overdue is. Tells what it is in the end.
pub fn told_as_they_grow(texts: &[&[u8]], sizes: &[usize], turns: bool) -> Told {
    let folder = TempDir::new().unwrap();
    let names = written(texts, &folder);
    let reading = reading(1, 1 << 20);
    let mut judge = Judge::new(reading.pass(engine()));
    let mut live = Live::empty(engine());
    let (sources, _) = input::find(&names);
    let mut growing: Vec<(u32, Feed, &[u8])> = sources
        .into_iter()
        .zip(texts)
        .map(|(source, &text)| (live.open(source, 1, None), Feed::new(0..u64::MAX), text))
        .collect();
    for (n, _, _) in growing.iter().filter(|g| g.2.is_empty()) {
        live.turn_to(*n);
        live.end_of_input(None);
    }
    let mut sizes = sizes.iter().copied().cycle();
    let mut now = 1_000_000_000_000;
    while let Some(n) = (0..growing.len()).find(|&n| !growing[n].2.is_empty()) {
        let (input, feed, text) = &mut growing[n];
        let (piece, rest) = text.split_at(sizes.next().unwrap().min(text.len()));
        *text = rest;
        live.turn_to(*input);
        now += 20_000;
        live.at(Time(now));
        feed.push(piece, &mut judge, &mut Here(&mut live))
            .is_continue()
            .then_some(())
            .unwrap();
        live.unfinished(feed.pending(&mut judge));
        if rest.is_empty() {
            live.unfinished(None);
            let _ = feed.end(&mut judge, &mut Here(&mut live));
            live.end_of_input(None);
        }
        live.at(Time(now + 16_000));
        live.look(|session| {
            let shown = tell(session);
            assert_eq!(shown.calls.len(), session.calls.iter().count());
        });
        if turns {
            growing.rotate_left(1);
        }
    }
    tell_all(&mut live.finish(), &folder)
}

/// A session that takes the blocks of an input that has begun.
struct Here<'l>(&'l mut Live<'static>);

impl Sink for Here<'_> {
    fn begin(&mut self) {}

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        self.0.take(block);
        ControlFlow::Continue(())
    }
}

struct Looking<'a> {
    live: Live<'static>,
    looks: Box<dyn Iterator<Item = bool> + 'a>,
}

impl Sink for Looking<'_> {
    fn begin(&mut self) {
        self.live.begin();
    }

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        if self.looks.next() == Some(true) {
            self.live.look(|session| {
                // Every other look reads on in the input, as a user does.
                session.look_into(engine(), |c| c.index % 2 == 0);
                let shown = tell(session);
                assert_eq!(shown.calls.len(), session.calls.iter().count());
            });
        }
        self.live.take(block);
        ControlFlow::Continue(())
    }
}

fn written(texts: &[&[u8]], folder: &TempDir) -> Vec<PathBuf> {
    texts
        .iter()
        .enumerate()
        .map(|(n, t)| {
            let path = folder.path().join(format!("{n:03}"));
            std::fs::write(&path, t).unwrap();
            path
        })
        .collect()
}

fn reading(threads: usize, block: usize) -> Reading {
    Reading {
        shapes: Shapes::default(),
        options: Options { threads, block },
        ids: true,
        least: None,
    }
}

fn tell_all(session: &mut Session, folder: &TempDir) -> Told {
    assert!(session.failures.is_empty());
    assert!(session.inputs.iter().all(|i| i.done && i.fault.is_none()));
    session.look_into(engine(), |_| true);
    let mut told = tell(session);
    // Paths are of this run only.
    let here = folder.path().display().to_string() + "/";
    for o in told.findings.iter_mut().chain(&mut told.requests) {
        let path = text(&o["source"], "path").replace(&here, "");
        o["source"]["path"] = path.into();
    }
    told
}

fn tell(session: &Session) -> Told {
    let query = Query::default();
    let object = |o: &dyn erased::Line| serde_json::from_slice(&o.line()).unwrap();
    let mut told = Told::default();
    for call in &session.calls.calls {
        if call.real {
            told.calls.push(object(&json::call(session, call)));
        }
        let exchanges: Vec<_> = query.exchanges(session, call).collect();
        let details = session.details(&exchanges);
        for (e, d) in exchanges.into_iter().zip(&details) {
            told.requests.push(object(&json::request(session, e, d)));
        }
        for f in query.findings(session, call) {
            told.findings.push(object(&json::finding(session, f, &[])));
        }
    }
    for u in &session.calls.unparsed {
        told.unparsed.push((u.place.line, u.lines, u.why.to_string()));
    }
    for input in &session.inputs {
        told.lines += input.lines;
        told.bytes += input.bytes;
    }
    told
}

/// `serde::Serialize` is not object safe; a line of JSON is all that is wanted of it.
mod erased {
    pub trait Line {
        fn line(&self) -> Vec<u8>;
    }

    impl<T: serde::Serialize> Line for T {
        fn line(&self) -> Vec<u8> {
            serde_json::to_vec(self).unwrap()
        }
    }
}

impl Told {
    /// Class and severity of every finding.
    pub fn classes(&self) -> Vec<(&str, &str)> {
        self.findings
            .iter()
            .map(|f| (text(f, "class"), text(f, "severity")))
            .collect()
    }

    #[track_caller]
    pub fn finding(&self) -> &Value {
        assert_eq!(self.findings.len(), 1, "{:#?}", self.findings);
        &self.findings[0]
    }

    #[track_caller]
    pub fn call(&self) -> &Value {
        assert_eq!(self.calls.len(), 1, "{:#?}", self.calls);
        &self.calls[0]
    }

    #[track_caller]
    pub fn request(&self) -> &Value {
        assert_eq!(self.requests.len(), 1, "{:#?}", self.requests);
        &self.requests[0]
    }

    /// One field of every request, missing as `-`.
    pub fn requests(&self, field: &str) -> Vec<String> {
        self.requests
            .iter()
            .map(|r| r[field].as_str().unwrap_or("-").to_owned())
            .collect()
    }
}
