//! The catalogue of Twilio's error codes: title, class, level and product of each, and the link to its page.
//!
//! Owns `filters/twilio-codes.tsv` (one code a line, sorted by number; columns `code title class level product seen`),
//! which is compiled in. What to do about a code is not here but in the rule pack `filters/twilio.toml`. Codes appear at Twilio
//! without notice: not being listed here is never an error. To add one, add its line at its place in the file.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::Severity;

/// The table without its header line.
static TABLE: &str = include_str!("../../filters/twilio-codes.tsv");

/// Where Twilio's own page of a code is.
const PAGES: &str = "https://www.twilio.com/docs/api/errors/";

/// What the catalogue says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Twilio's number.
    pub code: u32,
    /// Twilio's title, one line.
    pub title: &'static str,
    /// Family of causes (`http`, `tls`, `twiml-schema`, …), never empty.
    pub class: &'static str,
    /// The dictionary's level. Levels moved over the years: an event's own level goes before it.
    pub level: Severity,
    /// Product that the code belongs to, when the dictionary says.
    pub product: Option<&'static str>,
}

/// What is known of a code, given as its decimal digits; none for anything else and for codes not listed. The table is
/// read at the first question: a run that asks nothing pays nothing.
pub fn look_up(code: &str) -> Option<Entry> {
    static CODES: LazyLock<HashMap<u32, Entry>> = LazyLock::new(|| entries().map(|e| (e.code, e)).collect());
    CODES.get(&number(code)?).copied()
}

/// Address of the code's page in Twilio's dictionary, also for codes that the catalogue does not list.
pub fn link(code: &str) -> String {
    format!("{PAGES}{code}")
}

/// How many codes the catalogue lists.
pub fn len() -> usize {
    entries().count()
}

/// Every entry, by rising code.
pub fn entries() -> impl Iterator<Item = Entry> {
    rows().lines().filter_map(read)
}

/// The lines below the header.
fn rows() -> &'static str {
    TABLE.split_once('\n').map_or("", |(_, rows)| rows)
}

/// Reads one line of the table.
fn read(line: &'static str) -> Option<Entry> {
    let mut cells = line.split('\t');
    Some(Entry {
        code: number(cells.next()?)?,
        // The dictionary ends some titles with a full stop or a dangling colon; headings here have neither.
        title: cells.next()?.trim().trim_end_matches(['.', ':']),
        class: cells.next()?,
        level: Severity::parse(cells.next()?)?,
        product: cells.next().filter(|p| !p.is_empty()),
    })
}

/// A code's number; only digits count (`u32::from_str` would take a sign).
fn number(code: &str) -> Option<u32> {
    code.bytes().all(|b| b.is_ascii_digit()).then(|| code.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_entry_sorted_and_whole() {
        assert_eq!(len(), 2004);
        assert_eq!(rows().lines().count(), 2004, "a line that cannot be read");
        let all: Vec<Entry> = entries().collect();
        for pair in all.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
        }
        for e in &all {
            assert!(!e.title.is_empty() && !e.class.is_empty(), "{e:?}");
            assert!(e.title.bytes().all(|b| (b' '..=b'~').contains(&b)), "typography: {e:?}");
            assert_eq!(look_up(&e.code.to_string()), Some(*e));
        }
    }

    #[test]
    fn looks_up_by_digits_only() {
        let e = look_up("11200").unwrap();
        assert_eq!(
            (e.title, e.class, e.level),
            ("HTTP retrieval failure", "http", Severity::Error)
        );
        assert_eq!(look_up("15003").unwrap().level, Severity::Warning);
        assert_eq!(look_up("81021").unwrap().product, Some("Studio"));
        for unknown in [
            "",
            "0",
            "11199",
            "99999999",
            "99999999999999",
            "+11200",
            "11200 ",
            "nine",
            "１１２００",
        ] {
            assert_eq!(look_up(unknown), None, "{unknown}");
        }
        assert_eq!(link("11200"), "https://www.twilio.com/docs/api/errors/11200");
    }
}
