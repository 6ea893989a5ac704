//! Retention, and giving room back.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn prune_at(store: &mut Store, retention: Retention, now: Time) -> Gone {
    store.prune_while(retention, now, &|| true).unwrap()
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const NOW: Time = Time(1_700_000_000_000);

fn at_day(day: i64, key: &str) -> NewEvent {
    NewEvent {
        received: Time(NOW.0 - day * 24 * 3_600_000),
        document: "x".repeat(1_000),
        ..event(key)
    }
}

fn replay(event: Option<i64>, day: i64) -> NewReplay {
    NewReplay {
        event,
        request: "r1".to_owned(),
        call: None,
        at: at_day(day, "").received,
        pass: None,
        entry: "{}".to_owned(),
        verdict: json!(null),
        sent: None,
    }
}

fn keep(days: u32) -> Retention {
    Retention {
        keep: Some(DAY * days),
        max_size: None,
    }
}

#[test]
fn old_events_go_with_their_replays_and_are_written_down() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let new: Vec<NewEvent> = (0..10).map(|day| at_day(9 - day, &format!("day{}", 9 - day))).collect();
    store.append(&new).unwrap();
    for r in [
        replay(Some(1), 0),
        replay(Some(10), 9),
        replay(None, 9),
        replay(None, 0),
    ] {
        store.keep_replay(&r).unwrap();
    }
    assert_eq!(prune_at(&mut store, keep(30), NOW), Gone::default());
    assert_eq!(store.info().unwrap().gone, None);
    let gone = prune_at(&mut store, keep(7), NOW);
    assert_eq!((gone.rows, gone.replays, gone.bytes), (2, 2, 2_004));
    assert_eq!(gone.why, "age");
    assert_eq!((gone.first, gone.last), (Some(new[0].received), Some(new[1].received)));
    assert_eq!(keys(&store)[0], "day7");
    assert_eq!(
        store.replays("r1").unwrap().iter().map(|r| r.id).collect::<Vec<_>>(),
        [2, 4]
    );
    let info = store.info().unwrap();
    assert_eq!(info.gone, Some((gone, 2, 2_004)));
    assert_eq!((info.kinds[0].rows, info.kinds[0].bytes, info.replays), (8, 8_000, 2));
    assert_eq!(info.span, Some((new[2].received, new[9].received)));
    // Nothing old: nothing said.
    assert_eq!(prune_at(&mut store, keep(7), NOW), Gone::default());
    assert_eq!(
        prune_at(
            &mut store,
            Retention {
                keep: Some(Duration::MAX),
                max_size: None
            },
            NOW
        ),
        Gone::default()
    );
}

#[test]
fn a_store_that_is_too_large_loses_its_oldest() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let new: Vec<NewEvent> = (0..3_000).map(|n| at_day(0, &format!("{n:04}"))).collect();
    store.append(&new).unwrap();
    store.vacuum(false).unwrap();
    let size = store.info().unwrap().bytes.0;
    let most = size / 2;
    let gone = prune_at(
        &mut store,
        Retention {
            keep: None,
            max_size: Some(most),
        },
        NOW,
    );
    assert_eq!(gone.why, "size");
    // About half went, the oldest, and the file is as small as was asked.
    assert!((1_300..1_700).contains(&gone.rows), "{}", gone.rows);
    assert_eq!(keys(&store)[0], format!("{:04}", gone.rows));
    let info = store.info().unwrap();
    assert!(info.bytes.0 <= most, "{} of {most}", info.bytes.0);
    assert_eq!(info.gone.unwrap().1, gone.rows);
    // Smaller than an empty store: all goes, and it ends.
    let all = prune_at(
        &mut store,
        Retention {
            keep: Some(DAY),
            max_size: Some(1),
        },
        NOW,
    );
    assert_eq!(all.rows + gone.rows, 3_000);
    assert_eq!(keys(&store), Vec::<String>::new());
    store.append(&[event("new")]).unwrap();
    assert_eq!(store.after(0, 1).unwrap()[0].id, 3_001);
}

#[test]
fn pruning_while_others_write() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let old: Vec<NewEvent> = (0..5_000).map(|n| at_day(9, &format!("old-{n}"))).collect();
    store.append(&old).unwrap();
    let stop = AtomicBool::new(false);
    let (written, gone) = std::thread::scope(|s| {
        let writing = s.spawn(|| {
            let mut other = Store::open(&place.path).unwrap();
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                other.append(&[at_day(0, &format!("new-{n}"))]).unwrap();
                n += 1;
            }
            n
        });
        let gone = prune_at(&mut store, keep(7), NOW);
        stop.store(true, Ordering::Relaxed);
        (writing.join().unwrap(), gone)
    });
    assert_eq!(gone.rows, 5_000);
    let left = keys(&store);
    assert_eq!(left.len(), written);
    assert!(left.iter().all(|k| k.starts_with("new-")));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_vacuum_gives_room_back_and_keeps_everything() {
    for full in [false, true] {
        let place = place();
        let mut store = Store::open(&place.path).unwrap();
        let new: Vec<NewEvent> = (0..2_000).map(|n| at_day(0, &format!("{n}"))).collect();
        store.append(&new).unwrap();
        let reader = Store::open_existing(&place.path).unwrap().unwrap();
        store.db.execute("delete from event where id <= 1500", []).unwrap();
        let freed = store.vacuum(full).unwrap();
        assert!(freed.after * 2 < freed.before, "{full}: {freed:?}");
        assert_eq!(keys(&reader).len(), 500);
        let info = store.info().unwrap();
        assert_eq!((info.bytes, info.free), ((freed.after, 0), 0));
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_program_that_runs_for_long_prunes_now_and_again() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let often = Duration::from_millis(10);
    let keeper = Keeper::start(&place.path, keep(7), often, move |t| drop(tell.send(t))).unwrap();
    for round in 0..3 {
        store.append(&[at_day(10_000, &format!("{round}"))]).unwrap();
        let gone = told.recv().unwrap().unwrap();
        assert_eq!((gone.rows, gone.why.as_str()), (1, "age"));
    }
    drop(keeper);
    assert!(told.recv().is_err());
    assert_eq!(store.info().unwrap().gone.unwrap().1, 3);
    // Stopped in the middle: what went is written down.
    let new: Vec<NewEvent> = (0..1_200).map(|n| at_day(9, &format!("{n}"))).collect();
    store.append(&new).unwrap();
    let batches = std::cell::Cell::new(0);
    let once = || batches.replace(batches.get() + 1) < 1;
    assert_eq!(store.prune_while(keep(7), NOW, &once).unwrap().rows, 500);
    assert_eq!(store.info().unwrap().gone.unwrap().1, 503);
}

/// A store in which removing takes so much room for each event until the transaction's end.
fn narrow(place: &Place, pages: i64) -> Store {
    let mut store = Store::open(&place.path).unwrap();
    let old: Vec<NewEvent> = (0..300).map(|n| event(&n.to_string())).collect();
    store.append(&old).unwrap();
    store
        .db
        .execute_batch(
            "update event set received = '2020-01-01T00:00:00.000Z';
             create table swell (room);
             create trigger swells after delete on event begin insert into swell values (zeroblob(3000)); end;
             create trigger done after insert on gone begin delete from swell; end",
        )
        .unwrap();
    let count: i64 = store.db.query_row("pragma page_count", [], |r| r.get(0)).unwrap();
    let sql = format!("pragma max_page_count = {}", count + pages);
    store.db.query_row(&sql, [], |_| Ok(())).unwrap();
    store
}

const WEEK: Retention = Retention {
    keep: Some(Duration::from_secs(7 * 86_400)),
    max_size: None,
};

#[test]
fn where_there_is_little_room_few_go_at_once() {
    let place = place();
    let mut store = narrow(&place, 20);
    assert_eq!(store.prune(WEEK).unwrap().rows, 300);
    assert_eq!(keys(&store), Vec::<String>::new());
    // One run is one row, whatever was tried in vain.
    let told: (i64, i64) = store
        .db
        .query_row("select count(*), sum(rows) from gone", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    assert_eq!(told, (1, 300));
}

#[test]
fn where_there_is_no_room_at_all_it_is_not_told_to_prune() {
    let place = place();
    let mut store = narrow(&place, 20);
    store
        .db
        .execute_batch(
            "create trigger more after delete on event begin insert into swell values (zeroblob(900000)); end",
        )
        .unwrap();
    let e = store.prune(WEEK).unwrap_err();
    assert!(matches!(e, StoreError::Cramped { .. }), "{e:?}");
    let text = e.to_string();
    assert!(
        text.contains("Move other files away") && !text.contains("prune"),
        "{text}"
    );
    assert_eq!(keys(&store).len(), 300);
}
