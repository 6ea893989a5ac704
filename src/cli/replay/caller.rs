//! The options of a rehearsal: what the caller does, and what becomes of a failing answer.

use clap::Args;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::super::Stop;
use crate::replay::rehearsal::{Fallback, Wishes};

/// Options of other ways of sending. A rehearsal may be watched, a fallback only with it.
const BENCH: [&str; 6] = ["edit", "diff", "rate", "jobs", "stop_on_fail", "diagnose"];

/// What the caller does in a rehearsal.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Rehearse {
    /// Rehearse the whole call: the first webhook, then what each answer asks for, with the caller's input as recorded; with --watch
    /// again until all of it passes
    #[arg(long, conflicts_with_all = BENCH)]
    pub(in crate::cli) follow_answers: bool,
    /// With --follow-answers, what the caller enters at a step: its number, the last part or the whole of the path that it goes to, a
    /// Tropo ask's name, or dial, record, queue, pay, refer, connect, signal (menu=2; menu=9,2 for two visits; dial=busy)
    #[arg(long, value_name = "STEP=VALUE", requires = "follow_answers")]
    pub(in crate::cli) answer: Vec<String>,
    /// With --follow-answers: the caller enters nothing at this step [default: the first that listens]
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "", requires = "follow_answers")]
    pub(in crate::cli) noinput: Vec<String>,
    /// With --follow-answers: the caller hangs up at this step [default: the first that listens]
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "", requires = "follow_answers")]
    pub(in crate::cli) hangup: Vec<String>,
    /// When an answer fails, send what Twilio sends to the fallback URL then [default: the recorded one]
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", conflicts_with_all = BENCH)]
    pub(in crate::cli) fallback: Option<String>,
    /// With --follow-answers: stop after so many requests [default: 50]
    #[arg(long, value_name = "N", requires = "follow_answers")]
    pub(in crate::cli) max_steps: Option<NonZeroUsize>,
}

impl Rehearse {
    /// An option whose value may be left out takes the input where it stands right before it: that is told, not read as a step.
    pub(super) fn leaves_input(&self, inputs: &[PathBuf]) -> Result<(), Stop> {
        if !inputs.is_empty() {
            return Ok(());
        }
        let fallback = self.fallback.iter().map(|v| ("--fallback", "URL", v));
        let noinput = self.noinput.iter().map(|v| ("--noinput", "STEP", v));
        let hangup = self.hangup.iter().map(|v| ("--hangup", "STEP", v));
        let taken = fallback.chain(noinput).chain(hangup);
        let file = |value: &str| value == "-" || !value.is_empty() && Path::new(value).exists();
        match taken.into_iter().find(|(_, _, value)| file(value)) {
            None => Ok(()),
            Some((option, what, value)) => Err(Stop::usage(format!(
                "{option} took {value} as its {what}, and no INPUT is left: put INPUT first, or write {option}={what}"
            ))),
        }
    }

    pub(super) fn wishes(&self) -> Result<Wishes, Stop> {
        Wishes::parse(&self.answer, &self.noinput, &self.hangup).map_err(|e| Stop::usage(e.to_string()))
    }

    pub(super) fn fallback(&self) -> Option<Fallback> {
        self.fallback.as_deref().map(|at| match at.trim() {
            "" => Fallback::Recorded,
            at => Fallback::At(at.to_owned()),
        })
    }
}
