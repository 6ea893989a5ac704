//! The ids of a line: Tropo session, its parent's GUID, call id, and the names that stand for a session elsewhere.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::{Form, Message, Split};
use crate::model::Id;

/// The ids that a line's columns name; `0`, `-1` and empty are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Tropo session id (32 hex).
    pub session: Option<Id>,
    /// Session GUID: the parent's session id, equal to the session for token launches.
    pub guid: Option<Id>,
    /// Tropo call id, or before it is assigned the SIP Call-ID.
    pub call: Option<Id>,
    /// What else can stand for the session when the line does not name it.
    pub alias: Option<Alias>,
}

/// A name that stands for a session only in its context.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Alias {
    /// Last four characters of the GUID in a debugger row: for the most recent session that it was seen with.
    Guid4([u8; 4]),
    /// A thread of a pool: for the session of its last `Set logging context`.
    Thread(Box<[u8]>),
}

impl Ids {
    /// Reads the ids of a line from its key columns.
    pub fn of(line: &[u8], split: &Split) -> Self {
        let key = &line[split.key.0 as usize..split.key.1 as usize];
        match split.form {
            Form::Archive => {
                let mut f = key.split(|&b| b == b' ');
                let (guid, session, _cmd, call) = (f.next(), f.next(), f.next(), f.next());
                Self {
                    session: id(session),
                    guid: id(guid),
                    call: id(call),
                    alias: None,
                }
            }
            Form::Node => node(key),
            Form::Prism => match thread_session(key) {
                Some(s) => Self {
                    session: Some(Id::new(s)),
                    ..Self::default()
                },
                None => Self {
                    alias: Some(Alias::Thread(key.into())),
                    ..Self::default()
                },
            },
            Form::Debugger => match key.try_into() {
                Ok(g) if g != *b"0000" && g != *b"00-1" => Self {
                    alias: Some(Alias::Guid4(g)),
                    ..Self::default()
                },
                _ => Self::default(),
            },
            Form::Message => Self::default(),
        }
    }
}

/// `account/[app/]guid/session/1/[call]` or `…/call/`, with or without a thread behind it.
fn node(key: &[u8]) -> Ids {
    let (columns, thread) = match memmem::find(key, b" [") {
        Some(at) => (
            &key[..at],
            Some(key[at + 2..].split(|&b| b == b']').next().unwrap_or_default()),
        ),
        None => (key, None),
    };
    let parts: Vec<&[u8]> = columns.split(|&b| b == b'/').collect();
    let bracketed = parts.last().is_some_and(|p| p.starts_with(b"["));
    let (mdc, call) = if bracketed {
        let call = parts[parts.len() - 1];
        (&parts[..parts.len() - 1], call.trim_ascii().trim_ascii_start())
    } else {
        // `account/app/guid/session/1/call/` ends with an empty part.
        let end = parts.len().saturating_sub(2);
        (&parts[..end], parts.get(end).copied().unwrap_or_default())
    };
    let call = call.strip_prefix(b"[").unwrap_or(call);
    let call = call.strip_suffix(b"]").unwrap_or(call);
    // From the right: the constant number, the session, the GUID.
    let n = mdc.len();
    let mut ids = Ids {
        session: id(n.checked_sub(2).and_then(|i| mdc.get(i).copied())),
        guid: id(n.checked_sub(3).and_then(|i| mdc.get(i).copied())),
        call: id(Some(call)),
        alias: None,
    };
    if ids.session.is_none()
        && let Some(t) = thread
    {
        ids.session = thread_session(t).map(Id::new);
    }
    ids
}

fn id(text: Option<&[u8]>) -> Option<Id> {
    text.filter(|t| !matches!(*t, b"" | b"0" | b"-1" | b"-" | b"null"))
        .map(Id::new)
}

/// The session of an application thread's name: `Tropo-Thread-<session>`, also with a suffix such as
/// `-MrcpHotWordListener@2910c073`.
fn thread_session(name: &[u8]) -> Option<&[u8]> {
    let rest = name.strip_prefix(b"Tropo-Thread-")?;
    let n = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    // An id of another shape (with dashes) is taken whole.
    let n = if n == 32 || memmem::find(rest, b"-Mrcp").is_some() {
        n
    } else {
        rest.len()
    };
    (n > 0).then(|| &rest[..n])
}

/// A session that a message names: by its thread, by a logging context, or by `for instance`.
pub fn session_in(message: &[u8]) -> Option<&[u8]> {
    static MARKS: LazyLock<[Finder<'_>; 4]> =
        LazyLock::new(|| ["Tropo-Thread-", " sessionNumber=", " for instance ", "Tropo session "].map(Finder::new));
    for mark in &*MARKS {
        if let Some(at) = mark.find(message) {
            let rest = &message[at + mark.needle().len()..];
            let n = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            if n >= 8 || (n > 1 && mark.needle()[0] == b'T') {
                return Some(&rest[..n]);
            }
        }
    }
    None
}

/// A SIP application session (`sas_…`) that a message names.
pub fn application_session_in(message: &[u8]) -> Option<&[u8]> {
    static MARK: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("sas_"));
    let at = MARK.find(message)?;
    let rest = &message[at..];
    let n = rest
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_-".contains(b))
        .count();
    (n > 8).then(|| &rest[..n])
}

/// Every id that a line's message ties to its session: SIP application sessions (`sas_…`) and sessions (`ss_…`), the
/// Call-ID of the context tail, the call of a logging context or of an association.
pub fn ids_in(line: &[u8], split: &Split) -> Vec<Id> {
    static TOKENS: LazyLock<Option<regex::bytes::Regex>> = LazyLock::new(|| {
        let tokens = r"(?-u)\b(s(?:as|s)_[0-9A-Za-z_-]{3,})| callID=(\S+)|Tropo call ([0-9a-f]{32})|SipSession \S+ - (\S+) associated";
        regex::bytes::Regex::new(tokens).ok()
    });
    let message = Message::of(line, split);
    let mut out: Vec<Id> = Vec::new();
    let found = TOKENS
        .iter()
        .flat_map(|r| r.captures_iter(line.get(split.message as usize..).unwrap_or_default()));
    out.extend(found.filter_map(|c| id((1..5).find_map(|n| c.get(n)).map(|m| m.as_bytes()))));
    // The tail of a SIP message: [application][sas id][Call-ID][ss id][From][To]; that of a speech message has an address
    // where this has the sas id.
    let groups: Vec<&[u8]> = message
        .tail
        .split(|&b| b == b'[' || b == b']')
        .filter(|g| !g.is_empty())
        .collect();
    if let [_, sas, call, ..] = groups.as_slice()
        && (sas.starts_with(b"sas_") || matches!(*sas, b"N/A" | b"?"))
        && !matches!(*call, b"N/A" | b"?")
    {
        out.extend(id(Some(call)));
    }
    out
}
