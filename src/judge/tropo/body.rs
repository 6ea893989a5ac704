//! A verb and its fields against the table.

use super::table::{Field, TABLE, Verb, near};
use super::tree::{Entry, Kind, Node};
use super::{CODE, GAP, Report, flow, values};
use crate::model::Problem;

/// A verb of the document.
pub(super) fn verb(report: &mut Report<'_>, entry: &Entry<'_>) {
    let name = entry.key.as_str();
    let Some(rules) = TABLE.verbs.get(name) else {
        let message = match near(name, TABLE.verbs.keys()) {
            Some(meant) => format!("`{name}` is no verb of Tropo's: is `{meant}` meant?"),
            None => format!("`{name}` is no verb of Tropo's"),
        };
        report.add(entry.at, Problem::error(CODE, message).likely());
        return;
    };
    if rules.inside {
        let message = format!("`{name}` is no verb of its own: it belongs into ask, record or transfer");
        report.add(entry.at, Problem::warning(CODE, message).likely());
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
            let example = rules.fields.iter().find(|(_, f)| f.required).map_or("…", |(n, _)| n);
            let message = format!(
                "`{name}` is {}, it must be an object, as {{\"{example}\":…}}",
                node.is()
            );
            report.add(node.at, Problem::error(CODE, message));
            return;
        }
    }
    twice(report, node);
    for (field, _) in rules.fields.iter().filter(|(_, rule)| rule.required) {
        if node.get(field).is_none_or(|e| matches!(e.value.kind, Kind::Null)) {
            let message = format!("`{name}` has no `{field}`, which it needs");
            let problem = Problem::error(CODE, message);
            report.add(at, if rules.certain { problem } else { problem.likely() });
        }
    }
    for entry in node.entries() {
        match rules.fields.get(&entry.key) {
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
    let path = format!("{verb}.{}", entry.key);
    if matches!(entry.value.kind, Kind::List(_)) && !rule.many && !matches!(rule.is.as_str(), "any" | "signals") {
        let message = format!("`{path}` is a list, it must be one value");
        report.add(entry.value.at, Problem::error(CODE, message).likely());
        return;
    }
    for node in entry.value.each() {
        match TABLE.verbs.get(&rule.is) {
            // null stands for a field that is not there.
            Some(_) if matches!(node.kind, Kind::Null) => {}
            Some(rules) => body(report, &rule.is, rules, (entry.at, node), verb),
            None => values::check(report, &path, rule, node),
        }
    }
    if entry.key.ends_with("LogSecurity") {
        silence(report, &entry.key, &entry.value);
    }
}

fn unknown(report: &mut Report<'_>, verb: &str, rules: &Verb, entry: &Entry<'_>) {
    let name = &entry.key;
    let message = match near(name, rules.fields.keys()) {
        Some(meant) => format!("`{verb}` has no field `{name}`: is `{meant}` meant?"),
        None => format!("`{verb}.{name}` is not known to this tool"),
    };
    report.add(entry.at, Problem::warning(CODE, message).likely());
}

/// From here on the log has gaps.
fn silence(report: &mut Report<'_>, name: &str, node: &Node<'_>) {
    if name.ends_with("LogSecurity") && node.text().is_some_and(|t| t == "suppress") {
        let message =
            format!("`{name}` suppresses lines of the log from here on: do not read their absence as success");
        report.add(node.at, Problem::note(GAP, message));
    }
}

/// Keys that an object holds more than once.
pub(super) fn twice(report: &mut Report<'_>, node: &Node<'_>) {
    let entries = node.entries();
    // Objects of replies are small, and one of a whole document's size must not cost its square.
    for (n, entry) in entries.iter().enumerate().take(200) {
        if entries[..n].iter().any(|e| e.key == entry.key) {
            let message = format!("`{}` stands twice in this object: only the last one counts", entry.key);
            report.add(entry.at, Problem::warning(CODE, message));
        }
    }
}
