//! A small seeded source of randomness (`SplitMix64`), so that the same seed gives the same file on every machine.

/// The generator's state.
pub struct Random(u64);

impl Random {
    /// Starts a sequence; equal seeds give equal sequences.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((self.next() >> 32) * limit) >> 32
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of the choices.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// An id of `digits` hexadecimal digits, at most 32.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = format!("{:016x}{:016x}", self.next(), self.next());
        text.truncate(digits);
        text
    }

    /// A North American number that is nobody's: area code, then 555-01xx.
    pub fn number(&mut self) -> String {
        const AREAS: [&str; 12] = [
            "202", "206", "212", "303", "312", "404", "415", "503", "602", "617", "702", "808",
        ];
        format!("1{}55501{:02}", self.pick(&AREAS), self.below(100))
    }
}
