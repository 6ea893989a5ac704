//! Requests in the story of a call: what was sent, what came back, what kept replays became.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::changes;
use super::super::fit::wrap;
use super::super::json::body_text;
use super::super::kept::Kept;
use super::super::style::Role;
use super::{INDENT, Page};
use crate::call::Exchange;
use crate::model::{Payload, RequestKind};
use crate::session::Detail;

impl Page {
    /// A request in the story of a call.
    pub fn exchange(&self, out: &mut impl Write, e: &Exchange, d: &Detail) -> io::Result<()> {
        let clock = e.at.clock().unwrap_or_else(|| "        ".to_owned());
        let method = e.method.as_deref().unwrap_or("?");
        let url = e.url.as_deref().unwrap_or("(no URL)");
        let kind = (e.kind != RequestKind::Unknown).then(|| e.kind.as_str().to_owned());
        let step = e.step.map(|s| {
            let word = s.event.as_str();
            if s.certain {
                word.to_owned()
            } else {
                format!("likely {word}")
            }
        });
        let facts: Vec<String> = kind.into_iter().chain(step).collect();
        let line = match facts.as_slice() {
            [] => format!("{method} {url}"),
            _ => format!("{method} {url} ({})", facts.join(", ")),
        };
        for (n, part) in wrap(&line, self.room(INDENT)).into_iter().enumerate() {
            let lead = if n == 0 {
                format!("{clock} ▶ ")
            } else {
                " ".repeat(INDENT)
            };
            writeln!(out, "{}{part}", self.paint.role(Role::Faint, lead))?;
        }
        self.params(out, d)?;
        self.answer(out, e, d)
    }

    fn params(&self, out: &mut impl Write, d: &Detail) -> io::Result<()> {
        match &d.request.payload {
            Payload::Form(p) => {
                let shown: Vec<String> = p
                    .iter()
                    .filter(|(n, v)| interesting(n) && !v.is_empty())
                    .map(|(n, v)| format!("{n}={v}"))
                    .collect();
                if !shown.is_empty() {
                    self.wrapped(out, INDENT, Role::Faint, &shown.join("  "))?;
                }
            }
            Payload::Json(_) => {
                if let Some(body) = body_text(d) {
                    self.quoted(out, &body, 2)?;
                }
            }
            Payload::Empty => {}
        }
        Ok(())
    }

    fn answer(&self, out: &mut impl Write, e: &Exchange, d: &Detail) -> io::Result<()> {
        let role = if e.outcome.failed() { Role::Error } else { Role::Good };
        let mut said = e.outcome.as_str().to_owned();
        if let Some(s) = e.status {
            said = format!("{s} {said}");
        }
        if let Some(ms) = e.ms {
            let _ = write!(said, " in {ms} ms");
        }
        writeln!(
            out,
            "{:>8} {} {}",
            "",
            self.paint.role(role, "◀"),
            self.paint.role(role, said)
        )?;
        if let Some(body) = d
            .response
            .as_ref()
            .and_then(|r| r.body.as_deref())
            .filter(|b| !b.trim().is_empty())
        {
            self.quoted(out, body, 4)?;
        }
        Ok(())
    }

    /// A replay that was kept, below its request.
    pub fn replayed(&self, out: &mut impl Write, kept: &Kept) -> io::Result<()> {
        let (word, role) = kept.word();
        let problem = kept.problem().filter(|_| !kept.pass);
        let problem = problem.map(|p| format!(" {p}")).unwrap_or_default();
        self.wrapped(
            out,
            INDENT,
            role,
            &format!("replayed {} {word}{problem}", kept.became()),
        )?;
        match changes::line(&kept.edits) {
            Some(line) => self.wrapped(out, INDENT + 2, Role::Faint, &line),
            None => Ok(()),
        }
    }
}

/// Parameters that tell a person what the caller did; geography and ids do not.
fn interesting(name: &str) -> bool {
    matches!(
        name,
        "Digits"
            | "SpeechResult"
            | "FinishedOnKey"
            | "CallStatus"
            | "DialCallStatus"
            | "RecordingUrl"
            | "Body"
            | "msg"
            | "MessageStatus"
            | "SmsStatus"
            | "ErrorCode"
            | "ErrorUrl"
            | "RecordingStatus"
            | "From"
            | "To"
            | "Confidence"
    )
}
