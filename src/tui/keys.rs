//! Every command with its name, its keys and its words: the one table that dispatch, `?`, the footer, the palette, the README and
//! the configuration file share.
//!
//! To add a command: a variant of [`Action`], a line in [`COMMANDS`], an arm in `update`.

pub use super::keymap::Keymap;

/// What a key, the palette or a click asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Cursor one down.
    Down,
    /// Cursor one up.
    Up,
    /// To the left: the tab before, or the text under the left edge.
    Left,
    /// To the right.
    Right,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The list of calls.
    Calls,
    /// The story of the call.
    Story,
    /// The selected thing.
    Detail,
    /// Every attempt.
    Replays,
    /// The inputs.
    Sources,
    /// One pane on the whole screen.
    Zoom,
    /// Into the selected thing.
    Open,
    /// Close, clear, cancel, back; never quits.
    Close,
    /// Back; quits at the top.
    Back,
    /// Quits at once.
    Quit,
    /// Search in the pane.
    Search,
    /// Next hit.
    NextHit,
    /// Hit before.
    PreviousHit,
    /// The filter bar.
    Filter,
    /// Filter off and on again.
    ToggleFilter,
    /// Next problem.
    NextProblem,
    /// Problem before.
    PreviousProblem,
    /// Next call with a problem.
    NextCall,
    /// Call with a problem before.
    PreviousCall,
    /// Calls with problems only, or all.
    ErrorsOnly,
    /// Worst first, or by time.
    Order,
    /// One row a cause, or a call.
    Group,
    /// All lines of the story, or folded.
    AllLines,
    /// The whole family of the call.
    Family,
    /// Stay at the newest.
    Follow,
    /// Hold the list still.
    Pause,
    /// Mark for replay.
    Mark,
    /// Send again.
    Replay,
    /// Send again until it passes, and no more.
    Watch,
    /// Show exactly what will be sent.
    Preview,
    /// Edit the request in a form.
    Edit,
    /// Edit the request in $EDITOR.
    EditOutside,
    /// Where replays go.
    Target,
    /// Compare two answers.
    Diff,
    /// Copy something.
    Copy,
    /// Every command by name.
    Palette,
    /// The keys of this screen.
    Help,
    /// The messages so far.
    Messages,
    /// Next colours.
    Theme,
    /// Mouse on and off.
    Mouse,
    /// Draw everything anew.
    Redraw,
    /// To the shell and back.
    Suspend,
    /// Repair the demo's app.
    Mend,
    /// In a prompt or menu: take it.
    Accept,
    /// In a prompt or menu: leave it.
    Cancel,
    /// In a prompt: complete.
    Complete,
    /// In a menu or form: the next line.
    Next,
    /// In a menu or form: the line before.
    Previous,
    /// In a form: send it.
    Send,
    /// In a form: another line.
    Add,
    /// In a form: this line away.
    Remove,
    /// In a form: everything as recorded.
    Reset,
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The panes.
    Panes,
    /// A line of text is being typed: what is no command goes into it.
    Prompt,
    /// The form of a request; no field is being typed.
    Form,
}

/// Panes that a command is offered for in the footer, by number; `&[]` for none.
type Offer = &'static [u8];

/// A command.
#[derive(Debug)]
pub struct Command {
    /// What it does.
    pub action: Action,
    /// Its name, for the palette and the configuration file.
    pub name: &'static str,
    /// Its keys, separated by blanks.
    pub keys: &'static str,
    /// Where the keys are taken.
    pub layer: Layer,
    /// What it does, in words.
    pub help: &'static str,
    /// A word or two for the footer.
    pub brief: &'static str,
    /// Panes whose footer shows it.
    pub offer: Offer,
}

const fn c(action: Action, name: &'static str, keys: &'static str, help: &'static str) -> Command {
    Command {
        action,
        name,
        keys,
        layer: Layer::Panes,
        help,
        brief: "",
        offer: &[],
    }
}

impl Command {
    const fn foot(mut self, brief: &'static str, offer: Offer) -> Self {
        self.brief = brief;
        self.offer = offer;
        self
    }

    const fn at(mut self, layer: Layer) -> Self {
        self.layer = layer;
        self
    }
}

/// Every command, in the order of the help.
pub const COMMANDS: &[Command] = &[
    c(
        Action::Open,
        "open",
        "enter",
        "open the selected thing; unfold or fold hidden lines",
    )
    .foot("open", &[1, 2, 5]),
    c(
        Action::Replay,
        "replay",
        "r",
        "send the request again, or all marked ones",
    )
    .foot("replay", &[1, 2, 3, 4]),
    c(
        Action::Watch,
        "watch",
        "W",
        "send it again when files change, until all pass; again to stop",
    )
    .foot("watch", &[4]),
    c(Action::Preview, "preview", "R", "show exactly what will be sent").foot("what is sent", &[3, 4]),
    c(Action::Edit, "edit", "e", "edit the request in a form, then send it").foot("edit", &[2, 3]),
    c(
        Action::EditOutside,
        "edit-outside",
        "ctrl-e",
        "edit the request in $EDITOR, then send it",
    ),
    c(Action::Target, "target", "t", "where replays go").foot("target", &[]),
    c(Action::Diff, "diff", "D", "compare answers: recorded, previous, last").foot("diff", &[4]),
    c(Action::Copy, "copy", "y", "copy curl command, body, URL, id or advice").foot("copy", &[3]),
    c(Action::Mend, "mend", "M", "mend or break the demo's app").foot("mend", &[]),
    c(Action::NextProblem, "next-problem", "]", "next problem").foot("problem", &[2]),
    c(Action::PreviousProblem, "previous-problem", "[", "previous problem"),
    c(Action::NextCall, "next-call", "}", "next call with a problem").foot("call", &[2]),
    c(
        Action::PreviousCall,
        "previous-call",
        "{",
        "previous call with a problem",
    ),
    c(
        Action::ErrorsOnly,
        "errors-only",
        "E",
        "calls with problems only, or all calls",
    )
    .foot("all calls", &[1]),
    c(Action::Order, "order", "s", "worst calls first, or by time").foot("sort", &[1]),
    c(
        Action::Group,
        "group",
        "o",
        "one cause, many calls: by code, endpoint and answer, or all calls",
    )
    .foot("causes", &[1]),
    c(
        Action::AllLines,
        "all-lines",
        "a",
        "all lines of the call, or hidden ones folded",
    )
    .foot("all lines", &[2]),
    c(
        Action::Family,
        "family",
        "x",
        "the whole family of the call: parent and all legs",
    )
    .foot("family", &[2]),
    c(
        Action::Filter,
        "filter",
        "f",
        "filter: url ~ \"/gather\" and status >= 500",
    )
    .foot("filter", &[1]),
    c(
        Action::ToggleFilter,
        "toggle-filter",
        "ctrl-f",
        "filter off and on again",
    ),
    c(Action::Search, "search", "/", "search in this pane").foot("search", &[1, 2]),
    c(Action::NextHit, "next-hit", "n", "next hit"),
    c(Action::PreviousHit, "previous-hit", "N", "previous hit"),
    c(Action::Mark, "mark", "space", "mark for replay").foot("mark", &[1]),
    c(Action::Follow, "follow", "F", "stay at the newest call"),
    c(Action::Pause, "pause", "p", "hold the list still while reading goes on"),
    c(Action::Down, "down", "j down", "down"),
    c(Action::Up, "up", "k up", "up"),
    c(
        Action::Left,
        "left",
        "h left",
        "left: the tab before, the replay before",
    ),
    c(
        Action::Right,
        "right",
        "l right",
        "right: the next tab, the next replay, more of long lines",
    )
    .foot("tabs", &[3]),
    c(Action::PageDown, "page-down", "pagedown", "a page down"),
    c(Action::PageUp, "page-up", "pageup", "a page up"),
    c(Action::HalfDown, "half-page-down", "ctrl-d", "half a page down"),
    c(Action::HalfUp, "half-page-up", "ctrl-u", "half a page up"),
    c(Action::Top, "top", "g home", "to the first"),
    c(Action::Bottom, "bottom", "G end", "to the last"),
    c(Action::NextPane, "next-pane", "tab", "next pane").foot("pane", &[]),
    c(Action::PreviousPane, "previous-pane", "backtab", "previous pane"),
    c(Action::Calls, "calls", "1", "the list of calls"),
    c(Action::Story, "story", "2", "the story of the call"),
    c(Action::Detail, "detail", "3", "the selected thing"),
    c(Action::Replays, "replays", "4", "every attempt"),
    c(Action::Sources, "sources", "5", "the inputs"),
    c(Action::Zoom, "zoom", "z", "this pane on the whole screen, and back").foot("zoom", &[3, 4]),
    c(Action::Close, "close", "esc", "close, cancel, clear, back"),
    c(Action::Back, "back", "q", "back; quits at the top").foot("back", &[2, 3, 4, 5]),
    c(Action::Quit, "quit", "ctrl-c", "quit at once"),
    c(Action::Palette, "palette", ":", "every command by name"),
    c(Action::Help, "help", "?", "the keys of this screen").foot("help", &[1, 2, 3, 4, 5]),
    c(Action::Messages, "messages", "m", "the messages so far"),
    c(Action::Theme, "theme", "T", "other colours"),
    c(Action::Mouse, "mouse", "f2", "mouse on and off"),
    c(Action::Redraw, "redraw", "ctrl-l", "draw everything anew"),
    c(Action::Suspend, "suspend", "ctrl-z", "to the shell; `fg` comes back"),
    c(Action::Accept, "accept", "enter", "in a prompt or menu: take it").at(Layer::Prompt),
    c(Action::Cancel, "cancel", "esc", "in a prompt or menu: leave it").at(Layer::Prompt),
    c(Action::Complete, "complete", "tab", "in a prompt: complete").at(Layer::Prompt),
    c(Action::Next, "next", "down ctrl-n", "in a menu: the next line").at(Layer::Prompt),
    c(Action::Previous, "previous", "up ctrl-p", "in a menu: the line before").at(Layer::Prompt),
    c(
        Action::PageDown,
        "prompt-page-down",
        "pagedown",
        "in a menu: a page down",
    )
    .at(Layer::Prompt),
    c(Action::PageUp, "prompt-page-up", "pageup", "in a menu: a page up").at(Layer::Prompt),
    c(
        Action::Quit,
        "prompt-quit",
        "ctrl-c",
        "in a prompt or menu: quit at once",
    )
    .at(Layer::Prompt),
    c(Action::Next, "form-next", "j down tab", "in the form: next field").at(Layer::Form),
    c(
        Action::Previous,
        "form-previous",
        "k up backtab",
        "in the form: field before",
    )
    .at(Layer::Form),
    c(
        Action::PageDown,
        "form-page-down",
        "pagedown ctrl-d",
        "in the form: a page down",
    )
    .at(Layer::Form),
    c(
        Action::PageUp,
        "form-page-up",
        "pageup ctrl-u",
        "in the form: a page up",
    )
    .at(Layer::Form),
    c(Action::Accept, "form-edit", "enter", "in the form: edit the field").at(Layer::Form),
    c(Action::Send, "form-send", "r ctrl-s", "in the form: send it").at(Layer::Form),
    c(
        Action::Preview,
        "form-preview",
        "R",
        "in the form: show exactly what will be sent",
    )
    .at(Layer::Form),
    c(
        Action::EditOutside,
        "form-outside",
        "ctrl-e",
        "in the form: go on in $EDITOR",
    )
    .at(Layer::Form),
    c(Action::Add, "form-add", "a", "in the form: add a parameter or header").at(Layer::Form),
    c(
        Action::Remove,
        "form-remove",
        "d delete",
        "in the form: remove the field",
    )
    .at(Layer::Form),
    c(
        Action::Reset,
        "form-reset",
        "u",
        "in the form: everything as recorded again",
    )
    .at(Layer::Form),
    c(
        Action::Cancel,
        "form-leave",
        "esc q",
        "in the form: leave it; the edits are kept",
    )
    .at(Layer::Form),
    c(Action::Quit, "form-quit", "ctrl-c", "in the form: quit at once").at(Layer::Form),
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::keys::Key;

    #[test]
    fn every_key_of_the_table_reads_and_is_given_once_a_layer() {
        let mut seen = HashMap::new();
        for c in COMMANDS {
            for k in c.keys.split(' ') {
                let key: Key = k.parse().unwrap_or_else(|e| panic!("{k}: {e}"));
                let old = seen.insert((c.layer, key), c.name);
                assert_eq!(old, None, "{k} is given to {} too", c.name);
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = COMMANDS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
