//! Keys of a pack's tables as values of their types, and what is wrong with one where it is none.
//!
//! An unknown key or word is told with the nearest one that is known.

use toml::de::{DeTable, DeValue};

use super::super::template::Template;

/// What is wrong with one key.
pub(super) struct Fault {
    pub(super) at: Option<usize>,
    pub(super) key: String,
    pub(super) why: String,
}

/// A value and where it stands.
type Keyed<'a, 'b> = Option<(usize, &'b DeValue<'a>)>;

/// A fault of a key.
pub(super) fn fault<T>(at: usize, key: &str, why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault {
        at: Some(at),
        key: key.to_owned(),
        why: why.into(),
    })
}

/// A key, where it is given.
pub(super) fn get<'a, 'b>(t: &'b DeTable<'a>, key: &str) -> Keyed<'a, 'b> {
    t.get(key).map(|v| (v.span().start, v.get_ref()))
}

/// A string.
pub(super) fn text(t: &DeTable<'_>, key: &str) -> Result<Option<String>, Fault> {
    match get(t, key) {
        None => Ok(None),
        Some((_, DeValue::String(s))) => Ok(Some(s.to_string())),
        Some((at, _)) => fault(at, key, "must be a string"),
    }
}

/// True or false; false where it is not given.
pub(super) fn flag(t: &DeTable<'_>, key: &str) -> Result<bool, Fault> {
    match get(t, key) {
        None => Ok(false),
        Some((_, DeValue::Boolean(b))) => Ok(*b),
        Some((at, _)) => fault(at, key, "must be true or false"),
    }
}

/// Strings: one, or a list of them.
pub(super) fn texts(t: &DeTable<'_>, key: &str) -> Result<Vec<String>, Fault> {
    let Some((at, v)) = get(t, key) else {
        return Ok(Vec::new());
    };
    match v {
        DeValue::String(s) => Ok(vec![s.to_string()]),
        DeValue::Array(a) => a
            .iter()
            .map(|v| match v.get_ref() {
                DeValue::String(s) => Ok(s.to_string()),
                _ => fault(v.span().start, key, "must be a list of strings"),
            })
            .collect(),
        _ => fault(at, key, "must be a string or a list of strings"),
    }
}

/// A text with fields in it.
pub(super) fn template(t: &DeTable<'_>, key: &str) -> Result<Option<Template>, Fault> {
    Ok(text(t, key)?.map(|s| Template::new(&s)))
}

/// One of a few words.
pub(super) fn word<T>(t: &DeTable<'_>, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Fault>
where
    T: Copy,
{
    let Some(found) = text(t, key)? else { return Ok(None) };
    if let Some((_, v)) = words.iter().find(|(w, _)| *w == found) {
        return Ok(Some(*v));
    }
    let names: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
    fault(get(t, key).map_or(0, |(at, _)| at), key, unknown(&found, &names))
}

/// Faults a table for the first key that it must not have.
pub(super) fn known_keys(t: &DeTable<'_>, keys: &[&str]) -> Result<(), Fault> {
    for (key, _) in t {
        if !keys.contains(&key.get_ref().as_ref()) {
            return fault(key.span().start, key.get_ref(), unknown(key.get_ref(), keys));
        }
    }
    Ok(())
}

/// "unknown `x`", with the nearest known word.
pub(super) fn unknown(found: &str, known: &[&str]) -> String {
    let best = known.iter().map(|k| (strsim::damerau_levenshtein(found, k), k)).min();
    match best {
        Some((d, k)) if d <= 3 => format!("unknown `{found}`; did you mean `{k}`?"),
        _ => format!("unknown `{found}`; known: {}", known.join(", ")),
    }
}
