//! Changing one value of a JSON document by a dotted path, leaving every other byte as it is.
//!
//! `session.from.id`, `result.actions.0.value`; a key with a dot in it is found too (the longest key that fits wins).
//! The text is never parsed into values and written again, so the order of keys, the spelling of numbers and doubled
//! keys survive.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::leaves::leaves;

/// Why a path could not be changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// Not one JSON document.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// `name:` with a value that is not JSON.
    #[error("`{0}` is not JSON (`--set name:=value` takes JSON, `--set name=value` text)")]
    BadValue(String),
    /// The path leads nowhere.
    #[error("there is no `{path}` in the body; {known}")]
    NoSuchPath {
        /// As given.
        path: String,
        /// What there is at the last step that fits.
        known: String,
    },
}

/// `text` with the value at `path` replaced, or added where only the last step is new (a key; the index after the last
/// item).
///
/// A number, bool, object or array is replaced by `value` as JSON where it is JSON; everything else becomes a string,
/// as almost all values in webhook documents are; only `null` for null stays null. A path that ends in `:` (`--set name:=value`) takes JSON only.
///
/// # Errors
/// [`PathError`]; the document is then unchanged.
pub fn set(text: &str, path: &str, value: &str) -> Result<String, PathError> {
    let (path, exact) = path.strip_suffix(':').map_or((path, false), |path| (path, true));
    let is_json = serde_json::from_str::<&RawValue>(value).is_ok();
    if exact && !is_json {
        return Err(PathError::BadValue(value.to_owned()));
    }
    let spot = locate(text, path)?;
    let literal = match &spot.old {
        Some(old) if is_json && !text[old.clone()].starts_with(['"', 'n']) => value.to_owned(),
        _ if exact => value.to_owned(),
        // What a form shows for null and hands back unchanged stays null.
        Some(old) if value == "null" && text[old.clone()].starts_with('n') => value.to_owned(),
        _ => quote(value),
    };
    let Some(old) = spot.old else {
        return Ok(insert(text, &spot, &literal));
    };
    Ok(format!("{}{literal}{}", &text[..old.start], &text[old.end..]))
}

/// True where `path` names no field of the object that the document is, so that setting it adds one there.
///
/// # Errors
/// [`PathError`]; also where a field of that name stands deeper in the document, since that one is meant.
pub fn is_new_at_the_top(text: &str, path: &str) -> Result<bool, PathError> {
    let path = path.strip_suffix(':').unwrap_or(path);
    let root: &RawValue = serde_json::from_str(text).map_err(|e| not_json(&e))?;
    if !root.get().starts_with('{') || path.contains('.') {
        return Ok(false);
    }
    if pick(&entries(root.get())?.0, path).is_some() {
        return Ok(false);
    }
    let deeper = leaves(text)?.into_iter().find_map(|(leaf, _)| {
        let steps: Vec<&str> = leaf.split('.').collect();
        let at = steps.iter().position(|step| *step == path)?;
        Some(steps[..=at].join("."))
    });
    match deeper {
        Some(deeper) => Err(PathError::NoSuchPath {
            path: path.to_owned(),
            known: format!("it stands deeper: `{deeper}`"),
        }),
        None => Ok(true),
    }
}

/// `text` without the key or item at `path`; none where it has none.
///
/// # Errors
/// [`PathError::NotJson`].
pub fn unset(text: &str, path: &str) -> Result<Option<String>, PathError> {
    let spot = match locate(text, path) {
        Ok(spot) if spot.old.is_some() => spot,
        Ok(_) | Err(PathError::NoSuchPath { .. }) => return Ok(None),
        Err(e) => return Err(e),
    };
    let parent = &text[spot.parent.clone()];
    let kept = match spot.step {
        Step::Key(gone) => {
            let kept = entries(parent)?.0.into_iter().filter(|(key, _)| *key != gone);
            let pairs: Vec<String> = kept
                .map(|(key, raw)| format!("{}:{}", quote(&key), raw.get()))
                .collect();
            format!("{{{}}}", pairs.join(","))
        }
        Step::Index(gone) => {
            let kept = items(parent)?.into_iter().enumerate().filter(|(at, _)| *at != gone);
            let values: Vec<&str> = kept.map(|(_, raw)| raw.get()).collect();
            format!("[{}]", values.join(","))
        }
    };
    Ok(Some(format!(
        "{}{kept}{}",
        &text[..spot.parent.start],
        &text[spot.parent.end..]
    )))
}

/// Where a path ends: the object or array around it, the last step, and the value there (none: not there yet).
struct Spot {
    parent: Range<usize>,
    step: Step,
    old: Option<Range<usize>>,
}

enum Step {
    Key(String),
    Index(usize),
}

fn locate(text: &str, path: &str) -> Result<Spot, PathError> {
    let root: &RawValue = serde_json::from_str(text).map_err(|e| not_json(&e))?;
    let mut parent = place(text, root.get());
    let mut rest = path;
    loop {
        let (step, old, left) = descend(&text[parent.clone()], rest).map_err(|known| PathError::NoSuchPath {
            path: path.to_owned(),
            known,
        })?;
        let old = old.map(|value| place(text, value));
        match (left, old) {
            (Some(left), Some(old)) => {
                parent = old;
                rest = left;
            }
            (_, old) => return Ok(Spot { parent, step, old }),
        }
    }
}

/// One step into `value`: the step, the value there, and what is left of the path; else what there is instead.
#[allow(clippy::type_complexity)] // Used once, two lines above.
fn descend<'t, 'p>(value: &'t str, path: &'p str) -> Result<(Step, Option<&'t str>, Option<&'p str>), String> {
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    if value.starts_with('{') {
        let entries = entries(value).map_err(|e| e.to_string())?.0;
        if let Some((at, left)) = pick(&entries, path) {
            let (key, raw) = &entries[at];
            return Ok((Step::Key(key.clone()), Some(raw.get()), left));
        }
        if !path.contains('.') {
            return Ok((Step::Key(path.to_owned()), None, None));
        }
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        return Err(format!("there is: {}", keys.join(", ")));
    }
    if value.starts_with('[') {
        let items = items(value).map_err(|e| e.to_string())?;
        let (head, left) = path
            .split_once('.')
            .map_or((path, None), |(head, left)| (head, Some(left)));
        return match head.parse::<usize>() {
            Ok(at) if at < items.len() => Ok((Step::Index(at), Some(items[at].get()), left)),
            Ok(at) if at == items.len() && left.is_none() => Ok((Step::Index(at), None, None)),
            _ => Err(format!("there is a list of {} (numbered from 0)", items.len())),
        };
    }
    Err(format!("there is the value {value}"))
}

/// The entry of an object that a path leads into, and what is left of the path: the longest key that fits, the last of
/// doubled keys (as JSON readers take them).
pub(super) fn pick<'p>(entries: &[(String, &RawValue)], path: &'p str) -> Option<(usize, Option<&'p str>)> {
    let fits = |key: &str| {
        let rest = path.strip_prefix(key)?;
        if rest.is_empty() {
            Some(None)
        } else {
            rest.strip_prefix('.').map(Some)
        }
    };
    let found = entries.iter().enumerate();
    let found = found.filter_map(|(at, (key, _))| Some((key.len(), at, fits(key)?)));
    found.max_by_key(|(len, ..)| *len).map(|(_, at, left)| (at, left))
}

/// A new last key or item, before the closing bracket of its parent.
fn insert(text: &str, spot: &Spot, literal: &str) -> String {
    let parent = &text[spot.parent.clone()];
    let inner = parent[1..parent.len() - 1].trim_end();
    let end = spot.parent.start + 1 + inner.len();
    let comma = if inner.is_empty() { "" } else { "," };
    let entry = match &spot.step {
        Step::Key(key) => format!("{}:{literal}", quote(key)),
        Step::Index(_) => literal.to_owned(),
    };
    format!("{}{comma}{entry}{}", &text[..end], &text[end..])
}

/// Where `part`, a slice of `text`, stands in it.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn not_json(e: &serde_json::Error) -> PathError {
    PathError::NotJson(e.to_string())
}

pub(super) fn items(text: &str) -> Result<Vec<&RawValue>, PathError> {
    serde_json::from_str(text).map_err(|e| not_json(&e))
}

pub(super) fn entries(text: &str) -> Result<Entries<'_>, PathError> {
    serde_json::from_str(text).map_err(|e| not_json(&e))
}

/// Keys and values of an object in the order of the text, doubled keys included.
pub(super) struct Entries<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Entries(all))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str =
        r#"{"result": {"z":1.50, "actions" : [ {"value":"9", "n":1} ], "x.y":{"k":null}, "e":[]}, "z":2 }"#;

    #[test]
    fn set_changes_one_value_only() {
        for (path, value, from, to) in [
            ("result.actions.0.value", "1", r#""9""#, r#""1""#),
            ("result.actions.0.n", "2", r#""n":1"#, r#""n":2"#),
            ("result.actions.0.n", "two", r#""n":1"#, r#""n":"two""#),
            ("result.z", "7", "1.50", "7"),
            ("result.x.y.k", "a\"b", "null", r#""a\"b""#),
            ("result.x.y.k", "12", "null", r#""12""#),
            ("result.x.y.k:", "12", "null", "12"),
            ("result.x.y.k", "null", "null", "null"),
            ("result.actions.0.value", "null", r#""9""#, r#""null""#),
            ("result.new", "v", r#""e":[]}"#, r#""e":[],"new":"v"}"#),
            ("result.e.0", "v", "[]", r#"["v"]"#),
            ("result.actions.1:", "{}", r#""n":1} ]"#, r#""n":1},{} ]"#),
            ("result.actions", "[]", r#"[ {"value":"9", "n":1} ]"#, "[]"),
        ] {
            assert_eq!(DOC.matches(from).count(), 1, "{from}");
            assert_eq!(set(DOC, path, value).unwrap(), DOC.replace(from, to), "{path}");
        }
    }

    #[test]
    fn unset_removes_a_key_or_an_item() {
        assert_eq!(
            unset(r#"{"a":1, "b":{"c":2,"d":3}}"#, "b.c").unwrap().unwrap(),
            r#"{"a":1, "b":{"d":3}}"#
        );
        assert_eq!(unset("[1, 2,3]", "1").unwrap().unwrap(), "[1,3]");
        assert_eq!(unset(DOC, "result.nothing"), Ok(None));
        assert_eq!(unset(DOC, "no.where"), Ok(None));
    }

    #[test]
    fn errors_say_what_there_is() {
        let e = set(DOC, "result.form.id", "1").unwrap_err().to_string();
        assert!(e.contains("z, actions, x.y, e"), "{e}");
        assert!(
            set(DOC, "result.actions.5", "1")
                .unwrap_err()
                .to_string()
                .contains("list of 1")
        );
        assert!(matches!(set("{", "a", "1"), Err(PathError::NotJson(_))));
        assert!(matches!(set("{}", "a:", "x"), Err(PathError::BadValue(_))));
        assert!(set("{}", "", "x").is_err());
        assert!(set("3", "a", "x").is_err());
    }
}
