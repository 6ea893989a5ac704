//! Could one name be a slip of another? A test that costs nearly nothing, before a distance is computed.
//!
//! How near is near enough, and in which distance, is said where names are compared.

/// A name that was found, for being held against many that are known.
pub(super) struct Slip {
    letters: u32,
    most: usize,
}

impl Slip {
    /// `most` is how many letters may be added, left out, changed or swapped with their neighbour.
    pub(super) fn new(found: &str, most: usize) -> Self {
        Self {
            letters: letters(found),
            most,
        }
    }

    /// False where the names have too few letters in common.
    pub(super) fn may_be(&self, known: &str) -> bool {
        self.has(letters(known))
    }

    /// The same, by the [`letters`] of the known name.
    pub(super) fn has(&self, letters: u32) -> bool {
        // A changed letter is one that goes and one that comes.
        (self.letters ^ letters).count_ones() as usize <= 2 * self.most
    }
}

/// Which letters and digits of ASCII stand in a name, as bits; case, order and number do not matter.
pub(super) fn letters(name: &str) -> u32 {
    let plain = name.bytes().filter(u8::is_ascii_alphanumeric);
    plain.fold(0, |letters, byte| letters | 1 << (byte & 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_never_left_out() {
        let known = "Polly.Joanna-Neural";
        for near in [
            "polly.joannaneural",
            "Poly.Joana-Neural",
            "Polly.Jxanna-Neurax",
            "Plloy.Joanna-Neural",
        ] {
            assert!(Slip::new(near, 2).may_be(known), "{near}");
        }
        for far in ["Google.en-US-Chirp3-HD-Kore", "", "x"] {
            assert!(!Slip::new(far, 2).may_be(known), "{far}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_more_letters_differ_than_the_distance_allows(one in "[a-dA-D0-3-]{0,8}", other in "[a-dA-D0-3-]{0,8}") {
            let plain = |name: &str| name.to_lowercase().replace('-', "");
            let far = strsim::osa_distance(&plain(&one), &plain(&other));
            proptest::prop_assert!(Slip::new(&one, far).may_be(&other));
        }
    }
}
