//! `redial demo` below its screen: a small broken webhook app, the samples that it broke, and the steps of a first run.
//!
//! [`App`] serves the app on a free loopback port and owns a folder with the samples, which a session opens like any other
//! files. What the app answers is decided in `routes`, without a socket; [`next_step`] says what a newcomer does next.
//! Nothing here knows the library or the screen: the app is somebody else's server, and is called as one.
//!
//! To add a fault: a path in `routes`, a call that met it in `samples/demo/`; the tests send every failed request of the
//! samples and want it red before the fix and green after it.

mod app;
mod routes;
mod samples;
mod steps;

pub use app::{App, Served, Stage};
pub use routes::SLOW;
pub use samples::write_samples;
pub use steps::{Progress, STEPS, Step, next_step};
