//! The words of the field as plain data: ids, times, severities, requests, findings.
//!
//! Nothing here does I/O, looks at a clock or knows another module of the crate; every other module speaks in
//! these types. Words: a *call* is one Tropo session or one Twilio call or message, with all its ids; a *leg* is
//! one line of it; an *exchange* is one HTTP request of the platform and what became of it; a *finding* is one
//! thing that went wrong, or that a developer asked to see.

mod id;
mod place;
mod request;
mod severity;
mod time;
mod verdict;

pub use id::Id;
pub use place::{InputId, Place};
pub use request::{Outcome, Payload, Request, RequestKind, Response, Step, StepEvent, WhyNot};
pub use severity::{Provider, Severity};
pub use time::{Stamp, Time};
pub use verdict::{Problem, Verdict};
