//! The table of calls: one line each, with columns that fit the page.

use std::io::{self, Write};

use super::super::fit::{self, brief, fit, people, short};
use super::super::style::Role;
use super::Page;
use crate::call::Call;
use crate::model::Severity;
use crate::session::Session;

impl Page {
    /// One line of the table of calls; widths come from [`Columns`].
    pub fn call(&self, out: &mut impl Write, session: &Session, call: &Call, columns: &Columns) -> io::Result<()> {
        let worst = session
            .calls
            .findings_of(call)
            .filter(|f| !f.hidden && !f.noise)
            .max_by_key(|f| f.severity);
        let mark = match worst.map(|f| f.severity) {
            Some(Severity::Error) => self.paint.role(Role::Error, "E"),
            Some(Severity::Warning) => self.paint.role(Role::Warning, "W"),
            _ => self.paint.role(Role::Faint, "·"),
        };
        let time = fit(&brief(call.started).unwrap_or_else(|| "-".to_owned()), columns.time);
        let id = fit(&short(&call.id.to_string()), columns.id);
        let who = fit(&people(call).unwrap_or_default(), columns.people);
        let state = call.state.as_deref().map(str::to_lowercase).unwrap_or_default();
        let what = match worst.filter(|f| f.severity >= Severity::Warning) {
            Some(f) => f.title.to_string(),
            None => state,
        };
        let requests = format!("{:>4}", call.exchanges.len());
        let what = fit(&what, columns.what);
        writeln!(out, "{mark} {time}  {id}  {who}  {requests}  {}", what.trim_end())
    }
}

/// Widths of the table of calls.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    time: usize,
    id: usize,
    people: usize,
    what: usize,
}

impl Columns {
    /// Fits the calls into a page.
    pub fn of<'a>(calls: impl Iterator<Item = &'a Call>, width: usize) -> Self {
        let (mut time, mut id, mut who) = (4, 4, 0);
        for c in calls {
            time = time.max(brief(c.started).map_or(1, |m| fit::width(&m)));
            id = id.max(fit::width(&short(&c.id.to_string())));
            who = who.max(people(c).map_or(0, |p| fit::width(&p)));
        }
        // What went wrong needs room too: callers give way.
        let fixed = 2 + time + 2 + id + 2 + 2 + 4 + 2;
        let who = if who == 0 {
            0
        } else {
            who.max(9).min(width.saturating_sub(fixed + 26).max(9))
        };
        Self {
            time,
            id,
            people: who,
            what: width.saturating_sub(fixed + who).max(12),
        }
    }

    /// The table's head.
    pub fn head(&self) -> String {
        format!(
            "  {}  {}  {}  {:>4}  {}",
            fit("when", self.time),
            fit("call", self.id),
            fit("from → to", self.people),
            "req",
            "what"
        )
    }
}
