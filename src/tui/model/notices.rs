//! Messages to the user: the newest in sight for a while, an error until a key; the others can be read again.

use std::collections::VecDeque;

use super::super::msg::Level;
use crate::model::Time;

/// Messages.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// All of them, the newest last.
    pub all: VecDeque<Notice>,
    /// The newest is in sight.
    pub shown: bool,
    /// How many came since the last key.
    pub since_key: usize,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Time,
    /// How loud.
    pub level: Level,
    /// What.
    pub text: String,
}

/// How long a notice stays, milliseconds.
pub const NOTICE: i64 = 6_000;

/// Messages that are kept.
const MESSAGES: usize = 200;

impl Notices {
    /// Says something.
    pub fn say(&mut self, at: Time, level: Level, text: impl Into<String>) {
        if self.all.len() == MESSAGES {
            self.all.pop_front();
        }
        self.all.push_back(Notice {
            at,
            level,
            text: text.into(),
        });
        self.shown = true;
        self.since_key += 1;
    }

    /// How many stand unseen behind the one in sight.
    pub fn behind(&self) -> usize {
        self.since_key.min(self.all.len()).saturating_sub(1)
    }

    /// The one in sight.
    pub fn current(&self, now: Time) -> Option<&Notice> {
        let last = self.all.back().filter(|_| self.shown)?;
        (last.level == Level::Error || now.0 - last.at.0 < NOTICE).then_some(last)
    }
}
