//! Inputs: files (plain, .gz, .zst, UTF-16), folders and standard input, as bytes in order and again by place.
//!
//! [`find`] turns what the user named into [`Source`]s; [`read`] scans them block by block into a [`Sink`], plain files on
//! several threads; [`Source::again`] reads places a second time, so that nothing but facts needs to stay in memory.
//! [`follow`] tells what becomes of files that grow.
//! Standard input that is no file is copied to a nameless temporary file for that. All reading is positional: a clone
//! of a source can be read again on one thread while another still reads it for the first time.

mod again;
mod blocks;
mod feed;
pub mod follow;
mod ordered;
mod positional;
mod read;
mod sink;
mod source;
mod stream;

pub use feed::{Feed, Judge};
pub use read::{Options, each_line, read, read_lines, read_part};
pub use sink::Sink;
pub use source::{Failure, LineIds, Source, find};
