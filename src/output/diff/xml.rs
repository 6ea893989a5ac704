//! XML as lines: attributes in one order, quotes and references written one way, an element without content always `<Name/>`.
//!
//! White space between elements and at both ends of a text says nothing and is left out; inside of a text it stays, because
//! a line break in a message is one on the telephone. The declaration is left out too.

use roxmltree::{Document, Node};

use super::laid::{Laid, Order, meet};

/// Deeper levels are indented no further.
const MOST_INDENT: usize = 40;

pub(super) fn both(old: &str, new: &str) -> Option<(Laid, Laid)> {
    // A document type is refused: what it declares could change what the rest says.
    let (old, new) = (Document::parse(old).ok()?, Document::parse(new).ok()?);
    let mut order = Order::new();
    for document in [&old, &new] {
        let elements = document.descendants().filter(Node::is_element);
        elements.for_each(|e| attributes(e).iter().for_each(|(name, _)| meet(&mut order, name)));
    }
    Some((lay_out(&old, &order), lay_out(&new, &order)))
}

fn lay_out(document: &Document, order: &Order) -> Laid {
    let mut laid = Laid::new();
    let parts: Vec<Part> = parts(document.root());
    let mut todo: Vec<Todo> = todos(&mut laid, 0, 0, parts);
    while let Some(next) = todo.pop() {
        let pad = " ".repeat(2 * next.depth.min(MOST_INDENT));
        match next.part {
            Part::Line(text) => {
                for (n, line) in text.split('\n').enumerate() {
                    laid.line(
                        next.at,
                        if n == 0 {
                            format!("{pad}{line}")
                        } else {
                            line.to_owned()
                        },
                    );
                }
            }
            Part::Element(e) => element(&mut laid, e, (next.at, next.depth, pad), order, &mut todo),
        }
    }
    laid
}

/// What is to be written.
enum Part<'a, 'i> {
    Element(Node<'a, 'i>),
    /// Text, a comment, the end of an element: as it is written.
    Line(String),
}

struct Todo<'a, 'i> {
    part: Part<'a, 'i>,
    at: usize,
    depth: usize,
}

/// Writes a tag, and puts what stands in the element and its end on the pile.
fn element<'a, 'i>(
    laid: &mut Laid,
    e: Node<'a, 'i>,
    (at, depth, pad): (usize, usize, String),
    order: &Order,
    todo: &mut Vec<Todo<'a, 'i>>,
) {
    let mut attributes = attributes(e);
    attributes.sort_by_key(|(name, _)| order.get(name));
    let name = name(e);
    let mut tag = format!("{pad}<{name}");
    for (name, value) in &attributes {
        tag = tag + " " + name + "=\"" + &escaped(value, true) + "\"";
    }
    let parts = parts(e);
    match parts.as_slice() {
        [] => laid.tag(at, tag + "/>", attributes),
        [Part::Line(text)] if e.first_child().is_some_and(|c| c.is_text()) => {
            let whole = format!("{tag}>{text}</{name}>");
            for (n, line) in whole.split('\n').enumerate() {
                let own = if n == 0 {
                    std::mem::take(&mut attributes)
                } else {
                    Vec::new()
                };
                laid.tag(at, line.to_owned(), own);
            }
        }
        _ => {
            laid.tag(at, tag + ">", attributes);
            let end = Part::Line(format!("</{name}>"));
            todo.push(Todo { part: end, at, depth });
            todo.extend(todos(laid, at, depth + 1, parts));
        }
    }
}

/// The parts of an element, the first on top, each with its place: elements have numbers where there are several of a name.
fn todos<'a, 'i>(laid: &mut Laid, inside: usize, depth: usize, parts: Vec<Part<'a, 'i>>) -> Vec<Todo<'a, 'i>> {
    let mut of_name = std::collections::HashMap::<String, (usize, usize)>::new();
    for part in &parts {
        if let Part::Element(e) = part {
            of_name.entry(name(*e).to_owned()).or_default().0 += 1;
        }
    }
    let mut out: Vec<Todo> = Vec::with_capacity(parts.len());
    for part in parts {
        let at = match &part {
            Part::Line(_) => inside,
            Part::Element(e) => {
                let name = name(*e);
                let (all, seen) = of_name.entry(name.to_owned()).or_default();
                *seen += 1;
                let step = if *all > 1 {
                    format!("/{name}[{seen}]")
                } else {
                    format!("/{name}")
                };
                laid.place(inside, step)
            }
        };
        out.push(Todo { part, at, depth });
    }
    out.reverse();
    out
}

/// What stands in an element, without what says nothing.
fn parts<'a, 'i>(e: Node<'a, 'i>) -> Vec<Part<'a, 'i>> {
    // Neighbours in the text may be several nodes: text beside CDATA.
    let mut out: Vec<Part> = Vec::new();
    let mut text = String::new();
    let mut first = true;
    let flush = |text: &mut String, last: bool, first: bool, out: &mut Vec<Part>| {
        let mut kept = text.as_str();
        if first {
            kept = kept.trim_start();
        }
        if last {
            kept = kept.trim_end();
        }
        if !kept.trim().is_empty() {
            out.push(Part::Line(escaped(kept, false)));
        }
        text.clear();
    };
    for child in e.children() {
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
            continue;
        }
        flush(&mut text, false, first, &mut out);
        first = false;
        if child.is_element() {
            out.push(Part::Element(child));
        } else if child.is_comment() {
            out.push(Part::Line(format!("<!--{}-->", child.text().unwrap_or_default())));
        } else if let Some(pi) = child.pi() {
            out.push(Part::Line(format!(
                "<?{} {}?>",
                pi.target,
                pi.value.unwrap_or_default()
            )));
        }
    }
    flush(&mut text, true, first, &mut out);
    out
}

/// The name as it is written, with its prefix.
fn name<'a>(e: Node<'a, '_>) -> &'a str {
    let text = &e.document().input_text()[e.range()];
    let text = text.strip_prefix('<').unwrap_or(text);
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'))
        .unwrap_or(text.len());
    &text[..end]
}

/// Attributes with their prefixes, and the namespaces that are declared here.
fn attributes(e: Node<'_, '_>) -> Vec<(String, String)> {
    let text = e.document().input_text();
    let mut out: Vec<(String, String)> = e
        .attributes()
        .map(|a| (text[a.range_qname()].to_owned(), a.value().to_owned()))
        .collect();
    let parent = e.parent_element();
    for n in e.namespaces() {
        let inherited = parent.is_some_and(|p| p.lookup_namespace_uri(n.name()) == Some(n.uri()));
        let name = n.name().map_or_else(|| "xmlns".to_owned(), |p| format!("xmlns:{p}"));
        if !inherited && name != "xmlns:xml" {
            out.push((name, n.uri().to_owned()));
        }
    }
    out
}

/// Text as it is written: in an attribute on one line.
fn escaped(text: &str, attribute: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out
}
