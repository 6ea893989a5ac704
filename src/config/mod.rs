//! Settings from outside the program: the configuration file, the environment, options, Twilio's credentials.
//!
//! Reading is a pure function of texts and a lookup (an environment, a map in a test); nothing here touches the disk or
//! the process's environment itself. What cannot be used is a [`Notice`] and never an end: everything else counts. Each
//! value knows its [`Origin`]. Values that must not be seen are [`Secret`]s from the moment they are read, and never
//! stand in the configuration file. A new setting is a field of [`Settings`], a line in `file::Values`, and one in
//! [`Settings::shown`].

mod credentials;
mod file;
pub mod keys;
mod origin;
mod secret;
mod settings;

pub use credentials::{Credentials, Shown};
pub use file::Binding;
pub use origin::{Notice, Origin, Setting};
pub use secret::Secret;
pub use settings::{File, Given, Settings, Sign, Theme};

#[cfg(test)]
mod tests;
