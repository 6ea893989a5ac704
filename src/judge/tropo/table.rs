//! filters/tropo-verbs.toml, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::judge::slip::Slip;

/// The file as it is; a broken one would be an empty table, which a test does not let pass.
pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../../filters/tropo-verbs.toml")).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) voices: Vec<String>,
    /// What `on` may name, by where it stands: `document`, `transfer`, `conference`.
    pub(super) events: BTreeMap<String, Vec<String>>,
    pub(super) verbs: BTreeMap<String, Verb>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verb {
    /// Where the fields are from; for readers of the file.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers; a test wants it to be there"))]
    source: String,
    #[serde(default = "yes")]
    pub(super) certain: bool,
    #[serde(default)]
    pub(super) bare: bool,
    #[serde(default)]
    pub(super) inside: bool,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Field>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// A type, or the name of a verb.
    pub(super) is: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) many: bool,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The name that was likely meant: the same in another case, or one or two letters away.
pub(super) fn near<'a>(found: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let found = found.to_lowercase();
    let most = if found.chars().count() > 5 { 2 } else { 1 };
    let slip = Slip::new(&found, most);
    // A letter has at most four bytes.
    let length = |k: &String| k.len() < found.len() + 3 && found.len() <= k.len() + 4 * most;
    known
        .filter(|k| length(k) && slip.may_be(k))
        .map(|k| (strsim::damerau_levenshtein(&found, &k.to_lowercase()), k.as_str()))
        .filter(|(far, _)| *far <= most)
        .min_by_key(|(far, _)| *far)
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(include_str!("../../../filters/tropo-verbs.toml")).unwrap();
        assert!(table.verbs.len() > 15 && table.voices.len() > 30);
        let types = [
            "text", "number", "bool", "map", "url", "link", "phone", "speech", "voice", "signals", "any",
        ];
        for (name, verb) in &table.verbs {
            assert!(!verb.source.is_empty(), "{name}");
            for (field, rule) in &verb.fields {
                let known = types.contains(&rule.is.as_str()) || table.verbs.contains_key(&rule.is);
                assert!(known, "{name}.{field} is {}", rule.is);
            }
        }
        for place in ["document", "transfer", "conference"] {
            assert!(!table.events[place].is_empty(), "{place}");
        }
    }

    #[test]
    fn near_names() {
        let known = ["say", "ask", "transfer", "interdigitTimeout"].map(str::to_owned);
        for (found, want) in [
            ("Say", Some("say")),
            ("asks", Some("ask")),
            ("tranfser", Some("transfer")),
            ("interDigitTimeout", Some("interdigitTimeout")),
            ("play", None),
            ("", None),
        ] {
            assert_eq!(near(found, known.iter()), want, "{found}");
        }
    }
}
