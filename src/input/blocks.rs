//! A plain file in blocks, on several threads. A block holds the lines that begin in its range, so blocks need not know
//! each other.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};

use memchr::memchr;

use super::ordered::ordered;
use super::positional::pread;
use super::read::{LONGEST_LINE, Options};
use super::sink::Sink;
use crate::filter::Scratch;
use crate::scan::{Pass, Scanned};

/// Scans the lines of a plain file that begin in a range, in blocks. Breaks when the sink wants no more; else gives the
/// offset from which the file must be read in one stream, when there is one.
pub(super) fn blocks(
    file: &File,
    range: Range<u64>,
    len: u64,
    pass: Pass<'_>,
    sink: &mut dyn Sink,
    options: Options,
) -> ControlFlow<(), Option<u64>> {
    let size = options.block.max(1) as u64;
    let count = range.end.saturating_sub(range.start).div_ceil(size);
    let mut on = ControlFlow::Continue(None);
    let threads = if count <= 2 { 1 } else { options.threads.max(1) };
    let scan = |n: u64, (buf, scratch): &mut (Buffer, Scratch)| {
        let start = range.start + n * size;
        let (at, skip) = fill(file, start, (start + size).min(range.end), len, buf);
        (at, pass.scan(&buf.text()[skip..], at, scratch))
    };
    let take = |(at, scanned): (u64, Scanned)| {
        let opens = scanned.opens.then_some(at + scanned.bytes);
        on = match sink.take(scanned) {
            ControlFlow::Continue(()) => ControlFlow::Continue(opens),
            ControlFlow::Break(()) => ControlFlow::Break(()),
        };
        if matches!(on, ControlFlow::Continue(None)) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    if threads == 1 {
        let (mut scratch, mut take) = (<(Buffer, Scratch)>::default(), take);
        for n in 0..count {
            if take(scan(n, &mut scratch)).is_break() {
                break;
            }
        }
    } else {
        ordered(threads, count, scan, take);
    }
    on
}

/// Reads the lines that begin in a range: gives the offset of the first and where it stands in the buffer.
fn fill(file: &File, start: u64, end: u64, len: u64, buf: &mut Buffer) -> (u64, usize) {
    let from = start.saturating_sub(1);
    buf.len = 0;
    buf.read_at(file, from, (end - from) as usize);
    let skip = match start {
        0 => 0,
        // The byte before the range tells whether a line begins with it.
        _ => memchr(b'\n', buf.text()).map_or(buf.len, |n| n + 1),
    };
    let at = from + skip as u64;
    if skip == buf.len && at >= end {
        buf.len = 0;
        return (at, 0);
    }
    // The last line may end behind the range.
    while buf.text().last() != Some(&b'\n') && buf.len < LONGEST_LINE {
        let before = buf.len;
        let next = from + before as u64;
        if next >= len {
            break;
        }
        buf.read_at(file, next, ((len - next) as usize).min(1 << 14));
        if buf.len == before {
            break;
        }
        if let Some(n) = memchr(b'\n', &buf.text()[before..]) {
            buf.len = before + n + 1;
        }
    }
    (at, skip)
}

/// A buffer that is filled again and again without clearing it first.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Reads up to `n` bytes at an offset behind what it holds; a file that shrank gives less.
    fn read_at(&mut self, file: &File, at: u64, n: usize) {
        let end = self.len + n;
        if self.bytes.len() < end {
            self.bytes.reserve_exact(end - self.bytes.len());
            self.bytes.resize(end, 0);
        }
        let start = self.len;
        while self.len < end {
            match pread(file, &mut self.bytes[self.len..end], at + (self.len - start) as u64) {
                Ok(0) => break,
                Ok(k) => self.len += k,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }
}
