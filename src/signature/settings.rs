//! The frameworks that webhook apps are written with: how an answer gives one away, and which setting mends its rebuilt URL. The table is
//! data: `filters/frameworks.toml`.

use std::sync::LazyLock;

use serde::Deserialize;
use std::collections::BTreeMap;

pub use super::doctor::Cause;

/// A framework.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// As people call it; `any` for what holds everywhere.
    pub name: String,
    /// `name: part` of headers that give it away.
    headers: Vec<String>,
    /// Parts of a body that give it away.
    body: Vec<String>,
    /// Where its settings are documented.
    pub source: String,
    mends: BTreeMap<Cause, String>,
}

#[derive(Default, Deserialize)]
struct Table {
    framework: Vec<Framework>,
}

/// One setting that mends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// Of which framework.
    pub framework: &'static str,
    /// What to write.
    pub setting: &'static str,
    /// Where that is documented.
    pub source: &'static str,
}

/// Bytes of a body that are looked at.
const BODY: usize = 4096;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../filters/frameworks.toml")).unwrap_or_default());

/// The framework that an answer gives away.
pub fn recognise(headers: &[(String, String)], body: &[u8]) -> Option<&'static Framework> {
    let body = String::from_utf8_lossy(&body[..body.len().min(BODY)]).to_lowercase();
    let headers: Vec<String> = headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}").to_lowercase())
        .collect();
    let by = |f: &&Framework| {
        f.headers
            .iter()
            .any(|part| headers.iter().any(|h| h.starts_with(part.as_str())))
            || f.body.iter().any(|part| body.contains(part.as_str()))
    };
    TABLE.framework.iter().find(by)
}

/// The settings for some causes: of one framework where it is known, else of all.
pub fn settings(causes: &[Cause], framework: Option<&'static Framework>) -> Vec<Setting> {
    let mut out = Vec::new();
    for cause in causes {
        let of = |f: &'static Framework| {
            f.mends.get(cause).map(|setting| Setting {
                framework: &f.name,
                setting,
                source: &f.source,
            })
        };
        let known = framework.and_then(of);
        match (known, framework) {
            (Some(setting), _) => out.push(setting),
            (None, Some(_)) => out.extend(TABLE.framework.iter().filter(|f| f.name == "any").filter_map(of)),
            (None, None) => out.extend(TABLE.framework.iter().filter_map(of)),
        }
    }
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_says_something_for_every_cause() {
        let table: Table = toml::from_str(include_str!("../../filters/frameworks.toml")).unwrap();
        let names: Vec<&str> = table.framework.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(
            names,
            ["Express", "Flask", "FastAPI", "Django", "Rails", "Laravel", "any"]
        );
        for f in &table.framework {
            assert!(
                f.mends.contains_key(&Cause::Proxy) && f.source.starts_with("https://"),
                "{}",
                f.name
            );
        }
        for cause in [
            Cause::Proxy,
            Cause::Encoding,
            Cause::Slash,
            Cause::Params,
            Cause::Body,
            Cause::Token,
        ] {
            for f in &TABLE.framework {
                assert!(!settings(&[cause], Some(f)).is_empty(), "{cause:?} {}", f.name);
            }
        }
        assert!(settings(&[Cause::Proxy], None).len() == names.len());
    }

    #[test]
    fn answers_give_frameworks_away() {
        for (name, value, body, expected) in [
            ("X-Powered-By", "Express", "", Some("Express")),
            ("server", "nginx", "Twilio Request Validation Failed.", Some("Express")),
            ("Server", "Werkzeug/3.0.1 Python/3.12.1", "", Some("Flask")),
            ("server", "uvicorn", "", Some("FastAPI")),
            ("server", "nginx", "<h1>CSRF verification failed", Some("Django")),
            ("x-runtime", "0.004", "", Some("Rails")),
            ("set-cookie", "laravel_session=x; path=/", "", Some("Laravel")),
            ("server", "nginx", "Forbidden", None),
        ] {
            let found = recognise(&[(name.to_owned(), value.to_owned())], body.as_bytes());
            assert_eq!(found.map(|f| f.name.as_str()), expected, "{name}: {value} {body}");
        }
    }
}
