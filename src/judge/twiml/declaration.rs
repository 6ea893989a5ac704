//! What the parser lets through and the platform's does not: the XML declaration, the names of instructions, references to characters
//! that do not exist.
//!
//! The parser reads the declaration loosely and takes every number for a character. Here is what XML 1.0 says of them (2.6, 2.8, 4.1,
//! 4.3.3); each fault comes with its place and what to write instead.

use super::near;
use super::table::rule;

/// A fault: where, and what to say.
pub(super) type Found = (usize, String);

/// What of the declaration is told apart, where it is well written.
#[derive(Default)]
pub(super) struct Declaration<'a> {
    pub(super) version: Option<&'a str>,
    /// With its place.
    pub(super) encoding: Option<(usize, &'a str)>,
}

/// So much is read of a reference; longer ones have leading zeros.
const LONGEST_REFERENCE: usize = 40;

/// The parts of the declaration in their order.
const PARTS: [&str; 3] = ["version", "encoding", "standalone"];

/// What the declaration says; nothing of a document without one.
pub(super) fn read(xml: &str) -> Result<Declaration<'_>, Found> {
    let mut told = Declaration::default();
    let inner = xml.strip_prefix("<?xml").filter(|rest| rest.starts_with(blank));
    let Some(inner) = inner.and_then(|rest| Some(&rest[..rest.find("?>")?])) else {
        return Ok(told);
    };
    let start = "<?xml".len();
    let (mut rest, mut next) = (inner, 0);
    loop {
        let part = rest.trim_start_matches(blank);
        let at = start + inner.len() - part.len();
        if part.is_empty() {
            break;
        }
        if part.len() == rest.len() {
            return Err((at, "a blank is missing here in the XML declaration".to_owned()));
        }
        let (name, value, after) = pair(part).map_err(|says| (at, says))?;
        match PARTS.iter().position(|known| *known == name) {
            Some(found) if found >= next => next = found + 1,
            Some(_) => {
                let says =
                    format!("`{name}` stands too late or twice: write version, encoding and standalone in this order");
                return Err((at, says));
            }
            None => {
                let says = format!(
                    "the XML declaration has no `{}`, only version, encoding and standalone",
                    near::short(name)
                );
                return Err((at, says));
            }
        }
        let value_at = start + inner.len() - after.len() - 1 - value.len();
        match name {
            "version" => told.version = Some(value),
            "encoding" if is_encoding(value) => told.encoding = Some((value_at, value)),
            "encoding" => {
                let says = format!(
                    "{} is no name of an encoding: write encoding=\"UTF-8\"",
                    near::code(value)
                );
                return Err((value_at, says));
            }
            _ if matches!(value, "yes" | "no") => {}
            _ => {
                let says = format!("`standalone` is yes or no, not {}: leave it out", near::code(value));
                return Err((value_at, says));
            }
        }
        rest = after;
    }
    match told.version {
        Some(_) => Ok(told),
        None => Err((
            0,
            "the XML declaration has no version: write <?xml version=\"1.0\"?>".to_owned(),
        )),
    }
}

/// `name="value"`, and what follows it.
fn pair(part: &str) -> Result<(&str, &str, &str), String> {
    let end = part
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))
        .unwrap_or(part.len());
    let (name, rest) = part.split_at(end);
    let value = rest
        .trim_start_matches(blank)
        .strip_prefix('=')
        .map(|v| v.trim_start_matches(blank));
    let Some(value) = value.filter(|_| !name.is_empty()) else {
        let says = "the XML declaration is written <?xml version=\"1.0\" encoding=\"UTF-8\"?>, this stands there";
        return Err(format!("{says}: {}", near::code(part.trim_end())));
    };
    let quote = value.chars().next();
    match quote {
        Some(q @ ('"' | '\'')) => value[1..]
            .split_once(q)
            .map(|(value, after)| (name, value, after))
            .ok_or_else(|| format!("the value of `{name}` has no closing quote")),
        Some(q @ ('“' | '”' | '„' | '‘' | '’' | '«' | '»')) => Err(format!(
            "the value of `{name}` stands in typographic quotes, `{q}`: write \" instead, a word processor changed it"
        )),
        _ => Err(format!("the value of `{name}` has no quotes")),
    }
}

fn is_encoding(name: &str) -> bool {
    let rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(rest)
}

/// True for an encoding that parsers have; `filters/twiml-rules.toml` lists them.
pub(super) fn is_known(encoding: &str) -> bool {
    let known = rule("encoding-unknown").map_or(&[][..], |r| &r.words);
    known.iter().any(|name| match name.strip_suffix('*') {
        Some(begin) => encoding
            .get(..begin.len())
            .is_some_and(|e| e.eq_ignore_ascii_case(begin)),
        None => name.eq_ignore_ascii_case(encoding),
    })
}

/// What is wrong with the name of an instruction, `<?name …?>`, that begins at a place.
pub(super) fn instruction(at: usize, whole: &str) -> Option<Found> {
    let inner = whole.strip_prefix("<?")?.strip_suffix("?>")?;
    let end = inner.find(|c: char| blank(c) || !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '·')));
    let (target, after) = inner.split_at(end.unwrap_or(inner.len()));
    let declares = target.eq_ignore_ascii_case("xml");
    let says = match target {
        "xml" if after.starts_with(blank) && at == 0 => return None,
        "xml" if after.starts_with(blank) => "`<?xml` must be the very first of the document, and once".to_owned(),
        "xml" if after.is_empty() => "the XML declaration has no version: write <?xml version=\"1.0\"?>".to_owned(),
        _ if declares && target != "xml" => format!("`<?{target}` is written in lower case, <?xml version=\"1.0\"?>"),
        _ if after.is_empty() || after.starts_with(blank) => return None,
        _ if target.len() >= 3 && target[..3].eq_ignore_ascii_case("xml") => {
            "a blank is missing after `<?xml`: write <?xml version=\"1.0\"?>".to_owned()
        }
        _ => format!("after the name in `<?{}` a blank is missing", near::short(target)),
    };
    Some((at, says))
}

/// The first reference to a number that is no character, `&#xD800;`. `asides` are comments and the like, where nothing is one.
pub(super) fn reference(xml: &str, asides: &[(usize, usize)]) -> Option<Found> {
    memchr::memmem::find_iter(xml.as_bytes(), b"&#").find_map(|at| {
        let rest = &xml.as_bytes()[at..xml.len().min(at + LONGEST_REFERENCE)];
        let end = rest.iter().position(|b| *b == b';')? + 1;
        let written = xml.get(at..at + end)?;
        let digits = &written[2..end - 1];
        let number = match digits.strip_prefix('x') {
            Some(hexadecimal) => number(hexadecimal, 16)?,
            None => number(digits, 10)?,
        };
        let before = asides.partition_point(|(begin, _)| *begin <= at);
        let hidden = before > 0 && asides[before - 1].1 > at;
        (char::from_u32(number).is_none() && !hidden).then(|| {
            let says = format!("`{written}` is no character that XML has: write the character itself, in UTF-8");
            (at, says)
        })
    })
}

/// A number as long as it is one; more than any character has is as good as the most.
fn number(digits: &str, radix: u32) -> Option<u32> {
    let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    valid.then(|| u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
}

/// White space of XML.
fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
