//! What a command reads: files, folders, standard input, the store; and how they are typed again in a command for the shell.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::Stop;
use super::args::{Look, Read};
use super::store_path::store_path;
use crate::config::Given;
use crate::output::style::Paint;
use crate::output::text::Page;

/// What a command reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    /// Files, folders, `-`.
    pub(super) names: Vec<PathBuf>,
    /// The store's file, when its events are wanted.
    pub(super) store: Option<PathBuf>,
}

impl Inputs {
    /// As they are typed again.
    pub(super) fn typed(&self) -> String {
        let names = self.names.iter().map(|p| typed(&p.display().to_string()));
        let store = self.store.iter().map(|_| "store".to_owned());
        names.chain(store).map(|n| n + " ").collect()
    }
}

/// What to read: the inputs named, else standard input when something is piped in, else the store.
pub(super) fn of(read: &Read) -> Result<Inputs, Stop> {
    let is_store = |n: &PathBuf| n.as_os_str() == "store";
    let (stores, names): (Vec<PathBuf>, Vec<PathBuf>) = read.inputs.iter().cloned().partition(is_store);
    if !names.is_empty() || !stores.is_empty() {
        let store = (!stores.is_empty()).then(store_path).transpose()?;
        return Ok(Inputs { names, store });
    }
    if !io::stdin().is_terminal() {
        return Ok(Inputs {
            names: vec![PathBuf::from("-")],
            store: None,
        });
    }
    Ok(Inputs {
        names: Vec::new(),
        store: Some(store_path()?),
    })
}

/// The store is to be read, and there is none.
pub(super) fn no_store(path: &Path) -> Stop {
    Stop::usage(format!(
        "there is no store yet ({}): `redial listen`, `redial proxy` and `redial pull` fill it; to read a log, name it: redial errors app.log",
        path.display()
    ))
}

pub(super) fn page(look: &Look, inputs: &Inputs) -> Page {
    let env = |name: &str| std::env::var(name).ok();
    let settings = super::config::settings(Given::default());
    let mut typed = inputs.typed();
    for folder in &look.filters {
        typed.extend(["--filters ", &quoted(&folder.display().to_string()), " "]);
    }
    Page {
        paint: Paint::for_stdout(look.color, env),
        width: super::columns(),
        inputs: typed,
        target: settings
            .target
            .value
            .is_none()
            .then(|| "http://localhost:3000".to_owned()),
    }
}

/// An input as it is typed again: standard input must be saved to a file first, a name with a dash in front needs a path.
fn typed(name: &str) -> String {
    match name {
        "-" => "FILE".to_owned(),
        n if n.starts_with('-') => quoted(&format!("./{n}")),
        n => quoted(n),
    }
}

/// A word for a shell, quoted when it must be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
