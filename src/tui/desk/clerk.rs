//! The round of the session's thread: questions first, then what was read, then what only time tells; and when the list is sent.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::super::msg::{Ask, Level, Msg};
use super::answers::latest;
use super::{Clerk, Known, list, sources};
use crate::filter::expr;
use crate::live::News;
use crate::query::calls_by_id;
use crate::session::{LinesRead, Session};

/// The list is not sent more often than this while what was there at the start is read.
const PACE: Duration = Duration::from_millis(100);
/// Nor than this afterwards: what comes now is waited for.
const LIVE_PACE: Duration = Duration::from_millis(15);
/// How far the inputs are is not told more often than this, unless it is all that changed.
const SOURCES_PACE: Duration = Duration::from_millis(200);
/// How often it is looked for what only time tells.
const TICK: Duration = Duration::from_secs(1);

impl<'s, 'e: 's> Clerk<'s, 'e, '_> {
    pub(super) async fn serve(
        &mut self,
        mut questions: mpsc::UnboundedReceiver<Ask>,
        mut news: mpsc::Receiver<News>,
        mut lines: mpsc::UnboundedReceiver<(u64, LinesRead)>,
    ) {
        let mut reading = true;
        loop {
            let late = self.late();
            let pause = async {
                match late {
                    Some(d) => tokio::time::sleep(d).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                question = questions.recv() => {
                    let Some(first) = question else { return };
                    let mut all = vec![first];
                    while let Ok(q) = questions.try_recv() {
                        all.push(q);
                    }
                    for q in latest(all) {
                        self.answer(q);
                    }
                }
                // Nobody asks anything: time for the callers further down.
                () = std::future::ready(()), if self.rest => self.send_list(usize::MAX),
                read = lines.recv() => {
                    if let Some((turn, read)) = read
                        && turn == self.turn.load(Ordering::Relaxed)
                    {
                        self.story_lines = Some(read);
                        self.tell();
                    }
                }
                piece = news.recv(), if reading => match piece {
                    Some(piece) => self.take(piece),
                    None => {
                        reading = false;
                        self.finish();
                    }
                },
                () = pause => self.refresh(),
                () = tokio::time::sleep_until(self.ticks()), if reading && self.plan.goes_on() => self.tick(),
            }
            if self.wants_follow
                && let Some(more) = self.follow()
            {
                (news, reading) = (more, true);
            }
        }
    }

    fn ticks(&self) -> tokio::time::Instant {
        (self.ticked + TICK).into()
    }

    /// Time alone tells that something waits for too long.
    fn tick(&mut self) {
        self.ticked = Instant::now();
        let Known::Live(intake) = &mut self.known else { return };
        intake.tick(super::super::runtime::now());
        if intake.look(|s| !s.calls.touched.is_empty()) {
            self.fresh = true;
            self.refresh();
        }
        // Rates go down by themselves.
        self.sources();
    }

    /// How long until the list is sent again; none where nothing new is to be shown.
    fn late(&self) -> Option<Duration> {
        let last = self.last.filter(|_| self.fresh && !self.held)?;
        Some(self.pause().saturating_sub(last.elapsed()))
    }

    /// Making the list takes a tenth of the time at most, a quarter once everything is read, and comes in quick succession at the
    /// beginning.
    fn pause(&self) -> Duration {
        if self.caught_up {
            LIVE_PACE.max(self.cost * 4)
        } else {
            PACE.min(self.begun.elapsed() / 4).max(self.cost * 10)
        }
    }

    fn take(&mut self, piece: News) {
        if let Some(coming) = &mut self.coming {
            let caught_up = matches!(piece, News::CaughtUp);
            coming.take(piece, super::super::runtime::now(), true);
            if caught_up {
                self.turn_over();
            }
            return;
        }
        let Known::Live(intake) = &mut self.known else { return };
        // Nothing is there yet to be shown.
        let begins = matches!(piece, News::Begin(_));
        let caught_up = matches!(piece, News::CaughtUp);
        // Only how far an input is has changed.
        let matters_little = matches!(piece, News::Block(..) | News::Unfinished(..));
        let fault = match &piece {
            News::End(_, fault) => fault.as_ref().map(ToString::to_string),
            _ => None,
        };
        intake.take(piece, super::super::runtime::now(), self.plan.goes_on());
        if begins {
            return;
        }
        if let Some(e) = fault {
            let name = intake.current_name().unwrap_or("an input");
            let text = format!("{name}: it cannot be read to its end ({e}); what was read before is used");
            self.out.say(Msg::Notice(Level::Error, text));
        }
        self.fresh = true;
        if !matters_little {
            self.told = None;
        }
        self.caught_up |= caught_up && self.plan.goes_on();
        if caught_up || self.last.is_none_or(|t| t.elapsed() >= self.pause()) {
            self.refresh();
        }
        if caught_up && self.plan.goes_on() {
            self.missing_call();
            self.out.say(Msg::CaughtUp);
        }
    }

    /// Everything is read.
    fn finish(&mut self) {
        if let Known::Live(live) = std::mem::replace(&mut self.known, Known::Nothing) {
            self.known = Known::Whole(Box::new(live.finish()));
        }
        self.fresh = true;
        self.refresh();
        self.missing_call();
        self.tell();
        if self.story_lines.is_some() {
            self.read_lines();
        }
        self.out.say(Msg::ReadAll);
    }

    /// Says why the list is empty when `--call` names no call, or more than one.
    fn missing_call(&mut self) {
        let Some(id) = self.call.clone() else { return };
        if let Some(Err(e)) = self.look(|s| calls_by_id(s, &id)) {
            let text = format!("{e}; `redial calls --json` lists all ids, without --call all calls are shown");
            self.out.say(Msg::Notice(Level::Error, text));
        }
    }

    /// The list, the inputs and the story as they are now.
    pub(super) fn refresh(&mut self) {
        let begun = Instant::now();
        self.last = Some(begun);
        if !self.caught_up || self.told.is_none_or(|t| t.elapsed() >= SOURCES_PACE) {
            self.sources();
        }
        if !self.held {
            self.send_list(list::LOOKED_INTO);
            self.story_goes_on();
            self.fresh = false;
            if let Known::Live(intake) = &mut self.known {
                intake.shown();
            }
        }
        self.cost = begun.elapsed();
        self.last = Some(Instant::now());
    }

    /// Shows the session as it is now.
    pub(super) fn look<R>(&mut self, look: impl FnOnce(&mut Session) -> R) -> Option<R> {
        match &mut self.known {
            Known::Live(live) => Some(live.look(look)),
            Known::Whole(session) => Some(look(session)),
            Known::Nothing => None,
        }
    }

    pub(super) fn failures(&mut self) {
        let (out, goes_on) = (self.out, self.plan.goes_on());
        self.look(|s| {
            for f in &s.failures {
                out.say(Msg::Notice(Level::Error, f.to_string()));
            }
            if s.inputs.is_empty() && s.failures.is_empty() && !goes_on {
                let text = "there is nothing to read here: no file in the folder looks like text; name a log";
                out.say(Msg::Notice(Level::Error, text.to_owned()));
            }
        });
    }

    pub(super) fn sources(&mut self) {
        let known = match &mut self.known {
            Known::Live(intake) => sources::live(intake, self.plan.follow, super::super::runtime::now()),
            Known::Whole(session) => sources::read(session),
            Known::Nothing => return,
        };
        self.told = Some(Instant::now());
        if *self.rows != known {
            self.rows = Arc::new(known);
            self.out.say(Msg::Sources(Arc::clone(&self.rows)));
        }
    }

    /// Sends the list; callers are looked up for its first rows, or for so many.
    pub(super) fn send_list(&mut self, most: usize) {
        let Some(wanted) = self.list.clone() else { return };
        let mut query = self.query.clone();
        query.filter = wanted
            .filter
            .as_deref()
            .and_then(|f| expr::parse(f, super::super::runtime::now()).ok())
            .or_else(|| query.filter.take().filter(|_| wanted.filter.is_none()));
        let (engine, call) = (self.engine, self.call.clone());
        let whole = matches!(self.known, Known::Whole(_));
        let mut answers = std::mem::take(&mut self.answers);
        let list = self.look(|s| {
            if let Some(id) = &call {
                query.calls = Some(calls_by_id(s, id).unwrap_or_default());
            }
            let look = whole || s.inputs.iter().all(|i| i.source.again_is_cheap());
            list::list(s, engine, &query, &wanted, &mut answers, (look, most))
        });
        self.answers = answers;
        if let Some(list) = list {
            self.rest = whole && list.rows.len() > most;
            let (number, list) = (wanted.number, Arc::new(list));
            // What is no news need not be drawn.
            if self.sent.as_ref().is_none_or(|(n, l)| *n != number || *l != list) {
                self.out.say(Msg::List(number, Arc::clone(&list)));
                self.sent = Some((number, list));
            }
        }
    }
}
