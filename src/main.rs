//! `redial`: parses the arguments, runs, gives the exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    redial::cli::run(std::env::args_os())
}
