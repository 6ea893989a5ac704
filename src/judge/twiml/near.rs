//! What somebody probably meant: the same name in another case, or one a letter or two away.

use std::cell::Cell;

use strsim::osa_distance;

/// Longer names are no slips of a known one; comparing them would cost the square of their length.
const LONGEST: usize = 40;

/// How many names may be compared in one document; a document full of mistakes has one cause. There are 900 voices.
const COMPARED: usize = 3_000;

/// What is still to be said of a document: once its problems are only counted, no words are put together any more.
pub(super) struct Words {
    left: Cell<usize>,
    quiet: Cell<bool>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(COMPARED),
            quiet: Cell::new(false),
        }
    }

    /// From now on nobody reads what is said.
    pub(super) fn hush(&self) {
        self.quiet.set(true);
    }

    /// Nobody reads what is said any more.
    pub(super) fn are_hushed(&self) -> bool {
        self.quiet.get()
    }

    /// The known name that is closest, if it is close: the same but for case and hyphens, else by few letters.
    pub(super) fn name<'a>(&self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if wrong.is_empty() || wrong.len() > LONGEST || self.quiet.get() {
            return None;
        }
        let plain = |s: &str| s.to_lowercase().replace(['-', '_', ' '], "");
        let lower = plain(wrong);
        let allowed = match lower.len() {
            0..=2 => 0,
            3..=4 => 1,
            _ => 2,
        };
        known
            .into_iter()
            .filter(|k| k.len().abs_diff(wrong.len()) <= allowed + 1)
            .take_while(|_| match self.left.get() {
                0 => false,
                left => {
                    self.left.set(left - 1);
                    true
                }
            })
            .map(|k| (osa_distance(&lower, &plain(k)), k))
            .filter(|(far, _)| *far <= allowed)
            .min_by_key(|(far, k)| (*far, k.len().abs_diff(wrong.len())))
            .map(|(_, k)| k)
    }

    /// `A`, `B` and `C`: what is allowed somewhere, cut where it is too much to read.
    pub(super) fn list<'a>(&self, names: impl IntoIterator<Item = &'a str>, wrap: impl Fn(&str) -> String) -> String {
        if self.quiet.get() {
            String::new()
        } else {
            list(names, wrap)
        }
    }
}

/// `A`, `B` and `C`: what is allowed somewhere, cut where it is too much to read.
fn list<'a>(names: impl IntoIterator<Item = &'a str>, wrap: impl Fn(&str) -> String) -> String {
    const SHOWN: usize = 12;
    let all: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> = all.iter().take(SHOWN).map(|n| wrap(n)).collect();
    match shown.len() {
        0 => "nothing".to_owned(),
        1 => shown.remove(0),
        n if n < all.len() => format!("{} and {} more", shown.join(", "), all.len() - n),
        n => {
            let last = shown.remove(n - 1);
            format!("{} and {last}", shown.join(", "))
        }
    }
}

/// `<Name>`.
pub(super) fn tag(name: &str) -> String {
    format!("<{}>", short(name))
}

/// `` `value` ``.
pub(super) fn code(value: &str) -> String {
    format!("`{}`", short(value))
}

/// A value from the document, short enough for a sentence.
pub(super) fn short(value: &str) -> String {
    const LONGEST_SHOWN: usize = 60;
    match value.char_indices().nth(LONGEST_SHOWN) {
        Some((cut, _)) => format!("{}…", &value[..cut]),
        None => value.to_owned(),
    }
}
