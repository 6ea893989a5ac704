//! How bad a finding is, and which platform said so.

use std::fmt;

/// How much a finding matters; ordered, `Info < Warning < Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a line in the story of a call, no more.
    Info,
    /// The call went on, but not as the developer meant it to.
    Warning,
    /// The call, or a step of it, failed.
    Error,
}

impl Severity {
    /// The word of the contract: `error`, `warning`, `info`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads a level in any of the platforms' spellings (`ERROR`, `WARN`, `Warning`, `notice`, `DEBUG`, `FATAL`, and
    /// the `0`/`1` of Twilio's Notifications, docs /voice/api/notification).
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim();
        if t.eq_ignore_ascii_case("error") || t.eq_ignore_ascii_case("fatal") || t == "0" {
            Some(Self::Error)
        } else if t.eq_ignore_ascii_case("warning") || t.eq_ignore_ascii_case("warn") || t == "1" {
            Some(Self::Warning)
        } else if ["info", "notice", "debug", "trace"]
            .iter()
            .any(|w| t.eq_ignore_ascii_case(w))
        {
            Some(Self::Info)
        } else {
            None
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The platform that a call ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// Tropo, or a private Prism server that writes the same lines.
    Tropo,
    /// Twilio.
    Twilio,
}

impl Provider {
    /// The word of the contract: `tropo`, `twilio`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tropo => "tropo",
            Self::Twilio => "twilio",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
