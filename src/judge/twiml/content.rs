//! What an element holds besides its attributes: its text, and children that cannot be together.

use std::borrow::Cow;

use roxmltree::Node;

use super::near;
use super::report::Report;
use super::schema::Element;
use super::table::{Kind, Need, Required, Value, rule};
use super::{numbers, values};

/// Verbs of `<Response>` as a row.
pub(super) fn response(root: Node, messaging: bool, report: &mut Report) {
    let verbs = || root.children().filter(Node::is_element);
    if messaging {
        let limit = rule("too-many-replies").map_or(usize::MAX, |r| r.limit);
        let replies = || verbs().filter(|n| matches!(n.tag_name().name(), "Message" | "Sms"));
        if let Some(over) = replies().nth(limit) {
            let all = replies().count();
            report.rule(over.range().start, "too-many-replies", || {
                format!("this is reply {} of {all}: at most {limit} are sent", limit + 1)
            });
        }
    }
    let ends = rule("unreachable").map_or(&[][..], |r| &r.words);
    let mut after = verbs().skip_while(|n| !ends.iter().any(|e| e == n.tag_name().name()));
    if let (Some(end), Some(first)) = (after.next(), after.next()) {
        let end = end.tag_name().name();
        report.rule(first.range().start, "unreachable", || {
            format!("what follows <{end}> is never run")
        });
    }
}

/// Text and children of one element.
pub(super) fn element(node: Node, element: &Element, parent: &str, report: &mut Report) {
    own_text(node, element, parent, report);
    required(node, element, parent, report);
    match element.tag.as_str() {
        "Dial" => dial(node, report),
        "Redirect" => redirect(node, report),
        "Message" | "Sms" => message(node, report),
        "Header" => header(node, report),
        _ => {}
    }
}

/// All text directly in the element, and where it begins.
fn text<'a>(node: Node<'a, '_>) -> (Cow<'a, str>, usize) {
    let parts = || node.children().filter(Node::is_text);
    let mut texts = parts().filter_map(|n| n.text());
    let mut whole = Cow::Borrowed(texts.next().unwrap_or_default());
    for more in texts {
        whole.to_mut().push_str(more);
    }
    let spoken = |n: &Node| n.text().is_some_and(|t| !t.trim().is_empty());
    let at = parts().find(spoken).map_or(node.range().start, |n| {
        let range = n.range();
        let written = node.document().input_text().get(range.clone()).unwrap_or_default();
        range.start + written.find(|c: char| !c.is_whitespace()).unwrap_or_default()
    });
    (whole, at)
}

fn own_text(node: Node, element: &Element, parent: &str, report: &mut Report) {
    let tag = element.tag.as_str();
    let here = |rule: &&&Value| rule.on.iter().any(|on| on.is(tag, parent));
    let mut rules = element.texts.iter().filter(here).peekable();
    if rules.peek().is_none() {
        return;
    }
    let (whole, at) = text(node);
    if tag == "Dial" && whole.trim().is_empty() {
        // It has nouns, or is noted as empty.
        return;
    }
    for rule in rules {
        let child = |name: &String| node.children().any(|n| n.tag_name().name() == name);
        let needless = rule
            .unless
            .iter()
            .any(|name| node.attribute(name.as_str()).is_some() || child(name));
        if needless && whole.trim().is_empty() {
            continue;
        }
        if let Some(fault) = values::fault(&rule.kind, whole.trim(), report.words()) {
            let code = fault.code.unwrap_or(&rule.code);
            let level = fault.level.unwrap_or(rule.level);
            report.add(at, code, level, rule.certain && fault.certain, || {
                match (whole.trim(), &rule.kind) {
                    ("", _) => format!("<{tag}> is empty: {}", fault.says),
                    (_, Kind::Text { .. }) => format!("the text of <{tag}>: {}", fault.says),
                    (found, _) => format!("the text of <{tag}> is {}: {}", near::code(found), fault.says),
                }
            });
        }
    }
}

/// What the element is useless without.
fn required(node: Node, element: &Element, parent: &str, report: &mut Report) {
    let tag = element.tag.as_str();
    let here = |rule: &&&Required| rule.on.iter().any(|on| on.is(tag, parent));
    for rule in element.required.iter().filter(here) {
        let there = rule.needs.iter().any(|need| match need {
            Need::Attribute(name) => node
                .attributes()
                .any(|a| !a.value().trim().is_empty() && report.source(a.range_qname()) == name),
            Need::Child => node.children().any(|n| n.is_element()),
            Need::Text => !text(node).0.trim().is_empty(),
        });
        if !there {
            report.add(node.range().start, &rule.code, rule.level, rule.certain, || {
                rule.says.replace("{tag}", tag)
            });
        }
    }
}

/// A conference is dialled alone; numbers, clients and SIP addresses ring together.
fn dial(node: Node, report: &mut Report) {
    let nouns = || node.children().filter(Node::is_element);
    let mut conferences = nouns().filter(|n| n.tag_name().name() == "Conference");
    let Some(first) = conferences.next() else {
        let empty = nouns().next().is_none() && text(node).0.trim().is_empty();
        if empty {
            report.rule(node.range().start, "dial-empty", || {
                "<Dial> has nobody to call: give a number, or a noun as <Number> or <Client>".to_owned()
            });
        } else if nouns().next().is_some() && !text(node).0.trim().is_empty() {
            report.rule(text(node).1, "dial-text-and-noun", || {
                "a number stands beside the nouns of <Dial>: put it into a <Number>".to_owned()
            });
        }
        return;
    };
    if let Some(second) = conferences.next() {
        report.rule(second.range().start, "dial-conference", || {
            "<Conference> can stand only once in <Dial>".to_owned()
        });
    } else if let Some(other) = nouns().find(|n| *n != first) {
        let name = near::tag(other.tag_name().name());
        report.rule(other.range().start, "dial-conference", || {
            format!("{name} cannot stand beside <Conference>: dial it in a call of its own")
        });
    }
}

fn redirect(node: Node, report: &mut Report) {
    if text(node).0.trim().is_empty() {
        report.rule(node.range().start, "redirect-loop", || {
            "an empty <Redirect> asks for this document again: without an end in your app the call goes round"
                .to_owned()
        });
    }
}

/// A message has a text or a media file, the text at most 1,600 characters.
fn message(node: Node, report: &mut Report) {
    let child = |name: &'static str| node.children().filter(move |n| n.tag_name().name() == name);
    let limit = rule("message-body").map_or(usize::MAX, |r| r.limit);
    let (own, at) = text(node);
    let bodies: Vec<_> = child("Body").map(|n| text(n).0).collect();
    let empty = own.trim().is_empty() && bodies.iter().all(|b| b.trim().is_empty());
    if empty && child("Media").next().is_none() {
        report.rule(node.range().start, "message-body", || {
            format!("<{}> is empty: give it a text or <Media>", node.tag_name().name())
        });
    }
    if bodies.len() > 1 || !bodies.is_empty() && !own.trim().is_empty() {
        report.rule(at, "message-two-texts", || {
            "the message has more than one text, and only one is sent: write all of it into one <Body>".to_owned()
        });
    }
    let files = rule("message-media").map_or(usize::MAX, |r| r.limit);
    if let Some(over) = child("Media").nth(files) {
        let all = child("Media").count();
        report.rule(over.range().start, "message-media", || {
            format!(
                "this is media file {} of {all}: a message has at most {files}",
                files + 1
            )
        });
    }
    let len = own.trim().chars().count();
    if len > limit {
        report.rule(at, "message-body", || {
            format!("the text has {len} characters, at most {limit} are sent")
        });
    }
    for (body, found) in child("Body").zip(&bodies) {
        let len = found.chars().count();
        if len > limit {
            report.rule(body.range().start, "message-body", || {
                format!("the text has {len} characters, at most {limit} are sent")
            });
        }
    }
}

fn header(node: Node, report: &mut Report) {
    let Some(name) = node.attribute_node("name") else {
        return;
    };
    if let Some(fault) = numbers::header_name(name.value()) {
        report.rule(name.range_value().start, "sip-header", || fault.says);
    }
}
