//! Where replays go: asked before the first one, or when the user wants another place.
//!
//! What may be sent to is decided by [`Target`]; here its refusals are said, and names that may be elsewhere are warned of.

use super::super::model::{Model, Overlay, Prompt, PromptKind};
use super::super::msg::{Effect, Purpose, Wanted};
use super::{close, prompts, replays};
use crate::replay::Target;

/// Where a replay goes when nobody said otherwise.
pub(super) const USUAL_TARGET: &str = "http://localhost:3000";

/// Asks where replays go.
pub(super) fn open(model: &mut Model, then: Option<(Purpose, Vec<Wanted>)>) {
    let text = if model.target.text.is_empty() {
        USUAL_TARGET.to_owned()
    } else {
        model.target.text.clone()
    };
    prompts::open(model, PromptKind::Target(then), &text);
    if let Some(Overlay::Prompt(p)) = &mut model.overlay {
        p.untouched = true;
    }
}

pub(super) fn take(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    match Target::parse(text, &model.target.allow_hosts) {
        // Whether a name is this machine is known when it is resolved, which is when something is sent: said before.
        Ok(target) if !target.sure() && !warned(model, &target) => {}
        Ok(target) => {
            model.target.text = target.to_string();
            model.target.target = Some(target);
            let then = match &mut model.overlay {
                Some(Overlay::Prompt(Prompt {
                    kind: PromptKind::Target(then),
                    ..
                })) => then.take(),
                _ => None,
            };
            close(model);
            if let Some((purpose, wanted)) = then {
                replays::plan(model, purpose, wanted, effects);
            }
        }
        Err(e) => {
            if let Some(Overlay::Prompt(p)) = &mut model.overlay {
                p.fault = Some((0, e.to_string()));
            }
        }
    }
}

/// Says what stands in the way of a name that may be elsewhere, unless that was just said.
fn warned(model: &mut Model, target: &Target) -> bool {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return false;
    };
    let host = target.host();
    if p.warned.as_ref() == Some(&host) {
        return true;
    }
    let why = format!(
        "replays go to this machine only; enter again takes `{host}`, and nothing is sent unless the name is this machine's. To send \
         elsewhere start with --allow-host {host}, or put allow_hosts = [\"{host}\"] into the configuration file"
    );
    p.fault = Some((0, why));
    p.warned = Some(host);
    false
}
