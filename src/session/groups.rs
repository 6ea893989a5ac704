//! One cause, many calls: findings put together by code, endpoint and answer.
//!
//! Two findings have one cause where their code is the same, their requests went to the same endpoint, and the app answered the
//! same, once everything is taken away that differs from call to call: ids, numbers, times, addresses, values of the query. What
//! is taken away is in `groups/alike`. Bodies are not kept: those of failed requests are read again in batches, and
//! [`Answers`] remembers one short text of each, so that a second look costs nothing.

mod alike;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use super::{Detail, Session};
use crate::call::{Exchange, Finding};
use crate::model::{Place, Severity, Time};

/// Requests that are read again at a time.
const BATCH: usize = 256;
/// So many where an input has to be read from its beginning for each batch, as compressed ones are.
const LARGE_BATCH: usize = 8192;
/// Words of the evidence that stand for an answer that nobody kept.
const WORDS: usize = 8;

/// Findings of one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The same for the same cause, in any input.
    pub id: u32,
    /// Twilio's code; for Tropo the class.
    pub code: Arc<str>,
    /// Class.
    pub class: Arc<str>,
    /// What went wrong.
    pub title: Arc<str>,
    /// The worst of them.
    pub severity: Severity,
    /// HTTP method of the requests.
    pub method: Option<Arc<str>>,
    /// Where they went: path, with the host where requests went to several; none for findings about no request.
    pub endpoint: Option<String>,
    /// What the app answered, or why nothing came: one line of the example.
    pub answer: String,
    /// How often it occurred.
    pub count: u64,
    /// Calls that it occurred on, by number.
    pub calls: BTreeSet<u32>,
    /// Requests that it occurred on, by number.
    pub requests: BTreeSet<u32>,
    /// When first.
    pub first: Option<Time>,
    /// When last.
    pub last: Option<Time>,
    /// Number of the finding to look at: the latest whose request can be sent again, else the first.
    pub example: u32,
    /// Number of the request to send: the latest that can be sent again.
    pub request: Option<u32>,
}

impl Group {
    /// Its id as a text: `g` and eight hex digits.
    pub fn name(&self) -> String {
        format!("g{:08x}", self.id)
    }
}

/// What failed requests were answered with, as far as it was looked up: a line for people, and what makes it the same as another.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    known: HashMap<Key, Answer>,
    /// What bodies amount to that were seen already, by their hash: the same page is often answered a thousand times.
    bodies: HashMap<u64, (u64, Arc<str>)>,
    /// Fixed, so that a cause keeps its id.
    hasher: foldhash::fast::FixedState,
}

/// A request as it stood when its answer was looked up: a later answer is another.
type Key = (Place, Option<Place>, u64);

#[derive(Clone, Debug)]
struct Answer {
    same: u64,
    shown: Arc<str>,
    /// A body or status of the app is in it.
    known: bool,
}

impl Answers {
    /// Looks up what is missing, batch by batch; `progress` is told how many requests are done of how many.
    fn look_up(&mut self, session: &Session, exchanges: &[&Exchange], progress: &mut dyn FnMut(usize, usize)) {
        let mut missing: Vec<&Exchange> = exchanges
            .iter()
            .filter(|e| !self.known.contains_key(&key(e)))
            .copied()
            .collect();
        missing.sort_by_key(|e| (e.place, e.id));
        missing.dedup_by_key(|e| key(e));
        let mut done = 0;
        let cheap = session.inputs.iter().all(|i| i.source.again_is_cheap());
        for batch in missing.chunks(if cheap { BATCH } else { LARGE_BATCH }) {
            for (e, detail) in batch.iter().zip(session.details(batch)) {
                let answer = self.answer(e, &detail);
                self.known.insert(key(e), answer);
            }
            done += batch.len();
            progress(done, missing.len());
        }
    }

    fn answer(&mut self, e: &Exchange, detail: &Detail) -> Answer {
        let response = detail.response.as_ref();
        let status = response.and_then(|r| r.status).or(e.status);
        let body = response
            .and_then(|r| r.body.as_deref())
            .filter(|b| !b.trim().is_empty());
        let (same, line) = body.map_or_else(|| (0, "".into()), |b| self.body(b));
        let word = match status {
            Some(s) => s.to_string(),
            None => e.outcome.as_str().to_owned(),
        };
        // Many a page begins with its own status.
        let line = line.strip_prefix(&word).unwrap_or(&line);
        let shown = format!("{word} {}", line.trim_start());
        Answer {
            same: self.hasher.hash_one((word, same)),
            shown: shown.trim_end().into(),
            known: status.is_some() || body.is_some() || e.outcome.failed(),
        }
    }

    fn body(&mut self, body: &str) -> (u64, Arc<str>) {
        let (bodies, hasher) = (&mut self.bodies, &self.hasher);
        bodies
            .entry(hasher.hash_one(body))
            .or_insert_with(|| (hasher.hash_one(alike::text(body)), alike::first_line(body).into()))
            .clone()
    }

    fn of(&self, e: &Exchange) -> Option<&Answer> {
        self.known.get(&key(e))
    }
}

fn key(e: &Exchange) -> Key {
    (e.place, e.answer, e.id)
}

/// Groups of findings, the most frequent first, of equals the one that began first. Without `progress` nothing is read again: what an app
/// answered counts only where it was looked up before.
pub fn groups(
    session: &Session,
    findings: &[&Finding],
    answers: &mut Answers,
    progress: Option<&mut dyn FnMut(usize, usize)>,
) -> Vec<Group> {
    let exchange = |f: &Finding| f.exchange.map(|n| &session.calls.exchanges[n as usize]);
    let about: Vec<&Exchange> = findings.iter().filter_map(|f| exchange(f)).collect();
    if let Some(progress) = progress {
        answers.look_up(session, &about, progress);
    }
    let several = several_hosts(about.iter().copied());
    let mut all: HashMap<u64, (usize, Group)> = HashMap::new();
    for (n, f) in findings.iter().enumerate() {
        let e = exchange(f);
        let endpoint = e.map(|e| endpoint(e, several));
        let (same, shown) = answered(answers, f, e);
        let method = e.and_then(|e| e.method.clone());
        let id = answers.hasher.hash_one((&*f.code, &method, &endpoint, same));
        let group = all.entry(id).or_insert_with(|| {
            let group = begun(f, (id >> 32) as u32 ^ id as u32, method, endpoint, shown);
            (n, group)
        });
        add(session, &mut group.1, f, e);
    }
    let mut groups: Vec<(usize, Group)> = all.into_values().collect();
    groups.sort_by_key(|(n, g)| (std::cmp::Reverse(g.count), g.first.is_none(), g.first, *n));
    groups.into_iter().map(|(_, g)| g).collect()
}

/// What stands for the answer of a finding's request, and a line for people.
fn answered(answers: &Answers, f: &Finding, e: Option<&Exchange>) -> (u64, String) {
    match e.and_then(|e| answers.of(e)).filter(|a| a.known) {
        Some(a) => (a.same, a.shown.to_string()),
        None => {
            let said = alike::text(&f.evidence);
            let words: Vec<&str> = said.split(' ').take(WORDS).collect();
            (answers.hasher.hash_one(words), alike::first_line(&f.evidence))
        }
    }
}

fn begun(f: &Finding, id: u32, method: Option<Arc<str>>, endpoint: Option<String>, answer: String) -> Group {
    Group {
        id,
        code: Arc::clone(&f.code),
        class: Arc::clone(&f.class),
        title: Arc::clone(&f.title),
        severity: f.severity,
        method,
        endpoint,
        answer,
        count: 0,
        calls: BTreeSet::new(),
        requests: BTreeSet::new(),
        first: None,
        last: None,
        example: f.index,
        request: None,
    }
}

fn add(session: &Session, group: &mut Group, f: &Finding, e: Option<&Exchange>) {
    group.count += u64::from(f.count.max(1));
    group.severity = group.severity.max(f.severity);
    if session.calls.calls[f.call as usize].real {
        group.calls.insert(f.call);
    }
    let at = f.at.time();
    group.first = [group.first, at].into_iter().flatten().min();
    group.last = [group.last, at].into_iter().flatten().max();
    let Some(e) = e else { return };
    group.requests.insert(e.index);
    let before = group.request.map(|n| &session.calls.exchanges[n as usize]);
    if e.replayable() && before.is_none_or(|b| later(e, b)) {
        group.request = Some(e.index);
        group.example = f.index;
        // The words may name what is the example's own.
        group.title = Arc::clone(&f.title);
    }
}

/// True where a request came after another: by time, else by where it stands.
fn later(e: &Exchange, than: &Exchange) -> bool {
    match (e.at.time(), than.at.time()) {
        (Some(a), Some(b)) if a != b => a > b,
        _ => (e.place.input, e.place.byte, e.index) >= (than.place.input, than.place.byte, than.index),
    }
}

/// The latest of each cause among requests, by their numbers in the order given: of those that can be sent again where there are any.
/// A request counts once, for the worst finding about it; without any, its outcome stands for the code.
pub fn one_each(
    session: &Session,
    exchanges: &[&Exchange],
    answers: &mut Answers,
    progress: &mut dyn FnMut(usize, usize),
) -> Vec<u32> {
    answers.look_up(session, exchanges, progress);
    let several = several_hosts(exchanges.iter().copied());
    let mut latest: HashMap<u64, &Exchange> = HashMap::new();
    for e in exchanges {
        let call = &session.calls.calls[e.call as usize];
        let about = session.calls.findings_of(call);
        let mut about: Vec<&Finding> = about.filter(|f| f.exchange == Some(e.index) && !f.hidden).collect();
        about.sort_by_key(|f| std::cmp::Reverse(f.severity));
        let code = about.first().map_or(e.outcome.as_str(), |f| &*f.code);
        let same = match about.first() {
            Some(f) => answered(answers, f, Some(e)).0,
            // Answers that went well differ as callers do: that is no cause.
            None => 0,
        };
        let id = answers.hasher.hash_one((code, &e.method, endpoint(e, several), same));
        let other = latest.entry(id).or_insert(e);
        let better = (e.replayable(), later(e, other)) > (other.replayable(), false);
        if better {
            *other = e;
        }
    }
    let chosen: BTreeSet<u32> = latest.into_values().map(|e| e.index).collect();
    exchanges
        .iter()
        .map(|e| e.index)
        .filter(|n| chosen.contains(n))
        .collect()
}

/// Where a request went, without what differs from call to call.
fn endpoint(e: &Exchange, with_host: bool) -> String {
    alike::endpoint(e.url.as_deref().unwrap_or_default(), with_host)
}

/// Whether requests went to more than one host.
fn several_hosts<'a>(exchanges: impl Iterator<Item = &'a Exchange>) -> bool {
    let mut hosts = exchanges.filter_map(|e| Some(alike::host(e.url.as_deref()?)));
    let first = hosts.next();
    hosts.any(|h| Some(h) != first)
}
