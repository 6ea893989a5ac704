//! Effects carried out: what `update` asked the outside for, handed to the thread, program or device that does it.
//!
//! Only what takes the terminal away (the editor, a stopped process) is waited for; whatever has an answer says it as a message
//! later. To add an effect: a variant of [`Effect`], an arm here.

use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::Backend;

use super::editor;
use super::model::Model;
use super::msg::{Effect, Level, Msg};
use super::runtime::{Out, Outside, Screen, wipe};
use super::sender::Job;
use crate::replay::watch::files;
use crate::replay::{Target, dial};

/// Does what `update` asked for.
pub(super) fn carry_out<B: Backend>(
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
        Effect::Probe(target) => probe(target, outside.out.clone()),
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
        Effect::Mend => mend(outside),
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

/// Sees whether the target takes connections.
fn probe(target: Target, out: Out) {
    tokio::spawn(async move {
        let open = match target.resolve().await {
            Ok(pinned) => dial::connect(&pinned).await.is_ok(),
            Err(_) => false,
        };
        out.say(Msg::Probed(open));
    });
}

/// Mends the demo's app, or breaks it again.
fn mend(outside: &Outside) {
    let Some(app) = &outside.app else { return };
    let mended = !app.fixed();
    let done = if mended { app.fix() } else { app.unfix() };
    outside.out.say(match done {
        Ok(()) => Msg::Mended(mended),
        Err(e) => Msg::Notice(Level::Error, format!("cannot mend the demo's app: {e}")),
    });
}

/// Begins to tell of changed files.
pub(super) fn watch(paths: &[PathBuf], model: &Model, outside: &mut Outside) {
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
