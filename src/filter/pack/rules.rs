//! One table of a pack to one [`Rule`]: its test, its words, its cases and examples.
//!
//! To add a key: its name in `RULE_KEYS` or `CASE_KEYS`, a field of [`Rule`] or [`Case`], a line here.

use toml::de::{DeTable, DeValue};

use super::super::rule::{Case, Condition, Does, Example, Needs, OverCall, Rule, Test, compile};
use super::Check;
use super::keys::{Fault, fault, flag, get, known_keys, template, text, texts, word};
use crate::model::Severity;

/// Keys of a `[[rule]]`.
const RULE_KEYS: &[&str] = &[
    "id", "pattern", "category", "when", "over", "does", "class", "severity", "title", "advice", "evidence", "hide",
    "also", "inferred", "explains", "calm", "alone", "needs", "pending", "settles", "case", "matches", "ignores",
];

/// Keys of a `[[rule.case]]`.
const CASE_KEYS: &[&str] = &["when", "class", "severity", "title", "advice", "pending", "hide"];

/// Words of `severity`.
const SEVERITIES: &[(&str, Severity)] = &[
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
];

/// A rule, or its first fault.
pub(super) fn rule(t: &DeTable<'_>, pack: &str, check: Check) -> Result<Rule, Fault> {
    known_keys(t, RULE_KEYS)?;
    let Some(id) = text(t, "id")? else {
        return Err(Fault {
            at: None,
            key: "id".to_owned(),
            why: "is missing".to_owned(),
        });
    };
    Ok(Rule {
        id,
        pack: pack.to_owned(),
        test: test(t, check)?,
        does: word(
            t,
            "does",
            &[
                ("finding", Does::Finding),
                ("request", Does::Request),
                ("reply", Does::Reply),
                ("refusal", Does::Refusal),
                ("step", Does::Step),
                ("state", Does::State),
                ("app", Does::App),
                ("context", Does::Context),
                ("echo", Does::Echo),
            ],
        )?
        .unwrap_or_default(),
        class: text(t, "class")?,
        severity: word(t, "severity", SEVERITIES)?,
        title: template(t, "title")?,
        advice: template(t, "advice")?,
        evidence: template(t, "evidence")?,
        hide: flag(t, "hide")?,
        also: flag(t, "also")?,
        inferred: flag(t, "inferred")?,
        explains: flag(t, "explains")?,
        calm: flag(t, "calm")?,
        alone: flag(t, "alone")?,
        needs: word(t, "needs", &[("open-request", Needs::OpenRequest)])?,
        pending: text(t, "pending")?,
        settles: text(t, "settles")?,
        cases: cases(t, check)?,
        matches: examples(t, "matches")?,
        ignores: examples(t, "ignores")?,
    })
}

/// What a rule is asked about: lines, documents, or whole calls.
pub(super) fn test(t: &DeTable<'_>, check: Check) -> Result<Test, Fault> {
    let over = word(
        t,
        "over",
        &[
            ("no-reply", OverCall::NoReply),
            ("log-ends", OverCall::LogEnds),
            ("result-error", OverCall::ResultError),
        ],
    )?;
    match (text(t, "pattern")?, get(t, "when"), over) {
        (Some(pattern), None, None) => {
            if check == Check::Patterns
                && let Err(why) = compile(&pattern)
            {
                let why = why
                    .lines()
                    .last()
                    .unwrap_or("no regular expression")
                    .trim_start_matches("error: ");
                return fault(get(t, "pattern").map_or(0, |(at, _)| at), "pattern", why);
            }
            Ok(Test::Line {
                pattern,
                categories: texts(t, "category")?,
                regex: std::sync::OnceLock::new(),
            })
        }
        (None, Some(_), None) => Ok(Test::Fields(conditions(t, check)?)),
        (None, None, Some(over)) => Ok(Test::Call(over)),
        _ => Err(Fault {
            at: None,
            key: String::new(),
            why: "needs exactly one of `pattern` (lines), `when` (documents) or `over` (calls)".to_owned(),
        }),
    }
}

/// The conditions of `when`: fields and what they must hold.
fn conditions(t: &DeTable<'_>, check: Check) -> Result<Vec<(String, Condition)>, Fault> {
    let Some((at, v)) = get(t, "when") else {
        return Ok(Vec::new());
    };
    let DeValue::Table(w) = v else {
        return fault(at, "when", "must be a table of fields");
    };
    w.iter()
        .map(|(name, _)| {
            let list = texts(w, name.get_ref())?;
            let cond = match list.as_slice() {
                [one] if one == "*" => Condition::Present,
                [one] if one == "!" => Condition::Absent,
                [one] if one.starts_with('~') => {
                    if check == Check::Patterns
                        && let Err(e) = regex::Regex::new(&one[1..])
                    {
                        let why = e.to_string();
                        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                        return fault(name.span().start, name.get_ref(), why);
                    }
                    Condition::Like(one[1..].to_owned(), std::sync::OnceLock::new())
                }
                _ => Condition::OneOf(list),
            };
            Ok((name.get_ref().to_string(), cond))
        })
        .collect()
}

/// The cases of a rule, in order.
fn cases(t: &DeTable<'_>, check: Check) -> Result<Vec<Case>, Fault> {
    let Some((at, v)) = get(t, "case") else {
        return Ok(Vec::new());
    };
    let DeValue::Array(a) = v else {
        return fault(at, "case", "is written as [[rule.case]]");
    };
    a.iter()
        .map(|v| {
            let DeValue::Table(c) = v.get_ref() else {
                return fault(v.span().start, "case", "must be a table");
            };
            known_keys(c, CASE_KEYS)?;
            Ok(Case {
                when: conditions(c, check)?,
                class: text(c, "class")?,
                severity: word(c, "severity", SEVERITIES)?,
                title: template(c, "title")?,
                advice: template(c, "advice")?,
                pending: text(c, "pending")?,
                hide: flag(c, "hide")?,
            })
        })
        .collect()
}

/// Examples that a rule must meet or leave alone.
fn examples(t: &DeTable<'_>, key: &str) -> Result<Vec<Example>, Fault> {
    let Some((at, v)) = get(t, key) else {
        return Ok(Vec::new());
    };
    let DeValue::Array(a) = v else {
        return fault(at, key, "must be a list of examples");
    };
    a.iter()
        .map(|v| match v.get_ref() {
            DeValue::String(s) => Ok(Example::Line(s.to_string())),
            DeValue::Table(f) => f
                .iter()
                .map(|(n, _)| Ok((n.get_ref().to_string(), text(f, n.get_ref())?.unwrap_or_default())))
                .collect::<Result<_, _>>()
                .map(Example::Fields),
            _ => fault(
                v.span().start,
                key,
                "must be strings (lines) or tables of fields (documents)",
            ),
        })
        .collect()
}
