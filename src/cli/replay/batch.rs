//! Sending what was chosen, in order, and telling what became of each.

use std::io::Write;

use super::super::{Exit, read, say};
use super::choose::Chosen;
use super::{planned, refused};
use crate::model::Time;
use crate::output::json;
use crate::output::kept::Attempted;
use crate::output::style::Role;
use crate::output::text::count;
use crate::replay::{Followed, Options, Pinned, Target, send_following};
use crate::store::Replays;

/// Sends one after the other; every answer is printed when it is there.
pub(super) async fn send_all(
    view: &read::View,
    ready: &[Chosen<'_>],
    target: &Target,
    options: &Options,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let pinned: Pinned = target.resolve().await.map_err(|e| refused(&e))?;
    let mut passed = 0;
    let mut replays = view.store.clone().map(Replays::new);
    for c in ready {
        let at = read::now();
        let first = planned(c, target, options)?;
        let (provider, request) = (c.call.provider, &c.detail.request);
        let followed = send_following(provider, c.exchange.kind, request, first, target, options, &pinned).await;
        // What is shown was kept before.
        if let Some(replays) = &mut replays {
            keep(view, c, at, &followed, options, replays);
        }
        let Followed { plan, sent, verdict } = followed;
        passed += usize::from(verdict.pass());
        if view.json {
            json::line(out, &json::replay(c.exchange, c.call, &plan, &sent, &verdict))?;
        } else {
            view.page.replay(out, c.exchange, &plan, &sent, &verdict)?;
            for note in &plan.notes {
                view.page.wrapped(out, 6, Role::Faint, &format!("note: {note}"))?;
            }
        }
        out.flush()?;
    }
    if view.json {
        json::line(out, &view.summary(&[]))?;
    } else {
        closing(view, passed, ready.len(), out)?;
    }
    Ok(if passed == ready.len() { Exit::Done } else { Exit::No })
}

/// Keeps what became of a request of the store's.
fn keep(view: &read::View, c: &Chosen<'_>, at: Time, done: &Followed, options: &Options, replays: &mut Replays) {
    let Some(event) = view.session.event_of(c.exchange.place) else {
        return;
    };
    let (request, call) = (c.exchange.name(), c.call.id.to_string());
    let attempted = Attempted {
        event,
        request: &request,
        call: c.call.real.then_some(call.as_str()),
        at,
        plan: &done.plan,
        sent: &done.sent,
        verdict: &done.verdict,
        changed: None,
        edits: &options.edits,
        token: options.auth_token.as_ref(),
    };
    replays.keep_or_tell(&attempted.to_keep(), |text| say(&text));
}

fn closing(view: &read::View, passed: usize, all: usize, out: &mut impl Write) -> std::io::Result<()> {
    let role = if passed == all { Role::Good } else { Role::Error };
    let requests = count(all, "request");
    let text = format!("{requests} sent: {passed} passed, {} failed", all - passed);
    writeln!(out, "{}", view.page.paint.role(role, text))
}
