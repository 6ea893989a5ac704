//! A reply to Tropo: one JSON object with a `tropo` array of verbs (spec/tropo.md 2.2).
//!
//! Here: is it JSON of that shape. `body` checks each verb against the table (filters/tropo-verbs.toml), `values` and `speech` look into
//! values, `flow` at what happens between the verbs. What Tropo said to a bad document is not in any log (spec/tropo.md 7): what is wrong with
//! the shape is an error, a misspelt name a warning that is likely.

mod body;
mod flow;
mod speech;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod values;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use self::tree::{Kind, Node};
use super::text::{self, Lines};
use crate::model::{Problem, Severity};

/// The class of everything that makes a document useless, spec/tropo.md 3.1 W3.
const CODE: &str = "webhook-reply";
/// Handlers of events, W7.
const FLOW: &str = "flow-event";
/// Numbers to call, C9.
const NUMBER: &str = "number-format";
/// What the voice cannot say, C8.
const MEDIA: &str = "media-error";
/// Lines that will be missing in the log on purpose, L1.
const GAP: &str = "log-gap";

/// Of a longer document only the syntax is looked at. No limit of Tropo's is known.
const LONGEST: usize = 1 << 20;
/// So many problems are told.
const MOST: usize = 100;

/// All problems of a document, in the order of their places.
pub(super) fn document(body: &[u8]) -> Vec<Problem> {
    match json(body).and_then(|json| verbs(json).map(|problems| (json, problems))) {
        Err(problem) => vec![problem],
        Ok((_, problems)) => problems,
    }
}

/// The body as JSON that parses.
fn json(body: &[u8]) -> Result<&str, Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::error(CODE, "the answer is empty: send {\"tropo\":[…]}"));
    }
    let json = text::utf8(CODE, body)?;
    if json.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the document: save the file as UTF-8 without BOM";
        return Err(Problem::error(CODE, message).at((1, 1)));
    }
    let parsed = if json.len() > LONGEST {
        serde_json::from_str::<IgnoredAny>(json).map(drop)
    } else {
        serde_json::from_str::<Value>(json).map(drop)
    };
    parsed.map_err(|e| malformed(json, &e)).map(|()| json)
}

/// The shape of the document, then each verb, then what happens between them.
fn verbs(json: &str) -> Result<Vec<Problem>, Problem> {
    if json.len() > LONGEST {
        return Err(unjudged(json));
    }
    let mut report = Report::new(json);
    let shape = |at, message: &str| Problem::error(CODE, message).at(text::position(json.as_bytes(), at));
    let Some(root) = tree::read(json).filter(|root| matches!(root.kind, Kind::Map(_))) else {
        return Err(shape(0, "the document is not an object: send {\"tropo\":[…]}"));
    };
    let Some(list) = root.get("tropo") else {
        return Err(shape(root.at, "the document has no `tropo`: send {\"tropo\":[…]}"));
    };
    let Kind::List(items) = &list.value.kind else {
        return Err(shape(list.value.at, "`tropo` is not a list: send {\"tropo\":[…]}"));
    };
    body::twice(&mut report, &root);
    for (index, item) in items.iter().enumerate() {
        let entries = item.entries();
        match entries {
            [] => {
                report.add(item.at, error(CODE), || {
                    format!("`tropo` item {index} is not an object with a verb, as {{\"say\":…}}")
                });
            }
            [verb] => body::verb(&mut report, verb),
            [_, second, ..] => {
                report.add(second.at, error(CODE).likely(), || {
                    let verbs = entries.len();
                    format!("`tropo` item {index} holds {verbs} verbs: give each an object of its own")
                });
                for verb in entries {
                    body::verb(&mut report, verb);
                }
            }
        }
    }
    flow::check(&mut report, items);
    Ok(report.done())
}

/// A long document: its shape is known without the verbs, and without them it is no pass.
fn unjudged(json: &str) -> Problem {
    #[derive(Deserialize)]
    struct Shape {
        tropo: Option<Vec<IgnoredAny>>,
    }
    let object = json.trim_start().starts_with('{');
    match serde_json::from_str::<Shape>(json) {
        Ok(Shape { tropo: Some(_) }) if object => {
            let message = format!(
                "the document is {} bytes long, too long to judge: its verbs were not looked at; send less at once, as with `next`",
                json.len()
            );
            Problem::error(CODE, message).likely()
        }
        Ok(Shape { tropo: None }) if object => {
            Problem::error(CODE, "the document has no `tropo`: send {\"tropo\":[…]}")
        }
        _ => Problem::error(
            CODE,
            "the document is no object with a list `tropo`: send {\"tropo\":[…]}",
        ),
    }
}

fn malformed(json: &str, e: &serde_json::Error) -> Problem {
    let (line, byte_column) = (e.line(), e.column());
    let before: usize = json
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let place = text::position(json.as_bytes(), before + byte_column.saturating_sub(1));
    let said = e.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let what = text::impostor(json).map_or_else(String::new, |what| format!("; {what}"));
    Problem::error(CODE, format!("the document is not JSON: {said}{what}")).at(place)
}

/// What kind of problem one is.
#[derive(Clone, Copy)]
struct Fault {
    code: &'static str,
    severity: Severity,
    certain: bool,
}

impl Fault {
    /// The same, but not certain.
    fn likely(self) -> Self {
        Self { certain: false, ..self }
    }
}

fn error(code: &'static str) -> Fault {
    fault(code, Severity::Error)
}

fn warning(code: &'static str) -> Fault {
    fault(code, Severity::Warning)
}

fn note(code: &'static str) -> Fault {
    fault(code, Severity::Info)
}

fn fault(code: &'static str, severity: Severity) -> Fault {
    Fault {
        code,
        severity,
        certain: true,
    }
}

/// What was found so far.
struct Report<'a> {
    lines: Lines<'a>,
    /// With the offset of each, by which they are sorted in the end.
    found: Vec<(usize, Problem)>,
    /// How many were found beyond [`MOST`], and the worst of them.
    more: usize,
    worst: Severity,
}

impl<'a> Report<'a> {
    fn new(json: &'a str) -> Self {
        Self {
            lines: Lines::of(json),
            found: Vec::new(),
            more: 0,
            worst: Severity::Info,
        }
    }

    /// A problem at a byte of the document; the words are only put together while there is room.
    fn add(&mut self, at: usize, fault: Fault, says: impl FnOnce() -> String) {
        if self.found.len() >= MOST {
            self.more += 1;
            self.worst = self.worst.max(fault.severity);
            return;
        }
        let problem = Problem::new(fault.code, fault.severity, says()).at(self.lines.place(at));
        self.found
            .push((at, if fault.certain { problem } else { problem.likely() }));
    }

    fn done(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(at, _)| *at);
        let mut problems: Vec<Problem> = self.found.into_iter().map(|(_, p)| p).collect();
        if self.more > 0 {
            let message = format!("{} more problems are not shown", self.more);
            let worst = problems.iter().map(|p| p.severity).max();
            let severity = if worst >= Some(self.worst) {
                Severity::Info
            } else {
                self.worst
            };
            problems.push(Problem::new("", severity, message));
        }
        problems
    }
}

/// The bodies of all verbs of a name, in order.
fn all<'t, 'a>(items: &'t [Node<'a>], name: &'t str) -> impl Iterator<Item = &'t Node<'a>> {
    let of_name = items.iter().flat_map(Node::entries).filter(move |e| e.key == name);
    of_name.map(|e| &e.value)
}
