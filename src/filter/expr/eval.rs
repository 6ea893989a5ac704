//! Whether a row meets an expression. Everything that can fail was settled when the expression was parsed.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;

use super::lex::Op;
use super::parse::Literal;
use super::{Field, Row, Value};
use crate::model::{Severity, Time};

/// An expression as a tree, at most `parse::MAX_DEPTH` deep. `And` and `Or` have two parts or more.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Test(Test),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// One test: as written, for display, and as compiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    pub(super) field: Field,
    pub(super) op: Op,
    pub(super) values: Vec<Literal>,
    pub(super) check: Check,
}

/// A test compiled for its field's type. It is the positive form: `!=`, `!~` and `not in` turn its result around.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// Any of the row's texts must match.
    Text(Regex),
    /// The same over phone numbers, brought to one spelling first.
    Phone(Regex),
    /// The row's number against any of these.
    Number(Order, Vec<f64>),
    /// The row's moment against any of these spans.
    Time(Order, Vec<Span>),
    /// The row's severity against any of these.
    Severity(Order, Vec<Severity>),
}

/// What is written as a time: a moment, or the day, minute or second that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Time,
    /// Milliseconds, at least 1.
    pub(super) length: i64,
}

/// How a check orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Op {
    /// True for the three that turn their positive form around.
    pub(super) fn negates(self) -> bool {
        matches!(self, Self::Ne | Self::HasNot | Self::NotIn)
    }

    /// True for `in` and `not in`.
    pub(super) fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }

    pub(super) fn order(self) -> Order {
        match self {
            Self::Lt => Order::Less,
            Self::Le => Order::LessOrEqual,
            Self::Gt => Order::Greater,
            Self::Ge => Order::GreaterOrEqual,
            Self::Eq | Self::Ne | Self::Has | Self::HasNot | Self::In | Self::NotIn => Order::Equal,
        }
    }
}

/// Compiled regexes have no equality of their own; the same source is the same regex.
impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Phone(a), Self::Phone(b)) => a.as_str() == b.as_str(),
            (Self::Number(o, a), Self::Number(p, b)) => o == p && a == b,
            (Self::Time(o, a), Self::Time(p, b)) => o == p && a == b,
            (Self::Severity(o, a), Self::Severity(p, b)) => o == p && a == b,
            _ => false,
        }
    }
}

impl Node {
    pub(super) fn matches(&self, row: &impl Row) -> bool {
        match self {
            Self::Test(test) => test.check.holds(&row.value(test.field)) != test.op.negates(),
            Self::Not(inner) => !inner.matches(row),
            Self::And(parts) => parts.iter().all(|p| p.matches(row)),
            Self::Or(parts) => parts.iter().any(|p| p.matches(row)),
        }
    }

    pub(super) fn collect_fields(&self, out: &mut Vec<Field>) {
        match self {
            Self::Test(test) => out.push(test.field),
            Self::Not(inner) => inner.collect_fields(out),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|p| p.collect_fields(out)),
        }
    }
}

impl Check {
    fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Text(regex) => any_text(value, |t| regex.is_match(t)),
            Self::Phone(regex) => any_text(value, |t| regex.is_match(&spell_phone(t))),
            Self::Number(order, wanted) => any_number(value, |n| {
                wanted.iter().any(|w| n.partial_cmp(w).is_some_and(|o| order.holds(o)))
            }),
            Self::Time(order, spans) => {
                matches!(value, Value::Time(t) if spans.iter().any(|s| s.holds(*order, *t)))
            }
            Self::Severity(order, wanted) => {
                matches!(value, Value::Severity(s) if wanted.iter().any(|w| order.holds(s.cmp(w))))
            }
        }
    }
}

impl Span {
    fn holds(self, order: Order, at: Time) -> bool {
        match order {
            Order::Equal => at >= self.start && at.0.saturating_sub(self.start.0) < self.length,
            order => order.holds(at.cmp(&self.start)),
        }
    }
}

fn any_text(value: &Value<'_>, mut fits: impl FnMut(&str) -> bool) -> bool {
    match value {
        Value::Missing => false,
        Value::Text(t) => fits(t),
        Value::Texts(ts) => ts.iter().any(|t| fits(t)),
        Value::Number(n) => fits(&n.to_string()),
        Value::Time(t) => fits(&t.to_string()),
        Value::Severity(s) => fits(s.as_str()),
    }
}

/// Also takes numbers that a row holds as text, as codes are.
fn any_number(value: &Value<'_>, mut fits: impl FnMut(f64) -> bool) -> bool {
    match value {
        Value::Number(n) => fits(*n),
        Value::Text(t) => t.parse().is_ok_and(fits),
        Value::Texts(ts) => ts.iter().any(|t| t.parse().is_ok_and(&mut fits)),
        Value::Missing | Value::Time(_) | Value::Severity(_) => false,
    }
}

/// One spelling for the ways to write a phone number: its digits. Other addresses (`client:joe`, `sip:…`) stay.
pub(super) fn spell_phone(text: &str) -> Cow<'_, str> {
    let number = text.strip_prefix("tel:").unwrap_or(text);
    let is_number = number.chars().all(|c| c.is_ascii_digit() || "+-. ()*…".contains(c))
        && number.contains(|c: char| c.is_ascii_digit());
    if is_number {
        Cow::Owned(
            number
                .chars()
                .filter(|c| c.is_ascii_digit() || matches!(c, '*' | '…'))
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}
