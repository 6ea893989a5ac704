//! How the steps of a Twilio call ended: Twilio does not say, so it is read from what followed (spec/twilio.md 6).
//!
//! For an answer with a Gather, the next request of the call decides: to the action with input it was a choice, or no
//! match when the app asked the same again; to the action without input, or to a Redirect behind the Gather, it was
//! no input. What follows only from silence is marked as not certain.

use std::collections::HashMap;

use super::{Call, Exchange};
use crate::format::Asked;
use crate::model::{Provider, RequestKind, Step, StepEvent};

/// Fills in the steps of every Twilio call.
pub(super) fn infer(calls: &[Call], exchanges: &mut [Exchange]) {
    for e in &mut *exchanges {
        e.step = e.logged;
    }
    let mut otherwise = Branches::new();
    for call in calls {
        branches(call, exchanges, &mut otherwise);
    }
    for call in calls {
        infer_of(call, exchanges, &otherwise);
    }
}

/// Fills in the steps of one call, as far as they are told or can be inferred.
pub(super) fn infer_of(call: &Call, exchanges: &mut [Exchange], otherwise: &Branches) {
    for i in 0..call.exchanges.len() {
        let n = call.exchanges[i] as usize;
        exchanges[n].step = exchanges[n].logged;
        if call.provider == Provider::Twilio && exchanges[n].step.is_none() {
            exchanges[n].step = step(call, exchanges, i, otherwise);
        }
    }
}

/// How the step before the i-th request of a call ended.
fn step(call: &Call, all: &[Exchange], i: usize, otherwise: &Branches) -> Option<Step> {
    let e = &all[call.exchanges[i] as usize];
    let certain = |event| Some(Step { event, certain: true });
    let likely = |event| Some(Step { event, certain: false });
    match e.kind {
        RequestKind::Fallback => return certain(StepEvent::Error),
        RequestKind::StatusCallback => return final_step(call, all, i),
        RequestKind::Api
        | RequestKind::Media
        | RequestKind::Sip
        | RequestKind::GatherPartial
        | RequestKind::RecordingStatus
        | RequestKind::MessageStatus
        | RequestKind::Unknown => return None,
        RequestKind::Message => return certain(StepEvent::Start),
        _ => {}
    }
    let digits = e.document.as_ref().and_then(|d| d.digits.as_deref());
    if matches!(e.kind, RequestKind::Record | RequestKind::Voice) && digits == Some("hangup") {
        return certain(StepEvent::Hangup);
    }
    let Some(before) = previous(call, all, i) else {
        return if e.kind == RequestKind::Voice {
            Some(start(e))
        } else {
            by_parameters(e)
        };
    };
    let Some(asked) = all[before].document.as_ref().and_then(|d| d.asked.as_deref()) else {
        return by_parameters(e);
    };
    let to = e.url.as_deref().map(without_query).unwrap_or_default();
    let full = e.url.as_deref().unwrap_or_default();
    let own = all[before].url.as_deref().map(without_query).unwrap_or_default();
    let hits_action = |a: &Option<String>| match a {
        Some(a) => without_query(a) == to,
        None => own == to,
    };
    let redirect = asked
        .redirect
        .as_deref()
        .is_some_and(|r| r == full || without_query(r) == to);
    if asked.gathers.iter().any(|g| hits_action(&g.action)) {
        if digits.is_some_and(|d| d != "TIMEOUT") {
            return judged(call, all, i, before, otherwise);
        }
        let end = e.document.as_ref().is_some_and(|d| d.gather_end);
        if asked.gathers.iter().any(|g| g.on_empty) || end {
            return certain(StepEvent::Noinput);
        }
    }
    if full.ends_with("Digits=TIMEOUT") || (redirect && !asked.gathers.is_empty()) {
        return certain(StepEvent::Noinput);
    }
    if redirect {
        return certain(StepEvent::Continue);
    }
    if digits.is_some() {
        certain(StepEvent::Choice)
    } else {
        likely(StepEvent::Continue)
    }
}

/// The first request known of a call: the first there was when a timeline tells, or when the call is only ringing.
fn start(e: &Exchange) -> Step {
    let certain = e.document.as_ref().is_some_and(|d| d.timeline || d.ringing);
    Step {
        event: StepEvent::Start,
        certain,
    }
}

/// Without the answer before, only the request's own parameters tell.
fn by_parameters(e: &Exchange) -> Option<Step> {
    let d = e.document.as_ref()?;
    let event = match e.kind {
        RequestKind::Gather if d.digits.is_some() => StepEvent::Choice,
        RequestKind::Gather => StepEvent::Noinput,
        RequestKind::Dial | RequestKind::Record => StepEvent::Continue,
        RequestKind::Voice => {
            return Some(Step {
                event: StepEvent::Continue,
                certain: false,
            });
        }
        _ => return None,
    };
    Some(Step { event, certain: true })
}

/// Input arrived: a choice, unless the app asked the same question again.
fn judged(call: &Call, all: &[Exchange], i: usize, before: usize, otherwise: &Branches) -> Option<Step> {
    let e = &all[call.exchanges[i] as usize];
    let asked = all[before].document.as_ref().and_then(|d| d.asked.as_deref())?;
    let again = e
        .document
        .as_ref()
        .and_then(|d| d.asked.as_deref())
        .is_some_and(|answer| {
            let (own, own_before) = (path(e), path(&all[before]));
            let actions = |a: &'_ Asked, own: &str| -> Vec<String> {
                a.gathers
                    .iter()
                    .map(|g| without_query(g.action.as_deref().unwrap_or(own)).to_owned())
                    .collect()
            };
            let questions = actions(asked, own_before);
            actions(answer, own).iter().any(|a| questions.contains(a))
        });
    let event = if again || redirects_back(e, all, before) {
        StepEvent::Nomatch
    } else {
        StepEvent::Choice
    };
    // The same question answered otherwise, for other input, proves that this input was not on the menu.
    let proven = otherwise.get(path(e)).is_some_and(|answers| answers.len() > 1);
    Some(Step {
        event,
        certain: event == StepEvent::Choice || proven,
    })
}

/// The answer sends the caller back to the question.
fn redirects_back(e: &Exchange, all: &[Exchange], before: usize) -> bool {
    let target = e
        .document
        .as_ref()
        .and_then(|d| d.asked.as_deref())
        .and_then(|a| a.redirect.as_deref());
    let asked_at = all[before].url.as_deref().map(without_query);
    target.is_some_and(|t| Some(without_query(t)) == asked_at)
}

/// A final status callback: the caller hung up, or the document ended in silence.
fn final_step(call: &Call, all: &[Exchange], i: usize) -> Option<Step> {
    let e = &all[call.exchanges[i] as usize];
    let status = e.document.as_ref().and_then(|d| d.final_status.as_deref())?;
    if status != "completed" {
        let event = if status == "no-answer" {
            StepEvent::Timeout
        } else {
            StepEvent::Error
        };
        return Some(Step { event, certain: true });
    }
    let before = previous(call, all, i)?;
    let likely = |event| Some(Step { event, certain: false });
    let Some(asked) = all[before].document.as_ref().and_then(|d| d.asked.as_deref()) else {
        return likely(StepEvent::Hangup);
    };
    let timeout = asked.gathers.last().map_or(0, |g| i64::from(g.timeout_s)) * 1000;
    let waited = match (e.at.time(), all[before].at.time()) {
        (Some(b), Some(a)) => b.0 - a.0,
        _ => return likely(StepEvent::Hangup),
    };
    if asked.ends_after_gather && waited >= timeout {
        likely(StepEvent::Timeout)
    } else {
        likely(StepEvent::Hangup)
    }
}

/// The last request before this one whose answer the platform ran.
fn previous(call: &Call, all: &[Exchange], i: usize) -> Option<usize> {
    call.exchanges[..i].iter().rev().map(|&n| n as usize).find(|&n| {
        let k = all[n].kind;
        !k.is_callback()
            && !matches!(
                k,
                RequestKind::Api | RequestKind::Media | RequestKind::Sip | RequestKind::Unknown
            )
    })
}

/// For each place that input goes to (the Gather's action), the different kinds of answer that it gave in any call.
pub(super) type Branches = HashMap<String, Vec<String>>;

/// Adds the answers of one call.
pub(super) fn branches(call: &Call, all: &[Exchange], out: &mut Branches) {
    if call.provider != Provider::Twilio {
        return;
    }
    for e in call.exchanges.iter().map(|&n| &all[n as usize]) {
        let Some(d) = e.document.as_ref().filter(|d| d.digits.is_some()) else {
            continue;
        };
        let asked = d.asked.as_deref();
        let answer = asked
            .map(|a| format!("{:?} {:?}", a.gathers, a.redirect))
            .unwrap_or_default();
        let list = out.entry(path(e).to_owned()).or_default();
        if !list.contains(&answer) {
            list.push(answer);
        }
    }
}

/// Where a request went, without its query.
fn path(e: &Exchange) -> &str {
    e.url.as_deref().map(without_query).unwrap_or_default()
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
