//! Rule packs: TOML files to [`Rule`]s.
//!
//! A pack is read rule by rule: a broken rule is named with file, line and key, left out, and the rest of the pack
//! works. The built-in packs are part of the binary; the user's own stand before them, so they can override. `rules` reads one
//! rule, `keys` the value of one key.

mod keys;
mod rules;

use std::fmt;

use keys::unknown;
use rules::rule;
use toml::de::{DeTable, DeValue};

use super::rule::Rule;

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
    pack.call_itself(table);
    pack.look_at_keys(table, &lines);
    let Some(rules) = table.get("rule").and_then(|v| v.get_ref().as_array()) else {
        return pack;
    };
    for (n, value) in rules.iter().enumerate() {
        pack.take(n, value, &lines, check);
    }
    pack
}

impl Pack {
    /// The name and the words that it gives itself.
    fn call_itself(&mut self, table: &DeTable<'_>) {
        let Some(DeValue::Table(t)) = table.get("pack").map(toml::Spanned::get_ref) else {
            return;
        };
        if let Some(name) = t.get("name").and_then(|v| v.get_ref().as_str()) {
            name.clone_into(&mut self.name);
        }
        if let Some(about) = t.get("about").and_then(|v| v.get_ref().as_str()) {
            about.clone_into(&mut self.about);
        }
    }

    /// Keys of the file that mean nothing.
    fn look_at_keys(&mut self, table: &DeTable<'_>, lines: &Lines<'_>) {
        for (key, value) in table {
            if !matches!(key.get_ref().as_ref(), "pack" | "rule") {
                self.broken.push(lines.broken(
                    key.span().start,
                    "",
                    key.get_ref(),
                    unknown(key.get_ref(), &["pack", "rule"]),
                ));
            } else if key.get_ref() == "rule" && value.get_ref().as_array().is_none() {
                self.broken.push(lines.broken(
                    key.span().start,
                    "",
                    "rule",
                    "rules are written as [[rule]]".to_owned(),
                ));
            }
        }
    }

    /// Takes the n-th rule, or what is wrong with it.
    fn take(&mut self, n: usize, value: &toml::Spanned<DeValue<'_>>, lines: &Lines<'_>, check: Check) {
        let at = value.span().start;
        let DeValue::Table(t) = value.get_ref() else {
            self.broken
                .push(lines.broken(at, &format!("{}", n + 1), "", "is not a table".to_owned()));
            return;
        };
        match rule(t, &self.name, check) {
            Ok(r) if self.rules.iter().any(|o| o.id == r.id) => {
                let why = format!("another rule of this pack is called {}", r.id);
                self.broken.push(lines.broken(at, &r.id, "id", why));
            }
            Ok(r) => self.rules.push(r),
            Err(fault) => {
                let id = t
                    .get("id")
                    .and_then(|v| v.get_ref().as_str())
                    .map_or_else(|| format!("{}", n + 1), str::to_owned);
                self.broken
                    .push(lines.broken(fault.at.unwrap_or(at), &id, &fault.key, fault.why));
            }
        }
    }
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
