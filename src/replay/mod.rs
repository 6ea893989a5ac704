//! Sending a recorded request again: plan, policy, signature, transport.
//!
//! [`plan`] is pure and says everything that will be sent; [`Target`] decides where it may go; [`send`] is the only
//! part with a socket. One request is one attempt: no retry, no proxy of the environment, no redirect followed. The
//! recorded exchange is never changed; the answer is judged by [`crate::judge`].

mod edit;
mod headers;
mod json_path;
mod plan;
mod target;
mod wire;

pub use edit::Edits;
pub use json_path::PathError;
pub use plan::{DEFAULT_TIMEOUT, Options, Plan, PlanError, SignMode, SignatureUse, plan};
pub use target::{Pinned, Scheme, Target, TargetError};
