//! Redirects: which of them Twilio follows (spec/twilio.md section 3), and what of the request is gone then.

use url::Url;

use super::{Answer, Asked};
use crate::model::Problem;

/// What an app misses most, in this order; the rest is counted.
const TOLD_FIRST: [&str; 12] = [
    "Digits",
    "SpeechResult",
    "RecordingUrl",
    "RecordingSid",
    "DialCallStatus",
    "DialCallSid",
    "Body",
    "MessageSid",
    "CallSid",
    "CallStatus",
    "From",
    "To",
];

/// So many names of lost parameters are written out.
const TOLD: usize = 4;

/// What Twilio would do with an answer of status 3xx; this program follows none to another host.
pub(super) fn problem(status: u16, answer: &Answer<'_>) -> Problem {
    if !matches!(status, 301 | 302 | 303 | 307) {
        let message = format!(
            "the answer has status {status}, a redirect that Twilio does not follow: use 307, or answer with TwiML"
        );
        return Problem::error("11216", message);
    }
    let Some(location) = answer.header("location").map(str::trim).filter(|l| !l.is_empty()) else {
        let message = format!("the answer has status {status} without a Location: name the URL, or answer with TwiML");
        return Problem::error("11216", message);
    };
    let from = Url::parse(answer.url).ok();
    let to = from
        .as_ref()
        .map_or_else(|| Url::parse(location), |from| from.join(location));
    let to = to
        .ok()
        .filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host());
    let Some(to) = to else {
        let message = format!("the answer redirects ({status}) to `{location}`, which is not a URL of a web server");
        return Problem::error("11216", message);
    };
    let lost = lost(status, answer.asked);
    if from.as_ref().is_some_and(|from| from.host() != to.host()) {
        let message = format!(
            "the answer redirects ({status}) to another host, {location}, which is not followed here: {lost}; Twilio would sign for the \
             new URL; answer with TwiML at the first"
        );
        return Problem::error("11200", message).likely();
    }
    let lost = format!("{lost}; what is sent there is signed for the new URL");
    if from.is_some_and(|from| from.scheme() != to.scheme()) {
        let scheme = to.scheme();
        let message =
            format!("the answer redirects ({status}) to {location}: the app wants {scheme}, see --public-url; {lost}");
        return Problem::warning("", message);
    }
    Problem::warning("", format!("the answer redirects ({status}) to {location}: {lost}"))
}

/// What does not arrive behind the redirect.
fn lost(status: u16, asked: Asked<'_>) -> String {
    let get = asked.method.eq_ignore_ascii_case("GET");
    if status == 307 && !get {
        return "method and body stay".to_owned();
    }
    let names = names(asked.params);
    match (get, names) {
        (true, None) => "a GET without parameters loses nothing".to_owned(),
        (true, Some(names)) => {
            format!("the new URL brings only its own query, so {names} are lost: answer with TwiML at the first")
        }
        (false, None) => "a POST becomes a GET without its parameters: use 307 to keep them".to_owned(),
        (false, Some(names)) => {
            format!("a POST becomes a GET without its parameters, so {names} are lost: use 307 to keep them")
        }
    }
}

fn names(params: &[String]) -> Option<String> {
    let place = |name: &String| TOLD_FIRST.iter().position(|t| t == name).unwrap_or(TOLD_FIRST.len());
    let mut params: Vec<&String> = params.iter().collect();
    params.sort_by_key(|name| place(name));
    params.dedup();
    let told: Vec<&str> = params.iter().take(TOLD).map(|n| n.as_str()).collect();
    let more = params.len().saturating_sub(TOLD);
    match (told.as_slice(), more) {
        ([], _) => None,
        (_, 0) => Some(told.join(", ")),
        _ => Some(format!("{} and {more} more", told.join(", "))),
    }
}
