//! Scroll arithmetic: a cursor in a list that is longer than its window. `update` moves it, `view` reads it.

/// A cursor and the first row in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub at: usize,
    /// The first row in the window.
    pub top: usize,
}

/// How far to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows; negative is up.
    By(isize),
    /// So many pages.
    Pages(isize),
    /// So many half pages.
    Halves(isize),
    /// To the first.
    Top,
    /// To the last.
    Bottom,
}

impl Step {
    /// The new place of something at `at` among `len`, in a window of `height`.
    fn from(self, at: usize, len: usize, height: usize) -> usize {
        let page = height.saturating_sub(1).max(1) as isize;
        let by = match self {
            Self::By(n) => n,
            Self::Pages(n) => n * page,
            Self::Halves(n) => n * (height as isize / 2).max(1),
            Self::Top => return 0,
            Self::Bottom => return len.saturating_sub(1),
        };
        at.saturating_add_signed(by).min(len.saturating_sub(1))
    }
}

impl Cursor {
    /// Moves the selection.
    pub fn step(&mut self, step: Step, len: usize, height: usize) {
        self.at = step.from(self.at, len, height);
        self.show(len, height);
    }

    /// Moves the window without a selection: for texts.
    pub fn scroll(&mut self, step: Step, len: usize, height: usize) {
        let last = len.saturating_sub(height);
        self.top = match step {
            Step::Bottom => last,
            _ => step.from(self.top, len, height).min(last),
        };
        self.at = self.top;
    }

    /// Selects a row.
    pub fn select(&mut self, at: usize, len: usize, height: usize) {
        self.at = at.min(len.saturating_sub(1));
        self.show(len, height);
    }

    /// Keeps a scrolled text in its window.
    pub fn keep(&mut self, len: usize, height: usize) {
        self.top = self.top.min(len.saturating_sub(height));
        self.at = self.at.min(len.saturating_sub(1));
    }

    /// Brings the selection into the window, with two rows around it where there is room.
    pub fn show(&mut self, len: usize, height: usize) {
        if len == 0 || height == 0 {
            *self = Self::default();
            return;
        }
        self.at = self.at.min(len - 1);
        let margin = 2.min((height - 1) / 2);
        let first = (self.at + margin + 1).saturating_sub(height);
        let last = self.at.saturating_sub(margin);
        self.top = self.top.clamp(first.min(last), last).min(len.saturating_sub(height));
    }

    /// The rows in the window.
    pub fn window(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        let top = self.top.min(len);
        top..(top + height).min(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moves() {
        let mut c = Cursor::default();
        for (step, at, top) in [
            (Step::By(1), 1, 0),
            (Step::Pages(1), 10, 3),
            (Step::By(-1), 9, 3),
            (Step::Bottom, 99, 90),
            (Step::Halves(-1), 94, 90),
            (Step::By(-4), 90, 88),
            (Step::Top, 0, 0),
        ] {
            c.step(step, 100, 10);
            assert_eq!((c.at, c.top), (at, top), "{step:?}");
        }
    }

    proptest! {
        #[test]
        fn the_selection_is_always_in_the_window(
            len in 0usize..50, height in 0usize..20, at in 0usize..80, top in 0usize..80,
            by in -30isize..30, kind in 0..5,
        ) {
            let mut c = Cursor { at, top };
            let step = [Step::By(by), Step::Pages(by), Step::Halves(by), Step::Top, Step::Bottom][kind as usize];
            c.step(step, len, height);
            let w = c.window(len, height);
            prop_assert!(w.end <= len);
            if len > 0 && height > 0 {
                prop_assert!(w.contains(&c.at));
                prop_assert_eq!(w.len(), height.min(len));
            }
            c.scroll(step, len, height);
            prop_assert!(c.top + height <= len.max(height));
        }
    }
}
