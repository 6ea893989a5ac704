//! Why an app probably refused what was sent: 400, 401, 403, and the 500 of a validator without a token.
//!
//! Only what is known of the request and its answer is looked at; nothing is sent. The notes end a verdict, as information.

use super::plan::{Options, Plan, SignatureUse};
use super::send::Sent;
use crate::config::Secret;
use crate::model::{Problem, Provider, Request, Response};
use crate::signature::doctor::{Case, Cause, Search, examine, rebuilt};
use crate::signature::settings::{recognise, settings};
use crate::signature::{Algorithm, canonical_url};

/// Signatures that are made for a recorded request.
const TRIED: usize = 4000;

/// Frameworks that are named where an answer gives none away.
const FRAMEWORKS: usize = 3;
/// Hosts of a recorded request's headers that are looked at.
const HOSTS: usize = 4;

/// Statuses of an app that refuses a request for who sent it.
pub fn is_refused(status: Option<u16>) -> bool {
    matches!(status, Some(400 | 401 | 403))
}

/// What is to be said of a request that was sent and refused.
pub(super) fn notes(
    provider: Provider,
    request: &Request,
    plan: &Plan,
    sent: &Sent,
    options: &Options,
) -> Vec<Problem> {
    if provider != Provider::Twilio {
        return Vec::new();
    }
    if sent.status == Some(500) && unconfigured(&sent.body) {
        let text = "the app's validator has no auth token: set TWILIO_AUTH_TOKEN where the app runs";
        return vec![Problem::note("", text).likely()];
    }
    if !is_refused(sent.status) {
        return Vec::new();
    }
    let mut out: Vec<String> = vec![signature(request, plan, options)];
    let framework = recognise(&sent.headers, &sent.body);
    if plan.signature == SignatureUse::Resigned {
        let mut causes = vec![Cause::Proxy];
        if plan.signed_url.as_deref().is_some_and(|u| !rebuilt(u).is_empty()) {
            causes.push(Cause::Encoding);
        }
        if let Some(framework) = framework {
            let mends: Vec<&str> = settings(&causes, Some(framework)).iter().map(|s| s.setting).collect();
            out.push(format!(
                "{} mends a wrong URL with {}",
                framework.name,
                mends.join("; or ")
            ));
        }
        out.push("--diagnose sends it signed for each URL that the app may rebuild, until one is accepted".to_owned());
    }
    out.into_iter().map(|text| Problem::note("", text).likely()).collect()
}

/// True where the app asks for the login that the recorded URL brings, which is not sent unless the user gives it.
pub(super) fn wants_login(provider: Provider, request: &Request, plan: &Plan, sent: &Sent) -> bool {
    let has = |headers: &[(String, String)], name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    provider == Provider::Twilio
        && sent.status == Some(401)
        && sent.error.is_none()
        && has(&sent.headers, "www-authenticate")
        && !has(&plan.headers, "authorization")
        && has_credentials(request)
}

/// Puts it in the place of what was said of the 401: the platform does not end there.
pub(super) fn without_login(problems: &mut [Problem]) {
    let text = "the answer has status 401 and asks for the login that the recorded URL has: Twilio would send the request again with it, \
                and nothing is known of the answer to that; give it with --header 'Authorization: Basic …', user:password in base64";
    if let Some(refused) = problems.iter_mut().find(|p| p.fails()) {
        *refused = Problem::error("", text).likely();
    }
}

/// `user:password@` before the host of the recorded URL.
fn has_credentials(request: &Request) -> bool {
    let url = request.url.as_deref().unwrap_or_default();
    let authority = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// What was done about the signature, and what to try next.
fn signature(request: &Request, plan: &Plan, options: &Options) -> String {
    let node = "Twilio's Node library answers 400 to a missing signature, 403 to a wrong one";
    let host = public_host(request);
    match plan.signature {
        SignatureUse::None | SignatureUse::Stripped if options.auth_token.is_none() => {
            format!("it was sent without a signature ({node}): set TWILIO_AUTH_TOKEN to have it signed")
        }
        SignatureUse::None | SignatureUse::Stripped => format!("it was sent without a signature ({node})"),
        SignatureUse::Kept => {
            "the signature is the recorded one, made for the recorded URL and parameters: --sign resign makes another"
                .to_owned()
        }
        SignatureUse::Resigned => {
            let url = plan.signed_url.as_deref().unwrap_or_default();
            match (&options.public_url, host) {
                (Some(_), _) => format!(
                    "it was signed for {url} and sent with Host {} and X-Forwarded-*: an app that does not trust these rebuilds another URL; without --public-url the local one is signed",
                    plan.host_header
                ),
                (None, Some(host)) => format!(
                    "it was signed for {url}: an app that checks its public URL wants --public-url {host}; else the app may have another auth token"
                ),
                (None, None) => {
                    format!("it was signed for {url}: the app may rebuild another URL, or have another auth token")
                }
            }
        }
    }
}

/// Scheme and host that the request was recorded with.
pub(crate) fn public_host(request: &Request) -> Option<String> {
    let url = canonical_url(request.url.as_deref()?.trim());
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    let local = ["localhost", "127.", "[::1]"]
        .iter()
        .any(|l| url[start..end].starts_with(l));
    (end > start && !local).then(|| url[..end].to_owned())
}

/// What Twilio's Node library says when it was given no token.
fn unconfigured(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(&body[..body.len().min(4096)]).to_lowercase();
    body.contains("auth token") && (body.contains("twilio") || body.contains("validate"))
}

/// The hosts that the headers of a recorded request name: of the platform's call, and of proxies on the way.
fn called_at(request: &Request) -> Vec<String> {
    let names = ["x-forwarded-host", "x-original-host", "host"];
    let hosts_of = |name: &str| {
        let found = request
            .headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        let hosts = found.flat_map(|(_, v)| v.split(','));
        hosts.map(|host| host.trim().to_owned()).collect::<Vec<_>>()
    };
    let mut hosts: Vec<String> = names
        .into_iter()
        .flat_map(hosts_of)
        .filter(|host| !host.is_empty())
        .collect();
    hosts.dedup();
    // Which scheme a proxy was called by is no question: both are tried.
    hosts.truncate(HOSTS);
    hosts
}

/// What the signature of a recorded request was made for; none where there is none, or nothing to check it with.
fn recorded(request: &Request, token: &Secret) -> Option<Search> {
    let header = |name: &str| {
        let found = request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, v)| v.trim())
    };
    let signature = header("x-twilio-signature")?;
    let algorithm =
        header("x-twilio-webhooks-signature-settings").map_or(Some(Algorithm::HmacSha1), Algorithm::from_settings);
    if algorithm != Some(Algorithm::HmacSha1) {
        return None;
    }
    let body = match &request.payload {
        crate::model::Payload::Json(body) => Some(body.as_slice()),
        _ => None,
    };
    let params = if request.is_get() { &[] } else { request.params() };
    let tokens = [("TWILIO_AUTH_TOKEN".to_owned(), token.clone())];
    let also = called_at(request);
    let case = Case {
        signature,
        url: request.url.as_deref()?,
        params,
        body,
        tokens: &tokens,
        also: &also,
        ..Case::default()
    };
    Some(examine(&case, TRIED))
}

/// What is to be known of the signature of a recorded request, in a sentence or two.
pub fn recorded_text(request: &Request, response: Option<&Response>, token: &Secret) -> Option<String> {
    let search = recorded(request, token)?;
    let url = request.url.as_deref().unwrap_or_default();
    Some(match search.found {
        Some(found) if found.is_as_given() => format!(
            "its signature fits {}: the app rebuilds another URL, or has another auth token",
            found.url
        ),
        Some(found) => {
            let said = found.diagnosis(url).join("; ");
            format!(
                "its signature was made for {}: {said}{}",
                found.url,
                mended(&found.causes(), response)
            )
        }
        None => format!(
            "its signature fits none of {} ways tried: it was made with another auth token, or the request was changed",
            search.tried
        ),
    })
}

/// The setting that mends it, of the framework that the answer gives away; else how the first of them begin.
fn mended(causes: &[Cause], response: Option<&Response>) -> String {
    let framework = response.and_then(|r| {
        let body = r.body.as_ref().map(|b| b.clone().into_bytes()).unwrap_or_default();
        recognise(&r.headers, &body)
    });
    let all = settings(causes, framework);
    let whole = framework.is_some();
    let told: Vec<String> = all
        .iter()
        .take(if whole { causes.len() } else { FRAMEWORKS })
        .map(|s| {
            let ends = ["; ", " (", ", from"].iter().filter_map(|end| s.setting.find(end));
            let first = &s.setting[..ends.min().unwrap_or(s.setting.len())];
            let text = if whole { s.setting } else { first };
            format!("{}: {text}", s.framework)
        })
        .collect();
    match told.as_slice() {
        [] => String::new(),
        all if whole => format!("; {}", all.join("; ")),
        all => format!("; the setting that mends it is such as {}", all.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Payload;
    use crate::signature::sign;

    /// A recorded request to a URL whose signature was made for another.
    fn signed(url: &str, made_for: &str, token: &str) -> Request {
        let params = vec![("CallSid".to_owned(), "CA1".to_owned())];
        let signature = sign(made_for, &params, &Secret::new(token), Algorithm::HmacSha1);
        Request {
            method: Some("POST".to_owned()),
            url: Some(url.to_owned()),
            headers: vec![("x-twilio-signature".to_owned(), signature)],
            payload: Payload::Form(params),
        }
    }

    #[test]
    fn what_a_recorded_signature_was_made_for() {
        let url = "https://app.example.com/voice";
        for (made_for, token, said) in [
            (url, "t", "its signature fits https://app.example.com/voice"),
            (
                "http://app.example.com/voice",
                "t",
                "its signature was made for http://app.example.com/voice: http was signed, https was rebuilt",
            ),
            (url, "other", "another auth token"),
        ] {
            let text = recorded_text(&signed(url, made_for, token), None, &Secret::new("t")).unwrap();
            assert!(text.contains(said), "{text}");
        }
        let mut unsigned = signed(url, url, "t");
        unsigned.headers.clear();
        assert_eq!(recorded_text(&unsigned, None, &Secret::new("t")), None);
        let mut shared = signed(url, url, "t");
        let settings = "key=KY1,algorithm=HMAC_SHA256".to_owned();
        shared
            .headers
            .push(("X-Twilio-Webhooks-Signature-Settings".to_owned(), settings));
        assert_eq!(recorded_text(&shared, None, &Secret::new("t")), None);
    }

    #[test]
    fn the_hosts_that_a_recorded_request_names_are_tried() {
        for (header, value) in [
            ("X-Forwarded-Host", "ivr.example.com, inner.test"),
            ("x-original-host", "ivr.example.com"),
            ("Host", "ivr.example.com"),
        ] {
            let mut request = signed("http://127.0.0.1:3000/voice", "https://ivr.example.com/voice", "t");
            request.headers.push((header.to_owned(), value.to_owned()));
            let text = recorded_text(&request, None, &Secret::new("t")).unwrap();
            assert!(
                text.contains("made for https://ivr.example.com/voice"),
                "{header}: {text}"
            );
            assert!(text.contains("such as Express: app.set"), "{text}");
            let response = Response {
                headers: vec![("Server".to_owned(), "Werkzeug/3.0".to_owned())],
                ..Response::default()
            };
            let text = recorded_text(&request, Some(&response), &Secret::new("t")).unwrap();
            assert!(
                text.contains("Flask: app.wsgi_app = ProxyFix(") && !text.contains("Express"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_public_host_of_a_recorded_request() {
        for (url, host) in [
            (
                "https://u:p@app.example.com:8443/voice?a=1#rc=2",
                Some("https://app.example.com:8443"),
            ),
            ("https://app.example.com", Some("https://app.example.com")),
            ("http://localhost:3000/voice", None),
            ("http://127.0.0.1/voice", None),
            ("/voice", None),
        ] {
            let request = Request {
                url: Some(url.to_owned()),
                ..Request::default()
            };
            assert_eq!(public_host(&request).as_deref(), host, "{url}");
        }
    }
}
