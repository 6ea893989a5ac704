//! What the platforms write: bytes in, plain records out, never an error for bad input.
//!
//! [`tropo`] knows the five forms of log line, [`twilio`] the kinds of document (and Tropo's own JSON documents, which
//! arrive the same way). A document becomes [`Record`]s. [`har`] is the one shape that we write ourselves.

pub mod har;
mod record;
pub mod tropo;
pub mod twilio;

pub use record::{Asked, Fields, GatherSummary, Record, RecordKind};
