//! The configuration file: TOML to values with their lines, and what is wrong with the rest.
//!
//! A broken line costs that line. No message repeats a value unless it is a word of a known list or the name of a key,
//! and nothing at all is repeated of what looks like a secret.

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::Key;
use super::origin::near;
use super::settings::{File, Sign, Theme};
use super::{Notice, Origin, Setting};

/// One line of the table `[keys]`: a command and its keys; without keys it is unbound. Whether there is such a command
/// is known to the user interface alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name of a command, as written.
    pub command: String,
    /// What calls it, in place of its usual keys.
    pub keys: Vec<Key>,
    /// Its line, for [`Notice::at`].
    pub origin: Origin,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) theme: Option<Setting<Theme>>,
    pub(super) ascii: Option<Setting<bool>>,
    pub(super) mouse: Option<Setting<bool>>,
    pub(super) bell: Option<Setting<bool>>,
    pub(super) notify: Option<Setting<bool>>,
    pub(super) target: Option<Setting<String>>,
    pub(super) allow_hosts: Option<Setting<Vec<String>>>,
    pub(super) public_url: Option<Setting<String>>,
    pub(super) sign: Option<Setting<Sign>>,
    pub(super) timeout: Option<Setting<Duration>>,
    pub(super) watch: Option<Setting<Vec<String>>>,
    pub(super) filters: Option<Setting<Vec<String>>>,
    pub(super) keys: Vec<Binding>,
    pub(super) notices: Vec<Notice>,
    pub(super) broken: bool,
}

const KEYS: &[&str] = &[
    "theme",
    "ascii",
    "mouse",
    "bell",
    "notify",
    "target",
    "allow_hosts",
    "public_url",
    "sign",
    "timeout",
    "watch",
    "filters",
    "keys",
];

/// Reads the file.
pub(super) fn read(file: File<'_>) -> Values {
    let (table, errors) = DeTable::parse_recoverable(file.text);
    let mut reader = Reader {
        path: file.path,
        text: file.text,
        broken: HashSet::new(),
        notices: Vec::new(),
    };
    for e in &errors {
        let at = e.span().unwrap_or_default().start;
        // One fault often breaks several rules of TOML.
        if reader.broken.insert(reader.line(at)) {
            reader.notice(at, format!("{}; the line is left out", e.message()));
        }
    }
    let t = table.get_ref();
    let mut values = Values {
        theme: reader.take(t, "theme", word),
        ascii: reader.take(t, "ascii", flag),
        mouse: reader.take(t, "mouse", flag),
        bell: reader.take(t, "bell", flag),
        notify: reader.take(t, "notify", flag),
        target: reader.take(t, "target", target),
        allow_hosts: reader.take(t, "allow_hosts", hosts),
        public_url: reader.take(t, "public_url", public_url),
        sign: reader.take(t, "sign", word),
        timeout: reader.take(t, "timeout", seconds),
        watch: reader.take(t, "watch", folders),
        filters: reader.take(t, "filters", folders),
        keys: reader.bindings(t),
        ..Values::default()
    };
    reader.strangers(t);
    values.broken = !errors.is_empty();
    values.notices = reader.notices;
    values.notices.sort_by_key(|n| n.line);
    values
}

/// Turns places in the text into lines, and collects what is wrong.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    /// Lines that are no TOML: what was made of them is not what was meant.
    broken: HashSet<usize>,
    notices: Vec<Notice>,
}

type Table<'a> = DeTable<'a>;
type Value<'a> = DeValue<'a>;

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    fn notice(&mut self, at: usize, message: String) {
        let line = self.line(at);
        self.notices.push(Notice::in_file(self.path, Some(line), message));
    }

    fn origin(&self, at: usize) -> Origin {
        Origin::File {
            path: self.path.to_owned(),
            line: self.line(at),
        }
    }

    fn take<T>(&mut self, table: &Table<'_>, name: &str, read: Reading<T>) -> Option<Setting<T>> {
        let (key, value) = table.get_key_value(name)?;
        let at = key.span().start;
        if self.broken.contains(&self.line(at)) {
            return None;
        }
        match read(value.get_ref()) {
            Ok(value) => Some(Setting::new(value, self.origin(at))),
            Err(why) => {
                self.notice(value.span().start, format!("`{name}` {why}"));
                None
            }
        }
    }

    /// Keys of the file that are no settings.
    fn strangers(&mut self, table: &Table<'_>) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            if KEYS.contains(&name) || self.broken.contains(&self.line(key.span().start)) {
                continue;
            }
            if !self.secrets(key, value) {
                self.notice(
                    key.span().start,
                    format!("there is no setting `{name}`; {}", near(name, KEYS)),
                );
            }
        }
    }

    /// Says of everything that looks like a secret, here and below, that it does not belong here; true if there was one.
    fn secrets(&mut self, key: &Spanned<toml::de::DeString<'_>>, value: &Spanned<Value<'_>>) -> bool {
        let name: &str = key.get_ref();
        if looks_secret(name) {
            let variable = variable(name);
            self.notice(
                key.span().start,
                format!(
                    "`{name}` is ignored: secrets belong into the environment ({variable}), not into a file that is shown around"
                ),
            );
            return true;
        }
        match value.get_ref() {
            DeValue::Table(inner) => {
                let mut any = false;
                for (key, value) in inner {
                    any |= self.secrets(key, value);
                }
                any
            }
            _ => false,
        }
    }

    fn bindings(&mut self, table: &Table<'_>) -> Vec<Binding> {
        let Some((key, value)) = table.get_key_value("keys") else {
            return Vec::new();
        };
        let DeValue::Table(keys) = value.get_ref() else {
            let why = "`keys` is a table: a line [keys], and below it lines such as replay = \"r\"";
            self.notice(key.span().start, why.to_owned());
            return Vec::new();
        };
        let mut lines: Vec<_> = keys.iter().collect();
        lines.sort_by_key(|(command, _)| command.span().start);
        lines
            .into_iter()
            .filter_map(|(command, value)| self.binding(command, value))
            .collect()
    }

    fn binding(&mut self, command: &Spanned<toml::de::DeString<'_>>, value: &Spanned<Value<'_>>) -> Option<Binding> {
        let at = command.span().start;
        let name: &str = command.get_ref();
        // What is added to the end of the file lands in its last table.
        if self.broken.contains(&self.line(at)) || self.secrets(command, value) {
            return None;
        }
        // Some commands have the name of a setting: their values tell them apart.
        let no_key = |words: &[String]| words.iter().all(|w| w != "none" && w.parse::<Key>().is_err());
        if KEYS.contains(&name) && texts(value.get_ref()).map_or(true, |words| no_key(&words)) {
            let why = format!("`{name}` is no command but a setting: it belongs above the line [keys]");
            self.notice(at, why);
            return None;
        }
        let Ok(words) = texts(value.get_ref()) else {
            let why = format!("`{name}` must be a key such as \"r\", or a list of keys");
            self.notice(value.span().start, why);
            return None;
        };
        let unbound = words.iter().all(|w| w == "none");
        let mut keys: Vec<Key> = Vec::new();
        for word in words.iter().filter(|w| *w != "none") {
            match word.parse() {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(e) => self.notice(value.span().start, format!("`{name}`: {e}")),
            }
        }
        (unbound || !keys.is_empty()).then(|| Binding {
            command: name.to_owned(),
            keys,
            origin: self.origin(at),
        })
    }
}

/// True for names under which people keep what must not be seen.
fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let parts = [
        "token",
        "secret",
        "password",
        "passwd",
        "credential",
        "api_key",
        "apikey",
    ];
    parts.iter().any(|p| name.contains(p))
}

/// The variable that a secret belongs into.
fn variable(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase().replace('-', "_");
    if name.contains("api_secret") || name.contains("apisecret") {
        "TWILIO_API_SECRET"
    } else if name.contains("key") {
        "TWILIO_API_KEY"
    } else {
        "TWILIO_AUTH_TOKEN"
    }
}

/// Reads one value; the fault goes on after the name of the key.
type Reading<T> = fn(&Value<'_>) -> Result<T, String>;

fn flag(v: &Value<'_>) -> Result<bool, String> {
    v.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

fn text(v: &Value<'_>) -> Result<String, String> {
    let text = v.as_str().ok_or("must be a text in quotes")?.trim();
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(text.to_owned())
}

fn texts(v: &Value<'_>) -> Result<Vec<String>, String> {
    match v {
        // A key may be the space itself.
        DeValue::String(s) => Ok(vec![s.to_string()]),
        DeValue::Array(a) => a
            .iter()
            .map(|v| v.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| "must be a list of texts in quotes".to_owned()),
        _ => Err("must be a text in quotes, or a list of them".to_owned()),
    }
}

fn hosts(v: &Value<'_>) -> Result<Vec<String>, String> {
    let host = |h: &String| url::Host::parse(h).is_ok() || h.parse::<Ipv6Addr>().is_ok();
    let all = texts(v)?;
    if all.iter().all(host) {
        Ok(all)
    } else {
        Err("must be names or addresses of hosts, such as dev.example.com".to_owned())
    }
}

fn folders(v: &Value<'_>) -> Result<Vec<String>, String> {
    let all = texts(v)?;
    if all.iter().any(|f| f.trim().is_empty()) {
        return Err("has an empty name of a folder".to_owned());
    }
    Ok(all)
}

/// A word of a list.
fn word<T: ValueEnum>(v: &Value<'_>) -> Result<T, String> {
    let names = names::<T>();
    let Some(found) = v.as_str() else {
        return Err(format!("must be one of {}, in quotes", names.join(", ")));
    };
    T::from_str(found, false).map_err(|_| not_one_of(found, &names))
}

/// All words of a list.
pub(super) fn names<T: ValueEnum>() -> Vec<String> {
    let values = T::value_variants().iter().filter_map(T::to_possible_value);
    values.map(|v| v.get_name().to_owned()).collect()
}

/// "is `drak`; did you mean `dark`?"; a long word is not repeated.
pub(super) fn not_one_of(found: &str, names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if found.chars().count() > 20 {
        return format!("is none of {}", names.join(", "));
    }
    format!("cannot be `{found}`; {}", near(found, &names))
}

fn seconds(v: &Value<'_>) -> Result<Duration, String> {
    let number = v
        .as_integer()
        .filter(|i| i.radix() == 10)
        .map(toml::de::DeInteger::as_str)
        .or_else(|| v.as_float().map(toml::de::DeFloat::as_str));
    number
        .and_then(|n| n.parse().ok())
        .and_then(super::Settings::timeout_of)
        .ok_or_else(|| "must be seconds, such as 15".to_owned())
}

/// A target as `--to` takes it, as far as it can be judged here; whether it may be sent to is decided where it is used.
fn target(v: &Value<'_>) -> Result<String, String> {
    let text = text(v)?;
    let as_url = if text.contains("://") {
        text.clone()
    } else if text.starts_with(':') || text.bytes().all(|b| b.is_ascii_digit()) {
        format!("http://localhost:{}", text.trim_start_matches(':'))
    } else {
        format!("http://{text}")
    };
    web(&as_url, "http://localhost:3000")?;
    Ok(text)
}

fn public_url(v: &Value<'_>) -> Result<String, String> {
    let text = text(v)?;
    web(&text, "https://example.ngrok.app")?;
    Ok(text)
}

fn web(text: &str, example: &str) -> Result<(), String> {
    let plain = |u: &url::Url| matches!(u.scheme(), "http" | "https") && u.has_host();
    let url = url::Url::parse(text)
        .ok()
        .filter(plain)
        .filter(|_| !text.contains(|c: char| c.is_whitespace() || c.is_control()))
        .ok_or_else(|| format!("must be a URL such as {example}"))?;
    if url.username().is_empty() && url.password().is_none() {
        Ok(())
    } else {
        Err(format!("must not hold a password; write a URL such as {example}"))
    }
}
