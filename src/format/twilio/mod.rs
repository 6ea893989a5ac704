//! skeleton
use super::Record;
/// x
#[derive(Debug, Default)]
pub struct Reading {
    /// x
    pub records: Vec<(std::ops::Range<usize>, Record)>,
    /// x
    pub trouble: Option<String>,
    /// x
    pub incomplete: bool,
}
/// x
pub fn read(_text: &[u8]) -> Reading {
    Reading::default()
}
/// x
pub enum Opening {
    /// x
    No,
    /// x
    Whole,
    /// x
    Partial,
}
/// x
pub fn opening(_line: &[u8]) -> Opening {
    Opening::No
}
/// x
#[derive(Debug)]
pub struct Assembler;
/// x
pub enum Push {
    /// x
    More,
    /// x
    Done,
    /// x
    DoneAfter(usize),
    /// x
    Abandon,
}
impl Assembler {
    /// x
    pub fn new(_first: &[u8]) -> Self {
        Self
    }
    /// x
    pub fn push(&mut self, _line: &[u8]) -> Push {
        Push::More
    }
}
