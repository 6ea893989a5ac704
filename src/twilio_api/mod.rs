//! Twilio's REST API as far as it tells of errors: Alerts, and one call's Notifications and Call Events (spec/twilio.md 2).
//!
//! It asks, repeats what may be repeated, walks pages, and writes what it gets into the store; [`pull`] is what others call. It does
//! not read a document for its meaning (`format` does), decides no exit code and prints nothing. The base is Twilio's own hosts or one of
//! the user's; credentials go nowhere else. Time and chance come from a [`World`], so that tests wait for nothing.
//!
//! Another list is a `List` with its walk beside `walk`; another kind of trouble is a variant of [`FaultKind`] with its words in `fault`.

mod base;
mod call;
mod client;
mod fault;
mod list;
mod login;
mod page;
pub mod pull;
mod rows;
mod wait;
mod walk;
mod window;
mod world;

pub use base::{Base, BaseError, Product};
pub use fault::{Fault, FaultKind};
pub use login::{Login, LoginError};
pub use window::{CAP, Covered, KEPT, OVERLAP};
pub use world::{Real, Wait, World};
