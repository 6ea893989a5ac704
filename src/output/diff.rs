//! Two answers compared: XML and JSON as structure, anything else line by line, and the words that differ inside of changed lines.
//!
//! [`bodies`] compares two bodies, and the result is read as one column ([`Diff::unified`]) or as
//! two ([`Diff::side_by_side`]). Documents are laid out so that lines are equal where both say the same (`diff/laid`), and changes carry
//! the path of what changed. [`diff`] compares texts that were prepared otherwise. Marks stand in the text (`-`, `+`, `~`), so that no
//! colour is needed. The work is bounded by lines and by a moment that the caller names: what could not be compared closely in time is
//! shown as replaced. A further kind of document is a file beside `diff/xml` that makes a `laid::Laid` of it.

mod json;
mod laid;
mod xml;

use std::time::Instant;

use similar::{Algorithm, ChangeTag, TextDiff, capture_diff_slices_deadline};

use super::fit::thousands;
use super::pretty::{self, Limits};
use super::rich::{Line, Mark};
use super::style::Role;

/// Lines of a side that are compared.
const MOST_LINES: usize = 20_000;
/// Bytes of a changed line whose words are compared.
const MOST_WORDS: usize = 4096;
/// Lines that have less in common are simply two lines.
const ALIKE: f32 = 0.4;

/// What two texts have in common, and what not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// In order.
    pub rows: Vec<Row>,
    /// Lines at the end of the older and of the newer text that were not looked at.
    pub left_out: (usize, usize),
    /// Where the documents differ, for rows that do: `Response/Gather[2]@timeout`, `tropo[0].ask.choices`. Empty for texts; else
    /// one list for each row.
    pub paths: Vec<Vec<String>>,
}

/// So many paths stand above a change.
const MOST_PATHS: usize = 3;

/// A line of one text beside one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Both have it.
    Same(Line, Line),
    /// Both have it, differently: the older, the newer.
    Changed(Line, Line),
    /// Only the older has it.
    Removed(Line),
    /// Only the newer has it.
    Added(Line),
}

impl Row {
    fn is_same(&self) -> bool {
        matches!(self, Self::Same(..))
    }

    fn sides(&self) -> (Option<&Line>, Option<&Line>) {
        match self {
            Self::Same(old, new) | Self::Changed(old, new) => (Some(old), Some(new)),
            Self::Removed(old) => (Some(old), None),
            Self::Added(new) => (None, Some(new)),
        }
    }
}

/// A body and its content type.
pub type Body<'a> = (Option<&'a str>, &'a [u8]);

/// Compares two bodies: as structure where both are sound XML or sound JSON, else as they stand.
pub fn bodies(old: Body, new: Body, until: Option<Instant>) -> Diff {
    let Some((older, newer)) = laid::both(old, new, limits()) else {
        let (old, new) = (as_they_stand(old), as_they_stand(new));
        return diff(&old, &new, until);
    };
    let texts = |laid: &laid::Laid| -> Vec<String> { laid.lines.iter().map(|l| l.text.clone()).collect() };
    let mut found = diff(&texts(&older), &texts(&newer), until);
    let at = |line: &Line| line.number.map_or(0, |n| n as usize - 1);
    found.paths = found
        .rows
        .iter()
        .map(|row| match row {
            Row::Same(..) => Vec::new(),
            Row::Removed(old) => vec![older.path(at(old))],
            Row::Added(new) => vec![newer.path(at(new))],
            Row::Changed(old, new) => older.differs(at(old), &newer, at(new)),
        })
        .collect();
    found
}

/// The lines of two bodies, as [`bodies`] compares them.
pub fn texts(old: Body, new: Body) -> (Vec<String>, Vec<String>) {
    let lines = |laid: laid::Laid| laid.lines.into_iter().map(|l| l.text).collect();
    match laid::both(old, new, limits()) {
        Some((old, new)) => (lines(old), lines(new)),
        None => (as_they_stand(old), as_they_stand(new)),
    }
}

fn limits() -> Limits {
    Limits {
        lines: MOST_LINES,
        ..Limits::default()
    }
}

fn as_they_stand((kind, bytes): Body) -> Vec<String> {
    let lines = pretty::as_it_stands(kind, bytes, limits());
    lines.iter().map(Line::text).collect()
}

/// Compares two texts, each in lines without line ends. A view that must not wait gives a moment, such as 150 ms from
/// now, from which on no closer comparison is tried.
pub fn diff(old: &[String], new: &[String], until: Option<Instant>) -> Diff {
    let (kept_old, kept_new) = (&old[..old.len().min(MOST_LINES)], &new[..new.len().min(MOST_LINES)]);
    let mut rows = Vec::with_capacity(kept_old.len().max(kept_new.len()));
    for op in capture_diff_slices_deadline(Algorithm::Myers, kept_old, kept_new, until) {
        let (_, olds, news) = op.as_tag_tuple();
        let pairs = olds.len().min(news.len());
        rows.extend(
            olds.clone()
                .zip(news.clone())
                .map(|(o, n)| pair((&old[o], o), (&new[n], n), until)),
        );
        rows.extend(olds.skip(pairs).map(|o| {
            let line = Line::of(Role::Removed, &old[o]);
            Row::Removed(numbered(line, o).marked(Mark::Removed))
        }));
        rows.extend(news.skip(pairs).map(|n| {
            let line = Line::of(Role::Added, &new[n]);
            Row::Added(numbered(line, n).marked(Mark::Added))
        }));
    }
    Diff {
        rows,
        left_out: (old.len() - kept_old.len(), new.len() - kept_new.len()),
        paths: Vec::new(),
    }
}

/// A line and the one that stands in its place. They may be equal where there was no time to look for anything better.
fn pair(old: (&str, usize), new: (&str, usize), until: Option<Instant>) -> Row {
    if old.0 == new.0 {
        let same = |at| numbered(Line::of(Role::Plain, old.0), at);
        return Row::Same(same(old.1), same(new.1));
    }
    let (before, after) = words(old.0, new.0, until);
    Row::Changed(
        numbered(before, old.1).marked(Mark::Changed),
        numbered(after, new.1).marked(Mark::Changed),
    )
}

fn numbered(mut line: Line, at: usize) -> Line {
    line.number = Some(at as u32 + 1);
    line
}

/// A changed line before and after, with the words that differ.
fn words(old: &str, new: &str, until: Option<Instant>) -> (Line, Line) {
    let whole = || (Line::of(Role::Removed, old), Line::of(Role::Added, new));
    if old.len().max(new.len()) > MOST_WORDS {
        return whole();
    }
    let mut settings = TextDiff::configure();
    until.map(|u| settings.deadline(u));
    let diff = settings.diff_unicode_words(old, new);
    if diff.ratio() < ALIKE {
        return whole();
    }
    let (mut before, mut after) = (Line::default(), Line::default());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                before.push(Role::Removed, change.value());
                after.push(Role::Added, change.value());
            }
            ChangeTag::Delete => before.push(Role::RemovedWords, change.value()),
            ChangeTag::Insert => after.push(Role::AddedWords, change.value()),
        }
    }
    (before, after)
}

/// Rows as they are shown: some, or a number of equal ones folded.
enum Shown<'a> {
    /// Rows, and what they are about.
    Rows(&'a [Row], Option<Line>),
    Folded(usize),
}

impl Diff {
    /// True where the texts are equal, as far as they were compared.
    pub fn is_same(&self) -> bool {
        self.rows.iter().all(Row::is_same) && self.left_out.0 == self.left_out.1
    }

    /// How many lines were added and removed; a changed line counts as both.
    pub fn counts(&self) -> (usize, usize) {
        let sides = self.rows.iter().filter(|r| !r.is_same()).map(Row::sides);
        sides.fold((0, 0), |(added, removed), (old, new)| {
            (added + usize::from(new.is_some()), removed + usize::from(old.is_some()))
        })
    }

    /// Runs of rows that are equal or not, the equal ones folded but for their ends beside a change.
    fn shown(&self, context: usize) -> Vec<Shown<'_>> {
        let mut shown = Vec::new();
        let mut at = 0;
        for run in self.rows.chunk_by(|a, b| a.is_same() == b.is_same()) {
            let begin = at;
            at += run.len();
            if !run[0].is_same() {
                shown.push(Shown::Rows(run, self.about(begin..at)));
                continue;
            }
            let head = if begin == 0 { 0 } else { context.min(run.len()) };
            let tail = if at == self.rows.len() { 0 } else { context };
            let folded = run.len().saturating_sub(head.saturating_add(tail));
            // A line that says that one line was left out takes as much room as that line.
            if folded < 2 {
                shown.push(Shown::Rows(run, None));
                continue;
            }
            shown.push(Shown::Rows(&run[..head], None));
            shown.push(Shown::Folded(folded));
            shown.push(Shown::Rows(&run[head + folded..], None));
        }
        shown
    }

    /// Where the documents differ, each place once, in the order of the document.
    pub fn changes(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let all = self.paths.iter().flatten().map(String::as_str);
        all.filter(|p| seen.insert(*p)).collect()
    }

    /// The line above a change: where it is.
    fn about(&self, rows: std::ops::Range<usize>) -> Option<Line> {
        let mut paths: Vec<&str> = Vec::new();
        for path in self.paths.get(rows)?.iter().flatten() {
            // What is in an element that came or went needs no name of its own.
            let inside = |p: &&str| {
                path.strip_prefix(*p)
                    .is_some_and(|r| r.is_empty() || r.starts_with(['/', '.', '[', '@']))
            };
            if !paths.iter().any(inside) {
                paths.push(path);
            }
        }
        let more = paths.len().saturating_sub(MOST_PATHS);
        let mut said = paths.iter().take(MOST_PATHS).copied().collect::<Vec<_>>().join(", ");
        if more > 0 {
            said = format!("{said} and {more} more");
        }
        (!said.is_empty()).then(|| Line::of(Role::Faint, &format!("@ {said}")).marked(Mark::Note))
    }

    /// One column: `- ` before what went, `+ ` before what came, with so many equal lines around each change.
    pub fn unified(&self, context: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in self.shown(context) {
            match part {
                Shown::Folded(count) => lines.push(fold(count)),
                Shown::Rows(rows, _) if rows.first().is_some_and(Row::is_same) => {
                    lines.extend(rows.iter().filter_map(|r| r.sides().1).map(|l| prefixed("  ", l)));
                }
                Shown::Rows(rows, about) => {
                    lines.extend(about);
                    let (gone, come) = (rows.iter().map(Row::sides), rows.iter().map(Row::sides));
                    lines.extend(
                        gone.filter_map(|(old, _)| old)
                            .map(|l| prefixed("- ", l).marked(Mark::Removed)),
                    );
                    lines.extend(
                        come.filter_map(|(_, new)| new)
                            .map(|l| prefixed("+ ", l).marked(Mark::Added)),
                    );
                }
            }
        }
        lines.extend(self.rest());
        lines
    }

    /// Two columns for a page of a width, each [`half`] of it wide; `~ ` before lines that differ. A long line takes
    /// several rows, and a gap stands where only the other text has a line.
    pub fn side_by_side(&self, width: usize, context: usize) -> Vec<(Line, Line)> {
        let half = half(width);
        let mut out = Vec::new();
        for part in self.shown(context) {
            match part {
                Shown::Folded(count) => {
                    let cell = fold(count).window(0, half).padded(half);
                    out.push((cell.clone(), cell));
                }
                Shown::Rows(rows, about) => {
                    if let Some(about) = about {
                        out.push((about.window(0, half).padded(half), Line::default().padded(half)));
                    }
                    for row in rows {
                        beside(row, half, &mut out);
                    }
                }
            }
        }
        if let Some(line) = self.rest() {
            let cell = line.window(0, half).padded(half);
            out.push((cell, Line::default().padded(half)));
        }
        out
    }

    /// What was not compared.
    fn rest(&self) -> Option<Line> {
        let (old, new) = self.left_out;
        let said = format!(
            "… {} and {} more lines were not compared",
            thousands(old),
            thousands(new)
        );
        (old + new > 0).then(|| Line::of(Role::Faint, &said).marked(Mark::Note))
    }
}

/// Columns of one side of a page; one is left for a line between them.
pub fn half(width: usize) -> usize {
    width.saturating_sub(1) / 2
}

fn fold(count: usize) -> Line {
    let said = format!("· {} same lines ·", thousands(count));
    Line::of(Role::Faint, &said).marked(Mark::Folded(count))
}

/// The line behind a mark, which has the role of the line's text.
fn prefixed(sign: &str, line: &Line) -> Line {
    let role = line.spans.first().map_or(Role::Plain, |s| s.role);
    let mut out = Line {
        spans: Vec::with_capacity(line.spans.len() + 1),
        ..*line
    };
    out.push(role, sign);
    for span in &line.spans {
        out.push(span.role, &span.text);
    }
    out
}

fn beside(row: &Row, half: usize, out: &mut Vec<(Line, Line)>) {
    let sign = match row {
        Row::Same(..) => "  ",
        Row::Changed(..) => "~ ",
        Row::Removed(_) => "- ",
        Row::Added(_) => "+ ",
    };
    let cells = |line: Option<&Line>| -> Vec<Line> {
        let rows = line.map(|l| l.wrap(half.saturating_sub(2))).unwrap_or_default();
        let signs = std::iter::once(sign).chain(std::iter::repeat("  "));
        rows.iter()
            .zip(signs)
            .map(|(row, sign)| prefixed(sign, row).window(0, half).padded(half))
            .collect()
    };
    let (old, new) = row.sides();
    let (mut old, mut new) = (cells(old).into_iter(), cells(new).into_iter());
    let gap = || Line::default().padded(half);
    loop {
        match (old.next(), new.next()) {
            (None, None) => return,
            (left, right) => out.push((left.unwrap_or_else(gap), right.unwrap_or_else(gap))),
        }
    }
}

#[cfg(test)]
mod structure_tests;

#[cfg(test)]
mod tests {
    use super::super::fit::tests::awkward;
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn unified(old: &str, new: &str, context: usize) -> String {
        let all: Vec<String> = diff(&lines(old), &lines(new), None)
            .unified(context)
            .iter()
            .map(Line::text)
            .collect();
        all.join("\n")
    }

    fn columns(old: &str, new: &str, width: usize) -> String {
        let rows = diff(&lines(old), &lines(new), None).side_by_side(width, 1);
        let all: Vec<String> = rows.iter().map(|(o, n)| format!("{}|{}", o.text(), n.text())).collect();
        all.join("\n")
    }

    #[test]
    fn one_column() {
        for (old, new, expected) in [
            ("a\nb\nc", "a\nB\nc", "  a\n- b\n+ B\n  c"),
            ("a\nb", "a\nb", "· 2 same lines ·"),
            ("", "x", "+ x"),
            ("x", "", "- x"),
            ("", "", ""),
            (
                "1\n2\n3\n4\n5\nx\n6",
                "1\n2\n3\n4\n5\n6",
                "· 4 same lines ·\n  5\n- x\n  6",
            ),
            ("x\n1\n2\n3\ny", "1\n2\n3", "- x\n  1\n  2\n  3\n- y"),
            ("x\n1\n2\n3\n4\ny", "1\n2\n3\n4", "- x\n  1\n· 2 same lines ·\n  4\n- y"),
            ("a\nb\n", "c\nd\ne", "- a\n- b\n+ c\n+ d\n+ e"),
            ("tab\x1b", "tab", "- tab␛\n+ tab"),
        ] {
            assert_eq!(unified(old, new, 1), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn two_columns() {
        for (old, new, expected) in [
            ("a\nb\nc", "a\nB\nc", "  a |  a \n~ b |~ B \n  c |  c "),
            ("a\nx", "a", "  a |  a \n- x |    "),
            ("a", "a\nx", "  a |  a \n    |+ x "),
            ("abc", "z", "~ ab|~ z \n  c |    "),
        ] {
            assert_eq!(columns(old, new, 9), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn the_very_words_are_marked() {
        let found = diff(&lines("<Say>Hello you</Say>"), &lines("<Say>Hello me</Say>"), None);
        let Row::Changed(old, new) = &found.rows[0] else {
            panic!("{found:?}");
        };
        let marked = |line: &Line, role| -> Vec<String> {
            let spans = line.spans.iter().filter(|s| s.role == role);
            spans.map(|s| s.text.clone()).collect()
        };
        assert_eq!(marked(old, Role::RemovedWords), ["you"]);
        assert_eq!(marked(new, Role::AddedWords), ["me"]);
        assert_eq!((old.number, new.number), (Some(1), Some(1)));
        assert_eq!((found.counts(), found.is_same()), ((1, 1), false));
    }

    #[test]
    fn large_texts_are_bounded() {
        let old: Vec<String> = (0..30_000).map(|n| format!("line {n}")).collect();
        let new: Vec<String> = old.iter().rev().take(20_001).cloned().collect();
        let found = diff(&old, &new, Some(Instant::now()));
        assert_eq!(found.left_out, (10_000, 1));
        let last = found.unified(1).pop().unwrap();
        assert_eq!(last.text(), "… 10,000 and 1 more lines were not compared");
    }

    fn some_lines() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(prop_oneof!["[ab]{0,2}", "[a-c ]{0,12}", awkward()], 0..20)
    }

    proptest! {
        #[test]
        fn both_texts_are_in_it(old in some_lines(), new in some_lines(), width in 0usize..80, context in 0usize..4) {
            let found = diff(&old, &new, None);
            let side = |lines: Vec<&Line>| -> Vec<String> { lines.iter().map(|l| l.text()).collect() };
            let olds = side(found.rows.iter().filter_map(|r| r.sides().0).collect());
            let news = side(found.rows.iter().filter_map(|r| r.sides().1).collect());
            let printable = |all: &[String]| -> Vec<String> {
                all.iter().map(|l| super::super::safe::printable(l).into_owned()).collect()
            };
            prop_assert_eq!(olds, printable(&old));
            prop_assert_eq!(news, printable(&new));
            prop_assert_eq!(found.is_same(), old == new);
            for (left, right) in found.side_by_side(width, context) {
                prop_assert_eq!((left.width(), right.width()), (half(width), half(width)));
            }
            let whole = found.unified(usize::MAX).len();
            prop_assert_eq!(whole, found.rows.iter().map(|r| match r { Row::Changed(..) => 2, _ => 1 }).sum::<usize>());
        }
    }
}
