//! A page of a list: its items as they came, and where the next page is. Both of Twilio's styles.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// One page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The text of each item, in the order of the page.
    pub(super) items: Vec<&'a str>,
    /// The link to the next page: an absolute address (`meta.next_page_url`) or a path (`next_page_uri`).
    pub(super) next: Option<String>,
}

/// Reads a page whose list has this name.
///
/// # Errors
/// In a few words: no JSON object, no such list, a link that is no text.
pub(super) fn read<'a>(text: &'a str, list: &str) -> Result<Page<'a>, String> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let raw = members.get(list).ok_or_else(|| format!("it has no `{list}`"))?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| format!("its `{list}` is no list"))?;
    let meta: HashMap<String, &RawValue> = match members.get("meta") {
        Some(meta) => serde_json::from_str(meta.get()).map_err(|_| "its `meta` is no object".to_owned())?,
        None => HashMap::new(),
    };
    let next = match members.get("next_page_uri").or_else(|| meta.get("next_page_url")) {
        Some(link) => serde_json::from_str::<Option<String>>(link.get())
            .map_err(|_| "the link to its next page is no text".to_owned())?
            .filter(|l| !l.is_empty()),
        None => None,
    };
    Ok(Page {
        items: items.into_iter().map(RawValue::get).collect(),
        next,
    })
}

/// One thing, not a list: a JSON object.
///
/// # Errors
/// What else it is.
pub(super) fn one(text: &str) -> Result<(), String> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err("it is no JSON object".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_and_what_is_neither() {
        let alerts =
            r#"{"alerts":[{"sid":"NO1"}, 5],"meta":{"next_page_url":"https://m/v1/Alerts?Page=1","key":"alerts"}}"#;
        let page = read(alerts, "alerts").unwrap();
        assert_eq!(page.items, [r#"{"sid":"NO1"}"#, "5"]);
        assert_eq!(page.next.as_deref(), Some("https://m/v1/Alerts?Page=1"));
        let events = r#"{"events":[],"next_page_uri":null,"end":0}"#;
        let page = read(events, "events").unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
        let bare = read(r#"{"alerts":[],"meta":{"next_page_url":""}}"#, "alerts").unwrap();
        assert_eq!(bare.next, None);
        for bad in [
            "",
            "{",
            "[]",
            "null",
            r#"{"alerts":{}}"#,
            r#"{"alert":[]}"#,
            r#"{"alerts":[],"meta":5}"#,
            r#"{"alerts":[],"meta":{"next_page_url":5}}"#,
        ] {
            assert!(read(bad, "alerts").is_err(), "{bad}");
        }
        assert!(one("{}").is_ok() && one("[]").is_err() && one("{").is_err());
    }
}
