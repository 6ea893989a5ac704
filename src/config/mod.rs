//! Settings from outside the program: credentials so far.
//!
//! Reading is a pure function of a lookup (an environment, a map in a test); nothing here touches the process's
//! environment itself. Values that must not be seen are [`Secret`]s from the moment they are read.

pub mod keys;
mod secret;

pub use secret::Secret;

/// Twilio credentials, as Twilio's own tools name them (spec/twilio.md section 2, twilio-cli).
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `TWILIO_ACCOUNT_SID`: `AC` and 32 hex digits.
    pub account_sid: Option<String>,
    /// `TWILIO_AUTH_TOKEN`: the key of webhook signatures. An API key cannot sign them.
    pub auth_token: Option<Secret>,
}

impl Credentials {
    /// Reads them through `lookup` (`|name| std::env::var(name).ok()` at the edge); blanks around a value are cut, an
    /// empty value counts as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        Self {
            account_sid: value("TWILIO_ACCOUNT_SID"),
            auth_token: value("TWILIO_AUTH_TOKEN").map(Secret::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_cut_and_empty_is_absent() {
        let c = Credentials::from_lookup(|name| match name {
            "TWILIO_AUTH_TOKEN" => Some(" 12345\n".to_owned()),
            "TWILIO_ACCOUNT_SID" => Some("  ".to_owned()),
            _ => None,
        });
        assert_eq!(c.auth_token.as_ref().map(Secret::expose), Some("12345"));
        assert_eq!(c.account_sid, None);
        assert!(!format!("{c:?}").contains("12345"));
    }
}
