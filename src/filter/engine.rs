//! All packs as one machine: finds candidate lines in a block, and says which rules a line or a document meets.
//!
//! One multi-literal search over a whole block finds the lines that any rule could meet; only there the patterns run.
//! Rules whose messages begin in a way of their own are looked up by that instead. Rules that only hide have no part in
//! that search: a line that nothing shows is hidden anyway.

use std::sync::{Mutex, OnceLock};

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use regex_automata::meta::Cache;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};

use super::documents::Documents;
use super::needles::{OPENING, needles, openings};
use super::pack::{Broken, Pack};
use super::rule::{Does, Note, OverCall, Rule, Test};
use super::shape::Shape;
use super::usual::Usual;

/// Groups that a pattern may have, the whole match among them.
const GROUPS: usize = 16;
/// An opening that more of the usual lines hold is not looked up: its rule would be asked too often.
const USUAL: u32 = 6;

/// Every rule of every pack, ready to run.
#[derive(Debug)]
pub struct Engine {
    /// Line rules, in the order in which they are asked.
    lines: Vec<Rule>,
    /// Their patterns' shapes, for those that have one; read when first needed.
    shapes: Vec<OnceLock<Option<Shape>>>,
    /// Document rules, indexed when the first document is read.
    documents: OnceLock<Documents>,
    /// The user's document rules until then.
    early: Mutex<Vec<Rule>>,
    /// Reads further packs of document rules.
    late: fn() -> Vec<Pack>,
    late_packs: OnceLock<Vec<(String, String, String)>>,
    /// Rules over whole calls.
    over: Vec<Rule>,
    search: Search,
    /// For each needle, the line rules that it may belong to.
    owners: Vec<Vec<Owner>>,
    /// Line rules that need no needle: what their messages begin with.
    openings: Vec<([u8; OPENING], u16)>,
    /// Line rules without a needle: asked for every line.
    always: Vec<u16>,
    /// About the packs: name, about, origin, in order.
    packs: Vec<(String, String, String)>,
    broken: Vec<Broken>,
}

/// A rule behind a needle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
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

/// Memory that patterns need while they run; one for each thread.
#[derive(Debug, Default)]
pub struct Scratch(Vec<Option<Cache>>);

impl Scratch {
    fn of<'s>(&'s mut self, n: u16, rule: &Rule) -> Option<&'s mut Cache> {
        let n = usize::from(n);
        if self.0.len() <= n {
            self.0.resize_with(n + 1, || None);
        }
        if self.0[n].is_none() {
            self.0[n] = rule.regex().map(regex_automata::meta::Regex::create_cache);
        }
        self.0[n].as_mut()
    }
}

/// A line rule that a message meets, with its groups.
#[derive(Debug)]
pub struct Met<'e, 't> {
    /// Number of the rule among the line rules.
    pub index: u16,
    /// The rule.
    pub rule: &'e Rule,
    text: &'t [u8],
    slots: [Option<NonMaxUsize>; 2 * GROUPS],
}

impl<'e, 't> Met<'e, 't> {
    /// Text of a group, when it took part in the match.
    pub fn group(&self, name: &str) -> Option<&'t [u8]> {
        let groups = self.rule.regex()?.group_info();
        self.nth(groups.to_index(regex_automata::PatternID::ZERO, name)?)
    }

    /// Every named group that took part in the match.
    pub fn groups(&self) -> impl Iterator<Item = (&'e str, &'t [u8])> {
        let names = self
            .rule
            .regex()
            .map(|r| r.group_info().pattern_names(regex_automata::PatternID::ZERO));
        names
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(|(n, name)| Some((name?, self.nth(n)?)))
    }

    /// Where the match begins and ends.
    pub fn span(&self) -> (usize, usize) {
        let slot = |n: usize| self.slots[n].map_or(0, NonMaxUsize::get);
        (slot(0), slot(1))
    }

    fn nth(&self, n: usize) -> Option<&'t [u8]> {
        let (from, to) = (self.slots.get(2 * n)?.as_ref()?, self.slots.get(2 * n + 1)?.as_ref()?);
        self.text.get(from.get()..to.get())
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
        Self::with_late(packs, Vec::new)
    }

    /// Puts packs together, with packs of document rules that are read only when a document is.
    pub(super) fn with_late(packs: Vec<Pack>, late: fn() -> Vec<Pack>) -> Self {
        let mut e = Self {
            lines: Vec::new(),
            shapes: Vec::new(),
            documents: OnceLock::new(),
            early: Mutex::default(),
            late,
            late_packs: OnceLock::new(),
            over: Vec::new(),
            search: Search::Nothing,
            owners: Vec::new(),
            openings: Vec::new(),
            always: Vec::new(),
            packs: Vec::new(),
            broken: Vec::new(),
        };
        let mut early = Vec::new();
        for pack in packs {
            e.packs.push((pack.name, pack.about, pack.origin));
            e.broken.extend(pack.broken);
            for rule in pack.rules {
                // A rule of an earlier pack with the same id stands in its place.
                if e.lines.iter().chain(&e.over).any(|r| r.id == rule.id) {
                    continue;
                }
                match rule.test {
                    Test::Line { .. } => e.lines.push(rule),
                    Test::Fields(_) => early.push(rule),
                    Test::Call(_) => e.over.push(rule),
                }
            }
        }
        e.early = Mutex::new(early);
        e.shapes.resize_with(e.lines.len(), OnceLock::new);
        e.build_search();
        e
    }

    fn build_search(&mut self) {
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

    /// Which rules a message meets: those with `also` or `needs`, and the first without. `candidates` are those whose
    /// needles are in the line, in any order; rules that hide are asked when they stand before one of these.
    pub fn ask<'e, 't>(
        &'e self,
        category: &[u8],
        message: &'t [u8],
        candidates: &mut Vec<u16>,
        scratch: &mut Scratch,
    ) -> Vec<Met<'e, 't>> {
        candidates.extend_from_slice(&self.always);
        candidates.sort_unstable();
        candidates.dedup();
        let mut met = Vec::new();
        let mut next = 0u16;
        for &c in candidates.iter() {
            for n in next..=c {
                let rule = &self.lines[usize::from(n)];
                if (n == c || is_noise(rule)) && self.meets(n, category, message, &mut met, scratch) {
                    return met;
                }
            }
            next = c + 1;
        }
        met
    }

    /// Which rules a message meets, every rule asked: for lines that no form claims, and for `redial filters test`.
    pub fn ask_all<'e, 't>(&'e self, category: &[u8], message: &'t [u8], scratch: &mut Scratch) -> Vec<Met<'e, 't>> {
        let mut met = Vec::new();
        for n in 0..self.lines.len() {
            if self.meets(n as u16, category, message, &mut met, scratch) {
                break;
            }
        }
        met
    }

    /// Asks one rule; true when it is the line's own and no other needs to be asked.
    fn meets<'e, 't>(
        &'e self,
        n: u16,
        category: &[u8],
        message: &'t [u8],
        met: &mut Vec<Met<'e, 't>>,
        scratch: &mut Scratch,
    ) -> bool {
        let rule = &self.lines[usize::from(n)];
        if !rule.in_category(category) {
            return false;
        }
        let mut slots = [None; 2 * GROUPS];
        let shape = self.shape(n).filter(|s| s.anchored());
        if let Some(shape) = shape.filter(|s| s.whole()) {
            if !shape.groups(message, &mut slots) {
                return false;
            }
        } else {
            if shape.is_some_and(|s| !s.begins(message, 0)) {
                return false;
            }
            let (Some(regex), Some(cache)) = (rule.regex(), scratch.of(n, rule)) else {
                return false;
            };
            let input = Input::new(message);
            if regex.search_slots_with(cache, &input, &mut slots).is_none() {
                return false;
            }
        }
        met.push(Met {
            index: n,
            rule,
            text: message,
            slots,
        });
        !rule.also && rule.needs.is_none()
    }

    /// The shape of a line rule's pattern, when it has one.
    fn shape(&self, n: u16) -> Option<&Shape> {
        let n = usize::from(n);
        let read = || match &self.lines[n].test {
            Test::Line { pattern, .. } => Shape::of(pattern, 2 * GROUPS),
            _ => None,
        };
        self.shapes[n].get_or_init(read).as_ref()
    }

    /// Whether a rule's pattern can begin where its needle says: needle and where it stands in a match.
    fn begins(
        &self,
        n: u16,
        (needle, at): (usize, usize),
        block: &[u8],
        line: (usize, usize),
        scratch: &mut Scratch,
    ) -> bool {
        let Some(start) = needle.checked_sub(at).filter(|s| *s >= line.0) else {
            return false;
        };
        if let Some(shape) = self.shape(n).filter(|s| !s.anchored()) {
            let may = shape.begins(&block[..line.1], start);
            if shape.whole() || !may {
                return may;
            }
        }
        let rule = &self.lines[usize::from(n)];
        let (Some(regex), Some(cache)) = (rule.regex(), scratch.of(n, rule)) else {
            return false;
        };
        let input = Input::new(block)
            .range(start..line.1)
            .anchored(Anchored::Yes)
            .earliest(true);
        regex.search_half_with(cache, &input).is_some()
    }

    /// The text of a group of a note's rule in a message.
    pub fn note_text(&self, note: Note, group: &str, message: &[u8]) -> Option<String> {
        let mut scratch = Scratch::default();
        let mut met = Vec::new();
        for (n, _) in self.lines.iter().enumerate().filter(|(_, r)| r.note() == Some(note)) {
            self.meets(n as u16, b"", message, &mut met, &mut scratch);
        }
        met.iter()
            .find_map(|m| m.group(group))
            .map(|t| String::from_utf8_lossy(t).into_owned())
    }

    /// The first document rule whose conditions the fields (names and values) meet.
    pub fn ask_document<'a>(&self, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&Rule> {
        self.documents().ask(fields)
    }

    /// The document rules; those of the late packs are read now.
    fn documents(&self) -> &Documents {
        self.documents.get_or_init(|| {
            let early = self
                .early
                .lock()
                .map(|mut e| std::mem::take(&mut *e))
                .unwrap_or_default();
            let late = (self.late)();
            let abouts = late
                .iter()
                .map(|p| (p.name.clone(), p.about.clone(), p.origin.clone()))
                .collect();
            let _ = self.late_packs.set(abouts);
            Documents::new(early.into_iter().chain(late.into_iter().flat_map(|p| p.rules)))
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
        self.lines.iter().chain(&self.over).chain(self.documents().rules())
    }

    /// The packs in order: name, about, origin.
    pub fn packs(&self) -> impl Iterator<Item = &(String, String, String)> {
        self.documents();
        self.packs.iter().chain(self.late_packs.get().into_iter().flatten())
    }

    /// Rules that were left out.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }
}

/// A rule that only hides, or whose lines are read without it.
fn is_noise(rule: &Rule) -> bool {
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
fn owners(needle: &[u8], found: &[Owner]) -> Vec<Owner> {
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
