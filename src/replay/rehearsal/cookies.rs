//! Cookies of one call: kept and sent back to the app that set them, as Twilio does (spec/twilio.md section 3).
//!
//! Small on purpose: a rehearsal talks to one host and lives for seconds, so name, value, `Path`, `Secure` and the ways of deleting
//! (`Max-Age=0`, `Expires` in the past) are all that counts; a crate for cookies would bring public suffixes and a store. A cookie for
//! another domain is not taken.

use chrono::DateTime;
use url::Url;

/// More than that nobody means.
const MOST: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Cookies(Vec<Cookie>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    secure: bool,
}

impl Cookies {
    /// Takes in the `Cookie` header of a recorded request: what was set before the rehearsal begins.
    pub(super) fn seed(&mut self, header: &str) {
        for (name, value) in header.split(';').filter_map(|pair| pair.split_once('=')) {
            self.put(Cookie {
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
                path: "/".to_owned(),
                secure: false,
            });
        }
    }

    /// Takes in a `Set-Cookie` of the answer to `url`; `now` in seconds of the epoch.
    pub(super) fn set(&mut self, header: &str, url: &Url, now: i64) {
        let mut parts = header.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let mut cookie = Cookie {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: folder(url.path()),
            secure: false,
        };
        let (mut over, mut max_age) = (false, None);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "max-age" => max_age = value.parse::<i64>().ok(),
                "expires" => over = expired(value, now),
                "domain" if !covers(value, url) => return,
                _ => {}
            }
        }
        // Max-Age wins over Expires (RFC 6265, 5.3).
        let over = max_age.map_or(over, |seconds| seconds <= 0);
        if over || cookie.name.is_empty() {
            self.0.retain(|c| !c.is(&cookie));
        } else {
            self.put(cookie);
        }
    }

    /// The `Cookie` header of a request to `url`; longer paths first, else in the order in which they were set.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let mut fit: Vec<&Cookie> = self.0.iter().filter(|c| c.fits(url)).collect();
        fit.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let pairs: Vec<String> = fit.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn put(&mut self, cookie: Cookie) {
        let clean = |text: &str| !text.chars().any(char::is_control);
        if cookie.name.is_empty() || !clean(&cookie.name) || !clean(&cookie.value) {
            return;
        }
        match self.0.iter().position(|c| c.is(&cookie)) {
            Some(at) => self.0[at] = cookie,
            None if self.0.len() < MOST => self.0.push(cookie),
            None => {}
        }
    }
}

impl Cookie {
    fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.path == other.path
    }

    fn fits(&self, url: &Url) -> bool {
        let below = url.path().strip_prefix(self.path.as_str());
        let path = below.is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        path && (!self.secure || url.scheme() == "https")
    }
}

/// The default path of a cookie: that of the request up to its last slash.
fn folder(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => path[..at].to_owned(),
    }
}

fn expired(date: &str, now: i64) -> bool {
    // Old servers write `01-Jan-1970`.
    let date = date.replace('-', " ");
    DateTime::parse_from_rfc2822(&date).is_ok_and(|d| d.timestamp() <= now)
}

fn covers(domain: &str, url: &Url) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    domain.is_empty() || host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn jar(at: &str, set: &[&str]) -> Cookies {
        let mut jar = Cookies::default();
        let url = Url::parse(at).unwrap();
        for header in set {
            jar.set(header, &url, NOW);
        }
        jar
    }

    #[test]
    fn a_cookie_goes_back_where_it_belongs() {
        for (at, set, to, want) in [
            (
                "https://a.test/voice",
                &["s=1; HttpOnly"][..],
                "https://a.test/menu",
                Some("s=1"),
            ),
            ("https://a.test/ivr/voice", &["s=1"], "https://a.test/menu", None),
            (
                "https://a.test/ivr/voice",
                &["s=1"],
                "https://a.test/ivr/menu/x",
                Some("s=1"),
            ),
            (
                "https://a.test/ivr/voice",
                &["s=1; Path=/"],
                "https://a.test/menu",
                Some("s=1"),
            ),
            ("https://a.test/", &["s=1; path=/iv"], "https://a.test/ivr", None),
            (
                "https://a.test/",
                &["a=1", "b=2; Path=/menu", "c=x=y"],
                "https://a.test/menu",
                Some("b=2; a=1; c=x=y"),
            ),
            ("https://a.test/", &["s=1", "s=2"], "https://a.test/", Some("s=2")),
            ("https://a.test/", &["s=1; Secure"], "https://a.test/", Some("s=1")),
            ("http://a.test/", &["s=1; Secure"], "http://a.test/", None),
            ("https://a.test/", &["s=1; Domain=other.test"], "https://a.test/", None),
            (
                "https://ivr.a.test/",
                &["s=1; Domain=.a.test"],
                "https://ivr.a.test/",
                Some("s=1"),
            ),
            ("https://xa.test/", &["s=1; Domain=a.test"], "https://xa.test/", None),
            ("https://a.test/", &["s"], "https://a.test/", None),
            ("https://a.test/", &["=1"], "https://a.test/", None),
            ("https://a.test/", &["s=1\u{1}"], "https://a.test/", None),
        ] {
            assert_eq!(
                jar(at, set).header(&Url::parse(to).unwrap()).as_deref(),
                want,
                "{set:?} to {to}"
            );
        }
    }

    #[test]
    fn a_cookie_can_be_deleted() {
        for end in [
            "Max-Age=0",
            "max-age=-1",
            "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "expires=Thu, 01-Jan-1970 00:00:00 GMT",
            "Expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=0",
        ] {
            let jar = jar("https://a.test/", &["s=1", &format!("s=; {end}")]);
            assert_eq!(jar.header(&Url::parse("https://a.test/").unwrap()), None, "{end}");
        }
        for stays in [
            "Max-Age=60",
            "Expires=Thu, 01 Jan 2099 00:00:00 GMT",
            "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9",
            "Expires=soon",
        ] {
            let jar = jar("https://a.test/", &[&format!("s=1; {stays}")]);
            assert!(jar.header(&Url::parse("https://a.test/").unwrap()).is_some(), "{stays}");
        }
    }

    #[test]
    fn recorded_cookies_are_there_from_the_start() {
        let mut jar = Cookies::default();
        jar.seed("a=1; b=2");
        jar.set("a=3; Path=/", &Url::parse("https://a.test/x/y").unwrap(), NOW);
        assert_eq!(
            jar.header(&Url::parse("https://a.test/z").unwrap()).as_deref(),
            Some("a=3; b=2")
        );
    }
}
