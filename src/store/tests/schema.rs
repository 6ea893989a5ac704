//! Versions of the schema, and files that are not ours.

use rusqlite::Connection;

use super::super::schema::{APPLICATION_ID, STEPS};
use super::*;

/// The next versions, as they might be: a column, and a table that takes over what stood in another.
const MORE: [&str; 2] = [
    "alter table event add column seen text",
    "create table note (event integer, note text); insert into note select id, note from event",
];

fn version(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row("pragma user_version", [], |r| r.get(0)).unwrap()
}

fn open_with(path: &Path, steps: &[&str]) -> Result<Store, StoreError> {
    files::prepare(path)?;
    let mut store = Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, false)?;
    store.set_up(steps)?;
    Ok(store)
}

#[test]
fn every_older_version_becomes_the_newest_and_keeps_its_rows() {
    let all: Vec<&str> = STEPS.iter().chain(&MORE).copied().collect();
    for old in 1..=all.len() {
        let place = place();
        let mut store = open_with(&place.path, &all[..old]).unwrap();
        store.append(&[event("a"), event("b")]).unwrap();
        drop(store);
        assert_eq!(version(&place.path), old as i64);
        let mut store = open_with(&place.path, &all).unwrap();
        assert_eq!(keys(&store), ["a", "b"], "from {old}");
        store.append(&[event("c")]).unwrap();
        assert_eq!(version(&place.path), all.len() as i64);
        let columns = "select count(*) from pragma_table_info('event') where name = 'seen'";
        assert_eq!(store.db.query_row(columns, [], |r| r.get::<_, i64>(0)).unwrap(), 1);
    }
}

#[test]
fn a_step_that_fails_leaves_the_version_before_it() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("a")]).unwrap();
    drop(store);
    let all: Vec<&str> = STEPS
        .iter()
        .copied()
        .chain([MORE[0], "create table event (id)"])
        .collect();
    assert!(matches!(open_with(&place.path, &all), Err(StoreError::Sql { .. })));
    assert_eq!(version(&place.path), STEPS.len() as i64);
    let store = Store::open(&place.path).unwrap();
    assert_eq!(keys(&store), ["a"]);
    assert!(store.db.prepare("select seen from event").is_err());
}

#[test]
fn a_version_of_the_future_is_refused_and_stays_as_it_is() {
    let place = place();
    drop(Store::open(&place.path).unwrap());
    let db = Connection::open(&place.path).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    for e in [
        Store::open(&place.path).unwrap_err(),
        Store::open_existing(&place.path).unwrap_err(),
    ] {
        assert!(matches!(e, StoreError::Newer { found: 999, .. }), "{e:?}");
        assert!(e.to_string().contains("version 999"), "{e}");
    }
    assert_eq!(version(&place.path), 999);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    for sql in [
        "create table theirs (a)",
        "pragma application_id = 5",
        "pragma user_version = 3",
    ] {
        let place = place();
        std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
        let db = Connection::open(&place.path).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let before = std::fs::read(&place.path).unwrap();
        let e = Store::open(&place.path).unwrap_err();
        assert!(matches!(e, StoreError::Foreign { .. }), "{sql}: {e:?}");
        assert_eq!(std::fs::read(&place.path).unwrap(), before, "{sql}");
    }
}

#[test]
fn anybody_can_see_what_it_is() {
    let place = place();
    let store = Store::open(&place.path).unwrap();
    let pragma = |name: &str| -> String {
        let sql = format!("select cast({name} as text) from pragma_{name}");
        store.db.query_row(&sql, [], |r| r.get(0)).unwrap()
    };
    assert_eq!(pragma("application_id"), APPLICATION_ID.to_string());
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2");
    assert_eq!(pragma("auto_vacuum"), "2");
    assert_eq!(pragma("foreign_keys"), "1");
    drop(store);
    let header = std::fs::read(&place.path).unwrap();
    // `file(1)` reads the id here.
    assert_eq!(&header[68..72], b"redl");
}

/// Method, address, status, milliseconds and error of all exchanges, as `sqlite3` shows them.
fn exchanges(store: &Store) -> Vec<String> {
    let sql = "select method || ' ' || url || ' ' || status || ' ' || ms || ' ' || coalesce(error, '-') from exchange order by id";
    let mut all = store.db.prepare(sql).unwrap();
    let all = all.query_map([], |r| r.get::<_, Option<String>>(0)).unwrap();
    all.map(|r| r.unwrap().unwrap_or_default()).collect()
}

#[test]
fn a_large_exchange_is_in_the_view_too() {
    let entry = |body: usize| {
        let text = "x".repeat(body);
        let request = json!({"method": "POST", "url": "http://a.example/voice", "postData": {"text": text}});
        json!({"request": request, "response": {"status": 502}, "time": 12.5, "_redial": {"error": "E"}}).to_string()
    };
    let want = "POST http://a.example/voice 502 12.5 E";
    let (small, large) = (exchange("small", &entry(10)), exchange("large", &entry(100_000)));
    let bare = NewEvent {
        note: None,
        ..exchange("bare", &entry(100_000))
    };
    let new = [small, large.clone(), bare];
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&new).unwrap();
    assert_eq!(exchanges(&store), [want; 3]);
    // It is for the view only.
    for (row, new) in store.after(0, 10).unwrap().iter().zip(&new) {
        assert_eq!((&row.note, &row.document), (&new.note, &new.document));
        assert!(!row.line().contains("brief"));
    }
    // Those of a file of the first version, and one that cannot be unpacked.
    let place = super::place();
    let mut store = open_with(&place.path, &STEPS[..1]).unwrap();
    let broken = NewEvent {
        key: "broken".to_owned(),
        ..large.clone()
    };
    store.append(&[large, broken]).unwrap();
    store
        .db
        .execute_batch("update event set note = null; update event set document = x'00' where key = 'broken'")
        .unwrap();
    assert_eq!(exchanges(&store), ["", ""]);
    drop(store);
    let store = Store::open(&place.path).unwrap();
    assert_eq!(version(&place.path), STEPS.len() as i64);
    assert_eq!(exchanges(&store), [want, ""]);
}
