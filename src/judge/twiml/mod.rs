//! A TwiML document as Twilio reads it: well-formed, in the schema of calls or of messages, with values that it takes.
//!
//! What is known stands in two tables: `filters/twiml.json` (elements, attributes, nesting, sets of values; from Twilio's own
//! libraries) and `filters/twiml-rules.toml` (codes, ranges, limits; each rule with its source, whether it is certain, and examples
//! that are tests). Here is only the code that compares. To add a rule, add a table there; to add a kind of value, a variant of
//! [`table::Kind`]. Nothing is ever fetched, document types with entities or files are refused, and what is read is bounded before the
//! parser runs.

mod attributes;
mod content;
mod declaration;
mod named;
mod near;
mod numbers;
mod report;
mod schema;
mod source;
mod ssml;
mod table;
mod urls;
mod values;
mod walk;
mod well_formed;

use roxmltree::{Document, Node};

use self::report::Report;
pub(super) use self::urls::note as overrides;
use super::{http, text};
use crate::model::{Problem, RequestKind};

/// Problems of the document in its order; of one that is not well-formed only the first fatal. `total_len` counts what `body` was
/// cut from.
pub(super) fn document(kind: RequestKind, body: &[u8], total_len: u64) -> Vec<Problem> {
    if let Some(problem) = http::too_large(total_len) {
        return vec![problem];
    }
    if body.trim_ascii().is_empty() {
        return vec![Problem::warning(
            "11770",
            "the document is empty: send at least <Response/>",
        )];
    }
    let xml = match source::text(body) {
        Ok(xml) => xml,
        Err(problem) => return vec![problem],
    };
    let document = match well_formed::tree(kind, &xml) {
        Ok(document) => document,
        Err(problem) => return vec![problem],
    };
    let root = document.root_element();
    if let Err(problem) = well_formed::response(&xml, root) {
        return vec![problem];
    }
    let messaging = match kind {
        RequestKind::Message => true,
        RequestKind::Unknown => is_messaging(root),
        _ => false,
    };
    let mut report = Report::new(&xml);
    if text::has_wide_mark(body) {
        report.rule(0, "encoding-wide", || {
            "the document is UTF-16, which not everything between the app and Twilio reads: save or send it as UTF-8".to_owned()
        });
    } else {
        source::declared_encoding(&xml, &mut report);
    }
    if let Some(at) = well_formed::bare_doctype(&xml) {
        report.rule(at, "doctype", || {
            "TwiML has no document type, <!DOCTYPE …> does nothing: leave it out".to_owned()
        });
    }
    if root.tag_name().namespace().is_some() {
        report.rule(root.range().start, "namespace", || {
            "TwiML has no namespace: leave xmlns=\"…\" out, Twilio may know none of the elements in it".to_owned()
        });
    }
    walk::response(root, messaging, &mut report);
    report.into_problems()
}

/// Why the document is no well-formed XML, with the place; none where it is.
pub(super) fn malformed(body: &[u8]) -> Option<Problem> {
    match source::text(body) {
        Ok(xml) => well_formed::tree(RequestKind::Unknown, &xml).err(),
        Err(problem) => Some(problem),
    }
}

/// True for well-formed XML with elements in its root.
pub(super) fn has_elements(body: &[u8]) -> bool {
    source::text(body).is_ok_and(|xml| {
        let tree = well_formed::tree(RequestKind::Unknown, &xml);
        tree.is_ok_and(|document| document.root_element().children().any(|child| child.is_element()))
    })
}

/// True for the name of an encoding that parsers have.
pub(super) fn knows_encoding(name: &str) -> bool {
    declaration::is_known(name)
}

/// True for a document that would be run as TwiML.
pub(super) fn is_response(body: &[u8]) -> bool {
    let Ok(xml) = source::text(body) else { return false };
    well_formed::tree(RequestKind::Unknown, &xml).is_ok_and(|d| well_formed::response(&xml, d.root_element()).is_ok())
}

/// What a document is for, where no request tells: a message when its verbs are only those of messages, else a call.
pub(super) fn kind_of(body: &[u8]) -> RequestKind {
    let messaging = source::text(body).is_ok_and(|xml| {
        let tree: Result<Document, _> = well_formed::tree(RequestKind::Unknown, &xml);
        tree.is_ok_and(|document| is_messaging(document.root_element()))
    });
    if messaging {
        RequestKind::Message
    } else {
        RequestKind::Voice
    }
}

/// `Redirect` belongs to both, so that one `Message` must stand beside it.
fn is_messaging(root: Node) -> bool {
    let verbs = || root.children().filter(Node::is_element).map(|n| n.tag_name().name());
    verbs().any(|name| name == "Message") && verbs().all(|name| matches!(name, "Message" | "Redirect"))
}

#[cfg(test)]
mod tests;
