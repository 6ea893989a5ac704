//! The problems found so far, with places in lines and columns; bounded, so that a hostile document cannot fill the memory.

use std::ops::Range;

use super::near::Words;
use super::table::{self, Level};
use crate::judge::text::Lines;
use crate::model::{Problem, Severity};

/// More problems than that are one cause many times.
const MAX: usize = 100;

/// What was found in a document.
pub(super) struct Report<'a> {
    xml: &'a str,
    lines: Lines<'a>,
    problems: Vec<Problem>,
    /// How many were found beyond [`MAX`], and the worst of them.
    more: usize,
    worst: Severity,
    words: Words,
}

impl<'a> Report<'a> {
    pub(super) fn new(xml: &'a str) -> Self {
        Self {
            xml,
            lines: Lines::of(xml),
            problems: Vec::new(),
            more: 0,
            worst: Severity::Info,
            words: Words::new(),
        }
    }

    /// The document's own text there.
    pub(super) fn source(&self, range: Range<usize>) -> &'a str {
        self.xml.get(range).unwrap_or_default()
    }

    /// For what is said.
    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    /// True where more problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MAX
    }

    /// One more problem; the words are only put together while there is room.
    pub(super) fn add(&mut self, at: usize, code: &str, level: Level, certain: bool, says: impl FnOnce() -> String) {
        let severity = Severity::from(level);
        if self.is_full() {
            self.more += 1;
            self.worst = self.worst.max(severity);
            return;
        }
        let problem = Problem::new(code, severity, says()).at(self.lines.place(at));
        self.problems.push(if certain { problem } else { problem.likely() });
        if self.is_full() {
            self.words.hush();
        }
    }

    /// A breach of the rule of that id.
    pub(super) fn rule(&mut self, at: usize, id: &str, says: impl FnOnce() -> String) {
        let rule = table::rule(id);
        debug_assert!(rule.is_some(), "no rule {id} in filters/twiml-rules.toml");
        if let Some(rule) = rule {
            self.add(at, &rule.code, rule.level, rule.certain, says);
        }
    }

    /// In the order of the document; the last one says how many more there are.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        if self.more > 0 {
            let message = format!("{} more problems are not listed: mend these first", self.more);
            // It is one of them only where nothing that is listed is as bad.
            let worst = self.problems.iter().map(|p| p.severity).max();
            let severity = if worst >= Some(self.worst) {
                Severity::Info
            } else {
                self.worst
            };
            self.problems.push(Problem::new("", severity, message));
        }
        self.problems
    }
}
