//! A value against its kind: what is wrong with it, in words that end the sentence "`timeout` of \<Gather\> is `x`: …".

use super::near::{self, Words};
use super::numbers;
use super::schema::schema;
use super::table::{Kind, Level};
use super::urls;
use crate::judge::slip::Slip;

/// What is wrong with a value.
pub(super) struct Fault {
    pub(super) says: String,
    /// Another code than the rule's.
    pub(super) code: Option<&'static str>,
    /// Another level than the rule's.
    pub(super) level: Option<Level>,
    /// False where the rule is certain and this breach is not.
    pub(super) certain: bool,
}

impl Fault {
    pub(super) fn new(says: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            code: None,
            level: None,
            certain: true,
        }
    }

    pub(super) fn code(self, code: &'static str) -> Self {
        // Without a code of the platform's own nobody knows that it would complain.
        let level = if code.is_empty() {
            Some(Level::Warning)
        } else {
            self.level
        };
        Self {
            code: Some(code),
            level,
            ..self
        }
    }

    pub(super) fn likely(self) -> Self {
        Self { certain: false, ..self }
    }

    pub(super) fn error(self) -> Self {
        let level = Some(Level::Error);
        Self { level, ..self }
    }

    /// Fine for the platform, and worth a word.
    pub(super) fn note(self) -> Self {
        Self {
            level: Some(Level::Note),
            code: self.code.or(Some("")),
            certain: false,
            ..self
        }
    }
}

/// What is wrong with a value of that kind.
pub(super) fn fault(kind: &Kind, value: &str, words: &Words) -> Option<Fault> {
    // A template of a TwiML Bin is filled in by Twilio; here nobody knows by what.
    if value.contains("{{") && value.contains("}}") {
        return None;
    }
    match kind {
        Kind::Any => None,
        Kind::Boolean => one_of(value, ["true", "false"].into_iter(), false, words),
        Kind::Integer { min, max, or } => integer(value, *min, *max, or, words),
        Kind::OneOf { values, open } => one_of(value, values.iter().map(String::as_str), *open, words),
        Kind::SomeOf { values } => some_of(value, values, words),
        Kind::Method => one_of(value, ["GET", "POST"].into_iter(), false, words),
        Kind::Chars { chars, min, max } => characters(value, chars).or_else(|| length(value, *min, *max)),
        Kind::Decimal => decimal(value),
        Kind::Text { min, max, without } => text(value, *min, *max, without),
        Kind::Url {
            schemes,
            empty,
            no_query,
        } => match value.trim() {
            "" if *empty => None,
            "" => Some(Fault::new("a URL must stand here")),
            _ => urls::url(value, schemes).or_else(|| no_query.then(|| urls::query(value))?),
        },
        Kind::Sid { prefixes } => sid(value, prefixes),
        Kind::Duration { max_ms } => duration(value, *max_ms),
        Kind::Amount { values, units, signed } => amount(value, values, units, *signed, words),
        Kind::Hints { entries, chars } => hints(value, *entries, *chars),
        Kind::Voice => voice(value, words),
        Kind::Language { known } => language(value, known, words),
        Kind::Phone { or } => phone(value, or),
        Kind::Sender => numbers::sender(value),
        Kind::Sip => numbers::sip(value),
        Kind::Json => json(value),
    }
}

fn one_of<'a>(value: &str, known: impl Iterator<Item = &'a str> + Clone, open: bool, words: &Words) -> Option<Fault> {
    if known.clone().any(|k| k == value) {
        return None;
    }
    if words.are_hushed() {
        return Some(Fault::new(""));
    }
    let trimmed = value.trim();
    if let Some(same) = known.clone().find(|k| k.eq_ignore_ascii_case(trimmed)) {
        // Whether a code follows that fails is not known of another case.
        let fault = Fault::new(format!("write it `{same}`")).likely();
        let level = Some(Level::Warning);
        return Some(Fault { level, ..fault });
    }
    let guess = words
        .name(value, known.clone())
        .map_or_else(String::new, |k| format!(", perhaps {}", near::code(k)));
    let fault = Fault::new(format!("it must be one of {}{guess}", words.list(known, near::code)));
    Some(if open { fault.likely() } else { fault })
}

fn some_of(value: &str, known: &[String], words: &Words) -> Option<Fault> {
    let known = || known.iter().map(String::as_str);
    if value.trim().is_empty() {
        return Some(Fault::new(format!("it must be some of {}", words.list(known(), near::code))).likely());
    }
    if value.contains(',') {
        return Some(Fault::new("write blanks between the words, no commas"));
    }
    value.split_whitespace().find_map(|word| {
        let fault = one_of(word, known(), false, words)?;
        let says = if word == value {
            fault.says
        } else {
            format!("of {}: {}", near::code(word), fault.says)
        };
        Some(Fault { says, ..fault })
    })
}

fn integer(value: &str, min: Option<i64>, max: Option<i64>, or: &[String], words: &Words) -> Option<Fault> {
    if or.iter().any(|word| word == value) {
        return None;
    }
    let other = if or.is_empty() {
        String::new()
    } else {
        format!(" or {}", words.list(or.iter().map(String::as_str), near::code))
    };
    let wanted = match (min, max) {
        (Some(min), Some(max)) => format!("a whole number from {min} to {max}{other}"),
        (Some(min), None) => format!("a whole number of at least {min}{other}"),
        (None, Some(max)) => format!("a whole number of at most {max}{other}"),
        (None, None) => format!("a whole number{other}"),
    };
    let within = |n: i64| min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max);
    match value.parse::<i64>() {
        Ok(n) if within(n) => None,
        Err(_) if value.trim() != value && value.trim().parse().is_ok_and(within) => {
            Some(Fault::new("write it without blanks").likely())
        }
        _ => Some(Fault::new(format!("it must be {wanted}"))),
    }
}

fn decimal(value: &str) -> Option<Fault> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), "0"));
    let fine = digits(whole) && digits(part);
    (!fine).then(|| Fault::new("it must be a number as 20.45, without the sign of a currency"))
}

fn characters(value: &str, known: &str) -> Option<Fault> {
    let wrong = value.chars().find(|c| !known.contains(*c))?;
    Some(Fault::new(format!("`{wrong}` is not one of `{known}`")))
}

fn length(value: &str, min: usize, max: Option<usize>) -> Option<Fault> {
    let len = value.chars().count();
    if len < min {
        let says = if len == 0 {
            "something must stand here".to_owned()
        } else {
            format!("it has {len} characters, at least {min} are wanted")
        };
        return Some(Fault::new(says));
    }
    let max = max.filter(|max| len > *max)?;
    Some(Fault::new(format!("it has {len} characters, at most {max} are taken")))
}

fn text(value: &str, min: usize, max: Option<usize>, without: &str) -> Option<Fault> {
    let wrong = value.chars().find(|c| without.contains(*c));
    wrong
        .map(|c| Fault::new(format!("it must not hold `{c}`")))
        .or_else(|| length(value.trim(), min, max))
}

fn sid(value: &str, prefixes: &[String]) -> Option<Fault> {
    let value = value.trim();
    let digits = prefixes.iter().find_map(|prefix| value.strip_prefix(prefix.as_str()));
    let valid = digits.is_some_and(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    let wanted = || prefixes.join(" or ");
    (!valid).then(|| {
        Fault::new(format!(
            "it must be an id of Twilio: {} and 32 hexadecimal digits",
            wanted()
        ))
    })
}

fn duration(value: &str, max_ms: u32) -> Option<Fault> {
    let (number, factor) = match (value.strip_suffix("ms"), value.strip_suffix('s')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1000.0),
        (None, None) => return Some(Fault::new("it must be a time with its unit, as 500ms or 2s")),
    };
    let number = number.strip_prefix('+').unwrap_or(number);
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match number.parse::<f64>() {
        Ok(n) if plain && n * factor <= f64::from(max_ms) => None,
        Ok(_) if plain => Some(Fault::new(format!("at most {max_ms} ms are spoken"))),
        _ => Some(Fault::new("it must be a time with its unit, as 500ms or 2s")),
    }
}

fn amount(value: &str, known: &[String], units: &[String], signed: bool, words: &Words) -> Option<Fault> {
    if known.iter().any(|w| w == value) {
        return None;
    }
    let number = units.iter().find_map(|unit| value.strip_suffix(unit.as_str()));
    let plain =
        |n: &str| n.parse::<f64>().is_ok() && n.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-'));
    match number {
        Some(n) if plain(n) && (!signed || n.starts_with(['+', '-'])) => None,
        Some(n) if plain(n) => Some(Fault::new(format!("it needs a sign: `+{value}` or `-{value}`"))),
        _ => {
            let units = units.iter().map(String::as_str);
            let known = words.list(known.iter().map(String::as_str), near::code);
            let says = format!(
                "it must be one of {known}, or a number with {}",
                words.list(units, near::code)
            );
            Some(Fault::new(says))
        }
    }
}

fn hints(value: &str, entries: usize, chars: usize) -> Option<Fault> {
    let found = value.split(',').count();
    if found > entries {
        return Some(Fault::new(format!(
            "it has {found} phrases, at most {entries} are taken"
        )));
    }
    let long = value
        .split(',')
        .map(str::trim)
        .find(|phrase| phrase.chars().count() > chars)?;
    let len = long.chars().count();
    Some(Fault::new(format!(
        "the phrase {} has {len} characters, at most {chars} are taken",
        near::code(long)
    )))
}

fn voice(value: &str, words: &Words) -> Option<Fault> {
    let known = &schema().voices;
    if known.contains(value) {
        return None;
    }
    // Hundreds of names are looked through for what to say.
    if words.are_hushed() {
        return Some(Fault::new(""));
    }
    let trimmed = value.trim();
    if let Some(same) = known.names().find(|k| k.eq_ignore_ascii_case(trimmed)) {
        return Some(Fault::new(format!("write it `{same}`")).likely());
    }
    let slip = Slip::new(&value.to_lowercase(), near::MOST);
    let likely = known.iter().filter(|(_, letters)| slip.has(**letters));
    let engineless = || {
        let prefix = |k: &str| {
            k.strip_suffix(value)
                .is_some_and(|engine| engine.find('.') == Some(engine.len() - 1))
        };
        known.names().find(|k| prefix(k))
    };
    let guess = words.name(value, likely.map(|(name, _)| name)).or_else(engineless);
    let guess = guess.map_or_else(String::new, |k| format!(", perhaps {}", near::code(k)));
    let engines = ["Polly.", "Google.", "ElevenLabs.", "Amazon.", "Azure."];
    let newer = engines.iter().any(|e| value.starts_with(e));
    let says = if newer {
        format!("this voice is not known to this tool; a newer Twilio may know it{guess}")
    } else {
        format!(
            "no such voice: `man`, `woman`, `alice`, or a name as `Polly.Joanna` or `Google.en-US-Standard-C`{guess}"
        )
    };
    let fault = Fault::new(says);
    Some(if newer { fault.likely() } else { fault })
}

fn language(value: &str, known: &[String], words: &Words) -> Option<Fault> {
    if known.iter().any(|k| k == value) {
        return None;
    }
    let hyphens = value.replace('_', "-");
    if let Some(same) = known.iter().find(|k| k.eq_ignore_ascii_case(&hyphens)) {
        return Some(Fault::new(format!("write it `{same}`")).likely());
    }
    // The old voices knew these by their language alone.
    if matches!(value, "en" | "en-gb" | "es" | "fr" | "de" | "it") {
        return Some(Fault::new("write the country, too: `en-US`, `es-MX`").note());
    }
    let tag = value.split('-').enumerate().all(|(n, part)| {
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        if n == 0 {
            letters && (2..=3).contains(&part.len())
        } else {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        }
    });
    if !tag {
        return Some(Fault::new("it must be a language with its country as `en-US`"));
    }
    if known.is_empty() {
        return None;
    }
    let language = value.split('-').next().unwrap_or_default();
    let same = known
        .iter()
        .filter(|k| k.split('-').next() == Some(language))
        .map(String::as_str);
    let near = match words.list(same, near::code) {
        none if none == "nothing" => String::new(),
        list => format!("; of that language it knows {list}"),
    };
    Some(
        Fault::new(format!(
            "not a language that this tool knows here, a newer Twilio may{near}"
        ))
        .likely(),
    )
}

fn phone(value: &str, or: &[String]) -> Option<Fault> {
    let address = value.trim();
    let other = |prefix: &String| {
        address
            .split_once(':')
            .is_some_and(|(p, rest)| p == prefix && !rest.is_empty())
    };
    if or.iter().any(other) {
        return None;
    }
    // Where other addresses may stand, it is not the number that Dial calls.
    if or.is_empty() {
        numbers::phone(address)
    } else {
        numbers::other_phone(address)
    }
}

fn json(value: &str) -> Option<Fault> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value.trim()) {
        Ok(_) => None,
        Err(e) => {
            // Lines and columns of the value are none of the document.
            let said = e.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            Some(Fault::new(format!("it must be a JSON object: {said}")))
        }
    }
}
