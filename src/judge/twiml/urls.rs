//! URLs in a document, and the connection overrides after their `#`.
//!
//! Relative ones are resolved against the document's own and are fine. Nothing is looked up or fetched.

use url::Url;

use super::values::Fault;
use crate::model::Problem;

/// Twilio's limit for a URL.
const LONGEST: usize = 4_000;

/// Edges that `e` may name, and those of Twilio Interconnect (which an account must be enabled for).
const EDGES: [&str; 9] = [
    "ashburn",
    "dublin",
    "frankfurt",
    "roaming",
    "sao-paulo",
    "singapore",
    "sydney",
    "tokyo",
    "umatilla",
];

/// What is wrong with a URL. `schemes` are those that work here; none means `http` and `https`.
pub(super) fn url(value: &str, schemes: &[String]) -> Option<Fault> {
    let trimmed = value.trim();
    if trimmed.len() > LONGEST {
        return Some(Fault::new(format!(
            "it has {} characters, at most {LONGEST} are taken",
            trimmed.len()
        )));
    }
    if trimmed.contains(char::is_whitespace) {
        return Some(Fault::new("a URL has no blanks: write them as %20"));
    }
    let (scheme, rest) = scheme(trimmed).unwrap_or(("", trimmed));
    if scheme.is_empty() {
        let host = trimmed.split(['/', '?', '#']).next().unwrap_or_default();
        if host.to_ascii_lowercase().starts_with("www.") {
            let says = "without https:// it is a path of your own server";
            return Some(Fault::new(says).likely());
        }
        return overrides(trimmed);
    }
    let lower = scheme.to_ascii_lowercase();
    let fine = match schemes {
        [] => matches!(lower.as_str(), "http" | "https"),
        some => some.contains(&lower),
    };
    if !fine {
        let wanted = if schemes.is_empty() {
            "http or https".to_owned()
        } else {
            schemes.join(" or ")
        };
        if begins_with_port(rest) {
            let says =
                format!("what stands before a colon is a scheme, here `{scheme}`: begin it with {wanted} and ://");
            return Some(Fault::new(says).likely());
        }
        return Some(Fault::new(format!("its scheme is `{scheme}`, it must be {wanted}")));
    }
    if !rest.starts_with("//") {
        return Some(Fault::new(format!("after `{scheme}:` come two slashes")));
    }
    // Browsers look for a host behind any number of slashes.
    if rest.starts_with("///") {
        return Some(Fault::new("it has no host"));
    }
    absolute(trimmed).or_else(|| overrides(trimmed))
}

/// What follows a `?`, where it is not taken.
pub(super) fn query(value: &str) -> Option<Fault> {
    let address = value.split('#').next().unwrap_or_default();
    address.contains('?').then(|| {
        Fault::new("it must have no `?…`: send values with <Parameter>")
            .code("")
            .likely()
    })
}

/// The scheme and what follows its colon, where there is one.
fn scheme(value: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = value.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    valid.then_some((scheme, rest))
}

/// True for what follows the host in `localhost:3000/x`, which has no scheme but one that is called `localhost`.
fn begins_with_port(rest: &str) -> bool {
    let number = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

fn absolute(value: &str) -> Option<Fault> {
    let parsed = match Url::parse(value) {
        Ok(parsed) => parsed,
        Err(e) => return Some(Fault::new(format!("it is not a URL: {e}"))),
    };
    let host = parsed.host_str().unwrap_or_default();
    if host.is_empty() {
        return Some(Fault::new("it has no host"));
    }
    if host.contains('_') {
        return Some(Fault::new(format!(
            "the host `{host}` has an underscore, which Twilio does not take"
        )));
    }
    local(&parsed).then(|| Fault::new(format!("Twilio cannot reach `{host}`: use the public address")).note())
}

/// Addresses that only this machine or its network knows; Twilio refuses them.
fn local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            matches!(name.rsplit('.').next(), Some("localhost" | "local"))
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => false,
    }
}

/// What is wrong with the overrides of a URL that is no part of a document.
pub(in crate::judge) fn note(url: &str) -> Option<Problem> {
    let fault = overrides(url)?;
    let text = format!(
        "{}; it stands in the recorded URL, so mend it where that is set",
        fault.says
    );
    Some(Problem::note(fault.code.unwrap_or_default(), text))
}

/// The overrides of `#ct=2000&rc=3`; a fragment without `=` is an ordinary one, which is never sent.
fn overrides(value: &str) -> Option<Fault> {
    let (_, fragment) = value.split_once('#')?;
    if !fragment.contains('=') {
        return None;
    }
    fragment
        .split('&')
        .filter(|pair| !pair.is_empty())
        .find_map(one_override)
}

fn one_override(pair: &str) -> Option<Fault> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let range = |low: u32, high: u32| {
        let fine = value.parse::<u32>().is_ok_and(|n| (low..=high).contains(&n));
        let says = || format!("the connection override `{key}` goes from {low} to {high}, not `{value}`");
        (!fine).then(|| Fault::new(says()).code("").likely())
    };
    match key {
        "ct" => range(100, 10_000),
        "rt" | "tt" => range(100, 15_000),
        // How often is a part of the retry policy; the time-outs have no code of their own.
        "rc" => range(0, 5).map(|fault| fault.code("11243")),
        "rp" => {
            let wrong = value
                .split(',')
                .find(|p| !matches!(*p, "4xx" | "5xx" | "ct" | "rt" | "all"))?;
            let says = format!("the retry policy `{wrong}` is not one of 4xx, 5xx, ct, rt and all");
            Some(Fault::new(says).code("11243").error())
        }
        "sni" => (!matches!(value, "y" | "n")).then(|| {
            Fault::new(format!("the connection override `sni` is y or n, not `{value}`"))
                .code("")
                .likely()
        }),
        "e" | "r" => value.split(',').find_map(edge),
        _ => {
            let says = format!("`{key}` is not a connection override: ct, rt, tt, rc, rp, sni and e are");
            Some(Fault::new(says).code("").likely())
        }
    }
}

fn edge(name: &str) -> Option<Fault> {
    if EDGES.contains(&name) {
        return None;
    }
    if name.ends_with("-ix") {
        let says = format!("the edge `{name}` works only for accounts that Twilio enabled for Interconnect");
        return Some(Fault::new(says).code("11242").note());
    }
    let word = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let code = if word { "11241" } else { "11240" };
    let says = format!("the edge `{name}` is not one of {}", EDGES.join(", "));
    let fault = Fault::new(says).code(code).error();
    Some(if word { fault.likely() } else { fault })
}
