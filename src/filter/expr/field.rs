//! The fields of the filter language: one closed enum and one table that says everything about them.
//!
//! The table feeds the parser, its messages, completion and the manual. To add a field, add a variant and, at the same
//! place, a line to [`FIELDS`]; every type that implements [`super::Row`] then says what it has.

use strsim::damerau_levenshtein;

/// Everything that an expression can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "described one by one in FIELDS")]
pub enum Field {
    Severity,
    Code,
    Class,
    Rule,
    Title,
    Advice,
    Text,
    Call,
    Provider,
    At,
    From,
    To,
    App,
    Direction,
    Outcome,
    Url,
    Path,
    Host,
    Method,
    Kind,
    Event,
    Status,
    Ms,
    Request,
    Source,
    Line,
    Errors,
    Warnings,
    Requests,
    Duration,
}

/// What a field holds, and so which operators and values it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Any text.
    Text,
    /// One of a fixed set of words.
    Word(&'static [&'static str]),
    /// An error code: text that `<` and `>` compare as a number.
    Code,
    /// An id: `=` also takes a part of it.
    Id,
    /// A phone number or another address; numbers compare by their digits.
    Phone,
    /// A number.
    Number,
    /// Milliseconds; a value may also be written `2s`.
    Millis,
    /// Seconds; a value may also be written `2m`.
    Seconds,
    /// A moment.
    Time,
    /// `info < warning < error`.
    Severity,
}

/// One line of the table of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The field.
    pub field: Field,
    /// Its name.
    pub name: &'static str,
    /// Other names that are understood.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: FieldType,
    /// One line of help.
    pub help: &'static str,
    /// A test that uses it.
    pub example: &'static str,
}

const PROVIDERS: &[&str] = &["tropo", "twilio"];

/// The words of `model::RequestKind`.
const KINDS: &[&str] = &[
    "session",
    "result",
    "voice",
    "gather",
    "gather-partial",
    "record",
    "dial",
    "status-callback",
    "recording-status",
    "fallback",
    "message",
    "message-status",
    "media",
    "api",
    "sip",
    "unknown",
];

/// The words of `model::StepEvent`.
const EVENTS: &[&str] = &[
    "start",
    "choice",
    "noinput",
    "nomatch",
    "timeout",
    "hangup",
    "error",
    "continue",
    "incomplete",
    "signal",
];

/// The words of `model::Outcome`; a call has its own words too, so the field takes any.
pub(super) const OUTCOMES: &[&str] = &[
    "ok",
    "http-error",
    "bad-reply",
    "no-reply",
    "unreachable",
    "timeout",
    "unknown",
];

/// Every field, in the order of [`Field`].
#[rustfmt::skip] // one line a field: it is read as a table
pub const FIELDS: &[FieldInfo] = {
    use Field as F;
    use FieldType as T;
    &[
        row(F::Severity, "severity", &["level"], T::Severity, "How bad it is: info < warning < error", "severity >= warning"),
        row(F::Code, "code", &[], T::Code, "Error code: Twilio's number, Tropo's class name", "code in (11200, 12100)"),
        row(F::Class, "class", &[], T::Text, "Family of causes, the same words for both platforms", "class = twiml-schema"),
        row(F::Rule, "rule", &[], T::Text, "Id of the rule that found it", "rule = twilio-http-*"),
        row(F::Title, "title", &[], T::Text, "Headline of a finding", "title ~ \"answered 404\""),
        row(F::Advice, "advice", &[], T::Text, "What to look at first", "advice ~ signature"),
        row(F::Text, "text", &["evidence"], T::Text, "Title, code, evidence and URL together; a value alone searches it", "text ~ /timed? out/i"),
        row(F::Call, "call", &["id", "sid", "session"], T::Id, "Any of a call's ids, or a part of 4 characters or more", "call = CA6d27"),
        row(F::Provider, "provider", &["platform"], T::Word(PROVIDERS), "Platform: tropo or twilio", "provider = twilio"),
        row(F::At, "at", &["time", "started"], T::Time, "When it happened; for a call, when it started", "at > 2013-02-19T15:00"),
        row(F::From, "from", &["caller"], T::Phone, "Who called or wrote", "from = +15551234567"),
        row(F::To, "to", &["called"], T::Phone, "Who was called or written to", "to = +1555*"),
        row(F::App, "app", &[], T::Text, "URL or script that served the call", "app ~ ivr.example.com"),
        row(F::Direction, "direction", &[], T::Text, "Direction in the platform's own word", "direction = inbound"),
        row(F::Outcome, "outcome", &[], T::Text, "What became of the request or call", "outcome = http-error"),
        row(F::Url, "url", &[], T::Text, "URL of the request", "url ~ \"/gather\""),
        row(F::Path, "path", &[], T::Text, "Path of the URL, without the query", "path = /voice/*"),
        row(F::Host, "host", &[], T::Text, "Host of the URL", "host = ivr.example.com"),
        row(F::Method, "method", &[], T::Text, "HTTP method", "method = POST"),
        row(F::Kind, "kind", &[], T::Word(KINDS), "What the request was for", "kind in (voice, gather)"),
        row(F::Event, "event", &[], T::Word(EVENTS), "How the step before the request ended", "event in (noinput, nomatch)"),
        row(F::Status, "status", &[], T::Number, "HTTP status of the answer", "status >= 500"),
        row(F::Ms, "ms", &[], T::Millis, "How long the answer took, milliseconds", "ms > 5000"),
        row(F::Request, "request", &[], T::Id, "Id of the request", "request = 1a2b"),
        row(F::Source, "source", &["file"], T::Text, "File or other input it was read from", "source ~ debugger"),
        row(F::Line, "line", &[], T::Number, "Line in the input, from 1", "line >= 200"),
        row(F::Errors, "errors", &[], T::Number, "How many errors the call has", "errors > 0"),
        row(F::Warnings, "warnings", &[], T::Number, "How many warnings the call has", "warnings = 0"),
        row(F::Requests, "requests", &[], T::Number, "How many requests the call has", "requests > 1"),
        row(F::Duration, "duration", &[], T::Seconds, "How long the call lasted, seconds", "duration < 30s"),
    ]
};

const fn row(
    field: Field,
    name: &'static str,
    aliases: &'static [&'static str],
    kind: FieldType,
    help: &'static str,
    example: &'static str,
) -> FieldInfo {
    FieldInfo {
        field,
        name,
        aliases,
        kind,
        help,
        example,
    }
}

impl Field {
    /// Finds a field by its name or another name of it, whatever the case.
    pub fn parse(name: &str) -> Option<Self> {
        FIELDS
            .iter()
            .find(|f| f.names().any(|n| n.eq_ignore_ascii_case(name)))
            .map(|f| f.field)
    }

    /// The field's line of the table.
    pub fn info(self) -> &'static FieldInfo {
        // In bounds and right because the table has the enum's order, which a test holds it to.
        &FIELDS[self as usize]
    }

    /// The field's name.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

impl FieldInfo {
    /// The name and the other names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl FieldType {
    /// The operators it takes, for messages and the manual.
    pub fn operators(self) -> &'static str {
        match self {
            Self::Code => "= != < <= > >= ~ !~ in",
            Self::Text | Self::Word(_) | Self::Id | Self::Phone => "= != ~ !~ in",
            Self::Number | Self::Millis | Self::Seconds | Self::Time | Self::Severity => "= != < <= > >= in",
        }
    }

    /// True when its values are texts, which `~` can search.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Word(_) | Self::Id | Self::Phone | Self::Code)
    }

    /// True when `<` and its like mean something.
    pub(super) fn is_ordered(self) -> bool {
        !self.is_text() || self == Self::Code
    }

    /// What it is called in messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Word(_) => "a word",
            Self::Code => "a code",
            Self::Id => "an id",
            Self::Phone => "a phone number",
            Self::Number => "a number",
            Self::Millis => "a number of milliseconds",
            Self::Seconds => "a number of seconds",
            Self::Time => "a time",
            Self::Severity => "a severity",
        }
    }
}

/// The word that was probably meant: one that begins with what is typed, else one of which at most a third is mistyped.
pub(super) fn closest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A very long word is no typing error, and comparing it would take its time.
    if typed.len() > 40 {
        return None;
    }
    let typed = typed.to_lowercase();
    // Of one letter nearly everything is a beginning.
    let begun = |w: &str| typed.chars().count() > 1 && w.starts_with(&typed);
    words
        .map(|w| (!begun(w), damerau_levenshtein(&typed, w), w))
        .filter(|(other, distance, w)| {
            !other || (*distance <= w.chars().count().div_ceil(3) && *distance < w.chars().count())
        })
        .min_by_key(|(other, distance, _)| (*other, *distance))
        .map(|(.., w)| w)
}
