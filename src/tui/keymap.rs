//! The keys in use: those of the table, changed by the configuration file, and what is wrong with the changes.

use std::collections::HashMap;

use super::keys::{Action, COMMANDS, Command, Layer};
use crate::config::keys::Key;
use crate::config::{Binding, Notice};

/// The keys in use: the table's, changed by the configuration file.
#[derive(Clone, Debug)]
pub struct Keymap {
    by_key: HashMap<(Layer, Key), Action>,
    of: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[]).0
    }
}

impl Keymap {
    /// The table's keys with the user's own over them, and what is wrong with those. A key that is given to a command is taken from
    /// the one that had it.
    pub fn new(own: &[Binding]) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let mut of: Vec<Vec<Key>> = COMMANDS
            .iter()
            .map(|c| c.keys.split(' ').filter_map(|k| k.parse().ok()).collect())
            .collect();
        let mut bare: Vec<(usize, Key, &Binding)> = Vec::new();
        for b in own {
            let Some(n) = COMMANDS.iter().position(|c| c.name == b.command) else {
                complaints.push(unknown(b));
                continue;
            };
            for (i, keys) in of.iter_mut().enumerate() {
                if i != n && COMMANDS[i].layer == COMMANDS[n].layer {
                    let had = keys.first().copied();
                    keys.retain(|k| !b.keys.contains(k));
                    if let (Some(k), true) = (had, keys.is_empty()) {
                        bare.push((i, k, b));
                    }
                }
            }
            of[n].clone_from(&b.keys);
        }
        // Only what has no key when all is said: a later line may have given it another one.
        bare.retain(|(i, ..)| of[*i].is_empty() && !own.iter().any(|b| b.command == COMMANDS[*i].name));
        complaints.extend(bare.into_iter().map(|(i, key, b)| taken(&COMMANDS[i], key, b)));
        let mut by_key = HashMap::new();
        for (command, keys) in COMMANDS.iter().zip(&of) {
            for k in keys {
                by_key.insert((command.layer, *k), command.action);
            }
        }
        let quits = COMMANDS
            .iter()
            .zip(&of)
            .any(|(c, k)| c.layer == Layer::Panes && matches!(c.action, Action::Quit | Action::Back) && !k.is_empty());
        if !quits {
            complaints.push("no key quits any more; ctrl-c does".to_owned());
            if let Ok(k) = "ctrl-c".parse() {
                by_key.insert((Layer::Panes, k), Action::Quit);
            }
        }
        (Self { by_key, of }, complaints)
    }

    /// What a key asks for.
    pub fn action(&self, layer: Layer, key: Key) -> Option<Action> {
        self.by_key.get(&(layer, key)).copied()
    }

    /// The keys of the n-th command.
    pub fn keys_of(&self, n: usize) -> &[Key] {
        self.of.get(n).map_or(&[], Vec::as_slice)
    }

    /// The first key of a pane's command as text, such as `r`; its name when it has none.
    pub fn name_of(&self, action: Action) -> String {
        let n = COMMANDS
            .iter()
            .position(|c| c.action == action && c.layer == Layer::Panes);
        match n {
            Some(n) => match self.keys_of(n).first() {
                Some(k) => k.to_string(),
                None => format!(":{}", COMMANDS[n].name),
            },
            None => String::new(),
        }
    }
}

/// A command that has lost its last key to another one.
fn taken(command: &Command, key: Key, b: &Binding) -> String {
    let instead = match command.layer {
        Layer::Panes => format!(":{} still works", command.name),
        _ => format!("`{}` in the file gives it another", command.name),
    };
    let text = format!("`{key}` was the last key of `{}`; {instead}", command.name);
    Notice::at(&b.origin, text).to_string()
}

fn unknown(b: &Binding) -> String {
    let nearest = COMMANDS
        .iter()
        .map(|c| (strsim::damerau_levenshtein(c.name, &b.command), c.name))
        .min();
    let hint = match nearest {
        Some((distance, name)) if distance <= 3 => format!("; did you mean `{name}`?"),
        _ => "; `:` lists them".to_owned(),
    };
    Notice::at(&b.origin, format!("no command `{}`{hint}", b.command)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    #[test]
    fn the_file_rebinds_and_unbinds() {
        let own = |command: &str, keys: &[&str]| Binding {
            command: command.to_owned(),
            keys: keys.iter().map(|k| k.parse().unwrap()).collect(),
            origin: Origin::File {
                path: "config.toml".into(),
                line: 3,
            },
        };
        let (map, wrong) = Keymap::new(&[own("replay", &["ctrl-r", "E"]), own("mark", &[]), own("replya", &["x"])]);
        let at = |k: &str| map.action(Layer::Panes, k.parse().unwrap());
        assert_eq!(at("ctrl-r"), Some(Action::Replay));
        assert_eq!(at("E"), Some(Action::Replay));
        assert_eq!(at("r"), None);
        assert_eq!(at("space"), None);
        assert_eq!(at("x"), Some(Action::Family));
        assert_eq!(map.name_of(Action::ErrorsOnly), ":errors-only");
        assert_eq!(
            wrong,
            [
                "config.toml:3: no command `replya`; did you mean `replay`?",
                "config.toml:3: `E` was the last key of `errors-only`; :errors-only still works"
            ]
        );
        // Two commands that change places lose nothing, nor does one with keys left, nor one that shall have none.
        let (map, wrong) = Keymap::new(&[
            own("search", &["f"]),
            own("filter", &["/"]),
            own("mark", &["g"]),
            own("copy", &["T"]),
            own("theme", &[]),
        ]);
        assert_eq!(wrong, [""; 0]);
        let at = |k: &str| map.action(Layer::Panes, k.parse().unwrap());
        assert_eq!((at("f"), at("/")), (Some(Action::Search), Some(Action::Filter)));
        let (_, wrong) = Keymap::new(&[own("form-send", &["u"])]);
        assert_eq!(
            wrong,
            ["config.toml:3: `u` was the last key of `form-reset`; `form-reset` in the file gives it another"]
        );
    }

    #[test]
    fn somebody_can_always_quit() {
        let none = |command: &str| Binding {
            command: command.to_owned(),
            keys: Vec::new(),
            origin: Origin::Default,
        };
        let (map, wrong) = Keymap::new(&[none("quit"), none("back")]);
        assert_eq!(map.action(Layer::Panes, "ctrl-c".parse().unwrap()), Some(Action::Quit));
        assert_eq!(wrong.len(), 1);
    }
}
