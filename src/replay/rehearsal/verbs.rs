//! The verbs of a call that somebody else ends: a recording, a dialed party, a session of another service, a payment, a transfer. A
//! queue is in `queue`.

use super::callbacks::{SPOKEN, TALKED};
use super::twiml::{Action, Pay};
use super::voice::{GIVEN, RECORDED, Walk, draft, hung_up, params_of, stop, stop_at};
use super::wishes::Wish;
use super::{Carries, Ended, Move, Recorded, params};
use crate::model::{RequestKind, StepEvent};

/// The words of `DialCallStatus`.
const DIALED: [&str; 5] = ["completed", "busy", "no-answer", "failed", "canceled"];

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
    /// None where nothing was recorded and the next verb runs.
    pub(super) fn record(&mut self, action: &Action, finish: &str) -> Option<Move> {
        let spot = self.spot(&action.to, &["record"]);
        let recorded = self.recorded_or_renamed(action, |r| has(r, "RecordingUrl"));
        let (said, key) = match self.course.wishes.take(&spot) {
            Some(Wish::Silence) => {
                self.silent = Some(GIVEN);
                return None;
            }
            Some(Wish::HangUp) => (GIVEN, "hangup".to_owned()),
            Some(Wish::Value(key)) if key == "hangup" || is_key(&key) => (GIVEN, key),
            Some(Wish::Value(other)) => {
                return Some(stop(format!(
                    "--answer record={other}: write the key that ends the recording, or hangup"
                )));
            }
            None if recorded.is_some() => return self.recording_as_recorded(action, recorded),
            None => ("made up", if finish.contains('#') { "#" } else { "" }.to_owned()),
        };
        let gone = key == "hangup";
        let asked_by = match key.as_str() {
            "" => format!("Record action, {said}"),
            key => format!("Record action with Digits {key}, {said}"),
        };
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let mut asked = draft(RequestKind::Record, action, asked_by, event);
        asked.gone = gone;
        let mut pairs = self.made_up_recording();
        pairs.extend(params::pairs(&[("Digits", &key)]));
        asked.carries = Carries::Params(pairs);
        Some(Move::To(asked))
    }

    /// A recording that nobody made.
    fn made_up_recording(&mut self) -> params::Pairs {
        let sid = self.course.made_up("RE");
        let url = self.course.recording_url(&sid);
        params::pairs(&[
            ("RecordingUrl", &url),
            ("RecordingSid", &sid),
            ("RecordingDuration", SPOKEN),
        ])
    }

    fn recording_as_recorded(&mut self, action: &Action, recorded: Option<usize>) -> Option<Move> {
        let pairs = params::all(&self.course.recording.get(recorded?).request);
        let gone = params::value(&pairs, "Digits") == Some("hangup");
        self.course.heard();
        let asked_by = if gone {
            "Record action with Digits hangup"
        } else {
            "Record action"
        };
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!("{asked_by}, {}", self.as_recorded_for(recorded?, action));
        let mut asked = draft(RequestKind::Record, action, asked_by, event);
        (asked.recorded, asked.carries, asked.gone) = (recorded, Carries::Recorded, gone);
        Some(Move::To(asked))
    }

    pub(super) fn dial(&mut self, action: &Action, records: bool) -> Move {
        let spot = self.spot(&action.to, &["dial"]);
        let (recorded, status) = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => return hung_up("the caller hung up during the Dial, as given"),
            Some(Wish::Silence) => (None, "no-answer".to_owned()),
            Some(Wish::Value(status)) if DIALED.contains(&status.as_str()) => (None, status),
            Some(Wish::Value(other)) => {
                let words = DIALED.join(", ");
                return stop(format!("--answer dial={other}: DialCallStatus is one of {words}"));
            }
            None => {
                let Some(n) = self.recorded_or_renamed(action, |r| has(r, "DialCallStatus")) else {
                    let number = self.step.number;
                    return stop(format!(
                        "the Dial of step {number} has an action, and the recording does not say how it ended: \
                         --answer 'dial=busy' (or {}) says it",
                        DIALED.join(", ")
                    ));
                };
                self.course.heard();
                let pairs = params::all(&self.course.recording.get(n).request);
                (
                    Some(n),
                    params::value(&pairs, "DialCallStatus").unwrap_or_default().to_owned(),
                )
            }
        };
        let said = recorded.map_or_else(|| GIVEN.to_owned(), |n| self.as_recorded_for(n, action));
        let asked_by = format!("Dial action with DialCallStatus {status}, {said}");
        let mut asked = draft(RequestKind::Dial, action, asked_by, StepEvent::Continue);
        let same = |r: &Recorded| params::value(&params::all(&r.request), "DialCallStatus") == Some(&status);
        asked.recorded = recorded.or_else(|| self.recorded(action, same));
        asked.carries = match asked.recorded {
            Some(_) => Carries::Recorded,
            None => Carries::Params(self.dialed(&status, records)),
        };
        Move::To(asked)
    }

    /// What a Dial action has besides, when nothing was recorded of it.
    pub(super) fn dialed(&mut self, status: &str, records: bool) -> params::Pairs {
        let sid = self.course.made_up("CA");
        let answered = status == "completed";
        let mut pairs = params::pairs(&[("DialCallStatus", status), ("DialCallSid", &sid)]);
        pairs.extend(if answered {
            params::pairs(&[("DialCallDuration", TALKED), ("DialBridged", "true")])
        } else {
            params::pairs(&[("DialBridged", "false")])
        });
        if answered && records {
            pairs.extend(self.made_up_recording());
        }
        pairs
    }

    /// Another service has the caller until it, or the caller, ends that (docs: voice/twiml/connect). Only what a noun's page names is sent.
    pub(super) fn connect(&mut self, noun: &str, action: Option<&Action>) -> Option<Move> {
        let number = self.step.number;
        let what = format!("<Connect><{noun}>");
        let Some(action) = action else {
            self.notes.push(format!(
                "{what} of step {number} has no action: the next verb runs as if it were over"
            ));
            return None;
        };
        let spot = self.spot(&action.to, &["connect"]);
        let (word, known) = match noun {
            "ConversationRelay" => ("SessionStatus", &SESSIONS[..]),
            "VirtualAgent" => ("VirtualAgentStatus", &AGENTS[..]),
            _ => ("", &[][..]),
        };
        let (status, handoff) = match self.course.wishes.take(&spot) {
            Some(Wish::HangUp) => return Some(hung_up("the caller hung up during the Connect, as given")),
            Some(Wish::Value(value)) if known.contains(&value.as_str()) => (value, None),
            // What the app ends its session with is its own text.
            Some(Wish::Value(value)) if noun == "ConversationRelay" => ("ended".to_owned(), Some(value)),
            Some(Wish::Value(value)) if word.is_empty() && value == "ended" => (value, None),
            Some(Wish::Value(_) | Wish::Silence) => {
                let words = if known.is_empty() {
                    "ended".to_owned()
                } else {
                    known.join(", ")
                };
                return Some(stop(format!(
                    "{what} of step {number} ends with --answer 'connect=…': {words}"
                )));
            }
            None => match self.recorded_or_renamed(action, |r| !word.is_empty() && has(r, word)) {
                Some(n) => return Some(self.ended_as_recorded("Connect", action, n, word)),
                None if word.is_empty() => return Some(self.plainly("Connect", &what, action)),
                None => return Some(self.unsaid(&what, "connect", known)),
            },
        };
        let asked_by = match word {
            "" => format!("Connect action, {GIVEN}"),
            _ => format!("Connect action with {word} {status}, {GIVEN}"),
        };
        let mut asked = draft(RequestKind::Voice, action, asked_by, StepEvent::Continue);
        asked.carries = match word {
            "SessionStatus" => {
                let sid = self.course.made_up("VX");
                let handoff = handoff.as_deref().map(|data| ("HandoffData", data));
                let session = [
                    ("SessionId", sid.as_str()),
                    (word, &status),
                    ("SessionDuration", TALKED),
                ];
                let all: Vec<(&str, &str)> = session.into_iter().chain(handoff).collect();
                params_of(&all)
            }
            "" => params_of(&[]),
            _ => params_of(&[(word, &status)]),
        };
        Some(Move::To(asked))
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
        if result == "success" {
            pairs.extend(paid(pay));
        } else {
            self.notes.push(format!(
                "the Pay action of step {number} has no PaymentError, PayErrorCode or ConnectorError: the gateway would say them"
            ));
        }
        let gone = result == "caller-hung-up";
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!("Pay action with Result {result}, {GIVEN}");
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
            None => match self.recorded_or_renamed(action, |r| has(r, "ReferCallStatus")) {
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

    /// The recorded action of a verb, which tells in `word` how it ended.
    pub(super) fn ended_as_recorded(&mut self, verb: &str, action: &Action, n: usize, word: &str) -> Move {
        self.course.heard();
        let pairs = params::all(&self.course.recording.get(n).request);
        let status = params::value(&pairs, word).unwrap_or_default();
        let gone = matches!(status, "hangup" | "caller-hung-up" | "canceled");
        let event = if gone { StepEvent::Hangup } else { StepEvent::Continue };
        let asked_by = format!(
            "{verb} action with {word} {status}, {}",
            self.as_recorded_for(n, action)
        );
        let mut asked = draft(self.course.recording.get(n).kind, action, asked_by, event);
        (asked.recorded, asked.carries, asked.gone) = (Some(n), Carries::Recorded, gone);
        Move::To(asked)
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

    /// Nobody said how it ends.
    pub(super) fn unsaid(&self, what: &str, name: &str, words: &[&str]) -> Move {
        let number = self.step.number;
        let first = words.first().copied().unwrap_or_default();
        stop(format!(
            "{what} of step {number} has an action, and the recording does not say how it ended: --answer '{name}={first}' (or {}) says it",
            words.join(", ")
        ))
    }

    /// A verb whose outcome nobody can tell from outside: as recorded, or not at all.
    pub(super) fn unrehearsed(&mut self, name: &str, action: Option<&Action>) -> Option<Move> {
        let number = self.step.number;
        let Some(action) = action else {
            self.notes.push(format!(
                "<{name}> of step {number} is not rehearsed: the next verb runs as if it were over"
            ));
            return None;
        };
        let Some(n) = self.recorded(action, |r| params::input(&r.request).is_none()) else {
            let why =
                format!("<{name}> of step {number} is not rehearsed, and the recording has no request to its action");
            return Some(stop_at(Ended::NotRehearsed, why));
        };
        self.course.heard();
        let asked_by = format!("{name} action, {RECORDED}");
        let mut asked = draft(self.course.recording.get(n).kind, action, asked_by, StepEvent::Continue);
        (asked.recorded, asked.carries) = (Some(n), Carries::Recorded);
        Some(Move::To(asked))
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

pub(super) fn has(recorded: &Recorded, name: &str) -> bool {
    params::value(&params::all(&recorded.request), name).is_some()
}

fn is_key(text: &str) -> bool {
    text.len() == 1 && text.chars().all(|c| c.is_ascii_digit() || "*#".contains(c))
}
