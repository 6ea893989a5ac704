//! What matters: rule packs, the catalogue of error codes, the filter language.
//!
//! A pack is a TOML file of [`Rule`]s (`filters/*.toml`, the user's own before them); [`Engine`] runs all packs over
//! lines and documents. To add a rule, add it to a pack with its own examples: no code. What needs the state of a whole
//! call is a rule too (`over = …`), found by [`crate::call`].

pub mod builtin;
pub mod catalogue;
mod check;
mod documents;
mod engine;
pub mod expr;
mod meet;
mod needles;
mod pack;
mod rule;
mod search;
mod shape;
mod template;
mod usual;

pub use check::{Wrong, check};
pub use engine::Engine;
pub use meet::{Met, Scratch};
pub use pack::{Broken, Pack};
pub use rule::{Case, Condition, Does, Example, Needs, Note, OverCall, Rule, Test};
pub use search::Hit;
pub use template::Template;

pub use pack::read as read_pack;

#[cfg(test)]
mod pack_twilio_tests;
