//! All packs as one machine: rules put together in the order in which they are asked, and found again by number, state or document.
//!
//! Lines take two steps: `search` finds candidates in a whole block, `meet` runs the patterns there. Document rules wait until the first
//! document is read.

use std::sync::{Mutex, OnceLock};

use super::documents::Documents;
use super::needles::OPENING;
use super::pack::{Broken, Pack};
use super::rule::{OverCall, Rule, Test};
use super::search::{Owner, Search};
use super::shape::Shape;

/// Every rule of every pack, ready to run.
#[derive(Debug)]
pub struct Engine {
    /// Line rules, in the order in which they are asked.
    pub(super) lines: Vec<Rule>,
    /// Their patterns' shapes, for those that have one; read when first needed.
    pub(super) shapes: Vec<OnceLock<Option<Shape>>>,
    /// Document rules, indexed when the first document is read.
    documents: OnceLock<Documents>,
    /// The user's document rules until then.
    early: Mutex<Vec<Rule>>,
    /// Reads further packs of document rules.
    late: fn() -> Vec<Pack>,
    late_packs: OnceLock<Vec<(String, String, String)>>,
    /// Rules over whole calls.
    over: Vec<Rule>,
    pub(super) search: Search,
    /// For each needle, the line rules that it may belong to.
    pub(super) owners: Vec<Vec<Owner>>,
    /// Line rules that need no needle: what their messages begin with.
    pub(super) openings: Vec<([u8; OPENING], u16)>,
    /// Line rules without a needle: asked for every line.
    pub(super) always: Vec<u16>,
    /// About the packs: name, about, origin, in order.
    packs: Vec<(String, String, String)>,
    broken: Vec<Broken>,
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
