//! `redial sign`: the signature that Twilio would send, or what a received one was made for.

use std::io::Write;

use serde::Serialize;

use super::args::SignArgs;
use super::{Exit, Stop, columns};
use crate::config::{Credentials, Secret};
use crate::output::fit::wrap;
use crate::output::json;
use crate::output::safe::printable;
use crate::signature::doctor::{Case, MOST, Search, examine, is_signature};
use crate::signature::settings::{Setting, settings};
use crate::signature::{Algorithm, canonical_url, sign, with_body_sha256};

/// Variables that hold tokens, besides those named with `--token-env`.
const TOKENS: [&str; 2] = ["TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECONDARY"];

#[derive(Default, Serialize)]
struct Signed<'a> {
    r#type: &'static str,
    url: &'a str,
    signature: Option<&'a str>,
    fits: Option<bool>,
    #[serde(flatten)]
    explained: Option<Explained<'a>>,
}

/// What `--explain` adds.
#[derive(Serialize)]
struct Explained<'a> {
    diagnosis: Option<String>,
    settings: &'a [Setting],
    tried: usize,
    token: Option<&'a str>,
}

/// Runs the command.
pub(super) fn run(args: &SignArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let params = params(args)?;
    let algorithm = if args.sha256 {
        Algorithm::HmacSha256
    } else {
        Algorithm::HmacSha1
    };
    let body = args.body.as_ref().map(|file| {
        std::fs::read(file).map_err(|e| Stop::usage(format!("{}: cannot read the body: {e}", file.display())))
    });
    let body = body.transpose()?;
    let tokens = tokens(args)?;
    if let Some(signature) = &args.explain {
        if !is_signature(signature) {
            let why = "this is no signature: 28 characters of base64 for SHA-1, 44 for SHA-256";
            return Err(Stop::usage(format!("--explain {signature:?}: {why}")).into());
        }
        let case = Case {
            signature,
            url: &args.url,
            params: &params,
            body: body.as_deref(),
            also: &args.also,
            tokens: &tokens,
            algorithm,
        };
        return explain(args, &case, out);
    }
    let mut url = canonical_url(&args.url);
    if let Some(body) = &body {
        url = with_body_sha256(&url, body);
    }
    let signature = sign(&url, &params, &tokens[0].1, algorithm);
    if args.json {
        let signed = Signed {
            r#type: "signature",
            url: &url,
            signature: Some(&signature),
            ..Signed::default()
        };
        json::line(out, &signed)?;
    } else {
        writeln!(out, "{signature}")?;
    }
    Ok(Exit::Done)
}

/// The tokens that are known, by the names of their variables; never none.
fn tokens(args: &SignArgs) -> Result<Vec<(String, Secret)>, Stop> {
    let mut out = Vec::new();
    for name in &args.token_env {
        let value = std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let value = value
            .ok_or_else(|| Stop::usage(format!("--token-env {name}: there is no such variable, or it is empty")))?;
        out.push((name.clone(), Secret::new(value.trim())));
    }
    let lookup = |name: &str| std::env::var(name).ok();
    let first = Credentials::from_lookup(lookup).auth_token;
    let second = lookup(TOKENS[1]).filter(|v| !v.trim().is_empty());
    let known = [first, second.map(|v| Secret::new(v.trim()))];
    let named = TOKENS
        .into_iter()
        .zip(known)
        .filter_map(|(n, t)| Some((n.to_owned(), t?)));
    // The token in use comes first: what fits another is told by that one's name.
    out.splice(0..0, named);
    if out.is_empty() {
        return Err(Stop::usage(
            "set TWILIO_AUTH_TOKEN to the account's auth token: signatures are made with it (--token-env names another variable)",
        ));
    }
    Ok(out)
}

fn params(args: &SignArgs) -> Result<Vec<(String, String)>, Stop> {
    let pair = |text: &String| {
        let (n, v) = text
            .split_once('=')
            .ok_or_else(|| Stop::usage(format!("--param {text}: write NAME=VALUE")))?;
        Ok((n.to_owned(), v.to_owned()))
    };
    args.param.iter().map(pair).collect()
}

/// Says what a signature was made for, what the app probably rebuilt, and the setting that mends it.
fn explain(args: &SignArgs, case: &Case, out: &mut impl Write) -> anyhow::Result<Exit> {
    let search = examine(case, MOST);
    let found = search.found.as_ref();
    let differs = found.filter(|f| !f.is_as_given());
    let diagnosis: Vec<String> = differs.map(|f| f.diagnosis(case.url)).unwrap_or_default();
    let mends = differs.map(|f| settings(&f.causes(), None)).unwrap_or_default();
    if args.json {
        let given = canonical_url(case.url);
        let signed = Signed {
            r#type: "signature",
            url: found.map_or(&given, |f| &f.url),
            signature: None,
            fits: Some(found.is_some()),
            explained: Some(Explained {
                diagnosis: (!diagnosis.is_empty()).then(|| diagnosis.join("; ")),
                settings: &mends,
                tried: search.tried,
                token: found.map(|f| f.token.as_deref().unwrap_or(&case.tokens[0].0)),
            }),
        };
        json::line(out, &signed)?;
    } else {
        told(case, &search, &diagnosis, &mends, out)?;
    }
    Ok(if found.is_some() { Exit::Done } else { Exit::No })
}

fn told(
    case: &Case,
    search: &Search,
    diagnosis: &[String],
    mends: &[Setting],
    out: &mut impl Write,
) -> std::io::Result<()> {
    let width = columns() - 2;
    let Some(found) = &search.found else {
        let tried = crate::output::fit::thousands(search.tried);
        let text = format!(
            "fits none of {tried} ways tried: another token (--token-env NAME), other parameters (--param), another host (--also URL)"
        );
        for part in wrap(&text, width) {
            writeln!(out, "{part}")?;
        }
        if search.tried < search.of {
            let of = crate::output::fit::thousands(search.of);
            writeln!(out, "there are {of} ways in all: the likeliest were tried")?;
        }
        return Ok(());
    };
    let hint = if found.is_as_given() {
        "the URL as given"
    } else if found.url == canonical_url(case.url) {
        "the URL as given, but"
    } else {
        "not the URL as given: sign or rebuild this one"
    };
    writeln!(out, "{}", printable(&format!("made for {} ({hint})", found.url)))?;
    for line in diagnosis {
        for part in wrap(line, width) {
            writeln!(out, "  {part}")?;
        }
    }
    for mend in mends {
        for (n, part) in wrap(mend.setting, width.saturating_sub(12)).into_iter().enumerate() {
            let name = match mend.framework {
                _ if n > 0 => "",
                "any" => "any app",
                name => name,
            };
            writeln!(out, "    {name:<8} {part}")?;
        }
    }
    Ok(())
}
