//! Replays, kept beside what they replay.

use std::io;
use std::path::PathBuf;

use rusqlite::params;
use serde_json::Value;

use super::{Store, StoreError, mask};
use crate::model::Time;

/// A replay that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReplay {
    /// The event that was sent again; none when the request came from elsewhere (a log file).
    pub event: Option<i64>,
    /// The request's id in the contract, `r…`.
    pub request: String,
    /// Its call; none: that of the event.
    pub call: Option<String>,
    /// When it was sent.
    pub at: Time,
    /// Whether the answer passes; none without a verdict.
    pub pass: Option<bool>,
    /// One HAR entry, secrets left out; secret headers are masked here once more.
    pub entry: String,
    /// As in the contract's `replay` line.
    pub verdict: Value,
    /// What was edited.
    pub sent: Option<Value>,
}

/// A replay as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Order of keeping; never used twice.
    pub id: i64,
    /// What was given.
    pub replay: NewReplay,
}

const COLUMNS: &str = "select id, event, request, call, at, pass, entry, verdict, sent from replay";

impl Store {
    /// Keeps a replay; its id. A replay of an event that retention has removed meanwhile is kept without it.
    ///
    /// # Errors
    /// It was not kept; see [`StoreError`].
    pub fn keep_replay(&mut self, r: &NewReplay) -> Result<i64, StoreError> {
        self.transaction("keep a replay", |t| {
            t.execute(
                "insert into replay (event, request, call, at, pass, entry, verdict, sent)
                 values ((select id from event where id = ?1), ?2, coalesce(?3, (select call from event where id = ?1)),
                         ?4, ?5, ?6, ?7, ?8)",
                params![
                    r.event,
                    r.request,
                    r.call,
                    r.at.to_string(),
                    r.pass,
                    mask::entry(&r.entry),
                    r.verdict.to_string(),
                    r.sent.as_ref().map(Value::to_string),
                ],
            )?;
            Ok(t.last_insert_rowid())
        })
    }

    /// All replays of a request, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replays(&self, request: &str) -> Result<Vec<Replay>, StoreError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self
                .db
                .prepare_cached(&format!("{COLUMNS} where request = ?1 order by id"))?;
            let rows = statement.query_map([request], Replay::read)?;
            rows.collect()
        };
        read().map_err(|e| self.error("read replays", e))
    }

    /// The last replays of an event, at most so many, oldest first; and how many there were before them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replays_of(&self, event: i64, most: usize) -> Result<(Vec<Replay>, u64), StoreError> {
        let read = || -> rusqlite::Result<(Vec<_>, i64)> {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut statement = self
                .db
                .prepare_cached(&format!("{COLUMNS} where event = ?1 order by id desc limit ?2"))?;
            let rows = statement.query_map(params![event, most], Replay::read)?;
            let mut last = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            last.reverse();
            let mut count = self.db.prepare_cached("select count(*) from replay where event = ?1")?;
            Ok((last, count.query_row([event], |r| r.get(0))?))
        };
        let (last, all) = read().map_err(|e| self.error("read replays", e))?;
        let before = all.unsigned_abs().saturating_sub(last.len() as u64);
        Ok((last, before))
    }

    /// Replays with a larger id, oldest first, at most so many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replays_after(&self, id: i64, most: usize) -> Result<Vec<Replay>, StoreError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self
                .db
                .prepare_cached(&format!("{COLUMNS} where id > ?1 order by id limit ?2"))?;
            let rows = statement.query_map(params![id, i64::try_from(most).unwrap_or(i64::MAX)], Replay::read)?;
            rows.collect()
        };
        read().map_err(|e| self.error("read replays", e))
    }
}

impl Replay {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::Null);
        let at: String = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            replay: NewReplay {
                event: row.get(1)?,
                request: row.get(2)?,
                call: row.get(3)?,
                at: Time::parse(&at).unwrap_or(Time(0)),
                pass: row.get(5)?,
                entry: row.get(6)?,
                verdict: json(row.get(7)?),
                sent: row.get::<_, Option<String>>(8)?.map(json),
            },
        })
    }
}

/// The replays of a store, for those who may never need them: it is opened when it is first needed, and anew when its file was
/// replaced meanwhile.
#[derive(Debug)]
pub struct Replays {
    path: PathBuf,
    store: Option<Store>,
    /// A failure was told.
    told: bool,
}

impl Replays {
    /// Of the store at a path, which need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            store: None,
            told: false,
        }
    }

    /// As [`Replays::keep`], for those whom a failure does not stop: the first one is told, in words for a user.
    pub fn keep_or_tell(&mut self, replay: &NewReplay, tell: impl FnOnce(String)) {
        if let Err(e) = self.keep(replay)
            && !std::mem::replace(&mut self.told, true)
        {
            tell(format!("the replay is not kept: {e}"));
        }
    }

    /// See [`Store::keep_replay`].
    ///
    /// # Errors
    /// It was not kept; see [`StoreError`]. A store that is not there any more is not made anew: nothing in it could be what was sent.
    pub fn keep(&mut self, replay: &NewReplay) -> Result<i64, StoreError> {
        let path = self.path.clone();
        match self.open()? {
            Some(store) => store.keep_replay(replay),
            None => Err(StoreError::io(&path, "keep a replay", io::ErrorKind::NotFound.into())),
        }
    }

    /// See [`Store::replays_of`]; none of a store that is not there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last(&mut self, event: i64, most: usize) -> Result<(Vec<Replay>, u64), StoreError> {
        match self.open()? {
            Some(store) => store.replays_of(event, most),
            None => Ok((Vec::new(), 0)),
        }
    }

    fn open(&mut self) -> Result<Option<&mut Store>, StoreError> {
        if !self.store.as_ref().is_some_and(Store::still_there) {
            self.store = Store::open_existing(&self.path)?;
        }
        Ok(self.store.as_mut())
    }
}
