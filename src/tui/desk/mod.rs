//! The session's thread: reads the inputs, answers the screen's questions in between.
//!
//! The reading thread scans and hands blocks over through a short queue; this one folds them, keeps the list fresh at a pace that
//! leaves time for reading, and answers questions first. When a question of a kind is followed by another one, only the last is
//! answered. Nothing here draws, nothing in the screen waits.

mod anew;
mod answers;
mod list;
mod sheet;
mod sources;
mod story;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Scope;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::data::{CallList, SourceRow};
use super::msg::{Ask, Level, ListQuery, Msg};
use super::runtime::Out;
use crate::filter::Engine;
use crate::filter::expr;
use crate::live::{self, Intake, News, Plan};
use crate::output::diff;
use crate::query::{Query, calls_by_id};
use crate::replay::Options;
use crate::session::{Input, LinesRead, Reading, Session};
use crate::store::Replays;
pub use anew::Moved;
use answers::{latest, message, planned, unparsed, values};

/// The list is not sent more often than this while what was there at the start is read.
const PACE: Duration = Duration::from_millis(100);
/// Nor than this afterwards: what comes now is waited for.
const LIVE_PACE: Duration = Duration::from_millis(15);
/// How far the inputs are is not told more often than this, unless it is all that changed.
const SOURCES_PACE: Duration = Duration::from_millis(200);
/// How often it is looked for what only time tells.
const TICK: Duration = Duration::from_secs(1);
/// Two answers are compared no longer than this; what is left is said.
const COMPARING: Duration = Duration::from_millis(150);

/// What the session is read from and how.
#[derive(Debug)]
pub struct Start {
    /// Files, folders, standard input, the store; and how to read.
    pub plan: Plan,
    /// Times and severities that the command line narrows the view to.
    pub query: Query,
    /// The call that `--call` names.
    pub call: Option<String>,
    /// How requests are sent.
    pub options: Arc<Options>,
}

/// The near end of the thread.
#[derive(Clone, Debug)]
pub struct Desk(mpsc::UnboundedSender<Ask>);

impl Desk {
    /// Starts the thread. `engine` makes the rules there, so that the first picture need not wait for them.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(start: Start, engine: impl FnOnce() -> Engine + Send + 'static, out: Out) -> io::Result<Self> {
        let (near, questions) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("session".to_owned()).spawn(move || {
            let engine = Arc::new(engine());
            for broken in engine.broken() {
                out.say(Msg::Notice(Level::Error, broken.to_string()));
            }
            work(&runtime, start, &engine, questions, &out);
        })?;
        Ok(Self(near))
    }

    /// Asks something; the answer comes as a message.
    pub fn ask(&self, question: Ask) {
        // A thread that is gone has said why.
        let _ = self.0.send(question);
    }
}

fn work(
    runtime: &tokio::runtime::Runtime,
    start: Start,
    engine: &Arc<Engine>,
    questions: mpsc::UnboundedReceiver<Ask>,
    out: &Out,
) {
    let reading = start.plan.reading;
    let (intake, news) = match live::start(start.plan.clone(), engine) {
        Ok(both) => both,
        Err(e) => return out.say(Msg::Notice(Level::Error, format!("cannot begin to read: {e}"))),
    };
    // Which story's lines are being read; whoever reads others stops.
    let turn = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (lines, lines_read) = mpsc::unbounded_channel();
        let mut clerk = Clerk {
            scope,
            turn: &turn,
            lines,
            reading,
            replays: start.plan.store.as_ref().map(|s| Replays::new(s.path.clone())),
            plan: start.plan,
            known: Known::Live(Box::new(intake)),
            coming: None,
            caught_up: false,
            engine,
            query: start.query,
            call: start.call,
            options: start.options,
            list: None,
            held: false,
            wants_follow: false,
            ticked: Instant::now(),
            story: None,
            story_lines: None,
            story_length: 0,
            rest: false,
            sent: None,
            fresh: false,
            rows: Arc::default(),
            told: None,
            begun: Instant::now(),
            last: None,
            cost: Duration::ZERO,
            out,
        };
        // Who sees a failure said has it in the list already: the exit code is told from there.
        clerk.sources();
        clerk.failures();
        runtime.block_on(clerk.serve(questions, news, lines_read));
        // The queue is dropped here: reading ends with its block.
        turn.fetch_add(1, Ordering::Relaxed);
    });
}

/// Standard input, or a pipe with a name: it is opened once.
fn read_once(name: &Path) -> bool {
    name.as_os_str() == "-" || std::fs::metadata(name).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// The session, while it is read and afterwards.
enum Known<'e> {
    Live(Box<Intake<'e>>),
    Whole(Box<Session>),
    /// Between the two.
    Nothing,
}

/// What the thread knows.
struct Clerk<'s, 'e, 'o> {
    /// Where threads that read the lines of a story live.
    scope: &'s Scope<'s, 'e>,
    turn: &'e AtomicU64,
    lines: mpsc::UnboundedSender<(u64, LinesRead)>,
    reading: Reading,
    plan: Plan,
    /// Those that were kept in the store, when its events are shown.
    replays: Option<Replays>,
    known: Known<'e>,
    /// The inputs read once more, to go on at their ends: it takes the place of what is known when it has caught up.
    coming: Option<Box<Intake<'e>>>,
    /// What was there at the start is read.
    caught_up: bool,
    engine: &'e Arc<Engine>,
    /// From the command line, with the filter of the screen.
    query: Query,
    call: Option<String>,
    options: Arc<Options>,
    /// The list that the screen shows.
    list: Option<ListQuery>,
    held: bool,
    /// The user wants files to be followed, once they are read.
    wants_follow: bool,
    /// When it was looked last for what only time tells.
    ticked: Instant,
    /// The story that the screen shows, and its lines once they were read.
    story: Option<story::Wanted>,
    story_lines: Option<LinesRead>,
    /// How many lines its calls had when it was told.
    story_length: u64,
    /// The list has rows whose callers were not looked up.
    rest: bool,
    /// The list that was sent last, for the question of this number.
    sent: Option<(u64, Arc<CallList>)>,
    /// Blocks came since the list was made.
    fresh: bool,
    /// How far the inputs are, as told last, and when that was.
    rows: Arc<Vec<SourceRow>>,
    told: Option<Instant>,
    begun: Instant,
    last: Option<Instant>,
    /// What making the list cost last.
    cost: Duration,
    out: &'o Out,
}

impl<'s, 'e: 's> Clerk<'s, 'e, '_> {
    async fn serve(
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
        intake.tick(super::runtime::now());
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
            coming.take(piece, super::runtime::now(), true);
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
        intake.take(piece, super::runtime::now(), self.plan.goes_on());
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

    /// Begins to read the named files once more, to go on at their ends; none when nothing is to be begun, or not yet. A session whose
    /// inputs ended is settled for good; it is shown until the new one has caught up with it.
    fn follow(&mut self) -> Option<mpsc::Receiver<News>> {
        let (once, files): (Vec<PathBuf>, Vec<PathBuf>) = self.plan.names.iter().cloned().partition(|n| read_once(n));
        if self.plan.follow || files.is_empty() {
            self.wants_follow = false;
            return None;
        }
        let whole = matches!(self.known, Known::Whole(_));
        let caught_up = self.caught_up;
        let pipes = self.look(|s| {
            let is_one =
                |i: &&Input| i.source.is_pipe() && once.iter().any(|n| n.as_os_str() == i.source.name.as_str());
            let mut pipes = s.inputs.iter().filter(is_one);
            // What is still being read cannot be read by somebody else.
            (whole || caught_up && pipes.clone().all(|i| i.done))
                .then(|| pipes.by_ref().map(|i| i.source.clone()).collect::<Vec<_>>())
        })??;
        self.wants_follow = false;
        let mut plan = self.plan.clone();
        plan.pipes.extend(pipes);
        plan.names = files;
        plan.follow = true;
        match live::start(plan.clone(), self.engine) {
            Ok((intake, news)) => {
                self.plan = plan;
                self.coming = Some(Box::new(intake));
                Some(news)
            }
            Err(e) => {
                self.out.say(Msg::Notice(Level::Error, format!("cannot follow: {e}")));
                None
            }
        }
    }

    /// What was read once more has caught up: it is shown from now on.
    fn turn_over(&mut self) {
        let Some(mut coming) = self.coming.take() else { return };
        let moved = self.look(|old| coming.look(|new| Moved::between(old, new)));
        self.known = Known::Live(coming);
        self.caught_up = true;
        let moved = moved.unwrap_or_default();
        self.turn.fetch_add(1, Ordering::Relaxed);
        let lines = self.story_lines.take().is_some();
        self.story = self.story.and_then(|w| {
            let call = moved.call(w.call)?;
            Some(story::Wanted { call, ..w })
        });
        self.sent = None;
        self.out.say(Msg::Anew(Arc::new(moved)));
        self.told = None;
        self.refresh();
        if self.held {
            // Its numbers are new ones.
            self.send_list(list::LOOKED_INTO);
        }
        self.tell();
        if lines {
            self.read_lines();
        }
        self.out.say(Msg::CaughtUp);
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
    fn refresh(&mut self) {
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
    fn look<R>(&mut self, look: impl FnOnce(&mut Session) -> R) -> Option<R> {
        match &mut self.known {
            Known::Live(live) => Some(live.look(look)),
            Known::Whole(session) => Some(look(session)),
            Known::Nothing => None,
        }
    }

    fn failures(&mut self) {
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

    fn sources(&mut self) {
        let known = match &mut self.known {
            Known::Live(intake) => sources::live(intake, self.plan.follow, super::runtime::now()),
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
    fn send_list(&mut self, most: usize) {
        let Some(wanted) = self.list.clone() else { return };
        let mut query = self.query.clone();
        query.filter = wanted
            .filter
            .as_deref()
            .and_then(|f| expr::parse(f, super::runtime::now()).ok())
            .or_else(|| query.filter.take().filter(|_| wanted.filter.is_none()));
        let (engine, call) = (self.engine, self.call.clone());
        let whole = matches!(self.known, Known::Whole(_));
        let list = self.look(|s| {
            if let Some(id) = &call {
                query.calls = Some(calls_by_id(s, id).unwrap_or_default());
            }
            let look = whole || s.inputs.iter().all(|i| i.source.again_is_cheap());
            list::list(s, engine, &query, &wanted, look, most)
        });
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

    fn answer(&mut self, question: Ask) {
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
                let sheet = self.look(|s| sheet::sheet(s, subject, replays.as_mut()));
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
                let (older, newer) = diff::texts((None, older.as_bytes()), (None, newer.as_bytes()));
                self.out.say(Msg::Diffed(
                    sides,
                    Arc::new(diff::diff(&older, &newer, Some(Instant::now() + COMPARING))),
                ));
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
    fn tell(&mut self) {
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
    fn story_goes_on(&mut self) {
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
    fn read_lines(&mut self) {
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
