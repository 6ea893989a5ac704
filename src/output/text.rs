//! Results for people: per call a heading, its findings with evidence and advice, and the command that sends a failed
//! request again. Fits the width it is given; everything from outside goes through [`printable`].

#![allow(clippy::missing_errors_doc, reason = "every error here is the writer's")]

use std::fmt::Write as _;
use std::io::{self, Write};

use super::caret;
use super::changes;
pub use super::fit::count;
use super::fit::{self, brief, cut, fit, length, moment, people, short, thousands, width, wrap};
use super::json::{Summary, body_text};
use super::kept::Kept;
use super::safe::{printable, printable_lines};
use super::style::{Paint, Role};
use crate::call::{Call, Exchange, Finding};
use crate::model::{Payload, Problem, RequestKind, Severity, Verdict};
use crate::replay::{Plan, Sent};
use crate::session::{Detail, Session};

/// How to print.
#[derive(Clone, Debug)]
pub struct Page {
    /// Colours or none.
    pub paint: Paint,
    /// Columns.
    pub width: usize,
    /// What the user named as inputs, quoted for a shell, for commands to type.
    pub inputs: String,
    /// Where replays go, for commands to type; none when the environment says it.
    pub target: Option<String>,
}

/// A longer time between the first and the last word of a call says nothing (milliseconds).
const LONGEST_CALL: i64 = 86_400_000;

/// So many places of an answer are shown below its verdict.
const MARKED: usize = 3;

/// Where the text of a finding begins.
const INDENT: usize = 11;

impl Page {
    /// A call's heading: who, when, how long, how it ended.
    pub fn heading(&self, out: &mut impl Write, session: &Session, call: &Call) -> io::Result<()> {
        if !call.real {
            return writeln!(out, "{}", self.paint.role(Role::Heading, "Not part of a call"));
        }
        let title = format!("{} {}", call.provider, call.id);
        writeln!(out, "{}", self.paint.role(Role::Heading, printable(&title)))?;
        self.wrapped(out, 2, Role::Faint, &facts(call).join(" · "))?;
        if let Some(app) = &call.app {
            self.wrapped(out, 2, Role::Faint, app)?;
        }
        let _ = session;
        Ok(())
    }

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

    /// One line of the table of calls; widths come from [`Columns`].
    pub fn call(&self, out: &mut impl Write, session: &Session, call: &Call, columns: &Columns) -> io::Result<()> {
        let worst = session
            .calls
            .findings_of(call)
            .filter(|f| !f.hidden && !f.noise)
            .max_by_key(|f| f.severity);
        let mark = match worst.map(|f| f.severity) {
            Some(Severity::Error) => self.paint.role(Role::Error, "E"),
            Some(Severity::Warning) => self.paint.role(Role::Warning, "W"),
            _ => self.paint.role(Role::Faint, "·"),
        };
        let time = fit(&brief(call.started).unwrap_or_else(|| "-".to_owned()), columns.time);
        let id = fit(&short(&call.id.to_string()), columns.id);
        let who = fit(&people(call).unwrap_or_default(), columns.people);
        let state = call.state.as_deref().map(str::to_lowercase).unwrap_or_default();
        let what = match worst.filter(|f| f.severity >= Severity::Warning) {
            Some(f) => f.title.to_string(),
            None => state,
        };
        let requests = format!("{:>4}", call.exchanges.len());
        let what = fit(&what, columns.what);
        writeln!(out, "{mark} {time}  {id}  {who}  {requests}  {}", what.trim_end())
    }

    /// A request in the story of a call.
    pub fn exchange(&self, out: &mut impl Write, e: &Exchange, d: &Detail) -> io::Result<()> {
        let clock = e.at.clock().unwrap_or_else(|| "        ".to_owned());
        let method = e.method.as_deref().unwrap_or("?");
        let url = e.url.as_deref().unwrap_or("(no URL)");
        let kind = (e.kind != RequestKind::Unknown).then(|| e.kind.as_str().to_owned());
        let step = e.step.map(|s| {
            let word = s.event.as_str();
            if s.certain {
                word.to_owned()
            } else {
                format!("likely {word}")
            }
        });
        let facts: Vec<String> = kind.into_iter().chain(step).collect();
        let line = match facts.as_slice() {
            [] => format!("{method} {url}"),
            _ => format!("{method} {url} ({})", facts.join(", ")),
        };
        for (n, part) in wrap(&line, self.room(INDENT)).into_iter().enumerate() {
            let lead = if n == 0 {
                format!("{clock} ▶ ")
            } else {
                " ".repeat(INDENT)
            };
            writeln!(out, "{}{part}", self.paint.role(Role::Faint, lead))?;
        }
        self.params(out, d)?;
        self.answer(out, e, d)
    }

    fn params(&self, out: &mut impl Write, d: &Detail) -> io::Result<()> {
        match &d.request.payload {
            Payload::Form(p) => {
                let shown: Vec<String> = p
                    .iter()
                    .filter(|(n, v)| interesting(n) && !v.is_empty())
                    .map(|(n, v)| format!("{n}={v}"))
                    .collect();
                if !shown.is_empty() {
                    self.wrapped(out, INDENT, Role::Faint, &shown.join("  "))?;
                }
            }
            Payload::Json(_) => {
                if let Some(body) = body_text(d) {
                    self.quoted(out, &body, 2)?;
                }
            }
            Payload::Empty => {}
        }
        Ok(())
    }

    fn answer(&self, out: &mut impl Write, e: &Exchange, d: &Detail) -> io::Result<()> {
        let role = if e.outcome.failed() { Role::Error } else { Role::Good };
        let mut said = e.outcome.as_str().to_owned();
        if let Some(s) = e.status {
            said = format!("{s} {said}");
        }
        if let Some(ms) = e.ms {
            let _ = write!(said, " in {ms} ms");
        }
        writeln!(
            out,
            "{:>8} {} {}",
            "",
            self.paint.role(role, "◀"),
            self.paint.role(role, said)
        )?;
        if let Some(body) = d
            .response
            .as_ref()
            .and_then(|r| r.body.as_deref())
            .filter(|b| !b.trim().is_empty())
        {
            self.quoted(out, body, 4)?;
        }
        Ok(())
    }

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

    /// A replay that was kept, below its request.
    pub fn replayed(&self, out: &mut impl Write, kept: &Kept) -> io::Result<()> {
        let (word, role) = kept.word();
        let problem = kept.problem().filter(|_| !kept.pass);
        let problem = problem.map(|p| format!(" {p}")).unwrap_or_default();
        self.wrapped(
            out,
            INDENT,
            role,
            &format!("replayed {} {word}{problem}", kept.became()),
        )?;
        match changes::line(&kept.edits) {
            Some(line) => self.wrapped(out, INDENT + 2, Role::Faint, &line),
            None => Ok(()),
        }
    }

    /// The closing line of a reading command.
    pub fn summary(&self, out: &mut impl Write, s: &Summary, shown: usize, calls_with: usize) -> io::Result<()> {
        let mut parts = vec![
            count(s.lines as usize, "line"),
            format!("{} hidden", thousands(s.hidden as usize)),
        ];
        if s.unparsed > 0 {
            parts.push(format!("{} unparsed", thousands(s.unparsed as usize)));
        }
        parts.push(format!(
            "{} in {} of {}",
            count(shown, "finding"),
            thousands(calls_with),
            count(s.calls, "call")
        ));
        parts.push(format!("{:.1} s", s.ms as f64 / 1000.0));
        let mut line = String::new();
        for part in parts {
            // Broken between its parts only: a number stays with its word.
            if !line.is_empty() && width(&line) + 3 + width(&part) > self.width {
                writeln!(out, "{} ·", self.paint.role(Role::Faint, std::mem::take(&mut line)))?;
            }
            let gap = if line.is_empty() { "" } else { " · " };
            line = line + gap + &part;
        }
        writeln!(out, "{}", self.paint.role(Role::Faint, line))
    }

    /// Columns behind a margin; on a page that is too narrow for anything, still enough for a word.
    fn room(&self, indent: usize) -> usize {
        self.width.saturating_sub(indent).max(10)
    }

    /// Text from outside behind a bar, at most so many lines.
    fn quoted(&self, out: &mut impl Write, text: &str, most: usize) -> io::Result<()> {
        let width = self.room(INDENT + 2);
        let lines: Vec<String> = text.lines().flat_map(|l| wrap(l, width)).take(most + 1).collect();
        for (n, line) in lines.iter().take(most).enumerate() {
            let more = n + 1 == most && lines.len() > most;
            let line = if more {
                format!("{}…", cut(line, width.saturating_sub(1)))
            } else {
                line.clone()
            };
            writeln!(out, "{:INDENT$}{} {line}", "", self.paint.role(Role::Faint, "│"))?;
        }
        Ok(())
    }

    /// A paragraph behind a margin.
    pub fn wrapped(&self, out: &mut impl Write, indent: usize, role: Role, text: &str) -> io::Result<()> {
        for line in wrap(text, self.room(indent)) {
            writeln!(out, "{:indent$}{}", "", self.paint.role(role, line))?;
        }
        Ok(())
    }
}

/// Parameters that tell a person what the caller did; geography and ids do not.
fn interesting(name: &str) -> bool {
    matches!(
        name,
        "Digits"
            | "SpeechResult"
            | "FinishedOnKey"
            | "CallStatus"
            | "DialCallStatus"
            | "RecordingUrl"
            | "Body"
            | "msg"
            | "MessageStatus"
            | "SmsStatus"
            | "ErrorCode"
            | "ErrorUrl"
            | "RecordingStatus"
            | "From"
            | "To"
            | "Confidence"
    )
}

/// Widths of the table of calls.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    time: usize,
    id: usize,
    people: usize,
    what: usize,
}

impl Columns {
    /// Fits the calls into a page.
    pub fn of<'a>(calls: impl Iterator<Item = &'a Call>, width: usize) -> Self {
        let (mut time, mut id, mut who) = (4, 4, 0);
        for c in calls {
            time = time.max(brief(c.started).map_or(1, |m| fit::width(&m)));
            id = id.max(fit::width(&short(&c.id.to_string())));
            who = who.max(people(c).map_or(0, |p| fit::width(&p)));
        }
        // What went wrong needs room too: callers give way.
        let fixed = 2 + time + 2 + id + 2 + 2 + 4 + 2;
        let who = if who == 0 {
            0
        } else {
            who.max(9).min(width.saturating_sub(fixed + 26).max(9))
        };
        Self {
            time,
            id,
            people: who,
            what: width.saturating_sub(fixed + who).max(12),
        }
    }

    /// The table's head.
    pub fn head(&self) -> String {
        format!(
            "  {}  {}  {}  {:>4}  {}",
            fit("when", self.time),
            fit("call", self.id),
            fit("from → to", self.people),
            "req",
            "what"
        )
    }
}

/// What a heading says of a call: when, how long, who, how it ended, how much there is.
pub fn facts(call: &Call) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(moment(call.started));
    facts.extend(call.duration().filter(|ms| (0..LONGEST_CALL).contains(ms)).map(length));
    facts.extend(people(call));
    facts.extend(call.state.as_deref().map(ending));
    facts.extend(
        call.parent
            .as_ref()
            .map(|p| format!("leg of {}", short(&p.to_string()))),
    );
    facts.push(count(call.lines as usize, "line"));
    if !call.exchanges.is_empty() {
        facts.push(count(call.exchanges.len(), "request"));
    }
    facts
}

/// `ended completed`, or `last state in-progress` for a state that is no end.
fn ending(state: &str) -> String {
    let state = state.to_lowercase();
    let open = [
        "queued",
        "ringing",
        "answering",
        "answered",
        "in-progress",
        "received",
        "accepted",
        "sending",
        "sent",
    ];
    if open.contains(&state.as_str()) {
        format!("last state {state}")
    } else {
        format!("ended {state}")
    }
}
