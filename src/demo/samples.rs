//! The demo's logs, inside the program: an evening at the shop of [`super::App`], while one route after the other breaks.
//!
//! A Tropo server's log, Twilio's debugger events and its voice events; calls join over the two of Twilio's. Every failed
//! request in them is one that the app answers, with the same fault.

use std::io;
use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 3] = [
    (
        "tropo-archive.log",
        include_str!("../../samples/demo/tropo-archive.log"),
    ),
    (
        "twilio-debugger.jsonl",
        include_str!("../../samples/demo/twilio-debugger.jsonl"),
    ),
    (
        "twilio-events.jsonl",
        include_str!("../../samples/demo/twilio-events.jsonl"),
    ),
];

/// Writes the demo's logs into a folder that exists, and says where they are.
///
/// # Errors
/// The first file that cannot be written, by name.
pub fn write_samples(folder: &Path) -> io::Result<Vec<PathBuf>> {
    FILES
        .iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .map_err(|e| io::Error::new(e.kind(), format!("cannot write {}: {e}", path.display())))?;
            Ok(path)
        })
        .collect()
}
