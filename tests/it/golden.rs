//! What every sample gives, whole: findings and calls as JSON lines, and the text of `errors` at 80 columns.
//!
//! One snapshot for each sample under `snapshots/`, written like a terminal session. A change is looked at in the
//! diff of the snapshot; `INSTA_UPDATE=always cargo test --test it golden` takes it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;

use crate::support::{run, sample, samples};

#[test]
fn every_sample() {
    let samples = distinct();
    // Each run is a process of its own: as many at a time as there are cores.
    let next = AtomicUsize::new(0);
    let pages = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(sample) = samples.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let page = page(sample);
                    pages.lock().unwrap().insert(sample.clone(), page);
                }
            });
        }
    });
    let mut wrong = Vec::new();
    for (sample, page) in pages.into_inner().unwrap() {
        wrong.extend(
            page.lines()
                .filter(|l| too_wide(l))
                .map(|l| format!("{sample}: over 80 columns: {l}")),
        );
        let page = timeless(&page);
        let taken = std::panic::catch_unwind(|| {
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(snapshot(&sample), page));
        });
        if taken.is_err() {
            wrong.push(sample);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the three commands print of a sample; lines of standard error begin with `!`.
fn page(sample: &str) -> String {
    let mut page = String::new();
    for command in ["errors --json", "calls --json", "errors"] {
        let ran = run(&format!("{command} {sample}"));
        page += &format!("$ redial {command} {sample}\n{}", ran.out);
        for line in ran.err.lines() {
            page += &format!("! {line}\n");
        }
        if ran.code != 0 {
            page += &format!("exit {}\n", ran.code);
        }
        page += "\n";
    }
    page
}

/// The samples, those that are the same text as another only once.
fn distinct() -> Vec<String> {
    let mut seen = HashSet::new();
    let mut all = samples();
    all.retain(|name| seen.insert(sample(name.trim_start_matches("samples/"))));
    all
}

#[test]
fn every_snapshot_has_its_sample() {
    let names: Vec<String> = distinct().iter().map(|s| snapshot(s) + ".snap").collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".new") {
            assert!(names.contains(&name), "{name}: its sample is gone");
        }
    }
}

fn snapshot(sample: &str) -> String {
    sample.trim_start_matches("samples/").replace('/', "__")
}

/// Without what differs from run to run; the closing line may break at its time.
fn timeless(page: &str) -> String {
    let page = Regex::new(r#""ms":\d+\}"#).unwrap().replace_all(page, r#""ms":0}"#);
    Regex::new(r"(?m) ·\s[\d.]+\sm?s$")
        .unwrap()
        .replace_all(&page, " · 0 s")
        .into_owned()
}

/// Text goes to 80 columns; a command to copy stays on one line.
fn too_wide(line: &str) -> bool {
    let exempt = ["{", "$ ", "! ", "           redial replay "];
    !exempt.iter().any(|e| line.starts_with(e)) && unicode_width::UnicodeWidthStr::width(line) > 80
}
