//! Everything that the screen shows: plain data that `update` changes and `view` reads. Exclusive states are variants.
//!
//! [`Model`] is the whole; its parts have a file each: `panes`, `story`, `overlay`, `search` (and the filter), `notices`. Nothing here
//! draws or decides; questions that both `update` and `view` have about the state are methods.

mod notices;
mod overlay;
mod panes;
mod search;
mod story;

use std::path::PathBuf;
use std::sync::Arc;

use super::data::{Attempt, Planned};
use super::keys::Keymap;
use super::layout::{self, Areas, Arrangement, Pane};
use super::theme::{ASCII, Signs, Theme, UNICODE};
use crate::demo;
use crate::model::{Severity, Time};
use crate::replay::Target;
use crate::replay::watch::Watch;

pub use notices::{NOTICE, Notice, Notices};
pub use overlay::{Choice, Menu, MenuLine, Overlay, Prompt, PromptKind, Reader};
pub use panes::{CallsPane, DetailPane, ReplaysPane, Shown, SourcesPane, Tab};
pub use search::{Counted, Filter, Hits, Search};
pub use story::{Anchor, Left, Row, StoryPane};

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

    /// Something goes on: an input, a service.
    pub fn is_live(&self) -> bool {
        !self.sources.done || !self.sources.services.is_empty()
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
