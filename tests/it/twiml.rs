//! Documents with the problems that they are to have: `tests/data/twiml/NAME.xml`, and beside it what is said of it.
//!
//! To add one, add the document (`message-…` answers a message) and run with `INSTA_UPDATE=always`; then read what was written.
//! Rules have examples of their own (`filters/twiml-rules.toml`), run by the judge's unit tests; these show whole answers and their words.

use std::path::Path;

use redial::judge::reply;
use redial::model::{Problem, Provider, RequestKind, Verdict};

use crate::support::{redial, text};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/twiml")
}

/// Name and content of every document.
fn documents() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().path());
    let mut all: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "xml"))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    all.sort();
    assert!(all.len() > 20, "{}", all.len());
    all
}

fn judged(name: &str, body: &[u8]) -> Vec<Problem> {
    let kind = if name.starts_with("message-") {
        RequestKind::Message
    } else {
        RequestKind::Voice
    };
    reply(Provider::Twilio, kind, body)
}

/// One problem a line; `?` where it is not certain.
fn shown(problems: &[Problem]) -> String {
    let line = |p: &Problem| {
        let place = format!("{}:{}", p.line.unwrap_or_default(), p.column.unwrap_or_default());
        let code = p.code.as_deref().unwrap_or("-----");
        let sure = if p.certain { "" } else { "?" };
        format!("{place} {} {code}{sure} {}", p.severity, p.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn documents_have_the_problems_that_stand_beside_them() {
    for (name, body) in documents() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), shown(&judged(&name, &body))));
    }
}

#[test]
fn healthy_documents_have_none_and_broken_ones_exactly_one() {
    for (name, body) in documents() {
        let problems = judged(&name, &body);
        if name.contains("healthy") {
            assert!(problems.is_empty(), "{name}: {problems:#?}");
        } else if name.starts_with("broken-") {
            assert_eq!(problems.len(), 1, "{name}: {problems:#?}");
        } else {
            assert!(!problems.is_empty(), "{name}");
        }
    }
}

#[test]
fn the_command_says_the_same() {
    // A document with verbs of both schemas: the command asks for what it is, and takes the other.
    for (name, body) in documents()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("message-") && name != "nesting")
    {
        let path = folder().join(format!("{name}.xml"));
        let ran = redial(["check", "--json", path.to_str().unwrap()]).run();
        let wanted = judged(&name, &body);
        let verdict = Verdict {
            problems: wanted.clone(),
        };
        assert_eq!(ran.code, i32::from(!verdict.pass()), "{name}: {}", ran.err);
        let lines = ran.json();
        let found: Vec<_> = lines
            .iter()
            .filter(|l| l["type"] == "problem")
            .map(|l| text(l, "message"))
            .collect();
        let wanted: Vec<_> = wanted.iter().map(|p| p.message.as_str()).collect();
        assert_eq!(found, wanted, "{name}");
    }
}
