//! One HTTP request of a platform to the developer's app, complete, and what became of it.

use std::borrow::Cow;
use std::fmt;

/// A webhook request as the platform sent it, as far as its source tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `GET`, or what the source says (`INVITE` for a SIP leg); none when it says nothing.
    pub method: Option<String>,
    /// Absolute URL as the platform held it, query and fragment untouched.
    pub url: Option<String>,
    /// In the order of the source; empty when it keeps none (Twilio's sources keep none).
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub payload: Payload,
}

/// The body of a request, or for a GET its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    #[default]
    Empty,
    /// Decoded form parameters in order, repeated names kept. A GET carries them in its query.
    Form(Vec<(String, String)>),
    /// One JSON document, byte for byte as found.
    Json(Vec<u8>),
}

impl Request {
    /// The decoded form parameters, empty for other payloads.
    pub fn params(&self) -> &[(String, String)] {
        match &self.payload {
            Payload::Form(p) => p,
            _ => &[],
        }
    }

    /// The first value of a form parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The parameters that the platform gave, wherever they travel: those of the form; where there is none, those of a query that names
    /// account and call, message, recording or conference, as a webhook by GET does.
    pub fn given(&self) -> Cow<'_, [(String, String)]> {
        let url = self.url.as_deref().filter(|_| self.payload == Payload::Empty);
        let Some((_, query)) = url.and_then(|url| url.split('#').next()?.split_once('?')) else {
            return Cow::Borrowed(self.params());
        };
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let has = |names: &[&str]| pairs.iter().any(|(n, _)| names.contains(&n.as_str()));
        if has(&["AccountSid"]) && has(&["CallSid", "MessageSid", "SmsSid", "RecordingSid", "ConferenceSid"]) {
            Cow::Owned(pairs)
        } else {
            Cow::Borrowed(&[])
        }
    }

    /// True for a GET, whose parameters travel in the query.
    pub fn is_get(&self) -> bool {
        self.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("GET"))
    }
}

/// The app's answer, as far as its source tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The app's own HTTP status; none where the platform's proxy made the answer up, or it is not logged.
    pub status: Option<u16>,
    /// In the order of the source.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: Option<String>,
    /// How long the app took, milliseconds.
    pub ms: Option<u64>,
}

impl Response {
    /// True when Twilio's proxy wrote it, because the app gave no answer that it could pass on (spec/twilio.md 1).
    pub fn is_made_up(&self) -> bool {
        let body = self.body.as_deref().unwrap_or("");
        let marks = ["X-Twilio-WebhookError", "X-Twilio-Reason"];
        body.trim_start().starts_with("Twilio was unable to fetch content from")
            || marks.iter().any(|name| self.header(name).is_some())
    }

    /// The first value of a header, name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}

/// What a request was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestKind {
    /// Tropo's first request of a session.
    Session,
    /// Tropo's request with the result of a step.
    Result,
    /// A request for voice `TwiML`: the first of a call, or a redirect.
    Voice,
    /// Gather's action, with what the caller entered.
    Gather,
    /// Gather's partial result; the answer is ignored.
    GatherPartial,
    /// Record's action.
    Record,
    /// Dial's action.
    Dial,
    /// Progress of a call; the answer is ignored.
    StatusCallback,
    /// Progress of a recording.
    RecordingStatus,
    /// The fallback URL, after the primary one failed.
    Fallback,
    /// An incoming message.
    Message,
    /// Delivery status of a message.
    MessageStatus,
    /// A media file fetched for Play.
    Media,
    /// A request to the platform's own REST API, listed beside the webhooks.
    Api,
    /// A SIP request, not HTTP.
    Sip,
    /// None of these could be told.
    #[default]
    Unknown,
}

impl RequestKind {
    /// The word of the contract's `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Result => "result",
            Self::Voice => "voice",
            Self::Gather => "gather",
            Self::GatherPartial => "gather-partial",
            Self::Record => "record",
            Self::Dial => "dial",
            Self::StatusCallback => "status-callback",
            Self::RecordingStatus => "recording-status",
            Self::Fallback => "fallback",
            Self::Message => "message",
            Self::MessageStatus => "message-status",
            Self::Media => "media",
            Self::Api => "api",
            Self::Sip => "sip",
            Self::Unknown => "unknown",
        }
    }

    /// True for requests whose answer the platform does not run as a document (status callbacks and the like).
    pub fn is_callback(self) -> bool {
        matches!(
            self,
            Self::StatusCallback | Self::RecordingStatus | Self::MessageStatus | Self::GatherPartial
        )
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Answered, and nothing wrong is known of the answer.
    Ok,
    /// Answered with a status outside 2xx.
    HttpError,
    /// Answered with a document that the platform could not use.
    BadReply,
    /// The log holds no answer although the session went on or ended.
    NoReply,
    /// The app could not be reached: DNS, connect, TLS.
    Unreachable,
    /// The app was reached and did not answer in time.
    Timeout,
    /// The source does not tell.
    #[default]
    Unknown,
}

impl Outcome {
    /// The word of the contract's `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HttpError => "http-error",
            Self::BadReply => "bad-reply",
            Self::NoReply => "no-reply",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
        }
    }

    /// True for everything that a developer would want to send again.
    pub fn failed(self) -> bool {
        !matches!(self, Self::Ok | Self::Unknown)
    }
}

/// How the step before a request ended, in one vocabulary for both platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepEvent {
    /// The first request of a call.
    Start,
    /// The caller chose something.
    Choice,
    /// The caller entered nothing.
    Noinput,
    /// What the caller entered was not on the menu.
    Nomatch,
    /// Time ran out.
    Timeout,
    /// The caller hung up.
    Hangup,
    /// Something went wrong on the platform.
    Error,
    /// The step ended as it should.
    Continue,
    /// Tropo's `incomplete`: no valid input, a timeout or a call that failed.
    Incomplete,
    /// A signal came in.
    Signal,
}

impl StepEvent {
    /// The word of the contract's `event`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Choice => "choice",
            Self::Noinput => "noinput",
            Self::Nomatch => "nomatch",
            Self::Timeout => "timeout",
            Self::Hangup => "hangup",
            Self::Error => "error",
            Self::Continue => "continue",
            Self::Incomplete => "incomplete",
            Self::Signal => "signal",
        }
    }
}

/// A step's event and whether the platform said so (`certain`) or it was inferred and only likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How the step ended.
    pub event: StepEvent,
    /// False where inferred (contract `event_certain`).
    pub certain: bool,
}

/// Why a request cannot be sent again; [`fmt::Display`] is the contract's `why_not`, with what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyNot {
    /// The JSON body does not parse: the line is cut.
    CutJson,
    /// Tropo's 2010 debugger cut the URL (`[click on link for full URL]`).
    ElidedUrl,
    /// Values were masked by log security.
    Masked,
    /// The source has no URL.
    NoUrl,
    /// The event has no request at all.
    NoRequest,
    /// A list of alerts has no parameters.
    ListOnly,
    /// A SIP request.
    NotHttp,
    /// Parameters of Twilio's own that leaked into the event; not a webhook.
    Internal,
    /// A request to the platform's REST API, not to the app.
    Api,
    /// Only the beginning of its body was recorded.
    CutBody,
    /// Its body is neither a form nor JSON.
    OtherBody,
    /// It opened a WebSocket.
    WebSocket,
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutJson => "its JSON body is cut or not JSON: take the whole line from the log",
            Self::ElidedUrl => "the log cut its URL (`click on link for full URL`)",
            Self::Masked => "values in it were masked by log security",
            Self::NoUrl => "the source has no URL for it",
            Self::NoRequest => "the event holds no request",
            Self::ListOnly => {
                "a list has no parameters: fetch the event itself (/v1/Alerts/NO… or …/Notifications/NO….json)"
            }
            Self::NotHttp => "it is a SIP request, not HTTP",
            Self::Internal => "its parameters are Twilio's own record, not a webhook of yours",
            Self::Api => "it went to the platform's own API, not to your app",
            Self::CutBody => "only the beginning of its body was recorded: let `redial proxy` keep more (--keep-body)",
            Self::OtherBody => "its body is neither a form nor JSON",
            Self::WebSocket => "it opens a WebSocket, and what follows is no HTTP",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_given_by_the_form_or_by_the_query() {
        let of = |url: &str, payload: Payload| {
            let request = Request {
                url: Some(url.to_owned()),
                payload,
                ..Request::default()
            };
            let names: Vec<String> = request.given().iter().map(|(n, v)| format!("{n}={v}")).collect();
            names.join("&")
        };
        let url = "https://a.example/v?AccountSid=AC1&CallSid=CA1&From=%2B1+2#To=x";
        assert_eq!(of(url, Payload::Empty), "AccountSid=AC1&CallSid=CA1&From=+1 2");
        let form = Payload::Form(vec![("Digits".to_owned(), "1".to_owned())]);
        assert_eq!(of(url, form), "Digits=1");
        assert_eq!(of(url, Payload::Json(b"{}".to_vec())), "");
        // An app's own names are none of the platform's.
        assert_eq!(of("https://a.example/v?CallSid=CA1&To=x", Payload::Empty), "");
    }

    #[test]
    fn an_answer_that_the_platform_made_up() {
        let body = |text: &str| Response {
            body: Some(text.to_owned()),
            ..Response::default()
        };
        assert!(body("\nTwilio was unable to fetch content from: https://a.example/v\nError: x").is_made_up());
        assert!(!body("<Response/>").is_made_up());
        let marked = Response {
            headers: vec![("x-twilio-webhookerror".to_owned(), "11203 x".to_owned())],
            ..Response::default()
        };
        assert!(marked.is_made_up());
    }
}
