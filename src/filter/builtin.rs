//! The packs that are part of the binary, in the order in which they are asked.

use super::engine::Engine;
use super::pack::{self, Check, Pack};

const LINES: (&str, &str) = ("filters/tropo.toml", include_str!("../../filters/tropo.toml"));
const DOCUMENTS: [(&str, &str); 2] = [
    ("filters/exchange.toml", include_str!("../../filters/exchange.toml")),
    ("filters/twilio.toml", include_str!("../../filters/twilio.toml")),
];

/// Reads the built-in packs, every pattern checked; a test holds them free of faults.
pub fn packs() -> Vec<Pack> {
    let all = [LINES].into_iter().chain(DOCUMENTS);
    all.map(|(file, text)| pack::read(text, file, "built in")).collect()
}

/// The user's packs before the built-in ones. Rules for documents are read when the first document is.
pub fn engine(mut users: Vec<Pack>) -> Engine {
    users.push(pack::read_with(LINES.1, LINES.0, "built in", Check::Nothing));
    Engine::with_late(users, || {
        let read = |(file, text)| pack::read_with(text, file, "built in", Check::Nothing);
        DOCUMENTS.map(read).into()
    })
}
