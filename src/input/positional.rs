//! Reading a file by position: no reader moves another's offset, so a file can be read again while it is read.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// A file's bytes from an offset up to another, with an offset of its own.
#[derive(Debug)]
pub(super) struct Stretch {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Stretch {
    /// A reader of the bytes between two offsets, or up to the end of the file.
    pub(super) fn new(file: &Arc<File>, from: u64, end: u64) -> Self {
        Self {
            file: Arc::clone(file),
            at: from,
            end,
        }
    }

    /// A reader of the whole file.
    pub(super) fn whole(file: &Arc<File>) -> Self {
        Self::new(file, 0, u64::MAX)
    }
}

impl Read for Stretch {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buf.len().min(left);
        let n = pread(&self.file, &mut buf[..most], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(unix)]
pub(super) fn pread(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, at)
}

/// Moves the file's own offset, which nothing here relies on.
#[cfg(windows)]
pub(super) fn pread(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, at)
}

/// Up to so many bytes at an offset; fewer at the end of the file.
pub(super) fn read_at_most(file: &File, at: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut out = vec![0; len];
    let n = fill_at(file, &mut out, at)?;
    out.truncate(n);
    Ok(out)
}

/// Fills a buffer from an offset on, as far as the file goes.
pub(super) fn fill_at(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match pread(file, &mut buf[n..], at + n as u64) {
            Ok(0) => break,
            Ok(k) => n += k,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// Writes all at an offset.
pub(super) fn pwrite(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(file, bytes, at);
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at);
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => (bytes, at) = (&bytes[n..], at + n as u64),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn two_readers_of_one_file_do_not_move_one_another() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let file = Arc::new(file);
        let (mut a, mut b) = (Stretch::whole(&file), Stretch::new(&file, 3, 7));
        let (mut two, mut rest) = ([0; 2], String::new());
        a.read_exact(&mut two).unwrap();
        b.read_to_string(&mut rest).unwrap();
        assert_eq!((&two, rest.as_str()), (b"01", "3456"));
        rest.clear();
        a.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "23456789");
    }
}
