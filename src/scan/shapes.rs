//! Shapes of input: the forms of log lines and documents that `--format` narrows a run to.

use crate::format::tropo;

/// Which shapes of input are read; `--format` narrows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    forms: u8,
    pub(super) documents: bool,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            forms: 0xff,
            documents: true,
        }
    }
}

impl Shapes {
    /// Names that `--format` takes.
    pub const NAMES: [&'static str; 9] = [
        "auto",
        "tropo",
        "tropo-prism",
        "tropo-archive",
        "tropo-node",
        "tropo-debugger",
        "tropo-message",
        "twilio",
        "json",
    ];

    /// Reads a name of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::default(),
            "tropo" => Self {
                forms: 0xff,
                documents: false,
            },
            "twilio" | "json" => Self {
                forms: 0,
                documents: true,
            },
            _ => {
                let n = tropo::Form::ALL.iter().position(|f| f.as_str() == name)?;
                Self {
                    forms: 1 << n,
                    documents: false,
                }
            }
        })
    }

    pub(super) fn takes(self, form: tropo::Form) -> bool {
        self.forms == 0xff
            || tropo::Form::ALL
                .iter()
                .position(|&f| f == form)
                .is_some_and(|n| self.forms & 1 << n != 0)
    }
}
