//! Rules for documents, indexed: most name the code that they are for, so only a few need to be asked about a record, and
//! every field that any rule asks for is looked up once.

use std::collections::HashMap;

use super::rule::{Condition, Rule, Test};

/// The document rules in the order in which they are asked.
#[derive(Debug, Default)]
pub(super) struct Documents {
    rules: Vec<Rule>,
    /// Names of fields that conditions test.
    names: Vec<String>,
    /// For each rule, the numbers of the fields of its conditions.
    fields: Vec<Vec<usize>>,
    /// Rules by a code that they name.
    by_code: HashMap<String, Vec<usize>>,
    /// Rules that name none.
    general: Vec<usize>,
}

impl Documents {
    /// Indexes rules; of two with the same id the first stays.
    pub(super) fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut out = Self::default();
        for rule in rules {
            if out.rules.iter().all(|r| r.id != rule.id) {
                out.add(rule);
            }
        }
        out
    }

    fn add(&mut self, rule: Rule) {
        let Test::Fields(when) = &rule.test else { return };
        let n = self.rules.len();
        let mut fields = Vec::new();
        for (name, _) in when {
            let known = self.names.iter().position(|k| k == name);
            fields.push(known.unwrap_or_else(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            }));
        }
        let codes = when.iter().find_map(|(name, c)| match c {
            Condition::OneOf(list) if name == "code" => Some(list),
            _ => None,
        });
        match codes {
            Some(list) => list
                .iter()
                .for_each(|c| self.by_code.entry(c.clone()).or_default().push(n)),
            None => self.general.push(n),
        }
        self.fields.push(fields);
        self.rules.push(rule);
    }

    /// The first rule whose conditions the fields meet.
    pub(super) fn ask<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> Option<&Rule> {
        let values: Vec<Option<&str>> = self.names.iter().map(|n| field(n)).collect();
        let code = self.names.iter().position(|n| n == "code").and_then(|n| values[n]);
        let mut named = code
            .and_then(|c| self.by_code.get(c))
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .peekable();
        let mut general = self.general.iter().peekable();
        loop {
            // Both lists rise; the smaller number is the earlier rule.
            let n = match (named.peek(), general.peek()) {
                (Some(a), Some(b)) if a < b => named.next(),
                (Some(_), None) => named.next(),
                (_, Some(_)) => general.next(),
                (None, None) => return None,
            };
            let n = *n?;
            let Test::Fields(when) = &self.rules[n].test else {
                continue;
            };
            if when.iter().zip(&self.fields[n]).all(|((_, c), &f)| c.holds(values[f])) {
                return Some(&self.rules[n]);
            }
        }
    }

    /// All rules in order.
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
