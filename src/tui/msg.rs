//! What happens ([`Msg`]) and what is asked of the outside ([`Effect`]): the two ends of `update`.

use std::path::PathBuf;
use std::sync::Arc;

use super::data::{AttemptState, CallList, Draft, Planned, Sheet, SourceRow, StoryData, Subject};
use super::desk::Moved;
use super::keys::Action;
use super::layout::Pane;
use crate::config::keys::Key;
use crate::filter::expr::Field;
use crate::live::Word;
use crate::model::{Place, Time};
use crate::output::diff::Diff;
use crate::output::rich::Line;
use crate::replay::Target;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse, while it is on.
    Mouse(Mouse),
    /// The screen has another size.
    Resize(u16, u16),
    /// This machine's clock.
    Now(Time),
    /// A command by name.
    Do(Action),
    /// The list of calls, for the question of this number.
    List(u64, Arc<CallList>),
    /// The inputs.
    Sources(Arc<Vec<SourceRow>>),
    /// All inputs are read to their ends.
    ReadAll,
    /// What was there at the start is read; what comes now is new.
    CaughtUp,
    /// The inputs were read once more, to go on at their ends: what the numbers of calls and requests are now.
    Anew(Arc<Moved>),
    /// A service says something.
    Word(Word),
    /// Events in view of which only a list's entry is known.
    Listed(Vec<String>),
    /// The story of a call.
    Story(Arc<StoryData>),
    /// Texts of lines.
    Texts(Vec<(Place, Arc<str>)>),
    /// Everything about one thing.
    Sheet(Subject, Arc<Sheet>),
    /// Lines that could not be read, as a text.
    Unparsed(Vec<Line>),
    /// Values of a field that occur, for completion.
    Values(Field, Arc<Vec<String>>),
    /// What would be sent.
    Planned(Purpose, Vec<Planned>),
    /// A replay has gone on: its number, how far it is.
    Attempt(u32, AttemptState),
    /// A file of the app changed.
    Changed(PathBuf),
    /// Whether somebody listens where replays go.
    Probed(bool),
    /// Files cannot be watched: why.
    Unwatchable(String),
    /// Two answers compared.
    Diffed(Sides, Arc<Diff>),
    /// The editor is closed: the text, or what went wrong.
    Edited(Result<String, String>),
    /// Something to say.
    Notice(Level, String),
    /// The demo's app was mended or broken.
    Mended(bool),
}

/// What the mouse did, at column and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// Left button.
    Click(u16, u16),
    /// Wheel away from the user.
    WheelUp(u16, u16),
    /// Wheel to the user.
    WheelDown(u16, u16),
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For information; goes away by itself.
    Info,
    /// Something was done.
    Good,
    /// Something could not be done; stays until it is closed.
    Error,
}

/// Which answers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sides {
    /// The recorded one and that of an attempt, by its number.
    Recorded(u32),
    /// Those of two attempts, by their numbers.
    Attempts(u32, u32),
}

/// What to do with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Send it.
    Send,
    /// Show it.
    Preview,
    /// Send it until it passes.
    Watch,
}

/// What is to be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A recorded request, by its number.
    Exchange(u32),
    /// One that the user changed.
    Draft(Arc<Draft>),
}

/// Something that the outside is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A question to the session's thread.
    Ask(Ask),
    /// Send these attempts, one after the other.
    Send(Vec<u32>),
    /// Give up what is on its way.
    Cancel,
    /// Tell when files below these paths change.
    Watch(Vec<PathBuf>),
    /// Tell it no more.
    Unwatch,
    /// Look whether somebody listens there.
    Probe(Target),
    /// Put a text into the clipboard: the text, what it is.
    Copy(String, &'static str),
    /// Open a text in the editor.
    EditOutside(String),
    /// Mend or break the demo's app.
    Mend,
    /// Mouse on or off.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// To the shell and back.
    Suspend,
    /// Ring the bell.
    Bell,
    /// Notify the user through the terminal.
    Notify(String),
    /// Ask services for the whole of these events.
    Fetch(Vec<String>),
    /// The end.
    Quit,
}

/// A question to the session's thread. Of several of one kind only the last is answered, where that is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The list of calls (only the last).
    List(ListQuery),
    /// The story of a call (only the last): with its whole family, with its hidden lines.
    Story {
        /// Number of the call.
        call: u32,
        /// Parent and all legs, not only the call's own.
        whole: bool,
        /// With hidden lines.
        lines: bool,
    },
    /// Texts of lines.
    Texts(Vec<Place>),
    /// Everything about one thing (only the last).
    Sheet(Subject),
    /// What could not be read of an input, by its number.
    Unparsed(usize),
    /// Values of a field.
    Values(Field),
    /// What would be sent where.
    Plan {
        /// What to do with it.
        purpose: Purpose,
        /// Requests.
        wanted: Vec<Wanted>,
        /// Where to.
        target: Target,
    },
    /// Compare two answers: which, the older, the newer.
    Diff(Sides, Arc<str>, Arc<str>),
    /// Hold the list, or go on.
    Hold(bool),
    /// Go on with files at their ends.
    Follow,
}

/// What the list of calls is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Counted up, so that an old answer is known.
    pub number: u64,
    /// Only calls with problems.
    pub problems_only: bool,
    /// Worst first; else by time.
    pub worst_first: bool,
    /// One row a cause, not a call.
    pub grouped: bool,
    /// With `grouped`: the calls of this cause, by its id.
    pub cause: Option<u32>,
    /// The filter, if one is on.
    pub filter: Option<String>,
    /// Bins of the histogram.
    pub bins: usize,
}

/// Where a wheel or a click landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The pane.
    pub pane: Pane,
    /// Row inside its list; none outside of it.
    pub row: Option<usize>,
}
