//! Where a document ends: brackets counted, strings known, nothing else understood.
//!
//! A [`Scan`] is fed bytes in any pieces and keeps a few words of state. It knows double quotes, and the single quotes
//! and backticks of console pastes, which strict JSON cannot have outside a string. What the brackets hold is for
//! others to read.

use memchr::memchr2;

/// What a stretch of bytes did to the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The document goes on behind the last byte.
    Open,
    /// It closed; the number of bytes up to and with the closing bracket.
    Closed(usize),
    /// A closing bracket of the wrong kind stands at this byte.
    Wrong,
}

/// The state of a document that was read up to some byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// The quote of the string that is open, or 0.
    quote: u8,
    /// The byte before was a backslash in a string.
    escape: bool,
    /// How many brackets are open.
    depth: u32,
    /// Which of the innermost 64 brackets are square ones, lowest bit innermost.
    square: u64,
    /// The last byte outside strings that was no blank (`"` for a string).
    last: u8,
}

impl Scan {
    /// True while a bracket is open.
    pub(super) fn is_open(self) -> bool {
        self.depth > 0
    }

    /// True while a string is open.
    pub(super) fn in_string(self) -> bool {
        self.quote != 0
    }

    /// How many brackets are open.
    pub(super) fn depth(self) -> u32 {
        self.depth
    }

    /// True when the innermost open bracket is a square one.
    pub(super) fn in_list(self) -> bool {
        self.depth > 0 && self.square & 1 == 1
    }

    /// True where an opening bracket may stand: at the start, as an item of a list, as the value of a name.
    pub(super) fn may_open(self) -> bool {
        match self.last {
            0 | b':' | b'(' | b'[' => true,
            b',' => self.in_list(),
            _ => false,
        }
    }

    /// Reads on from `bytes[0]`; stops behind the bracket that closes the document.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Step {
        self.walk(bytes, |_, _| ())
    }

    /// As [`Scan::feed`], telling of each bracket: the state before it and its index.
    pub(super) fn walk(&mut self, bytes: &[u8], mut bracket: impl FnMut(Self, usize)) -> Step {
        let mut i = 0;
        while i < bytes.len() {
            if self.quote != 0 {
                i = self.string(bytes, i);
                continue;
            }
            let b = bytes[i];
            match b {
                b'"' | b'\'' | b'`' if self.depth > 0 => {
                    self.quote = b;
                    self.last = b'"';
                }
                b'{' | b'[' => {
                    bracket(*self, i);
                    self.depth += 1;
                    self.square = self.square << 1 | u64::from(b == b'[');
                    self.last = b;
                }
                b'}' | b']' if self.depth > 0 => {
                    if self.depth <= 64 && (self.square & 1 == 1) != (b == b']') {
                        return Step::Wrong;
                    }
                    bracket(*self, i);
                    self.depth -= 1;
                    self.square >>= 1;
                    self.last = b;
                    if self.depth == 0 {
                        return Step::Closed(i + 1);
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.last = b,
            }
            i += 1;
        }
        Step::Open
    }

    /// Goes on in a string; the index of the byte to go on with.
    fn string(&mut self, bytes: &[u8], mut i: usize) -> usize {
        if self.escape {
            self.escape = false;
            i += 1;
        }
        while let Some(n) = bytes.get(i..).and_then(|rest| memchr2(self.quote, b'\\', rest)) {
            i += n;
            if bytes[i] == self.quote {
                self.quote = 0;
                return i + 1;
            }
            if i + 1 == bytes.len() {
                self.escape = true;
                return bytes.len();
            }
            i += 2;
        }
        bytes.len()
    }
}

/// How far the document goes that begins at the first byte; none when it is not closed by its own brackets.
pub(super) fn extent(bytes: &[u8]) -> Step {
    Scan::default().feed(bytes)
}
