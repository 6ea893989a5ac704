//! The contract's objects, one a line, each with its `type`.
//!
//! Here are the moments and places that all share, the lines of a source (`line`, `unparsed`) and the closing `summary`; `call` and
//! `finding`, `request`, `replay` and `problem` have files of their own. To add an object: a struct with `r#type`, a function that makes
//! it, its place in the contract.

mod calls;
mod replays;
mod requests;

use std::io::{self, Write};

use serde::Serialize;

use crate::call::Unparsed;
use crate::model::{Place, Time};
use crate::session::Session;

pub use calls::{call, finding};
pub use replays::{kept, problem_line, replay, verdict};
pub use requests::{body_text, request};

/// Writes one object and its line end.
///
/// # Errors
///
/// What the writer says.
pub fn line(out: &mut impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// A moment in the contract's spelling.
struct At(Time);

impl Serialize for At {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

fn at(t: Option<Time>) -> Option<At> {
    t.map(At)
}

#[derive(Serialize)]
struct Source<'a> {
    path: &'a str,
    line: u64,
    byte: u64,
}

fn source(session: &Session, p: Place) -> Source<'_> {
    Source {
        path: session.name_of(p),
        line: p.line,
        byte: p.byte,
    }
}

#[derive(Serialize)]
struct LineLine<'a> {
    r#type: &'static str,
    source: Source<'a>,
    text: String,
}

/// A `line` of a log (`show --all`).
pub fn log_line<'a>(session: &'a Session, p: Place, text: &[u8]) -> impl Serialize + 'a {
    LineLine {
        r#type: "line",
        source: source(session, p),
        text: String::from_utf8_lossy(text).into_owned(),
    }
}

#[derive(Serialize)]
struct UnparsedLine<'a> {
    r#type: &'static str,
    source: Source<'a>,
    lines: u64,
    why: &'a str,
    text: String,
}

/// An `unparsed` run of lines (`--unparsed`).
pub fn unparsed<'a>(session: &'a Session, u: &'a Unparsed, text: &[u8]) -> impl Serialize + 'a {
    UnparsedLine {
        r#type: "unparsed",
        source: source(session, u.place),
        lines: u.lines,
        why: if u.why.is_empty() {
            "no log line and no document of a known form"
        } else {
            &u.why
        },
        text: String::from_utf8_lossy(text).into_owned(),
    }
}

/// Totals of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Always `summary`.
    pub r#type: &'static str,
    /// Inputs read.
    pub inputs: usize,
    /// Their bytes of text.
    pub bytes: u64,
    /// Their lines.
    pub lines: u64,
    /// Lines that could not be read.
    pub unparsed: u64,
    /// Lines that stand behind nothing shown.
    pub hidden: u64,
    /// Calls in view.
    pub calls: usize,
    /// Their requests.
    pub requests: usize,
    /// Their errors.
    pub errors: usize,
    /// Their warnings.
    pub warnings: usize,
    /// Milliseconds from start to here.
    pub ms: u64,
}
