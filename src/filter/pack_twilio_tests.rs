//! Holds `filters/twilio.toml` to its format, its own examples and the catalogue.
//!
//! The conditions are evaluated here in a few lines of their own, so that the pack is tested as data, whatever the
//! engine makes of it.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use toml::{Table, Value};

use super::catalogue;
use crate::model::Severity;

static PACK: &str = include_str!("../../filters/twilio.toml");

/// Names that a rule may ask for and quote: those of `format::record::Fields`.
const NAMES: &str = "code level class title msg parser_message line column status url method host path error_line inner_code \
    inner_title reason attempts content_type body body_bytes ms status_callback resource kind product phone_number to from place \
    text component direction call_status";

/// Classes of which every code must have a first look of its own.
const OWN_ADVICE: &[&str] = &[
    "network",
    "tls",
    "http",
    "redirect",
    "body",
    "content-type",
    "twiml-parse",
    "twiml-schema",
    "tts",
    "media",
    "callback",
    "url",
    "twiml-url",
];

/// Classes for which a rule about the class is enough.
const CLASS_ADVICE: &[&str] = &[
    "twiml-attribute",
    "speech",
    "connection-override",
    "number",
    "geo",
    "sip",
    "limit",
    "carrier",
    "auth",
    "internal",
    "token",
    "studio",
    "studio-nomatch",
    "functions",
];

type Event = BTreeMap<String, String>;

struct Rule {
    id: String,
    table: Table,
    when: Vec<(String, Vec<Condition>)>,
}

enum Condition {
    Is(String),
    Search(Regex),
    Absent,
    Present,
}

impl Condition {
    fn read(text: &str) -> Self {
        match text {
            "!" => Self::Absent,
            "*" => Self::Present,
            _ => match text.strip_prefix('~') {
                Some(regex) => Self::Search(Regex::new(regex).unwrap()),
                None => Self::Is(text.to_owned()),
            },
        }
    }

    fn holds(&self, value: Option<&String>) -> bool {
        match (self, value) {
            (Self::Absent, v) => v.is_none(),
            (Self::Present, v) => v.is_some(),
            (Self::Is(wanted), Some(v)) => v.eq_ignore_ascii_case(wanted),
            (Self::Search(regex), Some(v)) => regex.is_match(v),
            (_, None) => false,
        }
    }
}

impl Rule {
    fn read(table: &Value) -> Self {
        let table = table.as_table().unwrap().clone();
        let when = table["when"].as_table().unwrap().iter().map(|(name, wanted)| {
            let texts = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
            (
                name.clone(),
                texts.iter().map(|t| Condition::read(t.as_str().unwrap())).collect(),
            )
        });
        Self {
            id: table["id"].as_str().unwrap().to_owned(),
            when: when.collect(),
            table,
        }
    }

    fn holds(&self, event: &Event) -> bool {
        self.when
            .iter()
            .all(|(name, any)| any.iter().any(|c| c.holds(event.get(name))))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(|v| v.as_str().unwrap())
    }

    fn examples(&self, key: &str) -> Vec<Event> {
        let read = |v: &Value| v.clone().try_into().unwrap();
        self.table[key]
            .as_array()
            .unwrap_or_else(|| panic!("{}: {key}", self.id))
            .iter()
            .map(read)
            .collect()
    }
}

fn rules() -> Vec<Rule> {
    let pack: Table = PACK.parse().unwrap();
    assert_eq!(pack["pack"]["name"].as_str(), Some("twilio"));
    assert_eq!(pack["pack"]["reads"].as_str(), Some("documents"));
    pack["rule"].as_array().unwrap().iter().map(Rule::read).collect()
}

/// The event as the reader hands it over: with the catalogue's class and title beside the code.
fn complete(mut event: Event) -> Event {
    if let Some(entry) = event.get("code").and_then(|c| catalogue::look_up(c)) {
        event
            .entry("class".to_owned())
            .or_insert_with(|| entry.class.to_owned());
        event
            .entry("title".to_owned())
            .or_insert_with(|| entry.title.to_owned());
    }
    event
}

fn classes() -> BTreeSet<&'static str> {
    catalogue::entries().map(|e| e.class).collect()
}

#[test]
fn every_rule_has_the_format() {
    let (names, classes) = (NAMES.split_whitespace().collect::<BTreeSet<_>>(), classes());
    let mut ids = BTreeSet::new();
    for rule in rules() {
        let id = &rule.id;
        assert!(ids.insert(id.clone()), "{id} twice");
        assert!(
            id.starts_with("twilio-")
                && id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{id}"
        );
        for key in rule.table.keys() {
            let known = [
                "id", "when", "class", "severity", "title", "advice", "hide", "matches", "ignores",
            ];
            assert!(known.contains(&key.as_str()), "{id}: {key}");
        }
        let used = |e: &Event| e.keys().cloned().collect::<Vec<_>>();
        let examples = [rule.examples("matches"), rule.examples("ignores")].concat();
        for name in rule
            .when
            .iter()
            .map(|(n, _)| n.clone())
            .chain(examples.iter().flat_map(used))
        {
            assert!(names.contains(name.as_str()), "{id}: no field {name}");
        }
        assert!(rule.text("class").is_none_or(|c| classes.contains(c)), "{id}: class");
        assert!(
            rule.text("severity").is_none_or(|s| Severity::parse(s).is_some()),
            "{id}: severity"
        );
        assert!(
            rule.text("advice").is_some_and(|a| a.len() > 20 && a.len() <= 340),
            "{id}: advice"
        );
        for (key, text) in ["title", "advice"].into_iter().filter_map(|k| Some((k, rule.text(k)?))) {
            check_text(&names, &rule, key, text);
        }
    }
}

/// Every `{…}` names a field first, and has words for its absence unless the rule asks that it be present.
fn check_text(names: &BTreeSet<&str>, rule: &Rule, key: &str, text: &str) {
    let place = Regex::new(r"\{([^{}]*)\}").unwrap();
    for found in place.captures_iter(text) {
        let inside = &found[1];
        let (name, words) = inside.split_once('|').unwrap_or((inside, ""));
        assert!(names.contains(name), "{}: {key} quotes `{name}`", rule.id);
        assert!(
            !names.contains(words),
            "{}: {key} falls back to the field {words}",
            rule.id
        );
        let asked = rule
            .when
            .iter()
            .any(|(n, any)| n == name && !any.iter().any(|c| matches!(c, Condition::Absent)));
        assert!(
            asked || !words.is_empty(),
            "{}: {key}: `{name}` may be missing",
            rule.id
        );
    }
}

#[test]
fn every_example_meets_its_rule_first() {
    let rules = rules();
    for rule in &rules {
        let (matches, ignores) = (rule.examples("matches"), rule.examples("ignores"));
        assert!(!matches.is_empty() && !ignores.is_empty(), "{}: no examples", rule.id);
        for event in matches {
            assert!(rule.holds(&event), "{} does not meet {event:?}", rule.id);
            for event in [complete(event.clone()), event] {
                let first = rules.iter().find(|r| r.holds(&event)).map(|r| r.id.as_str());
                assert_eq!(first, Some(rule.id.as_str()), "{event:?}");
            }
        }
        for event in ignores {
            assert!(!rule.holds(&complete(event.clone())), "{} meets {event:?}", rule.id);
        }
    }
}

#[test]
fn every_code_of_a_webhook_has_a_first_look_of_its_own() {
    let rules = rules();
    for entry in catalogue::entries() {
        let event = complete(Event::from([("code".to_owned(), entry.code.to_string())]));
        let rule = rules
            .iter()
            .find(|r| r.holds(&event))
            .unwrap_or_else(|| panic!("{} meets no rule", entry.code));
        let by_code = rule
            .when
            .iter()
            .any(|(name, any)| name == "code" && any.iter().any(|c| matches!(c, Condition::Is(_))));
        if OWN_ADVICE.contains(&entry.class) {
            assert!(by_code, "{} ({}) has only {}", entry.code, entry.class, rule.id);
        } else if CLASS_ADVICE.contains(&entry.class) {
            assert_ne!(rule.id, "twilio-unknown", "{} ({})", entry.code, entry.class);
        }
    }
}

#[test]
fn every_code_of_the_pack_is_in_the_catalogue() {
    for rule in rules() {
        for (name, any) in &rule.when {
            for condition in any.iter().filter(|_| name == "code") {
                if let Condition::Is(code) = condition {
                    assert!(catalogue::look_up(code).is_some(), "{}: {code}", rule.id);
                }
            }
        }
    }
}

#[test]
fn made_up_502s_are_unmasked() {
    let rules = rules();
    for (fields, rule) in [
        (
            vec![("code", "15003"), ("status", "502"), ("inner_code", "11210")],
            "twilio-fetch-dns",
        ),
        (
            vec![
                ("code", "11200"),
                ("status", "502"),
                ("inner_code", "11203"),
                ("error_line", "Total timeout is triggered."),
            ],
            "twilio-fetch-timeout",
        ),
        (
            vec![("code", "11200"), ("host", "172.16.3.4")],
            "twilio-private-address-host",
        ),
        (
            vec![
                ("code", "11200"),
                ("status", "502"),
                ("host", "10.1.2.3"),
                ("reason", "Blacklisted IP"),
            ],
            "twilio-private-address",
        ),
        (
            vec![("code", "11200"), ("status", "403"), ("host", "x.ngrok.io")],
            "twilio-http-403",
        ),
        (vec![("code", "11210"), ("status", "502")], "twilio-dns"),
        (
            vec![
                ("code", "12200"),
                ("parser_message", "Content is not allowed in prolog."),
            ],
            "twilio-xml-prolog",
        ),
        (vec![("code", "13227"), ("level", "WARN")], "twilio-geo-class"),
        (vec![("code", "82005"), ("level", "INFO")], "twilio-info"),
    ] {
        let event = complete(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect());
        assert_eq!(rules.iter().find(|r| r.holds(&event)).unwrap().id, rule, "{fields:?}");
    }
}
