//! The live commands as lines: the real program over pipes, which prints what is there and what comes, each once.
//!
//! Nothing here counts on time: lines are read until the expected one is there, and a program that never prints it is ended
//! by a limit that only what is broken reaches. `files` follows, `resume` goes on, `services` has `listen`, `proxy`, `pull`.

mod files;
mod inputs;
mod resume;
mod services;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::contract::faults;
use crate::support::{Redial, text};

/// Only what is broken takes so long.
const LIMIT: Duration = Duration::from_secs(60);

/// The program under way.
struct Run {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
    /// Lines of standard output so far.
    seen: Vec<Value>,
    /// Lines of standard error so far.
    said: Vec<String>,
    _config: TempDir,
}

/// How it ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    lines: Vec<Value>,
    err: String,
}

/// The lines of a pipe, as they come.
fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

/// Starts it; what it prints must be JSON lines.
fn start(command: Redial) -> Run {
    let (mut child, config) = command.spawn_with(Stdio::piped(), Stdio::piped());
    Run {
        stdin: child.stdin.take(),
        out: lines(child.stdout.take().unwrap()),
        err: lines(child.stderr.take().unwrap()),
        child,
        seen: Vec::new(),
        said: Vec::new(),
        _config: config,
    }
}

impl Run {
    /// The next line for which something is so; those before are kept.
    #[track_caller]
    fn until(&mut self, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = match self.out.recv_timeout(LIMIT) {
                Ok(line) => line,
                Err(e) => {
                    let said = self.all_said();
                    panic!("{e} while waiting for {what}\n{:#?}\n{said}", self.seen)
                }
            };
            let object: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in {line}"));
            self.seen.push(object.clone());
            if wish(&object) {
                return object;
            }
        }
    }

    /// The next line of one type.
    #[track_caller]
    fn next(&mut self, kind: &str) -> Value {
        self.until(kind, |o| o["type"] == kind)
    }

    /// The finding of the n-th call.
    #[track_caller]
    fn finding(&mut self, n: u32) -> Value {
        self.until(&format!("the finding of call {n}"), |o| {
            o["type"] == "finding" && o["call"] == call(n)
        })
    }

    /// A line on standard error that holds a text.
    #[track_caller]
    fn says(&mut self, part: &str) {
        while !self.said.iter().any(|l| l.contains(part)) {
            match self.err.recv_timeout(LIMIT) {
                Ok(line) => self.said.push(line),
                Err(e) => panic!("{e} while waiting for {part}; said was {:#?}", self.said),
            }
        }
    }

    fn all_said(&mut self) -> String {
        self.said.extend(self.err.try_iter());
        self.said.join("\n")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// A supervisor's request; it must end in order: exit 0, the summary last and once, every line as the contract has it.
    #[track_caller]
    fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.ends(0)
    }

    /// Ends by itself, or was asked to.
    #[track_caller]
    fn ends(self, code: i32) -> Ended {
        let ended = self.rest();
        assert_eq!(ended.code, code, "{ended:#?}");
        let wrong: Vec<String> = ended
            .lines
            .iter()
            .filter(|o| !["listening", "pull"].contains(&text(o, "type")))
            .flat_map(faults)
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(ended.of("summary").len(), 1, "{ended:#?}");
        assert_eq!(ended.summary()["type"], "summary", "{ended:#?}");
        ended
    }

    /// What it still printed, and its exit.
    fn rest(mut self) -> Ended {
        drop(self.stdin.take());
        while let Ok(line) = self.out.recv_timeout(LIMIT) {
            self.seen.push(serde_json::from_str(&line).unwrap());
        }
        while let Ok(line) = self.err.recv_timeout(LIMIT) {
            self.said.push(line);
        }
        Ended {
            code: self.child.wait().unwrap().code().unwrap_or(-1),
            lines: self.seen,
            err: self.said.join("\n"),
        }
    }

    fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
}

impl Ended {
    fn of(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|o| o["type"] == kind).collect()
    }

    fn summary(&self) -> &Value {
        self.lines.last().unwrap()
    }

    /// The calls of the findings, in the order in which they were printed.
    #[track_caller]
    fn finds(&self, calls: &[u32]) {
        let found: Vec<&str> = self.of("finding").iter().map(|f| text(f, "call")).collect();
        let wanted: Vec<String> = calls.iter().map(|&n| call(n)).collect();
        assert_eq!(found, wanted, "{}", self.err);
    }
}

fn call(n: u32) -> String {
    format!("{n:032x}")
}

/// A line with an error of the n-th call.
fn error(n: u32) -> String {
    let id = call(n);
    format!(
        "Feb 19 15:07:{:02} GMT 2013 h.example TROPO 58560 {id} {id} 1 {id} #TROPO#: Received non-2XX status code on Tropo-Thread-{id} [url=http://a.example/x, code=500]\n",
        n % 60
    )
}

/// The call of [`REQUEST`] and [`ANSWER`].
const CALL: &str = "0123456789abcdef0123456789abcdef";
const REQUEST: &str = "2013-02-19 15:07:40.100 DEBUG [Tropo-Thread-0123456789abcdef0123456789abcdef] #TROPO#: \
    Sending TropoML Payload on Tropo-Thread-0123456789abcdef0123456789abcdef [url=http://a.example/start]: \
    {\"session\":{\"id\":\"0123456789abcdef0123456789abcdef\"}}\n";
const ANSWER: &str = "2013-02-19 15:07:40.300 DEBUG [Tropo-Thread-0123456789abcdef0123456789abcdef] #TROPO#: \
    Received new TropoML document on Tropo-Thread-0123456789abcdef0123456789abcdef: {\"tropo\":[]}\n";

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
