//! Stand-ins for what is personal or secret, the same for the same value wherever it stands in one export.
//!
//! A number becomes a fictional number of its length and country, a SID one of its prefix, a name `name-1`. They are numbered in the order
//! of their first appearance and say nothing of the value: nothing is hashed. What a value is follows from the field that holds it
//! (`fields`) or from its looks (`looks`); what a field taught is found again in any text, however it is written there (`known`, telephone
//! numbers in `numbers`).
//! What an export keeps as it was recorded, its constructor says: a page nothing, a case what the app was told, the last nothing but secrets.
//! Learn all requests first ([`Pseudonyms::learn`]), then ask for texts: what was learnt last is found in what is written first. Nothing
//! here keeps a value out that looks like nothing and stands in a field of no known name. To add a kind, add a variant of
//! `Kind`, its shape in `shape`, and how it is told in `fields` or `looks`.

mod accounts;
mod fields;
mod json;
mod known;
mod looks;
mod named;
mod names;
mod numbers;
mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use self::known::Known;
use self::numbers::Number;
use crate::model::{Payload, Request, Response};

/// What a value is, and with that, what stands in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    /// A telephone number.
    Number,
    /// 32 hex digits: of a SID those behind its prefix, a Tropo id, a GUID.
    Id,
    /// A person's or a company's name.
    Name,
    /// A town.
    City,
    /// A postal code.
    Zip,
    /// A state or province.
    State,
    /// What a person said or wrote.
    Text,
    /// What lets somebody in.
    Token,
    /// A user of SIP, e-mail or a client.
    User,
    /// A host of an address.
    Host,
    /// A host of a tunnel.
    Tunnel,
    /// An IP address.
    Address,
    /// Many digits that a caller entered, or an account's number.
    Digits,
    /// The number of a card; it pays, so it is as secret as a token.
    Card,
    /// The number of a bank account with its country.
    Account,
}

impl Kind {
    /// Never written down, whatever an export keeps.
    fn is_secret(self) -> bool {
        matches!(self, Self::Token | Self::Card)
    }

    /// Found again by its digits, whatever stands between them.
    fn is_digits(self) -> bool {
        matches!(self, Self::Number | Self::Digits | Self::Card)
    }
}

/// What stays as it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keeps {
    /// Nothing that is personal.
    #[default]
    Nothing,
    /// What a caller entered, said or wrote.
    Input,
    /// All but what lets somebody in.
    AllButSecrets,
}

/// The stand-ins of one export.
#[derive(Clone, Debug, Default)]
pub struct Pseudonyms {
    /// By kind and value as it is compared, the number of its stand-in.
    given: HashMap<(Kind, String), usize>,
    /// How many of a kind there are.
    counts: HashMap<Kind, usize>,
    known: Known,
    keeps: Keeps,
    /// Only the values are wanted, not the texts without them.
    learning: bool,
}

impl Pseudonyms {
    /// None are given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a caller entered, said or wrote stays, but for numbers, names and the like in it: an app that fails on it is to fail again.
    pub fn keeping_input() -> Self {
        Self {
            keeps: Keeps::Input,
            ..Self::default()
        }
    }

    /// Only what lets somebody in has stand-ins.
    pub fn of_secrets() -> Self {
        Self {
            keeps: Keeps::AllButSecrets,
            ..Self::default()
        }
    }

    /// Something stands in for values of a kind.
    fn replaces(&self, kind: Kind) -> bool {
        self.keeps != Keeps::AllButSecrets || kind.is_secret()
    }

    /// Takes up what is personal in a request and its answer.
    pub fn learn(&mut self, request: &Request, response: Option<&Response>) {
        self.learning = true;
        let _ = self.request(request);
        if let Some(response) = response {
            let _ = self.response(response);
        }
        self.learning = false;
    }

    /// Takes up one who called or was called.
    pub fn learn_party(&mut self, value: &str) {
        self.learning = true;
        let _ = fields::party(self, value);
        self.learning = false;
    }

    /// One who called or was called.
    pub fn party(&mut self, value: &str) -> String {
        fields::party(self, value)
    }

    /// Any text, such as a line of a log, with stand-ins.
    pub fn text(&mut self, text: &str) -> String {
        self.spelled(text, true)
    }

    /// The name of something, or the place in a URL: a word in it is nobody's name.
    fn label(&mut self, text: &str) -> String {
        self.spelled(text, false)
    }

    fn spelled(&mut self, text: &str, words: bool) -> String {
        let mut spans = Vec::new();
        if !self.learning {
            spans = self.known.number_spans(text);
        }
        let looks = looks::spans(text, &spans);
        spans.extend(looks);
        spans.extend(accounts::spans(text));
        if !self.learning {
            spans.extend(self.known.spans(text, words));
        }
        spans.retain(|s| self.replaces(s.kind));
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for span in looks::apart(spans) {
            out.push_str(&text[from..span.start]);
            let value = &text[span.start..span.end];
            let stand_in = match &span.known {
                Some(_) if span.kind.is_digits() => self.stand_in(span.kind, value),
                Some(known) => self.stand_in(span.kind, known),
                None => self.stand_in(span.kind, value),
            };
            out.push_str(&span.spelling.write(&stand_in));
            from = span.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// A URL: the values of its query by their names.
    pub fn url(&mut self, url: &str) -> String {
        let (url, fragment) = url.split_once('#').map_or((url, None), |(u, f)| (u, Some(f)));
        let (front, query) = url.split_once('?').map_or((url, None), |(u, q)| (u, Some(q)));
        let mut out = self.label(front);
        if let Some(query) = query {
            out.push('?');
            let pairs: Vec<String> = query.split('&').map(|pair| self.pair(pair)).collect();
            out.push_str(&pairs.join("&"));
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(&self.text(fragment));
        }
        out
    }

    /// One `name=value` of a query, written as it was where nothing in it is replaced.
    fn pair(&mut self, pair: &str) -> String {
        let Some((name, _)) = pair.split_once('=') else {
            return self.text(pair);
        };
        let Some((decoded_name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return pair.to_owned();
        };
        let now = self.field("", &decoded_name, &value);
        if now == value {
            return pair.to_owned();
        }
        let encoded: String = form_urlencoded::byte_serialize(now.as_bytes()).collect();
        format!("{}={encoded}", self.label(name))
    }

    /// The value of a field; `parent` is the object that it is a member of, where there is one.
    fn field(&mut self, parent: &str, name: &str, value: &str) -> String {
        fields::value(self, parent, name, value)
    }

    /// Headers, the values of those that let somebody in replaced whole.
    pub fn headers(&mut self, headers: &[(String, String)]) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|(name, value)| (name.clone(), fields::header(self, name, value)))
            .collect()
    }

    /// A request with stand-ins.
    pub fn request(&mut self, request: &Request) -> Request {
        let payload = match &request.payload {
            Payload::Empty => Payload::Empty,
            Payload::Form(params) => Payload::Form(
                params
                    .iter()
                    .map(|(name, value)| (self.label(name), self.field("", name, value)))
                    .collect(),
            ),
            Payload::Json(body) => Payload::Json(match std::str::from_utf8(body) {
                Ok(text) => json::replaced(self, text).into_bytes(),
                Err(_) => self.text(&String::from_utf8_lossy(body)).into_bytes(),
            }),
        };
        Request {
            method: request.method.clone(),
            url: request.url.as_deref().map(|u| self.url(u)),
            headers: self.headers(&request.headers),
            payload,
        }
    }

    /// An answer with stand-ins.
    pub fn response(&mut self, response: &Response) -> Response {
        Response {
            headers: self.headers(&response.headers),
            body: response.body.as_deref().map(|b| self.body(b)),
            ..response.clone()
        }
    }

    /// A body of any kind.
    pub fn body(&mut self, body: &str) -> String {
        if body.trim_start().starts_with(['{', '[']) {
            json::replaced(self, body)
        } else {
            self.text(body)
        }
    }

    /// What stands in for a value of a kind.
    fn stand_in(&mut self, kind: Kind, value: &str) -> String {
        if !self.replaces(kind) {
            return value.to_owned();
        }
        if matches!(kind, Kind::User) && value.contains(['@', '%']) {
            return self.at_host(value);
        }
        let (key, front) = shape::key(kind, value);
        if key.is_empty() {
            return value.to_owned();
        }
        let known = (kind == Kind::Number)
            .then(|| self.known.number(&numbers::digits(&value[front.len()..])).cloned())
            .flatten();
        let key = known.as_ref().map_or(key, |n| Cow::Owned(n.key.clone()));
        let number = match self.given.get(&(kind, key.clone().into_owned())) {
            Some(number) => *number,
            None => {
                let count = self.counts.entry(kind).or_default();
                *count += 1;
                let number = *count;
                self.given.insert((kind, key.clone().into_owned()), number);
                self.take_up(kind, value, &key, number);
                number
            }
        };
        if let Some(known) = known {
            return format!("{front}{}", known.spelled_like(&value[front.len()..], number));
        }
        format!("{front}{}", shape::shaped(kind, &value[front.len()..], &key, number))
    }

    /// A new value is found in texts from now on.
    fn take_up(&mut self, kind: Kind, value: &str, key: &str, number: usize) {
        match kind {
            Kind::Number => self.known.add_number(Number::of(value, key)),
            Kind::Digits | Kind::Card => self.known.add_number(Number::entered(kind, key)),
            Kind::Name => {
                for word in names::words(value).filter(|w| names::is_telling(w)) {
                    // Who is called by one of his names is the same.
                    self.given.entry((kind, word.to_lowercase())).or_insert(number);
                    self.known.add_word(word);
                }
                for written in names::orders(value) {
                    self.known.add(kind, &written);
                }
            }
            _ => self.known.add(kind, key),
        }
    }

    /// `user@host`, with the user or the host as what they are.
    fn at_host(&mut self, value: &str) -> String {
        let at = value
            .find('@')
            .map(|at| (at, 1))
            .or(value.find("%40").map(|at| (at, 3)));
        let Some((at, len)) = at else {
            return self.stand_in(Kind::Token, value);
        };
        let (user, host) = (&value[..at], &value[at + len..]);
        let (lead, user) = looks::after_escape(user);
        let user = match looks::of_user(user) {
            Some(kind) => self.stand_in(kind, user),
            None => user.to_owned(),
        };
        let host: Cow<'_, str> = match looks::of_host(host) {
            Some(kind) => self.stand_in(kind, host).into(),
            None => host.into(),
        };
        format!("{lead}{user}{}{host}", &value[at..at + len])
    }
}
