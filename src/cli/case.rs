//! `redial case`: failing requests kept as files of a repository, and sent again there until they pass.
//!
//! What such a file says is [`crate::output::case`]'s; here are the files, their names, and the runs. One case is one attempt.

mod run;
mod save;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Exit;
use super::args::{Choice, Read, Sending};
use super::export::{Export, Redaction};

pub(super) use save::save;

#[derive(Args, Debug)]
pub(super) struct CaseArgs {
    #[command(subcommand)]
    command: CaseCommand,
}

#[derive(Debug, Subcommand)]
enum CaseCommand {
    /// Keep failed requests as files, one each, without secrets
    Save(Box<SaveArgs>),
    /// Send the cases again and hold each answer against what its file expects
    Run(Box<RunArgs>),
}

#[derive(Args, Debug)]
struct SaveArgs {
    #[command(flatten)]
    read: Read,
    #[command(flatten)]
    choice: Choice,
    /// The folder
    #[arg(long, value_name = "FOLDER", default_value = "cases")]
    dir: PathBuf,
    /// The name of the file, without its ending; several get a number
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    redaction: Redaction,
}

/// What is to be saved, by either command.
pub(super) struct Save {
    pub(super) read: Read,
    pub(super) choice: Choice,
    pub(super) dir: PathBuf,
    pub(super) name: Option<String>,
    pub(super) force: bool,
    pub(super) redacts: bool,
}

impl From<&SaveArgs> for Save {
    fn from(a: &SaveArgs) -> Self {
        Self {
            read: a.read.clone(),
            choice: a.choice.clone(),
            dir: a.dir.clone(),
            name: a.name.clone(),
            force: a.force,
            redacts: !a.redaction.no_redact,
        }
    }
}

impl From<&Export> for Save {
    fn from(a: &Export) -> Self {
        Self {
            read: a.read.clone(),
            choice: a.choice.clone(),
            dir: a.output.clone().unwrap_or_else(|| "redial-cases".into()),
            name: None,
            force: a.force,
            redacts: !a.redaction.no_redact,
        }
    }
}

#[derive(Args, Debug)]
struct RunArgs {
    /// Case files (*.http), or folders of them
    #[arg(value_name = "PATH", default_value = "cases")]
    paths: Vec<PathBuf>,
    /// Write the results to this file, as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sending: Sending,
}

/// Runs the command.
pub(super) fn run(args: &CaseArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    match &args.command {
        CaseCommand::Save(a) => save(&Save::from(&**a), out),
        CaseCommand::Run(a) => run::run(a, out),
    }
}
