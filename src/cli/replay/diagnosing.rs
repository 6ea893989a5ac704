//! `--diagnose`: a request that the app refuses is really sent signed for each URL that the app may rebuild, until one is accepted.
//!
//! One request may be several attempts here: the option asks for it. They go out one after the other, each whole and judged by its
//! status alone.

use std::fmt::Write as _;
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
use crate::signature::doctor::{Cause, likely, rebuilt};
use crate::signature::settings::{Setting, recognise, settings};
use crate::signature::{Algorithm, sign};

/// So many requests are sent at most.
const MOST: usize = 64;

/// A way of sending it.
struct Way {
    /// In words.
    what: String,
    /// The public URL, as `--public-url` takes it.
    public: Option<String>,
    /// The text that is signed, where it is not the URL that is sent.
    signed: Option<String>,
    algorithm: Algorithm,
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sha256: bool,
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

/// Sends each request until one way is accepted; no when one is refused in all, or accepted and answered with no 2xx.
pub(super) async fn diagnose(
    view: &read::View,
    ready: &[Ready<'_>],
    target: &Target,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let pinned: Pinned = target.resolve().await.map_err(|e| refused(&e))?;
    let (mut all_accepted, mut any) = (true, false);
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
        any = true;
        all_accepted &= one(view, r, target, token, &pinned, out).await?;
        out.flush()?;
    }
    if !any {
        let why = "nothing to diagnose: --diagnose is about signatures, and Tropo does not sign its requests";
        return Err(Stop::new(Exit::Nothing, why).into());
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
        if tried.len() == MOST {
            break;
        }
        let plan = planned(r, target, &way, token)?;
        let signed_url = plan.signed_url.clone().unwrap_or_default();
        if tried
            .iter()
            .any(|t| (&t.signed_url, &t.host, t.sha256) == (&signed_url, &plan.host_header, way.is_sha256()))
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
            sha256: way.is_sha256(),
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
    // The signature is right then, and something else is wrong.
    let failing = tried.last().and_then(|t| t.status).filter(|s| !(200..300).contains(s));
    let mut diagnosis = match &accepted {
        Some(way) if tried.len() == 1 => format!("accepted as it is sent, signed for {}", way.what),
        Some(way) => format!("accepted when signed for {}{}", way.what, explained(way)),
        None if answered => format!(
            "refused in all {} ways that were tried. The app has another auth token, or it checks a URL that was not tried, such as one \
             with a path before it that a proxy adds or takes away: give --public-url with the whole path. Else it refuses for another reason",
            tried.len()
        ),
        None => "the app did not answer, so nothing can be said of signatures".to_owned(),
    };
    if let (Some(_), Some(status)) = (&accepted, failing) {
        let _ = write!(
            diagnosis,
            ". It answers {status} though, for another reason: replay without --diagnose says what the platform makes of that"
        );
    }
    let well = accepted.is_some() && failing.is_none();
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
        let role = if well { Role::Good } else { Role::Error };
        view.page.wrapped(out, 2, role, &diagnosis)?;
        for mend in &mends {
            view.page
                .wrapped(out, 4, Role::Plain, &format!("{}: {}", mend.framework, mend.setting))?;
        }
        writeln!(out)?;
    }
    Ok(well)
}

/// What an accepted way says of the app.
fn explained(way: &Way) -> &'static str {
    if way.is_sha256() {
        return ": it expects HMAC-SHA256, which Twilio uses for accounts with a SharedKey alone";
    }
    match (way.cause, &way.public) {
        (Some(Cause::Encoding), _) => {
            ": it refuses genuine requests whose URL is percent-encoded, because it rebuilds the URL decoded or encodes it anew"
        }
        (Some(Cause::Proxy), _) => ": it rebuilds a URL that the platform does not call",
        (Some(Cause::Slash), _) => ": the slash at the end of its path differs from the one that the platform calls",
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
        algorithm: Algorithm::HmacSha1,
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
    let publics: Vec<Option<String>> = std::iter::once(None).chain(recorded.map(Some)).collect();
    let (mut more, mut rest) = (Vec::new(), Vec::new());
    for public in &publics {
        let whose = if public.is_some() { "public" } else { "local" };
        let signed = unsigned(r, target, &way("", public.clone(), None))?.signed_url;
        let signed = signed.unwrap_or_default();
        let other = |what: String, url: &str, cause| Way {
            signed: Some(url.to_owned()),
            ..way(&what, public.clone(), cause)
        };
        for (url, what) in rebuilt(&signed) {
            out.push(other(format!("{what} ({whose})"), &url, Some(Cause::Encoding)));
        }
        more.push(Way {
            algorithm: Algorithm::HmacSha256,
            ..other(format!("the {whose} URL with HMAC-SHA256"), &signed, None)
        });
        for l in likely(&signed, &named(target, public.is_some())) {
            let what = format!("the {whose} URL with {}", l.what);
            rest.push((l.rank, other(what, &l.url, l.cause)));
        }
    }
    rest.sort_by_key(|(rank, _)| *rank);
    // What differs in one thing, then the other hash, then what differs in more.
    let near = rest.partition_point(|((cost, _), _)| *cost < 2);
    let far = rest.split_off(near);
    out.extend(rest.into_iter().map(|(_, way)| way));
    out.extend(more);
    out.extend(far.into_iter().map(|(_, way)| way));
    Ok(out)
}

/// What else an app on this machine may call itself: its names with its port, or beside the public host the port alone.
fn named(target: &Target, public: bool) -> Vec<String> {
    let port = target.port();
    if public {
        return vec![format!(":{port}")];
    }
    let here = ["localhost", "127.0.0.1"].into_iter();
    here.filter(|name| *name != target.host())
        .map(|name| format!("{name}:{port}"))
        .collect()
}

impl Way {
    fn is_sha256(&self) -> bool {
        self.algorithm == Algorithm::HmacSha256
    }
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
        let signature = sign(url, &params, token, way.algorithm);
        for (name, value) in &mut plan.headers {
            if name.eq_ignore_ascii_case("x-twilio-signature") {
                value.clone_from(&signature);
            }
        }
        if way.is_sha256() {
            let settings = "X-Twilio-Webhooks-Signature-Settings".to_owned();
            plan.headers.push((settings, "algorithm=HMAC_SHA256".to_owned()));
        }
        plan.signed_url = Some(url.clone());
    }
    Ok(plan)
}
