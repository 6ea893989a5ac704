//! Text from outside as HTML: printable first, then without anything that HTML reads.

use crate::output::safe::printable;

/// One line of text for an element or a quoted attribute.
pub(super) fn text(raw: &str) -> String {
    let shown = printable(raw);
    let mut out = String::with_capacity(shown.len() + shown.len() / 8);
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence, what stands between backticks as code.
pub(super) fn sentence(raw: &str) -> String {
    let parts: Vec<&str> = raw.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text(raw);
    }
    let pieces = parts.iter().enumerate().map(|(n, part)| {
        let part = text(part);
        if n % 2 == 1 {
            format!("<code>{part}</code>")
        } else {
            part
        }
    });
    pieces.collect()
}
