//! A replay and its verdict: what was sent where, what is wrong with the answer, and the lines of it that are meant.

use std::io::{self, Write};

use super::super::caret;
use super::super::fit::{cut, wrap};
use super::super::safe::printable_lines;
use super::super::style::Role;
use super::Page;
use crate::call::Exchange;
use crate::model::{Problem, Verdict};
use crate::replay::{Plan, Sent};

/// So many places of an answer are shown below its verdict.
const MARKED: usize = 3;

impl Page {
    /// What became of a replay.
    pub fn replay(
        &self,
        out: &mut impl Write,
        e: &Exchange,
        plan: &Plan,
        sent: &Sent,
        verdict: &Verdict,
    ) -> io::Result<()> {
        let (word, role) = if verdict.pass() {
            ("PASS", Role::Good)
        } else {
            ("FAIL", Role::Error)
        };
        let answer = match (sent.status, &sent.error) {
            (Some(s), None) => format!("{s} in {} ms", sent.ms),
            _ => "no answer".to_owned(),
        };
        let line = format!("{} {} → {answer} (was {})", plan.method, plan.url, e.outcome.as_str());
        for (n, part) in wrap(&line, self.room(6)).into_iter().enumerate() {
            match n {
                0 => writeln!(out, "{}  {part}", self.paint.role(role, word))?,
                _ => writeln!(out, "      {part}")?,
            }
        }
        let signature = match &plan.signed_url {
            Some(url) => format!("signature {} for {url}", plan.signature.as_str()),
            None => format!("signature {}", plan.signature.as_str()),
        };
        self.wrapped(out, 6, Role::Faint, &format!("{} · {signature}", e.name()))?;
        self.problems(out, sent, verdict)
    }

    /// What is wrong with an answer, and its beginning where no problem has a place in it.
    fn problems(&self, out: &mut impl Write, sent: &Sent, verdict: &Verdict) -> io::Result<()> {
        let body = String::from_utf8_lossy(&sent.body);
        let mut marked = 0;
        for p in &verdict.problems {
            let place = match (p.line, p.column) {
                (Some(l), Some(c)) => format!("line {l}, column {c}: "),
                (Some(l), None) => format!("line {l}: "),
                _ => String::new(),
            };
            let code = p.code.as_deref().map(|c| format!("{c} ")).unwrap_or_default();
            self.wrapped(
                out,
                6,
                p.severity.into(),
                &format!("{}: {code}{place}{}", p.severity, p.message),
            )?;
            if marked < MARKED {
                marked += usize::from(self.marked(out, &body, p)?);
            }
        }
        if !verdict.pass() && marked == 0 {
            for line in printable_lines(&body).take(6) {
                let line = cut(&line, self.width.saturating_sub(8));
                writeln!(out, "      {}", self.paint.role(Role::Faint, format!("│ {line}")))?;
            }
        }
        Ok(())
    }

    /// The line of an answer that a problem is in, with a caret; false where it has no place.
    fn marked(&self, out: &mut impl Write, body: &str, p: &Problem) -> io::Result<bool> {
        let place = p.line.zip(p.column);
        let shown = place.and_then(|(l, c)| caret::show(body, l, c, self.width.saturating_sub(8).max(16)));
        let Some(shown) = shown else {
            return Ok(false);
        };
        let line = format!("│ {}", shown.line);
        let caret = format!("{}^", " ".repeat(shown.caret));
        writeln!(out, "      {}", self.paint.role(Role::Faint, line))?;
        let bar = self.paint.role(Role::Faint, "│ ");
        writeln!(out, "      {bar}{}", self.paint.role(Role::Fault, caret))?;
        Ok(true)
    }
}
