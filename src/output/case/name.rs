//! What a case's file is called.

use crate::output::export::Asked;

/// Longer names are cut.
const LONGEST: usize = 60;

/// From the path of the request and what went wrong: `menu-choice-11200`.
pub fn stem(asked: &Asked) -> String {
    let path = slug(asked.path());
    let path = if path.is_empty() { "root".to_owned() } else { path };
    let path: String = path.chars().take(LONGEST).collect();
    format!("{}-{}", path.trim_end_matches('-'), slug(asked.code()))
}

/// Letters and digits in small letters, anything else as one hyphen.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
