//! The command line: arguments to options, one file per command, errors to exit codes.

mod args;
mod calls;
mod case;
mod check;
mod checkpoint;
mod closing;
mod config;
mod diagnose;
mod errors;
mod export;
mod filters;
mod grouped;
mod inputs;
mod listen;
mod live;
mod man;
mod packs;
mod progress;
mod pull;
mod read;
mod replay;
mod service;
mod show;
mod sign;
mod store;
mod store_path;
mod ui;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

pub use args::Cli;
use args::Command;

/// How a command ended, as the contract's exit codes; a signal's is 128 and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; every answer passes.
    Done,
    /// The answer is no.
    No,
    /// Could not do it.
    Failed,
    /// Refused: the replay target is not allowed.
    Refused,
    /// Nothing matched.
    Nothing,
    /// Ended by a signal, of this number.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> Self {
        Self::from(match e {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Failed => 2,
            Exit::Refused => 3,
            Exit::Nothing => 4,
            // As shells and supervisors know it.
            Exit::Signal(number) => number.saturating_add(128),
        })
    }
}

/// An end with a message for standard error.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Stop {
    exit: Exit,
    message: String,
}

impl Stop {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }
}

/// Runs the program with its arguments; writes its own messages.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(args) {
        Ok(m) => m,
        Err(e) => {
            // A closed pipe is no reason to complain.
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(c) => c,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(2);
        }
    };
    let out = io::stdout();
    let mut out = io::BufWriter::with_capacity(1 << 16, out.lock());
    let result = dispatch(cli, &mut out).and_then(|e| out.flush().map(|()| e).map_err(Into::into));
    match result {
        Ok(exit) => exit.into(),
        Err(e) => end(&e),
    }
}

/// The command line, with what options of many commands mean at one.
fn command() -> clap::Command {
    Cli::command().mut_subcommand("export", |export| {
        export.mut_arg("json", |json| {
            json.help("With `--as case`: one JSON object a file; no other format has JSON lines")
        })
    })
}

fn dispatch(cli: Cli, out: &mut impl Write) -> anyhow::Result<Exit> {
    match cli.command {
        None if ui::has_terminal(&cli.read.look) => ui::run(&cli.read, &cli.ui),
        None if cli.ui.has_services() => listen::beside(&cli.read, &cli.ui, out),
        None => errors::run(
            &args::Errors {
                read: cli.read,
                fail: false,
                group: false,
            },
            out,
        ),
        Some(Command::Errors(a)) => errors::run(&a, out),
        Some(Command::Calls(a)) => calls::run(&a, out),
        Some(Command::Show(a)) => show::run(&a, out),
        Some(Command::Replay(a)) => replay::run(&a, out),
        Some(Command::Export(a)) => export::run(&a, out),
        Some(Command::Case(a)) => case::run(&a, out),
        Some(Command::Check(a)) => check::run(&a, out),
        Some(Command::Sign(a)) => sign::run(&a, out),
        Some(Command::Pull(a)) => pull::run(&a, out),
        Some(Command::Filters(a)) => filters::run(&a, out),
        Some(Command::Listen(a)) => listen::run(&a, out),
        Some(Command::Proxy(a)) => listen::proxy(&a, out),
        Some(Command::Store(a)) => store::run(&a, out),
        Some(Command::Demo(a)) => ui::demo(&a),
        Some(Command::Config(a)) => config::run(&a, out),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut command(), "redial", out);
            Ok(Exit::Done)
        }
        Some(Command::Man { command }) => man::run(&command, out),
    }
}

/// Prints an error once and gives its exit code; a closed pipe ends the program quietly.
fn end(e: &anyhow::Error) -> ExitCode {
    if e.chain().any(is_closed_pipe) {
        return ExitCode::SUCCESS;
    }
    let exit = e.downcast_ref::<Stop>().map_or(Exit::Failed, |s| s.exit);
    let text = format!("{e:#}");
    let mut err = io::stderr().lock();
    for (n, line) in crate::output::safe::printable_lines(&text).enumerate() {
        let lead = if n == 0 { "redial: " } else { "" };
        let _ = writeln!(err, "{lead}{line}");
    }
    exit.into()
}

fn is_closed_pipe(e: &(dyn std::error::Error + 'static)) -> bool {
    let io = e.downcast_ref::<io::Error>().map(io::Error::kind);
    let json = e
        .downcast_ref::<serde_json::Error>()
        .and_then(serde_json::Error::io_error_kind);
    io.or(json) == Some(io::ErrorKind::BrokenPipe)
}

/// Columns that text for people is wrapped at: those of the terminal, within reason; 80 where there is none.
fn columns() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stdout());
    terminal.map_or(80, |(width, _)| usize::from(width.0)).clamp(40, 120)
}

/// A line on standard error.
fn say(text: &str) {
    let mut err = io::stderr().lock();
    for line in crate::output::safe::printable_lines(text) {
        let _ = writeln!(err, "redial: {line}");
    }
}
