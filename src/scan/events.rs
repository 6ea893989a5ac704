//! What a line tells its call: requests, answers, states, and findings with the groups of their rule.

use std::borrow::Cow;

use crate::filter::{Does, Met};
use crate::format::tropo::{self, Message, Payload, Reply};
use crate::model::{Severity, Stamp, Time, WhyNot};

use super::document::DocumentFact;

/// The most that is kept of one text from the log; the rest stays in the log.
const LONGEST: usize = 2000;

/// Something that one line or document tells.
#[derive(Clone, Debug)]
pub struct Event {
    /// Index of its owner in [`super::Scanned::keys`].
    pub key: u32,
    /// Line number in the block, from 0.
    pub line: u64,
    /// Offset of the first byte in the input.
    pub byte: u64,
    /// Length without the line end.
    pub len: u32,
    /// What the line says of its time.
    pub stamp: Stamp,
    /// What it tells.
    pub what: What,
}

/// What an event tells.
#[derive(Clone, Debug)]
pub enum What {
    /// Facts of a log line with the numbers of their rules (`u16::MAX`: none).
    Line(Vec<(u16, Fact)>),
    /// A record of a document.
    Document(Box<DocumentFact>),
}

/// One fact of a log line.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The platform sends a webhook.
    Request {
        /// Its URL as logged.
        url: String,
        /// What its JSON says.
        payload: Box<Payload>,
    },
    /// The app answered with 2xx.
    Reply(Reply),
    /// The app answered outside 2xx.
    Refusal {
        /// The URL as logged.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The decisive text.
        evidence: String,
    },
    /// The events with which a step ended, as logged.
    Step(String),
    /// A finding.
    Found(Found),
    /// WARN or above, and no rule knows it.
    Unclassified {
        /// From the level column.
        severity: Severity,
        /// The message.
        text: String,
    },
}

/// A finding of a line rule.
#[derive(Clone, Debug)]
pub struct Found {
    /// The rule's groups that took part in the match.
    pub fields: Vec<(String, String)>,
    /// The message, bounded, stack traces folded.
    pub evidence: String,
    /// The line belongs to no rule of its own: this one only adds to it, or holds only in a state.
    pub extra: bool,
}

impl Fact {
    /// A full moment inside the line.
    pub(super) fn time(&self) -> Option<Time> {
        match self {
            Self::Request { payload, .. } => payload.at,
            _ => None,
        }
    }
}

/// The facts of a message, by the rules it meets.
/// Findings that are always less severe than `least` are left out.
pub(super) fn facts(met: &[Met<'_, '_>], message: &Message<'_>, least: Severity) -> Vec<(u16, Fact)> {
    let wanted = met.iter().filter(|m| m.rule.at_most().is_none_or(|s| s >= least));
    wanted.filter_map(|m| Some((m.index, fact(m, message)?))).collect()
}

fn fact(met: &Met<'_, '_>, message: &Message<'_>) -> Option<Fact> {
    let text = |name: &str| met.group(name).map(|b| String::from_utf8_lossy(b).into_owned());
    let behind = || &message.body[met.span().1..];
    Some(match met.rule.does {
        Does::Request => {
            let url = text("url")?;
            let mut payload = tropo::request(behind());
            if url.contains("[click on link") {
                payload.why_not = Some(WhyNot::ElidedUrl);
            }
            Fact::Request {
                url,
                payload: Box::new(payload),
            }
        }
        Does::Reply => Fact::Reply(tropo::reply(behind())),
        Does::Refusal => Fact::Refusal {
            url: text("url")?,
            status: text("status")?.parse().ok()?,
            evidence: evidence(message),
        },
        Does::Step => Fact::Step(text("event")?),
        Does::Context | Does::Echo | Does::State | Does::App => return None,
        Does::Finding if met.rule.hide => return None,
        Does::Finding => Fact::Found(Found {
            fields: fields(met),
            evidence: evidence(message),
            extra: met.rule.also || met.rule.needs.is_some(),
        }),
    })
}

fn fields(met: &Met<'_, '_>) -> Vec<(String, String)> {
    met.groups()
        .map(|(name, text)| (name.to_owned(), folded(text).into_owned()))
        .collect()
}

/// The message itself, bounded, a stack trace folded to its exception and first frame.
fn evidence(message: &Message<'_>) -> String {
    folded(&message.body).into_owned()
}

fn folded(text: &[u8]) -> Cow<'static, str> {
    let text = String::from_utf8_lossy(text);
    Cow::Owned(shorten(&tropo::fold_trace(&text)))
}

/// At most [`LONGEST`] bytes, cut between characters.
pub(super) fn shorten(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
