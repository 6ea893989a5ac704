//! Would the platform accept an answer?

use super::Severity;

/// One thing wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The error that the platform would raise (`11200`, `12100`; for Tropo the class name), or none.
    pub code: Option<String>,
    /// `Error`: the platform would refuse the answer or leave out a part of it; `Warning`: it would go on, and complain or do other than meant.
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

/// What a platform would say to an answer: passes when it would take all of it and write nothing into its debugger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// In order of importance: transport, status, headers, then the document from its top.
    pub problems: Vec<Problem>,
}

impl Problem {
    /// True for what makes an answer fail: the platform refuses it or leaves out a part of it, or surely writes a warning with a code of its own
    /// into its debugger. So a request that was recorded for such a warning stays red until the warning would not come any more.
    pub fn fails(&self) -> bool {
        // Tropo has no codes; its class names are ours.
        let coded = || {
            self.code
                .as_deref()
                .is_some_and(|c| c.bytes().all(|b| b.is_ascii_digit()))
        };
        match self.severity {
            Severity::Error => true,
            Severity::Warning => self.certain && coded(),
            Severity::Info => false,
        }
    }
}

impl Verdict {
    /// True when no problem [fails](Problem::fails).
    pub fn pass(&self) -> bool {
        self.worst().is_none()
    }

    /// The code of the worst problem that fails.
    pub fn code(&self) -> Option<&str> {
        self.worst()?.code.as_deref()
    }

    /// The first error, else the first warning that fails.
    pub fn worst(&self) -> Option<&Problem> {
        let failing = || self.problems.iter().filter(|p| p.fails());
        failing()
            .find(|p| p.severity == Severity::Error)
            .or_else(|| failing().next())
    }
}
