//! Transport, status, time and headers of an answer; the document only when the platform would come to read it.
//!
//! Which Twilio code stands for what: spec/twilio.md sections 3 to 5. Tropo's log knows only "non-2XX"; its time limit
//! is not known (spec/tropo.md 2.3).

use url::Url;

use super::{Answer, FaultClass, MAX_DOCUMENT, tropo as tropo_json, twiml};
use crate::model::{Problem, RequestKind};

/// Twilio's total limit for a call request.
const LIMIT_MS: u64 = 15_000;

/// Types that Twilio runs as TwiML.
const XML_TYPES: [&str; 3] = ["text/xml", "application/xml", "text/html"];

pub(super) fn twilio(kind: RequestKind, answer: &Answer<'_>) -> Vec<Problem> {
    if let Some(fault) = &answer.error {
        return vec![Problem::error(fault_code(fault.class), fault.message.clone())];
    }
    let mut problems = Vec::new();
    let failed = if kind == RequestKind::StatusCallback {
        "15003"
    } else {
        "11200"
    };
    if let Some(status) = answer.status
        && !(200..300).contains(&status)
    {
        problems.push(if (300..400).contains(&status) {
            redirect(status, answer)
        } else {
            Problem::error(
                failed,
                format!("the answer has status {status}: {}", status_advice(status)),
            )
        });
    }
    if let Some(ms) = answer.ms.filter(|ms| *ms > LIMIT_MS) {
        problems.push(Problem::error(
            "11203",
            format!("the answer took {ms} ms; Twilio gives up after {LIMIT_MS} ms and uses the fallback URL"),
        ));
    }
    let answered = answer.status.is_none_or(|s| (200..300).contains(&s));
    match kind {
        _ if !answered => {}
        RequestKind::StatusCallback => problems.extend(callback(answer)),
        RequestKind::Media | RequestKind::Api | RequestKind::Sip => {}
        _ if kind.is_callback() => {}
        _ => document(kind, answer, &mut problems),
    }
    problems
}

pub(super) fn tropo(_: RequestKind, answer: &Answer<'_>) -> Vec<Problem> {
    if let Some(fault) = &answer.error {
        return vec![Problem::error("webhook-no-reply", fault.message.clone())];
    }
    let mut problems = Vec::new();
    if let Some(status) = answer.status.filter(|s| !(200..300).contains(s)) {
        let advice = status_advice(status);
        problems.push(Problem::error(
            "webhook-http",
            format!("the answer has status {status}, Tropo takes only 2xx: {advice}"),
        ));
    }
    if let Some(ms) = answer.ms.filter(|ms| *ms > LIMIT_MS) {
        problems.push(Problem::warning(
            "",
            format!("the answer took {ms} ms; callers hear silence for that long"),
        ));
    }
    if answer.status.is_some_and(|s| !(200..300).contains(&s)) {
        return problems;
    }
    if let Some(kind) = media_type(answer).filter(|t| !t.ends_with("/json") && !t.ends_with("+json")) {
        problems.push(Problem::warning(
            "",
            format!("the content type is `{kind}`; send application/json"),
        ));
    }
    if answer.truncated {
        problems.push(Problem::error(
            "webhook-reply",
            format!("the answer is {} bytes long, too long to judge", answer.total_len),
        ));
    } else {
        problems.extend(tropo_json::document(answer.body));
    }
    problems
}

fn fault_code(class: FaultClass) -> &'static str {
    match class {
        FaultClass::NoAddress => "11210",
        FaultClass::Refused => "11202",
        FaultClass::ConnectTimeout => "11201",
        FaultClass::Unreachable | FaultClass::Closed => "11205",
        FaultClass::Tls => "11220",
        FaultClass::CertificateName => "11235",
        FaultClass::CertificateDate => "11236",
        FaultClass::CertificateChain => "11237",
        FaultClass::Protocol => "11206",
        FaultClass::Timeout => "11203",
    }
}

fn status_advice(status: u16) -> &'static str {
    match status {
        300..400 => "point the request at the final URL",
        400 => "the app could not read the request, or misses the signature",
        401 => "something in front of the app asks for a login",
        403 => "often a signature check: set TWILIO_AUTH_TOKEN, or sign for the public URL with --public-url",
        404 => "the app has no route for this path",
        405 => "the route exists, but not for this method",
        408 | 504 => "something in front of the app gave up waiting for it",
        413 => "the app takes no body of this size",
        415 => "the app takes no body of this content type",
        429 => "the app, or something in front of it, limits the rate",
        500 => "an exception in the app: its own log has it, at this second",
        502 | 503 => "something in front of the app could not reach it",
        _ => "see the app's own log",
    }
}

/// Twilio follows 301, 302, 303 and 307 (spec/twilio.md section 3); this program follows none to another host.
fn redirect(status: u16, answer: &Answer<'_>) -> Problem {
    if !matches!(status, 301 | 302 | 303 | 307) {
        return Problem::error(
            "11200",
            format!("the answer has status {status}, a redirect that Twilio does not follow"),
        );
    }
    let Some(location) = answer.header("location").filter(|l| !l.trim().is_empty()) else {
        return Problem::error("11216", format!("the answer has status {status} without a Location"));
    };
    let lost = if status == 307 {
        "method and body stay"
    } else {
        "a POST becomes a GET without its parameters"
    };
    let from = Url::parse(answer.url).ok();
    let to = from
        .as_ref()
        .map_or_else(|| Url::parse(location), |from| from.join(location));
    let Ok(to) = to else {
        return Problem::error(
            "11216",
            format!("the answer redirects ({status}) to `{location}`, which is not a URL"),
        );
    };
    let same_host = from.as_ref().is_none_or(|from| from.host() == to.host());
    if !same_host {
        return Problem::error(
            "11200",
            format!(
                "the answer redirects ({status}) to another host, {location}: {lost}, and the signature is for the old URL"
            ),
        );
    }
    if from.is_some_and(|from| from.scheme() != to.scheme()) {
        return Problem::warning(
            "",
            format!(
                "the answer redirects ({status}) to {location}: the app wants {}, see --public-url; {lost}",
                to.scheme()
            ),
        );
    }
    Problem::warning("", format!("the answer redirects ({status}) to {location}: {lost}"))
}

/// A status callback wants 204, or 200 with XML, else Twilio notes 15003; the call goes on either way.
fn callback(answer: &Answer<'_>) -> Option<Problem> {
    let kind = media_type(answer);
    let xml = kind.as_deref().is_some_and(|t| XML_TYPES.contains(&t));
    let empty = answer.body.trim_ascii().is_empty();
    // Of a document that was cut nobody knows whether it is whole.
    let fine = empty || xml && (answer.truncated || twiml::is_well_formed(answer.body));
    (!fine).then(|| {
        Problem::warning(
            "15003",
            "the answer to a status callback is neither empty nor XML: send 204 without a body",
        )
    })
}

fn document(kind: RequestKind, answer: &Answer<'_>, problems: &mut Vec<Problem>) {
    if answer.body.trim_ascii().is_empty() {
        problems.extend(empty(kind, answer.status));
        return;
    }
    let message = kind == RequestKind::Message;
    match media_type(answer).as_deref() {
        None => problems.push(Problem::error(
            "11200",
            "the answer has no Content-Type: Twilio reports that as 502; send `Content-Type: text/xml`",
        )),
        Some(t) if XML_TYPES.contains(&t) => {}
        Some(t) if t.starts_with("audio/") && !message => return,
        Some("text/plain") => {
            if twiml::is_response(answer.body) {
                problems.push(Problem::warning(
                    "",
                    "TwiML sent as text/plain is run; send it as text/xml",
                ));
            } else {
                let what = if message {
                    "sent as the reply"
                } else {
                    "read aloud, then the call is hung up"
                };
                problems.push(Problem::warning("", format!("text/plain that is not TwiML is {what}")));
                return;
            }
        }
        Some(t) => {
            problems.push(Problem::error(
                "12300",
                format!("Twilio does not take the content type `{t}`: send text/xml"),
            ));
            return;
        }
    }
    problems.extend(twiml::document(kind, answer.body, answer.total_len));
}

/// No document where one is wanted. A message without a reply is common and harmless; a call has nothing to run.
fn empty(kind: RequestKind, status: Option<u16>) -> Option<Problem> {
    match kind {
        RequestKind::Message if status == Some(204) => None,
        RequestKind::Message | RequestKind::Unknown => Some(Problem::warning(
            "11770",
            "the answer is empty: send <Response/> with Content-Type text/xml",
        )),
        _ => Some(Problem::error(
            "11770",
            "the answer is empty: Twilio has nothing to run; send at least <Response/>",
        )),
    }
}

/// The media type in lower case, without parameters.
fn media_type(answer: &Answer<'_>) -> Option<String> {
    let value = answer
        .header("content-type")?
        .split(';')
        .next()?
        .trim()
        .to_ascii_lowercase();
    (!value.is_empty()).then_some(value)
}

/// True where the document is longer than Twilio reads.
pub(super) fn too_large(len: u64) -> Option<Problem> {
    (len > MAX_DOCUMENT).then(|| {
        Problem::error(
            "11750",
            format!("the document is {len} bytes long, Twilio takes at most {MAX_DOCUMENT}"),
        )
    })
}
