//! What fits a few typed letters, best first.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// How well a thing fits, the best first: by its name, then by its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Letters(std::cmp::Reverse<u32>),
    Words(std::cmp::Reverse<u32>),
}

/// The things that fit, best first; all in their own order when nothing was typed. Who types a name, or the beginning of one, means
/// it: `name` goes before `words`.
pub fn rank<T>(typed: &str, things: Vec<T>, name: impl Fn(&T) -> &str, words: impl Fn(&T) -> String) -> Vec<T> {
    let typed = typed.trim();
    if typed.is_empty() {
        return things;
    }
    // As one types a name whose parts are joined.
    let joined = typed.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut room = Vec::new();
    let mut score = |text: &str| {
        pattern
            .score(Utf32Str::new(text, &mut room), &mut matcher)
            .map(std::cmp::Reverse)
    };
    let mut fits: Vec<(Fit, T)> = things
        .into_iter()
        .filter_map(|t| {
            let n = name(&t);
            let fit = match () {
                () if n == joined => Fit::Whole,
                () if n.starts_with(&joined) => Fit::Beginning,
                () => match score(n) {
                    Some(s) => Fit::Letters(s),
                    None => Fit::Words(score(&format!("{n} {}", words(&t)))?),
                },
            };
            Some((fit, t))
        })
        .collect();
    fits.sort_by_key(|f| f.0);
    fits.into_iter().map(|f| f.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_are_enough() {
        let names = || vec!["next-problem", "replay", "errors-only", "zoom"];
        let rank = |t: &str| rank(t, names(), |n| n, |_| String::new());
        assert_eq!(rank(""), names());
        assert_eq!(rank("rep"), ["replay"]);
        assert_eq!(rank("np"), ["next-problem"]);
        assert_eq!(rank("Next Prob"), ["next-problem"]);
        assert_eq!(rank("xyz"), [""; 0]);
    }

    #[test]
    fn a_name_goes_before_words() {
        let things = || {
            vec![
                ("back", "back; quits at the top"),
                ("target", "where replays go"),
                ("quit-all", ""),
                ("replays", "every attempt"),
                ("quit", "at once"),
            ]
        };
        let rank = |t: &str| -> Vec<&str> {
            let all = rank(t, things(), |t| t.0, |t| t.1.to_owned());
            all.into_iter().map(|t| t.0).collect()
        };
        assert_eq!(rank("quit"), ["quit", "quit-all", "back"]);
        assert_eq!(rank("rep"), ["replays", "target"]);
        assert_eq!(rank("attempt"), ["replays"]);
    }
}
