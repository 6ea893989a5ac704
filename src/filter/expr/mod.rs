//! The filter language of `--where` and of the terminal UI's filter bar: `severity >= warning and code = 11200`.
//!
//! A test is `FIELD OPERATOR VALUE`; tests join with `and`, `or`, `not` (also `&&`, `||`, `!`) and parentheses, `not`
//! binding closest, then `and`. A value alone (`timeout`, `"bad gateway"`, `/5\d\d/`) searches the field `text`.
//! Operators: `=` `==` `!=` `<` `<=` `>` `>=`, `~` (contains; with `/…/` or `/…/i` a regex) `!~`, `in (…)`, `not in (…)`.
//! Values need quotes only for blanks and for ``= ! < > ~ & | ( ) , " '``. Case counts in regexes alone.
//!
//! - In an unquoted text value, `*` and `…` stand for anything. After `=` the whole field must fit, after `~` a part.
//! - After `=` a leading `/` begins a path, after `~` a regex.
//! - An id equals its whole text or, from 4 characters on, any part of it. Phone numbers compare by their digits.
//! - Times are RFC 3339 (UTC when no zone is written; `2013-02-19` and `2013-02-19T15:00` will do) or an age (`10m`,
//!   `1h30m`, `2d`), counted back from the `now` given to [`parse()`]. `=` holds anywhere in the day, minute or second written.
//! - A field that a row does not have fails every test except `!=`, `!~` and `not in`, which are exactly `not =` and
//!   so on. `url = *` asks whether there is one.
//!
//! The module knows no call, finding or request: whatever has a [`Row`] can be filtered. A new field is one variant of
//! [`Field`] and one line of [`FIELDS`]; messages, completion and the manual are written from that table.

mod complete;
mod eval;
mod field;
mod lex;
mod parse;
mod show;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

pub use complete::{Candidate, Completions, complete};
pub use field::{FIELDS, Field, FieldInfo, FieldType};
pub use show::Error;

use crate::model::{Severity, Time};
use eval::Node;

/// Something that can be filtered: a finding, a call, a request.
pub trait Row {
    /// The row's value of a field; [`Value::Missing`] where it has none.
    fn value(&self, field: Field) -> Value<'_>;
}

/// What a row has in a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing: only `!=`, `!~` and `not in` hold.
    Missing,
    /// One text.
    Text(Cow<'a, str>),
    /// Several texts, any of which may meet the test: the ids of a call, the parts of `text`.
    Texts(Vec<Cow<'a, str>>),
    /// A count, a status, milliseconds (`ms`) or seconds (`duration`).
    Number(f64),
    /// A moment.
    Time(Time),
    /// A severity.
    Severity(Severity),
}

/// A checked and compiled expression. [`std::fmt::Display`] writes it in its shortest form, which parses back to an
/// equal expression when `now` is the same (and the form is not beyond the 8 KiB that [`parse()`] reads).
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    root: Node,
}

/// Reads an expression. `now` is what ages such as `10m` count back from; nothing here looks at a clock.
///
/// # Errors
/// The first thing that is wrong, with its column and what would be right.
pub fn parse(text: &str, now: Time) -> Result<Expr, Error> {
    parse::parse(text, now).map(|root| Expr { root })
}

/// A moment written as the language takes it (RFC 3339, a date, an age counted back from `now`): its first and last
/// millisecond, so that `--until 2013-02-19` takes in the whole day.
pub fn moment(text: &str, now: Time) -> Option<(Time, Time)> {
    value::instant(text, now)
}

impl Expr {
    /// True when the row meets the expression.
    pub fn matches(&self, row: &impl Row) -> bool {
        self.root.matches(row)
    }

    /// The fields asked for, each once, in the order of [`FIELDS`].
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        self.root.collect_fields(&mut fields);
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}
