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
