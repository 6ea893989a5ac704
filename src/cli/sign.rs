//! `redial sign`: the signature that Twilio would send, or the URL that a received one was made for.

use std::io::Write;

use serde::Serialize;

use super::args::SignArgs;
use super::{Exit, Stop};
use crate::config::{Credentials, Secret};
use crate::output::json;
use crate::output::safe::printable;
use crate::signature::{Algorithm, canonical_url, sign, with_body_sha256};

#[derive(Serialize)]
struct Signed<'a> {
    r#type: &'static str,
    url: &'a str,
    signature: Option<&'a str>,
    fits: Option<bool>,
}

/// Runs the command.
pub(super) fn run(args: &SignArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let key = Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token;
    let key = key
        .ok_or_else(|| Stop::usage("set TWILIO_AUTH_TOKEN to the account's auth token: signatures are made with it"))?;
    let params = params(args)?;
    let algorithm = if args.sha256 {
        Algorithm::HmacSha256
    } else {
        Algorithm::HmacSha1
    };
    let mut url = canonical_url(&args.url);
    if let Some(file) = &args.body {
        let body =
            std::fs::read(file).map_err(|e| Stop::usage(format!("{}: cannot read the body: {e}", file.display())))?;
        url = with_body_sha256(&url, &body);
    }
    if let Some(signature) = &args.explain {
        return explain(args, &url, &params, &key, algorithm, signature.trim(), out);
    }
    let signature = sign(&url, &params, &key, algorithm);
    if args.json {
        let (url, signature) = (url.as_str(), Some(signature.as_str()));
        json::line(
            out,
            &Signed {
                r#type: "signature",
                url,
                signature,
                fits: None,
            },
        )?;
    } else {
        writeln!(out, "{signature}")?;
    }
    Ok(Exit::Done)
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

/// Tries the URLs that an app or a proxy makes of one another.
fn explain(
    args: &SignArgs,
    url: &str,
    params: &[(String, String)],
    key: &Secret,
    algorithm: Algorithm,
    signature: &str,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let candidates = candidates(url);
    let found = candidates.iter().find(|u| sign(u, params, key, algorithm) == signature);
    if args.json {
        let shown = found.map_or(url, String::as_str);
        json::line(
            out,
            &Signed {
                r#type: "signature",
                url: shown,
                signature: None,
                fits: Some(found.is_some()),
            },
        )?;
    } else if let Some(fits) = found {
        let hint = if fits == url {
            "the URL as given"
        } else {
            "not the URL as given: sign or rebuild this one"
        };
        writeln!(out, "{}", printable(&format!("made for {fits} ({hint})")))?;
    } else {
        let tried = candidates.len();
        writeln!(
            out,
            "fits none of {tried} URLs tried: another token, other parameters, or a URL that differs more"
        )?;
    }
    Ok(if found.is_some() { Exit::Done } else { Exit::No })
}

/// The URL itself; then scheme, port and trailing slash changed, one with another.
fn candidates(url: &str) -> Vec<String> {
    let mut out = vec![url.to_owned()];
    let Ok(parsed) = url::Url::parse(url) else { return out };
    let path = url.find("://").map_or(0, |n| n + 3);
    let rest = url[path..].find(['/', '?']).map_or("", |n| &url[path + n..]);
    let host = parsed.host_str().unwrap_or_default().to_owned();
    let ports: Vec<String> = parsed.port().iter().map(|p| format!(":{p}")).collect();
    let slashed = match rest.split_once('?') {
        Some((p, q)) => format!("{}?{q}", toggled(p)),
        None => toggled(rest),
    };
    for scheme in ["https", "http"] {
        let known = if scheme == "https" { ":443" } else { ":80" };
        for port in std::iter::once(String::new())
            .chain(ports.clone())
            .chain([known.to_owned()])
        {
            for rest in [rest, slashed.as_str()] {
                let candidate = format!("{scheme}://{host}{port}{rest}");
                if !out.contains(&candidate) {
                    out.push(candidate);
                }
            }
        }
    }
    out
}

/// A path with its trailing slash added or taken away.
fn toggled(path: &str) -> String {
    path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned)
}
