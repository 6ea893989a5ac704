//! Where a value came from, and what is said of one that cannot be used.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// A line of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// The active profile of Twilio's CLI.
    Profile {
        /// Its configuration file.
        path: PathBuf,
        /// The profile's name.
        name: String,
    },
    /// A variable of the environment.
    Env(&'static str),
    /// An option of the command line, such as `--to`.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.pad("default"),
            Self::File { path, line } => f.pad(&format!("{}:{line}", path.display())),
            Self::Profile { path, name } => f.pad(&format!("profile {name} of {}", path.display())),
            Self::Env(name) | Self::Option(name) => f.pad(name),
        }
    }
}

/// A value with its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// What is to be used.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value of this origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// Something in the configuration that cannot be used as it stands; never a reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The file; none for the environment.
    pub path: Option<PathBuf>,
    /// From 1; none where it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong, and what to write. Holds no secret.
    pub message: String,
}

impl Notice {
    /// About a file, or one line of it.
    pub fn in_file(path: &Path, line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            path: Some(path.to_owned()),
            line,
            message: message.into(),
        }
    }

    /// About the place that a value came from.
    pub fn at(origin: &Origin, message: impl Into<String>) -> Self {
        let message = message.into();
        match origin {
            Origin::File { path, line } => Self::in_file(path, Some(*line), message),
            Origin::Profile { path, name } => Self::in_file(path, None, format!("profile {name}: {message}")),
            Origin::Default => Self {
                path: None,
                line: None,
                message,
            },
            Origin::Env(name) | Origin::Option(name) => Self {
                path: None,
                line: None,
                message: format!("{name}: {message}"),
            },
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}:", path.display())?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

/// "did you mean …", or all that is known.
pub(super) fn near(found: &str, known: &[&str]) -> String {
    let best = known.iter().map(|k| (strsim::damerau_levenshtein(found, k), k)).min();
    match best {
        Some((d, k)) if d <= 3 && d * 2 <= k.len() => format!("did you mean `{k}`?"),
        _ => format!("known: {}", known.join(", ")),
    }
}
