//! What the screen asks, and the story that it looks at, which is told again as it goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::super::msg::{Ask, Msg};
use super::answers::{message, planned, unparsed, values};
use super::{Clerk, list, sheet, story};
use crate::output::diff;
use crate::session::Reading;

/// Two answers are compared no longer than this; what is left is said.
const COMPARING: Duration = Duration::from_millis(150);

impl<'s, 'e: 's> Clerk<'s, 'e, '_> {
    pub(super) fn answer(&mut self, question: Ask) {
        match question {
            Ask::List(query) => {
                self.list = Some(query);
                self.send_list(list::LOOKED_INTO);
            }
            Ask::Story { call, whole, lines } => {
                let wanted = story::Wanted { call, whole };
                if self.story != Some(wanted) {
                    self.story = Some(wanted);
                    self.story_lines = None;
                    self.turn.fetch_add(1, Ordering::Relaxed);
                }
                self.tell();
                if lines {
                    self.read_lines();
                }
            }
            Ask::Texts(places) => {
                let texts = self.look(|s| s.again(&places)).unwrap_or_default();
                let texts = texts.into_iter().map(|t| message(&t).into());
                self.out.say(Msg::Texts(places.into_iter().zip(texts).collect()));
            }
            Ask::Sheet(subject) => {
                let mut replays = self.replays.take();
                let options = Arc::clone(&self.options);
                let token = options.auth_token.as_ref();
                let sheet = self.look(|s| sheet::sheet(s, subject, replays.as_mut(), token));
                self.replays = replays;
                if let Some(sheet) = sheet {
                    self.out.say(Msg::Sheet(subject, Arc::new(sheet)));
                }
            }
            Ask::Unparsed(input) => {
                let lines = self.look(|s| unparsed(s, input)).unwrap_or_default();
                self.out.say(Msg::Unparsed(lines));
            }
            Ask::Values(field) => {
                let values = self.look(|s| values(s, field)).unwrap_or_default();
                self.out.say(Msg::Values(field, Arc::new(values)));
            }
            Ask::Plan {
                purpose,
                wanted,
                target,
            } => {
                let options = Arc::clone(&self.options);
                let plans = self.look(|s| wanted.iter().filter_map(|w| planned(s, w, &target, &options)).collect());
                self.out.say(Msg::Planned(purpose, plans.unwrap_or_default()));
            }
            Ask::Diff(sides, older, newer) => {
                let (older, newer) = ((None, older.as_bytes()), (None, newer.as_bytes()));
                let until = Some(Instant::now() + COMPARING);
                self.out
                    .say(Msg::Diffed(sides, Arc::new(diff::bodies(older, newer, until))));
            }
            Ask::Follow => self.wants_follow = true,
            Ask::Hold(held) => {
                self.held = held;
                if !held && self.fresh {
                    self.refresh();
                }
            }
        }
    }

    /// The story as far as it is known.
    pub(super) fn tell(&mut self) {
        let Some(wanted) = self.story else { return };
        let engine = self.engine;
        let lines = self.story_lines.take();
        self.story_length = self.look(|s| story::length(s, wanted)).unwrap_or(0);
        let told = self.look(|s| story::tell(s, engine, wanted, lines.as_ref())).flatten();
        self.story_lines = lines;
        if let Some(story) = told {
            self.out.say(Msg::Story(Arc::new(story)));
            let listed = self.look(|s| story::listed(s, wanted)).unwrap_or_default();
            if !listed.is_empty() {
                self.out.say(Msg::Listed(listed));
            }
        }
    }

    /// Tells the story again when its calls have got further lines.
    pub(super) fn story_goes_on(&mut self) {
        let Some(wanted) = self.story else { return };
        let lines = self.look(|s| story::length(s, wanted)).unwrap_or(0);
        if lines == self.story_length {
            return;
        }
        self.tell();
        // What was read of its lines is told until the rest is read; a reading under way is not begun again.
        if self.story_lines.is_some() {
            self.read_lines();
        }
    }

    /// Reads the lines of the story on a thread of its own; they come back through a channel.
    pub(super) fn read_lines(&mut self) {
        let Some(wanted) = self.story else { return };
        let Some(lines) = self.look(|s| story::lines(s, wanted)) else {
            return;
        };
        let (engine, reading, turn, back) = (self.engine, self.reading, self.turn, self.lines.clone());
        let mine = turn.fetch_add(1, Ordering::Relaxed) + 1;
        self.scope.spawn(move || {
            let go_on = || turn.load(Ordering::Relaxed) == mine;
            // The screen keeps warnings only; a story tells more.
            let reading = Reading { least: None, ..reading };
            if let Some(read) = lines.read(engine, reading, &go_on) {
                let _ = back.send((mine, read));
            }
        });
    }
}
