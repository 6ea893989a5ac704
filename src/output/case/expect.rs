//! What is expected of the answer, and whether it came.

use std::fmt::Write as _;

use crate::model::Verdict;

/// What must become of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The platform must take the answer, or must not.
    pub pass: bool,
    /// Where it must not, the code that it raises; any when none is given.
    pub code: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Its media type, such as `text/xml`.
    pub content_type: Option<String>,
    /// Texts that its body must hold.
    pub contains: Vec<String>,
}

impl Default for Expect {
    /// To pass, nothing more.
    fn default() -> Self {
        Self {
            pass: true,
            code: None,
            status: None,
            content_type: None,
            contains: Vec::new(),
        }
    }
}

impl Expect {
    /// `pass`, `fail` or `fail 11200`.
    pub fn words(&self) -> String {
        match (self.pass, &self.code) {
            (true, _) => "pass".to_owned(),
            (false, None) => "fail".to_owned(),
            (false, Some(code)) => format!("fail {code}"),
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        let _ = writeln!(out, "# expect: {}", self.words());
        if let Some(status) = self.status {
            let _ = writeln!(out, "# status: {status}");
        }
        if let Some(kind) = &self.content_type {
            let _ = writeln!(out, "# content-type: {kind}");
        }
        for text in &self.contains {
            let _ = writeln!(out, "# contains: {text}");
        }
    }

    /// Reads what stands behind `expect:`.
    pub(super) fn verdict(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("pass"), None, None) => (self.pass, self.code) = (true, None),
            (Some("fail"), code, None) => (self.pass, self.code) = (false, code.map(str::to_owned)),
            _ => {
                return Err(format!(
                    "`{text}` is no expectation: write `pass`, `fail`, or `fail 11200`"
                ));
            }
        }
        Ok(())
    }

    /// A failing answer is expected, so that none at all is not it, unless its code says just that.
    pub fn needs_answer(&self, verdict: &Verdict) -> bool {
        !self.pass && (self.code.is_none() || self.code.as_deref() != verdict.code())
    }

    /// What is not as expected, in sentences; empty when all is.
    pub fn missed(
        &self,
        verdict: &Verdict,
        status: Option<u16>,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Vec<String> {
        let mut out = Vec::new();
        let code = verdict.code().unwrap_or("no code");
        match (self.pass, &self.code) {
            (true, _) if !verdict.pass() => out.push(format!("expected pass, and it fails with {code}")),
            (false, _) if verdict.pass() => out.push(format!("expected {}, and it passes", self.words())),
            (false, Some(wanted)) if verdict.code() != Some(wanted) => {
                out.push(format!("expected fail {wanted}, and it fails with {code}"));
            }
            _ => {}
        }
        if let Some(wanted) = self.status.filter(|s| status != Some(*s)) {
            let was = status.map_or("none".to_owned(), |s| s.to_string());
            out.push(format!("expected status {wanted}, and it is {was}"));
        }
        if let Some(wanted) = &self.content_type {
            let given = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-type"));
            let media = |t: &str| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let is = given.map_or("none", |(_, v)| v.as_str());
            if media(is) != media(wanted) {
                out.push(format!("expected Content-Type {wanted}, and it is {is}"));
            }
        }
        let body = String::from_utf8_lossy(body);
        for wanted in self.contains.iter().filter(|t| !body.contains(t.as_str())) {
            out.push(format!("expected `{wanted}` in the body, and it is not there"));
        }
        out
    }
}
