//! `redial store`, and a store that several programs use at once.

use std::path::Path;

use redial::model::Time;
use redial::store::{Cursor, EventKind, NewEvent, Origin, Store};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Ran, redial, text};

fn run(store: &Path, line: &str) -> Ran {
    redial(line.split_whitespace())
        .env("REDIAL_STORE", store.to_str().unwrap())
        .run()
}

fn event(key: &str, received: &str) -> NewEvent {
    NewEvent {
        key: key.to_owned(),
        kind: EventKind::Alert,
        source: Origin::Pull,
        received: Time::parse(received).unwrap(),
        at: None,
        call: None,
        level: None,
        code: None,
        note: None,
        document: "{}".repeat(500),
    }
}

/// Three old events and one of now, with a cursor.
fn filled(store: &Path) {
    let mut store = Store::open(store).unwrap();
    let mut new: Vec<NewEvent> = (1..4)
        .map(|day| event(&format!("NO{day}"), &format!("2020-01-0{day}T00:00:00Z")))
        .collect();
    let now = chrono::Utc::now().to_rfc3339();
    new.push(event("NO4", &now));
    let cursor = Cursor {
        name: "alerts".to_owned(),
        value: json!({"until": "2026-01-01T00:00:00Z"}),
    };
    store.append_with(&new, &cursor).unwrap();
}

#[test]
fn where_it_lies() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("here.db");
    assert_eq!(run(&store, "store path").exits(0).out.trim(), store.to_str().unwrap());
    let line = &run(&store, "store path --json").exits(0).json()[0];
    assert_eq!(line, &json!({"type": "store", "path": store.to_str(), "exists": false}));
    assert!(!store.exists());
    // Without the variable: in the data folder.
    let data = folder.path().to_str().unwrap();
    let ran = redial(["store", "path"]).env("XDG_DATA_HOME", data).run().exits(0);
    assert_eq!(ran.out.trim(), format!("{data}/redial/store.db"));
}

#[test]
fn what_is_in_it() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let ran = run(&store, "store info").exits(4);
    assert!(ran.err.contains("no store yet"), "{}", ran.err);
    assert!(!store.exists());
    filled(&store);
    let info = run(&store, "store info --json --check").exits(0).json().remove(0);
    assert_eq!(info["events"], 4);
    assert_eq!(info["kinds"], json!({"alert": {"events": 4, "bytes": 4000}}));
    assert_eq!((&info["version"], &info["problems"]), (&json!(2), &json!([])));
    assert_eq!(text(&info, "first"), "2020-01-01T00:00:00.000Z");
    assert_eq!(info["cursors"][0]["name"], "alerts");
    assert_eq!(info["cursors"][0]["value"]["until"], "2026-01-01T00:00:00Z");
    assert_eq!(info["bytes"], std::fs::metadata(&store).unwrap().len());
    let out = run(&store, "store info --check").exits(0).out;
    for part in [
        "schema version",
        "alert",
        "4000 bytes",
        "cursor alerts",
        "integrity",
        "ok",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn making_it_smaller_is_never_silent() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    filled(&store);
    let ran = run(&store, "store prune").exits(2);
    assert!(
        ran.err.contains("--keep") && ran.err.contains("--max-size"),
        "{}",
        ran.err
    );
    assert!(run(&store, "store prune --keep soon").exits(2).err.contains("soon"));
    assert_eq!(
        run(&store, "store prune --keep 9999w").exits(0).out,
        "nothing to remove\n"
    );
    let gone = run(&store, "store prune --keep 30d --json").exits(0).json().remove(0);
    assert_eq!((&gone["events"], &gone["bytes"]), (&json!(3), &json!(3_000)));
    assert_eq!(text(&gone, "why"), "age");
    assert_eq!(text(&gone, "last"), "2020-01-03T00:00:00.000Z");
    let info = run(&store, "store info").exits(0).out;
    assert!(
        info.contains("3 events and 0 replays") && info.contains("by age"),
        "{info}"
    );
    let out = run(&store, "store prune --max-size 0").exits(0).out;
    assert!(out.starts_with("removed 1 events") && out.contains("by size"), "{out}");
    for line in ["store vacuum --json", "store vacuum --full --json"] {
        let freed = run(&store, line).exits(0).json().remove(0);
        assert_eq!(freed["type"], "vacuumed");
        assert!(freed["after"].as_u64() <= freed["before"].as_u64(), "{freed}");
    }
}

/// Where nothing can be written a store can be read; run as a user who is not the administrator, who may write everywhere.
#[cfg(unix)]
#[test]
fn a_read_only_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let folder = TempDir::new().unwrap();
    let store = folder.path().join("data/store.db");
    filled(&store);
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    mode(store.parent().unwrap(), 0o555);
    mode(&store, 0o444);
    // The program where everybody can start it.
    let program = folder.path().join("redial");
    std::fs::hard_link(env!("CARGO_BIN_EXE_redial"), &program)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_redial"), &program).map(drop))
        .unwrap();
    let run = |line: &str| {
        let mut command = Command::new(&program);
        command
            .args(line.split(' '))
            .env_clear()
            .env("REDIAL_STORE", &store)
            .env("HOME", folder.path())
            .current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        let out = command.output().unwrap();
        (
            out.status.code(),
            String::from_utf8(out.stdout).unwrap(),
            String::from_utf8(out.stderr).unwrap(),
        )
    };
    let (code, out, err) = run("store info --check");
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("(read-only)") && out.contains("integrity"), "{out}");
    for line in ["store prune --max-size 0", "store vacuum --full", "listen --port 0"] {
        let (code, out, err) = run(line);
        assert_eq!(code, Some(2), "{line}: {out}{err}");
        assert!(
            err.contains("REDIAL_STORE") && err.contains("cannot be written"),
            "{line}: {err}"
        );
    }
    mode(store.parent().unwrap(), 0o755);
    mode(&store, 0o600);
    assert_eq!(Store::open(&store).unwrap().after(0, 10).unwrap().len(), 4);
}
