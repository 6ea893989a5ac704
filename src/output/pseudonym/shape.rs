//! How a stand-in looks: the same form as its value, and plainly not real.

use std::borrow::Cow;

use super::{Kind, numbers};

/// A value as it is compared with others, and what of it stays in front: escapes, a SID's prefix.
pub(super) fn key(kind: Kind, value: &str) -> (Cow<'_, str>, &str) {
    match kind {
        Kind::Number => {
            let (front, rest) = super::looks::after_escape(value);
            let front = if front.eq_ignore_ascii_case("%2b") { "" } else { front };
            let rest = if front.is_empty() {
                value.strip_prefix("%2B").or(value.strip_prefix("%2b")).unwrap_or(rest)
            } else {
                rest
            };
            let digits = numbers::digits(rest);
            // From abroad.
            let digits = digits.strip_prefix("00").filter(|d| d.len() >= 8).unwrap_or(&digits);
            // Within North America the country is often left out.
            let own = digits
                .strip_prefix('1')
                .filter(|own| own.len() == 10)
                .map(str::to_owned);
            (own.unwrap_or_else(|| digits.to_owned()).into(), front)
        }
        Kind::Id => {
            let (front, rest) = super::looks::after_escape(value);
            let sid = rest.len() == 34;
            let front = &value[..front.len() + if sid { 2 } else { 0 }];
            let hex: String = value[front.len()..].chars().filter(|c| *c != '-').collect();
            (hex.to_ascii_lowercase().into(), front)
        }
        Kind::Token => {
            let (front, rest) = super::looks::after_escape(value);
            (rest.into(), front)
        }
        Kind::Address => {
            let (front, rest) = super::looks::after_escape(value);
            (rest.to_ascii_lowercase().into(), front)
        }
        Kind::Host | Kind::Tunnel => {
            let (front, rest) = super::looks::after_escape(value);
            (rest.trim_end_matches('.').to_ascii_lowercase().into(), front)
        }
        Kind::Name => (super::names::key(value).into(), ""),
        Kind::Digits | Kind::Card => {
            let digits = numbers::digits(value);
            let key = if digits.is_empty() { value.into() } else { digits.into() };
            (key, "")
        }
        Kind::Account => {
            let plain = value.chars().filter(char::is_ascii_alphanumeric);
            (plain.collect::<String>().into(), "")
        }
        Kind::City | Kind::Zip | Kind::State | Kind::Text | Kind::User => (value.into(), ""),
    }
}

/// The stand-in of this number (from 1) for a value without what stays in front of it.
pub(super) fn shaped(kind: Kind, value: &str, key: &str, number: usize) -> String {
    match kind {
        Kind::Number => numbers::Number::of(value, key).spelled_like(value, number),
        Kind::Id => id(value, number),
        Kind::Name => format!("name-{number}"),
        Kind::City => format!("city-{number}"),
        Kind::Zip => format!("zip-{number}"),
        Kind::State => format!("state-{number}"),
        Kind::Text => format!("[text {number}, {} characters]", value.chars().count()),
        Kind::Token => format!("token-{number}"),
        Kind::User => format!("user-{number}"),
        Kind::Host => format!("host-{number}.example"),
        Kind::Tunnel => format!("tunnel-{number}.example"),
        Kind::Address if key.contains(':') => format!("2001:db8::{number:x}"),
        Kind::Address => address(number),
        Kind::Digits | Kind::Card => {
            let width = numbers::places(value).len();
            numbers::written(value, &format!("{number:0width$}"))
        }
        Kind::Account => format!("account-{number}"),
    }
}

/// Hex digits that nobody takes for real ones, with hyphens where the value has them.
fn id(value: &str, number: usize) -> String {
    let hex = format!("facade{number:026x}");
    let upper = value.contains(|c: char| c.is_ascii_uppercase()) && !value.contains(|c: char| c.is_ascii_lowercase());
    let hex = if upper { hex.to_ascii_uppercase() } else { hex };
    if !value.contains('-') {
        return hex;
    }
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}

/// An address of the ranges kept for documentation (RFC 5737), then of those for measurements (RFC 2544).
fn address(number: usize) -> String {
    let (block, host) = ((number - 1) / 254, (number - 1) % 254 + 1);
    match block {
        0 => format!("192.0.2.{host}"),
        1 => format!("198.51.100.{host}"),
        2 => format!("203.0.113.{host}"),
        _ => format!("198.{}.{}.{host}", 18 + (block - 3) / 256 % 2, (block - 3) % 256),
    }
}
