//! Colours by role. Nothing is told by colour alone: severities have letters, changes have signs, the selection has a mark.

use ratatui::style::{Color, Modifier, Style};

use crate::output::style::Role;

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own 16 colours: fits any background.
    #[default]
    Sixteen,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// No colours, only bold, reverse and underline.
    Mono,
}

impl Theme {
    /// In the order of the key that changes them.
    pub const ALL: [Self; 4] = [Self::Sixteen, Self::Dark, Self::Light, Self::Mono];

    /// As in the configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sixteen => "16",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let n = Self::ALL.iter().position(|t| *t == self).unwrap_or(0);
        Self::ALL[(n + 1) % Self::ALL.len()]
    }

    /// How text of a role looks.
    pub fn of(self, role: Role) -> Style {
        let plain = Style::new();
        let s = match self.colour(role) {
            Some(c) => plain.fg(c),
            None => plain,
        };
        match role {
            Role::Heading | Role::Error => s.add_modifier(Modifier::BOLD),
            Role::Match => match self {
                Self::Mono => plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
                _ => plain.fg(Color::Black).bg(Color::Yellow),
            },
            Role::Fault | Role::AddedWords | Role::RemovedWords => {
                s.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
            }
            Role::Faint | Role::Comment if self == Self::Mono => s.add_modifier(Modifier::DIM),
            _ => s,
        }
    }

    fn colour(self, role: Role) -> Option<Color> {
        let rgb = |hex: u32| Some(Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8));
        let (sixteen, dark, light) = match role {
            Role::Heading | Role::Plain => return None,
            Role::Error | Role::Fault | Role::Removed | Role::RemovedWords => (Color::Red, 0x00ff_6b6b, 0x00b4_0000),
            Role::Warning | Role::Match => (Color::Yellow, 0x00f2_c14e, 0x008a_5a00),
            Role::Info => (Color::Blue, 0x007a_b8ff, 0x0000_4fa3),
            Role::Good | Role::Added | Role::AddedWords => (Color::Green, 0x007f_d88f, 0x0000_6b2d),
            Role::Command | Role::Name => (Color::Cyan, 0x0066_d9e8, 0x0000_6673),
            Role::Faint | Role::Comment | Role::Punct => (Color::DarkGray, 0x0090_9aa7, 0x005f_6670),
            Role::Text => (Color::Green, 0x00b5_d99c, 0x002f_6b1a),
            Role::Number => (Color::Magenta, 0x00d8_a0df, 0x007a_2a8a),
        };
        match self {
            Self::Sixteen => Some(sixteen),
            Self::Dark => rgb(dark),
            Self::Light => rgb(light),
            Self::Mono => None,
        }
    }

    /// The selected row, with the keys in its pane or not.
    pub fn selected(self, focused: bool) -> Style {
        match (self, focused) {
            (_, false) => Style::new().add_modifier(Modifier::BOLD),
            (Self::Dark, true) => Style::new().bg(Color::Rgb(0x26, 0x3a, 0x52)),
            (Self::Light, true) => Style::new().bg(Color::Rgb(0xd6, 0xe4, 0xf5)),
            // Reversed colours would paint a patch behind each word.
            _ => Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED),
        }
    }

    /// The title row of a pane.
    pub fn title(self, focused: bool) -> Style {
        if focused {
            self.of(Role::Command).add_modifier(Modifier::BOLD)
        } else {
            self.of(Role::Faint)
        }
    }
}

/// The signs that lines and marks are made of; `--ascii` has none beyond the keyboard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// Between things.
    pub dot: &'static str,
    /// A rule.
    pub rule: &'static str,
    /// A wall.
    pub wall: &'static str,
    /// From left to right.
    pub right: &'static str,
    /// From right to left.
    pub left: &'static str,
    /// Where something goes.
    pub arrow: &'static str,
    /// A line of a ladder.
    pub rung: &'static str,
    /// Something was cut off.
    pub more: &'static str,
    /// The selection.
    pub here: &'static str,
    /// A mark for replay.
    pub mark: &'static str,
    /// Good.
    pub pass: &'static str,
    /// Not good.
    pub fail: &'static str,
    /// On its way.
    pub wait: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// A closed fold.
    pub fold: &'static str,
    /// Eight heights of a bar.
    pub bars: [&'static str; 8],
    /// A step in a breadcrumb.
    pub crumb: &'static str,
}

/// With the signs of any UTF-8 terminal.
pub const UNICODE: Signs = Signs {
    dot: "·",
    rule: "─",
    wall: "│",
    right: "▶",
    left: "◀",
    arrow: "→",
    rung: "─",
    more: "…",
    here: "▌",
    mark: "●",
    pass: "✔",
    fail: "✘",
    wait: "…",
    advice: "→",
    fold: "⋯",
    bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    crumb: "›",
};

/// With the keyboard's signs only.
pub const ASCII: Signs = Signs {
    dot: "-",
    rule: "-",
    wall: "|",
    right: ">",
    left: "<",
    arrow: "->",
    rung: "-",
    more: "~",
    here: ">",
    mark: "*",
    pass: "+",
    fail: "x",
    wait: "..",
    advice: "=>",
    fold: "..",
    bars: [".", ".", ":", ":", "|", "|", "#", "#"],
    crumb: ">",
};
