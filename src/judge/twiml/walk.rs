//! The elements of a document against the schema: names, nesting, and where text may stand.

use roxmltree::{Node, NodeType};

use super::near;
use super::report::Report;
use super::schema::{Children, Element, schema};
use super::table::{Level, table};
use super::{attributes, content, ssml};

/// Where in the document the walk is.
struct Place<'a> {
    /// The element around, as written.
    parent: &'a str,
    children: &'a Children,
    text: bool,
    messaging: bool,
    ssml: bool,
}

/// Judges everything in `<Response>`.
pub(super) fn response(root: Node, messaging: bool, report: &mut Report) {
    if let Some(first) = root.attributes().find(|a| a.namespace().is_none()) {
        let id = if schema().owners(first.name()).is_empty() {
            "attribute-unknown"
        } else {
            "attribute-elsewhere"
        };
        report.rule(first.range().start, id, || {
            let name = near::short(first.name());
            format!("<Response> has no attributes: `{name}` is not known to this tool there")
        });
    }
    let schema = schema();
    let place = Place {
        parent: "Response",
        children: if messaging { &schema.messaging } else { &schema.voice },
        text: false,
        messaging,
        ssml: false,
    };
    inside(root, &place, report);
    content::response(root, messaging, report);
}

fn inside(node: Node, place: &Place, report: &mut Report) {
    let mut stray = false;
    for child in node.children() {
        match child.node_type() {
            NodeType::Element => element(child, place, report),
            NodeType::Text if !place.text && !stray => {
                if let Some(at) = first_character(&child) {
                    stray = true;
                    text(at, child.text().unwrap_or_default(), place, report);
                }
            }
            _ => {}
        }
    }
}

/// Where the first character that is no blank stands.
fn first_character(node: &Node) -> Option<usize> {
    // A no-break space and its like are text to XML, which has four blanks.
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    node.text()?.contains(|c: char| !blank(c)).then(|| {
        let range = node.range();
        let written = node.document().input_text().get(range.clone()).unwrap_or_default();
        range.start + written.find(|c: char| !blank(c)).unwrap_or_default()
    })
}

fn text(at: usize, found: &str, place: &Place, report: &mut Report) {
    let parent = place.parent;
    let advice = match parent {
        "Response" if place.messaging => ": wrap it in <Message>",
        "Response" | "Gather" | "Prompt" => ": wrap it in <Say>",
        _ => "",
    };
    report.rule(at, "text-not-allowed", || match found.trim() {
        "" => {
            let blank = found.chars().find(|c| !c.is_ascii()).unwrap_or_default();
            let code = blank as u32;
            format!("<{parent}> takes no text, and U+{code:04X} is no blank to XML: write an ordinary one")
        }
        found => format!("<{parent}> takes no text, {} is left out{advice}", near::code(found)),
    });
}

fn element(node: Node, place: &Place, report: &mut Report) {
    let name = written(&node);
    let Some(element) = place.children.get(name).and_then(|id| schema().element(id)) else {
        stranger(node, name, place, report);
        return;
    };
    known(node, element, place, report);
}

/// The element's name as written, with its prefix.
fn written<'a>(node: &Node<'_, 'a>) -> &'a str {
    let from = node.range().start + 1;
    let rest = node.document().input_text().get(from..).unwrap_or_default();
    let end = rest
        .bytes()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
    &rest[..end.unwrap_or(rest.len())]
}

fn known(node: Node, element: &Element, place: &Place, report: &mut Report) {
    if element.retired {
        report.rule(node.range().start, "retired", || {
            format!("<{}> is retired: Twilio's newer documents do not have it", element.tag)
        });
    }
    attributes::judge(node, element, place.parent, report);
    let inner = Place {
        parent: &element.tag,
        children: &element.children,
        text: element.text,
        messaging: place.messaging,
        ssml: element.ssml || element.tag == "Say",
    };
    inside(node, &inner, report);
    content::element(node, element, place.parent, report);
    if element.tag == "Say" {
        ssml::say(node, report);
    }
}

/// An element that must not stand here: known in another place, misspelt, or unknown.
fn stranger(node: Node, name: &str, place: &Place, report: &mut Report) {
    let at = node.range().start;
    if report.words().are_hushed() {
        report.rule(at, "element-unknown", String::new);
        return;
    }
    let (parent, shown) = (place.parent, near::short(name));
    let allowed = || place.children.names();
    let same = allowed().find(|k| k.eq_ignore_ascii_case(name));
    if let Some((right, element)) = same.and_then(|k| Some((k, schema().element(place.children.get(k)?)?))) {
        report.rule(at, "element-case", || {
            format!("<{shown}> is not an element: write <{right}>, names are case-sensitive")
        });
        // Its inside is what was meant, and mistakes there would come out one run later.
        known(node, element, place, report);
        return;
    }
    if name == "speak" && place.ssml {
        report.rule(at, "ssml-speak", || {
            "<speak> is not wanted: <Say> itself is the document, write its content straight into it".to_owned()
        });
        inside(node, &Place { text: true, ..*place }, report);
        return;
    }
    if let Some(parents) = schema().parents.get(name) {
        misplaced(node, name, parents, place, report);
        return;
    }
    let guess = report.words().name(name, allowed());
    let anywhere = || report.words().name(name, schema().parents.names());
    let meant = guess
        .or_else(anywhere)
        .map_or_else(String::new, |k| format!(", perhaps <{k}> is meant"));
    let list = report.words().list(allowed(), near::tag);
    report.rule(at, "element-unknown", || {
        format!("<{shown}> is not an element of TwiML{meant}; in <{parent}> stand {list}")
    });
}

fn misplaced(node: Node, name: &str, parents: &[String], place: &Place, report: &mut Report) {
    let at = node.range().start;
    let parent = place.parent;
    let list = report.words().list(place.children.names(), near::tag);
    let schema = schema();
    if parent == "Response" && place.messaging && schema.voice.contains(name) {
        report.rule(at, "voice-in-message", || {
            format!(
                "<{name}> belongs to a voice call: in the answer to a message stand {list} (shown as 14110 or 12200)"
            )
        });
        return;
    }
    if parent == "Response" && !place.messaging && schema.messaging.contains(name) {
        report.rule(at, "message-in-voice", || {
            format!(
                "<{name}> belongs to the answer to a message: it does nothing in a voice call, see <Sms> or the API"
            )
        });
        return;
    }
    let home = report.words().list(parents.iter().map(String::as_str), near::tag);
    let nesting = table().nesting.iter().find(|n| n.on == parent);
    let here = if place.children.len() == 0 {
        "nothing stands".to_owned()
    } else {
        format!("{list} stand")
    };
    let says = || format!("<{name}> cannot stand in <{parent}>, where {here}: it belongs into {home}");
    match nesting {
        Some(nesting) => report.add(at, &nesting.code, Level::Error, nesting.certain, says),
        None => report.rule(at, "wrong-parent", says),
    }
}
