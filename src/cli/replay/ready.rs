//! Chosen requests with what will be sent for each: edited where the user edited it, planned before anything is sent.

use super::super::{Stop, say};
use super::choose::Chosen;
use crate::model::{Request, Time};
use crate::output::changes::{Change, changes};
use crate::output::har::Hidden;
use crate::replay::{Edits, Followed, Options, Pinned, Plan, Target, plan, send_following};

/// A request as the editor left it.
pub(super) struct Draft {
    /// In place of the recorded one.
    pub(super) request: Request,
    /// Headers that were changed.
    pub(super) headers: Vec<(String, String)>,
}

/// A request that can be sent.
pub(super) struct Ready<'a> {
    pub(super) chosen: Chosen<'a>,
    /// None: as recorded.
    draft: Option<Draft>,
    /// Those of the command and of the draft.
    pub(super) options: Options,
    pub(super) plan: Plan,
}

impl<'a> Ready<'a> {
    /// Plans a request; `mark`: with the header that names it.
    pub(super) fn new(
        chosen: Chosen<'a>,
        draft: Option<Draft>,
        target: &Target,
        options: &Options,
        mark: bool,
    ) -> Result<Self, Stop> {
        let mut options = options.clone();
        if let Some(draft) = &draft {
            options.edited = true;
            let given = std::mem::take(&mut options.edits.headers);
            let named = |name: &str| given.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            // What the command line says of a header holds for all requests.
            let own = draft.headers.iter().filter(|(n, _)| !named(n)).cloned();
            options.edits.headers = own.chain(given.iter().cloned()).collect();
        }
        options.mark = mark.then(|| chosen.exchange.name());
        let request = draft.as_ref().map_or(&chosen.detail.request, |d| &d.request);
        let plan = plan(chosen.call.provider, chosen.exchange.kind, request, target, &options)
            .map_err(|e| Stop::usage(format!("{}: {e}", chosen.exchange.name())))?;
        Ok(Self {
            chosen,
            draft,
            options,
            plan,
        })
    }

    /// What is sent: as recorded, or as edited.
    pub(super) fn request(&self) -> &Request {
        self.draft.as_ref().map_or(&self.chosen.detail.request, |d| &d.request)
    }

    /// As recorded and as edited, where it was.
    pub(super) fn changed(&self) -> Option<(&Request, &Request)> {
        let draft = self.draft.as_ref()?;
        Some((&self.chosen.detail.request, &draft.request))
    }

    pub(super) fn edits(&self) -> &Edits {
        &self.options.edits
    }

    /// What of the recorded request is sent otherwise.
    pub(super) fn changes(&self) -> Vec<Change> {
        let hidden = Hidden::new(self.options.auth_token.as_ref());
        changes(&self.chosen.detail.request, self.request(), self.edits(), hidden)
    }

    /// Its call, as a number.
    pub(super) fn call(&self) -> u32 {
        self.chosen.exchange.call
    }

    /// Sends it once.
    pub(super) async fn send(&self, target: &Target, pinned: &Pinned) -> Answered {
        let at = super::super::read::now();
        let (provider, kind) = (self.chosen.call.provider, self.chosen.exchange.kind);
        let first = self.plan.clone();
        let done = send_following(provider, kind, self.request(), first, target, &self.options, pinned).await;
        Answered { at, done }
    }

    /// Says what differs from the recorded request.
    pub(super) fn say_notes(&self) {
        for note in &self.plan.notes {
            say(&format!("{}: {note}", self.chosen.exchange.name()));
        }
    }
}

/// What became of one attempt.
pub(super) struct Answered {
    /// When it was sent.
    pub(super) at: Time,
    pub(super) done: Followed,
}

impl Answered {
    pub(super) fn passes(&self) -> bool {
        self.done.verdict.pass()
    }

    /// Nobody took the connection.
    pub(super) fn is_unreachable(&self) -> bool {
        is_unreachable(&self.done)
    }
}

/// Nobody took the connection.
pub(super) fn is_unreachable(done: &Followed) -> bool {
    done.sent.peer.is_none() && done.sent.error.is_some()
}
