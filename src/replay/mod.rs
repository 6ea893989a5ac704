//! Sending a recorded request again: plan, policy, signature, transport.
//!
//! [`plan()`] is pure and says everything that will be sent; [`Target`] decides where it may go; [`send()`] is the only
//! part with a socket. One request is one attempt: no retry, no proxy of the environment, no redirect followed;
//! [`send_following()`] repeats it for redirects of the target itself, as Twilio does. The recorded exchange is never
//! changed; the answer is judged by [`crate::judge`].

mod address;
mod decode;
mod edit;
mod follow;
mod headers;
mod json_path;
mod leaves;
mod plan;
mod send;
mod target;
mod transport;
mod wire;

#[cfg(test)]
mod tests;

pub use edit::Edits;
pub use follow::{Followed, send_following};
pub use json_path::PathError;
pub use leaves::{LEAVES, leaves};
pub use plan::{DEFAULT_TIMEOUT, Options, Plan, PlanError, SignMode, SignatureUse, plan};
pub use send::{COUNT, KEEP, Sent, send};
pub use target::{Pinned, Scheme, Target, TargetError};
pub use transport::TransportError;
