//! The rules as data: `filters/twiml-rules.toml`, read once.
//!
//! A `[[value]]` judges an attribute, a `[[text]]` the text of an element, a `[[nesting]]` gives the code for a child at a wrong place, a
//! `[[required]]` names what an element is useless without, and a `[[rule]]` what the code of this folder finds by itself. Each carries its source, whether it is certain, and examples; the tests of
//! this folder run all of them, so that no rule can be wrong in silence.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use serde::Deserialize;

use crate::model::Severity;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A table that does not parse is a table without rules; a test holds that it parses.
    toml::from_str(include_str!("../../../filters/twiml-rules.toml")).unwrap_or_default()
});
static RULES: LazyLock<HashMap<&str, &Rule, RandomState>> =
    LazyLock::new(|| TABLE.rule.iter().map(|rule| (rule.id.as_str(), rule)).collect());

/// The built-in table.
pub(super) fn table() -> &'static Table {
    &TABLE
}

/// The rule of that id.
pub(super) fn rule(id: &str) -> Option<&'static Rule> {
    RULES.get(id).copied()
}

/// All rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) value: Vec<Value>,
    pub(super) text: Vec<Value>,
    pub(super) nesting: Vec<Nesting>,
    pub(super) required: Vec<Required>,
    pub(super) rule: Vec<Rule>,
}

/// How bad a breach is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    Error,
    #[default]
    Warning,
    Note,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Note => Self::Info,
        }
    }
}

/// What an attribute may hold, or the text of an element.
#[derive(Debug, Deserialize)]
pub(super) struct Value {
    pub(super) on: Vec<On>,
    /// The attributes; a `[[text]]` has none.
    #[serde(default)]
    pub(super) name: Vec<String>,
    pub(super) code: String,
    #[serde(default)]
    pub(super) level: Level,
    /// True where Twilio knows the attribute and its libraries do not.
    #[serde(default)]
    pub(super) beyond: bool,
    /// Children and attributes that make the text needless.
    #[serde(default)]
    pub(super) unless: Vec<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) source: String,
    pub(super) certain: bool,
    /// Values that are taken, and values that are found.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) good: Vec<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) bad: Vec<String>,
    #[serde(flatten)]
    pub(super) kind: Kind,
}

/// An element that a rule is for: `Stream`, or `Start/Stream` for one inside of a Start.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct On {
    pub(super) parent: Option<String>,
    pub(super) tag: String,
}

impl From<String> for On {
    fn from(written: String) -> Self {
        match written.rsplit_once('/') {
            Some((parent, tag)) => Self {
                parent: Some(parent.to_owned()),
                tag: tag.to_owned(),
            },
            None => Self {
                parent: None,
                tag: written,
            },
        }
    }
}

impl On {
    /// True for an element in that parent.
    pub(super) fn is(&self, tag: &str, parent: &str) -> bool {
        self.tag == tag && self.parent.as_deref().is_none_or(|p| p == parent)
    }
}

/// The code for a child that is known, but not taken here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nesting {
    pub(super) on: String,
    pub(super) code: String,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) source: String,
    pub(super) certain: bool,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) good: Vec<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) bad: Vec<String>,
}

/// What an element is useless without.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Required {
    pub(super) on: Vec<On>,
    /// One of these must be there and not be empty.
    pub(super) needs: Vec<Need>,
    pub(super) code: String,
    #[serde(default)]
    pub(super) level: Level,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) source: String,
    pub(super) certain: bool,
    /// What is said; `{tag}` is the element.
    pub(super) says: String,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) good: Vec<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) bad: Vec<String>,
}

/// A part of an element.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) enum Need {
    /// `@url`; its value, too.
    Attribute(String),
    /// `*`: whatever element.
    Child,
    /// `#text`.
    Text,
}

impl From<String> for Need {
    fn from(written: String) -> Self {
        match written.as_str() {
            "*" => Self::Child,
            "#text" => Self::Text,
            name => Self::Attribute(name.trim_start_matches('@').to_owned()),
        }
    }
}

/// Something that is found by code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    /// Empty where the platform has none.
    pub(super) code: String,
    /// Codes that the same fault may show up as.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) also: Vec<String>,
    pub(super) level: Level,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) source: String,
    pub(super) certain: bool,
    /// A number that the rule compares with: a length, a count.
    #[serde(default)]
    pub(super) limit: usize,
    /// Words that the rule compares with.
    #[serde(default)]
    pub(super) words: Vec<String>,
    /// What stands inside of `<Response>`: a document without the fault, and one with it.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) good: Vec<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) bad: Vec<String>,
    /// True where the examples answer a message.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) message: bool,
}

/// The kinds of values.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Whatever stands there.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number, or one of the words.
    Integer {
        min: Option<i64>,
        max: Option<i64>,
        #[serde(default)]
        or: Vec<String>,
    },
    /// One of a set; the set of the schema where none is given.
    OneOf {
        #[serde(default)]
        values: Vec<String>,
        /// True where a newer Twilio may know more.
        #[serde(default)]
        open: bool,
    },
    /// Some of a set with blanks between them.
    SomeOf {
        #[serde(default)]
        values: Vec<String>,
    },
    /// `GET` or `POST`.
    Method,
    /// Only these characters, so many.
    Chars {
        chars: String,
        #[serde(default)]
        min: usize,
        max: Option<usize>,
    },
    /// An amount of money: digits, and a point before more of them.
    Decimal,
    /// So many characters.
    Text {
        #[serde(default)]
        min: usize,
        max: Option<usize>,
        /// Characters that must not be there.
        #[serde(default)]
        without: String,
    },
    /// Where a request goes.
    Url {
        /// `http` and `https` where none are given.
        #[serde(default)]
        schemes: Vec<String>,
        /// True where nothing is fine, too.
        #[serde(default)]
        empty: bool,
        /// True where what follows a `?` is not taken.
        #[serde(default)]
        no_query: bool,
    },
    /// An id of Twilio: two letters, 32 hexadecimal digits.
    Sid { prefixes: Vec<String> },
    /// `500ms`, `3s`.
    Duration { max_ms: u32 },
    /// One of the words, or a number with one of the units.
    Amount {
        values: Vec<String>,
        units: Vec<String>,
        signed: bool,
    },
    /// Phrases between commas.
    Hints { entries: usize, chars: usize },
    /// Who speaks.
    Voice,
    /// `en-US`: of the schema's set, else at least a tag of that form.
    Language {
        #[serde(default)]
        known: Vec<String>,
    },
    /// A telephone number; with the words of `or` in front of a colon, other addresses (`client:ann`).
    Phone {
        #[serde(default)]
        or: Vec<String>,
    },
    /// Who sends a message: a telephone number, a short code, a name of letters, or another address (`whatsapp:…`).
    Sender,
    /// A SIP address.
    Sip,
    /// A JSON object.
    Json,
}
