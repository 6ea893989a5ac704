//! From a source to a sink: plain files in blocks on several threads, everything else in one stream.

use std::fs::File;
use std::io::{self, Read};
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::blocks::blocks;
use super::positional::{Stretch, pread, pwrite};
use super::sink::Sink;
use super::source::{Code, Kind, Source, code, read_some};
use super::stream::stream;
use crate::scan::Pass;

/// A line longer than this is cut: the rest of it is passed over.
pub(super) const LONGEST_LINE: usize = 64 << 20;

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

/// Reads one source into a sink, until its end or until the sink wants no more. What was read before an error stays. A
/// pipe is read only once; after that, its copy is read.
///
/// # Errors
///
/// The source cannot be read, or not to its end; a coded one may be damaged.
pub fn read(source: &Source, pass: Pass<'_>, sink: &mut dyn Sink, options: Options) -> io::Result<()> {
    sink.begin();
    match &source.kind {
        Kind::Pipe(pipe) if pipe.begin() => copied(pipe.open(), pipe.copy(), pass, sink, options),
        _ => read_part(source, 0..u64::MAX, pass, sink, options),
    }
}

/// Reads the lines and documents that begin in a range of a source's text again; the range begins with one. A few behind
/// it may be given too. The sink is not told that an input begins.
///
/// # Errors
///
/// As [`read`].
pub fn read_part(
    source: &Source,
    range: Range<u64>,
    pass: Pass<'_>,
    sink: &mut dyn Sink,
    options: Options,
) -> io::Result<()> {
    match &source.kind {
        Kind::Plain(file, len) => {
            let range = range.start..range.end.min(*len);
            match blocks(file, range.clone(), *len, pass, sink, options) {
                ControlFlow::Continue(Some(at)) => {
                    stream(&mut Stretch::new(file, at, *len), at..range.end, pass, sink, options)
                }
                _ => Ok(()),
            }
        }
        Kind::Coded(file, code) => ahead(decode(Stretch::whole(file), *code)?, None, |r| {
            if skip(r, range.start, sink)?.is_break() {
                return Ok(());
            }
            stream(r, range, pass, sink, options)
        }),
        Kind::Grown(grown) => match grown.file() {
            Some(file) => {
                let plain = Source {
                    name: source.name.clone(),
                    kind: Kind::Plain(file, grown.len()),
                };
                read_part(&plain, range, pass, sink, options)
            }
            None => Ok(()),
        },
        Kind::Pipe(pipe) => match pipe.copy() {
            Some(copy) => {
                let mut text = Stretch::new(copy, range.start, u64::MAX);
                stream(&mut text, range, pass, sink, options)
            }
            None => Ok(()),
        },
    }
}

/// Reads whole lines of a file that may still grow, from an offset on, in blocks: gives the offset behind the last of them. It is that
/// of a document over several lines, when one begins: what belongs to it may not be there yet. A text that is not in a
/// plain file is not begun.
pub fn read_lines(source: &Source, range: Range<u64>, pass: Pass<'_>, sink: &mut dyn Sink, options: Options) -> u64 {
    let Some(file) = source.plain_file() else {
        return range.start;
    };
    let end = last_line_end(&file, range.clone());
    match blocks(&file, range.start..end, end, pass, sink, options) {
        ControlFlow::Continue(Some(at)) => at,
        _ => end,
    }
}

/// The offset behind the last line end in a range; its start when there is none.
fn last_line_end(file: &File, range: Range<u64>) -> u64 {
    const PIECE: u64 = 64 << 10;
    let (mut end, mut piece) = (range.end, vec![0; PIECE as usize]);
    while end > range.start {
        let from = end.saturating_sub(PIECE).max(range.start);
        let n = pread(file, &mut piece[..(end - from) as usize], from).unwrap_or(0);
        if let Some(at) = memchr::memrchr(b'\n', &piece[..n]) {
            return from + at as u64 + 1;
        }
        end = from;
    }
    range.start
}

/// Passes over the beginning of a text.
fn skip(text: &mut impl Read, mut bytes: u64, sink: &mut dyn Sink) -> io::Result<ControlFlow<()>> {
    const STEP: u64 = 1 << 20;
    while bytes > 0 {
        let n = io::copy(&mut text.by_ref().take(bytes.min(STEP)), &mut io::sink())?;
        bytes = if n == 0 { 0 } else { bytes - n };
        if sink.wait().is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Gives every line of a source, without its line end; a line that is too long is cut.
///
/// # Errors
///
/// The source cannot be read, or `take` fails.
pub fn each_line(source: &Source, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let text: Box<dyn Read + Send> = match &source.kind {
        Kind::Plain(f, _) => Box::new(Stretch::whole(f)),
        Kind::Coded(f, code) => decode(Stretch::whole(f), *code)?,
        Kind::Pipe(pipe) => pipe.open(),
        Kind::Grown(grown) => match grown.file() {
            Some(file) => Box::new(Stretch::new(&file, 0, grown.len())),
            None => Box::new(io::empty()),
        },
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
fn copied(
    mut input: Box<dyn Read + Send>,
    copy: Option<&Arc<File>>,
    pass: Pass<'_>,
    sink: &mut dyn Sink,
    options: Options,
) -> io::Result<()> {
    let mut head = [0; 4];
    let n = read_some(&mut input, &mut head)?;
    let whole = io::Cursor::new(head[..n].to_vec()).chain(input);
    let decoded: Box<dyn Read + Send> = match code(&head[..n]) {
        Some(c) => decode(whole, c)?,
        None => Box::new(whole),
    };
    ahead(decoded, Some(SHOWN_AFTER), |r| {
        let copy = copy.map(|c| &**c);
        stream(&mut Tee { from: r, copy, at: 0 }, 0..u64::MAX, pass, sink, options)
    })
}

/// Copies what it reads. A copy that fails is given up: lines can then not be opened again, but all are read.
struct Tee<'a, R> {
    from: R,
    copy: Option<&'a File>,
    at: u64,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        if self.copy.is_some_and(|c| pwrite(c, &buf[..n], self.at).is_err()) {
            self.copy = None;
        }
        self.at += n as u64;
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
fn ahead<T>(mut from: Box<dyn Read + Send>, patience: Option<Duration>, work: impl FnOnce(&mut Pieces) -> T) -> T {
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
        failed: None,
        patience,
    })
}

/// The other end of [`ahead`].
struct Pieces {
    receive: mpsc::Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    /// The fault behind what was given.
    failed: Option<io::Error>,
    /// How long to wait before it says that nothing came.
    patience: Option<Duration>,
}

/// Nothing came for so long: what is unfinished is shown.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

impl Read for Pieces {
    /// Waits for the first bytes, then takes what comes without a pause: a block of a steady stream is full, and what a slow
    /// one gives is seen at once. Where its patience is over it says that it timed out, and can be read further.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        const PAUSE: Duration = Duration::from_millis(20);
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        let mut n = 0;
        while n < buf.len() {
            if self.at == self.piece.len() {
                let next = match (n, self.patience) {
                    (0, None) => self.receive.recv().ok(),
                    (0, Some(patience)) => match self.receive.recv_timeout(patience) {
                        Err(mpsc::RecvTimeoutError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
                        next => next.ok(),
                    },
                    _ => self.receive.recv_timeout(PAUSE).ok(),
                };
                match next {
                    Some(Ok(piece)) => (self.piece, self.at) = (piece, 0),
                    Some(Err(e)) if n == 0 => return Err(e),
                    Some(Err(e)) => {
                        self.failed = Some(e);
                        break;
                    }
                    None => break,
                }
            }
            let some = (buf.len() - n).min(self.piece.len() - self.at);
            buf[n..n + some].copy_from_slice(&self.piece[self.at..self.at + some]);
            self.at += some;
            n += some;
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::scan::{Scanned, Shapes};
    use crate::session::Reading;

    /// The near end of a channel, which may want only so many blocks.
    struct Near(mpsc::Sender<Scanned>, usize);

    impl Sink for Near {
        fn begin(&mut self) {}

        fn take(&mut self, block: Scanned) -> ControlFlow<()> {
            self.1 -= 1;
            if self.0.send(block).is_err() || self.1 == 0 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }

    const OPTIONS: Options = Options { threads: 3, block: 100 };

    #[test]
    fn reading_ends_when_the_sink_wants_no_more() {
        let engine = Engine::new(builtin::packs());
        let folder = tempfile::tempdir().unwrap();
        let text = "2013-02-19 15:07:40.000 DEBUG [Tropo-Thread-1] #TROPO#: a step\n".repeat(500);
        let gz = {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut out, text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let document = format!("{{\n{text}").into_bytes();
        for (name, bytes) in [("plain", text.as_bytes()), ("gz", &gz), ("document", &document)] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let (sources, _) = super::super::find(&[path]);
            for most in [1, 3] {
                let (send, receive) = mpsc::channel();
                let pass = Reading {
                    shapes: Shapes::default(),
                    ..Reading::default()
                }
                .pass(&engine);
                read(&sources[0], pass, &mut Near(send, most), OPTIONS).unwrap();
                assert_eq!(receive.iter().count(), most, "{name}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_unfinished_line_of_a_pipe_is_shown_and_comes_whole_later() {
        use std::io::Write;

        struct Told(mpsc::Sender<(u64, bool)>);
        impl Sink for Told {
            fn begin(&mut self) {}
            fn take(&mut self, block: Scanned) -> ControlFlow<()> {
                let _ = self.0.send((block.bytes, true));
                ControlFlow::Continue(())
            }
            fn unfinished(&mut self, end: Option<Scanned>) {
                if let Some(block) = end {
                    let _ = self.0.send((block.bytes, false));
                }
            }
        }
        let (reader, mut writer) = io::pipe().unwrap();
        let source = Source::pipe(reader);
        let (send, receive) = mpsc::channel();
        let reading = std::thread::spawn(move || {
            let engine = Engine::new(builtin::packs());
            read(&source, Reading::default().pass(&engine), &mut Told(send), OPTIONS)
        });
        writer.write_all(b"first\nsec").unwrap();
        assert_eq!(receive.recv().unwrap(), (6, true));
        assert_eq!(receive.recv().unwrap(), (3, false));
        writer.write_all(b"ond\n").unwrap();
        assert_eq!(receive.recv().unwrap(), (7, true));
        drop(writer);
        reading.join().unwrap().unwrap();
        assert_eq!(receive.iter().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_again_while_it_is_read() {
        use std::io::Write;

        let (reader, mut writer) = io::pipe().unwrap();
        let source = Source::pipe(reader);
        let (send, receive) = mpsc::channel();
        let reading = std::thread::spawn({
            let source = source.clone();
            move || {
                let engine = Engine::new(builtin::packs());
                read(
                    &source,
                    Reading::default().pass(&engine),
                    &mut Near(send, usize::MAX),
                    OPTIONS,
                )
            }
        });
        assert_eq!(source.again(&[(0, 5)]), [b""]);
        writer.write_all(b"first\n").unwrap();
        assert_eq!(receive.recv().unwrap().lines, 1);
        assert_eq!(source.again(&[(0, 5), (6, 6)]), [b"first".as_slice(), b""]);
        writer.write_all(b"second\n").unwrap();
        assert_eq!(receive.recv().unwrap().lines, 1);
        assert_eq!(source.again(&[(6, 6), (0, 5)]), [b"second".as_slice(), b"first"]);
        drop(writer);
        reading.join().unwrap().unwrap();
        let (send, receive) = mpsc::channel();
        let engine = Engine::new(builtin::packs());
        read(
            &source,
            Reading::default().pass(&engine),
            &mut Near(send, usize::MAX),
            OPTIONS,
        )
        .unwrap();
        assert_eq!(receive.iter().map(|s| s.lines).sum::<u64>(), 2);
    }
}
