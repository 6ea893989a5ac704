//! Servers that the platforms' requests come to: [`listen`] keeps debugger events and Event Streams, [`proxy`] passes webhooks on to the
//! app and records both sides.
//!
//! Each server runs on a thread of its own with its own runtime, and only writes to the store: who wants to see what arrived reads
//! it there. What they share stands here: taking a port ([`bind`]).

pub mod bind;
pub mod listen;
pub mod proxy;
