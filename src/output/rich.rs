//! Text with roles as plain data: what a view draws, before anybody decides on colours.
//!
//! A [`Line`] is one line of a document, a list or a comparison: spans of printable text, each with its [`Role`], the
//! number of the source line that it shows, and a [`Mark`] where the line says something about another. Lines are
//! brought to a width by [`wrap`] and [`Line::window`], and searched with a [`Needle`]. Nothing here draws.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::fit::{self, clusters};
use super::safe::printable;
use super::style::Role;

/// A piece of a line that has one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub role: Role,
    /// Printable, without line ends.
    pub text: String,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// In order; empty for an empty line.
    pub spans: Vec<Span>,
    /// The source line that it shows, from 1, for a gutter; none for lines that no source has.
    pub number: Option<u32>,
    /// What it is besides text of its document.
    pub mark: Option<Mark>,
    /// Columns at its beginning, such as a number, below which a further row of it leaves blanks.
    pub hang: usize,
}

/// What a line is besides text of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The source line that holds a fault.
    Fault,
    /// Says what is wrong in the line above it, at this column of the shown text, from 0.
    Caret(usize),
    /// A remark of ours: how much was left out, what the body is.
    Note,
    /// Only the newer text has it.
    Added,
    /// Only the older text has it.
    Removed,
    /// Both have it, differently.
    Changed,
    /// Stands for so many lines that are equal.
    Folded(usize),
}

impl Line {
    /// A line of one role; the text may come from outside.
    pub fn of(role: Role, text: &str) -> Self {
        let mut line = Self::default();
        line.push(role, text);
        line
    }

    /// The same line with a mark.
    #[must_use]
    pub fn marked(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Adds a text from outside at the end.
    pub fn push(&mut self, role: Role, text: &str) {
        if text.is_empty() {
            return;
        }
        // Most pieces are short and plain, and a large document has a million of them.
        let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        let text = if plain { text.into() } else { printable(text) };
        match self.spans.last_mut() {
            Some(last) if last.role == role => last.text.push_str(&text),
            _ => self.spans.push(Span {
                role,
                text: text.into_owned(),
            }),
        }
    }

    /// Its text without roles.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }

    /// Its columns.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| fit::width(&s.text)).sum()
    }

    /// The columns `from..from + width` of it. A wide character that is cut at the left edge leaves a blank.
    #[must_use]
    pub fn window(&self, from: usize, width: usize) -> Self {
        let mut shown = self.empty();
        let (mut at, end) = (0, from.saturating_add(width));
        for (role, piece, columns) in self.pieces() {
            if at + columns > end {
                break;
            }
            if at >= from {
                shown.push(role, piece);
            } else {
                for _ in from..at + columns {
                    shown.push(role, " ");
                }
            }
            at += columns;
        }
        shown
    }

    /// The line filled up with blanks to a width that it does not exceed.
    #[must_use]
    pub fn padded(mut self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.push(Role::Plain, &" ".repeat(missing));
        self
    }

    /// Broken into rows of a width, after a blank where the second half of a row has one. Only the first row keeps the
    /// number; all keep the mark, and further rows hang.
    pub fn wrap(&self, width: usize) -> Vec<Self> {
        self.rows(width).into_iter().map(|(row, _)| row).collect()
    }

    /// Its rows, each with the columns of the line that stand before it.
    fn rows(&self, width: usize) -> Vec<(Self, usize)> {
        let width = width.max(1);
        let pieces: Vec<(Role, &str, usize)> = self.pieces().collect();
        let hang = self.hang(width);
        let (mut rows, mut start, mut before) = (Vec::new(), 0, 0);
        while start < pieces.len() || rows.is_empty() {
            let mut row = self.empty();
            let mut room = width;
            if start > 0 {
                row.number = None;
                row.push(Role::Plain, &" ".repeat(hang));
                room -= hang;
            }
            let end = row_end(&pieces[start..], room) + start;
            let mut columns = 0;
            for &(role, piece, wide) in &pieces[start..end] {
                row.push(role, if wide > room { "…" } else { piece });
                columns += wide;
            }
            rows.push((row, before));
            before += columns;
            start = end;
        }
        rows
    }

    /// Blanks before its further rows: a gutter that takes more than half of the room is given up.
    fn hang(&self, width: usize) -> usize {
        if self.hang * 2 > width { 0 } else { self.hang }
    }

    /// Where the needle occurs, as byte ranges of [`Line::text`].
    pub fn find(&self, needle: &Needle) -> Vec<Range<usize>> {
        needle.ranges(&self.text())
    }

    /// The line with everything that the needle finds as [`Role::Match`].
    #[must_use]
    pub fn with_matches(&self, needle: &Needle) -> Self {
        let found = self.find(needle);
        let mut marked = self.empty();
        let mut at = 0;
        let mut found = found.iter().peekable();
        for (role, piece, _) in self.pieces() {
            while found.next_if(|r| r.end <= at).is_some() {}
            // A piece that is found in part is marked whole: it is drawn as one.
            let hit = found.peek().is_some_and(|r| r.start < at + piece.len());
            marked.push(if hit { Role::Match } else { role }, piece);
            at += piece.len();
        }
        marked
    }

    /// Gives what stands at a column, from 0, another role; nothing happens where nothing stands.
    pub fn set_role_at(&mut self, column: usize, role: Role) {
        let mut before = 0;
        for n in 0..self.spans.len() {
            let span = &self.spans[n];
            let wide = fit::width(&span.text);
            if column < before + wide {
                let parts = split_at(span, column - before, role);
                self.spans.splice(n..=n, parts);
                return;
            }
            before += wide;
        }
    }

    /// No text yet, but number and mark.
    fn empty(&self) -> Self {
        Self {
            spans: Vec::new(),
            ..*self
        }
    }

    fn pieces(&self) -> impl Iterator<Item = (Role, &str, usize)> {
        self.spans
            .iter()
            .flat_map(|s| clusters(&s.text).map(move |(piece, columns)| (s.role, piece, columns)))
    }
}

/// The span in up to three parts, the middle one with another role: the piece at a column.
fn split_at(span: &Span, column: usize, role: Role) -> Vec<Span> {
    let (mut at, mut columns) = (0, 0);
    for (piece, wide) in clusters(&span.text) {
        if column < columns + wide {
            let end = at + piece.len();
            let part = |role, range: Range<usize>| Span {
                role,
                text: span.text[range].to_owned(),
            };
            let mut parts = vec![
                part(span.role, 0..at),
                part(role, at..end),
                part(span.role, end..span.text.len()),
            ];
            parts.retain(|p| !p.text.is_empty());
            return parts;
        }
        columns += wide;
        at += piece.len();
    }
    vec![span.clone()]
}

/// How many of the pieces fill a row; at least one.
fn row_end(pieces: &[(Role, &str, usize)], width: usize) -> usize {
    let (mut used, mut blank) = (0, None);
    for (n, (_, piece, columns)) in pieces.iter().enumerate() {
        used += columns;
        if used > width {
            return blank.unwrap_or(n).max(1);
        }
        if *piece == " " && used * 2 > width {
            blank = Some(n + 1);
        }
    }
    pieces.len()
}

/// Lines broken to a width. What a caret says stays below the row that it points into.
pub fn wrap(lines: &[Line], width: usize) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len());
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let mut notes = Vec::new();
        while let Some((note, column)) = lines.peek().and_then(|l| caret(l)) {
            notes.push((note, column));
            lines.next();
        }
        let rows = line.rows(width);
        let count = rows.len();
        let mut notes = notes.into_iter().peekable();
        let starts: Vec<usize> = rows.iter().map(|(_, before)| *before).collect();
        for (n, (row, before)) in rows.into_iter().enumerate() {
            out.push(row);
            let next = starts.get(n + 1).copied().unwrap_or(usize::MAX);
            let hang = if n > 0 { line.hang(width) } else { 0 };
            while let Some((note, column)) = notes.next_if(|(_, column)| *column < next || n + 1 == count) {
                point(note, column.saturating_sub(before) + hang, width, &mut out);
            }
        }
    }
    out
}

/// A line of a caret, and the column that it points at.
fn caret(line: &Line) -> Option<(&Line, usize)> {
    match line.mark {
        Some(Mark::Caret(column)) => Some((line, column)),
        _ => None,
    }
}

/// Writes a caret line so that its message fits: beside the caret, or in rows below it.
fn point(note: &Line, column: usize, width: usize, out: &mut Vec<Line>) {
    let column = column.min(width.saturating_sub(1));
    let text = note.text();
    let message = text.trim_start_matches(' ').trim_start_matches("^ ");
    let mark = Mark::Caret(column);
    let row = |text: &str| Line::of(Role::Fault, text).marked(mark);
    let lead = " ".repeat(column) + "^";
    if column + 2 + fit::width(message) <= width {
        out.push(row(&format!("{lead} {message}")));
        return;
    }
    out.push(row(&lead));
    out.extend(fit::wrap(message, width).iter().map(|m| row(m)));
}

/// What a search looks for: without regard to case, unless the term has a capital.
#[derive(Clone, Debug)]
pub struct Needle(Regex);

impl Needle {
    /// None for an empty term, which would be everywhere.
    pub fn new(term: &str) -> Option<Self> {
        if term.is_empty() {
            return None;
        }
        RegexBuilder::new(&regex::escape(&printable(term)))
            .case_insensitive(!term.chars().any(char::is_uppercase))
            .build()
            .ok()
            .map(Self)
    }

    /// True when a text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Where a text holds it, in bytes.
    pub fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        self.0.find_iter(text).map(|m| m.range()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::awkward;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn further_rows_hang_below_the_text() {
        let mut line = Line::of(Role::Faint, "12 one two");
        line.hang = 3;
        let rows = |width| line.wrap(width).iter().map(Line::text).collect::<Vec<_>>();
        assert_eq!(rows(7), ["12 one ", "   two"]);
        // A gutter that would take most of the room is given up.
        assert!(rows(5)[1..].iter().all(|r| !r.starts_with(' ')), "{:?}", rows(5));
    }

    fn line(spans: &[(Role, &str)]) -> Line {
        let mut line = Line {
            number: Some(7),
            ..Line::default()
        };
        for (role, text) in spans {
            line.push(*role, text);
        }
        line
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn what_comes_in_is_printable() {
        assert_eq!(Line::of(Role::Text, "a\x1b[31m\u{202e}").text(), "a␛[31m\\u{202e}");
        let merged = line(&[(Role::Name, "a"), (Role::Name, "b"), (Role::Text, "")]);
        assert_eq!(merged.spans.len(), 1);
    }

    #[test]
    fn rows_keep_roles_and_the_first_the_number() {
        let rows = line(&[(Role::Name, "key:"), (Role::Text, " some longer text")]).wrap(10);
        assert_eq!(texts(&rows), ["key: some ", "longer ", "text"]);
        assert_eq!(rows[0].spans[0].role, Role::Name);
        assert_eq!((rows[0].number, rows[1].number), (Some(7), None));
        assert_eq!(texts(&line(&[]).wrap(5)), [""]);
        assert_eq!(texts(&line(&[(Role::Text, "漢a")]).wrap(1)), ["…", "a"]);
    }

    #[test]
    fn a_window_moves_over_wide_characters() {
        let wide = line(&[(Role::Name, "a漢"), (Role::Text, "字b")]);
        for (from, width, shown) in [
            (0, 6, "a漢字b"),
            (0, 2, "a"),
            (1, 2, "漢"),
            (2, 3, " 字"),
            (4, 9, " b"),
            (9, 3, ""),
            (usize::MAX, usize::MAX, ""),
        ] {
            assert_eq!(wide.window(from, width).text(), shown, "{from} {width}");
        }
    }

    #[test]
    fn a_search_is_smart_about_case() {
        for (term, text, hits) in [
            ("tropo", "Tropo TROPO", 2),
            ("Tropo", "Tropo TROPO", 1),
            ("ünï", "ÜNÏ", 1),
            ("a.c", "abc a.c", 1),
            ("漢", "漢字", 1),
        ] {
            let needle = Needle::new(term).unwrap();
            assert_eq!(line(&[(Role::Text, text)]).find(&needle).len(), hits, "{term}");
        }
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn a_match_goes_over_spans_and_whole_clusters() {
        let needle = Needle::new("say\":e").unwrap();
        let marked =
            line(&[(Role::Name, "\"say\""), (Role::Punct, ":"), (Role::Text, "e\u{301}x")]).with_matches(&needle);
        let shown: Vec<(Role, &str)> = marked.spans.iter().map(|s| (s.role, s.text.as_str())).collect();
        assert_eq!(
            shown,
            [(Role::Name, "\""), (Role::Match, "say\":e\u{301}"), (Role::Text, "x")]
        );
    }

    #[test]
    fn a_caret_stays_below_its_place() {
        let source = line(&[(Role::Plain, "0123456789abcdefghij")]);
        let note = |column: usize, said: &str| {
            Line::of(Role::Fault, &format!("{:column$}^ {said}", "")).marked(Mark::Caret(column))
        };
        let lines = [source.clone(), note(12, "no"), line(&[(Role::Plain, "next")])];
        assert_eq!(texts(&wrap(&lines, 10)), ["0123456789", "abcdefghij", "  ^ no", "next"]);
        let lines = [source, note(18, "more words")];
        assert_eq!(
            texts(&wrap(&lines, 10)),
            ["0123456789", "abcdefghij", "        ^", "more words"]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(a in awkward(), b in awkward(), from in 0usize..30, width in 0usize..40) {
            let both = line(&[(Role::Name, &a), (Role::Text, &b)]);
            for row in both.wrap(width) {
                prop_assert!(row.width() <= width.max(1), "{row:?}");
            }
            prop_assert!(both.window(from, width).width() <= width);
            let note = Line::of(Role::Fault, &format!("^ {}", both.text())).marked(Mark::Caret(from));
            for row in wrap(&[both.clone(), note], width) {
                prop_assert!(row.width() <= width.max(1), "{row:?}");
            }
        }

        #[test]
        fn nothing_is_lost(a in awkward(), b in awkward(), term in "[a-c]{1,2}", width in 3usize..40) {
            let both = line(&[(Role::Name, &a), (Role::Text, &b)]);
            let rows: String = both.wrap(width).iter().map(Line::text).collect();
            // A cluster can be wider than any row: some scripts join many letters.
            if !rows.contains('…') {
                prop_assert_eq!(rows, both.text());
            }
            prop_assert_eq!(both.with_matches(&Needle::new(&term).unwrap()).text(), both.text());
            prop_assert_eq!(both.window(0, usize::MAX).text(), both.text());
        }
    }
}
