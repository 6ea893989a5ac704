//! What happens between the verbs: which events have a handler, where it leads, in which order an `ask` says its parts.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::table::{TABLE, near};
use super::tree::{Entry, Kind, Node};
use super::{FLOW, Report, all, note, warning};

/// Verbs with a result that somebody wants to hear.
const WITH_RESULT: [&str; 3] = ["ask", "record", "transfer"];

/// The document as a whole.
pub(super) fn check(report: &mut Report<'_>, items: &[Node<'_>]) {
    let handled: Vec<&str> = all(items, "on")
        .flat_map(Node::each)
        .filter_map(|on| on.get("event").and_then(|e| e.value.text()))
        .collect();
    let entries = || items.iter().flat_map(Node::entries);
    let asks = entries().find(|e| WITH_RESULT.contains(&e.key.as_ref()));
    let continues = handled.contains(&"continue");
    if let Some(asks) = asks {
        let name = &asks.key;
        if !continues {
            report.add(asks.at, note(FLOW), || {
                format!(
                    "nothing takes the result of `{name}`: without `on` continue and its `next` the session ends here"
                )
            });
        } else if !handled.contains(&"incomplete") || !handled.contains(&"error") {
            let missing: Vec<&str> = ["incomplete", "error"]
                .into_iter()
                .filter(|e| !handled.contains(e))
                .collect();
            report.add(asks.at, note(FLOW), || {
                format!("no `on` for {}: that goes to continue as well", missing.join(" and "))
            });
        }
    }
    signals(report, items);
}

/// Events that are no events of Tropo's are signals: one of the verbs should let them in.
fn signals(report: &mut Report<'_>, items: &[Node<'_>]) {
    let Some(known) = TABLE.events.get("document") else {
        return;
    };
    // None for what is no text: nothing is let in by that.
    let allowed: HashSet<Option<&str>, RandomState> = items
        .iter()
        .flat_map(Node::entries)
        .flat_map(|verb| verb.value.each())
        .filter_map(|body| body.get("allowSignals"))
        .flat_map(|e| e.value.each().iter().map(Node::text))
        .collect();
    let lets_in = |name: &str| allowed.is_empty() || allowed.contains(&Some("*")) || allowed.contains(&Some(name));
    for on in all(items, "on").flat_map(Node::each) {
        let Some((entry, name)) = on.get("event").and_then(|e| Some((e, e.value.text()?))) else {
            continue;
        };
        if known.iter().any(|k| k == name) {
            continue;
        }
        if let Some(meant) = near(name, known.iter()) {
            report.add(entry.value.at, warning(FLOW).likely(), || {
                format!(
                    "`{name}` is no event of Tropo's: is `{meant}` meant? As it stands it waits for a signal of that name"
                )
            });
        } else if !lets_in(name) {
            report.add(entry.value.at, note(FLOW).likely(), || {
                format!("`{name}` is the name of a signal, but no `allowSignals` lets it in")
            });
        }
    }
}

/// A handler: an event, and where it leads. `place` is the verb that it stands in.
pub(super) fn on(report: &mut Report<'_>, node: &Node<'_>, place: &str) {
    let Some((entry, event)) = node.get("event").and_then(|e| Some((e, e.value.text()?))) else {
        return;
    };
    if let Some(known) = TABLE.events.get(place).filter(|_| place != "document")
        && !known.iter().any(|k| k == event)
    {
        report.add(entry.value.at, warning(FLOW).likely(), || {
            match near(event, known.iter()) {
                Some(meant) => format!("`{event}` is no event of {place}: is `{meant}` meant?"),
                None => format!("`{event}` is no event of {place}, which knows {}", known.join(" and ")),
            }
        });
        return;
    }
    let leads = node.get("next").is_some_and(|e| !matches!(e.value.kind, Kind::Null));
    if place != "document" || leads {
        return;
    }
    match event {
        "continue" => {
            report.add(entry.at, warning(FLOW), || {
                "`on` continue without `next` hangs up: name the URL to go on with".to_owned()
            });
        }
        "incomplete" | "error" => {
            report.add(entry.at, note(FLOW).likely(), || {
                format!("`on` {event} without `next` leads nowhere: name the URL to go on with")
            });
        }
        _ => {}
    }
}

/// The parts of an `ask`: those for an event stand before the plain one.
pub(super) fn ask(report: &mut Report<'_>, node: &Node<'_>) {
    let Some(say) = node.get("say") else { return };
    let parts = say.value.each();
    let event = |part: &Node<'_>| part.get("event").is_some_and(|e| !matches!(e.value.kind, Kind::Null));
    let plain = parts.iter().position(|p| !event(p) && !p.entries().is_empty());
    match plain {
        None if parts.iter().any(event) => {
            report.add(say.at, warning(FLOW).likely(), || {
                "`ask` says nothing at first: add a `say` without `event`, the question itself".to_owned()
            });
        }
        Some(plain) => {
            for late in parts[plain..].iter().filter(|p| event(p)) {
                report.add(late.at, warning(FLOW), || {
                    "a `say` with `event` stands behind the plain one: put it before, or it is not used".to_owned()
                });
            }
        }
        None => {}
    }
    for entry in parts.iter().filter_map(|p| p.get("event")) {
        events_of_say(report, entry);
    }
}

/// `timeout`, `nomatch`, with the number of the attempt, several separated by blanks.
fn events_of_say(report: &mut Report<'_>, entry: &Entry<'_>) {
    let known = ["timeout", "nomatch"].map(str::to_owned);
    for event in entry.value.text().unwrap_or_default().split_whitespace() {
        let (name, attempt) = event.split_once(':').unwrap_or((event, "1"));
        let fits = known.iter().any(|k| k == name) && attempt.parse::<u32>().is_ok_and(|n| n > 0);
        if !fits {
            report.add(entry.value.at, warning(FLOW).likely(), || {
                match near(name, known.iter()).filter(|meant| *meant != name) {
                    Some(meant) => format!("`{event}` is no event of a say in `ask`: is `{meant}` meant?"),
                    None => format!(
                        "`{event}` is no event of a say in `ask`: timeout and nomatch are, and nomatch:2 for the second attempt"
                    ),
                }
            });
        }
    }
}
