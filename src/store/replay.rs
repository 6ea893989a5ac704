//! Replays, kept beside what they replay.

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
    /// Its call.
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
                 values ((select id from event where id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
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
