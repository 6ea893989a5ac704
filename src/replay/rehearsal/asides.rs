//! What an answer asks for beside the call's way: callbacks with what they tell, and documents for somebody else.
//!
//! Nothing is decided here but what the attributes say; what is sent for them is made in `callbacks`. A callback that is to be made up is a
//! variant of [`News`].

use roxmltree::Node;

use super::twiml::{Action, is, text};

/// A request that a verb makes while it runs, or that tells of it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aside {
    /// `<Dial><Number statusCallback>`.
    pub(super) what: String,
    pub(super) to: Action,
    pub(super) news: News,
}

/// What a request beside the call's way tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Recording(Recording),
    Transcription,
    /// A leg that a Dial makes.
    Leg(Leg),
    Conference(Conference),
    /// It is asked what this leg hears before it is connected.
    Screened(Leg),
    /// It is asked what somebody in a queue hears before they are connected.
    Dequeued,
    /// It tells something, but nobody knows with what parameters, or what happens there is nobody's choice.
    Unknown,
    /// Nothing: the document does not ask for it, and this is why.
    Nothing(&'static str),
    /// It does not tell: its answer is run for somebody.
    Document,
}

/// A recording that is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recording {
    /// `RecordingSource`.
    pub(super) source: &'static str,
    /// `RecordingChannels`.
    pub(super) channels: &'static str,
    /// Only what is said after an answer is recorded.
    pub(super) from_answer: bool,
    pub(super) events: Vec<String>,
}

/// A leg that is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    /// Its place in the Dial.
    pub(super) place: usize,
    pub(super) to: String,
    /// The Dial's `callerId`.
    pub(super) from: Option<String>,
    pub(super) events: Vec<String>,
}

/// A conference that is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conference {
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) muted: bool,
    /// `startConferenceOnEnter`.
    pub(super) starts: bool,
    /// `endConferenceOnExit`.
    pub(super) ends: bool,
    pub(super) events: Vec<String>,
}

/// Attributes with a URL that is told of something, and those with its method.
const TELLS: [(&str, &str); 6] = [
    ("statusCallback", "statusCallbackMethod"),
    ("recordingStatusCallback", "recordingStatusCallbackMethod"),
    // Always a POST.
    ("transcribeCallback", ""),
    ("partialResultCallback", "partialResultCallbackMethod"),
    ("amdStatusCallback", "amdStatusCallbackMethod"),
    ("statusCallbackUrl", "statusCallbackMethod"),
];
/// Attributes with the URL of a document.
const RUNS: [(&str, &str); 2] = [("waitUrl", "waitUrlMethod"), ("referUrl", "referMethod")];
/// Elements whose `url` is that of a document.
const WITH_URL: [&str; 4] = ["Number", "Sip", "Client", "Queue"];
/// Elements of a Dial that make a leg.
const LEGS: [&str; 3] = ["Number", "Sip", "Client"];

/// What an element in a verb, or the verb itself, asks for beside.
pub(super) fn asides(verb: Node<'_, '_>, node: Node<'_, '_>) -> Vec<Aside> {
    let name = node.tag_name().name();
    let inside = if node == verb {
        String::new()
    } else {
        format!("<{}>", verb.tag_name().name())
    };
    let aside = |attribute: &str, to: &str| {
        let named = |all: &[(&'static str, &'static str)]| all.iter().find(|(a, _)| *a == attribute).map(|(_, m)| *m);
        let (method, news) = match (named(&TELLS), named(&RUNS)) {
            (Some(method), _) => (method, news(verb, node, attribute)),
            // It belongs to the way of the call.
            (None, Some(_)) if name == "Enqueue" => return None,
            (None, Some(method)) => (method, News::Document),
            _ if attribute == "url" && WITH_URL.contains(&name) => ("method", heard(verb, node)),
            _ => return None,
        };
        let to = to.trim().to_owned();
        let get = is(node, method, "get");
        let what = format!("{inside}<{name} {attribute}>");
        (!to.is_empty()).then_some(Aside {
            what,
            to: Action { to, get },
            news,
        })
    };
    node.attributes().filter_map(|a| aside(a.name(), a.value())).collect()
}

/// What a callback of an element would tell.
fn news(verb: Node<'_, '_>, node: Node<'_, '_>, attribute: &str) -> News {
    let in_dial = verb.tag_name().name() == "Dial";
    match (node.tag_name().name(), attribute) {
        ("Record", "transcribeCallback") if is(node, "transcribe", "true") => News::Transcription,
        ("Record", "transcribeCallback") => News::Nothing("transcribe is not `true`"),
        (name, "recordingStatusCallback") => recording(name, node),
        (name, "statusCallback") if in_dial && LEGS.contains(&name) => News::Leg(leg(verb, node)),
        ("Conference", "statusCallback") if in_dial => conference(node),
        _ => News::Unknown,
    }
}

/// What somebody else hears before they are connected.
fn heard(verb: Node<'_, '_>, node: Node<'_, '_>) -> News {
    match node.tag_name().name() {
        "Queue" if node != verb => News::Dequeued,
        name if LEGS.contains(&name) && verb.has_tag_name("Dial") => News::Screened(leg(verb, node)),
        _ => News::Document,
    }
}

fn recording(name: &str, node: Node<'_, '_>) -> News {
    let record = node.attribute("record").unwrap_or_default().trim();
    let dual = record.ends_with("-dual") || name == "Recording" && !is(node, "channels", "mono");
    let source = match name {
        "Record" => "RecordVerb",
        "Recording" => "StartCallRecordingTwiML",
        "Dial" => "DialVerb",
        "Conference" => "Conference",
        _ => return News::Unknown,
    };
    if matches!(name, "Dial" | "Conference") && matches!(record, "" | "do-not-record" | "false") {
        return News::Nothing("record is not set");
    }
    News::Recording(Recording {
        source,
        channels: if dual { "2" } else { "1" },
        from_answer: name == "Dial" && !record.contains("ringing"),
        events: events(node, "recordingStatusCallbackEvent", "completed"),
    })
}

fn leg(dial: Node<'_, '_>, node: Node<'_, '_>) -> Leg {
    let legs = |n: &Node<'_, '_>| n.is_element() && LEGS.contains(&n.tag_name().name());
    let to = match node.children().find(|n| n.has_tag_name("Identity")) {
        Some(identity) => text(identity),
        None => text(node),
    };
    let to = to.trim();
    Leg {
        place: dial.children().filter(legs).position(|n| n == node).unwrap_or_default(),
        to: if node.has_tag_name("Client") {
            format!("client:{to}")
        } else {
            to.to_owned()
        },
        from: dial.attribute("callerId").map(|from| from.trim().to_owned()),
        events: events(node, "statusCallbackEvent", "completed"),
    }
}

fn conference(node: Node<'_, '_>) -> News {
    let events = events(node, "statusCallbackEvent", "");
    if events.is_empty() {
        return News::Nothing("statusCallbackEvent names none");
    }
    News::Conference(Conference {
        name: text(node).trim().to_owned(),
        label: node.attribute("participantLabel").map(str::to_owned),
        muted: is(node, "muted", "true"),
        starts: !is(node, "startConferenceOnEnter", "false"),
        ends: is(node, "endConferenceOnExit", "true"),
        events,
    })
}

/// What a list of events names.
fn events(node: Node<'_, '_>, attribute: &str, default: &str) -> Vec<String> {
    let named = node.attribute(attribute).unwrap_or(default);
    named.split_whitespace().map(str::to_ascii_lowercase).collect()
}

/// True where a Dial has its conversation recorded.
pub(super) fn records(dial: Node<'_, '_>) -> bool {
    matches!(recording("Dial", dial), News::Recording(_))
}

#[cfg(test)]
mod tests {
    use super::super::twiml::read;
    use super::*;

    fn asides(xml: &str) -> Vec<Aside> {
        let all = read(format!("<Response>{xml}</Response>").as_bytes()).unwrap();
        all.into_iter().flat_map(|e| e.asides).collect()
    }

    #[test]
    fn requests_beside_the_way_are_told() {
        let all = asides(
            "<Record action='/r' transcribe='true' transcribeCallback='/t' recordingStatusCallback=''/>\
             <Dial><Number url='/whisper' method='get' statusCallback='/s' statusCallbackMethod='GET'>+1</Number>\
             <Conference waitUrl='/w'>a</Conference></Dial><Play url='/p'/>",
        );
        let told: Vec<(&str, &str, bool, bool)> = all
            .iter()
            .map(|a| (a.what.as_str(), a.to.to.as_str(), a.to.get, a.news == News::Document))
            .collect();
        assert_eq!(
            told,
            [
                ("<Record transcribeCallback>", "/t", false, false),
                ("<Dial><Number url>", "/whisper", true, false),
                ("<Dial><Number statusCallback>", "/s", true, false),
                ("<Dial><Conference waitUrl>", "/w", false, true),
            ]
        );
    }

    #[test]
    fn callbacks_say_what_they_tell() {
        let recording = |source, channels, from_answer, events: &[&str]| {
            News::Recording(Recording {
                source,
                channels,
                from_answer,
                events: events.iter().map(|e| (*e).to_owned()).collect(),
            })
        };
        for (xml, news) in [
            (
                "<Record recordingStatusCallback='/c' recordingStatusCallbackEvent='in-progress  Absent'/>",
                recording("RecordVerb", "1", false, &["in-progress", "absent"]),
            ),
            (
                "<Dial record='record-from-ringing-dual' recordingStatusCallback='/c'/>",
                recording("DialVerb", "2", false, &["completed"]),
            ),
            (
                "<Dial record='true' recordingStatusCallback='/c'/>",
                recording("DialVerb", "1", true, &["completed"]),
            ),
            (
                "<Start><Recording recordingStatusCallback='/c'/></Start>",
                recording("StartCallRecordingTwiML", "2", false, &["completed"]),
            ),
            (
                "<Dial recordingStatusCallback='/c'/>",
                News::Nothing("record is not set"),
            ),
            (
                "<Record transcribeCallback='/c'/>",
                News::Nothing("transcribe is not `true`"),
            ),
            (
                "<Dial><Conference statusCallback='/c'>a</Conference></Dial>",
                News::Nothing("statusCallbackEvent names none"),
            ),
            (
                "<Dial callerId=' +5 '><Number>+1</Number><Client statusCallback='/c'><Identity>joe</Identity><Parameter/></Client></Dial>",
                News::Leg(Leg {
                    place: 1,
                    to: "client:joe".to_owned(),
                    from: Some("+5".to_owned()),
                    events: vec!["completed".to_owned()],
                }),
            ),
            ("<Start><Stream statusCallback='/c'/></Start>", News::Unknown),
            ("<Pay statusCallback='/c'/>", News::Unknown),
        ] {
            assert_eq!(asides(xml)[0].news, news, "{xml}");
        }
    }
}
