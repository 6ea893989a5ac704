//! Which rules a message meets, in their order: patterns run, where a [`Shape`] does not know the answer sooner.

use regex_automata::meta::Cache;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};

use super::engine::Engine;
use super::rule::{Note, Rule, Test};
use super::search::is_noise;
use super::shape::Shape;

/// Groups that a pattern may have, the whole match among them.
const GROUPS: usize = 16;

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

impl Engine {
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
    pub(super) fn begins(
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
}
