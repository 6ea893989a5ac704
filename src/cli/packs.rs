//! The rules of a run: the packs of `--filters`, of the configuration and of the user's folder, before the built-in ones.
//!
//! What is wrong with a pack is told and the rest works; a folder that was named and is not there ends the command.

use std::path::{Path, PathBuf};

use super::{Stop, say};
use crate::filter::{Engine, builtin, read_pack};

/// The user's rule packs: those of `folders` first, so that they can override.
pub(super) fn packs(folders: &[PathBuf]) -> Result<Vec<crate::filter::Pack>, Stop> {
    packs_telling(folders, &mut |text| say(&text))
}

/// As [`packs`]; what is wrong with the packs and the settings is told instead of printed.
pub(super) fn packs_telling(
    folders: &[PathBuf],
    tell: &mut dyn FnMut(String),
) -> Result<Vec<crate::filter::Pack>, Stop> {
    let mut packs = Vec::new();
    for folder in folders {
        if !folder.is_dir() {
            return Err(Stop::usage(format!("--filters {}: no such folder", folder.display())));
        }
        packs.extend(user_packs(folder, tell));
    }
    for folder in super::config::rule_folders(tell) {
        packs.extend(user_packs(&folder, tell));
    }
    if let Some(own) = config_folder() {
        packs.extend(user_packs(&own.join("filters"), tell));
    }
    Ok(packs)
}

/// All packs, the built-in ones last.
pub(super) fn engine(folders: &[PathBuf]) -> Result<Engine, Stop> {
    let engine = builtin::engine(packs(folders)?);
    for broken in engine.broken() {
        say(&broken.to_string());
    }
    Ok(engine)
}

/// `redial` in the user's configuration folder (XDG).
pub(super) fn config_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .ok()
        .map(|s| s.config_dir().join("redial"))
}

fn user_packs(folder: &Path, tell: &mut dyn FnMut(String)) -> Vec<crate::filter::Pack> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths
        .iter()
        .filter_map(|p| {
            let name = p.display().to_string();
            match std::fs::read(p) {
                Ok(text) => Some(read_pack(&String::from_utf8_lossy(&text), &name, &name)),
                Err(e) => {
                    tell(format!("{name}: cannot read the rule pack: {e}; it is left out"));
                    None
                }
            }
        })
        .collect()
}
