//! `redial export`: recorded requests taken along, in the formats of other tools, and calls as a page to show around.
//!
//! `planned` writes what would be sent (curl, http, har), `page` the page of calls; the results of tests (`JUnit`) are here and cases
//! [`super::case`]'s. What a format looks like is [`crate::output::export`]'s.

mod page;
mod planned;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{Choice, Read};
use super::diagnose::Cause;
use super::replay::choose::{Chosen, choose};
use super::{Exit, Stop, case, config, read, say};
use crate::config::Sign;
use crate::output::export::{Asked, asked, junit};
use crate::output::har::Hidden;
use crate::output::pseudonym::Pseudonyms;
use crate::output::safe::printable_lines;
use crate::output::text::count;

/// What stands in for what is personal.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Redaction {
    /// Stand-ins for numbers, ids, names and addresses, and but for cases for what was said and entered, the same for the same value
    /// [default for html and case]
    #[arg(long, conflicts_with = "no_redact")]
    pub(super) redact: bool,
    /// Leave numbers, ids and names as they were recorded; what lets somebody in is never in a page or a case
    #[arg(long)]
    pub(super) no_redact: bool,
}

#[derive(Args, Debug)]
pub(super) struct Export {
    #[command(flatten)]
    pub(super) read: Read,
    /// The format
    #[arg(id = "as", long, value_enum, value_name = "FORMAT")]
    pub(super) format: Format,
    /// The file, for `case` the folder [default: standard output; for `case` redial-cases]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// As it would be sent there: scheme, host and port [default: the recorded URL]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    #[command(flatten)]
    pub(super) choice: Choice,
    /// `X-Twilio-Signature` [default: strip]
    #[arg(long, value_enum)]
    pub(super) sign: Option<Sign>,
    /// Sign for this URL and send `Host` and `X-Forwarded-*` for it
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
    #[command(flatten)]
    pub(super) redaction: Redaction,
    /// With `case`: write over files that are there
    #[arg(long)]
    pub(super) force: bool,
}

/// What an export is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Commands for a shell
    Curl,
    /// One .http file, for REST clients of editors
    Http,
    /// HTTP Archive 1.2, with the recorded answers
    Har,
    /// `JUnit` XML: requests as tests, by call
    Junit,
    /// One page with the story of the calls, to show around
    Html,
    /// Case files, as `redial case save` writes them
    Case,
}

impl Export {
    fn redacts(&self) -> bool {
        let by_default = matches!(self.format, Format::Html | Format::Case);
        self.redaction.redact || by_default && !self.redaction.no_redact
    }

    /// What stands in for what; none where all stays.
    fn names(&self) -> Option<Pseudonyms> {
        match self.format {
            _ if self.redacts() => Some(Pseudonyms::new()),
            Format::Html | Format::Case => Some(Pseudonyms::of_secrets()),
            _ => None,
        }
    }

    fn says_how_to_send(&self) -> bool {
        self.to.is_some() || self.sign.is_some() || self.public_url.is_some()
    }
}

/// Runs the command.
pub(super) fn run(args: &Export, out: &mut impl Write) -> anyhow::Result<Exit> {
    check(args)?;
    if args.format == Format::Case {
        return case::save(&case::Save::from(args), out);
    }
    if args.format == Format::Html {
        return page::page(args, out);
    }
    let view = open(&args.read)?;
    let chosen = chosen(&args.choice, &view)?;
    let mut all = taken(&view, chosen, args.sign == Some(Sign::Keep));
    if let Some(mut names) = args.names() {
        redact(&mut all, &mut names);
    }
    let exit = view.exit();
    let (text, left_out) = match args.format {
        Format::Junit => (suites(&all), 0),
        Format::Har => (planned::archive(args, &all)?, 0),
        _ => planned::texts(args, &all)?,
    };
    if all.len() == left_out {
        return Err(Stop::new(Exit::Nothing, "none of the chosen requests can be sent again").into());
    }
    give(args, &text, &count(all.len() - left_out, "request"), out)?;
    Ok(exit)
}

/// What does not go together.
fn check(args: &Export) -> Result<(), Stop> {
    let follow = "export writes what is there and ends: leave --follow out";
    let sent = matches!(args.format, Format::Curl | Format::Http | Format::Har);
    match () {
        () if args.read.look.follow => Err(Stop::usage(follow)),
        () if args.read.look.json && args.format != Format::Case => Err(Stop::usage(
            "an export is no JSON lines: `redial replay --list --json` and `redial show --json` give those",
        )),
        () if args.says_how_to_send() && !sent => Err(Stop::usage(
            "--to, --sign and --public-url say how requests are sent: they go with curl, http and har",
        )),
        () => Ok(()),
    }
}

/// The inputs, findings of all levels with them.
pub(super) fn open(read: &Read) -> anyhow::Result<read::View> {
    let mut read = read.clone();
    read.look.level = None;
    read::open(&read, None, true)
}

/// The requests that `replay` would choose; an end when there are none.
pub(super) fn chosen<'v>(choice: &Choice, view: &'v read::View) -> anyhow::Result<Vec<Chosen<'v>>> {
    let found = choose(choice, &Cause::default(), false, view)?;
    if found.is_empty() {
        let why = "no failed request in the input; --all chooses those that went well too";
        return Err(Stop::new(Exit::Nothing, format!("{why}; `redial replay --list --all` shows them")).into());
    }
    Ok(found)
}

/// Requests without the headers that let somebody in and without the auth token.
pub(super) fn taken(view: &read::View, chosen: Vec<Chosen<'_>>, signature: bool) -> Vec<Asked> {
    let token = config::credentials().0.auth_token;
    let hidden = Hidden::new(token.as_ref());
    let mut all: Vec<Asked> = chosen
        .into_iter()
        .map(|c| asked(&view.session, c.call, c.exchange, c.detail))
        .collect();
    for a in &mut all {
        a.hide(hidden, signature);
    }
    all
}

/// Stand-ins in all of them, the same for the same value.
pub(super) fn redact(all: &mut [Asked], names: &mut Pseudonyms) {
    for a in &*all {
        a.teach(names);
    }
    for a in all {
        a.redact(names);
    }
}

fn suites(all: &[Asked]) -> String {
    let mut calls: Vec<&str> = Vec::new();
    for a in all {
        if !calls.contains(&a.call.as_str()) {
            calls.push(&a.call);
        }
    }
    let suites: Vec<junit::Suite> = calls
        .iter()
        .map(|call| {
            let of_call: Vec<&Asked> = all.iter().filter(|a| a.call == **call).collect();
            let name = if call.is_empty() {
                "not part of a call".to_owned()
            } else {
                format!("{} {call}", of_call[0].provider)
            };
            junit::Suite::of_call(&name, &of_call)
        })
        .collect();
    junit::file("redial", &suites)
}

/// Writes the text to where it is wanted.
fn give(args: &Export, text: &str, what: &str, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(path) = &args.output {
        std::fs::write(path, text).map_err(|e| Stop::usage(format!("{}: cannot write it: {e}", path.display())))?;
        say(&format!("{what} written to {}", path.display()));
        return Ok(());
    }
    if std::io::stdout().is_terminal() {
        for line in printable_lines(text) {
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    out.write_all(text.as_bytes())?;
    Ok(())
}
