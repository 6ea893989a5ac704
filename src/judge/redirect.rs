//! Redirects: which of them Twilio follows (spec/twilio.md section 3), and what of the request is gone then.

use url::Url;

use super::{Answer, Asked};
use crate::model::{Problem, RequestKind};

/// What the caller entered; a redirect of a Gather action does not bring it along, whatever its status (spec/twilio.md section 3).
pub const GATHERED: [&str; 4] = ["Digits", "FinishedOnKey", "SpeechResult", "Confidence"];

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

/// Stands for the app where its own URL is not known.
const SOMEWHERE: &str = "http://app.invalid/";

/// What Twilio would do with an answer of status 3xx; this program follows none to another scheme, host or port.
pub(super) fn problem(status: u16, kind: RequestKind, answer: &Answer<'_>) -> Problem {
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
    let shown = without_login(location);
    if let Some(why) = invalid(location) {
        let message = format!("the answer redirects ({status}) to `{shown}`, which is not a URL: {why}");
        return Problem::error("11216", message).likely();
    }
    let from = Url::parse(answer.url).ok();
    let base = from.clone().or_else(|| Url::parse(SOMEWHERE).ok());
    let to = base
        .as_ref()
        .and_then(|base| base.join(location).ok())
        .filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host());
    let Some(to) = to else {
        let message = format!("the answer redirects ({status}) to `{shown}`, which is not a URL of a web server");
        return Problem::error("11216", message);
    };
    let lost = format!(
        "{}; what is sent there is signed for the new URL",
        lost(status, kind, answer.asked, &to)
    );
    let leaves = base.is_some_and(|base| base.origin() != to.origin());
    if leaves && answer.mapped {
        let message = format!(
            "the answer redirects ({status}) to {shown}, the app itself, so it was followed at the target: {lost}"
        );
        return Problem::warning("", message);
    }
    if leaves && answer.stays {
        return unjudged(status, &shown, from.as_ref(), &to, &lost);
    }
    let other_scheme = from
        .as_ref()
        .is_some_and(|from| from.host() == to.host() && from.scheme() != to.scheme());
    let advice = match from {
        Some(_) if other_scheme => format!("the app wants {}, see --public-url; {lost}", to.scheme()),
        None if answer.stays => {
            format!("its answer was not judged, and only the final one can be, which `curl -iL` shows; {lost}")
        }
        _ => lost,
    };
    Problem::warning("", format!("the answer redirects ({status}) to {shown}: {advice}"))
}

/// A URL without user and password, which nobody who reads a verdict needs.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("//") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}//{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// What is wrong with a Location as it was written; joined to a URL it would become a path, which nobody meant.
fn invalid(location: &str) -> Option<&'static str> {
    let scheme = location
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .split_once(':');
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    if location.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("it has blanks or control characters: write a blank as %20")
    } else if location.contains(['<', '>', '"', '\\']) {
        Some("`<`, `>`, `\"` and `\\` do not stand in a URL: percent-encode them")
    } else if scheme.is_some_and(|(scheme, _)| !is_scheme(scheme)) {
        Some("what stands before its colon is no scheme: write http:// or https://, or begin with a slash")
    } else {
        None
    }
}

/// A redirect that Twilio would follow and this program does not: what answers there is not known, which is no pass and no
/// error of the platform's.
fn unjudged(status: u16, location: &str, from: Option<&Url>, to: &Url, lost: &str) -> Problem {
    let other_host = from.is_some_and(|from| from.host() != to.host());
    let secured = |from: &Url| from.scheme() == "http" && to.scheme() == "https";
    let place = |url: &Url| (url.path().to_owned(), url.query().map(str::to_owned));
    let elsewhere = match from {
        None => "",
        Some(_) if other_host => "another host, ",
        Some(from) if from.scheme() != to.scheme() => "another scheme, ",
        Some(_) => "another port, ",
    };
    let advice = match from {
        None => "judge the answer of that URL, which `curl -iL` shows",
        Some(from) if secured(from) && (!other_host || place(from) == place(to)) => {
            "the app wants https: see --public-url, or turn its force-https off locally"
        }
        Some(_) if other_host => {
            "Twilio would follow; answer with TwiML at the first, or judge what answers there with `redial check`"
        }
        Some(from) if from.scheme() != to.scheme() => "the app wants http: send to that URL with --to",
        Some(_) => "send to that port with --to, or answer with TwiML at the first",
    };
    let message = format!(
        "the answer redirects ({status}) to {elsewhere}{location}, which is not followed here, so that nothing is known of the answer \
         there: {advice}; {lost}"
    );
    Problem::error("", message).likely()
}

/// What does not arrive behind the redirect.
fn lost(status: u16, kind: RequestKind, asked: Asked<'_>, to: &Url) -> String {
    let get = asked.method.eq_ignore_ascii_case("GET");
    let gather = kind == RequestKind::Gather;
    if status == 307 && !get {
        let mut entered = asked.params.to_vec();
        entered.retain(|name| gather && GATHERED.contains(&name.as_str()));
        let are = if entered.len() > 1 { "are" } else { "is" };
        return match names(&entered) {
            None => "method and body stay".to_owned(),
            Some(names) => format!(
                "method and body stay, but {names} of a Gather action {are} not sent again: answer with TwiML at the first"
            ),
        };
    }
    let keep = if gather {
        "answer with TwiML at the first, for even a 307 of a Gather action does not bring Digits along"
    } else {
        "use 307 to keep them"
    };
    // What the new URL says itself is there.
    let mut gone = asked.params.to_vec();
    gone.retain(|name| !to.query_pairs().any(|(n, _)| n == name.as_str()));
    let carried = gone.len() < asked.params.len();
    let names = names(&gone);
    match (get, names) {
        (_, None) if carried => "all parameters stand in the new URL".to_owned(),
        (true, None) => "a GET without parameters loses nothing".to_owned(),
        (true, Some(names)) => {
            format!("the new URL brings only its own query, so {names} are lost: answer with TwiML at the first")
        }
        (false, None) => format!("a POST becomes a GET without its parameters: {keep}"),
        (false, Some(names)) => {
            format!("a POST becomes a GET without its parameters, so {names} are lost: {keep}")
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
