//! Everything about one thing (a request, a finding, a line), for the detail: tabs, texts for the clipboard, what a replay needs.
//!
//! A [`Sheet`] is put together here; its tabs come from `why`, `wire` (request, response, headers) and `raw`.

use super::super::data::{CopyTexts, Recorded, Sheet, Subject};
use super::raw::raw;
use super::why::{became, findings_of, replayed, why};
use super::wire::{answered, headers, sent};
use crate::call::{Exchange, Finding};
use crate::config::Secret;
use crate::model::Place;
use crate::output::copy::pasteable;
use crate::output::fit;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{is_refused, recorded_text};
use crate::session::{Detail, Session};
use crate::store::Replays;

/// Everything about a subject; `replays` are those that were kept.
pub(super) fn sheet(
    session: &Session,
    subject: Subject,
    replays: Option<&mut Replays>,
    token: Option<&Secret>,
) -> Sheet {
    let mut sheet = told(session, subject, replays);
    let exchange = sheet.exchange.and_then(|n| session.calls.exchanges.get(n as usize));
    if let Some(text) = exchange.zip(token).and_then(|(e, token)| signature(session, e, token)) {
        sheet
            .why
            .extend([Line::default(), Line::of(Role::Good, &format!("→ {text}"))]);
    }
    sheet
}

/// What the signature of a refused request was made for, where it was recorded and a token is known.
fn signature(session: &Session, e: &Exchange, token: &Secret) -> Option<String> {
    let detail = is_refused(e.status).then(|| session.details(&[e]).pop())??;
    recorded_text(&detail.request, detail.response.as_ref(), token)
}

fn told(session: &Session, subject: Subject, replays: Option<&mut Replays>) -> Sheet {
    match subject {
        Subject::Request(n) => match session.calls.exchanges.get(n as usize) {
            Some(e) => request(session, e, None, replays),
            None => Sheet::default(),
        },
        Subject::Finding(n) => match session.calls.findings.get(n as usize) {
            Some(f) => finding(session, f, replays),
            None => Sheet::default(),
        },
        Subject::Line(place) => line(session, place),
    }
}

/// A line of the input by itself.
pub(super) fn line(session: &Session, place: Place) -> Sheet {
    let text = session.again(&[place]).pop().unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut why = vec![Line::of(
        Role::Faint,
        &format!("{}:{}", session.name_of(place), place.line),
    )];
    why.extend(text.lines().map(|l| Line::of(Role::Plain, l)));
    Sheet {
        title: format!("line {}", fit::thousands(place.line as usize)),
        why,
        raw: raw(session, &[place]),
        copy: CopyTexts {
            body: Some(pasteable(text.trim_end())),
            ..CopyTexts::default()
        },
        ..Sheet::default()
    }
}

fn finding(session: &Session, f: &Finding, replays: Option<&mut Replays>) -> Sheet {
    let about = f.exchange.and_then(|n| session.calls.exchanges.get(n as usize));
    let mut sheet = match about {
        Some(e) => request(session, e, Some(f), replays),
        None => Sheet {
            why: why(session, f),
            raw: raw(session, &[f.place]),
            ..Sheet::default()
        },
    };
    sheet.title = f.title.to_string();
    sheet.copy.advice = Some(pasteable(&f.advice)).filter(|a| !a.is_empty());
    sheet.copy.id = Some(session.calls.calls[f.call as usize].id.to_string());
    sheet
}

pub(super) fn request(
    session: &Session,
    e: &Exchange,
    about: Option<&Finding>,
    replays: Option<&mut Replays>,
) -> Sheet {
    let detail = session.details(&[e]).pop().unwrap_or_default();
    let call = &session.calls.calls[e.call as usize];
    let findings: Vec<&Finding> = match about {
        Some(f) => vec![f],
        None => session
            .calls
            .findings_of(call)
            .filter(|f| f.exchange == Some(e.index) && !f.hidden && !f.noise)
            .collect(),
    };
    let mut why = findings_of(session, &findings);
    why.extend(became(e));
    if let (Some(event), Some(replays)) = (session.event_of(e.place), replays) {
        why.extend(replayed(event, replays));
    }
    let url = detail
        .request
        .url
        .clone()
        .or_else(|| e.url.as_deref().map(str::to_owned));
    Sheet {
        exchange: Some(e.index),
        title: format!(
            "{} {}",
            e.method.as_deref().unwrap_or("?"),
            e.url
                .as_deref()
                .map(|u| crate::call::host_and_path(u).1)
                .unwrap_or_default()
        ),
        why,
        request: sent(e, &detail),
        response: answered(call.provider, e.kind, e, detail.response.as_ref()),
        headers: headers(&detail),
        raw: raw(session, &places(e, about)),
        copy: CopyTexts {
            body: body(&detail).map(|b| pasteable(&b)),
            url: url.map(|u| pasteable(&u)),
            id: Some(call.id.to_string()),
            advice: findings.first().map(|f| pasteable(&f.advice)).filter(|a| !a.is_empty()),
        },
        recorded: Some(Box::new(recorded_of(session, e, detail))),
    }
}

/// What a request is as a whole, for those who want to send it.
pub(super) fn recorded(session: &Session, n: u32) -> Option<Recorded> {
    let e = session.calls.exchanges.get(n as usize)?;
    let detail = session.details(&[e]).pop()?;
    Some(recorded_of(session, e, detail))
}

fn recorded_of(session: &Session, e: &Exchange, detail: Detail) -> Recorded {
    Recorded {
        exchange: e.index,
        name: e.name(),
        call: e.call,
        provider: session.calls.calls[e.call as usize].provider,
        kind: e.kind,
        outcome: e.outcome,
        request: detail.request,
        response: detail.response,
        event: session.event_of(e.place),
    }
}

pub(super) fn body(d: &Detail) -> Option<String> {
    crate::output::json::body_text(d)
}

/// Where a request, its answer and a finding stand.
pub(super) fn places(e: &Exchange, about: Option<&Finding>) -> Vec<Place> {
    let mut all = vec![e.place];
    all.extend(e.answer);
    all.extend(about.map(|f| f.place));
    all
}

#[cfg(test)]
mod tests {
    use super::super::why::REPLAYS;
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::live::Rows;
    use crate::model::Time;
    use crate::session::Reading;
    use crate::store::{EventKind, NewEvent, NewReplay, Origin, Retention, Store};

    /// A store whose event 2 is a webhook that failed; event 1 is gone.
    fn store(folder: &tempfile::TempDir) -> std::path::PathBuf {
        let path = folder.path().join("store.db");
        let body = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&\
            CallSid=CA00000000000000000000000000000001&CallStatus=ringing&From=%2B1&To=%2B2";
        let entry = |id: &str| {
            serde_json::json!({
                "startedDateTime": "2026-03-02T12:00:00.000Z", "time": 12,
                "request": {
                    "method": "POST", "url": "https://app.example.com/voice",
                    "headers": [{"name": "content-type", "value": "application/x-www-form-urlencoded"}],
                    "postData": {"mimeType": "application/x-www-form-urlencoded", "text": body},
                },
                "response": {"status": 500, "headers": [], "content": {"size": 0, "text": ""}},
                "_redial": {"id": id},
            })
        };
        let event = |key: &str, received| NewEvent {
            key: key.to_owned(),
            kind: EventKind::Exchange,
            source: Origin::Proxy,
            received,
            at: None,
            call: None,
            level: None,
            code: None,
            note: None,
            document: entry(key).to_string(),
        };
        let mut store = Store::open(&path).unwrap();
        store
            .append(&[event("a", Time(0)), event("b", Time(4_102_444_800_000))])
            .unwrap();
        let day = std::time::Duration::from_secs(86_400);
        let gone = store.prune(Retention {
            keep: Some(day),
            max_size: None,
        });
        assert_eq!(gone.unwrap().rows, 1);
        path
    }

    fn replay(at: Time, pass: bool) -> NewReplay {
        let status = if pass { 200 } else { 500 };
        let verdict = serde_json::json!({"pass": pass, "code": null, "problems": [
            {"code": null, "severity": "warning", "line": null, "column": null, "message": "slow"},
            {"code": "11200", "severity": "error", "line": null, "column": null, "message": "it answered 500"},
        ]});
        NewReplay {
            event: Some(2),
            request: "r1".to_owned(),
            call: None,
            at,
            pass: Some(pass),
            entry: serde_json::json!({"time": 35.0, "request": {}, "response": {"status": status}}).to_string(),
            verdict,
            sent: None,
        }
    }

    #[test]
    fn earlier_replays_stand_below_what_became_of_the_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = store(&folder);
        let engine = Engine::new(builtin::packs());
        let source = Rows::new(path.clone(), false, 0).into_source();
        let session = Session::read(vec![source], Vec::new(), &engine, Reading::default(), &mut |_, _| {});
        let mut replays = Replays::new(path.clone());
        let why = |replays: Option<&mut Replays>| -> Vec<String> {
            let sheet = told(&session, Subject::Request(0), replays);
            assert_eq!(sheet.recorded.map(|r| r.event), Some(Some(2)));
            sheet.why.iter().map(Line::text).collect()
        };
        let before = why(Some(&mut replays));
        assert_eq!(before, why(None));
        let mut store = Store::open(&path).unwrap();
        store.keep_replay(&replay(Time(1_795_348_984_000), false)).unwrap();
        store.keep_replay(&replay(Time(1_795_348_985_000), true)).unwrap();
        let now = why(Some(&mut replays));
        assert_eq!(now[..before.len()], before);
        assert_eq!(
            now[before.len()..],
            [
                "",
                "replayed 2026-11-22 12:03:04 → 500 in 35 ms FAIL 11200 it answered 500",
                "replayed 2026-11-22 12:03:05 → 200 in 35 ms PASS",
            ]
        );
        // A finding about the request has them as well.
        let of_finding = told(&session, Subject::Finding(0), Some(&mut replays));
        assert!(of_finding.why.last().unwrap().text().ends_with("PASS"));
        for n in 0..1_500 {
            store.keep_replay(&replay(Time(1_795_348_986_000 + n), true)).unwrap();
        }
        let now = why(Some(&mut replays));
        assert_eq!(now.len(), before.len() + 2 + REPLAYS);
        assert_eq!(now[before.len() + 1], "… 1,482 earlier replays");
    }
}
