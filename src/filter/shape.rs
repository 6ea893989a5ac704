//! Patterns that are only alternatives of texts and runs of bytes, such as `^Processing events: (?P<event>.*)`, matched by hand.
//!
//! The lines of webhooks and steps are most of what the rules are asked about, and their patterns never need to try
//! twice: no run can take a byte that what follows it could begin with. Walking such a pattern costs a small part of
//! what a regular expression does, and finds the same groups. Of other patterns the beginning is walked, which mostly
//! suffices to see that there is no match; the rest stays a regular expression.

use std::sync::Arc;

use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A set of bytes.
type Bytes = Arc<[bool; 256]>;

/// A pattern, or the beginning of one, that can be walked without trying twice.
#[derive(Debug)]
pub(super) struct Shape {
    /// It begins where the message does.
    anchored: bool,
    /// It is the whole pattern, not only the beginning.
    whole: bool,
    /// Its alternatives, in order.
    ways: Vec<Vec<Step>>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Exactly this text.
    Text(Box<[u8]>),
    /// As many of these bytes as there are, between two limits.
    Run(Bytes, usize, usize),
    /// A group begins or ends here; its place among the slots.
    Slot(usize),
}

/// One alternative while it is read.
#[derive(Clone, Debug, Default)]
struct Way {
    steps: Vec<Step>,
    /// The pattern goes on with something else.
    cut: bool,
}

/// More alternatives than this are left to the regular expression.
const MOST: usize = 12;

impl Shape {
    /// Reads a pattern; none when nothing of it is of this kind, or it has groups beyond so many slots.
    pub(super) fn of(pattern: &str, slots: usize) -> Option<Self> {
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(pattern)
            .ok()?;
        let (anchored, rest) = match hir.kind() {
            HirKind::Concat(parts) if matches!(parts[0].kind(), HirKind::Look(Look::Start)) => {
                (true, Hir::concat(parts[1..].to_vec()))
            }
            _ => (false, hir),
        };
        let ways = after(vec![Way::default()], &rest)?;
        let fits = |w: &Way| {
            let few = w.steps.iter().all(|s| !matches!(s, Step::Slot(n) if *n >= slots));
            few && never_twice(&w.steps) && !w.steps.is_empty()
        };
        ways.iter().all(fits).then(|| Self {
            anchored,
            whole: ways.iter().all(|w| !w.cut),
            ways: ways.into_iter().map(|w| w.steps).collect(),
        })
    }

    /// It matches only where the message begins.
    pub(super) fn anchored(&self) -> bool {
        self.anchored
    }

    /// What it finds is a match, not only the beginning of one.
    pub(super) fn whole(&self) -> bool {
        self.whole
    }

    /// Whether a match may begin at a place; it does when the shape is whole.
    pub(super) fn begins(&self, text: &[u8], at: usize) -> bool {
        self.ways.iter().any(|way| walk(way, text, at, |_, _| {}).is_some())
    }

    /// The groups of the match at the beginning of a text, the whole match first; false when there is none.
    pub(super) fn groups(&self, text: &[u8], slots: &mut [Option<NonMaxUsize>]) -> bool {
        self.ways.iter().any(|way| {
            slots.fill(None);
            let end = walk(way, text, 0, |slot, at| slots[slot] = NonMaxUsize::new(at));
            if let Some(end) = end {
                (slots[0], slots[1]) = (NonMaxUsize::new(0), NonMaxUsize::new(end));
            }
            end.is_some()
        })
    }
}

/// Walks the steps from a place; gives where they end.
fn walk(steps: &[Step], text: &[u8], mut at: usize, mut group: impl FnMut(usize, usize)) -> Option<usize> {
    for step in steps {
        let rest = text.get(at..)?;
        match step {
            Step::Text(t) => {
                if !rest.starts_with(t) {
                    return None;
                }
                at += t.len();
            }
            Step::Run(of, min, max) => {
                let rest = &rest[..rest.len().min(*max)];
                let n = rest.iter().position(|b| !of[usize::from(*b)]).unwrap_or(rest.len());
                if n < *min {
                    return None;
                }
                at += n;
            }
            Step::Slot(n) => group(*n, at),
        }
    }
    Some(at)
}

/// The ways that go on with a pattern, in the order in which a regular expression tries them; none when there are too
/// many.
fn after(ways: Vec<Way>, hir: &Hir) -> Option<Vec<Way>> {
    match hir.kind() {
        HirKind::Empty => Some(ways),
        HirKind::Literal(l) => Some(all(ways, &Step::Text(l.0.clone()))),
        HirKind::Capture(c) => {
            let opened = all(ways, &Step::Slot(2 * c.index as usize));
            let inside = after(opened, &c.sub)?;
            Some(all(inside, &Step::Slot(2 * c.index as usize + 1)))
        }
        HirKind::Concat(parts) => parts.iter().try_fold(ways, after),
        HirKind::Alternation(parts) => {
            let mut out = Vec::new();
            for way in ways {
                for part in parts {
                    out.extend(after(vec![way.clone()], part)?);
                }
            }
            (out.len() <= MOST).then_some(out)
        }
        HirKind::Class(_) | HirKind::Repetition(_) | HirKind::Look(_) => match run(hir) {
            Some(step) => Some(all(ways, &step)),
            None => Some(ways.into_iter().map(|w| Way { cut: true, ..w }).collect()),
        },
    }
}

/// Every way that is not cut goes on with a step.
fn all(mut ways: Vec<Way>, step: &Step) -> Vec<Way> {
    for way in ways.iter_mut().filter(|w| !w.cut) {
        way.steps.push(step.clone());
    }
    ways
}

/// A class of bytes, once or repeated, as many as there are.
fn run(hir: &Hir) -> Option<Step> {
    match hir.kind() {
        HirKind::Class(_) => Some(Step::Run(bytes(hir)?, 1, 1)),
        HirKind::Repetition(r) if r.greedy => {
            let max = r.max.map_or(usize::MAX, |m| m as usize);
            Some(Step::Run(bytes(&r.sub)?, r.min as usize, max))
        }
        _ => None,
    }
}

/// The bytes that a pattern of exactly one byte stands for.
fn bytes(hir: &Hir) -> Option<Bytes> {
    let mut of = [false; 256];
    match hir.kind() {
        HirKind::Class(Class::Bytes(c)) => {
            for r in c.ranges() {
                of[usize::from(r.start())..=usize::from(r.end())].fill(true);
            }
        }
        HirKind::Class(Class::Unicode(c)) if c.is_ascii() => {
            for r in c.ranges() {
                of[r.start() as usize..=r.end() as usize].fill(true);
            }
        }
        HirKind::Literal(l) if l.0.len() == 1 => of[usize::from(l.0[0])] = true,
        _ => return None,
    }
    Some(Arc::new(of))
}

/// No run may take a byte that what follows could begin with: then taking all is the only way.
fn never_twice(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(n, step)| match step {
        Step::Run(of, min, max) if min < max => apart(of, &steps[n + 1..]),
        _ => true,
    })
}

fn apart(of: &[bool; 256], behind: &[Step]) -> bool {
    for step in behind {
        match step {
            Step::Text(t) => return !of[usize::from(t[0])],
            Step::Run(next, min, _) => {
                if of.iter().zip(next.iter()).any(|(a, b)| *a && *b) {
                    return false;
                }
                if *min > 0 {
                    return true;
                }
            }
            Step::Slot(_) => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Example, Test, builtin};
    use regex_automata::{Anchored, Input};

    const SLOTS: usize = 32;

    #[test]
    fn only_patterns_that_need_not_try_twice() {
        let whole = |p| Shape::of(p, SLOTS).is_some_and(|s| s.whole());
        for simple in [
            "^Processing events: (?P<event>.*)",
            r"^on (?P<s>[^\s:]+): ?",
            r"a \d+ b|\(i\)c [45]\d\d",
            r"^(?:A|B(?:c|d))\[[^\]]*\] : (?P<text>.*)",
        ] {
            assert!(whole(simple), "{simple}");
        }
        for other in [r"^a.*b", r"^\w+a", r"^a\w+?", r"^a(?:bc)?$", r"^ ?\s"] {
            assert!(!whole(other), "{other}");
        }
    }

    #[test]
    fn it_finds_what_the_regular_expression_finds() {
        let rules: Vec<_> = builtin::packs().into_iter().flat_map(|p| p.rules).collect();
        let examples = rules.iter().flat_map(|r| r.matches.iter().chain(&r.ignores));
        let texts: Vec<&str> = examples
            .filter_map(|e| match e {
                Example::Line(l) => Some(l.as_str()),
                Example::Fields(_) => None,
            })
            .collect();
        let mut walked = 0;
        for rule in &rules {
            let (Test::Line { pattern, .. }, Some(regex)) = (&rule.test, rule.regex()) else {
                continue;
            };
            let Some(shape) = Shape::of(pattern, SLOTS) else {
                continue;
            };
            walked += 1;
            // Cut texts too: what is short of a match must not be one.
            for text in texts.iter().flat_map(|t| (0..=t.len()).map(|n| &t.as_bytes()[..n])) {
                let input = Input::new(text).anchored(Anchored::Yes);
                let (mut by_regex, mut by_shape) = ([None; SLOTS], [None; SLOTS]);
                let there = regex.search_slots(&input, &mut by_regex).is_some();
                assert!(shape.begins(text, 0) || !there, "{}", rule.id);
                assert!(there || !shape.whole() || !shape.begins(text, 0), "{}", rule.id);
                if shape.whole() && shape.groups(text, &mut by_shape) {
                    assert_eq!(by_shape, by_regex, "{}", rule.id);
                }
            }
        }
        assert!(walked > 10, "{walked}");
    }
}
