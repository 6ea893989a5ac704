//! Reading places again: the bodies that the fold does not keep.

use std::fs::File;
use std::io::{self, Read};

use super::positional::{Stretch, pread};
use super::read::decode;
use super::source::{Kind, Source};

impl Source {
    /// The bytes of places given as offset and length, in the order given; what is not there (any more, or in the copy of
    /// a pipe yet) is empty.
    pub fn again(&self, places: &[(u64, u32)]) -> Vec<Vec<u8>> {
        let nothing = || vec![Vec::new(); places.len()];
        match &self.kind {
            Kind::Plain(f, _) => places.iter().map(|&p| at(f, p)).collect(),
            Kind::Pipe(pipe) => match pipe.copy() {
                Some(f) => places.iter().map(|&p| at(f, p)).collect(),
                None => nothing(),
            },
            Kind::Grown(grown) => grown.again(places),
            Kind::Coded(..) if places.is_empty() => nothing(),
            Kind::Coded(f, code) => match decode(Stretch::whole(f), *code) {
                Ok(text) => in_order(text, places),
                Err(_) => nothing(),
            },
        }
    }
}

fn at(file: &File, (at, len): (u64, u32)) -> Vec<u8> {
    let mut out = vec![0; len as usize];
    let mut got = 0;
    while got < out.len() {
        match pread(file, &mut out[got..], at + got as u64) {
            Ok(0) | Err(_) => break,
            Ok(n) => got += n,
        }
    }
    out.truncate(got);
    out
}

/// One walk through a decoded text for all places.
fn in_order(mut text: impl Read, places: &[(u64, u32)]) -> Vec<Vec<u8>> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&n| places[n]);
    let mut out = vec![Vec::new(); places.len()];
    let mut last: Vec<u8> = Vec::new();
    let (mut last_at, mut here) = (0u64, 0u64);
    for n in order {
        let (at, len) = places[n];
        // Places may overlap: a page of alerts holds its items.
        let kept = last.len() as u64;
        if at >= last_at && at < last_at + kept {
            last.drain(..(at - last_at) as usize);
        } else {
            last.clear();
            let skip = at.saturating_sub(here);
            here += io::copy(&mut text.by_ref().take(skip), &mut io::sink()).unwrap_or(0);
        }
        last_at = at;
        let missing = u64::from(len).saturating_sub(last.len() as u64);
        here += text.by_ref().take(missing).read_to_end(&mut last).unwrap_or(0) as u64;
        out[n] = last[..last.len().min(len as usize)].to_vec();
    }
    out
}
