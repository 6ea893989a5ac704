//! From tokens to a checked tree: grammar, depth, and what each field's type takes.

use super::eval::{Check, Node, Test};
use super::lex::{self, Op, Placed, Token};
use super::show::{Error, Fault};
use super::value;
use super::{FIELDS, Field, FieldInfo, FieldType, field};
use crate::model::Time;

/// Parentheses and `not`s inside each other; deeper ones could exhaust the stack.
pub(super) const MAX_DEPTH: usize = 200;

/// Bytes of an expression; it bounds the number and size of the regexes that it compiles to.
pub(super) const MAX_LENGTH: usize = 8192;

/// A value as written, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// `wild`: it was written without quotes and has a `*` or `…`.
    Text { text: String, wild: bool },
    /// `/pattern/` or `/pattern/i`, with `\/` already a `/`.
    Regex { pattern: String, ignore_case: bool },
}

/// A value and its column.
pub(super) struct Placing {
    pub(super) literal: Literal,
    pub(super) column: usize,
}

pub(super) fn parse(text: &str, now: Time) -> Result<Node, Error> {
    if text.len() > MAX_LENGTH {
        return Err(Fault::new(1, format!("the expression is longer than {MAX_LENGTH} bytes")).in_text(text));
    }
    let read = || {
        let tokens = lex::tokens(text)?;
        Parser {
            tokens: &tokens,
            at: 0,
            depth: 0,
            now,
        }
        .whole()
    };
    read().map_err(|fault: Fault| fault.in_text(text))
}

struct Parser<'a> {
    tokens: &'a [Placed],
    at: usize,
    depth: usize,
    now: Time,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, n: usize) -> &Token {
        self.tokens.get(self.at + n).map_or(&Token::End, |p| &p.token)
    }

    /// Column of the next token.
    fn column(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |p| p.column)
    }

    /// Steps over the next token when it is this one.
    fn eat(&mut self, token: &Token) -> bool {
        let same = self.peek() == token;
        self.at += usize::from(same);
        same
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.column(), message))
    }

    fn whole(mut self) -> Result<Node, Fault> {
        if *self.peek() == Token::End {
            return self.fault("the expression is empty; write a test such as `severity >= warning`");
        }
        let node = self.any_of()?;
        match self.peek() {
            Token::End => Ok(node),
            Token::Close => self.fault("this `)` closes nothing"),
            Token::Comma => self.fault("a `,` belongs between the values of `in (…)`"),
            Token::Op(_) | Token::In => self.fault("a test has one operator; begin the next with `and` or `or`"),
            _ => self.fault("write `and` or `or` between two tests, or quotes around words that belong together"),
        }
    }

    fn any_of(&mut self) -> Result<Node, Fault> {
        let mut parts = vec![self.all_of()?];
        while self.eat(&Token::Or) {
            parts.push(self.all_of()?);
        }
        Ok(single(parts, Node::Or))
    }

    fn all_of(&mut self) -> Result<Node, Fault> {
        let mut parts = vec![self.unary()?];
        while self.eat(&Token::And) {
            parts.push(self.unary()?);
        }
        Ok(single(parts, Node::And))
    }

    fn unary(&mut self) -> Result<Node, Fault> {
        let (open, column) = (*self.peek() == Token::Open, self.column());
        if !open && *self.peek() != Token::Not {
            return self.test();
        }
        if self.depth == MAX_DEPTH {
            return self.fault(format!("more than {MAX_DEPTH} parentheses or `not`s inside each other"));
        }
        self.depth += 1;
        self.at += 1;
        let node = if open {
            self.group(column)?
        } else {
            Node::Not(Box::new(self.unary()?))
        };
        self.depth -= 1;
        Ok(node)
    }

    /// What stands in the parentheses that were opened at `column`.
    fn group(&mut self, column: usize) -> Result<Node, Fault> {
        let node = self.any_of()?;
        if self.eat(&Token::Close) {
            return Ok(node);
        }
        match self.peek() {
            Token::End => Err(Fault::new(column, "this `(` is not closed")),
            _ => self.fault("write `and`, `or` or `)` here"),
        }
    }

    fn test(&mut self) -> Result<Node, Fault> {
        let column = self.column();
        let operator_follows = matches!(
            (self.ahead(1), self.ahead(2)),
            (Token::Op(_) | Token::In, _) | (Token::Not, Token::In)
        );
        let word = match self.peek() {
            Token::Word(word) => word.clone(),
            Token::Quoted(_) | Token::Regex { .. } if !operator_follows => return self.bare_term(),
            Token::Quoted(_) | Token::Regex { .. } => {
                return self.fault("before an operator stands a field, without quotes");
            }
            Token::Op(op) => return self.fault(format!("a field is missing before `{}`", op.as_str())),
            Token::In => return self.fault("a field is missing before `in`"),
            _ => return self.fault("a test is missing here, such as `severity >= warning`"),
        };
        match (Field::parse(&word), operator_follows) {
            (Some(field), true) => {
                self.at += 1;
                self.comparison(field)
            }
            (None, true) => Err(unknown_field(&word, column)),
            (Some(field), false) => self.fault(format!(
                "`{word}` is a field and needs an operator, like `{}`; to search for the word, put quotes around it",
                field.info().example
            )),
            (None, false) => self.bare_term(),
        }
    }

    /// A value alone searches the text.
    fn bare_term(&mut self) -> Result<Node, Fault> {
        let column = self.column();
        let value = self.value(Op::Has)?;
        self.finish(Field::Text, Op::Has, column, vec![value])
    }

    fn comparison(&mut self, field: Field) -> Result<Node, Fault> {
        let column = self.column();
        let negated = self.eat(&Token::Not);
        let op = match self.peek() {
            Token::Op(op) => *op,
            _ if negated => Op::NotIn,
            _ => Op::In,
        };
        self.at += 1;
        check_operator(field.info(), op, column)?;
        let values = if op.takes_list() {
            self.list(field, op)?
        } else {
            vec![self.value(op)?]
        };
        self.finish(field, op, column, values)
    }

    fn list(&mut self, field: Field, op: Op) -> Result<Vec<Placing>, Fault> {
        if !self.eat(&Token::Open) {
            let name = field.name();
            return self.fault(format!("`in` takes a list in parentheses: `{name} in (one, other)`"));
        }
        let mut values = vec![self.value(op)?];
        while self.eat(&Token::Comma) {
            values.push(self.value(op)?);
        }
        if self.eat(&Token::Close) {
            Ok(values)
        } else {
            self.fault("write `,` or `)` here")
        }
    }

    fn value(&mut self, op: Op) -> Result<Placing, Fault> {
        let column = self.column();
        let literal = match self.peek() {
            Token::Word(text) => Literal::Text {
                text: text.clone(),
                wild: text.contains(['*', '…']),
            },
            Token::Quoted(text) => Literal::Text {
                text: text.clone(),
                wild: false,
            },
            Token::Regex { pattern, ignore_case } => Literal::Regex {
                pattern: pattern.clone(),
                ignore_case: *ignore_case,
            },
            Token::And | Token::Or | Token::Not | Token::In => {
                return self.fault(format!(
                    "a value is missing after `{}`; to search for this word, put quotes around it",
                    op.as_str()
                ));
            }
            _ => return self.fault(format!("a value is missing after `{}`", op.as_str())),
        };
        self.at += 1;
        Ok(Placing { literal, column })
    }

    fn finish(&self, field: Field, op: Op, column: usize, values: Vec<Placing>) -> Result<Node, Fault> {
        let check: Check = value::compile(field.info(), op, column, &values, self.now)?;
        let values = values.into_iter().map(|v| v.literal).collect();
        Ok(Node::Test(Test {
            field,
            op,
            values,
            check,
        }))
    }
}

/// One part stands for itself.
fn single(mut parts: Vec<Node>, join: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn unknown_field(word: &str, column: usize) -> Fault {
    let fault = |rest: &str| Fault::new(column, format!("no field is called `{word}`{rest}"));
    if let Some(name) = field::closest(word, FIELDS.iter().flat_map(FieldInfo::names)) {
        return fault("").suggesting(name);
    }
    let names: Vec<&str> = FIELDS.iter().map(|f| f.name).collect();
    fault(&format!("; the fields are {}", names.join(", ")))
}

fn check_operator(info: &FieldInfo, op: Op, column: usize) -> Result<(), Fault> {
    let fits = match op {
        Op::Eq | Op::Ne | Op::In | Op::NotIn => true,
        Op::Has | Op::HasNot => info.kind.is_text(),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => info.kind.is_ordered(),
    };
    if fits {
        return Ok(());
    }
    let (name, noun, op, all) = (
        info.name,
        FieldType::noun(info.kind),
        op.as_str(),
        info.kind.operators(),
    );
    Err(Fault::new(
        column,
        format!("`{name}` is {noun}, which `{op}` cannot compare; use one of {all}"),
    ))
}
