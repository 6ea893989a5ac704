//! Elements, attributes and nesting: `filters/twiml.json`, read once and joined with the rules for values.
//!
//! The file comes from Twilio's own libraries: it is what they let one build, so that what it does not know is not certainly wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::named::Named;
use super::table::{Kind, Level, On, Required, Value, table};
use crate::judge::slip::letters;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    // As with the rules: a test holds that it parses.
    let file: File = serde_json::from_str(include_str!("../../../filters/twiml.json")).unwrap_or_default();
    Schema::new(file)
});

/// The built-in schema.
pub(super) fn schema() -> &'static Schema {
    &SCHEMA
}

/// Both schemas: of calls and of messages.
pub(super) struct Schema {
    elements: Named<Element>,
    /// What stands in `<Response>`.
    pub(super) voice: Children,
    pub(super) messaging: Children,
    /// Every name of an element, SSML apart, and where it may stand.
    pub(super) parents: Named<Vec<String>>,
    /// All voices, with the [`letters`] of their names: there are hundreds to be held against one that is unknown.
    pub(super) voices: Named<u32>,
}

/// Names, and the ids of the elements behind them: a `Sip` of a Dial is another than that of a Refer.
pub(super) type Children = Named<String>;

/// One element.
pub(super) struct Element {
    pub(super) tag: String,
    pub(super) ssml: bool,
    pub(super) text: bool,
    pub(super) retired: bool,
    pub(super) children: Children,
    pub(super) attributes: Named<Attribute>,
    /// The rules for its text, and for what it must have, in whatever parent.
    pub(super) texts: Vec<&'static Value>,
    pub(super) required: Vec<&'static Required>,
}

/// One attribute: what it may hold, by the place of its element.
pub(super) struct Attribute {
    pub(super) checks: Vec<Check>,
}

/// What an attribute may hold, and what a breach is.
pub(super) struct Check {
    /// Only in this element.
    pub(super) parent: Option<String>,
    pub(super) code: String,
    pub(super) level: Level,
    pub(super) certain: bool,
    pub(super) kind: Kind,
}

impl Attribute {
    /// The check for an element in that parent.
    pub(super) fn check(&self, parent: &str) -> Option<&Check> {
        let here = |c: &&Check| c.parent.as_deref() == Some(parent);
        let anywhere = |c: &&Check| c.parent.is_none();
        self.checks
            .iter()
            .find(here)
            .or_else(|| self.checks.iter().find(anywhere))
    }
}

impl Schema {
    fn new(file: File) -> Self {
        let children = |context: &str| file.documents.get(context).into_iter().flat_map(Names::children);
        // Known to Twilio's validator, not to its libraries: "One of '{Sms, Message, Redirect}' is expected".
        let sms = ("Sms".to_owned(), "voice.Sms".to_owned());
        let (voice, messaging) = (
            children("voice").collect(),
            children("messaging").chain([sms]).collect(),
        );
        let voices = file.enums.get("voice.SayVoice").into_iter().flatten();
        let voices = voices.map(|name| (name.clone(), letters(name))).collect();
        let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for raw in file.elements.values().filter(|raw| raw.context != "fax") {
            let known = parents.entry(raw.tag.clone()).or_default();
            known.extend(
                raw.parents
                    .iter()
                    .filter(|p| !known.contains(p))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            known.sort();
        }
        let elements = file
            .elements
            .into_iter()
            .map(|(id, raw)| (id, raw.element(&file.enums)))
            .collect();
        Self {
            elements,
            voice,
            messaging,
            parents: parents.into_iter().collect(),
            voices,
        }
    }

    /// The element of that id.
    pub(super) fn element(&self, id: &str) -> Option<&Element> {
        self.elements.get(id)
    }

    /// The elements that know an attribute of that name, SSML apart.
    pub(super) fn owners(&self, attribute: &str) -> Vec<&str> {
        let all = self
            .elements
            .iter()
            .filter(|(_, e)| !e.ssml && e.attributes.contains(attribute));
        let mut owners: Vec<&str> = all.map(|(_, e)| e.tag.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// All elements.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Element)> {
        self.elements.iter()
    }
}

/// Sets of values by name.
type Enums = HashMap<String, Vec<String>>;

#[derive(Default, Deserialize)]
struct File {
    documents: HashMap<String, Names>,
    elements: HashMap<String, RawElement>,
    enums: Enums,
}

#[derive(Deserialize)]
struct Names {
    children: Vec<String>,
    child_ids: Vec<String>,
}

impl Names {
    fn children(&self) -> impl Iterator<Item = (String, String)> {
        self.children.iter().cloned().zip(self.child_ids.iter().cloned())
    }
}

#[derive(Deserialize)]
struct RawElement {
    tag: String,
    context: String,
    kind: String,
    parents: Vec<String>,
    text: bool,
    #[serde(default)]
    retired: bool,
    attributes: HashMap<String, RawAttribute>,
    #[serde(flatten)]
    names: Names,
}

#[derive(Deserialize)]
struct RawAttribute {
    #[serde(rename = "type")]
    kind: String,
    server_type: Option<String>,
    server_enum: Option<Vec<String>>,
    list: Option<String>,
    #[serde(rename = "enum")]
    values: Option<Vec<String>>,
    enum_ref: Option<String>,
}

impl RawElement {
    fn element(self, enums: &Enums) -> Element {
        let mut attributes: BTreeMap<String, Attribute> = BTreeMap::new();
        for (name, raw) in &self.attributes {
            attributes.insert(
                name.clone(),
                Attribute {
                    checks: self.checks(name, raw.kind(enums)),
                },
            );
        }
        for value in table().value.iter().filter(|v| v.beyond) {
            for name in value.name.iter().filter(|_| self.is_one_of(&value.on)) {
                let checks = self.checks(name, Kind::Any);
                attributes.entry(name.clone()).or_insert(Attribute { checks });
            }
        }
        Element {
            texts: table().text.iter().filter(|rule| self.is_one_of(&rule.on)).collect(),
            required: table()
                .required
                .iter()
                .filter(|rule| self.is_one_of(&rule.on))
                .collect(),
            ssml: self.kind == "ssml",
            text: self.text,
            retired: self.retired,
            children: self.names.children().collect(),
            tag: self.tag,
            attributes: attributes.into_iter().collect(),
        }
    }

    fn is_one_of(&self, on: &[On]) -> bool {
        on.iter().any(|on| on.tag == self.tag)
    }

    /// The rules for an attribute, and the schema's own type where there are none.
    fn checks(&self, name: &str, own: Kind) -> Vec<Check> {
        let mut checks = Vec::new();
        for value in table().value.iter().filter(|v| v.name.iter().any(|n| n == name)) {
            for on in value.on.iter().filter(|on| on.tag == self.tag) {
                checks.push(Check {
                    parent: on.parent.clone(),
                    code: value.code.clone(),
                    level: value.level,
                    certain: value.certain,
                    kind: value.kind.filled(&own),
                });
            }
        }
        if checks.iter().all(|c| c.parent.is_some()) && !matches!(own, Kind::Any) {
            // A URL is refused when it is asked for. Of the rest only the libraries tell, and what the servers say is not documented.
            let url = matches!(own, Kind::Url { .. });
            checks.push(Check {
                parent: None,
                code: if url { "11100" } else { "12200" }.to_owned(),
                level: if url { Level::Error } else { Level::Warning },
                certain: url,
                kind: own,
            });
        }
        checks
    }
}

impl Kind {
    /// The same with the schema's set of values, where the rule gives none.
    fn filled(&self, own: &Self) -> Self {
        match (self, own) {
            (Self::OneOf { values, open }, Self::OneOf { values: known, .. } | Self::SomeOf { values: known })
                if values.is_empty() =>
            {
                Self::OneOf {
                    values: known.clone(),
                    open: *open,
                }
            }
            (Self::SomeOf { values }, Self::OneOf { values: known, .. } | Self::SomeOf { values: known })
                if values.is_empty() =>
            {
                Self::SomeOf { values: known.clone() }
            }
            (Self::Language { .. }, Self::Language { .. }) => own.clone(),
            _ => self.clone(),
        }
    }
}

impl RawAttribute {
    fn kind(&self, enums: &Enums) -> Kind {
        let named = self.enum_ref.as_deref().unwrap_or_default();
        let known = || enums.get(named).cloned().unwrap_or_default();
        if named.ends_with("Voice") {
            return Kind::Voice;
        }
        if named.ends_with("Language") || named.ends_with("XmlLang") {
            return Kind::Language { known: known() };
        }
        let values = self
            .values
            .clone()
            .or_else(|| self.server_enum.clone())
            .or_else(|| enums.get(named).cloned());
        match (self.kind.as_str(), self.server_type.as_deref(), values) {
            (_, Some("url"), _) => Kind::Url {
                schemes: Vec::new(),
                empty: true,
                no_query: false,
            },
            (_, _, Some(values)) if values == ["GET", "POST"] => Kind::Method,
            (_, _, Some(values)) if self.list.is_some() => Kind::SomeOf { values },
            (_, _, Some(values)) => Kind::OneOf { values, open: true },
            ("boolean", ..) => Kind::Boolean,
            ("integer", ..) if self.list.is_none() => Kind::Integer {
                min: None,
                max: None,
                or: Vec::new(),
            },
            _ => Kind::Any,
        }
    }
}
