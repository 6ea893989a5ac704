//! What may stand at the cursor of the filter bar: fields, operators that the field takes, values, `and` and `or`.
//!
//! The text before the cursor is cut by the same lexer that reads expressions; what it cannot cut has no completions. Fixed
//! words come from the table of fields, all other values from whoever asks. Columns are characters, as in messages.

use super::field::OUTCOMES;
use super::lex::{self, Placed, Token, is_word_char};
use super::show::written;
use super::{FIELDS, Field, FieldInfo, FieldType};

/// More would be scrolled, not read.
const MOST: usize = 50;

/// What may stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// First character that a candidate replaces, from 0.
    pub from: usize,
    /// One behind the last.
    pub to: usize,
    /// The best first.
    pub candidates: Vec<Candidate>,
}

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// As it is written into the expression, quotes included.
    pub text: String,
    /// What it is, in a few words; may be empty.
    pub help: String,
}

impl Candidate {
    fn new(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            help: help.into(),
        }
    }
}

impl Completions {
    /// The expression with a candidate in its place and a blank behind it, and the cursor behind that.
    pub fn apply(&self, text: &str, candidate: &Candidate) -> (String, usize) {
        let before: String = text.chars().take(self.from).collect();
        let after: String = text.chars().skip(self.to).collect();
        let gap = if after.starts_with(char::is_whitespace) {
            ""
        } else {
            " "
        };
        let cursor = before.chars().count() + candidate.text.chars().count() + 1;
        (format!("{before}{}{gap}{after}", candidate.text), cursor)
    }
}

/// What may stand at `cursor`, counted in characters; one behind the end is taken as the end. `values` gives what a field
/// is known to hold.
pub fn complete(text: &str, cursor: usize, values: &dyn Fn(Field) -> Vec<String>) -> Completions {
    let chars: Vec<char> = text.chars().collect();
    let cursor = cursor.min(chars.len());
    let Some(typed) = Typed::read(&chars, cursor) else {
        return Completions {
            from: cursor,
            to: cursor,
            candidates: Vec::new(),
        };
    };
    let wanted = expected(&typed.before);
    let mut candidates = wanted.candidates(values, &typed.part);
    candidates.truncate(MOST);
    Completions {
        from: typed.from,
        to: typed.to,
        candidates,
    }
}

/// What stands before the cursor.
struct Typed {
    /// The tokens before the word at the cursor.
    before: Vec<Token>,
    /// That word up to the cursor, without its quote.
    part: String,
    /// Its first character, and one behind its last.
    from: usize,
    to: usize,
}

impl Typed {
    /// None where nothing can be completed: in a regex, behind something without meaning.
    fn read(chars: &[char], cursor: usize) -> Option<Self> {
        let prefix: String = chars[..cursor].iter().collect();
        let (tokens, from) = match lex::tokens(&prefix) {
            Ok(tokens) => {
                let from = last_word(&tokens, &chars[..cursor]);
                (tokens, from)
            }
            // A quote that is not closed yet is a value being written.
            Err(fault) => {
                let from = fault.column.checked_sub(1)?;
                let quote = *chars[..cursor].get(from)?;
                if quote != '"' && quote != '\'' {
                    return None;
                }
                let before: String = chars[..from].iter().collect();
                let part: String = chars[from + 1..cursor].iter().collect();
                let closed = chars[cursor..].iter().position(|c| *c == quote);
                return Some(Self {
                    before: kept(lex::tokens(&before).ok()?, from),
                    part,
                    from,
                    to: closed.map_or(cursor, |n| cursor + n + 1),
                });
            }
        };
        let part: String = chars[from..cursor].iter().collect();
        let in_word = part.chars().all(is_word_char);
        let rest = chars[cursor..].iter().take_while(|c| in_word && is_word_char(**c));
        Some(Self {
            before: kept(tokens, from),
            part,
            from,
            to: cursor + rest.count(),
        })
    }
}

/// The tokens that begin before a character.
fn kept(tokens: Vec<Placed>, from: usize) -> Vec<Token> {
    let before = tokens.into_iter().filter(|t| t.column <= from && t.token != Token::End);
    before.map(|t| t.token).collect()
}

/// Where the word begins that ends at the end of the text, or the end itself.
fn last_word(tokens: &[Placed], chars: &[char]) -> usize {
    let end = chars.len();
    let Some(last) = tokens.iter().rev().find(|t| t.token != Token::End) else {
        return end;
    };
    let from = (last.column - 1).min(end);
    match last.token {
        Token::Word(_) | Token::And | Token::Or | Token::Not | Token::In
            if chars[from..].iter().all(|c| is_word_char(*c)) || chars[from..] == ['!'] =>
        {
            from
        }
        _ => end,
    }
}

/// What may come next.
enum Wanted {
    /// A field, `not`, or a value that is searched for.
    Test,
    /// An operator; `negated` after `not`.
    Operator { field: Field, negated: bool },
    /// The list of `in`.
    List,
    /// A value; none of a field that is not known.
    Value(Option<Field>),
    /// Behind a value of a list.
    InList,
    /// Behind a test; `open` where a parenthesis waits.
    Joint { open: bool },
}

/// Walks over the tokens before the cursor.
fn expected(before: &[Token]) -> Wanted {
    let (mut wanted, mut depth, mut field, mut listing) = (Wanted::Test, 0usize, None, false);
    for token in before {
        wanted = match (token, wanted) {
            (Token::Word(word), Wanted::Test) => {
                field = Field::parse(word);
                field.map_or(Wanted::Joint { open: depth > 0 }, |field| Wanted::Operator {
                    field,
                    negated: false,
                })
            }
            (Token::Open, Wanted::List) => {
                listing = true;
                Wanted::Value(field)
            }
            (Token::Open, _) => {
                depth += 1;
                Wanted::Test
            }
            (Token::Close, _) => {
                depth -= usize::from(!listing && depth > 0);
                listing = false;
                Wanted::Joint { open: depth > 0 }
            }
            (Token::Comma, _) if listing => Wanted::Value(field),
            (Token::Not, Wanted::Operator { field, .. }) => Wanted::Operator { field, negated: true },
            (Token::Not | Token::And | Token::Or | Token::Comma, _) => Wanted::Test,
            (Token::In, _) => Wanted::List,
            (Token::Op(_), _) => Wanted::Value(field),
            (Token::Word(_) | Token::Quoted(_) | Token::Regex { .. } | Token::End, _) if listing => Wanted::InList,
            (Token::Word(_) | Token::Quoted(_) | Token::Regex { .. } | Token::End, _) => {
                Wanted::Joint { open: depth > 0 }
            }
        };
    }
    wanted
}

impl Wanted {
    /// What begins with the part that is typed, then what has it elsewhere.
    fn candidates(&self, values: &dyn Fn(Field) -> Vec<String>, part: &str) -> Vec<Candidate> {
        match self {
            Self::Test => {
                let not = [Candidate::new("not", "turns the next test around")];
                let mut found = fields(part);
                found.extend(matching(not.into_iter(), part));
                found
            }
            Self::Operator { field, negated: false } => matching(operators(field.info()), part),
            Self::Operator { negated: true, .. } => {
                matching([Candidate::new("in", "none of a list")].into_iter(), part)
            }
            Self::List => matching([Candidate::new("(", "the list begins")].into_iter(), part),
            Self::Value(None) => Vec::new(),
            Self::Value(Some(field)) => matching(known_values(field.info(), values), part),
            Self::InList => {
                let all = [
                    Candidate::new(",", "another value"),
                    Candidate::new(")", "the list ends"),
                ];
                matching(all.into_iter(), part)
            }
            Self::Joint { open } => {
                let joints = [("and", "both must hold"), ("or", "one must hold")];
                let close = open.then(|| Candidate::new(")", "the group ends"));
                matching(joints.into_iter().map(|(t, h)| Candidate::new(t, h)).chain(close), part)
            }
        }
    }
}

fn matching(all: impl Iterator<Item = Candidate>, part: &str) -> Vec<Candidate> {
    let part = part.to_lowercase();
    let bare = |c: &Candidate| c.text.trim_start_matches('"').to_lowercase();
    let (mut first, rest): (Vec<_>, Vec<_>) = all.partition(|c| bare(c).starts_with(&part));
    first.extend(rest.into_iter().filter(|c| bare(c).contains(&part)));
    first
}

/// Fields by name; one that is typed by another name of its is found too.
fn fields(part: &str) -> Vec<Candidate> {
    let part = part.to_lowercase();
    let rank = |f: &FieldInfo| {
        let by = |fits: fn(&str, &str) -> bool| f.names().any(|n| fits(n, &part));
        match () {
            () if f.name.starts_with(&part) => Some(0),
            () if by(|n, p| n.starts_with(p)) => Some(1),
            () if by(|n, p| n.contains(p)) => Some(2),
            () => None,
        }
    };
    let mut found: Vec<_> = FIELDS.iter().filter_map(|f| Some((rank(f)?, f))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, f)| Candidate::new(f.name, f.help)).collect()
}

/// The operators that a field takes, as its type lists them.
fn operators(field: &'static FieldInfo) -> impl Iterator<Item = Candidate> {
    let spelled = field.kind.operators().split(' ').chain(["not in"]);
    spelled.map(move |op| {
        let help = match op {
            "=" => "is",
            "!=" => "is not",
            "<" => "is less than",
            "<=" => "is at most",
            ">" => "is more than",
            ">=" => "is at least",
            "~" => "contains, or /regex/ matches",
            "!~" => "does not contain",
            "in" => "is one of a list",
            _ => "is none of a list",
        };
        Candidate::new(op, help)
    })
}

/// The words that a field can hold by its type, then what it is known to hold.
fn known_values(field: &'static FieldInfo, values: &dyn Fn(Field) -> Vec<String>) -> impl Iterator<Item = Candidate> {
    let words: &[&str] = match field.kind {
        FieldType::Severity => &["error", "warning", "info"],
        FieldType::Word(words) => words,
        FieldType::Time => &["10m", "1h", "1d"],
        _ if field.field == Field::Outcome => OUTCOMES,
        _ => &[],
    };
    let help = if field.kind == FieldType::Time { "ago" } else { "" };
    let mut seen: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let fixed = seen.len();
    // What cannot be written on the line of a filter bar is not offered.
    let fits = |v: &String| !v.is_empty() && !v.chars().any(char::is_control);
    let mut known: Vec<String> = values(field.field).into_iter().filter(fits).collect();
    let mut told = std::collections::HashSet::new();
    known.retain(|v| !seen.contains(v) && told.insert(v.clone()));
    seen.extend(known);
    let all = seen.into_iter().enumerate();
    all.map(move |(n, v)| Candidate::new(written(&v), if n < fixed { help } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::model::{Outcome, Time};
    use proptest::prelude::*;

    fn values(field: Field) -> Vec<String> {
        let all: &[&str] = match field {
            Field::App => &[
                "my app",
                "ivr.example.com",
                "bad\x1b",
                "ivr.example.com",
                "say \"hi\"",
                "",
            ],
            Field::Outcome => &["completed", "ok"],
            Field::Status => &["200", "500"],
            _ => &[],
        };
        all.iter().map(|v| (*v).to_owned()).collect()
    }

    /// The candidates at the `|` of a text.
    fn at(text: &str) -> (Completions, String) {
        let cursor = text.chars().position(|c| c == '|').unwrap();
        let text = text.replacen('|', "", 1);
        (complete(&text, cursor, &values), text)
    }

    fn offered(text: &str) -> Vec<String> {
        at(text).0.candidates.into_iter().map(|c| c.text).collect()
    }

    #[test]
    fn what_may_come_next() {
        for (text, first) in [
            ("|", &["severity", "code"][..]),
            ("se|", &["severity", "call"]),
            ("LEV|", &["severity"]),
            ("no|", &["not"]),
            ("code = 1 and se|", &["severity"]),
            ("(st|", &["status", "at"]),
            ("not pro|", &["provider"]),
            ("severity |", &["=", "!=", "<", "<=", ">", ">=", "in", "not in"]),
            ("url |", &["=", "!=", "~", "!~", "in", "not in"]),
            ("url !|", &["!=", "!~"]),
            ("url n|", &["not in", "in"]),
            ("url not |", &["in"]),
            ("severity >= |", &["error", "warning", "info"]),
            ("severity>=w|", &["warning"]),
            ("severity>=|", &["error"]),
            ("provider = t|", &["tropo", "twilio"]),
            ("kind in |", &["("]),
            ("kind in (|", &["session"]),
            ("kind in (voice, ga|", &["gather", "gather-partial"]),
            ("kind in (voice |", &[",", ")"]),
            ("kind in (voice) |", &["and", "or"]),
            ("at > |", &["10m", "1h", "1d"]),
            ("outcome = |", &["ok", "http-error"]),
            ("outcome = comp|", &["completed"]),
            ("status = 5|", &["500"]),
            ("app = |", &["\"my app\"", "ivr.example.com", "\"say \\\"hi\\\"\""]),
            ("app = my|", &["\"my app\""]),
            ("app = \"my a|", &["\"my app\""]),
            ("(code = 1 |", &["and", "or", ")"]),
            ("code = 1 |", &["and", "or"]),
            ("timeout |", &["and", "or"]),
        ] {
            let found = offered(text);
            assert!(
                found
                    .iter()
                    .map(String::as_str)
                    .take(first.len())
                    .eq(first.iter().copied()),
                "{text}: {found:?}"
            );
        }
        for text in ["url ~ /a|", "code = 1 & |", "unknown = |", "app = \"bad|", "code = 12|"] {
            assert!(offered(text).is_empty(), "{text}: {:?}", offered(text));
        }
        assert_eq!(offered("app = |").len(), 3);
    }

    #[test]
    fn what_a_candidate_replaces() {
        for (text, whole, cursor) in [
            ("se|", "severity ", 9),
            ("é and pro|vi = x", "é and provider = x", 15),
            ("url !|", "url != ", 7),
            ("severity >= wa|", "severity >= warning ", 20),
            ("app = \"my a|bc\" and x", "app = \"my app\" and x", 15),
            ("app = 'my|", "app = \"my app\" ", 15),
        ] {
            let (found, text) = at(text);
            assert_eq!(
                found.apply(&text, &found.candidates[0]),
                (whole.to_owned(), cursor),
                "{text}"
            );
        }
    }

    #[test]
    fn the_fixed_words_are_those_of_the_model() {
        for outcome in [
            Outcome::Ok,
            Outcome::HttpError,
            Outcome::BadReply,
            Outcome::NoReply,
            Outcome::Unreachable,
            Outcome::Timeout,
            Outcome::Unknown,
        ] {
            assert!(OUTCOMES.contains(&outcome.as_str()));
        }
        for field in FIELDS {
            for op in operators(field) {
                let value = match field.kind {
                    FieldType::Severity => "error".to_owned(),
                    FieldType::Word(words) => words[0].to_owned(),
                    FieldType::Time => "10m".to_owned(),
                    _ => "100".to_owned(),
                };
                let value = if op.text.ends_with("in") {
                    format!("({value})")
                } else {
                    value
                };
                let text = format!("{} {} {value}", field.name, op.text);
                assert!(parse(&text, Time(0)).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn an_error_says_its_place_and_fits_a_line() {
        let e = parse("severity >= wraning", Time(0)).unwrap_err();
        assert_eq!(e.column(), 13);
        assert!(
            e.brief().ends_with("; did you mean `warning`?") && !e.brief().contains('\n'),
            "{}",
            e.brief()
        );
    }

    proptest! {
        #[test]
        fn any_cursor_is_fine(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "severity", "code", "app", " ", "=", ">=", "!", "~", "not", "in", "(", ")", ",", "and", "or", "\"", "'", "/", "\\",
                "漢", "e\u{301}", "my app", "&", "\t", "x", "url",
            ]), 0..12),
            cursor in 0usize..80,
        ) {
            let text = pieces.concat();
            let found = complete(&text, cursor, &values);
            let count = text.chars().count();
            prop_assert!(found.from <= found.to && found.to <= count && found.from <= cursor);
            for candidate in &found.candidates {
                let (whole, cursor) = found.apply(&text, candidate);
                prop_assert!(cursor <= whole.chars().count());
            }
        }

        #[test]
        fn any_text_is_fine(text: String, cursor: usize) {
            let found = complete(&text, cursor, &values);
            prop_assert!(found.to <= text.chars().count());
        }
    }
}
