//! A Tropo answer as the list of its verbs, and where each event leads (spec/tropo.md 2.2).

use serde_json::Value;

use super::choices::Choices;

/// A document: verbs in order, handlers of events.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Document {
    pub(super) verbs: Vec<Verb>,
    pub(super) on: Vec<On>,
}

/// `on`: an event and the URL that hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct On {
    pub(super) event: String,
    pub(super) next: Option<String>,
}

/// A verb, as far as it decides what comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verb {
    Ask {
        name: String,
        choices: Choices,
        /// Without an answer the document goes on.
        optional: bool,
    },
    Record {
        name: String,
    },
    /// `transfer` or `call`: somebody else answers, or not.
    Connects {
        verb: &'static str,
        name: String,
    },
    Hangup,
    /// `reject` and `redirect`: the call is not this app's any more.
    Leaves(&'static str),
    /// Nobody can tell from outside how it ends.
    Unrehearsed(&'static str),
    Passes,
}

impl Document {
    /// Where an event leads; none without a handler.
    pub(super) fn on(&self, event: &str) -> Option<&On> {
        self.on.iter().find(|on| on.event == event)
    }

    /// The names of what yields an action.
    pub(super) fn names(&self) -> Vec<&str> {
        let name = |verb: &'_ Verb| match verb {
            Verb::Ask { .. } | Verb::Record { .. } | Verb::Connects { .. } => true,
            Verb::Hangup | Verb::Leaves(_) | Verb::Unrehearsed(_) | Verb::Passes => false,
        };
        self.verbs.iter().filter(|verb| name(verb)).map(Verb::name).collect()
    }
}

impl Verb {
    fn name(&self) -> &str {
        match self {
            Self::Ask { name, .. } | Self::Record { name } | Self::Connects { name, .. } => name,
            _ => "",
        }
    }
}

/// Reads an answer; none where it is not a document.
pub(super) fn read(body: &[u8]) -> Option<Document> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let mut document = Document::default();
    for item in json["tropo"].as_array()? {
        for (verb, body) in item.as_object()? {
            if verb == "on" {
                document.on.extend(each(body).filter_map(on));
            } else {
                document.verbs.extend(each(body).map(|body| self::verb(verb, body)));
            }
        }
    }
    Some(document)
}

/// A body is one object or a list of them; `null` is one as well.
fn each(body: &Value) -> impl Iterator<Item = &Value> {
    match body {
        Value::Array(all) => all.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn on(body: &Value) -> Option<On> {
    Some(On {
        event: body["event"].as_str()?.to_owned(),
        next: body["next"].as_str().map(str::to_owned),
    })
}

fn verb(verb: &str, body: &Value) -> Verb {
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    match verb {
        "ask" => Verb::Ask {
            choices: Choices::read(choices(&body["choices"])),
            optional: body["required"] == Value::Bool(false),
            name,
        },
        "record" => Verb::Record { name },
        "transfer" => Verb::Connects { verb: "transfer", name },
        "call" => Verb::Connects { verb: "call", name },
        "hangup" => Verb::Hangup,
        "reject" => Verb::Leaves("reject"),
        "redirect" => Verb::Leaves("redirect"),
        "conference" => Verb::Unrehearsed("conference"),
        _ => Verb::Passes,
    }
}

fn choices(choices: &Value) -> &str {
    choices
        .as_str()
        .or_else(|| choices["value"].as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_both_read() {
        let document = read(
            br#"{"tropo":[{"ask":{"name":"size","choices":{"value":"s,l"}}},{"say":[{"value":"a"}]},{"hangup":null},
                {"on":[{"event":"continue","next":"/n"},{"event":"hangup"}]},{"on":{"event":"exit","next":"/x"}},{"record":{"name":"r"}},
                {"transfer":{"to":"+1"}},{"conference":{"id":"1"}},{"on":{"next":"/lost"}}]}"#,
        )
        .unwrap();
        assert_eq!(document.on.len(), 3);
        assert_eq!(document.on("hangup").unwrap().next, None);
        assert_eq!(document.on("exit").unwrap().next.as_deref(), Some("/x"));
        assert_eq!(document.names(), ["size", "r", ""]);
        assert!(document.verbs.contains(&Verb::Hangup) && document.verbs.contains(&Verb::Unrehearsed("conference")));
    }

    #[test]
    fn what_is_no_document_is_none() {
        for bad in ["", "{}", r#"{"tropo":{}}"#, r#"{"tropo":["say"]}"#, "<html>"] {
            assert_eq!(read(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(read(br#"{"tropo":[]}"#), Some(Document::default()));
    }
}
