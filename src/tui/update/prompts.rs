//! Lines that are typed, and questions: the keys of everything that lies over the panes but the form.
//!
//! A prompt is opened here, edited, and taken or given up. What its line means is the matter of the file of its kind: `filtering`,
//! `commands` (palette and help), `target`, `form` (fields), `search`; `copying` has the copy menu. To add a kind: a variant of
//! [`PromptKind`], arms in [`typed`] and `accept`.

use tui_input::{Input, InputRequest};

use super::super::keys::{Action, Layer};
use super::super::model::{Hits, Model, Overlay, Prompt, PromptKind, Search};
use super::super::msg::Effect;
use super::{close, commands, copying, filtering, form, replays, search, target};
use crate::config::keys::{Code, Key};

/// Begins a line; the form waits behind it.
pub(super) fn open(model: &mut Model, kind: PromptKind, text: &str) {
    let behind = match model.overlay.take() {
        Some(Overlay::Form(form)) => Some(form),
        _ => None,
    };
    model.overlay = Some(Overlay::Prompt(Prompt {
        kind,
        input: Input::new(text.to_owned()),
        choices: Vec::new(),
        chosen: None,
        top: 0,
        fault: None,
        untouched: false,
        warned: None,
        behind,
    }));
}

/// Begins a search in the focused pane.
pub(super) fn search(model: &mut Model) {
    let cursor = match model.focus {
        super::super::layout::Pane::Calls => model.calls.cursor,
        super::super::layout::Pane::Story => model.story.cursor,
        super::super::layout::Pane::Detail => model.detail.cursor,
        super::super::layout::Pane::Replays => model.replays.text,
        super::super::layout::Pane::Sources => model.sources.cursor,
    };
    model.search = None;
    open(model, PromptKind::Search(cursor), "");
}

/// A key while something is typed or chosen.
pub(super) fn key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let action = model.keys.action(Layer::Prompt, key);
    match action {
        Some(Action::Quit) => return effects.push(Effect::Quit),
        Some(Action::Cancel) => return cancel(model),
        _ => {}
    }
    match &mut model.overlay {
        Some(Overlay::Copy(_)) => copying::key(model, action, key, effects),
        Some(Overlay::Confirm(..)) => {
            let yes = action == Some(Action::Accept) || matches!(key.typed(), Some('y' | 'r' | 'W'));
            let no = matches!(key.typed(), Some('n' | 'q'));
            if (yes || no)
                && let Some(Overlay::Confirm(purpose, plans)) = model.overlay.take()
                && yes
            {
                replays::agreed(model, purpose, plans, effects);
            }
        }
        Some(Overlay::Prompt(_)) => prompt_key(model, action, key, effects),
        _ => {}
    }
}

fn prompt_key(model: &mut Model, action: Option<Action>, key: Key, effects: &mut Vec<Effect>) {
    match action {
        Some(Action::Accept) => return accept(model, effects),
        Some(Action::Complete) => return filtering::complete(model, effects),
        Some(Action::Next) => return choose(model, 1),
        Some(Action::Previous) => return choose(model, -1),
        Some(Action::PageDown) => return choose(model, 10),
        Some(Action::PageUp) => return choose(model, -10),
        _ => {}
    }
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    if let Some(request) = editing(key) {
        let untouched = std::mem::take(&mut p.untouched);
        if untouched && key.typed().is_some() {
            p.input = Input::default();
        }
        let before = p.input.value().to_owned();
        p.input.handle(request);
        if p.input.value() != before || matches!(p.kind, PromptKind::Filter) {
            typed(model, effects);
        }
    }
}

/// What a key does in a line of text.
fn editing(key: Key) -> Option<InputRequest> {
    if let Some(c) = key.typed() {
        return Some(InputRequest::InsertChar(c));
    }
    Some(match (key.code, key.ctrl, key.alt) {
        (Code::Backspace, false, false) | (Code::Char('h'), true, false) => InputRequest::DeletePrevChar,
        (Code::Delete, false, false) => InputRequest::DeleteNextChar,
        (Code::Left, false, false) | (Code::Char('b'), true, false) => InputRequest::GoToPrevChar,
        (Code::Right, false, false) => InputRequest::GoToNextChar,
        (Code::Left, true, _) | (Code::Char('b'), false, true) => InputRequest::GoToPrevWord,
        (Code::Right, true, _) | (Code::Char('f'), false, true) => InputRequest::GoToNextWord,
        (Code::Home, ..) | (Code::Char('a'), true, false) => InputRequest::GoToStart,
        (Code::End, ..) | (Code::Char('e'), true, false) => InputRequest::GoToEnd,
        (Code::Char('w'), true, false) | (Code::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Code::Char('u'), true, false) => InputRequest::DeleteLine,
        (Code::Char('k'), true, false) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

/// So much of a pasted text is taken, in characters.
const PASTED: usize = 64 * 1024;

/// Pasted text goes into the line; line ends become blanks.
pub(super) fn paste(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let chars = text.chars().take(PASTED);
    let pasted: Vec<char> = chars.map(|c| if c.is_control() { ' ' } else { c }).collect();
    if std::mem::take(&mut p.untouched) {
        p.input = Input::default();
    }
    let mut line: Vec<char> = p.input.value().chars().collect();
    let at = p.input.cursor().min(line.len());
    let end = at + pasted.len();
    line.splice(at..at, pasted);
    p.input = Input::new(line.into_iter().collect()).with_cursor(end);
    typed(model, effects);
}

/// The line has changed.
pub(super) fn typed(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    p.fault = None;
    let text = p.input.value().to_owned();
    match &p.kind {
        PromptKind::Search(from) => {
            let (from, pane) = (from.at, model.focus);
            model.search = (!text.is_empty()).then(|| Search {
                text,
                pane,
                hits: Hits::default(),
                waits: None,
            });
            search::look(model, pane, from, true, true, effects);
        }
        PromptKind::Filter => filtering::typed(model, &text, effects),
        PromptKind::Palette | PromptKind::Help => commands::list(model),
        PromptKind::Target(_) | PromptKind::Field => {}
    }
}

fn choose(model: &mut Model, by: isize) {
    let height = super::super::layout::choices(model.size);
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    if p.choices.is_empty() {
        return;
    }
    let last = p.choices.len() - 1;
    let n = match p.chosen {
        Some(n) => n.saturating_add_signed(by).min(last),
        None if by < 0 => last,
        None => 0,
    };
    p.chosen = Some(n);
    p.top = p.top.clamp((n + 1).saturating_sub(height), n);
}

fn accept(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let text = p.input.value().trim().to_owned();
    match &p.kind {
        PromptKind::Search(_) => model.overlay = None,
        PromptKind::Filter => filtering::take(model, text, effects),
        PromptKind::Target(_) => target::take(model, &text, effects),
        PromptKind::Palette | PromptKind::Help => commands::run_chosen(model, effects),
        PromptKind::Field => form::take_field(model),
    }
}

fn cancel(model: &mut Model) {
    if let Some(Overlay::Prompt(p)) = &model.overlay
        && let PromptKind::Search(from) = p.kind
    {
        use super::super::layout::Pane;
        match model.focus {
            Pane::Calls => model.calls.cursor = from,
            Pane::Story => model.story.cursor = from,
            Pane::Detail => model.detail.cursor = from,
            Pane::Replays => model.replays.text = from,
            Pane::Sources => model.sources.cursor = from,
        }
        model.search = None;
    }
    close(model);
    if let Some(Overlay::Form(form)) = &mut model.overlay {
        form.give_up();
    }
}
