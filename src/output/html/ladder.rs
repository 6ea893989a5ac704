//! Who asked whom, in time order: caller, platform and app as three lanes.
//!
//! It is a list: each step is a sentence for who hears it, and an arrow between two lanes for who sees it.

use std::fmt::Write as _;

use super::escape::text;
use crate::model::{Outcome, Provider, StepEvent};
use crate::output::export::{Asked, Item, Told};
use crate::output::fit;

/// An arrow.
struct Arrow {
    /// Between which lanes: `caller` and platform, or platform and `app`.
    lane: &'static str,
    /// `right` or `left`.
    way: &'static str,
    /// `ok`, `bad` or nothing.
    tone: &'static str,
    /// What a reader hears first: who to whom.
    who: &'static str,
    /// Escaped.
    label: String,
}

/// The ladder of a call.
pub(super) fn ladder(out: &mut String, told: &Told, n: usize) {
    if told.requests().next().is_none() {
        return;
    }
    let platform = match told.provider {
        Provider::Tropo => "Tropo",
        Provider::Twilio => "Twilio",
    };
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"ladder-{n}\">\n<h3 id=\"ladder-{n}\">Ladder</h3>\n\
         <div class=\"lanes\" aria-hidden=\"true\"><span>Caller</span><span>{platform}</span><span>App</span></div>\n<ol class=\"ladder\">"
    );
    for item in &told.items {
        match item {
            Item::Request(asked) => {
                for (at, arrow) in arrows(asked, n) {
                    write_arrow(out, &at, &arrow);
                }
            }
            Item::Finding(f) if f.request.is_none() => {
                let clock = clock(&f.at.clock().unwrap_or_default());
                let _ = writeln!(
                    out,
                    "<li class=\"said {}\">{clock}<span class=\"words\"><code>{}</code> {}</span></li>",
                    f.severity,
                    text(&f.code),
                    text(&f.title)
                );
            }
            Item::Finding(_) => {}
        }
    }
    out.push_str("</ol>\n</section>\n");
}

/// The column of the clock; an answer has none of its own.
fn clock(at: &str) -> String {
    if at.is_empty() {
        return "<span class=\"at\"></span>".to_owned();
    }
    format!("<time class=\"at\">{at}</time>")
}

fn write_arrow(out: &mut String, at: &str, arrow: &Arrow) {
    let at = clock(at);
    let Arrow {
        lane,
        way,
        tone,
        who,
        label,
    } = arrow;
    let _ = writeln!(
        out,
        "<li class=\"{lane} {way} {tone}\">{at}<span class=\"words\"><span class=\"heard\">{who}: </span>{label}</span></li>"
    );
}

/// What the caller did, the request, and its answer.
fn arrows(asked: &Asked, n: usize) -> Vec<(String, Arrow)> {
    let clock = asked.at.clock().unwrap_or_default();
    let mut out = Vec::new();
    if let Some(done) = caller(asked) {
        out.push((
            clock.clone(),
            Arrow {
                lane: "caller",
                way: "right",
                tone: "",
                who: "Caller to platform",
                label: text(&done),
            },
        ));
    }
    let id = text(&asked.id);
    out.push((
        clock,
        Arrow {
            lane: "app",
            way: "right",
            tone: "",
            who: "Platform to app",
            label: format!(
                "<a href=\"#c{n}-{id}\">{}</a> <span class=\"faint\">{}</span>",
                text(&asked.short()),
                asked.kind.as_str()
            ),
        },
    ));
    let bad = asked.outcome.failed();
    let after = asked
        .ms
        .map(|ms| format!(" after {} ms", fit::thousands(ms as usize)))
        .unwrap_or_default();
    let label = match (asked.status, asked.outcome) {
        (Some(status), _) => format!("{status}{after}"),
        (None, Outcome::Ok | Outcome::Unknown) if asked.response.is_some() => format!("answered{after}"),
        (None, Outcome::Unknown) => return out,
        (None, outcome) => format!("{}{after}", outcome.as_str()),
    };
    let code = if bad {
        format!(" <code class=\"code\">{}</code>", text(asked.code()))
    } else {
        String::new()
    };
    out.push((
        String::new(),
        Arrow {
            lane: "app",
            way: "left",
            tone: if bad { "bad" } else { "good" },
            who: "App to platform",
            label: format!("{}{code}", text(&label)),
        },
    ));
    out
}

/// What a person did before the request, as far as it tells.
fn caller(asked: &Asked) -> Option<String> {
    let step = asked.step?;
    let digits = asked
        .request
        .param("Digits")
        .or(asked.request.param("SpeechResult"))
        .filter(|d| !d.is_empty());
    let words = match step.event {
        StepEvent::Start => "calls".to_owned(),
        StepEvent::Choice => digits.map_or("chooses".to_owned(), |d| format!("enters {d}")),
        StepEvent::Noinput => "says and presses nothing".to_owned(),
        StepEvent::Nomatch => digits.map_or("chooses what is not there".to_owned(), |d| {
            format!("enters {d}, which is not there")
        }),
        StepEvent::Hangup => "hangs up".to_owned(),
        _ => return None,
    };
    Some(if step.certain {
        words
    } else {
        format!("{words} (likely)")
    })
}
