//! The layers of the source: an arrow between two modules may only point down.
//!
//! Read from the `use crate::` lines and paths of every file under `src/`, tests left out. What each module may know
//! stands in one table; a new module must be added there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Module, and all that it may know.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("store", &["model"]),
    // Only its tests know the library.
    ("demo", &[]),
    ("judge", &["model"]),
    ("format", &["judge", "model"]),
    ("filter", &["format", "model"]),
    ("signature", &["config", "model"]),
    ("scan", &["filter", "format", "model"]),
    ("call", &["filter", "format", "model", "scan"]),
    ("input", &["call", "filter", "format", "model", "scan"]),
    ("session", &["call", "filter", "format", "input", "model", "scan"]),
    (
        "live",
        &["filter", "format", "input", "model", "scan", "session", "store"],
    ),
    ("query", &["call", "filter", "model", "session"]),
    ("replay", &["config", "judge", "model", "signature"]),
    ("twilio_api", &["config", "format", "model", "store"]),
    (
        "output",
        &[
            "call", "config", "filter", "format", "input", "judge", "model", "query", "replay", "scan", "session",
            "store",
        ],
    ),
    // What must not be kept is made dots by the same code in replays and in what the proxy records.
    (
        "server",
        &["config", "format", "model", "output", "replay", "signature", "store"],
    ),
];

/// Nobody knows these.
const TOP: &[&str] = &["cli", "tui"];

#[test]
fn no_arrow_runs_up() {
    let table: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().copied().collect();
    let path = Regex::new(r"\bcrate::(\w+)").unwrap();
    let mut wrong = Vec::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = without_tests(&text);
        let short = file
            .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
            .unwrap();
        let own = short.components().next().unwrap().as_os_str().to_str().unwrap();
        let own = own.trim_end_matches(".rs");
        if matches!(own, "lib" | "main") || TOP.contains(&own) {
            continue;
        }
        let Some(may) = table.get(own) else {
            wrong.push(format!("{own}: not in the table of layers"));
            continue;
        };
        let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        for known in path.captures_iter(&code).map(|c| c[1].to_owned()) {
            if known != own && !may.contains(&known.as_str()) {
                wrong.push(format!("{}: {own} must not know {known}", short.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_has_no_circle() {
    // Each module stands below all that may know it, so the table is an order.
    let place = |m: &str| MAY_KNOW.iter().position(|(n, _)| *n == m);
    for (n, (module, may)) in MAY_KNOW.iter().enumerate() {
        for known in *may {
            assert!(
                place(known).is_some_and(|p| p < n),
                "{module} knows {known}, which stands above it"
            );
        }
    }
}

/// The middle is pure: no clock, file, network or environment below input, replay and the top.
#[test]
fn the_middle_is_pure() {
    let impure =
        Regex::new(r"std::(fs|net|env|process)\b|SystemTime|Instant::now|Utc::now|Local::now|tokio::").unwrap();
    for file in sources() {
        let short = file
            .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
            .unwrap();
        let name = short.to_str().unwrap().replace('\\', "/");
        let pure = [
            "model/",
            "format/",
            "filter/",
            "scan/",
            "call/",
            "judge/",
            "signature/",
            "session/",
            "query.rs",
            "output/",
            "tui/update/",
            "tui/view/",
            "tui/answer.rs",
            "tui/data.rs",
            "tui/form.rs",
            "tui/keys.rs",
            "tui/layout.rs",
            "tui/list.rs",
            "tui/model/",
            "tui/msg.rs",
            "tui/theme.rs",
        ];
        if !pure.iter().any(|p| name.starts_with(p)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let found = impure.find(without_tests(&text)).map(|m| m.as_str().to_owned());
        assert_eq!(found, None, "{name}");
    }
}

/// What stands before the tests of a file; files of tests alone are not read.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let tests = name == "tests" || name.ends_with("_tests");
            if path.is_dir() && !tests {
                walk(&path, out);
            } else if !tests && path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out.sort();
    out
}
