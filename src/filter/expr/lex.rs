//! Cuts an expression into tokens, each with the column where it begins.
//!
//! What a leading `/` means depends on the token before it (a path after `=`, a regex elsewhere), so the whole text is
//! cut from left to right before parsing.

use super::show::Fault;

/// How a test compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Has,
    HasNot,
    In,
    NotIn,
}

impl Op {
    /// As [`std::fmt::Display`] of an expression writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Has => "~",
            Self::HasNot => "!~",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Quoted(String),
    Regex {
        pattern: String,
        ignore_case: bool,
    },
    Op(Op),
    Open,
    Close,
    Comma,
    And,
    Or,
    Not,
    /// `in`, before its list.
    In,
    End,
}

/// A token and the 1-based column, in characters, where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

/// Operators by their spelling, the longer before the shorter that begins it.
const SYMBOLS: &[(&str, Token)] = &[
    ("==", Token::Op(Op::Eq)),
    ("!=", Token::Op(Op::Ne)),
    ("!~", Token::Op(Op::HasNot)),
    ("<=", Token::Op(Op::Le)),
    (">=", Token::Op(Op::Ge)),
    ("&&", Token::And),
    ("||", Token::Or),
    ("=", Token::Op(Op::Eq)),
    ("<", Token::Op(Op::Lt)),
    (">", Token::Op(Op::Gt)),
    ("~", Token::Op(Op::Has)),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
    (",", Token::Comma),
];

/// What a bare word may consist of, besides letters and digits: enough for phone numbers, SIDs, URLs and times.
pub(super) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || "_+-.:/@*…?#%;$".contains(c)
}

/// The word that a bare word stands for besides itself.
pub(super) fn keyword(word: &str) -> Option<Token> {
    [
        ("and", Token::And),
        ("or", Token::Or),
        ("not", Token::Not),
        ("in", Token::In),
    ]
    .into_iter()
    .find_map(|(k, token)| k.eq_ignore_ascii_case(word).then_some(token))
}

/// Cuts the whole text; the last token is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Fault> {
    let mut lexer = Lexer {
        rest: text,
        column: 1,
        out: Vec::new(),
        in_list: false,
    };
    loop {
        lexer.skip_blanks();
        let column = lexer.column;
        let token = lexer.next()?;
        lexer.in_list = match token {
            Token::Open => lexer.last() == Some(&Token::In),
            Token::Close => false,
            _ => lexer.in_list,
        };
        let end = token == Token::End;
        lexer.out.push(Placed { token, column });
        if end {
            return Ok(lexer.out);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    column: usize,
    out: Vec<Placed>,
    /// Inside the parentheses of an `in`.
    in_list: bool,
}

impl Lexer<'_> {
    fn last(&self) -> Option<&Token> {
        self.out.last().map(|p| &p.token)
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.column += 1;
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.rest.starts_with(char::is_whitespace) {
            self.take();
        }
    }

    fn next(&mut self) -> Result<Token, Fault> {
        let Some(c) = self.rest.chars().next() else {
            return Ok(Token::End);
        };
        if let Some((spelling, token)) = SYMBOLS.iter().find(|(s, _)| self.rest.starts_with(s)) {
            for _ in spelling.chars() {
                self.take();
            }
            return Ok(token.clone());
        }
        match c {
            '"' | '\'' => self.quoted(c),
            '/' if !self.path_may_follow() => self.regex(),
            c if is_word_char(c) => Ok(self.word()),
            '&' => Err(Fault::new(
                self.column,
                "write `and` or `&&`; a value with `&` needs quotes",
            )),
            '|' => Err(Fault::new(
                self.column,
                "write `or` or `||`; a value with `|` needs quotes",
            )),
            c => {
                let shown = c.escape_debug();
                Err(Fault::new(
                    self.column,
                    format!("`{shown}` has no meaning here; put quotes around the value"),
                ))
            }
        }
    }

    /// True where a `/` begins a path, not a regex.
    fn path_may_follow(&self) -> bool {
        self.in_list || matches!(self.last(), Some(Token::Op(op)) if !matches!(op, Op::Has | Op::HasNot))
    }

    fn word(&mut self) -> Token {
        let end = self.rest.find(|c| !is_word_char(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.column += word.chars().count();
        keyword(word).unwrap_or_else(|| Token::Word(word.to_owned()))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Fault> {
        let start = self.column;
        self.take();
        let mut text = String::new();
        loop {
            let column = self.column;
            match self.take() {
                None => return Err(Fault::new(start, format!("the quote `{quote}` is not closed"))),
                Some(c) if c == quote => return Ok(Token::Quoted(text)),
                Some('\\') => text.push(match self.take() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(c @ ('\\' | '"' | '\'')) => c,
                    _ => {
                        return Err(Fault::new(
                            column,
                            "after `\\` may come n, t, r, a quote or `\\`; write a backslash as `\\\\`",
                        ));
                    }
                }),
                Some(c) => text.push(c),
            }
        }
    }

    fn regex(&mut self) -> Result<Token, Fault> {
        let start = self.column;
        self.take();
        let mut pattern = String::new();
        loop {
            match self.take() {
                None => {
                    return Err(Fault::new(
                        start,
                        "the regex is not closed with `/`; to search for a path, put quotes around it",
                    )
                    .suggesting(format!("\"/{}\"", pattern.trim_end())));
                }
                Some('/') => break,
                Some('\\') => match self.take() {
                    Some('/') => pattern.push('/'),
                    Some(c) => pattern.extend(['\\', c]),
                    None => pattern.push('\\'),
                },
                Some(c) => pattern.push(c),
            }
        }
        let mut ignore_case = false;
        while self.rest.starts_with(is_word_char) {
            if !self.rest.starts_with('i') {
                return Err(Fault::new(
                    self.column,
                    "after a regex only the flag `i` (any case) may follow; write a `/` in it as `\\/`, or put quotes around a path",
                ));
            }
            self.take();
            ignore_case = true;
        }
        Ok(Token::Regex { pattern, ignore_case })
    }
}
