//! Stories for the screen: the session's story of a call, with everything that a row shows.

use crate::call::{Call, host_and_path};
use crate::filter::Engine;
use crate::model::Severity;
use crate::output::text;
use crate::query::Query;
use crate::session::story::{self, Story};
use crate::session::{Lines, LinesRead, Session};

use super::super::data::{FindingItem, Head, RequestItem, StoryData, StoryItem, What};

/// The story that the screen shows: of a call, and of whom else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Number of the call.
    pub(super) call: u32,
    /// Parent and all legs.
    pub(super) whole: bool,
}

/// The calls of a story, the one that was asked for first.
pub(super) fn family(session: &Session, wanted: Wanted) -> Vec<u32> {
    let all = story::family(&session.calls, [wanted.call], wanted.whole);
    let mut all: Vec<u32> = all.into_iter().collect();
    all.sort_by_key(|&n| (n != wanted.call, n));
    all
}

/// How many lines a story's calls have so far.
pub(super) fn length(session: &Session, wanted: Wanted) -> u64 {
    if session.calls.calls.len() <= wanted.call as usize {
        return 0;
    }
    let calls = family(session, wanted);
    calls.iter().map(|&n| session.calls.calls[n as usize].lines).sum()
}

/// Events of a story's calls of which only a list's entry is known.
pub(super) fn listed(session: &Session, wanted: Wanted) -> Vec<String> {
    if session.calls.calls.len() <= wanted.call as usize {
        return Vec::new();
    }
    let calls = family(session, wanted);
    let calls = calls.iter().map(|&n| &session.calls.calls[n as usize]);
    calls
        .flat_map(|c| session.calls.exchanges_of(c))
        .filter_map(|e| e.listed().map(ToString::to_string))
        .collect()
}

/// What it takes to read the lines of a story's calls.
pub(super) fn lines(session: &Session, wanted: Wanted) -> Lines {
    session.lines_of(family(session, wanted))
}

/// The story as the session knows it, with the lines when they were read.
pub(super) fn tell(
    session: &mut Session,
    engine: &Engine,
    wanted: Wanted,
    read: Option<&LinesRead>,
) -> Option<StoryData> {
    session.calls.calls.get(wanted.call as usize)?;
    let family = family(session, wanted);
    session.look_into(engine, |c| family.contains(&c.index));
    let session = &*session;
    let of = || family.iter().map(|&n| &session.calls.calls[n as usize]);
    // The story is whole, whatever the list is narrowed to; only noise stays out.
    let all = Query::default();
    let exchanges: Vec<_> = of().flat_map(|c| session.calls.exchanges_of(c)).collect();
    let findings: Vec<_> = of().flat_map(|c| all.findings(session, c)).collect();
    let story = Story::of(&session.calls, &family, exchanges.iter().copied(), findings, &[]);
    let story = match read {
        Some(read) => story.filled(&session.calls, read),
        None => story,
    };
    let items: Vec<StoryItem> = story.items.into_iter().filter_map(|i| item(session, i)).collect();
    let slowest = exchanges.iter().filter_map(|e| e.ms).max().unwrap_or(0);
    Some(StoryData {
        call: wanted.call,
        heads: of().map(head).collect(),
        items,
        complete: read.is_some(),
        hidden: story.hidden,
        slowest,
    })
}

fn head(call: &Call) -> Head {
    let title = if call.real {
        format!("{} {}", call.provider, call.id)
    } else {
        "Not part of a call".to_owned()
    };
    Head {
        call: call.index,
        title,
        facts: text::facts(call).join(" · "),
    }
}

fn item(session: &Session, i: story::Item) -> Option<StoryItem> {
    let what = match i.what {
        story::What::Request(n) => What::Request(Box::new(request(session, n)?)),
        story::What::Finding(n) => What::Finding(Box::new(finding(session, n)?)),
        story::What::State(s) => What::State(s.into()),
        story::What::AppLog(t) => What::AppLog(t.into()),
        story::What::Hidden(lines) => What::Hidden(lines.into()),
        story::What::Line => What::Hidden([i.place].into()),
    };
    Some(StoryItem {
        call: i.call,
        at: i.at,
        place: i.place,
        what,
    })
}

fn request(session: &Session, n: u32) -> Option<RequestItem> {
    let e = session.calls.exchanges.get(n as usize)?;
    let (host, path) = e.url.as_deref().map(host_and_path).unwrap_or_default();
    Some(RequestItem {
        exchange: n,
        name: e.name(),
        kind: e.kind,
        method: e.method.clone().unwrap_or_else(|| "?".into()),
        host,
        path: if path.is_empty() {
            e.url.as_deref().unwrap_or("(no URL)").to_owned()
        } else {
            path
        },
        status: e.status,
        ms: e.ms,
        outcome: e.outcome,
        waiting: e.waiting(),
        step: e.step,
        why_not: e.why_not.map(|w| w.to_string()),
    })
}

fn finding(session: &Session, n: u32) -> Option<FindingItem> {
    let f = session.calls.findings.get(n as usize)?;
    Some(FindingItem {
        finding: Some(n),
        severity: f.severity.max(Severity::Info),
        title: f.title.clone(),
        code: f.code.clone(),
        count: f.count,
        exchange: f.exchange,
    })
}
