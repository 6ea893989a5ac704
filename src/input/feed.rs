//! Text that comes in pieces: cut into lines and documents, scanned, given on.
//!
//! Whoever has the next piece hands it over ([`Feed::push`]); every line is given on once its end is there, a document over
//! several lines once its last one is. What is left over waits in the feed, and [`Feed::pending`] tells what it would be if
//! nothing more came. How the text is cut into pieces does not matter. A feed knows no source: a pipe, a followed file and
//! the store all go through one.

use std::ops::{ControlFlow, Range};

use memchr::{memchr, memchr_iter, memrchr};

use super::read::LONGEST_LINE;
use super::sink::Sink;
use crate::filter::Scratch;
use crate::format::twilio::{Assembler, Push};
use crate::scan::{Pass, Scanned, scan_document};

/// A document longer than this is given up.
const LONGEST_DOCUMENT: usize = 256 << 20;

/// Text of one input under way.
#[derive(Debug, Default)]
pub struct Feed {
    buf: Vec<u8>,
    /// Where unjudged text begins in the buffer, where it ends, and its offset in the input.
    start: usize,
    filled: usize,
    at: u64,
    /// No line that begins here or later is wanted.
    end: Option<u64>,
    /// So much of the unjudged text has no line end.
    searched: usize,
    document: Option<Document>,
}

/// What text is judged with: the pass, and memory that it needs, which one thread's feeds share.
#[derive(Debug)]
pub struct Judge<'e> {
    /// Rules and shapes.
    pub pass: Pass<'e>,
    scratch: Scratch,
}

impl<'e> Judge<'e> {
    /// Judges with a pass.
    pub fn new(pass: Pass<'e>) -> Self {
        Self {
            pass,
            scratch: Scratch::default(),
        }
    }
}

/// A document over several lines that is put together.
#[derive(Debug, Default)]
struct Document {
    /// None before its first line.
    assembler: Option<Assembler>,
    /// So much of the unjudged text is its own.
    len: usize,
}

impl Feed {
    /// A text that begins at an offset of its input, up to another one and the block or document that holds it.
    pub fn new(range: Range<u64>) -> Self {
        Self {
            at: range.start,
            end: (range.end < u64::MAX).then_some(range.end),
            ..Self::default()
        }
    }

    /// Takes the next piece. Breaks when the sink wants no more, or the end of the range is reached.
    pub fn push(&mut self, bytes: &[u8], judge: &mut Judge<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len(), judge, sink)
    }

    /// Room for the next piece, to read into; [`Feed::filled`] says how much of it was.
    pub fn room(&mut self, size: usize) -> &mut [u8] {
        if self.start > 0 {
            self.buf.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        let end = self.filled + size;
        if self.buf.len() < end {
            self.buf.resize(end, 0);
        }
        &mut self.buf[self.filled..end]
    }

    /// So much of the room is text now.
    pub fn filled(&mut self, n: usize, judge: &mut Judge<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.filled += n;
        self.go_on(false, judge, sink)
    }

    /// No more will come: what is left is given on as it is.
    pub fn end(&mut self, judge: &mut Judge<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.go_on(true, judge, sink)
    }

    /// What is left over, judged as if nothing more came; none when nothing is left.
    pub fn pending(&self, judge: &mut Judge<'_>) -> Option<Scanned> {
        let text = &self.buf[self.start..self.filled];
        if text.is_empty() {
            return None;
        }
        if self.document.is_none() {
            let scanned = judge.pass.scan(text, self.at, &mut judge.scratch);
            if !scanned.opens {
                return Some(scanned);
            }
        }
        Some(scan_document(judge.pass, text, self.at, lines_of(text, true)))
    }

    /// Gives memory back while nothing waits: a feed may be one of a great many, and idle.
    pub fn rest(&mut self) {
        if self.start == self.filled {
            (self.buf, self.start, self.filled) = (Vec::new(), 0, 0);
        }
    }

    /// Nothing waits for its end.
    pub fn is_empty(&self) -> bool {
        self.start == self.filled
    }

    /// Bytes that were given on: where the text that is left begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    fn text(&self) -> &[u8] {
        &self.buf[self.start..self.filled]
    }

    fn consume(&mut self, n: usize) {
        self.start += n;
        self.at += n as u64;
        self.searched = 0;
    }

    fn go_on(&mut self, ended: bool, judge: &mut Judge<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        loop {
            if self.document.is_some() {
                if !self.assemble(ended, judge.pass) {
                    return ControlFlow::Continue(());
                }
                self.give_document(ended, judge.pass, sink)?;
            }
            if self.end.is_some_and(|end| self.at >= end) {
                return ControlFlow::Break(());
            }
            let Some(whole) = self.whole(ended) else {
                return ControlFlow::Continue(());
            };
            let text = &self.buf[self.start..self.start + whole];
            let scanned = judge.pass.scan(text, self.at, &mut judge.scratch);
            let (n, opens) = (scanned.bytes as usize, scanned.opens);
            self.consume(n);
            self.document = opens.then(Document::default);
            sink.take(scanned)?;
        }
    }

    /// How much of the text is whole lines.
    fn whole(&mut self, ended: bool) -> Option<usize> {
        let text = &self.buf[self.start..self.filled];
        let whole = if ended {
            text.len()
        } else {
            match memrchr(b'\n', &text[self.searched..]) {
                Some(n) => self.searched + n + 1,
                None if text.len() >= LONGEST_LINE => text.len(),
                None => 0,
            }
        };
        self.searched = text.len();
        (whole > 0).then_some(whole)
    }

    /// Goes through the lines of a document; true when its end is known.
    fn assemble(&mut self, ended: bool, pass: Pass<'_>) -> bool {
        let text = &self.buf[self.start..self.filled];
        let Some(document) = &mut self.document else {
            return true;
        };
        while let Some(len) = next_line(&text[document.len..], &mut self.searched, ended) {
            self.searched = 0;
            let line = &text[document.len..document.len + len];
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let Some(a) = &mut document.assembler else {
                document.assembler = Some(Assembler::new(bare));
                document.len += len;
                continue;
            };
            if pass.is_log_line(bare) {
                return true;
            }
            match a.push(bare) {
                Push::More => document.len += len,
                Push::Done => {
                    document.len += len;
                    return true;
                }
                Push::DoneAfter(n) => {
                    document.len += n.min(bare.len());
                    return true;
                }
                Push::Abandon => return true,
            }
            if document.len > LONGEST_DOCUMENT {
                return true;
            }
        }
        ended
    }

    fn give_document(&mut self, ended: bool, pass: Pass<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let end = self.document.take().map_or(0, |d| d.len);
        let text = &self.text()[..end];
        let lines = lines_of(text, ended && end == self.text().len());
        let scanned = scan_document(pass, text, self.at, lines);
        self.consume(end);
        sink.take(scanned)
    }
}

/// How many lines; the last of an input may lack its line end.
fn lines_of(text: &[u8], last: bool) -> u64 {
    let ends = memchr_iter(b'\n', text).count() as u64;
    ends + u64::from(last && text.last().is_some_and(|&b| b != b'\n'))
}

/// Length of the first line with its line end; none when that is not there yet. `searched`: so much of it has none.
fn next_line(text: &[u8], searched: &mut usize, ended: bool) -> Option<usize> {
    let from = (*searched).min(text.len());
    if let Some(n) = memchr(b'\n', &text[from..]) {
        return Some(from + n + 1);
    }
    *searched = text.len();
    let cut = ended || text.len() > LONGEST_LINE;
    (cut && !text.is_empty()).then_some(text.len())
}
