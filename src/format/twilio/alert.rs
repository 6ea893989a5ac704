//! Monitor Alerts, 2010 API Notifications and twilio-cli's JSON: one shape under three spellings.
//!
//! The instance of an alert has the request's parameters and the answer; the entry of a list page has neither
//! (spec/twilio.md 2). twilio-cli prints list entries in camel case and has replaced the text by its message.

use crate::format::{Record, RecordKind};
use crate::model::{Provider, Severity, Time};

use super::detail::Detail;
use super::value::{Object, Value};
use super::{draft, form};

/// The members in use.
#[derive(Default)]
struct Alert<'v> {
    sid: Option<&'v Value<'v>>,
    account: Option<&'v Value<'v>>,
    resource: Option<&'v Value<'v>>,
    generated: Option<&'v Value<'v>>,
    created: Option<&'v Value<'v>>,
    code: Option<&'v Value<'v>>,
    level: Option<&'v Value<'v>>,
    text: Option<&'v Value<'v>>,
    method: Option<&'v Value<'v>>,
    url: Option<&'v Value<'v>>,
    variables: Option<&'v Value<'v>>,
    request_headers: Option<&'v Value<'v>>,
    response_headers: Option<&'v Value<'v>>,
    response_body: Option<&'v Value<'v>>,
}

impl<'v> Alert<'v> {
    fn of(members: &'v Object<'_>) -> Self {
        let mut a = Self::default();
        for (name, value) in members {
            let place = match name.as_ref() {
                "sid" => &mut a.sid,
                "account_sid" | "accountSid" => &mut a.account,
                "resource_sid" | "call_sid" | "resourceSid" => &mut a.resource,
                "date_generated" | "message_date" | "dateGenerated" => &mut a.generated,
                "date_created" | "dateCreated" => &mut a.created,
                "error_code" | "errorCode" => &mut a.code,
                "log_level" | "log" | "logLevel" => &mut a.level,
                "alert_text" | "message_text" | "alertText" => &mut a.text,
                "request_method" | "requestMethod" => &mut a.method,
                "request_url" | "requestUrl" => &mut a.url,
                "request_variables" => &mut a.variables,
                "request_headers" => &mut a.request_headers,
                "response_headers" => &mut a.response_headers,
                "response_body" => &mut a.response_body,
                _ => continue,
            };
            *place = Some(value);
        }
        a
    }

    /// True for an instance: a list entry does not have these members, not even empty.
    fn is_instance(&self) -> bool {
        self.variables.is_some() || self.response_headers.is_some() || self.response_body.is_some()
    }
}

fn text(value: Option<&Value<'_>>) -> Option<String> {
    value.and_then(draft::text)
}

/// Form-encoded pairs; an object is accepted too.
fn pairs(value: Option<&Value<'_>>) -> Vec<(String, String)> {
    match value {
        Some(Value::Text(t)) => form::owned(t),
        Some(other) => draft::pairs(other),
        None => Vec::new(),
    }
}

/// Reads one alert, notification (`listed` is then the kind of a list entry) or line of twilio-cli.
pub(super) fn read(members: &Object<'_>, full: RecordKind, listed: RecordKind, facts: bool) -> Record {
    let a = Alert::of(members);
    let kind = if a.is_instance() { full } else { listed };
    let mut record = draft::blank(kind, Provider::Twilio);
    record.event_id = a.sid.and_then(draft::id);
    record.account = a.account.and_then(draft::id);
    record.call = a.resource.and_then(draft::id);
    let time = |v: Option<&Value<'_>>| Time::parse(&v?.text()?);
    record.at = time(a.generated).or_else(|| time(a.created));
    record.code = a.code.and_then(Value::text).as_deref().and_then(draft::code);
    record.level = a.level.and_then(Value::text).as_deref().and_then(Severity::parse);
    record.request = draft::request(
        text(a.method),
        text(a.url),
        pairs(a.request_headers),
        match a.variables {
            Some(Value::Text(t)) if facts => form::telling(t),
            other => pairs(other),
        },
    );
    record.response = draft::response(None, pairs(a.response_headers), text(a.response_body));
    let said = a.text.and_then(Value::text).unwrap_or_default();
    // twilio-cli prints the message that it took out of the text; nothing else is left.
    if kind == RecordKind::Cli && !said.contains("ErrorCode=") {
        record.fields.set("msg", said.trim());
        record.fields.set("text", said.trim());
        return draft::finish(record, Detail::default());
    }
    draft::finish(record, Detail::of_text(&said))
}
