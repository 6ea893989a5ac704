//! From a rule's pattern to literals that every match must hold, so that one pass over a block finds the few lines that
//! any rule could meet.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

/// A literal shorter than this would be met by too many lines.
const SHORTEST: usize = 3;
/// More alternatives than this are not worth their place in the search.
const MOST: usize = 16;
/// Only so many bytes of a literal are searched for; the pattern decides the rest.
const LONGEST: usize = 16;

/// Literals of which every match of `pattern` holds at least one; none when the pattern has no such set.
pub(super) fn needles(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    best(&hir)
}

/// The best set for a pattern or a part of one.
fn best(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Capture(c) => best(&c.sub),
        HirKind::Repetition(r) if r.min > 0 => best(&r.sub),
        HirKind::Alternation(all) => {
            let mut out = Vec::new();
            for one in all {
                out.extend(best(one)?);
            }
            (out.len() <= MOST).then_some(out)
        }
        HirKind::Concat(parts) => {
            let from_each = (0..parts.len()).filter_map(|i| prefix(&Hir::concat(parts[i..].to_vec())));
            let inside = parts.iter().filter_map(best);
            from_each.chain(inside).max_by_key(|set| score(set))
        }
        _ => prefix(hir),
    }
}

/// The literals that a match of this part begins with, when they are few and long enough.
fn prefix(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(MOST).limit_class(10);
    let seq: Seq = extractor.extract(hir);
    let set: Vec<Vec<u8>> = seq.literals()?.iter().map(|l| window(l.as_bytes()).to_vec()).collect();
    (!set.is_empty() && set.len() <= MOST && set.iter().all(|l| l.len() >= SHORTEST)).then_some(set)
}

/// The rarest stretch of a literal: the searcher looks at the first bytes of its needles, so these should be unusual.
fn window(literal: &[u8]) -> &[u8] {
    let len = literal.len().min(LONGEST);
    (0..=literal.len() - len)
        .min_by_key(|&at| literal[at..].iter().take(4).map(|&b| frequency(b)).sum::<u32>())
        .map_or(literal, |at| &literal[at..at + len])
}

/// How common a byte is in log lines, roughly (0-10): digits, hex letters and separators are everywhere in ids and times.
fn frequency(b: u8) -> u32 {
    match b {
        b'0'..=b'9' | b'a'..=b'f' | b' ' | b'.' => 10,
        b'o' | b't' | b'r' | b'p' | b'n' | b'i' | b's' | b'l' | b':' | b'-' | b'=' => 8,
        b'T' | b'R' | b'O' | b'P' | b'S' | b'[' | b']' | b'/' | b'@' | b'u' | b'm' | b'g' | b'h' => 6,
        b'"' | b'<' | b'>' | b'(' | b')' | b'v' | b'w' | b'y' | b'k' | b'C' | b'I' | b'M' => 4,
        _ => 2,
    }
}

/// Fewer and longer literals are better.
fn score(set: &[Vec<u8>]) -> (usize, std::cmp::Reverse<usize>) {
    (set.iter().map(Vec::len).min().unwrap_or(0).min(8), std::cmp::Reverse(set.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pattern: &str) -> Option<Vec<String>> {
        needles(pattern).map(|s| s.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect())
    }

    #[test]
    fn finds_what_every_match_holds() {
        assert!(set(r"^Processing events: (.*)").unwrap().iter().all(|l| "Processing events: ".contains(l.as_str())));
        let two = set(r"has (?:compilation|runtime) errors: .*").unwrap();
        assert!(two.len() <= 2 && two.iter().all(|l| l.len() >= 8), "{two:?}");
        let sip = set(r"\(i\)\[SIP/2\.0 ([3-6]\d\d) ").unwrap();
        assert!(sip.iter().all(|l| l.len() >= 3), "{sip:?}");
        assert_eq!(set(r"\d+ \w+"), None);
        assert_eq!(set(""), None);
    }

    #[test]
    fn every_example_of_a_rule_holds_a_needle() {
        for rule in crate::filter::builtin::packs().into_iter().flat_map(|p| p.rules) {
            let crate::filter::Test::Line { pattern, .. } = &rule.test else { continue };
            let Some(needles) = needles(pattern) else { continue };
            for example in &rule.matches {
                let crate::filter::Example::Line(text) = example else { continue };
                assert!(
                    needles.iter().any(|n| memchr::memmem::find(text.as_bytes(), n).is_some()),
                    "{}: {text}",
                    rule.id
                );
            }
        }
    }
}
