//! Which of the credentials open Twilio's API, as Twilio's CLI chooses, and what to set where they do not.

use thiserror::Error;

use crate::config::{Credentials, Origin, Secret};

/// What is missing, and what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoginError {
    /// Nothing, or not even the account.
    #[error(
        "no Twilio credentials: set TWILIO_ACCOUNT_SID and TWILIO_API_KEY with TWILIO_API_SECRET (or TWILIO_AUTH_TOKEN), or run `twilio login`, whose active profile is read"
    )]
    Nothing,
    /// Something to log in with, but whose?
    #[error(
        "TWILIO_ACCOUNT_SID is not set, and {0} alone does not say which account to ask: set it to the account's SID, AC and 32 hex digits"
    )]
    NoAccount(&'static str),
    /// The account without anything that opens it.
    #[error(
        "TWILIO_ACCOUNT_SID is set, but nothing to log in with: set TWILIO_API_KEY with TWILIO_API_SECRET, or TWILIO_AUTH_TOKEN"
    )]
    NoKey,
    /// Half of a key.
    #[error("{there} is set, but {missing} is not: set both, or TWILIO_AUTH_TOKEN instead")]
    Half {
        /// The half that is there.
        there: &'static str,
        /// The other one.
        missing: &'static str,
    },
    /// An account that cannot be one; it would become a part of addresses.
    #[error("TWILIO_ACCOUNT_SID is no account's SID: AC and 32 hex digits")]
    Account,
}

/// What opens the API of one account.
#[derive(Clone, Debug)]
pub struct Login {
    account: String,
    user: Secret,
    password: Secret,
    named: String,
}

impl Login {
    /// An API key with its secret where both are there, else the account's SID with its auth token.
    ///
    /// # Errors
    /// Says which variables to set.
    pub fn choose(c: &Credentials) -> Result<Self, LoginError> {
        let (user, password, names) = match (&c.api_key, &c.api_secret, &c.auth_token) {
            (Some(key), Some(secret), _) => (key.clone(), secret.clone(), KEY),
            (_, _, Some(token)) => {
                let account = c.account_sid.as_ref().ok_or(LoginError::NoAccount(TOKEN.1))?;
                (Secret::new(account.as_str()), token.clone(), TOKEN)
            }
            (Some(_), None, None) => return Err(half(KEY.0, KEY.1)),
            (None, Some(_), None) => return Err(half(KEY.1, KEY.0)),
            (None, None, None) if c.account_sid.is_some() => return Err(LoginError::NoKey),
            (None, None, None) => return Err(LoginError::Nothing),
        };
        let account = c.account_sid.clone().ok_or(LoginError::NoAccount(names.0))?;
        let digits = account.strip_prefix("AC").unwrap_or("");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(LoginError::Account);
        }
        Ok(Self {
            account,
            user,
            password,
            named: named(names, c),
        })
    }

    /// The account that is asked about.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// User name of HTTP Basic.
    pub(super) fn user(&self) -> &Secret {
        &self.user
    }

    /// Password of HTTP Basic.
    pub(super) fn password(&self) -> &Secret {
        &self.password
    }

    /// The names of what was used and where they came from; never a value.
    pub fn named(&self) -> &str {
        &self.named
    }
}

const KEY: (&str, &str) = ("TWILIO_API_KEY", "TWILIO_API_SECRET");
const TOKEN: (&str, &str) = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN");

fn half(there: &'static str, missing: &'static str) -> LoginError {
    LoginError::Half { there, missing }
}

fn named((user, password): (&str, &str), c: &Credentials) -> String {
    match c.origin(password) {
        Origin::Env(_) => format!("{user} and {password} of the environment"),
        from => format!("{user} and {password} ({from})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(pairs: &[(&str, &str)]) -> Result<String, String> {
        let c = Credentials::from_lookup(|n| pairs.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()));
        Login::choose(&c)
            .map(|l| {
                let shown = format!("{l:?}");
                assert!(!shown.contains("hush") && !shown.contains("SK1"), "{shown}");
                format!("{}:{} {}", l.user().expose(), l.password().expose(), l.named())
            })
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_key_before_the_token() {
        let (account, token) = (("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", "hush"));
        let (key, secret) = (("TWILIO_API_KEY", "SK1"), ("TWILIO_API_SECRET", "hush2"));
        let all = choose(&[account, token, key, secret]).unwrap();
        assert_eq!(all, "SK1:hush2 TWILIO_API_KEY and TWILIO_API_SECRET of the environment");
        let token_only = choose(&[account, token, key]).unwrap();
        assert!(
            token_only.starts_with("AC1:hush TWILIO_ACCOUNT_SID and"),
            "{token_only}"
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        for (pairs, want) in [
            (&[][..], "set TWILIO_ACCOUNT_SID and TWILIO_API_KEY"),
            (&[("TWILIO_ACCOUNT_SID", "AC1")], "nothing to log in with"),
            (
                &[("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_API_KEY", "SK1")],
                "TWILIO_API_SECRET is not",
            ),
            (
                &[("TWILIO_API_KEY", "SK1"), ("TWILIO_API_SECRET", "hush")],
                "TWILIO_API_KEY alone does not say",
            ),
            (&[("TWILIO_AUTH_TOKEN", "hush")], "TWILIO_AUTH_TOKEN alone does not say"),
            (
                &[("TWILIO_ACCOUNT_SID", "AC1/../x"), ("TWILIO_AUTH_TOKEN", "hush")],
                "no account's SID",
            ),
        ] {
            let said = choose(pairs).unwrap_err();
            assert!(said.contains(want), "{said}");
        }
    }
}
