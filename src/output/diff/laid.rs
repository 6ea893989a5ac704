//! Two documents of one kind as lines that are equal where the documents say the same, each line knowing its place in the document.
//!
//! Both are laid out in one order of names: that of the first document, wherever a name stands in it first. So a line needs no
//! partner to be put in order, and elements or keys that moved stay comparable.

use std::collections::HashMap;

use super::super::pretty::{self, Kind, Limits};
use super::{Body, json, xml};

/// The lines of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Laid {
    pub(super) lines: Vec<Line>,
    /// Elements or keys with the one that holds them, which stands before them. The first is the document.
    places: Vec<(usize, String)>,
}

/// A line of a document.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// Number of its place.
    at: usize,
    /// Attributes of the tag that it shows.
    attributes: Vec<(String, String)>,
}

/// Which name stands before which, by the documents in which they were met.
pub(super) type Order = HashMap<String, usize>;

/// Notes a name where it was not met before.
pub(super) fn meet(order: &mut Order, name: &str) {
    if !order.contains_key(name) {
        let next = order.len();
        order.insert(name.to_owned(), next);
    }
}

impl Laid {
    pub(super) fn new() -> Self {
        Self {
            lines: Vec::new(),
            places: vec![(0, String::new())],
        }
    }

    /// A new place inside of another; `step` is what is put behind the path of that.
    pub(super) fn place(&mut self, inside: usize, step: String) -> usize {
        self.places.push((inside, step));
        self.places.len() - 1
    }

    pub(super) fn line(&mut self, at: usize, text: String) {
        self.tag(at, text, Vec::new());
    }

    pub(super) fn tag(&mut self, at: usize, text: String, attributes: Vec<(String, String)>) {
        self.lines.push(Line { text, at, attributes });
    }

    /// The path of a line, such as `Response/Gather[2]`.
    pub(super) fn path(&self, line: usize) -> String {
        let mut steps = Vec::new();
        let mut at = self.lines.get(line).map_or(0, |l| l.at);
        while at != 0 {
            let (inside, step) = &self.places[at];
            steps.push(step.as_str());
            at = *inside;
        }
        steps.reverse();
        steps.concat().trim_start_matches(['/', '.']).to_owned()
    }

    /// Where a line differs from the one of another document in its place: the path, for tags with the attributes.
    pub(super) fn differs(&self, line: usize, other: &Self, in_other: usize) -> Vec<String> {
        let (path, theirs) = (self.path(line), other.path(in_other));
        let (a, b) = (&self.lines[line].attributes, &other.lines[in_other].attributes);
        if path != theirs || a == b {
            return vec![theirs];
        }
        let value = |all: &[(String, String)], name: &str| all.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut names: Vec<&String> = a.iter().chain(b).map(|(n, _)| n).collect();
        names.dedup();
        let mut out = Vec::new();
        for name in names {
            let at = format!("{path}@{name}");
            if value(a, name) != value(b, name) && !out.contains(&at) {
                out.push(at);
            }
        }
        out
    }
}

/// Both documents laid out, where both are sound and of one kind.
pub(super) fn both(old: Body, new: Body, limits: Limits) -> Option<(Laid, Laid)> {
    let (kind, old) = pretty::sound(old.0, old.1, limits)?;
    let (other, new) = pretty::sound(new.0, new.1, limits)?;
    match (kind, other) {
        (Kind::Json, Kind::Json) => json::both(old, new),
        (Kind::Xml | Kind::Html, Kind::Xml | Kind::Html) => xml::both(old, new),
        _ => None,
    }
}
