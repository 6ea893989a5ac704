//! One log line: the four prefixes that carry Tropo's messages, and what each does to a message's line breaks.

use crate::call::Call;
use std::io::{self, Write};

/// How lines look; spec names them A, N, P and D.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `Feb 19 15:07:40 GMT 2013 host TROPO account guid session 1 call #CAT#: …`
    Archive,
    /// `Feb 19 15:07:40 DEBUG TROPO account/guid/session/1/[call] #CAT#: …`, SIP over several lines.
    Node,
    /// `2013-02-19 15:07:40.123 DEBUG [thread] #CAT#: …`
    Prism,
    /// `00023⇥3719⇥3:07:40 PM⇥…` without category and context.
    Debugger,
}

impl Form {
    /// The form of that name on the command line.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "archive" => Some(Self::Archive),
            "node" => Some(Self::Node),
            "prism" => Some(Self::Prism),
            "debugger" => Some(Self::Debugger),
            _ => None,
        }
    }

    /// What stands for CR LF and for a lone LF inside a message.
    const fn line_breaks(self) -> (&'static str, &'static str) {
        match self {
            Self::Archive => (r"\\r\\n", r"\\n"),
            Self::Node => ("\r\n", "\n"),
            Self::Prism => (r"\r\n", r"\n"),
            Self::Debugger => (r"\r\n", ""),
        }
    }
}

/// Which ids the logging context holds when a line is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Before the session is known: all zero.
    None,
    /// The SIP stack: the call's id is still its Call-ID.
    Sip,
    /// The application's thread.
    Thread,
}

/// The bracket groups after a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// No groups.
    None,
    /// Application, sessions, Call-ID and both addresses.
    Sip,
    /// Media session, both addresses and counters.
    Mrcp,
}

/// One message of a call, to be written `gap` milliseconds after the one before.
pub struct Line {
    /// Milliseconds since the call's previous line.
    pub gap: u64,
    /// Which ids the prefix shows.
    pub context: Context,
    /// Printed by the forms that have levels.
    pub level: &'static str,
    /// `TROPO`, `SIP`, `MRCP@T`…: a `@T` marks a stack trace. Empty for the lines without a category.
    pub category: &'static str,
    /// The message, with real line breaks.
    pub body: String,
    /// The groups after it.
    pub tail: Tail,
}

/// Milliseconds since 1970 as the parts that the prefixes print.
pub struct Clock {
    /// Milliseconds since 1970, UTC.
    pub ms: u64,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Clock {
    /// Year, month from 1, day from 1.
    pub const fn date(&self) -> (u64, u64, u64) {
        // Days to civil date in the proleptic Gregorian calendar, counted in eras of 400 years from a 1 March.
        let days = self.ms / 86_400_000 + 719_468;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + days / 146_097 * 400 + (month <= 2) as u64;
        (year, month, day)
    }

    /// Hour, minute, second.
    pub const fn time(&self) -> (u64, u64, u64) {
        let seconds = self.ms / 1000 % 86_400;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// The month's English name, three letters.
    pub const fn month_name(&self) -> &'static str {
        MONTHS[self.date().1 as usize - 1]
    }

    /// `2013-02-19T15:07:40` with the given separator in the place of the `T`.
    pub fn iso(&self, separator: char) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}")
    }
}

/// Writes lines in one form and counts them.
pub struct Printer {
    form: Form,
    lines: u64,
}

impl Printer {
    /// A printer that has printed nothing.
    pub const fn new(form: Form) -> Self {
        Self { form, lines: 0 }
    }

    /// Puts the whole line, with its end, into `out`.
    pub fn print(&mut self, out: &mut Vec<u8>, at: &Clock, call: &Call, line: &Line) -> io::Result<()> {
        self.prefix(out, at, call, line)?;
        if self.form != Form::Debugger && !line.category.is_empty() {
            match line.category.strip_suffix("@T") {
                Some(category) => write!(out, "#{category}#@T: ")?,
                None => write!(out, "#{}#: ", line.category)?,
            }
        }
        self.body(out, &line.body);
        if self.form != Form::Debugger {
            call.tail(out, line)?;
        }
        out.push(b'\n');
        self.lines += 1;
        Ok(())
    }

    fn prefix(&self, out: &mut Vec<u8>, at: &Clock, call: &Call, line: &Line) -> io::Result<()> {
        let (guid, session, leg) = call.ids(line.context);
        let ((year, _, day), (hour, minute, second)) = (at.date(), at.time());
        match self.form {
            Form::Archive => write!(
                out,
                "{} {day} {hour:02}:{minute:02}:{second:02} GMT {year} {} {} {} {guid} {session} 1 {leg} ",
                at.month_name(),
                call.host,
                call.product,
                call.account
            ),
            Form::Node => write!(
                out,
                "{} {day:02} {hour:02}:{minute:02}:{second:02} {} {} {}/{guid}/{session}/1/[{leg}] ",
                at.month_name(),
                line.level,
                call.product,
                call.account
            ),
            Form::Prism => {
                write!(
                    out,
                    "{}.{:03} {} [{}] ",
                    at.iso(' '),
                    at.ms % 1000,
                    line.level,
                    call.thread(line.context)
                )
            }
            Form::Debugger => {
                let short = if guid == "0" { "0000" } else { &guid[guid.len() - 4..] };
                let (half, noon) = (if hour < 12 { "AM" } else { "PM" }, (hour + 11) % 12 + 1);
                let row = self.lines % 10_000_000;
                write!(out, "{row:05}\t{short}\t{noon}:{minute:02}:{second:02} {half}   \t")
            }
        }
    }

    fn body(&self, out: &mut Vec<u8>, body: &str) {
        let (crlf, lf) = self.form.line_breaks();
        let mut rest = body.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            out.extend_from_slice(&rest[..at]);
            let both = rest[at] == b'\r';
            out.extend_from_slice(if both { crlf } else { lf }.as_bytes());
            rest = &rest[at + 1 + usize::from(both)..];
        }
        out.extend_from_slice(rest);
    }
}
