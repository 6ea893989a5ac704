//! `redial pull`: fetch from Twilio's REST API into the store, once or for as long as it runs.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde::Serialize;
use tokio::sync::mpsc;

use super::args::{AlertLevel, Look, PullArgs, Ui};
use super::live::{self, Printed};
use super::store_path::store_path;
use super::{Exit, Stop, config, read, say, ui};
use crate::filter::expr;
use crate::live::FromStore;
use crate::model::Time;
use crate::output::json;
use crate::output::text::count;
use crate::store::Store;
use crate::twilio_api::pull::{self, Moment, PullOptions, Tally, Told};
use crate::twilio_api::{Base, Fault, FaultKind, Login};

/// Runs the command.
pub(super) fn run(args: &PullArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let options = options(args)?;
    let look = args.shown.look(None);
    if options.follow.is_none() {
        return once(args, &options, &look, out);
    }
    if ui::has_terminal(&look) {
        let ui = Ui {
            replays: args.replays.clone(),
            screen: args.shown.screen,
            ..Ui::default()
        };
        return ui::arriving(&look, &ui, |s| {
            s.pull(options)?;
            s.keep(&args.shown.retention)
        });
    }
    // A line is printed once, so it is worth one more request.
    let options = PullOptions {
        details: true,
        ..options
    };
    live::arriving(&look, Printed::Fetched, out, |services, _| {
        services.pull(options)?;
        Ok(services.keep(&args.shown.retention)?)
    })
}

/// Fetches what there is, and prints what was not there before.
fn once(args: &PullArgs, options: &PullOptions, look: &Look, out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut shown = Shown::new(options, look.json);
    let after = match Store::open_existing(&options.store) {
        Ok(store) => store.map_or(Ok(0), |s| s.last_id()),
        Err(e) => Err(e),
    };
    let after = after.map_err(|e| Stop::usage(e.to_string()))?;
    let (tell, mut told) = mpsc::unbounded_channel();
    // Whoever listens no more has ended.
    let running = pull::start(options.clone(), move |t| drop(tell.send(t)));
    let running = running.map_err(|f| stop(&f, args))?;
    while let Some(t) = told.blocking_recv() {
        shown.hear(t, out)?;
    }
    shown.clear();
    running.join().map_err(|f| stop(&f, args))?;
    let from = FromStore {
        path: options.store.clone(),
        after,
        follow: false,
    };
    if !options.details {
        let wanted = read::listed_only(look, &from)?;
        if !wanted.is_empty() {
            let said = pull::details(options, wanted, |t| {
                if let Told::Trouble { text, .. } = t {
                    say(&text);
                }
            });
            // What was listed is shown as it is.
            if let Err(f) = said {
                say(&f.to_string());
            }
        }
    }
    live::fetched(look, from, out)
}

/// What the command line, the environment and Twilio's CLI say.
pub(super) fn options(args: &PullArgs) -> Result<PullOptions, Stop> {
    let (credentials, notices) = config::credentials();
    let login = Login::choose(&credentials).map_err(|e| {
        // What is wrong with the CLI's file explains why there are none.
        for notice in &notices {
            say(&notice.to_string());
        }
        Stop::usage(e.to_string())
    })?;
    let named = std::env::var("REDIAL_API_BASE").ok().filter(|b| !b.trim().is_empty());
    let base = match named {
        Some(base) => Base::fixed(&base),
        None => Base::twilio(credentials.edge.as_deref(), credentials.region.as_deref()),
    };
    let base = base.map_err(|e| Stop::usage(e.to_string()))?;
    let mut options = PullOptions::new(store_path()?, base, login);
    options.since = moment("--since", &args.since)?;
    options.until = args.until.as_deref().map(|t| moment("--until", t)).transpose()?;
    options.level = args.level.map(|l| l.twilios().to_owned());
    options.call = args.call.as_deref().map(call).transpose()?;
    options.details = args.details;
    options.follow = args.follow.then(|| interval(&args.interval)).transpose()?;
    Ok(options)
}

impl AlertLevel {
    /// Twilio's word.
    fn twilios(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Debug => "debug",
        }
    }
}

fn moment(option: &str, text: &str) -> Result<Moment, Stop> {
    // An age is told from a date by what two clocks make of it; Twilio's own will be the third.
    let at =
        |now: i64| expr::moment(text, Time(now)).map(|(first, last)| if option == "--until" { last } else { first });
    let (one, two) = (DAY * 20_000, DAY * 20_001);
    match (at(one), at(two)) {
        (Some(a), Some(b)) if a == b => Ok(Moment::At(a)),
        (Some(a), _) => Ok(Moment::Ago(Duration::from_millis((one - a.0).max(0).unsigned_abs()))),
        (None, _) => Err(Stop::usage(format!(
            "{option} {text}: not a time; write 2026-03-02T15:07:40Z, 2026-03-02, or an age such as 10m, 2h, 3d"
        ))),
    }
}

const DAY: i64 = 86_400_000;

fn interval(text: &str) -> Result<Duration, Stop> {
    match moment("--interval", text) {
        Ok(Moment::Ago(d)) if (1..=86_400).contains(&d.as_secs()) => Ok(d),
        _ => Err(Stop::usage(format!(
            "--interval {text}: give a time between 1s and 1d, such as 10s or 1m"
        ))),
    }
}

fn call(sid: &str) -> Result<String, Stop> {
    let digits = sid.strip_prefix("CA").unwrap_or("");
    if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(sid.to_owned());
    }
    Err(Stop::usage(format!(
        "--call {sid}: Twilio wants the whole SID of a call, CA and 32 hex digits"
    )))
}

fn stop(fault: &Fault, args: &PullArgs) -> Stop {
    let exit = match (fault.kind, &args.call) {
        (FaultKind::Missing, Some(_)) => Exit::Nothing,
        _ => Exit::Failed,
    };
    Stop::new(exit, fault.to_string())
}

/// The JSON line of a walk.
#[derive(Serialize)]
struct PullLine<'a> {
    r#type: &'static str,
    new: u64,
    known: u64,
    details: u64,
    limits: u64,
    complete_up_to: Option<String>,
    store: &'a str,
}

/// What is shown of it: counts on standard error, JSON lines on standard output, a spinner for what takes long.
struct Shown {
    json: bool,
    store: String,
    tally: Tally,
    walk: Tally,
    fetched: (usize, usize),
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn new(options: &PullOptions, json: bool) -> Self {
        Self {
            json,
            store: options.store.display().to_string(),
            tally: Tally::default(),
            walk: Tally::default(),
            fetched: (0, 0),
            begun: Instant::now(),
            bar: None,
        }
    }

    fn hear(&mut self, told: Told, out: &mut impl Write) -> anyhow::Result<()> {
        match told {
            Told::Page { new, known } => {
                self.walk.new += new as u64;
                self.walk.known += known as u64;
                self.fetched = (0, 0);
            }
            Told::Details { done, of } => {
                self.walk.details += 1;
                self.fetched = (done, of);
            }
            Told::CompleteUpTo(t) => self.walk.complete_up_to = Some(t),
            Told::Trouble {
                text,
                retry_in: Some(wait),
            } => {
                self.say(&format!("{text}; trying again in {}", seconds(wait)));
            }
            // It is the end, and told as such.
            Told::Trouble { retry_in: None, .. } => {}
            Told::Well => self.say("Twilio answers again"),
            Told::Limit(text) => {
                self.walk.limits += 1;
                self.say(&text);
            }
            Told::Note(text) => self.say(&text),
            Told::Done { .. } => self.done(out)?,
        }
        self.progress();
        Ok(())
    }

    /// A walk is over; of a follower's, only those that brought something are worth a line.
    fn done(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        let walk = std::mem::take(&mut self.walk);
        self.tally.new += walk.new;
        self.tally.known += walk.known;
        self.tally.details += walk.details;
        self.tally.limits += walk.limits;
        self.tally.complete_up_to = walk.complete_up_to.or(self.tally.complete_up_to);
        self.line(&walk, out)?;
        self.begun = Instant::now();
        self.clear();
        Ok(())
    }

    fn line(&self, tally: &Tally, out: &mut impl Write) -> anyhow::Result<()> {
        if self.json {
            let line = PullLine {
                r#type: "pull",
                new: tally.new,
                known: tally.known,
                details: tally.details,
                limits: tally.limits,
                complete_up_to: tally.complete_up_to.map(|t| t.to_string()),
                store: &self.store,
            };
            return Ok(json::line(out, &line)?);
        }
        let known = (tally.known > 0).then(|| format!(", {} known", tally.known));
        let details = (tally.details > 0).then(|| format!(", {} with request and answer", tally.details));
        let complete = tally.complete_up_to.map(|t| format!("; complete up to {t}"));
        let more: String = [known, details, complete].into_iter().flatten().collect();
        let new = count(tally.new as usize, "new event");
        self.say(&format!("{new} fetched into {}{more}", self.store));
        Ok(())
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    /// A spinner for what takes over half a second.
    fn progress(&mut self) {
        let wanted = self.begun.elapsed().as_millis() >= 500 && std::io::stderr().is_terminal();
        if self.bar.is_none() && wanted {
            self.bar = Some(ProgressBar::new_spinner());
        }
        if let Some(bar) = &self.bar {
            let listed = count((self.walk.new + self.walk.known) as usize, "event");
            bar.set_message(match self.fetched {
                (_, 0) => format!("fetching: {listed}"),
                (done, of) => format!("fetching: {listed}, {done} of {of} with request and answer"),
            });
            bar.tick();
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn seconds(d: Duration) -> String {
    match d.as_millis() {
        ms if ms < 10_000 => format!("{:.1} s", d.as_secs_f64()),
        _ => format!("{} s", d.as_secs()),
    }
}
