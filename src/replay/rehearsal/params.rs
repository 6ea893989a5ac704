//! The parameters of Twilio's requests: which belong to the call and go with all of them, which only to one step.
//!
//! Twilio adds parameters without notice, so all that a POST had and that is not known to belong to a step is carried on
//! (spec/twilio.md section 3). Of a GET only the known names are: its query has the app's own too.

use crate::model::{Payload, Request};

/// What the caller, a verb or a callback added to one request.
const OF_A_STEP: &[&str] = &[
    "AnsweredBy",
    "AvgQueueTime",
    "BankAccountNumber",
    "BankAccountType",
    "BankRoutingNumber",
    "CallDuration",
    "CallbackSource",
    "Confidence",
    "ConnectorError",
    "CurrentQueueSize",
    "DequeingCallSid",
    "DialBridged",
    "DialCallDuration",
    "DialCallSid",
    "DialCallStatus",
    "DialSipResponseCode",
    "Digits",
    "Duration",
    "ErrorCode",
    "ErrorUrl",
    "ExpirationDate",
    "FinishedOnKey",
    "HandoffData",
    "Language",
    "MachineDetectionDuration",
    "MaxQueueSize",
    "NotifySipResponseCode",
    "PayErrorCode",
    "PaymentCardNumber",
    "PaymentCardPostalCode",
    "PaymentCardType",
    "PaymentConfirmationCode",
    "PaymentError",
    "PaymentMethod",
    "PaymentToken",
    "ProfileId",
    "QueuePosition",
    "QueueResult",
    "QueueSid",
    "QueueTime",
    "RecordingChannels",
    "RecordingDuration",
    "RecordingSid",
    "RecordingSource",
    "RecordingStartTime",
    "RecordingStatus",
    "RecordingTrack",
    "RecordingUrl",
    "ReferCallStatus",
    "ReferSipResponseCode",
    "Result",
    "SecurityCode",
    "SequenceNumber",
    "SessionDuration",
    "SessionId",
    "SessionStatus",
    "SipResponseCode",
    "SpeechResult",
    "Stability",
    "StableSpeechResult",
    "Timestamp",
    "TranscriptionSid",
    "TranscriptionStatus",
    "TranscriptionText",
    "TranscriptionUrl",
    "UnstableSpeechResult",
    "VirtualAgentError",
    "VirtualAgentErrorCode",
    "VirtualAgentProvider",
    "VirtualAgentProviderData",
    "VirtualAgentStatus",
    "msg",
];

/// Names that every request of a call or message has, or may have.
const OF_THE_CALL: &[&str] = &[
    "AccountSid",
    "ApiVersion",
    "ApplicationSid",
    "Body",
    "CallSid",
    "CallStatus",
    "CallToken",
    "Called",
    "CalledCity",
    "CalledCountry",
    "CalledState",
    "CalledZip",
    "Caller",
    "CallerCity",
    "CallerCountry",
    "CallerName",
    "CallerState",
    "CallerZip",
    "Direction",
    "ForwardedFrom",
    "From",
    "FromCity",
    "FromCountry",
    "FromState",
    "FromZip",
    "MessageSid",
    "MessagingServiceSid",
    "NumMedia",
    "NumSegments",
    "ParentCallSid",
    "SipCallId",
    "SipDomain",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "StirVerstat",
    "To",
    "ToCity",
    "ToCountry",
    "ToState",
    "ToZip",
];

pub(super) type Pairs = Vec<(String, String)>;

/// True for a parameter that belongs to one step: setting it for a whole call would answer every question with it.
pub(super) fn is_of_a_step(name: &str) -> bool {
    OF_A_STEP.contains(&name)
}

/// All decoded parameters; of a GET also the known ones of its query.
pub(super) fn all(request: &Request) -> Pairs {
    let mut all = request.params().to_vec();
    if request.is_get() {
        for pair in query(request) {
            let known = OF_THE_CALL.contains(&pair.0.as_str()) || is_of_a_step(&pair.0);
            if (known || pair.0.starts_with("SipHeader_")) && !all.contains(&pair) {
                all.push(pair);
            }
        }
    }
    all
}

/// What goes with every request of the call.
pub(super) fn carried(request: &Request) -> Pairs {
    let mut pairs = all(request);
    pairs.retain(|(name, _)| !is_of_a_step(name));
    pairs
}

/// The value that a caller's input has, if it is any.
pub(super) fn input(request: &Request) -> Option<(String, String)> {
    let pairs = all(request);
    ["Digits", "SpeechResult"].iter().find_map(|name| {
        let found = pairs.iter().find(|(n, v)| n == name && !v.is_empty() && v != "TIMEOUT");
        found.cloned()
    })
}

pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Parameters of one's own.
pub(super) fn pairs(all: &[(&str, &str)]) -> Pairs {
    all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// Sets a parameter where it stands, or adds it.
pub(super) fn set(pairs: &mut Pairs, name: &str, value: &str) {
    match pairs.iter_mut().find(|(n, _)| n == name) {
        Some(pair) => value.clone_into(&mut pair.1),
        None => pairs.push((name.to_owned(), value.to_owned())),
    }
}

/// What Twilio sends to the fallback URL when the answer to `request` got the error `code`: the same parameters, and why
/// (`ErrorCode` and `ErrorUrl`, spec/twilio.md section 3; not confirmed there).
pub(super) fn fallback(request: &Request, code: &str, to: &str) -> Request {
    let mut pairs = all(request);
    set(&mut pairs, "ErrorCode", code);
    set(&mut pairs, "ErrorUrl", request.url.as_deref().unwrap_or_default());
    Request {
        method: Some("POST".to_owned()),
        url: Some(to.to_owned()),
        headers: for_another(&request.headers),
        payload: Payload::Form(pairs),
    }
}

/// Recorded headers for another request than the one that had them: what was made for that one is left out.
pub(super) fn for_another(headers: &[(String, String)]) -> Pairs {
    let own = |name: &str| {
        let names = ["cookie", "i-twilio-idempotency-token", "content-type", "content-length"];
        names.iter().any(|n| name.eq_ignore_ascii_case(n)) || crate::replay::headers::of_signature(name)
    };
    headers.iter().filter(|(name, _)| !own(name)).cloned().collect()
}

fn query(request: &Request) -> Pairs {
    let url = request.url.as_deref().unwrap_or_default();
    let query = url
        .split('#')
        .next()
        .unwrap_or_default()
        .split_once('?')
        .map_or("", |(_, q)| q);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_step_is_not_carried_on() {
        let post = Request {
            method: Some("POST".to_owned()),
            url: Some("https://a.test/menu?Body=mine".to_owned()),
            payload: Payload::Form(pairs(&[
                ("CallSid", "CA1"),
                ("Digits", "2"),
                ("Brand", "new"),
                ("msg", "Gather End"),
            ])),
            ..Request::default()
        };
        assert_eq!(carried(&post), pairs(&[("CallSid", "CA1"), ("Brand", "new")]));
        assert_eq!(input(&post), Some(("Digits".to_owned(), "2".to_owned())));
    }

    #[test]
    fn of_a_get_only_known_names_are_twilios() {
        let get = Request {
            method: Some("get".to_owned()),
            url: Some(
                "https://a.test/menu?lang=en&CallSid=CA1&SpeechResult=large+one&SipHeader_X=1#e=ashburn".to_owned(),
            ),
            ..Request::default()
        };
        assert_eq!(carried(&get), pairs(&[("CallSid", "CA1"), ("SipHeader_X", "1")]));
        assert_eq!(input(&get), Some(("SpeechResult".to_owned(), "large one".to_owned())));
    }

    #[test]
    fn a_fallback_has_all_and_why() {
        let request = Request {
            url: Some("https://a.test/menu".to_owned()),
            headers: pairs(&[
                ("User-Agent", "TwilioProxy/1.1"),
                ("X-Twilio-Signature", "x"),
                ("Cookie", "a=1"),
            ]),
            payload: Payload::Form(pairs(&[("CallSid", "CA1"), ("Digits", "2")])),
            method: Some("GET".to_owned()),
        };
        let got = fallback(&request, "11200", "https://a.test/sorry");
        assert_eq!(got.method.as_deref(), Some("POST"));
        assert_eq!(got.headers, pairs(&[("User-Agent", "TwilioProxy/1.1")]));
        assert_eq!(
            got.params(),
            pairs(&[
                ("CallSid", "CA1"),
                ("Digits", "2"),
                ("ErrorCode", "11200"),
                ("ErrorUrl", "https://a.test/menu")
            ])
        );
    }
}
