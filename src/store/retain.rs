//! Retention: old events go, oldest first, and what went is written down. Also giving the room back to the disk.
//!
//! Removal runs in small transactions, so that a listener of another program is never held up for long.

use std::time::Duration;

use rusqlite::{Transaction, params};

use super::{Store, StoreError, now};
use crate::model::Time;

/// What is to be kept; none: without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Events received within this time.
    pub keep: Option<Duration>,
    /// Bytes that events, replays and their indexes may take up in the file.
    pub max_size: Option<u64>,
}

/// What retention removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// When.
    pub at: Option<Time>,
    /// Events.
    pub rows: u64,
    /// Replays, of those events or as old as they.
    pub replays: u64,
    /// Bytes of what was removed, as it was kept.
    pub bytes: u64,
    /// `age` or `size`; both are told as `age, size`.
    pub why: String,
    /// When the oldest and the newest of the events was received; none when only replays went.
    pub first: Option<Time>,
    /// The newest.
    pub last: Option<Time>,
}

/// What a vacuum gave back: bytes of the file before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freed {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Events that go in one transaction; fewer where there is little room.
const BATCH: i64 = 500;
/// A removal by size begins with fewer, not to remove more than it must.
const SMALL_BATCH: i64 = 50;

impl Store {
    /// Removes what retention does not keep, oldest first, replays with their events. What went stands in the table `gone` too.
    ///
    /// # Errors
    /// What was removed until then is gone and written down; see [`StoreError`].
    pub fn prune(&mut self, retention: Retention) -> Result<Gone, StoreError> {
        self.prune_while(retention, now(), &|| true)
    }

    /// The same at a given moment, as long as `go_on` says so.
    pub(super) fn prune_while(
        &mut self,
        retention: Retention,
        now: Time,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Gone, StoreError> {
        let mut gone = Gone::default();
        if let Some(keep) = retention.keep {
            let age = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
            let before = Time(now.0.saturating_sub(age)).to_string();
            // Nothing is older than year 0, and its text would not compare.
            if !before.starts_with(['-', '+']) {
                gone.add(self.remove("age", now, go_on, |t, most| older(t, &before, most))?);
            }
        }
        if let Some(most) = retention.max_size {
            gone.add(self.remove("size", now, go_on, |t, at_once| beyond(t, most, at_once))?);
        }
        if gone.rows + gone.replays > 0 && go_on() {
            match self.give_back() {
                // What was removed left room within the file, and new events find it.
                Err(StoreError::Full { .. }) => {}
                done => done?,
            }
        }
        Ok(gone)
    }

    /// Gives unused room back to the disk; `full` also packs what is left, and needs as much room again for a while.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is lost.
    pub fn vacuum(&mut self, full: bool) -> Result<Freed, StoreError> {
        let size = |s: &Self| std::fs::metadata(&s.path).map_or(0, |m| m.len());
        // What waits in the write-ahead log belongs to the file's size.
        self.checkpoint()?;
        let before = size(self);
        if full {
            self.db
                .execute_batch("vacuum")
                .map_err(|e| self.error("pack the store", e))?;
            self.checkpoint()?;
        } else {
            self.give_back()?;
        }
        Ok(Freed {
            before,
            after: size(self),
        })
    }

    fn give_back(&mut self) -> Result<(), StoreError> {
        let run = || -> rusqlite::Result<()> {
            let mut statement = self.db.prepare("pragma incremental_vacuum")?;
            let mut rows = statement.query([])?;
            // Each step frees one page.
            while rows.next()?.is_some() {}
            Ok(())
        };
        run().map_err(|e| self.error("give room back to the disk", e))?;
        self.checkpoint()
    }

    /// Moves the write-ahead log into the file and cuts it, as far as readers allow.
    fn checkpoint(&self) -> Result<(), StoreError> {
        self.db
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(|e| self.error("write the log into the store", e))
    }

    /// Removes batch after batch until there is nothing more to remove.
    fn remove(
        &mut self,
        why: &'static str,
        now: Time,
        go_on: &dyn Fn() -> bool,
        batch: impl Fn(&Transaction<'_>, i64) -> rusqlite::Result<Option<Gone>>,
    ) -> Result<Gone, StoreError> {
        let mut all = Gone::default();
        // One row of `gone` for a run: each batch brings it up to date in its own transaction.
        let mut row = None;
        let mut most = BATCH;
        while go_on() {
            let mut written = row;
            let whole = self.transaction("remove old events", |t| {
                let Some(part) = batch(t, most)? else { return Ok(None) };
                let mut whole = all.clone();
                whole.add(Gone {
                    at: Some(now),
                    why: why.to_owned(),
                    ..part
                });
                written = Some(whole.write(t, row)?);
                Ok(Some(whole))
            });
            match whole {
                Ok(Some(whole)) => (all, row) = (whole, written),
                Ok(None) => break,
                Err(StoreError::Full { path }) if most == 1 => return Err(StoreError::Cramped { path }),
                Err(StoreError::Full { .. }) => most = (most / 8).max(1),
                Err(e) => return Err(e),
            }
            if most < BATCH {
                self.reuse_log();
            }
        }
        Ok(all)
    }

    /// Moves the log into the file, so that it is written anew from its start: there is no room for it to grow. It is not cut, for
    /// others would take what that gives back.
    fn reuse_log(&self) {
        // Where it cannot be done, the next removal tells.
        let _ = self.db.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(()));
    }
}

/// Removes the oldest that were received before a moment.
fn older(t: &Transaction<'_>, before: &str, at_once: i64) -> rusqlite::Result<Option<Gone>> {
    let part = delete(t, "received < ?1", before, at_once)?;
    if part.rows > 0 {
        return Ok(Some(part));
    }
    let replays = delete_replays(t, "event is null and at < ?1", before, at_once)?;
    Ok((replays.replays > 0).then_some(replays))
}

/// Removes the oldest while the file's content is larger than `most`.
fn beyond(t: &Transaction<'_>, most: u64, at_once: i64) -> rusqlite::Result<Option<Gone>> {
    let used = t.query_row(
        "select (page_count - freelist_count) * page_size
         from pragma_page_count, pragma_freelist_count, pragma_page_size",
        [],
        |r| r.get::<_, i64>(0),
    )?;
    let used = used.max(0) as u64;
    if used <= most {
        return Ok(None);
    }
    let rows: i64 = t.query_row("select count(*) from event", [], |r| r.get(0))?;
    // Rows that are as large as the average and would just do; half of them at a time.
    let share = (rows as u64).saturating_mul(used - most) / used.max(1) / 2;
    let count = i64::try_from(share).unwrap_or(BATCH).clamp(SMALL_BATCH, BATCH);
    let count = if rows <= SMALL_BATCH * 2 { 1 } else { count.min(at_once) };
    let part = delete(t, "?1 = ?1", "", count)?;
    if part.rows > 0 {
        return Ok(Some(part));
    }
    let replays = delete_replays(t, "?1 = ?1", "", count)?;
    Ok((replays.replays > 0).then_some(replays))
}

/// Removes the first events by id for which `which` holds, and their replays.
fn delete(t: &Transaction<'_>, which: &str, arg: &str, count: i64) -> rusqlite::Result<Gone> {
    // The same in all three statements: nobody else writes meanwhile.
    let leaving = format!("(select id from event where {which} order by id limit ?2)");
    let part = t.query_row(
        &format!(
            "select count(*), coalesce(sum(length(cast(document as blob))), 0), min(received), max(received)
             from event where id in {leaving}"
        ),
        params![arg, count],
        |r| {
            Ok(Gone {
                rows: r.get::<_, i64>(0)?.max(0) as u64,
                bytes: r.get::<_, i64>(1)?.max(0) as u64,
                first: time(r, 2)?,
                last: time(r, 3)?,
                ..Gone::default()
            })
        },
    )?;
    let (replays, bytes) = t.query_row(
        &format!("select count(*), coalesce(sum(length(entry)), 0) from replay where event in {leaving}"),
        params![arg, count],
        |r| Ok((r.get::<_, i64>(0)?.max(0) as u64, r.get::<_, i64>(1)?.max(0) as u64)),
    )?;
    t.execute(&format!("delete from event where id in {leaving}"), params![arg, count])?;
    Ok(Gone {
        replays,
        bytes: part.bytes + bytes,
        ..part
    })
}

fn delete_replays(t: &Transaction<'_>, which: &str, arg: &str, count: i64) -> rusqlite::Result<Gone> {
    let mut statement = t.prepare(&format!(
        "delete from replay where id in (select id from replay where {which} order by id limit ?2)
         returning length(entry)"
    ))?;
    let sizes = statement.query_map(params![arg, count], |r| r.get::<_, i64>(0))?;
    let mut gone = Gone::default();
    for size in sizes {
        gone.replays += 1;
        gone.bytes += size?.max(0) as u64;
    }
    Ok(gone)
}

/// A moment in a column of a row.
fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Time>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.as_deref().and_then(Time::parse))
}

impl Gone {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.replays += other.replays;
        self.bytes += other.bytes;
        if other.rows + other.replays > 0 {
            self.at = other.at;
            if self.why.is_empty() {
                self.why = other.why;
            } else if self.why != other.why {
                self.why = format!("{}, {}", self.why, other.why);
            }
        }
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }

    /// Writes it down, as a new row or over the one of this run.
    fn write(&self, t: &Transaction<'_>, row: Option<i64>) -> rusqlite::Result<i64> {
        let text = |t: Option<Time>| t.map(|t| t.to_string());
        t.execute(
            "insert or replace into gone (rowid, at, rows, replays, bytes, why, first, last)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row,
                text(self.at),
                self.rows as i64,
                self.replays as i64,
                self.bytes as i64,
                self.why,
                text(self.first),
                text(self.last),
            ],
        )?;
        Ok(t.last_insert_rowid())
    }

    /// From a row of `gone`.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let number = |n| row.get::<_, i64>(n).map(|n| n.max(0) as u64);
        Ok(Self {
            at: time(row, 0)?,
            rows: number(1)?,
            replays: number(2)?,
            bytes: number(3)?,
            why: row.get(4)?,
            first: time(row, 5)?,
            last: time(row, 6)?,
        })
    }
}
