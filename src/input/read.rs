//! From a source to the fold: plain files in blocks on several threads, everything else in one stream.
//!
//! A block holds the lines that begin in its range, so blocks need not know each other. When a document over several
//! lines begins, reading goes on in one stream from there, because only the text before it tells where it ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::sync::mpsc;

use memchr::{memchr, memchr_iter, memrchr};

use super::ordered::ordered;
use super::source::{Code, Kind, Source, code, read_some};
use crate::call::Fold;
use crate::filter::Scratch;
use crate::format::twilio::{Assembler, Push};
use crate::scan::{Pass, scan_document};

/// A line longer than this is cut: the rest of it is passed over.
const LONGEST_LINE: usize = 64 << 20;
/// A document longer than this is given up.
const LONGEST_DOCUMENT: usize = 256 << 20;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that scan.
    pub threads: usize,
    /// Bytes of a block.
    pub block: usize,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads: cores.min(8),
            block: 2 << 20,
        }
    }
}

/// Reads one source into the fold; `progress` is told the bytes judged so far. What was read before an error stays.
///
/// # Errors
///
/// The source cannot be read, or not to its end; a coded one may be damaged.
pub fn read(
    source: &mut Source,
    pass: Pass<'_>,
    fold: &mut Fold<'_>,
    options: Options,
    progress: &mut dyn FnMut(u64),
) -> io::Result<()> {
    fold.begin();
    match &mut source.kind {
        Kind::Plain(file, len) => {
            let Some(at) = blocks(file, *len, pass, fold, options, progress) else {
                return Ok(());
            };
            let mut rest = file.try_clone()?;
            rest.seek(SeekFrom::Start(at))?;
            stream(&mut rest.take(*len - at), at, pass, fold, options, progress)
        }
        Kind::Coded(file, code) => {
            let decoded = decode(file.try_clone()?, *code)?;
            ahead(decoded, |r| stream(r, 0, pass, fold, options, progress))
        }
        Kind::Pipe(file) => {
            let mut copy = tempfile::tempfile().ok();
            let input: Box<dyn Read + Send> = match file.take() {
                Some(f) => Box::new(f),
                None => Box::new(io::stdin()),
            };
            let result = pipe(input, copy.as_mut(), pass, fold, options, progress);
            *file = copy;
            result
        }
    }
}

/// Reads a source once more from its beginning.
///
/// # Errors
///
/// As [`read`].
pub fn read_again(source: &mut Source, pass: Pass<'_>, fold: &mut Fold<'_>, options: Options) -> io::Result<()> {
    match &mut source.kind {
        Kind::Pipe(Some(copy)) => {
            fold.begin();
            let mut text = copy.try_clone()?;
            text.seek(SeekFrom::Start(0))?;
            stream(&mut text, 0, pass, fold, options, &mut |_| {})
        }
        Kind::Pipe(None) => {
            fold.begin();
            Ok(())
        }
        Kind::Coded(file, _) => {
            file.seek(SeekFrom::Start(0))?;
            read(source, pass, fold, options, &mut |_| {})
        }
        Kind::Plain(..) => read(source, pass, fold, options, &mut |_| {}),
    }
}

/// Gives every line of a source, without its line end; a line that is too long is cut.
///
/// # Errors
///
/// The source cannot be read, or `take` fails.
pub fn each_line(source: &mut Source, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let text: Box<dyn Read + Send> = match &mut source.kind {
        Kind::Plain(f, _) | Kind::Pipe(Some(f)) => Box::new(f.try_clone()?),
        Kind::Coded(f, code) => decode(f.try_clone()?, *code)?,
        Kind::Pipe(None) => Box::new(io::stdin()),
    };
    let mut text = io::BufReader::new(text);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = io::BufRead::read_until(&mut text.by_ref().take(LONGEST_LINE as u64), b'\n', &mut line)?;
        if n == 0 {
            return Ok(());
        }
        take(line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
}

/// A pipe: its first bytes tell how it is coded; what it decodes to is copied on the way.
fn pipe(
    mut input: Box<dyn Read + Send>,
    copy: Option<&mut File>,
    pass: Pass<'_>,
    fold: &mut Fold<'_>,
    options: Options,
    progress: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let mut head = [0; 4];
    let n = read_some(&mut input, &mut head)?;
    let whole = io::Cursor::new(head[..n].to_vec()).chain(input);
    let decoded: Box<dyn Read + Send> = match code(&head[..n]) {
        Some(c) => decode(whole, c)?,
        None => Box::new(whole),
    };
    ahead(decoded, |r| {
        stream(&mut Tee { from: r, copy }, 0, pass, fold, options, progress)
    })
}

/// Copies what it reads. A copy that fails is given up: lines can then not be opened again, but all are read.
struct Tee<'a, R> {
    from: R,
    copy: Option<&'a mut File>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        if let Some(c) = &mut self.copy
            && c.write_all(&buf[..n]).is_err()
        {
            self.copy = None;
        }
        Ok(n)
    }
}

/// The text of a coded input.
pub(super) fn decode<'a>(from: impl Read + Send + 'a, code: Code) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match code {
        Code::Gzip => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(
            1 << 16,
            from,
        ))),
        Code::Zstd => Box::new(zstd::Decoder::new(from)?),
        Code::Utf16 => Box::new(encoding_rs_io::DecodeReaderBytes::new(from)),
    })
}

/// Decodes on a thread of its own, a few pieces ahead.
fn ahead<T>(mut from: Box<dyn Read + Send>, work: impl FnOnce(&mut Pieces) -> T) -> T {
    const PIECE: usize = 256 << 10;
    let (send, receive) = mpsc::sync_channel(4);
    std::thread::spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            match from.read(&mut piece) {
                Ok(0) => return,
                Ok(n) => {
                    piece.truncate(n);
                    if send.send(Ok(piece)).is_err() {
                        return;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let _ = send.send(Err(e));
                    return;
                }
            }
        }
    });
    work(&mut Pieces {
        receive,
        piece: Vec::new(),
        at: 0,
    })
}

/// The other end of [`ahead`].
struct Pieces {
    receive: mpsc::Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.receive.recv() {
                Ok(piece) => (self.piece, self.at) = (piece?, 0),
                Err(_) => return Ok(0),
            }
        }
        let n = buf.len().min(self.piece.len() - self.at);
        buf[..n].copy_from_slice(&self.piece[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Scans a plain file in blocks. Gives the offset from which it must be read in one stream, when there is one.
fn blocks(
    file: &File,
    len: u64,
    pass: Pass<'_>,
    fold: &mut Fold<'_>,
    options: Options,
    progress: &mut dyn FnMut(u64),
) -> Option<u64> {
    let size = options.block.max(1) as u64;
    let count = len.div_ceil(size);
    let mut serial = None;
    let threads = if count <= 2 { 1 } else { options.threads.max(1) };
    let scan = |n: u64, (buf, scratch): &mut (Buffer, Scratch)| {
        let (at, skip) = fill(file, n * size, size, len, buf);
        (at, pass.scan(&buf.text()[skip..], at, scratch))
    };
    let take = |(at, scanned): (u64, crate::scan::Scanned)| {
        let opens = scanned.opens.then_some(at + scanned.bytes);
        fold.take(scanned);
        progress(fold.so_far().1);
        serial = opens;
        if opens.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
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
    serial
}

/// Reads the lines that begin in a range: gives the offset of the first and where it stands in the buffer.
fn fill(file: &File, start: u64, size: u64, len: u64, buf: &mut Buffer) -> (u64, usize) {
    let from = start.saturating_sub(1);
    let end = (start + size).min(len);
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

#[cfg(unix)]
pub(super) fn pread(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, at)
}

#[cfg(windows)]
pub(super) fn pread(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, at)
}

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
    /// Reads at least one more piece; false at the end.
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
        let mut n = 0;
        while n < size {
            match self.from.read(&mut self.buf[before + n..]) {
                Ok(0) => break,
                Ok(k) => n += k,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // What came before the fault is used.
                    self.failed = Some(e);
                    break;
                }
            }
        }
        self.buf.truncate(before + n);
        self.ended = n < size;
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

/// Scans a stream to its end.
fn stream(
    from: &mut impl Read,
    at: u64,
    pass: Pass<'_>,
    fold: &mut Fold<'_>,
    options: Options,
    progress: &mut dyn FnMut(u64),
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
    loop {
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
        fold.take(scanned);
        s.consume(n);
        if opens {
            document(&mut s, pass, fold, options);
        }
        progress(fold.so_far().1);
    }
    s.failed.map_or(Ok(()), Err)
}

/// Puts a document over several lines together and judges it.
fn document(s: &mut Stream<'_, impl Read>, pass: Pass<'_>, fold: &mut Fold<'_>, options: Options) {
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
    fold.take(scan_document(pass, text, s.at, lines));
    s.consume(end);
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
