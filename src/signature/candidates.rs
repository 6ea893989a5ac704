//! The URLs and parameters that apps, proxies and frameworks make of one another, each with what was changed.
//!
//! A spelling is text: nothing is parsed and written again as a whole, or the one character that matters could be lost.

use std::borrow::Cow;

use super::{canonical_url, split, with_body_hash};

/// How the URL that was signed differs from the one that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// `https` for `http`, or the other way round.
    Scheme,
    /// Another host.
    Host,
    /// Capitals in the host.
    HostCase,
    /// A port that stands there or not, or another.
    Port,
    /// A slash at the end of the path.
    Slash,
    /// Percent-encoding of the path.
    PathEncoding,
    /// The whole query left out.
    QueryDropped,
    /// Parameters of the query in another order.
    QueryOrder,
    /// Percent-encoding of the query.
    QueryEncoding,
    /// A `?` with nothing behind it.
    QuestionMark,
    /// The hash of the body in the query.
    BodyHash,
    /// What stands behind `#`.
    Fragment,
    /// User and password before the host.
    UserInfo,
}

/// A query of more parameters is tried as given and sorted, not in all its orders.
const MOST_ORDERED: usize = 5;

/// A URL that may have been signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) url: String,
    pub(super) changes: Vec<Change>,
    /// The changes, an unlikely one counted twice.
    pub(super) cost: usize,
    /// How much of that is behind the host.
    pub(super) behind: usize,
}

impl Spelling {
    fn new(url: String, mut changes: Vec<Change>, behind: usize) -> Self {
        let cost = changes.len();
        changes.dedup();
        Self {
            url,
            changes,
            cost,
            behind,
        }
    }
}

/// A part of a URL in one spelling.
type Part = (String, &'static [Change]);

/// All spellings of a URL, the likeliest first: those with the fewest changes. `also` are URLs or hosts that the app may be called
/// at, or ports (`:3000`); `hash` is that of the body.
pub(super) fn spellings(url: &str, also: &[String], hash: Option<&str>) -> Vec<Spelling> {
    let clean = canonical_url(url);
    let (scheme, authority, rest) = split(&clean);
    let (path, query) = rest
        .find('?')
        .map_or((rest, None), |at| (&rest[..at], Some(&rest[at + 1..])));
    let targets = targets(path, query, hash);
    let mut origins = origins(scheme, authority, also);
    if let Some(user) = user_info(url) {
        let with = |(origin, changed): &(String, Vec<Change>)| {
            let origin = origin.replacen("://", &format!("://{user}@"), 1);
            (origin, changed.iter().copied().chain([Change::UserInfo]).collect())
        };
        let more: Vec<(String, Vec<Change>)> = origins.iter().map(with).collect();
        origins.extend(more);
    }
    let fragment = url.find('#').map(|at| &url[at..]);
    let mut all = Vec::with_capacity(origins.len() * targets.len());
    for (origin, changed) in &origins {
        for (target, and) in &targets {
            let changes: Vec<Change> = changed.iter().chain(and).copied().collect();
            let url = format!("{origin}{target}");
            if let Some(fragment) = fragment {
                let changes = changes.iter().copied().chain([Change::Fragment]).collect();
                all.push(Spelling::new(format!("{url}{fragment}"), changes, and.len()));
            }
            all.push(Spelling::new(url, changes, and.len()));
        }
    }
    all.sort_by_key(|s| (s.cost, s.behind));
    let mut seen = std::collections::HashSet::new();
    all.retain(|s| seen.insert(s.url.clone()));
    all
}

/// Scheme, host and port together.
fn origins(scheme: &str, authority: &str, also: &[String]) -> Vec<(String, Vec<Change>)> {
    let (host, port) = host_and_port(authority);
    let mut hosts: Vec<(String, Option<String>, Option<Change>)> =
        vec![(host.to_owned(), port.map(str::to_owned), None)];
    let lower = host.to_ascii_lowercase();
    if lower != host {
        hosts.push((lower.clone(), port.map(str::to_owned), Some(Change::HostCase)));
    }
    if let Some(bare) = lower.strip_prefix("www.") {
        hosts.push((bare.to_owned(), port.map(str::to_owned), Some(Change::Host)));
    }
    let mut ports: Vec<String> = Vec::new();
    for other in also {
        let (_, authority, _) = if other.contains("://") {
            split(other)
        } else {
            ("", other.as_str(), "")
        };
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = host_and_port(authority.split(['/', '?', '#']).next().unwrap_or_default());
        ports.extend(port.map(str::to_owned));
        if !host.is_empty() {
            hosts.push((host.to_owned(), port.map(str::to_owned), Some(Change::Host)));
            let lower = host.to_ascii_lowercase();
            if lower != host {
                hosts.push((lower, port.map(str::to_owned), Some(Change::Host)));
            }
        }
    }
    ports.extend(port.map(str::to_owned));
    ports.sort_unstable();
    ports.dedup();
    let socket = scheme.get(..2).is_some_and(|s| s.eq_ignore_ascii_case("ws"));
    let schemes = if socket {
        ["wss://", "ws://", "https://", "http://"].as_slice()
    } else {
        &["https://", "http://"]
    };
    let mut out = Vec::new();
    for (host, port, changed) in &hosts {
        // The scheme as it is written, then the others.
        for next in std::iter::once(&scheme).chain(schemes) {
            let usual = if next.to_ascii_lowercase().starts_with("https") || next.starts_with("wss") {
                "443"
            } else {
                "80"
            };
            let given = port.as_deref();
            // Somebody listens at the ports that are known: an app adds its own to the public host.
            let others = ports.iter().map(|p| Some(p.as_str()));
            for port in [given, None, Some(usual)].into_iter().chain(others) {
                let mut changes: Vec<Change> = changed.iter().copied().collect();
                if !next.eq_ignore_ascii_case(scheme) {
                    changes.push(Change::Scheme);
                }
                if port != given {
                    changes.push(Change::Port);
                }
                let port = port.map(|p| format!(":{p}")).unwrap_or_default();
                out.push((format!("{next}{host}{port}"), changes));
            }
        }
    }
    let port = port.map(|p| format!(":{p}")).unwrap_or_default();
    for cased in [capitalised(&lower), lower.to_ascii_uppercase()] {
        if cased != host {
            out.push((
                format!("{scheme}{cased}{port}"),
                vec![Change::HostCase, Change::HostCase],
            ));
        }
    }
    out
}

/// User and password of a URL, as they are written: the platform drops them, an app that takes its URL from its settings does not.
fn user_info(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1;
    let authority = &authority[..authority.find(['/', '?', '#']).unwrap_or(authority.len())];
    authority.rsplit_once('@').map(|(user, _)| user)
}

/// With a capital at the start of each label: `App.Example.com`, the last one as it is.
fn capitalised(host: &str) -> String {
    let last = host.rfind('.').unwrap_or(0);
    let (mut start, mut out) = (true, String::with_capacity(host.len()));
    for (at, c) in host.char_indices() {
        out.push(if start && at < last { c.to_ascii_uppercase() } else { c });
        start = c == '.';
    }
    out
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    let start = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[start..].rfind(':') {
        Some(colon) => (&authority[..start + colon], Some(&authority[start + colon + 1..])),
        None => (authority, None),
    }
}

/// Path and query together.
fn targets(path: &str, query: Option<&str>, hash: Option<&str>) -> Vec<(String, Vec<Change>)> {
    let mut paths: Vec<Part> = Vec::new();
    for (text, encoding) in [(path.to_owned(), false), (decoded(path), true), (encoded(path), true)] {
        let toggled = text.strip_suffix('/').map_or_else(|| format!("{text}/"), str::to_owned);
        let (one, two): (&'static [Change], &'static [Change]) = if encoding {
            (&[Change::PathEncoding], &[Change::PathEncoding, Change::Slash])
        } else {
            (&[], &[Change::Slash])
        };
        paths.extend([(text, one), (toggled, two)]);
    }
    let queries = queries(query, hash);
    let mut out = Vec::new();
    for (path, changed) in &paths {
        for (query, and) in &queries {
            out.push((format!("{path}{query}"), changed.iter().chain(*and).copied().collect()));
        }
    }
    // One order in so many is no likely cause; together with another change it is not looked for.
    for order in query.map(orders).unwrap_or_default() {
        out.push((format!("{path}?{order}"), vec![Change::QueryOrder, Change::QueryOrder]));
    }
    out
}

/// All orders of a query of few parameters; none of one with many.
fn orders(query: &str) -> Vec<String> {
    let parts: Vec<&str> = query.split('&').collect();
    if parts.len() > MOST_ORDERED {
        return Vec::new();
    }
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for part in parts {
        let mut longer = Vec::with_capacity(all.len() * MOST_ORDERED);
        for order in &all {
            for at in 0..=order.len() {
                let mut put = order.clone();
                put.insert(at, part);
                longer.push(put);
            }
        }
        all = longer;
    }
    all.into_iter().map(|order| order.join("&")).collect()
}

/// Spellings of a query, each with its `?`.
fn queries(query: Option<&str>, hash: Option<&str>) -> Vec<Part> {
    let mut out: Vec<Part> = vec![(query.map(|q| format!("?{q}")).unwrap_or_default(), &[])];
    match query {
        None => out.push(("?".to_owned(), &[Change::QuestionMark])),
        Some("") => out.push((String::new(), &[Change::QuestionMark])),
        Some(query) => {
            out.push((String::new(), &[Change::QueryDropped]));
            let mut sorted: Vec<&str> = query.split('&').collect();
            sorted.sort_unstable();
            out.push((format!("?{}", sorted.join("&")), &[Change::QueryOrder]));
            let encoding: &[Change] = &[Change::QueryEncoding];
            let pairs = || form_urlencoded::parse(query.as_bytes());
            let written = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs())
                .finish();
            let spellings = [
                query.replace('+', "%20"),
                query.replace("%20", "+"),
                hex(query, false),
                hex(query, true),
                decoded(query),
                decoded(&query.replace('+', " ")),
                written.replace('+', "%20"),
                written,
            ];
            out.extend(spellings.into_iter().map(|q| (format!("?{q}"), encoding)));
            if query.split('&').any(|p| p.starts_with("bodySHA256=")) {
                let rest: Vec<&str> = query.split('&').filter(|p| !p.starts_with("bodySHA256=")).collect();
                let mark = if rest.is_empty() { "" } else { "?" };
                out.push((format!("{mark}{}", rest.join("&")), &[Change::BodyHash]));
            }
        }
    }
    if let Some(hash) = hash {
        let given = query.map(|q| format!("?{q}")).unwrap_or_default();
        let hashed = with_body_hash(&given, hash);
        if hashed != given {
            out.push((hashed, &[Change::BodyHash]));
        }
    }
    out
}

/// Percent-decoded; bytes that are no text stay as they are written.
pub(super) fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// With what cannot stand in a URL percent-encoded.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}') {
            out.push(char::from(byte));
        } else {
            out.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    out
}

/// With the digits of percent-encoding in capitals or not.
fn hex(text: &str, capitals: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut left = 0;
    for c in text.chars() {
        let c = match (left, capitals) {
            (0, _) => c,
            (_, true) => c.to_ascii_uppercase(),
            (_, false) => c.to_ascii_lowercase(),
        };
        left = if c == '%' { 2 } else { usize::saturating_sub(left, 1) };
        out.push(c);
    }
    out
}

/// What a signature may cover besides the URL.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    /// Names and values as they are hashed.
    pub(super) bytes: Vec<u8>,
    /// How they differ from those given; none for these as they are.
    pub(super) how: Option<&'static str>,
}

/// Parameters in the ways in which frameworks hand them on, as given first.
pub(super) fn covered(params: &[(String, String)]) -> Vec<Covered> {
    let concatenated = |pairs: &[(&str, &str)]| -> Vec<u8> {
        pairs
            .iter()
            .flat_map(|(n, v)| [*n, *v])
            .collect::<String>()
            .into_bytes()
    };
    let given: Vec<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let as_twilio = |pairs: &[(&str, &str)]| {
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        concatenated(&sorted)
    };
    let mut out = vec![Covered {
        bytes: as_twilio(&given),
        how: None,
    }];
    let mut add = |how, bytes| {
        if out.iter().all(|c: &Covered| c.bytes != bytes) {
            out.push(Covered { bytes, how: Some(how) });
        }
    };
    add("without the parameters", Vec::new());
    let mut sorted = given.clone();
    sorted.sort_unstable();
    add("with repeated values as often as they are given", concatenated(&sorted));
    let mut last = given.clone();
    last.reverse();
    last.sort_by_key(|(n, _)| *n);
    last.dedup_by_key(|(n, _)| *n);
    add("with the last value of each repeated name alone", concatenated(&last));
    let mut first = given.clone();
    first.sort_by_key(|(n, _)| *n);
    first.dedup_by_key(|(n, _)| *n);
    add("with the first value of each repeated name alone", concatenated(&first));
    let mut joined: Vec<String> = given.iter().map(|(n, v)| format!("{n}{v}")).collect();
    joined.sort_unstable();
    add(
        "with name and value sorted as one text, as Go's library does",
        joined.concat().into_bytes(),
    );
    let trimmed: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.trim())).collect();
    add("with blanks around values cut off", as_twilio(&trimmed));
    let filled: Vec<(&str, &str)> = given.iter().copied().filter(|(_, v)| !v.is_empty()).collect();
    add("without empty parameters", as_twilio(&filled));
    let plus: Vec<String> = given.iter().map(|(_, v)| plus_again(v)).collect();
    let plus: Vec<(&str, &str)> = given.iter().zip(&plus).map(|((n, _), v)| (*n, v.as_str())).collect();
    add(
        "with `+` where the values given have a blank before a number",
        as_twilio(&plus),
    );
    add("with the parameters in the order given", concatenated(&given));
    out
}

/// A number whose `+` was decoded to a blank.
fn plus_again(value: &str) -> String {
    match value.strip_prefix(' ') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("+{rest}"),
        _ => value.to_owned(),
    }
}
