//! `replay --follow-answers` and `replay --fallback`: a whole call rehearsed, and what the platform does with a failing answer.
//!
//! The way through the call is [`crate::replay::rehearsal`]'s; here are the options, the recording as it wants it, and what is printed.

use std::io::Write;
use std::num::NonZeroUsize;

use super::super::args::Replay;
use super::super::{Exit, Stop, read, say};
use super::batch::{INTERRUPT, interrupted};
use super::caller::Rehearse;
use super::choose::choose;
use super::ready::Ready;
use super::story::Story;
use super::{agreed, dry_run, refused};
use crate::call::Call;
use crate::model::{Provider, RequestKind};
use crate::output::rehearsal::{end, end_line, parts, step, step_line};
use crate::output::{json, kept::Attempted};
use crate::replay::rehearsal::{
    Aborted, End, Ended, Fallback, MAX_STEPS, Rehearsal, Sending, Setting, Step, Wishes, is_document, rehearse,
};
use crate::replay::{Followed, Options, Pinned, Target};
use crate::store::Replays;

/// Everything that the rehearsals of a run share.
struct Stage<'a> {
    args: &'a Rehearse,
    view: &'a read::View,
    target: &'a Target,
    options: &'a Options,
    /// `--replay-header`.
    mark: bool,
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
    let stage = Stage {
        args: &args.rehearse,
        view,
        target,
        options,
        mark: args.bench.replay_header,
    };
    stage.fallback_is_known(&story)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fine = runtime.block_on(async {
        let pinned = target.resolve().await.map_err(|e| refused(&e))?;
        stage.play(&story, start, (true, wishes), &pinned, out).await
    })?;
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
    agreed(ready, target, args.bench.yes)?;
    let stage = Stage {
        args: &args.rehearse,
        view,
        target,
        options,
        mark: args.bench.replay_header,
    };
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
            match stage
                .play(story, *start, (false, Wishes::default()), &pinned, out)
                .await?
            {
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

impl Stage<'_> {
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

    /// Rehearses from one request; done where every answer passed, the call came to its end, and the caller did all that was wished.
    async fn play(
        &self,
        story: &Story<'_>,
        start: usize,
        (whole, wishes): (bool, Wishes),
        pinned: &Pinned,
        out: &mut impl Write,
    ) -> anyhow::Result<Exit> {
        let setting = Setting {
            wishes,
            also_own: std::iter::once(self.target.to_string())
                .chain(self.options.public_url.clone())
                .collect(),
            fallback: self.args.fallback(),
            max_steps: self.args.max_steps.map_or(MAX_STEPS, NonZeroUsize::get),
            whole,
            began: chrono::Utc::now(),
        };
        let provider = story.call.provider;
        let mut rehearsal = Rehearsal::new(provider, &story.recorded, start, setting)
            .ok_or_else(|| Stop::new(Exit::Nothing, "the request belongs to no call"))?;
        let mut options = self.options.clone();
        options.mark = self.mark.then(|| story.exchanges[start].name());
        let sending = Sending {
            provider,
            target: self.target,
            options: &options,
            pinned,
        };
        let mut replays = self.view.store.clone().map(Replays::new);
        if !self.view.json {
            self.view.page.heading(out, &self.view.session, story.call)?;
        }
        let (mut sent, mut passed, mut told_before) = (0, 0, Vec::new());
        let played = rehearse(&mut rehearsal, sending, |step, done| {
            sent += 1;
            passed += usize::from(done.verdict.pass());
            if let Some(replays) = &mut replays {
                self.keep(story, step, done, replays);
            }
            let notes = new_notes(&mut told_before, step, done);
            self.tell(story, start, (step, &notes), done, out)
        });
        let (played, signal) = tokio::select! {
            biased;
            number = interrupted() => (Ok(stopped(number)), Some(number)),
            played = played => (played, None),
        };
        let ended = played.map_err(|aborted| match aborted {
            Aborted::Plan(e) => Stop::usage(format!("{}: {e}", story.exchanges[start].name())).into(),
            Aborted::Told(e) => anyhow::Error::from(e),
        })?;
        let unmet = rehearsal.unmet();
        if self.view.json {
            let call = story.call.id.to_string();
            json::line(out, &end_line(&call, &ended, &unmet, sent, passed))?;
        } else {
            end(&self.view.page, out, &ended, sent, passed)?;
        }
        out.flush()?;
        if let Some(number) = signal {
            return Ok(Exit::Signal(number));
        }
        for text in &unmet {
            say(text);
        }
        let fine = ended.how.proper() && passed == sent && rehearsal.all_met();
        Ok(if fine { Exit::Done } else { Exit::No })
    }

    fn tell(
        &self,
        story: &Story<'_>,
        start: usize,
        (at, notes): (&Step, &[String]),
        done: &Followed,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let met = story.met(self.view, at);
        if self.view.json {
            // The recorded outcome of a step that was not recorded is not that of the first.
            let mut exchange = met.as_ref().map_or(story.exchanges[start], |m| m.exchange).clone();
            if met.is_none() {
                exchange.outcome = crate::model::Outcome::Unknown;
            }
            let replay = json::replay(&exchange, story.call, &done.plan, &done.sent, &done.verdict, &[]);
            json::line(out, &step_line(at, replay))?;
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
