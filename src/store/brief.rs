//! What people ask first of an exchange, beside a document that is compressed: the view `exchange` cannot look into it.
//!
//! It stands in the row's note, as `brief`, and is taken out again where the row is read: it says nothing that the document does not.
//! To show more in the view, add it here and to a step of the schema.

use std::borrow::Cow;

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::event::{EventKind, decoded};

const NAME: &str = "brief";
/// A text that is longer is not brief.
const LONGEST: usize = 16 * 1024;
/// Where each stands in a HAR entry.
const FACTS: [(&str, &str); 5] = [
    ("method", "/request/method"),
    ("url", "/request/url"),
    ("status", "/response/status"),
    ("ms", "/time"),
    ("error", "/_redial/error"),
];

/// The note of a compressed entry, with what people ask first; as it is where the entry cannot be read.
pub(super) fn with<'n>(note: Option<&'n Value>, entry: &str) -> Option<Cow<'n, Value>> {
    let as_it_is = || note.map(Cow::Borrowed);
    let whole = match note {
        None => Map::new(),
        Some(Value::Object(whole)) => whole.clone(),
        Some(_) => return as_it_is(),
    };
    let Ok(entry) = serde_json::from_str::<Value>(entry) else {
        return as_it_is();
    };
    let facts: Map<String, Value> = FACTS
        .iter()
        .filter_map(|(name, at)| Some(((*name).to_owned(), entry.pointer(at)?.clone())))
        .filter(|(_, v)| v.is_number() || v.as_str().is_some_and(|t| t.len() <= LONGEST))
        .collect();
    let mut whole = whole;
    whole.insert(NAME.to_owned(), Value::Object(facts));
    Some(Cow::Owned(Value::Object(whole)))
}

/// The note as it was given.
pub(super) fn without(note: Value) -> Option<Value> {
    match note {
        Value::Object(mut whole) => {
            let had = whole.remove(NAME).is_some();
            (!had || !whole.is_empty()).then_some(Value::Object(whole))
        }
        other => Some(other),
    }
}

/// Writes it beside those that were kept before this was known.
pub(super) fn of_kept(db: &Connection) -> rusqlite::Result<()> {
    let kind = EventKind::Exchange.as_str();
    let mut ids = db.prepare("select id from event where kind = ?1 and encoding is not null")?;
    let ids: Vec<i64> = ids.query_map([kind], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut read = db.prepare("select note, encoding, document from event where id = ?1")?;
    let mut write = db.prepare("update event set note = ?2 where id = ?1")?;
    for id in ids {
        let (note, document) = read.query_row([id], |r| {
            let encoding: Option<String> = r.get(1)?;
            Ok((
                r.get::<_, Option<String>>(0)?,
                decoded(encoding.as_deref(), r.get_ref(2)?),
            ))
        })?;
        let Ok(document) = document else { continue };
        let note: Option<Value> = note.and_then(|n| serde_json::from_str(&n).ok());
        if let Some(Cow::Owned(note)) = with(note.as_ref(), &document) {
            write.execute(params![id, note.to_string()])?;
        }
    }
    Ok(())
}
