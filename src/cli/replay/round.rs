//! One round: each request once, as the queue lets them start, given as they are answered.

use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::super::read::View;
use super::super::say;
use super::ready::{Answered, Ready};
use crate::output::kept::Attempted;
use crate::replay::batch::{Limits, Next, Queue};
use crate::replay::{Pinned, Target};
use crate::store::Replays;

/// What every round needs.
pub(super) struct Sending<'a> {
    pub(super) view: &'a View,
    pub(super) ready: &'a [Ready<'a>],
    pub(super) target: &'a Target,
    pub(super) pinned: &'a Pinned,
    pub(super) limits: Limits,
}

type Attempt<'a> = Pin<Box<dyn Future<Output = (usize, Answered)> + 'a>>;

/// Requests on their way. Dropped, it gives them up.
pub(super) struct Round<'a> {
    sending: &'a Sending<'a>,
    queue: Queue,
    going: FuturesUnordered<Attempt<'a>>,
    began: Instant,
}

impl<'a> Round<'a> {
    /// Of the requests of these numbers, in this order.
    pub(super) fn new(sending: &'a Sending<'a>, which: impl IntoIterator<Item = usize>) -> Self {
        let numbered = which.into_iter().map(|n| (n, sending.ready[n].call()));
        Self {
            sending,
            queue: Queue::new(numbered, sending.limits),
            going: FuturesUnordered::new(),
            began: Instant::now(),
        }
    }

    /// The next answer; none when there is no more. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<(usize, Answered)> {
        loop {
            let later = match self.queue.next(self.began.elapsed()) {
                Next::Start(n) => {
                    let (ready, s) = (&self.sending.ready[n], self.sending);
                    self.going
                        .push(Box::pin(async move { (n, ready.send(s.target, s.pinned).await) }));
                    continue;
                }
                Next::At(at) => Some(self.began + at),
                Next::Answer => None,
                Next::End => return None,
            };
            let rate = async {
                match later {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some((n, answered)) = self.going.next() => {
                    self.queue.ended(n, answered.passes());
                    return Some((n, answered));
                }
                () = rate => {}
            }
        }
    }

    /// How many were started.
    pub(super) fn started(&self) -> usize {
        self.queue.started()
    }
}

/// Keeps what became of a request of the store's.
pub(super) fn keep(view: &View, ready: &Ready<'_>, answered: &Answered, replays: &mut Replays) {
    let c = &ready.chosen;
    let Some(event) = view.session.event_of(c.exchange.place) else {
        return;
    };
    let (request, call) = (c.exchange.name(), c.call.id.to_string());
    let attempted = Attempted {
        event,
        request: &request,
        call: c.call.real.then_some(call.as_str()),
        at: answered.at,
        plan: &answered.done.plan,
        sent: &answered.done.sent,
        verdict: &answered.done.verdict,
        recorded: &c.detail.request,
        changed: ready.changed(),
        edits: ready.edits(),
        token: ready.options.auth_token.as_ref(),
    };
    replays.keep_or_tell(&attempted.to_keep(), |text| say(&text));
}
