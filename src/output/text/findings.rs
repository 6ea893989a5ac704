//! Findings for people: what went wrong, the decisive text, what to look at first, and the command that sends the request again.

use std::io::{self, Write};

use super::super::fit::{width, wrap};
use super::super::safe::printable;
use super::super::style::Role;
use super::{INDENT, Page};
use crate::call::{Exchange, Finding};
use crate::session::Session;

impl Page {
    /// A finding: severity, what went wrong, the decisive text, what to look at first, where, and the command.
    pub fn finding(&self, out: &mut impl Write, session: &Session, f: &Finding, extra: &[String]) -> io::Result<()> {
        let word = self
            .paint
            .role(f.severity.into(), format!("{:<9}", f.severity.as_str().to_uppercase()));
        let times = if f.count > 1 {
            format!(" (×{})", f.count)
        } else {
            String::new()
        };
        let code = if f.code == f.class {
            format!("[{}]", f.class)
        } else {
            format!("[{} {}]", f.code, f.class)
        };
        let title = format!("{}{times} {code}", f.title);
        for (n, line) in wrap(&title, self.room(INDENT)).into_iter().enumerate() {
            match n {
                0 => writeln!(out, "  {word}{}", self.paint.role(Role::Heading, line))?,
                _ => writeln!(out, "{:INDENT$}{}", "", self.paint.role(Role::Heading, line))?,
            }
        }
        if !f.evidence.is_empty() && !f.title.contains(&*f.evidence) {
            self.quoted(out, &f.evidence, 3)?;
        }
        for line in extra {
            self.quoted(out, line, 1)?;
        }
        if !f.advice.is_empty() {
            self.wrapped(out, INDENT, Role::Good, &format!("→ {}", f.advice))?;
        }
        let at = f.at.clock().map(|c| format!("{c} ")).unwrap_or_default();
        let place = format!("{at}{}:{} · rule {}", session.name_of(f.place), f.place.line, f.rule);
        self.wrapped(out, INDENT, Role::Faint, &place)?;
        if let Some(n) = f.exchange {
            self.again(out, &session.calls.exchanges[n as usize])?;
        }
        Ok(())
    }

    /// The command that sends a request again, or why there is none.
    pub fn again(&self, out: &mut impl Write, e: &Exchange) -> io::Result<()> {
        if let Some(why) = e.why_not {
            return self.wrapped(out, INDENT, Role::Faint, &format!("cannot be sent again: {why}"));
        }
        let command = format!("redial replay {}--request {}", self.inputs, e.name());
        let to = self.target.as_ref().map(|t| format!("--to {t}")).unwrap_or_default();
        let command = printable(&command);
        // A command that is too long for its line is broken as a shell takes it.
        if INDENT + width(&command) + 1 + width(&to) <= self.width || to.is_empty() {
            let line = format!("{command} {to}");
            return writeln!(out, "{:INDENT$}{}", "", self.paint.role(Role::Command, line.trim_end()));
        }
        writeln!(
            out,
            "{:INDENT$}{}",
            "",
            self.paint.role(Role::Command, format!("{command} \\"))
        )?;
        writeln!(out, "{:INDENT$}  {}", "", self.paint.role(Role::Command, to))
    }
}
