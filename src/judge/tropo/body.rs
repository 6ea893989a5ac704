//! A verb and its fields against the table.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::table::{Field, TABLE, Verb, near};
use super::tree::{Entry, Kind, Node};
use super::values::Path;
use super::{CODE, GAP, Report, error, flow, note, values, warning};

/// A verb of the document.
pub(super) fn verb(report: &mut Report<'_>, entry: &Entry<'_>) {
    let name = entry.key.as_ref();
    let Some(rules) = TABLE.verbs.get(name) else {
        report.add(entry.at, error(CODE).likely(), || {
            match near(name, TABLE.verbs.keys()) {
                Some(meant) => format!("`{name}` is no verb of Tropo's: is `{meant}` meant?"),
                None => format!("`{name}` is no verb of Tropo's"),
            }
        });
        return;
    };
    if rules.inside {
        report.add(entry.at, warning(CODE).likely(), || {
            format!("`{name}` is no verb of its own: it belongs into ask, record or transfer")
        });
    }
    if matches!(&entry.value.kind, Kind::List(items) if items.is_empty()) {
        report.add(entry.value.at, warning(CODE).likely(), || {
            format!("`{name}` is an empty list: it does nothing")
        });
    }
    // Several says at once, as nested says are written.
    for node in entry.value.each() {
        body(report, name, rules, (entry.at, node), "document");
    }
}

/// The body of a verb, or of a field that is built as one; `place` is where its events belong.
fn body(report: &mut Report<'_>, name: &str, rules: &Verb, (at, node): (usize, &Node<'_>), place: &str) {
    match &node.kind {
        Kind::Map(_) => {}
        Kind::Null | Kind::Bool | Kind::Text(_) if rules.bare => {
            silence(report, name, node);
            return;
        }
        _ => {
            report.add(node.at, error(CODE), || {
                let example = rules.fields.iter().find(|(_, f)| f.required).map_or("…", |(n, _)| n);
                let is = node.is();
                format!("`{name}` is {is}, it must be an object, as {{\"{example}\":…}}")
            });
            return;
        }
    }
    twice(report, node);
    for (field, _) in rules.fields.iter().filter(|(_, rule)| rule.required) {
        if node.get(field).is_none_or(|e| matches!(e.value.kind, Kind::Null)) {
            let fault = if rules.certain {
                error(CODE)
            } else {
                error(CODE).likely()
            };
            report.add(at, fault, || format!("`{name}` has no `{field}`, which it needs"));
        }
    }
    for entry in node.entries() {
        match rules.fields.get(entry.key.as_ref()) {
            Some(rule) => field(report, name, rule, entry),
            None => unknown(report, name, rules, entry),
        }
    }
    match name {
        "ask" => flow::ask(report, node),
        "on" => flow::on(report, node, place),
        _ => {}
    }
}

/// A field that the table has.
fn field(report: &mut Report<'_>, verb: &str, rule: &Field, entry: &Entry<'_>) {
    let path = Path(verb, &entry.key);
    if matches!(entry.value.kind, Kind::List(_)) && !rule.many && !matches!(rule.is.as_str(), "any" | "signals") {
        report.add(entry.value.at, error(CODE).likely(), || {
            format!("`{path}` is a list, it must be one value")
        });
        return;
    }
    for node in entry.value.each() {
        match TABLE.verbs.get(&rule.is) {
            // null stands for a field that is not there.
            Some(_) if matches!(node.kind, Kind::Null) => {}
            Some(rules) => body(report, &rule.is, rules, (entry.at, node), verb),
            None => values::check(report, path, rule, node),
        }
    }
    if entry.key.ends_with("LogSecurity") {
        silence(report, &entry.key, &entry.value);
    }
}

fn unknown(report: &mut Report<'_>, verb: &str, rules: &Verb, entry: &Entry<'_>) {
    let name = &entry.key;
    report.add(entry.at, warning(CODE).likely(), || {
        match near(name, rules.fields.keys()) {
            Some(meant) => format!("`{verb}` has no field `{name}`: is `{meant}` meant?"),
            None => format!("`{verb}.{name}` is not known to this tool"),
        }
    });
}

/// From here on the log has gaps.
fn silence(report: &mut Report<'_>, name: &str, node: &Node<'_>) {
    if name.ends_with("LogSecurity") && node.text().is_some_and(|t| t == "suppress") {
        report.add(node.at, note(GAP), || {
            format!("`{name}` suppresses lines of the log from here on: do not read their absence as success")
        });
    }
    if let Some(other) = node
        .text()
        .filter(|t| name == "generalLogSecurity" && !matches!(*t, "suppress" | "none"))
    {
        report.add(node.at, warning(CODE).likely(), || {
            format!("`{name}` is `{other}`: `suppress` and `none` are known")
        });
    }
}

/// Keys that an object holds more than once.
pub(super) fn twice(report: &mut Report<'_>, node: &Node<'_>) {
    let mut seen: HashSet<&str, RandomState> = HashSet::default();
    for entry in node.entries() {
        if !seen.insert(&entry.key) {
            report.add(entry.at, warning(CODE), || {
                format!("`{}` stands twice in this object: only the last one counts", entry.key)
            });
        }
    }
}
