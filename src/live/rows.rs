//! The store's events as a text: one line each, in the order of their arrival.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::format::twilio::{self, Opening};
use crate::input::{LineIds, Source};
use crate::store::{EventKind, Row, Store, StoreError};

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
    /// Its file is another than at first, or not there yet.
    again: bool,
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
            again: false,
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

    /// Reads on; false when there is nothing new. A file that was moved away or replaced is read to its end; then the one that takes
    /// its place is read from its beginning, for its ids count anew.
    fn more(&mut self) -> io::Result<bool> {
        let store = match self.store.take() {
            Some(store) => Some(store),
            None => match Store::open_existing(&self.path) {
                // One file goes and another comes in several steps; whoever writes there says what stays wrong.
                Err(_) if self.again => None,
                opened => opened.map_err(io::Error::other)?,
            },
        };
        let Some(store) = store else { return Ok(false) };
        let (there, found) = (store.still_there(), self.news(&store));
        let done = match found {
            // What is left of a file whose log went away with it may be beyond reading.
            Err(_) | Ok(None) if !there => None,
            Err(e) => return Err(io::Error::other(e)),
            Ok(found) => Some(found),
        };
        let Some(found) = done else {
            self.last = 0;
            self.version = None;
            self.again = true;
            return Ok(false);
        };
        self.store = Some(store);
        let rows = found.unwrap_or_default();
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

    /// The next events; none when nothing was committed since it was asked last.
    fn news(&mut self, store: &Store) -> Result<Option<Vec<Row>>, StoreError> {
        let version = store.data_version()?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let rows = store.after(self.last, AT_ONCE)?;
        if rows.len() < AT_ONCE {
            self.version = Some(version);
        }
        Ok(Some(rows))
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::path::Path;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::model::Time;
    use crate::store::{NewEvent, Origin};

    fn event(key: &str) -> NewEvent {
        NewEvent {
            key: key.to_owned(),
            kind: EventKind::Debugger,
            source: Origin::Listen,
            received: Time(0),
            at: None,
            call: None,
            level: None,
            code: None,
            note: None,
            document: format!("Sid={key}&Payload=%7B%7D"),
        }
    }

    fn keep(path: &Path, keys: &[&str]) {
        let new: Vec<NewEvent> = keys.iter().map(|k| event(k)).collect();
        Store::open(path).unwrap().append(&new).unwrap();
    }

    #[test]
    fn a_store_that_takes_the_place_of_another_is_read_from_its_beginning() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("store.db");
        keep(&path, &["a", "b", "c"]);
        let rows = Rows::new(path.clone(), true, 1);
        let ids = Arc::clone(&rows.ids);
        let (tell, told) = channel();
        // It ends with the test's process: what is followed has no end.
        std::thread::spawn(move || {
            for line in BufReader::new(rows).lines() {
                if tell.send(line.map_err(|e| e.to_string())).is_err() {
                    return;
                }
            }
        });
        let next = || told.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
        assert!(next().starts_with("Sid=b&"));
        assert!(next().starts_with("Sid=c&"));
        for (n, old) in ["first.db", "second.db"].into_iter().enumerate() {
            for end in ["", "-wal", "-shm"] {
                let from = format!("{}{end}", path.display());
                let _ = std::fs::rename(from, folder.path().join(format!("{old}{end}")));
            }
            // Nobody makes a store by looking for it.
            assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
            assert!(!path.exists());
            keep(&path, &[&format!("d{n}"), &format!("e{n}")]);
            assert!(next().starts_with(&format!("Sid=d{n}&")));
            assert!(next().starts_with(&format!("Sid=e{n}&")));
        }
        // Removed, with the log left behind.
        std::fs::remove_file(&path).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
        keep(&path, &["f"]);
        assert!(next().starts_with("Sid=f&"));
        let all: Vec<Option<i64>> = (1..=8).map(|n| ids.of(n)).collect();
        assert_eq!(
            all,
            [2, 3, 1, 2, 1, 2, 1]
                .map(Some)
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>()
        );
    }
}
