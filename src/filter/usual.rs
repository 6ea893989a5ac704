//! What usually stands in a log, so that the search for needles stops there as rarely as possible.
//!
//! The search (Teddy) looks at the first four bytes of its needles, and at those only by halves: needles that share a
//! bucket also stop it at any mixture of their high and low halves. Which heads are rare, and which needles go together,
//! is measured on a few usual lines (`filters/usual.log`). What is found does not depend on it, only how fast.

/// A log in small.
const LINES: &str = include_str!("../../filters/usual.log");
/// Buckets of the search.
const BUCKETS: usize = 8;
/// Bytes that the search looks at.
const HEAD: usize = 4;

/// How often stretches of four bytes occur, by their first byte.
#[derive(Debug, Default)]
pub(super) struct Usual(Vec<Vec<([u8; HEAD], u32)>>);

impl Usual {
    /// Measures the usual lines and further texts.
    pub(super) fn with(texts: &str) -> Self {
        let heads = [LINES, texts].into_iter().flat_map(|t| t.as_bytes().windows(HEAD));
        let mut all: Vec<u32> = heads
            .filter_map(|h| h.first_chunk().map(|h| u32::from_be_bytes(*h)))
            .collect();
        all.sort_unstable();
        let mut by_first = vec![Vec::new(); 256];
        for same in all.chunk_by(|a, b| a == b) {
            let head = same[0].to_be_bytes();
            by_first[usize::from(head[0])].push((head, same.len() as u32));
        }
        Self(by_first)
    }

    /// How often a needle's head occurs.
    pub(super) fn seen(&self, needle: &[u8]) -> u32 {
        let known = |head: &[u8; HEAD]| {
            let alike = self.0.get(usize::from(head[0]))?;
            let at = alike.binary_search_by_key(head, |h| h.0).ok()?;
            Some(alike[at].1)
        };
        needle.first_chunk().and_then(known).unwrap_or(0)
    }

    /// Puts needles in an order in which those that share a bucket stop the search rarely. The search gives its buckets
    /// out in turn; a needle goes where it adds least, the frequent ones first.
    pub(super) fn grouped(&self, mut needles: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let count = needles.len();
        needles.sort_by_cached_key(|n| std::cmp::Reverse(self.seen(n)));
        let mut buckets: [(Vec<Vec<u8>>, u32); BUCKETS] = Default::default();
        for needle in needles {
            let added = |(n, (held, cost)): (usize, &(Vec<Vec<u8>>, u32))| {
                // As many as its turns.
                if held.len() >= (count + BUCKETS - 1 - n) / BUCKETS {
                    return None;
                }
                let stops = self.stops(held.iter().chain([&needle]));
                Some((n, stops, stops - cost.min(&stops)))
            };
            let choices = buckets.iter().enumerate().filter_map(added);
            if let Some((n, stops, _)) = choices.min_by_key(|c| c.2) {
                buckets[n].0.push(needle);
                buckets[n].1 = stops;
            }
        }
        let turns = (0..count).map(|i| std::mem::take(&mut buckets[i % BUCKETS].0[i / BUCKETS]));
        turns.collect()
    }

    /// How often a bucket of needles stops the search.
    fn stops<'n>(&self, bucket: impl Iterator<Item = &'n Vec<u8>>) -> u32 {
        let mut low = [0u16; HEAD];
        let mut high = [0u16; HEAD];
        for needle in bucket {
            for (n, b) in needle.iter().take(HEAD).enumerate() {
                low[n] |= 1 << (b & 15);
                high[n] |= 1 << (b >> 4);
            }
        }
        let passes = |n: usize, b: u8| low[n] >> (b & 15) & high[n] >> (b >> 4) & 1 != 0;
        let by_first = (0..=255).zip(&self.0).filter(|(b, _)| passes(0, *b));
        let heads = by_first.flat_map(|(_, heads)| heads);
        heads
            .filter(|(h, _)| (1..HEAD).all(|n| passes(n, h[n])))
            .map(|h| h.1)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouping_keeps_every_needle() {
        let usual = Usual::with("");
        for count in [0, 1, 7, 8, 9, 30] {
            let mut needles: Vec<Vec<u8>> = (0..count).map(|n| format!("needle {n:02}").into_bytes()).collect();
            let mut grouped = usual.grouped(needles.clone());
            grouped.sort();
            needles.sort();
            assert_eq!(grouped, needles);
        }
    }

    #[test]
    fn usual_heads_are_known() {
        let usual = Usual::with("a text of one's own");
        assert!(usual.seen(b"TROPO") > usual.seen(b"MRCP/1.0"));
        assert!(usual.seen(b"MRCP/1.0") > 0);
        assert_eq!(usual.seen(b"wn text"), 0);
        assert_eq!(usual.seen(b" own"), 1);
        assert_eq!(usual.seen(b"own"), 0);
    }
}
