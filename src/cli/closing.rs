//! The end of a reading command: its totals, and what could not be read where that is asked for.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Instant;

use crate::call::Call;
use crate::model::Severity;
use crate::output::json::{self, Summary};
use crate::query::Query;
use crate::session::Session;

/// The totals of a session, with the places (input, line) of the findings that are shown.
pub(super) fn summary(s: &Session, query: &Query, shown: &HashSet<(u32, u64)>, begun: Instant) -> Summary {
    let lines: u64 = s.inputs.iter().map(|i| i.lines).sum();
    let calls: Vec<&Call> = query.calls(s).collect();
    let all = Query {
        level: None,
        ..query.clone()
    };
    let count = |severity: Severity| {
        let rest = s.calls.calls.iter().filter(|c| !c.real);
        let calls = calls.iter().copied().chain(rest);
        calls
            .flat_map(|c| all.findings(s, c))
            .filter(|f| f.severity == severity)
            .count()
    };
    Summary {
        r#type: "summary",
        inputs: s.inputs.len(),
        bytes: s.inputs.iter().map(|i| i.bytes).sum(),
        lines,
        unparsed: s.calls.unparsed.iter().map(|u| u.lines).sum(),
        hidden: lines - (shown.len() as u64).min(lines),
        requests: calls.iter().map(|c| c.exchanges.len()).sum(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        calls: calls.len(),
        ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Writes what of a session could not be read.
pub(super) fn list_unparsed(session: &Session, as_json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    const AT_ONCE: usize = 1000;
    for some in session.calls.unparsed.chunks(AT_ONCE) {
        let places: Vec<_> = some.iter().map(|u| u.place).collect();
        for (u, text) in some.iter().zip(session.again(&places)) {
            if as_json {
                json::line(out, &json::unparsed(session, u, &text))?;
            } else {
                unparsed_text(session, out, u, &text)?;
            }
        }
    }
    Ok(())
}

fn unparsed_text(session: &Session, out: &mut impl Write, u: &crate::call::Unparsed, text: &[u8]) -> io::Result<()> {
    let name = session.name_of(u.place);
    let text = String::from_utf8_lossy(text);
    if u.why.is_empty() {
        for (n, line) in text.lines().enumerate() {
            let place = format!("{name}:{}: ", u.place.line + n as u64);
            writeln!(
                out,
                "{}{}",
                crate::output::safe::printable(&place),
                crate::output::safe::printable(line)
            )?;
        }
        return Ok(());
    }
    let why = format!(
        "{name}:{}: {} ({})",
        u.place.line,
        u.why,
        crate::output::text::count(u.lines as usize, "line")
    );
    writeln!(out, "{}", crate::output::safe::printable(&why))
}
