//! What Twilio tells beside the call's way (`statusCallback` and its kin), made up where the recording does not hold it.
//!
//! The parameters are those that the pages of the verbs name (www.twilio.com/docs/voice/twiml: record, dial, number, client,
//! conference) and that recorded ones have. What a verb's action was told is told here too; what nobody knows is evident: SIDs that
//! only count, the time at which the rehearsal began. How often and in which order callbacks of several verbs arrive is not rehearsed:
//! they follow each other when the call is over. A callback with other parameters is a variant of [`News`] and an arm in
//! [`Rehearsal::told`].

use super::Carries;
use super::asides::{Conference, Leg, News, Recording};
use super::course::Rehearsal;
use super::params::{Pairs, pairs, value};
use crate::model::RequestKind;

/// Seconds of a conversation that nobody had.
pub(super) const TALKED: &str = "10";
/// Seconds in a queue that nobody waited.
pub(super) const WAITED: &str = "10";
/// Seconds of a recording that nobody made.
pub(super) const SPOKEN: &str = "5";
/// A call is in one conference at a time, and in one that nobody holds.
const CONFERENCE: &str = "CF00000000000000000000000000000000";

/// One request that tells of something.
#[derive(Debug)]
pub(super) struct Told {
    /// `completed`, `participant-join`.
    pub(super) event: String,
    pub(super) kind: RequestKind,
    pub(super) carries: Carries,
}

/// A recording by its parameters.
struct Recorded {
    sid: String,
    url: String,
    seconds: String,
}

impl Rehearsal<'_> {
    /// A SID that is evidently nobody's: it only counts.
    pub(super) fn made_up(&mut self, prefix: &str) -> String {
        let n = self.made_up;
        self.made_up += 1;
        format!("{prefix}{n:032}")
    }

    /// The URL of a recording; without an ending, as Twilio gives it.
    pub(super) fn recording_url(&self, sid: &str) -> String {
        let account = self.carried("AccountSid").unwrap_or_default();
        format!("https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{sid}")
    }

    /// What is told of a verb whose action has the parameters `outcome`; none where that is not known.
    pub(super) fn told(&mut self, news: &News, outcome: &Pairs) -> Option<Vec<Told>> {
        match news {
            News::Recording(recording) => Some(self.recording_told(recording, outcome)),
            News::Transcription => Some(self.transcription_told(outcome)),
            News::Leg(leg) => Some(self.leg_told(leg, outcome)),
            News::Conference(conference) => self.conference_told(conference),
            News::Screened(leg) => Some(self.screened(leg, outcome)),
            News::Dequeued => Some(self.dequeued(outcome)),
            News::Nothing(_) | News::Unknown | News::Document => None,
        }
    }

    fn recording_told(&mut self, recording: &Recording, outcome: &Pairs) -> Vec<Told> {
        if recording.from_answer && !answered(outcome) {
            return Vec::new();
        }
        // The caller of a Record said nothing: there is no action, so nothing is known of it.
        let absent = recording.source == "RecordVerb" && outcome.is_empty();
        let made = self.recording_of(outcome);
        let status = if absent { "absent" } else { "completed" };
        let events = ["in-progress", status].into_iter();
        let asked = events.filter(|event| recording.events.iter().any(|e| e == event));
        asked
            .map(|event| {
                let mut all = self.account();
                // That of a conference belongs to no call.
                let whose = match recording.source {
                    "Conference" => ("ConferenceSid", CONFERENCE),
                    _ => ("CallSid", self.carried("CallSid").unwrap_or_default()),
                };
                let completed = event == "completed";
                all.extend(pairs(&[
                    whose,
                    ("RecordingSid", &made.sid),
                    ("RecordingUrl", &made.url),
                    ("RecordingStatus", event),
                    ("RecordingDuration", if completed { &made.seconds } else { "0" }),
                    ("RecordingChannels", recording.channels),
                    ("RecordingSource", recording.source),
                    ("RecordingTrack", "both"),
                    ("RecordingStartTime", &self.time()),
                    // Too short: nobody spoke.
                    ("ErrorCode", if event == "absent" { "16101" } else { "0" }),
                ]));
                told(event, RequestKind::RecordingStatus, all)
            })
            .collect()
    }

    /// Nothing where nothing was recorded. It has all that the call's own requests have.
    fn transcription_told(&mut self, outcome: &Pairs) -> Vec<Told> {
        if outcome.is_empty() {
            return Vec::new();
        }
        let made = self.recording_of(outcome);
        let sid = self.made_up("TR");
        let url = format!("{}/Transcriptions/{sid}", self.recording_url(&made.sid));
        let carries = Carries::Params(pairs(&[
            ("CallStatus", "completed"),
            ("TranscriptionSid", &sid),
            ("TranscriptionText", "(made up: nobody spoke)"),
            ("TranscriptionStatus", "completed"),
            ("TranscriptionUrl", &url),
            ("RecordingSid", &made.sid),
            ("RecordingUrl", &made.url),
        ]));
        let event = "completed".to_owned();
        vec![Told {
            event,
            kind: RequestKind::RecordingStatus,
            carries,
        }]
    }

    /// What the leg that answered hears; nothing where none did.
    fn screened(&self, leg: &Leg, outcome: &Pairs) -> Vec<Told> {
        let hears = leg.place == 0 && answered(outcome);
        let sid = value(outcome, "DialCallSid").unwrap_or_default();
        let all = hears.then(|| told("answered", RequestKind::Voice, self.leg(leg, sid, "in-progress")));
        all.into_iter().collect()
    }

    /// What the one who waited hears: another call, of which nothing is known but that this one takes it.
    fn dequeued(&mut self, outcome: &Pairs) -> Vec<Told> {
        if !answered(outcome) {
            return Vec::new();
        }
        let other = value(outcome, "DialCallSid").unwrap_or_default();
        let queue = self.made_up("QU");
        let mut all = self.account();
        all.extend(pairs(&[
            ("CallSid", other),
            ("CallStatus", "in-progress"),
            ("Direction", "inbound"),
            ("QueueSid", &queue),
            ("QueueTime", WAITED),
            ("DequeingCallSid", self.carried("CallSid").unwrap_or_default()),
        ]));
        vec![told("dequeued", RequestKind::Voice, all)]
    }

    fn leg_told(&mut self, leg: &Leg, outcome: &Pairs) -> Vec<Told> {
        let ended = value(outcome, "DialCallStatus").filter(|_| !answered(outcome));
        let ended = ended.unwrap_or("completed");
        let first = value(outcome, "DialCallSid").filter(|_| leg.place == 0);
        let sid = first.map_or_else(|| self.made_up("CA"), str::to_owned);
        // Who answers first is connected, and the others are given up.
        let ended = match (ended, leg.place) {
            ("completed", 1..) => "canceled",
            (ended, _) => ended,
        };
        let rang = ended != "failed" && ended != "busy";
        let steps = [
            ("initiated", "initiated", true),
            ("ringing", "ringing", rang),
            ("answered", "in-progress", ended == "completed"),
            ("completed", ended, true),
        ];
        let asked = |event: &str| leg.events.iter().any(|e| e == event);
        let steps = steps.iter().filter(|(event, _, came)| *came && asked(event));
        steps
            .enumerate()
            .map(|(n, (event, status, _))| {
                let mut all = self.leg(leg, &sid, status);
                all.extend(pairs(&[
                    ("Timestamp", &self.time()),
                    ("CallbackSource", "call-progress-events"),
                    ("SequenceNumber", &n.to_string()),
                ]));
                if *event == "completed" {
                    let talked = value(outcome, "DialCallDuration").unwrap_or(TALKED);
                    let seconds = if ended == "completed" { talked } else { "0" };
                    let minutes = seconds.parse::<u32>().unwrap_or_default().div_ceil(60);
                    all.extend(pairs(&[("CallDuration", seconds), ("Duration", &minutes.to_string())]));
                    let recorded = ["RecordingUrl", "RecordingSid", "RecordingDuration"];
                    let known = outcome.iter().filter(|(n, _)| recorded.contains(&n.as_str()));
                    all.extend(known.cloned());
                }
                told(event, RequestKind::StatusCallback, all)
            })
            .collect()
    }

    /// What every request of a leg has; where its number is from is not known.
    fn leg(&self, leg: &Leg, sid: &str, status: &str) -> Pairs {
        let from = leg.from.as_deref().or(self.carried("From")).unwrap_or_default();
        let mut all = self.account();
        all.extend(pairs(&[
            ("CallSid", sid),
            ("ParentCallSid", self.carried("CallSid").unwrap_or_default()),
            ("CallStatus", status),
            ("Direction", "outbound-dial"),
            ("From", from),
            ("To", &leg.to),
            ("Caller", from),
            ("Called", &leg.to),
        ]));
        all
    }

    /// The caller comes, somebody else is there, the caller goes, and with that it is over. None where only other things were asked
    /// for: nobody mutes, holds or announces anything.
    fn conference_told(&self, conference: &Conference) -> Option<Vec<Told>> {
        let steps = [
            ("join", "participant-join"),
            ("start", "conference-start"),
            ("leave", "participant-leave"),
            ("end", "conference-end"),
        ];
        let asked = |event: &str| conference.events.iter().any(|e| e == event);
        let all: Vec<Told> = steps
            .iter()
            .filter(|(event, _)| asked(event))
            .enumerate()
            .map(|(n, (event, name))| {
                let mut all = self.account();
                all.extend(pairs(&[
                    ("ConferenceSid", CONFERENCE),
                    ("FriendlyName", &conference.name),
                    ("SequenceNumber", &(n + 1).to_string()),
                    ("Timestamp", &self.time()),
                    ("StatusCallbackEvent", name),
                ]));
                all.extend(self.of_event(conference, event));
                told(name, RequestKind::StatusCallback, all)
            })
            .collect();
        (!all.is_empty()).then_some(all)
    }

    /// What only some events of a conference have.
    fn of_event(&self, conference: &Conference, event: &str) -> Pairs {
        let call = self.carried("CallSid").unwrap_or_default();
        let yes = |is: bool| if is { "true" } else { "false" };
        let labelled = |name: &str| {
            let label = conference.label.iter();
            label.flat_map(|label| pairs(&[(name, label)])).collect::<Pairs>()
        };
        if event == "end" {
            let why = if conference.ends {
                "participant-with-end-conference-on-exit-left"
            } else {
                "last-participant-left"
            };
            let all = pairs(&[("CallSidEndingConference", call), ("ReasonConferenceEnded", why)]);
            return [all, labelled("ParticipantLabelEndingConference")].concat();
        }
        if event == "start" {
            return Pairs::new();
        }
        let mut all = pairs(&[
            ("CallSid", call),
            ("Muted", yes(conference.muted)),
            ("Hold", yes(false)),
            ("Coaching", yes(false)),
            ("EndConferenceOnExit", yes(conference.ends)),
            ("StartConferenceOnEnter", yes(conference.starts)),
        ]);
        all.extend(labelled("ParticipantLabel"));
        if event == "leave" {
            all.extend(pairs(&[
                ("ParticipantCallStatus", "in-progress"),
                ("ReasonParticipantLeft", "participant_hung_up"),
            ]));
        }
        all
    }

    /// The recording that an action was told of, else one that nobody made.
    fn recording_of(&mut self, outcome: &Pairs) -> Recorded {
        let known = |name: &str| value(outcome, name).filter(|v| !v.is_empty()).map(str::to_owned);
        let url = known("RecordingUrl");
        let in_url = url.as_deref().and_then(|url| url.rsplit('/').next());
        let in_url = in_url.filter(|last| last.starts_with("RE")).map(str::to_owned);
        let sid = known("RecordingSid").or(in_url).unwrap_or_else(|| self.made_up("RE"));
        Recorded {
            url: url.unwrap_or_else(|| self.recording_url(&sid)),
            sid,
            seconds: known("RecordingDuration").unwrap_or_else(|| SPOKEN.to_owned()),
        }
    }

    fn account(&self) -> Pairs {
        let of_account = ["AccountSid", "ApiVersion"];
        let all = self.carried.iter().filter(|(n, _)| of_account.contains(&n.as_str()));
        all.cloned().collect()
    }

    /// When the rehearsal began, as Twilio writes it.
    fn time(&self) -> String {
        self.began.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }
}

/// Somebody took the call; `answered` is what a Dial of a conference or a queue says.
fn answered(outcome: &Pairs) -> bool {
    matches!(value(outcome, "DialCallStatus"), None | Some("completed" | "answered"))
}

fn told(event: &str, kind: RequestKind, pairs: Pairs) -> Told {
    Told {
        event: event.to_owned(),
        kind,
        carries: Carries::Alone(pairs),
    }
}
