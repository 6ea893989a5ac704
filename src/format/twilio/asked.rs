//! What an answer asks the caller for: its Gathers, where they lead, and what comes after the last one.
//!
//! Read only from answers that name a Gather, as XML, with limits on size and depth; an answer that is no XML asks
//! nothing, as Twilio would not run it either.

use memchr::{memchr2, memmem};
use roxmltree::{Document, Node, ParsingOptions};
use url::Url;

use crate::format::{Asked, GatherSummary};

/// Twilio refuses longer answers (11750).
const LONGEST: usize = 64 * 1024;
/// `TwiML` nests four deep; far more is no `TwiML`.
const DEEPEST: usize = 64;

/// Reads the answer to `url`; none when it holds neither Gather nor Redirect.
pub(super) fn read(body: &str, url: Option<&str>) -> Option<Box<Asked>> {
    memmem::find(body.as_bytes(), b"<Gather").or_else(|| memmem::find(body.as_bytes(), b"<Redirect"))?;
    if body.len() > LONGEST || depth(body) > DEEPEST {
        return None;
    }
    let options = ParsingOptions {
        nodes_limit: 20_000,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(body.trim_start(), options).ok()?;
    let base = url.and_then(|u| Url::parse(u).ok());
    let mut asked = Asked {
        ends_after_gather: true,
        ..Asked::default()
    };
    for node in document.root_element().children().filter(Node::is_element) {
        match node.tag_name().name() {
            "Gather" => {
                asked.gathers.push(gather(&node, base.as_ref()));
                asked.redirect = None;
                asked.ends_after_gather = true;
            }
            name if !goes_on(name) => {}
            name => {
                asked.ends_after_gather = false;
                if name == "Redirect" && asked.redirect.is_none() {
                    asked.redirect = resolve(node.text().unwrap_or("").trim(), base.as_ref());
                }
            }
        }
    }
    (!asked.gathers.is_empty() || asked.redirect.is_some()).then(|| Box::new(asked))
}

/// True for verbs that speak, play, dial or go elsewhere.
fn goes_on(verb: &str) -> bool {
    !matches!(verb, "Hangup" | "Pause" | "Reject" | "Leave" | "Start" | "Stop")
}

fn gather(node: &Node<'_, '_>, base: Option<&Url>) -> GatherSummary {
    GatherSummary {
        action: node.attribute("action").and_then(|a| resolve(a, base)),
        on_empty: node
            .attribute("actionOnEmptyResult")
            .is_some_and(|v| v.eq_ignore_ascii_case("true")),
        timeout_s: node
            .attribute("timeout")
            .and_then(|t| t.trim().parse().ok())
            .unwrap_or(5),
    }
}

/// A target as an absolute URL where the base is known, as written where it is not; empty means the base itself.
fn resolve(target: &str, base: Option<&Url>) -> Option<String> {
    match base {
        Some(base) => base.join(target).ok().map(String::from),
        None => (!target.is_empty()).then(|| target.to_owned()),
    }
}

/// How deep the tags may nest, told without understanding them.
fn depth(body: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    for i in memchr::memchr_iter(b'<', body.as_bytes()) {
        match body.as_bytes().get(i + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') => {}
            _ => {
                let rest = &body.as_bytes()[i + 1..];
                let end = memchr2(b'<', b'>', rest).unwrap_or(rest.len());
                depth += usize::from(!rest[..end].ends_with(b"/"));
            }
        }
        most = most.max(depth);
    }
    most
}
