//! Colours by role. Nothing is told by colour alone: every coloured word is also a word.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

use crate::model::Severity;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    match role {
        Role::Heading => plain.bold(),
        Role::Error => plain.fg_color(Some(AnsiColor::Red.into())).bold(),
        Role::Warning => plain.fg_color(Some(AnsiColor::Yellow.into())),
        Role::Info => plain.fg_color(Some(AnsiColor::Blue.into())),
        Role::Good => plain.fg_color(Some(AnsiColor::Green.into())),
        Role::Command => plain.fg_color(Some(AnsiColor::Cyan.into())),
        Role::Faint => plain.dimmed(),
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
