//! Form parameters as a table of names and values.

use crate::output::fit;
use crate::output::rich::{Line, Mark};
use crate::output::safe::printable;
use crate::output::style::Role;

/// Columns that names may take; a longer one pushes its own value aside.
const MOST_NAME: usize = 24;

/// One line a parameter, in order; repeated names stay, and an empty value is said to be empty.
pub fn form(params: &[(String, String)]) -> Vec<Line> {
    if params.is_empty() {
        return vec![Line::of(Role::Faint, "(no parameters)").marked(Mark::Note)];
    }
    let widths = params.iter().map(|(name, _)| fit::width(&printable(name)));
    let column = widths.filter(|w| *w <= MOST_NAME).max().unwrap_or(0);
    params
        .iter()
        .map(|(name, value)| parameter(name, value, column))
        .collect()
}

fn parameter(name: &str, value: &str, column: usize) -> Line {
    let mut line = Line::of(Role::Name, name);
    let gap = 2 + column.saturating_sub(line.width());
    line.push(Role::Plain, &" ".repeat(gap));
    match value {
        "" => line.push(Role::Faint, "(empty)"),
        _ => line.push(Role::Text, value),
    }
    line
}
