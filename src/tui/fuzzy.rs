//! What fits a few typed letters, best first.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The things whose text fits, best first; all in their own order when nothing was typed.
pub fn rank<T>(typed: &str, things: Vec<T>, text: impl Fn(&T) -> String) -> Vec<T> {
    if typed.trim().is_empty() {
        return things;
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut room = Vec::new();
    let mut fits: Vec<(u32, T)> = things
        .into_iter()
        .filter_map(|t| {
            let score = pattern.score(Utf32Str::new(&text(&t), &mut room), &mut matcher)?;
            Some((score, t))
        })
        .collect();
    fits.sort_by_key(|f| std::cmp::Reverse(f.0));
    fits.into_iter().map(|f| f.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_are_enough() {
        let names = || vec!["next-problem", "replay", "errors-only", "zoom"];
        let rank = |t: &str| rank(t, names(), |n| (*n).to_owned());
        assert_eq!(rank(""), names());
        assert_eq!(rank("rep"), ["replay"]);
        assert_eq!(rank("np"), ["next-problem"]);
        assert_eq!(rank("xyz"), [""; 0]);
    }
}
