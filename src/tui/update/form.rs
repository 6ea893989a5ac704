//! A request being edited: the keys of the form, its fields, its way to the outside editor and back, drafts.
//!
//! Not here: what a form holds and how it is read ([`Form`]), and what becomes of the request when it is sent (`replays`).

use super::super::keys::{Action, Layer};
use super::super::model::{Model, Overlay, PromptKind};
use super::super::msg::{Effect, Level, Purpose};
use super::{close, prompts, replays};
use crate::config::keys::Key;

/// A key in the form.
pub(super) fn key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let Some(action) = model.keys.action(Layer::Form, key) else {
        return;
    };
    let height = super::super::layout::form_rows(model.size);
    let Some(Overlay::Form(form)) = &mut model.overlay else {
        return;
    };
    match action {
        Action::Next => form.step(1, height),
        Action::Previous => form.step(-1, height),
        Action::PageDown => form.step(10, height),
        Action::PageUp => form.step(-10, height),
        Action::Accept => edit_field(model),
        Action::Add => {
            form.add(height);
            edit_field(model);
        }
        Action::Remove => {
            if let Err(why) = form.remove(height) {
                model.notices.say(model.now, Level::Info, why);
            }
        }
        Action::Send => replays::send_form(model, Purpose::Send, effects),
        Action::Preview => replays::send_form(model, Purpose::Preview, effects),
        Action::EditOutside => replays::edit_outside(model, effects),
        Action::Reset => form.reset(),
        Action::Cancel => leave_form(model),
        Action::Quit => effects.push(Effect::Quit),
        _ => {}
    }
}

/// The edits stay with the request.
fn leave_form(model: &mut Model) {
    replays::keep_draft(model);
    model.overlay = None;
}

fn edit_field(model: &mut Model) {
    let Some(Overlay::Form(form)) = &model.overlay else {
        return;
    };
    let text = form.typed();
    prompts::open(model, PromptKind::Field, &text);
}

/// The typed value goes into its field.
pub(super) fn take_field(model: &mut Model) {
    let Some(Overlay::Prompt(p)) = &model.overlay else {
        return;
    };
    let value = p.input.value().to_owned();
    let height = super::super::layout::form_rows(model.size);
    close(model);
    if let Some(Overlay::Form(form)) = &mut model.overlay {
        let taken = form.take(&value);
        // A new field stands where its kind stands.
        form.step(0, height);
        if let Err(why) = taken {
            model.notices.say(model.now, Level::Error, why);
        }
    }
}
