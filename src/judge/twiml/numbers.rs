//! Addresses that a call or a message goes to: telephone numbers and SIP addresses.

use core::net::Ipv4Addr;

use super::near;
use super::table::Level;
use super::values::Fault;

/// A telephone number as Twilio wants it: E.164, `+` and 7 to 15 digits.
///
/// Twilio completes national numbers of the USA (its own examples dial `415-123-4567`), so that they are only noted.
pub(super) fn phone(value: &str) -> Option<Fault> {
    let value = value.trim();
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    if let Some(c) = value
        .chars()
        .find(|c| !c.is_ascii_digit() && *c != '+' && !separator(*c))
    {
        // Without digits before it nothing is dialled that an extension could follow.
        let extension = matches!(c, 'x' | 'w' | 'W' | 'X' | ',' | ';' | '#' | '*') && !digits.is_empty();
        let what = if extension {
            format!("a number has no `{c}`; dial an extension with <Number sendDigits=\"…\">")
        } else {
            "it must be a telephone number as +14155550100".to_owned()
        };
        return Some(Fault::new(what));
    }
    if value.rfind('+').is_some_and(|at| at > 0) {
        return Some(Fault::new("`+` stands only at the begin of a number"));
    }
    if let Some(rest) = value.strip_prefix('+') {
        if digits.starts_with('0') {
            return Some(
                Fault::new("no country has a code that begins with 0: after `+` comes the country code").code("13226"),
            );
        }
        if !(7..=15).contains(&digits.len()) {
            return Some(Fault::new(format!(
                "a number has 7 to 15 digits, this one {}",
                digits.len()
            )));
        }
        if digits.starts_with('1') && digits.len() != 11 {
            let says = format!(
                "numbers of the USA and Canada have 10 digits after +1, this one {}",
                digits.len() - 1
            );
            return Some(Fault::new(says).code("13224").error());
        }
        // Between brackets stands what is only dialled at home: +44 (0)20 ….
        if rest.contains("(0)") {
            let international: String = rest
                .replacen("(0)", "", 1)
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            let says = format!("write it as +{international}: the 0 in brackets is only dialled inside the country");
            return Some(Fault::new(says).likely());
        }
        return rest
            .contains(separator)
            .then(|| Fault::new(format!("write it as +{digits}, without blanks and signs")).note());
    }
    match digits.len() {
        0 => Some(Fault::new("it must be a telephone number as +14155550100")),
        10 if !digits.starts_with(['0', '1']) => {
            Some(Fault::new(format!("write it with its country, as +1{digits}")).note())
        }
        11 if digits.starts_with('1') => Some(Fault::new(format!("write it with a plus sign, as +{digits}")).note()),
        3..=6 => Some(Fault::new("short codes and emergency numbers cannot be reached from everywhere").note()),
        16.. => Some(Fault::new(format!(
            "a number has 7 to 15 digits, this one {}",
            digits.len()
        ))),
        _ => Some(Fault::new(national(&digits)).likely()),
    }
}

/// A number that no `<Dial>` calls: as [`phone`], without the codes that are Dial's.
pub(super) fn other_phone(value: &str) -> Option<Fault> {
    let fault = phone(value)?;
    let plain = fault.level == Some(Level::Note) || fault.code.is_none();
    Some(if plain { fault } else { Fault::new(fault.says) })
}

/// What to write for a number without its country; never one that would be refused.
fn national(digits: &str) -> String {
    let fits = |prefix: &str, rest: &str| {
        let number = format!("{prefix}{rest}");
        phone(&number).is_none().then_some(number)
    };
    // How one dials abroad from most of the world, and from North America.
    let abroad = ["00", "011"].into_iter().find_map(|prefix| {
        let number = fits("+", digits.strip_prefix(prefix)?)?;
        Some(format!(
            "write it {number}: `+` stands for the {prefix} that is dialled for a call abroad"
        ))
    });
    if let Some(says) = abroad {
        return says;
    }
    if digits.starts_with('0') {
        return "replace the 0 at its begin by `+` and the country's code".to_owned();
    }
    match (fits("+", digits), fits("+1", digits)) {
        (Some(number), Some(american)) => {
            format!("write it with a plus sign and its country: {number}, or {american} for the USA")
        }
        (Some(number), None) => format!("write it with a plus sign, if it begins with its country: {number}"),
        (None, _) => "write it with a plus sign and its country, as +14155550100".to_owned(),
    }
}

/// Who sends a message: a number, or a name of at most 11 letters, digits, blanks and few signs with a letter among them.
pub(super) fn sender(value: &str) -> Option<Fault> {
    let value = value.trim();
    let sign = |c: char| matches!(c, ' ' | '+' | '-' | '_' | '&');
    let is_name = value.contains(|c: char| c.is_ascii_alphabetic());
    if value
        .split_once(':')
        .is_some_and(|(channel, address)| !channel.is_empty() && !address.is_empty())
    {
        return None;
    }
    if !is_name {
        // Short codes are senders like others.
        let short = (3..=8).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        return other_phone(value).filter(|_| !short);
    }
    if value.starts_with("MG") && value.len() == 34 {
        return None;
    }
    if let Some(wrong) = value.chars().find(|c| !c.is_ascii_alphanumeric() && !sign(*c)) {
        let says = format!("it is no telephone number, and the name of a sender has no `{wrong}`");
        return Some(Fault::new(says));
    }
    let len = value.chars().count();
    (len > 11).then(|| {
        Fault::new(format!(
            "the name of a sender has at most 11 characters, this one {len}"
        ))
    })
}

/// A SIP address: `sip:user@host`, at most 255 characters, headers after `?`.
pub(super) fn sip(value: &str) -> Option<Fault> {
    let value = value.trim();
    let (address, headers) = value.split_once('?').map_or((value, None), |(a, h)| (a, Some(h)));
    let rest = match address.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") => rest,
        // An example of Twilio's documentation has it, so that it may be taken.
        _ if bare(address) => {
            let says = format!("write it with its scheme, as sip:{}", near::short(value));
            return Some(Fault::new(says).likely());
        }
        _ => return Some(Fault::new("it must be a SIP address as sip:ann@example.com")),
    };
    let (user, host) = rest.split_once('@').unwrap_or(("", rest));
    let host = host.split([';', ':']).next().unwrap_or_default();
    if value.chars().any(char::is_whitespace) {
        return Some(Fault::new("a SIP address has no blanks"));
    }
    if rest.contains('@') && user.is_empty() || host.is_empty() || host.contains('@') {
        return Some(Fault::new("it must be a SIP address as sip:ann@example.com"));
    }
    if private(host) {
        let says = format!("Twilio cannot reach `{host}`: the host of a SIP address must be public");
        return Some(Fault::new(says).code("13254"));
    }
    if address.chars().count() > 255 {
        return Some(
            Fault::new(format!(
                "it has {} characters, at most 255 are taken",
                address.chars().count()
            ))
            .likely(),
        );
    }
    headers.and_then(sip_headers)
}

/// `ann@example.com`.
fn bare(address: &str) -> bool {
    let ends = |(user, host): (&str, &str)| {
        !user.is_empty() && !user.contains([':', '/']) && !host.is_empty() && !host.contains('@')
    };
    !address.contains(char::is_whitespace) && address.split_once('@').is_some_and(ends)
}

/// Hosts that only a network of one's own knows.
fn private(host: &str) -> bool {
    let address = host.parse::<Ipv4Addr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|ip| ip.is_private() || ip.is_loopback() || ip.is_link_local())
}

/// Names that Twilio sends besides `X-…` (dictionary, 13252).
const HEADERS: [&str; 4] = [
    "user-to-user",
    "remote-party-id",
    "p-preferred-identity",
    "p-called-party-id",
];

fn sip_headers(headers: &str) -> Option<Fault> {
    if headers.chars().count() > 1024 {
        return Some(
            Fault::new("its headers are longer than 1,024 characters")
                .code("13253")
                .likely(),
        );
    }
    headers
        .split('&')
        .filter(|part| !part.is_empty())
        .find_map(|part| header_name(part.split('=').next().unwrap_or_default()))
}

/// A header that Twilio would not send.
pub(super) fn header_name(name: &str) -> Option<Fault> {
    let lower = name.to_ascii_lowercase();
    let valid = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let known = lower.starts_with("x-") || HEADERS.contains(&lower.as_str());
    (!valid || !known)
        .then(|| {
            Fault::new(format!(
                "the header `{name}` may not be sent: own headers begin with `X-`"
            ))
            .code("13252")
        })
        // Examples of the documentation have names without it.
        .map(|fault| if valid { fault.likely() } else { fault })
}
