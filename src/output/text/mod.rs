//! Results for people: per call a heading, its findings with evidence and advice, and the command that sends a failed
//! request again. Fits the width it is given; everything from outside goes through [`printable`].
//!
//! Here are the [`Page`] with its paragraphs, headings and the closing line; what it prints of findings, calls, stories and replays is in
//! the files of those names.

#![allow(clippy::missing_errors_doc, reason = "every error here is the writer's")]

mod findings;
mod replays;
mod story;
mod table;

use std::io::{self, Write};

use super::fit::{cut, length, moment, people, short, thousands, width, wrap};
use super::json::Summary;
use super::safe::printable;
use super::style::{Paint, Role};
use crate::call::Call;
use crate::session::Session;

pub use super::fit::count;
pub use table::Columns;

/// How to print.
#[derive(Clone, Debug)]
pub struct Page {
    /// Colours or none.
    pub paint: Paint,
    /// Columns.
    pub width: usize,
    /// What the user named as inputs, quoted for a shell, for commands to type.
    pub inputs: String,
    /// Where replays go, for commands to type; none when the environment says it.
    pub target: Option<String>,
}

/// A longer time between the first and the last word of a call says nothing (milliseconds).
const LONGEST_CALL: i64 = 86_400_000;

/// Where the text of a finding begins.
const INDENT: usize = 11;

impl Page {
    /// A call's heading: who, when, how long, how it ended.
    pub fn heading(&self, out: &mut impl Write, session: &Session, call: &Call) -> io::Result<()> {
        if !call.real {
            return writeln!(out, "{}", self.paint.role(Role::Heading, "Not part of a call"));
        }
        let title = format!("{} {}", call.provider, call.id);
        writeln!(out, "{}", self.paint.role(Role::Heading, printable(&title)))?;
        self.wrapped(out, 2, Role::Faint, &facts(call).join(" · "))?;
        if let Some(app) = &call.app {
            self.wrapped(out, 2, Role::Faint, app)?;
        }
        let _ = session;
        Ok(())
    }

    /// The closing line of a reading command.
    pub fn summary(&self, out: &mut impl Write, s: &Summary, shown: usize, calls_with: usize) -> io::Result<()> {
        let mut parts = vec![
            count(s.lines as usize, "line"),
            format!("{} hidden", thousands(s.hidden as usize)),
        ];
        if s.unparsed > 0 {
            parts.push(format!("{} unparsed", thousands(s.unparsed as usize)));
        }
        parts.push(format!(
            "{} in {} of {}",
            count(shown, "finding"),
            thousands(calls_with),
            count(s.calls, "call")
        ));
        parts.push(format!("{:.1} s", s.ms as f64 / 1000.0));
        let mut line = String::new();
        for part in parts {
            // Broken between its parts only: a number stays with its word.
            if !line.is_empty() && width(&line) + 3 + width(&part) > self.width {
                writeln!(out, "{} ·", self.paint.role(Role::Faint, std::mem::take(&mut line)))?;
            }
            let gap = if line.is_empty() { "" } else { " · " };
            line = line + gap + &part;
        }
        writeln!(out, "{}", self.paint.role(Role::Faint, line))
    }

    /// Columns behind a margin; on a page that is too narrow for anything, still enough for a word.
    fn room(&self, indent: usize) -> usize {
        self.width.saturating_sub(indent).max(10)
    }

    /// Text from outside behind a bar, at most so many lines.
    fn quoted(&self, out: &mut impl Write, text: &str, most: usize) -> io::Result<()> {
        let width = self.room(INDENT + 2);
        let lines: Vec<String> = text.lines().flat_map(|l| wrap(l, width)).take(most + 1).collect();
        for (n, line) in lines.iter().take(most).enumerate() {
            let more = n + 1 == most && lines.len() > most;
            let line = if more {
                format!("{}…", cut(line, width.saturating_sub(1)))
            } else {
                line.clone()
            };
            writeln!(out, "{:INDENT$}{} {line}", "", self.paint.role(Role::Faint, "│"))?;
        }
        Ok(())
    }

    /// A paragraph behind a margin.
    pub fn wrapped(&self, out: &mut impl Write, indent: usize, role: Role, text: &str) -> io::Result<()> {
        for line in wrap(text, self.room(indent)) {
            writeln!(out, "{:indent$}{}", "", self.paint.role(role, line))?;
        }
        Ok(())
    }
}

/// What a heading says of a call: when, how long, who, how it ended, how much there is.
pub fn facts(call: &Call) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(moment(call.started));
    facts.extend(call.duration().filter(|ms| (0..LONGEST_CALL).contains(ms)).map(length));
    facts.extend(people(call));
    facts.extend(call.state.as_deref().map(ending));
    facts.extend(
        call.parent
            .as_ref()
            .map(|p| format!("leg of {}", short(&p.to_string()))),
    );
    facts.push(count(call.lines as usize, "line"));
    if !call.exchanges.is_empty() {
        facts.push(count(call.exchanges.len(), "request"));
    }
    facts
}

/// `ended completed`, or `last state in-progress` for a state that is no end.
fn ending(state: &str) -> String {
    let state = state.to_lowercase();
    let open = [
        "queued",
        "ringing",
        "answering",
        "answered",
        "in-progress",
        "received",
        "accepted",
        "sending",
        "sent",
    ];
    if open.contains(&state.as_str()) {
        format!("last state {state}")
    } else {
        format!("ended {state}")
    }
}
