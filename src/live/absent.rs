//! Followed names that have nothing to read yet: which of them are worth a word, and when.
//!
//! A rotation takes a name away for a moment, and leaves an empty file until the next line is written: that is no news. So a
//! name is told when all others have been read as far as they go, and one that had something before only after a while.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::input::follow::EMPTY;

/// A rotation takes less.
const GRACE: Duration = Duration::from_secs(5);

/// Names without anything to read.
#[derive(Debug, Default)]
pub(super) struct Absent {
    names: BTreeMap<PathBuf, Missing>,
    /// Names that had something once.
    had: HashSet<PathBuf>,
}

#[derive(Debug)]
struct Missing {
    /// Why; none when it just is not there.
    why: Option<String>,
    since: Instant,
    told: bool,
}

/// What is to be said of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// It is there, and nothing is wrong with it.
    pub(super) well: bool,
}

impl Absent {
    /// A name has nothing to read, from now on or for another reason than before.
    pub(super) fn misses(&mut self, path: PathBuf, why: Option<String>, now: Instant) {
        let since = self.names.get(&path).map_or(now, |m| m.since);
        let told = false;
        self.names.insert(path, Missing { why, since, told });
    }

    /// Something is read under this name; names that a word was said of are given back.
    pub(super) fn has(&mut self, name: &Path) -> Vec<PathBuf> {
        let of: Vec<PathBuf> = self.names.keys().filter(|p| name.starts_with(p)).cloned().collect();
        self.had.insert(name.to_owned());
        of.into_iter()
            .filter(|p| self.names.remove(p).is_some_and(|m| m.told))
            .collect()
    }

    /// What is to be said now, when everything else has been read; each once.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Word> {
        let had = &self.had;
        let due = self.names.iter_mut().filter(|(path, m)| {
            let trouble = m.why.as_deref().is_some_and(|w| w != EMPTY);
            let new = trouble || !had.contains(*path);
            !m.told && (new || now.saturating_duration_since(m.since) >= GRACE)
        });
        due.map(|(path, m)| {
            m.told = true;
            Word {
                path: path.clone(),
                text: m.why.clone().unwrap_or_else(|| {
                    if had.contains(path) {
                        "is not there any more; waiting for a new one".to_owned()
                    } else {
                        "is not there yet; waiting for it".to_owned()
                    }
                }),
                well: m.why.as_deref() == Some(EMPTY),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|w| w.text.as_str()).collect()
    }

    #[test]
    fn a_rotation_is_no_news_and_a_file_that_stays_away_is() {
        let (mut absent, path, now) = (Absent::default(), PathBuf::from("app.log"), Instant::now());
        absent.misses(path.clone(), None, now);
        assert_eq!(texts(&absent.due(now)), ["is not there yet; waiting for it"]);
        assert!(absent.due(now + GRACE * 2).is_empty());
        assert_eq!(absent.has(&path), [path.as_path()]);
        // Renamed away, and made anew.
        absent.misses(path.clone(), None, now);
        absent.misses(path.clone(), Some(EMPTY.to_owned()), now);
        assert!(absent.due(now + GRACE / 2).is_empty());
        assert!(absent.has(&path).is_empty());
        absent.misses(path.clone(), None, now);
        let words = absent.due(now + GRACE);
        assert_eq!(texts(&words), ["is not there any more; waiting for a new one"]);
        // What cannot be opened does not wait to be told.
        absent.misses(path.clone(), Some("Permission denied".to_owned()), now);
        assert_eq!(texts(&absent.due(now)), ["Permission denied"]);
        assert_eq!(absent.has(Path::new("app.log/of/a/folder")), [path.as_path()]);
    }

    #[test]
    fn an_empty_file_is_well() {
        let (mut absent, now) = (Absent::default(), Instant::now());
        absent.misses(PathBuf::from("app.log"), Some(EMPTY.to_owned()), now);
        let words = absent.due(now);
        assert_eq!((texts(&words), words[0].well), (vec!["is empty"], true));
    }
}
