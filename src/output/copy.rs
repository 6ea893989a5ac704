//! What can be copied of a request, as text that is safe to paste.
//!
//! A clipboard ends up in a shell or an editor. Control characters other than line ends and tabs are taken away, so
//! that no escape sequence is pasted and a bracketed paste is not ended from inside; characters that reorder what is
//! shown are taken away too, so that what is pasted is what was seen. How a text gets into the clipboard is not decided here.

use super::json::body_text;
use crate::call::Exchange;
use crate::session::Detail;

/// A part of a request that can be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What was sent: the JSON document, or the form as it travels.
    RequestBody,
    /// What the app answered.
    ResponseBody,
    /// Where it was sent.
    Url,
    /// The id that commands take.
    Id,
    /// What to look at first.
    Advice,
}

impl Part {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 5] = [Self::RequestBody, Self::ResponseBody, Self::Url, Self::Id, Self::Advice];

    /// What a menu calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestBody => "request body",
            Self::ResponseBody => "response body",
            Self::Url => "URL",
            Self::Id => "id",
            Self::Advice => "advice",
        }
    }

    /// Its text; none where the request has none, or nothing of it can be pasted. `advice` is that of the finding in view.
    pub fn of(self, e: &Exchange, d: &Detail, advice: Option<&str>) -> Option<String> {
        let text = match self {
            Self::RequestBody => body_text(d)?,
            Self::ResponseBody => d.response.as_ref()?.body.clone()?,
            Self::Url => e.url.as_deref().or(d.request.url.as_deref())?.to_owned(),
            Self::Id => e.name(),
            Self::Advice => advice?.to_owned(),
        };
        let line = !matches!(self, Self::RequestBody | Self::ResponseBody);
        let text = if line { one_line(&text) } else { pasteable(&text) };
        (!text.is_empty()).then_some(text)
    }
}

/// A text without anything that acts on a terminal. Line ends are `\n`.
pub fn pasteable(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| stays(*c)).collect()
}

/// The same on one line: a pasted line end runs what stands before it.
pub fn one_line(text: &str) -> String {
    let text = pasteable(text);
    text.split(['\n', '\t'])
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn stays(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        // Text direction, line and paragraph separators, and tags, which nobody sees.
        '\u{61c}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}' => false,
        c => !c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::model::{Payload, Request, Response};
    use crate::session::{Reading, Session};
    use proptest::prelude::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        for (raw, kept) in [
            ("plain\n\ttext ünïcode 漢字", "plain\n\ttext ünïcode 漢字"),
            ("a\r\nb\rc", "a\nbc"),
            ("\x1b[201~rm -rf x\r", "[201~rm -rf x"),
            ("\u{9b}201~\u{85}\0\x07\x7f", "201~"),
            ("user\u{202e}nimda\u{2066}x", "usernimdax"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("a\u{e0041}b", "ab"),
        ] {
            assert_eq!(pasteable(raw), kept, "{raw:?}");
        }
        assert_eq!(one_line(" a\r\n\n\tb \n"), "a b");
    }

    #[test]
    fn every_part_of_a_request() {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/debugger.jsonl");
        let engine = Engine::new(builtin::packs());
        let session = Session::open(&[sample.into()], &engine, Reading::default(), &mut |_, _| {});
        let e = session.calls.exchanges.iter().find(|e| e.url.is_some()).unwrap();
        let mut d = Detail {
            request: Request {
                payload: Payload::Form(vec![("a".to_owned(), "1 \x1b&".to_owned())]),
                ..Request::default()
            },
            response: Some(Response {
                body: Some("<Response>\r\n\x1b[31m</Response>".to_owned()),
                ..Response::default()
            }),
            account: None,
        };
        let copied = |d: &Detail| Part::ALL.map(|p| p.of(e, d, Some("look\n at \x1b]52;c;it")).unwrap_or_default());
        let url = e.url.clone().unwrap().to_string();
        assert_eq!(
            copied(&d),
            [
                "a=1+%1B%26",
                "<Response>\n[31m</Response>",
                &url,
                &e.name(),
                "look at ]52;c;it"
            ]
        );
        d.request.payload = Payload::Json(b"{\n\"a\": 1}\0".to_vec());
        d.response = None;
        assert_eq!(copied(&d), ["{\n\"a\": 1}", "", &url, &e.name(), "look at ]52;c;it"]);
        d.request.payload = Payload::Empty;
        assert_eq!(Part::RequestBody.of(e, &d, None), None);
        assert_eq!(Part::Advice.of(e, &d, None), None);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again(text: String) {
            let once = pasteable(&text);
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(pasteable(&once), once.clone());
            prop_assert!(!one_line(&text).contains(['\n', '\t']));
        }
    }
}
