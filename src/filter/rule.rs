//! A rule: what it looks for, what it tells, and its own examples. Plain data; [`super::pack`] reads it from TOML and
//! [`super::engine`] runs it.

use std::sync::OnceLock;

use regex_automata::meta::Regex;

use super::template::Template;
use crate::model::Severity;

/// One rule of a pack.
#[derive(Debug)]
pub struct Rule {
    /// Unique in its pack: `W1`, `twilio-http-404`.
    pub id: String,
    /// Name of its pack.
    pub pack: String,
    /// What it looks for.
    pub test: Test,
    /// What a match tells the fold of calls.
    pub does: Does,
    /// Class of the finding (spec/tropo.md 3.1; for documents the catalogue's when none is given).
    pub class: Option<String>,
    /// Severity of the finding; for documents the event's own level when none is given.
    pub severity: Option<Severity>,
    /// What went wrong, one line.
    pub title: Option<Template>,
    /// What to look at first, one or two sentences.
    pub advice: Option<Template>,
    /// The decisive text; the whole message when none is given.
    pub evidence: Option<Template>,
    /// Matching lines are noise: never a finding, hidden unless asked for.
    pub hide: bool,
    /// Adds to the line's own rule instead of being it.
    pub also: bool,
    /// The fact was inferred, not read in a real log or document.
    pub inferred: bool,
    /// Holds only while the call is in this state.
    pub needs: Option<Needs>,
    /// A finding only when the call ends without something that settles it.
    pub pending: Option<String>,
    /// Says why the request that waits has no answer.
    pub explains: bool,
    /// Hides only lines below WARN: such a line at WARN or above is shown.
    pub calm: bool,
    /// May also stand as a line of its own, without any columns.
    pub alone: bool,
    /// Settles what is pending under this name.
    pub settles: Option<String>,
    /// Variants; the first whose conditions hold replaces what it names.
    pub cases: Vec<Case>,
    /// Texts (lines) or field tables (documents, as JSON objects) that must meet this rule.
    pub matches: Vec<Example>,
    /// And that must not.
    pub ignores: Vec<Example>,
}

/// What a rule looks for.
#[derive(Debug)]
pub enum Test {
    /// A regular expression over a line's message, in one of the categories when any are named.
    Line {
        /// As written.
        pattern: String,
        /// Categories (`SIP`); empty for all.
        categories: Vec<String>,
        /// Compiled when first needed.
        regex: OnceLock<Option<Regex>>,
    },
    /// Conditions on a document's fields; all must hold.
    Fields(Vec<(String, Condition)>),
    /// A state of the whole call, found by the fold of calls.
    Call(OverCall),
}

/// A condition on one field.
#[derive(Debug)]
pub enum Condition {
    /// Equal to one of these, case ignored.
    OneOf(Vec<String>),
    /// Matches; compiled when first needed.
    Like(String, OnceLock<Option<regex::Regex>>),
    /// The field is there.
    Present,
    /// It is not.
    Absent,
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneOf(list) => write!(f, "is {}", list.join(" or ")),
            Self::Like(r, _) => write!(f, "matches /{r}/"),
            Self::Present => f.write_str("is there"),
            Self::Absent => f.write_str("is not there"),
        }
    }
}

impl Condition {
    /// Whether a field's value meets it.
    pub fn holds(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::OneOf(list), Some(v)) => list.iter().any(|l| l.eq_ignore_ascii_case(v)),
            (Self::Like(text, regex), Some(v)) => regex
                .get_or_init(|| regex::Regex::new(text).ok())
                .as_ref()
                .is_some_and(|r| r.is_match(v)),
            (Self::Present, v) => v.is_some(),
            (Self::Absent, v) => v.is_none(),
            (_, None) => false,
        }
    }
}

/// The last line of a kind is all that matters of these: it is only noted while reading, and looked into when shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// A call's state.
    State,
    /// Which application serves the session.
    App,
    /// Credentials were taken, or whatever else settles a pending finding.
    Settles,
}

impl Note {
    /// How many kinds there are.
    pub const COUNT: usize = 3;
}

impl Rule {
    /// The note that a line of this rule makes.
    pub fn note(&self) -> Option<Note> {
        match self.does {
            Does::State => Some(Note::State),
            Does::App => Some(Note::App),
            Does::Finding if self.settles.is_some() => Some(Note::Settles),
            _ => None,
        }
    }
}

/// What a matching line tells about its call, beside being a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Does {
    /// Nothing more.
    #[default]
    Finding,
    /// The platform sends a webhook: group `url`; the body is what follows the match.
    Request,
    /// The app's answer; the body is what follows the match.
    Reply,
    /// The app answered outside 2xx: groups `url`, `status`.
    Refusal,
    /// How a step ended: group `event`.
    Step,
    /// A call's state: group `state`.
    State,
    /// Which application serves the session: group `app`.
    App,
    /// Maps ids to one another.
    Context,
    /// Echo of the developer's script.
    Echo,
}

/// States of a call that a line's rule may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A request is waiting for its answer.
    OpenRequest,
}

/// States of a whole call that a rule may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverCall {
    /// A request without an answer although the session went on or ended.
    NoReply,
    /// The log ends before a request was answered.
    LogEnds,
    /// A request that told the app of an error of the step before it: field `reason`.
    ResultError,
}

/// A variant of a rule.
#[derive(Debug, Default)]
pub struct Case {
    /// Conditions on the rule's groups; all must hold.
    pub when: Vec<(String, Condition)>,
    /// Replaces the rule's.
    pub class: Option<String>,
    /// Replaces the rule's.
    pub severity: Option<Severity>,
    /// Replaces the rule's.
    pub title: Option<Template>,
    /// Replaces the rule's.
    pub advice: Option<Template>,
    /// Replaces the rule's.
    pub pending: Option<String>,
    /// Hides the line after all.
    pub hide: bool,
}

/// An example of a rule: a line's message, or a document's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Example {
    /// A line, with or without its `#CATEGORY#: `.
    Line(String),
    /// Fields of a document.
    Fields(Vec<(String, String)>),
}

impl Rule {
    /// The highest severity that a finding of this rule can have; none for rules that tell more than a finding.
    pub fn at_most(&self) -> Option<Severity> {
        let plain = self.does == Does::Finding && !self.explains && self.pending.is_none();
        let cases = self
            .cases
            .iter()
            .map(|c| c.severity.filter(|_| c.pending.is_none()).or(self.severity));
        plain.then(|| cases.chain([self.severity]).map(|s| s.unwrap_or(Severity::Info)).max())?
    }

    /// The compiled pattern of a line rule; none for other rules and (checked when the pack is read) for broken ones.
    pub fn regex(&self) -> Option<&Regex> {
        match &self.test {
            Test::Line { pattern, regex, .. } => regex.get_or_init(|| compile(pattern).ok()).as_ref(),
            _ => None,
        }
    }

    /// Whether a document rule has this condition on this field.
    pub fn tests(&self, field: &str, condition: &Condition) -> bool {
        let same = |c: &Condition| std::mem::discriminant(c) == std::mem::discriminant(condition);
        matches!(&self.test, Test::Fields(when) if when.iter().any(|(n, c)| n == field && same(c)))
    }

    /// Whether the rule looks into this category.
    pub fn in_category(&self, category: &[u8]) -> bool {
        match &self.test {
            Test::Line { categories, .. } => {
                categories.is_empty() || categories.iter().any(|c| c.as_bytes() == category)
            }
            _ => false,
        }
    }

    /// The first case whose conditions the groups meet.
    pub fn case<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> Option<&Case> {
        self.cases
            .iter()
            .find(|c| c.when.iter().all(|(name, cond)| cond.holds(field(name))))
    }
}

/// Compiles a line pattern: over bytes, so that a line in any encoding can match (`.` is any byte); bounded in size.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let syntax = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
    let config = Regex::config()
        .utf8_empty(false)
        .nfa_size_limit(Some(4 << 20))
        .hybrid_cache_capacity(1 << 20);
    Regex::builder()
        .configure(config)
        .syntax(syntax)
        .build(pattern)
        .map_err(|e| match e.syntax_error() {
            Some(s) => s.to_string(),
            None => e.to_string(),
        })
}
