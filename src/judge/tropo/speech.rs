//! `say.value`: text that starts with `<` goes to the voice as it is, all other is wrapped in `<speak>` without being escaped (spec/tropo.md 4).

use roxmltree::Document;

use super::tree::Node;
use super::values::Path;
use super::{MEDIA, Report, error, warning};

/// Elements nest no deeper in speech, and the parser shall not have to.
const DEEPEST: usize = 200;

/// Checks what will be said.
pub(super) fn check(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, text: &str) {
    let said = text.trim();
    if said.is_empty() {
        report.add(node.at, warning(MEDIA).likely(), || {
            format!("`{path}` is empty: nothing is said")
        });
    } else if said.starts_with('<') {
        markup(report, path, node, text);
    } else if let Some(at) = unescaped(text) {
        let sign = &text[at..=at];
        let word = if sign == "&" { "&amp;" } else { "&lt;" };
        report.add(offset(node, text, at), warning(MEDIA).likely(), || {
            format!("`{path}` holds a bare `{sign}`, which breaks the SSML around it: write {word}")
        });
    }
}

fn markup(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, text: &str) {
    let lead = text.len() - text.trim_start().len();
    let said = text.trim();
    if said.matches('<').count() > DEEPEST * 2 {
        return;
    }
    match Document::parse(said) {
        Ok(document) => {
            let root = document.root_element().tag_name().name();
            if root != "speak" {
                report.add(node.at, warning(MEDIA).likely(), || {
                    format!(
                        "`{path}` begins with <{root}>: text that starts with `<` is not wrapped, write <speak>…</speak> around it"
                    )
                });
            }
        }
        Err(e) => {
            let pos = e.pos();
            let line: usize = said
                .split_inclusive('\n')
                .take(pos.row as usize - 1)
                .map(str::len)
                .sum();
            let column = said[line..]
                .char_indices()
                .nth(pos.col as usize - 1)
                .map_or(said.len() - line, |(at, _)| at);
            let at = offset(node, text, lead + line + column);
            report.add(at, error(MEDIA).likely(), || {
                let hint = match unescaped_amp(said) {
                    Some(_) => "write & as &amp;",
                    None => "close every tag, put one <speak> around all of it",
                };
                format!("`{path}` is SSML that does not parse: {e}; {hint}")
            });
        }
    }
}

/// The first `&` that begins no entity, or `<`.
fn unescaped(text: &str) -> Option<usize> {
    let less = text.find('<');
    [less, unescaped_amp(text)].into_iter().flatten().min()
}

fn unescaped_amp(text: &str) -> Option<usize> {
    text.match_indices('&').map(|(at, _)| at).find(|at| {
        let name = text[at + 1..].split(';').next().unwrap_or_default();
        let entity = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#');
        !entity || at + 1 + name.len() == text.len()
    })
}

/// Where in the document a byte of a string's text stands; escapes are counted as they are written.
fn offset(node: &Node<'_>, text: &str, byte: usize) -> usize {
    let mut chars = text.get(..byte).unwrap_or(text).encode_utf16().count();
    let raw = node.raw.as_bytes();
    let mut at = 1;
    while chars > 0 && at + 1 < raw.len() {
        let (len, units) = match (raw[at], raw.get(at + 1)) {
            (b'\\', Some(b'u')) => (6, 1),
            (0xf0.., _) => (4, 2),
            (0xe0.., _) => (3, 1),
            (b'\\' | 0xc0.., _) => (2, 1),
            _ => (1, 1),
        };
        at += len;
        chars = chars.saturating_sub(units);
    }
    node.at + at
}
