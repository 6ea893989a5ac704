//! What an alert says of itself: `alert_text`, `message_text` and the webhook's `more_info`.
//!
//! The three hold the same names, as a query string, as prose, or as an object (spec/twilio.md 1 and 2).

use std::borrow::Cow;

use super::form;
use super::value::Value;
use crate::format::Fields;

/// The names in use; an empty value is the same as absent.
#[derive(Debug, Default)]
pub(super) struct Detail<'a> {
    msg: Option<Cow<'a, str>>,
    parser_message: Option<Cow<'a, str>>,
    line: Option<Cow<'a, str>>,
    column: Option<Cow<'a, str>>,
    http_response: Option<Cow<'a, str>>,
    status_callback: Option<Cow<'a, str>>,
    content_type: Option<Cow<'a, str>>,
    component: Option<Cow<'a, str>>,
    phone_number: Option<Cow<'a, str>>,
    to: Option<Cow<'a, str>>,
    from: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    /// The URL that the platform names; it may differ from the request's.
    pub(super) url: Option<Cow<'a, str>>,
    /// With everything that may follow the digits.
    pub(super) error_code: Option<Cow<'a, str>>,
    pub(super) level: Option<Cow<'a, str>>,
}

impl<'a> Detail<'a> {
    /// Reads `alert_text` or `message_text`: a query string, or prose when it has none of the names every one has.
    pub(super) fn of_text(text: &'a str) -> Self {
        let mut detail = Self::default();
        let mut known = false;
        for (name, value) in form::pairs(text) {
            known |= matches!(name.as_ref(), "Msg" | "ErrorCode" | "LogLevel");
            detail.take(&name, value);
        }
        if known {
            detail
        } else {
            Self {
                text: filled(Cow::Borrowed(text)),
                ..Self::default()
            }
        }
    }

    /// Reads `more_info`: an object of texts, a text of either form, or nothing.
    pub(super) fn of_value<'v: 'a>(value: &'v Value<'_>) -> Self {
        match value {
            Value::Text(t) => Self::of_text(t),
            Value::Object(members) => {
                let mut detail = Self::default();
                for (name, value) in members {
                    if let Some(text) = value.text() {
                        detail.take(name, text);
                    }
                }
                detail
            }
            _ => Self::default(),
        }
    }

    fn take(&mut self, name: &str, value: Cow<'a, str>) {
        let place = match name {
            "Msg" | "msg" | "message" => &mut self.msg,
            "parserMessage" => &mut self.parser_message,
            "ErrorCode" => &mut self.error_code,
            "LogLevel" => &mut self.level,
            "httpResponse" => &mut self.http_response,
            "url" => &mut self.url,
            "sourceComponent" => &mut self.component,
            "statusCallback" | "invalidStatusCallbackUrl" => &mut self.status_callback,
            "line" => &mut self.line,
            "cols" => &mut self.column,
            "contentType" => &mut self.content_type,
            "phonenumber" => &mut self.phone_number,
            "To" => &mut self.to,
            "From" => &mut self.from,
            _ => return,
        };
        if place.is_none() {
            *place = filled(value);
        }
    }

    /// The HTTP status that the platform reports: `httpResponse` when it is one, else what the message says.
    pub(super) fn status(&self) -> Option<u16> {
        let named = self.http_response.as_deref().and_then(|t| t.trim().parse().ok());
        let told = || {
            let msg = self.msg.as_deref().or(self.text.as_deref())?;
            let at = msg
                .find("Got HTTP ")
                .map(|i| i + 9)
                .or_else(|| msg.find("HTTP status code ").map(|i| i + 17))?;
            leading_digits(msg.get(at..)?).parse().ok()
        };
        named.or_else(told).filter(|s| (100..600).contains(s))
    }

    /// Sets the fields that the detail tells of.
    pub(super) fn fill(self, fields: &mut Fields) {
        let line = self
            .line
            .or_else(|| place_after(self.parser_message.as_deref()?, &["on line ", "lineNumber: ", "line "]));
        let column = self
            .column
            .or_else(|| place_after(self.parser_message.as_deref()?, &["columnNumber: ", "column "]));
        let component = self.component.map(|c| match c.as_ref() {
            "12000" => Cow::Borrowed("voice"),
            "14100" => Cow::Borrowed("messaging"),
            _ => c,
        });
        for (name, value) in [
            ("msg", self.msg),
            ("parser_message", self.parser_message),
            ("line", line),
            ("column", column),
            ("status_callback", self.status_callback),
            ("content_type", self.content_type),
            ("component", component),
            ("phone_number", self.phone_number),
            ("to", self.to),
            ("from", self.from),
            ("text", self.text),
        ] {
            if let Some(value) = value {
                fields.set(name, value.trim());
            }
        }
    }
}

fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.trim().is_empty()).then_some(text)
}

/// The digits behind the first of the phrases that is there: `Error on line 11 of document`, `lineNumber: 2;`.
fn place_after<'b>(text: &str, phrases: &[&str]) -> Option<Cow<'b, str>> {
    let rest = phrases.iter().find_map(|p| text.split_once(p)).map(|(_, rest)| rest)?;
    let digits = leading_digits(rest);
    (!digits.is_empty()).then(|| Cow::Owned(digits.to_owned()))
}

/// The digits that a text begins with, blanks before them skipped (`32009,Your TwiML tried to …` gives `32009`).
pub(super) fn leading_digits(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}
