//! Which kind of document a text is, and where its records stand in it.

use std::ops::Range;

use memchr::memchr2;

use crate::format::{Record, RecordKind};
use crate::model::{Id, Payload, Request};

use super::kinds::{Found, known};
use super::places::Places;
use super::scan::{self, Step};
use super::value::{self, Document, Object, Value, member};
use super::{Reading, call_events, debugger, draft, form, http, received, relaxed, salvage, unwrap};

/// How often a text may be wrapped in another encoding.
const WRAPPINGS: u8 = 3;

/// A text that JSON values stand in, and how their places map to the text that was given.
struct Source<'s> {
    text: &'s str,
    /// Added to every place.
    origin: usize,
    /// For text that was rewritten.
    places: Option<&'s Places>,
}

impl Source<'_> {
    /// The place of a part of this text in the given one.
    fn range(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        let end = start + part.len();
        let (start, end) = match self.places {
            // Both ends are brackets, and those are the places that are known.
            Some(places) => (places.old(start), places.old(end.saturating_sub(1)) + 1),
            None => (start, end),
        };
        self.origin + start..self.origin + end
    }
}

/// Reads a whole text of any kind.
pub(super) fn read_text(text: &str, wrapped: u8, reading: &mut Reading) {
    let start = text.len() - text.trim_start_matches(is_skipped).len();
    let body = text[start..].trim_end();
    match body.as_bytes().first() {
        None => {}
        Some(b'{' | b'[') => read_json(text, start, reading),
        Some(_) if http::is_request_line(body.lines().next().unwrap_or("").as_bytes()) => {
            read_capture(body, start..start + body.len(), wrapped, reading);
        }
        Some(_) if form::is_form(body.as_bytes()) => read_form(body, start..start + body.len(), reading),
        Some(_) => read_wrapped(body, start..start + body.len(), wrapped, reading),
    }
}

/// Characters that stand before and between documents: blanks, BOM, commas, RFC 7464's record separator.
fn is_skipped(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | ',' | ';' | '\u{1E}')
}

/// A text in one more encoding: percent, base64, a JSON string.
fn read_wrapped(body: &str, whole: Range<usize>, wrapped: u8, reading: &mut Reading) {
    let string = || serde_json::from_str::<String>(body).ok();
    let inner = unwrap::percent(body)
        .or_else(string)
        .or_else(|| unwrap::base64_text(body.as_bytes()));
    match inner.filter(|_| wrapped < WRAPPINGS) {
        Some(inner) => read_inside(&inner, &whole, wrapped, reading),
        None => reading.troubled(|| "neither JSON nor a form body nor an HTTP request".to_owned()),
    }
}

/// Reads a text that was decoded from the text at `whole`.
fn read_inside(inner: &str, whole: &Range<usize>, wrapped: u8, reading: &mut Reading) {
    let mut inside = Reading::default();
    read_text(inner, wrapped + 1, &mut inside);
    reading
        .records
        .extend(inside.records.into_iter().map(|(_, r)| (whole.clone(), r)));
    if let Some(why) = inside.trouble {
        reading.troubled(|| why);
    }
}

/// A form body: the debugger's webhook, or any other.
fn read_form(body: &str, whole: Range<usize>, reading: &mut Reading) {
    let pairs: Vec<_> = form::pairs(body).collect();
    if pairs.iter().any(|(n, _)| n == "Payload") {
        let (record, trouble) = debugger::read_form(&pairs);
        reading.records.push((whole, record));
        if let Some(why) = trouble {
            reading.troubled(|| why);
        }
    } else if received::is_webhook(pairs.iter().map(|(n, _)| n.as_ref())) {
        reading.records.push((whole, received::read(form::owned(body))));
    } else {
        reading.troubled(|| "form body of no known kind".to_owned());
    }
}

/// An HTTP request: the webhook itself, or one that carries documents (debugger, Event Streams, Tropo).
fn read_capture(text: &str, whole: Range<usize>, wrapped: u8, reading: &mut Reading) {
    let Some(capture) = http::parse(text) else {
        return reading.troubled(|| "HTTP request of no known kind".to_owned());
    };
    let mut request = capture.request;
    let pairs = form::owned(capture.body);
    let is_form = form::is_form(capture.body.as_bytes());
    if is_form
        && received::is_webhook(pairs.iter().map(|(n, _)| n.as_str()))
        && !pairs.iter().any(|(n, _)| n == "Payload")
    {
        request.payload = Payload::Form(pairs);
        reading.records.push((whole, received::read_request(request, None)));
    } else if received::is_webhook(capture.query.iter().map(|(n, _)| n.as_str())) && capture.body.is_empty() {
        reading
            .records
            .push((whole, received::read_request(request, Some(&capture.query))));
    } else if capture.body.is_empty() {
        reading.troubled(|| "HTTP request without a body of a known kind".to_owned());
    } else {
        let from = reading.records.len();
        read_inside(capture.body, &whole, wrapped, reading);
        for (_, record) in &mut reading.records[from..] {
            carry(record, &request, capture.body);
        }
    }
}

/// Gives a document that came in a capture the request that carried it, when that was the app's own request.
fn carry(record: &mut Record, request: &Request, body: &str) {
    if !matches!(record.kind, RecordKind::TropoPayload | RecordKind::Webhook) {
        return;
    }
    let payload = match record.kind {
        RecordKind::Webhook => Payload::Json(body.as_bytes().to_vec()),
        _ => record.request.take().map(|r| r.payload).unwrap_or_default(),
    };
    record.request = Some(Request {
        payload,
        ..request.clone()
    });
    let url = request.url.as_deref().unwrap_or("");
    let (host, path) = draft::parts(url);
    record.fields.set("url", url);
    record.fields.set("host", host);
    record.fields.set("path", path);
    record.fields.set("method", request.method.as_deref().unwrap_or(""));
    if !url.is_empty() {
        record.why_not = None;
    }
}

/// JSON documents behind one another.
fn read_json(text: &str, start: usize, reading: &mut Reading) {
    let mut at = start;
    while at < text.len() {
        if !text[at..].starts_with(['{', '[']) {
            reading.troubled(|| format!("no JSON document at byte {at}"));
            match memchr2(b'{', b'[', &text.as_bytes()[at..]) {
                Some(n) => at += n,
                None => return,
            }
        }
        let mut documents = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Document<'_>>();
        match documents.next() {
            Some(Ok(Document(found))) => {
                let end = at + documents.byte_offset();
                let source = Source {
                    text: &text[at..end],
                    origin: at,
                    places: None,
                };
                read_document(&found, &source, reading);
                at = end;
            }
            Some(Err(why)) => match read_broken(&text[at..], at, &why, reading) {
                Some(used) => at += used,
                None => return,
            },
            None => return,
        }
        at = text.len() - text[at..].trim_start_matches(is_skipped).len();
    }
}

/// A document that is no strict JSON: as a paste, else whatever items in it are whole. Gives the bytes it takes up;
/// none when there is no telling where it ends.
fn read_broken(text: &str, at: usize, why: &serde_json::Error, reading: &mut Reading) -> Option<usize> {
    match scan::extent(text.as_bytes()) {
        Step::Closed(used) => {
            let text = &text[..used];
            if !read_paste(text, at, reading) {
                reading.troubled(|| format!("broken JSON: {why}"));
                read_salvage(text, at, reading);
            }
            Some(used)
        }
        Step::Open => {
            reading.incomplete = true;
            reading.troubled(|| format!("cut JSON at byte {}", at + text.len()));
            read_salvage(text, at, reading);
            None
        }
        Step::Wrong => {
            reading.troubled(|| format!("broken JSON: {why}"));
            read_salvage(text, at, reading);
            None
        }
    }
}

/// A paste made strict; false when that does not make it JSON either.
fn read_paste(text: &str, at: usize, reading: &mut Reading) -> bool {
    if let Some(plain) = unwrap::entities(text) {
        let mut inside = Reading::default();
        let (strict, _) = relaxed::strict(&plain);
        if let Ok(Document(found)) = serde_json::from_str(&strict) {
            read_document(
                &found,
                &Source {
                    text: &strict,
                    origin: 0,
                    places: None,
                },
                &mut inside,
            );
            reading
                .records
                .extend(inside.records.into_iter().map(|(_, r)| (at..at + text.len(), r)));
            if let Some(why) = inside.trouble {
                reading.troubled(|| why);
            }
            return true;
        }
    }
    let (strict, places) = relaxed::strict(text);
    let Ok(Document(found)) = serde_json::from_str(&strict) else {
        return false;
    };
    read_document(
        &found,
        &Source {
            text: &strict,
            origin: at,
            places: Some(&places),
        },
        reading,
    );
    true
}

/// The items of a document that is not whole.
fn read_salvage(text: &str, at: usize, reading: &mut Reading) {
    let page_call = call_events::call_in(text);
    for range in salvage::items(text.as_bytes()) {
        let item = &text[range.clone()];
        let source = Source {
            text: item,
            origin: at + range.start,
            places: None,
        };
        let strict = serde_json::from_str::<Value<'_>>(item);
        let found = match &strict {
            Ok(Value::Object(members)) => known(members, item, page_call.as_ref(), reading.facts),
            _ => continue,
        };
        put(found, source.range(item), reading, true);
    }
}

/// One whole document.
fn read_document(document: &Value<'_>, source: &Source<'_>, reading: &mut Reading) {
    match document {
        Value::List(items) => {
            for item in items {
                if let Value::Raw(item) = item {
                    read_item(item, source, None, reading);
                }
            }
        }
        Value::Object(members) => read_object(members, source, reading),
        _ => {}
    }
}

/// One item of a list.
fn read_item(item: &str, source: &Source<'_>, page_call: Option<&Id>, reading: &mut Reading) {
    let range = source.range(item);
    let facts = reading.facts;
    let found = match serde_json::from_str::<Value<'_>>(item) {
        Ok(Value::Object(members)) => known(&members, item, page_call, facts),
        // An event of a stream, or a payload, kept as text.
        Ok(Value::Text(inner)) => unwrap::with_value(&inner, &mut |v| match v {
            Value::Object(members) => known(members, "{}", page_call, facts),
            _ => Found::Unknown,
        })
        .unwrap_or(Found::Unknown),
        Ok(_) => Found::Unknown,
        Err(why) => {
            reading.troubled(|| format!("broken JSON: {why}"));
            return;
        }
    };
    put(found, range, reading, false);
}

/// An object: a page of items, or one thing.
fn read_object(members: &Object<'_>, source: &Source<'_>, reading: &mut Reading) {
    let lists = members.iter().filter_map(|(_, v)| match v {
        Value::Raw(list) => value::items(list).or_else(|| value::entries(list)),
        _ => None,
    });
    let mut is_page = false;
    for list in lists {
        is_page = true;
        let page_call = page_call(members);
        for item in list {
            read_item(item, source, page_call.as_ref(), reading);
        }
    }
    if !is_page {
        let facts = reading.facts;
        put(
            known(members, source.text, None, facts),
            source.range(source.text),
            reading,
            false,
        );
    }
}

/// The call that a page is about, by its own address.
fn page_call(members: &Object<'_>) -> Option<Id> {
    ["uri", "first_page_uri", "next_page_uri", "previous_page_uri"]
        .iter()
        .map(|n| member(members, n))
        .chain(["url", "first_page_url"].iter().map(|n| member(members, "meta").get(n)))
        .find_map(|v| call_events::call_in(&v.text()?))
}

/// Keeps what was found; in what is left of a broken document, unknown parts are no surprise.
fn put(found: Found, range: Range<usize>, reading: &mut Reading, salvaged: bool) {
    match found {
        Found::Record(record, trouble) => {
            reading.records.push((range, *record));
            if let Some(why) = trouble {
                reading.troubled(|| why);
            }
        }
        Found::Unknown if !salvaged => reading.troubled(|| "JSON document of no known kind".to_owned()),
        Found::Nothing | Found::Unknown => {}
    }
}
