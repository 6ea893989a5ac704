//! Findings: a rule's words put together, added to a call, and counted where the same cause comes again.
//!
//! Title, advice and evidence are filled with the fields of the line, and with what follows from them (host and path, the
//! developer's own line). A finding that something may still settle waits among the pending. Not here: which line or
//! request calls for a finding (`lines`, `documents`, `unanswered`).

use std::sync::Arc;

use super::clock::When;
use super::fold::Fold;
use super::{Exchange, Finding};
use crate::filter::{Case, Needs, OverCall, Rule};
use crate::model::{Place, Severity};
use crate::scan::Found;

/// Words of a finding, before they are shared.
#[derive(Default)]
pub(super) struct Words<'a> {
    pub(super) fields: Vec<(&'a str, String)>,
    pub(super) evidence: String,
    pub(super) exchange: Option<u32>,
}

impl Words<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }
}

impl Fold<'_> {
    /// A finding of a line rule; true when it was the line's own or stands for it.
    pub(super) fn found(&mut self, call: u32, place: Place, when: When, rule: u16, found: Found) -> bool {
        let rule = self.engine.line_rule(rule);
        let open = self.calls[call as usize].live.open;
        if rule.needs == Some(Needs::OpenRequest) && open.is_none() {
            return false;
        }
        let exchange = if rule.explains || rule.needs.is_some() {
            open
        } else {
            None
        };
        if let Some(n) = exchange.filter(|_| rule.explains) {
            self.exchanges[n as usize].explained = true;
        }
        let fields = found.fields.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        self.by_rule(
            call,
            place,
            when,
            rule,
            Words {
                fields,
                evidence: found.evidence,
                exchange,
            },
        );
        !rule.also
    }

    pub(super) fn unclassified(&mut self, call: u32, place: Place, when: When, severity: Severity, text: &str) {
        let class = self.text("unclassified");
        let finding = Finding {
            index: 0,
            call,
            rule: Arc::clone(&class),
            code: Arc::clone(&class),
            class,
            severity,
            title: self.text(&format!("Unknown {severity}: {}", first_words(text))),
            advice: self.text(
                "No rule knows this line. Read it; when it is noise, hide it with a rule of your own (`redial filters list`).",
            ),
            evidence: self.text(text),
            at: when,
            place,
            exchange: None,
            count: 1,
            hidden: false,
            noise: false,
            script_line: None,
            timeline: false,
        };
        self.push(finding);
    }

    /// A finding of a rule over the whole call, about a request.
    pub(super) fn over(
        &mut self,
        call: u32,
        place: Place,
        when: When,
        state: OverCall,
        n: u32,
        fields: Vec<(&str, String)>,
    ) -> Option<(Finding, Option<String>)> {
        let rule = self.engine.over(state)?;
        let url = self.exchanges[n as usize].url.clone().unwrap_or_default();
        let evidence = match state {
            OverCall::ResultError => {
                let raw = fields.iter().find(|(n, _)| *n == "raw").map(|(_, v)| v.as_str());
                format!("\"error\":{}", raw.unwrap_or_default())
            }
            _ => format!("POST {url}"),
        };
        let words = Words {
            fields,
            evidence,
            exchange: Some(n),
        };
        self.worded(call, place, when, rule, words)
    }

    /// Adds a rule's finding.
    pub(super) fn by_rule(&mut self, call: u32, place: Place, when: When, rule: &Rule, words: Words<'_>) {
        let found = self.worded(call, place, when, rule, words);
        self.give(found);
    }

    pub(super) fn give(&mut self, found: Option<(Finding, Option<String>)>) {
        match found {
            Some((finding, Some(name))) => self.pend(finding.call, &name, finding),
            Some((finding, None)) => {
                self.push(finding);
            }
            None => {}
        }
    }

    /// A rule's words put together, and what it waits for to be settled by; none where the rule hides it.
    fn worded(
        &mut self,
        call: u32,
        place: Place,
        when: When,
        rule: &Rule,
        mut words: Words<'_>,
    ) -> Option<(Finding, Option<String>)> {
        self.fill_in(call, &mut words);
        let case: Option<&Case> = rule.case(|n| words.field(n));
        if rule.hide || case.is_some_and(|c| c.hide) {
            return None;
        }
        let field = |n: &str| words.field(n);
        let title = case
            .and_then(|c| c.title.as_ref())
            .or(rule.title.as_ref())
            .map(|t| t.fill(field));
        let advice = case
            .and_then(|c| c.advice.as_ref())
            .or(rule.advice.as_ref())
            .map(|t| t.fill(field));
        let evidence = rule
            .evidence
            .as_ref()
            .map_or_else(|| words.evidence.clone(), |t| t.fill(field));
        let class = case
            .and_then(|c| c.class.as_deref())
            .or(rule.class.as_deref())
            .unwrap_or("other");
        let class = self.text(class);
        let pending = case.and_then(|c| c.pending.clone()).or_else(|| rule.pending.clone());
        let finding = Finding {
            index: 0,
            call,
            rule: self.text(&rule.id),
            code: Arc::clone(&class),
            class,
            severity: case
                .and_then(|c| c.severity)
                .or(rule.severity)
                .unwrap_or(Severity::Info),
            title: self.text(title.as_deref().unwrap_or(&rule.id)),
            advice: self.text(advice.as_deref().unwrap_or_default()),
            evidence: self.text(&evidence),
            at: when,
            place,
            exchange: words.exchange,
            count: 1,
            hidden: false,
            noise: false,
            script_line: words.field("line").and_then(|l| l.parse().ok()),
            timeline: false,
        };
        Some((finding, pending))
    }

    /// Fields that follow from others: for titles and advice.
    fn fill_in(&self, call: u32, words: &mut Words<'_>) {
        if words.field("url").is_none()
            && let Some(url) = self.url_about(call, words.exchange)
        {
            words.fields.push(("url", url));
        }
        if let Some((host, path)) = words.field("url").map(host_and_path) {
            words.fields.push(("host", host));
            words.fields.push(("path", path));
        }
        if let Some(e) = words.field("reason").and_then(exception_message) {
            words.fields.push(("cause", e));
        }
        if let Some(own) = self.own_line(call, words.field("line")) {
            words.fields.push(("own_line", own));
        }
    }

    /// A line of the engine's numbering in the developer's own: counted from the first line of her script that was echoed.
    fn own_line(&self, call: u32, line: Option<&str>) -> Option<String> {
        let (_, smallest, ..) = self.calls[call as usize].echo?;
        let own = line?.parse::<u32>().ok()?.checked_sub(smallest)? + 1;
        Some(own.to_string())
    }

    /// The URL that a finding is about: its exchange's, else the request that waits.
    fn url_about(&self, call: u32, exchange: Option<u32>) -> Option<String> {
        let n = exchange.or(self.calls[call as usize].live.open)?;
        self.exchanges[n as usize].url.as_deref().map(str::to_owned)
    }

    /// Adds a finding to its call and numbers it; the same cause on the same call counts up.
    pub(super) fn push(&mut self, finding: Finding) -> u32 {
        let call = finding.call as usize;
        let url = |f: &Finding, all: &[Exchange]| f.exchange.and_then(|n| all[n as usize].url.clone());
        let same = self.calls[call].findings.iter().rev().take(64).copied().find(|&n| {
            let f = &self.findings[n as usize];
            f.rule == finding.rule
                && f.title == finding.title
                && f.severity == finding.severity
                && url(f, &self.exchanges) == url(&finding, &self.exchanges)
        });
        if let Some(n) = same {
            self.findings[n as usize].count += 1;
            return n;
        }
        let n = self.findings.len() as u32;
        self.findings.push(Finding { index: n, ..finding });
        self.calls[call].findings.push(n);
        n
    }

    /// A finding that stands only when nothing settles it.
    fn pend(&mut self, call: u32, name: &str, mut finding: Finding) {
        finding.hidden = true;
        let name = self.text(name);
        let n = self.findings.len() as u32;
        finding.index = n;
        self.findings.push(finding);
        self.calls[call as usize].live.pending.push((name, n));
        self.waits(call);
    }

    /// Something at a line settles what is pending from lines before it.
    pub(super) fn settled_at(&mut self, call: u32, line: u64) {
        let findings = &self.findings;
        self.calls[call as usize]
            .live
            .pending
            .retain(|(name, n)| &**name == "signal" || findings[*n as usize].place.line > line);
    }

    pub(super) fn settle(&mut self, call: u32, name: &str) {
        self.calls[call as usize].live.pending.retain(|(n, _)| &**n != name);
    }
}

/// Host and path of a URL, for titles and advice.
pub fn host_and_path(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let path = rest[end..].split(['?', '#']).next().unwrap_or_default();
    (
        rest[..end].to_owned(),
        if path.is_empty() {
            "/".to_owned()
        } else {
            path.to_owned()
        },
    )
}

/// `com.voxeo.tropo.ErrorException: Outbound call has timed out. at …` → `Outbound call has timed out.`
fn exception_message(reason: &str) -> Option<String> {
    let (class, rest) = reason.split_once(": ")?;
    let is_class = class.contains('.') && !class.contains(' ');
    let text = rest.split(" at ").next().unwrap_or(rest).trim().trim_end_matches('.');
    (is_class && !text.is_empty()).then(|| text.to_owned())
}

fn first_words(text: &str) -> String {
    let mut out: String = text.chars().take(80).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
