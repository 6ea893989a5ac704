//! The raw lines of a sheet: those that are meant with their numbers, and a few around each, read from the input again.

use std::collections::BTreeMap;

use crate::model::Place;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::session::Session;

/// Source lines around the one that is meant.
const AROUND: u64 = 3;

/// Bytes of a source line that are shown.
const LONGEST: u32 = 256 * 1024;

/// The lines of some places with their numbers, and a few around each; every line once, in the order of its input, with a sign where
/// lines are left out.
pub(super) fn raw(session: &Session, places: &[Place]) -> Vec<Line> {
    let mut inputs: Vec<Place> = Vec::new();
    for p in places {
        if inputs.iter().all(|i| i.input != p.input) {
            inputs.push(*p);
        }
    }
    let mut out = Vec::new();
    for input in inputs {
        if !out.is_empty() {
            out.push(Line::default());
        }
        out.push(Line::of(Role::Faint, session.name_of(input)));
        let mut before = None;
        for (n, source) in sources(session, places.iter().filter(|p| p.input == input.input)) {
            if before.is_some_and(|b| b + 1 < n) {
                out.push(Line::of(Role::Faint, &format!(" {:>7} ", "…")));
            }
            before = Some(n);
            out.push(numbered(n, &source));
        }
    }
    out
}

/// A line of an input.
#[derive(Default)]
struct Source {
    text: Vec<u8>,
    /// It belongs to what is looked at.
    meant: bool,
}

/// The lines of some places of one input, and a few around each.
fn sources<'p>(session: &Session, places: impl Iterator<Item = &'p Place>) -> BTreeMap<u64, Source> {
    let mut all: BTreeMap<u64, Source> = BTreeMap::new();
    for place in places {
        let end = place.line + lines_in(session, *place);
        for (n, text) in session.around(*place, AROUND, LONGEST) {
            let line = all.entry(n).or_default();
            line.meant |= (place.line..end).contains(&n);
            // What is further away may be cut.
            if text.len() > line.text.len() {
                line.text = text;
            }
        }
    }
    all
}

fn numbered(n: u64, source: &Source) -> Line {
    let (mark, number, role) = if source.meant {
        (">", Role::Command, Role::Plain)
    } else {
        (" ", Role::Faint, Role::Faint)
    };
    let mut line = Line::of(number, &format!("{mark}{n:>7} "));
    line.hang = line.width();
    let text = String::from_utf8_lossy(&source.text);
    line.push(role, text.trim_end_matches(['\r', '\n']));
    line
}

/// How many lines a place has.
fn lines_in(session: &Session, place: Place) -> u64 {
    let text = session.again(&[place]).pop().unwrap_or_default();
    memchr::memchr_iter(b'\n', &text).count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::session::Reading;

    /// A place at a line of a text, from 1.
    fn at(text: &str, line: u64) -> Place {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let before: usize = lines[..line as usize - 1].iter().map(|l| l.len()).sum();
        Place {
            input: 0,
            line,
            byte: before as u64,
            len: lines[line as usize - 1].trim_end().len() as u32,
        }
    }

    #[test]
    fn every_line_of_the_source_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let text = (1..=40).map(|n| format!("text {n}")).collect::<Vec<_>>().join("\n");
        std::fs::write(&path, &text).unwrap();
        let engine = Engine::new(builtin::packs());
        let session = Session::open(&[path], &engine, Reading::default(), &mut |_, _| {});
        let places = [8, 9, 30].map(|n| at(&text, n));
        let shown: Vec<String> = raw(&session, &places)[1..].iter().map(Line::text).collect();
        let numbers: Vec<&str> = shown
            .iter()
            .map(|l| l.split_whitespace().find(|w| *w != ">").unwrap())
            .collect();
        let expected: Vec<String> = (5..=12).map(|n| n.to_string()).collect();
        assert_eq!(numbers[..8], expected);
        assert_eq!(numbers[8..], ["…", "27", "28", "29", "30", "31", "32", "33"]);
        let meant: Vec<&String> = shown.iter().filter(|l| l.starts_with('>')).collect();
        assert_eq!(meant, [">      8 text 8", ">      9 text 9", ">     30 text 30"]);
    }

    #[test]
    fn a_long_line_goes_on_below_its_text() {
        let source = Source {
            text: "one two three".into(),
            meant: true,
        };
        let rows: Vec<String> = numbered(12, &source).wrap(19).iter().map(Line::text).collect();
        assert_eq!(rows, [">     12 one two ", "         three"]);
    }
}
