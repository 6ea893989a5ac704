//! From a rule's pattern to literals that every match must hold, so that one pass over a block finds the few lines that
//! any rule could meet.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::usual::Usual;

/// A literal shorter than this would be met by too many lines.
const SHORTEST: usize = 3;
/// More alternatives than this are not worth their place in the search.
const MOST: usize = 16;
/// Only so many bytes of a literal are searched for; the pattern decides the rest.
const LONGEST: usize = 16;
/// How many bytes of a message's beginning are looked up.
pub(super) const OPENING: usize = 8;
/// Beyond this a literal is rare enough (bits, see [`rarity`]).
const ENOUGH: i32 = 26;
/// What each further literal costs the search (bits).
const COST: i32 = 18;

/// A literal to search for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needle {
    pub(super) text: Vec<u8>,
    /// Where it stands in a match, when that is always the same: then the pattern need only be tried there.
    pub(super) at: Option<usize>,
}

/// Literals of which every match of `pattern` holds at least one; none when the pattern has no such set. What is
/// common is avoided as the beginning of a needle: the search stops there.
pub(super) fn needles(pattern: &str, common: &Usual) -> Option<Vec<Needle>> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    best(&hir, true, common)
}

/// Texts of which every match begins with one, for a pattern that begins where a message does: such a rule needs no search.
pub(super) fn openings(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    if !matches!(parts[0].kind(), HirKind::Look(Look::Start)) {
        return None;
    }
    let set = prefix(&Hir::concat(parts[1..].to_vec()), |l| {
        l[..l.len().min(OPENING)].to_vec()
    })?;
    set.iter().all(|t| t.len() == OPENING).then_some(set)
}

/// The best set for a pattern or a part of one; `first` when a match begins with it.
fn best(hir: &Hir, first: bool, common: &Usual) -> Option<Vec<Needle>> {
    match hir.kind() {
        HirKind::Capture(c) => best(&c.sub, first, common),
        HirKind::Repetition(r) if r.min > 0 => best(&r.sub, first, common),
        HirKind::Alternation(all) => {
            let mut out = Vec::new();
            for one in all {
                out.extend(best(one, first, common)?);
            }
            (out.len() <= MOST).then_some(out)
        }
        HirKind::Concat(parts) => {
            let from_each =
                (0..parts.len()).filter_map(|i| windows(&Hir::concat(parts[i..].to_vec()), first && i == 0, common));
            let inside = parts
                .iter()
                .enumerate()
                .filter_map(|(i, p)| best(p, first && i == 0, common));
            from_each.chain(inside).max_by_key(|set| score(set))
        }
        _ => windows(hir, first, common),
    }
}

/// Needles in the literals that a match of this part begins with.
fn windows(hir: &Hir, first: bool, common: &Usual) -> Option<Vec<Needle>> {
    let set = prefix(hir, |l| window(l, first, common))?;
    set.iter().all(|n| n.text.len() >= SHORTEST).then_some(set)
}

/// What is made of the literals that a match of this part begins with, when they are few.
fn prefix<T>(hir: &Hir, of: impl Fn(&[u8]) -> T) -> Option<Vec<T>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(MOST).limit_class(10);
    let seq: Seq = extractor.extract(hir);
    let set: Vec<T> = seq.literals()?.iter().map(|l| of(l.as_bytes())).collect();
    (!set.is_empty() && set.len() <= MOST).then_some(set)
}

/// The rarest stretch of a literal: the searcher looks at the first four bytes of its needles, so these should be
/// unusual; a little more must follow, or the needle says too little.
fn window(literal: &[u8], first: bool, common: &Usual) -> Needle {
    let last = literal.len().saturating_sub(6);
    let worth = |at: usize| {
        let head = &literal[at..literal.len().min(at + 4)];
        let seen = common.seen(head) as i32;
        head.iter().map(|&b| rarity(b)).sum::<i32>() - 8 * seen
    };
    let at = (0..=last).max_by_key(|&at| worth(at)).unwrap_or(0);
    let end = literal.len().min(at + LONGEST);
    Needle {
        text: literal[at..end].to_vec(),
        at: first.then_some(at),
    }
}

/// How rare a byte is in log lines, in bits, roughly: digits, hex letters and blanks are everywhere in ids and times.
fn rarity(b: u8) -> i32 {
    match b {
        b'0'..=b'9' | b'a'..=b'f' | b' ' | b'.' => 1,
        b'o' | b't' | b'r' | b'p' | b'n' | b'i' | b's' | b'l' | b':' | b'-' | b'=' => 2,
        b'T' | b'R' | b'O' | b'P' | b'S' | b'[' | b']' | b'/' | b'@' | b'u' | b'm' | b'g' | b'h' => 3,
        b'"' | b'<' | b'>' | b'(' | b')' | b'v' | b'w' | b'y' | b'k' | b'C' | b'I' | b'M' => 4,
        _ => 5,
    }
}

/// Rare literals, and few of them.
fn score(set: &[Needle]) -> i32 {
    let rarest = |n: &Needle| n.text.iter().map(|&b| rarity(b)).sum::<i32>().min(ENOUGH);
    set.iter().map(rarest).min().unwrap_or(0) - COST * set.len() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Example, Test, builtin};

    fn set(pattern: &str) -> Option<Vec<String>> {
        needles(pattern, &Usual::default()).map(|s| {
            s.iter()
                .map(|n| String::from_utf8_lossy(&n.text).into_owned())
                .collect()
        })
    }

    #[test]
    fn finds_what_every_match_holds() {
        assert!(
            set(r"^Processing events: (.*)")
                .unwrap()
                .iter()
                .all(|l| "Processing events: ".contains(l.as_str()))
        );
        let two = set(r"has (?:compilation|runtime) errors: .*").unwrap();
        assert!(two.len() <= 2 && two.iter().all(|l| l.len() >= 6), "{two:?}");
        let sip = set(r"\(i\)\[SIP/2\.0 ([3-6]\d\d) ").unwrap();
        assert!(sip.iter().all(|l| l.len() >= 3), "{sip:?}");
        assert_eq!(set(r"\d+ \w+"), None);
        assert_eq!(set(""), None);
    }

    #[test]
    fn a_place_is_known_only_at_the_beginning() {
        let at = |p| {
            needles(p, &Usual::default())
                .unwrap()
                .iter()
                .map(|n| n.at)
                .collect::<Vec<_>>()
        };
        assert_eq!(at("MRCP/1.0 [0-9]+"), [Some(0)]);
        assert_eq!(at("^[a-z]+ violates the sandbox"), [None]);
        assert_eq!(at("(?:first thing|second thing)"), [Some(5), Some(6)]);
    }

    #[test]
    fn every_example_of_a_rule_holds_a_needle() {
        for rule in builtin::packs().into_iter().flat_map(|p| p.rules) {
            let Test::Line { pattern, .. } = &rule.test else {
                continue;
            };
            let Some(needles) = needles(pattern, &Usual::default()) else {
                continue;
            };
            for example in &rule.matches {
                let Example::Line(text) = example else { continue };
                let held = needles
                    .iter()
                    .any(|n| memchr::memmem::find(text.as_bytes(), &n.text).is_some());
                assert!(held, "{}: {text}", rule.id);
            }
        }
    }
}
