//! The session's thread: reads the inputs, answers the screen's questions in between.
//!
//! The reading thread scans and hands blocks over through a short queue; this one folds them, keeps the list fresh at a pace that
//! leaves time for reading, and answers questions first. When a question of a kind is followed by another one, only the last is
//! answered. Nothing here draws, nothing in the screen waits.
//!
//! `clerk` is the round of the thread, `questions` what it is asked, `anew` how read files are followed from a key on; `list`, `story`, `sheet`
//! (with its tabs `why`, `wire`, `raw`) and `sources` make what panes show. To add a question: a variant of [`Ask`], an arm in `questions`.

mod anew;
mod answers;
mod clerk;
mod list;
mod questions;
mod raw;
mod sheet;
mod sources;
mod story;
mod why;
mod wire;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Scope;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::data::{CallList, SourceRow};
use super::msg::{Ask, Level, ListQuery, Msg};
use super::runtime::Out;
use crate::filter::Engine;
use crate::live::{self, Intake, Plan};
use crate::query::Query;
use crate::replay::Options;
use crate::session::groups::Answers;
use crate::session::{LinesRead, Reading, Session};
use crate::store::Replays;
pub use anew::Moved;

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
            answers: Answers::default(),
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
    /// What failed requests were answered with, as far as causes were looked for.
    answers: Answers,
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
