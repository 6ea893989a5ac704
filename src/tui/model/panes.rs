//! The panes but the story: the list of calls, the detail with its tabs, attempts, inputs. Each is what its pane shows and where its cursor is.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::super::data::{Attempt, CallList, CallRow, Draft, GroupRow, ServiceRow, Sheet, SourceRow, Subject};
use super::super::list::Cursor;
use super::super::msg::{ListQuery, Sides};
use crate::model::Time;
use crate::output::diff::Diff;
use crate::output::rich::Line;

/// The list of calls.
#[derive(Clone, Debug, Default)]
pub struct CallsPane {
    /// Rows and counts.
    pub list: Arc<CallList>,
    /// The selected row.
    pub cursor: Cursor,
    /// Only calls with problems.
    pub problems_only: bool,
    /// Worst first.
    pub worst_first: bool,
    /// One row a cause, not a call.
    pub grouped: bool,
    /// The cause whose calls are listed, while it is open.
    pub cause: Option<Arc<GroupRow>>,
    /// The key of the cause that was just closed: it is selected again.
    pub left: Option<u32>,
    /// The user has moved in it.
    pub touched: bool,
    /// Stay at the newest.
    pub follow: bool,
    /// The list is held still.
    pub paused: bool,
    /// Number of the last question.
    pub asked: u64,
    /// The last question, its number left out.
    pub query: Option<ListQuery>,
    /// Marked calls or causes by their keys, with their failed requests that can be sent again.
    pub marks: BTreeMap<u32, Vec<u32>>,
    /// The first list is here.
    pub filled: bool,
}

impl CallsPane {
    /// The selected call.
    pub fn selected(&self) -> Option<&CallRow> {
        self.list.rows.get(self.cursor.at)
    }
}

/// A tab of the detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// What went wrong and what to do.
    #[default]
    Why,
    /// What was sent.
    Request,
    /// What came back.
    Response,
    /// Headers of both.
    Headers,
    /// Lines of the source.
    Raw,
    /// Attempts with this request.
    Replays,
}

impl Tab {
    /// In the order of the bar.
    pub const ALL: [Self; 6] = [
        Self::Why,
        Self::Request,
        Self::Response,
        Self::Headers,
        Self::Raw,
        Self::Replays,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Headers => "Headers",
            Self::Raw => "Raw",
            Self::Replays => "Replays",
        }
    }
}

/// The selected thing.
#[derive(Clone, Debug, Default)]
pub struct DetailPane {
    /// What is looked at.
    pub subject: Option<Subject>,
    /// Everything about it, once it is here.
    pub sheet: Option<Arc<Sheet>>,
    /// Sheets looked at before, the newest last.
    pub before: VecDeque<(Subject, Arc<Sheet>)>,
    /// The tab.
    pub tab: Tab,
    /// The tab's text, wrapped to the pane.
    pub rows: Vec<Line>,
    /// The width that it was wrapped to.
    pub width: u16,
    /// How far it is scrolled.
    pub cursor: Cursor,
    /// How far other texts were scrolled.
    pub left_at: HashMap<(Subject, Tab), usize>,
}

/// What the replays show below the list of attempts.
#[derive(Clone, Debug, Default)]
pub enum Shown {
    /// The selected attempt's answer.
    #[default]
    Answer,
    /// A comparison, once it is here.
    Diff(Sides, Option<Arc<Diff>>),
}

/// Attempts.
#[derive(Clone, Debug, Default)]
pub struct ReplaysPane {
    /// In the order sent.
    pub attempts: Vec<Attempt>,
    /// The selected one.
    pub cursor: Cursor,
    /// Requests as the user changed them, by their numbers: the form begins with these.
    pub drafts: HashMap<u32, Arc<Draft>>,
    /// What stands below.
    pub shown: Shown,
    /// Answer or comparison, wrapped to the pane.
    pub rows: Vec<Line>,
    /// The width that it was wrapped to.
    pub width: u16,
    /// How far it is scrolled.
    pub text: Cursor,
}

impl ReplaysPane {
    /// The selected attempt.
    pub fn selected(&self) -> Option<&Attempt> {
        self.attempts.get(self.cursor.at)
    }

    /// Attempts with a request, in the order sent.
    pub fn of(&self, exchange: u32) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.iter().filter(move |a| a.recorded.exchange == exchange)
    }

    /// Attempts that are queued or on their way.
    pub fn open(&self) -> usize {
        self.attempts.iter().filter(|a| a.open()).count()
    }
}

/// Inputs.
#[derive(Clone, Debug, Default)]
pub struct SourcesPane {
    /// As the session's thread last told.
    pub rows: Arc<Vec<SourceRow>>,
    /// The selected one.
    pub cursor: Cursor,
    /// All are read to their ends.
    pub done: bool,
    /// What was there at the start is read.
    pub caught_up: bool,
    /// Services that fill the store meanwhile.
    pub services: Vec<ServiceRow>,
    /// The store's file, when its events are shown.
    pub store: Option<String>,
    /// Events whose request and answer were asked for.
    pub fetched: HashSet<String>,
    /// When the user was told of a new error last.
    pub told: Option<Time>,
    /// Errors in the list that came last, and the number of its question.
    pub errors: Option<(u64, usize)>,
}

impl SourcesPane {
    /// Inputs, and services behind them.
    pub fn len(&self) -> usize {
        self.rows.len() + self.services.len()
    }

    /// Neither inputs nor services.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes done and, when all sizes are known, bytes in all.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let done = self.rows.iter().map(|s| s.bytes).sum();
        (done, self.rows.iter().map(|s| s.size).sum())
    }
}
