//! Rules against their own examples.

use std::fmt;

use super::engine::Engine;
use super::rule::{Example, Rule, Test};

/// An example that is not met as its rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The rule.
    pub rule: String,
    /// What is wrong with which example.
    pub why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}: {}", self.rule, self.why)
    }
}

/// Holds every rule against its examples: what it `matches` it must meet, and no rule may stand in its way; what it
/// `ignores` it must not meet.
pub fn check(engine: &Engine) -> Vec<Wrong> {
    let mut out = Vec::new();
    for rule in engine.rules() {
        for (examples, wanted) in [(&rule.matches, true), (&rule.ignores, false)] {
            for e in examples {
                out.extend(fault(engine, rule, e, wanted).map(|why| Wrong {
                    rule: rule.id.clone(),
                    why,
                }));
            }
        }
    }
    out
}

fn fault(engine: &Engine, rule: &Rule, example: &Example, wanted: bool) -> Option<String> {
    let (meets, first) = match (&rule.test, example) {
        (Test::Line { .. }, Example::Line(text)) => line(engine, rule, text),
        (Test::Fields(when), Example::Fields(fields)) => {
            let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            let meets = when.iter().all(|(n, c)| c.holds(field(n)));
            (
                meets,
                engine
                    .ask_document(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())))
                    .map(|r| r.id.clone()),
            )
        }
        _ => return Some("an example of the wrong kind: texts for lines, tables for documents".to_owned()),
    };
    let text = match example {
        Example::Line(l) => l.clone(),
        Example::Fields(f) => format!("{f:?}"),
    };
    match (wanted, meets, first) {
        (true, false, _) => Some(format!("does not match its example: {text}")),
        (true, true, Some(other)) if other != rule.id && !rule.also && rule.needs.is_none() => Some(format!(
            "never gets its example, because rule {other} takes it first: {text}"
        )),
        (false, true, _) => Some(format!("matches what it must ignore: {text}")),
        _ => None,
    }
}

/// Whether a line's message meets a rule, and the rule that takes it.
fn line(engine: &Engine, rule: &Rule, text: &str) -> (bool, Option<String>) {
    let text = text.as_bytes();
    let split = crate::format::tropo::split(text).unwrap_or(crate::format::tropo::Split::bare());
    let message = crate::format::tropo::Message::of(text, &split);
    let meets = rule.in_category(message.category) && rule.regex().is_some_and(|r| r.is_match(&message.body));
    let mut scratch = super::Scratch::default();
    let met = engine.ask_all(message.category, &message.body, &mut scratch);
    let own = met.iter().find(|m| !m.rule.also && m.rule.needs.is_none());
    (meets, own.map(|m| m.rule.id.clone()))
}
