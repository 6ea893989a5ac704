//! Sending a recorded request again: plan, policy, signature, transport.
//!
//! [`plan`] is pure and says everything that will be sent; [`Target`] decides where it may go; [`send`] is the only
//! part with a socket. One request is one attempt: no retry, no proxy of the environment, no redirect followed. The
//! recorded exchange is never changed; the answer is judged by [`crate::judge`].

mod target;

pub use target::{Pinned, Scheme, Target, TargetError};
