//! The loop that ties the terminal, the threads and the clock together: what comes in is a message, what goes out an effect.
//!
//! One loop waits for whatever comes first: a key, a signal, a message of a thread, or the next tick while something moves.
//! What is there at once is taken together and drawn once. With nothing going on it sleeps. The impure parts beside it: `tty` (the
//! terminal), `signals`, `effects` (what `update` asks for).

use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::desk::Desk;
use super::effects::carry_out;
use super::model::{Model, NOTICE};
use super::msg::{Effect, Level, Mouse, Msg};
use super::sender::Sender;
use super::signals::{Said, Signals};
use super::tty::Tty;
use super::update::update;
use super::{keyboard, view};
use crate::demo::App;
use crate::live::{Beside, Word};
use crate::model::Time;
use crate::replay::watch::files::Files;

/// Where threads put their messages.
#[derive(Clone, Debug)]
pub struct Out(mpsc::UnboundedSender<Msg>);

impl Out {
    /// The far end of a loop, and the loop's own end.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Msg>) {
        let (near, far) = mpsc::unbounded_channel();
        (Self(near), far)
    }

    /// Says something; whoever is gone does not hear it.
    pub fn say(&self, msg: Msg) {
        let _ = self.0.send(msg);
    }

    /// True when nobody listens any more.
    pub fn closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// What the loop works with beside the screen.
#[derive(Debug)]
pub struct Outside {
    /// The session's thread.
    pub(super) desk: Desk,
    /// The sending thread.
    pub(super) sender: Sender,
    /// Files whose changes are told.
    pub(super) watched: Option<Files>,
    /// The demo's app.
    pub(super) app: Option<App>,
    /// Services that fill the store meanwhile.
    pub(super) beside: Vec<Box<dyn Beside>>,
    /// What they say; none when nothing more can come.
    pub(super) words: Option<mpsc::UnboundedReceiver<Word>>,
    /// Messages of the threads.
    pub(super) messages: mpsc::UnboundedReceiver<Msg>,
    /// To put one there.
    pub(super) out: Out,
}

impl Outside {
    /// With services that fill the store meanwhile, and what they say.
    #[must_use]
    pub fn with(mut self, beside: Vec<Box<dyn Beside>>, words: mpsc::UnboundedReceiver<Word>) -> Self {
        self.beside = beside;
        self.words = Some(words);
        self
    }
}

/// What the loop does with the terminal beyond drawing; a test has another one.
pub trait Screen {
    /// Keys, mouse, sizes.
    type Events: Stream<Item = io::Result<Event>> + Unpin;
    /// The stream of them, as it is now.
    fn events(&mut self) -> &mut Self::Events;
    /// Mouse on or off.
    fn mouse(&mut self, on: bool);
    /// Copies a text; says how.
    ///
    /// # Errors
    ///
    /// It could not be copied.
    fn copy(&mut self, text: &str) -> io::Result<String>;
    /// Gives the terminal away, runs something, takes it back.
    fn away(&mut self, work: &mut dyn FnMut());
    /// Rings the bell.
    fn bell(&mut self);
    /// Asks the terminal to notify its user, wherever he looks.
    fn notify(&mut self, _text: &str) {}
    /// Called after every picture, with what was drawn.
    fn drawn(&mut self, _model: &Model, _buffer: &ratatui::buffer::Buffer) {}
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By the user.
    Left,
    /// By a signal, of this number.
    Signal(u8),
}

/// The number of SIGHUP: the terminal is gone.
const HANGUP: u8 = 1;

/// This machine's clock.
pub(super) fn now() -> Time {
    Time(chrono::Utc::now().timestamp_millis())
}

/// Runs until the user quits, the terminal goes away, or a signal ends it.
///
/// # Errors
///
/// The terminal cannot be drawn on.
pub async fn run<B>(
    terminal: &mut Terminal<B>,
    screen: &mut impl Screen,
    model: &mut Model,
    outside: &mut Outside,
) -> Result<End, B::Error>
where
    B: Backend,
{
    let mut signals = Signals::new();
    let size = terminal.size()?;
    let mut waiting = vec![Msg::Now(now()), Msg::Resize(size.width, size.height)];
    loop {
        for msg in waiting.drain(..) {
            for effect in update(model, msg) {
                if effect == Effect::Quit {
                    return Ok(End::Left);
                }
                if effect == Effect::Redraw {
                    wipe(terminal)?;
                } else {
                    carry_out(effect, model, screen, outside, terminal)?;
                }
            }
        }
        // A terminal that is dragged has another size by now; what it says of that may come late.
        let size = terminal.size()?;
        if (size.width, size.height) != model.size {
            waiting.push(Msg::Resize(size.width, size.height));
            continue;
        }
        let shown = terminal.draw(|frame| view::draw(model, frame))?;
        screen.drawn(model, shown.buffer);
        let tick = async {
            match next_tick(model) {
                Some(d) => tokio::time::sleep(d).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            event = screen.events().next() => match event {
                Some(Ok(e)) => waiting.extend(message(&e)),
                // The terminal is gone; its signal may be on its way.
                Some(Err(_)) | None => return Ok(End::Signal(HANGUP)),
            },
            said = signals.next() => match said {
                Said::End(number) => return Ok(End::Signal(number)),
                Said::Resumed => wipe(terminal)?,
            },
            msg = outside.messages.recv() => waiting.extend(msg),
            word = word(&mut outside.words) => waiting.push(Msg::Word(word)),
            () = tick => {}
        }
        take_waiting(&mut waiting, screen, outside).await;
        waiting.insert(0, Msg::Now(now()));
    }
}

/// Takes in whatever else is there already, before the next picture; keys in their order.
async fn take_waiting(waiting: &mut Vec<Msg>, screen: &mut impl Screen, outside: &mut Outside) {
    while waiting.len() < 64 {
        match ready(screen.events()).await {
            Some(Some(Ok(e))) => waiting.extend(message(&e)),
            _ => break,
        }
    }
    while waiting.len() < 256 {
        match outside.messages.try_recv() {
            Ok(m) => waiting.push(m),
            Err(_) => break,
        }
    }
    while let Some(Ok(word)) = outside.words.as_mut().map(mpsc::UnboundedReceiver::try_recv) {
        waiting.push(Msg::Word(word));
    }
}

/// The next word of a service.
async fn word(words: &mut Option<mpsc::UnboundedReceiver<Word>>) -> Word {
    if let Some(all) = words {
        if let Some(word) = all.recv().await {
            return word;
        }
        *words = None;
    }
    std::future::pending().await
}

/// Wipes the screen, so that the next picture is drawn whole. [`Terminal::clear`] would ask the terminal for its cursor first: the
/// answer comes among the keys, which another thread reads, or never.
pub(super) fn wipe<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    let size = terminal.size()?;
    terminal.resize(Rect::new(0, 0, size.width, size.height))
}

/// What a stream has right now.
async fn ready<S: Stream + Unpin>(stream: &mut S) -> Option<Option<S::Item>> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match stream.poll_next_unpin(cx) {
            std::task::Poll::Ready(item) => Some(item),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// When the picture changes by itself: while something is on its way, when an age in sight is another one, and when a notice has
/// been seen long enough.
fn next_tick(model: &Model) -> Option<Duration> {
    if model.replays.open() > 0 {
        return Some(Duration::from_millis(100));
    }
    let notice = model.notices.current(model.now).filter(|n| n.level < Level::Error);
    let notice = notice.map(|n| n.at.0 + NOTICE - model.now.0);
    let due = model.watching.as_ref().and_then(|w| w.watch.due());
    let due = due.map(|d| d.as_millis() as i64 - model.now.0);
    let left = notice.into_iter().chain(view::ages(model)).chain(due).min()?;
    Some(Duration::from_millis(left.max(1) as u64))
}

/// What an event of the terminal means.
fn message(event: &Event) -> Option<Msg> {
    match event {
        Event::Key(k) if k.kind != KeyEventKind::Release => keyboard::key(*k).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text.clone())),
        Event::Resize(w, h) => Some(Msg::Resize(*w, *h)),
        Event::Mouse(m) => match m.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Msg::Mouse(Mouse::Click(m.column, m.row))),
            MouseEventKind::ScrollUp => Some(Msg::Mouse(Mouse::WheelUp(m.column, m.row))),
            MouseEventKind::ScrollDown => Some(Msg::Mouse(Mouse::WheelDown(m.column, m.row))),
            _ => None,
        },
        _ => None,
    }
}

/// The loop on the real terminal.
pub(super) fn on_terminal(model: &mut Model, outside: &mut Outside) -> anyhow::Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut tty = Tty::take(model.look.mouse)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::BufWriter::with_capacity(
        1 << 16,
        io::stdout(),
    )))?;
    let end = runtime.block_on(run(&mut terminal, &mut tty, model, outside))?;
    drop(tty);
    // A thread that waits for a pipe would be waited for.
    runtime.shutdown_background();
    Ok(end)
}
