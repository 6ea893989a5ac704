//! The arguments, as the contract names them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Sign, Theme};
use crate::filter::expr::FIELDS;
use crate::output::style;

/// A debugger for telephone apps: the errors of Tropo and Twilio calls, and the failed webhook sent again.
#[derive(Debug, Parser)]
#[command(
    name = "redial",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  redial errors app.log                 what went wrong, per call\n  redial show CA6d27 alerts.json        the story of one call\n  redial replay app.log --to http://localhost:3000\n                                        send every failed request again\n\nExit codes: 0 done, 1 the answer is no, 2 could not do it, 3 target refused, 4 nothing matched."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) read: Read,
    #[command(flatten)]
    pub(super) ui: Ui,
}

/// Options of the terminal UI.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Ui {
    /// Where replays go: scheme, host and port of your server [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    /// Allow a target that is not this machine
    #[arg(long, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
    /// What `W` watches: a file or folder of your app [default: the current folder]; may be given again
    #[arg(long, value_name = "PATH")]
    pub(super) watch: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) screen: Screen,
    /// Receive Twilio's debugger webhook and Event Streams too, on this port
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "4040")]
    pub(super) listen: Option<u16>,
    /// Record what passes between the tunnel and this app too, on port 8040
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Ask Twilio's API for alerts too, again and again
    #[arg(long)]
    pub(super) pull: bool,
}

impl Ui {
    /// Something is to run beside.
    pub(super) fn has_services(&self) -> bool {
        self.listen.is_some() || self.proxy.is_some() || self.pull
    }
}

/// How the terminal UI looks.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Screen {
    /// Colours of the terminal UI [env: `REDIAL_THEME`]
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        hide_possible_values = true,
        help = "Colours of the terminal UI: auto, dark, light, 16 or mono [env: REDIAL_THEME]"
    )]
    pub(super) theme: Option<Theme>,
    /// Only ASCII characters in the terminal UI [env: `REDIAL_ASCII`]
    #[arg(long)]
    pub(super) ascii: bool,
}

#[derive(Args, Clone, Debug)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    pub(super) screen: Screen,
}

#[derive(Args, Debug)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Every setting, its value and where it comes from
    Show {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Where the configuration file lies, or would
    Path,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What went wrong, per call
    Errors(Errors),
    /// One line per call
    Calls(Calls),
    /// The story of one call: requests, answers, findings, in order
    Show(Show),
    /// Send recorded requests again and judge the answers
    Replay(Box<Replay>),
    /// Take requests along: curl, .http, HAR, `JUnit`, or calls as one HTML page
    Export(Box<super::export::Export>),
    /// Failing requests kept as files, and sent again in CI
    Case(super::case::CaseArgs),
    /// Judge one reply document as the platform would (`TwiML` or Tropo JSON, detected)
    Check(Check),
    /// Compute a signature; with --explain SIG say which URL it was made for
    Sign(SignArgs),
    /// Fetch from Twilio's REST API into the store
    Pull(Box<PullArgs>),
    /// The rule packs: built in, the user's, and what each rule matches
    Filters(Filters),
    /// Receive Twilio's debugger webhook and Event Streams, and keep them
    Listen(Box<ListenArgs>),
    /// Stand between the tunnel and your app: pass every request through, and record both sides
    Proxy(Box<ProxyArgs>),
    /// What `listen`, `proxy` and `pull` have kept
    Store(StoreArgs),
    /// A broken app and the shipped samples, to try it out
    Demo(DemoArgs),
    /// Every setting and where it comes from
    Config(ConfigArgs),
    /// Completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// The manual: of the program, or of one command (`redial man replay`)
    Man {
        /// Which command
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

/// Options that every reading command has.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Read {
    /// Files (plain, .gz, .zst), folders, `-` for standard input, or `store` for what was received
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) look: Look,
}

/// The filter language in one page, from the table of its fields.
fn where_help() -> String {
    use std::fmt::Write as _;
    let mut out = "Only what this expression takes. Tests are FIELD OPERATOR VALUE, joined by `and`, `or`, `not` and \
        parentheses; operators = != < <= > >= ~ (contains, or /regex/i) !~ in (…) not in (…). Examples:\n  \
        severity >= warning and code = 11200\n  url ~ \"/gather\" and not status in (200, 204)\n  \
        from = +1555* and at >= 2h\nFields:\n"
        .to_owned();
    for f in FIELDS {
        let _ = writeln!(out, "  {:<10} {}, such as {}", f.name, f.help, f.example);
    }
    out
}

/// The manual of following.
const FOLLOW: &str = "Go on when the inputs end: what is added to files and folders is shown as it comes, through rename \
    rotation, copytruncate, truncation, deletion and recreation; a file need not be there yet, and a new file in a followed folder is taken up. \
    A last line without its end is shown after a second, and judged anew once it is whole.\n\n\
    What cannot be promised: what is written between copytruncate's copy and its truncation is gone, unless we looked in between. Of a \
    file followed by name that is rotated twice between two looks, the middle one is not read: follow the folder instead. A file that is \
    emptied and written anew with the same first and last 1 KiB cannot be told from one that grew. Compressed and UTF-16 files are \
    read once. Where the system gives no notices (network mounts), files are looked at each second.";

/// What to see of the inputs, and how.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Look {
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Nothing before this: RFC 3339, or an age such as 10m, 2h, 3d
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Nothing after this
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// Only this call: any of its ids, or a part of one of at least 4 characters
    #[arg(long, value_name = "ID")]
    pub(super) call: Option<String>,
    /// Findings at least this severe [default: warning for `errors`]
    #[arg(long, value_enum)]
    pub(super) level: Option<Level>,
    /// List what could not be read
    #[arg(long)]
    pub(super) unparsed: bool,
    /// Only what this expression takes, such as 'severity >= warning and code = 11200'
    #[arg(long = "where", value_name = "EXPR", long_help = where_help())]
    pub(super) filter: Option<String>,
    /// A folder with more rule packs (*.toml)
    #[arg(long, value_name = "DIR")]
    pub(super) filters: Vec<PathBuf>,
    /// Force the shape of all inputs
    #[arg(long, value_name = "NAME", value_parser = crate::scan::Shapes::NAMES)]
    pub(super) format: Option<String>,
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: style::When,
    /// Go on when the inputs end: what is added is shown as it comes, through rotation and truncation
    #[arg(long, short = 'f', long_help = FOLLOW)]
    pub(super) follow: bool,
    /// With --follow: go on where the last run on these inputs stopped
    #[arg(long, requires = "follow")]
    pub(super) resume: bool,
    /// Threads that scan
    #[arg(long, hide = true)]
    pub(super) threads: Option<usize>,
    /// Bytes of a block
    #[arg(long, hide = true)]
    pub(super) block: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    Error,
    Warning,
    Info,
}

#[derive(Args, Debug)]
pub(super) struct Errors {
    #[command(flatten)]
    pub(super) read: Read,
    /// Exit with 1 when an error was found
    #[arg(long)]
    pub(super) fail: bool,
    /// One cause, many calls: findings put together by code, endpoint and answer
    #[arg(long)]
    pub(super) group: bool,
}

#[derive(Args, Debug)]
pub(super) struct Calls {
    #[command(flatten)]
    pub(super) read: Read,
}

#[derive(Args, Debug)]
pub(super) struct Show {
    /// Any id of the call, or a part of one of at least 4 characters
    #[arg(value_name = "CALL")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) read: Read,
    /// Hidden lines too
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the flags of a command line")]
pub(super) struct Replay {
    #[command(flatten)]
    pub(super) read: Read,
    /// Where to: scheme, host and port of your server [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    /// This request, whatever became of it (its id, or the beginning of it); may be given again
    #[arg(long, value_name = "ID")]
    pub(super) request: Vec<String>,
    /// Only the last of them
    #[arg(long)]
    pub(super) last: bool,
    /// Also requests that went well
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) cause: super::diagnose::Cause,
    /// Print the requests and send nothing
    #[arg(long)]
    pub(super) list: bool,
    /// Print exactly the bytes that would be sent
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) bench: super::replay::Bench,
    /// `X-Twilio-Signature` [default: resign when `TWILIO_AUTH_TOKEN` is set]
    #[arg(long, value_enum)]
    pub(super) sign: Option<Sign>,
    /// Sign for this URL and send `Host` and `X-Forwarded-*` for it
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
    /// Change a parameter, or in JSON a field by its path (session.from.id=…)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// Leave a parameter out
    #[arg(long, value_name = "NAME")]
    pub(super) unset: Vec<String>,
    /// Add or replace a header; `Name:` removes it
    #[arg(long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,
    /// Seconds to wait for an answer [default: 15]
    #[arg(long, value_name = "SECONDS")]
    pub(super) timeout: Option<f64>,
    #[command(flatten)]
    pub(super) rehearse: super::replay::Rehearse,
    /// Allow a target that is not this machine
    #[arg(long, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Documents, or whole HTTP answers as `curl -i` prints them; `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(super) files: Vec<PathBuf>,
    /// What it answers, where it cannot be told from the document
    #[arg(long, value_enum, value_name = "KIND")]
    pub(super) kind: Option<Reply>,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

/// `check --kind`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Reply {
    /// TwiML for a call
    Voice,
    /// TwiML for a message
    Message,
    /// The answer to a status callback
    StatusCallback,
    /// Tropo's JSON
    Tropo,
}

#[derive(Args, Debug)]
pub(super) struct SignArgs {
    /// The URL as Twilio has it
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// A form parameter of a POST, decoded; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) param: Vec<String>,
    /// The JSON body of a request: its hash goes into the URL
    #[arg(long, value_name = "FILE")]
    pub(super) body: Option<PathBuf>,
    /// HMAC-SHA256, as an account with a shared key signs
    #[arg(long)]
    pub(super) sha256: bool,
    /// A signature that was received: say what it was made for, and which setting mends the difference
    #[arg(long, value_name = "SIGNATURE")]
    pub(super) explain: Option<String>,
    /// With --explain: another URL or host that the app may be called at; may be given again
    #[arg(long, value_name = "URL")]
    pub(super) also: Vec<String>,
    /// An environment variable that holds a token to try; may be given again
    #[arg(long, value_name = "NAME")]
    pub(super) token_env: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

/// How what arrives is shown: on the screen, or as lines.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Arriving {
    /// One JSON object a line, no screen
    #[arg(long)]
    pub(super) json: bool,
    /// Only what this expression takes, such as 'severity >= warning and code = 11200'
    #[arg(long = "where", value_name = "EXPR", long_help = where_help())]
    pub(super) filter: Option<String>,
    /// A folder with more rule packs (*.toml)
    #[arg(long, value_name = "DIR")]
    pub(super) filters: Vec<PathBuf>,
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: style::When,
    #[command(flatten)]
    pub(super) screen: Screen,
    #[command(flatten)]
    pub(super) retention: RetentionArgs,
}

/// What the store keeps; without it: everything.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct RetentionArgs {
    /// Keep in the store what was received within this time, such as 30d
    #[arg(long, value_name = "AGE")]
    pub(super) keep: Option<String>,
    /// Let the store grow to this, such as 500MB; the oldest goes first
    #[arg(long, value_name = "SIZE")]
    pub(super) max_size: Option<String>,
}

impl Arriving {
    /// As a reading command has it.
    pub(super) fn look(&self, level: Option<Level>) -> Look {
        Look {
            json: self.json,
            filter: self.filter.clone(),
            filters: self.filters.clone(),
            color: self.color,
            level,
            ..Look::default()
        }
    }
}

#[derive(Args, Clone, Debug)]
pub(super) struct ListenArgs {
    /// The port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 4040)]
    pub(super) port: u16,
    /// The address; anything but loopback needs an auth token
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(super) bind: std::net::IpAddr,
    /// What Twilio calls instead, behind a tunnel: signatures are checked for it
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
    /// Listen beyond loopback although nothing can be checked
    #[arg(long)]
    pub(super) insecure: bool,
    /// Findings at least this severe [default: warning]
    #[arg(long, value_enum)]
    pub(super) level: Option<Level>,
    /// Where replays go: scheme, host and port of your server [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    /// Allow a target that is not this machine
    #[arg(long, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
    #[command(flatten)]
    pub(super) shown: Arriving,
}

impl ListenArgs {
    /// On this port, all else as it is by default.
    pub(super) fn on(port: u16) -> Self {
        Self {
            port,
            bind: std::net::Ipv4Addr::LOCALHOST.into(),
            public_url: None,
            insecure: false,
            level: None,
            to: None,
            allow_host: Vec::new(),
            shown: Arriving::default(),
        }
    }
}

#[derive(Args, Clone, Debug)]
pub(super) struct ProxyArgs {
    /// Your app: scheme, host and port [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    /// The port that the tunnel leads to; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 8040)]
    pub(super) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(super) bind: std::net::IpAddr,
    /// What the platform calls, behind a tunnel: signatures are checked for it
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
    /// How much of each body is kept, such as 64KB; all of it goes through
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub(super) keep_body: String,
    /// Findings at least this severe [default: warning]
    #[arg(long, value_enum)]
    pub(super) level: Option<Level>,
    /// Allow an app that is not on this machine
    #[arg(long, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
    #[command(flatten)]
    pub(super) shown: Arriving,
}

impl ProxyArgs {
    /// Before this app, all else as it is by default.
    pub(super) fn to(app: &str, allow_host: &[String]) -> Self {
        Self {
            to: Some(app.to_owned()),
            port: 8040,
            bind: std::net::Ipv4Addr::LOCALHOST.into(),
            public_url: None,
            keep_body: "1MiB".to_owned(),
            level: None,
            allow_host: allow_host.to_vec(),
            shown: Arriving::default(),
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    pub(super) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Where it lies, or would [env: `REDIAL_STORE`]
    Path {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// How much of what is in it, since when, and how far sources were read
    Info {
        /// Look for damage too; exits with 1 when there is any
        #[arg(long)]
        check: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Remove old events, oldest first, and say what went
    Prune {
        #[command(flatten)]
        retention: RetentionArgs,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Give unused room back to the disk
    Vacuum {
        /// Pack what is left, too: needs as much room again for a while
        #[arg(long)]
        full: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct PullArgs {
    /// Alerts since then: RFC 3339, or an age such as 10m, 2h, 3d; Twilio keeps 30 days
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(super) since: String,
    /// Nothing after this
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub(super) until: Option<String>,
    /// Not the alerts, but all that Twilio tells of this call: its notifications and its requests
    #[arg(long, value_name = "CA…")]
    pub(super) call: Option<String>,
    /// Only alerts of exactly this level, as Twilio filters them
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) level: Option<AlertLevel>,
    /// Each alert with its request and answer too: one more request for each
    #[arg(long)]
    pub(super) details: bool,
    /// Go on, and take up where the last run stopped
    #[arg(long, short = 'f')]
    pub(super) follow: bool,
    /// How often to ask with --follow
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(super) interval: String,
    /// Where replays go: scheme, host and port of your server [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(super) to: Option<String>,
    /// Allow a target that is not this machine
    #[arg(long, value_name = "HOST")]
    pub(super) allow_host: Vec<String>,
    #[command(flatten)]
    pub(super) shown: Arriving,
}

impl PullArgs {
    /// As `redial pull --follow` asks.
    pub(super) fn following() -> Self {
        Self {
            since: "1h".to_owned(),
            until: None,
            call: None,
            level: None,
            details: false,
            follow: true,
            interval: "10s".to_owned(),
            to: None,
            allow_host: Vec::new(),
            shown: Arriving::default(),
        }
    }
}

/// Twilio's levels of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AlertLevel {
    Error,
    Warning,
    Notice,
    Debug,
}

#[derive(Args, Debug)]
pub(super) struct Filters {
    #[command(subcommand)]
    pub(super) command: FiltersCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum FiltersCommand {
    /// Every rule: id, severity, class, title
    List {
        #[command(flatten)]
        packs: Packs,
    },
    /// One rule, whole
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        packs: Packs,
    },
    /// Run every rule's examples; with a FILE, say which rule each line met
    Test {
        /// A log or document
        file: Option<PathBuf>,
        #[command(flatten)]
        packs: Packs,
    },
}

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Packs {
    /// A folder with more rule packs (*.toml)
    #[arg(long, value_name = "DIR")]
    pub(super) filters: Vec<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}
