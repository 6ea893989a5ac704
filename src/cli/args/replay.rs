//! What is sent again, where to and how.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::Read;
use crate::cli::Stop;
use crate::cli::diagnose::Cause;
use crate::cli::replay::Rehearse;
use crate::config::{Given, Settings, Sign};
use crate::replay::batch::{Limits, Rate};

/// Where replays go.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Where {
    /// Where replays go: scheme, host and port of your server [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) to: Option<String>,
    /// Allow a target that is not this machine
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) allow_host: Vec<String>,
}

/// How requests are sent, by whichever command.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Sending {
    #[command(flatten)]
    pub(in crate::cli) replays: Where,
    /// `X-Twilio-Signature` [default: resign when `TWILIO_AUTH_TOKEN` is set]
    #[arg(long, value_enum)]
    pub(in crate::cli) sign: Option<Sign>,
    /// Sign for this URL and send `Host` and `X-Forwarded-*` for it
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) public_url: Option<String>,
    /// Seconds to wait for an answer [default: 15]
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) timeout: Option<f64>,
}

impl Sending {
    /// What this says of the settings.
    pub(in crate::cli) fn given(&self) -> Result<Given, Stop> {
        let bad = |t: f64| Stop::usage(format!("--timeout {t}: give seconds, such as 15"));
        Ok(Given {
            target: self.replays.to.clone(),
            allow_hosts: self.replays.allow_host.clone(),
            public_url: self.public_url.clone(),
            sign: self.sign,
            timeout: self
                .timeout
                .map(|t| Settings::timeout_of(t).ok_or_else(|| bad(t)))
                .transpose()?,
            ..Given::default()
        })
    }
}

/// Which recorded requests are meant: without an option those that failed.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Choice {
    /// This request, whatever became of it (its id, or the beginning of it); may be given again
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) request: Vec<String>,
    /// Only the last of them
    #[arg(long)]
    pub(in crate::cli) last: bool,
    /// Also requests that went well
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    pub(in crate::cli) read: Read,
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    #[command(flatten)]
    pub(in crate::cli) cause: Cause,
    /// Print the requests and send nothing
    #[arg(long)]
    pub(in crate::cli) list: bool,
    /// Print exactly the bytes that would be sent
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) bench: Bench,
    #[command(flatten)]
    pub(in crate::cli) sending: Sending,
    /// Change a parameter, or in JSON a field by its path (session.from.id=…)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Leave a parameter out
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) unset: Vec<String>,
    /// Add or replace a header; `Name:` removes it
    #[arg(long, value_name = "NAME: VALUE")]
    pub(in crate::cli) header: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) rehearse: Rehearse,
}

/// How what was chosen is sent.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Bench {
    /// Open each request as an .http file in $VISUAL or $EDITOR before it is sent; an emptied file leaves it out
    #[arg(long)]
    pub(in crate::cli) edit: bool,
    /// Send again whenever a file under PATH changes or the port comes back, until every verdict passes; may be given again
    #[arg(long, value_name = "PATH", conflicts_with_all = ["list", "dry_run"])]
    pub(in crate::cli) watch: Vec<PathBuf>,
    /// Show how each answer differs from the recorded one, with --watch from the one before
    #[arg(long)]
    pub(in crate::cli) diff: bool,
    /// Do not ask before more than one request is sent
    #[arg(long, short = 'y')]
    pub(in crate::cli) yes: bool,
    /// Start at most so many requests: 5, 5/s or 30/m
    #[arg(long, value_name = "N[/s|/m]")]
    pub(in crate::cli) rate: Option<Rate>,
    /// Calls that are sent at the same time; the requests of a call stay in order
    #[arg(long, value_name = "N", default_value = "1")]
    pub(in crate::cli) jobs: NonZeroUsize,
    /// Start nothing new after an answer that does not pass
    #[arg(long)]
    pub(in crate::cli) stop_on_fail: bool,
    /// Add the header `X-Redial-Replay: ID` with the id of the recorded request
    #[arg(long)]
    pub(in crate::cli) replay_header: bool,
}

impl Bench {
    pub(in crate::cli) fn limits(&self) -> Limits {
        Limits {
            rate: self.rate,
            jobs: self.jobs,
            stop_on_fail: self.stop_on_fail,
        }
    }
}
