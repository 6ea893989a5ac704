//! Sending a recorded request again: plan, policy, signature, transport.
//!
//! [`plan()`] is pure and says everything that will be sent; [`Target`] decides where it may go; [`send()`] is the only
//! part with a socket. One request is one attempt: no retry, no proxy of the environment, no redirect followed;
//! [`send_following()`] repeats it for redirects of the target itself, as Twilio does. The recorded exchange is never
//! changed; the answer is judged by [`crate::judge`]. What a person may change is shown by [`to_http()`] (all of it, for
//! an editor) and [`leaves()`] (the values of a JSON body, for a form).

mod address;
pub mod batch;
pub(crate) mod decode;
pub(crate) mod dial;
mod draft;
mod edit;
mod follow;
mod headers;
mod json_path;
mod leaves;
mod overrides;
mod plan;
mod refused;
pub mod rehearsal;
mod send;
mod target;
mod transport;
pub mod watch;
mod wire;

#[cfg(test)]
mod tests;

pub use draft::form as form_lines;
pub use draft::{DraftError, from_http, to_http};
pub use edit::Edits;
pub use follow::{Followed, send_following};
pub use json_path::PathError;
pub use leaves::{LEAVES, leaves};
pub use plan::{DEFAULT_TIMEOUT, MARK, Options, Plan, PlanError, SignMode, SignatureUse, plan};
pub(crate) use refused::public_host;
pub use refused::{is_refused, recorded_text};
pub use send::{COUNT, KEEP, Sent, send};
pub use target::{Pinned, Scheme, Target, TargetError};
pub use transport::TransportError;
