//! Each chosen request once: what is said before more than one, the answers as they come, the closing line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::pin::pin;

use super::super::{Exit, Stop, read, say};
use super::ready::Ready;
use super::round::{Round, Sending, keep};
use super::tell::{self, Against, Body};
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::replay::{Target, batch};
use crate::store::Replays;

/// The number of an interrupt.
pub(super) const INTERRUPT: u8 = 2;
/// The number of a request to end.
#[cfg(unix)]
const TERMINATE: u8 = 15;

/// Waits until the user ends it; the number of the signal.
pub(super) async fn interrupted() -> u8 {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            _ = tokio::signal::ctrl_c() => INTERRUPT,
            _ = term.recv() => TERMINATE,
        };
    }
    let _ = tokio::signal::ctrl_c().await;
    INTERRUPT
}

/// Says what will be sent when it is more than one request, and on a terminal asks.
///
/// # Errors
/// The user said no.
pub(super) fn agreed(ready: &[Ready<'_>], target: &Target, yes: bool) -> anyhow::Result<()> {
    if ready.len() < 2 {
        return Ok(());
    }
    let requests = ready.iter().map(|r| (r.call(), r.plan.method.as_str()));
    let line = batch::preview(&target.to_string(), requests);
    say(&line);
    let person = io::stdin().is_terminal() && io::stderr().is_terminal();
    if yes || !person || answer("send them? [y/N] ")?.is_some_and(|a| matches!(a.as_str(), "y" | "yes")) {
        return Ok(());
    }
    Err(Stop::new(Exit::No, "nothing was sent").into())
}

/// Asks on the terminal; what was typed, in small letters; none at its end.
pub(super) fn answer(question: &str) -> io::Result<Option<String>> {
    let mut err = io::stderr().lock();
    err.write_all(printable(question).as_bytes())?;
    err.flush()?;
    let mut line = String::new();
    let n = io::stdin().lock().read_line(&mut line)?;
    Ok((n > 0).then(|| line.trim().to_lowercase()))
}

/// Sends each once.
pub(super) async fn send_all(sending: &Sending<'_>, diff: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let Sending { view, ready, .. } = sending;
    let mut replays = view.store.clone().map(Replays::new);
    let mut round = Round::new(sending, 0..ready.len());
    let mut interrupt = pin!(interrupted());
    let (mut passed, mut failed, mut stopped) = (0, 0, None);
    loop {
        let next = tokio::select! {
            biased;
            signal = &mut interrupt => {
                stopped = Some(signal);
                None
            }
            next = round.next() => next,
        };
        let Some((n, answered)) = next else { break };
        let ready = &ready[n];
        // What is shown was kept before.
        if let Some(replays) = &mut replays {
            keep(view, ready, &answered, replays);
        }
        *(if answered.passes() { &mut passed } else { &mut failed }) += 1;
        let recorded = Body::recorded(ready).filter(|_| diff);
        let against = if diff {
            Against::Answer(recorded.as_ref())
        } else {
            Against::Nothing
        };
        if view.json {
            tell::object(out, ready, &answered, None, against)?;
        } else {
            tell::text(view, out, ready, &answered, against)?;
        }
        out.flush()?;
    }
    let sent = Sum {
        all: ready.len(),
        sent: round.started(),
        passed,
        failed,
    };
    drop(round);
    if view.json {
        json::line(out, &view.summary(&[]))?;
        if sent.sent < sent.all || stopped.is_some() {
            say(&sent.text());
        }
    } else {
        sent.closing(view, out)?;
    }
    Ok(match stopped {
        Some(signal) => Exit::Signal(signal),
        None if passed == ready.len() => Exit::Done,
        None => Exit::No,
    })
}

/// What became of all.
struct Sum {
    all: usize,
    sent: usize,
    passed: usize,
    failed: usize,
}

impl Sum {
    fn text(&self) -> String {
        let all = count(self.all, "request");
        let sent = if self.sent == self.all {
            all
        } else {
            format!("{} of {all}", self.sent)
        };
        let given_up = match self.sent - self.passed - self.failed {
            0 => String::new(),
            n => format!(", {n} given up"),
        };
        format!("{sent} sent: {} passed, {} failed{given_up}", self.passed, self.failed)
    }

    fn closing(&self, view: &read::View, out: &mut impl Write) -> io::Result<()> {
        let role = if self.passed == self.all {
            Role::Good
        } else {
            Role::Error
        };
        writeln!(out, "{}", view.page.paint.role(role, self.text()))
    }
}
