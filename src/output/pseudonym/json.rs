//! A JSON text with stand-ins, byte for byte as it was between them; broken JSON too.

use super::Pseudonyms;

/// Replaces in strings, by the names of their members.
pub(super) fn replaced(p: &mut Pseudonyms, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // The name of the member that each open object or array is the value of, and the last name read in it.
    let mut open: Vec<(String, String)> = vec![(String::new(), String::new())];
    while at < text.len() {
        let rest = &text[at..];
        let plain = rest.find(['"', '{', '}', '[', ']']).unwrap_or(rest.len());
        let (parent, name) = open.last().cloned().unwrap_or_default();
        out.push_str(&outside(p, (&parent, &name), &rest[..plain]));
        at += plain;
        let Some(c) = text[at..].chars().next() else { break };
        match c {
            '{' | '[' => {
                let name = open.last().map(|(_, name)| name.clone()).unwrap_or_default();
                // What stands in an array belongs to the name of the array.
                let inner = if c == '[' { name.clone() } else { String::new() };
                open.push((name, inner));
            }
            '}' | ']' if open.len() > 1 => drop(open.pop()),
            _ => {}
        }
        if c != '"' {
            out.push(c);
            at += 1;
            continue;
        }
        let Some(end) = end_of_string(&text[at..]) else {
            out.push_str(&p.text(&text[at..]));
            break;
        };
        let raw = &text[at..at + end];
        at += end;
        let value: Option<String> = serde_json::from_str(raw).ok();
        let is_name = text[at..].trim_start().starts_with(':');
        out.push_str(&match (value, open.last_mut()) {
            (Some(name), Some((_, last))) if is_name => {
                last.clone_from(&name);
                written(raw, &name, &p.label(&name))
            }
            (Some(value), Some((parent, name))) => {
                let now = p.field(parent, name, &value);
                written(raw, &value, &now)
            }
            _ => p.text(raw),
        });
    }
    out
}

/// What stands between strings: a number is told by the name in front of it, as a string is, and stays a number where it can.
fn outside(p: &mut Pseudonyms, of: (&str, &str), text: &str) -> String {
    let rest = text.trim_start().strip_prefix(':').map(str::trim_start);
    let value = rest.map_or("", |rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    });
    if value.bytes().any(|b| b.is_ascii_digit()) {
        let start = value.as_ptr().addr() - text.as_ptr().addr();
        let now = p.field(of.0, of.1, value);
        let behind = outside(p, ("", ""), &text[start + value.len()..]);
        return format!("{}{}{behind}", &text[..start], number(value, now));
    }
    if text.bytes().filter(u8::is_ascii_digit).count() < 7 {
        return text.to_owned();
    }
    let now = p.text(text);
    number(text, now)
}

/// What stands in for numbers, as JSON: one that begins with 0 is none.
fn number(was: &str, now: String) -> String {
    if was == now {
        return now;
    }
    if now.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E') && !was.contains(char::is_alphabetic) {
        return serde_json::Value::from(now).to_string();
    }
    let mut out = String::with_capacity(now.len());
    let mut rest = now.chars().peekable();
    while let Some(c) = rest.next() {
        let begins = !out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
        let more = rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if c == '0' && begins && more { '9' } else { c });
    }
    out
}

/// The string as it was, or the new one.
fn written(raw: &str, value: &str, now: &str) -> String {
    if value == now {
        raw.to_owned()
    } else {
        serde_json::Value::from(now).to_string()
    }
}

/// Behind the closing quote of a string that begins the text.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, b) in text.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}
