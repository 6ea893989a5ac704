//! A TwiML answer as the list of its verbs, with what decides where the call goes on.
//!
//! Nothing is judged here: an answer is walked only after it passed. Names that are no verb are kept, because Twilio goes on behind
//! them.

use roxmltree::{Document, Node, ParsingOptions};

use super::asides::{Aside, asides, records};

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

/// A verb, as far as it decides what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Gather(Gather),
    Record {
        action: Action,
        finish: String,
    },
    Dial {
        /// None: the next verb.
        action: Option<Action>,
        /// What was said is recorded.
        records: bool,
    },
    Redirect(Action),
    Hangup,
    Reject,
    /// Runs until the caller hangs up.
    Echo,
    /// Speaks, plays, waits, starts or stops something; then the next verb.
    Passes,
    Enqueue(Enqueue),
    /// Leaves the queue in which the call waits.
    Leave,
    Connect {
        /// What the call is connected to.
        noun: String,
        action: Option<Action>,
    },
    Pay(Pay),
    /// None: the next verb.
    Refer(Option<Action>),
    /// What it does cannot be told from here; its action, if it has one.
    Unrehearsed {
        name: String,
        action: Option<Action>,
    },
    /// A part of a verb that stands by itself.
    Astray(&'static str),
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

/// A queue to wait in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enqueue {
    /// None: the next verb.
    pub(super) action: Option<Action>,
    /// What is heard meanwhile; none: Twilio's music.
    pub(super) wait: Option<Action>,
    /// `maxQueueSize`.
    pub(super) most: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pay {
    pub(super) action: Action,
    /// `paymentMethod`.
    pub(super) method: String,
    /// `bankAccountType`.
    pub(super) account: String,
    /// Money is taken; else a token is.
    pub(super) charges: bool,
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

/// True where an attribute has this value, whatever its case.
pub(super) fn is(node: Node<'_, '_>, attribute: &str, value: &str) -> bool {
    node.attribute(attribute)
        .is_some_and(|v| v.trim().eq_ignore_ascii_case(value))
}

fn verb(node: Node<'_, '_>) -> Verb {
    let action = || node.attribute("action").map(|to| action(node, to));
    match node.tag_name().name() {
        "Gather" => Verb::Gather(gather(node)),
        "Record" => Verb::Record {
            action: action().unwrap_or_else(|| self::action(node, "")),
            finish: node.attribute("finishOnKey").unwrap_or("1234567890*#").to_owned(),
        },
        "Dial" => Verb::Dial {
            action: action(),
            records: records(node),
        },
        "Redirect" => Verb::Redirect(self::action(node, &text(node))),
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject,
        "Echo" => Verb::Echo,
        "Say" | "Play" | "Pause" | "Start" | "Stop" | "Message" => Verb::Passes,
        "Enqueue" => Verb::Enqueue(Enqueue {
            action: action(),
            wait: node
                .attribute("waitUrl")
                .map(|to| self::action(node, to))
                .map(|to| Action {
                    get: is(node, "waitUrlMethod", "get"),
                    ..to
                }),
            most: node.attribute("maxQueueSize").unwrap_or("100").trim().to_owned(),
        }),
        "Leave" => Verb::Leave,
        "Connect" => Verb::Connect {
            noun: node
                .first_element_child()
                .map_or("", |n| n.tag_name().name())
                .to_owned(),
            action: action(),
        },
        "Pay" => Verb::Pay(pay(node)),
        "Refer" => Verb::Refer(action()),
        "Prompt" => Verb::Astray("Prompt"),
        name @ ("Sms" | "Queue") => Verb::Unrehearsed {
            name: name.to_owned(),
            action: action(),
        },
        _ => Verb::Unknown,
    }
}

fn action(node: Node<'_, '_>, to: &str) -> Action {
    Action {
        to: to.trim().to_owned(),
        get: is(node, "method", "get"),
    }
}

fn gather(node: Node<'_, '_>) -> Gather {
    let input = node.attribute("input").unwrap_or("dtmf").to_ascii_lowercase();
    let takes = |what: &str| input.split_whitespace().any(|word| word == what);
    Gather {
        action: action(node, node.attribute("action").unwrap_or_default()),
        on_empty: is(node, "actionOnEmptyResult", "true"),
        takes_digits: takes("dtmf") || !takes("speech"),
        takes_speech: takes("speech"),
        most: node.attribute("numDigits").and_then(|n| n.trim().parse().ok()),
        finish: node.attribute("finishOnKey").unwrap_or("#").to_owned(),
    }
}

fn pay(node: Node<'_, '_>) -> Pay {
    let text = |name: &str, default: &str| node.attribute(name).unwrap_or(default).trim().to_owned();
    Pay {
        // Only POST.
        action: Action {
            to: text("action", ""),
            get: false,
        },
        method: text("paymentMethod", "credit-card"),
        account: text("bankAccountType", "consumer-checking"),
        charges: text("chargeAmount", "").contains(|c: char| ('1'..='9').contains(&c)),
    }
}

/// All text of an element, comments and CDATA marks aside.
pub(super) fn text(node: Node<'_, '_>) -> String {
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

    fn dial(action: Option<Action>, records: bool) -> Verb {
        Verb::Dial { action, records }
    }

    #[test]
    fn verbs_are_told_with_where_they_lead() {
        for (xml, verb) in [
            ("<Say>a</Say>", Verb::Passes),
            ("<Hangup/>", Verb::Hangup),
            ("<Reject/>", Verb::Reject),
            ("<Dial>+1</Dial>", dial(None, false)),
            (
                "<Dial action='/d' method='get' record='record-from-answer'/>",
                dial(Some(to("/d", true)), true),
            ),
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
                "<Sms/>",
                Verb::Unrehearsed {
                    name: "Sms".to_owned(),
                    action: None,
                },
            ),
            (
                "<Enqueue waitUrl='/w' waitUrlMethod='GET' method='POST' maxQueueSize='5'>q</Enqueue>",
                Verb::Enqueue(Enqueue {
                    action: None,
                    wait: Some(to("/w", true)),
                    most: "5".to_owned(),
                }),
            ),
            (
                "<Pay method='GET' chargeAmount='0.00'/>",
                Verb::Pay(Pay {
                    action: to("", false),
                    method: "credit-card".to_owned(),
                    account: "consumer-checking".to_owned(),
                    charges: false,
                }),
            ),
            (
                "<Connect action='/c'><!-- x --><Stream url='wss://s'/></Connect>",
                Verb::Connect {
                    noun: "Stream".to_owned(),
                    action: Some(to("/c", false)),
                },
            ),
            ("<Refer><Sip>sip:a</Sip></Refer>", Verb::Refer(None)),
            ("<Prompt for='x'/>", Verb::Astray("Prompt")),
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
    fn what_is_no_twiml_has_no_verbs() {
        let deep = format!("<Response>{}{}</Response>", "<a>".repeat(1000), "</a>".repeat(1000));
        for bad in ["", "OK", "<Response>", "<html/>", "\u{0}", &deep] {
            assert_eq!(read(bad.as_bytes()), None);
        }
        assert_eq!(read(b"<Response/>"), Some(vec![]));
    }
}
