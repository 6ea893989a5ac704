//! What leaves the machine: secrets never, what is personal only where it is asked for.

use super::tell::problems;
use super::{Asked, Found, Item, Told};
use crate::model::{Payload, Request, Response};
use crate::output::har::Hidden;
use crate::output::kept::Kept;
use crate::output::pseudonym::Pseudonyms;
use crate::store::mask;

/// A request without what lets somebody in: such headers are left out, and the auth token is dots wherever it stands. With `signature`, the
/// recorded one stays.
pub fn without_secrets(request: &mut Request, hidden: Hidden<'_>, signature: bool) {
    request.headers.retain(|(name, value)| {
        let of_signature =
            name.to_ascii_lowercase().starts_with("x-twilio-") && name.to_ascii_lowercase().contains("signature");
        mask(name, value) == value && (signature || !of_signature)
    });
    headers(&mut request.headers, hidden);
    if let Some(url) = &mut request.url {
        *url = hidden.text(&without_login(url)).into_owned();
    }
    match &mut request.payload {
        Payload::Empty => {}
        Payload::Form(params) => headers(params, hidden),
        Payload::Json(body) => *body = hidden.bytes(body).into_owned(),
    }
}

/// A URL without the user and password that it may name.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn headers(pairs: &mut [(String, String)], hidden: Hidden<'_>) {
    for (_, value) in pairs {
        *value = hidden.text(value).into_owned();
    }
}

fn answer_without_secrets(response: &mut Response, hidden: Hidden<'_>) {
    response.headers.retain(|(name, value)| mask(name, value) == value);
    headers(&mut response.headers, hidden);
    if let Some(body) = &mut response.body {
        *body = hidden.text(body).into_owned();
    }
}

impl Asked {
    /// The same without what lets somebody in.
    pub fn hide(&mut self, hidden: Hidden<'_>, signature: bool) {
        without_secrets(&mut self.request, hidden, signature);
        if let Some(response) = &mut self.response {
            answer_without_secrets(response, hidden);
        }
        if let Some((_, title)) = &mut self.found {
            *title = hidden.text(title).into_owned();
        }
        for replay in &mut self.replays {
            replay.headers.retain(|(name, value)| mask(name, value) == value);
        }
    }

    /// What is personal in it is learnt.
    pub fn teach(&self, names: &mut Pseudonyms) {
        names.learn(&self.request, self.response.as_ref());
    }

    /// The same with stand-ins.
    pub fn redact(&mut self, names: &mut Pseudonyms) {
        self.call = names.text(&self.call);
        self.place = names.text(&self.place);
        self.request = names.request(&self.request);
        self.response = self.response.as_ref().map(|r| names.response(r));
        // Places of problems are those of the text that is shown.
        if let Some(response) = &self.response {
            self.problems = problems(self.provider, self.kind, response, self.status);
        }
        for p in &mut self.problems {
            p.message = names.text(&p.message);
        }
        if let Some((_, title)) = &mut self.found {
            *title = names.text(title);
        }
        for replay in &mut self.replays {
            redact_replay(replay, names);
        }
    }
}

fn redact_replay(replay: &mut Kept, names: &mut Pseudonyms) {
    replay.sent_to = names.url(&replay.sent_to);
    replay.headers = names.headers(&replay.headers);
    replay.body = replay.body.as_deref().map(|b| names.body(b));
    replay.error = replay.error.as_deref().map(|e| names.text(e));
    for note in &mut replay.notes {
        *note = names.text(note);
    }
    if let Some(problems) = replay.verdict["problems"].as_array_mut() {
        for p in problems {
            let message = p["message"].as_str().map(|m| names.text(m));
            if let Some(message) = message {
                p["message"] = message.into();
            }
        }
    }
}

impl Found {
    fn texts(&mut self, change: &mut dyn FnMut(&str) -> String) {
        for text in [&mut self.title, &mut self.advice, &mut self.evidence, &mut self.place] {
            *text = change(text);
        }
        for line in &mut self.script {
            *line = change(line);
        }
    }
}

impl Told {
    /// The same without what lets somebody in.
    pub fn hide(&mut self, hidden: Hidden<'_>, signature: bool) {
        for item in &mut self.items {
            match item {
                Item::Request(a) => a.hide(hidden, signature),
                Item::Finding(f) => f.texts(&mut |t| hidden.text(t).into_owned()),
            }
        }
    }

    /// What is personal in it is learnt.
    pub fn teach(&self, names: &mut Pseudonyms) {
        for party in self.from.iter().chain(&self.to) {
            names.learn_party(party);
        }
        for asked in self.requests() {
            asked.teach(names);
        }
    }

    /// The same with stand-ins; what all calls of an export hold is taught before ([`Told::teach`]).
    pub fn redact(&mut self, names: &mut Pseudonyms) {
        self.id = names.text(&self.id);
        for id in &mut self.also {
            *id = names.text(id);
        }
        self.parent = self.parent.as_deref().map(|t| names.text(t));
        self.from = self.from.as_deref().map(|t| names.party(t));
        self.to = self.to.as_deref().map(|t| names.party(t));
        self.app = self.app.as_deref().map(|t| names.url(t));
        for item in &mut self.items {
            match item {
                Item::Request(a) => a.redact(names),
                Item::Finding(f) => f.texts(&mut |t| names.text(t)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn what_lets_somebody_in_is_left_out() {
        let header = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let token = Secret::new("0123456789abcdef");
        let recorded = Request {
            method: None,
            url: Some("https://me:pw@a.example.org/x?y=z@w&t=0123456789abcdef".to_owned()),
            headers: vec![
                header("Authorization", "Basic x"),
                header("cookie", "a=b"),
                header("X-Twilio-Signature", "abc="),
                header("X-Mine", "0123456789abcdef"),
            ],
            payload: Payload::Form(vec![header("t", "0123456789abcdef")]),
        };
        let mut request = recorded.clone();
        without_secrets(&mut request, Hidden::new(Some(&token)), false);
        assert_eq!(request.url.as_deref(), Some("https://a.example.org/x?y=z@w&t=••••••"));
        assert_eq!(request.headers, [header("X-Mine", "••••••")]);
        assert_eq!(request.params()[0].1, "••••••");
        let mut request = recorded;
        without_secrets(&mut request, Hidden::new(None), true);
        assert_eq!(request.headers.len(), 2);
        assert_eq!(without_login("/x@y"), "/x@y");
        assert_eq!(without_login("http://h/@"), "http://h/@");
    }
}
