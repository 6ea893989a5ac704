//! The thread that sends: attempts in order, one at a time, given up at once when told to.
//!
//! It has a runtime of its own, so that neither a slow answer nor judging a huge one holds the keys up.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::answer::answered;
use super::data::{Attempt, AttemptState};
use super::msg::Msg;
use super::runtime::Out;
use crate::model::Request;
use crate::replay::{Options, send_following};

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Job {
    /// The attempt.
    pub(super) attempt: Attempt,
}

/// The near end of the thread.
#[derive(Debug)]
pub(super) struct Sender {
    jobs: mpsc::UnboundedSender<(u64, Job)>,
    /// Jobs of rounds before this one are given up.
    round: watch::Sender<u64>,
}

impl Sender {
    /// Starts the thread.
    pub(super) fn start(options: Arc<Options>, out: Out) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (round, rounds) = watch::channel(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("replays".to_owned())
            .spawn(move || runtime.block_on(work(queue, rounds, &options, &out)))?;
        Ok(Self { jobs, round })
    }

    /// Sends behind what is already queued.
    pub(super) fn send(&self, job: Job) {
        // A thread that is gone has nothing to send any more.
        let _ = self.jobs.send((*self.round.borrow(), job));
    }

    /// Gives up what is queued and what is on its way.
    pub(super) fn cancel(&self) {
        self.round.send_modify(|n| *n += 1);
    }
}

async fn work(
    mut queue: mpsc::UnboundedReceiver<(u64, Job)>,
    mut rounds: watch::Receiver<u64>,
    options: &Options,
    out: &Out,
) {
    while let Some((round, job)) = queue.recv().await {
        let number = job.attempt.number;
        let state = if *rounds.borrow_and_update() > round {
            AttemptState::Cancelled
        } else {
            out.say(Msg::Attempt(number, AttemptState::InFlight));
            tokio::select! {
                biased;
                changed = rounds.wait_for(|now| *now > round) => {
                    if changed.is_err() {
                        return;
                    }
                    AttemptState::Cancelled
                }
                state = attempt(&job, options) => state,
            }
        };
        out.say(Msg::Attempt(number, state));
    }
}

async fn attempt(job: &Job, options: &Options) -> AttemptState {
    let pinned = match job.attempt.target.resolve().await {
        Ok(p) => p,
        Err(e) => return AttemptState::Refused(e.to_string()),
    };
    let a = &job.attempt;
    let (recorded, options) = match &a.draft {
        None => (&*a.recorded, options.clone()),
        Some(d) => (
            &d.recorded,
            Options {
                edits: d.edits.clone(),
                edited: true,
                ..options.clone()
            },
        ),
    };
    let request: &Request = &recorded.request;
    let plan = (*a.plan).clone();
    let followed = send_following(
        recorded.provider,
        recorded.kind,
        request,
        plan,
        &a.target,
        &options,
        &pinned,
    )
    .await;
    AttemptState::Done(Arc::new(answered(followed)))
}
