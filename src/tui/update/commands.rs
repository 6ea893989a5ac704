//! Commands by name: the palette, and the keys of this screen with words (`?`). Both list [`COMMANDS`] and find by what is typed.

use super::super::fuzzy;
use super::super::keys::{Action, COMMANDS, Layer};
use super::super::model::{Choice, Model, Overlay, PromptKind};
use super::super::msg::Effect;
use super::{actions, prompts};

/// Every command by name.
pub(super) fn palette(model: &mut Model) {
    prompts::open(model, PromptKind::Palette, "");
    list(model);
}

/// The keys of this screen.
pub(super) fn help(model: &mut Model) {
    prompts::open(model, PromptKind::Help, "");
    list(model);
}

/// The commands that fit what was typed, best first; without a word in the order of the table.
pub(super) fn list(model: &mut Model) {
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

/// Does what was chosen; a help without a choice stays for reading.
pub(super) fn run_chosen(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(p)) = &mut model.overlay else {
        return;
    };
    let action = p.chosen.and_then(|n| p.choices.get(n)?.action);
    let waiting = p.kind == PromptKind::Help && action.is_none();
    if !waiting || p.choices.is_empty() {
        model.overlay = None;
    }
    if let Some(a) = action {
        actions::run(model, a, effects);
    }
}
