//! What a field holds, by its name: parameters of webhooks, members of JSON, headers.

use super::accounts::has_check_digit;
use super::{Keeps, Kind, Pseudonyms, named, numbers};

/// More digits than these are no choice of a menu but a card, a PIN or an account.
const MENU_DIGITS: usize = 5;

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

/// What a caller enters, says or writes, in small letters.
const INPUT: [&str; 16] = [
    "body",
    "speechresult",
    "unstablespeechresult",
    "stablespeechresult",
    "transcriptiontext",
    "transcriptiondata",
    "transcription",
    "initialtext",
    "messagebody",
    "buttontext",
    "referralbody",
    "utterance",
    "digits",
    "finisheddigits",
    "value",
    "interpretation",
];

/// The value of a field with stand-ins.
pub(super) fn value(p: &mut Pseudonyms, parent: &str, name: &str, value: &str) -> String {
    match told(p, parent, name, value) {
        Told::Party | Told::Number | Told::ByLooks if is_json(value) => super::json::replaced(p, value),
        Told::Number if is_number(value.trim()) => p.stand_in(Kind::Number, value),
        Told::Party => party(p, value),
        Told::Whole(_) if NOBODY.contains(&value.trim().to_ascii_lowercase().as_str()) => value.to_owned(),
        Told::Whole(Kind::Name) if is_number(value) => party(p, value),
        Told::Whole(kind) => p.stand_in(kind, value),
        Told::Entered if p.known.number(&numbers::digits(value)).is_some() => p.stand_in(Kind::Number, value),
        Told::Entered => value.to_owned(),
        Told::Number | Told::ByLooks => p.text(value),
    }
}

/// How the value of a field is told, by what the export keeps.
fn told(p: &Pseudonyms, parent: &str, name: &str, value: &str) -> Told {
    let kept = p.keeps == Keeps::Input && INPUT.contains(&name.to_ascii_lowercase().as_str());
    match kind(parent, name, value) {
        Told::Whole(Kind::Digits) if kept => Told::Entered,
        Told::Whole(Kind::Text) if kept => Told::ByLooks,
        Told::Whole(kind) if p.replaces(kind) => Told::Whole(kind),
        Told::Whole(_) => Told::ByLooks,
        _ if p.keeps == Keeps::AllButSecrets => Told::ByLooks,
        told => told,
    }
}

/// A header's value.
pub(super) fn header(p: &mut Pseudonyms, name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if named::is_secret(name, value) && !value.is_empty() && !lower.ends_with("settings") {
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
    /// Digits that a caller entered and that stay, unless they are somebody's number.
    Entered,
    /// By its looks alone.
    ByLooks,
}

fn kind(parent: &str, given: &str, value: &str) -> Told {
    let name = given.to_ascii_lowercase();
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
        _ if named::is_secret(given, value) => Told::Whole(Kind::Token),
        "national_format" | "tel" | "telephone" | "msisdn" | "waid" | "wa_id" => Told::Number,
        _ if name.contains("phone") || name.contains("mobile") => Told::Number,
        "accountid" if value.bytes().all(|b| b.is_ascii_digit()) => Told::Whole(Kind::Digits),
        // One word is a choice of a menu.
        "utterance" if value.contains(char::is_whitespace) => Told::Whole(Kind::Text),
        // The key that ends an input may stand with it.
        "digits" | "finisheddigits" | "value" | "interpretation" if has_check_digit(value.trim_matches(['*', '#'])) => {
            Told::Whole(Kind::Card)
        }
        "digits" | "finisheddigits" | "value" | "interpretation"
            if value.len() > MENU_DIGITS && value.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b)) =>
        {
            Told::Whole(Kind::Digits)
        }
        "cookie" => Told::Whole(Kind::Token),
        _ if named::is_login(given) => Told::Whole(Kind::User),
        _ if named::is_person(parent, given, value) => Told::Whole(Kind::Name),
        _ if ends_after_party(&name, "city") => Told::Whole(Kind::City),
        _ if ends_after_party(&name, "zip") => Told::Whole(Kind::Zip),
        _ if ends_after_party(&name, "state") => Told::Whole(Kind::State),
        _ => Told::ByLooks,
    }
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
