//! `--watch`: rounds until every verdict passes. What happens when is [`crate::replay::watch`]'s; this carries it out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::super::read::View;
use super::super::{Exit, Stop, say};
use super::batch::interrupted;
use super::ready::{Answered, Ready};
use super::round::{Round, Sending, keep};
use super::tell::{self, Against, Body};
use crate::output::changes;
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::output::text::count;
use crate::replay::watch::files::{self, Files};
use crate::replay::watch::{Event, Heard, Step, Watch, order};
use crate::replay::{Followed, Pinned, TransportError, dial};
use crate::store::Replays;

/// Files of the app that change.
pub(super) struct Changes {
    /// Ends with this.
    _files: Files,
    told: UnboundedReceiver<PathBuf>,
    paths: String,
}

impl Changes {
    /// Begins at once, so that nothing is missed during the first round.
    pub(super) fn of(paths: &[PathBuf], view: &View) -> Result<Self, Stop> {
        let (tell, told) = unbounded_channel();
        let inputs = view.session.inputs.iter().map(|i| PathBuf::from(&i.source.name));
        let own: Vec<PathBuf> = inputs.chain(view.store.clone()).collect();
        let files =
            files::watch(paths, &own, move |path| tell.send(path).is_ok()).map_err(|e| Stop::usage(e.to_string()))?;
        files.notes.iter().for_each(|n| say(n));
        let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        Ok(Self {
            _files: files,
            told,
            paths: names.join(", "),
        })
    }

    /// What is watched, for people.
    pub(super) fn paths(&self) -> &str {
        &self.paths
    }

    /// The next change; never without one.
    pub(super) async fn next(&mut self) -> PathBuf {
        match self.told.recv().await {
            Some(path) => path,
            None => std::future::pending().await,
        }
    }
}

/// Sends rounds until all is green, or the user ends it.
pub(super) async fn until_green(
    sending: &Sending<'_>,
    mut changes: Changes,
    diff: bool,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let mut watch = Watch::new(Duration::ZERO);
    let mut board = Board::new(sending, diff);
    let mut round: Option<Round<'_>> = None;
    let mut probing = false;
    let mut latest = PathBuf::new();
    let mut interrupt = pin!(interrupted());
    loop {
        let due = watch.due();
        let tick = async {
            match due {
                Some(at) => sleep_until(began + at).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            biased;
            signal = &mut interrupt => {
                board.interrupted(out)?;
                return Ok(Exit::Signal(signal));
            }
            path = changes.next() => {
                let heard = watch.heard(began.elapsed(), &path);
                if heard == Heard::PutAside {
                    put_aside(&path);
                }
                latest = path;
                match heard.event() {
                    Some(event) => event,
                    None => continue,
                }
            }
            answer = next(&mut round) => match answer {
                Some((n, a)) if is_refused(&a.done) && watch.on(began.elapsed(), Event::Refused).is_some() => {
                    // It restarts: that is no answer.
                    drop((n, round.take()));
                    board.cut_short(watch.round(), "the app restarts", out)?;
                    continue;
                }
                Some((n, a)) => {
                    watch.answered(began.elapsed());
                    board.answered(n, a, watch.round(), out)?;
                    continue;
                }
                None => {
                    round = None;
                    board.end_of_round(watch.round(), out)?
                }
            },
            open = probe(sending.pinned, probing) => {
                probing = false;
                Event::Probed { open }
            }
            () = tick => Event::Tick,
        };
        match watch.on(began.elapsed(), event) {
            Some(Step::Start(_)) => round = Some(Round::new(sending, board.begin())),
            Some(Step::Cancel) => {
                round = None;
                board.cut_short(watch.round(), &format!("{} changed", shown(&latest)), out)?;
            }
            Some(Step::Probe) => probing = true,
            Some(Step::Green) => {
                board.green(watch.round(), out)?;
                return Ok(Exit::Done);
            }
            None => {}
        }
        if matches!(event, Event::Ended { .. }) && watch.round() == 1 {
            say(&format!("watching {} until all pass; ctrl-c ends it", changes.paths));
        }
        if watch.is_noisy() {
            noisy(&latest);
        }
    }
}

pub(super) fn noisy(path: &Path) {
    say(&format!(
        "files such as {} change while requests are sent: rounds come less often now. If your app writes them, name them in .gitignore or \
        watch less",
        shown(path)
    ));
}

pub(super) fn put_aside(path: &Path) {
    say(&format!(
        "{} changes whenever requests are sent: it is put aside. If your app writes it, name it in .gitignore",
        shown(path)
    ));
}

/// A path as short as it can be given here.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|d| d.canonicalize());
    let below = here.ok().and_then(|h| path.strip_prefix(h).ok());
    below
        .filter(|b| !b.as_os_str().is_empty())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The round's next answer; never without a round.
async fn next(round: &mut Option<Round<'_>>) -> Option<(usize, Answered)> {
    match round {
        Some(round) => round.next().await,
        None => std::future::pending().await,
    }
}

/// Whether somebody listens; never where nobody wants to know.
pub(super) async fn probe(pinned: &Pinned, wanted: bool) -> bool {
    if !wanted {
        return std::future::pending().await;
    }
    dial::connect(pinned).await.is_ok()
}

/// Nobody listened.
pub(super) fn is_refused(done: &Followed) -> bool {
    matches!(done.sent.error, Some(TransportError::Refused(_)))
}

/// What is known of a request.
#[derive(Default)]
struct State {
    /// Passed when it was sent last; none before.
    green: Option<bool>,
    /// The first problem of the last verdict.
    problem: Option<String>,
    answer: Option<Body>,
    /// In the round under way: what it was before, and what came.
    now: Option<Now>,
}

/// Whether it passed before, the answer before, and what came.
type Now = (Option<bool>, Option<Body>, Answered);

/// Every request's state, and what is printed of it.
struct Board<'a> {
    sending: &'a Sending<'a>,
    states: Vec<State>,
    replays: Option<Replays>,
    diff: bool,
}

impl<'a> Board<'a> {
    fn new(sending: &'a Sending<'a>, diff: bool) -> Self {
        Self {
            sending,
            states: sending.ready.iter().map(|_| State::default()).collect(),
            replays: sending.view.store.clone().map(Replays::new),
            diff,
        }
    }

    /// The order of a round: calls with something red first, each in its own order.
    fn begin(&mut self) -> Vec<usize> {
        self.states.iter_mut().for_each(|s| s.now = None);
        let calls: Vec<u32> = self.sending.ready.iter().map(Ready::call).collect();
        order(&calls, |n| self.states[n].green == Some(false))
    }

    fn answered(&mut self, n: usize, answered: Answered, round: u32, out: &mut impl Write) -> std::io::Result<()> {
        let (view, ready) = (self.sending.view, &self.sending.ready[n]);
        if let Some(replays) = &mut self.replays {
            keep(view, ready, &answered, replays);
        }
        let state = &mut self.states[n];
        let was = state.answer.take().or_else(|| Body::recorded(ready));
        state.answer = Body::of(&answered);
        if view.json {
            let against = if self.diff {
                Against::Answer(was.as_ref())
            } else {
                Against::Nothing
            };
            tell::object(out, ready, &answered, Some(round), against)?;
            out.flush()?;
        }
        let before = state.green.replace(answered.passes());
        let problems = &answered.done.verdict.problems;
        state.problem = first_problem(problems);
        state.now = Some((before, was, answered));
        Ok(())
    }

    fn end_of_round(&mut self, round: u32, out: &mut impl Write) -> std::io::Result<Event> {
        let green = self.states.iter().all(|s| s.green == Some(true) && s.now.is_some());
        let unreachable = self
            .states
            .iter()
            .filter_map(|s| s.now.as_ref())
            .any(|(_, _, a)| a.is_unreachable());
        if !self.sending.view.json {
            self.block(round, out)?;
        }
        out.flush()?;
        Ok(Event::Ended { green, unreachable })
    }

    /// Shows what of a round was answered before it was given up.
    fn cut_short(&self, round: u32, why: &str, out: &mut impl Write) -> std::io::Result<()> {
        let answered = self.states.iter().filter(|s| s.now.is_some()).count();
        let view = self.sending.view;
        if view.json || answered == 0 {
            return Ok(());
        }
        let all = count(self.states.len(), "request");
        let head = format!("round {round}: {answered} of {all} answered, then {why}");
        writeln!(out, "{}", view.page.paint.role(Role::Heading, printable(&head)))?;
        for (ready, state) in self.sending.ready.iter().zip(&self.states) {
            if let Some(now) = &state.now {
                self.line(ready, state, now, out)?;
            }
        }
        out.flush()
    }

    /// A line for each request of the round.
    fn block(&self, round: u32, out: &mut impl Write) -> std::io::Result<()> {
        let view = self.sending.view;
        let red = self.states.iter().filter(|s| s.green != Some(true)).count();
        let all = count(self.states.len(), "request");
        let head = match red {
            0 => format!("round {round}: {all}, all green"),
            _ => format!("round {round}: {red} of {all} red"),
        };
        let role = if red == 0 { Role::Good } else { Role::Heading };
        writeln!(out, "{}", view.page.paint.role(role, head))?;
        for (ready, state) in self.sending.ready.iter().zip(&self.states) {
            match &state.now {
                Some(now) => self.line(ready, state, now, out)?,
                None => view
                    .page
                    .wrapped(out, 2, Role::Faint, &format!("{}  not sent in this round", name(ready)))?,
            }
        }
        Ok(())
    }

    /// What became of a request, and how the answer differs where that is wanted.
    fn line(
        &self,
        ready: &Ready<'_>,
        state: &State,
        (before, was, answered): &Now,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let view = self.sending.view;
        let was_word = match before {
            None => ready.chosen.exchange.outcome.as_str(),
            Some(green) => colour(*green),
        };
        let sent = &answered.done.sent;
        let answer = match (sent.status, &sent.error) {
            (Some(s), None) => format!("{s} in {} ms", sent.ms),
            _ => "no answer".to_owned(),
        };
        let problem = state.problem.as_ref().map(|p| format!(": {p}")).unwrap_or_default();
        let green = answered.passes();
        let role = if green { Role::Good } else { Role::Error };
        let line = format!("{was_word} → {}  {}  {answer}{problem}", colour(green), name(ready));
        view.page.wrapped(out, 2, role, &line)?;
        if let Some(edited) = changes::line(&ready.changes()).filter(|_| before.is_none()) {
            view.page.wrapped(out, 6, Role::Faint, &edited)?;
        }
        if self.diff {
            let older = if before.is_some() { "previous" } else { "recorded" };
            tell::differing(view, out, was.as_ref(), state.answer.as_ref(), older)?;
        }
        Ok(())
    }

    fn green(&self, round: u32, out: &mut impl Write) -> std::io::Result<()> {
        let rounds = count(round as usize, "round");
        self.close(
            Role::Good,
            &format!("{} green after {rounds}", count(self.states.len(), "request")),
            out,
        )
    }

    /// Says what is still red.
    fn interrupted(&self, out: &mut impl Write) -> std::io::Result<()> {
        let red = || (0..self.states.len()).filter(|n| self.states[*n].green != Some(true));
        let mut lines = vec![format!(
            "still red: {} of {}",
            red().count(),
            count(self.states.len(), "request")
        )];
        for n in red() {
            let problem = self.states[n].problem.clone();
            let problem = problem.map(|p| format!(": {p}")).unwrap_or_default();
            lines.push(format!("  {}{problem}", name(&self.sending.ready[n])));
        }
        self.close(Role::Error, &lines.join("\n"), out)
    }

    fn close(&self, role: Role, text: &str, out: &mut impl Write) -> std::io::Result<()> {
        let view = self.sending.view;
        if view.json {
            json::line(out, &view.summary(&[]))?;
            say(text);
        } else {
            for line in text.lines() {
                writeln!(out, "{}", view.page.paint.role(role, printable(line)))?;
            }
        }
        out.flush()
    }
}

fn colour(green: bool) -> &'static str {
    if green { "green" } else { "red" }
}

/// `r0123456789 POST /voice`.
fn name(ready: &Ready<'_>) -> String {
    let path = ready.plan.path.split('?').next().unwrap_or_default();
    format!("{} {} {path}", ready.chosen.exchange.name(), ready.plan.method)
}

/// The first error, else the first problem.
fn first_problem(problems: &[crate::model::Problem]) -> Option<String> {
    let error = problems.iter().find(|p| p.severity == crate::model::Severity::Error);
    let p = error.or(problems.first())?;
    let code = p.code.as_deref().map(|c| format!("{c} ")).unwrap_or_default();
    let line = p.line.map(|l| format!("line {l}: ")).unwrap_or_default();
    Some(format!("{code}{line}{}", p.message))
}
