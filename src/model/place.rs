//! Where something stands in the input.

/// The number of an input in this run, in the order given on the command line (folders expanded in sorted order).
pub type InputId = u32;

/// A stretch of one input: a line, or one document inside a line or over several lines.
///
/// Offsets are into the input's text: for compressed or UTF-16 inputs, into what they decode to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Which input.
    pub input: InputId,
    /// 1-based number of its first line.
    pub line: u64,
    /// 0-based offset of its first byte.
    pub byte: u64,
    /// How many bytes it has, without the line end.
    pub len: u32,
}
