//! What was printed already, and what of a session is new.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::args;
use super::super::{closing, errors, say};
use super::Printed;
use super::bar::Bar;
use super::words::Words;
use crate::call::{Call, Finding, When};
use crate::filter::Engine;
use crate::live::Intake;
use crate::model::{Outcome, Place, Severity};
use crate::output::json;
use crate::output::text::{Columns, Page};
use crate::query::{CallError, Query, calls_by_id};
use crate::session::Session;
use crate::session::story::family;

/// So long a listed event waits to be fetched whole.
const HOLD: Duration = Duration::from_secs(5);

/// When a session is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What was there at the start is still read.
    Early,
    /// More will come.
    Between,
    /// Everything is at its end.
    Last,
}

/// Title and evidence of a finding.
type Said = (Arc<str>, Arc<str>);

/// What was printed already, and how.
pub(super) struct Printer<'l, 'e> {
    pub(super) look: &'l args::Look,
    pub(super) engine: &'e Engine,
    pub(super) page: Page,
    pub(super) printed: Printed,
    pub(super) query: Query,
    pub(super) intake: Option<Intake<'e>>,
    pub(super) begun: Instant,
    pub(super) bar: Bar,
    pub(super) words: Words,
    /// Findings, by their place and rule, with what they said: a line that was unfinished says more once it is whole.
    pub(super) told: HashMap<(Place, Arc<str>), Said>,
    /// Findings by their number, with what tells them from others that had it: a whole event takes the place of a listed one.
    pub(super) numbers: HashMap<u32, (u32, When, Arc<str>)>,
    /// Findings of listed events that wait to be whole, with their calls, and since when.
    pub(super) held: HashMap<u32, (u32, Instant)>,
    /// Whether any wait.
    pub(super) holds: bool,
    /// Requests, by their place, and what had become of them.
    pub(super) requests: HashMap<Place, Outcome>,
    /// Calls, with what was printed of them.
    pub(super) calls: HashMap<u32, CallShown>,
    /// Where the printed findings stand.
    pub(super) places: HashSet<(u32, u64)>,
    /// The call whose heading was printed last.
    pub(super) heading: Option<u32>,
    pub(super) columns: Option<Columns>,
    /// An error was printed.
    pub(super) errors: bool,
    pub(super) failed: bool,
    /// The wanted call was not there when all was read.
    pub(super) missed: bool,
    /// It was said that the wanted call is not there.
    missing: bool,
    failures: usize,
}

/// What a line of a call says that may change.
#[derive(PartialEq)]
pub(super) struct CallShown {
    state: Option<Arc<str>>,
    pub(super) worst: Option<Severity>,
    problems: usize,
    requests: usize,
}

impl<'l, 'e> Printer<'l, 'e> {
    pub(super) fn new(
        look: &'l args::Look,
        engine: &'e Engine,
        page: Page,
        printed: Printed,
        query: Query,
        intake: Intake<'e>,
        begun: Instant,
    ) -> Self {
        let holds = printed == Printed::Fetched;
        Self {
            look,
            engine,
            page,
            printed,
            query,
            intake: Some(intake),
            begun,
            bar: Bar::new(begun),
            words: Words::default(),
            told: HashMap::new(),
            numbers: HashMap::new(),
            held: HashMap::new(),
            holds,
            requests: HashMap::new(),
            calls: HashMap::new(),
            places: HashSet::new(),
            heading: None,
            columns: None,
            errors: false,
            failed: false,
            missed: false,
            missing: false,
            failures: 0,
        }
    }

    /// Prints what is new of a session.
    pub(super) fn print(&mut self, session: &mut Session, look: Look, out: &mut impl Write) -> anyhow::Result<()> {
        for f in session.failures.iter().skip(self.failures) {
            self.failed = true;
            say(&f.to_string());
        }
        self.failures = session.failures.len();
        let aimed = self.aim(session, look);
        let changed = if aimed || look == Look::Last {
            self.all(session)
        } else {
            self.changed(session)
        };
        if changed.is_empty() {
            return Ok(());
        }
        match self.printed {
            Printed::Findings | Printed::Fetched => self.findings(session, &changed, out),
            Printed::Traffic => self.traffic(session, &changed, out),
            Printed::Calls => self.call_lines(session, &changed, out),
            Printed::Story(_) => {
                if self.look.json {
                    self.call_lines(session, &changed, out)?;
                }
                self.traffic(session, &changed, out)
            }
        }
    }

    /// Which calls the user named, as far as they are there; true when that has changed.
    fn aim(&mut self, session: &Session, look: Look) -> bool {
        let (id, legs) = match (&self.printed, &self.look.call) {
            (Printed::Story(id), _) => (id.clone(), true),
            (_, Some(id)) => (id.clone(), false),
            (_, None) => return false,
        };
        if look != Look::Last && session.calls.touched.is_empty() && self.query.calls.is_some() {
            return false;
        }
        let calls = match calls_by_id(session, &id) {
            Ok(named) if legs => family(&session.calls, named, false),
            Ok(named) => named,
            // Another call has such an id too: the one that is printed stays.
            Err(CallError::Ambiguous { .. }) if self.query.calls.as_ref().is_some_and(|c| !c.is_empty()) => {
                return false;
            }
            Err(e) => {
                self.cannot_name(&e, look);
                HashSet::new()
            }
        };
        let changed = self.query.calls.as_ref() != Some(&calls);
        self.query.calls = Some(calls);
        changed
    }

    /// A call may come yet; at the beginning that goes without saying.
    fn cannot_name(&mut self, e: &CallError, look: Look) {
        let may_come = !matches!(e, CallError::Ambiguous { .. });
        self.missed |= look == Look::Last;
        if look == Look::Early || std::mem::replace(&mut self.missing, true) && look != Look::Last {
            return;
        }
        let wait = if may_come && look == Look::Between {
            "; waiting for it"
        } else {
            ""
        };
        say(&format!("{e}{wait}"));
    }

    fn in_view(&self, call: u32) -> bool {
        self.query.calls.as_ref().is_none_or(|c| c.contains(&call))
    }

    /// Calls that changed since the look before.
    fn changed(&self, session: &Session) -> Vec<u32> {
        let touched: HashSet<u32> = session.calls.touched.iter().copied().collect();
        let held = self.held.values().map(|h| h.0).filter(|n| !touched.contains(n));
        let held: HashSet<u32> = held.collect();
        self.sorted(session, touched.into_iter().chain(held))
    }

    fn all(&self, session: &Session) -> Vec<u32> {
        self.sorted(session, 0..session.calls.calls.len() as u32)
    }

    fn sorted(&self, session: &Session, calls: impl Iterator<Item = u32>) -> Vec<u32> {
        let all = &session.calls.calls;
        let mut calls: Vec<u32> = calls.filter(|&n| (n as usize) < all.len() && self.in_view(n)).collect();
        calls.sort_by_key(|&n| errors::order(session, &all[n as usize]));
        calls
    }

    pub(super) fn is_told(&self, f: &Finding) -> bool {
        let same = |n: &(u32, When, Arc<str>)| (n.0, n.1, &n.2) == (f.call, f.at, &f.code);
        match self.told.get(&(at(f.place), Arc::clone(&f.rule))) {
            Some((title, evidence)) => (title, evidence) == (&f.title, &f.evidence),
            None => self.numbers.get(&f.index).is_some_and(same),
        }
    }

    /// Whether a finding is to wait until its event is there whole.
    pub(super) fn hold(&mut self, session: &Session, f: u32) -> bool {
        let f = &session.calls.findings[f as usize];
        let listed = f
            .exchange
            .is_some_and(|e| session.calls.exchanges[e as usize].listed().is_some());
        if self.holds && listed {
            let (_, since) = self.held.entry(f.index).or_insert_with(|| (f.call, Instant::now()));
            if since.elapsed() < HOLD {
                return true;
            }
        }
        self.held.remove(&f.index);
        false
    }

    pub(super) fn summary(&mut self, session: &Session, out: &mut impl Write) -> anyhow::Result<()> {
        if self.look.unparsed {
            closing::list_unparsed(session, self.look.json, out)?;
        }
        let summary = closing::summary(session, &self.query, &self.places, self.begun);
        if self.look.json {
            return Ok(json::line(out, &summary)?);
        }
        let told = session.calls.findings.iter().filter(|f| self.is_told(f));
        let calls: HashSet<u32> = told
            .map(|f| f.call)
            .filter(|&n| session.calls.calls[n as usize].real)
            .collect();
        if !(self.places.is_empty() && self.requests.is_empty()) {
            writeln!(out)?;
        }
        Ok(self.page.summary(out, &summary, self.told.len(), calls.len())?)
    }
}

/// A place without its length, which grows with an unfinished line.
pub(super) fn at(place: Place) -> Place {
    Place { len: 0, ..place }
}

pub(super) fn shown(session: &Session, call: &Call) -> CallShown {
    let findings = || session.calls.findings_of(call).filter(|f| !f.hidden && !f.noise);
    CallShown {
        state: call.state.clone(),
        worst: findings().map(|f| f.severity).max(),
        problems: findings().count(),
        requests: call.exchanges.len(),
    }
}
