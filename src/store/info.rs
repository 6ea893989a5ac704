//! What is in the store, in numbers.

use std::path::PathBuf;

use rusqlite::OptionalExtension as _;

use super::writer::HEALTH;
use super::{EventKind, Gone, Store, StoreError, files};
use crate::model::Time;

/// What is in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Where it lies.
    pub path: PathBuf,
    /// Version of its schema.
    pub version: i64,
    /// Bytes of the file, and of its write-ahead log.
    pub bytes: (u64, u64),
    /// Bytes in the file that hold nothing; `vacuum` gives them back.
    pub free: u64,
    /// Events by kind, those with rows only, in the order of [`EventKind`].
    pub kinds: Vec<KindCount>,
    /// Replays.
    pub replays: u64,
    /// When the first and the last event was received.
    pub span: Option<(Time, Time)>,
    /// How far the sources were read: name, value as JSON, when it was noted.
    pub cursors: Vec<(String, String, String)>,
    /// The last removal by retention, and all of them together as events and bytes.
    pub gone: Option<(Gone, u64, u64)>,
}

/// How many events of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// Which kind.
    pub kind: EventKind,
    /// How many.
    pub rows: u64,
    /// Bytes of their documents as they are kept.
    pub bytes: u64,
}

impl Store {
    /// What is in it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn info(&self) -> Result<Info, StoreError> {
        self.look().map_err(|e| self.error("look into the store", e))
    }

    fn look(&self) -> rusqlite::Result<Info> {
        // All numbers of one moment.
        let db = self.db.unchecked_transaction()?;
        let number = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).map(|n| n.max(0) as u64);
        let page = number("pragma page_size")?;
        let span: (Option<String>, Option<String>) =
            db.query_row("select min(received), max(received) from event", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?;
        let time = |t: Option<String>| t.as_deref().and_then(Time::parse);
        let cursors = db
            .prepare("select name, value, updated from cursor where name <> ?1 order by name")?
            .query_map([HEALTH], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let log = std::fs::metadata(files::beside(&self.path, "-wal")).map_or(0, |m| m.len());
        let file = std::fs::metadata(&self.path).map_or(0, |m| m.len());
        Ok(Info {
            path: self.path.clone(),
            version: db.query_row("pragma user_version", [], |r| r.get(0))?,
            bytes: (file, log),
            free: number("pragma freelist_count")? * page,
            kinds: kinds(&db)?,
            replays: number("select count(*) from replay")?,
            span: time(span.0).zip(time(span.1)),
            cursors,
            gone: gone(&db)?,
        })
    }

    /// What SQLite finds wrong with the file; nothing when it is sound.
    ///
    /// # Errors
    /// It could not even be looked at; see [`StoreError`].
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.db.prepare("pragma integrity_check")?;
            let rows = statement.query_map([], |r| r.get(0))?;
            rows.collect()
        };
        let mut found = read().map_err(|e| self.error("check the store", e))?;
        found.retain(|line| line != "ok");
        Ok(found)
    }
}

fn kinds(db: &rusqlite::Connection) -> rusqlite::Result<Vec<KindCount>> {
    let mut statement =
        db.prepare("select kind, count(*), sum(length(cast(document as blob))) from event group by kind")?;
    let rows = statement.query_map([], |r| {
        Ok(KindCount {
            kind: EventKind::of(r.get_ref(0)?.as_str().unwrap_or_default()),
            rows: r.get::<_, i64>(1)?.max(0) as u64,
            bytes: r.get::<_, i64>(2)?.max(0) as u64,
        })
    })?;
    let mut all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    all.sort_by_key(|k| k.kind);
    Ok(all)
}

fn gone(db: &rusqlite::Connection) -> rusqlite::Result<Option<(Gone, u64, u64)>> {
    let last = db
        .query_row(
            "select at, rows, replays, bytes, why, first, last from gone order by rowid desc limit 1",
            [],
            Gone::read,
        )
        .optional()?;
    let (rows, bytes): (i64, i64) = db.query_row(
        "select coalesce(sum(rows), 0), coalesce(sum(bytes), 0) from gone",
        [],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(last.map(|g| (g, rows.max(0) as u64, bytes.max(0) as u64)))
}
