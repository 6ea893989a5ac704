//! The story of calls as one HTML page: opens offline, holds no script, loads nothing.
//!
//! [`page`] takes calls as plain data ([`Told`]), with or without stand-ins, and knows no session. All text from outside goes through
//! `escape`, which makes it printable first. The style is one file, `style.css`, light and dark; the page's own policy forbids everything
//! else. A section is a function here; the ladder is `ladder`, documents are `body`.

mod body;
mod escape;
mod ladder;
mod request;

use std::fmt::Write as _;

use self::escape::{sentence, text};
use super::export::{Found, Told};
use super::fit;
use crate::model::Severity;

/// The page.
const STYLE: &str = include_str!("style.css");

/// What the page says of itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Numbers, ids, names and tokens are stand-ins.
    pub redacted: bool,
}

/// The page of calls, in the order given.
pub fn page(calls: &[Told], about: &About) -> String {
    let title = match calls {
        [one] => one.title(),
        _ => fit::count(calls.len(), "call"),
    };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"generator\" content=\"redial {}\">\n\
         <title>{} · redial</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        env!("CARGO_PKG_VERSION"),
        text(&title),
    );
    out.push_str("<a class=\"skip\" href=\"#main\">Skip to the calls</a>\n<header class=\"top\">\n");
    let _ = writeln!(out, "<h1>{}</h1>", text(&title));
    let _ = writeln!(out, "<p class=\"about\">{}</p>\n</header>", note(about));
    if calls.len() > 1 {
        contents(&mut out, calls);
    }
    out.push_str("<main id=\"main\">\n");
    for (n, told) in calls.iter().enumerate() {
        call(&mut out, told, n, calls.len() > 1);
    }
    let _ = writeln!(
        out,
        "</main>\n<footer><p>Made by redial {}. All times are UTC.</p></footer>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION")
    );
    out
}

fn note(about: &About) -> &'static str {
    if about.redacted {
        "All times are UTC. Numbers, ids, names, addresses, what was said and what lets somebody in are replaced by stand-ins: the same one for the same value, all over this page."
    } else {
        "All times are UTC. Numbers, names and texts stand here as they were recorded: take care whom you show them."
    }
}

fn contents(out: &mut String, calls: &[Told]) {
    out.push_str("<nav aria-label=\"Calls\">\n<ol>\n");
    for (n, told) in calls.iter().enumerate() {
        let errors = told.findings().filter(|f| f.severity == Severity::Error).count();
        let _ = writeln!(
            out,
            "<li><a href=\"#call-{}\">{}</a> <span class=\"faint\">{}</span></li>",
            n + 1,
            text(&told.title()),
            text(&fit::count(errors, "error")),
        );
    }
    out.push_str("</ol>\n</nav>\n");
}

fn call(out: &mut String, told: &Told, number: usize, with_name: bool) {
    let n = number + 1;
    let _ = writeln!(
        out,
        "<article class=\"call\" id=\"call-{n}\" aria-labelledby=\"name-{n}\">"
    );
    if with_name {
        let _ = writeln!(out, "<h2 id=\"name-{n}\">{}</h2>", text(&told.title()));
    } else {
        let _ = writeln!(out, "<h2 id=\"name-{n}\">The call</h2>");
    }
    facts(out, told);
    findings(out, told, n);
    ladder::ladder(out, told, n);
    request::requests(out, told, n);
    out.push_str("</article>\n");
}

/// Who, when, how it ended.
fn facts(out: &mut String, told: &Told) {
    let length = match (told.started.time(), told.ended.time()) {
        (Some(a), Some(b)) if b.0 > a.0 => Some(fit::length(b.0 - a.0)),
        _ => None,
    };
    let count = |s: Severity| told.findings().filter(|f| f.severity == s).count();
    let found = format!(
        "{}, {}",
        fit::count(count(Severity::Error), "error"),
        fit::count(count(Severity::Warning), "warning")
    );
    let rows = [
        ("Provider", Some(told.provider.to_string())),
        ("From", told.from.clone()),
        ("To", told.to.clone()),
        ("Direction", told.direction.clone()),
        ("App", told.app.clone()),
        ("Began", fit::moment(told.started)),
        ("Took", length),
        ("Ended as", told.state.clone()),
        ("Leg of", told.parent.clone()),
        ("Also known as", Some(told.also.join(", ")).filter(|t| !t.is_empty())),
        ("Found", Some(found)),
    ];
    out.push_str("<dl class=\"facts\">\n");
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", text(&value));
        }
    }
    out.push_str("</dl>\n");
}

fn findings(out: &mut String, told: &Told, n: usize) {
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"wrong-{n}\">\n<h3 id=\"wrong-{n}\">What went wrong</h3>"
    );
    if told.findings().next().is_none() {
        out.push_str("<p>Nothing that a rule knows.</p>\n</section>\n");
        return;
    }
    out.push_str("<ul class=\"findings\">\n");
    for f in told.findings() {
        finding(out, f, n);
    }
    out.push_str("</ul>\n</section>\n");
}

fn finding(out: &mut String, f: &Found, n: usize) {
    let word = f.severity.as_str();
    let _ = write!(
        out,
        "<li class=\"finding {word}\">\n<p class=\"title\"><strong class=\"mark\">{word}</strong> "
    );
    let _ = write!(out, "<code class=\"code\">{}</code> {}", text(&f.code), text(&f.title));
    if f.count > 1 {
        let _ = write!(out, " <span class=\"faint\">×{}</span>", f.count);
    }
    out.push_str("</p>\n");
    if !f.evidence.is_empty() && !f.title.contains(&f.evidence) {
        let _ = writeln!(out, "<blockquote>{}</blockquote>", text(&f.evidence));
    }
    if !f.script.is_empty() {
        let lines: Vec<String> = f.script.iter().map(|l| text(l)).collect();
        let _ = writeln!(
            out,
            "<pre tabindex=\"0\" aria-label=\"Script\"><code>{}</code></pre>",
            lines.join("\n")
        );
    }
    if !f.advice.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"advice\"><strong>What to do:</strong> {}</p>",
            sentence(&f.advice)
        );
    }
    let clock = f.at.clock().map(|c| format!("<time>{c}</time> · ")).unwrap_or_default();
    let request = f
        .request
        .as_deref()
        .map(|r| format!(" · <a href=\"#c{n}-{}\">request {}</a>", text(r), text(r)));
    let class = Some(&f.class)
        .filter(|c| **c != f.code)
        .map(|c| format!("{} · ", text(c)))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "<p class=\"faint\">{clock}{class}why: rule <code>{}</code> met {}{}</p>\n</li>",
        text(&f.rule),
        text(&f.place),
        request.unwrap_or_default(),
    );
}

#[cfg(test)]
mod tests;
