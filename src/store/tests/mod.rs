//! What the store promises, each promise a test; files of their own for faults, schema, retention and the writer.

mod faults;
mod retain;
mod schema;
mod writer;

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A store in a folder of its own, which is removed last.
struct Place {
    path: PathBuf,
    folder: TempDir,
}

fn place() -> Place {
    let folder = TempDir::new().unwrap();
    Place {
        path: folder.path().join("data/store.db"),
        folder,
    }
}

fn event(key: &str) -> NewEvent {
    NewEvent {
        key: key.to_owned(),
        kind: EventKind::Debugger,
        source: Origin::Listen,
        received: Time(1_700_000_000_000),
        at: Some(Time(1_600_000_000_123)),
        call: Some("CA1".to_owned()),
        level: Some("error".to_owned()),
        code: Some("11200".to_owned()),
        note: Some(json!({"signature": {"state": "valid"}})),
        document: format!("Sid={key}&Payload=%7B%7D"),
    }
}

fn exchange(key: &str, document: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::Exchange,
        source: Origin::Proxy,
        document: document.to_owned(),
        ..event(key)
    }
}

fn ids(all: &[Appended]) -> Vec<i64> {
    all.iter().map(|a| a.id()).collect()
}

fn keys(store: &Store) -> Vec<String> {
    store.after(0, 10_000).unwrap().into_iter().map(|r| r.key).collect()
}

#[test]
fn what_was_kept_comes_back_whole() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let large = format!("{{\"text\":\"{}é\"}}", "0123456789".repeat(20_000));
    let bare = NewEvent {
        at: None,
        call: None,
        level: None,
        code: None,
        note: None,
        document: large.clone(),
        ..event("bare")
    };
    let new = [event("NO1"), bare.clone()];
    assert_eq!(store.append(&new).unwrap(), [Appended::New(1), Appended::New(2)]);
    let rows = store.after(0, 10).unwrap();
    for (row, new) in rows.iter().zip(&new) {
        let back = NewEvent {
            key: row.key.clone(),
            kind: row.kind,
            source: row.source,
            received: row.received,
            at: row.at,
            call: row.call.clone(),
            level: row.level.clone(),
            code: row.code.clone(),
            note: row.note.clone(),
            document: row.document.clone(),
        };
        assert_eq!(&back, new);
        assert_eq!(row.trouble, None);
    }
    // Large documents are compressed, small ones stand there for everybody to read.
    let kept = |id: i64| -> (Option<String>, i64, String) {
        let sql = "select encoding, length(cast(document as blob)), typeof(document) from event where id = ?1";
        store
            .db
            .query_row(sql, [id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap()
    };
    assert_eq!(kept(1), (None, new[0].document.len() as i64, "text".to_owned()));
    let (encoding, bytes, kind) = kept(2);
    assert_eq!((encoding.as_deref(), kind.as_str()), (Some("zstd"), "blob"));
    assert!(bytes < 10_000, "{bytes} of {}", large.len());
    assert_eq!(store.after(1, 10).unwrap().len(), 1);
    assert_eq!(store.after(0, 1).unwrap()[0].id, 1);
    assert_eq!(store.after(2, 10).unwrap(), []);
}

#[test]
fn the_same_event_is_kept_once() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("NO1")]).unwrap();
    let later = NewEvent {
        document: "another".to_owned(),
        ..event("NO1")
    };
    let other_kind = NewEvent {
        kind: EventKind::Stream,
        ..event("NO1")
    };
    let twice = [later.clone(), event("NO2"), event("NO2"), other_kind];
    let told = store.append(&twice).unwrap();
    assert_eq!(ids(&told), [1, ids(&told)[1], ids(&told)[1], ids(&told)[3]]);
    assert!(matches!(
        told[..],
        [
            Appended::Known(1),
            Appended::New(_),
            Appended::Known(_),
            Appended::New(_)
        ]
    ));
    let rows = store.after(0, 10).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].document, event("NO1").document);
}

#[test]
fn ids_are_never_used_twice() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let told = store.append(&[event("a"), event("b"), event("c")]).unwrap();
    let last = ids(&told)[2];
    store.db.execute("delete from event", []).unwrap();
    drop(store);
    let mut store = Store::open(&place.path).unwrap();
    let told = store.append(&[event("a")]).unwrap();
    assert!(matches!(told[..], [Appended::New(id)] if id > last), "{told:?}");
}

#[test]
fn a_cursor_moves_with_its_events_or_not_at_all() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let cursor = |n: i64| Cursor {
        name: "alerts".to_owned(),
        value: json!({"until": n}),
    };
    assert_eq!(store.cursor("alerts").unwrap(), None);
    store.append_with(&[event("a")], &cursor(1)).unwrap();
    store.append_with(&[], &cursor(2)).unwrap();
    assert_eq!(store.cursor("alerts").unwrap(), Some(cursor(2)));
    assert_eq!(store.cursor("calls").unwrap(), None);
    // Neither, when the second cannot be written.
    store
        .db
        .execute_batch("create trigger no before update on cursor begin select raise(abort, 'no'); end")
        .unwrap();
    let e = store.append_with(&[event("b")], &cursor(3)).unwrap_err();
    assert!(matches!(e, StoreError::Sql { .. }), "{e:?}");
    assert_eq!(keys(&store), ["a"]);
    assert_eq!(store.cursor("alerts").unwrap(), Some(cursor(2)));
}

#[test]
fn a_reader_sees_what_was_committed_and_that_something_was() {
    let place = place();
    let mut writer = Store::open(&place.path).unwrap();
    let reader = Store::open_existing(&place.path).unwrap().unwrap();
    let before = reader.data_version().unwrap();
    assert_eq!(reader.data_version().unwrap(), before);
    let open = writer
        .db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    append(&open, &[event("a")]).unwrap();
    assert_eq!(keys(&reader), Vec::<String>::new());
    assert_eq!(reader.data_version().unwrap(), before);
    open.commit().unwrap();
    assert_eq!(keys(&reader), ["a"]);
    assert_ne!(reader.data_version().unwrap(), before);
}

#[test]
fn two_connections_write_at_once_and_lose_nothing() {
    let place = place();
    let threads: Vec<_> = (0..2)
        .map(|t| {
            let path = place.path.clone();
            std::thread::spawn(move || {
                // Both make the store: one of them is first.
                let mut store = Store::open(&path).unwrap();
                let mut kept = Vec::new();
                for n in 0..100 {
                    let new = [event(&format!("{t}-{n}")), event(&format!("both-{n}"))];
                    kept.extend(store.append(&new).unwrap());
                }
                kept
            })
        })
        .collect();
    let told: Vec<Appended> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    let new = told.iter().filter(|a| matches!(a, Appended::New(_))).count();
    assert_eq!((told.len(), new), (400, 300));
    let store = Store::open(&place.path).unwrap();
    let rows = store.after(0, 1000).unwrap();
    assert_eq!(rows.len(), 300);
    assert!(rows.is_sorted_by_key(|r| r.id));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_row_is_one_line() {
    let row = |kind, note: Option<serde_json::Value>, document: &str| {
        let place = place();
        let mut store = Store::open(&place.path).unwrap();
        let new = NewEvent {
            kind,
            note,
            document: document.to_owned(),
            ..event("x")
        };
        store.append(&[new]).unwrap();
        store.after(0, 1).unwrap().remove(0).line()
    };
    let stream = EventKind::Stream;
    let note = Some(json!({"signature": {"state": "valid"}}));
    assert_eq!(row(stream, None, "{ \"a\": 1.50 }"), "{ \"a\": 1.50 }");
    assert_eq!(
        row(
            stream,
            note.clone(),
            "{\r\n  \"a b\": \"\\\" \\n x\",\n\t\"c\": 1.50\n}\n"
        ),
        "{\"a b\":\"\\\" \\n x\",\"c\":1.50}"
    );
    // Broken JSON stays what it is, on one line.
    assert_eq!(row(stream, None, "{\"a\":\"b\nc\\\nd"), "{\"a\":\"b\\nc\\nd");
    assert_eq!(row(EventKind::Debugger, None, "a=b\r\nc&d=e\n"), "a=b%0D%0Ac&d=e");
    // A HAR entry says what we know of it.
    let entry = row(
        EventKind::Exchange,
        note,
        "{\n\"time\": 1.5, \"_redial\": {\"remote\": \"::1\", \"signature\": null}}",
    );
    let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
    assert_eq!(
        entry,
        json!({"time": 1.5, "_redial": {"remote": "::1", "signature": {"state": "valid"}}})
    );
    assert_eq!(row(EventKind::Exchange, None, "{\n\"time\": 1}"), "{\"time\":1}");
}

#[test]
fn no_secret_is_in_it() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let entry = json!({
        "request": {
            "headers": [
                {"name": "Authorization", "value": "Basic hush"}, {"name": "cookie", "value": "a=hush"},
                {"name": "PROXY-AUTHORIZATION", "value": "hush"}, {"name": "X-Twilio-Signature", "value": "kept"},
                {"name": "X-Cookie-Count", "value": "3"},
            ],
            "cookies": [{"name": "a", "value": "hush"}],
        },
        "response": {"headers": [{"name": "Set-Cookie", "value": "a=hush"}], "cookies": [{"name": "a", "value": "hush"}]},
    })
    .to_string();
    store.append(&[exchange("x", &entry)]).unwrap();
    let replay = NewReplay {
        event: Some(1),
        request: "r1".to_owned(),
        call: None,
        at: Time(0),
        pass: Some(true),
        entry,
        verdict: json!({"pass": true}),
        sent: None,
    };
    store.keep_replay(&replay).unwrap();
    let row = store.after(0, 1).unwrap().remove(0);
    let kept: serde_json::Value = serde_json::from_str(&row.document).unwrap();
    assert_eq!(kept["request"]["headers"][3]["value"], "kept");
    assert_eq!(kept["request"]["headers"][4]["value"], "3");
    assert_eq!(kept["request"]["headers"][0]["name"], "Authorization");
    drop(store);
    let bytes = std::fs::read(&place.path).unwrap();
    assert!(memchr::memmem::find(&bytes, b"x-twilio-signature").is_none());
    assert!(memchr::memmem::find(&bytes, b"X-Twilio-Signature").is_some());
    assert!(memchr::memmem::find(&bytes, b"hush").is_none());
}

#[test]
fn replays_stand_beside_what_they_replay() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.append(&[event("a")]).unwrap();
    let replay = |event, request: &str, pass| NewReplay {
        event,
        request: request.to_owned(),
        call: Some("CA1".to_owned()),
        at: Time(1_700_000_000_000),
        pass,
        entry: "{}".to_owned(),
        verdict: json!({"pass": pass, "problems": []}),
        sent: Some(json!({"set": ["Digits=2"]})),
    };
    let all = [
        replay(Some(1), "r1", Some(false)),
        replay(Some(1), "r1", Some(true)),
        replay(None, "r2", None),
        // Its event went meanwhile.
        replay(Some(99), "r3", Some(true)),
    ];
    let ids: Vec<i64> = all.iter().map(|r| store.keep_replay(r).unwrap()).collect();
    let of_first = store.replays("r1").unwrap();
    assert_eq!(of_first.iter().map(|r| r.id).collect::<Vec<_>>(), ids[..2]);
    assert_eq!(of_first[1].replay, all[1]);
    let rest = store.replays_after(ids[1], 10).unwrap();
    assert_eq!(rest.iter().map(|r| r.replay.event).collect::<Vec<_>>(), [None, None]);
    assert_eq!(store.replays_after(0, 1).unwrap().len(), 1);
    assert_eq!(store.replays("r9").unwrap(), []);
}

#[test]
fn the_views_are_for_people() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let har = json!({"time": 12.5, "request": {"method": "POST", "url": "http://h/voice"}, "response": {"status": 500},
        "_redial": {"error": "refused"}});
    let quiet = NewEvent {
        code: None,
        level: Some("info".to_owned()),
        ..event("quiet")
    };
    store
        .append(&[
            event("a"),
            quiet,
            exchange("x", &har.to_string()),
            exchange("broken", "no JSON"),
        ])
        .unwrap();
    let one = |sql: &str| -> Vec<String> {
        let mut statement = store.db.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| r.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(
        one("select call || ' ' || code || ' ' || level from error"),
        ["CA1 11200 error"]
    );
    assert_eq!(
        one("select method || ' ' || url || ' ' || status || ' ' || ms || ' ' || error from exchange where status > 0"),
        ["POST http://h/voice 500 12.5 refused"]
    );
    assert_eq!(one("select count(*) || '' from exchange"), ["2"]);
}
