//! Planned requests as one `.http` file, as editors' REST clients send them.

use std::fmt::Write as _;

use crate::output::copy::pasteable;
use crate::replay::Plan;

/// Above every request, and what none of its lines may begin with.
const SEPARATOR: &str = "###";

/// One request; `title` stands behind the separator, `notes` as comments. None where the body cannot stand in such a file: no text, or
/// text with a line that would end it.
pub fn request(title: &str, notes: &[String], plan: &Plan) -> Option<String> {
    let body = std::str::from_utf8(&plan.body).ok()?;
    let torn = |line: &str| line.starts_with(SEPARATOR) || line.starts_with("> ") || line.starts_with("< ");
    if body.lines().any(torn) || body.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        return None;
    }
    let mut out = format!("{SEPARATOR} {}\n", one_line(title));
    for note in notes {
        let _ = writeln!(out, "# {}", one_line(note));
    }
    let _ = writeln!(out, "{} {} HTTP/1.1", plan.method, plan.url);
    let authority = plan
        .url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?']).next());
    for (name, value) in &plan.headers {
        let follows = name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("host") && Some(value.as_str()) == authority;
        if !follows {
            let _ = writeln!(out, "{name}: {}", one_line(value));
        }
    }
    out.push('\n');
    if !body.is_empty() {
        out.push_str(body);
        out.push('\n');
    }
    Some(out)
}

fn one_line(text: &str) -> String {
    pasteable(text).replace(['\n', '\t'], " ")
}
