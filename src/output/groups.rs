//! Groups of findings, one cause each, as blocks of text and as JSON lines.

use std::io::{self, Write};

use serde::Serialize;

use super::style::Role;
use super::text::{Page, count};
use crate::call::Finding;
use crate::model::Time;
use crate::session::Session;
use crate::session::groups::Group;

/// Where the text of a group begins.
const INDENT: usize = 11;

#[derive(Serialize)]
struct GroupLine<'a> {
    r#type: &'static str,
    id: String,
    code: &'a str,
    class: &'a str,
    title: &'a str,
    severity: &'static str,
    method: Option<&'a str>,
    endpoint: Option<&'a str>,
    answer: &'a str,
    count: u64,
    calls: usize,
    requests: usize,
    first: Option<String>,
    last: Option<String>,
    example: ExampleLine<'a>,
}

#[derive(Serialize)]
struct ExampleLine<'a> {
    call: String,
    request: Option<String>,
    rule: &'a str,
}

/// A `group`.
pub fn group<'a>(session: &'a Session, g: &'a Group) -> impl Serialize + 'a {
    let example = example(session, g);
    let time = |t: Option<Time>| t.map(|t| t.to_string());
    GroupLine {
        r#type: "group",
        id: g.name(),
        code: &g.code,
        class: &g.class,
        title: &g.title,
        severity: g.severity.as_str(),
        method: g.method.as_deref(),
        endpoint: g.endpoint.as_deref(),
        answer: &g.answer,
        count: g.count,
        calls: g.calls.len(),
        requests: g.requests.len(),
        first: time(g.first),
        last: time(g.last),
        example: ExampleLine {
            call: session.calls.calls[example.call as usize].id.to_string(),
            request: request(session, example),
            rule: &example.rule,
        },
    }
}

fn example<'a>(session: &'a Session, g: &Group) -> &'a Finding {
    &session.calls.findings[g.example as usize]
}

fn request(session: &Session, f: &Finding) -> Option<String> {
    f.exchange.map(|n| session.calls.exchanges[n as usize].name())
}

impl Page {
    /// A group: how often, what went wrong, where, what was answered, when, and a call to look at.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn group(&self, out: &mut impl Write, session: &Session, g: &Group) -> io::Result<()> {
        let often = format!("{:>7} × ", super::fit::thousands(g.count as usize));
        let code = if g.code == g.class {
            format!("[{}]", g.class)
        } else {
            format!("[{} {}]", g.code, g.class)
        };
        let title = format!("{} {code}", g.title);
        for (n, line) in super::fit::wrap(&title, self.width.saturating_sub(INDENT).max(10))
            .into_iter()
            .enumerate()
        {
            let lead = match n {
                0 => self
                    .paint
                    .role(g.severity.into(), format!("{often:<INDENT$}"))
                    .to_string(),
                _ => " ".repeat(INDENT),
            };
            writeln!(out, "{lead}{}", self.paint.role(Role::Heading, line))?;
        }
        if let Some(endpoint) = &g.endpoint {
            let method = g.method.as_deref().unwrap_or("?");
            self.wrapped(out, INDENT, Role::Plain, &format!("{method} {endpoint}"))?;
        }
        if !g.answer.is_empty() {
            let answer = super::safe::printable(&g.answer);
            let room = self.width.saturating_sub(INDENT + 2).max(10);
            let line = super::fit::fit(&answer, room);
            writeln!(
                out,
                "{:INDENT$}{}",
                "",
                self.paint.role(Role::Faint, format!("│ {}", line.trim_end()))
            )?;
        }
        self.wrapped(out, INDENT, Role::Faint, &facts(g).join(" · "))?;
        let example = example(session, g);
        let call = &session.calls.calls[example.call as usize];
        if call.real {
            let text = format!("example: call {}", call.id);
            self.wrapped(out, INDENT, Role::Faint, &text)?;
        }
        if let Some(n) = example.exchange {
            self.again(out, &session.calls.exchanges[n as usize])?;
        }
        writeln!(out)
    }
}

/// Calls, requests, and when.
fn facts(g: &Group) -> Vec<String> {
    let mut facts = Vec::new();
    if !g.calls.is_empty() {
        facts.push(count(g.calls.len(), "call"));
    }
    if !g.requests.is_empty() {
        facts.push(count(g.requests.len(), "request"));
    }
    let short = |t: Time| t.to_string()[..19].replace('T', " ");
    match (g.first, g.last) {
        (Some(a), Some(b)) if a != b => facts.push(format!("{} to {}", short(a), short(b))),
        (Some(a), _) => facts.push(short(a)),
        _ => {}
    }
    facts
}
