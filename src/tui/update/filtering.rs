//! The filter bar: what its line is wrong in, what could stand at its cursor, and the filter taken.
//!
//! Values of fields come from the session's thread; until they are here, a field has none to offer. What the filter leaves in sight is
//! the session's matter, not this file's.

use tui_input::Input;

use super::super::model::{Choice, Model, Overlay, PromptKind};
use super::super::msg::{Ask, Effect};
use super::{ask, prompts};
use crate::filter::expr;

/// Opens the filter bar.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let text = model.filter.text.clone();
    prompts::open(model, PromptKind::Filter, &text);
    prompts::typed(model, effects);
}

/// What the filter is wrong in, and what could stand at its cursor.
pub(super) fn typed(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let now = model.now;
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    if !text.trim().is_empty()
        && let Err(e) = expr::parse(text, now)
    {
        p.fault = Some((e.column().saturating_sub(1), e.brief()));
    }
    let mut missing = Vec::new();
    let known = &model.filter.values;
    let asked = std::cell::RefCell::new(&mut missing);
    let found = expr::complete(text, p.input.cursor(), &|field| match known.get(&field) {
        Some(values) => values.to_vec(),
        None => {
            asked.borrow_mut().push(field);
            Vec::new()
        }
    });
    p.choices = found
        .candidates
        .iter()
        .map(|c| Choice {
            text: c.text.clone(),
            help: c.help.clone(),
            action: None,
            insert: Some(found.apply(text, c)),
        })
        .collect();
    p.chosen = None;
    p.top = 0;
    for field in missing {
        if model.filter.asked.insert(field.name()) {
            ask(effects, Ask::Values(field));
        }
    }
}

/// Puts the chosen completion into the line, or the first one.
pub(super) fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let Some(Choice {
        insert: Some((text, cursor)),
        ..
    }) = p.choices.get(p.chosen.unwrap_or(0))
    else {
        return;
    };
    p.input = Input::new(text.clone()).with_cursor(*cursor);
    prompts::typed(model, effects);
}

/// Takes the filter that stands in the bar; a chosen completion first.
pub(super) fn take(model: &mut Model, text: String, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &model.overlay else {
        return;
    };
    if p.chosen.is_some() {
        return complete(model, effects);
    }
    if p.fault.is_none() {
        model.overlay = None;
        model.filter.text = text;
        model.filter.off = false;
    }
}
