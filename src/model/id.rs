//! Ids of calls, legs, messages and events, small enough to keep a great many of them.

use std::fmt;

/// An id as the platform wrote it.
///
/// Tropo's 32 lower-case hex digits and Twilio's two letters with 32 hex digits are kept as numbers (24 bytes, no
/// allocation); anything else (SIP Call-IDs, `sas_…`, ids of old documents) as text. Two ids are equal exactly when
/// their texts are, and [`fmt::Display`] gives back the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Hex(Num),
    Sid([u8; 2], Num),
    Text(Box<str>),
}

/// A number of 32 digits in two halves: a `u128` would make every id eight bytes longer by its alignment.
type Num = (u64, u64);

impl Id {
    /// Reads an id from its bytes; what is not UTF-8 becomes U+FFFD.
    pub fn new(text: &[u8]) -> Self {
        if let Some(n) = hex32(text) {
            return Self(Repr::Hex(n));
        }
        if let [a, b, rest @ ..] = text
            && a.is_ascii_uppercase()
            && b.is_ascii_uppercase()
            && let Some(n) = hex32(rest)
        {
            return Self(Repr::Sid([*a, *b], n));
        }
        Self(Repr::Text(String::from_utf8_lossy(text).into()))
    }

    /// The two letters of a Twilio SID (`CA`, `SM`, …), when it is one.
    pub fn sid_prefix(&self) -> Option<[u8; 2]> {
        match self.0 {
            Repr::Sid(p, _) => Some(p),
            _ => None,
        }
    }
}

/// Exactly 32 lower-case hex digits as a number.
fn hex32(text: &[u8]) -> Option<Num> {
    let (eights, []) = text.as_chunks::<8>() else {
        return None;
    };
    let [a, b, c, d] = eights else { return None };
    let half = |high, low| Some(u64::from(hex8(high)?) << 32 | u64::from(hex8(low)?));
    Some((half(*a, *b)?, half(*c, *d)?))
}

/// Eight lower-case hex digits as a number, all at once: this runs for the ids of every line.
fn hex8(text: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let x = u64::from_be_bytes(text);
    // A byte's high bit says whether it is at least `low` and not above `high` (all bytes below 0x80).
    let within =
        |low: u64, high: u64| (x | HIGH).wrapping_sub(low * ONES) & ((high * ONES) | HIGH).wrapping_sub(x) & HIGH;
    let (digit, letter) = (within(0x30, 0x39), within(0x61, 0x66));
    if x & HIGH != 0 || (digit | letter) != HIGH {
        return None;
    }
    // '0'-'9' have their value in the low four bits, 'a'-'f' nine less.
    let values = (x & (0x0f * ONES)) + (letter >> 7) * 9;
    let pairs = (values >> 4 | values) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs >> 8 | pairs) & 0x0000_ffff_0000_ffff;
    Some((fours >> 16 | fours) as u32)
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Hex((a, b)) => write!(f, "{a:016x}{b:016x}"),
            Repr::Sid(p, (a, b)) => write!(f, "{}{}{a:016x}{b:016x}", char::from(p[0]), char::from(p[1])),
            Repr::Text(t) => f.write_str(t),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_at_once_are_as_one_by_one() {
        let naive = |t: &[u8]| {
            let lower = t.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
            lower
                .then(|| {
                    std::str::from_utf8(t)
                        .ok()
                        .and_then(|s| u32::from_str_radix(s, 16).ok())
                })
                .flatten()
        };
        for b in 0..=255u8 {
            for at in 0..8 {
                let mut t = *b"0a9f5c3e";
                t[at] = b;
                assert_eq!(hex8(t), naive(&t), "{t:?}");
            }
        }
    }

    #[test]
    fn every_text_comes_back() {
        for t in [
            "",
            "0",
            "276e6921215ea722f4e548f3b3da028b",
            "276E6921215ea722f4e548f3b3da028b",
            "CA6d27370cbbfb605521fe8800bb73f2d2",
            "00000000000000000000000000000001",
            "CAxxxxxxxx",
            "sas_2-15-sm00r5rsrx4zjy3tropo",
            "1359677740938-2aaacfbfa970-c0006200-0009de48@10.62.13.189",
        ] {
            assert_eq!(Id::from(t).to_string(), t);
        }
        assert_eq!(
            Id::from("CA6d27370cbbfb605521fe8800bb73f2d2").sid_prefix(),
            Some(*b"CA")
        );
        assert_eq!(Id::from("sas_1").sid_prefix(), None);
    }
}
