//! Everything about one thing: why, request, response, headers, raw lines, texts for the clipboard.

use std::collections::BTreeMap;

use crate::call::{Exchange, Finding};
use crate::config::Secret;
use crate::filter::catalogue;
use crate::model::{Payload, Place, Provider, RequestKind, Response};
use crate::output::copy::pasteable;
use crate::output::fit;
use crate::output::kept::Kept;
use crate::output::pretty::{self, Limits};
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{is_refused, recorded_text};
use crate::session::{Detail, Session};
use crate::store::Replays;

use super::super::answer::{faults, header, problem};
use super::super::data::{CopyTexts, Recorded, Sheet, Subject};
use crate::judge::reply;

/// Source lines around the one that is meant.
const AROUND: u64 = 3;
/// Bytes of a source line that are shown.
const LONGEST: u32 = 256 * 1024;

/// Replays that a sheet lists, the last ones.
const REPLAYS: usize = 20;

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
fn line(session: &Session, place: Place) -> Sheet {
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

/// Title, evidence, advice, link of a finding, the script around it.
fn why(session: &Session, f: &Finding) -> Vec<Line> {
    let mut out = Vec::new();
    let mut title = Line::of(f.severity.into(), &f.severity.as_str().to_uppercase());
    title.push(Role::Plain, " ");
    title.push(Role::Heading, &f.title);
    if f.count > 1 {
        title.push(Role::Plain, &format!(" (×{})", f.count));
    }
    out.push(title);
    let code = if f.code == f.class {
        f.class.to_string()
    } else {
        format!("{} {}", f.code, f.class)
    };
    out.push(Line::of(Role::Faint, &code));
    if !f.evidence.is_empty() && !f.title.contains(&*f.evidence) {
        out.push(Line::default());
        out.extend(f.evidence.lines().map(|l| quoted(Role::Plain, l)));
    }
    let script = session.script(f);
    if !script.is_empty() {
        out.push(Line::default());
        out.extend(script.iter().map(|l| {
            let role = if l.starts_with('>') { Role::Fault } else { Role::Text };
            quoted(role, l)
        }));
    }
    if !f.advice.is_empty() {
        out.push(Line::default());
        out.push(Line::of(Role::Good, &format!("→ {}", f.advice)));
    }
    let calls = &session.calls.calls;
    if calls[f.call as usize].provider == Provider::Twilio && catalogue::look_up(&f.code).is_some() {
        out.push(Line::of(Role::Command, &catalogue::link(&f.code)));
    }
    out.push(Line::default());
    out.push(Line::of(
        Role::Faint,
        &format!("{}:{} · rule {}", session.name_of(f.place), f.place.line, f.rule),
    ));
    out
}

fn quoted(role: Role, text: &str) -> Line {
    let mut line = Line::of(Role::Faint, "│ ");
    line.push(role, text);
    line
}

fn request(session: &Session, e: &Exchange, about: Option<&Finding>, replays: Option<&mut Replays>) -> Sheet {
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
    let mut why = Vec::new();
    for f in &findings {
        if !why.is_empty() {
            why.push(Line::default());
        }
        why.extend(self::why(session, f));
    }
    if !why.is_empty() {
        why.push(Line::default());
    }
    why.extend(became(e));
    let event = session.event_of(e.place);
    if let (Some(event), Some(replays)) = (event, replays) {
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
        recorded: Some(Box::new(Recorded {
            exchange: e.index,
            name: e.name(),
            call: e.call,
            provider: call.provider,
            kind: e.kind,
            outcome: e.outcome,
            request: detail.request,
            response: detail.response,
            event,
        })),
    }
}

/// What a request is as a whole, for those who want to send it.
pub(super) fn recorded(session: &Session, n: u32) -> Option<Recorded> {
    let e = session.calls.exchanges.get(n as usize)?;
    let detail = session.details(&[e]).pop()?;
    Some(Recorded {
        exchange: e.index,
        name: e.name(),
        call: e.call,
        provider: session.calls.calls[e.call as usize].provider,
        kind: e.kind,
        outcome: e.outcome,
        request: detail.request,
        response: detail.response,
        event: session.event_of(e.place),
    })
}

/// What became of a request, in a few lines.
fn became(e: &Exchange) -> Vec<Line> {
    let mut out = Vec::new();
    let role = if e.outcome.failed() { Role::Error } else { Role::Good };
    let mut line = Line::of(Role::Faint, "outcome ");
    line.push(role, e.outcome.as_str());
    if let Some(s) = e.status {
        line.push(Role::Plain, &format!(", status {s}"));
    }
    if let Some(ms) = e.ms {
        line.push(Role::Plain, &format!(", {} ms", fit::thousands(ms as usize)));
    }
    out.push(line);
    if e.waiting() {
        out.push(Line::of(Role::Faint, "no answer was logged yet"));
    }
    if let Some(s) = e.step {
        let certain = if s.certain { "" } else { " (inferred)" };
        let mut line = Line::of(Role::Faint, "the step before it ended with ");
        line.push(Role::Name, s.event.as_str());
        line.push(Role::Faint, certain);
        out.push(line);
    }
    let mut line = Line::of(Role::Faint, "request ");
    line.push(Role::Command, &e.name());
    if e.kind != RequestKind::Unknown {
        line.push(Role::Faint, &format!(", {}", e.kind.as_str()));
    }
    out.push(line);
    if let Some(why) = e.why_not {
        out.push(Line::of(Role::Warning, &format!("cannot be sent again: {why}")));
    }
    out
}

/// Earlier replays of an event, the newest last.
fn replayed(event: i64, replays: &mut Replays) -> Vec<Line> {
    let (last, before) = match replays.last(event, REPLAYS) {
        Ok((last, _)) if last.is_empty() => return Vec::new(),
        Ok(found) => found,
        Err(e) => {
            let text = format!("its replays cannot be shown: {e}");
            return vec![Line::default(), Line::of(Role::Warning, &text)];
        }
    };
    let mut out = vec![Line::default()];
    if before > 0 {
        let text = format!("… {} earlier replays", fit::thousands(before as usize));
        out.push(Line::of(Role::Faint, &text));
    }
    for kept in last.iter().map(Kept::from) {
        let mut line = Line::of(Role::Faint, "replayed ");
        line.push(Role::Plain, &kept.became());
        let (word, role) = kept.word();
        line.push(role, &format!(" {word}"));
        if let Some(problem) = kept.problem().filter(|_| !kept.pass) {
            line.push(Role::Plain, &format!(" {problem}"));
        }
        out.push(line);
    }
    out
}

fn sent(e: &Exchange, d: &Detail) -> Vec<Line> {
    let mut line = Line::of(
        Role::Heading,
        d.request.method.as_deref().or(e.method.as_deref()).unwrap_or("?"),
    );
    line.push(Role::Plain, " ");
    line.push(
        Role::Name,
        d.request.url.as_deref().or(e.url.as_deref()).unwrap_or("(no URL)"),
    );
    let mut out = vec![line, Line::default()];
    match &d.request.payload {
        Payload::Form(params) => out.extend(pretty::form(params)),
        Payload::Json(body) => out.extend(pretty::body(Some("application/json"), body, &[], Limits::default())),
        Payload::Empty => out.push(Line::of(Role::Faint, "(no body, no parameters)")),
    }
    out
}

fn answered(provider: Provider, kind: RequestKind, e: &Exchange, r: Option<&Response>) -> Vec<Line> {
    let Some(r) = r else {
        let text = if e.waiting() {
            "no answer was logged yet"
        } else {
            "the source holds no answer"
        };
        return vec![Line::of(Role::Faint, text)];
    };
    let mut out = Vec::new();
    let mut line = match r.status {
        Some(s) => Line::of(
            if e.outcome.failed() { Role::Error } else { Role::Good },
            &s.to_string(),
        ),
        None => Line::of(Role::Faint, "status not logged"),
    };
    if let Some(ms) = r.ms {
        line.push(Role::Plain, &format!(" in {} ms", fit::thousands(ms as usize)));
    }
    out.push(line);
    let Some(body) = r.body.as_deref() else {
        out.push(Line::of(Role::Faint, "the source holds no body"));
        return out;
    };
    // What the platform would say to the document; of an error page it looks at the status only.
    let runs = r.status.is_none_or(|s| (200..300).contains(&s)) && !kind.is_callback();
    let problems = if runs && !body.is_empty() {
        reply(provider, kind, body.as_bytes())
    } else {
        Vec::new()
    };
    out.extend(problems.iter().filter(|p| p.line.is_none()).map(problem));
    out.push(Line::default());
    out.extend(pretty::body(
        header(&r.headers, "content-type"),
        body.as_bytes(),
        &faults(&problems),
        Limits::default(),
    ));
    out
}

fn headers(d: &Detail) -> Vec<Line> {
    let mut out = Vec::new();
    let mut list = |title: &str, headers: &[(String, String)]| {
        if !out.is_empty() {
            out.push(Line::default());
        }
        out.push(Line::of(Role::Heading, title));
        if headers.is_empty() {
            out.push(Line::of(Role::Faint, "the source keeps none"));
        }
        for (name, value) in headers {
            let mut line = Line::of(Role::Name, name);
            line.push(Role::Punct, ": ");
            line.push(Role::Plain, value);
            out.push(line);
        }
    };
    list("Request", &d.request.headers);
    if let Some(r) = &d.response {
        list("Response", &r.headers);
    }
    out
}

fn body(d: &Detail) -> Option<String> {
    crate::output::json::body_text(d)
}

/// Where a request, its answer and a finding stand.
fn places(e: &Exchange, about: Option<&Finding>) -> Vec<Place> {
    let mut all = vec![e.place];
    all.extend(e.answer);
    all.extend(about.map(|f| f.place));
    all
}

/// The lines of some places with their numbers, and a few around each; every line once, in the order of its input, with a sign where
/// lines are left out.
fn raw(session: &Session, places: &[Place]) -> Vec<Line> {
    let mut inputs: Vec<Place> = Vec::new();
    for p in places {
        if inputs.iter().all(|i| i.input != p.input) {
            inputs.push(*p);
        }
    }
    let mut out = Vec::new();
    for input in inputs {
        if !out.is_empty() {
            out.push(Line::default());
        }
        out.push(Line::of(Role::Faint, session.name_of(input)));
        let mut before = None;
        for (n, source) in sources(session, places.iter().filter(|p| p.input == input.input)) {
            if before.is_some_and(|b| b + 1 < n) {
                out.push(Line::of(Role::Faint, &format!(" {:>7} ", "…")));
            }
            before = Some(n);
            out.push(numbered(n, &source));
        }
    }
    out
}

/// A line of an input.
#[derive(Default)]
struct Source {
    text: Vec<u8>,
    /// It belongs to what is looked at.
    meant: bool,
}

/// The lines of some places of one input, and a few around each.
fn sources<'p>(session: &Session, places: impl Iterator<Item = &'p Place>) -> BTreeMap<u64, Source> {
    let mut all: BTreeMap<u64, Source> = BTreeMap::new();
    for place in places {
        let end = place.line + lines_in(session, *place);
        for (n, text) in session.around(*place, AROUND, LONGEST) {
            let line = all.entry(n).or_default();
            line.meant |= (place.line..end).contains(&n);
            // What is further away may be cut.
            if text.len() > line.text.len() {
                line.text = text;
            }
        }
    }
    all
}

fn numbered(n: u64, source: &Source) -> Line {
    let (mark, number, role) = if source.meant {
        (">", Role::Command, Role::Plain)
    } else {
        (" ", Role::Faint, Role::Faint)
    };
    let mut line = Line::of(number, &format!("{mark}{n:>7} "));
    line.hang = line.width();
    let text = String::from_utf8_lossy(&source.text);
    line.push(role, text.trim_end_matches(['\r', '\n']));
    line
}

/// How many lines a place has.
fn lines_in(session: &Session, place: Place) -> u64 {
    let text = session.again(&[place]).pop().unwrap_or_default();
    memchr::memchr_iter(b'\n', &text).count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::live::Rows;
    use crate::model::Time;
    use crate::session::Reading;
    use crate::store::{EventKind, NewEvent, NewReplay, Origin, Retention, Store};

    /// A place at a line of a text, from 1.
    fn at(text: &str, line: u64) -> Place {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let before: usize = lines[..line as usize - 1].iter().map(|l| l.len()).sum();
        Place {
            input: 0,
            line,
            byte: before as u64,
            len: lines[line as usize - 1].trim_end().len() as u32,
        }
    }

    #[test]
    fn every_line_of_the_source_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let text = (1..=40).map(|n| format!("text {n}")).collect::<Vec<_>>().join("\n");
        std::fs::write(&path, &text).unwrap();
        let engine = Engine::new(builtin::packs());
        let session = Session::open(&[path], &engine, Reading::default(), &mut |_, _| {});
        let places = [8, 9, 30].map(|n| at(&text, n));
        let shown: Vec<String> = raw(&session, &places)[1..].iter().map(Line::text).collect();
        let numbers: Vec<&str> = shown
            .iter()
            .map(|l| l.split_whitespace().find(|w| *w != ">").unwrap())
            .collect();
        let expected: Vec<String> = (5..=12).map(|n| n.to_string()).collect();
        assert_eq!(numbers[..8], expected);
        assert_eq!(numbers[8..], ["…", "27", "28", "29", "30", "31", "32", "33"]);
        let meant: Vec<&String> = shown.iter().filter(|l| l.starts_with('>')).collect();
        assert_eq!(meant, [">      8 text 8", ">      9 text 9", ">     30 text 30"]);
    }

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

    #[test]
    fn a_long_line_goes_on_below_its_text() {
        let source = Source {
            text: "one two three".into(),
            meant: true,
        };
        let rows: Vec<String> = numbered(12, &source).wrap(19).iter().map(Line::text).collect();
        assert_eq!(rows, [">     12 one two ", "         three"]);
    }
}
