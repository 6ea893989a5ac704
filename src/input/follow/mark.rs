//! Marks of a content: its head, and what stands before the offset that was read up to. A file that has both is the one
//! that was read.

use std::fs::File;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::input::positional::read_at_most;

/// The longest mark, in bytes.
pub(super) const MARK: usize = 1024;

/// Fewer equal bytes than this say nothing about two files.
pub(super) const TELLING: u64 = 32;

/// A stretch of a content that is known by its bytes, or, in a checkpoint, by their hash.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    start: u64,
    text: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Bytes(Vec<u8>),
    Hash(usize, [u8; 32]),
}

/// As a checkpoint keeps it: nothing of the text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    start: u64,
    len: usize,
    sha256: String,
}

impl Mark {
    pub(super) fn new(start: u64, bytes: &[u8]) -> Self {
        Self {
            start,
            text: Text::Bytes(bytes.to_vec()),
        }
    }

    /// What stands before an offset of a file.
    pub(super) fn before(at: u64, file: &File) -> Option<Self> {
        let len = at.min(MARK as u64);
        let bytes = read_at_most(file, at - len, len as usize).ok()?;
        (bytes.len() as u64 == len).then(|| Self::new(at - len, &bytes))
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn len(&self) -> usize {
        match &self.text {
            Text::Bytes(b) => b.len(),
            Text::Hash(len, _) => *len,
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.len() as u64
    }

    /// Whether these are its bytes.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        match &self.text {
            Text::Bytes(b) => b == bytes,
            Text::Hash(len, hash) => *len == bytes.len() && hash[..] == Sha256::digest(bytes)[..],
        }
    }

    /// Whether a file has them at their place.
    pub(super) fn fits(&self, file: &File) -> bool {
        self.len() == 0 || read_at_most(file, self.start, self.len()).is_ok_and(|b| self.is(&b))
    }

    /// Whether a file that may end before it says the same as far as it goes; none when they have nothing in common to compare.
    pub(super) fn agrees(&self, file: &File, len: u64) -> Option<bool> {
        if len >= self.end() {
            return (self.len() > 0).then(|| self.fits(file));
        }
        match &self.text {
            Text::Bytes(b) if len > self.start => {
                let both = (len - self.start) as usize;
                Some(read_at_most(file, self.start, both).is_ok_and(|f| f == b[..both]))
            }
            _ => None,
        }
    }

    /// Whether a beginning of a text says the same as far as both go; none when that is not known.
    pub(super) fn begins(&self, text: &[u8]) -> Option<bool> {
        match &self.text {
            Text::Bytes(b) => {
                let both = b.len().min(text.len());
                Some(b[..both] == text[..both])
            }
            Text::Hash(len, _) if text.len() >= *len => Some(self.is(&text[..*len])),
            Text::Hash(..) => None,
        }
    }

    /// A head takes up the bytes that follow it, up to the longest mark.
    pub(super) fn lengthen(&mut self, at: u64, bytes: &[u8]) {
        let end = self.end();
        if let Text::Bytes(own) = &mut self.text
            && own.len() < MARK
            && at <= end
            && at + bytes.len() as u64 > end
        {
            let more = &bytes[(end - at) as usize..];
            own.extend_from_slice(&more[..more.len().min(MARK - own.len())]);
        }
    }

    /// The part of it before an offset.
    pub(super) fn shortened(&self, end: u64) -> Self {
        match &self.text {
            Text::Bytes(b) if self.end() > end => Self::new(self.start, &b[..end.saturating_sub(self.start) as usize]),
            _ => self.clone(),
        }
    }

    pub(super) fn kept(&self) -> Kept {
        let hash = match &self.text {
            Text::Bytes(b) => Sha256::digest(b).into(),
            Text::Hash(_, hash) => *hash,
        };
        Kept {
            start: self.start,
            len: self.len(),
            sha256: BASE64_STANDARD.encode(hash),
        }
    }

    pub(super) fn of(kept: &Kept) -> Option<Self> {
        let hash: [u8; 32] = BASE64_STANDARD.decode(&kept.sha256).ok()?.try_into().ok()?;
        if kept.len > MARK {
            return None;
        }
        Some(Self {
            start: kept.start,
            text: Text::Hash(kept.len, hash),
        })
    }
}
