//! What is printed of an attempt: the contract's object, or lines for a person, and how the answer differs.

use std::io::Write;

use serde::Serialize;

use super::super::read::View;
use super::ready::{Answered, Ready};
use crate::model::Response;
use crate::output::changes;
use crate::output::diff::bodies;
use crate::output::json;
use crate::output::rich::{Line, Mark};
use crate::output::style::Role;
use crate::replay::Sent;

/// Equal lines around a difference.
const CONTEXT: usize = 3;

/// What an answer is compared with.
#[derive(Clone, Copy)]
pub(super) enum Against<'a> {
    /// Without `--diff`.
    Nothing,
    /// With an older one, where there is one.
    Answer(Option<&'a Body>),
}

/// An answer to compare with.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    status: Option<u16>,
    kind: Option<String>,
    /// None where nobody logged it.
    bytes: Option<Vec<u8>>,
}

impl Body {
    /// The recorded one, where there is one.
    pub(super) fn recorded(ready: &Ready<'_>) -> Option<Self> {
        Self::logged(ready.chosen.detail.response.as_ref(), ready.chosen.exchange.status)
    }

    /// As it was logged; `status` is what is known besides.
    pub(super) fn logged(response: Option<&Response>, status: Option<u16>) -> Option<Self> {
        let response = response.filter(|r| !r.is_made_up())?;
        let status = response.status.or(status);
        let bytes = response.body.clone().map(String::into_bytes);
        (status.is_some() || bytes.is_some()).then(|| Self {
            status,
            kind: response.header("content-type").map(str::to_owned),
            bytes,
        })
    }

    /// What came now; none where no answer began.
    pub(super) fn of(answered: &Answered) -> Option<Self> {
        Self::of_sent(&answered.done.sent)
    }

    /// What came; none where no answer began.
    pub(super) fn of_sent(sent: &Sent) -> Option<Self> {
        sent.status?;
        let kind = sent.headers.iter().find(|(n, _)| n == "content-type");
        Some(Self {
            status: sent.status,
            kind: kind.map(|(_, v)| v.clone()),
            bytes: Some(sent.body.clone()),
        })
    }
}

impl Body {
    /// The body itself is known.
    pub(super) fn is_known(&self) -> bool {
        self.bytes.is_some()
    }
}

/// The differing lines; none where an answer is missing.
pub(super) fn difference(old: Option<&Body>, new: Option<&Body>) -> Option<Vec<Line>> {
    let (old, new) = (old?, new?);
    let status = |b: &Body| b.status.map(|s| s.to_string());
    let mut out = fact("status", status(old), status(new));
    out.extend(fact("content-type", old.kind.clone(), new.kind.clone()));
    let (Some(was), Some(is)) = (&old.bytes, &new.bytes) else {
        return Some(out);
    };
    if was == is {
        return Some(out);
    }
    let found = bodies((old.kind.as_deref(), was), (new.kind.as_deref(), is), None);
    let lines = found.unified(CONTEXT);
    let differs = |l: &Line| matches!(l.mark, Some(Mark::Added | Mark::Removed | Mark::Changed));
    if lines.iter().any(differs) {
        out.extend(lines);
    }
    Some(out)
}

/// What stands before the body, where it differs; what one of them does not know is no difference.
fn fact(name: &str, old: Option<String>, new: Option<String>) -> Vec<Line> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => vec![
            Line::of(Role::Removed, &format!("- {name}: {old}")).marked(Mark::Removed),
            Line::of(Role::Added, &format!("+ {name}: {new}")).marked(Mark::Added),
        ],
        _ => Vec::new(),
    }
}

/// A `replay` with what only these options know.
#[derive(Serialize)]
struct Beside<T> {
    #[serde(flatten)]
    replay: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Vec<String>>,
}

/// One object.
pub(super) fn object(
    out: &mut impl Write,
    ready: &Ready<'_>,
    answered: &Answered,
    round: Option<u32>,
    against: Against<'_>,
) -> std::io::Result<()> {
    let (c, done) = (&ready.chosen, &answered.done);
    let lines = match against {
        Against::Answer(old) => difference(old, Body::of(answered).as_ref()),
        Against::Nothing => None,
    };
    let edits = ready.changes();
    let beside = Beside {
        replay: json::replay(c.exchange, c.call, &done.plan, &done.sent, &done.verdict, &edits),
        round,
        diff: lines.map(|all| all.iter().map(Line::text).collect()),
    };
    json::line(out, &beside)
}

/// The whole of it for a person.
pub(super) fn text(
    view: &View,
    out: &mut impl Write,
    ready: &Ready<'_>,
    answered: &Answered,
    against: Against<'_>,
) -> std::io::Result<()> {
    let done = &answered.done;
    view.page
        .replay(out, ready.chosen.exchange, &done.plan, &done.sent, &done.verdict)?;
    if let Some(line) = changes::line(&ready.changes()) {
        view.page.wrapped(out, 6, Role::Faint, &line)?;
    }
    for note in &done.plan.notes {
        view.page.wrapped(out, 6, Role::Faint, &format!("note: {note}"))?;
    }
    match against {
        Against::Answer(old) => differing(view, out, old, Body::of(answered).as_ref(), "recorded"),
        Against::Nothing => Ok(()),
    }
}

/// How an answer differs from an older one, which is called `older`.
pub(super) fn differing(
    view: &View,
    out: &mut impl Write,
    old: Option<&Body>,
    new: Option<&Body>,
    older: &str,
) -> std::io::Result<()> {
    let remark = match difference(old, new) {
        None if new.is_none() => return Ok(()),
        None => format!("no {older} answer to compare with"),
        Some(lines) if lines.is_empty() && old.is_some_and(|b| b.bytes.is_none()) => {
            format!("the status is the {older} one; the body of that answer is not known")
        }
        Some(lines) if lines.is_empty() => format!("the answer is the {older} one"),
        Some(lines) => {
            for line in &lines {
                let role = match line.mark {
                    Some(Mark::Added) => Role::Added,
                    Some(Mark::Removed) => Role::Removed,
                    Some(Mark::Folded(_)) => Role::Faint,
                    _ => Role::Plain,
                };
                writeln!(out, "      {}", view.page.paint.role(role, line.text()))?;
            }
            return Ok(());
        }
    };
    view.page.wrapped(out, 6, Role::Faint, &remark)
}
