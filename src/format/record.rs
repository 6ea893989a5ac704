//! One thing that a document tells: an error, a request with its answer, or both.

use std::borrow::Cow;

use crate::model::{Id, Outcome, Provider, Request, RequestKind, Response, Severity, Time, WhyNot};

/// The kind of document that a record was read from (spec/twilio.md 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Debugger webhook ("debugging event webhook"): form body, or its payload alone.
    Debugger,
    /// Monitor Alerts, one instance with request and response.
    Alert,
    /// Monitor Alerts, an entry of a list page: no parameters, no response body.
    AlertListed,
    /// 2010 API Notification, one instance with request and response.
    Notification,
    /// 2010 API Notification, an entry of a list page.
    NotificationListed,
    /// Call Events: one request of a call with the app's answer.
    CallEvent,
    /// Event Streams `com.twilio.error-logs.error.logged`.
    ErrorLogged,
    /// Event Streams `Voice.WebhookEvent`.
    VoiceWebhook,
    /// Event Streams, message status and other types that tell of a call or message, not of an error.
    StreamEvent,
    /// twilio-cli's `debugger:logs:list -o json`: lossy.
    Cli,
    /// Voice Insights call event.
    Insights,
    /// A webhook as the app received it: an HTTP request capture, or its bare parameters.
    Webhook,
    /// A request with the app's own answer, both as they went over the wire: an entry of a HAR file, as `redial proxy`
    /// records them.
    Exchange,
    /// Tropo's own JSON documents: a `session` or `result` as the app received it.
    TropoPayload,
    /// A reply document of the app (`{"tropo":[…]}`), standing alone.
    TropoReply,
}

/// One thing that a document tells. Missing is `None`; text is as found, decoded once.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it was read from.
    pub kind: RecordKind,
    /// Whose it is.
    pub provider: Provider,
    /// Id of the event itself (`NO…`, `VW…`, `EZ…`): the same event read twice is one event.
    pub event_id: Option<Id>,
    /// The call or message it is about (`CA…`, `SM…`, `MM…`; Tropo session id): the key of grouping.
    pub call: Option<Id>,
    /// The parent call, when a parameter names one (`ParentCallSid`), and child legs (`DialCallSid`).
    pub parent: Option<Id>,
    /// Other ids of the same call (Tropo's call id, a message's `SmsSid` when different).
    pub also: Vec<Id>,
    /// The account that raised it.
    pub account: Option<Id>,
    /// When it happened on the platform's clock (`date_generated` before `date_created`).
    pub at: Option<Time>,
    /// The event's own level; it wins over the catalogue's.
    pub level: Option<Severity>,
    /// Error code as text (`"11200"`), leading digits only; none for a record that tells of no error.
    pub code: Option<String>,
    /// Everything that rules may ask for and that advice may quote.
    pub fields: Fields,
    /// The request, complete, when there was one.
    pub request: Option<Request>,
    /// What it was for.
    pub request_kind: RequestKind,
    /// The app's answer, or what the platform's proxy made up for it (then `status` is none).
    pub response: Option<Response>,
    /// What became of the request, with the proxy's made-up 502 unmasked.
    pub outcome: Outcome,
    /// Why the request cannot be sent again; none when it can.
    pub why_not: Option<WhyNot>,
    /// What the answer asked the caller for, for the inference of spec/twilio.md 6; none when it has no Gather.
    pub asked: Option<Box<Asked>>,
}

/// What a voice answer asks for, in document order: enough to tell how its Gather ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Every Gather.
    pub gathers: Vec<GatherSummary>,
    /// Resolved target of the first Redirect after the last Gather, when there is one.
    pub redirect: Option<String>,
    /// True when nothing that speaks, plays, dials or redirects follows the last Gather.
    pub ends_after_gather: bool,
}

/// One Gather of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatherSummary {
    /// Its action, resolved against the URL that was answered; none when it has no `action` attribute.
    pub action: Option<String>,
    /// `actionOnEmptyResult="true"`.
    pub on_empty: bool,
    /// `timeout` in seconds, 5 when not given.
    pub timeout_s: u32,
}

/// Named texts of a record. Names in use:
///
/// `code`, `level`, `class` and `title` (of the catalogue), `msg`, `parser_message`, `line`, `column` (of the fault in
/// the answer), `place` (both in words), `status` (HTTP status that the platform reports, 100-599 only), `url`, `method`, `host`, `path`,
/// `error_line` (the made-up body's `Error:`), `inner_code` and `inner_title` (`X-Twilio-WebhookError`), `reason`
/// (`X-Twilio-Reason`), `attempts`, `content_type` (of the answer), `body` (the answer's first 200 characters, one line),
/// `body_bytes`, `ms`, `status_callback`, `resource` (`call`, `message`, `other`), `kind` (request kind), `product`,
/// `phone_number`, `to`, `from`, `text` (the whole text of the alert when it is prose), `component` (`voice`, `messaging`),
/// `direction`, `call_status`, `message_status`, `dial_call` (the child leg that a Dial made), `type` (of an Event Streams
/// or Insights event), `signature` (of a recorded exchange: `valid`, `invalid`, `missing`, `unchecked`) and `signature_why`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Cow<'static, str>, String)>);

impl Fields {
    /// Room for so many fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// Sets a field; empty text is the same as absent, and the first value stays.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        // Nearly every text begins with a letter or digit.
        let filled = value.bytes().next().is_some_and(|b| b.is_ascii_graphic()) || !value.trim().is_empty();
        if filled && self.get(&name).is_none() {
            self.0.push((name, value));
        }
    }

    /// The text of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All fields in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_ref(), v.as_str()))
    }
}
