//! Where the store lies: `$REDIAL_STORE`, else `redial/store.db` in the user's data folder (XDG).

use std::path::PathBuf;

use super::Stop;

/// The store of this run, whether it is there or not.
pub(super) fn store_path() -> Result<PathBuf, Stop> {
    use etcetera::BaseStrategy;
    let named = std::env::var_os("REDIAL_STORE").filter(|p| !p.is_empty());
    let usual = || {
        Some(
            etcetera::choose_base_strategy()
                .ok()?
                .data_dir()
                .join("redial/store.db"),
        )
    };
    named
        .map(PathBuf::from)
        .or_else(usual)
        .ok_or_else(|| Stop::usage("there is no home folder to keep a store in: set REDIAL_STORE to a path"))
}
