//! A value against its type: what is taken though it is written otherwise, what Tropo cannot use.

use std::fmt;

use url::Url;

use super::table::{Field, TABLE, near};
use super::tree::{Kind, Node};
use super::{CODE, NUMBER, Report, error, note, speech, warning};

/// A field of a verb, for people: `ask.timeout`.
#[derive(Clone, Copy)]
pub(super) struct Path<'a>(pub(super) &'a str, pub(super) &'a str);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Checks one value.
pub(super) fn check(report: &mut Report<'_>, path: Path<'_>, rule: &Field, node: &Node<'_>) {
    if matches!(node.kind, Kind::Null) || rule.is == "any" {
        return;
    }
    match rule.is.as_str() {
        "number" => number(report, path, node),
        "bool" => truth(report, path, node),
        "map" => shape(report, path, node, "an object", matches!(node.kind, Kind::Map(_))),
        "signals" => shape(
            report,
            path,
            node,
            "text or a list of texts",
            !matches!(node.kind, Kind::Map(_)),
        ),
        _ => words(report, path, rule, node),
    }
}

fn shape(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, wanted: &str, fits: bool) {
    if !fits {
        report.add(node.at, error(CODE).likely(), || {
            format!("`{path}` is {}, it must be {wanted}", node.is())
        });
    }
}

fn taken(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, as_what: &str) {
    report.add(node.at, note("").likely(), || {
        format!("`{path}` is {}; it is taken as {as_what}", node.is())
    });
}

fn number(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>) {
    match &node.kind {
        Kind::Number if !node.raw.starts_with('-') => {}
        Kind::Number => {
            report.add(node.at, warning(CODE).likely(), || {
                format!("`{path}` is {}, it cannot be below 0", node.raw)
            });
        }
        Kind::Text(text) if text.trim().parse::<f64>().is_ok() => taken(report, path, node, "a number"),
        _ => shape(report, path, node, "a number", false),
    }
}

fn truth(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>) {
    match &node.kind {
        Kind::Bool => {}
        Kind::Text(text) if matches!(text.to_ascii_lowercase().as_str(), "true" | "false") => {
            taken(report, path, node, "a truth value");
        }
        _ => shape(report, path, node, "true or false", false),
    }
}

/// Everything that is text in the end.
fn words(report: &mut Report<'_>, path: Path<'_>, rule: &Field, node: &Node<'_>) {
    let text = match &node.kind {
        Kind::Text(text) => text.as_ref(),
        Kind::Number if rule.is == "phone" => node.raw,
        Kind::Number | Kind::Bool => return taken(report, path, node, "text"),
        _ => return shape(report, path, node, "text", false),
    };
    if !rule.values.is_empty() {
        one_of(report, path, rule, node, text);
    }
    match rule.is.as_str() {
        "phone" => phone(report, path, node, text),
        "url" | "link" => link(report, path, node, text, rule.is == "link"),
        "speech" => speech::check(report, path, node, text),
        "voice" if !TABLE.voices.iter().any(|v| v.eq_ignore_ascii_case(text)) => {
            report.add(node.at, note("").likely(), || match near(text, TABLE.voices.iter()) {
                Some(meant) => format!("the voice `{text}` is not known to this tool: is `{meant}` meant?"),
                None => format!("the voice `{text}` is not known to this tool"),
            });
        }
        _ => {}
    }
}

fn one_of(report: &mut Report<'_>, path: Path<'_>, rule: &Field, node: &Node<'_>, text: &str) {
    if rule.values.iter().any(|v| v.eq_ignore_ascii_case(text)) {
        return;
    }
    report.add(node.at, warning(CODE).likely(), || {
        match near(text, rule.values.iter()) {
            Some(meant) => format!("`{path}` is `{text}`: is `{meant}` meant?"),
            None => format!("`{path}` is `{text}`; known are {}", rule.values.join(", ")),
        }
    });
}

/// A number to call: `+` and the country first (spec/tropo.md 3.1 C9). Addresses of other kinds are let be.
fn phone(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, text: &str) {
    let text = text.trim();
    let bare = text.strip_prefix("tel:").unwrap_or(text);
    let main = bare.split([';', '?']).next().unwrap_or_default();
    let digits = main.bytes().filter(u8::is_ascii_digit).count();
    let like_a_number = main.bytes().all(|b| b.is_ascii_digit() || b"+-(). ".contains(&b));
    if text.is_empty() {
        report.add(node.at, error(NUMBER), || format!("`{path}` is empty: whom to call?"));
    } else if like_a_number && digits >= 7 {
        let plain = main.bytes().skip(1).all(|b| b.is_ascii_digit());
        if !main.starts_with('+') {
            report.add(node.at, warning(NUMBER), || {
                format!("`{path}` is `{bare}`, without + and country: write +1… (or the country's code)")
            });
        } else if !plain {
            report.add(node.at, warning(NUMBER).likely(), || {
                format!("`{path}` is `{bare}`: write + and digits only, without blanks and dashes")
            });
        }
    }
}

/// A URL; `relative` where one without a host is resolved against the document's own.
fn link(report: &mut Report<'_>, path: Path<'_>, node: &Node<'_>, text: &str, relative: bool) {
    let wrong = if text.trim().is_empty() {
        Some("is empty".to_owned())
    } else if text.contains(char::is_whitespace) {
        Some(format!("is `{text}`, with a blank in it: write %20"))
    } else {
        match Url::parse(text) {
            Ok(url) => {
                let schemes = &["http", "https", "ftp", "sftp", "mailto"][..if relative { 2 } else { 5 }];
                let fits = schemes.contains(&url.scheme());
                (!fits).then(|| format!("has the scheme `{}:`, which cannot be asked", url.scheme()))
            }
            Err(url::ParseError::RelativeUrlWithoutBase) if relative => None,
            Err(url::ParseError::RelativeUrlWithoutBase) => Some(format!("is `{text}`: it must be absolute")),
            Err(e) => Some(format!("is `{text}`, which is no URL: {e}")),
        }
    };
    if let Some(wrong) = wrong {
        report.add(node.at, warning(CODE).likely(), || format!("`{path}` {wrong}"));
    }
}
