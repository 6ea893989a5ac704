//! Recorded requests with their answers as a HAR 1.2 log, that `redial` itself and other tools read.
//!
//! What HAR has no word for stands under `_redial` of an entry, in the words that [`crate::format::twilio`] reads: why there was no
//! answer, and what was made up because HAR wants it: a time of every entry (1970), a status of every answer. What took nobody knows
//! how long took -1 ms, as HAR has it; where no answer came the status is 0, whatever the platform wrote in its place.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use super::Asked;
use crate::format::har::{Content, Entry, Nothing, Pair, Request, Response, Text, Timings, millis};
use crate::model::{Outcome, Payload, Time};
use crate::output::json::body_text;
use crate::replay::Plan;
use crate::session::Detail;

#[derive(Serialize)]
struct File<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator,
    entries: Vec<Entry<'a, Own<'a>>>,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

/// `_redial`.
#[derive(Serialize)]
struct Own<'a> {
    request: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    call: &'a str,
    kind: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aborted: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Members of the entry that stand for what nobody logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unlogged: Vec<&'static str>,
}

/// The file; of a request with a plan, what would be sent stands for what was.
///
/// # Errors
/// None that a list of texts could give.
pub fn log(all: &[(&Asked, Option<&Plan>)]) -> serde_json::Result<String> {
    let file = File {
        log: Log {
            version: "1.2",
            creator: Creator {
                name: "redial",
                version: env!("CARGO_PKG_VERSION"),
            },
            entries: all.iter().map(|(asked, plan)| entry(asked, *plan)).collect(),
        },
    };
    let mut text = serde_json::to_string_pretty(&file)?;
    text.push('\n');
    Ok(text)
}

fn entry<'a>(asked: &'a Asked, plan: Option<&'a Plan>) -> Entry<'a, Own<'a>> {
    let took = asked.ms.map_or(-1.0, |ms| millis(Duration::from_millis(ms)));
    Entry {
        started_date_time: asked.at.time().unwrap_or(Time(0)).to_string(),
        time: took,
        request: plan.map_or_else(|| recorded(asked), planned),
        response: response(asked),
        cache: Nothing {},
        timings: Timings {
            connect: None,
            send: 0.0,
            wait: took,
            receive: 0.0,
        },
        server: None,
        own: own(asked),
    }
}

fn own(asked: &Asked) -> Own<'_> {
    let (error, aborted) = match asked.outcome {
        Outcome::Unreachable => (Some("unreachable"), None),
        Outcome::NoReply => (Some("closed"), None),
        Outcome::Timeout => (None, Some("client")),
        Outcome::Ok | Outcome::HttpError | Outcome::BadReply | Outcome::Unknown => (None, None),
    };
    Own {
        request: &asked.id,
        call: &asked.call,
        kind: asked.kind.as_str(),
        outcome: asked.outcome.as_str(),
        error,
        aborted,
        why: error.map(|_| asked.wrong()),
        unlogged: unlogged(asked),
    }
}

fn unlogged(asked: &Asked) -> Vec<&'static str> {
    let body = |r: &crate::model::Response| r.body.is_some();
    let status = asked.status.is_none() && !never_answered(asked) && asked.response.as_ref().is_some_and(body);
    let time = asked.at.time().is_none();
    let all = [(time, "startedDateTime"), (status, "status")];
    all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
}

/// What stands for an answer is then the platform's own text.
fn never_answered(asked: &Asked) -> bool {
    matches!(
        asked.outcome,
        Outcome::Timeout | Outcome::Unreachable | Outcome::NoReply
    )
}

fn pairs(headers: &[(String, String)]) -> Vec<Pair<'_>> {
    let pair = |(name, value): &'_ (String, String)| (name.clone(), value.clone());
    let owned = headers.iter().map(pair);
    owned
        .map(|(name, value)| Pair {
            name: name.into(),
            value: value.into(),
        })
        .collect()
}

fn recorded(asked: &Asked) -> Request<'_> {
    let request = &asked.request;
    let method = request.method.as_deref().unwrap_or("POST");
    let mut url = Cow::Borrowed(request.url.as_deref().unwrap_or_default());
    // The parameters of a GET travel in its query.
    if let (true, Payload::Form(params)) = (request.is_get(), &request.payload) {
        let known: Vec<(String, String)> = query(&url);
        let missing = params.iter().filter(|p| !known.contains(p));
        let more = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(missing)
            .finish();
        if !more.is_empty() {
            let mark = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{mark}{more}").into();
        }
    }
    let body = body_text(&Detail {
        request: request.clone(),
        ..Detail::default()
    });
    let size = body.as_ref().map_or(0, String::len) as u64;
    let out = Request::new(method, url, "HTTP/1.1", pairs(&request.headers), size);
    let Some(body) = body else { return out };
    let fallback = match request.payload {
        Payload::Json(_) => "application/json",
        _ => "application/x-www-form-urlencoded",
    };
    out.with_body(
        value(&request.headers, "content-type").unwrap_or(fallback),
        Text::of(body.into_bytes().into(), false),
    )
}

fn query(url: &str) -> Vec<(String, String)> {
    let query = url
        .split_once('?')
        .map_or("", |(_, q)| q)
        .split('#')
        .next()
        .unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn planned(plan: &Plan) -> Request<'_> {
    let size = plan.body.len() as u64;
    let out = Request::new(
        plan.method.as_str(),
        plan.url.as_str(),
        "HTTP/1.1",
        pairs(&plan.headers),
        size,
    );
    if plan.body.is_empty() {
        return out;
    }
    out.with_body(
        value(&plan.headers, "content-type").unwrap_or_default(),
        Text::of(plan.body.as_slice().into(), false),
    )
}

fn response(asked: &Asked) -> Response<'_> {
    if never_answered(asked) {
        return Response::none();
    }
    let (Some(status), Some(r)) = (asked.status, &asked.response) else {
        return match asked.status {
            Some(status) => Response {
                status,
                http_version: "HTTP/1.1",
                ..Response::none()
            },
            // An answer whose status nobody logged, such as Tropo's: it was taken as a document, so it was a 200.
            None => match asked.response.as_ref().and_then(|r| r.body.as_deref()) {
                Some(body) => answered(200, &[], body),
                None => Response::none(),
            },
        };
    };
    answered(status, &r.headers, r.body.as_deref().unwrap_or_default())
}

fn answered<'a>(status: u16, headers: &'a [(String, String)], body: &'a str) -> Response<'a> {
    Response {
        status,
        status_text: "",
        http_version: "HTTP/1.1",
        cookies: [],
        headers: pairs(headers),
        content: Content {
            size: body.len() as u64,
            mime_type: value(headers, "content-type").unwrap_or_default().into(),
            text: Text::of(body.as_bytes().into(), false),
        },
        redirect_url: value(headers, "location").unwrap_or_default().into(),
        headers_size: -1,
        body_size: -1,
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, v)| v.as_str())
}
