//! Rules for documents, indexed: most name the code that they are for, so only a few need to be asked about a record, and
//! every field that any rule asks for is looked up once.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::rule::{Condition, Rule, Test};

/// The document rules in the order in which they are asked.
#[derive(Debug, Default)]
pub(super) struct Documents {
    rules: Vec<Rule>,
    /// Numbers of the fields that conditions test.
    names: HashMap<String, usize, RandomState>,
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
            let next = self.names.len();
            fields.push(*self.names.entry(name.clone()).or_insert(next));
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

    /// The first rule whose conditions the fields (names and values) meet.
    pub(super) fn ask<'a>(&self, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&Rule> {
        let mut values: Vec<Option<&str>> = vec![None; self.names.len()];
        for (name, value) in fields {
            if let Some(&n) = self.names.get(name) {
                values[n].get_or_insert(value);
            }
        }
        let code = self.names.get("code").and_then(|&n| values[n]);
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
