//! `--edit`: one request after the other in the user's editor.

use std::io::{self, IsTerminal};

use super::super::{Exit, Stop, say};
use super::batch::answer;
use super::choose::Chosen;
use super::ready::Draft;
use crate::replay::{from_http, to_http};
use crate::tui::editor;

/// Opens each; those that were emptied are left out.
///
/// # Errors
/// There is no editor, or what it wrote is no request and there is nobody to mend it.
pub(super) fn edited(chosen: Vec<Chosen<'_>>) -> anyhow::Result<Vec<(Chosen<'_>, Option<Draft>)>> {
    let mut out = Vec::new();
    for c in chosen {
        match one(&c)? {
            Edited::LeftOut => say(&format!("{} is left out", c.exchange.name())),
            Edited::AsRecorded => out.push((c, None)),
            Edited::Changed(draft) => out.push((c, Some(draft))),
        }
    }
    if out.is_empty() {
        return Err(Stop::new(Exit::Nothing, "every request was left out: nothing was sent").into());
    }
    Ok(out)
}

/// What was made of a request.
enum Edited {
    LeftOut,
    AsRecorded,
    Changed(Draft),
}

fn one(c: &Chosen<'_>) -> anyhow::Result<Edited> {
    let recorded = &c.detail.request;
    let shown = to_http(recorded);
    let mut text = shown.clone();
    loop {
        text = editor::edit(&text).map_err(|e| Stop::usage(format!("{}: {e}", c.exchange.name())))?;
        if text.trim().is_empty() {
            return Ok(Edited::LeftOut);
        }
        if text == shown {
            return Ok(Edited::AsRecorded);
        }
        let wrong = match from_http(&text, recorded) {
            Ok((request, headers)) if request == *recorded && headers.is_empty() => return Ok(Edited::AsRecorded),
            Ok((request, headers)) => return Ok(Edited::Changed(Draft { request, headers })),
            Err(e) => format!("{}: {e}", c.exchange.name()),
        };
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(Stop::usage(format!("{wrong}; nothing was sent")).into());
        }
        say(&wrong);
        match answer("enter opens it again, q sends nothing: ")?.as_deref() {
            Some("") => {}
            _ => return Err(Stop::new(Exit::Failed, "nothing was sent").into()),
        }
    }
}
