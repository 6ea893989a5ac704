//! `--diagnose`: a request that the app refuses is really sent signed for each URL that the app may rebuild, until one is accepted.
//!
//! One request may be several attempts here: the option asks for it. They go out one after the other, each whole and judged by its
//! status alone.

use std::io::Write;

use serde::Serialize;

use super::super::{Exit, Stop, read, say};
use super::ready::Ready;
use super::refused;
use crate::config::Secret;
use crate::model::Provider;
use crate::output::json;
use crate::output::safe::printable;
use crate::output::style::Role;
use crate::replay::{Options, Pinned, Plan, Target, is_refused, plan, public_host, send};
use crate::signature::doctor::{Cause, rebuilt};
use crate::signature::settings::{Setting, recognise, settings};
use crate::signature::{Algorithm, sign};

/// A way of sending it.
struct Way {
    /// In words.
    what: String,
    /// The public URL, as `--public-url` takes it.
    public: Option<String>,
    /// The text that is signed, where it is not the URL that is sent.
    signed: Option<String>,
    /// What is wrong with the app when this way is accepted.
    cause: Option<Cause>,
}

/// What came of one way.
#[derive(Serialize)]
struct Tried {
    signed_url: String,
    host: String,
    status: Option<u16>,
    error: Option<String>,
    #[serde(skip)]
    what: String,
}

#[derive(Serialize)]
struct DiagnosisLine<'a> {
    r#type: &'static str,
    request: String,
    call: String,
    /// The URL whose signature the app accepts.
    accepted: Option<&'a str>,
    public_url: Option<&'a str>,
    diagnosis: &'a str,
    framework: Option<&'a str>,
    settings: &'a [Setting],
    tried: &'a [Tried],
}

/// Sends each request until one way is accepted; no when one is refused in all.
pub(super) async fn diagnose(
    view: &read::View,
    ready: &[Ready<'_>],
    target: &Target,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let pinned: Pinned = target.resolve().await.map_err(|e| refused(&e))?;
    let mut all_accepted = true;
    for r in ready {
        if r.chosen.call.provider != Provider::Twilio {
            let name = r.chosen.exchange.name();
            say(&format!(
                "{name} is left out: --diagnose is about signatures, and Tropo does not sign"
            ));
            continue;
        }
        let Some(token) = &r.options.auth_token else {
            let why = "--diagnose signs each attempt: set TWILIO_AUTH_TOKEN to the account's auth token";
            return Err(Stop::usage(why).into());
        };
        all_accepted &= one(view, r, target, token, &pinned, out).await?;
        out.flush()?;
    }
    if view.json {
        json::line(out, &view.summary(&[]))?;
    }
    Ok(if all_accepted { Exit::Done } else { Exit::No })
}

async fn one(
    view: &read::View,
    r: &Ready<'_>,
    target: &Target,
    token: &Secret,
    pinned: &Pinned,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let c = &r.chosen;
    let mut tried: Vec<Tried> = Vec::new();
    let (mut accepted, mut framework) = (None, None);
    for way in ways(r, target)? {
        let plan = planned(r, target, &way, token)?;
        let signed_url = plan.signed_url.clone().unwrap_or_default();
        if tried
            .iter()
            .any(|t| (&t.signed_url, &t.host) == (&signed_url, &plan.host_header))
        {
            continue;
        }
        let sent = send(&plan, pinned).await;
        framework = framework.or_else(|| recognise(&sent.headers, &sent.body));
        tried.push(Tried {
            signed_url,
            host: plan.host_header.clone(),
            status: sent.status,
            error: sent.error.as_ref().map(ToString::to_string),
            what: way.what.clone(),
        });
        if !view.json {
            attempt(view, c, &tried, out)?;
        }
        if sent.status.is_some() && !is_refused(sent.status) {
            accepted = Some(way);
            break;
        }
        // What nobody answers is not refused.
        if sent.status.is_none() {
            break;
        }
    }
    let answered = tried.last().is_some_and(|t| t.status.is_some());
    let causes: Vec<Cause> = accepted.iter().filter_map(|w| w.cause).collect();
    let mends = settings(&causes, framework);
    let diagnosis = match &accepted {
        Some(way) if tried.len() == 1 => format!("accepted as it is sent, signed for {}", way.what),
        Some(way) => format!("accepted when signed for {}{}", way.what, explained(way)),
        None if answered => format!(
            "refused in all {} ways: the app probably has another auth token, checks parameters that were changed, or refuses for another reason",
            tried.len()
        ),
        None => "the app did not answer, so nothing can be said of signatures".to_owned(),
    };
    if view.json {
        let line = DiagnosisLine {
            r#type: "diagnosis",
            request: c.exchange.name(),
            call: c.call.id.to_string(),
            accepted: accepted.as_ref().and(tried.last()).map(|t| t.signed_url.as_str()),
            public_url: accepted.as_ref().and_then(|w| w.public.as_deref()),
            diagnosis: &diagnosis,
            framework: framework.map(|f| f.name.as_str()),
            settings: &mends,
            tried: &tried,
        };
        json::line(out, &line)?;
    } else {
        let role = if accepted.is_some() { Role::Good } else { Role::Error };
        view.page.wrapped(out, 2, role, &diagnosis)?;
        for mend in &mends {
            view.page
                .wrapped(out, 4, Role::Plain, &format!("{}: {}", mend.framework, mend.setting))?;
        }
        writeln!(out)?;
    }
    Ok(accepted.is_some())
}

/// What an accepted way says of the app.
fn explained(way: &Way) -> &'static str {
    match (way.cause, &way.public) {
        (Some(Cause::Encoding), _) => {
            ": it refuses genuine requests whose URL is percent-encoded, because it rebuilds the URL decoded"
        }
        (Some(Cause::Proxy), _) => ": it rebuilds a URL that the platform does not call",
        (_, Some(_)) => ": it checks its public URL, so give --public-url when you replay",
        _ => "",
    }
}

/// One line for an attempt, below the request's own.
fn attempt(
    view: &read::View,
    c: &super::choose::Chosen<'_>,
    tried: &[Tried],
    out: &mut impl Write,
) -> std::io::Result<()> {
    let paint = view.page.paint;
    if tried.len() == 1 {
        let text = format!("{}  call {}", c.exchange.name(), c.call.id);
        writeln!(out, "{}", paint.role(Role::Heading, printable(&text)))?;
    }
    let Some(t) = tried.last() else { return Ok(()) };
    let became = match (t.status, &t.error) {
        (Some(s), _) => s.to_string(),
        (None, Some(e)) => e.clone(),
        (None, None) => "no answer".to_owned(),
    };
    view.page.wrapped(
        out,
        2,
        Role::Plain,
        &format!("{became} ← signed for {} ({})", t.signed_url, t.what),
    )
}

/// The ways to try, the likeliest first: as the options say, the recorded public URL, the local one, then what apps make of them.
fn ways(r: &Ready<'_>, target: &Target) -> Result<Vec<Way>, Stop> {
    let options = &r.options;
    let way = |what: &str, public: Option<String>, cause| Way {
        what: what.to_owned(),
        public,
        signed: None,
        cause,
    };
    let recorded = options.public_url.clone().or_else(|| public_host(r.request()));
    let mut out = Vec::new();
    if options.public_url.is_some() {
        out.push(way("the public URL", options.public_url.clone(), None));
    }
    out.push(way(
        "the local URL",
        None,
        options.public_url.as_ref().map(|_| Cause::Proxy),
    ));
    if let Some(public) = &recorded {
        out.push(way("the recorded public URL", Some(public.clone()), None));
        let (scheme, rest) = public.split_once("://").unwrap_or(("https", public));
        let other = if scheme == "https" { "http" } else { "https" };
        let proxy = Some(Cause::Proxy);
        out.push(way(
            &format!("the public URL under {other}"),
            Some(format!("{other}://{rest}")),
            proxy,
        ));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if host.contains(':') {
            let bare = host.split(':').next().unwrap_or(host);
            out.push(way(
                "the public URL without its port",
                Some(format!("{scheme}://{bare}{path}")),
                proxy,
            ));
        } else {
            let port = if scheme == "https" { 443 } else { 80 };
            let with = format!("{scheme}://{host}:{port}{path}");
            out.push(way("the public URL with its usual port", Some(with), proxy));
        }
    }
    // What an app makes of a URL is known once it is planned; the public one may not be the URL that is sent.
    for public in [None, recorded] {
        let base = way("", public.clone(), None);
        let plan = unsigned(r, target, &base)?;
        for (url, what) in rebuilt(plan.signed_url.as_deref().unwrap_or_default()) {
            let whose = if public.is_some() { "public" } else { "local" };
            out.push(Way {
                what: format!("{what} ({whose})"),
                public: public.clone(),
                signed: Some(url),
                cause: Some(Cause::Encoding),
            });
        }
    }
    Ok(out)
}

fn unsigned(r: &Ready<'_>, target: &Target, way: &Way) -> Result<Plan, Stop> {
    let options = Options {
        public_url: way.public.clone(),
        sign: None,
        ..r.options.clone()
    };
    let c = &r.chosen;
    plan(c.call.provider, c.exchange.kind, r.request(), target, &options)
        .map_err(|e| Stop::usage(format!("{}: {e}", c.exchange.name())))
}

/// A plan whose signature is that of the way.
fn planned(r: &Ready<'_>, target: &Target, way: &Way, token: &Secret) -> Result<Plan, Stop> {
    let mut plan = unsigned(r, target, way)?;
    if let Some(url) = &way.signed {
        let form = plan
            .headers
            .iter()
            .any(|(n, v)| n.eq_ignore_ascii_case("content-type") && v.contains("form-urlencoded"));
        let params: Vec<(String, String)> = if form {
            form_urlencoded::parse(&plan.body).into_owned().collect()
        } else {
            Vec::new()
        };
        let signature = sign(url, &params, token, Algorithm::HmacSha1);
        for (name, value) in &mut plan.headers {
            if name.eq_ignore_ascii_case("x-twilio-signature") {
                value.clone_from(&signature);
            }
        }
        plan.signed_url = Some(url.clone());
    }
    Ok(plan)
}
