//! What `replay` does about causes: one request of each, and the question which URL a refused one should be signed for.

use clap::Args;

use super::grouped::with_progress;
use crate::call::{Call, Exchange};
use crate::replay::is_refused;
use crate::session::Session;
use crate::session::groups::{Answers, one_each};

/// Options of `replay`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Cause {
    /// Only the latest request of each cause: code, endpoint and answer, as `errors --group` puts them together
    #[arg(long)]
    pub(super) one_per_group: bool,
    /// Of a request that the app answers with 400, 401 or 403: send it signed for each URL that the app may rebuild, until one is
    /// accepted, and say which setting mends that
    #[arg(long, conflicts_with_all = ["list", "dry_run", "sign"])]
    pub(super) diagnose: bool,
}

impl Cause {
    /// Narrows what was chosen, in its order. A diagnosis takes several attempts, and one request of a cause is enough for it: of what was not
    /// `named`, only those that were refused, one of each.
    pub(super) fn narrow<'a>(
        &self,
        session: &'a Session,
        mut chosen: Vec<(&'a Call, &'a Exchange)>,
        named: bool,
    ) -> Vec<(&'a Call, &'a Exchange)> {
        let diagnose = self.diagnose && !named;
        if diagnose && chosen.iter().any(|(_, e)| is_refused(e.status)) {
            chosen.retain(|(_, e)| is_refused(e.status));
        }
        if !(self.one_per_group || diagnose) {
            return chosen;
        }
        let exchanges: Vec<&Exchange> = chosen.iter().map(|(_, e)| *e).collect();
        let kept = with_progress(|progress| one_each(session, &exchanges, &mut Answers::default(), progress));
        let kept: std::collections::HashSet<u32> = kept.into_iter().collect();
        chosen.into_iter().filter(|(_, e)| kept.contains(&e.index)).collect()
    }
}
