//! Calls and requests taken out of the program: what they hold as plain data, and the formats that need no more than that.
//!
//! [`Told`] is a call with its story, [`Asked`] one request with all that is known of it; both own their texts, so that secrets can be
//! taken out ([`Told::hide`]) and stand-ins put in ([`Told::redact`]) before any format sees them. [`curl`](super::curl) and [`http`] write what would be sent,
//! [`har`] and [`junit`] what was recorded, [`super::html`] the story, [`super::case`] what a repository keeps. A further format is a function
//! of these and a word of the command's.

pub mod har;
pub mod http;
pub mod junit;
mod redact;
mod tell;

use crate::call::When;
use crate::model::{Outcome, Problem, Provider, Request, RequestKind, Response, Severity, Step, WhyNot};

pub use super::kept::Kept;
pub use redact::without_secrets;
pub use tell::{asked, tell};

/// A call and what happened on it.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id; empty for what is part of no call.
    pub id: String,
    /// All other ids.
    pub also: Vec<String>,
    /// Whose call.
    pub provider: Provider,
    /// The call that it is a leg of.
    pub parent: Option<String>,
    /// Who called.
    pub from: Option<String>,
    /// Who was called.
    pub to: Option<String>,
    /// `inbound`, `outbound`.
    pub direction: Option<String>,
    /// What served it.
    pub app: Option<String>,
    /// How it ended.
    pub state: Option<String>,
    /// Its first moment.
    pub started: When,
    /// Its last.
    pub ended: When,
    /// In order.
    pub items: Vec<Item>,
}

/// One thing of a call.
#[derive(Clone, Debug)]
pub enum Item {
    /// A request.
    Request(Box<Asked>),
    /// Something that went wrong.
    Finding(Box<Found>),
}

/// One request with what became of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The contract's id.
    pub id: String,
    /// Its call's; empty for none.
    pub call: String,
    /// Whose.
    pub provider: Provider,
    /// What for.
    pub kind: RequestKind,
    /// When it was sent.
    pub at: When,
    /// How the step before it ended.
    pub step: Option<Step>,
    /// What became of it.
    pub outcome: Outcome,
    /// The app's status.
    pub status: Option<u16>,
    /// How long the app took, milliseconds.
    pub ms: Option<u64>,
    /// Why it cannot be sent again.
    pub why_not: Option<WhyNot>,
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub response: Option<Response>,
    /// What the platform says to the recorded answer.
    pub problems: Vec<Problem>,
    /// The worst finding about it: code, and title.
    pub found: Option<(String, String)>,
    /// How bad that finding is.
    pub severity: Option<Severity>,
    /// What was kept of sending it again, in order.
    pub replays: Vec<Kept>,
    /// Where it stands: file and line.
    pub place: String,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Found {
    /// How bad.
    pub severity: Severity,
    /// The platform's number; for Tropo the class.
    pub code: String,
    /// Its class.
    pub class: String,
    /// What went wrong.
    pub title: String,
    /// What to look at first.
    pub advice: String,
    /// The decisive text.
    pub evidence: String,
    /// The script around the line that it names.
    pub script: Vec<String>,
    /// When.
    pub at: When,
    /// Which rule told it.
    pub rule: String,
    /// How often on this call.
    pub count: u32,
    /// The request that it is about.
    pub request: Option<String>,
    /// Where it stands: file and line.
    pub place: String,
}

impl Told {
    /// Its requests in order.
    pub fn requests(&self) -> impl Iterator<Item = &Asked> {
        self.items.iter().filter_map(|i| match i {
            Item::Request(a) => Some(&**a),
            Item::Finding(_) => None,
        })
    }

    /// Its findings in order.
    pub fn findings(&self) -> impl Iterator<Item = &Found> {
        self.items.iter().filter_map(|i| match i {
            Item::Finding(f) => Some(&**f),
            Item::Request(_) => None,
        })
    }

    /// What the platform's log calls it, or that it is none.
    pub fn title(&self) -> String {
        if self.id.is_empty() {
            return "Not part of a call".to_owned();
        }
        let name = match self.provider {
            Provider::Tropo => "Tropo call",
            Provider::Twilio if self.id.starts_with("SM") || self.id.starts_with("MM") => "Twilio message",
            Provider::Twilio => "Twilio call",
        };
        format!("{name} {}", self.id)
    }
}

impl Asked {
    /// Method and path, such as `POST /voice`; a query is left out.
    pub fn short(&self) -> String {
        let method = self.request.method.as_deref().unwrap_or("?");
        format!("{method} {}", self.path())
    }

    /// The path of its URL; the URL itself where it has none.
    pub fn path(&self) -> &str {
        let Some(url) = self.request.url.as_deref() else {
            return "(no URL)";
        };
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = rest.find(['/', '?', '#']).map_or("/", |at| &rest[at..]);
        let path = path.split(['?', '#']).next().unwrap_or("/");
        if path.is_empty() { "/" } else { path }
    }

    /// The code that says what went wrong: of the finding, else of the first error of its answer, else the outcome's word.
    pub fn code(&self) -> &str {
        if let Some((code, _)) = &self.found {
            return code;
        }
        let error = self.problems.iter().find(|p| p.fails());
        error.and_then(|p| p.code.as_deref()).unwrap_or(self.outcome.as_str())
    }

    /// What went wrong in one sentence.
    pub fn wrong(&self) -> String {
        if let Some((_, title)) = &self.found {
            return title.clone();
        }
        let error = self.problems.iter().find(|p| p.fails());
        match (error, self.status) {
            (Some(p), _) => p.message.clone(),
            (None, Some(status)) => format!("{} ({status})", self.outcome.as_str()),
            (None, None) => self.outcome.as_str().to_owned(),
        }
    }
}
