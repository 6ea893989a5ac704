//! Which lines of a block any rule could meet, and which rules: one multi-literal search for all needles.
//!
//! Rules whose messages begin in a way of their own are looked up by that instead. Rules that only hide have no part in the search: a line
//! that nothing shows is hidden anyway. What needles a pattern has is `needles`' matter, how usual they are `usual`'s.

use aho_corasick::{AhoCorasick, MatchKind, packed};

use super::engine::Engine;
use super::meet::Scratch;
use super::needles::{OPENING, needles, openings};
use super::rule::{Does, Note, Rule, Test};
use super::usual::Usual;

/// An opening that more of the usual lines hold is not looked up: its rule would be asked too often.
const USUAL: u32 = 6;

/// A rule behind a needle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    rule: u16,
    /// Its own needle, which may be longer than the one that is searched for, and where that one stands in it.
    text: Vec<u8>,
    before: usize,
    /// Where its own needle stands in a match, when that is always the same.
    at: Option<usize>,
}

/// A needle at a place of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Offset in the block.
    pub at: usize,
    needle: usize,
}

#[derive(Debug)]
pub(super) enum Search {
    Packed(packed::Searcher),
    Automaton(Box<AhoCorasick>),
    Nothing,
}

impl Search {
    pub(super) fn of(needles: &[Vec<u8>]) -> Self {
        if needles.is_empty() {
            return Self::Nothing;
        }
        if let Some(s) = packed::Searcher::new(needles) {
            return Self::Packed(s);
        }
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(needles)
            .map_or(Self::Nothing, |a| Self::Automaton(Box::new(a)))
    }
}

impl Engine {
    pub(super) fn build_search(&mut self) {
        let common = Usual::with(&self.common());
        let mut found: Vec<Owner> = Vec::new();
        for (n, rule) in self.lines.iter().enumerate().filter(|(_, r)| !is_noise(r)) {
            let Test::Line { pattern, .. } = &rule.test else {
                continue;
            };
            // What a note's lines tell is taken without asking its rule once more.
            if let Some(texts) = openings(pattern).filter(|_| rule.note().is_none())
                && texts.iter().all(|t| common.seen(t) <= USUAL)
            {
                let texts = texts.iter().filter_map(|t| t.first_chunk());
                self.openings.extend(texts.map(|t| (*t, n as u16)));
                continue;
            }
            match needles(pattern, &common) {
                Some(set) => found.extend(set.into_iter().map(|l| Owner {
                    rule: n as u16,
                    text: l.text,
                    before: 0,
                    at: l.at,
                })),
                None => self.always.push(n as u16),
            }
        }
        let needles = common.grouped(shortest(&found));
        self.owners = needles.iter().map(|n| owners(n, &found)).collect();
        self.search = Search::of(&needles);
    }

    /// What fills a log: the examples of the rules that hide.
    fn common(&self) -> String {
        let texts = self.lines.iter().filter(|r| is_noise(r)).flat_map(|r| &r.matches);
        let texts = texts.filter_map(|e| match e {
            super::rule::Example::Line(l) => Some(l.as_str()),
            super::rule::Example::Fields(_) => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The first needle at or behind an offset.
    pub fn find(&self, block: &[u8], from: usize) -> Option<Hit> {
        let span = aho_corasick::Span {
            start: from,
            end: block.len(),
        };
        let m = match &self.search {
            Search::Packed(s) => s.find_in(block, span),
            Search::Automaton(a) => a.find(aho_corasick::Input::new(block).span(span)),
            Search::Nothing => None,
        }?;
        Some(Hit {
            at: m.start(),
            needle: m.pattern().as_usize(),
        })
    }

    /// True when some rule must be asked for every line.
    pub fn asks_every_line(&self) -> bool {
        !self.always.is_empty()
    }

    /// Adds the rules that a needle may belong to, given the line it stands in. Where a match would have to begin at a
    /// known place, the pattern is tried there at once. Gives the notes that the line makes.
    pub fn candidates(
        &self,
        hit: Hit,
        block: &[u8],
        line: (usize, usize),
        scratch: &mut Scratch,
        into: &mut Vec<u16>,
    ) -> Option<Note> {
        let mut note = None;
        for owner in &self.owners[hit.needle] {
            // The rule's own needle may be longer than the one found.
            let Some(from) = hit.at.checked_sub(owner.before).filter(|f| *f >= line.0) else {
                continue;
            };
            if !block[from..line.1].starts_with(&owner.text) {
                continue;
            }
            let rule = &self.lines[usize::from(owner.rule)];
            let fits = owner
                .at
                .is_none_or(|at| self.begins(owner.rule, (from, at), block, line, scratch));
            match rule.note() {
                _ if !fits => {}
                Some(n) => note = Some(n),
                None => into.push(owner.rule),
            }
        }
        note
    }

    /// Adds the rules whose messages begin like this one.
    pub fn opened(&self, message: &[u8], into: &mut Vec<u16>) {
        if let Some(head) = message.first_chunk::<OPENING>() {
            into.extend(self.openings.iter().filter(|(o, _)| o == head).map(|(_, n)| n));
        }
    }
}

/// A rule that only hides, or whose lines are read without it.
pub(super) fn is_noise(rule: &Rule) -> bool {
    rule.hide && matches!(rule.does, Does::Finding | Does::Echo | Does::Context) && rule.settles.is_none()
}

/// The needles to search for: those that hold no other, so that no two can be meant at one place.
fn shortest(found: &[Owner]) -> Vec<Vec<u8>> {
    let holds = |a: &[u8], b: &[u8]| a != b && memchr::memmem::find(a, b).is_some();
    let mut out: Vec<Vec<u8>> = found
        .iter()
        .map(|o| &o.text)
        .filter(|t| !found.iter().any(|o| holds(t, &o.text)))
        .cloned()
        .collect();
    out.sort();
    out.dedup();
    out
}

/// The rules whose own needles hold this one.
pub(super) fn owners(needle: &[u8], found: &[Owner]) -> Vec<Owner> {
    let places = |o: &Owner| {
        let before: Vec<usize> = memchr::memmem::find_iter(&o.text, needle).collect();
        before
            .into_iter()
            .map(|before| Owner { before, ..o.clone() })
            .collect::<Vec<_>>()
    };
    let mut out: Vec<Owner> = found.iter().flat_map(places).collect();
    out.sort_unstable();
    out.dedup();
    out
}
