//! Is a file that appears in a followed folder a copy of what was read already? Copytruncate makes such copies, and so does
//! whoever keeps a log before it is emptied.

use std::fs::File;

use super::generation::{Generation, State};
use super::mark::{MARK, Mark, TELLING};
use super::world::World;
use crate::input::positional::read_at_most;

/// What a file is to a content that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    /// Another content.
    None,
    /// The same, or the beginning of it.
    Copy,
    /// The same and more, which nothing else has any more.
    Rest,
}

/// Compares a plain file with a content. While the content itself can be read, a copy is exactly a beginning of it; after that,
/// the marks decide, and whether it was seen to be a copy before.
pub(super) fn kin(world: &dyn World, known: &Generation, file: &File, len: u64, was: bool) -> Kin {
    let kept = |m: &Mark| m.end() == len && m.fits(file);
    let head = match known.head.agrees(file, len) {
        // Of an earlier run's head there is only a hash: too short a file cannot be compared with it.
        None => known.copies.iter().any(kept),
        Some(agrees) => agrees,
    };
    if len == 0 || !head {
        return Kin::None;
    }
    if let Some((own, own_len)) = content(world, known) {
        if len > own_len {
            return Kin::None;
        }
        let both = len.min(MARK as u64);
        let last = |f: &File| read_at_most(f, len - both, both as usize).ok();
        return match (last(file), last(&own)) {
            (Some(a), Some(b)) if a == b => Kin::Copy,
            _ => Kin::None,
        };
    }
    match known.tail.agrees(file, len) {
        Some(true) if len <= known.at => Kin::Copy,
        Some(true) if known.at >= TELLING => Kin::Rest,
        // Shorter than what was read: more was added after it was made, and it can only be known from before.
        None if len < known.at && (was || known.copies.iter().any(kept)) => Kin::Copy,
        _ => Kin::None,
    }
}

/// The content itself, while it is still held open or stands where it was, and its length.
fn content(world: &dyn World, known: &Generation) -> Option<(std::sync::Arc<File>, u64)> {
    if known.state == State::Over {
        return known.grown.held().map(|f| (f, known.at));
    }
    known.intact(world).map(|(f, len)| (f, len.max(known.at)))
}

/// A decoded text against a content that it may be: the marks, and what the text has at their places.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) known: super::FileId,
    marks: Vec<(Mark, Vec<u8>)>,
}

impl Compared {
    /// Begins with the first bytes of a text; none when they are another content's.
    pub(super) fn with(known: &Generation, first: &[u8]) -> Option<Self> {
        let head = known.head.begins(first).unwrap_or(!known.copies.is_empty());
        let begins = known.at > 0 && !first.is_empty() && head;
        let marks = std::iter::once(&known.tail).chain(&known.copies);
        begins.then(|| Self {
            known: known.id,
            marks: marks.map(|m| (m.clone(), Vec::new())).collect(),
        })
    }

    /// The next piece of the text.
    pub(super) fn push(&mut self, at: u64, piece: &[u8]) {
        for (mark, found) in &mut self.marks {
            let (start, end) = (mark.start().max(at), mark.end().min(at + piece.len() as u64));
            if start < end {
                found.extend_from_slice(&piece[(start - at) as usize..(end - at) as usize]);
            }
        }
    }

    /// Whether the text, of that length, holds all that was read.
    pub(super) fn holds(&self, len: u64) -> bool {
        self.marks
            .first()
            .is_some_and(|(tail, found)| len >= tail.end() && tail.is(found))
    }

    /// Whether the text is a copy of the beginning of what was read: one that was seen before it was compressed, or one so long that
    /// it reaches into the bytes that are known.
    pub(super) fn is_beginning(&self, len: u64) -> bool {
        let seen = |(mark, found): &(Mark, Vec<u8>)| mark.end() == len && mark.is(found);
        let reaches =
            |(mark, found): &(Mark, Vec<u8>)| found.len() as u64 >= TELLING && mark.begins(found) == Some(true);
        self.marks.iter().any(seen) || self.marks.first().is_some_and(reaches)
    }
}
