//! What the session's thread tells the screen: plain data, owned, ready to be drawn.
//!
//! The session itself stays with its thread ([`super::desk`]); the screen holds rows, stories and documents, and asks for more. Texts in
//! here may come from outside: they are made printable where they are drawn.

use std::sync::Arc;

use crate::call::When;
use crate::model::{Id, Outcome, Place, Problem, Provider, Request, RequestKind, Response, Severity, Step, Time};
use crate::output::rich::Line;
use crate::replay::{Edits, Plan, Sent, Target};

/// One line of the list of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its number in the session.
    pub call: u32,
    /// Primary id; none for the place of lines that belong to no call.
    pub id: Option<Id>,
    /// The platform.
    pub provider: Provider,
    /// The worst finding in view.
    pub severity: Option<Severity>,
    /// Time of the first line.
    pub started: When,
    /// Caller.
    pub from: Option<Arc<str>>,
    /// Called.
    pub to: Option<Arc<str>>,
    /// URL or script that served it.
    pub app: Option<Arc<str>>,
    /// What went wrong: the title of the worst finding, else the last state.
    pub what: Option<Arc<str>>,
    /// Errors and warnings in view.
    pub problems: u32,
    /// Requests.
    pub requests: u32,
    /// The requests that failed and can be sent again.
    pub failed: Vec<u32>,
    /// It is a leg of another call.
    pub leg: bool,
    /// It stands for a cause, not for a call; the call is then an example.
    pub group: Option<Arc<GroupRow>>,
}

impl CallRow {
    /// What it is, whatever rows stand around it: the number of its call, or that of its cause, which is above all numbers of calls.
    pub fn key(&self) -> u32 {
        self.group.as_ref().map_or(self.call, |g| g.key())
    }
}

/// Keys from here on are those of causes.
pub const GROUPS: u32 = 1 << 31;

/// A cause: findings of one code, endpoint and answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The same for the same cause.
    pub id: u32,
    /// Twilio's code; for Tropo the class.
    pub code: Arc<str>,
    /// How often it occurred.
    pub count: u64,
    /// On how many calls.
    pub calls: usize,
    /// Method and path; empty for what is about no request.
    pub endpoint: String,
    /// What the app answered.
    pub answer: String,
}

impl GroupRow {
    /// As [`CallRow::key`].
    pub fn key(&self) -> u32 {
        self.id | GROUPS
    }
}

/// Errors over time, as many bins as were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Errors and warnings per bin, in the order of time.
    pub bins: Vec<(u32, u32)>,
    /// Time of the first bin's begin and the last one's end.
    pub span: Option<(Time, Time)>,
}

/// The list of calls at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallList {
    /// In the order asked for.
    pub rows: Vec<CallRow>,
    /// Calls in the session, shown or not.
    pub total: usize,
    /// Errors over time.
    pub histogram: Histogram,
}

/// What is known of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRow {
    /// As the user named it.
    pub name: String,
    /// Lines read so far.
    pub lines: u64,
    /// Bytes judged so far.
    pub bytes: u64,
    /// All of its bytes, when known. For a compressed input these are the compressed ones.
    pub size: Option<u64>,
    /// Where it stands.
    pub state: SourceState,
    /// Lines that could not be read.
    pub unparsed: u64,
    /// When its last lines came, by this machine's clock.
    pub last: Option<Time>,
    /// Lines a second, lately: up to then.
    pub rate: u32,
}

/// What is known of a service that fills the store meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRow {
    /// Such as `listen`.
    pub name: &'static str,
    /// Where it is reached, or what it asks.
    pub at: String,
    /// Events that came.
    pub events: u64,
    /// When the last came, by this machine's clock.
    pub last: Option<Time>,
    /// Everything up to here is in the store.
    pub up_to: Option<Time>,
    /// What is to be known of it while all is well.
    pub but: Option<String>,
    /// What is wrong with it.
    pub bad: Option<String>,
    /// It is not under way any more.
    pub ended: bool,
}

impl ServiceRow {
    /// Where it is reached; none for what only asks others.
    pub fn url(&self) -> Option<&str> {
        self.at.split(' ').next().filter(|u| u.starts_with("http"))
    }

    /// The port there.
    pub fn port(&self) -> Option<&str> {
        let port = self.url()?.rsplit_once(':')?.1;
        port.bytes().all(|b| b.is_ascii_digit()).then_some(port)
    }

    /// Only this machine reaches it.
    pub fn is_loopback(&self) -> bool {
        let host = self.url().and_then(|u| u.split_once("://")).map_or("", |u| u.1);
        ["127.", "localhost", "[::1]"].iter().any(|l| host.starts_with(l))
    }

    /// Where it passes on what comes.
    pub fn to(&self) -> Option<&str> {
        Some(self.at.split_once(" to ")?.1)
    }
}

/// Where an input stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceState {
    /// Not begun.
    #[default]
    Waiting,
    /// A path that is followed and cannot be read for now: why.
    Waits(String),
    /// Being read.
    Reading,
    /// Read to its end for now; what is added will be read.
    Live,
    /// Read to its end.
    Done,
    /// Not to be opened, or not to be read to its end: why.
    Failed(String),
}

/// The story of a call and its legs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryData {
    /// The call that was asked for.
    pub call: u32,
    /// One for each call in it, the call itself first.
    pub heads: Vec<Head>,
    /// In order.
    pub items: Vec<StoryItem>,
    /// Hidden lines are known by their places; before that only counted.
    pub complete: bool,
    /// Lines of these calls that are not items.
    pub hidden: u64,
    /// The longest answer, milliseconds: the scale of the bars.
    pub slowest: u32,
}

/// Who, when, how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the call.
    pub call: u32,
    /// `tropo 767c76…`.
    pub title: String,
    /// Times, people, state, counts.
    pub facts: String,
}

/// One thing that happened, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryItem {
    /// Number of its call in the session.
    pub call: u32,
    /// When.
    pub at: When,
    /// Its line or document.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A request of the platform and its answer.
    Request(Box<RequestItem>),
    /// A finding.
    Finding(Box<FindingItem>),
    /// A call state, in the platform's words.
    State(Arc<str>),
    /// The app's own `log()` text.
    AppLog(Arc<str>),
    /// Lines that say nothing by themselves, in order.
    Hidden(Arc<[Place]>),
}

/// A request in a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestItem {
    /// Its number in the session.
    pub exchange: u32,
    /// The contract's id, `r…`.
    pub name: String,
    /// What it was for.
    pub kind: RequestKind,
    /// HTTP method.
    pub method: Arc<str>,
    /// Host and port.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// The app's own HTTP status.
    pub status: Option<u16>,
    /// How long the app took, milliseconds.
    pub ms: Option<u32>,
    /// What became of it.
    pub outcome: Outcome,
    /// No answer was logged yet.
    pub waiting: bool,
    /// How the step before it ended.
    pub step: Option<Step>,
    /// Why it cannot be sent again.
    pub why_not: Option<String>,
}

/// A finding in a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingItem {
    /// Its number in the session; findings read from hidden lines have none.
    pub finding: Option<u32>,
    /// How bad.
    pub severity: Severity,
    /// What went wrong.
    pub title: Arc<str>,
    /// Twilio's code; for Tropo the class.
    pub code: Arc<str>,
    /// How often on this call.
    pub count: u32,
    /// The request that it is about.
    pub exchange: Option<u32>,
}

/// What can be looked at more closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A request.
    Request(u32),
    /// A finding, and the request that it is about.
    Finding(u32),
    /// A line of the input.
    Line(Place),
}

/// Everything about one thing, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The request that it is about.
    pub exchange: Option<u32>,
    /// One line that names it.
    pub title: String,
    /// Title, evidence, advice, link of its findings, and what became of the request.
    pub why: Vec<Line>,
    /// Method, URL, parameters or body.
    pub request: Vec<Line>,
    /// Status, time, body.
    pub response: Vec<Line>,
    /// Headers of both.
    pub headers: Vec<Line>,
    /// The lines of the source, with their numbers.
    pub raw: Vec<Line>,
    /// Texts for the clipboard.
    pub copy: CopyTexts,
    /// The request itself, to be edited and compared.
    pub recorded: Option<Box<Recorded>>,
}

/// A recorded request with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the session.
    pub exchange: u32,
    /// The contract's id.
    pub name: String,
    /// Number of its call.
    pub call: u32,
    /// The platform.
    pub provider: Provider,
    /// What it was for.
    pub kind: RequestKind,
    /// What became of it.
    pub outcome: Outcome,
    /// As recorded.
    pub request: Request,
    /// The recorded answer.
    pub response: Option<Response>,
    /// The id in the store of the event that told it.
    pub event: Option<i64>,
}

/// Texts for the clipboard, already safe to paste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyTexts {
    /// The request's body.
    pub body: Option<String>,
    /// Its URL.
    pub url: Option<String>,
    /// The call's id.
    pub id: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

/// A recorded request as the user changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// With the changed URL, method and body in place of the recorded ones.
    pub recorded: Recorded,
    /// What is changed by name: JSON values by path, headers.
    pub edits: Edits,
}

/// What would be sent for one request.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The request, as recorded.
    pub recorded: Arc<Recorded>,
    /// As the user changed it.
    pub draft: Option<Arc<Draft>>,
    /// Where it is aimed.
    pub target: Target,
    /// The plan, or why there is none.
    pub plan: Result<Arc<Plan>, String>,
}

/// One replay.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Counted from 1 in this run.
    pub number: u32,
    /// What was sent again.
    pub recorded: Arc<Recorded>,
    /// When, by this machine's clock.
    pub at: Time,
    /// As the user changed it before.
    pub draft: Option<Arc<Draft>>,
    /// Where it was aimed.
    pub target: Target,
    /// The plan that was sent.
    pub plan: Arc<Plan>,
    /// How far it is.
    pub state: AttemptState,
}

/// How far a replay is.
#[derive(Clone, Debug)]
pub enum AttemptState {
    /// Behind others.
    Queued,
    /// Sent, no answer yet.
    InFlight,
    /// Given up by the user.
    Cancelled,
    /// It never got on its way: why.
    Refused(String),
    /// Answered, or failed on the way.
    Done(Arc<Answered>),
}

/// What became of a replay.
#[derive(Debug)]
pub struct Answered {
    /// Status, headers, body, time, transport error.
    pub sent: Sent,
    /// What the platform would say.
    pub problems: Vec<Problem>,
    /// The platform would take it.
    pub pass: bool,
    /// Status line, verdict, headers, body with its faults marked.
    pub lines: Vec<Line>,
    /// The body as text, for comparing.
    pub text: String,
}

impl Attempt {
    /// What became of it, once it has.
    pub fn answered(&self) -> Option<&Answered> {
        match &self.state {
            AttemptState::Done(a) => Some(a),
            _ => None,
        }
    }

    /// Queued or on its way.
    pub fn open(&self) -> bool {
        matches!(self.state, AttemptState::Queued | AttemptState::InFlight)
    }
}
