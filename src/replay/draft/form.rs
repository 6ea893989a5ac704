//! Form parameters as lines for an editor: `name=value`, decoded, one per line.
//!
//! What would break a line, be invisible or be lost by an editor that trims lines is written with a backslash, in a way
//! that reads back exactly.

use super::DraftError;

/// One line per parameter, each with its line end.
pub fn write(params: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in params {
        for c in name.chars() {
            if c == '=' {
                out.push('\\');
            }
            put(c, &mut out);
        }
        out.push('=');
        let trimmed = value.strip_suffix(' ');
        for c in trimmed.unwrap_or(value).chars() {
            put(c, &mut out);
        }
        if trimmed.is_some() {
            out.push_str("\\u{20}");
        }
        out.push('\n');
    }
    out
}

fn put(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_invisible(c) => out.extend(c.escape_unicode()),
        _ => out.push(c),
    }
}

/// Control characters, blanks that are not the usual one, and marks of writing direction; joiners stay, emoji need them.
fn is_invisible(c: char) -> bool {
    let mark = matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    c.is_control() || (c.is_whitespace() && c != ' ') || mark || c == '\u{feff}'
}

/// Reads what [`write()`] writes; empty lines count for nothing. The body begins on line `first`.
///
/// # Errors
/// [`DraftError`], for the first line that is no parameter.
pub fn read(body: &str, first: usize) -> Result<Vec<(String, String)>, DraftError> {
    let mut params = Vec::new();
    for (line, text) in (first..).zip(body.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let bad = |message: String| DraftError { line, message };
        let (name, rest) = until_equals(text).map_err(bad)?;
        let Some(rest) = rest else {
            return Err(bad("a parameter is `name=value`; this line has no `=`".to_owned()));
        };
        params.push((name, unescape(rest).map_err(bad)?));
    }
    Ok(params)
}

/// The name, and what follows the first `=` that is not escaped.
fn until_equals(text: &str) -> Result<(String, Option<&str>), String> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '=' && !escaped {
            return Ok((unescape(&text[..at])?, Some(&text[at + 1..])));
        }
        escaped = c == '\\' && !escaped;
    }
    Ok((unescape(text)?, None))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        let c = match chars.next() {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some(c @ ('\\' | '=')) => Some(c),
            Some('u') => code_point(&mut chars),
            _ => None,
        };
        out.push(c.ok_or_else(|| {
            let what: String = after.chars().take(1).collect();
            format!(
                "`\\{what}` stands for nothing: write `\\\\` for a backslash (\\n, \\r, \\t and \\u{{20AC}} are known)"
            )
        })?);
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(out)
}

/// `{20AC}` after `\u`.
fn code_point(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let (hex, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
    let digits = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let c = char::from_u32(u32::from_str_radix(hex, 16).ok().filter(|_| digits)?)?;
    *chars = rest.chars();
    Some(c)
}
