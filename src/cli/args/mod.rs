//! The arguments, as the contract names them: here the program and its commands; `read` has what is read, `replay` what is
//! sent again, `arriving` what is received.

mod arriving;
mod read;
mod replay;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Theme;
use crate::output::style;
pub(super) use arriving::{
    AlertLevel, Arriving, ListenArgs, ProxyArgs, PullArgs, RetentionArgs, StoreArgs, StoreCommand,
};
pub(super) use read::{Calls, Errors, Level, Look, Read, Show};
pub(super) use replay::{Bench, Choice, Replay, Sending, Where};

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
    #[command(flatten)]
    pub(super) replays: Where,
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
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: style::When,
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
