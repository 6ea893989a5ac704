//! What narrows and finds: the filter of the list, a search in one pane with the rows that have it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::data::Subject;
use super::super::layout::Pane;
use super::panes::Tab;
use crate::filter::expr::Field;

/// The filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// As typed; empty for none.
    pub text: String,
    /// Off without being forgotten.
    pub off: bool,
    /// Values of fields, for completion.
    pub values: HashMap<Field, Arc<Vec<String>>>,
    /// Fields whose values were asked for.
    pub asked: BTreeSet<&'static str>,
}

impl Filter {
    /// The filter that narrows the list.
    pub fn active(&self) -> Option<&str> {
        (!self.off && !self.text.trim().is_empty()).then_some(self.text.as_str())
    }
}

/// A search in one pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What is looked for; smart case.
    pub text: String,
    /// Where.
    pub pane: Pane,
    /// Rows that have it.
    pub hits: Hits,
    /// Texts of lines are on their way: the row that the search goes on from when they are here.
    pub waits: Option<usize>,
}

/// Rows that a search finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// In order; none until they were counted.
    pub rows: Option<Arc<[usize]>>,
    /// There are more rows than are counted.
    pub cut: bool,
    /// What they were counted in.
    pub of: Option<Counted>,
}

/// Which rows hits were counted in; where it is the same, so are the rows, unless others arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The pane.
    pub pane: Pane,
    /// How many rows it has.
    pub len: usize,
    /// The detail's text, and the columns it is wrapped to.
    pub detail: (Option<Subject>, Tab, u16),
    /// The attempt, and the columns its answer is wrapped to.
    pub attempt: (usize, u16),
}

impl Hits {
    /// `2 of 7`, for a cursor on a row; the sum alone where the row is no hit.
    pub fn said(&self, at: usize) -> Option<String> {
        let rows = self.rows.as_ref()?;
        let sum = format!("{}{}", rows.len(), if self.cut { "+" } else { "" });
        Some(match rows.binary_search(&at) {
            Ok(n) => format!("{} of {sum}", n + 1),
            Err(_) => format!("{sum} in all"),
        })
    }
}
