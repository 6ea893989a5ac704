//! Text from logs and answers made printable: nothing that it holds can move the cursor, change colours, titles or the
//! clipboard, hide or reorder what is shown.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// The text with everything that does not simply print replaced by something that does: control characters by their
/// pictures (`␛`), line ends by `⏎`, what has no picture (bidi controls, zero-width characters, tags, C1) by `\u{202e}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(prints) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push('⏎'),
            '\t' => out.push(' '),
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␀')),
            '\x7f' => out.push('␡'),
            c if prints(c) => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Several lines, each made printable.
pub fn printable_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.lines().map(printable)
}

/// True for characters that a terminal shows where they stand.
fn prints(c: char) -> bool {
    match c {
        ' '..='~' | '\u{fe00}'..='\u{fe0f}' => true,
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        _ => c.width().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_gets_through() {
        for (raw, shown) in [
            ("plain ünïcode 漢字", "plain ünïcode 漢字"),
            ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
            ("\x1b]0;title\x07", "␛]0;title␇"),
            ("a\r\nb\nc\td", "a⏎b⏎c d"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}cba", "abc\\u{202e}cba"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("del\x7f", "del␡"),
        ] {
            assert_eq!(printable(raw), shown, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printable_stays(text: String) {
            let once = printable(&text).into_owned();
            prop_assert!(once.chars().all(prints));
            prop_assert_eq!(printable(&once), once.as_str());
        }
    }
}
