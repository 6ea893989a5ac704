//! The store: what `listen`, `proxy` and `pull` received, kept in one SQLite file that nobody has to ask us to read.
//!
//! It owns the file, its schema ([`schema`]) and what is durable: a row that [`Store::append`] gave back survives `kill -9` and power loss (WAL,
//! `synchronous=FULL`). It does not know what a document means: who writes says kind, key and columns. A [`Store`] is one
//! connection of one thread; many programs may hold one each on the same file. [`Writer`] is a thread that commits together
//! whatever waits.
//!
//! **No secret is ever in it**: `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` of a recorded request or answer are kept as
//! dots ([`mask`]); `X-Twilio-Signature` stays, for it is no secret and a replay wants it. Folder 0700, files 0600.
//!
//! To add a column or a table, add a step to [`schema::STEPS`]; a step never drops data. To add a kind of event, add a
//! variant of [`EventKind`].

mod brief;
mod error;
mod event;
mod files;
mod info;
mod keeper;
mod known;
mod mask;
mod replay;
mod retain;
pub mod schema;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

pub use error::StoreError;
pub use event::{Appended, Cursor, EventKind, NewEvent, Origin, Row};
pub use info::{Info, KindCount};
pub use keeper::Keeper;
pub use mask::mask;
pub use replay::{NewReplay, Replay, Replays};
pub use retain::{Freed, Gone, Retention};
pub use writer::{Pending, Writer, WriterHandle};

use crate::model::Time;

/// How long another program may hold the store before we give up: its longest transaction is a checkpoint or a batch of `prune`.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to the store.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    path: PathBuf,
    identity: Option<files::Identity>,
    read_only: bool,
    /// Something was written that may still stand in the log only.
    wrote: bool,
}

impl Store {
    /// Opens the store for writing; makes folder and file when they are missing, and brings an older schema up to date.
    ///
    /// # Errors
    /// See [`StoreError`]: each variant says what to do.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let _one_at_a_time = files::opening();
        files::prepare(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::connect(path, flags, false)?;
        store.set_up(schema::STEPS)?;
        Ok(store)
    }

    /// Opens a store that is there already; none when there is none. Never creates anything. Where it cannot be written (a
    /// read-only folder or file) it is opened for reading.
    ///
    /// # Errors
    /// As [`Store::open`]; also a schema older than ours that cannot be brought up to date because the file is read-only.
    pub fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        let _one_at_a_time = files::opening();
        match files::Found::look(path)? {
            files::Found::Nothing => Ok(None),
            files::Found::Writable => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let mut store = Self::connect(path, flags, false)?;
                store.set_up(schema::STEPS)?;
                Ok(Some(store))
            }
            files::Found::ReadOnly => Self::read_only(path).map(Some),
        }
    }

    /// Reads where nothing can be written: SQLite's helper files cannot be made there either, so that a store without
    /// a write-ahead log is taken as one that does not change.
    fn read_only(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::connect(path, flags, true)?;
        let unreadable = |s: &Self| {
            s.db.query_row("select 1 from sqlite_schema", [], |_| Ok(()))
                .optional()
                .err()
        };
        if let Some(e) = unreadable(&store) {
            if !files::log_is_empty(path) {
                return Err(StoreError::of(path, "read the store", e));
            }
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            store = Self::connect_as(path, files::immutable_uri(path), flags, true)?;
        }
        schema::check_read_only(&store.db, path)?;
        Ok(store)
    }

    fn connect(path: &Path, flags: OpenFlags, read_only: bool) -> Result<Self, StoreError> {
        Self::connect_as(path, path, flags, read_only)
    }

    fn connect_as(path: &Path, name: impl AsRef<Path>, flags: OpenFlags, read_only: bool) -> Result<Self, StoreError> {
        let told = |e| StoreError::of(path, "open the store", e);
        let db = Connection::open_with_flags(name, flags).map_err(told)?;
        db.busy_timeout(PATIENCE).map_err(told)?;
        db.set_prepared_statement_cache_capacity(32);
        Ok(Self {
            db,
            path: path.to_owned(),
            identity: files::Identity::of(path),
            read_only,
            wrote: false,
        })
    }

    fn set_up(&mut self, steps: &[&str]) -> Result<(), StoreError> {
        let changed = schema::set_up(&mut self.db, &self.path, steps)?;
        self.wrote = changed;
        if changed {
            self.settle();
        }
        Ok(())
    }

    /// How long another program may hold the store before this connection gives up.
    fn patient(&self, patience: Duration) {
        // It only sets a number; where it could not, the number before is good too.
        let _ = self.db.busy_timeout(patience);
    }

    /// Moves what was written from the log into the file, as far as others allow at once: whoever copies or moves the file alone
    /// has all of it then. It is durable before, so that nothing is wrong where this cannot be done.
    fn settle(&mut self) {
        if !std::mem::take(&mut self.wrote) {
            return;
        }
        self.patient(Duration::ZERO);
        let done = self
            .db
            .query_row("pragma wal_checkpoint(truncate)", [], |r| r.get::<_, i64>(0));
        self.wrote = !matches!(done, Ok(0));
        self.patient(PATIENCE);
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True when it was opened where nothing can be written.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// False when the file was moved away, deleted or replaced since it was opened: what is written then would be lost.
    pub fn still_there(&self) -> bool {
        self.identity == files::Identity::of(&self.path)
    }

    /// Keeps events in one transaction, all or nothing; durable when this returns. An event whose kind and key are there already
    /// is left as it was.
    ///
    /// # Errors
    /// Nothing was kept; see [`StoreError`].
    pub fn append(&mut self, new: &[NewEvent]) -> Result<Vec<Appended>, StoreError> {
        self.transaction("keep events", |t| append(t, new))
    }

    /// As [`Store::append`], and moves a cursor in the same transaction.
    ///
    /// # Errors
    /// Neither was kept; see [`StoreError`].
    pub fn append_with(&mut self, new: &[NewEvent], cursor: &Cursor) -> Result<Vec<Appended>, StoreError> {
        self.transaction("keep events", |t| {
            let all = append(t, new)?;
            set_cursor(t, cursor)?;
            Ok(all)
        })
    }

    /// Events with a larger id, in the order of their arrival, at most so many. What is seen here was committed, and no smaller id
    /// will come later.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn after(&self, id: i64, most: usize) -> Result<Vec<Row>, StoreError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.db.prepare_cached(
                "select id, key, kind, source, received, at, call, level, code, note, encoding, document
                 from event where id > ?1 order by id limit ?2",
            )?;
            let rows = statement.query_map(params![id, i64::try_from(most).unwrap_or(i64::MAX)], Row::read)?;
            rows.collect()
        };
        read().map_err(|e| self.error("read events", e))
    }

    /// The id of the last event that was kept; 0 before the first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last_id(&self) -> Result<i64, StoreError> {
        self.number("select coalesce(max(id), 0) from event where ?1 = ?1", 0)
    }

    /// How many events have a larger id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn count_after(&self, id: i64) -> Result<u64, StoreError> {
        self.number("select count(*) from event where id > ?1", id)
            .map(i64::unsigned_abs)
    }

    fn number(&self, question: &str, with: i64) -> Result<i64, StoreError> {
        let answer = self.db.query_row(question, params![with], |r| r.get(0));
        answer.map_err(|e| self.error("read events", e))
    }

    /// A number that changes when another connection has committed: cheap to poll.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let mut statement = self
            .db
            .prepare_cached("pragma data_version")
            .map_err(|e| self.error("look for news", e))?;
        statement
            .query_row([], |r| r.get(0))
            .map_err(|e| self.error("look for news", e))
    }

    /// What a reader of a source noted of how far it came.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn cursor(&self, name: &str) -> Result<Option<Cursor>, StoreError> {
        let found: Option<String> = self
            .db
            .query_row("select value from cursor where name = ?1", [name], |r| r.get(0))
            .optional()
            .map_err(|e| self.error("read a cursor", e))?;
        // A value that somebody else made unreadable is as good as none.
        Ok(found
            .and_then(|text| serde_json::from_str(&text).ok())
            .map(|value| Cursor {
                name: name.to_owned(),
                value,
            }))
    }

    /// Runs `work` in one transaction that is the only one that writes.
    fn transaction<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let run = || {
            let t = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&t)?;
            t.commit()?;
            Ok(done)
        };
        let done = run().map_err(|e| StoreError::of(&self.path, doing, e))?;
        self.wrote = true;
        Ok(done)
    }

    fn error(&self, doing: &'static str, e: rusqlite::Error) -> StoreError {
        StoreError::of(&self.path, doing, e)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.settle();
    }
}

fn append(t: &Transaction<'_>, new: &[NewEvent]) -> rusqlite::Result<Vec<Appended>> {
    let mut insert = t.prepare_cached(
        "insert into event (key, kind, source, received, at, call, level, code, note, encoding, document)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         on conflict (kind, key) do nothing returning id",
    )?;
    let mut known = t.prepare_cached("select id from event where kind = ?1 and key = ?2")?;
    new.iter()
        .map(|e| match event::insert(&mut insert, e)? {
            Some(id) => Ok(Appended::New(id)),
            None => known
                .query_row(params![e.kind.as_str(), e.key], |r| r.get(0))
                .map(Appended::Known),
        })
        .collect()
}

fn set_cursor(t: &Transaction<'_>, cursor: &Cursor) -> rusqlite::Result<()> {
    t.prepare_cached(
        "insert into cursor (name, value, updated) values (?1, ?2, ?3)
         on conflict (name) do update set value = excluded.value, updated = excluded.updated",
    )?
    .execute(params![cursor.name, cursor.value.to_string(), now().to_string()])?;
    Ok(())
}

/// This machine's clock.
fn now() -> Time {
    Time(chrono::Utc::now().timestamp_millis())
}
