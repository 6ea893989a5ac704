//! Bodies that are no text: their size and how they begin.

use super::note;
use crate::output::fit::thousands;
use crate::output::rich::Line;
use crate::output::style::Role;

/// How much is looked at to tell.
const LOOK: usize = 4096;
/// How much is shown, and in rows of how many bytes.
const SHOWN: usize = 256;
const ROW: usize = 16;

/// True for bytes that are no text of any ASCII-based encoding.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(LOOK)];
    if head.contains(&0) {
        return true;
    }
    let text = String::from_utf8_lossy(head);
    let odd = text
        .chars()
        .filter(|c| *c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x1b'));
    odd.count() * 4 > text.chars().count()
}

/// What it is, and its first bytes in hexadecimal.
pub(super) fn summary(content_type: Option<&str>, bytes: &[u8]) -> Vec<Line> {
    let kind = content_type.map(|t| format!(" ({t})")).unwrap_or_default();
    let mut lines = vec![note(&format!("binary, {} bytes{kind}", thousands(bytes.len())))];
    for (n, row) in bytes[..bytes.len().min(SHOWN)].chunks(ROW).enumerate() {
        let hex: Vec<String> = row.iter().map(|b| format!("{b:02x}")).collect();
        let shown = row
            .iter()
            .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' });
        let mut line = Line::of(Role::Faint, &format!("{:06x}  ", n * ROW));
        line.push(Role::Plain, &format!("{:<1$}  ", hex.join(" "), ROW * 3 - 1));
        line.push(Role::Faint, &shown.collect::<String>());
        lines.push(line);
    }
    if bytes.len() > SHOWN {
        lines.push(super::sheet::rest(bytes.len() - SHOWN));
    }
    lines
}
