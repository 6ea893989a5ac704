//! The verbs that give the call to another service: a session (`<Connect>`), a payment, a transfer.
//!
//! How they end is never made up: the recording says it, or the user. What is sent is what the pages of the verbs name
//! (www.twilio.com/docs/voice/twiml: connect, pay, refer).

use super::callbacks::TALKED;
use super::twiml::{Action, Pay};
use super::verbs::has;
use super::voice::{GIVEN, RECORDED, Walk, draft, hung_up, params_of, stop};
use super::wishes::Wish;
use super::{Carries, Move, params};
use crate::model::{RequestKind, StepEvent};

/// Of `SessionStatus`; a session that the app itself ended has its `HandoffData`.
const SESSIONS: [&str; 3] = ["ended", "completed", "failed"];
/// Of `VirtualAgentStatus`.
const AGENTS: [&str; 6] = [
    "completed",
    "live-agent-handoff",
    "hangup",
    "failed",
    "paused",
    "timeout",
];
/// Of Pay's `Result`.
const PAID: [&str; 7] = [
    "success",
    "too-many-failed-attempts",
    "payment-connector-error",
    "caller-interrupted-with-star",
    "caller-hung-up",
    "validation-error",
    "internal-error",
];
/// Of `ReferCallStatus`.
const REFERRED: [&str; 4] = ["in-progress", "busy", "failed", "canceled"];
/// What stands where a service would have its own text.
const NOBODYS: &str = "made-up-by-redial";

impl Walk<'_, '_> {
    /// Another service has the caller until it, or the caller, ends that. Only what a noun's page names is sent.
    pub(super) fn connect(&mut self, noun: &str, action: Option<&Action>) -> Option<Move> {
        let what = format!("<Connect><{noun}>");
        let Some(action) = action else {
            let number = self.step.number;
            self.notes.push(format!(
                "{what} of step {number} has no action: the next verb runs as if it were over"
            ));
            return None;
        };
        let (word, known) = match noun {
            "ConversationRelay" => ("SessionStatus", &SESSIONS[..]),
            "VirtualAgent" => ("VirtualAgentStatus", &AGENTS[..]),
            _ => ("", &["ended"][..]),
        };
        let spot = self.spot(&action.to, &["connect"]);
        Some(match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => hung_up("the caller hung up during the Connect, as given"),
            Some(Wish::Value(value)) if known.contains(&value.as_str()) => self.connected(action, word, &value, None),
            // What the app ends its session with is its own text.
            Some(Wish::Value(data)) if word == "SessionStatus" => self.connected(action, word, "ended", Some(&data)),
            Some(Wish::Value(_) | Wish::Silence) => stop(format!(
                "{what} of step {} ends with --answer 'connect=…': {}",
                self.step.number,
                known.join(", ")
            )),
            None if word.is_empty() => self.plainly("Connect", &what, action),
            None => match self.recorded_or_renamed(action, |r| has(r, word)) {
                Some(n) => self.ended_as_recorded("Connect", action, n, word),
                None => self.unsaid(&what, "connect", known),
            },
        })
    }

    /// A session that ended as given.
    fn connected(&mut self, action: &Action, word: &str, status: &str, handoff: Option<&str>) -> Move {
        let asked_by = match word {
            "" => format!("Connect action, {GIVEN}"),
            _ => format!("Connect action with {word} {status}, {GIVEN}"),
        };
        let mut asked = draft(RequestKind::Voice, action, asked_by, StepEvent::Continue);
        let mut pairs = match word {
            "SessionStatus" => {
                let sid = self.course.made_up("VX");
                params::pairs(&[("SessionId", &sid), (word, status), ("SessionDuration", TALKED)])
            }
            "" => params::Pairs::new(),
            _ => params::pairs(&[(word, status)]),
        };
        pairs.extend(handoff.map(|data| ("HandoffData".to_owned(), data.to_owned())));
        asked.carries = Carries::Params(pairs);
        Move::To(asked)
    }

    /// Card or bank account are entered with the keys; what the gateway says is never made up (docs: voice/twiml/pay).
    pub(super) fn pay(&mut self, pay: &Pay) -> Move {
        let spot = self.spot(&pay.action.to, &["pay"]);
        let number = self.step.number;
        let result = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => "caller-hung-up".to_owned(),
            Some(Wish::Silence) => "too-many-failed-attempts".to_owned(),
            Some(Wish::Value(result)) if PAID.contains(&result.as_str()) => result,
            Some(Wish::Value(other)) => {
                return stop(format!("--answer pay={other}: Result is one of {}", PAID.join(", ")));
            }
            None => match self.recorded_or_renamed(&pay.action, |r| has(r, "Result")) {
                Some(n) => return self.ended_as_recorded("Pay", &pay.action, n, "Result"),
                None => return self.unsaid("<Pay>", "pay", &PAID),
            },
        };
        let mut pairs = params::pairs(&[("Result", &result), ("PaymentMethod", &pay.method)]);
        let mut asked_by = format!("Pay action with Result {result}, {GIVEN}");
        if result == "success" {
            pairs.extend(paid(pay));
            asked_by += "; account and codes made up";
        } else {
            self.notes.push(format!(
                "the Pay action of step {number} has no PaymentError, PayErrorCode or ConnectorError: the gateway would say them"
            ));
        }
        let gone = result == "caller-hung-up";
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let mut asked = draft(RequestKind::Voice, &pay.action, asked_by, event);
        (asked.carries, asked.gone) = (Carries::Params(pairs), gone);
        Move::To(asked)
    }

    /// The caller's own SIP device is asked to call somebody else (docs: voice/twiml/refer, with these four endings).
    pub(super) fn refer(&mut self, action: Option<&Action>) -> Option<Move> {
        let number = self.step.number;
        let Some(action) = action else {
            self.notes.push(format!(
                "<Refer> of step {number} has no action: the next verb runs as if it were over"
            ));
            return None;
        };
        let spot = self.spot(&action.to, &["refer"]);
        let status = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => "canceled".to_owned(),
            Some(Wish::Value(status)) if REFERRED.contains(&status.as_str()) => status,
            Some(Wish::Value(_) | Wish::Silence) => {
                let words = REFERRED.join(", ");
                return Some(stop(format!(
                    "<Refer> of step {number} ends with --answer 'refer=…': ReferCallStatus is one of {words}"
                )));
            }
            // Where nothing was notified there may be no ReferCallStatus.
            None => match self.recorded_or_renamed(action, |r| has(r, "ReferSipResponseCode")) {
                Some(n) => return Some(self.ended_as_recorded("Refer", action, n, "ReferCallStatus")),
                None => return Some(self.unsaid("<Refer>", "refer", &REFERRED)),
            },
        };
        let (answered, notified) = match status.as_str() {
            "in-progress" => ("202", Some("200")),
            "busy" => ("202", Some("486")),
            "canceled" => ("202", Some("180")),
            // Refused: nothing is notified.
            _ => ("405", None),
        };
        let codes = [("ReferCallStatus", status.as_str()), ("ReferSipResponseCode", answered)];
        let notified = notified.map(|code| ("NotifySipResponseCode", code));
        let all: Vec<(&str, &str)> = codes.into_iter().chain(notified).collect();
        let gone = status == "canceled";
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!("Refer action with ReferCallStatus {status}, {GIVEN}");
        let mut asked = draft(RequestKind::Voice, action, asked_by, event);
        (asked.carries, asked.gone) = (params_of(&all), gone);
        Some(Move::To(asked))
    }

    /// An action of which no parameters of its own are known: nothing has to be said of how it ended.
    fn plainly(&mut self, verb: &str, what: &str, action: &Action) -> Move {
        let recorded = self.recorded(action, |r| params::input(&r.request).is_none());
        let said = match recorded {
            Some(_) => RECORDED.to_owned(),
            None => format!("as if {what} were over"),
        };
        let mut asked = draft(
            RequestKind::Voice,
            action,
            format!("{verb} action, {said}"),
            StepEvent::Continue,
        );
        if let Some(n) = recorded {
            self.course.heard();
            asked.kind = self.course.recording.get(n).kind;
            (asked.recorded, asked.carries) = (recorded, Carries::Recorded);
        }
        Move::To(asked)
    }
}

/// What a payment that went well has besides.
fn paid(pay: &Pay) -> params::Pairs {
    let mut all = match pay.method.as_str() {
        "ach-debit" => params::pairs(&[
            ("BankAccountNumber", "*******92"),
            ("BankRoutingNumber", "121181976"),
            ("BankAccountType", &pay.account),
        ]),
        _ => params::pairs(&[
            ("PaymentCardNumber", "xxxxxxxxxxxx1111"),
            ("PaymentCardType", "visa"),
            ("ExpirationDate", "1230"),
            ("SecurityCode", "xxx"),
            ("PaymentCardPostalCode", "94109"),
        ]),
    };
    all.extend(if pay.charges {
        params::pairs(&[("PaymentConfirmationCode", NOBODYS)])
    } else {
        params::pairs(&[("PaymentToken", NOBODYS), ("ProfileId", NOBODYS)])
    });
    all
}
