//! A document as numbered, coloured lines, what is wrong with it below its place.

use std::fmt::Write as _;

use super::escape::text;
use crate::model::{Problem, Severity};
use crate::output::pretty::{self, Fault, Limits};
use crate::output::rich::{Line, Mark};
use crate::output::style::Role;

/// More of a body than a reader scrolls through is left out, and said so.
const LIMITS: Limits = Limits {
    bytes: 128 * 1024,
    lines: 1500,
};

/// The body with the problems that have a place in it.
pub(super) fn body(out: &mut String, name: &str, content_type: Option<&str>, bytes: &[u8], problems: &[Problem]) {
    let placed = |p: &&Problem| p.line.is_some() && p.severity >= Severity::Warning;
    let faults: Vec<Fault> = problems.iter().filter(placed).map(Fault::from).collect();
    lines(out, name, &pretty::body(content_type, bytes, &faults, LIMITS));
}

/// Lines with roles.
pub(super) fn lines(out: &mut String, name: &str, lines: &[Line]) {
    let numbered = lines.iter().any(|l| l.number.is_some());
    let class = if numbered { "doc numbered" } else { "doc" };
    let _ = write!(
        out,
        "<pre class=\"{class}\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"><code>",
        text(name)
    );
    for line in lines {
        let class = match line.mark {
            Some(Mark::Fault) => " class=\"fault\"",
            Some(Mark::Caret(_)) => " class=\"caret\"",
            Some(Mark::Note) => " class=\"note\"",
            _ => "",
        };
        let number = line.number.map(|n| format!(" data-n=\"{n}\"")).unwrap_or_default();
        let _ = write!(out, "<span{class}{number}>");
        for span in &line.spans {
            match word(span.role) {
                "" => out.push_str(&text(&span.text)),
                word => {
                    let _ = write!(out, "<i class=\"{word}\">{}</i>", text(&span.text));
                }
            }
        }
        out.push_str("</span>\n");
    }
    out.push_str("</code></pre>\n");
}

/// The class of a role.
fn word(role: Role) -> &'static str {
    match role {
        Role::Name => "n",
        Role::Text => "s",
        Role::Number => "d",
        Role::Punct | Role::Comment | Role::Faint => "p",
        Role::Fault | Role::Error => "f",
        _ => "",
    }
}
