//! `replay --follow-answers` and `replay --fallback`: a whole call rehearsed, and what the platform does with a failing answer.
//!
//! The way through the call is [`crate::replay::rehearsal`]'s; here are the options, the recording as it wants it, and what is printed.

use std::io::Write;
use std::num::NonZeroUsize;

use super::super::args::Replay;
use super::super::{Exit, Stop, read, say};
use super::again;
use super::batch::{INTERRUPT, interrupted};
use super::caller::Rehearse;
use super::choose::choose;
use super::ready::{Ready, is_unreachable};
use super::story::Story;
use super::watch::Changes;
use super::{agreed, dry_run, refused};
use crate::call::Call;
use crate::model::{Provider, RequestKind};
use crate::output::rehearsal::{end, end_line, parts, step, step_line};
use crate::output::text::count;
use crate::output::{json, kept::Attempted};
use crate::replay::rehearsal::{
    Aborted, End, Ended, Fallback, MAX_STEPS, Rehearsal, Sending, Setting, Step, Wishes, is_document, rehearse,
};
use crate::replay::{Followed, Options, Pinned, Target};
use crate::store::Replays;
use thiserror::Error;

/// Everything that the rehearsals of a run share.
pub(super) struct Stage<'a> {
    args: &'a Rehearse,
    pub(super) view: &'a read::View,
    target: &'a Target,
    options: &'a Options,
    /// `--replay-header`.
    mark: bool,
}

/// What of a call is rehearsed.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) story: &'a Story<'a>,
    /// The request that it begins with.
    start: usize,
    /// All that follows; else only what a failing answer leads to.
    whole: bool,
}

/// What came of the requests of a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: usize,
    passed: usize,
    /// Nobody took a connection.
    pub(super) unreachable: bool,
}

impl Tally {
    /// What is wrong with a call that ended like this.
    pub(super) fn red(&self, end: End) -> String {
        match self.sent - self.passed {
            _ if !end.how.proper() => end.why,
            0 => "no step was met for something that was wished".to_owned(),
            failed => format!("{failed} of {} failed", count(self.sent, "request")),
        }
    }
}

/// Why a step was not told.
#[derive(Debug, Error)]
pub(super) enum Untold {
    /// What was to be printed could not be.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no answer: the app restarts.
    #[error("the app restarts")]
    Restarts,
}

/// Rehearses one call from its first webhook, or from `--request`.
pub(super) fn follow_answers(
    args: &Replay,
    view: &read::View,
    target: &Target,
    options: &Options,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let wishes = args.rehearse.wishes()?;
    let (story, start) = chosen(args, view)?;
    if let Some(why) = story.exchanges[start].why_not {
        let name = story.exchanges[start].name();
        return Err(Stop::new(Exit::Nothing, format!("{name} cannot be sent again: {why}")).into());
    }
    if args.rehearse.fallback.is_some() && story.call.provider == Provider::Tropo {
        say("--fallback: Tropo has no fallback URL; a failing answer ends the call");
    }
    if args.dry_run {
        say("only the first request is shown: what follows depends on the answers");
        let first = Ready::new(story.chosen(start), None, target, options, args.bench.replay_header)?;
        return dry_run(&[first], out);
    }
    let stage = Stage::of(args, view, target, options);
    stage.fallback_is_known(&story)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pinned = runtime.block_on(target.resolve()).map_err(|e| refused(&e))?;
    let part = Part {
        story: &story,
        start,
        whole: true,
    };
    let fine = match args.bench.watch.as_slice() {
        [] => runtime.block_on(stage.play(part, wishes, &pinned, out))?,
        paths => {
            let changes = Changes::of(paths, view)?;
            runtime.block_on(again::until_green(&stage, part, &wishes, &pinned, changes, out))?
        }
    };
    close(view, out)?;
    Ok(fine)
}

/// Sends each chosen request, and when its answer fails, what Twilio sends to the fallback URL then.
pub(super) fn with_fallback(
    args: &Replay,
    view: &read::View,
    ready: &[Ready<'_>],
    target: &Target,
    options: &Options,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    if !args.bench.watch.is_empty() {
        return Err(
            Stop::usage("--fallback with --watch needs --follow-answers: the whole call is rehearsed again").into(),
        );
    }
    agreed(ready, target, args.bench.yes)?;
    let stage = Stage::of(args, view, target, options);
    let mut stories = Vec::new();
    for c in ready.iter().map(|r| &r.chosen) {
        let why = match (c.call.provider, c.exchange.kind) {
            (Provider::Tropo, _) => "Tropo has no fallback URL",
            (_, RequestKind::Fallback) => "it is a fallback request itself",
            (_, kind) if !is_document(kind) => "its answer is not run, so nothing is asked for when it fails",
            _ => {
                let story = Story::of(view, c.call);
                stage.fallback_is_known(&story)?;
                let start = story.exchanges.iter().position(|e| e.index == c.exchange.index);
                stories.extend(start.map(|start| (story, start)));
                continue;
            }
        };
        say(&format!("{} is left out: {why}", c.exchange.name()));
    }
    if stories.is_empty() {
        let why = "none of the chosen requests has a fallback: it is for Twilio's voice and message webhooks";
        return Err(Stop::new(Exit::Nothing, why).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fine = runtime.block_on(async {
        let pinned = target.resolve().await.map_err(|e| refused(&e))?;
        let mut all = Exit::Done;
        for (story, start) in &stories {
            let part = Part {
                story,
                start: *start,
                whole: false,
            };
            match stage.play(part, Wishes::default(), &pinned, out).await? {
                Exit::Done => {}
                Exit::Signal(number) => return Ok(Exit::Signal(number)),
                other => all = other,
            }
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    close(view, out)?;
    Ok(fine)
}

/// Why a rehearsal could not be told to its end.
pub(super) fn failed(aborted: Aborted<Untold>, part: Part<'_>) -> anyhow::Error {
    match aborted {
        Aborted::Plan(e) => Stop::usage(format!("{}: {e}", part.story.exchanges[part.start].name())).into(),
        Aborted::Told(e) => e.into(),
    }
}

/// An end that the user asked for.
fn stopped(number: u8) -> End {
    let who = if number == INTERRUPT { "ctrl-c" } else { "a signal" };
    End {
        how: Ended::Interrupted,
        why: format!("{who} stopped the rehearsal before the call had ended"),
        notes: Vec::new(),
    }
}

/// The call, and where in it to begin.
fn chosen<'a>(args: &Replay, view: &'a read::View) -> anyhow::Result<(Story<'a>, usize)> {
    if !args.choice.request.is_empty() {
        let requests = choose(&args.choice, &args.cause, args.list, view)?;
        let [request] = requests.as_slice() else {
            return Err(Stop::usage("--follow-answers begins at one request: give --request once").into());
        };
        let story = Story::of(view, request.call);
        let start = story.exchanges.iter().position(|e| e.index == request.exchange.index);
        let start = start.ok_or_else(|| Stop::new(Exit::Nothing, "the request belongs to no call"))?;
        return Ok((story, start));
    }
    let calls: Vec<&Call> = view
        .query
        .calls(&view.session)
        .filter(|c| !c.exchanges.is_empty())
        .collect();
    let call = match calls.as_slice() {
        [] => return Err(Stop::new(Exit::Nothing, "no call with a webhook; `redial calls` lists them").into()),
        [call] => call,
        [.., last] if args.choice.last => last,
        many => {
            let why = format!(
                "{} calls have webhooks, and a rehearsal takes one: --call ID, or --last (`redial calls` lists them)",
                many.len()
            );
            return Err(Stop::usage(why).into());
        }
    };
    let story = Story::of(view, call);
    let start = story.start()?;
    Ok((story, start))
}

fn close(view: &read::View, out: &mut impl Write) -> anyhow::Result<()> {
    if view.json {
        json::line(out, &view.summary(&[]))?;
    }
    Ok(())
}

impl<'a> Stage<'a> {
    fn of(args: &'a Replay, view: &'a read::View, target: &'a Target, options: &'a Options) -> Self {
        Self {
            args: &args.rehearse,
            view,
            target,
            options,
            mark: args.bench.replay_header,
        }
    }

    /// A recorded fallback was asked for, and there must be one.
    fn fallback_is_known(&self, story: &Story<'_>) -> Result<(), Stop> {
        let Some(Fallback::Recorded) = self.args.fallback() else {
            return Ok(());
        };
        let there = story
            .recorded
            .iter()
            .any(|r| r.kind == RequestKind::Fallback && r.request.url.is_some());
        if there || story.call.provider == Provider::Tropo {
            return Ok(());
        }
        Err(Stop::usage(format!(
            "the recording of call {} has no fallback request: give its URL or path, such as --fallback /fallback",
            story.call.id
        )))
    }

    /// Rehearses once; done where every answer passed, the call came to its end, and the caller did all that was wished.
    async fn play(
        &self,
        part: Part<'_>,
        wishes: Wishes,
        pinned: &Pinned,
        out: &mut impl Write,
    ) -> anyhow::Result<Exit> {
        let (mut rehearsal, mut tally) = (self.rehearsal(part, wishes)?, Tally::default());
        if !self.view.json {
            self.view.page.heading(out, &self.view.session, part.story.call)?;
        }
        let played = self.run(part, &mut rehearsal, pinned, (&mut tally, None), |_| false, out);
        let (played, signal) = tokio::select! {
            biased;
            number = interrupted() => (Ok(stopped(number)), Some(number)),
            played = played => (played, None),
        };
        let ended = played.map_err(|aborted| failed(aborted, part))?;
        let fine = self.ended(part, &rehearsal, &ended, (&tally, None), out)?;
        Ok(match signal {
            Some(number) => Exit::Signal(number),
            None if fine => Exit::Done,
            None => Exit::No,
        })
    }

    /// A call as it is before its first request.
    pub(super) fn rehearsal<'s>(&self, part: Part<'s>, wishes: Wishes) -> Result<Rehearsal<'s>, Stop> {
        let setting = Setting {
            wishes,
            also_own: std::iter::once(self.target.to_string())
                .chain(self.options.public_url.clone())
                .collect(),
            fallback: self.args.fallback(),
            max_steps: self.args.max_steps.map_or(MAX_STEPS, NonZeroUsize::get),
            whole: part.whole,
            began: chrono::Utc::now(),
        };
        Rehearsal::new(part.story.call.provider, &part.story.recorded, part.start, setting)
            .ok_or_else(|| Stop::new(Exit::Nothing, "the request belongs to no call"))
    }

    /// Sends the requests one after the other, and tells each; dropped, it is given up. Where an answer is none, as `restarts` says, it
    /// ends without telling it.
    pub(super) async fn run(
        &self,
        part: Part<'_>,
        rehearsal: &mut Rehearsal<'_>,
        pinned: &Pinned,
        (tally, round): (&mut Tally, Option<u32>),
        restarts: impl Fn(&Followed) -> bool,
        out: &mut impl Write,
    ) -> Result<End, Aborted<Untold>> {
        let mut options = self.options.clone();
        options.mark = self.mark.then(|| part.story.exchanges[part.start].name());
        let sending = Sending {
            provider: part.story.call.provider,
            target: self.target,
            options: &options,
            pinned,
        };
        let mut replays = self.view.store.clone().map(Replays::new);
        let mut told_before = Vec::new();
        rehearse(rehearsal, sending, |step, done| {
            if restarts(done) {
                return Err(Untold::Restarts);
            }
            tally.sent += 1;
            tally.passed += usize::from(done.verdict.pass());
            tally.unreachable |= is_unreachable(done);
            if let Some(replays) = &mut replays {
                self.keep(part.story, step, done, replays);
            }
            let notes = new_notes(&mut told_before, step, done);
            Ok(self.tell(part, (step, &notes), done, round, out)?)
        })
        .await
    }

    /// Tells how a rehearsal ended; true where it passes.
    pub(super) fn ended(
        &self,
        part: Part<'_>,
        rehearsal: &Rehearsal<'_>,
        ended: &End,
        (tally, round): (&Tally, Option<u32>),
        out: &mut impl Write,
    ) -> std::io::Result<bool> {
        let unmet = rehearsal.unmet();
        // Other input may lead another way.
        let edits = &self.options.edits;
        let unreached = if ended.how.proper() && edits.set.is_empty() && edits.unset.is_empty() {
            rehearsal.unreached()
        } else {
            Vec::new()
        };
        let left = part.story.left(&unreached);
        let Tally { sent, passed, .. } = *tally;
        if self.view.json {
            let call = part.story.call.id.to_string();
            json::line(out, &end_line(&call, ended, (&unmet, &left), (sent, passed), round))?;
        } else {
            end(&self.view.page, out, ended, &left, (sent, passed))?;
        }
        out.flush()?;
        // In a round that did not come to the end of the call, that is nothing new.
        if ended.how != Ended::Interrupted && (round.is_none() || ended.how.proper()) {
            for text in &unmet {
                say(text);
            }
        }
        Ok(ended.how.proper() && passed == sent && rehearsal.all_met())
    }

    fn tell(
        &self,
        Part { story, start, .. }: Part<'_>,
        (at, notes): (&Step, &[String]),
        done: &Followed,
        round: Option<u32>,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let met = story.met(self.view, at, done);
        if self.view.json {
            // The recorded outcome of a step that was not recorded is not that of the first.
            let mut exchange = met.as_ref().map_or(story.exchanges[start], |m| m.exchange).clone();
            if met.is_none() {
                exchange.outcome = crate::model::Outcome::Unknown;
            }
            let replay = json::replay(&exchange, story.call, &done.plan, &done.sent, &done.verdict, &[]);
            json::line(out, &step_line(at, replay, met.as_ref().and_then(|m| m.differs), round))?;
        } else {
            step(&self.view.page, out, at, parts(done), met.as_ref(), notes)?;
        }
        out.flush()
    }

    /// Keeps what became of a request of the store's; steps that were not recorded belong to none.
    fn keep(&self, story: &Story<'_>, step: &Step, done: &Followed, replays: &mut Replays) {
        let Some((exchange, recorded)) = step.recorded.map(|n| (story.exchanges[n], &story.recorded[n])) else {
            return;
        };
        let Some(event) = self.view.session.event_of(exchange.place) else {
            return;
        };
        let (request, call) = (exchange.name(), story.call.id.to_string());
        let attempted = Attempted {
            event,
            request: &request,
            call: story.call.real.then_some(call.as_str()),
            at: read::now(),
            plan: &done.plan,
            sent: &done.sent,
            verdict: &done.verdict,
            recorded: &recorded.request,
            changed: None,
            edits: &self.options.edits,
            token: self.options.auth_token.as_ref(),
        };
        replays.keep_or_tell(&attempted.to_keep(), |text| say(&text));
    }
}

/// What is to be noted at a step and was not at one before: most of what is true of one request is true of all.
fn new_notes(told_before: &mut Vec<String>, step: &Step, done: &Followed) -> Vec<String> {
    let mut notes: Vec<String> = step.notes.iter().chain(&done.plan.notes).cloned().collect();
    notes.retain(|note| !told_before.contains(note));
    told_before.extend(notes.iter().cloned());
    notes
}
