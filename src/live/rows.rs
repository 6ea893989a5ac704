//! The store's events as a text: one line each, in the order of their arrival.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::format::twilio::{self, Opening};
use crate::input::{LineIds, Source};
use crate::store::{EventKind, Row, Store};

/// How often it is looked for new events: a question that costs some microseconds.
const PACE: Duration = Duration::from_millis(20);
/// How often a store that is not there yet is looked for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Rows read at once.
const AT_ONCE: usize = 256;

/// A text of the store's events. It ends with the last one, or goes on for ever.
pub struct Rows {
    path: PathBuf,
    follow: bool,
    store: Option<Store>,
    /// The last row told.
    last: i64,
    version: Option<i64>,
    /// Which event each line is.
    ids: Arc<LineIds>,
    text: Vec<u8>,
    at: usize,
    /// How often there was nothing new, until somebody is told.
    idle: u32,
    caught_up: Option<Box<dyn FnOnce() + Send>>,
}

/// Nothing new so often: what was read before was taken in meanwhile.
const IDLE: u32 = 5;

impl Rows {
    /// From a store's file, which need not be there yet: events with a larger id than `after`.
    pub fn new(path: PathBuf, follow: bool, after: i64) -> Self {
        Self {
            path,
            follow,
            store: None,
            last: after,
            version: None,
            ids: Arc::default(),
            text: Vec::new(),
            at: 0,
            idle: 0,
            caught_up: None,
        }
    }

    /// Tells somebody once that what was there at the start has been read.
    #[must_use]
    pub fn caught_up(self, tell: impl FnOnce() + Send + 'static) -> Self {
        Self {
            caught_up: Some(Box::new(tell)),
            ..self
        }
    }

    /// As an input: [`Source::id_of`] a line is the id of its event.
    pub fn into_source(self) -> Source {
        let ids = Arc::clone(&self.ids);
        Source::made("store", self, ids)
    }

    /// Reads on; false when there is nothing new.
    fn more(&mut self) -> io::Result<bool> {
        let store = match &self.store {
            Some(store) => store,
            None => match Store::open_existing(&self.path).map_err(io::Error::other)? {
                Some(store) => self.store.insert(store),
                None => return Ok(false),
            },
        };
        let version = store.data_version().map_err(io::Error::other)?;
        if self.version == Some(version) {
            if !store.still_there() {
                return Err(io::Error::other(
                    "its file was moved away or replaced; start anew to read the new one",
                ));
            }
            return Ok(false);
        }
        let rows = store.after(self.last, AT_ONCE).map_err(io::Error::other)?;
        if rows.len() < AT_ONCE {
            self.version = Some(version);
        }
        self.text.clear();
        self.at = 0;
        for row in &rows {
            self.last = row.id;
            self.ids.note(row.id);
            self.text.extend_from_slice(line(row).as_bytes());
            self.text.push(b'\n');
        }
        Ok(!rows.is_empty())
    }
}

/// A row that cannot be read any more is a line that cannot be read: it is counted and can be listed.
fn line(row: &Row) -> String {
    if let Some(why) = &row.trouble {
        return format!("store: event {} cannot be read: {why}", row.id);
    }
    let line = row.line();
    if breaks_off(row.kind, &line) {
        return format!("store: event {} breaks off: {line}", row.id);
    }
    line
}

/// A document that breaks off would be looked for in the events behind it, and take them with it.
fn breaks_off(kind: EventKind, line: &str) -> bool {
    match twilio::opening(line.as_bytes()) {
        Opening::No => false,
        Opening::Partial => true,
        // Whoever can reach the listener may call anything a form; all else was whole JSON when it was kept.
        Opening::Whole => {
            let form = line.contains('&') && line.starts_with(|c: char| c.is_ascii_alphanumeric());
            let checked = !matches!(kind, EventKind::Debugger | EventKind::Other);
            !form && !checked && twilio::read_facts(line.as_bytes()).incomplete
        }
    }
}

impl Read for Rows {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            if self.more()? {
                continue;
            }
            if !self.follow {
                return Ok(0);
            }
            self.idle += 1;
            if self.idle >= IDLE
                && let Some(tell) = self.caught_up.take()
            {
                tell();
            }
            std::thread::sleep(if self.store.is_some() { PACE } else { PATIENCE });
        }
        let n = buf.len().min(self.text.len() - self.at);
        buf[..n].copy_from_slice(&self.text[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
