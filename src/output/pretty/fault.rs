//! What is wrong with a document, marked where it stands.

use crate::model::{Problem, Severity};
use crate::output::fit;
use crate::output::rich::{Line, Mark};
use crate::output::safe::printable;
use crate::output::style::Role;

/// More would hide the document, and each looks at its whole line.
const MOST: usize = 20;

/// One thing wrong with a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Line of the source, from 1; none where it is wrong as a whole.
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl From<&Problem> for Fault {
    fn from(p: &Problem) -> Self {
        // What is no error says so: a mark alone would look like one.
        let level = match p.severity {
            Severity::Error => None,
            Severity::Warning => Some("warning"),
            Severity::Info => Some("note"),
        };
        let code = p.code.as_deref().filter(|c| !c.is_empty());
        let lead: Vec<&str> = level.into_iter().chain(code).collect();
        let message = match lead.as_slice() {
            [] => p.message.clone(),
            lead => format!("{}: {}", lead.join(" "), p.message),
        };
        Self {
            line: p.line,
            column: p.column,
            message,
        }
    }
}

impl Fault {
    /// As a line of its own, with its place in words.
    pub(super) fn line(&self) -> Line {
        let place = match (self.line, self.column) {
            (Some(l), Some(c)) => format!("line {l}, column {c}: "),
            (Some(l), None) => format!("line {l}: "),
            _ => String::new(),
        };
        Line::of(Role::Fault, &format!("! {place}{}", self.message)).marked(Mark::Note)
    }
}

/// Where our own check found a document broken.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    place: Place,
    message: String,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Offset(usize),
    LineColumn(u32, u32),
}

impl Broken {
    /// At a byte of the text.
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self {
            place: Place::Offset(offset),
            message: message.into(),
        }
    }

    /// At a line and column, from 1.
    pub(super) fn placed(line: u32, column: u32, message: impl Into<String>) -> Self {
        Self {
            place: Place::LineColumn(line, column),
            message: message.into(),
        }
    }

    /// With line and column in the text that was checked.
    pub(super) fn fault(self, text: &str) -> Fault {
        let (line, column) = match self.place {
            Place::LineColumn(line, column) => (line, column),
            Place::Offset(offset) => position(text, offset),
        };
        Fault {
            line: Some(line),
            column: Some(column),
            message: self.message,
        }
    }
}

fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line as u32, before[start..].chars().count() as u32 + 1)
}

/// Puts the faults into the numbered lines of a text: those without a place first, the others below their line, what
/// is not shown any more last.
pub(super) fn mark(lines: Vec<Line>, text: &str, faults: &[Fault]) -> Vec<Line> {
    if faults.is_empty() {
        return lines;
    }
    let more = faults.len().saturating_sub(MOST);
    let mut faults: Vec<&Fault> = faults.iter().take(MOST).collect();
    faults.sort_by_key(|f| (f.line, f.column));
    let sources: Vec<&str> = text.split('\n').collect();
    let mut faults = faults.into_iter().peekable();
    let mut out = Vec::with_capacity(lines.len() + MOST);
    while let Some(fault) = faults.next_if(|f| f.line.is_none()) {
        out.push(fault.line());
    }
    let last = lines.iter().filter_map(|l| l.number).max();
    for mut line in lines {
        let Some(number) = line.number else {
            out.push(line);
            continue;
        };
        let source = sources.get(number as usize - 1).copied().unwrap_or_default();
        let mut notes = Vec::new();
        // A place behind the last line is the end of the document.
        while let Some(fault) =
            faults.next_if(|f| f.line <= Some(number) || last == Some(number) && f.line > last && is_end(f, &sources))
        {
            let here = fault.line == Some(number);
            let column = display_column(source, fault.column.filter(|_| here), here);
            line.set_role_at(column, Role::Fault);
            line.mark = Some(Mark::Fault);
            let caret = format!("{}^ {}", " ".repeat(column), fault.message);
            notes.push(Line::of(Role::Fault, &caret).marked(Mark::Caret(column)));
        }
        out.push(line);
        out.append(&mut notes);
    }
    out.extend(faults.map(Fault::line));
    if more > 0 {
        out.push(Line::of(Role::Fault, &format!("! {more} more")).marked(Mark::Note));
    }
    out
}

/// True for a fault at or behind the very end of the text, which shows no line of its own.
fn is_end(fault: &Fault, sources: &[&str]) -> bool {
    let shown = sources.len() - usize::from(sources.last().is_some_and(|s| s.is_empty()));
    fault.line.is_some_and(|l| l as usize > shown)
}

/// The column that a character is shown in, from 0; where none is named, that of the first that is no blank, and of a line
/// that is already over, its end.
fn display_column(source: &str, column: Option<u32>, here: bool) -> usize {
    let source = source.strip_suffix('\r').unwrap_or(source);
    let before: String = match column {
        Some(column) => source.chars().take(column.saturating_sub(1) as usize).collect(),
        None if here => source.chars().take_while(|c| c.is_whitespace()).collect(),
        None => source.to_owned(),
    };
    fit::width(&printable(&before))
}
