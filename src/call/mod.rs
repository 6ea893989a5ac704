//! Calls: what the lines and documents tell, folded into one record per call with its requests and findings.
//!
//! [`Fold`] takes scanned blocks in the order of the input, so the outcome does not depend on how the input was cut
//! or on threads; [`Fold::finish`] settles what only the whole input can tell (dates, requests that nobody answered,
//! what is still pending) and gives [`Calls`]. In between, [`Fold::pause`] gives the calls as far as they can be settled.
//! Memory grows with calls, exchanges and findings: texts are shared, bodies stay in the input. The files: `fold` (blocks in
//! the order of the input), `owners` (whose a line is), `extent` (counts and ranges), `watch` (every line of some calls),
//! `lines` (facts of log lines), `documents` (records), `findings` (rules' words), `settle` (looks in between, and the end),
//! `clock` (dates for lines that lack one), `unanswered` (what the end tells), `overdue` (what waits for too long while an input
//! goes on), `trial` (a look at an unfinished line), `steps` (Twilio's events, inferred), `intern` (shared texts).

mod clock;
mod documents;
mod extent;
mod findings;
mod fold;
mod intern;
mod lines;
mod overdue;
mod owners;
mod settle;
mod steps;
mod trial;
mod unanswered;
mod watch;

pub use clock::{Times, When};
pub use findings::host_and_path;
pub use fold::Fold;

use std::sync::Arc;

use crate::format::Asked;
use crate::model::{Id, InputId, Outcome, Place, Provider, RequestKind, Severity, Step, Time, WhyNot};

/// Everything that the input told, by call.
#[derive(Debug, Default)]
pub struct Calls {
    /// By first line or time; the first stands for lines of no call.
    pub calls: Vec<Call>,
    /// Requests; a call names its own in order.
    pub exchanges: Vec<Exchange>,
    /// Findings; a call names its own in order.
    pub findings: Vec<Finding>,
    /// Runs of lines that could not be read.
    pub unparsed: Vec<Unparsed>,
    /// Numbers of the calls that changed since the look before (all of them, for the first): a list of calls needs to look
    /// only at these again. Empty at the end, which settles all.
    pub touched: Vec<u32>,
}

impl Calls {
    /// The calls, without the place of lines that belong to none.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|c| c.real)
    }

    /// The exchanges of a call, in order.
    pub fn exchanges_of<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Exchange> {
        call.exchanges.iter().map(|&n| &self.exchanges[n as usize])
    }

    /// The findings of a call, in order.
    pub fn findings_of<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Finding> {
        call.findings.iter().map(|&n| &self.findings[n as usize])
    }
}

/// The stretch of one input from the first to the last line of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// Which input.
    pub input: InputId,
    /// So many bytes before its first record begins the line or document that holds it.
    lead: u32,
    /// 1-based number of the line that begins there.
    pub line: u64,
    /// First byte of its first record.
    pub from: u64,
    /// The byte behind its last line.
    pub to: u64,
}

impl Range {
    /// Where reading must begin to meet its first record: the first byte of line [`Range::line`].
    pub fn begins(self) -> u64 {
        // A byte order mark is no part of the first line.
        if self.line == 1 {
            0
        } else {
            self.from - u64::from(self.lead)
        }
    }

    /// Whether a place is in it.
    pub fn holds(self, place: Place) -> bool {
        self.input == place.input && (self.from..self.to).contains(&place.byte)
    }
}

/// One call: a Tropo session with all its legs, or a call or message of Twilio's.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number in [`Calls::calls`].
    pub index: u32,
    /// Primary id.
    pub id: Id,
    /// A call that is listed; false for the place of lines that belong to none.
    pub real: bool,
    /// The platform.
    pub provider: Provider,
    /// All other ids: GUID, call ids, SIP Call-IDs, SIP application sessions.
    pub also: Vec<Id>,
    /// Tropo's GUID column: the parent's session.
    pub guid: Option<Id>,
    /// The parent call.
    pub parent: Option<Id>,
    /// URL or script that served it.
    pub app: Option<Arc<str>>,
    /// Caller.
    pub from: Option<Arc<str>>,
    /// Called.
    pub to: Option<Arc<str>>,
    /// The platform's own word.
    pub direction: Option<Arc<str>>,
    /// Time of the first line.
    pub started: When,
    /// Time of the last line.
    pub ended: When,
    /// How many lines.
    pub lines: u64,
    /// Where its lines are, by input.
    pub ranges: Vec<Range>,
    /// Last state or status, in the platform's words.
    pub state: Option<Arc<str>>,
    /// The line that tells the last state, until someone looks.
    pub state_at: Option<Place>,
    /// The line that tells the application, until someone looks.
    pub app_at: Option<Place>,
    /// The script echoed in it: input, smallest number, first byte, byte behind the last.
    pub echo: Option<(InputId, u32, u64, u64)>,
    /// Numbers of its exchanges, in order.
    pub exchanges: Vec<u32>,
    /// Numbers of its findings, in order.
    pub findings: Vec<u32>,
    live: Live,
}

impl Call {
    /// Takes in the state that its noted line tells; none when it tells none.
    pub(crate) fn know_state(&mut self, state: Option<&str>) {
        self.state = state.map(Into::into);
        self.live.known.state = true;
    }

    /// Takes in the application that its noted line tells.
    pub(crate) fn know_app(&mut self, app: Option<&str>) {
        self.app = app.map(Into::into);
        self.live.known.app = true;
    }

    /// Takes in caller, called and direction from its first request.
    pub(crate) fn know_people(&mut self, from: Option<&str>, to: Option<&str>, direction: Option<&str>) {
        (self.from, self.to) = (from.map(Into::into), to.map(Into::into));
        self.direction = direction.map(Into::into);
        self.live.known.people = true;
    }

    /// What was looked up in its lines already.
    pub(crate) fn known(&self) -> Known {
        self.live.known
    }

    /// All its ids, the primary first.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        std::iter::once(&self.id).chain(&self.also)
    }

    /// How long it went on, milliseconds.
    pub fn duration(&self) -> Option<i64> {
        match (self.started, self.ended) {
            (When::At(a), When::At(b)) => Some(b.0 - a.0),
            (When::Day(d, a), When::Day(e, b)) => {
                Some((i64::from(e) - i64::from(d)) * 86_400_000 + i64::from(b) - i64::from(a))
            }
            _ => None,
        }
    }
}

/// What the fold keeps about a call while it goes on.
#[derive(Clone, Debug, Default)]
struct Live {
    /// The request that waits for its answer.
    open: Option<u32>,
    /// `Processing events:` since the last request.
    step: Option<Arc<str>>,
    /// Findings that stand only when nothing settles them: name, finding.
    pending: Vec<(Arc<str>, u32)>,
    /// Findings that say that a request waits for too long: request, finding. A look shows them.
    overdue: Vec<(u32, u32)>,
    /// How many overdue things the last look showed.
    told: usize,
    /// The moment whose request is said to serve the call: without a time, time, input, line.
    app_told: Option<(bool, Option<Time>, InputId, u64)>,
    /// The moment that told the state: a last one, time, input, line.
    state_told: Option<(bool, Option<Time>, InputId, u64)>,
    /// It waits for something since then, by this machine's clock.
    since: Option<Time>,
    /// Among those that wait.
    listed: bool,
    /// Merged into this call.
    merged: Option<u32>,
    last_line: u64,
    /// It stands for itself: its id is no mere part of another call.
    own: bool,
    /// Changed since the last look.
    touched: bool,
    /// Looked up in its lines.
    known: Known,
    /// What the last look settled, as it was before.
    raw: Option<Box<Raw>>,
}

/// What was looked up in the lines of a call since it last changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) state: bool,
    pub(crate) app: bool,
    pub(crate) people: bool,
}

/// What a look settles of a call, as the fold goes on with it.
#[derive(Clone, Debug, PartialEq)]
struct Raw {
    started: When,
    ended: When,
    parent: Option<Id>,
    exchanges: Vec<u32>,
    findings: Vec<u32>,
}

/// One request of the platform and what became of it, without its bodies: those are read again from `place`.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its own number.
    pub index: u32,
    /// Stable for the same input; see [`Exchange::name`].
    pub id: u64,
    /// Number of its call.
    pub call: u32,
    /// When it was sent.
    pub at: When,
    /// What it was for.
    pub kind: RequestKind,
    /// HTTP method.
    pub method: Option<Arc<str>>,
    /// URL as the platform held it.
    pub url: Option<Arc<str>>,
    /// What became of it.
    pub outcome: Outcome,
    /// The app's own HTTP status.
    pub status: Option<u16>,
    /// How long the app took, milliseconds.
    pub ms: Option<u32>,
    /// Why it cannot be sent again; none when it can.
    pub why_not: Option<WhyNot>,
    /// How the step before it ended.
    pub step: Option<Step>,
    /// The line or document that holds it.
    pub place: Place,
    /// The line of the answer, when it is another.
    pub answer: Option<Place>,
    /// The rest, for documents.
    document: Option<Box<DocumentPart>>,
    /// How the step before it ended, where a log says so; else it is inferred.
    logged: Option<Step>,
    /// Dated by the clock of its input, not by its own line.
    late: bool,
    /// No answer was logged yet.
    waiting: bool,
    /// A finding says why there is no answer.
    explained: bool,
    /// The answer may be cut rather than wrong: it stands on the very last line.
    cut: bool,
}

/// What only documents tell of an exchange.
#[derive(Clone, Debug)]
struct DocumentPart {
    event_id: Option<Id>,
    listing: bool,
    /// From Call Events or Event Streams: it has the answer's status and time.
    timeline: bool,
    /// Recorded as it went over the wire.
    recorded: bool,
    asked: Option<Box<Asked>>,
    digits: Option<Box<str>>,
    gather_end: bool,
    /// The call was not answered yet.
    ringing: bool,
    final_status: Option<Box<str>>,
}

impl Exchange {
    /// The contract's `id`: `r` and ten hex digits.
    pub fn name(&self) -> String {
        format!("r{:010x}", self.id & 0xff_ffff_ffff)
    }

    /// Id of the event that it was read from, when a document has several.
    pub fn event_id(&self) -> Option<&Id> {
        self.document.as_ref().and_then(|d| d.event_id.as_ref())
    }

    /// The event of which only a list's entry is known: request and answer have to be asked for.
    pub fn listed(&self) -> Option<&Id> {
        self.document
            .as_ref()
            .filter(|d| d.listing)
            .and_then(|d| d.event_id.as_ref())
    }

    /// True when a document told it, not a log line.
    pub fn from_document(&self) -> bool {
        self.document.is_some()
    }

    /// A log told it and has told no answer yet: while the input is still read, one may come.
    pub fn waiting(&self) -> bool {
        self.waiting
    }

    /// Can it be sent again?
    pub fn replayable(&self) -> bool {
        self.why_not.is_none()
    }
}

/// One thing that went wrong, or that a developer asked to see.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its own number.
    pub index: u32,
    /// Number of its call.
    pub call: u32,
    /// Id of its rule.
    pub rule: Arc<str>,
    /// Class.
    pub class: Arc<str>,
    /// Twilio's code; for Tropo the class.
    pub code: Arc<str>,
    /// How bad.
    pub severity: Severity,
    /// What went wrong.
    pub title: Arc<str>,
    /// What to look at first.
    pub advice: Arc<str>,
    /// The decisive text.
    pub evidence: Arc<str>,
    /// When.
    pub at: When,
    /// Where.
    pub place: Place,
    /// Number of the exchange that it is about.
    pub exchange: Option<u32>,
    /// How often the same cause occurred on this call.
    pub count: u32,
    /// Not to be shown: settled.
    pub hidden: bool,
    /// Noise by its rule: shown only when everything is asked for.
    pub noise: bool,
    /// Script line that it names, in the engine's numbering.
    pub script_line: Option<u32>,
    /// Seen in Call Events, where an alert may tell the same.
    timeline: bool,
}

/// A run of neighbouring lines that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsed {
    /// The first line; `len` covers all.
    pub place: Place,
    /// How many lines.
    pub lines: u64,
    /// Why, for documents; empty for lines that are no log lines.
    pub why: Arc<str>,
}

/// Things in the order of the input, put in the order of time, given the input, time and rank among equals of each. One
/// without a time stays behind the one before it. A comparison that calls the unknown equal to everything would not do:
/// it is no order, and the standard library's sort panics on those.
pub(crate) fn in_order_of_time<T>(things: Vec<T>, of: impl Fn(&T) -> (u32, Option<Time>, u8)) -> Vec<T> {
    let mut last = (u32::MAX, None);
    let mut timed: Vec<_> = things
        .into_iter()
        .map(|thing| {
            let (input, time, rank) = of(&thing);
            last = (input, time.or(last.1.filter(|_| last.0 == input)));
            ((last.1, rank), thing)
        })
        .collect();
    timed.sort_by_key(|&(key, _)| key);
    timed.into_iter().map(|(_, thing)| thing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_without_a_time_stay_behind_their_neighbour() {
        let at = |s: i64| Some(Time(s));
        for (given, expected) in [
            (vec![('a', 0, at(3)), ('b', 0, None), ('c', 0, at(1))], "cab"),
            (
                vec![('a', 0, None), ('b', 0, at(2)), ('c', 1, None), ('d', 1, at(1))],
                "acdb",
            ),
        ] {
            let sorted = in_order_of_time(given, |t| (t.1, t.2, 0));
            assert_eq!(sorted.iter().map(|t| t.0).collect::<String>(), expected);
        }
    }

    #[test]
    fn many_with_and_without_a_time() {
        let things: Vec<i64> = (0..200).map(|n| n * 7919 % 101).collect();
        let sorted = in_order_of_time(things, |&n| (0, (n % 3 > 0).then_some(Time(n)), 0));
        assert_eq!(sorted.len(), 200);
    }
}
