//! Where events come from besides files (`listen`, `proxy`, `pull`), and what is kept of them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::read::where_help;
use super::{Level, Look, Screen, Where};
use crate::output::style;

/// How what arrives is shown: on the screen, or as lines.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Arriving {
    /// One JSON object a line, no screen
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Only what this expression takes, such as 'severity >= warning and code = 11200'
    #[arg(long = "where", value_name = "EXPR", long_help = where_help())]
    pub(in crate::cli) filter: Option<String>,
    /// A folder with more rule packs (*.toml)
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) filters: Vec<PathBuf>,
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(in crate::cli) color: style::When,
    #[command(flatten)]
    pub(in crate::cli) screen: Screen,
    #[command(flatten)]
    pub(in crate::cli) retention: RetentionArgs,
}

/// What the store keeps; without it: everything.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct RetentionArgs {
    /// Keep in the store what was received within this time, such as 30d
    #[arg(long, value_name = "AGE")]
    pub(in crate::cli) keep: Option<String>,
    /// Let the store grow to this, such as 500MB; the oldest goes first
    #[arg(long, value_name = "SIZE")]
    pub(in crate::cli) max_size: Option<String>,
}

impl Arriving {
    /// As a reading command has it.
    pub(in crate::cli) fn look(&self, level: Option<Level>) -> Look {
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
pub(in crate::cli) struct ListenArgs {
    /// The port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 4040)]
    pub(in crate::cli) port: u16,
    /// The address; anything but loopback needs an auth token
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(in crate::cli) bind: std::net::IpAddr,
    /// What Twilio calls instead, behind a tunnel: signatures are checked for it
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) public_url: Option<String>,
    /// Listen beyond loopback although nothing can be checked
    #[arg(long)]
    pub(in crate::cli) insecure: bool,
    /// Findings at least this severe [default: warning]
    #[arg(long, value_enum)]
    pub(in crate::cli) level: Option<Level>,
    #[command(flatten)]
    pub(in crate::cli) replays: Where,
    #[command(flatten)]
    pub(in crate::cli) shown: Arriving,
}

impl ListenArgs {
    /// On this port, all else as it is by default.
    pub(in crate::cli) fn on(port: u16) -> Self {
        Self {
            port,
            bind: std::net::Ipv4Addr::LOCALHOST.into(),
            public_url: None,
            insecure: false,
            level: None,
            replays: Where::default(),
            shown: Arriving::default(),
        }
    }
}

#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct ProxyArgs {
    /// Your app: scheme, host and port [env: `REDIAL_TARGET`]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) to: Option<String>,
    /// The port that the tunnel leads to; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 8040)]
    pub(in crate::cli) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(in crate::cli) bind: std::net::IpAddr,
    /// What the platform calls, behind a tunnel: signatures are checked for it
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) public_url: Option<String>,
    /// How much of each body is kept, such as 64KB; all of it goes through
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub(in crate::cli) keep_body: String,
    /// Findings at least this severe [default: warning]
    #[arg(long, value_enum)]
    pub(in crate::cli) level: Option<Level>,
    /// Allow an app that is not on this machine
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) allow_host: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) shown: Arriving,
}

impl ProxyArgs {
    /// Before this app, all else as it is by default.
    pub(in crate::cli) fn to(app: &str, allow_host: &[String]) -> Self {
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
pub(in crate::cli) struct PullArgs {
    /// Alerts since then: RFC 3339, or an age such as 10m, 2h, 3d; Twilio keeps 30 days
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(in crate::cli) since: String,
    /// Nothing after this
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub(in crate::cli) until: Option<String>,
    /// Not the alerts, but all that Twilio tells of this call: its notifications and its requests
    #[arg(long, value_name = "CA…")]
    pub(in crate::cli) call: Option<String>,
    /// Only alerts of exactly this level, as Twilio filters them
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(in crate::cli) level: Option<AlertLevel>,
    /// Each alert with its request and answer too: one more request for each
    #[arg(long)]
    pub(in crate::cli) details: bool,
    /// Go on, and take up where the last run stopped
    #[arg(long, short = 'f')]
    pub(in crate::cli) follow: bool,
    /// How often to ask with --follow
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(in crate::cli) interval: String,
    #[command(flatten)]
    pub(in crate::cli) replays: Where,
    #[command(flatten)]
    pub(in crate::cli) shown: Arriving,
}

impl PullArgs {
    /// As `redial pull --follow` asks.
    pub(in crate::cli) fn following() -> Self {
        Self {
            since: "1h".to_owned(),
            until: None,
            call: None,
            level: None,
            details: false,
            follow: true,
            interval: "10s".to_owned(),
            replays: Where::default(),
            shown: Arriving::default(),
        }
    }
}

/// Twilio's levels of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AlertLevel {
    Error,
    Warning,
    Notice,
    Debug,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct StoreArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StoreCommand {
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
