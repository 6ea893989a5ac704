//! One line of a document with a caret under the place that is wrong, however long the line is.

use super::fit;
use super::safe::printable;

/// A line made printable and cut around a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// At most as wide as was asked for; `…` where something is left out.
    pub line: String,
    /// Columns before the place.
    pub caret: usize,
}

/// Line `line` of the text (from 1), at most `width` columns of it, with the place of the character `column` (from 1; its end
/// where it is shorter). None where the text has no such line.
pub fn show(text: &str, line: u32, column: u32, width: usize) -> Option<Shown> {
    let source = text.split('\n').nth(line.checked_sub(1)? as usize)?;
    let source = source.strip_suffix('\r').unwrap_or(source);
    let at = source
        .char_indices()
        .nth(column.saturating_sub(1) as usize)
        .map_or(source.len(), |(at, _)| at);
    let (before, after) = source.split_at(at);
    // No more is looked at than could be shown: a line may be a whole document.
    let near = before.char_indices().rev().nth(width).map_or(0, |(at, _)| at);
    let far = after.char_indices().nth(width + 1).map_or(after.len(), |(at, _)| at);
    let (left, right) = (near > 0, far < after.len());
    let (before, after) = (printable(&before[near..]), printable(&after[..far]));
    let wide = fit::width(&after);
    // The place stands in the middle where there is too much on both sides.
    let room = width.saturating_sub(wide.min(width - width / 2));
    let mut shown = tail(&before, room, left);
    let caret = fit::width(&shown);
    let rest = width.saturating_sub(caret);
    if right && wide <= rest {
        shown.push_str(fit::cut(&after, rest.saturating_sub(1)));
        shown.push('…');
    } else {
        shown.push_str(&fit::fit(&after, rest));
    }
    Some(Shown {
        line: shown.trim_end().to_owned(),
        caret,
    })
}

/// The end of a text, with `…` before it where it is not all.
fn tail(text: &str, room: usize, more: bool) -> String {
    if !more && fit::width(text) <= room {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    let clusters: Vec<(&str, usize)> = fit::clusters(text).collect();
    for (cluster, width) in clusters.into_iter().rev() {
        if used + width > room {
            break;
        }
        used += width;
        kept.push(cluster);
    }
    kept.push("…");
    kept.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(text: &str, line: u32, column: u32, width: usize) -> String {
        show(text, line, column, width).map_or("none".to_owned(), |s| format!("{}\n{}^", s.line, " ".repeat(s.caret)))
    }

    #[test]
    fn pictures() {
        for (text, line, column, want) in [
            (
                "<Response>\r\n <Say>Tom & Ann</Say>\r\n",
                2,
                11,
                " <Say>Tom & Ann</Say>\n          ^",
            ),
            ("a\tb\u{1b}c", 1, 5, "a b␛c\n    ^"),
            ("漢字x", 1, 3, "漢字x\n    ^"),
            ("abc", 1, 9, "abc\n   ^"),
            ("abc", 1, 0, "abc\n^"),
            ("abc", 3, 1, "none"),
            ("", 1, 1, "\n^"),
            (
                "0123456789012345678901234567890123456789",
                1,
                21,
                "…1234567890123456789…\n          ^",
            ),
            (
                "0123456789012345678901234567890123456789",
                1,
                1,
                "01234567890123456789…\n^",
            ),
            (
                "0123456789012345678901234567890123456789",
                1,
                40,
                "…01234567890123456789\n                    ^",
            ),
        ] {
            let got = picture(text, line, column, 21);
            assert_eq!(got, want, "{text} {column}");
            let shown = show(text, line, column, 21);
            assert!(
                shown.is_none_or(|s| fit::width(&s.line) <= 21 && s.caret <= 21),
                "{text}"
            );
        }
        let long = "x".repeat(500) + "&" + &"y".repeat(500);
        let shown = show(&long, 1, 501, 60).unwrap();
        assert_eq!(shown.line.chars().nth(shown.caret), Some('&'), "{shown:?}");
        assert!(shown.line.starts_with("…x") && shown.line.ends_with("y…"), "{shown:?}");
    }

    proptest! {
        #[test]
        fn it_always_fits(text in "(\\PC|[\t\r\n\u{200b}漢é ]){0,90}", line in 0u32..4, column in 0u32..100, width in 4usize..40) {
            if let Some(shown) = show(&text, line, column, width) {
                prop_assert!(fit::width(&shown.line) <= width, "{shown:?}");
                prop_assert!(shown.caret <= width);
                prop_assert_eq!(printable(&shown.line), shown.line.as_str());
            }
        }
    }
}
