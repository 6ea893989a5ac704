//! The list of calls: which are in view, in which order, and their errors over time.

use crate::call::Call;
use crate::filter::Engine;
use crate::model::{Severity, Time};
use crate::query::Query;
use crate::session::Session;
use crate::session::groups::{Answers, Group, groups};

use super::super::data::{CallList, CallRow, GroupRow, Histogram};
use super::super::msg::ListQuery;

/// Callers and states are looked up for so many rows before a list is sent; the others follow.
pub(super) const LOOKED_INTO: usize = 2_000;

/// The list that was asked for. `look` says whether lines may be read again for what was only noted.
pub(super) fn list(
    session: &mut Session,
    engine: &Engine,
    query: &Query,
    wanted: &ListQuery,
    answers: &mut Answers,
    (look, most): (bool, usize),
) -> CallList {
    if query.asks_for_people() && look {
        session.look_into(engine, |_| true);
    }
    let mut calls = in_view(session, query, wanted.problems_only);
    order(session, &mut calls, wanted.worst_first);
    if wanted.grouped {
        let found = causes(session, query, &calls, answers, look);
        let Some(id) = wanted.cause else {
            return CallList {
                histogram: histogram(session, query, &calls, wanted.bins),
                rows: found.into_iter().map(|g| cause(session, g)).collect(),
                total: session.calls.iter().count(),
            };
        };
        // What makes it another cause may have come since: it has no calls then.
        let of_it = found
            .into_iter()
            .find(|g| g.id == id)
            .map(|g| g.calls)
            .unwrap_or_default();
        calls.retain(|c| of_it.contains(&c.0));
    }
    if look {
        let first: std::collections::HashSet<u32> = calls.iter().take(most).map(|c| c.0).collect();
        session.look_into(engine, |c| first.contains(&c.index));
    }
    CallList {
        histogram: histogram(session, query, &calls, wanted.bins),
        rows: calls
            .iter()
            .map(|&(n, severity, problems)| row(session, &session.calls.calls[n as usize], severity, problems))
            .collect(),
        total: session.calls.iter().count(),
    }
}

type InView = (u32, Option<Severity>, u32);

/// Calls with their worst finding in view and how many problems they have.
fn in_view(session: &Session, query: &Query, problems_only: bool) -> Vec<InView> {
    let nobody = session.calls.calls.first().filter(|c| !c.real);
    let of = |c: &Call| {
        let (mut worst, mut count) = (None, 0);
        for f in query.findings(session, c) {
            worst = worst.max(Some(f.severity));
            count += u32::from(f.severity >= Severity::Warning);
        }
        (c.index, worst, count)
    };
    let failed = |c: &Call| query.exchanges(session, c).any(|e| e.outcome.failed());
    let mut calls: Vec<InView> = if problems_only {
        session
            .calls
            .iter()
            .filter(|c| !(c.findings.is_empty() && c.exchanges.is_empty()))
            .map(|c| (of(c), c))
            .filter(|(v, c)| v.1 >= query.level || failed(c))
            .filter(|(v, c)| v.1.is_some() || failed(c))
            .map(|(v, _)| v)
            .collect()
    } else {
        query.calls(session).map(of).collect()
    };
    calls.extend(nobody.map(of).filter(|v| v.1.is_some()));
    calls
}

fn order(session: &Session, calls: &mut [InView], worst_first: bool) {
    calls.sort_by_cached_key(|&(n, severity, _)| {
        let c = &session.calls.calls[n as usize];
        let severity = severity.filter(|_| worst_first && c.real);
        let first = c.ranges.first().map(|r| (r.input, r.from));
        // What has no time comes last: it cannot be looked for among the others.
        let time = c.started.time();
        (std::cmp::Reverse(severity), !c.real, time.is_none(), time, first)
    });
}

/// The causes in view.
fn causes(session: &Session, query: &Query, calls: &[InView], answers: &mut Answers, look: bool) -> Vec<Group> {
    let of = |&(n, ..): &InView| query.findings(session, &session.calls.calls[n as usize]);
    // What is only worth knowing is no cause of anything.
    let findings: Vec<_> = calls
        .iter()
        .flat_map(of)
        .filter(|f| f.severity >= Severity::Warning)
        .collect();
    groups(session, &findings, answers, look.then_some(&mut |_, _| {}))
}

fn cause(session: &Session, g: Group) -> CallRow {
    let example = &session.calls.findings[g.example as usize];
    let c = &session.calls.calls[example.call as usize];
    let method = g.method.as_deref().unwrap_or_default();
    let endpoint = g.endpoint.as_deref().unwrap_or_default();
    CallRow {
        call: c.index,
        id: c.real.then(|| c.id.clone()),
        provider: c.provider,
        severity: Some(g.severity),
        started: example.at,
        from: None,
        to: None,
        app: None,
        what: Some(g.title),
        problems: u32::try_from(g.count).unwrap_or(u32::MAX),
        requests: g.requests.len() as u32,
        failed: g.request.into_iter().collect(),
        leg: false,
        group: Some(std::sync::Arc::new(GroupRow {
            id: g.id,
            code: g.code,
            count: g.count,
            calls: g.calls.len(),
            endpoint: format!("{method} {endpoint}").trim().to_owned(),
            answer: g.answer,
        })),
    }
}

fn row(session: &Session, c: &Call, severity: Option<Severity>, problems: u32) -> CallRow {
    let worst = session
        .calls
        .findings_of(c)
        .filter(|f| !f.hidden && !f.noise)
        .find(|f| Some(f.severity) == severity);
    let failed = session.calls.exchanges_of(c);
    CallRow {
        call: c.index,
        id: c.real.then(|| c.id.clone()),
        provider: c.provider,
        severity,
        started: c.started,
        from: c.from.clone(),
        to: c.to.clone(),
        app: c.app.clone(),
        what: worst.map(|f| f.title.clone()).or_else(|| c.state.clone()),
        problems,
        requests: c.exchanges.len() as u32,
        failed: failed
            .filter(|e| e.outcome.failed() && e.replayable())
            .map(|e| e.index)
            .collect(),
        leg: c.parent.is_some(),
        group: None,
    }
}

/// Errors and warnings in view over the time of all calls.
fn histogram(session: &Session, query: &Query, calls: &[InView], bins: usize) -> Histogram {
    let mut times: Vec<(Time, bool)> = Vec::new();
    for &(n, ..) in calls {
        let findings = query.findings(session, &session.calls.calls[n as usize]);
        times.extend(
            findings
                .filter(|f| f.severity >= Severity::Warning)
                .filter_map(|f| Some((f.at.time()?, f.severity == Severity::Error))),
        );
    }
    let Some((from, to)) = session.span().filter(|_| !times.is_empty() && bins > 0) else {
        return Histogram::default();
    };
    let (from, to) = times.iter().fold((from, to), |(a, b), (t, _)| (a.min(*t), b.max(*t)));
    let span = (to.0 - from.0).max(1);
    let mut out = vec![(0, 0); bins];
    for (t, error) in times {
        let n = ((t.0 - from.0) as u128 * bins as u128 / (span as u128 + 1)) as usize;
        if let Some(bin) = out.get_mut(n) {
            if error {
                bin.0 += 1;
            } else {
                bin.1 += 1;
            }
        }
    }
    Histogram {
        bins: out,
        span: Some((from, to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::builtin;
    use crate::session::Reading;

    #[test]
    fn causes_take_the_place_of_calls() {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/twilio/alerts.jsonl");
        let engine = builtin::engine(Vec::new());
        let mut session = Session::open(&[sample], &engine, Reading::default(), &mut |_, _| {});
        let wanted = |grouped| ListQuery {
            problems_only: true,
            worst_first: true,
            grouped,
            bins: 10,
            ..ListQuery::default()
        };
        let query = Query::default();
        let mut answers = Answers::default();
        let mut ask = |grouped, look| {
            list(
                &mut session,
                &engine,
                &query,
                &wanted(grouped),
                &mut answers,
                (look, 10),
            )
        };
        let (calls, unread, causes) = (ask(false, true), ask(true, false), ask(true, true));
        assert!(calls.rows.iter().all(|r| r.group.is_none() && r.key() == r.call));
        let often =
            |list: &CallList| -> Vec<u64> { list.rows.iter().filter_map(|r| Some(r.group.as_ref()?.count)).collect() };
        // As many findings whether answers were looked up or not, each cause with a key of its own.
        assert_eq!(often(&causes).iter().sum::<u64>(), often(&unread).iter().sum::<u64>());
        assert!(often(&causes).is_sorted_by(|a, b| a >= b) && causes.rows.len() > 1);
        let keys: std::collections::HashSet<u32> = causes.rows.iter().map(CallRow::key).collect();
        assert_eq!(keys.len(), causes.rows.len());
        assert!(causes.rows.iter().all(|r| r.failed.len() <= 1));
        assert_eq!((causes.histogram, causes.total), (calls.histogram, calls.total));
        for row in &causes.rows {
            let cause = row.group.as_ref().unwrap();
            let wanted = ListQuery {
                cause: Some(cause.id),
                ..wanted(true)
            };
            let of_it = list(
                &mut session,
                &engine,
                &query,
                &wanted,
                &mut Answers::default(),
                (true, 10),
            );
            assert_eq!(of_it.rows.len(), cause.calls, "{}", cause.code);
            assert!(of_it.rows.iter().any(|r| r.call == row.call));
            assert!(of_it.rows.iter().all(|r| r.group.is_none()));
        }
    }
}
