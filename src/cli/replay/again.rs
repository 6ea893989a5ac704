//! `--follow-answers --watch`: the whole call again and again until it passes. What happens when is [`crate::replay::watch`]'s; a round is one
//! rehearsal from the first request on, told as it goes.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::{Exit, say};
use super::batch::interrupted;
use super::call::{Part, Stage, Tally, Untold, failed};
use super::watch::{Changes, is_refused, noisy, probe, put_aside, shown};
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::replay::Pinned;
use crate::replay::rehearsal::{Aborted, End, Wishes};
use crate::replay::watch::{Event, Heard, Step, Watch};

/// How a round ended.
enum Round {
    /// The call came to an end; true where it passes.
    Played(End, bool),
    /// It was given up, and this is why.
    Cut(String),
    Signal(u8),
}

/// What decides when a round begins; asked while one is under way, too.
struct Clock {
    began: Instant,
    watch: RefCell<Watch>,
}

impl Clock {
    fn on(&self, event: Event) -> Option<Step> {
        self.watch.borrow_mut().on(self.began.elapsed(), event)
    }

    /// What a changed path means.
    fn heard(&self, path: &Path) -> Option<Event> {
        let heard = self.watch.borrow_mut().heard(self.began.elapsed(), path);
        if heard == Heard::PutAside {
            put_aside(path);
        }
        heard.event()
    }

    /// Waits until it is time for something.
    async fn due(&self) {
        let due = self.watch.borrow().due();
        match due {
            Some(at) => sleep_until(self.began + at).await,
            None => std::future::pending().await,
        }
    }
}

/// Rehearses until the whole call is green, or the user ends it.
pub(super) async fn until_green(
    stage: &Stage<'_>,
    part: Part<'_>,
    wishes: &Wishes,
    pinned: &Pinned,
    mut changes: Changes,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let clock = Clock {
        began: Instant::now(),
        watch: RefCell::new(Watch::new(Duration::ZERO)),
    };
    let mut interrupt = pin!(interrupted());
    let mut latest = PathBuf::new();
    let mut red = None;
    if !stage.view.json {
        stage.view.page.heading(out, &stage.view.session, part.story.call)?;
    }
    loop {
        let number = match idle(&clock, &mut changes, &mut latest, pinned, interrupt.as_mut()).await {
            Ok(number) => number,
            Err(signal) => return still_red(stage, red.as_deref(), signal, out),
        };
        if !stage.view.json {
            let head = format!("round {number}");
            writeln!(out, "{}", stage.view.page.paint.role(Role::Heading, head))?;
        }
        let mut tally = Tally::default();
        let round = {
            let round = (number, &mut tally);
            let played = play(stage, part, wishes.clone(), pinned, round, &clock, out);
            until_changed(played, &clock, &mut changes, &mut latest, interrupt.as_mut()).await?
        };
        match round {
            Round::Signal(signal) => return still_red(stage, red.as_deref(), signal, out),
            Round::Cut(why) => cut_short(stage, number, tally.sent, &why, out)?,
            Round::Played(end, green) => {
                coloured(stage, number, red.is_some(), green, out)?;
                let unreachable = tally.unreachable;
                if clock.on(Event::Ended { green, unreachable }) == Some(Step::Green) {
                    let rounds = count(number as usize, "round");
                    close(stage, Role::Good, &format!("the call is green after {rounds}"), out)?;
                    return Ok(Exit::Done);
                }
                red = Some(tally.red(end));
                if number == 1 {
                    let paths = changes.paths();
                    say(&format!("watching {paths} until the whole call passes; ctrl-c ends it"));
                }
            }
        }
        if clock.watch.borrow_mut().is_noisy() {
            noisy(&latest);
        }
    }
}

/// Waits for the next round: its number, or the signal that ends it all.
async fn idle(
    clock: &Clock,
    changes: &mut Changes,
    latest: &mut PathBuf,
    pinned: &Pinned,
    mut interrupt: Pin<&mut impl Future<Output = u8>>,
) -> Result<u32, u8> {
    let mut probing = false;
    loop {
        let event = tokio::select! {
            biased;
            signal = &mut interrupt => return Err(signal),
            path = changes.next() => {
                let event = clock.heard(&path);
                *latest = path;
                match event {
                    Some(event) => event,
                    None => continue,
                }
            }
            open = probe(pinned, probing) => {
                probing = false;
                Event::Probed { open }
            }
            () = clock.due() => Event::Tick,
        };
        match clock.on(event) {
            Some(Step::Start(number)) => return Ok(number),
            Some(Step::Probe) => probing = true,
            Some(Step::Cancel | Step::Green) | None => {}
        }
    }
}

/// One rehearsal of the call.
async fn play(
    stage: &Stage<'_>,
    part: Part<'_>,
    wishes: Wishes,
    pinned: &Pinned,
    (number, tally): (u32, &mut Tally),
    clock: &Clock,
    out: &mut impl Write,
) -> anyhow::Result<Round> {
    let mut rehearsal = stage.rehearsal(part, wishes)?;
    let restarts = |done: &_| {
        let restarts = is_refused(done) && clock.on(Event::Refused).is_some();
        if !restarts {
            clock.watch.borrow_mut().answered(clock.began.elapsed());
        }
        restarts
    };
    let told = (&mut *tally, Some(number));
    match stage.run(part, &mut rehearsal, pinned, told, restarts, out).await {
        Ok(end) => {
            let green = stage.ended(part, &rehearsal, &end, (tally, Some(number)), out)?;
            Ok(Round::Played(end, green))
        }
        Err(Aborted::Told(Untold::Restarts)) => Ok(Round::Cut("the app restarts".to_owned())),
        Err(aborted) => Err(failed(aborted, part)),
    }
}

/// A round as far as nothing changes that it depends on.
async fn until_changed(
    played: impl Future<Output = anyhow::Result<Round>>,
    clock: &Clock,
    changes: &mut Changes,
    latest: &mut PathBuf,
    mut interrupt: Pin<&mut impl Future<Output = u8>>,
) -> anyhow::Result<Round> {
    let mut played = pin!(played);
    loop {
        tokio::select! {
            biased;
            signal = &mut interrupt => return Ok(Round::Signal(signal)),
            path = changes.next() => {
                let event = clock.heard(&path);
                *latest = path;
                if event.and_then(|event| clock.on(event)) == Some(Step::Cancel) {
                    return Ok(Round::Cut(format!("{} changed", shown(latest))));
                }
            }
            round = &mut played => return round,
        }
    }
}

/// Says what became of the call in a round, after it was red or before anything was known.
fn coloured(stage: &Stage<'_>, number: u32, was_red: bool, green: bool, out: &mut impl Write) -> std::io::Result<()> {
    if stage.view.json {
        return Ok(());
    }
    let (role, colour) = match (was_red, green) {
        (true, true) => (Role::Good, "red → green"),
        (false, true) => (Role::Good, "green"),
        (true, false) => (Role::Error, "still red"),
        (false, false) => (Role::Error, "red"),
    };
    let text = format!("round {number}: {colour}");
    writeln!(out, "{}", stage.view.page.paint.role(role, text))?;
    out.flush()
}

/// Says how far a round came that was given up.
fn cut_short(stage: &Stage<'_>, number: u32, sent: usize, why: &str, out: &mut impl Write) -> std::io::Result<()> {
    if stage.view.json {
        return Ok(());
    }
    let text = format!("round {number}: given up after {}: {why}", count(sent, "answer"));
    stage.view.page.wrapped(out, 2, Role::Faint, &text)?;
    out.flush()
}

/// Says what the last whole round ended with.
fn still_red(stage: &Stage<'_>, red: Option<&str>, signal: u8, out: &mut impl Write) -> anyhow::Result<Exit> {
    let why = red.unwrap_or("no round came to its end");
    close(stage, Role::Error, &format!("still red: {why}"), out)?;
    Ok(Exit::Signal(signal))
}

/// Programs have their summary; what is for people is said beside it.
fn close(stage: &Stage<'_>, role: Role, text: &str, out: &mut impl Write) -> std::io::Result<()> {
    if stage.view.json {
        say(text);
    } else {
        writeln!(out, "{}", stage.view.page.paint.role(role, printable(text)))?;
    }
    out.flush()
}
