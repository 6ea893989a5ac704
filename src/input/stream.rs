//! A text in one stream: what is coded, what comes from a pipe, and a plain file from the first document over several
//! lines on, because only the text before it tells where it ends.

use std::io::{self, Read};
use std::ops::{ControlFlow, Range};

use memchr::{memchr, memchr_iter, memrchr};

use super::read::{LONGEST_LINE, Options};
use super::sink::Sink;
use crate::filter::Scratch;
use crate::format::twilio::{Assembler, Push};
use crate::scan::{Pass, scan_document};

/// A document longer than this is given up.
const LONGEST_DOCUMENT: usize = 256 << 20;

/// Text under way in one stream.
struct Stream<'r, R> {
    from: &'r mut R,
    buf: Vec<u8>,
    /// Where unjudged text begins in the buffer, and its offset in the input.
    start: usize,
    at: u64,
    ended: bool,
    failed: Option<io::Error>,
}

impl<R: Read> Stream<'_, R> {
    /// Reads one more piece; false at the end.
    fn more(&mut self, size: usize) -> bool {
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.buf.drain(..self.start);
            self.start = 0;
        }
        let before = self.buf.len();
        self.buf.resize(before + size, 0);
        let n = loop {
            match self.from.read(&mut self.buf[before..]) {
                Ok(n) => break n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // What came before the fault is used.
                    self.failed = Some(e);
                    break 0;
                }
            }
        };
        self.buf.truncate(before + n);
        self.ended = n == 0;
        n > 0
    }

    fn text(&self) -> &[u8] {
        &self.buf[self.start..]
    }

    fn consume(&mut self, n: usize) {
        self.start += n;
        self.at += n as u64;
    }
}

/// Scans a stream that begins at an offset of its input, up to another one and the block or document that holds it, or
/// until the sink wants no more.
pub(super) fn stream(
    from: &mut impl Read,
    Range { start: at, end }: Range<u64>,
    pass: Pass<'_>,
    sink: &mut dyn Sink,
    options: Options,
) -> io::Result<()> {
    let mut s = Stream {
        from,
        buf: Vec::new(),
        start: 0,
        at,
        ended: false,
        failed: None,
    };
    let mut scratch = Scratch::default();
    while s.at < end {
        let whole = match memrchr(b'\n', s.text()) {
            Some(n) => n + 1,
            None if s.ended || s.text().len() >= LONGEST_LINE => s.text().len(),
            None => 0,
        };
        let whole = if s.ended { s.text().len() } else { whole };
        if whole == 0 {
            if !s.more(options.block.max(1)) && s.text().is_empty() {
                break;
            }
            continue;
        }
        let scanned = pass.scan(&s.text()[..whole], s.at, &mut scratch);
        let (n, opens) = (scanned.bytes as usize, scanned.opens);
        s.consume(n);
        if sink.take(scanned).is_break() || opens && document(&mut s, pass, sink, options).is_break() {
            return Ok(());
        }
    }
    s.failed.map_or(Ok(()), Err)
}

/// Puts a document over several lines together and judges it.
fn document(s: &mut Stream<'_, impl Read>, pass: Pass<'_>, sink: &mut dyn Sink, options: Options) -> ControlFlow<()> {
    let mut end = 0;
    let mut assembler: Option<Assembler> = None;
    while let Some(len) = next_line(s, end, options) {
        let line = &s.text()[end..end + len];
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let Some(a) = &mut assembler else {
            assembler = Some(Assembler::new(bare));
            end += len;
            continue;
        };
        if pass.is_log_line(bare) {
            break;
        }
        match a.push(bare) {
            Push::More => end += len,
            Push::Done => {
                end += len;
                break;
            }
            Push::DoneAfter(n) => {
                end += n.min(bare.len());
                break;
            }
            Push::Abandon => break,
        }
        if end > LONGEST_DOCUMENT {
            break;
        }
    }
    let text = &s.text()[..end];
    let mut lines = memchr_iter(b'\n', text).count() as u64;
    // The last line of an input may lack its line end.
    if s.ended && end == s.text().len() && text.last().is_some_and(|&b| b != b'\n') {
        lines += 1;
    }
    let scanned = scan_document(pass, text, s.at, lines);
    s.consume(end);
    sink.take(scanned)
}

/// Length of the line at `from` with its line end; none at the end of the input.
fn next_line(s: &mut Stream<'_, impl Read>, from: usize, options: Options) -> Option<usize> {
    let mut searched = from;
    loop {
        if let Some(n) = memchr(b'\n', &s.text()[searched..]) {
            return Some(searched + n + 1 - from);
        }
        searched = s.text().len();
        if searched - from > LONGEST_LINE || !s.more(options.block.max(1 << 16)) {
            let rest = s.text().len() - from;
            return (rest > 0).then_some(rest);
        }
    }
}
