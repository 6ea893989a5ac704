//! The options of the repair bench: many requests at once, edited ones, again and again.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::replay::batch::{Limits, Rate};

/// How what was chosen is sent.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Bench {
    /// Open each request as an .http file in $VISUAL or $EDITOR before it is sent; an emptied file leaves it out
    #[arg(long)]
    pub(super) edit: bool,
    /// Send again whenever a file under PATH changes or the port comes back, until every verdict passes; may be given again
    #[arg(long, value_name = "PATH", conflicts_with_all = ["list", "dry_run"])]
    pub(super) watch: Vec<PathBuf>,
    /// Show how each answer differs from the recorded one, with --watch from the one before
    #[arg(long)]
    pub(super) diff: bool,
    /// Do not ask before more than one request is sent
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
    /// Start at most so many requests: 5, 5/s or 30/m
    #[arg(long, value_name = "N[/s|/m]")]
    pub(super) rate: Option<Rate>,
    /// Calls that are sent at the same time; the requests of a call stay in order
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) jobs: NonZeroUsize,
    /// Start nothing new after an answer that does not pass
    #[arg(long)]
    pub(super) stop_on_fail: bool,
    /// Add the header `X-Redial-Replay: ID` with the id of the recorded request
    #[arg(long)]
    pub(super) replay_header: bool,
}

impl Bench {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            rate: self.rate,
            jobs: self.jobs,
            stop_on_fail: self.stop_on_fail,
        }
    }
}
