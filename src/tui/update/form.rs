//! A request being edited: the keys of the form, its fields, its way to the outside editor and back, drafts.
//!
//! Not here: what a form holds and how it is read ([`Form`]), and what becomes of the request when it is sent (`replays`).

use std::sync::Arc;

use super::super::data::{Draft, Recorded};
use super::super::form::{Change, Form};
use super::super::keys::{Action, Layer};
use super::super::layout::Pane;
use super::super::model::{Model, Overlay, PromptKind};
use super::super::msg::{Effect, Level, Purpose, Wanted};
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
        Action::Send => send_form(model, Purpose::Send, effects),
        Action::Preview => send_form(model, Purpose::Preview, effects),
        Action::EditOutside => edit_outside(model, effects),
        Action::Reset => form.reset(),
        Action::Cancel => leave_form(model),
        Action::Quit => effects.push(Effect::Quit),
        _ => {}
    }
}

/// The edits stay with the request.
fn leave_form(model: &mut Model) {
    keep_draft(model);
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

/// Remembers what the form holds, or that it holds nothing new.
pub(super) fn keep_draft(model: &mut Model) {
    let Some(Overlay::Form(form)) = &model.overlay else {
        return;
    };
    let exchange = form.recorded.exchange;
    if form.changed() {
        model.replays.drafts.insert(exchange, Arc::new(form.draft()));
        let text = format!("edits kept; {} opens them again", model.keys.name_of(Action::Edit));
        model.notices.say(model.now, Level::Info, text);
    } else {
        model.replays.drafts.remove(&exchange);
    }
}

/// The request that an editor is for.
fn to_edit(model: &Model) -> Result<(Arc<Recorded>, Option<Arc<Draft>>), String> {
    if model.focus == Pane::Replays {
        let a = model.replays.selected().ok_or("nothing was sent yet")?;
        return Ok((Arc::clone(&a.recorded), a.draft.clone()));
    }
    let sheet = model.detail.sheet.as_ref().ok_or("choose a request first")?;
    match &sheet.recorded {
        Some(r) => Ok((Arc::new((**r).clone()), model.replays.drafts.get(&r.exchange).cloned())),
        None => Err(format!(
            "there is no request here; {} goes to the next problem",
            model.keys.name_of(Action::NextProblem)
        )),
    }
}

/// Opens the form.
pub(super) fn edit(model: &mut Model) {
    match to_edit(model) {
        Ok((recorded, draft)) => model.overlay = Some(Overlay::Form(Box::new(Form::new(recorded, draft.as_deref())))),
        Err(why) => model.notices.say(model.now, Level::Info, why),
    }
}

/// Opens the request in the editor, from a pane or from the form.
pub(super) fn edit_outside(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Form(form)) = &model.overlay {
        return effects.push(Effect::EditOutside(form.http()));
    }
    match to_edit(model) {
        Ok((recorded, draft)) => {
            let mut form = Form::new(recorded, draft.as_deref());
            form.passing = true;
            effects.push(Effect::EditOutside(form.http()));
            model.overlay = Some(Overlay::Form(Box::new(form)));
        }
        Err(why) => model.notices.say(model.now, Level::Info, why),
    }
}

/// The editor is closed: what it wrote goes into the form.
pub(super) fn edited(model: &mut Model, result: Result<String, String>, effects: &mut Vec<Effect>) {
    let text = match result {
        Ok(text) => text,
        Err(why) => return model.notices.say(model.now, Level::Error, why),
    };
    let Some(Overlay::Form(form)) = &mut model.overlay else {
        return;
    };
    match form.read_http(&text) {
        Ok(Change::Some) => {
            let wanted = vec![Wanted::Draft(Arc::new(form.draft()))];
            replays::plan(model, Purpose::Preview, wanted, effects);
        }
        Ok(Change::None) => model.notices.say(model.now, Level::Info, "nothing was changed"),
        Err(why) => {
            let text = format!(
                "{why}; {} opens the editor again",
                model.keys.name_of(Action::EditOutside)
            );
            model.notices.say(model.now, Level::Error, text);
        }
    }
}

/// The form is done.
fn send_form(model: &mut Model, purpose: Purpose, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &model.overlay else {
        return;
    };
    let wanted = if form.changed() {
        Wanted::Draft(Arc::new(form.draft()))
    } else {
        Wanted::Exchange(form.recorded.exchange)
    };
    replays::plan(model, purpose, vec![wanted], effects);
}
