//! Is it XML at all, and is its root `<Response>`? 12100, 12101 and 12102 with their place and usual cause.
//!
//! One scan over the tags comes before the parser: it refuses what the parser would be slow or deep on, and knows afterwards
//! where an unclosed tag was opened. After the first fatal fault nothing more is said: the rest would be guessed.

use roxmltree::{Document, Error, Node, ParsingOptions};

use super::{declaration, near};
use crate::judge::text::{self, impostor};
use crate::model::{Problem, RequestKind};

/// Deeper nesting is an attack or a loop in the app, not TwiML.
const MAX_DEPTH: usize = 200;
/// More attributes in one tag; the parser compares each with each.
const MAX_ATTRIBUTES: usize = 100;
/// More declarations of prefixes; every element inherits all of them.
const MAX_PREFIXES: usize = 20;

/// The document as a tree.
pub(super) fn tree(kind: RequestKind, xml: &str) -> Result<Document<'_>, Problem> {
    before_the_document(kind, xml)?;
    let place = |offset| text::position(xml.as_bytes(), offset);
    let mut tags = Tags::scan(xml);
    if let Some((offset, what)) = tags.refused {
        return Err(Problem::error("12100", what).at(place(offset)));
    }
    if memchr::memmem::find_iter(xml.as_bytes(), b"xmlns")
        .nth(MAX_PREFIXES)
        .is_some()
    {
        let message = format!("more than {MAX_PREFIXES} prefixes are declared: TwiML has none");
        return Err(Problem::error("12100", message).at((1, 1)));
    }
    let options = ParsingOptions {
        allow_dtd: bare_doctype(xml).is_some(),
        ..ParsingOptions::default()
    };
    let parsed = Document::parse_with_options(xml, options);
    // What the parser lets through counts where it stands before what it does not.
    let reference = declaration::reference(xml, &tags.asides);
    let slipped = tags
        .instruction
        .take()
        .into_iter()
        .chain(reference)
        .min_by_key(|(at, _)| *at);
    let found = match parsed {
        Ok(document) if slipped.is_none() => return Ok(document),
        Ok(_) => slipped,
        Err(e) => {
            let refused = malformed(xml, &e, &tags);
            slipped.filter(|(at, _)| *at < refused.0).or(Some(refused))
        }
    };
    let (offset, says) = found.unwrap_or_default();
    Err(Problem::error("12100", format!("the document does not parse: {says}")).at(place(offset)))
}

/// Where a `<!DOCTYPE name>` stands that has nothing but a name: no entities in it and nothing to fetch, so that it is harmless.
pub(super) fn bare_doctype(xml: &str) -> Option<usize> {
    let mut rest = xml;
    loop {
        rest = rest.trim_start();
        let skipped = [("<?", "?>"), ("<!--", "-->")].into_iter().find_map(|(begin, end)| {
            let inner = rest.strip_prefix(begin)?;
            Some(&inner[inner.find(end)? + end.len()..])
        });
        match skipped {
            Some(after) => rest = after,
            None => break,
        }
    }
    let inner = rest.strip_prefix("<!DOCTYPE")?;
    let name = &inner[..inner.find('>')?];
    let bare = name.split_whitespace().count() == 1 && !name.contains(['[', '"', '\'']);
    (bare && name.starts_with(char::is_whitespace)).then_some(xml.len() - rest.len())
}

/// The root that TwiML wants.
pub(super) fn response(xml: &str, root: Node) -> Result<(), Problem> {
    let name = tag_name(&xml[root.range().start..]);
    if name == "Response" {
        return Ok(());
    }
    let advice = match name {
        _ if root.tag_name().name() == "Response" => "TwiML has no prefixes",
        _ if name.eq_ignore_ascii_case("response") => "names are case-sensitive",
        _ if name.eq_ignore_ascii_case("html") => "this is an HTML page, often an error or login page of the framework",
        _ => "wrap the verbs in <Response>",
    };
    let message = format!(
        "the root element is {}, it must be <Response>: {advice}",
        near::tag(name)
    );
    Err(Problem::error("12102", message).at(text::position(xml.as_bytes(), root.range().start)))
}

/// What must not stand before the document: a BOM, blanks before `<?xml`, anything that is not XML.
fn before_the_document(kind: RequestKind, xml: &str) -> Result<(), Problem> {
    let trimmed = xml.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    // The document type of a page before TwiML does as little as another.
    let twiml = || bare_doctype(xml).is_some_and(|at| xml[at..].contains("<Response"));
    let impostor = impostor(xml).filter(|_| !twiml());
    if !trimmed.starts_with('<') || impostor.is_some() {
        // Seen from messaging for answers such as `OK` (spec/twilio.md section 5).
        let code = if kind == RequestKind::Message { "12200" } else { "12100" };
        let what = impostor.map_or_else(|| not_xml(xml, trimmed), str::to_owned);
        return Err(Problem::error(code, format!("the document does not parse: {what}")).at((1, 1)));
    }
    if xml.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the document: save the file as UTF-8 without BOM";
        return Err(Problem::error("12100", message).at((1, 1)));
    }
    if trimmed.len() < xml.len() && trimmed.starts_with("<?xml") {
        let message = "blanks or empty lines stand before `<?xml`: it must be the very first";
        return Err(Problem::error("12100", message).at((1, 1)));
    }
    declared(xml)
}

/// What the XML declaration must say.
fn declared(xml: &str) -> Result<(), Problem> {
    let place = |offset| text::position(xml.as_bytes(), offset);
    let declaration = declaration::read(xml)
        .map_err(|(at, says)| Problem::error("12100", format!("the document does not parse: {says}")).at(place(at)))?;
    if declaration.version.is_some_and(|version| version != "1.0") {
        return Err(Problem::error("12101", "the XML declaration must say version=\"1.0\"").at((1, 1)));
    }
    match declaration.encoding {
        Some((at, name)) if !declaration::is_known(name) => {
            let message = format!(
                "no parser knows the encoding {}: write encoding=\"UTF-8\"",
                near::code(name)
            );
            Err(Problem::error("12100", message).likely().at(place(at)))
        }
        _ => Ok(()),
    }
}

/// Text before the first tag, or no tag at all.
fn not_xml(xml: &str, trimmed: &str) -> String {
    if let Some(at) = xml.find("<?xml").or_else(|| xml.find("<Response")) {
        let before = near::code(xml[..at].trim());
        return format!("{before} stands before the document, often output of the app from before its answer");
    }
    if trimmed.starts_with(['{', '[']) {
        return "this is JSON, not XML: send TwiML, <Response>…</Response>".to_owned();
    }
    if trimmed.starts_with("&lt;") {
        return "the brackets are escaped as &lt; and &gt;: send the tags themselves, the template escapes too much"
            .to_owned();
    }
    "this is text, not XML: wrap it in <Response>…</Response>".to_owned()
}

/// Where and why the parser gave up.
fn malformed(xml: &str, e: &Error, tags: &Tags) -> (usize, String) {
    let pos = e.pos();
    let at = offset_of(xml, pos.row, pos.col);
    let opened = |(offset, name): (usize, &str)| {
        let (line, column) = text::position(xml.as_bytes(), offset);
        format!("{}, opened in line {line}, column {column},", near::tag(name))
    };
    match e {
        Error::DtdDetected => {
            let at = xml.find("<!DOCTYPE").unwrap_or_default();
            (
                at,
                "TwiML has no document type, entities and files of one are never read: remove <!DOCTYPE …>".to_owned(),
            )
        }
        Error::UnexpectedCloseTag(expected, actual, _) => {
            let around = tags.open_at(xml, at);
            let open = around.map_or_else(|| near::tag(expected), opened);
            (at, format!("{open} is not closed before </{}>", near::short(actual)))
        }
        Error::UnclosedRootNode => match tags.open_at(xml, xml.len()) {
            Some(open) => (open.0, format!("{} is never closed", near::tag(open.1))),
            None => (at, "a tag is never closed".to_owned()),
        },
        Error::UnexpectedEndOfStream => {
            let at = tags.unfinished.unwrap_or(xml.len());
            (
                at,
                "the document ends within what begins here: it is cut, or a quote or bracket is missing".to_owned(),
            )
        }
        Error::NoRootNode => (0, "there is no element: send at least <Response/>".to_owned()),
        Error::MalformedEntityReference(_) => match forbidden_reference(&xml[at..]) {
            Some(reference) => (
                at,
                format!("`{reference}` is a character that XML does not allow: leave it out"),
            ),
            None => (
                at,
                format!("a bare `&` in {}: write &amp; (also in URLs)", holder(xml, at)),
            ),
        },
        Error::InvalidComment(_) => in_a_comment(xml, at),
        Error::InvalidCharacterData(_) => end_of_cdata(xml, at),
        Error::UnknownEntityReference(name, _) => {
            let name = near::short(name);
            (
                at,
                format!(
                    "`&{name};` in {} is HTML, not XML: write the character itself, and & as &amp;",
                    holder(xml, at)
                ),
            )
        }
        Error::InvalidAttributeValue(_) => (
            at,
            format!(
                "a bare `<` in {}: write &lt;, or close the quote before",
                holder(xml, at)
            ),
        ),
        Error::UnknownNamespace(prefix, _) => (
            at,
            format!(
                "the prefix `{}` is not declared: TwiML has no prefixes",
                near::short(prefix)
            ),
        ),
        Error::DuplicatedAttribute(name, _) => (at, format!("the attribute `{}` stands here twice", near::short(name))),
        Error::UnexpectedDeclaration(_) => (at, "a second `<?xml`: it must be the very first, and once".to_owned()),
        Error::UnknownToken(_) if tags.root_end.is_some_and(|end| at >= end) => (at, after_the_root(xml, at)),
        Error::InvalidName(_) if is_bare_bracket(xml, at) => {
            (at - 1, format!("a bare `<` in {}: write &lt;", holder(xml, at - 1)))
        }
        Error::NonXmlChar(c, _) => (at, format!("the character U+{:04X} cannot stand in XML", *c as u32)),
        _ => (at, other(xml, e, at)),
    }
}

/// `&#0;`, `&#x8;`: well written, and of a character that no document may have.
fn forbidden_reference(rest: &str) -> Option<&str> {
    let digits = rest.strip_prefix("&#")?.split(';').next()?;
    let end = digits.len() + "&#;".len();
    let hexadecimal = digits.strip_prefix('x');
    let number = hexadecimal.unwrap_or(digits);
    let fine = |b: u8| b.is_ascii_digit() || hexadecimal.is_some() && b.is_ascii_hexdigit();
    (!number.is_empty() && end <= 16 && number.bytes().all(fine)).then(|| rest.get(..end))?
}

/// `]]>` in text, which the parser tells from where the text ends.
fn end_of_cdata(xml: &str, at: usize) -> (usize, String) {
    let begin = xml[..at]
        .rfind('<')
        .map_or(0, |open| open + tag(&xml[open..]).map_or(0, |(len, _)| len));
    let found = xml
        .get(begin..)
        .and_then(|text| text.find("]]>"))
        .map_or(at, |found| begin + found);
    let says = format!(
        "`]]>` in {} ends a CDATA section that was not begun: write ]]&gt;",
        holder(xml, found)
    );
    (found, says)
}

fn in_a_comment(xml: &str, at: usize) -> (usize, String) {
    let begin = xml[at..].find("<!--").map_or(at, |found| at + found + "<!--".len());
    let hyphens = xml[begin..].find("--").map_or(at, |found| begin + found);
    let says = "`--` stands in a comment, which only its end may have: write one hyphen";
    (hyphens, says.to_owned())
}

/// `5 < 6`, `<3`: what follows the `<` is no name.
fn is_bare_bracket(xml: &str, at: usize) -> bool {
    let name = |c: char| c.is_alphabetic() || matches!(c, '_' | ':' | '/' | '!' | '?');
    at > 0 && xml.as_bytes().get(at - 1) == Some(&b'<') && !xml[at..].starts_with(name)
}

fn after_the_root(xml: &str, at: usize) -> String {
    let rest = xml[at..].trim_start();
    if rest.starts_with("<?xml") || rest.starts_with("<Response") {
        return "a second document begins after the first: send one <Response>".to_owned();
    }
    match rest.strip_prefix('<').filter(|r| r.starts_with(char::is_alphabetic)) {
        Some(_) => "a second root element begins here: everything must stand in one <Response>".to_owned(),
        None if rest.starts_with("</") => "this closes a tag that was not opened".to_owned(),
        None => format!(
            "{} stands after the document",
            near::code(rest.lines().next().unwrap_or_default())
        ),
    }
}

fn other(xml: &str, e: &Error, at: usize) -> String {
    let said = e.to_string();
    let said = said.split(" at ").next().unwrap_or_default();
    let line = xml
        .get(..at)
        .map_or("", |before| before.rsplit('\n').next().unwrap_or_default());
    if let Some(blank) = xml[at..].chars().next().filter(|c| !c.is_ascii() && c.is_whitespace()) {
        let code = blank as u32;
        return format!(
            "U+{code:04X}, a blank that XML has not, stands in the tag: write an ordinary blank, it came from a page"
        );
    }
    let hint = match line.rfind('<') {
        Some(open) if xml[at..].starts_with(['=', '>', '/']) || line[open..].contains('=') => {
            "quote every attribute's value"
        }
        _ => "escape & and < in text, quote attributes, close every tag",
    };
    format!("{said}; {hint}")
}

/// What a place is in: `the attribute "action" of <Gather>`, `the text of <Say>`.
fn holder(xml: &str, at: usize) -> String {
    let before = &xml[..at];
    let Some(open) = before.rfind('<') else {
        return "the text".to_owned();
    };
    let name = tag_name(&before[open..]);
    if let Some(quote) = open_quote(&before[open..]).filter(|_| !name.is_empty()) {
        let head = before[open..open + quote].trim_end().trim_end_matches('=').trim_end();
        let attribute = head.rsplit(char::is_whitespace).next().unwrap_or_default();
        return format!("the attribute `{}` of {}", near::short(attribute), near::tag(name));
    }
    match Tags::scan(before).stack.pop() {
        Some(open) => format!("the text of {}", near::tag(tag_name(&before[open..]))),
        None => "the text".to_owned(),
    }
}

/// The byte offset of a line and column in characters.
fn offset_of(xml: &str, row: u32, column: u32) -> usize {
    let lines = xml.split_inclusive('\n').take(row.saturating_sub(1) as usize);
    let start: usize = lines.map(str::len).sum();
    let line = xml.get(start..).unwrap_or_default();
    let within = line
        .char_indices()
        .nth(column.saturating_sub(1) as usize)
        .map_or(line.len(), |(at, _)| at);
    start + within
}

/// What one pass over the tags finds; comments, CDATA, instructions and quoted values are skipped.
#[derive(Default)]
struct Tags {
    /// Opened and not closed to the end.
    stack: Vec<usize>,
    /// Too deep, too many: where, and what to say.
    refused: Option<(usize, String)>,
    /// Comments, CDATA and instructions: where each begins and ends.
    asides: Vec<(usize, usize)>,
    /// The first instruction whose name is none.
    instruction: Option<declaration::Found>,
    /// Where something begins that does not end.
    unfinished: Option<usize>,
    /// Where the first root ends.
    root_end: Option<usize>,
}

impl Tags {
    fn scan(xml: &str) -> Self {
        let mut tags = Self::default();
        let mut at = 0;
        while let Some(open) = memchr::memchr(b'<', &xml.as_bytes()[at..]).map(|found| at + found) {
            let Some(len) = tags.one(xml, open) else {
                tags.unfinished = Some(open);
                break;
            };
            at = open + len;
            if tags.refused.is_some() {
                break;
            }
        }
        tags
    }

    /// Takes what begins at `open` and says how long it is; none where it does not end.
    fn one(&mut self, xml: &str, open: usize) -> Option<usize> {
        let rest = &xml[open..];
        let next = rest.as_bytes().get(1);
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if matches!(next, Some(b'!' | b'?'))
            && let Some((begin, end)) = skipped.iter().find(|(begin, _)| rest.starts_with(begin))
        {
            let len = rest[begin.len()..].find(end).map(|e| begin.len() + e + end.len())?;
            self.asides.push((open, open + len));
            if *begin == "<?" && self.instruction.is_none() {
                self.instruction = declaration::instruction(open, &rest[..len]);
            }
            return Some(len);
        }
        let (len, attributes) = tag(rest)?;
        match next {
            Some(b'!') => return Some(len),
            Some(b'/') => drop(self.stack.pop()),
            _ if rest[..len].ends_with("/>") => {}
            _ => self.stack.push(open),
        }
        if attributes > MAX_ATTRIBUTES {
            self.refused = Some((open, format!("this tag has more than {MAX_ATTRIBUTES} attributes")));
        } else if self.stack.len() > MAX_DEPTH {
            self.refused = Some((
                open,
                format!("elements are nested more than {MAX_DEPTH} deep from here on"),
            ));
        }
        if self.stack.is_empty() && self.root_end.is_none() {
            self.root_end = Some(open + len);
        }
        Some(len)
    }

    /// The innermost that is open at a place: where, and its name.
    fn open_at<'a>(&self, xml: &'a str, at: usize) -> Option<(usize, &'a str)> {
        let open = if at >= xml.len() {
            self.stack.last().copied()
        } else {
            Self::scan(&xml[..at]).stack.pop()
        };
        open.map(|open| (open, tag_name(&xml[open..])))
    }
}

/// The length of a tag with its brackets, and how many `=` stand in it, quoted values skipped; none where it is not closed.
fn tag(rest: &str) -> Option<(usize, usize)> {
    let (mut quote, mut attributes) = (None, 0);
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some((at + 1, attributes)),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => attributes += 1,
            (Some(q), _) if q == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Where the quote is that is still open at the end of a begun tag.
fn open_quote(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return None,
            (None, b'"' | b'\'') => quote = Some((at, byte)),
            (Some((_, q)), _) if q == byte => quote = None,
            _ => {}
        }
    }
    quote.map(|(at, _)| at)
}

/// The name in `<Name …`.
fn tag_name(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'));
    &name[..end.unwrap_or(name.len())]
}
