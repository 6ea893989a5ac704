//! What somebody probably meant: the same name in another case, or one a letter or two away.

use std::cell::Cell;

use crate::judge::slip::Slip;

/// Longer names are no slips of a known one; comparing them would cost the square of their length.
const LONGEST: usize = 40;

/// So many letters may be wrong in a name, and fewer in a short one.
pub(super) const MOST: usize = 2;

/// What is still to be said of a document: once its problems are only counted, no words are put together any more.
pub(super) struct Words {
    quiet: Cell<bool>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
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
        let lower = plain(wrong);
        let allowed = match lower.iter().map(|c| c.len_utf8()).sum() {
            0..=2 => 0,
            3..=4 => 1,
            _ => MOST,
        };
        let slip = Slip::new(&wrong.to_lowercase(), allowed);
        known
            .into_iter()
            .filter(|k| k.len().abs_diff(wrong.len()) <= allowed + 1 && slip.may_be(k))
            .filter_map(|k| Some((distance(&lower, &plain(k), allowed)?, k)))
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

/// A name without case, hyphens and blanks.
fn plain(name: &str) -> Vec<char> {
    let lower = name.to_lowercase();
    let mut plain = Vec::with_capacity(lower.len());
    plain.extend(lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ')));
    plain
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to make one name of the other; none where it is
/// more than `most`, which is small.
fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    if one.is_empty() && other.is_empty() {
        return Some(0);
    }
    let left = most
        .checked_sub(1)
        .filter(|left| one.len().abs_diff(other.len()) <= left + 1)?;
    let swapped = matches!((one, other), ([a, b, ..], [c, d, ..]) if (a, b) == (d, c));
    let steps = [(1, 0), (0, 1), (1, 1), (2, 2)]
        .into_iter()
        .filter(|step| *step != (2, 2) || swapped);
    let rests = steps.filter_map(|(n, m)| distance(one.get(n..)?, other.get(m..)?, left));
    Some(1 + rests.min()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let words = Words::new();
        let known = ["Polly.Joanna", "Polly.Joanna-Neural", "Polly.Joey", "man", "Say"];
        for (wrong, meant) in [
            ("Polly.Joana", Some("Polly.Joanna")),
            ("polly-jaonna", Some("Polly.Joanna")),
            ("Polly.JoannaNeurla", Some("Polly.Joanna-Neural")),
            ("mann", Some("man")),
            ("sya", Some("Say")),
            ("ma", None),
            ("Amy", None),
            ("", None),
        ] {
            assert_eq!(words.name(wrong, known), meant, "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn distances_as_others_count_them(one in "[a-c]{0,7}", other in "[a-c]{0,7}", most in 0..4usize) {
            let chars = |name: &str| name.chars().collect::<Vec<_>>();
            let right = Some(strsim::osa_distance(&one, &other)).filter(|far| *far <= most);
            proptest::prop_assert_eq!(distance(&chars(&one), &chars(&other), most), right);
        }
    }
}
