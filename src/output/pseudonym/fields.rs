//! What a field holds, by its name: parameters of webhooks, members of JSON, headers.

use super::{Kind, Pseudonyms};

/// More digits than these are no choice of a menu but a card, a PIN or an account.
const MENU_DIGITS: usize = 5;

/// Fewer digits are a choice of a menu, whatever the field is called.
const LEAST_SECRET: usize = 4;

/// Who there is when nobody is told.
const NOBODY: [&str; 11] = [
    "",
    "anonymous",
    "unknown",
    "unavailable",
    "restricted",
    "private",
    "null",
    "none",
    "blocked",
    "+anonymous",
    "withheld",
];

/// The value of a field with stand-ins.
pub(super) fn value(p: &mut Pseudonyms, parent: &str, name: &str, value: &str) -> String {
    match kind(parent, name, value) {
        Told::Party | Told::Number | Told::ByLooks if is_json(value) => super::json::replaced(p, value),
        Told::Number if is_number(value.trim()) => p.stand_in(Kind::Number, value),
        Told::Party => party(p, value),
        Told::Whole(_) if NOBODY.contains(&value.trim().to_ascii_lowercase().as_str()) => value.to_owned(),
        Told::Whole(Kind::Name) if is_number(value) => party(p, value),
        Told::Whole(kind) => p.stand_in(kind, value),
        Told::Number | Told::ByLooks => p.text(value),
    }
}

/// A header's value.
pub(super) fn header(p: &mut Pseudonyms, name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if is_secret(&lower, value) && !value.is_empty() && !lower.ends_with("settings") {
        return p.stand_in(Kind::Token, value);
    }
    if matches!(
        lower.as_str(),
        "from" | "to" | "contact" | "p-asserted-identity" | "remote-party-id"
    ) {
        return display(p, value);
    }
    p.text(value)
}

/// How the value of a field is told.
enum Told {
    /// One who called or was called.
    Party,
    /// A telephone number, if it looks like one at all.
    Number,
    /// All of it is one thing.
    Whole(Kind),
    /// By its looks alone.
    ByLooks,
}

fn kind(parent: &str, name: &str, value: &str) -> Told {
    let name = name.to_ascii_lowercase();
    let of_party = matches!(parent.to_ascii_lowercase().as_str(), "from" | "to");
    match name.as_str() {
        "from" | "to" | "caller" | "called" | "forwardedfrom" | "calledvia" | "callerid" | "e164id" | "author"
        | "dialcallto" => Told::Party,
        "id" if of_party => Told::Party,
        "name" if of_party => Told::Whole(Kind::Name),
        "callername" | "caller_name" | "calledname" | "profilename" | "fromname" | "toname" | "displayname"
        | "friendlyname" => Told::Whole(Kind::Name),
        "body"
        | "speechresult"
        | "unstablespeechresult"
        | "stablespeechresult"
        | "transcriptiontext"
        | "transcriptiondata"
        | "transcription"
        | "initialtext"
        | "messagebody"
        | "buttontext"
        | "referralbody" => spoken(value),
        "address" if !is_number(value) && !value.contains(['@', ':']) => Told::Whole(Kind::Text),
        "latitude" | "longitude" => Told::Whole(Kind::Digits),
        _ if is_secret(&name, value) => Told::Whole(Kind::Token),
        "national_format" | "tel" | "telephone" | "msisdn" | "waid" | "wa_id" => Told::Number,
        _ if name.contains("phone") || name.contains("mobile") => Told::Number,
        "accountid" if value.bytes().all(|b| b.is_ascii_digit()) => Told::Whole(Kind::Digits),
        // One word is a choice of a menu.
        "utterance" if value.contains(char::is_whitespace) => Told::Whole(Kind::Text),
        "digits" | "finisheddigits" | "value" | "interpretation"
            if value.len() > MENU_DIGITS && value.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b)) =>
        {
            Told::Whole(Kind::Digits)
        }
        "cookie" => Told::Whole(Kind::Token),
        _ if ends_after_party(&name, "city") => Told::Whole(Kind::City),
        _ if ends_after_party(&name, "zip") => Told::Whole(Kind::Zip),
        _ if ends_after_party(&name, "state") => Told::Whole(Kind::State),
        _ => Told::ByLooks,
    }
}

/// The name of what lets somebody in, in small letters; a choice of a menu and an id, which its looks tell, do not.
fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let digits = value.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b));
    let hex = value.get(value.len().saturating_sub(32)..).unwrap_or(value);
    let id = matches!(value.len(), 32 | 34) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let any = |words: &[&str]| words.iter().any(|w| name.contains(w));
    let part = |words: &[&str]| {
        let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
        parts.any(|p| words.contains(&p))
    };
    if digits && value.len() < LEAST_SECRET {
        return false;
    }
    any(&[
        "token",
        "secret",
        "signature",
        "apikey",
        "api_key",
        "api-key",
        "sharedkey",
        "shared_key",
        "shared-key",
        "authorization",
        "cookie",
        "credential",
        "password",
        "passwd",
        "passcode",
    ]) || name.starts_with("x-auth")
        || part(&["auth", "key", "sig", "pass", "pwd", "pin", "otp", "ssn"])
        || !id && (part(&["session"]) || name == "sessionid")
        || name.contains("code")
            && any(&["verif", "auth", "otp", "security", "access", "confirm"])
            && value.bytes().filter(u8::is_ascii_digit).count() >= LEAST_SECRET
}

/// What was said; what is only a choice of a menu stays.
fn spoken(value: &str) -> Told {
    if value.chars().count() <= MENU_DIGITS && value.bytes().all(|b| b.is_ascii_digit()) {
        return Told::ByLooks;
    }
    Told::Whole(Kind::Text)
}

/// `FromCity`, `CalledZip` and the like.
fn ends_after_party(name: &str, end: &str) -> bool {
    let front = name.strip_suffix(end);
    front.is_some_and(|f| matches!(f, "" | "from" | "to" | "caller" | "called")) && name != "state"
}

/// A number, `client:…`, a SIP address, or a name.
pub(super) fn party(p: &mut Pseudonyms, value: &str) -> String {
    let trimmed = value.trim();
    if NOBODY.contains(&trimmed.to_ascii_lowercase().as_str()) {
        return value.to_owned();
    }
    if is_number(trimmed) {
        return p.stand_in(Kind::Number, value);
    }
    if let Some((scheme, rest)) = trimmed
        .split_once(':')
        .filter(|(s, _)| s.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        return format!("{scheme}:{}", party(p, rest));
    }
    let shown = p.text(trimmed);
    if shown != trimmed || trimmed.contains(['@', '<']) {
        return display(p, trimmed);
    }
    p.stand_in(Kind::User, trimmed)
}

/// A SIP address with the name in front of it: `"Jo Doe" <sip:jo@host>`.
fn display(p: &mut Pseudonyms, value: &str) -> String {
    let Some((front, rest)) = value.split_once('<') else {
        return p.text(value);
    };
    let name = front.trim().trim_matches('"');
    if name.len() < 2 || name.contains('"') {
        return p.text(value);
    }
    let stand_in = if is_number(name) {
        p.stand_in(Kind::Number, name)
    } else {
        p.stand_in(Kind::Name, name)
    };
    format!("{}<{}", front.replace(name, &stand_in), p.text(rest))
}

/// An object or an array, whole or cut off.
fn is_json(value: &str) -> bool {
    value.trim_start().starts_with(['{', '[']) && value.contains('"')
}

/// Digits, perhaps with a plus and punctuation; three at least.
fn is_number(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (3..=18).contains(&digits) && value.chars().all(|c| c.is_ascii_digit() || "+-.() ".contains(c))
}
