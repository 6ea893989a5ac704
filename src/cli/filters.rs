//! `redial filters`: the rules, and what they match.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::args::{Filters, FiltersCommand, Packs};
use super::{Exit, Stop, packs};
use crate::filter::{Engine, Example, Rule, Test, check};
use crate::output::json;
use crate::output::safe::printable;
use crate::output::text::count;

/// Runs the command.
pub(super) fn run(args: &Filters, out: &mut impl Write) -> anyhow::Result<Exit> {
    match &args.command {
        FiltersCommand::List { packs } => list(packs, out),
        FiltersCommand::Show { id, packs } => show(id, packs, out),
        FiltersCommand::Test { file: None, packs } => test(packs, out),
        FiltersCommand::Test { file: Some(f), packs } => lines(f.clone(), packs, out),
    }
}

#[derive(Serialize)]
struct RuleLine<'a> {
    r#type: &'static str,
    id: &'a str,
    pack: &'a str,
    severity: Option<&'static str>,
    class: Option<&'a str>,
    hide: bool,
    inferred: bool,
    title: Option<String>,
}

fn list(packs: &Packs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let engine = packs::engine(&packs.filters)?;
    for (name, about, origin) in engine.packs() {
        if !packs.json {
            writeln!(out, "{}", printable(&format!("{name} ({origin}): {about}")))?;
        }
        for rule in engine.rules().filter(|r| r.pack == *name) {
            if packs.json {
                json::line(out, &rule_line(rule))?;
            } else {
                let what = if rule.hide {
                    "hides"
                } else {
                    rule.severity.map_or("as told", |s| s.as_str())
                };
                let title = rule.title.as_ref().map(ToString::to_string).unwrap_or_default();
                let class = rule.class.as_deref().unwrap_or_default();
                let line = format!("  {:<28} {what:<8} {class:<20} {title}", rule.id);
                writeln!(out, "{}", printable(line.trim_end()))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn rule_line(rule: &Rule) -> RuleLine<'_> {
    RuleLine {
        r#type: "rule",
        id: &rule.id,
        pack: &rule.pack,
        severity: rule.severity.map(crate::model::Severity::as_str),
        class: rule.class.as_deref(),
        hide: rule.hide,
        inferred: rule.inferred,
        title: rule.title.as_ref().map(ToString::to_string),
    }
}

fn show(id: &str, packs: &Packs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let engine = packs::engine(&packs.filters)?;
    let Some(rule) = engine.rules().find(|r| r.id.eq_ignore_ascii_case(id)) else {
        let near = engine
            .rules()
            .map(|r| r.id.as_str())
            .min_by_key(|r| strsim::damerau_levenshtein(r, id));
        let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        return Err(Stop::new(
            Exit::Nothing,
            format!("no rule is called {id}{near} `redial filters list` has them all"),
        )
        .into());
    };
    if packs.json {
        json::line(out, &rule_line(rule))?;
        return Ok(Exit::Done);
    }
    let mut put = |name: &str, value: String| {
        if value.is_empty() {
            Ok(())
        } else {
            writeln!(out, "{name:<10} {}", printable(&value))
        }
    };
    put("rule", format!("{} (pack {})", rule.id, rule.pack))?;
    match &rule.test {
        Test::Line {
            pattern, categories, ..
        } => {
            put("pattern", pattern.clone())?;
            put("category", categories.join(", "))?;
        }
        Test::Fields(when) => put(
            "when",
            when.iter()
                .map(|(n, c)| format!("{n} {c}"))
                .collect::<Vec<_>>()
                .join(" and "),
        )?,
        Test::Call(over) => put("over", format!("{over:?}"))?,
    }
    put("severity", rule.severity.map(|s| s.to_string()).unwrap_or_default())?;
    put("class", rule.class.clone().unwrap_or_default())?;
    put(
        "title",
        rule.title.as_ref().map(ToString::to_string).unwrap_or_default(),
    )?;
    put(
        "advice",
        rule.advice.as_ref().map(ToString::to_string).unwrap_or_default(),
    )?;
    put(
        "shows",
        if rule.hide {
            "no: hides what it matches".to_owned()
        } else {
            String::new()
        },
    )?;
    put(
        "source",
        if rule.inferred {
            "inferred, not seen in a real log".to_owned()
        } else {
            String::new()
        },
    )?;
    for case in &rule.cases {
        let when = case
            .when
            .iter()
            .map(|(n, c)| format!("{n} {c}"))
            .collect::<Vec<_>>()
            .join(" and ");
        put("case", when)?;
        put(
            "  title",
            case.title.as_ref().map(ToString::to_string).unwrap_or_default(),
        )?;
        put(
            "  advice",
            case.advice.as_ref().map(ToString::to_string).unwrap_or_default(),
        )?;
        put("  severity", case.severity.map(|s| s.to_string()).unwrap_or_default())?;
    }
    for (name, examples) in [("matches", &rule.matches), ("ignores", &rule.ignores)] {
        for e in examples {
            put(name, example(e))?;
        }
    }
    Ok(Exit::Done)
}

fn example(e: &Example) -> String {
    match e {
        Example::Line(l) => l.clone(),
        Example::Fields(f) => f.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("  "),
    }
}

/// Every rule's own examples. A rule that was left out counts as a fault too.
fn test(packs: &Packs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let engine = packs::engine(&packs.filters)?;
    let faults = check(&engine);
    for fault in &faults {
        writeln!(out, "{}", printable(&fault.to_string()))?;
    }
    let examples: usize = engine.rules().map(|r| r.matches.len() + r.ignores.len()).sum();
    let wrong = faults.len() + engine.broken().len();
    let rules = count(engine.rules().count(), "rule");
    writeln!(out, "{rules}, {}, {wrong} wrong", count(examples, "example"))?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::No })
}

#[derive(Serialize)]
struct MetLine<'a> {
    r#type: &'static str,
    path: &'a str,
    line: u64,
    rule: Option<&'a str>,
    severity: Option<&'static str>,
    hide: bool,
    text: &'a str,
}

/// Which rule each line of a file meets.
fn lines(file: PathBuf, packs: &Packs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let engine = packs::engine(&packs.filters)?;
    let (sources, failures) = crate::input::find(&[file]);
    if let Some(f) = failures.first() {
        return Err(Stop::usage(f.to_string()).into());
    }
    for source in &sources {
        let name = source.name.clone();
        let mut number = 0;
        crate::input::each_line(source, &mut |line| {
            number += 1;
            met(&engine, &name, number, line, packs.json, out)
        })?;
    }
    Ok(Exit::Done)
}

fn met(
    engine: &Engine,
    path: &str,
    number: u64,
    line: &[u8],
    as_json: bool,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let rule = crate::scan::rule_of(engine, line);
    let text = String::from_utf8_lossy(line);
    let (id, severity) = (
        rule.as_ref().map(|r| r.id.as_str()),
        rule.as_ref().and_then(|r| r.severity),
    );
    if as_json {
        let hide = rule.as_ref().is_none_or(|r| r.hide);
        let severity = severity.map(crate::model::Severity::as_str);
        return json::line(
            out,
            &MetLine {
                r#type: "met",
                path,
                line: number,
                rule: id,
                severity,
                hide,
                text: &text,
            },
        );
    }
    let text: String = printable(text.trim_end()).chars().take(120).collect();
    writeln!(out, "{number:>6}  {:<24} {text}", id.unwrap_or("-"))
}
