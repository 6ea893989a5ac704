//! What is wrong with the place, the file or the disk: a clear message, and nothing lost.

use super::*;

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Room for so many pages more.
fn fill(store: &Store, pages: i64) -> i64 {
    let count: i64 = store.db.query_row("pragma page_count", [], |r| r.get(0)).unwrap();
    store
        .db
        .query_row(&format!("pragma max_page_count = {}", count + pages), [], |r| r.get(0))
        .unwrap()
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_look() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("a")]).unwrap();
    let folder = place.path.parent().unwrap();
    assert_eq!(mode(folder), 0o700);
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(&files::beside(&place.path, end)), 0o600, "{end}");
    }
    drop(store);
    // One that a tool has made anew.
    set_mode(&place.path, 0o644);
    drop(Store::open(&place.path).unwrap());
    assert_eq!(mode(&place.path), 0o600);
    // A folder that was there keeps its mode.
    set_mode(folder, 0o755);
    drop(Store::open(&place.path).unwrap());
    assert_eq!(mode(folder), 0o755);
}

#[cfg(unix)]
#[test]
fn no_store_where_anybody_could_put_a_trap() {
    let place = place();
    let folder = place.path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    set_mode(folder, 0o777);
    let e = Store::open(&place.path).unwrap_err();
    assert!(matches!(e, StoreError::Unsafe { .. }), "{e:?}");
    assert!(!place.path.exists());
    // As /tmp is: nobody can replace what is ours, but a link may have been there first.
    set_mode(folder, 0o1777);
    let elsewhere = place.folder.path().join("elsewhere.db");
    std::os::unix::fs::symlink(&elsewhere, &place.path).unwrap();
    let e = Store::open(&place.path).unwrap_err();
    assert!(matches!(e, StoreError::Unsafe { .. }), "{e:?}");
    assert!(!elsewhere.exists());
    std::fs::remove_file(&place.path).unwrap();
    Store::open(&place.path).unwrap();
    // In a folder of one's own a link is one's own wish.
    set_mode(folder, 0o700);
    drop(Store::open(&elsewhere).unwrap());
    std::fs::remove_file(&place.path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place.path).unwrap();
    Store::open(&place.path).unwrap();
}

#[test]
fn a_folder_is_no_store() {
    let place = place();
    std::fs::create_dir_all(&place.path).unwrap();
    assert!(matches!(Store::open(&place.path), Err(StoreError::Unsafe { .. })));
    assert!(matches!(
        Store::open_existing(&place.path),
        Err(StoreError::Unsafe { .. })
    ));
}

#[test]
fn looking_for_a_store_makes_none() {
    let place = place();
    assert!(Store::open_existing(&place.path).unwrap().is_none());
    assert!(!place.path.parent().unwrap().exists());
}

/// A folder in which even the administrator can make no file.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files() {
    for path in ["/proc/1/store.db", "/sys/redial/store.db"] {
        let e = Store::open(Path::new(path)).unwrap_err();
        assert!(
            matches!(e, StoreError::ReadOnly { .. } | StoreError::Io { .. }),
            "{e:?}"
        );
        assert!(e.to_string().starts_with(path.rsplit_once('/').unwrap().0), "{e}");
    }
}

#[test]
fn a_store_that_cannot_be_written_can_be_read() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("a")]).unwrap();
    drop(store);
    // As where no helper file can be made: SQLite is told that nothing changes.
    let mut store = Store::read_only(&place.path).unwrap();
    assert_eq!(keys(&store), ["a"]);
    assert!(store.is_read_only());
    store.data_version().unwrap();
    let e = store.append(&[event("b")]).unwrap_err();
    assert!(matches!(e, StoreError::ReadOnly { .. }), "{e:?}");
    assert!(e.to_string().contains("REDIAL_STORE"), "{e}");
    let uri = files::immutable_uri(Path::new("/a b/50%?#.db"));
    assert_eq!(uri, "file:/a%20b/50%25%3F%23.db?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let frozen = Store::connect_as(&place.path, files::immutable_uri(&place.path), flags, true).unwrap();
    assert_eq!(keys(&frozen), ["a"]);
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("before")]).unwrap();
    fill(&store, 2);
    let large = NewEvent {
        document: "x".repeat(60_000),
        ..event("large")
    };
    // The small one of the same transaction goes with it.
    let e = store.append(&[event("small"), large.clone()]).unwrap_err();
    assert!(matches!(e, StoreError::Full { .. }), "{e:?}");
    assert!(e.to_string().contains("disk is full"), "{e}");
    assert!(e.may_pass());
    assert_eq!(keys(&store), ["before"]);
    fill(&store, 1_000);
    store.append(&[event("small"), large]).unwrap();
    assert_eq!(keys(&store), ["before", "small", "large"]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_probe_finds_that_there_is_no_room_for_a_large_event() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    fill(&store, 3);
    store.append(&[event("small")]).unwrap();
    let e = store.probe(64 << 10).unwrap_err();
    assert!(matches!(e, StoreError::Full { .. }), "{e:?}");
    fill(&store, 1_000);
    store.probe(64 << 10).unwrap();
    // Nothing of it stays.
    assert_eq!(store.cursor("health").unwrap(), None);
    assert_eq!(keys(&store), ["small"]);
}

#[test]
fn a_damaged_file_is_told_and_left_alone() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    for n in 0..200 {
        let new = NewEvent {
            document: "x".repeat(2_000),
            ..event(&n.to_string())
        };
        store.append(&[new]).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&place.path).unwrap();
    let end = bytes.len();
    bytes[4096..end].fill(0xa5);
    std::fs::write(&place.path, &bytes).unwrap();
    let read = || Store::open(&place.path).and_then(|s| s.after(0, 1000));
    let e = read().unwrap_err();
    assert!(matches!(e, StoreError::Corrupt { .. }), "{e:?}");
    let text = e.to_string();
    assert!(text.contains("mv '") && text.contains(".recover"), "{text}");
    assert!(std::fs::read(&place.path).unwrap() == bytes);
    // Not a database at all.
    let nothing = b"not a database, but long enough to be taken for one".repeat(100);
    std::fs::write(&place.path, &nothing).unwrap();
    for e in [read().unwrap_err(), Store::open_existing(&place.path).unwrap_err()] {
        assert!(matches!(e, StoreError::Corrupt { .. }), "{e:?}");
    }
    assert!(std::fs::read(&place.path).unwrap() == nothing);
}

#[test]
fn a_lock_that_does_not_end() {
    let place = place();
    let mut first = Store::open(&place.path).unwrap();
    let mut second = Store::open(&place.path).unwrap();
    second.db.busy_timeout(Duration::ZERO).unwrap();
    let held = first
        .db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let e = second.append(&[event("a")]).unwrap_err();
    assert!(matches!(e, StoreError::Busy { .. }), "{e:?}");
    drop(held);
    second.append(&[event("a")]).unwrap();
}

#[test]
fn a_document_that_somebody_broke_is_one_row_with_trouble() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("a"), event("b"), event("c")]).unwrap();
    store
        .db
        .execute_batch(
            "update event set encoding = 'zstd' where id = 1;
             update event set encoding = 'lzma', kind = 'later', source = 'fax', note = '{', received = 'noon' where id = 2;
             update event set document = x'ff41' where id = 3",
        )
        .unwrap();
    let rows = store.after(0, 10).unwrap();
    assert_eq!(rows[0].line(), "");
    assert!(
        rows[0].trouble.as_ref().is_some_and(|t| t.contains("unpacked")),
        "{rows:?}"
    );
    assert!(rows[1].trouble.as_ref().is_some_and(|t| t.contains("lzma")), "{rows:?}");
    assert_eq!((rows[1].kind, rows[1].source), (EventKind::Other, Origin::Other));
    assert_eq!(rows[2].line(), "\u{FFFD}A");
}

#[cfg(unix)]
#[test]
fn a_file_that_was_moved_away_is_noticed() {
    let place = place();
    let store = Store::open(&place.path).unwrap();
    assert!(store.still_there());
    std::fs::rename(&place.path, files::beside(&place.path, ".old")).unwrap();
    assert!(!store.still_there());
    std::fs::write(&place.path, "").unwrap();
    assert!(!store.still_there());
}
