//! What every reading command is asked: which inputs, what of them, and how it is shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::filter::expr::FIELDS;
use crate::output::style;

/// Options that every reading command has.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Read {
    /// Files (plain, .gz, .zst), folders, `-` for standard input, or `store` for what was received
    #[arg(value_name = "INPUT")]
    pub(in crate::cli) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) look: Look,
}

/// The filter language in one page, from the table of its fields.
pub(super) fn where_help() -> String {
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
pub(in crate::cli) struct Look {
    /// One JSON object a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Nothing before this: RFC 3339, or an age such as 10m, 2h, 3d
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) since: Option<String>,
    /// Nothing after this
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// Only this call: any of its ids, or a part of one of at least 4 characters
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) call: Option<String>,
    /// Findings at least this severe [default: warning for `errors`]
    #[arg(long, value_enum)]
    pub(in crate::cli) level: Option<Level>,
    /// List what could not be read
    #[arg(long)]
    pub(in crate::cli) unparsed: bool,
    /// Only what this expression takes, such as 'severity >= warning and code = 11200'
    #[arg(long = "where", value_name = "EXPR", long_help = where_help())]
    pub(in crate::cli) filter: Option<String>,
    /// A folder with more rule packs (*.toml)
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) filters: Vec<PathBuf>,
    /// Force the shape of all inputs
    #[arg(long, value_name = "NAME", value_parser = crate::scan::Shapes::NAMES)]
    pub(in crate::cli) format: Option<String>,
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(in crate::cli) color: style::When,
    /// Go on when the inputs end: what is added is shown as it comes, through rotation and truncation
    #[arg(long, short = 'f', long_help = FOLLOW)]
    pub(in crate::cli) follow: bool,
    /// With --follow: go on where the last run on these inputs stopped
    #[arg(long, requires = "follow")]
    pub(in crate::cli) resume: bool,
    /// Threads that scan
    #[arg(long, hide = true)]
    pub(in crate::cli) threads: Option<usize>,
    /// Bytes of a block
    #[arg(long, hide = true)]
    pub(in crate::cli) block: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Level {
    Error,
    Warning,
    Info,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Errors {
    #[command(flatten)]
    pub(in crate::cli) read: Read,
    /// Exit with 1 when an error was found
    #[arg(long)]
    pub(in crate::cli) fail: bool,
    /// One cause, many calls: findings put together by code, endpoint and answer
    #[arg(long)]
    pub(in crate::cli) group: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Calls {
    #[command(flatten)]
    pub(in crate::cli) read: Read,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Show {
    /// Any id of the call, or a part of one of at least 4 characters
    #[arg(value_name = "CALL")]
    pub(in crate::cli) id: String,
    #[command(flatten)]
    pub(in crate::cli) read: Read,
    /// Hidden lines too
    #[arg(long)]
    pub(in crate::cli) all: bool,
}
