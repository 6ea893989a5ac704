//! JSON as the documents need it: borrowed from the text, order and repeated names kept, nothing looked up by hashing.
//!
//! One pass over the text builds a [`Value`] whose strings point into it wherever they hold no escape. The lists that
//! pages wrap their items in stay raw ([`Value::Raw`]), so that each item keeps its place in the text. Depth is
//! limited by `serde_json` (128 levels): deeper text is an error, not an overflow.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
    /// The text of a list, or of an item of a list, that is read later.
    Raw(&'a str),
}

/// The members of an object in their order, repeated names kept.
pub(super) type Object<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

static NULL: Value<'static> = Value::Null;

impl<'a> Value<'a> {
    /// A member of an object; null when there is none. Of a repeated name the last one counts, as in `JSON.parse`.
    pub(super) fn get<'v>(&'v self, name: &str) -> &'v Value<'a> {
        match self {
            Self::Object(members) => member(members, name),
            _ => &NULL,
        }
    }

    /// The text of a scalar; none for null, lists and objects, and for text that holds nothing but blanks.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(t) if !t.trim().is_empty() => Some(Cow::Borrowed(t)),
            Self::Int(n) => Some(n.to_string().into()),
            Self::Float(n) => Some(n.to_string().into()),
            Self::Bool(b) => Some(b.to_string().into()),
            _ => None,
        }
    }

    /// The value as a form parameter would carry it: text as it is, null as nothing, lists and objects as JSON.
    pub(super) fn param(&self) -> String {
        match self {
            Self::Text(t) => t.as_ref().to_owned(),
            Self::Null => String::new(),
            Self::Raw(t) => (*t).to_owned(),
            Self::List(_) | Self::Object(_) => self.json(),
            _ => self.text().unwrap_or_default().into_owned(),
        }
    }

    /// A whole number, also when written as text.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Int(n) => u64::try_from(*n).ok(),
            Self::Float(n) if *n >= 0.0 => Some(*n as u64),
            Self::Text(t) => t.trim().parse().ok(),
            _ => None,
        }
    }

    /// The members, when this is an object.
    pub(super) fn object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(o) => Some(o),
            _ => None,
        }
    }

    /// True for an object with members.
    pub(super) fn is_filled(&self) -> bool {
        self.object().is_some_and(|o| !o.is_empty())
    }

    /// Compact JSON text.
    fn json(&self) -> String {
        let quote = |t: &str| serde_json::to_string(t).unwrap_or_default();
        match self {
            Self::Null => "null".to_owned(),
            Self::Text(t) => quote(t),
            Self::List(l) => format!("[{}]", l.iter().map(Value::json).collect::<Vec<_>>().join(",")),
            Self::Object(o) => {
                let members: Vec<_> = o.iter().map(|(k, v)| format!("{}:{}", quote(k), v.json())).collect();
                format!("{{{}}}", members.join(","))
            }
            _ => self.param(),
        }
    }
}

/// A member of an object by its name; null when there is none.
pub(super) fn member<'v, 'a>(members: &'v Object<'a>, name: &str) -> &'v Value<'a> {
    members.iter().rev().find(|(k, _)| k == name).map_or(&NULL, |(_, v)| v)
}

/// A document: as [`Value`], but the items of a list and the lists of a page's items stay raw.
pub(super) struct Document<'a>(pub(super) Value<'a>);

struct Build {
    /// The top of a document, where lists stay raw.
    top: bool,
}

impl<'de> Visitor<'de> for Build {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value<'de>, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(n))
    }

    fn visit_borrowed_str<E>(self, t: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(t)))
    }

    fn visit_str<E>(self, t: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(t.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        if self.top {
            while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                list.push(Value::Raw(raw.get()));
            }
        } else {
            while let Some(v) = seq.next_element()? {
                list.push(v);
            }
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        // An alert has 22 members, a voice request about 25 parameters: one allocation, rarely two.
        let mut members = Vec::with_capacity(if self.top { 24 } else { 8 });
        while let Some(Name(name)) = map.next_key()? {
            let value = if self.top && is_items(&name) {
                Value::Raw(map.next_value::<&'de RawValue>()?.get())
            } else if self.top && name == "log" {
                // A HAR file is one object of this name; a notification has a number there.
                let raw = map.next_value::<&'de RawValue>()?.get();
                if raw.starts_with('{') {
                    Value::Raw(raw)
                } else {
                    serde_json::from_str(raw).map_err(serde::de::Error::custom)?
                }
            } else {
                map.next_value()?
            };
            members.push((name, value));
        }
        Ok(Value::Object(members))
    }
}

/// The names that pages keep their items under.
fn is_items(name: &str) -> bool {
    matches!(name, "alerts" | "notifications" | "events")
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Build { top: false })
    }
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Build { top: true }).map(Self)
    }
}

/// A member's name, borrowed when it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, t: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(t)))
            }
            fn visit_str<E>(self, t: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(t.to_owned())))
            }
        }
        d.deserialize_str(V)
    }
}

/// The items of a raw list; none when it is no list.
pub(super) fn items(raw: &str) -> Option<Vec<&str>> {
    let list: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(list.into_iter().map(RawValue::get).collect())
}

/// The entries of a HAR file's `log`, which is raw; none when it is no such object.
pub(super) fn entries(raw: &str) -> Option<Vec<&str>> {
    #[derive(serde::Deserialize)]
    struct Log<'a> {
        #[serde(borrow)]
        entries: Vec<&'a RawValue>,
    }
    let log: Log<'_> = serde_json::from_str(raw).ok()?;
    Some(log.entries.into_iter().map(RawValue::get).collect())
}

/// True when the text is one JSON value of any kind.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}
