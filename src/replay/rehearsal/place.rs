//! Where a document sends the call: URLs resolved as the platform does, and whose host that is.
//!
//! A rehearsal stays with the app: its recorded host, the replay's target, and the host of the public URL are the same app.

use url::Url;

/// The hosts that are the app.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Of the recorded requests; any port of it.
    recorded: Option<String>,
    /// `host:port` of the target, and of the public URL.
    also: Vec<String>,
}

impl Own {
    /// The app's own host as recorded, and the URLs at which it is reached otherwise.
    pub(super) fn new(recorded: Option<&Url>, also: &[String]) -> Self {
        let authority = |text: &String| {
            let whole = if text.contains("://") {
                text.clone()
            } else {
                format!("https://{text}")
            };
            Url::parse(&whole).ok().and_then(|url| authority(&url))
        };
        Self {
            recorded: recorded.and_then(Url::host_str).map(str::to_owned),
            also: also.iter().filter_map(authority).collect(),
        }
    }

    /// True where a URL is one of the app.
    pub(super) fn has(&self, url: &Url) -> bool {
        let http = matches!(url.scheme(), "http" | "https");
        let recorded = self
            .recorded
            .as_deref()
            .is_some_and(|host| url.host_str() == Some(host));
        http && (recorded || authority(url).is_some_and(|a| self.also.contains(&a)))
    }
}

fn authority(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// The path of a reference, for naming a step; empty where it is no URL.
pub(super) fn path_of(base: &Url, reference: &str) -> String {
    base.join(reference.trim())
        .map(|u| u.path().to_owned())
        .unwrap_or_default()
}

/// How alike two URLs are, hosts aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alike {
    /// The same path and names in the query, with other values: a nonce, an id.
    Names,
    /// The same path and query.
    Whole,
}

/// Compares the URL of a recorded request with the one asked for; `in_query`: the recorded one carries its parameters there.
pub(super) fn alike(recorded: &str, asked: &Url, in_query: bool) -> Option<Alike> {
    let recorded = Url::parse(recorded.trim()).ok()?;
    if recorded.path() != asked.path() {
        return None;
    }
    let pairs = |url: &Url| -> Vec<(String, String)> { url.query_pairs().into_owned().collect() };
    let (theirs, ours) = (pairs(&recorded), pairs(asked));
    let all = |same: fn(&(String, String), &(String, String)) -> bool| {
        let covered = ours.iter().all(|pair| theirs.iter().any(|p| same(p, pair)));
        covered && (in_query || theirs.iter().all(|pair| ours.iter().any(|p| same(p, pair))))
    };
    if all(|a, b| a == b) {
        Some(Alike::Whole)
    } else if all(|a, b| a.0 == b.0) {
        Some(Alike::Names)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_app_has_several_hosts() {
        let also = ["http://localhost:3000".to_owned(), "ivr.ngrok.test".to_owned()];
        let own = Own::new(Some(&url("https://app.test/voice")), &also);
        for (text, is) in [
            ("https://app.test/menu", true),
            ("http://app.test:8080/menu", true),
            ("http://localhost:3000/menu", true),
            ("http://localhost:3001/menu", false),
            ("https://ivr.ngrok.test/menu", true),
            ("https://evil.test/menu", false),
            ("https://app.test.evil.test/menu", false),
            ("ftp://app.test/menu", false),
            ("sip:a@app.test", false),
        ] {
            assert_eq!(own.has(&url(text)), is, "{text}");
        }
    }

    #[test]
    fn urls_are_compared_without_their_host() {
        for (recorded, asked, in_query, want) in [
            ("https://a.test/menu", "http://b.test/menu", false, Some(Alike::Whole)),
            (
                "https://a.test/menu?n=1",
                "http://b.test/menu?n=1",
                false,
                Some(Alike::Whole),
            ),
            (
                "https://a.test/menu?n=1",
                "http://b.test/menu?n=2",
                false,
                Some(Alike::Names),
            ),
            (
                "https://a.test/voice",
                "http://b.test/voice?Digits=TIMEOUT",
                false,
                None,
            ),
            (
                "https://a.test/voice?Digits=TIMEOUT",
                "http://b.test/voice",
                false,
                None,
            ),
            (
                "https://a.test/voice?From=1&n=2",
                "http://b.test/voice?n=2",
                true,
                Some(Alike::Whole),
            ),
            ("https://a.test/menu", "http://b.test/menu/", false, None),
            ("not a url", "http://b.test/", false, None),
        ] {
            assert_eq!(alike(recorded, &url(asked), in_query), want, "{recorded} {asked}");
        }
    }
}
