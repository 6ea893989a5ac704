//! How results look: JSON lines for programs, text for people.
//!
//! [`json`] is the contract's objects; [`caret`] marks a place in a line; [`text`] is what a tired person reads; [`safe`] is the one place where text from
//! outside is made printable; [`style`] maps roles to colours; [`fit`] brings texts to a width; [`rich`] is text
//! with roles as data, for views that draw it themselves; [`pretty`] makes it of documents, [`diff`] of two answers;
//! [`rehearsal`] is the ladder of a rehearsed call; [`curl`] writes a replay as a command, and [`copy`] is what can be pasted; [`har`] is a replay as an entry of a HAR file, and [`kept`]
//! takes it into the store and out again; [`changes`] is what the user changed before sending.

pub mod caret;
pub mod case;
pub mod changes;
pub mod copy;
pub mod curl;
pub mod diff;
pub mod export;
pub mod fit;
pub mod groups;
pub mod har;
pub mod html;
pub mod json;
pub mod kept;
pub mod pretty;
pub mod pseudonym;
pub mod rehearsal;
pub mod rich;
pub mod safe;
pub mod style;
pub mod text;
