//! A request with the app's own answer as an entry of a HAR 1.2 file: what `redial proxy` records, what browsers and other
//! proxies save.
//!
//! Only requests of the platforms count, told by their parameters (Twilio), their JSON (Tropo) or the headers that only
//! Twilio sends; of everything else, only what went through our own proxy and failed at the app is told, as part of no call. Nobody raised an error here, so the answer is judged as
//! the platform would have judged it, and the code is the one that it would have raised. `_redial` is what the proxy knows
//! beside the messages; [`Facts`] lists its members.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::format::{Record, RecordKind};
use crate::judge::{self, Answer, Asked, Fault, FaultClass};
use crate::model::{Outcome, Payload, Problem, Provider, Request, RequestKind, Response, Severity, Time, WhyNot};

use super::detail::Detail;
use super::value::{Object, Value, member};
use super::{draft, form, purpose, received};

/// Twilio reads no longer document, so more of it need not be known to judge it.
const LONGEST: u64 = 64 * 1024;

/// Reads one entry; none when it is no request of a platform.
pub(super) fn read(members: &Object<'_>) -> Option<Record> {
    let entry = Entry::of(members);
    let Some(mut record) = entry.tropo().or_else(|| entry.twilio()) else {
        return entry.failed(members);
    };
    record.event_id = member(members, "_redial")
        .get("id")
        .text()
        .and_then(|t| draft::id_of(&t));
    record.at = member(members, "startedDateTime")
        .text()
        .as_deref()
        .filter(|_| entry.facts.logged("startedDateTime"))
        .and_then(Time::parse);
    record.response = entry.response();
    if record.request_kind == RequestKind::Unknown
        && let Some(request) = &record.request
    {
        record.request_kind = purpose::of(request, None);
    }
    let outcome = entry.judge(&mut record);
    let facts = &entry.facts;
    record.fields.set("signature", facts.signature.as_str());
    record.fields.set("signature_why", facts.signature_why.as_str());
    let status = record.response.as_ref().and_then(|r| r.status);
    let status = status.filter(|_| facts.logged("status"));
    let mut record = draft::finish(record, Detail::default());
    record.outcome = outcome;
    if let Some(response) = &mut record.response {
        response.status = status;
    }
    record.why_not = record.why_not.or_else(|| entry.why_not(&record));
    Some(record)
}

/// The members of `_redial`, and what of the body was kept.
#[derive(Default)]
struct Facts {
    /// `signature.state`: `valid`, `invalid`, `missing` or `unchecked`.
    signature: String,
    /// `signature.why`.
    signature_why: String,
    /// `aborted`: `client` or `app`, whoever broke off.
    aborted: String,
    /// `error`: `unreachable`, `closed`, or `not-passed-on` for what the proxy answered itself.
    error: String,
    /// `fault`: what the error was exactly.
    fault: String,
    /// `why`: the error in words.
    why: String,
    /// `request_kept` is there: the body goes on behind what is recorded.
    request_cut: bool,
    /// `response_kept` is there.
    response_cut: bool,
    /// `unlogged`: members of the entry that stand for what nobody logged.
    unlogged: Vec<String>,
}

impl Facts {
    fn of(value: &Value<'_>) -> Self {
        let text = |v: &Value<'_>| v.text().unwrap_or_default().into_owned();
        let signature = value.get("signature");
        Self {
            signature: text(signature.get("state")),
            signature_why: text(signature.get("why")),
            aborted: text(value.get("aborted")),
            error: text(value.get("error")),
            fault: text(value.get("fault")),
            why: text(value.get("why")),
            request_cut: value.get("request_kept").number().is_some(),
            response_cut: value.get("response_kept").number().is_some(),
            unlogged: match value.get("unlogged") {
                Value::List(names) => names.iter().map(text).collect(),
                _ => Vec::new(),
            },
        }
    }

    fn logged(&self, member: &str) -> bool {
        self.unlogged.iter().all(|name| name != member)
    }

    /// What kept the answer from arriving whole.
    fn fault(&self, ms: Option<u64>) -> Option<Fault> {
        let class = match (self.error.as_str(), self.fault.as_str()) {
            (_, "refused") => FaultClass::Refused,
            (_, "no-address") => FaultClass::NoAddress,
            (_, "connect-timeout") => FaultClass::ConnectTimeout,
            (_, "tls") => FaultClass::Tls,
            (_, "certificate") => FaultClass::CertificateChain,
            (_, "protocol") => FaultClass::Protocol,
            ("unreachable", _) => FaultClass::Unreachable,
            ("", _) if self.aborted == "client" => {
                let ms = ms.map_or_else(String::new, |ms| format!(" after {ms} ms"));
                return Some(Fault {
                    class: FaultClass::Timeout,
                    message: format!(
                        "whoever asked left{ms}, before the answer was whole: a platform does so when its time is over"
                    ),
                });
            }
            ("", _) if self.aborted.is_empty() => return None,
            _ => FaultClass::Closed,
        };
        let message = if self.why.is_empty() {
            "the app broke the connection off before its answer was whole".to_owned()
        } else {
            self.why.clone()
        };
        Some(Fault { class, message })
    }
}

/// One entry taken apart.
struct Entry {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// None where there was no answer.
    status: Option<u16>,
    answer_headers: Vec<(String, String)>,
    /// None where the file does not keep it.
    answer: Option<Vec<u8>>,
    /// The length of the whole answer.
    answer_len: u64,
    ms: Option<u64>,
    facts: Facts,
}

impl Entry {
    fn of(members: &Object<'_>) -> Self {
        let (request, response) = (member(members, "request"), member(members, "response"));
        let content = response.get("content");
        let answer = bytes(content, content.get("encoding"));
        let size = content.get("size").number().unwrap_or(0);
        let post = request.get("postData");
        let encoding = match post.get("encoding") {
            Value::Null => post.get("_encoding"),
            given => given,
        };
        Self {
            method: draft::text(request.get("method")),
            url: draft::text(request.get("url")),
            headers: headers(request.get("headers")),
            body: bytes(post, encoding)
                .filter(|b| !b.is_empty())
                .or_else(|| form_of(post.get("params")))
                .unwrap_or_default(),
            // 0 stands for an answer that never came.
            status: response
                .get("status")
                .number()
                .and_then(|s| u16::try_from(s).ok())
                .filter(|s| (100..1000).contains(s)),
            answer_headers: headers(response.get("headers")),
            answer_len: answer.as_ref().map_or(size, |a| size.max(a.len() as u64)),
            answer: answer.or_else(|| (size == 0).then(Vec::new)),
            ms: member(members, "time").number(),
            facts: Facts::of(member(members, "_redial")),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn request(&self, payload: Payload) -> Request {
        Request {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            payload,
        }
    }

    /// A `session` or `result` of Tropo's: JSON that names its session.
    fn tropo(&self) -> Option<Record> {
        let text = String::from_utf8_lossy(&self.body);
        if !text.trim_start().starts_with('{') {
            return None;
        }
        let document: Value<'_> = serde_json::from_str(&text).ok()?;
        let members = document.object()?;
        let object = |name: &str| member(members, name).object().is_some();
        if !object("session") && !object("result") {
            return None;
        }
        let mut record = received::begin_tropo(RecordKind::Exchange, members, &self.body);
        record.call.as_ref()?;
        record.request = record.request.take().map(|r| self.request(r.payload));
        Some(record)
    }

    /// A request of Twilio's: a webhook by its parameters, or anything that carries Twilio's own headers.
    fn twilio(&self) -> Option<Record> {
        let is_get = matches!(self.method.as_deref(), None | Some("GET" | "HEAD"));
        let query = self.query();
        let payload = self.payload();
        let request = self.request(payload);
        if is_webhook(request.params()) {
            Some(received::begin(RecordKind::Exchange, request, None))
        } else if is_get && is_webhook(&query) {
            Some(received::begin(RecordKind::Exchange, request, Some(&query)))
        } else {
            let own = ["X-Twilio-Signature", "I-Twilio-Idempotency-Token"];
            let twilios = own.iter().any(|n| self.header(n).is_some())
                || self.header("User-Agent").is_some_and(|a| a.starts_with("TwilioProxy"));
            twilios.then(|| {
                let mut record = draft::blank(RecordKind::Exchange, Provider::Twilio);
                record.request = Some(request);
                record
            })
        }
    }

    /// A request of nobody known that went through our own proxy and failed at the app: part of no call, but somebody looks for why.
    /// Everything else is the app's own traffic.
    fn failed(&self, members: &Object<'_>) -> Option<Record> {
        let own = member(members, "_redial");
        let is_proxys = own.get("id").text().is_some() && own.get("replay").object().is_none();
        let fault = self.facts.fault(self.ms);
        let (code, outcome, msg) = match (&fault, self.status) {
            // The caller's own doing, or the proxy's.
            _ if !is_proxys || self.facts.error == "not-passed-on" || self.facts.aborted == "client" => return None,
            (Some(fault), _) => ("app-no-reply", Outcome::Unreachable, fault.message.as_str()),
            (None, Some(500..)) => ("app-http", Outcome::HttpError, ""),
            _ => return None,
        };
        let mut record = draft::blank(RecordKind::Exchange, Provider::Twilio);
        record.event_id = own.get("id").text().and_then(|t| draft::id_of(&t));
        record.at = member(members, "startedDateTime")
            .text()
            .as_deref()
            .and_then(Time::parse);
        record.request = Some(self.request(self.payload()));
        record.response = self.response();
        record.code = Some(code.to_owned());
        record.level = Some(Severity::Warning);
        record.fields.set("msg", msg);
        let mut record = draft::finish(record, Detail::default());
        record.outcome = outcome;
        // A form may name something like a call; it is none of the platform's.
        record.call = None;
        record.why_not = record.why_not.or_else(|| self.why_not(&record));
        Some(record)
    }

    /// The decoded parameters of the query.
    fn query(&self) -> Vec<(String, String)> {
        let url = self.url.as_deref().unwrap_or("");
        let query = url.split_once('?').map_or("", |(_, q)| q);
        form::owned(query.split('#').next().unwrap_or(""))
    }

    fn payload(&self) -> Payload {
        let kind = self.header("Content-Type").unwrap_or("").to_ascii_lowercase();
        match std::str::from_utf8(&self.body) {
            Ok(text) if !text.is_empty() && (kind.contains("form-urlencoded") || form::is_form(text.as_bytes())) => {
                Payload::Form(form::owned(text))
            }
            Ok(text) if text.trim_start().starts_with(['{', '[']) => Payload::Json(self.body.clone()),
            _ if kind.contains("json") && !self.body.is_empty() => Payload::Json(self.body.clone()),
            _ => Payload::Empty,
        }
    }

    fn response(&self) -> Option<Response> {
        let body = self.answer.as_deref().map(|b| String::from_utf8_lossy(b).into_owned());
        self.status.map(|status| Response {
            status: Some(status),
            headers: self.answer_headers.clone(),
            body: body.filter(|b| !b.is_empty()),
            ms: self.ms,
        })
    }

    /// What the platform would have said to the answer; takes code, level and words of the first error into the record, of
    /// a warning when it has a code.
    fn judge(&self, record: &mut Record) -> Outcome {
        let fault = self.facts.fault(self.ms);
        if fault.is_none() && matches!(self.status, None | Some(101)) {
            return if self.status.is_none() {
                Outcome::Unknown
            } else {
                Outcome::Ok
            };
        }
        if fault.is_none() && self.is_handshake() {
            return self.refused_handshake(record);
        }
        let class = fault.as_ref().map(|f| f.class);
        let problems = self.problems(record, fault);
        let is_error = |p: &&Problem| p.severity == Severity::Error;
        let first = problems.iter().find(is_error);
        let complaint = |p: &&Problem| p.code.is_some() && p.severity > Severity::Info;
        if let Some(problem) = first.or_else(|| problems.iter().find(complaint)) {
            blame(record, problem, self.status);
        } else if record.provider == Provider::Tropo && record.fields.get("msg").is_some() {
            // The result that was sent tells of an error on the platform's side.
            record.code = Some("result-error".to_owned());
            record.level = Some(Severity::Error);
        }
        match (class, self.status, first) {
            (Some(FaultClass::Timeout), ..) => Outcome::Timeout,
            (Some(FaultClass::Closed | FaultClass::Protocol), ..) => Outcome::NoReply,
            (Some(_), ..) => Outcome::Unreachable,
            (None, _, None) => Outcome::Ok,
            (None, Some(s), _) if !(200..400).contains(&s) => Outcome::HttpError,
            (None, _, Some(p)) if p.code.as_deref() == Some("11205") => Outcome::Timeout,
            (None, _, Some(_)) => Outcome::BadReply,
        }
    }

    fn problems(&self, record: &Record, fault: Option<Fault>) -> Vec<Problem> {
        let encoded = self
            .answer_headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("Content-Encoding"));
        let cut = self.facts.response_cut && (self.answer_len <= LONGEST || record.provider == Provider::Tropo);
        let body = self.answer.as_deref().unwrap_or_default();
        // An encoding that could not be undone when it was recorded leaves no text.
        let unread = self.answer.is_none() || cut || encoded && std::str::from_utf8(body).is_err();
        let answered = fault.is_none() && self.status.is_some_and(|s| (200..300).contains(&s));
        if unread && answered && record.provider == Provider::Tropo {
            return Vec::new();
        }
        let kind = match record.request_kind {
            // No document is judged: there is none to look at, or what asked for it takes no TwiML.
            _ if unread => RequestKind::Api,
            RequestKind::Unknown => RequestKind::Api,
            kind => kind,
        };
        let given = record.request.as_ref().map(Request::given).unwrap_or_default();
        // Only what was not taken is judged by what was asked.
        let named = given.iter().filter(|_| !answered).map(|(name, _)| name.clone());
        let params: Vec<String> = named.collect();
        let answer = Answer {
            asked: Asked {
                method: self.method.as_deref().unwrap_or_default(),
                params: &params,
            },
            url: self.url.as_deref().unwrap_or(""),
            status: self.status,
            headers: &self.answer_headers,
            body,
            total_len: self.answer_len,
            truncated: self.facts.response_cut,
            ms: self.ms,
            error: fault,
            ..Answer::default()
        };
        judge::judge(record.provider, kind, &answer).problems
    }

    /// A WebSocket that is about to open.
    fn is_handshake(&self) -> bool {
        self.header("Upgrade")
            .is_some_and(|u| u.eq_ignore_ascii_case("websocket"))
    }

    fn refused_handshake(&self, record: &mut Record) -> Outcome {
        record.code = Some("31920".to_owned());
        record.level = Some(Severity::Error);
        let status = self.status.unwrap_or_default();
        let msg = format!("the WebSocket did not open: the answer has status {status}, it must be 101");
        record.fields.set("msg", msg);
        Outcome::HttpError
    }

    fn why_not(&self, record: &Record) -> Option<WhyNot> {
        let empty = matches!(record.request.as_ref()?.payload, Payload::Empty);
        if self.facts.request_cut {
            Some(WhyNot::CutBody)
        } else if self.is_handshake() {
            Some(WhyNot::WebSocket)
        } else {
            (empty && !self.body.is_empty()).then_some(WhyNot::OtherBody)
        }
    }
}

/// True when these are the parameters of a webhook, or as much of them as an app's own tests send: the SID of a call or message alone.
pub(crate) fn is_webhook(params: &[(String, String)]) -> bool {
    received::is_webhook(params.iter().map(|(n, _)| n.as_str())) || params.iter().any(|(n, v)| is_resource(n, v))
}

fn is_resource(name: &str, value: &str) -> bool {
    let kinds: &[&str] = match name {
        "CallSid" => &["CA"],
        "MessageSid" | "SmsSid" => &["SM", "MM"],
        _ => return false,
    };
    let digits = kinds.iter().find_map(|k| value.strip_prefix(k));
    digits.is_some_and(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Takes a problem of the answer into the record.
fn blame(record: &mut Record, problem: &Problem, status: Option<u16>) {
    record.code.clone_from(&problem.code);
    record.level = Some(problem.severity);
    let refused = status.is_some_and(|s| s >= 400);
    match (problem.line, problem.column) {
        (Some(line), column) => {
            record.fields.set("line", line.to_string());
            record
                .fields
                .set("column", column.map(|c| c.to_string()).unwrap_or_default());
            record.fields.set("parser_message", problem.message.as_str());
        }
        // The status and the app's own words say more.
        (None, _) if refused => {}
        (None, _) => record.fields.set("msg", problem.message.as_str()),
    }
}

/// The name and value of each header; HTTP/2's own (`:path`) are left out.
fn headers(value: &Value<'_>) -> Vec<(String, String)> {
    let Value::List(items) = value else {
        return Vec::new();
    };
    let pair = |h: &Value<'_>| Some((h.get("name").text()?.into_owned(), h.get("value").param()));
    items
        .iter()
        .filter_map(pair)
        .filter(|(n, _)| !n.starts_with(':'))
        .collect()
}

/// The text of a body as bytes; none where there is no text.
/// The parameters of a form that was kept as pairs, as HAR allows it in place of the text.
fn form_of(pairs: &Value<'_>) -> Option<Vec<u8>> {
    let Value::List(pairs) = pairs else { return None };
    let pair = |p: &Value<'_>| {
        Some((
            p.get("name").text()?.into_owned(),
            p.get("value").text().unwrap_or_default().into_owned(),
        ))
    };
    let all: Vec<(String, String)> = pairs.iter().filter_map(pair).collect();
    (!all.is_empty()).then(|| {
        let mut out = form_urlencoded::Serializer::new(String::new());
        out.extend_pairs(all).finish().into_bytes()
    })
}

fn bytes(holder: &Value<'_>, encoding: &Value<'_>) -> Option<Vec<u8>> {
    let Value::Text(text) = holder.get("text") else {
        return None;
    };
    match encoding.text().as_deref() {
        Some("base64") => STANDARD.decode(text.as_bytes()).ok(),
        _ => Some(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests;
