//! Ids of calls, legs, messages and events, small enough to keep a great many of them.

use std::fmt;

/// An id as the platform wrote it.
///
/// Tropo's 32 lower-case hex digits and Twilio's two letters with 32 hex digits are kept as numbers (32 bytes, no
/// allocation); anything else (SIP Call-IDs, `sas_…`, ids of old documents) as text. Two ids are equal exactly when
/// their texts are, and [`fmt::Display`] gives back the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Hex(u128),
    Sid([u8; 2], u128),
    Text(Box<str>),
}

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
fn hex32(text: &[u8]) -> Option<u128> {
    if text.len() != 32 {
        return None;
    }
    let mut n = 0u128;
    for &b in text {
        let d = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'f' => b - b'a' + 10,
            _ => return None,
        };
        n = n << 4 | u128::from(d);
    }
    Some(n)
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Hex(n) => write!(f, "{n:032x}"),
            Repr::Sid(p, n) => write!(f, "{}{}{n:032x}", char::from(p[0]), char::from(p[1])),
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
