//! The lines of a document while they are written, at most so many.

use crate::output::fit::thousands;
use crate::output::rich::{Line, Mark};
use crate::output::style::Role;

/// Lines of a document.
pub(super) struct Sheet {
    lines: Vec<Line>,
    open: Line,
    /// The number of the open line, where the lines are those of the source.
    number: Option<u32>,
    most: usize,
    left_out: usize,
}

impl Sheet {
    /// For a text as it stands: lines carry their number.
    pub(super) fn numbered(most: usize) -> Self {
        Self {
            number: Some(1),
            ..Self::laid_out(most)
        }
    }

    /// For a layout of ours, whose lines are not those of the source.
    pub(super) fn laid_out(most: usize) -> Self {
        Self {
            lines: Vec::new(),
            open: Line::default(),
            number: None,
            most: most.max(1),
            left_out: 0,
        }
    }

    /// True when all lines are used up; what is put from now on is lost.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= self.most
    }

    /// Adds a text, which may have line ends.
    pub(super) fn put(&mut self, role: Role, text: &str) {
        let mut rest = text;
        while !self.is_full() {
            let Some((line, after)) = rest.split_once('\n') else {
                return self.open.push(role, rest);
            };
            self.open.push(role, line.strip_suffix('\r').unwrap_or(line));
            self.break_line(0);
            rest = after;
        }
        self.leave_out(rest.len());
    }

    /// Begins a new line with an indentation.
    pub(super) fn break_line(&mut self, indent: usize) {
        if self.is_full() {
            return;
        }
        let mut line = std::mem::take(&mut self.open);
        line.number = self.number;
        self.number = self.number.map(|n| n + 1);
        self.lines.push(line);
        self.open.push(Role::Plain, &" ".repeat(indent));
    }

    /// Counts bytes of the document that are not shown.
    pub(super) fn leave_out(&mut self, bytes: usize) {
        self.left_out += bytes;
    }

    /// The lines, and how many bytes were left out.
    pub(super) fn finish(mut self) -> (Vec<Line>, usize) {
        // A line end at the end of the document begins no line.
        if !self.is_full() && (!self.open.spans.is_empty() || self.lines.is_empty()) {
            self.break_line(0);
        }
        (self.lines, self.left_out)
    }
}

/// The last line of what is not shown whole.
pub(super) fn rest(bytes: usize) -> Line {
    let noun = if bytes == 1 { "byte" } else { "bytes" };
    Line::of(Role::Faint, &format!("… {} more {noun}", thousands(bytes))).marked(Mark::Note)
}
