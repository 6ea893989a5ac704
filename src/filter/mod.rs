//! What matters: rule packs, the catalogue of error codes, the filter language.

pub mod catalogue;
pub mod expr;

#[cfg(test)]
mod pack_twilio_tests;
