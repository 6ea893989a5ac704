//! Twilio's credentials, as Twilio's own tools keep them: the environment, then the active profile of its CLI.
//!
//! Only the environment can hold the auth token: a profile has an API key, which reads Twilio's API but cannot sign
//! webhooks (spec/twilio.md section 2, twilio-cli).

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::{Notice, Origin, Secret};

/// Twilio credentials, as Twilio's own tools name them.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `TWILIO_ACCOUNT_SID`: `AC` and 32 hex digits.
    pub account_sid: Option<String>,
    /// `TWILIO_AUTH_TOKEN`: the key of webhook signatures. An API key cannot sign them.
    pub auth_token: Option<Secret>,
    /// `TWILIO_API_KEY`: `SK` and 32 hex digits.
    pub api_key: Option<Secret>,
    /// `TWILIO_API_SECRET`: what belongs to the API key.
    pub api_secret: Option<Secret>,
    /// `TWILIO_REGION`: `us1`, `ie1`, `au1`.
    pub region: Option<String>,
    /// `TWILIO_EDGE`: `ashburn`, `dublin`, ….
    pub edge: Option<String>,
    origins: Vec<(&'static str, Origin)>,
}

const ACCOUNT_SID: &str = "TWILIO_ACCOUNT_SID";
const AUTH_TOKEN: &str = "TWILIO_AUTH_TOKEN";
const API_KEY: &str = "TWILIO_API_KEY";
const API_SECRET: &str = "TWILIO_API_SECRET";
const REGION: &str = "TWILIO_REGION";
const EDGE: &str = "TWILIO_EDGE";

/// One credential as it may be shown.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Its variable in the environment.
    pub name: &'static str,
    /// The value; a secret's is its dots.
    pub value: Option<String>,
    /// True where the value must not be seen.
    pub secret: bool,
    /// Where it came from; the default where there is none.
    pub origin: &'a Origin,
}

/// Twilio CLI's `config.json`, as far as it matters here; `projects` is history.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CliFile {
    edge: Option<String>,
    active_project: Option<String>,
    profiles: Option<HashMap<String, Profile>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Profile {
    account_sid: Option<String>,
    region: Option<String>,
    edge: Option<String>,
    api_key: Option<String>,
    api_secret: Option<String>,
}

fn filled(value: impl AsRef<str>) -> Option<String> {
    let value = value.as_ref().trim();
    (!value.is_empty()).then(|| value.to_owned())
}

impl Credentials {
    /// Reads them through `lookup` (`|name| std::env::var(name).ok()` at the edge); blanks around a value are cut, an
    /// empty value counts as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut origins = Vec::new();
        let mut value = |name: &'static str| {
            let value = lookup(name).and_then(filled)?;
            origins.push((name, Origin::Env(name)));
            Some(value)
        };
        Self {
            account_sid: value(ACCOUNT_SID),
            auth_token: value(AUTH_TOKEN).map(Secret::new),
            api_key: value(API_KEY).map(Secret::new),
            api_secret: value(API_SECRET).map(Secret::new),
            region: value(REGION),
            edge: value(EDGE),
            origins,
        }
    }

    /// As [`Credentials::from_lookup`], then fills in from the active profile of Twilio's CLI (`file` is the path and the
    /// text of its `config.json`). The environment wins whole, as in the CLI: a profile is used only where the
    /// environment names no API key and no complete login, and only for the account that the environment names.
    pub fn read(lookup: impl Fn(&str) -> Option<String>, file: Option<(&Path, &str)>) -> (Self, Vec<Notice>) {
        let mut found = Self::from_lookup(lookup);
        let complete = found.account_sid.is_some() && found.auth_token.is_some();
        let Some((path, text)) = file.filter(|_| !complete && found.api_key.is_none() && found.api_secret.is_none())
        else {
            return (found, Vec::new());
        };
        let notices = match active_profile(text) {
            Ok(Some((name, profile))) => {
                found.fill(
                    &Origin::Profile {
                        path: path.to_owned(),
                        name,
                    },
                    profile,
                );
                Vec::new()
            }
            Ok(None) => Vec::new(),
            // Its own message may repeat what stands in the file.
            Err(e) => {
                let line = Some(e.line()).filter(|l| *l > 0);
                let why = "is not as Twilio's CLI writes it; it is not used";
                vec![Notice::in_file(path, line, why)]
            }
        };
        (found, notices)
    }

    fn fill(&mut self, origin: &Origin, profile: Profile) {
        let account = profile.account_sid.and_then(filled);
        if self.account_sid.is_some() && self.account_sid != account {
            return;
        }
        let origins = &mut self.origins;
        let mut put = |name, here: &mut Option<String>, value: Option<String>| {
            if let (None, Some(value)) = (&here, value.and_then(filled)) {
                *here = Some(value);
                origins.push((name, origin.clone()));
            }
        };
        let (mut key, mut secret) = (None, None);
        put(ACCOUNT_SID, &mut self.account_sid, account);
        put(API_KEY, &mut key, profile.api_key);
        put(API_SECRET, &mut secret, profile.api_secret);
        put(REGION, &mut self.region, profile.region);
        put(EDGE, &mut self.edge, profile.edge);
        self.api_key = key.map(Secret::new);
        self.api_secret = secret.map(Secret::new);
    }

    /// All of them in the order of the documentation, as they may be shown.
    pub fn shown(&self) -> [Shown<'_>; 6] {
        let one = |name, value: Option<String>, secret| Shown {
            name,
            value,
            secret,
            origin: self.origin(name),
        };
        let dots = |s: &Option<Secret>| s.as_ref().map(ToString::to_string);
        [
            one(ACCOUNT_SID, self.account_sid.clone(), false),
            one(AUTH_TOKEN, dots(&self.auth_token), true),
            one(API_KEY, dots(&self.api_key), true),
            one(API_SECRET, dots(&self.api_secret), true),
            one(REGION, self.region.clone(), false),
            one(EDGE, self.edge.clone(), false),
        ]
    }

    /// Where the credential of this variable's name came from.
    pub fn origin(&self, name: &str) -> &Origin {
        let found = self.origins.iter().find(|(n, _)| *n == name);
        found.map_or(&Origin::Default, |(_, origin)| origin)
    }
}

/// The active profile with its name.
fn active_profile(text: &str) -> serde_json::Result<Option<(String, Profile)>> {
    let file: CliFile = serde_json::from_str(text)?;
    let Some(name) = file.active_project.and_then(filled) else {
        return Ok(None);
    };
    // One that is not there is a project of old times: its secrets lie in the system's keychain.
    let profile = file.profiles.unwrap_or_default().remove(&name);
    Ok(profile.map(|mut p| {
        p.edge = p.edge.or(file.edge);
        (name, p)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    }

    const FILE: &str = r#"{"email":{},"edge":null,"prompts":{},"projects":[],"activeProject":"work","profiles":{
        "home":{"accountSid":"AC0","apiKey":"SK0","apiSecret":"not-this-one"},
        "work":{"accountSid":"AC1","region":"ie1","edge":"dublin","apiKey":"SK1","apiSecret":"hush-hush"}}}"#;

    /// Name and origin of all that is known.
    fn known(pairs: &[(&str, &str)], file: Option<&str>) -> (Vec<String>, Vec<String>) {
        let path = Path::new("/c/config.json");
        let (found, notices) = Credentials::read(env(pairs), file.map(|t| (path, t)));
        let shown: Vec<String> = found
            .shown()
            .iter()
            .filter_map(|s| {
                let value = s.value.as_ref()?;
                let name = s.name.trim_start_matches("TWILIO_");
                Some(format!("{name}={value} {}", s.origin))
            })
            .collect();
        let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
        let all = format!("{found:?} {shown:?} {notices:?}");
        assert!(!all.contains("hush") && !all.contains("not-this-one"), "{all}");
        (shown, notices)
    }

    #[test]
    fn blanks_are_cut_and_empty_is_absent() {
        let c = Credentials::from_lookup(env(&[("TWILIO_AUTH_TOKEN", " 12345\n"), ("TWILIO_ACCOUNT_SID", "  ")]));
        assert_eq!(c.auth_token.as_ref().map(Secret::expose), Some("12345"));
        assert_eq!(c.account_sid, None);
        assert!(!format!("{c:?}").contains("12345"));
    }

    #[test]
    fn the_active_profile_fills_in() {
        let from = "profile work of /c/config.json";
        let all = [
            format!("ACCOUNT_SID=AC1 {from}"),
            format!("API_KEY=•••••• {from}"),
            format!("API_SECRET=•••••• {from}"),
            format!("REGION=ie1 {from}"),
            format!("EDGE=dublin {from}"),
        ];
        assert_eq!(known(&[], Some(FILE)).0, all);
        let path = Path::new("/c/config.json");
        let (found, _) = Credentials::read(|_| None, Some((path, FILE)));
        assert_eq!(found.api_secret.as_ref().map(Secret::expose), Some("hush-hush"));
        // The auth token stands beside it: a profile cannot hold one.
        let with_token = known(&[("TWILIO_AUTH_TOKEN", "hush")], Some(FILE)).0;
        assert_eq!(with_token.len(), 6);
        assert_eq!(with_token[1], "AUTH_TOKEN=•••••• TWILIO_AUTH_TOKEN");
        // The same account named, another region asked for.
        let near = known(&[("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_REGION", "au1")], Some(FILE)).0;
        assert_eq!(near[0], "ACCOUNT_SID=AC1 TWILIO_ACCOUNT_SID");
        assert_eq!(near[3], "REGION=au1 TWILIO_REGION");
        assert_eq!(near.len(), 5);
    }

    #[test]
    fn the_environment_wins_whole() {
        for pairs in [
            &[("TWILIO_ACCOUNT_SID", "AC9")][..],
            &[("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", "hush")],
            &[("TWILIO_API_KEY", "SK9")],
            &[("TWILIO_API_SECRET", "hush")],
        ] {
            let (shown, notices) = known(pairs, Some(FILE));
            assert_eq!(shown.len(), pairs.len(), "{shown:?}");
            assert!(
                notices.is_empty() && !shown.iter().any(|s| s.contains("profile")),
                "{shown:?}"
            );
        }
    }

    #[test]
    fn a_file_that_is_not_twilios() {
        for text in [
            "{}",
            r#"{"activeProject":"gone","profiles":{}}"#,
            r#"{"activeProject":null}"#,
        ] {
            assert_eq!(known(&[], Some(text)), (vec![], vec![]), "{text}");
        }
        for text in ["{\n\"hush", "5", "{\"profiles\": {\"work\": \"hush\"}}"] {
            let (shown, notices) = known(&[], Some(text));
            assert!(shown.is_empty() && notices.len() == 1, "{text}: {notices:?}");
            assert!(notices[0].starts_with("/c/config.json:"), "{notices:?}");
        }
    }
}
