//! Everything that the screen shows: plain data that `update` changes and `view` reads. Exclusive states are variants.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use tui_input::Input;

use super::data::{
    Attempt, CallList, CallRow, Draft, Planned, ServiceRow, Sheet, SourceRow, StoryData, StoryItem, Subject, What,
};
use super::form::Form;
use super::keys::{Action, Keymap};
use super::layout::{self, Areas, Arrangement, Pane};
use super::list::Cursor;
use super::msg::{Level, ListQuery, Purpose, Sides, Wanted};
use super::theme::{ASCII, Signs, Theme, UNICODE};
use crate::demo;
use crate::filter::expr::Field;
use crate::model::{Place, Severity, Time};
use crate::output::diff::Diff;
use crate::output::rich::Line;
use crate::replay::Target;
use crate::replay::watch::Watch;

/// The whole state of the screen.
#[derive(Clone, Debug)]
pub struct Model {
    /// Columns and rows.
    pub size: (u16, u16),
    /// This machine's clock at the last message.
    pub now: Time,
    /// Colours and signs.
    pub look: Look,
    /// Keys in use.
    pub keys: Arc<Keymap>,
    /// The pane that has the keys.
    pub focus: Pane,
    /// Which of detail, replays and sources is in sight.
    pub slot: Pane,
    /// The focused pane alone.
    pub zoom: bool,
    /// The list of calls.
    pub calls: CallsPane,
    /// The story of a call.
    pub story: StoryPane,
    /// The selected thing.
    pub detail: DetailPane,
    /// Attempts.
    pub replays: ReplaysPane,
    /// Inputs.
    pub sources: SourcesPane,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// The filter.
    pub filter: Filter,
    /// The search.
    pub search: Option<Search>,
    /// What the command line narrows everything to, as typed there.
    pub narrowed: Option<String>,
    /// Where replays go.
    pub target: TargetChoice,
    /// Messages.
    pub notices: Notices,
    /// In the demo: how far the user is.
    pub demo: Option<Demo>,
    /// What is sent again until it passes.
    pub watching: Option<Box<Watching>>,
    /// Whose changes send it again.
    pub watch_paths: Vec<PathBuf>,
    /// Ring when a replay ends.
    pub bell: bool,
    /// Notify through the terminal when something new failed.
    pub notify: bool,
}

/// Colours, signs, mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Only the keyboard's signs.
    pub ascii: bool,
    /// The mouse is on.
    pub mouse: bool,
}

impl Look {
    /// The signs in use.
    pub fn signs(self) -> &'static Signs {
        if self.ascii { &ASCII } else { &UNICODE }
    }
}

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

/// Requests that are sent again until all pass.
#[derive(Clone, Debug)]
pub struct Watching {
    /// What happens when.
    pub watch: Watch,
    /// What is sent.
    pub plans: Vec<Planned>,
    /// Attempts of the round under way, by number, and which of the plans each is.
    pub sent: Vec<(u32, usize)>,
    /// Which passed when they were sent last.
    pub green: Vec<Option<bool>>,
}

impl Watching {
    /// How many did not pass.
    pub fn red(&self) -> usize {
        self.green.iter().filter(|g| **g != Some(true)).count()
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

impl Model {
    /// Something goes on: an input, a service.
    pub fn is_live(&self) -> bool {
        !self.sources.done || !self.sources.services.is_empty()
    }
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

/// Where replays go.
#[derive(Clone, Debug, Default)]
pub struct TargetChoice {
    /// None until it was chosen.
    pub target: Option<Target>,
    /// As typed.
    pub text: String,
    /// Hosts beside this machine that are allowed.
    pub allow_hosts: Vec<String>,
}

/// Messages.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// All of them, the newest last.
    pub all: VecDeque<Notice>,
    /// The newest is in sight.
    pub shown: bool,
    /// How many came since the last key.
    pub since_key: usize,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Time,
    /// How loud.
    pub level: Level,
    /// What.
    pub text: String,
}

/// How long a notice stays, milliseconds.
pub const NOTICE: i64 = 6_000;
/// Messages that are kept.
const MESSAGES: usize = 200;

impl Notices {
    /// Says something.
    pub fn say(&mut self, at: Time, level: Level, text: impl Into<String>) {
        if self.all.len() == MESSAGES {
            self.all.pop_front();
        }
        self.all.push_back(Notice {
            at,
            level,
            text: text.into(),
        });
        self.shown = true;
        self.since_key += 1;
    }

    /// How many stand unseen behind the one in sight.
    pub fn behind(&self) -> usize {
        self.since_key.min(self.all.len()).saturating_sub(1)
    }

    /// The one in sight.
    pub fn current(&self, now: Time) -> Option<&Notice> {
        let last = self.all.back().filter(|_| self.shown)?;
        (last.level == Level::Error || now.0 - last.at.0 < NOTICE).then_some(last)
    }
}

/// What lies over the panes and has the keys.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// A line is being typed.
    Prompt(Prompt),
    /// What to copy.
    Copy(Menu),
    /// More than one request would be sent, or watched.
    Confirm(Purpose, Vec<Planned>),
    /// A text to read.
    Text(Reader),
    /// A request is being edited.
    Form(Box<Form>),
}

/// A line that is being typed, with what it could become.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The line.
    pub input: Input,
    /// What it could become; for the palette and the help what fits.
    pub choices: Vec<Choice>,
    /// The selected choice; none until one was chosen.
    pub chosen: Option<usize>,
    /// First choice in sight.
    pub top: usize,
    /// What is wrong with the line: column in characters, from 0, and why.
    pub fault: Option<(usize, String)>,
    /// The line is a proposal that nobody has touched yet: what is typed takes its place.
    pub untouched: bool,
    /// The host of a target that was warned of.
    pub warned: Option<String>,
    /// The form that waits behind it.
    pub behind: Option<Box<Form>>,
}

/// What a line is typed for.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptKind {
    /// Search; where the cursor was before.
    Search(Cursor),
    /// The filter bar.
    Filter,
    /// The target, and what to do once it is known.
    Target(Option<(Purpose, Vec<Wanted>)>),
    /// A command by name.
    Palette,
    /// The keys of this screen.
    Help,
    /// A field of the form, which waits behind the prompt.
    Field,
}

/// One thing that a typed line could become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What stands there.
    pub text: String,
    /// What it is.
    pub help: String,
    /// The command behind it.
    pub action: Option<Action>,
    /// The line with it, and the cursor in characters.
    pub insert: Option<(String, usize)>,
}

/// A short menu: key, words, text behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// Lines.
    pub lines: Vec<MenuLine>,
    /// The selected one.
    pub at: usize,
}

/// A line of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuLine {
    /// Its letter.
    pub key: char,
    /// What it is.
    pub what: &'static str,
    /// The text behind it.
    pub text: String,
}

/// A text to read, scrolled.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Its title.
    pub title: String,
    /// The text.
    pub lines: Vec<Line>,
    /// The text, wrapped to the screen.
    pub rows: Vec<Line>,
    /// The width that it was wrapped to.
    pub width: u16,
    /// How far it is scrolled.
    pub cursor: Cursor,
    /// What `replay` sends from here.
    pub send: Vec<Planned>,
    /// The form that waits behind it.
    pub behind: Option<Box<Form>>,
}

/// How far the user of the demo is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demo {
    /// Steps done.
    pub progress: demo::Progress,
    /// The hint was closed.
    pub hidden: bool,
}

impl Model {
    /// An empty screen.
    pub fn new(size: (u16, u16), look: Look, keys: Arc<Keymap>, now: Time) -> Self {
        Self {
            size,
            now,
            look,
            keys,
            focus: Pane::Calls,
            slot: Pane::Detail,
            zoom: false,
            calls: CallsPane {
                problems_only: true,
                worst_first: true,
                ..CallsPane::default()
            },
            story: StoryPane::default(),
            detail: DetailPane::default(),
            replays: ReplaysPane::default(),
            sources: SourcesPane::default(),
            overlay: None,
            filter: Filter::default(),
            search: None,
            narrowed: None,
            target: TargetChoice::default(),
            notices: Notices::default(),
            demo: None,
            watching: None,
            watch_paths: vec![PathBuf::from(".")],
            bell: false,
            notify: false,
        }
    }

    /// Where everything stands; none when the screen is too small.
    pub fn areas(&self) -> Option<Areas> {
        let prompt = matches!(
            &self.overlay,
            Some(Overlay::Prompt(p)) if matches!(p.kind, PromptKind::Search(_) | PromptKind::Filter | PromptKind::Target(_))
        );
        layout::areas(Arrangement {
            size: self.size,
            focus: self.focus,
            slot: self.slot,
            zoom: self.zoom,
            prompt,
            hint: self.demo.as_ref().is_some_and(|d| !d.hidden),
        })
    }

    /// Rows of a pane's list or text; a page where the pane is not in sight.
    pub fn height(&self, pane: Pane) -> usize {
        let Some(r) = self.areas().and_then(|a| a.of(pane)) else {
            return 10;
        };
        let rows = match pane {
            Pane::Calls => layout::calls(r).rows,
            Pane::Story => layout::story(r).rows,
            Pane::Detail => layout::detail(r).1,
            Pane::Replays => layout::replays(r, self.replays.attempts.len()).1,
            Pane::Sources => layout::sources(r).1,
        };
        usize::from(rows.height)
    }

    /// Columns of a pane; of the screen where it is not in sight.
    pub fn width(&self, pane: Pane) -> u16 {
        self.areas().and_then(|a| a.of(pane)).map_or(self.size.0, |r| r.width)
    }

    /// The worst of a call's problems, by its row in the list.
    pub fn severity_of(&self, call: u32) -> Option<Severity> {
        self.calls.list.rows.iter().find(|r| r.call == call)?.severity
    }

    /// The last attempt with a request that has an end.
    pub fn last_answer(&self, exchange: u32) -> Option<&Attempt> {
        self.replays.of(exchange).rfind(|a| a.answered().is_some())
    }
}
