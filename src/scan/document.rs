//! Documents: what the rules say of each record, and whose it is.

use crate::filter::{Condition, Engine, Rule, Template, catalogue};
use crate::format::{Record, RecordKind, twilio};
use crate::model::{Id, Payload, Severity, Stamp};

use super::events::{Event, What, shorten};
use super::keys::{Keys, LinePlace, Who};
use super::{Loose, Pass, Scanned};

/// A record of a document with what the rules say of it. The bodies are dropped: they are read again from the input
/// when someone looks.
#[derive(Clone, Debug)]
pub struct DocumentFact {
    /// The record without its payload and bodies.
    pub record: Record,
    /// The finding; none when the record tells of no error.
    pub finding: Option<Judged>,
    /// What a rule says of the signature of a recorded request, where the finding is about something else.
    pub signature: Option<Judged>,
}

/// A rule's words about a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The rule's id.
    pub rule: String,
    /// Class: the rule's, else the catalogue's.
    pub class: String,
    /// Severity: the rule's, else the event's own, else the catalogue's.
    pub severity: Option<Severity>,
    /// What went wrong.
    pub title: String,
    /// What to look at first.
    pub advice: String,
    /// The decisive text.
    pub evidence: String,
    /// The rule hides it.
    pub hide: bool,
}

/// Takes a reading into the block's result.
pub(super) fn take(
    out: &mut Scanned,
    keys: &mut Keys<'_>,
    pass: Pass<'_>,
    text: &[u8],
    reading: twilio::Reading,
    place: LinePlace,
) {
    if let Some(why) = reading.trouble {
        // What could not be read of a document counts as its lines when nothing of it was read, else as one.
        let lines = if reading.records.is_empty() {
            out.lines.max(1)
        } else {
            1
        };
        let lines = if text.contains(&b'\n') { lines } else { 1 };
        let (line, byte, len) = place;
        out.unparsed.push(Loose {
            line,
            byte,
            len,
            lines,
            continues: false,
            why: why.into(),
        });
    }
    let mut counted = Newlines { text, at: 0, lines: 0 };
    for (range, mut record) in reading.records {
        let line = place.0 + counted.before(range.start);
        let lines = counted.before(range.end) + place.0 - line + 1;
        let here = (line, place.1 + range.start as u64, range.len() as u32);
        let who = record.call.clone().map_or(Who::Nobody, Who::Call);
        let n = keys.entry(&who);
        let stamp = record.at.map_or(Stamp::None, Stamp::At);
        keys.touch_document(n, here, place, lines, stamp);
        if pass.every {
            out.every.push((n, here.0, here.1, here.2));
        }
        out.last_key = Some(n);
        let finding = judge(pass, &mut record);
        let signature = finding.as_ref().and_then(|_| judge_signature(pass.engine, &record));
        strip(&mut record);
        let what = What::Document(Box::new(DocumentFact {
            record,
            finding,
            signature,
        }));
        out.events.push(Event {
            key: n,
            line: here.0,
            byte: here.1,
            len: here.2,
            stamp,
            what,
        });
    }
}

/// Counts line ends up to rising offsets.
struct Newlines<'t> {
    text: &'t [u8],
    at: usize,
    lines: u64,
}

impl Newlines<'_> {
    fn before(&mut self, offset: usize) -> u64 {
        let offset = offset.clamp(self.at, self.text.len());
        self.lines += memchr::memchr_iter(b'\n', &self.text[self.at..offset]).count() as u64;
        self.at = offset;
        self.lines
    }
}

/// The rule that a record meets.
pub(super) fn rule_for<'e>(engine: &'e Engine, record: &mut Record) -> Option<&'e Rule> {
    if let Some(e) = record.code.as_deref().and_then(catalogue::look_up) {
        record.fields.set("class", e.class);
        record.fields.set("title", e.title);
    }
    // A code that the catalogue does not know goes by the event's own message.
    if let Some(msg) = record
        .fields
        .get("msg")
        .or(record.fields.get("text"))
        .map(str::to_owned)
    {
        record.fields.set("title", first_line(&msg));
    }
    let place = match (record.fields.get("line"), record.fields.get("column")) {
        (Some(l), Some(c)) => format!("line {l}, column {c}"),
        (Some(l), None) => format!("line {l}"),
        _ => String::new(),
    };
    record.fields.set("place", place);
    let rule = engine.ask_document(record.fields.iter())?;
    // Without a code only a rule that asks for just that speaks.
    (record.code.is_some() || rule.tests("code", &Condition::Absent)).then_some(rule)
}

/// The first line of a message, cut where a title should end.
fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut out: String = line.chars().take(120).collect();
    if out.len() < line.len() {
        out.push('…');
    }
    out
}

/// Asks the rules about a record that tells of an error, or of a request in a call's timeline.
fn judge(pass: Pass<'_>, record: &mut Record) -> Option<Judged> {
    let rule = rule_for(pass.engine, record);
    let entry = record.code.as_deref().and_then(catalogue::look_up);
    let code = match (record.code.as_deref(), rule) {
        (Some(code), _) => code,
        (None, Some(_)) => "",
        (None, None) => return None,
    };
    let field = |name: &str| record.fields.get(name);
    let text = |t: Option<&Template>| t.map(|t| t.fill(field));
    let title = text(rule.and_then(|r| r.title.as_ref()))
        .or_else(|| entry.as_ref().map(|e| e.title.to_owned()))
        .or_else(|| field("msg").map(str::to_owned))
        .unwrap_or_else(|| format!("Twilio error {code}"));
    Some(Judged {
        rule: rule.map_or_else(|| "twilio-unknown".to_owned(), |r| r.id.clone()),
        class: rule
            .and_then(|r| r.class.clone())
            .or_else(|| entry.as_ref().map(|e| e.class.to_owned()))
            .unwrap_or_else(|| "other".to_owned()),
        severity: rule
            .and_then(|r| r.severity)
            .or(record.level)
            .or(entry.as_ref().map(|e| e.level)),
        title,
        advice: text(rule.and_then(|r| r.advice.as_ref())).unwrap_or_else(|| format!("See {}.", catalogue::link(code))),
        evidence: shorten(&evidence(record)),
        hide: rule.is_some_and(|r| r.hide),
    })
}

/// What the rules say of the signature alone: the answer's fault is one finding, a signature that does not fit another.
fn judge_signature(engine: &Engine, record: &Record) -> Option<Judged> {
    record.code.as_ref()?;
    let field = |name: &str| record.fields.get(name);
    let state = field("signature").filter(|s| *s == "invalid")?;
    let about = ["signature_why", "url", "path", "method", "kind"];
    let fields = about.iter().filter_map(|n| Some((*n, field(n)?)));
    let rule = engine.ask_document(fields.chain([("signature", state)]))?;
    let text = |t: &Option<Template>| t.as_ref().map(|t| t.fill(field)).unwrap_or_default();
    Some(Judged {
        rule: rule.id.clone(),
        class: rule.class.clone().unwrap_or_else(|| "signature".to_owned()),
        severity: rule.severity.or(Some(Severity::Warning)),
        title: text(&rule.title),
        advice: text(&rule.advice),
        evidence: shorten(field("signature_why").unwrap_or_default()),
        hide: rule.hide,
    })
}

/// The text that decides: the real cause behind a made-up answer, the parser's words, the message, the answer itself.
fn evidence(record: &Record) -> String {
    let f = |name: &str| record.fields.get(name);
    if let (None, Some(why)) = (&record.code, f("signature_why")) {
        return why.to_owned();
    }
    if let Some(e) = f("error_line") {
        return match (f("inner_code"), f("inner_title")) {
            (Some(c), Some(t)) if !e.contains(t) => format!("{c} {t}: {e}"),
            _ => e.to_owned(),
        };
    }
    if let Some(c) = f("inner_code") {
        return format!("{c} {}", f("inner_title").unwrap_or_default());
    }
    if let Some(r) = f("reason") {
        return r.to_owned();
    }
    if let Some(p) = f("parser_message") {
        return match (f("line"), f("column")) {
            (Some(l), Some(c)) => format!("line {l}, column {c}: {p}"),
            _ => p.to_owned(),
        };
    }
    let status = f("status").map(|s| format!("HTTP {s}"));
    let msg = f("msg").or(f("text")).map(str::to_owned);
    match (status, msg, f("body")) {
        (Some(s), Some(m), _) if !m.contains(&s[5..]) => format!("{s} {m}"),
        (_, Some(m), _) => m,
        (Some(s), None, Some(b)) => format!("{s}: {b}"),
        (Some(s), None, None) => s,
        (None, None, Some(b)) => b.to_owned(),
        (None, None, None) => f("title").unwrap_or_default().to_owned(),
    }
}

/// Drops what can be read again from the input.
fn strip(record: &mut Record) {
    if let Some(r) = &mut record.request {
        r.headers = Vec::new();
        let keep = |name: &str| {
            matches!(
                name,
                "From"
                    | "To"
                    | "Direction"
                    | "CallStatus"
                    | "Digits"
                    | "SpeechResult"
                    | "msg"
                    | "DialCallStatus"
                    | "DialCallSid"
                    | "MessageStatus"
                    | "SmsStatus"
                    | "ErrorCode"
                    | "CallDuration"
            )
        };
        if let Payload::Form(params) = &mut r.payload {
            params.retain(|(n, _)| keep(n));
            params.shrink_to_fit();
        } else {
            r.payload = Payload::Empty;
        }
    }
    if let Some(r) = &mut record.response {
        r.headers = Vec::new();
        r.body = None;
    }
    record.fields = crate::format::Fields::default();
}

/// The record of a kind that a document gives at a place, read again, complete.
pub fn fact_of(text: &[u8], event: Option<&Id>) -> Option<Record> {
    let reading = twilio::read(text);
    let mut records = reading.records.into_iter().map(|(_, r)| r);
    match event {
        Some(_) => records.find(|r| r.event_id.as_ref() == event),
        None => records.next(),
    }
}

/// True for records that only repeat what another source tells better.
pub fn is_listing(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::AlertListed | RecordKind::NotificationListed | RecordKind::Cli
    )
}
