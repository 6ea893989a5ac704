//! The story of a call as it is shown: items, unfolded lines, and what a row is whatever rows stand around it.
//!
//! An [`Anchor`] outlives a fresh story: the cursor stays on its record when lines come, are folded or unfolded.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::data::{StoryData, StoryItem, Subject, What};
use super::super::list::Cursor;
use crate::model::Place;

/// A row of a story: an item, or a line of an unfolded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The n-th item.
    Item(usize),
    /// The k-th line of the n-th item, which is hidden lines.
    Line(usize, usize),
}

/// What a row is, whatever rows stand around it: the cursor stays on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Anchor {
    /// The line or document.
    pub place: Place,
    /// Things of one line: the line, the request, the finding, ….
    pub rank: u8,
}

/// How a story was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The record under the cursor.
    pub anchor: Option<Anchor>,
    /// Unfolded hidden lines.
    pub unfolded: BTreeSet<Place>,
    /// The whole family was shown.
    pub whole: bool,
}

/// The story of a call.
#[derive(Clone, Debug, Default)]
pub struct StoryPane {
    /// The call that is wanted.
    pub call: Option<u32>,
    /// What is shown; of another call while the wanted one is on its way.
    pub data: Arc<StoryData>,
    /// The whole family.
    pub whole: bool,
    /// All lines.
    pub all: bool,
    /// Unfolded hidden lines, by the first of them.
    pub unfolded: BTreeSet<Place>,
    /// Items and lines in sight.
    pub rows: Vec<Row>,
    /// The selected row.
    pub cursor: Cursor,
    /// Texts of lines, as far as they were looked at.
    pub texts: HashMap<Place, Arc<str>>,
    /// Lines whose texts were asked for.
    pub asked: BTreeSet<Place>,
    /// The story with hidden lines was asked for.
    pub lines_asked: bool,
    /// How the stories looked at before were left.
    pub left_at: HashMap<u32, Left>,
    /// The record that the cursor belongs on, while it is folded away or its lines are not here yet.
    pub wanted: Option<Anchor>,
    /// How many columns of the log lines are scrolled out to the left.
    pub left: usize,
    /// Marked requests, by their numbers.
    pub marks: BTreeSet<u32>,
}

impl StoryPane {
    /// The item of the selected row.
    pub fn selected(&self) -> Option<&StoryItem> {
        self.item(*self.rows.get(self.cursor.at)?)
    }

    /// The item of a row.
    pub fn item(&self, row: Row) -> Option<&StoryItem> {
        let (Row::Item(n) | Row::Line(n, _)) = row;
        self.data.items.get(n)
    }

    /// The line of a row, for one of an unfolded item.
    pub fn line(&self, row: Row) -> Option<Place> {
        match (row, &self.item(row)?.what) {
            (Row::Line(_, k), What::Hidden(lines)) => lines.get(k).copied(),
            _ => None,
        }
    }

    /// What a row is.
    pub fn anchor(&self, row: Row) -> Option<Anchor> {
        if let Some(place) = self.line(row) {
            return Some(Anchor { place, rank: 0 });
        }
        let item = self.item(row)?;
        let rank = match item.what {
            What::Hidden(_) => 0,
            What::State(_) | What::AppLog(_) => 1,
            What::Request(_) => 2,
            What::Finding(_) => 3,
        };
        Some(Anchor {
            place: item.place,
            rank,
        })
    }

    /// What the selected row is about.
    pub fn subject(&self) -> Option<Subject> {
        let row = *self.rows.get(self.cursor.at)?;
        if let Some(place) = self.line(row) {
            return Some(Subject::Line(place));
        }
        let item = self.item(row)?;
        Some(match &item.what {
            What::Request(r) => Subject::Request(r.exchange),
            What::Finding(f) => f.finding.map_or(Subject::Line(item.place), Subject::Finding),
            What::State(_) | What::AppLog(_) | What::Hidden(_) => Subject::Line(item.place),
        })
    }

    /// Is a hidden item open?
    pub fn open(&self, first: Place) -> bool {
        self.all || self.unfolded.contains(&first)
    }
}
