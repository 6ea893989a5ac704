//! What the user asked to see: which calls, requests and findings of a session are in view.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::call::{Call, Exchange, Finding, When};
use crate::filter::expr::{Expr, Field, Row, Value};
use crate::model::{Severity, Time};
use crate::session::Session;

/// Narrows a session. The default shows all.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Not before.
    pub since: Option<Time>,
    /// Not after.
    pub until: Option<Time>,
    /// Calls by number; none for all.
    pub calls: Option<HashSet<u32>>,
    /// At least this severe.
    pub level: Option<Severity>,
    /// The filter language.
    pub filter: Option<Expr>,
}

/// Why `--call` names no calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing has that id.
    #[error("no call has the id `{0}`")]
    NotFound(String),
    /// Too short to look for as a part.
    #[error("no call has the id `{0}`, and a part of an id needs at least 4 characters")]
    TooShort(String),
    /// Several calls have it.
    #[error("`{id}` is part of the ids of {count} calls: {some}; give more of it")]
    Ambiguous {
        /// As given.
        id: String,
        /// How many.
        count: usize,
        /// A few of them.
        some: String,
    },
}

/// The calls that an id names: the call itself, else those that have it among their ids, else the one call of which it
/// is a part.
///
/// # Errors
///
/// No call has this id, or several have it as a part.
pub fn calls_by_id(session: &Session, id: &str) -> Result<HashSet<u32>, CallError> {
    let of = |test: &dyn Fn(&Call) -> bool| -> HashSet<u32> {
        session.calls.iter().filter(|c| test(c)).map(|c| c.index).collect()
    };
    let texts = |c: &Call| c.ids().map(ToString::to_string).collect::<Vec<_>>();
    let named = of(&|c| c.id.to_string().eq_ignore_ascii_case(id));
    if !named.is_empty() {
        return Ok(named);
    }
    let exact = of(&|c| texts(c).iter().any(|t| t.eq_ignore_ascii_case(id)));
    if !exact.is_empty() {
        return Ok(exact);
    }
    if id.chars().count() < 4 {
        return Err(CallError::TooShort(id.to_owned()));
    }
    let part = id.to_ascii_lowercase();
    let parts = of(&|c| texts(c).iter().any(|t| t.to_ascii_lowercase().contains(&part)));
    match parts.len() {
        0 => Err(CallError::NotFound(id.to_owned())),
        1 => Ok(parts),
        count => {
            let mut some: Vec<String> = parts
                .iter()
                .map(|&n| session.calls.calls[n as usize].id.to_string())
                .collect();
            some.sort();
            some.truncate(3);
            Err(CallError::Ambiguous {
                id: id.to_owned(),
                count,
                some: some.join(", ") + if count > 3 { ", …" } else { "" },
            })
        }
    }
}

impl Query {
    /// Calls in view: those of the right id and time that the filter takes, by their own row or by one of their
    /// findings or requests.
    pub fn calls<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = &'a Call> {
        session.calls.iter().filter(move |c| {
            self.by_call(c) && self.overlaps(c) && self.filter.as_ref().is_none_or(|f| takes_call(session, c, f))
        })
    }

    /// Findings in view, call by call. Lines that belong to no call come last.
    pub fn findings<'a>(&'a self, session: &'a Session, call: &'a Call) -> impl Iterator<Item = &'a Finding> {
        session.calls.findings_of(call).filter(move |f| {
            !f.hidden
                && (!f.noise || self.level == Some(Severity::Info))
                && self.level.is_none_or(|l| f.severity >= l)
                && self.by_call(call)
                && self.at(f.at)
                && self.filter.as_ref().is_none_or(|x| {
                    x.matches(&FindingRow {
                        session,
                        call,
                        finding: f,
                    })
                })
        })
    }

    /// Requests of a call in view.
    pub fn exchanges<'a>(&'a self, session: &'a Session, call: &'a Call) -> impl Iterator<Item = &'a Exchange> {
        session.calls.exchanges_of(call).filter(move |e| {
            self.by_call(call)
                && self.at(e.at)
                && self.filter.as_ref().is_none_or(|x| {
                    x.matches(&ExchangeRow {
                        session,
                        call,
                        exchange: e,
                    })
                })
        })
    }

    fn by_call(&self, call: &Call) -> bool {
        self.calls.as_ref().is_none_or(|set| set.contains(&call.index))
    }

    /// Whether a moment is in view; what has no time is.
    fn at(&self, when: When) -> bool {
        when.time()
            .is_none_or(|t| self.since.is_none_or(|s| t >= s) && self.until.is_none_or(|u| t <= u))
    }

    fn overlaps(&self, call: &Call) -> bool {
        let from = call.started.time();
        let to = call.ended.time().or(from);
        self.since.is_none_or(|s| to.is_none_or(|t| t >= s)) && self.until.is_none_or(|u| from.is_none_or(|f| f <= u))
    }

    /// Whether the filter asks for callers, which must then be looked up.
    pub fn asks_for_people(&self) -> bool {
        let people = [Field::From, Field::To, Field::Direction, Field::App, Field::Outcome];
        self.filter
            .as_ref()
            .is_some_and(|f| f.fields().iter().any(|x| people.contains(x)))
    }
}

fn takes_call(session: &Session, call: &Call, filter: &Expr) -> bool {
    filter.matches(&CallRow { session, call })
        || session
            .calls
            .findings_of(call)
            .any(|finding| !finding.hidden && !finding.noise && filter.matches(&FindingRow { session, call, finding }))
        || session.calls.exchanges_of(call).any(|exchange| {
            filter.matches(&ExchangeRow {
                session,
                call,
                exchange,
            })
        })
}

/// The values that a field has in the session: of its calls, findings and requests, as often as they occur. Moments and numbers
/// are left out: nobody chooses among those.
pub fn values(session: &Session, field: Field) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |value: Value<'_>| match value {
        Value::Text(t) => out.push(t.into_owned()),
        Value::Texts(t) => out.extend(t.into_iter().map(Cow::into_owned)),
        Value::Severity(s) => out.push(s.as_str().to_owned()),
        Value::Missing | Value::Number(_) | Value::Time(_) => {}
    };
    for call in session.calls.iter() {
        let row = CallRow { session, call };
        let of_call = row.value(field);
        let known = !matches!(of_call, Value::Missing);
        add(of_call);
        if known && !matches!(field, Field::Outcome | Field::Source) {
            continue;
        }
        for finding in session.calls.findings_of(call).filter(|f| !f.hidden && !f.noise) {
            add(FindingRow { session, call, finding }.value(field));
        }
        for exchange in session.calls.exchanges_of(call) {
            add(ExchangeRow {
                session,
                call,
                exchange,
            }
            .value(field));
        }
    }
    out
}

struct CallRow<'a> {
    session: &'a Session,
    call: &'a Call,
}

struct FindingRow<'a> {
    session: &'a Session,
    call: &'a Call,
    finding: &'a Finding,
}

struct ExchangeRow<'a> {
    session: &'a Session,
    call: &'a Call,
    exchange: &'a Exchange,
}

fn text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Missing, |t| Value::Text(Cow::Borrowed(t)))
}

fn number(value: Option<f64>) -> Value<'static> {
    value.map_or(Value::Missing, Value::Number)
}

fn moment(when: When) -> Value<'static> {
    when.time().map_or(Value::Missing, Value::Time)
}

/// What every row of a call has.
fn of_call<'a>(session: &'a Session, c: &'a Call, field: Field) -> Value<'a> {
    let count = |s: Severity| {
        session
            .calls
            .findings_of(c)
            .filter(|f| !f.hidden && !f.noise && f.severity == s)
            .count() as f64
    };
    match field {
        Field::Call => Value::Texts(c.ids().map(|i| Cow::Owned(i.to_string())).collect()),
        Field::Provider => text(Some(c.provider.as_str())),
        Field::At => moment(c.started),
        Field::From => text(c.from.as_deref()),
        Field::To => text(c.to.as_deref()),
        Field::App => text(c.app.as_deref()),
        Field::Direction => text(c.direction.as_deref()),
        Field::Outcome => text(c.state.as_deref()),
        Field::Source => c.ranges.first().map_or(Value::Missing, |r| {
            text(session.inputs.get(r.input as usize).map(|i| i.source.name.as_str()))
        }),
        Field::Errors => Value::Number(count(Severity::Error)),
        Field::Warnings => Value::Number(count(Severity::Warning)),
        Field::Requests => Value::Number(c.exchanges.len() as f64),
        Field::Duration => number(c.duration().map(|ms| ms as f64 / 1000.0)),
        _ => Value::Missing,
    }
}

/// What every row of a request has.
fn of_exchange<'a>(session: &'a Session, call: &'a Call, e: &'a Exchange, field: Field) -> Value<'a> {
    let url = e.url.as_deref();
    match field {
        Field::At => moment(e.at),
        Field::Outcome => text(Some(e.outcome.as_str())),
        Field::Url => text(url),
        Field::Path => url.map_or(Value::Missing, |u| {
            Value::Text(Cow::Owned(crate::call::host_and_path(u).1))
        }),
        Field::Host => url.map_or(Value::Missing, |u| {
            Value::Text(Cow::Owned(crate::call::host_and_path(u).0))
        }),
        Field::Method => text(e.method.as_deref()),
        Field::Kind => text(Some(e.kind.as_str())),
        Field::Event => text(e.step.map(|s| s.event.as_str())),
        Field::Status => number(e.status.map(f64::from)),
        Field::Ms => number(e.ms.map(f64::from)),
        Field::Request => Value::Text(Cow::Owned(e.name())),
        Field::Source => text(Some(session.name_of(e.place))),
        Field::Line => Value::Number(e.place.line as f64),
        Field::Text => Value::Texts(url.into_iter().map(Cow::Borrowed).collect()),
        _ => of_call(session, call, field),
    }
}

impl Row for CallRow<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        of_call(self.session, self.call, field)
    }
}

impl Row for ExchangeRow<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        of_exchange(self.session, self.call, self.exchange, field)
    }
}

impl Row for FindingRow<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        let f = self.finding;
        let exchange = f.exchange.map(|n| &self.session.calls.exchanges[n as usize]);
        match field {
            Field::Severity => Value::Severity(f.severity),
            Field::Code => text(Some(&f.code)),
            Field::Class => text(Some(&f.class)),
            Field::Rule => text(Some(&f.rule)),
            Field::Title => text(Some(&f.title)),
            Field::Advice => text(Some(&f.advice)),
            Field::At => moment(f.at),
            Field::Source => text(Some(self.session.name_of(f.place))),
            Field::Line => Value::Number(f.place.line as f64),
            Field::Text => {
                let url = exchange.and_then(|e| e.url.as_deref());
                let texts = [
                    Some(&*f.title),
                    Some(&*f.evidence),
                    Some(&*f.code),
                    Some(&*f.class),
                    url,
                ];
                Value::Texts(texts.into_iter().flatten().map(Cow::Borrowed).collect())
            }
            _ => match exchange {
                Some(e) => of_exchange(self.session, self.call, e, field),
                None => of_call(self.session, self.call, field),
            },
        }
    }
}
