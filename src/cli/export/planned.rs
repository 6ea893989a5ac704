//! Requests as they would be sent: commands for a shell, an .http file, an archive.

use super::super::{Stop, config, say};
use super::{Export, Format};
use crate::config::Sign;
use crate::output::curl::curl;
use crate::output::export::{Asked, har, http};
use crate::output::safe::printable;
use crate::replay::{Options, Plan, SignMode, Target, plan};

pub(super) fn archive(args: &Export, all: &[Asked]) -> anyhow::Result<String> {
    let plans: Vec<Option<Plan>> = if args.says_how_to_send() {
        all.iter()
            .map(|a| plan_of(args, a).map(Some))
            .collect::<Result<_, _>>()?
    } else {
        vec![None; all.len()]
    };
    let entries: Vec<_> = all.iter().zip(plans.iter().map(Option::as_ref)).collect();
    Ok(har::log(&entries)?)
}

/// Commands or an .http file, and how many requests are left out.
pub(super) fn texts(args: &Export, all: &[Asked]) -> anyhow::Result<(String, usize)> {
    let mut texts = Vec::new();
    for asked in all {
        if let Some(why) = asked.why_not {
            say(&format!("{} of call {} is left out: {why}", asked.id, asked.call));
            continue;
        }
        let plan = plan_of(args, asked)?;
        let notes = notes(args, asked, &plan);
        let text = match args.format {
            Format::Http => http::request(&asked.short(), &notes, &plan),
            _ => {
                let comments: Vec<String> = notes.iter().map(|n| format!("# {}", printable(n))).collect();
                Some(format!("{}\n{}\n", comments.join("\n"), curl(&plan)?))
            }
        };
        match text {
            Some(text) => texts.push(text),
            None => say(&format!(
                "{} is left out: its body cannot stand in an .http file; --as curl can hold it",
                asked.id
            )),
        }
    }
    let left_out = all.len() - texts.len();
    Ok((texts.join("\n"), left_out))
}

/// What stands above a request.
fn notes(args: &Export, asked: &Asked, plan: &Plan) -> Vec<String> {
    let call = if asked.call.is_empty() {
        "no call".to_owned()
    } else {
        format!("call {}", asked.call)
    };
    let at = asked.at.time().map(|t| format!(" · {t}")).unwrap_or_default();
    let status = asked.status.map(|s| format!(" {s}")).unwrap_or_default();
    let mut notes = vec![
        format!("request {} of {call} · {}{at}", asked.id, asked.kind.as_str()),
        format!(
            "recorded: {}{status} · {} {}",
            asked.outcome.as_str(),
            asked.code(),
            asked.wrong()
        ),
    ];
    notes.push(match &args.to {
        Some(to) => format!("to {to}, not to the recorded URL"),
        None => "to the recorded URL: it goes to whoever answers there now".to_owned(),
    });
    notes.push(format!("signature: {}", plan.signature.as_str()));
    notes.extend(plan.notes.iter().map(|n| format!("note: {n}")));
    notes
}

fn plan_of(args: &Export, asked: &Asked) -> Result<Plan, Stop> {
    let named = |e: &dyn std::fmt::Display| Stop::usage(format!("{}: {e}", asked.id));
    let url = args.to.as_deref().or(asked.request.url.as_deref()).unwrap_or_default();
    let target = written_to(url, args.to.is_some()).map_err(|e| named(&e))?;
    let options = Options {
        sign: Some(match args.sign {
            Some(Sign::Resign) => SignMode::Resign,
            Some(Sign::Keep) => SignMode::Keep,
            Some(Sign::Strip) | None => SignMode::Strip,
        }),
        auth_token: config::credentials()
            .0
            .auth_token
            .filter(|_| args.sign == Some(Sign::Resign)),
        public_url: args.public_url.clone(),
        ..Options::default()
    };
    plan(asked.provider, asked.kind, &asked.request, &target, &options).map_err(|e| named(&e))
}

/// A target that is only written down, so that it may be anywhere: a given one, or that of a recorded URL.
fn written_to(url: &str, given: bool) -> Result<Target, crate::replay::TargetError> {
    let parsed = url::Url::parse(url.trim()).ok();
    let host: Vec<String> = parsed
        .as_ref()
        .and_then(|u| u.host_str())
        .map(str::to_owned)
        .into_iter()
        .collect();
    match parsed {
        Some(u) if !given => Target::parse(&u.origin().ascii_serialization(), &host),
        Some(_) => Target::parse(url, &host),
        None => Target::parse(url, &[]),
    }
}
