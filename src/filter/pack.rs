//! Rule packs: TOML files to [`Rule`]s.
//!
//! A pack is read rule by rule: a broken rule is named with file, line and key, left out, and the rest of the pack
//! works. The built-in packs are part of the binary; the user's own stand before them, so they can override.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::rule::{Case, Condition, Does, Example, Needs, OverCall, Rule, Test, compile};
use super::template::Template;
use crate::model::Severity;

/// A rule that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The rule's id, or its number (`rule 3`) when it has none; empty when the file itself is broken.
    pub rule: String,
    /// The key, when one is to blame.
    pub key: String,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.rule.is_empty() {
            write!(f, "rule {}: ", self.rule)?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        write!(f, "{}", self.why)?;
        match (self.rule.is_empty(), self.key.is_empty()) {
            (false, _) => f.write_str("; the rule is left out"),
            (true, true) => f.write_str("; the pack is left out"),
            (true, false) => Ok(()),
        }
    }
}

/// A pack as read: its rules in order and what was wrong with it.
#[derive(Debug, Default)]
pub struct Pack {
    /// The name that it gives itself, or its file's.
    pub name: String,
    /// One line on what it covers.
    pub about: String,
    /// Where it came from: `built in`, or a path.
    pub origin: String,
    /// Usable rules, in order of the file.
    pub rules: Vec<Rule>,
    /// Rules left out.
    pub broken: Vec<Broken>,
}

const RULE_KEYS: &[&str] = &[
    "id", "pattern", "category", "when", "over", "does", "class", "severity", "title", "advice", "evidence", "hide",
    "also", "inferred", "explains", "calm", "alone", "needs", "pending", "settles", "case", "matches", "ignores",
];
const CASE_KEYS: &[&str] = &["when", "class", "severity", "title", "advice", "pending", "hide"];

/// Reads a pack. Never fails: what is wrong is in [`Pack::broken`].
pub fn read(text: &str, file: &str, origin: &str) -> Pack {
    read_with(text, file, origin, Check::Patterns)
}

/// How much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Every pattern is compiled.
    Patterns,
    /// Patterns are taken as they are: for the built-in packs, which a test holds free of faults.
    Nothing,
}

/// Reads a pack.
pub(super) fn read_with(text: &str, file: &str, origin: &str, check: Check) -> Pack {
    let mut pack = Pack {
        name: file.to_owned(),
        origin: origin.to_owned(),
        ..Pack::default()
    };
    let lines = Lines { text, file };
    let table = match DeTable::parse(text) {
        Ok(t) => t,
        Err(e) => {
            pack.broken
                .push(lines.broken(e.span().unwrap_or_default().start, "", "", e.message().to_owned()));
            return pack;
        }
    };
    let table = table.get_ref();
    if let Some(DeValue::Table(t)) = table.get("pack").map(toml::Spanned::get_ref) {
        if let Some(name) = t.get("name").and_then(|v| v.get_ref().as_str()) {
            name.clone_into(&mut pack.name);
        }
        if let Some(about) = t.get("about").and_then(|v| v.get_ref().as_str()) {
            about.clone_into(&mut pack.about);
        }
    }
    for (key, value) in table {
        if !matches!(key.get_ref().as_ref(), "pack" | "rule") {
            pack.broken.push(lines.broken(
                key.span().start,
                "",
                key.get_ref(),
                unknown(key.get_ref(), &["pack", "rule"]),
            ));
        } else if key.get_ref() == "rule" && value.get_ref().as_array().is_none() {
            pack.broken
                .push(lines.broken(key.span().start, "", "rule", "rules are written as [[rule]]".to_owned()));
        }
    }
    let Some(rules) = table.get("rule").and_then(|v| v.get_ref().as_array()) else {
        return pack;
    };
    for (n, value) in rules.iter().enumerate() {
        let at = value.span().start;
        let DeValue::Table(t) = value.get_ref() else {
            pack.broken
                .push(lines.broken(at, &format!("{}", n + 1), "", "is not a table".to_owned()));
            continue;
        };
        match rule(t, &pack.name, check) {
            Ok(r) if pack.rules.iter().any(|o| o.id == r.id) => {
                let why = format!("another rule of this pack is called {}", r.id);
                pack.broken.push(lines.broken(at, &r.id, "id", why));
            }
            Ok(r) => pack.rules.push(r),
            Err(fault) => {
                let id = t
                    .get("id")
                    .and_then(|v| v.get_ref().as_str())
                    .map_or_else(|| format!("{}", n + 1), str::to_owned);
                pack.broken
                    .push(lines.broken(fault.at.unwrap_or(at), &id, &fault.key, fault.why));
            }
        }
    }
    pack
}

/// Turns offsets into line numbers for messages.
struct Lines<'a> {
    text: &'a str,
    file: &'a str,
}

impl Lines<'_> {
    fn broken(&self, at: usize, rule: &str, key: &str, why: String) -> Broken {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Broken {
            file: self.file.to_owned(),
            line,
            rule: rule.to_owned(),
            key: key.to_owned(),
            why,
        }
    }
}

/// What is wrong with one key.
struct Fault {
    at: Option<usize>,
    key: String,
    why: String,
}

type Keyed<'a, 'b> = Option<(usize, &'b DeValue<'a>)>;

fn fault<T>(at: usize, key: &str, why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault {
        at: Some(at),
        key: key.to_owned(),
        why: why.into(),
    })
}

fn get<'a, 'b>(t: &'b DeTable<'a>, key: &str) -> Keyed<'a, 'b> {
    t.get(key).map(|v| (v.span().start, v.get_ref()))
}

fn text(t: &DeTable<'_>, key: &str) -> Result<Option<String>, Fault> {
    match get(t, key) {
        None => Ok(None),
        Some((_, DeValue::String(s))) => Ok(Some(s.to_string())),
        Some((at, _)) => fault(at, key, "must be a string"),
    }
}

fn flag(t: &DeTable<'_>, key: &str) -> Result<bool, Fault> {
    match get(t, key) {
        None => Ok(false),
        Some((_, DeValue::Boolean(b))) => Ok(*b),
        Some((at, _)) => fault(at, key, "must be true or false"),
    }
}

fn texts(t: &DeTable<'_>, key: &str) -> Result<Vec<String>, Fault> {
    let Some((at, v)) = get(t, key) else {
        return Ok(Vec::new());
    };
    match v {
        DeValue::String(s) => Ok(vec![s.to_string()]),
        DeValue::Array(a) => a
            .iter()
            .map(|v| match v.get_ref() {
                DeValue::String(s) => Ok(s.to_string()),
                _ => fault(v.span().start, key, "must be a list of strings"),
            })
            .collect(),
        _ => fault(at, key, "must be a string or a list of strings"),
    }
}

fn template(t: &DeTable<'_>, key: &str) -> Result<Option<Template>, Fault> {
    Ok(text(t, key)?.map(|s| Template::new(&s)))
}

fn word<T>(t: &DeTable<'_>, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Fault>
where
    T: Copy,
{
    let Some(found) = text(t, key)? else { return Ok(None) };
    if let Some((_, v)) = words.iter().find(|(w, _)| *w == found) {
        return Ok(Some(*v));
    }
    let names: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
    fault(get(t, key).map_or(0, |(at, _)| at), key, unknown(&found, &names))
}

fn known_keys(t: &DeTable<'_>, keys: &[&str]) -> Result<(), Fault> {
    for (key, _) in t {
        if !keys.contains(&key.get_ref().as_ref()) {
            return fault(key.span().start, key.get_ref(), unknown(key.get_ref(), keys));
        }
    }
    Ok(())
}

/// "unknown `x`", with the nearest known word.
fn unknown(found: &str, known: &[&str]) -> String {
    let best = known.iter().map(|k| (strsim::damerau_levenshtein(found, k), k)).min();
    match best {
        Some((d, k)) if d <= 3 => format!("unknown `{found}`; did you mean `{k}`?"),
        _ => format!("unknown `{found}`; known: {}", known.join(", ")),
    }
}

const SEVERITIES: &[(&str, Severity)] = &[
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
];

fn rule(t: &DeTable<'_>, pack: &str, check: Check) -> Result<Rule, Fault> {
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

fn test(t: &DeTable<'_>, check: Check) -> Result<Test, Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a pack and gives the messages of its broken rules and the ids of the others.
    fn check(text: &str, ids: &[&str], messages: &[&str]) {
        let pack = read(text, "mine.toml", "test");
        assert_eq!(pack.rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ids);
        let found: Vec<String> = pack.broken.iter().map(ToString::to_string).collect();
        assert_eq!(found, messages);
    }

    #[test]
    fn a_broken_rule_is_named_and_the_rest_works() {
        check(
            "[[rule]]\nid = \"a\"\npattern = \"(\"\n\n[[rule]]\nid = \"b\"\npattern = \"x\"\nseverty = \"error\"\n\n[[rule]]\nid = \"c\"\npattern = \"x\"\n",
            &["c"],
            &[
                "mine.toml:3: rule a: `pattern`: unclosed group; the rule is left out",
                "mine.toml:8: rule b: `severty`: unknown `severty`; did you mean `severity`?; the rule is left out",
            ],
        );
    }

    #[test]
    fn a_broken_file_is_named() {
        check(
            "id = \"x\"\nid = \"y\"\n",
            &[],
            &["mine.toml:2: duplicate key; the pack is left out"],
        );
        check(
            "[[rules]]\nid=\"x\"\n",
            &[],
            &["mine.toml:1: `rules`: unknown `rules`; did you mean `rule`?"],
        );
    }

    #[test]
    fn wrong_types_and_words() {
        check(
            "[[rule]]\nid = \"a\"\npattern = 5\n[[rule]]\npattern = \"x\"\n[[rule]]\nid = \"d\"\npattern = \"x\"\nseverity = \"fatal\"\n[[rule]]\nid = \"e\"\n",
            &[],
            &[
                "mine.toml:3: rule a: `pattern`: must be a string; the rule is left out",
                "mine.toml:4: rule 2: `id`: is missing; the rule is left out",
                "mine.toml:9: rule d: `severity`: unknown `fatal`; known: error, warning, info; the rule is left out",
                "mine.toml:10: rule e: needs exactly one of `pattern` (lines), `when` (documents) or `over` (calls); the rule is left out",
            ],
        );
    }
}
