//! The first tab of a sheet: what went wrong and what to look at first, what became of the request, its kept replays.

use crate::call::{Exchange, Finding};
use crate::filter::catalogue;
use crate::model::{Provider, RequestKind};
use crate::output::fit;
use crate::output::kept::Kept;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::session::Session;
use crate::store::Replays;

/// Replays that a sheet lists, the last ones.
pub(super) const REPLAYS: usize = 20;

/// Title, evidence, advice, link of a finding, the script around it.
pub(super) fn why(session: &Session, f: &Finding) -> Vec<Line> {
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

/// What went wrong with a request, one finding after the other.
pub(super) fn findings_of(session: &Session, findings: &[&Finding]) -> Vec<Line> {
    let mut out = Vec::new();
    for f in findings {
        out.extend(why(session, f));
        out.push(Line::default());
    }
    out
}

fn quoted(role: Role, text: &str) -> Line {
    let mut line = Line::of(Role::Faint, "│ ");
    line.push(role, text);
    line
}

/// What became of a request, in a few lines.
pub(super) fn became(e: &Exchange) -> Vec<Line> {
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
pub(super) fn replayed(event: i64, replays: &mut Replays) -> Vec<Line> {
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
