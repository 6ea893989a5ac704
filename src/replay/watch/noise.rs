//! Files that change because requests are sent: which those are.
//!
//! An app writes its log, its database, its uploads. A path that changes right after something was sent, in [`ROUNDS`] rounds in
//! a row, is put aside: it says nothing while requests are sent, and for [`LATER`] after. Only that path; the next change of
//! another one counts. What has such a name or was named on the command line is no matter of this, see [`super::files`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Event;

/// A change so soon after a request or its answer may be the app's own.
pub const SOON: Duration = Duration::from_millis(500);
/// A change of a path that was put aside counts when so long nothing was sent.
pub const LATER: Duration = Duration::from_secs(2);
/// In so many rounds in a row.
const ROUNDS: u32 = 3;

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One of the user's, as far as can be told.
    Change,
    /// The app's own; it was not known before.
    PutAside,
    /// The app's own.
    Noise,
}

impl Heard {
    /// What [`super::Watch::on`] is to know of it.
    pub fn event(self) -> Option<Event> {
        match self {
            Self::Change => Some(Event::Changed),
            Self::PutAside => Some(Event::PutAside),
            Self::Noise => None,
        }
    }
}

/// What is known of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Noise {
    /// When a request was sent or answered last.
    last: Option<Duration>,
    /// The last round in which each changed, and how many before in a row, with it.
    paths: BTreeMap<PathBuf, (u32, u32)>,
    aside: BTreeSet<PathBuf>,
}

impl Noise {
    /// A request was sent, or answered.
    pub(super) fn sent(&mut self, now: Duration) {
        self.last = Some(now);
    }

    /// A round began.
    pub(super) fn begins(&mut self, now: Duration, round: u32) {
        self.sent(now);
        self.paths.retain(|_, (last, _)| *last + 1 >= round);
    }

    /// A path changed; `running`: while requests are sent.
    pub(super) fn heard(&mut self, now: Duration, path: &Path, round: u32, running: bool) -> Heard {
        let since = self.last.map(|last| now.saturating_sub(last));
        let within = |span| since.is_some_and(|since| since <= span);
        if self.aside.contains(path) {
            return if running || within(LATER) {
                Heard::Noise
            } else {
                Heard::Change
            };
        }
        if !within(SOON) {
            return Heard::Change;
        }
        let (last, times) = self.paths.entry(path.to_owned()).or_insert((round, 0));
        if *times == 0 || *last != round {
            *times += 1;
            *last = round;
        }
        if *times < ROUNDS {
            return Heard::Change;
        }
        self.paths.remove(path);
        self.aside.insert(path.to_owned());
        Heard::PutAside
    }
}
