//! The terminal: calls, the story of a call, and one key to send it again.
//!
//! [`update`](fn@update::update) is pure: the [`model::Model`], a message, out come effects as data. [`view`] reads only. Impure are
//! [`runtime`] (clock and loop) with `tty` (the terminal), `signals` and `effects` (what `update` asks for), [`desk`] (the session's
//! thread), `sender` (the replays' thread), `clipboard` and `editor`. Keys, help, footer, palette and the README come from one table, [`keys`]; where things stand is [`layout`]'s, which
//! `update` and `view` both ask; colours are roles, given a look by [`theme`].
//!
//! To add a command: see [`keys`]. To add a screen: see [`view`].

mod answer;
mod clipboard;
pub mod data;
pub mod desk;
pub(crate) mod editor;
mod effects;
mod events;
pub mod form;
mod fuzzy;
mod keyboard;
mod keymap;
pub mod keys;
pub mod layout;
pub mod list;
pub mod model;
pub mod msg;
pub mod runtime;
mod sender;
mod signals;
pub mod theme;
mod tty;
pub mod update;
pub mod view;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::demo::App;
use crate::filter::Engine;
use crate::live::{Beside, Word};
use model::Model;
use runtime::{End, Out, Outside};

/// How long services may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the screen begins with.
#[derive(Debug)]
pub struct Begin {
    /// The model as the settings make it.
    pub model: Model,
    /// What is read and how requests are sent.
    pub start: desk::Start,
    /// The demo's app.
    pub app: Option<App>,
    /// Services that fill the store meanwhile. They are ended with the screen.
    pub beside: Vec<Box<dyn Beside>>,
    /// What they say.
    pub words: mpsc::UnboundedReceiver<Word>,
}

/// Opens the screen and stays there until the user leaves; says how that was, and whether an input could not be read.
///
/// # Errors
///
/// The terminal cannot be used, or the system gives no thread.
pub fn run(begin: Begin, engine: impl FnOnce() -> Engine + Send + 'static) -> anyhow::Result<(End, bool)> {
    let Begin {
        mut model,
        start,
        app,
        beside,
        words,
    } = begin;
    let mut outside = outside(start, engine, app)?.with(beside, words);
    let end = runtime::on_terminal(&mut model, &mut outside)?;
    stop(std::mem::take(&mut outside.beside));
    let failed = |s: &data::SourceRow| matches!(s.state, data::SourceState::Failed(_));
    let sources = &model.sources;
    let nothing = sources.done && sources.rows.is_empty();
    Ok((end, nothing || sources.rows.iter().any(failed)))
}

/// Ends services in order, all at the same time; who has left the screen does not wait for somebody's slow answer for long.
fn stop(services: Vec<Box<dyn Beside>>) {
    let (done, ended) = std::sync::mpsc::channel();
    let mut waits = 0;
    for service in services {
        let done = done.clone();
        let ends = move || {
            let _ = service.stop();
            let _ = done.send(());
        };
        let thread = std::thread::Builder::new().name("ending".to_owned());
        waits += usize::from(thread.spawn(ends).is_ok());
    }
    let until = Instant::now() + PATIENCE;
    for _ in 0..waits {
        if ended
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .is_err()
        {
            return;
        }
    }
}

/// The threads behind the screen.
///
/// # Errors
///
/// The system gives no thread.
pub fn outside(
    start: desk::Start,
    engine: impl FnOnce() -> Engine + Send + 'static,
    app: Option<App>,
) -> anyhow::Result<Outside> {
    let (out, messages) = Out::new();
    let store = start.plan.store.as_ref().map(|s| s.path.clone());
    let sender = sender::Sender::start(Arc::clone(&start.options), store, out.clone())?;
    let desk = desk::Desk::start(start, engine, out.clone())?;
    Ok(Outside {
        desk,
        sender,
        watched: None,
        app,
        beside: Vec::new(),
        words: None,
        messages,
        out,
    })
}
