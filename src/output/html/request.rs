//! Each request of a call: what was sent, what came back, what is wrong with it, how it went when it was sent again.

use std::fmt::Write as _;

use super::body;
use super::escape::{sentence, text};
use crate::model::{Payload, Problem};
use crate::output::export::{Asked, Kept, Told};
use crate::output::fit;

/// The section of all requests.
pub(super) fn requests(out: &mut String, told: &Told, n: usize) {
    if told.requests().next().is_none() {
        return;
    }
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"requests-{n}\">\n<h3 id=\"requests-{n}\">Requests and answers</h3>"
    );
    for asked in told.requests() {
        request(out, asked, n);
    }
    out.push_str("</section>\n");
}

fn request(out: &mut String, asked: &Asked, n: usize) {
    let failed = asked.outcome.failed();
    let (tone, open) = if failed { ("bad", " open") } else { ("", "") };
    let _ = writeln!(
        out,
        "<details class=\"request {tone}\" id=\"c{n}-{}\"{open}>",
        text(&asked.id)
    );
    let clock = asked
        .at
        .clock()
        .map(|c| format!("<time>{c}</time> "))
        .unwrap_or_default();
    let status = asked.status.map(|s| format!(" {s}")).unwrap_or_default();
    let _ = writeln!(
        out,
        "<summary><h4>{clock}{}</h4> <span class=\"mark {}\">{}{status}</span></summary>",
        text(&asked.short()),
        if failed { "error" } else { "info" },
        asked.outcome.as_str(),
    );
    facts(out, asked);
    headers(out, "Headers sent", &asked.request.headers);
    payload(out, asked);
    answer(out, asked);
    replays(out, &asked.replays);
    out.push_str("</details>\n");
}

fn facts(out: &mut String, asked: &Asked) {
    let step = asked.step.map(|s| {
        let likely = if s.certain { "" } else { " (likely)" };
        format!("{}{likely}", s.event.as_str())
    });
    let rows = [
        ("Request", Some(asked.id.clone())),
        ("URL", asked.request.url.clone()),
        ("For", Some(asked.kind.as_str().to_owned())),
        ("Step before", step),
        (
            "Answered in",
            asked.ms.map(|ms| format!("{} ms", fit::thousands(ms as usize))),
        ),
        ("Recorded in", Some(asked.place.clone())),
        ("Cannot be sent again", asked.why_not.map(|w| w.to_string())),
    ];
    out.push_str("<dl class=\"facts\">\n");
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", text(&value));
        }
    }
    out.push_str("</dl>\n");
}

fn pairs(out: &mut String, caption: &str, pairs: &[(String, String)]) {
    let _ = writeln!(out, "<div class=\"scroll\"><table>\n<caption>{caption}</caption>");
    out.push_str("<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Value</th></tr></thead>\n<tbody>\n");
    for (name, value) in pairs {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            text(name),
            text(value)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn headers(out: &mut String, caption: &str, headers: &[(String, String)]) {
    if !headers.is_empty() {
        pairs(out, caption, headers);
    }
}

fn payload(out: &mut String, asked: &Asked) {
    match &asked.request.payload {
        Payload::Empty => {}
        Payload::Form(params) if params.is_empty() => {}
        Payload::Form(params) => pairs(out, "Parameters", params),
        Payload::Json(json) => {
            out.push_str("<p class=\"label\">Body sent</p>\n");
            body::body(out, "Body sent", Some("application/json"), json, &[]);
        }
    }
}

fn answer(out: &mut String, asked: &Asked) {
    let Some(response) = &asked.response else {
        let words = if asked.outcome.failed() {
            asked.wrong()
        } else {
            "The source holds none.".to_owned()
        };
        let _ = writeln!(out, "<h5>Answer</h5>\n<p>{}</p>", text(&words));
        return;
    };
    let _ = writeln!(
        out,
        "<h5>Answer{}</h5>",
        asked.status.map(|s| format!(" {s}")).unwrap_or_default()
    );
    problems(out, &asked.problems);
    headers(out, "Headers of the answer", &response.headers);
    match response.body.as_deref().filter(|b| !b.is_empty()) {
        None => out.push_str("<p class=\"faint\">The source holds no body.</p>\n"),
        Some(answer) => body::body(
            out,
            "Body of the answer",
            response.header("content-type"),
            answer.as_bytes(),
            &asked.problems,
        ),
    }
}

fn problems(out: &mut String, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    out.push_str("<ul class=\"problems\">\n");
    for p in problems {
        let place = match (p.line, p.column) {
            (Some(l), Some(c)) => format!("line {l}, column {c}: "),
            (Some(l), None) => format!("line {l}: "),
            _ => String::new(),
        };
        let code = p
            .code
            .as_deref()
            .map(|c| format!("<code class=\"code\">{}</code> ", text(c)))
            .unwrap_or_default();
        let likely = if p.certain {
            ""
        } else {
            " <span class=\"faint\">(likely)</span>"
        };
        let _ = writeln!(
            out,
            "<li class=\"{word}\"><strong class=\"mark\">{word}</strong> {code}{place}{}{likely}</li>",
            sentence(&p.message),
            word = p.severity.as_str(),
        );
    }
    out.push_str("</ul>\n");
}

fn replays(out: &mut String, kept: &[Kept]) {
    if kept.is_empty() {
        return;
    }
    out.push_str("<h5>Sent again</h5>\n<ul class=\"problems\">\n");
    for replay in kept {
        let (word, tone) = if replay.pass {
            ("pass", "good")
        } else {
            ("fail", "error")
        };
        let problem = replay.problem().map(|p| format!(": {}", text(&p))).unwrap_or_default();
        let _ = writeln!(
            out,
            "<li class=\"{tone}\"><strong class=\"mark\">{word}</strong> {} <span class=\"faint\">{} {}</span>{problem}</li>",
            text(&replay.became()),
            text(&replay.method),
            text(&replay.sent_to),
        );
    }
    out.push_str("</ul>\n");
}
