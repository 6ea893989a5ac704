//! The thread that commits together.

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn every_sender_gets_its_own_answer() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|t| {
            let handle = writer.handle();
            std::thread::spawn(move || {
                runtime().block_on(async {
                    for n in 0..50 {
                        let key = format!("{t}-{n}");
                        let told = handle.append(vec![event(&key), event("shared")]).await.unwrap();
                        assert_eq!(told.len(), 2);
                    }
                });
            })
        })
        .collect();
    for t in threads {
        t.join().unwrap();
    }
    // What was answered is there for everybody, while the writer still runs.
    let reader = Store::open_existing(&place.path).unwrap().unwrap();
    assert_eq!(reader.after(0, 1000).unwrap().len(), 401);
    runtime().block_on(writer.handle().probe(64 << 10)).unwrap();
}

#[test]
fn what_waits_at_the_end_is_written() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let handle = writer.handle();
    let waiting: Vec<Pending> = (0..500)
        .map(|n| handle.try_append(vec![event(&n.to_string())]).unwrap())
        .collect();
    drop(writer);
    for p in waiting {
        assert!(matches!(p.wait().unwrap()[..], [Appended::New(_)]));
    }
    assert_eq!(keys(&Store::open(&place.path).unwrap()).len(), 500);
    let late = runtime().block_on(handle.append(vec![event("late")]));
    assert!(matches!(*late.unwrap_err(), StoreError::Closed));
    let late = handle.try_append(vec![event("late")]).unwrap().wait();
    assert!(matches!(*late.unwrap_err(), StoreError::Closed));
}

#[test]
fn what_there_is_no_room_for_comes_back() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let handle = writer.handle();
    // Somebody else is writing, so that nothing leaves the queue.
    let mut other = Store::open(&place.path).unwrap();
    let held = other
        .db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let large = |n: usize| NewEvent {
        document: "x".repeat(8 << 20),
        ..event(&n.to_string())
    };
    let mut waiting = Vec::new();
    let back = (0..100).find_map(|n| match handle.try_append(vec![large(n)]) {
        Ok(p) => {
            waiting.push(p);
            None
        }
        Err(back) => Some(back),
    });
    assert_eq!(back.unwrap()[0].key, waiting.len().to_string());
    assert_eq!(waiting.len(), 7);
    held.commit().unwrap();
    for p in waiting {
        p.wait().unwrap();
    }
    handle.try_append(vec![large(100)]).unwrap().wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_store_that_was_moved_away_is_made_anew() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let handle = writer.handle();
    let append = |key: &str| handle.try_append(vec![event(key)]).unwrap().wait();
    append("a").unwrap();
    let old = place.path.with_file_name("old.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::rename(files::beside(&place.path, end), files::beside(&old, end));
    }
    append("b").unwrap();
    assert_eq!(keys(&Store::open(&place.path).unwrap()), ["b"]);
    assert_eq!(keys(&Store::open(&old).unwrap()), ["a"]);
    // Where it cannot be made anew, everybody is told, until it can.
    let folder = place.path.parent().unwrap();
    let away = folder.with_file_name("away");
    std::fs::rename(folder, &away).unwrap();
    std::fs::write(folder, "a file").unwrap();
    let e = append("c").unwrap_err();
    assert!(matches!(*e, StoreError::Io { .. }), "{e:?}");
    std::fs::remove_file(folder).unwrap();
    append("c").unwrap();
    assert_eq!(keys(&Store::open(&place.path).unwrap()), ["c"]);
}

/// What a copy of the file alone holds.
fn copied(place: &Place) -> Vec<String> {
    let copy = place.folder.path().join("copy.db");
    std::fs::copy(&place.path, &copy).unwrap();
    keys(&Store::open_existing(&copy).unwrap().unwrap())
}

#[test]
fn the_file_alone_is_whole_when_the_writer_has_ended() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    // Somebody else has it open, so that it is not SQLite that tidies up at the last one's end.
    let reader = Store::open_existing(&place.path).unwrap().unwrap();
    assert_eq!(copied(&place), Vec::<String>::new());
    let told = writer.handle().try_append(vec![event("a"), event("b")]).unwrap().wait();
    told.unwrap();
    drop(writer);
    assert_eq!(copied(&place), ["a", "b"]);
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("c")]).unwrap();
    drop(store);
    assert_eq!(copied(&place), ["a", "b", "c"]);
    assert_eq!(keys(&reader), ["a", "b", "c"]);
}

#[test]
fn the_file_alone_becomes_whole_while_nobody_comes() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    writer.handle().try_append(vec![event("a")]).unwrap().wait().unwrap();
    while copied(&place) != ["a"] {
        std::thread::sleep(Duration::from_millis(20));
    }
    writer.handle().try_append(vec![event("b")]).unwrap().wait().unwrap();
    assert_eq!(keys(&Store::open(&place.path).unwrap()), ["a", "b"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_moved_away_without_its_log_has_what_was_kept() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let append = |key: &str| writer.handle().try_append(vec![event(key)]).unwrap().wait().unwrap();
    append("a");
    let old = place.path.with_file_name("old.db");
    std::fs::rename(&place.path, &old).unwrap();
    append("b");
    assert_eq!(keys(&Store::open(&place.path).unwrap()), ["b"]);
    assert_eq!(keys(&Store::open(&old).unwrap()), ["a"]);
}

#[test]
fn who_sends_is_told_in_time_that_another_program_holds_the_store() {
    let place = place();
    let writer = Writer::start(&place.path).unwrap();
    let mut other = Store::open(&place.path).unwrap();
    let held = other
        .db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let begun = std::time::Instant::now();
    let first = writer.handle().try_append(vec![event("a")]).unwrap();
    assert!(matches!(*first.wait().unwrap_err(), StoreError::Busy { .. }));
    // Those behind have waited already.
    let second = writer.handle().try_append(vec![event("b")]).unwrap();
    assert!(matches!(*second.wait().unwrap_err(), StoreError::Busy { .. }));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(held);
    writer.handle().try_append(vec![event("c")]).unwrap().wait().unwrap();
    assert_eq!(keys(&other), ["c"]);
}
