//! What runs beside the session and fills the store: a listener, a proxy, a reader of Twilio's API.

use std::fmt::Debug;

use crate::model::Time;

/// Something that a service says of itself. Texts may quote others: they are made printable where they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Which: `listen`, `proxy`, `pull`.
    pub service: &'static str,
    /// What.
    pub said: Said,
}

/// What a service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is up: where it is reached or what it asks, and what is to be known of it when not all is as it should be.
    Up {
        /// Such as `http://127.0.0.1:4040`.
        at: String,
        /// Such as that no signature is checked.
        but: Option<String>,
    },
    /// So many events came.
    Came(u64),
    /// Everything that is known elsewhere up to this moment is here.
    UpTo(Time),
    /// Something is wrong from now on.
    Bad(String),
    /// It is well again.
    Well(String),
    /// Worth knowing once.
    Note(String),
    /// It has ended: why.
    Ended(Option<String>),
}

/// A service under way.
pub trait Beside: Debug + Send {
    /// Somebody looks at these events (`NO…`), of which only a list's entry is known.
    fn fetch(&self, _sids: Vec<String>) {}

    /// Ends it in order: what is under way is finished and kept. What is to be said of it.
    fn stop(self: Box<Self>) -> Option<String>;
}
