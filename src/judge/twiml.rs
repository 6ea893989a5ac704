//! A TwiML document as Twilio's parser sees it: well-formed XML with `Response` as root, at most 64 kB.
//!
//! 12100, 12101, 12102 and 11750 come from here (spec/twilio.md section 5). Verbs and attributes are not looked at yet.
//! DTDs are refused, and nesting is limited before the parser runs.

use roxmltree::{Document, Error};

use super::{http, text};
use crate::model::{Problem, RequestKind};

/// Deeper nesting is an attack or a loop in the app, not TwiML.
const MAX_DEPTH: usize = 1_000;

/// Problems of the document, the first fatal one last; `total_len` counts what `body` was cut from.
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
    match parse(kind, body) {
        Ok(()) => Vec::new(),
        Err(problem) => vec![problem],
    }
}

/// True for any well-formed XML.
pub(super) fn is_well_formed(body: &[u8]) -> bool {
    // A root other than Response is the one complaint that well-formed XML can get.
    match parse(RequestKind::Unknown, body) {
        Ok(()) => true,
        Err(problem) => problem.code.as_deref() == Some("12102"),
    }
}

/// True for a document that would be run as TwiML.
pub(super) fn is_response(body: &[u8]) -> bool {
    parse(RequestKind::Unknown, body).is_ok()
}

fn parse(kind: RequestKind, body: &[u8]) -> Result<(), Problem> {
    let xml = text::utf8("12100", body)?;
    before_the_document(kind, xml)?;
    if let Some(offset) = too_deep(xml) {
        let problem = Problem::error(
            "12100",
            format!("elements are nested more than {MAX_DEPTH} deep from here on"),
        );
        return Err(problem.at(text::position(body, offset)));
    }
    let document = Document::parse(xml).map_err(|e| malformed(xml, &e))?;
    let root = document.root_element();
    let name = root.tag_name().name();
    if name == "Response" {
        return Ok(());
    }
    let advice = match name {
        _ if name.eq_ignore_ascii_case("response") => "names are case-sensitive",
        _ if name.eq_ignore_ascii_case("html") => "this is an HTML page, often an error or login page of the framework",
        _ => "wrap the verbs in <Response>",
    };
    let problem = Problem::error(
        "12102",
        format!("the root element is <{name}>, it must be <Response>: {advice}"),
    );
    Err(problem.at(text::position(body, root.range().start)))
}

/// What must not stand before the document: a BOM, blanks before `<?xml`, anything that is not XML.
fn before_the_document(kind: RequestKind, xml: &str) -> Result<(), Problem> {
    let trimmed = xml.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if !trimmed.starts_with('<') || text::impostor(xml).is_some() {
        // Seen from messaging for answers such as `OK` (spec/twilio.md section 5).
        let code = if kind == RequestKind::Message { "12200" } else { "12100" };
        let what = text::impostor(xml).unwrap_or("this is text, not XML: wrap it in <Response>…</Response>");
        return Err(Problem::error(code, format!("the document does not parse: {what}")).at((1, 1)));
    }
    if xml.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the document: save the file as UTF-8 without BOM";
        return Err(Problem::error("12100", message).at((1, 1)));
    }
    if trimmed.len() < xml.len() && trimmed.starts_with("<?xml") {
        let message = "blanks or empty lines stand before `<?xml`: it must be the very first";
        return Err(Problem::error("12100", message).at((1, 1)));
    }
    let declaration = trimmed.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    if let Some((declaration, _)) = declaration
        && declaration.contains("version")
        && !declaration.contains("\"1.0\"")
        && !declaration.contains("'1.0'")
    {
        return Err(Problem::error("12101", "the XML declaration must say version=\"1.0\"").at((1, 1)));
    }
    Ok(())
}

fn malformed(xml: &str, e: &Error) -> Problem {
    let pos = e.pos();
    let hint = match e {
        Error::DtdDetected => "TwiML has no document type: remove <!DOCTYPE …>",
        Error::UnexpectedCloseTag(..) | Error::UnclosedRootNode => "a tag is not closed, or closed in the wrong order",
        Error::MalformedEntityReference(_) | Error::UnknownEntityReference(..) => {
            "write & as &amp; (also in URLs), and HTML's entities as characters"
        }
        Error::UnknownNamespace(..) => "TwiML has no prefixes",
        _ if bare_ampersand(xml, pos.row) => "write & as &amp; (also in URLs)",
        _ => "escape & and < in text, quote attributes, close every tag",
    };
    Problem::error("12100", format!("the document does not parse: {e}; {hint}")).at((pos.row, pos.col))
}

fn bare_ampersand(xml: &str, row: u32) -> bool {
    let line = xml.lines().nth(row.saturating_sub(1) as usize).unwrap_or_default();
    line.split('&').skip(1).any(|rest| {
        let name = rest.split(';').next().unwrap_or_default();
        name.len() == rest.len() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')
    })
}

/// The offset where tags are nested too deep; comments, CDATA, instructions and quoted values are skipped.
fn too_deep(xml: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(open) = xml.get(at..)?.find('<').map(|found| at + found) {
        let rest = &xml[open..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .iter()
            .find(|(begin, _)| rest.starts_with(begin))
            .map(|(begin, end)| {
                rest[begin.len()..]
                    .find(end)
                    .map_or(rest.len(), |e| begin.len() + e + end.len())
            });
        let len = skipped.unwrap_or_else(|| tag_len(rest));
        if skipped.is_none() {
            if rest.starts_with("</") {
                depth = depth.saturating_sub(1);
            } else if !rest[..len].ends_with("/>") {
                depth += 1;
            }
            if depth > MAX_DEPTH {
                return Some(open);
            }
        }
        at = open + len;
    }
    None
}

/// The length of a tag with its brackets, quoted values skipped; to the end of the text where it is not closed.
fn tag_len(rest: &str) -> usize {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(q), _) if q == byte => quote = None,
            _ => {}
        }
    }
    rest.len()
}
