//! Source text around a place, for people who want to see where something stands.

use super::Session;
use crate::call::Finding;
use crate::format::tropo;
use crate::model::Place;

/// How far to look for the lines before and behind a place, in bytes.
const NEAR: u64 = 16 * 1024;
/// How much of an echoed script is read.
const SCRIPT: u32 = 4 << 20;
/// Lines of a script around the one that an error names.
const SCRIPT_LINES: u32 = 2;

impl Session {
    /// The lines of a place and up to `lines` before and behind it, each with its number in the input. A line is cut after
    /// `longest` bytes; lines further away than some kilobytes are left out.
    pub fn around(&self, place: Place, lines: u64, longest: u32) -> Vec<(u64, Vec<u8>)> {
        let before = place.byte.min(NEAR);
        let end = place.byte + u64::from(place.len);
        let places = [
            Place {
                byte: place.byte - before,
                len: before as u32,
                ..place
            },
            Place {
                len: place.len.min(longest.saturating_mul(64)),
                ..place
            },
            Place {
                byte: end,
                len: NEAR as u32,
                ..place
            },
        ];
        let texts = self.again(&places);
        let (above, here, below) = (&texts[0], &texts[1], &texts[2]);
        let mut out = Vec::new();
        let whole = place.byte == before;
        let above: Vec<&[u8]> = above.strip_suffix(b"\n").map(split).unwrap_or_default();
        // The first line may have begun further up.
        let known = above
            .get(usize::from(!whole && !above.is_empty())..)
            .unwrap_or_default();
        let first = known.len().saturating_sub(lines as usize);
        let mut number = place.line.saturating_sub((known.len() - first) as u64);
        let mut add = |line: &[u8]| {
            out.push((number, line[..line.len().min(longest as usize)].to_vec()));
            number += 1;
        };
        known[first..].iter().for_each(|l| add(l));
        split(here).into_iter().for_each(&mut add);
        let mut below: Vec<&[u8]> = below
            .strip_prefix(b"\n")
            .or_else(|| below.strip_prefix(b"\r\n"))
            .map(split)
            .unwrap_or_default();
        // Behind the last line end is no line; an empty one between others counts.
        below.pop_if(|l| l.is_empty());
        below.into_iter().take(lines as usize).for_each(add);
        out
    }

    /// The echoed script around the line that a script error names, in the developer's own numbering.
    pub fn script(&self, f: &Finding) -> Vec<String> {
        let Some(line) = f.script_line else { return Vec::new() };
        let call = &self.calls.calls[f.call as usize];
        let Some((input, smallest, from, to)) = call.echo else {
            return Vec::new();
        };
        let Some(own) = line.checked_sub(smallest).map(|n| n + 1) else {
            return Vec::new();
        };
        let len = u32::try_from(to - from).unwrap_or(u32::MAX).min(SCRIPT);
        let text = self
            .again(&[Place {
                input,
                line: 0,
                byte: from,
                len,
            }])
            .pop()
            .unwrap_or_default();
        let mut out = vec![format!("line {own} of your script (#{line} in the log):")];
        out.extend(
            tropo::echoed(&text)
                .into_iter()
                .filter(|(n, _)| n.abs_diff(line) <= SCRIPT_LINES)
                .map(|(n, source)| {
                    let mark = if n == line { ">" } else { " " };
                    format!("{mark}{:>5}  {source}", n + 1 - smallest)
                }),
        );
        out
    }
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split(|b| *b == b'\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::session::Reading;

    #[test]
    fn empty_lines_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let text = "one\n\nthree\nfour\n\nsix\n";
        std::fs::write(&path, text).unwrap();
        let engine = Engine::new(builtin::packs());
        let session = Session::open(&[path], &engine, Reading::default(), &mut |_, _| {});
        let three = Place {
            input: 0,
            line: 3,
            byte: 5,
            len: 5,
        };
        let around = |lines| {
            let all = session.around(three, lines, 100).into_iter();
            all.map(|(n, text)| format!("{n} {}", String::from_utf8_lossy(&text)))
                .collect::<Vec<_>>()
        };
        assert_eq!(around(3), ["1 one", "2 ", "3 three", "4 four", "5 ", "6 six"]);
        assert_eq!(around(1), ["2 ", "3 three", "4 four"]);
    }
}
