//! The terminal that the program was started in: taken, given back on any way out, given away to another program and taken again.
//!
//! Implements [`Screen`], what the loop wants of a terminal beyond drawing; tests have another one.

use std::io::{self, Write};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode};

use super::clipboard;
use super::events::Events;
use super::runtime::Screen;

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
