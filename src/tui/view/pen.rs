//! Writing on the screen: the one place where text meets the terminal's cells, and where it is made printable.
//!
//! [`keyboard_signs`] goes over the finished picture where the terminal has none but the keyboard's signs: whatever the text and
//! wherever it was written, no other is left.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::theme::Theme;
use crate::output::fit;
use crate::output::rich::{Line, Needle};
use crate::output::safe::printable;
use crate::output::style::Role;

/// Writes one row from left to right; what does not fit is cut with a sign.
pub(super) struct Pen<'b> {
    buffer: &'b mut Buffer,
    theme: Theme,
    x: u16,
    y: u16,
    right: u16,
}

impl<'b> Pen<'b> {
    /// At the beginning of a row of an area; nothing is written outside of it.
    pub(super) fn new(buffer: &'b mut Buffer, theme: Theme, area: Rect, row: u16) -> Self {
        let inside = row < area.height;
        Self {
            buffer,
            theme,
            x: area.x,
            y: area.y + row,
            right: if inside { area.right() } else { area.x },
        }
    }

    /// Columns left.
    pub(super) fn left(&self) -> usize {
        usize::from(self.right.saturating_sub(self.x))
    }

    /// Writes a text from anywhere.
    pub(super) fn text(&mut self, role: Role, text: &str) -> &mut Self {
        let style = self.theme.of(role);
        self.styled(style, text)
    }

    /// Writes a text in a style.
    pub(super) fn styled(&mut self, style: Style, text: &str) -> &mut Self {
        let left = self.left();
        if left == 0 || text.is_empty() {
            return self;
        }
        let text = printable(text);
        let shown = if fit::width(&text) > left {
            std::borrow::Cow::Owned(fit::fit(&text, left))
        } else {
            text
        };
        let (x, _) = self.buffer.set_stringn(self.x, self.y, &shown, left, style);
        self.x = x;
        self
    }

    /// Writes a text exactly so wide.
    pub(super) fn cell(&mut self, role: Role, text: &str, width: usize) -> &mut Self {
        let width = width.min(self.left());
        if width > 0 {
            let shown = fit::fit(text, width);
            self.text(role, &shown);
        }
        self
    }

    /// Leaves columns free.
    pub(super) fn skip(&mut self, columns: usize) -> &mut Self {
        self.x = self.x.saturating_add(columns as u16).min(self.right);
        self
    }

    /// Goes to a column counted from the left of the screen; never back.
    pub(super) fn to(&mut self, column: u16) -> &mut Self {
        self.x = self.x.max(column).min(self.right);
        self
    }

    /// Writes a line with its roles, hits of a search marked.
    pub(super) fn line(&mut self, line: &Line, needle: Option<&Needle>) -> &mut Self {
        let marked;
        let line = match needle {
            Some(n) if n.is_in(&line.text()) => {
                marked = line.with_matches(n);
                &marked
            }
            _ => line,
        };
        for span in &line.spans {
            self.text(span.role, &span.text);
        }
        self
    }

    /// Writes a text of one role with hits of a search marked.
    pub(super) fn found(&mut self, role: Role, text: &str, needle: Option<&Needle>) -> &mut Self {
        match needle {
            Some(n) if n.is_in(text) => {
                let left = self.left();
                let shown = fit::fit(text, fit::width(&printable(text)).min(left));
                self.line(&Line::of(role, &shown), needle)
            }
            _ => self.text(role, text),
        }
    }
}

/// Gives a row of an area a style, on top of what is written there.
pub(super) fn paint(buffer: &mut Buffer, area: Rect, row: u16, style: Style) {
    if row < area.height {
        buffer.set_style(
            Rect {
                y: area.y + row,
                height: 1,
                ..area
            },
            style,
        );
    }
}

/// Replaces every sign that is not on the keyboard by one that is; each column stays where it is.
pub(super) fn keyboard_signs(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width);
    for at in 0..buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        if symbol.is_ascii() {
            continue;
        }
        let columns = fit::width(symbol).max(1);
        let mut chars = symbol.chars();
        let sign = match (chars.next(), chars.next()) {
            (Some(c), None) => keyboard_sign(c),
            _ => "?",
        };
        let end = (at + columns).min((at / width + 1) * width);
        for cell in &mut buffer.content[at..end] {
            cell.set_symbol(sign);
        }
    }
}

/// What stands for our own signs and for the commonest of others; anything else is a question mark.
fn keyboard_sign(c: char) -> &'static str {
    match c {
        '…' | '⋯' => "~",
        '·' | '•' | '─' | '━' | '–' | '—' => "-",
        '│' | '┃' => "|",
        '→' | '›' | '▶' | '»' => ">",
        '←' | '‹' | '◀' | '«' => "<",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '✔' => "+",
        '×' | '✘' => "x",
        '●' => "*",
        '⏎' => "$",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        '\u{a0}' => " ",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_where_they_are_with_the_keyboards_signs() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 2));
        buffer.set_string(0, 0, "a→b…│漢x👍🏽é·|", Style::new());
        buffer.set_string(0, 1, "e\u{301} plain", Style::new());
        keyboard_signs(&mut buffer);
        let row = |y| (0..14).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(0), "a>b~|??x???-| ");
        assert_eq!(row(1), "? plain       ");
    }
}
