//! Results as a `JUnit` XML file, in the members that Jenkins, GitLab and GitHub's readers all know.
//!
//! [`Suite`]s of [`Test`]s with times, failures, errors and what was skipped; nothing of any one reader's own. All text is made printable, so
//! that no character is one that XML cannot hold.

use std::fmt::Write as _;

use super::Asked;
use crate::model::{Outcome, Severity};
use crate::output::safe::{printable, printable_lines};

/// One test.
#[derive(Clone, Debug, Default)]
pub struct Test {
    /// What a reader lists.
    pub name: String,
    /// What it groups by.
    pub class: String,
    /// A file of the repository.
    pub file: Option<String>,
    /// Milliseconds.
    pub ms: u64,
    /// How it ended.
    pub result: Result,
}

/// How a test ended.
#[derive(Clone, Debug, Default)]
pub enum Result {
    /// As it should.
    #[default]
    Passed,
    /// The answer is wrong: code, one sentence, all of it.
    Failed(String, String, String),
    /// There was no test: code, one sentence, all of it.
    Broken(String, String, String),
    /// It was not run, and why.
    Skipped(String),
}

/// Tests that belong together.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// What a reader lists.
    pub name: String,
    /// RFC 3339, in UTC.
    pub at: Option<String>,
    /// In order.
    pub tests: Vec<Test>,
}

impl Suite {
    /// The recorded requests of one call.
    pub fn of_call(name: &str, asked: &[&Asked]) -> Self {
        Self {
            name: name.to_owned(),
            at: asked.iter().find_map(|a| a.at.time()).map(|t| t.to_string()),
            tests: asked.iter().map(|a| test(a)).collect(),
        }
    }

    fn count(&self, which: fn(&Result) -> bool) -> usize {
        self.tests.iter().filter(|t| which(&t.result)).count()
    }
}

fn test(asked: &Asked) -> Test {
    let call = if asked.call.is_empty() { "none" } else { &asked.call };
    Test {
        name: format!("{} ({}) {}", asked.short(), asked.kind.as_str(), asked.id),
        class: format!("{}.{call}", asked.provider),
        file: None,
        ms: asked.ms.unwrap_or(0),
        result: result(asked),
    }
}

/// What went well passed; of what nobody logged an answer, nobody knows.
fn result(asked: &Asked) -> Result {
    let complained = asked.severity >= Some(Severity::Warning);
    if asked.outcome.failed() || complained {
        return Result::Failed(asked.code().to_owned(), asked.wrong(), told(asked));
    }
    match asked.outcome {
        Outcome::Ok => Result::Passed,
        _ => Result::Skipped("its answer was not recorded".to_owned()),
    }
}

/// All that is known of a failure.
fn told(asked: &Asked) -> String {
    let mut out = format!("request {} of call {}\n", asked.id, asked.call);
    let url = asked.request.url.as_deref().unwrap_or("(no URL)");
    let _ = writeln!(out, "{} {url}", asked.request.method.as_deref().unwrap_or("?"));
    let status = asked.status.map_or("no status".to_owned(), |s| s.to_string());
    let _ = writeln!(out, "outcome {} · {status} · {}", asked.outcome.as_str(), asked.place);
    for p in &asked.problems {
        let place = match (p.line, p.column) {
            (Some(l), Some(c)) => format!("line {l}, column {c}: "),
            (Some(l), None) => format!("line {l}: "),
            _ => String::new(),
        };
        let code = p.code.as_deref().map(|c| format!("{c} ")).unwrap_or_default();
        let _ = writeln!(out, "{} {code}{place}{}", p.severity, p.message);
    }
    out
}

/// The file.
pub fn file(name: &str, suites: &[Suite]) -> String {
    let failed = |r: &Result| matches!(r, Result::Failed(..));
    let broken = |r: &Result| matches!(r, Result::Broken(..));
    let skipped = |r: &Result| matches!(r, Result::Skipped(_));
    let all = |which: fn(&Result) -> bool| suites.iter().map(|s| s.count(which)).sum::<usize>();
    let ms = |suite: &Suite| suite.tests.iter().map(|t| t.ms).sum::<u64>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
        attribute(name),
        all(|_| true),
        all(failed),
        all(broken),
        all(skipped),
        seconds(suites.iter().map(ms).sum()),
    );
    for suite in suites {
        // Without a zone, as the common schema has it; it is UTC.
        let at = suite.at.as_deref().and_then(|t| t.get(..19));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"{}>",
            attribute(&suite.name),
            suite.tests.len(),
            suite.count(failed),
            suite.count(broken),
            suite.count(skipped),
            seconds(ms(suite)),
            at.map(|t| format!(" timestamp=\"{t}\"")).unwrap_or_default(),
        );
        for test in &suite.tests {
            write(&mut out, test);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn write(out: &mut String, test: &Test) {
    let file = test
        .file
        .as_deref()
        .map(|f| format!(" file=\"{}\"", attribute(f)))
        .unwrap_or_default();
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\"{file} time=\"{}\"",
        attribute(&test.name),
        attribute(&test.class),
        seconds(test.ms),
    );
    let (element, code, message, all) = match &test.result {
        Result::Passed => return out.push_str("/>\n"),
        Result::Skipped(why) => {
            let _ = writeln!(
                out,
                ">\n      <skipped message=\"{}\"/>\n    </testcase>",
                attribute(why)
            );
            return;
        }
        Result::Failed(code, message, all) => ("failure", code, message, all),
        Result::Broken(code, message, all) => ("error", code, message, all),
    };
    let _ = writeln!(
        out,
        ">\n      <{element} message=\"{}\" type=\"{}\">{}</{element}>\n    </testcase>",
        attribute(message),
        attribute(code),
        content(all),
    );
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn attribute(text: &str) -> String {
    escaped(&printable(text))
}

fn content(text: &str) -> String {
    printable_lines(text)
        .map(|l| escaped(&l))
        .collect::<Vec<_>>()
        .join("\n")
}
