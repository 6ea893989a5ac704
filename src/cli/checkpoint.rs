//! Where a run that follows files notes how far it is, for `--resume`: a file for each set of inputs in the user's state folder
//! (XDG).

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Stop;
use crate::live::Checkpointing;

/// The file for these inputs; none where nothing is followed by name or there is no home folder to keep it in.
///
/// # Errors
///
/// `--resume` was asked for and there is none.
pub(super) fn of(names: &[PathBuf], resume: bool) -> Result<Option<Checkpointing>, Stop> {
    let paths: Vec<&PathBuf> = names.iter().filter(|n| n.as_os_str() != "-").collect();
    if paths.is_empty() {
        return if resume {
            Err(Stop::usage("--resume goes on in files that are followed: name one"))
        } else {
            Ok(None)
        };
    }
    match folder() {
        Some(folder) => Ok(Some(Checkpointing {
            path: folder.join(name_of(&paths)),
            resume,
        })),
        None if resume => Err(Stop::usage(
            "--resume: there is no home folder that says where the last run stopped; set XDG_STATE_HOME",
        )),
        None => Ok(None),
    }
}

fn folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(
        strategy
            .state_dir()
            .unwrap_or_else(|| strategy.data_dir())
            .join("redial/follow"),
    )
}

fn name_of(paths: &[&PathBuf]) -> String {
    let mut whole: Vec<PathBuf> = paths
        .iter()
        .map(|p| std::path::absolute(p).unwrap_or_else(|_| Path::new(p).into()))
        .collect();
    whole.sort();
    let mut hash = Sha256::new();
    for path in whole {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let first = hash
        .finalize()
        .iter()
        .take(8)
        .fold(0, |n: u64, &b| n << 8 | u64::from(b));
    format!("{first:016x}.json")
}
