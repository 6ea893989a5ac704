//! How a call is to be rehearsed, as the user says it.

use chrono::{DateTime, Utc};
use url::Url;

use super::Recorded;
use super::wishes::Wishes;
use crate::model::{Request, RequestKind};

/// Where a failing answer leads (Twilio; Tropo has no such thing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// To the URL of the recorded fallback request.
    Recorded,
    /// To this URL, or this path of the app.
    At(String),
}

impl Fallback {
    /// Its URL beside that of the request that failed; none where the recording has no fallback request, or it is no URL.
    pub fn url(&self, recorded: &[Recorded], failed: &Request) -> Option<String> {
        match self {
            Self::Recorded => recorded
                .iter()
                .rfind(|r| r.kind == RequestKind::Fallback)
                .and_then(|r| r.request.url.clone()),
            Self::At(to) => {
                let base = Url::parse(failed.url.as_deref()?.trim()).ok()?;
                base.join(to.trim()).ok().map(String::from)
            }
        }
    }
}

/// How a call is to be rehearsed.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What the caller does.
    pub wishes: Wishes,
    /// Other URLs of the same app: the target, the public URL.
    pub also_own: Vec<String>,
    /// What to do with a failing answer; none: the call ends.
    pub fallback: Option<Fallback>,
    /// So many requests are sent at most.
    pub max_steps: usize,
    /// The whole call; else an answer that passes is the end.
    pub whole: bool,
    /// The time that made-up requests tell.
    pub began: DateTime<Utc>,
}
