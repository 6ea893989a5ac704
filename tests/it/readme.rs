//! What the README says of the program is what the program says of itself: commands, keys, settings, the output and the picture shown.
//!
//! The table of keys is made here from the program's own; `UPDATE_README=1 cargo test --test it readme` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use redial::config::{File, Given, Origin, Settings};
use redial::tui::keys::{COMMANDS, Keymap, Layer};

use super::support;

const BEGIN: &str = "UPDATE_README=1 cargo test --test it readme -->\n";
const END: &str = "<!-- end of keys -->";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

/// The first block of a language behind a place in the text.
#[track_caller]
fn block<'a>(text: &'a str, behind: &str, language: &str) -> &'a str {
    let (_, rest) = text.split_once(behind).unwrap();
    let (_, rest) = rest.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// The first column of the first table behind a place in the text.
fn first_column(text: &str, behind: &str) -> Vec<String> {
    let (_, rest) = text.split_once(behind).unwrap();
    let rows = rest.lines().skip_while(|l| !l.starts_with('|')).skip(2);
    rows.take_while(|l| l.starts_with('|'))
        .filter_map(|l| l.split('|').nth(1))
        .map(|c| c.trim().to_owned())
        .collect()
}

/// The table of all commands as the README has it.
fn keys_table() -> String {
    let mut table = "\n| keys | command | what it does |\n|---|---|---|\n".to_owned();
    for layer in [Layer::Panes, Layer::Prompt, Layer::Form] {
        for c in COMMANDS.iter().filter(|c| c.layer == layer) {
            let keys: Vec<String> = c.keys.split(' ').map(|k| format!("`{k}`")).collect();
            let help = c.help.replace('|', "\\|");
            writeln!(table, "| {} | `{}` | {help} |", keys.join(" "), c.name).unwrap();
        }
    }
    table + "\n"
}

#[test]
fn the_keys_are_those_of_the_program() {
    let readme = text("README.md");
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let made = keys_table();
    if std::env::var_os("UPDATE_README").is_some_and(|v| v == "1") {
        std::fs::write(file("README.md"), format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, made, "UPDATE_README=1 cargo test --test it readme writes it");
    }
}

/// What the prose says of keys holds for the keys as they are without a configuration.
#[test]
fn keys_in_the_prose_exist() {
    let readme = text("README.md");
    let (_, rest) = readme.split_once("## In the terminal").unwrap();
    let (before, rest) = rest.split_once("<!-- keys").unwrap();
    let after = rest.split_once(END).unwrap().1.split_once("\n## ").unwrap().0;
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .flat_map(|c| c.keys.split(' '))
        .map(str::to_lowercase)
        .collect();
    let prose = format!("{before}{after}");
    let code: Vec<&str> = prose.split('`').skip(1).step_by(2).collect();
    let keys = code.iter().filter(|c| {
        let short = c.chars().count() == 1;
        short || c.starts_with("ctrl-") || matches!(**c, "enter" | "esc" | "space" | "tab" | "F2")
    });
    let mut seen = 0;
    for key in keys {
        assert!(known.contains(&key.to_lowercase()), "`{key}` is no key of any command");
        seen += 1;
    }
    assert!(seen > 20, "{seen} keys are named");
}

#[test]
fn the_commands_are_those_of_the_program() {
    let help = support::run("--help").exits(0).out;
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let of_program: BTreeSet<String> = rest
        .lines()
        .take_while(|l| !l.is_empty())
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    let of_readme: BTreeSet<String> = first_column(&text("README.md"), "# redial\n")
        .iter()
        .filter_map(|c| c.trim_matches('`').split(' ').nth(1).map(str::to_owned))
        .filter(|c| !c.starts_with('['))
        .collect();
    assert_eq!(of_readme, of_program);
}

#[test]
fn the_configuration_shown_has_every_setting_and_no_fault() {
    let readme = text("README.md");
    let shown = block(&readme, "## Configuration", "toml");
    let path = Path::new("/home/somebody/.config/redial/config.toml");
    let settings = Settings::read(Some(File { path, text: shown }), |_| None, Given::default());
    assert!(settings.notices.is_empty(), "{:?}", settings.notices);
    assert!(!settings.broken);
    let missing: Vec<String> = settings
        .shown()
        .into_iter()
        .filter(|(_, _, origin)| !matches!(origin, Origin::File { .. }))
        .map(|(name, ..)| name)
        .collect();
    assert!(missing.is_empty(), "not shown: {missing:?}");
    assert!(!settings.keys.is_empty());
    let (_, complaints) = Keymap::new(&settings.keys);
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// The first command is what `.ci/run` has the picture's program play; the second is what it runs as text.
#[test]
fn the_first_commands_are_run_by_ci() {
    let readme = text("README.md");
    assert_eq!(block(&readme, "# redial", "console"), "cargo run --release -- demo");
    let ci = text(".ci/run");
    assert!(ci.contains("--example picture -- --check cargo run --locked --release -- demo"));
    assert!(ci.contains("cargo run --locked --release -- errors samples"));
}

/// Times apart, which are those of a run.
#[test]
fn the_output_shown_is_that_of_its_command() {
    let readme = text("README.md");
    let shown = block(&readme, "## See what went wrong", "console");
    let (command, shown) = shown.split_once('\n').unwrap();
    let (line, filter) = command.split_once(" --where ").unwrap();
    let args = line.split(' ').skip(2).chain(["--where", filter.trim_matches('\'')]);
    let ran = support::redial(args).env("COLUMNS", "80").run().exits(0);
    let without_seconds = |t: &str| t.trim_end().rsplit_once(" · ").unwrap().0.to_owned();
    assert_eq!(without_seconds(&ran.out), without_seconds(shown));
}

#[test]
fn the_picture_is_one_of_red_and_green() {
    let readme = text("README.md");
    assert!(readme.contains("](docs/screen.svg)"));
    let svg = text("docs/screen.svg");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let words: String = document.descendants().filter_map(|n| n.text()).collect();
    for word in ["FAIL", "PASS", "Story", "Calls", "6/6"] {
        assert!(words.contains(word), "{word}");
    }
}
