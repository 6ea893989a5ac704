//! Where things stand on the screen: pure functions that `update` (how far to scroll) and `view` (where to draw) both call.
//!
//! Three layouts: wide has calls above, story and detail side by side; medium stacks two panes; small shows one pane and says where
//! it stands. Below that a sentence asks for more room.

use ratatui::layout::Rect;

/// A pane, by the number of its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pane {
    /// The list of calls.
    #[default]
    Calls,
    /// The story of a call.
    Story,
    /// The selected thing.
    Detail,
    /// Every attempt.
    Replays,
    /// The inputs.
    Sources,
}

impl Pane {
    /// In the order of their keys.
    pub const ALL: [Self; 5] = [Self::Calls, Self::Story, Self::Detail, Self::Replays, Self::Sources];

    /// 1 to 5.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calls => "Calls",
            Self::Story => "Story",
            Self::Detail => "Detail",
            Self::Replays => "Replays",
            Self::Sources => "Sources",
        }
    }
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// 100x28 and more.
    Wide,
    /// 60x16 and more.
    Medium,
    /// One pane.
    Small,
    /// Not even that.
    TooSmall,
}

/// The smallest screen that shows a pane.
pub const SMALLEST: (u16, u16) = (30, 6);

/// Which layout fits a screen.
pub fn room((width, height): (u16, u16)) -> Room {
    match (width, height) {
        (100.., 28..) => Room::Wide,
        (60.., 16..) => Room::Medium,
        (w, h) if w >= SMALLEST.0 && h >= SMALLEST.1 => Room::Small,
        _ => Room::TooSmall,
    }
}

/// What decides where things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The pane that has the keys.
    pub focus: Pane,
    /// Which of detail, replays and sources is in sight.
    pub slot: Pane,
    /// The focused pane alone.
    pub zoom: bool,
    /// A prompt takes the line above the status.
    pub prompt: bool,
    /// A hint takes a line at the top.
    pub hint: bool,
}

/// Where things stand. Areas do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The panes in sight, title row included.
    pub panes: Vec<(Pane, Rect)>,
    /// The demo's hint.
    pub hint: Option<Rect>,
    /// Where one stands, when only one pane is in sight.
    pub breadcrumb: Option<Rect>,
    /// The line that is being typed.
    pub prompt: Option<Rect>,
    /// Counts, filter, target, notices.
    pub status: Rect,
    /// Keys.
    pub footer: Option<Rect>,
}

impl Areas {
    /// The area of a pane in sight.
    pub fn of(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(p, _)| *p == pane).map(|(_, r)| *r)
    }
}

/// Rows from the top and from the bottom of what is left.
struct Cut(Rect);

impl Cut {
    fn top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let r = Rect { height: rows, ..self.0 };
        self.0.y += rows;
        self.0.height -= rows;
        r
    }

    fn bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        self.0.height -= rows;
        Rect {
            y: self.0.y + self.0.height,
            height: rows,
            ..self.0
        }
    }
}

/// Where everything stands; none when the screen is too small.
pub fn areas(a: Arrangement) -> Option<Areas> {
    let room = room(a.size);
    if room == Room::TooSmall {
        return None;
    }
    let mut rest = Cut(Rect::new(0, 0, a.size.0, a.size.1));
    let mut out = Areas::default();
    if a.size.1 >= 10 {
        out.footer = Some(rest.bottom(1));
    }
    out.status = rest.bottom(1);
    if a.prompt {
        out.prompt = Some(rest.bottom(1));
    }
    if a.hint {
        out.hint = Some(rest.top(1));
    }
    // On the smallest screens the hint has the row of the breadcrumb.
    if room == Room::Small && (!a.hint || a.size.1 >= 8) {
        out.breadcrumb = Some(rest.top(1));
    }
    let body = rest.0;
    out.panes = match room {
        _ if a.zoom || room == Room::Small => vec![(a.focus, body)],
        Room::Wide => wide(a, body),
        _ => stacked(a, body),
    };
    Some(out)
}

/// Calls above; below them the story, and beside it what else is looked at.
fn wide(a: Arrangement, body: Rect) -> Vec<(Pane, Rect)> {
    let mut rest = Cut(body);
    let calls = rest.top((body.height * 2 / 5).clamp(9, 16));
    let left = rest.0.width * 11 / 20;
    let story = Rect { width: left, ..rest.0 };
    let slot = Rect {
        x: rest.0.x + left + 1,
        width: rest.0.width - left - 1,
        ..rest.0
    };
    vec![(Pane::Calls, calls), (Pane::Story, story), (a.slot, slot)]
}

/// The focused pane and its neighbour.
fn stacked(a: Arrangement, body: Rect) -> Vec<(Pane, Rect)> {
    let (upper, lower) = match a.focus {
        Pane::Calls => (Pane::Calls, Pane::Story),
        Pane::Story => (Pane::Story, a.slot),
        Pane::Sources => (Pane::Calls, Pane::Sources),
        p => (Pane::Story, p),
    };
    let mut rest = Cut(body);
    let share = match a.focus {
        Pane::Calls => body.height / 2,
        Pane::Story => body.height * 11 / 20,
        _ => body.height * 7 / 20,
    };
    vec![(upper, rest.top(share.max(5))), (lower, rest.0)]
}

/// The part of a pane below its title row.
pub fn inside(pane: Rect) -> Rect {
    let title = pane.height.min(1);
    Rect {
        y: pane.y + title,
        height: pane.height - title,
        ..pane
    }
}

/// The list of calls: histogram, head of the table, rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsAreas {
    /// Bars with their axis in the last row; none where there is no room.
    pub histogram: Option<Rect>,
    /// The table's head.
    pub head: Option<Rect>,
    /// The rows.
    pub rows: Rect,
}

/// Inside the list of calls.
pub fn calls(pane: Rect) -> CallsAreas {
    let mut rest = Cut(inside(pane));
    let histogram = match rest.0.height {
        13.. => Some(rest.top(4)),
        9.. => Some(rest.top(3)),
        7.. => Some(rest.top(2)),
        _ => None,
    };
    let head = (rest.0.height > 3).then(|| rest.top(1));
    CallsAreas {
        histogram,
        head,
        rows: rest.0,
    }
}

/// A story: who it is about, names of the lanes, rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoryAreas {
    /// Title and facts of the call.
    pub head: Option<Rect>,
    /// Caller, platform, your app.
    pub lanes: Option<Rect>,
    /// The rows.
    pub rows: Rect,
}

/// Inside a story.
pub fn story(pane: Rect) -> StoryAreas {
    let mut rest = Cut(inside(pane));
    let head = (rest.0.height >= 9).then(|| rest.top(2));
    let lanes = (rest.0.height >= 5).then(|| rest.top(1));
    StoryAreas {
        head,
        lanes,
        rows: rest.0,
    }
}

/// Inside the detail: tabs, then the text.
pub fn detail(pane: Rect) -> (Rect, Rect) {
    let mut rest = Cut(inside(pane));
    (rest.top(1), rest.0)
}

/// Inside the replays: the attempts, then the answer or the comparison.
pub fn replays(pane: Rect, attempts: usize) -> (Rect, Rect) {
    let mut rest = Cut(inside(pane));
    let most = (rest.0.height / 3).max(1);
    let list = rest.top((attempts as u16).clamp(1, most));
    (list, rest.0)
}

/// Inside the sources: head, rows, and what there is to say of the selected one.
pub fn sources(pane: Rect) -> (Rect, Rect, Rect) {
    let mut rest = Cut(inside(pane));
    let head = rest.top(1);
    let about = rest.bottom(match rest.0.height {
        8.. => 3,
        4.. => 2,
        3 => 1,
        _ => 0,
    });
    (head, rest.0, about)
}

/// A box in the middle of the screen, at most so large.
pub fn middle((width, height): (u16, u16), (want_width, want_height): (u16, u16)) -> Rect {
    let w = want_width.min(width);
    let h = want_height.min(height);
    Rect::new((width - w) / 2, (height - h) / 2, w, h)
}

/// A box over the panes that leaves status and keys in sight, at most so wide.
pub fn over((width, height): (u16, u16), most: u16) -> Rect {
    middle(
        (width, height.saturating_sub(2)),
        (width.saturating_sub(4).min(most), height),
    )
}

/// The rows of a text that lies over the panes, inside its frame.
pub fn reader(size: (u16, u16)) -> Rect {
    let r = over(size, u16::MAX);
    Rect::new(r.x + 1, r.y + 1, r.width.saturating_sub(2), r.height.saturating_sub(2))
}

/// Rows of choices in the palette and the help.
pub fn choices((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(7).clamp(1, 24))
}

/// Rows of fields in the form.
pub fn form_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(4).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arrange(size: (u16, u16), focus: Pane) -> Vec<Pane> {
        let slot = if matches!(focus, Pane::Replays | Pane::Sources) {
            focus
        } else {
            Pane::Detail
        };
        let a = Arrangement {
            size,
            focus,
            slot,
            zoom: false,
            prompt: false,
            hint: false,
        };
        areas(a)
            .map(|a| a.panes.iter().map(|p| p.0).collect())
            .unwrap_or_default()
    }

    #[test]
    fn what_is_in_sight() {
        use Pane::{Calls, Detail, Replays, Sources, Story};
        for (size, focus, expected) in [
            ((120, 40), Calls, vec![Calls, Story, Detail]),
            ((120, 40), Replays, vec![Calls, Story, Replays]),
            ((80, 24), Calls, vec![Calls, Story]),
            ((80, 24), Story, vec![Story, Detail]),
            ((80, 24), Detail, vec![Story, Detail]),
            ((80, 24), Sources, vec![Calls, Sources]),
            ((40, 10), Story, vec![Story]),
            ((20, 4), Story, vec![]),
        ] {
            assert_eq!(arrange(size, focus), expected, "{size:?} {focus:?}");
        }
    }

    proptest! {
        #[test]
        fn areas_stay_on_the_screen_and_apart(
            width in 0u16..300, height in 0u16..100, focus in 0usize..5, slot in 2usize..5,
            zoom: bool, prompt: bool, hint: bool,
        ) {
            let a = Arrangement {
                size: (width, height), focus: Pane::ALL[focus], slot: Pane::ALL[if focus >= 2 { focus } else { slot }],
                zoom, prompt, hint,
            };
            let Some(areas) = areas(a) else { return Ok(()) };
            let screen = Rect::new(0, 0, width, height);
            let mut all: Vec<Rect> = areas.panes.iter().map(|p| p.1).collect();
            all.extend(areas.hint.into_iter().chain(areas.breadcrumb).chain(areas.prompt).chain(areas.footer));
            all.push(areas.status);
            for (n, r) in all.iter().enumerate() {
                prop_assert_eq!(r.intersection(screen), *r);
                for other in &all[n + 1..] {
                    prop_assert!(!r.intersects(*other), "{:?} {:?}", r, other);
                }
            }
            prop_assert!(areas.of(a.focus).is_some_and(|r| r.height >= 2));
            prop_assert_eq!(areas.hint.is_some(), hint);
        }
    }
}
