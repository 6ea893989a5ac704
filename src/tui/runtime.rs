//! The impure file: the terminal, its keys and signals, the clock, the threads, and the loop that ties them together.
//!
//! One loop waits for whatever comes first: a key, a signal, a message of a thread, or the next tick while something moves.
//! What is there at once is taken together and drawn once. With nothing going on it sleeps.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyEventKind,
    MouseButton, MouseEventKind,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::desk::Desk;
use super::events::Events;
use super::model::{Model, NOTICE};
use super::msg::{Effect, Level, Mouse, Msg};
use super::sender::{Job, Sender};
use super::update::update;
use super::{clipboard, editor, keyboard, view};
use crate::demo::App;
use crate::live::{Beside, Word};
use crate::model::Time;
use crate::replay::dial;
use crate::replay::watch::files::{self, Files};

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
        // Whatever else is there already is taken in before the next picture; keys in their order.
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
        waiting.insert(0, Msg::Now(now()));
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
fn wipe<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
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

/// Does what `update` asked for.
fn carry_out<B: Backend>(
    effect: Effect,
    model: &mut Model,
    screen: &mut impl Screen,
    outside: &mut Outside,
    terminal: &mut Terminal<B>,
) -> Result<(), B::Error> {
    match effect {
        Effect::Ask(question) => outside.desk.ask(question),
        Effect::Send(numbers) => {
            for a in model.replays.attempts.iter().filter(|a| numbers.contains(&a.number)) {
                outside.sender.send(Job { attempt: a.clone() });
            }
        }
        Effect::Cancel => outside.sender.cancel(),
        Effect::Watch(paths) => watch(&paths, model, outside),
        Effect::Unwatch => outside.watched = None,
        Effect::Probe(target) => {
            let out = outside.out.clone();
            tokio::spawn(async move {
                let open = match target.resolve().await {
                    Ok(pinned) => dial::connect(&pinned).await.is_ok(),
                    Err(_) => false,
                };
                out.say(Msg::Probed(open));
            });
        }
        Effect::Copy(text, what) => {
            let said = match screen.copy(&text) {
                Ok(how) => Msg::Notice(Level::Good, format!("{what} copied {how}")),
                Err(e) => Msg::Notice(Level::Error, format!("cannot copy the {what}: {e}")),
            };
            outside.out.say(said);
        }
        Effect::EditOutside(text) => {
            let mut result = Err(String::new());
            screen.away(&mut || result = editor::edit(&text));
            wipe(terminal)?;
            outside.out.say(Msg::Edited(result));
        }
        Effect::Mend => {
            if let Some(app) = &outside.app {
                let mended = !app.fixed();
                let done = if mended { app.fix() } else { app.unfix() };
                outside.out.say(match done {
                    Ok(()) => Msg::Mended(mended),
                    Err(e) => Msg::Notice(Level::Error, format!("cannot mend the demo's app: {e}")),
                });
            }
        }
        Effect::Mouse(on) => screen.mouse(on),
        Effect::Suspend => {
            screen.away(&mut || {
                #[cfg(unix)]
                {
                    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
                }
            });
            wipe(terminal)?;
        }
        Effect::Bell => screen.bell(),
        Effect::Notify(text) => screen.notify(&text),
        Effect::Fetch(sids) => {
            for service in &outside.beside {
                service.fetch(sids.clone());
            }
        }
        Effect::Redraw | Effect::Quit => {}
    }
    Ok(())
}

/// Begins to tell of changed files.
fn watch(paths: &[PathBuf], model: &Model, outside: &mut Outside) {
    let own: Vec<PathBuf> = model.sources.rows.iter().map(|s| PathBuf::from(&s.name)).collect();
    let out = outside.out.clone();
    let changed = move |path| {
        out.say(Msg::Changed(path));
        !out.closed()
    };
    match files::watch(paths, &own, changed) {
        Ok(files) => {
            for note in &files.notes {
                outside.out.say(Msg::Notice(Level::Info, note.clone()));
            }
            outside.watched = Some(files);
        }
        Err(e) => outside.out.say(Msg::Unwatchable(e.to_string())),
    }
}

/// What a signal says.
enum Said {
    /// End: the signal's number.
    End(u8),
    /// In the foreground again.
    Resumed,
}

/// Signals that end the program, or say that it is in the foreground again.
struct Signals {
    #[cfg(unix)]
    ends: Vec<(u8, tokio::signal::unix::Signal)>,
    #[cfg(unix)]
    cont: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGQUIT would leave the terminal as it is, without a line to type in.
        let kinds = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
        ];
        let heard = |k: SignalKind| Some((k.as_raw_value() as u8, signal(k).ok()?));
        Self {
            ends: kinds.into_iter().filter_map(heard).collect(),
            cont: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok(),
        }
    }

    async fn next(&mut self) -> Said {
        std::future::poll_fn(|cx| {
            let heard = self
                .ends
                .iter_mut()
                .find_map(|(n, s)| s.poll_recv(cx).is_ready().then_some(*n));
            if let Some(number) = heard {
                return std::task::Poll::Ready(Said::End(number));
            }
            match self.cont.as_mut().map(|s| s.poll_recv(cx).is_ready()) {
                Some(true) => std::task::Poll::Ready(Said::Resumed),
                _ => std::task::Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) -> Said {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Said::End(2)
    }
}

/// The terminal that the program was started in, given back on any way out.
pub(super) struct Tty {
    mouse: bool,
    /// Made anew whenever the terminal was somebody else's.
    events: Events,
}

impl Tty {
    /// Takes the terminal. A panic gives it back before it is reported.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        enter(mouse)?;
        Ok(Self {
            mouse,
            events: Events::start(),
        })
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let mut out = io::stdout();
    crossterm::execute!(out, EnterAlternateScreen, EnableBracketedPaste, SetTitle("redial"))?;
    if mouse {
        crossterm::execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Everything back as it was; what cannot be done is left.
fn give_back() {
    let mut out = io::stdout();
    let _ = crossterm::execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let _ = disable_raw_mode();
}

impl Screen for Tty {
    type Events = Events;

    fn events(&mut self) -> &mut Events {
        &mut self.events
    }

    fn mouse(&mut self, on: bool) {
        self.mouse = on;
        let mut out = io::stdout();
        let _ = if on {
            crossterm::execute!(out, EnableMouseCapture)
        } else {
            crossterm::execute!(out, DisableMouseCapture)
        };
    }

    fn copy(&mut self, text: &str) -> io::Result<String> {
        clipboard::copy(&mut io::stdout(), text)
    }

    fn away(&mut self, work: &mut dyn FnMut()) {
        self.events.stop();
        give_back();
        work();
        let _ = enter(self.mouse);
        self.events = Events::start();
    }

    fn bell(&mut self) {
        let mut out = io::stdout();
        let _ = out.write_all(b"\x07").and_then(|()| out.flush());
    }

    /// OSC 9, which terminals that do not know it pass over.
    fn notify(&mut self, text: &str) {
        let mut out = io::stdout();
        let text = crate::output::safe::printable(text);
        let _ = write!(out, "\x1b]9;{text}\x1b\\").and_then(|()| out.flush());
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
