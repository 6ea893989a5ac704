//! What lies over the panes and has the keys: one at a time. A line being typed, the copy menu, a question, a text, the form.

use tui_input::Input;

use super::super::data::Planned;
use super::super::form::Form;
use super::super::keys::Action;
use super::super::list::Cursor;
use super::super::msg::{Purpose, Wanted};
use crate::output::rich::Line;

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
