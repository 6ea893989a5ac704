//! One event: what is given to the store, what comes back, and how it becomes a line of text again.

use std::borrow::Cow;
use std::io::Read as _;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, OptionalExtension as _, params};
use serde_json::{Map, Value};

use super::{brief, mask};
use crate::model::Time;

/// Documents larger than this are kept compressed.
const LARGE: usize = 64 * 1024;
/// What a compressed document may grow to: a file that somebody made up must not eat the memory.
const LARGEST: u64 = 1 << 30;
const ZSTD: &str = "zstd";

/// What kind of thing arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// Twilio's debugger webhook, form body.
    Debugger,
    /// One event of Event Streams.
    Stream,
    /// One alert of the Monitor API, with request and answer.
    Alert,
    /// One alert as a list page tells it.
    AlertListed,
    /// One notification of a call, with request and answer.
    Notification,
    /// One notification as a list page tells it.
    NotificationListed,
    /// One request of a call, from its Call Events.
    CallEvent,
    /// A webhook that the proxy passed through, with its answer: one HAR entry.
    Exchange,
    /// A kind that this version does not know.
    Other,
}

impl EventKind {
    /// All that have a name of their own.
    pub const ALL: [Self; 8] = [
        Self::Debugger,
        Self::Stream,
        Self::Alert,
        Self::AlertListed,
        Self::Notification,
        Self::NotificationListed,
        Self::CallEvent,
        Self::Exchange,
    ];

    /// Its word in the column `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debugger => "debugger",
            Self::Stream => "stream",
            Self::Alert => "alert",
            Self::AlertListed => "alert-listed",
            Self::Notification => "notification",
            Self::NotificationListed => "notification-listed",
            Self::CallEvent => "call-event",
            Self::Exchange => "exchange",
            Self::Other => "other",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == word)
            .unwrap_or(Self::Other)
    }
}

/// Which command received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// `redial listen`.
    Listen,
    /// `redial pull`.
    Pull,
    /// `redial proxy`.
    Proxy,
    /// One that this version does not know.
    Other,
}

impl Origin {
    /// Its word in the column `source`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Pull => "pull",
            Self::Proxy => "proxy",
            Self::Other => "other",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        [Self::Listen, Self::Pull, Self::Proxy]
            .into_iter()
            .find(|o| o.as_str() == word)
            .unwrap_or(Self::Other)
    }
}

/// An event that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What makes it the same event within its kind: Sid, `CloudEvents` id, or [`NewEvent::key_of`] the document.
    pub key: String,
    /// What it is.
    pub kind: EventKind,
    /// Who received it.
    pub source: Origin,
    /// When it arrived, by this machine's clock.
    pub received: Time,
    /// When it happened, by the platform.
    pub at: Option<Time>,
    /// The call or message it is about.
    pub call: Option<String>,
    /// As given, lower case.
    pub level: Option<String>,
    /// Twilio's error code.
    pub code: Option<String>,
    /// What we know beside the document; an object.
    pub note: Option<Value>,
    /// The text as it came.
    pub document: String,
}

impl NewEvent {
    /// The key of a document that has no id of its own: its SHA-256.
    pub fn key_of(document: &[u8]) -> String {
        use sha2::Digest as _;
        use std::fmt::Write as _;
        let mut key = "sha256:".to_owned();
        for byte in sha2::Sha256::digest(document) {
            let _ = write!(key, "{byte:02x}");
        }
        key
    }

    /// Bytes that it takes up while it waits.
    pub(super) fn size(&self) -> usize {
        self.document.len() + self.key.len() + 256
    }
}

/// What became of an event that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Kept under this id.
    New(i64),
    /// An event of that kind and key was there before, under this id; it stays as it was.
    Known(i64),
}

impl Appended {
    /// The id, new or old.
    pub fn id(self) -> i64 {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}

/// How far a source was read, in words of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// Whose it is.
    pub name: String,
    /// Any JSON.
    pub value: Value,
}

/// An event as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Order of arrival; never used twice.
    pub id: i64,
    /// What makes it the same event within its kind.
    pub key: String,
    /// What it is.
    pub kind: EventKind,
    /// Who received it.
    pub source: Origin,
    /// When it arrived, by this machine's clock.
    pub received: Time,
    /// When it happened, by the platform.
    pub at: Option<Time>,
    /// The call or message it is about.
    pub call: Option<String>,
    /// As given, lower case.
    pub level: Option<String>,
    /// Twilio's error code.
    pub code: Option<String>,
    /// What we know beside the document.
    pub note: Option<Value>,
    /// The text as it came; empty where it cannot be read any more.
    pub document: String,
    /// Why the document cannot be read.
    pub trouble: Option<String>,
}

impl Row {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let time = |n| -> rusqlite::Result<Option<Time>> {
            let text: Option<String> = row.get(n)?;
            Ok(text.as_deref().and_then(Time::parse))
        };
        let note: Option<String> = row.get(9)?;
        let encoding: Option<String> = row.get(10)?;
        let (document, trouble) = match decoded(encoding.as_deref(), row.get_ref(11)?) {
            Ok(text) => (text, None),
            Err(why) => (String::new(), Some(why)),
        };
        Ok(Self {
            id: row.get(0)?,
            key: row.get(1)?,
            kind: EventKind::of(row.get_ref(2)?.as_str().unwrap_or_default()),
            source: Origin::of(row.get_ref(3)?.as_str().unwrap_or_default()),
            received: time(4)?.unwrap_or(Time(0)),
            at: time(5)?,
            call: row.get(6)?,
            level: row.get(7)?,
            code: row.get(8)?,
            note: note
                .and_then(|text| serde_json::from_str(&text).ok())
                .and_then(brief::without),
            document,
            trouble,
        })
    }

    /// The event as one line of text, without its end: the document without breaks between its tokens. What we know beside it goes into
    /// a HAR entry as `_redial`; other documents are as the platform wrote them and have no room for it.
    pub fn line(&self) -> String {
        if let (EventKind::Exchange, Some(Value::Object(note))) = (self.kind, &self.note)
            && let Ok(mut entry) = serde_json::from_str::<Map<String, Value>>(&self.document)
        {
            let own = entry.entry("_redial").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(own) = own {
                own.extend(note.clone());
            }
            return Value::Object(entry).to_string();
        }
        one_line(self.document.trim()).into_owned()
    }
}

/// A text without line breaks, with the same meaning: in JSON outside of strings they say nothing, inside (a broken document) they become
/// escapes; in a form body they are escaped as forms do.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    if !text.starts_with(['{', '[']) {
        return Cow::Owned(text.replace('\r', "%0D").replace('\n', "%0A"));
    }
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' if inside => out.push_str(if escaped { "n" } else { "\\n" }),
            '\r' if inside => out.push_str(if escaped { "r" } else { "\\r" }),
            ' ' | '\t' | '\n' | '\r' if !inside => {}
            _ => out.push(c),
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
    }
    Cow::Owned(out)
}

/// Writes one event; its new id, or none when it is there already.
pub(super) fn insert(statement: &mut CachedStatement<'_>, e: &NewEvent) -> rusqlite::Result<Option<i64>> {
    let text = match e.kind {
        EventKind::Exchange => mask::entry(&e.document),
        _ => Cow::Borrowed(e.document.as_str()),
    };
    let packed = packed(&text);
    let (encoding, document) = match &packed {
        Some(bytes) => (Some(ZSTD), ValueRef::Blob(bytes)),
        None => (None, ValueRef::Text(text.as_bytes())),
    };
    let note = match (&packed, e.kind) {
        (Some(_), EventKind::Exchange) => brief::with(e.note.as_ref(), &text),
        _ => e.note.as_ref().map(Cow::Borrowed),
    };
    statement
        .query_row(
            params![
                e.key,
                e.kind.as_str(),
                e.source.as_str(),
                e.received.to_string(),
                e.at.map(|t| t.to_string()),
                e.call,
                e.level,
                e.code,
                note.map(|n| n.to_string()),
                encoding,
                rusqlite::types::ToSqlOutput::Borrowed(document),
            ],
            |r| r.get(0),
        )
        .optional()
}

/// A large text compressed; none where it stays as it is.
fn packed(text: &str) -> Option<Vec<u8>> {
    if text.len() <= LARGE {
        return None;
    }
    zstd::bulk::compress(text.as_bytes(), 3)
        .ok()
        .filter(|p| p.len() < text.len())
}

pub(super) fn decoded(encoding: Option<&str>, value: ValueRef<'_>) -> Result<String, String> {
    let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = value else {
        return Err("the document is neither text nor bytes".to_owned());
    };
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
    match encoding {
        None => Ok(text(bytes.to_vec())),
        Some(ZSTD) => {
            let mut out = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(bytes).map_err(|e| e.to_string())?;
            decoder
                .take(LARGEST)
                .read_to_end(&mut out)
                .map_err(|e| format!("the document cannot be unpacked: {e}"))?;
            Ok(text(out))
        }
        Some(other) => Err(format!(
            "the document is encoded in a way that is not known here: {other}"
        )),
    }
}
