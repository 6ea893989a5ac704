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
        out.push_str(&outside(p, &rest[..plain]));
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
                written(raw, &name, &p.text(&name))
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

/// Numbers that are telephone numbers; they stay numbers.
fn outside(p: &mut Pseudonyms, text: &str) -> String {
    if text.bytes().filter(u8::is_ascii_digit).count() < 7 {
        return text.to_owned();
    }
    p.text(text)
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
