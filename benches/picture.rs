//! The README's first command on a terminal of its own: the demo driven from red to green, and a picture of it on the way.
//!
//! `cargo run --example picture` writes `docs/screen.svg`; with `--check` nothing is written, the demo must only come to green, end
//! well and give the terminal back. What is run is the word-for-word first command of the README, or the words after the options.
//!
//! It is an example of the package only to be buildable by cargo; it uses none of it. Nothing here waits for a time: every key
//! is pressed when the screen shows what it is pressed for. Ports, ages and milliseconds in the picture are those of the run.

#[path = "picture/svg.rs"]
mod svg;
#[path = "picture/terminal.rs"]
mod terminal;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use terminal::Terminal;

/// Columns and rows of the terminal; the picture has a row less ([`Terminal::settle`]).
const SIZE: (u16, u16) = (120, 33);

/// Where the picture lies, from the top of the project.
const PICTURE: &str = "docs/screen.svg";

const USAGE: &str = "usage: picture [--check] [COMMAND...]";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let check = words.first().is_some_and(|w| w == "--check");
    if check {
        words.remove(0);
    }
    if words.first().is_some_and(|w| w.starts_with('-')) {
        return end(2, USAGE);
    }
    match run(&words, check) {
        Ok(said) => end(0, &said),
        Err(e) => end(1, &format!("{e:#}")),
    }
}

fn end(code: u8, text: &str) -> ExitCode {
    // Nobody is left to tell when standard error is gone too.
    let _ = writeln!(io::stderr(), "picture: {text}");
    ExitCode::from(code)
}

fn run(words: &[String], check: bool) -> anyhow::Result<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let command = if words.is_empty() {
        first_command(&top.join("README.md"))?
    } else {
        words.to_vec()
    };
    let mut terminal = Terminal::start(&command, top, SIZE)?;
    let picture = drive(&mut terminal).with_context(|| format!("`{}`", command.join(" ")))?;
    terminal.keys("\x03")?;
    terminal.ended()?;
    if check {
        return Ok(format!("`{}` came from red to green and ended well", command.join(" ")));
    }
    let file = top.join(PICTURE);
    std::fs::write(&file, picture).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(format!("wrote {PICTURE}"))
}

/// The first line of the README that a reader types: the first one of a `console` block.
fn first_command(readme: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let command = text
        .split_once("```console\n")
        .and_then(|(_, rest)| rest.lines().next())
        .context("the README has no command")?;
    Ok(command.split_whitespace().map(str::to_owned).collect())
}

/// What the screen shows, and the keys that are pressed then: the first run as the demo's hints lead through it, on its third call.
const RUN: &[(&[&str], &str)] = &[
    (&["1/6", "4 of 7 calls", "POST /voice"], "jj"),
    (&["1/6", "An unescaped & in the TwiML of /menu"], "\r"),
    (&["2/6"], "\r"),
    (&["3/6"], "r"),
    (&["4/6", "FAIL"], "M"),
    (&["5/6"], "r"),
    (&["6/6", "PASS"], "D"),
];

/// Runs the demo to its end; a picture of the last screen, where red and green stand beside each other.
fn drive(terminal: &mut Terminal) -> anyhow::Result<String> {
    for (shown, keys) in RUN {
        terminal.wait(shown)?;
        terminal.keys(keys)?;
    }
    terminal.wait(&["recorded answer against replay 2", "7 calls"])?;
    terminal.settle()?;
    Ok(svg::draw(terminal.screen()))
}
