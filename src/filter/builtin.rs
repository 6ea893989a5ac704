//! The packs that are part of the binary, in the order in which they are asked.

use super::pack::{self, Pack};

const FILES: &[(&str, &str)] = &[
    ("tropo.toml", include_str!("../../filters/tropo.toml")),
    ("twilio.toml", include_str!("../../filters/twilio.toml")),
];

/// Reads the built-in packs; a test holds them free of faults.
pub fn packs() -> Vec<Pack> {
    FILES
        .iter()
        .map(|(file, text)| pack::read(text, &format!("filters/{file}"), "built in"))
        .collect()
}
