//! A recorded call with all its requests, as a rehearsal wants it.

use super::super::{Exit, Stop, read};
use super::choose::Chosen;
use crate::call::{Call, Exchange};
use crate::output::rehearsal::Met;
use crate::replay::rehearsal::{Recorded, Step, is_document};
use crate::session::Detail;

/// A call as the rehearsal wants it.
pub(super) struct Story<'a> {
    pub(super) call: &'a Call,
    pub(super) exchanges: Vec<&'a Exchange>,
    details: Vec<Detail>,
    pub(super) recorded: Vec<Recorded>,
}

impl<'a> Story<'a> {
    pub(super) fn of(view: &'a read::View, call: &'a Call) -> Self {
        let exchanges: Vec<&Exchange> = view.session.calls.exchanges_of(call).collect();
        let details = view.session.details(&exchanges);
        let recorded = exchanges.iter().zip(&details).map(|(e, d)| Recorded {
            kind: e.kind,
            request: d.request.clone(),
            response: d.response.clone(),
            failed: e.outcome.failed(),
        });
        let recorded = recorded.collect();
        Self {
            call,
            exchanges,
            details,
            recorded,
        }
    }

    /// The first webhook.
    pub(super) fn start(&self) -> Result<usize, Stop> {
        let documents = || (0..self.exchanges.len()).filter(|&n| is_document(self.exchanges[n].kind));
        if let Some(n) = documents().find(|&n| self.exchanges[n].replayable()) {
            return Ok(n);
        }
        let why = match documents().find_map(|n| self.exchanges[n].why_not) {
            Some(why) => format!("the first webhook of call {} cannot be sent again: {why}", self.call.id),
            None => format!("call {} has no webhook to begin with", self.call.id),
        };
        Err(Stop::new(Exit::Nothing, why))
    }

    pub(super) fn chosen(&self, n: usize) -> Chosen<'a> {
        Chosen {
            call: self.call,
            exchange: self.exchanges[n],
            detail: self.details[n].clone(),
        }
    }

    /// What the recording had at a step.
    pub(super) fn met<'v>(&self, view: &'v read::View, step: &Step) -> Option<Met<'v>>
    where
        'a: 'v,
    {
        let exchange = self.exchanges[step.recorded?];
        let findings = view.session.calls.findings_of(self.call);
        let codes = findings.filter(|f| f.exchange == Some(exchange.index) && !f.hidden && !f.noise);
        let mut codes: Vec<&str> = codes.map(|f| &*f.code).collect();
        codes.dedup();
        Some(Met { exchange, codes })
    }
}
