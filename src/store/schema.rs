//! The schema: what stands in the file, and how an older file becomes one of today.
//!
//! `application_id` says that a file is ours, `user_version` how many of [`STEPS`] it has been through. A step is SQL that runs in a transaction with the
//! new number, so that a file is of one version or the next, never between. Steps add; they never drop what somebody kept.
//!
//! Times are text, RFC 3339 in UTC with milliseconds. Tables: `event` (what arrived, in the order of its arrival), `replay` (what was
//! sent again, and its verdict), `cursor` (how far a source was read), `gone` (what retention removed). Views for people:
//! `exchange` and `error`.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{PATIENCE, StoreError, brief};

/// `redl`.
pub const APPLICATION_ID: i32 = 0x7265_646c;

/// Every version of the schema, as the step that leads to it.
pub const STEPS: &[&str] = &[VERSION_1, VERSION_2];

const VERSION_1: &str = "
create table event (
  id        integer primary key autoincrement,  -- order of arrival; never used twice
  key       text not null,        -- what makes it the same event: Sid, CloudEvents id, or sha256 of the document
  kind      text not null,        -- debugger | stream | alert | alert-listed | notification | notification-listed | call-event | exchange
  source    text not null,        -- listen | pull | proxy
  received  text not null,        -- when it was committed (this machine's clock)
  at        text,                 -- when it happened, by the platform (null: unknown)
  call      text,                 -- CA..., SM..., Tropo session id (null: unknown)
  level     text,                 -- as given, lower case (null: none)
  code      text,                 -- Twilio's error code (null: none)
  note      text,                 -- JSON: what we know beside the document, such as its signature's state (null: nothing)
  encoding  text,                 -- null: document is text; 'zstd': it is that text compressed
  document  not null,             -- JSON or form text as it came; of an 'exchange' one HAR 1.2 entry
  unique (kind, key)
);
create index event_call on event (call);
create index event_received on event (received);

create table replay (
  id        integer primary key autoincrement,
  event     integer references event (id) on delete cascade,  -- what was sent again (null: it came from elsewhere)
  request   text not null,        -- the request's id, r...
  call      text,
  at        text not null,
  pass      integer,              -- 1, 0 (null: no verdict)
  entry     text not null,        -- one HAR 1.2 entry, secrets left out
  verdict   text not null,        -- JSON
  sent      text                  -- what was edited, JSON (null: nothing)
);
create index replay_event on replay (event);
create index replay_request on replay (request);

create table cursor (
  name      text primary key,
  value     text not null,        -- JSON
  updated   text not null
);

create table gone (
  at        text not null,        -- when it was removed
  rows      integer not null,     -- events
  replays   integer not null,
  bytes     integer not null,     -- of their documents, as they were kept
  why       text not null,        -- age | size
  first     text,                 -- received: the oldest of them
  last      text                  -- and the newest
);

create view exchange as
  select id, call, at,
         json_extract(doc, '$.request.method') as method,
         json_extract(doc, '$.request.url') as url,
         json_extract(doc, '$.response.status') as status,
         json_extract(doc, '$.time') as ms,
         json_extract(doc, '$._redial.error') as error
  from (select id, call, at,
               case when encoding is null and json_valid(document) then document else '{}' end as doc
        from event where kind = 'exchange');

create view error as
  select id, call, at, level, code from event
  where kind <> 'exchange' and (code is not null or level in ('error', 'warning'));
";

/// What the view shows of a compressed document stands in its note: SQL cannot read the document.
const VERSION_2: &str = "
drop view exchange;
create view exchange as
  select id, call, at,
         coalesce(json_extract(doc, '$.request.method'), json_extract(brief, '$.method')) as method,
         coalesce(json_extract(doc, '$.request.url'), json_extract(brief, '$.url')) as url,
         coalesce(json_extract(doc, '$.response.status'), json_extract(brief, '$.status')) as status,
         coalesce(json_extract(doc, '$.time'), json_extract(brief, '$.ms')) as ms,
         coalesce(json_extract(doc, '$._redial.error'), json_extract(brief, '$.error')) as error
  from (select id, call, at,
               case when encoding is null and json_valid(document) then document else '{}' end as doc,
               case when json_valid(note) then json_extract(note, '$.brief') end as brief
        from event where kind = 'exchange');
";

/// Makes a new file a store, or brings an old one up to date; whether anything had to be done.
pub(super) fn set_up(db: &mut Connection, path: &Path, steps: &[&str]) -> Result<bool, StoreError> {
    let told = |e| StoreError::of(path, "set up the store", e);
    let (ours, version) = owner(db).map_err(told)?;
    check(ours, version, path, steps)?;
    if ours == Owner::Nobody {
        // Before anything else is written to an empty file.
        db.pragma_update(None, "auto_vacuum", "incremental").map_err(told)?;
    }
    log_ahead(db).map_err(told)?;
    db.pragma_update(None, "synchronous", "full").map_err(told)?;
    db.pragma_update(None, "foreign_keys", true).map_err(told)?;
    // 16 MiB of log, not 4: moving it into the file costs two more syncs, while somebody waits.
    db.pragma_update(None, "wal_autocheckpoint", 4096).map_err(told)?;
    let older = version < steps.len();
    if older {
        migrate(db, path, steps)?;
    }
    Ok(older)
}

/// As [`check`], where nothing can be written: an older schema cannot be brought up to date.
pub(super) fn check_read_only(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let (ours, version) = owner(db).map_err(|e| StoreError::of(path, "read the store", e))?;
    check(ours, version, path, STEPS)?;
    if version < STEPS.len() {
        return Err(StoreError::ReadOnly {
            path: path.to_owned(),
            why: "it is of an older version and cannot be brought up to date".to_owned(),
        });
    }
    Ok(())
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    Us,
    Another,
}

/// Whose file it is, and which version.
fn owner(db: &Connection) -> rusqlite::Result<(Owner, usize)> {
    let id: i32 = db.query_row("pragma application_id", [], |r| r.get(0))?;
    let version: i64 = db.query_row("pragma user_version", [], |r| r.get(0))?;
    let tables: i64 = db.query_row("select count(*) from sqlite_schema", [], |r| r.get(0))?;
    let owner = match (id, version, tables) {
        (APPLICATION_ID, ..) => Owner::Us,
        (0, 0, 0) => Owner::Nobody,
        _ => Owner::Another,
    };
    Ok((owner, usize::try_from(version).unwrap_or(usize::MAX)))
}

fn check(owner: Owner, version: usize, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let path = path.to_owned();
    match owner {
        Owner::Another => Err(StoreError::Foreign { path }),
        Owner::Us if version > steps.len() => Err(StoreError::Newer {
            path,
            found: version,
            known: steps.len(),
        }),
        Owner::Us | Owner::Nobody => Ok(()),
    }
}

/// Switches to the write-ahead log. SQLite does not wait for others here, as two programs that make the same store do.
fn log_ahead(db: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        let switched = db.query_row("pragma journal_mode = wal", [], |r| r.get::<_, String>(0));
        match switched {
            Err(rusqlite::Error::SqliteFailure(e, _))
                if matches!(e.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(e) => return Err(e),
            Ok(_) => return Ok(()),
        }
    }
}

/// Takes every step that the file has not been through, in one transaction.
fn migrate(db: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let told = |e| StoreError::of(path, "bring the store up to date", e);
    let t = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(told)?;
    // Another program may have been first.
    let (ours, version) = owner(&t).map_err(told)?;
    check(ours, version, path, steps)?;
    for step in steps.iter().skip(version) {
        t.execute_batch(step).map_err(told)?;
    }
    if (1..2).contains(&version) && steps.len() > 1 {
        brief::of_kept(&t).map_err(told)?;
    }
    t.pragma_update(None, "application_id", APPLICATION_ID).map_err(told)?;
    t.pragma_update(None, "user_version", steps.len() as i64)
        .map_err(told)?;
    t.commit().map_err(told)
}
