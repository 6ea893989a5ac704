//! `replay --follow-answers` and `replay --fallback`: a whole call rehearsed, and what the platform does with a failing answer.
//!
//! The way through the call is [`crate::replay::rehearsal`]'s; here are the options, the recording as it wants it, and what is printed.

use std::io::Write;

use clap::Args;

use super::super::args::Replay;
use super::super::{Exit, Stop, read, say};
use super::choose::{Chosen, choose};
use super::ready::Ready;
use super::{dry_run, refused};
use crate::call::{Call, Exchange};
use crate::model::{Provider, RequestKind};
use crate::output::rehearsal::{Met, end, end_line, parts, step, step_line};
use crate::output::{json, kept::Attempted};
use crate::replay::rehearsal::{
    Aborted, Fallback, MAX_STEPS, Recorded, Rehearsal, Sending, Setting, Step, Wishes, is_document, rehearse,
};
use crate::replay::{Followed, Options, Pinned, Target};
use crate::session::Detail;
use crate::store::Replays;

/// What the caller does in a rehearsal.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Rehearse {
    /// Rehearse the whole call: the first webhook, then what each answer asks for, with the caller's input as recorded
    #[arg(long)]
    pub(in crate::cli) follow_answers: bool,
    /// With --follow-answers, what the caller enters at a step: its number, the last part or the whole of the path that it goes to, a
    /// Tropo ask's name, or dial, record, signal (menu=2; menu=9,2 for two visits; dial=busy)
    #[arg(long, value_name = "STEP=VALUE", requires = "follow_answers")]
    pub(in crate::cli) answer: Vec<String>,
    /// With --follow-answers: the caller enters nothing at this step [default: the first that listens]
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "", requires = "follow_answers")]
    pub(in crate::cli) noinput: Vec<String>,
    /// With --follow-answers: the caller hangs up at this step [default: the first that listens]
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "", requires = "follow_answers")]
    pub(in crate::cli) hangup: Vec<String>,
    /// When an answer fails, send what Twilio sends to the fallback URL then [default: the recorded one]
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub(in crate::cli) fallback: Option<String>,
    /// With --follow-answers: stop after so many requests [default: 50]
    #[arg(long, value_name = "N", requires = "follow_answers")]
    pub(in crate::cli) max_steps: Option<usize>,
}

impl Rehearse {
    fn wishes(&self) -> Result<Wishes, Stop> {
        Wishes::parse(&self.answer, &self.noinput, &self.hangup).map_err(|e| Stop::usage(e.to_string()))
    }

    fn fallback(&self) -> Option<Fallback> {
        self.fallback.as_deref().map(|at| match at.trim() {
            "" => Fallback::Recorded,
            at => Fallback::At(at.to_owned()),
        })
    }
}

/// A call as the rehearsal wants it.
struct Story<'a> {
    call: &'a Call,
    exchanges: Vec<&'a Exchange>,
    details: Vec<Detail>,
    recorded: Vec<Recorded>,
}

impl<'a> Story<'a> {
    fn of(view: &'a read::View, call: &'a Call) -> Self {
        let exchanges: Vec<&Exchange> = view.session.calls.exchanges_of(call).collect();
        let details = view.session.details(&exchanges);
        let recorded = exchanges.iter().zip(&details).map(|(e, d)| Recorded {
            kind: e.kind,
            request: d.request.clone(),
            response: d.response.clone(),
            failed: e.outcome.failed(),
        });
        let recorded = recorded.collect();
        Self {
            call,
            exchanges,
            details,
            recorded,
        }
    }

    /// The first webhook.
    fn start(&self) -> Result<usize, Stop> {
        let documents = || (0..self.exchanges.len()).filter(|&n| is_document(self.exchanges[n].kind));
        if let Some(n) = documents().find(|&n| self.exchanges[n].replayable()) {
            return Ok(n);
        }
        let why = match documents().find_map(|n| self.exchanges[n].why_not) {
            Some(why) => format!("the first webhook of call {} cannot be sent again: {why}", self.call.id),
            None => format!("call {} has no webhook to begin with", self.call.id),
        };
        Err(Stop::new(Exit::Nothing, why))
    }

    fn chosen(&self, n: usize) -> Chosen<'a> {
        Chosen {
            call: self.call,
            exchange: self.exchanges[n],
            detail: self.details[n].clone(),
        }
    }

    /// What the recording had at a step.
    fn met<'v>(&self, view: &'v read::View, step: &Step) -> Option<Met<'v>>
    where
        'a: 'v,
    {
        let exchange = self.exchanges[step.recorded?];
        let findings = view.session.calls.findings_of(self.call);
        let codes = findings.filter(|f| f.exchange == Some(exchange.index) && !f.hidden && !f.noise);
        let mut codes: Vec<&str> = codes.map(|f| &*f.code).collect();
        codes.dedup();
        Some(Met { exchange, codes })
    }
}

/// Everything that the rehearsals of a run share.
struct Stage<'a> {
    args: &'a Rehearse,
    view: &'a read::View,
    target: &'a Target,
    options: &'a Options,
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
    };
    stage.fallback_is_known(&story)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fine = runtime.block_on(async {
        let pinned = target.resolve().await.map_err(|e| refused(&e))?;
        stage.play(&story, start, (true, wishes), &pinned, out).await
    })?;
    close(view, out)?;
    Ok(if fine { Exit::Done } else { Exit::No })
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
    let stage = Stage {
        args: &args.rehearse,
        view,
        target,
        options,
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
        let mut fine = true;
        for (story, start) in &stories {
            fine &= stage
                .play(story, *start, (false, Wishes::default()), &pinned, out)
                .await?;
        }
        Ok::<_, anyhow::Error>(fine)
    })?;
    close(view, out)?;
    Ok(if fine { Exit::Done } else { Exit::No })
}

/// The call, and where in it to begin.
fn chosen<'a>(args: &Replay, view: &'a read::View) -> anyhow::Result<(Story<'a>, usize)> {
    if !args.request.is_empty() {
        let requests = choose(args, view)?;
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
        [.., last] if args.last => last,
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

    /// Rehearses from one request; true where every answer passed and the call came to its end.
    async fn play(
        &self,
        story: &Story<'_>,
        start: usize,
        (whole, wishes): (bool, Wishes),
        pinned: &Pinned,
        out: &mut impl Write,
    ) -> anyhow::Result<bool> {
        let setting = Setting {
            wishes,
            also_own: std::iter::once(self.target.to_string())
                .chain(self.options.public_url.clone())
                .collect(),
            fallback: self.args.fallback(),
            max_steps: self.args.max_steps.unwrap_or(MAX_STEPS),
            whole,
        };
        let provider = story.call.provider;
        let mut rehearsal = Rehearsal::new(provider, &story.recorded, start, setting)
            .ok_or_else(|| Stop::new(Exit::Nothing, "the request belongs to no call"))?;
        let sending = Sending {
            provider,
            target: self.target,
            options: self.options,
            pinned,
        };
        let mut replays = self.view.store.clone().map(Replays::new);
        if !self.view.json {
            self.view.page.heading(out, &self.view.session, story.call)?;
        }
        let (mut sent, mut passed, mut told_before) = (0, 0, Vec::new());
        let ended = rehearse(&mut rehearsal, sending, |step, done| {
            sent += 1;
            passed += usize::from(done.verdict.pass());
            if let Some(replays) = &mut replays {
                self.keep(story, step, done, replays);
            }
            let notes = new_notes(&mut told_before, step, done);
            self.tell(story, start, (step, &notes), done, out)
        })
        .await;
        let ended = ended.map_err(|aborted| match aborted {
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
        for text in &unmet {
            say(text);
        }
        Ok(ended.how.proper() && passed == sent)
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
            let replay = json::replay(&exchange, story.call, &done.plan, &done.sent, &done.verdict);
            json::line(out, &step_line(at, replay))?;
        } else {
            step(&self.view.page, out, at, parts(done), met.as_ref(), notes)?;
        }
        out.flush()
    }

    /// Keeps what became of a request of the store's; steps that were not recorded belong to none.
    fn keep(&self, story: &Story<'_>, step: &Step, done: &Followed, replays: &mut Replays) {
        let Some(exchange) = step.recorded.map(|n| story.exchanges[n]) else {
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
            changed: None,
            edits: &self.options.edits,
            token: self.options.auth_token.as_ref(),
        };
        replays.keep_or_tell(&attempted.to_keep(), |text| say(&text));
    }
}

/// What is to be told_before at a step and was not at one before: most of what is true of one request is true of all.
fn new_notes(told_before: &mut Vec<String>, step: &Step, done: &Followed) -> Vec<String> {
    let mut notes: Vec<String> = step.notes.iter().chain(&done.plan.notes).cloned().collect();
    notes.retain(|note| !told_before.contains(note));
    told_before.extend(notes.iter().cloned());
    notes
}
