//! The attributes of one element: their names, their values, and what two of them cannot be together.

use roxmltree::{Attribute, Node};

use super::near;
use super::report::Report;
use super::schema::{Element, schema};
use super::table::rule;
use super::values::{self, Fault};

/// Judges all attributes of an element that stands in `parent`.
pub(super) fn judge(node: Node, element: &Element, parent: &str, report: &mut Report) {
    for attribute in node.attributes() {
        let name = qualified(&attribute, report);
        match element.attributes.get(name) {
            Some(known) => {
                if let Some(check) = known.check(parent)
                    && let Some(fault) = values::fault(&check.kind, attribute.value(), report.words())
                {
                    let code = fault.code.unwrap_or(&check.code);
                    let level = fault.level.unwrap_or(check.level);
                    let at = attribute.range_value().start;
                    report.add(at, code, level, check.certain && fault.certain, || {
                        says(name, &element.tag, attribute.value(), &fault)
                    });
                }
            }
            None => unknown(name, &attribute, element, report),
        }
    }
    together(node, report);
}

fn says(name: &str, tag: &str, value: &str, fault: &Fault) -> String {
    match value.trim() {
        "" => format!("`{name}` of <{tag}> is empty: {}", fault.says),
        _ => format!("`{name}` of <{tag}> is {}: {}", near::code(value), fault.says),
    }
}

/// The name as written, with its prefix (`xml:lang`).
fn qualified<'a>(attribute: &Attribute<'_, 'a>, report: &Report<'a>) -> &'a str {
    match report.source(attribute.range_qname()) {
        "" => attribute.name(),
        written => written,
    }
}

fn unknown(name: &str, attribute: &Attribute, element: &Element, report: &mut Report) {
    let at = attribute.range().start;
    let tag = &element.tag;
    let own = || element.attributes.names();
    let shown = || near::short(name);
    if let Some(same) = own().find(|k| k.eq_ignore_ascii_case(name)) {
        // In lower case alone stand names that the libraries' generator made so; the documentation writes theirs with capitals.
        let joined = name.starts_with(|c: char| c.is_ascii_lowercase()) && !same.contains(|c: char| c.is_uppercase());
        if joined {
            report.rule(at, "attribute-joined", || {
                format!(
                    "Twilio's libraries write the attribute `{}` of <{tag}> as `{same}`; names are case-sensitive",
                    shown()
                )
            });
        } else {
            report.rule(at, "attribute-case", || {
                format!(
                    "<{tag}> has no attribute `{}`: write `{same}`, names are case-sensitive",
                    shown()
                )
            });
        }
        return;
    }
    // Searching for names costs; past the limit of problems nobody reads what would be found.
    if report.is_full() {
        report.rule(at, "attribute-unknown", String::new);
        return;
    }
    let owners = schema().owners(name);
    if !owners.is_empty() {
        let owners = report.words().list(owners, near::tag);
        let surely = rule("attribute-misplaced").is_some_and(|r| r.words.contains(&format!("{tag}@{name}")));
        let (id, here) = if surely {
            ("attribute-misplaced", "")
        } else {
            ("attribute-elsewhere", " that this tool knows")
        };
        report.rule(at, id, || {
            format!("<{tag}> has no attribute `{}`{here}: it belongs to {owners}", shown())
        });
    } else if let Some(meant) = report.words().name(name, own()) {
        report.rule(at, "attribute-near", || {
            format!("<{tag}> has no attribute `{}`, perhaps `{meant}` is meant", shown())
        });
    } else {
        report.rule(at, "attribute-unknown", || {
            format!(
                "the attribute `{}` of <{tag}> is not known to this tool; a newer Twilio may know it",
                shown()
            )
        });
    }
}

/// Where the value of an attribute stands.
fn place(node: Node, name: &str) -> usize {
    node.attribute_node(name)
        .map_or(node.range().start, |a| a.range_value().start)
}

fn together(node: Node, report: &mut Report) {
    match node.tag_name().name() {
        "Gather" => gather(node, report),
        "Record" => record(node, report),
        _ => {}
    }
}

fn gather(node: Node, report: &mut Report) {
    let has = |name: &str| node.attribute(name).is_some_and(|v| !v.is_empty());
    if node.attribute("speechTimeout") == Some("auto") && has("speechModel") {
        report.rule(place(node, "speechTimeout"), "gather-auto-model", || {
            "`speechTimeout` cannot be `auto` where `speechModel` is set: give seconds, or leave the model out"
                .to_owned()
        });
    }
    let speech = node.attribute("input").is_some_and(|input| input.contains("speech"));
    let only_speech = rule("gather-speech-only").map_or(&[][..], |r| &r.words);
    if let Some(first) = only_speech.iter().find(|name| has(name)).filter(|_| !speech) {
        report.rule(place(node, first), "gather-speech-only", || {
            format!(
                "`{first}` does nothing here: the Gather does not listen, it lacks input=\"speech\" or \"dtmf speech\""
            )
        });
    }
}

fn record(node: Node, report: &mut Report) {
    let transcribes = node.attribute("transcribe") == Some("true") || node.attribute("transcribeCallback").is_some();
    let limit = rule("record-transcribe").map_or(0, |r| r.limit);
    let length = node.attribute("maxLength").and_then(|v| v.parse::<usize>().ok());
    if transcribes && let Some(length) = length.filter(|length| *length > limit) {
        report.rule(place(node, "maxLength"), "record-transcribe", || {
            format!("`maxLength` is {length}: recordings that are to be transcribed have at most {limit} seconds")
        });
    }
}
