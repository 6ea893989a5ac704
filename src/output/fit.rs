//! Texts brought to a width, and the short forms of numbers, times and ids that every view shows.
//!
//! Columns are counted by grapheme cluster, as the terminal UI's buffer draws them: an emoji with its variation
//! selector or a letter with its accents is one piece, and no function here cuts through one. Nothing is coloured
//! here; a line with roles is cut by [`super::rich`].

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::safe::printable;
use crate::call::{Call, When};
use crate::model::Provider;

/// The pieces of a printable text that are drawn as one, each with its columns.
pub fn clusters(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true).map(|g| (g, columns(g)))
}

/// Columns of one cluster. The terminal UI's buffer keeps a further column for each halfwidth sound mark (`ﾞ`, `ﾟ`), as
/// some terminals draw them beside their letter; what is cut here must fit there.
fn columns(cluster: &str) -> usize {
    if cluster.len() == 1 {
        return 1;
    }
    cluster.width() + cluster.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count()
}

/// Columns of a printable text.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    clusters(text).map(|(_, w)| w).sum()
}

/// The beginning of a printable text that fits into a width.
pub fn cut(text: &str, width: usize) -> &str {
    let mut used = 0;
    let kept = clusters(text).take_while(|(_, w)| {
        used += w;
        used <= width
    });
    let end = kept.map(|(g, _)| g.len()).sum();
    &text[..end]
}

/// As [`cut`], of a text that [`printable`] made: an escape (`\\u{202e}`) that does not fit is left out whole, for a part of it reads
/// as something else.
fn cut_whole(text: &str, width: usize) -> &str {
    let kept = cut(text, width);
    let near = kept.len().saturating_sub(ESCAPE);
    let torn = |at: &usize| escape_len(&text.as_bytes()[*at..]).is_some_and(|len| at + len > kept.len());
    (near..kept.len()).find(torn).map_or(kept, |at| &kept[..at])
}

/// Bytes of the longest escape.
const ESCAPE: usize = "\\u{10ffff}".len();

/// The length of an escape that a text begins with.
fn escape_len(text: &[u8]) -> Option<usize> {
    let digits = text.strip_prefix(b"\\u{")?;
    let count = digits.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    (count > 0 && digits.get(count) == Some(&b'}')).then_some(count + 4)
}

/// Makes a text from outside exactly so wide, with `…` where it was cut.
pub fn fit(text: &str, width: usize) -> String {
    let text = printable(text);
    let have = self::width(&text);
    if have <= width {
        return text.into_owned() + &" ".repeat(width - have);
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let short = cut_whole(&text, room);
    format!("{short}…{}", " ".repeat(room - self::width(short)))
}

/// Breaks a text from outside into printable lines of a width: between words, and inside words that are too long. What
/// is wider than the whole line becomes `…`.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let text = printable(text);
    let mut lines = Vec::new();
    // The first line keeps its indentation: source code is shown this way.
    let indent = (text.len() - text.trim_start_matches(' ').len()).min(width / 2);
    let mut line = " ".repeat(indent);
    let mut used = indent;
    let mut first = true;
    for word in text.trim_start_matches(' ').split(' ') {
        let wide = self::width(word);
        let gap = !std::mem::take(&mut first) && used > 0;
        if gap && used + 1 + wide > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if gap {
            line.push(' ');
            used += 1;
        }
        for (piece, columns) in clusters(word) {
            let (piece, columns) = if columns > width { ("…", 1) } else { (piece, columns) };
            if used + columns > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(piece);
            used += columns;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The beginning of an id: enough to name it to `--call`.
pub fn short(id: &str) -> String {
    if id.len() > 14 && id.is_char_boundary(12) {
        id[..12].to_owned()
    } else {
        id.to_owned()
    }
}

/// Who called whom; for a Tropo call whose lines do not tell, its direction.
pub fn people(c: &Call) -> Option<String> {
    match (c.from.as_deref(), c.to.as_deref()) {
        (None, None) => (c.provider == Provider::Tropo)
            .then(|| c.direction.as_deref().map(str::to_owned))
            .flatten(),
        (from, to) => Some(format!("{} → {}", from.unwrap_or("?"), to.unwrap_or("?"))),
    }
}

/// `2013-02-19 15:07:40`, or the time of day alone when the date is not known.
pub fn moment(when: When) -> Option<String> {
    match when.time() {
        Some(t) => Some(t.to_string()[..19].replace('T', " ")),
        None => when.clock(),
    }
}

/// `02-19 15:07:40`, or the time of day alone.
pub fn brief(when: When) -> Option<String> {
    moment(when).map(|m| if m.len() == 19 { m[5..].to_owned() } else { m })
}

/// A length of time: `0.4 s`, `12 s`, `3 min 20 s`.
pub fn length(ms: i64) -> String {
    match ms {
        ..10_000 if ms % 1000 != 0 => format!("{:.1} s", ms as f64 / 1000.0),
        ..120_000 => format!("{} s", ms / 1000),
        120_000..7_200_000 => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// `1 line`, `2,115,572 lines`.
pub fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// `2,115,572`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    /// Letters with accents, emoji with variation selectors, flags, keycaps, sound marks, scripts that join.
    pub(in crate::output) fn awkward() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ a-z]{0,4}",
            Just("e\u{301}".to_owned()),
            Just("❤\u{fe0f}".to_owned()),
            Just("1\u{fe0f}\u{20e3}".to_owned()),
            Just("🇩🇪".to_owned()),
            Just("🇩".to_owned()),
            Just("👍🏽".to_owned()),
            Just("👩\u{200d}🚀".to_owned()),
            Just("ｶ\u{ff9e}".to_owned()),
            Just("\u{ff9f}".to_owned()),
            Just("\u{fe0f}".to_owned()),
            Just("\u{301}".to_owned()),
            Just("漢字".to_owned()),
            Just("لا".to_owned()),
            Just("क्षि".to_owned()),
            any::<String>(),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|p| p.concat())
    }

    #[test]
    fn numbers_and_lengths() {
        assert_eq!(thousands(2_115_572), "2,115,572");
        assert_eq!(count(1, "line"), "1 line");
        assert_eq!(count(0, "call"), "0 calls");
        assert_eq!(length(400), "0.4 s");
        assert_eq!(length(12_000), "12 s");
        assert_eq!(length(200_000), "3 min 20 s");
    }

    #[test]
    fn what_is_drawn_as_one_is_cut_as_one() {
        for (text, columns) in [
            ("plain", 5),
            ("漢字", 4),
            ("e\u{301}", 1),
            ("❤\u{fe0f}", 2),
            ("👍🏽", 2),
            ("🇩🇪", 2),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
        for (text, at, kept) in [
            ("漢字", 3, "漢"),
            ("ae\u{301}x", 2, "ae\u{301}"),
            ("a❤\u{fe0f}", 2, "a"),
            ("🇩🇪🇫🇷", 3, "🇩🇪"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, at), kept, "{text} at {at}");
        }
    }

    #[test]
    fn a_cell_is_filled_exactly() {
        for (text, at, shown) in [
            ("ab", 4, "ab  "),
            ("abcdef", 4, "abc…"),
            ("漢字かな", 6, "漢字… "),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fit(text, at), shown, "{text} at {at}");
        }
    }

    #[test]
    fn no_escape_is_torn() {
        let text = "ab\u{202e}cd";
        for (at, shown) in [
            (12, "ab\\u{202e}cd"),
            (11, "ab\\u{202e}…"),
            (10, "ab…       "),
            (6, "ab…   "),
            (4, "ab… "),
            (3, "ab…"),
            (2, "a…"),
        ] {
            assert_eq!(fit(text, at), shown, "at {at}");
        }
        assert_eq!(fit("\\u{} \\u{zz}", 8), "\\u{} \\u…");
    }

    #[test]
    fn words_stay_together_where_they_can() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("  indented text", 10), ["  indented", "text"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a漢b", 1), ["a", "…", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    /// Columns that the terminal UI fills with a text.
    fn drawn(text: &str) -> usize {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 2000, 1));
        usize::from(buffer.set_stringn(0, 0, text, 2000, Style::new()).0)
    }

    proptest! {
        #[test]
        fn widths_are_those_of_the_terminal_ui(text in awkward()) {
            let text = printable(&text);
            prop_assume!(width(&text) < 1000);
            prop_assert_eq!(width(&text), drawn(&text), "{:?}", text);
        }

        #[test]
        fn nothing_is_wider_than_asked(text in awkward(), at in 0usize..60) {
            for line in wrap(&text, at) {
                prop_assert!(width(&line) <= at.max(1) && drawn(&line) <= at.max(1), "{line:?}");
            }
            prop_assert_eq!(width(&fit(&text, at)), at);
            prop_assert!(width(cut(&printable(&text), at)) <= at);
        }
    }
}
