//! A terminal's screen as an SVG document: a grid of cells that stays one in any font.
//!
//! Text is placed run by run at its column and stretched to its cells; lines and bars are drawn as shapes, so that they meet
//! whatever the font makes of them.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// A cell, in the units of the picture; whole numbers, so that grounds beside each other show no seam.
const WIDE: f32 = 8.0;
const HIGH: f32 = 17.0;
/// Where letters stand in it, from its top.
const BASE: f32 = 13.0;
/// Room around the screen.
const EDGE: f32 = 14.0;

const BACKGROUND: &str = "#12161c";
const FOREGROUND: &str = "#d8dee6";

/// The 16 colours, as a dark terminal of our day has them.
const PALETTE: [&str; 16] = [
    "#1b2129", "#ff6b68", "#7fd88f", "#f2c14e", "#6cb2ff", "#d8a0df", "#5fd3e2", "#d8dee6", "#7d8896", "#ff8a87",
    "#9fe8ad", "#f7d680", "#93c8ff", "#e8bdee", "#8be4ef", "#ffffff",
];

/// How a run of cells looks.
#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (fg, bg) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        let (fg, bg) = if cell.inverse() {
            let ground = bg.unwrap_or_else(|| BACKGROUND.to_owned());
            (Some(ground), Some(fg.unwrap_or_else(|| FOREGROUND.to_owned())))
        } else {
            (fg, bg)
        };
        Self {
            fg: fg.unwrap_or_else(|| FOREGROUND.to_owned()),
            bg,
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
        }
    }
}

/// A colour; none for the terminal's own.
fn colour(c: Color) -> Option<String> {
    match c {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(n @ 0..16) => Some(PALETTE[usize::from(n)].to_owned()),
        Color::Idx(n @ 16..232) => {
            let step = |of: u8| if of == 0 { 0 } else { 55 + 40 * of };
            let n = n - 16;
            Some(format!(
                "#{:02x}{:02x}{:02x}",
                step(n / 36),
                step(n / 6 % 6),
                step(n % 6)
            ))
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}

/// Cells beside each other that are drawn at once.
struct Run {
    column: u16,
    cells: u16,
    text: String,
    look: Look,
    /// More letters may join; signs beyond the keyboard's stand alone, for a font may have them from another one.
    letters: bool,
}

/// The screen as a document.
pub fn draw(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f32::from(columns) * WIDE + 2.0 * EDGE;
    let height = f32::from(rows) * HIGH + 2.0 * EDGE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\">\n<title>redial on a terminal of {columns} columns and {rows} rows</title>\n\
         <style>text {{ font: 13.3px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace }} .b {{ font-weight: bold }} .d {{ opacity: .6 }} .i {{ font-style: italic }} \
         .u {{ text-decoration: underline }}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        let top = EDGE + f32::from(row) * HIGH;
        let runs = runs(screen, row, columns);
        // All grounds of a row before its letters: a letter may reach into the next cell.
        for run in &runs {
            if let Some(bg) = &run.look.bg {
                let (x, w) = (EDGE + f32::from(run.column) * WIDE, f32::from(run.cells) * WIDE);
                rect(&mut out, (x, top, w, HIGH), bg);
            }
        }
        for run in runs {
            put(&mut out, &run, top);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|c| !c.is_wide_continuation()) else {
            continue;
        };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let look = Look::of(cell);
        let letters = text.is_ascii();
        let cells = if cell.is_wide() { 2 } else { 1 };
        match runs.last_mut() {
            Some(run) if run.look == look && letters && run.letters => {
                run.text.push_str(text);
                run.cells += cells;
            }
            _ => runs.push(Run {
                column,
                cells,
                text: text.to_owned(),
                look,
                letters,
            }),
        }
    }
    runs
}

/// Letters or a shape.
fn put(out: &mut String, run: &Run, top: f32) {
    let x = EDGE + f32::from(run.column) * WIDE;
    if let Some((dx, dy, w, h)) = shape(&run.text) {
        return rect(out, (x + dx, top + dy, w, h), &run.look.fg);
    }
    let start = run.text.len() - run.text.trim_start().len();
    let text = run.text.trim();
    // An underlined blank is seen.
    let (start, text) = if run.look.underline {
        (0, run.text.as_str())
    } else {
        (start, text)
    };
    if text.is_empty() {
        return;
    }
    // Blanks are ASCII, one cell each.
    let cells = if run.letters {
        text.len() as f32
    } else {
        f32::from(run.cells)
    };
    let mut class = Vec::new();
    for (on, name) in [
        (run.look.bold, "b"),
        (run.look.dim, "d"),
        (run.look.italic, "i"),
        (run.look.underline, "u"),
    ] {
        if on {
            class.push(name);
        }
    }
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{}\"", class.join(" "))
    };
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{class}>{}</text>",
        x + start as f32 * WIDE,
        top + BASE,
        cells * WIDE,
        run.look.fg,
        escaped(text)
    );
}

/// Lines and bars as a rectangle in the cell: left, top, width, height.
fn shape(text: &str) -> Option<(f32, f32, f32, f32)> {
    const THIN: f32 = 1.2;
    let mut chars = text.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return None;
    };
    Some(match c {
        '─' => (0.0, (HIGH - THIN) / 2.0, WIDE, THIN),
        '│' => ((WIDE - THIN) / 2.0, 0.0, THIN, HIGH),
        '▌' => (0.0, 0.0, WIDE / 2.0, HIGH),
        '▁'..='█' => {
            let eighths = (c as u32 - '▁' as u32 + 1) as f32;
            let h = HIGH * eighths / 8.0;
            (0.0, HIGH - h, WIDE, h)
        }
        _ => return None,
    })
}

fn rect(out: &mut String, (x, y, w, h): (f32, f32, f32, f32), fill: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"{fill}\"/>"
    );
}

/// Text as XML holds it; what no document may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Blanks beside each other would be drawn as one.
            ' ' => out.push('\u{a0}'),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
