//! A recorded call with all its requests, as a rehearsal wants it.

use super::super::{Exit, Stop, read};
use super::choose::Chosen;
use super::tell::{Body, difference};
use crate::call::{Call, Exchange, host_and_path};
use crate::output::rehearsal::{Met, Unreached};
use crate::replay::Followed;
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

    /// What of the recording a rehearsal left out.
    pub(super) fn left(&self, places: &[usize]) -> Unreached {
        let name = |&n: &usize| {
            let (e, r) = (self.exchanges[n], &self.recorded[n]);
            let url = r.request.url.as_deref().unwrap_or_default();
            let (_, path) = host_and_path(url);
            let became = e
                .status
                .map_or_else(|| e.outcome.as_str().to_owned(), |s| s.to_string());
            let method = e.method.as_deref().or(r.request.method.as_deref()).unwrap_or("POST");
            format!("{method} {path} (recorded: {became})")
        };
        let failed = places.iter().find(|&&n| self.recorded[n].failed);
        Unreached {
            requests: places.iter().map(name).collect(),
            failed: failed.map(|&n| self.exchanges[n].name()),
        }
    }

    /// What the recording had at a step.
    pub(super) fn met<'v>(&self, view: &'v read::View, step: &Step, done: &Followed) -> Option<Met<'v>>
    where
        'a: 'v,
    {
        let n = step.recorded?;
        let exchange = self.exchanges[n];
        let findings = view.session.calls.findings_of(self.call);
        let codes = findings.filter(|f| f.exchange == Some(exchange.index) && !f.hidden && !f.noise);
        let mut codes: Vec<&str> = codes.map(|f| &*f.code).collect();
        codes.dedup();
        let was = Body::logged(self.details[n].response.as_ref(), exchange.status);
        let is = Body::of_sent(&done.sent);
        let differs = difference(was.as_ref(), is.as_ref()).map(|lines| !lines.is_empty());
        Some(Met {
            exchange,
            codes,
            differs: differs.filter(|_| was.is_some_and(|b| b.is_known())),
        })
    }
}
