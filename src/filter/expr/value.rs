//! Values: what a field's type takes, and the check that they compile to.

use chrono::NaiveDateTime;
use regex::{Regex, RegexBuilder};

use super::eval::{Check, Order, Span, spell_phone};
use super::field::closest;
use super::lex::Op;
use super::parse::{Literal, Placing};
use super::show::Fault;
use super::{FieldInfo, FieldType};
use crate::model::{Severity, Time};

/// Bytes that one compiled regex may take.
const REGEX_SIZE: usize = 4 << 20;

/// Shortest id that is taken as a part of one.
const ID_PART: usize = 4;

/// Compiles the values of a test of `field`; the operator is known to fit the field, `column` is its place.
pub(super) fn compile(field: &FieldInfo, op: Op, column: usize, values: &[Placing], now: Time) -> Result<Check, Fault> {
    let order = op.order();
    match field.kind {
        FieldType::Code if order != Order::Equal => numbers(field, values).map(|n| Check::Number(order, n)),
        kind if kind.is_text() => texts(field, op, column, values),
        FieldType::Time => Ok(Check::Time(order, each(values, |v| span(field, v, now))?)),
        FieldType::Severity => Ok(Check::Severity(order, each(values, |v| severity(field, v))?)),
        _ => numbers(field, values).map(|n| Check::Number(order, n)),
    }
}

fn each<T>(values: &[Placing], read: impl Fn(&Placing) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    values.iter().map(read).collect()
}

/// The text of a value where neither a regex nor a wildcard makes sense.
fn plain<'a>(field: &FieldInfo, value: &'a Placing) -> Result<&'a str, Fault> {
    match &value.literal {
        Literal::Text { text, .. } => Ok(text.trim()),
        Literal::Regex { .. } => Err(wrong(field, value, "a regex is none")),
    }
}

/// "`status` is a number, like `status >= 500`: …"
fn wrong(field: &FieldInfo, value: &Placing, why: &str) -> Fault {
    let (name, noun, example) = (field.name, field.kind.noun(), field.example);
    Fault::new(value.column, format!("`{name}` is {noun}, like `{example}`: {why}"))
}

fn texts(field: &FieldInfo, op: Op, column: usize, values: &[Placing]) -> Result<Check, Fault> {
    if let [
        Placing {
            literal: Literal::Regex { pattern, ignore_case },
            column,
        },
    ] = values
    {
        return user_regex(pattern, *ignore_case, *column).map(Check::Text);
    }
    let phone = field.kind == FieldType::Phone && op != Op::Has && op != Op::HasNot;
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        let Literal::Text { text, wild } = &value.literal else {
            return Err(Fault::new(value.column, "a regex goes with `~`"));
        };
        if let FieldType::Word(words) = field.kind
            && !matches!(op, Op::Has | Op::HasNot)
            && !wild
        {
            known_word(field, value, text, words)?;
        }
        let text = if phone { spell_phone(text) } else { text.into() };
        parts.push(fit(&text, *wild, whole(field.kind, op, &text, *wild)));
    }
    let regex = RegexBuilder::new(&format!("(?is){}", parts.join("|")))
        .size_limit(REGEX_SIZE)
        .build()
        .map_err(|_| Fault::new(column, "these values are too long together"))?;
    Ok(if phone { Check::Phone(regex) } else { Check::Text(regex) })
}

/// Whether a value must fit the whole field.
fn whole(kind: FieldType, op: Op, text: &str, wild: bool) -> bool {
    let part_of_id = kind == FieldType::Id && !wild && text.chars().count() >= ID_PART;
    !matches!(op, Op::Has | Op::HasNot) && !part_of_id
}

/// A regex for a text; where it is `wild`, `*` and `…` stand for anything.
fn fit(text: &str, wild: bool, whole: bool) -> String {
    let body = if wild {
        let parts: Vec<String> = text.split(['*', '…']).map(regex::escape).collect();
        parts.join(".*?")
    } else {
        regex::escape(text)
    };
    if whole {
        format!(r"\A(?:{body})\z")
    } else {
        format!("(?:{body})")
    }
}

fn user_regex(pattern: &str, ignore_case: bool, column: usize) -> Result<Regex, Fault> {
    if pattern.is_empty() {
        return Err(Fault::new(
            column,
            "the regex is empty; to search for a `/`, put quotes around it",
        ));
    }
    // The flag stands in the pattern, so that two regexes are equal exactly when their sources are.
    let source = format!("{}{pattern}", if ignore_case { "(?i)" } else { "" });
    RegexBuilder::new(&source)
        .size_limit(REGEX_SIZE)
        .nest_limit(100)
        .build()
        .map_err(|e| {
            let why = match &e {
                regex::Error::CompiledTooBig(_) => "it is too big".to_owned(),
                // The last line says what is wrong; the lines before it draw the pattern once more.
                e => e
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            Fault::new(column, format!("this regex cannot be used: {why}"))
        })
}

fn known_word(field: &FieldInfo, value: &Placing, text: &str, words: &[&'static str]) -> Result<(), Fault> {
    if words.iter().any(|w| w.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    let (name, all) = (field.name, words.join(", "));
    let fault = Fault::new(value.column, format!("`{name}` is one of {all}"));
    Err(match closest(text, words.iter().copied()) {
        Some(word) => fault.suggesting(word),
        None => fault,
    })
}

fn severity(field: &FieldInfo, value: &Placing) -> Result<Severity, Fault> {
    const WORDS: [&str; 3] = ["info", "warning", "error"];
    let text = plain(field, value)?;
    // `Severity::parse` also reads the numbers of one source, which mean nothing to a person.
    if let Some(severity) = Severity::parse(text).filter(|_| !text.starts_with(|c: char| c.is_ascii_digit())) {
        return Ok(severity);
    }
    let fault = wrong(field, value, "write info, warning or error");
    Err(match closest(text, WORDS.into_iter()) {
        Some(word) => fault.suggesting(word),
        None => fault,
    })
}

fn numbers(field: &FieldInfo, values: &[Placing]) -> Result<Vec<f64>, Fault> {
    each(values, |value| {
        let text = plain(field, value)?;
        let unit = match field.kind {
            FieldType::Millis => Some(1.0),
            FieldType::Seconds => Some(1000.0),
            _ => None,
        };
        let as_duration = || unit.and_then(|u| duration(text).map(|ms| ms as f64 / u));
        number(text).or_else(as_duration).ok_or_else(|| {
            wrong(
                field,
                value,
                if unit.is_some() {
                    "write digits, or a duration such as 2s"
                } else {
                    "write digits"
                },
            )
        })
    })
}

/// Digits with a sign and a fraction at most; `f64::from_str` alone would take `nan`, `inf` and `1e9`.
fn number(text: &str) -> Option<f64> {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b"+-.".contains(&b))
        .then(|| text.parse().ok())?
}

fn span(field: &FieldInfo, value: &Placing, now: Time) -> Result<Span, Fault> {
    let text = plain(field, value)?;
    let ago = || {
        duration(text).and_then(|ms| now.0.checked_sub(ms)).map(|t| Span {
            start: Time(t),
            length: 1,
        })
    };
    moment(text).or_else(ago).ok_or_else(|| {
        wrong(
            field,
            value,
            "write 2013-02-19, 2013-02-19T15:00, an RFC 3339 time or an age such as 10m, 2h, 3d",
        )
    })
}

/// A moment as in the language, such as `--since` takes it: its first and last millisecond.
pub(super) fn instant(text: &str, now: Time) -> Option<(Time, Time)> {
    let text = text.trim();
    let ago = || {
        duration(text).and_then(|ms| now.0.checked_sub(ms)).map(|t| Span {
            start: Time(t),
            length: 1,
        })
    };
    moment(text)
        .or_else(ago)
        .map(|s| (s.start, Time(s.start.0 + s.length - 1)))
}

/// A date, a minute or a second in UTC, or a full RFC 3339 or RFC 2822 time.
fn moment(text: &str) -> Option<Span> {
    const SECOND: i64 = 1000;
    if let Some(start) = Time::parse(text) {
        return Some(Span {
            start,
            length: if text.contains('.') { 1 } else { SECOND },
        });
    }
    let local = text
        .strip_suffix(['Z', 'z'])
        .unwrap_or(text)
        .replacen([' ', 't'], "T", 1);
    // Parsing a date needs a time of day, so each shorter form is completed.
    [("", 1), (":00", 60 * SECOND), ("T00:00:00", 86_400 * SECOND)]
        .into_iter()
        .find_map(|(rest, length)| {
            let full = format!("{local}{rest}");
            let length = if rest.is_empty() && !local.contains('.') {
                SECOND
            } else {
                length
            };
            let start = NaiveDateTime::parse_from_str(&full, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            Some(Span {
                start: Time(start.and_utc().timestamp_millis()),
                length,
            })
        })
}

/// Milliseconds of a duration such as `90s`, `1h30m`, `250ms`; none for anything else.
fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 6] = [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
    ];
    let mut rest = text;
    let mut total = 0i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |n| digits + n);
        let unit = &rest[digits..end];
        let (_, ms) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        total = total.checked_add(count.checked_mul(*ms)?)?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(total)
}
