//! A whole call, rehearsed without a phone: the first webhook, then what each answer asks for, as the platform would ask.
//!
//! [`Rehearsal`] is pure: it is told an answer and says the next [`Step`], or how the call [`End`]s. What the caller does comes
//! from the user's [`Wishes`], else from the recording, and where neither knows, the rehearsal stops and says what is
//! needed; it never makes up a choice. [`rehearse()`] is the thin driver that plans, sends and judges each step. The files:
//! `wishes` (`--answer` and the like), `recording` (which recorded request a step is), `place` (URLs), `request`, `params` and
//! `cookies` (what is sent), `twiml`, `asides`, `voice`, `verbs`, `services`, `queue` and `callbacks` (Twilio), `document`, `choices`, `session`
//! and `result` (Tropo), `course` (the way through a call, as `setting` wants it), `drive`. A verb that is rehearsed is a variant of
//! `twiml::Verb` and an arm in `voice`; what it does is in the files beside that. What is not rehearsed says so.

mod asides;
mod callbacks;
mod choices;
mod cookies;
mod course;
mod document;
mod drive;
mod params;
mod place;
mod queue;
mod recording;
mod request;
mod result;
mod services;
mod session;
mod setting;
mod twiml;
mod verbs;
mod voice;
mod wishes;

#[cfg(test)]
mod tests;

pub use course::Rehearsal;
pub use drive::{Aborted, Sending, on_host, rehearse};
pub use recording::is_document;
pub use setting::{Fallback, Setting};
pub use wishes::{WishError, Wishes};

use crate::model::{Request, RequestKind, Response, StepEvent};

/// So many requests end a rehearsal that nothing else ends.
pub const MAX_STEPS: usize = 50;

/// A request of the call as it was recorded, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// What it was for.
    pub kind: RequestKind,
    /// The request.
    pub request: Request,
    /// The app's answer, as far as it is known.
    pub response: Option<Response>,
    /// The platform did not take the answer, or there was none.
    pub failed: bool,
}

/// One request of a rehearsal, about to be sent.
#[derive(Clone, Debug)]
pub struct Step {
    /// From 1, in the order of sending.
    pub number: usize,
    /// What it is for.
    pub kind: RequestKind,
    /// On the app's own host, as a recorded one would be.
    pub request: Request,
    /// What asked for it and with what: `Gather action with Digits 2, as recorded`.
    pub asked_by: String,
    /// How the step before it ended.
    pub event: StepEvent,
    /// The recorded request that it is, by its place among those given.
    pub recorded: Option<usize>,
    /// What was left out on the way to it; whole sentences.
    pub notes: Vec<String>,
    /// The caller is gone: the answer is judged, but not run.
    gone: bool,
}

/// How a rehearsal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// In one word.
    pub how: Ended,
    /// The same as a sentence, with what to do next where there is something.
    pub why: String,
    /// What was left out on the way to it; whole sentences.
    pub notes: Vec<String>,
}

/// The ways in which a rehearsal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The call was hung up, by the app, the caller or the end of a document.
    HungUp,
    /// A message was answered.
    Answered,
    /// The platform would not take an answer, or it could not be asked for.
    Failed,
    /// Nobody said what the caller does.
    Unanswered,
    /// The answer sends the call to another host; nothing was sent there.
    Elsewhere,
    /// What the answer asks for cannot be rehearsed.
    NotRehearsed,
    /// The same request got the same answer again.
    Loop,
    /// Too many steps.
    TooLong,
    /// Somebody stopped it.
    Interrupted,
}

impl Ended {
    /// True where a call would have come to its end like this.
    pub fn proper(self) -> bool {
        matches!(self, Self::HungUp | Self::Answered)
    }

    /// The word of the JSON lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung-up",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Unanswered => "needs-answer",
            Self::Elsewhere => "other-host",
            Self::NotRehearsed => "not-rehearsed",
            Self::Loop => "loop",
            Self::TooLong => "too-long",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What comes after an answer.
#[derive(Debug)]
pub enum Next {
    /// Another request.
    Step(Box<Step>),
    /// Nothing.
    End(End),
}

impl End {
    fn new(how: Ended, why: impl Into<String>) -> Self {
        Self {
            how,
            why: why.into(),
            notes: Vec::new(),
        }
    }
}

/// A request that an answer asks for; what a step needs besides follows from the call.
#[derive(Debug)]
struct Draft {
    kind: RequestKind,
    method: Option<&'static str>,
    /// As the document names it; resolved against the document's own URL.
    to: String,
    carries: Carries,
    asked_by: String,
    event: StepEvent,
    recorded: Option<usize>,
    gone: bool,
}

/// What goes with a request.
#[derive(Debug)]
enum Carries {
    /// The parameters of the call, and these.
    Params(Vec<(String, String)>),
    /// These alone: they are another leg's, or only tell.
    Alone(Vec<(String, String)>),
    /// What the recorded request had.
    Recorded,
    /// A JSON document.
    Json(Vec<u8>),
}

/// Where the walk through a document leads.
#[derive(Debug)]
enum Move {
    To(Draft),
    End(End),
}
