//! Connection overrides after the `#` of a recorded URL: what Twilio would have made of the time that the answer took.
//!
//! They are for the platform alone, neither sent nor signed (spec/twilio.md 3). What they say wrongly is a note: the app
//! cannot mend where its URL is set.

use super::send::Sent;
use crate::judge::overrides;
use crate::model::{Problem, Request};

/// Beyond this nothing needs to be said: Twilio's own limit is shorter than any override.
const LIMIT_MS: u64 = 15_000;
/// So often Twilio tries again where the URL does not say.
const RETRIES: u64 = 1;

/// What the overrides of the request's URL mean for its answer; `took` are the milliseconds of all redirects together.
/// Errors first, which come before everything that is said of the answer.
pub(super) fn problems(request: &Request, took: u64, sent: &Sent) -> Vec<Problem> {
    let url = request.url.as_deref().unwrap_or_default().trim();
    let Some((_, fragment)) = url.split_once('#').filter(|(_, f)| f.contains('=')) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if sent.error.is_none() && took <= LIMIT_MS {
        out.extend(stopped(fragment, took, sent));
    }
    out.extend(again(fragment, sent.status));
    out.extend(overrides(url));
    out
}

/// The answer came too late for what the URL allows.
fn stopped(fragment: &str, took: u64, sent: &Sent) -> Option<Problem> {
    let limit = |name: &str, most: u64| number(fragment, name).filter(|ms| (100..=most).contains(ms));
    if let Some(tt) = limit("tt", 15_000).filter(|tt| took > *tt) {
        let text = format!(
            "the answer took {took} ms, and the recorded URL allows {tt} (`#tt={tt}`): Twilio would have given up and used the fallback \
             URL; answer first and do slow work later, or allow more"
        );
        return Some(Problem::error("11205", text));
    }
    let connect = sent.connect_ms.unwrap_or_default();
    let waited = sent.ms.saturating_sub(connect);
    let late = |what: &str, took: u64, name: &str, allowed: u64| {
        let text = format!(
            "{what} took {took} ms, and the recorded URL allows {allowed} (`#{name}={allowed}`): Twilio would have given up this attempt"
        );
        Problem::error("11205", text).likely()
    };
    let connecting = limit("ct", 10_000).filter(|ct| connect > *ct);
    let reading = limit("rt", 15_000).filter(|rt| waited > *rt);
    connecting
        .map(|ct| late("the connection", connect, "ct", ct))
        .or_else(|| reading.map(|rt| late("the answer", waited, "rt", rt)))
}

/// The platform would have asked again where this program asks once.
fn again(fragment: &str, status: Option<u16>) -> Option<Problem> {
    let class = match status? {
        400..500 => "4xx",
        500..600 => "5xx",
        _ => return None,
    };
    let policy = value(fragment, "rp")?;
    let times = number(fragment, "rc").unwrap_or(RETRIES).min(5);
    let asks = times > 0 && policy.split(',').any(|p| p == class || p == "all");
    asks.then(|| {
        let text = format!(
            "Twilio would have sent it again after this status, at most {times} {} (`rp={policy}` of the recorded URL); here it was sent once",
            if times == 1 { "time" } else { "times" }
        );
        Problem::note("", text)
    })
}

fn value<'f>(fragment: &'f str, name: &str) -> Option<&'f str> {
    let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(n, _)| *n == name).map(|(_, v)| v)
}

fn number(fragment: &str, name: &str) -> Option<u64> {
    value(fragment, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str, took: u64, connect_ms: u64, status: u16) -> Vec<(Option<String>, bool, String)> {
        let request = Request {
            url: Some(url.to_owned()),
            ..Request::default()
        };
        let sent = Sent {
            status: Some(status),
            ms: took,
            connect_ms: Some(connect_ms),
            ..Sent::default()
        };
        let all = problems(&request, took, &sent).into_iter();
        all.map(|p| (p.code.clone(), p.fails(), p.message)).collect()
    }

    #[test]
    fn what_comes_later_than_the_url_allows_is_stopped() {
        for (fragment, took, connect, code) in [
            ("tt=1000", 1_001, 1, Some("11205")),
            ("tt=1000", 1_000, 1, None),
            ("rc=2&ct=200", 300, 201, Some("11205")),
            ("rt=500", 700, 100, Some("11205")),
            ("rt=500", 600, 100, None),
            ("", 9_000, 1, None),
            ("top", 9_000, 1, None),
            // The judge has said of these that they are too late for any URL.
            ("tt=1000", 15_001, 1, None),
        ] {
            let all = told(&format!("https://a.example/slow#{fragment}"), took, connect, 200);
            assert_eq!(all.first().and_then(|p| p.0.as_deref()), code, "{fragment} {took}");
            assert_eq!(all.iter().any(|p| p.1), code.is_some(), "{all:?}");
        }
    }

    #[test]
    fn what_is_written_wrongly_and_what_would_be_sent_again_are_notes() {
        for (fragment, status, code, says) in [
            ("rp=foo", 200, Some("11243"), "retry policy `foo`"),
            ("e=mars", 200, Some("11241"), "edge `mars`"),
            ("tt=1", 200, None, "goes from 100 to 15000"),
            ("rc=3&rp=5xx", 503, None, "at most 3 times"),
            ("rp=4xx,all", 404, None, "at most 1 time "),
        ] {
            let all = told(&format!("https://a.example/v#{fragment}"), 20, 1, status);
            assert_eq!(all.len(), 1, "{all:?}");
            assert_eq!((all[0].0.as_deref(), all[0].1), (code, false), "{fragment}");
            assert!(all[0].2.contains(says), "{all:?}");
        }
        assert!(told("https://a.example/v#rc=0&rp=5xx", 20, 1, 503).is_empty());
        assert!(told("https://a.example/v#rc=2&rp=ct", 20, 1, 503).is_empty());
    }
}
