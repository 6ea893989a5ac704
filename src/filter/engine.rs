//! All packs as one machine: finds candidate lines in a block, and says which rules a line or a document meets.
//!
//! One multi-literal search over a whole block finds the lines that any rule could meet; only there the patterns run.
//! Rules that only hide have no part in that search: a line that nothing shows is hidden anyway.

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::Captures;

use super::needles::needles;
use super::pack::{Broken, Pack};
use super::rule::{Does, OverCall, Rule, Test};

/// Every rule of every pack, ready to run.
#[derive(Debug)]
pub struct Engine {
    /// Line rules, in the order in which they are asked.
    lines: Vec<Rule>,
    /// Document rules, in the order in which they are asked.
    documents: Vec<Rule>,
    /// Rules over whole calls.
    over: Vec<Rule>,
    search: Search,
    /// For each needle, the line rules that it may belong to.
    owners: Vec<Vec<u16>>,
    /// Line rules without a needle: asked for every line.
    always: Vec<u16>,
    /// About the packs: name, about, origin, in order.
    packs: Vec<(String, String, String)>,
    broken: Vec<Broken>,
}

/// A needle at a place of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Offset in the block.
    pub at: usize,
    needle: usize,
}

/// A line rule that a message meets, with its groups.
#[derive(Debug)]
pub struct Met<'e, 't> {
    /// Number of the rule among the line rules.
    pub index: u16,
    /// The rule.
    pub rule: &'e Rule,
    /// Its groups in the message.
    pub groups: Captures<'t>,
}

impl Met<'_, '_> {
    /// Text of a group, when it took part in the match.
    pub fn group(&self, name: &str) -> Option<&[u8]> {
        self.groups.name(name).map(|m| m.as_bytes())
    }
}

#[derive(Debug)]
enum Search {
    Packed(packed::Searcher),
    Automaton(Box<AhoCorasick>),
    Nothing,
}

impl Engine {
    /// Puts packs together; earlier packs are asked first.
    pub fn new(packs: Vec<Pack>) -> Self {
        let mut e = Self {
            lines: Vec::new(),
            documents: Vec::new(),
            over: Vec::new(),
            search: Search::Nothing,
            owners: Vec::new(),
            always: Vec::new(),
            packs: Vec::new(),
            broken: Vec::new(),
        };
        for pack in packs {
            e.packs.push((pack.name, pack.about, pack.origin));
            e.broken.extend(pack.broken);
            for rule in pack.rules {
                match rule.test {
                    Test::Line { .. } => e.lines.push(rule),
                    Test::Fields(_) => e.documents.push(rule),
                    Test::Call(_) => e.over.push(rule),
                }
            }
        }
        e.build_search();
        e
    }

    fn build_search(&mut self) {
        let mut found: Vec<(Vec<u8>, u16)> = Vec::new();
        for (n, rule) in self.lines.iter().enumerate().filter(|(_, r)| !is_noise(r)) {
            let Test::Line { pattern, .. } = &rule.test else { continue };
            match needles(pattern) {
                Some(set) => found.extend(set.into_iter().map(|l| (l, n as u16))),
                None => self.always.push(n as u16),
            }
        }
        let mut needles: Vec<Vec<u8>> = found.iter().map(|(l, _)| l.clone()).collect();
        needles.sort();
        needles.dedup();
        self.owners = needles.iter().map(|n| owners(n, &found)).collect();
        self.search = if needles.is_empty() {
            Search::Nothing
        } else if let Some(s) = packed::Searcher::new(&needles) {
            Search::Packed(s)
        } else {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(&needles)
                .map_or(Search::Nothing, |a| Search::Automaton(Box::new(a)))
        };
    }

    /// The first needle at or behind an offset.
    pub fn find(&self, block: &[u8], from: usize) -> Option<Hit> {
        let span = aho_corasick::Span { start: from, end: block.len() };
        let m = match &self.search {
            Search::Packed(s) => s.find_in(block, span),
            Search::Automaton(a) => a.find(aho_corasick::Input::new(block).span(span)),
            Search::Nothing => None,
        }?;
        Some(Hit { at: m.start(), needle: m.pattern().as_usize() })
    }

    /// True when some rule must be asked for every line.
    pub fn asks_every_line(&self) -> bool {
        !self.always.is_empty()
    }

    /// Adds the rules that a needle may belong to.
    pub fn candidates(&self, hit: Hit, into: &mut Vec<u16>) {
        into.extend_from_slice(&self.owners[hit.needle]);
    }

    /// Which rules a message meets: those with `also` or `needs`, and the first without. `candidates` are those whose
    /// needles are in the line, in any order; rules that hide are asked when they stand before one of these.
    pub fn ask<'e, 't>(&'e self, category: &[u8], message: &'t [u8], candidates: &mut Vec<u16>) -> Vec<Met<'e, 't>> {
        candidates.extend_from_slice(&self.always);
        candidates.sort_unstable();
        candidates.dedup();
        let mut met = Vec::new();
        let mut next = 0u16;
        for &c in candidates.iter() {
            for n in next..=c {
                let rule = &self.lines[usize::from(n)];
                if (n == c || is_noise(rule)) && self.meets(n, category, message, &mut met) {
                    return met;
                }
            }
            next = c + 1;
        }
        met
    }

    /// Which rules a message meets, every rule asked: for lines that no form claims, and for `redial filters test`.
    pub fn ask_all<'e, 't>(&'e self, category: &[u8], message: &'t [u8]) -> Vec<Met<'e, 't>> {
        let mut met = Vec::new();
        for n in 0..self.lines.len() {
            if self.meets(n as u16, category, message, &mut met) {
                break;
            }
        }
        met
    }

    /// Asks one rule; true when it is the line's own and no other needs to be asked.
    fn meets<'e, 't>(&'e self, n: u16, category: &[u8], message: &'t [u8], met: &mut Vec<Met<'e, 't>>) -> bool {
        let rule = &self.lines[usize::from(n)];
        if !rule.in_category(category) {
            return false;
        }
        let Some(groups) = rule.regex().and_then(|r| r.captures(message)) else { return false };
        met.push(Met { index: n, rule, groups });
        !rule.also && rule.needs.is_none()
    }

    /// The first document rule whose conditions the fields meet.
    pub fn ask_document<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> Option<(u16, &Rule)> {
        self.documents.iter().enumerate().find_map(|(n, rule)| match &rule.test {
            Test::Fields(when) if when.iter().all(|(name, c)| c.holds(field(name))) => Some((n as u16, rule)),
            _ => None,
        })
    }

    /// The rule for a state of a whole call.
    pub fn over(&self, state: OverCall) -> Option<&Rule> {
        self.over.iter().find(|r| matches!(r.test, Test::Call(s) if s == state))
    }

    /// A line rule by its number.
    pub fn line_rule(&self, n: u16) -> &Rule {
        &self.lines[usize::from(n)]
    }

    /// Every rule, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.lines.iter().chain(&self.over).chain(&self.documents)
    }

    /// The packs in order: name, about, origin.
    pub fn packs(&self) -> &[(String, String, String)] {
        &self.packs
    }

    /// Rules that were left out.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }
}

/// A rule that only hides.
fn is_noise(rule: &Rule) -> bool {
    rule.hide && matches!(rule.does, Does::Finding | Does::Echo) && rule.settles.is_none()
}

/// The rules of every needle that may be meant when this one is found: itself, and those that share its beginning (the
/// search reports only one of two needles at the same place).
fn owners(needle: &[u8], found: &[(Vec<u8>, u16)]) -> Vec<u16> {
    let mut out: Vec<u16> =
        found.iter().filter(|(l, _)| l.starts_with(needle) || needle.starts_with(l)).map(|(_, n)| *n).collect();
    out.sort_unstable();
    out.dedup();
    out
}
