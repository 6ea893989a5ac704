//! What the name of a field says of its value: a secret, the name of a person, a login.
//!
//! Field names come in all spellings (`first_name`, `firstName`, `customer[name]`, `X-Api-Key`): they are compared by their parts. Names of
//! the platforms' own fields are in `fields`. To add a name, add it to its list here.

/// Fewer digits are a choice of a menu, whatever the field is called.
const LEAST_SECRET: usize = 4;

/// Parts that a secret's name may hold anywhere.
const WITHIN: [&str; 16] = [
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
    "passphrase",
];

/// Whole parts, between signs.
const PARTS: [&str; 12] = [
    "auth", "key", "sig", "pass", "pwd", "pw", "pin", "otp", "ssn", "jwt", "csrf", "xsrf",
];

/// Whole parts, between capitals too: nothing else is called like that.
const HUMPS: [&str; 4] = ["pw", "pwd", "pin", "otp"];

/// What somebody pays with, without signs (Twilio's `<Pay>`, and what shops call it); secret however short.
const PAYMENT: [&str; 11] = [
    "securitycode",
    "cvv",
    "cvc",
    "cvn",
    "cardnumber",
    "expirationdate",
    "paymentcardnumber",
    "paymentcardpostalcode",
    "paymenttoken",
    "bankaccountnumber",
    "bankroutingnumber",
];

/// Objects whose `name` is one of the platform's: a field of an answer, an action of a result.
const VERBS: [&str; 13] = [
    "action",
    "actions",
    "ask",
    "call",
    "choices",
    "conference",
    "join",
    "message",
    "on",
    "record",
    "say",
    "transfer",
    "tropo",
];

/// What has a name and is nobody.
const THINGS: [&str; 44] = [
    "action",
    "app",
    "application",
    "attribute",
    "bucket",
    "campaign",
    "channel",
    "class",
    "conference",
    "cookie",
    "country",
    "device",
    "domain",
    "event",
    "field",
    "file",
    "flow",
    "function",
    "group",
    "header",
    "host",
    "image",
    "key",
    "log",
    "machine",
    "menu",
    "method",
    "model",
    "module",
    "path",
    "process",
    "product",
    "project",
    "queue",
    "region",
    "room",
    "script",
    "server",
    "service",
    "step",
    "tag",
    "task",
    "template",
    "workflow",
];

/// Whose name it is, where `name` follows without a sign.
const PEOPLE: [&str; 21] = [
    "account", "billing", "called", "caller", "client", "company", "contact", "customer", "display", "family", "first",
    "full", "given", "guest", "holder", "last", "maiden", "middle", "nick", "patient", "sur",
];

/// The parts of a field's name, in small letters: between signs, and with `humps` between small and capital letters.
fn parts(name: &str, humps: bool) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        let begins = humps && small && c.is_ascii_uppercase();
        if (begins || !c.is_ascii_alphanumeric()) && all.last().is_some_and(|p| !p.is_empty()) {
            all.push(String::new());
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(part) = all.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            part.push(c.to_ascii_lowercase());
        }
    }
    all.retain(|p| !p.is_empty());
    all
}

/// The name of what lets somebody in, or pays; a choice of a menu and an id, which its looks tell, do not.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    let lower = name.to_ascii_lowercase();
    let (signs, humps) = (parts(name, false), parts(name, true));
    if PAYMENT.contains(&signs.concat().as_str()) {
        return true;
    }
    let digits = value.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b));
    // A request's own number (`I-Twilio-Idempotency-Token`) lets nobody in.
    if digits && value.len() < LEAST_SECRET || lower.contains("idempotency") {
        return false;
    }
    let hex = value.get(value.len().saturating_sub(32)..).unwrap_or(value);
    let id = matches!(value.len(), 32 | 34) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let any = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let part = |words: &[&str]| signs.iter().any(|p| words.contains(&p.as_str()));
    any(&WITHIN)
        || lower.starts_with("x-auth")
        || part(&PARTS)
        || humps.iter().any(|p| HUMPS.contains(&p.as_str()))
        || !id && (part(&["session"]) || lower == "sessionid")
        || lower == "code" && is_code(value)
        || lower.contains("code")
            && any(&["verif", "auth", "otp", "security", "access", "confirm"])
            && (value.bytes().filter(u8::is_ascii_digit).count() >= LEAST_SECRET || is_code(value))
}

/// What stands under the bare name `code`, where it is nothing that is looked up: no country, no error of five digits or in capitals.
pub(super) fn is_code(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let plain = value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let looked_up = digits == value.len() && digits == 5;
    value.len() >= LEAST_SECRET && !looked_up && !plain && (digits > 0 || value.len() >= 16) && !value.contains(' ')
}

/// The name that somebody logs in with.
pub(super) fn is_login(name: &str) -> bool {
    matches!(
        parts(name, false).concat().as_str(),
        "username" | "login" | "userid" | "loginname"
    )
}

/// The name of a person or a company; `parent` is the object that the field is a member of, where there is one.
pub(super) fn is_person(parent: &str, name: &str, value: &str) -> bool {
    let parts = parts(name, true);
    let letters = value.chars().any(char::is_alphabetic);
    let Some((last, before)) = parts.split_last().filter(|_| letters) else {
        return false;
    };
    match (last.as_str(), before.last()) {
        ("name", None) => {
            let plain = |c: char| c.is_alphabetic() || c.is_whitespace() || "'.,-".contains(c);
            !VERBS.contains(&parent.to_ascii_lowercase().as_str()) && value.chars().all(plain)
        }
        ("name", Some(whose)) => !THINGS.contains(&whose.as_str()),
        ("cnam" | "surname" | "cardholder", _) => true,
        (joined, _) => joined.strip_suffix("name").is_some_and(|front| PEOPLE.contains(&front)),
    }
}
