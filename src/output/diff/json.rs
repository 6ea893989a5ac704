//! JSON as lines: keys in one order, numbers and escapes written one way, a value a line.
//!
//! Commas are left out: a value that gets a neighbour has not changed. Keys that occur twice are kept.

use super::laid::{Laid, Order, meet};

/// Deeper levels are indented no further.
const MOST_INDENT: usize = 40;

/// A value of a sound document. Numbers and texts are as written; what they say is looked at when they are laid out.
enum Value<'a> {
    Scalar(&'a str),
    Array(Vec<Value<'a>>),
    Object(Vec<(String, Value<'a>)>),
}

impl Drop for Value<'_> {
    /// Deep documents are taken apart level by level, not by recursion.
    fn drop(&mut self) {
        let mut pile = Vec::new();
        take_apart(self, &mut pile);
        while let Some(mut value) = pile.pop() {
            take_apart(&mut value, &mut pile);
        }
    }
}

fn take_apart<'a>(value: &mut Value<'a>, pile: &mut Vec<Value<'a>>) {
    match value {
        Value::Scalar(_) => {}
        Value::Array(all) => pile.append(all),
        Value::Object(all) => pile.extend(all.drain(..).map(|(_, v)| v)),
    }
}

pub(super) fn both(old: &str, new: &str) -> Option<(Laid, Laid)> {
    let mut order = Order::new();
    let old = read(old, &mut order)?;
    let new = read(new, &mut order)?;
    Some((lay_out(&old, &order), lay_out(&new, &order)))
}

/// Something that is not closed yet; of an object with the key whose value comes next.
enum Open<'a> {
    Array(Vec<Value<'a>>),
    Object(Vec<(String, Value<'a>)>, Option<String>),
}

/// The value of a text that is known to be sound.
fn read<'a>(text: &'a str, order: &mut Order) -> Option<Value<'a>> {
    let mut open: Vec<Open<'a>> = Vec::new();
    let mut at = 0;
    while let Some(token) = token(text, at) {
        at += token.len();
        let value = match token.as_bytes()[0] {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => continue,
            b'[' => {
                open.push(Open::Array(Vec::new()));
                continue;
            }
            b'{' => {
                open.push(Open::Object(Vec::new(), None));
                continue;
            }
            b']' | b'}' => match open.pop()? {
                Open::Array(all) => Value::Array(all),
                Open::Object(all, _) => Value::Object(all),
            },
            _ => Value::Scalar(token),
        };
        match open.last_mut() {
            None => return Some(value),
            Some(Open::Array(all)) => all.push(value),
            Some(Open::Object(all, key)) => match (key.take(), &value) {
                (Some(key), _) => all.push((key, value)),
                (None, Value::Scalar(name)) => {
                    let name = unescaped(name);
                    meet(order, &name);
                    *key = Some(name);
                }
                (None, _) => return None,
            },
        }
    }
    None
}

/// The token that begins at a byte; of a sound text, so that a quote is always closed.
fn token(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let len = match bytes.first()? {
        b'"' => {
            let mut end = 1;
            while bytes.get(end)? != &b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            end + 1
        }
        b'[' | b']' | b'{' | b'}' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => 1,
        _ => rest
            .find(['[', ']', '{', '}', ',', ':', ' ', '\t', '\r', '\n', '"'])
            .unwrap_or(rest.len()),
    };
    rest.get(..len)
}

/// What a text in quotes says; half of a surrogate pair says nothing and stays as it is written.
fn unescaped(written: &str) -> String {
    serde_json::from_str(written).unwrap_or_else(|_| written.trim_matches('"').to_owned())
}

/// A scalar as it is shown: texts with as few escapes as can be, numbers by their value.
fn scalar(written: &str) -> String {
    match written.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(written) {
            // A text is always writable.
            Ok(text) => serde_json::to_string(&text).unwrap_or_else(|_| written.to_owned()),
            Err(_) => written.to_owned(),
        },
        Some(b'-' | b'0'..=b'9') => number(written).unwrap_or_else(|| written.to_owned()),
        _ => written.to_owned(),
    }
}

/// A number by its value, exactly: `1.50`, `15e-1` and `1.5` are the same, and no digit is lost.
fn number(written: &str) -> Option<String> {
    let (sign, rest) = written.strip_prefix('-').map_or(("", written), |r| ("-", r));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    // The value is 0.DIGITS × 10^point.
    let exponent: i64 = exponent.parse().ok()?;
    let point = exponent
        .checked_sub(fraction.len() as i64)?
        .checked_add(zeros as i64 + digits.len() as i64)?;
    let len = digits.len() as i64;
    Some(match point {
        p if p >= len && p <= 21.max(len) => format!("{sign}{digits}{}", "0".repeat((p - len) as usize)),
        p if p > 0 && p < len => format!("{sign}{}.{}", &digits[..p as usize], &digits[p as usize..]),
        p if p > -6 && p <= 0 => format!("{sign}0.{}{digits}", "0".repeat(-p as usize)),
        p => format!("{sign}0.{digits}e{p}"),
    })
}

/// What is to be written: a value with what stands before it on its line, or the end of one.
enum Todo<'v, 'a> {
    Value(&'v Value<'a>, String),
    End(char),
}

fn lay_out(document: &Value, order: &Order) -> Laid {
    let mut laid = Laid::new();
    let mut pile = vec![(Todo::Value(document, String::new()), 0usize, 0usize)];
    while let Some((todo, at, depth)) = pile.pop() {
        let pad = " ".repeat(2 * depth.min(MOST_INDENT));
        let (value, before) = match todo {
            Todo::End(sign) => {
                laid.line(at, format!("{pad}{sign}"));
                continue;
            }
            Todo::Value(value, before) => (value, before),
        };
        match value {
            Value::Scalar(written) => laid.line(at, format!("{pad}{before}{}", scalar(written))),
            Value::Array(all) if all.is_empty() => laid.line(at, format!("{pad}{before}[]")),
            Value::Object(all) if all.is_empty() => laid.line(at, format!("{pad}{before}{{}}")),
            Value::Array(all) => {
                laid.line(at, format!("{pad}{before}["));
                pile.push((Todo::End(']'), at, depth));
                let from = pile.len();
                for (n, value) in all.iter().enumerate() {
                    let place = laid.place(at, format!("[{n}]"));
                    pile.push((Todo::Value(value, String::new()), place, depth + 1));
                }
                pile[from..].reverse();
            }
            Value::Object(all) => {
                laid.line(at, format!("{pad}{before}{{"));
                pile.push((Todo::End('}'), at, depth));
                let from = pile.len();
                let mut sorted: Vec<&(String, Value)> = all.iter().collect();
                sorted.sort_by_key(|(name, _)| order.get(name));
                for (name, value) in sorted {
                    let place = laid.place(at, step(name));
                    let shown = serde_json::to_string(name).unwrap_or_else(|_| name.clone());
                    pile.push((Todo::Value(value, format!("{shown}: ")), place, depth + 1));
                }
                pile[from..].reverse();
            }
        }
    }
    laid
}

/// A key in a path: `.ask`, or `["a b"]` where it is no word.
fn step(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
    if !name.is_empty() && name.chars().all(word) {
        format!(".{name}")
    } else {
        format!("[{}]", serde_json::to_string(name).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_their_value() {
        for (written, shown) in [
            ("1", "1"),
            ("1.0", "1"),
            ("10", "10"),
            ("1e1", "10"),
            ("100e-2", "1"),
            ("1.50", "1.5"),
            ("15E-1", "1.5"),
            ("-0.05", "-0.05"),
            ("-5e-2", "-0.05"),
            ("0.000", "0"),
            ("-0", "0"),
            ("12345678901234567890123456", "12345678901234567890123456"),
            ("1e30", "0.1e31"),
            ("1e-9", "0.1e-8"),
        ] {
            assert_eq!(number(written).as_deref(), Some(shown), "{written}");
        }
        assert_eq!(number("1e99999999999999999999"), None);
    }
}
