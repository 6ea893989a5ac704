//! Inputs: files (plain, .gz, .zst, UTF-16), folders and standard input, as bytes in order and again by place.
//!
//! [`find`] turns what the user named into [`Source`]s; [`read`] scans them block by block into a fold, plain files on
//! several threads; [`Source::again`] reads places a second time, so that nothing but facts needs to stay in memory.
//! Standard input that is no file is copied to a nameless temporary file for that.

mod again;
mod ordered;
mod read;
mod source;

pub use read::{Options, each_line, read, read_again};
pub use source::{Failure, Source, find};
