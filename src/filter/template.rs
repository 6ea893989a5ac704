//! Titles and advice with the facts of an event filled in.
//!
//! `{name}` is a field; `{a|b|text}` is the first field present, and when none is, the last part as it stands. A missing
//! field without alternative becomes `…`, so that a hole is seen.

use std::fmt;

/// A text with places for fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Field(Vec<Box<str>>),
}

impl Template {
    /// Reads a template; an opening brace that is not closed is plain text.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let Some(len) = rest[open..].find('}') else { break };
            let inner = &rest[open + 1..open + len];
            if !is_names(inner) {
                let upto = open + 1;
                push_text(&mut parts, &rest[..upto]);
                rest = &rest[upto..];
                continue;
            }
            push_text(&mut parts, &rest[..open]);
            parts.push(Part::Field(inner.split('|').map(Into::into).collect()));
            rest = &rest[open + len + 1..];
        }
        push_text(&mut parts, rest);
        Self(parts)
    }

    /// Fills the places in.
    pub fn fill<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(t) => out.push_str(t),
                Part::Field(names) => match names.iter().find_map(|n| field(n)) {
                    Some(value) => out.push_str(value),
                    None => out.push_str(otherwise(names)),
                },
            }
        }
        out
    }

    /// The text when it has no places to fill.
    pub fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(t)] => Some(t),
            _ => None,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(t) => f.write_str(t)?,
                Part::Field(names) => write!(f, "{{{}}}", names.join("|"))?,
            }
        }
        Ok(())
    }
}

/// A place starts with a field's name: `{"tropo":[…]}` in an advice is no place.
fn is_names(inner: &str) -> bool {
    let first = inner.split('|').next().unwrap_or_default();
    !first.is_empty()
        && first
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Part::Text(t)) = parts.last_mut() {
        *t = format!("{t}{text}").into();
    } else {
        parts.push(Part::Text(text.into()));
    }
}

/// What stands for a place whose fields are all missing.
fn otherwise(names: &[Box<str>]) -> &str {
    match names {
        [_] | [] => "…",
        [.., last] => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills() {
        let field = |n: &str| match n {
            "status" => Some("500"),
            "path" => Some("/x"),
            _ => None,
        };
        for (template, expected) in [
            ("plain", "plain"),
            ("{status} from {url|path}", "500 from /x"),
            ("{nothing|no reason}", "no reason"),
            ("{nothing}", "…"),
            ("{nothing|}", ""),
            (r#"answer {"tropo":[…]} to {path}"#, r#"answer {"tropo":[…]} to /x"#),
            ("open { brace", "open { brace"),
        ] {
            assert_eq!(Template::new(template).fill(field), expected, "{template}");
        }
    }

    #[test]
    fn prints_as_written() {
        for t in ["{a|b} x {\"q\":1}", "", "{a"] {
            assert_eq!(Template::new(t).to_string(), t);
        }
    }
}
