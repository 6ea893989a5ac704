//! The lines themselves: findings under the heading of their call, requests with what is wrong with them, calls.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use super::printer::{Printer, at, shown};
use crate::call::Call;
use crate::model::Severity;
use crate::output::json;
use crate::output::style::Role;
use crate::output::text::Columns;
use crate::query::Query;
use crate::session::Session;
use crate::session::story::{Story, What};

impl Printer<'_, '_> {
    /// New findings of these calls, call by call.
    pub(super) fn findings(
        &mut self,
        session: &mut Session,
        calls: &[u32],
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        for &n in calls {
            for f in self.new_findings(session, n) {
                if !self.hold(session, f) {
                    self.finding(session, f, out)?;
                }
            }
        }
        Ok(())
    }

    fn new_findings(&self, session: &Session, call: u32) -> Vec<u32> {
        let call = &session.calls.calls[call as usize];
        let new = self.query.findings(session, call).filter(|f| !self.is_told(f));
        new.map(|f| f.index).collect()
    }

    /// Requests that are new, or of which something else has become.
    fn new_requests(&self, session: &Session, call: u32) -> Vec<u32> {
        let call = &session.calls.calls[call as usize];
        let new = self.query.exchanges(session, call).filter(|e| {
            // One that waits for its answer is told when that comes, or is overdue.
            let settled = !e.waiting() || e.outcome.failed();
            settled && self.requests.get(&at(e.place)) != Some(&e.outcome)
        });
        new.map(|e| e.index).collect()
    }

    fn finding(&mut self, session: &mut Session, f: u32, out: &mut impl Write) -> anyhow::Result<()> {
        let call = session.calls.findings[f as usize].call;
        self.heading(session, call, out)?;
        let f = &session.calls.findings[f as usize];
        let said = (Arc::clone(&f.title), Arc::clone(&f.evidence));
        self.told.insert((at(f.place), Arc::clone(&f.rule)), said);
        self.numbers.insert(f.index, (f.call, f.at, Arc::clone(&f.code)));
        self.places.insert((f.place.input, f.place.line));
        self.errors |= f.severity == Severity::Error;
        let script = session.script(f);
        if self.look.json {
            json::line(out, &json::finding(session, f, &script))?;
        } else {
            self.page.finding(out, session, f, &script)?;
        }
        Ok(())
    }

    fn request(&mut self, session: &mut Session, e: u32, out: &mut impl Write) -> anyhow::Result<()> {
        let call = session.calls.exchanges[e as usize].call;
        self.heading(session, call, out)?;
        let e = &session.calls.exchanges[e as usize];
        self.requests.insert(at(e.place), e.outcome);
        let detail = session.details(&[e]).remove(0);
        if self.look.json {
            json::line(out, &json::request(session, e, &detail))?;
        } else {
            self.page.exchange(out, e, &detail)?;
        }
        Ok(())
    }

    /// The heading of a call, when lines of another one stand before.
    fn heading(&mut self, session: &mut Session, call: u32, out: &mut impl Write) -> anyhow::Result<()> {
        if self.look.json || self.heading.replace(call) == Some(call) {
            return Ok(());
        }
        if !(self.places.is_empty() && self.requests.is_empty()) {
            writeln!(out)?;
        }
        session.look_into(self.engine, |c| c.index == call);
        Ok(self.page.heading(out, session, &session.calls.calls[call as usize])?)
    }

    /// New requests and findings of these calls, in the order of their story.
    pub(super) fn traffic(&mut self, session: &mut Session, calls: &[u32], out: &mut impl Write) -> anyhow::Result<()> {
        let requests: Vec<u32> = calls.iter().flat_map(|&n| self.new_requests(session, n)).collect();
        let findings: Vec<u32> = calls.iter().flat_map(|&n| self.new_findings(session, n)).collect();
        let known = &session.calls;
        let requests = requests.iter().map(|&n| &known.exchanges[n as usize]);
        let findings = findings.iter().map(|&n| &known.findings[n as usize]);
        let story = Story::of(known, calls, requests, findings, &[]);
        for item in story.items {
            match item.what {
                What::Request(n) => self.request(session, n, out)?,
                What::Finding(n) => self.finding(session, n, out)?,
                What::State(_) | What::AppLog(_) | What::Hidden(_) | What::Line => {}
            }
        }
        Ok(())
    }

    /// Calls that are new, or of which a line would say something else now.
    pub(super) fn call_lines(
        &mut self,
        session: &mut Session,
        changed: &[u32],
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let set: HashSet<u32> = changed.iter().copied().collect();
        // Reading on in the lines is what tells state and callers.
        session.look_into(self.engine, |c| set.contains(&c.index));
        let query = Query {
            calls: Some(set),
            ..self.query.clone()
        };
        let in_view: HashSet<u32> = query.calls(session).map(|c| c.index).collect();
        let level = self.query.level;
        let mut new: Vec<&Call> = Vec::new();
        for n in changed.iter().filter(|n| in_view.contains(n)) {
            let call = &session.calls.calls[*n as usize];
            let shown = shown(session, call);
            if level.is_none_or(|l| shown.worst.is_some_and(|w| w >= l)) && self.calls.get(n) != Some(&shown) {
                self.calls.insert(*n, shown);
                new.push(call);
            }
        }
        if !self.look.json && !new.is_empty() && self.columns.is_none() {
            let columns = Columns::of(new.iter().copied(), self.page.width);
            writeln!(out, "{}", self.page.paint.role(Role::Faint, columns.head()))?;
            self.columns = Some(columns);
        }
        for call in new {
            match &self.columns {
                Some(columns) => self.page.call(out, session, call, columns)?,
                None => json::line(out, &json::call(session, call))?,
            }
        }
        Ok(())
    }
}
