//! Undoing gzip and deflate of an answer, bounded: a small body must not become a huge one.

use std::io::{ErrorKind, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// What a body decodes to.
pub(crate) struct Decoded {
    pub(crate) body: Vec<u8>,
    /// True where there is more than was kept.
    pub(crate) more: bool,
    /// True where it ends too early or is no such encoding.
    pub(crate) broken: bool,
}

/// Decodes at most `keep` bytes; none for encodings that are not known (the body then stays as it is).
pub(crate) fn decode(coding: &str, body: &[u8], keep: usize) -> Option<Decoded> {
    let coding = coding.trim();
    if body.is_empty() {
        return None;
    }
    if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
        return Some(read(MultiGzDecoder::new(body), keep));
    }
    if !coding.eq_ignore_ascii_case("deflate") {
        return None;
    }
    // The name stands for zlib, but some servers send the bare stream.
    let zlib = read(ZlibDecoder::new(body), keep);
    if zlib.broken && zlib.body.is_empty() {
        return Some(read(DeflateDecoder::new(body), keep));
    }
    Some(zlib)
}

fn read(decoder: impl Read, keep: usize) -> Decoded {
    let mut body = Vec::new();
    let mut bounded = decoder.take(keep as u64 + 1);
    let mut chunk = [0; 8192];
    let broken = loop {
        match bounded.read(&mut chunk) {
            Ok(0) => break false,
            Ok(n) => body.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => break true,
        }
    };
    let more = body.len() > keep;
    body.truncate(keep);
    Decoded { body, more, broken }
}
