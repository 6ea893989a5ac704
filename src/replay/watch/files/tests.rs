//! What is told of real folders; waited for until it comes, never for a time.

use std::fs;
use std::sync::mpsc::Receiver;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn watched(folder: &Path) -> (Files, Receiver<PathBuf>) {
    let (tell, told) = channel();
    let files = watch(&[folder.to_owned()], &[folder.join("calls.txt")], move |path| {
        tell.send(path).is_ok()
    })
    .unwrap();
    (files, told)
}

/// Writes until that is told: a notice may be late, and a look may come between two writes.
fn told_of(path: &Path, told: &Receiver<PathBuf>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for n in 0..LIMIT.as_millis() / 50 {
        fs::write(path, format!("{n} {}", "x".repeat(n as usize))).unwrap();
        while let Ok(p) = told.recv_timeout(Duration::from_millis(50)) {
            let there = p == path;
            all.push(p);
            if there {
                return all;
            }
        }
    }
    panic!("{} was not told, but {all:?}", path.display());
}

#[test]
fn what_is_of_the_app_is_told_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    for d in ["src/deep", "node_modules/x", ".git", "out", "target"] {
        fs::create_dir_all(top.join(d)).unwrap();
    }
    fs::write(top.join(".gitignore"), "*.log\n/out/\n!kept.log\n").unwrap();
    fs::write(top.join("src/.gitignore"), "made.js\n").unwrap();
    fs::write(top.join("calls.txt"), "what the program reads").unwrap();
    let (_files, told) = watched(&top);
    for quiet in [
        "calls.txt",
        "calls.txt-wal",
        "src/prod.log",
        "src/app.db",
        "src/app.db-wal",
        "src/app.sqlite3",
        "src/app.pyc",
        "src/x.tmp",
        "app.log",
        "out/x.js",
        "node_modules/x/index.js",
        ".git/index",
        "target/app",
        "src/.app.js.swp",
        "src/app.js~",
        "src/made.js",
        "src/4913",
    ] {
        fs::write(top.join(quiet), "x").unwrap();
    }
    // What came before this is told before it.
    let seen = told_of(&top.join("src/deep/app.js"), &told);
    let of_ours = |p: &PathBuf| p.ends_with("app.js");
    assert!(seen.iter().all(of_ours), "{seen:?}");
    told_of(&top.join("kept.log"), &told);
    // A folder that came later.
    fs::create_dir(top.join("src/new")).unwrap();
    told_of(&top.join("src/new/route.js"), &told);
    // And what its rules say now.
    fs::write(top.join("src/new/.gitignore"), "*.txt\n").unwrap();
    told_of(&top.join("src/new/.gitignore"), &told);
}

#[test]
fn a_single_file_through_a_rename() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let app = top.join("app.js");
    fs::write(&app, "1").unwrap();
    let (_files, told) = watched(&app);
    fs::write(top.join("other.js"), "1").unwrap();
    fs::write(top.join("new"), "2").unwrap();
    fs::rename(top.join("new"), &app).unwrap();
    assert_eq!(told.recv_timeout(LIMIT).unwrap(), app);
}

#[test]
fn looking_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    fs::write(top.join(".gitignore"), "*.log\n").unwrap();
    fs::write(top.join("a.js"), "1").unwrap();
    fs::write(top.join("data.db"), "1").unwrap();
    let (tell, told) = channel();
    let mut thread = Thread {
        roots: vec![Root::new(&top).unwrap()],
        watcher: None,
        watched: BTreeSet::new(),
        seen: None,
        changed: move |path| tell.send(path).is_ok(),
    };
    assert_eq!(thread.watch_all(), None);
    assert!(thread.look() && told.try_recv().is_err());
    fs::write(top.join("app.log"), "1").unwrap();
    fs::write(top.join("data.db"), "22").unwrap();
    assert!(thread.look() && told.try_recv().is_err());
    fs::write(top.join("a.js"), "22").unwrap();
    assert!(thread.look());
    assert_eq!(told.try_recv().unwrap(), top.join("a.js"));
    fs::remove_file(top.join("a.js")).unwrap();
    assert!(thread.look());
    assert_eq!(told.try_recv().unwrap(), top.join("a.js"));
}

#[test]
fn a_path_that_is_not_there() {
    let e = watch(&[PathBuf::from("/no/such/folder")], &[], |_| true).unwrap_err();
    assert!(
        e.to_string().contains("/no/such/folder: it is not there; give a file"),
        "{e}"
    );
}
