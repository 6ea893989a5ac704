//! What is said on standard error beside the lines, and what of it was said before.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::live::{Said, Word};
use crate::model::Time;

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Of each service: it is in trouble, and its last note.
    services: HashMap<&'static str, (bool, Option<String>)>,
    /// Up to where everything is there: said once, the screen shows it as it moves.
    complete: Option<Time>,
    /// Followed paths that wait, and why.
    waits: HashSet<(PathBuf, String)>,
}

/// What a word asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'w> {
    /// Nothing, or it was said before.
    Nothing,
    /// To be said.
    Say(Cow<'w, str>),
    /// The service has ended: why.
    Ended(Option<&'w str>),
}

impl Words {
    /// What stays bad is said once, whatever its numbers are by now; a note is not said twice in a row.
    pub(super) fn hear<'w>(&mut self, word: &'w Word) -> Heard<'w> {
        let (bad, note) = self.services.entry(word.service).or_default();
        match &word.said {
            Said::UpTo(at) if self.complete.replace(*at).is_none() => Heard::Say(format!("complete up to {at}").into()),
            Said::Came(_) | Said::UpTo(_) | Said::Up { but: None, .. } => Heard::Nothing,
            Said::Bad(_) if *bad => Heard::Nothing,
            Said::Bad(text) => {
                *bad = true;
                Heard::Say(text.into())
            }
            Said::Well(text) => {
                *bad = false;
                Heard::Say(text.into())
            }
            Said::Up { but: Some(text), .. } | Said::Note(text) => {
                if note.replace(text.clone()).as_ref() == Some(text) {
                    Heard::Nothing
                } else {
                    Heard::Say(text.into())
                }
            }
            Said::Ended(why) => Heard::Ended(why.as_deref()),
        }
    }

    /// Whether a path that waits is news.
    pub(super) fn waits(&mut self, path: &std::path::Path, text: &str) -> bool {
        self.waits.insert((path.to_owned(), text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_bad_is_said_once() {
        let mut words = Words::default();
        let mut hear = |service: &'static str, said: Said| {
            let word = Word { service, said };
            match words.hear(&word) {
                Heard::Say(text) => Some(text.into_owned()),
                _ => None,
            }
        };
        let bad = |n: u32| Said::Bad(format!("{n} not recorded"));
        let note = |text: &str| Said::Note(text.to_owned());
        let well = || Said::Well("well again".to_owned());
        assert!(hear("proxy", bad(1)).is_some());
        assert!(hear("proxy", bad(2)).is_none());
        // A note, or another service, does not make it news.
        assert!(hear("proxy", note("refused")).is_some());
        assert!(hear("proxy", note("refused")).is_none());
        assert!(hear("listen", bad(1)).is_some());
        assert!(hear("proxy", bad(3)).is_none());
        assert!(hear("proxy", well()).is_some());
        assert!(hear("proxy", bad(4)).is_some());
        let word = Word {
            service: "pull",
            said: Said::Ended(Some("401".to_owned())),
        };
        assert_eq!(Words::default().hear(&word), Heard::Ended(Some("401")));
    }

    #[test]
    fn a_path_that_waits_is_said_once() {
        let mut words = Words::default();
        let path = PathBuf::from("app.log");
        assert!(words.waits(&path, "is not there yet"));
        assert!(!words.waits(&path, "is not there yet"));
        assert!(words.waits(&path, "cannot be opened"));
    }
}
