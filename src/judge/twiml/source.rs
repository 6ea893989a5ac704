//! The bytes of a document as text: UTF-8, or what its declaration says.

use std::borrow::Cow;

use super::declaration;
use super::report::Report;
use crate::judge::text;
use crate::model::Problem;

/// Encodings of one byte a character; what they hold is read as Latin-1.
const ONE_BYTE: [&str; 4] = ["iso-8859-1", "latin1", "iso-8859-15", "windows-1252"];

/// The document as text.
pub(super) fn text(body: &[u8]) -> Result<Cow<'_, str>, Problem> {
    if let Some(xml) = text::wide(body) {
        return Ok(Cow::Owned(xml));
    }
    match text::utf8("12100", body) {
        Ok(xml) => Ok(Cow::Borrowed(xml)),
        Err(problem) => {
            let head = String::from_utf8_lossy(&body[..body.len().min(200)]);
            let one_byte = encoding(&head).is_some_and(|name| ONE_BYTE.contains(&name.to_ascii_lowercase().as_str()));
            if one_byte {
                Ok(Cow::Owned(body.iter().map(|b| char::from(*b)).collect()))
            } else {
                Err(problem)
            }
        }
    }
}

/// A declared encoding other than that of the bytes: what is not ASCII arrives as other characters.
pub(super) fn declared_encoding(xml: &str, report: &mut Report) {
    let Some(name) = encoding(xml) else { return };
    let at = xml.find(name).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("utf-16") || lower.starts_with("utf-32") || lower.starts_with("ucs-") {
        report.rule(at, "encoding-width", || {
            format!("the document says that it is {name} and is not: write encoding=\"UTF-8\"")
        });
    } else if !matches!(lower.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii") && !xml.is_ascii() {
        report.rule(at, "encoding-name", || {
            format!("the document says that it is {name}: letters with accents may be spoken or sent wrong, send UTF-8")
        });
    }
}

/// What the XML declaration says.
fn encoding(xml: &str) -> Option<&str> {
    declaration::read(xml).ok()?.encoding.map(|(_, name)| name)
}
