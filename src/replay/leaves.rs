//! The values of a JSON document as a form shows them: one dotted path and one text each.
//!
//! The paths are those that `--set` takes ([`super::Edits::set`]), and the same code decides where a path leads; what no
//! path leads to (the first of two equal keys, a key behind a longer one with a dot) is left out. Setting an unchanged
//! text changes nothing. Bounded, because a body comes from outside.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::json_path::{PathError, entries, items, pick};

/// So many values are listed at most, the first ones of the document.
pub const LEAVES: usize = 2_000;
/// As deep as `serde_json` reads; what is deeper stands as it is written, as one value.
const DEPTH: usize = 127;
/// So many keys are compared with paths at most, then the list ends: a document of keys with dots that hide each other
/// must not hold up a keystroke.
const COMPARED: usize = 16_000_000;

/// Every number, text, bool and null of a document in its order, with the path that leads there; texts without quotes
/// and escapes, all else as written, `{}` and `[]` where they are empty. A document that is one value has no path.
///
/// # Errors
/// [`PathError::NotJson`].
pub fn leaves(text: &str) -> Result<Vec<(String, String)>, PathError> {
    let root: &RawValue = serde_json::from_str(text).map_err(|e| PathError::NotJson(e.to_string()))?;
    let mut walk = Walk {
        path: String::new(),
        objects: Vec::new(),
        found: Vec::new(),
        left: COMPARED,
    };
    walk.value(root.get(), 0)?;
    Ok(walk.found)
}

/// An object on the way, where more than one of its keys may fit a path.
struct Fork<'t> {
    entries: Vec<(String, &'t RawValue)>,
    /// The entry that the walk is in.
    at: usize,
    /// Where its key begins in the path.
    start: usize,
}

struct Walk<'t> {
    path: String,
    objects: Vec<Fork<'t>>,
    found: Vec<(String, String)>,
    /// What is left of [`COMPARED`].
    left: usize,
}

impl<'t> Walk<'t> {
    fn value(&mut self, value: &'t str, depth: usize) -> Result<(), PathError> {
        if self.found.len() >= LEAVES || self.left == 0 {
            return Ok(());
        }
        match value.as_bytes().first() {
            Some(b'{') if depth < DEPTH => self.object(value, depth),
            Some(b'[') if depth < DEPTH => {
                let items = items(value)?;
                if items.is_empty() {
                    self.leaf("[]", depth);
                }
                for (at, item) in items.into_iter().enumerate().take(LEAVES) {
                    self.step(&at.to_string(), item.get(), depth)?;
                }
                Ok(())
            }
            Some(b'"') => {
                // A lone half of a surrogate pair is no text; no text can be set to be it either.
                if let Ok(text) = serde_json::from_str::<String>(value) {
                    self.leaf(&text, depth);
                }
                Ok(())
            }
            _ => {
                self.leaf(value, depth);
                Ok(())
            }
        }
    }

    fn object(&mut self, value: &'t str, depth: usize) -> Result<(), PathError> {
        let entries = entries(value)?.0;
        if entries.is_empty() {
            self.leaf("{}", depth);
        }
        let mut seen = HashSet::new();
        let fork = entries.iter().any(|(key, _)| key.contains('.') || !seen.insert(key));
        if !fork {
            for (key, raw) in entries {
                self.step(&key, raw.get(), depth)?;
            }
            return Ok(());
        }
        let start = self.path.len() + usize::from(depth > 0);
        let here = self.objects.len();
        let all = entries.clone();
        self.objects.push(Fork { entries, at: 0, start });
        for (at, (key, raw)) in all.into_iter().enumerate() {
            self.objects[here].at = at;
            self.step(&key, raw.get(), depth)?;
        }
        self.objects.pop();
        Ok(())
    }

    /// One step down and back.
    fn step(&mut self, step: &str, value: &'t str, depth: usize) -> Result<(), PathError> {
        let before = self.path.len();
        if depth > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        let done = self.value(value, depth + 1);
        self.path.truncate(before);
        done
    }

    fn leaf(&mut self, value: &str, depth: usize) {
        if depth > 0 && self.leads_here() && self.found.len() < LEAVES {
            self.found.push((self.path.clone(), value.to_owned()));
        }
    }

    /// True where the path, read again, ends where the walk is.
    fn leads_here(&mut self) -> bool {
        // An empty last key has no name to be called by, and a colon at the end means something else.
        if self.path.is_empty() || self.path.ends_with(['.', ':']) {
            return false;
        }
        let keys: usize = self.objects.iter().map(|fork| fork.entries.len()).sum();
        self.left = self.left.saturating_sub(keys);
        let here = |fork: &Fork<'_>| pick(&fork.entries, &self.path[fork.start..]).is_some_and(|(at, _)| at == fork.at);
        self.objects.iter().all(here)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::json_path::set;
    use super::*;

    fn list(text: &str) -> Vec<(String, String)> {
        leaves(text).unwrap()
    }

    #[test]
    fn values_in_the_order_of_the_document() {
        let doc = r#" {"z": {"b":1.50, "a":[ "x\"é\n", {"n":null}, [ ], true ]}, "e":{ }, "x.y":{"k":"v"}} "#;
        let want = [
            ("z.b", "1.50"),
            ("z.a.0", "x\"é\n"),
            ("z.a.1.n", "null"),
            ("z.a.2", "[]"),
            ("z.a.3", "true"),
            ("e", "{}"),
            ("x.y.k", "v"),
        ];
        assert_eq!(list(doc), want.map(|(p, v)| (p.to_owned(), v.to_owned())));
        for (path, value) in list(doc) {
            let bare = |text: &str| text.replace("[ ]", "[]").replace("{ }", "{}");
            assert_eq!(bare(&set(doc, &path, &value).unwrap()), bare(doc), "{path}");
        }
    }

    #[test]
    fn what_no_path_leads_to_is_left_out() {
        for (doc, paths) in [
            (r#"{"a":{"b":1},"a.b":2}"#, &["a.b"][..]),
            (r#"{"a":{"b":{"c":1},"d":3},"a.b":2}"#, &["a.d", "a.b"]),
            (r#"{"a":1,"a":2}"#, &["a"]),
            (r#"{"a":{"b":1},"a":2}"#, &["a"]),
            (r#"{"":1,"b":{"":2},"c":{"":{"d":3}}}"#, &["c..d"]),
            (r#"{"a:":1,"b:c":2}"#, &["b:c"]),
            (r#"{"a":"\ud800","b":1}"#, &["b"]),
            ("3", &[]),
            ("{}", &[]),
            ("[[]]", &["0"]),
        ] {
            let found = list(doc);
            let got: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(got, paths, "{doc}");
        }
        assert_eq!(list(r#"{"a":1,"a":2}"#)[0].1, "2");
        assert_eq!(list(r#"{"a":{"b":1},"a.b":2}"#)[0].1, "2");
        assert!(matches!(leaves("{\"a\":1"), Err(PathError::NotJson(_))));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
        let found = list(&deep);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0.split('.').count(), DEPTH);
        assert_eq!(set(&deep, &found[0].0, &found[0].1).unwrap(), deep);
        let wide = format!("[{}0]", "0,".repeat(10_000));
        assert_eq!(list(&wide).len(), LEAVES);
        assert_eq!(list(&format!("[{wide},{wide}]")).len(), LEAVES);
        let forks = format!("{{\"a.b\":1{}}}", ",\"a\":{\"b\":1}".repeat(3_000));
        assert_eq!(list(&forks).len(), 1);
        let hidden = format!("{{\"b\":1,\"b\":2{}}}", ",\"a\":1".repeat(200_000));
        assert_eq!(list(&hidden).len(), 1);
    }

    fn json() -> impl Strategy<Value = String> {
        let key = prop_oneof!["[ab.:]{0,3}", "\\PC{0,4}", "[0-2]"];
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?(e[0-9])?",
            prop_oneof!["\\PC{0,6}", "null|1|\\[\\]|true", "[\r\n\t\0\"\\\\]{0,4}"]
                .prop_map(|t| Value::from(t).to_string()),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            let pair = (key.clone(), inner.clone()).prop_map(|(k, v)| format!("{} : {v}", Value::from(k)));
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(|all| format!("[{}]", all.join(" , "))),
                prop::collection::vec(pair, 0..5).prop_map(|all| format!("{{ {}}}", all.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn setting_what_is_there_changes_nothing(doc in json(), other in "[a-z]{1,5}") {
            let before: Value = serde_json::from_str(&doc).unwrap();
            let all = list(&doc);
            for (path, value) in &all {
                let same = set(&doc, path, value).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Value>(&same).unwrap(), &before, "{} = {}", path, value);
                // The path is of this leaf and of no other.
                let changed = list(&set(&doc, path, &other).unwrap());
                for (n, (p, v)) in changed.iter().enumerate() {
                    prop_assert_eq!(p, &all[n].0);
                    prop_assert_eq!(v, if p == path { &other } else { &all[n].1 });
                }
            }
        }

        #[test]
        fn nothing_panics(doc in "[\\[\\]{}\",:.0-9a-c\\\\ ]{0,40}") {
            let _ = leaves(&doc);
        }
    }
}
