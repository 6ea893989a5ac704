//! What is typed and chosen: search, filter, target, palette, help, the copy menu, questions, fields of the form.

use tui_input::{Input, InputRequest};

use super::super::data::CopyTexts;
use super::super::fuzzy;
use super::super::keys::{Action, COMMANDS, Layer};
use super::super::model::{Choice, Hits, Menu, MenuLine, Model, Overlay, Prompt, PromptKind, Search};
use super::super::msg::{Ask, Effect, Level, Purpose, Wanted};
use super::{actions, ask, close, replays, search};
use crate::config::keys::{Code, Key};
use crate::filter::expr;
use crate::output::curl::curl;
use crate::replay::Target;

/// Where a replay goes when nobody said otherwise.
pub const USUAL_TARGET: &str = "http://localhost:3000";

fn open(model: &mut Model, kind: PromptKind, text: &str) {
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

/// Opens the filter bar.
pub(super) fn filter(model: &mut Model, effects: &mut Vec<Effect>) {
    let text = model.filter.text.clone();
    open(model, PromptKind::Filter, &text);
    typed(model, effects);
}

/// Asks where replays go.
pub(super) fn target(model: &mut Model, then: Option<(Purpose, Vec<Wanted>)>) {
    let text = if model.target.text.is_empty() {
        USUAL_TARGET.to_owned()
    } else {
        model.target.text.clone()
    };
    open(model, PromptKind::Target(then), &text);
    if let Some(Overlay::Prompt(p)) = &mut model.overlay {
        p.untouched = true;
    }
}

/// Every command by name.
pub(super) fn palette(model: &mut Model) {
    open(model, PromptKind::Palette, "");
    list_commands(model);
}

/// The keys of this screen.
pub(super) fn help(model: &mut Model) {
    open(model, PromptKind::Help, "");
    list_commands(model);
}

/// What can be copied of the selected thing.
pub(super) fn copy(model: &mut Model) {
    let texts = model.detail.sheet.as_ref().map(|s| s.copy.clone()).unwrap_or_default();
    let attempt = match model.focus {
        super::super::layout::Pane::Replays => model.replays.selected(),
        _ => model
            .detail
            .sheet
            .as_ref()
            .and_then(|s| s.exchange)
            .and_then(|n| model.replays.of(n).next_back()),
    };
    let command = attempt
        .and_then(|a| curl(&a.plan).ok())
        .or_else(|| recorded_curl(model));
    let CopyTexts { body, url, id, advice } = texts;
    let lines: Vec<MenuLine> = [
        ('c', "curl command", command),
        ('b', "body", body),
        ('u', "URL", url),
        ('i', "id of the call", id),
        ('a', "advice", advice),
    ]
    .into_iter()
    .filter_map(|(key, what, text)| text.map(|text| MenuLine { key, what, text }))
    .collect();
    if lines.is_empty() {
        return model.notices.say(
            model.now,
            Level::Info,
            "nothing to copy here: choose a request or a problem",
        );
    }
    model.overlay = Some(Overlay::Copy(Menu { lines, at: 0 }));
}

/// The command that would send the recorded request to the target.
fn recorded_curl(model: &Model) -> Option<String> {
    let r = model.detail.sheet.as_ref()?.recorded.as_ref()?;
    let target = match &model.target.target {
        Some(t) => t.clone(),
        None => Target::parse(USUAL_TARGET, &[]).ok()?,
    };
    // Not signed: a signature is made when it is sent, and the token stays where it is.
    let options = crate::replay::Options {
        sign: Some(crate::replay::SignMode::Strip),
        ..crate::replay::Options::default()
    };
    let plan = crate::replay::plan(r.provider, r.kind, &r.request, &target, &options).ok()?;
    curl(&plan).ok()
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
        Some(Overlay::Copy(menu)) => {
            let chosen = match (action, key.typed()) {
                (Some(Action::Next), _) => {
                    menu.at = (menu.at + 1) % menu.lines.len();
                    return;
                }
                (Some(Action::Previous), _) => {
                    menu.at = (menu.at + menu.lines.len() - 1) % menu.lines.len();
                    return;
                }
                (Some(Action::Accept), _) => menu.lines.get(menu.at),
                (_, Some('q')) => {
                    model.overlay = None;
                    return;
                }
                (_, Some(c)) => menu.lines.iter().find(|l| l.key == c),
                _ => None,
            };
            if let Some(line) = chosen {
                effects.push(Effect::Copy(line.text.clone(), line.what));
                model.overlay = None;
            }
        }
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
        Some(Action::Complete) => return complete(model, effects),
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
        PromptKind::Filter => filter_typed(model, &text, effects),
        PromptKind::Palette | PromptKind::Help => list_commands(model),
        PromptKind::Target(_) | PromptKind::Field => {}
    }
}

/// What the filter is wrong in, and what could stand at its cursor.
fn filter_typed(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
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

/// The commands that fit what was typed, best first; without a word in the order of the table.
fn list_commands(model: &mut Model) {
    let keys = std::sync::Arc::clone(&model.keys);
    let (pane, demo) = (model.focus.number(), model.demo.is_some());
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let help = p.kind == PromptKind::Help;
    let all = COMMANDS.iter().enumerate();
    let mut all: Vec<_> = all
        .filter(|(_, c)| help || c.layer == Layer::Panes)
        // Only the demo has an app to mend.
        .filter(|(_, c)| demo || c.action != Action::Mend)
        .collect();
    // What this pane is for stands first.
    all.sort_by_key(|(_, c)| help && !c.offer.contains(&pane));
    let choices: Vec<(&str, Choice)> = all
        .into_iter()
        .map(|(n, c)| {
            let bound: Vec<String> = keys.keys_of(n).iter().map(ToString::to_string).collect();
            let choice = Choice {
                text: if help { bound.join(" ") } else { c.name.to_owned() },
                help: if help {
                    c.help.to_owned()
                } else {
                    format!("{}  {}", c.help, bound.join(" "))
                },
                action: (c.layer == Layer::Panes).then_some(c.action),
                insert: None,
            };
            (c.name, choice)
        })
        .collect();
    // The help shows keys and words, and is found by the command's name as well.
    let words = |(_, c): &(&str, Choice)| format!("{} {}", c.text, c.help);
    p.choices = fuzzy::rank(p.input.value(), choices, |c| c.0, words)
        .into_iter()
        .map(|c| c.1)
        .collect();
    p.chosen = (!p.choices.is_empty() && !help).then_some(0);
    p.top = 0;
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

/// Puts the chosen completion into the line, or the first one.
fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
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
    typed(model, effects);
}

fn accept(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let text = p.input.value().trim().to_owned();
    match &p.kind {
        PromptKind::Search(_) => model.overlay = None,
        PromptKind::Filter => {
            if p.chosen.is_some() {
                return complete(model, effects);
            }
            if p.fault.is_none() {
                model.overlay = None;
                model.filter.text = text;
                model.filter.off = false;
            }
        }
        PromptKind::Target(_) => take_target(model, &text, effects),
        PromptKind::Palette | PromptKind::Help => {
            let action = p.chosen.and_then(|n| p.choices.get(n)?.action);
            let waiting = p.kind == PromptKind::Help && action.is_none();
            if !waiting || p.choices.is_empty() {
                model.overlay = None;
            }
            if let Some(a) = action {
                actions::run(model, a, effects);
            }
        }
        PromptKind::Field => {
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
    }
}

fn take_target(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
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

/// A key in the form.
pub(super) fn form_key(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
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
    open(model, PromptKind::Field, &text);
}
