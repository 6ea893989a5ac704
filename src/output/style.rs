//! Colours by role. Nothing is told by colour alone: every coloured word is also a word.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

use crate::model::Severity;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// The name of a call.
    Heading,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Neither.
    Info,
    /// Good news.
    Good,
    /// A command to type.
    Command,
    /// Beside the point: places, rules, counts.
    Faint,
    /// Nothing in particular.
    #[default]
    Plain,
    /// A name in a document: an element, an attribute, a key, a parameter.
    Name,
    /// A text value.
    Text,
    /// A number, or one of `true`, `false`, `null`.
    Number,
    /// Brackets, commas, quotes of attributes.
    Punct,
    /// A comment, an XML declaration, a document type.
    Comment,
    /// Where a document is broken, and what is wrong there.
    Fault,
    /// Text that only the newer of two has.
    Added,
    /// The very words that are new in a changed line.
    AddedWords,
    /// Text that only the older of two has.
    Removed,
    /// The very words that are gone from a changed line.
    RemovedWords,
    /// What a search found.
    Match,
}

impl From<Severity> for Role {
    fn from(s: Severity) -> Self {
        match s {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Info => Self::Info,
        }
    }
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint(bool);

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set or TERM is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Paint {
    /// Decides for standard output.
    pub fn for_stdout(when: When, env: impl Fn(&str) -> Option<String>) -> Self {
        let auto = || {
            std::io::stdout().is_terminal()
                && env("NO_COLOR").is_none_or(|v| v.is_empty())
                && env("TERM").is_none_or(|t| t != "dumb")
        };
        Self(match when {
            When::Auto => auto(),
            When::Always => true,
            When::Never => false,
        })
    }

    /// A text in the colour of its role.
    pub fn role<T: Display>(self, role: Role, text: T) -> Painted<T> {
        Painted {
            style: self.0.then(|| style(role)),
            text,
        }
    }
}

fn style(role: Role) -> Style {
    let plain = Style::new();
    let in_colour = |c: AnsiColor| plain.fg_color(Some(c.into()));
    match role {
        Role::Plain => plain,
        Role::Heading => plain.bold(),
        Role::Error => in_colour(AnsiColor::Red).bold(),
        Role::Warning => in_colour(AnsiColor::Yellow),
        Role::Info | Role::Name => in_colour(AnsiColor::Blue),
        Role::Good | Role::Text | Role::Added => in_colour(AnsiColor::Green),
        Role::Command => in_colour(AnsiColor::Cyan),
        Role::Number => in_colour(AnsiColor::Magenta),
        Role::Faint | Role::Punct | Role::Comment => plain.dimmed(),
        Role::Fault | Role::RemovedWords => in_colour(AnsiColor::Red).bold().underline(),
        Role::AddedWords => in_colour(AnsiColor::Green).bold().underline(),
        Role::Removed => in_colour(AnsiColor::Red),
        Role::Match => plain.invert(),
    }
}

/// A text with its colour, or without.
pub struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(s) => {
                write!(f, "{s}")?;
                self.text.fmt(f)?;
                write!(f, "{s:#}")
            }
            None => self.text.fmt(f),
        }
    }
}
