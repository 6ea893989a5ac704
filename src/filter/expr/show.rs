//! How expressions and their errors are written.
//!
//! An expression prints in its shortest form with only the parentheses and quotes it needs; the parser reads that form
//! back to an equal one, which proptest holds it to.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use super::Expr;
use super::eval::{Node, Test};
use super::lex::{is_word_char, keyword};
use super::parse::{Literal, MAX_LENGTH};

/// What is wrong with an expression, and where. It repeats text of the user's, so whoever prints it makes it
/// terminal-safe as everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// 1-based, in characters; one past the end when something is missing there.
    pub column: usize,
    /// What is wrong and what is allowed, one sentence.
    pub message: String,
    /// What was probably meant at that column.
    pub suggestion: Option<String>,
    /// The whole expression.
    pub text: String,
}

/// A text as it is written after an operator: in quotes where it needs them.
pub(super) fn written(text: &str) -> String {
    let wild = false;
    Literal::Text {
        text: text.to_owned(),
        wild,
    }
    .to_string()
}

/// An error that does not know the whole expression yet.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) column: usize,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

impl Fault {
    pub(super) fn new(column: usize, message: impl Into<String>) -> Self {
        Self {
            column,
            message: message.into(),
            suggestion: None,
        }
    }

    pub(super) fn suggesting(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    pub(super) fn in_text(self, text: &str) -> Error {
        Error {
            column: self.column,
            message: self.message,
            suggestion: self.suggestion,
            text: text.to_owned(),
        }
    }
}

impl Error {
    /// Where it is wrong: from 1, in characters; one past the end when something is missing there.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The message with the suggestion on one line, for a view that shows the expression itself.
    pub fn brief(&self) -> String {
        let message = match &self.suggestion {
            Some(s) => format!("{}; did you mean `{s}`?", self.message),
            None => self.message.clone(),
        };
        message.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The expression on one line, and the caret.
    fn draw(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Line ends and tabs would tear the caret from its place.
        let line = self.text.chars().map(|c| if c.width().is_none() { ' ' } else { c });
        let indent: usize = line
            .clone()
            .take(self.column.saturating_sub(1))
            .filter_map(UnicodeWidthChar::width)
            .sum();
        writeln!(f, "{}", line.collect::<String>().trim_end())?;
        writeln!(f, "{:indent$}^", "")
    }
}

impl std::error::Error for Error {}

/// The expression, a caret under the column, and the message with the suggestion.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One that is refused for its length would fill the screen.
        if self.text.len() <= MAX_LENGTH {
            self.draw(f)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(s) => write!(f, "; did you mean `{s}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.root, f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => fmt::Display::fmt(test, f),
            Self::Not(inner) => {
                f.write_str("not ")?;
                operand(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::And(parts) => joined(f, parts, " and ", |p| matches!(p, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => joined(f, parts, " or ", |p| matches!(p, Self::Or(_))),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Node], word: &str, wrap: impl Fn(&Node) -> bool) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        operand(f, part, wrap(part))?;
    }
    Ok(())
}

fn operand(f: &mut fmt::Formatter<'_>, node: &Node, wrap: bool) -> fmt::Result {
    if wrap {
        write!(f, "({node})")
    } else {
        fmt::Display::fmt(node, f)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.field.name(), self.op.as_str())?;
        match self.values.as_slice() {
            [one] if !self.op.takes_list() => fmt::Display::fmt(one, f),
            values => {
                f.write_str("(")?;
                for (i, value) in values.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    fmt::Display::fmt(value, f)?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex { pattern, ignore_case } => write_regex(f, pattern, *ignore_case),
            Self::Text { text, wild: true } => f.write_str(text),
            Self::Text { text, .. } if needs_quotes(text) => write_quoted(f, text),
            Self::Text { text, .. } => f.write_str(text),
        }
    }
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.starts_with('/')
        || keyword(text).is_some()
        || text.chars().any(|c| !is_word_char(c) || matches!(c, '*' | '…'))
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '"' | '\\' => write!(f, "\\{c}")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

fn write_regex(f: &mut fmt::Formatter<'_>, pattern: &str, ignore_case: bool) -> fmt::Result {
    f.write_str("/")?;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => f.write_str("\\/")?,
            '\\' => {
                f.write_str("\\")?;
                if let Some(escaped) = chars.next() {
                    write!(f, "{escaped}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    f.write_str(if ignore_case { "/i" } else { "/" })
}
