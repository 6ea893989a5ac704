//! Tropo's and Prism's log lines: five forms around the same messages.
//!
//! [`split`] finds the form and the columns of one line without copying, [`Message::of`] takes the message apart, and
//! [`Ids::of`] reads the ids. To add a form, add a file like `archive` and name it in [`split`]. Grammar: D is the copy
//! of the web debugger, A the dated archive, N a node's log file, P a stand-alone Prism server, M the message alone.

mod archive;
mod cursor;
mod debugger;
mod ids;
mod message;
mod node;
mod payload;
mod prism;
mod time;

pub use archive::{behind_date, date_len};
pub use ids::{Alias, Ids, application_session_in, ids_in, session_in};
pub use message::{Message, body_of, continues, echo_number, echoed, fold_trace, opens_more, text_of};
pub use payload::{Payload, Reply, reply, request};

use crate::model::{Severity, Stamp};

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// D: `00023⇥0000⇥11:22:41 PM⇥…`, time of day only.
    Debugger,
    /// A: `Feb 19 15:07:40 GMT 2013 host TROPO account guid session 1 call …`.
    Archive,
    /// N: `May 11 11:10:12 DEBUG TROPO account/guid/session/1/[call] …`, no year.
    Node,
    /// P: `2011-08-23 23:51:42.496 DEBUG [thread] …`.
    Prism,
    /// M: `#TROPO#: …`, the message column alone.
    Message,
}

impl Form {
    /// Name for `--format` and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debugger => "tropo-debugger",
            Self::Archive => "tropo-archive",
            Self::Node => "tropo-node",
            Self::Prism => "tropo-prism",
            Self::Message => "tropo-message",
        }
    }

    /// All forms, in the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Prism, Self::Archive, Self::Node, Self::Debugger, Self::Message];
}

/// Where the columns of a line are; offsets into the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Its form.
    pub form: Form,
    /// Where it begins: behind the file name that `grep` puts in front.
    pub start: u32,
    /// The columns that hold its ids (see [`Ids::of`]); equal text means equal ids.
    pub key: (u32, u32),
    /// Where the message begins.
    pub message: u32,
    /// The level column, for WARN and above.
    pub level: Option<Severity>,
}

impl Split {
    /// A line that is a message and nothing else.
    pub fn bare() -> Self {
        Self {
            form: Form::Message,
            start: 0,
            key: (0, 0),
            message: 0,
            level: None,
        }
    }
}

/// Finds the form of a line; none when no form claims it. A `grep` file name in front is passed over.
pub fn split(line: &[u8]) -> Option<Split> {
    let s = match line.first()? {
        b'0'..=b'9' => prism::split(line).or_else(|| debugger::split(line)),
        b'A'..=b'Z' => archive::split(line).or_else(|| node::split(line)),
        b'#' => message::split(line),
        _ => None,
    };
    s.or_else(|| behind_file_name(line))
}

/// `grep` over several files puts `name:` in front of every line.
fn behind_file_name(line: &[u8]) -> Option<Split> {
    let colon = line
        .iter()
        .take(200)
        .position(|&b| !(b.is_ascii_alphanumeric() || b"_./-".contains(&b)))?;
    if colon == 0 || line[colon] != b':' {
        return None;
    }
    let rest = &line[colon + 1..];
    let s = match rest.first()? {
        b'0'..=b'9' => prism::split(rest).or_else(|| debugger::split(rest)),
        b'A'..=b'Z' => archive::split(rest).or_else(|| node::split(rest)),
        b'#' => message::split(rest),
        _ => None,
    }?;
    let by = colon as u32 + 1;
    Some(Split {
        start: by,
        key: (s.key.0 + by, s.key.1 + by),
        message: s.message + by,
        ..s
    })
}

/// What a line says of its time.
pub fn stamp(line: &[u8], split: &Split) -> Stamp {
    let line = &line[split.start as usize..];
    match split.form {
        Form::Debugger => debugger::stamp(line),
        Form::Archive => archive::stamp(line),
        Form::Node => node::stamp(line),
        Form::Prism => prism::stamp(line),
        Form::Message => None,
    }
    .unwrap_or_default()
}

/// Cuts what copying put at the end of a line: carriage return, blanks, and the ` | |` of a rendered gist.
pub fn trim_end(mut line: &[u8]) -> &[u8] {
    loop {
        line = line.trim_ascii_end();
        match line.strip_suffix(b" |") {
            Some(rest) => line = rest,
            None => return line,
        }
    }
}

#[cfg(test)]
mod tests;
