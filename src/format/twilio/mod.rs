//! Documents: every kind of JSON, form and HTTP text that tells of a Twilio call or message, and Tropo's own JSON.
//!
//! [`read`] turns one complete text into [`Record`]s; [`opening`] and [`Assembler`] find such texts among lines. What
//! cannot be read is told in [`Reading::trouble`], never an error. Strict JSON is read in one pass; the wrappings that
//! pastes and frameworks add are tried only after that failed. Another kind of document needs a line in
//! `kinds::known` and a function that makes its [`Record`].

mod alert;
mod asked;
mod assemble;
mod call_events;
mod debugger;
mod detail;
mod document;
mod draft;
mod form;
mod har;
mod http;
mod kinds;
mod places;
mod purpose;
mod received;
mod relaxed;
mod salvage;
mod scan;
mod stream;
mod unwrap;
mod value;
mod verdict;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::format::{Record, RecordKind};
use crate::model::Payload;

pub(crate) use har::is_webhook;

pub use assemble::{Assembler, Opening, Push, opening};

/// What one stretch of text turned out to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Each record with its place inside the given text: the item's own JSON object, or the whole text for a form body,
    /// a capture, and whatever had to be decoded first.
    pub records: Vec<(Range<usize>, Record)>,
    /// Why a part of the text could not be read, in a few words; the first reason when there are several.
    pub trouble: Option<String>,
    /// The text ends inside a document: with the lines behind it, it may be whole.
    pub incomplete: bool,
    /// Facts are wanted, not everything that could be sent again.
    facts: bool,
}

impl Reading {
    /// Notes the first trouble.
    fn troubled(&mut self, why: impl FnOnce() -> String) {
        if self.trouble.is_none() {
            self.trouble = Some(why());
        }
    }
}

/// Reads one complete text: JSON documents behind one another (on one line or many), a form body, or an HTTP request
/// capture.
///
/// Never fails. A document of a known shape that holds nothing of interest (an empty alert list, the meta part of a
/// page) gives no records and no trouble. Bytes that are not UTF-8 become U+FFFD, but in the payload of a Tropo request.
pub fn read(text: &[u8]) -> Reading {
    read_into(text, Reading::default())
}

/// As [`read`], for a pass over a great many documents: what says nothing about the call (the callers' geography among an
/// alert's parameters) is passed over. Records tell the same but for these parameters.
pub fn read_facts(text: &[u8]) -> Reading {
    read_into(
        text,
        Reading {
            facts: true,
            ..Reading::default()
        },
    )
}

fn read_into(text: &[u8], mut reading: Reading) -> Reading {
    if let Ok(text) = std::str::from_utf8(text) {
        document::read_text(text, 0, &mut reading);
        return reading;
    }
    let (clean, places) = places::lossy(text);
    document::read_text(&clean, 0, &mut reading);
    for (range, record) in &mut reading.records {
        *range = places.old(range.start)..places.old(range.end).min(text.len());
        restore(record, text.get(range.clone()));
    }
    reading
}

/// Gives a Tropo request its own bytes back: what it was sent as may be ISO-8859-1.
fn restore(record: &mut Record, bytes: Option<&[u8]>) {
    if let (RecordKind::TropoPayload, Some(request), Some(bytes)) = (record.kind, &mut record.request, bytes)
        && bytes.starts_with(b"{")
    {
        request.payload = Payload::Json(bytes.to_vec());
    }
}
