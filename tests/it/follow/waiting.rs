//! Waiting with the system's own notices: no virtual time here, and bounds so wide that only a hang fails them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use redial::input::follow::{Follow, FollowOptions};
use tempfile::TempDir;

use super::Told;

const LONG: Duration = Duration::from_secs(60);

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Waits and steps until something is so.
fn until(follow: &mut Follow, told: &mut Told, what: impl Fn(&Told) -> bool) {
    let began = Instant::now();
    loop {
        while follow.step(&mut |h| told.take(h)) {}
        if what(told) {
            return;
        }
        assert!(began.elapsed() < LONG, "{told:?}");
        follow.wait(LONG);
    }
}

fn text(told: &Told) -> String {
    told.generations.values().map(super::Generation::text).collect()
}

#[test]
fn notices_wake_it_for_every_kind_of_change() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    // Only notices can be in time: it would look by itself after an hour.
    let options = FollowOptions {
        poll: Duration::from_secs(3600),
        ..FollowOptions::default()
    };
    let (mut follow, mut told) = (Follow::new(std::slice::from_ref(&path), options), Told::default());
    while follow.step(&mut |h| told.take(h)) {}
    append(&path, "made\n");
    until(&mut follow, &mut told, |t| text(t) == "made\n");
    append(&path, "added\n");
    until(&mut follow, &mut told, |t| text(t) == "made\nadded\n");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "new\n");
    until(&mut follow, &mut told, |t| text(t) == "made\nadded\nnew\n");
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, "n\n");
    until(&mut follow, &mut told, |t| text(t) == "made\nadded\nnew\nn\n");
}

#[test]
fn notices_of_a_folder_and_of_folders_made_later() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("logs");
    fs::create_dir(&root).unwrap();
    let (mut follow, mut told) = (
        Follow::new(std::slice::from_ref(&root), FollowOptions::default()),
        Told::default(),
    );
    while follow.step(&mut |h| told.take(h)) {}
    append(&root.join("a.log"), "a\n");
    until(&mut follow, &mut told, |t| text(t) == "a\n");
    fs::create_dir(root.join("deep")).unwrap();
    append(&root.join("deep/b.log"), "b\n");
    until(&mut follow, &mut told, |t| text(t) == "a\nb\n");
    append(&root.join("deep/b.log"), "more\n");
    until(&mut follow, &mut told, |t| text(t) == "a\nb\nmore\n");
}

#[test]
fn a_link_is_followed_to_where_it_leads() {
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("elsewhere"), folder.path().join("current.log"));
    fs::create_dir(&real).unwrap();
    append(&real.join("one.log"), "one\n");
    append(&real.join("two.log"), "two\n");
    std::os::unix::fs::symlink(real.join("one.log"), &link).unwrap();
    let (mut follow, mut told) = (
        Follow::new(std::slice::from_ref(&link), FollowOptions::default()),
        Told::default(),
    );
    until(&mut follow, &mut told, |t| text(t) == "one\n");
    append(&real.join("one.log"), "more\n");
    until(&mut follow, &mut told, |t| text(t) == "one\nmore\n");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(real.join("two.log"), &link).unwrap();
    until(&mut follow, &mut told, |t| text(t) == "one\nmore\ntwo\n");
}

#[test]
fn a_waker_ends_the_wait() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    let options = FollowOptions {
        poll: Duration::from_secs(3600),
        ..FollowOptions::default()
    };
    let mut follow = Follow::new(&[path], options);
    while follow.step(&mut |_| ()) {}
    let waker = follow.waker();
    // Also one that comes before the wait.
    waker.wake();
    follow.wait(Duration::from_secs(3600));
    let thread = std::thread::spawn(move || waker.wake());
    follow.wait(Duration::from_secs(3600));
    thread.join().unwrap();
}

#[test]
fn a_busy_neighbour_does_not_wake_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    append(&path, "one\n");
    let options = FollowOptions {
        poll: Duration::from_secs(3600),
        ..FollowOptions::default()
    };
    let (mut follow, mut told) = (Follow::new(std::slice::from_ref(&path), options), Told::default());
    until(&mut follow, &mut told, |t| text(t) == "one\n");
    for n in 0..100 {
        append(&folder.path().join("other.log"), &format!("{n}\n"));
    }
    append(&path, "two\n");
    // Notices come in order: the neighbour's are over when this one is there.
    let mut waits = 0;
    while text(&told) != "one\ntwo\n" {
        follow.wait(LONG);
        waits += 1;
        while follow.step(&mut |h| told.take(h)) {}
    }
    assert!(waits <= 2, "{waits}");
}
