//! A TwiML answer as the list of its verbs, with what decides where the call goes on.
//!
//! Nothing is judged here: an answer is walked only after it passed. Names that are no verb are kept, because Twilio goes on behind
//! them.

use roxmltree::{Document, Node, ParsingOptions};

/// Twilio refuses longer answers (11750).
const LONGEST: usize = 64 * 1024;
/// TwiML nests four deep.
const DEEPEST: usize = 64;

/// A verb of a document, and the requests that it makes beside the call's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) verb: Verb,
    pub(super) asides: Vec<Aside>,
}

/// A request that a verb makes while it runs, or that tells of it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aside {
    /// `<Dial><Number statusCallback>`.
    pub(super) what: String,
    /// As written.
    pub(super) to: String,
    /// It only tells; else its answer is run for somebody.
    pub(super) tells: bool,
}

/// Attributes with a URL that is told of something.
const TELLS: [&str; 6] = [
    "statusCallback",
    "recordingStatusCallback",
    "transcribeCallback",
    "partialResultCallback",
    "amdStatusCallback",
    "statusCallbackUrl",
];
/// Attributes with the URL of a document.
const RUNS: [&str; 2] = ["waitUrl", "referUrl"];
/// Elements whose `url` is that of a document.
const WITH_URL: [&str; 4] = ["Number", "Sip", "Client", "Queue"];

/// A verb, as far as it decides what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Gather(Gather),
    Record {
        action: Action,
        finish: String,
    },
    /// Its action; none: the next verb.
    Dial(Option<Action>),
    Redirect(Action),
    Hangup,
    Reject,
    /// Runs until the caller hangs up.
    Echo,
    /// Speaks, plays, waits, starts or stops something; then the next verb.
    Passes,
    /// What it does cannot be told from here; its action, if it has one.
    Unrehearsed {
        name: String,
        action: Option<Action>,
    },
    /// Not a verb of calls; the platform goes on behind it.
    Unknown,
}

/// Where a verb sends the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Action {
    /// As written; empty is the document's own URL.
    pub(super) to: String,
    pub(super) get: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gather {
    pub(super) action: Action,
    /// `actionOnEmptyResult`.
    pub(super) on_empty: bool,
    pub(super) takes_digits: bool,
    pub(super) takes_speech: bool,
    /// `numDigits`.
    pub(super) most: Option<usize>,
    /// `finishOnKey`; empty: none.
    pub(super) finish: String,
}

impl Action {
    pub(super) fn method(&self) -> &'static str {
        if self.get { "GET" } else { "POST" }
    }
}

/// The verbs of a document; none where it is not one.
pub(super) fn read(body: &[u8]) -> Option<Vec<Element>> {
    let text = std::str::from_utf8(body).ok()?.trim_start();
    if text.len() > LONGEST || !is_shallow(text) {
        return None;
    }
    let options = ParsingOptions {
        nodes_limit: 20_000,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    let verbs = root.children().filter(Node::is_element).map(element).collect();
    (root.tag_name().name() == "Response").then_some(verbs)
}

fn element(node: Node<'_, '_>) -> Element {
    Element {
        verb: verb(node),
        asides: node
            .descendants()
            .filter(Node::is_element)
            .flat_map(|n| asides(node, n))
            .collect(),
    }
}

/// What an element in a verb, or the verb itself, asks for beside.
fn asides(verb: Node<'_, '_>, node: Node<'_, '_>) -> Vec<Aside> {
    let name = node.tag_name().name();
    let inside = if node == verb {
        String::new()
    } else {
        format!("<{}>", verb.tag_name().name())
    };
    let aside = |attribute: &str, to: &str| {
        let tells = TELLS.contains(&attribute);
        let runs = RUNS.contains(&attribute) || attribute == "url" && WITH_URL.contains(&name);
        let what = format!("{inside}<{name} {attribute}>");
        let to = to.trim().to_owned();
        ((tells || runs) && !to.is_empty()).then_some(Aside { what, to, tells })
    };
    node.attributes().filter_map(|a| aside(a.name(), a.value())).collect()
}

fn verb(node: Node<'_, '_>) -> Verb {
    let action = || node.attribute("action").map(|to| action(node, to));
    match node.tag_name().name() {
        "Gather" => Verb::Gather(gather(node)),
        "Record" => Verb::Record {
            action: action().unwrap_or_else(|| self::action(node, "")),
            finish: node.attribute("finishOnKey").unwrap_or("1234567890*#").to_owned(),
        },
        "Dial" => Verb::Dial(action()),
        "Redirect" => Verb::Redirect(self::action(node, &text(node))),
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject,
        "Echo" => Verb::Echo,
        "Say" | "Play" | "Pause" | "Start" | "Stop" | "Message" => Verb::Passes,
        name @ ("Sms" | "Enqueue" | "Leave" | "Pay" | "Connect" | "Prompt" | "Queue" | "Refer") => Verb::Unrehearsed {
            name: name.to_owned(),
            action: action(),
        },
        _ => Verb::Unknown,
    }
}

fn action(node: Node<'_, '_>, to: &str) -> Action {
    Action {
        to: to.trim().to_owned(),
        get: node
            .attribute("method")
            .is_some_and(|m| m.trim().eq_ignore_ascii_case("GET")),
    }
}

fn gather(node: Node<'_, '_>) -> Gather {
    let input = node.attribute("input").unwrap_or("dtmf").to_ascii_lowercase();
    let takes = |what: &str| input.split_whitespace().any(|word| word == what);
    Gather {
        action: action(node, node.attribute("action").unwrap_or_default()),
        on_empty: node
            .attribute("actionOnEmptyResult")
            .is_some_and(|v| v.trim().eq_ignore_ascii_case("true")),
        takes_digits: takes("dtmf") || !takes("speech"),
        takes_speech: takes("speech"),
        most: node.attribute("numDigits").and_then(|n| n.trim().parse().ok()),
        finish: node.attribute("finishOnKey").unwrap_or("#").to_owned(),
    }
}

/// All text of an element, comments and CDATA marks aside.
fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|n| n.text())
        .collect()
}

/// False where tags nest deeper than any TwiML, told without understanding them.
fn is_shallow(text: &str) -> bool {
    let mut depth = 0usize;
    for (at, _) in text.match_indices('<') {
        let rest = &text.as_bytes()[at + 1..];
        match rest.first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') => {}
            _ => {
                let end = memchr::memchr2(b'<', b'>', rest).unwrap_or(rest.len());
                depth += usize::from(!rest[..end].ends_with(b"/"));
            }
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(xml: &str) -> Verb {
        let mut verbs = read(format!("<Response>{xml}</Response>").as_bytes()).unwrap();
        assert_eq!(verbs.len(), 1, "{xml}");
        verbs.remove(0).verb
    }

    fn to(to: &str, get: bool) -> Action {
        Action { to: to.to_owned(), get }
    }

    #[test]
    fn verbs_are_told_with_where_they_lead() {
        for (xml, verb) in [
            ("<Say>a</Say>", Verb::Passes),
            ("<Hangup/>", Verb::Hangup),
            ("<Reject/>", Verb::Reject),
            ("<Dial>+1</Dial>", Verb::Dial(None)),
            ("<Dial action='/d' method='get'/>", Verb::Dial(Some(to("/d", true)))),
            (
                "<Redirect method='PUT'> /r?a=1&amp;b=2\n</Redirect>",
                Verb::Redirect(to("/r?a=1&b=2", false)),
            ),
            (
                "<Redirect><!-- x --><![CDATA[/r&b]]></Redirect>",
                Verb::Redirect(to("/r&b", false)),
            ),
            ("<Redirect/>", Verb::Redirect(to("", false))),
            ("<say/>", Verb::Unknown),
            (
                "<Pay/>",
                Verb::Unrehearsed {
                    name: "Pay".to_owned(),
                    action: None,
                },
            ),
        ] {
            assert_eq!(only(xml), verb, "{xml}");
        }
    }

    #[test]
    fn a_gather_says_what_it_takes() {
        let Verb::Gather(plain) = only("<Gather/>") else {
            panic!()
        };
        assert!(plain.takes_digits && !plain.takes_speech && !plain.on_empty);
        assert_eq!(
            (plain.most, plain.finish.as_str(), plain.action),
            (None, "#", to("", false))
        );
        let Verb::Gather(full) = only(
            "<Gather input='speech dtmf' action='m' method='GET' numDigits='3' finishOnKey='' actionOnEmptyResult='true'><Say/></Gather>",
        ) else {
            panic!()
        };
        assert!(full.takes_digits && full.takes_speech && full.on_empty);
        assert_eq!(
            (full.most, full.finish.as_str(), full.action),
            (Some(3), "", to("m", true))
        );
    }

    #[test]
    fn requests_beside_the_way_are_told() {
        let all = read(
            b"<Response><Record action='/r' transcribeCallback='/t' recordingStatusCallback=''/>\
              <Dial><Number url='/whisper' statusCallback='/s'>+1</Number><Conference waitUrl='/w'>a</Conference></Dial><Play url='/p'/></Response>",
        )
        .unwrap();
        let told: Vec<(&str, &str, bool)> = all
            .iter()
            .flat_map(|e| &e.asides)
            .map(|a| (a.what.as_str(), a.to.as_str(), a.tells))
            .collect();
        assert_eq!(
            told,
            [
                ("<Record transcribeCallback>", "/t", true),
                ("<Dial><Number url>", "/whisper", false),
                ("<Dial><Number statusCallback>", "/s", true),
                ("<Dial><Conference waitUrl>", "/w", false),
            ]
        );
    }

    #[test]
    fn what_is_no_twiml_has_no_verbs() {
        let deep = format!("<Response>{}{}</Response>", "<a>".repeat(1000), "</a>".repeat(1000));
        for bad in ["", "OK", "<Response>", "<html/>", "\u{0}", &deep] {
            assert_eq!(read(bad.as_bytes()), None);
        }
        assert_eq!(read(b"<Response/>"), Some(vec![]));
    }
}
