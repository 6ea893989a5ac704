//! Would the platform accept an answer?

use super::Severity;

/// One thing wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The error that the platform would raise (`11200`, `12100`; for Tropo the class name), or none.
    pub code: Option<String>,
    /// `Error`: the platform would refuse the answer or leave out a part of it.
    pub severity: Severity,
    /// 1-based line in the body, when the place is known.
    pub line: Option<u32>,
    /// 1-based column in characters.
    pub column: Option<u32>,
    /// What is wrong and what to do, one sentence.
    pub message: String,
    /// Documented or seen, so that the platform surely says so; false where it is inferred, or a newer platform may know better.
    pub certain: bool,
}

impl Problem {
    /// A problem without a place, certain; no code where `code` is empty.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code: Some(code).filter(|c| !c.is_empty()).map(str::to_owned),
            severity,
            line: None,
            column: None,
            message: message.into(),
            certain: true,
        }
    }

    /// The platform refuses the answer or leaves out a part of it.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// The platform goes on, but complains, or does other than was meant.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Worth knowing; nothing that the platform would complain about.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message)
    }

    /// The same at a place of the body: line and column in characters, both from 1.
    #[must_use]
    pub fn at(mut self, (line, column): (u32, u32)) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// The same, but not certain.
    #[must_use]
    pub fn likely(mut self) -> Self {
        self.certain = false;
        self
    }
}

/// What a platform would say to an answer: passes unless a problem is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// In order of importance: transport, status, headers, then the document from its top.
    pub problems: Vec<Problem>,
}

impl Verdict {
    /// True when the platform would go on with the call.
    pub fn pass(&self) -> bool {
        self.problems.iter().all(|p| p.severity < Severity::Error)
    }

    /// The code of the first error.
    pub fn code(&self) -> Option<&str> {
        self.problems
            .iter()
            .find(|p| p.severity == Severity::Error)
            .and_then(|p| p.code.as_deref())
    }
}
