//! What a request was for, told by its parameters (spec/twilio.md 3).

use crate::model::{Request, RequestKind};

/// The parameters that tell requests apart.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // one for each parameter that tells
struct Marks {
    call: bool,
    /// What only a report has that waits for no `TwiML`: of a conference, a media stream, `SIPREC`, a live transcription, and of
    /// a recording that was written down.
    report: bool,
    /// What reports of answering machines, payments and virtual agents have, and their actions too.
    result: bool,
    /// How the call stands and who speaks: every request for `TwiML` says so (spec/twilio.md 3), such reports do not.
    running: bool,
    unstable: bool,
    recording_status: bool,
    recording_url: bool,
    recording_duration: bool,
    dial: bool,
    digits: bool,
    gather_end: bool,
    error_url: bool,
    error_code: bool,
    callback_source: bool,
    counted: bool,
    final_status: bool,
    /// Nobody was on the line, or not yet: no document is asked for.
    told_status: bool,
    message_status: bool,
    sms_status: Option<bool>,
    body: bool,
    message: bool,
}

impl Marks {
    fn of<'p>(params: impl Iterator<Item = (&'p str, &'p str)>) -> Self {
        let mut m = Self::default();
        for (name, value) in params {
            match name {
                "CallSid" => m.call = true,
                "From" | "To" => m.running = true,
                "StatusCallbackEvent"
                | "StreamEvent"
                | "SiprecEvent"
                | "TranscriptionEvent"
                | "TranscriptionStatus" => {
                    m.report = true;
                }
                "AnsweredBy"
                | "MachineDetectionDuration"
                | "PaymentSid"
                | "PaymentMethod"
                | "PaymentCardType"
                | "ErrorType"
                | "PartialResult"
                | "VirtualAgentStatus" => m.result = true,
                "UnstableSpeechResult" => m.unstable = true,
                "RecordingStatus" => m.recording_status = true,
                "RecordingUrl" => m.recording_url = true,
                "RecordingDuration" => m.recording_duration = true,
                "DialCallStatus" => m.dial = true,
                "Digits" | "SpeechResult" => m.digits = true,
                "msg" => m.gather_end = value == "Gather End",
                "ErrorUrl" => m.error_url = true,
                "ErrorCode" => m.error_code = true,
                "CallbackSource" => m.callback_source = true,
                "SequenceNumber" | "CallDuration" | "Duration" | "SipResponseCode" => m.counted = true,
                "CallStatus" => {
                    m.running = true;
                    m.final_status = matches!(value, "completed" | "busy" | "failed" | "no-answer" | "canceled");
                    m.told_status = matches!(value, "initiated" | "busy" | "failed" | "no-answer" | "canceled");
                }
                "MessageStatus" => m.message_status = true,
                "SmsStatus" => m.sms_status = Some(value.eq_ignore_ascii_case("received")),
                "Body" => m.body = true,
                "MessageSid" | "SmsSid" => m.message = true,
                _ => {}
            }
        }
        m
    }

    fn kind(&self) -> RequestKind {
        if self.error_code && self.error_url && self.call {
            RequestKind::Fallback
        } else if self.unstable {
            RequestKind::GatherPartial
        } else if self.report || self.result && self.call && !self.running {
            RequestKind::StatusCallback
        } else if self.recording_status {
            RequestKind::RecordingStatus
        } else if self.dial {
            RequestKind::Dial
        } else if self.recording_url && !self.counted && (self.digits || self.recording_duration) {
            RequestKind::Record
        } else if self.digits || self.gather_end {
            RequestKind::Gather
        } else if self.callback_source || self.told_status || self.final_status && self.counted {
            RequestKind::StatusCallback
        } else {
            self.message_kind()
        }
    }

    fn message_kind(&self) -> RequestKind {
        match self.sms_status {
            _ if self.message_status && !self.call => RequestKind::MessageStatus,
            Some(true) => RequestKind::Message,
            _ if self.body && self.message => RequestKind::Message,
            Some(false) if self.message && !self.call => RequestKind::MessageStatus,
            _ if self.call => RequestKind::Voice,
            _ => RequestKind::Unknown,
        }
    }
}

/// The kind of a request by its method, its URL, its parameters and the code that was raised about it.
pub(super) fn of(request: &Request, code: Option<&str>) -> RequestKind {
    let url = request.url.as_deref().unwrap_or("");
    if request.method.as_deref() == Some("INVITE") || url.starts_with("sip:") || url.starts_with("sips:") {
        return RequestKind::Sip;
    }
    if is_api(url) {
        return RequestKind::Api;
    }
    if is_audio(url) && code.is_none_or(is_fetch) {
        return RequestKind::Media;
    }
    of_params(request.given().iter().map(|(n, v)| (n.as_str(), v.as_str())))
}

/// The kind by the parameters alone.
pub(super) fn of_params<'p>(params: impl Iterator<Item = (&'p str, &'p str)>) -> RequestKind {
    Marks::of(params).kind()
}

/// True for Twilio's own REST API.
pub(super) fn is_api(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or("");
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    host == "api.twilio.com" || host.starts_with("api.") && host.ends_with(".twilio.com")
}

/// True when the path ends as an audio file does that Play can fetch.
fn is_audio(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let ext = path.rsplit_once('.').map_or("", |(_, e)| e);
    [
        "mp3", "wav", "wave", "aif", "aiff", "aifc", "gsm", "ulaw", "mulaw", "au", "ogg",
    ]
    .iter()
    .any(|a| ext.eq_ignore_ascii_case(a))
}

/// Codes of a failed fetch or of unusable media; others about such a URL are not about playing it.
fn is_fetch(code: &str) -> bool {
    matches!(code, "11751" | "12300" | "12301" | "13325" | "13420" | "21620")
        || code.len() == 5 && (code.starts_with("112") || code.starts_with("117"))
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    const RUNNING: &str = "CallSid=CA1&AccountSid=AC1&From=a&To=b&CallStatus=in-progress&";

    fn kind(params: &str) -> RequestKind {
        let params = form::owned(params);
        of_params(params.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }

    #[test]
    fn reports_about_a_call_are_callbacks() {
        for params in [
            "ConferenceSid=CF1&FriendlyName=room&StatusCallbackEvent=participant-join&SequenceNumber=2",
            "AnsweredBy=human&MachineDetectionDuration=3000",
            "StreamSid=MZ1&StreamName=s&StreamEvent=stream-started&Timestamp=x",
            "SiprecSid=SR1&SiprecName=s&SiprecEvent=siprec-started",
            "TranscriptionSid=GT1&TranscriptionEvent=transcription-content&SequenceId=1",
            "TranscriptionSid=TR1&TranscriptionText=hi&TranscriptionStatus=completed&RecordingSid=RE1&RecordingUrl=u",
            "PaymentSid=PK1&PaymentMethod=credit-card&Required=payment-card-number&PartialResult=true",
        ] {
            let params = format!("CallSid=CA1&AccountSid=AC1&{params}");
            assert_eq!(kind(&params), RequestKind::StatusCallback, "{params}");
        }
        for status in [
            "no-answer&SipResponseCode=487",
            "busy",
            "failed&SipResponseCode=404",
            "canceled",
            "completed&Duration=1",
            "initiated",
        ] {
            let params = format!("CallSid=CA1&AccountSid=AC1&From=a&To=b&Direction=outbound-api&CallStatus={status}");
            assert_eq!(kind(&params), RequestKind::StatusCallback, "{params}");
        }
        let pay = "CallSid=CA1&AccountSid=AC1&For=payment-card-number&Attempt=1&ErrorType=timeout&PaymentCardType=visa";
        assert_eq!(kind(pay), RequestKind::StatusCallback);
        // A transcription tells how the call stands, and is nevertheless no request for a document.
        let params = format!("{RUNNING}TranscriptionSid=TR1&TranscriptionStatus=completed&RecordingUrl=u");
        assert_eq!(kind(&params), RequestKind::StatusCallback);
    }

    #[test]
    fn requests_for_twiml_stay_what_they_are() {
        for (params, want) in [
            ("AnsweredBy=human", RequestKind::Voice),
            ("ConferenceSid=CF1&FriendlyName=room", RequestKind::Voice),
            ("StreamSid=MZ1&StreamName=s", RequestKind::Voice),
            ("PaymentMethod=credit-card&Result=success", RequestKind::Voice),
            ("VirtualAgentStatus=live-agent-handoff", RequestKind::Voice),
            (
                "RecordingUrl=u&RecordingSid=RE1&RecordingDuration=3&Digits=1",
                RequestKind::Record,
            ),
            ("RecordingUrl=u&Digits=hangup", RequestKind::Record),
            (
                "DialCallStatus=completed&DialCallSid=CA2&RecordingUrl=u",
                RequestKind::Dial,
            ),
            ("SpeechResult=hi&Confidence=0.9", RequestKind::Gather),
            // The app's own name in the query, and the action of a <Sms>.
            ("MessageStatus=x", RequestKind::Voice),
            ("SmsSid=SM1&SmsStatus=sending", RequestKind::Voice),
            (
                "UnstableSpeechResult=hi&StableSpeechResult=h&SequenceNumber=1",
                RequestKind::GatherPartial,
            ),
            ("ErrorCode=11200&ErrorUrl=u", RequestKind::Fallback),
        ] {
            assert_eq!(kind(&format!("{RUNNING}{params}")), want, "{params}");
        }
        // An app's own test sends as little as this.
        assert_eq!(kind("CallSid=CA1"), RequestKind::Voice);
        assert_eq!(kind("CallSid=CA1&AccountSid=AC1&Digits=1"), RequestKind::Gather);
    }
}
