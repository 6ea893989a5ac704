//! `redial export`: recorded requests taken along, in the formats of other tools, and calls as a page to show around.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use super::args::{Read, Replay};
use super::replay::choose::{Chosen, choose};
use super::{Exit, Stop, case, config, read, say};
use crate::call::{Call, Exchange};
use crate::config::Sign;
use crate::model::Severity;
use crate::output::curl::curl;
use crate::output::export::{Asked, Kept, Told, asked, har, http, junit, tell};
use crate::output::har::Hidden;
use crate::output::html;
use crate::output::pseudonym::Pseudonyms;
use crate::output::safe::{printable, printable_lines};
use crate::output::text::count;
use crate::replay::{Options, Plan, SignMode, Target, plan};
use crate::session::story::family;
use crate::store::Replays;

/// Which requests are meant.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Choice {
    /// This request, whatever became of it (its id, or the beginning of it); may be given again
    #[arg(long, value_name = "ID")]
    pub(super) request: Vec<String>,
    /// Only the last of them
    #[arg(long)]
    pub(super) last: bool,
    /// Also requests that went well
    #[arg(long)]
    pub(super) all: bool,
}

/// What stands in for what is personal.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Redaction {
    /// Stand-ins for numbers, ids, names, addresses, texts and tokens, the same for the same value [default for html and case]
    #[arg(long, conflicts_with = "no_redact")]
    pub(super) redact: bool,
    /// Leave numbers, ids and names as they were recorded
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
}

/// Runs the command.
pub(super) fn run(args: &Export, out: &mut impl Write) -> anyhow::Result<Exit> {
    check(args)?;
    if args.format == Format::Case {
        return case::save(&case::Save::from(args), out);
    }
    if args.format == Format::Html {
        return page(args, out);
    }
    let view = open(&args.read)?;
    let chosen = chosen(&args.read, &args.choice, &view)?;
    let all = taken(&view, chosen, args.redacts(), args.sign == Some(Sign::Keep));
    let exit = view.exit();
    let (text, left_out) = match args.format {
        Format::Junit => (suites(&all), 0),
        Format::Har => (archive(args, &all)?, 0),
        _ => planned_texts(args, &all)?,
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
    let of_sending = args.to.is_some() || args.sign.is_some() || args.public_url.is_some();
    match () {
        () if args.read.look.follow => Err(Stop::usage(follow)),
        () if args.read.look.json => Err(Stop::usage(
            "an export is no JSON lines: `redial replay --list --json` and `redial show --json` give those",
        )),
        () if of_sending && !sent => Err(Stop::usage(
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
pub(super) fn chosen<'v>(read: &Read, choice: &Choice, view: &'v read::View) -> anyhow::Result<Vec<Chosen<'v>>> {
    let found = choose(&as_replay(read, choice)?, view)?;
    if found.is_empty() {
        let why = "no failed request in the input; --all chooses those that went well too";
        return Err(Stop::new(Exit::Nothing, format!("{why}; `redial replay --list --all` shows them")).into());
    }
    Ok(found)
}

/// The same choice in the words of `replay`, which decides.
fn as_replay(read: &Read, choice: &Choice) -> Result<Replay, Stop> {
    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        replay: Replay,
    }
    let alone = Alone::try_parse_from(["replay"]).map_err(|e| Stop::usage(e.to_string()))?;
    Ok(Replay {
        read: read.clone(),
        request: choice.request.clone(),
        last: choice.last,
        all: choice.all,
        ..alone.replay
    })
}

/// Requests without secrets, with stand-ins where they are wanted.
pub(super) fn taken(view: &read::View, chosen: Vec<Chosen<'_>>, redacts: bool, signature: bool) -> Vec<Asked> {
    let token = config::credentials().0.auth_token;
    let hidden = Hidden::new(token.as_ref());
    let mut all: Vec<Asked> = chosen
        .into_iter()
        .map(|c| asked(&view.session, c.call, c.exchange, c.detail))
        .collect();
    for a in &mut all {
        a.hide(hidden, signature);
    }
    if redacts {
        let mut names = Pseudonyms::new();
        for a in &all {
            a.teach(&mut names);
        }
        for a in &mut all {
            a.redact(&mut names);
        }
    }
    all
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

fn archive(args: &Export, all: &[Asked]) -> anyhow::Result<String> {
    let planned = args.to.is_some() || args.sign.is_some() || args.public_url.is_some();
    let plans: Vec<Option<Plan>> = if planned {
        all.iter()
            .map(|a| plan_of(args, a).map(Some))
            .collect::<Result<_, _>>()?
    } else {
        vec![None; all.len()]
    };
    let entries: Vec<_> = all.iter().zip(plans.iter().map(Option::as_ref)).collect();
    Ok(har::log(&entries)?)
}

/// Commands or an .http file, and how many requests are left out.
fn planned_texts(args: &Export, all: &[Asked]) -> anyhow::Result<(String, usize)> {
    let mut texts = Vec::new();
    for asked in all {
        if let Some(why) = asked.why_not {
            say(&format!("{} of call {} is left out: {why}", asked.id, asked.call));
            continue;
        }
        let plan = plan_of(args, asked)?;
        let notes = notes(args, asked, &plan);
        let text = match args.format {
            Format::Http => http::request(&asked.short(), &notes, &plan),
            _ => {
                let comments: Vec<String> = notes.iter().map(|n| format!("# {}", printable(n))).collect();
                Some(format!("{}\n{}\n", comments.join("\n"), curl(&plan)?))
            }
        };
        match text {
            Some(text) => texts.push(text),
            None => say(&format!(
                "{} is left out: its body cannot stand in an .http file; --as curl can hold it",
                asked.id
            )),
        }
    }
    let left_out = all.len() - texts.len();
    Ok((texts.join("\n"), left_out))
}

/// What stands above a request.
fn notes(args: &Export, asked: &Asked, plan: &Plan) -> Vec<String> {
    let call = if asked.call.is_empty() {
        "no call".to_owned()
    } else {
        format!("call {}", asked.call)
    };
    let at = asked.at.time().map(|t| format!(" · {t}")).unwrap_or_default();
    let status = asked.status.map(|s| format!(" {s}")).unwrap_or_default();
    let mut notes = vec![
        format!("request {} of {call} · {}{at}", asked.id, asked.kind.as_str()),
        format!(
            "recorded: {}{status} · {} {}",
            asked.outcome.as_str(),
            asked.code(),
            asked.wrong()
        ),
    ];
    notes.push(match &args.to {
        Some(to) => format!("to {to}, not to the recorded URL"),
        None => "to the recorded URL: it goes to whoever answers there now".to_owned(),
    });
    notes.push(format!("signature: {}", plan.signature.as_str()));
    notes.extend(plan.notes.iter().map(|n| format!("note: {n}")));
    notes
}

fn plan_of(args: &Export, asked: &Asked) -> Result<Plan, Stop> {
    let named = |e: &dyn std::fmt::Display| Stop::usage(format!("{}: {e}", asked.id));
    let url = args.to.as_deref().or(asked.request.url.as_deref()).unwrap_or_default();
    let target = written_to(url, args.to.is_some()).map_err(|e| named(&e))?;
    let options = Options {
        sign: Some(match args.sign {
            Some(Sign::Resign) => SignMode::Resign,
            Some(Sign::Keep) => SignMode::Keep,
            Some(Sign::Strip) | None => SignMode::Strip,
        }),
        auth_token: config::credentials()
            .0
            .auth_token
            .filter(|_| args.sign == Some(Sign::Resign)),
        public_url: args.public_url.clone(),
        ..Options::default()
    };
    plan(asked.provider, asked.kind, &asked.request, &target, &options).map_err(|e| named(&e))
}

/// A target that is only written down, so that it may be anywhere: a given one, or that of a recorded URL.
fn written_to(url: &str, given: bool) -> Result<Target, crate::replay::TargetError> {
    let parsed = url::Url::parse(url.trim()).ok();
    let host: Vec<String> = parsed
        .as_ref()
        .and_then(|u| u.host_str())
        .map(str::to_owned)
        .into_iter()
        .collect();
    match parsed {
        Some(u) if !given => Target::parse(&u.origin().ascii_serialization(), &host),
        Some(_) => Target::parse(url, &host),
        None => Target::parse(url, &[]),
    }
}

/// The page of the calls with problems, or of those that were named.
fn page(args: &Export, out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut view = open(&args.read)?;
    let level = args.read.look.level.map_or(Severity::Warning, read::severity);
    view.query.level = Some(level);
    if let Some(id) = &args.read.look.call {
        // With the legs of the call, as `show` has them.
        let named = read::find_call(&view.session, id)?;
        view.query.calls = Some(family(&view.session.calls, named, false));
    }
    let mut wanted = wanted(args, &view)?;
    view.session.look_into(&view.engine, |c| wanted.contains(&c.index));
    let calls = &view.session.calls.calls;
    wanted.sort_by_key(|&n| super::errors::order(&view.session, &calls[n as usize]));
    let mut replays = view.store.clone().map(Replays::new);
    let mut kept = |e: &Exchange| kept(&view, e, replays.as_mut());
    let mut told: Vec<Told> = wanted
        .iter()
        .map(|&n| tell(&view.session, &view.query, &calls[n as usize], &mut kept))
        .collect();
    if told.is_empty() {
        let why = "no call with a problem in the input; --all takes those that went well too";
        return Err(Stop::new(Exit::Nothing, why).into());
    }
    let token = config::credentials().0.auth_token;
    for t in &mut told {
        t.hide(Hidden::new(token.as_ref()), false);
    }
    if args.redacts() {
        let mut names = Pseudonyms::new();
        for t in &told {
            t.teach(&mut names);
        }
        for t in &mut told {
            t.redact(&mut names);
        }
    }
    let about = html::About {
        redacted: args.redacts(),
    };
    give(args, &html::page(&told, &about), &count(told.len(), "call"), out)?;
    Ok(view.exit())
}

/// Numbers of the calls for the page.
fn wanted(args: &Export, view: &read::View) -> anyhow::Result<Vec<u32>> {
    if !args.choice.request.is_empty() || args.choice.last {
        let mut calls: Vec<u32> = chosen(&args.read, &args.choice, view)?
            .iter()
            .map(|c| c.call.index)
            .collect();
        calls.dedup();
        return Ok(calls);
    }
    let named = args.read.look.call.is_some() || args.choice.all;
    let in_view = |c: &&Call| {
        let mut exchanges = view.query.exchanges(&view.session, c).peekable();
        let mut findings = view.query.findings(&view.session, c).peekable();
        if named {
            exchanges.peek().is_some() || findings.peek().is_some()
        } else {
            exchanges.any(|e| e.outcome.failed()) || findings.peek().is_some()
        }
    };
    Ok(view
        .session
        .calls
        .calls
        .iter()
        .filter(in_view)
        .map(|c| c.index)
        .collect())
}

/// What was kept of sending a request again, the first first.
fn kept(view: &read::View, e: &Exchange, replays: Option<&mut Replays>) -> Vec<Kept> {
    let Some((event, replays)) = view.session.event_of(e.place).zip(replays) else {
        return Vec::new();
    };
    match replays.last(event, usize::MAX) {
        Ok((all, _)) => all.iter().map(Kept::from).collect(),
        Err(error) => {
            say(&format!("replays of {} cannot be shown: {error}", e.name()));
            Vec::new()
        }
    }
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
