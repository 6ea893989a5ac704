//! What stands in the list of calls while there are none: why, and what to do next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::data::{ServiceRow, SourceState};
use super::super::keys::Action;
use super::super::model::Model;
use super::pen::Pen;
use crate::output::fit;
use crate::output::style::Role;

/// Draws it.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let width = usize::from(area.width).saturating_sub(4).max(1);
    let lines = lines(model);
    let wrapped = lines.iter().flat_map(|(role, text)| {
        let rows = fit::wrap(text, width);
        rows.into_iter().map(|r| (*role, r))
    });
    for (n, (role, text)) in wrapped.enumerate().take(usize::from(area.height)) {
        Pen::new(buffer, model.look.theme, area, n as u16)
            .skip(3)
            .text(role, &text);
    }
}

type Said = Vec<(Role, String)>;

fn lines(model: &Model) -> Said {
    let key = |a| model.keys.name_of(a);
    let total = model.calls.list.total;
    let said = |what: &str, then: String| vec![(Role::Plain, what.to_owned()), (Role::Faint, then)];
    let sources = &model.sources;
    if !model.calls.filled || (!sources.done && !sources.caught_up && total == 0) {
        vec![(Role::Plain, "reading…".to_owned())]
    } else if model.filter.active().is_some() {
        let (change, off) = (key(Action::Filter), key(Action::ToggleFilter));
        said(
            "No call fits the filter.",
            format!("{change} changes it, {off} switches it off"),
        )
    } else if total > 0 && model.calls.problems_only {
        let so_far = if sources.done { "" } else { " so far" };
        said(
            &format!("No problems in {}{so_far}.", fit::count(total, "call")),
            format!("{} shows all calls", key(Action::ErrorsOnly)),
        )
    } else if sources.done {
        said(
            "No calls in these inputs.",
            format!("{} shows what was read and what could not be", key(Action::Sources)),
        )
    } else if sources.caught_up {
        waiting(model)
    } else {
        vec![(Role::Plain, "no problems so far, reading…".to_owned())]
    }
}

/// Nothing is there yet, and something may come: from where, and what it takes.
fn waiting(model: &Model) -> Said {
    let sources = &model.sources;
    let mut said = vec![(Role::Plain, "Nothing yet: calls appear here as they come.".to_owned())];
    for s in &sources.services {
        match &s.bad {
            Some(bad) => said.push((Role::Error, format!("{}: {bad}", s.name))),
            None => service(&mut said, s),
        }
    }
    for input in sources.rows.iter().filter(|s| s.name != "store") {
        said.push(match &input.state {
            SourceState::Failed(why) => (Role::Error, format!("{}: {why}", input.name)),
            SourceState::Waits(why) => (Role::Warning, format!("{} {why}", input.name)),
            _ => (Role::Faint, format!("What is added to {} is read.", input.name)),
        });
    }
    if let Some(store) = &sources.store {
        let text = if sources.services.is_empty() {
            let text = "`redial listen` takes Twilio's webhooks, `redial proxy` records requests on their way to your app, \
                        `redial FILE` reads a log, `redial demo` shows how it goes.";
            said.push((Role::Faint, text.to_owned()));
            format!("What other redials receive comes from the store {store}.")
        } else {
            format!("What comes is kept in {store}.")
        };
        said.push((Role::Faint, text));
    }
    said
}

/// What to do so that something comes.
fn service(said: &mut Said, s: &ServiceRow) {
    let tunnel = |said: &mut Said| {
        if let (Some(port), true) = (s.port(), s.is_loopback()) {
            let text = format!("From outside it takes a tunnel to port {port}, such as `ngrok http {port}`.");
            said.push((Role::Faint, text));
        }
    };
    match (s.url(), s.to()) {
        (Some(url), Some(to)) => {
            said.push((Role::Good, format!("Send your app's webhooks to {url}")));
            said.push((Role::Faint, format!("They are passed on to {to} and recorded.")));
            tunnel(said);
        }
        (Some(url), None) => {
            said.push((Role::Good, format!("Give Twilio this URL: {url}")));
            said.push((
                Role::Faint,
                "As the debugger's webhook, or as an Event Streams sink.".to_owned(),
            ));
            tunnel(said);
        }
        (None, _) => {
            let up_to = s.up_to.map(super::sources::clock);
            let text = match up_to {
                Some(time) => format!("{}: {} has nothing, up to {time}.", s.name, s.at),
                None => format!("{}: {} is asked again and again.", s.name, s.at),
            };
            said.push((Role::Faint, text));
        }
    }
}
