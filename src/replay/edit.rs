//! What the user changes before sending: `--set`, `--unset`, `--header`.
//!
//! Form parameters are changed by name, JSON bodies by path (`json_path`), a GET where its parameters stand: in the
//! query of the recorded URL as well as among the recorded parameters. A POST's query is changed only for a name that its body has not, and
//! that is said; so is a new field of a JSON body, which is refused where one of that name stands deeper: a slip would else pass for an edit. Headers are checked when they are read, so that
//! no text from outside can end a header line.

use form_urlencoded::byte_serialize;

use super::json_path;
use super::plan::PlanError;
use crate::model::Payload;

/// The changes, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// `--set name=value`: replaces every parameter of that name, or adds one.
    pub set: Vec<(String, String)>,
    /// `--unset name`.
    pub unset: Vec<String>,
    /// `--header 'Name: value'`: replaces every header of that name; an empty value removes it.
    pub headers: Vec<(String, String)>,
}

impl Edits {
    /// True where nothing changes.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty() && self.headers.is_empty()
    }

    /// A JSON body with what is set and unset in it.
    ///
    /// # Errors
    /// It is not JSON, or a path leads nowhere.
    pub fn json(&self, text: &str) -> Result<String, PlanError> {
        let changed = edit_json(self, text.as_bytes(), &mut Vec::new())?;
        Ok(String::from_utf8_lossy(&changed).into_owned())
    }

    /// Reads `Name: value` of `--header`.
    ///
    /// # Errors
    /// [`PlanError::BadHeader`] or [`PlanError::ReservedHeader`].
    pub fn parse_header(text: &str) -> Result<(String, String), PlanError> {
        let (name, value) = text.split_once(':').ok_or_else(|| PlanError::BadHeader {
            name: text.to_owned(),
            why: "it has no colon",
        })?;
        check_header(name.trim(), value.trim())?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    }
}

/// Headers that say how a message is framed or who speaks to whom; the transport sets them.
const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// True for hop-by-hop headers and for those that the transport computes.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|r| name.eq_ignore_ascii_case(r))
}

/// True for methods (in capitals) whose parameters travel in the query.
pub(super) fn carries_no_body(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// A token of RFC 9110 as name, no control characters but tab in the value.
pub(super) fn check_header(name: &str, value: &str) -> Result<(), PlanError> {
    let bad = |why| PlanError::BadHeader {
        name: name.escape_debug().to_string(),
        why,
    };
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(bad("its name is not a header name"));
    }
    if value.bytes().any(|b| b != b'\t' && b.is_ascii_control()) {
        return Err(bad("its value has a line end or another control character"));
    }
    if is_reserved(name) {
        return Err(PlanError::ReservedHeader(name.to_owned()));
    }
    Ok(())
}

/// Applies `--set` and `--unset` to what is sent; of `target` (path and query) only the query changes.
pub(super) fn apply(
    edits: &Edits,
    payload: &mut Payload,
    target: &mut String,
    in_query: bool,
    notes: &mut Vec<String>,
) -> Result<(), PlanError> {
    if edits.set.is_empty() && edits.unset.is_empty() {
        return Ok(());
    }
    match payload {
        Payload::Empty => {
            let mut params = Vec::new();
            edit_params(edits, &mut params, target, in_query, notes);
            *payload = Payload::Form(params);
        }
        Payload::Form(params) => edit_params(edits, params, target, in_query, notes),
        Payload::Json(body) => *body = edit_json(edits, body, notes)?,
    }
    Ok(())
}

fn edit_params(
    edits: &Edits,
    params: &mut Vec<(String, String)>,
    target: &mut String,
    in_query: bool,
    notes: &mut Vec<String>,
) {
    for (name, value) in &edits.set {
        if in_query && replace_in_query(target, name, Some(value)) {
            params.retain(|(n, _)| n != name);
        } else if let Some(at) = params.iter().position(|(n, _)| n == name) {
            params[at].1.clone_from(value);
            let mut index = 0;
            params.retain(|(n, _)| {
                index += 1;
                n != name || index == at + 1
            });
            notes.extend(left_in_query(target, "--set", name).filter(|_| !in_query));
        } else if !in_query && replace_in_query(target, name, Some(value)) {
            notes.push(format!(
                "--set {name}: changed in the query of the URL, where it stands"
            ));
        } else {
            params.push((name.clone(), value.clone()));
        }
    }
    for name in &edits.unset {
        let before = params.len();
        params.retain(|(n, _)| n != name);
        let in_body = params.len() < before;
        if in_body && !in_query {
            notes.extend(left_in_query(target, "--unset", name));
        } else if replace_in_query(target, name, None) {
            if !in_query {
                notes.push(format!(
                    "--unset {name}: taken out of the query of the URL, where it stood"
                ));
            }
        } else if !in_body {
            notes.push(format!("--unset {name}: there is no such parameter"));
        }
    }
}

/// What to say of a parameter that was changed in the body and stands in the query too.
fn left_in_query(target: &str, option: &str, name: &str) -> Option<String> {
    let there = replace_in_query(&mut target.to_owned(), name, None);
    there.then(|| {
        format!("{option} {name}: changed in the body; the query of the URL has one too, which stays as it is")
    })
}

fn edit_json(edits: &Edits, body: &[u8], notes: &mut Vec<String>) -> Result<Vec<u8>, PlanError> {
    let text = std::str::from_utf8(body).map_err(|e| json_path::PathError::NotJson(e.to_string()))?;
    let mut text = text.to_owned();
    for (path, value) in &edits.set {
        if json_path::is_new_at_the_top(&text, path)? {
            notes.push(format!("--set {path}: the body had no such field, it is new"));
        }
        text = json_path::set(&text, path, value)?;
    }
    for path in &edits.unset {
        match json_path::unset(&text, path)? {
            Some(changed) => text = changed,
            None => notes.push(format!("--unset {path}: there is no such value")),
        }
    }
    Ok(text.into_bytes())
}

/// Replaces the first pair of that name in the query and drops the others (`None`: drops all); false where it has none.
fn replace_in_query(target: &mut String, name: &str, value: Option<&str>) -> bool {
    let Some((path, query)) = target.split_once('?') else {
        return false;
    };
    let (mut parts, mut found) = (Vec::new(), false);
    for part in query.split('&') {
        let same = decode(part).is_some_and(|(n, _)| n == name);
        match (same, value) {
            (false, _) => parts.push(part.to_owned()),
            (true, Some(value)) if !found => parts.push(encode(name, value)),
            (true, _) => {}
        }
        found |= same;
    }
    if found {
        let mark = if parts.is_empty() { "" } else { "?" };
        *target = format!("{path}{mark}{}", parts.join("&"));
    }
    found
}

/// Appends a GET's recorded parameters to its query, each unless the same pair is there already.
pub(super) fn merge_query(target: &mut String, params: &[(String, String)]) {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut mark = match query.as_bytes().last() {
        _ if !target.contains('?') => "?",
        None | Some(b'&') => "",
        Some(_) => "&",
    };
    for (name, value) in not_in_query(target, params) {
        target.push_str(mark);
        target.push_str(&encode(&name, &value));
        mark = "&";
    }
}

/// The recorded parameters of a GET that its query has not: some sources keep them in both places, some only apart.
pub(super) fn not_in_query(target: &str, params: &[(String, String)]) -> Vec<(String, String)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut there: Vec<(String, String)> = query.split('&').filter_map(decode).collect();
    let mut missing = Vec::new();
    for pair in params {
        match there.iter().position(|p| p == pair) {
            Some(at) => drop(there.swap_remove(at)),
            None => missing.push(pair.clone()),
        }
    }
    missing
}

fn decode(part: &str) -> Option<(String, String)> {
    form_urlencoded::parse(part.as_bytes())
        .next()
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
}

/// `name=value` as a form: letters, digits and `*-._` stay, a blank is `+`, the rest is percent-encoded UTF-8.
pub(super) fn encode(name: &str, value: &str) -> String {
    let mut pair: String = byte_serialize(name.as_bytes()).collect();
    pair.push('=');
    pair.extend(byte_serialize(value.as_bytes()));
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn get_parameters_are_appended_once() {
        for (target, params, want) in [
            ("/v", &[("A", "1"), ("B", "a b&")][..], "/v?A=1&B=a+b%26"),
            ("/v?A=1", &[("A", "1"), ("B", "2")], "/v?A=1&B=2"),
            ("/v?A=1", &[("A", "1"), ("A", "1")], "/v?A=1&A=1"),
            ("/v?From=%2B1", &[("From", "+1")], "/v?From=%2B1"),
            ("/v?From=+1", &[("From", "+1")], "/v?From=+1&From=%2B1"),
            ("/v?", &[("A", "")], "/v?A="),
            ("/v?x&", &[("A", "")], "/v?x&A="),
            ("/v?x", &[], "/v?x"),
        ] {
            let mut got = target.to_owned();
            merge_query(&mut got, &pairs(params));
            assert_eq!(got, want);
        }
    }

    #[test]
    fn set_and_unset_of_a_form() {
        let edits = Edits {
            set: pairs(&[("B", "9"), ("New", "n")]),
            unset: vec!["A".to_owned(), "Missing".to_owned()],
            headers: vec![],
        };
        let mut payload = Payload::Form(pairs(&[("A", "1"), ("B", "2"), ("C", "3"), ("B", "4")]));
        let (mut target, mut notes) = ("/v?B=url".to_owned(), vec![]);
        apply(&edits, &mut payload, &mut target, false, &mut notes).unwrap();
        assert_eq!(payload, Payload::Form(pairs(&[("B", "9"), ("C", "3"), ("New", "n")])));
        assert_eq!(target, "/v?B=url");
        assert_eq!(
            notes,
            [
                "--set B: changed in the body; the query of the URL has one too, which stays as it is",
                "--unset Missing: there is no such parameter"
            ]
        );
    }

    #[test]
    fn a_name_that_only_the_query_of_a_post_has_is_changed_there() {
        let edits = Edits {
            set: pairs(&[("Digits", "1"), ("Body", "b")]),
            unset: vec!["lang".to_owned(), "From".to_owned()],
            headers: vec![],
        };
        let mut payload = Payload::Form(pairs(&[("Body", "a"), ("From", "+1")]));
        let mut target = "/v?Digits=TIMEOUT&lang=en&Body=q&From=%2B1".to_owned();
        let mut notes = vec![];
        apply(&edits, &mut payload, &mut target, false, &mut notes).unwrap();
        assert_eq!(payload, Payload::Form(pairs(&[("Body", "b")])));
        assert_eq!(target, "/v?Digits=1&Body=q&From=%2B1");
        let kept = "the query of the URL has one too, which stays as it is";
        assert_eq!(
            notes,
            [
                "--set Digits: changed in the query of the URL, where it stands".to_owned(),
                format!("--set Body: changed in the body; {kept}"),
                "--unset lang: taken out of the query of the URL, where it stood".to_owned(),
                format!("--unset From: changed in the body; {kept}"),
            ]
        );
    }

    #[test]
    fn a_field_that_stands_deeper_is_not_added_at_the_top() {
        let body = br#"{"result":{"sequence":1,"actions":[{"value":"2"}]}}"#;
        let set = |name: &str| {
            let edits = Edits {
                set: pairs(&[(name, "9")]),
                ..Edits::default()
            };
            let mut notes = vec![];
            edit_json(&edits, body, &mut notes)
                .map(|_| notes)
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            set("sequence"),
            Err("there is no `sequence` in the body; it stands deeper: `result.sequence`".to_owned())
        );
        assert!(set("value").unwrap_err().ends_with("`result.actions.0.value`"));
        assert!(set("actions").unwrap_err().ends_with("`result.actions`"));
        assert_eq!(
            set("Digits").unwrap(),
            ["--set Digits: the body had no such field, it is new"]
        );
        assert!(set("result.sequence").unwrap().is_empty() && set("result.new").unwrap().is_empty());
    }

    #[test]
    fn set_and_unset_of_a_get_change_its_query() {
        let edits = Edits {
            set: pairs(&[("Digits", "2 3")]),
            unset: vec!["A".to_owned()],
            headers: vec![],
        };
        let mut payload = Payload::Form(pairs(&[("A", "1"), ("Digits", "1")]));
        let (mut target, mut notes) = ("/v?A=1&raw='&Digits=1&Digits=7".to_owned(), vec![]);
        apply(&edits, &mut payload, &mut target, true, &mut notes).unwrap();
        assert_eq!(target, "/v?raw='&Digits=2+3");
        assert_eq!(payload, Payload::Form(vec![]));
    }

    #[test]
    fn headers_are_checked() {
        assert_eq!(
            Edits::parse_header("X-A:  b: c ").unwrap(),
            ("X-A".into(), "b: c".into())
        );
        assert_eq!(Edits::parse_header("X-A:").unwrap(), ("X-A".into(), String::new()));
        for bad in [
            "X-A",
            ": v",
            "X A: v",
            "X\r\nY: v",
            "X: a\r\nY: b",
            "X: a\nb",
            "X: a\0b",
        ] {
            assert!(
                matches!(Edits::parse_header(bad), Err(PlanError::BadHeader { .. })),
                "{bad:?}"
            );
        }
        for reserved in ["content-length: 1", "Transfer-Encoding: chunked", "Connection: close"] {
            assert!(matches!(
                Edits::parse_header(reserved),
                Err(PlanError::ReservedHeader(_))
            ));
        }
    }
}
