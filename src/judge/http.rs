//! Transport, status, time and headers of an answer; the document only when the platform would come to read it.
//!
//! Which Twilio code stands for what: spec/twilio.md sections 3 to 5. Tropo's log knows only "non-2XX"; its time limit
//! is not known (spec/tropo.md 2.3).

use super::{Answer, Fault, FaultClass, MAX_DOCUMENT, callback, charset, redirect, tropo as tropo_json, twiml};
use crate::model::{Problem, RequestKind};

/// Twilio's total limit for a call request.
const LIMIT_MS: u64 = 15_000;
/// A connect that takes longer is told apart from a slow answer (dictionary entry 11205, spec/twilio.md section 8).
const CONNECT_LIMIT_MS: u64 = 10_000;

/// Types that Twilio runs as TwiML.
pub(super) const XML_TYPES: [&str; 3] = ["text/xml", "application/xml", "text/html"];

/// Encodings that Twilio undoes; it asks for gzip.
const CODINGS: [&str; 5] = ["", "identity", "gzip", "x-gzip", "deflate"];

pub(super) fn twilio(kind: RequestKind, answer: &Answer<'_>) -> Vec<Problem> {
    if let Some(fault) = &answer.error {
        return vec![failed(fault)];
    }
    let mut problems = Vec::new();
    if let Some(status) = answer.status
        && !(200..300).contains(&status)
    {
        problems.push(if (300..400).contains(&status) {
            redirect::problem(status, kind, answer)
        } else {
            Problem::error(
                callback::code(kind, answer.asked),
                format!("the answer has status {status}: {}", status_advice(status)),
            )
        });
    }
    problems.extend(time(answer));
    let answered = answer.status.is_none_or(|s| (200..300).contains(&s));
    match kind {
        _ if !answered => {}
        RequestKind::Api | RequestKind::Sip => {}
        RequestKind::Media => problems.extend(media(answer)),
        _ if kind.is_callback() => problems.extend(callback::problem(kind, answer)),
        _ => document(kind, answer, &mut problems),
    }
    problems
}

/// No complete answer, in Twilio's code for it.
fn failed(fault: &Fault) -> Problem {
    let then = match fault.class {
        FaultClass::Timeout => ": Twilio waits 15 s, then uses the fallback URL; answer first and do slow work later",
        _ => "",
    };
    Problem::error(fault_code(fault.class), format!("{}{then}", fault.message))
}

/// What the answer's time means against Twilio's limits.
fn time(answer: &Answer<'_>) -> Option<Problem> {
    let ms = answer.ms.unwrap_or_default();
    if let Some(connect) = answer.connect_ms.filter(|ms| *ms > CONNECT_LIMIT_MS) {
        let message = format!(
            "the connection took {connect} ms: found, but not connecting; look at the firewall, the load balancer and the TLS handshake"
        );
        return Some(Problem::error("11205", message));
    }
    if ms > LIMIT_MS {
        let message = format!(
            "the answer took {ms} ms; Twilio gives up after {LIMIT_MS} ms and uses the fallback URL: answer first and do slow work later"
        );
        return Some(Problem::error("11205", message));
    }
    (ms > LIMIT_MS / 2).then(|| {
        let message = format!("the answer took {ms} ms, more than half of the {LIMIT_MS} ms that Twilio waits; callers hear silence meanwhile");
        Problem::note("", message)
    })
}

/// A file for Play or a message: of another type than media it is none.
fn media(answer: &Answer<'_>) -> Option<Problem> {
    let found = media_type(answer)?;
    let document = found.starts_with("text/") || found.ends_with("/json") || found.ends_with("xml");
    document.then(|| {
        let message = format!(
            "the media file arrives as `{found}`: send its own type, as audio/mpeg, or look what answers there"
        );
        Problem::error("12300", message)
    })
}

pub(super) fn tropo(_: RequestKind, answer: &Answer<'_>) -> Vec<Problem> {
    if let Some(fault) = &answer.error {
        return vec![Problem::error("webhook-no-reply", fault.message.clone())];
    }
    let mut problems = Vec::new();
    if let Some(status) = answer.status.filter(|s| !(200..300).contains(s)) {
        // Tropo does not sign.
        let advice = match status {
            400 => "the app could not read the request",
            403 => "the app, or something in front of it, does not let the request in",
            _ => status_advice(status),
        };
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
            format!("the answer is {} long, too long to judge", answer.length()),
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
        // 11205 stands for both in the dictionary: not connecting, and connected without an answer in time.
        FaultClass::Unreachable | FaultClass::Closed | FaultClass::Timeout => "11205",
        FaultClass::Tls => "11220",
        FaultClass::CertificateName => "11235",
        FaultClass::CertificateDate => "11236",
        FaultClass::CertificateChain => "11237",
        FaultClass::Protocol => "11206",
    }
}

fn status_advice(status: u16) -> &'static str {
    match status {
        300..400 => "point the request at the final URL",
        400 => "the app could not read the request, or misses the signature",
        401 => "something in front of the app asks for a login",
        403 => "the app refuses it, often for its signature",
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

fn document(kind: RequestKind, answer: &Answer<'_>, problems: &mut Vec<Problem>) {
    if answer.body.trim_ascii().is_empty() {
        problems.extend(empty(kind, answer));
        return;
    }
    if let Some(problem) = undecoded(answer) {
        problems.push(problem);
        return;
    }
    let message = kind == RequestKind::Message;
    let mut text = false;
    match media_type(answer).as_deref() {
        None => problems.push(Problem::error(
            "11200",
            "the answer has no Content-Type: Twilio reports that as 502; send `Content-Type: text/xml`",
        )),
        Some(t) if XML_TYPES.contains(&t) => {}
        Some(t) if t.starts_with("audio/") && !message => {
            problems.push(Problem::note(
                "",
                format!("`{t}` is played to the caller, then the call is hung up"),
            ));
            return;
        }
        Some("text/plain") => text = true,
        Some(t) => {
            let message = format!("Twilio does not take the content type `{t}`: send text/xml");
            problems.push(Problem::error("12300", message));
            return;
        }
    }
    if answer.total_len > MAX_DOCUMENT {
        problems.push(too_long(&answer.length()));
        return;
    }
    let (body, wrong) = charset::read(answer.header("content-type"), answer.body);
    problems.extend(wrong);
    if text {
        problems.push(plain(message, &body));
        if !twiml::is_response(&body) {
            return;
        }
    }
    problems.extend(twiml::document(kind, &body, answer.total_len));
}

/// What becomes of text/plain: run when it is `TwiML`, else words.
fn plain(message: bool, body: &[u8]) -> Problem {
    if twiml::is_response(body) {
        return Problem::warning("", "TwiML sent as text/plain is run; send it as text/xml");
    }
    let what = if message {
        "sent as the reply"
    } else {
        "read aloud, then the call is hung up"
    };
    Problem::warning(
        "",
        format!("text/plain that is not TwiML is {what}: send TwiML as text/xml"),
    )
}

/// A body in an encoding that nobody asked for cannot be read.
fn undecoded(answer: &Answer<'_>) -> Option<Problem> {
    let coding = answer.header("content-encoding")?.trim().to_ascii_lowercase();
    (!CODINGS.contains(&coding.as_str())).then(|| {
        let message =
            format!("the answer is encoded as `{coding}`, which Twilio cannot read: send it plain or as gzip");
        Problem::error("12100", message).likely()
    })
}

/// No document where one is wanted. A message without a reply is common and harmless; a call has nothing to run.
fn empty(kind: RequestKind, answer: &Answer<'_>) -> Option<Problem> {
    let chunked = answer
        .header("transfer-encoding")
        .is_some_and(|v| v.to_ascii_lowercase().contains("chunked"));
    if chunked {
        let message = "the answer is chunked and empty: send at least <Response/>, with a Content-Length";
        return Some(Problem::error("11770", message));
    }
    match kind {
        RequestKind::Message if answer.status == Some(204) => None,
        RequestKind::Message | RequestKind::Unknown => Some(Problem::warning(
            "11770",
            "the answer is empty: send <Response/> with Content-Type text/xml",
        )),
        _ => {
            let message = "the answer is empty: Twilio has nothing to run; send at least <Response/> with status 200";
            Some(Problem::error("11770", message).likely())
        }
    }
}

/// The media type in lower case, without parameters.
pub(super) fn media_type(answer: &Answer<'_>) -> Option<String> {
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
    (len > MAX_DOCUMENT).then(|| too_long(&format!("{len} bytes")))
}

fn too_long(length: &str) -> Problem {
    Problem::error(
        "11750",
        format!("the document is {length} long, Twilio takes at most {MAX_DOCUMENT} bytes"),
    )
}
