//! A session's calls as plain data, with bodies read and recorded answers judged.

use super::{Asked, Found, Item, Told};
use crate::call::{Call, Exchange, Finding};
use crate::judge::{self, Answer};
use crate::model::{Place, Problem, Provider, RequestKind, Response, Severity};
use crate::output::kept::Kept;
use crate::query::Query;
use crate::session::story::{Story, What};
use crate::session::{Detail, Session};

/// A call with the requests and findings in view. `kept` is asked for the replays of each request.
pub fn tell(session: &Session, query: &Query, call: &Call, kept: &mut dyn FnMut(&Exchange) -> Vec<Kept>) -> Told {
    let exchanges = query.exchanges(session, call);
    let findings = query.findings(session, call);
    let story = Story::of(&session.calls, &[call.index], exchanges, findings, &[]);
    let exchange = |n: u32| &session.calls.exchanges[n as usize];
    let wanted: Vec<&Exchange> = story
        .items
        .iter()
        .filter_map(|i| match i.what {
            What::Request(n) => Some(exchange(n)),
            _ => None,
        })
        .collect();
    let mut details = wanted.iter().copied().zip(session.details(&wanted));
    let items = story.items.iter().filter_map(|item| match item.what {
        What::Request(_) => details.next().map(|(e, d)| {
            let replays = kept(e);
            Item::Request(Box::new(Asked {
                replays,
                ..asked(session, call, e, d)
            }))
        }),
        What::Finding(n) => Some(Item::Finding(Box::new(found(
            session,
            &session.calls.findings[n as usize],
        )))),
        What::State(_) | What::AppLog(_) | What::Hidden(_) | What::Line => None,
    });
    let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
    Told {
        id: if call.real { call.id.to_string() } else { String::new() },
        also: call
            .ids()
            .filter(|id| **id != call.id)
            .map(ToString::to_string)
            .collect(),
        provider: call.provider,
        parent: call.parent.as_ref().map(ToString::to_string),
        from: text(&call.from),
        to: text(&call.to),
        direction: text(&call.direction),
        app: text(&call.app),
        state: text(&call.state),
        started: call.started,
        ended: call.ended,
        items: items.collect(),
    }
}

/// A request with its detail, without replays.
pub fn asked(session: &Session, call: &Call, e: &Exchange, detail: Detail) -> Asked {
    let about = session
        .calls
        .findings_of(call)
        .filter(|f| f.exchange == Some(e.index) && !f.hidden && !f.noise);
    let found = about.max_by_key(|f| (f.severity, std::cmp::Reverse(f.index)));
    let Detail {
        mut request, response, ..
    } = detail;
    request.method = request.method.or_else(|| e.method.as_deref().map(str::to_owned));
    request.url = request.url.or_else(|| e.url.as_deref().map(str::to_owned));
    let status = response.as_ref().and_then(|r| r.status).or(e.status);
    Asked {
        id: e.name(),
        call: if call.real { call.id.to_string() } else { String::new() },
        provider: call.provider,
        kind: e.kind,
        at: e.at,
        step: e.step,
        outcome: e.outcome,
        status,
        ms: response.as_ref().and_then(|r| r.ms).or(e.ms.map(u64::from)),
        why_not: e.why_not,
        problems: response
            .as_ref()
            .map_or_else(Vec::new, |r| problems(call.provider, e.kind, r, status)),
        request,
        response,
        severity: found.map(|f| f.severity),
        found: found.map(|f| (f.code.to_string(), f.title.to_string())),
        replays: Vec::new(),
        place: place(session, e.place),
    }
}

fn found(session: &Session, f: &Finding) -> Found {
    Found {
        severity: f.severity,
        code: f.code.to_string(),
        class: f.class.to_string(),
        title: f.title.to_string(),
        advice: f.advice.to_string(),
        evidence: f.evidence.to_string(),
        script: session.script(f),
        at: f.at,
        rule: f.rule.to_string(),
        count: f.count,
        request: f.exchange.map(|n| session.calls.exchanges[n as usize].name()),
        place: place(session, f.place),
    }
}

/// The file without its folders, which say who somebody is.
fn place(session: &Session, place: Place) -> String {
    let name = session.name_of(place);
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    format!("{file}:{}", place.line)
}

/// What the platform says to a recorded answer. A source that keeps no headers does not say that there were none.
pub(super) fn problems(provider: Provider, kind: RequestKind, r: &Response, status: Option<u16>) -> Vec<Problem> {
    // The app is not to mend what Twilio wrote in its place.
    if r.is_made_up() {
        return Vec::new();
    }
    let body = r.body.as_deref().unwrap_or_default().as_bytes();
    let good = status.is_none_or(|s| (200..300).contains(&s));
    if good && r.headers.is_empty() {
        let runs = !kind.is_callback() && !body.is_empty();
        return if runs {
            judge::reply(provider, kind, body)
        } else {
            Vec::new()
        };
    }
    let answer = Answer {
        url: "",
        status,
        headers: &r.headers,
        body,
        total_len: body.len() as u64,
        ms: r.ms,
        ..Answer::default()
    };
    let mut problems = judge::judge(provider, kind, &answer).problems;
    problems.retain(|p| p.severity > Severity::Info || p.line.is_some());
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_wrote_in_the_apps_place_is_not_judged() {
        let response = |body: &str| Response {
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: Some(body.to_owned()),
            ..Response::default()
        };
        let of = |body: &str| problems(Provider::Twilio, RequestKind::Voice, &response(body), None);
        assert_eq!(
            of("Twilio was unable to fetch content from: https://a.example/v\nError: x"),
            []
        );
        assert!(!of("oops").is_empty());
    }
}
