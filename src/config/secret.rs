//! A text that must not be seen: an auth token, a shared key.
//!
//! It prints as dots in every form, cannot be serialised, and is read only by [`Secret::expose`], so that a search for
//! that word finds every place where a secret is used.

use std::fmt;

/// A secret text; `Debug` and `Display` print dots, whatever its length.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// What stands in the place of every secret.
    pub const DOTS: &'static str = "••••••";

    /// Takes the text over.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::DOTS)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::DOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_dots() {
        let s = Secret::new("12345");
        let dots = Secret::DOTS;
        assert_eq!(format!("{s} {s:?} {s:>9}"), format!("{dots} {dots} {dots}"));
        assert_eq!(s.expose(), "12345");
    }
}
